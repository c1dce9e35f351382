//! Fonts that were added to resources. Some writers keep one list of fonts for all pages, the form and its looks, and whoever
//! fills a field in or signs visibly adds the font for that. It draws nothing where no signed content names it.

use std::collections::BTreeSet;

use super::{
    super::{
        ModificationLevel, OpenError,
        object::{Id, Object},
        parse::is_regular,
        reader::{Loaded, Reader},
        xref::Entry,
    },
    ChangeKind, Comparison, Permission,
};

/// Filters of pictures, which name no fonts.
const OF_PICTURES: [&[u8]; 6] = [
    b"CCF",
    b"CCITTFaxDecode",
    b"DCT",
    b"DCTDecode",
    b"JBIG2Decode",
    b"JPXDecode",
];

impl Comparison<'_, '_> {
    /// Judges the fonts that were found to be new among those that the face may be painted with.
    pub(super) fn fonts_added(&mut self) -> Result<(), OpenError> {
        let added = std::mem::take(&mut self.sides.fonts_added);
        if added.is_empty() {
            return Ok(());
        }
        let names: BTreeSet<&[u8]> = added.iter().map(|(name, _)| &name[..]).collect();
        let named = named(self.sides.signed, &names)?;
        for (name, object) in &added {
            let permission = match &named {
                Some(named) if named.by_content.contains(name) => Permission::Never,
                // Where the form has no such font, some look for it elsewhere.
                Some(named) if named.by_fields.contains(name) && !self.has_form_font(name)? => {
                    Permission::Unclear(ModificationLevel::FormFilling)
                }
                Some(_) => Permission::From(ModificationLevel::FormFilling),
                None => Permission::Never,
            };
            self.note(
                ChangeKind::Font,
                permission,
                *object,
                String::from_utf8_lossy(name),
            );
        }
        Ok(())
    }
}

impl Comparison<'_, '_> {
    /// Whether the form had a font of that name to draw fields with.
    fn has_form_font(&self, name: &[u8]) -> Result<bool, OpenError> {
        let reader = self.sides.signed;
        let mut held = self.signed_form.clone().unwrap_or(Object::Null);
        for key in ["DR", "Font"] {
            let found = reader.follow(&held)?.object;
            let Some(dict) = found.dict() else {
                return Ok(false);
            };
            held = reader.get(dict, key)?.object;
        }
        let fonts = held.dict();
        Ok(fonts.is_some_and(|fonts| fonts.iter().any(|(key, _)| key == name)))
    }
}

/// Names of fonts by where they stand.
#[derive(Default)]
struct Named {
    /// In a stream.
    by_content: BTreeSet<Vec<u8>>,
    /// In a string, such as those that viewers draw fields and remarks with (12.7.4.3).
    by_fields: BTreeSet<Vec<u8>>,
}

/// Where some names stand in a revision; none where a stream of it cannot be read.
fn named(reader: &Reader<'_>, names: &BTreeSet<&[u8]>) -> Result<Option<Named>, OpenError> {
    let sections = reader.sections.iter();
    let numbers: BTreeSet<u32> = sections
        .flat_map(|section| section.entries.keys().chain(section.hidden.keys()))
        .copied()
        .collect();
    let mut found = Named::default();
    for number in numbers {
        let Some(generation) = reader.entry(number).and_then(Entry::generation) else {
            continue;
        };
        let loaded = match reader.load(Id { number, generation }) {
            Err(limit @ OpenError::Limit { .. }) => return Err(limit),
            Err(_) => continue,
            Ok(loaded) => loaded,
        };
        for text in strings(&loaded.object) {
            reader.budget.parse(text.len())?;
            collect(text, names, &mut found.by_fields);
        }
        if !loaded.is_stream() || is_picture(reader, &loaded)? {
            continue;
        }
        let data = match reader.stream_data(&loaded) {
            Err(limit @ OpenError::Limit { .. }) => return Err(limit),
            Err(_) => return Ok(None),
            Ok(data) => data,
        };
        reader.budget.parse(data.len())?;
        collect(&data, names, &mut found.by_content);
    }
    Ok(Some(found))
}

/// Adds those of some names that stand in a text of operators.
fn collect(text: &[u8], names: &BTreeSet<&[u8]>, found: &mut BTreeSet<Vec<u8>>) {
    for at in memchr::memchr_iter(b'/', text) {
        let rest = text.get(at + 1..).unwrap_or_default();
        let length = rest.iter().take_while(|byte| is_regular(**byte)).count();
        let name = unescaped(rest.get(..length).unwrap_or_default());
        if names.contains(&name[..]) {
            found.insert(name);
        }
    }
}

/// All strings in an object: a default appearance may stand by itself.
fn strings(object: &Object) -> Vec<&[u8]> {
    let (mut todo, mut found) = (vec![object], Vec::new());
    while let Some(object) = todo.pop() {
        match object {
            Object::Array(items) => todo.extend(items),
            Object::Dict(dict) => todo.extend(dict.iter().map(|(_, value)| value)),
            other => found.extend(other.string()),
        }
    }
    found
}

fn is_picture(reader: &Reader<'_>, stream: &Loaded) -> Result<bool, OpenError> {
    let Some(dict) = stream.object.dict() else {
        return Ok(false);
    };
    let filter = reader.get(dict, "Filter")?.object;
    let last = match &filter {
        Object::Array(filters) => filters.last().and_then(Object::name),
        filter => filter.name(),
    };
    Ok(last.is_some_and(|name| OF_PICTURES.contains(&name)))
}

/// A name with its `#` and two digits read (7.3.5).
fn unescaped(name: &[u8]) -> Vec<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let mut plain = Vec::with_capacity(name.len().min(64));
    let mut rest = name;
    while let [first, after @ ..] = rest {
        let escaped = match after {
            [high, low, behind @ ..] if *first == b'#' => {
                digit(high).zip(digit(low)).map(|pair| (pair, behind))
            }
            _ => None,
        };
        let (byte, behind) = match escaped {
            Some(((high, low), behind)) => ((high * 16 + low) as u8, behind),
            None => (*first, after),
        };
        plain.push(byte);
        rest = behind;
    }
    plain
}
