//! A certification authority of our own, for demonstration and for a district without one: a root, an
//! issuing CA under it, certificates for document signers, token signers and seal makers, and CRLs.
//!
//! Profile (RFC 5280; ETSI EN 319 412-3 for certificates of legal persons):
//!
//! | certificate | basicConstraints | keyUsage (critical) | extKeyUsage |
//! |---|---|---|---|
//! | root | CA, critical | keyCertSign, cRLSign | – |
//! | issuing CA | CA, pathLen 0, critical | keyCertSign, cRLSign | – |
//! | document signer, seal maker | absent | digitalSignature, nonRepudiation | documentSigning (RFC 9336) |
//! | token signer (QR) | absent | digitalSignature | documentSigning |
//! | timestamp authority | absent | digitalSignature | timeStamping, critical (RFC 3161 §2.3) |
//!
//! The token signer lacks nonRepudiation and is in no seal's list of permitted signers, so that a key
//! that signs QR tokens by the million cannot pass for a seal.

use std::sync::Arc;

use const_oid::ObjectIdentifier;
use der::{Decode, Encode, flagset::FlagSet};
use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use spki::SubjectPublicKeyInfoOwned;
use x509_cert::{
    Certificate, builder,
    ext::pkix::{
        AccessDescription, AuthorityInfoAccessSyntax, BasicConstraints, CrlDistributionPoints,
        ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectKeyIdentifier, crl::dp::DistributionPoint,
        name::DistributionPointName,
    },
    serial_number::SerialNumber,
};

mod assembly;
mod crl;

use self::assembly::{Extensions, Profile, build, key_identifier, points_to, url};
pub use self::crl::Revocation;
use super::{
    Signer, SignerError,
    x509::{self, Subject, X509Error},
};

/// id-kp-documentSigning (RFC 9336).
pub const DOCUMENT_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.36");
/// id-kp-emailProtection (RFC 5280 §4.2.1.12). Programs older than RFC 9336, and all that ask NSS, take
/// a document signer for one only if it may sign mail.
pub const EMAIL_PROTECTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.4");
/// id-kp-timeStamping (RFC 5280 §4.2.1.12).
pub const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
const CA_ISSUERS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.2");

/// What an end-entity certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// Signs sealed documents.
    DocumentSigner,
    /// Signs seals (制章者).
    SealMaker,
    /// Signs QR tokens and trust lists: digital signatures without the weight of a seal.
    TokenSigner,
    /// Tells the time, and does nothing else.
    TimeStamper,
}

/// From when to when a certificate is valid, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValidityPeriod {
    /// First valid second.
    pub not_before: Timestamp,
    /// Last valid second.
    pub not_after: Timestamp,
}

/// Where an authority publishes its certificate and CRL; written into what it issues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// `http` URL of the CRL.
    pub crl_url: String,
    /// `http` URL of the authority's own certificate (DER).
    pub certificate_url: String,
}

impl Publication {
    /// The layout the server serves: `http://<host>/pki/<name>.crl` and `.cer`. Plain http, because
    /// both are signed themselves and a verifier must not need them to check a TLS certificate.
    pub fn on_host(host: &str, name: &str) -> Self {
        Self {
            crl_url: format!("http://{host}/pki/{name}.crl"),
            certificate_url: format!("http://{host}/pki/{name}.cer"),
        }
    }
}

/// A serial number: positive, at most 20 octets, unguessable.
#[derive(Debug, Clone)]
pub struct Serial(SerialNumber);

impl Serial {
    /// 126 random bits: the first two of 128 are fixed.
    pub fn random() -> Result<Self, AuthorityError> {
        let mut bytes = [0; 16];
        SystemRandom::new()
            .fill(&mut bytes)
            .map_err(|_| AuthorityError::NoRandomness)?;
        Self::from_bytes(bytes)
    }

    /// A serial number from bytes drawn elsewhere (a fixed generator in a test). The first bit is
    /// cleared and the second set, so that every number is positive and 16 octets long.
    pub fn from_bytes(mut bytes: [u8; 16]) -> Result<Self, AuthorityError> {
        bytes[0] = bytes[0] & 0x7f | 0x40;
        Ok(Self(SerialNumber::new(&bytes).map_err(X509Error::from)?))
    }
}

/// Why the authority issues nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorityError {
    /// The certificate asked for would outlive the authority's own, or ends before it begins.
    #[error("requested validity {requested:?} is empty or outside the authority's {own:?}")]
    Validity {
        /// What was asked for.
        requested: ValidityPeriod,
        /// What the authority's own certificate allows.
        own: ValidityPeriod,
    },
    /// The signer's key is not the authority certificate's, or the certificate is not a CA's.
    #[error("the certificate is not a CA certificate for this key")]
    NotThisAuthority,
    /// No randomness for a serial number.
    #[error("no randomness from the operating system")]
    NoRandomness,
    /// The key could not sign.
    #[error("the authority's key could not sign")]
    Signer(#[from] SignerError),
    /// A name, instant or structure could not be written.
    #[error(transparent)]
    X509(#[from] X509Error),
    /// The builder refused the certificate.
    #[error("the X.509 certificate could not be built: {0}")]
    Builder(String),
}

impl From<der::Error> for AuthorityError {
    fn from(error: der::Error) -> Self {
        Self::X509(X509Error::Malformed(error))
    }
}

impl From<builder::Error> for AuthorityError {
    fn from(error: builder::Error) -> Self {
        Self::Builder(error.to_string())
    }
}

/// An authority ready to issue.
#[derive(Debug, Clone)]
pub struct CertificateAuthority {
    signer: Arc<dyn Signer>,
    certificate: Arc<Certificate>,
    der: Vec<u8>,
    publication: Option<Publication>,
}

impl CertificateAuthority {
    /// Makes a root: a self-signed CA certificate without path length limit or pointers.
    pub fn new_root(
        signer: Arc<dyn Signer>,
        subject: &Subject,
        validity: ValidityPeriod,
        serial: Serial,
    ) -> Result<Self, AuthorityError> {
        if validity.not_after <= validity.not_before {
            return Err(AuthorityError::Validity {
                requested: validity,
                own: validity,
            });
        }
        let name = subject.to_name()?;
        let key = SubjectPublicKeyInfoOwned::from_der(signer.public_key_info())?;
        let identifier = key_identifier(&key)?;
        let mut extensions = Extensions::default();
        extensions.push(&BasicConstraints {
            ca: true,
            path_len_constraint: None,
        })?;
        extensions.push(&KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign))?;
        extensions.push(&identifier)?;
        extensions.push(&points_to(&identifier))?;
        let profile = Profile {
            issuer: name.clone(),
            subject: name,
            extensions: extensions.0,
        };
        let certificate = build(&*signer, profile, serial, validity, key)?;
        let der = certificate.to_der()?;
        Ok(Self {
            signer,
            certificate: Arc::new(certificate),
            der,
            publication: None,
        })
    }

    /// An authority whose key and certificate exist already.
    pub fn open(signer: Arc<dyn Signer>, certificate: &[u8]) -> Result<Self, AuthorityError> {
        let der = certificate.to_vec();
        let certificate = x509::parse(&der)?;
        let constraints = certificate
            .tbs_certificate()
            .get_extension::<BasicConstraints>()?;
        if !constraints.is_some_and(|(_, c)| c.ca) || x509::public_key_info(&der)? != signer.public_key_info()
        {
            return Err(AuthorityError::NotThisAuthority);
        }
        Ok(Self {
            signer,
            certificate,
            der,
            publication: None,
        })
    }

    /// From now on writes these pointers into what it issues.
    #[must_use]
    pub fn publishing(self, publication: Publication) -> Self {
        Self {
            publication: Some(publication),
            ..self
        }
    }

    /// DER of the authority's own certificate.
    pub fn certificate(&self) -> &[u8] {
        &self.der
    }

    /// Makes an issuing CA under this one: it issues end-entity certificates only (pathLen 0).
    pub fn issue_authority(
        &self,
        signer: Arc<dyn Signer>,
        subject: &Subject,
        validity: ValidityPeriod,
        serial: Serial,
    ) -> Result<Self, AuthorityError> {
        let mut extensions = Extensions::default();
        extensions.push(&BasicConstraints {
            ca: true,
            path_len_constraint: Some(0),
        })?;
        extensions.push(&KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign))?;
        let der = self.certify(signer.public_key_info(), subject, validity, serial, extensions)?;
        Ok(Self {
            certificate: x509::parse(&der)?,
            der,
            signer,
            publication: None,
        })
    }

    /// Issues an end-entity certificate for a public key (DER of its SubjectPublicKeyInfo); gives DER.
    pub fn issue(
        &self,
        role: Role,
        public_key_info: &[u8],
        subject: &Subject,
        validity: ValidityPeriod,
        serial: Serial,
    ) -> Result<Vec<u8>, AuthorityError> {
        let usages: FlagSet<KeyUsages> = match role {
            Role::DocumentSigner | Role::SealMaker => KeyUsages::DigitalSignature | KeyUsages::NonRepudiation,
            Role::TokenSigner | Role::TimeStamper => KeyUsages::DigitalSignature.into(),
        };
        let mut extensions = Extensions::default();
        extensions.push(&KeyUsage(usages))?;
        let purposes = match role {
            Role::DocumentSigner => vec![DOCUMENT_SIGNING, EMAIL_PROTECTION],
            Role::SealMaker | Role::TokenSigner => vec![DOCUMENT_SIGNING],
            Role::TimeStamper => vec![TIME_STAMPING],
        };
        extensions.push(&ExtendedKeyUsage(purposes))?;
        if let (Role::TimeStamper, Some(purposes)) = (role, extensions.0.last_mut()) {
            purposes.critical = true;
        }
        self.certify(public_key_info, subject, validity, serial, extensions)
    }

    fn validity(&self) -> ValidityPeriod {
        let (not_before, not_after) = x509::validity(&self.certificate);
        ValidityPeriod {
            not_before,
            not_after,
        }
    }

    fn own_key_identifier(&self) -> Result<SubjectKeyIdentifier, AuthorityError> {
        let tbs = self.certificate.tbs_certificate();
        match tbs.get_extension::<SubjectKeyIdentifier>()? {
            Some((_, identifier)) => Ok(identifier),
            None => key_identifier(tbs.subject_public_key_info()),
        }
    }

    /// Adds to `extensions` what every issued certificate has, and signs.
    fn certify(
        &self,
        public_key_info: &[u8],
        subject: &Subject,
        validity: ValidityPeriod,
        serial: Serial,
        mut extensions: Extensions,
    ) -> Result<Vec<u8>, AuthorityError> {
        let own = self.validity();
        if validity.not_after <= validity.not_before
            || validity.not_before < own.not_before
            || validity.not_after > own.not_after
        {
            return Err(AuthorityError::Validity {
                requested: validity,
                own,
            });
        }
        let key = SubjectPublicKeyInfoOwned::from_der(public_key_info)?;
        extensions.push(&key_identifier(&key)?)?;
        extensions.push(&points_to(&self.own_key_identifier()?))?;
        if let Some(publication) = &self.publication {
            extensions.push(&CrlDistributionPoints(vec![DistributionPoint {
                distribution_point: Some(DistributionPointName::FullName(vec![url(&publication.crl_url)?])),
                reasons: None,
                crl_issuer: None,
            }]))?;
            extensions.push(&AuthorityInfoAccessSyntax(vec![AccessDescription {
                access_method: CA_ISSUERS,
                access_location: url(&publication.certificate_url)?,
            }]))?;
        }
        let profile = Profile {
            issuer: self.certificate.tbs_certificate().subject().clone(),
            subject: subject.to_name()?,
            extensions: extensions.0,
        };
        Ok(build(&*self.signer, profile, serial, validity, key)?.to_der()?)
    }
}

#[cfg(test)]
pub(crate) mod tests;
