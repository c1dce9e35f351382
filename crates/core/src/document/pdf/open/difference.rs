//! What later revisions changed of what a signature covers, and whether its signer allowed that.
//!
//! ```text
//!  signed revision (the file cut off at its end) ─┐
//!                                                 ├─▶ from the trailer down, place by place ─▶ changes
//!  final file ────────────────────────────────────┘
//! ```
//!
//! Not the bytes of the update are judged but the two documents: whatever a reader reaches from the trailer
//! of the final file must be what it reached in the signed revision. The walk knows the few places where
//! something may be added or filled in (fields, annotations, evidence, metadata) and at which DocMDP level;
//! everywhere else any difference is refused, under the name of what the reader would see changed. An object
//! that is used in two places is judged in both, so nothing becomes allowed by being shared.

mod change;
mod evidence;
mod fonts;
mod form;
mod letters;
mod look;
mod namesakes;
mod page;
mod plain;
mod same;
mod seen;
mod stated;
mod structure;
mod style;
mod tail;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

pub use self::change::{Change, ChangeKind, Difference, Permission, Standing};
use self::{
    same::{Role, Sides, holds_reference, keys, value},
    tail::Reading,
};
use super::{
    Coverage, ModificationLevel, OpenError, OpenedPdf, PdfSignature,
    lock::Locks,
    object::{Dict, Id, Object},
    parse::PANES,
    reader::{Loaded, Reader},
    revision, signature,
    xref::{self, Entry},
};

/// Compares the revision that a signature covers with the final file.
pub(super) fn compare(opened: &OpenedPdf<'_>, signature: &PdfSignature) -> Result<Difference, OpenError> {
    let refused = |kind| Difference {
        allowed: signature.modification_level,
        changes: vec![Change {
            kind,
            permission: Permission::Never,
            object: signature.object,
            page: None,
            place: String::new(),
        }],
    };

    // 1. The signed revision: the file cut off where the signature says it ends, opened anew, so that
    //    nothing of it can come from later bytes.
    let (Ok(range), Some(coverage)) = (&signature.byte_range, signature.coverage) else {
        return Ok(refused(ChangeKind::RevisionUnclear));
    };
    let budget = Rc::new(opened.history.share(opened.signatures().len()));
    let last = opened.reader.under(Rc::clone(&budget));
    let reading = tail::reading(opened, &last, range.end)?;
    if is_unseen(opened, range.end) || reading == Reading::Several {
        return Ok(refused(ChangeKind::UnseenRevision));
    }
    match coverage {
        Coverage::WholeFile => {
            return Ok(Difference {
                allowed: signature.modification_level,
                changes: Vec::new(),
            });
        }
        Coverage::Partial { .. } => return Ok(refused(ChangeKind::RevisionUnclear)),
        Coverage::Revision { .. } => {}
    }
    // The same string is encrypted anew at every place and time.
    if opened.reader.encrypted {
        return Err(OpenError::Encrypted);
    }
    let cut = opened.bytes().get(..range.end).unwrap_or_default();
    let marks = revision::marks(cut)?;
    let Some(mark) = marks.last() else {
        return Ok(refused(ChangeKind::RevisionUnclear));
    };
    let mut repairs = Vec::new();
    let sections = xref::chain(cut, mark.target, &budget, &mut repairs)?;
    let revisions = revision::revisions(&marks, &sections);
    let signed = opened.reader.beside(cut, sections, budget, repairs);
    let (Some(old), Some(new)) = (signed.trailer(), last.trailer()) else {
        return Ok(refused(ChangeKind::RevisionUnclear));
    };
    let root = signed.get(old, "Root")?.object;
    let Some(catalog) = root.dict() else {
        return Ok(refused(ChangeKind::RevisionUnclear));
    };
    let then = signature::find(&signed, catalog, &revisions)?;
    let Some(then) = then.iter().find(|then| then.byte_range == signature.byte_range) else {
        return Ok(refused(ChangeKind::RevisionUnclear));
    };

    // 2. The two documents.
    let mut comparison = Comparison {
        sides: Sides {
            signed: &signed,
            last: &last,
            landmarks: landmarks(&signed, old, catalog)?,
            proven: BTreeSet::new(),
            rewritten: BTreeSet::new(),
            judged: BTreeSet::new(),
            fonts_added: BTreeSet::new(),
        },
        signatures: opened.signatures(),
        signed_end: range.end,
        certifies: then.certifies || then.locks.certifies,
        is_free: then.modification_level.is_none(),
        is_closed: then.modification_level == Some(ModificationLevel::None),
        locks: then.locks.clone(),
        new_widgets: BTreeMap::new(),
        signed_widgets: BTreeSet::new(),
        covered: BTreeMap::new(),
        notes: BTreeMap::new(),
        fields: BTreeSet::new(),
        redraws: false,
        is_drawn_by_viewers: false,
        lacks_style: false,
        given_up: BTreeSet::new(),
        page: None,
        widgets: BTreeMap::new(),
        filled: BTreeMap::new(),
        values: BTreeMap::new(),
        names_filled: BTreeSet::new(),
        names_added: Vec::new(),
        signed_pages: catalog.get("Pages").cloned(),
        signed_form: catalog.get("AcroForm").cloned(),
        visited: BTreeSet::new(),
        changes: BTreeSet::new(),
    };
    let permission = Permission::Unclear(ModificationLevel::None);
    if reading == Reading::Mended {
        comparison.note(ChangeKind::UnseenRevision, permission, 0, "xref");
    }
    if has_two_readings(opened, range.end) {
        comparison.note(ChangeKind::UnseenRevision, permission, 0, "XRefStm");
    }
    // Blanks alone follow the last revision.
    let is_last = |index: usize| index + 1 == opened.revisions().len();
    if comparison.is_closed && matches!(coverage, Coverage::Revision { index, .. } if is_last(index)) {
        let permission = Permission::Unclear(ModificationLevel::None);
        comparison.note(ChangeKind::ObjectAdded, permission, 0, "");
    }
    comparison.trailer(old, new, catalog, &opened.catalog)?;
    comparison.fonts_added()?;
    comparison.overwritten()?;
    comparison.unused()?;
    let pages = comparison.widgets;
    let mut changes: Vec<Change> = comparison.changes.into_iter().collect();
    for change in &mut changes {
        change.page = change.page.or_else(|| pages.get(&change.object).copied());
    }
    Ok(Difference {
        allowed: then.modification_level,
        changes,
    })
}

/// Whether bytes follow that a strict reader does not reach and a repairing one may: after the last
/// revision, or in a revision whose cross-reference data are those of an earlier one.
fn is_unseen(opened: &OpenedPdf<'_>, signed_end: usize) -> bool {
    let revisions = opened.revisions();
    let stale = revisions.windows(2).any(|pair| {
        matches!(pair, [before, after]
            if after.end > signed_end && after.cross_reference < before.end)
    });
    let hybrid = opened.reader.sections.iter().any(|section| {
        let before = revisions.iter().rfind(|revision| revision.end <= section.offset);
        let stream = section.trailer.get("XRefStm").and_then(Object::integer);
        // A stream that lists nothing is what writers leave who copy the trailer before.
        section.offset >= signed_end
            && section.hidden.keys().any(|number| *number != 0)
            && stream.is_some_and(|at| {
                usize::try_from(at).is_ok_and(|at| before.is_some_and(|before| at < before.end))
            })
    });
    stale || hybrid || opened.trailing_bytes() > 0 || tail::begins_elsewhere(opened)
}

/// Whether readers that know no cross-reference streams see something else than the others: what only the
/// stream of a hybrid revision lists, they see as it was before.
fn has_two_readings(opened: &OpenedPdf<'_>, signed_end: usize) -> bool {
    let mut used = BTreeSet::new();
    opened.reader.sections.iter().rev().any(|section| {
        let is_ambiguous = section.offset >= signed_end
            && section
                .hidden
                .iter()
                .any(|(number, entry)| used.contains(number) && section.entries.get(number) != Some(entry));
        let entries = section.entries.iter().chain(&section.hidden);
        let in_use = entries.filter(|(_, entry)| **entry != Entry::Free);
        used.extend(in_use.map(|(number, _)| *number));
        is_ambiguous
    })
}

/// Whether what changes under such a name is what the face is painted from.
fn paints(kind: ChangeKind) -> bool {
    matches!(
        kind,
        ChangeKind::AppearanceWithoutValue
            | ChangeKind::Font
            | ChangeKind::OptionalContent
            | ChangeKind::PageContent
            | ChangeKind::Resources
    )
}

/// Objects that the walk judges in their own right. What merely stands in their lists is judged as what it is.
fn landmarks(reader: &Reader<'_>, trailer: &Dict, catalog: &Dict) -> Result<BTreeSet<Id>, OpenError> {
    let mut found = BTreeSet::new();
    found.extend(trailer.get("Root").and_then(Object::reference));
    let mut kids_of = |dict: &Dict, key: &str| -> Result<Vec<Object>, OpenError> {
        let kids = reader.get(dict, key)?.object;
        let kids = kids.array().unwrap_or_default().to_vec();
        for id in kids.iter().filter_map(Object::reference) {
            match reader.load(id) {
                Ok(loaded) if is_node(&loaded) => {
                    found.insert(id);
                }
                Err(limit @ OpenError::Limit { .. }) => return Err(limit),
                _ => {}
            }
        }
        Ok(kids)
    };
    let form = reader.get(catalog, "AcroForm")?.object;
    if let Some(form) = form.dict() {
        let fields = kids_of(form, "Fields")?;
        reader.walk(&fields, (), |field, ()| match field.object.dict() {
            Some(dict) => Ok((kids_of(dict, "Kids")?, ())),
            None => Ok((Vec::new(), ())),
        })?;
    }
    let root: Vec<Object> = catalog.get("Pages").cloned().into_iter().collect();
    reader.walk(&root, (), |node, ()| match node.object.dict() {
        Some(dict) => {
            kids_of(dict, "Annots")?;
            Ok((kids_of(dict, "Kids")?, ()))
        }
        None => Ok((Vec::new(), ())),
    })?;
    found.extend(root.iter().filter_map(Object::reference));
    Ok(found)
}

/// Whether it is a page or a node above pages, an annotation or a field.
fn is_node(loaded: &Loaded) -> bool {
    let dict = loaded.object.dict().filter(|_| !loaded.is_stream());
    dict.is_some_and(|dict| {
        let kind = dict.get("Type").and_then(Object::name);
        matches!(kind, Some(b"Page" | b"Pages"))
            || ["FT", "Kids", "Subtype", "T"]
                .iter()
                .any(|key| dict.get(key).is_some())
    })
}

/// Whether it is a cross-reference stream or a container of objects.
fn is_bookkeeping(loaded: &Loaded) -> bool {
    let kind = loaded.object.dict().and_then(|dict| dict.get("Type"));
    matches!(kind.and_then(Object::name), Some(b"XRef" | b"ObjStm"))
}

/// Whether it is too little to show anything if something led to it.
fn is_bare(loaded: &Loaded) -> bool {
    !matches!(loaded.object, Object::Dict(_) | Object::Array(_))
}

struct Comparison<'r, 'a> {
    sides: Sides<'r, 'a>,
    /// All signatures of the final file.
    signatures: &'r [PdfSignature],
    signed_end: usize,
    certifies: bool,
    /// Whether the signature does not state what may be changed.
    is_free: bool,
    /// Whether it states that nothing may be.
    is_closed: bool,
    locks: Locks,
    /// Widgets of signature fields that are new or newly signed, and the level they need.
    new_widgets: BTreeMap<Id, ModificationLevel>,
    /// Those of them whose field bears a signature.
    signed_widgets: BTreeSet<Id>,
    /// How much of each page they cover, in square points.
    covered: BTreeMap<Id, f64>,
    /// How many notes came to each page.
    notes: BTreeMap<Id, usize>,
    /// Fields of the signed revision that were compared.
    fields: BTreeSet<Id>,
    /// Whether viewers draw all fields anew, whatever looks are stored.
    redraws: bool,
    /// Whether a field has a value and, before or after, no look, or all are drawn anew: viewers draw it.
    is_drawn_by_viewers: bool,
    /// Whether a field with a value leaves to the form what it is drawn with.
    lacks_style: bool,
    /// Appearances that were replaced by others.
    given_up: BTreeSet<Id>,
    /// The page that is being compared, counted from 1.
    page: Option<usize>,
    /// The page of each annotation, by its object number.
    widgets: BTreeMap<u32, usize>,
    /// Widgets of fields that were filled in, by their object number.
    filled: BTreeMap<u32, look::Filled>,
    /// What fields have for values, by their full names.
    values: BTreeMap<String, Vec<Object>>,
    /// Full names of those that were filled in.
    names_filled: BTreeSet<String>,
    /// Full names of new fields, with the objects that have them.
    names_added: Vec<(String, u32)>,
    /// The tree of pages as it was signed.
    signed_pages: Option<Object>,
    /// The form as it was signed.
    signed_form: Option<Object>,
    /// Landmarks that were judged where they belong.
    visited: BTreeSet<Id>,
    changes: BTreeSet<Change>,
}

impl Comparison<'_, '_> {
    fn note(&mut self, kind: ChangeKind, permission: Permission, object: u32, place: impl Into<String>) {
        self.changes.insert(Change {
            kind,
            permission,
            object,
            page: self.page,
            place: place.into(),
        });
    }

    fn refuse(&mut self, kind: ChangeKind, object: u32, place: impl Into<String>) {
        self.note(kind, Permission::Never, object, place);
    }

    /// Notes keys of null that came or went: to some readers there is a value, which is none, and nothing is inherited.
    fn stray_nulls(&mut self, kind: ChangeKind, object: u32, (old, new): (&Dict, &Dict)) {
        for key in same::stray_nulls(old, new) {
            let permission = Permission::Unclear(ModificationLevel::None);
            self.note(kind, permission, object, String::from_utf8_lossy(key));
        }
    }

    /// Notes a change as the first kind where it is sound, and refuses it as the second where it is not.
    fn decide(
        &mut self,
        is_sound: bool,
        [sound, unsound]: [ChangeKind; 2],
        permission: Permission,
        (object, place): (u32, &str),
    ) {
        if is_sound {
            self.note(sound, permission, object, place);
        } else {
            self.refuse(unsound, object, place);
        }
    }

    /// Refuses any difference between two values. `holder` is the object they stand in.
    fn strict(
        &mut self,
        kind: ChangeKind,
        holder: u32,
        key: &[u8],
        (signed, last): (&Object, &Object),
    ) -> Result<(), OpenError> {
        let role = Role {
            paints: paints(kind),
            ..Role::default()
        };
        if let Some(object) = self.sides.mismatch_as(role.of_entry(key), signed, last)? {
            let object = if object == 0 { holder } else { object };
            self.refuse(kind, object, String::from_utf8_lossy(key));
        }
        for object in std::mem::take(&mut self.sides.rewritten) {
            let permission = Permission::Unclear(ModificationLevel::None);
            self.note(
                ChangeKind::Rewritten,
                permission,
                object,
                String::from_utf8_lossy(key),
            );
        }
        Ok(())
    }

    /// As [`strict`](Self::strict), for entries of unknown meaning: they may show what a field showed, so
    /// an appearance that they lead to is not given up for another.
    fn foreign(
        &mut self,
        kind: ChangeKind,
        holder: u32,
        key: &[u8],
        pair: (&Object, &Object),
    ) -> Result<(), OpenError> {
        self.strict(kind, holder, key, pair)?;
        if let Some(id) = pair.0.reference()
            && self.given_up.contains(&id)
        {
            self.refuse(kind, id.number, String::from_utf8_lossy(key));
        }
        Ok(())
    }

    /// Objects of the signed revision that were overwritten though nothing in it led to them: content kept
    /// ready, or numbers taken to mislead.
    fn overwritten(&mut self) -> Result<(), OpenError> {
        let sections = self.sides.signed.sections.iter();
        let entries = sections.flat_map(|section| section.entries.values().chain(section.hidden.values()));
        let containers: BTreeSet<u32> = entries
            .filter_map(|entry| match entry {
                Entry::In { container, .. } => Some(*container),
                _ => None,
            })
            .collect();
        for number in self.later() {
            let Some(generation) = self.sides.signed.entry(number).and_then(Entry::generation) else {
                continue;
            };
            let id = Id { number, generation };
            // What hangs where nobody looks for it: below a field that stands in an array, on a node above pages.
            if self.sides.landmarks.contains(&id) && !self.visited.contains(&id) {
                if !self.sides.is_untouched(number) {
                    self.refuse(ChangeKind::ObjectOverwritten, number, "");
                }
                continue;
            }
            let is_freed = matches!(self.sides.last.entry(number), None | Some(Entry::Free));
            if is_freed || self.sides.judged.contains(&number) || self.sides.landmarks.contains(&id) {
                continue;
            }
            // What the file keeps its books in is numbered as objects are. A container of objects is not
            // overwritten by anybody who means well: all that is in it would change unsaid.
            if is_bookkeeping(&self.sides.signed.load(id)?) && !containers.contains(&number) {
                continue;
            }
            let reference = Object::Reference(id);
            if self.sides.mismatch(&reference, &reference)?.is_some() {
                self.refuse(ChangeKind::ObjectOverwritten, number, "");
            }
        }
        Ok(())
    }

    /// Numbers that later revisions list.
    fn later(&self) -> BTreeSet<u32> {
        let sections = self.sides.last.sections.iter();
        let later = sections.filter(|section| section.offset >= self.signed_end);
        later
            .flat_map(|section| section.entries.keys().chain(section.hidden.keys()))
            .copied()
            .collect()
    }

    /// Objects of later revisions that nothing leads to, nor did before it was written anew. They show nothing; but
    /// whoever certified against every change did not mean them either.
    fn unused(&mut self) -> Result<(), OpenError> {
        let last = self.sides.last;
        let later = || {
            last.sections
                .iter()
                .filter(|section| section.offset >= self.signed_end)
        };
        let mut versions: BTreeMap<u32, Vec<Entry>> = BTreeMap::new();
        for (number, entry) in later().flat_map(|section| section.entries.iter().chain(&section.hidden)) {
            versions.entry(*number).or_default().push(*entry);
        }
        let is_new = |number: u32| matches!(self.sides.signed.entry(number), None | Some(Entry::Free));
        let (new, mut todo): (Vec<u32>, Vec<u32>) =
            versions.keys().copied().partition(|number| is_new(*number));
        // Only what was changed can lead to what is new.
        for section in later() {
            let leads = section.trailer.iter().flat_map(|(_, value)| value.references());
            todo.extend(leads.map(|id| id.number));
        }
        let mut reached = BTreeSet::new();
        while let Some(number) = todo.pop() {
            let Some(entries) = versions.get(&number).filter(|_| reached.insert(number)) else {
                continue;
            };
            for entry in entries {
                let Some(generation) = entry.generation() else {
                    continue;
                };
                match last.written(Id { number, generation }, *entry) {
                    Err(limit @ OpenError::Limit { .. }) => return Err(limit),
                    Err(_) => {}
                    Ok(written) => todo.extend(written.object.references().iter().map(|id| id.number)),
                }
            }
        }
        let permission = if self.is_closed {
            Permission::Unclear(ModificationLevel::None)
        } else {
            Permission::From(ModificationLevel::None)
        };
        for number in new.into_iter().filter(|number| !reached.contains(number)) {
            let Some(generation) = last.entry(number).and_then(Entry::generation) else {
                continue;
            };
            let loaded = last.load(Id { number, generation });
            if !loaded.is_ok_and(|loaded| is_bookkeeping(&loaded) || is_bare(&loaded)) {
                self.note(ChangeKind::ObjectAdded, permission, number, "");
            }
        }
        Ok(())
    }

    fn trailer(
        &mut self,
        old: &Dict,
        new: &Dict,
        old_catalog: &Dict,
        catalog: &Dict,
    ) -> Result<(), OpenError> {
        self.visited.extend(old.get("Root").and_then(Object::reference));
        self.stray_nulls(ChangeKind::Trailer, 0, (old, new));
        let root = new.get("Root").and_then(Object::reference);
        self.catalog(root.map_or(0, |id| id.number), old_catalog, catalog)?;
        for key in keys(old, new) {
            let pair = (&value(old, key), &value(new, key));
            match key {
                // How the section is written, and the identifier that each writer renews.
                b"Size" | b"Prev" | b"XRefStm" | b"Type" | b"W" | b"Index" | b"Length" | b"Filter"
                | b"DecodeParms"
                    if !holds_reference(pair.1) => {}
                // It names the document for programs that keep many. Readers show nothing of it, and where
                // nothing is encrypted nothing is derived from it (14.4).
                b"ID" => {
                    let first = |reader: &Reader<'_>, id: &Object| -> Result<Object, OpenError> {
                        let id = reader.follow(id)?.object;
                        let first = id.array().and_then(|id| id.first());
                        first.map_or(Ok(Object::Null), |first| Ok(reader.follow(first)?.object))
                    };
                    let was = first(self.sides.signed, pair.0)?;
                    let is = first(self.sides.last, pair.1)?;
                    if was.string() != is.string() {
                        let permission = Permission::From(ModificationLevel::None);
                        self.note(ChangeKind::Trailer, permission, 0, "ID");
                    }
                }
                // Some writers give the catalogue another number; what is in it is compared all the same.
                b"Root" => {
                    let is_fresh = pair.1.reference().is_some_and(|id| {
                        pair.0.reference() == Some(id) || self.sides.signed.entry(id.number).is_none()
                    });
                    if !is_fresh {
                        self.refuse(ChangeKind::Catalog, 0, "Root");
                    }
                }
                b"Info" => self.information(pair)?,
                b"Encrypt" => self.strict(ChangeKind::Trailer, 0, key, pair)?,
                // Marks that one program leaves for itself, such as a checksum of the content, and others drop.
                _ if self.is_mark(pair)? => {
                    let permission = Permission::From(ModificationLevel::None);
                    self.note(ChangeKind::Trailer, permission, 0, String::from_utf8_lossy(key));
                }
                _ => self.foreign(ChangeKind::Trailer, 0, key, pair)?,
            }
        }
        Ok(())
    }

    /// Whether two values that differ are bare ones: they lead to nothing that could be shown.
    fn is_mark(&mut self, (old, new): (&Object, &Object)) -> Result<bool, OpenError> {
        let is_bare =
            |object: &Object| !matches!(object, Object::Dict(_) | Object::Array(_) | Object::Reference(_));
        Ok(is_bare(old) && is_bare(new) && self.sides.mismatch(old, new)?.is_some())
    }

    fn catalog(&mut self, number: u32, old: &Dict, new: &Dict) -> Result<(), OpenError> {
        self.stray_nulls(ChangeKind::Catalog, number, (old, new));
        // Fields come before pages: a widget on a page is known by its field.
        self.form((&value(old, b"AcroForm"), &value(new, b"AcroForm")))?;
        for key in keys(old, new) {
            let pair = (&value(old, key), &value(new, key));
            let kind = match key {
                b"AcroForm" => continue,
                b"Pages" => {
                    self.pages(pair)?;
                    continue;
                }
                b"DSS" => {
                    self.evidence(pair)?;
                    continue;
                }
                b"Metadata" => {
                    self.packet(pair)?;
                    continue;
                }
                b"Extensions" => {
                    self.extensions(pair)?;
                    continue;
                }
                b"Version" => {
                    self.version(number, pair)?;
                    continue;
                }
                b"StructTreeRoot" => {
                    self.structure(pair)?;
                    continue;
                }
                b"Names" => {
                    self.names(pair)?;
                    continue;
                }
                // A pane of the viewer opens. Some programs say so of every file with attachments.
                b"PageMode" if PANES.iter().any(|pane| pair.1.name() == Some(pane)) => {
                    // Of two that were signed either was opened.
                    let was_stated = old.iter().any(|held| held == (key, pair.1));
                    if !was_stated && self.sides.mismatch(pair.0, pair.1)?.is_some() {
                        let permission = Permission::Unclear(ModificationLevel::FormFilling);
                        self.note(ChangeKind::Catalog, permission, number, "PageMode");
                    }
                    continue;
                }
                b"OpenAction" | b"AA" => ChangeKind::Action,
                b"Dests" | b"AF" => ChangeKind::Names,
                b"OCProperties" => ChangeKind::OptionalContent,
                b"Perms" => ChangeKind::Permissions,
                _ => {
                    self.foreign(ChangeKind::Catalog, number, key, pair)?;
                    continue;
                }
            };
            self.strict(kind, number, key, pair)?;
        }
        Ok(())
    }
}
