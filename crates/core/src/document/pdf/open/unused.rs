//! Content that a file holds and that nothing leads to.
//!
//! Most of it is what editors leave behind. But a shadow attack of the kind hide-and-replace keeps its second
//! content so, signed with the rest, to be shown by a later revision: that revision is refused, and a person
//! who is to sign or to rely on a file may want to know before.

use std::{collections::BTreeSet, rc::Rc};

use super::{
    OpenError,
    object::{Dict, Id, Object},
    reader::{Loaded, Reader},
    xref::Entry,
};

/// What shows something, by its `/Type`.
const SHOWING: [&[u8]; 6] = [b"Annot", b"Catalog", b"Font", b"Page", b"Pages", b"XObject"];

/// What shows nothing: how the file keeps its objects, and what is about the file.
const KEEPING: [&[u8]; 3] = [b"Metadata", b"ObjStm", b"XRef"];

/// Numbers of the objects that could show something and that nothing leads to.
pub(super) fn content(opened: &Reader<'_>) -> Result<Vec<u32>, OpenError> {
    // An account of its own: what is asked here must not be wanting elsewhere.
    let reader = opened.under(Rc::default());
    let load = |id: Id| match reader.load(id) {
        Err(limit @ OpenError::Limit { .. }) => Err(limit),
        // What cannot be read shows nothing, and leads nowhere.
        found => Ok(found.ok()),
    };

    // 1. What the trailer leads to.
    let mut todo = Vec::new();
    let mut reached = BTreeSet::new();
    let trailer = reader.trailer().into_iter().flat_map(Dict::iter);
    todo.extend(trailer.flat_map(|(_, value)| value.references()));
    while let Some(id) = todo.pop() {
        if reached.insert(id.number)
            && let Some(loaded) = load(id)?
        {
            todo.extend(loaded.object.references());
        }
    }

    // 2. What is in use beside it.
    let sections = reader.sections.iter();
    let listed: BTreeSet<u32> = sections
        .flat_map(|section| section.entries.keys().chain(section.hidden.keys()))
        .copied()
        .collect();
    let mut found = Vec::new();
    let mut hints = None;
    for number in listed.difference(&reached) {
        let number = *number;
        let entry = reader.entry(number);
        let Some(generation) = entry.and_then(Entry::generation) else {
            continue;
        };
        let Some(loaded) = load(Id { number, generation })? else {
            continue;
        };
        // A linearised file says where its table of hints is (F.3.3); nothing else leads there.
        let dict = loaded.object.dict();
        if let Some(place) = dict.and_then(|dict| dict.get("H")).and_then(Object::array) {
            let place = place.first().and_then(Object::integer);
            hints = place.and_then(|place| usize::try_from(place).ok());
        } else if shows(&loaded) {
            found.push((number, entry));
        }
    }
    found.retain(|(_, entry)| !matches!(entry, Some(Entry::At { offset, .. }) if hints == Some(*offset)));
    Ok(found.into_iter().map(|(number, _)| number).collect())
}

fn shows(loaded: &Loaded) -> bool {
    let kind = loaded.object.dict().and_then(|dict| dict.get("Type"));
    match kind.and_then(Object::name) {
        Some(kind) if loaded.is_stream() => !KEEPING.contains(&kind),
        Some(kind) => SHOWING.contains(&kind),
        None => loaded.is_stream(),
    }
}
