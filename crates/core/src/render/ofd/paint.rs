//! Drawing the objects of a page (clauses 8 to 13): where each stands, what cuts it, what it leaves on the pixels.

use std::rc::Rc;

use tiny_skia::{
    BlendMode, FillRule, LineCap, LineJoin, Path, PathBuilder, Rect, Stroke, StrokeDash, Transform,
};

use super::{
    super::note::NoteKind,
    Drawing, Refusal,
    canvas::{Canvas, Mark, Region},
    ink::ink,
    path,
};
use crate::{
    document::ofd::{
        Box2, Clip, Color, Ctm, DrawParam, GraphicObject, Id, ImageObject, LineStyle, ObjectKind, Page,
        PathObject, TextObject,
    },
    limits::MAX_OFD_COMPOSITES,
};

/// Width of lines where nothing is said (clause 8.2), in millimetres.
const LINE_WIDTH: f64 = 0.353;
/// Where mitres become bevels where nothing is said.
const MITER_LIMIT: f64 = 3.528;

/// Where objects are drawn.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// From their space onto the page, in pixels.
    pub(super) ctm: Ctm,
    /// Beyond which nothing shows.
    pub(super) region: Region,
    /// Drawing parameters of what they stand in.
    pub(super) draw_param: Option<Id>,
    /// Composite units around.
    pub(super) depth: usize,
}

/// How far text may stand beyond its boundary before it is worth a word, in millimetres: tails of letters do.
const TEXT_SLACK: f32 = 1.0;

/// What cuts an object, in pixels.
struct Cut {
    region: Region,
    /// What shows is in one of each.
    clips: Vec<Vec<(Path, FillRule)>>,
    /// Whether everything that stands within the region shows.
    is_plain: bool,
    /// Whether its boundary stands upright on the page; if not, it is the first of the clips.
    is_upright: bool,
}

impl Cut {
    /// Steps of drawing on pixels of their own: they are cleared, drawn on, cut and put back.
    fn layer_cost(&self, seen: &Region) -> u64 {
        seen.area() * (6 + 4 * self.clips.len() as u64)
    }
}

impl Place {
    /// Pixels to the millimetre.
    fn scale(&self) -> f32 {
        let (x, y) = transform(&self.ctm).get_scale();
        x.max(y)
    }
}

pub(super) fn transform(ctm: &Ctm) -> Transform {
    let [a, b, c, d, e, f] = ctm.0.map(|number| number as f32);
    Transform::from_row(a, b, c, d, e, f)
}

impl Drawing<'_, '_, '_> {
    /// A page or template.
    pub(super) fn ground(&mut self, canvas: &mut Canvas, page: &Page, place: Place) -> Result<(), Refusal> {
        for (layer, object) in page.objects() {
            let place = Place {
                draw_param: layer.draw_param,
                ..place
            };
            self.object(canvas, object, place)?;
        }
        Ok(())
    }

    pub(super) fn object(
        &mut self,
        canvas: &mut Canvas,
        object: &GraphicObject,
        place: Place,
    ) -> Result<(), Refusal> {
        self.page.spend(64)?;
        let alpha = (object.alpha / 255.0).clamp(0.0, 1.0) as f32;
        if !object.visible || alpha <= 0.0 {
            return Ok(());
        }
        // 1. Where it stands and what cuts it.
        let at = object.boundary.map_or(Ctm::IDENTITY, |at| Ctm::shift(at.x, at.y));
        let bounded = at.then(&place.ctm);
        let inner = Place {
            ctm: object.ctm.unwrap_or(Ctm::IDENTITY).then(&bounded),
            draw_param: object.draw_param.or(place.draw_param),
            ..place
        };
        if !transform(&inner.ctm).is_valid() {
            // Nothing of it has an area.
            return Ok(());
        }
        let cut = self.cut(object, &place, &bounded)?;
        if cut.region.is_empty() {
            return Ok(());
        }
        let inner = Place {
            region: cut.region,
            ..inner
        };

        // 2. What it draws.
        let fallback = place.draw_param;
        match &object.kind {
            ObjectKind::Block(objects) => self.group(canvas, &cut, alpha, objects, inner),
            ObjectKind::Composite { resource } => {
                let Some(id) = *resource else {
                    self.page.notes.add(NoteKind::Incomplete, "CompositeObject");
                    return Ok(());
                };
                if inner.depth >= MAX_OFD_COMPOSITES {
                    return Err(Refusal::TooMuch);
                }
                let Some(unit) = self.known.composite(id) else {
                    self.page
                        .notes
                        .add(NoteKind::Resource, format!("CompositeObject {id}"));
                    return Ok(());
                };
                let inner = Place {
                    depth: inner.depth + 1,
                    ..inner
                };
                self.group(canvas, &cut, alpha, &unit.objects, inner)
            }
            ObjectKind::Image(image) => {
                let mark = self.image(image, object.ctm, object.boundary, &bounded, alpha)?;
                self.put(canvas, &cut, mark.as_slice())
            }
            ObjectKind::Path(path) => {
                let params = [object.draw_param, fallback];
                let marks = self.path(path, &object.line, params, alpha, &inner)?;
                self.put(canvas, &cut, &marks)
            }
            ObjectKind::Text(text) => {
                let params = [object.draw_param, fallback];
                let marks = self.text(text, &object.line, params, alpha, &inner)?;
                let whole = self.text_cut(object, &place, cut, &marks);
                self.put(canvas, &whole, &marks)
            }
        }
    }

    /// Several objects as one: where they are cut or shine through together, on pixels of their own.
    fn group(
        &mut self,
        canvas: &mut Canvas,
        cut: &Cut,
        alpha: f32,
        objects: &[GraphicObject],
        place: Place,
    ) -> Result<(), Refusal> {
        if cut.is_plain && alpha >= 1.0 {
            return objects
                .iter()
                .try_for_each(|object| self.object(canvas, object, place));
        }
        self.page.spend(cut.layer_cost(&cut.region))?;
        let Some(mut layer) = canvas.layer(&cut.region) else {
            return Ok(());
        };
        for object in objects {
            self.object(&mut layer, object, place)?;
        }
        canvas.put_layer(layer, &cut.clips, alpha);
        Ok(())
    }

    /// Puts marks on the pixels, on a layer of their own where they go beyond what may show.
    fn put(&mut self, canvas: &mut Canvas, cut: &Cut, marks: &[Mark]) -> Result<(), Refusal> {
        for mark in marks {
            let Some(bounds) = mark.bounds() else { continue };
            let reach = bounds.grown(mark.overhang());
            let seen = reach.and(&canvas.region());
            if seen.is_empty() {
                continue;
            }
            if !reach.is_sane() {
                self.page.notes.add(NoteKind::TooFar, "");
                continue;
            }
            if cut.is_plain && cut.region.has(&bounds) {
                self.page.spend(seen.area())?;
                canvas.put(mark);
                continue;
            }
            let seen = seen.and(&cut.region);
            if seen.is_empty() {
                continue;
            }
            self.page.spend(cut.layer_cost(&seen))?;
            if let Some(mut layer) = canvas.layer(&seen) {
                layer.put(mark);
                canvas.put_layer(layer, &cut.clips, 1.0);
            }
        }
        Ok(())
    }

    /// What cuts text: deployed readers draw it whole where its boundary is too small, and deployed writers count on it.
    /// The standard has it cut (clause 8.5), so that this is said.
    fn text_cut(&mut self, object: &GraphicObject, place: &Place, cut: Cut, marks: &[Mark]) -> Cut {
        let slack = TEXT_SLACK * place.scale();
        let mut bounds = marks.iter().filter_map(Mark::bounds);
        if bounds.any(|bounds| !cut.region.grown(slack).has(&bounds)) {
            let id = object.id.map(|id| id.to_string()).unwrap_or_default();
            self.page.notes.add(NoteKind::BeyondBoundary, id);
        }
        let clips = cut.clips.into_iter().skip(usize::from(!cut.is_upright));
        Cut {
            region: place.region,
            is_plain: object.clips.is_empty(),
            clips: clips.collect(),
            is_upright: true,
        }
    }

    /// What cuts an object: its boundary, which cuts whatever it is part of too, and its clips.
    fn cut(&mut self, object: &GraphicObject, place: &Place, bounded: &Ctm) -> Result<Cut, Refusal> {
        let mut cut = Cut {
            region: place.region,
            clips: Vec::new(),
            is_plain: true,
            is_upright: true,
        };
        // Deployed writers state boundaries of less than nothing, which cut nothing.
        let boundary = object
            .boundary
            .filter(|boundary| boundary.width >= 0.0 && boundary.height >= 0.0);
        if let Some(boundary) = boundary {
            let (region, is_upright) = corners(boundary, bounded);
            // Text is drawn whole all the same.
            if !matches!(object.kind, ObjectKind::Text(_)) || !cut.region.and(&region).is_empty() {
                cut.region = cut.region.and(&region);
            }
            if !is_upright && let Some(path) = rectangle(boundary, bounded) {
                cut.is_plain = false;
                cut.is_upright = false;
                cut.clips.push(vec![(path, FillRule::Winding)]);
            }
        }
        for clip in &object.clips {
            cut.is_plain = false;
            let areas = self.areas(clip, bounded)?;
            if areas.iter().all(|(path, _)| Region::of(path.bounds()).is_sane()) {
                cut.clips.push(areas);
            } else {
                self.page.notes.add(NoteKind::TooFar, "Clips");
            }
        }
        Ok(cut)
    }

    /// The areas of a clip, in pixels.
    fn areas(&mut self, clip: &Clip, bounded: &Ctm) -> Result<Vec<(Path, FillRule)>, Refusal> {
        let mut areas = Vec::new();
        for area in &clip.areas {
            let outer = area.ctm.unwrap_or(Ctm::IDENTITY).then(bounded);
            for object in &area.objects {
                self.page.spend(64)?;
                let at = object.boundary.map_or(Ctm::IDENTITY, |at| Ctm::shift(at.x, at.y));
                let ctm = object.ctm.unwrap_or(Ctm::IDENTITY).then(&at).then(&outer);
                let to_page = transform(&ctm);
                match &object.kind {
                    ObjectKind::Path(path) => {
                        let (read, whole) = path::read(&path.abbreviated_data);
                        if !whole {
                            self.page.notes.add(NoteKind::Path, "Clips");
                        }
                        let read = read.and_then(|read| read.transform(to_page));
                        areas.extend(read.map(|read| (read, fill_rule(path))));
                    }
                    ObjectKind::Text(text) => {
                        let letters = self.letters(text)?;
                        let paths = letters.paths.into_iter();
                        let paths = paths.filter_map(|path| path.transform(to_page));
                        areas.extend(paths.map(|path| (path, FillRule::Winding)));
                    }
                    _ => self.page.notes.add(NoteKind::Path, "Clips"),
                }
            }
        }
        Ok(areas)
    }

    fn image(
        &mut self,
        image: &ImageObject,
        ctm: Option<Ctm>,
        boundary: Option<Box2>,
        bounded: &Ctm,
        alpha: f32,
    ) -> Result<Option<Mark>, Refusal> {
        let Some(id) = image.resource else {
            self.page
                .notes
                .add(NoteKind::Incomplete, "ImageObject@ResourceID");
            return Ok(None);
        };
        let mut found = self.picture(id)?;
        if let (None, Some(other)) = (&found, image.substitution) {
            found = self.picture(other)?;
        }
        let Some(picture) = found else { return Ok(None) };
        // To shrink it, all of it is gone through; to cut it, too.
        self.page.spend(super::super::picture::area(&picture))?;
        let mask = match image.mask {
            Some(id) => self.picture(id)?,
            None => None,
        };
        let masked = mask
            .as_ref()
            .map(|mask| super::super::picture::masked(&picture, mask));
        if matches!(masked, Some(None)) {
            self.page.notes.add(NoteKind::PictureUnreadable, "ImageMask");
        }
        let picture = masked.flatten().map_or(picture, Rc::new);
        // A picture is one by one; where nothing stretches it, deployed readers fill its boundary.
        let fill = |at: Box2| Ctm([at.width, 0.0, 0.0, at.height, 0.0, 0.0]);
        let Some(stretched) = ctm.or_else(|| boundary.map(fill)) else {
            self.page.notes.add(NoteKind::Incomplete, "ImageObject@CTM");
            return Ok(None);
        };
        let stretched = stretched.then(bounded);
        let unit = Transform::from_scale(1.0 / picture.width() as f32, 1.0 / picture.height() as f32);
        Ok(Some(Mark::Picture {
            to_page: unit.post_concat(transform(&stretched)),
            pixels: picture,
            alpha,
            blend: BlendMode::SourceOver,
            window: None,
        }))
    }

    fn path(
        &mut self,
        object: &PathObject,
        line: &LineStyle,
        params: [Option<Id>; 2],
        alpha: f32,
        place: &Place,
    ) -> Result<Vec<Mark>, Refusal> {
        self.page.spend(object.abbreviated_data.len() as u64)?;
        let (read, whole) = path::read(&object.abbreviated_data);
        if !whole {
            self.page
                .notes
                .add(NoteKind::Path, object.abbreviated_data.as_str());
        }
        let Some(read) = read else { return Ok(Vec::new()) };
        let to_page = transform(&place.ctm);
        let mut marks = Vec::new();
        if object.fill {
            let color = self.color(object.fill_color.as_ref(), params, |param| &param.fill_color);
            let ink = ink(color.as_ref(), alpha, to_page, &self.known, &mut self.page.notes);
            let path = read.clone().transform(to_page);
            let mark = path.map(|path| Mark::Fill {
                path,
                rule: fill_rule(object),
                ink,
            });
            marks.extend(mark.filter(shows));
        }
        if object.stroke {
            let color = self.color(object.stroke_color.as_ref(), params, |param| &param.stroke_color);
            marks.extend(self.line(read, line, params, color.as_ref(), alpha, to_page));
        }
        Ok(marks)
    }

    fn text(
        &mut self,
        object: &TextObject,
        line: &LineStyle,
        params: [Option<Id>; 2],
        alpha: f32,
        place: &Place,
    ) -> Result<Vec<Mark>, Refusal> {
        let letters = self.letters(object)?;
        let to_page = transform(&place.ctm);
        let mut marks = Vec::new();
        if object.fill {
            let color = self.color(object.fill_color.as_ref(), params, |param| &param.fill_color);
            let ink = ink(color.as_ref(), alpha, to_page, &self.known, &mut self.page.notes);
            for path in &letters.paths {
                let filled = path.clone().transform(to_page).map(|path| Mark::Fill {
                    path,
                    rule: FillRule::Winding,
                    ink: ink.clone(),
                });
                marks.extend(filled.filter(shows));
                if let Some(width) = letters.bolder {
                    let stroke = Stroke {
                        width,
                        ..Stroke::default()
                    };
                    marks.push(Mark::Line {
                        path: path.clone(),
                        stroke: Box::new(stroke),
                        to_page,
                        ink: ink.in_place(),
                    });
                }
            }
        }
        if object.stroke {
            let color = self.color(object.stroke_color.as_ref(), params, |param| &param.stroke_color);
            for path in letters.paths {
                marks.extend(self.line(path, line, params, color.as_ref(), alpha, to_page));
            }
        }
        Ok(marks)
    }

    fn line(
        &mut self,
        path: Path,
        line: &LineStyle,
        params: [Option<Id>; 2],
        color: Option<&Color>,
        alpha: f32,
        to_page: Transform,
    ) -> Option<Mark> {
        // Lines are stroked in their own space, where their colours are stated too.
        let ink = ink(
            color,
            alpha,
            Transform::identity(),
            &self.known,
            &mut self.page.notes,
        );
        let mark = Mark::Line {
            path,
            stroke: Box::new(self.stroke(line, params)),
            to_page,
            ink,
        };
        Some(mark).filter(shows)
    }

    fn stroke(&mut self, line: &LineStyle, params: [Option<Id>; 2]) -> Stroke {
        let mut number = |own: Option<f64>, of: fn(&LineStyle) -> Option<f64>| {
            own.or_else(|| self.param(params, |param| of(&param.line)))
        };
        let width = number(line.width, |line| line.width).unwrap_or(LINE_WIDTH);
        let miter = number(line.miter_limit, |line| line.miter_limit).unwrap_or(MITER_LIMIT);
        let offset = number(line.dash_offset, |line| line.dash_offset).unwrap_or_default();
        let mut word = |own: &Option<String>, of: fn(&LineStyle) -> &Option<String>| {
            let own = own.clone();
            own.or_else(|| self.param(params, |param| of(&param.line).clone()))
                .unwrap_or_default()
        };
        let (cap, join) = (
            word(&line.cap, |line| &line.cap),
            word(&line.join, |line| &line.join),
        );
        let dashes = line.dash_pattern.clone();
        let dashes = dashes.or_else(|| self.param(params, |param| param.line.dash_pattern.clone()));
        let dash = dashes.and_then(|dashes| {
            let mut dashes: Vec<f32> = dashes.0.iter().map(|length| *length as f32).collect();
            // As in PDF, an odd number of lengths is gone through twice.
            if dashes.len() % 2 == 1 {
                dashes.extend_from_within(..);
            }
            StrokeDash::new(dashes, offset as f32)
        });
        Stroke {
            width: width.max(0.0) as f32,
            miter_limit: miter.max(1.0) as f32,
            line_cap: match cap.as_str() {
                "Round" => LineCap::Round,
                "Square" => LineCap::Square,
                _ => LineCap::Butt,
            },
            line_join: match join.as_str() {
                "Round" => LineJoin::Round,
                "Bevel" => LineJoin::Bevel,
                _ => LineJoin::Miter,
            },
            dash,
        }
    }

    fn color(
        &mut self,
        own: Option<&Color>,
        params: [Option<Id>; 2],
        of: fn(&DrawParam) -> &Option<Color>,
    ) -> Option<Color> {
        own.cloned()
            .or_else(|| self.param(params, |param| of(param).clone()))
    }

    /// What drawing parameters say: those of the object, then those of what it stands in, each followed by what it is
    /// relative to (clause 8.2).
    fn param<T>(&mut self, params: [Option<Id>; 2], of: impl Fn(&DrawParam) -> Option<T>) -> Option<T> {
        for start in params {
            let mut next = start;
            for _ in 0..MAX_OFD_COMPOSITES {
                let Some(id) = next else { break };
                let Some(param) = self.known.draw_param(id) else {
                    self.page.notes.add(NoteKind::Resource, format!("DrawParam {id}"));
                    break;
                };
                if let Some(found) = of(param) {
                    return Some(found);
                }
                next = param.relative;
            }
        }
        None
    }
}

fn shows(mark: &Mark) -> bool {
    match mark {
        Mark::Fill { ink, .. } | Mark::Line { ink, .. } => !ink.is_clear(),
        Mark::Picture { .. } => true,
    }
}

fn fill_rule(path: &PathObject) -> FillRule {
    match path.rule.as_deref() {
        Some("Even-Odd" | "EvenOdd") => FillRule::EvenOdd,
        _ => FillRule::Winding,
    }
}

/// What a box covers of the page, and whether it stands upright on it.
pub(super) fn corners(at: Box2, bounded: &Ctm) -> (Region, bool) {
    let (width, height) = (at.width.max(0.0), at.height.max(0.0));
    let corners = [(0.0, 0.0), (width, 0.0), (0.0, height), (width, height)];
    let corners = corners.map(|(x, y)| bounded.apply(x, y));
    let least = |of: fn(&(f64, f64)) -> f64| corners.iter().map(of).fold(f64::INFINITY, f64::min) as f32;
    let most = |of: fn(&(f64, f64)) -> f64| corners.iter().map(of).fold(f64::NEG_INFINITY, f64::max) as f32;
    let region = Region {
        left: least(|corner| corner.0),
        top: least(|corner| corner.1),
        right: most(|corner| corner.0),
        bottom: most(|corner| corner.1),
    };
    let Ctm([a, b, c, d, ..]) = *bounded;
    let none = |number: f64| number.abs() < 1.0e-9;
    (region, none(b) && none(c) || none(a) && none(d))
}

fn rectangle(at: Box2, bounded: &Ctm) -> Option<Path> {
    let sides = Rect::from_xywh(0.0, 0.0, at.width as f32, at.height as f32)?;
    PathBuilder::from_rect(sides).transform(transform(bounded))
}
