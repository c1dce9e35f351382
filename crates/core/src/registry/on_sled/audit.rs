//! Everything again, from the events alone.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Bound,
};

use super::{
    Store,
    keys::{self, Value},
};
use crate::registry::{
    Checkpoint, Counts, Event, EventKind, RegistryError, SealStatus, Status,
    event::to_bytes,
    merkle::Tree,
    rules::{CertificateState, SealState},
};

/// Faults told one by one; more are only counted.
const FAULTS_TOLD: usize = 100;
/// Events between two reports of progress.
const PROGRESS_EVERY: u64 = 1024;

/// What an audit found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// Size and root as recomputed.
    pub checkpoint: Checkpoint,
    /// Certificates ever issued.
    pub certificates: u64,
    /// The first hundred faults.
    pub faults: Vec<Fault>,
    /// How many there are.
    pub fault_count: u64,
}

impl Audit {
    /// Whether all is as it should be.
    pub fn is_clean(&self) -> bool {
        self.fault_count == 0
    }
}

/// Something that is not as the events say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Event where it shows, if at one.
    pub event: Option<u64>,
    /// What is wrong.
    pub what: String,
}

/// Entries the events call for, by kind of key. With every one of them seen to be there, an equal
/// number found means that there are no others.
type Entries = BTreeMap<u8, u64>;

struct Auditor<'a> {
    store: &'a Store,
    faults: Vec<Fault>,
    fault_count: u64,
    expected: Entries,
    counts: BTreeMap<String, Counts>,
    seals: HashMap<String, SealState>,
    certificates: u64,
}

pub(super) fn audit(
    store: &Store,
    head: Checkpoint,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Audit, RegistryError> {
    let mut auditor = Auditor {
        store,
        faults: Vec::new(),
        fault_count: 0,
        expected: Entries::new(),
        counts: BTreeMap::new(),
        seals: HashMap::new(),
        certificates: 0,
    };
    // 1. Every event, against its own commitments, the events before it, and the indices.
    let mut tree = Tree::default();
    let mut full = Vec::new();
    for index in 0..head.size {
        match store.event(index) {
            Ok(event) => {
                auditor.event(&event)?;
                tree.push(event.leaf_hash(), &mut full);
            }
            Err(RegistryError::Corrupt(what)) => {
                auditor.fault(Some(index), what);
                tree.push([0; 32], &mut full);
            }
            Err(e) => return Err(e),
        }
        for tile in full.drain(..) {
            let stored = store.tile(tile.level, tile.index).map(|hashes| hashes.concat());
            if stored.ok().as_ref() != Some(&tile.bytes) {
                auditor.fault(
                    Some(index),
                    format!("默克尔树块 {}/{} 有误", tile.level, tile.index),
                );
            }
        }
        if index % PROGRESS_EVERY == 0 {
            progress(index, head.size);
        }
    }
    // 2. The tree they make.
    let checkpoint = Checkpoint {
        size: tree.size(),
        root: tree.root(),
    };
    if checkpoint != head {
        auditor.fault(None, "各事件算得的树根与所记不符".to_owned());
    }
    // 3. The present states, which the events have been compared with, and what is counted of them.
    auditor.states()?;
    auditor.totals()?;
    progress(head.size, head.size);
    Ok(Audit {
        checkpoint,
        certificates: auditor.certificates,
        faults: auditor.faults,
        fault_count: auditor.fault_count,
    })
}

impl Auditor<'_> {
    fn fault(&mut self, event: Option<u64>, what: String) {
        self.fault_count += 1;
        if self.faults.len() < FAULTS_TOLD {
            self.faults.push(Fault { event, what });
        }
    }

    /// Notes that the events call for an entry, and looks whether it is there.
    fn expect<T: Value + PartialEq>(&mut self, at: u64, key: &[u8], value: &T) -> Result<(), RegistryError> {
        let kind = key.first().copied().unwrap_or_default();
        *self.expected.entry(kind).or_default() += 1;
        if self.get::<T>(at, key)?.as_ref() != Some(value) {
            self.fault(Some(at), format!("其 {} 类索引项缺失或有误", char::from(kind)));
        }
        Ok(())
    }

    /// Reads an entry; one that cannot be read is a fault and as good as none.
    fn get<T: Value>(&mut self, at: u64, key: &[u8]) -> Result<Option<T>, RegistryError> {
        match self.store.get(key) {
            Err(RegistryError::Corrupt(what)) => {
                self.fault(Some(at), what);
                Ok(None)
            }
            other => other,
        }
    }

    fn event(&mut self, event: &Event) -> Result<(), RegistryError> {
        let at = event.index;
        *self.expected.entry(keys::EVENT).or_default() += 1;
        if !event.is_committed() {
            self.fault(Some(at), "公开部分与保密部分不符".to_owned());
        }
        if to_bytes(&event.leaf) != event.leaf_bytes || to_bytes(&event.private) != event.private_bytes {
            self.fault(Some(at), "编码不规范".to_owned());
        }
        let identifier = event.private.identifier.clone();
        match (&event.private.idempotency_key, &event.private.request_digest) {
            (Some(key), Some(_)) => self.expect(at, &keys::text(keys::OUTCOME, key), &at)?,
            (None, None) => {}
            _ => self.fault(Some(at), "幂等键不完整".to_owned()),
        }
        match event.leaf.kind {
            EventKind::Enrolled => self.enrolment(event),
            kind if kind.is_issue() => self.issue(event),
            EventKind::Suspended | EventKind::Resumed | EventKind::Revoked | EventKind::Cancelled => {
                self.concerns(event, identifier.as_deref())
            }
            _ => {
                self.seal(event);
                Ok(())
            }
        }
    }

    fn enrolment(&mut self, event: &Event) -> Result<(), RegistryError> {
        let at = event.index;
        let (Some(kind), Some(number)) = (&event.leaf.certificate_type, &event.private.number) else {
            self.fault(Some(at), "缺少证照类型或编号".to_owned());
            return Ok(());
        };
        // Sealed since, or still to be sealed.
        if self
            .get::<u64>(at, &keys::pair(keys::NUMBER, kind, number))?
            .is_none()
        {
            self.expect(at, &keys::pair(keys::UNSEALED, kind, number), &at)?;
            self.counts.entry(kind.clone()).or_default().unsealed += 1;
        }
        Ok(())
    }

    fn issue(&mut self, event: &Event) -> Result<(), RegistryError> {
        let at = event.index;
        let private = &event.private;
        let (Some(kind), Some(identifier), Some(number), Some(name)) = (
            &event.leaf.certificate_type,
            &private.identifier,
            &private.number,
            &private.holder_name,
        ) else {
            self.fault(Some(at), "缺少证照的某些内容".to_owned());
            return Ok(());
        };
        self.certificates += 1;
        *self.expected.entry(keys::CERTIFICATE).or_default() += 1;
        self.expect(at, &keys::text_number(keys::TYPE_ORDER, kind, at), &())?;
        self.expect(at, &keys::text_number(keys::HOLDER_NAME, name, at), &())?;
        if let Some(code) = &private.holder_code {
            self.expect(at, &keys::text_number(keys::HOLDER_CODE, code, at), &())?;
        }
        self.number(at, kind, number)?;
        if let Some(predecessor) = &private.predecessor {
            let successor = self.state(at, predecessor)?.and_then(|state| state.successor);
            if successor.as_ref() != Some(identifier) {
                self.fault(Some(at), "原证照没有指向它".to_owned());
            }
            self.concerns(event, Some(predecessor))?;
        }
        self.concerns(event, Some(identifier))?;
        if self
            .state(at, identifier)?
            .is_some_and(|state| state.issued_event != at)
        {
            self.fault(Some(at), "其证照记为由另一事件制发".to_owned());
        }
        Ok(())
    }

    /// The number belongs to this issue, or to a later one under the same number.
    fn number(&mut self, at: u64, kind: &str, number: &str) -> Result<(), RegistryError> {
        match self.get::<u64>(at, &keys::pair(keys::NUMBER, kind, number))? {
            Some(latest) if latest == at => *self.expected.entry(keys::NUMBER).or_default() += 1,
            Some(latest) if latest > at && self.has_number(latest, kind, number)? => {}
            _ => self.fault(Some(at), "其编号未入索引，或属于另一证照".to_owned()),
        }
        if self
            .get::<u64>(at, &keys::pair(keys::UNSEALED, kind, number))?
            .is_some()
        {
            self.fault(Some(at), "其编号仍列在未签章中".to_owned());
        }
        Ok(())
    }

    /// Whether an event issued a certificate of this type and number.
    fn has_number(&self, index: u64, kind: &str, number: &str) -> Result<bool, RegistryError> {
        match self.store.event(index) {
            Ok(event) => Ok(event.leaf.kind.is_issue()
                && event.leaf.certificate_type.as_deref() == Some(kind)
                && event.private.number.as_deref() == Some(number)),
            Err(RegistryError::Corrupt(_)) => Ok(false),
            Err(e) => Err(e),
        }
    }

    fn state(&mut self, at: u64, identifier: &str) -> Result<Option<CertificateState>, RegistryError> {
        self.get(at, &keys::text(keys::CERTIFICATE, identifier))
    }

    /// An event of a certificate's life: its state is of this event or of a later one.
    fn concerns(&mut self, event: &Event, identifier: Option<&str>) -> Result<(), RegistryError> {
        let at = event.index;
        let state = match identifier {
            Some(identifier) => self.state(at, identifier)?,
            None => None,
        };
        let Some(state) = state else {
            self.fault(Some(at), "其证照未入索引".to_owned());
            return Ok(());
        };
        if state.last_event < at || state.issued_event > at {
            self.fault(Some(at), "其证照的现状与本事件先后不合".to_owned());
        }
        if state.last_event == at {
            let status = match event.leaf.kind {
                EventKind::Suspended => Status::Suspended,
                EventKind::Revoked => Status::Revoked,
                EventKind::Cancelled => Status::Cancelled,
                _ if event.private.predecessor.as_deref() == identifier => Status::Superseded,
                _ => Status::InForce,
            };
            if (state.status, state.since) != (status, event.at()) {
                self.fault(Some(at), "其证照的现状不是本事件带来的".to_owned());
            }
        }
        if Some(&state.certificate_type) != event.leaf.certificate_type.as_ref() {
            self.fault(Some(at), "其证照属于另一类型".to_owned());
        }
        // Each event of a life points to the one before it.
        let follows = match event.leaf.previous {
            Some(previous) if previous < at => self.shares_life(event, previous)?,
            Some(_) => false,
            None => event.leaf.kind == EventKind::Issued,
        };
        if !follows {
            self.fault(Some(at), "前一事件不属于同一证照".to_owned());
        }
        Ok(())
    }

    fn shares_life(&self, event: &Event, previous: u64) -> Result<bool, RegistryError> {
        let before = match self.store.event(previous) {
            Ok(before) => before,
            Err(RegistryError::Corrupt(_)) => return Ok(false),
            Err(e) => return Err(e),
        };
        let mine = [
            event.private.identifier.as_ref(),
            event.private.predecessor.as_ref(),
        ];
        Ok(if before.leaf.kind == EventKind::Enrolled {
            before.private.number == event.private.number
                && before.leaf.certificate_type == event.leaf.certificate_type
        } else {
            before.private.identifier.is_some() && mine.contains(&before.private.identifier.as_ref())
        })
    }

    fn seal(&mut self, event: &Event) {
        let at = event.index;
        let Some(id) = event.leaf.seal.clone() else {
            self.fault(Some(at), "没有写明印章".to_owned());
            return;
        };
        let status = match event.leaf.kind {
            EventKind::SealSuspended => SealStatus::Suspended,
            EventKind::SealDestroyed => SealStatus::Destroyed,
            _ => SealStatus::InForce,
        };
        let before = self.seals.get(&id);
        if before.map(|b| b.last_event) != event.leaf.previous
            || before.is_none() != (event.leaf.kind == EventKind::SealRegistered)
        {
            self.fault(Some(at), "前一事件不属于同一印章".to_owned());
        }
        let registered_event = self.seals.get(&id).map_or(at, |before| before.registered_event);
        self.seals.insert(
            id,
            SealState {
                status,
                registered_event,
                last_event: at,
                since: event.at(),
            },
        );
    }

    /// Every certificate's state: its last event concerns it; it stands where its status says.
    fn states(&mut self) -> Result<(), RegistryError> {
        for entry in self.store.scan(vec![keys::CERTIFICATE], Bound::Unbounded) {
            let (key, value) = entry?;
            let identifier = String::from_utf8_lossy(key.get(1..).unwrap_or_default()).into_owned();
            let state: CertificateState = match keys::read(&key, &value) {
                Ok(state) => state,
                Err(e) => {
                    self.fault(None, e.to_string());
                    continue;
                }
            };
            let at = state.last_event;
            let concerned = self.store.event(at).is_ok_and(|event| {
                let private = event.private;
                private.identifier.as_ref() == Some(&identifier)
                    || private.predecessor.as_ref() == Some(&identifier)
            });
            if !concerned {
                self.fault(Some(at), "有证照误以它为最近事件".to_owned());
            }
            if state.status != Status::InForce {
                let key = keys::status_order(state.status, state.issued_event);
                self.expect(at, &key, &())?;
            }
            *self
                .counts
                .entry(state.certificate_type)
                .or_default()
                .slot(state.status) += 1;
        }
        for (id, state) in std::mem::take(&mut self.seals) {
            self.expect(state.last_event, &keys::text(keys::SEAL, &id), &state)?;
        }
        for (kind, counts) in std::mem::take(&mut self.counts) {
            let stored: Option<Counts> = self.get(0, &keys::text(keys::COUNTS, &kind))?;
            if stored != Some(counts) {
                self.fault(None, format!("类型 {kind} 的计数有误"));
            }
            *self.expected.entry(keys::COUNTS).or_default() += 1;
        }
        Ok(())
    }

    /// No index holds an entry that no event calls for.
    fn totals(&mut self) -> Result<(), RegistryError> {
        for kind in [
            keys::EVENT,
            keys::CERTIFICATE,
            keys::NUMBER,
            keys::UNSEALED,
            keys::HOLDER_CODE,
            keys::HOLDER_NAME,
            keys::OUTCOME,
            keys::TYPE_ORDER,
            keys::STATUS_ORDER,
            keys::COUNTS,
            keys::SEAL,
        ] {
            let mut found = 0u64;
            for entry in self.store.scan(vec![kind], Bound::Unbounded) {
                entry?;
                found += 1;
            }
            let expected = self.expected.get(&kind).copied().unwrap_or_default();
            if found != expected {
                let kind = char::from(kind);
                self.fault(
                    None,
                    format!("{kind} 类索引项有 {found} 条，按事件应有 {expected} 条"),
                );
            }
        }
        Ok(())
    }
}
