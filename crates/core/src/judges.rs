//! Outside judges of unit tests: programs by other hands that must agree with ours.

use std::{
    env,
    io::{self, Write as _},
    process::Command,
};

/// Whether an outside judge is installed. Where it is not, the test says so and skips; with
/// `CERTSEAL_JUDGES=required`, as in CI, it fails.
pub(crate) fn judge_is_here(judge: &str) -> bool {
    let here = Command::new(judge).arg("--version").output().is_ok();
    if !here {
        let required = env::var("CERTSEAL_JUDGES").is_ok_and(|word| word == "required");
        assert!(!required, "{judge} is not installed; run scripts/setup.sh test");
        // Past the test harness, which keeps the words of passing tests to itself.
        let _ = writeln!(io::stderr().lock(), "SKIPPED: {judge} is not installed");
    }
    here
}
