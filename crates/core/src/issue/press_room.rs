//! Which press may make documents now.
//!
//! Presses are kept, because preparing one costs more than a thousand documents; whether one may be used
//! is asked anew each time, because it may be older than the seal's suspension, the signer's expiry or
//! its revocation, or than a key that was renewed beside this process.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use jiff::Timestamp;

use super::{
    IssueError, NationalSealFault, NationalSeals, TOKEN_SIGNER, UnusableList, Workshop, document_signer,
    national, national_signer,
    press::{NationalStamp, Press, PressParts},
};
use crate::{
    catalogue::{CertificateType, Issuer},
    crypto::{AlgorithmPolicy, KeyFolder, SigningIdentity, x509},
    profile::Profile,
    registry::{Registry, SealRecord},
    seal::{Refusal, Seal, SealStatus, SignedSeal, may_be_used, may_sign},
    sign::timestamp::TimeStampSource,
    trust::{
        existence::Existence,
        path::{Certificates, PathContext, PathError, Usage, validate},
        revocation::Revocations,
        work::Work,
    },
};

/// Reads revocation lists; one that is missing or damaged is an error.
pub type RevocationLists = Box<dyn Fn() -> Result<Revocations, UnusableList> + Send + Sync>;

/// Keys, seals, and the presses prepared with them.
pub(super) struct PressRoom {
    pub(super) keys: Arc<KeyFolder>,
    /// DER of the X.509 certificates of seal makers whose seals are used here.
    pub(super) seal_makers: Vec<Vec<u8>>,
    /// DER of the X.509 certificates of those who make national seals here.
    pub(super) national_makers: Vec<Vec<u8>>,
    pub(super) national_seals: NationalSeals,
    /// DER of the roots of document signers.
    pub(super) anchors: Vec<Vec<u8>>,
    pub(super) revocation_lists: RevocationLists,
    /// Host of the verification page.
    pub(super) host: String,
    /// Where signature timestamps come from.
    pub(super) timestamps: Option<Arc<dyn TimeStampSource>>,
    pub(super) registry: Arc<dyn Registry>,
    /// Definitions never change under an id, so that each is checked once.
    pub(super) seals: Mutex<BTreeMap<String, Arc<Seal>>>,
    pub(super) presses: Mutex<BTreeMap<(String, String), Arc<Press>>>,
    /// An overdue list was told of.
    pub(super) told: AtomicBool,
}

impl fmt::Debug for PressRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PressRoom")
            .field("keys", &self.keys)
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

/// What is wrong with the national form of a seal, told with its number.
fn wrong_form(seal: &Seal) -> impl Fn(NationalSealFault) -> IssueError {
    let id = seal.code().to_string();
    move |source| IssueError::NationalSeal {
        id: id.clone(),
        source,
    }
}

impl PressRoom {
    /// The press for a type under a seal, good at this instant. `seal` none takes the registered seal in
    /// force whose owner is the type's department and whose kind the type names.
    pub(super) async fn press(
        &self,
        workshop: &Workshop,
        certificate_type: &Arc<CertificateType>,
        seal: Option<&str>,
        now: Timestamp,
    ) -> Result<Arc<Press>, IssueError> {
        let issuer = workshop.issuer(certificate_type)?;
        let seal = match seal {
            Some(id) => {
                let found = self.registry.seal(id).await?;
                let record = found.ok_or_else(|| Refusal::NotRegistered { seal: id.to_owned() })?;
                self.open_seal(&record)?
            }
            None => self.usual_seal(certificate_type, issuer, now).await?,
        };
        if seal.owner_code().as_str() != issuer.code {
            return Err(IssueError::ForeignSeal {
                seal: seal.code().to_string(),
                owner: seal.owner().to_owned(),
                issuer: issuer.name.clone(),
            });
        }
        let press = self.prepared(workshop, certificate_type, &seal)?;
        self.check(&press, now).await?;
        Ok(press)
    }

    /// Whether a press may make documents at this instant: its seal is in force, and verifiers would take
    /// its signers.
    pub(super) async fn check(&self, press: &Press, now: Timestamp) -> Result<(), IssueError> {
        let entry = self.registry.seal(press.seal().code().as_str()).await?;
        let entry = entry.map(|record| record.entry());
        let department = &press.typesetter().certificate_type().department;
        let revocations = (self.revocation_lists)()?;
        may_be_used(entry.as_ref(), press.seal(), now)?;
        if press.makes(Profile::PdfPades) {
            may_sign(entry.as_ref(), press.seal(), &press.signer().certificate, now)?;
            let name = document_signer(department);
            self.check_signer(&name, press.signer(), Usage::Document, &revocations, now)?;
        }
        if let Some(stamp) = press.national() {
            national::check_dates(&stamp.seal, now).map_err(wrong_form(press.seal()))?;
            let name = national_signer(department);
            self.check_signer(&name, &stamp.signer, Usage::Document, &revocations, now)?;
        }
        match self.check_signer(
            TOKEN_SIGNER,
            press.token_signer(),
            Usage::Token,
            &revocations,
            now,
        ) {
            // Verifiers know token signers from the trust list and build no path for them.
            Err(IssueError::Signer { source, .. })
                if !matches!(
                    source,
                    PathError::Revoked { .. } | PathError::Expired { .. } | PathError::NotYetValid { .. }
                ) =>
            {
                Ok(())
            }
            checked => checked,
        }
    }

    /// A signer certificate that verifiers would refuse signs nothing: expired, revoked, of another use.
    /// A revocation list that is overdue does not stop issuing; it is the verifiers who will wait for it.
    fn check_signer(
        &self,
        name: &str,
        identity: &SigningIdentity,
        usage: Usage,
        revocations: &Revocations,
        now: Timestamp,
    ) -> Result<(), IssueError> {
        let context = PathContext {
            anchors: &Certificates::of(&self.anchors),
            revocations,
            at: now,
            usage,
            policy: AlgorithmPolicy::built_in(),
            policies: &[],
            policy_at: now,
            now,
            existence: Existence::UNPROVEN,
            work: &Work::default(),
        };
        let issuers = Certificates::of(identity.issuers.iter());
        let path =
            validate(&identity.certificate, &[&issuers], &context).map_err(|source| IssueError::Signer {
                name: name.to_owned(),
                source,
            })?;
        let is_overdue = path.undecided().next().is_some();
        if self.told.swap(is_overdue, Ordering::Relaxed) != is_overdue && is_overdue {
            tracing::warn!("吊销列表过期，请运行 certseal key crl (revocation lists are overdue)");
        }
        Ok(())
    }

    /// The press made before, or a new one where a key was renewed since. A seal goes on with the signer it
    /// permits until there is a seal for the new one.
    fn prepared(
        &self,
        workshop: &Workshop,
        certificate_type: &Arc<CertificateType>,
        seal: &Arc<Seal>,
    ) -> Result<Arc<Press>, IssueError> {
        let key = (certificate_type.key.clone(), seal.code().to_string());
        let before = self.presses().get(&key).cloned();
        let token_signer = self.keys.identity(TOKEN_SIGNER)?;
        let mut signer = self
            .keys
            .identity(&document_signer(&certificate_type.department))?;
        if let Some(press) = before {
            if !seal.permits(&x509::fingerprint(&signer.certificate)) {
                signer = Arc::clone(press.signer());
            }
            if Arc::ptr_eq(&signer, press.signer())
                && Arc::ptr_eq(&token_signer, press.token_signer())
                && self.is_still(press.national(), certificate_type, seal)?
            {
                return Ok(press);
            }
        }
        let national = certificate_type.profiles.contains(&Profile::OfdGb38540);
        let national = national
            .then(|| self.national(certificate_type, seal))
            .transpose()?;
        let press = Arc::new(Press::new(PressParts {
            typesetter: workshop.typesetter(certificate_type)?,
            seal: Arc::clone(seal),
            signer,
            national,
            token_signer,
            host: self.host.clone(),
            timestamps: self.timestamps.clone(),
        })?);
        self.presses().insert(key, Arc::clone(&press));
        Ok(press)
    }

    /// The national form of a seal, as it is now.
    fn national(&self, certificate_type: &CertificateType, seal: &Seal) -> Result<NationalStamp, IssueError> {
        let bytes = (self.national_seals)(seal.code()).map_err(|error| wrong_form(seal)(error.into()))?;
        let name = national_signer(&certificate_type.department);
        let signer = self.keys.identity(&name)?;
        national::open(bytes, seal.code(), signer, &self.national_makers).map_err(wrong_form(seal))
    }

    /// Whether the national form of a seal, and who signs under it, are still those that a press was prepared with.
    fn is_still(
        &self,
        stamp: Option<&NationalStamp>,
        certificate_type: &CertificateType,
        seal: &Seal,
    ) -> Result<bool, IssueError> {
        let Some(stamp) = stamp else { return Ok(true) };
        let bytes = (self.national_seals)(seal.code()).map_err(|error| wrong_form(seal)(error.into()))?;
        let name = national_signer(&certificate_type.department);
        let signer = self.keys.identity(&name)?;
        Ok(bytes.is_some_and(|bytes| bytes == stamp.seal.bytes()) && Arc::ptr_eq(&signer, &stamp.signer))
    }

    fn presses(&self) -> std::sync::MutexGuard<'_, BTreeMap<(String, String), Arc<Press>>> {
        self.presses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn usual_seal(
        &self,
        certificate_type: &CertificateType,
        issuer: &Issuer,
        now: Timestamp,
    ) -> Result<Arc<Seal>, IssueError> {
        let mut of_the_kind = Vec::new();
        for record in self.registry.seals().await? {
            let seal = self.open_seal(&record)?;
            if seal.owner_code().as_str() == issuer.code && seal.kind().key() == certificate_type.seal {
                of_the_kind.push((record, seal));
            }
        }
        if of_the_kind.len() > 1 {
            // A renewed signer certificate has a seal of its own beside its predecessor's.
            let signer = self
                .keys
                .identity(&document_signer(&certificate_type.department))?;
            of_the_kind.sort_by_key(|(record, seal)| {
                let permits = seal.permits(&x509::fingerprint(&signer.certificate));
                let in_force = record.status == SealStatus::InForce && seal.in_force_at(now);
                (permits && in_force, permits, in_force, seal.made_at())
            });
        }
        let found = of_the_kind.pop().map(|(_, seal)| seal);
        found.ok_or_else(|| IssueError::NoSeal {
            department: certificate_type.department.clone(),
            kind: certificate_type.seal.clone(),
        })
    }

    /// A registered seal, its maker's signature checked.
    pub(super) fn open_seal(&self, record: &SealRecord) -> Result<Arc<Seal>, IssueError> {
        let seals = || self.seals.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seal) = seals().get(&record.id) {
            return Ok(Arc::clone(seal));
        }
        let wrong = |source| IssueError::SealDefinition {
            id: record.id.clone(),
            source,
        };
        let signed = SignedSeal::parse(&record.definition).map_err(wrong)?;
        let mut last = None;
        for maker in &self.seal_makers {
            match signed.verify(maker) {
                Ok(seal) => {
                    let seal = Arc::new(seal.clone());
                    seals().insert(record.id.clone(), Arc::clone(&seal));
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
}
