//! One target of `certseal_tests::fuzz`: the one this binary is named after.

#![no_main]

use std::sync::LazyLock;

use certseal_tests::fuzz::{Target, named};
use libfuzzer_sys::fuzz_target;

static TARGET: LazyLock<Target> = LazyLock::new(|| named(env!("CARGO_BIN_NAME")));

fuzz_target!(
    // libFuzzer aborts in its panic hook. The reader of QR codes is a library whose panics we catch, so
    // the hook must let them pass; a panic that nobody catches still ends the run.
    init: std::panic::set_hook(Box::new(|about| eprintln!("{about}"))),
    |bytes: &[u8]| (TARGET.run)(bytes)
);
