//! PDFs written revision by revision, with a hand on every byte.

use std::{collections::BTreeMap, fmt::Write as _};

/// How a writer lays out its objects and their places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// A table.
    Table,
    /// A cross-reference stream.
    Stream,
    /// A cross-reference stream, and what may in an object stream.
    Packed,
}

/// Where the signature's own values are filled in.
const RANGE: &str = "/ByteRange [0 0000000000 0000000000 0000000000]";

/// Octets that the signature may take, which one of them fills with a copy of the document.
const ROOM: usize = 12_000;

/// Entries of a signature dictionary that its making fills in.
pub(super) fn placeholder() -> String {
    format!("{RANGE} /Contents <{}>", "0".repeat(2 * ROOM))
}

/// A stream object with entries of its dictionary.
pub(super) fn stream(entries: &str, data: &str) -> String {
    format!(
        "<< {entries} /Length {} >>\nstream\n{data}\nendstream",
        data.len()
    )
}

/// A document that grows by revisions.
#[derive(Debug, Clone)]
pub(super) struct Pdf {
    pub(super) bytes: Vec<u8>,
    pub(super) layout: Layout,
    /// Entries of the trailer beside those of the table itself.
    pub(super) trailer: String,
    /// The newest of each object.
    pub(super) objects: BTreeMap<u32, String>,
    /// Where the newest cross-reference section is.
    pub(super) last: Option<usize>,
    /// First number not used.
    pub(super) size: u32,
}

impl Pdf {
    pub(super) fn new(layout: Layout, trailer: &str) -> Pdf {
        Pdf {
            bytes: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec(),
            layout,
            trailer: trailer.to_owned(),
            objects: BTreeMap::new(),
            last: None,
            size: 1,
        }
    }

    /// An object as it is now, with a part of it replaced.
    pub(super) fn changed(&self, number: u32, from: &str, to: &str) -> (u32, String) {
        let object = &self.objects[&number];
        assert!(object.contains(from), "object {number} has no {from}: {object}");
        (number, object.replacen(from, to, 1))
    }

    /// The entries of a stream's dictionary but its length, and its data, as they are now.
    pub(super) fn stream(&self, number: u32) -> (&str, &str) {
        let (head, rest) = self.objects[&number]
            .split_once(" /Length ")
            .expect("a stream of ours");
        let (_, rest) = rest.split_once("\nstream\n").expect("a stream of ours");
        let data = rest.strip_suffix("\nendstream").expect("a stream of ours");
        (head.trim_start_matches("<< "), data)
    }

    /// A stream as it is now, with a part of its data replaced and its length mended.
    pub(super) fn rewritten(&self, number: u32, from: &str, to: &str) -> (u32, String) {
        let (entries, data) = self.stream(number);
        assert!(data.contains(from), "stream {number} has no {from}: {data}");
        (number, stream(entries, &data.replacen(from, to, 1)))
    }

    /// Appends a revision.
    pub(super) fn update(mut self, objects: &[(u32, String)]) -> Pdf {
        let entries = self.write(objects);
        self.finish(&entries);
        self
    }

    /// Appends a revision with a signature: `cms` gets the covered bytes.
    pub(super) fn sign(mut self, objects: &[(u32, String)], cms: impl FnOnce(&[u8]) -> Vec<u8>) -> Pdf {
        let start = self.bytes.len();
        let entries = self.write(objects);
        self.finish(&entries);
        let text = String::from_utf8_lossy(&self.bytes[start..]).into_owned();
        // A lossy copy is longer where the stream of the table is; the dictionary stands before it.
        let place = start + text.find(RANGE).expect("a placeholder");
        let gap = place + text[place - start..].find('<').expect("a placeholder");
        let gap = gap..gap + 2 * ROOM + 2;
        let range = format!(
            "/ByteRange [0 {:010} {:010} {:010}]",
            gap.start,
            gap.end,
            self.bytes.len() - gap.end
        );
        self.bytes[place..place + range.len()].copy_from_slice(range.as_bytes());
        let covered = [&self.bytes[..gap.start], &self.bytes[gap.end..]].concat();
        self.bytes = with_contents(&self.bytes, gap.start, &cms(&covered));
        self
    }

    /// Writes objects and gives where they are: offset, or container and index.
    pub(super) fn write(&mut self, objects: &[(u32, String)]) -> BTreeMap<u32, (u8, usize, usize)> {
        let mut entries = BTreeMap::new();
        let highest = objects.iter().map(|(number, _)| number + 1).max();
        self.size = self.size.max(highest.unwrap_or_default());
        let mut packed = Vec::new();
        for (number, object) in objects {
            self.objects.insert(*number, object.clone());
            let may_pack = !object.contains("\nstream\n") && !object.contains(RANGE);
            if self.layout == Layout::Packed && may_pack {
                packed.push((*number, object));
                continue;
            }
            entries.insert(*number, (1, self.bytes.len(), 0));
            self.bytes
                .extend(format!("{number} 0 obj\n{object}\nendobj\n").as_bytes());
        }
        if !packed.is_empty() {
            let container = self.size;
            self.size += 1;
            let (mut index, mut data) = (String::new(), String::new());
            for (at, (number, object)) in packed.iter().enumerate() {
                let _ = write!(index, "{number} {} ", data.len());
                let _ = writeln!(data, "{object}");
                entries.insert(*number, (2, container as usize, at));
            }
            let dict = format!("/Type /ObjStm /N {} /First {}", packed.len(), index.len());
            entries.insert(container, (1, self.bytes.len(), 0));
            let body = stream(&dict, &format!("{index}{data}"));
            self.bytes
                .extend(format!("{container} 0 obj\n{body}\nendobj\n").as_bytes());
        }
        entries
    }

    /// Writes the cross-reference section over entries, and the end of the revision.
    pub(super) fn finish(&mut self, entries: &BTreeMap<u32, (u8, usize, usize)>) {
        let at = self.section(entries, "");
        self.bytes.extend(format!("startxref\n{at}\n%%EOF\n").as_bytes());
        self.last = Some(at);
    }

    /// Writes a cross-reference section and gives its place.
    pub(super) fn section(&mut self, entries: &BTreeMap<u32, (u8, usize, usize)>, more: &str) -> usize {
        let at = self.bytes.len();
        let previous = self.last.map(|last| format!(" /Prev {last}")).unwrap_or_default();
        let trailer = format!("{}{previous}{more}", self.trailer);
        let mut entries = entries.clone();
        if self.last.is_none() {
            entries.insert(0, (0, 0, 65_535));
        }
        if self.layout == Layout::Table {
            self.bytes.extend(b"xref\n");
            for (number, (kind, place, generation)) in &entries {
                let letter = if *kind == 0 { 'f' } else { 'n' };
                self.bytes
                    .extend(format!("{number} 1\n{place:010} {generation:05} {letter} \n").as_bytes());
            }
            let size = self.size;
            self.bytes
                .extend(format!("trailer\n<< /Size {size} {trailer} >>\n").as_bytes());
            return at;
        }
        let own = self.size;
        self.size += 1;
        entries.insert(own, (1, at, 0));
        let mut index = String::new();
        let mut rows = Vec::new();
        for (number, (kind, place, rest)) in &entries {
            let _ = write!(index, "{number} 1 ");
            rows.push(*kind);
            rows.extend((*place as u32).to_be_bytes());
            rows.extend((*rest as u16).to_be_bytes());
        }
        let (size, length) = (self.size, rows.len());
        self.bytes.extend(
            format!(
                "{own} 0 obj\n<< /Type /XRef /Size {size} /W [1 4 2] /Index [{index}] /Length {length} {trailer} \
                 >>\nstream\n"
            )
            .as_bytes(),
        );
        self.bytes.extend(rows);
        self.bytes.extend(b"\nendstream\nendobj\n");
        at
    }

    /// Where an object of the newest revision begins, in the file itself.
    pub(super) fn place_of(&self, number: u32) -> usize {
        let head = format!("\n{number} 0 obj\n");
        let found = find_last(&self.bytes, head.as_bytes());
        found.expect("the object is in the file") + 1
    }
}

/// Bytes with a signature value filled into the gap that begins at an offset.
pub(super) fn with_contents(bytes: &[u8], gap: usize, cms: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let digits = hex::encode(cms);
    let end = gap
        + 1
        + bytes[gap + 1..]
            .iter()
            .position(|byte| *byte == b'>')
            .expect("a gap");
    let room = &mut out[gap + 1..end];
    assert!(digits.len() <= room.len(), "{} digits are too many", digits.len());
    room.fill(b'0');
    room[..digits.len()].copy_from_slice(digits.as_bytes());
    out
}

/// First place of some bytes.
pub(super) fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|part| part == what)
}

/// Last place of some bytes.
pub(super) fn find_last(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).rposition(|part| part == what)
}

/// Bytes with the last occurrence of some replaced by others, whatever moves.
pub(super) fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = find_last(bytes, from).unwrap_or_else(|| panic!("no {}", String::from_utf8_lossy(from)));
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

/// The same, the new ones filled up with blanks so that nothing moves.
pub(super) fn overwritten(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert!(
        to.len() <= from.len(),
        "{} is longer",
        String::from_utf8_lossy(to)
    );
    let mut to = to.to_vec();
    to.resize(from.len(), b' ');
    replaced(bytes, from, &to)
}

/// The whole value `/ByteRange […]` of the last signature.
pub(super) fn byte_range(bytes: &[u8]) -> Vec<u8> {
    let at = find_last(bytes, b"/ByteRange").expect("a signature");
    let end = at + find(&bytes[at..], b"]").expect("an array") + 1;
    bytes[at..end].to_vec()
}

/// The whole entry `/Contents <…>` of the last signature.
pub(super) fn contents(bytes: &[u8]) -> Vec<u8> {
    let mut from = bytes;
    loop {
        let at = find_last(from, b"/Contents").expect("a signature");
        let rest = &bytes[at + 9..];
        let blanks = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        if rest.get(blanks) == Some(&b'<') && rest.get(blanks + 1) != Some(&b'<') {
            let end = at + find(&bytes[at..], b">").expect("a string") + 1;
            return bytes[at..end].to_vec();
        }
        from = &bytes[..at];
    }
}
