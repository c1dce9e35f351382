//! The signer certificate: path, usage, validity and revocation, at the time that counts. That of a timestamp
//! authority is judged alike.
//!
//! Without proof of when the signature was made, the present counts (ETSI EN 319 102-1 §5.3): a certificate that
//! has expired or was revoked since leaves the question open. With proof the earliest proven time counts (§5.5.4):
//!
//! | the certificate | verdict |
//! |---|---|
//! | revoked, or expired, after the proven time | good |
//! | revoked before it, or at any time without proof | REVOKED_NO_POE, of a CA certificate REVOKED_CA_NO_POE |
//! | expired before it, or by now without proof | OUT_OF_BOUNDS_NOT_REVOKED where it is known not to have been revoked, else OUT_OF_BOUNDS_NO_POE |
//! | on hold by then, or at any time without proof | TRY_LATER: a hold may be lifted |
//! | revoked, or expired, before the time that the signer states | REVOKED, EXPIRED: failed by the signer's own word |
//! | begun after the proven time | NOT_YET_VALID |
//!
//! That a proof is younger than a revocation does not say that the signature is: only the signer's own word, or
//! a timestamp over what was to be signed, says that something was signed after an instant.

use jiff::Timestamp;
use x509_cert::ext::pkix::CrlReason;

use super::{
    checks,
    code::{self, Code},
    indication::SubIndication,
    report::{Finding, ProvenBy},
    text::clock_time,
};
use crate::{
    clock::is_after,
    crypto::x509::{self, common_name},
    trust::{
        path::{PathError, Usage, VerifiedPath},
        revocation::{RevocationStatus, Revoked, UnknownRevocation},
    },
};

/// A signer certificate and what it is judged by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Presented<'a> {
    /// DER of the signer certificate.
    pub(super) certificate: &'a [u8],
    pub(super) usage: Usage,
    pub(super) times: Times,
    /// What proves the time, where one is proven.
    pub(super) proven_by: Option<&'a ProvenBy>,
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

impl Presented<'_> {
    /// Whether a path holds for an earlier instant than the present that nothing but the signer's word names.
    fn is_by_own_word(&self, path: &VerifiedPath) -> bool {
        self.proven_by.is_none() && path.at() < self.times.now
    }

    /// What the certificate made, for a sentence.
    fn made(&self) -> (&'static str, &'static str) {
        match self.usage {
            Usage::Timestamp => ("时间戳", "timestamp"),
            _ => ("签名", "signature"),
        }
    }
}

impl Times {
    /// The signer's word, unless it is refuted: a signature that existed before was not made then.
    pub(super) fn believable(&self) -> Option<Timestamp> {
        let refuted = |claimed: &Timestamp| self.proven.is_some_and(|proven| is_after(*claimed, proven));
        self.claimed.filter(|claimed| !refuted(claimed))
    }
}

/// The path of a certificate at an instant.
type PathAt<'a> = dyn Fn(Timestamp) -> Result<VerifiedPath, PathError> + 'a;

/// Judges the signer certificate; gives the fingerprint of the anchor its path leads to.
pub(super) fn judge(
    presented: &Presented<'_>,
    path: &PathAt<'_>,
    findings: &mut Vec<Finding>,
) -> Option<[u8; 32]> {
    let Times { proven, now, .. } = presented.times;
    match path(proven.unwrap_or(now)) {
        Ok(path) => Some(accept(&path, presented, findings)),
        Err(error) => reject(error, presented, path, findings),
    }
}

/// Says what is good about a path.
pub(super) fn accept(
    path: &VerifiedPath,
    presented: &Presented<'_>,
    findings: &mut Vec<Finding>,
) -> [u8; 32] {
    pass_path(path, findings);
    let (zh, en) = match presented.usage {
        Usage::Timestamp => ("可用于时间戳", "may tell the time"),
        _ => ("可用于文件签章", "may sign documents"),
    };
    findings.push(Finding::passed(&checks::SIGNER_USAGE, zh, en));
    findings.push(judge_validity(path, presented));
    findings.push(judge_revocation(path, presented));
    path.anchor_fingerprint()
}

/// A signature judged at the time that its signer states (GM/T 0031-2014 §6.2.3 d: revoked after signing, go on). Who
/// may have got hold of the key could state any time.
fn revoked_after_own_word(subject: &str, revoked: &Revoked, at: Timestamp) -> Finding {
    let check = &checks::REVOCATION;
    let (since, at) = (clock_time(revoked.at), clock_time(at));
    let is_stolen = matches!(
        revoked.reason,
        Some(CrlReason::KeyCompromise | CrlReason::CaCompromise | CrlReason::AaCompromise)
    );
    if is_stolen {
        return Finding::undecided(
            check,
            code::SIGNER_REVOKED_SINCE,
            SubIndication::RevokedNoPoe,
            format!("{subject} 因密钥泄露于 {since} 吊销；签章时间 {at} 只是签章者声明，无法证明"),
            format!(
                "{subject} was revoked at {since} because its key was compromised; that it signed at {at} is the \
                 signer's own word, which nothing proves"
            ),
        )
        .hint(PROOF.0, PROOF.1);
    }
    Finding::passed(
        check,
        format!("{subject} 于 {since} 吊销，在签章者声明的签章时间（{at}）之后"),
        format!("{subject} was revoked at {since}, after the time ({at}) that the signer states"),
    )
    .coded(code::REVOKED_AFTER_SIGNING)
}

/// Where no path tells of the dates of a certificate: whether by the signer's own word it was valid when it signed.
pub(super) fn judge_own_dates(presented: &Presented<'_>) -> Option<Finding> {
    let claimed = presented.times.believable()?;
    let certificate = x509::parse(presented.certificate).ok()?;
    let (from, until) = x509::validity(&certificate);
    outside(presented, claimed, from, until)
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
    let claimed = presented.times.believable();
    if let Some(outside) = claimed.and_then(|claimed| outside(presented, claimed, from, until)) {
        return outside;
    }
    let span = format!("{} – {}", clock_time(from), clock_time(until));
    if let Some(by) = presented.proven_by.filter(|_| presented.times.now > until) {
        let at = clock_time(path.at());
        return Finding::passed(
            check,
            format!("现已过期，但{}证明签名时（不晚于 {at}）有效", by.name_zh()),
            format!(
                "expired since, but valid when it signed: by {at}, as {} proves",
                by.name_en()
            ),
        );
    }
    Finding::passed(check, format!("有效期 {span}"), format!("valid {span}"))
}

/// Says that a time stated is outside the validity of the certificate, if it is.
fn outside(
    presented: &Presented<'_>,
    claimed: Timestamp,
    from: Timestamp,
    until: Timestamp,
) -> Option<Finding> {
    if claimed > until {
        return Some(expired(presented, claimed, until));
    }
    let (when, begun) = (clock_time(claimed), clock_time(from));
    let (made, made_en) = presented.made();
    (claimed < from).then(|| {
        Finding::failed(
            &checks::SIGNER_VALIDITY,
            code::SIGNED_BEFORE_CERTIFICATE,
            SubIndication::NotYetValid,
            format!("{made}所载时间 {when} 早于其签名证书生效时间 {begun}"),
            format!("the {made_en} says {when}, before its certificate began at {begun}"),
        )
    })
}

fn expired(presented: &Presented<'_>, claimed: Timestamp, until: Timestamp) -> Finding {
    let (when, end) = (clock_time(claimed), clock_time(until));
    let (made, made_en) = presented.made();
    Finding::failed(
        &checks::SIGNER_VALIDITY,
        code::SIGNED_AFTER_CERTIFICATE,
        SubIndication::Expired,
        format!("{made}所载时间 {when} 晚于其签名证书失效时间 {end}"),
        format!("the {made_en} says {when}, after its certificate expired at {end}"),
    )
}

fn judge_revocation(path: &VerifiedPath, presented: &Presented<'_>) -> Finding {
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
        let (code, zh) = doubt(why);
        let (sub_indication, hint) = match why {
            UnknownRevocation::IssuerGone { .. } => (
                SubIndication::NoPoe,
                (
                    "须有在此之前覆盖证书和吊销信息的文档时间戳或登记记录；没有则不可采信",
                    "a document timestamp or a registry entry of before must cover the certificates and the revocation \
                     data; do not rely on it otherwise",
                ),
            ),
            _ => (
                SubIndication::TryLater,
                (
                    "请取得颁发机构最新的吊销列表（CRL）或 OCSP 应答后重试",
                    "fetch the issuer's current revocation list (CRL), or an answer of its OCSP responder, and try again",
                ),
            ),
        };
        return Finding::undecided(
            check,
            code,
            sub_indication,
            format!("{subject}：{zh}"),
            format!("{subject}: {why}"),
        )
        .hint(hint.0, hint.1);
    }
    let later = path
        .certificates()
        .iter()
        .find_map(|certificate| match &certificate.revocation {
            RevocationStatus::RevokedLater(revoked) => Some((certificate, *revoked)),
            _ => None,
        });
    if let Some((certificate, revoked)) = later {
        let subject = common_name(&certificate.subject);
        let (revoked_at, at) = (clock_time(revoked.at), clock_time(path.at()));
        if presented.is_by_own_word(path) {
            return revoked_after_own_word(&subject, &revoked, path.at());
        }
        let revoked = revoked_at;
        let (by, by_en) = presented.proven_by.map_or_else(
            || ("当前".to_owned(), "the present".to_owned()),
            |by| (by.name_zh(), by.name_en()),
        );
        return Finding::passed(
            check,
            format!("{subject} 于 {revoked} 吊销，在{by}证明的时间（{at}）之后"),
            format!("{subject} was revoked at {revoked}, after the time that {by_en} proves ({at})"),
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
        format!("未吊销（据 {as_of} 的吊销信息）"),
        format!("not revoked (as of {as_of})"),
    )
}

/// Why the revocation of a certificate is unknown. Lists and answers come to the same, and either may be meant.
fn doubt(why: &UnknownRevocation) -> (Code, String) {
    const EITHER: &str = "吊销列表（或 OCSP 应答）";
    match why {
        UnknownRevocation::IssuerGone { left } => (
            code::REVOCATION_ISSUER_GONE,
            format!(
                "其颁发者的证书自 {} 起失效，无法证明{EITHER}在此之前",
                clock_time(*left)
            ),
        ),
        UnknownRevocation::NoList => (
            code::NO_REVOCATION_LIST,
            "没有其颁发者的吊销列表，也没有 OCSP 应答".to_owned(),
        ),
        UnknownRevocation::Stale { next_update } => (
            code::REVOCATION_LIST_STALE,
            format!("{EITHER}已过期（应于 {} 更新）", clock_time(*next_update)),
        ),
        UnknownRevocation::Weak(part) => (
            code::REVOCATION_LIST_WEAK,
            format!("{EITHER}的签名使用 {part}，已不可靠"),
        ),
        UnknownRevocation::Untrusted => (code::REVOCATION_LIST_UNTRUSTED, format!("{EITHER}签名无效")),
        UnknownRevocation::Undated => (
            code::REVOCATION_LIST_UNDATED,
            format!("{EITHER}没有写明下次更新时间，不知是否仍新"),
        ),
        UnknownRevocation::Future { this_update } => (
            code::REVOCATION_LIST_FUTURE,
            format!("{EITHER}所载制作时间 {} 尚未到来", clock_time(*this_update)),
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
            format!("{EITHER}在证书过期之后制作，不再记载该证书"),
        ),
    }
}

/// What a signer's certificate lacked at the time that counts, for a sentence: that nothing proves an earlier time,
/// or what proves a later one only.
fn unproven(presented: &Presented<'_>) -> (String, String) {
    let (made, made_en) = presented.made();
    match (presented.proven_by, presented.times.proven) {
        (Some(by), Some(at)) => {
            let at = clock_time(at);
            (
                format!("{}只证明{made}不晚于 {at}", by.name_zh()),
                format!(
                    "{} proves no more than that the {made_en} existed by {at}",
                    by.name_en()
                ),
            )
        }
        _ => (
            format!("无法证明{made}在此之前"),
            format!("nothing proves that the {made_en} is older"),
        ),
    }
}

/// What would help.
const PROOF: (&str, &str) = (
    "须有证明签名时间的时间戳或登记记录；没有则不可采信",
    "a timestamp or a registry entry must prove its age; do not rely on it otherwise",
);

/// What to do about a file that brings too much.
const LESS: (&str, &str) = (
    "正常文件不会如此：请取得签发时的原始文件",
    "no honest file has so many: ask for the document as issued",
);

/// Says that a file brings more to judge by than is looked at.
pub(super) fn too_much(english: String) -> Finding {
    Finding::undecided(
        &checks::SIGNER_PATH,
        code::TOO_MUCH_TO_CHECK,
        SubIndication::CertificateChainGeneralFailure,
        "文件所带证书和吊销信息过多，未能逐一核查",
        english,
    )
    .hint(LESS.0, LESS.1)
}

/// Says that a list, or an answer, of the file cannot be read, though it may accuse.
pub(super) fn unread() -> Finding {
    Finding::undecided(
        &checks::REVOCATION,
        code::REVOCATION_UNREAD,
        SubIndication::TryLater,
        "文件所带的吊销信息有不能识读者，其中可能载有吊销记录",
        "a revocation list or answer in the file cannot be read, and may name a certificate as revoked",
    )
    .hint(
        "请用其他软件核对该吊销信息，或向签发机构取得当前的吊销列表",
        "look at it with another program, or ask the issuer for its present revocation list",
    )
}

/// Says why there is no good path. Gives the anchor of the path that the certificate had once, if it had one.
pub(super) fn reject(
    error: PathError,
    presented: &Presented<'_>,
    path: &PathAt<'_>,
    findings: &mut Vec<Finding>,
) -> Option<[u8; 32]> {
    let english = error.to_string();
    let claimed = presented.times.believable();
    let (unproven, unproven_en) = unproven(presented);
    let (made, made_en) = presented.made();
    // If it was once good, say so: what is missing then is proof of the time, not trust.
    let Times { proven, now, .. } = presented.times;
    let once = claimed
        .filter(|claimed| *claimed < proven.unwrap_or(now))
        .and_then(|claimed| path(claimed).ok());
    match error {
        PathError::Expired {
            certificate,
            not_after,
        } => {
            let certificate = common_name(&certificate);
            let last = path(not_after).ok();
            if let Some(path) = once.as_ref().or(last.as_ref()) {
                pass_path(path, findings);
            }
            let is_known_good = last.is_some_and(|path| path.undecided().next().is_none());
            findings.push(match claimed {
                Some(claimed) if claimed > not_after => expired(presented, claimed, not_after),
                _ => Finding::undecided(
                    &checks::SIGNER_VALIDITY,
                    code::SIGNER_EXPIRED,
                    if is_known_good {
                        SubIndication::OutOfBoundsNotRevoked
                    } else {
                        SubIndication::OutOfBoundsNoPoe
                    },
                    format!("{certificate} 已于 {} 过期，{unproven}", clock_time(not_after)),
                    format!("{english}; {unproven_en}"),
                )
                .hint(PROOF.0, PROOF.1),
            });
        }
        PathError::NotYetValid {
            certificate,
            not_before,
        } => {
            let subject = common_name(&certificate);
            let from = clock_time(not_before);
            let own = x509::parse(presented.certificate).map(|own| x509::validity(&own).0);
            findings.push(if own.is_ok_and(|own| own >= not_before) {
                Finding::failed(
                    &checks::SIGNER_VALIDITY,
                    code::SIGNER_NOT_YET_VALID,
                    SubIndication::NotYetValid,
                    format!("{subject} 自 {from} 起方才有效，{made}早于此"),
                    english,
                )
            } else {
                // A younger certificate of the same issuer may be at hand in the place of the one of then.
                Finding::undecided(
                    &checks::SIGNER_VALIDITY,
                    code::SIGNER_NOT_YET_VALID,
                    SubIndication::OutOfBoundsNoPoe,
                    format!("{subject} 自 {from} 起方才有效，{made}须另有其前的证书"),
                    english,
                )
                .hint(
                    "请提供签名当时的上级证书",
                    "supply the CA certificate of that time",
                )
            });
        }
        PathError::Revoked {
            certificate,
            signer,
            revoked_at,
            reason,
        } => {
            if let Some(path) = &once {
                pass_path(path, findings);
            }
            let when = clock_time(revoked_at);
            let certificate = common_name(&certificate);
            findings.push(match claimed {
                _ if reason == Some(CrlReason::CertificateHold) => Finding::undecided(
                    &checks::REVOCATION,
                    code::SIGNER_ON_HOLD,
                    SubIndication::TryLater,
                    format!("{certificate} 自 {when} 起暂停使用，{unproven}"),
                    format!("{certificate} is on hold since {when}; {unproven_en}"),
                )
                .hint(
                    "请待其颁发机构恢复或吊销该证书后，以新的吊销列表重新核验",
                    "verify again with a newer list, once its issuer has lifted the hold or revoked it",
                ),
                // By the signer's own word the signature is younger than the revocation.
                Some(claimed) if claimed >= revoked_at => Finding::failed(
                    &checks::REVOCATION,
                    code::SIGNER_REVOKED,
                    SubIndication::Revoked,
                    format!("{certificate} 已于 {when} 吊销，{made}在吊销之后"),
                    format!("{english}, before the {made_en} was made"),
                ),
                _ => Finding::undecided(
                    &checks::REVOCATION,
                    code::SIGNER_REVOKED_SINCE,
                    if signer {
                        SubIndication::RevokedNoPoe
                    } else {
                        SubIndication::RevokedCaNoPoe
                    },
                    format!("{certificate} 已于 {when} 吊销，{unproven}"),
                    format!("{english}; {unproven_en}"),
                )
                .hint(PROOF.0, PROOF.1),
            });
        }
        // Another path, over another certificate of the same key, may yet be good (EN 319 102-1 §5.2.6.4 goes back
        // for the next path after both), and what certificates are for is the verifier's policy.
        PathError::WrongUsage {
            certificate, signer, ..
        } => {
            let certificate = common_name(&certificate);
            let purpose = match presented.usage {
                Usage::Timestamp => "用于时间戳",
                _ => "用于文件签章",
            };
            findings.push(if signer {
                Finding::undecided(
                    &checks::SIGNER_USAGE,
                    code::SIGNER_WRONG_USAGE,
                    SubIndication::ChainConstraintsFailure,
                    format!("{certificate} 不得{purpose}"),
                    english,
                )
            } else {
                Finding::undecided(
                    &checks::SIGNER_USAGE,
                    code::ISSUER_WRONG_USAGE,
                    SubIndication::CertificateChainGeneralFailure,
                    format!("{certificate} 不得签发{purpose}的证书"),
                    english,
                )
                .hint(
                    "如其颁发者另有可签发此类证书的上级证书，请一并提供；没有则不可采信",
                    "supply another certificate of that issuer that allows it, if there is one; do not rely on it \
                     otherwise",
                )
            });
        }
        PathError::UnknownExtension {
            certificate,
            extension,
        } => findings.push(
            Finding::undecided(
                &checks::SIGNER_PATH,
                code::PATH_EXTENSION,
                SubIndication::CertificateChainGeneralFailure,
                format!("{} 含有不支持的关键扩展 {extension}", common_name(&certificate)),
                english,
            )
            .hint(
                "请用支持该扩展的程序核验",
                "verify with a program that knows the extension",
            ),
        ),
        PathError::NameConstraints | PathError::PathTooLong | PathError::Policies => {
            let by_verifier = matches!(error, PathError::Policies);
            findings.push(Finding::undecided(
                &checks::SIGNER_PATH,
                code::PATH_CONSTRAINTS,
                if by_verifier {
                    SubIndication::ChainConstraintsFailure
                } else {
                    SubIndication::CertificateChainGeneralFailure
                },
                "证书链超出其颁发者的授权范围",
                english,
            ));
        }
        PathError::WeakAlgorithm {
            certificate,
            part,
            until,
        } => {
            findings.push(
                Finding::undecided(
                    &checks::SIGNER_PATH,
                    code::PATH_WEAK_ALGORITHM,
                    // What was never believed, no proof helps.
                    match until {
                        Some(_) => SubIndication::CryptoConstraintsFailureNoPoe,
                        None => SubIndication::CryptoConstraintsFailure,
                    },
                    format!("{} 的签名使用 {part}，已不可靠", common_name(&certificate)),
                    english,
                )
                .hint(PROOF.0, PROOF.1),
            );
        }
        PathError::TooMuch => findings.push(too_much(english)),
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
                "请更新信任列表，或把核实过的对方根证书作为受信根证书（--anchor）；此前不可采信",
                "fetch the current trust list, or name the signer's root as an anchor (--anchor) once you have it from whom you trust; do not rely on it until then",
            ),
        ),
        PathError::BadSignature | PathError::Malformed(_) => findings.push(
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
    once.map(|path| path.anchor_fingerprint())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn rejected(error: PathError, usage: Usage) -> Finding {
        let presented = Presented {
            certificate: &[],
            usage,
            times: Times {
                claimed: None,
                proven: None,
                now: Timestamp::UNIX_EPOCH,
            },
            proven_by: None,
        };
        let mut findings = Vec::new();
        reject(
            error,
            &presented,
            &|_| Err(PathError::UnknownIssuer),
            &mut findings,
        );
        findings.pop().unwrap()
    }

    #[test]
    fn a_fault_is_told_of_whose_it_is() {
        let wrong = |signer| PathError::WrongUsage {
            certificate: "CN=甲".to_owned(),
            signer,
            why: "it is no certification authority's",
        };
        let signer = rejected(wrong(true), Usage::Document);
        assert_eq!(signer.code, "SIGNER_WRONG_USAGE");
        assert_eq!(signer.message, "甲 不得用于文件签章");
        assert!(signer.message_en.starts_with("CN=甲 may not be used for this"));
        for (usage, message) in [
            (Usage::Document, "甲 不得签发用于文件签章的证书"),
            (Usage::Timestamp, "甲 不得签发用于时间戳的证书"),
        ] {
            let issuer = rejected(wrong(false), usage);
            assert_eq!(issuer.code, "ISSUER_WRONG_USAGE");
            assert_eq!(issuer.message, message);
            assert!(
                issuer
                    .message_en
                    .starts_with("CN=甲 may not issue certificates for this")
            );
        }

        let extension = PathError::UnknownExtension {
            certificate: "CN=甲".to_owned(),
            extension: "1.2.3".to_owned(),
        };
        let extension = rejected(extension, Usage::Document);
        assert_eq!(extension.code, "PATH_EXTENSION");
        assert_eq!(extension.message, "甲 含有不支持的关键扩展 1.2.3");
    }

    #[test]
    fn answers_are_not_called_lists() {
        let (this_update, next_update) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH);
        for why in [
            UnknownRevocation::NoList,
            UnknownRevocation::Stale { next_update },
            UnknownRevocation::Untrusted,
            UnknownRevocation::Undated,
            UnknownRevocation::Future { this_update },
            UnknownRevocation::Weak("SHA-1".to_owned()),
            UnknownRevocation::TooLate,
            UnknownRevocation::IssuerGone { left: next_update },
        ] {
            let (_, zh) = doubt(&why);
            assert!(zh.contains("OCSP 应答"), "{zh}");
            assert!(why.to_string().contains("answer"), "{why}");
        }
    }
}
