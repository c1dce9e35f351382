//! AbbreviatedData (clause 9.1): paths in their short form.

use std::str::FromStr as _;

use kurbo::{Arc, Point, SvgArc, Vec2};
use tiny_skia::{Path, PathBuilder};

use crate::limits::MAX_OFD_NUMBER;

/// How far an arc may be off its ellipse, as a share of its radius.
const ARC_TOLERANCE: f64 = 1.0e-3;

/// A path, and whether all of it could be read. None where nothing of it shows.
pub(super) fn read(data: &str) -> (Option<Path>, bool) {
    let mut pen = Pen {
        words: data.split_ascii_whitespace().peekable(),
        path: PathBuilder::new(),
        at: Point::ZERO,
        start: Point::ZERO,
    };
    let whole = pen.draw().is_some();
    (pen.path.finish(), whole)
}

struct Pen<'d> {
    words: std::iter::Peekable<std::str::SplitAsciiWhitespace<'d>>,
    path: PathBuilder,
    at: Point,
    start: Point,
}

impl Pen<'_> {
    /// None where something cannot be read; what stands before it is drawn, as readers do.
    fn draw(&mut self) -> Option<()> {
        while let Some(operator) = self.words.next() {
            match operator {
                "M" | "S" => {
                    self.at = self.point()?;
                    self.start = self.at;
                    self.path.move_to(self.at.x as f32, self.at.y as f32);
                }
                "L" => {
                    let to = self.point()?;
                    self.begin();
                    self.path.line_to(to.x as f32, to.y as f32);
                    self.at = to;
                }
                "Q" => {
                    let (by, to) = (self.point()?, self.point()?);
                    self.begin();
                    self.path
                        .quad_to(by.x as f32, by.y as f32, to.x as f32, to.y as f32);
                    self.at = to;
                }
                "B" => {
                    let (by, and, to) = (self.point()?, self.point()?, self.point()?);
                    self.begin();
                    self.cubic(by, and, to);
                }
                "A" => self.arc()?,
                "C" => {
                    self.path.close();
                    self.at = self.start;
                }
                _ => return None,
            }
        }
        Some(())
    }

    /// A line needs somewhere to begin: behind a close, where the closed part began.
    fn begin(&mut self) {
        if self.path.is_empty() || self.path.last_point().is_none() {
            self.path.move_to(self.at.x as f32, self.at.y as f32);
        }
    }

    fn cubic(&mut self, by: Point, and: Point, to: Point) {
        let ((ax, ay), (bx, by), (x, y)) = (single(by), single(and), single(to));
        self.path.cubic_to(ax, ay, bx, by, x, y);
        self.at = to;
    }

    /// `A rx ry angle large sweep x y`, as SVG has it.
    fn arc(&mut self) -> Option<()> {
        let radii = Vec2::new(self.number()?, self.number()?);
        let angle = self.number()?;
        let (large, sweep) = (self.number()?, self.number()?);
        let to = self.point()?;
        self.begin();
        let arc = Arc::from_svg_arc(&SvgArc {
            from: self.at,
            to,
            radii,
            x_rotation: angle.to_radians(),
            large_arc: large != 0.0,
            sweep: sweep != 0.0,
        });
        match arc {
            Some(arc) => {
                let tolerance = arc.radii.x.max(arc.radii.y).max(f64::MIN_POSITIVE) * ARC_TOLERANCE;
                arc.to_cubic_beziers(tolerance, |by, and, to| self.cubic(by, and, to));
            }
            None => self.path.line_to(to.x as f32, to.y as f32),
        }
        self.at = to;
        Some(())
    }

    fn point(&mut self) -> Option<Point> {
        Some(Point::new(self.number()?, self.number()?))
    }

    fn number(&mut self) -> Option<f64> {
        let word = self.words.peek()?;
        let number = f64::from_str(word)
            .ok()
            .filter(|number| number.abs() <= MAX_OFD_NUMBER)?;
        self.words.next();
        Some(number)
    }
}

fn single(point: Point) -> (f32, f32) {
    (point.x as f32, point.y as f32)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn paths_are_read_as_far_as_they_can_be() {
        let bounds = |data: &str| {
            let (path, whole) = read(data);
            let bounds = path.map(|path| path.bounds());
            let sides = bounds.map(|rect| [rect.left(), rect.top(), rect.right(), rect.bottom()]);
            (sides.map(|sides| sides.map(f32::round)), whole)
        };
        assert_eq!(bounds("M 1 2 L 3 2 L 3 5 C"), (Some([1.0, 2.0, 3.0, 5.0]), true));
        assert_eq!(
            bounds("S 0 0 Q 5 0 5 5 B 5 9 0 9 0 5 C L 9 9"),
            (Some([0.0, 0.0, 9.0, 9.0]), true)
        );
        // Half a circle over the line, and back beneath it.
        assert_eq!(
            bounds("M 10 10 A 10 10 0 0 1 30 10 A 10 10 0 0 1 10 10 C"),
            (Some([10.0, 0.0, 30.0, 20.0]), true)
        );
        // An arc without radii is a line.
        assert_eq!(
            bounds("M 0 0 A 0 5 0 0 1 8 6"),
            (Some([0.0, 0.0, 8.0, 6.0]), true)
        );
        assert_eq!(
            bounds("M 0 0 L 4 4 X 1 L 9 9"),
            (Some([0.0, 0.0, 4.0, 4.0]), false)
        );
        assert_eq!(bounds("M 0 0 L 4 4 L 9"), (Some([0.0, 0.0, 4.0, 4.0]), false));
        assert_eq!(bounds("M 0 0 L 4 nan"), (None, false));
        assert_eq!(bounds("M 0 0 L 1e300 4"), (None, false));
        assert_eq!(bounds(""), (None, true));
        assert_eq!(bounds("C C C"), (None, true));
    }
}
