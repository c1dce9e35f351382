//! What a report says of each signature of a document, and of what came after it.

use std::borrow::Cow;

use serde::{Serialize, Serializer, ser::SerializeStruct as _};

use super::{
    indication::{Indication, SubIndication},
    report::{Finding, SignedBy},
    text::Language,
};
use crate::{
    clock::clock_time,
    crypto::x509::common_name,
    document::pdf::open::{Change, ChangeKind, Difference, SignatureKind, Standing},
    remark::{visible_line, visible_start},
};

/// One signature of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureReport {
    /// Full names of the fields that hold it; usually one.
    pub fields: Vec<String>,
    /// What its dictionary says it is.
    pub kind: ReportedKind,
    /// Its format: as `/SubFilter` names it, or its structure and standard in an OFD.
    pub format: Option<String>,
    /// Whether it is the signature that the report as a whole is about.
    pub main: bool,
    /// The revision it covers, counted from 1; none where its byte range ends with no revision.
    pub revision: Option<usize>,
    /// Revisions of the document.
    pub revisions: usize,
    /// Verdict on this signature: its value, its signer, and what came after it.
    pub indication: Indication,
    /// ETSI word of the finding that decided, none when passed.
    pub sub_indication: Option<SubIndication>,
    /// Our own code of that finding.
    pub reason: Option<&'static str>,
    /// Who signed, as far as the signature says.
    pub signed_by: Option<SignedBy>,
    /// Its checks in order.
    pub findings: Vec<Finding>,
    /// The timestamps in it, as it holds them.
    pub timestamps: Vec<TimestampReport>,
    /// The baseline level that it attains, by what was validated here; none where it attains none.
    pub level: Option<Level>,
    /// Why it attains no higher one, in Chinese.
    pub level_note: String,
    /// The same in English.
    pub level_note_en: String,
    /// What later revisions changed, ordered by kind; the first of them where there are very many.
    pub changes: Vec<ReportedChange>,
}

impl Serialize for SignatureReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Named one by one, so that none can be forgotten.
        let Self {
            fields,
            kind,
            format,
            main,
            revision,
            revisions,
            indication,
            sub_indication,
            reason,
            signed_by,
            findings,
            timestamps,
            level,
            level_note,
            level_note_en,
            changes,
        } = self;
        let mut members = serializer.serialize_struct("SignatureReport", 18)?;
        members.serialize_field("headline", &self.headline(Language::Chinese))?;
        members.serialize_field("headline_en", &self.headline(Language::English))?;
        members.serialize_field("fields", fields)?;
        members.serialize_field("kind", kind)?;
        members.serialize_field("format", format)?;
        members.serialize_field("main", main)?;
        members.serialize_field("revision", revision)?;
        members.serialize_field("revisions", revisions)?;
        members.serialize_field("indication", indication)?;
        members.serialize_field("sub_indication", sub_indication)?;
        members.serialize_field("reason", reason)?;
        members.serialize_field("signed_by", signed_by)?;
        members.serialize_field("findings", findings)?;
        members.serialize_field("timestamps", timestamps)?;
        members.serialize_field("level", level)?;
        members.serialize_field("level_note", level_note)?;
        members.serialize_field("level_note_en", level_note_en)?;
        members.serialize_field("changes", changes)?;
        members.end()
    }
}

impl SignatureReport {
    /// It in one sentence: who, in what capacity, whether it is good, when, and what it covers.
    pub fn headline(&self, language: Language) -> String {
        let zh = language == Language::Chinese;
        let (word, word_en) = self.indication.words();
        let (word, comma, end) = if zh {
            (word, "，", "；")
        } else {
            (word_en, ", ", "; ")
        };
        let mut out = [&*self.signer(zh), self.capacity(zh), word].join(comma);
        if let Some(level) = self.level {
            out.push_str(comma);
            out.push_str(level.as_str());
        }
        for part in [self.time(zh), self.coverage(zh)] {
            if !part.is_empty() {
                out.push_str(end);
                out.push_str(&part);
            }
        }
        visible_line(out)
    }

    /// `/SubFilter` of a PDF, which is one name.
    pub(super) fn sub_filter(&self) -> Option<&str> {
        self.format.as_deref().filter(|format| !format.contains(' '))
    }

    /// What came after it, in a line.
    pub(super) fn later(&self, zh: bool) -> String {
        in_a_line(&self.changes, zh)
    }

    /// What it covers and whether anything came after, for people.
    pub(super) fn coverage(&self, zh: bool) -> String {
        let all = self.revisions;
        let Some(own) = self.revision else {
            return if zh {
                "不是文件的任何一版".to_owned()
            } else {
                "no revision of the file".to_owned()
            };
        };
        let after = all.saturating_sub(own);
        match (zh, after) {
            (true, 0) => format!("整个文件（第 {own} 版，共 {all} 版）"),
            (false, 0) => format!("the whole file (revision {own} of {all})"),
            (true, _) => format!("第 {own} 版，共 {all} 版；其后的 {after} 版不在此签名之内"),
            (false, _) => format!("revision {own} of {all}; the {after} after it are not covered"),
        }
    }

    /// Who signed, for a heading.
    pub(super) fn signer(&self, zh: bool) -> Cow<'_, str> {
        let unknown = if zh {
            "签名人读不出"
        } else {
            "signer cannot be read"
        };
        let by = self.signed_by.as_ref();
        by.map_or(Cow::Borrowed(unknown), |by| common_name(&by.name))
    }

    /// In what capacity: what kind of signature it is.
    pub(super) fn capacity(&self, zh: bool) -> &'static str {
        match (self.kind, self.main, zh) {
            (ReportedKind::Signature, true, true) => "签名（本报告的依据）",
            (ReportedKind::Signature, true, false) => "the signature that this report rests on",
            (ReportedKind::Signature, false, true) => "签名",
            (ReportedKind::Signature, false, false) => "a signature",
            (ReportedKind::DocumentTimestamp, _, true) => "文档时间戳",
            (ReportedKind::DocumentTimestamp, _, false) => "a document timestamp",
            (ReportedKind::Unrecognised, _, true) => "形式无法识别的签名",
            (ReportedKind::Unrecognised, _, false) => "a signature of unknown form",
        }
    }

    /// When, by whose word, and what proves it.
    pub(super) fn time(&self, zh: bool) -> String {
        let Some(by) = &self.signed_by else {
            return String::new();
        };
        let stamp = self.kind == ReportedKind::DocumentTimestamp;
        let clock = |at| format!("{} UTC+8", clock_time(at));
        let said = match (by.signed_at.map(clock), zh, stamp) {
            (Some(at), true, true) => format!("{at}（时间戳机构所证）"),
            (Some(at), false, true) => format!("{at}, by the authority's word"),
            (Some(at), true, false) => format!("{at}（签名人自称）"),
            (Some(at), false, false) => format!("{at}, by the signer's own word"),
            (None, true, _) => "未写明签名时间".to_owned(),
            (None, false, _) => "no time of signing stated".to_owned(),
        };
        let proven = by.proven_at.map(clock);
        let proof = match (proven, &by.proven_by, zh) {
            (Some(at), Some(proof), true) => format!("，不晚于 {at}，由{}证明", proof.name_zh()),
            (Some(at), Some(proof), false) => format!(", no later than {at}, proven by {}", proof.name_en()),
            (Some(at), None, true) => format!("，不晚于 {at}"),
            (Some(at), None, false) => format!(", no later than {at}"),
            (None, _, true) => "，没有时间证明".to_owned(),
            (None, _, false) => ", nothing proves a time".to_owned(),
        };
        said + &proof
    }
}

/// One timestamp over a signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TimestampReport {
    /// Whether it proves its time. One that does not costs the signature this proof, and nothing else.
    pub indication: Indication,
    /// ETSI word of the finding that decided, none when passed.
    pub sub_indication: Option<SubIndication>,
    /// Our own code of that finding.
    pub reason: Option<&'static str>,
    /// Which authority, and the time it states (`signed_at`), as far as the timestamp says.
    pub signed_by: Option<SignedBy>,
    /// Its checks in order.
    pub findings: Vec<Finding>,
}

/// PAdES baseline levels (ETSI EN 319 142-1 §6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Level {
    /// A signature.
    #[serde(rename = "B-B")]
    B,
    /// With a proven time.
    #[serde(rename = "B-T")]
    T,
    /// With everything in the file that its validation needs.
    #[serde(rename = "B-LT")]
    Lt,
    /// And a timestamp over that.
    #[serde(rename = "B-LTA")]
    Lta,
}

impl Level {
    /// The word of the standard.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::B => "B-B",
            Self::T => "B-T",
            Self::Lt => "B-LT",
            Self::Lta => "B-LTA",
        }
    }
}

/// What a signature dictionary is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReportedKind {
    /// A signature.
    Signature,
    /// A document timestamp.
    DocumentTimestamp,
    /// Neither: its type and format contradict each other.
    Unrecognised,
}

impl From<SignatureKind> for ReportedKind {
    fn from(kind: SignatureKind) -> Self {
        match kind {
            SignatureKind::Signature => Self::Signature,
            SignatureKind::DocumentTimestamp => Self::DocumentTimestamp,
            SignatureKind::Unrecognised => Self::Unrecognised,
        }
    }
}

/// One change after a signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportedChange {
    /// Stable code, such as `change-page-content`.
    pub code: &'static str,
    /// `permitted`, `unclear` or `forbidden`.
    pub standing: &'static str,
    /// What changed for the reader, in Chinese.
    pub what: &'static str,
    /// The same in English.
    pub what_en: &'static str,
    /// Number of the object that differs; 0 for the trailer.
    pub object: u32,
    /// Page it is seen on, counted from 1, where that is known.
    pub page: Option<usize>,
    /// Name of the field or key.
    pub place: String,
}

impl ReportedChange {
    fn of(change: &Change, standing: Standing) -> Self {
        let (what, what_en) = words(change.kind);
        Self {
            code: change.kind.code(),
            standing: match standing {
                Standing::Permitted => "permitted",
                Standing::Unclear => "unclear",
                Standing::Forbidden => "forbidden",
            },
            what,
            what_en,
            object: change.object,
            page: change.page,
            place: change.place.clone(),
        }
    }

    /// Whether a reader takes two for one: they differ in nothing but the object.
    fn is_like(&self, other: &Self) -> bool {
        (self.code, self.standing, self.page, &self.place)
            == (other.code, other.standing, other.page, &other.place)
    }
}

/// Changes that are one to a reader.
#[derive(Debug)]
pub(super) struct Alike<'a> {
    pub(super) change: &'a ReportedChange,
    objects: Vec<u32>,
}

impl Alike<'_> {
    /// What changed and where, for people: page, field, objects.
    pub(super) fn phrase(&self, zh: bool) -> String {
        let Self { change, objects } = self;
        let mut out = String::from(if zh { change.what } else { change.what_en });
        let mut parts = Vec::new();
        if let Some(page) = change.page {
            parts.push(if zh {
                format!("第 {page} 页")
            } else {
                format!("page {page}")
            });
        }
        if !change.place.is_empty() {
            parts.push(shown(&change.place));
        }
        if let Some(numbers) = spans(objects, if zh { "、" } else { ", " }) {
            let word = match (zh, objects.len()) {
                (true, _) => "对象",
                (false, 1) => "object",
                (false, _) => "objects",
            };
            parts.push(format!("{word} {numbers}"));
        }
        if !parts.is_empty() {
            let [open, comma, close] = if zh {
                ["（", "，", "）"]
            } else {
                [" (", ", ", ")"]
            };
            out.push_str(open);
            out.push_str(&parts.join(comma));
            out.push_str(close);
        }
        out
    }
}

/// Puts together what is one to a reader, in the order in which it first comes.
pub(super) fn alike(changes: &[ReportedChange]) -> Vec<Alike<'_>> {
    let mut found: Vec<Alike<'_>> = Vec::new();
    for change in changes {
        match found.iter_mut().find(|known| known.change.is_like(change)) {
            Some(known) => known.objects.push(change.object),
            None => found.push(Alike {
                change,
                objects: vec![change.object],
            }),
        }
    }
    found
}

/// Object numbers in words, runs of them as one; none for the trailer, which has no number.
fn spans(objects: &[u32], comma: &str) -> Option<String> {
    let mut numbers: Vec<u32> = objects.iter().copied().filter(|number| *number > 0).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let runs = numbers.chunk_by(|a, b| a + 1 == *b);
    let mut words: Vec<String> = runs
        .map(|run| match run {
            [first, .., last] if run.len() > 2 => format!("{first}–{last}"),
            run => run.iter().map(u32::to_string).collect::<Vec<_>>().join(comma),
        })
        .collect();
    if words.len() > RUNS {
        words.truncate(RUNS);
        words.push("…".to_owned());
    }
    (!words.is_empty()).then(|| words.join(comma))
}

/// A name out of a file nobody vouches for, fit to be shown in a line.
pub(super) fn shown(name: &str) -> String {
    visible_start(name, LONGEST_NAME)
}

/// Letters of a name that are shown.
const LONGEST_NAME: usize = 40;

/// Changes listed one by one.
const LISTED: usize = 100;

/// Changes named in one sentence.
const NAMED: usize = 4;

/// Runs of object numbers named for one change.
const RUNS: usize = 5;

/// The changes of a difference: the worst first, and among them what a reader sees.
pub(super) fn reported(difference: &Difference) -> Vec<ReportedChange> {
    [Standing::Forbidden, Standing::Unclear, Standing::Permitted]
        .into_iter()
        .flat_map(|standing| reported_of(difference, standing))
        .take(LISTED)
        .collect()
}

fn reported_of(difference: &Difference, standing: Standing) -> Vec<ReportedChange> {
    let mut changes: Vec<&Change> = difference.of(standing).collect();
    changes.sort_by_key(|change| distance_from_reader(change.kind));
    let changes = changes.into_iter();
    changes
        .map(|change| ReportedChange::of(change, standing))
        .collect()
}

/// How far from a reader's eye a change is.
fn distance_from_reader(kind: ChangeKind) -> u8 {
    match kind {
        ChangeKind::PageTree | ChangeKind::PageContent => 0,
        ChangeKind::AnnotationOverFace | ChangeKind::SignatureOverFace => 1,
        ChangeKind::Font | ChangeKind::OptionalContent | ChangeKind::Resources | ChangeKind::Rewritten => 2,
        ChangeKind::Metadata | ChangeKind::Trailer | ChangeKind::Structure => 4,
        ChangeKind::ObjectAdded | ChangeKind::ObjectOverwritten => 5,
        _ => 3,
    }
}

/// The changes of one standing in a sentence, Chinese and English.
pub(super) fn sentence(difference: &Difference, standing: Standing) -> (String, String) {
    let changes = reported_of(difference, standing);
    (in_a_line(&changes, true), in_a_line(&changes, false))
}

/// The first of many changes, and how many there are.
fn in_a_line(changes: &[ReportedChange], zh: bool) -> String {
    let alike = alike(changes);
    let phrases: Vec<String> = alike.iter().take(NAMED).map(|one| one.phrase(zh)).collect();
    let line = phrases.join(if zh { "；" } else { "; " });
    match (alike.len(), zh) {
        (count, _) if count <= NAMED => line,
        (count, true) => format!("{line}；等 {count} 处"),
        (count, false) => format!("{line}; and {} more", count - NAMED),
    }
}

fn words(kind: ChangeKind) -> (&'static str, &'static str) {
    match kind {
        ChangeKind::Action => ("动作被增改", "actions added or changed"),
        ChangeKind::Annotation => ("加了批注", "a note was added"),
        ChangeKind::AnnotationChanged => ("批注被改", "an annotation was changed"),
        ChangeKind::AnnotationOverFace => ("版面上盖了批注", "an annotation was laid over the page"),
        ChangeKind::AnnotationRemoved => ("批注被删", "an annotation was removed"),
        ChangeKind::AppearanceUnlikeValue => (
            "填写的外观无法与填写值对上",
            "what a filled field shows cannot be matched with its value",
        ),
        ChangeKind::AppearanceWithoutValue => (
            "未改值而改外观或其所用的资源",
            "the look of a field, or what it is drawn with, was changed, not its value",
        ),
        ChangeKind::Catalog => ("文档总目录被改", "the catalogue was changed"),
        ChangeKind::Evidence => ("追加了验证数据", "validation data were added"),
        ChangeKind::EvidenceChanged => ("验证数据被删改", "validation data were changed or removed"),
        ChangeKind::EvidenceRenewed => ("更新了验证数据", "validation data were renewed"),
        ChangeKind::Extensions => ("声明了格式扩展", "extensions of the format were declared"),
        ChangeKind::FieldAdded => ("加了表单域", "a field was added"),
        ChangeKind::FieldChanged => ("表单域属性被改", "properties of a field were changed"),
        ChangeKind::FieldFilled => ("填写了表单域", "a field was filled in"),
        ChangeKind::FieldRemoved => ("表单域被删", "a field was removed"),
        ChangeKind::Font => ("字体被换", "a font was changed"),
        ChangeKind::Form => ("表单设置被改", "settings of the form were changed"),
        ChangeKind::LockedField => ("已锁定的表单域被改", "a locked field was changed"),
        ChangeKind::Metadata => ("文档信息被改", "document information was changed"),
        ChangeKind::MetadataUnsafe => (
            "文档信息被换成不安全的内容",
            "document information was replaced by unsafe content",
        ),
        ChangeKind::Names => (
            "附件、脚本或名称表被改",
            "attachments, scripts or names were changed",
        ),
        ChangeKind::ObjectAdded => ("夹带了未使用的内容", "content that nothing uses was added"),
        ChangeKind::ObjectOverwritten => ("预埋的内容被改写", "content that nothing showed was overwritten"),
        ChangeKind::OptionalContent => ("图层被改", "layers were changed"),
        ChangeKind::PageContent => ("页面内容被改", "the content of a page was changed"),
        ChangeKind::PageProperties => ("页面属性被改", "properties of a page were changed"),
        ChangeKind::PageTree => ("页面被增删或调换", "pages were added, removed or exchanged"),
        ChangeKind::Permissions => ("文档权限被改", "permissions were changed"),
        ChangeKind::Resources => (
            "图片或其他页面资源被换",
            "pictures or other resources were changed",
        ),
        ChangeKind::RevisionUnclear => ("签名所覆盖的版本不成立", "the revision it covers is none"),
        ChangeKind::Rewritten => (
            "页面、字体或图层的对象被原样重写",
            "objects of a page, its fonts or layers were written anew though they seem the same",
        ),
        ChangeKind::SignatureAdded => ("追加了签名或时间戳", "a signature or timestamp was added"),
        ChangeKind::SignatureOverFace => ("签名外观盖住版面", "a signature was laid over the page"),
        ChangeKind::SignatureRecycled => (
            "新签名域用了旧签名或无效签名",
            "a new field shows an old signature or none",
        ),
        ChangeKind::SignatureReplaced => ("签名被换或被删", "a signature was replaced or removed"),
        ChangeKind::Structure => ("文档结构树被改", "the structure tree was changed"),
        ChangeKind::StructureAdded => ("结构树追加了条目", "the structure tree got more entries"),
        ChangeKind::Trailer => ("文件尾部信息被改", "the trailer was changed"),
        ChangeKind::UnseenRevision => (
            "追加了部分阅读器看不到的内容",
            "content was added that some readers see and others do not",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(object: u32, page: Option<usize>) -> ReportedChange {
        let change = Change {
            kind: ChangeKind::ObjectAdded,
            permission: crate::document::pdf::open::Permission::Never,
            object,
            page,
            place: String::new(),
        };
        ReportedChange::of(&change, Standing::Forbidden)
    }

    #[test]
    fn what_is_one_to_a_reader_is_told_once() {
        let mut changes: Vec<ReportedChange> = (240..333).map(|object| added(object, None)).collect();
        changes.push(added(7, Some(1)));
        changes.push(added(400, None));
        let told: Vec<String> = alike(&changes).iter().map(|one| one.phrase(false)).collect();
        assert_eq!(
            told,
            [
                "content that nothing uses was added (objects 240–332, 400)",
                "content that nothing uses was added (page 1, object 7)"
            ]
        );
        assert_eq!(spans(&[0], ", "), None);
        assert_eq!(
            spans(&[2, 1, 9, 11, 13, 15, 17], ", ").as_deref(),
            Some("1, 2, 9, 11, 13, 15, …")
        );
    }
}
