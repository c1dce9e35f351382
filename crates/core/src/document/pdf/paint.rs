//! Drawings into content streams (ISO 32000-1 8 and 9).
//!
//! Takes items in millimetres with the origin top left; gives operators in points with the origin
//! bottom left. Text and pictures of a face field stand between `/Field <</K (key)>> BDC` and `EMC`,
//! so that a reader can tell which printed text shows which field (14.6).

mod copies;

use std::{fmt::Write as _, sync::Arc};

use self::copies::Shapes;
use super::{
    PdfError,
    font::{self, Subsets},
    syntax::{Effort, Number, Objects, POINTS, deflate, hex_u16, literal, number, numbers},
};
use crate::face::{Color, Item, Path, Picture, PlacedPicture, Segment, Stroke, TextRun};

/// The marked-content tag of face fields.
pub(super) const FIELD_TAG: &[u8] = b"Field";
/// Its property that names the field.
pub(super) const FIELD_KEY: &[u8] = b"K";

/// A content stream with what it refers to.
#[derive(Debug)]
pub(super) struct Painted {
    /// The operators.
    pub(super) content: Vec<u8>,
    /// Subsets used, by position.
    fonts: Vec<bool>,
    /// Opacities used, in hundredths.
    alphas: Vec<u8>,
    /// Image objects, named `I0`, `I1`, ….
    images: Vec<Number>,
}

impl Painted {
    /// The resource dictionary, with further entries for external objects. `fonts` are the numbers
    /// of all subsets.
    pub(super) fn resources(&self, fonts: &[Number], forms: &[(&str, Number)]) -> String {
        let mut out = String::from("<<");
        font::resources(&mut out, &self.fonts, fonts);
        if !self.images.is_empty() || !forms.is_empty() {
            out.push_str("/XObject<<");
            for (name, object) in forms {
                let _ = write!(out, "/{name} {object} 0 R");
            }
            for (index, object) in self.images.iter().enumerate() {
                let _ = write!(out, "/I{index} {object} 0 R");
            }
            out.push_str(">>");
        }
        if !self.alphas.is_empty() {
            out.push_str("/ExtGState<<");
            for alpha in &self.alphas {
                let value = f32::from(*alpha) / 100.0;
                let _ = write!(out, "/A{alpha}<</ca {value}/CA {value}>>");
            }
            out.push_str(">>");
        }
        out.push_str(">>");
        out
    }
}

/// Paints items on a page or form of the given height. Images are written to `objects` at once.
pub(super) fn paint(
    items: &[Item],
    height: f32,
    content: Vec<u8>,
    subsets: &mut Subsets<'_>,
    objects: &mut Objects,
    effort: Effort,
) -> Result<Painted, PdfError> {
    let mut painter = Painter {
        height: height * POINTS,
        subsets,
        objects,
        effort,
        fill: Color(0, 0, 0),
        line: Color(0, 0, 0),
        width: 1.0,
        dash: Vec::new(),
        alpha: 100,
        font: None,
        field: None,
        shapes: Shapes::default(),
        done: Painted {
            content,
            fonts: Vec::new(),
            alphas: Vec::new(),
            images: Vec::new(),
        },
    };
    for item in items {
        match item {
            Item::Text(run) => painter.text(run)?,
            Item::Path(path) => painter.path(path),
            Item::Picture(picture) => painter.picture(picture)?,
        }
    }
    painter.field(None);
    Ok(painter.done)
}

/// Writes operators, leaving out those that would set what is set.
struct Painter<'a, 'b> {
    height: f32,
    subsets: &'a mut Subsets<'b>,
    objects: &'a mut Objects,
    effort: Effort,
    fill: Color,
    line: Color,
    width: f32,
    dash: Vec<f32>,
    alpha: u8,
    font: Option<(usize, f32)>,
    field: Option<Arc<str>>,
    /// Strokes that may come again.
    shapes: Shapes,
    done: Painted,
}

impl Painter<'_, '_> {
    fn op(&mut self, operator: &[u8]) {
        self.done.content.extend_from_slice(operator);
        self.done.content.push(b'\n');
    }

    fn numbers(&mut self, values: &[f32]) {
        numbers(&mut self.done.content, values);
    }

    fn x(x: f32) -> f32 {
        x * POINTS
    }

    fn y(&self, y: f32) -> f32 {
        self.height - y * POINTS
    }

    /// Opens the marked content of a field; a run that continues the field stays within.
    fn field(&mut self, field: Option<&Arc<str>>) {
        if self.field.as_ref() == field {
            return;
        }
        if self.field.take().is_some() {
            self.op(b"EMC");
        }
        if let Some(key) = field {
            let out = &mut self.done.content;
            out.push(b'/');
            out.extend_from_slice(FIELD_TAG);
            out.extend_from_slice(b" <</");
            out.extend_from_slice(FIELD_KEY);
            literal(out, key.as_bytes());
            self.op(b">> BDC");
            self.field = Some(Arc::clone(key));
        }
    }

    fn fill(&mut self, color: Color) {
        if self.fill != color {
            self.fill = color;
            self.color(color);
            self.op(b"rg");
        }
    }

    fn color(&mut self, color: Color) {
        for part in [color.0, color.1, color.2] {
            number(&mut self.done.content, f32::from(part) / 255.0, 3);
            self.done.content.push(b' ');
        }
    }

    fn alpha(&mut self, alpha: f32) {
        let alpha = (alpha.clamp(0.0, 1.0) * 100.0).round() as u8;
        if self.alpha == alpha {
            return;
        }
        self.alpha = alpha;
        if !self.done.alphas.contains(&alpha) {
            self.done.alphas.push(alpha);
        }
        self.done.content.extend_from_slice(b"/A");
        number(&mut self.done.content, f32::from(alpha), 0);
        self.op(b" gs");
    }

    fn stroke(&mut self, stroke: &Stroke) {
        if self.line != stroke.color {
            self.line = stroke.color;
            self.color(stroke.color);
            self.op(b"RG");
        }
        let width = stroke.width * POINTS;
        if self.width.to_bits() != width.to_bits() {
            self.width = width;
            number(&mut self.done.content, width, 3);
            self.op(b" w");
        }
        if self.dash != stroke.dash {
            self.dash.clone_from(&stroke.dash);
            self.done.content.push(b'[');
            for length in &stroke.dash {
                numbers(&mut self.done.content, &[length * POINTS]);
            }
            self.op(b"] 0 d");
        }
    }

    fn path(&mut self, path: &Path) {
        let operator: &[u8] = match (path.fill, &path.stroke, path.even_odd) {
            (None, None, _) => return,
            (None, Some(_), _) => b"S",
            (Some(_), None, false) => b"f",
            (Some(_), None, true) => b"f*",
            (Some(_), Some(_), false) => b"B",
            (Some(_), Some(_), true) => b"B*",
        };
        self.field(None);
        self.alpha(path.alpha);
        if let Some(color) = path.fill {
            self.fill(color);
        }
        if let Some(stroke) = &path.stroke {
            self.stroke(stroke);
        }
        let height = self.height;
        let segments: Vec<_> = path
            .segments
            .iter()
            .map(|segment| copies::mapped(*segment, |x, y| (x * POINTS, height - y * POINTS)))
            .collect();
        // Parts of an opaque stroke may be painted one by one: where they cross, nothing shows.
        if operator == b"S" && self.alpha == 100 && self.effort == Effort::Best {
            self.copies(&segments);
            return;
        }
        for segment in &segments {
            self.segment(*segment);
        }
        self.op(operator);
    }

    /// Strokes subpath by subpath, what repeats with the same bytes.
    fn copies(&mut self, segments: &[Segment]) {
        let mut shapes = std::mem::take(&mut self.shapes);
        for subpath in segments.chunk_by(|_, next| !matches!(next, Segment::Move(..))) {
            let placed = shapes.place(subpath);
            self.op(b"q");
            let [a, b, c, d, x, y] = placed.matrix;
            for part in [a, b, c, d] {
                number(&mut self.done.content, part, 5);
                self.done.content.push(b' ');
            }
            self.numbers(&[x, y]);
            self.op(b"cm");
            for segment in placed.form {
                self.segment(*segment);
            }
            self.op(b"S");
            self.op(b"Q");
        }
        self.shapes = shapes;
    }

    fn segment(&mut self, segment: Segment) {
        let operator: &[u8] = match segment {
            Segment::Move(x, y) => {
                self.coordinates(&[x, y]);
                b"m"
            }
            Segment::Line(x, y) => {
                self.coordinates(&[x, y]);
                b"l"
            }
            Segment::Cubic(ax, ay, bx, by, x, y) => {
                self.coordinates(&[ax, ay, bx, by, x, y]);
                b"c"
            }
            Segment::Close => b"h",
        };
        self.op(operator);
    }

    /// Coordinates of a path. On the grid their digits repeat more, which shared art is worth.
    fn coordinates(&mut self, values: &[f32]) {
        for value in values {
            let value = match self.effort {
                Effort::Best => copies::on_grid(*value),
                Effort::Fast => *value,
            };
            number(&mut self.done.content, value, 2);
            self.done.content.push(b' ');
        }
    }

    fn text(&mut self, run: &TextRun) -> Result<(), PdfError> {
        if run.glyphs.is_empty() {
            return Ok(());
        }
        self.field(run.field.as_ref());
        self.alpha(run.alpha);
        self.fill(run.color);
        self.op(b"BT");

        let subset = self.subsets.subset(run.font);
        if self.done.fonts.len() <= subset {
            self.done.fonts.resize(subset + 1, false);
        }
        self.done.fonts[subset] = true;
        let size = run.size * POINTS;
        if self.font != Some((subset, size)) {
            self.font = Some((subset, size));
            self.done.content.extend_from_slice(b"/F");
            number(&mut self.done.content, subset as f32, 0);
            self.done.content.push(b' ');
            number(&mut self.done.content, size, 3);
            self.op(b" Tf");
        }

        // A run that is not turned only needs its origin; `BT` resets the matrix.
        if run.rotation.to_bits() == 0 {
            self.numbers(&[Self::x(run.x), self.y(run.y)]);
            self.op(b"Td");
        } else {
            let (sin, cos) = run.rotation.to_radians().sin_cos();
            for part in [cos, sin, -sin, cos] {
                number(&mut self.done.content, part, 5);
                self.done.content.push(b' ');
            }
            self.numbers(&[Self::x(run.x), self.y(run.y)]);
            self.op(b"Tm");
        }

        // The pen runs in thousandths of the em; an adjustment is written where the layout and the
        // glyph widths part, and the rounding is carried along, so that no error adds up.
        let out = &mut self.done.content;
        out.extend_from_slice(b"[<");
        let mut pen = 0_i64;
        for glyph in &run.glyphs {
            let wanted = (f64::from(glyph.x) * 1000.0 / f64::from(run.size)).round() as i64;
            if wanted != pen {
                if out.ends_with(b"<") {
                    out.pop();
                } else {
                    out.push(b'>');
                }
                number(out, (pen - wanted) as f32, 0);
                out.push(b'<');
                pen = wanted;
            }
            let cid = self
                .subsets
                .cid(subset, glyph.id, glyph.ch)
                .ok_or(PdfError::TooManyGlyphs)?;
            hex_u16(out, cid.code);
            pen += i64::from(cid.width);
        }
        self.op(b">]TJ");
        self.op(b"ET");
        Ok(())
    }

    fn picture(&mut self, placed: &PlacedPicture) -> Result<(), PdfError> {
        let image = self.objects.reserve();
        self.image(image, placed)?;
        self.field(placed.field.as_ref());
        self.alpha(1.0);
        if matches!(placed.picture, Picture::Modules { .. }) {
            self.fill(Color(0, 0, 0));
        }
        let place = placed.place;
        self.op(b"q");
        numbers(
            &mut self.done.content,
            &[place.w * POINTS, 0.0, 0.0, place.h * POINTS],
        );
        self.numbers(&[Self::x(place.x), self.y(place.y + place.h)]);
        self.op(b"cm");
        self.done.content.extend_from_slice(b"/I");
        number(&mut self.done.content, self.done.images.len() as f32, 0);
        self.op(b" Do");
        self.op(b"Q");
        self.done.images.push(image);
        Ok(())
    }

    fn image(&mut self, object: Number, placed: &PlacedPicture) -> Result<(), PdfError> {
        let wrong = |reason| PdfError::Picture {
            field: placed.field.as_deref().unwrap_or_default().to_owned(),
            reason,
        };
        match &placed.picture {
            Picture::Jpeg {
                data,
                width,
                height,
                components,
                alpha,
            } => {
                let space = match components {
                    1 => "DeviceGray",
                    3 => "DeviceRGB",
                    _ => return Err(wrong("a JPEG must be grey or RGB")),
                };
                if *width == 0 || *height == 0 || !data.starts_with(&[0xFF, 0xD8]) {
                    return Err(wrong("not a JPEG file"));
                }
                let mut soft = String::new();
                if let Some(alpha) = alpha {
                    if alpha.len() as u64 != u64::from(*width) * u64::from(*height) {
                        return Err(wrong("the opacities do not fill width times height"));
                    }
                    let mask = self.objects.reserve();
                    let entries = format_args!(
                        "/Type/XObject/Subtype/Image/Width {width}/Height {height}\
                         /ColorSpace/DeviceGray/BitsPerComponent 8"
                    );
                    self.objects.deflated(mask, entries, alpha, self.effort);
                    let _ = write!(soft, "/SMask {mask} 0 R");
                }
                let entries = format_args!(
                    "/Type/XObject/Subtype/Image/Width {width}/Height {height}\
                     /ColorSpace/{space}/BitsPerComponent 8{soft}/Filter/DCTDecode"
                );
                self.objects.stream(object, entries, data);
            }
            Picture::Rgb { data, width, height } => {
                let size = u64::from(*width) * u64::from(*height) * 3;
                if size == 0 || size != data.len() as u64 {
                    return Err(wrong("the pixels do not fill width times height"));
                }
                let entries = format_args!(
                    "/Type/XObject/Subtype/Image/Width {width}/Height {height}\
                     /ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/FlateDecode"
                );
                let packed = deflate(data, self.effort);
                self.objects.stream(object, entries, &packed);
            }
            Picture::Modules { dark, width } => {
                let side = *width as usize;
                if side == 0 || side.checked_mul(side) != Some(dark.len()) {
                    return Err(wrong("the modules do not fill width times width"));
                }
                let mut rows = Vec::with_capacity(side.div_ceil(8) * side);
                for row in dark.chunks_exact(side) {
                    rows.extend(row.chunks(8).map(|bits| {
                        let packed = bits.iter().fold(0_u8, |byte, dark| byte << 1 | u8::from(*dark));
                        packed << (8 - bits.len())
                    }));
                }
                // One sample a module; the mask paints where a sample is 1.
                let entries = format_args!(
                    "/Type/XObject/Subtype/Image/Width {width}/Height {width}\
                     /ImageMask true/BitsPerComponent 1/Decode[1 0]"
                );
                self.objects.stream(object, entries, &rows);
            }
        }
        Ok(())
    }
}
