//! Glyphs: those of fonts that the package brings along, and those of this machine where it brings none.

use std::{collections::BTreeMap, rc::Rc};

use skrifa::{DrawMemory, GlyphId, PathSink, ScalerFont, font::Font};
use tiny_skia::{Path, PathBuilder};

use crate::{
    document::ofd::{self, MemberId, Package},
    face::{FontBook, FontId, FontRole, Segment},
    limits::{MAX_OFD_FONTS, MAX_RENDER_OUTLINE, MAX_RENDER_OUTLINES},
};

/// A glyph in ems, y upwards; none where it has no ink.
pub(super) type Outline = Option<Rc<Path>>;

/// Fonts of one package, each opened once.
#[derive(Debug, Default)]
pub(super) struct Fonts {
    embedded: BTreeMap<MemberId, Option<Rc<Embedded>>>,
    outlines: BTreeMap<(MemberId, u32), Option<Outline>>,
    own: BTreeMap<(FontId, u16), Outline>,
}

/// A font of the package.
#[derive(Debug)]
pub(super) struct Embedded {
    member: MemberId,
    scaler: ScalerFont,
    /// Of font units, in ems.
    unit: f32,
}

impl Embedded {
    fn open(member: MemberId, bytes: &[u8]) -> Option<Self> {
        let font = Font::new(bytes.to_vec(), 0)?;
        let unit = 1.0 / f32::from(font.units_per_em().max(1));
        Some(Self {
            member,
            scaler: ScalerFont::force_unhinted(font, None),
            unit,
        })
    }

    /// The glyph that its character map has for a character.
    pub(super) fn glyph(&self, character: char) -> Option<u32> {
        let charmap = self.scaler.font().charmap();
        let glyph = charmap.map_unicode(character)?.to_u32();
        (glyph != 0).then_some(glyph)
    }
}

impl Fonts {
    /// Forgets outlines where they have become many.
    pub(super) fn tidy(&mut self) {
        if self.outlines.len() + self.own.len() > MAX_RENDER_OUTLINES {
            self.outlines.clear();
            self.own.clear();
        }
    }

    /// The font in a member. None where it cannot be read.
    pub(super) fn embedded(&mut self, package: &Package<'_>, member: MemberId) -> Option<Rc<Embedded>> {
        if self.embedded.len() >= MAX_OFD_FONTS && !self.embedded.contains_key(&member) {
            return None;
        }
        let open = || Some(Rc::new(Embedded::open(member, package.read(member).ok()?)?));
        self.embedded.entry(member).or_insert_with(open).clone()
    }

    /// The outline of a glyph of the package. None where the font has no such glyph, or it cannot be drawn.
    pub(super) fn outline(&mut self, font: &Embedded, glyph: u32) -> Option<Outline> {
        let draw = || {
            let outline = font.scaler.outline(GlyphId::new(glyph))?;
            let mut pen = Pen::new(font.unit);
            outline.draw(DrawMemory::Scratch, &mut pen).ok()?;
            Some(pen.finish())
        };
        let known = self.outlines.entry((font.member, glyph));
        known.or_insert_with(draw).clone()
    }

    /// The outline of a glyph of this machine.
    pub(super) fn own_outline(&mut self, book: &FontBook, font: FontId, glyph: u16) -> Outline {
        let draw = || {
            let mut pen = Pen::new(1.0);
            for segment in book.outline(font, glyph) {
                match segment {
                    Segment::Move(x, y) => pen.move_to(x, y),
                    Segment::Line(x, y) => pen.line_to(x, y),
                    Segment::Cubic(ax, ay, bx, by, x, y) => pen.curve_to(ax, ay, bx, by, x, y),
                    Segment::Close => pen.close(),
                }
            }
            pen.finish()
        };
        self.own.entry((font, glyph)).or_insert_with(draw).clone()
    }
}

/// The typeface of this machine that stands for one that is only named.
pub(super) fn role(font: Option<&ofd::Font>, bold: bool) -> FontRole {
    let names = [
        font.and_then(|font| font.name.as_deref()),
        font.and_then(|font| font.family.as_deref()),
    ];
    let named: String = names.into_iter().flatten().collect::<String>().to_lowercase();
    let has = |any: &[&str]| any.iter().any(|part| named.contains(part));
    let bold = bold || has(&["bold", "粗", "小标宋", "大标宋"]) || font.is_some_and(|font| font.bold);
    if has(&["楷", "kai"]) {
        FontRole::Kai
    } else if has(&[
        "黑",
        "hei",
        "gothic",
        "sans",
        "arial",
        "helvetica",
        "calibri",
        "verdana",
        "tahoma",
        "等线",
        "圆",
    ]) {
        if bold { FontRole::HeiBold } else { FontRole::Hei }
    } else if bold {
        FontRole::SongBold
    } else {
        FontRole::Song
    }
}

/// Collects an outline, up to a length that no real glyph has.
struct Pen {
    path: PathBuilder,
    unit: f32,
    left: usize,
}

impl Pen {
    fn new(unit: f32) -> Self {
        Self {
            path: PathBuilder::new(),
            unit,
            left: MAX_RENDER_OUTLINE,
        }
    }

    fn finish(self) -> Outline {
        self.path.finish().map(Rc::new)
    }

    /// Whether there is room for one more; a line needs somewhere to begin.
    fn may(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left > 0 && !self.path.is_empty()
    }
}

impl PathSink for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.path.move_to(x * self.unit, y * self.unit);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        if self.may() {
            self.path.line_to(x * self.unit, y * self.unit);
        }
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        let unit = self.unit;
        if self.may() {
            self.path.quad_to(cx * unit, cy * unit, x * unit, y * unit);
        }
    }

    fn curve_to(&mut self, ax: f32, ay: f32, bx: f32, by: f32, x: f32, y: f32) {
        let unit = self.unit;
        if self.may() {
            self.path
                .cubic_to(ax * unit, ay * unit, bx * unit, by * unit, x * unit, y * unit);
        }
    }

    fn close(&mut self) {
        self.path.close();
    }
}
