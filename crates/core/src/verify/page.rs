//! The report as a page: Chinese first, English beneath; whole in itself, without scripts, for screen and A4.
//!
//! Everything that comes out of a file goes through [`Markup::text`], which leaves no markup and nothing invisible.

use jiff::Timestamp;

use super::{
    code,
    indication::Indication,
    markup::Markup,
    report::{Bearing, Conclusion, Finding, Input, Outcome, Report, SignedBy},
    signatures::{SignatureReport, TimestampReport, alike},
    text::{Language, day},
};
use crate::{clock::clock_time, crypto::x509::common_name};

/// The only style of the page, as it stands in it: for a server that names it in its content security policy.
pub const PAGE_STYLE: &str = include_str!("page/style.css");

impl Report {
    /// The report as a page of its own, about a file of this name.
    pub fn to_html(&self, name: Option<&str>) -> String {
        let mut page = Markup::with_capacity(16 << 10);
        let (tone, word, word_en) = self.conclusion.words();
        page.raw("<!DOCTYPE html>\n<html lang=\"zh-CN\">\n<head>\n<meta charset=\"utf-8\">\n");
        page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
        page.text(word);
        page.raw(" · 核验报告</title>\n<style>");
        page.raw(PAGE_STYLE);
        page.raw("</style>\n</head>\n<body>\n<header><p>核验报告 <span lang=\"en\">Verification report</span></p></header>\n<main>\n");

        // 1. What it comes to.
        page.raw("<section class=\"verdict ");
        page.raw(tone);
        page.raw("\"><h1>");
        page.both(word, word_en);
        page.raw("</h1><p>");
        page.both(
            &self.headline(Language::Chinese),
            &self.headline(Language::English),
        );
        page.raw("</p></section>\n");
        if self.time_given {
            let at = clock_time(self.verified_at);
            page.raw("<p class=\"notice\">");
            page.both(
                &format!("核验时间系由操作者指定为 {at}，不是实际核验的时刻：结论只说明以该时刻而论如何。"),
                &format!("Judged as of {at} (UTC+8), an instant the operator gave, not the present: the verdict holds for that instant only."),
            );
            page.raw("</p>\n");
        }
        self.write_facts(&mut page, name);
        self.write_missing(&mut page);
        self.write_claims(&mut page);

        // 2. Each signature.
        if !self.signatures.is_empty() {
            page.heading("签名与时间戳", "Signatures and timestamps");
        }
        for (index, signature) in self.signatures.iter().enumerate() {
            self.page_signature(&mut page, signature, index);
        }

        // 3. The checks of the whole.
        page.heading("文件整体的检查", "Checks of the whole");
        write_findings(&mut page, &self.findings);
        page.raw("</main>\n<footer><p>");
        page.both(
            "结论由本报告所列各项检查得出，原因代码的含义见 FORMATS.md。",
            "The verdict follows from the checks listed; FORMATS.md says what each reason code means.",
        );
        page.raw("</p><p>");
        page.text(Self::SCHEMA);
        page.raw(" · certseal ");
        page.text(env!("CARGO_PKG_VERSION"));
        page.raw("</p></footer>\n</body>\n</html>\n");
        page.done()
    }

    /// Which file, and when and how it was judged.
    fn write_facts(&self, page: &mut Markup, name: Option<&str>) {
        page.raw("<dl>");
        if let Some(name) = name {
            page.row("文件", "File", name);
        }
        let input = match self.input {
            Input::Document => "签章的电子证照 Sealed certificate",
            Input::SignedDocument => {
                "签名的 PDF 或 OFD 文件（不是电子证照） Signed PDF or OFD, no electronic certificate"
            }
            Input::Token => "证照二维码 QR code of a certificate",
            Input::Identifier => "电子证照标识 Certificate identifier",
            Input::Seal => "电子印章（不是电子证照） National seal, no electronic certificate",
            Input::Unknown => "无法识别 Not recognised",
        };
        page.row("提交的是", "What was given", input);
        let sub = self
            .sub_indication
            .map(|sub| format!(" / {}", sub.as_str()))
            .unwrap_or_default();
        let reason = self
            .reason
            .map(|reason| format!("（{reason}）"))
            .unwrap_or_default();
        page.row(
            "判定",
            "Indication (ETSI EN 319 102-1)",
            &format!("{}{sub}{reason}", self.indication.as_str()),
        );
        if !matches!(self.input, Input::Unknown | Input::SignedDocument | Input::Seal)
            && self.indication != Indication::TotalFailed
        {
            page.row_both(
                "证照效力",
                "In force",
                self.in_force.name_zh(),
                self.in_force.name_en(),
            );
        }
        if let Some(digest) = self.document_digest {
            page.row("文件 SHA-256", "SHA-256 of the file", &hex::encode(digest));
        }
        page.row("核验时间", "Verified at", &instant(self.verified_at));
        if let Some(as_of) = self.registry_as_of {
            page.row("登记库截至", "Registry as of", &instant(as_of));
        }
        page.raw("</dl>\n");
    }

    /// What could not be decided, and how to supply what was missing.
    fn write_missing(&self, page: &mut Markup) {
        let open = |finding: &&Finding| {
            finding.outcome == Outcome::Undecided && finding.code != code::NOT_PERFORMED.as_str()
        };
        let of_signatures = self.signatures.iter().flat_map(|signature| {
            let of_timestamps = signature.timestamps.iter().flat_map(|stamp| &stamp.findings);
            signature.findings.iter().chain(of_timestamps)
        });
        let mut told: Vec<&Finding> = Vec::new();
        for finding in self.findings.iter().chain(of_signatures).filter(open) {
            let same = |other: &&Finding| other.message == finding.message && other.hint == finding.hint;
            if !told.iter().any(same) {
                told.push(finding);
            }
        }
        // What has failed is not mended by anything that could be supplied.
        if told.is_empty() || self.indication == Indication::TotalFailed {
            return;
        }
        page.heading("尚缺什么，如何补齐", "What was missing, and how to supply it");
        page.raw("<ul class=\"missing\">");
        for finding in told {
            page.raw("<li><b>");
            page.text(finding.title);
            page.raw("</b> ");
            page.both(&finding.message, &finding.message_en);
            if !finding.hint.is_empty() {
                page.raw("<p class=\"hint\">→ ");
                page.both(&finding.hint, &finding.hint_en);
                page.raw("</p>");
            }
            page.raw("</li>");
        }
        page.raw("</ul>\n");
    }

    /// The certificate, by its own word.
    fn write_claims(&self, page: &mut Markup) {
        let Some(subject) = &self.subject else { return };
        if self.indication == Indication::TotalPassed {
            page.heading("证照内容", "What the certificate says");
        } else {
            page.heading("所称内容（未获证实）", "What it claims, not proven");
        }
        page.raw("<dl>");
        page.row("证照类型", "Type", &subject.type_name);
        page.row("证照编号", "Number", &subject.number);
        page.row("持证主体", "Holder", &subject.holder_name);
        if let Some(code) = &subject.holder_code_masked {
            page.row("持证主体代码", "Holder's code (masked)", code);
        }
        page.row(
            "颁证机构",
            "Issued by",
            subject.issuer_name.as_ref().unwrap_or(&subject.issuer_code),
        );
        page.row("颁发日期", "Issued on", &day(subject.issued_on, true));
        let from = day(subject.valid_from, true);
        let until = subject
            .valid_until
            .map_or_else(|| "长期".to_owned(), |date| day(date, true));
        page.row("有效期", "Valid", &format!("{from} 至 {until}"));
        page.row("电子证照标识", "Identifier", &subject.identifier);
        page.raw("</dl>\n");
    }

    fn page_signature(&self, page: &mut Markup, signature: &SignatureReport, index: usize) {
        let (word, word_en) = signature.indication.words();
        page.raw("<article class=\"");
        page.raw(tone(signature.indication));
        page.raw("\"><h3>");
        page.both(
            &format!("{}. {}", index + 1, signature.signer(true)),
            &format!("{} of {}", index + 1, self.signatures.len()),
        );
        page.raw("</h3><p class=\"mark\">");
        page.both(word, word_en);
        page.raw("</p><dl>");
        page.row_both(
            "身份",
            "Capacity",
            signature.capacity(true),
            signature.capacity(false),
        );
        page.row_both("时间", "When", &signature.time(true), &signature.time(false));
        page.row_both(
            "覆盖范围",
            "What it covers",
            &signature.coverage(true),
            &signature.coverage(false),
        );
        if let Some(level) = signature.level {
            page.row("签名级别", "PAdES baseline level", level.as_str());
        }
        if !signature.level_note.is_empty() {
            page.row_both(
                "为何不更高",
                "Why no higher",
                &signature.level_note,
                &signature.level_note_en,
            );
        }
        if !signature.fields.is_empty() {
            page.row("签名域", "Field", &signature.fields.join(", "));
        }
        if let Some(format) = &signature.format {
            page.row("格式", "Format", format);
        }
        if let Some(by) = &signature.signed_by {
            write_who(page, by);
        }
        let sub = signature
            .sub_indication
            .map(|sub| format!(" / {}", sub.as_str()))
            .unwrap_or_default();
        let reason = signature
            .reason
            .map(|reason| format!("（{reason}）"))
            .unwrap_or_default();
        page.row(
            "判定",
            "Indication",
            &format!("{}{sub}{reason}", signature.indication.as_str()),
        );
        page.raw("</dl>");
        if !signature.changes.is_empty() {
            page.raw("<h4>");
            page.both("此后的改动", "What came after");
            page.raw("</h4><ul class=\"changes\">");
            for alike in alike(&signature.changes) {
                let change = alike.change;
                let (zh, en) = match change.standing {
                    "permitted" => ("允许", "permitted"),
                    "forbidden" => ("不允许", "forbidden"),
                    _ => ("须由人判断", "for a person to judge"),
                };
                page.raw("<li>");
                page.both(
                    &format!("{zh}：{}", alike.phrase(true)),
                    &format!("{en}: {}", alike.phrase(false)),
                );
                page.raw(" <code>");
                page.text(change.code);
                page.raw("</code></li>");
            }
            page.raw("</ul>");
        }
        write_findings(page, &signature.findings);
        for stamp in &signature.timestamps {
            write_timestamp(page, stamp);
        }
        page.raw("</article>\n");
    }
}

impl Conclusion {
    /// Tone, and the verdict in a word, Chinese and English.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Good => ("good", "核验通过", "Genuine and in force"),
            Self::Signed => (
                "calm",
                "签名有效（不是电子证照）",
                "Validly signed; no electronic certificate",
            ),
            Self::NotInForce => ("wary", "真实，但现不在效力内", "Genuine, but not in force"),
            Self::Undecided => ("wary", "无法判定", "Undetermined"),
            Self::Bad => ("bad", "核验不通过", "Not genuine"),
        }
    }
}

/// The tone of a verdict on a signature.
fn tone(indication: Indication) -> &'static str {
    match indication {
        Indication::TotalPassed => "good",
        Indication::TotalFailed => "bad",
        Indication::Indeterminate => "wary",
    }
}

/// Whose certificate, and which.
fn write_who(page: &mut Markup, by: &SignedBy) {
    page.row("证书主体", "Certificate subject", &by.name);
    page.row(
        "证书 SHA-256",
        "Certificate SHA-256",
        &hex::encode(by.fingerprint),
    );
    match by.anchor {
        Some(anchor) => page.row("信任锚 SHA-256", "Trust anchor SHA-256", &hex::encode(anchor)),
        None => page.row_both("信任锚", "Trust anchor", "没有通向信任锚的路径", "no path to one"),
    }
}

fn write_timestamp(page: &mut Markup, stamp: &TimestampReport) {
    let (word, word_en) = stamp.indication.words();
    page.raw("<div class=\"stamp ");
    page.raw(tone(stamp.indication));
    page.raw("\"><h4>");
    page.both("签名中的时间戳", "Timestamp in the signature");
    page.raw("</h4><p class=\"mark\">");
    page.both(word, word_en);
    page.raw("</p><dl>");
    if let Some(by) = &stamp.signed_by {
        page.row("时间戳机构", "Authority", &common_name(&by.name));
        write_who(page, by);
        if let Some(at) = by.signed_at {
            page.row("所载时间", "Time it states", &instant(at));
        }
    }
    page.raw("</dl>");
    write_findings(page, &stamp.findings);
    page.raw("</div>");
}

/// Checks in order, one a row.
fn write_findings(page: &mut Markup, findings: &[Finding]) {
    if findings.is_empty() {
        return;
    }
    page.raw("<table><thead><tr><th>");
    page.both("结果", "Outcome");
    page.raw("</th><th>");
    page.both("检查", "Check");
    page.raw("</th><th>");
    page.both("查明", "Found");
    page.raw("</th><th>");
    page.both("代码", "Code");
    page.raw("</th></tr></thead><tbody>");
    for finding in findings {
        let (tone, zh, en) = match finding.outcome {
            _ if finding.code == code::NOT_PERFORMED.as_str() => ("none", "未检查", "not made"),
            Outcome::Passed => ("good", "通过", "passed"),
            Outcome::Failed => ("bad", "不通过", "failed"),
            Outcome::Undecided => ("wary", "未定", "open"),
            Outcome::NotApplicable => ("none", "不适用", "n/a"),
        };
        page.raw("<tr class=\"");
        page.raw(tone);
        page.raw("\"><td>");
        page.both(zh, en);
        page.raw("</td><td>");
        page.both(finding.title, finding.title_en);
        page.raw("</td><td>");
        page.both(&finding.message, &finding.message_en);
        let wanting = matches!(finding.outcome, Outcome::Failed | Outcome::Undecided);
        if wanting && !finding.hint.is_empty() {
            page.raw("<p class=\"hint\">→ ");
            page.both(&finding.hint, &finding.hint_en);
            page.raw("</p>");
        }
        page.raw("</td><td><code>");
        page.text(finding.code);
        page.raw("</code>");
        if let Some(sub) = finding.sub_indication {
            page.raw("<br><code>");
            page.text(sub.as_str());
            page.raw("</code>");
        }
        if finding.bears_on == Bearing::Force {
            page.raw("<br>");
            page.both("只关乎效力", "bears on force only");
        }
        page.raw("</td></tr>");
    }
    page.raw("</tbody></table>\n");
}

/// An instant as people in China read it.
fn instant(at: Timestamp) -> String {
    format!("{}（北京时间 UTC+8）", clock_time(at))
}

impl Markup {
    /// Chinese, and English beneath.
    fn both(&mut self, chinese: &str, english: &str) {
        self.text(chinese);
        if !english.is_empty() {
            self.raw(" <span lang=\"en\">");
            self.text(english);
            self.raw("</span>");
        }
    }

    fn heading(&mut self, chinese: &str, english: &str) {
        self.raw("<h2>");
        self.both(chinese, english);
        self.raw("</h2>\n");
    }

    fn row(&mut self, label: &str, label_en: &str, value: &str) {
        self.row_both(label, label_en, value, "");
    }

    fn row_both(&mut self, label: &str, label_en: &str, value: &str, value_en: &str) {
        self.raw("<dt>");
        self.both(label, label_en);
        self.raw("</dt><dd>");
        self.both(value, value_en);
        self.raw("</dd>");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_out_of_a_file_becomes_markup_or_hides() {
        let mut page = Markup::with_capacity(0);
        page.row("签名域", "Field", "<script>alert('1')</script>&\"\u{202e}fdp\0\n");
        assert_eq!(
            page.done(),
            "<dt>签名域 <span lang=\"en\">Field</span></dt><dd>&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;\u{FFFD}fdp\u{FFFD}\u{FFFD}</dd>"
        );
    }

    #[test]
    fn the_style_needs_nothing_from_elsewhere() {
        for word in ["url(", "@import", "</"] {
            assert!(!PAGE_STYLE.contains(word), "{word}");
        }
    }
}
