//! Every attack is refused for its own reason, and nothing harmless is refused.

#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeSet;

use certseal_core::verify::{Indication, Options, Verifier};
use certseal_tests::{
    attacks::{self, Case, judges, table},
    judge_is_here, pyhanko,
};
use jiff::Timestamp;
use tempfile::TempDir;

fn assert_as_expected(cases: &[Case], verifier: &Verifier, options: &Options) {
    let mut faults = Vec::new();
    for case in cases {
        let report = verifier.verify_file(&case.bytes, options, None);
        faults.extend(case.fault(&report));
    }
    assert!(faults.is_empty(), "{} of {}: {faults:#?}", faults.len(), cases.len());
}

#[test]
fn attacks_on_strangers_documents_fail_for_their_own_reason() {
    let cases: Vec<Case> = attacks::all();
    let (harmless, attacks): (Vec<Case>, Vec<Case>) = cases.into_iter().partition(Case::is_harmless);
    assert!(attacks.len() >= 60 && harmless.len() >= 15);
    assert_as_expected(&attacks, &attacks::verifier(), &attacks::options());
}

#[test]
fn what_is_harmless_does_not_fail() {
    let harmless: Vec<Case> = attacks::all().into_iter().filter(Case::is_harmless).collect();
    assert_as_expected(&harmless, &attacks::verifier(), &attacks::options());
}

#[test]
fn attacks_on_our_own_certificates_fail_for_their_own_reason() {
    let (cases, verifier) = table::own();
    let now = Timestamp::now();
    assert_as_expected(&cases, &verifier, &Options { now });
}

#[test]
fn the_files_are_the_same_in_every_run() {
    let names: BTreeSet<String> = attacks::all().into_iter().map(|case| case.name).collect();
    let (one, two) = (attacks::all(), attacks::all());
    assert_eq!(names.len(), one.len(), "two cases have one name");
    for (one, two) in one.iter().zip(&two) {
        assert!(one.bytes == two.bytes, "{}", one.name);
    }
}

/// The harmless files are good files in the eyes of others: what they are refused for is not our own error.
#[test]
fn outside_judges_verify_what_we_sign() {
    if !judge_is_here("pdfsig") || !judge_is_here(pyhanko().to_str().unwrap()) {
        return;
    }
    let folder = TempDir::new().unwrap();
    let signed: Vec<Case> = attacks::all()
        .into_iter()
        .filter(|case| case.name.starts_with("as-signed-"))
        .collect();
    let files: Vec<String> = signed.iter().map(|case| format!("{}.pdf", case.name)).collect();
    for (case, file) in signed.iter().zip(&files) {
        std::fs::write(folder.path().join(file), &case.bytes).unwrap();
        let report = attacks::verifier().verify_file(&case.bytes, &attacks::options(), None);
        assert_ne!(report.indication, Indication::TotalFailed, "{}", case.name);
    }
    let root = folder.path().join("root.der");
    std::fs::write(&root, attacks::root()).unwrap();
    let now = attacks::options().now.to_string();
    for (file, opinion) in files.iter().zip(judges::ask(folder.path(), &files, &root, &now)) {
        let said = [&opinion.pdfsig, &opinion.strict, &opinion.lenient];
        assert!(said.iter().all(|said| *said == "ACCEPT"), "{file}: {opinion:?}");
    }
}
