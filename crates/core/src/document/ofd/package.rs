//! The package of an OFD: a ZIP archive that every reader finds alike.
//!
//! ```text
//!  bytes ─▶ end record ─▶ central directory ─▶ local headers ─▶ Package: members by name
//!                                                                   │ on demand, once
//!                                                                   ▼
//!                                                     inflated, CRC checked: raw bytes
//! ```
//!
//! What decides security here is not how to inflate, for which there is flate2, but that nobody else finds other
//! members in the same bytes: readers that go by the directory, readers that go from one local header to the next, and
//! readers on file systems that do not tell capitals apart. A ZIP library takes one of these ways and tells nothing of
//! the others. So the headers are read here, all of them, and whatever leaves room for a second reading is refused; in
//! the tests the crate `zip` reads the same packages as an independent judge.

mod directory;
mod names;
#[cfg(test)]
pub(super) mod tests;

use std::{
    borrow::Cow,
    cell::{Cell, OnceCell},
    collections::HashMap,
};

use flate2::{Decompress, FlushDecompress, Status};

use self::directory::{Entry, Method};
use super::{
    deviation::{DeviationKind, Deviations},
    error::OfdError,
};
use crate::limits::{
    MAX_DOCUMENT_BYTES, MAX_INFLATED_STREAM, MAX_INFLATED_TOTAL, MAX_OFD_MEMBERS, MAX_OFD_PARSED,
    MAX_OFD_RATIO, MAX_OFD_UNJUDGED,
};

/// A member of the package it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberId(u32);

/// An opened package.
#[derive(Debug)]
pub struct Package<'a> {
    bytes: &'a [u8],
    entries: Vec<Entry>,
    by_name: HashMap<Box<str>, MemberId>,
    by_key: HashMap<String, MemberId>,
    contents: Vec<OnceCell<Result<Cow<'a, [u8]>, OfdError>>>,
    /// Bytes of XML parsed so far.
    parsed: Cell<usize>,
    deviations: Deviations,
}

impl<'a> Package<'a> {
    /// Opens a package. Fails where readers could find different members in it.
    pub fn open(bytes: &'a [u8]) -> Result<Self, OfdError> {
        // 1. What the directory and the local headers agree on.
        if bytes.len() > MAX_DOCUMENT_BYTES {
            return Err(OfdError::TooLarge {
                limit: MAX_DOCUMENT_BYTES,
            });
        }
        let mut deviations = Deviations::default();
        let all = directory::read(bytes, &mut deviations)?;
        within("members", all.len(), MAX_OFD_MEMBERS)?;

        // 2. Names that are one for every file system; what inflates to no more than it may.
        names::check_apart(all.iter().map(|entry| &entry.name[..]))?;
        let mut total = 0;
        let mut entries = Vec::with_capacity(all.len());
        for entry in all.into_iter().filter(|entry| !entry.name.ends_with('/')) {
            within("bytes of a member", entry.size, MAX_INFLATED_STREAM)?;
            if entry.size > MAX_OFD_UNJUDGED && entry.size / entry.packed.len().max(1) > MAX_OFD_RATIO {
                return Err(OfdError::Limit {
                    what: "growth of a member",
                    limit: MAX_OFD_RATIO,
                });
            }
            total += entry.size;
            within("bytes of all members", total, MAX_INFLATED_TOTAL)?;
            if entry.foreign_name {
                deviations.note(DeviationKind::NameEncoding, &entry.name, "");
            }
            entries.push(entry);
        }

        // 3. Members by name, and by name without regard to capitals.
        let ids = || (0_u32..).map(MemberId);
        Ok(Self {
            bytes,
            by_name: entries
                .iter()
                .map(|entry| entry.name.clone().into())
                .zip(ids())
                .collect(),
            by_key: entries
                .iter()
                .map(|entry| names::key(&entry.name))
                .zip(ids())
                .collect(),
            contents: entries.iter().map(|_| OnceCell::new()).collect(),
            parsed: Cell::new(0),
            entries,
            deviations,
        })
    }

    /// All members, in the order in which they lie in the file. Folders are none.
    pub fn members(&self) -> impl Iterator<Item = MemberId> + use<> {
        (0_u32..).take(self.entries.len()).map(MemberId)
    }

    /// The name of a member, from the root and without a slash before it.
    pub fn name(&self, member: MemberId) -> &str {
        self.entries
            .get(member.0 as usize)
            .map_or("", |entry| &entry.name)
    }

    /// The member of exactly this name.
    pub fn find(&self, name: &str) -> Option<MemberId> {
        self.by_name.get(name).copied()
    }

    /// The member of this name, capitals aside: there is no more than one.
    pub fn find_any_case(&self, name: &str) -> Option<MemberId> {
        self.by_key.get(&names::key(name)).copied()
    }

    /// Size of a member, inflated.
    pub fn size(&self, member: MemberId) -> usize {
        self.entries.get(member.0 as usize).map_or(0, |entry| entry.size)
    }

    /// The raw bytes of a member, which digests are made over.
    pub fn read(&self, member: MemberId) -> Result<&[u8], OfdError> {
        let (Some(entry), Some(content)) = (
            self.entries.get(member.0 as usize),
            self.contents.get(member.0 as usize),
        ) else {
            return Err(OfdError::member("", "member of another package"));
        };
        let content = content.get_or_init(|| inflate(self.bytes, entry));
        content.as_deref().map_err(Clone::clone)
    }

    /// A member as it lies in the archive, with its checksum, once its content was read and is whole.
    pub(super) fn as_packed(&self, member: MemberId) -> Result<Packed<'a>, OfdError> {
        self.read(member)?;
        let entry = self.entries.get(member.0 as usize);
        let packed = entry.and_then(|entry| {
            Some(Packed {
                is_deflated: entry.method == Method::Deflated,
                crc: entry.crc,
                bytes: self.bytes.get(entry.packed.clone())?,
            })
        });
        packed.ok_or_else(|| OfdError::member("", "member of another package"))
    }

    /// The raw bytes of a member that is then parsed, which is charged for: see [`MAX_OFD_PARSED`].
    pub(super) fn read_to_parse(&self, member: MemberId) -> Result<&[u8], OfdError> {
        let content = self.read(member)?;
        // Short files cost more than their bytes.
        let parsed = self.parsed.get() + content.len() + 256;
        self.parsed.set(parsed);
        within("bytes of XML parsed", parsed, MAX_OFD_PARSED)?;
        Ok(content)
    }

    /// What is not as the ZIP format has it.
    pub fn deviations(&self) -> &Deviations {
        &self.deviations
    }
}

/// A member as it lies in the archive.
pub(super) struct Packed<'a> {
    pub(super) is_deflated: bool,
    pub(super) crc: u32,
    pub(super) bytes: &'a [u8],
}

fn within(what: &'static str, found: usize, limit: usize) -> Result<(), OfdError> {
    if found > limit {
        return Err(OfdError::Limit { what, limit });
    }
    Ok(())
}

/// The content of a member: as long as stated, with the checksum stated, and nothing behind the end of its deflate
/// stream, where a reader that goes by the stream would go on.
fn inflate<'a>(bytes: &'a [u8], entry: &Entry) -> Result<Cow<'a, [u8]>, OfdError> {
    let damaged = |what| OfdError::member(&entry.name, what);
    let packed = bytes
        .get(entry.packed.clone())
        .ok_or_else(|| damaged("beyond the end of the file"))?;
    let content = match entry.method {
        Method::Stored => Cow::Borrowed(packed),
        Method::Deflated => {
            let mut out = Vec::with_capacity(entry.size);
            let mut stream = Decompress::new(false);
            let end = stream.decompress_vec(packed, &mut out, FlushDecompress::Finish);
            if !matches!(end, Ok(Status::StreamEnd)) || stream.total_in() != packed.len() as u64 {
                return Err(damaged("damaged deflate stream"));
            }
            Cow::Owned(out)
        }
    };
    if content.len() != entry.size {
        return Err(damaged("not as long as stated"));
    }
    if crc32fast::hash(&content) != entry.crc {
        return Err(damaged("checksum differs"));
    }
    Ok(content)
}
