//! Pages: what is on them does not change; what lies beside it may come.

use std::{collections::HashMap, rc::Rc};

use super::{
    super::{
        ModificationLevel, OpenError,
        object::{Dict, Id, Object},
    },
    ChangeKind, Comparison, Permission,
    same::{keys, value},
    seen::{area, covers, rectangle},
    stated::inherited,
};
use crate::limits::MAX_PDF_TREE;

const NOTING: Permission = Permission::From(ModificationLevel::Annotations);

/// Annotations that a viewer shows as a note or a mark, never as part of the face, where it draws them
/// itself.
const NOTES: [&[u8]; 2] = [b"Popup", b"Text"];

/// What a page has from the nodes above it where it has none of its own (7.7.3.4).
const INHERITABLE: [&str; 4] = ["CropBox", "MediaBox", "Resources", "Rotate"];

/// Boxes of a page: what there is of it, and what is shown of that.
#[derive(Debug, Clone, Copy, Default)]
struct Boxes {
    media: Option<[f64; 4]>,
    crop: Option<[f64; 4]>,
}

impl Boxes {
    /// Square points that are shown.
    fn size(&self) -> f64 {
        let Some(media) = self.media else { return 0.0 };
        let shown = self.crop.and_then(|crop| common(&media, &crop));
        let [left, bottom, right, top] = shown.unwrap_or(media);
        (right - left) * (top - bottom)
    }
}

/// The place of a field of the signed revision.
#[derive(Debug, Clone, Copy)]
struct FieldPlace {
    area: [f64; 4],
    is_filled: bool,
}

/// Whether something new lies over what was there by more than a frame, or is too thin to be one.
fn overlap(new: &[f64; 4], other: &[f64; 4]) -> bool {
    let width = |[left, bottom, right, top]: &[f64; 4]| (right - left).min(top - bottom);
    let both = common(new, other);
    both.is_some_and(|both| width(&both) > FRAME || width(new) < THINNEST)
}

/// Where viewers draw the icon of a note: at its upper left corner, as large as each likes, turned with the page or not.
fn icon([left, bottom, right, top]: [f64; 4]) -> [f64; 4] {
    [
        left - DRAWN,
        bottom.min(top - DRAWN),
        right.max(left + DRAWN),
        top + DRAWN,
    ]
}

/// What two rectangles have in common.
fn common(one: &[f64; 4], other: &[f64; 4]) -> Option<[f64; 4]> {
    let [left, bottom] = [0, 1].map(|at| one[at].max(other[at]));
    let [right, top] = [2, 3].map(|at| one[at].min(other[at]));
    (left < right && bottom < top).then_some([left, bottom, right, top])
}

/// Longest side of a note's icon, in points.
const ICON: f64 = 60.0;

/// The longest side of an icon as viewers draw it, in points.
const DRAWN: f64 = 24.0;

/// The least width of what can be a field beside another.
const THINNEST: f64 = 4.0;

/// Flags of annotations that keep their size when the page is zoomed, and stay upright when it is turned (12.5.3): viewers
/// draw them elsewhere than their rectangle says.
const NO_ZOOM: i64 = 0x08;
const NO_ROTATE: i64 = 0x10;

/// New notes on a page that are few.
const MOST_NOTES: usize = 6;

/// The largest part of a page that a new signature may cover, and all of them together.
const SIGNATURE_SHARE: f64 = 0.25;
const SIGNATURES_SHARE: f64 = 0.5;

/// By how many points frames may overlap that are drawn side by side.
const FRAME: f64 = 1.0;

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

fn is_widget(annotation: &Dict) -> bool {
    annotation.get("Subtype").and_then(Object::name) == Some(b"Widget")
}

impl Comparison<'_, '_> {
    /// The page tree: the same nodes in the same order, each with what it had.
    pub(super) fn pages(&mut self, (old, new): (&Object, &Object)) -> Result<(), OpenError> {
        let mut todo = vec![(
            old.clone(),
            new.clone(),
            Boxes::default(),
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
            let boxes = Boxes {
                media: rectangle(self.sides.last, &value(after, b"MediaBox"))?.or(inherited.media),
                crop: rectangle(self.sides.last, &value(after, b"CropBox"))?.or(inherited.crop),
            };
            self.visited.insert(id);
            self.sides.pass(&value(before, b"Kids"));
            let was = self.sides.signed.follow(&value(before, b"Kids"))?.object;
            let is = self.sides.last.follow(&value(after, b"Kids"))?.object;
            if was.array().is_none() {
                pages += 1;
                self.page = Some(pages);
            }
            self.node(id, before, after, (&boxes, &above))?;
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
            todo.extend(pairs.rev().map(|(was, is)| (was, is, boxes, Rc::clone(&here))));
        }
        Ok(())
    }

    fn node(
        &mut self,
        id: Id,
        old: &Dict,
        new: &Dict,
        (boxes, above): (&Boxes, &Dict),
    ) -> Result<(), OpenError> {
        self.stray_nulls(ChangeKind::PageProperties, id.number, (old, new));
        for key in keys(old, new) {
            let (mut was, is) = (value(old, key), value(new, key));
            // What a page inherits, some writers put into the page itself.
            if was == Object::Null && self.page.is_some() {
                was = above.value(key).cloned().unwrap_or(Object::Null);
            }
            let pair = (&was, &is);
            let kind = match key {
                // The walk itself compares the kids; a page has none.
                b"Kids"
                    if self.page.is_none()
                        && matches!(self.sides.last.follow(pair.1)?.object, Object::Array(_)) =>
                {
                    continue;
                }
                b"Annots" if self.page.is_some() => {
                    self.annotations(id, pair, boxes)?;
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

    /// Annotations of a page: those that were there stay in their order, or are taken away; new ones are widgets of
    /// new signatures, or notes.
    fn annotations(
        &mut self,
        page: Id,
        (old, new): (&Object, &Object),
        boxes: &Boxes,
    ) -> Result<(), OpenError> {
        self.sides.pass(old);
        let before = self.sides.signed.follow(old)?.object;
        let after = self.sides.last.follow(new)?.object;
        let is_list = |object: &Object| matches!(object, Object::Null | Object::Array(_));
        if !is_list(&after) {
            return self.strict(ChangeKind::AnnotationChanged, page.number, b"Annots", (old, new));
        }
        let before = before.array().unwrap_or_default();
        let fields = self.field_places(before)?;
        let mut waiting = before;
        let mut places: HashMap<Id, Vec<usize>> = HashMap::new();
        for (at, held) in before.iter().enumerate() {
            if let Some(id) = held.reference() {
                places.entry(id).or_default().push(at);
            }
        }
        for annotation in after.array().unwrap_or_default() {
            if let (Some(id), Some(page)) = (annotation.reference(), self.page) {
                self.widgets.entry(id.number).or_insert(page);
            }
            let place = match (annotation.reference(), waiting.first()) {
                (Some(id), _) => {
                    let passed = before.len() - waiting.len();
                    let places = places.get(&id).map(Vec::as_slice).unwrap_or_default();
                    let next = places.get(places.partition_point(|at| *at < passed));
                    next.map(|at| at - passed)
                }
                (None, Some(held)) if held.reference().is_none() => {
                    self.sides.mismatch(held, annotation)?.is_none().then_some(0)
                }
                _ => None,
            };
            let Some((lost, [_, rest @ ..])) = place.and_then(|at| waiting.split_at_checked(at)) else {
                self.new_annotation(page, annotation, (boxes, &fields))?;
                continue;
            };
            self.lost_annotations(page, lost)?;
            waiting = rest;
            if let Some(id) = annotation.reference() {
                self.signed_in_place(id, boxes)?;
                self.kept_annotation(id)?;
            }
        }
        self.lost_annotations(page, waiting)?;
        self.filled_over(page, after.array().unwrap_or_default(), boxes.size())
    }

    /// Notes a signature in a field that was left for one, where it covers more than all may that bring theirs.
    fn signed_in_place(&mut self, id: Id, boxes: &Boxes) -> Result<(), OpenError> {
        let reader = self.sides.last;
        if !self.signed_widgets.contains(&id) {
            return Ok(());
        }
        let place = match reader.load(id)?.object.dict() {
            Some(widget) => covers(reader, widget)?,
            None => None,
        };
        let is_large = |[left, bottom, right, top]: [f64; 4]| {
            (right - left) * (top - bottom) > SIGNATURES_SHARE * boxes.size()
        };
        if place.is_some_and(is_large) {
            let permission = Permission::Unclear(ModificationLevel::FormFilling);
            self.note(ChangeKind::SignatureOverFace, permission, id.number, "Annots");
        }
        Ok(())
    }

    fn lost_annotations(&mut self, page: Id, lost: &[Object]) -> Result<(), OpenError> {
        for annotation in lost {
            self.visited.extend(annotation.reference());
            let number = annotation.reference().map_or(page.number, |id| id.number);
            let annotation = self.sides.signed.follow(annotation)?.object;
            self.unlike_annotation(ChangeKind::AnnotationRemoved, number, b"Annots", &annotation);
        }
        Ok(())
    }

    /// A difference in an annotation. Who allows annotations allows to change and delete notes (table 257), but what
    /// that shows, people have to see.
    fn unlike_annotation(&mut self, kind: ChangeKind, number: u32, key: &[u8], held: &Object) {
        let kind_of = held
            .dict()
            .and_then(|held| held.get("Subtype"))
            .and_then(Object::name);
        let is_note = kind_of.is_some_and(|kind| NOTES.contains(&kind));
        let permission = if is_note && !self.is_free {
            Permission::Unclear(ModificationLevel::Annotations)
        } else {
            Permission::Never
        };
        self.note(kind, permission, number, String::from_utf8_lossy(key));
    }

    /// Places of fields, of signatures among them.
    fn field_places(&self, annotations: &[Object]) -> Result<Vec<FieldPlace>, OpenError> {
        let reader = self.sides.signed;
        let mut places = Vec::new();
        for annotation in annotations {
            let annotation = reader.follow(annotation)?.object;
            let Some(widget) = annotation.dict().filter(|dict| is_widget(dict)) else {
                continue;
            };
            let has_value = |dict: &Dict| dict.get("V").is_some();
            let parent = reader.get(widget, "Parent")?.object;
            if let Some(area) = area(reader, widget)? {
                let is_filled = has_value(widget) || parent.dict().is_some_and(has_value);
                places.push(FieldPlace { area, is_filled });
            }
        }
        Ok(places)
    }

    /// An annotation that was there. A widget is judged as the field it belongs to.
    fn kept_annotation(&mut self, id: Id) -> Result<(), OpenError> {
        if self.fields.contains(&id) {
            return Ok(());
        }
        let before = self.sides.signed.load(id)?;
        let after = self.sides.last.load(id)?;
        self.visited.insert(id);
        let (Some(before), Some(after_dict)) = (before.plain_dict(), after.plain_dict()) else {
            if !self.sides.is_untouched(id.number) {
                self.refuse(ChangeKind::AnnotationRemoved, id.number, "Annots");
            }
            return Ok(());
        };
        self.stray_nulls(ChangeKind::AnnotationChanged, id.number, (before, after_dict));
        self.stray(id, after_dict)?;
        let is_words = before.get("Subtype").and_then(Object::name) == Some(b"FreeText");
        if is_words && before.get("AP").is_none() {
            self.recoded(id, (before, after_dict), &[b"Contents"])?;
        }
        for key in keys(before, after_dict) {
            let pair = (&value(before, key), &value(after_dict, key));
            match key {
                b"A" | b"AA" => self.strict(ChangeKind::Action, id.number, key, pair)?,
                _ => {
                    if let Some(at) = self.sides.mismatch_of(key, pair)? {
                        let number = if at == 0 { id.number } else { at };
                        let kind = ChangeKind::AnnotationChanged;
                        self.unlike_annotation(kind, number, key, &Object::Dict(before.clone()));
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether viewers draw a new annotation beside its rectangle.
    fn is_drawn_apart(&self, page: Id, annotation: &Dict) -> Result<bool, OpenError> {
        let reader = self.sides.last;
        let flags = reader.get(annotation, "F")?.object.integer().unwrap_or_default();
        let page = reader.load(page)?.object;
        let is_turned = match page.dict() {
            Some(page) => !matches!(
                inherited(reader, page, "Rotate")?,
                Object::Null | Object::Integer(0)
            ),
            None => true,
        };
        Ok(flags & NO_ZOOM != 0 || flags & NO_ROTATE != 0 && is_turned)
    }

    fn new_annotation(
        &mut self,
        page: Id,
        annotation: &Object,
        (boxes, fields): (&Boxes, &[FieldPlace]),
    ) -> Result<(), OpenError> {
        let reader = self.sides.last;
        let number = annotation.reference().map_or(page.number, |id| id.number);
        let loaded = reader.follow(annotation)?;
        let Some(dict) = loaded.object.dict().filter(|_| !loaded.is_stream()) else {
            self.refuse(ChangeKind::AnnotationOverFace, number, "Annots");
            return Ok(());
        };
        let size = |[left, bottom, right, top]: [f64; 4]| (right - left, top - bottom);
        if let Some(level) = annotation.reference().and_then(|id| self.new_widgets.get(&id)) {
            let is_signed = annotation
                .reference()
                .is_some_and(|id| self.signed_widgets.contains(&id));
            let Some(place) = covers(reader, dict)? else {
                // Some mark a field that bears no signature with a flag of their own.
                let bears_signature = is_signed && *level != ModificationLevel::None;
                // Without a rectangle of four numbers each viewer finds another place, and some mark that.
                let has_place = rectangle(reader, &value(dict, b"Rect"))?.is_some();
                if !has_place || !bears_signature && area(reader, dict)?.is_some() {
                    let permission = Permission::Unclear(*level);
                    self.note(ChangeKind::SignatureOverFace, permission, number, "Annots");
                }
                return Ok(());
            };
            let (width, height) = size(place);
            let whole = boxes.size();
            let is_drawn_apart = self.is_drawn_apart(page, dict)?;
            let covered = self.covered.entry(page).or_default();
            *covered += width * height;
            let hides = |field: &FieldPlace| field.is_filled && overlap(&place, &field.area);
            // As many widgets may come as there are fields.
            reader.budget.parse(fields.len())?;
            // Whoever certified a document laid out where others sign. What has no extent is seen by some viewers only.
            let has_extent = area(reader, dict)?.is_some();
            if *level != ModificationLevel::FormFilling
                || self.certifies && has_extent
                || width * height > SIGNATURE_SHARE * whole
            {
                self.refuse(ChangeKind::SignatureOverFace, number, "Annots");
            } else if !is_signed
                || !has_extent
                || is_drawn_apart
                || *covered > SIGNATURES_SHARE * whole
                || fields.iter().any(hides)
            {
                // Nobody stands behind what is laid over the page as an empty field, and whoever signs may hide what others
                // filled in or signed.
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
        let seen = area(reader, dict)?;
        // A closed pop-up is not drawn; an open one on paper, too.
        let is_open = !matches!(
            reader.get(dict, "Open")?.object,
            Object::Null | Object::Bool(false)
        );
        let is_closed = subtype.name() == Some(b"Popup") && dict.get("AP").is_none() && !is_open;
        let is_small = is_closed
            || seen
                .map(size)
                .is_some_and(|(width, height)| width <= ICON && height <= ICON);
        // Acting is never noting.
        let acts = dict.get("A").is_some() || dict.get("AA").is_some();
        let is_widget = subtype.name() == Some(b"Widget");
        if is_note && is_small {
            // An icon that the viewer draws is known for one; one that the file draws may be anything.
            // Many of them hide what they lie over.
            let notes = self.notes.entry(page).or_default();
            *notes += 1;
            // Laid into a box it ticks it.
            let hides = |field: &FieldPlace| seen.is_some_and(|seen| overlap(&icon(seen), &field.area));
            let is_beside = || is_closed || !fields.iter().any(hides);
            let permission = match dict.get("AP") {
                None if *notes <= MOST_NOTES && is_beside() => NOTING,
                _ => Permission::Unclear(ModificationLevel::Annotations),
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
