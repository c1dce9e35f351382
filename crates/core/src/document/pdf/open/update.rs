//! Adding a revision to a file (ISO 32000-1 7.5.6): evidence for long-term validation, and document timestamps.
//!
//! ```text
//!  the file, byte for byte │ objects that are new or changed │ cross-reference section of them │ %%EOF
//! ```
//!
//! Nothing before is touched, so that what was signed stays signed. Objects that change are written whole under
//! their old number, new ones get numbers behind the last. The section is a table or a stream, as the newest
//! one of the file is: readers part on files that mix them. A file that readers mend in more ways than one
//! gets no revision: it would be built on one of the readings.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
    ops::Range,
};

use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};

use super::{
    super::{MAX_FILE, UnsignedPdf, finished, syntax},
    OpenError, OpenedPdf, PdfSignature, Repair,
    object::{Dict, Id, Object},
    reader::Reader,
    text::text_string,
};
use crate::limits::{MAX_DOCUMENT_BYTES, MAX_PDF_EVIDENCE, MAX_PDF_TREE};

/// Why a file gets no further revision.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UpdateError {
    /// It cannot be read where it has to be.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Bytes that strict readers do not see stand behind it.
    #[error("文件末尾之后还有 {0} 字节内容，未予追加 / {0} bytes follow the end of the file")]
    Trailing(usize),
    /// Its cross-reference data are not where it says.
    #[error(
        "文件的交叉引用位置有误（第 {0} 字节），各家软件读法不一，未予追加 / cross-reference data are not at byte {0}"
    )]
    Damaged(usize),
    /// It would be larger than any file this program opens.
    #[error("追加后文件将超过 {} MiB / the file would be too large", MAX_DOCUMENT_BYTES >> 20)]
    TooLarge,
}

/// What lets a signature be validated when those who vouched for it are silent (ISO 32000-2 12.8.4.3).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// DER of X.509 certificates.
    pub certificates: Vec<Vec<u8>>,
    /// DER of revocation lists.
    pub crls: Vec<Vec<u8>>,
    /// DER of OCSP responses.
    pub ocsps: Vec<Vec<u8>>,
    /// Which of it belongs to which signature.
    pub related: Vec<RelatedEvidence>,
}

/// The evidence of one signature: what of [`Evidence`] is about it, by its place there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RelatedEvidence {
    /// See [`OpenedPdf::evidence_key`].
    pub key: String,
    /// Of the certificates.
    pub certificates: Vec<usize>,
    /// Of the revocation lists.
    pub crls: Vec<usize>,
    /// Of the OCSP responses.
    pub ocsps: Vec<usize>,
}

/// The parts of a document security store: key of the array in it, and of the array for one signature.
const PARTS: [(&str, &str); 3] = [("Certs", "Cert"), ("CRLs", "CRL"), ("OCSPs", "OCSP")];

impl OpenedPdf<'_> {
    /// The evidence in the file, without what relates it to signatures.
    pub fn evidence(&self) -> Result<Evidence, OpenError> {
        let store = self.reader.get(&self.catalog, "DSS")?.object;
        let mut parts = Vec::new();
        for (key, _) in PARTS {
            let held = match store.dict() {
                Some(store) => held(&self.reader, store, key)?,
                None => Vec::new(),
            };
            parts.push(held.into_iter().map(|(_, der)| der).collect());
        }
        let mut parts = parts.into_iter();
        let mut next = || parts.next().unwrap_or_default();
        Ok(Evidence {
            certificates: next(),
            crls: next(),
            ocsps: next(),
            related: Vec::new(),
        })
    }

    /// The key of a signature's evidence: SHA-1 of its whole `/Contents`, padding included, in capital
    /// hexadecimal digits (ETSI EN 319 142-1 §5.4.2.3). It names, it proves nothing.
    pub fn evidence_key(&self, signature: &PdfSignature) -> Option<String> {
        let range = signature.byte_range.as_ref().ok()?;
        let digits = self
            .reader
            .data
            .get(range.gap.start + 1..range.gap.end.checked_sub(1)?)?;
        let contents = hex::decode(digits).ok()?;
        let name = digest(&SHA1_FOR_LEGACY_USE_ONLY, &contents);
        Some(hex::encode_upper(name.as_ref()))
    }
}

/// The streams of one array of the store.
fn held(reader: &Reader<'_>, store: &Dict, key: &str) -> Result<Vec<(Id, Vec<u8>)>, OpenError> {
    let list = reader.get(store, key)?.object;
    let list = list.array().unwrap_or_default();
    if list.len() > MAX_PDF_EVIDENCE {
        return Err(OpenError::Limit {
            what: "pieces of evidence",
            limit: MAX_PDF_EVIDENCE,
        });
    }
    let mut found = Vec::new();
    for item in list {
        if let Some(id) = item.reference() {
            let stream = reader.load(id)?;
            if stream.is_stream() {
                found.push((id, reader.stream_data(&stream)?.into_owned()));
            }
        }
    }
    Ok(found)
}

/// A revision under construction.
#[derive(Debug)]
pub struct Update<'a> {
    opened: &'a OpenedPdf<'a>,
    trailer: &'a Dict,
    catalog: Dict,
    changed: BTreeMap<Id, Body>,
    /// The next number that is free.
    next: u32,
}

#[derive(Debug)]
enum Body {
    Object(Object),
    Stream(Vec<u8>),
    /// A document timestamp with so much room.
    Timestamp(usize),
}

impl<'a> Update<'a> {
    /// Begins a revision of a file.
    pub fn new(opened: &'a OpenedPdf<'a>) -> Result<Self, UpdateError> {
        // What is added would have to be encrypted as all the rest is.
        if opened.is_encrypted() {
            return Err(OpenError::Encrypted.into());
        }
        if opened.trailing_bytes() > 0 {
            return Err(UpdateError::Trailing(opened.trailing_bytes()));
        }
        let beside = opened.repairs().into_iter().find_map(|repair| match repair {
            Repair::SectionBeside { stated, .. } => Some(stated),
            Repair::NumberedFromOne { .. } => None,
        });
        if let Some(stated) = beside {
            return Err(UpdateError::Damaged(stated));
        }
        let trailer = opened.reader.trailer().ok_or_else(no_trailer)?;
        let size = trailer.get("Size").and_then(Object::integer);
        let size = size
            .and_then(|size| u32::try_from(size).ok())
            .ok_or_else(no_trailer)?;
        let sections = opened.reader.sections.iter();
        let listed = sections.flat_map(|section| section.entries.keys().chain(section.hidden.keys()));
        // Some writers leave a size that is too small.
        let next = listed.max().map_or(size, |last| size.max(last.saturating_add(1)));
        Ok(Self {
            opened,
            trailer,
            catalog: opened.catalog.clone(),
            changed: BTreeMap::new(),
            next,
        })
    }

    fn reader(&self) -> &'a Reader<'a> {
        &self.opened.reader
    }

    fn add(&mut self, body: Body) -> Result<Id, UpdateError> {
        let id = Id {
            number: self.next,
            generation: 0,
        };
        self.next = self.next.checked_add(1).ok_or(UpdateError::TooLarge)?;
        self.changed.insert(id, body);
        Ok(id)
    }

    /// Adds evidence to what the file holds already; nothing is held twice.
    pub fn add_evidence(&mut self, evidence: &Evidence) -> Result<(), UpdateError> {
        let known = self.reader().get(&self.catalog, "DSS")?.object;
        let mut store = known.dict().cloned().unwrap_or_default();

        // 1. Streams for what is new, and the place of everything.
        let mut placed: Vec<Vec<Id>> = Vec::new();
        for ((key, _), ders) in
            PARTS
                .into_iter()
                .zip([&evidence.certificates, &evidence.crls, &evidence.ocsps])
        {
            let mut held = held(self.reader(), &store, key)?;
            let list = self.reader().get(&store, key)?.object;
            let mut list = list.array().unwrap_or_default().to_vec();
            let mut ids = Vec::new();
            for der in ders {
                if let Some((id, _)) = held.iter().find(|(_, known)| known == der) {
                    ids.push(*id);
                    continue;
                }
                let id = self.add(Body::Stream(der.clone()))?;
                list.push(Object::Reference(id));
                held.push((id, der.clone()));
                ids.push(id);
            }
            if list.len() > MAX_PDF_EVIDENCE {
                return Err(OpenError::Limit {
                    what: "pieces of evidence",
                    limit: MAX_PDF_EVIDENCE,
                }
                .into());
            }
            if !list.is_empty() {
                store.set(key, Object::Array(list));
            }
            placed.push(ids);
        }

        // 2. What belongs to which signature.
        let related = self.reader().get(&store, "VRI")?.object;
        let mut related = related.dict().cloned().unwrap_or_default();
        for one in &evidence.related {
            let before = self.reader().get(&related, &one.key)?.object;
            let mut entry = before.dict().cloned().unwrap_or_default();
            for ((_, key), (ids, chosen)) in
                PARTS
                    .into_iter()
                    .zip(placed.iter().zip([&one.certificates, &one.crls, &one.ocsps]))
            {
                let list = self.reader().get(&entry, key)?.object;
                let mut list = list.array().unwrap_or_default().to_vec();
                for id in chosen.iter().filter_map(|place| ids.get(*place)) {
                    if !list.contains(&Object::Reference(*id)) {
                        list.push(Object::Reference(*id));
                    }
                }
                if !list.is_empty() {
                    entry.set(key, Object::Array(list));
                }
            }
            related.set(&one.key, Object::Dict(entry));
        }
        if related.iter().next().is_some() {
            store.set("VRI", Object::Dict(related));
        }
        store.set("Type", Object::Name(b"DSS".as_slice().into()));

        // 3. The store, where it was or in the catalogue.
        self.put("DSS", Object::Dict(store))?;
        self.declare_extension()
    }

    /// Puts a value of the catalogue where it stands: in an object of its own, or a new one.
    fn put(&mut self, key: &str, value: Object) -> Result<(), UpdateError> {
        if let Some(id) = self.catalog.get(key).and_then(Object::reference) {
            self.changed.insert(id, Body::Object(value));
            return Ok(());
        }
        let id = self.add(Body::Object(value))?;
        self.catalog.set(key, Object::Reference(id));
        self.change_catalog()
    }

    fn change_catalog(&mut self) -> Result<(), UpdateError> {
        let id = self.trailer.get("Root").and_then(Object::reference);
        let id = id.ok_or_else(no_trailer)?;
        self.changed
            .insert(id, Body::Object(Object::Dict(self.catalog.clone())));
        Ok(())
    }

    /// Evidence and document timestamps are extensions of PDF 1.7 (ISO 32000-1 7.12).
    fn declare_extension(&mut self) -> Result<(), UpdateError> {
        let extensions = self.reader().get(&self.catalog, "Extensions")?.object;
        let mut extensions = extensions.dict().cloned().unwrap_or_default();
        if extensions.get("ESIC").is_some() {
            return Ok(());
        }
        let base = Object::Name(b"1.7".as_slice().into());
        let ours = Dict::of(vec![
            ("BaseVersion", base),
            ("ExtensionLevel", Object::Integer(1)),
        ]);
        extensions.set("ESIC", Object::Dict(ours));
        self.catalog.set("Extensions", Object::Dict(extensions));
        self.change_catalog()
    }

    /// The file with the revision behind it.
    pub fn finish(self) -> Result<Vec<u8>, UpdateError> {
        Ok(self.write()?.0)
    }

    /// The file with a further document timestamp, in a field of its own that shows nothing, and the place for
    /// the token: `reserve` is the room for it in bytes.
    pub fn with_timestamp(mut self, reserve: usize) -> Result<UnsignedPdf, UpdateError> {
        // 1. The signature, and the field that is its own widget on the first page.
        let value = self.add(Body::Timestamp(reserve))?;
        let page = self.first_page()?;
        let form = self.reader().get(&self.catalog, "AcroForm")?.object;
        let mut form = form.dict().cloned().unwrap_or_default();
        let fields = self.reader().get(&form, "Fields")?.object;
        let mut fields = fields.array().unwrap_or_default().to_vec();
        let name = self.free_name(&fields)?;
        let zero = || Object::Integer(0);
        let field = Dict::of(vec![
            ("Type", Object::Name(b"Annot".as_slice().into())),
            ("Subtype", Object::Name(b"Widget".as_slice().into())),
            ("FT", Object::Name(b"Sig".as_slice().into())),
            (
                "T",
                Object::String {
                    bytes: name.into_bytes().into(),
                    hexadecimal: false,
                },
            ),
            ("V", Object::Reference(value)),
            ("P", Object::Reference(page)),
            ("F", Object::Integer(PRINT_LOCKED)),
            ("Rect", Object::Array(vec![zero(), zero(), zero(), zero()])),
        ]);
        let field = self.add(Body::Object(Object::Dict(field)))?;

        // 2. Its places: in the form and on the page.
        fields.push(Object::Reference(field));
        match form.get("Fields").and_then(Object::reference) {
            Some(id) => {
                self.changed.insert(id, Body::Object(Object::Array(fields)));
            }
            None => form.set("Fields", Object::Array(fields)),
        }
        let flags = self.reader().get(&form, "SigFlags")?.object.integer();
        // SignaturesExist and AppendOnly (ISO 32000-1 table 219).
        form.set("SigFlags", Object::Integer(flags.unwrap_or_default() | 3));
        if let Some(id) = self.catalog.get("AcroForm").and_then(Object::reference) {
            self.changed.insert(id, Body::Object(Object::Dict(form)));
        } else {
            self.catalog.set("AcroForm", Object::Dict(form));
            self.change_catalog()?;
        }
        self.annotate(page, field)?;
        self.declare_extension()?;

        // 3. The file, then the byte range over it.
        let (mut out, slot) = self.write()?;
        let (range, contents) = slot.ok_or_else(no_trailer)?;
        let numbers = format!("{} {} {}", contents.start, contents.end, out.len() - contents.end);
        if let Some(place) = out.get_mut(range) {
            for (place, digit) in place.iter_mut().zip(numbers.bytes()) {
                *place = digit;
            }
        }
        let mut before = Context::new(&SHA256);
        before.update(out.get(..contents.start).unwrap_or_default());
        let mut whole = before.clone();
        whole.update(out.get(contents.end..).unwrap_or_default());
        Ok(UnsignedPdf {
            digest: finished(whole),
            bytes: out,
            contents,
            before,
        })
    }

    /// Adds an annotation to a page.
    fn annotate(&mut self, page: Id, annotation: Id) -> Result<(), UpdateError> {
        let loaded = self.reader().load(page)?.object;
        let mut dict = loaded.dict().cloned().ok_or_else(no_page)?;
        let list = self.reader().get(&dict, "Annots")?.object;
        let mut list = list.array().unwrap_or_default().to_vec();
        list.push(Object::Reference(annotation));
        if let Some(id) = dict.get("Annots").and_then(Object::reference) {
            self.changed.insert(id, Body::Object(Object::Array(list)));
        } else {
            dict.set("Annots", Object::Array(list));
            self.changed.insert(page, Body::Object(Object::Dict(dict)));
        }
        Ok(())
    }

    fn first_page(&self) -> Result<Id, UpdateError> {
        let mut todo: Vec<Id> = Vec::new();
        todo.extend(self.catalog.get("Pages").and_then(Object::reference));
        let mut seen = BTreeSet::new();
        while let Some(id) = todo.pop() {
            if !seen.insert(id) || seen.len() > MAX_PDF_TREE {
                break;
            }
            let node = self.reader().load(id)?.object;
            let Some(node) = node.dict() else { continue };
            if node.get("Kids").is_none() {
                return Ok(id);
            }
            let kids = self.reader().get(node, "Kids")?.object;
            let kids = kids.array().unwrap_or_default();
            todo.extend(kids.iter().rev().filter_map(Object::reference));
        }
        Err(no_page().into())
    }

    /// A name that no field on the top level has.
    fn free_name(&self, fields: &[Object]) -> Result<String, UpdateError> {
        let mut taken = BTreeSet::new();
        for field in fields {
            let field = self.reader().follow(field)?.object;
            if let Some(field) = field.dict() {
                let name = self.reader().get(field, "T")?.object;
                taken.extend(name.string().map(text_string));
            }
        }
        let names = (1_u32..).map(|number| format!("Timestamp{number}"));
        let free = names.into_iter().find(|name| !taken.contains(name));
        Ok(free.unwrap_or_default())
    }

    /// The file with the revision behind it, and where a timestamp's byte range and contents go.
    fn write(self) -> Result<(Vec<u8>, Option<Slot>), UpdateError> {
        let data = self.opened.bytes();
        let mut out = Vec::with_capacity(data.len() + ROOM);
        out.extend_from_slice(data);
        if !data.ends_with(b"\n") {
            out.push(b'\n');
        }

        // 1. The objects.
        let mut slot = None;
        let mut offsets: BTreeMap<u32, (usize, u16)> = BTreeMap::new();
        for (id, body) in &self.changed {
            offsets.insert(id.number, (out.len(), id.generation));
            let _ = writeln!(out, "{} {} obj", id.number, id.generation);
            match body {
                Body::Object(object) => write_object(&mut out, object),
                Body::Stream(bytes) => {
                    let packed = syntax::deflate(bytes, syntax::Effort::Best);
                    let _ = write!(out, "<</Filter/FlateDecode/Length {}>>\nstream\n", packed.len());
                    out.extend_from_slice(&packed);
                    out.extend_from_slice(b"\nendstream");
                }
                Body::Timestamp(reserve) => slot = Some(write_timestamp(&mut out, *reserve)),
            }
            out.extend_from_slice(b"\nendobj\n");
        }

        // 2. What the trailer says beyond where things are stays.
        let mut trailer = Dict::default();
        for (key, value) in self.trailer.iter() {
            if let Ok(key) = str::from_utf8(key)
                && !OF_SECTIONS.contains(&key)
            {
                trailer.set(key, value.clone());
            }
        }
        if let Some([first, _]) = self.reader().get(self.trailer, "ID")?.object.array() {
            let changed = Object::String {
                bytes: digest(&SHA256, &out).as_ref()[..16].into(),
                hexadecimal: true,
            };
            trailer.set("ID", Object::Array(vec![first.clone(), changed]));
        }
        let newest = self.reader().sections.first().ok_or_else(no_trailer)?;
        trailer.set("Prev", offset(newest.offset));

        // 3. The section, of the same kind as the newest.
        let at = out.len();
        if self.trailer.get("Type").and_then(Object::name) == Some(b"XRef") {
            offsets.insert(self.next, (at, 0));
            trailer.set("Size", Object::Integer(i64::from(self.next) + 1));
            write_stream_section(&mut out, self.next, trailer, &offsets);
        } else {
            trailer.set("Size", Object::Integer(i64::from(self.next)));
            write_table_section(&mut out, &trailer, &offsets);
        }
        let _ = write!(out, "startxref\n{at}\n%%EOF\n");
        if out.len() > MAX_DOCUMENT_BYTES.min(MAX_FILE) {
            return Err(UpdateError::TooLarge);
        }
        Ok((out, slot))
    }
}

/// Where a byte range and a `/Contents` string go.
type Slot = (Range<usize>, Range<usize>);

/// Bytes that a revision usually takes.
const ROOM: usize = 64 << 10;

/// Annotation flags Print and Locked (ISO 32000-1 table 165).
const PRINT_LOCKED: i64 = 4 | 128;

/// Entries of a trailer that are about one section: those of the table, of the stream, of hybrids.
const OF_SECTIONS: [&str; 10] = [
    "Size",
    "Prev",
    "XRefStm",
    "Type",
    "W",
    "Index",
    "Length",
    "Filter",
    "DecodeParms",
    "DL",
];

fn no_trailer() -> OpenError {
    OpenError::Object {
        object: 0,
        what: "the trailer lacks Size or Root",
    }
}

fn no_page() -> OpenError {
    OpenError::Object {
        object: 0,
        what: "the document has no page",
    }
}

fn offset(at: usize) -> Object {
    Object::Integer(i64::try_from(at).unwrap_or(i64::MAX))
}

/// A document timestamp (ISO 32000-2 12.8.5) with gaps.
fn write_timestamp(out: &mut Vec<u8>, reserve: usize) -> Slot {
    out.extend_from_slice(b"<</Type/DocTimeStamp/Filter/Adobe.PPKLite/SubFilter/ETSI.RFC3161/ByteRange[0 ");
    let range = out.len()..out.len() + 3 * 9 + 2;
    out.resize(range.end, b' ');
    out.extend_from_slice(b"]/Contents");
    let contents = out.len()..out.len() + 2 * reserve + 2;
    out.push(b'<');
    out.resize(contents.end - 1, b'0');
    out.extend_from_slice(b">>>");
    (range, contents)
}

/// Runs of numbers that follow one another, as first number and count.
fn runs(offsets: &BTreeMap<u32, (usize, u16)>) -> Vec<(u32, u32)> {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for &number in offsets.keys() {
        match runs.last_mut() {
            Some((first, count)) if *first + *count == number => *count += 1,
            _ => runs.push((number, 1)),
        }
    }
    runs
}

fn write_table_section(out: &mut Vec<u8>, trailer: &Dict, offsets: &BTreeMap<u32, (usize, u16)>) {
    out.extend_from_slice(b"xref\n");
    for (first, count) in runs(offsets) {
        let _ = writeln!(out, "{first} {count}");
        for (at, generation) in offsets.range(first..first + count).map(|(_, entry)| entry) {
            let _ = writeln!(out, "{at:010} {generation:05} n ");
        }
    }
    out.extend_from_slice(b"trailer\n");
    write_object(out, &Object::Dict(trailer.clone()));
    out.push(b'\n');
}

fn write_stream_section(
    out: &mut Vec<u8>,
    number: u32,
    mut trailer: Dict,
    offsets: &BTreeMap<u32, (usize, u16)>,
) {
    let mut data = Vec::new();
    for (at, generation) in offsets.values() {
        // Type 1: an object at an offset, with its generation.
        data.push(1);
        data.extend_from_slice(&(*at as u32).to_be_bytes());
        data.extend_from_slice(&generation.to_be_bytes());
    }
    let integers = |numbers: Vec<i64>| Object::Array(numbers.into_iter().map(Object::Integer).collect());
    let index = runs(offsets).into_iter();
    let index = index.flat_map(|(first, count)| [i64::from(first), i64::from(count)]);
    trailer.set("Type", Object::Name(b"XRef".as_slice().into()));
    trailer.set("W", integers(vec![1, 4, 2]));
    trailer.set("Index", integers(index.collect()));
    trailer.set("Length", offset(data.len()));
    let _ = writeln!(out, "{number} 0 obj");
    write_object(out, &Object::Dict(trailer));
    out.extend_from_slice(b"\nstream\n");
    out.extend_from_slice(&data);
    out.extend_from_slice(b"\nendstream\nendobj\n");
}

/// Writes an object as it was read. Nothing here is deeper than the reader goes.
fn write_object(out: &mut Vec<u8>, object: &Object) {
    match object {
        Object::Null => out.extend_from_slice(b"null"),
        Object::Bool(value) => {
            let _ = write!(out, "{value}");
        }
        Object::Integer(value) => {
            let _ = write!(out, "{value}");
        }
        Object::Real(value) => {
            // Never with an exponent, which `Display` of numbers leaves out.
            let _ = write!(out, "{value}");
            if value.fract() == 0.0 {
                out.extend_from_slice(b".0");
            }
        }
        Object::Name(name) => write_name(out, name),
        Object::String { bytes, hexadecimal } => {
            if *hexadecimal || !bytes.iter().all(|byte| (0x20..0x7f).contains(byte)) {
                syntax::hex_string(out, bytes);
            } else {
                syntax::literal(out, bytes);
            }
        }
        Object::Array(items) => {
            out.push(b'[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    out.push(b' ');
                }
                write_object(out, item);
            }
            out.push(b']');
        }
        Object::Dict(dict) => {
            out.extend_from_slice(b"<<");
            // What was read with a key twice is written with one.
            let mut written = BTreeSet::new();
            for (key, value) in dict.iter().filter(|(key, _)| written.insert(*key)) {
                write_name(out, key);
                out.push(b' ');
                write_object(out, value);
            }
            out.extend_from_slice(b">>");
        }
        Object::Reference(id) => {
            let _ = write!(out, "{} {} R", id.number, id.generation);
        }
    }
}

fn write_name(out: &mut Vec<u8>, name: &[u8]) {
    out.push(b'/');
    for byte in name {
        match byte {
            b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%' | b'#' => {
                out.push(b'#');
                syntax::hex_byte(out, *byte);
            }
            0x21..=0x7e => out.push(*byte),
            _ => {
                out.push(b'#');
                syntax::hex_byte(out, *byte);
            }
        }
    }
}

#[cfg(test)]
mod tests;
