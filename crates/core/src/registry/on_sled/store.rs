//! Reading sled, and writing it so that it lasts.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    fs::{self, File},
    io,
    ops::Bound,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use super::{
    keys::{self, Value},
    panics::guarded,
};
use crate::{
    os_error::os_error_zh,
    profile::Profile,
    registry::{
        CertificateRecord, Event, Holder, Outcome, Query, RecordedDocument, RegistryError, SealRecord,
        Status,
        merkle::{self, Hash, Tree},
        rules::{CertificateState, SealState},
    },
};

/// The engine lets go of its file a moment after it is dropped; nobody else can hold it while we have
/// the folder's lock.
const REOPEN_PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Store {
    db: sled::Db,
    /// The engine's log file, to flush it truly: sled 0.34 itself only calls `sync_file_range`, which
    /// neither flushes the disk's cache nor records that the file grew.
    log: File,
    folder: PathBuf,
}

impl Store {
    pub(super) fn open(folder: &Path, cache_bytes: u64) -> Result<Self, RegistryError> {
        let config = sled::Config::new()
            .path(folder)
            .cache_capacity(cache_bytes)
            .flush_every_ms(None);
        let began = Instant::now();
        let db = loop {
            match guarded(|| config.open().map_err(|e| (is_locked(&e), from_sled(e)))) {
                Ok(Ok(db)) => break db,
                Ok(Err((true, _))) if began.elapsed() < REOPEN_PATIENCE => {
                    thread::sleep(Duration::from_millis(5));
                }
                Ok(Err((_, error))) => return Err(error),
                Err(reason) => return Err(RegistryError::Corrupt(reason)),
            }
        };
        let open = || -> io::Result<File> {
            // The names of the files must last as well as what is in them.
            for folder in [Some(folder), folder.parent()].into_iter().flatten() {
                File::open(folder)?.sync_all()?;
            }
            let log = File::open(folder.join("db"))?;
            log.sync_all()?;
            Ok(log)
        };
        let log = open().map_err(|e| from_io(&e))?;
        Ok(Self {
            db,
            log,
            folder: folder.to_owned(),
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.db.is_empty()
    }

    pub(super) fn size_on_disk(&self) -> Result<u64, RegistryError> {
        self.db.size_on_disk().map_err(from_sled)
    }

    /// Refuses while refusing is still harmless: a log that cannot grow halts the registry.
    pub(super) fn check_space(&self, spare: u64) -> Result<(), RegistryError> {
        let stat = rustix::fs::statvfs(&self.folder).map_err(|e| from_io(&e.into()))?;
        if stat.f_bavail.saturating_mul(stat.f_frsize) < spare {
            return Err(RegistryError::StorageFull);
        }
        Ok(())
    }

    /// Writes a batch, whole or not at all, and returns when it is durable.
    pub(super) fn write(&self, batch: sled::Batch) -> Result<(), RegistryError> {
        self.db.apply_batch(batch).map_err(from_sled)?;
        self.db.flush().map_err(from_sled)?;
        self.log.sync_data().map_err(|e| from_io(&e))
    }

    pub(super) fn get<T: Value>(&self, key: &[u8]) -> Result<Option<T>, RegistryError> {
        match self.db.get(key).map_err(from_sled)? {
            Some(bytes) => keys::read(key, &bytes).map(Some),
            None => Ok(None),
        }
    }

    /// Entries under a prefix, from a key on or after it.
    pub(super) fn scan(
        &self,
        prefix: Vec<u8>,
        from: Bound<Vec<u8>>,
    ) -> impl Iterator<Item = Result<(sled::IVec, sled::IVec), RegistryError>> + use<> {
        let from = match from {
            Bound::Unbounded => Bound::Included(prefix.clone()),
            bound => bound,
        };
        self.db
            .range::<Vec<u8>, _>((from, Bound::Unbounded))
            .map(|entry| entry.map_err(from_sled))
            .take_while(move |entry| match entry {
                Ok((key, _)) => key.starts_with(&prefix),
                Err(_) => true,
            })
    }

    /// Number of events, by the last of them.
    pub(super) fn events(&self) -> Result<u64, RegistryError> {
        match self.db.scan_prefix([keys::EVENT]).next_back() {
            None => Ok(0),
            Some(Err(e)) => Err(from_sled(e)),
            Some(Ok((key, _))) => match keys::last_number(&key) {
                Some(index) => Ok(index + 1),
                None => Err(corrupt("有事件没有序号")),
            },
        }
    }

    pub(super) fn event(&self, index: u64) -> Result<Event, RegistryError> {
        let bytes = self
            .db
            .get(keys::number(keys::EVENT, index))
            .map_err(from_sled)?
            .ok_or_else(|| RegistryError::Corrupt(format!("缺第 {index} 号事件")))?;
        Event::from_stored(index, &bytes)
            .map_err(|e| RegistryError::Corrupt(format!("第 {index} 号事件无法解读：{e}")))
    }

    pub(super) fn tile(&self, level: u8, index: u64) -> Result<Vec<Hash>, RegistryError> {
        let mut bytes = Vec::with_capacity(merkle::TILE_WIDTH * size_of::<Hash>());
        for quarter in 0..keys::TILE_QUARTERS {
            let part = self
                .db
                .get(keys::tile(level, index, quarter))
                .map_err(from_sled)?;
            bytes.extend_from_slice(&part.unwrap_or_default());
        }
        merkle::tile_hashes(&bytes)
            .ok_or_else(|| RegistryError::Corrupt(format!("默克尔树块 {level}/{index} 缺失或损坏")))
    }

    /// Makes the right edge of the tree anew.
    pub(super) fn tree(&self, size: u64) -> Result<Tree, RegistryError> {
        Tree::rebuild(size, |level, from, to| {
            (from..to)
                .map(|i| match level {
                    0 => self.event(i).map(|event| event.leaf_hash()),
                    _ => self.tile(level - 1, i).map(|tile| merkle::perfect_root(&tile)),
                })
                .collect()
        })
    }

    /// A tile, whether full or at the edge of this tree.
    pub(super) fn tile_of(&self, tree: &Tree, level: u8, index: u64) -> Result<Arc<[Hash]>, RegistryError> {
        match tree.edge_tile(level, index) {
            Some(edge) => Ok(edge.into()),
            None => Ok(self.tile(level, index)?.into()),
        }
    }

    pub(super) fn state(&self, identifier: &str) -> Result<Option<CertificateState>, RegistryError> {
        self.get(&keys::text(keys::CERTIFICATE, identifier))
    }

    pub(super) fn record(&self, identifier: &str) -> Result<Option<CertificateRecord>, RegistryError> {
        match self.state(identifier)? {
            Some(state) => self.record_of(self.event(state.issued_event)?, state).map(Some),
            None => Ok(None),
        }
    }

    /// A certificate by the event that issued it.
    fn record_of(&self, issue: Event, state: CertificateState) -> Result<CertificateRecord, RegistryError> {
        let status_reason = if state.last_event == state.issued_event {
            issue.private.reason.clone()
        } else {
            self.event(state.last_event)?.private.reason
        };
        let issued_at = issue.at();
        let (leaf, private) = (issue.leaf, issue.private);
        let lacks = || RegistryError::Corrupt(format!("第 {} 号事件缺少证照的某些内容", issue.index));
        Ok(CertificateRecord {
            identifier: private.identifier.ok_or_else(lacks)?,
            certificate_type: state.certificate_type,
            type_version: leaf.type_version.ok_or_else(lacks)?,
            number: private.number.ok_or_else(lacks)?,
            holder_name: private.holder_name.ok_or_else(lacks)?,
            holder_code: private.holder_code,
            issuer_name: private.issuer_name.ok_or_else(lacks)?,
            issuer_code: leaf.authority,
            issued_on: private.issued_on.ok_or_else(lacks)?,
            valid_from: private.valid_from.ok_or_else(lacks)?,
            valid_until: private.valid_until,
            seal: leaf.seal.ok_or_else(lacks)?,
            document: RecordedDocument {
                profile: private.profile.unwrap_or(Profile::PdfPades),
                digest: private.document_digest.ok_or_else(lacks)?,
                size: private.document_size.ok_or_else(lacks)?,
                key: private.document_key.ok_or_else(lacks)?,
            },
            further: private
                .further
                .unwrap_or_default()
                .into_iter()
                .map(RecordedDocument::from)
                .collect(),
            face_digest: private.face_digest.ok_or_else(lacks)?,
            status: state.status,
            status_since: state.since,
            status_reason,
            predecessor: private.predecessor,
            successor: state.successor,
            issued_at,
            issued_event: state.issued_event,
            last_event: state.last_event,
        })
    }

    pub(super) fn by_number(
        &self,
        certificate_type: &str,
        number: &str,
    ) -> Result<Option<CertificateRecord>, RegistryError> {
        match self.get(&keys::pair(keys::NUMBER, certificate_type, number))? {
            Some(index) => {
                let issue = self.event(index)?;
                let state = self.state_of(&issue)?;
                self.record_of(issue, state).map(Some)
            }
            None => Ok(None),
        }
    }

    /// The present state of the certificate an event issued.
    fn state_of(&self, issue: &Event) -> Result<CertificateState, RegistryError> {
        let identifier = issue.private.identifier.as_deref().unwrap_or_default();
        self.state(identifier)?
            .filter(|state| state.issued_event == issue.index)
            .ok_or_else(|| corrupt("索引所指的证照不存在"))
    }

    pub(super) fn outcome(&self, key: &str) -> Result<Option<Outcome>, RegistryError> {
        match self.get(&keys::text(keys::OUTCOME, key))? {
            Some(index) => outcome_of(self.event(index)?).map(Some),
            None => Ok(None),
        }
    }

    pub(super) fn by_holder(
        &self,
        holder: &Holder,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<CertificateRecord>, RegistryError> {
        let (kind, text) = match holder {
            Holder::Code(code) => (keys::HOLDER_CODE, code),
            Holder::Name(name) => (keys::HOLDER_NAME, name),
        };
        self.page(vec![keys::pair(kind, text, "")], after, limit, |_| true)
    }

    pub(super) fn certificates(&self, query: &Query) -> Result<Vec<CertificateRecord>, RegistryError> {
        let prefixes = match (&query.certificate_type, query.status) {
            (_, Some(status)) if status != Status::InForce => vec![keys::status_prefix(status)],
            (Some(kind), _) => vec![keys::pair(keys::TYPE_ORDER, kind, "")],
            (None, _) => {
                let types = self.texts(keys::COUNTS)?;
                types
                    .iter()
                    .map(|kind| keys::pair(keys::TYPE_ORDER, kind, ""))
                    .collect()
            }
        };
        self.page(prefixes, query.after, query.limit, |state| {
            query.status.is_none_or(|status| status == state.status)
                && query
                    .certificate_type
                    .as_ref()
                    .is_none_or(|kind| *kind == state.certificate_type)
        })
    }

    /// Certificates in order of issue, of indices whose keys end with the event of issue.
    fn page(
        &self,
        prefixes: Vec<Vec<u8>>,
        after: Option<u64>,
        limit: usize,
        wanted: impl Fn(&CertificateState) -> bool,
    ) -> Result<Vec<CertificateRecord>, RegistryError> {
        let mut page = Vec::new();
        if limit == 0 {
            return Ok(page);
        }
        let mut indices: Vec<_> = prefixes
            .into_iter()
            .map(|prefix| self.issues(prefix, after))
            .collect();
        // The next of each index, the earliest on top.
        let mut next = BinaryHeap::new();
        for (at, index) in indices.iter_mut().enumerate() {
            next.extend(index.next().transpose()?.map(|event| Reverse((event, at))));
        }
        while let Some(Reverse((event, at))) = next.pop() {
            let issue = self.event(event)?;
            let state = self.state_of(&issue)?;
            if wanted(&state) {
                page.push(self.record_of(issue, state)?);
                if page.len() == limit {
                    break;
                }
            }
            if let Some(index) = indices.get_mut(at) {
                next.extend(index.next().transpose()?.map(|event| Reverse((event, at))));
            }
        }
        Ok(page)
    }

    /// The events of issue that an index's keys end with.
    fn issues(
        &self,
        prefix: Vec<u8>,
        after: Option<u64>,
    ) -> impl Iterator<Item = Result<u64, RegistryError>> + use<> {
        let from = match after {
            None => Bound::Unbounded,
            Some(after) => Bound::Excluded([&prefix[..], &after.to_be_bytes()].concat()),
        };
        let length = prefix.len() + size_of::<u64>();
        self.scan(prefix, from).filter_map(move |entry| match entry {
            Ok((key, _)) if key.len() == length => keys::last_number(&key).map(Ok),
            Ok(_) => None,
            Err(e) => Some(Err(e)),
        })
    }

    pub(super) fn unsealed(
        &self,
        certificate_type: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, RegistryError> {
        let prefix = keys::pair(keys::UNSEALED, certificate_type, "");
        let from = match after {
            None => Bound::Unbounded,
            Some(number) => Bound::Excluded(keys::pair(keys::UNSEALED, certificate_type, number)),
        };
        let skip = prefix.len();
        self.scan(prefix, from)
            .take(limit)
            .map(|entry| {
                let (key, _) = entry?;
                keys::read(&key, key.get(skip..).unwrap_or_default())
            })
            .collect()
    }

    /// The events of a certificate, from its last back to its issue, turned round.
    pub(super) fn history(&self, identifier: &str) -> Result<Vec<Event>, RegistryError> {
        let Some(state) = self.state(identifier)? else {
            return Ok(Vec::new());
        };
        let mut events = Vec::new();
        let mut next = Some(state.last_event);
        while let Some(index) = next {
            let event = self.event(index)?;
            next = event.leaf.previous.filter(|_| index != state.issued_event);
            if next.is_some_and(|previous| previous >= index || previous < state.issued_event) {
                return Err(RegistryError::Corrupt(format!("第 {index} 号事件的前一事件有误")));
            }
            events.push(event);
        }
        events.reverse();
        Ok(events)
    }

    pub(super) fn seal(&self, id: &str) -> Result<Option<SealRecord>, RegistryError> {
        let Some(state) = self.get::<SealState>(&keys::text(keys::SEAL, id))? else {
            return Ok(None);
        };
        let definition = self
            .event(state.registered_event)?
            .private
            .seal_definition
            .ok_or_else(|| {
                RegistryError::Corrupt(format!("第 {} 号事件缺少印章数据", state.registered_event))
            })?;
        Ok(Some(SealRecord {
            id: id.to_owned(),
            definition,
            status: state.status,
            since: state.since,
            reason: self.event(state.last_event)?.private.reason,
            last_event: state.last_event,
        }))
    }

    /// The texts that follow a one-byte prefix.
    pub(super) fn texts(&self, prefix: u8) -> Result<Vec<String>, RegistryError> {
        self.scan(vec![prefix], Bound::Unbounded)
            .map(|entry| {
                let (key, _) = entry?;
                keys::read(&key, key.get(1..).unwrap_or_default())
            })
            .collect()
    }
}

/// What an event says of its request.
pub(super) fn outcome_of(event: Event) -> Result<Outcome, RegistryError> {
    let request = event
        .private
        .request_digest
        .ok_or_else(|| corrupt("幂等键所指的事件没有幂等键"))?;
    Ok(Outcome {
        request,
        index: event.index,
        identifier: event.private.identifier,
    })
}

/// Meddling, to see that it is found.
#[cfg(test)]
impl Store {
    pub(super) fn raw(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.db.get(key).ok().flatten().map(|value| value.to_vec())
    }

    pub(super) fn set(&self, key: &[u8], value: Option<Vec<u8>>) {
        let mut batch = sled::Batch::default();
        match value {
            Some(value) => batch.insert(key, value),
            None => batch.remove(key),
        }
        assert!(self.write(batch).is_ok());
    }
}

pub(super) fn corrupt(what: &str) -> RegistryError {
    RegistryError::Corrupt(what.to_owned())
}

fn is_locked(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(e) if e.to_string().contains("could not acquire lock"))
}

pub(super) fn from_io(error: &io::Error) -> RegistryError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => RegistryError::StorageFull,
        _ => RegistryError::Io(os_error_zh(error)),
    }
}

pub(super) fn from_sled(error: sled::Error) -> RegistryError {
    match error {
        sled::Error::Io(e) => from_io(&e),
        sled::Error::Corruption { at, .. } => RegistryError::Corrupt(match at {
            Some(at) => format!("存储文件在 {at:?} 处损坏"),
            None => "存储文件损坏".to_owned(),
        }),
        other => RegistryError::Io(other.to_string()),
    }
}

/// Makes a folder and its parents.
pub(super) fn make_folder(folder: &Path) -> Result<(), RegistryError> {
    fs::create_dir_all(folder).map_err(|e| from_io(&e))
}
