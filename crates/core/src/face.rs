//! The face (证照照面): template + face data → a format-neutral page.
//!
//! All lengths are millimetres, origin top left, y downwards, as in GB/T 33190; the PDF writer
//! turns them over. Nothing here knows a file format.

mod art;
mod emblem;
mod error;
pub mod font;
mod photo;
mod spec;
mod template;
mod text;

use std::sync::Arc;

pub use emblem::{EmblemArt, EmblemError};
pub use error::FaceError;
pub use font::{FontBook, FontConfig, FontDescriptor, FontError, FontRole};
pub(crate) use font::{SimpleGlyph, UNITS};
pub use template::{FaceTemplate, Printed};

/// Millimetres.
pub type Mm = f32;

/// An axis-parallel box in millimetres.
#[derive(Debug, Clone, Copy, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct Rect {
    /// Left edge.
    pub x: Mm,
    /// Top edge.
    pub y: Mm,
    /// Width.
    pub w: Mm,
    /// Height.
    pub h: Mm,
}

/// sRGB colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Color(pub u8, pub u8, pub u8);

/// One step of a path.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Segment {
    /// Start a new subpath.
    Move(Mm, Mm),
    /// Straight line.
    Line(Mm, Mm),
    /// Cubic Bézier: two control points and the end point.
    Cubic(Mm, Mm, Mm, Mm, Mm, Mm),
    /// Back to the start of the subpath.
    Close,
}

/// Outline drawing style.
#[derive(Debug, Clone, PartialEq)]
pub struct Stroke {
    /// Colour of the line.
    pub color: Color,
    /// Width of the line.
    pub width: Mm,
    /// Lengths of dashes and gaps; empty for a solid line.
    pub dash: Vec<Mm>,
}

/// A vector shape.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// The outline.
    pub segments: Vec<Segment>,
    /// Fill colour, none to leave it open.
    pub fill: Option<Color>,
    /// Even-odd instead of non-zero winding.
    pub even_odd: bool,
    /// Line style, none for no line.
    pub stroke: Option<Stroke>,
    /// Opacity, 0 to 1.
    pub alpha: f32,
}

/// Index of a font in the font book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FontId(pub u16);

/// One glyph of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Glyph {
    /// Glyph index in the font.
    pub id: u16,
    /// The character it shows, for ToUnicode.
    pub ch: char,
    /// Horizontal distance of its origin from the origin of the run.
    pub x: Mm,
}

/// A line of text in one font, one size, one colour.
#[derive(Debug, Clone, PartialEq)]
pub struct TextRun {
    /// The font.
    pub font: FontId,
    /// Size of the em square.
    pub size: Mm,
    /// Origin of the first glyph.
    pub x: Mm,
    /// The baseline.
    pub y: Mm,
    /// Glyphs from left to right.
    pub glyphs: Vec<Glyph>,
    /// Text colour.
    pub color: Color,
    /// Opacity, 0 to 1 (watermarks).
    pub alpha: f32,
    /// Counter-clockwise rotation about the origin of the run, in degrees (watermarks).
    pub rotation: f32,
    /// Key of the face field it shows; none for art and labels.
    pub field: Option<Arc<str>>,
}

/// Pixels of a placed picture.
#[derive(Debug, Clone, PartialEq)]
pub enum Picture {
    /// A complete baseline or progressive JPEG file, embedded as it is.
    Jpeg {
        /// The file.
        data: Arc<[u8]>,
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// Colour components: 1 grey, 3 RGB.
        components: u8,
        /// Opacity, a byte a pixel; none where it covers its place.
        alpha: Option<Arc<[u8]>>,
    },
    /// 8-bit RGB rows.
    Rgb {
        /// `width * height * 3` bytes.
        data: Arc<[u8]>,
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
    },
    /// Black modules on nothing: a QR symbol, one entry a module, row by row.
    Modules {
        /// True where black; `width * width` entries.
        dark: Arc<[bool]>,
        /// Modules a side, quiet zone left out.
        width: u32,
    },
}

/// A picture in its place.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacedPicture {
    /// Where it goes, stretched to fill.
    pub place: Rect,
    /// What is shown.
    pub picture: Picture,
    /// Key of the face field it shows, `qr` for the QR symbol.
    pub field: Option<Arc<str>>,
}

/// A thing on the page.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// Text.
    Text(TextRun),
    /// Vector shape.
    Path(Path),
    /// Picture.
    Picture(PlacedPicture),
}

/// A group of things with a size: base art, a seal impression.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Drawing {
    /// Width.
    pub width: Mm,
    /// Height.
    pub height: Mm,
    /// In painting order.
    pub items: Vec<Item>,
}

/// One laid-out page, ready for any document format.
#[derive(Debug, Clone)]
pub struct Face {
    /// What every certificate of the type shares: art, labels (底图). Its size is the page size.
    pub base: Arc<Drawing>,
    /// What only this certificate shows.
    pub items: Vec<Item>,
    /// Where the seal impression is centred: a point on the page.
    pub seal_center: (Mm, Mm),
    /// Place of the QR symbol with its quiet zone.
    pub qr_place: Rect,
}

/// Modules kept free around a QR symbol (ISO/IEC 18004).
const QUIET_ZONE: u32 = 4;

/// Smallest module that a phone reads from a print.
pub const MIN_QR_MODULE: Mm = 0.33;

impl Face {
    /// Puts a QR symbol, given without its quiet zone, into its place. Refused when its modules would
    /// be too small to be read from paper.
    pub fn place_qr(&mut self, dark: Arc<[bool]>, width: u32) -> Result<(), FaceError> {
        if width == 0 || (width as usize).checked_mul(width as usize) != Some(dark.len()) {
            return Err(FaceError::QrNotSquare {
                given: dark.len(),
                width,
            });
        }
        let side = self.qr_place.w.min(self.qr_place.h);
        let module = side / (width + 2 * QUIET_ZONE) as f32;
        if module < MIN_QR_MODULE {
            return Err(FaceError::QrTooDense {
                modules: width,
                side,
                module,
            });
        }
        let symbol = module * width as f32;
        let place = Rect {
            x: self.qr_place.x + (self.qr_place.w - symbol) / 2.0,
            y: self.qr_place.y + (self.qr_place.h - symbol) / 2.0,
            w: symbol,
            h: symbol,
        };
        let field = Some(Arc::from("qr"));
        self.items.push(Item::Picture(PlacedPicture {
            place,
            picture: Picture::Modules { dark, width },
            field,
        }));
        Ok(())
    }
}
