//! Fields: filled in, signed, added, locked.

use std::collections::BTreeSet;

use super::{
    super::{
        ModificationLevel, OpenError, SignatureKind,
        parse::{Dict, Id, Object},
        reader::Reader,
        text::text_string,
    },
    ChangeKind, Comparison, Permission,
    same::{keys, value},
};
use crate::limits::MAX_PDF_TREE;

const FILLING: Permission = Permission::From(ModificationLevel::FormFilling);

/// Annotation flags (12.5.3): what is hidden is shown nowhere. What is only not to be viewed is printed where it says
/// so, and shown where a pointer may bring it up. Invisible hides annotations of unknown kinds, and no widget.
const HIDDEN: i64 = 0x02;
const NO_VIEW: i64 = 0x20;
const SHOWN_ELSEWHERE: i64 = 0x04 | 0x100;

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

/// What a field hands down to its kids.
#[derive(Debug, Clone, Default)]
struct Above {
    name: String,
    kind: Option<Vec<u8>>,
    /// Its value as it was changed by someone who may.
    filled: Option<Object>,
    /// It was signed, at this level.
    signed: Option<ModificationLevel>,
    parent: Option<Id>,
}

impl Above {
    fn extended(&self, reader: &Reader<'_>, id: Id, dict: &Dict) -> Result<Above, OpenError> {
        let mut here = self.clone();
        here.parent = Some(id);
        if let Some(kind) = reader.get(dict, "FT")?.object.name() {
            here.kind = Some(kind.to_vec());
        }
        if let Some(part) = reader.get(dict, "T")?.object.string() {
            if !here.name.is_empty() {
                here.name.push('.');
            }
            here.name.push_str(&text_string(part));
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
        self.redraws = redraws(self.sides.last, after)?;
        let began_to_redraw = redraws(self.sides.signed, before)? != self.redraws;
        for key in keys(before, after) {
            let pair = (&value(before, key), &value(after, key));
            match key {
                b"Fields" => self.fields(number, pair)?,
                b"NeedAppearances" => {}
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
                // Fields that were there and have none of their own cannot have been drawn without it.
                b"DA" if *pair.0 == Object::Null => {
                    self.note(
                        ChangeKind::Form,
                        Permission::From(ModificationLevel::None),
                        number,
                        "DA",
                    );
                }
                _ => self.strict(ChangeKind::Form, number, key, pair)?,
            }
        }
        // Who fills fields in may leave the drawing to viewers, but that draws all others anew as well.
        if began_to_redraw {
            let is_filled = |change: &super::Change| change.kind == ChangeKind::FieldFilled;
            let permission = if self.changes.iter().any(is_filled) {
                Permission::Unclear(ModificationLevel::FormFilling)
            } else {
                Permission::Never
            };
            self.note(ChangeKind::Form, permission, number, "NeedAppearances");
        }
        Ok(())
    }

    /// `/DR`: resources for filling fields in may be added beside those that are there.
    fn form_resources(&mut self, number: u32, (old, new): (&Object, &Object)) -> Result<(), OpenError> {
        self.sides.pass(old);
        let before = self.sides.signed.follow(old)?.object;
        let after = self.sides.last.follow(new)?.object;
        let (Some(before), Some(after)) = (before.dict(), after.dict()) else {
            if before != Object::Null || after.dict().is_none() {
                self.refuse(ChangeKind::Resources, number, "DR");
            }
            return Ok(());
        };
        for (key, held) in before.iter() {
            self.sides.pass(held);
            let held = self.sides.signed.follow(held)?.object;
            let now = self.sides.last.follow(&value(after, key))?.object;
            let (Some(held_dict), Some(now_dict)) = (held.dict(), now.dict()) else {
                self.strict(ChangeKind::Resources, number, key, (&held, &now))?;
                continue;
            };
            let kind = match key {
                b"Font" => ChangeKind::Font,
                _ => ChangeKind::Resources,
            };
            for (name, resource) in held_dict.iter() {
                self.strict(kind, number, name, (resource, &value(now_dict, name)))?;
            }
        }
        Ok(())
    }

    fn fields(&mut self, number: u32, (old, new): (&Object, &Object)) -> Result<(), OpenError> {
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
            &Above::default(),
            &mut todo,
        )?;
        let mut seen = BTreeSet::new();
        while let Some((id, above)) = todo.pop() {
            // The trees of both sides are finite, but an attacker may knot the later one.
            if !seen.insert(id) || seen.len() > MAX_PDF_TREE {
                self.refuse(ChangeKind::FieldChanged, id.number, above.name);
                continue;
            }
            self.fields.insert(id);
            self.field(id, &above, &mut todo)?;
        }
        Ok(())
    }

    /// Fields on one level: those that were there stay in their order, the others are new.
    fn siblings(
        &mut self,
        number: u32,
        before: &[Object],
        after: &[Object],
        above: &Above,
        todo: &mut Vec<(Id, Above)>,
    ) -> Result<(), OpenError> {
        let mut waiting = before.iter().peekable();
        let mut names = BTreeSet::new();
        for kid in before {
            let kid = self.sides.signed.follow(kid)?.object;
            names.extend(name_of(self.sides.signed, &kid)?);
        }
        for field in after {
            let Some(id) = field.reference() else {
                // One that stands in the array itself cannot be told from another.
                if waiting.next_if(|held| held.reference().is_none()).is_none() {
                    self.refuse(ChangeKind::FieldAdded, number, above.name.clone());
                }
                continue;
            };
            if waiting.next_if(|held| *held == field).is_some() {
                todo.push((id, above.clone()));
            } else if before.contains(field) {
                self.refuse(ChangeKind::FieldChanged, id.number, above.name.clone());
            } else {
                let dict = self.sides.last.load(id)?.object;
                if let Some(name) = name_of(self.sides.last, &dict)?
                    && !names.insert(name)
                {
                    self.refuse(ChangeKind::FieldAdded, id.number, above.name.clone());
                }
                // A field that was there is another one with one more kid. Some programs sign so, others refuse it.
                if above.parent.is_some() {
                    let permission = Permission::Unclear(ModificationLevel::FormFilling);
                    self.note(
                        ChangeKind::FieldChanged,
                        permission,
                        id.number,
                        above.name.clone(),
                    );
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
        if let Some(lost) = waiting.next() {
            let lost = lost.reference().map_or(number, |id| id.number);
            self.refuse(ChangeKind::FieldRemoved, lost, above.name.clone());
        }
        Ok(())
    }

    fn field(&mut self, id: Id, above: &Above, todo: &mut Vec<(Id, Above)>) -> Result<(), OpenError> {
        let before = self.sides.signed.load(id)?;
        let after = self.sides.last.load(id)?;
        let (Some(old), Some(new), false) = (before.object.dict(), after.object.dict(), after.is_stream())
        else {
            let same = Object::Reference(id);
            return self.strict(ChangeKind::FieldRemoved, id.number, b"Fields", (&same, &same));
        };
        let mut here = above.extended(self.sides.signed, id, old)?;

        // 1. The value.
        let (was, is) = (value(old, b"V"), value(new, b"V"));
        let change = self.sides.mismatch(&was, &is)?;
        let was_empty = self.sides.signed.follow(&was)?.object == Object::Null;
        let is_signature = here.kind.as_deref() == Some(b"Sig");
        if let Some(at) = change {
            let at = if at == 0 { id.number } else { at };
            if self.locks.hold(&here.name) && !(is_signature && was_empty) {
                self.refuse(ChangeKind::LockedField, at, here.name.clone());
            } else if is_signature && was_empty {
                here.signed = self.signing(&is, id.number, &here.name, new)?;
                if let Some(level) = here.signed {
                    self.new_widgets.insert(id, level);
                    self.signed_widgets.insert(id);
                }
            } else if is_signature {
                self.refuse(ChangeKind::SignatureReplaced, at, here.name.clone());
            } else if here.kind.is_some() && self.is_field_value(&is)? {
                here.filled = Some(is.clone());
                self.sides.release(&was)?;
                self.note(ChangeKind::FieldFilled, FILLING, at, here.name.clone());
            } else {
                self.refuse(ChangeKind::FieldChanged, at, here.name.clone());
            }
        }

        // 2. What it looks like, and everything else.
        let follows = here.filled.is_some() || here.signed.is_some();
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
                            self.note(kind, permission, id.number, here.name.clone());
                        }
                    }
                }
                // How viewers draw the value, where no look is stored that shows it.
                b"BS" | b"DA" | b"MK" if follows => {
                    let is_drawn = here.filled.is_some() && (self.redraws || new.get("AP").is_none());
                    if is_drawn && self.sides.mismatch(pair.0, pair.1)?.is_some() {
                        let permission = Permission::Unclear(ModificationLevel::FormFilling);
                        let kind = ChangeKind::AppearanceUnlikeValue;
                        self.note(kind, permission, id.number, here.name.clone());
                    }
                    self.sides.release(pair.0)?;
                }
                b"AS" | b"I" if follows => self.sides.release(pair.0)?,
                b"AP" | b"AS" | b"I" | b"MK" => {
                    self.strict(
                        ChangeKind::AppearanceWithoutValue,
                        id.number,
                        here.name.as_bytes(),
                        pair,
                    )?;
                }
                b"F" | b"Ff" if follows => self.flags(id.number, key, pair, &here.name)?,
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
                self.siblings(id.number, before, after, &here, todo)
            }
            _ => {
                self.refuse(ChangeKind::FieldChanged, id.number, here.name);
                Ok(())
            }
        }
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
        let may_come = if key == b"F" {
            0x04 | 0x40 | 0x80 | 0x200
        } else {
            1
        };
        if was & is != was || (is & !was) & !may_come != 0 {
            self.refuse(ChangeKind::FieldChanged, number, name);
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
        let signature = new_value.reference().and_then(|id| {
            let mut known = self.signatures.iter();
            known.find(|signature| signature.id == Some(id))
        });
        let is_sound = signature.is_some_and(|signature| {
            signature.fields.len() == 1
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
        // A document timestamp adds time and nothing else, as long as it is not seen.
        let level = match signature.kind {
            SignatureKind::Signature => ModificationLevel::FormFilling,
            _ if area(self.sides.last, widget)?.is_none() => ModificationLevel::None,
            _ => ModificationLevel::FormFilling,
        };
        self.note(
            ChangeKind::SignatureAdded,
            Permission::From(level),
            signature.object,
            name,
        );
        Ok(Some(level))
    }

    /// A field, or widget of a field, that the signed revision does not have.
    fn new_field(&mut self, id: Id, above: &Above) -> Result<(), OpenError> {
        let mut todo = vec![(id, above.clone())];
        let mut seen = BTreeSet::new();
        while let Some((id, above)) = todo.pop() {
            if !seen.insert(id) || seen.len() > MAX_PDF_TREE {
                self.refuse(ChangeKind::FieldAdded, id.number, above.name);
                continue;
            }
            // A number that meant something before would make of a page or font a field.
            let was = self.sides.signed.load(id)?.object;
            let loaded = self.sides.last.load(id)?;
            let Some(dict) = loaded.object.dict().filter(|_| !loaded.is_stream()) else {
                self.refuse(ChangeKind::FieldAdded, id.number, above.name);
                continue;
            };
            let mut here = above.extended(self.sides.last, id, dict)?;
            let reader = self.sides.last;
            let parent = reader.get(dict, "Parent")?;
            let is_known = dict.iter().all(|(key, _)| OF_NEW_FIELDS.contains(&key));
            let kids = reader.get(dict, "Kids")?.object;
            let kids = kids.array().unwrap_or_default();
            let is_group = here.kind.is_none() && !kids.is_empty();
            let is_signature = here.kind.as_deref() == Some(b"Sig");
            let is_child = dict.get("Parent").and_then(Object::reference) == above.parent;
            if was != Object::Null && was != loaded.object
                || !is_known
                || !(is_group || is_signature)
                || !is_child && parent.object != Object::Null
            {
                let acts = dict.get("A").is_some() || dict.get("AA").is_some();
                let kind = if acts {
                    ChangeKind::Action
                } else {
                    ChangeKind::FieldAdded
                };
                self.refuse(kind, id.number, here.name);
                continue;
            }
            if let Some(signed) = dict.get("V") {
                here.signed = self.signing(signed, id.number, &here.name, dict)?;
            } else if is_signature && here.signed.is_none() {
                self.note(ChangeKind::FieldAdded, FILLING, id.number, here.name.clone());
            }
            // What is not seen has no look, whatever stands there for one.
            if let Some(looks) = dict.get("AP")
                && area(self.sides.last, dict)?.is_some()
            {
                self.appearance(id.number, (&Object::Null, looks), &here.name)?;
            }
            let level = here.signed.unwrap_or(ModificationLevel::FormFilling);
            self.new_widgets.insert(id, level);
            if here.signed.is_some() {
                self.signed_widgets.insert(id);
            }
            for kid in kids {
                match kid.reference() {
                    Some(kid) => todo.push((kid, here.clone())),
                    None => self.refuse(ChangeKind::FieldAdded, id.number, here.name.clone()),
                }
            }
        }
        Ok(())
    }
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

/// Rectangle of an annotation that can be seen; none where it has no extent or is hidden.
pub(super) fn area(reader: &Reader<'_>, widget: &Dict) -> Result<Option<[f64; 4]>, OpenError> {
    // A number that not every reader holds is none to some.
    let flags = reader.get(widget, "F")?.object.integer();
    let flags = flags
        .filter(|flags| i32::try_from(*flags).is_ok())
        .unwrap_or_default();
    let place = rectangle(reader, &value(widget, b"Rect"))?;
    let is_hidden = flags & HIDDEN != 0 || flags & NO_VIEW != 0 && flags & SHOWN_ELSEWHERE == 0;
    Ok(place.filter(|[left, bottom, right, top]| !is_hidden && left < right && bottom < top))
}

/// A rectangle with its corners in order.
pub(super) fn rectangle(reader: &Reader<'_>, object: &Object) -> Result<Option<[f64; 4]>, OpenError> {
    let found = reader.follow(object)?.object;
    let mut sides = Vec::with_capacity(4);
    for side in found.array().unwrap_or_default().iter().take(5) {
        sides.extend(reader.follow(side)?.object.number());
    }
    Ok(match sides[..] {
        [a, b, c, d] => Some([a.min(c), b.min(d), a.max(c), b.max(d)]),
        _ => None,
    })
}
