//! Whether a seal may sign now: its dates and signers, and what the register says of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Seal;
use crate::{clock::clock_time, crypto::x509};

/// State of a seal in the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SealStatus {
    /// 启用.
    InForce,
    /// 停用.
    Suspended,
    /// 销毁.
    Destroyed,
}

impl SealStatus {
    /// The state in English.
    pub fn name_en(self) -> &'static str {
        match self {
            Self::InForce => "in force",
            Self::Suspended => "suspended",
            Self::Destroyed => "destroyed",
        }
    }

    /// What a seal keeper calls it.
    pub fn name_zh(self) -> &'static str {
        match self {
            Self::InForce => "启用",
            Self::Suspended => "停用",
            Self::Destroyed => "已销毁",
        }
    }
}

/// What the register says of a seal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RegisterEntry {
    /// Number of the seal.
    pub code: String,
    /// Present state.
    pub state: SealStatus,
    /// When that state began.
    pub since: Timestamp,
    /// Why, as given by the actor.
    pub reason: String,
}

/// Decides whether the holder of a signer certificate (DER) may apply the seal at this instant.
///
/// `entry` is the seal's entry in the register as of now; none where the register has no such seal.
/// The first ground of refusal in the order register, dates, signer is named.
pub fn may_sign(
    entry: Option<&RegisterEntry>,
    seal: &Seal,
    signer_certificate: &[u8],
    at: Timestamp,
) -> Result<(), Refusal> {
    may_be_used(entry, seal, at)?;
    // 3. It permits this signer.
    if !seal.permits(&x509::fingerprint(signer_certificate)) {
        return Err(Refusal::SignerNotPermitted {
            seal: seal.code().to_string(),
            signer: hex::encode(x509::fingerprint(signer_certificate)),
        });
    }
    Ok(())
}

/// The same without the signer: whether anybody may.
pub fn may_be_used(entry: Option<&RegisterEntry>, seal: &Seal, at: Timestamp) -> Result<(), Refusal> {
    // 1. The register knows the seal and has it in force.
    let seal_code = || seal.code().to_string();
    let entry = entry
        .filter(|entry| entry.code == seal.code().as_str())
        .ok_or_else(|| Refusal::NotRegistered { seal: seal_code() })?;
    match entry.state {
        SealStatus::InForce => {}
        SealStatus::Suspended => {
            return Err(Refusal::Suspended {
                seal: seal_code(),
                since: entry.since,
                reason: entry.reason.clone(),
            });
        }
        SealStatus::Destroyed => {
            return Err(Refusal::Destroyed {
                seal: seal_code(),
                since: entry.since,
                reason: entry.reason.clone(),
            });
        }
    }
    // 2. Its own dates allow it.
    if at < seal.not_before() {
        return Err(Refusal::NotYetValid {
            seal: seal_code(),
            not_before: seal.not_before(),
        });
    }
    if at > seal.not_after() {
        return Err(Refusal::Expired {
            seal: seal_code(),
            not_after: seal.not_after(),
        });
    }
    Ok(())
}

/// Why a seal may not sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Destroyed for good.
    #[error("印章 {seal} 已于 {} 销毁：{reason}，请改用在用的印章 (the seal was destroyed)", clock_time(*since))]
    Destroyed {
        /// The seal.
        seal: String,
        /// Since when.
        since: Timestamp,
        /// Why.
        reason: String,
    },
    /// Past its last instant.
    #[error("印章 {seal} 已于 {} 到期，请重新制章 (the seal has expired)", clock_time(*not_after))]
    Expired {
        /// The seal.
        seal: String,
        /// Its last instant.
        not_after: Timestamp,
    },
    /// Not in the register.
    #[error("印章 {seal} 未备案，请先登记 (the seal is not registered)")]
    NotRegistered {
        /// The seal.
        seal: String,
    },
    /// Before its first instant.
    #[error("印章 {seal} 自 {} 起方可使用 (the seal is not valid yet)", clock_time(*not_before))]
    NotYetValid {
        /// The seal.
        seal: String,
        /// Its first instant.
        not_before: Timestamp,
    },
    /// The signer certificate is not among those the seal permits.
    #[error(
        "签章证书（SHA-256 {signer}）未获准使用印章 {seal}；证书换发后须重新制章 \
         (the seal does not permit this signer certificate)"
    )]
    SignerNotPermitted {
        /// The seal.
        seal: String,
        /// SHA-256 of the signer certificate, in hexadecimal.
        signer: String,
    },
    /// Out of force for a time.
    #[error("印章 {seal} 自 {} 起停用：{reason}，须由印章管理员恢复 (the seal is suspended)", clock_time(*since))]
    Suspended {
        /// The seal.
        seal: String,
        /// Since when.
        since: Timestamp,
        /// Why.
        reason: String,
    },
}

impl Refusal {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Destroyed { .. } => "seal-destroyed",
            Self::Expired { .. } => "seal-expired",
            Self::NotRegistered { .. } => "seal-not-registered",
            Self::NotYetValid { .. } => "seal-not-yet-valid",
            Self::SignerNotPermitted { .. } => "seal-signer-not-permitted",
            Self::Suspended { .. } => "seal-suspended",
        }
    }
}
