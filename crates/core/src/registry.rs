//! The append-only record of every event in a certificate's life, and what follows from it.
//!
//! Events are totally ordered and canonically encoded (deterministic CBOR, RFC 8949 §4.2); each is a
//! leaf of an RFC 6962 Merkle tree. A leaf holds no personal data: it commits to the private part
//! with a salted digest, so the leaves can be published as they are.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
    /// SHA-256 of the sealed document.
    #[serde(with = "hex::serde")]
    pub document_digest: [u8; 32],
    /// Its length in bytes.
    pub document_size: u64,
    /// Where it lies in the object store.
    pub document_key: String,
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
    /// Index of its latest event.
    pub last_event: u64,
}
