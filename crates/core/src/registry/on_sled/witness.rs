//! The last checkpoint, in a file beside the engine's.
//!
//! An engine whose log lost its end opens without a word at an earlier state, and that state by itself
//! is as sound as the present one. The witness is written after each flush: it never runs ahead of what
//! is durable, so that a registry behind it has lost events.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, Write},
    path::Path,
};

use super::{Checkpoint, RegistryError, from_io};

/// Name of the file in the registry's folder.
const WITNESS_FILE: &str = "last-checkpoint";
/// Longest line in it.
const LONGEST: u64 = 128;

#[derive(Debug)]
pub(super) struct Witness(File);

impl Witness {
    /// Opens the witness of a registry that was found at `checkpoint`, or makes it.
    pub(super) fn open(folder: &Path, checkpoint: &Checkpoint) -> Result<Self, RegistryError> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(folder.join(WITNESS_FILE))
            .map_err(|e| from_io(&e))?;
        let mut witness = Self(file);
        let seen = witness.read().map_err(|e| from_io(&e))?;
        match seen {
            Some(seen) if seen.size > checkpoint.size => Err(RegistryError::Corrupt(format!(
                "应有 {} 个事件，只找到 {} 个，末尾已丢失",
                seen.size, checkpoint.size
            ))),
            Some(seen) if seen.size == checkpoint.size && seen.root != checkpoint.root => Err(
                RegistryError::Corrupt(format!("{} 个事件与上次写入的不是同一些", seen.size)),
            ),
            _ => {
                witness.write(checkpoint).map_err(|e| from_io(&e))?;
                Ok(witness)
            }
        }
    }

    /// What was written last; none where nothing was, or where a crash of the machine tore it.
    fn read(&mut self) -> io::Result<Option<Checkpoint>> {
        let mut text = Vec::new();
        self.0.rewind()?;
        Read::by_ref(&mut self.0).take(LONGEST).read_to_end(&mut text)?;
        Ok(parse(&text))
    }

    /// Records a checkpoint that is durable. Lines have one length, so that the file neither grows nor
    /// keeps the end of an earlier line.
    pub(super) fn write(&mut self, checkpoint: &Checkpoint) -> io::Result<()> {
        self.0.rewind()?;
        self.0
            .write_all(format!("{:020} {}\n", checkpoint.size, hex::encode(checkpoint.root)).as_bytes())
    }
}

fn parse(text: &[u8]) -> Option<Checkpoint> {
    let line = std::str::from_utf8(text).ok()?.strip_suffix('\n')?;
    let (size, digest) = line.split_once(' ')?;
    let mut root = [0; 32];
    hex::decode_to_slice(digest, &mut root).ok()?;
    Some(Checkpoint {
        size: size.parse().ok()?,
        root,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_registry_behind_its_witness_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let at = |size, byte| Checkpoint {
            size,
            root: [byte; 32],
        };
        let mut witness = Witness::open(folder.path(), &at(5, 1)).unwrap();
        witness.write(&at(1_000, 2)).unwrap();
        witness.write(&at(7, 2)).unwrap();
        assert!(Witness::open(folder.path(), &at(7, 2)).is_ok());
        for lost in [at(6, 2), at(0, 0), at(7, 3)] {
            assert!(matches!(
                Witness::open(folder.path(), &lost),
                Err(RegistryError::Corrupt(_))
            ));
        }
        // Events that became durable just before a crash may be ahead of it.
        assert!(Witness::open(folder.path(), &at(9, 4)).is_ok());
        // What a crash of the machine tore says nothing.
        std::fs::write(folder.path().join(WITNESS_FILE), [0; 40]).unwrap();
        assert!(Witness::open(folder.path(), &at(3, 4)).is_ok());
    }
}
