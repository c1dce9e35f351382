//! The kill test: the program is killed at random moments, and nothing is half-issued, nothing is lost,
//! nothing is there twice.

#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use certseal_tests::{
    Random, certseal, installation, run_json, run_ok,
    table::{PERMIT, Table},
};
use tempfile::TempDir;

/// Kills the issue asks for, and some more.
const KILLS: usize = 24;
/// Rows to begin with, and to go on with when the runs get through them.
const ROWS: usize = 2_500;
/// Longest that one run may take to begin writing.
const PATIENCE: Duration = Duration::from_secs(30);

fn backfill(home: &Path, file: &Path) -> Command {
    let mut command = certseal(home);
    command.args(["backfill", "--type", PERMIT]).arg(file);
    command
}

fn start(mut command: Command) -> Child {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Sealed documents, and half-written ones, as they lie in the installation.
fn documents(home: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![home.join("documents")];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(folder) else {
            continue;
        };
        for entry in entries.flatten() {
            // A file may be gone by the time it is looked at.
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                _ => found.push(entry.path()),
            }
        }
    }
    found
}

/// Documents in a sixteenth of the folders they are spread over: of a chunk's, some are always there.
fn some_documents(home: &Path) -> usize {
    let folder = home.join("documents").join(PERMIT);
    let shards = (0..16).map(|shard| folder.join(format!("{shard:02x}")));
    shards
        .filter_map(|shard| fs::read_dir(shard).ok())
        .map(Iterator::count)
        .sum()
}

/// Waits until a run has written something; false when it ended before.
fn wait_for_writing(count: impl Fn() -> usize, child: &mut Child) -> bool {
    let begun = Instant::now();
    let before = count();
    while count() <= before {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        assert!(begun.elapsed() < PATIENCE, "the run writes nothing");
        thread::sleep(Duration::from_millis(5));
    }
    true
}

#[test]
fn backfill_survives_being_killed_at_any_moment() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("licences.csv");
    let lay = |rows: usize| {
        let mut table = Table::permits(1, rows);
        table.set(0, "经营者名称", ""); // so that the rejects file is being written too
        table.write(&file);
    };
    let mut rows = ROWS;
    lay(rows);
    let mut random = Random(20_260_601);

    // 1. Kills: every sixth before or while the run opens the registry and its keys, the others once it
    //    writes: among documents, between them and their events, while events are flushed, between chunks.
    let mut kills = 0;
    for round in 0.. {
        if kills == KILLS {
            break;
        }
        assert!(round < 2 * KILLS, "runs end before they can be killed");
        let mut child = start(backfill(home.path(), &file));
        if round % 6 == 0 {
            thread::sleep(Duration::from_millis(random.below(600)));
        } else if wait_for_writing(|| some_documents(home.path()), &mut child) {
            thread::sleep(Duration::from_millis(random.below(350)));
        }
        if child.try_wait().unwrap().is_none() {
            kills += 1;
        } else {
            rows += ROWS; // all done before the blow fell: more work
            lay(rows);
        }
        let _ = child.kill();
        child.wait().unwrap();

        // 2. Now and then, what is there so far is whole.
        if round == KILLS / 2 {
            let audit = run_json(0, certseal(home.path()).arg("audit"));
            assert_eq!(audit["documents"], audit["certificates"], "{audit}");
        }
    }
    let after_kills = run_json(0, certseal(home.path()).arg("audit"));
    let certificates = after_kills["certificates"].as_u64().unwrap();

    // 3. One run to the end, with some rows that no run has seen: everything once.
    rows += 300;
    lay(rows);
    let good = rows as u64 - 1;
    let answer = run_json(1, &mut backfill(home.path(), &file));
    assert_eq!(answer["summary"]["already"], certificates);
    assert_eq!(answer["summary"]["done"], good - certificates);
    assert_eq!(answer["summary"]["rejected"], 1);
    let audit = run_json(0, certseal(home.path()).args(["audit", "--sweep"]));
    for (what, count) in [("certificates", good), ("documents", good), ("fault_count", 0)] {
        assert_eq!(audit[what], count, "{audit}");
    }
    assert_eq!(audit["set_aside"], audit["orphans"], "{audit}");
    let clean = run_json(0, certseal(home.path()).arg("audit"));
    assert_eq!(clean["orphans"], 0, "{clean}");

    // 4. Nothing else lies about: one file a certificate, no half-written one, no partial rejects.
    let documents = documents(home.path());
    assert_eq!(documents.len() as u64, good);
    let identifiers: BTreeSet<&str> = documents
        .iter()
        .map(|path| {
            path.file_stem()
                .unwrap()
                .to_str()
                .unwrap()
                .rsplit_once('-')
                .unwrap()
                .0
        })
        .collect();
    assert_eq!(identifiers.len() as u64, good);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);

    // 5. They verify, as do those from before the kills; a repeat finds nothing to do.
    let sample: Vec<_> = documents.iter().step_by(97).collect();
    run_ok(certseal(home.path()).arg("verify").args(&sample));
    let answer = run_json(1, &mut backfill(home.path(), &file));
    assert_eq!(answer["summary"]["done"], 0);
    assert_eq!(answer["summary"]["already"], good);
}

#[test]
fn a_killed_request_repeated_under_its_key_is_issued_once() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let table = Table::permits(1, 8);
    let mut random = Random(7);
    for (at, row) in table.rows.iter().enumerate() {
        let out = folder.path().join(format!("{at}.pdf"));
        let request = || {
            let mut command = certseal(home.path());
            command.args(["issue", "--type", PERMIT, "--idempotency-key"]);
            command.arg(format!("request-{at}")).arg("--out").arg(&out);
            // Without the number, which the program then allots.
            for (header, value) in table.header.iter().zip(row).skip(1) {
                command.arg("--set").arg(format!("{header}={value}"));
            }
            command
        };
        let mut child = start(request());
        if at % 2 == 0 {
            wait_for_writing(|| documents(home.path()).len(), &mut child);
            thread::sleep(Duration::from_millis(random.below(40)));
        } else {
            thread::sleep(Duration::from_millis(300 + random.below(700)));
        }
        let _ = child.kill();
        child.wait().unwrap();
        // Where the killed run wrote the file at all, it wrote it whole.
        let killed = fs::read(&out).ok();

        let first = run_json(0, &mut request());
        let bytes = fs::read(&out).unwrap();
        assert!(killed.is_none_or(|killed| killed == bytes), "request {at}");
        let second = run_json(0, &mut request());
        assert_eq!(second["replayed"], true);
        assert_eq!(second["record"], first["record"]);
        assert_eq!(fs::read(&out).unwrap(), bytes);
    }
    let audit = run_json(0, certseal(home.path()).args(["audit", "--sweep"]));
    assert_eq!(audit["certificates"], 8, "{audit}");
    assert_eq!(documents(home.path()).len(), 8);
    run_ok(
        certseal(home.path())
            .arg("verify")
            .arg(folder.path().join("3.pdf")),
    );
}
