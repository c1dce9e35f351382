//! What a seal says, its rules, and its canonical encoding.
//!
//! | key | value |
//! |---|---|
//! | 1 | version of this table: 1 |
//! | 2 | seal code, 14 digits |
//! | 3 | name of the seal |
//! | 4 | legal name of the owner |
//! | 5 | the owner's unified social credit code |
//! | 6 | kind: 1 licence, 2 official |
//! | 7 | made at, 8 not before, 9 not after: seconds since 1970-01-01T00:00:00Z |
//! | 10 | SHA-256 of each permitted signer certificate, ascending |
//! | 11 | the impression's outlines, as [`encode_paths`] writes them |
//!
//! Deterministic CBOR (RFC 8949 §4.2): keys ascending, shortest integers, definite lengths.

use std::{convert::Infallible, fmt};

use jiff::Timestamp;
use minicbor::{Decoder, Encoder};

use super::{
    SealKind,
    envelope::SealError,
    impression::{decode_paths, encode_paths},
};
use crate::{
    codes::CreditCode,
    face::{Drawing, Item, Mm, Segment},
};

/// Number of a seal: six digits of the region that filed it and an eight-digit serial, as in the
/// `esID` of government seals (GB/T 38540).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SealCode(String);

impl SealCode {
    /// Joins region and serial.
    pub fn compose(region: &str, serial: u32) -> Result<Self, SealError> {
        Self::parse(&format!("{region}{serial:08}"))
    }

    /// Reads fourteen digits.
    pub fn parse(text: &str) -> Result<Self, SealError> {
        if text.len() == CODE_DIGITS && text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(SealError::BadField {
                field: "code",
                reason: "应为 14 位数字：6 位行政区划代码和 8 位顺序号",
            })
        }
    }

    /// The fourteen digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Code of the region that filed it.
    pub fn region(&self) -> &str {
        self.0.get(..REGION_DIGITS).unwrap_or_default()
    }
}

impl fmt::Display for SealCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Everything a seal maker is asked to put into a seal.
#[derive(Debug, Clone, PartialEq)]
pub struct SealDefinition {
    /// Number of the seal.
    pub code: SealCode,
    /// Name of the seal.
    pub name: String,
    /// Legal name of the owner.
    pub owner: String,
    /// The owner's unified social credit code.
    pub owner_code: CreditCode,
    /// What it is for.
    pub kind: SealKind,
    /// The picture in true size, of plainly filled paths.
    pub impression: Drawing,
    /// First instant in force; whole seconds are kept.
    pub not_before: Timestamp,
    /// Last instant in force; whole seconds are kept.
    pub not_after: Timestamp,
    /// SHA-256 of the DER of each signer certificate that may use the seal, in any order.
    pub signers: Vec<[u8; 32]>,
}

impl SealDefinition {
    /// The definition as a seal keeps it: signers in order, whole seconds; refused if it breaks a rule.
    pub(super) fn settle(mut self) -> Result<Self, SealError> {
        self.signers.sort_unstable();
        self.signers.dedup();
        self.not_before = whole_seconds(self.not_before);
        self.not_after = whole_seconds(self.not_after);
        self.check()?;
        // Strokes, transparency, text or points off the grid would be lost in the outlines.
        let kept = decode_paths(&encode_paths(&self.impression)).map_err(SealError::Impression)?;
        if kept == self.impression {
            Ok(self)
        } else {
            Err(SealError::BadField {
                field: "impression",
                reason: "只能由实心填充、不透明的路径组成，坐标精确到 0.001 mm",
            })
        }
    }

    /// The rules a seal obeys, whether just made or read from bytes.
    fn check(&self) -> Result<(), SealError> {
        check_name("name", &self.name)?;
        check_name("owner", &self.owner)?;
        if self.not_before >= self.not_after {
            return bad("validity", "终止时间应晚于起始时间");
        }
        if self.signers.is_empty() {
            return bad("signers", "至少应有一张获准使用印章的签章证书");
        }
        if self.signers.len() > MAX_SIGNERS {
            return bad("signers", "获准使用印章的签章证书过多");
        }
        check_picture(&self.impression)
    }
}

/// Most signer certificates one seal permits: a department's signing servers and keepers, with room.
pub const MAX_SIGNERS: usize = 64;

/// The signed content.
pub(super) fn write(definition: &SealDefinition, made_at: Timestamp) -> Result<Vec<u8>, SealError> {
    write_with(definition, &encode_paths(&definition.impression), made_at)
}

/// The signed content, with what [`encode_paths`] writes of its impression.
pub(super) fn write_with(
    definition: &SealDefinition,
    outlines: &[u8],
    made_at: Timestamp,
) -> Result<Vec<u8>, SealError> {
    let write = || -> Result<Vec<u8>, minicbor::encode::Error<Infallible>> {
        let mut cbor = Encoder::new(Vec::with_capacity(outlines.len() + 512));
        cbor.map(FIELDS)?;
        cbor.u8(1)?.u8(VERSION)?;
        cbor.u8(2)?.str(definition.code.as_str())?;
        cbor.u8(3)?.str(&definition.name)?;
        cbor.u8(4)?.str(&definition.owner)?;
        cbor.u8(5)?.str(definition.owner_code.as_str())?;
        cbor.u8(6)?.u8(match definition.kind {
            SealKind::Licence => 1,
            SealKind::Official => 2,
        })?;
        cbor.u8(7)?.i64(made_at.as_second())?;
        cbor.u8(8)?.i64(definition.not_before.as_second())?;
        cbor.u8(9)?.i64(definition.not_after.as_second())?;
        cbor.u8(10)?.array(definition.signers.len() as u64)?;
        for signer in &definition.signers {
            cbor.bytes(signer)?;
        }
        cbor.u8(11)?.bytes(outlines)?;
        Ok(cbor.into_writer())
    };
    write().map_err(|_| SealError::Malformed)
}

/// Reads signed content in the one order [`write`] gives it; the caller compares the bytes. Gives with it what
/// [`encode_paths`] writes of the impression.
pub(super) fn read(content: &[u8]) -> Result<(SealDefinition, &[u8], Timestamp), SealError> {
    let mut fields = Fields(Decoder::new(content));
    if fields.0.map().ok().flatten() != Some(FIELDS) {
        return Err(SealError::Malformed);
    }
    match fields.next(1, Decoder::u64)? {
        v if v == u64::from(VERSION) => {}
        found => return Err(SealError::NewerVersion { found }),
    }
    let code = SealCode::parse(fields.next(2, Decoder::str)?)?;
    let name = fields.next(3, Decoder::str)?.to_owned();
    let owner = fields.next(4, Decoder::str)?.to_owned();
    let owner_code = CreditCode::parse(fields.next(5, Decoder::str)?).map_err(SealError::OwnerCode)?;
    let kind = match fields.next(6, Decoder::u8)? {
        1 => SealKind::Licence,
        2 => SealKind::Official,
        _ => return bad("kind", "印章类型未知"),
    };
    let made_at = fields.instant(7)?;
    let not_before = fields.instant(8)?;
    let not_after = fields.instant(9)?;
    let count = fields.next(10, Decoder::array)?.ok_or(SealError::Malformed)?;
    if count > MAX_SIGNERS as u64 {
        return bad("signers", "获准使用印章的签章证书过多");
    }
    let mut signers: Vec<[u8; 32]> = Vec::new();
    for _ in 0..count {
        let digest = fields.0.bytes().map_err(|_| SealError::Malformed)?;
        let digest = digest.try_into().map_err(|_| SealError::Malformed)?;
        if signers.last().is_some_and(|last| *last >= digest) {
            return Err(SealError::NotCanonical);
        }
        signers.push(digest);
    }
    let outlines = fields.next(11, Decoder::bytes)?;
    let impression = decode_paths(outlines).map_err(SealError::Impression)?;
    let definition = SealDefinition {
        code,
        name,
        owner,
        owner_code,
        kind,
        impression,
        not_before,
        not_after,
        signers,
    };
    definition.check()?;
    Ok((definition, outlines, made_at))
}

struct Fields<'b>(Decoder<'b>);

impl<'b> Fields<'b> {
    fn next<T>(
        &mut self,
        key: u8,
        one: impl FnOnce(&mut Decoder<'b>) -> Result<T, minicbor::decode::Error>,
    ) -> Result<T, SealError> {
        match self.0.u8() {
            Ok(found) if found == key => one(&mut self.0).map_err(|_| SealError::Malformed),
            _ => Err(SealError::Malformed),
        }
    }

    fn instant(&mut self, key: u8) -> Result<Timestamp, SealError> {
        Timestamp::from_second(self.next(key, Decoder::i64)?).map_err(|_| SealError::Malformed)
    }
}

fn check_name(field: &'static str, text: &str) -> Result<(), SealError> {
    if text.is_empty() || text.trim() != text {
        bad(field, "不能为空，前后不能有空格")
    } else if text.chars().any(char::is_control) {
        bad(field, "不能有换行或控制字符")
    } else if text.chars().count() > MAX_NAME_CHARS {
        bad(field, "不能超过 100 字")
    } else {
        Ok(())
    }
}

/// A seal paints inside its own box and nowhere else on the page it is stamped on.
fn check_picture(drawing: &Drawing) -> Result<(), SealError> {
    for side in [drawing.width, drawing.height] {
        if !(MIN_SIDE..=MAX_SIDE).contains(&side) {
            return bad("impression", "宽高应在 10 至 60 mm 之间");
        }
    }
    let inside = |points: &[(Mm, Mm)]| {
        points
            .iter()
            .all(|(x, y)| (0.0..=drawing.width).contains(x) && (0.0..=drawing.height).contains(y))
    };
    let mut painted = false;
    for item in &drawing.items {
        let Item::Path(path) = item else {
            return bad("impression", "只能由路径组成");
        };
        for segment in &path.segments {
            // A curve lies within the hull of its points, so points inside mean ink inside.
            let within = match *segment {
                Segment::Move(x, y) | Segment::Line(x, y) => inside(&[(x, y)]),
                Segment::Cubic(x1, y1, x2, y2, x, y) => inside(&[(x1, y1), (x2, y2), (x, y)]),
                Segment::Close => true,
            };
            if !within {
                return bad("impression", "图形超出印章外框");
            }
        }
        // A path that does not begin with a point is an error in every page description.
        match path.segments.first() {
            Some(Segment::Move(..)) => painted = true,
            Some(_) => return bad("impression", "路径没有起点"),
            None => {}
        }
    }
    if painted {
        Ok(())
    } else {
        bad("impression", "印模为空")
    }
}

fn bad<T>(field: &'static str, reason: &'static str) -> Result<T, SealError> {
    Err(SealError::BadField { field, reason })
}

pub(super) fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

const VERSION: u8 = 1;
const FIELDS: u64 = 11;
const CODE_DIGITS: usize = 14;
const REGION_DIGITS: usize = 6;
/// Longest name of a seal or owner, in characters.
const MAX_NAME_CHARS: usize = 100;
/// Sides of the smallest name seal and the largest official seal (mm).
const MIN_SIDE: Mm = 10.0;
const MAX_SIDE: Mm = 60.0;
