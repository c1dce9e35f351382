//! What can be wrong with a CMS signature, as bytes and as a signature.

use const_oid::ObjectIdentifier;
use der::ErrorKind;

use crate::{crypto::VerifyError, limits::MAX_CMS_BYTES};

/// Why bytes are not a CMS signature of the profile (FORMAT_FAILURE, but for `AlgorithmRefused`).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CmsError {
    /// A digest or signature algorithm is unknown, or not named as it must be.
    #[error(transparent)]
    AlgorithmRefused(#[from] VerifyError),
    /// A signed attribute that this profile reads has the wrong form, or stands there twice.
    #[error("attribute {attribute} {why}")]
    Attribute {
        /// Which.
        attribute: ObjectIdentifier,
        /// What is wrong.
        why: &'static str,
    },
    /// A signed attribute stands there twice, with the same values.
    #[error("a signed attribute stands there twice")]
    AttributeTwice,
    /// The signed attributes are not in DER order where no other is read: in timestamp tokens.
    #[error("the signed attributes are not in DER order")]
    AttributesUnsorted,
    /// It carries no content, which its profile demands.
    #[error("the signature carries nothing that was signed")]
    ContentMissing,
    /// BER in more than its lengths, or where no BER is read. PAdES demands DER (ETSI EN 319 142-1 §4.1).
    #[error("BER at byte {0}; the profile demands DER")]
    IndefiniteLength(usize),
    /// Not DER, or not the structure expected.
    #[error("malformed CMS: {0}")]
    Malformed(der::Error),
    /// Nothing but the digest of the document is signed, or an empty set; the profile needs signed attributes.
    #[error("there are no signed attributes")]
    NoSignedAttributes,
    /// Another content type than SignedData of id-data.
    #[error("content type {0} instead of a signature over data")]
    NotSignedData(ObjectIdentifier),
    /// None or several signers. PAdES allows exactly one (ETSI EN 319 142-1 §4.1).
    #[error("{0} signers instead of one")]
    SignerCount(usize),
    /// Longer than this program reads, or with more parts.
    #[error("larger than {MAX_CMS_BYTES} bytes or with too many parts")]
    TooLarge,
    /// Something other than the zeros of padding stands behind the structure.
    #[error("bytes behind the signature, from byte {0} on")]
    TrailingData(usize),
    /// A version number that does not follow from the content (RFC 5652 §5.1, §5.3).
    #[error("version {found} of {structure} does not fit its content")]
    Version {
        /// SignedData or SignerInfo.
        structure: &'static str,
        /// What stands there.
        found: u8,
    },
}

impl From<der::Error> for CmsError {
    fn from(error: der::Error) -> Self {
        match error.kind() {
            ErrorKind::IndefiniteLength => Self::IndefiniteLength(
                error
                    .position()
                    .and_then(|at| usize::try_from(at).ok())
                    .unwrap_or_default(),
            ),
            _ => Self::Malformed(error),
        }
    }
}

/// Why a well-formed CMS signature is not good. Whether its certificate is trusted is another question.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CmsVerifyError {
    /// The algorithms named in what is signed are not those beside it (RFC 6211).
    #[error("the signed algorithm identifiers are not those of the signature")]
    AlgorithmsContradict,
    /// A signed attribute that the profile demands is missing.
    #[error("signed attribute {0} is missing")]
    AttributeMissing(&'static str),
    /// The signed attributes are not in DER order: programs that put them in order verify something else.
    #[error("the signed attributes are not in DER order")]
    AttributesUnsorted,
    /// The content-type attribute names another type than the content's.
    #[error("the content-type attribute names another type than the content's")]
    ContentTypeMismatch,
    /// The document is not the one that was signed (HASH_FAILURE).
    #[error("the digest of the document is not the signed one")]
    DigestMismatch,
    /// It carries content of its own, which a detached signature must not (FORMAT_FAILURE).
    #[error("the signature is not detached: it carries content")]
    EncapsulatedContent,
    /// The signature value does not verify (SIG_CRYPTO_FAILURE).
    #[error("the signature value does not verify")]
    Signature(#[source] VerifyError),
    /// No embedded certificate is the one the SignerInfo names (NO_SIGNING_CERTIFICATE_FOUND).
    #[error("the signer certificate is not among the embedded certificates")]
    SignerCertificateMissing,
    /// The signed reference names another certificate than the signer's.
    #[error("attribute {attribute} names another certificate: {part} differs")]
    SigningCertificateMismatch {
        /// signing-certificate or signing-certificate-v2.
        attribute: &'static str,
        /// digest or issuer and serial number.
        part: &'static str,
    },
}
