//! TimeStampToken: a CMS SignedData around a TSTInfo.

use der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::{SubjectAltName, name::GeneralName};

use super::{
    super::cms::{CmsEvidence, SignedCms},
    TokenError, TstInfo,
};
use crate::crypto::{policy::Mechanism, x509};

/// A token, read but not believed.
#[derive(Debug, Clone)]
pub struct TimeStampToken {
    der: Vec<u8>,
    cms: SignedCms,
    info: TstInfo,
}

impl TimeStampToken {
    /// Reads the DER of a token, nothing behind it.
    pub fn parse(der: &[u8]) -> Result<Self, TokenError> {
        let cms = SignedCms::parse_token(der)?;
        Ok(Self {
            der: der.to_vec(),
            info: TstInfo::parse(cms.content().unwrap_or_default())?,
            cms,
        })
    }

    /// The token itself.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// What it says.
    pub fn info(&self) -> &TstInfo {
        &self.info
    }

    /// DER of the authority's certificate, if the token holds it.
    pub fn signer_certificate(&self) -> Option<&[u8]> {
        self.cms.signer_certificate()
    }

    /// DER of all certificates in the token.
    pub fn certificates(&self) -> &[Vec<u8>] {
        self.cms.certificates()
    }

    /// The certificates and revocation data in the token.
    pub fn evidence(&self) -> CmsEvidence {
        self.cms.evidence()
    }

    /// Whether it is a timestamp over this digest, made with the algorithm that [`TstInfo::imprint`] names, and
    /// signed by the key it names: digest, signature value, signed reference to the certificate, and the
    /// name in it. Gives the algorithms it stands on, which are still to be judged.
    pub fn verify(&self, digest: &[u8]) -> Result<[Mechanism; 4], TokenError> {
        if self.info.imprint.digest != digest {
            return Err(TokenError::OtherImprint);
        }
        let used = self.cms.check_signature(digest).map_err(TokenError::Signature)?;
        self.cms.check_digest(digest).map_err(TokenError::Signature)?;
        self.cms
            .check_signing_certificate()
            .map_err(TokenError::Signature)?;
        let [document, content, signature] = self.cms.mechanisms(used);
        let imprint = Mechanism::Digest(self.info.imprint.algorithm);
        match (&self.info.name, self.signer_certificate()) {
            (Some(name), Some(certificate)) if !is_named(name, certificate) => Err(TokenError::OtherName),
            _ => Ok([imprint, document, content, signature]),
        }
    }
}

/// Whether a GeneralName is a certificate's subject or one of its alternative names. Directory names are
/// compared by what they say, because the same name may be written in several string types, and from either end:
/// authorities write the name as RFC 4514 prints it, last part first. It is a hint (RFC 3161 §2.4.2), and which
/// certificate is meant says the signed reference to it.
fn is_named(name: &[u8], certificate: &[u8]) -> bool {
    let name = x509::readable_names(name).and_then(|name| GeneralName::from_der(&name));
    let (Ok(name), Ok(certificate)) = (name, x509::parse(certificate)) else {
        return false;
    };
    let subject = certificate.tbs_certificate().subject();
    if let GeneralName::DirectoryName(name) = &name {
        let (name, subject) = (x509::canonical(name), x509::canonical(subject));
        if name == subject || name.iter().rev().eq(&subject) {
            return true;
        }
    }
    let others = certificate.tbs_certificate().get_extension::<SubjectAltName>();
    others.is_ok_and(|others| {
        others.is_some_and(|(_, others)| {
            let others = others.0.iter().map(|other| other.to_der().ok());
            others.into_iter().any(|other| other == name.to_der().ok())
        })
    })
}
