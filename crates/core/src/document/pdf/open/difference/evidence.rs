//! What may always be added: evidence for long-term validation, metadata, extensions of the format.

use std::collections::BTreeSet;

use super::{
    super::{
        super::xmp::Statements,
        ModificationLevel, OpenError,
        object::{Dict, Id, Object},
        reader::{Loaded, Reader},
    },
    ChangeKind, Comparison, Permission,
    same::{keys, value},
};
use crate::crypto::sha256;

const ALWAYS: Permission = Permission::From(ModificationLevel::None);

/// What only a person can tell the sense of, at every level.
const DOUBTFUL: Permission = Permission::Unclear(ModificationLevel::None);

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
            // iText drops the filter of what it cannot read, and nobody reads it then: the head of RFC 1950.
            let is_compressed =
                matches!(*data, [head @ 0x78, check, ..] if u16::from_be_bytes([head, check]) % 31 == 0);
            is_compressed || holds(XMP_ROOT) && !UNSAFE_XML.into_iter().any(holds)
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

    /// `/Version`: a later writer may need a newer one, and some state that of the head of the file again. No viewer shows a
    /// document otherwise for it.
    pub(super) fn version(&mut self, number: u32, (old, new): (&Object, &Object)) -> Result<(), OpenError> {
        let before = self.sides.signed.follow(old)?.object;
        let after = self.sides.last.follow(new)?.object;
        let (before, after) = (before.name(), after.name());
        if before == after {
            return Ok(());
        }
        let is_version = |name: &[u8]| matches!(name, [b'1' | b'2', b'.', b'0'..=b'9']);
        if after.is_some_and(is_version) {
            self.note(ChangeKind::Extensions, ALWAYS, number, "Version");
        } else {
            self.refuse(ChangeKind::Catalog, number, "Version");
        }
        Ok(())
    }

    /// `/Extensions`: entries of developers may be added, raised and taken away. They show nothing.
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
            // A name less; some replace those of others by their own.
            if is == Object::Null {
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

    /// The document security store (ISO 32000-2 12.8.4.3): streams in the right places may come, and go where newer
    /// ones take their place (ETSI EN 319 142-1 5.4.1). What went is still read from the earlier revision.
    pub(super) fn evidence(&mut self, (old, new): (&Object, &Object)) -> Result<(), OpenError> {
        let Some(at) = self.sides.mismatch(old, new)? else {
            return Ok(());
        };
        self.sides.release(old)?;
        let before = self.sides.signed.follow(old)?.object;
        let after = self.sides.last.follow(new)?;
        let empty = Dict::default();
        let before = before.dict().unwrap_or(&empty);
        let mut kind = ChangeKind::Evidence;
        let permission = match after.object.dict() {
            Some(dict) if !after.is_stream() => self.store(before, dict, &mut kind)?,
            _ => Permission::Never,
        };
        if permission != ALWAYS {
            kind = ChangeKind::EvidenceChanged;
        }
        self.note(kind, permission, at, "DSS");
        Ok(())
    }

    /// Who may make one store of the other. The kind of change becomes renewal where streams went.
    fn store(&mut self, before: &Dict, after: &Dict, kind: &mut ChangeKind) -> Result<Permission, OpenError> {
        if holds_null(after) {
            return Ok(Permission::Never);
        }
        let mut permission = ALWAYS;
        for key in keys(before, after) {
            let pair = (&value(before, key), &value(after, key));
            permission = permission.max(match key {
                b"Type" => sound(*pair.1 == Object::Null || pair.1.name() == Some(b"DSS")),
                b"Certs" | b"CRLs" | b"OCSPs" => {
                    if !self.are_kept(pair)? {
                        *kind = ChangeKind::EvidenceRenewed;
                    }
                    self.streams(pair.1)?
                }
                b"VRI" => {
                    let was = self.sides.signed.follow(pair.0)?.object;
                    let is = self.sides.last.follow(pair.1)?;
                    match is.object.dict() {
                        Some(dict) if !is.is_stream() => {
                            self.related(was.dict().unwrap_or(&Dict::default()), dict)?
                        }
                        _ => sound(was == is.object),
                    }
                }
                _ => self.unknown(pair)?,
            });
        }
        Ok(permission)
    }

    /// The evidence of each signature. An entry that went may be what someone relies on.
    fn related(&mut self, before: &Dict, after: &Dict) -> Result<Permission, OpenError> {
        if holds_null(after) {
            return Ok(Permission::Never);
        }
        let mut permission = ALWAYS;
        for key in keys(before, after) {
            let Some(is) = after.value(key) else {
                permission = permission.max(DOUBTFUL);
                continue;
            };
            let was = self.sides.signed.follow(&value(before, key))?.object;
            let is = self.sides.last.follow(is)?;
            if key == b"Type" {
                permission = permission.max(sound(is.object.name() == Some(b"VRI")));
                continue;
            }
            let (true, Some(is)) = (!is.is_stream(), is.object.dict()) else {
                return Ok(Permission::Never);
            };
            let empty = Dict::default();
            permission = permission.max(self.related_to_one(was.dict().unwrap_or(&empty), is)?);
        }
        Ok(permission)
    }

    fn related_to_one(&mut self, before: &Dict, after: &Dict) -> Result<Permission, OpenError> {
        if holds_null(after) {
            return Ok(Permission::Never);
        }
        let mut permission = ALWAYS;
        for key in keys(before, after) {
            let pair = (&value(before, key), &value(after, key));
            permission = permission.max(match key {
                _ if *pair.1 == Object::Null => DOUBTFUL,
                b"Type" => sound(pair.1.name() == Some(b"VRI")),
                b"Cert" | b"CRL" | b"OCSP" => {
                    let kept = if self.are_kept(pair)? { ALWAYS } else { DOUBTFUL };
                    self.streams(pair.1)?.max(kept)
                }
                b"TU" => sound(self.sides.last.follow(pair.1)?.object.string().is_some()),
                // A stream by the standard, a string by some writers; nothing reads it.
                b"TS" => {
                    let stamp = self.sides.last.follow(pair.1)?;
                    sound(stamp.is_stream() || stamp.object.string().is_some())
                }
                _ => self.unknown(pair)?,
            });
        }
        Ok(permission)
    }

    /// An entry that no standard knows: it may stay, and go with what it stood in.
    fn unknown(&mut self, (old, new): (&Object, &Object)) -> Result<Permission, OpenError> {
        Ok(match new {
            Object::Null => DOUBTFUL,
            _ => sound(self.sides.mismatch(old, new)?.is_none()),
        })
    }

    /// Whether an array, if there is one, holds nothing but streams.
    fn streams(&self, array: &Object) -> Result<Permission, OpenError> {
        let array = self.sides.last.follow(array)?.object;
        for entry in array.array().unwrap_or_default() {
            if !self.sides.last.follow(entry)?.is_stream() {
                return Ok(Permission::Never);
            }
        }
        Ok(sound(array.array().is_some() || array == Object::Null))
    }

    /// Whether an array of streams holds all that it held.
    fn are_kept(&mut self, (old, new): (&Object, &Object)) -> Result<bool, OpenError> {
        let before = self.sides.signed.follow(old)?.object;
        let after = self.sides.last.follow(new)?.object;
        // Each stream once, as often as it may stand there; what is no reference is no stream.
        let streams = |array: &Object| -> BTreeSet<Id> {
            let items = array.array().unwrap_or_default();
            items.iter().filter_map(Object::reference).collect()
        };
        let (before, after) = (streams(&before), streams(&after));
        let mut moved = Vec::new();
        for id in before {
            let held = Object::Reference(id);
            // Usually it still has its number; a writer that built the store anew gives it another.
            if !after.contains(&id) || self.sides.mismatch(&held, &held)?.is_some() {
                moved.push(id);
            }
        }
        if moved.is_empty() {
            return Ok(true);
        }
        let mut data = BTreeSet::new();
        for id in after {
            data.insert(digest(self.sides.last, id)?);
        }
        for id in moved {
            if !data.contains(&digest(self.sides.signed, id)?) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// SHA-256 of the data of a stream; none where they cannot be read.
fn digest(reader: &Reader<'_>, stream: Id) -> Result<Option<[u8; 32]>, OpenError> {
    let data = reader
        .follow(&Object::Reference(stream))
        .and_then(|stream| reader.stream_data(&stream));
    match data {
        Err(limit @ OpenError::Limit { .. }) => Err(limit),
        data => Ok(data.ok().map(|data| sha256(&data))),
    }
}

fn sound(is_sound: bool) -> Permission {
    if is_sound { ALWAYS } else { Permission::Never }
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
