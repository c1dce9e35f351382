#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod foreign;

use std::{fs, path::Path, path::PathBuf, process::Command};

use super::{element::Element, *};
use crate::{
    crypto::{
        SigningIdentity,
        authority::{
            Role,
            tests::{TestAuthority, new_key, period},
        },
        identity::write_chain,
    },
    tlv::{
        BOOLEAN, CONTEXT_0, GENERALIZED_TIME, IA5_STRING, OCTET_STRING, SEQUENCE, UTF8_STRING, bit_string,
        integer, tlv,
    },
};

/// A seal maker and a signer of one authority, certified from 2025 to 2029.
pub(crate) struct Cast {
    pub(crate) maker: SigningIdentity,
    pub(crate) signer: SigningIdentity,
    pub(crate) authority: TestAuthority,
}

impl Cast {
    pub(crate) fn new() -> Self {
        let authority = TestAuthority::sm2();
        let years = period("2025-01-01", "2030-01-01");
        Self {
            maker: authority.identity(Role::SealMaker, years),
            signer: authority.identity(Role::DocumentSigner, years),
            authority,
        }
    }

    /// Another signer under the same authority.
    pub(crate) fn another(&self) -> SigningIdentity {
        self.authority
            .identity(Role::DocumentSigner, period("2025-01-01", "2030-01-01"))
    }

    /// A signer without an SM2 key.
    pub(crate) fn p256(&self) -> SigningIdentity {
        let years = period("2025-01-01", "2030-01-01");
        self.authority.identity_of(new_key(), Role::DocumentSigner, years)
    }

    /// A small seal for the signer, in force from 2026 to 2028.
    pub(crate) fn definition(&self, version: WrittenVersion) -> SesDefinition {
        SesDefinition {
            version,
            es_id: "41990100000029".to_owned(),
            kind: 4,
            name: "示例市示例区教育局电子证照专用章".to_owned(),
            signers: Permitted::ByCertificate(vec![self.signer.certificate.to_vec()]),
            created: at("2026-01-01T08:00:00.5Z"),
            valid_start: at("2026-01-01T00:00:00Z"),
            valid_end: at("2028-12-31T23:59:59Z"),
            picture: SesPicture {
                kind: "svg".to_owned(),
                data: b"<svg/>".to_vec(),
                width: 42,
                height: 42,
            },
            extensions: Vec::new(),
        }
    }

    pub(crate) fn seal(&self, version: WrittenVersion) -> Vec<u8> {
        SesSeal::make(&self.definition(version), &self.maker).unwrap()
    }

    fn is_believed(&self, seal: &[u8]) -> bool {
        SesSeal::parse(seal).is_ok_and(|seal| seal.verify_maker(&self.maker.certificate).is_ok())
    }

    /// SES_SealInfo as no writer here makes it.
    fn odd_info(&self, version: u32, time: fn(&str) -> Vec<u8>, extensions: &[u8]) -> Vec<u8> {
        let certificate = tlv(OCTET_STRING, &[&self.signer.certificate]);
        let list = tlv(SEQUENCE, &[&certificate]);
        let list_type = if version == 1 { Vec::new() } else { integer(1) };
        let instants = ["20260101000000Z", "20260101000000Z", "20281231235959Z"].map(time);
        let property = [
            &integer(1)[..],
            &tlv(UTF8_STRING, &["印章".as_bytes()]),
            &list_type,
            &list,
            &instants.concat(),
        ];
        tlv(
            SEQUENCE,
            &[
                &tlv(
                    SEQUENCE,
                    &[
                        &tlv(IA5_STRING, &[b"ES"]),
                        &integer(version),
                        &tlv(IA5_STRING, &[b"another"]),
                    ],
                ),
                &tlv(IA5_STRING, &[b"1"]),
                &tlv(SEQUENCE, &property),
                &tlv(
                    SEQUENCE,
                    &[
                        &tlv(IA5_STRING, &[b"PNG"]),
                        &tlv(OCTET_STRING, &[b"GIF89a"]),
                        &integer(40),
                        &integer(40),
                    ],
                ),
                extensions,
            ],
        )
    }

    /// Certificate and algorithm of the maker, as elements.
    fn maker_parts(&self) -> [Vec<u8>; 2] {
        let algorithm = self.maker.signer.scheme().algorithm_oid().to_vec();
        [tlv(OCTET_STRING, &[&self.maker.certificate]), algorithm]
    }

    /// A seal of 2014, as GM/T 0031-2014 has its maker sign it.
    pub(crate) fn first_edition(&self) -> Vec<u8> {
        let info = self.odd_info(1, utc_time, &[]);
        let [certificate, algorithm] = self.maker_parts();
        let signed = tlv(SEQUENCE, &[&info, &certificate, &algorithm]);
        let value = bit_string(&self.maker.signer.sign(&signed).unwrap());
        let sign_info = tlv(SEQUENCE, &[&certificate, &algorithm, &value]);
        tlv(SEQUENCE, &[&info, &sign_info])
    }
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn generalized_time(text: &str) -> Vec<u8> {
    tlv(GENERALIZED_TIME, &[text.as_bytes()])
}

fn utc_time(text: &str) -> Vec<u8> {
    tlv(0x17, &[&text.as_bytes()[2..]])
}

/// Where seals and sealed files of others are.
pub(crate) fn corpus() -> Option<PathBuf> {
    let found = std::env::var_os("CERTSEAL_CORPORA").map(|root| PathBuf::from(root).join("ofd"));
    if found.is_none() {
        eprintln!("SKIPPED: CERTSEAL_CORPORA names no folder of foreign documents");
    }
    found
}

/// Whether openssl takes a value for the signature of these bytes by the key of a certificate.
pub(crate) fn openssl_verifies(certificate: &[u8], signed: &[u8], value: &[u8]) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let run = |folder: &Path, arguments: &str| {
        let arguments = arguments.split_whitespace();
        let done = Command::new("openssl")
            .args(arguments)
            .current_dir(folder)
            .output();
        done.unwrap().status.success()
    };
    write_chain(&folder.path().join("signer.pem"), [certificate]).unwrap();
    fs::write(folder.path().join("signed"), signed).unwrap();
    fs::write(folder.path().join("value"), value).unwrap();
    assert!(run(
        folder.path(),
        "x509 -in signer.pem -noout -pubkey -out key.pem"
    ));
    run(
        folder.path(),
        "pkeyutl -verify -pubin -inkey key.pem -rawin -digest sm3 -pkeyopt distid:1234567812345678 -in signed \
         -sigfile value",
    )
}

#[test]
fn what_was_made_is_what_is_read() {
    let cast = Cast::new();
    for version in [WrittenVersion::V4, WrittenVersion::V5] {
        let mut definition = cast.definition(version);
        let listed = vec![
            cast.signer.certificate.to_vec(),
            cast.another().certificate.to_vec(),
        ];
        for signers in [
            Permitted::ByCertificate(listed.clone()),
            Permitted::ByDigest(listed),
        ] {
            definition.signers = signers;
            let bytes = SesSeal::make(&definition, &cast.maker).unwrap();
            let seal = SesSeal::parse(&bytes).unwrap();
            assert_eq!(seal.version(), version.into());
            assert_eq!((seal.es_id(), seal.property().kind), ("41990100000029", 4));
            assert_eq!(seal.property().name, definition.name);
            assert_eq!(seal.property().created, at("2026-01-01T08:00:00Z"));
            assert_eq!(seal.property().valid_end, definition.valid_end);
            assert_eq!(seal.picture(), &definition.picture);
            assert_eq!(seal.bytes(), bytes);
            assert_eq!(seal.deviations(), []);
            assert_eq!(seal.property().signers.len(), 2);
            assert!(seal.property().signers.has(&cast.signer.certificate));
            assert!(!seal.property().signers.has(&cast.maker.certificate));
            assert!(seal.in_force_at(definition.valid_end) && !seal.in_force_at(at("2029-01-01T00:00:00Z")));
            let used = seal.verify_maker(&cast.maker.certificate).unwrap();
            assert_eq!(used.algorithm, SignatureAlgorithm::Sm2);
            let other = seal.verify_maker(&cast.signer.certificate);
            assert!(matches!(other, Err(SesVerifyError::OtherMaker)));
        }
    }
    let mut definition = cast.definition(WrittenVersion::V4);
    definition.extensions = vec![SesExtension {
        id: "1.2.156.112600.7.2".parse().unwrap(),
        critical: true,
        value: b"x".to_vec(),
    }];
    let seal = SesSeal::parse(&SesSeal::make(&definition, &cast.maker).unwrap()).unwrap();
    assert_eq!(seal.extensions(), definition.extensions);
    assert_eq!(seal.deviations(), []);
    let stamped = SesSeal::make_stamped(&cast.definition(WrittenVersion::V5), &cast.maker, |value| {
        Ok::<_, SesMakeError>(value.to_vec())
    });
    let stamped = SesSeal::parse(&stamped.unwrap()).unwrap();
    assert_eq!(stamped.time_stamp(), Some(stamped.signature_value()));
}

#[test]
fn openssl_verifies_what_the_maker_signed() {
    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    let cast = Cast::new();
    for bytes in [
        cast.seal(WrittenVersion::V4),
        cast.seal(WrittenVersion::V5),
        cast.first_edition(),
    ] {
        let seal = SesSeal::parse(&bytes).unwrap();
        let verified = openssl_verifies(seal.maker_certificate(), &seal.signed, seal.signature_value());
        assert!(verified, "{:?}", seal.version());
        assert!(!openssl_verifies(
            seal.maker_certificate(),
            &seal.bytes,
            seal.signature_value()
        ));
    }
}

#[test]
fn no_byte_can_be_changed_cut_or_added() {
    let cast = Cast::new();
    for bytes in [cast.seal(WrittenVersion::V4), cast.first_edition()] {
        assert!(cast.is_believed(&bytes));
        for position in 0..bytes.len() {
            for change in [0x01, 0x80] {
                let mut other = bytes.clone();
                other[position] ^= change;
                assert!(!cast.is_believed(&other), "byte {position} xor {change:02x}");
            }
        }
        for length in 0..bytes.len() {
            assert!(SesSeal::parse(&bytes[..length]).is_err(), "cut to {length}");
        }
        assert!(SesSeal::parse(&[&bytes[..], &[0]].concat()).is_err());
    }
}

#[test]
fn each_edition_is_held_to_what_its_maker_signs() {
    let cast = Cast::new();
    let first = cast.first_edition();
    let seal = SesSeal::parse(&first).unwrap();
    assert_eq!(
        (seal.version(), seal.deviations()),
        (SesVersion::V1, &[Deviation::PictureType][..])
    );
    assert!(seal.verify_maker(&cast.maker.certificate).is_ok());

    // The parts of one edition in the order of the other: read, and not believed.
    let [certificate, algorithm] = cast.maker_parts();
    let info = cast.odd_info(1, utc_time, &[]);
    let over_all = tlv(SEQUENCE, &[&info, &certificate, &algorithm]);
    let over_info = bit_string(&cast.maker.signer.sign(&info).unwrap());
    let over_all = bit_string(&cast.maker.signer.sign(&over_all).unwrap());
    let sign_info = tlv(SEQUENCE, &[&certificate, &algorithm, &over_info]);
    assert!(!cast.is_believed(&tlv(SEQUENCE, &[&info, &sign_info])));
    let info = cast.odd_info(4, generalized_time, &[]);
    let over_new = bit_string(&cast.maker.signer.sign(&info).unwrap());
    assert!(cast.is_believed(&tlv(SEQUENCE, &[&info, &certificate, &algorithm, &over_new])));
    assert!(!cast.is_believed(&tlv(SEQUENCE, &[&info, &certificate, &algorithm, &over_all])));
}

#[test]
fn what_is_in_use_is_read_and_named() {
    let cast = Cast::new();
    let [certificate, algorithm] = cast.maker_parts();
    let key_algorithm = b"\x06\x09\x2a\x81\x1c\xcf\x55\x01\x82\x2d\x01".to_vec();
    let extension = |critical: u8| {
        tlv(
            SEQUENCE,
            &[
                b"\x06\x02\x2a\x03",
                &tlv(BOOLEAN, &[&[critical]]),
                &tlv(OCTET_STRING, &[b"x"]),
            ],
        )
    };
    let bare = tlv(SEQUENCE, &[&extension(0)]);
    let tagged = tlv(CONTEXT_0, &[&tlv(SEQUENCE, &[&extension(0xff)])]);
    let local_time: fn(&str) -> Vec<u8> = |text| generalized_time(text.trim_end_matches('Z'));
    let picture = Deviation::PictureType;
    for (info, algorithm, certificate, is_raw, found) in [
        (
            cast.odd_info(4, generalized_time, &bare),
            &algorithm,
            &certificate,
            true,
            vec![picture, Deviation::ExplicitFalse, Deviation::RawSignature],
        ),
        (
            cast.odd_info(4, utc_time, &tagged),
            &algorithm,
            &certificate,
            false,
            vec![Deviation::TimeType, picture, Deviation::ExtensionsTagged],
        ),
        (
            cast.odd_info(3, local_time, &[]),
            &key_algorithm,
            &cast.maker.certificate.to_vec(),
            false,
            vec![
                Deviation::VersionNumber,
                Deviation::TimeForm,
                Deviation::LocalTime,
                picture,
                Deviation::UnwrappedCertificate,
                Deviation::KeyAlgorithm,
            ],
        ),
    ] {
        let mut value = cast.maker.signer.sign(&info).unwrap();
        if is_raw {
            value = crate::crypto::ecdsa::p256_to_fixed(&value).unwrap().to_vec();
        }
        let bytes = tlv(SEQUENCE, &[&info, certificate, algorithm, &bit_string(&value)]);
        let seal = SesSeal::parse(&bytes).unwrap();
        assert_eq!(seal.deviations(), found);
        let _judged = seal.verify_maker(&cast.maker.certificate).unwrap();
    }
}

#[test]
fn what_is_no_seal_is_refused_by_field() {
    let cast = Cast::new();
    let [certificate, algorithm] = cast.maker_parts();
    let value = bit_string(&[0; 64]);
    let field = |info: &[u8], algorithm: &[u8], certificate: &[u8]| match SesSeal::parse(&tlv(
        SEQUENCE,
        &[info, certificate, algorithm, &value],
    )) {
        Err(SesError::Malformed { field, .. } | SesError::Certificate { field, .. }) => field,
        other => panic!("{other:?}"),
    };
    let good = cast.odd_info(4, generalized_time, &[]);
    let no_time: fn(&str) -> Vec<u8> = |_| integer(7);
    let undated = cast.odd_info(4, no_time, &[]);
    assert_eq!(field(&undated, &algorithm, &certificate), "property.createDate");
    assert_eq!(field(&good, &integer(1), &certificate), "signatureAlgorithm");
    assert_eq!(
        field(&good, &algorithm, &tlv(OCTET_STRING, &[b"no certificate"])),
        "cert"
    );
    let odd = cast.odd_info(4, generalized_time, &tlv(OCTET_STRING, &[b"more"]));
    assert_eq!(field(&odd, &algorithm, &certificate), "eSealInfo");
    assert_eq!(field(&integer(4), &algorithm, &certificate), "eSealInfo");
    let sha1 = b"\x06\x03\x2a\x03\x04";
    let unknown = SesSeal::parse(&tlv(SEQUENCE, &[&good, &certificate, sha1, &value])).unwrap_err();
    assert_eq!(unknown.code(), "ses-algorithm");
    for (bytes, code) in [
        (&b""[..], "ses-malformed"),
        (b"\x30\x80\x00\x00", "ses-malformed"),
        (b"\x30\x84\xff\xff\xff\xff", "ses-malformed"),
        (&vec![0x30; 3 << 20], "ses-too-large"),
    ] {
        assert_eq!(SesSeal::parse(bytes).unwrap_err().code(), code);
    }
    // Signers without end.
    let one = tlv(
        SEQUENCE,
        &[&tlv(0x13, &[b"SM3"]), &tlv(OCTET_STRING, &[&[0; 32]])],
    );
    let mut definition = cast.definition(WrittenVersion::V4);
    definition.signers = Permitted::ByDigest(vec![cast.signer.certificate.to_vec()]);
    let seal = SesSeal::make(&definition, &cast.maker).unwrap();
    let crowd = tlv(SEQUENCE, &[&one.repeat(257)]);
    let mut property = Element::only(&seal, "SESeal", 0).unwrap().sequence().unwrap();
    let info = property.next("info").unwrap();
    let mut fields = info.sequence().unwrap();
    let parts: Vec<&[u8]> = fields
        .rest("part", 9)
        .unwrap()
        .iter()
        .map(|part| part.whole)
        .collect();
    let mut inside = Element::only(parts[2], "property", 0)
        .unwrap()
        .sequence()
        .unwrap();
    let inside: Vec<&[u8]> = inside
        .rest("part", 9)
        .unwrap()
        .iter()
        .map(|part| part.whole)
        .collect();
    assert_eq!(inside[3].len(), tlv(SEQUENCE, &[&one]).len(), "certList");
    let property = tlv(SEQUENCE, &[&inside[..3].concat(), &crowd, &inside[4..].concat()]);
    let info = tlv(SEQUENCE, &[&parts[..2].concat(), &property, parts[3]]);
    let many = SesSeal::parse(&tlv(SEQUENCE, &[&info, &certificate, &algorithm, &value])).unwrap_err();
    assert_eq!(many.code(), "ses-too-many");
}

#[test]
fn a_seal_that_breaks_a_rule_is_not_made() {
    let cast = Cast::new();
    let refused = |change: fn(&mut SesDefinition)| {
        let mut definition = cast.definition(WrittenVersion::V4);
        change(&mut definition);
        match SesSeal::make(&definition, &cast.maker).unwrap_err() {
            SesMakeError::BadField { field, .. } => field,
            other => panic!("{other}"),
        }
    };
    assert_eq!(refused(|d| d.es_id.clear()), "esID");
    assert_eq!(refused(|d| d.es_id = "印章".to_owned()), "esID");
    assert_eq!(refused(|d| d.name = "示例\u{7}局".to_owned()), "property.name");
    assert_eq!(refused(|d| d.valid_end = d.valid_start), "property.validEnd");
    assert_eq!(refused(|d| d.created = at("1969-12-31T00:00:00Z")), "property");
    assert_eq!(
        refused(|d| d.signers = Permitted::ByDigest(Vec::new())),
        "property.certList"
    );
    assert_eq!(refused(|d| d.picture.data = b"GIF89a".to_vec()), "picture");
    assert_eq!(refused(|d| d.picture.height = 0), "picture");

    let definition = cast.definition(WrittenVersion::V4);
    let by = |maker: &SigningIdentity| SesSeal::make(&definition, maker).unwrap_err();
    assert!(matches!(by(&cast.signer), SesMakeError::MakerIsSigner));
    assert!(matches!(by(&cast.p256()), SesMakeError::UnsuitableKey));
    let mut early = cast.definition(WrittenVersion::V4);
    early.created = at("2024-12-31T00:00:00Z");
    let early = SesSeal::make(&early, &cast.maker);
    assert!(matches!(early, Err(SesMakeError::CertificateNotValid { .. })));
    let stamped = SesSeal::make_stamped(&definition, &cast.maker, |_| Ok::<_, SesMakeError>(Vec::new()));
    assert!(matches!(
        stamped,
        Err(SesMakeError::BadField {
            field: "timeStamp",
            ..
        })
    ));
}
