//! Walking over the objects of a page with the transformation that brings each onto the sheet.

use super::{
    super::{
        deviation::{DeviationKind, Deviations},
        error::OfdError,
        index::Known,
        package::{MemberId, Package},
        structure::{
            color::Color,
            object::{GraphicObject, ObjectKind, TextObject},
            page::Page,
        },
        values::{Ctm, Id},
    },
    Ground, TextRun,
    glyphs::{self, Embedded, Fonts},
};
use crate::{
    limits::{MAX_OFD_COMPOSITES, MAX_OFD_DRAWN, MAX_OFD_RUNS, MAX_OFD_TEXT},
    remark::visible_start,
};

/// Most characters kept of a font's name, which is kept with each run.
const MAX_FONT_NAME: usize = 100;

/// Text being gathered, and what it has cost so far.
pub(super) struct Gathered<'p, 'b> {
    pub(super) runs: Vec<TextRun>,
    package: &'p Package<'b>,
    fonts: Fonts,
    characters: usize,
    objects: usize,
}

impl<'p, 'b> Gathered<'p, 'b> {
    pub(super) fn new(package: &'p Package<'b>) -> Self {
        Self {
            runs: Vec::new(),
            package,
            fonts: Fonts::default(),
            characters: 0,
            objects: 0,
        }
    }
}

/// One page being drawn.
pub(super) struct Drawing<'g, 'p, 'b> {
    /// Its number.
    pub(super) page: usize,
    /// What its objects may refer to.
    pub(super) known: Known<'g, 'g>,
    pub(super) gathered: &'g mut Gathered<'p, 'b>,
}

/// Where objects are drawn.
#[derive(Clone, Copy)]
struct Place<'m> {
    /// The file they stand in.
    member: &'m str,
    ground: Ground,
    /// From their space onto the sheet.
    ctm: Ctm,
    visible: bool,
    draw_param: Option<Id>,
    /// Composite units around.
    depth: usize,
}

impl Drawing<'_, '_, '_> {
    /// A page or template.
    pub(super) fn draw(
        &mut self,
        page: &Page,
        ground: Ground,
        deviations: &mut Deviations,
    ) -> Result<(), OfdError> {
        let package = self.gathered.package;
        for (layer, object) in page.objects() {
            let place = Place {
                member: package.name(page.member),
                ground,
                ctm: Ctm::IDENTITY,
                visible: true,
                draw_param: layer.draw_param,
                depth: 0,
            };
            self.object(object, place, deviations)?;
        }
        Ok(())
    }

    /// The look of an annotation.
    pub(super) fn draw_annotation(
        &mut self,
        member: MemberId,
        objects: &[GraphicObject],
        ctm: Ctm,
        visible: bool,
        deviations: &mut Deviations,
    ) -> Result<(), OfdError> {
        let package = self.gathered.package;
        let place = Place {
            member: package.name(member),
            ground: Ground::Annotation,
            ctm,
            visible,
            draw_param: None,
            depth: 0,
        };
        objects
            .iter()
            .try_for_each(|object| self.object(object, place, deviations))
    }

    fn object(
        &mut self,
        object: &GraphicObject,
        place: Place<'_>,
        deviations: &mut Deviations,
    ) -> Result<(), OfdError> {
        self.gathered.objects += 1;
        within("objects drawn", self.gathered.objects, MAX_OFD_DRAWN)?;
        let own = object.ctm.unwrap_or(Ctm::IDENTITY);
        let at = object.boundary.map_or(Ctm::IDENTITY, |at| Ctm::shift(at.x, at.y));
        let inner = Place {
            ctm: own.then(&at).then(&place.ctm),
            visible: place.visible && object.visible && object.alpha > 0.0,
            draw_param: object.draw_param.or(place.draw_param),
            ..place
        };
        match &object.kind {
            ObjectKind::Block(objects) => objects
                .iter()
                .try_for_each(|object| self.object(object, inner, deviations)),
            ObjectKind::Composite { resource: Some(id) } => self.composite(*id, inner, deviations),
            ObjectKind::Text(text) => self.text(object, text, inner, deviations),
            ObjectKind::Composite { resource: None } | ObjectKind::Image(_) | ObjectKind::Path(_) => Ok(()),
        }
    }

    fn composite(&mut self, id: Id, place: Place<'_>, deviations: &mut Deviations) -> Result<(), OfdError> {
        within("composite units in one another", place.depth, MAX_OFD_COMPOSITES)?;
        let inner = Place {
            depth: place.depth + 1,
            ..place
        };
        let Some(unit) = self.known.composite(id) else {
            let what = format!("CompositeObject {id}");
            deviations.note(DeviationKind::UnknownResource, place.member, what);
            return Ok(());
        };
        let mut objects = unit.objects.iter();
        objects.try_for_each(|object| self.object(object, inner, deviations))
    }

    fn text(
        &mut self,
        object: &GraphicObject,
        text: &TextObject,
        place: Place<'_>,
        deviations: &mut Deviations,
    ) -> Result<(), OfdError> {
        let color = match &text.fill_color {
            Some(color) => Some(color.clone()),
            None => self.fill_color(place, deviations),
        };
        let font = text.font.and_then(|id| self.known.font(id));
        if let (Some(id), None) = (text.font, font) {
            deviations.note(DeviationKind::UnknownResource, place.member, format!("Font {id}"));
        }
        let alpha = color.as_ref().map_or(255.0, |color| color.alpha);
        let visible = place.visible && (text.stroke || (text.fill && alpha > 0.0));
        let Ctm([_, _, c, d, ..]) = place.ctm;
        let size = text.size.unwrap_or_default() * c.hypot(d);

        // 1. Characters and their places.
        let mut origin = (0.0, 0.0);
        let mut begin = Vec::with_capacity(text.codes.len());
        let mut characters: Vec<char> = Vec::new();
        for code in &text.codes {
            origin = (code.x.unwrap_or(origin.0), code.y.unwrap_or(origin.1));
            let before = characters.len();
            characters.extend(code.text.chars());
            let count = characters.len() - before;
            self.gathered.characters += count;
            within("characters of text", self.gathered.characters, MAX_OFD_TEXT)?;
            within(
                "runs of text",
                self.gathered.runs.len() + begin.len(),
                MAX_OFD_RUNS,
            )?;
            let mut is_short = false;
            let places = code.places(origin, &mut is_short);
            if is_short {
                deviations.note(DeviationKind::ShortDeltas, place.member, "TextCode");
            }
            let on_sheet = places.into_iter().map(|(x, y)| place.ctm.apply(x, y));
            begin.push((before, on_sheet.collect::<Vec<_>>()));
        }

        // 2. What the font says is drawn for them.
        let Gathered {
            fonts, package, runs, ..
        } = &mut *self.gathered;
        let file = font
            .and_then(|font| font.file.as_ref())
            .and_then(|file| file.member);
        let embedded = match file {
            None => Embedded::Nothing,
            Some(member) => fonts
                .get(package, member)
                .map_or(Embedded::Unreadable, Embedded::Font),
        };
        let mut drawn = glyphs::drawn(&characters, &text.transforms, embedded);
        let name = font.and_then(|font| font.name.clone());
        let name = name.map(|name| visible_start(name, MAX_FONT_NAME));
        for (code, (start, places)) in text.codes.iter().zip(begin) {
            runs.push(TextRun {
                page: self.page,
                ground: place.ground,
                object: object.id,
                text: code.text.clone(),
                font: name.clone(),
                size,
                color: color.as_ref().map(|color| color.value.clone()),
                visible,
                drawn: drawn.of_run(start, places.len()),
                places,
            });
        }
        Ok(())
    }

    /// The colour of areas that drawing parameters give (clause 8.2): their own, or of those they are relative to.
    fn fill_color(&self, place: Place<'_>, deviations: &mut Deviations) -> Option<Color> {
        let mut next = place.draw_param;
        for _ in 0..MAX_OFD_COMPOSITES {
            let id = next?;
            let Some(param) = self.known.draw_param(id) else {
                deviations.note(
                    DeviationKind::UnknownResource,
                    place.member,
                    format!("DrawParam {id}"),
                );
                return None;
            };
            if let Some(color) = &param.fill_color {
                return Some(color.clone());
            }
            next = param.relative;
        }
        None
    }
}

fn within(what: &'static str, found: usize, limit: usize) -> Result<(), OfdError> {
    if found > limit {
        return Err(OfdError::Limit { what, limit });
    }
    Ok(())
}
