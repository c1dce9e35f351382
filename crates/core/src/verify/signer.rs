//! The signer certificate: path, usage, validity and revocation, at the time that counts.
//!
//! Without proof of when the signature was made, the present counts (ETSI EN 319 102-1 §5.3): a
//! certificate that has expired or was revoked since leaves the question open. The registry's entry is
//! such proof, because the document is in it by its digest; then the time of entry counts.

use jiff::{SignedDuration, Timestamp};

use super::{
    checks, code,
    indication::SubIndication,
    material::Material,
    report::Finding,
    text::{clock_time, common_name},
};
use crate::{
    crypto::x509,
    trust::{
        path::{PathContext, PathError, Usage, VerifiedPath, validate},
        revocation::{RevocationStatus, UnknownRevocation},
    },
};

/// Whether a claimed instant lies after another by more than two honest clocks are apart.
pub(super) fn is_after(claimed: Timestamp, other: Timestamp) -> bool {
    claimed > other.saturating_add(CLOCK_SKEW).unwrap_or(other)
}

/// How far two honest clocks may be apart.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// A signer certificate and what came with it.
pub(super) struct Presented<'a> {
    /// DER of the signer certificate.
    pub(super) certificate: &'a [u8],
    /// DER of certificates that came with the signature.
    pub(super) others: &'a [Vec<u8>],
    /// Revocation lists that came with the signature.
    pub(super) crls: &'a [Vec<u8>],
    pub(super) times: Times,
}

/// The instants that a signature is judged by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// Signing time by the signer's word.
    pub(super) claimed: Option<Timestamp>,
    /// By when the signature is proven to have existed.
    pub(super) proven: Option<Timestamp>,
    /// Time of verification.
    pub(super) now: Timestamp,
}

/// Judges the signer certificate; gives the fingerprint of the anchor its path leads to.
pub(super) fn judge(
    presented: &Presented<'_>,
    material: &Material,
    findings: &mut Vec<Finding>,
) -> Option<[u8; 32]> {
    let Times { claimed, proven, now } = presented.times;
    let mut intermediates = presented.others.to_vec();
    intermediates.extend_from_slice(material.intermediates());
    let mut revocations = material.revocations().clone();
    for der in presented.crls {
        // What came with the signature and cannot be used says nothing.
        let _ = revocations.add_crl(der);
    }
    let anchors = material.anchors();
    let at = |at| {
        let context = PathContext {
            anchors: &anchors,
            revocations: &revocations,
            at,
            usage: Usage::Document,
            policy: material.policy(),
            policies: material.policies(),
            policy_at: at,
        };
        validate(presented.certificate, &intermediates, &context)
    };

    // 1. As things stand now, or at the time the signature is proven to have existed.
    let error = match at(proven.unwrap_or(now)) {
        Ok(path) => return Some(accept(&path, presented, findings)),
        Err(error) => error,
    };
    // 2. If it was once good, say so: what is missing then is proof of the time, not trust.
    let once = claimed
        .filter(|claimed| *claimed < now && proven.is_none())
        .and_then(|claimed| at(claimed).ok());
    reject(error, once.as_ref(), claimed, findings);
    once.map(|path| path.anchor_fingerprint())
}

fn accept(path: &VerifiedPath, presented: &Presented<'_>, findings: &mut Vec<Finding>) -> [u8; 32] {
    pass_path(path, findings);
    findings.push(Finding::passed(
        &checks::SIGNER_USAGE,
        "可用于文件签章",
        "may sign documents",
    ));
    findings.push(judge_validity(path, presented));
    findings.push(judge_revocation(path));
    path.anchor_fingerprint()
}

fn pass_path(path: &VerifiedPath, findings: &mut Vec<Finding>) {
    let anchor = x509::parse(path.anchor())
        .map(|anchor| x509::subject_text(&anchor))
        .unwrap_or_default();
    let anchor = common_name(&anchor);
    findings.push(Finding::passed(
        &checks::SIGNER_PATH,
        format!("可追溯到受信根证书 {anchor}"),
        format!("leads to the trusted root {anchor}"),
    ));
}

/// The path is good at its instant; what is left is whether the signing time fits the certificate.
fn judge_validity(path: &VerifiedPath, presented: &Presented<'_>) -> Finding {
    let check = &checks::SIGNER_VALIDITY;
    let Ok(certificate) = x509::parse(presented.certificate) else {
        return Finding::undecided(
            check,
            code::SIGNER_UNREADABLE,
            SubIndication::NoSigningCertificateFound,
            "签名证书不可读",
            "the signer certificate is unreadable",
        );
    };
    let (from, until) = x509::validity(&certificate);
    if let Some(claimed) = presented.times.claimed {
        let when = clock_time(claimed);
        if claimed < from {
            return Finding::failed(
                check,
                code::SIGNED_BEFORE_CERTIFICATE,
                SubIndication::NotYetValid,
                format!("签章时间 {when} 早于签名证书生效时间 {}", clock_time(from)),
                format!(
                    "signed at {when}, before the signer certificate began at {}",
                    clock_time(from)
                ),
            );
        }
        if claimed > until {
            return expired(claimed, until);
        }
    }
    let span = format!("{} – {}", clock_time(from), clock_time(until));
    if path.at() < presented.times.now && presented.times.now > until {
        return Finding::passed(
            check,
            format!("现已过期，但登记时（{}）有效", clock_time(path.at())),
            format!(
                "expired since, but valid when registered ({})",
                clock_time(path.at())
            ),
        );
    }
    Finding::passed(check, format!("有效期 {span}"), format!("valid {span}"))
}

fn expired(claimed: Timestamp, until: Timestamp) -> Finding {
    let (when, end) = (clock_time(claimed), clock_time(until));
    Finding::failed(
        &checks::SIGNER_VALIDITY,
        code::SIGNED_AFTER_CERTIFICATE,
        SubIndication::Expired,
        format!("签章时间 {when} 晚于签名证书失效时间 {end}"),
        format!("signed at {when}, after the signer certificate expired at {end}"),
    )
}

fn judge_revocation(path: &VerifiedPath) -> Finding {
    let check = &checks::REVOCATION;
    if let Some(unknown) = path.undecided().next() {
        let RevocationStatus::Unknown(why) = &unknown.revocation else {
            return Finding::undecided(
                check,
                code::REVOCATION_UNKNOWN,
                SubIndication::TryLater,
                "不明",
                "unknown",
            );
        };
        let subject = common_name(&unknown.subject);
        let (code, zh) = match why {
            UnknownRevocation::NoList => (code::NO_REVOCATION_LIST, "没有其颁发者的吊销列表".to_owned()),
            UnknownRevocation::Stale { next_update } => (
                code::REVOCATION_LIST_STALE,
                format!("吊销列表已过期（应于 {} 更新）", clock_time(*next_update)),
            ),
            UnknownRevocation::Weak(part) => (
                code::REVOCATION_LIST_WEAK,
                format!("吊销列表的签名使用 {part}，已不可靠"),
            ),
            UnknownRevocation::Untrusted => (code::REVOCATION_LIST_UNTRUSTED, "吊销列表签名无效".to_owned()),
            UnknownRevocation::Undated => (
                code::REVOCATION_LIST_UNDATED,
                "吊销列表没有写明下次更新时间，不知是否仍新".to_owned(),
            ),
            UnknownRevocation::UnknownToResponder => (
                code::REVOCATION_UNKNOWN_TO_RESPONDER,
                "OCSP 服务不知有此证书".to_owned(),
            ),
            UnknownRevocation::ResponderUnchecked => (
                code::REVOCATION_RESPONDER_UNCHECKED,
                "不知 OCSP 服务自己的证书是否吊销".to_owned(),
            ),
            UnknownRevocation::Unsupported(kind) => (
                code::REVOCATION_LIST_UNSUPPORTED,
                format!("不支持此种吊销列表（{kind}）"),
            ),
            UnknownRevocation::TooLate => (
                code::REVOCATION_LIST_TOO_LATE,
                "吊销列表在证书过期之后制作，不再记载该证书".to_owned(),
            ),
        };
        return Finding::undecided(
            check,
            code,
            SubIndication::TryLater,
            format!("{subject}：{zh}"),
            format!("{subject}: {why}"),
        )
        .hint(
            "请取得颁发机构最新的吊销列表（CRL）后重试",
            "fetch the issuer's current revocation list (CRL) and try again",
        );
    }
    let later = path
        .certificates()
        .iter()
        .find_map(|certificate| match &certificate.revocation {
            RevocationStatus::RevokedLater(revoked) => Some((certificate, revoked.at)),
            _ => None,
        });
    if let Some((certificate, revoked_at)) = later {
        let subject = common_name(&certificate.subject);
        let (revoked, registered) = (clock_time(revoked_at), clock_time(path.at()));
        return Finding::passed(
            check,
            format!("{subject} 于 {revoked} 吊销，在登记（{registered}）之后"),
            format!("{subject} was revoked at {revoked}, after registration ({registered})"),
        );
    }
    let lists = path
        .certificates()
        .iter()
        .filter_map(|certificate| match &certificate.revocation {
            RevocationStatus::Good { as_of, .. } => Some(*as_of),
            _ => None,
        });
    let as_of = lists.min().map(clock_time).unwrap_or_default();
    Finding::passed(
        check,
        format!("未吊销（吊销列表 {as_of}）"),
        format!("not revoked (list of {as_of})"),
    )
}

/// Says why there is no good path. `once` is the path at the claimed time, if it was good then.
fn reject(
    error: PathError,
    once: Option<&VerifiedPath>,
    claimed: Option<Timestamp>,
    findings: &mut Vec<Finding>,
) {
    let english = error.to_string();
    match error {
        PathError::Expired {
            certificate,
            not_after,
        } => {
            let certificate = common_name(&certificate);
            if let Some(path) = once {
                pass_path(path, findings);
            }
            findings.push(match claimed {
                Some(claimed) if claimed > not_after => expired(claimed, not_after),
                _ => Finding::undecided(
                    &checks::SIGNER_VALIDITY,
                    code::SIGNER_EXPIRED,
                    SubIndication::OutOfBoundsNoPoe,
                    format!(
                        "{certificate} 已于 {} 过期，无法证明签章在此之前",
                        clock_time(not_after)
                    ),
                    format!("{english}; nothing proves that the signature is older"),
                )
                .hint(
                    "查询登记库：登记记录可证明签章时间",
                    "ask the registry: its entry proves the time",
                ),
            });
        }
        PathError::NotYetValid {
            certificate,
            not_before,
        } => findings.push(Finding::failed(
            &checks::SIGNER_VALIDITY,
            code::SIGNER_NOT_YET_VALID,
            SubIndication::NotYetValid,
            format!(
                "{} 自 {} 起方才有效",
                common_name(&certificate),
                clock_time(not_before)
            ),
            english,
        )),
        PathError::Revoked {
            certificate,
            signer,
            revoked_at,
            ..
        } => {
            if let Some(path) = once {
                pass_path(path, findings);
            }
            let when = clock_time(revoked_at);
            let certificate = common_name(&certificate);
            findings.push(match claimed {
                // By the signer's own word the signature is younger than the revocation.
                Some(claimed) if claimed >= revoked_at => Finding::failed(
                    &checks::REVOCATION,
                    code::SIGNER_REVOKED,
                    SubIndication::Revoked,
                    format!("{certificate} 已于 {when} 吊销，签章在吊销之后"),
                    format!("{english}, before the signature was made"),
                ),
                _ => Finding::undecided(
                    &checks::REVOCATION,
                    code::SIGNER_REVOKED_SINCE,
                    if signer {
                        SubIndication::RevokedNoPoe
                    } else {
                        SubIndication::RevokedCaNoPoe
                    },
                    format!("{certificate} 已于 {when} 吊销，无法证明签章在吊销之前"),
                    format!("{english}; nothing proves that the signature is older"),
                )
                .hint(
                    "未经登记库证明签章时间，请勿采信",
                    "do not rely on it unless the registry proves the time",
                ),
            });
        }
        PathError::WrongUsage { certificate, .. } => findings.push(Finding::failed(
            &checks::SIGNER_USAGE,
            code::SIGNER_WRONG_USAGE,
            SubIndication::ChainConstraintsFailure,
            format!("{} 不得用于文件签章", common_name(&certificate)),
            english,
        )),
        PathError::NameConstraints | PathError::PathTooLong | PathError::Policies => {
            findings.push(Finding::failed(
                &checks::SIGNER_PATH,
                code::PATH_CONSTRAINTS,
                SubIndication::ChainConstraintsFailure,
                "证书链超出其颁发者的授权范围",
                english,
            ));
        }
        PathError::WeakAlgorithm {
            certificate, part, ..
        } => {
            findings.push(
                Finding::undecided(
                    &checks::SIGNER_PATH,
                    code::PATH_WEAK_ALGORITHM,
                    match once {
                        Some(_) => SubIndication::CryptoConstraintsFailureNoPoe,
                        None => SubIndication::CryptoConstraintsFailure,
                    },
                    format!("{} 的签名使用 {part}，已不可靠", common_name(&certificate)),
                    english,
                )
                .hint(
                    "须有证明签章时间的时间戳或登记记录；没有则不可采信",
                    "a timestamp or a registry entry must prove its age; do not rely on it otherwise",
                ),
            );
        }
        PathError::UnsupportedAlgorithm(_) => findings.push(
            Finding::undecided(
                &checks::SIGNER_PATH,
                code::PATH_ALGORITHM,
                SubIndication::CryptoConstraintsFailure,
                "证书链使用了不支持的算法",
                english,
            )
            .hint(
                "请用支持该算法的程序核验",
                "verify with a program that knows the algorithm",
            ),
        ),
        PathError::UnknownIssuer => findings.push(
            Finding::undecided(
                &checks::SIGNER_PATH,
                code::UNKNOWN_ROOT,
                SubIndication::NoCertificateChainFound,
                "签名证书追溯不到任何受信根证书",
                english,
            )
            .hint(
                "请更新信任列表；仍不在列表中的签章者不可采信",
                "fetch the current trust list; do not rely on a signer that is not on it",
            ),
        ),
        PathError::BadSignature | PathError::Malformed(_) | PathError::Anchor(_) => findings.push(
            Finding::undecided(
                &checks::SIGNER_PATH,
                code::PATH_BROKEN,
                SubIndication::CertificateChainGeneralFailure,
                "证书链断裂：链上有证书损坏或签名不符",
                english,
            )
            .hint(
                "请更新信任列表后重试；仍如此者不可采信",
                "fetch the current trust list and try again; do not rely on it otherwise",
            ),
        ),
    }
}
