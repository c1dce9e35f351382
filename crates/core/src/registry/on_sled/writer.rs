//! The one thread that writes. It takes whatever calls have gathered while the last flush ran, judges
//! their items in order, writes one atomic batch, and flushes once for all of them.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::Receiver,
    },
};

use tokio::sync::{oneshot, watch};

use super::{
    Durable, Store,
    keys::{self, Value},
    store::outcome_of,
    witness::Witness,
};
use crate::registry::{
    Append, AppendError, Appended, Change, Checkpoint, Counts, Event, NewCertificate, Outcome, RegistryError,
    Status,
    merkle::{FullTile, Tree},
    rules::{self, CertificateState, Decision, SealState, View},
};

/// Items after which no further call joins a group: beyond this a flush costs less than the wait.
const GROUP_ITEMS: usize = 2048;

type AppendAnswer = Vec<Result<Appended, AppendError>>;

/// A call waiting for the writer.
#[derive(Debug)]
pub(super) enum Job {
    Append {
        batch: Vec<Append>,
        reply: oneshot::Sender<Result<AppendAnswer, RegistryError>>,
    },
    Reserve {
        sequence: String,
        count: u32,
        reply: oneshot::Sender<Result<u64, RegistryError>>,
    },
}

impl Job {
    fn items(&self) -> usize {
        match self {
            Self::Append { batch, .. } => batch.len(),
            Self::Reserve { .. } => 1,
        }
    }

    /// A caller that is gone needs no answer.
    fn answer(self, answer: Result<Answer, RegistryError>) {
        match (self, answer) {
            (Self::Append { reply, .. }, Ok(Answer::Append(answer))) => drop(reply.send(Ok(answer))),
            (Self::Reserve { reply, .. }, Ok(Answer::Reserve(first))) => drop(reply.send(Ok(first))),
            (Self::Append { reply, .. }, Err(e)) => drop(reply.send(Err(e))),
            (Self::Reserve { reply, .. }, Err(e)) => drop(reply.send(Err(e))),
            (Self::Append { .. }, Ok(Answer::Reserve(_))) | (Self::Reserve { .. }, Ok(Answer::Append(_))) => {
                unreachable!("answers are made job by job")
            }
        }
    }
}

enum Answer {
    Append(AppendAnswer),
    Reserve(u64),
}

#[derive(Debug)]
pub(super) struct Writer {
    pub(super) store: Arc<Store>,
    /// Number of events readers may come upon in sled, durable or not.
    pub(super) applied: Arc<AtomicU64>,
    pub(super) durable: watch::Sender<Durable>,
    /// Free bytes below which nothing is written.
    pub(super) spare: u64,
    /// The last checkpoint, outside the engine.
    pub(super) witness: Mutex<Witness>,
}

impl Writer {
    /// Runs until every sender is gone and the last job is served.
    pub(super) fn run(self, jobs: &Receiver<Job>) {
        while let Ok(first) = jobs.recv() {
            let mut items = first.items();
            let mut group = vec![first];
            while items < GROUP_ITEMS
                && let Ok(job) = jobs.try_recv()
            {
                items += job.items();
                group.push(job);
            }
            self.serve(group);
        }
    }

    fn serve(&self, group: Vec<Job>) {
        let answers = catch_unwind(AssertUnwindSafe(|| self.commit(&group))).unwrap_or_else(|_| {
            let error = RegistryError::Halted("存储引擎异常中止".to_owned());
            self.halt(&error);
            Err(error)
        });
        match answers {
            Ok(answers) => {
                for (job, answer) in group.into_iter().zip(answers) {
                    job.answer(Ok(answer));
                }
            }
            Err(error) => {
                for job in group {
                    job.answer(Err(error.clone()));
                }
            }
        }
    }

    /// One group: judge, write, flush, show. An error means that nothing of the group counts.
    fn commit(&self, group: &[Job]) -> Result<Vec<Answer>, RegistryError> {
        if let Some(reason) = &self.durable.borrow().halted {
            return Err(RegistryError::Halted(reason.clone()));
        }
        let before = self.durable.borrow().tree.clone();
        let mut stage = Stage {
            store: &self.store,
            changes: HashMap::with_capacity(1024),
            tree: Tree::clone(&before),
            full: Vec::new(),
        };
        let mut answers = Vec::with_capacity(group.len());
        for job in group {
            answers.push(match job {
                Job::Append { batch, .. } => Answer::Append(
                    batch
                        .iter()
                        .map(|item| stage.append(item))
                        .collect::<Result<_, _>>()?,
                ),
                Job::Reserve { sequence, count, .. } => Answer::Reserve(stage.reserve(sequence, *count)?),
            });
        }
        if stage.changes.is_empty() {
            return Ok(answers);
        }
        self.store.check_space(self.spare)?;
        let (batch, tree, checkpoint) = stage.finish();

        // 1. Readers that see any of it from here on wait for step 3.
        self.applied.store(checkpoint.size, Ordering::SeqCst);
        // 2. After a failure here nobody can say what reached the disk: only opening again tells.
        if let Err(error) = self.store.write(batch) {
            self.halt(&error);
            return Err(error);
        }
        // 3. Durable, so it may be seen. A witness left behind guards less, and harms nothing.
        let mut witness = self.witness.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = witness.write(&checkpoint) {
            tracing::warn!(%error, "the last checkpoint could not be noted");
        }
        self.durable.send_replace(Durable {
            tree: Arc::new(tree),
            checkpoint,
            halted: None,
        });
        Ok(answers)
    }

    fn halt(&self, error: &RegistryError) {
        tracing::error!(%error, "the registry stops writing");
        self.durable
            .send_modify(|durable| durable.halted = Some(error.to_string()));
    }
}

/// The state as it will be after the group: changes laid over what is stored.
struct Stage<'a> {
    store: &'a Store,
    changes: HashMap<Vec<u8>, Option<Vec<u8>>>,
    tree: Tree,
    full: Vec<FullTile>,
}

impl Stage<'_> {
    fn get<T: Value>(&self, key: &[u8]) -> Result<Option<T>, RegistryError> {
        match self.changes.get(key) {
            Some(Some(bytes)) => keys::read(key, bytes).map(Some),
            Some(None) => Ok(None),
            None => self.store.get(key),
        }
    }

    fn event(&self, index: u64) -> Result<Event, RegistryError> {
        match self.changes.get(&keys::number(keys::EVENT, index)) {
            Some(Some(bytes)) => Event::from_stored(index, bytes)
                .map_err(|e| RegistryError::Corrupt(format!("第 {index} 号事件无法解读：{e}"))),
            _ => self.store.event(index),
        }
    }

    fn put(&mut self, key: Vec<u8>, value: &impl Value) {
        self.changes.insert(key, Some(value.to_value()));
    }

    fn remove(&mut self, key: Vec<u8>) {
        self.changes.insert(key, None);
    }

    fn append(&mut self, item: &Append) -> Result<Result<Appended, AppendError>, RegistryError> {
        let decision = match rules::decide(item, self)? {
            Ok(decision) => decision,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let index = self.tree.size();
        let (event, identifier) = match decision {
            Decision::Replay(outcome) => {
                return Ok(Ok(Appended {
                    index: outcome.index,
                    identifier: outcome.identifier,
                    replayed: true,
                }));
            }
            Decision::Enrol => (self.enrol(index, item)?, None),
            Decision::Issue {
                predecessor,
                enrolled,
            } => {
                let Change::Issue(new) = &item.change else {
                    unreachable!("only an issue is decided as one")
                };
                (
                    self.issue(index, item, new, predecessor, enrolled)?,
                    Some(new.identifier.clone()),
                )
            }
            Decision::Change {
                identifier,
                before,
                status,
            } => {
                let event = Event::new(
                    index,
                    item,
                    Some(before.last_event),
                    Some(before.certificate_type.clone()),
                );
                let after = CertificateState {
                    last_event: index,
                    status,
                    since: event.at(),
                    ..before.clone()
                };
                self.change(&identifier, &before, &after)?;
                (event, Some(identifier))
            }
            Decision::RegisterSeal => {
                let event = Event::new(index, item, None, None);
                let state = SealState {
                    status: crate::registry::SealStatus::InForce,
                    registered_event: index,
                    last_event: index,
                    since: event.at(),
                };
                let id = event.leaf.seal.as_deref().unwrap_or_default();
                self.put(keys::text(keys::SEAL, id), &state);
                (event, None)
            }
            Decision::ChangeSeal { seal, before, status } => {
                let event = Event::new(index, item, Some(before.last_event), None);
                let after = SealState {
                    last_event: index,
                    status,
                    since: event.at(),
                    ..before
                };
                self.put(keys::text(keys::SEAL, &seal), &after);
                (event, None)
            }
        };
        if let Some(idempotency) = &item.idempotency {
            self.put(keys::text(keys::OUTCOME, &idempotency.key), &index);
        }
        self.tree.push(event.leaf_hash(), &mut self.full);
        self.changes
            .insert(keys::number(keys::EVENT, index), Some(event.to_stored()));
        Ok(Ok(Appended {
            index,
            identifier,
            replayed: false,
        }))
    }

    fn enrol(&mut self, index: u64, item: &Append) -> Result<Event, RegistryError> {
        let event = Event::new(index, item, None, None);
        if let Change::Enrol(enrolment) = &item.change {
            let kind = &enrolment.certificate_type;
            self.put(keys::pair(keys::UNSEALED, kind, &enrolment.number), &index);
            self.count(kind, |counts| counts.unsealed += 1)?;
        }
        Ok(event)
    }

    fn issue(
        &mut self,
        index: u64,
        item: &Append,
        new: &NewCertificate,
        predecessor: Option<CertificateState>,
        enrolled: Option<u64>,
    ) -> Result<Event, RegistryError> {
        let kind = &new.certificate_type;
        let previous = predecessor.as_ref().map(|p| p.last_event).or(enrolled);
        let event = Event::new(index, item, previous, None);
        // 1. What it replaces.
        if let (Some(before), Some(id)) = (predecessor, new.basis.predecessor()) {
            let after = CertificateState {
                last_event: index,
                status: Status::Superseded,
                since: event.at(),
                successor: Some(new.identifier.clone()),
                ..before.clone()
            };
            self.change(id, &before, &after)?;
        }
        if enrolled.is_some() {
            self.remove(keys::pair(keys::UNSEALED, kind, &new.number));
            self.count(kind, |counts| counts.unsealed = counts.unsealed.saturating_sub(1))?;
        }
        // 2. The certificate itself, and every way to find it.
        let state = CertificateState {
            certificate_type: kind.clone(),
            issued_event: index,
            last_event: index,
            status: Status::InForce,
            since: event.at(),
            successor: None,
        };
        self.put(keys::text(keys::CERTIFICATE, &new.identifier), &state);
        self.count(kind, |counts| counts.in_force += 1)?;
        self.put(keys::pair(keys::NUMBER, kind, &new.number), &index);
        self.put(keys::text_number(keys::TYPE_ORDER, kind, index), &());
        self.put(keys::text_number(keys::HOLDER_NAME, &new.holder_name, index), &());
        if let Some(code) = &new.holder_code {
            self.put(keys::text_number(keys::HOLDER_CODE, code, index), &());
        }
        Ok(event)
    }

    /// A certificate goes from one state to another.
    fn change(
        &mut self,
        identifier: &str,
        before: &CertificateState,
        after: &CertificateState,
    ) -> Result<(), RegistryError> {
        self.put(keys::text(keys::CERTIFICATE, identifier), after);
        if before.status != Status::InForce {
            self.remove(keys::status_order(before.status, before.issued_event));
        }
        if after.status != Status::InForce {
            self.put(keys::status_order(after.status, after.issued_event), &());
        }
        self.count(&before.certificate_type, |counts| {
            let from = counts.slot(before.status);
            *from = from.saturating_sub(1);
            *counts.slot(after.status) += 1;
        })
    }

    fn count(&mut self, kind: &str, change: impl FnOnce(&mut Counts)) -> Result<(), RegistryError> {
        let key = keys::text(keys::COUNTS, kind);
        let mut counts: Counts = self.get(&key)?.unwrap_or_default();
        change(&mut counts);
        self.put(key, &counts);
        Ok(())
    }

    fn reserve(&mut self, sequence: &str, count: u32) -> Result<u64, RegistryError> {
        let key = keys::text(keys::SEQUENCE, sequence);
        let first = self.get(&key)?.unwrap_or(1u64);
        if count > 0 {
            let next = first
                .checked_add(u64::from(count))
                .ok_or_else(|| RegistryError::Corrupt("编号序列已用尽".to_owned()))?;
            self.put(key, &next);
        }
        Ok(first)
    }

    fn finish(self) -> (sled::Batch, Tree, Checkpoint) {
        let checkpoint = Checkpoint {
            size: self.tree.size(),
            root: self.tree.root(),
        };
        let mut batch = sled::Batch::default();
        for (key, value) in self.changes {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        for tile in self.full {
            for (key, value) in keys::tile_entries(&tile) {
                batch.insert(key, value);
            }
        }
        batch.insert(keys::HEAD, checkpoint.to_value());
        (batch, self.tree, checkpoint)
    }
}

impl View for Stage<'_> {
    fn certificate(&self, identifier: &str) -> Result<Option<CertificateState>, RegistryError> {
        self.get(&keys::text(keys::CERTIFICATE, identifier))
    }

    fn number(&self, certificate_type: &str, number: &str) -> Result<Option<String>, RegistryError> {
        match self.get(&keys::pair(keys::NUMBER, certificate_type, number))? {
            Some(index) => Ok(self.event(index)?.private.identifier),
            None => Ok(None),
        }
    }

    fn enrolled(&self, certificate_type: &str, number: &str) -> Result<Option<u64>, RegistryError> {
        self.get(&keys::pair(keys::UNSEALED, certificate_type, number))
    }

    fn outcome(&self, key: &str) -> Result<Option<Outcome>, RegistryError> {
        match self.get(&keys::text(keys::OUTCOME, key))? {
            Some(index) => outcome_of(self.event(index)?).map(Some),
            None => Ok(None),
        }
    }

    fn seal(&self, id: &str) -> Result<Option<SealState>, RegistryError> {
        self.get(&keys::text(keys::SEAL, id))
    }
}
