//! The trust list of an installation: reading it, and, where its key is kept, growing it.

use std::{fs, path::Path, sync::Arc};

use jiff::{Span, Timestamp, civil::Date};

use super::{CA, Home, HomeError, LIST_KEY, ROOT, SEAL_ROOT, founding::later, pki::files, read, write};
use crate::{
    crypto::{
        Signer,
        identity::{chain_pem, read_chain},
        x509::{self, X509Error},
    },
    issue::TOKEN_SIGNER,
    limits::MAX_TRUST_LIST_BYTES,
    registry::SealRecord,
    trust::list::{
        Agreement, Authority, AuthorityStatus, Der, ListError, SeenList, StatusChange, TrustList,
        TrustListContent, TypeGrant,
    },
    verify::TrustMaterial,
};

/// Name of an authority's description in the folder it exports.
const AUTHORITY: &str = "authority.json";

/// Days until the next list is due.
const LIST_DAYS: i64 = 90;

/// Why the trust list cannot be used or grown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustStoreError {
    /// The list itself.
    #[error("信任列表 {path} 不可用 (trust list)")]
    List {
        /// The file.
        path: String,
        /// What is wrong.
        source: ListError,
    },
    /// The file of an authority.
    #[error("机构说明文件 {path} 不可用 (description of an authority)")]
    Authority {
        /// The file.
        path: String,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// The file of an authority speaks for ourselves.
    #[error(
        "{path} 所述机构 {id} 自称代表本机构或为本机构的部门担保，不予收录 (claims to be or to vouch for us)"
    )]
    ClaimsOurs {
        /// The file.
        path: String,
        /// What it calls itself.
        id: String,
    },
    /// The list key's certificate.
    #[error(transparent)]
    X509(#[from] X509Error),
    /// The record of the newest list seen is damaged.
    #[error("trust/seen.json 已损坏：{0} (damaged)")]
    Seen(serde_json::Error),
}

impl Home {
    fn list_path(&self) -> std::path::PathBuf {
        self.path().join("trust/trust-list.json")
    }

    /// Where the authority describes itself, for others' lists.
    pub fn own_authority_path(&self) -> std::path::PathBuf {
        self.path().join("trust/authority.json")
    }

    /// The trust list, or another file signed by the same list key. A list older than one seen before
    /// is refused; a newer one is remembered.
    pub fn trust_list(&self, other: Option<&Path>) -> Result<TrustList, HomeError> {
        let path = other.map_or_else(|| self.list_path(), Path::to_owned);
        let file = read_limited(&path)?;
        let seen_path = self.path().join("trust/seen.json");
        let seen: Option<SeenList> = match fs::read(&seen_path) {
            Ok(bytes) => Some(serde_json::from_slice(&bytes).map_err(TrustStoreError::Seen)?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            // What cannot be read may name a newer list than the one offered.
            Err(source) => {
                return Err(HomeError::Io {
                    path: seen_path,
                    source,
                });
            }
        };
        let mut opened = Err(ListError::UnsuitableKey);
        for key in self.list_keys()? {
            opened = TrustList::open(&file, &key, seen);
            if !matches!(opened, Err(ListError::OtherKey)) {
                break;
            }
        }
        let list = opened.map_err(|source| TrustStoreError::List {
            path: path.display().to_string(),
            source,
        })?;
        if seen.is_none_or(|seen| seen.sequence < list.seen().sequence) {
            let bytes = serde_json::to_vec_pretty(&list.seen()).map_err(TrustStoreError::Seen)?;
            write(&seen_path, &bytes)?;
        }
        Ok(list)
    }

    /// DER of each SubjectPublicKeyInfo the list is checked with: one, or two while its key is renewed.
    /// CA certificates that follow in the file vouch for these and sign no lists.
    fn list_keys(&self) -> Result<Vec<Vec<u8>>, HomeError> {
        let mut keys = Vec::new();
        for der in read_chain(&self.path().join("trust/list-key.pem"))? {
            let certificate = x509::parse(&der).map_err(TrustStoreError::from)?;
            if !x509::is_authority(&certificate) {
                keys.push(x509::public_key_info(&certificate).map_err(TrustStoreError::from)?);
            }
        }
        Ok(keys)
    }

    /// From now on takes lists signed with the keys of these X.509 certificates, and no others.
    pub(super) fn accept_list_keys<'a>(
        &self,
        certificates: impl IntoIterator<Item = &'a Vec<u8>>,
    ) -> Result<(), HomeError> {
        let text = chain_pem(certificates)?;
        write(&self.path().join("trust/list-key.pem"), text.as_bytes())
    }

    /// Names one more token signer of ours beside those before it, in our own description and in the
    /// next list; gives the list's number.
    pub(super) fn list_token_signer(
        &self,
        certificate: &[u8],
        list_signer: &dyn Signer,
        now: Timestamp,
    ) -> Result<u64, HomeError> {
        let damaged = |source| TrustStoreError::Authority {
            path: self.own_authority_path().display().to_string(),
            source,
        };
        let mut own: Authority =
            serde_json::from_slice(&read(&self.own_authority_path())?).map_err(damaged)?;
        own.token_signers.push(Der(certificate.into()));
        let text = serde_json::to_vec_pretty(&own).map_err(damaged)?;
        write(&self.own_authority_path(), &text)?;
        let mut content = self.trust_list(None)?.content().clone();
        for listed in content
            .authorities
            .iter_mut()
            .filter(|listed| listed.id == own.id)
        {
            listed.token_signers.clone_from(&own.token_signers);
        }
        self.sign_list(content, list_signer, now)?;
        Ok(self.trust_list(None)?.content().sequence)
    }

    /// Revocation lists at hand: the authority's own and those of others.
    pub fn revocation_lists(&self) -> Result<Vec<Vec<u8>>, HomeError> {
        let mut lists = files(&self.pki_path(), "crl")?;
        lists.extend(files(&self.path().join("trust/crls"), "crl")?);
        Ok(lists)
    }

    /// Seals at hand, as their makers made them: the authority's own and those of others. Whether one
    /// was suspended or destroyed since only its register knows.
    pub fn seals(&self) -> Result<Vec<Vec<u8>>, HomeError> {
        let mut seals = files(&self.pki_path(), "seal")?;
        seals.extend(files(&self.path().join("trust/seals"), "seal")?);
        Ok(seals)
    }

    /// Everything a verifier here rests on: the trust list, revocation lists and seals at hand.
    pub fn trust_material(&self, other_list: Option<&Path>) -> Result<TrustMaterial, HomeError> {
        Ok(TrustMaterial {
            crls: self.revocation_lists()?,
            seals: self.seals()?,
            list: Some(Arc::new(self.trust_list(other_list)?)),
            ..TrustMaterial::default()
        })
    }

    /// Writes what another authority needs to recognise our certificates: who we are, our revocation
    /// lists, our seals.
    pub fn export_authority(&self, to: &Path, seals: &[SealRecord]) -> Result<(), HomeError> {
        let failed = |source| HomeError::Io {
            path: to.to_owned(),
            source,
        };
        fs::create_dir_all(to).map_err(failed)?;
        write(&to.join(AUTHORITY), &read(&self.own_authority_path())?)?;
        for (name, list) in [ROOT, CA, SEAL_ROOT]
            .iter()
            .map(|name| (name, format!("{name}.crl")))
        {
            let bytes = read(&self.pki_path().join(&list))?;
            write(&to.join(format!("{}-{name}.crl", self.config.authority)), &bytes)?;
        }
        for seal in seals {
            write(&to.join(format!("{}.seal", seal.id)), &seal.definition)?;
        }
        Ok(())
    }

    /// Enters another authority from the folder it exported, with an agreement that its certificates
    /// are accepted here, and signs the next list. An entry of the same id is replaced; our own is not.
    pub fn list_authority(
        &self,
        from: &Path,
        list_signer: &dyn Signer,
        now: Timestamp,
    ) -> Result<TrustList, HomeError> {
        let file = from.join(AUTHORITY);
        let authority: Authority =
            serde_json::from_slice(&read_limited(&file)?).map_err(|source| TrustStoreError::Authority {
                path: file.display().to_string(),
                source,
            })?;
        // Who may speak for us is not for others to say: an entry of our id would take the place of ours.
        let mut ours = self.config.departments.iter();
        if authority.id == self.config.authority
            || ours.any(|department| authority.vouches_for(&department.code))
        {
            return Err(TrustStoreError::ClaimsOurs {
                path: file.display().to_string(),
                id: authority.id,
            }
            .into());
        }
        // Lists and seals are signed themselves: taking them in believes nothing.
        for (ending, folder) in [("crl", "trust/crls"), ("seal", "trust/seals")] {
            take_in(from, ending, &self.path().join(folder))?;
        }
        let mut content = self.trust_list(None)?.content().clone();
        content.authorities.retain(|known| known.id != authority.id);
        content
            .agreements
            .retain(|known| known.from_region != authority.region);
        // With ourselves there is nothing to agree.
        let elsewhere = authority.region != self.config.region;
        content.agreements.extend(elsewhere.then(|| Agreement {
            from_region: authority.region.clone(),
            to_region: self.config.region.clone(),
            types: Vec::new(),
            from: first_day(),
            until: None,
            status_required: false,
            conditions: Vec::new(),
        }));
        content.authorities.push(authority);
        self.sign_list(content, list_signer, now)?;
        self.trust_list(None)
    }

    /// Signs the next list with the same content: the present one is due for renewal.
    pub fn renew_trust_list(&self, list_signer: &dyn Signer, now: Timestamp) -> Result<TrustList, HomeError> {
        let content = self.trust_list(None)?.content().clone();
        self.sign_list(content, list_signer, now)?;
        self.trust_list(None)
    }

    pub(super) fn write_own_authority(&self, now: Timestamp) -> Result<(), HomeError> {
        let leaf = |name: &str| -> Result<Der, HomeError> {
            let chain = read_chain(&self.keys_path().join(format!("{name}.pem")))?;
            Ok(Der(chain.into_iter().next().unwrap_or_default().into()))
        };
        let authority = Authority {
            id: self.config.authority.clone(),
            name: format!("{}人民政府", self.config.region_name),
            region: self.config.region.clone(),
            anchors: vec![leaf(ROOT)?],
            token_signers: vec![leaf(TOKEN_SIGNER)?],
            seal_makers: vec![leaf(SEAL_ROOT)?],
            issuers: self
                .config
                .departments
                .iter()
                .map(|department| department.code.clone())
                .collect(),
            types: self
                .catalogue
                .types()
                .map(|t| TypeGrant {
                    code: t.code.clone(),
                    name: t.name.clone(),
                    regions: Vec::new(),
                    from: first_day(),
                    until: None,
                })
                .collect(),
            valid_from: now,
            valid_until: None,
            history: vec![StatusChange {
                status: AuthorityStatus::Granted,
                since: now,
                reason: "建立".to_owned(),
            }],
        };
        let text = serde_json::to_vec_pretty(&authority).map_err(|source| TrustStoreError::Authority {
            path: self.own_authority_path().display().to_string(),
            source,
        })?;
        write(&self.own_authority_path(), &text)
    }

    pub(super) fn write_first_trust_list(
        &self,
        list_signer: &dyn Signer,
        now: Timestamp,
    ) -> Result<(), HomeError> {
        let key = read(&self.keys_path().join(format!("{LIST_KEY}.pem")))?;
        write(&self.path().join("trust/list-key.pem"), &key)?;
        let own = read(&self.own_authority_path())?;
        let own = serde_json::from_slice(&own).map_err(|source| TrustStoreError::Authority {
            path: self.own_authority_path().display().to_string(),
            source,
        })?;
        let content = TrustListContent {
            schema: TrustListContent::SCHEMA.to_owned(),
            operator: format!("{}人民政府", self.config.region_name),
            sequence: 0,
            issued_at: now,
            next_update: now,
            authorities: vec![own],
            agreements: Vec::new(),
        };
        self.sign_list(content, list_signer, now)
    }

    fn sign_list(
        &self,
        mut content: TrustListContent,
        signer: &dyn Signer,
        now: Timestamp,
    ) -> Result<(), HomeError> {
        content.sequence += 1;
        content.issued_at = now;
        content.next_update = later(now, Span::new().days(LIST_DAYS))?;
        let file = TrustList::sign(&content, signer).map_err(|source| TrustStoreError::List {
            path: self.list_path().display().to_string(),
            source,
        })?;
        write(&self.list_path(), &file)
    }
}

/// The day from which the province wants certificates sealed: earlier ones are in nobody's list.
fn first_day() -> Date {
    Date::constant(1990, 1, 1)
}

/// Copies every file with this ending.
fn take_in(from: &Path, ending: &str, to: &Path) -> Result<(), HomeError> {
    let failed = |source| HomeError::Io {
        path: from.to_owned(),
        source,
    };
    fs::create_dir_all(to).map_err(failed)?;
    for entry in fs::read_dir(from).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if let Some(name) = path
            .file_name()
            .filter(|_| path.extension().is_some_and(|e| e == ending))
        {
            write(&to.join(name), &read_limited(&path)?)?;
        }
    }
    Ok(())
}

fn read_limited(path: &Path) -> Result<Vec<u8>, HomeError> {
    let size = fs::metadata(path).map(|data| data.len()).unwrap_or_default();
    if size > MAX_TRUST_LIST_BYTES as u64 {
        return Err(TrustStoreError::List {
            path: path.display().to_string(),
            source: ListError::TooLarge {
                limit: MAX_TRUST_LIST_BYTES,
            },
        }
        .into());
    }
    read(path)
}
