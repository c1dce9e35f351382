//! What may always be added: evidence for long-term validation, metadata, extensions of the format.

use super::{
    super::{
        super::xmp::Statements,
        ModificationLevel, OpenError,
        parse::{Dict, Object},
        reader::Loaded,
    },
    ChangeKind, Comparison, Permission,
    same::{keys, value},
};

const ALWAYS: Permission = Permission::From(ModificationLevel::None);

/// What a document says of itself may change where something of it may.
const REWORDING: Permission = Permission::From(ModificationLevel::FormFilling);

/// Entries of the information dictionary that every writer renews.
const OF_WRITERS: [&[u8]; 2] = [b"ModDate", b"Producer"];

/// Words of XML that make a parser fetch, include or multiply.
const UNSAFE_XML: [&[u8]; 2] = [b"<!DOCTYPE", b"<!ENTITY"];

/// The element that holds an XMP packet's statements.
const XMP_ROOT: &[u8] = b"<rdf:RDF";

impl Comparison<'_, '_> {
    /// The information dictionary: any text may change, but it stays a dictionary of plain values.
    pub(super) fn information(&mut self, (old, new): (&Object, &Object)) -> Result<(), OpenError> {
        let Some(at) = self.sides.mismatch(old, new)? else {
            return Ok(());
        };
        self.sides.release(old)?;
        let before = self.sides.signed.follow(old)?.object;
        let info = self.sides.last.follow(new)?;
        // One that is gone says nothing.
        let mut is_plain = !info.is_stream() && matches!(info.object, Object::Dict(_) | Object::Null);
        for (_, entry) in info.object.dict().into_iter().flat_map(Dict::iter) {
            let entry = self.sides.last.follow(entry)?;
            is_plain &= !matches!(entry.object, Object::Dict(_) | Object::Array(_));
        }
        let empty = Dict::default();
        let (before, after) = (
            before.dict().unwrap_or(&empty),
            info.object.dict().unwrap_or(&empty),
        );
        let mut permission = ALWAYS;
        for key in keys(before, after) {
            let pair = (value(before, key), value(after, key));
            // A date of creation where there was none takes nothing back.
            let is_first_date = key == b"CreationDate" && pair.0 == Object::Null;
            if !OF_WRITERS.contains(&key)
                && !is_first_date
                && self.sides.mismatch_of(key, (&pair.0, &pair.1))?.is_some()
            {
                permission = REWORDING;
            }
        }
        self.decide(
            is_plain,
            [ChangeKind::Metadata, ChangeKind::MetadataUnsafe],
            permission,
            (at, "Info"),
        );
        Ok(())
    }

    /// The XMP packet.
    pub(super) fn packet(&mut self, (old, new): (&Object, &Object)) -> Result<(), OpenError> {
        let Some(at) = self.sides.mismatch(old, new)? else {
            return Ok(());
        };
        self.sides.release(old)?;
        let packet = self.sides.last.follow(new)?;
        let before = self.sides.signed.follow(old)?;
        let permission = if before.is_stream() && packet.is_stream() {
            let data = [
                self.sides.signed.stream_data(&before)?,
                self.sides.last.stream_data(&packet)?,
            ];
            let [was, is] = data.map(|data| Some(Statements::parse(&data)?.without_housekeeping()));
            if was.is_some() && was == is {
                ALWAYS
            } else {
                REWORDING
            }
        } else {
            REWORDING
        };
        let is_xml = is_name(&packet, "Subtype", b"XML") && is_name(&packet, "Type", b"Metadata");
        let is_safe = packet.is_stream() && is_xml && {
            let data = self.sides.last.stream_data(&packet)?;
            let holds = |word: &[u8]| data.windows(word.len()).any(|part| part == word);
            holds(XMP_ROOT) && !UNSAFE_XML.into_iter().any(holds)
        };
        self.decide(
            is_safe,
            [ChangeKind::Metadata, ChangeKind::MetadataUnsafe],
            permission,
            (at, "Metadata"),
        );
        Ok(())
    }

    /// `/Names`: only appearances for notes may come, which nothing shows by itself.
    pub(super) fn names(&mut self, (old, new): (&Object, &Object)) -> Result<(), OpenError> {
        let Some(at) = self.sides.mismatch(old, new)? else {
            return Ok(());
        };
        self.sides.pass(old);
        let before = self.sides.signed.follow(old)?.object;
        let after = self.sides.last.follow(new)?;
        let (false, Some(after)) = (after.is_stream(), after.object.dict()) else {
            self.refuse(ChangeKind::Names, at, "Names");
            return Ok(());
        };
        let empty = Dict::default();
        let before = before.dict().unwrap_or(&empty);
        if after.iter().next().is_none() {
            self.refuse(ChangeKind::Names, at, "Names");
        }
        for key in keys(before, after) {
            let pair = (&value(before, key), &value(after, key));
            if key == b"AP" && *pair.0 == Object::Null {
                let permission = Permission::Unclear(ModificationLevel::Annotations);
                self.note(ChangeKind::Names, permission, at, "AP");
            } else {
                self.strict(ChangeKind::Names, at, key, pair)?;
            }
        }
        Ok(())
    }

    /// `/Version`: a later writer may need a newer one.
    pub(super) fn version(&mut self, number: u32, (old, new): (&Object, &Object)) -> Result<(), OpenError> {
        let before = self.sides.signed.follow(old)?.object;
        let after = self.sides.last.follow(new)?.object;
        let (before, after) = (before.name(), after.name());
        if before == after {
            return Ok(());
        }
        let is_version = |name: &[u8]| matches!(name, [b'1' | b'2', b'.', b'0'..=b'9']);
        if before.unwrap_or_default() <= after.unwrap_or_default() && after.is_some_and(is_version) {
            self.note(ChangeKind::Extensions, ALWAYS, number, "Version");
        } else {
            self.refuse(ChangeKind::Catalog, number, "Version");
        }
        Ok(())
    }

    /// `/Extensions`: entries of developers may be added and raised, never taken away.
    pub(super) fn extensions(&mut self, (old, new): (&Object, &Object)) -> Result<(), OpenError> {
        let Some(at) = self.sides.mismatch(old, new)? else {
            return Ok(());
        };
        self.sides.release(old)?;
        let before = self.sides.signed.follow(old)?;
        let after = self.sides.last.follow(new)?;
        let empty = Dict::default();
        let before = before.object.dict().unwrap_or(&empty);
        let mut is_sound = !after.is_stream();
        let Some(after) = after.object.dict() else {
            self.refuse(ChangeKind::Catalog, at, "Extensions");
            return Ok(());
        };
        for key in keys(before, after) {
            let (was, is) = (value(before, key), value(after, key));
            if self.sides.mismatch(&was, &is)?.is_none() {
                continue;
            }
            // The dictionary's own type is not a developer's.
            if key == b"Type" {
                is_sound &= was == Object::Null && is.name() == Some(b"Extensions");
                continue;
            }
            // One developer may state several (ISO 32000-2 7.12.2).
            let was = self.sides.signed.follow(&was)?.object;
            let is = self.sides.last.follow(&is)?.object;
            let several = is.array().unwrap_or(std::slice::from_ref(&is));
            for stated in several {
                let stated = self.sides.last.follow(stated)?;
                is_sound &= !stated.is_stream() && is_extension(&stated.object, &was);
            }
        }
        self.decide(
            is_sound,
            [ChangeKind::Extensions, ChangeKind::Catalog],
            ALWAYS,
            (at, "Extensions"),
        );
        Ok(())
    }

    /// The document security store (ISO 32000-2 12.8.4.3): may grow, by streams in the right places.
    pub(super) fn evidence(&mut self, (old, new): (&Object, &Object)) -> Result<(), OpenError> {
        let Some(at) = self.sides.mismatch(old, new)? else {
            return Ok(());
        };
        self.sides.release(old)?;
        let before = self.sides.signed.follow(old)?.object;
        let after = self.sides.last.follow(new)?;
        let empty = Dict::default();
        let before = before.dict().unwrap_or(&empty);
        let is_sound = match after.object.dict() {
            Some(after_dict) if !after.is_stream() => self.store(before, after_dict)?,
            _ => false,
        };
        self.decide(
            is_sound,
            [ChangeKind::Evidence, ChangeKind::EvidenceChanged],
            ALWAYS,
            (at, "DSS"),
        );
        Ok(())
    }

    fn store(&mut self, before: &Dict, after: &Dict) -> Result<bool, OpenError> {
        if holds_null(after) {
            return Ok(false);
        }
        for key in keys(before, after) {
            let pair = (value(before, key), value(after, key));
            let is_sound = match key {
                b"Type" => pair.1 == Object::Null || pair.1.name() == Some(b"DSS"),
                b"Certs" | b"CRLs" | b"OCSPs" => self.streams_grow(&pair.0, &pair.1)?,
                b"VRI" => {
                    let was = self.sides.signed.follow(&pair.0)?.object;
                    let is = self.sides.last.follow(&pair.1)?.object;
                    match is.dict() {
                        Some(is) => self.related(was.dict().unwrap_or(&Dict::default()), is)?,
                        None => was == is,
                    }
                }
                _ => self.sides.mismatch(&pair.0, &pair.1)?.is_none(),
            };
            if !is_sound {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The evidence of each signature.
    fn related(&mut self, before: &Dict, after: &Dict) -> Result<bool, OpenError> {
        for key in keys(before, after) {
            let was = self.sides.signed.follow(&value(before, key))?.object;
            let is = self.sides.last.follow(&value(after, key))?;
            if key == b"Type" {
                if is.object.name() != Some(b"VRI") {
                    return Ok(false);
                }
                continue;
            }
            let (true, Some(is)) = (!is.is_stream(), is.object.dict()) else {
                return Ok(false);
            };
            let empty = Dict::default();
            let was = was.dict().unwrap_or(&empty);
            if holds_null(is) {
                return Ok(false);
            }
            for key in keys(was, is) {
                let pair = (value(was, key), value(is, key));
                let is_sound = match key {
                    b"Type" => pair.1.name() == Some(b"VRI"),
                    b"Cert" | b"CRL" | b"OCSP" => self.streams_grow(&pair.0, &pair.1)?,
                    b"TU" => self.sides.last.follow(&pair.1)?.object.string().is_some(),
                    // A stream by the standard, a string by some writers; nothing reads it.
                    b"TS" => {
                        let stamp = self.sides.last.follow(&pair.1)?;
                        stamp.is_stream() || stamp.object.string().is_some()
                    }
                    _ => false,
                };
                if !is_sound {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Whether an array of streams holds all that it held, and nothing but streams.
    fn streams_grow(&mut self, before: &Object, after: &Object) -> Result<bool, OpenError> {
        let before = self.sides.signed.follow(before)?.object;
        let after = self.sides.last.follow(after)?.object;
        let before = before.array().unwrap_or_default();
        let Some(after) = after.array() else {
            return Ok(before.is_empty() && after == Object::Null);
        };
        for entry in after {
            if !self.sides.last.follow(entry)?.is_stream() {
                return Ok(false);
            }
        }
        for held in before {
            // Usually it still has its number; a writer that built the store anew gives it another.
            let mut is_kept = after.contains(held) && self.sides.mismatch(held, held)?.is_none();
            for entry in after {
                is_kept = is_kept || self.sides.mismatch(held, entry)?.is_none();
            }
            if !is_kept {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// An entry of null says nothing, and no honest writer of evidence leaves one.
fn holds_null(dict: &Dict) -> bool {
    dict.iter().any(|(_, value)| *value == Object::Null)
}

/// Whether a value is an extension of a developer, no lower than the one before.
fn is_extension(stated: &Object, before: &Object) -> bool {
    let Some(dict) = stated.dict() else {
        return false;
    };
    let level = |dict: &Dict| dict.get("ExtensionLevel").and_then(Object::integer);
    let before = before.dict().and_then(level);
    let kind = dict.get("Type").map(Object::name);
    kind.is_none_or(|kind| kind == Some(b"DeveloperExtensions"))
        && dict.get("BaseVersion").and_then(Object::name).is_some()
        && level(dict).is_some_and(|level| before.is_none_or(|before| before <= level))
}

fn is_name(loaded: &Loaded, key: &str, name: &[u8]) -> bool {
    let dict = loaded.object.dict();
    dict.and_then(|dict| dict.get(key)).and_then(Object::name) == Some(name)
}
