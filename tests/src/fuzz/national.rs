//! National seals and signatures, and whatever else may be the signature value of an OFD.

use std::sync::Arc;

use certseal_core::{
    crypto::{
        PrivateKey, Signer, SigningIdentity,
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

/// A seal of each edition, and a signature with it.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let at = |text: &str| -> Timestamp { text.parse().expect("an instant") };
    let (from, until) = (at("2025-01-01T00:00:00Z"), at("2035-01-01T00:00:00Z"));
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
    let (maker, signer) = (
        identity(Role::SealMaker, "maker"),
        identity(Role::DocumentSigner, "signer"),
    );
    let listed = vec![signer.certificate.to_vec()];
    let mut seeds = Vec::new();
    for (version, signers) in [
        (WrittenVersion::V4, Permitted::ByCertificate(listed.clone())),
        (WrittenVersion::V5, Permitted::ByDigest(listed)),
    ] {
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
        let seal = SesSeal::make(&definition, &maker).expect("a seal");
        let sealing = Sealing {
            data_hash: &[7; 32],
            property_info: "/Doc_0/Signs/Sign_0/Signature.xml",
            at: from,
            extensions: &[],
        };
        seeds.push(SesSignature::make(&seal, &sealing, &signer).expect("a signature"));
        seeds.push(seal);
    }
    seeds.push(signer.signer.sign(b"message").expect("a key that signs"));
    seeds
}
