//! A national seal by itself, by the steps of GM/T 0031-2014 §6.1.2 and GM/T 0031-2025: its maker's signature, its
//! maker's certificate, its timestamp.
//!
//! | the maker's certificate | V5 | V1, V4 |
//! |---|---|---|
//! | not valid, or revoked, when the seal was made (createDate) | failed | failed |
//! | expired or revoked since | good, and said | INDETERMINATE at the time of signing: nothing proves when the seal was made |
//!
//! GM/T 0031-2025 judges the maker when the seal was made; the editions before it do not say, and their seals hold nothing
//! that proves that time.

use jiff::Timestamp;

use super::{
    checks, code,
    existence::Basis,
    indication::{Indication, SubIndication},
    report::{Finding, total_of},
    seal::refused_maker,
    text::clock_time,
    timestamp,
    value::wrong_value,
    whole::deciding,
};
use crate::{
    clock::is_after,
    crypto::{
        Used as UsedAlgorithm,
        policy::{Age, Judgement, Mechanism},
        x509,
    },
    remark::visible_start,
    seal::ses::{SesExtension, SesSeal, SesVerifyError, SesVersion},
    sign::timestamp::{TimeStampToken, TokenError},
    trust::path::PathError,
};

/// How a seal was used.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Used<'a> {
    /// When; none where that is not known, or where it was not.
    pub(super) at: Option<Timestamp>,
    /// Credit code of whoever it has to belong to, where that is known.
    pub(super) owner: Option<&'a str>,
}

/// Judges a seal.
pub(super) fn judge(
    seal: &SesSeal,
    token: Option<&Result<TimeStampToken, TokenError>>,
    used: &Used<'_>,
    basis: &Basis<'_>,
    findings: &mut Vec<Finding>,
) {
    findings.push(judge_signature(seal, basis));
    findings.push(judge_maker(seal, used, basis));
    findings.extend(token.map(|token| judge_timestamp(seal, token, basis)));
}

/// The maker's signature over what the seal's version has the maker sign.
fn judge_signature(seal: &SesSeal, basis: &Basis<'_>) -> Finding {
    let check = &checks::SEAL_SIGNATURE;
    let name = name(seal);
    match seal.verify_maker(seal.maker_certificate()) {
        Ok(used) => weakness(used, seal, basis).unwrap_or_else(|| {
            let standard = seal.version().standard();
            Finding::passed(
                check,
                format!("印章“{name}”的制章者签名有效（{used}，按 {standard} 的范围）"),
                format!("good ({used}, over what {standard} has signed)"),
            )
        }),
        Err(SesVerifyError::Signature(error)) if error.is_unsupported() => wrong_value(check, &error),
        Err(error) => Finding::failed(
            check,
            code::SEAL_FORGED,
            SubIndication::SigCryptoFailure,
            format!("印章“{name}”的制章者签名无效"),
            error.to_string(),
        ),
    }
}

fn weakness(used: UsedAlgorithm, seal: &SesSeal, basis: &Basis<'_>) -> Option<Finding> {
    let age = Age {
        claimed: Some(seal.property().created),
        proven: None,
        now: basis.now,
    };
    match basis.material.policy().judge(Mechanism::Signature(used), age) {
        Judgement::Good | Judgement::GoodThen { .. } => None,
        Judgement::Weak { part, .. } => Some(
            Finding::undecided(
                &checks::SEAL_SIGNATURE,
                code::SEAL_MAKER_WEAK_ALGORITHM,
                SubIndication::CryptoConstraintsFailure,
                format!("印章“{}”的制章者签名使用 {part}，已不可靠", name(seal)),
                format!("the seal is signed with {part}, which is not believed any more"),
            )
            .hint(
                "请向印章主管机关索取新制的印章",
                "ask whoever keeps the seals for one made anew",
            ),
        ),
    }
}

fn judge_maker(seal: &SesSeal, used: &Used<'_>, basis: &Basis<'_>) -> Finding {
    let check = &checks::SEAL_MAKER;
    let name = name(seal);
    let maker = seal.maker_certificate();
    let created = seal.property().created;
    // 1. Its own dates: nobody's trust is needed to see that a seal was made out of time.
    if let Ok(certificate) = x509::parse(maker) {
        let (from, until) = x509::validity(&certificate);
        if !(from..=until).contains(&created) {
            let (made, from, until) = (clock_time(created), clock_time(from), clock_time(until));
            return Finding::failed(
                check,
                code::SEAL_MAKER_NOT_ENTITLED,
                SubIndication::SigConstraintsFailure,
                format!("印章“{name}”制作于 {made}，不在制章者证书有效期（{from} – {until}）内"),
                format!(
                    "the seal was made at {made}, when its maker's certificate ({from} – {until}) was not valid"
                ),
            );
        }
    }
    // 2. Whoever may use a seal does not make it.
    if seal.property().signers.has(maker) {
        return Finding::undecided(
            check,
            code::SEAL_MAKER_IS_SIGNER,
            SubIndication::ChainConstraintsFailure,
            format!("印章“{name}”由签章者自己制作"),
            "the seal was made by one of those who may use it",
        )
        .hint(
            "印章须由制章者制作：请向印章主管机关核实",
            "seals are made by seal makers: ask whoever keeps the seals",
        );
    }
    // 3. Its path, when the seal was made.
    let path = match basis.maker_path(maker, created.min(basis.now)) {
        Ok(path) => path,
        Err(error) => return refused_maker(check, &name, error),
    };
    // A neighbour's seal maker makes seals for the neighbour's departments.
    if let Some(owner) = used.owner
        && !basis
            .material
            .may_make_national_seals_for(&path.anchor_fingerprint(), owner)
    {
        return Finding::failed(
            check,
            code::SEAL_MAKER_NOT_ENTITLED,
            SubIndication::SigConstraintsFailure,
            format!("印章“{name}”的制章者无权为 {owner} 制章"),
            format!("the maker of the seal does not make seals for {owner}"),
        );
    }
    if path.undecided().next().is_some() {
        return Finding::undecided(
            check,
            code::SEAL_MAKER_REVOCATION_UNKNOWN,
            SubIndication::TryLater,
            format!("不知印章“{name}”的制章者证书是否已吊销"),
            "whether the seal maker's certificate was revoked is unknown",
        )
        .hint(
            "请取得制章者颁发机构的吊销列表（CRL）后重试",
            "fetch the revocation list (CRL) of the seal maker's issuer and try again",
        );
    }
    // 4. What became of it since.
    let gone = basis
        .maker_path(maker, used.at.unwrap_or(basis.now).max(created).min(basis.now))
        .err();
    match gone {
        Some(error @ (PathError::Expired { .. } | PathError::Revoked { .. })) => {
            since(seal.version(), &name, &error)
        }
        _ => Finding::passed(
            check,
            format!("印章“{name}”的制章者可追溯到受信根证书，制章时有效"),
            "the maker leads to a trusted root, and was good when the seal was made",
        ),
    }
}

/// A maker that was good when the seal was made and is not any more.
fn since(version: SesVersion, name: &str, error: &PathError) -> Finding {
    let check = &checks::SEAL_MAKER;
    if version == SesVersion::V5 {
        return Finding::passed(
            check,
            format!("印章“{name}”的制章者证书在制章时有效，其后过期或被吊销"),
            format!("the maker was good when the seal was made; since then {error}"),
        )
        .coded(code::SEAL_MAKER_GONE_SINCE);
    }
    let (sub, what) = match error {
        PathError::Revoked { .. } => (SubIndication::RevokedNoPoe, "吊销"),
        _ => (SubIndication::OutOfBoundsNoPoe, "过期"),
    };
    Finding::undecided(
        check,
        code::SEAL_MAKER_GONE_SINCE,
        sub,
        format!("印章“{name}”的制章者证书在签章时已{what}，无法证明印章制作在此之前"),
        format!("{error}; nothing proves that the seal was made before"),
    )
    .hint(
        "请向印章主管机关核实该印章，或索取新制的印章",
        "ask whoever keeps the seals about this one, or for one made anew",
    )
}

/// GM/T 0031-2025: the timestamp over the maker's signature value, and that the seal was not made after it.
fn judge_timestamp(seal: &SesSeal, token: &Result<TimeStampToken, TokenError>, basis: &Basis<'_>) -> Finding {
    let check = &checks::SEAL_TIMESTAMP;
    let over = |token: &TimeStampToken| Some(token.info().imprint.algorithm.digest(seal.signature_value()));
    let judged = timestamp::judge(token, over, 0, basis);
    let (indication, sub, reason) = total_of(&checks::OF_TIMESTAMP, &judged.findings);
    let (why, why_en) = deciding(&judged.findings, reason);
    let sub = sub.unwrap_or(SubIndication::Generic);
    let stamped = judged.signed_by.as_ref().and_then(|by| by.signed_at);
    let created = seal.property().created;
    match (indication, stamped) {
        (Indication::TotalFailed, _) => Finding::failed(
            check,
            code::SEAL_TIMESTAMP_FAILED,
            sub,
            format!("印章所含时间戳不成立：{why}"),
            format!("the timestamp of the seal is not good: {why_en}"),
        ),
        (_, Some(stamped)) if is_after(created, stamped) => Finding::failed(
            check,
            code::SEAL_TIMESTAMP_FAILED,
            SubIndication::SigConstraintsFailure,
            format!(
                "印章制作日期 {} 晚于其时间戳 {}",
                clock_time(created),
                clock_time(stamped)
            ),
            format!("made at {created}, after its timestamp of {stamped}"),
        ),
        (Indication::Indeterminate, _) => Finding::undecided(
            check,
            code::TIMESTAMP_OPEN,
            sub,
            format!("印章所含时间戳无法判定：{why}"),
            format!("the timestamp of the seal cannot be decided: {why_en}"),
        )
        .hint(
            "请补齐时间戳服务机构的根证书和吊销信息",
            "supply the authority's root and revocation data",
        ),
        (Indication::TotalPassed, _) => {
            let at = stamped.map(clock_time).unwrap_or_default();
            Finding::passed(check, format!("不晚于 {at}"), format!("no later than {at}"))
        }
    }
}

/// Who does not know a critical extension may not go on; none is known here.
pub(super) fn judge_extensions<'e>(extensions: impl Iterator<Item = &'e SesExtension>) -> Finding {
    let check = &checks::EXTENSIONS;
    let mut critical = extensions.filter(|extension| extension.critical);
    match critical.next() {
        None => Finding::passed(check, "没有须知而不知的扩展项", "no critical extension"),
        Some(extension) => Finding::undecided(
            check,
            code::CRITICAL_EXTENSION,
            SubIndication::Generic,
            format!("含有不认识的关键扩展 {}", extension.id),
            format!("a critical extension that is unknown here: {}", extension.id),
        )
        .hint(
            "请用支持该扩展的程序核验",
            "verify with a program that knows the extension",
        ),
    }
}

fn name(seal: &SesSeal) -> String {
    visible_start(seal.property().name.as_str(), 80)
}
