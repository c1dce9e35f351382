//! A full disk, a second process, a wrong passphrase, damaged files: each gets a message that says what
//! to do, nothing panics, and nothing that was issued is harmed.

#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use certseal_tests::{
    PASSPHRASE, certseal, copy, installation, program, run, run_json, run_ok, run_to,
    table::{PERMIT, Table},
};
use tempfile::TempDir;

fn backfill(home: &Path, file: &Path) -> Command {
    let mut command = certseal(home);
    command.args(["backfill", "--type", PERMIT]).arg(file);
    command
}

fn table(rows: usize) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("licences.csv");
    Table::permits(1, rows).write(&file);
    (folder, file)
}

/// Every file under a folder, but the registry's own, with its bytes.
fn contents(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(folder) else {
            continue;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.starts_with(root.join("registry")) {
                found.insert(path.clone(), fs::read(path).unwrap());
            }
        }
    }
    found
}

fn audited(home: &Path, certificates: u64) {
    let audit = run_json(0, certseal(home).arg("audit"));
    for what in ["certificates", "documents"] {
        assert_eq!(audit[what], certificates, "{audit}");
    }
    assert_eq!(audit["orphans"], 0, "{audit}");
}

/// A file system of its own, where the machine lets us have one.
struct Mounted(TempDir);

impl Mounted {
    fn new(options: &str) -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let mounted = Self::mount(&["-t", "tmpfs", "-o", options, "tmpfs"], folder.path());
        mounted.then_some(Self(folder))
    }

    /// A view of a folder that cannot be written.
    fn read_only(of: &Path) -> Option<Self> {
        let folder = TempDir::new().unwrap();
        if !Self::mount(&["--bind", of.to_str().unwrap()], folder.path()) {
            return None;
        }
        let mounted = Self(folder);
        assert!(Self::mount(&["-o", "remount,ro,bind"], mounted.path()));
        Some(mounted)
    }

    fn resize(&self, size: &str) {
        assert!(Self::mount(&["-o", &format!("remount,size={size}")], self.path()));
    }

    fn mount(options: &[&str], at: &Path) -> bool {
        let mut command = Command::new("mount");
        command.args(options).arg(at).stderr(Stdio::null());
        let mounted = command.status().is_ok_and(|status| status.success());
        if !mounted {
            let _ = writeln!(io::stderr().lock(), "SKIPPED: no file system can be mounted here");
        }
        mounted
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

#[test]
fn too_small_a_disk_is_refused_before_anything_is_issued() {
    let Some(disk) = Mounted::new("size=100m") else {
        return;
    };
    let home = disk.path().join("home");
    copy(installation().path(), &home).unwrap();
    let (_folder, file) = table(20);
    for _ in 0..2 {
        let (_, stderr) = run_to(2, &mut backfill(&home, &file));
        assert!(
            stderr.contains("空间不足") && stderr.contains("256 MiB"),
            "{stderr}"
        );
        // Documents that got no event do not fill the disk further.
        audited(&home, 0);
    }
    let out = disk.path().join("x.pdf");
    let mut issue = certseal(&home);
    issue.args(["issue", "--type", PERMIT, "--out"]).arg(&out);
    let table = Table::permits(30, 1);
    for (header, value) in table.header.iter().zip(&table.rows[0]) {
        issue.arg("--set").arg(format!("{header}={value}"));
    }
    let (_, stderr) = run_to(2, &mut issue);
    assert!(stderr.contains("空间不足"), "{stderr}");
    assert!(!out.exists());
    audited(&home, 0);

    disk.resize("600m");
    run_ok(&mut issue);
    run_ok(&mut backfill(&home, &file));
    audited(&home, 21);
}

#[test]
fn a_disk_that_fills_up_stops_the_run_and_harms_nothing() {
    let Some(disk) = Mounted::new("size=600m") else {
        return;
    };
    let home = disk.path().join("home");
    copy(installation().path(), &home).unwrap();
    let (_folder, file) = table(1_200);

    // 1. All but the room for some hundred certificates is taken.
    let ballast = disk.path().join("ballast");
    let free = || {
        let stat = rustix::fs::statvfs(disk.path()).unwrap();
        stat.f_bavail * stat.f_frsize
    };
    let room = (256 << 20) + (40 << 20);
    let mut out = fs::File::create(&ballast).unwrap();
    let mebibyte = vec![1; 1 << 20];
    while free() > room {
        out.write_all(&mebibyte).unwrap();
    }
    drop(out);
    let (stdout, stderr) = run_to(2, backfill(&home, &file).arg("--json"));
    assert!(
        stderr.contains("空间不足") && stderr.contains("再次运行"),
        "{stderr}"
    );
    let answer: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    let done = answer["summary"]["done"].as_u64().unwrap();
    assert!((1..1_200).contains(&done), "{answer}");
    assert!(answer["error"].as_str().unwrap().contains("空间不足"), "{answer}");
    audited(&home, done);
    let again = run(&mut backfill(&home, &file));
    assert_eq!(again.status.code(), Some(2));
    audited(&home, done);

    // 2. Reading goes on.
    let found = run_json(
        0,
        certseal(&home).args(["certificate", "find", "农药经许（豫）41990100001"]),
    );
    assert_eq!(found[0]["status"], "in-force", "{found}");

    // 3. With room again, the rest is sealed.
    fs::remove_file(ballast).unwrap();
    let answer = run_json(0, &mut backfill(&home, &file));
    assert_eq!(answer["summary"]["done"], 1_200 - done);
    assert_eq!(answer["summary"]["already"], done);
    audited(&home, 1_200);
}

#[test]
fn documents_on_a_full_disk_of_their_own_leave_no_half() {
    let Some(disk) = Mounted::new("size=6m") else {
        return;
    };
    let home = installation();
    let documents = home.path().join("documents");
    fs::remove_dir(&documents).unwrap();
    std::os::unix::fs::symlink(disk.path(), documents).unwrap();
    let (_folder, file) = table(600);
    let (_, stderr) = run_to(2, &mut backfill(home.path(), &file));
    assert!(
        stderr.contains("空间已满") && stderr.contains("再次运行"),
        "{stderr}"
    );
    let audit = run_json(0, certseal(home.path()).arg("audit"));
    assert_eq!(audit["orphans"], 0, "{audit}");
    assert_eq!(audit["documents"], audit["certificates"], "{audit}");
    disk.resize("200m");
    run_ok(&mut backfill(home.path(), &file));
    audited(home.path(), 600);
}

#[test]
fn a_file_size_limit_halts_the_registry_and_harms_nothing() {
    let home = installation();
    let (_folder, file) = table(1_500);
    // The registry's file grows past the limit on the way; documents are smaller. With the signal
    // ignored the write fails, as it does on a medium that ends.
    let mut limited = Command::new("bash");
    limited
        .args([
            "-c",
            "trap '' XFSZ; ulimit -f \"$1\"; shift; exec \"$@\"",
            "bash",
            "1024",
        ])
        .arg(program())
        .env("CERTSEAL_PASSPHRASE", PASSPHRASE)
        .arg("--home")
        .arg(home.path())
        .args(["backfill", "--type", PERMIT])
        .arg(&file);
    let (_, stderr) = run_to(2, &mut limited);
    assert!(stderr.contains("登记簿"), "{stderr}");
    let audit = run_json(0, certseal(home.path()).args(["audit", "--sweep"]));
    assert_eq!(audit["documents"], audit["certificates"], "{audit}");
    run_ok(&mut backfill(home.path(), &file));
    audited(home.path(), 1_500);
}

#[test]
fn a_second_process_is_told_who_has_the_registry() {
    let home = installation();
    let (_folder, file) = table(9_000);
    let mut first = backfill(home.path(), &file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while !home.path().join("documents").join(PERMIT).exists() {
        assert!(begun.elapsed() < Duration::from_mins(1) && first.try_wait().unwrap().is_none());
        thread::sleep(Duration::from_millis(10));
    }
    for verb in [
        &["audit"][..],
        &["report", "annex3"],
        &["certificate", "find", "x"],
    ] {
        let (_, stderr) = run_to(2, certseal(home.path()).args(verb));
        assert!(stderr.contains(&format!("进程号 {}", first.id())), "{stderr}");
        assert!(stderr.contains("停止另一个进程"), "{stderr}");
    }
    let (_, stderr) = run_to(2, &mut backfill(home.path(), &file));
    assert!(stderr.contains(&first.id().to_string()), "{stderr}");
    // What needs no registry still works.
    run_ok(certseal(home.path()).args(["type", "list"]));
    first.kill().unwrap();
    first.wait().unwrap();
    // The lock died with the process.
    run_ok(certseal(home.path()).args(["report", "annex3"]));
}

/// A name, the variable, the file, and what is said.
type Secret = (
    &'static str,
    Option<&'static str>,
    Option<&'static str>,
    &'static [&'static str],
);

#[test]
fn a_wrong_passphrase_writes_nothing() {
    let home = installation();
    let (folder, file) = table(5);
    let before = contents(home.path());
    let secret = folder.path().join("secret");
    let cases: [Secret; 6] = [
        ("wrong", Some("wrong"), None, &["口令错误", "CERTSEAL_PASSPHRASE"]),
        ("none", None, None, &["没有密钥口令", "--passphrase-file"]),
        ("empty", Some(""), None, &["口令为空"]),
        (
            "wrong file",
            None,
            Some("wrong\n"),
            &["口令错误", "--passphrase-file"],
        ),
        ("empty file", Some(PASSPHRASE), Some(""), &["secret", "口令为空"]),
        ("no file", Some(PASSPHRASE), None, &["secret"]),
    ];
    for (name, variable, text, said) in cases {
        let mut command = backfill(home.path(), &file);
        command.env_remove("CERTSEAL_PASSPHRASE").stdin(Stdio::null());
        if let Some(variable) = variable {
            command.env("CERTSEAL_PASSPHRASE", variable);
        }
        let _ = fs::remove_file(&secret);
        if let Some(text) = text {
            write_secret(&secret, text.as_bytes());
        }
        if text.is_some() || name == "no file" {
            command.arg("--passphrase-file").arg(&secret);
        }
        let (_, stderr) = run_to(2, &mut command);
        for part in said {
            assert!(stderr.contains(part), "{name} does not say {part}: {stderr}");
        }
        assert!(stderr.matches("口令错误").count() <= 1, "said twice: {stderr}");
        assert!(!stderr.contains(PASSPHRASE));
    }
    let after = contents(home.path());
    assert!(before == after, "files changed");
    audited(home.path(), 0);
    // The file counts before the variable, and its first line is the passphrase.
    write_secret(&secret, format!("{PASSPHRASE}\n").as_bytes());
    let mut command = backfill(home.path(), &file);
    command
        .env("CERTSEAL_PASSPHRASE", "wrong")
        .arg("--passphrase-file")
        .arg(&secret);
    run_ok(&mut command);
}

fn write_secret(path: &Path, bytes: &[u8]) {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .unwrap();
    file.write_all(bytes).unwrap();
}

#[test]
fn damaged_files_of_an_installation_are_named() {
    let home = installation();
    let (_folder, file) = table(3);
    let templates = home.path().join("templates");
    let of_type = templates.join(PERMIT);
    let cases: [(PathBuf, &[u8], &str); 9] = [
        (home.path().join("certseal.toml"), b"host = ", "certseal.toml"),
        (home.path().join("certseal.toml"), b"\xFF\xFE", "certseal.toml"),
        (
            home.path().join("certseal.toml"),
            b"host = \"x\"\nunknown = 1\n",
            "certseal.toml",
        ),
        (templates.join("departments.toml"), b"[[", "departments.toml"),
        (of_type.join("type.toml"), b"key = 1", "type.toml"),
        (home.path().join("keys/signer-ny.key"), b"-----BEGIN", "signer-ny"),
        (home.path().join("keys/signer-ny.pem"), b"x", "signer-ny"),
        (home.path().join("keys/token.key"), b"", "token"),
        (home.path().join("keys/seal-maker.pem"), b"x", "seal-maker.pem"),
    ];
    for (path, bytes, said) in cases {
        let good = fs::read(&path).unwrap();
        fs::write(&path, bytes).unwrap();
        let (_, stderr) = run_to(2, &mut backfill(home.path(), &file));
        assert!(
            stderr.contains(said),
            "{} does not say {said}: {stderr}",
            path.display()
        );
        // Missing altogether.
        fs::remove_file(&path).unwrap();
        let (_, stderr) = run_to(2, &mut backfill(home.path(), &file));
        assert!(!stderr.is_empty());
        // A folder in its place.
        fs::create_dir(&path).unwrap();
        let (_, stderr) = run_to(2, &mut backfill(home.path(), &file));
        assert!(
            stderr.contains(said) || stderr.contains(PERMIT),
            "{}: {stderr}",
            path.display()
        );
        fs::remove_dir(&path).unwrap();
        fs::write(&path, good).unwrap();
    }
    // The template of a face, or the layout it shares.
    for folder in [of_type, templates.join("_layouts")] {
        let aside = home.path().join("aside");
        fs::rename(&folder, &aside).unwrap();
        let (_, stderr) = run_to(2, &mut backfill(home.path(), &file));
        assert!(
            stderr.contains(PERMIT) || stderr.contains("landscape-permit"),
            "{stderr}"
        );
        fs::rename(&aside, &folder).unwrap();
    }
    run_ok(&mut backfill(home.path(), &file));
    audited(home.path(), 3);

    // What only the server reads stops the server, before it listens.
    for damage in ["[[", "key = 1", "\u{FEFF}x"] {
        fs::write(home.path().join("api-keys.toml"), damage).unwrap();
        for verb in [&["key", "api-list"][..], &["serve", "--listen", "127.0.0.1:0"]] {
            let (_, stderr) = run_to(2, certseal(home.path()).args(verb));
            assert!(stderr.contains("api-keys.toml"), "{verb:?}: {stderr}");
        }
    }
}

#[test]
fn a_damaged_registry_is_told_and_never_panics() {
    let home = installation();
    let (_folder, file) = table(600);
    run_ok(&mut backfill(home.path(), &file));
    let log = home.path().join("registry/sled/db");
    let conf = home.path().join("registry/sled/conf");
    let good = fs::read(&log).unwrap();
    let mut damages: Vec<(String, PathBuf, Vec<u8>)> =
        [0, 1, 100, good.len() / 4, good.len() / 2, good.len() * 9 / 10]
            .iter()
            .map(|length| (format!("cut at {length}"), log.clone(), good[..*length].to_vec()))
            .collect();
    for at in [64, good.len() / 8, good.len() / 3] {
        let mut bytes = good.clone();
        bytes[at..at + 64].iter_mut().for_each(|byte| *byte ^= 0x55);
        damages.push((format!("changed at {at}"), log.clone(), bytes));
    }
    damages.push(("conf".to_owned(), conf.clone(), b"x".to_vec()));
    let original = contents_of(&home.path().join("registry"));
    for (name, path, bytes) in damages {
        fs::write(&path, bytes).unwrap();
        let output = run(certseal(home.path()).arg("audit"));
        let stderr = String::from_utf8_lossy(&output.stderr);
        let stdout = String::from_utf8_lossy(&output.stdout);
        let status = output.status.code();
        // What the engine mends by itself must leave the audit with nothing to complain of but documents
        // without events.
        let is_told = status == Some(2) && stderr.contains("登记簿") || status == Some(1);
        let is_unharmed = status == Some(0) && stdout.contains("600 张证照");
        assert!(is_told || is_unharmed, "{name}: {status:?}\n{stdout}\n{stderr}");
        // The engine gives up on some damage by panicking; that is caught and told as damage, in our words.
        assert!(!stderr.contains("panicked"), "{name}: {stderr}");
        restore(&home.path().join("registry"), &original);
    }
    audited(home.path(), 600);
}

fn contents_of(folder: &Path) -> TempDir {
    let kept = TempDir::new().unwrap();
    copy(folder, &kept.path().join("kept")).unwrap();
    kept
}

fn restore(folder: &Path, from: &TempDir) {
    fs::remove_dir_all(folder).unwrap();
    copy(&from.path().join("kept"), folder).unwrap();
}

#[test]
fn a_read_only_installation_says_so() {
    let home = installation();
    let (_folder, file) = table(3);
    run_ok(&mut backfill(home.path(), &file));
    let document = contents(&home.path().join("documents"))
        .into_keys()
        .next()
        .unwrap();
    run_ok(certseal(home.path()).arg("verify").arg(&document));
    let Some(view) = Mounted::read_only(home.path()) else {
        return;
    };
    let (_, stderr) = run_to(2, &mut backfill(view.path(), &file));
    assert!(
        stderr.contains("错误") && stderr.contains("文件系统只读"),
        "{stderr}"
    );
    run_to(2, certseal(view.path()).args(["report", "annex3"]));
    // What only reads files goes on: types, and verification without the registry.
    run_ok(certseal(view.path()).args(["type", "list"]));
    let output = run(certseal(view.path()).args(["verify", "--offline"]).arg(document));
    assert_ne!(
        output.status.code(),
        Some(2),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    audited(home.path(), 3);
}

#[test]
fn documents_newer_than_a_restored_registry_are_kept() {
    let home = installation();
    let (_folder, file) = table(20);
    run_ok(&mut backfill(home.path(), &file));
    let registry = home.path().join("registry");
    let backup = contents_of(&registry);
    Table::permits(1, 25).write(&file);
    run_ok(&mut backfill(home.path(), &file));
    let newest = contents_of(&registry);
    let documents = || contents(&home.path().join("documents"));
    let before = documents();
    assert_eq!(before.len(), 25);
    // What a crash left half-written is no document; what somebody else put there is none of ours.
    let shard = before.keys().next().unwrap().parent().unwrap();
    fs::write(shard.join("x.pdf#7"), "half").unwrap();
    fs::write(shard.join("新建 文本.txt"), "note").unwrap();

    restore(&registry, &backup);
    let audit = run_json(0, certseal(home.path()).arg("audit"));
    assert_eq!(
        (&audit["orphans"], &audit["half_written"]),
        (&6.into(), &1.into()),
        "{audit}"
    );
    let (said, _) = run_to(0, certseal(home.path()).arg("audit"));
    assert!(said.contains("旧备份") && said.contains("--sweep"), "{said}");
    assert_eq!(documents().len(), 27);
    let (said, _) = run_to(0, certseal(home.path()).args(["audit", "--sweep"]));
    assert!(
        said.contains("documents-aside") && said.contains("已删除"),
        "{said}"
    );
    audited(home.path(), 20);
    let aside = contents(&home.path().join("documents-aside"));
    assert_eq!((aside.len(), documents().len()), (6, 20));

    // With the newer registry back, the audit says where its documents are, and they can be put back.
    restore(&registry, &newest);
    let audit = run_json(1, certseal(home.path()).arg("audit"));
    assert_eq!(audit["fault_count"], 5, "{audit}");
    assert!(
        audit["faults"][0].as_str().unwrap().contains("documents-aside"),
        "{audit}"
    );
    copy(
        &home.path().join("documents-aside"),
        &home.path().join("documents"),
    )
    .unwrap();
    let audit = run_json(0, certseal(home.path()).args(["audit", "--sweep"]));
    assert_eq!(
        (&audit["documents"], &audit["set_aside"]),
        (&25.into(), &1.into()),
        "{audit}"
    );
    assert_eq!(documents(), before);
}

#[test]
fn a_missing_registry_is_not_made_anew() {
    let home = installation();
    let (_folder, file) = table(3);
    run_ok(&mut backfill(home.path(), &file));
    let document = contents(&home.path().join("documents"))
        .into_keys()
        .next()
        .unwrap();
    let registry = home.path().join("registry");
    let kept = contents_of(&registry);
    fs::remove_dir_all(&registry).unwrap();
    // As where a disk is not mounted.
    fs::create_dir(&registry).unwrap();
    for verb in [&["report", "annex3"][..], &["audit"], &["seal", "list"]] {
        let (_, stderr) = run_to(2, certseal(home.path()).args(verb));
        assert!(
            stderr.contains("没有登记簿") && stderr.contains("备份"),
            "{stderr}"
        );
    }
    let (_, stderr) = run_to(2, certseal(home.path()).arg("verify").arg(&document));
    assert!(stderr.contains("--offline"), "{stderr}");
    run(certseal(home.path()).args(["verify", "--offline"]).arg(&document));
    assert_eq!(fs::read_dir(&registry).unwrap().count(), 0);
    restore(&registry, &kept);
    audited(home.path(), 3);
}

#[test]
fn what_the_system_says_is_told_in_chinese() {
    let home = installation();
    let nowhere = home.path().join("none.csv");
    let (_, stderr) = run_to(2, &mut backfill(home.path(), &nowhere));
    assert!(
        stderr.contains("文件或目录不存在 (No such file or directory)"),
        "{stderr}"
    );
    let (_, stderr) = run_to(2, &mut backfill(home.path(), home.path()));
    assert!(stderr.contains("是目录，不是文件"), "{stderr}");
    // Personal data and keys are for the owner alone.
    let founded = TempDir::new().unwrap();
    let founded = founded.path().join("home");
    run_ok(certseal(&founded).arg("init"));
    for private in ["keys", "registry", "documents"] {
        let mode = fs::metadata(founded.join(private)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{private}");
    }
}
