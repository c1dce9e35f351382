//! RSA signatures that ring does not check: digests, salts, masks and key sizes it leaves out.
//!
//! The `rsa` crate raises to the public exponent and takes PKCS#1 v1.5 padding apart. For PSS it knows one
//! digest for message and mask only, so its encoding is checked here, step by step as RFC 8017 §9.1.2
//! numbers them. Only public keys and public values are seen: nothing has to be hidden by constant time.

use der::{Decode, Sequence, asn1::UintRef};
use rsa::{
    BoxedUint, Pkcs1v15Sign, RsaPublicKey,
    hazmat::rsa_encrypt,
    traits::{PublicKeyParts, SignatureScheme},
};

use super::VerifyError;
use crate::{
    crypto::{algorithm::Pss, digest::DigestAlgorithm},
    limits::{MAX_RSA_BITS, MIN_RSA_BITS},
};

/// Longest public exponent, in bits, as ring has it: longer ones cost time and prove nothing.
const MAX_EXPONENT_BITS: usize = 33;

/// `RSAPublicKey` (RFC 8017 A.1.1).
#[derive(Sequence)]
struct Encoded<'a> {
    modulus: UintRef<'a>,
    exponent: UintRef<'a>,
}

/// A key of a size that is computed with.
#[derive(Debug)]
pub(super) struct Key<'a> {
    pub(super) bits: usize,
    modulus: &'a [u8],
    exponent: &'a [u8],
}

impl<'a> Key<'a> {
    pub(super) fn read(der: &'a [u8]) -> Result<Self, VerifyError> {
        let refused = |why: &str| VerifyError::KeyRefused(why.to_owned());
        let key = Encoded::from_der(der).map_err(|_| refused("not an RSA public key"))?;
        let (modulus, exponent) = (key.modulus.as_bytes(), key.exponent.as_bytes());
        let bits = bit_length(modulus);
        if bits > MAX_RSA_BITS {
            return Err(VerifyError::KeyUnsupported(format!(
                "an RSA key of {bits} bits; up to {MAX_RSA_BITS} are computed with"
            )));
        }
        if bits < MIN_RSA_BITS {
            return Err(VerifyError::KeyUnsupported(format!(
                "an RSA key of {bits} bits; no less than {MIN_RSA_BITS} are computed with"
            )));
        }
        let is_even = |number: &[u8]| number.last().is_none_or(|last| last % 2 == 0);
        if is_even(modulus) {
            return Err(refused("an RSA key with an even modulus"));
        }
        if is_even(exponent) {
            return Err(refused("an RSA key with an even exponent"));
        }
        if bit_length(exponent) == 1 {
            return Err(refused("an RSA key with exponent 1"));
        }
        if bit_length(exponent) > MAX_EXPONENT_BITS {
            return Err(VerifyError::KeyUnsupported(format!(
                "an RSA key with an exponent of {} bits; up to {MAX_EXPONENT_BITS} are computed with",
                bit_length(exponent)
            )));
        }
        Ok(Self {
            bits,
            modulus,
            exponent,
        })
    }

    fn open(&self) -> Result<RsaPublicKey, VerifyError> {
        let number = |bytes: &[u8]| BoxedUint::from_be_slice_vartime(bytes);
        RsaPublicKey::new_with_size_limits(
            number(self.modulus),
            number(self.exponent),
            MIN_RSA_BITS..=MAX_RSA_BITS,
        )
        .map_err(|error| VerifyError::KeyRefused(format!("an unusable RSA key: {error}")))
    }

    /// RSASSA-PKCS1-v1_5 over a digest.
    pub(super) fn verify_pkcs1(
        &self,
        digest: DigestAlgorithm,
        hash: &[u8],
        signature: &[u8],
    ) -> Result<(), VerifyError> {
        let scheme = Pkcs1v15Sign {
            hash_len: Some(digest.output_len()),
            prefix: digest_info(digest).into(),
        };
        scheme
            .verify(&self.open()?, hash, signature)
            .map_err(|_| VerifyError::SignatureWrong)
    }

    /// RSASSA-PSS over a digest (RFC 8017 §8.1.2).
    pub(super) fn verify_pss(&self, pss: Pss, hash: &[u8], signature: &[u8]) -> Result<(), VerifyError> {
        let key = self.open()?;
        let wrong = VerifyError::SignatureWrong;
        // 1, 2a, 2b.
        if signature.len() != key.size() {
            return Err(wrong);
        }
        let value = BoxedUint::from_be_slice(signature, key.n_bits_precision()).map_err(|_| wrong.clone())?;
        if value >= *key.n().as_ref() {
            return Err(wrong);
        }
        let opened = rsa_encrypt(&key, &value).map_err(|_| wrong.clone())?;
        // 2c. The encoded message is one octet shorter than the key where its bits are a multiple of 8.
        let bits = self.bits - 1;
        let octets = opened.to_be_bytes();
        let start = octets.len().checked_sub(bits.div_ceil(8)).ok_or(wrong.clone())?;
        let (above, encoded) = octets.split_at(start);
        if above.iter().any(|octet| *octet != 0) || !is_encoded(encoded, bits, pss, hash) {
            return Err(wrong);
        }
        Ok(())
    }
}

/// EMSA-PSS-VERIFY (RFC 8017 §9.1.2), `hash` being step 2.
fn is_encoded(encoded: &[u8], bits: usize, pss: Pss, hash: &[u8]) -> bool {
    let hash_len = pss.digest.output_len();
    // 3, 4, 5.
    let Some(db_len) = encoded.len().checked_sub(hash_len + 1) else {
        return false;
    };
    let Some(zeros) = db_len
        .checked_sub(1)
        .and_then(|rest| rest.checked_sub(pss.salt_length))
    else {
        return false;
    };
    let (masked, rest) = encoded.split_at(db_len);
    let (seed, trailer) = rest.split_at(hash_len);
    if trailer != [0xbc] {
        return false;
    }
    // 6 to 9.
    let unused = 0xff_u8
        .checked_shr((8 * encoded.len() - bits) as u32)
        .unwrap_or(0);
    if masked.first().is_none_or(|first| first & !unused != 0) {
        return false;
    }
    let mut db: Vec<u8> = mask(pss.mask, seed, db_len)
        .iter()
        .zip(masked)
        .map(|(mask, octet)| mask ^ octet)
        .collect();
    if let Some(first) = db.first_mut() {
        *first &= unused;
    }
    // 10, 11.
    let (padding, salt) = db.split_at(zeros + 1);
    if padding
        .split_last()
        .is_none_or(|(one, zeros)| *one != 1 || zeros.iter().any(|octet| *octet != 0))
    {
        return false;
    }
    // 12 to 14.
    let mut hasher = pss.digest.hasher();
    hasher.update(&[0; 8]);
    hasher.update(hash);
    hasher.update(salt);
    hasher.finish() == seed
}

/// MGF1 (RFC 8017 B.2.1).
fn mask(digest: DigestAlgorithm, seed: &[u8], length: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(length + digest.output_len());
    for counter in 0_u32.. {
        if out.len() >= length {
            break;
        }
        let mut hasher = digest.hasher();
        hasher.update(seed);
        hasher.update(&counter.to_be_bytes());
        out.extend_from_slice(&hasher.finish());
    }
    out.truncate(length);
    out
}

/// `DigestInfo` up to the digest itself, parameters NULL (RFC 8017 §9.2, note 1).
fn digest_info(digest: DigestAlgorithm) -> Vec<u8> {
    let oid = digest.oid();
    let (oid, hash_len) = (oid.as_bytes(), digest.output_len());
    let algorithm = oid.len() + 4;
    let mut out = vec![0x30, (algorithm + hash_len + 4) as u8, 0x30, algorithm as u8];
    out.extend_from_slice(&[0x06, oid.len() as u8]);
    out.extend_from_slice(oid);
    out.extend_from_slice(&[0x05, 0x00, 0x04, hash_len as u8]);
    out
}

fn bit_length(number: &[u8]) -> usize {
    let number = &number[number.iter().take_while(|octet| **octet == 0).count()..];
    number.len() * 8 - number.first().map_or(0, |first| first.leading_zeros() as usize)
}
