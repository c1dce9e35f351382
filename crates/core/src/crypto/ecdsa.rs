//! The two encodings of an ECDSA signature: DER `SEQUENCE { r INTEGER, s INTEGER }` (X.509, CMS) and
//! the fixed-width `r‖s` (COSE, RFC 9053 §2.1).

use der::{Decode, Encode, Sequence, asn1::UintRef};

/// Bytes of one P-256 scalar.
const SCALAR: usize = 32;

/// `ECDSA-Sig-Value` of RFC 3279 §2.2.3.
#[derive(Sequence)]
struct EcdsaSigValue<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

/// Why a signature cannot be put into the other encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodingError {
    /// Not the strict DER of two non-negative INTEGERs.
    #[error("the ECDSA signature is not DER of two integers")]
    NotDer,
    /// An integer is wider than a P-256 scalar.
    #[error("an integer of the ECDSA signature is wider than 32 bytes")]
    TooWide,
}

/// DER to `r‖s` of a P-256 signature.
pub fn p256_to_fixed(signature: &[u8]) -> Result<[u8; 2 * SCALAR], EncodingError> {
    let value = EcdsaSigValue::from_der(signature).map_err(|_| EncodingError::NotDer)?;
    let mut fixed = [0; 2 * SCALAR];
    let (left, right) = fixed.split_at_mut(SCALAR);
    for (half, integer) in [(left, value.r), (right, value.s)] {
        let bytes = integer.as_bytes();
        let start = SCALAR.checked_sub(bytes.len()).ok_or(EncodingError::TooWide)?;
        half[start..].copy_from_slice(bytes);
    }
    Ok(fixed)
}

/// `r‖s` of a P-256 signature to DER.
pub fn p256_to_der(fixed: &[u8; 2 * SCALAR]) -> Result<Vec<u8>, EncodingError> {
    let (r, s) = fixed.split_at(SCALAR);
    let integer = |bytes| UintRef::new(bytes).map_err(|_| EncodingError::NotDer);
    EcdsaSigValue {
        r: integer(r)?,
        s: integer(s)?,
    }
    .to_der()
    .map_err(|_| EncodingError::NotDer)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn short_and_high_integers_survive_both_ways() {
        let mut fixed = [0_u8; 64];
        fixed[31] = 1; // r = 1
        fixed[32] = 0xff; // s has its high bit set, so DER adds a sign octet
        let der = p256_to_der(&fixed).unwrap();
        assert_eq!(&der[..5], b"\x30\x26\x02\x01\x01");
        assert_eq!(&der[5..9], b"\x02\x21\x00\xff");
        assert_eq!(p256_to_fixed(&der).unwrap(), fixed);
    }

    #[test]
    fn the_longest_signature_is_72_bytes() {
        let der = p256_to_der(&[0xff; 64]).unwrap();
        assert_eq!(
            der.len(),
            crate::crypto::SignatureScheme::EcdsaP256Sha256.max_signature_len()
        );
    }

    #[test]
    fn malformed_signatures_are_refused() {
        for bad in [
            &b""[..],
            b"\x30\x06\x02\x01\x01\x02\x01",
            b"\x30\x06\x02\x01\xff\x02\x01\x01",     // negative r
            b"\x30\x07\x02\x02\x00\x01\x02\x01\x01", // needless zero octet
            b"\x30\x06\x02\x01\x01\x02\x01\x01\x00", // trailing byte
        ] {
            assert_eq!(p256_to_fixed(bad), Err(EncodingError::NotDer), "{bad:02x?}");
        }
        let mut wide = vec![0x30, 0x26, 0x02, 0x21];
        wide.extend([0x01; 33]);
        wide.extend([0x02, 0x01, 0x01]);
        assert_eq!(p256_to_fixed(&wide), Err(EncodingError::TooWide));
    }
}
