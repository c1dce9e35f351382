//! Signatures: which fields hold one, what exactly it covers, and what its dictionary says.
//!
//! A dictionary that breaks a rule does not make the file unreadable: the rule broken is kept as a
//! [`SignatureDefect`] with the signature, so that a report can name it.

use std::ops::Range;

use jiff::{Timestamp, civil, tz::Offset};

use super::{
    OpenError,
    lock::Locks,
    object::{Dict, Id, Object},
    reader::{Loaded, Reader},
    revision::{Revision, line_end},
    seed::{self, Demand},
    text::text_string,
};
use crate::limits::{MAX_CMS_BYTES, MAX_PDF_FIELD_NAME, MAX_SIGNATURES};

/// What a signature dictionary is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureKind {
    /// A document timestamp (ISO 32000-2 12.8.5).
    DocumentTimestamp,
    /// A signature.
    Signature,
    /// Its `/Type` and `/SubFilter` contradict each other: neither, to be reported and passed over.
    Unrecognised,
}

/// Who may still do what, by a DocMDP transform (ISO 32000-1 12.8.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ModificationLevel {
    /// P 1: nothing.
    None,
    /// P 2: filling in forms, signing.
    FormFilling,
    /// P 3: annotations as well.
    Annotations,
}

/// What the byte range covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// The file from the first byte to the last, but for the signature itself.
    WholeFile,
    /// A whole earlier revision.
    Revision {
        /// Its position in [`OpenedPdf::revisions`](super::OpenedPdf::revisions).
        index: usize,
        /// Bytes of the file that come after it.
        following: usize,
    },
    /// It ends where no revision ends.
    Partial {
        /// Bytes of the file that come after it.
        following: usize,
    },
}

/// The signed bytes: everything outside one gap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByteRange {
    /// The gap: the `/Contents` string with its delimiters.
    pub gap: Range<usize>,
    /// Where the covered bytes end.
    pub end: usize,
}

/// The rule a signature dictionary breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureDefect {
    /// `/ByteRange` is absent or no array of numbers.
    #[error("签名字典没有有效的 ByteRange，签名无效 / no valid ByteRange")]
    ByteRangeMissing,
    /// `/ByteRange` has another form than two ranges, the first from byte 0.
    #[error("签名的 ByteRange 不是从文件首字节起的两段，签名无效 / ByteRange is not two ranges from byte 0")]
    ByteRangeShape,
    /// `/ByteRange` is negative, overlaps or passes the end of the file.
    #[error(
        "签名的 ByteRange 超出文件或相互重叠，文件可能被截断 / ByteRange overlaps or passes the end of the file"
    )]
    ByteRangeBounds,
    /// What the byte range leaves out is not precisely the `/Contents` string of this signature.
    #[error(
        "签名未覆盖的部分（第 {start} 至 {end} 字节）不恰是签名值本身，可能被夹带内容 / \
         bytes {start} to {end} are not covered and are not precisely the signature"
    )]
    GapNotContents {
        /// Where the gap begins.
        start: usize,
        /// Where it ends.
        end: usize,
    },
    /// `/Contents` is absent, no hexadecimal string, or not in the file itself.
    #[error("签名字典没有有效的 Contents，签名无效 / no valid Contents")]
    ContentsMissing,
    /// `/Contents` holds white space or an odd number of digits.
    #[error("签名值含空白或缺位，可能被改动 / Contents holds white space or an odd number of digits")]
    ContentsLoose,
    /// `/Contents` does not begin with one whole ASN.1 structure.
    #[error("签名值不是完整的 ASN.1 结构，签名无效 / Contents is no complete ASN.1 structure")]
    ContentsNotAsn1,
    /// What fills `/Contents` up behind the signature is not zeros.
    #[error(
        "签名值之后的填充在第 {offset} 字节处不为零，可能被夹带内容 / padding is not zero at byte {offset} of Contents"
    )]
    PaddingNotZero {
        /// Offset in the decoded `/Contents`.
        offset: usize,
    },
    /// `/SubFilter` is absent or no name: nobody can tell how the signature is to be read.
    #[error(
        "签名字典没有写明签名格式（SubFilter），签名无效 / no SubFilter: the signature does not say of what format it is"
    )]
    FormatUnnamed,
    /// `/Contents` is larger than any signature.
    #[error("签名值超过 {limit} 字节 / Contents over {limit} bytes")]
    ContentsTooLarge {
        /// How much is allowed.
        limit: usize,
    },
}

impl SignatureDefect {
    /// Stable code for reports and programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ByteRangeMissing => "byte-range-missing",
            Self::ByteRangeShape => "byte-range-shape",
            Self::ByteRangeBounds => "byte-range-bounds",
            Self::GapNotContents { .. } => "byte-range-gap",
            Self::ContentsMissing => "contents-missing",
            Self::ContentsLoose => "contents-loose",
            Self::ContentsNotAsn1 => "contents-not-asn1",
            Self::PaddingNotZero { .. } => "contents-padding",
            Self::ContentsTooLarge { .. } => "contents-too-large",
            Self::FormatUnnamed => "format-unnamed",
        }
    }
}

/// One signature of the document, as its dictionary says; nothing of it is verified yet.
#[derive(Debug, Clone, PartialEq)]
pub struct PdfSignature {
    /// Full names of the fields whose value it is; usually one.
    pub fields: Vec<String>,
    /// Object number of the dictionary; 0 where it stands directly in the field.
    pub object: u32,
    /// Signature or document timestamp.
    pub kind: SignatureKind,
    /// `/Filter`: the handler that made it.
    pub filter: Option<String>,
    /// `/SubFilter`.
    pub sub_filter: Option<String>,
    /// The covered bytes, or why there are none.
    pub byte_range: Result<ByteRange, SignatureDefect>,
    /// How much of the file they are; none where there are none.
    pub coverage: Option<Coverage>,
    /// The CMS, padding taken off, or why there is none.
    pub cms: Result<Vec<u8>, SignatureDefect>,
    /// `/M`: the time the signer claims.
    pub claimed_time: Option<Timestamp>,
    /// `/Name`.
    pub name: Option<String>,
    /// `/Reason`.
    pub reason: Option<String>,
    /// `/Location`.
    pub location: Option<String>,
    /// The changes that its DocMDP reference, or the lock of its field, allows at most.
    pub modification_level: Option<ModificationLevel>,
    /// Whether `/Perms /DocMDP` of the catalogue names this dictionary: a certification.
    pub certifies: bool,
    /// What the seed values of its fields demand of it.
    pub demands: Vec<Demand>,
    /// All that it forbids.
    pub(super) locks: Locks,
    /// Number and generation of its dictionary; none where it stands directly in the field.
    pub(super) id: Option<Id>,
}

impl PdfSignature {
    /// The revision it covers, where that is an earlier one than the last.
    pub fn covered<'f>(&self, file: &'f [u8]) -> Option<&'f [u8]> {
        match (&self.byte_range, self.coverage) {
            (Ok(range), Some(Coverage::Revision { .. })) => file.get(..range.end),
            _ => None,
        }
    }

    /// Every rule its dictionary breaks.
    pub fn defects(&self) -> impl Iterator<Item = SignatureDefect> + '_ {
        self.byte_range
            .as_ref()
            .err()
            .copied()
            .into_iter()
            .chain(self.cms.as_ref().err().copied())
    }
}

/// Finds the signatures through the form, in the order in which their covered bytes end.
pub(super) fn find(
    reader: &Reader<'_>,
    catalog: &Dict,
    revisions: &[Revision],
) -> Result<Vec<PdfSignature>, OpenError> {
    let form = reader.get(catalog, "AcroForm")?;
    let Some(form) = form.object.dict() else {
        return Ok(Vec::new());
    };
    let fields = reader.get(form, "Fields")?.object;
    // Two fields may share one dictionary; it is one signature then.
    let mut values: Vec<Held> = Vec::new();
    let roots = fields.array().unwrap_or_default();
    reader.walk(roots, Inherited::default(), |field, inherited| {
        let Some(dict) = field.object.dict() else {
            return Ok((Vec::new(), Inherited::default()));
        };
        let here = inherited.extended(reader, dict)?;
        if let (true, Some(value)) = (here.is_signature, dict.get("V")) {
            let value = match value.reference() {
                Some(id) => Value::Indirect(id),
                None => Value::Direct(Box::new(field.within(value.clone()))),
            };
            let lock = reader.get(dict, "Lock")?.object;
            // Texts of an encrypted file demand nothing that could be read.
            let demands = if reader.encrypted {
                Vec::new()
            } else {
                seed::demands(reader, &reader.get(dict, "SV")?.object)?
            };
            let (fields, locks) = (vec![here.name.clone()], vec![lock]);
            match values.iter_mut().find(|known| known.value.same(&value)) {
                Some(known) => {
                    known.fields.extend(fields);
                    known.locks.extend(locks);
                    known.demands.extend(demands);
                }
                None => values.push(Held {
                    value,
                    fields,
                    locks,
                    demands,
                }),
            }
            if values.len() > MAX_SIGNATURES {
                return Err(OpenError::Limit {
                    what: "signatures",
                    limit: MAX_SIGNATURES,
                });
            }
        }
        let kids = reader.get(dict, "Kids")?.object;
        Ok((kids.array().unwrap_or_default().to_vec(), here))
    })?;

    let certification = match reader.get(catalog, "Perms")?.object.dict() {
        Some(permissions) => permissions.get("DocMDP").and_then(Object::reference),
        None => None,
    };
    let mut found = Vec::new();
    for held in values {
        let Held {
            value,
            fields,
            locks,
            demands,
        } = held;
        let (loaded, id) = match value {
            Value::Indirect(id) => (reader.load(id)?, Some(id)),
            Value::Direct(loaded) => (*loaded, None),
        };
        let object = match &loaded.object {
            Object::Dict(dict) => dict.clone(),
            value if is_unsigned(value) => continue,
            _ => {
                return Err(OpenError::Object {
                    object: loaded.number,
                    what: "no signature dictionary",
                });
            }
        };
        let mut signature = read(reader, &loaded, &object, revisions)?;
        for lock in locks.iter().filter(|lock| **lock != Object::Null) {
            signature.locks.add(reader, lock)?;
        }
        signature.fields = fields;
        signature.demands = demands;
        signature.id = id;
        signature.certifies = id.is_some() && certification == id;
        // A certification that does not say what it allows does not allow anything.
        if signature.certifies && !signature.locks.certifies {
            signature.locks.level = Some(ModificationLevel::None);
        }
        signature.modification_level = signature.locks.level;
        found.push(signature);
    }
    found.sort_by_key(|signature| {
        signature
            .byte_range
            .as_ref()
            .map_or(usize::MAX, |range| range.end)
    });
    Ok(found)
}

/// Whether the value of a signature field is none. An empty string is: it can be no signature, and readers pass it over.
pub(super) fn is_unsigned(value: &Object) -> bool {
    *value == Object::Null || value.string().is_some_and(<[u8]>::is_empty)
}

/// The first page, counted from 1, with a widget that holds a signature. Where the form does not list it (12.7.3), it is
/// no field of the document, and most readers do not see a signature.
pub(super) fn on_page(reader: &Reader<'_>, catalog: &Dict) -> Result<Option<usize>, OpenError> {
    let root: Vec<Object> = catalog.get("Pages").cloned().into_iter().collect();
    let (mut pages, mut found) = (0, None);
    reader.walk(&root, (), |node, ()| {
        let Some(node) = node.object.dict().filter(|_| found.is_none()) else {
            return Ok((Vec::new(), ()));
        };
        let kids = reader.get(node, "Kids")?.object;
        if let Some(kids) = kids.array() {
            return Ok((kids.to_vec(), ()));
        }
        pages += 1;
        let annotations = reader.get(node, "Annots")?.object;
        for annotation in annotations.array().unwrap_or_default() {
            let annotation = reader.follow(annotation)?.object;
            let held = match annotation.dict() {
                Some(widget) => reader.get(widget, "V")?.object,
                None => continue,
            };
            if held.dict().is_some_and(|held| held.get("ByteRange").is_some()) {
                found = Some(pages);
            }
        }
        Ok((Vec::new(), ()))
    })?;
    Ok(found)
}

/// A signature dictionary with the fields that hold it.
struct Held {
    value: Value,
    fields: Vec<String>,
    locks: Vec<Object>,
    demands: Vec<Demand>,
}

enum Value {
    Indirect(Id),
    Direct(Box<Loaded>),
}

impl Value {
    fn same(&self, other: &Value) -> bool {
        matches!((self, other), (Value::Indirect(a), Value::Indirect(b)) if a == b)
    }
}

/// What a field hands down to its children (12.7.3.1).
#[derive(Debug, Clone, Default)]
struct Inherited {
    name: String,
    is_signature: bool,
}

impl Inherited {
    fn extended(&self, reader: &Reader<'_>, dict: &Dict) -> Result<Inherited, OpenError> {
        let mut here = self.clone();
        if let Some(kind) = reader.get(dict, "FT")?.object.name() {
            here.is_signature = kind == b"Sig";
        }
        let part = reader.get(dict, "T")?.object;
        if let Some(part) = part.string().filter(|_| !reader.encrypted) {
            if !here.name.is_empty() {
                here.name.push('.');
            }
            here.name.push_str(&text_string(part));
            if here.name.len() > MAX_PDF_FIELD_NAME {
                return Err(OpenError::Limit {
                    what: "bytes of a field's full name",
                    limit: MAX_PDF_FIELD_NAME,
                });
            }
        }
        Ok(here)
    }
}

fn read(
    reader: &Reader<'_>,
    loaded: &Loaded,
    dict: &Dict,
    revisions: &[Revision],
) -> Result<PdfSignature, OpenError> {
    let text = |key: &str| -> Result<Option<String>, OpenError> {
        let value = reader.get(dict, key)?.object;
        Ok(value.string().filter(|_| !reader.encrypted).map(text_string))
    };
    let name = |key: &str| -> Result<Option<String>, OpenError> {
        let value = reader.get(dict, key)?.object;
        Ok(value
            .name()
            .map(|name| String::from_utf8_lossy(name).into_owned()))
    };
    let sub_filter = name("SubFilter")?;
    let stamped = sub_filter.as_deref() == Some("ETSI.RFC3161");
    let kind = match name("Type")?.as_deref() {
        Some("DocTimeStamp") if stamped => SignatureKind::DocumentTimestamp,
        Some("Sig") | None if !stamped => SignatureKind::Signature,
        _ => SignatureKind::Unrecognised,
    };
    let contents_span = dict.span("Contents").filter(|_| loaded.in_file);
    let byte_range = byte_range(reader, dict, contents_span)?;
    let coverage = byte_range
        .as_ref()
        .ok()
        .map(|range| coverage(reader.data, range.end, revisions));
    Ok(PdfSignature {
        fields: Vec::new(),
        object: loaded.number,
        kind,
        filter: name("Filter")?,
        coverage,
        byte_range,
        cms: match sub_filter {
            Some(_) => contents(reader.data, loaded, dict),
            None => Err(SignatureDefect::FormatUnnamed),
        },
        sub_filter,
        claimed_time: text("M")?.as_deref().and_then(date),
        name: text("Name")?,
        reason: text("Reason")?,
        location: text("Location")?,
        modification_level: None,
        certifies: false,
        demands: Vec::new(),
        locks: Locks::of(reader, dict)?,
        id: None,
    })
}

fn byte_range(
    reader: &Reader<'_>,
    dict: &Dict,
    contents: Option<Range<usize>>,
) -> Result<Result<ByteRange, SignatureDefect>, OpenError> {
    let value = reader.get(dict, "ByteRange")?.object;
    let Some(items) = value.array() else {
        return Ok(Err(SignatureDefect::ByteRangeMissing));
    };
    let mut numbers = Vec::with_capacity(4);
    for item in items.iter().take(5) {
        match item.integer() {
            Some(number) => numbers.push(number),
            None => return Ok(Err(SignatureDefect::ByteRangeMissing)),
        }
    }
    Ok(judge_range(&numbers, reader.data.len(), contents))
}

fn judge_range(
    numbers: &[i64],
    length: usize,
    contents: Option<Range<usize>>,
) -> Result<ByteRange, SignatureDefect> {
    let &[0, first, second, rest] = numbers else {
        return Err(SignatureDefect::ByteRangeShape);
    };
    let bounds = || -> Option<(usize, usize, usize)> {
        let (start, end) = (usize::try_from(first).ok()?, usize::try_from(second).ok()?);
        let last = end.checked_add(usize::try_from(rest).ok()?)?;
        (start > 0 && start < end && last <= length && rest > 0).then_some((start, end, last))
    };
    let (start, gap_end, end) = bounds().ok_or(SignatureDefect::ByteRangeBounds)?;
    let gap = start..gap_end;
    match contents {
        None => Err(SignatureDefect::ContentsMissing),
        Some(contents) if contents == gap => Ok(ByteRange { gap, end }),
        Some(_) => Err(SignatureDefect::GapNotContents { start, end: gap_end }),
    }
}

fn coverage(data: &[u8], end: usize, revisions: &[Revision]) -> Coverage {
    let following = data.len().saturating_sub(end);
    if following == 0 {
        return Coverage::WholeFile;
    }
    // The range may take in the line end after %%EOF or leave it out.
    let is_end =
        |revision: &Revision| end >= revision.end && end <= revision.end + line_end(data, revision.end);
    match revisions.iter().position(is_end) {
        Some(index) => Coverage::Revision { index, following },
        None => Coverage::Partial { following },
    }
}

fn contents(data: &[u8], loaded: &Loaded, dict: &Dict) -> Result<Vec<u8>, SignatureDefect> {
    let Some(Object::String {
        bytes,
        hexadecimal: true,
    }) = dict.get("Contents")
    else {
        return Err(SignatureDefect::ContentsMissing);
    };
    if !loaded.in_file {
        return Err(SignatureDefect::ContentsMissing);
    }
    // White space or a missing last digit decode alike, and so could be changed unseen.
    let written = dict.span("Contents").and_then(|span| data.get(span));
    let digits = written.and_then(|written| written.get(1..written.len().checked_sub(1)?));
    // Nothing but white space and digits was read as a string, and white space comes before the digits in ASCII.
    let has_space = |digits: &[u8]| digits.iter().fold(u8::MAX, |least, digit| least.min(*digit)) < b'0';
    if !digits.is_some_and(|digits| digits.len() == 2 * bytes.len() && !has_space(digits)) {
        return Err(SignatureDefect::ContentsLoose);
    }
    if bytes.len() > MAX_CMS_BYTES {
        return Err(SignatureDefect::ContentsTooLarge { limit: MAX_CMS_BYTES });
    }
    let length = asn1_length(bytes, 0).ok_or(SignatureDefect::ContentsNotAsn1)?;
    let (cms, padding) = bytes
        .split_at_checked(length)
        .ok_or(SignatureDefect::ContentsNotAsn1)?;
    // Zeros are seen all at once, which takes next to no time.
    let is_zero = padding.iter().fold(0, |all, byte| all | byte) == 0;
    let other = || padding.iter().position(|byte| *byte != 0);
    match if is_zero { None } else { other() } {
        Some(at) => Err(SignatureDefect::PaddingNotZero { offset: length + at }),
        None if cms.first() == Some(&0x30) => Ok(cms.to_vec()),
        None => Err(SignatureDefect::ContentsNotAsn1),
    }
}

/// Deepest nesting of indefinite lengths followed: CMS has some ten levels.
const MAX_ASN1_DEPTH: usize = 32;

/// Length of the first ASN.1 structure with its head (X.690 8.1). Indefinite lengths, which BER allows
/// and older signers use, are followed to their end.
fn asn1_length(bytes: &[u8], depth: usize) -> Option<usize> {
    let (&tag, rest) = bytes.split_first()?;
    // No structure of CMS has a tag number above 30.
    if tag & 0x1F == 0x1F || depth > MAX_ASN1_DEPTH {
        return None;
    }
    let (&first, rest) = rest.split_first()?;
    match first {
        0..=0x7F => Some(2 + usize::from(first)),
        0x80 if tag & 0x20 != 0 => {
            let mut length = 2;
            loop {
                let rest = bytes.get(length..)?;
                if rest.starts_with(&[0, 0]) {
                    return Some(length + 2);
                }
                length = length.checked_add(asn1_length(rest, depth + 1)?)?;
            }
        }
        0x81..=0x84 => {
            let count = usize::from(first & 0x7F);
            let value = rest
                .get(..count)?
                .iter()
                .fold(0_usize, |value, byte| value << 8 | usize::from(*byte));
            value.checked_add(2 + count)
        }
        _ => None,
    }
}

/// A PDF date (7.9.4). A date without a zone is none: it names no instant.
pub(super) fn date(text: &str) -> Option<Timestamp> {
    let text = text.strip_prefix("D:").unwrap_or(text);
    let part = |range: Range<usize>, usual: i64| match text.get(range) {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok(),
        Some(_) => None,
        None => Some(usual),
    };
    let (year, month, day) = (part(0..4, 0)?, part(4..6, 1)?, part(6..8, 1)?);
    let (hour, minute, second) = (part(8..10, 0)?, part(10..12, 0)?, part(12..14, 0)?);
    let zone = text.get(14..)?;
    let seconds = match zone.as_bytes().first()? {
        b'Z' => 0,
        sign @ (b'+' | b'-') => {
            let digits: String = zone.chars().filter(char::is_ascii_digit).collect();
            let hours: i32 = digits.get(0..2)?.parse().ok()?;
            let minutes: i32 = digits.get(2..4).unwrap_or("00").parse().ok()?;
            let seconds = hours * 3600 + minutes * 60;
            if *sign == b'-' { -seconds } else { seconds }
        }
        _ => return None,
    };
    let small = |value: i64| i8::try_from(value).ok();
    let local = civil::DateTime::new(
        i16::try_from(year).ok()?,
        small(month)?,
        small(day)?,
        small(hour)?,
        small(minute)?,
        small(second)?,
        0,
    )
    .ok()?;
    Offset::from_seconds(seconds).ok()?.to_timestamp(local).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_the_exact_gap_is_a_range() {
        let good = judge_range(&[0, 10, 20, 30], 50, Some(10..20)).unwrap();
        assert_eq!(good, ByteRange { gap: 10..20, end: 50 });
        for (numbers, code) in [
            (&[1, 10, 20, 30][..], "byte-range-shape"),
            (&[0, 10, 20], "byte-range-shape"),
            (&[0, 10, 20, 30, 0, 0], "byte-range-shape"),
            (&[0, 10, 20, 31], "byte-range-bounds"),
            (&[0, -10, 20, 30], "byte-range-bounds"),
            (&[0, 20, 10, 30], "byte-range-bounds"),
            (&[0, 10, 20, -1], "byte-range-bounds"),
            (&[0, 10, 20, i64::MAX], "byte-range-bounds"),
            (&[0, 10, 21, 29], "byte-range-gap"),
            (&[0, 9, 20, 30], "byte-range-gap"),
        ] {
            let defect = judge_range(numbers, 50, Some(10..20)).unwrap_err();
            assert_eq!(defect.code(), code, "{numbers:?}");
        }
        assert!(judge_range(&[0, 10, 20, 30], 50, None).is_err());
    }

    #[test]
    fn asn1_lengths_never_run_over() {
        assert_eq!(asn1_length(&[0x30, 3, 1, 1, 0, 0, 0], 0), Some(5));
        assert_eq!(asn1_length(&[0x30, 0x82, 1, 0], 0), Some(260));
        assert_eq!(
            asn1_length(&[0x30, 0x80, 4, 1, 9, 0x30, 0x80, 0, 0, 0, 0, 7], 0),
            Some(11)
        );
        for broken in [
            &[0x30][..],
            &[0x30, 0x80, 4, 1, 9],
            &[0x30, 0x85, 1, 1, 1, 1, 1],
            &[0x3F, 1],
            &[],
        ] {
            assert_eq!(asn1_length(broken, 0), None, "{broken:?}");
        }
        let deep: Vec<u8> = std::iter::repeat_n([0x30, 0x80], 100_000).flatten().collect();
        assert_eq!(asn1_length(&deep, 0), None);
    }

    #[test]
    fn dates_name_an_instant_or_nothing() {
        let at = |text: &str| date(text).map(|at| at.to_string());
        assert_eq!(
            at("D:20260101000001+08'00'").as_deref(),
            Some("2025-12-31T16:00:01Z")
        );
        assert_eq!(at("D:20260101000001Z").as_deref(), Some("2026-01-01T00:00:01Z"));
        assert_eq!(
            at("D:20260101000001-0130").as_deref(),
            Some("2026-01-01T01:30:01Z")
        );
        for none in [
            "D:20260101000001",
            "D:20261301000001Z",
            "",
            "D:2026",
            "今天",
            "D:20260101000001+99'00'",
        ] {
            assert_eq!(at(none), None, "{none}");
        }
    }
}
