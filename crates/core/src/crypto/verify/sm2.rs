//! SM2 signatures (GB/T 32918.2-2016). RustCrypto does the mathematics.

use ::sm2::dsa::{Signature, VerifyingKey, signature::Verifier as _};

use super::{VerifyError, elliptic};
use crate::crypto::{ecdsa::p256_to_fixed, sm2::IDENTITY};

/// A key, with the identity that all keys have.
pub(super) fn open(point: &[u8]) -> Result<VerifyingKey, VerifyError> {
    elliptic::check_form(point)?;
    VerifyingKey::from_sec1_bytes(IDENTITY, point).map_err(|_| elliptic::not_on_curve())
}

/// Verifies a signature, in strict DER, over a message.
pub(super) fn verify(point: &[u8], message: &[u8], signature: &[u8]) -> Result<(), VerifyError> {
    let fixed = p256_to_fixed(signature).map_err(|_| VerifyError::SignatureWrong)?;
    let wrong = |_| VerifyError::SignatureWrong;
    let signature = Signature::from_slice(&fixed).map_err(wrong)?;
    open(point)?.verify(message, &signature).map_err(wrong)
}
