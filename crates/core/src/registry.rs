//! The append-only record of every event in a certificate's life, and what follows from it.
//!
//! Takes [`Append`]s, gives totally ordered [`Event`]s, the present state of every certificate and
//! seal, and proofs. Events are canonically encoded (deterministic CBOR, RFC 8949 §4.2); the public
//! part of each is a leaf of an RFC 6962 Merkle tree. A leaf holds no personal data: it commits to the
//! private part with a salted digest, so the leaves can be published as they are.
//!
//! ```text
//!  Append ──rules──▶ Event ──┬─▶ leaf (public) ──▶ Merkle tree ──▶ checkpoint, proofs
//!         refused:           ├─▶ private part (personal data, salt)
//!         AppendError        └─▶ indices: identifier, number, holder, type, idempotency key, counts
//! ```
//!
//! Documents themselves never lie here but in [`Objects`].

use std::{collections::BTreeMap, fmt, path::PathBuf};

use async_trait::async_trait;
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

pub use crate::seal::SealStatus;
use crate::{profile::Profile, seal::RegisterEntry};

#[cfg(test)]
pub(crate) mod contract;
mod event;
mod masked;
pub mod merkle;
mod objects;
mod on_sled;
mod rules;

pub use event::{Event, Leaf, PrivatePart};
pub use objects::{ASIDE, Objects, ObjectsError, document_key};
pub use on_sled::{Audit, Fault, SledOptions, SledRegistry};

/// The registry seam: sled on one machine, PostgreSQL for many.
///
/// # Contract
///
/// - **Durable on return.** When `append` or `reserve` returns `Ok`, what it reports survives a power
///   cut. A read never shows an event that is not durable yet; it waits for it instead.
/// - **One batch, one flush.** Items of a batch are judged one after the other, in order, each seeing
///   the accepted ones before it; each is accepted or refused on its own. Concurrent calls may share a
///   flush, and their batches are then ordered, never interleaved.
/// - **At once.** Every method may be called from any number of tasks. Preconditions are checked
///   atomically with the write.
/// - **Order without gaps.** Event indices are 0, 1, 2, …; a refused item takes none.
/// - **Idempotency.** An item whose key was seen with the same request digest is not appended again;
///   the earlier event is answered with `replayed` set. A seen key with another digest is
///   [`AppendError::IdempotencyConflict`]. This holds across restarts and machines, within a batch too.
/// - **Who retries.** The caller, and only after [`RegistryError::Unavailable`]; an implementation
///   retries nothing by itself. After any other `Err` from `append` it is unknown whether the batch is
///   in; a repeat with the same idempotency keys (or identifiers) is safe and tells.
/// - **Errors.** `Err(RegistryError)` means the registry could not work, for the whole call;
///   `Err(AppendError)` inside the answer means that item breaks a rule, and says which.
#[async_trait]
pub trait Registry: Send + Sync + fmt::Debug {
    /// Appends a batch. The answer has one entry an item, in order.
    async fn append(&self, batch: Vec<Append>) -> Result<Vec<Result<Appended, AppendError>>, RegistryError>;

    /// Reserves `count` consecutive numbers of a named sequence and returns the first; sequences start
    /// at 1. A number is never given twice; a crash or refusal afterwards leaves a gap. A `count` of 0
    /// tells the next number and takes none.
    async fn reserve(&self, sequence: &str, count: u32) -> Result<u64, RegistryError>;

    /// The records of these certificate identifiers, in the order asked.
    async fn find(&self, identifiers: &[String]) -> Result<Vec<Option<CertificateRecord>>, RegistryError>;

    /// The latest certificate of a type under a certificate number.
    async fn by_number(
        &self,
        certificate_type: &str,
        number: &str,
    ) -> Result<Option<CertificateRecord>, RegistryError>;

    /// Certificates of a holder, oldest first, after the cursor.
    async fn by_holder(
        &self,
        holder: &Holder,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<CertificateRecord>, RegistryError>;

    /// A page of certificates in order of issue. The cursor is `issued_event` of the last one seen.
    async fn certificates(&self, query: &Query) -> Result<Vec<CertificateRecord>, RegistryError>;

    /// Numbers of a type that are enrolled and not sealed yet, in order of number, after the cursor.
    async fn unsealed(
        &self,
        certificate_type: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, RegistryError>;

    /// Whether a number of a type is enrolled and not sealed yet.
    async fn is_enrolled(&self, certificate_type: &str, number: &str) -> Result<bool, RegistryError>;

    /// What became of an idempotency key.
    async fn outcome(&self, key: &str) -> Result<Option<Outcome>, RegistryError>;

    /// Counts by type key, of every type that has any.
    async fn counts(&self) -> Result<BTreeMap<String, Counts>, RegistryError>;

    /// Events from an index on.
    async fn events(&self, from: u64, limit: usize) -> Result<Vec<Event>, RegistryError>;

    /// The events of one certificate, oldest first, from its issue to the one that superseded it.
    async fn history(&self, identifier: &str) -> Result<Vec<Event>, RegistryError>;

    /// A seal of the register.
    async fn seal(&self, id: &str) -> Result<Option<SealRecord>, RegistryError>;

    /// Every seal of the register, by id.
    async fn seals(&self) -> Result<Vec<SealRecord>, RegistryError>;

    /// Size and root of the tree over all durable events.
    async fn checkpoint(&self) -> Result<Checkpoint, RegistryError>;

    /// Proof that event `index` is in the tree of `size` leaves (RFC 6962 §2.1.1).
    async fn inclusion(&self, index: u64, size: u64) -> Result<Vec<merkle::Hash>, RegistryError>;

    /// Proof that the tree of `from` leaves is a prefix of that of `to` leaves (RFC 6962 §2.1.2).
    async fn consistency(&self, from: u64, to: u64) -> Result<Vec<merkle::Hash>, RegistryError>;
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum EventKind {
    /// A historical licence was entered into the ledger, not yet sealed (存量).
    Enrolled,
    /// First issue of a certificate.
    Issued,
    /// Issued again with later dates; the predecessor is superseded.
    Renewed,
    /// Issued again with changed content; the predecessor is superseded.
    Amended,
    /// Issued again unchanged, after loss or damage; the predecessor is superseded.
    Reissued,
    /// Taken out of force for a time (暂扣).
    Suspended,
    /// Back in force after a suspension.
    Resumed,
    /// Taken away for good by the authority (撤销, 吊销).
    Revoked,
    /// Given up or closed in order (注销).
    Cancelled,
    /// A seal was entered into the seal register.
    SealRegistered,
    /// A seal was taken out of force for a time.
    SealSuspended,
    /// A seal is back in force.
    SealResumed,
    /// A seal was destroyed for good.
    SealDestroyed,
}

impl EventKind {
    /// Whether the event brings a new certificate into being.
    pub fn is_issue(self) -> bool {
        matches!(
            self,
            Self::Issued | Self::Renewed | Self::Amended | Self::Reissued
        )
    }

    /// What was done, in English.
    pub fn name_en(self) -> &'static str {
        match self {
            Self::Enrolled => "enrolled",
            Self::Issued => "issued",
            Self::Renewed => "renewed",
            Self::Amended => "amended",
            Self::Reissued => "reissued",
            Self::Suspended | Self::SealSuspended => "suspended",
            Self::Resumed | Self::SealResumed => "resumed",
            Self::Revoked => "revoked",
            Self::Cancelled => "cancelled",
            Self::SealRegistered => "registered",
            Self::SealDestroyed => "destroyed",
        }
    }

    /// What an operator calls it.
    pub fn name_zh(self) -> &'static str {
        match self {
            Self::Enrolled => "存量登记",
            Self::Issued => "制发",
            Self::Renewed => "延续换发",
            Self::Amended => "变更换发",
            Self::Reissued => "补发",
            Self::Suspended => "暂扣",
            Self::Resumed => "恢复",
            Self::Revoked => "撤销",
            Self::Cancelled => "注销",
            Self::SealRegistered => "印章备案",
            Self::SealSuspended => "印章停用",
            Self::SealResumed => "印章启用",
            Self::SealDestroyed => "印章销毁",
        }
    }
}

/// State of an issued certificate. Expiry is not a state: it follows from the dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// 有效.
    InForce,
    /// 暂扣.
    Suspended,
    /// 撤销, 吊销.
    Revoked,
    /// 注销.
    Cancelled,
    /// Replaced by a successor.
    Superseded,
}

impl Status {
    /// The state in English.
    pub fn name_en(self) -> &'static str {
        match self {
            Self::InForce => "in force",
            Self::Suspended => "suspended",
            Self::Revoked => "revoked",
            Self::Cancelled => "cancelled",
            Self::Superseded => "superseded",
        }
    }

    /// What an operator calls it.
    pub fn name_zh(self) -> &'static str {
        match self {
            Self::InForce => "有效",
            Self::Suspended => "暂扣",
            Self::Revoked => "已撤销",
            Self::Cancelled => "已注销",
            Self::Superseded => "已换发",
        }
    }
}

/// One sealed document of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedDocument {
    /// In which form.
    pub profile: Profile,
    /// SHA-256 of it.
    #[serde(with = "hex::serde")]
    pub digest: [u8; 32],
    /// Its length in bytes.
    pub size: u64,
    /// Where it lies in the object store.
    pub key: String,
}

impl CertificateRecord {
    /// All its documents, the first one first.
    pub fn documents(&self) -> impl Iterator<Item = &RecordedDocument> {
        std::iter::once(&self.document).chain(&self.further)
    }

    /// Its document under a profile.
    pub fn document_under(&self, profile: Profile) -> Option<&RecordedDocument> {
        self.documents().find(|document| document.profile == profile)
    }
}

impl NewCertificate {
    /// All its documents, the first one first.
    pub fn documents(&self) -> impl Iterator<Item = &RecordedDocument> {
        std::iter::once(&self.document).chain(&self.further)
    }
}

/// What the registry knows of one certificate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CertificateRecord {
    /// National certificate identifier (GB/T 36904).
    pub identifier: String,
    /// Type key.
    pub certificate_type: String,
    /// Type version.
    pub type_version: u16,
    /// Certificate number.
    pub number: String,
    /// Holder's name.
    pub holder_name: String,
    /// Holder's code.
    pub holder_code: Option<String>,
    /// Name of the issuing authority.
    pub issuer_name: String,
    /// Its unified social credit code.
    pub issuer_code: String,
    /// Date of issue.
    pub issued_on: Date,
    /// First day in force.
    pub valid_from: Date,
    /// Last day in force; none for unlimited.
    pub valid_until: Option<Date>,
    /// Seal that signed it.
    pub seal: String,
    /// The sealed document; of several the one that the type names first.
    pub document: RecordedDocument,
    /// The same face under other profiles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further: Vec<RecordedDocument>,
    /// SHA-256 of the face data as attached to the document.
    #[serde(with = "hex::serde")]
    pub face_digest: [u8; 32],
    /// Present state.
    pub status: Status,
    /// When that state began.
    pub status_since: Timestamp,
    /// Why, as given by the actor; empty for a plain issue.
    pub status_reason: String,
    /// Identifier of the certificate it replaces.
    pub predecessor: Option<String>,
    /// Identifier of the certificate that replaced it.
    pub successor: Option<String>,
    /// When it was issued, as recorded.
    pub issued_at: Timestamp,
    /// Index of the event that issued it.
    pub issued_event: u64,
    /// Index of its latest event.
    pub last_event: u64,
}

/// One thing to append.
#[derive(Debug, Clone, PartialEq)]
pub struct Append {
    /// When it happened, from the caller's clock; kept to the millisecond.
    pub at: Timestamp,
    /// Who did it: an operator, an API client, a duty.
    pub actor: String,
    /// Why, in the actor's words; empty for a plain issue.
    pub reason: String,
    /// Unified social credit code of the authority acting.
    pub authority: String,
    /// Fresh random bytes that blind the commitments of the leaf.
    pub salt: [u8; 32],
    /// Makes a repeat of the same request harmless.
    pub idempotency: Option<Idempotency>,
    /// What changes.
    pub change: Change,
}

/// A caller's promise that requests with the same key are the same request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// The key, unique in the installation: front ends prefix it with the client's name.
    pub key: String,
    /// Digest of the request, so that one key cannot stand for two requests.
    pub request: [u8; 32],
}

/// What an [`Append`] changes.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Change {
    /// Enter a historical licence, unsealed.
    Enrol(Box<Enrolment>),
    /// Bring a sealed certificate into being. Its document must be durable in the object store.
    Issue(Box<NewCertificate>),
    /// Take the certificate out of force for a time.
    Suspend(String),
    /// Bring it back in force.
    Resume(String),
    /// Take it away for good.
    Revoke(String),
    /// Close it in order.
    Cancel(String),
    /// Enter a seal with its definition, as the seal room encodes it.
    RegisterSeal {
        /// Id of the seal.
        seal: String,
        /// Its definition.
        definition: Vec<u8>,
    },
    /// Take the seal out of force for a time.
    SuspendSeal(String),
    /// Bring the seal back in force.
    ResumeSeal(String),
    /// Destroy the seal for good.
    DestroySeal(String),
}

impl Change {
    /// The kind of event it becomes.
    pub fn kind(&self) -> EventKind {
        match self {
            Self::Enrol(_) => EventKind::Enrolled,
            Self::Issue(new) => new.basis.kind(),
            Self::Suspend(_) => EventKind::Suspended,
            Self::Resume(_) => EventKind::Resumed,
            Self::Revoke(_) => EventKind::Revoked,
            Self::Cancel(_) => EventKind::Cancelled,
            Self::RegisterSeal { .. } => EventKind::SealRegistered,
            Self::SuspendSeal(_) => EventKind::SealSuspended,
            Self::ResumeSeal(_) => EventKind::SealResumed,
            Self::DestroySeal(_) => EventKind::SealDestroyed,
        }
    }
}

/// A historical licence as entered into the ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct Enrolment {
    /// Type key.
    pub certificate_type: String,
    /// Type version its data were checked against.
    pub type_version: u16,
    /// Certificate number.
    pub number: String,
    /// Holder's name.
    pub holder_name: String,
    /// Holder's code.
    pub holder_code: Option<String>,
    /// Name of the authority it belongs to.
    pub issuer_name: String,
    /// Date of issue.
    pub issued_on: Date,
    /// First day in force.
    pub valid_from: Date,
    /// Last day in force; none for unlimited.
    pub valid_until: Option<Date>,
    /// SHA-256 of the face data as they would be attached to the document.
    pub face_digest: [u8; 32],
}

/// A sealed certificate about to be entered.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCertificate {
    /// National certificate identifier; must be unused.
    pub identifier: String,
    /// Type key.
    pub certificate_type: String,
    /// Type version.
    pub type_version: u16,
    /// Certificate number; must be unused within the type, or the predecessor's own.
    pub number: String,
    /// Holder's name.
    pub holder_name: String,
    /// Holder's code.
    pub holder_code: Option<String>,
    /// Name of the issuing authority. Its code is the `authority` of the [`Append`].
    pub issuer_name: String,
    /// Date of issue.
    pub issued_on: Date,
    /// First day in force.
    pub valid_from: Date,
    /// Last day in force; none for unlimited.
    pub valid_until: Option<Date>,
    /// Seal that signed it; must be registered and in force.
    pub seal: String,
    /// The sealed document; of several the one that the type names first.
    pub document: RecordedDocument,
    /// The same face under other profiles.
    pub further: Vec<RecordedDocument>,
    /// SHA-256 of the face data as attached to the document.
    pub face_digest: [u8; 32],
    /// First issue, or what it replaces.
    pub basis: Basis,
}

/// On what ground a certificate is issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Basis {
    /// The first of its number.
    First,
    /// Later dates for the certificate with this identifier.
    Renews(String),
    /// Changed content for the certificate with this identifier.
    Amends(String),
    /// The same again for the certificate with this identifier.
    Reissues(String),
}

impl Basis {
    /// Identifier of the certificate it replaces.
    pub fn predecessor(&self) -> Option<&str> {
        match self {
            Self::First => None,
            Self::Renews(id) | Self::Amends(id) | Self::Reissues(id) => Some(id),
        }
    }

    /// The kind of event a certificate on this basis becomes.
    pub fn kind(&self) -> EventKind {
        match self {
            Self::First => EventKind::Issued,
            Self::Renews(_) => EventKind::Renewed,
            Self::Amends(_) => EventKind::Amended,
            Self::Reissues(_) => EventKind::Reissued,
        }
    }
}

/// An accepted item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// Index of its event.
    pub index: u64,
    /// The certificate it concerns; none for enrolments and seals.
    pub identifier: Option<String>,
    /// The event had been appended before, under the same idempotency key.
    pub replayed: bool,
}

/// What became of an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Digest of the request that used it.
    pub request: [u8; 32],
    /// Index of the event.
    pub index: u64,
    /// The certificate it concerned; none for enrolments and seals.
    pub identifier: Option<String>,
}

/// Whose certificates are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// By unified social credit code, citizen id or other document number.
    Code(String),
    /// By exact name.
    Name(String),
}

/// Which certificates a page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Only this type.
    pub certificate_type: Option<String>,
    /// Only in this state.
    pub status: Option<Status>,
    /// Only those issued after this event.
    pub after: Option<u64>,
    /// At most so many.
    pub limit: usize,
}

/// How many certificates of a type there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// In force.
    pub in_force: u64,
    /// Suspended.
    pub suspended: u64,
    /// Revoked.
    pub revoked: u64,
    /// Cancelled.
    pub cancelled: u64,
    /// Superseded.
    pub superseded: u64,
    /// Enrolled and not sealed yet.
    pub unsealed: u64,
}

impl Counts {
    /// Certificates sealed, each counted once however often it was renewed.
    pub fn sealed(&self) -> u64 {
        self.in_force + self.suspended + self.revoked + self.cancelled
    }

    fn slot(&mut self, status: Status) -> &mut u64 {
        match status {
            Status::InForce => &mut self.in_force,
            Status::Suspended => &mut self.suspended,
            Status::Revoked => &mut self.revoked,
            Status::Cancelled => &mut self.cancelled,
            Status::Superseded => &mut self.superseded,
        }
    }
}

/// What the registry knows of one seal.
#[derive(Debug, Clone, PartialEq)]
pub struct SealRecord {
    /// Id of the seal.
    pub id: String,
    /// Its definition, as the seal room encodes it.
    pub definition: Vec<u8>,
    /// Present state.
    pub status: SealStatus,
    /// When that state began.
    pub since: Timestamp,
    /// Why, as given by the actor.
    pub reason: String,
    /// Index of its latest event.
    pub last_event: u64,
}

impl SealRecord {
    /// What the seal room asks about it.
    pub fn entry(&self) -> RegisterEntry {
        RegisterEntry {
            code: self.id.clone(),
            state: self.status,
            since: self.since,
            reason: self.reason.clone(),
        }
    }
}

/// Size and root of the Merkle tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Number of events.
    pub size: u64,
    /// RFC 6962 tree head.
    #[serde(with = "hex::serde")]
    pub root: merkle::Hash,
}

/// Why one item was refused. Nothing of it was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The licence was enrolled before.
    #[error("{certificate_type} number {number} is enrolled already")]
    AlreadyEnrolled {
        /// Type key.
        certificate_type: String,
        /// Certificate number.
        number: String,
        /// The event that enrolled it.
        event: u64,
    },
    /// The key stands for another request.
    #[error("idempotency key {key} was used for another request")]
    IdempotencyConflict {
        /// The key.
        key: String,
    },
    /// Another certificate has the identifier.
    #[error("certificate identifier {identifier} is in use")]
    IdentifierInUse {
        /// The identifier.
        identifier: String,
    },
    /// The rules of the life of a certificate do not allow it.
    #[error("a certificate that is {} cannot be {}: {identifier}", from.name_en(), operation.name_en())]
    IllegalTransition {
        /// The certificate.
        identifier: String,
        /// Its state.
        from: Status,
        /// What was asked for.
        operation: EventKind,
    },
    /// The rules of the life of a seal do not allow it.
    #[error("a seal that is {} cannot be {}: {seal}", from.name_en(), operation.name_en())]
    IllegalSealTransition {
        /// The seal.
        seal: String,
        /// Its state.
        from: SealStatus,
        /// What was asked for.
        operation: EventKind,
    },
    /// No certificate has the identifier.
    #[error("no certificate has the identifier {identifier}")]
    NotFound {
        /// The identifier.
        identifier: String,
    },
    /// Another certificate of the type has the number.
    #[error("{certificate_type} number {number} is in use by {identifier}")]
    NumberInUse {
        /// Type key.
        certificate_type: String,
        /// Certificate number.
        number: String,
        /// The certificate that has it.
        identifier: String,
    },
    /// A predecessor of another type was named.
    #[error("the predecessor {identifier} is of type {certificate_type}")]
    PredecessorOfOtherType {
        /// The predecessor.
        identifier: String,
        /// Its type key.
        certificate_type: String,
    },
    /// A seal of the id is registered already.
    #[error("seal {seal} is registered already")]
    SealExists {
        /// The seal.
        seal: String,
    },
    /// The seal may sign nothing at present.
    #[error("seal {seal} is {}", status.name_en())]
    SealNotInForce {
        /// The seal.
        seal: String,
        /// Its state.
        status: SealStatus,
    },
    /// No seal of the id is registered.
    #[error("seal {seal} is not registered")]
    SealUnknown {
        /// The seal.
        seal: String,
    },
    /// A text is empty, too long, or holds a character no key may hold.
    #[error("{field} cannot be recorded: {reason}")]
    Unrecordable {
        /// Which text.
        field: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
}

/// Why the registry could not work.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// Stored data contradict themselves.
    #[error("登记簿已损坏：{0} (the registry is damaged)")]
    Corrupt(String),
    /// An earlier write failed; nothing is written until the registry is opened again.
    #[error("登记簿写入失败后已停止写入，须重新打开：{0} (the registry stopped writing)")]
    Halted(String),
    /// Another process has it open.
    #[error("登记簿 {} 正由另一进程使用{} (in use by another process)", path.display(), match pid { Some(pid) => format!("，进程号 {pid}"), None => String::new() })]
    InUse {
        /// Folder of the registry.
        path: PathBuf,
        /// The other process, where it said who it is.
        pid: Option<u32>,
    },
    /// The medium failed.
    #[error("登记簿无法读写：{0} (cannot be read or written)")]
    Io(String),
    /// Written by a later version of the program.
    #[error(
        "登记簿格式为第 {found} 版，本程序只识别到第 {known} 版，请升级程序 (written by a later version)"
    )]
    NewerFormat {
        /// Format found.
        found: u64,
        /// Latest format known here.
        known: u64,
    },
    /// A proof or page beyond the end was asked for.
    #[error("登记簿有 {size} 个事件，所求第 {asked} 个不存在 (out of range)")]
    OutOfRange {
        /// Events there are.
        size: u64,
        /// What was asked for.
        asked: u64,
    },
    /// No space is left.
    #[error("存储空间不足，登记簿停止写入 (no space is left for the registry)")]
    StorageFull,
    /// A remote registry cannot be reached or is overloaded; a repeat may succeed.
    #[error("登记簿暂不可用：{0} (unavailable)")]
    Unavailable(String),
}
