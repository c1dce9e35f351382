//! Whether two values show the same, one in the signed revision and one in the final file.
//!
//! Values are compared as a reader sees them: references are followed on both sides, and two graphs are the
//! same where no path leads to a difference. So a writer may number objects anew or write `1` as `1.0`, and
//! an object that is overwritten is found on every path that leads to it. Text strings (7.9.2.2) are the same
//! where their text is: many programs write them in another encoding whenever they write a dictionary anew.

use std::collections::BTreeSet;

use super::super::{
    OpenError,
    parse::{Dict, Id, Object},
    reader::{Loaded, Reader},
    text::certain_text,
};

/// The two states of the file.
pub(super) struct Sides<'r, 'a> {
    /// The file as it ended with the signed revision.
    pub(super) signed: &'r Reader<'a>,
    pub(super) last: &'r Reader<'a>,
    /// Objects that are judged where they belong (pages, annotations, fields): a link to one of them is the
    /// same where it leads to the same object.
    pub(super) landmarks: BTreeSet<Id>,
    /// Pairs found to be the same with all that they lead to, as text or as what they are.
    pub(super) proven: BTreeSet<(Id, Id, Reading)>,
    /// Numbers of objects of the signed revision that were judged somewhere.
    pub(super) judged: BTreeSet<u32>,
}

/// How strings are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reading {
    /// As bytes.
    Bytes,
    /// As text strings, in whatever encoding.
    Text,
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

fn reading_of(key: &[u8], of_annotation: bool) -> Reading {
    if TEXT.contains(&key) || of_annotation && key == CONTENTS {
        Reading::Text
    } else {
        Reading::Bytes
    }
}

/// Keys that say how a stream is written down, not what it holds.
const ENCODING: [&[u8]; 3] = [b"Length", b"Filter", b"DecodeParms"];

impl Sides<'_, '_> {
    /// Number of the first object that differs (0 if it is the value given), none where nothing does.
    pub(super) fn mismatch(&mut self, signed: &Object, last: &Object) -> Result<Option<u32>, OpenError> {
        self.mismatch_as(Reading::Bytes, (signed, last))
    }

    /// The same for values of a dictionary that is compared key by key, so that text is known by its key.
    /// Signature dictionaries are not compared so.
    pub(super) fn mismatch_of(
        &mut self,
        key: &[u8],
        pair: (&Object, &Object),
    ) -> Result<Option<u32>, OpenError> {
        self.mismatch_as(reading_of(key, true), pair)
    }

    fn mismatch_as(
        &mut self,
        reading: Reading,
        (signed, last): (&Object, &Object),
    ) -> Result<Option<u32>, OpenError> {
        let mut assumed = BTreeSet::new();
        let mut todo = vec![Pair {
            signed: signed.clone(),
            last: last.clone(),
            reading,
            within: 0,
        }];
        while let Some(Pair {
            signed,
            last,
            reading,
            within,
        }) = todo.pop()
        {
            let number = last.reference().or(signed.reference());
            let within = number.map_or(within, |id| id.number);
            if let (Some(a), Some(b)) = (signed.reference(), last.reference()) {
                let pair = (a, b, reading);
                if self.proven.contains(&pair) || !assumed.insert(pair) {
                    continue;
                }
                if self.landmarks.contains(&a) || self.landmarks.contains(&b) {
                    if a == b {
                        continue;
                    }
                    return Ok(Some(within));
                }
                if a == b {
                    self.judged.insert(a.number);
                }
            }
            let is_same = match (self.signed.follow(&signed), self.last.follow(&last)) {
                (Ok(a), Ok(b)) => self.alike((&a, &b), reading, within, &mut todo)?,
                (Err(limit @ OpenError::Limit { .. }), _) | (_, Err(limit @ OpenError::Limit { .. })) => {
                    return Err(limit);
                }
                // What could not be read before and is where it was shows nothing in both.
                (Err(_), Err(_)) => number.is_some_and(|id| {
                    signed == last && self.signed.entry(id.number) == self.last.entry(id.number)
                }),
                _ => false,
            };
            if !is_same {
                return Ok(Some(within));
            }
        }
        self.proven.append(&mut assumed);
        Ok(None)
    }

    /// Takes a value of the signed revision, with all that it leads to, for judged: it may be replaced.
    pub(super) fn release(&mut self, signed: &Object) -> Result<(), OpenError> {
        let mut seen = BTreeSet::new();
        let mut todo = vec![signed.clone()];
        while let Some(object) = todo.pop() {
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
        &self,
        (signed, last): (&Loaded, &Loaded),
        reading: Reading,
        within: u32,
        todo: &mut Vec<Pair>,
    ) -> Result<bool, OpenError> {
        if signed.is_stream() != last.is_stream() {
            return Ok(false);
        }
        Ok(match (&signed.object, &last.object) {
            (Object::String { bytes: a, .. }, Object::String { bytes: b, .. }) => {
                a == b || reading == Reading::Text && is_same_text(a, b)
            }
            (Object::Array(a), Object::Array(b)) => {
                todo.extend(a.iter().zip(b).map(|(a, b)| Pair {
                    signed: a.clone(),
                    last: b.clone(),
                    reading,
                    within,
                }));
                a.len() == b.len()
            }
            (Object::Dict(a), Object::Dict(b)) => {
                let of_stream = signed.is_stream();
                let of_annotation = a.get("Subtype").is_some();
                for key in keys(a, b) {
                    if of_stream && ENCODING.contains(&key) {
                        continue;
                    }
                    todo.push(Pair {
                        signed: value(a, key),
                        last: value(b, key),
                        reading: reading_of(key, of_annotation),
                        within,
                    });
                }
                !of_stream || self.same_data(signed, last)?
            }
            (a, b) => a == b || is_same_number(a, b),
        })
    }

    /// Whether two streams hold the same data.
    fn same_data(&self, signed: &Loaded, last: &Loaded) -> Result<bool, OpenError> {
        let (a, b) = match (self.signed.raw_stream(signed), self.last.raw_stream(last)) {
            (Ok(a), Ok(b)) => (a, b),
            (Err(limit @ OpenError::Limit { .. }), _) | (_, Err(limit @ OpenError::Limit { .. })) => {
                return Err(limit);
            }
            _ => return Ok(false),
        };
        let filters = |reader: &Reader<'_>, loaded: &Loaded| -> Result<Vec<Object>, OpenError> {
            let dict = loaded.object.dict().cloned().unwrap_or_default();
            let mut found = Vec::new();
            for key in ["Filter", "DecodeParms"] {
                found.push(reader.get(&dict, key)?.object);
            }
            Ok(found)
        };
        if a == b {
            let (a, b) = (filters(self.signed, signed)?, filters(self.last, last)?);
            if a.iter().zip(&b).all(|(a, b)| plain(a) == plain(b)) {
                return Ok(true);
            }
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

/// Two values to compare.
struct Pair {
    signed: Object,
    last: Object,
    reading: Reading,
    /// Number of the object that they stand in.
    within: u32,
}

/// Whether two strings are one text in two encodings.
fn is_same_text(a: &[u8], b: &[u8]) -> bool {
    certain_text(a).is_some_and(|text| certain_text(b).as_ref() == Some(&text))
}

/// Whether two numbers are the same to a reader: `1` is `1.0`, and real numbers are held in single precision
/// (ISO 32000-2 annex C), so that programs which read one write it with other last digits.
fn is_same_number(a: &Object, b: &Object) -> bool {
    let is_real = |object: &Object| matches!(object, Object::Real(_));
    let (left, right) = (a.number(), b.number());
    let single = |number: Option<f64>| number.map(|number| number as f32);
    left.is_some() && (left == right || is_real(a) && is_real(b) && single(left) == single(right))
}

/// A value without the places it was read from, for comparison.
fn plain(object: &Object) -> String {
    match object {
        Object::Dict(dict) => {
            let entries = dict.iter().map(|(key, value)| format!("{key:?}{}", plain(value)));
            entries.collect()
        }
        Object::Array(items) => format!("[{}]", items.iter().map(plain).collect::<String>()),
        other => format!("{other:?};"),
    }
}

/// The keys of both dictionaries, each once.
pub(super) fn keys<'d>(a: &'d Dict, b: &'d Dict) -> BTreeSet<&'d [u8]> {
    a.iter().chain(b.iter()).map(|(key, _)| key).collect()
}

/// A value as it stands, null where there is none.
pub(super) fn value(dict: &Dict, key: &[u8]) -> Object {
    dict.value(key).cloned().unwrap_or(Object::Null)
}
