//! Keys of Ed25519 under which a signature says nothing.
//!
//! On a point of small order a value verifies over many messages, on the neutral element over all (RFC 8032 §8.9 and §5.1.7
//! leave it to the verifier). Who has a certificate on such a key signs every document there is at once, and dates all of
//! them by one timestamp. Nobody gets one by making a key.

use super::VerifyError;

/// Second coordinates of the points of order 1, 2, 4 and 8, lowest octet first, and those of them that can be written once
/// more with the prime added. The highest bit is the sign of the first coordinate, which is any.
const OF_SMALL_ORDER: [[u8; 32]; 7] = [
    with(0x00, 0x00, 0x00),
    with(0x01, 0x00, 0x00),
    with(0xec, 0xff, 0x7f),
    with(0xed, 0xff, 0x7f),
    with(0xee, 0xff, 0x7f),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5,
        0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a,
        0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
];

/// The first octet, those in between, the last.
const fn with(first: u8, between: u8, last: u8) -> [u8; 32] {
    let mut octets = [between; 32];
    octets[0] = first;
    octets[31] = last;
    octets
}

pub(super) fn check_point(octets: &[u8]) -> Result<(), VerifyError> {
    let refused = |why: &str| Err(VerifyError::KeyRefused(why.to_owned()));
    let Ok(mut point) = <[u8; 32]>::try_from(octets) else {
        return refused("an Ed25519 key is 32 octets long");
    };
    point[31] &= 0x7f;
    if OF_SMALL_ORDER.contains(&point) {
        return refused("an Ed25519 key of small order");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use ring::signature::{ED25519, UnparsedPublicKey};

    use super::*;

    #[test]
    fn keys_of_small_order_are_refused() {
        // The neutral element and nothing for a value verify over anything.
        let neutral = with(1, 0, 0);
        let value = [neutral, [0; 32]].concat();
        for message in [b"one", b"two"] {
            UnparsedPublicKey::new(&ED25519, neutral)
                .verify(message, &value)
                .unwrap();
        }
        for sign in [0, 0x80] {
            for mut point in OF_SMALL_ORDER {
                point[31] |= sign;
                let refused = check_point(&point).unwrap_err();
                assert!(refused.to_string().contains("small order"), "{refused}");
            }
        }
        assert!(check_point(&[1; 31]).is_err());
        assert!(check_point(&with(2, 0, 0)).is_ok());
    }
}
