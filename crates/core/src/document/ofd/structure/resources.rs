//! Resource files (clause 7.9): fonts, pictures, colour spaces, drawing parameters, composite units.

use super::{
    super::{
        deviation::DeviationKind,
        error::OfdError,
        loc::{self, Loc},
        package::MemberId,
        values::Id,
        xml::Element,
    },
    Reading,
    color::{Color, color_of},
    object::{GraphicObject, LineStyle, objects},
};

/// One resource file.
#[derive(Debug, Clone, PartialEq)]
pub struct Resources {
    /// The member itself.
    pub member: MemberId,
    /// Fonts.
    pub fonts: Vec<Font>,
    /// Pictures, sounds and movies.
    pub media: Vec<MultiMedia>,
    /// Colour spaces.
    pub color_spaces: Vec<ColorSpace>,
    /// Drawing parameters.
    pub draw_params: Vec<DrawParam>,
    /// Composite units.
    pub composites: Vec<CompositeUnit>,
}

/// CT_Font (clause 11.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Font {
    /// Its identifier.
    pub id: Option<Id>,
    /// Its name.
    pub name: Option<String>,
    /// Its family.
    pub family: Option<String>,
    /// `prc`, `symbol`, `unicode` and so on.
    pub charset: Option<String>,
    /// Slanted.
    pub italic: bool,
    /// Bold.
    pub bold: bool,
    /// The embedded font; without it a reader takes one of its own.
    pub file: Option<Loc>,
}

/// CT_MultiMedia (clause 7.9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MultiMedia {
    /// Its identifier.
    pub id: Option<Id>,
    /// `Image`, `Audio` or `Video`.
    pub kind: Option<String>,
    /// `PNG`, `JPEG`, `GBIG2` and so on.
    pub format: Option<String>,
    /// The file.
    pub file: Option<Loc>,
}

/// CT_ColorSpace (clause 8.3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColorSpace {
    /// Its identifier.
    pub id: Option<Id>,
    /// `Gray`, `RGB` or `CMYK`.
    pub kind: Option<String>,
    /// Bits of a channel.
    pub bits: Option<u32>,
    /// An ICC profile.
    pub profile: Option<Loc>,
}

/// CT_DrawParam (clause 8.2).
#[derive(Debug, Clone, PartialEq)]
pub struct DrawParam {
    /// Its identifier.
    pub id: Option<Id>,
    /// Another whose parameters hold where this one says nothing.
    pub relative: Option<Id>,
    /// How lines are drawn.
    pub line: LineStyle,
    /// Colour of areas.
    pub fill_color: Option<Color>,
    /// Colour of lines.
    pub stroke_color: Option<Color>,
}

/// CT_VectorG (clause 13): objects drawn together wherever it is referred to.
#[derive(Debug, Clone, PartialEq)]
pub struct CompositeUnit {
    /// Its identifier.
    pub id: Option<Id>,
    /// Width of its space.
    pub width: Option<f64>,
    /// Height of its space.
    pub height: Option<f64>,
    /// Its objects.
    pub objects: Vec<GraphicObject>,
}

impl Resources {
    pub(in super::super) fn read(reading: &mut Reading<'_, '_>, member: MemberId) -> Result<Self, OfdError> {
        let xml = reading.xml(member, "Res")?;
        let root = xml.root();
        let base = root.attribute("BaseLoc").unwrap_or_default();
        let mut found = Self {
            member,
            fonts: Vec::new(),
            media: Vec::new(),
            color_spaces: Vec::new(),
            draw_params: Vec::new(),
            composites: Vec::new(),
        };
        // Lists may stand in any order and any number (clause 7.9, figure 20).
        for element in root.elements().flat_map(Element::elements) {
            match element.name() {
                "Font" => found.fonts.push(font(reading, base, element)?),
                "MultiMedia" => found.media.push(MultiMedia {
                    id: element.demanded("ID", reading.deviations),
                    kind: element.demanded("Type", reading.deviations),
                    format: element.attribute("Format").map(str::to_owned),
                    file: file(reading, base, element, "MediaFile")?,
                }),
                "ColorSpace" => found.color_spaces.push(ColorSpace {
                    id: element.demanded("ID", reading.deviations),
                    kind: element.demanded("Type", reading.deviations),
                    bits: element.value("BitsPerComponent", reading.deviations),
                    profile: element
                        .attribute("Profile")
                        .map(|stated| follow(reading, base, element, stated)),
                }),
                "DrawParam" => found.draw_params.push(DrawParam {
                    id: element.demanded("ID", reading.deviations),
                    relative: element.value("Relative", reading.deviations),
                    line: LineStyle::read(element, reading.deviations),
                    fill_color: color_of(element, "FillColor", reading.deviations)?,
                    stroke_color: color_of(element, "StrokeColor", reading.deviations)?,
                }),
                "CompositeGraphicUnit" => found.composites.push(composite(reading, element)?),
                _ => {}
            }
        }
        Ok(found)
    }

    /// The files that this one names.
    pub fn files(&self) -> impl Iterator<Item = &Loc> {
        let fonts = self.fonts.iter().filter_map(|font| font.file.as_ref());
        let media = self.media.iter().filter_map(|media| media.file.as_ref());
        let profiles = self
            .color_spaces
            .iter()
            .filter_map(|space| space.profile.as_ref());
        fonts.chain(media).chain(profiles)
    }
}

fn font(reading: &mut Reading<'_, '_>, base: &str, element: Element<'_>) -> Result<Font, OfdError> {
    Ok(Font {
        id: element.demanded("ID", reading.deviations),
        name: element.demanded("FontName", reading.deviations),
        family: element.attribute("FamilyName").map(str::to_owned),
        charset: element.attribute("Charset").map(str::to_owned),
        italic: element.value("Italic", reading.deviations).unwrap_or(false),
        bold: element.value("Bold", reading.deviations).unwrap_or(false),
        file: file(reading, base, element, "FontFile")?,
    })
}

fn composite(reading: &mut Reading<'_, '_>, element: Element<'_>) -> Result<CompositeUnit, OfdError> {
    let objects = match element.one("Content")? {
        Some(content) => objects(content, reading.deviations)?,
        None => Vec::new(),
    };
    if objects.is_empty() {
        reading.deviations.note(
            DeviationKind::MissingElement,
            element.member(),
            "CompositeGraphicUnit/Content",
        );
    }
    Ok(CompositeUnit {
        id: element.demanded("ID", reading.deviations),
        width: element.value("Width", reading.deviations),
        height: element.value("Height", reading.deviations),
        objects,
    })
}

/// The file in the one element of this name.
fn file(
    reading: &mut Reading<'_, '_>,
    base: &str,
    parent: Element<'_>,
    name: &str,
) -> Result<Option<Loc>, OfdError> {
    let stated = parent.text_of(name)?;
    Ok(stated.map(|stated| follow(reading, base, parent, &stated)))
}

/// A path that counts from the folder that BaseLoc names (clause 7.9, table 18).
fn follow(reading: &mut Reading<'_, '_>, base: &str, element: Element<'_>, stated: &str) -> Loc {
    let beside = loc::folder(element.member());
    let folder = if base.trim().starts_with('/') {
        loc::join("", base.trim())
    } else {
        loc::join(beside, &base.trim().replace('\\', "/"))
    };
    let folders = [folder.as_deref().unwrap_or(beside)];
    Loc::resolve_in(
        reading.package,
        element.member(),
        &folders,
        stated,
        reading.deviations,
    )
}
