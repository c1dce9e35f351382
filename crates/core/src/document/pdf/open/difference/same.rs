//! Whether two values show the same, one in the signed revision and one in the final file.
//!
//! Values are compared as a reader sees them: references are followed on both sides, and two graphs are the
//! same where no path leads to a difference. So a writer may number objects anew, and an object that is
//! overwritten is found on every path that leads to it. What some readers take for the same and others do not
//! is none: an integer and a real number but in rectangles and matrices, an entry that is absent and one that
//! leads nowhere, a layer and another one that is like it. Text strings (7.9.2.2) are the same where their text is:
//! many programs write them in another encoding whenever they write a dictionary anew.

use std::collections::BTreeSet;

use super::super::{
    OpenError,
    object::{Dict, Id, Object},
    parse::Parser,
    reader::{Loaded, Reader},
    text::certain_text,
    xref::Entry,
};
use crate::limits::MAX_PDF_WAITING;

/// The two states of the file.
pub(super) struct Sides<'r, 'a> {
    /// The file as it ended with the signed revision.
    pub(super) signed: &'r Reader<'a>,
    pub(super) last: &'r Reader<'a>,
    /// Objects that are judged where they belong (pages, annotations, fields): a link to one of them is the
    /// same where it leads to the same object.
    pub(super) landmarks: BTreeSet<Id>,
    /// Pairs found to be the same with all that they lead to, and as what.
    pub(super) proven: BTreeSet<(Id, Id, Role)>,
    /// What the face is painted from and was written anew though it is the same, or cannot be read.
    pub(super) rewritten: BTreeSet<u32>,
    /// Numbers of objects of the signed revision that were judged somewhere.
    pub(super) judged: BTreeSet<u32>,
    /// Fonts that came to lists of fonts, by name and by the object that the list stands in.
    pub(super) fonts_added: BTreeSet<(Vec<u8>, u32)>,
}

/// What is known of a value from the place it is reached from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Role {
    /// The face is painted from it.
    pub(super) paints: bool,
    /// It says which layers there are, or on which one something lies: they are known by their number.
    pub(super) layers: bool,
    /// It is numbers by the standard, whole or not: a rectangle, a matrix, a colour, an opacity.
    pub(super) measures: bool,
    /// It is a box of a page.
    pub(super) bounds: bool,
    /// Its strings are text, in whatever encoding.
    pub(super) text: bool,
    /// It is a list of fonts (7.8.3).
    pub(super) fonts: bool,
}

impl Role {
    /// What is known of an entry of a dictionary that has this role.
    pub(super) fn at(self, key: &[u8]) -> Role {
        Role {
            paints: self.paints || key == b"AP",
            layers: self.layers || LAYERS.contains(&key),
            measures: MEASURES.contains(&key) || BOXES.contains(&key),
            bounds: BOXES.contains(&key),
            // Names of resources are keys as well.
            text: !self.paints && TEXT.contains(&key),
            fonts: key == b"Font",
        }
    }

    /// The same of a dictionary that may be an annotation's, and is no signature's.
    pub(super) fn of_entry(self, key: &[u8]) -> Role {
        let role = self.at(key);
        Role {
            text: role.text || !self.paints && key == CONTENTS,
            ..role
        }
    }
}

/// Two values that are to be the same.
struct Pair {
    signed: Object,
    last: Object,
    /// Number of the object they stand in.
    within: u32,
    role: Role,
}

impl Pair {
    /// Values within these.
    fn next(&self, signed: Object, last: Object, role: Role) -> Pair {
        Pair {
            signed,
            last,
            within: self.within,
            role,
        }
    }
}

/// Keys whose strings, or those in their arrays, are text strings (ISO 32000-2), but for [`CONTENTS`]. Byte strings
/// such as `/ID`, `/DA` and the names of destinations are not among them.
#[rustfmt::skip]
const TEXT: &[&[u8]] = &[
    // The language of a document, an element, an annotation: 14.9.2.
    b"Lang",
    // The information dictionary, 14.3.3; dates are text strings, 7.9.4. Outlines, 12.3.3.
    b"Title", b"Author", b"Subject", b"Keywords", b"Creator", b"Producer", b"CreationDate", b"ModDate",
    // Annotations, and what they look like: 12.5.2, 12.5.6.
    b"NM", b"M", b"RC", b"Subj", b"State", b"StateModel", b"DS", b"CA", b"AC", b"OverlayText",
    // Fields and their values: 12.7.4, 12.7.5.
    b"T", b"TU", b"TM", b"V", b"DV", b"RV", b"Opt",
    // Locks and seed values of signature fields: 12.7.5.5, 12.8.2.4.
    b"Fields", b"Reasons", b"LegalAttestation", b"AppearanceFilter",
    // Structure elements: 14.7.2, 14.9.
    b"Alt", b"ActualText", b"E",
    // Page labels, layers, files, scripts, output intents: 12.4.2, 8.11, 7.11.3, 12.6.4.17, 14.11.5.
    b"P", b"Name", b"UF", b"Desc", b"JS",
    b"OutputCondition", b"OutputConditionIdentifier", b"RegistryName", b"Info",
];

/// A text string in annotations, which have a subtype (12.5.2); the bytes of the CMS in signature dictionaries.
const CONTENTS: &[u8] = b"Contents";

/// Keys under which layers stand (8.11).
const LAYERS: [&[u8]; 3] = [b"OC", b"OCProperties", b"Properties"];

/// Keys of rectangles and matrices; of the colours of fields, and of opacities.
const MEASURES: [&[u8]; 7] = [b"BBox", b"BC", b"BG", b"CA", b"Matrix", b"Rect", b"ca"];

/// Keys of the boxes of a page.
const BOXES: [&[u8]; 5] = [b"ArtBox", b"BleedBox", b"CropBox", b"MediaBox", b"TrimBox"];

/// Keys that say how a stream is written down, not what it holds.
const ENCODING: [&[u8]; 3] = [b"Length", b"Filter", b"DecodeParms"];

impl Sides<'_, '_> {
    /// Number of the first object that differs (0 if it is the value given), none where nothing does.
    pub(super) fn mismatch(&mut self, signed: &Object, last: &Object) -> Result<Option<u32>, OpenError> {
        self.mismatch_as(Role::default(), signed, last)
    }

    /// The same for values of a dictionary that is compared key by key, so that it is known what they are.
    /// Signature dictionaries are not compared so.
    pub(super) fn mismatch_of(
        &mut self,
        key: &[u8],
        (signed, last): (&Object, &Object),
    ) -> Result<Option<u32>, OpenError> {
        self.mismatch_as(Role::default().of_entry(key), signed, last)
    }

    /// As [`mismatch`](Self::mismatch), for values of which it is known what they are.
    pub(super) fn mismatch_as(
        &mut self,
        role: Role,
        signed: &Object,
        last: &Object,
    ) -> Result<Option<u32>, OpenError> {
        let (mut assumed, mut rewritten) = (BTreeSet::new(), BTreeSet::new());
        let mut todo = vec![Pair {
            signed: signed.clone(),
            last: last.clone(),
            within: 0,
            role,
        }];
        while let Some(mut pair) = todo.pop() {
            may_wait(todo.len())?;
            let ids = (pair.signed.reference(), pair.last.reference());
            let number = ids.1.or(ids.0).map(|id| id.number);
            pair.within = number.unwrap_or(pair.within);
            if let (Some(a), Some(b)) = ids {
                if self.proven.contains(&(a, b, pair.role)) || !assumed.insert((a, b, pair.role)) {
                    continue;
                }
                // Nothing is painted from a page or a field: whoever does so has it judged as what it paints.
                if !pair.role.paints && (self.landmarks.contains(&a) || self.landmarks.contains(&b)) {
                    if a == b {
                        continue;
                    }
                    return Ok(Some(pair.within));
                }
                if a == b {
                    self.judged.insert(a.number);
                }
            }
            if pair.role.layers && ids.0 != ids.1 {
                return Ok(Some(pair.within));
            }
            let found = (of(self.signed, &pair.signed), of(self.last, &pair.last));
            if pair.role.paints && (ids.0 != ids.1 || number.is_some_and(|number| !self.is_untouched(number)))
            {
                let is_copy = match &found {
                    (Ok(a), Ok(b)) => {
                        ids.0 == ids.1 && (self.is_copy(a, b)? || pair.role.fonts && is_longer_copy(a, b))
                    }
                    _ => false,
                };
                rewritten.extend(number.filter(|_| !is_copy));
            }
            let is_same = match found {
                (Ok(a), Ok(b)) => match (&a.object, &b.object) {
                    (Object::Null, Object::Null) => match ids {
                        (Some(a), Some(b)) => self.lead_nowhere(a, b),
                        (None, None) => true,
                        _ => false,
                    },
                    (Object::Reference(_), Object::Reference(_)) => {
                        todo.push(pair.next(a.object, b.object, pair.role));
                        true
                    }
                    _ => {
                        let is_alike = self.alike(&a, &b, &pair, &mut todo)?;
                        // Some read a name or a number only where it stands, not where it is referred to.
                        if ids.0.is_some() != ids.1.is_some() && is_simple(&b.object) {
                            rewritten.insert(pair.within);
                        }
                        // What is drawn by numbers that are nearly the same may be far from the same.
                        if pair.role.paints && is_nearly(&a.object, &b.object) {
                            rewritten.insert(pair.within);
                        }
                        is_alike
                    }
                },
                (Err(limit @ OpenError::Limit { .. }), _) | (_, Err(limit @ OpenError::Limit { .. })) => {
                    return Err(limit);
                }
                // What nobody can read shows nothing in both, as long as it is the same bytes. But others may
                // read it, and follow it to where nobody here does.
                (Err(_), Err(_)) => {
                    rewritten.extend(number.filter(|_| pair.role.paints));
                    pair.signed == pair.last
                        && number.is_some_and(|number| self.is_untouched(number) && self.is_whole(number))
                }
                _ => false,
            };
            if !is_same {
                return Ok(Some(pair.within));
            }
        }
        self.proven.append(&mut assumed);
        self.rewritten.append(&mut rewritten);
        Ok(None)
    }

    /// Whether an object was written again as it was: the same entries in any order, the same bytes of a stream. Some
    /// programs write all that they have looked at.
    fn is_copy(&self, signed: &Loaded, last: &Loaded) -> Result<bool, OpenError> {
        let raw = match (signed.is_stream(), last.is_stream()) {
            (false, false) => return Ok(plain(&signed.object) == plain(&last.object)),
            (true, true) => (self.signed.raw_stream(signed), self.last.raw_stream(last)),
            _ => return Ok(false),
        };
        match raw {
            (Ok(a), Ok(b)) => {
                Ok(self.is_same_raw(a, b)? && plain_stream(&signed.object) == plain_stream(&last.object))
            }
            (Err(limit @ OpenError::Limit { .. }), _) | (_, Err(limit @ OpenError::Limit { .. })) => {
                Err(limit)
            }
            _ => Ok(false),
        }
    }

    /// Whether the raw data of two streams are the same. Streams may lie in one another, so what is compared is paid
    /// for as if it were inflated.
    fn is_same_raw(&self, a: &[u8], b: &[u8]) -> Result<bool, OpenError> {
        if a.len() != b.len() || std::ptr::eq(a, b) {
            return Ok(a.len() == b.len());
        }
        self.last.budget.inflate(a.len())?;
        Ok(a == b)
    }

    /// Whether a number stands for what it stood for, byte by byte.
    pub(super) fn is_untouched(&self, number: u32) -> bool {
        let is_kept = |number| self.signed.entry(number) == self.last.entry(number);
        is_kept(number)
            && match self.signed.entry(number) {
                Some(Entry::In { container, .. }) => is_kept(container),
                _ => true,
            }
    }

    /// Whether two references that lead nowhere do so to readers, too, that look at their numbers alone.
    fn lead_nowhere(&self, signed: Id, last: Id) -> bool {
        let is_free = |entry| matches!(entry, None | Some(Entry::Free));
        is_free(self.signed.entry(signed.number)) && is_free(self.last.entry(last.number))
            || signed == last && self.is_untouched(signed.number)
    }

    /// Whether an object that cannot be read fails by bytes that are all signed.
    fn is_whole(&self, number: u32) -> bool {
        let Some(Entry::At { offset, .. }) = self.signed.entry(number) else {
            return false;
        };
        let mut parser = Parser::file(self.signed.data, offset);
        let is_read = parser.object_header().and_then(|_| parser.object()).is_ok();
        let _ = is_read && (parser.keyword(b"stream") || parser.keyword(b"endobj"));
        parser.reach() < self.signed.data.len()
    }

    /// Takes a value of the signed revision, with all that it leads to, for judged: it may be replaced.
    pub(super) fn release(&mut self, signed: &Object) -> Result<(), OpenError> {
        let mut seen = BTreeSet::new();
        let mut todo = vec![signed.clone()];
        while let Some(object) = todo.pop() {
            may_wait(todo.len())?;
            let loaded = match object.reference() {
                Some(id) if self.landmarks.contains(&id) || !seen.insert(id) => continue,
                Some(id) => {
                    self.judged.insert(id.number);
                    match self.signed.load(id) {
                        Err(limit @ OpenError::Limit { .. }) => return Err(limit),
                        Err(_) => continue,
                        Ok(loaded) => loaded.object,
                    }
                }
                None => object,
            };
            match loaded {
                Object::Array(items) => todo.extend(items),
                Object::Dict(dict) => todo.extend(dict.iter().map(|(_, value)| value.clone())),
                Object::Reference(_) => todo.push(loaded),
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes the object that holds a list for judged; what is in the list is judged one by one.
    pub(super) fn pass(&mut self, signed: &Object) {
        self.judged.extend(signed.reference().map(|id| id.number));
    }

    fn alike(
        &mut self,
        signed: &Loaded,
        last: &Loaded,
        pair: &Pair,
        todo: &mut Vec<Pair>,
    ) -> Result<bool, OpenError> {
        if signed.is_stream() != last.is_stream() {
            return Ok(false);
        }
        Ok(match (&signed.object, &last.object) {
            (Object::String { bytes: a, .. }, Object::String { bytes: b, .. }) => {
                a == b || pair.role.text && is_same_text(a, b)
            }
            (Object::Array(a), Object::Array(b)) if pair.role.measures && is_measure(a) && is_measure(b) => {
                let is_same = |(a, b)| a == b || is_same_length(pair.role, a, b);
                a.len() == b.len() && a.iter().zip(b).all(is_same)
            }
            (Object::Array(a), Object::Array(b)) => {
                // Equal numbers need not wait: there may be millions.
                let pairs = a.iter().zip(b).filter(|(a, b)| a.number().is_none() || a != b);
                let role = Role {
                    measures: false,
                    fonts: false,
                    ..pair.role
                };
                todo.extend(pairs.map(|(a, b)| pair.next(a.clone(), b.clone(), role)));
                a.len() == b.len()
            }
            (Object::Dict(a), Object::Dict(b)) => {
                let of_stream = signed.is_stream();
                let of_annotation = a.get("Subtype").is_some();
                for key in keys(a, b) {
                    if of_stream && ENCODING.contains(&key) {
                        continue;
                    }
                    let (a, b) = match (a.value(key), b.value(key)) {
                        (Some(a), Some(b)) => (a, b),
                        (None, Some(font)) if pair.role.fonts && !of_stream && is_font(self.last, font)? => {
                            self.fonts_added.insert((key.to_vec(), pair.within));
                            continue;
                        }
                        _ => return Ok(false),
                    };
                    let role = if of_annotation {
                        pair.role.of_entry(key)
                    } else {
                        pair.role.at(key)
                    };
                    todo.push(pair.next(a.clone(), b.clone(), role));
                }
                !of_stream || self.same_data((signed, a), (last, b), pair, todo)?
            }
            (Object::Real(a), Object::Real(b)) => is_same_real(*a, *b),
            (a, b) => a == b || pair.role.measures && is_same_length(pair.role, a, b),
        })
    }

    /// Whether two streams hold the same data.
    fn same_data(
        &self,
        (signed, a): (&Loaded, &Dict),
        (last, b): (&Loaded, &Dict),
        pair: &Pair,
        todo: &mut Vec<Pair>,
    ) -> Result<bool, OpenError> {
        let raw = match (self.signed.raw_stream(signed), self.last.raw_stream(last)) {
            (Ok(a), Ok(b)) => (a, b),
            (Err(limit @ OpenError::Limit { .. }), _) | (_, Err(limit @ OpenError::Limit { .. })) => {
                return Err(limit);
            }
            _ => return Ok(false),
        };
        let filters = |reader: &Reader<'_>, dict: &Dict| -> Result<[Object; 2], OpenError> {
            Ok([
                reader.get(dict, "Filter")?.object,
                reader.get(dict, "DecodeParms")?.object,
            ])
        };
        let (a, b) = (filters(self.signed, a)?, filters(self.last, b)?);
        if self.is_same_raw(raw.0, raw.1)? && a.iter().zip(&b).all(|(a, b)| plain(a) == plain(b)) {
            // References in them are printed, not followed.
            let role = Role {
                measures: false,
                fonts: false,
                ..pair.role
            };
            todo.extend(a.into_iter().zip(b).map(|(a, b)| pair.next(a, b, role)));
            return Ok(true);
        }
        if a.iter().chain(&b).any(holds_reference) {
            return Ok(false);
        }
        match (self.signed.stream_data(signed), self.last.stream_data(last)) {
            (Ok(a), Ok(b)) => Ok(a == b),
            (Err(limit @ OpenError::Limit { .. }), _) | (_, Err(limit @ OpenError::Limit { .. })) => {
                Err(limit)
            }
            _ => Ok(false),
        }
    }
}

/// The object that a value is or refers to at once.
fn of(reader: &Reader<'_>, object: &Object) -> Result<Loaded, OpenError> {
    match object.reference() {
        Some(id) => reader.load(id),
        None => Ok(Loaded::direct(object.clone())),
    }
}

/// Whether it is a value that holds no others.
fn is_simple(object: &Object) -> bool {
    !matches!(object, Object::Array(_) | Object::Dict(_))
}

/// Whether a list was written again as it was, with more in it.
fn is_longer_copy(signed: &Loaded, last: &Loaded) -> bool {
    let (Some(signed), Some(last)) = (signed.plain_dict(), last.plain_dict()) else {
        return false;
    };
    let mut entries = signed.iter();
    entries.all(|(key, held)| last.value(key).is_some_and(|now| plain(held) == plain(now)))
}

/// Whether it is a font (9.5).
fn is_font(reader: &Reader<'_>, object: &Object) -> Result<bool, OpenError> {
    let found = reader.follow(object)?;
    let Some(dict) = found.plain_dict() else {
        return Ok(false);
    };
    Ok(reader.get(dict, "Type")?.object.name() == Some(b"Font"))
}

/// Whether two strings are one text in two encodings that all viewers know: UTF-8 is none of them (PDF 2.0).
fn is_same_text(a: &[u8], b: &[u8]) -> bool {
    const UTF_8: &[u8] = b"\xEF\xBB\xBF";
    a.starts_with(UTF_8) == b.starts_with(UTF_8)
        && certain_text(a).is_some_and(|text| certain_text(b).as_ref() == Some(&text))
}

/// Whether it is a rectangle, a matrix or a colour, in which it is nothing to any reader whether numbers are whole.
fn is_measure(items: &[Object]) -> bool {
    matches!(items.len(), 1 | 3 | 4 | 6) && items.iter().all(|item| item.number().is_some())
}

/// Whether a real number and another number are the same length.
fn is_same_length(role: Role, a: &Object, b: &Object) -> bool {
    let is_real = |object: &Object| matches!(object, Object::Real(_));
    // Of the edges of a page some write three digits.
    let is_same = |(a, b): (f64, f64)| is_same_real(a, b) || role.bounds && (a - b).abs() < LEAST_LENGTH;
    (is_real(a) || is_real(b)) && a.number().zip(b.number()).is_some_and(is_same)
}

/// Real numbers are held in single precision (ISO 32000-2 annex C), so that programs which read one write it with
/// other last digits.
fn is_same_real(a: f64, b: f64) -> bool {
    let single = |number: f64| Some(number as f32).filter(|single| single.is_finite());
    let is_near = (a - b).abs() <= LEAST_LENGTH;
    Some(a) == Some(b) || is_near && single(a).is_some() && single(a) == single(b)
}

/// Refuses what would fill the memory before it is compared.
fn may_wait(values: usize) -> Result<(), OpenError> {
    let error = OpenError::Limit {
        what: "values waiting to be compared",
        limit: MAX_PDF_WAITING,
    };
    (values <= MAX_PDF_WAITING).then_some(()).ok_or(error)
}

/// What nobody sees, in points.
const LEAST_LENGTH: f64 = 1e-3;

/// Whether two numbers, or numbers among two arrays, differ in what single precision does not hold.
fn is_nearly(a: &Object, b: &Object) -> bool {
    match (a, b) {
        (Object::Array(a), Object::Array(b)) => a.iter().zip(b).any(|(a, b)| is_nearly(a, b)),
        (a, b) => a.number() != b.number(),
    }
}

/// Whether a reference stands anywhere in a value.
pub(super) fn holds_reference(object: &Object) -> bool {
    match object {
        Object::Reference(_) => true,
        Object::Array(items) => items.iter().any(holds_reference),
        Object::Dict(dict) => dict.iter().any(|(_, value)| holds_reference(value)),
        _ => false,
    }
}

/// A value without the places it was read from and the order of its entries, for comparison.
pub(super) fn plain(object: &Object) -> String {
    match object {
        Object::Dict(dict) => {
            let entries = dict.iter().map(|(key, value)| format!("{key:?}{}", plain(value)));
            let entries: BTreeSet<String> = entries.collect();
            format!("{entries:?}")
        }
        Object::Array(items) => format!("[{}]", items.iter().map(plain).collect::<String>()),
        Object::String { bytes, .. } => format!("({bytes:?})"),
        other => format!("{other:?};"),
    }
}

/// The same of a stream's dictionary, but for its length, which its data have.
fn plain_stream(object: &Object) -> String {
    let entries = object.dict().into_iter().flat_map(Dict::iter);
    let entries = entries.filter(|(key, _)| *key != b"Length");
    let entries: BTreeSet<String> = entries
        .map(|(key, value)| format!("{key:?}{}", plain(value)))
        .collect();
    format!("{entries:?}")
}

/// The keys of both dictionaries, each once.
pub(super) fn keys<'d>(a: &'d Dict, b: &'d Dict) -> BTreeSet<&'d [u8]> {
    a.iter().chain(b.iter()).map(|(key, _)| key).collect()
}

/// Keys that one of two dictionaries has, with nothing for a value, and the other does not.
pub(super) fn stray_nulls<'d>(a: &'d Dict, b: &'d Dict) -> impl Iterator<Item = &'d [u8]> {
    let nulls = |of: &'d Dict, other: &'d Dict| {
        let nulls = of.iter().filter(|(_, value)| **value == Object::Null);
        nulls.map(|(key, _)| key).filter(|key| !other.has_key(key))
    };
    nulls(a, b).chain(nulls(b, a))
}

/// A value as it stands, null where there is none.
pub(super) fn value(dict: &Dict, key: &[u8]) -> Object {
    dict.value(key).cloned().unwrap_or(Object::Null)
}
