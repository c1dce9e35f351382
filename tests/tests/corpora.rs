//! Other people's documents, judged by nobody's trust: what their makers say of each against our verdict.
//!
//! `CERTSEAL_CORPORA` names the folder; `CERTSEAL_CORPORA_LIST` prints every file. With no anchor a good file
//! is INDETERMINATE at best, so what counts is which files are TOTAL-FAILED.

#![allow(clippy::print_stdout)]

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    thread,
};

use certseal_core::verify::{Indication, Language, Options, Outcome, Report, TrustMaterial, Verifier};
use jiff::Timestamp;

/// Files on which we differ from their makers, and why.
const CONTESTED: &[&str] = &[
    // A signer who locks all fields (FieldMDP, ISO 32000-2 12.8.2.4) forbids what was filled in afterwards.
    "dss/test-with-vri.pdf",
    // Certified, and then signed visibly where no field was: a sneaky signature looks no different.
    "dss/dss-1376/DSS1376-rev_n.pdf",
    // These two bear no signature at all.
    "dss/retrieved-modified_after_signature.pdf",
    "pyhanko-generated/test_update_no_timestamps-97e10239.pdf",
    // The second signer wrote another first identifier into the trailer, which never changes (ISO 32000-2 14.4).
    "dss/pkcs7_sha1.pdf",
    // Forbidden under a policy of its own test only: nothing but the information dictionary changed.
    "pyhanko-generated/test_no_changes_policy-8c82d300.pdf",
];

struct Row {
    file: String,
    class: String,
    report: Report,
}

fn judged(root: &Path) -> Vec<Row> {
    let manifest = std::fs::read_to_string(root.join("manifest.tsv")).expect("the corpora have a manifest");
    let rows: Vec<(String, String)> = manifest
        .lines()
        .skip(1)
        .map(|row| row.split('\t').collect::<Vec<_>>())
        .filter(|columns| columns[0].rsplit('.').next() == Some("pdf"))
        .map(|columns| (columns[0].to_owned(), columns[6].to_owned()))
        .collect();
    let verifier = Verifier::new(TrustMaterial::default()).expect("no material is good material");
    let options = Options {
        now: Timestamp::now(),
    };
    let share = rows
        .len()
        .div_ceil(thread::available_parallelism().map_or(1, usize::from));
    thread::scope(|scope| {
        let judge = |(file, class): &(String, String)| Row {
            report: verifier.verify_file(
                &std::fs::read(root.join(file)).expect("the manifest names files"),
                &options,
                None,
            ),
            file: file.clone(),
            class: class.clone(),
        };
        let parts: Vec<_> = rows
            .chunks(share.max(1))
            .map(|part| scope.spawn(move || part.iter().map(judge).collect::<Vec<_>>()))
            .collect();
        let parts = parts.into_iter();
        parts
            .flat_map(|part| part.join().expect("no file panics"))
            .collect()
    })
}

#[test]
fn foreign_documents_are_judged_as_their_makers_say() {
    let Some(root) = std::env::var_os("CERTSEAL_CORPORA") else {
        eprintln!("SKIPPED: CERTSEAL_CORPORA names no folder of foreign documents");
        return;
    };
    let rows = judged(&PathBuf::from(root).join("pdf"));
    let mut counts: BTreeMap<(&str, Indication, &str), usize> = BTreeMap::new();
    let (mut passing, mut refused) = (Vec::new(), Vec::new());
    let mut verified_by_algorithm = 0;
    for Row { file, class, report } in &rows {
        let reason = report.reason.unwrap_or_default();
        *counts.entry((class, report.indication, reason)).or_default() += 1;
        let is_forged = class.starts_with("ATTACK") || class == "MOD-FORBIDDEN";
        let has_failed = report.indication == Indication::TotalFailed;
        let is_contested = CONTESTED.contains(&&file[..]);
        if report.indication == Indication::TotalPassed || is_forged && !has_failed && !is_contested {
            passing.push(file);
        }
        if matches!(&class[..], "GOOD" | "MOD-ALLOWED") && has_failed && !is_contested {
            refused.push(file);
        }
        for signature in &report.signatures {
            let asked = |check: &str| signature.findings.iter().find(|finding| finding.check == check);
            let verified = asked("signature").is_some_and(|finding| finding.outcome == Outcome::Passed);
            assert_eq!(
                verified,
                asked("algorithms").is_some(),
                "{file} {:?}",
                signature.fields
            );
            verified_by_algorithm += usize::from(verified);
        }
        if std::env::var_os("CERTSEAL_CORPORA_LIST").is_some() {
            let headline = report.headline(Language::English);
            println!(
                "{class}\t{}\t{reason}\t{file}\t{headline}",
                report.indication.as_str()
            );
        }
    }
    println!("{:<16} {:<14} {:<32} files", "class", "verdict", "reason");
    for ((class, indication, reason), count) in &counts {
        println!("{class:<16} {:<14} {reason:<32} {count}", indication.as_str());
    }
    println!("{verified_by_algorithm} signatures verify, each judged by its algorithms");
    assert!(passing.is_empty(), "forged files that do not fail: {passing:#?}");
    assert!(refused.is_empty(), "good files that fail: {refused:#?}");
}
