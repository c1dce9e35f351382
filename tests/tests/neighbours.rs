//! Good files that other programs make: signed, filled in, signed again, extended, by rules of their own. None is refused.

#![allow(clippy::unwrap_used, missing_docs)]

use std::{fs, process::Command};

use certseal_core::verify::{Indication, Options, TrustMaterial, Verifier};
use certseal_tests::{attacks, documents::judged, judge_is_here, makers, pyhanko};
use jiff::Timestamp;
use tempfile::TempDir;

const VARIANTS: &str = include_str!("../src/good/variants.py");
const MAKERS: &str = include_str!("../src/good/makers.py");

#[test]
fn what_another_program_signs_and_extends_is_not_refused() {
    let python = pyhanko().with_file_name("python");
    let judges = [pyhanko(), python.clone(), "qpdf".into()];
    if !judges.iter().all(|judge| judge_is_here(judge.to_str().unwrap())) {
        return;
    }
    let folder = TempDir::new().unwrap();
    let [bases, made] = ["bases", "made"].map(|name| folder.path().join(name));
    fs::create_dir(&bases).unwrap();
    fs::create_dir(&made).unwrap();
    // Three layouts by us, three by another program.
    for (name, bytes) in attacks::unsigned() {
        fs::write(bases.join(format!("{name}.pdf")), bytes).unwrap();
    }
    for (name, how) in [
        ("linearised", "--linearize"),
        ("object-streams", "--object-streams=generate"),
        ("qdf", "--qdf"),
    ] {
        let [from, to] = ["table", name].map(|name| bases.join(format!("{name}.pdf")));
        judged(Command::new("qpdf").arg(how).arg(from).arg(to));
    }
    judged(Command::new(python).args(["-c", VARIANTS]).arg(&bases).arg(&made));

    let verifier = Verifier::new(TrustMaterial::default()).unwrap();
    let (mut count, mut refused) = (0, Vec::new());
    for entry in fs::read_dir(&made).unwrap() {
        let path = entry.unwrap().path();
        let now = Timestamp::now();
        let report = verifier.verify_file(&fs::read(&path).unwrap(), &Options { now }, None);
        count += 1;
        if report.indication == Indication::TotalFailed {
            refused.push((
                path.file_name().unwrap().to_owned(),
                report.reason,
                report.signatures,
            ));
        }
    }
    assert!(count >= 6 * 25, "{count} files were made");
    assert!(refused.is_empty(), "{} of {count}: {refused:#?}", refused.len());
}

#[test]
fn what_many_programs_sign_and_fill_in_passes_unless_a_person_has_to_see_it() {
    let python = makers();
    let judges = [
        python.clone(),
        "qpdf".into(),
        "openssl".into(),
        "certutil".into(),
        "pdfsig".into(),
    ];
    if !judges.iter().all(|judge| judge_is_here(judge.to_str().unwrap())) {
        return;
    }
    let folder = TempDir::new().unwrap();
    let [made, work] = ["made", "work"].map(|name| folder.path().join(name));
    fs::create_dir(&made).unwrap();
    fs::create_dir(&work).unwrap();
    judged(Command::new(python).args(["-c", MAKERS]).arg(&made).arg(&work));

    let verifier = Verifier::new(TrustMaterial::default()).unwrap();
    let (mut count, mut wrong) = (0, Vec::new());
    for entry in fs::read_dir(&made).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let now = Timestamp::now();
        let report = verifier.verify_file(&fs::read(&path).unwrap(), &Options { now }, None);
        let of_signatures = report.signatures.iter().flat_map(|signature| &signature.findings);
        let is_open = report
            .findings
            .iter()
            .chain(of_signatures)
            .any(|finding| finding.code == "CHANGES_UNCLEAR");
        count += 1;
        if report.indication == Indication::TotalFailed || is_open != name.starts_with("open") {
            wrong.push((name, report.reason, report.signatures));
        }
    }
    assert!(count >= 45, "{count} files were made");
    assert!(wrong.is_empty(), "{} of {count}: {wrong:#?}", wrong.len());
}
