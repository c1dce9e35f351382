//! OFD (GB/T 33190-2016): opening packages that nobody vouches for, for verification.
//!
//! ```text
//!  bytes ─▶ Package: members every reader finds alike ─▶ OFD.xml ─▶ Document.xml … ─▶ OpenedOfd
//!                                                                                       │ on demand
//!            ┌──────────────────────────────┬───────────────────────────┬──────────────┤
//!            ▼                              ▼                           ▼              ▼
//!   references: digests of what     reach: what of the file      text: what is    summary
//!   each signature covers           belongs to the document,     drawn, what is
//!                                   what nobody names (夹带)     extracted
//! ```
//!
//! Takes bytes; gives facts. What they are worth is for `verify` to say: an uncovered page, a smuggled member or a
//! wrong digest are facts, not errors. An error is a file that two readers could understand differently, or that cannot
//! be read at all. What deployed writers do against the standard, and deployed readers put up with, is read and named as
//! a [`Deviation`].
//!
//! Members are inflated when asked for, once, and digested as they are: XML is never written again.

mod deviation;
mod error;
mod index;
mod loc;
mod package;
mod reach;
mod references;
mod sheet;
mod structure;
mod summary;
#[cfg(test)]
mod tests;
mod text;
mod values;
pub mod write;
mod xml;

use std::collections::BTreeSet;

use self::structure::{
    Reading,
    entries::{ENCRYPTION_ENTRY, INTEGRITY_ENTRY},
    root::ENTRY,
};
pub use self::{
    deviation::{Deviation, DeviationKind, Deviations},
    error::OfdError,
    index::{Index, Known},
    loc::Loc,
    package::{MemberId, Package},
    reach::{Class, Coverage, Dangling, Reach, Role, SignatureNumber, Smuggled, Standing, Uncovered},
    references::{CheckMethod, CheckedReferences, DigestTable, ReferenceState},
    sheet::{Sheet, Sheets},
    structure::{
        annotations::{Annot, AnnotatedPage, Annotations, Appearance, PageAnnot},
        attached::{Attachment, Attachments, CustomTag, CustomTags, Extension, Extensions, TaggedObject},
        color::{Color, Gradient, GradientShape, Spread, Stop},
        document::{Action, ActionKind, Document, Outline, PageArea, PageEntry, Permissions, TemplatePage},
        entries::{EncryptInfo, IntegrityList},
        object::{
            CgTransform, Clip, ClipArea, GraphicObject, ImageObject, LineStyle, ObjectKind, PathObject,
            TextCode, TextObject,
        },
        page::{Layer, Page, TemplateUse},
        resources::{ColorSpace, CompositeUnit, DrawParam, Font, MultiMedia, Resources},
        root::{CustomData, DocBody, DocInfo, DocVersion, OfdRoot, Version},
        signature::{
            Parameter, Provider, Reference, SealLoc, SignatureEntry, SignatureFile, SignatureKind,
            Signatures, StampAnnot,
        },
    },
    summary::{PageSummary, SignatureSummary, Summary},
    text::{DocumentText, Drawn, DrawnOtherwise, GlyphDifference, Ground, TextRun},
    values::{Array, Box2, Ctm, Deltas, Id},
};
use crate::limits::{MAX_OFD_REFERENCES, MAX_OFD_SIGNATURES};

/// An OFD file, open for questions.
#[derive(Debug)]
pub struct OpenedOfd<'a> {
    package: Package<'a>,
    root: OfdRoot,
    documents: Vec<OpenedDocument>,
    integrity: Option<IntegrityList>,
    encryption: Vec<EncryptInfo>,
    deviations: Deviations,
}

/// One document of the file, with the files that its Document.xml names, pages apart.
#[derive(Debug)]
pub struct OpenedDocument {
    /// Document.xml.
    pub document: Document,
    /// Its resource files, each once.
    pub resources: Vec<Resources>,
    /// Annotations.xml.
    pub annotations: Option<Annotations>,
    /// Attachments.xml.
    pub attachments: Option<Attachments>,
    /// CustomTags.xml.
    pub custom_tags: Option<CustomTags>,
    /// Extensions.xml.
    pub extensions: Option<Extensions>,
    /// Signatures.xml.
    pub signature_list: Option<Signatures>,
    /// The signatures listed in it, in order.
    pub signatures: Vec<OpenedSignature>,
}

/// One signature of a document.
#[derive(Debug)]
pub struct OpenedSignature {
    /// What Signatures.xml says of it.
    pub entry: SignatureEntry,
    /// Signature.xml. One that cannot be read spoils itself and nothing else.
    pub file: Result<SignatureFile, OfdError>,
}

/// Opens a file. Fails where the file as a whole has no certain reading.
pub fn open(bytes: &[u8]) -> Result<OpenedOfd<'_>, OfdError> {
    // 1. The package, and its one file of fixed name.
    let package = Package::open(bytes)?;
    let mut deviations = package.deviations().clone();
    let mut reading = Reading {
        package: &package,
        deviations: &mut deviations,
    };
    let encryption = match package.find(ENCRYPTION_ENTRY) {
        Some(member) => EncryptInfo::read_all(&mut reading, member)?,
        None => Vec::new(),
    };
    // What is missing from an encrypted file is there in another form.
    let missing = |member: &str, named_by: &str| match package.find(ENCRYPTION_ENTRY) {
        Some(_) => OfdError::Encrypted,
        None => OfdError::Missing {
            member: member.to_owned(),
            named_by: named_by.to_owned(),
        },
    };
    let entry = package.find(ENTRY).ok_or_else(|| missing(ENTRY, "GB/T 33190"))?;
    let root = OfdRoot::read(&mut reading, entry)?;

    // 2. Its documents, and what their signatures say.
    let mut documents = Vec::with_capacity(root.bodies.len());
    let mut references = 0;
    for body in &root.bodies {
        let member = body
            .doc_root
            .member
            .ok_or_else(|| missing(&body.doc_root.stated, ENTRY))?;
        let mut opened = OpenedDocument::read(&mut reading, member)?;
        opened.read_signatures(&mut reading, body)?;
        let files = opened
            .signatures
            .iter()
            .filter_map(|signature| signature.file.as_ref().ok());
        references += files.map(|file| file.references.len()).sum::<usize>();
        if references > MAX_OFD_REFERENCES {
            return Err(OfdError::Limit {
                what: "references of all signatures",
                limit: MAX_OFD_REFERENCES,
            });
        }
        documents.push(opened);
    }

    // 3. The integrity list over the package (GM/T 0099).
    let integrity = match package.find(INTEGRITY_ENTRY) {
        Some(member) => Some(IntegrityList::read(&mut reading, member)?),
        None => None,
    };
    Ok(OpenedOfd {
        package,
        root,
        documents,
        integrity,
        encryption,
        deviations,
    })
}

impl OpenedDocument {
    /// Reads what a Document.xml names, pages and signatures apart. What is missing has been named as a deviation.
    fn read(reading: &mut Reading<'_, '_>, member: MemberId) -> Result<Self, OfdError> {
        let document = Document::read(reading, member)?;
        let mut seen = BTreeSet::new();
        let mut resources = Vec::new();
        for file in document.resources.iter().filter_map(|loc| loc.member) {
            if seen.insert(file) {
                resources.push(Resources::read(reading, file)?);
            }
        }
        let at = |loc: &Option<Loc>| loc.as_ref().and_then(|loc| loc.member);
        let (annotations, attachments) = (at(&document.annotations), at(&document.attachments));
        let (custom_tags, extensions) = (at(&document.custom_tags), at(&document.extensions));
        Ok(Self {
            annotations: annotations
                .map(|file| Annotations::read(reading, file))
                .transpose()?,
            attachments: attachments
                .map(|file| Attachments::read(reading, file))
                .transpose()?,
            custom_tags: custom_tags
                .map(|file| CustomTags::read(reading, file))
                .transpose()?,
            extensions: extensions
                .map(|file| Extensions::read(reading, file))
                .transpose()?,
            document,
            resources,
            signature_list: None,
            signatures: Vec::new(),
        })
    }

    fn read_signatures(&mut self, reading: &mut Reading<'_, '_>, body: &DocBody) -> Result<(), OfdError> {
        let Some(loc) = &body.signatures else {
            return Ok(());
        };
        // A file that says it is signed and is not must not pass for one that never was.
        let missing = |loc: &Loc, named_by: &str| OfdError::Missing {
            member: loc.stated.clone(),
            named_by: named_by.to_owned(),
        };
        let member = loc.member.ok_or_else(|| missing(loc, ENTRY))?;
        let list = Signatures::read(reading, member)?;
        if list.signatures.len() > MAX_OFD_SIGNATURES {
            return Err(OfdError::Limit {
                what: "signatures",
                limit: MAX_OFD_SIGNATURES,
            });
        }
        for entry in &list.signatures {
            let named_by = reading.package.name(member);
            let file = match entry.base_loc.member {
                None => Err(missing(&entry.base_loc, named_by)),
                Some(file) => match SignatureFile::read(reading, file) {
                    // What exhausts the machine is refused as a whole.
                    Err(limit @ OfdError::Limit { .. }) => return Err(limit),
                    read => read,
                },
            };
            self.signatures.push(OpenedSignature {
                entry: entry.clone(),
                file,
            });
        }
        self.signature_list = Some(list);
        Ok(())
    }
}

impl<'a> OpenedOfd<'a> {
    /// The package.
    pub fn package(&self) -> &Package<'a> {
        &self.package
    }

    /// OFD.xml.
    pub fn root(&self) -> &OfdRoot {
        &self.root
    }

    /// The documents, as OFD.xml lists them.
    pub fn documents(&self) -> &[OpenedDocument] {
        &self.documents
    }

    /// The integrity list, if there is one.
    pub fn integrity(&self) -> Option<&IntegrityList> {
        self.integrity.as_ref()
    }

    /// Rounds of encryption. Where there are any, what could be read is not all there is.
    pub fn encryption(&self) -> &[EncryptInfo] {
        &self.encryption
    }

    /// Deviations found while opening. Pages and what they show are read on demand, and name their own.
    pub fn deviations(&self) -> &Deviations {
        &self.deviations
    }

    /// The content of a page or template, and how it deviates.
    pub fn page(&self, member: MemberId) -> Result<(Page, Deviations), OfdError> {
        self.reading(|reading| Page::read(reading, member))
    }

    /// The annotations in a file, and how they deviate.
    pub fn annotations(&self, member: MemberId) -> Result<(PageAnnot, Deviations), OfdError> {
        self.reading(|reading| PageAnnot::read(reading, member))
    }

    /// The leaves of a tree of custom tags: which object shows which field (数据标引).
    pub fn tagged_objects(&self, member: MemberId) -> Result<(Vec<TaggedObject>, Deviations), OfdError> {
        self.reading(|reading| {
            structure::attached::tagged_objects(reading.package, member, reading.deviations)
        })
    }

    fn reading<T>(
        &self,
        read: impl FnOnce(&mut Reading<'_, 'a>) -> Result<T, OfdError>,
    ) -> Result<(T, Deviations), OfdError> {
        let mut deviations = Deviations::default();
        let read = read(&mut Reading {
            package: &self.package,
            deviations: &mut deviations,
        })?;
        Ok((read, deviations))
    }
}
