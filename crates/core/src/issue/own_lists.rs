//! The authority's own revocation lists: a signer certificate that is on one of them signs nothing more.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use crate::trust::crl::{Crl, CrlError, Revoked};

/// Why the lists cannot be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OwnListsError {
    /// A list or the folder cannot be read.
    #[error("无法读取吊销列表 {} (cannot read)", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file is no revocation list.
    #[error("吊销列表 {} 已损坏：{source} (damaged revocation list)", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: CrlError,
    },
}

/// The lists in the folder that the authority publishes from, read again when they change: `key crl`
/// may revoke while a server runs.
#[derive(Debug)]
pub(super) struct OwnLists {
    folder: PathBuf,
    read: Mutex<Option<Read>>,
}

#[derive(Debug)]
struct Read {
    files: Vec<Stamp>,
    lists: Vec<Crl>,
}

/// Tells one state of a file from another.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Stamp {
    path: PathBuf,
    length: u64,
    modified: SystemTime,
}

impl OwnLists {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            read: Mutex::default(),
        }
    }

    /// What the lists say of a certificate (DER); none if it is on none of them.
    pub(super) fn line_of(&self, certificate: &[u8]) -> Result<Option<Revoked>, OwnListsError> {
        let files = self.stamps()?;
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let current = match read.take().filter(|read| read.files == files) {
            Some(current) => current,
            None => Read {
                lists: files
                    .iter()
                    .map(|file| parse(&file.path))
                    .collect::<Result<_, _>>()?,
                files,
            },
        };
        let line = current.lists.iter().find_map(|list| list.line_of(certificate));
        *read = Some(current);
        Ok(line)
    }

    fn stamps(&self) -> Result<Vec<Stamp>, OwnListsError> {
        let failed = |source| OwnListsError::Unreadable {
            path: self.folder.clone(),
            source,
        };
        let mut stamps = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|extension| extension == "crl") {
                let data = fs::metadata(&path).map_err(failed)?;
                stamps.push(Stamp {
                    length: data.len(),
                    modified: data.modified().map_err(failed)?,
                    path,
                });
            }
        }
        stamps.sort();
        Ok(stamps)
    }
}

fn parse(path: &Path) -> Result<Crl, OwnListsError> {
    let bytes = fs::read(path).map_err(|source| OwnListsError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    Crl::parse(&bytes).map_err(|source| OwnListsError::Damaged {
        path: path.to_owned(),
        source,
    })
}
