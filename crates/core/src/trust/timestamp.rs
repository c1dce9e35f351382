//! The time a timestamp proves: a token over the bytes at hand, by a key that may tell the time, on a path to a
//! trusted authority that was good at that very time.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    path::{PathContext, PathError, Usage, VerifiedPath, validate},
    revocation::Revocations,
};
use crate::{
    crypto::AlgorithmPolicy,
    sign::timestamp::{TimeStampToken, TokenError},
};

/// Why a token proves no time.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TimestampRefused {
    /// It is no good token over these bytes.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// It does not hold its maker's certificate.
    #[error("时间戳令牌不含服务机构的证书 (the token holds no certificate)")]
    NoCertificate,
    /// It stands on an algorithm that is not believed any more.
    #[error("时间戳使用 {0}，已不可靠 (an algorithm that is not believed any more)")]
    Weak(String),
    /// Its maker is unknown, revoked, or may not tell the time.
    #[error("时间戳服务机构的证书不可信（{0}）(the authority's certificate)")]
    Path(#[from] PathError),
}

/// What timestamps are judged by.
#[derive(Debug, Clone, Copy)]
pub struct TimestampTrust<'a> {
    /// DER of the certificates that are trusted to vouch for timestamp authorities.
    pub anchors: &'a [&'a [u8]],
    /// Certificates at hand besides those in the token.
    pub intermediates: &'a [Vec<u8>],
    /// Revocation data at hand, of any issuer.
    pub revocations: &'a Revocations,
    /// Which algorithms are believed.
    pub policy: &'a AlgorithmPolicy,
    /// By when the token is proven to have existed: now, or the time of a timestamp over it. What it says
    /// itself is no proof of its own algorithms.
    pub policy_at: Timestamp,
}

/// A time by which bytes existed. There is no other way to have one than [`prove`].
#[derive(Debug, Clone)]
pub struct ProvenTime {
    at: Timestamp,
    accuracy: Option<Duration>,
    path: VerifiedPath,
}

impl ProvenTime {
    /// The time the authority states.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// How far it may be off, where stated.
    pub fn accuracy(&self) -> Option<Duration> {
        self.accuracy
    }

    /// The authority's path. Where it has certificates of unknown revocation, the time is not proven for good.
    pub fn path(&self) -> &VerifiedPath {
        &self.path
    }
}

/// Judges a token over bytes of this digest, made with the algorithm that the token names.
pub fn prove(
    token: &TimeStampToken,
    digest: &[u8],
    trust: &TimestampTrust<'_>,
) -> Result<ProvenTime, TimestampRefused> {
    let mechanisms = token.verify(digest)?;
    let certificate = token
        .signer_certificate()
        .ok_or(TimestampRefused::NoCertificate)?;
    let info = token.info();
    let mut intermediates = token.certificates().to_vec();
    intermediates.extend_from_slice(trust.intermediates);
    let context = PathContext {
        anchors: trust.anchors,
        revocations: trust.revocations,
        at: info.gen_time,
        usage: Usage::Timestamp,
        policy: trust.policy,
        policies: &[],
        policy_at: trust.policy_at,
    };
    let mut parts = mechanisms
        .into_iter()
        .filter_map(|mechanism| context.weakness(mechanism));
    if let Some((part, _)) = parts.next() {
        return Err(TimestampRefused::Weak(part));
    }
    Ok(ProvenTime {
        at: info.gen_time,
        accuracy: info.accuracy,
        path: validate(certificate, &intermediates, &context)?,
    })
}
