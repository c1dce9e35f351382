//! Documents of a type that is issued, read by our own reader and by others.

#![allow(clippy::unwrap_used)]

mod again;
mod page;

use std::{
    io::{Cursor, Read as _},
    path::Path,
};

use jiff::{Timestamp, civil::date};
use zip::ZipArchive;

use super::{
    super::{CheckMethod, Class, DigestTable, Drawn, Ground, OpenedOfd, Standing, open},
    *,
};
use crate::{
    catalogue::{Catalogue, Issuer},
    crypto::DigestAlgorithm,
    face::{FaceTemplate, FontConfig, Printed},
    judges::judge_is_here,
    seal::ses::{
        SesMakeError, WrittenVersion,
        tests::{Cast, openssl_verifies},
    },
    sign::ses::{SesSignature, SesSigner},
};

const IDENTIFIER: &str = "1.2.156.3005.2.11100000MB0900017M908.11419901MB99A00348.JY14199010000371.001.G";

/// A face that is set, with its data, and who seals it.
struct Sample {
    fonts: Arc<FontBook>,
    face: Face,
    data: FaceData,
    json: FaceJson,
    bytes: Vec<u8>,
    cast: Cast,
    signer: SesSigner,
}

impl Sample {
    fn new() -> Self {
        Self::with(WrittenVersion::V4)
    }

    fn with(version: WrittenVersion) -> Self {
        let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates");
        let catalogue = Catalogue::load(&templates).unwrap();
        let own = catalogue
            .types()
            .find(|own| own.key == "food-business-permit")
            .unwrap();
        let fonts = FontBook::shared(&FontConfig::default()).unwrap();
        let template = FaceTemplate::load(
            own,
            &catalogue.folder_of(own),
            &templates.join("_layouts"),
            &fonts,
        );
        let data = own.check(&own.sample(), date(2026, 6, 1)).unwrap();
        let issuer = Issuer {
            name: "示例市示例区市场监督管理局".to_owned(),
            code: "11419901MB99A00348".to_owned(),
            region: "419901".to_owned(),
        };
        let number = data.number.clone().unwrap();
        let printed = Printed {
            identifier: IDENTIFIER,
            number: &number,
            issuer_name: &issuer.name,
        };
        let mut face = template.unwrap().lay_out(&data, &printed, &fonts).unwrap();
        let dark: Vec<bool> = (0..41 * 41).map(|at| at % 3 == 0 || at % 7 == 0).collect();
        face.place_qr(dark.into(), 41).unwrap();
        let json = data.face_json(IDENTIFIER, &number, &issuer);
        let cast = Cast::new();
        let signer = SesSigner::new(&cast.seal(version), &cast.signer).unwrap();
        Self {
            bytes: json.to_bytes(),
            fonts,
            face,
            data,
            json,
            cast,
            signer,
        }
    }

    fn info(&self) -> DocumentInfo<'_> {
        DocumentInfo {
            identifier: IDENTIFIER,
            title: "食品经营许可证",
            author: &self.json.issuer.name,
            certificate_type: "food-business-permit",
            number: &self.json.number,
            created: at(),
            signer_name: &self.json.issuer.name,
            reason: "电子证照签章",
            location: None,
        }
    }

    fn file(&self) -> FaceFile<'_> {
        FaceFile {
            data: &self.data,
            json: &self.json,
            bytes: &self.bytes,
        }
    }

    fn prepared(&self, protection: Protection) -> PreparedOfd {
        PreparedOfd::new(OfdParts {
            base: &self.face.base,
            seal: &self.signer.seal_file(),
            seal_center: self.face.seal_center,
            fonts: &self.fonts,
            protection,
        })
        .unwrap()
    }

    fn unsealed(&self, protection: Protection) -> UnsealedOfd {
        let prepared = self.prepared(protection);
        prepared.write(&self.face, &self.info(), &self.file()).unwrap()
    }

    fn sealed(&self, protection: Protection) -> Vec<u8> {
        let unsealed = self.unsealed(protection);
        unsealed
            .seal(|document| self.signer.sign(&document.into()))
            .unwrap()
            .bytes
    }
}

fn at() -> Timestamp {
    "2026-06-01T08:00:00Z".parse().unwrap()
}

fn digest(method: CheckMethod, content: &[u8]) -> Option<Vec<u8>> {
    (method == CheckMethod::Sm3).then(|| DigestAlgorithm::Sm3.digest(content))
}

/// Members by name, as the crate `zip` finds them.
fn members(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let read = |index| {
        let mut member = archive.by_index(index).unwrap();
        let mut content = Vec::new();
        member.read_to_end(&mut content).unwrap();
        (member.name().unwrap().into_owned(), content)
    };
    (0..ZipArchive::new(Cursor::new(bytes)).unwrap().len())
        .map(read)
        .collect()
}

/// That a signature is over everything that another part of the file does not excuse.
fn check_coverage(opened: &OpenedOfd<'_>, number: usize) {
    let signature = opened.documents()[0].signatures[number].file.as_ref().unwrap();
    let checked = DigestTable::new(opened.package(), digest).check(signature);
    assert!(checked.all_right(), "{:?}", checked.states);
    assert!(checked.twice.is_empty());
    let reach = opened.reach().unwrap();
    assert_eq!(reach.deviations().iter().count(), 0);
    assert_eq!(reach.dangling().count(), 0);
    let coverage = reach.left_open_by((0, number), &checked.covered);
    assert!(coverage.is_whole(), "{coverage:?}");
    for class in [Class::Visible, Class::Frame, Class::Metadata] {
        assert_eq!(coverage.open(class).count(), 0);
    }
}

#[test]
fn a_sealed_document_is_covered_whole_without_a_deviation() {
    for (version, protection) in [
        (WrittenVersion::V4, Protection::Whole),
        (WrittenVersion::V5, Protection::Continued),
    ] {
        let sample = Sample::with(version);
        let bytes = sample.sealed(protection);
        let opened = open(&bytes).unwrap();
        let deviations: Vec<_> = opened.deviations().iter().collect();
        assert!(deviations.is_empty(), "{deviations:?}");
        assert_eq!(opened.root().doc_type.as_deref(), Some("OFD-A"));
        check_coverage(&opened, 0);

        // What is left to the signature itself; the list too where others may follow.
        let signature = opened.documents()[0].signatures[0].file.as_ref().unwrap();
        let checked = DigestTable::new(opened.package(), digest).check(signature);
        let left = opened.reach().unwrap().left_open_by((0, 0), &checked.covered);
        let left: Vec<_> = left
            .uncovered
            .iter()
            .map(|left| (opened.package().name(left.member), left.standing))
            .collect();
        let mut expected = vec![
            ("Doc_0/Signs/Sign_0/Signature.xml", Standing::Own),
            ("Doc_0/Signs/Sign_0/SignedValue.dat", Standing::Own),
        ];
        if protection == Protection::Continued {
            expected.push(("Doc_0/Signs/Signatures.xml", Standing::List));
        }
        assert_eq!(left.len(), expected.len());
        assert!(expected.iter().all(|one| left.contains(one)), "{left:?}");
    }
}

#[test]
fn the_signature_is_over_the_description_and_openssl_believes_it() {
    let sample = Sample::new();
    let bytes = sample.sealed(Protection::Whole);
    let found = members(&bytes);
    let get = |name: &str| &found.iter().find(|(found, _)| found == name).unwrap().1;
    let value = get("Doc_0/Signs/Sign_0/SignedValue.dat");
    let signature = SesSignature::parse(value).unwrap();
    assert!(signature.covers(get("Doc_0/Signs/Sign_0/Signature.xml")));
    assert_eq!(signature.property_info(), "/Doc_0/Signs/Sign_0/Signature.xml");
    assert_eq!(signature.seal().bytes(), get("Doc_0/Signs/Sign_0/Seal.esl"));
    assert_eq!(signature.signing_time(), Some(at()));
    assert!(signature.check_signature().is_ok() && signature.is_permitted());
    assert!(
        signature
            .seal()
            .verify_maker(&sample.cast.maker.certificate)
            .is_ok()
    );
    // Every digest as written is one of the member as the crate `zip` reads it.
    let description = str::from_utf8(get("Doc_0/Signs/Sign_0/Signature.xml")).unwrap();
    assert_eq!(description.matches("<ofd:Reference ").count(), found.len() - 2);

    if judge_is_here("openssl") {
        let signed = signed_part(value);
        assert!(openssl_verifies(
            &sample.cast.signer.certificate,
            signed,
            signature.signature_value()
        ));
    }
}

/// TBS_Sign: the first element of a SES_Signature.
fn signed_part(value: &[u8]) -> &[u8] {
    let header = |bytes: &[u8]| match bytes[1] {
        length @ ..0x80 => (2, usize::from(length)),
        size => {
            let size = usize::from(size & 0x7F);
            let length = bytes[2..2 + size]
                .iter()
                .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            (2 + size, length)
        }
    };
    let (skip, _) = header(value);
    let (head, length) = header(&value[skip..]);
    &value[skip..skip + head + length]
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let sample = Sample::new();
    let write = || {
        sample
            .unsealed(Protection::Whole)
            .seal(|_| Ok::<_, ()>(vec![1; 100]))
            .unwrap()
    };
    let (one, other) = (write(), write());
    assert!(one == other);
    assert_eq!(one.digest, crate::crypto::sha256(&one.bytes));
    let found = members(&one.bytes);
    assert_eq!(found[0].0, "OFD.xml");
    assert_eq!(&found.last().unwrap().1, &vec![1; 100]);
}

#[test]
fn metadata_have_the_short_names_and_the_attachments_the_data() {
    let sample = Sample::new();
    let bytes = sample.sealed(Protection::Whole);
    let opened = open(&bytes).unwrap();
    let info = &opened.root().bodies[0].info;
    let stated = |name: &str| {
        let mut found = info.custom_datas.iter().filter(|data| data.name == name);
        let value = found.next().map(|data| data.value.as_str());
        assert!(found.next().is_none(), "{name} twice");
        value
    };
    assert_eq!(info.doc_id.as_ref().unwrap().len(), 32);
    assert_eq!(stated("ZZBS"), Some(IDENTIFIER));
    assert_eq!(stated("ZZBH"), Some("JY14199010000371"));
    assert_eq!(stated("ZZBFJGDM"), Some("11419901MB99A00348"));
    assert_eq!(stated("CZZT"), Some(&sample.data.holder_name[..]));
    assert_eq!(stated("CZZTDMLXDM"), Some("001"));
    assert_eq!(stated("ZZYXQJZRQ"), Some("2029-04-01"));
    assert_eq!(
        stated("KZ_QFR"),
        sample.data.printed.get("signatory").map(String::as_str)
    );

    let attached = opened.documents()[0].attachments.as_ref().unwrap();
    let content = |name: &str| {
        let found = attached
            .attachments
            .iter()
            .find(|one| one.name.as_deref() == Some(name));
        opened
            .package()
            .read(found.unwrap().file.member.unwrap())
            .unwrap()
            .to_vec()
    };
    assert_eq!(content(ATTACHMENT), sample.bytes);
    let xml = String::from_utf8(content(ATTACHMENT_XML)).unwrap();
    let tree = roxmltree::Document::parse(&xml).unwrap();
    let fields: Vec<(&str, &str)> = tree
        .descendants()
        .filter(|node| node.has_tag_name(("urn:certseal:face:1", "field")))
        .map(|node| (node.attribute("key").unwrap(), node.text().unwrap_or_default()))
        .collect();
    let expected: Vec<(&str, &str)> = sample
        .json
        .fields
        .iter()
        .map(|field| (&field.key[..], &field.text[..]))
        .collect();
    assert_eq!(fields, expected);
}

#[test]
fn what_is_not_ours_to_write_is_refused() {
    let mut sample = Sample::new();
    let prepared = sample.prepared(Protection::Whole);
    let refused = |sample: &Sample, info: &DocumentInfo<'_>| {
        prepared
            .write(&sample.face, info, &sample.file())
            .unwrap_err()
            .to_string()
    };
    let mut info = sample.info();
    info.title = "食品\u{1}";
    assert!(refused(&sample, &info).contains("title holds the control character U+0001"));
    sample.face.seal_center.0 += 1.0;
    assert!(refused(&sample, &sample.info()).contains("place of the seal"));
    sample.face.seal_center.0 -= 1.0;
    sample.face.base = Arc::new(Drawing::default());
    assert!(refused(&sample, &sample.info()).contains("base art"));
    sample.face.base = Arc::clone(&prepared.base);
    sample.json.fields[0].text = "\u{FFFE}".to_owned();
    assert!(refused(&sample, &sample.info()).contains("U+FFFE"));
}
