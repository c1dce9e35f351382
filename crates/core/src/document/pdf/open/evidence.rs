//! The document security store as a verifier needs it (ISO 32000-2 12.8.4.3): each piece of evidence with its
//! place, because what a later timestamp covers is proven to be older.

use std::collections::BTreeSet;

use super::{
    OpenError, OpenedPdf,
    parse::{Dict, Id, Object},
    reader::Reader,
};
use crate::limits::MAX_PDF_EVIDENCE;

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
            if self.pieces.len() >= MAX_PDF_EVIDENCE {
                return Ok(());
            }
            if !self.seen.insert(id) {
                continue;
            }
            match read(reader, id) {
                Ok(Some((der, end))) => self.pieces.push(StoredEvidence { kind, der, end }),
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
