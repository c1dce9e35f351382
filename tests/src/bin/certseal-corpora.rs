//! Prints the table of other people's documents: `certseal-corpora FOLDER`, where the folder has a
//! `manifest.tsv`, or a folder `pdf` that has one.

#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::{path::PathBuf, process::ExitCode};

use certseal_tests::corpora::{judge, table};

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: certseal-corpora FOLDER");
        return ExitCode::from(2);
    };
    let inner = folder.join("pdf");
    let folder = if inner.is_dir() { inner } else { folder };
    let rows = judge(&folder);
    print!("{}", table(&rows));
    let is_open = rows.iter().any(|row| !row.agrees() && row.contested().is_none());
    ExitCode::from(u8::from(is_open))
}
