//! Algorithm suites, keys and X.509 material. All mathematics is in libraries (ring, RustCrypto).
//!
//! The [`Signer`] seam keeps private key bytes inside this module: the rest of the system sees a
//! thing that signs. A key file stands behind it today; a PKCS#11 token fits the same face.
//!
//! | part | gives |
//! |---|---|
//! | [`key_file`] | making, encrypting, reading private keys; the [`Signer`] over one |
//! | [`identity`] | [`SigningIdentity`]: a signer with its X.509 certificates, from files |
//! | [`ecdsa`] | the two encodings of an ECDSA signature (DER for X.509 and CMS, r‖s for COSE) |
//! | [`digest`], [`algorithm`] | the digests and signature algorithms that are understood |
//! | [`verify`] | one door for checking any signature against a public key |
//! | [`policy`] | until when each algorithm and key size is believed |
//! | [`x509`] | subjects, instants, digests of X.509 certificates |
//! | [`authority`] | a certification authority: root, issuing CA, signer certificates, CRLs |

use std::{fmt, sync::Arc};

pub mod algorithm;
mod any_oid;
pub mod authority;
pub mod digest;
pub mod ecdsa;
pub mod identity;
pub mod key_file;
pub mod key_folder;
pub mod policy;
mod sm2;
pub mod verify;
pub mod x509;

pub use algorithm::{Pss, SignatureAlgorithm};
pub use any_oid::{AnyOid, NoOid};
pub use digest::{DigestAlgorithm, Hasher};
pub use identity::{IdentityError, SigningIdentity};
pub use key_file::{KeyFileError, Passphrase, PrivateKey};
pub use key_folder::{KeyFolder, KeyFolderError};
pub use policy::AlgorithmPolicy;
pub use verify::{
    Curve, KeySize, Used, VerifyError, mechanism_of, verify_digest_value, verify_shared,
    verify_shared_signature, verify_signature, verify_value,
};

/// The SHA-256 of bytes that stand together in memory.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref());
    out
}

/// The SHA-256 of parts, one after the other.
pub fn sha256_of(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    for part in parts {
        context.update(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    out
}

/// Signature algorithm with all its parameters: one value, nothing negotiated at run time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureScheme {
    /// ECDSA on P-256 with SHA-256; signature as DER `SEQUENCE { r, s }` (FIPS 186-5, RFC 5758).
    EcdsaP256Sha256,
    /// SM2 with SM3; signature as DER `SEQUENCE { r, s }` (GB/T 32918.2, GB/T 35276).
    Sm2Sm3,
}

impl SignatureScheme {
    /// The longest signature this scheme produces, in bytes.
    ///
    /// Two INTEGERs of at most 33 octets (a sign octet before 32) with their headers, in a SEQUENCE.
    pub const fn max_signature_len(self) -> usize {
        match self {
            Self::EcdsaP256Sha256 | Self::Sm2Sm3 => 72,
        }
    }

    /// DER of the `AlgorithmIdentifier` that names this scheme in X.509 and CMS.
    pub const fn algorithm_identifier(self) -> &'static [u8] {
        match self {
            // SEQUENCE { ecdsa-with-SHA256 }: parameters absent (RFC 5758 §3.2).
            Self::EcdsaP256Sha256 => b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02",
            // SEQUENCE { SM2 with SM3 }: parameters absent, as most write it; NULL occurs (GB/T 33560).
            Self::Sm2Sm3 => b"\x30\x0a\x06\x08\x2a\x81\x1c\xcf\x55\x01\x83\x75",
        }
    }

    /// DER of the object identifier alone: how GB/T 38540 names it.
    pub(crate) fn algorithm_oid(self) -> &'static [u8] {
        // The AlgorithmIdentifiers above are an identifier, a length and this.
        self.algorithm_identifier().get(2..).unwrap_or_default()
    }

    /// The digest inside the scheme.
    pub const fn digest(self) -> DigestAlgorithm {
        match self {
            Self::EcdsaP256Sha256 => DigestAlgorithm::Sha256,
            Self::Sm2Sm3 => DigestAlgorithm::Sm3,
        }
    }
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

impl<T: Signer + ?Sized> Signer for Arc<T> {
    fn scheme(&self) -> SignatureScheme {
        (**self).scheme()
    }

    fn public_key_info(&self) -> &[u8] {
        (**self).public_key_info()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        (**self).sign(message)
    }
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
