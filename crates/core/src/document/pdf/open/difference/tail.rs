//! What was written after a signed revision, as readers see it that do not believe the cross-reference data.
//!
//! Many viewers rebuild a file that seems broken to them: they search it for `12 0 obj`, `trailer` and object streams and
//! take what comes last. Each takes something else for broken. So what follows a signature has to leave them nothing to
//! find but what strict readers see, and no reason to search.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{
    OpenError, OpenedPdf, Repair,
    parse::{Id, Object, Parser, is_regular, is_space},
    reader::Reader,
    revision,
    xref::{Entry, Section},
};

/// How the bytes after a signed revision are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reading {
    /// In one way.
    One,
    /// In one way, unless a reader finds it broken and rebuilds the whole file.
    Mended,
    /// In another way by those who rebuild it.
    Several,
}

/// How far before the end viewers look for the last `%%EOF` (annex H of ISO 32000-1, note 18).
const END_WITHIN: usize = 1024;

/// How everything behind an offset is read.
pub(super) fn reading<'a>(
    opened: &OpenedPdf<'a>,
    reader: &Reader<'a>,
    signed_end: usize,
) -> Result<Reading, OpenError> {
    let tail = Tail {
        opened,
        reader,
        signed_end,
    };
    if tail.holds_unlisted_words()? || tail.holds_unlisted_parts()? || !tail.newest_come_last() {
        return Ok(Reading::Several);
    }
    let is_exact = tail.sections().all(|section| section.is_exact);
    Ok(if is_exact && !tail.is_beside() && tail.all_are_in_place()? {
        Reading::One
    } else {
        Reading::Mended
    })
}

/// Whether viewers take another section for the first than the last `startxref` says: that of a linearised file, which is
/// one as long as it has the length that it states (annex F).
pub(super) fn begins_elsewhere(opened: &OpenedPdf<'_>) -> bool {
    let data = opened.bytes();
    let mut parser = Parser::file(data, 0);
    parser.skip_space();
    if parser.object_header().is_err() {
        return false;
    }
    let Ok(Object::Dict(dict)) = parser.object() else {
        return false;
    };
    let length = dict.get("L").and_then(Object::number);
    if dict.get("Linearized").is_none() || length != Some(data.len() as f64) {
        return false;
    }
    parser.keyword(b"endobj");
    parser.skip_space();
    let stated = opened.revisions().last().map(|last| last.cross_reference);
    stated != Some(parser.pos())
}

struct Tail<'o, 'a> {
    opened: &'o OpenedPdf<'a>,
    /// Of the file as it is, under the account of one comparison.
    reader: &'o Reader<'a>,
    signed_end: usize,
}

impl Tail<'_, '_> {
    /// The sections behind the signed revision.
    fn sections(&self) -> impl Iterator<Item = &Section> {
        let sections = self.reader.sections.iter().map(AsRef::as_ref);
        sections.filter(|section| section.start >= self.signed_end)
    }

    /// Places of objects behind it that are listed anywhere.
    fn places(&self) -> impl Iterator<Item = (Id, usize)> {
        let sections = self.reader.sections.iter();
        let entries = sections.flat_map(|section| section.entries.iter().chain(&section.hidden));
        entries.filter_map(|(number, entry)| match entry {
            Entry::At { offset, generation } if *offset >= self.signed_end => {
                let (number, generation) = (*number, *generation);
                Some((Id { number, generation }, *offset))
            }
            _ => None,
        })
    }

    /// Whether a word that begins something stands where nothing is listed, be it in a comment, a string or a stream.
    fn holds_unlisted_words(&self) -> Result<bool, OpenError> {
        let data = self.opened.bytes();
        let mut known = BTreeSet::new();
        let mut heads: Vec<usize> = self.places().map(|(_, at)| at).collect();
        for section in &self.reader.sections {
            known.extend([section.start, section.trailer_at]);
            // Streams of sections need not be listed.
            heads.extend([section.start].into_iter().chain(section.hidden_at));
        }
        for at in heads {
            known.extend(self.reader.head_at(at)?.map(|end| end - b"obj".len()));
        }
        let marks = revision::marks(data)?;
        let ends = self.opened.revisions().iter().map(|revision| revision.end);
        let ends: BTreeSet<usize> = ends.collect();
        let of_revisions = marks
            .iter()
            .filter(|mark| mark.end.is_some_and(|end| ends.contains(&end)));
        known.extend(of_revisions.map(|mark| mark.at));
        let behind = data.get(self.signed_end..).unwrap_or_default();
        for word in [&b"obj"[..], b"trailer", b"startxref"] {
            for at in memchr::memmem::find_iter(behind, word).map(|at| at + self.signed_end) {
                if known.contains(&at) || !stands_alone(data, at, word) {
                    continue;
                }
                let begins = match word {
                    b"obj" => self.follows_number(at)?,
                    b"trailer" => self.next(at + word.len())? == Some(b'<'),
                    _ => self
                        .next(at + word.len())?
                        .is_some_and(|byte| byte.is_ascii_digit()),
                };
                if begins {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Whether a digit stands before an offset, blanks and comments left out.
    fn follows_number(&self, at: usize) -> Result<bool, OpenError> {
        let mut before = self.opened.bytes().get(..at).unwrap_or_default();
        loop {
            let blanks = before.iter().rev().take_while(|byte| is_space(**byte)).count();
            before = before.get(..before.len() - blanks).unwrap_or_default();
            let line = memchr::memrchr2(b'\r', b'\n', before).map_or(0, |end| end + 1);
            let (_, text) = before.split_at(line);
            self.reader.budget.parse(blanks + text.len())?;
            match memchr::memchr(b'%', text) {
                Some(comment) => before = before.get(..line + comment).unwrap_or_default(),
                None => return Ok(before.last().is_some_and(u8::is_ascii_digit)),
            }
        }
    }

    /// The first byte from an offset on that is neither blank nor comment.
    fn next(&self, at: usize) -> Result<Option<u8>, OpenError> {
        let mut parser = Parser::file(self.opened.bytes(), at);
        parser.skip_space();
        self.reader.budget.parse(parser.reach().saturating_sub(at))?;
        Ok(parser.peek())
    }

    /// Whether an object stream holds what no section lists as its part.
    fn holds_unlisted_parts(&self) -> Result<bool, OpenError> {
        let reader = self.reader;
        let mut listed = BTreeSet::new();
        for section in &reader.sections {
            let entries = section.entries.iter().chain(&section.hidden);
            listed.extend(entries.filter_map(|(number, entry)| match entry {
                Entry::In { container, index } => Some((*container, *index, *number)),
                _ => None,
            }));
        }
        for (id, place) in self.places() {
            for (index, part) in reader.parts(id, place)?.into_iter().enumerate() {
                if !listed.contains(&(id.number, index, part)) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Whether of each number that is written anew the last one in the file is the one that counts.
    fn newest_come_last(&self) -> bool {
        let mut last: BTreeMap<u32, usize> = BTreeMap::new();
        for (id, place) in self.places() {
            let known = last.entry(id.number).or_default();
            *known = place.max(*known);
        }
        last.into_iter()
            .all(|(number, place)| match self.reader.entry(number) {
                Some(Entry::At { offset, .. }) => offset == place,
                Some(Entry::In { .. }) => false,
                Some(Entry::Free) | None => true,
            })
    }

    /// Whether the way to the last section is not the one that is stated: a section was searched for, or viewers do not
    /// reach the last end of file.
    fn is_beside(&self) -> bool {
        let is_beside = |repair: &Repair| match repair {
            Repair::SectionBeside { found, .. } => *found >= self.signed_end,
            Repair::NumberedFromOne { offset } => *offset >= self.signed_end,
        };
        let end = self.opened.revisions().last().map_or(0, |revision| revision.end);
        self.opened.reader.repairs.borrow().iter().any(is_beside)
            || self.opened.bytes().len().saturating_sub(end) > END_WITHIN
    }

    /// Whether each object that the sections list is where they list it, whole.
    fn all_are_in_place(&self) -> Result<bool, OpenError> {
        let reader = self.reader;
        for section in self.sections() {
            for (number, entry) in section.entries.iter().chain(&section.hidden) {
                let read = match *entry {
                    Entry::Free => continue,
                    Entry::At { offset, generation } => {
                        let number = *number;
                        reader.whole_at(Id { number, generation }, offset)
                    }
                    // Of an earlier state, if it is not the last one's.
                    Entry::In { .. } if reader.entry(*number) != Some(*entry) => continue,
                    Entry::In { .. } => reader
                        .load(Id {
                            number: *number,
                            generation: 0,
                        })
                        .map(drop),
                };
                match read {
                    Ok(()) => {}
                    Err(limit @ OpenError::Limit { .. }) => return Err(limit),
                    Err(_) => return Ok(false),
                }
            }
        }
        Ok(true)
    }
}

/// Whether a word stands between blanks, delimiters or, on its left, digits, which some readers part from it.
fn stands_alone(data: &[u8], at: usize, word: &[u8]) -> bool {
    let before = at.checked_sub(1).and_then(|at| data.get(at));
    let after = data.get(at + word.len());
    before.is_none_or(|byte| !is_regular(*byte) || byte.is_ascii_digit())
        && after.is_none_or(|byte| !is_regular(*byte))
}
