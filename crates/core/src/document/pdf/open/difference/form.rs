//! Fields: filled in, signed, added, locked.

use std::{collections::BTreeSet, rc::Rc};

use super::{
    super::{
        ModificationLevel, OpenError, SignatureKind,
        object::{Dict, Id, Object},
        reader::Reader,
        signature,
        text::text_string,
    },
    ChangeKind, Comparison, Permission, letters,
    same::{holds_reference, keys, plain, value},
    seen::{area, covers, rectangle},
    style,
};
use crate::limits::MAX_PDF_TREE;

const FILLING: Permission = Permission::From(ModificationLevel::FormFilling);

/// Annotation flags (12.5.3): what is printed, and what is kept from being moved or edited.
const PRINT: i64 = 0x04;
const LOCKS: i64 = 0x40 | 0x80 | 0x200;

/// By how many points the sides of a field may move that was written anew.
const NEAR: f64 = 0.001;

/// Field flag (12.7.4.1).
const READ_ONLY: i64 = 1;

/// Entries that a new signature field or its widget may have. None of them acts or draws outside the field.
const OF_NEW_FIELDS: [&[u8]; 27] = [
    b"AP",
    b"AS",
    b"BS",
    b"Border",
    b"DA",
    b"DR",
    b"F",
    b"FT",
    b"Ff",
    b"H",
    b"Kids",
    b"Lock",
    b"M",
    b"MK",
    b"NM",
    b"P",
    b"Parent",
    b"Q",
    b"Rect",
    b"SV",
    b"StructParent",
    b"Subtype",
    b"T",
    b"TM",
    b"TU",
    b"Type",
    b"V",
];

/// What a field hands down to its kids, of which there may be many: what may be long is shared.
#[derive(Debug, Clone, Default)]
struct Above {
    name: Rc<str>,
    kind: Option<Vec<u8>>,
    /// Whether it has a value, before or after.
    has_value: bool,
    /// What it is drawn with (12.7.4.3), and whether it says so itself.
    style: Rc<[u8]>,
    has_style: bool,
    /// Its flags (12.7.4.1).
    flags: i64,
    /// Its value as it was changed by someone who may.
    filled: Option<Rc<Object>>,
    /// It was signed, at this level.
    signed: Option<ModificationLevel>,
    parent: Option<Id>,
    /// Whether this is a widget of the field above.
    is_widget: bool,
}

impl Above {
    fn extended(&self, reader: &Reader<'_>, id: Id, dict: &Dict) -> Result<Above, OpenError> {
        let mut here = self.clone();
        here.parent = Some(id);
        here.is_widget = self.parent.is_some();
        if let Some(style) = reader.get(dict, "DA")?.object.string() {
            reader.budget.parse(style.len())?;
            here.style = style.into();
            here.has_style = true;
        }
        if let Some(flags) = reader.get(dict, "Ff")?.object.integer() {
            here.flags = flags;
        }
        if let Some(kind) = reader.get(dict, "FT")?.object.name() {
            here.kind = Some(kind.to_vec());
        }
        if let Some(part) = reader.get(dict, "T")?.object.string() {
            let mut name = here.name.to_string();
            if !name.is_empty() {
                name.push('.');
            }
            name.push_str(&text_string(part));
            // It is kept for each field.
            reader.budget.parse(name.len())?;
            here.name = name.into();
            // What befell a field befell its widgets, not the fields below it.
            (here.filled, here.signed, here.is_widget) = (None, None, false);
        }
        Ok(here)
    }
}

impl Comparison<'_, '_> {
    pub(super) fn form(&mut self, (old, new): (&Object, &Object)) -> Result<(), OpenError> {
        let number = new.reference().map_or(0, |id| id.number);
        self.sides.pass(old);
        let before = self.sides.signed.follow(old)?;
        let after = self.sides.last.follow(new)?;
        let (Some(before), Some(after), false) =
            (before.object.dict(), after.object.dict(), after.is_stream())
        else {
            self.refuse(ChangeKind::Form, number, "AcroForm");
            return Ok(());
        };
        let redraws = |reader: &Reader<'_>, form: &Dict| -> Result<bool, OpenError> {
            Ok(reader.get(form, "NeedAppearances")?.object == Object::Bool(true))
        };
        self.stray_nulls(ChangeKind::Form, number, (before, after));
        let redrew = redraws(self.sides.signed, before)?;
        self.redraws = redraws(self.sides.last, after)?;
        self.is_drawn_by_viewers = redrew || self.redraws;
        // First the fields: whether viewers draw any of them themselves decides about what they draw them with.
        let fields = (&value(before, b"Fields"), &value(after, b"Fields"));
        if *fields.0 != Object::Null || *fields.1 != Object::Null {
            let style = self.sides.signed.get(before, "DA")?.object;
            let above = Above {
                style: style.string().unwrap_or_default().into(),
                ..Above::default()
            };
            self.fields(number, fields, &Rc::new(above))?;
        }
        self.namesakes(number, after)?;
        if after.get("DA").is_some() || after.get("DR").is_some() {
            self.bare_remarks()?;
        }
        for key in keys(before, after) {
            let pair = (&value(before, key), &value(after, key));
            match key {
                b"Fields" | b"NeedAppearances" => {}
                // SignaturesExist and AppendOnly may come, not go.
                b"SigFlags" => {
                    let flags = |object: Object| object.integer().unwrap_or_default();
                    let was = flags(self.sides.signed.follow(pair.0)?.object);
                    let is = flags(self.sides.last.follow(pair.1)?.object);
                    if was & is != was || !(0..=3).contains(&is) && is != was {
                        self.refuse(ChangeKind::Form, number, "SigFlags");
                    }
                }
                b"DR" => self.form_resources(number, pair)?,
                // What fields are drawn with that have no look, or by viewers that draw them for typing.
                b"DA" if *pair.0 == Object::Null => {
                    let permission = if self.is_drawn_by_viewers || self.lacks_style {
                        Permission::Unclear(ModificationLevel::FormFilling)
                    } else {
                        Permission::From(ModificationLevel::None)
                    };
                    self.note(ChangeKind::Form, permission, number, "DA");
                }
                _ => self.strict(ChangeKind::Form, number, key, pair)?,
            }
        }
        // Who fills fields in may leave the drawing to viewers, but that draws all others anew as well. Where it is taken
        // from them all are shown as they are stored, and that was signed.
        if redrew != self.redraws {
            let (level, place) = if redrew {
                (ModificationLevel::None, "NeedAppearances switched off")
            } else {
                (ModificationLevel::FormFilling, "NeedAppearances switched on")
            };
            self.note(ChangeKind::Form, Permission::Unclear(level), number, place);
        }
        Ok(())
    }

    /// Looks for remarks that viewers draw themselves, with what the form has for that (12.5.6.6).
    fn bare_remarks(&mut self) -> Result<(), OpenError> {
        let reader = self.sides.signed;
        let (mut draws, mut lacks_style) = (false, false);
        let roots: Vec<Object> = self.signed_pages.iter().cloned().collect();
        reader.walk(&roots, (), |node, ()| {
            let Some(node) = node.object.dict() else {
                return Ok((Vec::new(), ()));
            };
            let annotations = reader.get(node, "Annots")?.object;
            for annotation in annotations.array().unwrap_or_default() {
                let annotation = reader.follow(annotation)?.object;
                let Some(remark) = annotation.dict().filter(|remark| remark.get("AP").is_none()) else {
                    continue;
                };
                let kind = reader.get(remark, "Subtype")?.object;
                let has_style = remark.get("DA").is_some();
                let is_words =
                    kind.name() == Some(b"FreeText") || has_style && kind.name() != Some(b"Widget");
                draws |= is_words;
                lacks_style |= is_words && !has_style;
            }
            let kids = reader.get(node, "Kids")?.object;
            Ok((kids.array().unwrap_or_default().to_vec(), ()))
        })?;
        self.is_drawn_by_viewers |= draws;
        self.lacks_style |= lacks_style;
        Ok(())
    }

    /// `/DR`: resources for filling fields in may be added beside those that are there; where viewers draw fields
    /// themselves, they do it with these, so only fonts that they all have.
    fn form_resources(&mut self, number: u32, (old, new): (&Object, &Object)) -> Result<(), OpenError> {
        self.sides.pass(old);
        let before = self.sides.signed.follow(old)?.object;
        let after = self.sides.last.follow(new)?.object;
        let nothing = Dict::default();
        let before = match &before {
            Object::Null => &nothing,
            Object::Dict(before) => before,
            _ => return self.strict(ChangeKind::Resources, number, b"DR", (old, new)),
        };
        let Some(after) = after.dict() else {
            self.refuse(ChangeKind::Resources, number, "DR");
            return Ok(());
        };
        for key in keys(before, after) {
            let (held, now) = (value(before, key), value(after, key));
            self.sides.pass(&held);
            let held = self.sides.signed.follow(&held)?.object;
            let now = self.sides.last.follow(&now)?.object;
            let kind = match key {
                b"Font" => ChangeKind::Font,
                _ => ChangeKind::Resources,
            };
            let held = match &held {
                Object::Null => &nothing,
                Object::Dict(held) => held,
                _ => {
                    self.strict(kind, number, key, (&held, &now))?;
                    continue;
                }
            };
            let Some(now) = now.dict() else {
                let (held, now) = (Object::Dict(held.clone()), now);
                self.strict(kind, number, key, (&held, &now))?;
                continue;
            };
            for name in keys(held, now) {
                let pair = (&value(held, name), &value(now, name));
                if *pair.0 != Object::Null {
                    self.strict(kind, number, name, pair)?;
                    continue;
                }
                let is_standard = key == b"Font"
                    && (letters::is_standard(self.sides.last, pair.1)?
                        || !self.is_drawn_by_viewers && letters::is_dingbats(self.sides.last, pair.1)?);
                let permission = match (is_standard, self.is_drawn_by_viewers) {
                    // Some add what they draw fields with before they know whether there are any.
                    (true, false) => Permission::From(ModificationLevel::None),
                    (false, true) => Permission::Unclear(ModificationLevel::FormFilling),
                    _ => Permission::From(ModificationLevel::FormFilling),
                };
                self.note(kind, permission, number, String::from_utf8_lossy(name));
            }
        }
        Ok(())
    }

    fn fields(
        &mut self,
        number: u32,
        (old, new): (&Object, &Object),
        above: &Rc<Above>,
    ) -> Result<(), OpenError> {
        self.sides.pass(old);
        let before = self.sides.signed.follow(old)?.object;
        let after = self.sides.last.follow(new)?.object;
        let Some(after) = after.array() else {
            self.refuse(ChangeKind::FieldRemoved, number, "Fields");
            return Ok(());
        };
        let mut todo = Vec::new();
        self.siblings(
            number,
            before.array().unwrap_or_default(),
            after,
            above,
            &mut todo,
        )?;
        let mut seen = BTreeSet::new();
        while let Some((id, above)) = todo.pop() {
            // The trees of both sides are finite, but an attacker may knot the later one.
            if !seen.insert(id) || seen.len() > MAX_PDF_TREE {
                self.refuse(ChangeKind::FieldChanged, id.number, &*above.name);
                continue;
            }
            self.fields.insert(id);
            self.field(id, &above, &mut todo)?;
        }
        Ok(())
    }

    /// Fields on one level: those that were there stay, the others are new. Their order says nothing where each has a name of
    /// its own; of widgets it says which option each stands for (12.7.5.2.4).
    fn siblings(
        &mut self,
        number: u32,
        before: &[Object],
        after: &[Object],
        above: &Rc<Above>,
        todo: &mut Vec<(Id, Rc<Above>)>,
    ) -> Result<(), OpenError> {
        let ids = before.iter().filter_map(Object::reference);
        let listed: BTreeSet<Id> = ids.collect();
        let mut waiting = listed.clone();
        let mut names = BTreeSet::new();
        for kid in before {
            let kid = self.sides.signed.follow(kid)?.object;
            names.extend(name_of(self.sides.signed, &kid)?);
        }
        let mut order = before.iter();
        let mut is_ordered = names.len() == before.len();
        for field in after {
            // Those that stand in the array itself are compared as a whole, below.
            let Some(id) = field.reference() else { continue };
            if waiting.remove(&id) {
                if !is_ordered && !order.any(|kid| kid == field) {
                    is_ordered = true;
                    let permission = Permission::Unclear(ModificationLevel::FormFilling);
                    self.note(ChangeKind::FieldChanged, permission, number, &*above.name);
                }
                todo.push((id, Rc::clone(above)));
            } else if listed.contains(&id) {
                self.refuse(ChangeKind::FieldChanged, id.number, &*above.name);
            } else {
                let dict = self.sides.last.load(id)?.object;
                if let Some(name) = name_of(self.sides.last, &dict)?
                    && !names.insert(name)
                {
                    self.refuse(ChangeKind::FieldAdded, id.number, &*above.name);
                }
                // A field that was there is another one with one more kid. Some programs sign so, others refuse it.
                if above.parent.is_some() {
                    let permission = Permission::Unclear(ModificationLevel::FormFilling);
                    self.note(ChangeKind::FieldChanged, permission, id.number, &*above.name);
                }
                self.new_field(id, above)?;
            }
        }
        // Fields that stand in the array are compared as a whole.
        let direct = |fields: &[Object]| -> Vec<Object> {
            let direct = fields.iter().filter(|field| field.reference().is_none());
            direct.cloned().collect()
        };
        let pair = (Object::Array(direct(before)), Object::Array(direct(after)));
        self.strict(ChangeKind::FieldChanged, number, b"Fields", (&pair.0, &pair.1))?;
        if let Some(lost) = waiting.first() {
            self.refuse(ChangeKind::FieldRemoved, lost.number, &*above.name);
        }
        Ok(())
    }

    fn field(&mut self, id: Id, above: &Above, todo: &mut Vec<(Id, Rc<Above>)>) -> Result<(), OpenError> {
        let before = self.sides.signed.load(id)?;
        let after = self.sides.last.load(id)?;
        self.visited.insert(id);
        let (Some(old), Some(new)) = (before.plain_dict(), after.plain_dict()) else {
            if !self.sides.is_untouched(id.number) {
                self.refuse(ChangeKind::FieldRemoved, id.number, "Fields");
            }
            return Ok(());
        };
        self.stray_nulls(ChangeKind::FieldChanged, id.number, (old, new));
        let mut here = above.extended(self.sides.signed, id, old)?;

        // 1. The value.
        let (was, is) = (value(old, b"V"), value(new, b"V"));
        let change = self.sides.mismatch_of(b"V", (&was, &is))?;
        let was_empty = signature::is_unsigned(&self.sides.signed.follow(&was)?.object);
        let is_signature = here.kind.as_deref() == Some(b"Sig");
        if let Some(at) = change {
            let at = if at == 0 { id.number } else { at };
            if is_signature && was_empty {
                here.signed = self.signing(&is, id.number, &here.name, new)?;
                if let Some(level) = here.signed {
                    self.new_widgets.insert(id, level);
                }
            } else if self.locks.hold(&here.name) {
                self.refuse(ChangeKind::LockedField, at, &*here.name);
            } else if is_signature {
                self.refuse(ChangeKind::SignatureReplaced, at, &*here.name);
            } else if here.kind.is_some() && self.is_field_value(&is)? && !self.has_fields_below(old)? {
                // Nobody types into it; what is computed it may show.
                if here.flags & READ_ONLY != 0 && old.get("AA").is_none() {
                    let permission = Permission::Unclear(ModificationLevel::FormFilling);
                    self.note(ChangeKind::FieldChanged, permission, at, &*here.name);
                }
                here.filled = Some(Rc::new(is.clone()));
                self.sides.release(&was)?;
                self.note(ChangeKind::FieldFilled, FILLING, at, &*here.name);
            } else {
                self.refuse(ChangeKind::FieldChanged, at, &*here.name);
            }
        }

        // Some read the value of a widget, and others that of its field.
        let is_touched = change.is_some() || above.filled.is_some();
        let is_fields = || above.filled.as_ref().is_some_and(|held| says(held) == says(&is));
        if here.is_widget && is_touched && is != Object::Null && !is_fields() {
            let permission = Permission::Unclear(ModificationLevel::FormFilling);
            self.note(ChangeKind::FieldChanged, permission, id.number, &*here.name);
        }

        if !here.is_widget {
            self.values
                .entry(here.name.to_string())
                .or_default()
                .push(is.clone());
        }

        // 2. What it looks like, and everything else.
        here.has_value |= was != Object::Null || is != Object::Null;
        let is_button = here.kind.as_deref() == Some(b"Btn");
        let has_look = |dict: &Dict| dict.get("AP").is_some();
        let is_shown = new.get("Rect").is_some();
        let has_place = area(self.sides.last, new)?.is_some();
        let is_bare = has_place && !(has_look(old) && has_look(new));
        let has_words = is_bare && has_words(self.sides.last, new)?;
        self.lacks_style |= (here.has_value && !is_button || has_words) && !is_signature && !here.has_style;
        if (here.has_value || has_words) && !is_signature && is_bare {
            self.is_drawn_by_viewers = true;
        }
        // Some compare bytes, and draw them.
        if is_bare || here.kind.as_deref() == Some(b"Ch") {
            self.recoded(id, (old, new), &[b"V", b"DV", b"Opt"])?;
        }
        let follows = here.filled.is_some() || here.signed.is_some();
        if here.signed.is_some() {
            self.signed_widgets.insert(id);
        }
        if here.signed.is_some() && is_shown && area(self.sides.signed, old)?.is_none() {
            // Nobody laid out a place for it.
            if covers(self.sides.last, new)?.is_some() {
                let permission = Permission::Unclear(ModificationLevel::FormFilling);
                self.note(ChangeKind::SignatureOverFace, permission, id.number, &*here.name);
            }
        }
        if let Some(held) = &here.filled {
            self.look(id.number, (old, new), (here.kind.as_deref(), held), &here.name)?;
        }
        for key in keys(old, new) {
            let pair = (&value(old, key), &value(new, key));
            match key {
                b"V" | b"Kids" => {}
                b"AP" if follows => {
                    if self.sides.mismatch(pair.0, pair.1)?.is_some() {
                        self.appearance(id.number, pair, &here.name)?;
                        // A button is filled in by choosing one of its looks, not by changing them.
                        if here.kind.as_deref() == Some(b"Btn") {
                            let permission = Permission::Unclear(ModificationLevel::FormFilling);
                            let kind = ChangeKind::AppearanceUnlikeValue;
                            self.note(kind, permission, id.number, &*here.name);
                        }
                    }
                }
                // How viewers draw the value where no look is stored that shows it, and some where one is.
                b"BS" | b"DA" | b"MK" if follows => {
                    let styles = (&here.style[..], &above.style[..]);
                    if here.filled.is_some() && !self.draws_alike(key, pair, (new, styles))? {
                        let permission = Permission::Unclear(ModificationLevel::FormFilling);
                        let kind = ChangeKind::AppearanceUnlikeValue;
                        self.note(kind, permission, id.number, &*here.name);
                    }
                    self.sides.release(pair.0)?;
                }
                b"AS" | b"I" if follows => self.sides.release(pair.0)?,
                // Some who sign without a picture in a place that was left for one make it none.
                b"Rect" if here.signed.is_some() => {
                    let is_place = rectangle(self.sides.last, pair.1)?.is_some();
                    let is_gone = is_place && area(self.sides.last, new)?.is_none();
                    if !(is_gone && covers(self.sides.last, new)?.is_none()) {
                        self.strict(ChangeKind::FieldChanged, id.number, key, pair)?;
                    }
                }
                // Any two corners of it make a rectangle (7.9.5).
                b"Rect" => {
                    let was = rectangle(self.sides.signed, pair.0)?;
                    let is = rectangle(self.sides.last, pair.1)?;
                    let is_near = |was: [f64; 4], is: [f64; 4]| {
                        let mut sides = was.into_iter().zip(is);
                        sides.all(|(was, is)| (was - is).abs() <= NEAR)
                    };
                    if !was.zip(is).is_some_and(|(was, is)| is_near(was, is)) {
                        self.strict(ChangeKind::FieldChanged, id.number, key, pair)?;
                    }
                }
                b"AP" | b"AS" | b"I" | b"MK" => {
                    self.strict(
                        ChangeKind::AppearanceWithoutValue,
                        id.number,
                        here.name.as_bytes(),
                        pair,
                    )?;
                }
                b"F" if follows => self.flags(id.number, key, pair, &here.name)?,
                // Who signs makes fields read-only, of others too.
                b"Ff" => {
                    if !follows && self.sides.mismatch(pair.0, pair.1)?.is_some() {
                        self.note(ChangeKind::FieldChanged, FILLING, id.number, &*here.name);
                    }
                    self.flags(id.number, key, pair, &here.name)?;
                }
                b"M" if follows => {}
                // Which option of a list stands at the top.
                b"TI" if here.filled.is_some() => {
                    if self
                        .sides
                        .last
                        .follow(pair.1)?
                        .object
                        .integer()
                        .is_none_or(|top| top < 0)
                    {
                        self.strict(ChangeKind::FieldChanged, id.number, key, pair)?;
                    }
                }
                b"A" | b"AA" => self.strict(ChangeKind::Action, id.number, key, pair)?,
                // Optional, and always this in a widget (ISO 32000-2 table 166): some writers supply it.
                b"Type" if *pair.0 == Object::Null && is_widget(self.sides.last, new)? => {}
                _ => self.strict(ChangeKind::FieldChanged, id.number, key, pair)?,
            }
        }

        // 3. Its kids.
        self.sides.pass(&value(old, b"Kids"));
        let before = self.sides.signed.follow(&value(old, b"Kids"))?.object;
        let after = self.sides.last.follow(&value(new, b"Kids"))?.object;
        match (&before, &after) {
            (Object::Null, Object::Null) => Ok(()),
            (Object::Array(before), Object::Array(after)) => {
                self.siblings(id.number, before, after, &Rc::new(here), todo)
            }
            _ => {
                self.refuse(ChangeKind::FieldChanged, id.number, &*here.name);
                Ok(())
            }
        }
    }

    /// Notes texts that are the same in another encoding: not to readers that go by their bytes.
    pub(super) fn recoded(
        &mut self,
        id: Id,
        (old, new): (&Dict, &Dict),
        of: &[&[u8]],
    ) -> Result<(), OpenError> {
        for key in of {
            let (was, is) = (value(old, key), value(new, key));
            let is_direct = !holds_reference(&was) && !holds_reference(&is);
            if is_direct && plain(&was) != plain(&is) && self.sides.mismatch_of(key, (&was, &is))?.is_none() {
                let permission = Permission::Unclear(ModificationLevel::None);
                let place = String::from_utf8_lossy(key);
                self.note(ChangeKind::Rewritten, permission, id.number, place);
            }
        }
        Ok(())
    }

    /// Whether viewers that draw a field themselves do so as before by what it says of that.
    fn draws_alike(
        &mut self,
        key: &[u8],
        (old, new): (&Object, &Object),
        (widget, (style, above)): (&Dict, (&[u8], &[u8])),
    ) -> Result<bool, OpenError> {
        if self.sides.mismatch(old, new)?.is_none() {
            return Ok(true);
        }
        let (signed, last) = (self.sides.signed, self.sides.last);
        match key {
            b"DA" => {
                let now = last.follow(new)?.object;
                Ok(style::is_same_style(style, now.string().unwrap_or(above)))
            }
            b"MK" => style::is_same_ground((signed, old), (last, new)),
            // A border without a colour is not drawn.
            _ => Ok(!style::has_border(last, widget)?),
        }
    }

    /// Whether some of its kids are fields of their own, to which a value would be handed down.
    fn has_fields_below(&self, dict: &Dict) -> Result<bool, OpenError> {
        let kids = self.sides.signed.get(dict, "Kids")?.object;
        for kid in kids.array().unwrap_or_default() {
            let kid = self.sides.signed.follow(kid)?.object;
            if name_of(self.sides.signed, &kid)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_field_value(&self, object: &Object) -> Result<bool, OpenError> {
        let found = self.sides.last.follow(object)?;
        Ok(match &found.object {
            Object::Array(items) => items.iter().all(|item| item.string().is_some()),
            Object::Null | Object::Name(_) | Object::String { .. } => true,
            _ => false,
        })
    }

    /// An appearance dictionary: streams, or dictionaries of streams by state.
    fn appearance(
        &mut self,
        number: u32,
        (old, new): (&Object, &Object),
        name: &str,
    ) -> Result<(), OpenError> {
        self.sides.release(old)?;
        self.given_up.extend(old.reference());
        let before = self.sides.signed.follow(old)?.object;
        let before = before.dict().into_iter().flat_map(Dict::iter);
        self.given_up
            .extend(before.filter_map(|(_, look)| look.reference()));
        let looks = self.sides.last.follow(new)?;
        // Without one, each viewer draws the field from its value (12.7.4.3).
        let mut is_sound = !looks.is_stream() && matches!(looks.object, Object::Dict(_) | Object::Null);
        for (_, look) in looks.object.dict().into_iter().flat_map(Dict::iter) {
            let look = self.sides.last.follow(look)?;
            if look.is_stream() {
                continue;
            }
            is_sound &= look.object.dict().is_some();
            for (_, state) in look.object.dict().into_iter().flat_map(Dict::iter) {
                is_sound &= self.sides.last.follow(state)?.is_stream();
            }
        }
        if !is_sound {
            self.refuse(ChangeKind::AppearanceWithoutValue, number, name);
        }
        Ok(())
    }

    /// Filling and signing may print, lock and make read-only; they do not hide, nor show what was hidden.
    fn flags(
        &mut self,
        number: u32,
        key: &[u8],
        (old, new): (&Object, &Object),
        name: &str,
    ) -> Result<(), OpenError> {
        let was = self.sides.signed.follow(old)?.object;
        let is = self.sides.last.follow(new)?.object;
        let [was, is] = [was, is].map(|flags| flags.integer().unwrap_or_default());
        let (gone, come) = (was & !is, is & !was);
        let (may_go, may_come) = match key {
            b"F" => (PRINT | LOCKS, PRINT | LOCKS),
            _ => (0, READ_ONLY),
        };
        if gone & !may_go != 0 || come & !may_come != 0 {
            self.refuse(ChangeKind::FieldChanged, number, name);
        } else if gone & PRINT != 0 {
            let permission = Permission::Unclear(ModificationLevel::FormFilling);
            self.note(ChangeKind::FieldChanged, permission, number, name);
        }
        Ok(())
    }

    /// The value of a field that is signed: a signature or timestamp that covers a later revision.
    fn signing(
        &mut self,
        new_value: &Object,
        number: u32,
        name: &str,
        widget: &Dict,
    ) -> Result<Option<ModificationLevel>, OpenError> {
        let is_seen = self.is_seen(widget)?;
        let signature = new_value.reference().and_then(|id| {
            let mut known = self.signatures.iter();
            known.find(|signature| signature.id == Some(id))
        });
        let is_sound = signature.is_some_and(|signature| {
            // Nobody stands behind what is seen of something that is neither a signature nor a timestamp.
            !(is_seen && signature.kind == SignatureKind::Unrecognised)
                && signature.fields.len() == 1
                && signature.defects().next().is_none()
                && !matches!(signature.coverage, Some(super::Coverage::Partial { .. }))
                && signature
                    .byte_range
                    .as_ref()
                    .is_ok_and(|range| range.end > self.signed_end)
        });
        let Some(signature) = signature.filter(|_| is_sound) else {
            self.refuse(ChangeKind::SignatureRecycled, number, name);
            return Ok(None);
        };
        // A document timestamp adds time and nothing else. Who is seen to sign by one is not known.
        let (level, permission) = match signature.kind {
            SignatureKind::Signature => (ModificationLevel::FormFilling, FILLING),
            SignatureKind::Unrecognised => (ModificationLevel::None, FILLING),
            _ if is_seen => (
                ModificationLevel::FormFilling,
                Permission::Unclear(ModificationLevel::FormFilling),
            ),
            SignatureKind::DocumentTimestamp => {
                (ModificationLevel::None, Permission::From(ModificationLevel::None))
            }
        };
        let object = signature.object;
        if permission != Permission::From(ModificationLevel::None) && self.locks.hold(name) {
            self.refuse(ChangeKind::LockedField, object, name);
        }
        self.note(ChangeKind::SignatureAdded, permission, object, name);
        Ok(Some(level))
    }

    /// Whether a field, or a widget of it, may cover something.
    fn is_seen(&self, field: &Dict) -> Result<bool, OpenError> {
        let reader = self.sides.last;
        let mut todo = vec![field.clone()];
        let mut passed = BTreeSet::new();
        while let Some(dict) = todo.pop() {
            if covers(reader, &dict)?.is_some() {
                return Ok(true);
            }
            let kids = reader.get(&dict, "Kids")?.object;
            for kid in kids.array().unwrap_or_default() {
                if kid.reference().is_some_and(|id| !passed.insert(id)) {
                    continue;
                }
                let kid = reader.follow(kid)?.object;
                todo.extend(kid.dict().filter(|kid| kid.get("T").is_none()).cloned());
            }
        }
        Ok(false)
    }

    /// Notes a name that a new field has: where some readers find by it a field that was there, they take the new one for that
    /// (12.7.4.2).
    fn new_name(&mut self, id: Id, dict: &Dict, here: &Above, above: &Above) {
        let is_sound = match dict.get("T") {
            // A widget has the name of its field.
            None => above.parent.is_some() && !above.name.is_empty(),
            Some(part) => {
                let is_plain = |part: &[u8]| !part.is_empty() && is_plain_name(part);
                let is_below_a_name = above.parent.is_none() || !above.name.is_empty();
                self.names_added.push((here.name.to_string(), id.number));
                is_below_a_name && part.string().is_some_and(is_plain)
            }
        };
        if !is_sound {
            let permission = Permission::Unclear(ModificationLevel::FormFilling);
            self.note(ChangeKind::FieldAdded, permission, id.number, &*here.name);
        }
    }

    /// A field, or widget of a field, that the signed revision does not have.
    fn new_field(&mut self, id: Id, above: &Rc<Above>) -> Result<(), OpenError> {
        let mut todo = vec![(id, Rc::clone(above))];
        let mut seen = BTreeSet::new();
        while let Some((id, above)) = todo.pop() {
            if !seen.insert(id) || seen.len() > MAX_PDF_TREE {
                self.refuse(ChangeKind::FieldAdded, id.number, &*above.name);
                continue;
            }
            // A number that meant something before would make of a page or font a field.
            let was = self.sides.signed.load(id)?.object;
            let loaded = self.sides.last.load(id)?;
            let Some(dict) = loaded.object.dict().filter(|_| !loaded.is_stream()) else {
                self.refuse(ChangeKind::FieldAdded, id.number, &*above.name);
                continue;
            };
            let mut here = above.extended(self.sides.last, id, dict)?;
            let reader = self.sides.last;
            let parent = reader.get(dict, "Parent")?;
            // LibreOffice makes the signature its own default as well.
            let is_value = |value: &Object| value.reference().is_some() && dict.get("V") == Some(value);
            let is_known = dict
                .iter()
                .all(|(key, value)| OF_NEW_FIELDS.contains(&key) || key == b"DV" && is_value(value));
            let kids = reader.get(dict, "Kids")?.object;
            let kids = kids.array().unwrap_or_default();
            let is_group = here.kind.is_none() && !kids.is_empty();
            let is_signature = here.kind.as_deref() == Some(b"Sig");
            let is_child = dict.get("Parent").and_then(Object::reference) == above.parent;
            if was != Object::Null && was != loaded.object
                || !is_known
                || !is_of_a_field(dict)
                || !(is_group || is_signature)
                || !is_child && parent.object != Object::Null
            {
                let acts = dict.get("A").is_some() || dict.get("AA").is_some();
                let kind = if acts {
                    ChangeKind::Action
                } else {
                    ChangeKind::FieldAdded
                };
                self.refuse(kind, id.number, &*here.name);
                continue;
            }
            self.new_name(id, dict, &here, &above);
            if let Some(signed) = dict.get("V") {
                here.signed = self.signing(signed, id.number, &here.name, dict)?;
            } else if is_signature && here.signed.is_none() {
                if self.locks.hold(&here.name) {
                    self.refuse(ChangeKind::LockedField, id.number, &*here.name);
                }
                self.note(ChangeKind::FieldAdded, FILLING, id.number, &*here.name);
            }
            // What is not seen has no look, whatever stands there for one; but not all read on where it is nothing of the kind.
            if let Some(looks) = dict.get("AP") {
                let held = self.sides.last.follow(looks)?;
                if held.plain_dict().is_none() && held.object != Object::Null {
                    self.refuse(ChangeKind::AppearanceWithoutValue, id.number, &*here.name);
                } else if covers(self.sides.last, dict)?.is_some() {
                    self.appearance(id.number, (&Object::Null, looks), &here.name)?;
                }
            }
            let level = here.signed.unwrap_or(ModificationLevel::FormFilling);
            self.new_widgets.insert(id, level);
            if here.signed.is_some() {
                self.signed_widgets.insert(id);
            }
            let here = Rc::new(here);
            for kid in kids {
                match kid.reference() {
                    Some(kid) => todo.push((kid, Rc::clone(&here))),
                    None => self.refuse(ChangeKind::FieldAdded, id.number, &*here.name),
                }
            }
        }
        Ok(())
    }
}

/// Whether a new field says to be a widget, or not to be seen at all.
fn is_of_a_field(dict: &Dict) -> bool {
    dict.get("Subtype")
        .is_none_or(|subtype| subtype.name() == Some(b"Widget"))
}

/// Whether all readers read a part of a name alike: they part names at points, and read escapes, UTF-8 and other orders of
/// bytes or do not.
fn is_plain_name(part: &[u8]) -> bool {
    match part {
        [0xFE, 0xFF, units @ ..] => {
            units.len() % 2 == 0
                && units.chunks(2).all(|unit| match unit {
                    [0, low] => is_plain_letter(*low),
                    _ => true,
                })
        }
        [0xFF, 0xFE, ..] | [0xEF, 0xBB, 0xBF, ..] => false,
        part => part.iter().copied().all(is_plain_letter),
    }
}

/// A letter of PDFDocEncoding and Latin-1 both, and no point.
fn is_plain_letter(letter: u8) -> bool {
    matches!(letter, b' '..=b'~' | 0xA1..=0xFF) && letter != b'.'
}

/// A value as text; some write the name of a state as a string, too, and with its slash.
pub(super) fn says(value: &Object) -> Option<String> {
    let text = text_string(value.name().or(value.string())?);
    Some(text.strip_prefix('/').unwrap_or(&text).to_owned())
}

/// Whether viewers have words to draw beside a value: a caption, or the options of a list.
fn has_words(reader: &Reader<'_>, widget: &Dict) -> Result<bool, OpenError> {
    let ground = reader.get(widget, "MK")?.object;
    let has_caption = ground.dict().is_some_and(|ground| ground.get("CA").is_some());
    Ok(has_caption || widget.get("Opt").is_some())
}

fn is_widget(reader: &Reader<'_>, dict: &Dict) -> Result<bool, OpenError> {
    let is = |key: &str, name: &[u8]| Ok(reader.get(dict, key)?.object.name() == Some(name));
    Ok(is("Type", b"Annot")? && is("Subtype", b"Widget")?)
}

fn name_of(reader: &Reader<'_>, field: &Object) -> Result<Option<String>, OpenError> {
    let Some(dict) = field.dict() else {
        return Ok(None);
    };
    Ok(reader.get(dict, "T")?.object.string().map(text_string))
}
