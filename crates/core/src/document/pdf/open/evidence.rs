//! The document security store as a verifier needs it (ISO 32000-2 12.8.4.3): each piece of evidence with its
//! place, because what a later timestamp covers is proven to be older.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map},
    rc::Rc,
};

use der::{Decode as _, Header, Reader as _, SliceReader};

use super::{
    OpenError, OpenedPdf, history,
    object::{Dict, Id, Object},
    reader::Reader,
    xref::Entry,
};
use crate::{
    crypto::sha256,
    limits::{MAX_CERTIFICATE_BYTES, MAX_OCSP_BYTES, MAX_PDF_EVIDENCE, MAX_PDF_EVIDENCE_BYTES},
};

/// What a piece of evidence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EvidenceKind {
    /// An X.509 certificate.
    Certificate,
    /// A revocation list.
    Crl,
    /// An OCSP response.
    Ocsp,
}

/// One piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvidence {
    /// What the store says it is.
    pub kind: EvidenceKind,
    /// Its bytes, as they are.
    pub der: Vec<u8>,
    /// Where in the file its last byte stands.
    pub end: usize,
}

/// What stands in the stores of a document.
#[derive(Debug, Default)]
pub struct Stored {
    /// Each piece once.
    pub pieces: Vec<StoredEvidence>,
    /// Whether something was left out for a limit: it may say of a certificate what the pieces do not.
    pub is_partial: bool,
}

/// Keys of the arrays in the store, and in the entry of one signature.
const PARTS: [(EvidenceKind, &str, &str); 3] = [
    (EvidenceKind::Certificate, "Certs", "Cert"),
    (EvidenceKind::Crl, "CRLs", "CRL"),
    (EvidenceKind::Ocsp, "OCSPs", "OCSP"),
];

impl OpenedPdf<'_> {
    /// Everything in the store of this and of every earlier revision, what it relates to one signature included, each
    /// piece once. A piece that cannot be read is left out by itself, and so is one over a limit, of which is told.
    pub fn stored_evidence(&self) -> Stored {
        let mut found = Found::default();
        // From the newest: who signs first must leave room for what accuses him later. The account is one of its own, so
        // that no other question is left without.
        let budget = Rc::default();
        found.store(&self.reader, &self.catalog);
        for (_, reader) in history::earlier(self, &budget) {
            let root = reader.trailer().and_then(|trailer| trailer.get("Root"));
            if let Some(root) = root
                && let Object::Dict(catalog) = found.read_or_null(&reader, root)
            {
                found.store(&reader, &catalog);
            }
        }
        Stored {
            pieces: found.pieces,
            is_partial: found.is_partial,
        }
    }
}

#[derive(Default)]
struct Found {
    pieces: Vec<StoredEvidence>,
    /// Of all pieces.
    bytes: usize,
    /// Where the objects stand that were read, and as what.
    seen: BTreeSet<(EvidenceKind, usize)>,
    /// What each piece is, and its place among them.
    known: BTreeMap<(EvidenceKind, [u8; 32]), usize>,
    /// Whether something was left out for a limit.
    is_partial: bool,
}

impl Found {
    /// The store of one revision.
    fn store(&mut self, reader: &Reader<'_>, catalog: &Dict) {
        let Object::Dict(store) = self.get(reader, catalog, "DSS") else {
            return;
        };
        for (kind, key, _) in PARTS {
            let list = self.get(reader, &store, key);
            self.take(reader, &list, kind);
        }
        let related = self.get(reader, &store, "VRI");
        for (_, entry) in related.dict().into_iter().flat_map(Dict::iter) {
            if let Object::Dict(entry) = self.read_or_null(reader, entry) {
                for (kind, _, key) in PARTS {
                    let list = self.get(reader, &entry, key);
                    self.take(reader, &list, kind);
                }
            }
        }
    }

    fn get(&mut self, reader: &Reader<'_>, dict: &Dict, key: &str) -> Object {
        dict.get(key)
            .map_or(Object::Null, |value| self.read_or_null(reader, value))
    }

    /// An object with references followed; null where it cannot be read.
    fn read_or_null(&mut self, reader: &Reader<'_>, object: &Object) -> Object {
        let read = reader.follow(object);
        self.is_partial |= matches!(read, Err(OpenError::Limit { .. }));
        read.map_or(Object::Null, |read| read.object)
    }

    fn take(&mut self, reader: &Reader<'_>, list: &Object, kind: EvidenceKind) {
        let list = list.array().unwrap_or_default();
        for id in list.iter().filter_map(Object::reference) {
            if self.pieces.len() >= MAX_PDF_EVIDENCE || self.bytes >= MAX_PDF_EVIDENCE_BYTES {
                self.is_partial = true;
                return;
            }
            // Streams do not stand in object streams (7.5.7).
            let Some(Entry::At { offset, .. }) = reader.entry(id.number) else {
                continue;
            };
            if self.seen.contains(&(kind, offset)) {
                continue;
            }
            self.seen.insert((kind, offset));
            let (mut der, end) = match read(reader, id) {
                Ok(Some(piece)) => piece,
                Err(OpenError::Limit { .. }) => {
                    self.is_partial = true;
                    continue;
                }
                _ => continue,
            };
            der.truncate(without_blanks(&der));
            match kind {
                EvidenceKind::Certificate if der.len() > MAX_CERTIFICATE_BYTES => continue,
                EvidenceKind::Ocsp if der.len() > MAX_OCSP_BYTES => {
                    self.is_partial = true;
                    continue;
                }
                _ => {}
            }
            // A store that was built anew holds copies.
            let known = self.known.entry((kind, sha256(&der)));
            match known {
                btree_map::Entry::Occupied(known) => {
                    if let Some(piece) = self.pieces.get_mut(*known.get()) {
                        piece.end = piece.end.min(end);
                    }
                }
                btree_map::Entry::Vacant(place) => {
                    place.insert(self.pieces.len());
                    self.bytes += der.len();
                    self.pieces.push(StoredEvidence { kind, der, end });
                }
            }
        }
    }
}

/// How long a piece is without the line end, or the blanks, that some writers leave behind its element.
fn without_blanks(der: &[u8]) -> usize {
    let element = SliceReader::new(der).and_then(|mut reader| {
        let length = Header::decode(&mut reader)?.length();
        reader.read_slice(length)?;
        usize::try_from(reader.position())
    });
    element
        .ok()
        .filter(|end| {
            let mut behind = der.iter().skip(*end);
            behind.all(|byte| byte.is_ascii_whitespace() || *byte == 0)
        })
        .unwrap_or(der.len())
}

/// Content of a stream, and where its last byte stands.
fn read(reader: &Reader<'_>, id: Id) -> Result<Option<(Vec<u8>, usize)>, OpenError> {
    let stream = reader.load(id)?;
    let Some(start) = stream.stream_start() else {
        return Ok(None);
    };
    let end = start + reader.raw_stream(&stream)?.len();
    Ok(Some((reader.stream_data(&stream)?.into_owned(), end)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fmt::Write as _;

    use super::super::open;
    use super::*;
    use crate::limits::MAX_INFLATED_STREAM;

    /// A document whose store holds lists of these lengths.
    fn with_lists(lengths: &[usize]) -> Vec<u8> {
        let stream = |length: &usize| {
            let mut stream = format!("<< /Length {length} >>\nstream\n").into_bytes();
            stream.resize(stream.len() + length, b'0');
            stream.extend(b"\nendstream");
            stream
        };
        with_streams(lengths.iter().map(stream).collect())
    }

    /// The same of lists that are these streams.
    fn with_streams(streams: Vec<Vec<u8>>) -> Vec<u8> {
        let mut list = String::new();
        for number in 4..4 + streams.len() {
            write!(list, "{number} 0 R ").unwrap();
        }
        let mut objects = vec![
            b"<< /Type /Catalog /Pages 2 0 R /DSS 3 0 R >>".to_vec(),
            b"<< /Type /Pages /Kids [] /Count 0 >>".to_vec(),
            format!("<< /CRLs [{list}] >>").into_bytes(),
        ];
        objects.extend(streams);
        let mut file = b"%PDF-1.7\n".to_vec();
        let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
        for (index, object) in objects.iter().enumerate() {
            writeln!(table, "{:010} 00000 n ", file.len()).unwrap();
            file.extend(format!("{} 0 obj\n", index + 1).into_bytes());
            file.extend(object);
            file.extend(b"\nendobj\n");
        }
        let (size, at) = (objects.len() + 1, file.len());
        let end = format!("{table}trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{at}\n%%EOF\n");
        file.extend(end.into_bytes());
        file
    }

    #[test]
    fn a_piece_over_the_limit_takes_no_other_away() {
        use super::super::super::syntax::{Effort, deflate};
        let bomb = deflate(&vec![0; MAX_INFLATED_STREAM + 1], Effort::Best);
        let mut stream = format!("<< /Filter /FlateDecode /Length {} >>\nstream\n", bomb.len()).into_bytes();
        stream.extend(bomb);
        stream.extend(b"\nendstream");
        let file = with_streams(vec![stream, b"<< /Length 1 >>\nstream\n0\nendstream".to_vec()]);
        let stored = open(&file).unwrap().stored_evidence();
        assert_eq!((stored.pieces.len(), stored.is_partial), (1, true));
    }

    #[test]
    fn a_line_end_behind_an_element_is_none_of_it() {
        assert_eq!(without_blanks(b"\x30\x01\x05\r\n"), 3);
        assert_eq!(without_blanks(b"\x30\x01\x05x\n"), 5);
        assert_eq!(without_blanks(b"\x30\x09\x05\n"), 4);
    }

    #[test]
    fn evidence_is_read_to_a_limit_of_bytes() {
        let kept = |lengths: &[usize]| {
            let file = with_lists(lengths);
            let stored = open(&file).unwrap().stored_evidence();
            (stored.pieces.len(), stored.is_partial)
        };
        let half = MAX_PDF_EVIDENCE_BYTES / 2;
        assert_eq!(kept(&[1, 2, 3]), (3, false));
        assert_eq!(kept(&[half, half + 1, 1, 2]), (2, true));
    }
}
