//! Cross-reference data (ISO 32000-1 7.5.4, 7.5.5, 7.5.8): tables, streams, hybrids, and the chain of
//! revisions they form.
//!
//! One strict reading. Only what every reader repairs alike is repaired, and stated in
//! [`Repair`](super::Repair): a `startxref` that points a few bytes beside its section, and a first
//! subsection numbered from 1 though its first entry is that of object 0. Nothing is ever rebuilt by
//! searching for objects: a file whose table is lost has as many readings as it has readers.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    rc::Rc,
};

use super::{
    OpenError, Repair,
    filter::{self, Budget},
    object::{Dict, Id, Object},
    parse::{Parser, Token, Wording, is_space, is_usual_space},
};
use crate::limits::{MAX_PDF_OBJECTS, MAX_PDF_SECTIONS};

/// Where an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    Free,
    /// At a byte offset, with its generation.
    At {
        offset: usize,
        generation: u16,
    },
    /// In an object stream, at an index.
    In {
        container: u32,
        index: usize,
    },
}

impl Entry {
    /// The generation of a number in use (7.5.4); of an object in a stream it is 0 (7.5.7).
    pub(super) fn generation(self) -> Option<u16> {
        match self {
            Self::Free => None,
            Self::At { generation, .. } => Some(generation),
            Self::In { .. } => Some(0),
        }
    }
}

/// One cross-reference section: a table (with the stream of a hybrid file) or a stream.
#[derive(Debug, Clone)]
pub(super) struct Section {
    /// Where `startxref` or `Prev` says it is.
    pub(super) offset: usize,
    /// Where it begins.
    pub(super) start: usize,
    /// Where its trailer or its stream ends.
    pub(super) end: usize,
    /// Where the word `trailer` of a table stands; of a stream, its beginning.
    pub(super) trailer_at: usize,
    /// Where its `XRefStm` stream begins and ends.
    pub(super) hidden_at: Option<Range<usize>>,
    /// How it is written; unusual, so that some readers find it broken, without rows of 20 bytes, whole numbers, or a
    /// size above all numbers.
    pub(super) wording: Wording,
    pub(super) entries: BTreeMap<u32, Entry>,
    /// Entries of the `XRefStm` stream, seen only by readers that know streams.
    pub(super) hidden: BTreeMap<u32, Entry>,
    pub(super) trailer: Dict,
}

impl Section {
    /// The entry for an object; the table of a hybrid file hides what its stream shows (7.5.8.4).
    pub(super) fn entry(&self, number: u32) -> Option<Entry> {
        match self.entries.get(&number) {
            Some(Entry::Free) | None => self
                .hidden
                .get(&number)
                .or_else(|| self.entries.get(&number))
                .copied(),
            found => found.copied(),
        }
    }
}

/// How far beside its section a `startxref` may point: writers that count a line end wrongly miss by
/// a few bytes.
const NEAR: usize = 16;

/// Reads the chain, newest section first.
pub(super) fn chain(
    data: &[u8],
    start: usize,
    budget: &Budget,
    repairs: &mut Vec<Repair>,
) -> Result<Vec<Rc<Section>>, OpenError> {
    let mut sections = Vec::new();
    let mut seen = BTreeSet::new();
    let mut next = Some(start);
    let mut objects = 0;
    while let Some(offset) = next {
        if !seen.insert(offset) {
            return Err(OpenError::CrossReference {
                offset,
                what: "the chain of sections runs in a circle",
            });
        }
        if sections.len() >= MAX_PDF_SECTIONS {
            return Err(OpenError::Limit {
                what: "cross-reference sections",
                limit: MAX_PDF_SECTIONS,
            });
        }
        let mut section = section(data, offset, budget, repairs)?;
        if let Some(hybrid) = section.trailer.get("XRefStm") {
            let place = place(hybrid, offset)?;
            let read = stream(data, place, budget)?;
            let wording = match hybrid {
                Object::Integer(_) => read.wording,
                _ => read.wording.max(Wording::Unusual),
            };
            section.wording = section.wording.max(wording);
            section.hidden = read.entries;
            section.hidden_at = Some(place..read.end);
        }
        objects += section.entries.len() + section.hidden.len();
        if objects > MAX_PDF_OBJECTS {
            return Err(too_many());
        }
        next = section
            .trailer
            .get("Prev")
            .map(|prev| place(prev, offset))
            .transpose()?;
        sections.push(Rc::new(section));
    }
    Ok(sections)
}

fn place(value: &Object, offset: usize) -> Result<usize, OpenError> {
    let number = match value {
        Object::Integer(value) => usize::try_from(*value).ok(),
        // `Prev 1234.0`, which some writers leave.
        Object::Real(value) if *value >= 0.0 && value.fract() == 0.0 => Some(*value as usize),
        _ => None,
    };
    number.ok_or(OpenError::CrossReference {
        offset,
        what: "Prev or XRefStm is no offset",
    })
}

fn section(
    data: &[u8],
    offset: usize,
    budget: &Budget,
    repairs: &mut Vec<Repair>,
) -> Result<Section, OpenError> {
    if offset >= data.len() {
        return Err(OpenError::CrossReference {
            offset,
            what: "a section beyond the end of the file",
        });
    }
    let found = nearby(data, offset, budget)?.ok_or(OpenError::CrossReference {
        offset,
        what: "no cross-reference section",
    })?;
    if found != offset && !blank(data, offset, found) {
        repairs.push(Repair::SectionBeside {
            stated: offset,
            found,
        });
    }
    let mut parser = Parser::file(data, found);
    let Read {
        entries,
        trailer,
        trailer_at,
        end,
        wording,
    } = if parser.keyword(b"xref") {
        let read = table(&mut parser, repairs)?;
        // Sections may overlap: each is paid for.
        budget.parse(parser.reach().saturating_sub(found))?;
        read
    } else {
        stream(data, found, budget)?
    };
    let is_table = trailer_at > found;
    let rows = data.get(found..trailer_at).unwrap_or_default();
    let whole = |key: &str| trailer.get(key).is_none_or(|value| value.integer().is_some());
    let highest = entries.keys().next_back().copied().map_or(-1, i64::from);
    let size = trailer.get("Size").and_then(Object::integer);
    let is_exact = (!is_table || has_exact_rows(rows))
        && whole("Prev")
        && size.is_some_and(|size| {
            size > highest && usize::try_from(size).is_ok_and(|size| size <= MOST_OBJECTS)
        })
        && entries.get(&0).is_none_or(|entry| *entry == Entry::Free);
    Ok(Section {
        offset,
        start: found,
        end,
        trailer_at,
        hidden_at: None,
        wording: if is_exact {
            wording
        } else {
            wording.max(Wording::Unusual)
        },
        entries,
        hidden: BTreeMap::new(),
        trailer,
    })
}

/// Whether a table up to its trailer consists of heads of subsections and rows of 20 bytes (7.5.4).
fn has_exact_rows(table: &[u8]) -> bool {
    let is_row = |row: &[u8]| {
        let (Some((offset, rest)), true) = (row.split_at_checked(10), row.len() == ROW) else {
            return false;
        };
        let is_number = |digits: &[u8]| digits.iter().all(u8::is_ascii_digit);
        matches!(rest, [b' ', generation @ .., b' ', b'n' | b'f', b' ', b'\r' | b'\n'] |
                       [b' ', generation @ .., b' ', b'n' | b'f', b'\r', b'\n'] if is_number(generation))
            && is_number(offset)
            // In use at the head of the file is free to us, and not to all.
            && !(rest.contains(&b'n') && offset.iter().all(|digit| *digit == b'0'))
    };
    let Some(mut rest) = table.strip_prefix(b"xref").and_then(behind_line) else {
        return false;
    };
    while !rest.iter().all(|byte| is_usual_space(*byte)) {
        let Some((numbers, rows)) = head(rest) else {
            return false;
        };
        let Some((rows, next)) = rows.split_at_checked(numbers.len() * ROW) else {
            return false;
        };
        if numbers.end > MOST_OBJECTS || !rows.chunks(ROW).all(is_row) {
            return false;
        }
        rest = next;
    }
    true
}

/// The head of a subsection: the numbers it is for, and what follows.
fn head(rest: &[u8]) -> Option<(Range<usize>, &[u8])> {
    let (first, rest) = number(rest)?;
    let (count, rest) = number(rest.strip_prefix(b" ")?)?;
    Some((first..first + count, behind_line(rest)?))
}

/// A number of few digits, and what follows.
fn number(rest: &[u8]) -> Option<(usize, &[u8])> {
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = rest.split_at(length);
    let digits = std::str::from_utf8(digits)
        .ok()
        .filter(|_| length <= MOST_DIGITS)?;
    Some((digits.parse().ok()?, rest))
}

/// What follows the blanks at the end of a line.
fn behind_line(rest: &[u8]) -> Option<&[u8]> {
    match rest {
        [b' ', rest @ ..] => behind_line(rest),
        [b'\r', b'\n', rest @ ..] | [b'\r' | b'\n', rest @ ..] => Some(rest),
        _ => None,
    }
}

/// The highest number that all readers take (PDFium's limit is the lowest that is known), and its digits with room for
/// zeros before them.
pub(super) const MOST_OBJECTS: usize = 4 << 20;
const MOST_DIGITS: usize = 10;

/// Bytes of an entry of a table.
const ROW: usize = 20;

fn blank(data: &[u8], start: usize, end: usize) -> bool {
    data.get(start..end)
        .is_some_and(|between| between.iter().all(|byte| is_space(*byte)))
}

/// The section at an offset or, failing that, the nearest one within [`NEAR`] bytes.
fn nearby(data: &[u8], offset: usize, budget: &Budget) -> Result<Option<usize>, OpenError> {
    let candidates = (0..=NEAR)
        .flat_map(|by| [offset.checked_add(by), offset.checked_sub(by)])
        .flatten();
    for at in candidates {
        if data.get(at..).is_some_and(|rest| rest.starts_with(b"xref")) {
            return Ok(Some(at));
        }
        let is_digit = |at: usize| data.get(at).is_some_and(u8::is_ascii_digit);
        if is_digit(at) && !at.checked_sub(1).is_some_and(is_digit) {
            let mut parser = Parser::file(data, at);
            let begins = parser.object_header().is_ok();
            budget.parse(parser.reach().saturating_sub(at))?;
            if begins {
                return Ok(Some(at));
            }
        }
    }
    Ok(None)
}

fn too_many() -> OpenError {
    OpenError::Limit {
        what: "objects",
        limit: MAX_PDF_OBJECTS,
    }
}

type Entries = BTreeMap<u32, Entry>;

/// What a table or a stream says, and how.
struct Read {
    entries: Entries,
    trailer: Dict,
    /// Where the word of a trailer stands; of a stream, its beginning.
    trailer_at: usize,
    end: usize,
    wording: Wording,
}

fn table(parser: &mut Parser<'_>, repairs: &mut Vec<Repair>) -> Result<Read, OpenError> {
    let mut entries = Entries::new();
    let trailer_at = loop {
        let at = parser.pos();
        let wrong = |what| OpenError::CrossReference { offset: at, what };
        let first = match parser.token() {
            Token::Word(b"trailer") => break parser.pos() - b"trailer".len(),
            Token::Integer(first) => u32::try_from(first).map_err(|_| wrong("a subsection head"))?,
            _ => return Err(wrong("a subsection head or the trailer")),
        };
        let count = match parser.token() {
            Token::Integer(count) => usize::try_from(count).map_err(|_| wrong("a subsection head"))?,
            _ => return Err(wrong("a subsection head")),
        };
        if count > MAX_PDF_OBJECTS {
            return Err(too_many());
        }
        let mut number = first;
        for index in 0..count {
            if entries.len() >= MAX_PDF_OBJECTS {
                return Err(too_many());
            }
            let (entry, raw) = table_entry(parser)?;
            if index == 0 && first == 1 && raw == (0, 65_535) && entry == Entry::Free {
                repairs.push(Repair::NumberedFromOne { offset: at });
                number = 0;
            }
            if entries.insert(number, entry).is_some() {
                return Err(wrong("an object listed twice in one section"));
            }
            number = number
                .checked_add(1)
                .ok_or_else(|| wrong("an object number too large"))?;
        }
    };
    match parser.object()? {
        Object::Dict(trailer) => Ok(Read {
            entries,
            trailer,
            trailer_at,
            end: parser.pos(),
            wording: parser.wording(),
        }),
        _ => Err(parser.error("the trailer dictionary")),
    }
}

fn table_entry(parser: &mut Parser<'_>) -> Result<(Entry, (i64, i64)), OpenError> {
    let at = parser.pos();
    let wrong = || OpenError::CrossReference {
        offset: at,
        what: "an entry of the table",
    };
    let (Token::Integer(offset), Token::Integer(generation)) = (parser.token(), parser.token()) else {
        return Err(wrong());
    };
    let entry = match parser.token() {
        Token::Word(b"f") => Entry::Free,
        Token::Word(b"n") => match (usize::try_from(offset), u16::try_from(generation)) {
            // An object at the head of the file is none: some writers mark unused numbers so.
            (Ok(0), Ok(_)) => Entry::Free,
            (Ok(offset), Ok(generation)) => Entry::At { offset, generation },
            _ => return Err(wrong()),
        },
        _ => return Err(wrong()),
    };
    Ok((entry, (offset, generation)))
}

fn stream(data: &[u8], offset: usize, budget: &Budget) -> Result<Read, OpenError> {
    let wrong = |what| OpenError::CrossReference { offset, what };
    let mut parser = Parser::file(data, offset);
    let id: Id = parser.object_header()?;
    let read = parser.object();
    // Sections may lie in one another: each is paid for.
    budget.parse(parser.reach().saturating_sub(offset))?;
    let Object::Dict(dict) = read? else {
        return Err(wrong("no cross-reference stream"));
    };
    // PDFium leaves out the type and the end, and most find their way without.
    let kind = dict.get("Type");
    if kind.is_some_and(|kind| kind.name() != Some(b"XRef")) || !parser.keyword(b"stream") {
        return Err(wrong("no cross-reference stream"));
    }
    let is_typed = kind.is_some();
    parser.line_end();
    // 7.5.8.2: its length is a direct object.
    let length = dict
        .get("Length")
        .and_then(Object::integer)
        .and_then(|length| usize::try_from(length).ok());
    let raw = length
        .filter(|_| !filter::has_short_keys(&dict))
        .and_then(|length| parser.stream_bytes(length))
        .ok_or_else(|| wrong("the data of the stream"))?;
    let is_usual = is_typed && parser.keyword(b"endobj");
    let plain = filter::decode(raw, &dict, id.number, budget)?;

    let integers = |key: &str| -> Option<Vec<usize>> {
        let items = dict.get(key)?.array()?.iter();
        items.map(|item| usize::try_from(item.integer()?).ok()).collect()
    };
    let widths = integers("W").ok_or_else(|| wrong("W"))?;
    let &[kind, second, third] = &widths[..] else {
        return Err(wrong("W"));
    };
    let width = kind + second + third;
    if [kind, second, third].iter().any(|width| *width > 8) {
        return Err(wrong("W"));
    }
    let size = dict
        .get("Size")
        .and_then(Object::integer)
        .and_then(|size| usize::try_from(size).ok());
    let index = match dict.get("Index") {
        Some(_) => integers("Index").ok_or_else(|| wrong("Index"))?,
        None => vec![0, size.ok_or_else(|| wrong("Size"))?],
    };

    let mut wording = parser.wording();
    // Wider ones are no numbers to some. PDFBox writes of no width what lists nothing.
    if kind > 4 || third > 4 || width == 0 || !is_usual {
        wording = wording.max(Wording::Unusual);
    }
    let mut rows = plain.chunks_exact(width.max(1));
    let mut entries = Entries::new();
    for pair in index.chunks(2) {
        let &[first, count] = pair else {
            return Err(wrong("Index"));
        };
        for number in (first..).take(count) {
            if entries.len() >= MAX_PDF_OBJECTS {
                return Err(too_many());
            }
            let row = match rows.next() {
                Some(row) => row,
                None if width == 0 && number == 0 => continue,
                None => return Err(wrong("fewer entries than Index says")),
            };
            let number = u32::try_from(number).map_err(|_| wrong("an object number too large"))?;
            let (entry, written) =
                stream_entry(row, [kind, second]).ok_or_else(|| wrong("an entry of the stream"))?;
            wording = wording.max(written);
            if entries.insert(number, entry).is_some() {
                return Err(wrong("an object listed twice in one section"));
            }
        }
    }
    Ok(Read {
        entries,
        trailer: dict,
        trailer_at: offset,
        end: parser.pos(),
        wording,
    })
}

fn stream_entry(row: &[u8], [kind, second]: [usize; 2]) -> Option<(Entry, Wording)> {
    let number = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0_u64, |value, byte| value << 8 | u64::from(*byte))
    };
    let (kind, rest) = row.split_at_checked(kind)?;
    let (second, third) = rest.split_at_checked(second)?;
    let kind = if kind.is_empty() { 1 } else { number(kind) };
    let entry = match kind {
        0 => Entry::Free,
        // No object is at the head of the file; not all readers see that.
        1 if number(second) == 0 => return Some((Entry::Free, Wording::Unusual)),
        1 => Entry::At {
            offset: usize::try_from(number(second)).ok()?,
            generation: u16::try_from(number(third)).ok()?,
        },
        2 => Entry::In {
            container: u32::try_from(number(second)).ok()?,
            index: usize::try_from(number(third)).ok()?,
        },
        // To be taken for the null object (table 18); viewers go on to older entries.
        _ => return Some((Entry::Free, Wording::Ambiguous)),
    };
    Some((entry, Wording::Plain))
}
