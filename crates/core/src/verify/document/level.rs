//! Which PAdES baseline level a signature attains (ETSI EN 319 142-1 §6): by what was validated here, not by what is
//! merely there.
//!
//! | level | here |
//! |---|---|
//! | B-B | `ETSI.CAdES.detached` with `/M` and no signing-time attribute; covers what it says, verifies, names its certificate |
//! | B-T | and a timestamp over it, or over the document, that proves its time |
//! | B-LT | and the file holds what the signer's path and that authority's need, revocation data included |
//! | B-LTA | and a document timestamp that proves its time lies behind all of that |
//!
//! The registry's word makes no level: it is not in the file.

use super::signatures::Signed;
use crate::{
    sign::cms::{Profile, SignedCms},
    trust::path::Usage,
    verify::{
        checks,
        existence::{Basis, Proof},
        report::{Finding, ProvenBy},
        signatures::Level,
    },
};

/// A level, and why it is no higher one.
#[derive(Debug, Default)]
pub(super) struct Attained {
    pub(super) level: Option<Level>,
    pub(super) note: String,
    pub(super) note_en: String,
}

impl Attained {
    fn of(level: Option<Level>, note: impl Into<String>, note_en: impl Into<String>) -> Self {
        Self {
            level,
            note: note.into(),
            note_en: note_en.into(),
        }
    }
}

/// The level of a signature. `proofs` are all that prove its time.
pub(super) fn judge(
    signed: &Signed,
    cms: &SignedCms,
    findings: &[Finding],
    proofs: &[&Proof],
    basis: &Basis<'_>,
) -> Attained {
    // 1. A baseline signature?
    let form = signed.signature.sub_filter.as_deref().unwrap_or("–");
    if Profile::of_sub_filter(form) != Some(Profile::Cades) {
        return Attained::of(
            None,
            format!("签名格式为 {form}，不属于 PAdES 基线签名"),
            format!("its format is {form}, which is none of the PAdES baseline"),
        );
    }
    let needed = [
        &checks::BYTE_RANGE,
        &checks::DIGEST,
        &checks::SIGNING_CERTIFICATE,
        &checks::SIGNATURE,
    ];
    let has_passed = |check: &str| {
        let mut all = findings.iter();
        all.any(|finding| finding.check == check && finding.has_passed())
    };
    if !needed.iter().all(|check| has_passed(check.name)) {
        return Attained::of(None, "签名本身未通过验证", "the signature itself does not verify");
    }
    if cms.signing_time().is_some() {
        return Attained::of(
            None,
            "签名含有 signing-time 属性，PAdES 基线签名不得使用",
            "it has a signing-time attribute, which the PAdES baseline does not allow",
        );
    }
    if signed.signature.claimed_time.is_none() {
        return Attained::of(
            None,
            "签名字典没有 /M（签名时间），PAdES 基线签名必须载明",
            "its dictionary has no /M, which the PAdES baseline demands",
        );
    }

    // 2. With a time? The earliest is the one that the signer is judged at.
    let stamped = proofs.iter().filter(|proof| proof.authority.is_some());
    let Some(first) = stamped.min_by_key(|proof| proof.at) else {
        return Attained::of(
            Some(Level::B),
            "没有能证明时间的时间戳",
            "no timestamp proves its time",
        );
    };

    // 3. With everything that is needed? 4. And all of that stamped?
    let (Some(certificate), Some(authority)) = (cms.signer_certificate(), &first.authority) else {
        return Attained::default();
    };
    let holds = |place: usize| {
        basis.is_self_contained(certificate, Usage::Document, first.at, place)
            && basis.is_self_contained(
                &authority.certificate,
                Usage::Timestamp,
                authority.judged_at,
                place,
            )
    };
    if !holds(usize::MAX) {
        return Attained::of(
            Some(Level::T),
            "文件中没有验证签名者和时间戳所需的全部证书与吊销信息",
            "the file lacks certificates or revocation data of the signer or of the timestamp",
        );
    }
    let is_of_document = |proof: &Proof| matches!(proof.by, ProvenBy::DocumentTimestamp(_));
    let mut documents = proofs.iter().filter(|proof| is_of_document(proof));
    if !documents.any(|proof| holds(proof.covers)) {
        return Attained::of(
            Some(Level::Lt),
            "验证数据之后没有能证明时间的文档时间戳",
            "no document timestamp that proves its time lies behind the validation data",
        );
    }
    Attained::of(Some(Level::Lta), "", "")
}
