//! The document security store as a verifier needs it (ISO 32000-2 12.8.4.3): each piece of evidence with its
//! place, because what a later timestamp covers is proven to be older.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map},
    rc::Rc,
};

use super::{
    OpenError, OpenedPdf, history,
    object::{Dict, Id, Object},
    reader::Reader,
    xref::Entry,
};
use crate::{
    crypto::sha256,
    limits::{MAX_PDF_EVIDENCE, MAX_PDF_EVIDENCE_BYTES},
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

/// Keys of the arrays in the store, and in the entry of one signature.
const PARTS: [(EvidenceKind, &str, &str); 3] = [
    (EvidenceKind::Certificate, "Certs", "Cert"),
    (EvidenceKind::Crl, "CRLs", "CRL"),
    (EvidenceKind::Ocsp, "OCSPs", "OCSP"),
];

impl OpenedPdf<'_> {
    /// Everything in the store of this and of every earlier revision, what it relates to one signature included, each
    /// piece once. What cannot be read is left out: it speaks for nothing. Beyond the limit nothing more is read.
    pub fn stored_evidence(&self) -> Result<Vec<StoredEvidence>, OpenError> {
        let mut found = Found::default();
        // From the oldest: who appends a revision can neither take evidence away nor leave no room for it. The account
        // is one of its own, so that no other question is left without.
        let budget = Rc::default();
        let earlier: Vec<_> = history::earlier(self, &budget).collect();
        for (_, reader) in earlier.iter().rev() {
            let root = reader.trailer().and_then(|trailer| trailer.get("Root"));
            if let Some(root) = root
                && let Object::Dict(catalog) = read_or_null(reader, root)?
            {
                found.store(reader, &catalog)?;
            }
        }
        found.store(&self.reader, &self.catalog)?;
        Ok(found.pieces)
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
}

impl Found {
    /// The store of one revision.
    fn store(&mut self, reader: &Reader<'_>, catalog: &Dict) -> Result<(), OpenError> {
        let get = |dict: &Dict, key| {
            dict.get(key)
                .map_or(Ok(Object::Null), |value| read_or_null(reader, value))
        };
        let Object::Dict(store) = get(catalog, "DSS")? else {
            return Ok(());
        };
        for (kind, key, _) in PARTS {
            self.take(reader, &get(&store, key)?, kind)?;
        }
        let related = get(&store, "VRI")?;
        for (_, entry) in related.dict().into_iter().flat_map(Dict::iter) {
            if let Object::Dict(entry) = read_or_null(reader, entry)? {
                for (kind, _, key) in PARTS {
                    self.take(reader, &get(&entry, key)?, kind)?;
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, reader: &Reader<'_>, list: &Object, kind: EvidenceKind) -> Result<(), OpenError> {
        let list = list.array().unwrap_or_default();
        for id in list.iter().filter_map(Object::reference) {
            if self.pieces.len() >= MAX_PDF_EVIDENCE || self.bytes >= MAX_PDF_EVIDENCE_BYTES {
                return Ok(());
            }
            // Streams do not stand in object streams (7.5.7).
            let Some(Entry::At { offset, .. }) = reader.entry(id.number) else {
                continue;
            };
            if self.seen.contains(&(kind, offset)) {
                continue;
            }
            let (der, end) = match read(reader, id) {
                Ok(Some(piece)) => piece,
                Err(error @ OpenError::Limit { .. }) => return Err(error),
                _ => continue,
            };
            self.seen.insert((kind, offset));
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
        Ok(())
    }
}

/// An object with references followed; null where it cannot be read.
fn read_or_null(reader: &Reader<'_>, object: &Object) -> Result<Object, OpenError> {
    match reader.follow(object) {
        Err(limit @ OpenError::Limit { .. }) => Err(limit),
        read => Ok(read.map_or(Object::Null, |read| read.object)),
    }
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

    /// A document whose store holds lists of these lengths.
    fn with_lists(lengths: &[usize]) -> Vec<u8> {
        let mut list = String::new();
        for number in 4..4 + lengths.len() {
            write!(list, "{number} 0 R ").unwrap();
        }
        let mut objects = vec![
            b"<< /Type /Catalog /Pages 2 0 R /DSS 3 0 R >>".to_vec(),
            b"<< /Type /Pages /Kids [] /Count 0 >>".to_vec(),
            format!("<< /CRLs [{list}] >>").into_bytes(),
        ];
        for length in lengths {
            let mut stream = format!("<< /Length {length} >>\nstream\n").into_bytes();
            stream.resize(stream.len() + length, b'0');
            stream.extend(b"\nendstream");
            objects.push(stream);
        }
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
    fn evidence_is_read_to_a_limit_of_bytes() {
        let kept = |lengths: &[usize]| {
            let file = with_lists(lengths);
            open(&file).unwrap().stored_evidence().unwrap().len()
        };
        let half = MAX_PDF_EVIDENCE_BYTES / 2;
        assert_eq!(kept(&[1, 2, 3]), 3);
        assert_eq!(kept(&[half, half, 1, 1]), 2);
    }
}
