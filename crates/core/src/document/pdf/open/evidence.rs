//! The document security store as a verifier needs it (ISO 32000-2 12.8.4.3): each piece of evidence with its
//! place, because what a later timestamp covers is proven to be older.

use std::collections::BTreeSet;

use super::{
    OpenError, OpenedPdf,
    parse::{Dict, Id, Object},
    reader::Reader,
};
use crate::limits::{MAX_PDF_EVIDENCE, MAX_PDF_EVIDENCE_BYTES};

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
    /// Everything in the store, what it relates to one signature included, each object once. What cannot be
    /// read is left out: it speaks for nothing. Beyond the limit nothing more is read.
    pub fn stored_evidence(&self) -> Result<Vec<StoredEvidence>, OpenError> {
        let reader = &self.reader;
        let store = reader.get(&self.catalog, "DSS")?.object;
        let Some(store) = store.dict() else {
            return Ok(Vec::new());
        };
        let mut found = Found::default();
        for (kind, key, _) in PARTS {
            found.take(reader, store, kind, key)?;
        }
        let related = reader.get(store, "VRI")?.object;
        for (_, entry) in related.dict().into_iter().flat_map(Dict::iter) {
            let entry = reader.follow(entry)?.object;
            let Some(entry) = entry.dict() else { continue };
            for (kind, _, key) in PARTS {
                found.take(reader, entry, kind, key)?;
            }
        }
        Ok(found.pieces)
    }
}

#[derive(Default)]
struct Found {
    pieces: Vec<StoredEvidence>,
    /// Of all pieces.
    bytes: usize,
    seen: BTreeSet<Id>,
}

impl Found {
    fn take(
        &mut self,
        reader: &Reader<'_>,
        holder: &Dict,
        kind: EvidenceKind,
        key: &str,
    ) -> Result<(), OpenError> {
        let list = reader.get(holder, key)?.object;
        for id in list
            .array()
            .unwrap_or_default()
            .iter()
            .filter_map(Object::reference)
        {
            if self.pieces.len() >= MAX_PDF_EVIDENCE || self.bytes >= MAX_PDF_EVIDENCE_BYTES {
                return Ok(());
            }
            if !self.seen.insert(id) {
                continue;
            }
            match read(reader, id) {
                Ok(Some((der, end))) => {
                    self.bytes += der.len();
                    self.pieces.push(StoredEvidence { kind, der, end });
                }
                Err(error @ OpenError::Limit { .. }) => return Err(error),
                _ => {}
            }
        }
        Ok(())
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
