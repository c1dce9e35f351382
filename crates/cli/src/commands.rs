//! The verbs. Each file takes parsed arguments, calls the library and shows what came of it.

mod audit;
mod backfill;
mod bench;
mod certificate;
mod demo;
mod init;
mod issue;
mod key;
mod longterm;
mod recognise;
mod render;
mod report;
mod seal;
mod serve;
mod trust;
mod types;
mod verify;

use std::{
    collections::BTreeSet,
    fs,
    future::Future,
    io::{self, IsTerminal as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use certseal_core::{
    catalogue::{Catalogue, CertificateType},
    clock::{Clock, SystemClock},
    crypto::{KeyFolder, Passphrase},
    files,
    home::{Home, HomeError, PkiError, TrustStoreError},
    issue::{IssueError, Service, TOKEN_SIGNER},
    registry::{RegistryError, SledOptions},
};
use tokio::runtime::Runtime;
use tracing_subscriber::EnvFilter;

use crate::{
    args::{Cli, Command},
    output::{Context as _, Failure, Outcome},
    passphrase,
};

/// What every verb can ask for.
pub(crate) struct Session {
    /// Where the installation lies, if that was said.
    home: Option<PathBuf>,
    passphrase_file: Option<PathBuf>,
    /// Results as JSON.
    pub(crate) json: bool,
}

impl Session {
    /// The installation.
    pub(crate) fn home(&self) -> Result<Home, Failure> {
        Home::open(self.home_path()).map_err(home_failure)
    }

    /// The installation; none where none was named and none is in its usual place.
    pub(crate) fn home_if_any(&self) -> Result<Option<Home>, Failure> {
        match Home::open(self.home_path()) {
            Err(HomeError::Missing(_)) if self.home.is_none() => Ok(None),
            opened => opened.map(Some).map_err(home_failure),
        }
    }

    /// The installation's folder, which need not exist.
    pub(crate) fn home_path(&self) -> &Path {
        self.home.as_deref().unwrap_or(Path::new("certseal-home"))
    }

    pub(crate) fn passphrase(&self) -> Result<Passphrase, Failure> {
        passphrase::obtain(self.passphrase_file.as_deref())
    }

    /// A passphrase for keys to be made.
    pub(crate) fn new_passphrase(&self) -> Result<Passphrase, Failure> {
        passphrase::choose(self.passphrase_file.as_deref())
    }

    /// Keys that can sign.
    pub(crate) fn keys(&self, home: &Home) -> Result<KeyFolder, Failure> {
        Ok(KeyFolder::unlocked(&home.keys_path(), self.passphrase()?))
    }

    /// All rooms, able to sign. A wrong passphrase is told here, not to the first who asks for a signature.
    pub(crate) fn signing_service(&self, home: &Home) -> Result<Service, Failure> {
        let keys = self.keys(home)?;
        keys.identity(TOKEN_SIGNER)
            .map_err(|error| home_failure(error.into()))?;
        home.service(keys, clock()).map_err(home_failure)
    }
}

/// All rooms, for looking and for changes of state, which need no key.
pub(crate) fn service(home: &Home) -> Result<Service, Failure> {
    home.service(KeyFolder::locked(&home.keys_path()), clock())
        .map_err(home_failure)
}

pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

/// Runs the verb.
pub(crate) fn run(cli: Cli) -> Result<Outcome, Failure> {
    log(matches!(cli.command, Command::Serve(_)));
    let session = Session {
        home: cli.home,
        passphrase_file: cli.passphrase_file,
        json: cli.json,
    };
    match cli.command {
        Command::Init(args) => init::run(&session, &args),
        Command::Issue(args) => issue::run(&session, args),
        Command::Backfill(args) => backfill::run(&session, &args),
        Command::Verify(args) => verify::run(&session, &args),
        Command::Render(args) => render::run(&session, &args),
        Command::Timestamp(args) => longterm::timestamp(&session, &args),
        Command::Extend(args) => longterm::extend(&session, &args),
        Command::Recognise(args) => recognise::run(&session, &args),
        Command::Report(args) => report::run(&session, &args),
        Command::Certificate(args) => certificate::run(&session, &args),
        Command::Seal(args) => seal::run(&session, &args),
        Command::Key(args) => key::run(&session, &args),
        Command::Type(args) => types::run(&session, &args),
        Command::Trust(args) => trust::run(&session, &args),
        Command::Serve(args) => serve::run(&session, &args),
        Command::Audit(args) => audit::run(&session, &args),
        Command::Demo(args) => demo::run(&session, &args),
        Command::Bench(args) => bench::run(&session, &args),
    }
}

/// A server tells what it does; a verb only what somebody should know. `CERTSEAL_LOG` says otherwise.
fn log(serving: bool) {
    let usual = if serving { "info" } else { "warn" };
    let filter = EnvFilter::try_from_env("CERTSEAL_LOG").unwrap_or_else(|_| EnvFilter::new(usual));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    if serving {
        subscriber.init();
    } else {
        subscriber.without_time().with_target(false).init();
    }
}

/// Drives the asynchronous rooms from a verb.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Failure> {
    Ok(runtime()?.block_on(future))
}

/// What drives the asynchronous rooms.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(16)
        .enable_all()
        .build()
        .context("启动运行时")
}

/// The largest resident size this process has had, in bytes.
pub(crate) fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = peak.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// Refuses a department that does not issue here.
pub(crate) fn known_department(home: &Home, key: &str) -> Result<(), Failure> {
    if home.config().issuer(key).is_some() {
        return Ok(());
    }
    let known: Vec<&str> = home.config().departments.iter().map(|d| d.key.as_str()).collect();
    Err(Failure::new(
        format!("没有部门“{key}” (unknown department)"),
        format!("部门键有：{}。", known.join("、")),
    ))
}

/// A certificate type by key or by name.
pub(crate) fn certificate_type(catalogue: &Catalogue, text: &str) -> Result<Arc<CertificateType>, Failure> {
    catalogue
        .get(text)
        .or_else(|| catalogue.by_name(text))
        .cloned()
        .ok_or_else(|| {
            let mut near: Vec<(usize, &str)> = catalogue
                .types()
                .map(|t| {
                    (
                        likeness(&t.name, text).max(likeness(&t.key, text)),
                        t.name.as_str(),
                    )
                })
                .filter(|(likeness, _)| *likeness >= LIKE)
                .collect();
            near.sort_by_key(|(likeness, _)| std::cmp::Reverse(*likeness));
            let near: Vec<&str> = near.into_iter().map(|(_, name)| name).take(5).collect();
            let hint = if near.is_empty() {
                "用 certseal type list 查看全部证照类型。".to_owned()
            } else {
                format!(
                    "是否指：{}？用 certseal type list 查看全部证照类型。",
                    near.join("、")
                )
            };
            Failure::new(format!("没有证照类型“{text}” (unknown certificate type)"), hint)
        })
}

/// Likeness, in percent, from which a name is suggested.
const LIKE: usize = 50;

/// How much of the shorter text's pairs of neighbouring characters stand in the longer one, in percent.
fn likeness(a: &str, b: &str) -> usize {
    let pairs = |text: &str| -> BTreeSet<(char, char)> {
        let text = text.to_lowercase();
        text.chars().zip(text.chars().skip(1)).collect()
    };
    let (a, b) = (pairs(a), pairs(b));
    100 * a.intersection(&b).count() / a.len().min(b.len()).max(1)
}

/// Writes a file whole or not at all: one that stood there stays as it was until then.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // What is no plain file, such as /dev/stdout, is written as it is.
    if path.exists() && !path.is_file() {
        return fs::write(path, bytes);
    }
    files::write(path, bytes)
}

/// What went wrong with the installation, with advice.
#[allow(clippy::needless_pass_by_value)] // the shape `map_err` takes
pub(crate) fn home_failure(error: HomeError) -> Failure {
    if let HomeError::Registry(RegistryError::StorageFull) = &error {
        return Failure::from_error("", &error).hint(space_hint());
    }
    let hint = match &error {
        HomeError::Missing(_) => Some("先运行 certseal init，或用 --home 指定数据目录。"),
        HomeError::AlreadyThere(_) => Some("换一个空目录。"),
        HomeError::Registry(RegistryError::InUse { .. }) => {
            Some("停止另一个进程（如 certseal serve）后再试；同一登记簿只能由一个进程打开。")
        }
        HomeError::Registry(RegistryError::Corrupt(_)) => {
            Some("从备份恢复 registry 目录；此前不要清理 documents 目录中的文件。")
        }
        HomeError::Trust(TrustStoreError::ClaimsOurs { .. }) => {
            Some("核对目录是否拿错；确系对方所给的，请对方更正其机构说明中的标识、区划和颁证机构后重新导出。")
        }
        HomeError::Trust(TrustStoreError::OtherKeys { .. }) => {
            Some("另循渠道与对方逐个核对这些 SHA-256；确已换发的，加 --new-keys。")
        }
        HomeError::Trust(TrustStoreError::RevocationList { .. }) => Some("重新取得损坏的那一份文件。"),
        HomeError::Trust(TrustStoreError::NotListed(_) | TrustStoreError::SameStatus(_)) => {
            Some("用 certseal trust show 查看机构的标识和状态。")
        }
        HomeError::Trust(TrustStoreError::IsOurs(_)) => Some("核对机构标识；确实要这样做的，加 --ours。"),
        HomeError::Trust(TrustStoreError::Reason(_)) => Some("改正事由后再试。"),
        HomeError::Key(_) => Some("核对口令；口令由 --passphrase-file 或环境变量 CERTSEAL_PASSPHRASE 提供。"),
        HomeError::Trust(TrustStoreError::Unusable(_)) => {
            Some("请对方重新导出（certseal trust export），或删去该文件后再试。")
        }
        HomeError::Pki(PkiError::NotRevocable(_)) => {
            Some("签发 CA 先运行 certseal key renew ca；根证书外泄见 keys/README.md。")
        }
        HomeError::Trust(_) => {
            Some("向信任列表的发布者取得最新一期及其公钥证书，放入数据目录的 trust 文件夹。")
        }
        HomeError::Pki(PkiError::UnknownName(_)) => Some("用 certseal key list 查看签章证书的名称。"),
        HomeError::Io { .. } => Some("检查该文件是否存在、能否读写。"),
        HomeError::Config { .. } | HomeError::Catalogue(_) => Some("改正所指的文件后再试。"),
        HomeError::NoRegistry(_) => {
            Some("挂载数据盘，或从备份恢复 registry 目录；只核验的机器加 --offline。")
        }
        HomeError::Objects(_) => Some("检查磁盘空间和权限。"),
        HomeError::Fonts(_) => Some("安装字体：apt-get install fonts-noto-cjk"),
        _ => None,
    };
    with_hint(Failure::from_error("", &error), hint)
}

/// What went wrong with a request, with advice.
pub(crate) fn issue_failure(doing: &str, error: &IssueError) -> Failure {
    if let IssueError::Fields(errors) = error {
        let lines: Vec<String> = errors
            .iter()
            .map(|e| format!("  {}：{}（{}）", e.label, e.reason, e.hint))
            .collect();
        return Failure::new(
            format!("{doing}：{} 个字段有问题\n{}", errors.len(), lines.join("\n")),
            "改正后重新提交；用 certseal type show 查看字段要求。",
        );
    }
    let hint = match error {
        IssueError::Key(_) => {
            Some("核对口令；口令由 --passphrase-file 或环境变量 CERTSEAL_PASSPHRASE 提供。")
        }
        IssueError::Seal { .. } | IssueError::NoSeal { .. } => Some("用 certseal seal list 查看印章状态。"),
        IssueError::NationalSeal { .. } => Some("用 certseal seal show 印章文件 查看国密印章。"),
        IssueError::Signer { .. } => Some("用 certseal key list 查看签章证书。"),
        IssueError::RevocationLists(_) => Some("用 certseal key crl 重新签发吊销列表。"),
        IssueError::Refused { .. } => Some("用 certseal certificate find 查询其现状。"),
        IssueError::ForeignSeal { .. } => Some("用 certseal seal list 查看本部门的印章。"),
        IssueError::NotFound(_) => Some("用 certseal certificate find 查询。"),
        IssueError::IdempotencyConflict => Some("换一个幂等键，或提交与上次相同的内容。"),
        IssueError::Registry(RegistryError::StorageFull) => {
            return Failure::from_error(doing, error).hint(space_hint());
        }
        IssueError::Objects(_) => Some("检查磁盘空间和权限；已签发的证照不受影响。"),
        _ => None,
    };
    with_hint(Failure::from_error(doing, error), hint)
}

/// What to do when the registry refuses for want of space.
pub(crate) fn space_hint() -> String {
    let spare = SledOptions::default().spare_bytes >> 20;
    format!("登记簿所在的磁盘须留有 {spare} MiB 空闲；腾出空间后再次运行同一命令即可，已签发的证照不受影响。")
}

fn with_hint(failure: Failure, hint: Option<&str>) -> Failure {
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
