//! One request through all rooms, crash-safe.
//!
//! ```text
//!  request ─check─▶ face data ─press─▶ sealed document ─put, sync─▶ object store ─append─▶ registry ─▶ answer
//! ```
//!
//! A document is durable before its event is, and the event before anything is answered. So a crash
//! leaves no certificate, or a whole one; what it may leave beside is a file that no event names,
//! which nobody can fetch and `audit` sweeps away. Documents are stored under a key that holds part of
//! their own digest: two requests for the same number never write the same file.
//!
//! | part | gives |
//! |---|---|
//! | `workshop` | the layout of a type, for whoever only sets faces |
//! | [`press`] | everything that documents of one type under one seal share, and the making of them |
//! | [`ofd_press`] | the same for OFD documents under a national seal, of the faces that a press sets |
//! | `press_room` | which press may be used now: seal in force, signers good, keys as they are today |
//! | `numbering` | numbers and identifiers |
//! | `service` | [`Service`]: a request through all of them, and changes of state |

mod error;
mod numbering;
pub mod ofd_press;
pub mod press;
mod press_room;
mod preview;
mod service;
mod workshop;

pub(crate) use self::service::{Unrecorded, new_certificate, salt};
pub use self::{
    error::{IssueError, UnusableList, field_error, refusal_zh},
    numbering::identifier_for,
    press_room::RevocationLists,
    preview::preview,
    service::{Service, ServiceParts},
    workshop::Workshop,
};

use crate::{
    catalogue::RawRecord,
    registry::{Basis, CertificateRecord},
};

/// Name of the identity that signs QR tokens.
pub const TOKEN_SIGNER: &str = "token";

/// Name of the identity that signs a department's documents.
pub fn document_signer(department: &str) -> String {
    format!("signer-{department}")
}

/// One certificate asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// Key of the certificate type.
    pub certificate_type: String,
    /// Values and photos as given.
    pub record: RawRecord,
    /// Seal to apply; none for the one its type and department name.
    pub seal: Option<String>,
    /// First issue, or what it replaces.
    pub basis: Basis,
    /// Who asks, as the registry will record it.
    pub actor: String,
    /// Why; may be empty for a first issue.
    pub reason: String,
    /// Makes a repeat harmless. Unique in the installation: front ends prefix the client's name.
    pub idempotency_key: Option<String>,
}

/// A certificate that is durably issued.
#[derive(Debug, Clone)]
pub struct Issued {
    /// What the registry says.
    pub record: CertificateRecord,
    /// The document.
    pub document: Vec<u8>,
    /// It had been issued before under the same idempotency key.
    pub replayed: bool,
}

/// A change of state of an issued certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// Out of force for a time (暂扣).
    Suspend,
    /// Back in force (恢复).
    Resume,
    /// Taken away for good (撤销).
    Revoke,
    /// Closed in order (注销).
    Cancel,
}
