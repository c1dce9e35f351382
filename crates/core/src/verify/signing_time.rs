//! The time that a signer states, held against what is proven.

use super::{
    checks, code,
    indication::SubIndication,
    report::{Finding, ProvenBy},
    signer::Times,
    text::clock_time,
};
use crate::clock::is_after;

/// Whether the time that the signer states can be true. A signature that states none contradicts nothing.
pub(super) fn judge_time(times: &Times, by: Option<&ProvenBy>) -> Finding {
    let check = &checks::SIGNING_TIME;
    let proof = times.proven.map(clock_time).zip(by);
    let Some(claimed) = times.claimed else {
        return match proof {
            Some((proven, by)) => Finding::passed(
                check,
                format!("签名没有写明时间；{}证明不晚于 {proven}", by.name_zh()),
                format!(
                    "the signature states none; {} proves no later than {proven}",
                    by.name_en()
                ),
            ),
            None => Finding::passed(check, "签名没有写明时间", "the signature states none"),
        };
    };
    let when = clock_time(claimed);
    if is_after(claimed, times.now) {
        return Finding::failed(
            check,
            code::SIGNED_IN_THE_FUTURE,
            SubIndication::SigConstraintsFailure,
            format!("签章时间 {when} 在将来"),
            format!("signed in the future ({when})"),
        )
        .hint(
            "请核对本机时钟；时钟无误则请勿采信",
            "check this machine's clock; if it is right, do not rely on the document",
        );
    }
    let Some((proven, by)) = proof else {
        return Finding::passed(
            check,
            format!("{when}（签章者声明）"),
            format!("{when} (by the signer's word)"),
        );
    };
    let is_later = times.proven.is_some_and(|proven| is_after(claimed, proven));
    match by {
        // Our own record: what states a later time was not what was entered then.
        ProvenBy::Registry if is_later => Finding::failed(
            check,
            code::SIGNED_AFTER_REGISTRATION,
            SubIndication::SigConstraintsFailure,
            format!("签章时间 {when} 晚于登记时间 {proven}"),
            format!("signed at {when}, after it was registered at {proven}"),
        ),
        // The proof counts, and the signer's clock was ahead: EN 319 102-1 §5.5.4 step 5 asks no more than that the
        // timestamp did not come too late.
        _ if is_later => Finding::passed(
            check,
            format!(
                "签名者所称时间 {when} 有误：{}证明签名不晚于 {proven}，以后者为准",
                by.name_zh()
            ),
            format!(
                "the signer's word {when} is wrong: {} proves no later than {proven}, and counts",
                by.name_en()
            ),
        )
        .coded(code::SIGNED_AFTER_TIMESTAMP),
        _ => Finding::passed(
            check,
            format!("{when}，{}证明不晚于 {proven}", by.name_zh()),
            format!("{when}; {} proves no later than {proven}", by.name_en()),
        ),
    }
}
