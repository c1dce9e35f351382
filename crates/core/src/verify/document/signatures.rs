//! Every signature of a document: what it covers, what came after it, and whether it is good.

use jiff::Timestamp;

use super::{
    Facts,
    parts::{judge_range, profile},
};
use crate::{
    crypto::x509,
    document::pdf::{
        OpenError,
        open::{Coverage, Difference, OpenedPdf, PdfSignature, SignatureKind, Standing},
    },
    limits::MAX_SIGNED_BYTES,
    sign::cms::{CmsError, Profile, SignedCms},
    verify::{
        algorithms, checks, code,
        indication::{Indication, SubIndication},
        material::Material,
        report::{Finding, SignedBy, halves, total_of},
        signatures::{SignatureReport, reported, sentence},
        signer::{self, Times},
    },
};

/// One signature, read.
#[derive(Debug)]
pub(super) struct Signed {
    pub(super) signature: PdfSignature,
    pub(super) cms: Option<Result<SignedCms, CmsError>>,
    pub(super) digest: Option<Vec<u8>>,
    pub(super) difference: Result<Difference, OpenError>,
}

impl Signed {
    /// Reads all signatures of a file, within the bytes that may be hashed for them.
    pub(super) fn all(opened: &OpenedPdf<'_>) -> Vec<Signed> {
        let mut left = MAX_SIGNED_BYTES;
        let read = |signature: &PdfSignature| {
            let contents = signature.cms.as_ref().ok();
            let cms = contents.map(|contents| {
                let profile = profile(signature).unwrap_or(Profile::Cades);
                SignedCms::parse(contents, profile)
            });
            let covered = signature.byte_range.as_ref().map_or(0, |range| range.end);
            let digest = match &cms {
                Some(Ok(cms)) if covered <= left => {
                    left -= covered;
                    opened.signed_digest(signature, cms.digest_algorithm())
                }
                _ => None,
            };
            Signed {
                signature: signature.clone(),
                cms,
                digest,
                difference: opened.difference(signature),
            }
        };
        opened.signatures().iter().map(read).collect()
    }

    pub(super) fn is_signature(&self) -> bool {
        self.signature.kind == SignatureKind::Signature
    }

    /// The revision it covers, counted from 1.
    fn revision(&self, revisions: usize) -> Option<usize> {
        match self.signature.coverage? {
            Coverage::WholeFile => Some(revisions),
            Coverage::Revision { index, .. } => Some(index + 1),
            Coverage::Partial { .. } => None,
        }
    }

    /// What came after it.
    pub(super) fn judge_revisions(&self) -> Finding {
        let check = &checks::REVISIONS;
        let difference = match &self.difference {
            Ok(difference) => difference,
            Err(error @ (OpenError::Limit { .. } | OpenError::Unsupported { .. } | OpenError::Encrypted)) => {
                let text = error.to_string();
                let (zh, en) = halves(&text);
                return Finding::undecided(check, code::CHANGES_NOT_COMPARED, SubIndication::Generic, zh, en)
                    .hint("请取得签发时的原始文件", "ask for the document as issued");
            }
            Err(error) => {
                let text = error.to_string();
                let (zh, en) = halves(&text);
                return modified(
                    format!("签章之后追加的内容有误：{zh}"),
                    format!("what was added after signing is faulty: {en}"),
                );
            }
        };
        if self.signature.coverage == Some(Coverage::WholeFile) && difference.changes.is_empty() {
            return Finding::passed(check, "签章之后没有任何追加", "nothing was added after signing");
        }
        let worst = difference.worst();
        let (zh, en) = sentence(difference, worst);
        match worst {
            Standing::Permitted if difference.changes.is_empty() => Finding::passed(
                check,
                "签章之后有追加，但没有改变任何内容",
                "something was added after signing that changes nothing",
            )
            .coded(code::NOTHING_CHANGED),
            Standing::Permitted => Finding::passed(
                check,
                format!("签章之后只有签章人允许的追加：{zh}"),
                format!("after signing only what the signer allows was added: {en}"),
            )
            .coded(code::PERMITTED_CHANGES),
            Standing::Unclear => Finding::undecided(
                check,
                code::CHANGES_UNCLEAR,
                SubIndication::Generic,
                format!("签章之后的追加须由人判断：{zh}"),
                format!("a person has to judge what was added after signing: {en}"),
            )
            .hint(
                "请对照签发时的原始文件，或向发证机关核实",
                "compare with the document as issued, or ask the issuing authority",
            ),
            Standing::Forbidden => modified(
                format!("签章之后内容被改动：{zh}"),
                format!("changed after signing: {en}"),
            ),
        }
    }
}

fn modified(chinese: String, english: String) -> Finding {
    Finding::failed(
        &checks::REVISIONS,
        code::MODIFIED_AFTER_SIGNING,
        SubIndication::SigConstraintsFailure,
        chinese,
        english,
    )
    .hint(
        "追加的内容未经签章，请取得签发时的原始文件",
        "what was added is not signed: ask for the document as issued",
    )
}

impl Facts {
    /// Reports on every signature. `findings` are those of the document, among them the main signature's.
    pub(super) fn report_signatures(
        &self,
        material: &Material,
        now: Timestamp,
        main: Option<(&SignedBy, &[Finding])>,
    ) -> Vec<SignatureReport> {
        let mut reports = Vec::with_capacity(self.signatures.len());
        for (index, signed) in self.signatures.iter().enumerate() {
            let is_main = self.main == Some(index);
            let (findings, signed_by) = match main.filter(|_| is_main) {
                Some((signed_by, findings)) => {
                    let its = |finding: &&Finding| {
                        let mut own = checks::OF_SIGNATURE.iter();
                        own.any(|check| check.name == finding.check)
                    };
                    (
                        findings.iter().filter(its).cloned().collect(),
                        Some(signed_by.clone()),
                    )
                }
                None => Self::judge_signature(signed, material, now),
            };
            let (indication, sub_indication, reason) = total_of(&checks::OF_SIGNATURE, &findings);
            reports.push(SignatureReport {
                fields: signed.signature.fields.clone(),
                kind: signed.signature.kind.into(),
                format: signed.signature.sub_filter.clone(),
                main: is_main,
                revision: signed.revision(self.revisions),
                revisions: self.revisions,
                indication,
                sub_indication,
                reason,
                signed_by,
                findings,
                timestamps: Vec::new(),
                level: None,
                level_note: String::new(),
                level_note_en: String::new(),
                changes: signed.difference.as_ref().map(reported).unwrap_or_default(),
            });
        }
        reports
    }

    /// A signature beside the main one.
    fn judge_signature(
        signed: &Signed,
        material: &Material,
        now: Timestamp,
    ) -> (Vec<Finding>, Option<SignedBy>) {
        let mut findings = vec![judge_range(&signed.signature), signed.judge_revisions()];
        if !signed.is_signature() {
            findings.push(
                Finding::undecided(
                    &checks::SIGNATURE,
                    code::TIMESTAMP_NOT_JUDGED,
                    SubIndication::Generic,
                    "文档时间戳或未知格式，本程序不作判定，也不据以认定时间",
                    "a document timestamp, or of unknown form: not judged here and not relied on",
                )
                .hint(
                    "如需认定时间，请用支持该格式的程序核验",
                    "verify with a program that knows the format if the time matters",
                ),
            );
            return (findings, None);
        }
        let cms = Self::judge_cms(signed, &mut findings);
        let claimed = signed.signature.claimed_time;
        let times = Times {
            claimed,
            proven: None,
            now,
        };
        if let Some((cms, Some(used))) = cms {
            findings.push(algorithms::judge(cms, used, material.policy(), &times));
        }
        let Some((cms, certificate)) = cms.and_then(|(cms, _)| Some((cms, cms.signer_certificate()?))) else {
            return (findings, None);
        };
        let presented = signer::Presented {
            certificate,
            others: cms.certificates(),
            crls: cms.crls(),
            times,
        };
        let anchor = signer::judge(&presented, material, &mut findings);
        let signed_by = SignedBy {
            name: x509::parse(certificate)
                .map(|certificate| x509::subject_text(&certificate))
                .unwrap_or_default(),
            fingerprint: x509::fingerprint(certificate),
            anchor,
            signed_at: claimed,
            proven_at: None,
            proven_by: None,
        };
        (findings, Some(signed_by))
    }

    /// Signatures beside the main one, and such as were taken away. None where there is nothing to say.
    pub(super) fn judge_others(&self, reports: &[SignatureReport]) -> Option<Finding> {
        let check = &checks::OTHER_SIGNATURES;
        let others = || {
            let pairs = self.signatures.iter().zip(reports);
            pairs.filter(|(_, report)| !report.main)
        };
        let named = |report: &SignatureReport| {
            let name = report.fields.join(", ");
            let name = if name.is_empty() { "–".to_owned() } else { name };
            let place = report
                .revision
                .map_or("–".to_owned(), |revision| revision.to_string());
            (
                format!("{name}（第 {place} 版）"),
                format!("{name} (revision {place})"),
            )
        };
        // 1. A broken one breaks the whole: of one file nobody can say that a part is genuine.
        let broken = others()
            .find(|(signed, report)| signed.is_signature() && report.indication == Indication::TotalFailed);
        if let Some((_, report)) = broken {
            let (zh, en) = named(report);
            let why = report
                .findings
                .iter()
                .find(|finding| Some(finding.code) == report.reason);
            let (why_zh, why_en) = why.map_or(("", ""), |why| (&why.message[..], &why.message_en[..]));
            return Some(Finding::failed(
                check,
                code::OTHER_SIGNATURE_FAILED,
                report.sub_indication.unwrap_or(SubIndication::Generic),
                format!("签名 {zh} 不成立：{why_zh}"),
                format!("signature {en} is not good: {why_en}"),
            ));
        }
        // 2. One that is missed.
        match &self.lost {
            Ok(lost) => {
                if let Some(lost) = lost.first() {
                    let (name, revision) = (lost.fields.join(", "), lost.revision + 1);
                    return Some(
                        Finding::undecided(
                            check,
                            code::SIGNATURE_REMOVED,
                            SubIndication::SigConstraintsFailure,
                            format!("第 {revision} 版中的签名 {name} 后来被删除"),
                            format!("the signature {name} of revision {revision} was removed later"),
                        )
                        .hint(
                            "请向发证机关核实为何删除",
                            "ask the issuing authority why it was removed",
                        ),
                    );
                }
            }
            Err(error) => {
                let text = error.to_string();
                let (zh, en) = halves(&text);
                return Some(Finding::undecided(
                    check,
                    code::CHANGES_NOT_COMPARED,
                    SubIndication::Generic,
                    zh,
                    en,
                ));
            }
        }
        // 3. One that cannot be decided.
        let open = others()
            .find(|(signed, report)| signed.is_signature() && report.indication == Indication::Indeterminate);
        if let Some((_, report)) = open {
            let (zh, en) = named(report);
            return Some(
                Finding::undecided(
                    check,
                    code::OTHER_SIGNATURE_OPEN,
                    report.sub_indication.unwrap_or(SubIndication::Generic),
                    format!("签名 {zh} 无法判定"),
                    format!("signature {en} cannot be decided"),
                )
                .hint(
                    "请补齐该签名所需的信任资料后重新核验",
                    "supply what that signature needs and verify again",
                ),
            );
        }
        let (mut zh, mut en) = (Vec::new(), Vec::new());
        for (signed, report) in others() {
            let (name, name_en) = named(report);
            let (kind, kind_en) = if signed.is_signature() {
                ("有效", "good")
            } else {
                ("时间戳，未判定", "a timestamp, not judged")
            };
            zh.push(format!("{name}{kind}"));
            en.push(format!("{name_en} {kind_en}"));
        }
        (!zh.is_empty()).then(|| Finding::passed(check, zh.join("；"), en.join("; ")))
    }
}
