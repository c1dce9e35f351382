//! A folder of key files, opened with one passphrase, each key at its first use.
//!
//! Deriving a file key costs scrypt some 0.2 s on purpose, so that a program which signs with one of
//! thirty keys opens one, once. A key that is renewed beside a running program is opened again: looking
//! whether its files are still the same costs microseconds.

use std::{
    collections::BTreeMap,
    fmt, fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use super::{IdentityError, Passphrase, SigningIdentity, identity::STAGED_KEY};

/// Signing identities by name: `<name>.key` with `<name>.pem`.
pub struct KeyFolder {
    folder: PathBuf,
    passphrase: Option<Passphrase>,
    opened: Mutex<BTreeMap<String, Opened>>,
}

struct Opened {
    identity: Arc<SigningIdentity>,
    /// The files it was read from.
    files: Files,
}

/// When each file of an identity was changed last, and how long it is.
type Files = [Option<(SystemTime, u64)>; 3];

/// Why a key of the folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFolderError {
    /// The key or its certificates are missing, damaged or do not fit.
    #[error("密钥 {name} 不可用 (the key cannot be used)")]
    Identity {
        /// Name of the key.
        name: String,
        /// What is wrong.
        source: IdentityError,
    },
    /// The folder was opened without a passphrase.
    #[error("使用密钥 {0} 需要口令 (a passphrase is needed to sign)")]
    Locked(String),
}

impl KeyFolder {
    /// A folder whose keys can be used.
    pub fn unlocked(folder: &Path, passphrase: Passphrase) -> Self {
        Self::new(folder, Some(passphrase))
    }

    /// A folder whose keys stay closed: for reading, verifying and reporting.
    pub fn locked(folder: &Path) -> Self {
        Self::new(folder, None)
    }

    fn new(folder: &Path, passphrase: Option<Passphrase>) -> Self {
        Self {
            folder: folder.to_owned(),
            passphrase,
            opened: Mutex::default(),
        }
    }

    /// Where the key files are.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// The identity of that name, opened now or before. As long as its files are the same, so is the
    /// identity given.
    pub fn identity(&self, name: &str) -> Result<Arc<SigningIdentity>, KeyFolderError> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        // Looked at before they are read: what changes meanwhile is read the next time.
        let files = self.files(name);
        if let Some(known) = opened.get(name)
            && known.files == files
        {
            return Ok(Arc::clone(&known.identity));
        }
        let passphrase = self
            .passphrase
            .as_ref()
            .ok_or_else(|| KeyFolderError::Locked(name.to_owned()))?;
        let identity = SigningIdentity::load(&self.folder, name, passphrase).map_err(|source| {
            KeyFolderError::Identity {
                name: name.to_owned(),
                source,
            }
        })?;
        let identity = Arc::new(identity);
        let known = Opened {
            identity: Arc::clone(&identity),
            files,
        };
        opened.insert(name.to_owned(), known);
        Ok(identity)
    }

    fn files(&self, name: &str) -> Files {
        ["pem", "key", STAGED_KEY].map(|ending| {
            let about = fs::metadata(self.folder.join(format!("{name}.{ending}"))).ok()?;
            Some((about.modified().ok()?, about.len()))
        })
    }
}

impl fmt::Debug for KeyFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyFolder")
            .field("folder", &self.folder)
            .field("unlocked", &self.passphrase.is_some())
            .finish_non_exhaustive()
    }
}
