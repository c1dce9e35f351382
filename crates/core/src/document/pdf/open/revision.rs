//! Revisions: where each ends (ISO 32000-1 7.5.6), and what follows the last.

use super::{
    parse::{Parser, Token, is_space},
    xref::Section,
};

/// A state of the file that some writer left complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revision {
    /// Offset of its newest cross-reference section.
    pub cross_reference: usize,
    /// Offset after its `%%EOF`, line end not counted.
    pub end: usize,
}

/// Every `startxref` in the file with the number after it and, where one follows, the end of the
/// `%%EOF`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    pub(super) at: usize,
    pub(super) target: usize,
    pub(super) end: Option<usize>,
}

const START: &[u8] = b"startxref";
const END: &[u8] = b"%%EOF";

/// All marks in the order of the file.
pub(super) fn marks(data: &[u8]) -> Vec<Mark> {
    let mut found = Vec::new();
    let mut pos = 0;
    while let Some(skip) = data
        .get(pos..)
        .and_then(|rest| rest.iter().position(|byte| *byte == b's'))
    {
        let at = pos + skip;
        pos = at + 1;
        if data.get(at..).is_some_and(|rest| rest.starts_with(START)) {
            found.extend(mark(data, at));
        }
    }
    found
}

fn mark(data: &[u8], at: usize) -> Option<Mark> {
    let mut parser = Parser::file(data, at + START.len());
    let target = match parser.token() {
        Ok(Token::Integer(target)) => usize::try_from(target).ok()?,
        _ => return None,
    };
    let mut end = parser.pos();
    while data.get(end).copied().is_some_and(is_space) {
        end += 1;
    }
    let end = data
        .get(end..)
        .filter(|rest| rest.starts_with(END))
        .map(|_| end + END.len());
    Some(Mark { at, target, end })
}

/// The revisions in the order of the file: those marks that lead into the chain of sections. Others
/// belong to files embedded in this one, or to the first part of a linearised file.
pub(super) fn revisions(marks: &[Mark], sections: &[Section]) -> Vec<Revision> {
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
