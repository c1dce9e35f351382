//! Drawings into the objects of a page or template (clauses 8 to 11).
//!
//! Both sides count millimetres from the upper left corner. Objects that show a face field are noted with it, for the
//! custom tags.

use std::sync::Arc;

use super::{
    OfdWriteError,
    font::Subsets,
    picture::{self, Media},
    take,
    xml::Xml,
};
use crate::face::{Color, Item, Path, PlacedPicture, Segment, TextRun};

/// What text may reach beyond its em squares, in ems: readers cut off what is outside the boundary.
const ABOVE: f32 = 1.0;
const BELOW: f32 = 0.35;
const BESIDE: f32 = 0.15;
/// How far corners of thick lines reach, in half widths, where they are not cut off: what PDF has.
const MITER_LIMIT: f32 = 10.0;

/// Objects of a page, and what they need.
#[derive(Debug, Default)]
pub(super) struct Painted {
    pub(super) objects: Xml,
    pub(super) media: Vec<Media>,
    /// Objects that show a field, by its key.
    pub(super) fields: Vec<(Arc<str>, u32)>,
}

/// Paints items; identifiers are taken from `next` on.
pub(super) fn paint(
    items: &[Item],
    subsets: &mut Subsets<'_>,
    next: &mut u32,
) -> Result<Painted, OfdWriteError> {
    let mut painter = Painter {
        subsets,
        next,
        done: Painted::default(),
    };
    for item in items {
        match item {
            Item::Text(run) => painter.text(run)?,
            Item::Path(path) => painter.path(path),
            Item::Picture(picture) => painter.picture(picture)?,
        }
    }
    Ok(painter.done)
}

struct Painter<'a, 'b> {
    subsets: &'a mut Subsets<'b>,
    next: &'a mut u32,
    done: Painted,
}

/// A rectangle that grows around points.
#[derive(Clone, Copy)]
struct Around {
    left: f32,
    top: f32,
    right: f32,
    bottom: f32,
}

impl Around {
    fn points(points: impl Iterator<Item = (f32, f32)>) -> Option<Self> {
        points.fold(None, |around, (x, y)| {
            let Self {
                left,
                top,
                right,
                bottom,
            } = around.unwrap_or(Self {
                left: x,
                top: y,
                right: x,
                bottom: y,
            });
            Some(Self {
                left: left.min(x),
                top: top.min(y),
                right: right.max(x),
                bottom: bottom.max(y),
            })
        })
    }

    /// With a margin, its corner on the grid of paths, so that what counts from it is exact.
    fn widened(self, by: f32) -> Self {
        let grid = |value: f32| (f64::from(value) * 100.0).floor() as f32 / 100.0;
        Self {
            left: grid(self.left - by),
            top: grid(self.top - by),
            right: self.right + by,
            bottom: self.bottom + by,
        }
    }

    fn sides(self) -> [f32; 4] {
        [
            self.left,
            self.top,
            self.right - self.left,
            self.bottom - self.top,
        ]
    }
}

impl Painter<'_, '_> {
    /// Begins an object; further attributes and `>` follow. Gives its identifier.
    fn object(&mut self, kind: &str, around: Around) -> u32 {
        let id = take(self.next);
        let out = &mut self.done.objects;
        out.put(format_args!("<ofd:{kind} ID=\"{id}\" Boundary=\""));
        out.lengths(&around.sides());
        out.raw("\"");
        id
    }

    fn alpha(&mut self, alpha: f32) {
        let alpha = (alpha.clamp(0.0, 1.0) * 255.0).round() as u8;
        if alpha < u8::MAX {
            self.done.objects.put(format_args!(" Alpha=\"{alpha}\""));
        }
    }

    fn color(&mut self, element: &str, Color(red, green, blue): Color) {
        self.done
            .objects
            .put(format_args!("<ofd:{element} Value=\"{red} {green} {blue}\"/>"));
    }

    fn text(&mut self, run: &TextRun) -> Result<(), OfdWriteError> {
        let Some(last) = run.glyphs.last() else {
            return Ok(());
        };
        let font = self.subsets.id(run.font, self.next);
        let width = last.x + self.subsets.book.advance(run.font, last.id) * run.size;

        // 1. Its box: around the line, turned as the line is about its origin.
        let (sin, cos) = run.rotation.to_radians().sin_cos();
        let turned = |x: f32, y: f32| (run.x + x * cos + y * sin, run.y - x * sin + y * cos);
        let (left, right) = (-BESIDE * run.size, width + BESIDE * run.size);
        let (top, bottom) = (-ABOVE * run.size, BELOW * run.size);
        let corners = [(left, top), (right, top), (left, bottom), (right, bottom)];
        let corners = corners.into_iter().map(|(x, y)| turned(x, y));
        let Some(around) = Around::points(corners).map(|around| around.widened(0.0)) else {
            return Ok(());
        };
        let id = self.object("TextObject", around);
        let origin = (run.x - around.left, run.y - around.top);
        let out = &mut self.done.objects;
        out.put(format_args!(" Font=\"{font}\" Size=\""));
        out.length(run.size);
        out.raw("\"");
        let is_turned = run.rotation.to_bits() != 0;
        if is_turned {
            out.raw(" CTM=\"");
            for part in [cos, -sin, sin, cos] {
                out.number(part, 6);
                out.raw(" ");
            }
            out.lengths(&[origin.0, origin.1]);
            out.raw("\"");
        }
        self.alpha(run.alpha);
        self.done.objects.raw(">");
        self.color("FillColor", run.color);

        // 2. Glyphs that their character does not lead to; there are none in fonts with one glyph a character.
        for (at, glyph) in run.glyphs.iter().enumerate() {
            let placed = self
                .subsets
                .place(run.font, glyph.id, glyph.ch)
                .ok_or(OfdWriteError::TooManyGlyphs)?;
            if placed.is_odd {
                self.done.objects.put(format_args!(
                    "<ofd:CGTransform CodePosition=\"{at}\" CodeCount=\"1\" GlyphCount=\"1\">\
                     <ofd:Glyphs>{}</ofd:Glyphs></ofd:CGTransform>",
                    placed.number
                ));
            }
        }

        // 3. The characters. Readers count what is beyond the basic plane once or twice; behind it a new count begins.
        let origin = if is_turned { (0.0, 0.0) } else { origin };
        let mut rest = run.glyphs.as_slice();
        while !rest.is_empty() {
            let end = rest.iter().position(|glyph| u32::from(glyph.ch) > 0xFFFF);
            let (now, later) = rest
                .split_at_checked(end.map_or(rest.len(), |end| end + 1))
                .unwrap_or((rest, &[]));
            let first = now.first().map_or(0.0, |glyph| glyph.x);
            let places: Vec<i64> = now.iter().map(|glyph| micrometres(glyph.x - first)).collect();
            let out = &mut self.done.objects;
            out.raw("<ofd:TextCode X=\"");
            out.length(origin.0 + first);
            out.raw("\" Y=\"");
            out.length(origin.1);
            out.raw("\"");
            advances(out, &places);
            out.raw(">");
            for glyph in now {
                out.letter(glyph.ch);
            }
            out.raw("</ofd:TextCode>");
            rest = later;
        }
        self.done.objects.raw("</ofd:TextObject>");
        if let Some(field) = &run.field {
            self.done.fields.push((Arc::clone(field), id));
        }
        Ok(())
    }

    fn path(&mut self, path: &Path) {
        if path.fill.is_none() && path.stroke.is_none() {
            return;
        }
        let points = path.segments.iter().flat_map(|segment| match *segment {
            Segment::Move(x, y) | Segment::Line(x, y) => [Some((x, y)), None, None],
            Segment::Cubic(ax, ay, bx, by, x, y) => [Some((ax, ay)), Some((bx, by)), Some((x, y))],
            Segment::Close => [None; 3],
        });
        let Some(around) = Around::points(points.flatten()) else {
            return;
        };
        let width = path.stroke.as_ref().map_or(0.0, |stroke| stroke.width);
        // A box has to have an area.
        let around = around.widened((width / 2.0 * MITER_LIMIT).max(0.01));
        self.object("PathObject", around);
        let out = &mut self.done.objects;
        if let Some(stroke) = &path.stroke {
            out.raw(" LineWidth=\"");
            out.length(stroke.width);
            out.put(format_args!("\" MiterLimit=\"{MITER_LIMIT}\""));
            if !stroke.dash.is_empty() {
                out.raw(" DashPattern=\"");
                out.lengths(&stroke.dash);
                out.raw("\"");
            }
        } else {
            out.raw(" Stroke=\"false\"");
        }
        if path.fill.is_some() {
            out.raw(" Fill=\"true\"");
            if path.even_odd {
                out.raw(" Rule=\"Even-Odd\"");
            }
        }
        self.alpha(path.alpha);
        self.done.objects.raw(">");
        // In the order of the schema.
        if let Some(stroke) = &path.stroke {
            self.color("StrokeColor", stroke.color);
        }
        if let Some(color) = path.fill {
            self.color("FillColor", color);
        }
        self.done.objects.raw("<ofd:AbbreviatedData>");
        self.segments(&path.segments, (around.left, around.top));
        self.done.objects.raw("</ofd:AbbreviatedData></ofd:PathObject>");
    }

    fn segments(&mut self, segments: &[Segment], (left, top): (f32, f32)) {
        let out = &mut self.done.objects;
        for (index, segment) in segments.iter().enumerate() {
            if index > 0 {
                out.raw(" ");
            }
            match *segment {
                Segment::Move(x, y) => {
                    out.raw("M");
                    out.coordinates(&[x - left, y - top]);
                }
                Segment::Line(x, y) => {
                    out.raw("L");
                    out.coordinates(&[x - left, y - top]);
                }
                Segment::Cubic(ax, ay, bx, by, x, y) => {
                    out.raw("B");
                    out.coordinates(&[ax - left, ay - top, bx - left, by - top, x - left, y - top]);
                }
                Segment::Close => out.raw("C"),
            }
        }
    }

    fn picture(&mut self, placed: &PlacedPicture) -> Result<(), OfdWriteError> {
        let media = picture::encode(take(self.next), placed)?;
        let place = placed.place;
        let around = Around {
            left: place.x,
            top: place.y,
            right: place.x + place.w,
            bottom: place.y + place.h,
        };
        let id = self.object("ImageObject", around);
        let out = &mut self.done.objects;
        // The space of an image is the unit square.
        out.raw(" CTM=\"");
        out.lengths(&[place.w, 0.0, 0.0, place.h, 0.0, 0.0]);
        out.put(format_args!("\" ResourceID=\"{}\"/>", media.id));
        self.done.media.push(media);
        if let Some(field) = &placed.field {
            self.done.fields.push((Arc::clone(field), id));
        }
        Ok(())
    }
}

fn micrometres(length: f32) -> i64 {
    (f64::from(length) * 1000.0).round() as i64
}

/// DeltaX: the distances between places, equal ones counted. Rounded places part, not rounded distances, so that no error
/// adds up.
fn advances(out: &mut Xml, places: &[i64]) {
    if places.len() < 2 {
        return;
    }
    let distances: Vec<i64> = places
        .iter()
        .zip(places.iter().skip(1))
        .map(|(place, next)| next - place)
        .collect();
    out.raw(" DeltaX=\"");
    let mut is_first = true;
    for run in distances.chunk_by(|one, next| one == next) {
        let distance = run.first().map_or(0.0, |distance| *distance as f32 / 1000.0);
        if !is_first {
            out.raw(" ");
        }
        is_first = false;
        if run.len() > 2 {
            out.put(format_args!("g {} ", run.len()));
            out.length(distance);
        } else {
            for index in 0..run.len() {
                if index > 0 {
                    out.raw(" ");
                }
                out.length(distance);
            }
        }
    }
    out.raw("\"");
}
