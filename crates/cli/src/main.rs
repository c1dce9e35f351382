//! `certseal`: the command line. Thin: parse, call core, show.

mod args;
mod output;
mod passphrase;

fn main() {}
