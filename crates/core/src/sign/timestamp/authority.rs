//! An authority of our own that answers requests.
//!
//! It says what it knows: the time of the [`Clock`] it was given, how far that may be off, and a serial number
//! that no other token of its name has. Serial numbers are set aside durably, a batch at a time, together with
//! the time at that moment; after a crash the rest of the batch is skipped. A clock that has gone back behind
//! what was stamped already gives no more timestamps until it has caught up.

use std::{
    fmt,
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use super::{
    super::cms::{CONTEXT_4, CmsError, CmsSigner, tlv},
    Failure, Request, Response, TST_INFO, TstInfo,
    info::is_about_algorithms,
    integer_content, random,
};
use crate::{
    clock::Clock,
    crypto::{
        AnyOid,
        DigestAlgorithm::{Sha256, Sha384, Sha512},
        KeyFolder, SigningIdentity, x509,
    },
};

/// Serial numbers set aside at once: one write to disk for so many tokens.
pub const SERIALS_AT_ONCE: u64 = 1_000;

/// Why no serial numbers were set aside.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The time given is earlier than one that was on record already.
    #[error("系统时钟早于已签发的时间戳 {latest} (the clock is behind a timestamp issued at {latest})")]
    ClockBack {
        /// The latest time on record.
        latest: Timestamp,
    },
    /// The record cannot be read or written.
    #[error("时间戳流水号无法登记：{0} (serial numbers cannot be recorded)")]
    Storage(Box<dyn std::error::Error + Send + Sync>),
}

/// Sets the next [`SERIALS_AT_ONCE`] numbers aside at an instant. When it returns, neither a crash nor another
/// process can make them be given again.
pub type ReserveSerials = Box<dyn Fn(Timestamp) -> Result<Range<u64>, LedgerError> + Send + Sync>;

/// What the authority promises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeStampPolicy {
    /// Under which policy.
    pub policy: AnyOid,
    /// How far its time may be off.
    pub accuracy: Duration,
}

/// Answers requests for timestamps.
pub struct TimeStampAuthority {
    keys: Arc<KeyFolder>,
    key_name: String,
    policy: TimeStampPolicy,
    clock: Arc<dyn Clock>,
    reserve: ReserveSerials,
    ledger: Mutex<Ledger>,
    prepared: Mutex<Option<Arc<Prepared>>>,
}

/// What follows from the key in use.
struct Prepared {
    identity: Arc<SigningIdentity>,
    signer: CmsSigner,
    /// GeneralName of the certificate's subject.
    name: Vec<u8>,
    not_before: Timestamp,
    not_after: Timestamp,
}

#[derive(Debug, Default)]
struct Ledger {
    left: Range<u64>,
    latest: Option<Timestamp>,
}

impl fmt::Debug for TimeStampAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeStampAuthority")
            .field("key_name", &self.key_name)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

impl TimeStampAuthority {
    /// The authority whose key has this name in the folder.
    pub fn new(
        keys: Arc<KeyFolder>,
        key_name: &str,
        policy: TimeStampPolicy,
        clock: Arc<dyn Clock>,
        reserve: ReserveSerials,
    ) -> Self {
        Self {
            keys,
            key_name: key_name.to_owned(),
            policy,
            clock,
            reserve,
            ledger: Mutex::default(),
            prepared: Mutex::default(),
        }
    }

    /// Answers whatever came: always with a response of RFC 3161.
    pub fn answer(&self, query: &[u8]) -> Vec<u8> {
        match self.stamp(query) {
            Ok(token) => Response::with_token(&token),
            Err((failure, words)) => Response::refusal(failure, &words),
        }
    }

    fn stamp(&self, query: &[u8]) -> Result<Vec<u8>, (Failure, String)> {
        // 1. Is it a request that we serve?
        let request = Request::parse(query).map_err(|error| refuse(&error))?;
        if request.version != Some(1) {
            return Err((
                Failure::BadRequest,
                "只支持第 1 版请求 (version 1 only)".to_owned(),
            ));
        }
        if request.has_extensions {
            return Err((
                Failure::UnacceptedExtension,
                "不支持扩展 (no extensions)".to_owned(),
            ));
        }
        // More is read than is stamped: a timestamp over a weak digest would prove nothing.
        if !matches!(request.imprint.algorithm, Sha256 | Sha384 | Sha512) {
            return Err(bad_digest());
        }
        let policy = &self.policy.policy;
        if request.policy.as_ref().is_some_and(|asked| asked != policy) {
            let words = format!("只支持策略 {policy} (the only policy)");
            return Err((Failure::UnacceptedPolicy, words));
        }

        // 2. The key, and the time.
        let prepared = self.prepared().map_err(|error| self.failed(&error))?;
        let (now, serial) = self.next().map_err(|error| {
            tracing::error!(%error, "no timestamp issued");
            match error {
                LedgerError::ClockBack { .. } => (Failure::TimeNotAvailable, error.to_string()),
                // What the operating system says of our disk is nobody else's business.
                LedgerError::Storage(_) => (
                    Failure::SystemFailure,
                    "时间戳流水号无法登记 (serial numbers cannot be recorded)".to_owned(),
                ),
            }
        })?;
        if now < prepared.not_before || now > prepared.not_after {
            let error = "时间戳证书不在有效期内 (the timestamp certificate is not valid now)";
            return Err(self.failed(&error));
        }

        // 3. What we know of it.
        let info = TstInfo {
            policy: policy.clone(),
            imprint: request.imprint,
            serial,
            gen_time: now,
            accuracy: Some(self.policy.accuracy),
            ordering: false,
            nonce: request.nonce,
            name: Some(prepared.name.clone()),
        };
        prepared
            .signer
            .sign_content(&info.to_der(), request.with_certificates)
            .map_err(|error| self.failed(&error))
    }

    /// A failing of ours: told to the operator, and only so much to who asked.
    fn failed(&self, error: &dyn fmt::Display) -> (Failure, String) {
        tracing::error!(key = self.key_name, %error, "no timestamp issued");
        (
            Failure::SystemFailure,
            "时间戳签名密钥不可用 (the key cannot be used)".to_owned(),
        )
    }

    /// The key as it is now: a renewed one is taken up at once.
    fn prepared(&self) -> Result<Arc<Prepared>, Box<dyn std::error::Error>> {
        let identity = self.keys.identity(&self.key_name)?;
        let mut prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*prepared
            && Arc::ptr_eq(&known.identity, &identity)
        {
            return Ok(Arc::clone(known));
        }
        let certificate = x509::parse(&identity.certificate)?;
        let (not_before, not_after) = x509::validity(&certificate);
        let made = Arc::new(Prepared {
            signer: CmsSigner::over(&identity, TST_INFO)?,
            name: tlv(CONTEXT_4, &[x509::raw(&identity.certificate)?.subject]),
            not_before,
            not_after,
            identity,
        });
        *prepared = Some(Arc::clone(&made));
        Ok(made)
    }

    /// The time, and a serial number that goes with it.
    fn next(&self) -> Result<(Timestamp, Vec<u8>), LedgerError> {
        let random = random().ok_or_else(|| LedgerError::Storage("no randomness".into()))?;
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        let mut now = self.clock.now();
        if let Some(latest) = ledger.latest.filter(|latest| now < *latest) {
            // Clocks are set right by small steps; within what we promise, the later time is as true.
            let promised = SignedDuration::try_from(self.policy.accuracy).unwrap_or_default();
            if latest.duration_since(now) > promised {
                return Err(LedgerError::ClockBack { latest });
            }
            now = latest;
        }
        if ledger.left.is_empty() {
            ledger.left = (self.reserve)(now)?;
        }
        let number = ledger
            .left
            .next()
            .ok_or_else(|| LedgerError::Storage("no serial numbers".into()))?;
        ledger.latest = Some(now);
        // The number makes it unique; the random rest keeps it so where the record came from a backup.
        let serial = [number.to_be_bytes(), random].concat();
        Ok((now, integer_content(&serial)))
    }
}

fn refuse(error: &CmsError) -> (Failure, String) {
    if is_about_algorithms(error) {
        return bad_digest();
    }
    (
        Failure::BadDataFormat,
        "请求不是 RFC 3161 格式 (no timestamp request)".to_owned(),
    )
}

fn bad_digest() -> (Failure, String) {
    let words = "只接受 SHA-256、SHA-384、SHA-512 摘要 (SHA-2 digests only)";
    (Failure::BadAlg, words.to_owned())
}
