//! What was written after a signed revision, as readers see it that do not believe the cross-reference data.
//!
//! Many viewers rebuild a file that seems broken to them: they search it for `12 0 obj`, `trailer` and object streams and
//! take what comes last. Each takes something else for broken, and each has blanks, names and numbers of its own. So
//! what follows a signature has to leave them nothing to find but what strict readers see, no reason to search, and no
//! word that they read otherwise.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use super::super::{
    OpenError, OpenedPdf, Repair,
    object::{Dict, Id, Object},
    parse::{Parser, Wording, is_space, is_usual_space},
    reader::Reader,
    revision::{self, Mark},
    xref::{Entry, MOST_OBJECTS, Section},
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

/// How far before the end viewers look for the last `startxref` (annex H of ISO 32000-1, note 18).
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
        marks: revision::marks(opened.bytes())?,
    };
    let wording = tail.wording()?;
    if wording == Wording::Ambiguous {
        return Ok(Reading::Several);
    }
    if wording == Wording::Unusual || tail.is_astray() || !tail.has_usual_numbers() {
        return Ok(Reading::Mended);
    }
    // Some writers state a size that counts their own revision alone, for which some viewers search the file.
    let is_one = tail.has_size()
        || Tail {
            signed_end: 0,
            ..tail
        }
        .is_found_as_listed()?;
    Ok(if is_one { Reading::One } else { Reading::Mended })
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
    marks: Vec<Mark>,
}

impl Tail<'_, '_> {
    /// How sure it is that what stands behind the signed revision is what is listed there, and read by all alike.
    fn wording(&self) -> Result<Wording, OpenError> {
        if self.holds_unlisted_words()? || self.holds_unlisted_parts()? || !self.newest_come_last() {
            return Ok(Wording::Ambiguous);
        }
        let mut wording = Wording::Plain;
        for section in self.sections() {
            let trailer = |section: &Section| Object::Dict(section.trailer.clone());
            let leads = self.leads(&trailer(section), || self.signed_sections().next().map(trailer))?;
            wording = wording.max(section.wording).max(leads);
        }
        // What is not whole has no end, so that nothing can be said of what lies beside it.
        let things = self.things(&mut wording)?;
        let beside = things
            .as_ref()
            .map_or(Wording::Unusual, |things| self.beside(things));
        Ok(wording.max(beside))
    }

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

    /// Whether a word that begins something stands where nothing is listed, be it in a comment, a string or a stream,
    /// and be it a part of another word.
    fn holds_unlisted_words(&self) -> Result<bool, OpenError> {
        let data = self.opened.bytes();
        let mut known = BTreeSet::new();
        let mut heads: Vec<usize> = self.places().map(|(_, at)| at).collect();
        for section in &self.reader.sections {
            known.extend([section.start, section.trailer_at]);
            // Streams of sections need not be listed.
            let hidden = section.hidden_at.as_ref().map(|hidden| hidden.start);
            heads.extend([section.start].into_iter().chain(hidden));
        }
        for at in heads {
            known.extend(self.reader.head_at(at)?.map(|end| end - b"obj".len()));
        }
        let ends = self.opened.revisions().iter().map(|revision| revision.end);
        let ends: BTreeSet<usize> = ends.collect();
        let of_revisions = self
            .marks
            .iter()
            .filter(|mark| mark.end.is_some_and(|end| ends.contains(&end)));
        for mark in of_revisions {
            known.extend([mark.at, mark.at + b"start".len()]);
        }
        let behind = data.get(self.signed_end..).unwrap_or_default();
        for word in [&b"obj"[..], b"trailer", b"xref"] {
            for at in memchr::memmem::find_iter(behind, word).map(|at| at + self.signed_end) {
                if known.contains(&at) {
                    continue;
                }
                let begins = match word {
                    b"obj" => self.follows_numbers(at)?,
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

    /// Whether a digit stands before the word at an offset, blanks and comments left out; where the word is the beginning of
    /// a longer one, two numbers.
    fn follows_numbers(&self, at: usize) -> Result<bool, OpenError> {
        let data = self.opened.bytes();
        let mut before = self.without_blanks(data.get(..at).unwrap_or_default())?;
        if !before.last().is_some_and(u8::is_ascii_digit) {
            return Ok(false);
        }
        let after = data.get(at + b"obj".len());
        if !after.is_some_and(u8::is_ascii_alphanumeric) {
            return Ok(true);
        }
        while let Some((b'0'..=b'9', rest)) = before.split_last() {
            before = rest;
        }
        let number = self.without_blanks(before)?;
        Ok(number.len() < before.len() && number.last().is_some_and(u8::is_ascii_digit))
    }

    /// What stands before the blanks and comments at an end.
    fn without_blanks<'d>(&self, mut before: &'d [u8]) -> Result<&'d [u8], OpenError> {
        loop {
            let blanks = before.iter().rev().take_while(|byte| is_blank(**byte)).count();
            before = before.get(..before.len() - blanks).unwrap_or_default();
            let line = memchr::memrchr2(b'\r', b'\n', before).map_or(0, |end| end + 1);
            let (_, text) = before.split_at(line);
            self.reader.budget.parse(blanks + text.len())?;
            match memchr::memchr(b'%', text) {
                Some(comment) => before = before.get(..line + comment).unwrap_or_default(),
                None => return Ok(before),
            }
        }
    }

    /// The first byte from an offset on that is neither blank nor comment.
    fn next(&self, at: usize) -> Result<Option<u8>, OpenError> {
        let mut rest = self.opened.bytes().get(at..).unwrap_or_default();
        loop {
            let blanks = rest.iter().take_while(|byte| is_blank(**byte)).count();
            rest = rest.get(blanks..).unwrap_or_default();
            let comment = match rest.first() {
                Some(b'%') => memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len()),
                found => return Ok(found.copied()),
            };
            self.reader.budget.parse(blanks + comment)?;
            rest = rest.get(comment..).unwrap_or_default();
        }
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
                Some(Entry::In { container, .. }) => {
                    let holder = self.reader.entry(container);
                    matches!(holder, Some(Entry::At { offset, .. }) if offset > place)
                }
                Some(Entry::Free) | None => true,
            })
    }

    /// Whether the way to the last section is not the one that is stated: a section was searched for, or viewers do not
    /// reach the last end of file.
    fn is_astray(&self) -> bool {
        let is_beside = |repair: &Repair| match repair {
            Repair::SectionBeside { found, .. } => *found >= self.signed_end,
            Repair::NumberedFromOne { offset } => *offset >= self.signed_end,
        };
        let last = self
            .marks
            .iter()
            .rfind(|mark| mark.end.is_some())
            .map_or(0, |mark| mark.at);
        let behind = |mark: &&Mark| mark.at >= self.signed_end;
        self.opened.reader.repairs.borrow().iter().any(is_beside)
            || !self.marks.iter().filter(behind).all(|mark| mark.is_exact)
            || self.opened.bytes().len().saturating_sub(last) > END_WITHIN
    }

    /// Where everything lies that is listed: objects, sections, ends of file. None where an object is not where the sections
    /// list it, whole.
    fn things(&self, wording: &mut Wording) -> Result<Option<Vec<Range<usize>>>, OpenError> {
        let reader = self.reader;
        let mut things = Vec::new();
        for section in self.sections() {
            things.push(section.start..section.end);
            things.extend(
                section
                    .hidden_at
                    .clone()
                    .filter(|hidden| hidden.start >= self.signed_end),
            );
            for (number, entry) in section.entries.iter().chain(&section.hidden) {
                let Some(generation) = entry.generation() else {
                    continue;
                };
                let (number, last) = (*number, reader.entry(*number));
                // Some do not let an entry that frees a number hide an older one.
                if last == Some(Entry::Free) {
                    *wording = (*wording).max(Wording::Unusual);
                }
                // Parts of an earlier state may stand in a container that was written anew.
                if matches!(entry, Entry::In { .. }) && last != Some(*entry) {
                    continue;
                }
                let written = match reader.written(Id { number, generation }, *entry) {
                    Ok(written) => written,
                    Err(limit @ OpenError::Limit { .. }) => return Err(limit),
                    Err(_) => return Ok(None),
                };
                if let Entry::At { offset, .. } = *entry {
                    things.push(offset..written.end);
                }
                let leads = self.leads(&written.object, || self.before(number))?;
                *wording = (*wording).max(written.wording).max(leads);
            }
        }
        let behind = self.marks.iter().filter(|mark| mark.at >= self.signed_end);
        things.extend(behind.filter_map(|mark| Some(mark.at..mark.end?)));
        things.retain(|thing| thing.end > self.signed_end);
        things.sort_by_key(|thing| (thing.start, thing.end));
        // The stream of a section may be listed as an object, too.
        things.dedup();
        Ok(Some(things))
    }

    /// How sure it is that what lies beside all that is listed says nothing; nothing of it lies in one another.
    fn beside(&self, things: &[Range<usize>]) -> Wording {
        let data = self.opened.bytes();
        let mut from = self.signed_end;
        let mut found = Wording::Plain;
        for thing in things {
            found = found.max(data.get(from..thing.start).map_or(Wording::Ambiguous, idle));
            from = thing.end;
        }
        let rest = data.get(from..).unwrap_or_default();
        if rest.iter().all(|byte| is_space(*byte)) {
            return found;
        }
        found.max(idle(rest))
    }

    /// How sure it is that references in an object lead to the same for all: not to a number in use under another
    /// generation, which many pass over, nor to nothing, for which some search the whole file, where they did not before.
    fn leads(&self, object: &Object, before: impl FnOnce() -> Option<Object>) -> Result<Wording, OpenError> {
        let mut lost = Vec::new();
        for id in object.references() {
            self.reader.budget.parse(1)?;
            match self.reader.entry(id.number).and_then(Entry::generation) {
                Some(generation) if generation == id.generation => {}
                Some(_) => return Ok(Wording::Ambiguous),
                None => lost.push(id),
            }
        }
        if lost.is_empty() {
            return Ok(Wording::Plain);
        }
        let before: BTreeSet<Id> = before()
            .as_ref()
            .map(Object::references)
            .unwrap_or_default()
            .into_iter()
            .collect();
        let is_known = lost.iter().all(|id| before.contains(id));
        Ok(if is_known {
            Wording::Plain
        } else {
            Wording::Unusual
        })
    }

    /// The sections of the signed revision.
    fn signed_sections(&self) -> impl Iterator<Item = &Section> {
        let sections = self.reader.sections.iter().map(AsRef::as_ref);
        sections.filter(|section| section.start < self.signed_end)
    }

    /// The object that a number stood for; none where it cannot be read.
    fn before(&self, number: u32) -> Option<Object> {
        let entry = self.signed_sections().find_map(|section| section.entry(number))?;
        let generation = entry.generation()?;
        let written = self.reader.written(Id { number, generation }, entry);
        written.ok().map(|written| written.object)
    }

    /// Whether all numbers are below those that some readers hold for too large.
    fn has_usual_numbers(&self) -> bool {
        self.sections().next().is_none() || self.highest() as usize <= MOST_OBJECTS
    }

    /// Whether all numbers are below the size that is stated last.
    fn has_size(&self) -> bool {
        let stated = self.reader.trailer().and_then(size);
        self.sections().next().is_none() || stated > Some(i64::from(self.highest()))
    }

    /// The highest number of all sections.
    fn highest(&self) -> u32 {
        let highest = self.reader.sections.iter().flat_map(|section| {
            let last = section.entries.keys().next_back();
            last.into_iter().chain(section.hidden.keys().next_back())
        });
        highest.max().copied().unwrap_or_default()
    }

    /// Whether those who search everything behind find what is listed, too. They take what is in a container for newer than
    /// what is not, and the document of any trailer.
    fn is_found_as_listed(&self) -> Result<bool, OpenError> {
        let sections = &self.reader.sections;
        let entries = || {
            let sections = sections.iter();
            sections.flat_map(|section| section.entries.iter().chain(&section.hidden))
        };
        let is_packed = |entry: &Entry| matches!(entry, Entry::In { .. });
        let packed: BTreeMap<_, _> = entries().filter(|(_, entry)| is_packed(entry)).collect();
        let has_one_place =
            entries().all(|(number, entry)| packed.get(number).is_none_or(|known| *known == entry));
        let root = self.reader.trailer().and_then(|trailer| trailer.get("Root"));
        let has_one_root = sections.iter().all(|section| section.trailer.get("Root") == root);
        Ok(has_one_place && has_one_root && self.wording()? == Wording::Plain)
    }
}

fn size(trailer: &Dict) -> Option<i64> {
    trailer.get("Size").and_then(Object::integer)
}

/// White space to any reader.
fn is_blank(byte: u8) -> bool {
    is_space(byte) || matches!(byte, 0x0B | 0x80 | 0xFF)
}

/// How sure it is that bytes are nothing but blanks and lines of comment.
fn idle(bytes: &[u8]) -> Wording {
    let mut rest = bytes;
    let mut found = Wording::Plain;
    while let Some((byte, after)) = rest.split_first() {
        if is_space(*byte) {
            if !is_usual_space(*byte) {
                found = Wording::Unusual;
            }
            rest = after;
            continue;
        }
        let length = memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
        let (comment, after) = rest.split_at(length);
        let is_text = |byte: &u8| *byte == b'\t' || *byte >= b' ' && *byte != 0x7F;
        if *byte != b'%' || !comment.iter().all(is_text) || comment.starts_with(b"%%EOF") {
            return Wording::Ambiguous;
        }
        rest = after;
    }
    found
}
