//! Earlier revisions, and signatures that one of them held and the final file does not.
//!
//! Each signature of the final file is compared with what came after it, and so guards those before it. One
//! that nobody guarded can be taken away without a trace in that comparison; it is looked for here.

use std::{collections::BTreeSet, ops::Range, rc::Rc};

use super::{
    OpenError, OpenedPdf, PdfSignature, filter::Budget, object::Object, reader::Reader, revision::line_end,
    signature,
};

/// A signature that was taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostSignature {
    /// Full names of the fields that held it.
    pub fields: Vec<String>,
    /// Object number of its dictionary; 0 where it stood directly in the field.
    pub object: u32,
    /// Position of the last revision that holds it, in [`OpenedPdf::revisions`].
    pub revision: usize,
}

/// The signed bytes, which tell a signature from every other.
fn place(signature: &PdfSignature) -> Option<(Range<usize>, usize)> {
    let range = signature.byte_range.as_ref().ok()?;
    Some((range.gap.clone(), range.end))
}

/// Looks through the revisions from the newest but one to the oldest.
pub(super) fn lost(opened: &OpenedPdf<'_>) -> Result<Vec<LostSignature>, OpenError> {
    let revisions = opened.revisions();
    let mut known: Vec<_> = opened.signatures().iter().filter_map(place).collect();
    let mut found = Vec::new();
    for (index, reader) in earlier(opened, &opened.history) {
        let Some(trailer) = reader.trailer() else { continue };
        let Object::Dict(catalog) = reader.get(trailer, "Root")?.object else {
            continue;
        };
        let until = revisions.get(..=index).unwrap_or_default();
        for signature in signature::find(&reader, &catalog, until)? {
            let Some(place) = place(&signature).filter(|place| !known.contains(place)) else {
                continue;
            };
            known.push(place);
            found.push(LostSignature {
                fields: signature.fields,
                object: signature.object,
                revision: index,
            });
        }
    }
    Ok(found)
}

/// The states of the file before the last, from the newest to the oldest, with their positions in
/// [`OpenedPdf::revisions`].
pub(super) fn earlier<'o, 'a>(
    opened: &'o OpenedPdf<'a>,
    budget: &'o Rc<Budget>,
) -> impl Iterator<Item = (usize, Reader<'a>)> + 'o {
    let mut seen = BTreeSet::new();
    let revisions = opened.revisions().iter().enumerate().rev().skip(1);
    revisions.filter_map(move |(index, revision)| {
        // The sections of a revision are those that its newest one leads to.
        let sections = &opened.reader.sections;
        let newest = sections
            .iter()
            .position(|section| section.offset == revision.cross_reference);
        let sections = newest
            .and_then(|newest| sections.get(newest..))
            .unwrap_or_default();
        // A linearised file states its end twice, and has one state.
        let is_partial = sections.iter().any(|section| section.offset >= revision.end);
        if is_partial || !seen.insert(revision.cross_reference) {
            return None;
        }
        // A signature may take in the line end after the mark.
        let end = revision.end + line_end(opened.bytes(), revision.end);
        let bytes = opened.bytes().get(..end).unwrap_or_default();
        let reader = opened
            .reader
            .beside(bytes, sections.to_vec(), Rc::clone(budget), Vec::new());
        Some((index, reader))
    })
}
