//! The time a timestamp proves: a token over the bytes at hand, by a key that may tell the time, on a path to a
//! trusted authority that was good when the token is known to have existed.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{
    existence::Existence,
    path::{Certificates, PathContext, PathError, Usage, VerifiedPath, validate},
    revocation::Revocations,
    work::{Spent, Work, reading},
};
use crate::{
    clock::is_after,
    crypto::{AlgorithmPolicy, x509},
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
    /// It is dated later than it is known to have existed: one of two clocks is wrong.
    #[error(
        "时间戳所载时间 {stated} 晚于其已存在的时间 {known} (dated later than it is known to have existed)"
    )]
    Order {
        /// What it says.
        stated: Timestamp,
        /// When it existed.
        known: Timestamp,
    },
    /// Its maker is unknown, revoked, or may not tell the time.
    #[error("时间戳服务机构的证书不可信（{0}）(the authority's certificate)")]
    Path(#[from] PathError),
}

/// What timestamps are judged by.
#[derive(Debug, Clone, Copy)]
pub struct TimestampTrust<'a> {
    /// The certificates that are trusted to vouch for timestamp authorities.
    pub anchors: &'a Certificates,
    /// Certificates at hand besides those in the token.
    pub intermediates: &'a [&'a Certificates],
    /// Revocation data at hand, of any issuer.
    pub revocations: &'a Revocations,
    /// Which algorithms are believed.
    pub policy: &'a AlgorithmPolicy,
    /// By when the token is proven to have existed: now, or the time of a timestamp over it. What it says itself
    /// proves neither that its algorithms were believed nor that its maker was in office.
    pub at: Timestamp,
    /// The same of the certificates and revocation data at hand.
    pub policy_at: Timestamp,
    /// The present.
    pub now: Timestamp,
    /// By when certificates and revocation data existed.
    pub existence: &'a Existence,
    /// What may be spent on it.
    pub work: &'a Work,
}

/// A time by which bytes existed. There is no other way to have one than [`prove`].
#[derive(Debug, Clone)]
pub struct ProvenTime {
    at: Timestamp,
    stated: Timestamp,
    accuracy: Option<Duration>,
    path: VerifiedPath,
}

impl ProvenTime {
    /// By when the bytes existed: the latest that the authority's clock may have been off (RFC 3161 §2.4.2, an upper
    /// limit of the time at which the token was made), and never later than the token itself is known to have existed
    /// (ETSI EN 319 102-1 §5.5.4: a timestamp only ever makes the time earlier).
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// The time the authority states.
    pub fn stated(&self) -> Timestamp {
        self.stated
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
///
/// The authority's path has to be good at the time by which the token is proven to have existed, not at the time that
/// it states: whoever holds an old key of an authority can date as he likes (ETSI EN 319 102-1 §5.4, §5.6.2).
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
    let read = token.certificates().iter().map(|der| reading(der.len()));
    let spent = trust.work.spend(read.sum());
    spent.map_err(|Spent| PathError::TooMuch)?;
    let own = Certificates::of(token.certificates());
    let mut intermediates = vec![&own];
    intermediates.extend_from_slice(trust.intermediates);
    let context = PathContext {
        anchors: trust.anchors,
        revocations: trust.revocations,
        at: trust.at,
        usage: Usage::Timestamp,
        policy: trust.policy,
        policies: &[],
        policy_at: trust.policy_at,
        now: trust.now,
        existence: trust.existence,
        work: trust.work,
    };
    let token_context = PathContext {
        policy_at: trust.at,
        ..context
    };
    let mut parts = mechanisms
        .into_iter()
        .filter_map(|mechanism| token_context.weakness(mechanism));
    if let Some((part, _)) = parts.next() {
        return Err(TimestampRefused::Weak(part));
    }
    if is_after(info.gen_time, trust.at) {
        return Err(TimestampRefused::Order {
            stated: info.gen_time,
            known: trust.at,
        });
    }
    let path = validate(certificate, &intermediates, &context)?;
    // A key that was certified only later than it says has dated back.
    let parsed = x509::parse(certificate).map_err(|error| PathError::Malformed(error.to_string()))?;
    let (not_before, _) = x509::validity(&parsed);
    if info.gen_time < not_before {
        return Err(TimestampRefused::Path(PathError::NotYetValid {
            certificate: x509::subject_text(&parsed),
            not_before,
        }));
    }
    let off = SignedDuration::try_from(info.accuracy.unwrap_or_default()).unwrap_or(SignedDuration::MAX);
    let latest = info.gen_time.saturating_add(off).unwrap_or(Timestamp::MAX);
    Ok(ProvenTime {
        at: latest.min(trust.at),
        stated: info.gen_time,
        accuracy: info.accuracy,
        path,
    })
}
