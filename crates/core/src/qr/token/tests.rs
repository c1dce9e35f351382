//! Tokens as they are made, and everything that may be done to them.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use jiff::civil::date;
use ring::{
    rand::{SecureRandom, SystemRandom},
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};

use super::{packing::inflate, *};
use crate::crypto::Signer;

/// A throw-away key in memory behind the real seam.
#[derive(Debug)]
struct MemorySigner {
    key: EcdsaKeyPair,
    info: Vec<u8>,
}

impl Signer for MemorySigner {
    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::EcdsaP256Sha256
    }
    fn public_key_info(&self) -> &[u8] {
        &self.info
    }
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        let made = self.key.sign(&SystemRandom::new(), message);
        made.map(|s| s.as_ref().to_vec())
            .map_err(|_| SignerError::KeyFailed)
    }
}

fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let mut out = vec![tag];
    match body.len() {
        len @ 0..=127 => out.push(len as u8),
        len @ 128..=255 => out.extend([0x81, len as u8]),
        len => out.extend([0x82, (len >> 8) as u8, len as u8]),
    }
    out.extend(body);
    out
}

/// An identity with a self-signed X.509 certificate of the given common name.
pub(crate) fn identity(name: &str) -> SigningIdentity {
    let random = SystemRandom::new();
    let scheme = &ECDSA_P256_SHA256_ASN1_SIGNING;
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(scheme, &random).unwrap();
    let key = EcdsaKeyPair::from_pkcs8(scheme, pkcs8.as_ref(), &random).unwrap();
    let ec = tlv(6, &[&[0x2A, 0x86, 0x48, 0xCE, 0x3D, 2, 1]]);
    let p256 = tlv(6, &[&[0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7]]);
    let point = tlv(3, &[&[0], key.public_key().as_ref()]);
    let info = tlv(0x30, &[&tlv(0x30, &[&ec, &p256]), &point]);
    let signer = Arc::new(MemorySigner {
        key,
        info: info.clone(),
    });

    let with_sha256 = tlv(0x30, &[&tlv(6, &[&[0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 2]])]);
    let common_name = tlv(0x30, &[&tlv(6, &[&[0x55, 4, 3]]), &tlv(0x0C, &[name.as_bytes()])]);
    let subject = tlv(0x30, &[&tlv(0x31, &[&common_name])]);
    let validity = tlv(
        0x30,
        &[&tlv(0x17, &[b"250101000000Z"]), &tlv(0x17, &[b"350101000000Z"])],
    );
    let tbs = tlv(
        0x30,
        &[
            &tlv(0xA0, &[&[2, 1, 2]]),
            &[2, 1, 1],
            &with_sha256,
            &subject,
            &validity,
            &subject,
            &info,
        ],
    );
    let signature = tlv(3, &[&[0], &signer.sign(&tbs).unwrap()]);
    let certificate = tlv(0x30, &[&tbs, &with_sha256, &signature]);
    SigningIdentity {
        signer,
        certificate: certificate.into(),
        issuers: Arc::new([]),
    }
}

pub(crate) fn token() -> FaceToken {
    FaceToken {
        identifier: "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U".to_owned(),
        issuer_code: "11430000006122244L".to_owned(),
        made_at: "2026-11-21T08:00:00Z".parse().unwrap(),
        issued_on: date(2023, 5, 6),
        valid_from: date(2023, 5, 6),
        valid_until: Some(date(2028, 5, 5)),
        type_name: "食品经营许可证".to_owned(),
        type_version: 1,
        number: "JY14101020001234".to_owned(),
        holder_name: "示例区虚构餐饮管理有限公司".to_owned(),
        holder_code_masked: Some("91410102********4X".to_owned()),
        face_digest: [7; 32],
    }
}

/// A signed token in its plain form, which the decoder takes as well as the deflated one.
fn plain(token: &FaceToken, identity: &SigningIdentity) -> Vec<u8> {
    let bytes = sign(token, identity).unwrap();
    if bytes[0] == ZLIB_FIRST_BYTE {
        inflate(&bytes).unwrap()
    } else {
        bytes
    }
}

#[test]
fn what_was_signed_comes_back() {
    let identity = identity("Test token signer");
    let unlimited = FaceToken {
        valid_until: None,
        holder_code_masked: None,
        ..token()
    };
    let old = FaceToken {
        issued_on: date(1968, 2, 29),
        valid_from: date(1969, 12, 31),
        valid_until: Some(date(9998, 12, 31)),
        ..token()
    };
    for token in [token(), unlimited, old] {
        let bytes = sign(&token, &identity).unwrap();
        let read = SignedToken::parse(&bytes).unwrap();
        assert_eq!(read.kid(), kid_of(&identity.certificate));
        assert_eq!(read.verify(&identity.certificate).unwrap(), &token);
    }
    assert_eq!(token().type_code(), "11100000000013338W011");
}

#[test]
fn no_byte_can_be_changed() {
    let identity = identity("Test token signer");
    let bytes = plain(&token(), &identity);
    for position in 0..bytes.len() {
        for change in [1, 0x20, 0x80, 0xFF] {
            let mut other = bytes.clone();
            other[position] ^= change;
            let believed =
                SignedToken::parse(&other).is_ok_and(|read| read.verify(&identity.certificate).is_ok());
            assert!(!believed, "byte {position} xor {change:02x}");
        }
    }
    for len in 0..bytes.len() {
        assert!(SignedToken::parse(&bytes[..len]).is_err(), "cut to {len}");
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(SignedToken::parse(&longer).is_err());
}

#[test]
fn repetitive_tokens_are_deflated_and_no_change_gives_another_token() {
    let identity = identity("Test token signer");
    let long = FaceToken {
        holder_name: "虚构".repeat(70),
        ..token()
    };
    let bytes = sign(&long, &identity).unwrap();
    assert_eq!(bytes[0], ZLIB_FIRST_BYTE);
    assert_eq!(
        SignedToken::parse(&bytes)
            .unwrap()
            .verify(&identity.certificate)
            .unwrap(),
        &long
    );
    for position in 0..bytes.len() {
        for bit in 0..8 {
            let mut other = bytes.clone();
            other[position] ^= 1 << bit;
            if let Ok(read) = SignedToken::parse(&other) {
                // Padding bits at the end of the stream carry nothing.
                assert_eq!(read.unverified(), &long);
            }
        }
    }
    let mut longer = bytes;
    longer.push(0);
    assert!(matches!(SignedToken::parse(&longer), Err(TokenError::Deflate)));
}

#[test]
fn another_key_is_not_believed() {
    let (ours, theirs) = (identity("Ours"), identity("Theirs"));
    let read = SignedToken::parse(&sign(&token(), &ours).unwrap()).unwrap();
    assert!(matches!(
        read.verify(&theirs.certificate),
        Err(TokenError::OtherKey)
    ));
    // The same key id over another key: the signature itself must refuse.
    let forged = SignedToken {
        kid: kid_of(&theirs.certificate),
        ..read
    };
    assert!(matches!(
        forged.verify(&theirs.certificate),
        Err(TokenError::BadSignature)
    ));
}

#[test]
fn tokens_that_cannot_be_are_not_made() {
    let identity = identity("Test token signer");
    let refused = |token: FaceToken| match sign(&token, &identity) {
        Err(TokenError::Claim { claim }) => claim,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        refused(FaceToken {
            issuer_code: "X".into(),
            ..token()
        }),
        "cti"
    );
    assert_eq!(
        refused(FaceToken {
            identifier: "1.2.3".into(),
            ..token()
        }),
        "cti"
    );
    assert_eq!(
        refused(FaceToken {
            number: String::new(),
            ..token()
        }),
        "number"
    );
    assert_eq!(
        refused(FaceToken {
            holder_name: "长".repeat(200),
            ..token()
        }),
        "holder"
    );
}

#[test]
fn other_encodings_of_the_same_content_are_refused() {
    let identity = identity("Test token signer");
    let bytes = plain(&token(), &identity);
    // The version claim 1 written in two bytes, with every length around it put right.
    let mut cose = CoseSign1::from_tagged_slice(&bytes).unwrap();
    let payload = cose.payload.clone().unwrap();
    let name_end = payload.windows(3).position(|w| w == [0x01, 0x01, 0x02]).unwrap();
    let mut long_form = payload;
    long_form.splice(name_end + 1..name_end + 2, [0x18, 0x01]);
    cose.payload = Some(long_form);
    let again = cose.to_tagged_vec().unwrap();
    assert!(matches!(
        SignedToken::parse(&again),
        Err(TokenError::NotCanonical)
    ));
    // Something in the unprotected header.
    let mut cose = CoseSign1::from_tagged_slice(&bytes).unwrap();
    cose.unprotected.key_id = vec![1];
    let again = cose.to_tagged_vec().unwrap();
    assert!(matches!(
        SignedToken::parse(&again),
        Err(TokenError::Header { name: "unprotected" })
    ));
}

#[test]
fn noise_and_bombs_are_refused() {
    let random = SystemRandom::new();
    for len in 0..600 {
        let mut noise = vec![0; len];
        random.fill(&mut noise).unwrap();
        assert!(SignedToken::parse(&noise).is_err());
        for first in [COSE_SIGN1_FIRST_BYTE, ZLIB_FIRST_BYTE] {
            if let Some(byte) = noise.first_mut() {
                *byte = first;
            }
            assert!(SignedToken::parse(&noise).is_err());
        }
    }
    // Arrays within arrays, as deep as the limit on size lets them.
    let mut deep = vec![0x81; MAX_QR_TOKEN];
    deep[0] = COSE_SIGN1_FIRST_BYTE;
    assert!(SignedToken::parse(&deep).is_err());
    let mut deflater = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut deflater, &vec![0xD2; 50 << 20]).unwrap();
    let bomb = deflater.finish().unwrap();
    assert_eq!(bomb[0], ZLIB_FIRST_BYTE);
    assert!(matches!(
        SignedToken::parse(&bomb),
        Err(TokenError::TooLong { .. })
    ));
}
