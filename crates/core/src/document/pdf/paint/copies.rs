//! Strokes that repeat. A guilloché is made of few curves, turned, mirrored and moved; written as one
//! curve under changing matrices, its copies are the same bytes, which deflate to almost nothing.

use crate::face::Segment;

/// Coordinates of art are multiples of this: 18 µm, a dot of a 1,400 dpi printer.
const GRID: f32 = 0.05;
/// How far a copy may lie from what it stands for, in points: half of that dot.
const TOLERANCE: f32 = GRID / 2.0;
/// Shapes looked through for a copy; copies stand close to what they repeat.
const REMEMBERED: usize = 32;

/// A subpath and where it goes.
pub(super) struct Placed<'a> {
    /// The matrix, as the operator `cm` takes it.
    pub(super) matrix: [f32; 6],
    /// The subpath around the origin.
    pub(super) form: &'a [Segment],
}

/// The shapes met so far.
#[derive(Default)]
pub(super) struct Shapes {
    known: Vec<Vec<Segment>>,
}

impl Shapes {
    /// A known shape that is this subpath but for its place, or this as a new shape.
    pub(super) fn place(&mut self, subpath: &[Segment]) -> Placed<'_> {
        let points: Vec<_> = subpath.iter().flat_map(points).collect();
        let count = points.len().max(1) as f32;
        let center = points
            .iter()
            .fold((0.0, 0.0), |sum, p| (sum.0 + p.0, sum.1 + p.1));
        let (x, y) = (round(center.0 / count, 0.01), round(center.1 / count, 0.01));
        let form: Vec<_> = subpath.iter().map(|segment| moved(*segment, -x, -y)).collect();

        let skip = self.known.len().saturating_sub(REMEMBERED);
        let found = (skip..self.known.len())
            .rev()
            .find_map(|index| Some((index, turn(self.known.get(index)?, &form)?)));
        let (index, [a, b, c, d]) = found.unwrap_or_else(|| {
            self.known
                .push(form.iter().map(|segment| snapped(*segment)).collect());
            (self.known.len() - 1, [1.0, 0.0, 0.0, 1.0])
        });
        Placed {
            matrix: [a, b, c, d, x, y],
            form: self.known.get(index).map_or(&[], Vec::as_slice),
        }
    }
}

/// A coordinate on the grid.
pub(super) fn on_grid(value: f32) -> f32 {
    round(value, GRID)
}

fn round(value: f32, unit: f32) -> f32 {
    (value / unit).round() * unit
}

/// The rotation, with or without reflection, that makes one shape the other.
fn turn(known: &[Segment], wanted: &[Segment]) -> Option<[f32; 4]> {
    let kinds = known
        .iter()
        .zip(wanted)
        .all(|(a, b)| std::mem::discriminant(a) == std::mem::discriminant(b));
    if known.len() != wanted.len() || !kinds {
        return None;
    }
    // The farthest point gives the angle best.
    let pairs = || known.iter().flat_map(points).zip(wanted.iter().flat_map(points));
    let (from, to) = pairs().max_by(|(a, _), (b, _)| length(*a).total_cmp(&length(*b)))?;
    let square = length(from) * length(to);
    if square < TOLERANCE {
        return None;
    }
    [1.0, -1.0].into_iter().find_map(|mirror| {
        let from = (from.0, from.1 * mirror);
        let cos = (from.0 * to.0 + from.1 * to.1) / square;
        let sin = (from.0 * to.1 - from.1 * to.0) / square;
        let matrix = [cos, sin, -sin * mirror, cos * mirror];
        let [a, b, c, d] = matrix;
        pairs()
            .all(|((x, y), (wx, wy))| {
                (a * x + c * y - wx).abs() < TOLERANCE * 2.0 && (b * x + d * y - wy).abs() < TOLERANCE * 2.0
            })
            .then_some(matrix)
    })
}

fn length((x, y): (f32, f32)) -> f32 {
    x.hypot(y)
}

fn points(segment: &Segment) -> impl Iterator<Item = (f32, f32)> + use<> {
    let points = match *segment {
        Segment::Move(x, y) | Segment::Line(x, y) => [Some((x, y)), None, None],
        Segment::Cubic(ax, ay, bx, by, x, y) => [Some((ax, ay)), Some((bx, by)), Some((x, y))],
        Segment::Close => [None; 3],
    };
    points.into_iter().flatten()
}

fn moved(segment: Segment, dx: f32, dy: f32) -> Segment {
    mapped(segment, |x, y| (x + dx, y + dy))
}

fn snapped(segment: Segment) -> Segment {
    mapped(segment, |x, y| (on_grid(x), on_grid(y)))
}

/// The segment with each of its points replaced.
pub(super) fn mapped(segment: Segment, map: impl Fn(f32, f32) -> (f32, f32)) -> Segment {
    match segment {
        Segment::Move(x, y) => {
            let (x, y) = map(x, y);
            Segment::Move(x, y)
        }
        Segment::Line(x, y) => {
            let (x, y) = map(x, y);
            Segment::Line(x, y)
        }
        Segment::Cubic(ax, ay, bx, by, x, y) => {
            let ((ax, ay), (bx, by), (x, y)) = (map(ax, ay), map(bx, by), map(x, y));
            Segment::Cubic(ax, ay, bx, by, x, y)
        }
        Segment::Close => Segment::Close,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A curve without symmetry, at angle and place, mirrored or not.
    fn hook(angle: f32, mirror: f32, (x, y): (f32, f32)) -> Vec<Segment> {
        let (sin, cos) = angle.to_radians().sin_cos();
        [
            Segment::Move(0.0, 0.0),
            Segment::Line(40.0, 0.0),
            Segment::Cubic(50.0, 0.0, 60.0, 12.5, 60.0, 20.0),
        ]
        .map(|segment| {
            mapped(segment, |px, py| {
                let py = py * mirror;
                (x + cos * px - sin * py, y + sin * px + cos * py)
            })
        })
        .to_vec()
    }

    fn drawn(placed: &Placed<'_>) -> Vec<(f32, f32)> {
        let [a, b, c, d, e, f] = placed.matrix;
        let at = |(x, y): (f32, f32)| (a * x + c * y + e, b * x + d * y + f);
        placed.form.iter().flat_map(points).map(at).collect()
    }

    #[test]
    fn copies_share_one_shape_and_lie_where_they_belong() {
        let mut shapes = Shapes::default();
        for (angle, mirror, place) in [
            (0.0, 1.0, (10.0, 10.0)),
            (0.0, 1.0, (300.0, 471.3)),
            (37.0, 1.0, (55.5, 91.0)),
            (90.0, -1.0, (500.0, 20.0)),
            (200.0, -1.0, (77.0, 400.0)),
        ] {
            let wanted = hook(angle, mirror, place);
            let placed = shapes.place(&wanted);
            let pairs = drawn(&placed).into_iter().zip(wanted.iter().flat_map(points));
            for ((x, y), (wx, wy)) in pairs {
                assert!((x - wx).abs() < 0.06 && (y - wy).abs() < 0.06, "{angle} {mirror}");
            }
        }
        assert_eq!(shapes.known.len(), 1);
    }

    #[test]
    fn what_differs_is_a_shape_of_its_own() {
        let mut shapes = Shapes::default();
        shapes.place(&hook(0.0, 1.0, (0.0, 0.0)));
        let mut other = hook(0.0, 1.0, (0.0, 0.0));
        other[1] = Segment::Line(40.0, 0.2);
        shapes.place(&other);
        other.push(Segment::Close);
        shapes.place(&other);
        shapes.place(&[Segment::Move(5.0, 5.0)]);
        assert_eq!(shapes.known.len(), 4);
    }
}
