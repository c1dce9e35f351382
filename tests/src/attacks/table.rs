//! The files in a folder, and the table of what is said of them.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use certseal_core::{home::Home, verify::Verifier};
use jiff::Timestamp;

use super::{Case, Expected, NOW, all, attacks_on, judges, options, root, verifier};
use crate::documents::{found, issue};

/// Certificates of our own under attack, and who verifies them.
///
/// # Panics
/// When they cannot be issued.
pub fn own() -> (Vec<Case>, Verifier) {
    let folder = found("419901", "河南省示例市示例区");
    let home = folder.path().join("home");
    let of = "teacher-qualification-certificate";
    let good = issue(&home, of, &[]);
    let more = [
        "--set",
        "holder-name=钱示范",
        "--set",
        "certificate-number=20194199010000038",
    ];
    let other = issue(&home, of, &more);
    let material = Home::open(&home).and_then(|home| home.trust_material(None));
    let verifier = Verifier::new(material.expect("the home opens")).expect("its material is good");
    (attacks_on(&good.document, &other.document), verifier)
}

/// Writes every file; gives each with our verdict.
///
/// # Panics
/// When the folder cannot be written.
pub fn write(folder: &Path) -> Vec<(Case, String)> {
    fs::create_dir_all(folder).expect("the folder is made");
    fs::write(folder.join("root.der"), root()).expect("the root is written");
    let strangers = verifier();
    let (own, ours) = own();
    let now = certseal_core::verify::Options {
        now: Timestamp::now(),
    };
    let judged = |case: Case, verifier: &Verifier, options: &certseal_core::verify::Options| {
        let report = verifier.verify_file(&case.bytes, options, None);
        let verdict = match report.reason {
            Some(reason) => format!("{} {reason}", report.indication.as_str()),
            None => report.indication.as_str().to_owned(),
        };
        fs::write(folder.join(format!("{}.pdf", case.name)), &case.bytes).expect("a file is written");
        (case, verdict)
    };
    let mut cases: Vec<(Case, String)> = own.into_iter().map(|case| judged(case, &ours, &now)).collect();
    cases.extend(all().into_iter().map(|case| judged(case, &strangers, &options())));
    let names: BTreeSet<&str> = cases.iter().map(|(case, _)| &case.name[..]).collect();
    assert_eq!(names.len(), cases.len(), "two cases have one name");
    cases
}

/// The table as Markdown; written beside the files as well.
///
/// # Panics
/// When a judge is not installed, or the folder cannot be written.
pub fn print(folder: &Path, cases: &[(Case, String)]) -> String {
    let files: Vec<String> = cases
        .iter()
        .map(|(case, _)| format!("{}.pdf", case.name))
        .collect();
    let opinions = judges::ask(folder, &files, &folder.join("root.der"), NOW);
    let mut table = String::from(
        "| attack | on | class, after | what a reader sees | certseal | pyHanko strict | pyHanko lenient | pdfsig |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    let mut rows = String::from(
        "file\tclass\tafter\tseen\texpected\tcertseal\tpyhanko_strict\tpyhanko_lenient\tpdfsig\n",
    );
    let (mut attacks, mut accepted) = (0, [0; 3]);
    let mut grouped: Vec<(&str, Vec<&str>, String)> = Vec::new();
    for ((case, verdict), opinion) in cases.iter().zip(opinions) {
        let Case {
            name,
            class,
            published,
            seen,
            ..
        } = case;
        let [strict, lenient, pdfsig] = [&opinion.strict, &opinion.lenient, &opinion.pdfsig];
        // One row for all documents on which everybody says the same.
        let (attack, kind) = case.halves();
        let said = format!("{class}, {published} | {seen} | {verdict} | {strict} | {lenient} | {pdfsig}");
        match grouped.last_mut() {
            Some((last, kinds, before)) if *last == attack && *before == said => kinds.push(kind),
            _ => grouped.push((attack, vec![kind], said)),
        }
        let expected = match case.expected {
            Expected::Failed { code, change } => format!("TOTAL-FAILED {code} {change}"),
            Expected::Open { code } => format!("INDETERMINATE {code}"),
            Expected::NotFailed => "not TOTAL-FAILED".to_owned(),
        };
        let _ = writeln!(
            rows,
            "{name}\t{class}\t{published}\t{seen}\t{}\t{verdict}\t{strict}\t{lenient}\t{pdfsig}",
            expected.trim_end()
        );
        if !case.is_harmless() {
            attacks += 1;
            for (count, said) in accepted.iter_mut().zip([strict, lenient, pdfsig]) {
                *count += usize::from(said.starts_with("ACCEPT"));
            }
        }
    }
    for (attack, kinds, said) in grouped {
        let _ = writeln!(table, "| `{attack}` | {} | {said} |", kinds.join(", "));
    }
    let failed = cases
        .iter()
        .filter(|(case, verdict)| !case.is_harmless() && verdict.starts_with("TOTAL-FAILED"));
    let _ = writeln!(
        table,
        "\n{attacks} attacks and {} harmless files. Of the attacks certseal fails {} and passes none; pyHanko \
         accepts {} strict and {} lenient, pdfsig {}.",
        cases.len() - attacks,
        failed.count(),
        accepted[0],
        accepted[1],
        accepted[2]
    );
    fs::write(folder.join("table.md"), &table).expect("the table is written");
    fs::write(folder.join("table.tsv"), rows).expect("the table is written");
    table
}
