#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::{
    env, fs,
    fs::OpenOptions,
    io::Write,
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use futures::executor::block_on;
use tempfile::TempDir;

use super::*;
use crate::registry::{
    Basis, Change, NewCertificate,
    contract::{self, Place, contract_tests, issue, item, keyed, register_seal},
};

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
}

impl Place for Folder {
    fn open(&self) -> Box<dyn Registry> {
        Box::new(open(self.0.path()))
    }
}

fn open(folder: &Path) -> SledRegistry {
    SledRegistry::open(
        folder,
        SledOptions {
            cache_bytes: 16 << 20,
            spare_bytes: 0,
        },
    )
    .unwrap()
}

contract_tests!(Folder::new());

/// One of everything, over several tiles.
fn filled(folder: &Path) -> SledRegistry {
    let registry = open(folder);
    let mut batch = vec![register_seal()];
    for i in 0..400 {
        let id = format!("C{i}");
        batch.push(keyed(issue(&id, &id), &id, 1));
        match i % 8 {
            0 => batch.push(item(Change::Suspend(id))),
            1 => batch.push(item(Change::Revoke(id))),
            2 => batch.push(item(Change::Issue(Box::new(NewCertificate {
                basis: Basis::Renews(id.clone()),
                holder_code: None,
                ..contract::new(&format!("R{i}"), &id)
            })))),
            3 => {
                batch.push(item(Change::Suspend(id.clone())));
                batch.push(item(Change::Resume(id)));
            }
            _ => {}
        }
    }
    batch.push(item(Change::SuspendSeal(contract::SEAL.to_owned())));
    let answers = block_on(registry.append(batch)).unwrap();
    assert!(answers.iter().all(Result::is_ok));
    registry
}

fn faults(registry: &mut SledRegistry) -> Vec<String> {
    registry
        .audit(&mut |_, _| {})
        .unwrap()
        .faults
        .into_iter()
        .map(|fault| fault.what)
        .collect()
}

#[test]
fn an_audit_finds_nothing_where_nothing_is_wrong() {
    let folder = Folder::new();
    let mut registry = filled(folder.0.path());
    let mut reports = Vec::new();
    let audit = registry.audit(&mut |done, of| reports.push((done, of))).unwrap();
    assert!(audit.is_clean(), "{audit:?}");
    assert_eq!(audit.checkpoint, block_on(registry.checkpoint()).unwrap());
    assert_eq!(audit.certificates, 450);
    assert_eq!(
        reports.last(),
        Some(&(audit.checkpoint.size, audit.checkpoint.size))
    );
}

#[test]
fn an_audit_finds_what_was_altered() {
    let folder = Folder::new();
    let mut registry = filled(folder.0.path());
    let store = Arc::clone(&registry.store);
    let mut altered = |key: Vec<u8>, value: Option<Vec<u8>>| {
        let before = store.raw(&key);
        store.set(&key, value);
        let found = faults(&mut registry);
        store.set(&key, before);
        found
    };
    // An index entry gone, one too many, one that names another.
    for kind in [
        keys::CERTIFICATE,
        keys::NUMBER,
        keys::HOLDER_CODE,
        keys::HOLDER_NAME,
        keys::OUTCOME,
        keys::TYPE_ORDER,
        keys::STATUS_ORDER,
        keys::COUNTS,
        keys::SEAL,
    ] {
        let (key, value) = store
            .scan(vec![kind], std::ops::Bound::Unbounded)
            .next()
            .unwrap()
            .unwrap();
        assert!(!altered(key.to_vec(), None).is_empty(), "{}", char::from(kind));
        let mut other = value.to_vec();
        match other.last_mut() {
            Some(byte) => *byte ^= 1,
            None => other.push(0),
        }
        assert!(
            !altered(key.to_vec(), Some(other)).is_empty(),
            "{}",
            char::from(kind)
        );
        assert!(
            !altered(
                [&[kind][..], b"zz\0\0\0\0\0\0\0\0\x01"].concat(),
                Some(value.to_vec())
            )
            .is_empty()
        );
    }
    assert!(
        !altered(
            keys::pair(keys::UNSEALED, contract::TYPE, "9"),
            Some(1u64.to_value())
        )
        .is_empty()
    );
    // A tile, and an event: every bit of its private part is committed to.
    assert!(!altered(keys::tile(0, 0, 3), Some(vec![0; 64 * 32])).is_empty());
    let key = keys::number(keys::EVENT, 5);
    let mut event = store.raw(&key).unwrap();
    *event.last_mut().unwrap() ^= 1;
    assert!(!altered(key.clone(), Some(event)).is_empty());
    assert!(altered(key, None).contains(&"缺第 5 号事件".to_owned()));
    assert_eq!(faults(&mut registry), [""; 0]);
}

#[test]
fn a_registry_that_was_cut_does_not_open() {
    let folder = Folder::new();
    let registry = filled(folder.0.path());
    let last = block_on(registry.checkpoint()).unwrap().size - 1;
    registry.store.set(&keys::number(keys::EVENT, last), None);
    drop(registry);
    let again = SledRegistry::open(folder.0.path(), SledOptions::default());
    assert!(matches!(again, Err(RegistryError::Corrupt(_))), "{again:?}");
}

#[test]
fn a_later_format_is_left_alone() {
    let folder = Folder::new();
    open(folder.0.path())
        .store
        .set(keys::FORMAT, Some(2u64.to_value()));
    let again = SledRegistry::open(folder.0.path(), SledOptions::default());
    assert!(
        matches!(again, Err(RegistryError::NewerFormat { found: 2, known: 1 })),
        "{again:?}"
    );
}

#[test]
fn a_second_opening_is_told_who_has_it() {
    let folder = Folder::new();
    let registry = open(folder.0.path());
    match SledRegistry::open(folder.0.path(), SledOptions::default()) {
        Err(RegistryError::InUse { path, pid }) => {
            assert_eq!((path.as_path(), pid), (folder.0.path(), Some(std::process::id())));
        }
        other => panic!("{other:?}"),
    }
    drop(registry);
    open(folder.0.path());
}

#[test]
fn without_space_nothing_is_written_and_nothing_harmed() {
    let folder = Folder::new();
    let options = SledOptions {
        spare_bytes: u64::MAX,
        ..SledOptions::default()
    };
    drop(open(folder.0.path()));
    let full = SledRegistry::open(folder.0.path(), options).unwrap();
    for _ in 0..2 {
        let refused = block_on(full.append(vec![register_seal()]));
        assert!(matches!(refused, Err(RegistryError::StorageFull)), "{refused:?}");
    }
    assert!(matches!(
        block_on(full.reserve("a", 1)),
        Err(RegistryError::StorageFull)
    ));
    assert_eq!(block_on(full.checkpoint()).unwrap().size, 0);
    drop(full);
    let freed = open(folder.0.path());
    assert_eq!(block_on(freed.reserve("a", 1)).unwrap(), 1);
}

const CHILD_FOLDER: &str = "CERTSEAL_TEST_CHILD_FOLDER";
/// Certificates in each batch of the child.
const CHILD_BATCH: usize = 24;

/// Runs [`child`] in a process of its own.
fn spawn_child(program: &mut Command, folder: &Path) -> Child {
    program
        .args(["--exact", "--ignored", "--test-threads=1"])
        .arg(concat!(module_path!(), "::child").split_once("::").unwrap().1)
        .env(CHILD_FOLDER, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Appends batch after batch from several threads, noting in a file what was acknowledged, until killed
/// or refused. A part of the tests below, not a test.
#[test]
#[ignore = "runs only as a child of other tests"]
fn child() {
    let Some(folder) = env::var_os(CHILD_FOLDER) else {
        return;
    };
    let folder = Path::new(&folder);
    let registry = open(&folder.join("registry"));
    let mut acknowledged = OpenOptions::new()
        .append(true)
        .create(true)
        .open(folder.join("acknowledged"))
        .unwrap();
    block_on(registry.append(vec![keyed(register_seal(), "seal", 0)])).unwrap();
    let (tell, told) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..3 {
            let (tell, registry) = (tell.clone(), &registry);
            scope.spawn(move || {
                loop {
                    let count = CHILD_BATCH as u32;
                    let Ok(first) = block_on(registry.reserve("serial", count)) else {
                        return;
                    };
                    let batch = (first..first + u64::from(count))
                        .map(|n| keyed(issue(&format!("C{n}"), &n.to_string()), &n.to_string(), 1))
                        .collect();
                    let Ok(answers) = block_on(registry.append(batch)) else {
                        return;
                    };
                    let told: Vec<_> = (first..)
                        .zip(answers)
                        .map(|(n, answer)| format!("{n} {}\n", answer.unwrap().index))
                        .collect();
                    tell.send(told.concat()).unwrap();
                }
            });
        }
        drop(tell);
        for lines in told {
            acknowledged.write_all(lines.as_bytes()).unwrap();
        }
    });
    // Only a failure of the medium leads here.
    let halted = block_on(registry.append(vec![keyed(register_seal(), "again", 0)]));
    fs::write(folder.join("end"), format!("{halted:?}")).unwrap();
}

/// Everything acknowledged is there, at its place; nothing is half there. Gives the number of events.
fn check_after_child(folder: &Path) -> u64 {
    let mut registry = open(&folder.join("registry"));
    assert_eq!(faults(&mut registry), [""; 0]);
    let text = fs::read_to_string(folder.join("acknowledged")).unwrap_or_default();
    for line in text
        .split_inclusive('\n')
        .filter_map(|line| line.strip_suffix('\n'))
    {
        let (key, index) = line.split_once(' ').unwrap();
        let outcome = block_on(registry.outcome(key)).unwrap();
        assert_eq!(
            outcome.map(|o| o.index.to_string()).as_deref(),
            Some(index),
            "certificate {key}"
        );
    }
    let size = block_on(registry.checkpoint()).unwrap().size;
    // A batch is in whole or not at all.
    assert!(size == 0 || (size - 1) % CHILD_BATCH as u64 == 0, "{size} events");
    size
}

#[test]
fn nothing_acknowledged_is_lost_by_a_kill() {
    let folder = Folder::new();
    let mut seed = u64::from(std::process::id()) | 1;
    let mut size = 0;
    for _ in 0..10 {
        let mut child = spawn_child(&mut Command::new(env::current_exe().unwrap()), folder.0.path());
        // Killed anywhere from opening to the midst of writing.
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        thread::sleep(Duration::from_millis(20 + (seed >> 33) % 400));
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(9));
        let after = check_after_child(folder.0.path());
        assert!(after >= size);
        size = after;
    }
    assert!(size > 1, "the child never came to write");
}

#[test]
fn a_medium_that_fails_halts_the_registry_and_harms_nothing() {
    let folder = Folder::new();
    // A limit on file size stands in for a medium that fails in the midst of a write.
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "trap '' XFSZ; ulimit -f 6000; exec \"$0\" \"$@\""])
        .arg(env::current_exe().unwrap());
    let mut child = spawn_child(&mut shell, folder.0.path());
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if began.elapsed() > Duration::from_mins(1) {
            child.kill().unwrap();
            panic!("the child neither halted nor ended");
        }
        thread::sleep(Duration::from_millis(20));
    }
    let end = fs::read_to_string(folder.0.path().join("end")).unwrap();
    assert!(end.contains("Halted"), "{end}");
    assert!(check_after_child(folder.0.path()) > 1);
}
