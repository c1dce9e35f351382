//! Algorithm suites, keys and X.509 material. All mathematics is in libraries (ring, RustCrypto).
//!
//! The [`Signer`] seam keeps private key bytes inside this module: the rest of the system sees a
//! thing that signs. A key file stands behind it today; a PKCS#11 token fits the same face.

use std::{fmt, sync::Arc};

/// Signature algorithm with all its parameters: one value, nothing negotiated at run time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureScheme {
    /// ECDSA on P-256 with SHA-256; signature as DER `SEQUENCE { r, s }` (FIPS 186-5, RFC 5758).
    EcdsaP256Sha256,
}

/// Something that can sign. It never gives away its private key.
///
/// Contract: `sign` takes the unhashed message and returns the encoding named by the scheme; it may
/// be called from many threads at once; it does no network requests other than to its own token.
pub trait Signer: Send + Sync + fmt::Debug {
    /// What `sign` produces.
    fn scheme(&self) -> SignatureScheme;
    /// DER of the SubjectPublicKeyInfo (RFC 5280 §4.1.2.7).
    fn public_key_info(&self) -> &[u8];
    /// Signs the unhashed `message`.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError>;
}

/// Why a signature could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignerError {
    /// The key refused or failed (ring gives no further reason on purpose).
    #[error("the signing key failed to sign")]
    KeyFailed,
    /// The token or remote key service cannot be reached now.
    #[error("the signing key is unavailable: {0}")]
    Unavailable(String),
}

/// A signer with the X.509 certificates that say whose it is.
#[derive(Debug, Clone)]
pub struct SigningIdentity {
    /// The key.
    pub signer: Arc<dyn Signer>,
    /// DER of the signer certificate.
    pub certificate: Arc<[u8]>,
    /// DER of its issuers, nearest first, the root left out.
    pub issuers: Arc<[Vec<u8>]>,
}
