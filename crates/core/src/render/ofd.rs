//! Pages of OFD (GB/T 33190-2016), drawn from what [`crate::document::ofd`] reads: what is seen is what was judged.
//!
//! ```text
//!  Sheet: templates, page, annotations ─▶ paint: objects to marks ─▶ canvas: marks to pixels
//!                                            │ letters, paths, inks        ▲
//!  Signatures: StampAnnot ─▶ stamp ──────────┴─────────────────────────────┘
//! ```

mod canvas;
mod font;
mod ink;
mod paint;
mod path;
mod stamp;
mod text;

use std::{collections::BTreeMap, rc::Rc};

use tiny_skia::{Color, Pixmap};

use self::{
    canvas::{Canvas, Region},
    font::Fonts,
    paint::{Place, corners},
    stamp::Stamp,
};
use super::{
    Press, RenderError, RenderedPage,
    note::{NoteKind, Notes},
    picture::{self, Fault},
    pixels, size,
};
use crate::{
    document::ofd::{self, Box2, Ctm, Id, Index, Known, MemberId, OfdError, Package, Sheet},
    face::FontBook,
    limits::{MAX_RENDER_KEPT, MAX_RENDER_WORK},
};

/// Steps that decoding a pixel takes.
const DECODING: u64 = 8;
/// Millimetres an inch.
const MILLIMETRES: f64 = 25.4;
/// Where a page states no size.
const A4: Box2 = Box2 {
    x: 0.0,
    y: 0.0,
    width: 210.0,
    height: 297.0,
};

/// Why a page is not drawn to its end.
#[derive(Debug)]
enum Refusal {
    Ofd(OfdError),
    TooMuch,
}

impl From<OfdError> for Refusal {
    fn from(error: OfdError) -> Self {
        Self::Ofd(error)
    }
}

/// What drawing one document needs and keeps.
struct Desk<'p, 'b> {
    package: &'p Package<'b>,
    book: Option<&'p FontBook>,
    fonts: Fonts,
    /// Pictures decoded so far, and how many pixels they have.
    pictures: BTreeMap<MemberId, Option<Rc<Pixmap>>>,
    kept: u64,
    notes: Notes,
    /// Steps that the page may still take; a step is about a pixel.
    work: u64,
    /// Whether this is a seal, in which no others are looked for.
    is_seal: bool,
}

/// A page being drawn.
struct Drawing<'g, 'p, 'b> {
    /// What its objects may refer to.
    known: Known<'g, 'g>,
    page: &'g mut Desk<'p, 'b>,
}

impl<'p, 'b> Desk<'p, 'b> {
    fn new(package: &'p Package<'b>, book: Option<&'p FontBook>, is_seal: bool) -> Self {
        Self {
            package,
            book,
            fonts: Fonts::default(),
            pictures: BTreeMap::new(),
            kept: 0,
            notes: Notes::default(),
            work: MAX_RENDER_WORK,
            is_seal,
        }
    }

    fn spend(&mut self, steps: u64) -> Result<(), Refusal> {
        self.work = self.work.checked_sub(steps).ok_or(Refusal::TooMuch)?;
        Ok(())
    }

    /// Forgets the pictures kept where there would be too much of them with so many pixels more.
    fn make_room(&mut self, area: u64) {
        if self.kept + area > MAX_RENDER_KEPT {
            self.pictures.clear();
            self.kept = 0;
        }
        self.kept += area;
    }

    /// Makes ready for another page.
    fn tidy(&mut self) {
        self.fonts.tidy();
        self.work = MAX_RENDER_WORK;
    }
}

impl Drawing<'_, '_, '_> {
    /// A picture of the resources. None where there is none, which has been named.
    fn picture(&mut self, id: Id) -> Result<Option<Rc<Pixmap>>, Refusal> {
        let Some(media) = self.known.media(id) else {
            self.page
                .notes
                .add(NoteKind::Resource, format!("ImageObject {id}"));
            return Ok(None);
        };
        let stated = media.file.as_ref().map(|file| file.stated.as_str());
        let stated = stated.unwrap_or_default();
        let Some(member) = media.file.as_ref().and_then(|file| file.member) else {
            self.page.notes.add(NoteKind::PictureMissing, stated);
            return Ok(None);
        };
        if let Some(known) = self.page.pictures.get(&member) {
            return Ok(known.clone());
        }
        let decoded = match self.page.package.read(member) {
            Ok(bytes) => picture::decode(bytes, media.format.as_deref()),
            Err(_) => Err(Fault::Unreadable),
        };
        let kept = match decoded {
            Ok(pixels) => {
                let area = picture::area(&pixels);
                self.page.spend(area * DECODING)?;
                self.page.make_room(area);
                Some(Rc::new(pixels))
            }
            Err(fault) => {
                let kind = match fault {
                    Fault::Format => NoteKind::PictureFormat,
                    Fault::Unreadable => NoteKind::PictureUnreadable,
                };
                self.page.notes.add(kind, stated);
                None
            }
        };
        self.page.pictures.insert(member, kept.clone());
        Ok(kept)
    }
}

/// Draws the pages wanted of the first document, which is the one that readers show.
pub(super) fn draw(file: &[u8], book: Option<&FontBook>, press: &Press) -> Result<(), RenderError> {
    let opened = ofd::open(file)?;
    let Some((document, mut sheets)) = opened.documents().first().zip(opened.sheets(0)) else {
        return Err(RenderError::NoPages);
    };
    let shared = Index::new(&document.resources);
    let stamps = stamp::all(opened.package(), document);
    let mut desk = Desk::new(opened.package(), book, false);
    for number in press.open(sheets.count())? {
        if opened.documents().len() > 1 {
            desk.notes.add(NoteKind::FirstDocument, "");
        }
        let sheet = sheets.read(number)?;
        if sheet.is_none() {
            desk.notes.add(NoteKind::PageMissing, (number + 1).to_string());
        }
        let paper = paper(sheet.as_ref(), &mut desk.notes);
        let side = |length| pixels(length, MILLIMETRES, press.dpi());
        let (width, height) = size(number, side(paper.width), side(paper.height))?;
        let canvas = Canvas::page(width, height).ok_or(RenderError::NoPages)?;
        let scale = f64::from(press.dpi()) / MILLIMETRES;
        let drawn = sheet_on(
            canvas,
            Some(Color::WHITE),
            scale,
            sheet.as_ref(),
            &shared,
            &stamps,
            &mut desk,
        );
        let drawn = drawn.map_err(|refusal| match refusal {
            Refusal::Ofd(error) => RenderError::Ofd(error),
            Refusal::TooMuch => RenderError::TooMuch(number + 1),
        })?;
        let rgb = drawn.data().chunks_exact(4);
        let page = RenderedPage {
            number: number + 1,
            width,
            height,
            rgb: rgb.flat_map(|pixel| pixel.iter().copied().take(3)).collect(),
            dpi: press.dpi(),
            notes: desk.notes.take(),
        };
        if !press.hand_over(page) {
            break;
        }
        desk.tidy();
    }
    Ok(())
}

/// The sheet of paper, which begins at its own corner (clause 7.5).
fn paper(sheet: Option<&Sheet>, notes: &mut Notes) -> Box2 {
    let Some(sheet) = sheet else { return A4 };
    let stated = sheet
        .physical()
        .filter(|paper| paper.width > 0.0 && paper.height > 0.0);
    stated.unwrap_or_else(|| {
        notes.add(NoteKind::PageSize, "");
        A4
    })
}

/// Draws a sheet with its seals.
fn sheet_on(
    mut canvas: Canvas,
    ground: Option<Color>,
    scale: f64,
    sheet: Option<&Sheet>,
    shared: &Index<'_>,
    stamps: &[Stamp],
    desk: &mut Desk<'_, '_>,
) -> Result<Pixmap, Refusal> {
    if let Some(color) = ground {
        canvas.fill(color);
    }
    let Some(sheet) = sheet else {
        return Ok(canvas.into_pixels());
    };
    let place = Place {
        ctm: Ctm([scale, 0.0, 0.0, scale, 0.0, 0.0]),
        region: canvas.region(),
        draw_param: None,
        depth: 0,
    };
    let mut drawing = Drawing {
        known: Known {
            shared,
            own: Index::new(&sheet.resources),
        },
        page: desk,
    };
    // 1. Templates, the page, annotations.
    for (_, page) in &sheet.grounds {
        drawing.ground(&mut canvas, page, place)?;
    }
    for (_, annot) in &sheet.annots {
        let Some(look) = annot.appearance.as_ref().filter(|_| annot.visible) else {
            continue;
        };
        let place = match look.boundary {
            Some(at) => {
                let ctm = Ctm::shift(at.x, at.y).then(&place.ctm);
                let region: Region = corners(at, &ctm).0.and(&place.region);
                Place { ctm, region, ..place }
            }
            None => place,
        };
        if place.region.is_empty() {
            continue;
        }
        for object in &look.objects {
            drawing.object(&mut canvas, object, place)?;
        }
    }

    // 2. Seals over all.
    for stamp in stamps
        .iter()
        .filter(|stamp| stamp.page.is_some() && stamp.page == sheet.page)
    {
        stamp::draw(&mut canvas, stamp, &place.ctm, drawing.page)?;
    }
    Ok(canvas.into_pixels())
}

/// The first page of an OFD that is the picture of a seal, in so many pixels.
fn seal(bytes: &[u8], book: Option<&FontBook>, width: f64, height: f64, notes: &mut Notes) -> Option<Pixmap> {
    let opened = ofd::open(bytes).ok()?;
    let document = opened.documents().first()?;
    let mut sheets = opened.sheets(0)?;
    let sheet = sheets.read(0).ok()??;
    let shared = Index::new(&document.resources);
    let mut desk = Desk::new(opened.package(), book, true);
    let paper = paper(Some(&sheet), &mut desk.notes);
    let scale = (width / paper.width).max(height / paper.height);
    let (width, height) = size(0, (paper.width * scale).ceil(), (paper.height * scale).ceil()).ok()?;
    let canvas = Canvas::page(width.max(1), height.max(1))?;
    let drawn = sheet_on(canvas, None, scale, Some(&sheet), &shared, &[], &mut desk);
    for note in desk.notes.take() {
        notes.add(note.kind, note.detail);
    }
    drawn.ok()
}
