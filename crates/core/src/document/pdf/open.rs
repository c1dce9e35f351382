//! Opening PDFs that nobody vouches for, for verification.
//!
//! ```text
//!  bytes ─▶ %PDF- ─▶ last startxref ─▶ chain of sections ─▶ Reader: objects by number
//!                                                             │
//!           OpenedPdf ◀── signatures, revisions ◀─────────────┘
//!              └─ on demand: metadata, attachments, fields of the page
//! ```
//!
//! The reader is our own rather than a general library's for three reasons. A verifier has to know where
//! in the file a value stands: the gap in a byte range must be the `/Contents` string of that very
//! dictionary, and libraries keep values without places. It has to read strictly: a library repairs,
//! and a repaired file has a second reading that somebody else's viewer may not share. And it has to be
//! bounded: libraries load every object at once, so that a small file can fill the memory. Here objects
//! are read only when asked for, nesting is limited in the parser itself, trees are walked with a stack of
//! our own that visits each node once, and what one file may cost in bytes inflated and parsed is counted
//! down over everything that is asked of it. So neither stack, memory nor time depend on the content,
//! and no panic has to be caught. In the tests lopdf reads the same files as an independent judge.
//!
//! Takes bytes; gives facts. What they are worth is for `verify` to say: a broken signature dictionary,
//! a foreign object behind the last revision or a repaired offset are facts, not errors.

mod about;
mod difference;
mod display;
mod error;
mod evidence;
mod filter;
mod history;
mod lock;
mod object;
mod page;
mod parse;
mod reader;
mod revision;
mod seed;
mod signature;
#[cfg(test)]
mod tests;
mod text;
mod unused;
mod update;
mod xref;

use std::{cell::RefCell, collections::BTreeMap, fmt, rc::Rc};

use ring::digest::{Context, SHA256};

pub use self::{
    about::{Attachment, Metadata},
    difference::{Change, ChangeKind, Difference, Permission, Standing},
    error::OpenError,
    evidence::{EvidenceKind, StoredEvidence},
    history::LostSignature,
    page::{Modules, PageFields, Showing},
    revision::{Revision, RevisionObjects},
    seed::Demand,
    signature::{ByteRange, Coverage, ModificationLevel, PdfSignature, SignatureDefect, SignatureKind},
    update::{Evidence, RelatedEvidence, Update, UpdateError},
};
use self::{
    filter::Budget,
    object::{Dict, Object},
    parse::is_space,
    reader::Reader,
};
use crate::{crypto::DigestAlgorithm, limits::MAX_DOCUMENT_BYTES};

/// A deviation from the format that every reader mends in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repair {
    /// A subsection was numbered from 1 though its first entry is that of object 0.
    NumberedFromOne {
        /// Where the subsection begins.
        offset: usize,
    },
    /// An offset pointed some bytes beside its cross-reference section.
    SectionBeside {
        /// The offset given.
        stated: usize,
        /// Where the section is.
        found: usize,
    },
}

/// A PDF file, open for questions.
#[derive(Debug)]
pub struct OpenedPdf<'a> {
    reader: Reader<'a>,
    catalog: Dict,
    signatures: Vec<PdfSignature>,
    revisions: Vec<Revision>,
    trailing: usize,
    /// What reading earlier revisions may still cost, over all of them; comparing has shares of its own of what is
    /// parsed.
    history: Rc<Budget>,
    hashed: Hashed,
}

/// SHA-256 in the making, of all bytes before each place that was asked for. The digests of the file, of its
/// revisions and of what its signatures cover begin alike: each byte is hashed about once.
#[derive(Default)]
struct Hashed(RefCell<BTreeMap<usize, Context>>);

impl fmt::Debug for Hashed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hashed").finish_non_exhaustive()
    }
}

impl Hashed {
    /// Goes on from the nearest place before; none where there are fewer bytes.
    fn until(&self, end: usize, bytes: &[u8]) -> Option<Context> {
        let mut known = self.0.borrow_mut();
        let before = known.range(..=end).next_back();
        let (from, mut hashed) = before.map_or_else(
            || (0, Context::new(&SHA256)),
            |(from, hashed)| (*from, hashed.clone()),
        );
        hashed.update(bytes.get(from..end)?);
        known.insert(end, hashed.clone());
        Some(hashed)
    }
}

/// Opens a file. Fails where the file as a whole has no certain reading.
pub fn open(bytes: &[u8]) -> Result<OpenedPdf<'_>, OpenError> {
    // 1. Is it a PDF of a size that a document can have?
    if bytes.len() > MAX_DOCUMENT_BYTES {
        return Err(OpenError::TooLarge {
            limit: MAX_DOCUMENT_BYTES,
        });
    }
    if !bytes.starts_with(b"%PDF-") {
        return Err(OpenError::NotPdf);
    }

    // 2. The cross-reference data, from the last startxref back.
    let marks = revision::marks(bytes)?;
    let end = bytes.len();
    let last = marks.last().ok_or(OpenError::CrossReference {
        offset: end,
        what: "no startxref",
    })?;
    let budget = Rc::new(Budget::default());
    let mut repairs = Vec::new();
    let sections = xref::chain(bytes, last.target, &budget, &mut repairs)?;
    let revisions = revision::revisions(&marks, &sections);
    let Some(after) = last.end else {
        return Err(OpenError::CrossReference {
            offset: last.at,
            what: "no %%EOF after the last startxref",
        });
    };
    let trailing = bytes.get(after..).unwrap_or_default();
    let trailing = if trailing.iter().all(|byte| is_space(*byte)) {
        0
    } else {
        trailing.len()
    };

    // 3. The catalogue. With a security handler strings and streams cannot be read.
    let reader = Reader::new(bytes, sections, budget, repairs);
    let no_root = OpenError::Object {
        object: 0,
        what: "the trailer names no catalogue",
    };
    let trailer = reader.trailer().ok_or_else(|| no_root.clone())?;
    if trailer.get("Encrypt").is_some() {
        // A file is encrypted as a whole or not at all (ISO 32000-2 7.6.1): who adds it to what is there
        // hides what was changed. The second trailer of a linearised file names nothing.
        let sections = reader.sections.iter().map(|section| &section.trailer);
        let mut whole = sections.filter(|trailer| trailer.get("Root").is_some());
        if let Some(plain) = whole.find(|trailer| trailer.get("Encrypt").is_none()) {
            return Err(OpenError::CrossReference {
                offset: plain.span("Root").map_or(end, |span| span.start),
                what: "encryption that begins in a later revision",
            });
        }
    }
    // What lies in an encrypted object stream cannot be told from what is missing.
    let clear = |error| match error {
        limit @ OpenError::Limit { .. } => limit,
        _ if reader.encrypted => OpenError::Encrypted,
        other => other,
    };
    let root = reader.get(trailer, "Root").map_err(clear)?;
    let Object::Dict(catalog) = root.object else {
        return Err(clear(no_root));
    };

    // 4. The signatures. Their values and ranges are never encrypted (7.6.2), so they can be verified over the bytes as
    //    they are; without any there is nothing to say of an encrypted file.
    let signatures = signature::find(&reader, &catalog, &revisions).map_err(clear)?;
    if reader.encrypted && signatures.is_empty() {
        return Err(OpenError::Encrypted);
    }
    Ok(OpenedPdf {
        reader,
        catalog,
        signatures,
        revisions,
        trailing,
        history: Rc::default(),
        hashed: Hashed::default(),
    })
}

impl<'a> OpenedPdf<'a> {
    /// The file.
    pub fn bytes(&self) -> &'a [u8] {
        self.reader.data
    }

    /// Whether strings and streams cannot be read without a password.
    pub fn is_encrypted(&self) -> bool {
        self.reader.encrypted
    }

    /// The signatures in the order in which their covered bytes end.
    pub fn signatures(&self) -> &[PdfSignature] {
        &self.signatures
    }

    /// The first page, counted from 1, on which a signature stands; for files in which no form leads to any.
    pub fn signature_on_page(&self) -> Result<Option<usize>, OpenError> {
        signature::on_page(&self.reader, &self.catalog)
    }

    /// The revisions in the order of the file.
    pub fn revisions(&self) -> &[Revision] {
        &self.revisions
    }

    /// The objects that each revision added, replaced and freed, in the order of the file.
    pub fn revision_objects(&self) -> Vec<RevisionObjects> {
        revision::objects(&self.revisions, &self.reader.sections)
    }

    /// Bytes after the last `%%EOF`; 0 where they are blank.
    pub fn trailing_bytes(&self) -> usize {
        self.trailing
    }

    /// What was mended while reading so far.
    pub fn repairs(&self) -> Vec<Repair> {
        self.reader.repairs.borrow().clone()
    }

    /// Digest of the bytes a signature covers; none where its byte range is no range.
    pub fn signed_digest(&self, signature: &PdfSignature, algorithm: DigestAlgorithm) -> Option<Vec<u8>> {
        let range = signature.byte_range.as_ref().ok()?;
        if algorithm == DigestAlgorithm::Sha256 {
            let mut hashed = self.hashed_until(range.gap.start)?;
            hashed.update(self.reader.data.get(range.gap.end..range.end)?);
            return Some(hashed.finish().as_ref().to_vec());
        }
        let mut hasher = algorithm.hasher();
        hasher.update(self.reader.data.get(..range.gap.start)?);
        hasher.update(self.reader.data.get(range.gap.end..range.end)?);
        Some(hasher.finish())
    }

    /// SHA-256 of the bytes before a place; none where the file is shorter.
    pub fn digest_until(&self, end: usize) -> Option<[u8; 32]> {
        let digest = self.hashed_until(end)?.finish();
        digest.as_ref().try_into().ok()
    }

    fn hashed_until(&self, end: usize) -> Option<Context> {
        if self.hashed.0.borrow().is_empty() {
            // The places that will be asked for, in the order of the file.
            let ranges = self
                .signatures
                .iter()
                .filter_map(|one| one.byte_range.as_ref().ok());
            let mut places: Vec<usize> = ranges.map(|range| range.gap.start).collect();
            places.extend(self.revisions.iter().map(|revision| revision.end));
            places.sort_unstable();
            for place in places {
                self.hashed.until(place, self.bytes());
            }
        }
        self.hashed.until(end, self.bytes())
    }

    /// What later revisions changed of what a signature covers.
    pub fn difference(&self, signature: &PdfSignature) -> Result<Difference, OpenError> {
        difference::compare(self, signature)
    }

    /// Signatures that an earlier revision held and this file does not.
    pub fn lost_signatures(&self) -> Result<Vec<LostSignature>, OpenError> {
        history::lost(self)
    }

    /// Numbers of the objects that could show something and that nothing leads to: leftovers of editing, or
    /// content kept ready for a later revision to show.
    pub fn unused_content(&self) -> Result<Vec<u32>, OpenError> {
        unused::content(&self.reader)
    }

    /// Information dictionary and XMP packet.
    pub fn metadata(&self) -> Result<Metadata, OpenError> {
        about::metadata(&self.reader, &self.catalog)
    }

    /// The attached files, in the order of their tree of names.
    pub fn attachments(&self) -> Result<Vec<Attachment>, OpenError> {
        about::attachments(&self.reader, &self.catalog)
    }

    /// Content of an attached file.
    pub fn read_attachment(&self, attachment: &Attachment) -> Result<Vec<u8>, OpenError> {
        about::read(&self.reader, attachment)
    }

    /// What keeps viewers from showing the pages, if anything does.
    pub fn unreadable_pages(&self) -> Option<OpenError> {
        page::unreadable(&self.reader, &self.catalog)
    }

    /// Face fields and QR symbol of the first page.
    pub fn page_fields(&self) -> Result<PageFields, OpenError> {
        page::read(&self.reader, &self.catalog)
    }
}
