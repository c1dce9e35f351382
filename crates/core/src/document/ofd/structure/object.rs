//! Graphic objects (clauses 8.5, 9 to 13): what stands on pages, templates, in annotations and composite units.

use super::{
    super::{
        deviation::{DeviationKind, Deviations},
        error::OfdError,
        values::{Array, Box2, Ctm, Deltas, Id, ReadValue as _},
        xml::Element,
    },
    color::{Color, color_of},
    document,
};

/// A graphic object.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphicObject {
    /// Its identifier.
    pub id: Option<Id>,
    /// Where it stands in what it is part of; nothing of it shows beyond.
    pub boundary: Option<Box2>,
    /// From object space into its boundary.
    pub ctm: Option<Ctm>,
    /// Whether it shows.
    pub visible: bool,
    /// Opacity from 0 to 255.
    pub alpha: f64,
    /// Parameters that hold where the object says nothing.
    pub draw_param: Option<Id>,
    /// How lines are drawn.
    pub line: LineStyle,
    /// What cuts it besides its boundary.
    pub clips: Vec<Clip>,
    /// What a click on it does.
    pub actions: Vec<document::Action>,
    /// What it is.
    pub kind: ObjectKind,
}

/// How lines are drawn (clause 8.5.1); none where the object does not say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LineStyle {
    /// Width in millimetres.
    pub width: Option<f64>,
    /// `Butt`, `Round` or `Square`.
    pub cap: Option<String>,
    /// `Miter`, `Round` or `Bevel`.
    pub join: Option<String>,
    /// Where mitres become bevels.
    pub miter_limit: Option<f64>,
    /// Where dashes begin.
    pub dash_offset: Option<f64>,
    /// Dashes and gaps.
    pub dash_pattern: Option<Array>,
}

/// What an object is.
#[derive(Debug, Clone, PartialEq)]
pub enum ObjectKind {
    /// Several objects that stand together (PageBlock, Layer).
    Block(Vec<GraphicObject>),
    /// A composite unit of the resources.
    Composite {
        /// Which.
        resource: Option<Id>,
    },
    /// A picture of the resources.
    Image(ImageObject),
    /// Lines and areas.
    Path(PathObject),
    /// Text.
    Text(TextObject),
}

/// ImageObject (clause 10).
#[derive(Debug, Clone, PartialEq)]
pub struct ImageObject {
    /// The picture.
    pub resource: Option<Id>,
    /// Another for devices that cannot show it.
    pub substitution: Option<Id>,
    /// A bitmap that cuts it.
    pub mask: Option<Id>,
}

/// PathObject (clause 9).
#[derive(Debug, Clone, PartialEq)]
pub struct PathObject {
    /// Whether its line is drawn.
    pub stroke: bool,
    /// Whether its area is filled.
    pub fill: bool,
    /// `NonZero` or `Even-Odd`.
    pub rule: Option<String>,
    /// Colour of the area.
    pub fill_color: Option<Color>,
    /// Colour of the line.
    pub stroke_color: Option<Color>,
    /// The way, in the short form.
    pub abbreviated_data: String,
}

/// TextObject (clause 11).
#[derive(Debug, Clone, PartialEq)]
pub struct TextObject {
    /// Its font.
    pub font: Option<Id>,
    /// Size in millimetres.
    pub size: Option<f64>,
    /// Whether outlines are drawn.
    pub stroke: bool,
    /// Whether glyphs are filled.
    pub fill: bool,
    /// Width of glyphs beside their height.
    pub h_scale: f64,
    /// Direction of reading in degrees.
    pub read_direction: i32,
    /// How each glyph is turned, in degrees.
    pub char_direction: i32,
    /// Boldness, 400 for plain.
    pub weight: Option<f64>,
    /// Slanted.
    pub italic: bool,
    /// Colour of glyphs; none is black.
    pub fill_color: Option<Color>,
    /// Colour of outlines.
    pub stroke_color: Option<Color>,
    /// Glyphs in place of those that the font gives its characters.
    pub transforms: Vec<CgTransform>,
    /// The texts, in order.
    pub codes: Vec<TextCode>,
}

/// TextCode (clause 11.3): characters, and where their glyphs stand.
#[derive(Debug, Clone, PartialEq)]
pub struct TextCode {
    /// Origin of the first glyph; none for that of the text before.
    pub x: Option<f64>,
    /// On its base line.
    pub y: Option<f64>,
    /// From glyph to glyph.
    pub delta_x: Deltas,
    /// See `delta_x`.
    pub delta_y: Deltas,
    /// The characters.
    pub text: String,
}

impl TextCode {
    /// Origins of its characters in object space, the first at `origin`. Where advances are fewer than needed, the last
    /// goes on.
    pub fn places(&self, origin: (f64, f64), is_short: &mut bool) -> Vec<(f64, f64)> {
        let count = self.text.chars().count();
        let mut advances = [&self.delta_x, &self.delta_y].map(|deltas| {
            let given: Vec<f64> = deltas.iter().take(count.saturating_sub(1)).collect();
            let last = deltas.last();
            *is_short |= last.is_some() && given.len() + 1 < count;
            given
                .into_iter()
                .chain(std::iter::repeat(last.unwrap_or_default()))
        });
        let mut at = origin;
        let mut places = Vec::with_capacity(count);
        for _ in 0..count {
            places.push(at);
            let [x, y] = &mut advances;
            at.0 += x.next().unwrap_or_default();
            at.1 += y.next().unwrap_or_default();
        }
        places
    }
}

/// CGTransform (clause 11.4): so many characters from here are drawn with these glyphs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CgTransform {
    /// First character, from zero.
    pub code_position: usize,
    /// Characters.
    pub code_count: usize,
    /// Glyphs, as stated.
    pub glyph_count: usize,
    /// Their numbers in the font.
    pub glyphs: Vec<u32>,
}

/// CT_Clip (clause 8.4): what shows is what any of its areas has. Of several clips, what all of them have.
#[derive(Debug, Clone, PartialEq)]
pub struct Clip {
    /// Its areas.
    pub areas: Vec<ClipArea>,
}

/// One area of a clip.
#[derive(Debug, Clone, PartialEq)]
pub struct ClipArea {
    /// From the space of its objects into the boundary of what is cut.
    pub ctm: Option<Ctm>,
    /// Paths, or texts whose glyphs are the area.
    pub objects: Vec<GraphicObject>,
}

/// Objects in an element, in the order in which they are drawn.
pub(super) fn objects(
    parent: Element<'_>,
    deviations: &mut Deviations,
) -> Result<Vec<GraphicObject>, OfdError> {
    let mut found = Vec::new();
    for element in parent.elements() {
        if let Some(kind) = kind(element, deviations)? {
            found.push(object(element, kind, deviations)?);
        }
    }
    Ok(found)
}

fn kind(element: Element<'_>, deviations: &mut Deviations) -> Result<Option<ObjectKind>, OfdError> {
    Ok(Some(match element.name() {
        "TextObject" | "Text" => ObjectKind::Text(text(element, deviations)?),
        "PathObject" | "Path" => ObjectKind::Path(path(element, deviations)?),
        "ImageObject" => ObjectKind::Image(ImageObject {
            resource: element.demanded("ResourceID", deviations),
            substitution: element.value("Substitution", deviations),
            mask: element.value("ImageMask", deviations),
        }),
        "CompositeObject" => ObjectKind::Composite {
            resource: element.demanded("ResourceID", deviations),
        },
        "PageBlock" => ObjectKind::Block(objects(element, deviations)?),
        _ => return Ok(None),
    }))
}

fn object(
    element: Element<'_>,
    kind: ObjectKind,
    deviations: &mut Deviations,
) -> Result<GraphicObject, OfdError> {
    let is_block = matches!(kind, ObjectKind::Block(_));
    let own: Option<Ctm> = element.value("CTM", deviations);
    Ok(GraphicObject {
        id: element.value("ID", deviations),
        boundary: if is_block {
            None
        } else {
            element.demanded("Boundary", deviations)
        },
        ctm: own,
        visible: element.value("Visible", deviations).unwrap_or(true),
        alpha: element.value("Alpha", deviations).unwrap_or(255.0),
        draw_param: element.value("DrawParam", deviations),
        line: LineStyle::read(element, deviations),
        clips: clips(element, own, deviations)?,
        actions: element.one("Actions")?.map(document::actions).unwrap_or_default(),
        kind,
    })
}

/// Clips count from the boundary of the object; where TransFlag says so, its own transformation comes between.
fn clips(element: Element<'_>, own: Option<Ctm>, deviations: &mut Deviations) -> Result<Vec<Clip>, OfdError> {
    let Some(list) = element.one("Clips")? else {
        return Ok(Vec::new());
    };
    let with_own = list.value("TransFlag", deviations) == Some(true);
    let mut clips = Vec::new();
    for clip in list.elements() {
        let mut areas = Vec::new();
        for area in clip.all("Area") {
            let stated: Option<Ctm> = area.value("CTM", deviations);
            let ctm = match (stated, own.filter(|_| with_own)) {
                (Some(inner), Some(outer)) => Some(inner.then(&outer)),
                (inner, outer) => inner.or(outer),
            };
            areas.push(ClipArea {
                ctm,
                objects: objects(area, deviations)?,
            });
        }
        clips.push(Clip { areas });
    }
    Ok(clips)
}

impl LineStyle {
    pub(super) fn read(element: Element<'_>, deviations: &mut Deviations) -> Self {
        Self {
            width: element.value("LineWidth", deviations),
            cap: element.value("Cap", deviations),
            join: element.value("Join", deviations),
            miter_limit: element.value("MiterLimit", deviations),
            dash_offset: element.value("DashOffset", deviations),
            dash_pattern: element.value("DashPattern", deviations),
        }
    }
}

fn path(element: Element<'_>, deviations: &mut Deviations) -> Result<PathObject, OfdError> {
    Ok(PathObject {
        stroke: element.value("Stroke", deviations).unwrap_or(true),
        fill: element.value("Fill", deviations).unwrap_or(false),
        rule: element.value("Rule", deviations),
        fill_color: color_of(element, "FillColor", deviations)?,
        stroke_color: color_of(element, "StrokeColor", deviations)?,
        abbreviated_data: element.text_of("AbbreviatedData")?.unwrap_or_default(),
    })
}

fn text(element: Element<'_>, deviations: &mut Deviations) -> Result<TextObject, OfdError> {
    let mut transforms = Vec::new();
    for transform in element.all("CGTransform") {
        transforms.push(cg_transform(transform, deviations)?);
    }
    let codes = element.all("TextCode").map(|code| TextCode {
        x: code.value("X", deviations),
        y: code.value("Y", deviations),
        delta_x: code.value("DeltaX", deviations).unwrap_or_default(),
        delta_y: code.value("DeltaY", deviations).unwrap_or_default(),
        text: code.text(),
    });
    let codes = codes.collect();
    let direction = |name, deviations: &mut Deviations| -> i32 {
        let stated: Option<f64> = element.value(name, deviations);
        stated.unwrap_or_default() as i32
    };
    Ok(TextObject {
        font: element.demanded("Font", deviations),
        size: element.demanded("Size", deviations),
        stroke: element.value("Stroke", deviations).unwrap_or(false),
        fill: element.value("Fill", deviations).unwrap_or(true),
        h_scale: element.value("HScale", deviations).unwrap_or(1.0),
        read_direction: direction("ReadDirection", deviations),
        char_direction: direction("CharDirection", deviations),
        weight: element.value("Weight", deviations),
        italic: element.value("Italic", deviations).unwrap_or(false),
        fill_color: color_of(element, "FillColor", deviations)?,
        stroke_color: color_of(element, "StrokeColor", deviations)?,
        transforms,
        codes,
    })
}

/// What is drawn hangs on every number here, so none may be passed over.
fn cg_transform(element: Element<'_>, deviations: &mut Deviations) -> Result<CgTransform, OfdError> {
    let unreadable = |what| OfdError::element(element.member(), "CGTransform", what);
    let number = |name, default: Option<usize>| match element.attribute(name) {
        None => default.ok_or_else(|| unreadable("has no CodePosition")),
        Some(text) => text
            .trim()
            .parse()
            .map_err(|_| unreadable("has an attribute that is no number")),
    };
    let glyphs = element.text_of("Glyphs")?.unwrap_or_default();
    let glyphs: Option<Vec<u32>> = glyphs.split_ascii_whitespace().map(u32::read).collect();
    let read = CgTransform {
        code_position: number("CodePosition", None)?,
        code_count: number("CodeCount", Some(1))?,
        glyph_count: number("GlyphCount", Some(1))?,
        glyphs: glyphs.ok_or_else(|| unreadable("has a glyph that is no number"))?,
    };
    if read.glyphs.len() != read.glyph_count {
        let detail = format!("CGTransform@GlyphCount=\"{}\"", read.glyph_count);
        deviations.note(DeviationKind::UnreadableValue, element.member(), detail);
    }
    Ok(read)
}
