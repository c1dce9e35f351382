//! National seals and signatures, and whatever else may be the signature value of an OFD.

use std::sync::Arc;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use certseal_core::{
    crypto::{
        DigestAlgorithm, PrivateKey, Signer, SigningIdentity,
        authority::{CertificateAuthority, Role, Serial, ValidityPeriod},
        x509::Subject,
    },
    seal::ses::{Permitted, SesDefinition, SesPicture, SesSeal, WrittenVersion},
    sign::{
        ses::{Sealing, SesSignature, check_time_stamp},
        signed_value::SignedValue,
    },
};
use jiff::Timestamp;

/// Asks every question of a seal or a signature value.
pub(super) fn ask(bytes: &[u8]) {
    if let Ok(seal) = SesSeal::parse(bytes) {
        assert_eq!(
            seal.bytes(),
            bytes,
            "the bytes that are hashed are those that were read"
        );
        ask_seal(&seal);
    }
    match SignedValue::parse(bytes) {
        Ok(SignedValue::Ses(signature)) => {
            let _ = signature.check_signature();
            let _ = signature.signing_time();
            let _ = signature.is_permitted();
            let _ = signature.covers(bytes);
            if let Some(token) = signature.time_stamp() {
                let _ = check_time_stamp(token, signature.signature_value());
            }
            ask_seal(signature.seal());
        }
        Ok(SignedValue::SignedData(signed)) => {
            let _ = signed.check_signature();
            let _ = signed.covers(bytes);
        }
        Ok(SignedValue::Bare(bare)) => {
            let _ = bare.check(bytes, bytes);
        }
        _ => {}
    }
}

fn ask_seal(seal: &SesSeal) {
    let _ = seal.verify_maker(seal.maker_certificate());
    let _ = seal.property().signers.has(seal.maker_certificate());
    let _ = seal.picture().format();
    if let Some(token) = seal.time_stamp() {
        let _ = check_time_stamp(token, seal.signature_value());
    }
}

/// A seal maker and a signer of one authority.
fn cast() -> (SigningIdentity, SigningIdentity) {
    let (from, until) = YEARS.map(at).into();
    let validity = ValidityPeriod {
        not_before: from,
        not_after: until,
    };
    let key = || -> Arc<dyn Signer> {
        let key = PrivateKey::generate_sm2().expect("there is randomness");
        Arc::new(key.signer().expect("a key of our own"))
    };
    let serial = || Serial::random().expect("there is randomness");
    let subject = |name: &str| Subject {
        province: None,
        organisation: "示例局".to_owned(),
        organisation_code: None,
        common_name: name.to_owned(),
    };
    let root = CertificateAuthority::new_root(key(), &subject("root"), validity, serial()).expect("a root");
    let identity = |role, name: &str| {
        let signer = key();
        let certificate = root
            .issue(role, signer.public_key_info(), &subject(name), validity, serial())
            .expect("a certificate");
        SigningIdentity::new(signer, certificate, Vec::new()).expect("an identity")
    };
    (
        identity(Role::SealMaker, "maker"),
        identity(Role::DocumentSigner, "signer"),
    )
}

const YEARS: [&str; 2] = ["2025-01-01T00:00:00Z", "2035-01-01T00:00:00Z"];

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn seal(version: WrittenVersion, signers: Permitted, maker: &SigningIdentity) -> Vec<u8> {
    let (from, until) = YEARS.map(at).into();
    let definition = SesDefinition {
        version,
        es_id: "41990100000001".to_owned(),
        kind: 4,
        name: "示例局电子证照专用章".to_owned(),
        signers,
        created: from,
        valid_start: from,
        valid_end: until,
        picture: SesPicture {
            kind: "PNG".to_owned(),
            data: b"\x89PNG\r\n\x1a\n".to_vec(),
            width: 42,
            height: 42,
        },
        extensions: Vec::new(),
    };
    SesSeal::make(&definition, maker).expect("a seal")
}

/// A seal of each edition, and a signature with it.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let (maker, signer) = cast();
    let listed = vec![signer.certificate.to_vec()];
    let mut seeds = Vec::new();
    for (version, signers) in [
        (WrittenVersion::V4, Permitted::ByCertificate(listed.clone())),
        (WrittenVersion::V5, Permitted::ByDigest(listed)),
    ] {
        let seal = seal(version, signers, &maker);
        let sealing = Sealing {
            data_hash: &[7; 32],
            property_info: PATH,
            at: at(YEARS[0]),
            extensions: &[],
        };
        seeds.push(SesSignature::make(&seal, &sealing, &signer).expect("a signature"));
        seeds.push(seal);
    }
    seeds.push(signer.signer.sign(b"message").expect("a key that signs"));
    seeds
}

const PATH: &str = "/Doc_0/Signs/Sign_0/Signature.xml";

/// The files of a small package, sealed whole.
pub(super) fn sealed() -> Vec<u8> {
    const NS: &str = "xmlns:ofd=\"http://www.ofdspec.org/2016\"";
    let (maker, signer) = cast();
    let listed = Permitted::ByCertificate(vec![signer.certificate.to_vec()]);
    let seal = seal(WrittenVersion::V4, listed, &maker);
    let files = [
        (
            "OFD.xml",
            format!(
                "<ofd:OFD {NS} Version=\"1.0\" DocType=\"OFD\"><ofd:DocBody><ofd:DocInfo><ofd:DocID>00</ofd:DocID></ofd:DocInfo>\
                 <ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot><ofd:Signatures>Doc_0/Signs/Signatures.xml</ofd:Signatures>\
                 </ofd:DocBody></ofd:OFD>"
            ),
        ),
        (
            "Doc_0/Document.xml",
            format!(
                "<ofd:Document {NS}><ofd:CommonData><ofd:MaxUnitID>9</ofd:MaxUnitID><ofd:PageArea>\
                 <ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea></ofd:CommonData>\
                 <ofd:Pages><ofd:Page ID=\"1\" BaseLoc=\"Page.xml\"/></ofd:Pages></ofd:Document>"
            ),
        ),
        (
            "Doc_0/Page.xml",
            format!("<ofd:Page {NS}><ofd:Content/></ofd:Page>"),
        ),
    ];
    let mut references = String::new();
    for (name, content) in &files {
        let digest = BASE64_STANDARD.encode(DigestAlgorithm::Sm3.digest(content.as_bytes()));
        let reference = format!(
            "<ofd:Reference FileRef=\"/{name}\"><ofd:CheckValue>{digest}</ofd:CheckValue></ofd:Reference>"
        );
        references.push_str(&reference);
    }
    let list = format!(
        "<ofd:Signatures {NS}><ofd:Signature ID=\"s1\" Type=\"Seal\" BaseLoc=\"Sign_0/Signature.xml\"/></ofd:Signatures>"
    );
    let description = format!(
        "<ofd:Signature {NS}><ofd:SignedInfo><ofd:Provider ProviderName=\"x\"/>\
         <ofd:References CheckMethod=\"SM3\">{references}</ofd:References>\
         <ofd:StampAnnot ID=\"1\" PageRef=\"1\" Boundary=\"1 1 40 40\"/>\
         <ofd:Seal><ofd:BaseLoc>Seal.esl</ofd:BaseLoc></ofd:Seal></ofd:SignedInfo>\
         <ofd:SignedValue>SignedValue.dat</ofd:SignedValue></ofd:Signature>"
    );
    let digest = DigestAlgorithm::Sm3.digest(description.as_bytes());
    let sealing = Sealing {
        data_hash: &digest.try_into().expect("SM3 has 32 bytes"),
        property_info: PATH,
        at: at(YEARS[0]),
        extensions: &[],
    };
    let value = SesSignature::make(&seal, &sealing, &signer).expect("a signature");
    let mut out = super::FILES.to_vec();
    let mut add = |name: &str, content: &[u8]| {
        out.extend([super::FILE.as_bytes(), name.as_bytes(), b"\n", content].concat());
    };
    for (name, content) in &files {
        add(name, content.as_bytes());
    }
    add("Doc_0/Signs/Signatures.xml", list.as_bytes());
    add("Doc_0/Signs/Sign_0/Signature.xml", description.as_bytes());
    add("Doc_0/Signs/Sign_0/Seal.esl", &seal);
    add("Doc_0/Signs/Sign_0/SignedValue.dat", &value);
    out
}
