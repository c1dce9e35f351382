//! The answer of a recognition, for programs and for people.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    remark::visible_line,
    verify::{
        Force, Indication, Input, Language, Outcome, Report,
        text::{clock_time, write_outcome},
    },
};

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Accepted.
    Accepted,
    /// Accepted if the person at the counter finds the conditions met.
    AcceptedWithConditions,
    /// Not accepted.
    Refused,
    /// Cannot be decided with the data at hand.
    Undecided,
}

impl Decision {
    /// What an operator calls it.
    pub fn name_zh(self) -> &'static str {
        match self {
            Self::Accepted => "予以认可",
            Self::AcceptedWithConditions => "附条件认可",
            Self::Refused => "不予认可",
            Self::Undecided => "无法判定是否认可",
        }
    }

    /// The same in English.
    pub fn name_en(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::AcceptedWithConditions => "accepted with conditions",
            Self::Refused => "not accepted",
            Self::Undecided => "cannot be decided",
        }
    }
}

/// One step of the reasoning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Stable name of the step, such as `type-granted`.
    pub check: &'static str,
    /// Outcome.
    pub outcome: Outcome,
    /// Stable code; `OK` when passed.
    pub code: &'static str,
    /// In Chinese.
    pub message: String,
    /// In English.
    pub message_en: String,
}

/// The authority behind a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedAuthority {
    /// Its key in the list.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its region.
    pub region: String,
}

/// Which list was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListUsed {
    /// Who runs it.
    pub operator: String,
    /// Its number.
    pub sequence: u64,
    /// When it was made.
    pub issued_at: Timestamp,
    /// When its successor is due.
    pub next_update: Timestamp,
}

/// Whether a certificate is accepted here, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recognition {
    /// Version of this structure; fields are only ever added.
    pub schema: &'static str,
    /// The answer.
    pub decision: Decision,
    /// Code of the reason that decided; `OK` when accepted.
    pub code: &'static str,
    /// Whether the certificate is in force, as far as it was asked.
    pub in_force: Force,
    /// Where the question was asked.
    pub region: String,
    /// The authority behind the certificate.
    pub authority: Option<ListedAuthority>,
    /// Conditions for the person at the counter.
    pub conditions: Vec<String>,
    /// The list.
    pub list: ListUsed,
    /// The steps in order.
    pub reasons: Vec<Reason>,
}

impl Recognition {
    /// Version of the structure.
    pub const SCHEMA: &'static str = "certseal-recognition/1";

    /// The answer for people; the report is the one it rests on.
    pub fn to_text(&self, report: &Report, language: Language) -> String {
        let zh = language == Language::Chinese;
        let mut out = String::new();
        let (label, decision) = if zh {
            ("互认  ", self.decision.name_zh())
        } else {
            ("Decision  ", self.decision.name_en())
        };
        let _ = write!(out, "{label}{decision}");
        let wanted = match self.decision {
            Decision::Refused => Outcome::Failed,
            _ => Outcome::Undecided,
        };
        let deciding = |reason: &&Reason| reason.outcome == wanted && reason.code == self.code;
        if let Some(reason) = self.reasons.iter().find(deciding) {
            let (colon, message) = if zh {
                ("：", &reason.message)
            } else {
                (": ", &reason.message_en)
            };
            let _ = write!(out, "{colon}{}", visible_line(message));
        }
        let _ = writeln!(out, " ({})", self.code);
        if report.input == Input::Token && report.indication == Indication::TotalPassed {
            out.push_str(if zh {
                "注意  只核验了二维码：纸面或图片须与下列内容逐项相同\n"
            } else {
                "Note      only the QR code was verified: what bears it must say the same as below\n"
            });
        }
        if self.in_force == Force::ByDates && self.decision != Decision::Refused {
            // Accepted or not, it may have been revoked since: the person at the counter decides whether to ask.
            out.push_str(if zh {
                "注意  登记状态未查，是否被暂扣、撤销或注销，以登记簿为准\n"
            } else {
                "Note      status not asked: only the registry knows whether it was suspended, revoked or cancelled\n"
            });
        }
        if let Some(finding) = report
            .deciding()
            .filter(|_| report.indication != Indication::TotalPassed)
        {
            let (label, hint) = if zh {
                ("处置  ", &finding.hint)
            } else {
                ("Advice    ", &finding.hint_en)
            };
            let _ = writeln!(out, "{label}{hint}");
        }
        report.write_subject(&mut out, zh);
        if let Some(authority) = &self.authority {
            let label = if zh { "担保  " } else { "Authority " };
            let _ = writeln!(out, "{label}{} {}", authority.name, authority.region);
        }
        let label = if zh { "列表  " } else { "List      " };
        let next = if zh { "下次更新" } else { "next update" };
        let _ = writeln!(
            out,
            "{label}{} #{} {next} {}",
            self.list.operator,
            self.list.sequence,
            clock_time(self.list.next_update)
        );
        for condition in &self.conditions {
            let label = if zh { "条件  " } else { "Condition " };
            let _ = writeln!(out, "{label}{condition}");
        }
        out.push('\n');
        for reason in &self.reasons {
            let message = if zh { &reason.message } else { &reason.message_en };
            write_outcome(&mut out, reason.outcome, message, reason.code, zh);
        }
        out
    }
}
