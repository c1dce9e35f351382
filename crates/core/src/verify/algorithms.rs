//! Whether the algorithms of a signature are believed at the time that counts.
//!
//! That a signature verifies is another question, answered before: a weak algorithm never makes a document
//! forged, and never lets it pass (ETSI EN 319 102-1 §5.2.8: INDETERMINATE, CRYPTO_CONSTRAINTS_FAILURE).

use super::{checks, code, indication::SubIndication, report::Finding, signer::Times};
use crate::{
    crypto::{
        AlgorithmPolicy, DigestAlgorithm, SignatureAlgorithm, Used,
        policy::{Age, Judgement, Mechanism},
    },
    sign::cms::SignedCms,
};

/// Judges a signature that verified with `used`.
pub(super) fn judge(cms: &SignedCms, used: Used, policy: &AlgorithmPolicy, times: &Times) -> Finding {
    let disagreeing = (!cms.algorithms_agree()).then(|| (cms.signature_algorithm(), cms.digest_algorithm()));
    judge_each(cms.mechanisms(used), used, disagreeing, policy, times)
}

/// Judges everything that a signature stands on. `disagreeing` are algorithms stated that do not go together.
pub(super) fn judge_each(
    mechanisms: impl IntoIterator<Item = Mechanism>,
    used: Used,
    disagreeing: Option<(SignatureAlgorithm, DigestAlgorithm)>,
    policy: &AlgorithmPolicy,
    times: &Times,
) -> Finding {
    let check = &checks::ALGORITHMS;
    let age = Age {
        claimed: times.claimed,
        proven: times.proven,
        now: times.now,
    };
    let mut once = None;
    for mechanism in mechanisms {
        match policy.judge(mechanism, age) {
            Judgement::Good => {}
            Judgement::GoodThen { part, until } => once = Some((part, until)),
            Judgement::Weak {
                part,
                until,
                provable,
            } => return weak(&part, until, provable, policy),
        }
    }
    if let Some((signature, digest)) = disagreeing {
        return Finding::undecided(
            check,
            code::ALGORITHMS_DISAGREE,
            SubIndication::CryptoConstraintsFailure,
            format!("签名写明的摘要算法 {digest} 与签名算法 {signature} 不配"),
            format!("the digest algorithm named, {digest}, does not go with {signature}"),
        )
        .hint(
            "签名程序有误或签名被改动，请向签章者核实",
            "a faulty program made it, or it was changed: ask the signer",
        );
    }
    match once {
        Some((part, until)) => Finding::passed(
            check,
            format!("{part} 自 {until} 起不再可靠，但签名已证明早于该日"),
            format!("{part} is not believed from {until} on, but the signature is proven to be older"),
        ),
        None => Finding::passed(check, format!("可靠（{used}）"), format!("believed ({used})")),
    }
}

fn weak(part: &str, until: Option<jiff::civil::Date>, provable: bool, policy: &AlgorithmPolicy) -> Finding {
    let source = policy.source();
    let (zh, en) = match until {
        Some(until) => (
            format!("{part} 自 {until} 起不再可靠"),
            format!("{part} is not believed from {until} on"),
        ),
        None => (format!("{part} 不可靠"), format!("{part} is not believed")),
    };
    let check = &checks::ALGORITHMS;
    let (zh, en) = (format!("{zh}（{source}）"), format!("{en} ({source})"));
    if provable {
        return Finding::undecided(
            check,
            code::WEAK_ALGORITHM_NO_PROOF,
            SubIndication::CryptoConstraintsFailureNoPoe,
            format!("{zh}，无法证明签名在此之前"),
            format!("{en}; nothing proves that the signature is older"),
        )
        .hint(
            "须有证明签章时间的时间戳或登记记录；没有则不可采信",
            "a timestamp or a registry entry must prove its age; do not rely on it otherwise",
        );
    }
    Finding::undecided(
        check,
        code::WEAK_ALGORITHM,
        SubIndication::CryptoConstraintsFailure,
        zh,
        en,
    )
    .hint(
        "请索取用现行算法重新签章的文件",
        "ask for the document signed anew with an algorithm of today",
    )
}
