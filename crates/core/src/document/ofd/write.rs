//! Sealed OFD documents (GB/T 33190-2016, GB/T 38540-2020) from faces.
//!
//! ```text
//!  base, fonts, seal ──▶ PreparedOfd ──┐ once a template: members deflated, with their digests
//!  Face, DocumentInfo, FaceFile ───────┴─▶ UnsealedOfd ──seal(SES_Signature)──▶ bytes of the file
//!  a sealed file, another seal ──▶ add_seal ──▶ the same members and one signature more (联合发文)
//! ```
//!
//! | member | what | shared |
//! |---|---|---|
//! | `OFD.xml` | entry, metadata with the short names of GB/T 36903 | |
//! | `Doc_0/Document.xml`, `PublicRes.xml`, `DocumentRes.xml` | structure, fonts, pictures | |
//! | `Doc_0/Pages/Page_0/Content.xml` | what only this certificate shows | |
//! | `Doc_0/Tpls/Tpl_0/Content.xml` | base art (底图) | yes |
//! | `Doc_0/Res/…` | subset fonts, pictures | those of the base |
//! | `Doc_0/Attachs/…` | `face.json`, and the same as `face.xml` | |
//! | `Doc_0/Tags/…` | which object shows which field (数据标引) | the list |
//! | `Doc_0/Signs/…` | seal, signature | all but Signature.xml and its value |
//!
//! The discipline of archives (OFD-A) is kept: every font is embedded, nothing is fetched, nothing acts, nothing is
//! encrypted. The same input gives the same bytes but for the signature value.

mod again;
mod archive;
mod attached;
mod font;
mod metadata;
mod paint;
mod picture;
mod riding;
mod seal;
#[cfg(test)]
mod tests;
mod truetype;
mod xml;

use std::sync::Arc;

pub use self::{
    again::{AddSealError, NewSeal, add_seal},
    riding::{Sheet, riding},
    seal::{Protection, SealFile, SealedOfd, StampPlace, ToSeal, UnsealedOfd},
};
use self::{archive::Member, font::Subsets, xml::Xml};
use super::super::{deflate::Effort, pdf::DocumentInfo};
use crate::{
    catalogue::{FaceData, FaceJson},
    face::{Drawing, Face, FontBook, Mm, Rect},
    limits::{MAX_DOCUMENT_BYTES, MAX_OFD_MEMBERS},
};

/// Name of the attached machine-readable face data.
pub const ATTACHMENT: &str = "face.json";
/// Name of the same data as XML.
pub const ATTACHMENT_XML: &str = "face.xml";

/// Where embedded fonts and pictures lie.
const RES: &str = "Doc_0/Res";

/// Identifiers that stand fixed: those of the base follow, then those of the page.
mod fixed {
    pub(super) const PAGE: u32 = 1;
    pub(super) const TEMPLATE: u32 = 2;
    pub(super) const FIRST_FREE: u32 = 3;
}

/// Takes the next identifier.
fn take(next: &mut u32) -> u32 {
    let id = *next;
    *next = next.saturating_add(1);
    id
}

/// What every certificate of one template under one seal shares.
#[derive(Debug, Clone, Copy)]
pub struct OfdParts<'a> {
    /// Base art; its size is the page size.
    pub base: &'a Arc<Drawing>,
    /// The seal, whose picture is stamped in the size it states.
    pub seal: &'a SealFile<'a>,
    /// Where it is centred on the page.
    pub seal_center: (Mm, Mm),
    /// Fonts of base and faces.
    pub fonts: &'a Arc<FontBook>,
    /// Whether further seals may follow.
    pub protection: Protection,
}

/// The data behind a face, which the document carries beside its page.
#[derive(Debug, Clone, Copy)]
pub struct FaceFile<'a> {
    /// As checked against the certificate type.
    pub data: &'a FaceData,
    /// As attached.
    pub json: &'a FaceJson,
    /// The attached bytes: the one text of `json`.
    pub bytes: &'a [u8],
}

/// Why a document could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OfdWriteError {
    /// The face was laid out on another template than the prepared one.
    #[error("the face was not laid out on the prepared template: {what} differs")]
    OtherTemplate {
        /// What differs.
        what: &'static str,
    },
    /// A picture's data contradict its size or format.
    #[error("picture of field '{field}': {reason}")]
    Picture {
        /// The field; empty for art.
        field: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// The file would be larger than what is opened again.
    #[error("the document would take {0} bytes, more than one certificate can")]
    TooLarge(usize),
    /// A subset has more glyphs than numbers.
    #[error("more than 65,534 different glyphs of one font")]
    TooManyGlyphs,
    /// A value holds a character that XML forbids.
    #[error("{property} holds the control character U+{code:04X}")]
    Unprintable {
        /// Which property, or which field.
        property: String,
        /// Code point.
        code: u32,
    },
}

/// The shared part of all documents of one template under one seal.
#[derive(Debug, Clone)]
pub struct PreparedOfd {
    base: Arc<Drawing>,
    seal_center: (Mm, Mm),
    fonts: Arc<FontBook>,
    protection: Protection,
    stamp: Rect,
    seal_name: String,
    /// Template page, its fonts and pictures.
    art: Vec<Member>,
    /// List of tags.
    tags: Member,
    /// List of signatures, seal.
    sealing: Vec<Member>,
    font_entries: Xml,
    media_entries: Xml,
    next: u32,
}

impl PreparedOfd {
    /// Writes everything the documents of one template share.
    pub fn new(parts: OfdParts<'_>) -> Result<Self, OfdWriteError> {
        let mut next = fixed::FIRST_FREE;
        let mut subsets = Subsets::new(parts.fonts);
        let layer = take(&mut next);
        let painted = paint::paint(&parts.base.items, &mut subsets, &mut next)?;
        let (fonts, font_entries) = subsets.write(Effort::Best)?;
        let mut media_entries = Xml::default();
        let mut page = Xml::root("Page", "");
        page.put(format_args!(
            "<ofd:Content><ofd:Layer ID=\"{layer}\" Type=\"Background\">"
        ));
        page.append(&painted.objects);
        let page = page.close(&["Layer", "Content", "Page"]);
        let mut art = vec![Member::deflated(
            "Doc_0/Tpls/Tpl_0/Content.xml",
            &page,
            Effort::Best,
        )];
        art.extend(fonts);
        for media in painted.media {
            media.entry(&mut media_entries);
            art.push(media.member);
        }

        let (width, height) = (parts.seal.width, parts.seal.height);
        let (x, y) = parts.seal_center;
        Ok(Self {
            base: Arc::clone(parts.base),
            seal_center: parts.seal_center,
            fonts: Arc::clone(parts.fonts),
            protection: parts.protection,
            stamp: Rect {
                x: x - width / 2.0,
                y: y - height / 2.0,
                w: width,
                h: height,
            },
            seal_name: parts.seal.name.to_owned(),
            art,
            tags: attached::tag_list(),
            sealing: seal::shared(parts.seal),
            font_entries,
            media_entries,
            next,
        })
    }

    /// Bytes of a document that all its documents share.
    pub fn shared_bytes(&self) -> usize {
        let members = self.art.iter().chain([&self.tags]).chain(&self.sealing);
        members.map(|member| member.packed.len()).sum()
    }

    /// Writes one document but for its signature.
    pub fn write(
        &self,
        face: &Face,
        info: &DocumentInfo<'_>,
        file: &FaceFile<'_>,
    ) -> Result<UnsealedOfd, OfdWriteError> {
        // 1. Is it ours to write?
        self.check(face, info, file)?;

        // 2. The page, and what it draws with.
        let mut next = self.next;
        let mut subsets = Subsets::new(&self.fonts);
        let layer = take(&mut next);
        let painted = paint::paint(&face.items, &mut subsets, &mut next)?;
        let (fonts, font_entries) = subsets.write(Effort::Fast)?;
        let mut page = Xml::root("Page", "");
        page.put(format_args!(
            "<ofd:Template TemplateID=\"{}\" ZOrder=\"Background\"/><ofd:Content><ofd:Layer ID=\"{layer}\" Type=\"Body\">",
            fixed::TEMPLATE
        ));
        page.append(&painted.objects);
        let page = page.close(&["Layer", "Content", "Page"]);

        // 3. What leads to it, the entry first.
        let mut media_entries = self.media_entries.clone();
        for media in &painted.media {
            media.entry(&mut media_entries);
        }
        let mut all_fonts = self.font_entries.clone();
        all_fonts.append(&font_entries);
        let fast = |name: &str, content: &[u8]| Member::deflated(name, content, Effort::Fast);
        let mut members = vec![
            fast("OFD.xml", &metadata::entry(info, file, &self.seal_name)),
            fast(
                "Doc_0/Document.xml",
                &metadata::document(&self.base, next.saturating_sub(1), self.protection),
            ),
            fast("Doc_0/PublicRes.xml", &metadata::resources("Fonts", &all_fonts)),
            fast(
                "Doc_0/DocumentRes.xml",
                &metadata::resources("MultiMedias", &media_entries),
            ),
            fast("Doc_0/Pages/Page_0/Content.xml", &page),
        ];
        members.extend_from_slice(&self.art);
        members.extend(fonts);
        members.extend(painted.media.into_iter().map(|media| media.member));

        // 4. What goes with it.
        members.extend(attached::members(info, file));
        members.push(self.tags.clone());
        members.push(attached::tags(file, &painted.fields));
        members.extend_from_slice(&self.sealing);
        let size = archive::size(&members);
        if size > MAX_DOCUMENT_BYTES / 2 || members.len() > MAX_OFD_MEMBERS / 2 {
            return Err(OfdWriteError::TooLarge(size));
        }
        let stamp = StampPlace {
            page: fixed::PAGE,
            boundary: self.stamp,
            clip: None,
        };
        Ok(UnsealedOfd::new(members, stamp, self.protection, info.created))
    }

    fn check(&self, face: &Face, info: &DocumentInfo<'_>, file: &FaceFile<'_>) -> Result<(), OfdWriteError> {
        if !Arc::ptr_eq(&face.base, &self.base) && face.base != self.base {
            return Err(OfdWriteError::OtherTemplate { what: "base art" });
        }
        if face.seal_center != self.seal_center {
            return Err(OfdWriteError::OtherTemplate {
                what: "place of the seal",
            });
        }
        let json = file.json;
        let stated = [
            ("identifier", info.identifier),
            ("title", info.title),
            ("author", info.author),
            ("number", info.number),
            ("signer_name", info.signer_name),
            ("seal", &self.seal_name),
            ("type", &json.certificate_type.name),
            ("issuer", &json.issuer.name),
            ("holder", &json.holder.name),
            ("holder code", json.holder.code.as_deref().unwrap_or_default()),
        ];
        let fields = json.fields.iter().map(|field| (&field.key[..], &field.text[..]));
        for (property, value) in stated.into_iter().chain(fields) {
            if let Some(letter) = xml::forbidden(value) {
                return Err(OfdWriteError::Unprintable {
                    property: property.to_owned(),
                    code: u32::from(letter),
                });
            }
        }
        Ok(())
    }
}
