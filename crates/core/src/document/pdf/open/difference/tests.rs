//! The comparison over updates made by hand, and over other people's files.

#![allow(clippy::unwrap_used)]

use super::{super::open, *};

/// Every file of the corpus whose later revisions are judged by its manifest.
#[test]
fn foreign_updates_are_judged_as_their_makers_say() {
    let Some(root) = std::env::var_os("CERTSEAL_CORPORA") else {
        eprintln!("SKIPPED: CERTSEAL_CORPORA names no folder of foreign documents");
        return;
    };
    let root = std::path::PathBuf::from(root).join("pdf");
    let manifest = std::fs::read_to_string(root.join("manifest.tsv")).unwrap();
    let mut counts: BTreeMap<(String, &str), usize> = BTreeMap::new();
    for row in manifest.lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let (file, class) = (columns[0], columns[6]);
        if file.rsplit('.').next() != Some("pdf") {
            continue;
        }
        let bytes = std::fs::read(root.join(file)).unwrap();
        let mut why = Vec::new();
        let verdict = match open(&bytes) {
            Err(error) => {
                why.push(error.to_string());
                "not opened"
            }
            Ok(opened) if opened.signatures().is_empty() => "no signature",
            Ok(opened) => {
                let mut verdict = "unchanged";
                for signature in opened.signatures() {
                    match opened.difference(signature) {
                        Ok(difference) => {
                            if difference.refused().next().is_some() {
                                verdict = "refused";
                            } else if verdict == "unchanged" && !difference.changes.is_empty() {
                                verdict = "allowed";
                            }
                            why.extend(difference.refused().map(|change| {
                                format!("{}:{}@{} {:?}", signature.fields.join(","), change.kind.code(), change.object, change.place)
                            }));
                        }
                        Err(error) => {
                            verdict = "refused";
                            why.push(error.to_string());
                        }
                    }
                }
                verdict
            }
        };
        if std::env::var_os("CERTSEAL_CORPORA_LIST").is_some() {
            eprintln!("ROW\t{class}\t{verdict}\t{file}\t{}", why.join("; "));
        }
        *counts.entry((class.to_owned(), verdict)).or_default() += 1;
    }
    for ((class, verdict), count) in &counts {
        eprintln!("{class:16} {verdict:12} {count}");
    }
}
