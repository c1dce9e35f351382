//! Sealed documents, by key, in an object store: a local folder or, later, S3.
//!
//! `put` makes an object visible whole or not at all; [`Objects::sync`] makes all objects put before
//! it durable. Locally that is one `syncfs` for any number of files: measured on ext4, 256 documents
//! of 30 kB cost 7 to 20 ms that way, 55 to 75 ms with an `fsync` each on 32 threads, and 220 ms and
//! more one after the other. Concurrent callers share one barrier.
//!
//! A crash between documents and their events leaves orphans: documents no event refers to. They are
//! never given out, since every reader comes by way of an event; a retry of the same request makes a
//! document of another digest, so of another key. [`Objects::set_aside`] takes away what was left, without
//! destroying it: where an older registry was restored, newer documents look the same.
//! Half-written files keep their temporary names (the key, `#` and a number) and are found under no key;
//! [`Objects::half_written`] tells of them.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use futures::{StreamExt, stream::BoxStream};
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, local::LocalFileSystem};
use ring::digest::{SHA256, digest};
use tokio::runtime::Handle;

use crate::{
    limits::MAX_DOCUMENT_BYTES,
    os_error::{os_error_in, os_error_zh},
    profile::Profile,
};

/// Writes in flight within one [`Objects::put_all`]: enough to hide a remote store's latency.
const PUTS_AT_ONCE: usize = 32;

/// What the key of every document begins with.
const DOCUMENTS: &str = "documents";

/// Bytes of a document's digest in its key. Whoever asks for certificates may make as many documents for
/// one number as the registry will refuse: by no number of them is one found that overwrites another.
const PART_OF_DIGEST: usize = 8;

/// Where documents go that no event refers to.
pub const ASIDE: &str = "documents-aside";

/// Where documents lie.
#[derive(Debug)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
    barrier: Option<Barrier>,
    /// The folder that holds the folder of documents, where they lie in one.
    root: Option<PathBuf>,
}

/// Makes everything written to one file system durable.
#[derive(Debug)]
struct Barrier {
    /// Open since before the first write, so that the kernel reports every failed write-back to it.
    folder: Arc<fs::File>,
    asked: AtomicU64,
    state: tokio::sync::Mutex<BarrierState>,
}

#[derive(Debug, Default)]
struct BarrierState {
    /// Callers up to this ticket are served.
    done: u64,
    /// Callers up to this ticket were covered by a barrier that failed.
    failed: u64,
    failure: Option<ObjectsError>,
}

/// Why a document could not be stored or fetched.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectsError {
    /// The stored bytes are not those the registry speaks of.
    #[error("文件 {key} 的摘要与登记不符 (does not have the recorded digest)")]
    Altered {
        /// Key of the object.
        key: String,
    },
    /// Our own side or the medium failed.
    #[error("文件 {key} 无法读写：{reason} (cannot be read or written)")]
    Failed {
        /// Key of the object.
        key: String,
        /// What the store says.
        reason: String,
    },
    /// No such object.
    #[error("没有文件 {key} (no such document)")]
    NotFound {
        /// Key of the object.
        key: String,
    },
    /// No space is left.
    #[error("存储空间已满，证照文件无法写入 (no space is left for documents)")]
    StorageFull,
    /// No document of ours is that large, so it is not read.
    #[error("文件 {key} 有 {size} 字节，超过上限 {MAX_DOCUMENT_BYTES} (too large)")]
    TooLarge {
        /// Key of the object.
        key: String,
        /// Its length.
        size: u64,
    },
}

/// Key of a certificate's document. The folder between spreads a type's documents evenly over 256, so
/// that a million of them stay some four thousand a folder. A part of the document's own digest stands
/// in the name: two documents made for one identifier, of which the registry will accept one, never
/// overwrite each other.
pub fn document_key(
    certificate_type: &str,
    identifier: &str,
    document: &[u8; 32],
    profile: Profile,
) -> String {
    let shard = digest(&SHA256, identifier.as_bytes());
    let shard = shard.as_ref().first().copied().unwrap_or_default();
    let (part, _) = document.split_at(PART_OF_DIGEST);
    let part = hex::encode(part);
    let extension = profile.extension();
    format!("{DOCUMENTS}/{certificate_type}/{shard:02x}/{identifier}-{part}.{extension}")
}

impl Objects {
    /// Objects in a local folder, made if missing.
    pub fn local(root: &Path) -> Result<Self, ObjectsError> {
        let documents = root.join(DOCUMENTS);
        // The documents may have a file system of their own: that is the one to make durable.
        let open = || -> io::Result<fs::File> {
            fs::create_dir_all(&documents)?;
            fs::File::open(&documents)
        };
        let folder = open().map_err(|e| failed(&documents.display().to_string(), &e))?;
        let store = LocalFileSystem::new_with_prefix(root)
            .map_err(|e| from_store(&root.display().to_string(), &e))?;
        Ok(Self {
            root: Some(root.to_owned()),
            ..Self::with_barrier(store, folder)
        })
    }

    #[cfg(target_os = "linux")]
    fn with_barrier(store: LocalFileSystem, folder: fs::File) -> Self {
        Self {
            store: Arc::new(store),
            barrier: Some(Barrier {
                folder: Arc::new(folder),
                asked: AtomicU64::new(0),
                state: tokio::sync::Mutex::default(),
            }),
            root: None,
        }
    }

    /// Where there is no `syncfs`, every put is durable by itself.
    #[cfg(not(target_os = "linux"))]
    fn with_barrier(store: LocalFileSystem, _folder: fs::File) -> Self {
        Self::over(Arc::new(store.with_fsync(true)))
    }

    /// Objects in any store whose puts are durable by themselves.
    pub fn over(store: Arc<dyn ObjectStore>) -> Self {
        Self {
            store,
            barrier: None,
            root: None,
        }
    }

    /// Writes an object, whole or not at all. The caller has made sure that no event refers to the key.
    pub async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), ObjectsError> {
        self.store
            .put(&key.into(), PutPayload::from(bytes))
            .await
            .map(drop)
            .map_err(|e| from_store(key, &e))
    }

    /// Writes many objects; the first failure ends it. On return none is still being written, so that
    /// the caller may remove those that were.
    pub async fn put_all(
        &self,
        objects: impl IntoIterator<Item = (String, Vec<u8>)> + Send,
    ) -> Result<(), ObjectsError> {
        let objects: Vec<_> = objects.into_iter().collect();
        let ended = &AtomicBool::new(false);
        let results: Vec<Result<(), ObjectsError>> = futures::stream::iter(objects)
            .map(|(key, bytes)| async move {
                if ended.load(Ordering::SeqCst) {
                    return Ok(());
                }
                let put = self.put(&key, bytes).await;
                ended.fetch_or(put.is_err(), Ordering::SeqCst);
                put
            })
            .buffer_unordered(PUTS_AT_ONCE)
            .collect()
            .await;
        results.into_iter().collect()
    }

    /// Returns when everything put before the call is durable.
    pub async fn sync(&self) -> Result<(), ObjectsError> {
        let Some(barrier) = &self.barrier else {
            return Ok(());
        };
        barrier.pass().await
    }

    /// Reads an object and checks that it is the recorded one.
    pub async fn get(&self, key: &str, expected: &[u8; 32]) -> Result<Vec<u8>, ObjectsError> {
        let found = self
            .store
            .get(&key.into())
            .await
            .map_err(|e| from_store(key, &e))?;
        if found.meta.size > MAX_DOCUMENT_BYTES as u64 {
            return Err(ObjectsError::TooLarge {
                key: key.to_owned(),
                size: found.meta.size,
            });
        }
        let bytes = found.bytes().await.map_err(|e| from_store(key, &e))?;
        if digest(&SHA256, &bytes).as_ref() != expected {
            return Err(ObjectsError::Altered { key: key.to_owned() });
        }
        Ok(bytes.into())
    }

    /// Keys of all documents, in no order.
    pub fn keys(&self) -> BoxStream<'static, Result<String, ObjectsError>> {
        self.store
            .list(Some(&DOCUMENTS.into()))
            .map(|found| match found {
                Ok(object) => Ok(object.location.to_string()),
                Err(error) => Err(from_store(DOCUMENTS, &error)),
            })
            .boxed()
    }

    /// Files that a crash left half-written. None of them is a document; whoever has made sure that
    /// nobody is writing may remove them.
    pub fn half_written(&self) -> Result<Vec<PathBuf>, ObjectsError> {
        let mut found = Vec::new();
        let mut folders: Vec<PathBuf> = self.root.iter().map(|root| root.join(DOCUMENTS)).collect();
        while let Some(folder) = folders.pop() {
            let mut look = || -> io::Result<()> {
                for entry in fs::read_dir(&folder)? {
                    let entry = entry?;
                    if entry.file_type()?.is_dir() {
                        folders.push(entry.path());
                    } else if is_staged(&entry.file_name().to_string_lossy()) {
                        found.push(entry.path());
                    }
                }
                Ok(())
            };
            look().map_err(|e| failed(DOCUMENTS, &e))?;
        }
        Ok(found)
    }

    /// Moves a document no event refers to out of the documents, to the same key under
    /// [`ASIDE`]: it may be genuine, and its event lost with a registry that was restored.
    pub async fn set_aside(&self, key: &str) -> Result<(), ObjectsError> {
        let rest = key.strip_prefix(DOCUMENTS).unwrap_or(key);
        let Some(root) = &self.root else {
            let target = format!("{ASIDE}{rest}");
            let moved = self.store.rename(&key.into(), &target.as_str().into()).await;
            return moved.map_err(|e| from_store(key, &e));
        };
        let file = |key: &str| root.join(key);
        let mut target = file(&format!("{ASIDE}{rest}"));
        let mut turn = 1;
        // What was set aside before is not written over.
        while target.exists() {
            turn += 1;
            target = file(&format!("{ASIDE}{rest}.{turn}"));
        }
        move_file(&file(key), &target).map_err(|e| failed(key, &e))
    }

    /// Whether a document was set aside.
    pub fn is_aside(&self, key: &str) -> bool {
        let rest = key.strip_prefix(DOCUMENTS).unwrap_or(key);
        self.root
            .as_ref()
            .is_some_and(|root| root.join(format!("{ASIDE}{rest}")).exists())
    }

    /// Removes an object no event refers to, and none ever did.
    pub async fn remove_orphan(&self, key: &str) -> Result<(), ObjectsError> {
        match self.store.delete(&key.into()).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(e) => Err(from_store(key, &e)),
        }
    }
}

impl Barrier {
    /// Takes a ticket; whoever gets the lock first serves every ticket taken until then.
    async fn pass(&self) -> Result<(), ObjectsError> {
        let ticket = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let mut state = self.state.lock().await;
        if ticket > state.done {
            let serves = self.asked.load(Ordering::SeqCst);
            let folder = Arc::clone(&self.folder);
            let result = match Handle::try_current() {
                Ok(runtime) => runtime
                    .spawn_blocking(move || sync_file_system(&folder))
                    .await
                    .unwrap_or_else(|e| Err(io::Error::other(e))),
                // A caller without a runtime has a thread to itself.
                Err(_) => sync_file_system(&folder),
            };
            state.done = serves;
            if let Err(e) = result {
                state.failed = serves;
                state.failure = Some(failed(DOCUMENTS, &e));
            }
        }
        // A failed write-back may have dropped the pages: everybody it covered is told, nobody asks the
        // kernel a second time and takes its silence for success.
        match &state.failure {
            Some(failure) if ticket <= state.failed => Err(failure.clone()),
            _ => Ok(()),
        }
    }
}

#[cfg(target_os = "linux")]
fn sync_file_system(folder: &fs::File) -> io::Result<()> {
    rustix::fs::syncfs(folder).map_err(io::Error::from)
}

#[cfg(not(target_os = "linux"))]
fn sync_file_system(folder: &fs::File) -> io::Result<()> {
    folder.sync_all()
}

/// Moves a file, to another file system too; on return it is durable where it went.
fn move_file(from: &Path, to: &Path) -> io::Result<()> {
    let folder = to.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            fs::copy(from, to)?;
            fs::File::open(to)?.sync_all()?;
            fs::File::open(folder)?.sync_all()?;
            fs::remove_file(from)
        }
        moved => {
            moved?;
            fs::File::open(folder)?.sync_all()
        }
    }
}

/// Whether the local store gave this name to a file it had not finished.
fn is_staged(name: &str) -> bool {
    name.rsplit_once('#')
        .is_some_and(|(_, number)| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

fn failed(key: &str, error: &io::Error) -> ObjectsError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ObjectsError::StorageFull,
        _ => ObjectsError::Failed {
            key: key.to_owned(),
            reason: os_error_zh(error),
        },
    }
}

/// Finds the cause the store wraps: a full disk must be told from other failures.
fn from_store(key: &str, error: &object_store::Error) -> ObjectsError {
    if matches!(error, object_store::Error::NotFound { .. }) {
        return ObjectsError::NotFound { key: key.to_owned() };
    }
    match os_error_in(error) {
        Some(error) => failed(key, error),
        None => ObjectsError::Failed {
            key: key.to_owned(),
            reason: error.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use futures::TryStreamExt as _;

    use super::*;

    #[tokio::test]
    async fn what_was_put_is_got_and_checked() {
        let folder = tempfile::tempdir().unwrap();
        let objects = Objects::local(folder.path()).unwrap();
        let key = document_key("t", "1.2.156.3005.2.X.Y.1.001.A", &[7; 32], Profile::PdfPades);
        objects.put(&key, b"old".to_vec()).await.unwrap();
        objects.put(&key, b"new".to_vec()).await.unwrap();
        objects.sync().await.unwrap();
        let good = digest(&SHA256, b"new").as_ref().try_into().unwrap();
        assert_eq!(objects.get(&key, &good).await.unwrap(), b"new");
        assert!(matches!(
            objects.get(&key, &[0; 32]).await,
            Err(ObjectsError::Altered { .. })
        ));
        objects.remove_orphan(&key).await.unwrap();
        objects.remove_orphan(&key).await.unwrap();
        assert!(matches!(
            objects.get(&key, &good).await,
            Err(ObjectsError::NotFound { .. })
        ));
    }

    #[test]
    fn half_written_files_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let objects = Objects::local(folder.path()).unwrap();
        let key = document_key("t", "A", &[7; 32], Profile::PdfPades);
        futures::executor::block_on(objects.put(&key, b"whole".to_vec())).unwrap();
        let half = folder.path().join(format!("{key}#3"));
        fs::write(&half, b"ha").unwrap();
        assert_eq!(objects.half_written().unwrap(), [half]);
        let keys: Vec<_> = futures::executor::block_on(objects.keys().try_collect()).unwrap();
        assert_eq!(keys, [key]);
    }

    #[test]
    fn no_runtime_is_needed() {
        let folder = tempfile::tempdir().unwrap();
        let objects = Objects::local(folder.path()).unwrap();
        futures::executor::block_on(async {
            let documents = (0..100).map(|i| (format!("a/{i}"), vec![i; 100]));
            objects.put_all(documents).await.unwrap();
            objects.sync().await.unwrap();
            let good = digest(&SHA256, &[7; 100]).as_ref().try_into().unwrap();
            assert_eq!(objects.get("a/7", &good).await.unwrap(), [7; 100]);
        });
    }

    #[tokio::test]
    async fn what_is_set_aside_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let objects = Objects::local(folder.path()).unwrap();
        let key = document_key("t", "A", &[7; 32], Profile::PdfPades);
        for bytes in [b"first", b"again"] {
            objects.put(&key, bytes.to_vec()).await.unwrap();
            assert!(!objects.is_aside("documents/other.pdf"));
            objects.set_aside(&key).await.unwrap();
            assert!(objects.is_aside(&key));
        }
        let keys: Vec<String> = objects.keys().try_collect().await.unwrap();
        assert!(keys.is_empty());
        let aside = folder.path().join(key.replacen(DOCUMENTS, ASIDE, 1));
        assert_eq!(fs::read(&aside).unwrap(), b"first");
        assert_eq!(fs::read(format!("{}.2", aside.display())).unwrap(), b"again");
        assert!(matches!(
            objects.set_aside(&key).await,
            Err(ObjectsError::Failed { .. })
        ));
    }

    #[tokio::test]
    async fn what_is_too_large_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let objects = Objects::local(folder.path()).unwrap();
        let large = fs::File::create(folder.path().join("large")).unwrap();
        large.set_len(MAX_DOCUMENT_BYTES as u64 + 1).unwrap();
        assert!(matches!(
            objects.get("large", &[0; 32]).await,
            Err(ObjectsError::TooLarge { .. })
        ));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn many_callers_share_the_barrier() {
        let folder = tempfile::tempdir().unwrap();
        let objects = Arc::new(Objects::local(folder.path()).unwrap());
        let tasks: Vec<_> = (0..64)
            .map(|i| {
                let objects = Arc::clone(&objects);
                tokio::spawn(async move {
                    objects.put(&format!("a/{i}"), vec![0; 1000]).await.unwrap();
                    objects.sync().await.unwrap();
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let state = objects.barrier.as_ref().unwrap().state.lock().await;
        assert_eq!(state.done, 64);
    }
}
