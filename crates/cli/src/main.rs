//! `certseal`: the command line. Parses, calls the library, shows.

mod args;
mod commands;
mod demo;
mod output;
mod passphrase;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let cli = args::Cli::parse();
    match commands::run(cli) {
        Ok(outcome) => outcome.into(),
        Err(failure) => {
            output::note(failure);
            ExitCode::from(2)
        }
    }
}
