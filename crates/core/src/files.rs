//! Files of an installation: written whole or not at all, changed by one process at a time, read to a limit.

use std::{
    fs::{File, OpenOptions, remove_file, rename},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
};

use rustix::{
    buffer::spare_capacity,
    fs::{FlockOperation, flock},
    io::retry_on_intr,
};

/// Room for more of a file that does not say how long it is.
const CHUNK: usize = 64 << 10;

/// Writes a file whole or not at all; on return it is durable under its name.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(path, bytes, 0o666)
}

/// The same for a file that only its owner may read.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(path, bytes, 0o600)
}

fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    // A name of its own, so that two processes never write into each other's file.
    static TURN: AtomicU64 = AtomicU64::new(0);
    let turn = TURN.fetch_add(1, Ordering::Relaxed);
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}-{turn}.new", process::id()));
    let beside = PathBuf::from(beside);
    let written = (|| {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(mode);
        let mut file = options.open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        rename(&beside, path)?;
        sync_name(path)
    })();
    if written.is_err() {
        // Gone already where only the last step failed.
        let _ = remove_file(&beside);
    }
    written
}

/// Makes the names in a folder durable.
pub(crate) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Makes the name of a file durable.
pub(crate) fn sync_name(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    sync(folder.unwrap_or(Path::new(".")))
}

/// Reads a file, but no more than one byte beyond the limit, which shows that there is more.
pub fn read_to(path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let Opened { file, length, .. } = Opened::of(path)?;
    read(&file, length, limit, &mut bytes)?;
    Ok(bytes)
}

/// A file, or a folder, that was opened to be read: its path is looked up once, whatever is asked about it.
#[derive(Debug)]
pub struct Opened {
    file: File,
    /// What it says of its length.
    length: usize,
    is_folder: bool,
}

impl Opened {
    /// Opens what a path leads to.
    pub fn of(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let about = file.metadata()?;
        Ok(Self {
            file,
            length: usize::try_from(about.len()).unwrap_or(usize::MAX),
            is_folder: about.is_dir(),
        })
    }

    /// Whether it is a folder, which cannot be read.
    pub fn is_folder(&self) -> bool {
        self.is_folder
    }

    /// Reads it into the memory of what was read before, and tells whether it is within the limit. One that says it is
    /// not is not read.
    pub fn read_into(&self, limit: usize, bytes: &mut Vec<u8>) -> io::Result<bool> {
        if self.length > limit {
            return Ok(false);
        }
        read(&self.file, self.length, limit, bytes)?;
        Ok(bytes.len() <= limit)
    }
}

/// As few calls as there can be: one for all that was said to be there, one to see that nothing comes after it.
fn read(file: &File, length: usize, limit: usize, bytes: &mut Vec<u8>) -> io::Result<()> {
    bytes.clear();
    bytes.reserve(length.min(limit) + 1);
    while bytes.len() <= limit {
        if retry_on_intr(|| rustix::io::read(file, spare_capacity(bytes)))? == 0 {
            break;
        }
        if bytes.len() == bytes.capacity() {
            bytes.reserve(CHUNK);
        }
    }
    bytes.truncate(limit + 1);
    Ok(())
}

/// The right to read files of a folder, change them and write them back, until dropped. Another process
/// that wants it waits; the kernel takes it back from one that dies.
#[derive(Debug)]
pub struct Turn(#[expect(dead_code, reason = "held for its drop")] File);

impl Turn {
    /// Waits for the turn.
    pub fn of(folder: &Path) -> io::Result<Self> {
        let folder = File::open(folder)?;
        flock(&folder, FlockOperation::LockExclusive)?;
        Ok(Self(folder))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::{
        fs::{self, Permissions},
        os::unix::fs::PermissionsExt as _,
        thread,
        time::Duration,
    };

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
    fn what_is_private_stays_with_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, b"old").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        write_private(&path, b"new").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn no_more_is_read_than_shows_that_it_is_too_much() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write(&path, b"12345").unwrap();
        assert_eq!(read_to(&path, 5).unwrap(), b"12345");
        assert_eq!(read_to(&path, 3).unwrap(), b"1234");
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
                        let count: u32 = fs::read_to_string(&path).unwrap().parse().unwrap();
                        thread::sleep(Duration::from_millis(1));
                        write(&path, (count + 1).to_string().as_bytes()).unwrap();
                    }
                });
            }
        });
        assert_eq!(fs::read(&path).unwrap(), b"40");
    }
}
