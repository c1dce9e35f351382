//! What may happen in the life of a certificate and of a seal: pure decisions over a view of the
//! present state, the same for every back end.
//!
//! ```text
//!                 suspend            revoke, cancel
//!   ┌─────────▶ in force ◀───┐ ───────────────────▶ revoked, cancelled
//!   issue           │  └──▶ suspended ──────────────▶ (the same)
//!                   │ renew, amend, reissue
//!                   └──────────────────▶ superseded, and a successor in force
//! ```

use jiff::Timestamp;

use super::{
    Append, AppendError, Change, EventKind, NewCertificate, Outcome, RegistryError, SealStatus, Status,
};
use crate::remark::{MAX_REASON_CHARS, is_line};

/// Longest text that becomes part of an index key, in bytes.
const MAX_KEY_BYTES: usize = 512;
/// Longest free text of an event, in bytes.
const MAX_TEXT_BYTES: usize = 4096;

/// Present state of one certificate, as the indices hold it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CertificateState {
    pub(super) certificate_type: String,
    pub(super) issued_event: u64,
    pub(super) last_event: u64,
    pub(super) status: Status,
    pub(super) since: Timestamp,
    pub(super) successor: Option<String>,
}

/// Present state of one seal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SealState {
    pub(super) status: SealStatus,
    pub(super) registered_event: u64,
    pub(super) last_event: u64,
    pub(super) since: Timestamp,
}

/// What the rules need to see. A back end answers from its indices with the accepted items of the
/// running batch laid over them.
pub(super) trait View {
    fn certificate(&self, identifier: &str) -> Result<Option<CertificateState>, RegistryError>;
    /// Identifier of the latest certificate with a number.
    fn number(&self, certificate_type: &str, number: &str) -> Result<Option<String>, RegistryError>;
    /// Event that enrolled a licence that is not sealed yet.
    fn enrolled(&self, certificate_type: &str, number: &str) -> Result<Option<u64>, RegistryError>;
    fn outcome(&self, key: &str) -> Result<Option<Outcome>, RegistryError>;
    fn seal(&self, id: &str) -> Result<Option<SealState>, RegistryError>;
}

/// What an item does, once allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    /// It was done before.
    Replay(Outcome),
    /// A licence is entered unsealed.
    Enrol,
    /// A certificate comes into force.
    Issue {
        /// Its predecessor's state before.
        predecessor: Option<CertificateState>,
        /// The enrolment it seals.
        enrolled: Option<u64>,
    },
    /// A certificate changes state.
    Change {
        identifier: String,
        before: CertificateState,
        status: Status,
    },
    /// A seal is entered.
    RegisterSeal,
    /// A seal changes state.
    ChangeSeal {
        seal: String,
        before: SealState,
        status: SealStatus,
    },
}

/// Judges one item. The outer error is the back end's, the inner one the item's.
pub(super) fn decide(
    append: &Append,
    view: &impl View,
) -> Result<Result<Decision, AppendError>, RegistryError> {
    if let Err(refusal) = check_texts(append) {
        return Ok(Err(refusal));
    }
    if let Some(idempotency) = &append.idempotency
        && let Some(outcome) = view.outcome(&idempotency.key)?
    {
        return Ok(if outcome.request == idempotency.request {
            Ok(Decision::Replay(outcome))
        } else {
            Err(AppendError::IdempotencyConflict {
                key: idempotency.key.clone(),
            })
        });
    }
    let operation = append.change.kind();
    match &append.change {
        Change::Enrol(e) => {
            if let Some(event) = view.enrolled(&e.certificate_type, &e.number)? {
                return Ok(Err(AppendError::AlreadyEnrolled {
                    certificate_type: e.certificate_type.clone(),
                    number: e.number.clone(),
                    event,
                }));
            }
            Ok(match view.number(&e.certificate_type, &e.number)? {
                Some(identifier) => Err(AppendError::NumberInUse {
                    certificate_type: e.certificate_type.clone(),
                    number: e.number.clone(),
                    identifier,
                }),
                None => Ok(Decision::Enrol),
            })
        }
        Change::Issue(new) => decide_issue(new, operation, view),
        Change::Suspend(id) | Change::Resume(id) | Change::Revoke(id) | Change::Cancel(id) => {
            let Some(before) = view.certificate(id)? else {
                return Ok(Err(AppendError::NotFound {
                    identifier: id.clone(),
                }));
            };
            Ok(match next_status(before.status, operation) {
                Some(status) => Ok(Decision::Change {
                    identifier: id.clone(),
                    before,
                    status,
                }),
                None => Err(AppendError::IllegalTransition {
                    identifier: id.clone(),
                    from: before.status,
                    operation,
                }),
            })
        }
        Change::RegisterSeal { seal, .. } => Ok(if view.seal(seal)?.is_some() {
            Err(AppendError::SealExists { seal: seal.clone() })
        } else {
            Ok(Decision::RegisterSeal)
        }),
        Change::SuspendSeal(seal) | Change::ResumeSeal(seal) | Change::DestroySeal(seal) => {
            let Some(before) = view.seal(seal)? else {
                return Ok(Err(AppendError::SealUnknown { seal: seal.clone() }));
            };
            Ok(match next_seal_status(before.status, operation) {
                Some(status) => Ok(Decision::ChangeSeal {
                    seal: seal.clone(),
                    before,
                    status,
                }),
                None => Err(AppendError::IllegalSealTransition {
                    seal: seal.clone(),
                    from: before.status,
                    operation,
                }),
            })
        }
    }
}

fn decide_issue(
    new: &NewCertificate,
    operation: EventKind,
    view: &impl View,
) -> Result<Result<Decision, AppendError>, RegistryError> {
    // 1. The seal may sign at this moment.
    match view.seal(&new.seal)? {
        None => {
            return Ok(Err(AppendError::SealUnknown {
                seal: new.seal.clone(),
            }));
        }
        Some(seal) if seal.status != SealStatus::InForce => {
            return Ok(Err(AppendError::SealNotInForce {
                seal: new.seal.clone(),
                status: seal.status,
            }));
        }
        Some(_) => {}
    }
    // 2. The predecessor, where there is one, is in force and of the same type.
    let predecessor = match new.basis.predecessor() {
        None => None,
        Some(id) => {
            let Some(before) = view.certificate(id)? else {
                return Ok(Err(AppendError::NotFound {
                    identifier: id.to_owned(),
                }));
            };
            if before.certificate_type != new.certificate_type {
                return Ok(Err(AppendError::PredecessorOfOtherType {
                    identifier: id.to_owned(),
                    certificate_type: before.certificate_type,
                }));
            }
            if before.status != Status::InForce {
                return Ok(Err(AppendError::IllegalTransition {
                    identifier: id.to_owned(),
                    from: before.status,
                    operation,
                }));
            }
            Some(before)
        }
    };
    // 3. The identifier is new.
    if view.certificate(&new.identifier)?.is_some() {
        return Ok(Err(AppendError::IdentifierInUse {
            identifier: new.identifier.clone(),
        }));
    }
    // 4. The number is new within the type, or the predecessor's own.
    if let Some(holder) = view.number(&new.certificate_type, &new.number)?
        && Some(holder.as_str()) != new.basis.predecessor()
    {
        return Ok(Err(AppendError::NumberInUse {
            certificate_type: new.certificate_type.clone(),
            number: new.number.clone(),
            identifier: holder,
        }));
    }
    let enrolled = view.enrolled(&new.certificate_type, &new.number)?;
    Ok(Ok(Decision::Issue {
        predecessor,
        enrolled,
    }))
}

/// The state a certificate goes to, none where it may not.
fn next_status(from: Status, operation: EventKind) -> Option<Status> {
    use EventKind as E;
    use Status as S;
    match (from, operation) {
        (S::InForce, E::Suspended) => Some(S::Suspended),
        (S::Suspended, E::Resumed) => Some(S::InForce),
        (S::InForce | S::Suspended, E::Revoked) => Some(S::Revoked),
        (S::InForce | S::Suspended, E::Cancelled) => Some(S::Cancelled),
        _ => None,
    }
}

fn next_seal_status(from: SealStatus, operation: EventKind) -> Option<SealStatus> {
    use EventKind as E;
    use SealStatus as S;
    match (from, operation) {
        (S::InForce, E::SealSuspended) => Some(S::Suspended),
        (S::Suspended, E::SealResumed) => Some(S::InForce),
        (S::InForce | S::Suspended, E::SealDestroyed) => Some(S::Destroyed),
        _ => None,
    }
}

/// Texts that become keys are short, not empty, and free of the NUL that separates key parts. Who acts and
/// why is one line of visible text; only entering and issuing need no reason.
fn check_texts(append: &Append) -> Result<(), AppendError> {
    let mut keys: Vec<(&'static str, &str)> = vec![("authority", &append.authority)];
    let mut texts: Vec<(&'static str, &str)> = vec![("actor", &append.actor), ("reason", &append.reason)];
    if let Some(idempotency) = &append.idempotency {
        keys.push(("idempotency key", &idempotency.key));
    }
    match &append.change {
        Change::Enrol(e) => {
            keys.push(("type", &e.certificate_type));
            keys.push(("number", &e.number));
            keys.push(("holder name", &e.holder_name));
            keys.extend(e.holder_code.as_deref().map(|c| ("holder code", c)));
            texts.push(("issuer name", &e.issuer_name));
        }
        Change::Issue(c) => {
            keys.push(("identifier", &c.identifier));
            keys.push(("type", &c.certificate_type));
            keys.push(("number", &c.number));
            keys.push(("holder name", &c.holder_name));
            keys.extend(c.holder_code.as_deref().map(|c| ("holder code", c)));
            keys.push(("seal", &c.seal));
            keys.extend(c.documents().map(|document| ("document key", &document.key[..])));
            texts.push(("issuer name", &c.issuer_name));
        }
        Change::Suspend(id) | Change::Resume(id) | Change::Revoke(id) | Change::Cancel(id) => {
            keys.push(("identifier", id));
        }
        Change::RegisterSeal { seal, .. }
        | Change::SuspendSeal(seal)
        | Change::ResumeSeal(seal)
        | Change::DestroySeal(seal) => keys.push(("seal", seal)),
    }
    let refuse = |field, reason| Err(AppendError::Unrecordable { field, reason });
    for (field, text) in keys {
        if text.is_empty() {
            return refuse(field, "it is empty");
        }
        if text.len() > MAX_KEY_BYTES {
            return refuse(field, "it is longer than 512 bytes");
        }
        if text.contains('\0') {
            return refuse(field, "it holds a NUL character");
        }
    }
    for (field, text) in texts {
        if text.len() > MAX_TEXT_BYTES {
            return refuse(field, "it is longer than 4096 bytes");
        }
    }
    let needs_reason = !matches!(append.change, Change::Enrol(_) | Change::Issue(_));
    for (field, text, needed) in [
        ("actor", &append.actor, true),
        ("reason", &append.reason, needs_reason),
    ] {
        if needed && text.is_empty() {
            return refuse(field, "it is empty");
        }
        if !is_line(text) {
            return refuse(field, "it is not one line of visible characters");
        }
    }
    if append.reason.chars().count() > MAX_REASON_CHARS {
        return refuse("reason", "it is longer than 500 characters");
    }
    Ok(())
}
