//! Good files that another program makes: signed, signed again, extended, by rules of its own. None is refused.

#![allow(clippy::unwrap_used, missing_docs)]

use std::{fs, process::Command};

use certseal_core::verify::{Indication, Options, TrustMaterial, Verifier};
use certseal_tests::{attacks, documents::judged, judge_is_here, pyhanko};
use jiff::Timestamp;
use tempfile::TempDir;

const VARIANTS: &str = include_str!("../src/good/variants.py");

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
