//! One door for checking a signature against a public key, whatever the algorithm.
//!
//! ```text
//!  SubjectPublicKeyInfo ─▶ PublicKey ─┐
//!  AlgorithmIdentifier ─▶ SignatureAlgorithm ─┼─▶ ring, else RustCrypto ─▶ Used ─▶ policy
//!  message or its digest, signature ──────────┘
//! ```
//!
//! What is unknown or inconsistent is refused by name and never skipped. What is understood is computed, also
//! where it is weak, because a wrong value is wrong whatever its algorithm; that it verified is then only
//! half of the answer. [`Used`] says with what, for an [`AlgorithmPolicy`](super::policy::AlgorithmPolicy)
//! to judge by date. [`verify_signature`] is for our own structures, which no weak algorithm may sign.

use std::fmt;

use const_oid::ObjectIdentifier;
use der::Decode;
use ring::signature;
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

mod edwards;
mod elliptic;
mod known;
mod rsa;
mod sm2;

pub use elliptic::Curve;
use elliptic::Encoding;
pub use known::verify_shared;

use super::{
    algorithm::{self, Pss, SignatureAlgorithm},
    digest::DigestAlgorithm::{self, Md5, Sha1, Sha3_224, Sha224, Sha256, Sha384, Sha512},
};

pub(crate) const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// Shortest RSA modulus that may sign our own structures, in bits.
const MODERN_RSA_BITS: usize = 2048;

/// What a signature was verified with: what remains to be judged once it verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use = "that a signature verifies says little until its algorithm is judged"]
pub struct Used {
    /// The algorithm.
    pub algorithm: SignatureAlgorithm,
    /// The key.
    pub key: KeySize,
}

/// Kind and size of a public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeySize {
    /// Ed25519.
    Ed25519,
    /// A point on a curve.
    Elliptic(Curve),
    /// Bits of the modulus.
    Rsa(usize),
}

impl fmt::Display for Used {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key {
            KeySize::Ed25519 => write!(f, "{}", self.algorithm),
            KeySize::Elliptic(curve) => write!(f, "{} on {curve}", self.algorithm),
            KeySize::Rsa(bits) => write!(f, "{}, {bits} bits", self.algorithm),
        }
    }
}

/// Why a signature is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// Unknown, inconsistent or, for our own structures, weak algorithm: nothing was computed.
    #[error("algorithm refused: {0}")]
    AlgorithmRefused(String),
    /// The public key is malformed, hostile, or of another kind than the algorithm.
    #[error("public key refused: {0}")]
    KeyRefused(String),
    /// A key that may be good, of a kind or size that is not computed with here.
    #[error("public key not supported: {0}")]
    KeyUnsupported(String),
    /// The signature value is wrong for this key and message.
    #[error("the signature value does not match")]
    SignatureWrong,
}

impl VerifyError {
    /// Whether another program might verify it: nothing speaks against the signature itself.
    pub fn is_unsupported(&self) -> bool {
        matches!(self, Self::AlgorithmRefused(_) | Self::KeyUnsupported(_))
    }

    pub(super) fn refused(what: &str, oid: ObjectIdentifier) -> Self {
        Self::AlgorithmRefused(Self::named(what, oid))
    }

    fn named(what: &str, oid: ObjectIdentifier) -> String {
        match algorithm::unsupported_name(oid) {
            Some(name) => format!("{what} {oid} ({name}) is not supported"),
            None => format!("{what} {oid}"),
        }
    }
}

/// What a `SubjectPublicKeyInfo` says of its key before the key itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyType {
    Ed25519,
    Elliptic(Curve),
    Rsa,
    /// For PSS alone; with parameters, for these alone.
    RsaPss(Option<Pss>),
}

impl KeyType {
    fn read(identifier: &AlgorithmIdentifierRef<'_>) -> Result<Self, VerifyError> {
        let parameters = identifier.parameters;
        let unexpected = || {
            VerifyError::KeyRefused(format!(
                "unexpected parameters of a key of type {}",
                identifier.oid
            ))
        };
        match identifier.oid {
            EC_PUBLIC_KEY => Ok(Self::Elliptic(Curve::read(parameters)?)),
            algorithm::RSA if parameters.is_none_or(der::asn1::AnyRef::is_null) => Ok(Self::Rsa),
            algorithm::ED_25519 if parameters.is_none() => Ok(Self::Ed25519),
            algorithm::RSA | algorithm::ED_25519 => Err(unexpected()),
            algorithm::RSA_PSS => Ok(Self::RsaPss(match parameters {
                None => None,
                some => Some(Pss::read(some)?),
            })),
            other => Err(VerifyError::KeyUnsupported(VerifyError::named("key type", other))),
        }
    }

    /// Whether keys of this type may make such signatures (RFC 4055 §3.3 for those bound to parameters).
    fn fits(self, algorithm: SignatureAlgorithm) -> bool {
        use SignatureAlgorithm::{Ecdsa, EcdsaPlain, Ed25519, RsaPkcs1, RsaPss, Sm2};
        match (self, algorithm) {
            (Self::Elliptic(curve), _) if curve == Curve::Sm2 || algorithm == Sm2 => {
                curve == Curve::Sm2 && algorithm == Sm2
            }
            (Self::Elliptic(_), Ecdsa(_) | EcdsaPlain(_))
            | (Self::Ed25519, Ed25519)
            | (Self::Rsa, RsaPkcs1(_) | RsaPss(_))
            | (Self::RsaPss(None), RsaPss(_)) => true,
            (Self::RsaPss(Some(bound)), RsaPss(pss)) => {
                bound.digest == pss.digest && bound.mask == pss.mask && pss.salt_length >= bound.salt_length
            }
            _ => false,
        }
    }
}

/// A public key that can be computed with, and the octets it was read from.
#[derive(Debug)]
pub(crate) struct PublicKey<'a> {
    kind: KeyType,
    octets: &'a [u8],
    inner: Inner<'a>,
}

#[derive(Debug)]
enum Inner<'a> {
    Ed25519,
    Elliptic(Curve),
    Rsa(rsa::Key<'a>),
}

impl<'a> PublicKey<'a> {
    /// Reads a `SubjectPublicKeyInfo`.
    pub(crate) fn read(public_key_info: &'a [u8]) -> Result<Self, VerifyError> {
        let info = SubjectPublicKeyInfoRef::from_der(public_key_info)
            .map_err(|_| VerifyError::KeyRefused("not a SubjectPublicKeyInfo".to_owned()))?;
        let octets = info
            .subject_public_key
            .as_bytes()
            .ok_or_else(|| VerifyError::KeyRefused("the key is not whole octets".to_owned()))?;
        Self::new(KeyType::read(&info.algorithm)?, octets)
    }

    /// A key of a known type.
    pub(crate) fn new(kind: KeyType, octets: &'a [u8]) -> Result<Self, VerifyError> {
        let inner = match kind {
            KeyType::Ed25519 => {
                edwards::check_point(octets)?;
                Inner::Ed25519
            }
            KeyType::Elliptic(curve) => {
                curve.check_point(octets)?;
                Inner::Elliptic(curve)
            }
            KeyType::Rsa | KeyType::RsaPss(_) => Inner::Rsa(rsa::Key::read(octets)?),
        };
        Ok(Self { kind, octets, inner })
    }

    /// Its kind and size.
    pub(crate) fn size(&self) -> KeySize {
        match &self.inner {
            Inner::Ed25519 => KeySize::Ed25519,
            Inner::Elliptic(curve) => KeySize::Elliptic(*curve),
            Inner::Rsa(key) => KeySize::Rsa(key.bits),
        }
    }

    /// Verifies `signature` over `message`.
    pub(crate) fn verify(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<Used, VerifyError> {
        self.check_fit(algorithm)?;
        if let Some(verification) = self.with_ring(algorithm) {
            signature::UnparsedPublicKey::new(verification, self.octets)
                .verify(message, signature)
                .map_err(|_| VerifyError::SignatureWrong)?;
            return Ok(self.used(algorithm));
        }
        match algorithm.digest() {
            _ if algorithm == SignatureAlgorithm::Sm2 => {
                sm2::verify(self.octets, message, signature)?;
                Ok(self.used(algorithm))
            }
            Some(digest) => self.verify_digest(algorithm, &digest.digest(message), signature),
            None => Err(VerifyError::SignatureWrong),
        }
    }

    /// Verifies `signature` over a message of which only the digest is at hand.
    pub(crate) fn verify_digest(
        &self,
        algorithm: SignatureAlgorithm,
        digest: &[u8],
        signature: &[u8],
    ) -> Result<Used, VerifyError> {
        use SignatureAlgorithm::{Ecdsa, EcdsaPlain, RsaPkcs1, RsaPss};
        self.check_fit(algorithm)?;
        match (&self.inner, algorithm) {
            (Inner::Elliptic(curve), Ecdsa(_)) => {
                curve.verify(self.octets, digest, signature, Encoding::Der)?;
            }
            (Inner::Elliptic(curve), EcdsaPlain(_)) => {
                curve.verify(self.octets, digest, signature, Encoding::Plain)?;
            }
            (Inner::Rsa(key), RsaPkcs1(named)) => key.verify_pkcs1(named, digest, signature)?,
            (Inner::Rsa(key), RsaPss(pss)) => key.verify_pss(pss, digest, signature)?,
            _ => {
                return Err(VerifyError::AlgorithmRefused(format!(
                    "{algorithm} signs messages, not their digests"
                )));
            }
        }
        Ok(self.used(algorithm))
    }

    fn used(&self, algorithm: SignatureAlgorithm) -> Used {
        let key = self.size();
        Used { algorithm, key }
    }

    fn check_fit(&self, algorithm: SignatureAlgorithm) -> Result<(), VerifyError> {
        if self.kind.fits(algorithm) {
            return Ok(());
        }
        Err(VerifyError::KeyRefused(format!(
            "a key for {} does not fit {algorithm}",
            match self.kind {
                KeyType::Ed25519 => "Ed25519",
                KeyType::Elliptic(Curve::Sm2) => "SM2",
                KeyType::Elliptic(_) => "ECDSA",
                KeyType::Rsa => "RSA",
                KeyType::RsaPss(None) => "RSA-PSS",
                KeyType::RsaPss(Some(_)) => "RSA-PSS with certain parameters",
            }
        )))
    }

    /// ring's own, where it has one.
    fn with_ring(
        &self,
        algorithm: SignatureAlgorithm,
    ) -> Option<&'static dyn signature::VerificationAlgorithm> {
        use SignatureAlgorithm::{Ecdsa, Ed25519, RsaPkcs1, RsaPss};
        let rsa_bits = match &self.inner {
            Inner::Rsa(key) => key.bits,
            _ => 0,
        };
        Some(match (&self.inner, algorithm) {
            (Inner::Ed25519, Ed25519) => &signature::ED25519,
            (Inner::Elliptic(Curve::P256), Ecdsa(Sha256)) => &signature::ECDSA_P256_SHA256_ASN1,
            (Inner::Elliptic(Curve::P256), Ecdsa(Sha384)) => &signature::ECDSA_P256_SHA384_ASN1,
            (Inner::Elliptic(Curve::P384), Ecdsa(Sha256)) => &signature::ECDSA_P384_SHA256_ASN1,
            (Inner::Elliptic(Curve::P384), Ecdsa(Sha384)) => &signature::ECDSA_P384_SHA384_ASN1,
            (Inner::Rsa(_), RsaPkcs1(digest)) if rsa_bits >= 2048 => match digest {
                Sha1 => &signature::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
                Sha256 => &signature::RSA_PKCS1_2048_8192_SHA256,
                Sha384 => &signature::RSA_PKCS1_2048_8192_SHA384,
                Sha512 => &signature::RSA_PKCS1_2048_8192_SHA512,
                _ => return None,
            },
            (Inner::Rsa(_), RsaPkcs1(digest)) if rsa_bits >= 1024 => match digest {
                Sha1 => &signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
                Sha256 => &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
                Sha512 => &signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
                _ => return None,
            },
            (Inner::Rsa(_), RsaPss(pss)) if rsa_bits >= 2048 && pss == Pss::uniform(pss.digest) => {
                match pss.digest {
                    Sha256 => &signature::RSA_PSS_2048_8192_SHA256,
                    Sha384 => &signature::RSA_PSS_2048_8192_SHA384,
                    Sha512 => &signature::RSA_PSS_2048_8192_SHA512,
                    _ => return None,
                }
            }
            _ => return None,
        })
    }
}

/// What a signature by this algorithm under this key stands on.
pub fn mechanism_of(public_key_info: &[u8], algorithm: SignatureAlgorithm) -> Result<Used, VerifyError> {
    Ok(PublicKey::read(public_key_info)?.used(algorithm))
}

/// Verifies `signature` over `message` under the key of `public_key_info` (DER of a
/// `SubjectPublicKeyInfo`); what it was made with is still to be judged.
pub fn verify_value(
    public_key_info: &[u8],
    algorithm: SignatureAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> Result<Used, VerifyError> {
    PublicKey::read(public_key_info)?.verify(algorithm, message, signature)
}

/// The same where only the message's digest is at hand, by the algorithm's own digest.
pub fn verify_digest_value(
    public_key_info: &[u8],
    algorithm: SignatureAlgorithm,
    digest: &[u8],
    signature: &[u8],
) -> Result<Used, VerifyError> {
    PublicKey::read(public_key_info)?.verify_digest(algorithm, digest, signature)
}

/// Verifies a signature that only a strong algorithm may have made: there is nothing left to judge.
pub fn verify_signature(
    public_key_info: &[u8],
    algorithm: SignatureAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> Result<(), VerifyError> {
    let key = PublicKey::read(public_key_info)?;
    check_strength(key.used(algorithm))?;
    let _judged = key.verify(algorithm, message, signature)?;
    Ok(())
}

/// The same for structures that many files share, such as seals.
pub fn verify_shared_signature(
    public_key_info: &[u8],
    algorithm: SignatureAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> Result<(), VerifyError> {
    check_strength(mechanism_of(public_key_info, algorithm)?)?;
    let _judged = verify_shared(public_key_info, algorithm, message, signature)?;
    Ok(())
}

fn check_strength(used: Used) -> Result<(), VerifyError> {
    let algorithm = used.algorithm;
    let weak = |digest: DigestAlgorithm| matches!(digest, Md5 | Sha1 | Sha224 | Sha3_224);
    if algorithm.digest().is_some_and(weak) {
        return Err(VerifyError::AlgorithmRefused(format!("{algorithm} is too weak")));
    }
    match used.key {
        KeySize::Rsa(bits) if bits < MODERN_RSA_BITS => Err(VerifyError::KeyRefused(format!(
            "an RSA key of {bits} bits; {MODERN_RSA_BITS} are needed"
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
