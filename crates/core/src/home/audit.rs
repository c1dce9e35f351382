//! Registry and documents held against each other.

use futures::{StreamExt as _, TryStreamExt as _};
use serde::Serialize;

use super::{Home, HomeError};
use crate::registry::{ASIDE, Audit, Objects, ObjectsError, Query, Registry as _, SledRegistry};

/// Certificates looked at together.
const PAGE: usize = 1000;
/// Documents read at once.
const READS: usize = 8;
/// Faults told one by one; more are only counted.
const FAULTS_TOLD: usize = 100;

/// What an audit of the installation found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct HomeAudit {
    /// Events in the registry.
    pub events: u64,
    /// Root of the Merkle tree over them, as recomputed.
    #[serde(with = "hex::serde")]
    pub root: [u8; 32],
    /// Certificates ever issued.
    pub certificates: u64,
    /// Documents whose digest is the recorded one.
    pub documents: u64,
    /// Documents no event names: left by a crash, or newer than a registry that was restored.
    pub orphans: u64,
    /// Files that a crash left half-written.
    pub half_written: u64,
    /// Documents moved aside now; as many half-written files as there were are removed with them.
    pub set_aside: u64,
    /// How many faults there are.
    pub fault_count: u64,
    /// The first hundred.
    pub faults: Vec<String>,
}

/// What an audit is busy with: stage, done, of how many (zero while unknown).
pub type AuditProgress<'a> = dyn FnMut(&'static str, u64, u64) + Send + 'a;

impl Home {
    /// Recomputes the registry from its events, reads every document, and finds files that belong to no
    /// event; `sweep` moves these aside, and removes what is half-written. Opens the registry.
    pub async fn audit(&self, sweep: bool, progress: &mut AuditProgress<'_>) -> Result<HomeAudit, HomeError> {
        let mut registry = self.registry()?;
        let objects = self.objects()?;
        let mut found = HomeAudit::default();

        // 1. The registry by itself.
        let Audit {
            checkpoint,
            certificates,
            faults,
            fault_count,
        } = registry.audit(&mut |done, of| progress("事件", done, of))?;
        found.events = checkpoint.size;
        found.root = checkpoint.root;
        found.certificates = certificates;
        found.fault_count = fault_count;
        found.faults = faults
            .iter()
            .map(|fault| match fault.event {
                Some(index) => format!("事件 {index}：{}", fault.what),
                None => fault.what.clone(),
            })
            .collect();

        // 2. Every document that an event names.
        documents(&registry, &objects, &mut found, progress).await?;

        // 3. Every document that none names.
        orphans(&registry, &objects, sweep, &mut found, progress).await?;
        Ok(found)
    }
}

impl HomeAudit {
    /// Whether all is as it should be.
    pub fn is_clean(&self) -> bool {
        self.fault_count == 0
    }

    fn fault(&mut self, what: String) {
        self.fault_count += 1;
        if self.faults.len() < FAULTS_TOLD {
            self.faults.push(what);
        }
    }
}

async fn documents(
    registry: &SledRegistry,
    objects: &Objects,
    found: &mut HomeAudit,
    progress: &mut AuditProgress<'_>,
) -> Result<(), HomeError> {
    let mut query = Query {
        certificate_type: None,
        status: None,
        after: None,
        limit: PAGE,
    };
    loop {
        let page = registry.certificates(&query).await?;
        let Some(last) = page.last() else { return Ok(()) };
        query.after = Some(last.issued_event);
        let read: Vec<_> = futures::stream::iter(&page)
            .flat_map(|record| {
                futures::stream::iter(record.documents().map(move |document| (record, document)))
            })
            .map(|(record, document)| async move {
                let read = objects.get(&document.key, &document.digest).await;
                (record, document, read)
            })
            .buffered(READS)
            .collect()
            .await;
        for (record, document, read) in read {
            match read {
                Ok(bytes) if bytes.len() as u64 == document.size => found.documents += 1,
                Ok(_) => found.fault(format!("{}：文件长度与登记不符", record.identifier)),
                Err(ObjectsError::NotFound { key }) if objects.is_aside(&key) => {
                    found.fault(format!(
                        "{}：文件 {key} 在 {ASIDE} 中，请移回 (the document was set aside)",
                        record.identifier
                    ));
                }
                // One bad place on a disk must not hide the others.
                Err(error) => found.fault(format!("{}：{error}", record.identifier)),
            }
        }
        progress("文件", found.documents, found.certificates);
    }
}

async fn orphans(
    registry: &SledRegistry,
    objects: &Objects,
    sweep: bool,
    found: &mut HomeAudit,
    progress: &mut AuditProgress<'_>,
) -> Result<(), HomeError> {
    let mut seen = 0;
    let mut pages = objects.keys().try_chunks(PAGE);
    while let Some(page) = pages.next().await {
        let keys = page.map_err(|error| error.1)?;
        let identifiers: Vec<String> = keys.iter().map(|key| identifier_in(key).to_owned()).collect();
        let records = registry.find(&identifiers).await?;
        for (key, record) in keys.iter().zip(records) {
            seen += 1;
            if record.is_some_and(|record| record.documents().any(|document| document.key == *key)) {
                continue;
            }
            found.orphans += 1;
            if sweep {
                objects.set_aside(key).await?;
                found.set_aside += 1;
            }
        }
        progress("残留", seen, found.certificates);
    }
    // Whoever has the registry open is the only one to write documents.
    for path in objects.half_written()? {
        found.half_written += 1;
        if sweep {
            std::fs::remove_file(&path).map_err(|source| HomeError::Io { path, source })?;
        }
    }
    Ok(())
}

/// The identifier in the key of a document: its file name up to the part of the digest.
fn identifier_in(key: &str) -> &str {
    let name = key.rsplit('/').next().unwrap_or_default();
    name.rsplit_once('-').map_or("", |(identifier, _)| identifier)
}
