//! A timestamp, over a signature or over the document: is it one over these bytes, by an authority that may tell the
//! time, and what does it prove?

use jiff::Timestamp;

use super::{
    checks, code,
    existence::{Authority, Basis, Proof},
    indication::{Indication, SubIndication},
    report::{Finding, ProvenBy, SignedBy, total_of},
    signatures::TimestampReport,
    signer::{self, Presented, Times},
    text::clock_time,
    value::{no_certificate, wrong_value},
    whole::deciding,
};
use crate::{
    crypto::x509::{self, common_name},
    sign::{
        cms::{CmsError, CmsVerifyError},
        timestamp::{TimeStampToken, TokenError},
    },
    trust::{
        path::Usage,
        timestamp::{ProvenTime, TimestampRefused},
    },
};

/// What came of a timestamp.
#[derive(Debug, Default)]
pub(super) struct JudgedTimestamp {
    pub(super) findings: Vec<Finding>,
    pub(super) signed_by: Option<SignedBy>,
    /// The time it proves, and who proves it.
    pub(super) proven: Option<(Timestamp, Authority)>,
}

impl JudgedTimestamp {
    /// What it proves, of everything that ends before a place of the file.
    pub(super) fn proof(&self, by: fn(String) -> ProvenBy, covers: usize) -> Option<Proof> {
        let (at, authority) = self.proven.clone()?;
        let name = self
            .signed_by
            .as_ref()
            .map(|by| common_name(&by.name).into_owned());
        Some(Proof {
            at,
            by: by(name.unwrap_or_default()),
            covers,
            authority: Some(authority),
        })
    }
}

/// Judges a token that ends at a place of the file, over what has the digest that `digest` gives.
pub(super) fn judge(
    token: &Result<TimeStampToken, TokenError>,
    digest: impl FnOnce(&TimeStampToken) -> Option<Vec<u8>>,
    place: usize,
    basis: &Basis<'_>,
) -> JudgedTimestamp {
    let mut judged = JudgedTimestamp::default();
    let findings = &mut judged.findings;
    let token = match token {
        Ok(token) => token,
        Err(error) => {
            findings.push(of_token(error));
            return judged;
        }
    };
    // Without a range there is nothing that could be stamped, and the range has said so.
    let Some(digest) = digest(token) else {
        return judged;
    };
    let older = basis.proofs.earliest(place);
    let times = Times {
        claimed: Some(token.info().gen_time),
        proven: older.map(|proof| proof.at),
        now: basis.now,
    };
    let known = times.proven.unwrap_or(basis.now);
    let certificate = token.signer_certificate().unwrap_or_default();
    let presented = Presented {
        certificate,
        usage: Usage::Timestamp,
        times,
        proven_by: older.map(|proof| &proof.by),
    };
    let mut anchor = None;
    match basis.prove(token, &digest, known) {
        Ok(proven) => {
            findings.extend(verifies(token, true));
            anchor = Some(signer::accept(proven.path(), &presented, findings));
            findings.push(stated(&proven));
            if findings.iter().all(Finding::has_passed) {
                let authority = Authority {
                    certificate: certificate.to_vec(),
                    judged_at: known,
                };
                judged.proven = Some((proven.at(), authority));
            }
        }
        Err(TimestampRefused::Token(error)) => findings.push(of_token(&error)),
        Err(TimestampRefused::NoCertificate) => findings.push(no_certificate(&checks::SIGNATURE)),
        Err(TimestampRefused::Weak(part)) => {
            findings.extend(verifies(token, false));
            findings.push(weak(&part));
        }
        Err(TimestampRefused::Order { stated, known }) => {
            findings.extend(verifies(token, true));
            findings.push(out_of_order(stated, known));
        }
        Err(TimestampRefused::Path(error)) => {
            findings.extend(verifies(token, true));
            let path = |at| basis.path(certificate, Usage::Timestamp, at);
            anchor = signer::reject(error, &presented, &path, findings);
        }
    }
    judged.signed_by = signed_by(token, anchor, older);
    judged
}

/// What is good about a token by itself.
fn verifies(token: &TimeStampToken, is_strong: bool) -> Vec<Finding> {
    let algorithm = token.info().imprint.algorithm;
    let mut findings = vec![
        Finding::passed(
            &checks::DIGEST,
            format!("所盖的正是这份内容（{algorithm}）"),
            format!("over these very bytes ({algorithm})"),
        ),
        Finding::passed(
            &checks::SIGNING_CERTIFICATE,
            "时间戳指明了其签名证书",
            "the timestamp names its certificate",
        ),
        Finding::passed(&checks::SIGNATURE, "有效", "good"),
    ];
    if is_strong {
        findings.push(Finding::passed(&checks::ALGORITHMS, "可靠", "believed"));
    }
    findings
}

fn weak(part: &str) -> Finding {
    Finding::undecided(
        &checks::ALGORITHMS,
        code::WEAK_ALGORITHM_NO_PROOF,
        SubIndication::CryptoConstraintsFailureNoPoe,
        format!("{part} 已不可靠，无法证明时间戳在此之前"),
        format!("{part} is not believed any more; nothing proves that the timestamp is older"),
    )
    .hint(
        "须在其算法仍可靠时另加文档时间戳续期",
        "it had to be renewed by another timestamp while its algorithms were believed",
    )
}

fn signed_by(token: &TimeStampToken, anchor: Option<[u8; 32]>, older: Option<&Proof>) -> Option<SignedBy> {
    let certificate = token.signer_certificate()?;
    Some(SignedBy {
        name: x509::parse(certificate)
            .map(|certificate| x509::subject_text(&certificate))
            .unwrap_or_default(),
        fingerprint: x509::fingerprint(certificate),
        anchor,
        signed_at: Some(token.info().gen_time),
        proven_at: older.map(|proof| proof.at),
        proven_by: older.map(|proof| proof.by.clone()),
    })
}

fn stated(proven: &ProvenTime) -> Finding {
    let at = clock_time(proven.stated());
    let (zh, en) = match proven.accuracy() {
        Some(accuracy) => (
            format!("{at}，误差不超过 {accuracy:?}"),
            format!("{at}, to within {accuracy:?}"),
        ),
        None => (at.clone(), at),
    };
    Finding::passed(&checks::SIGNING_TIME, zh, en)
}

/// ETSI EN 319 102-1 §5.5.4 step 4 e).
fn out_of_order(stated: Timestamp, known: Timestamp) -> Finding {
    let (stated, known) = (clock_time(stated), clock_time(known));
    Finding::undecided(
        &checks::SIGNING_TIME,
        code::TIMESTAMP_ORDER,
        SubIndication::TimestampOrderFailure,
        format!("所载时间 {stated} 晚于其已存在的时间 {known}，两者必有一误"),
        format!("it says {stated}, and existed by {known}: one of two clocks is wrong"),
    )
    .hint(
        "请核对本机时钟；时钟无误则该时间戳不可采信",
        "check this machine's clock; if it is right, do not rely on the timestamp",
    )
}

/// What is wrong with a token by itself. By cryptography it speaks of other bytes, or nobody's key made it; the signature it
/// lies in is none the worse (ETSI EN 319 102-1 §5.5.4 step 3 a).
fn of_token(error: &TokenError) -> Finding {
    let english = match error {
        TokenError::Malformed(why) => format!("malformed timestamp token: {why}"),
        TokenError::Signature(why) => why.to_string(),
        // The English of the others stands in brackets behind the Chinese.
        other => {
            let both = other.to_string();
            let english = both.rsplit_once(" (").map_or(&*both, |(_, english)| english);
            english.trim_end_matches(')').to_owned()
        }
    };
    match error {
        TokenError::OtherImprint => Finding::failed(
            &checks::DIGEST,
            code::TIMESTAMP_OTHER_DATA,
            SubIndication::HashFailure,
            "时间戳所盖的不是这份内容",
            "a timestamp over something else",
        )
        .hint(
            "时间戳系移植而来，或内容在其后被改动：它不证明任何时间",
            "moved here from elsewhere, or what it is over was changed: it proves nothing",
        ),
        TokenError::Signature(CmsVerifyError::SignerCertificateMissing) => no_certificate(&checks::SIGNATURE),
        TokenError::Signature(CmsVerifyError::Signature(error)) => wrong_value(&checks::SIGNATURE, error),
        TokenError::Signature(CmsVerifyError::SigningCertificateMismatch { .. }) | TokenError::OtherName => {
            Finding::failed(
                &checks::SIGNING_CERTIFICATE,
                code::SIGNING_CERTIFICATE_MISMATCH,
                SubIndication::SigConstraintsFailure,
                "时间戳指明的是另一张证书或另一机构",
                english,
            )
        }
        TokenError::Signature(CmsVerifyError::AttributeMissing(_)) => Finding::undecided(
            &checks::SIGNING_CERTIFICATE,
            code::SIGNING_CERTIFICATE_NOT_NAMED,
            SubIndication::Generic,
            "时间戳没有指明签名证书，不符合 RFC 3161",
            english,
        ),
        TokenError::Signature(CmsVerifyError::DigestMismatch) => Finding::failed(
            &checks::SIGNATURE,
            code::SIGNATURE_INVALID,
            SubIndication::HashFailure,
            "时间戳的内容在签发后被改动",
            english,
        ),
        // CMS may be written so (RFC 5652 §2), PAdES may not: another profile, not a damage.
        TokenError::Malformed(CmsError::IndefiniteLength(_)) => Finding::undecided(
            &checks::SIGNATURE,
            code::SIGNATURE_NOT_DER,
            SubIndication::Generic,
            "时间戳用 BER 编码，不符合 PAdES，本程序不作判定",
            english,
        )
        .hint(
            "请用支持该格式的程序核验",
            "verify with a program that knows the format",
        ),
        TokenError::Malformed(CmsError::AlgorithmRefused(_)) => Finding::undecided(
            &checks::SIGNATURE,
            code::ALGORITHM_REFUSED,
            SubIndication::CryptoConstraintsFailure,
            "时间戳的算法不受支持",
            english,
        )
        .hint(
            "请用支持该算法的程序核验",
            "verify with a program that knows the algorithm",
        ),
        _ => Finding::failed(
            &checks::SIGNATURE,
            code::SIGNATURE_MALFORMED,
            SubIndication::FormatFailure,
            "时间戳数据损坏或不符合 RFC 3161",
            english,
        ),
    }
}

/// What a report says of it.
pub(super) fn reported_timestamp(judged: JudgedTimestamp) -> TimestampReport {
    let (indication, sub_indication, reason) = total_of(&checks::OF_TIMESTAMP, &judged.findings);
    TimestampReport {
        indication,
        sub_indication,
        reason,
        signed_by: judged.signed_by,
        findings: judged.findings,
    }
}

/// What came of the timestamps in a signature. One that proves nothing costs its proof, not the signature (ETSI EN
/// 319 102-1 §5.5.4 step 3): it is taken out of the set. One that is broken is still worth a loud word.
pub(super) fn judge_timestamps(timestamps: &[TimestampReport], unread: usize) -> Option<Finding> {
    let check = &checks::TIMESTAMPS;
    if unread > 0 {
        let judged = timestamps.len();
        return Some(
            Finding::undecided(
                check,
                code::TIMESTAMPS_NOT_READ,
                SubIndication::Generic,
                format!("所含时间戳过多：核查了前 {judged} 个，其余 {unread} 个未核查"),
                format!("more timestamps than are judged: the first {judged} were, {unread} more were not"),
            )
            .hint(
                "如需认定时间，请去掉签名中无用的时间戳，或取得签名时的原始文件",
                "if the time matters, take the useless ones out of the signature, or ask for the document as signed",
            ),
        );
    }
    let of = |indication| timestamps.iter().filter(move |one| one.indication == indication);
    let count = timestamps.len();
    if let Some(broken) = of(Indication::TotalFailed).next() {
        let (why, why_en) = deciding(&broken.findings, broken.reason);
        return Some(
            Finding::failed(
                check,
                code::TIMESTAMP_FAILED,
                broken.sub_indication.unwrap_or(SubIndication::Generic),
                format!(
                    "{count} 个时间戳中有 {} 个不成立：{why}",
                    of(Indication::TotalFailed).count()
                ),
                format!(
                    "{} of {count} timestamps are not good: {why_en}",
                    of(Indication::TotalFailed).count()
                ),
            )
            .hint(
                "该时间戳不证明任何时间；签名本身另行判定",
                "that timestamp proves no time; the signature is judged by itself",
            ),
        );
    }
    if let Some(open) = of(Indication::Indeterminate).next() {
        let (why, why_en) = deciding(&open.findings, open.reason);
        return Some(
            Finding::undecided(
                check,
                code::TIMESTAMP_OPEN,
                open.sub_indication.unwrap_or(SubIndication::Generic),
                format!("{count} 个时间戳中有无法判定的：{why}"),
                format!("of {count} timestamps some cannot be decided: {why_en}"),
            )
            .hint(
                "如需认定时间，请补齐时间戳服务机构的根证书和吊销信息",
                "if the time matters, supply the authority's root and revocation data",
            ),
        );
    }
    (count > 0).then(|| {
        Finding::passed(
            check,
            format!("{count} 个，均有效"),
            format!("{count}, all of them good"),
        )
    })
}
