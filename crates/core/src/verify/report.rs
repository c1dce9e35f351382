//! What a verification found: one [`Finding`] a check, and the verdict that follows from the list.
//!
//! The verdict is a function of the list alone. It counts a check that is missing like one that could
//! not be decided, so leaving a check out can never raise it.

use jiff::{Timestamp, civil::Date};
use serde::{Serialize, Serializer, ser::SerializeStruct as _};

use super::{
    checks::{self, Check},
    code::{self, Code},
    indication::{Indication, SubIndication},
    signatures::SignatureReport,
    text::Language,
};
use crate::{catalogue::FaceJson, codes::mask_code, qr::token::FaceToken, remark::visible_line};

/// Outcome of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The question was answered with yes.
    Passed,
    /// The question was answered with no.
    Failed,
    /// The question could not be answered with the data at hand.
    Undecided,
    /// The question does not arise for this input.
    NotApplicable,
}

/// One check and what came of it. Its texts are one line of visible letters each, whatever names out of a file stand
/// in them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stable name of the check, such as `byte-range`.
    pub check: &'static str,
    /// What is checked, in Chinese.
    pub title: &'static str,
    /// The same in English.
    pub title_en: &'static str,
    /// Whether the verdict depends on it, or only whether the certificate is in force.
    pub bears_on: Bearing,
    /// Outcome.
    pub outcome: Outcome,
    /// Stable reason code, `OK` when passed.
    pub code: &'static str,
    /// ETSI sub-indication of a check that failed or could not be decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_indication: Option<SubIndication>,
    /// What was found, in Chinese.
    pub message: String,
    /// The same in English.
    pub message_en: String,
    /// What to do, in Chinese; empty when passed.
    pub hint: String,
    /// What to do, in English; empty when passed.
    pub hint_en: String,
}

/// What a check decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bearing {
    /// Whether the document is genuine.
    Verdict,
    /// Whether the certificate is in force.
    Force,
    /// By when a signature is proven to have existed. A timestamp that proves nothing costs its proof, not the
    /// signature (ETSI EN 319 102-1 §5.5.4).
    Time,
}

impl Finding {
    pub(super) fn passed(
        check: &'static Check,
        message: impl Into<String>,
        english: impl Into<String>,
    ) -> Self {
        Self::new(check, Outcome::Passed, code::OK, None, message, english)
    }

    pub(super) fn failed(
        check: &'static Check,
        code: Code,
        sub: SubIndication,
        message: impl Into<String>,
        english: impl Into<String>,
    ) -> Self {
        Self::new(check, Outcome::Failed, code, Some(sub), message, english).hint(
            "请勿采信，并向发证机关核实",
            "do not rely on it; ask the issuing authority",
        )
    }

    pub(super) fn undecided(
        check: &'static Check,
        code: Code,
        sub: SubIndication,
        message: impl Into<String>,
        english: impl Into<String>,
    ) -> Self {
        Self::new(check, Outcome::Undecided, code, Some(sub), message, english).hint(
            "请补齐所缺资料后重新核验，此前不可采信",
            "supply what is missing and verify again; do not rely on it until then",
        )
    }

    pub(super) fn not_applicable(
        check: &'static Check,
        message: impl Into<String>,
        english: impl Into<String>,
    ) -> Self {
        Self::new(
            check,
            Outcome::NotApplicable,
            code::NOT_APPLICABLE,
            None,
            message,
            english,
        )
    }

    /// Stands for a check that an earlier failure left nothing to ask about.
    fn not_performed(check: &'static Check) -> Self {
        Self::undecided(
            check,
            code::NOT_PERFORMED,
            SubIndication::Generic,
            "因前项未通过而未检查",
            "not performed because of what failed before",
        )
        .hint("请先处理未通过的各项", "see to what failed first")
    }

    /// Whether the question was answered with yes.
    pub(super) fn has_passed(&self) -> bool {
        self.outcome == Outcome::Passed
    }

    /// The same answer to a wider question, where this one decides it.
    pub(super) fn as_answer_to(&self, check: &'static Check, chinese: &str, english: &str) -> Self {
        Self {
            check: check.name,
            title: check.title,
            title_en: check.title_en,
            bears_on: check.bears_on,
            message: visible_line(chinese),
            message_en: visible_line(english),
            ..self.clone()
        }
    }

    /// Gives a check that passed a code of its own, where it passed in more than one way.
    #[must_use]
    pub(super) fn coded(mut self, code: Code) -> Self {
        self.code = code.as_str();
        self
    }

    /// Says what to do.
    #[must_use]
    pub(super) fn hint(mut self, chinese: impl Into<String>, english: impl Into<String>) -> Self {
        self.hint = visible_line(chinese);
        self.hint_en = visible_line(english);
        self
    }

    fn new(
        check: &'static Check,
        outcome: Outcome,
        code: Code,
        sub_indication: Option<SubIndication>,
        message: impl Into<String>,
        english: impl Into<String>,
    ) -> Self {
        Self {
            check: check.name,
            title: check.title,
            title_en: check.title_en,
            bears_on: check.bears_on,
            outcome,
            code: code.as_str(),
            sub_indication,
            message: visible_line(message),
            message_en: visible_line(english),
            hint: String::new(),
            hint_en: String::new(),
        }
    }
}

/// Chinese and English of a message that holds both.
pub(super) fn halves(text: &str) -> (&str, &str) {
    text.split_once(" / ").unwrap_or((text, text))
}

/// What was given to verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Input {
    /// A sealed document: a PDF or OFD that claims to be a certificate.
    Document,
    /// A PDF or OFD that does not claim to be one: judged by its signatures, which say nothing of what its pages say.
    SignedDocument,
    /// A face token: QR text, or a picture of it.
    Token,
    /// A certificate identifier alone, which proves nothing by itself.
    Identifier,
    /// A national seal (GB/T 38540) by itself.
    Seal,
    /// Nothing that could be recognised.
    Unknown,
}

/// Whether the certificate is in force, which is another question than whether it is genuine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Force {
    /// In force, as the registry says.
    InForce,
    /// In force by its dates; the registry was not asked or does not know it.
    ByDates,
    /// Its first day has not come.
    NotYet,
    /// Its last day has passed.
    Expired,
    /// Suspended (暂扣).
    Suspended,
    /// Revoked (撤销, 吊销).
    Revoked,
    /// Cancelled (注销).
    Cancelled,
    /// Replaced by a later certificate.
    Superseded,
    /// Nothing is known.
    Unknown,
    /// It is no certificate, and so the question does not arise.
    NotApplicable,
}

impl Force {
    /// Whether nothing speaks against its being in force.
    pub fn stands(self) -> bool {
        matches!(self, Self::InForce | Self::ByDates)
    }

    /// What an operator calls it.
    pub fn name_zh(self) -> &'static str {
        match self {
            Self::InForce => "有效",
            Self::ByDates => "在有效期内（登记状态未查）",
            Self::NotYet => "尚未生效",
            Self::Expired => "已过有效期",
            Self::Suspended => "已暂扣",
            Self::Revoked => "已撤销",
            Self::Cancelled => "已注销",
            Self::Superseded => "已换发",
            Self::Unknown => "无法确定",
            Self::NotApplicable => "不适用（不是电子证照）",
        }
    }

    /// The same in English.
    pub fn name_en(self) -> &'static str {
        match self {
            Self::InForce => "in force",
            Self::ByDates => "in force by its dates (registry not asked)",
            Self::NotYet => "not yet in force",
            Self::Expired => "expired",
            Self::Suspended => "suspended",
            Self::Revoked => "revoked",
            Self::Cancelled => "cancelled",
            Self::Superseded => "superseded",
            Self::Unknown => "unknown",
            Self::NotApplicable => "not applicable (no electronic certificate)",
        }
    }
}

/// What all of it comes to, for someone who needs one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conclusion {
    /// Genuine, and nothing speaks against its being in force.
    Good,
    /// No certificate, but a document whose signatures are good, or a seal. Never to be taken for a certificate.
    Signed,
    /// Genuine, but not in force.
    NotInForce,
    /// Cannot be decided with the data at hand.
    Undecided,
    /// Not genuine.
    Bad,
}

/// The certificate that the input says it is. Believe it only under TOTAL-PASSED.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subject {
    /// Certificate identifier.
    pub identifier: String,
    /// Certificate type code: 21 characters of the identifier.
    pub type_code: String,
    /// Name of the type.
    pub type_name: String,
    /// Certificate number.
    pub number: String,
    /// Holder's name.
    pub holder_name: String,
    /// Holder's code with its middle hidden.
    pub holder_code_masked: Option<String>,
    /// Unified social credit code of the issuing authority.
    pub issuer_code: String,
    /// Its name, where the input says it.
    pub issuer_name: Option<String>,
    /// Date of issue.
    pub issued_on: Date,
    /// First day in force.
    pub valid_from: Date,
    /// Last day in force; none for unlimited.
    pub valid_until: Option<Date>,
}

impl Subject {
    /// What the face data say.
    pub(super) fn of_face(face: &FaceJson) -> Subject {
        Subject {
            identifier: face.identifier.clone(),
            type_code: face.certificate_type.code.clone(),
            type_name: face.certificate_type.name.clone(),
            number: face.number.clone(),
            holder_name: face.holder.name.clone(),
            holder_code_masked: face.holder.code.as_deref().map(mask_code),
            issuer_code: face.issuer.code.clone(),
            issuer_name: Some(face.issuer.name.clone()),
            issued_on: face.issued_on,
            valid_from: face.valid_from,
            valid_until: face.valid_until,
        }
    }

    /// What a face token says.
    pub(super) fn of_token(token: &FaceToken) -> Subject {
        Subject {
            identifier: token.identifier.clone(),
            type_code: token.type_code().to_owned(),
            type_name: token.type_name.clone(),
            number: token.number.clone(),
            holder_name: token.holder_name.clone(),
            holder_code_masked: token.holder_code_masked.clone(),
            issuer_code: token.issuer_code.clone(),
            issuer_name: None,
            issued_on: token.issued_on,
            valid_from: token.valid_from,
            valid_until: token.valid_until,
        }
    }
}

/// Who signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignedBy {
    /// Subject of the signer certificate.
    pub name: String,
    /// SHA-256 of the signer certificate.
    #[serde(with = "hex::serde")]
    pub fingerprint: [u8; 32],
    /// SHA-256 of the trust anchor its path ends in; none if there is no path.
    #[serde(serialize_with = "hex_option")]
    pub anchor: Option<[u8; 32]>,
    /// When it was signed, by the signer's own word.
    pub signed_at: Option<Timestamp>,
    /// By when the signature is proven to have existed: the earliest time that anything proves.
    pub proven_at: Option<Timestamp>,
    /// What proves it.
    pub proven_by: Option<ProvenBy>,
}

/// What proves that a signature existed by a time.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "source", content = "authority", rename_all = "kebab-case")]
pub enum ProvenBy {
    /// The registry's entry, which holds the document's digest.
    Registry,
    /// A timestamp over the signature, by the authority of this name.
    SignatureTimestamp(String),
    /// A timestamp over the document, by the authority of this name.
    DocumentTimestamp(String),
}

impl ProvenBy {
    /// For a sentence, in Chinese.
    pub fn name_zh(&self) -> String {
        match self {
            Self::Registry => "登记库".to_owned(),
            Self::SignatureTimestamp(authority) => format!("签名时间戳（{authority}）"),
            Self::DocumentTimestamp(authority) => format!("文档时间戳（{authority}）"),
        }
    }

    /// The same in English.
    pub fn name_en(&self) -> String {
        match self {
            Self::Registry => "the registry".to_owned(),
            Self::SignatureTimestamp(authority) => format!("a timestamp by {authority}"),
            Self::DocumentTimestamp(authority) => format!("a document timestamp by {authority}"),
        }
    }
}

/// Outcome of a verification. `docs/report.schema.json` is its JSON form, to which the server and the command
/// line alike write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What was given.
    pub input: Input,
    /// The verdict: genuine or not.
    pub indication: Indication,
    /// ETSI word of the finding that decided, none when passed.
    pub sub_indication: Option<SubIndication>,
    /// Our own code of that finding.
    pub reason: Option<&'static str>,
    /// Whether the certificate is in force.
    pub in_force: Force,
    /// Verdict and force in one word.
    pub conclusion: Conclusion,
    /// Time of verification.
    pub verified_at: Timestamp,
    /// Whether somebody gave that time, and it is not the present.
    pub time_given: bool,
    /// SHA-256 of the file that was judged, where it was one.
    pub document_digest: Option<[u8; 32]>,
    /// As-of time of the registry's word, if it was asked.
    pub registry_as_of: Option<Timestamp>,
    /// The certificate, as far as the input says.
    pub subject: Option<Subject>,
    /// Who signed.
    pub signed_by: Option<SignedBy>,
    /// The checks in order.
    pub findings: Vec<Finding>,
    /// The signatures of a document, in the order in which they were made.
    pub signatures: Vec<SignatureReport>,
}

impl Report {
    /// Version of the structure.
    pub const SCHEMA: &'static str = "certseal-report/1";

    /// The finding of a check.
    pub fn finding(&self, check: &str) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.check == check)
    }

    /// Draws the conclusion from the findings.
    pub(crate) fn conclude(
        input: Input,
        findings: Vec<Finding>,
        in_force: Force,
        verified_at: Timestamp,
        registry_as_of: Option<Timestamp>,
        subject: Option<Subject>,
        signed_by: Option<SignedBy>,
    ) -> Report {
        let required = checks::required(input);
        Self::conclude_with(
            required,
            input,
            findings,
            in_force,
            verified_at,
            registry_as_of,
            subject,
            signed_by,
        )
    }

    /// The same where something else is required than of other inputs of the kind.
    #[expect(clippy::too_many_arguments, reason = "the parts of a report")]
    pub(super) fn conclude_with(
        required: &[&'static Check],
        input: Input,
        findings: Vec<Finding>,
        in_force: Force,
        verified_at: Timestamp,
        registry_as_of: Option<Timestamp>,
        subject: Option<Subject>,
        signed_by: Option<SignedBy>,
    ) -> Report {
        let (indication, sub_indication, reason) = total_of(required, &findings);
        let mut findings = findings;
        for check in required {
            if !findings.iter().any(|finding| finding.check == check.name) {
                findings.push(Finding::not_performed(check));
            }
        }
        let conclusion = match indication {
            Indication::TotalFailed => Conclusion::Bad,
            Indication::Indeterminate => Conclusion::Undecided,
            Indication::TotalPassed => match in_force {
                _ if matches!(input, Input::SignedDocument | Input::Seal) => Conclusion::Signed,
                Force::InForce | Force::ByDates => Conclusion::Good,
                Force::Unknown => Conclusion::Undecided,
                _ => Conclusion::NotInForce,
            },
        };
        Report {
            input,
            indication,
            sub_indication,
            reason,
            in_force,
            conclusion,
            verified_at,
            time_given: false,
            document_digest: None,
            registry_as_of,
            subject,
            signed_by,
            findings,
            signatures: Vec::new(),
        }
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Named one by one, so that none can be forgotten.
        let Self {
            input,
            indication,
            sub_indication,
            reason,
            in_force,
            conclusion,
            verified_at,
            time_given,
            document_digest,
            registry_as_of,
            subject,
            signed_by,
            findings,
            signatures,
        } = self;
        let mut members = serializer.serialize_struct("Report", 17)?;
        members.serialize_field("schema", Self::SCHEMA)?;
        members.serialize_field("headline", &self.headline(Language::Chinese))?;
        members.serialize_field("headline_en", &self.headline(Language::English))?;
        members.serialize_field("input", input)?;
        members.serialize_field("indication", indication)?;
        members.serialize_field("sub_indication", sub_indication)?;
        members.serialize_field("reason", reason)?;
        members.serialize_field("in_force", in_force)?;
        members.serialize_field("conclusion", conclusion)?;
        members.serialize_field("verified_at", verified_at)?;
        members.serialize_field("time_given", time_given)?;
        members.serialize_field("document_digest", &document_digest.map(hex::encode))?;
        members.serialize_field("registry_as_of", registry_as_of)?;
        members.serialize_field("subject", subject)?;
        members.serialize_field("signed_by", signed_by)?;
        members.serialize_field("findings", findings)?;
        members.serialize_field("signatures", signatures)?;
        members.end()
    }
}

/// The verdict over a list of findings.
///
/// 1. A failed check fails the whole; of several the most telling speaks.
/// 2. Otherwise a check that is undecided, or missing though the input requires it, leaves it open.
/// 3. Otherwise it passed.
#[cfg(test)]
fn total(input: Input, findings: &[Finding]) -> Total {
    total_of(checks::required(input), findings)
}

/// Verdict, ETSI word and code of the finding that decided.
pub(super) type Total = (Indication, Option<SubIndication>, Option<&'static str>);

/// The same over what is required of something else than a whole input.
pub(super) fn total_of(required: &[&Check], findings: &[Finding]) -> Total {
    let deciding = || {
        findings
            .iter()
            .filter(|finding| finding.bears_on == Bearing::Verdict)
    };
    let failed = deciding()
        .filter(|finding| finding.outcome == Outcome::Failed)
        .min_by_key(|finding| finding.sub_indication.unwrap_or(SubIndication::Generic));
    if let Some(finding) = failed {
        return (
            Indication::TotalFailed,
            finding.sub_indication,
            Some(finding.code),
        );
    }
    if let Some(finding) = deciding().find(|finding| finding.outcome == Outcome::Undecided) {
        return (
            Indication::Indeterminate,
            finding.sub_indication,
            Some(finding.code),
        );
    }
    let answered = |check: &Check| {
        deciding().any(|finding| finding.check == check.name && finding.outcome == Outcome::Passed)
    };
    if required.is_empty() || !required.iter().all(|check| answered(check)) {
        return (
            Indication::Indeterminate,
            Some(SubIndication::Generic),
            Some(code::NOT_PERFORMED.as_str()),
        );
    }
    (Indication::TotalPassed, None, None)
}

#[expect(clippy::ref_option, reason = "serde hands out a reference")]
fn hex_option<S: serde::Serializer>(value: &Option<[u8; 32]>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(bytes) => serializer.serialize_str(&hex::encode(bytes)),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn all_passed(input: Input) -> Vec<Finding> {
        checks::required(input)
            .iter()
            .map(|check| Finding::passed(check, "", ""))
            .collect()
    }

    #[test]
    fn leaving_a_check_out_never_raises_the_verdict() {
        for input in [Input::Document, Input::Token] {
            let full = all_passed(input);
            assert_eq!(total(input, &full).0, Indication::TotalPassed);
            for left_out in 0..full.len() {
                let mut fewer = full.clone();
                fewer.remove(left_out);
                assert_eq!(total(input, &fewer).0, Indication::Indeterminate);
                let mut waived = full.clone();
                waived[left_out].outcome = Outcome::NotApplicable;
                assert_eq!(total(input, &waived).0, Indication::Indeterminate);
            }
        }
        assert_eq!(total(Input::Identifier, &[]).0, Indication::Indeterminate);
        assert_eq!(total(Input::Unknown, &[]).0, Indication::Indeterminate);
    }

    #[test]
    fn the_most_telling_failure_speaks_and_beats_what_is_open() {
        let mut findings = all_passed(Input::Document);
        findings.push(Finding::undecided(
            &checks::REVOCATION,
            code::NO_REVOCATION_LIST,
            SubIndication::TryLater,
            "",
            "",
        ));
        let open = total(Input::Document, &findings);
        assert_eq!(
            open,
            (
                Indication::Indeterminate,
                Some(SubIndication::TryLater),
                Some("NO_REVOCATION_LIST")
            )
        );
        let constraint = SubIndication::SigConstraintsFailure;
        findings.push(Finding::failed(
            &checks::SEAL,
            code::SEAL_FORGED,
            constraint,
            "",
            "",
        ));
        findings.push(Finding::failed(
            &checks::DIGEST,
            code::DIGEST_MISMATCH,
            SubIndication::HashFailure,
            "",
            "",
        ));
        let failed = total(Input::Document, &findings);
        assert_eq!(
            failed,
            (
                Indication::TotalFailed,
                Some(SubIndication::HashFailure),
                Some("DIGEST_MISMATCH")
            )
        );
    }

    #[test]
    fn dates_do_not_touch_the_verdict() {
        let mut findings = all_passed(Input::Token);
        findings.push(Finding::failed(
            &checks::DATES,
            code::CERTIFICATE_EXPIRED,
            SubIndication::Generic,
            "",
            "",
        ));
        assert_eq!(total(Input::Token, &findings).0, Indication::TotalPassed);
        let now = "2026-11-21T00:00:00Z".parse().unwrap();
        let report = Report::conclude(Input::Token, findings, Force::Expired, now, None, None, None);
        assert_eq!(report.conclusion, Conclusion::NotInForce);
    }

    #[test]
    fn words_are_those_of_the_json() {
        for sub in [
            SubIndication::NoCertificateChainFound,
            SubIndication::OutOfBoundsNoPoe,
        ] {
            assert_eq!(serde_json::to_value(sub).unwrap(), sub.as_str());
        }
        for word in [
            Indication::TotalPassed,
            Indication::TotalFailed,
            Indication::Indeterminate,
        ] {
            assert_eq!(serde_json::to_value(word).unwrap(), word.as_str());
        }
    }
}
