//! Files of an installation: written whole or not at all, and changed by one process at a time.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
};

use rustix::fs::{FlockOperation, flock};

use super::HomeError;

fn failed(path: &Path) -> impl FnOnce(io::Error) -> HomeError + use<> {
    let path = path.to_owned();
    move |source| HomeError::Io { path, source }
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, HomeError> {
    fs::read(path).map_err(failed(path))
}

/// Writes a file whole or not at all; on return it is durable under its name.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), HomeError> {
    // A name of its own, so that two processes never write into each other's file.
    static TURN: AtomicU64 = AtomicU64::new(0);
    let turn = TURN.fetch_add(1, Ordering::Relaxed);
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}-{turn}.new", process::id()));
    let beside = PathBuf::from(beside);
    let written = (|| {
        let mut file = File::create(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        sync(path.parent().unwrap_or(Path::new(".")))
    })();
    if written.is_err() {
        // Gone already where only the last step failed.
        let _ = fs::remove_file(&beside);
    }
    written.map_err(failed(path))
}

/// Makes the names in a folder durable.
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Name and content of every file with this ending in a folder, in order of name; none where there is no
/// folder.
pub(super) fn files(folder: &Path, ending: &str) -> Result<Vec<(String, Vec<u8>)>, HomeError> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        if path.extension().is_some_and(|extension| extension == ending) {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            found.push((name, read(&path)?));
        }
    }
    found.sort();
    Ok(found)
}

/// The right to read files of a folder, change them and write them back, until dropped. Another process
/// that wants it waits; the kernel takes it back from one that dies.
#[derive(Debug)]
pub(super) struct Turn(#[expect(dead_code, reason = "held for its drop")] File);

impl Turn {
    pub(super) fn of(folder: &Path) -> Result<Self, HomeError> {
        let taken = File::open(folder).and_then(|file| {
            flock(&file, FlockOperation::LockExclusive)?;
            Ok(file)
        });
        taken.map(Self).map_err(failed(folder))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::{thread, time::Duration};

    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write(&path, b"old").unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        // A folder cannot be replaced by a file.
        let taken = folder.path().join("b");
        fs::create_dir_all(taken.join("c")).unwrap();
        assert!(write(&taken, b"x").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn turns_are_taken_one_after_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("count");
        write(&path, b"0").unwrap();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..10 {
                        let _turn = Turn::of(folder.path()).unwrap();
                        let count: u32 = String::from_utf8(read(&path).unwrap()).unwrap().parse().unwrap();
                        thread::sleep(Duration::from_millis(1));
                        write(&path, (count + 1).to_string().as_bytes()).unwrap();
                    }
                });
            }
        });
        assert_eq!(read(&path).unwrap(), b"40");
    }
}
