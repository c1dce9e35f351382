//! Files of an installation, with errors that name them.

use std::{fs, io, path::Path};

use super::HomeError;
use crate::files;
pub(super) use crate::files::sync;

fn failed(path: &Path) -> impl FnOnce(io::Error) -> HomeError + use<> {
    let path = path.to_owned();
    move |source| HomeError::Io { path, source }
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, HomeError> {
    fs::read(path).map_err(failed(path))
}

/// Reads a file, but no more than one byte beyond the limit.
pub(super) fn read_to(path: &Path, limit: usize) -> Result<Vec<u8>, HomeError> {
    files::read_to(path, limit).map_err(failed(path))
}

/// Writes a file whole or not at all; on return it is durable under its name.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), HomeError> {
    files::write(path, bytes).map_err(failed(path))
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

/// A turn at changing what is in a folder, until dropped.
#[derive(Debug)]
pub(super) struct Turn(#[expect(dead_code, reason = "held for its drop")] files::Turn);

impl Turn {
    pub(super) fn of(folder: &Path) -> Result<Self, HomeError> {
        files::Turn::of(folder).map(Self).map_err(failed(folder))
    }
}
