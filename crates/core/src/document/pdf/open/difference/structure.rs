//! The structure tree (ISO 32000-2 14.7): it may grow by entries for what else was added, and by nothing that
//! tells a screen reader something new about what was there.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{
        ModificationLevel, OpenError,
        object::{Dict, Id, Object},
        reader::Reader,
        xref::Entry,
    },
    ChangeKind, Comparison, Permission,
    same::{keys, value},
};
use crate::limits::MAX_PDF_TREE;

const GROWING: Permission = Permission::From(ModificationLevel::FormFilling);

/// Entries that a new element may have: none of them speaks for content.
const OF_NEW_ELEMENTS: [&[u8]; 8] = [b"ID", b"K", b"Lang", b"P", b"Pg", b"S", b"T", b"Type"];

fn too_large() -> OpenError {
    OpenError::Limit {
        what: "nodes of one tree",
        limit: MAX_PDF_TREE,
    }
}

impl Comparison<'_, '_> {
    pub(super) fn structure(&mut self, (old, new): (&Object, &Object)) -> Result<(), OpenError> {
        let Some(at) = self.sides.mismatch(old, new)? else {
            return Ok(());
        };
        self.sides.pass(old);
        let before = self.sides.signed.follow(old)?.object;
        let after = self.sides.last.follow(new)?;
        let empty = Dict::default();
        let (before, Some(after), false) = (
            before.dict().unwrap_or(&empty),
            after.object.dict(),
            after.is_stream(),
        ) else {
            self.refuse(ChangeKind::Structure, at, "StructTreeRoot");
            return Ok(());
        };
        // Elements lead to one another in all directions; each is judged where it stands in the tree.
        let elements = elements(self.sides.signed, &value(before, b"K"))?;
        self.sides.landmarks.extend(elements);
        self.sides.landmarks.extend(old.reference());
        self.visited.extend(old.reference());
        for key in keys(before, after) {
            let pair = (&value(before, key), &value(after, key));
            match key {
                b"K" => self.elements(at, pair)?,
                b"ParentTree" => self.parent_tree(at, pair)?,
                b"ParentTreeNextKey" => {
                    let next = [pair.0, pair.1].map(|next| next.integer().unwrap_or(-1));
                    if next[1] < next[0] {
                        self.refuse(ChangeKind::Structure, at, "ParentTreeNextKey");
                    }
                }
                b"Type" if *pair.0 == Object::Null && pair.1.name() == Some(b"StructTreeRoot") => {}
                _ => self.strict(ChangeKind::Structure, at, key, pair)?,
            }
        }
        Ok(())
    }

    fn elements(&mut self, number: u32, (old, new): (&Object, &Object)) -> Result<(), OpenError> {
        let mut todo = Vec::new();
        let mut seen = BTreeSet::new();
        self.element_kids(number, (old, new), &mut todo)?;
        while let Some(id) = todo.pop() {
            if !seen.insert(id) {
                continue;
            }
            self.sides.judged.insert(id.number);
            self.visited.insert(id);
            let (before, after) = (self.sides.signed.load(id)?, self.sides.last.load(id)?);
            let (Some(old), Some(new), false) =
                (before.object.dict(), after.object.dict(), after.is_stream())
            else {
                if before.object != after.object {
                    self.refuse(ChangeKind::Structure, id.number, "K");
                }
                continue;
            };
            for key in keys(old, new) {
                let pair = (&value(old, key), &value(new, key));
                if key == b"K" {
                    self.element_kids(id.number, pair, &mut todo)?;
                } else {
                    self.strict(ChangeKind::Structure, id.number, key, pair)?;
                }
            }
        }
        Ok(())
    }

    /// Kids of one element: those that were there stay in their order, the others are new.
    fn element_kids(
        &mut self,
        number: u32,
        (old, new): (&Object, &Object),
        todo: &mut Vec<Id>,
    ) -> Result<(), OpenError> {
        self.sides.pass(old);
        let before = kids(self.sides.signed, old)?;
        let after = kids(self.sides.last, new)?;
        let mut waiting = before.iter().peekable();
        for kid in after {
            if let Some(held) = waiting.peek().copied() {
                let is_held = match (held.reference(), kid.reference()) {
                    (Some(a), Some(b)) => a == b,
                    (None, None) => self.sides.mismatch(held, &kid)?.is_none(),
                    _ => false,
                };
                if is_held {
                    waiting.next();
                    todo.extend(kid.reference());
                    continue;
                }
            }
            self.new_element(number, &kid)?;
        }
        if waiting.next().is_some() {
            self.refuse(ChangeKind::Structure, number, "K");
        }
        Ok(())
    }

    fn new_element(&mut self, parent: u32, element: &Object) -> Result<(), OpenError> {
        let mut todo = vec![element.clone()];
        let mut seen = BTreeSet::new();
        while let Some(element) = todo.pop() {
            let Some(id) = element.reference() else {
                // One that stands in its parent can only point to an object that has its own place.
                if !is_pointer(self.sides.last, &element)? {
                    self.refuse(ChangeKind::Structure, parent, "K");
                }
                continue;
            };
            if !seen.insert(id) {
                continue;
            }
            if seen.len() > MAX_PDF_TREE {
                return Err(too_large());
            }
            let loaded = self.sides.last.load(id)?;
            let dict = loaded.object.dict().filter(|_| !loaded.is_stream());
            let is_sound = !self.was_used(id)
                && match dict {
                    Some(dict) if dict.get("S").is_none() => is_pointer(self.sides.last, &loaded.object)?,
                    Some(dict) => {
                        let mut entries = dict.iter();
                        entries.all(|(key, _)| OF_NEW_ELEMENTS.contains(&key))
                    }
                    None => false,
                };
            if !is_sound {
                self.refuse(ChangeKind::Structure, id.number, "K");
                continue;
            }
            self.note(ChangeKind::StructureAdded, GROWING, id.number, "K");
            if let Some(dict) = dict {
                todo.extend(kids(self.sides.last, &value(dict, b"K"))?);
            }
        }
        Ok(())
    }

    /// From numbers to elements: all that it held, and new elements under new numbers.
    fn parent_tree(&mut self, number: u32, (old, new): (&Object, &Object)) -> Result<(), OpenError> {
        self.sides.release(old)?;
        let before = numbers(self.sides.signed, old)?;
        let after = numbers(self.sides.last, new)?;
        let (Some(before), Some(after)) = (before, after) else {
            self.refuse(ChangeKind::Structure, number, "ParentTree");
            return Ok(());
        };
        for (key, held) in &before {
            let now = after.get(key).unwrap_or(&Object::Null);
            self.strict(ChangeKind::Structure, number, b"ParentTree", (held, now))?;
        }
        for (_, element) in after.iter().filter(|(key, _)| !before.contains_key(key)) {
            let elements = match self.sides.last.follow(element)?.object {
                Object::Array(elements) => elements,
                _ => vec![element.clone()],
            };
            for element in elements {
                // An element that was there may not come to speak for something new.
                let is_new = element.reference().is_some_and(|id| !self.was_used(id));
                if !is_new && element != Object::Null {
                    self.refuse(ChangeKind::Structure, number, "ParentTree");
                }
            }
        }
        Ok(())
    }

    /// Whether the signed revision had an object of that number.
    pub(super) fn was_used(&self, id: Id) -> bool {
        !matches!(self.sides.signed.entry(id.number), None | Some(Entry::Free))
    }
}

/// `/K`: nothing, one kid, or several.
fn kids(reader: &Reader<'_>, object: &Object) -> Result<Vec<Object>, OpenError> {
    Ok(match reader.follow(object)?.object {
        Object::Null => Vec::new(),
        Object::Array(kids) => kids,
        _ => vec![object.clone()],
    })
}

/// All objects of the tree.
fn elements(reader: &Reader<'_>, root: &Object) -> Result<BTreeSet<Id>, OpenError> {
    let mut found = BTreeSet::new();
    let mut todo = kids(reader, root)?;
    while let Some(element) = todo.pop() {
        if element.reference().is_some_and(|id| !found.insert(id)) {
            continue;
        }
        if found.len() > MAX_PDF_TREE {
            return Err(too_large());
        }
        if let Some(dict) = reader.follow(&element)?.object.dict() {
            todo.extend(kids(reader, &value(dict, b"K"))?);
        }
    }
    Ok(found)
}

/// Whether it is a reference to a whole object (14.7.5.3), such as an annotation.
fn is_pointer(reader: &Reader<'_>, object: &Object) -> Result<bool, OpenError> {
    let found = reader.follow(object)?.object;
    Ok(found.dict().is_some_and(|dict| {
        dict.get("Type").and_then(Object::name) == Some(b"OBJR")
            && dict
                .iter()
                .all(|(key, _)| matches!(key, b"Type" | b"Obj" | b"Pg"))
    }))
}

/// The entries of a number tree (7.9.7); none where it is no such tree.
fn numbers(reader: &Reader<'_>, root: &Object) -> Result<Option<BTreeMap<i64, Object>>, OpenError> {
    let mut found = BTreeMap::new();
    let (mut todo, mut nodes) = (vec![root.clone()], 0);
    while let Some(node) = todo.pop() {
        nodes += 1;
        if nodes > MAX_PDF_TREE || found.len() > MAX_PDF_TREE {
            return Err(too_large());
        }
        let node = match reader.follow(&node)?.object {
            Object::Null => continue,
            Object::Dict(node) => node,
            _ => return Ok(None),
        };
        let entries = reader.get(&node, "Nums")?.object;
        for pair in entries.array().unwrap_or_default().chunks(2) {
            let [Object::Integer(key), element] = pair else {
                return Ok(None);
            };
            if found.insert(*key, element.clone()).is_some() {
                return Ok(None);
            }
        }
        let kids = reader.get(&node, "Kids")?.object;
        todo.extend_from_slice(kids.array().unwrap_or_default());
    }
    Ok(Some(found))
}
