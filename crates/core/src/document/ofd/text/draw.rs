//! Walking over the objects of a page with the transformation that brings each onto the sheet.

use std::{cell::RefCell, collections::BTreeMap};

use super::{
    super::{
        deviation::{DeviationKind, Deviations},
        error::OfdError,
        package::{MemberId, Package},
        structure::{
            object::{Color, GraphicObject, ObjectKind, TextObject},
            page::Page,
            resources::{CompositeUnit, DrawParam, Font, Resources},
        },
        values::{Ctm, Deltas, Id},
    },
    Ground, TextRun,
    glyphs::{self, Embedded, Glyphs},
};
use crate::limits::{MAX_OFD_COMPOSITES, MAX_OFD_DRAWN, MAX_OFD_RUNS, MAX_OFD_TEXT};

/// Resources of a document by identifier; of two the first counts.
#[derive(Default)]
struct Index<'d> {
    fonts: BTreeMap<Id, &'d Font>,
    composites: BTreeMap<Id, &'d CompositeUnit>,
    draw_params: BTreeMap<Id, &'d DrawParam>,
}

impl<'d> Index<'d> {
    fn new(resources: &'d [Resources]) -> Self {
        let mut index = Self::default();
        for resources in resources {
            for font in &resources.fonts {
                font.id.map(|id| index.fonts.entry(id).or_insert(font));
            }
            for unit in &resources.composites {
                unit.id.map(|id| index.composites.entry(id).or_insert(unit));
            }
            for param in &resources.draw_params {
                param.id.map(|id| index.draw_params.entry(id).or_insert(param));
            }
        }
        index
    }
}

/// Text being gathered.
pub(super) struct Drawing<'d, 'b> {
    /// Number of the page being drawn.
    pub(super) page: usize,
    /// Resources of that page alone.
    pub(super) own: Vec<Resources>,
    /// What has been gathered.
    pub(super) runs: Vec<TextRun>,
    package: &'d Package<'b>,
    shared: Index<'d>,
    fonts: RefCell<BTreeMap<MemberId, Option<Glyphs>>>,
    characters: usize,
    objects: usize,
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

impl<'d, 'b> Drawing<'d, 'b> {
    pub(super) fn new(package: &'d Package<'b>, resources: &'d [Resources]) -> Self {
        Self {
            page: 0,
            own: Vec::new(),
            runs: Vec::new(),
            package,
            shared: Index::new(resources),
            fonts: RefCell::new(BTreeMap::new()),
            characters: 0,
            objects: 0,
        }
    }

    /// A page or template.
    pub(super) fn draw(
        &mut self,
        page: &Page,
        ground: Ground,
        deviations: &mut Deviations,
    ) -> Result<(), OfdError> {
        let package = self.package;
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
        let package = self.package;
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
        self.objects += 1;
        within("objects drawn", self.objects, MAX_OFD_DRAWN)?;
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
        if let Some(unit) = self.shared.composites.get(&id).copied() {
            return unit
                .objects
                .iter()
                .try_for_each(|object| self.object(object, inner, deviations));
        }
        // A page's own units are taken out while they are drawn, for they are part of what draws them.
        let own = std::mem::take(&mut self.own);
        let unit = own
            .iter()
            .flat_map(|own| &own.composites)
            .find(|unit| unit.id == Some(id));
        if unit.is_none() {
            deviations.note(
                DeviationKind::UnknownResource,
                place.member,
                format!("CompositeObject {id}"),
            );
        }
        let mut objects = unit.iter().flat_map(|unit| &unit.objects);
        let drawn = objects.try_for_each(|object| self.object(object, inner, deviations));
        self.own = own;
        drawn
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
        let font = text.font.and_then(|id| self.font(id));
        if let (Some(id), None) = (text.font, &font) {
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
            self.characters += count;
            within("characters of text", self.characters, MAX_OFD_TEXT)?;
            within("runs of text", self.runs.len() + begin.len(), MAX_OFD_RUNS)?;
            let mut is_short = false;
            let places = places(origin, count, [&code.delta_x, &code.delta_y], &mut is_short);
            if is_short {
                deviations.note(DeviationKind::ShortDeltas, place.member, "TextCode");
            }
            let on_sheet = places.into_iter().map(|(x, y)| place.ctm.apply(x, y));
            begin.push((before, on_sheet.collect::<Vec<_>>()));
        }

        // 2. What the font says is drawn for them.
        let file = font.as_ref().and_then(|(_, file)| *file);
        let mut fonts = self.fonts.borrow_mut();
        let spent: usize = fonts.values().flatten().map(Glyphs::looked_through).sum();
        let font_file = file.map(|member| {
            fonts.entry(member).or_insert_with(|| {
                let bytes = self.package.read(member).ok()?;
                Glyphs::open(bytes, spent)
            })
        });
        let embedded = match font_file {
            None => Embedded::Nothing,
            Some(None) => Embedded::Unreadable,
            Some(Some(font)) => Embedded::Font(font),
        };
        let mut drawn = glyphs::drawn(&characters, &text.transforms, embedded);
        let name = font.as_ref().and_then(|(name, _)| name.clone());
        for (code, (start, places)) in text.codes.iter().zip(begin) {
            self.runs.push(TextRun {
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

    /// Name and embedded file of a font.
    fn font(&self, id: Id) -> Option<(Option<String>, Option<MemberId>)> {
        let own = self.own.iter().flat_map(|own| &own.fonts);
        let mut own = own.filter(|font| font.id == Some(id));
        let font = self.shared.fonts.get(&id).copied().or_else(|| own.next())?;
        let file = font.file.as_ref().and_then(|file| file.member);
        Some((font.name.clone(), file))
    }

    /// The colour of areas that drawing parameters give (clause 8.2): their own, or of those they are relative to.
    fn fill_color(&self, place: Place<'_>, deviations: &mut Deviations) -> Option<Color> {
        let mut next = place.draw_param;
        for _ in 0..MAX_OFD_COMPOSITES {
            let id = next?;
            let own = self.own.iter().flat_map(|own| &own.draw_params);
            let mut own = own.filter(|param| param.id == Some(id));
            let Some(param) = self.shared.draw_params.get(&id).copied().or_else(|| own.next()) else {
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

/// Origins of so many characters in object space. Where advances are fewer than needed, the last goes on.
fn places(origin: (f64, f64), count: usize, deltas: [&Deltas; 2], is_short: &mut bool) -> Vec<(f64, f64)> {
    let mut advances = deltas.map(|deltas| {
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

fn within(what: &'static str, found: usize, limit: usize) -> Result<(), OfdError> {
    if found > limit {
        return Err(OfdError::Limit { what, limit });
    }
    Ok(())
}
