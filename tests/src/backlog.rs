//! Running a backfill and looking at what it did.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::{certseal, run_json};

/// `certseal backfill --type T FILE`.
pub fn backfill(home: &Path, certificate_type: &str, file: &Path) -> Command {
    let mut command = certseal(home);
    command.args(["backfill", "--type", certificate_type]).arg(file);
    command
}

/// Counts of a JSON summary: done, already, skipped, rejected.
///
/// # Panics
/// When it is no summary.
pub fn counts(answer: &Value) -> [u64; 4] {
    ["done", "already", "skipped", "rejected"].map(|name| answer["summary"][name].as_u64().expect("a count"))
}

/// The rejects file beside a table.
pub fn rejects_of(file: &Path) -> PathBuf {
    file.with_extension("rejects.csv")
}

/// Files under a folder.
///
/// # Panics
/// When one of its entries cannot be read.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else {
        return found;
    };
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// Audits an installation that holds so many certificates and nothing else.
///
/// # Panics
/// When it does not.
pub fn audited(home: &Path, certificates: u64) {
    let audit = run_json(0, certseal(home).arg("audit"));
    assert_eq!(audit["certificates"], certificates, "{audit}");
    assert_eq!(audit["documents"], certificates, "{audit}");
    assert_eq!(audit["orphans"], 0, "{audit}");
}
