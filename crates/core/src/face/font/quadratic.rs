//! Simple glyphs of TrueType (OpenType `glyf`) from outlines.

use kurbo::{CubicBez, ParamCurve as _, Point};

use super::Segment;

/// Units of the em of glyphs made here.
pub(crate) const UNITS: f32 = 1000.0;

/// How far a curve may be off, in units: half of what rounding to whole units costs anyway.
const ACCURACY: f64 = 0.25;

/// Farthest that a point may lie, so that steps fit 16 bits; real glyphs have a few thousand.
const REACH: f64 = 16_000.0;

const ON_CURVE: u8 = 1;
const X_SHORT: u8 = 2;
const Y_SHORT: u8 = 4;
const REPEAT: u8 = 8;
/// The short coordinate is positive, or the long one is left out because nothing changes.
const X_SAME: u8 = 16;
const Y_SAME: u8 = 32;

/// One glyph as it stands in the `glyf` table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct SimpleGlyph {
    /// Its bytes, an even number; none for a glyph that shows nothing.
    pub(crate) data: Vec<u8>,
    /// Left, bottom, right and top edge.
    pub(crate) bounds: [i16; 4],
    /// Points of its contours.
    pub(crate) points: u16,
    /// Its contours.
    pub(crate) contours: u16,
    /// How far the pen moves on.
    pub(crate) advance: u16,
}

type Dot = (i16, i16, bool);

/// Encodes an outline given in ems, y upwards. Cubic curves become splines of quadratic ones.
pub(super) fn encode(advance: f32, outline: &[Segment]) -> SimpleGlyph {
    let mut contours: Vec<Vec<Dot>> = Vec::new();
    let mut at = Point::ZERO;
    for segment in outline {
        match *segment {
            Segment::Move(x, y) => {
                at = point(x, y);
                contours.push(vec![dot(at, true)]);
            }
            Segment::Line(x, y) => {
                at = point(x, y);
                push(&mut contours, dot(at, true));
            }
            Segment::Cubic(ax, ay, bx, by, x, y) => {
                let curve = CubicBez::new(at, point(ax, ay), point(bx, by), point(x, y));
                at = curve.p3;
                for control in controls(curve) {
                    push(&mut contours, dot(control, false));
                }
                push(&mut contours, dot(at, true));
            }
            Segment::Close => {}
        }
    }
    for contour in &mut contours {
        // The way back to the first point is drawn without being said.
        if contour.len() > 1 && contour.last() == contour.first() {
            contour.pop();
        }
    }
    contours.retain(|contour| contour.len() > 2);
    write(&contours, (advance * UNITS).round() as u16)
}

fn point(x: f32, y: f32) -> Point {
    Point::new(f64::from(x * UNITS), f64::from(y * UNITS))
}

fn dot(at: Point, is_on: bool) -> Dot {
    let whole = |value: f64| value.round().clamp(-REACH, REACH) as i16;
    (whole(at.x), whole(at.y), is_on)
}

fn push(contours: &mut [Vec<Dot>], dot: Dot) {
    // Two points of a curve in one place say it once.
    if let Some(contour) = contours.last_mut().filter(|contour| contour.last() != Some(&dot)) {
        contour.push(dot);
    }
}

/// Points off the curve between its ends.
fn controls(curve: CubicBez) -> Vec<Point> {
    match curve.approx_spline(ACCURACY) {
        Some(spline) => {
            let points = spline.points();
            points
                .get(1..points.len().saturating_sub(1))
                .unwrap_or_default()
                .to_vec()
        }
        // Curves beyond reason, which no font has: the middle is right, and the rest near.
        None => vec![curve.eval(0.5)],
    }
}

fn write(contours: &[Vec<Dot>], advance: u16) -> SimpleGlyph {
    let dots = || contours.iter().flatten();
    if contours.is_empty() {
        return SimpleGlyph {
            advance,
            ..SimpleGlyph::default()
        };
    }
    let edge = |start: i16, pick: fn(i16, i16) -> i16, of: fn(&Dot) -> i16| dots().map(of).fold(start, pick);
    let bounds = [
        edge(i16::MAX, i16::min, |dot| dot.0),
        edge(i16::MAX, i16::min, |dot| dot.1),
        edge(i16::MIN, i16::max, |dot| dot.0),
        edge(i16::MIN, i16::max, |dot| dot.1),
    ];
    let mut data = Vec::with_capacity(16 + dots().count() * 4);
    let count = contours.len() as u16;
    data.extend_from_slice(&count.to_be_bytes());
    for edge in bounds {
        data.extend_from_slice(&edge.to_be_bytes());
    }
    let mut points = 0_u16;
    for contour in contours {
        points = points.saturating_add(contour.len() as u16);
        data.extend_from_slice(&points.saturating_sub(1).to_be_bytes());
    }
    // No instructions.
    data.extend_from_slice(&[0, 0]);

    let (mut flags, mut across, mut down) = (Vec::new(), Vec::new(), Vec::new());
    let mut before = (0, 0);
    for (x, y, is_on) in dots() {
        let mut flag = if *is_on { ON_CURVE } else { 0 };
        flag |= step(&mut across, x - before.0, X_SHORT, X_SAME);
        flag |= step(&mut down, y - before.1, Y_SHORT, Y_SAME);
        before = (*x, *y);
        flags.push(flag);
    }
    for run in flags.chunk_by(|one, next| one == next) {
        for part in run.chunks(256) {
            match *part {
                [flag] => data.push(flag),
                [flag, ..] => data.extend_from_slice(&[flag | REPEAT, (part.len() - 1) as u8]),
                [] => {}
            }
        }
    }
    data.extend_from_slice(&across);
    data.extend_from_slice(&down);
    if data.len() % 2 == 1 {
        data.push(0);
    }
    SimpleGlyph {
        data,
        bounds,
        points,
        contours: count,
        advance,
    }
}

/// Writes how far a point is from the one before in one direction, as short as can be.
fn step(out: &mut Vec<u8>, delta: i16, short: u8, same: u8) -> u8 {
    match delta {
        0 => same,
        1..=255 => {
            out.push(delta as u8);
            short | same
        }
        -255..=-1 => {
            out.push(delta.unsigned_abs() as u8);
            short
        }
        _ => {
            out.extend_from_slice(&delta.to_be_bytes());
            0
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use skrifa::raw::{
        FontData, FontRead as _,
        tables::glyf::{self, CurvePoint},
    };

    use super::*;

    #[test]
    fn a_glyph_reads_back_as_the_outline_it_was_made_of() {
        let outline = [
            Segment::Move(0.1, 0.0),
            Segment::Line(0.9, 0.0),
            Segment::Line(0.9, 0.5),
            Segment::Cubic(0.9, 0.8, 0.6, 0.88, 0.5, 0.88),
            Segment::Line(0.1, -0.3),
            Segment::Line(0.1, 0.0),
            Segment::Close,
        ];
        let glyph = encode(1.0, &outline);
        assert_eq!((glyph.advance, glyph.contours), (1000, 1));
        assert_eq!(glyph.bounds, [100, -300, 900, 880]);
        let read = glyf::SimpleGlyph::read(FontData::new(&glyph.data)).unwrap();
        let points: Vec<CurvePoint> = read.points().collect();
        assert_eq!(points.len(), usize::from(glyph.points));
        let on: Vec<(i16, i16)> = points.iter().filter(|p| p.on_curve).map(|p| (p.x, p.y)).collect();
        assert_eq!(on, [(100, 0), (900, 0), (900, 500), (500, 880), (100, -300)]);
        assert!(points.iter().any(|point| !point.on_curve));
    }

    #[test]
    fn what_shows_nothing_has_no_data() {
        let space = encode(0.25, &[]);
        assert_eq!((space.data.len(), space.advance), (0, 250));
    }
}
