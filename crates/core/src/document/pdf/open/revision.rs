//! Revisions: where each ends (ISO 32000-1 7.5.6), and what follows the last.

use std::{collections::BTreeMap, rc::Rc};

use super::{
    OpenError,
    parse::{is_space, is_usual_space},
    xref::{Entry, Section},
};
use crate::limits::MAX_PDF_SECTIONS;

/// A state of the file that some writer left complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revision {
    /// Offset of its newest cross-reference section.
    pub cross_reference: usize,
    /// Offset after its `%%EOF`, line end not counted.
    pub end: usize,
}

/// What one revision did to the objects of the file, by number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RevisionObjects {
    /// Numbers that were not in use before.
    pub added: Vec<u32>,
    /// Numbers that stood for another object before, or for the same one elsewhere.
    pub replaced: Vec<u32>,
    /// Numbers that stand for nothing any more.
    pub freed: Vec<u32>,
}

/// The objects of each revision, in the order of the file.
pub(super) fn objects(revisions: &[Revision], sections: &[Rc<Section>]) -> Vec<RevisionObjects> {
    let mut held: BTreeMap<u32, Entry> = BTreeMap::new();
    let mut oldest = sections.len();
    let mut found = Vec::with_capacity(revisions.len());
    for revision in revisions {
        let newest = sections
            .iter()
            .position(|section| section.offset == revision.cross_reference)
            .unwrap_or(oldest);
        // Its own sections are those that no revision before it leads to; the newest speaks last.
        let own = sections.get(newest..oldest).unwrap_or_default();
        let mut listed: BTreeMap<u32, Entry> = BTreeMap::new();
        for section in own.iter().rev() {
            let numbers = section.entries.keys().chain(section.hidden.keys());
            listed.extend(numbers.filter_map(|number| Some((*number, section.entry(*number)?))));
        }
        let mut objects = RevisionObjects::default();
        for (number, entry) in listed {
            let before = held.insert(number, entry).filter(|entry| *entry != Entry::Free);
            match (before, entry) {
                (None, Entry::Free) => {}
                (None, _) => objects.added.push(number),
                (Some(_), Entry::Free) => objects.freed.push(number),
                (Some(before), now) if before == now => {}
                (Some(_), _) => objects.replaced.push(number),
            }
        }
        found.push(objects);
        oldest = oldest.min(newest);
    }
    found
}

/// Every `startxref` in the file with the number after it and, where one follows, the end of the
/// `%%EOF`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    pub(super) at: usize,
    pub(super) target: usize,
    pub(super) end: Option<usize>,
    /// Whether blanks that every reader knows part its words.
    pub(super) is_exact: bool,
}

const START: &[u8] = b"startxref";
const END: &[u8] = b"%%EOF";

/// All marks in the order of the file.
pub(super) fn marks(data: &[u8]) -> Result<Vec<Mark>, OpenError> {
    let mut found = Vec::new();
    for at in memchr::memmem::find_iter(data, START) {
        found.extend(mark(data, at));
        if found.len() > MAX_PDF_SECTIONS {
            return Err(OpenError::Limit {
                what: "revisions",
                limit: MAX_PDF_SECTIONS,
            });
        }
    }
    Ok(found)
}

fn mark(data: &[u8], at: usize) -> Option<Mark> {
    let digits = blank(data, at + START.len());
    let count = data
        .get(digits..)?
        .iter()
        .take(MAX_DIGITS)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let target = std::str::from_utf8(data.get(digits..digits + count)?)
        .ok()?
        .parse()
        .ok()?;
    let behind = blank(data, digits + count);
    let end = data
        .get(behind..)
        .filter(|rest| rest.starts_with(END))
        .map(|_| behind + END.len());
    let parts = |from: usize, to: usize| {
        let between = data.get(from..to).unwrap_or_default();
        !between.is_empty() && between.iter().all(|byte| is_usual_space(*byte))
    };
    let is_exact = parts(at + START.len(), digits) && parts(digits + count, behind);
    Some(Mark {
        at,
        target,
        end,
        is_exact,
    })
}

/// Most white space between the parts of a mark; more is no mark.
const MAX_BLANK: usize = 64;

/// Digits that an offset in a file of ours can have, and some zeros before them.
const MAX_DIGITS: usize = 16;

/// Offset after the white space at an offset.
fn blank(data: &[u8], at: usize) -> usize {
    let rest = data.get(at..).unwrap_or_default();
    at + rest
        .iter()
        .take(MAX_BLANK)
        .take_while(|byte| is_space(**byte))
        .count()
}

/// The revisions in the order of the file: those marks that lead into the chain of sections. Others
/// belong to files embedded in this one, or to the first part of a linearised file.
pub(super) fn revisions(marks: &[Mark], sections: &[Rc<Section>]) -> Vec<Revision> {
    marks
        .iter()
        .filter(|mark| sections.iter().any(|section| section.offset == mark.target))
        .filter_map(|mark| {
            mark.end.map(|end| Revision {
                cross_reference: mark.target,
                end,
            })
        })
        .collect()
}

/// Length of the line end at an offset: 0, 1 or 2.
pub(super) fn line_end(data: &[u8], at: usize) -> usize {
    match data.get(at..) {
        Some([b'\r', b'\n', ..]) => 2,
        Some([b'\r' | b'\n', ..]) => 1,
        _ => 0,
    }
}
