//! API keys: who calls, and for which department.
//!
//! A token is `csk_<id>_<secret>`. The file keeps the id, to find the key by, and the SHA-256 of
//! the 256-bit random secret: a digest of that much entropy needs no salt and no slow hash. The
//! secret is compared in constant time.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant, SystemTime},
};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use certseal_core::catalogue::CertificateType;
use jiff::Timestamp;
use ring::{
    digest,
    rand::{SecureRandom as _, SystemRandom},
};
use serde::{Deserialize, Serialize};

use crate::{
    App,
    problem::{Code, Problem},
};

const PREFIX: &str = "csk_";
const ID_BYTES: usize = 6;
const SECRET_BYTES: usize = 32;
/// A withdrawn key stops working within this time, without a restart.
const RELOAD_INTERVAL: Duration = Duration::from_secs(1);

/// One API key as kept in the file: no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ApiKey {
    /// Public part of the token.
    pub id: String,
    /// What the operator calls it; entered in the registry as the actor.
    pub name: String,
    /// Department key, or `*` for all.
    pub department: String,
    /// SHA-256 of the secret, hexadecimal.
    #[serde(with = "hex::serde")]
    pub digest: [u8; 32],
    /// When it was made.
    pub created: Timestamp,
    /// When it was withdrawn; none while it works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<Timestamp>,
}

/// Why the key file could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiKeyError {
    /// The file cannot be read or written.
    #[error("API key file {path} cannot be {doing}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// Why.
        source: io::Error,
    },
    /// The file is not what we write.
    #[error("API key file {path} is damaged")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// A working key has this name already.
    #[error("an API key named {0} exists already; withdraw it first or choose another name")]
    NameTaken(String),
    /// Names are entered in the registry and must be readable there.
    #[error("API key name must be 1 to 64 printable characters")]
    BadName,
    /// No working key has this name.
    #[error("no API key is named {0}")]
    NotFound(String),
    /// The operating system gave no random numbers.
    #[error("the operating system gave no random numbers")]
    NoRandomness,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    #[serde(default, rename = "key")]
    keys: Vec<ApiKey>,
}

/// The API keys of an installation, backed by a TOML file that is read again when it changes.
#[derive(Debug)]
pub struct ApiKeys {
    path: PathBuf,
    loaded: RwLock<Loaded>,
}

#[derive(Debug)]
struct Loaded {
    keys: Arc<[ApiKey]>,
    version: Option<(SystemTime, u64)>,
    checked: Instant,
}

impl ApiKeys {
    /// Reads the key file; a file that is not there holds no keys.
    pub fn load(path: impl Into<PathBuf>) -> Result<Self, ApiKeyError> {
        let path = path.into();
        let (keys, version) = read(&path)?;
        Ok(Self { path, loaded: RwLock::new(Loaded { keys: keys.into(), version, checked: Instant::now() }) })
    }

    /// Makes a key and returns its token, which is not kept and cannot be shown again.
    pub fn add(&self, name: &str, department: &str, now: Timestamp) -> Result<String, ApiKeyError> {
        if name.is_empty() || name.chars().count() > 64 || name.chars().any(char::is_control) {
            return Err(ApiKeyError::BadName);
        }
        let (mut keys, _) = read(&self.path)?;
        if keys.iter().any(|key| key.name == name && key.withdrawn.is_none()) {
            return Err(ApiKeyError::NameTaken(name.to_owned()));
        }
        let random = SystemRandom::new();
        let (mut id, mut secret) = ([0; ID_BYTES], [0; SECRET_BYTES]);
        random.fill(&mut id).map_err(|_| ApiKeyError::NoRandomness)?;
        random.fill(&mut secret).map_err(|_| ApiKeyError::NoRandomness)?;
        let id = hex::encode(id);
        let token = format!("{PREFIX}{id}_{}", URL_SAFE_NO_PAD.encode(secret));
        keys.push(ApiKey {
            id,
            name: name.to_owned(),
            department: department.to_owned(),
            digest: sha256(&secret),
            created: now,
            withdrawn: None,
        });
        self.write(keys)?;
        Ok(token)
    }

    /// Every key, withdrawn ones included, oldest first.
    pub fn list(&self) -> Arc<[ApiKey]> {
        Arc::clone(&self.loaded.read().unwrap_or_else(PoisonError::into_inner).keys)
    }

    /// Ends a key; a running server refuses it within a second.
    pub fn withdraw(&self, name: &str, now: Timestamp) -> Result<(), ApiKeyError> {
        let (mut keys, _) = read(&self.path)?;
        let key = keys
            .iter_mut()
            .find(|key| key.name == name && key.withdrawn.is_none())
            .ok_or_else(|| ApiKeyError::NotFound(name.to_owned()))?;
        key.withdrawn = Some(now);
        self.write(keys)
    }

    /// The key a token belongs to.
    fn authenticate(&self, token: &str) -> Option<Principal> {
        let (id, secret) = token.strip_prefix(PREFIX)?.split_once('_')?;
        let secret = URL_SAFE_NO_PAD.decode(secret).ok().filter(|secret| secret.len() == SECRET_BYTES)?;
        self.reload_if_changed();
        let keys = self.list();
        let key = keys.iter().find(|key| key.id == id)?;
        let same = constant_time_eq(&key.digest, &sha256(&secret));
        (same && key.withdrawn.is_none()).then(|| Principal {
            id: key.id.clone(),
            name: key.name.clone(),
            department: key.department.clone(),
        })
    }

    /// Reads the file again if it changed. A file that cannot be read leaves the keys as they were
    /// and is reported: a slip while editing must not lock every department out.
    fn reload_if_changed(&self) {
        let due = {
            let loaded = self.loaded.read().unwrap_or_else(PoisonError::into_inner);
            loaded.checked.elapsed() >= RELOAD_INTERVAL
        };
        if !due {
            return;
        }
        let mut loaded = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        if loaded.checked.elapsed() < RELOAD_INTERVAL {
            return;
        }
        loaded.checked = Instant::now();
        if version(&self.path).ok() == Some(loaded.version) {
            return;
        }
        match read(&self.path) {
            Ok((keys, version)) => {
                loaded.keys = keys.into();
                loaded.version = version;
            }
            Err(error) => tracing::error!(%error, "API keys not reloaded"),
        }
    }

    /// Replaces the file whole: written beside it, synced, renamed.
    fn write(&self, keys: Vec<ApiKey>) -> Result<(), ApiKeyError> {
        let failed =
            |doing| move |source| ApiKeyError::File { path: self.path.clone(), doing, source };
        let file = KeyFile { keys };
        let text = toml::to_string(&file).map_err(io::Error::other).map_err(failed("written"))?;
        let beside = self.path.with_extension(format!("{}.new", std::process::id()));
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut out = options.open(&beside).map_err(failed("written"))?;
        out.write_all(text.as_bytes()).and_then(|()| out.sync_all()).map_err(failed("written"))?;
        fs::rename(&beside, &self.path).map_err(failed("replaced"))?;
        let mut loaded = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        loaded.keys = file.keys.into();
        loaded.version = version(&self.path).map_err(failed("read"))?;
        Ok(())
    }
}

fn read(path: &Path) -> Result<(Vec<ApiKey>, Option<(SystemTime, u64)>), ApiKeyError> {
    let failed = |source| ApiKeyError::File { path: path.to_owned(), doing: "read", source };
    let version = version(path).map_err(failed)?;
    if version.is_none() {
        return Ok((Vec::new(), None));
    }
    let text = fs::read_to_string(path).map_err(failed)?;
    let file: KeyFile = toml::from_str(&text)
        .map_err(|source| ApiKeyError::Damaged { path: path.to_owned(), source: Box::new(source) })?;
    Ok((file.keys, version))
}

/// What tells one content of the file from the next; none where there is no file.
fn version(path: &Path) -> io::Result<Option<(SystemTime, u64)>> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some((metadata.modified()?, metadata.len()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

fn constant_time_eq(left: &[u8; 32], right: &[u8; 32]) -> bool {
    std::hint::black_box(left.iter().zip(right).fold(0, |differing, (a, b)| differing | (a ^ b))) == 0
}

/// The caller, once its key was checked.
#[derive(Debug, Clone)]
pub(crate) struct Principal {
    /// Public part of its token, fit for logs.
    pub(crate) id: String,
    name: String,
    department: String,
}

impl Principal {
    /// How the registry names the caller.
    pub(crate) fn actor(&self) -> String {
        format!("api:{}", self.name)
    }

    /// Whether certificates of this type are the caller's business.
    pub(crate) fn owns(&self, kind: &CertificateType) -> bool {
        self.department == "*" || self.department == kind.department
    }

    /// Refuses a type of another department.
    pub(crate) fn require(&self, kind: &CertificateType) -> Result<(), Problem> {
        if self.owns(kind) {
            return Ok(());
        }
        Err(Problem::new(
            Code::Forbidden,
            format!(
                "接口密钥属于部门 {}，不能办理部门 {} 的证照类型“{}”。请使用该部门的接口密钥。",
                self.department, kind.department, kind.name
            ),
            format!(
                "This API key is for department {}; type {} belongs to {}.",
                self.department, kind.key, kind.department
            ),
        ))
    }
}

impl FromRequestParts<Arc<App>> for Principal {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let refused = |zh: &'static str, en: &'static str| Problem::new(Code::Unauthenticated, zh, en);
        let token = bearer(&parts.headers).ok_or_else(|| {
            refused(
                "缺少接口密钥，请加请求头 Authorization: Bearer csk_…。",
                "No API key: send Authorization: Bearer csk_….",
            )
        })?;
        app.api_keys.authenticate(token).ok_or_else(|| {
            refused("接口密钥无效或已作废，请向管理员核对。", "The API key is unknown or withdrawn.")
        })
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_the_right_secret_opens_and_withdrawal_closes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("api-keys.toml");
        let keys = ApiKeys::load(&path).unwrap();
        let token = keys.add("窗口", "market", Timestamp::UNIX_EPOCH).unwrap();
        assert!(!fs::read_to_string(&path).unwrap().contains(token.rsplit_once('_').unwrap().1));
        assert_eq!(keys.authenticate(&token).unwrap().actor(), "api:窗口");

        let mut wrong = token.clone();
        let last = if wrong.pop() == Some('A') { 'E' } else { 'A' };
        wrong.push(last);
        assert!(keys.authenticate(&wrong).is_none());
        for garbage in ["", "csk_", "csk__", "csk_0_0", &token[4..], &token[..token.len() - 1]] {
            assert!(keys.authenticate(garbage).is_none(), "{garbage}");
        }

        assert!(matches!(keys.add("窗口", "market", Timestamp::UNIX_EPOCH), Err(ApiKeyError::NameTaken(_))));
        let again = ApiKeys::load(&path).unwrap();
        assert!(again.authenticate(&token).is_some());
        again.withdraw("窗口", Timestamp::UNIX_EPOCH).unwrap();
        assert!(again.authenticate(&token).is_none());
        assert!(matches!(again.withdraw("窗口", Timestamp::UNIX_EPOCH), Err(ApiKeyError::NotFound(_))));

        // The first one sees the change in the file once it looks again.
        std::thread::sleep(RELOAD_INTERVAL);
        assert!(keys.authenticate(&token).is_none());
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("api-keys.toml");
        ApiKeys::load(&path).unwrap().add("a", "*", Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_file_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("api-keys.toml");
        fs::write(&path, "[[key]]\nid = 3").unwrap();
        assert!(ApiKeys::load(&path).unwrap_err().to_string().contains("api-keys.toml"));
    }
}
