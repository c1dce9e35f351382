//! Every attack is refused for its own reason, and nothing harmless is refused.

#![allow(clippy::unwrap_used, missing_docs)]

use std::{
    collections::BTreeSet,
    error::Error,
    time::{Duration, Instant},
};

use certseal_core::{
    crypto::AlgorithmPolicy,
    document::pdf::open::open,
    longterm::{Level, LongTermError, LongTermTrust, extend},
    sign::timestamp::TimeStampSource,
    trust::revocation::Revocations,
    verify::{Indication, Options, Report, Verifier},
};
use certseal_tests::{
    attacks::{self, Case, Expected, judges, table},
    documents::{found, issue},
    judge_is_here, pyhanko,
};
use jiff::Timestamp;
use tempfile::TempDir;

fn assert_as_expected(cases: &[Case], verifier: &Verifier, options: &Options) {
    let mut faults = Vec::new();
    for case in cases {
        let report = verifier.verify_file(&case.bytes, options, None);
        faults.extend(case.fault(&report));
        faults.extend(passed_in_xml(&report).then(|| format!("{}: passes in XML", case.name)));
    }
    assert!(
        faults.is_empty(),
        "{} of {}: {faults:#?}",
        faults.len(),
        cases.len()
    );
}

/// Whether every signature of a file that does not pass passes in the report of the standard.
fn passed_in_xml(report: &Report) -> bool {
    let xml = report.to_etsi_xml();
    let reports = xml.split("<SignatureValidationReport>").skip(1);
    // The status of a whole comes behind those of its checks.
    let mut passed = reports.map(|one| {
        let statuses = one
            .split("<SignatureValidationStatus>")
            .nth(1)
            .unwrap_or_default();
        statuses.starts_with("\n<MainIndication>urn:etsi:019102:mainindication:total-passed<")
    });
    report.indication != Indication::TotalPassed && passed.all(|passed| passed)
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

/// What would hold a verifier for minutes is answered, or given up at a limit that the report names.
#[test]
fn work_without_end_is_answered_soon_or_ends_at_a_limit_that_is_named() {
    let cases = attacks::all().into_iter().filter(|case| case.class == "work");
    let mut slow = Vec::new();
    for case in cases {
        let begun = Instant::now();
        let report = attacks::verifier().verify_file(&case.bytes, &attacks::options(), None);
        let took = begun.elapsed();
        let of_signatures = report.signatures.iter().flat_map(|signature| &signature.findings);
        let mut findings = of_signatures.chain(&report.findings);
        let limits = ["CHANGES_NOT_COMPARED", "BEYOND_THIS_PROGRAM"];
        let is_limited = matches!(case.expected, Expected::Open { code } if limits.contains(&code));
        assert!(
            !is_limited || findings.any(|finding| finding.message_en.contains("limit passed")),
            "{}: {report:#?}",
            case.name
        );
        if took > Duration::from_secs(10) {
            slow.push(format!("{}: {took:?}", case.name));
        }
    }
    assert!(slow.is_empty(), "{slow:#?}");
}

/// A timestamp would say no more than that it is old.
#[test]
fn what_rests_on_a_weak_algorithm_is_not_extended() {
    #[derive(Debug)]
    struct Nobody;
    impl TimeStampSource for Nobody {
        fn ask(&self, _: &[u8]) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
            Err("nobody is asked".into())
        }
    }
    let root = vec![attacks::root()];
    let policy = AlgorithmPolicy::built_in().clone();
    let trust = LongTermTrust::new(root.clone(), root, Revocations::default(), policy);
    let weak = attacks::all();
    let weak = weak.iter().filter(|case| case.name.contains("digest-sha1"));
    let refused: Vec<LongTermError> = weak
        .map(|case| extend(&case.bytes, Level::Lt, &Nobody, &trust, attacks::options().now).unwrap_err())
        .collect();
    assert!(!refused.is_empty());
    for error in refused {
        assert!(matches!(error, LongTermError::Weak { .. }), "{error}");
    }
}

/// What a shadow attack keeps ready is signed with the rest: a warning, before anything is revealed. What this
/// program writes holds no such thing, and it seals nothing that it did not write.
#[test]
fn content_kept_ready_is_warned_of() {
    let warned = |report: &Report| {
        let structure = report.finding("structure");
        structure.is_some_and(|finding| finding.code == "UNUSED_CONTENT")
    };
    // The loan agreement has a second content that no page shows, and a glyph of no font.
    for case in attacks::all()
        .iter()
        .filter(|case| case.name.starts_with("as-signed-"))
    {
        let report = attacks::verifier().verify_file(&case.bytes, &attacks::options(), None);
        assert!(warned(&report), "{}: {report:#?}", case.name);
    }
    let folder = found("419901", "河南省示例市示例区");
    let issued = issue(
        &folder.path().join("home"),
        "teacher-qualification-certificate",
        &[],
    );
    assert_eq!(open(&issued.document).unwrap().unused_content(), Ok(Vec::new()));
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
