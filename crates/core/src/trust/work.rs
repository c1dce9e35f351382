//! How much is looked at of what a stranger's file brings to be judged by.
//!
//! Each signature asks, at several instants and over every path, each list and each answer, and any certificate may
//! have signed any of them: the product of numbers that are harmless each. So the work is counted, for all that is
//! judged together, and when it is used up nothing more is believed. What is counted depends on the file and the
//! trust material alone, never on the machine or on what it has seen before: one file has one verdict.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use crate::{
    crypto::{Curve, DigestAlgorithm, KeySize, SignatureAlgorithm, Used, VerifyError, sha256_of, verify},
    limits::MAX_TRUST_WORK,
};

/// The work left, and the signatures that it went into: each is checked once under each key.
#[derive(Debug)]
pub struct Work {
    left: AtomicUsize,
    checked: Mutex<HashMap<[u8; 32], Result<Used, VerifyError>>>,
}

impl Default for Work {
    fn default() -> Self {
        Self {
            left: AtomicUsize::new(MAX_TRUST_WORK),
            checked: Mutex::default(),
        }
    }
}

/// There is no work left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spent;

/// A signature on a certificate, a list or an answer.
pub(super) struct Signature<'a> {
    /// SHA-256 of the whole of which it is a part.
    pub(super) of: &'a [u8; 32],
    /// The key that may have made it, as a SubjectPublicKeyInfo.
    pub(super) key: &'a [u8],
    pub(super) algorithm: SignatureAlgorithm,
    pub(super) content: &'a [u8],
    pub(super) value: &'a [u8],
}

impl Work {
    /// Takes units off. Where there are too few there are none left for anything.
    pub(crate) fn spend(&self, units: usize) -> Result<(), Spent> {
        let take = |left: usize| Some(left.saturating_sub(units));
        match self.left.fetch_update(Relaxed, Relaxed, take) {
            Ok(left) if left >= units => Ok(()),
            _ => Err(Spent),
        }
    }

    /// Whether nothing is left.
    pub(crate) fn is_spent(&self) -> bool {
        self.left.load(Relaxed) == 0
    }

    /// Checks a signature; by `check` where it was not, which may know the answer from elsewhere.
    pub(super) fn verify(
        &self,
        signature: &Signature<'_>,
        check: impl FnOnce() -> Result<Used, VerifyError>,
    ) -> Result<Result<Used, VerifyError>, Spent> {
        // To ask is to hash the key, however often.
        self.spend(1 + signature.key.len() / BYTES)?;
        let question = sha256_of(&[signature.of, signature.key]);
        let known = || self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = known().get(&question) {
            return Ok(answer.clone());
        }
        self.spend(price(signature))?;
        let answer = check();
        known().insert(question, answer.clone());
        Ok(answer)
    }
}

impl Signature<'_> {
    /// As computed, or as remembered between files.
    pub(super) fn check(&self) -> Result<Used, VerifyError> {
        verify::verify_shared(self.key, self.algorithm, self.content, self.value)
    }
}

/// By kind and size of the key, as measured, and by the bytes hashed.
fn price(signature: &Signature<'_>) -> usize {
    let hashed = signature.content.len() / BYTES;
    let by_key = match verify::mechanism_of(signature.key, signature.algorithm) {
        Err(_) => 1,
        Ok(used) => match used.key {
            KeySize::Rsa(bits) => 10 * (1 + bits / 2_048).pow(2),
            KeySize::Ed25519 => 20,
            KeySize::Elliptic(Curve::P256) if is_fast(signature.algorithm) => 20,
            KeySize::Elliptic(Curve::P384) if is_fast(signature.algorithm) => 60,
            KeySize::Elliptic(_) => 400,
        },
    };
    1 + by_key + hashed
}

/// Whether ring computes it.
fn is_fast(algorithm: SignatureAlgorithm) -> bool {
    use DigestAlgorithm::{Sha256, Sha384};
    matches!(algorithm, SignatureAlgorithm::Ecdsa(Sha256 | Sha384))
}

/// Bytes that are hashed, or copied, in a unit.
pub(crate) const BYTES: usize = 4 << 10;

/// Units to take apart, or to judge, certificates of this many bytes in all, their extensions with them.
pub(crate) fn reading(bytes: usize) -> usize {
    /// Bytes of the smallest parts in a unit.
    const PARTS: usize = 128;
    10 + bytes / PARTS
}

#[cfg(test)]
mod tests;
