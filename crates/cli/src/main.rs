//! `certseal`: the command line. Parses, calls the library, shows.

mod args;
mod commands;
mod demo;
mod fetch;
mod output;
mod passphrase;
mod tsa;

use std::process::ExitCode;

/// Documents are made on some threads and written on another. The allocator of the C library keeps what
/// one thread took and another gave back; this one returns it, and is quicker besides.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = args::Cli::from_command_line();
    match commands::run(cli).and_then(|outcome| output::finish().map(|()| outcome)) {
        Ok(outcome) => outcome.into(),
        Err(failure) => {
            output::note(failure);
            ExitCode::from(2)
        }
    }
}
