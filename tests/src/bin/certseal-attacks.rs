//! Writes the attack files into a folder: `certseal-attacks [--table] OUT_DIR`.
//!
//! With `--table` the verdicts of this program, of pdfsig and of pyHanko are printed as Markdown, and
//! written beside the files as `table.md` and `table.tsv`. Certificates of our own come in where the built
//! `certseal` stands beside this program.

#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::{path::PathBuf, process::ExitCode};

use certseal_tests::attacks::table;

fn main() -> ExitCode {
    let mut wants_table = false;
    let mut folder = None;
    for arg in std::env::args_os().skip(1) {
        if arg == "--table" {
            wants_table = true;
        } else {
            folder = Some(PathBuf::from(arg));
        }
    }
    let Some(folder) = folder else {
        eprintln!("usage: certseal-attacks [--table] OUT_DIR");
        return ExitCode::from(2);
    };
    let cases = table::write(&folder);
    println!("{} files in {}", cases.len(), folder.display());
    if wants_table {
        println!("{}", table::print(&folder, &cases));
    }
    ExitCode::SUCCESS
}
