//! Pages: what is on them does not change; what lies beside it may come.

use std::rc::Rc;

use super::{
    super::{
        ModificationLevel, OpenError,
        parse::{Dict, Id, Object},
    },
    ChangeKind, Comparison, Permission,
    form::{area, rectangle},
    same::{keys, value},
};
use crate::limits::MAX_PDF_TREE;

const NOTING: Permission = Permission::From(ModificationLevel::Annotations);

/// Annotations that a viewer shows as a note or a mark, never as part of the face, where it draws them
/// itself.
const NOTES: [&[u8]; 2] = [b"Popup", b"Text"];

/// What a page has from the nodes above it where it has none of its own (7.7.3.4).
const INHERITABLE: [&str; 4] = ["CropBox", "MediaBox", "Resources", "Rotate"];

/// Longest side of a note's icon, in points.
const ICON: f64 = 60.0;

/// The largest part of a page that all new signatures together may cover.
const SIGNATURE_SHARE: f64 = 0.25;

/// Entries that a new note may have; nothing that acts or draws elsewhere.
const OF_NOTES: [&[u8]; 27] = [
    b"AP",
    b"AS",
    b"Border",
    b"C",
    b"CA",
    b"Contents",
    b"CreationDate",
    b"F",
    b"IRT",
    b"M",
    b"NM",
    b"Name",
    b"Open",
    b"P",
    b"Parent",
    b"Popup",
    b"RC",
    b"RT",
    b"Rect",
    b"State",
    b"StateModel",
    b"Subj",
    b"Subtype",
    b"T",
    b"Type",
    b"Rotate",
    b"StructParent",
];

impl Comparison<'_, '_> {
    /// The page tree: the same nodes in the same order, each with what it had.
    pub(super) fn pages(&mut self, (old, new): (&Object, &Object)) -> Result<(), OpenError> {
        let mut todo = vec![(
            old.clone(),
            new.clone(),
            None::<[f64; 4]>,
            Rc::new(Dict::default()),
        )];
        let (mut count, mut pages) = (0, 0);
        while let Some((old, new, inherited, above)) = todo.pop() {
            let Some(id) = new.reference().filter(|_| old == new) else {
                let at = new.reference().or(old.reference()).map_or(0, |id| id.number);
                self.refuse(ChangeKind::PageTree, at, "Kids");
                continue;
            };
            count += 1;
            if count > MAX_PDF_TREE {
                return Err(OpenError::Limit {
                    what: "nodes of one tree",
                    limit: MAX_PDF_TREE,
                });
            }
            let before = self.sides.signed.load(id)?;
            let after = self.sides.last.load(id)?;
            let (Some(before), Some(after), false) =
                (before.object.dict(), after.object.dict(), after.is_stream())
            else {
                self.refuse(ChangeKind::PageTree, id.number, "Kids");
                continue;
            };
            let media = rectangle(self.sides.last, &value(after, b"MediaBox"))?.or(inherited);
            self.sides.pass(&value(before, b"Kids"));
            let was = self.sides.signed.follow(&value(before, b"Kids"))?.object;
            let is = self.sides.last.follow(&value(after, b"Kids"))?.object;
            if was.array().is_none() {
                pages += 1;
                self.page = Some(pages);
            }
            self.node(id, before, after, (media, &above))?;
            self.page = None;
            let mut here = Rc::clone(&above);
            for key in INHERITABLE {
                if let Some(own) = before.get(key) {
                    Rc::make_mut(&mut here).set(key, own.clone());
                }
            }
            let (was, is) = (was.array().unwrap_or_default(), is.array().unwrap_or_default());
            if was.len() != is.len() {
                self.refuse(ChangeKind::PageTree, id.number, "Kids");
            }
            let pairs = was.iter().cloned().zip(is.iter().cloned());
            todo.extend(pairs.rev().map(|(was, is)| (was, is, media, Rc::clone(&here))));
        }
        Ok(())
    }

    fn node(
        &mut self,
        id: Id,
        old: &Dict,
        new: &Dict,
        (media, above): (Option<[f64; 4]>, &Dict),
    ) -> Result<(), OpenError> {
        for key in keys(old, new) {
            let (mut was, is) = (value(old, key), value(new, key));
            // What a page inherits, some writers put into the page itself.
            if was == Object::Null && self.page.is_some() {
                was = above.value(key).cloned().unwrap_or(Object::Null);
            }
            let pair = (&was, &is);
            let kind = match key {
                // The walk itself compares the kids.
                b"Kids" if matches!(self.sides.last.follow(pair.1)?.object, Object::Array(_)) => continue,
                b"Annots" if self.page.is_some() => {
                    self.annotations(id, pair, media)?;
                    continue;
                }
                b"Resources" => {
                    self.resources(id, pair)?;
                    continue;
                }
                // For fields that come: the order they are reached in, their place in the structure tree.
                b"Tabs" if *pair.0 == Object::Null && pair.1.name() == Some(b"S") => continue,
                b"StructParents" if *pair.0 == Object::Null && pair.1.integer().is_some() => continue,
                // The mark that one writer leaves on each tree it passes through.
                b"ITXT" if self.sides.last.follow(pair.1)?.object.string().is_some() => continue,
                b"Contents" => ChangeKind::PageContent,
                b"Parent" | b"Kids" | b"Count" | b"Type" => ChangeKind::PageTree,
                b"AA" => ChangeKind::Action,
                _ => ChangeKind::PageProperties,
            };
            self.strict(kind, id.number, key, pair)?;
        }
        Ok(())
    }

    fn resources(&mut self, page: Id, (old, new): (&Object, &Object)) -> Result<(), OpenError> {
        self.sides.pass(old);
        let before = self.sides.signed.follow(old)?.object;
        let after = self.sides.last.follow(new)?.object;
        let (Some(before), Some(after)) = (before.dict(), after.dict()) else {
            return self.strict(ChangeKind::Resources, page.number, b"Resources", (old, new));
        };
        for key in keys(before, after) {
            let kind = match key {
                b"Font" => ChangeKind::Font,
                b"Properties" => ChangeKind::OptionalContent,
                _ => ChangeKind::Resources,
            };
            self.strict(kind, page.number, key, (&value(before, key), &value(after, key)))?;
        }
        Ok(())
    }

    /// Annotations of a page: those that were there stay in their order, new ones are widgets of new
    /// signatures, or notes.
    fn annotations(
        &mut self,
        page: Id,
        (old, new): (&Object, &Object),
        media: Option<[f64; 4]>,
    ) -> Result<(), OpenError> {
        self.sides.pass(old);
        let before = self.sides.signed.follow(old)?.object;
        let after = self.sides.last.follow(new)?.object;
        let is_list = |object: &Object| matches!(object, Object::Null | Object::Array(_));
        if !is_list(&after) {
            return self.strict(ChangeKind::AnnotationChanged, page.number, b"Annots", (old, new));
        }
        let before = before.array().unwrap_or_default();
        let mut waiting = before.iter().peekable();
        for annotation in after.array().unwrap_or_default() {
            if let (Some(id), Some(page)) = (annotation.reference(), self.page) {
                self.widgets.entry(id.number).or_insert(page);
            }
            if let Some(held) = waiting.peek().copied() {
                let is_held = match (held.reference(), annotation.reference()) {
                    (Some(a), Some(b)) => a == b,
                    (None, None) => self.sides.mismatch(held, annotation)?.is_none(),
                    _ => false,
                };
                if is_held {
                    waiting.next();
                    if let Some(id) = annotation.reference() {
                        self.kept_annotation(id)?;
                    }
                    continue;
                }
            }
            self.new_annotation(page, annotation, media)?;
        }
        if let Some(lost) = waiting.next() {
            let at = lost.reference().map_or(page.number, |id| id.number);
            self.refuse(ChangeKind::AnnotationRemoved, at, "Annots");
        }
        Ok(())
    }

    /// An annotation that was there. A widget is judged as the field it belongs to.
    fn kept_annotation(&mut self, id: Id) -> Result<(), OpenError> {
        if self.fields.contains(&id) {
            return Ok(());
        }
        let before = self.sides.signed.load(id)?;
        let after = self.sides.last.load(id)?;
        let (Some(before), Some(after_dict), false) =
            (before.object.dict(), after.object.dict(), after.is_stream())
        else {
            let same = Object::Reference(id);
            return self.strict(
                ChangeKind::AnnotationRemoved,
                id.number,
                b"Annots",
                (&same, &same),
            );
        };
        for key in keys(before, after_dict) {
            let pair = (&value(before, key), &value(after_dict, key));
            let kind = match key {
                b"A" | b"AA" => ChangeKind::Action,
                _ => ChangeKind::AnnotationChanged,
            };
            self.strict(kind, id.number, key, pair)?;
        }
        Ok(())
    }

    fn new_annotation(
        &mut self,
        page: Id,
        annotation: &Object,
        media: Option<[f64; 4]>,
    ) -> Result<(), OpenError> {
        let reader = self.sides.last;
        let number = annotation.reference().map_or(page.number, |id| id.number);
        let loaded = reader.follow(annotation)?;
        let Some(dict) = loaded.object.dict().filter(|_| !loaded.is_stream()) else {
            self.refuse(ChangeKind::AnnotationOverFace, number, "Annots");
            return Ok(());
        };
        let seen = area(reader, dict)?;
        let size = |[left, bottom, right, top]: [f64; 4]| (right - left, top - bottom);
        if let Some(level) = annotation.reference().and_then(|id| self.new_widgets.get(&id)) {
            let Some((width, height)) = seen.map(size) else {
                return Ok(());
            };
            let whole = media.map_or(0.0, |media| size(media).0 * size(media).1);
            let covered = self.covered.entry(page).or_default();
            *covered += width * height;
            // Whoever certified a document laid out where others sign.
            if *level != ModificationLevel::FormFilling
                || self.certifies
                || *covered > SIGNATURE_SHARE * whole
            {
                self.refuse(ChangeKind::SignatureOverFace, number, "Annots");
            } else if dict.get("AP").is_some()
                && !annotation
                    .reference()
                    .is_some_and(|id| self.signed_widgets.contains(&id))
            {
                // Nobody stands behind a picture that is laid over the page as an empty field.
                let permission = Permission::Unclear(ModificationLevel::FormFilling);
                self.note(ChangeKind::SignatureOverFace, permission, number, "Annots");
            }
            return Ok(());
        }
        let subtype = reader.get(dict, "Subtype")?.object;
        // A bare value under another key, which some programs leave, does nothing.
        let mut is_note = subtype.name().is_some_and(|name| NOTES.contains(&name));
        for (key, value) in dict.iter() {
            let is_known = OF_NOTES.contains(&key);
            is_note &=
                is_known || !matches!(reader.follow(value)?.object, Object::Dict(_) | Object::Array(_));
        }
        let is_small = subtype.name() == Some(b"Popup") && dict.get("AP").is_none()
            || seen
                .map(size)
                .is_some_and(|(width, height)| width <= ICON && height <= ICON);
        // Acting is never noting.
        let acts = dict.get("A").is_some() || dict.get("AA").is_some();
        let is_widget = subtype.name() == Some(b"Widget");
        if is_note && is_small {
            // An icon that the viewer draws is known for one; one that the file draws may be anything.
            let permission = match dict.get("AP") {
                None => NOTING,
                Some(_) => Permission::Unclear(ModificationLevel::Annotations),
            };
            self.note(ChangeKind::Annotation, permission, number, "Annots");
        } else if self.is_free && !acts && !is_widget {
            let permission = Permission::Unclear(ModificationLevel::Annotations);
            self.note(ChangeKind::AnnotationOverFace, permission, number, "Annots");
        } else {
            self.refuse(ChangeKind::AnnotationOverFace, number, "Annots");
        }
        Ok(())
    }
}
