#![allow(clippy::unwrap_used)]

use super::*;
use crate::{
    crypto::SigningIdentity,
    seal::ses::{
        Permitted, SesMakeError, WrittenVersion,
        tests::{Cast, at, openssl_verifies},
    },
    sign::timestamp::tests::token_over,
    tlv::{BIT_STRING, SEQUENCE, bit_string, integer, tlv},
};

const DATA: &[u8] = b"<ofd:Signature/>";
const PATH: &str = "/Doc_0/Signs/Sign_0/Signature.xml";

fn data_hash() -> [u8; 32] {
    DigestAlgorithm::Sm3.digest(DATA).try_into().unwrap()
}

fn sealing(hash: &[u8; 32]) -> Sealing<'_> {
    Sealing {
        data_hash: hash,
        property_info: PATH,
        at: at("2026-06-01T08:00:00.9Z"),
        extensions: &[],
    }
}

fn made(cast: &Cast, version: WrittenVersion) -> Vec<u8> {
    SesSignature::make(&cast.seal(version), &sealing(&data_hash()), &cast.signer).unwrap()
}

/// Whether a signature is taken for one of the cast's signer, with the seal of the cast's maker, over the data.
fn is_believed(cast: &Cast, bytes: &[u8]) -> bool {
    SesSignature::parse(bytes).is_ok_and(|signature| {
        signature.check_signature().is_ok()
            && signature.signer_certificate() == &*cast.signer.certificate
            && signature.is_permitted()
            && signature.covers(DATA)
            && signature.seal().verify_maker(&cast.maker.certificate).is_ok()
    })
}

#[test]
fn what_was_made_is_what_is_read() {
    let cast = Cast::new();
    for version in [WrittenVersion::V4, WrittenVersion::V5] {
        let bytes = made(&cast, version);
        let signature = SesSignature::parse(&bytes).unwrap();
        assert_eq!(signature.version(), version.into());
        assert_eq!(signature.signing_time(), Some(at("2026-06-01T08:00:00Z")));
        assert_eq!(signature.property_info(), PATH);
        assert_eq!(signature.seal().version(), version.into());
        assert_eq!(signature.deviations(), []);
        assert_eq!(signature.time_stamp(), None);
        assert!(is_believed(&cast, &bytes));
        assert!(!signature.covers(b"<ofd:Signature />"));
        let used = signature.check_signature().unwrap();
        assert_eq!(used.algorithm, SignatureAlgorithm::Sm2);
    }
    let mut definition = cast.definition(WrittenVersion::V4);
    definition.signers = Permitted::ByDigest(vec![cast.signer.certificate.to_vec()]);
    let seal = SesSeal::make(&definition, &cast.maker).unwrap();
    let bytes = SesSignature::make(&seal, &sealing(&data_hash()), &cast.signer).unwrap();
    assert!(is_believed(&cast, &bytes), "named by digest");
}

#[test]
fn openssl_verifies_what_the_signer_signed() {
    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    let cast = Cast::new();
    let signature = SesSignature::parse(&made(&cast, WrittenVersion::V4)).unwrap();
    let certificate = signature.signer_certificate();
    assert!(openssl_verifies(
        certificate,
        &signature.signed,
        signature.signature_value()
    ));
    assert!(!openssl_verifies(
        certificate,
        &signature.data_hash,
        signature.signature_value()
    ));
}

#[test]
fn no_byte_can_be_changed_cut_or_added() {
    let cast = Cast::new();
    let bytes = made(&cast, WrittenVersion::V4);
    for position in 0..bytes.len() {
        for change in [0x01, 0x80] {
            let mut other = bytes.clone();
            other[position] ^= change;
            assert!(!is_believed(&cast, &other), "byte {position} xor {change:02x}");
        }
    }
    for length in 0..bytes.len() {
        assert!(SesSignature::parse(&bytes[..length]).is_err(), "cut to {length}");
    }
    assert!(SesSignature::parse(&[&bytes[..], &[0]].concat()).is_err());
    // Another's seal is another's, though the signer and what was signed are the same.
    let other = made(
        &Cast {
            signer: cast.signer.clone(),
            ..Cast::new()
        },
        WrittenVersion::V4,
    );
    let signature = SesSignature::parse(&other).unwrap();
    assert!(signature.check_signature().is_ok() && !is_believed(&cast, &other));
}

#[test]
fn whom_the_seal_does_not_permit_it_does_not_serve() {
    let cast = Cast::new();
    let seal = cast.seal(WrittenVersion::V4);
    let hash = data_hash();
    let refused = |seal: &[u8], sealing: &Sealing<'_>, identity: &SigningIdentity| {
        SesSignature::make(seal, sealing, identity).unwrap_err()
    };
    let sealing = sealing(&hash);
    assert!(matches!(
        refused(&seal, &sealing, &cast.another()),
        SesMakeError::NotPermitted
    ));
    assert!(matches!(
        refused(&seal, &sealing, &cast.p256()),
        SesMakeError::UnsuitableKey
    ));
    assert!(matches!(
        refused(&cast.first_edition(), &sealing, &cast.signer),
        SesMakeError::OldVersion
    ));
    assert!(matches!(
        refused(b"", &sealing, &cast.signer),
        SesMakeError::Unreadable(_)
    ));
    for (when, is_the_seals) in [("2025-12-31T23:59:59Z", true), ("2029-01-01T00:00:00Z", true)] {
        let late = Sealing {
            at: at(when),
            ..sealing
        };
        let error = refused(&seal, &late, &cast.signer);
        assert_eq!(matches!(error, SesMakeError::SealNotInForce { .. }), is_the_seals);
    }
    let mut lasting = cast.definition(WrittenVersion::V4);
    lasting.valid_end = at("2035-01-01T00:00:00Z");
    let lasting = SesSeal::make(&lasting, &cast.maker).unwrap();
    let late = Sealing {
        at: at("2030-06-01T00:00:00Z"),
        ..sealing
    };
    let error = refused(&lasting, &late, &cast.signer);
    assert!(matches!(error, SesMakeError::CertificateNotValid { .. }));
    for property_info in ["", "/Doc 0", "/文档"] {
        let error = refused(
            &seal,
            &Sealing {
                property_info,
                ..sealing
            },
            &cast.signer,
        );
        assert!(matches!(
            error,
            SesMakeError::BadField {
                field: "propertyInfo",
                ..
            }
        ));
    }

    // Who signs all the same is found out by whoever asks the seal.
    let other = cast.another();
    let mut signer = SesSigner::new(&seal, &cast.signer).unwrap();
    signer.signer = other.signer;
    signer.certificate = other.certificate;
    let forged = SesSignature::parse(&signer.sign(&sealing).unwrap()).unwrap();
    assert!(forged.check_signature().is_ok() && !forged.is_permitted());
}

#[test]
fn a_timestamp_is_over_the_signature_value() {
    let cast = Cast::new();
    let signer = SesSigner::new(&cast.seal(WrittenVersion::V5), &cast.signer).unwrap();
    let hash = data_hash();
    let stamp = |value: &[u8]| Ok::<_, SesMakeError>(token_over(value));
    let bytes = signer.sign_stamped(&sealing(&hash), stamp).unwrap();
    let signature = SesSignature::parse(&bytes).unwrap();
    assert!(is_believed(&cast, &bytes));
    let token = signature.time_stamp().unwrap();
    let stamped = check_time_stamp(token, signature.signature_value()).unwrap();
    assert_eq!(stamped.info().gen_time, at("2026-06-01T08:00:00.25Z"));
    let other = check_time_stamp(token, signature.data_hash());
    assert!(matches!(other, Err(TokenError::OtherImprint)));
    for position in 0..token.len() {
        let mut other = token.to_vec();
        other[position] ^= 1;
        // What is beside what is signed there: certificates above the authority's own.
        if let Ok(token) = check_time_stamp(&other, signature.signature_value()) {
            assert_eq!(token.signer_certificate(), stamped.signer_certificate());
            assert_eq!(token.info(), stamped.info());
        }
    }
    // The seal itself, of 2025.
    let seal = SesSeal::make_stamped(&cast.definition(WrittenVersion::V5), &cast.maker, stamp).unwrap();
    let seal = SesSeal::parse(&seal).unwrap();
    assert!(check_time_stamp(seal.time_stamp().unwrap(), seal.signature_value()).is_ok());
    assert!(check_time_stamp(&[1, 2, 3], seal.signature_value()).is_err());
}

/// GM/T 0031-2014: certificate and algorithm are among what is signed, and the time stands in a BIT STRING.
#[test]
fn signatures_of_the_first_edition_are_read() {
    let cast = Cast::new();
    let certificate = tlv(0x04, &[&cast.signer.certificate]);
    let algorithm = cast.signer.signer.scheme().algorithm_oid();
    let of_time = |time: &[u8]| {
        let signed = tlv(
            SEQUENCE,
            &[
                &integer(1),
                &cast.first_edition(),
                time,
                &bit_string(&data_hash()),
                &tlv(0x16, &[PATH.as_bytes()]),
                &certificate,
                algorithm,
            ],
        );
        let value = bit_string(&cast.signer.signer.sign(&signed).unwrap());
        tlv(SEQUENCE, &[&signed, &value])
    };
    for (time, read, deviations) in [
        (
            &b"20260601080000Z"[..],
            TimeInfo::Claimed(at("2026-06-01T08:00:00Z")),
            &[][..],
        ),
        (
            b"2026-06-01 16:00:00",
            TimeInfo::Claimed(at("2026-06-01T08:00:00Z")),
            &[Deviation::TimeForm, Deviation::LocalTime],
        ),
        (b"\x30\x00", TimeInfo::Token(b"\x30\x00".to_vec()), &[]),
    ] {
        let bytes = of_time(&bit_string(time));
        assert!(is_believed(&cast, &bytes));
        let signature = SesSignature::parse(&bytes).unwrap();
        assert_eq!(
            (signature.version(), signature.time_info()),
            (SesVersion::V1, &read)
        );
        assert_eq!(signature.deviations(), deviations);
    }
    let dated = SesSignature::parse(&of_time(&tlv(0x17, &[b"260601080000Z"]))).unwrap();
    assert_eq!(dated.deviations(), [Deviation::TimeType]);
    assert!(matches!(dated.time_info(), TimeInfo::Claimed(_)));
    assert!(SesSignature::parse(&of_time(&tlv(BIT_STRING, &[&[1, 0xfe]]))).is_err());
}
