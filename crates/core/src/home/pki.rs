//! What the authority publishes about its X.509 certificates: the CA certificates and revocation lists.

use std::{fs, path::Path, sync::Arc};

use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use x509_cert::ext::pkix::CrlReason;

use super::{
    CA, Home, HomeError, LIST_KEY, ROOT, SEAL_MAKER, SEAL_ROOT, files::Turn, founding::later, read, write,
};
use crate::{
    codes::CodeError,
    crypto::{
        KeyFileError, KeyFolder, SignerError,
        authority::{AuthorityError, CertificateAuthority, Publication, Revocation},
        identity::read_chain,
        x509::{self, X509Error},
    },
    issue::{IssueError, TOKEN_SIGNER, UnusableList},
    seal::{SealError, impression::ImpressionError},
    trust::{crl::Crl, list::Der, path::PathError},
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
    /// First valid second.
    pub not_before: Timestamp,
    /// Last valid second.
    pub not_after: Timestamp,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

/// Lists that were signed.
#[derive(Debug, Clone, Serialize)]
pub struct SignedLists {
    /// Names of the authorities whose revocation lists were.
    pub revocation: Vec<&'static str>,
    /// Number of the trust list, where one was.
    pub trust_list: Option<u64>,
}

/// What `revocations.json` keeps between lists.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Revocations {
    /// Number of the latest lists.
    number: u64,
    revoked: Vec<Revoked>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Revoked {
    name: String,
    serial: String,
    at: Timestamp,
}

impl Home {
    fn revocations(&self) -> Result<Revocations, HomeError> {
        let path = self.pki_path().join("revocations.json");
        if !path.exists() {
            return Ok(Revocations::default());
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
        let revocations = self.revocations()?;
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
            let Some(leaf) = read_chain(&path)?.into_iter().next() else {
                continue;
            };
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
                not_before,
                not_after,
            });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// Revokes signer certificates by name and issues revocation lists anew: the issuing CA's, the seal
    /// root's if a seal maker is among them, both roots' if asked for. A token signer is known from the
    /// trust list, so that one that is revoked leaves it. Only keys of those authorities are needed.
    pub fn renew_revocation_lists(
        &self,
        revoke: &[String],
        roots: bool,
        keys: &KeyFolder,
        now: Timestamp,
    ) -> Result<SignedLists, HomeError> {
        let _turn = Turn::of(&self.root)?;
        // 1. Everything that is needed is at hand before anything changes.
        let known = self.keys()?;
        let mut revocations = self.revocations()?;
        let mut unlisted = Vec::new();
        for name in revoke {
            let key = known
                .iter()
                .find(|key| key.name == *name && ![ROOT, CA, SEAL_ROOT].contains(&name.as_str()));
            let key = key.ok_or_else(|| PkiError::UnknownName(name.clone()))?;
            if key.revoked_at.is_none() && revocations.revoked.iter().all(|r| r.serial != key.serial) {
                revocations.revoked.push(Revoked {
                    name: name.clone(),
                    serial: key.serial.clone(),
                    at: now,
                });
            }
            if is_token_signer(name) {
                let chain = read_chain(&self.keys_path().join(format!("{name}.pem")))?;
                unlisted.extend(chain.into_iter().take(1));
            }
        }
        let list_signer = if unlisted.is_empty() {
            None
        } else {
            Some(keys.identity(LIST_KEY)?)
        };
        let mut names = vec![CA];
        if roots || revoke.iter().any(|name| is_seal_maker(name)) {
            names.push(SEAL_ROOT);
        }
        if roots {
            names.push(ROOT);
        }
        let authorities = names
            .iter()
            .map(|name| Ok((*name, self.authority(name, keys)?)))
            .collect::<Result<Vec<_>, HomeError>>()?;

        // 2. A revocation is on record before a list has it: a crash between the two loses none.
        self.write_revocations(&revocations)?;
        self.issue_revocation_lists(&authorities, now)?;
        let mut trust_list = None;
        if let Some(list_signer) = list_signer {
            let unlist = |listed: &mut Vec<Der>| listed.retain(|der| !unlisted.iter().any(|u| *u == *der.0));
            trust_list = Some(self.list_token_signers(unlist, &*list_signer.signer, now)?);
        }
        Ok(SignedLists {
            revocation: names,
            trust_list,
        })
    }

    pub(super) fn authority(&self, name: &str, keys: &KeyFolder) -> Result<CertificateAuthority, HomeError> {
        let identity = keys.identity(name)?;
        let authority = CertificateAuthority::open(Arc::clone(&identity.signer), &identity.certificate)
            .map_err(PkiError::from)?;
        Ok(authority.publishing(Publication::on_host(&self.config.host, name)))
    }

    pub(super) fn publish_authorities(
        &self,
        authorities: &[(&'static str, CertificateAuthority)],
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
        authorities: &[(&'static str, CertificateAuthority)],
        now: Timestamp,
    ) -> Result<(), HomeError> {
        let mut revocations = self.revocations()?;
        revocations.number += 1;
        // The number is kept before it is used: a crash between the two skips one, never repeats one.
        self.write_revocations(&revocations)?;
        for (name, authority) in authorities {
            let name = *name;
            let own = |revoked: &&Revoked| match name {
                CA => !is_seal_maker(&revoked.name),
                SEAL_ROOT => is_seal_maker(&revoked.name),
                _ => false,
            };
            let lines: Vec<Revocation> = revocations
                .revoked
                .iter()
                .filter(own)
                .map(|revoked| Revocation {
                    serial: hex::decode(&revoked.serial).unwrap_or_default(),
                    revoked_at: revoked.at,
                    reason: Some(CrlReason::KeyCompromise),
                })
                .collect();
            let days = if name == CA { CRL_DAYS } else { ROOT_CRL_DAYS };
            let next = later(now, Span::new().days(days))?;
            let list = authority
                .revocation_list(revocations.number, now, next, &lines)
                .map_err(PkiError::from)?;
            write(&self.pki_path().join(format!("{name}.crl")), &list)?;
        }
        Ok(())
    }

    fn write_revocations(&self, revocations: &Revocations) -> Result<(), HomeError> {
        let text = serde_json::to_vec_pretty(revocations).map_err(PkiError::from)?;
        write(&self.pki_path().join("revocations.json"), &text)
    }
}

/// Whether a key is the seal maker's, present or kept from before a renewal.
pub(super) fn is_seal_maker(name: &str) -> bool {
    name.strip_prefix(SEAL_MAKER)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// Whether a key is the token signer's, present or kept from before a renewal.
fn is_token_signer(name: &str) -> bool {
    name.strip_prefix(TOKEN_SIGNER)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// The lists of these authorities. One that is missing or damaged is an error: what it revokes would go
/// on signing.
pub(super) fn lists_of(folder: &Path, authorities: &[&str]) -> Result<Vec<Crl>, UnusableList> {
    let list = |name: &&str| {
        let path = folder.join(format!("{name}.crl"));
        match fs::read(&path) {
            Ok(der) => Crl::parse(&der).map_err(|source| UnusableList {
                path,
                source: source.into(),
            }),
            Err(source) => Err(UnusableList {
                path,
                source: source.into(),
            }),
        }
    };
    authorities.iter().map(list).collect()
}
