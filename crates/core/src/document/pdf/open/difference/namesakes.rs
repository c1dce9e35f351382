//! What else shows a field that was filled in: fields of the same full name, which are one with it (ISO 32000-2 12.7.4.2),
//! widgets that say they are its but are not among its kids, and the XFA form beside (12.7.8).

use super::{
    super::{
        ModificationLevel, OpenError,
        object::{Dict, Id, Object},
        text::text_string,
    },
    ChangeKind, Comparison, Permission,
    form::says,
};
use crate::limits::MAX_PDF_DEPTH;

const UNCLEAR: Permission = Permission::Unclear(ModificationLevel::FormFilling);

impl Comparison<'_, '_> {
    /// Notes what still says something else than the fields that were filled in.
    pub(super) fn namesakes(&mut self, number: u32, form: &Dict) -> Result<(), OpenError> {
        let filled = self
            .changes
            .iter()
            .filter(|change| change.kind == ChangeKind::FieldFilled);
        self.names_filled = filled.map(|change| change.place.clone()).collect();
        for (name, field) in std::mem::take(&mut self.names_added) {
            if self.values.contains_key(&name) {
                self.refuse(ChangeKind::FieldAdded, field, name);
            }
        }
        let reader = self.sides.last;
        if !self.names_filled.is_empty() && reader.get(form, "XFA")?.object != Object::Null {
            self.note(ChangeKind::FieldChanged, UNCLEAR, number, "XFA");
        }
        for (name, values) in std::mem::take(&mut self.values) {
            if values.len() < 2 || !self.names_filled.contains(&name) {
                continue;
            }
            let mut said = Vec::new();
            for value in values {
                let value = reader.follow(&value)?.object;
                reader.budget.parse(value.string().map_or(0, <[u8]>::len))?;
                said.push(says(&value));
            }
            if said.contains(&None) || said.windows(2).any(|pair| pair.first() != pair.last()) {
                self.note(ChangeKind::FieldChanged, UNCLEAR, number, name);
            }
        }
        Ok(())
    }

    /// Notes a widget that no field has among its kids and that names one which was filled in.
    pub(super) fn stray(&mut self, id: Id, widget: &Dict) -> Result<(), OpenError> {
        let is_widget = widget.get("Subtype").and_then(Object::name) == Some(b"Widget");
        if !is_widget || self.names_filled.is_empty() {
            return Ok(());
        }
        let reader = self.sides.last;
        let mut parts = Vec::new();
        let mut here = Some(widget.clone());
        for _ in 0..MAX_PDF_DEPTH {
            let Some(dict) = here else { break };
            let part = reader.get(&dict, "T")?.object;
            parts.extend(part.string().map(text_string));
            here = reader.get(&dict, "Parent")?.object.dict().cloned();
        }
        parts.reverse();
        let name = parts.join(".");
        if self.names_filled.contains(&name) {
            self.note(ChangeKind::AppearanceUnlikeValue, UNCLEAR, id.number, name);
        }
        Ok(())
    }
}
