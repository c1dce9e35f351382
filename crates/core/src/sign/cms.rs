//! CMS SignedData (RFC 5652) as PAdES baseline B-B wants it (ETSI EN 319 142-1 §6.3): detached, one
//! signer, DER throughout.
//!
//! ```text
//! ContentInfo ─ SignedData v1
//!   ├ digestAlgorithms   SHA-256
//!   ├ encapContentInfo   id-data, no content: what is signed is the PDF's byte range
//!   ├ certificates       signer certificate and its issuers, the root left out
//!   └ SignerInfo v1      issuer and serial number
//!       ├ signedAttrs    content-type, message-digest, signing-certificate-v2
//!       └ signature      over the DER of signedAttrs as a SET OF
//! ```
//!
//! A timestamp token (RFC 3161) is a SignedData of the same make around content of its own; then the version
//! is 3 and the content stands in encapContentInfo.
//!
//! There is no signing-time attribute: PAdES has the claimed time in the signature dictionary's /M.
//! The signer certificate is named twice, by issuer and serial number and by its SHA-256 digest inside
//! what is signed (RFC 5035), so that no other certificate over the same key can take its place.

use std::sync::Arc;

use const_oid::ObjectIdentifier;
use der::Encode;

pub(super) use crate::tlv::{CONTEXT_0, OCTET_STRING, SEQUENCE, tlv};
use crate::{
    crypto::{
        DigestAlgorithm, SignatureScheme, Signer, SignerError, SigningIdentity, sha256,
        x509::{self, X509Error},
    },
    tlv::{header, length_octets, tlv_len},
};

mod ber;
mod error;
mod evidence;
pub(super) mod signed;

pub use error::{CmsError, CmsVerifyError};
pub use evidence::CmsEvidence;
pub use signed::{Profile, SignedCms, UnsignedAttribute};

pub(super) const ID_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
pub(super) const ID_SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const ID_TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
pub(super) const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
pub(super) const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
pub(super) const SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");
const ALGORITHM_PROTECTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.52");
const SIGNATURE_POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.15");
const COMMITMENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.16");
/// id-aa-ets-signerAttrV2 (ETSI EN 319 122-1 §5.2.6.1).
const SIGNER_ATTRIBUTES: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.19122.1.1");
const SIGNING_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
const SIGNATURE_TIME_STAMP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.14");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");

pub(super) const SET: u8 = 0x31;
const CONTEXT_1: u8 = 0xa1;
pub(super) const CONTEXT_4: u8 = 0xa4;
/// AlgorithmIdentifier of SHA-256, parameters absent (RFC 5754 §2).
pub(super) const SHA_256_IDENTIFIER: &[u8] = b"\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01";
/// INTEGER 1, the version of SignerInfo here, and of SignedData over id-data (RFC 5652 §5.1, §5.3).
pub(super) const VERSION_1: &[u8] = b"\x02\x01\x01";
/// INTEGER 3, the version of SignedData over any other content.
const VERSION_3: &[u8] = b"\x02\x01\x03";

/// Why no signature was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The identity's certificates cannot be read.
    #[error("the identity's certificates cannot be used")]
    Certificate(#[from] X509Error),
    /// The key failed.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// The key does not sign digests by SHA-256, which all that is written here is over.
    #[error("a key for {0:?} signs no PDF and no timestamp here")]
    UnsuitableKey(SignatureScheme),
}

/// Makes the signatures of one identity. Everything that does not depend on the digest is encoded once,
/// in [`CmsSigner::new`]; one signature then costs little more than the key operation. Share it
/// between threads.
#[derive(Debug, Clone)]
pub struct CmsSigner {
    signer: Arc<dyn Signer>,
    /// What is signed.
    content_type: ObjectIdentifier,
    /// The certificates field, whole.
    certificates: Vec<u8>,
    /// SignedData's content up to signerInfos, for detached signatures.
    before_signer: Vec<u8>,
    /// SignerInfo's content up to signedAttrs.
    before_attributes: Vec<u8>,
    /// signedAttrs as the SET OF that is signed, with a hole for the digest.
    attributes: Vec<u8>,
    /// Where in `attributes` the digest goes.
    digest_at: usize,
}

impl CmsSigner {
    /// Prepares the detached signatures of an identity.
    pub fn new(identity: &SigningIdentity) -> Result<Self, SignError> {
        Self::over(identity, ID_DATA)
    }

    /// Prepares signatures over content of a type.
    pub(super) fn over(
        identity: &SigningIdentity,
        content_type: ObjectIdentifier,
    ) -> Result<Self, SignError> {
        let scheme = identity.signer.scheme();
        if scheme.digest() != DigestAlgorithm::Sha256 {
            return Err(SignError::UnsuitableKey(scheme));
        }
        let certificate = x509::raw(&identity.certificate)?;
        // DER orders the elements of a SET OF by their encodings (X.690 §11.6).
        let mut certificates: Vec<&[u8]> = vec![&identity.certificate];
        certificates.extend(identity.issuers.iter().map(Vec::as_slice));
        certificates.sort_unstable();

        let type_oid = oid(content_type)?;
        let certificates = tlv(CONTEXT_0, &certificates);
        let before_signer = [
            VERSION_1,
            &tlv(SET, &[SHA_256_IDENTIFIER]),
            &tlv(SEQUENCE, &[&type_oid]),
            &certificates,
        ]
        .concat();
        let before_attributes = [
            VERSION_1,
            &tlv(SEQUENCE, &[certificate.issuer, certificate.serial]),
            SHA_256_IDENTIFIER,
        ]
        .concat();

        // certHash, then issuerSerial. hashAlgorithm is left out, as DER demands of a default;
        // issuerSerial is there because RFC 5035 §5.4.1 says it should be.
        let hash = tlv(OCTET_STRING, &[&x509::fingerprint(&identity.certificate)]);
        let issuer = tlv(SEQUENCE, &[&tlv(CONTEXT_4, &[certificate.issuer])]);
        let issuer_serial = tlv(SEQUENCE, &[&issuer, certificate.serial]);
        let reference = tlv(SEQUENCE, &[&hash, &issuer_serial]);
        let mut attributes = [
            attribute(CONTENT_TYPE, &type_oid)?,
            attribute(MESSAGE_DIGEST, &tlv(OCTET_STRING, &[&[0; 32]]))?,
            attribute(
                SIGNING_CERTIFICATE_V2,
                &tlv(SEQUENCE, &[&tlv(SEQUENCE, &[&reference])]),
            )?,
        ];
        // The order does not hang on the digest: lengths and object identifiers differ before it.
        let with_digest = attributes[1].clone();
        attributes.sort_unstable();
        let mut content = Vec::new();
        let mut digest_at = 0;
        for attribute in &attributes {
            content.extend_from_slice(attribute);
            if *attribute == with_digest {
                digest_at = content.len() - 32;
            }
        }
        let attributes = tlv(SET, &[&content]);
        digest_at += attributes.len() - content.len();
        Ok(Self {
            signer: Arc::clone(&identity.signer),
            content_type,
            certificates,
            before_signer,
            before_attributes,
            attributes,
            digest_at,
        })
    }

    /// Signs the SHA-256 digest of a byte range; gives DER of the ContentInfo.
    pub fn sign(&self, digest: &[u8; 32]) -> Result<Vec<u8>, SignError> {
        let (attributes, signature) = self.sign_attributes(digest)?;
        Ok(self.assemble(attributes, &signature))
    }

    /// The same, with what `stamp` gives for the signature value as its signature timestamp (ETSI EN
    /// 319 122-1 §5.3).
    pub fn sign_stamped<E: From<SignError>>(
        &self,
        digest: &[u8; 32],
        stamp: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
    ) -> Result<Vec<u8>, E> {
        let (attributes, signature) = self.sign_attributes(digest)?;
        let token = stamp(&signature)?;
        let stamped = attribute(SIGNATURE_TIME_STAMP, &token).map_err(SignError::from)?;
        let unsigned = tlv(CONTEXT_1, &[&stamped]);
        Ok(self.assemble_parts(&self.before_signer, attributes, &signature, &unsigned))
    }

    /// Signs content that travels inside; gives DER of the ContentInfo. The certificates may be left out
    /// for those who have them.
    pub(super) fn sign_content(&self, content: &[u8], with_certificates: bool) -> Result<Vec<u8>, SignError> {
        let (attributes, signature) = self.sign_attributes(&sha256(content))?;
        let inside = tlv(CONTEXT_0, &[&tlv(OCTET_STRING, &[content])]);
        let certificates: &[u8] = if with_certificates {
            &self.certificates
        } else {
            &[]
        };
        let before_signer = [
            VERSION_3,
            &tlv(SET, &[SHA_256_IDENTIFIER]),
            &tlv(SEQUENCE, &[&oid(self.content_type)?, &inside]),
            certificates,
        ]
        .concat();
        Ok(self.assemble_parts(&before_signer, attributes, &signature, &[]))
    }

    /// The most bytes [`CmsSigner::sign`] gives: what to reserve in the document.
    pub fn reserve(&self) -> usize {
        let longest = vec![0; self.signer.scheme().max_signature_len()];
        self.assemble(self.attributes.clone(), &longest).len()
    }

    fn sign_attributes(&self, digest: &[u8; 32]) -> Result<(Vec<u8>, Vec<u8>), SignError> {
        let mut attributes = self.attributes.clone();
        attributes[self.digest_at..self.digest_at + digest.len()].copy_from_slice(digest);
        let signature = self.signer.sign(&attributes)?;
        Ok((attributes, signature))
    }

    fn assemble(&self, attributes: Vec<u8>, signature: &[u8]) -> Vec<u8> {
        self.assemble_parts(&self.before_signer, attributes, signature, &[])
    }

    /// `unsigned` is the field of unsigned attributes, whole, or empty.
    fn assemble_parts(
        &self,
        before_signer: &[u8],
        mut attributes: Vec<u8>,
        signature: &[u8],
        unsigned: &[u8],
    ) -> Vec<u8> {
        // Signed as a SET OF, stored as [0] IMPLICIT (RFC 5652 §5.4).
        if let Some(tag) = attributes.first_mut() {
            *tag = CONTEXT_0;
        }
        let signature_algorithm = self.signer.scheme().algorithm_identifier();
        let signer_info = self.before_attributes.len()
            + attributes.len()
            + signature_algorithm.len()
            + tlv_len(signature.len())
            + unsigned.len();
        let signer_infos = tlv_len(signer_info);
        let signed_data = before_signer.len() + tlv_len(signer_infos);
        let content = tlv_len(signed_data);
        let content_info = SIGNED_DATA_OID.len() + tlv_len(content);

        let mut out = Vec::with_capacity(tlv_len(content_info));
        header(&mut out, SEQUENCE, content_info);
        out.extend_from_slice(SIGNED_DATA_OID);
        header(&mut out, CONTEXT_0, content);
        header(&mut out, SEQUENCE, signed_data);
        out.extend_from_slice(before_signer);
        header(&mut out, SET, signer_infos);
        header(&mut out, SEQUENCE, signer_info);
        out.extend_from_slice(&self.before_attributes);
        out.extend_from_slice(&attributes);
        out.extend_from_slice(signature_algorithm);
        header(&mut out, OCTET_STRING, signature.len());
        out.extend_from_slice(signature);
        out.extend_from_slice(unsigned);
        out
    }
}

/// id-signedData as a whole element.
const SIGNED_DATA_OID: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";

fn attribute(kind: ObjectIdentifier, value: &[u8]) -> Result<Vec<u8>, X509Error> {
    Ok(tlv(SEQUENCE, &[&oid(kind)?, &tlv(SET, &[value])]))
}

pub(super) fn oid(oid: ObjectIdentifier) -> Result<Vec<u8>, X509Error> {
    Ok(oid.to_der()?)
}

#[cfg(test)]
mod tests;
