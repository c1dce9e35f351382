//! Signatures that verified before: those on CA certificates, revocation lists and seals, which come back with
//! file after file.
//!
//! Whether a value is the signature of a message under a key depends on these three and the algorithm, and on
//! nothing else: on no instant, no anchor, no policy. So the answer may be kept as long as the process lives, and
//! no verdict changes by it. Whatever does depend on more (dates, revocation, constraints, whether the algorithm is
//! still believed) is asked anew each time.
//!
//! - An answer is found by SHA-256 over all that was asked, each part with its length before it. Two questions with
//!   one answer would be a collision.
//! - Only good answers are kept. A wrong value is computed each time, and nothing that is sent in makes it good.
//! - Their number is bounded, see [`Recent`].

use super::{SignatureAlgorithm, Used, VerifyError, verify_value};
use crate::{crypto::DigestAlgorithm, recent::Recent};

/// Answers of one generation: an installation meets some dozen authorities, a big office some hundred.
const GENERATION: usize = 4_096;

type Question = [u8; 32];

static KNOWN: Recent<Question, Used> = Recent::new(GENERATION);

fn question(key: &[u8], algorithm: SignatureAlgorithm, message: &[u8], signature: &[u8]) -> Option<Question> {
    let algorithm = format!("{algorithm:?}");
    let mut hasher = DigestAlgorithm::Sha256.hasher();
    for part in [key, algorithm.as_bytes(), message, signature] {
        hasher.update(&(part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finish().try_into().ok()
}

/// As [`verify_value`], for signatures that many files share.
pub fn verify_shared(
    public_key_info: &[u8],
    algorithm: SignatureAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> Result<Used, VerifyError> {
    let question = question(public_key_info, algorithm, message, signature);
    if let Some(used) = question.and_then(|question| KNOWN.get(&question)) {
        return Ok(used);
    }
    let used = verify_value(public_key_info, algorithm, message, signature)?;
    if let Some(question) = question {
        KNOWN.keep(question, used);
    }
    Ok(used)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::crypto::{PrivateKey, Signer as _};

    const ECDSA: SignatureAlgorithm = SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256);

    #[test]
    fn every_part_of_the_question_counts() {
        let asked = |key: &[u8], algorithm, message: &[u8], signature: &[u8]| {
            question(key, algorithm, message, signature).unwrap()
        };
        let own = asked(b"key", ECDSA, b"message", b"signature");
        assert_eq!(own, asked(b"key", ECDSA, b"message", b"signature"));
        let other = SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha384);
        let plain = SignatureAlgorithm::EcdsaPlain(DigestAlgorithm::Sha256);
        for different in [
            asked(b"kez", ECDSA, b"message", b"signature"),
            asked(b"key", other, b"message", b"signature"),
            asked(b"key", plain, b"message", b"signature"),
            asked(b"key", ECDSA, b"messagf", b"signature"),
            asked(b"key", ECDSA, b"message", b"signaturf"),
            // The same bytes, parted elsewhere.
            asked(b"key", ECDSA, b"messages", b"ignature"),
            asked(b"key", ECDSA, b"", b"messagesignature"),
        ] {
            assert_ne!(own, different);
        }
    }

    #[test]
    fn a_wrong_value_is_wrong_before_and_after_the_right_one() {
        let key = PrivateKey::generate().unwrap().signer().unwrap();
        let info = key.public_key_info();
        let signature = key.sign(b"a message of this test").unwrap();
        let asked = |message: &[u8], signature: &[u8]| {
            let used = verify_shared(info, ECDSA, message, signature);
            used.map(|used| used.algorithm)
        };
        let mut wrong = signature.clone();
        *wrong.last_mut().unwrap() ^= 1;
        for _ in 0..2 {
            assert_eq!(
                asked(b"a message of this test", &wrong),
                Err(VerifyError::SignatureWrong)
            );
            assert_eq!(
                asked(b"a message of that test", &signature),
                Err(VerifyError::SignatureWrong)
            );
            assert_eq!(asked(b"a message of this test", &signature), Ok(ECDSA));
        }
    }
}
