//! Sealed packages of our own, and everything that can be done to them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod changes;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{Cursor, Write as _},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use x509_cert::ext::pkix::CrlReason;
use zip::{ZipWriter, write::SimpleFileOptions};

use super::{super::Input, *};
use crate::{
    crypto::DigestAlgorithm,
    document::ofd::Package,
    seal::ses::{Permitted, SesDefinition, SesExtension, SesSeal, WrittenVersion, tests::Cast},
    tlv::{CONTEXT_0, GENERALIZED_TIME, IA5_STRING, OCTET_STRING, SEQUENCE, bit_string, integer, tlv},
};

/// A package as the files it is made of.
#[derive(Clone)]
struct Files(BTreeMap<String, Vec<u8>>);

const NS: &str = "xmlns:ofd=\"http://www.ofdspec.org/2016\"";
const PAGE: &str = "Doc_0/Pages/Page_0/Content.xml";
const TEMPLATE: &str = "Doc_0/Tpls/Tpl_0/Content.xml";
const LIST: &str = "Doc_0/Signs/Signatures.xml";
const NOTE: &str = "Doc_0/Attachs/note.txt";

/// When a package is signed if nothing else is said.
const SIGNED: &str = "20260601080000Z";

/// Gives a timestamp over a signature value.
type Stamp<'a> = dyn Fn(&[u8]) -> Vec<u8> + 'a;

/// How a signature is made.
struct Stroke<'a> {
    seal: &'a [u8],
    signer: &'a SigningIdentity,
    version: u8,
    /// timeInfo.
    at: &'a str,
    /// propertyInfo; none for the right one.
    property: Option<&'a str>,
    extensions: Vec<SesExtension>,
    method: Option<&'a str>,
    digest: fn(&[u8]) -> Vec<u8>,
    covers: &'a dyn Fn(&str) -> bool,
    /// What makes the timestamp over the signature value.
    stamp: Option<&'a Stamp<'a>>,
}

fn sm3(bytes: &[u8]) -> Vec<u8> {
    DigestAlgorithm::Sm3.digest(bytes)
}

impl<'a> Stroke<'a> {
    fn new(seal: &'a [u8], signer: &'a SigningIdentity) -> Self {
        Self {
            seal,
            signer,
            version: 4,
            at: SIGNED,
            property: None,
            extensions: Vec::new(),
            method: Some("1.2.156.10197.1.401"),
            digest: sm3,
            covers: &|_| true,
            stamp: None,
        }
    }

    /// SES_Signature, whatever the seal permits.
    fn value(&self, signature_file: &[u8], path: &str) -> Vec<u8> {
        let extensions = match &self.extensions[..] {
            [] => Vec::new(),
            all => tlv(CONTEXT_0, &[&crate::seal::ses::write_extensions(all)]),
        };
        let signed = tlv(
            SEQUENCE,
            &[
                &integer(u32::from(self.version)),
                self.seal,
                &tlv(GENERALIZED_TIME, &[self.at.as_bytes()]),
                &bit_string(&sm3(signature_file)),
                &tlv(IA5_STRING, &[self.property.unwrap_or(path).as_bytes()]),
                &extensions,
            ],
        );
        let value = self.signer.signer.sign(&signed).unwrap();
        let stamp = self
            .stamp
            .map(|stamp| tlv(CONTEXT_0, &[&bit_string(&stamp(&value))]));
        tlv(
            SEQUENCE,
            &[
                &signed,
                &tlv(OCTET_STRING, &[&self.signer.certificate]),
                self.signer.signer.scheme().algorithm_oid(),
                &bit_string(&value),
                &stamp.unwrap_or_default(),
            ],
        )
    }
}

impl Files {
    /// One page over a template, and an attachment.
    fn plain() -> Self {
        let mut files = Self(BTreeMap::new());
        files.set(
            "OFD.xml",
            &format!(
                "<ofd:OFD {NS} Version=\"1.0\" DocType=\"OFD\"><ofd:DocBody><ofd:DocInfo>\
                 <ofd:DocID>0123456789abcdef0123456789abcdef</ofd:DocID></ofd:DocInfo>\
                 <ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>\
                 <ofd:Signatures>Doc_0/Signs/Signatures.xml</ofd:Signatures></ofd:DocBody></ofd:OFD>"
            ),
        );
        files.set(
            "Doc_0/Document.xml",
            &format!(
                "<ofd:Document {NS}><ofd:CommonData><ofd:MaxUnitID>30</ofd:MaxUnitID><ofd:PageArea>\
                 <ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea>\
                 <ofd:PublicRes>PublicRes.xml</ofd:PublicRes>\
                 <ofd:TemplatePage ID=\"2\" BaseLoc=\"Tpls/Tpl_0/Content.xml\"/></ofd:CommonData>\
                 <ofd:Pages><ofd:Page ID=\"1\" BaseLoc=\"Pages/Page_0/Content.xml\"/></ofd:Pages>\
                 <ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments></ofd:Document>"
            ),
        );
        files.set(
            "Doc_0/PublicRes.xml",
            &format!("<ofd:Res {NS}><ofd:Fonts><ofd:Font ID=\"3\" FontName=\"宋体\"/></ofd:Fonts></ofd:Res>"),
        );
        let page = |within: &str| format!("<ofd:Page {NS}>{within}</ofd:Page>");
        files.set(
            PAGE,
            &page(
                "<ofd:Template TemplateID=\"2\"/><ofd:Content><ofd:Layer ID=\"6\">\
                 <ofd:TextObject ID=\"7\" Boundary=\"20 30 50 6\" Font=\"3\" Size=\"5\">\
                 <ofd:TextCode X=\"0\" Y=\"5\" DeltaX=\"g 2 5\">许可证</ofd:TextCode></ofd:TextObject>\
                 </ofd:Layer></ofd:Content>",
            ),
        );
        files.set(
            TEMPLATE,
            &page(
                "<ofd:Content><ofd:Layer ID=\"9\"><ofd:PathObject ID=\"10\" Boundary=\"10 10 190 277\">\
                 <ofd:AbbreviatedData>M 0 0 L 190 0</ofd:AbbreviatedData></ofd:PathObject></ofd:Layer></ofd:Content>",
            ),
        );
        files.set(
            "Doc_0/Attachs/Attachments.xml",
            &format!(
                "<ofd:Attachments {NS}><ofd:Attachment ID=\"a1\" Name=\"note\">\
                 <ofd:FileLoc>note.txt</ofd:FileLoc></ofd:Attachment></ofd:Attachments>"
            ),
        );
        files.set(NOTE, "note");
        files.set(LIST, &format!("<ofd:Signatures {NS}></ofd:Signatures>"));
        files
    }

    fn set(&mut self, name: &str, content: &str) {
        self.0.insert(name.to_owned(), content.as_bytes().to_vec());
    }

    fn text(&self, name: &str) -> String {
        String::from_utf8(self.0[name].clone()).unwrap()
    }

    /// Replaces what must be there.
    fn replace(&mut self, name: &str, from: &str, to: &str) {
        let text = self.text(name);
        assert!(text.contains(from), "{from}");
        self.set(name, &text.replacen(from, to, 1));
    }

    /// Adds a signature over everything but the list of signatures, as far as the stroke covers it.
    fn seal(&mut self, stroke: &Stroke<'_>) {
        let number = self.text(LIST).matches("BaseLoc").count();
        let folder = format!("Doc_0/Signs/Sign_{number}");
        self.replace(
            LIST,
            "</ofd:Signatures>",
            &format!("<ofd:Signature ID=\"s{number}\" Type=\"Seal\" BaseLoc=\"Sign_{number}/Signature.xml\"/></ofd:Signatures>"),
        );
        self.0.insert(format!("{folder}/Seal.esl"), stroke.seal.to_vec());
        let mut references = String::new();
        for (name, content) in &self.0 {
            if (stroke.covers)(name) && name != LIST {
                let value = BASE64_STANDARD.encode((stroke.digest)(content));
                write!(
                    references,
                    "<ofd:Reference FileRef=\"/{name}\"><ofd:CheckValue>{value}</ofd:CheckValue></ofd:Reference>"
                )
                .unwrap();
            }
        }
        let method = stroke
            .method
            .map(|method| format!(" CheckMethod=\"{method}\""))
            .unwrap_or_default();
        let path = format!("{folder}/Signature.xml");
        let xml = format!(
            "<ofd:Signature {NS}><ofd:SignedInfo><ofd:Provider ProviderName=\"tests\"/>\
             <ofd:SignatureMethod>1.2.156.10197.1.501</ofd:SignatureMethod>\
             <ofd:References{method}>{references}</ofd:References>\
             <ofd:StampAnnot ID=\"1\" PageRef=\"1\" Boundary=\"140 220 40 40\"/>\
             <ofd:Seal><ofd:BaseLoc>Seal.esl</ofd:BaseLoc></ofd:Seal></ofd:SignedInfo>\
             <ofd:SignedValue>SignedValue.dat</ofd:SignedValue></ofd:Signature>"
        );
        let value = stroke.value(xml.as_bytes(), &format!("/{path}"));
        self.set(&path, &xml);
        self.0.insert(format!("{folder}/SignedValue.dat"), value);
    }

    fn pack(&self) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in &self.0 {
            writer
                .start_file(&name[..], SimpleFileOptions::default())
                .unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }
}

/// Whom the verifier trusts: the cast's root, for signers, seal makers and the time alike.
fn material(cast: &Cast, revoked: &[Revocation]) -> TrustMaterial {
    TrustMaterial {
        anchors: vec![cast.authority.root.certificate().to_vec()],
        intermediates: vec![cast.authority.issuing.certificate().to_vec()],
        revocations: lists(&cast.authority, "2026-11-01", "2027-01-01", revoked),
        ..TrustMaterial::default()
    }
}

fn verified(material: TrustMaterial, file: &[u8]) -> Report {
    Verifier::new(material)
        .unwrap()
        .verify_any(file, &options(), None)
}

fn sealed(cast: &Cast, version: WrittenVersion) -> Files {
    let seal = cast.seal(version);
    let mut files = Files::plain();
    files.seal(&Stroke {
        version: if version == WrittenVersion::V5 { 5 } else { 4 },
        ..Stroke::new(&seal, &cast.signer)
    });
    files
}

#[test]
fn what_is_sealed_whole_passes_in_every_form_of_the_report() {
    let cast = Cast::new();
    for version in [WrittenVersion::V4, WrittenVersion::V5] {
        let file = sealed(&cast, version).pack();
        let report = verified(material(&cast, &[]), &file);
        assert_eq!(
            report.indication,
            Indication::TotalPassed,
            "{:#?}",
            report.findings
        );
        assert_eq!(
            (report.input, report.conclusion),
            (Input::SignedDocument, Conclusion::Signed)
        );
        assert_eq!(report.document_digest, Some(sha256(&file)));
        assert_eq!(report.signatures[0].revision, Some(1));
        let text = report.to_text(Language::Chinese);
        assert!(
            text.contains("签章者在印章") && text.contains("签名有效"),
            "{text}"
        );
        assert!(report.to_html(None).contains("seal-maker") || report.to_html(None).contains("制章者证书"));
        assert!(report.to_etsi_xml().contains("urn:certseal:check:seal-signers"));
        assert!(!report.to_etsi_xml().contains("SubFilter"));
    }
    // By nobody's trust nothing is decided, and nothing has failed.
    let report = verified(
        TrustMaterial::default(),
        &sealed(&cast, WrittenVersion::V4).pack(),
    );
    assert_eq!(
        report.sub_indication,
        Some(SubIndication::NoCertificateChainFound)
    );
    assert_eq!(report.indication, Indication::Indeterminate);
}

#[test]
fn authorities_seal_one_document_after_the_other() {
    let cast = Cast::new();
    let second = Cast::new();
    let (first_seal, second_seal) = (cast.seal(WrittenVersion::V4), second.seal(WrittenVersion::V4));
    let mut files = Files::plain();
    files.seal(&Stroke::new(&first_seal, &cast.signer));
    files.seal(&Stroke::new(&second_seal, &second.signer));
    let both = || {
        let mut both = material(&cast, &[]);
        let other = material(&second, &[]);
        both.anchors.extend(other.anchors);
        both.intermediates.extend(other.intermediates);
        both.revocations.extend(&other.revocations).unwrap();
        both
    };
    let report = verified(both(), &files.pack());
    assert_eq!(
        report.indication,
        Indication::TotalPassed,
        "{:#?}",
        report.findings
    );
    let covers: Vec<Option<usize>> = report.signatures.iter().map(|one| one.revision).collect();
    assert_eq!(covers, [Some(1), Some(2)]);

    // Each is judged, and one that is open or broken is the whole's.
    let report = verified(material(&cast, &[]), &files.pack());
    assert_eq!(report.indication, Indication::Indeterminate);
    let mut broken = files.clone();
    broken.replace("Doc_0/Signs/Sign_0/Signature.xml", "140 220", "141 220");
    let report = verified(both(), &broken.pack());
    assert_eq!(report.indication, Indication::TotalFailed);

    // What was protected against further seals bears none.
    let mut locked = Files::plain();
    locked.seal(&Stroke::new(&first_seal, &cast.signer));
    let list = sm3(&locked.0[LIST]);
    let own = "Doc_0/Signs/Sign_0/Signature.xml";
    locked.replace(
        own,
        "</ofd:References>",
        &format!(
            "<ofd:Reference FileRef=\"/{LIST}\"><ofd:CheckValue>{}</ofd:CheckValue></ofd:Reference></ofd:References>",
            BASE64_STANDARD.encode(list)
        ),
    );
    let stroke = Stroke::new(&first_seal, &cast.signer);
    let value = stroke.value(&locked.0[own], &format!("/{own}"));
    locked
        .0
        .insert("Doc_0/Signs/Sign_0/SignedValue.dat".to_owned(), value);
    assert_eq!(
        verified(both(), &locked.pack()).indication,
        Indication::TotalPassed
    );
    locked.seal(&Stroke::new(&second_seal, &second.signer));
    let report = verified(both(), &locked.pack());
    assert_eq!(report.reason, Some("DIGEST_MISMATCH"));

    // What somebody shows beside what the first signed is the second's word alone; of a smuggled page nobody's.
    let mut later = files.clone();
    later.set("Doc_0/Pages/Page_1/Content.xml", "<x/>");
    assert_eq!(verified(both(), &later.pack()).reason, Some("SMUGGLED_MEMBER"));
}

#[test]
fn every_cut_and_every_flipped_byte_gets_an_answer_and_none_passes_that_changes_anything() {
    let cast = Cast::new();
    let file = sealed(&cast, WrittenVersion::V4).pack();
    let verifier = Verifier::new(material(&cast, &[])).unwrap();
    let members = |bytes: &[u8]| -> Vec<(String, Vec<u8>)> {
        let package = Package::open(bytes).unwrap();
        let read = |member| {
            (
                package.name(member).to_owned(),
                package.read(member).unwrap().to_vec(),
            )
        };
        package.members().map(read).collect()
    };
    let good = members(&file);
    let mut harmless = 0;
    for at in 0..file.len() {
        let cut = verifier.verify_any(&file[..at], &options(), None);
        assert_ne!(cut.indication, Indication::TotalPassed, "cut at {at}");
        let mut other = file.clone();
        other[at] ^= 1 << (at % 8);
        let report = verifier.verify_any(&other, &options(), None);
        if report.indication == Indication::TotalPassed {
            assert_eq!(members(&other), good, "byte {at}");
            harmless += 1;
        }
    }
    // Dates and attributes in the archive's headers, which no reader shows.
    assert!(harmless < file.len() / 20, "{harmless} of {}", file.len());
}

#[test]
fn a_seal_is_judged_by_itself() {
    let cast = Cast::new();
    let report = verified(material(&cast, &[]), &cast.seal(WrittenVersion::V4));
    assert_eq!(
        (report.input, report.conclusion),
        (Input::Seal, Conclusion::Signed)
    );
    assert_eq!(
        report.indication,
        Indication::TotalPassed,
        "{:#?}",
        report.findings
    );
    assert!(
        report
            .headline(Language::Chinese)
            .starts_with("不是电子证照，是一枚电子印章")
    );
    let mut seal = cast.seal(WrittenVersion::V4);
    let from = seal.windows(6).position(|window| window == b"<svg/>").unwrap();
    seal[from + 1] ^= 1;
    assert_eq!(verified(material(&cast, &[]), &seal).reason, Some("SEAL_FORGED"));
    seal.truncate(200);
    let cut = verified(material(&cast, &[]), &seal);
    assert_eq!((cut.reason, cut.input), (Some("FILE_DAMAGED"), Input::Seal));

    // A signature value is a part of something.
    let value = sealed(&cast, WrittenVersion::V5)
        .0
        .remove("Doc_0/Signs/Sign_0/SignedValue.dat")
        .unwrap();
    let report = verified(material(&cast, &[]), &value);
    assert_eq!(
        (report.indication, report.reason),
        (Indication::Indeterminate, Some("SIGNATURE_ALONE"))
    );
    assert!(report.finding("seal-signature").unwrap().has_passed());
}

#[test]
fn what_is_no_sealed_document_is_said_to_be() {
    let plain = Files::plain();
    let report = verified(TrustMaterial::default(), &plain.pack());
    assert_eq!(
        (report.indication, report.reason),
        (Indication::Indeterminate, Some("NOT_SIGNED"))
    );

    // Who claims to be a certificate has more to answer.
    let identifier = "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U";
    let custom = format!(
        "</ofd:DocID><ofd:CustomDatas><ofd:CustomData Name=\"ZZBS\">{identifier}</ofd:CustomData></ofd:CustomDatas>"
    );
    let mut claiming = plain.clone();
    claiming.replace("OFD.xml", "</ofd:DocID>", &custom);
    let report = verified(TrustMaterial::default(), &claiming.pack());
    assert_eq!(
        (report.indication, report.reason),
        (Indication::TotalFailed, Some("NOT_SIGNED"))
    );
    assert_eq!(report.input, Input::Document);
    let cast = Cast::new();
    claiming.seal(&Stroke::new(&cast.seal(WrittenVersion::V4), &cast.signer));
    let report = verified(material(&cast, &[]), &claiming.pack());
    assert_eq!(
        report.indication,
        Indication::Indeterminate,
        "{:#?}",
        report.findings
    );
    for (check, code) in [("agreement", "NO_FACE_DATA"), ("token", "NO_QR_CODE")] {
        assert_eq!(report.finding(check).unwrap().code, code);
    }

    let mut hidden = plain.clone();
    hidden.set(
        "Encryptions.xml",
        &format!("<ofd:Encryptions {NS}><ofd:EncryptInfo ID=\"e1\"/></ofd:Encryptions>"),
    );
    hidden.0.remove("Doc_0/Document.xml");
    assert_eq!(
        verified(TrustMaterial::default(), &hidden.pack()).reason,
        Some("ENCRYPTED")
    );
    let mut archive = Files(BTreeMap::new());
    archive.set("word/document.xml", "<w/>");
    assert_eq!(
        verified(TrustMaterial::default(), &archive.pack()).reason,
        Some("NOT_A_PDF")
    );
}
