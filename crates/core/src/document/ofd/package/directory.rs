//! The headers of a ZIP archive (PKWARE APPNOTE 6.3), read from both ends and compared.

use std::ops::Range;

use memchr::memmem;

use super::{
    super::{
        deviation::{DeviationKind, Deviations},
        error::OfdError,
    },
    names::{self, Decoded},
};
use crate::limits::MAX_OFD_MEMBERS;

const LOCAL: u32 = 0x0403_4B50;
const CENTRAL: u32 = 0x0201_4B50;
const END: &[u8] = b"PK\x05\x06";
const END_64_LOCATOR: &[u8] = b"PK\x06\x07";
const DESCRIPTOR: u32 = 0x0807_4B50;
/// Length of the end record without its comment.
const END_LENGTH: usize = 22;
/// Extra field "Info-ZIP Unicode Path".
const UNICODE_PATH: u16 = 0x7075;

/// Bits of the general purpose flag that are understood: deflate options, data descriptor, UTF-8.
const KNOWN_FLAGS: u16 = 0b1000_0000_1110;
/// Deflate options: how hard the writer tried.
const EFFORT: u16 = 0b110;
const WITH_DESCRIPTOR: u16 = 1 << 3;
const UTF_8: u16 = 1 << 11;
/// Encryption of the content, strong encryption, masked headers.
const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;

/// How a member is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Stored,
    Deflated,
}

/// One member, as directory and local header agree on it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) foreign_name: bool,
    pub(super) method: Method,
    pub(super) crc: u32,
    /// Inflated.
    pub(super) size: usize,
    /// Where its packed bytes are.
    pub(super) packed: Range<usize>,
}

/// A place in the file that is read on from.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], OfdError> {
        let end = self.at.checked_add(count);
        let taken = end.and_then(|end| self.bytes.get(self.at..end));
        let taken = taken.ok_or_else(|| refused(self.at, "cut off"))?;
        self.at += count;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], OfdError> {
        let at = self.at;
        self.take(N)?.try_into().map_err(|_| refused(at, "cut off"))
    }

    fn u16(&mut self) -> Result<u16, OfdError> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, OfdError> {
        self.array().map(u32::from_le_bytes)
    }

    /// A length or offset.
    fn count(&mut self) -> Result<usize, OfdError> {
        self.u32().map(|count| count as usize)
    }
}

fn refused(offset: usize, what: &'static str) -> OfdError {
    OfdError::Package { offset, what }
}

/// The end record, checked.
struct End {
    /// Where the central directory is.
    directory: Range<usize>,
    entries: usize,
    /// How far all offsets are shifted by bytes before the archive.
    shift: usize,
}

/// What the central directory says of a member.
struct Central<'a> {
    flags: u16,
    method: u16,
    crc: u32,
    packed: usize,
    size: usize,
    raw_name: &'a [u8],
    decoded: Decoded,
    /// Where its local header is.
    local: usize,
}

/// All members, folders too, in the order in which they lie in the file. Their headers tile the file: nothing overlaps, and what lies between is no header.
pub(super) fn read(bytes: &[u8], deviations: &mut Deviations) -> Result<Vec<Entry>, OfdError> {
    let end = end_record(bytes, deviations)?;
    let mut cursor = Cursor {
        bytes: bytes.get(..end.directory.end).unwrap_or_default(),
        at: end.directory.start,
    };
    let mut found = Vec::with_capacity(end.entries.min(MAX_OFD_MEMBERS));
    for _ in 0..end.entries {
        found.push(central(&mut cursor, end.shift)?);
    }
    if cursor.at != end.directory.end {
        return Err(refused(
            cursor.at,
            "more in the directory than the end record counts",
        ));
    }

    found.sort_by_key(|entry| entry.local);
    let mut before = 0;
    let mut entries = Vec::with_capacity(found.len());
    for entry in found {
        between(bytes, before..entry.local, deviations)?;
        let (packed, after) = local(bytes, &entry, end.directory.start, deviations)?;
        before = after;
        entries.push(entry.agreed(packed)?);
    }
    between(bytes, before..end.directory.start, deviations)?;
    Ok(entries)
}

/// The last end record, which must reach to the end of the file and stand right behind its directory.
fn end_record(bytes: &[u8], deviations: &mut Deviations) -> Result<End, OfdError> {
    let window = bytes.len().saturating_sub(END_LENGTH + usize::from(u16::MAX));
    let tail = bytes.get(window..).unwrap_or_default();
    let Some(at) = memmem::rfind(tail, END).map(|at| window + at) else {
        return Err(if memmem::find(bytes, b"PK\x03\x04").is_some() {
            refused(bytes.len(), "no end of the directory: cut off, or data behind it")
        } else {
            OfdError::NotPackage
        });
    };
    let mut cursor = Cursor { bytes, at: at + 4 };
    let disks = (cursor.u16()?, cursor.u16()?);
    let (entries, total) = (cursor.u16()?, cursor.u16()?);
    let (size, offset) = (cursor.count()?, cursor.count()?);
    let comment = usize::from(cursor.u16()?);
    if cursor.at + comment != bytes.len() {
        return Err(refused(at, "data behind the end of the archive"));
    }
    if disks != (0, 0) || entries != total {
        return Err(refused(at, "archive in several parts"));
    }
    // Below this no package needs ZIP64; a reader that prefers its records would find another directory.
    let before = at.checked_sub(20).and_then(|from| bytes.get(from..from + 4));
    if entries == u16::MAX || size == u32::MAX as usize || before == Some(END_64_LOCATOR) {
        return Err(refused(at, "ZIP64 record"));
    }
    let start = at.checked_sub(size);
    let shift = start.and_then(|start| start.checked_sub(offset));
    let (Some(start), Some(shift)) = (start, shift) else {
        return Err(refused(at, "directory beyond the file"));
    };
    // A reader that does not shift would look here.
    if shift > 0
        && bytes
            .get(offset..)
            .is_some_and(|there| there.starts_with(&CENTRAL.to_le_bytes()))
    {
        return Err(refused(offset, "second directory"));
    }
    if comment > 0 {
        deviations.note(DeviationKind::ArchiveComment, "", format!("{comment} bytes"));
    }
    Ok(End {
        directory: start..at,
        entries: entries.into(),
        shift,
    })
}

fn central<'a>(cursor: &mut Cursor<'a>, shift: usize) -> Result<Central<'a>, OfdError> {
    let at = cursor.at;
    if cursor.u32()? != CENTRAL {
        return Err(refused(at, "no entry of the directory"));
    }
    let made_by = cursor.u16()?;
    let _needed = cursor.u16()?;
    let (flags, method) = (cursor.u16()?, cursor.u16()?);
    let _time = cursor.u32()?;
    let crc = cursor.u32()?;
    let (packed, size) = (cursor.count()?, cursor.count()?);
    let lengths = [cursor.u16()?, cursor.u16()?, cursor.u16()?];
    let disk = cursor.u16()?;
    let _internal = cursor.u16()?;
    let external = cursor.u32()?;
    let local = cursor.count()?;
    let [raw_name, extra, _comment] = {
        let [name, extra, comment] = lengths.map(usize::from);
        [cursor.take(name)?, cursor.take(extra)?, cursor.take(comment)?]
    };
    let unicode = unicode_path(extra, at)?;
    let decoded = names::decode(raw_name, flags & UTF_8 != 0, unicode).map_err(|what| refused(at, what))?;
    if disk != 0 {
        return Err(refused(at, "archive in several parts"));
    }
    // Made on Unix: a link is a second name for some other file.
    if made_by >> 8 == 3 && (external >> 16) & 0xF000 == 0xA000 {
        return Err(OfdError::member(&decoded.name, "symbolic link"));
    }
    Ok(Central {
        flags,
        method,
        crc,
        packed,
        size,
        raw_name,
        decoded,
        local: local
            .checked_add(shift)
            .ok_or_else(|| refused(at, "header beyond the file"))?,
    })
}

impl Central<'_> {
    /// The entry, whose own statements must make sense too.
    fn agreed(self, packed: Range<usize>) -> Result<Entry, OfdError> {
        let refuse = |what| Err(OfdError::member(&self.decoded.name, what));
        if self.flags & ENCRYPTED != 0 {
            return refuse("encrypted");
        }
        if self.flags & !KNOWN_FLAGS != 0 {
            return refuse("flags that readers take differently");
        }
        let is_folder = self.decoded.name.ends_with('/');
        if is_folder && (self.size > 0 || self.crc != 0) {
            return refuse("folder with content");
        }
        let method = match self.method {
            0 => Method::Stored,
            8 if self.packed == 0 && self.size == 0 => Method::Stored,
            8 => Method::Deflated,
            _ => return refuse("packed in another way than deflate"),
        };
        if method == Method::Stored && self.size != self.packed {
            return refuse("stored, and of two lengths");
        }
        // Whoever reads from the front cannot tell where such content ends.
        if self.method == 0 && self.flags & WITH_DESCRIPTOR != 0 && self.size > 0 {
            return refuse("stored, with its length behind it");
        }
        Ok(Entry {
            name: self.decoded.name,
            foreign_name: self.decoded.foreign,
            method,
            crc: self.crc,
            size: self.size,
            packed,
        })
    }
}

/// The local header of a member: it says what the directory says. Gives where the packed bytes are and where the next
/// header may begin.
fn local(
    bytes: &[u8],
    entry: &Central<'_>,
    limit: usize,
    deviations: &mut Deviations,
) -> Result<(Range<usize>, usize), OfdError> {
    let at = entry.local;
    let differs = |what| Err(OfdError::member(&entry.decoded.name, what));
    let mut cursor = Cursor {
        bytes: bytes.get(..limit).unwrap_or_default(),
        at,
    };
    if cursor.u32()? != LOCAL {
        return Err(refused(at, "no local header where the directory has one"));
    }
    let _needed = cursor.u16()?;
    let (flags, method) = (cursor.u16()?, cursor.u16()?);
    // An ASCII name is the same in UTF-8, and how hard the writer tried says nothing.
    let idle = EFFORT | if entry.raw_name.is_ascii() { UTF_8 } else { 0 };
    if (flags ^ entry.flags) & !idle != 0 || method != entry.method {
        return differs("flags or method differ between its two headers");
    }
    if flags != entry.flags {
        deviations.note(DeviationKind::HeaderFlags, &entry.decoded.name, "");
    }
    let _time = cursor.u32()?;
    let stated = (cursor.u32()?, cursor.count()?, cursor.count()?);
    let agreed = (entry.crc, entry.packed, entry.size);
    // What was not known when the header was written is zero there and stands behind the content.
    let is_later = entry.flags & WITH_DESCRIPTOR != 0;
    if stated != agreed && !(is_later && stated == (0, 0, 0)) {
        return differs("sizes or checksum differ between its two headers");
    }
    let (name, extra) = (usize::from(cursor.u16()?), usize::from(cursor.u16()?));
    if cursor.take(name)? != entry.raw_name {
        return differs("names differ between its two headers");
    }
    let unicode = unicode_path(cursor.take(extra)?, at)?;
    if unicode.is_some_and(|unicode| unicode != entry.decoded.name.as_bytes()) {
        return differs("two different names");
    }
    let start = cursor.at;
    cursor.take(entry.packed)?;
    let packed = start..cursor.at;
    if is_later {
        descriptor(&mut cursor, agreed).ok_or_else(|| {
            OfdError::member(
                &entry.decoded.name,
                "what stands behind its content does not fit its headers",
            )
        })?;
    }
    Ok((packed, cursor.at))
}

/// The data descriptor, with a signature or without.
fn descriptor(cursor: &mut Cursor<'_>, agreed: (u32, usize, usize)) -> Option<()> {
    let mut read = || Some((cursor.u32().ok()?, cursor.count().ok()?, cursor.count().ok()?));
    let start = read()?;
    if start == agreed {
        return Some(());
    }
    let last = cursor.count().ok()?;
    let (signature, crc, packed) = start;
    (signature == DESCRIPTOR && (u32::try_from(crc).ok()?, packed, last) == agreed).then_some(())
}

/// Bytes that belong to no member: named, and refused where a reader could take them for members.
fn between(bytes: &[u8], gap: Range<usize>, deviations: &mut Deviations) -> Result<(), OfdError> {
    if gap.start > gap.end {
        return Err(refused(gap.end, "members overlap"));
    }
    if gap.is_empty() {
        return Ok(());
    }
    let there = bytes.get(gap.clone()).unwrap_or_default();
    let is_header = |at: &usize| {
        let kind = there.get(at + 2..at + 4).unwrap_or_default();
        kind.len() == 2 && kind.iter().all(|byte| (1..=8).contains(byte))
    };
    if let Some(at) = memmem::find_iter(there, b"PK").find(is_header) {
        return Err(refused(gap.start + at, "header that the directory does not have"));
    }
    let kind = if gap.start == 0 {
        DeviationKind::BytesBefore
    } else {
        DeviationKind::BytesBetween
    };
    deviations.note(kind, "", format!("{} at {}", gap.len(), gap.start));
    Ok(())
}

/// The name in an Info-ZIP Unicode Path field, if there is one among the extra fields of the header at this place.
fn unicode_path(mut extra: &[u8], at: usize) -> Result<Option<&[u8]>, OfdError> {
    let malformed = || refused(at, "malformed extra field");
    let mut path = None;
    while let [a, b, c, d, rest @ ..] = extra {
        let (field, after) = rest
            .split_at_checked(u16::from_le_bytes([*c, *d]).into())
            .ok_or_else(malformed)?;
        if u16::from_le_bytes([*a, *b]) == UNICODE_PATH {
            // Version and a checksum of the other name stand before.
            path = Some(field.get(5..).ok_or_else(malformed)?);
        }
        extra = after;
    }
    if extra.is_empty() {
        Ok(path)
    } else {
        Err(malformed())
    }
}
