#![allow(clippy::unwrap_used)]

use std::{fs, io::Read as _, path::Path};

use flate2::read::DeflateDecoder;

use super::*;
use crate::{
    crypto::DigestAlgorithm,
    seal::ses::{
        SesSeal,
        tests::{Cast, corpus},
    },
    sign::cms::{CONTENT_TYPE, CmsVerifyError, MESSAGE_DIGEST, SIGNING_TIME, oid},
    tlv::{CONTEXT_0, OCTET_STRING, SEQUENCE, tlv},
};

const DATA: &[u8] = b"<ofd:Signature/>";
const SIGNED_DATA: &[u8] = b"\x06\x0a\x2a\x81\x1c\xcf\x55\x06\x01\x04\x02\x02";
const PLAIN_DATA: &[u8] = b"\x06\x0a\x2a\x81\x1c\xcf\x55\x06\x01\x04\x02\x01";
const SM3: &[u8] = b"\x30\x0a\x06\x08\x2a\x81\x1c\xcf\x55\x01\x83\x11";
const SM2: &[u8] = b"\x30\x0b\x06\x09\x2a\x81\x1c\xcf\x55\x01\x82\x2d\x01";

/// SignedData of the cast's signer: form A over content, form B over attributes.
fn signed_data(cast: &Cast, content: Option<&[u8]>, attributes: &[Vec<u8>]) -> Vec<u8> {
    let attributes = attributes.concat();
    let to_sign = match content {
        Some(content) => content.to_vec(),
        None => tlv(0x31, &[&attributes]),
    };
    let value = cast.signer.signer.sign(&to_sign).unwrap();
    let names = x509::raw(&cast.signer.certificate).unwrap();
    let attributes = match content {
        Some(_) => Vec::new(),
        None => tlv(CONTEXT_0, &[&attributes]),
    };
    let content = content.map(|content| tlv(CONTEXT_0, &[&tlv(OCTET_STRING, &[content])]));
    let signer = tlv(
        SEQUENCE,
        &[
            b"\x02\x01\x01",
            &tlv(SEQUENCE, &[names.issuer, names.serial]),
            SM3,
            &attributes,
            SM2,
            &tlv(OCTET_STRING, &[&value]),
        ],
    );
    let data = tlv(
        SEQUENCE,
        &[
            b"\x02\x01\x01",
            &tlv(0x31, &[SM3]),
            &tlv(SEQUENCE, &[PLAIN_DATA, &content.unwrap_or_default()]),
            &tlv(CONTEXT_0, &[&cast.signer.certificate]),
            &tlv(0x31, &[&signer]),
        ],
    );
    tlv(SEQUENCE, &[SIGNED_DATA, &tlv(CONTEXT_0, &[&data])])
}

fn attributes(digest: &[u8]) -> Vec<Vec<u8>> {
    let attribute = |kind, value: &[u8]| tlv(SEQUENCE, &[&oid(kind).unwrap(), &tlv(0x31, &[value])]);
    vec![
        attribute(CONTENT_TYPE, PLAIN_DATA),
        attribute(SIGNING_TIME, &tlv(0x17, &[b"260601080000Z"])),
        attribute(MESSAGE_DIGEST, &tlv(OCTET_STRING, &[digest])),
    ]
}

fn read(bytes: &[u8]) -> Box<Sm2SignedData> {
    match SignedValue::parse(bytes).unwrap() {
        SignedValue::SignedData(signed) => signed,
        other => panic!("{other:?}"),
    }
}

#[test]
fn both_forms_of_signed_data_are_read() {
    let cast = Cast::new();
    let digest = DigestAlgorithm::Sm3.digest(DATA);
    let mut unsorted = attributes(&digest);
    unsorted.reverse();
    let base64 = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, &digest);
    for (bytes, has_time, found) in [
        (signed_data(&cast, Some(&digest), &[]), false, &[][..]),
        (signed_data(&cast, None, &attributes(&digest)), true, &[]),
        (
            signed_data(&cast, None, &unsorted),
            true,
            &[Deviation::AttributesUnsorted],
        ),
        (
            signed_data(&cast, Some(base64.as_bytes()), &[]),
            false,
            &[Deviation::Base64Digest],
        ),
    ] {
        let signed = read(&bytes);
        assert_eq!(signed.deviations(), found);
        assert_eq!(signed.signing_time().is_some(), has_time);
        assert!(signed.covers(DATA) && !signed.covers(b"<ofd:Signature />"));
        assert_eq!(
            signed.check_signature().unwrap().algorithm,
            SignatureAlgorithm::Sm2
        );
        assert_eq!(signed.signer_certificate(), Some(&*cast.signer.certificate));
        for position in 0..bytes.len() {
            let mut other = bytes.clone();
            other[position] ^= 1;
            let is_believed = SignedValue::parse(&other).is_ok_and(|value| match value {
                SignedValue::SignedData(other) => {
                    other.check_signature().is_ok()
                        && other.covers(DATA)
                        && other.signer_certificate() == Some(&*cast.signer.certificate)
                        && (other.signing_time(), other.deviations()) == (signed.signing_time(), found)
                        && other.digest_algorithm() == DigestAlgorithm::Sm3
                }
                _ => false,
            });
            // Which digests are listed at the head, nobody signs and nobody asks.
            let at_head = (24..50).contains(&position);
            assert!(!is_believed || at_head, "byte {position}");
        }
    }
}

#[test]
fn signed_data_that_leave_something_open_are_refused() {
    let cast = Cast::new();
    let digest = DigestAlgorithm::Sm3.digest(DATA);
    let refused = |attributes: &[Vec<u8>]| {
        SignedValue::parse(&signed_data(&cast, None, attributes))
            .unwrap_err()
            .to_string()
    };
    let good = attributes(&digest);
    let twice = [&good[..], &good[2..]].concat();
    assert!(refused(&twice).contains("twice"));
    assert!(refused(&good[..2]).contains("missing"));
    // Attributes without the data they are over: another digest.
    let other = read(&signed_data(&cast, None, &attributes(&[0; 32])));
    assert!(other.check_signature().is_ok() && !other.covers(DATA));
    // Without the certificate nobody is the signer.
    let mut nobody = signed_data(&cast, Some(&digest), &[]);
    let names = x509::raw(&cast.signer.certificate).unwrap();
    let last = nobody
        .windows(names.serial.len())
        .rposition(|window| window == names.serial)
        .unwrap();
    nobody[last + 5] ^= 1;
    let nobody = read(&nobody).check_signature();
    assert_eq!(nobody, Err(CmsVerifyError::SignerCertificateMissing));
    for bytes in [
        &b""[..],
        b"\x30\x00",
        b"\x30\x03\x01\x01\xff",
        b"\x04\x01\x00",
        &[0x55; 65],
    ] {
        assert!(SignedValue::parse(bytes).is_err());
    }
}

#[test]
fn a_bare_value_needs_a_certificate_from_elsewhere() {
    let cast = Cast::new();
    let der = cast.signer.signer.sign(DATA).unwrap();
    let raw = crate::crypto::ecdsa::p256_to_fixed(&der).unwrap().to_vec();
    for (bytes, found) in [
        (der, &[Deviation::BareSignature][..]),
        (raw, &[Deviation::BareSignature, Deviation::RawSignature]),
    ] {
        let value = SignedValue::parse(&bytes).unwrap();
        assert_eq!((value.deviations(), value.signer_certificate()), (found, None));
        let SignedValue::Bare(bare) = value else { panic!() };
        assert!(bare.check(&cast.signer.certificate, DATA).is_ok());
        assert!(bare.check(&cast.maker.certificate, DATA).is_err());
        assert!(bare.check(&cast.signer.certificate, b"").is_err());
    }
}

/// A member of a package, as its directory has it.
fn member(package: &Path, name: &str) -> Vec<u8> {
    let zip = fs::read(package).unwrap();
    let short = |at: usize| usize::from(u16::from_le_bytes(zip[at..at + 2].try_into().unwrap()));
    let long = |at: usize| u32::from_le_bytes(zip[at..at + 4].try_into().unwrap()) as usize;
    let entry = (0..zip.len() - 46)
        .filter(|at| zip[*at..].starts_with(b"PK\x01\x02"))
        .find(|at| zip[at + 46..].starts_with(name.as_bytes()) && short(at + 28) == name.len());
    let entry = entry.unwrap_or_else(|| panic!("{name} in {}", package.display()));
    let local = long(entry + 42);
    let from = local + 30 + short(local + 26) + short(local + 28);
    let stored = &zip[from..from + long(entry + 20)];
    let mut content = Vec::new();
    match short(entry + 10) {
        0 => content.extend_from_slice(stored),
        _ => drop(DeflateDecoder::new(stored).read_to_end(&mut content).unwrap()),
    }
    content
}

#[test]
fn signatures_of_others_are_what_is_stated_of_them() {
    let Some(corpus) = corpus() else { return };
    // File, signature, deviations of signature and seal, whether the signer is the seal's maker.
    let at = |name: &str| corpus.join(name);
    let mut with_seal = Vec::new();
    for (file, number, deviations, of_seal, is_own_maker) in [
        (
            "signed_good/v4signed.ofd",
            0,
            &[][..],
            &[Deviation::ExplicitFalse][..],
            false,
        ),
        ("signed_good/SignScaleError.ofd", 0, &[], &[], true),
        ("signed_good/allprotected.ofd", 0, &[], &[], false),
        ("signed_good/SESV4SignDoc.ofd", 0, &[], &[], false),
        ("signed_bad/h_first_sig_broken_by_append.ofd", 0, &[], &[], false),
        ("signed_bad/h_first_sig_broken_by_append.ofd", 1, &[], &[], false),
        (
            "signed_bad/fapiao_document_xml_edited.ofd",
            0,
            &[],
            &[Deviation::ExplicitFalse],
            false,
        ),
    ] {
        let folder = format!("Doc_0/Signs/Sign_{number}");
        let value = member(&at(file), &format!("{folder}/SignedValue.dat"));
        let data = member(&at(file), &format!("{folder}/Signature.xml"));
        with_seal.push((file, value, Some(data), deviations, of_seal, is_own_maker));
    }
    let part = |name: &str| fs::read(at(&format!("sign_parts/{name}"))).unwrap();
    let real = Some(part("suzhou_minzheng/Signature.xml"));
    with_seal.push((
        "suzhou_minzheng",
        part("suzhou_minzheng/SignValue.dat"),
        real,
        &[],
        &[],
        false,
    ));
    with_seal.push(("SignedValueV4", part("SignedValueV4.dat"), None, &[], &[], false));
    with_seal.push(("SignedValueV5", part("SignedValueV5.dat"), None, &[], &[], false));
    for (file, value, data, deviations, of_seal, is_own_maker) in &with_seal {
        let SignedValue::Ses(signature) = SignedValue::parse(value).unwrap() else {
            panic!("{file}")
        };
        let seal = signature.seal();
        let good = signature.check_signature().is_ok() && seal.verify_maker(seal.maker_certificate()).is_ok();
        assert!(good && signature.is_permitted(), "{file}");
        assert!(data.as_ref().is_none_or(|data| signature.covers(data)), "{file}");
        assert_eq!(
            (signature.deviations(), seal.deviations()),
            (*deviations, *of_seal),
            "{file}"
        );
        let has_own_maker = signature.signer_certificate() == seal.maker_certificate();
        assert_eq!(has_own_maker, *is_own_maker, "{file}");
        assert!(
            signature.property_info().starts_with("/Doc_0/Signs/Sign_"),
            "{file}"
        );
    }
    // Signed after the seal had ended, by its own word.
    let SignedValue::Ses(late) = SignedValue::parse(&with_seal[3].1).unwrap() else {
        panic!()
    };
    assert_eq!(late.signing_time().unwrap().to_string(), "2026-08-04T02:08:09Z");
    assert!(!late.seal().in_force_at(late.signing_time().unwrap()));
}

#[test]
fn signatures_of_others_without_a_seal_are_what_is_stated_of_them() {
    let Some(corpus) = corpus() else { return };
    let at = |name: &str| corpus.join(name);
    for number in [0, 1] {
        let folder = format!("Doc_0/Signs/Sign_{number}");
        let file = at("signed_good/testImageNotFound.ofd");
        let signed = read(&member(&file, &format!("{folder}/SignedValue.dat")));
        assert!(signed.check_signature().is_ok());
        assert!(signed.covers(&member(&file, &format!("{folder}/Signature.xml"))));
        assert!(signed.signing_time().is_some());
        assert_eq!(
            signed.deviations(),
            [Deviation::ContentType, Deviation::AttributesUnsorted]
        );
    }
    let file = at("integrity/hello-integrity.ofd");
    let signed = read(&member(&file, "signedvalue.dat"));
    assert!(signed.check_signature().is_ok());
    assert!(signed.covers(&member(&file, "OFDEntries.xml")) && !signed.covers(&member(&file, "OFD.xml")));
    assert_eq!((signed.deviations(), signed.signing_time()), (&[][..], None));

    let file = at("signed_good/DigitalSign.ofd");
    let value = SignedValue::parse(&member(&file, "Doc_0/Signs/Sign_0/SignedValue.dat")).unwrap();
    let SignedValue::Bare(bare) = value else { panic!() };
    let data = member(&file, "Doc_0/Signs/Sign_0/Signature.xml");
    // USER.p12 is the signer of that seal.
    let seal = SesSeal::parse(&fs::read(at("seals/UserV4.esl")).unwrap()).unwrap();
    let crate::seal::ses::CertificateList::Certificates(users) = &seal.property().signers else {
        panic!()
    };
    assert!(bare.check(&users[0], &data).is_ok());
    assert!(bare.check(seal.maker_certificate(), &data).is_err());
}
