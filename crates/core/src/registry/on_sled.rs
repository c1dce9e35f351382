//! The registry in sled, for one process on one machine.
//!
//! ```text
//!  append ─┐                    ┌ judge each item against what is stored and the items before it
//!  append ─┼─▶ one writer ──────┤ one atomic batch: events, tiles, indices, head
//!  reserve ┘   takes what       │ flush, fdatasync
//!              has gathered     └ show it and answer every caller
//! ```
//!
//! Readers go to sled directly; one that may have come upon a batch still being flushed waits for it.
//! Nothing here needs an async runtime to be running: callers without one may use
//! `futures::executor::block_on`.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Sender},
    },
    thread::{self, JoinHandle},
};

use async_trait::async_trait;
use tokio::sync::{oneshot, watch};

use super::{
    Append, AppendError, Appended, CertificateRecord, Checkpoint, Counts, Event, Holder, Outcome, Query,
    Registry, RegistryError, SealRecord,
    merkle::{self, Hash, Tree},
};

mod audit;
mod keys;
mod lock;
mod panics;
mod store;
#[cfg(test)]
mod tests;
mod witness;
mod writer;

pub use audit::{Audit, Fault};
use keys::Value;
use lock::FolderLock;
use panics::guarded;
use store::{Store, corrupt, from_io, make_folder};
use witness::Witness;
use writer::{Job, Writer};

/// The layout of the key space this program writes.
const FORMAT: u64 = 1;

/// How a registry in sled behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SledOptions {
    /// Size of the pages kept in memory, in bytes as they are on disk; in memory they take some three
    /// times that.
    pub cache_bytes: u64,
    /// Free space that must be left on the medium, in bytes; below it appends are refused with
    /// [`RegistryError::StorageFull`] and nothing is harmed.
    pub spare_bytes: u64,
}

impl Default for SledOptions {
    fn default() -> Self {
        Self {
            cache_bytes: 8 << 20,
            spare_bytes: 256 << 20,
        }
    }
}

/// A registry in a folder of this machine.
pub struct SledRegistry {
    jobs: Option<Sender<Job>>,
    writer: Option<JoinHandle<()>>,
    applied: Arc<AtomicU64>,
    durable: watch::Receiver<Durable>,
    store: Arc<Store>,
    folder: PathBuf,
    // Dropped last: the next process may come in only when all is closed.
    _lock: FolderLock,
}

/// What is safely on disk.
#[derive(Debug, Clone)]
struct Durable {
    tree: Arc<Tree>,
    checkpoint: Checkpoint,
    /// Why nothing more is written.
    halted: Option<String>,
}

impl SledRegistry {
    /// Opens the registry in a folder, or makes it. Checks that the format is known, that the tree over
    /// the events has the recorded root, and that no event written before is missing at the end;
    /// [`Self::audit`] checks everything.
    pub fn open(folder: &Path, options: SledOptions) -> Result<Self, RegistryError> {
        make_folder(folder)?;
        let lock = FolderLock::acquire(folder)?;
        let engine = folder.join("sled");
        make_folder(&engine)?;
        let store = Arc::new(Store::open(&engine, options.cache_bytes)?);
        let durable = guarded(|| found(&store)).map_err(RegistryError::Corrupt)??;

        let witness = Witness::open(folder, &durable.checkpoint)?;

        let applied = Arc::new(AtomicU64::new(durable.checkpoint.size));
        let (show, shown) = watch::channel(durable);
        let (jobs, queue) = mpsc::channel();
        let writer = Writer {
            store: Arc::clone(&store),
            applied: Arc::clone(&applied),
            durable: show,
            spare: options.spare_bytes,
            witness: Mutex::new(witness),
        };
        let writer = thread::Builder::new()
            .name("registry-writer".to_owned())
            .spawn(move || writer.run(&queue))
            .map_err(|e| from_io(&e))?;
        Ok(Self {
            jobs: Some(jobs),
            writer: Some(writer),
            applied,
            durable: shown,
            store,
            folder: folder.to_owned(),
            _lock: lock,
        })
    }

    /// Whether there is a registry in a folder: opening one makes it where there is none.
    pub fn is_at(folder: &Path) -> bool {
        folder.join("sled").is_dir()
    }

    /// Bytes the registry takes on disk.
    pub fn size_on_disk(&self) -> Result<u64, RegistryError> {
        self.store.size_on_disk()
    }

    /// Recomputes the whole registry from its events: the Merkle tree, the commitments, and every
    /// index, as `progress(done, of)` goes on. Takes the registry for itself meanwhile.
    pub fn audit(&mut self, progress: &mut dyn FnMut(u64, u64)) -> Result<Audit, RegistryError> {
        let durable = self.durable.borrow().clone();
        guarded(|| audit::audit(&self.store, durable.checkpoint, progress)).map_err(RegistryError::Corrupt)?
    }

    async fn ask<T>(
        &self,
        job: impl FnOnce(oneshot::Sender<Result<T, RegistryError>>) -> Job + Send,
    ) -> Result<T, RegistryError> {
        let gone = || RegistryError::Halted("写入线程已退出".to_owned());
        let (reply, answer) = oneshot::channel();
        self.jobs
            .as_ref()
            .ok_or_else(gone)?
            .send(job(reply))
            .map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    /// Reads, then waits until whatever the read may have come upon is durable.
    async fn read<T: Send>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, RegistryError> + Send,
    ) -> Result<T, RegistryError> {
        let found = guarded(|| work(&self.store)).map_err(RegistryError::Io)??;
        self.settled().await?;
        Ok(found)
    }

    /// What is durable, once everything written so far is.
    async fn settled(&self) -> Result<Durable, RegistryError> {
        let applied = self.applied.load(Ordering::SeqCst);
        let mut shown = self.durable.clone();
        let durable = shown
            .wait_for(|durable| durable.checkpoint.size >= applied || durable.halted.is_some())
            .await
            .map_err(|_| RegistryError::Halted("写入线程已退出".to_owned()))?
            .clone();
        match durable.halted {
            Some(reason) if durable.checkpoint.size < applied => Err(RegistryError::Halted(reason)),
            _ => Ok(durable),
        }
    }
}

/// What an opened store holds, or that it may not be used.
fn found(store: &Store) -> Result<Durable, RegistryError> {
    // 1. The format is ours.
    match store.get::<u64>(keys::FORMAT)? {
        Some(found) if found > FORMAT => {
            return Err(RegistryError::NewerFormat { found, known: FORMAT });
        }
        Some(_) => {}
        None if store.is_empty() => {
            let mut batch = sled::Batch::default();
            batch.insert(keys::FORMAT, FORMAT.to_value());
            store.write(batch)?;
        }
        None => return Err(corrupt("没有记载格式版本")),
    }
    // 2. There are as many events as the head says, and their tree has its root.
    let head = store.get(keys::HEAD)?.unwrap_or(Checkpoint {
        size: 0,
        root: merkle::empty_root(),
    });
    let events = store.events()?;
    if events != head.size {
        return Err(RegistryError::Corrupt(format!(
            "实有 {events} 个事件，首部记载 {} 个",
            head.size
        )));
    }
    let tree = store.tree(head.size)?;
    if tree.root() != head.root {
        return Err(corrupt("各事件算得的树根与所记不符"));
    }
    Ok(Durable {
        tree: Arc::new(tree),
        checkpoint: head,
        halted: None,
    })
}

impl fmt::Debug for SledRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SledRegistry")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

impl Drop for SledRegistry {
    /// Serves what was asked before, then closes.
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the registry's writer ended in a panic");
        }
    }
}

#[async_trait]
impl Registry for SledRegistry {
    async fn append(&self, batch: Vec<Append>) -> Result<Vec<Result<Appended, AppendError>>, RegistryError> {
        self.ask(|reply| Job::Append { batch, reply }).await
    }

    async fn reserve(&self, sequence: &str, count: u32) -> Result<u64, RegistryError> {
        let sequence = sequence.to_owned();
        self.ask(|reply| Job::Reserve {
            sequence,
            count,
            reply,
        })
        .await
    }

    async fn find(&self, identifiers: &[String]) -> Result<Vec<Option<CertificateRecord>>, RegistryError> {
        self.read(|store| identifiers.iter().map(|id| store.record(id)).collect())
            .await
    }

    async fn by_number(
        &self,
        certificate_type: &str,
        number: &str,
    ) -> Result<Option<CertificateRecord>, RegistryError> {
        self.read(|store| store.by_number(certificate_type, number)).await
    }

    async fn by_holder(
        &self,
        holder: &Holder,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<CertificateRecord>, RegistryError> {
        self.read(|store| store.by_holder(holder, after, limit)).await
    }

    async fn certificates(&self, query: &Query) -> Result<Vec<CertificateRecord>, RegistryError> {
        self.read(|store| store.certificates(query)).await
    }

    async fn unsealed(
        &self,
        certificate_type: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, RegistryError> {
        self.read(|store| store.unsealed(certificate_type, after, limit))
            .await
    }

    async fn is_enrolled(&self, certificate_type: &str, number: &str) -> Result<bool, RegistryError> {
        let key = keys::pair(keys::UNSEALED, certificate_type, number);
        self.read(|store| Ok(store.get::<u64>(&key)?.is_some())).await
    }

    async fn outcome(&self, key: &str) -> Result<Option<Outcome>, RegistryError> {
        self.read(|store| store.outcome(key)).await
    }

    async fn counts(&self) -> Result<BTreeMap<String, Counts>, RegistryError> {
        self.read(|store| {
            let mut counts = BTreeMap::new();
            for kind in store.texts(keys::COUNTS)? {
                if let Some(count) = store.get(&keys::text(keys::COUNTS, &kind))? {
                    counts.insert(kind, count);
                }
            }
            Ok(counts)
        })
        .await
    }

    async fn events(&self, from: u64, limit: usize) -> Result<Vec<Event>, RegistryError> {
        let size = self.settled().await?.checkpoint.size;
        if from > size {
            return Err(RegistryError::OutOfRange { size, asked: from });
        }
        let to = from.saturating_add(limit as u64).min(size);
        self.read(|store| (from..to).map(|index| store.event(index)).collect())
            .await
    }

    async fn history(&self, identifier: &str) -> Result<Vec<Event>, RegistryError> {
        self.read(|store| store.history(identifier)).await
    }

    async fn seal(&self, id: &str) -> Result<Option<SealRecord>, RegistryError> {
        self.read(|store| store.seal(id)).await
    }

    async fn seals(&self) -> Result<Vec<SealRecord>, RegistryError> {
        self.read(|store| {
            let ids = store.texts(keys::SEAL)?;
            ids.iter().filter_map(|id| store.seal(id).transpose()).collect()
        })
        .await
    }

    async fn checkpoint(&self) -> Result<Checkpoint, RegistryError> {
        Ok(self.settled().await?.checkpoint)
    }

    async fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, RegistryError> {
        let durable = self.settled().await?;
        within(size, durable.checkpoint.size)?;
        within(index.saturating_add(1), size)?;
        self.read(|store| merkle::inclusion(index, size, &mut |l, i| store.tile_of(&durable.tree, l, i)))
            .await
    }

    async fn consistency(&self, from: u64, to: u64) -> Result<Vec<Hash>, RegistryError> {
        let durable = self.settled().await?;
        within(to, durable.checkpoint.size)?;
        within(from, to)?;
        self.read(|store| merkle::consistency(from, to, &mut |l, i| store.tile_of(&durable.tree, l, i)))
            .await
    }
}

fn within(asked: u64, size: u64) -> Result<(), RegistryError> {
    if asked > size {
        Err(RegistryError::OutOfRange { size, asked })
    } else {
        Ok(())
    }
}
