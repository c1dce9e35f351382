//! Other people's documents are judged as their makers say, or the difference is argued.
//!
//! `CERTSEAL_CORPORA` names the folder; `CERTSEAL_CORPORA_LIST` prints every file.

#![allow(clippy::print_stdout, missing_docs)]

use std::path::PathBuf;

use certseal_core::verify::Outcome;
use certseal_tests::{
    corpora::{CONTESTED, Row, judge, table},
    ofd_corpus,
};

#[test]
fn foreign_documents_are_judged_as_their_makers_say() {
    let Some(root) = std::env::var_os("CERTSEAL_CORPORA") else {
        eprintln!("SKIPPED: CERTSEAL_CORPORA names no folder of foreign documents");
        return;
    };
    let rows = judge(&PathBuf::from(root).join("pdf"));
    let table = table(&rows);
    if std::env::var_os("CERTSEAL_CORPORA_LIST").is_some() {
        println!("{table}");
    } else {
        println!("{}", table.lines().last().unwrap_or_default());
    }
    let open: Vec<&Row> = rows.iter().filter(|row| !row.agrees()).collect();
    let unargued: Vec<&str> = open
        .iter()
        .filter(|row| row.contested().is_none())
        .map(|row| &row.file[..])
        .collect();
    assert!(
        unargued.is_empty(),
        "judged otherwise, without a reason: {unargued:#?}"
    );
    // What is argued is argued in the open.
    let page = include_str!("../../docs/VERIFICATION.md");
    for (file, _) in CONTESTED {
        assert!(page.contains(file), "docs/VERIFICATION.md does not argue {file}");
    }
    let mut verified_by_algorithm = 0;
    for row in &rows {
        for signature in &row.report.signatures {
            let asked = |check: &str| signature.findings.iter().find(|finding| finding.check == check);
            let verified = asked("signature").is_some_and(|finding| finding.outcome == Outcome::Passed);
            let is_judged = asked("algorithms").is_some();
            assert!(!verified || is_judged, "{} {:?}", row.file, signature.fields);
            verified_by_algorithm += usize::from(verified);
        }
    }
    println!("{verified_by_algorithm} signatures verify, each judged by its algorithms");
}

#[test]
fn foreign_ofd_files_are_judged_as_is_stated_of_them() {
    let Some(root) = std::env::var_os("CERTSEAL_CORPORA") else {
        eprintln!("SKIPPED: CERTSEAL_CORPORA names no folder of foreign documents");
        return;
    };
    let (rows, unstated) = ofd_corpus::judge(&PathBuf::from(root).join("ofd"));
    let table = ofd_corpus::table(&rows);
    if std::env::var_os("CERTSEAL_CORPORA_LIST").is_some() {
        println!("{table}");
    } else {
        println!("{}", table.lines().last().unwrap_or_default());
    }
    let differing: Vec<_> = rows
        .iter()
        .filter(|row| !row.differs.is_empty())
        .map(|row| (row.file, &row.differs))
        .collect();
    assert!(
        differing.is_empty(),
        "judged otherwise than is stated: {differing:#?}"
    );
    assert!(
        unstated.is_empty(),
        "files of which nothing is stated: {unstated:?}"
    );
}
