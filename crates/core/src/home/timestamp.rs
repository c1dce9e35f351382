//! The installation's own timestamp authority.

use std::{
    io::ErrorKind,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Home, HomeError, ROOT,
    files::{Turn, files},
    read, write,
};
use crate::{
    clock::Clock,
    crypto::{IdentityError, KeyFolder, x509},
    longterm::LongTermTrust,
    sign::timestamp::{LedgerError, SERIALS_AT_ONCE, TimeStampAuthority, TimeStampPolicy, TimeStampSource},
    trust::list::AuthorityStatus,
};

/// Name of the timestamp authority's key.
pub const TSA: &str = "tsa";

/// Where the serial numbers that were set aside are on record.
const LEDGER: &str = "tsa.json";

/// A policy nobody can rely on: of the arc for examples (ITU-T X.660). Who offers a service to others states
/// the object identifier of a policy of their own.
const EXAMPLE_POLICY: &str = "2.999.3161.1";

/// The part of `certseal.toml` about timestamps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct TimestampConfig {
    /// Object identifier of the policy under which timestamps are issued.
    pub policy: String,
    /// How far the machine's clock may be off, in seconds: what its time synchronisation keeps to.
    pub accuracy_seconds: u32,
    /// Whether each signature made here gets a timestamp of our own authority.
    pub signatures: bool,
}

impl Default for TimestampConfig {
    fn default() -> Self {
        Self {
            policy: EXAMPLE_POLICY.to_owned(),
            accuracy_seconds: 1,
            signatures: false,
        }
    }
}

impl TimestampConfig {
    fn stated(&self, path: &Path) -> Result<TimeStampPolicy, HomeError> {
        let wrong = |reason: &str| HomeError::Config {
            path: path.to_owned(),
            reason: reason.to_owned(),
        };
        if self.accuracy_seconds == 0 {
            return Err(wrong(
                "timestamp.accuracy-seconds 应不小于 1：没有时钟是完全准确的",
            ));
        }
        Ok(TimeStampPolicy {
            policy: self
                .policy
                .parse()
                .map_err(|_| wrong("timestamp.policy 应为对象标识符，如 2.999.3161.1"))?,
            accuracy: Duration::from_secs(self.accuracy_seconds.into()),
        })
    }
}

/// What is on record about serial numbers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ledger {
    /// The first number that was not set aside.
    next: u64,
    /// When the last were.
    latest: Timestamp,
}

impl Home {
    /// Where the timestamps of signatures made here come from, if they get any.
    pub(super) fn signature_timestamps(
        &self,
        keys: &Arc<KeyFolder>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Option<Arc<dyn TimeStampSource>>, HomeError> {
        if !self
            .config()
            .timestamp
            .as_ref()
            .is_some_and(|config| config.signatures)
        {
            return Ok(None);
        }
        let own = self.time_stamp_authority(Arc::clone(keys), Arc::clone(clock))?;
        let own = own.ok_or_else(|| HomeError::Config {
            path: self.path().join("certseal.toml"),
            reason: "timestamp.signatures 需要时间戳密钥，请先运行 certseal key renew tsa".to_owned(),
        })?;
        Ok(Some(Arc::new(own)))
    }

    /// The timestamp authority, where this installation has its key.
    pub fn time_stamp_authority(
        &self,
        keys: Arc<KeyFolder>,
        clock: Arc<dyn Clock>,
    ) -> Result<Option<TimeStampAuthority>, HomeError> {
        if !self.keys_path().join(format!("{TSA}.pem")).exists() {
            return Ok(None);
        }
        let policy = self
            .config()
            .timestamp
            .clone()
            .unwrap_or_default()
            .stated(&self.path().join("certseal.toml"))?;
        let home = self.path().to_owned();
        let reserve = Box::new(move |now| {
            reserve(&home, now).map_err(|error| match error {
                Reserve::Back(latest) => LedgerError::ClockBack { latest },
                Reserve::Home(error) => LedgerError::Storage(Box::new(error)),
                Reserve::Damaged(error) => LedgerError::Storage(error.into()),
            })
        });
        Ok(Some(TimeStampAuthority::new(keys, TSA, policy, clock, reserve)))
    }
}

impl Home {
    /// Whom to believe when signatures are to be kept for long: the roots of the trust list and our own; for
    /// timestamps our own root and those that the operator put into `trust/tsa`.
    pub fn long_term_trust(&self, now: Timestamp) -> Result<LongTermTrust, HomeError> {
        let mut anchors = self.authority_certificates(ROOT)?;
        for authority in self.trust_list(None)?.authorities() {
            if authority.status_at(now) == Some(AuthorityStatus::Granted) {
                anchors.extend(authority.anchors.iter().map(|der| der.0.to_vec()));
            }
        }
        anchors.sort();
        anchors.dedup();
        Ok(LongTermTrust::new(
            anchors,
            self.timestamp_roots()?,
            self.revocations()?,
            self.algorithm_policy()?,
        ))
    }

    /// The roots that vouch for timestamps here: our own, and those that the operator put into `trust/tsa`.
    pub(super) fn timestamp_roots(&self) -> Result<Vec<Vec<u8>>, HomeError> {
        // A verifier's desk may have no keys.
        let mut roots = if self.keys_path().exists() {
            self.authority_certificates(ROOT)?
        } else {
            Vec::new()
        };
        for ending in ["cer", "crt", "pem"] {
            for (name, bytes) in files(&self.timestamp_roots_path(), ending)? {
                let others = x509::parse_bundle(&bytes).map_err(|source| IdentityError::Certificate {
                    path: self.timestamp_roots_path().join(name),
                    source,
                })?;
                roots.extend(others);
            }
        }
        Ok(roots)
    }

    /// Roots of timestamp authorities of others.
    pub fn timestamp_roots_path(&self) -> PathBuf {
        self.path().join("trust/tsa")
    }
}

enum Reserve {
    Back(Timestamp),
    Home(HomeError),
    Damaged(String),
}

/// Sets numbers aside: the record is durable under its name before one is given.
fn reserve(home: &Path, now: Timestamp) -> Result<Range<u64>, Reserve> {
    let _turn = Turn::of(home).map_err(Reserve::Home)?;
    let path = home.join(LEDGER);
    let damaged = || Reserve::Damaged(format!("{} 已损坏 (damaged)", path.display()));
    let first = match read(&path) {
        Ok(bytes) => {
            let known: Ledger = serde_json::from_slice(&bytes).map_err(|_| damaged())?;
            if now < known.latest {
                return Err(Reserve::Back(known.latest));
            }
            known.next
        }
        Err(HomeError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => 1,
        Err(error) => return Err(Reserve::Home(error)),
    };
    let next = first.checked_add(SERIALS_AT_ONCE).ok_or_else(damaged)?;
    let record = serde_json::to_vec(&Ledger { next, latest: now }).map_err(|_| damaged())?;
    write(&path, &record).map_err(Reserve::Home)?;
    Ok(first..next)
}
