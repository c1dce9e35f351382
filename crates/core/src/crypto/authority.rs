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
//!
//! The token signer lacks nonRepudiation and is in no seal's list of permitted signers, so that a key
//! that signs QR tokens by the million cannot pass for a seal.
//!
//! `CrlBuilder` of x509-cert is not used: it writes the authority key identifier of the CA's own
//! issuer into the CRL, which only fits a root.

use std::sync::Arc;

use const_oid::ObjectIdentifier;
use der::{
    Decode, Encode,
    asn1::{BitString, Ia5String, OctetString},
    flagset::FlagSet,
};
use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use signature::Keypair;
use spki::{
    AlgorithmIdentifierOwned, DynSignatureAlgorithmIdentifier, EncodePublicKey, SubjectPublicKeyInfoOwned,
    SubjectPublicKeyInfoRef,
};
use x509_cert::{
    Certificate, TbsCertificate, Version,
    builder::{self, Builder, CertificateBuilder, profile::BuilderProfile},
    crl::{CertificateList, RevokedCert, TbsCertList},
    ext::{
        Extension, ToExtension,
        pkix::{
            AccessDescription, AuthorityInfoAccessSyntax, AuthorityKeyIdentifier, BasicConstraints,
            CrlDistributionPoints, CrlNumber, CrlReason, ExtendedKeyUsage, KeyUsage, KeyUsages,
            SubjectKeyIdentifier,
            crl::dp::DistributionPoint,
            name::{DistributionPointName, GeneralName},
        },
    },
    name::Name,
    serial_number::SerialNumber,
    time::Validity,
};

use super::{
    Signer, SignerError,
    x509::{self, Subject, X509Error},
};

/// id-kp-documentSigning (RFC 9336).
pub const DOCUMENT_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.36");
/// id-kp-emailProtection (RFC 5280 §4.2.1.12). Programs older than RFC 9336, and all that ask NSS, take
/// a document signer for one only if it may sign mail.
pub const EMAIL_PROTECTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.4");
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
    /// 127 random bits.
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

/// One line of a CRL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// Serial number, big-endian, as in the revoked certificate.
    pub serial: Vec<u8>,
    /// When it was revoked.
    pub revoked_at: Timestamp,
    /// Why; `None` leaves the reason out (RFC 5280 §5.3.1 prefers that to "unspecified").
    pub reason: Option<CrlReason>,
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
    certificate: Certificate,
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
            certificate,
            der,
            publication: None,
        })
    }

    /// An authority whose key and certificate exist already.
    pub fn open(signer: Arc<dyn Signer>, certificate: &[u8]) -> Result<Self, AuthorityError> {
        let der = certificate.to_vec();
        let certificate = x509::parse(certificate)?;
        let constraints = certificate
            .tbs_certificate()
            .get_extension::<BasicConstraints>()?;
        if !constraints.is_some_and(|(_, c)| c.ca)
            || x509::public_key_info(&certificate)? != signer.public_key_info()
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
            Role::TokenSigner => KeyUsages::DigitalSignature.into(),
        };
        let mut extensions = Extensions::default();
        extensions.push(&KeyUsage(usages))?;
        let purposes = match role {
            Role::DocumentSigner => vec![DOCUMENT_SIGNING, EMAIL_PROTECTION],
            Role::SealMaker | Role::TokenSigner => vec![DOCUMENT_SIGNING],
        };
        extensions.push(&ExtendedKeyUsage(purposes))?;
        self.certify(public_key_info, subject, validity, serial, extensions)
    }

    /// Signs a full CRL of everything this authority issued; gives DER.
    ///
    /// `number` must grow with every CRL (RFC 5280 §5.2.3).
    pub fn revocation_list(
        &self,
        number: u64,
        this_update: Timestamp,
        next_update: Timestamp,
        revocations: &[Revocation],
    ) -> Result<Vec<u8>, AuthorityError> {
        if next_update <= this_update {
            let requested = ValidityPeriod {
                not_before: this_update,
                not_after: next_update,
            };
            return Err(AuthorityError::Validity {
                requested,
                own: self.validity(),
            });
        }
        let mut extensions = Extensions::default();
        extensions.push(&points_to(&self.own_key_identifier()?))?;
        extensions.push(&CrlNumber::try_from(number)?)?;

        let lines = revocations.iter().map(revoked).collect::<Result<Vec<_>, _>>()?;
        let algorithm = AlgorithmIdentifierOwned::from_der(self.signer.scheme().algorithm_identifier())?;
        let tbs_cert_list: TbsCertList = TbsCertList {
            version: Version::V2,
            signature: algorithm.clone(),
            issuer: self.certificate.tbs_certificate().subject().clone(),
            this_update: x509::to_time(this_update)?,
            next_update: Some(x509::to_time(next_update)?),
            // An empty list must be left out, not written empty (RFC 5280 §5.1.2.6).
            revoked_certificates: Some(lines).filter(|lines| !lines.is_empty()),
            crl_extensions: Some(extensions.0),
        };
        let signature = self.signer.sign(&tbs_cert_list.to_der()?)?;
        let list = CertificateList {
            tbs_cert_list,
            signature_algorithm: algorithm,
            signature: BitString::from_bytes(&signature)?,
        };
        Ok(list.to_der()?)
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

fn build(
    signer: &dyn Signer,
    profile: Profile,
    serial: Serial,
    validity: ValidityPeriod,
    key: SubjectPublicKeyInfoOwned,
) -> Result<Certificate, AuthorityError> {
    let validity = Validity::new(
        x509::to_time(validity.not_before)?,
        x509::to_time(validity.not_after)?,
    );
    let key_of_issuer = IssuerKey(signer);
    let mut builder = CertificateBuilder::new(profile, serial.0, validity, key)?;
    let to_be_signed = builder.finalize(&key_of_issuer)?;
    let signature = BitString::from_bytes(&signer.sign(&to_be_signed)?)?;
    Ok(builder.assemble(signature, &key_of_issuer)?)
}

fn revoked(line: &Revocation) -> Result<RevokedCert, AuthorityError> {
    let mut extensions = Extensions::default();
    if let Some(reason) = &line.reason {
        extensions.push(reason)?;
    }
    Ok(RevokedCert {
        serial_number: SerialNumber::new(&line.serial)?,
        revocation_date: x509::to_time(line.revoked_at)?,
        crl_entry_extensions: Some(extensions.0).filter(|e| !e.is_empty()),
    })
}

fn url(text: &str) -> Result<GeneralName, AuthorityError> {
    Ok(GeneralName::UniformResourceIdentifier(Ia5String::new(text)?))
}

fn key_identifier(key: &SubjectPublicKeyInfoOwned) -> Result<SubjectKeyIdentifier, AuthorityError> {
    let der = key.to_der()?;
    Ok(SubjectKeyIdentifier::try_from(
        SubjectPublicKeyInfoRef::from_der(&der)?,
    )?)
}

fn points_to(identifier: &SubjectKeyIdentifier) -> AuthorityKeyIdentifier {
    let key_identifier: Option<OctetString> = Some(identifier.0.clone());
    AuthorityKeyIdentifier {
        key_identifier,
        ..AuthorityKeyIdentifier::default()
    }
}

/// Extensions in the order they were added.
#[derive(Default)]
struct Extensions(Vec<Extension>);

impl Extensions {
    fn push<'a, E>(&mut self, extension: &'a E) -> Result<(), AuthorityError>
    where
        &'a E: ToExtension<Error = der::Error>,
    {
        // The subject matters only for subjectAltName's criticality, which we do not write.
        let made = extension.to_extension(&Name::default(), &self.0)?;
        self.0.push(made);
        Ok(())
    }
}

/// What x509-cert's builder asks for names and extensions.
struct Profile {
    issuer: Name,
    subject: Name,
    extensions: Vec<Extension>,
}

impl BuilderProfile for Profile {
    fn get_issuer(&self, _subject: &Name) -> Name {
        self.issuer.clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        _key: SubjectPublicKeyInfoRef<'_>,
        _issuer_key: SubjectPublicKeyInfoRef<'_>,
        _tbs: &TbsCertificate,
    ) -> builder::Result<Vec<Extension>> {
        Ok(self.extensions.clone())
    }
}

/// What x509-cert's builder asks for the issuer's public key and algorithm.
struct IssuerKey<'a>(&'a dyn Signer);

#[derive(Clone)]
struct PublicKeyInfo(Vec<u8>);

impl Keypair for IssuerKey<'_> {
    type VerifyingKey = PublicKeyInfo;

    fn verifying_key(&self) -> PublicKeyInfo {
        PublicKeyInfo(self.0.public_key_info().to_vec())
    }
}

impl DynSignatureAlgorithmIdentifier for IssuerKey<'_> {
    fn signature_algorithm_identifier(&self) -> spki::Result<AlgorithmIdentifierOwned> {
        Ok(AlgorithmIdentifierOwned::from_der(
            self.0.scheme().algorithm_identifier(),
        )?)
    }
}

impl EncodePublicKey for PublicKeyInfo {
    fn to_public_key_der(&self) -> spki::Result<der::Document> {
        Ok(der::Document::try_from(self.0.as_slice())?)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used, clippy::print_stderr)]

    use std::{fs, path::Path, process::Command};

    use super::*;
    use crate::crypto::{
        PrivateKey, SigningIdentity,
        identity::{read_chain, write_chain},
    };

    /// An authority with one certificate for each role, valid 2020 to 2060, for tests of this room and
    /// those on its right.
    pub(crate) struct TestAuthority {
        pub(crate) root: CertificateAuthority,
        pub(crate) issuing: CertificateAuthority,
    }

    pub(crate) fn period(from: &str, to: &str) -> ValidityPeriod {
        let at = |date: &str| format!("{date}T00:00:00Z").parse().unwrap();
        ValidityPeriod {
            not_before: at(from),
            not_after: at(to),
        }
    }

    pub(crate) fn new_key() -> Arc<dyn Signer> {
        Arc::new(PrivateKey::generate().unwrap().signer().unwrap())
    }

    pub(crate) fn subject(common_name: &str) -> Subject {
        Subject {
            province: None,
            organisation: "示例市示例区行政审批局".to_owned(),
            organisation_code: Some("11410000MB0000000X".to_owned()),
            common_name: common_name.to_owned(),
        }
    }

    impl TestAuthority {
        pub(crate) fn new() -> Self {
            let root = CertificateAuthority::new_root(
                new_key(),
                &subject("示例根证书 TEST"),
                period("2020-01-01", "2060-01-01"),
                Serial::random().unwrap(),
            )
            .unwrap()
            .publishing(Publication::on_host("localhost:8080", "root"));
            let issuing = root
                .issue_authority(
                    new_key(),
                    &subject("示例签发机构 TEST"),
                    period("2020-01-01", "2055-01-01"),
                    Serial::random().unwrap(),
                )
                .unwrap()
                .publishing(Publication::on_host("localhost:8080", "issuing"));
            Self { root, issuing }
        }

        pub(crate) fn identity(&self, role: Role, validity: ValidityPeriod) -> SigningIdentity {
            let signer = new_key();
            let certificate = self
                .issuing
                .issue(
                    role,
                    signer.public_key_info(),
                    &subject("示例专用章 TEST"),
                    validity,
                    Serial::random().unwrap(),
                )
                .unwrap();
            let issuers = vec![
                self.issuing.certificate().to_vec(),
                self.root.certificate().to_vec(),
            ];
            SigningIdentity::new(signer, certificate, issuers).unwrap()
        }
    }

    fn openssl(folder: &Path, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new("openssl")
            .args(arguments)
            .current_dir(folder)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(text);
        }
        Err(text + &String::from_utf8_lossy(&output.stderr))
    }

    #[test]
    fn openssl_accepts_the_chain_strictly_and_honours_the_crl() {
        if Command::new("openssl").arg("version").output().is_err() {
            eprintln!("SKIPPED: no openssl on this machine");
            return;
        }
        let authority = TestAuthority::new();
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        write_chain(&file("root.pem"), [authority.root.certificate()]).unwrap();
        write_chain(&file("issuing.pem"), [authority.issuing.certificate()]).unwrap();

        for role in [Role::DocumentSigner, Role::TokenSigner, Role::SealMaker] {
            let identity = authority.identity(role, period("2025-01-01", "2052-01-01"));
            write_chain(&file("signer.pem"), [&*identity.certificate]).unwrap();
            openssl(
                folder.path(),
                &[
                    "verify",
                    "-x509_strict",
                    "-check_ss_sig",
                    "-CAfile",
                    "root.pem",
                    "-untrusted",
                    "issuing.pem",
                    "signer.pem",
                ],
            )
            .unwrap_or_else(|e| panic!("{role:?}: {e}"));
        }
        let text = openssl(folder.path(), &["x509", "-in", "signer.pem", "-noout", "-text"]).unwrap();
        for expected in [
            "NTRCN-11410000MB0000000X",
            "Digital Signature, Non Repudiation",
            "1.3.6.1.5.5.7.3.36",
            "URI:http://localhost:8080/pki/issuing.crl",
            "CA Issuers - URI:http://localhost:8080/pki/issuing.cer",
            "Not After : Jan  1 00:00:00 2052 GMT",
        ] {
            assert!(text.contains(expected), "{expected} not in\n{text}");
        }

        // CRLs: empty ones first, then one that revokes the signer.
        let now = Timestamp::now();
        let later = now + jiff::SignedDuration::from_hours(24);
        let serial = x509::parse(
            &fs::read(file("signer.pem"))
                .map(|b| x509::parse_bundle(&b).unwrap().remove(0))
                .unwrap(),
        )
        .unwrap()
        .tbs_certificate()
        .serial_number()
        .as_bytes()
        .to_vec();
        let revocation = Revocation {
            serial,
            revoked_at: now - jiff::SignedDuration::from_hours(1),
            reason: Some(CrlReason::KeyCompromise),
        };
        let root_crl = authority.root.revocation_list(1, now, later, &[]).unwrap();
        fs::write(file("root.crl"), root_crl).unwrap();
        for (number, revocations, accepted) in
            [(1, &[][..], true), (2, std::slice::from_ref(&revocation), false)]
        {
            let crl = authority
                .issuing
                .revocation_list(number, now, later, revocations)
                .unwrap();
            fs::write(file("issuing.crl"), crl).unwrap();
            let mut pems = String::new();
            for (crl, ca) in [("root.crl", "root.pem"), ("issuing.crl", "issuing.pem")] {
                openssl(
                    folder.path(),
                    &["crl", "-inform", "DER", "-in", crl, "-CAfile", ca, "-noout"],
                )
                .unwrap();
                pems += &openssl(folder.path(), &["crl", "-inform", "DER", "-in", crl]).unwrap();
            }
            fs::write(file("crls.pem"), pems).unwrap();
            let verified = openssl(
                folder.path(),
                &[
                    "verify",
                    "-x509_strict",
                    "-crl_check_all",
                    "-CRLfile",
                    "crls.pem",
                    "-CAfile",
                    "root.pem",
                    "-untrusted",
                    "issuing.pem",
                    "signer.pem",
                ],
            );
            match verified {
                Ok(_) => assert!(accepted),
                Err(text) => assert!(!accepted && text.contains("revoked"), "{text}"),
            }
        }
        let text = openssl(
            folder.path(),
            &["crl", "-inform", "DER", "-in", "issuing.crl", "-noout", "-text"],
        )
        .unwrap();
        assert!(
            text.contains("Key Compromise") && text.contains("CRL Number"),
            "{text}"
        );
    }

    #[test]
    fn nothing_outlives_its_issuer() {
        let authority = TestAuthority::new();
        for validity in [
            period("2025-01-01", "2055-01-02"),
            period("2019-01-01", "2030-01-01"),
            period("2030-01-01", "2030-01-01"),
        ] {
            let refused = authority.issuing.issue(
                Role::DocumentSigner,
                new_key().public_key_info(),
                &subject("x"),
                validity,
                Serial::random().unwrap(),
            );
            assert!(matches!(refused, Err(AuthorityError::Validity { .. })));
        }
    }

    #[test]
    fn serial_numbers_are_positive_and_sixteen_octets() {
        for bytes in [[0; 16], [0xff; 16]] {
            let Serial(serial) = Serial::from_bytes(bytes).unwrap();
            assert_eq!(serial.as_bytes().len(), 16);
            assert_eq!(serial.as_bytes()[0] & 0x80, 0);
        }
    }

    #[test]
    fn an_identity_is_loaded_from_its_two_files() {
        let authority = TestAuthority::new();
        let folder = tempfile::tempdir().unwrap();
        let passphrase = crate::crypto::Passphrase::new("口令".to_owned()).unwrap();
        let key = PrivateKey::generate().unwrap();
        let signer = key.signer().unwrap();
        let certificate = authority
            .issuing
            .issue(
                Role::DocumentSigner,
                signer.public_key_info(),
                &subject("章"),
                period("2025-01-01", "2030-01-01"),
                Serial::random().unwrap(),
            )
            .unwrap();
        key.write_new(&folder.path().join("seal.key"), &passphrase)
            .unwrap();
        let chain = folder.path().join("seal.pem");
        write_chain(
            &chain,
            [
                &certificate[..],
                authority.issuing.certificate(),
                authority.root.certificate(),
            ],
        )
        .unwrap();
        assert_eq!(read_chain(&chain).unwrap().len(), 3);

        let identity = SigningIdentity::load(folder.path(), "seal", &passphrase).unwrap();
        assert_eq!(&*identity.certificate, &certificate[..]);
        assert_eq!(&*identity.issuers, &[authority.issuing.certificate().to_vec()]);

        write_chain(&chain, [authority.issuing.certificate()]).unwrap();
        assert!(matches!(
            SigningIdentity::load(folder.path(), "seal", &passphrase),
            Err(crate::crypto::IdentityError::KeyMismatch)
        ));
        write_chain(&chain, [&certificate[..], authority.root.certificate()]).unwrap();
        assert!(matches!(
            SigningIdentity::load(folder.path(), "seal", &passphrase),
            Err(crate::crypto::IdentityError::ChainBroken(2))
        ));
    }

    #[test]
    fn an_authority_is_reopened_only_with_its_own_key() {
        let authority = TestAuthority::new();
        let der = authority.issuing.certificate();
        assert!(CertificateAuthority::open(authority.issuing.signer.clone(), der).is_ok());
        assert!(matches!(
            CertificateAuthority::open(new_key(), der),
            Err(AuthorityError::NotThisAuthority)
        ));
    }
}
