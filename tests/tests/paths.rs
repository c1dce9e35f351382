//! The x509-limbo cases of path validation, as far as they ask what a verifier of documents is asked.
//!
//! The certificates are for servers, or authorities' own, so their key usage is refused here; but that is asked of a path
//! only once its signatures, dates and constraints are found good, and so counts as success.

#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs)]

use std::path::PathBuf;

use certseal_core::{
    crypto::{AlgorithmPolicy, x509},
    trust::{
        existence::Existence,
        path::{Certificates, PathContext, PathError, Usage, validate},
        revocation::Revocations,
        work::Work,
    },
};
use jiff::Timestamp;
use serde_json::Value;

/// Prefixes of what is left out, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    (
        "webpki::",
        "rules of the web's authorities (CA/Browser Forum), or names of servers",
    ),
    (
        "crl::",
        "the certificates' purpose is refused before revocation is asked; see trust/revocation/tests.rs",
    ),
    (
        "pathlen::max-chain-depth",
        "a depth given by the caller, which nobody needs here",
    ),
    (
        "rfc5280::aki::",
        "what authorities have to write (§4.2.1.1), not what verifiers refuse",
    ),
    ("rfc5280::ski::", "the same (§4.2.1.2)"),
    ("rfc5280::serial::", "the same (§4.1.2.2)"),
    ("rfc5280::san::", "the same (§4.2.1.6), or names of servers"),
    (
        "rfc5280::eku::ee-wrong-eku",
        "the purposes of servers; ours are in trust/path/tests.rs",
    ),
    (
        "rfc5280::eku::ee-eku-empty",
        "refused, but as every other purpose is",
    ),
    ("rfc5280::nc::not-allowed-in-ee", "the same (§4.2.1.10)"),
    (
        "rfc5280::nc::permitted-dns-match-noncritical",
        "the same (§4.2.1.10)",
    ),
    ("rfc5280::pc::ica-noncritical-pc", "the same (§4.2.1.11)"),
    (
        "rfc5280::root-non-critical-basic-constraints",
        "the same (§4.2.1.9)",
    ),
    ("rfc5280::leaf-ku-keycertsign", "the same (§4.2.1.3)"),
    ("rfc5280::ee-empty-issuer", "the same (§4.1.2.4)"),
    ("rfc5280::ca-empty-subject", "the same (§4.1.2.6)"),
    ("rfc5280::ca-as-leaf-wrong-san", "the name of a server"),
];

fn ders(value: &Value) -> Vec<Vec<u8>> {
    let pems = value.as_array().unwrap().iter();
    pems.filter_map(|pem| x509::parse_bundle(pem.as_str().unwrap().as_bytes()).ok())
        .flatten()
        .collect()
}

fn judge(case: &Value) -> Result<(), PathError> {
    let anchors = ders(&case["trusted_certs"]);
    let at = case["validation_time"]
        .as_str()
        .map(|text| text.parse::<Timestamp>().unwrap());
    let at = at.unwrap_or_else(Timestamp::now);
    let leaf = case["peer_certificate"].as_str().unwrap().as_bytes();
    let leaf = x509::parse_bundle(leaf).map_err(|error| PathError::Malformed(error.to_string()))?;
    let context = PathContext {
        anchors: &Certificates::of(anchors),
        revocations: &Revocations::default(),
        at,
        usage: Usage::Document,
        policies: &[],
        policy: AlgorithmPolicy::built_in(),
        policy_at: at,
        now: at,
        existence: Existence::UNPROVEN,
        work: &Work::default(),
    };
    let offered = Certificates::of(ders(&case["untrusted_intermediates"]));
    match validate(&leaf[0], &[&offered], &context) {
        Ok(_) => Ok(()),
        Err(PathError::WrongUsage { why, .. })
            if why.starts_with("its extended key usage")
                || why.starts_with("its key usage does not allow signatures") =>
        {
            Ok(())
        }
        Err(other) => Err(other),
    }
}

#[test]
fn limbo() {
    let Some(root) = std::env::var_os("CERTSEAL_CORPORA") else {
        eprintln!("SKIPPED: CERTSEAL_CORPORA names no folder of foreign documents");
        return;
    };
    let file = PathBuf::from(root).join("pdf/chain/x509-limbo/limbo-generated.json");
    let text = std::fs::read_to_string(file).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    let (mut good, mut refused, mut left_out, mut wrong) = (0, 0, 0, Vec::new());
    for case in all["testcases"].as_array().unwrap() {
        let id = case["id"].as_str().unwrap();
        if LEFT_OUT.iter().any(|(prefix, _)| id.starts_with(prefix)) {
            left_out += 1;
            continue;
        }
        let judged = judge(case);
        match (judged.is_ok(), case["expected_result"] == "SUCCESS") {
            (true, true) => good += 1,
            (false, false) => refused += 1,
            _ => wrong.push(format!("{id}: {judged:?}: {}", case["description"])),
        }
    }
    eprintln!(
        "{good} good, {refused} refused, {left_out} left out, {} wrong",
        wrong.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(good + refused > 100, "{good} {refused}");
}
