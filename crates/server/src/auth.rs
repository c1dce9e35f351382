//! API keys: who calls, and for which department.
//!
//! A token is `csk_<id>_<secret>`. The file keeps the id, to find the key by, and the SHA-256 of
//! the 256-bit random secret: a digest of that much entropy needs no salt and no slow hash. The
//! secret is compared in constant time.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant, SystemTime},
};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use certseal_core::{
    catalogue::{CertificateType, toml_fault},
    crypto::sha256,
    files::{Turn, write_private},
    remark,
};
use jiff::Timestamp;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};

use crate::{
    App,
    edge::CallerId,
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
struct ApiKey {
    /// Public part of the token.
    id: String,
    /// What the operator calls it; entered in the registry as the actor.
    name: String,
    /// Department key, or `*` for all.
    department: String,
    /// SHA-256 of the secret, hexadecimal.
    #[serde(with = "hex::serde")]
    digest: [u8; 32],
    /// When it was made.
    created: Timestamp,
}

/// One API key as shown to the operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyEntry {
    /// Public part of the token, by which the server's log names it.
    pub id: String,
    /// What the operator calls it.
    pub name: String,
    /// Department key, or `*` for all.
    pub department: String,
    /// When it was made.
    pub created: Timestamp,
}

/// Why the key file could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiKeyError {
    /// The file cannot be read or written.
    #[error("接口密钥文件 {} 无法读写 (API key file cannot be read or written)", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not what we write.
    #[error("接口密钥文件 {} 已损坏：{reason} (API key file is damaged)", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Where and why.
        reason: String,
    },
    /// A working key has this name already.
    #[error("已有名为 {0} 的接口密钥，请先作废或另取名称 (an API key of this name exists)")]
    NameTaken(String),
    /// Names are entered in the registry and must be readable there.
    #[error(
        "接口密钥名称应为 1 至 64 个可见字符，首尾无空格，不含冒号 (1 to 64 visible characters, no colon)"
    )]
    BadName,
    /// No working key has this name.
    #[error("没有名为 {0} 的接口密钥 (no such API key)")]
    NotFound(String),
    /// The operating system gave no random numbers.
    #[error("操作系统未能提供随机数 (no randomness)")]
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

/// What tells one content of the file from the next: time of change and length.
type Version = (SystemTime, u64);

#[derive(Debug)]
struct Loaded {
    keys: Arc<[ApiKey]>,
    version: Option<Version>,
    checked: Instant,
}

impl ApiKeys {
    /// Reads the key file; a file that is not there holds no keys.
    pub fn load(path: &Path) -> Result<Self, ApiKeyError> {
        let (keys, version) = read(path)?;
        Ok(Self {
            path: path.to_owned(),
            loaded: RwLock::new(Loaded {
                keys: keys.into(),
                version,
                checked: Instant::now(),
            }),
        })
    }

    /// Makes a key and returns its token, which is not kept and cannot be shown again.
    pub fn add(&mut self, name: &str, department: &str, now: Timestamp) -> Result<String, ApiKeyError> {
        // The name is the actor in the registry, and leads the caller's idempotency keys up to a colon.
        if remark::actor(name).as_deref() != Ok(name) || name.contains(':') {
            return Err(ApiKeyError::BadName);
        }
        let _turn = self.turn()?;
        let (mut keys, _) = read(&self.path)?;
        if keys.iter().any(|key| key.name == name) {
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
        });
        self.write(keys)?;
        Ok(token)
    }

    /// Every working key, oldest first, without what could help to guess it.
    pub fn list(&self) -> Vec<KeyEntry> {
        let entry = |key: &ApiKey| KeyEntry {
            id: key.id.clone(),
            name: key.name.clone(),
            department: key.department.clone(),
            created: key.created,
        };
        self.keys().iter().map(entry).collect()
    }

    /// Ends a key; a running server refuses it within a second.
    pub fn withdraw(&mut self, name: &str) -> Result<(), ApiKeyError> {
        let _turn = self.turn()?;
        let (mut keys, _) = read(&self.path)?;
        let before = keys.len();
        keys.retain(|key| key.name != name);
        if keys.len() == before {
            return Err(ApiKeyError::NotFound(name.to_owned()));
        }
        self.write(keys)
    }

    fn keys(&self) -> Arc<[ApiKey]> {
        Arc::clone(&self.loaded.read().unwrap_or_else(PoisonError::into_inner).keys)
    }

    /// The key a token belongs to.
    fn authenticate(&self, token: &str) -> Option<Principal> {
        let (id, secret) = token.strip_prefix(PREFIX)?.split_once('_')?;
        let secret = URL_SAFE_NO_PAD
            .decode(secret)
            .ok()
            .filter(|secret| secret.len() == SECRET_BYTES)?;
        self.reload_if_changed();
        let keys = self.keys();
        let key = keys.iter().find(|key| key.id == id)?;
        constant_time_eq(&key.digest, &sha256(&secret)).then(|| Principal {
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

    /// Keeps other processes from changing the file meanwhile: a key withdrawn by one must not come back
    /// with the list that another read before.
    fn turn(&self) -> Result<Turn, ApiKeyError> {
        let path = self.path.parent().unwrap_or(&self.path).to_owned();
        Turn::of(&path).map_err(|source| ApiKeyError::File { path, source })
    }

    /// Replaces the file whole. On return that lasts: no power cut brings a withdrawn key back.
    fn write(&mut self, keys: Vec<ApiKey>) -> Result<(), ApiKeyError> {
        let failed = |source| ApiKeyError::File {
            path: self.path.clone(),
            source,
        };
        let file = KeyFile { keys };
        let text = toml::to_string(&file).map_err(io::Error::other).map_err(failed)?;
        write_private(&self.path, text.as_bytes()).map_err(failed)?;
        let version = version(&self.path).map_err(failed)?;
        let loaded = self.loaded.get_mut().unwrap_or_else(PoisonError::into_inner);
        loaded.keys = file.keys.into();
        loaded.version = version;
        Ok(())
    }
}

fn read(path: &Path) -> Result<(Vec<ApiKey>, Option<Version>), ApiKeyError> {
    let failed = |source| ApiKeyError::File {
        path: path.to_owned(),
        source,
    };
    let version = version(path).map_err(failed)?;
    if version.is_none() {
        return Ok((Vec::new(), None));
    }
    let text = fs::read_to_string(path).map_err(failed)?;
    let file: KeyFile = toml::from_str(&text).map_err(|error| ApiKeyError::Damaged {
        path: path.to_owned(),
        reason: toml_fault(&text, &error),
    })?;
    Ok((file.keys, version))
}

/// What tells one content of the file from the next; none where there is no file.
fn version(path: &Path) -> io::Result<Option<Version>> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some((metadata.modified()?, metadata.len()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn constant_time_eq(left: &[u8; 32], right: &[u8; 32]) -> bool {
    std::hint::black_box(
        left.iter()
            .zip(right)
            .fold(0, |differing, (a, b)| differing | (a ^ b)),
    ) == 0
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

    /// The caller's idempotency key as core knows it: callers do not share them.
    pub(crate) fn idempotency_key(&self, key: &str) -> String {
        format!("api:{}:{key}", self.name)
    }

    /// The one department it acts for; none for all.
    pub(crate) fn department(&self) -> Option<&str> {
        (self.department != "*").then_some(&*self.department)
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
        let principal = app.api_keys.authenticate(token).ok_or_else(|| {
            refused(
                "接口密钥无效或已作废，请向管理员核对。",
                "The API key is unknown or withdrawn.",
            )
        })?;
        if let Some(caller) = parts.extensions.get::<CallerId>() {
            caller.name(&principal.id);
        }
        Ok(principal)
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
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
        let mut keys = ApiKeys::load(&path).unwrap();
        let token = keys.add("窗口", "market", Timestamp::UNIX_EPOCH).unwrap();
        assert!(
            !fs::read_to_string(&path)
                .unwrap()
                .contains(token.rsplit_once('_').unwrap().1)
        );
        assert_eq!(keys.authenticate(&token).unwrap().actor(), "api:窗口");

        let mut wrong = token.clone();
        let last = if wrong.pop() == Some('A') { 'E' } else { 'A' };
        wrong.push(last);
        assert!(keys.authenticate(&wrong).is_none());
        for garbage in [
            "",
            "csk_",
            "csk__",
            "csk_0_0",
            &token[4..],
            &token[..token.len() - 1],
        ] {
            assert!(keys.authenticate(garbage).is_none(), "{garbage}");
        }

        assert!(matches!(
            keys.add("窗口", "market", Timestamp::UNIX_EPOCH),
            Err(ApiKeyError::NameTaken(_))
        ));
        let mut again = ApiKeys::load(&path).unwrap();
        assert!(again.authenticate(&token).is_some());
        again.withdraw("窗口").unwrap();
        assert!(again.authenticate(&token).is_none());
        assert!(matches!(again.withdraw("窗口"), Err(ApiKeyError::NotFound(_))));

        assert_eq!(again.list(), []);
        // The first one sees the change in the file once it looks again.
        std::thread::sleep(RELOAD_INTERVAL);
        assert!(keys.authenticate(&token).is_none());
    }

    #[test]
    fn keys_made_at_once_by_several_are_all_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("api-keys.toml");
        std::thread::scope(|scope| {
            for at in 0..8 {
                let path = &path;
                scope.spawn(move || {
                    let mut keys = ApiKeys::load(path).unwrap();
                    keys.add(&format!("k{at}"), "*", Timestamp::UNIX_EPOCH).unwrap();
                });
            }
        });
        assert_eq!(ApiKeys::load(&path).unwrap().list().len(), 8);
    }

    #[test]
    fn names_that_could_pass_for_another_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let mut keys = ApiKeys::load(&dir.path().join("api-keys.toml")).unwrap();
        for name in [
            "",
            "  ",
            " a",
            "a:b",
            "a\nb",
            "a\u{200b}",
            "\u{202e}a",
            &"名".repeat(65),
        ] {
            assert!(
                matches!(
                    keys.add(name, "*", Timestamp::UNIX_EPOCH),
                    Err(ApiKeyError::BadName)
                ),
                "{name}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("api-keys.toml");
        ApiKeys::load(&path)
            .unwrap()
            .add("a", "*", Timestamp::UNIX_EPOCH)
            .unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_file_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("api-keys.toml");
        fs::write(&path, "[[key]]\nid = 3").unwrap();
        let told = ApiKeys::load(&path).unwrap_err().to_string();
        assert!(
            told.contains("api-keys.toml") && told.contains("第2行第6列") && !told.contains('\n'),
            "{told}"
        );
    }
}
