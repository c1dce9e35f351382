//! Shared by the end-to-end suites: the built program, installations to run it on, outside judges.

pub mod attacks;
pub mod backlog;
pub mod corpora;
pub mod documents;
pub mod fuzz;
pub mod ofd;
pub mod ofd_corpus;
pub mod server;
pub mod table;

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

use tempfile::TempDir;

/// Passphrase of every key the suites make.
pub const PASSPHRASE: &str = "suite passphrase, not a secret";

/// The built `certseal`, beside the test binaries.
///
/// # Panics
/// When the program was not built: the suites judge the program, so there is nothing to skip to.
pub fn program() -> PathBuf {
    let mut folder = std::env::current_exe().expect("a test binary has a path");
    folder.pop();
    if folder.ends_with("deps") {
        folder.pop();
    }
    let program = folder.join("certseal");
    assert!(
        program.exists(),
        "{} is missing: run `cargo build --workspace` first",
        program.display()
    );
    program
}

/// `certseal --home HOME …` with the suites' passphrase in its environment.
pub fn certseal(home: &Path) -> Command {
    let mut command = Command::new(program());
    command
        .env("CERTSEAL_PASSPHRASE", PASSPHRASE)
        .env_remove("CERTSEAL_HOME")
        .arg("--home")
        .arg(home);
    command
}

/// Runs to the end.
///
/// # Panics
/// When the program cannot be started.
pub fn run(command: &mut Command) -> Output {
    command.output().expect("the program starts")
}

/// Runs to the end and gives stdout.
///
/// # Panics
/// When the program fails, with all it printed.
pub fn run_ok(command: &mut Command) -> String {
    let output = run(command);
    assert!(
        output.status.success(),
        "{command:?} ended with {}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs to an expected exit status and gives stdout and stderr.
///
/// # Panics
/// When the program ends otherwise, or panics on the way, with all it printed.
pub fn run_to(status: i32, command: &mut Command) -> (String, String) {
    let output = run(command);
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.code() == Some(status) && !stderr.contains("panicked"),
        "{command:?} ended with {}, not {status}\n{stdout}\n{stderr}",
        output.status
    );
    (stdout, stderr)
}

/// Runs with `--json` to an expected exit status and gives what it printed.
///
/// # Panics
/// When the program ends otherwise or does not print JSON.
pub fn run_json(status: i32, command: &mut Command) -> serde_json::Value {
    let (stdout, stderr) = run_to(status, command.arg("--json"));
    serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{command:?}: {error}\n{stdout}\n{stderr}"))
}

/// SplitMix64: the same seed gives the same figures on every machine.
#[derive(Debug)]
pub struct Random(pub u64);

impl Random {
    /// The next figure below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % end.max(1)
    }
}

/// A founded installation of its own for one test, copied from one made once a test binary.
///
/// # Panics
/// When it cannot be founded or copied.
pub fn installation() -> TempDir {
    static FOUNDED: OnceLock<TempDir> = OnceLock::new();
    let founded = FOUNDED.get_or_init(|| {
        let folder = TempDir::new().expect("a temporary folder");
        run_ok(certseal(&folder.path().join("home")).arg("init"));
        folder
    });
    let folder = TempDir::new().expect("a temporary folder");
    copy(&founded.path().join("home"), folder.path()).expect("the installation is copied");
    folder
}

/// Copies a folder with all it holds.
pub fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Whether an outside judge is installed. Where it is not, the test says so and skips; with
/// `CERTSEAL_JUDGES=required`, as in CI, it fails.
///
/// # Panics
/// When the judge is required and missing.
pub fn judge_is_here(judge: &str) -> bool {
    let here = Command::new(judge).arg("--version").output().is_ok();
    if !here {
        let required = std::env::var("CERTSEAL_JUDGES").is_ok_and(|word| word == "required");
        assert!(!required, "{judge} is not installed; run scripts/setup.sh test");
        // Past the test harness, which keeps the words of passing tests to itself.
        let _ = writeln!(io::stderr().lock(), "SKIPPED: {judge} is not installed");
    }
    here
}

/// pyHanko, where `scripts/setup.sh test` puts it, or on the path.
pub fn pyhanko() -> PathBuf {
    tool("pyhanko/bin/pyhanko").unwrap_or_else(|| PathBuf::from("pyhanko"))
}

/// The Python that has the programs which make good files, where `scripts/setup.sh test` puts it.
pub fn makers() -> PathBuf {
    tool("makers/bin/python").unwrap_or_else(|| PathBuf::from("makers/bin/python"))
}

/// The Python that has easyofd, where `scripts/setup.sh test` puts it.
pub fn easyofd() -> PathBuf {
    tool("easyofd/bin/python").unwrap_or_else(|| PathBuf::from("easyofd/bin/python"))
}

fn tool(path: &str) -> Option<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../target/tools")
        .join(path);
    own.exists().then_some(own)
}
