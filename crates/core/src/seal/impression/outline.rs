//! Outlines of rings, stars and glyphs, and the compact form drawings of paths are stored in.

#![allow(clippy::many_single_char_names)] // coordinates

use std::f64::consts::PI;

use super::{Cell, GlyphOutline, ImpressionSpec, Shape, grid};
use crate::{
    face::{Color, Drawing, Item, Mm, Path, Segment},
    limits::MAX_IMPRESSION_BYTES,
};

/// Control point distance that makes four Béziers a circle.
const KAPPA: f64 = 0.552_284_749_830_793_4;
/// Height of the ideographic em box above the baseline, in em; every CJK font has it here.
const EM_TOP: f64 = 0.88;
/// Share of the em box that ink fills in a Song face: cells are sized for ink, not for the box.
const INK: f64 = 0.95;

/// The band between two insets from the seal's outer edge, to be filled even-odd.
pub(super) fn frame(spec: &ImpressionSpec, from: f64, to: f64) -> Vec<Segment> {
    let (width, height) = (f64::from(spec.size().0), f64::from(spec.size().1));
    let mut segments = Vec::new();
    for inset in [from, to] {
        if let Shape::Square { .. } = spec.shape {
            let (near, far) = (grid(inset), grid(width - inset));
            segments.extend([
                Segment::Move(near, near),
                Segment::Line(far, near),
                Segment::Line(far, far),
                Segment::Line(near, far),
                Segment::Close,
            ]);
        } else {
            oval(
                &mut segments,
                (width / 2.0, height / 2.0),
                width / 2.0 - inset,
                height / 2.0 - inset,
            );
        }
    }
    segments
}

/// A five-pointed star with one point up; `radius` reaches its tips.
pub(super) fn star(cx: f64, cy: f64, radius: f64) -> Vec<Segment> {
    // Where the lines from tip to tip cross: sin 18° / sin 54°.
    let waist = radius * (PI / 10.0).sin() / (3.0 * PI / 10.0).sin();
    let mut segments: Vec<Segment> = (0..10)
        .map(|i| {
            let (sin, cos) = (f64::from(i) * PI / 5.0).sin_cos();
            let r = if i % 2 == 0 { radius } else { waist };
            let (x, y) = (grid(cx + r * sin), grid(cy - r * cos));
            if i == 0 {
                Segment::Move(x, y)
            } else {
                Segment::Line(x, y)
            }
        })
        .collect();
    segments.push(Segment::Close);
    segments
}

/// Puts a glyph into its cell: the em box fills the cell, stretched; Latin keeps its own width
/// where that is narrower.
pub(super) fn put_glyph(segments: &mut Vec<Segment>, glyph: &GlyphOutline, cell: &Cell, latin: bool) {
    let advance = f64::from(glyph.advance);
    let at = |x: Mm, y: Mm| {
        let (x, y) = (f64::from(x), f64::from(y));
        let (right, down) = if latin {
            // Figures and capitals are some 0.73 em high and stand on the baseline.
            let scale = cell.h / 0.75;
            let across = scale.min(cell.w / advance.max(0.1) * 1.05);
            ((x - advance / 2.0) * across, cell.h / 2.0 - y * scale)
        } else {
            (
                (x - advance / 2.0) * cell.w / INK,
                (EM_TOP - 0.5 - y) * cell.h / INK,
            )
        };
        let (x, y) = cell.at(right, down);
        (grid(x), grid(y))
    };
    segments.extend(glyph.segments.iter().map(|segment| map(*segment, at)));
}

/// The same step with every point moved.
fn map(segment: Segment, at: impl Fn(Mm, Mm) -> (Mm, Mm)) -> Segment {
    match segment {
        Segment::Move(x, y) => {
            let (x, y) = at(x, y);
            Segment::Move(x, y)
        }
        Segment::Line(x, y) => {
            let (x, y) = at(x, y);
            Segment::Line(x, y)
        }
        Segment::Cubic(a, b, c, d, x, y) => {
            let ((a, b), (c, d), (x, y)) = (at(a, b), at(c, d), at(x, y));
            Segment::Cubic(a, b, c, d, x, y)
        }
        Segment::Close => Segment::Close,
    }
}

fn oval(segments: &mut Vec<Segment>, (cx, cy): (f64, f64), a: f64, b: f64) {
    let at = |x: f64, y: f64| (grid(cx + a * x), grid(cy + b * y));
    let (x, y) = at(0.0, -1.0);
    segments.push(Segment::Move(x, y));
    for quarter in 0..4 {
        // The first quarter goes from the top to the right; the others are the same, turned.
        let turn = |x: f64, y: f64| match quarter {
            0 => (x, y),
            1 => (-y, x),
            2 => (-x, -y),
            _ => (y, -x),
        };
        let point = |x, y| {
            let (x, y) = turn(x, y);
            at(x, y)
        };
        let ((x1, y1), (x2, y2), (x, y)) = (point(KAPPA, -1.0), point(1.0, -KAPPA), point(1.0, 0.0));
        segments.push(Segment::Cubic(x1, y1, x2, y2, x, y));
    }
    segments.push(Segment::Close);
}

/// Why bytes are not a drawing of paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("印模矢量数据在第 {offset} 字节处不可读 (impression data unreadable at byte {offset})")]
pub struct PathsError {
    /// Where it stopped making sense.
    pub offset: usize,
}

/// Compact form of a drawing's filled paths; other items and line styles are left out.
///
/// Width and height, then each path as ink (three bytes), fill rule (one byte), number of steps and
/// steps. A step is a byte (`m`, `l`, `c`, `z`) and its points as differences from the point before.
/// Numbers are LEB128, zigzag where they can be negative, in 0.001 mm.
pub fn encode_paths(drawing: &Drawing) -> Vec<u8> {
    let mut out = Vec::new();
    unsigned(&mut out, micro(drawing.width).unsigned_abs());
    unsigned(&mut out, micro(drawing.height).unsigned_abs());
    for item in &drawing.items {
        let Item::Path(path) = item else { continue };
        let Some(Color(r, g, b)) = path.fill else {
            continue;
        };
        out.extend([r, g, b, u8::from(path.even_odd)]);
        unsigned(&mut out, path.segments.len() as u64);
        let mut last = (0, 0);
        let mut point = |out: &mut Vec<u8>, x: Mm, y: Mm| {
            let (x, y) = (micro(x), micro(y));
            signed(out, x - last.0);
            signed(out, y - last.1);
            last = (x, y);
        };
        for segment in &path.segments {
            match *segment {
                Segment::Move(x, y) => {
                    out.push(b'm');
                    point(&mut out, x, y);
                }
                Segment::Line(x, y) => {
                    out.push(b'l');
                    point(&mut out, x, y);
                }
                Segment::Cubic(a, b, c, d, x, y) => {
                    out.push(b'c');
                    point(&mut out, a, b);
                    point(&mut out, c, d);
                    point(&mut out, x, y);
                }
                Segment::Close => out.push(b'z'),
            }
        }
    }
    out
}

/// The drawing a compact form stands for. Whatever is read is what [`encode_paths`] writes for it: a number has one
/// form, and within a metre an `f32` of millimetres leads back to the 0.001 mm it was made of.
pub fn decode_paths(bytes: &[u8]) -> Result<Drawing, PathsError> {
    if bytes.len() > MAX_IMPRESSION_BYTES {
        return Err(PathsError {
            offset: MAX_IMPRESSION_BYTES,
        });
    }
    let mut from = Reader { bytes, offset: 0 };
    let mut drawing = Drawing {
        width: from.length()?,
        height: from.length()?,
        items: Vec::new(),
    };
    while from.offset < bytes.len() {
        let ink = Color(from.byte()?, from.byte()?, from.byte()?);
        let even_odd = match from.byte()? {
            0 => false,
            1 => true,
            _ => return Err(from.wrong()),
        };
        let count = from.unsigned()?;
        let mut segments = Vec::new();
        let mut last = (0, 0);
        for _ in 0..count {
            segments.push(match from.byte()? {
                b'm' => {
                    let (x, y) = from.point(&mut last)?;
                    Segment::Move(x, y)
                }
                b'l' => {
                    let (x, y) = from.point(&mut last)?;
                    Segment::Line(x, y)
                }
                b'c' => {
                    let ((a, b), (c, d)) = (from.point(&mut last)?, from.point(&mut last)?);
                    let (x, y) = from.point(&mut last)?;
                    Segment::Cubic(a, b, c, d, x, y)
                }
                b'z' => Segment::Close,
                _ => return Err(from.wrong()),
            });
        }
        drawing.items.push(Item::Path(Path {
            segments,
            fill: Some(ink),
            even_odd,
            stroke: None,
            alpha: 1.0,
        }));
    }
    Ok(drawing)
}

struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl Reader<'_> {
    fn wrong(&self) -> PathsError {
        PathsError { offset: self.offset }
    }

    fn byte(&mut self) -> Result<u8, PathsError> {
        let byte = self.bytes.get(self.offset).copied().ok_or_else(|| self.wrong())?;
        self.offset += 1;
        Ok(byte)
    }

    /// At most five bytes, as no length here needs more, and no more than the number needs.
    fn unsigned(&mut self) -> Result<u64, PathsError> {
        let mut value = 0;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte == 0 && shift > 0 {
                break;
            }
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(self.wrong())
    }

    fn length(&mut self) -> Result<Mm, PathsError> {
        match self.unsigned()? {
            micro @ 1..=1_000_000 => Ok(micro as Mm / 1000.0),
            _ => Err(self.wrong()),
        }
    }

    fn point(&mut self, last: &mut (i64, i64)) -> Result<(Mm, Mm), PathsError> {
        for axis in [&mut last.0, &mut last.1] {
            let zigzag = self.unsigned()?.cast_signed();
            *axis += (zigzag >> 1) ^ -(zigzag & 1);
            // A metre either way; f32 holds every 0.001 mm of that exactly enough to read it back.
            if axis.abs() > 1_000_000 {
                return Err(self.wrong());
            }
        }
        Ok((last.0 as Mm / 1000.0, last.1 as Mm / 1000.0))
    }
}

/// Half a micrometre goes away from zero. The product and the sum are exact: a coordinate has 24 bits.
fn micro(mm: Mm) -> i64 {
    let micro = f64::from(mm) * 1000.0;
    (micro + 0.5_f64.copysign(micro)) as i64
}

fn signed(out: &mut Vec<u8>, value: i64) {
    unsigned(out, ((value << 1) ^ (value >> 63)).cast_unsigned());
}

fn unsigned(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_coordinate_comes_back() {
        for at in -1_000_000..=1_000_000_i64 {
            assert_eq!(micro(at as Mm / 1000.0), at);
        }
    }

    #[test]
    fn numbers_have_one_form() {
        let drawing = [0x90, 0x4E, 0x90, 0x4E];
        assert_eq!(encode_paths(&decode_paths(&drawing).unwrap()), drawing);
        assert!(decode_paths(&[0x90, 0xCE, 0x00, 0x90, 0x4E]).is_err());
        assert!(decode_paths(&[0x90, 0x4E, 0x90, 0x4E, 0, 0, 0, 0, 0x80, 0x00]).is_err());
    }
}
