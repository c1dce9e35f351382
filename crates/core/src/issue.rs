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

pub mod press;
mod preview;

pub use preview::preview;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};

use self::press::{Press, PressError, PressParts, SealedDocument, Typesetter};
use crate::{
    catalogue::{Catalogue, CertificateType, FaceData, FieldError, Issuer, NumberError, RawRecord},
    clock::{Clock, civil_date, clock_time},
    codes::{CertificateIdentifier, CitizenId, CodeError},
    crypto::{KeyFolder, KeyFolderError},
    face::{EmblemArt, FaceError, FaceTemplate, FontBook},
    registry::{
        Append, AppendError, Appended, Basis, CertificateRecord, Change, Idempotency, NewCertificate,
        Objects, ObjectsError, Query, Registry, RegistryError, SealRecord, document_key,
    },
    report::{SealRegister, SealUse, seal_register},
    seal::{Refusal, Seal, SealError, SealStatus, SignedSeal, impression::ImpressionError, may_sign},
    trust::{
        crl::Crl,
        path::{PathContext, PathError, Usage, validate},
    },
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

/// A stored document whose event is not durable yet.
#[derive(Debug)]
pub(crate) struct Unrecorded {
    /// Identifier of its certificate.
    pub(crate) identifier: String,
    /// Key in the object store.
    pub(crate) key: String,
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

/// Why nothing was issued or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// No such certificate type.
    #[error("没有证照类型 {0} (unknown certificate type)")]
    UnknownType(String),
    /// The type's department does not issue in this installation.
    #[error("部门 {0} 未在 certseal.toml 中登记为颁证机构 (department is not an issuer here)")]
    NoIssuer(String),
    /// The department has no seal of the kind its type names.
    #[error("部门 {department} 没有“{kind}”类印章 (no seal of this kind)")]
    NoSeal {
        /// The department.
        department: String,
        /// Kind of seal.
        kind: String,
    },
    /// Values that are missing or wrong.
    #[error("{}", join(.0))]
    Fields(Vec<FieldError>),
    /// The seal may not sign.
    #[error(transparent)]
    Seal(#[from] Refusal),
    /// The seal is another department's.
    #[error("印章 {seal} 属于{owner}，不能用于{issuer}颁发的证照 (the seal is another department's)")]
    ForeignSeal {
        /// The seal.
        seal: String,
        /// Whose it is.
        owner: String,
        /// Who issues.
        issuer: String,
    },
    /// Verifiers would refuse the signer certificate.
    #[error("签章证书 {name} {} ({source})", unfit_zh(source))]
    Signer {
        /// Name of the key.
        name: String,
        /// Why.
        source: PathError,
    },
    /// The revocation lists cannot be read.
    #[error("无法读取吊销列表 (cannot read the revocation lists)")]
    RevocationLists(#[from] std::io::Error),
    /// No seal maker is known.
    #[error("没有制章者证书，无法核对印章 {0} (no seal maker is known)")]
    NoSealMaker(String),
    /// The seal's definition cannot be trusted.
    #[error("印章 {id} 不可用 (seal cannot be used)")]
    SealDefinition {
        /// The seal.
        id: String,
        /// What is wrong.
        source: SealError,
    },
    /// The key stands for another request.
    #[error("幂等键已用于另一份申请 (idempotency key was used for another request)")]
    IdempotencyConflict,
    /// No certificate has the identifier.
    #[error("没有标识为 {0} 的证照 (no such certificate)")]
    NotFound(String),
    /// The certificate identifier cannot be composed.
    #[error("无法编制电子证照标识：{0} (certificate identifier)")]
    Identifier(#[from] CodeError),
    /// No number follows from the type's rule.
    #[error(transparent)]
    Number(#[from] NumberError),
    /// The registry refuses by its rules.
    #[error("登记簿拒绝：{} ({refusal})", refusal_zh(refusal))]
    Refused {
        /// By which rule.
        refusal: AppendError,
    },
    /// The template cannot be used.
    #[error(transparent)]
    Template(FaceError),
    /// The document cannot be made.
    #[error(transparent)]
    Press(#[from] PressError),
    /// The impression of a sample cannot be drawn.
    #[error(transparent)]
    Impression(#[from] ImpressionError),
    /// The signing key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyFolderError),
    /// The registry does not work.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The object store does not work.
    #[error(transparent)]
    Objects(#[from] ObjectsError),
    /// The operating system gives no randomness, or a worker died.
    #[error("内部错误：{0} (internal error)")]
    Internal(&'static str),
}

fn join(errors: &[FieldError]) -> String {
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    texts.join("；")
}

/// What a seal keeper reads of a signer certificate that verifiers would refuse.
fn unfit_zh(error: &PathError) -> String {
    match error {
        PathError::Revoked { revoked_at, .. } => format!("已于 {} 吊销", clock_time(*revoked_at)),
        PathError::Expired { .. } => "已过期".to_owned(),
        PathError::NotYetValid { .. } => "尚未生效".to_owned(),
        PathError::WrongUsage { .. } => "不是签章用途的证书".to_owned(),
        _ => "追溯不到本机构的根证书".to_owned(),
    }
}

/// What a clerk reads when the registry refuses.
pub fn refusal_zh(error: &AppendError) -> String {
    match error {
        AppendError::AlreadyEnrolled { number, .. } => format!("编号 {number} 已登记为存量"),
        AppendError::IdempotencyConflict { .. } => "幂等键已用于另一份申请".to_owned(),
        AppendError::IdentifierInUse { identifier } => format!("标识 {identifier} 已被使用"),
        AppendError::IllegalTransition { from, operation, .. } => {
            format!("该证照现为“{}”，不能{}", from.name_zh(), operation.name_zh())
        }
        AppendError::IllegalSealTransition { from, operation, .. } => {
            format!("该印章现为“{}”，不能做“{}”", from.name_zh(), operation.name_zh())
        }
        AppendError::NotFound { identifier } => format!("没有标识为 {identifier} 的证照"),
        AppendError::NumberInUse {
            number, identifier, ..
        } => {
            format!("编号 {number} 已由证照 {identifier} 使用；换发请注明原证照")
        }
        AppendError::PredecessorOfOtherType { identifier, .. } => {
            format!("原证照 {identifier} 属于另一证照类型")
        }
        AppendError::SealExists { seal } => format!("印章 {seal} 已登记"),
        AppendError::SealNotInForce { seal, status } => format!("印章 {seal} {}", status.name_zh()),
        AppendError::SealUnknown { seal } => format!("印章 {seal} 未登记"),
        AppendError::Unrecordable { field, reason } => format!("{field} 无法入簿：{reason}"),
    }
}

/// What faces are set with.
#[derive(Debug, Clone)]
pub struct Workshop {
    /// Certificate types.
    pub catalogue: Arc<Catalogue>,
    /// Family layouts.
    pub layouts: PathBuf,
    /// Fonts.
    pub fonts: Arc<FontBook>,
    /// Issuers by department key.
    pub issuers: BTreeMap<String, Issuer>,
    /// Art of the national emblem, where the installation has it.
    pub emblem: Option<EmblemArt>,
}

impl Workshop {
    /// Who issues certificates of a type.
    pub fn issuer(&self, certificate_type: &CertificateType) -> Result<&Issuer, IssueError> {
        self.issuers
            .get(&certificate_type.department)
            .ok_or_else(|| IssueError::NoIssuer(certificate_type.department.clone()))
    }

    /// The layout of a type, for setting faces without sealing them.
    pub fn typesetter(&self, certificate_type: &Arc<CertificateType>) -> Result<Typesetter, IssueError> {
        let mut template = FaceTemplate::load(
            certificate_type,
            &self.catalogue.folder_of(certificate_type),
            &self.layouts,
            &self.fonts,
        )
        .map_err(IssueError::Template)?;
        if let Some(art) = &self.emblem {
            template = template.with_emblem(art);
        }
        Ok(Typesetter::new(
            Arc::clone(certificate_type),
            self.issuer(certificate_type)?.clone(),
            template,
            Arc::clone(&self.fonts),
        ))
    }
}

/// Reads revocation lists.
pub type RevocationLists = Box<dyn Fn() -> std::io::Result<Vec<Vec<u8>>> + Send + Sync>;

/// What a service is put together from.
pub struct ServiceParts {
    /// Types, layouts, fonts, issuers.
    pub workshop: Workshop,
    /// Signing keys.
    pub keys: Arc<KeyFolder>,
    /// DER of the X.509 certificates of seal makers whose seals are used here.
    pub seal_makers: Vec<Vec<u8>>,
    /// DER of the roots of document signers.
    pub anchors: Vec<Vec<u8>>,
    /// Reads the revocation lists as they are now, in DER.
    pub revocation_lists: RevocationLists,
    /// Host of the verification page.
    pub host: String,
    /// The registry.
    pub registry: Arc<dyn Registry>,
    /// The documents.
    pub objects: Arc<Objects>,
    /// Where "now" comes from.
    pub clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for ServiceParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
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
    parts: ServiceParts,
    /// Definitions never change under an id, so that each is checked once.
    seals: Mutex<BTreeMap<String, Arc<Seal>>>,
    presses: Mutex<BTreeMap<(String, String), Arc<Press>>>,
}

impl Service {
    /// Binds the rooms together.
    pub fn new(parts: ServiceParts) -> Self {
        Self {
            parts,
            seals: Mutex::default(),
            presses: Mutex::default(),
        }
    }

    /// Certificate types.
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.parts.workshop.catalogue
    }

    /// Types, layouts, fonts, issuers.
    pub fn workshop(&self) -> &Workshop {
        &self.parts.workshop
    }

    /// The registry.
    pub fn registry(&self) -> &Arc<dyn Registry> {
        &self.parts.registry
    }

    /// The documents.
    pub fn objects(&self) -> &Arc<Objects> {
        &self.parts.objects
    }

    /// Where "now" comes from.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.parts.clock
    }

    /// The press for a type under a seal, prepared now or before. `seal` none takes the registered
    /// seal in force whose owner is the type's department and whose kind the type names.
    pub async fn press(
        &self,
        certificate_type: &Arc<CertificateType>,
        seal: Option<&str>,
    ) -> Result<Arc<Press>, IssueError> {
        let issuer = self.parts.workshop.issuer(certificate_type)?;
        let (record, seal) = match seal {
            Some(id) => {
                let found = self.parts.registry.seal(id).await?;
                let record = found.ok_or_else(|| Refusal::NotRegistered { seal: id.to_owned() })?;
                let seal = self.open_seal(&record)?;
                (record, seal)
            }
            None => self.usual_seal(certificate_type, issuer).await?,
        };
        if seal.owner_code().as_str() != issuer.code {
            return Err(IssueError::ForeignSeal {
                seal: record.id,
                owner: seal.owner().to_owned(),
                issuer: issuer.name.clone(),
            });
        }
        let press = self.prepare(certificate_type, &seal)?;

        // Asked anew each time: the press may be older than the seal's suspension, the signer's expiry
        // or its revocation.
        let now = self.parts.clock.now();
        may_sign(Some(&record.entry()), &seal, press.signer_certificate(), now)?;
        self.check_signer(&press, now)?;
        Ok(press)
    }

    /// A signer certificate that verifiers would refuse signs nothing: expired, revoked, of another use.
    /// A revocation list that is overdue does not stop issuing; it is the verifiers who will wait for it.
    fn check_signer(&self, press: &Press, now: Timestamp) -> Result<(), IssueError> {
        let refuse = |source| IssueError::Signer {
            name: document_signer(&press.typesetter().certificate_type().department),
            source,
        };
        let identity = press.signer();
        let crls = (self.parts.revocation_lists)()?;
        let crls: Vec<Crl> = crls.iter().filter_map(|der| Crl::parse(der).ok()).collect();
        let anchors: Vec<&[u8]> = self.parts.anchors.iter().map(Vec::as_slice).collect();
        let context = PathContext {
            anchors: &anchors,
            crls: &crls,
            at: now,
            usage: Usage::Document,
        };
        let path = validate(&identity.certificate, &identity.issuers, &context).map_err(refuse)?;
        if path.undecided().next().is_some() {
            tracing::warn!(
                "吊销列表缺失或过期，请运行 certseal key crl (revocation lists are missing or overdue)"
            );
        }
        Ok(())
    }

    fn prepare(
        &self,
        certificate_type: &Arc<CertificateType>,
        seal: &Arc<Seal>,
    ) -> Result<Arc<Press>, IssueError> {
        let key = (certificate_type.key.clone(), seal.code().to_string());
        if let Some(press) = self
            .presses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
        {
            return Ok(Arc::clone(press));
        }
        let press = Press::new(PressParts {
            typesetter: self.parts.workshop.typesetter(certificate_type)?,
            seal: Arc::clone(seal),
            signer: self
                .parts
                .keys
                .identity(&document_signer(&certificate_type.department))?,
            token_signer: self.parts.keys.identity(TOKEN_SIGNER)?,
            host: self.parts.host.clone(),
        })
        .map_err(IssueError::Press)?;
        let press = Arc::new(press);
        let mut presses = self.presses.lock().unwrap_or_else(PoisonError::into_inner);
        presses.insert(key, Arc::clone(&press));
        Ok(press)
    }

    async fn usual_seal(
        &self,
        certificate_type: &CertificateType,
        issuer: &Issuer,
    ) -> Result<(SealRecord, Arc<Seal>), IssueError> {
        let mut of_the_kind = Vec::new();
        for record in self.parts.registry.seals().await? {
            let seal = self.open_seal(&record)?;
            if seal.owner_code().as_str() == issuer.code && seal.kind().key() == certificate_type.seal {
                of_the_kind.push((record, seal));
            }
        }
        if of_the_kind.len() > 1 {
            // A renewed signer certificate has a seal of its own beside its predecessor's.
            let signer = self
                .parts
                .keys
                .identity(&document_signer(&certificate_type.department))?;
            let now = self.parts.clock.now();
            of_the_kind.sort_by_key(|(record, seal)| {
                let permits = seal.permits(&signer.certificate);
                let in_force = record.status == SealStatus::InForce && seal.in_force_at(now);
                (permits && in_force, permits, in_force, seal.made_at())
            });
        }
        of_the_kind.pop().ok_or_else(|| IssueError::NoSeal {
            department: certificate_type.department.clone(),
            kind: certificate_type.seal.clone(),
        })
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
            let page = self.parts.registry.certificates(&query).await?;
            let Some(last) = page.last() else { break };
            query.after = Some(last.issued_event);
            for record in page {
                *uses.entry(record.seal).or_default() += 1;
            }
        }
        let mut seals = Vec::new();
        for record in self.parts.registry.seals().await? {
            seals.push((self.open_seal(&record)?, record.entry()));
        }
        let rows = seals.iter().map(|(seal, entry)| SealUse {
            seal,
            entry,
            uses: uses.get(&entry.code).copied().unwrap_or(0),
        });
        Ok(seal_register(area, self.parts.clock.now(), rows))
    }

    /// A registered seal, its maker's signature checked.
    pub fn open_seal(&self, record: &SealRecord) -> Result<Arc<Seal>, IssueError> {
        if let Some(seal) = self
            .seals
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&record.id)
        {
            return Ok(Arc::clone(seal));
        }
        let wrong = |source| IssueError::SealDefinition {
            id: record.id.clone(),
            source,
        };
        let signed = SignedSeal::parse(&record.definition).map_err(wrong)?;
        let mut last = None;
        for maker in &self.parts.seal_makers {
            match signed.verify(maker) {
                Ok(seal) => {
                    let seal = Arc::new(seal.clone());
                    let mut seals = self.seals.lock().unwrap_or_else(PoisonError::into_inner);
                    seals.insert(record.id.clone(), Arc::clone(&seal));
                    return Ok(seal);
                }
                Err(error) => last = Some(error),
            }
        }
        Err(match last {
            Some(error) => wrong(error),
            None => IssueError::NoSealMaker(record.id.clone()),
        })
    }

    /// Issues one certificate.
    pub async fn issue(&self, request: Request) -> Result<Issued, IssueError> {
        // 1. A repeat gets what the first one got.
        let fingerprint = fingerprint(&request);
        if let Some(key) = &request.idempotency_key
            && let Some(outcome) = self.parts.registry.outcome(key).await?
        {
            if outcome.request != fingerprint {
                return Err(IssueError::IdempotencyConflict);
            }
            return self.replay(outcome.identifier).await;
        }

        // 2. Values, number, identifier.
        let now = self.parts.clock.now();
        let certificate_type = self
            .catalogue()
            .get(&request.certificate_type)
            .cloned()
            .ok_or_else(|| IssueError::UnknownType(request.certificate_type.clone()))?;
        let press = self.press(&certificate_type, request.seal.as_deref()).await?;
        let mut face = certificate_type
            .check(&request.record, civil_date(now))
            .map_err(IssueError::Fields)?;
        let predecessor = match request.basis.predecessor() {
            Some(identifier) => Some(self.record(identifier).await?),
            None => None,
        };
        let number = match (&face.number, &predecessor) {
            (Some(number), _) => number.clone(),
            (None, Some(predecessor)) => predecessor.number.clone(),
            (None, None) => self.allocate_number(&certificate_type, &face).await?,
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
        let key = document_key(&certificate_type.key, &identifier, &sealed.digest);
        let new = new_certificate(
            &face,
            issuer,
            &identifier,
            &press,
            &sealed,
            &key,
            request.basis.clone(),
        );
        let put = [Unrecorded {
            identifier: identifier.clone(),
            key,
        }];
        let key = &put[0].key;
        self.parts.objects.put(key, sealed.bytes.clone()).await?;
        if let Err(error) = self.parts.objects.sync().await {
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
        let answer = match self.parts.registry.append(vec![append]).await {
            Ok(answer) => answer,
            Err(error) => {
                self.take_back(&error, &put).await;
                return Err(error.into());
            }
        };
        match answer.into_iter().next() {
            Some(Ok(Appended { replayed: false, .. })) => Ok(Issued {
                record: self.record(&identifier).await?,
                document: sealed.bytes,
                replayed: false,
            }),
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

    async fn allocate_number(
        &self,
        certificate_type: &CertificateType,
        face: &FaceData,
    ) -> Result<String, IssueError> {
        let issuer = self.parts.workshop.issuer(certificate_type)?;
        let year = face.issued_on.year();
        let rule = &certificate_type.number;
        let compose = |next| rule.compose(&issuer.region, year, next, face.holder_code.as_deref());
        let Some(sequence) = rule.sequence_name(&certificate_type.key, &issuer.region, year) else {
            return Ok(compose(0)?);
        };
        // Historical numbers of the same pattern may lie ahead of the sequence; they are stepped over.
        for _ in 0..MAX_NUMBERS_TRIED {
            let number = compose(self.parts.registry.reserve(&sequence, 1).await?)?;
            let taken = self
                .parts
                .registry
                .by_number(&certificate_type.key, &number)
                .await?;
            if taken.is_none() {
                return Ok(number);
            }
        }
        Err(IssueError::Internal("no free certificate number was found"))
    }

    async fn replay(&self, identifier: Option<String>) -> Result<Issued, IssueError> {
        let identifier = identifier.ok_or(IssueError::IdempotencyConflict)?;
        let record = self.record(&identifier).await?;
        let document = self.document(&record).await?;
        Ok(Issued {
            record,
            document,
            replayed: true,
        })
    }

    /// Removes documents that no event names. A failure leaves orphans, which `audit` finds.
    pub(crate) async fn discard(&self, documents: &[Unrecorded]) {
        for document in documents {
            if let Err(error) = self.parts.objects.remove_orphan(&document.key).await {
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
        let Ok(found) = self.parts.registry.find(&identifiers).await else {
            return;
        };
        for (document, record) in documents.iter().zip(found) {
            if record.is_none_or(|record| record.document_key != document.key) {
                self.discard(std::slice::from_ref(document)).await;
            }
        }
    }

    /// The record of a certificate.
    pub async fn record(&self, identifier: &str) -> Result<CertificateRecord, IssueError> {
        let found = self.parts.registry.find(&[identifier.to_owned()]).await?;
        found
            .into_iter()
            .next()
            .flatten()
            .ok_or_else(|| IssueError::NotFound(identifier.to_owned()))
    }

    /// The document of a certificate, checked against its record.
    pub async fn document(&self, record: &CertificateRecord) -> Result<Vec<u8>, IssueError> {
        Ok(self
            .parts
            .objects
            .get(&record.document_key, &record.document_digest)
            .await?)
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
            at: self.parts.clock.now(),
            actor: actor.to_owned(),
            reason: reason.to_owned(),
            authority: authority.to_owned(),
            salt: salt()?,
            idempotency: None,
            change,
        };
        let answer = self.parts.registry.append(vec![append]).await?;
        answer
            .into_iter()
            .next()
            .ok_or(IssueError::Internal("the registry gave no answer"))?
            .map_err(|refusal| IssueError::Refused { refusal })
    }
}

/// Certificates read at once while they are counted.
const PAGE: usize = 1024;

/// Numbers already taken by historical certificates that one allocation steps over.
const MAX_NUMBERS_TRIED: u32 = 100_000;

/// A face that cannot be printed is the caller's to mend, like a field that fails its check.
fn printing_errors(error: PressError) -> IssueError {
    match error {
        PressError::Face(errors) => IssueError::Fields(errors.iter().map(field_error).collect()),
        other => IssueError::Press(other),
    }
}

/// A printing error in the form of a field error.
pub fn field_error(error: &FaceError) -> FieldError {
    let (field, label, code, hint) = match error {
        FaceError::DoesNotFit { field, label, .. } => (field, label, "does-not-fit", "缩短内容"),
        FaceError::MissingGlyph { field, label, .. } => {
            (field, label, "missing-glyph", "核对用字，或安装所缺字体")
        }
        FaceError::PrivateUse { field, label, .. } => (field, label, "private-use", "改用标准汉字编码"),
        FaceError::Photo { field, label, .. } => (field, label, "bad-photo", "更换照片"),
        _ => {
            return FieldError {
                field: String::new(),
                label: String::new(),
                code: "template",
                reason: error.to_string(),
                hint: "请与模板维护人员联系".to_owned(),
            };
        }
    };
    FieldError {
        field: field.clone(),
        label: label.clone(),
        code,
        reason: error.to_string(),
        hint: hint.to_owned(),
    }
}

/// The certificate identifier of a number: the same request leads to the same identifier, after a
/// crash too.
///
/// A number of capital letters and digits is its own serial, as the standard suggests; another, or
/// one that is a person's identity number and must not be published, is replaced by 80 bits of its
/// digest. A successor under the same number gets the next version.
pub fn identifier_for(
    certificate_type: &CertificateType,
    issuer: &Issuer,
    number: &str,
    predecessor: Option<&CertificateRecord>,
) -> Result<String, CodeError> {
    let version = match predecessor {
        Some(old) if old.number == number => CertificateIdentifier::parse(&old.identifier)?.0.version() + 1,
        _ => 1,
    };
    let plain = (1..=MAX_SERIAL).contains(&number.len())
        && number
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        && CitizenId::parse(number).is_err();
    let serial = if plain {
        number.to_owned()
    } else {
        let digest = press::sha256(format!("{}\n{number}", certificate_type.key).as_bytes());
        hex::encode_upper(digest.get(..10).unwrap_or_default())
    };
    let composed = CertificateIdentifier::compose(&certificate_type.code, &issuer.code, &serial, version)?;
    Ok(composed.to_string())
}

/// Longest serial used as it is; published identifiers have up to 32 characters there.
const MAX_SERIAL: usize = 32;

/// The registry's account of a sealed document.
pub(crate) fn new_certificate(
    face: &FaceData,
    issuer: &Issuer,
    identifier: &str,
    press: &Press,
    sealed: &SealedDocument,
    key: &str,
    basis: Basis,
) -> NewCertificate {
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
        document_digest: sealed.digest,
        document_size: sealed.bytes.len() as u64,
        document_key: key.to_owned(),
        face_digest: sealed.face_digest,
        basis,
    }
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
        part(&press::sha256(bytes));
    }
    press::sha256(&all)
}
