//! Sealing a table of historical certificates: the same as `issue`, for a million rows.
//!
//! ```text
//!  table ─source─▶ rows ─▶ chunk ─▶ check, make (all cores) ─▶ put, sync, append (one thread) ─▶ tally
//! ```
//!
//! Two chunks are in flight: while one becomes durable, the next is computed. Memory is bounded by
//! the chunk, whatever the length of the table. A run that is killed leaves whole certificates up to
//! some chunk; the next run finds them in the registry and goes on. Every row ends in exactly one of
//! the counts of [`Summary`].

mod cells;
mod conflict;
mod decoded;
mod rejects;
mod source;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, hash_map::Entry},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use jiff::{Timestamp, civil::Date};
use rayon::prelude::*;
use serde::Serialize;
use tokio::runtime::Runtime;

use self::rejects::Rejection;
pub use self::{
    decoded::Encoding,
    rejects::{Rejects, RejectsError},
    source::{Mapping, Row, Source, SourceError},
};
use crate::{
    catalogue::{FaceData, FieldError, Issuer, RawRecord},
    clock::civil_date,
    crypto::sha256,
    issue::{
        IssueError, Service, Unrecorded, field_error, identifier_for, new_certificate,
        press::{Press, PressError, SealedCertificate, Stages, Typesetter},
        refusal_zh, salt,
    },
    registry::{
        Append, AppendError, Basis, CertificateRecord, Change, Enrolment, ObjectsError, RegistryError, Status,
    },
};

/// Certificates computed and made durable together: enough to make one flush cheap, few enough that a
/// kill repeats under a second of work.
const CHUNK: usize = 128;

/// Threads that write files: more do not make a disk faster.
const FILE_THREADS: usize = 4;

/// What to do with the rows.
#[derive(Debug, Clone)]
pub enum Purpose {
    /// Seal and issue.
    Seal(Arc<Press>),
    /// Enter them into the ledger as unsealed.
    Enrol(Arc<Typesetter>),
    /// Only find out what would be rejected.
    Check(Arc<Typesetter>),
}

impl Purpose {
    fn typesetter(&self) -> &Typesetter {
        match self {
            Self::Seal(press) => press.typesetter(),
            Self::Enrol(typesetter) | Self::Check(typesetter) => typesetter,
        }
    }
}

/// One run.
#[derive(Debug, Clone)]
pub struct Job {
    /// What to do.
    pub purpose: Purpose,
    /// Rows issued before this day are skipped.
    pub since: Option<Date>,
    /// Who does it, as the registry will record it.
    pub actor: String,
}

/// What became of the rows so far.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Summary {
    /// Rows read.
    pub rows: u64,
    /// Issued, enrolled or found good, by what the job does.
    pub done: u64,
    /// In the registry already, with the same content.
    pub already: u64,
    /// Issued before the day asked for.
    pub skipped: u64,
    /// Refused; each is in the rejects file.
    pub rejected: u64,
    /// Rejected rows by what is at fault: labels of fields, each row once for each.
    pub faults: BTreeMap<String, u64>,
    /// Bytes of documents written.
    pub document_bytes: u64,
    /// Bytes of the table read.
    pub source_bytes: u64,
    /// CPU time by stage, summed over all cores.
    #[serde(skip)]
    pub stages: Stages,
    /// Time spent making chunks durable; overlaps with computing.
    #[serde(skip)]
    pub storage: Duration,
    /// The run was asked to stop before the end of the table.
    pub interrupted: bool,
}

impl Summary {
    /// Adds another run's counts.
    pub fn add(&mut self, other: &Summary) {
        self.rows += other.rows;
        self.done += other.done;
        self.already += other.already;
        self.skipped += other.skipped;
        self.rejected += other.rejected;
        for (label, rows) in &other.faults {
            *self.faults.entry(label.clone()).or_default() += rows;
        }
        self.document_bytes += other.document_bytes;
        self.source_bytes += other.source_bytes;
        self.stages.add(&other.stages);
        self.storage += other.storage;
        self.interrupted |= other.interrupted;
    }
}

/// Why a run could not go on. What [`BackfillError::summary`] counts is done and stays done.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
pub struct BackfillError {
    /// How far it came.
    pub summary: Box<Summary>,
    /// What stopped it.
    #[source]
    pub cause: Cause,
}

/// What stopped a run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// The table cannot be read on.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The rejects file cannot be written.
    #[error("无法写入被拒记录文件 {} (cannot write the rejects file)", path.display())]
    Rejects {
        /// The file.
        path: PathBuf,
        /// Why.
        source: csv::Error,
    },
    /// The registry does not work.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The object store does not work.
    #[error(transparent)]
    Objects(#[from] ObjectsError),
    /// Documents cannot be made, whatever the row.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// The operating system refuses a thread.
    #[error("无法启动工作线程 (cannot start a worker thread)")]
    Thread(#[from] std::io::Error),
}

/// One row and how far it came.
struct Work {
    row: Row,
    outcome: Outcome,
}

enum Outcome {
    /// Issued before the day asked for.
    Skipped,
    /// Refused, with every reason.
    Rejected(Vec<FieldError>),
    /// On record with the same content.
    Already,
    /// To be entered, with its document where the job seals.
    Ready(Box<Ready>),
}

struct Ready {
    face: FaceData,
    identifier: String,
    number: String,
    sealed: Option<SealedCertificate>,
}

impl Ready {
    fn face_digest(&self, issuer: &Issuer) -> [u8; 32] {
        sha256(&self.face.to_json(&self.identifier, &self.number, issuer))
    }
}

/// A row of the same table that had this number first.
struct Earlier {
    face: [u8; 16],
    line: u32,
}

struct Chunk {
    work: Vec<Work>,
    source_bytes: u64,
}

/// Runs a job to the end of the table. `progress` is called after each chunk became durable; `stop`
/// ends the run after the chunks in flight.
pub fn run(
    service: &Service,
    job: &Job,
    mut source: Source,
    rejects: Rejects,
    stop: &AtomicBool,
    progress: &(dyn Fn(&Summary) + Sync),
) -> Result<Summary, BackfillError> {
    let header = source.header().to_vec();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        // Files are written on blocking threads, each of which keeps some memory to itself.
        .max_blocking_threads(FILE_THREADS)
        .build();
    let runtime = runtime.map_err(|error| failed(Summary::default(), error))?;
    let run = Run {
        service,
        job,
        runtime,
    };
    thread::scope(|scope| {
        let (send, receive) = sync_channel::<Chunk>(0);
        let storage = thread::Builder::new()
            .name("backfill-storage".to_owned())
            .spawn_scoped(scope, || run.store(&header, rejects, receive, progress))
            .map_err(|error| failed(Summary::default(), error))?;
        let computed = run.compute(&mut source, stop, &send);
        drop(send);
        let stored = storage.join().unwrap_or_else(|_| {
            let cause = IssueError::Internal("the storage thread died");
            Err(failed(Summary::default(), cause))
        });
        // A failure of the store is the cause; the computing side then only found the door closed.
        let mut summary = stored?;
        match computed {
            Ok(interrupted) => {
                summary.interrupted = interrupted;
                Ok(summary)
            }
            Err(cause) => Err(failed(summary, cause)),
        }
    })
}

fn failed(summary: Summary, cause: impl Into<Cause>) -> BackfillError {
    BackfillError {
        summary: Box::new(summary),
        cause: cause.into(),
    }
}

/// A run in progress.
struct Run<'a> {
    service: &'a Service,
    job: &'a Job,
    runtime: Runtime,
}

impl Run<'_> {
    /// Reads and computes chunk after chunk; tells whether it was asked to stop.
    fn compute(
        &self,
        source: &mut Source,
        stop: &AtomicBool,
        send: &SyncSender<Chunk>,
    ) -> Result<bool, Cause> {
        let mut sent = false;
        let mut earlier = HashMap::new();
        loop {
            if stop.load(Ordering::Relaxed) {
                return Ok(true);
            }
            let mut rows = Vec::with_capacity(CHUNK);
            while rows.len() < CHUNK {
                match source.next_row()? {
                    Some(row) => rows.push(row),
                    None => break,
                }
            }
            if rows.is_empty() {
                return if sent {
                    Ok(false)
                } else {
                    Err(SourceError::NoRows(source.path().to_owned()).into())
                };
            }
            if let (false, Some(error)) = (sent, source.rounded(&rows)) {
                return Err(error.into());
            }
            // 1. A run takes hours: a seal may be suspended and a signer revoked meanwhile.
            if let Purpose::Seal(press) = &self.job.purpose {
                self.runtime.block_on(self.service.check_press(press))?;
            }
            let now = self.service.clock().now();
            let today = civil_date(now);

            // 2. Judged first and looked up, so that a repeated run signs nothing twice.
            let mut work: Vec<Work> = rows.into_par_iter().map(|row| self.judge(row, today)).collect();
            self.look_up(&mut work)?;
            // 3. Made, or only looked at.
            match &self.job.purpose {
                Purpose::Seal(press) => work
                    .par_iter_mut()
                    .try_for_each(|work| make(press, &mut work.outcome, now))?,
                Purpose::Check(_) => self.look_back(&mut work, &mut earlier),
                Purpose::Enrol(_) => {}
            }
            let chunk = Chunk {
                work,
                source_bytes: source.bytes_read(),
            };
            if send.send(chunk).is_err() {
                return Ok(false); // the store has failed and says why
            }
            sent = true;
        }
    }

    /// Checks a row against its type and, where nothing will be sealed, whether it can be printed.
    fn judge(&self, row: Row, today: Date) -> Work {
        let outcome = self.judged(&row, today).unwrap_or_else(Outcome::Rejected);
        Work { row, outcome }
    }

    fn judged(&self, row: &Row, today: Date) -> Result<Outcome, Vec<FieldError>> {
        let typesetter = self.job.purpose.typesetter();
        let record = RawRecord {
            values: row.values.clone().map_err(|error| vec![error])?,
            photos: BTreeMap::new(),
        };
        // Faults of a row that is not asked for are nobody's work now.
        let issued_on = || typesetter.certificate_type().issued_on(&record);
        if let Some(since) = self.job.since
            && issued_on().is_some_and(|issued_on| issued_on < since)
        {
            return Ok(Outcome::Skipped);
        }
        let face = typesetter.certificate_type().check(&record, today)?;
        let number = face
            .number
            .clone()
            .ok_or_else(|| vec![missing_number(typesetter)])?;
        let identifier = identifier_for(typesetter.certificate_type(), typesetter.issuer(), &number, None)
            .map_err(|error| vec![bad_number(typesetter, &error.to_string())])?;
        if let Purpose::Check(_) | Purpose::Enrol(_) = &self.job.purpose {
            typesetter
                .lay_out(&face, &identifier, &number)
                .map_err(|errors| errors.iter().map(field_error).collect::<Vec<_>>())?;
        }
        Ok(Outcome::Ready(Box::new(Ready {
            face,
            identifier,
            number,
            sealed: None,
        })))
    }

    /// Sorts out what is on record already.
    fn look_up(&self, work: &mut [Work]) -> Result<(), Cause> {
        let identifiers: Vec<String> = work.iter().filter_map(|work| work.outcome.identifier()).collect();
        let found = self
            .runtime
            .block_on(self.service.registry().find(&identifiers))?;
        let mut found = found.into_iter();
        for work in work {
            let Outcome::Ready(ready) = &work.outcome else {
                continue;
            };
            let Some(record) = found.next().flatten() else {
                continue;
            };
            let conflict = self.runtime.block_on(self.against_record(ready, Some(record)))?;
            work.outcome = match conflict {
                None => Outcome::Already,
                Some(conflict) => Outcome::Rejected(vec![conflict]),
            };
        }
        Ok(())
    }

    /// Sorts out numbers that stand in the table more than once, which the registry finds where rows are
    /// sealed. `earlier` holds halves of digests, by which a row takes little memory.
    fn look_back(&self, work: &mut [Work], earlier: &mut HashMap<[u8; 16], Earlier>) {
        let issuer = self.job.purpose.typesetter().issuer();
        for work in work {
            let Outcome::Ready(ready) = &work.outcome else {
                continue;
            };
            let face = half(&ready.face_digest(issuer));
            match earlier.entry(half(&sha256(ready.identifier.as_bytes()))) {
                Entry::Vacant(first) => {
                    first.insert(Earlier {
                        face,
                        line: u32::try_from(work.row.line).unwrap_or(u32::MAX),
                    });
                }
                Entry::Occupied(first) if first.get().face == face => work.outcome = Outcome::Already,
                Entry::Occupied(first) => {
                    let line = first.get().line;
                    let (field, label) = number_field(self.job.purpose.typesetter());
                    work.outcome = Outcome::Rejected(vec![FieldError {
                        field,
                        label,
                        code: "number-twice",
                        reason: format!("编号 {} 在第 {line} 行出现过，内容不同", ready.number),
                        hint: format!("查明这两行哪一行正确；签发前第 {line} 行也要核对"),
                    }]);
                }
            }
        }
    }

    /// Makes chunk after chunk durable, in the order of the table.
    fn store(
        &self,
        header: &[String],
        mut rejects: Rejects,
        chunks: Receiver<Chunk>,
        progress: &(dyn Fn(&Summary) + Sync),
    ) -> Result<Summary, BackfillError> {
        let mut summary = Summary::default();
        for chunk in chunks {
            let begun = Instant::now();
            let stored = self.runtime.block_on(self.store_chunk(chunk, &mut summary));
            let told = stored.and_then(|rejections| {
                let told = rejections.iter().try_for_each(|one| rejects.write(header, one));
                told.map_err(|source| Cause::Rejects {
                    path: rejects.path().to_owned(),
                    source,
                })
            });
            if let Err(cause) = told {
                // What is refused so far is worth telling, if that still can be done.
                if rejects.finish().is_err() {
                    summary.rejected = 0;
                    summary.faults.clear();
                }
                return Err(failed(summary, cause));
            }
            summary.storage += begun.elapsed();
            progress(&summary);
        }
        let path = rejects.path().to_owned();
        match rejects.finish() {
            Ok(()) => Ok(summary),
            Err(source) => Err(failed(summary, Cause::Rejects { path, source })),
        }
    }

    async fn store_chunk(&self, chunk: Chunk, summary: &mut Summary) -> Result<Vec<Rejection>, Cause> {
        let mut count = Summary::default();
        let mut rejections = Vec::new();
        let mut fresh = Vec::new();
        for Work { row, outcome } in chunk.work {
            count.rows += 1;
            match outcome {
                Outcome::Skipped => count.skipped += 1,
                Outcome::Already => count.already += 1,
                Outcome::Rejected(errors) => rejections.push(Rejection { row, errors }),
                Outcome::Ready(ready) => fresh.push((row, *ready)),
            }
        }
        if !fresh.is_empty() {
            match &self.job.purpose {
                Purpose::Check(_) => count.done += fresh.len() as u64,
                Purpose::Enrol(_) => self.enrol(fresh, &mut count, &mut rejections).await?,
                Purpose::Seal(press) => self.seal(press, fresh, &mut count, &mut rejections).await?,
            }
        }

        rejections.sort_by_key(|rejection| rejection.row.line);
        count.rejected = rejections.len() as u64;
        for rejection in &rejections {
            let labels: BTreeSet<&str> = rejection.errors.iter().map(|error| &*error.label).collect();
            for label in labels {
                *count.faults.entry(label.to_owned()).or_default() += 1;
            }
        }
        count.source_bytes = chunk.source_bytes - summary.source_bytes;
        summary.add(&count);
        Ok(rejections)
    }

    async fn seal(
        &self,
        press: &Press,
        fresh: Vec<(Row, Ready)>,
        count: &mut Summary,
        rejections: &mut Vec<Rejection>,
    ) -> Result<(), Cause> {
        let issuer = press.typesetter().issuer();
        let mut documents = Vec::with_capacity(fresh.len());
        let mut batch = Vec::with_capacity(fresh.len());
        let mut rows = Vec::with_capacity(fresh.len());
        let mut put = Vec::with_capacity(fresh.len());
        for (row, mut ready) in fresh {
            let Some(sealed) = ready.sealed.take() else {
                continue;
            };
            let new = new_certificate(
                &ready.face,
                issuer,
                &ready.identifier,
                press,
                &sealed,
                Basis::First,
            );
            count.stages.add(&sealed.stages);
            let size = new.documents().map(|document| document.size).sum::<u64>();
            let keys = new.documents().map(|document| document.key.clone());
            documents.extend(keys.zip(sealed.into_files()));
            put.push(Unrecorded::of(&new));
            batch.push(self.append(&issuer.code, Change::Issue(Box::new(new)))?);
            rows.push((row, ready, size));
        }

        // The order is the rule: documents durable, then their events.
        let objects = self.service.objects();
        let stored = match objects.put_all(documents).await {
            Ok(()) => objects.sync().await,
            Err(error) => Err(error),
        };
        if let Err(error) = stored {
            self.service.discard(put.iter().flatten()).await;
            return Err(error.into());
        }
        let answers = match self.service.registry().append(batch).await {
            Ok(answers) => answers,
            Err(error) => {
                self.service.take_back(&error, &put.concat()).await;
                return Err(error.into());
            }
        };

        // 1. What was refused leaves no document behind.
        let refused = put.iter().zip(&answers).filter(|(_, answer)| answer.is_err());
        let refused = refused.flat_map(|(documents, _)| documents);
        self.service.discard(refused).await;
        // 2. A seal out of force would refuse every row to come; the events on record are counted.
        for ((row, ready, size), answer) in rows.into_iter().zip(answers) {
            match answer {
                Ok(_) => {
                    count.done += 1;
                    count.document_bytes += size;
                }
                Err(refusal @ (AppendError::SealNotInForce { .. } | AppendError::SealUnknown { .. })) => {
                    return Err(IssueError::Refused { refusal }.into());
                }
                Err(error) => self.settle(row, &ready, &error, count, rejections).await?,
            }
        }
        Ok(())
    }

    async fn enrol(
        &self,
        fresh: Vec<(Row, Ready)>,
        count: &mut Summary,
        rejections: &mut Vec<Rejection>,
    ) -> Result<(), Cause> {
        let issuer = self.job.purpose.typesetter().issuer();
        let mut batch = Vec::with_capacity(fresh.len());
        for (_, ready) in &fresh {
            let face = &ready.face;
            let enrolment = Enrolment {
                certificate_type: face.certificate_type.key.clone(),
                type_version: face.certificate_type.version,
                number: ready.number.clone(),
                holder_name: face.holder_name.clone(),
                holder_code: face.holder_code.clone(),
                issuer_name: issuer.name.clone(),
                issued_on: face.issued_on,
                valid_from: face.valid_from,
                valid_until: face.valid_until,
                face_digest: ready.face_digest(issuer),
            };
            batch.push(self.append(&issuer.code, Change::Enrol(Box::new(enrolment)))?);
        }
        let answers = self.service.registry().append(batch).await?;
        for ((row, ready), answer) in fresh.into_iter().zip(answers) {
            match answer {
                Ok(_) => count.done += 1,
                Err(AppendError::AlreadyEnrolled { event, .. }) => {
                    let found = self.service.registry().events(event, 1).await?;
                    let differs = found.first().and_then(|event| {
                        conflict::with_enrolment(&ready.face, &ready.face_digest(issuer), issuer, event)
                    });
                    match differs {
                        None => count.already += 1,
                        Some(what) => rejections.push(Rejection {
                            row,
                            errors: vec![self.conflict(&ready.number, "登记为存量", &what)],
                        }),
                    }
                }
                Err(error) => self.settle(row, &ready, &error, count, rejections).await?,
            }
        }
        Ok(())
    }

    fn append(&self, authority: &str, change: Change) -> Result<Append, IssueError> {
        Ok(Append {
            at: self.service.clock().now(),
            actor: self.job.actor.clone(),
            reason: "历史证照补签".to_owned(),
            authority: authority.to_owned(),
            salt: salt()?,
            idempotency: None,
            change,
        })
    }

    /// A row the registry refused: the same certificate, entered by an earlier row or by another run
    /// in the meantime, is no fault; anything else is rejected.
    async fn settle(
        &self,
        row: Row,
        ready: &Ready,
        error: &AppendError,
        count: &mut Summary,
        rejections: &mut Vec<Rejection>,
    ) -> Result<(), Cause> {
        let typesetter = self.job.purpose.typesetter();
        let error = if let AppendError::IdentifierInUse { .. } | AppendError::NumberInUse { .. } = error {
            match self.against_record(ready, None).await? {
                None => {
                    count.already += 1;
                    return Ok(());
                }
                Some(conflict) => conflict,
            }
        } else {
            bad_number(typesetter, &refusal_zh(error))
        };
        rejections.push(Rejection {
            row,
            errors: vec![error],
        });
        Ok(())
    }

    /// Holds a row whose number is taken against the certificate that has it; none where it says the same.
    /// A certificate that was renewed or amended since is compared in its latest form too.
    async fn against_record(
        &self,
        ready: &Ready,
        first: Option<CertificateRecord>,
    ) -> Result<Option<FieldError>, Cause> {
        let issuer = self.job.purpose.typesetter().issuer();
        let latest = async || {
            let certificate_type = &ready.face.certificate_type.key;
            let registry = self.service.registry();
            registry.by_number(certificate_type, &ready.number).await
        };
        let is_latest = first
            .as_ref()
            .is_some_and(|first| first.status != Status::Superseded);
        let mut differs = None;
        if let Some(first) = first {
            differs = conflict::with_record(&ready.face, issuer, &first);
            if differs.is_none() {
                return Ok(None);
            }
        }
        if !is_latest && let Some(latest) = latest().await? {
            differs = conflict::with_record(&ready.face, issuer, &latest);
        }
        Ok(differs.map(|what| self.conflict(&ready.number, "签发证照", &what)))
    }

    fn conflict(&self, number: &str, done: &str, what: &str) -> FieldError {
        let (field, label) = number_field(self.job.purpose.typesetter());
        FieldError {
            field,
            label,
            code: "number-in-use",
            reason: format!("编号 {number} 已{done}，内容不同：{what}"),
            hint: "核对编号；确需变更内容的，用变更换发".to_owned(),
        }
    }
}

impl Outcome {
    fn identifier(&self) -> Option<String> {
        match self {
            Self::Ready(ready) => Some(ready.identifier.clone()),
            _ => None,
        }
    }
}

fn half(digest: &[u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(digest.split_at(16).0);
    half
}

/// Makes the document of a row that is ready for it. An error stops the run: it would hit every row
/// alike.
fn make(press: &Press, outcome: &mut Outcome, now: Timestamp) -> Result<(), IssueError> {
    let Outcome::Ready(ready) = outcome else {
        return Ok(());
    };
    match press.make(&ready.face, &ready.identifier, &ready.number, now) {
        Ok(sealed) => ready.sealed = Some(sealed),
        Err(PressError::Face(errors)) => {
            *outcome = Outcome::Rejected(errors.iter().map(field_error).collect());
        }
        Err(other) => return Err(IssueError::Press(other)),
    }
    Ok(())
}

fn number_field(typesetter: &Typesetter) -> (String, String) {
    let certificate_type = typesetter.certificate_type();
    let field = certificate_type
        .fields
        .iter()
        .find(|field| field.role == Some(crate::catalogue::Role::Number));
    field.map_or_else(Default::default, |field| (field.key.clone(), field.label.clone()))
}

fn missing_number(typesetter: &Typesetter) -> FieldError {
    let (field, label) = number_field(typesetter);
    FieldError {
        field,
        label,
        code: "missing",
        reason: "历史证照必须有原编号".to_owned(),
        hint: "填写证照上印的编号".to_owned(),
    }
}

fn bad_number(typesetter: &Typesetter, reason: &str) -> FieldError {
    let (field, label) = number_field(typesetter);
    FieldError {
        field,
        label,
        code: "bad-number",
        reason: reason.to_owned(),
        hint: "核对证照编号".to_owned(),
    }
}
