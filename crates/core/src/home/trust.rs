//! The trust list of an installation: reading it, and, where its key is kept, growing it.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::{SignedDuration, Span, Timestamp, civil::Date};

use super::{
    Home, HomeError, LIST_KEY, ROOT, SEAL_ROOT,
    authorities::AUTHORITIES,
    files::{Turn, files, read_to},
    founding::later,
    national::is_national,
    read, write,
};
use crate::{
    catalogue::toml_fault,
    crypto::{
        AlgorithmPolicy, Signer,
        identity::{chain_pem, read_chain},
        x509::{self, X509Error, fingerprint},
    },
    issue::TOKEN_SIGNER,
    limits::MAX_TRUST_LIST_BYTES,
    registry::SealRecord,
    remark::{self, RemarkError},
    seal::SignedSeal,
    trust::list::{
        Agreement, Authority, AuthorityStatus, Der, ListError, SeenList, StatusChange, TrustList,
        TrustListContent, TypeGrant, WithdrawnSigner,
    },
    trust::{
        load::{self, LoadError, Loaded},
        revocation::{RevocationError, Revocations, crl::Crl},
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
    /// An authority of the list comes with other keys than the list has.
    #[error(
        "{path} 所述机构 {id} 的根证书或签名证书与信任列表所载不同，未收录：{difference} (its keys differ from those listed)"
    )]
    OtherKeys {
        /// The file.
        path: String,
        /// The authority.
        id: String,
        /// Which certificates came and went.
        difference: String,
    },
    /// The list has no such authority.
    #[error("信任列表没有机构 {0} (no such authority)")]
    NotListed(String),
    /// It is in that status already.
    #[error("机构 {0} 已是该状态 (nothing would change)")]
    SameStatus(String),
    /// Our own standing would be taken away.
    #[error("{0} 是本机构：此后签发的证照将不再被采信，此前的也只在时间有证明时有效 (this is ourselves)")]
    IsOurs(String),
    /// Why the status changes is not one line of text.
    #[error("事由{0}")]
    Reason(#[from] RemarkError),
    /// A revocation list at hand.
    #[error("{} 不是可用的吊销列表 (a revocation list that cannot be used)", path.display())]
    RevocationList {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: RevocationError,
    },
    /// A revocation list or seal of another authority is none.
    #[error("{} 不是可用的吊销列表或印章，未收录 (neither a revocation list nor a seal)", .0.display())]
    Unusable(PathBuf),
    /// The folder of revocation data.
    #[error("certseal.toml 中 [revocation] folder 所指目录不可用 (the folder of revocation data)")]
    Folder(#[source] LoadError),
    /// More revocation data than are kept at a time.
    #[error(transparent)]
    TooMuch(RevocationError),
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
        let seen = self.seen_list()?;
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
        let is_newer = |seen: Option<SeenList>| seen.is_none_or(|seen| seen.sequence < list.seen().sequence);
        if is_newer(seen) {
            // Another process may have seen a newer one still in the meantime.
            let _turn = Turn::of(&self.path().join("trust"))?;
            if is_newer(self.seen_list()?) {
                let bytes = serde_json::to_vec_pretty(&list.seen()).map_err(TrustStoreError::Seen)?;
                write(&self.seen_path(), &bytes)?;
            }
        }
        Ok(list)
    }

    fn seen_path(&self) -> std::path::PathBuf {
        self.path().join("trust/seen.json")
    }

    /// The newest list seen so far. A record that is there and cannot be read is no leave to go back.
    fn seen_list(&self) -> Result<Option<SeenList>, HomeError> {
        let path = self.seen_path();
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(
                serde_json::from_slice(&bytes).map_err(TrustStoreError::Seen)?,
            )),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(HomeError::Io { path, source }),
        }
    }

    /// DER of each SubjectPublicKeyInfo the list is checked with: one, or two while its key is renewed.
    /// CA certificates that follow in the file vouch for these and sign no lists.
    fn list_keys(&self) -> Result<Vec<Vec<u8>>, HomeError> {
        let mut keys = Vec::new();
        for der in read_chain(&self.path().join("trust/list-key.pem"))? {
            let certificate = x509::parse(&der).map_err(TrustStoreError::from)?;
            if !x509::is_authority(&certificate) {
                let key = x509::public_key_info(&der).map_err(TrustStoreError::from)?;
                keys.push(key.to_vec());
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

    /// Changes our own description and our entry of the trust list alike, and signs the next list; gives
    /// its number.
    pub(super) fn amend_own_entry(
        &self,
        list_signer: &dyn Signer,
        now: Timestamp,
        change: impl Fn(&mut Authority),
    ) -> Result<u64, HomeError> {
        let damaged = |source| TrustStoreError::Authority {
            path: self.own_authority_path().display().to_string(),
            source,
        };
        let mut own: Authority =
            serde_json::from_slice(&read(&self.own_authority_path())?).map_err(damaged)?;
        let mut content = self.trust_list(None)?.content().clone();
        change(&mut own);
        let text = serde_json::to_vec_pretty(&own).map_err(damaged)?;
        write(&self.own_authority_path(), &text)?;
        // A keeper of the list may have changed our entry since: only the change is taken over.
        content
            .authorities
            .iter_mut()
            .filter(|listed| listed.id == own.id)
            .for_each(change);
        self.sign_list(content, list_signer, now)?;
        Ok(self.trust_list(None)?.content().sequence)
    }

    /// From now on tokens of these signers are believed only where something else proves that they are
    /// older than the given instants.
    pub(super) fn withdraw_token_signers(
        &self,
        signers: &[(Vec<u8>, Timestamp)],
        list_signer: &dyn Signer,
        now: Timestamp,
    ) -> Result<u64, HomeError> {
        self.amend_own_entry(list_signer, now, |own| {
            for (certificate, since) in signers {
                let signer = hex::encode(x509::fingerprint(certificate));
                if own
                    .withdrawn_token_signers
                    .iter()
                    .all(|known| known.signer != signer)
                {
                    let since = *since;
                    own.withdrawn_token_signers
                        .push(WithdrawnSigner { signer, since });
                }
            }
        })
    }

    /// Revocation lists at hand: the authority's own and those of others.
    pub fn revocations(&self) -> Result<Revocations, HomeError> {
        Ok(self.at_hand()?.0)
    }

    /// The same, and the certificates that lie with others'.
    fn at_hand(&self) -> Result<(Revocations, Vec<Vec<u8>>), HomeError> {
        let max_age = self.config.revocation.max_age_hours;
        let max_age = max_age.map(|hours| SignedDuration::from_hours(i64::from(hours)));
        let mut revocations = Revocations::default().no_older_than(max_age);
        for folder in [self.pki_path(), self.path().join("trust/crls")] {
            for (name, list) in files(&folder, "crl")? {
                let taken = revocations.add_crl(&list);
                taken.map_err(|source| TrustStoreError::RevocationList {
                    path: folder.join(name),
                    source,
                })?;
            }
        }
        // National signatures hold no certificate but the signer's own: those between it and its root have to be at hand. Other
        // signatures hold their chain, and a chain that was damaged is not made good here.
        let own = files(&self.pki_path(), "cer")?;
        let own = own.into_iter().filter(|(name, _)| is_national(name));
        let others = files(&self.path().join("trust/certificates"), "cer")?;
        let mut certificates: Vec<Vec<u8>> = own.chain(others).map(|(_, der)| der).collect();
        let given = self.given_folder()?;
        let taken = revocations.extend(&given.revocations);
        taken.map_err(TrustStoreError::TooMuch)?;
        certificates.extend(given.certificates);
        Ok((revocations, certificates))
    }

    /// What the configured folder has. What in it cannot be used is told and passed over: whoever fills it may be in
    /// the middle of that.
    fn given_folder(&self) -> Result<Loaded, HomeError> {
        let Some(folder) = &self.config.revocation.folder else {
            return Ok(Loaded::default());
        };
        let loaded = load::folder(&self.path().join(folder)).map_err(TrustStoreError::Folder)?;
        for skipped in &loaded.skipped {
            tracing::warn!("{skipped}");
        }
        Ok(loaded)
    }

    /// Seals at hand, as their makers made them: the authority's own and those of others. Whether one
    /// was suspended or destroyed since only its register knows.
    pub fn seals(&self) -> Result<Vec<Vec<u8>>, HomeError> {
        let mut seals = files(&self.pki_path(), "seal")?;
        seals.extend(files(&self.path().join("trust/seals"), "seal")?);
        Ok(seals.into_iter().map(|(_, seal)| seal).collect())
    }

    /// Until when algorithms are believed here: by `algorithms.toml`, or by the built-in table without one.
    pub fn algorithm_policy(&self) -> Result<AlgorithmPolicy, HomeError> {
        let path = self.path().join("algorithms.toml");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(AlgorithmPolicy::default()),
            Err(source) => return Err(HomeError::Io { path, source }),
        };
        AlgorithmPolicy::parse(&text).map_err(|error| HomeError::Config {
            path,
            reason: toml_fault(&text, &error),
        })
    }

    /// Everything a verifier here rests on: the trust list, revocation lists and seals at hand.
    pub fn trust_material(&self, other_list: Option<&Path>) -> Result<TrustMaterial, HomeError> {
        let (revocations, intermediates) = self.at_hand()?;
        Ok(TrustMaterial {
            revocations,
            intermediates,
            timestamp_anchors: self.timestamp_roots()?,
            seals: self.seals()?,
            list: Some(Arc::new(self.trust_list(other_list)?)),
            policy: self.algorithm_policy()?,
            ..TrustMaterial::default()
        })
    }

    /// Writes what another authority needs to recognise our certificates: who we are, our certificates of authorities,
    /// revocation lists, seals.
    pub fn export_authority(&self, to: &Path, seals: &[SealRecord]) -> Result<(), HomeError> {
        let failed = |source| HomeError::Io {
            path: to.to_owned(),
            source,
        };
        fs::create_dir_all(to).map_err(failed)?;
        write(&to.join(AUTHORITY), &read(&self.own_authority_path())?)?;
        for kind in AUTHORITIES {
            for name in self.generations(kind)? {
                let endings: &[&str] = if is_national(&name) {
                    &["crl", "cer"]
                } else {
                    &["crl"]
                };
                for ending in endings {
                    let bytes = read(&self.pki_path().join(format!("{name}.{ending}")))?;
                    let name = format!("{}-{name}.{ending}", self.config.authority);
                    write(&to.join(name), &bytes)?;
                }
            }
        }
        for seal in seals {
            write(&to.join(format!("{}.seal", seal.id)), &seal.definition)?;
        }
        Ok(())
    }

    /// Enters another authority from the folder it exported, with an agreement that its certificates
    /// are accepted here unless its region has one, and signs the next list. An entry of the same id is
    /// replaced, but for its status, which is ours to say; one with other roots or signers only where
    /// `new_keys` allows it. Our own never is.
    pub fn list_authority(
        &self,
        from: &Path,
        new_keys: bool,
        list_signer: &dyn Signer,
        now: Timestamp,
    ) -> Result<TrustList, HomeError> {
        let _turn = Turn::of(self.path())?;
        let file = from.join(AUTHORITY);
        let mut authority: Authority =
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
        let mut content = self.trust_list(None)?.content().clone();
        if let Some(known) = content.authorities.iter().find(|known| known.id == authority.id) {
            let difference = difference_of_keys(known, &authority);
            if !new_keys && !difference.is_empty() {
                return Err(TrustStoreError::OtherKeys {
                    path: file.display().to_string(),
                    id: authority.id,
                    difference,
                }
                .into());
            }
            // Whoever we took off the list does not come back by handing over a folder.
            authority.valid_from = known.valid_from;
            authority.valid_until = known.valid_until;
            authority.history.clone_from(&known.history);
            // Nor does a stolen key by leaving out that it was withdrawn.
            for withdrawn in &known.withdrawn_token_signers {
                let still = |other: &WithdrawnSigner| other.signer == withdrawn.signer;
                authority.withdrawn_token_signers.retain(|other| !still(other));
                authority.withdrawn_token_signers.push(withdrawn.clone());
            }
        }
        // Lists and seals are signed themselves: taking them in believes nothing. But one that cannot be
        // read would stop every verification here, and one must not take the place of another authority's.
        let whose = hex::encode(&fingerprint(authority.id.as_bytes())[..4]);
        let crls = readable(from, "crl", |bytes| Crl::parse(bytes).is_ok())?;
        let seals = readable(from, "seal", |bytes| SignedSeal::parse(bytes).is_ok())?;
        let certificates = readable(from, "cer", |bytes| x509::parse(bytes).is_ok())?;
        for (files, folder) in [
            (crls, "trust/crls"),
            (seals, "trust/seals"),
            (certificates, "trust/certificates"),
        ] {
            let folder = self.path().join(folder);
            fs::create_dir_all(&folder).map_err(|source| HomeError::Io {
                path: folder.clone(),
                source,
            })?;
            for (name, bytes) in files {
                write(&folder.join(format!("{whose}-{name}")), &bytes)?;
            }
        }
        content.authorities.retain(|known| known.id != authority.id);
        // With ourselves there is nothing to agree; what was agreed before stays as it is.
        let agreed = |known: &Agreement| {
            known.from_region == authority.region && known.to_region == self.config.region
        };
        let is_new = authority.region != self.config.region && !content.agreements.iter().any(agreed);
        content.agreements.extend(is_new.then(|| Agreement {
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

    /// Changes the status of a listed authority from now on and signs the next list. Taking away our own
    /// takes `even_ours`.
    pub fn set_authority_status(
        &self,
        id: &str,
        status: AuthorityStatus,
        reason: &str,
        even_ours: bool,
        list_signer: &dyn Signer,
        now: Timestamp,
    ) -> Result<TrustList, HomeError> {
        let reason = remark::reason(reason).map_err(TrustStoreError::from)?;
        let _turn = Turn::of(self.path())?;
        let mut content = self.trust_list(None)?.content().clone();
        let Some(authority) = content.authorities.iter_mut().find(|known| known.id == id) else {
            return Err(TrustStoreError::NotListed(id.to_owned()).into());
        };
        if authority.history.last().map(|change| change.status) == Some(status) {
            return Err(TrustStoreError::SameStatus(id.to_owned()).into());
        }
        if id == self.config.authority && status != AuthorityStatus::Granted && !even_ours {
            return Err(TrustStoreError::IsOurs(id.to_owned()).into());
        }
        authority.history.push(StatusChange {
            status,
            since: now,
            reason,
        });
        self.sign_list(content, list_signer, now)?;
        self.trust_list(None)
    }

    /// Signs the next list with the same content: the present one is due for renewal.
    pub fn renew_trust_list(&self, list_signer: &dyn Signer, now: Timestamp) -> Result<TrustList, HomeError> {
        let _turn = Turn::of(self.path())?;
        self.sign_next_list(list_signer, now)
    }

    /// The same, for whoever has the turn.
    pub(super) fn sign_next_list(
        &self,
        list_signer: &dyn Signer,
        now: Timestamp,
    ) -> Result<TrustList, HomeError> {
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
            withdrawn_token_signers: Vec::new(),
            seal_makers: vec![leaf(SEAL_ROOT)?],
            issuers: self
                .config
                .departments
                .iter()
                .map(|department| department.code.clone())
                .collect(),
            types: self
                .catalogue()?
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

/// Which roots, token signers and roots of seal makers came and went, by their digests; empty where none.
fn difference_of_keys(listed: &Authority, offered: &Authority) -> String {
    let digests = |ders: &[Der]| -> BTreeSet<String> {
        ders.iter().map(|der| hex::encode(fingerprint(&der.0))).collect()
    };
    let mut said = Vec::new();
    for (what, listed, offered) in [
        ("根证书", &listed.anchors, &offered.anchors),
        ("二维码签名证书", &listed.token_signers, &offered.token_signers),
        ("制章者根证书", &listed.seal_makers, &offered.seal_makers),
    ] {
        let (listed, offered) = (digests(listed), digests(offered));
        said.extend(
            offered
                .difference(&listed)
                .map(|new| format!("新增{what} SHA-256 {new}")),
        );
        said.extend(
            listed
                .difference(&offered)
                .map(|gone| format!("缺少{what} SHA-256 {gone}")),
        );
    }
    said.join("，")
}

/// Name and content of every file with this ending; all of them can be used.
fn readable(
    from: &Path,
    ending: &str,
    is_usable: impl Fn(&[u8]) -> bool,
) -> Result<Vec<(String, Vec<u8>)>, HomeError> {
    let failed = |source| HomeError::Io {
        path: from.to_owned(),
        source,
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(from).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_none_or(|found| found != ending) {
            continue;
        }
        let bytes = read_limited(&path)?;
        if !is_usable(&bytes) {
            return Err(TrustStoreError::Unusable(path).into());
        }
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        found.push((name, bytes));
    }
    Ok(found)
}

fn read_limited(path: &Path) -> Result<Vec<u8>, HomeError> {
    let bytes = read_to(path, MAX_TRUST_LIST_BYTES)?;
    if bytes.len() > MAX_TRUST_LIST_BYTES {
        return Err(TrustStoreError::List {
            path: path.display().to_string(),
            source: ListError::TooLarge {
                limit: MAX_TRUST_LIST_BYTES,
            },
        }
        .into());
    }
    Ok(bytes)
}
