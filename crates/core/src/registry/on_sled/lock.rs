//! One process at a time: a locked file that says who holds it.

use std::{
    fs::{File, OpenOptions},
    io::{Read, Seek, Write},
    path::Path,
};

use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};

use super::{RegistryError, from_io};

/// Name of the lock file in the registry's folder.
const LOCK_FILE: &str = "lock";

/// Holds the registry's folder until dropped. The kernel holds the lock, so it dies with the process,
/// however that ends; the file and the pid in it may stay behind and mean nothing then.
#[derive(Debug)]
pub(super) struct FolderLock(#[expect(dead_code, reason = "held for its drop")] File);

impl FolderLock {
    pub(super) fn acquire(folder: &Path) -> Result<Self, RegistryError> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(folder.join(LOCK_FILE))
            .map_err(|e| from_io(&e))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                let mut text = String::new();
                // Not being able to read who it is does not change that it is in use.
                let _ = file.read_to_string(&mut text);
                return Err(RegistryError::InUse {
                    path: folder.to_owned(),
                    pid: text.trim().parse().ok(),
                });
            }
            Err(e) => return Err(from_io(&e.into())),
        }
        let mut write = || {
            file.set_len(0)?;
            file.rewind()?;
            writeln!(file, "{}", std::process::id())
        };
        write().map_err(|e| from_io(&e))?;
        Ok(Self(file))
    }
}
