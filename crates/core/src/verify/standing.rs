//! Whether the trust list stands behind an authority for one signature.

use super::{
    checks::{self, Check},
    code,
    indication::SubIndication,
    material::Material,
    report::{Finding, Subject},
    signer::Times,
};
use crate::trust::list::{Authority, Standing};

/// Why the list does not stand behind what an authority's signer made; none if it does.
pub(super) fn authority_out(check: &'static Check, authority: &Authority, times: &Times) -> Option<Finding> {
    let name = &authority.name;
    let failed = |code, zh: &str, en: &str| {
        Some(Finding::failed(
            check,
            code,
            SubIndication::SigConstraintsFailure,
            format!("签章时信任列表所载机构“{name}”{zh}"),
            format!("{name} was {en} when this was signed"),
        ))
    };
    let open = |code, sub, zh: &str, en: &str| {
        let finding = Finding::undecided(
            check,
            code,
            sub,
            format!("信任列表所载机构“{name}”{zh}"),
            format!("{name} {en}"),
        );
        Some(finding.hint(
            "请向发证机关或信任列表的主管机关核实",
            "ask the issuing authority, or whoever keeps the trust list",
        ))
    };
    match authority.standing(times.claimed, times.proven, times.now) {
        Standing::Granted => None,
        Standing::Suspended => failed(code::AUTHORITY_SUSPENDED, "已被暂停", "suspended"),
        Standing::Withdrawn => failed(code::AUTHORITY_WITHDRAWN, "已被撤出", "withdrawn"),
        Standing::NotListedThen => open(
            code::AUTHORITY_NOT_LISTED_THEN,
            SubIndication::NoCertificateChainFound,
            "在签章时不在列表有效期内",
            "was not vouched for by the list when this was signed",
        ),
        Standing::OutSince => open(
            code::AUTHORITY_OUT_SINCE,
            SubIndication::RevokedCaNoPoe,
            "现已停止担保，无法证明签章在此之前",
            "is no longer vouched for, and nothing proves that the signature is older",
        ),
        Standing::TimeUnknown => open(
            code::SIGNING_TIME_UNKNOWN,
            SubIndication::Generic,
            "在签章时的状态不明：不知签章时间",
            "may have been vouched for or not: the time of signing is unknown",
        ),
    }
}

/// A root is trusted for the departments its authority vouches for, not for everybody's, and for as long as
/// the list stands behind the authority.
pub(super) fn judge_issuer(
    anchor: &[u8; 32],
    subject: Option<&Subject>,
    material: &Material,
    times: &Times,
) -> Finding {
    let check = &checks::ISSUER;
    let Some(issuer) = subject.map(|subject| subject.issuer_code.as_str()) else {
        return Finding::undecided(
            check,
            code::ISSUER_UNKNOWN,
            SubIndication::SignedDataNotFound,
            "不知颁发机关",
            "the issuing authority is unknown",
        );
    };
    if material.is_own_anchor(anchor) {
        return Finding::passed(check, "根证书由本地信任", "the root is trusted by ourselves");
    }
    let mut listed = material
        .list()
        .into_iter()
        .flat_map(|list| list.by_anchor(anchor));
    let Some(authority) = listed.find(|authority| authority.vouches_for(issuer)) else {
        return Finding::failed(
            check,
            code::ISSUER_NOT_VOUCHED,
            SubIndication::SigConstraintsFailure,
            format!("签名证书的根不为颁发机关 {issuer} 担保，可能冒用其名义"),
            format!("the signer's root does not vouch for {issuer}: perhaps issued in its name by another"),
        );
    };
    authority_out(check, authority, times).unwrap_or_else(|| {
        Finding::passed(
            check,
            format!("信任列表所载机构“{}”担保 {issuer}", authority.name),
            format!("{} vouches for {issuer}", authority.name),
        )
    })
}

/// Why the list stands behind none of the authorities of a root. Our own roots stand whatever it says.
pub(super) fn judge_standing(anchor: &[u8; 32], material: &Material, times: &Times) -> Option<Finding> {
    if material.is_own_anchor(anchor) {
        return None;
    }
    let listed = material.list()?.by_anchor(anchor);
    let mut judged = listed.map(|authority| authority_out(&checks::AUTHORITY, authority, times));
    let first = judged.next()??;
    judged.all(|other| other.is_some()).then_some(first)
}
