//! What the authority publishes about its X.509 certificates: the CA certificates and revocation lists.

use std::{fs, io, path::Path};

use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use x509_cert::ext::pkix::CrlReason;

use super::{
    CA, Home, HomeError, LIST_KEY, ROOT, SEAL_ROOT, SM2_CA, SM2_ROOT, SM2_SEAL_ROOT,
    authorities::{AUTHORITIES, generation},
    files::Turn,
    founding::later,
    read, write,
};
use crate::{
    codes::CodeError,
    crypto::{
        IdentityError, KeyFileError, KeyFolder, KeyFolderError, SignerError,
        authority::{AuthorityError, CertificateAuthority, Revocation},
        identity::read_chain,
        x509::{self, X509Error},
    },
    issue::{IssueError, TOKEN_SIGNER, UnusableList},
    seal::{
        SealError,
        impression::ImpressionError,
        ses::{PictureError, SesMakeError},
    },
    trust::{path::PathError, revocation::Revocations},
};

/// Days until the next list of the issuing CA is due.
const CRL_DAYS: i64 = 30;
/// The same for roots, whose keys come out of the safe once a year.
const ROOT_CRL_DAYS: i64 = 365;

/// Why the authority's own certificates, lists or seals cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PkiError {
    /// The authority issues nothing.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// A key file.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// An X.509 certificate.
    #[error(transparent)]
    X509(#[from] X509Error),
    /// The key could not sign.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// A credit code.
    #[error(transparent)]
    Code(#[from] CodeError),
    /// A seal.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A national seal.
    #[error(transparent)]
    Ses(#[from] SesMakeError),
    /// The picture of a national seal.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// An impression.
    #[error(transparent)]
    Impression(#[from] ImpressionError),
    /// The register refuses a seal.
    #[error(transparent)]
    Register(Box<IssueError>),
    /// The department does not issue here.
    #[error("部门 {0} 未在 certseal.toml 中登记为颁证机构 (department is not an issuer here)")]
    NoIssuer(String),
    /// A seal of the number is registered.
    #[error("印章编号 {0} 已登记 (the seal is registered already)")]
    SealNumberTaken(String),
    /// The numbers of the region are used up.
    #[error("印章编号已用尽 (no seal number is left)")]
    NoSealNumber,
    /// A revocation list of our own.
    #[error(transparent)]
    List(#[from] UnusableList),
    /// The seal maker may not make seals now.
    #[error("制章者证书不可用：{0} (the seal maker's certificate)")]
    SealMaker(#[from] PathError),
    /// No certificate of that name was issued here.
    #[error("没有名为 {0} 的签章证书 (no such signer certificate)")]
    UnknownName(String),
    /// An authority cannot be revoked while it issues, and a root not at all.
    #[error("{0} 不能吊销：根证书只能从信任列表中除名，签发 CA 须先换发 (cannot be revoked)")]
    NotRevocable(String),
    /// The list of revocations is damaged.
    #[error("吊销记录 revocations.json 已损坏：{0} (damaged)")]
    Revocations(#[from] serde_json::Error),
    /// An instant outside the calendar.
    #[error("时间超出历法范围 (instant out of range)")]
    OutOfCalendar,
    /// No randomness.
    #[error("操作系统未能提供随机数 (no randomness)")]
    NoRandomness,
    /// Fewer keys than names, which cannot be.
    #[error("密钥未全部生成 (keys are missing)")]
    Incomplete,
}

/// A key of the installation.
#[derive(Debug, Clone, Serialize)]
pub struct KeyEntry {
    /// Name of its files.
    pub name: String,
    /// Subject of its X.509 certificate.
    pub subject: String,
    /// Serial number of the certificate, hexadecimal.
    pub serial: String,
    /// Name of the authority of ours that issued it; none for roots and for certificates from elsewhere.
    pub issuer: Option<String>,
    /// First valid second.
    pub not_before: Timestamp,
    /// Last valid second.
    pub not_after: Timestamp,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

/// What `revocations.json` keeps between lists.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RevocationBook {
    /// Number of the latest lists.
    number: u64,
    revoked: Vec<Revoked>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Revoked {
    name: String,
    serial: String,
    /// Name of the authority whose list it stands on.
    issuer: String,
    at: Timestamp,
    reason: RevocationReason,
}

/// Why an X.509 certificate is revoked (RFC 5280 §5.3.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RevocationReason {
    /// Somebody else has the key, or may have it.
    #[default]
    KeyCompromise,
    /// The keeper or the department is another.
    AffiliationChanged,
    /// Another certificate took its place.
    Superseded,
    /// It is not used any more.
    CessationOfOperation,
}

impl RevocationReason {
    /// Every reason.
    pub const ALL: [Self; 4] = [
        Self::KeyCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
    ];

    /// Its key in files and on the command line.
    pub fn key(self) -> &'static str {
        match self {
            Self::KeyCompromise => "key-compromise",
            Self::AffiliationChanged => "affiliation-changed",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessation-of-operation",
        }
    }

    /// As a revocation list says it. An authority whose key leaked is another matter than a signer.
    fn on_list(self, of_an_authority: bool) -> CrlReason {
        match self {
            Self::KeyCompromise if of_an_authority => CrlReason::CaCompromise,
            Self::KeyCompromise => CrlReason::KeyCompromise,
            Self::AffiliationChanged => CrlReason::AffiliationChanged,
            Self::Superseded => CrlReason::Superseded,
            Self::CessationOfOperation => CrlReason::CessationOfOperation,
        }
    }
}

/// What is to be revoked.
#[derive(Debug, Clone, Default)]
pub struct Revoke {
    /// Names of keys.
    pub names: Vec<String>,
    /// Why.
    pub reason: RevocationReason,
}

/// Revocation lists issued anew.
#[derive(Debug, Clone, Default, Serialize)]
pub struct RenewedLists {
    /// Names of the authorities whose lists they are.
    pub lists: Vec<String>,
    /// Former issuing CAs whose key is not here: their lists stay as they were.
    pub without_key: Vec<String>,
    /// Number of the trust list that withdraws a revoked token signer.
    pub trust_list: Option<u64>,
}

impl Home {
    fn revocation_book(&self) -> Result<RevocationBook, HomeError> {
        let path = self.pki_path().join("revocations.json");
        if !path.exists() {
            return Ok(RevocationBook::default());
        }
        Ok(serde_json::from_slice(&read(&path)?).map_err(PkiError::from)?)
    }

    /// Keys with their X.509 certificates, by name.
    pub fn keys(&self) -> Result<Vec<KeyEntry>, HomeError> {
        let folder = self.keys_path();
        let failed = |source| HomeError::Io {
            path: folder.clone(),
            source,
        };
        let revocations = self.revocation_book()?;
        let mut authorities = Vec::new();
        for kind in AUTHORITIES {
            for name in self.generations(kind)? {
                authorities.push((self.authority_certificate(&name)?, name));
            }
        }
        let mut entries = Vec::new();
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_none_or(|extension| extension != "pem") {
                continue;
            }
            let name = path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let mut chain = read_chain(&path)?.into_iter();
            let Some(leaf) = chain.next() else { continue };
            let above = chain.next();
            let issuer = authorities
                .iter()
                .find(|(certificate, _)| Some(certificate) == above.as_ref())
                .map(|(_, name)| name.clone());
            let certificate = x509::parse(&leaf).map_err(PkiError::from)?;
            let (not_before, not_after) = x509::validity(&certificate);
            let serial = hex::encode(certificate.tbs_certificate().serial_number().as_bytes());
            entries.push(KeyEntry {
                revoked_at: revocations
                    .revoked
                    .iter()
                    .find(|r| r.serial == serial)
                    .map(|r| r.at),
                name,
                subject: x509::subject_text(&certificate),
                serial,
                issuer,
                not_before,
                not_after,
            });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// Revokes X.509 certificates by the names of their keys and issues revocation lists anew: those of the
    /// issuing CA and its forerunners that have not ended, of whoever issued what is revoked, and, if asked
    /// for, of the roots. Only the keys of these authorities are needed, and the trust list's where a token
    /// signer is revoked: verifiers know token signers by the trust list and by nothing else.
    pub fn renew_revocation_lists(
        &self,
        revoke: &Revoke,
        roots: bool,
        keys: &KeyFolder,
        now: Timestamp,
    ) -> Result<RenewedLists, HomeError> {
        // 1. Everything that is needed is at hand before anything changes.
        let _turn = Turn::of(&self.root)?;
        let known = self.keys()?;
        let mut revocations = self.revocation_book()?;
        let mut needed = vec![self.present(CA)?];
        needed.extend(self.generations(SM2_CA)?.pop());
        let mut withdrawn = Vec::new();
        for name in &revoke.names {
            let key = known
                .iter()
                .find(|key| key.name == *name)
                .ok_or_else(|| PkiError::UnknownName(name.clone()))?;
            let issuer = match (&key.issuer, generation(name)) {
                (None, Some(_)) => return Err(PkiError::NotRevocable(name.clone()).into()),
                (_, Some((kind, _))) if self.present(kind)? == *name => {
                    return Err(PkiError::NotRevocable(name.clone()).into());
                }
                (Some(issuer), _) => issuer,
                (None, None) => return Err(PkiError::UnknownName(name.clone()).into()),
            };
            needed.push(issuer.clone());
            if is_kept_as(name, TOKEN_SIGNER) {
                withdrawn.push((self.authority_certificate(name)?, key.revoked_at.unwrap_or(now)));
            }
            if revocations.revoked.iter().all(|r| r.serial != key.serial) {
                revocations.revoked.push(Revoked {
                    name: name.clone(),
                    serial: key.serial.clone(),
                    issuer: issuer.clone(),
                    at: now,
                    reason: revoke.reason,
                });
            }
        }
        if roots {
            needed.extend([self.present(ROOT)?, self.present(SEAL_ROOT)?]);
            for kind in [SM2_ROOT, SM2_SEAL_ROOT] {
                needed.extend(self.generations(kind)?.pop());
            }
        }
        let mut renewed = RenewedLists::default();
        let mut authorities = Vec::new();
        for key in known.iter().filter(|key| key.not_after >= now) {
            let due = match generation(&key.name) {
                Some((CA | SM2_CA, _)) => true,
                Some(_) => roots || needed.contains(&key.name),
                None => false,
            };
            if !due {
                continue;
            }
            match self.authority(&key.name, keys) {
                Ok(authority) => authorities.push((key.name.clone(), authority)),
                // The key of a forerunner may be gone with what it issued; what ends then is said.
                Err(error) if needed.contains(&key.name) || !is_missing(&error) => return Err(error),
                Err(_) => renewed.without_key.push(key.name.clone()),
            }
        }
        let list_signer = if withdrawn.is_empty() {
            None
        } else {
            Some(keys.identity(LIST_KEY)?)
        };

        // 2. A revocation is on record before a list has it: a crash between the two loses none.
        self.write_revocations(&revocations)?;
        self.issue_revocation_lists(&authorities, now)?;
        renewed.lists = authorities.into_iter().map(|(name, _)| name).collect();
        if let Some(list_signer) = list_signer {
            renewed.trust_list = Some(self.withdraw_token_signers(&withdrawn, &*list_signer.signer, now)?);
        }
        Ok(renewed)
    }

    pub(super) fn publish_authorities(
        &self,
        authorities: &[(String, CertificateAuthority)],
    ) -> Result<(), HomeError> {
        for (name, authority) in authorities {
            write(
                &self.pki_path().join(format!("{name}.cer")),
                authority.certificate(),
            )?;
        }
        Ok(())
    }

    pub(super) fn issue_revocation_lists(
        &self,
        authorities: &[(String, CertificateAuthority)],
        now: Timestamp,
    ) -> Result<(), HomeError> {
        let mut revocations = self.revocation_book()?;
        revocations.number += 1;
        // The number is kept before it is used: a crash between the two skips one, never repeats one.
        self.write_revocations(&revocations)?;
        for (name, authority) in authorities {
            let lines: Vec<Revocation> = revocations
                .revoked
                .iter()
                .filter(|revoked| revoked.issuer == *name)
                .map(|revoked| {
                    let reason = revoked.reason.on_list(generation(&revoked.name).is_some());
                    Ok(Revocation {
                        serial: hex::decode(&revoked.serial).map_err(|_| PkiError::Incomplete)?,
                        revoked_at: revoked.at,
                        reason: Some(reason),
                    })
                })
                .collect::<Result<_, PkiError>>()?;
            let days = match generation(name) {
                Some((CA | SM2_CA, _)) => CRL_DAYS,
                _ => ROOT_CRL_DAYS,
            };
            let next = later(now, Span::new().days(days))?;
            let list = authority
                .revocation_list(revocations.number, now, next, &lines)
                .map_err(PkiError::from)?;
            write(&self.pki_path().join(format!("{name}.crl")), &list)?;
        }
        Ok(())
    }

    fn write_revocations(&self, revocations: &RevocationBook) -> Result<(), HomeError> {
        let text = serde_json::to_vec_pretty(revocations).map_err(PkiError::from)?;
        write(&self.pki_path().join("revocations.json"), &text)
    }
}

/// Whether a key is the one of that name, present or kept from before a renewal.
pub(super) fn is_kept_as(name: &str, of: &str) -> bool {
    name.strip_prefix(of)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// Whether an authority cannot sign because its key file is not here.
fn is_missing(error: &HomeError) -> bool {
    let HomeError::Key(KeyFolderError::Identity { source, .. }) = error else {
        return false;
    };
    matches!(source, IdentityError::Key(KeyFileError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound)
}

/// The lists of these authorities. One that is missing or damaged is an error: what it revokes would go
/// on signing.
pub(super) fn lists_of(folder: &Path, authorities: &[String]) -> Result<Revocations, UnusableList> {
    let mut lists = Revocations::default();
    for name in authorities {
        let path = folder.join(format!("{name}.crl"));
        let read = match fs::read(&path) {
            Ok(der) => lists.add_crl(&der).map_err(Into::into),
            Err(source) => Err(source.into()),
        };
        read.map_err(|source| UnusableList { path, source })?;
    }
    Ok(lists)
}
