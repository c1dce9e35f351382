//! The forward path: a request through all rooms, in order, and changes of state.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, atomic::AtomicBool},
};

use ring::rand::{SecureRandom, SystemRandom};

use super::{
    IssueError, Issued, NationalSeals, Request, RevocationLists, Transition, Workshop,
    error::printing_errors,
    identifier_for,
    numbering::Numbering,
    press::{Press, SealedCertificate},
    press_room::PressRoom,
};
use crate::{
    catalogue::{Catalogue, CertificateType, FaceData, Issuer},
    clock::{Clock, civil_date},
    crypto::{KeyFolder, sha256},
    registry::{
        Append, AppendError, Appended, Basis, CertificateRecord, Change, Idempotency, NewCertificate,
        Objects, Query, RecordedDocument, Registry, RegistryError, SealRecord, Status,
    },
    report::{SealRegister, SealUse, seal_register},
    seal::Seal,
    sign::timestamp::TimeStampSource,
};

/// What a service is put together from.
pub struct ServiceParts {
    /// Types, layouts, fonts, issuers.
    pub workshop: Workshop,
    /// Signing keys.
    pub keys: Arc<KeyFolder>,
    /// DER of the X.509 certificates of seal makers whose seals are used here.
    pub seal_makers: Vec<Vec<u8>>,
    /// DER of the X.509 certificates of those who make national seals here.
    pub national_makers: Vec<Vec<u8>>,
    /// Reads the national form of seals.
    pub national_seals: NationalSeals,
    /// DER of the roots of document signers.
    pub anchors: Vec<Vec<u8>>,
    /// Reads the revocation lists as they are now.
    pub revocation_lists: RevocationLists,
    /// Host of the verification page.
    pub host: String,
    /// Where signature timestamps come from; without, there are none.
    pub timestamps: Option<Arc<dyn TimeStampSource>>,
    /// The registry.
    pub registry: Arc<dyn Registry>,
    /// The documents.
    pub objects: Arc<Objects>,
    /// Where "now" comes from.
    pub clock: Arc<dyn Clock>,
}

impl fmt::Debug for ServiceParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceParts")
            .field("keys", &self.keys)
            .field("host", &self.host)
            .field("registry", &self.registry)
            .finish_non_exhaustive()
    }
}

/// Issues certificates and changes their state.
#[derive(Debug)]
pub struct Service {
    workshop: Workshop,
    press_room: PressRoom,
    numbering: Numbering,
    registry: Arc<dyn Registry>,
    objects: Arc<Objects>,
    clock: Arc<dyn Clock>,
}

/// A stored document whose event is not durable yet.
#[derive(Debug, Clone)]
pub(crate) struct Unrecorded {
    /// Identifier of its certificate.
    pub(crate) identifier: String,
    /// Key in the object store.
    pub(crate) key: String,
}

impl Unrecorded {
    /// The documents of a certificate, in its order.
    pub(crate) fn of(new: &NewCertificate) -> Vec<Self> {
        let of_one = |document: &RecordedDocument| Self {
            identifier: new.identifier.clone(),
            key: document.key.clone(),
        };
        new.documents().map(of_one).collect()
    }
}

impl Service {
    /// Its keys.
    pub fn keys(&self) -> &Arc<KeyFolder> {
        &self.press_room.keys
    }

    /// Binds the rooms together.
    pub fn new(parts: ServiceParts) -> Self {
        Self {
            workshop: parts.workshop,
            press_room: PressRoom {
                keys: parts.keys,
                seal_makers: parts.seal_makers,
                national_makers: parts.national_makers,
                national_seals: parts.national_seals,
                anchors: parts.anchors,
                revocation_lists: parts.revocation_lists,
                host: parts.host,
                timestamps: parts.timestamps,
                registry: Arc::clone(&parts.registry),
                seals: Mutex::default(),
                presses: Mutex::default(),
                told: AtomicBool::default(),
            },
            numbering: Numbering::default(),
            registry: parts.registry,
            objects: parts.objects,
            clock: parts.clock,
        }
    }

    /// Certificate types.
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.workshop.catalogue
    }

    /// Types, layouts, fonts, issuers.
    pub fn workshop(&self) -> &Workshop {
        &self.workshop
    }

    /// The registry.
    pub fn registry(&self) -> &Arc<dyn Registry> {
        &self.registry
    }

    /// The documents.
    pub fn objects(&self) -> &Arc<Objects> {
        &self.objects
    }

    /// Where "now" comes from.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The press for a type under a seal, good at this instant. `seal` none takes the registered seal in
    /// force whose owner is the type's department and whose kind the type names.
    pub async fn press(
        &self,
        certificate_type: &Arc<CertificateType>,
        seal: Option<&str>,
    ) -> Result<Arc<Press>, IssueError> {
        self.press_room
            .press(&self.workshop, certificate_type, seal, self.clock.now())
            .await
    }

    /// Whether a press got before may still make documents.
    pub(crate) async fn check_press(&self, press: &Press) -> Result<(), IssueError> {
        self.press_room.check(press, self.clock.now()).await
    }

    /// A registered seal, its maker's signature checked.
    pub fn open_seal(&self, record: &SealRecord) -> Result<Arc<Seal>, IssueError> {
        self.press_room.open_seal(record)
    }

    /// The register of seals with what each was used for.
    pub async fn seal_register(&self, area: &str) -> Result<SealRegister, IssueError> {
        let mut uses: BTreeMap<String, u64> = BTreeMap::new();
        let mut query = Query {
            certificate_type: None,
            status: None,
            after: None,
            limit: PAGE,
        };
        loop {
            let page = self.registry.certificates(&query).await?;
            let Some(last) = page.last() else { break };
            query.after = Some(last.issued_event);
            for record in page {
                *uses.entry(record.seal).or_default() += 1;
            }
        }
        let mut seals = Vec::new();
        for record in self.registry.seals().await? {
            seals.push((self.open_seal(&record)?, record.entry()));
        }
        let rows = seals.iter().map(|(seal, entry)| SealUse {
            seal,
            entry,
            uses: uses.get(&entry.code).copied().unwrap_or(0),
        });
        Ok(seal_register(area, self.clock.now(), rows))
    }

    /// Issues one certificate.
    pub async fn issue(&self, request: Request) -> Result<Issued, IssueError> {
        // 1. A repeat gets what the first one got.
        let fingerprint = fingerprint(&request);
        if let Some(issued) = self.earlier(&request, fingerprint).await? {
            return Ok(issued);
        }

        // 2. What it replaces, values, number, identifier.
        let now = self.clock.now();
        let certificate_type = self
            .catalogue()
            .get(&request.certificate_type)
            .cloned()
            .ok_or_else(|| IssueError::UnknownType(request.certificate_type.clone()))?;
        let predecessor = match request.basis.predecessor() {
            Some(identifier) => Some(self.record(identifier).await?),
            None => None,
        };
        if let Some(refusal) = predecessor
            .as_ref()
            .and_then(|record| unfit(record, &certificate_type.key, &request.basis))
        {
            // The same request may have replaced it just now.
            return match self.earlier(&request, fingerprint).await? {
                Some(issued) => Ok(issued),
                None => Err(IssueError::Refused { refusal }),
            };
        }
        let press = self.press(&certificate_type, request.seal.as_deref()).await?;
        let mut face = certificate_type
            .check(&request.record, civil_date(now))
            .map_err(IssueError::Fields)?;
        let number = match (&face.number, &predecessor) {
            (Some(number), _) => number.clone(),
            (None, Some(predecessor)) => predecessor.number.clone(),
            (None, None) => {
                let issuer = press.typesetter().issuer();
                let registry = &*self.registry;
                self.numbering
                    .next(registry, &certificate_type, issuer, &face)
                    .await?
            }
        };
        face.number = Some(number.clone());
        let issuer = press.typesetter().issuer();
        let identifier = identifier_for(&certificate_type, issuer, &number, predecessor.as_ref())?;

        // 3. The sealed document; nothing of it leaves before step 5 is through.
        let worker = Arc::clone(&press);
        let (set, id, no) = (face.clone(), identifier.clone(), number.clone());
        let (done, made) = futures::channel::oneshot::channel();
        rayon::spawn(move || {
            let _ = done.send(worker.make(&set, &id, &no, now));
        });
        let sealed = made
            .await
            .map_err(|_| IssueError::Internal("a worker thread died"))?
            .map_err(printing_errors)?;

        // 4. Durable.
        let new = new_certificate(&face, issuer, &identifier, &press, &sealed, request.basis.clone());
        let put = Unrecorded::of(&new);
        let files = sealed.documents().map(|document| document.bytes.clone());
        let keys = put.iter().map(|document| document.key.clone());
        let stored = match self.objects.put_all(keys.zip(files)).await {
            Ok(()) => self.objects.sync().await,
            Err(error) => Err(error),
        };
        if let Err(error) = stored {
            self.discard(&put).await;
            return Err(error.into());
        }

        // 5. On record.
        let append = Append {
            at: now,
            actor: request.actor,
            reason: request.reason,
            authority: issuer.code.clone(),
            salt: salt()?,
            idempotency: request.idempotency_key.map(|key| Idempotency {
                key,
                request: fingerprint,
            }),
            change: Change::Issue(Box::new(new)),
        };
        let answer = match self.registry.append(vec![append]).await {
            Ok(answer) => answer,
            Err(error) => {
                self.take_back(&error, &put).await;
                return Err(error.into());
            }
        };
        match answer.into_iter().next() {
            Some(Ok(Appended { replayed: false, .. })) => {
                let mut files = sealed.into_files();
                Ok(Issued {
                    record: self.record(&identifier).await?,
                    document: files.next().unwrap_or_default(),
                    further: files.collect(),
                    replayed: false,
                })
            }
            Some(Ok(Appended { identifier, .. })) => {
                self.discard(&put).await;
                self.replay(identifier).await
            }
            Some(Err(error)) => {
                self.discard(&put).await;
                Err(match error {
                    AppendError::IdempotencyConflict { .. } => IssueError::IdempotencyConflict,
                    refusal => IssueError::Refused { refusal },
                })
            }
            None => Err(IssueError::Internal("the registry gave no answer")),
        }
    }

    /// What the same request got before, under its idempotency key.
    async fn earlier(&self, request: &Request, fingerprint: [u8; 32]) -> Result<Option<Issued>, IssueError> {
        let Some(key) = &request.idempotency_key else {
            return Ok(None);
        };
        match self.registry.outcome(key).await? {
            None => Ok(None),
            Some(outcome) if outcome.request != fingerprint => Err(IssueError::IdempotencyConflict),
            Some(outcome) => self.replay(outcome.identifier).await.map(Some),
        }
    }

    async fn replay(&self, identifier: Option<String>) -> Result<Issued, IssueError> {
        let identifier = identifier.ok_or(IssueError::IdempotencyConflict)?;
        let record = self.record(&identifier).await?;
        let document = self.document(&record.document).await?;
        let mut further = Vec::with_capacity(record.further.len());
        for one in &record.further {
            further.push(self.document(one).await?);
        }
        Ok(Issued {
            record,
            document,
            further,
            replayed: true,
        })
    }

    /// Removes documents that no event names. A failure leaves orphans, which `audit` finds.
    pub(crate) async fn discard(&self, documents: impl IntoIterator<Item = &Unrecorded>) {
        for document in documents {
            if let Err(error) = self.objects.remove_orphan(&document.key).await {
                tracing::warn!(%error, "an unused document could not be removed");
            }
        }
    }

    /// Removes documents whose events the registry had no space for, so that repeats do not fill the
    /// medium with them. After any other failure nobody can say what is on record, and they stay.
    pub(crate) async fn take_back(&self, error: &RegistryError, documents: &[Unrecorded]) {
        if !matches!(error, RegistryError::StorageFull) {
            return;
        }
        let identifiers: Vec<String> = documents.iter().map(|d| d.identifier.clone()).collect();
        // A registry that stopped halfway gives no answer here.
        let Ok(found) = self.registry.find(&identifiers).await else {
            return;
        };
        for (document, record) in documents.iter().zip(found) {
            let named = |record: CertificateRecord| record.documents().any(|one| one.key == document.key);
            if !record.is_some_and(named) {
                self.discard([document]).await;
            }
        }
    }

    /// The record of a certificate.
    pub async fn record(&self, identifier: &str) -> Result<CertificateRecord, IssueError> {
        let found = self.registry.find(&[identifier.to_owned()]).await?;
        found
            .into_iter()
            .next()
            .flatten()
            .ok_or_else(|| IssueError::NotFound(identifier.to_owned()))
    }

    /// A document of a certificate, checked against its record.
    pub async fn document(&self, document: &RecordedDocument) -> Result<Vec<u8>, IssueError> {
        Ok(self.objects.get(&document.key, &document.digest).await?)
    }

    /// Changes the state of a certificate and gives its new record.
    pub async fn transition(
        &self,
        identifier: &str,
        transition: Transition,
        actor: &str,
        reason: &str,
    ) -> Result<CertificateRecord, IssueError> {
        let record = self.record(identifier).await?;
        let identifier = identifier.to_owned();
        let change = match transition {
            Transition::Suspend => Change::Suspend(identifier),
            Transition::Resume => Change::Resume(identifier),
            Transition::Revoke => Change::Revoke(identifier),
            Transition::Cancel => Change::Cancel(identifier),
        };
        self.append_one(change, actor, reason, &record.issuer_code)
            .await?;
        self.record(&record.identifier).await
    }

    /// Appends one event outside the issuing of certificates.
    pub async fn append_one(
        &self,
        change: Change,
        actor: &str,
        reason: &str,
        authority: &str,
    ) -> Result<Appended, IssueError> {
        let append = Append {
            at: self.clock.now(),
            actor: actor.to_owned(),
            reason: reason.to_owned(),
            authority: authority.to_owned(),
            salt: salt()?,
            idempotency: None,
            change,
        };
        let answer = self.registry.append(vec![append]).await?;
        answer
            .into_iter()
            .next()
            .ok_or(IssueError::Internal("the registry gave no answer"))?
            .map_err(|refusal| IssueError::Refused { refusal })
    }
}

/// Certificates read at once while they are counted.
const PAGE: usize = 1024;

/// The registry's account of a sealed document.
pub(crate) fn new_certificate(
    face: &FaceData,
    issuer: &Issuer,
    identifier: &str,
    press: &Press,
    sealed: &SealedCertificate,
    basis: Basis,
) -> NewCertificate {
    let (document, further) = sealed.recorded(&face.certificate_type.key, identifier);
    NewCertificate {
        identifier: identifier.to_owned(),
        certificate_type: face.certificate_type.key.clone(),
        type_version: face.certificate_type.version,
        number: face.number.clone().unwrap_or_default(),
        holder_name: face.holder_name.clone(),
        holder_code: face.holder_code.clone(),
        issuer_name: issuer.name.clone(),
        issued_on: face.issued_on,
        valid_from: face.valid_from,
        valid_until: face.valid_until,
        seal: press.seal().code().to_string(),
        document,
        further,
        face_digest: sealed.face_digest,
        basis,
    }
}

/// Why a certificate cannot be replaced by one of this type, as the registry would say in the end: told
/// before anything is numbered or made.
fn unfit(predecessor: &CertificateRecord, type_key: &str, basis: &Basis) -> Option<AppendError> {
    if predecessor.certificate_type != type_key {
        return Some(AppendError::PredecessorOfOtherType {
            identifier: predecessor.identifier.clone(),
            certificate_type: predecessor.certificate_type.clone(),
        });
    }
    (predecessor.status != Status::InForce).then(|| AppendError::IllegalTransition {
        identifier: predecessor.identifier.clone(),
        from: predecessor.status,
        operation: basis.kind(),
    })
}

/// Fresh bytes that blind a leaf's commitments.
pub(crate) fn salt() -> Result<[u8; 32], IssueError> {
    let mut salt = [0; 32];
    SystemRandom::new()
        .fill(&mut salt)
        .map_err(|_| IssueError::Internal("no randomness from the operating system"))?;
    Ok(salt)
}

/// Digest of everything in a request that decides what is issued. Parts are length-prefixed, so that
/// no two requests run together.
fn fingerprint(request: &Request) -> [u8; 32] {
    let mut all = Vec::new();
    let mut part = |bytes: &[u8]| {
        all.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        all.extend_from_slice(bytes);
    };
    part(request.certificate_type.as_bytes());
    part(request.seal.as_deref().unwrap_or_default().as_bytes());
    let (basis, predecessor) = match &request.basis {
        Basis::First => ("first", ""),
        Basis::Renews(id) => ("renews", id.as_str()),
        Basis::Amends(id) => ("amends", id.as_str()),
        Basis::Reissues(id) => ("reissues", id.as_str()),
    };
    part(basis.as_bytes());
    part(predecessor.as_bytes());
    for (key, value) in &request.record.values {
        part(key.as_bytes());
        part(value.as_bytes());
    }
    part(b"photos");
    for (key, bytes) in &request.record.photos {
        part(key.as_bytes());
        part(&sha256(bytes));
    }
    sha256(&all)
}
