//! PDF 1.7 to the letter of PDF/A-3b, with one signature slot; and the opening of such files.
//!
//! ```text
//!  base, seal, fonts ──▶ PreparedPdf ──┐ once a template: prefix of the file and its SHA-256 state
//!  Face, DocumentInfo, face.json ──────┴─▶ UnsignedPdf ──digest──▶ (CMS) ──embed──▶ bytes of the file
//!  bytes of a file ──▶ open ──▶ OpenedPdf: signatures, byte ranges, face.json, field texts, QR
//! ```
//!
//! A file has two parts. The prefix is the same for every certificate of a template: catalogue, page,
//! base art, its fonts, the colour profile, the seal and its field. What differs follows, so that the
//! prefix is copied, and its digest cloned, never made again. The clauses of ISO 19005-3 and how each
//! is met stand in `docs/PDF_A3.md`.
//!
//! Takes faces; gives bytes. Fails with [`PdfError`] on the way out and [`OpenError`] on the way in.

mod cff;
mod font;
mod icc;
pub mod open;
mod paint;
mod syntax;
#[cfg(test)]
mod tests;
mod xmp;

use std::{fmt::Write as _, io::Write as _, ops::Range, sync::Arc};

use jiff::Timestamp;
use md5::{Digest as _, Md5};
use ring::digest::{Context, SHA256};

pub use self::open::{OpenError, OpenedPdf, open};
use self::{
    font::Subsets,
    syntax::{Effort, Number, Objects, POINTS},
};
use crate::face::{Drawing, Face, FontBook, Mm};

/// Name of the attached machine-readable face data.
pub const ATTACHMENT: &str = "face.json";

/// Name of the one signature field.
pub const SIGNATURE_FIELD: &str = "Seal";

/// What the documents say made them.
const PRODUCER: &str = concat!("certseal ", env!("CARGO_PKG_VERSION"));

/// Objects the prefix refers to have fixed numbers, whether they stand in it or follow it.
mod fixed {
    use super::Number;

    pub(super) const CATALOG: Number = 1;
    pub(super) const PAGES: Number = 2;
    pub(super) const PAGE: Number = 3;
    pub(super) const BASE: Number = 4;
    pub(super) const PROFILE: Number = 5;
    pub(super) const WIDGET: Number = 6;
    pub(super) const SEAL_APPEARANCE: Number = 7;
    pub(super) const SEAL_ART: Number = 8;
    pub(super) const SIGNATURE: Number = 9;
    pub(super) const CONTENT: Number = 10;
    pub(super) const RESOURCES: Number = 11;
    pub(super) const METADATA: Number = 12;
    pub(super) const INFO: Number = 13;
    pub(super) const FILE_SPEC: Number = 14;
    pub(super) const EMBEDDED_FILE: Number = 15;
    pub(super) const LAST: Number = EMBEDDED_FILE;
}

/// What every certificate of one template under one seal shares.
#[derive(Debug, Clone, Copy)]
pub struct PreparedParts<'a> {
    /// Base art; its size is the page size.
    pub base: &'a Arc<Drawing>,
    /// The seal impression in true size.
    pub seal: &'a Drawing,
    /// Where the impression is centred on the page.
    pub seal_center: (Mm, Mm),
    /// Fonts of base, impression and faces.
    pub fonts: &'a Arc<FontBook>,
}

/// What a document says about itself outside its face.
#[derive(Debug, Clone, Copy)]
pub struct DocumentInfo<'a> {
    /// Certificate identifier (电子证照标识).
    pub identifier: &'a str,
    /// Title: the name of the certificate type.
    pub title: &'a str,
    /// Author: the issuing authority.
    pub author: &'a str,
    /// Key of the certificate type.
    pub certificate_type: &'a str,
    /// Certificate number.
    pub number: &'a str,
    /// When document and signature are made; the only time it bears.
    pub created: Timestamp,
    /// Whose signature it is: the owner of the seal.
    pub signer_name: &'a str,
    /// Why it is signed.
    pub reason: &'a str,
    /// Where it is signed.
    pub location: Option<&'a str>,
}

/// Why a document could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PdfError {
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
    /// The signature is longer than the place reserved for it.
    #[error("a signature of {length} bytes does not fit the {reserved} bytes reserved for it")]
    SignatureTooLong {
        /// Bytes of the CMS.
        length: usize,
        /// Bytes reserved.
        reserved: usize,
    },
    /// The file would pass what its offsets can address here.
    #[error("the document would take {0} bytes, more than one certificate can")]
    TooLarge(usize),
    /// A subset has more glyphs than two-byte codes can tell apart.
    #[error("more than 65,534 different glyphs of one font")]
    TooManyGlyphs,
    /// Metadata hold a character that XML forbids.
    #[error("{property} holds the control character U+{code:04X}")]
    Unprintable {
        /// Which property of [`DocumentInfo`].
        property: &'static str,
        /// Code point.
        code: u32,
    },
}

/// The shared part of all documents of one template under one seal.
#[derive(Clone)]
pub struct PreparedPdf {
    base: Arc<Drawing>,
    seal_center: (Mm, Mm),
    fonts: Arc<FontBook>,
    prefix: Objects,
    hashed: Context,
}

impl std::fmt::Debug for PreparedPdf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PreparedPdf")
            .field("prefix_bytes", &self.prefix.out.len())
            .finish_non_exhaustive()
    }
}

impl PreparedPdf {
    /// Writes everything the documents of one template share.
    pub fn new(parts: PreparedParts<'_>) -> Result<PreparedPdf, PdfError> {
        let mut prefix = Objects::default();
        while prefix.reserve() < fixed::LAST {}
        // Four bytes above 127 tell transfer programs that the file is binary.
        prefix.out.extend_from_slice(b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n");
        write_catalog(&mut prefix, parts.base);
        write_widget(&mut prefix, &parts);

        // Base and seal share their subsets.
        let mut subsets = Subsets::new(parts.fonts);
        let [base, seal] = [parts.base, parts.seal].map(|art| {
            paint::paint(
                &art.items,
                art.height,
                Vec::new(),
                &mut subsets,
                &mut prefix,
                Effort::Best,
            )
        });
        let (base, seal) = (base?, seal?);
        let fonts = subsets.write(&mut prefix, Effort::Best);

        write_form(&mut prefix, fixed::BASE, parts.base, "", &base, &fonts);
        // The appearance itself is no group: what it sets applies to the page, so that the art, a
        // group of its own, darkens the text beneath it instead of covering it.
        let size = points(parts.seal);
        prefix.stream(
            fixed::SEAL_APPEARANCE,
            format_args!(
                "/Type/XObject/Subtype/Form/BBox[0 0 {size}]/Resources<<\
                 /XObject<</Seal {} 0 R>>/ExtGState<</M<</BM/Multiply>>>>>>",
                fixed::SEAL_ART
            ),
            b"/M gs /Seal Do",
        );
        let group = "/Group<</S/Transparency/CS/DeviceRGB/I true>>";
        write_form(&mut prefix, fixed::SEAL_ART, parts.seal, group, &seal, &fonts);
        prefix.deflated(fixed::PROFILE, format_args!("/N 3"), &icc::srgb(), Effort::Best);

        let mut hashed = Context::new(&SHA256);
        hashed.update(&prefix.out);
        Ok(PreparedPdf {
            base: Arc::clone(parts.base),
            seal_center: parts.seal_center,
            fonts: Arc::clone(parts.fonts),
            prefix,
            hashed,
        })
    }

    /// Bytes that all documents begin with.
    pub fn prefix(&self) -> &[u8] {
        &self.prefix.out
    }

    /// Writes one document. `reserve` is the room for the CMS in bytes.
    pub fn write(
        &self,
        face: &Face,
        info: &DocumentInfo<'_>,
        face_json: &[u8],
        reserve: usize,
    ) -> Result<UnsignedPdf, PdfError> {
        // 1. Is it ours to write?
        self.check(face, info)?;

        // 2. The prefix, and after it what only this certificate has.
        let room = face_json.len() + 2 * reserve + PER_DOCUMENT;
        let mut file = Objects::continued(&self.prefix, room);
        self.write_page(&mut file, face)?;
        write_metadata(&mut file, info);
        write_attachment(&mut file, info.created, face_json);

        // 3. All objects but the signature are there: their digest names the file. The identifier
        //    thus depends on content alone, and a repeated request gives the same bytes.
        let mut hashed = self.hashed.clone();
        let mut done = self.prefix.out.len();
        hashed.update(file.out.get(done..).unwrap_or_default());
        done = file.out.len();
        let name = hashed.clone().finish();
        let id = name.as_ref().get(..16).unwrap_or_default();

        // 4. The signature dictionary, cross-reference table and trailer.
        let slot = write_signature(&mut file, info, reserve);
        debug_assert_eq!(file.missing().next(), None, "every number is written");
        let (xref, count) = file.xref();
        let out = &mut file.out;
        let _ = write!(
            out,
            "trailer\n<</Size {count}/Root {} 0 R/Info {} 0 R/ID[",
            fixed::CATALOG,
            fixed::INFO
        );
        syntax::hex_string(out, id);
        syntax::hex_string(out, id);
        let _ = write!(out, "]>>\nstartxref\n{xref}\n%%EOF\n");

        // 5. Now that the length is known, the byte range; then the rest of the digest.
        let length = out.len();
        if length > MAX_FILE {
            return Err(PdfError::TooLarge(length));
        }
        let gap = slot.contents;
        let range = format!("{} {} {}", gap.start, gap.end, length.saturating_sub(gap.end));
        if let Some(place) = out.get_mut(slot.range) {
            for (place, digit) in place.iter_mut().zip(range.bytes()) {
                *place = digit;
            }
        }
        hashed.update(out.get(done..gap.start).unwrap_or_default());
        let before = hashed.clone();
        hashed.update(out.get(gap.end..).unwrap_or_default());
        Ok(UnsignedPdf {
            bytes: file.out,
            contents: gap,
            before,
            digest: finished(hashed),
        })
    }

    fn check(&self, face: &Face, info: &DocumentInfo<'_>) -> Result<(), PdfError> {
        if !Arc::ptr_eq(&face.base, &self.base) && face.base != self.base {
            return Err(PdfError::OtherTemplate { what: "base art" });
        }
        if face.seal_center != self.seal_center {
            return Err(PdfError::OtherTemplate {
                what: "place of the seal",
            });
        }
        let properties = [
            ("identifier", info.identifier),
            ("title", info.title),
            ("author", info.author),
            ("certificate_type", info.certificate_type),
            ("number", info.number),
            ("signer_name", info.signer_name),
            ("reason", info.reason),
            ("location", info.location.unwrap_or_default()),
        ];
        for (property, value) in properties {
            if let Some(ch) = value
                .chars()
                .find(|ch| ch.is_control() || matches!(ch, '\u{FFFE}' | '\u{FFFF}'))
            {
                return Err(PdfError::Unprintable {
                    property,
                    code: u32::from(ch),
                });
            }
        }
        Ok(())
    }

    fn write_page(&self, file: &mut Objects, face: &Face) -> Result<(), PdfError> {
        let mut subsets = Subsets::new(&self.fonts);
        let mut content = Vec::with_capacity(8 << 10);
        content.extend_from_slice(b"/Base Do\n");
        let painted = paint::paint(
            &face.items,
            face.base.height,
            content,
            &mut subsets,
            file,
            Effort::Fast,
        )?;
        let fonts = subsets.write(file, Effort::Fast);
        let resources = painted.resources(&fonts, &[("Base", fixed::BASE)]);
        file.object(fixed::RESOURCES, format_args!("{resources}"));
        file.deflated(fixed::CONTENT, format_args!(""), &painted.content, Effort::Fast);
        Ok(())
    }
}

/// A complete document but for the signature.
#[derive(Clone)]
pub struct UnsignedPdf {
    bytes: Vec<u8>,
    contents: Range<usize>,
    /// SHA-256 state over all that stands before the signature.
    before: Context,
    digest: [u8; 32],
}

impl std::fmt::Debug for UnsignedPdf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UnsignedPdf")
            .field("bytes", &self.bytes.len())
            .field("contents", &self.contents)
            .finish_non_exhaustive()
    }
}

impl UnsignedPdf {
    /// SHA-256 of all bytes outside the signature's place: what the signature signs.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// Where the signature goes, with its delimiters.
    pub fn contents(&self) -> Range<usize> {
        self.contents.clone()
    }

    /// Puts the signature in its place and gives the finished file. The rest of the place is zeros.
    pub fn embed(self, cms: &[u8]) -> Result<Vec<u8>, PdfError> {
        self.embed_and_digest(cms).map(|(bytes, _)| bytes)
    }

    /// The same, with the SHA-256 of the finished file, of which little is left to compute.
    pub fn embed_and_digest(self, cms: &[u8]) -> Result<(Vec<u8>, [u8; 32]), PdfError> {
        let UnsignedPdf {
            mut bytes,
            contents,
            mut before,
            ..
        } = self;
        let reserved = (contents.len() - 2) / 2;
        if cms.len() > reserved {
            return Err(PdfError::SignatureTooLong {
                length: cms.len(),
                reserved,
            });
        }
        let mut hex = Vec::with_capacity(cms.len() * 2);
        for byte in cms {
            syntax::hex_byte(&mut hex, *byte);
        }
        if let Some(place) = bytes.get_mut(contents.start + 1..contents.start + 1 + hex.len()) {
            place.copy_from_slice(&hex);
        }
        before.update(bytes.get(contents.start..).unwrap_or_default());
        Ok((bytes, finished(before)))
    }
}

fn finished(hashed: Context) -> [u8; 32] {
    let mut digest = [0; 32];
    digest.copy_from_slice(hashed.finish().as_ref());
    digest
}

/// Bytes a document usually takes beyond prefix, attachment and signature.
const PER_DOCUMENT: usize = 40 << 10;

/// Largest file written: its offsets have nine digits in the byte range.
const MAX_FILE: usize = 999_999_999;

fn points(art: &Drawing) -> String {
    let mut out = Vec::new();
    syntax::number(&mut out, art.width * POINTS, 2);
    out.push(b' ');
    syntax::number(&mut out, art.height * POINTS, 2);
    String::from_utf8_lossy(&out).into_owned()
}

fn write_catalog(prefix: &mut Objects, base: &Drawing) {
    use fixed::{CATALOG, CONTENT, FILE_SPEC, METADATA, PAGE, PAGES, PROFILE, RESOURCES, SIGNATURE, WIDGET};

    prefix.object(
        CATALOG,
        format_args!(
            "<</Type/Catalog/Version/1.7/Pages {PAGES} 0 R/Lang(zh-CN)\
             /ViewerPreferences<</DisplayDocTitle true>>/Metadata {METADATA} 0 R\
             /OutputIntents[<</Type/OutputIntent/S/GTS_PDFA1/OutputConditionIdentifier(sRGB)\
             /RegistryName(http://www.color.org)/Info(sRGB IEC61966-2.1)\
             /DestOutputProfile {PROFILE} 0 R>>]\
             /AF[{FILE_SPEC} 0 R]/Names<</EmbeddedFiles<</Names[({ATTACHMENT}){FILE_SPEC} 0 R]>>>>\
             /AcroForm<</Fields[{WIDGET} 0 R]/SigFlags 3>>/Perms<</DocMDP {SIGNATURE} 0 R>>>>"
        ),
    );
    prefix.object(PAGES, format_args!("<</Type/Pages/Kids[{PAGE} 0 R]/Count 1>>"));
    let size = points(base);
    prefix.object(
        PAGE,
        format_args!(
            "<</Type/Page/Parent {PAGES} 0 R/MediaBox[0 0 {size}]/Resources {RESOURCES} 0 R\
             /Contents {CONTENT} 0 R/Group<</S/Transparency/CS/DeviceRGB>>/Annots[{WIDGET} 0 R]>>"
        ),
    );
}

/// The signature field, which is its own widget annotation.
fn write_widget(prefix: &mut Objects, parts: &PreparedParts<'_>) {
    let (x, y) = parts.seal_center;
    let (width, height) = (parts.seal.width, parts.seal.height);
    let left = (x - width / 2.0) * POINTS;
    let bottom = (parts.base.height - y - height / 2.0) * POINTS;
    let out = prefix.begin(fixed::WIDGET);
    let _ = write!(
        out,
        "<</Type/Annot/Subtype/Widget/FT/Sig/T({SIGNATURE_FIELD})/V {} 0 R/P {} 0 R/F {PRINT_LOCKED}\
         /AP<</N {} 0 R>>/Rect[",
        fixed::SIGNATURE,
        fixed::PAGE,
        fixed::SEAL_APPEARANCE
    );
    syntax::numbers(
        out,
        &[left, bottom, left + width * POINTS, bottom + height * POINTS],
    );
    out.extend_from_slice(b"]>>");
    prefix.end();
}

/// Annotation flags Print and Locked (ISO 32000-1 table 165).
const PRINT_LOCKED: u32 = 4 | 128;

fn write_form(
    prefix: &mut Objects,
    object: Number,
    art: &Drawing,
    extra: &str,
    painted: &paint::Painted,
    fonts: &[Number],
) {
    let size = points(art);
    let resources = painted.resources(fonts, &[]);
    prefix.deflated(
        object,
        format_args!("/Type/XObject/Subtype/Form/BBox[0 0 {size}]{extra}/Resources{resources}"),
        &painted.content,
        Effort::Best,
    );
}

fn write_metadata(file: &mut Objects, info: &DocumentInfo<'_>) {
    let packet = xmp::packet(info);
    // Not compressed, so that programs that know no PDF find the packet.
    file.stream(
        fixed::METADATA,
        format_args!("/Type/Metadata/Subtype/XML"),
        packet.as_bytes(),
    );

    let date = syntax::date(info.created);
    let out = file.begin(fixed::INFO);
    out.extend_from_slice(b"<<");
    for (key, value) in [
        ("Title", info.title),
        ("Author", info.author),
        ("Creator", PRODUCER),
        ("Producer", PRODUCER),
    ] {
        let _ = write!(out, "/{key}");
        syntax::text(out, value);
    }
    let _ = write!(out, "/CreationDate{date}/ModDate{date}>>");
    file.end();
}

fn write_attachment(file: &mut Objects, created: Timestamp, face_json: &[u8]) {
    use fixed::{EMBEDDED_FILE, FILE_SPEC};

    let date = syntax::date(created);
    let mut sum = String::with_capacity(32);
    // MD5 because ISO 32000-1 table 46 says so; nothing rests on it.
    for byte in Md5::digest(face_json) {
        let _ = write!(sum, "{byte:02X}");
    }
    file.object(
        FILE_SPEC,
        format_args!(
            "<</Type/Filespec/F({ATTACHMENT})/UF({ATTACHMENT})/Desc(Face data)\
             /AFRelationship/Data/EF<</F {EMBEDDED_FILE} 0 R/UF {EMBEDDED_FILE} 0 R>>>>"
        ),
    );
    file.deflated(
        EMBEDDED_FILE,
        format_args!(
            "/Type/EmbeddedFile/Subtype/application#2Fjson/Params<</Size {}/CreationDate{date}\
             /ModDate{date}/CheckSum<{sum}>>>",
            face_json.len()
        ),
        face_json,
        Effort::Fast,
    );
}

/// Places that are filled when the file is complete.
struct SignatureSlot {
    /// The last three numbers of the byte range.
    range: Range<usize>,
    /// The `/Contents` string with its delimiters.
    contents: Range<usize>,
}

fn write_signature(file: &mut Objects, info: &DocumentInfo<'_>, reserve: usize) -> SignatureSlot {
    let date = syntax::date(info.created);
    let out = file.begin(fixed::SIGNATURE);
    let _ = write!(
        out,
        "<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/M{date}"
    );
    for (key, value) in [
        ("Name", Some(info.signer_name)),
        ("Reason", Some(info.reason)),
        ("Location", info.location),
    ] {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            let _ = write!(out, "/{key}");
            syntax::text(out, value);
        }
    }
    // Certified, no changes permitted.
    out.extend_from_slice(
        b"/Reference[<</Type/SigRef/TransformMethod/DocMDP\
          /TransformParams<</Type/TransformParams/P 1/V/1.2>>>>]/ByteRange[0 ",
    );
    let range = out.len()..out.len() + 3 * 9 + 2;
    out.resize(range.end, b' ');
    out.extend_from_slice(b"]/Contents");
    let contents = out.len()..out.len() + 2 * reserve + 2;
    out.push(b'<');
    out.resize(contents.end - 1, b'0');
    out.extend_from_slice(b">>>");
    file.end();
    SignatureSlot { range, contents }
}
