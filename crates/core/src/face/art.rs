//! Base art (底图): fine line work that looks like security printing, computed from few parameters.
//!
//! Curves are cubic Hermite pieces with as few knots as the eye allows, for every certificate of a
//! type carries them.

use std::f32::consts::TAU;

use super::{
    Color, Item, Mm, Path, Rect, Segment, Stroke,
    spec::{Art, Corner, Palette},
};

/// Draws one piece of art, text excepted, which needs fonts.
pub(super) fn draw(art: &Art, palette: &Palette, items: &mut Vec<Item>) -> Result<(), String> {
    match art {
        Art::Border {
            rect,
            band,
            lines,
            half_wave,
            color,
            second,
            width,
            corner,
        } => {
            let first = palette.color(color)?;
            let second = second.as_ref().map(|paint| palette.color(paint)).transpose()?;
            border(
                rect.0,
                *band,
                (*lines, *half_wave, *width),
                (first, second),
                *corner,
                items,
            );
        }
        Art::Corners {
            rect,
            length,
            color,
            width,
        } => {
            let color = palette.color(color)?;
            stroke(items, corners(rect.0, *length), color, *width);
        }
        Art::Fill { rect, color } => items.push(fill(rect.0, palette.color(color)?)),
        Art::Frame {
            rect,
            color,
            width,
            notch,
        } => {
            stroke(items, frame(rect.0, *notch), palette.color(color)?, *width);
        }
        Art::Line {
            from,
            to,
            color,
            width,
            dash,
        } => {
            let segments = vec![Segment::Move(from[0], from[1]), Segment::Line(to[0], to[1])];
            items.push(line(segments, palette.color(color)?, *width, dash.clone()));
        }
        Art::Ornament {
            center,
            length,
            color,
            width,
        } => {
            let color = palette.color(color)?;
            ornament(center[0], center[1], *length, color, *width, items);
        }
        Art::Rosette {
            center,
            radius,
            inner,
            petals,
            lines,
            color,
            width,
        } => {
            let path = rosette((center[0], center[1]), *radius, *inner, *petals, *lines);
            stroke(items, path, palette.color(color)?, *width);
        }
        Art::Text { .. } => {}
        Art::Waves {
            rect,
            lines,
            half_wave,
            amplitude,
            color,
            width,
        } => {
            let path = waves(rect.0, *lines, *half_wave, *amplitude);
            stroke(items, path, palette.color(color)?, *width);
        }
    }
    Ok(())
}

/// A filled rectangle.
pub(super) fn fill(rect: Rect, color: Color) -> Item {
    Item::Path(Path {
        segments: frame(rect, 0.0),
        fill: Some(color),
        even_odd: false,
        stroke: None,
        alpha: 1.0,
    })
}

/// A stroked line.
pub(super) fn line(segments: Vec<Segment>, color: Color, width: Mm, dash: Vec<Mm>) -> Item {
    Item::Path(Path {
        segments,
        fill: None,
        even_odd: false,
        stroke: Some(Stroke { color, width, dash }),
        alpha: 1.0,
    })
}

fn stroke(items: &mut Vec<Item>, segments: Vec<Segment>, color: Color, width: Mm) {
    items.push(line(segments, color, width, Vec::new()));
}

/// A rectangle; a notch cuts a square out of each corner.
pub(super) fn frame(rect: Rect, notch: Mm) -> Vec<Segment> {
    let Rect { x, y, w, h } = rect;
    let (r, b) = (x + w, y + h);
    if notch <= 0.0 {
        return vec![
            Segment::Move(x, y),
            Segment::Line(r, y),
            Segment::Line(r, b),
            Segment::Line(x, b),
            Segment::Close,
        ];
    }
    let n = notch;
    let points = [
        (x + n, y),
        (r - n, y),
        (r - n, y + n),
        (r, y + n),
        (r, b - n),
        (r - n, b - n),
        (r - n, b),
        (x + n, b),
        (x + n, b - n),
        (x, b - n),
        (x, y + n),
        (x + n, y + n),
    ];
    let mut segments: Vec<_> = points.iter().map(|&(x, y)| Segment::Line(x, y)).collect();
    segments[0] = Segment::Move(x + n, y);
    segments.push(Segment::Close);
    segments
}

fn corners(rect: Rect, length: Mm) -> Vec<Segment> {
    let Rect { x, y, w, h } = rect;
    let (r, b, l) = (x + w, y + h, length);
    let mut segments = Vec::with_capacity(12);
    for (cx, cy, dx, dy) in [(x, y, l, l), (r, y, -l, l), (r, b, -l, -l), (x, b, l, -l)] {
        segments.push(Segment::Move(cx + dx, cy));
        segments.push(Segment::Line(cx, cy));
        segments.push(Segment::Line(cx, cy + dy));
    }
    segments
}

fn ornament(x: Mm, y: Mm, length: Mm, color: Color, width: Mm, items: &mut Vec<Item>) {
    let half = length / 2.0;
    let (gap, tall) = (2.6, 1.1);
    let mut segments = Vec::new();
    for side in [-1.0, 1.0] {
        segments.push(Segment::Move(x + side * gap, y));
        segments.push(Segment::Line(x + side * half, y));
        segments.push(Segment::Move(x + side * (gap + 2.0), y + 0.55));
        segments.push(Segment::Line(x + side * (half - 6.0), y + 0.55));
    }
    stroke(items, segments, color, width);
    items.push(Item::Path(Path {
        segments: vec![
            Segment::Move(x - tall * 1.5, y),
            Segment::Line(x, y - tall),
            Segment::Line(x + tall * 1.5, y),
            Segment::Line(x, y + tall),
            Segment::Close,
        ],
        fill: Some(color),
        even_odd: false,
        stroke: None,
        alpha: 1.0,
    }));
}

/// A sine from `from` along `(ux, uy)`: one cubic for each half wave. `amplitude` is signed.
fn sine(
    segments: &mut Vec<Segment>,
    from: (Mm, Mm),
    (ux, uy): (f32, f32),
    (count, step): (u16, Mm),
    amplitude: Mm,
) {
    // Hermite pieces between zeros rise to π/4 of the sine they touch there.
    let slope = 4.0 * amplitude / step;
    let third = step / 3.0;
    let at = |along: f32, off: f32| (from.0 + ux * along - uy * off, from.1 + uy * along + ux * off);
    let (x, y) = at(0.0, 0.0);
    segments.push(Segment::Move(x, y));
    for index in 0..count {
        let sign = if index % 2 == 0 { 1.0 } else { -1.0 };
        let start = f32::from(index) * step;
        let (ax, ay) = at(start + third, sign * slope * third);
        let (bx, by) = at(start + 2.0 * third, sign * slope * third);
        let (x, y) = at(start + step, 0.0);
        segments.push(Segment::Cubic(ax, ay, bx, by, x, y));
    }
}

/// Nested sines with common zeros: the eyelets of old banknotes.
fn eyelets(
    segments: &mut Vec<Segment>,
    from: (Mm, Mm),
    direction: (f32, f32),
    waves: (u16, Mm),
    (lines, reach): (u16, Mm),
) {
    for index in 1..=lines {
        let amplitude = reach * f32::from(index) / f32::from(lines.max(1));
        sine(segments, from, direction, waves, amplitude);
        sine(segments, from, direction, waves, -amplitude);
    }
}

fn border(
    rect: Rect,
    band: Mm,
    (lines, half_wave, width): (u16, Mm, Mm),
    (color, second): (Color, Option<Color>),
    corner: Corner,
    items: &mut Vec<Item>,
) {
    let Rect { x, y, w, h } = rect;
    let inner = Rect {
        x: x + band,
        y: y + band,
        w: w - 2.0 * band,
        h: h - 2.0 * band,
    };
    let mut first = Vec::new();
    let mut behind = Vec::new();
    let middle = band / 2.0;
    let sides = [
        ((inner.x, y + middle), (1.0, 0.0), inner.w),
        ((inner.x, y + h - middle), (1.0, 0.0), inner.w),
        ((x + middle, inner.y), (0.0, 1.0), inner.h),
        ((x + w - middle, inner.y), (0.0, 1.0), inner.h),
    ];
    let reach = middle - 0.7;
    for (from, direction, length) in sides {
        let count = ((length / half_wave).round() as u16).max(2);
        let step = length / f32::from(count);
        eyelets(&mut first, from, direction, (count, step), (lines, reach));
        let shifted = (
            from.0 + direction.0 * step / 2.0,
            from.1 + direction.1 * step / 2.0,
        );
        eyelets(
            &mut behind,
            shifted,
            direction,
            (count - 1, step),
            (lines.div_ceil(2), reach * 0.8),
        );
    }
    if let Some(second) = second {
        stroke(items, behind, second, width);
    }
    stroke(items, first, color, width);
    let mut blocks = Vec::new();
    for (cx, cy) in [
        (x, y),
        (x + w - band, y),
        (x, y + h - band),
        (x + w - band, y + h - band),
    ] {
        blocks.extend(frame(
            Rect {
                x: cx,
                y: cy,
                w: band,
                h: band,
            },
            0.0,
        ));
        if corner == Corner::Rosette {
            let center = (cx + middle, cy + middle);
            blocks.extend(rosette(center, reach, 0.25, 8, lines.max(3)));
        }
    }
    stroke(items, blocks, color, width);
    stroke(items, frame(rect, 0.0), color, width * 4.0);
    stroke(items, frame(inner, 0.0), color, width * 1.6);
}

/// Closed curves whose radius swings `petals` times, turned a little from one to the next.
fn rosette(center: (Mm, Mm), radius: Mm, inner: f32, petals: u16, lines: u16) -> Vec<Segment> {
    let knots = usize::from(petals) * 2;
    let step = TAU / knots as f32;
    let mut segments = Vec::with_capacity(usize::from(lines) * (knots + 2));
    let swing = radius * (1.0 - inner) / 2.0;
    let middle = radius * (1.0 + inner) / 2.0;
    for index in 0..lines {
        let part = f32::from(index) / f32::from(lines.max(1));
        let phase = TAU * part;
        // Knots where the radius turns, so that one cubic spans half a petal.
        let turn = phase / f32::from(petals);
        let at = |knot: usize| {
            let angle = turn + knot as f32 * step;
            let r = if knot.is_multiple_of(2) {
                middle + swing
            } else {
                middle - swing
            };
            (angle, r)
        };
        let point = |(angle, r): (f32, f32)| (center.0 + r * angle.cos(), center.1 + r * angle.sin());
        // At a turn the curve runs along the circle.
        let handle = |(angle, r): (f32, f32)| {
            let length = r * step * 0.42;
            (-angle.sin() * length, angle.cos() * length)
        };
        let (x, y) = point(at(0));
        segments.push(Segment::Move(x, y));
        for knot in 0..knots {
            let (from, to) = (at(knot), at(knot + 1));
            let ((px, py), (qx, qy)) = (point(from), point(to));
            let ((ax, ay), (bx, by)) = (handle(from), handle(to));
            segments.push(Segment::Cubic(px + ax, py + ay, qx - bx, qy - by, qx, qy));
        }
        segments.push(Segment::Close);
    }
    segments
}

/// Parallel waves whose height swells and ebbs from line to line.
fn waves(rect: Rect, lines: u16, half_wave: Mm, amplitude: Mm) -> Vec<Segment> {
    let mut segments = Vec::new();
    let count = ((rect.w / half_wave).round() as u16).max(1);
    let step = rect.w / f32::from(count);
    let distance = (rect.h - 2.0 * amplitude) / f32::from(lines.max(2) - 1);
    for index in 0..lines {
        let y = rect.y + amplitude + distance * f32::from(index);
        let swell = (f32::from(index) / f32::from(lines) * TAU * 1.5).cos();
        sine(
            &mut segments,
            (rect.x, y),
            (1.0, 0.0),
            (count, step),
            amplitude * swell,
        );
    }
    segments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waves_stay_within_their_band_and_meet_the_corners() {
        let rect = Rect {
            x: 10.0,
            y: 10.0,
            w: 277.0,
            h: 190.0,
        };
        let mut items = Vec::new();
        let color = Color(0, 0, 0);
        border(
            rect,
            9.0,
            (3, 9.0, 0.15),
            (color, Some(color)),
            Corner::Rosette,
            &mut items,
        );
        let mut count = 0;
        for item in &items {
            let Item::Path(path) = item else { continue };
            for segment in &path.segments {
                count += 1;
                let (x, y) = match *segment {
                    Segment::Move(x, y) | Segment::Line(x, y) | Segment::Cubic(.., x, y) => (x, y),
                    Segment::Close => continue,
                };
                let inside = (9.99..=287.01).contains(&x) && (9.99..=200.01).contains(&y);
                assert!(inside, "{x} {y}");
            }
        }
        assert!(count < 1600, "{count}");
    }
}
