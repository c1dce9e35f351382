//! Prints the tables of other people's documents: `certseal-corpora FOLDER`, where the folder has a folder `pdf` with a
//! `manifest.tsv`, a folder `ofd`, or both; or is the first of these.

#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::{path::PathBuf, process::ExitCode};

use certseal_tests::{corpora, ofd_corpus};

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: certseal-corpora FOLDER");
        return ExitCode::from(2);
    };
    let mut is_open = false;
    let (pdf, ofd) = (folder.join("pdf"), folder.join("ofd"));
    let pdf = if pdf.is_dir() { pdf } else { folder.clone() };
    if pdf.join("manifest.tsv").is_file() {
        let rows = corpora::judge(&pdf);
        print!("{}", corpora::table(&rows));
        is_open |= rows.iter().any(|row| !row.agrees() && row.contested().is_none());
    }
    let ofd = if ofd.is_dir() { ofd } else { folder };
    if ofd.join("signed_good").is_dir() {
        let (rows, unstated) = ofd_corpus::judge(&ofd);
        print!("{}", ofd_corpus::table(&rows));
        for file in &unstated {
            println!("nothing is stated of {file}");
        }
        is_open |= !unstated.is_empty() || rows.iter().any(|row| !row.differs.is_empty());
    }
    ExitCode::from(u8::from(is_open))
}
