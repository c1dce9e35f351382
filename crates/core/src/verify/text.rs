//! The report as a person at a counter reads it: conclusion first, then whose certificate, then why.

use std::{borrow::Cow, collections::BTreeSet, fmt::Write as _};

use jiff::civil::Date;

use super::{
    code,
    indication::Indication,
    report::{Bearing, Conclusion, Finding, Force, Input, Outcome, Report},
    signatures::{ReportedKind, SignatureReport},
};
pub(crate) use crate::clock::clock_time;
use crate::{
    crypto::x509::common_name,
    remark::{visible, visible_line},
};

/// Language of the human form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// 中文.
    Chinese,
    /// English.
    English,
}

impl Report {
    /// The conclusion in one sentence, on one line.
    pub fn headline(&self, language: Language) -> String {
        let zh = language == Language::Chinese;
        let reason = self
            .deciding()
            .map(|finding| if zh { &finding.message } else { &finding.message_en });
        let mut out = String::new();
        let genuine = if self.input == Input::Token {
            "二维码真实"
        } else {
            "签章真实"
        };
        match (self.conclusion, zh) {
            // A genuine code can be stuck on a forged page: nobody shall read "genuine" of what bears it.
            (Conclusion::Good, true) if self.input == Input::Token => {
                out.push_str("二维码真实，所载证照");
                out.push_str(self.in_force.name_zh());
                out.push_str("；纸面或图片未经核验，须与下列内容逐项相同方可采信");
            }
            (Conclusion::Good, false) if self.input == Input::Token => {
                let _ = write!(
                    out,
                    "the QR code is genuine, its certificate {}; ",
                    self.in_force.name_en()
                );
                out.push_str(
                    "what bears it is not verified: rely on it only where it says the same as below",
                );
            }
            // Dates alone do not tell of a revocation: nobody shall read "in force" where nobody asked.
            (Conclusion::Good, true) if self.in_force == Force::ByDates => {
                out.push_str("真实，在有效期内；登记状态未查，是否被暂扣、撤销或注销，以登记簿为准");
            }
            (Conclusion::Good, false) if self.in_force == Force::ByDates => {
                out.push_str("genuine and within its period; status not asked: only the registry knows ");
                out.push_str("whether it was suspended, revoked or cancelled");
            }
            (Conclusion::Good, true) => out.push_str("真实有效"),
            (Conclusion::Good, false) => out.push_str("genuine and in force"),
            (Conclusion::Signed, true) if self.input == Input::Seal => {
                out.push_str("不是电子证照，是一枚电子印章；印章真实，是否在有效期内见下");
            }
            (Conclusion::Signed, false) if self.input == Input::Seal => {
                out.push_str(
                    "no electronic certificate but a national seal; it is genuine, and its dates stand below",
                );
            }
            (Conclusion::Signed, zh) => out.push_str(&self.signed_headline(zh)),
            (Conclusion::NotInForce, true) => {
                let _ = write!(out, "{genuine}，但证照{}", self.in_force.name_zh());
            }
            (Conclusion::NotInForce, false) => {
                let _ = write!(out, "genuine, but {}", self.in_force.name_en());
            }
            (Conclusion::Undecided, true) if self.indication == Indication::TotalPassed => {
                let _ = write!(out, "{genuine}，但无法确定证照是否有效");
            }
            (Conclusion::Undecided, false) if self.indication == Indication::TotalPassed => {
                out.push_str("genuine, but it is not known whether it is in force");
            }
            (Conclusion::Undecided, true) if self.input == Input::SignedDocument => {
                out.push_str("不是电子证照，其签名无法判定");
            }
            (Conclusion::Undecided, false) if self.input == Input::SignedDocument => {
                out.push_str("no electronic certificate; its signatures cannot be decided");
            }
            (Conclusion::Bad, true) if self.input == Input::SignedDocument => {
                out.push_str("不是电子证照，且签名验证不通过，请勿采信");
            }
            (Conclusion::Bad, false) if self.input == Input::SignedDocument => {
                out.push_str("no electronic certificate, and its signatures are not good: do not rely on it");
            }
            (Conclusion::Undecided, true) => out.push_str("无法判定真伪"),
            (Conclusion::Undecided, false) => out.push_str("cannot be decided"),
            (Conclusion::Bad, true) => out.push_str("验证不通过，请勿采信"),
            (Conclusion::Bad, false) => out.push_str("not genuine, do not rely on it"),
        }
        if let Some(reason) = reason.filter(|reason| !reason.is_empty()) {
            out.push_str(if zh { "：" } else { ": " });
            out.push_str(reason);
        }
        visible_line(out)
    }

    /// Of a document that is no certificate. That comes first: a signer may be called what he likes, also
    /// "certificate, genuine".
    fn signed_headline(&self, zh: bool) -> String {
        let of = |kind| {
            let all = self.signatures.iter();
            let names = all.filter(move |signature| signature.kind == kind);
            let names = names.filter_map(|signature| signature.signed_by.as_ref());
            let names: BTreeSet<Cow<'_, str>> = names.map(|by| common_name(&by.name)).collect();
            Vec::from_iter(names).join(if zh { "、" } else { ", " })
        };
        let signers = of(ReportedKind::Signature);
        match (zh, signers.is_empty()) {
            (true, false) => {
                format!("不是电子证照，没有发证机关为其所载内容担保；文件上 {signers} 的签名有效")
            }
            (true, true) => format!(
                "不是电子证照，没有发证机关为其所载内容担保；文件无人签名，只有 {} 的时间戳有效",
                of(ReportedKind::DocumentTimestamp)
            ),
            (false, false) => format!(
                "no electronic certificate, and no issuing authority vouches for what it says; the signatures of \
                 {signers} on it are good"
            ),
            (false, true) => format!(
                "no electronic certificate, and no issuing authority vouches for what it says; nobody signed it, only \
                 the timestamps of {} are good",
                of(ReportedKind::DocumentTimestamp)
            ),
        }
    }

    /// The whole report for people.
    pub fn to_text(&self, language: Language) -> String {
        let zh = language == Language::Chinese;
        let pick = |chinese: &'static str, english: &'static str| if zh { chinese } else { english };
        let mut out = String::new();
        let sub = match self.sub_indication {
            Some(sub) if self.indication != Indication::TotalPassed => format!(" / {}", sub.as_str()),
            _ => String::new(),
        };
        let _ = writeln!(out, "{}{}", pick("结论  ", "Verdict   "), self.headline(language));
        if self.time_given {
            out.push_str(pick("注意  核验时间系人为指定为 ", "Note      judged as of "));
            out.push_str(&clock_time(self.verified_at));
            out.push_str(pick(
                "，不是现在；结论只说明以该时刻而论如何\n",
                ", a time that was given, not the present: the verdict holds for that instant only\n",
            ));
        }
        let _ = writeln!(
            out,
            "{}{}{sub}",
            pick("代码  ", "Code      "),
            self.indication.as_str()
        );
        self.write_subject(&mut out, zh);
        if self.input != Input::Unknown && self.indication != Indication::TotalFailed {
            let force = if zh {
                self.in_force.name_zh()
            } else {
                self.in_force.name_en()
            };
            let _ = write!(out, "{}{force}", pick("状态  ", "State     "));
            if let Some(as_of) = self.registry_as_of {
                let _ = write!(
                    out,
                    "{}{}",
                    pick("，登记库截至 ", ", registry as of "),
                    clock_time(as_of)
                );
            }
            out.push('\n');
        }
        let _ = writeln!(
            out,
            "{}{}",
            pick("核验  ", "Checked   "),
            clock_time(self.verified_at)
        );
        out.push('\n');
        let performed = |finding: &&Finding| finding.code != code::NOT_PERFORMED.as_str();
        for finding in self.findings.iter().filter(performed) {
            write_finding(&mut out, finding, zh);
        }
        match self.findings.iter().filter(|finding| !performed(finding)).count() {
            0 => {}
            count if zh => {
                let _ = writeln!(out, "[未检查] 其余 {count} 项因前项未通过而未检查");
            }
            count => {
                let _ = writeln!(
                    out,
                    "[  --  ] {count} more checks not performed because of what failed before"
                );
            }
        }
        for (index, signature) in self.signatures.iter().enumerate() {
            self.write_signature(&mut out, signature, index, zh);
        }
        out.chars()
            .map(|letter| if letter == '\n' { letter } else { visible(letter) })
            .collect()
    }

    /// One signature: who, when and what it covers; and its checks, unless they stand above as the document's own.
    fn write_signature(&self, out: &mut String, signature: &SignatureReport, index: usize, zh: bool) {
        let (word, word_en) = signature.indication.words();
        let comma = if zh { "，" } else { ", " };
        let level = signature.level.map(|level| format!("{comma}{}", level.as_str()));
        let level = level.unwrap_or_default();
        let _ = if zh {
            writeln!(
                out,
                "\n第 {} 个签名（共 {} 个）：{}，{}，{word}{level}",
                index + 1,
                self.signatures.len(),
                visible_line(signature.signer(zh)),
                signature.capacity(zh)
            )
        } else {
            writeln!(
                out,
                "\nSignature {} of {}: {}, {}, {word_en}{level}",
                index + 1,
                self.signatures.len(),
                visible_line(signature.signer(zh)),
                signature.capacity(zh)
            )
        };
        let pick = |chinese: &'static str, english: &'static str| if zh { chinese } else { english };
        let mut row = |label: &str, value: &str| {
            if !value.is_empty() {
                let _ = writeln!(out, "{label}{}", visible_line(value));
            }
        };
        row(pick("  签名域  ", "  Field     "), &signature.fields.join(", "));
        row(pick("  时间    ", "  When      "), &signature.time(zh));
        row(pick("  覆盖    ", "  Covers    "), &signature.coverage(zh));
        let note = pick_note(&signature.level_note, &signature.level_note_en, zh);
        row(pick("  级别    ", "  Level     "), note);
        row(pick("  其后    ", "  After it  "), &signature.later(zh));
        for finding in &signature.findings {
            if !self.findings.contains(finding) {
                write_finding(out, finding, zh);
            }
        }
        for stamp in &signature.timestamps {
            let by = stamp.signed_by.as_ref();
            let authority = by.map_or_else(String::new, |by| visible_line(common_name(&by.name)));
            let at = by.and_then(|by| by.signed_at).map(clock_time).unwrap_or_default();
            let (word, word_en) = stamp.indication.words();
            let _ = if zh {
                writeln!(out, "  时间戳  {authority} {at}，{word}")
            } else {
                writeln!(out, "  Timestamp {authority} {at}, {word_en}")
            };
            for finding in &stamp.findings {
                write_finding(out, finding, zh);
            }
        }
    }

    /// The finding that the conclusion rests on; none where all is well.
    pub fn deciding(&self) -> Option<&Finding> {
        let wanted = match self.conclusion {
            Conclusion::Good | Conclusion::Signed => return None,
            Conclusion::NotInForce => {
                // The registry is asked last, and what it took out of force is so whatever the dates say.
                return self.findings.iter().rfind(|finding| {
                    finding.bears_on == Bearing::Force && finding.outcome == Outcome::Failed
                });
            }
            Conclusion::Undecided if self.indication == Indication::TotalPassed => {
                return self.findings.iter().find(|finding| {
                    finding.bears_on == Bearing::Force && finding.outcome == Outcome::Undecided
                });
            }
            Conclusion::Bad => Outcome::Failed,
            Conclusion::Undecided => Outcome::Undecided,
        };
        let decided = |finding: &&Finding| finding.outcome == wanted && Some(finding.code) == self.reason;
        self.findings.iter().find(decided)
    }

    /// Whose certificate it is, by its own word.
    pub(crate) fn write_subject(&self, out: &mut String, zh: bool) {
        let pick = |chinese: &'static str, english: &'static str| if zh { chinese } else { english };
        if self.subject.is_some() && self.indication != Indication::TotalPassed {
            out.push_str(pick(
                "注意  以下为文件或二维码自称，未获证实\n",
                "Note      what follows is claimed, not proven\n",
            ));
        }
        let mut row = |label: &str, value: &str| {
            if !value.is_empty() {
                let _ = writeln!(out, "{label}{}", visible_line(value));
            }
        };
        if let Some(subject) = &self.subject {
            row(
                pick("证照  ", "Type      "),
                &format!("{} {}", subject.type_name, subject.number),
            );
            let holder = match &subject.holder_code_masked {
                Some(code) => format!("{} {code}", subject.holder_name),
                None => subject.holder_name.clone(),
            };
            row(pick("持证  ", "Holder    "), &holder);
            row(
                pick("机关  ", "Issuer    "),
                subject.issuer_name.as_ref().unwrap_or(&subject.issuer_code),
            );
            let until = subject
                .valid_until
                .map_or_else(|| pick("长期", "without end").to_owned(), |date| day(date, zh));
            let period = format!("{}{}{until}", day(subject.valid_from, zh), pick(" 至 ", " to "));
            row(pick("期限  ", "Period    "), &period);
            row(pick("标识  ", "Id        "), &subject.identifier);
        }
        if let Some(signer) = &self.signed_by {
            let when = signer.signed_at.map(clock_time).unwrap_or_default();
            let name = common_name(&signer.name);
            row(pick("签章  ", "Signed by "), &format!("{name}  {when}"));
        }
    }
}

fn write_finding(out: &mut String, finding: &Finding, zh: bool) {
    let (title, message, hint) = if zh {
        (finding.title, &finding.message, &finding.hint)
    } else {
        (finding.title_en, &finding.message_en, &finding.hint_en)
    };
    let colon = if zh { "：" } else { ": " };
    let text = if message.is_empty() {
        title.to_owned()
    } else {
        format!("{title}{colon}{message}")
    };
    write_outcome(out, finding.outcome, &text, finding.code, zh);
    if matters(finding.outcome) && !hint.is_empty() {
        let _ = writeln!(out, "         {} {hint}", if zh { "→ 处置：" } else { "-> " });
    }
}

/// One line of a report: the outcome, what it is about, and the code where it did not pass.
pub(crate) fn write_outcome(out: &mut String, outcome: Outcome, text: &str, code: &str, zh: bool) {
    let mark = match (outcome, zh) {
        (Outcome::Passed, true) => "[ 通过 ]",
        (Outcome::Passed, false) => "[  ok  ]",
        (Outcome::Failed, true) => "[不通过]",
        (Outcome::Failed, false) => "[FAILED]",
        (Outcome::Undecided, true) => "[ 未定 ]",
        (Outcome::Undecided, false) => "[ open ]",
        (Outcome::NotApplicable, true) => "[不适用]",
        (Outcome::NotApplicable, false) => "[  --  ]",
    };
    let _ = write!(out, "{mark} {}", visible_line(text));
    if matters(outcome) {
        let _ = write!(out, " ({code})");
    }
    out.push('\n');
}

/// The note in one language.
fn pick_note<'a>(chinese: &'a str, english: &'a str, zh: bool) -> &'a str {
    if zh { chinese } else { english }
}

/// Whether an outcome wants an explanation.
fn matters(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Failed | Outcome::Undecided)
}

/// A civil date in words.
pub(crate) fn day(date: Date, zh: bool) -> String {
    if zh {
        format!("{}年{}月{}日", date.year(), date.month(), date.day())
    } else {
        date.to_string()
    }
}
