//! Whether the trust list stands behind an authority for one signature.

use super::{checks::Check, code, indication::SubIndication, report::Finding, signer::Times};
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
