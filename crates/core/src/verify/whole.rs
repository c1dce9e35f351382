//! What all signatures of a document come to together.

use super::{
    checks, code,
    indication::{Indication, SubIndication},
    report::Finding,
    signatures::{ReportedKind, SignatureReport, shown},
};

/// Message of the finding that decided.
pub(super) fn deciding<'f>(findings: &'f [Finding], reason: Option<&str>) -> (&'f str, &'f str) {
    let finding = findings.iter().find(|finding| Some(finding.code) == reason);
    finding.map_or(("", ""), |finding| (&finding.message, &finding.message_en))
}

/// Names of fields, for people.
pub(super) fn names(fields: &[String]) -> String {
    if fields.is_empty() {
        return "–".to_owned();
    }
    let names: Vec<String> = fields.iter().map(|name| shown(name)).collect();
    names.join(", ")
}

/// Name and revision of a signature, for people.
fn named(report: &SignatureReport) -> (String, String) {
    let name = names(&report.fields);
    let place = report
        .revision
        .map_or("–".to_owned(), |revision| revision.to_string());
    (
        format!("{name}（第 {place} 版）"),
        format!("{name} (revision {place})"),
    )
}

/// What came of the document timestamps, and of what says to be one and is none. None where there are none.
pub(super) fn judge_document_timestamps(reports: &[SignatureReport]) -> Option<Finding> {
    let check = &checks::DOCUMENT_TIMESTAMPS;
    let all = || {
        reports
            .iter()
            .filter(|report| report.kind != ReportedKind::Signature)
    };
    let of = |indication| all().find(|report| report.indication == indication);
    if let Some(report) = of(Indication::TotalFailed) {
        let ((zh, en), (why, why_en)) = (named(report), deciding(&report.findings, report.reason));
        return Some(
            Finding::failed(
                check,
                code::TIMESTAMP_FAILED,
                report.sub_indication.unwrap_or(SubIndication::Generic),
                format!("{zh} 不成立：{why}"),
                format!("{en} is not good: {why_en}"),
            )
            .hint(
                "签名另行判定，该时间戳未必证明时间",
                "the signatures are judged by themselves; this timestamp may prove no time",
            ),
        );
    }
    if let Some(report) = of(Indication::Indeterminate) {
        let ((zh, en), (why, why_en)) = (named(report), deciding(&report.findings, report.reason));
        return Some(
            Finding::undecided(
                check,
                code::TIMESTAMP_OPEN,
                report.sub_indication.unwrap_or(SubIndication::Generic),
                format!("{zh} 无法判定：{why}"),
                format!("{en} cannot be decided: {why_en}"),
            )
            .hint(
                "如需认定时间，请补齐时间戳服务机构的根证书和吊销信息",
                "if the time matters, supply the authority's root and revocation data",
            ),
        );
    }
    let (mut zh, mut en) = (Vec::new(), Vec::new());
    for report in all() {
        let (name, name_en) = named(report);
        zh.push(format!("{name}有效"));
        en.push(format!("{name_en} good"));
    }
    (!zh.is_empty()).then(|| Finding::passed(check, zh.join("；"), en.join("; ")))
}

/// Every signature of a document that is no certificate; where nobody signed, every timestamp.
///
/// A broken one breaks the whole, because of one file nobody can say that a part is genuine.
pub(super) fn judge_all(reports: &[SignatureReport]) -> Finding {
    let check = &checks::SIGNATURES;
    let is_signed = reports
        .iter()
        .any(|report| report.kind == ReportedKind::Signature);
    let kind = if is_signed {
        ReportedKind::Signature
    } else {
        ReportedKind::DocumentTimestamp
    };
    let all = || reports.iter().filter(|report| report.kind == kind);
    let worst = [Indication::TotalFailed, Indication::Indeterminate]
        .into_iter()
        .find_map(|indication| all().find(|report| report.indication == indication));
    if let Some(report) = worst {
        let (zh, en) = named(report);
        let reason = report
            .findings
            .iter()
            .find(|finding| Some(finding.code) == report.reason);
        return match reason {
            Some(finding) => finding.as_answer_to(
                check,
                &format!("{zh}：{}", finding.message),
                &format!("{en}: {}", finding.message_en),
            ),
            None => Finding::undecided(
                check,
                code::NOT_PERFORMED,
                SubIndication::Generic,
                format!("{zh}：有未能检查的项目"),
                format!("{en}: some checks could not be performed"),
            ),
        };
    }
    let (mut zh, mut en) = (Vec::new(), Vec::new());
    for report in all() {
        let (name, name_en) = named(report);
        zh.push(format!("{name}有效"));
        en.push(format!("{name_en} good"));
    }
    Finding::passed(check, zh.join("；"), en.join("; "))
}

/// Signatures beside the main one, and such as were taken away. None where there is nothing to say.
pub(super) fn judge_others(reports: &[SignatureReport], lost: Option<Finding>) -> Option<Finding> {
    let check = &checks::OTHER_SIGNATURES;
    let others = || {
        let signatures = reports
            .iter()
            .filter(|report| report.kind == ReportedKind::Signature);
        signatures.filter(|report| !report.main)
    };
    // 1. A broken one breaks the whole: of one file nobody can say that a part is genuine.
    if let Some(report) = others().find(|report| report.indication == Indication::TotalFailed) {
        let ((zh, en), (why_zh, why_en)) = (named(report), deciding(&report.findings, report.reason));
        return Some(Finding::failed(
            check,
            code::OTHER_SIGNATURE_FAILED,
            report.sub_indication.unwrap_or(SubIndication::Generic),
            format!("签名 {zh} 不成立：{why_zh}"),
            format!("signature {en} is not good: {why_en}"),
        ));
    }
    // 2. One that is missed.
    if lost.is_some() {
        return lost;
    }
    // 3. One that cannot be decided.
    if let Some(report) = others().find(|report| report.indication == Indication::Indeterminate) {
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
    for report in others() {
        let (name, name_en) = named(report);
        zh.push(format!("{name}有效"));
        en.push(format!("{name_en} good"));
    }
    (!zh.is_empty()).then(|| Finding::passed(check, zh.join("；"), en.join("; ")))
}

/// Whether it is what the registry has on record: byte for byte, or with nothing behind but what the signer allows.
/// `whole` is the length of the file, `length` how much of it is on record.
pub(super) fn judge_record(
    has_record: bool,
    whole: usize,
    length: Option<usize>,
    is_unchanged: bool,
) -> Finding {
    let check = &checks::REGISTERED_DOCUMENT;
    match length {
        _ if !has_record => {
            Finding::not_applicable(check, "没有登记记录可比对", "no record to compare with")
        }
        Some(length) if length == whole => Finding::passed(
            check,
            "与登记库所存文件逐字节一致",
            "byte for byte the document of record",
        ),
        Some(length) if is_unchanged => Finding::passed(
            check,
            format!("前 {length} 字节即登记库所存文件，其后只追加了时间戳和验证数据等签章人允许的内容"),
            format!(
                "its first {length} bytes are the document of record; behind stand timestamps, evidence and such \
                 as the signer allows"
            ),
        )
        .coded(code::EXTENDED_DOCUMENT_OF_RECORD),
        _ => Finding::failed(
            check,
            code::NOT_THE_DOCUMENT_OF_RECORD,
            SubIndication::SigConstraintsFailure,
            "与登记库所存文件不同",
            "not the document that the registry has under this identifier",
        )
        .hint(
            "请以登记库中的文件为准",
            "take the document from the registry instead",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_out_of_a_file_begin_no_line_of_their_own() {
        let fields = ["Seal\n结论  真实有效".to_owned(), "x".repeat(99)];
        let line = names(&fields);
        assert!(
            line.starts_with("Seal\u{FFFD}结论  真实有效, xxx") && line.ends_with("x…"),
            "{line}"
        );
        assert!(line.chars().count() < 70, "{line}");
        assert_eq!(names(&[]), "–");

        let raw = "Seal\r\n代码  TOTAL-PASSED\u{2028}\u{1b}[2J\u{202E}";
        let finding = Finding::passed(&checks::SIGNATURES, raw, raw).hint(raw, raw);
        let again = finding.as_answer_to(&checks::OTHER_SIGNATURES, raw, raw);
        for finding in [finding, again] {
            for text in [finding.message, finding.message_en, finding.hint, finding.hint_en] {
                assert_eq!(
                    text,
                    "Seal\u{FFFD}\u{FFFD}代码  TOTAL-PASSED\u{FFFD}\u{FFFD}[2J\u{FFFD}"
                );
            }
        }
    }
}
