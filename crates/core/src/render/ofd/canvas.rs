//! Pixels of a page or of a part of it, and marks to be put on them.

use std::rc::Rc;

use tiny_skia::{
    BlendMode, FillRule, FilterQuality, IntRect, Mask, Paint, Path, PathBuilder, Pattern, Pixmap,
    PixmapPaint, Rect, SpreadMode, Stroke, Transform,
};

use super::ink::Ink;

/// A part of the page, in its pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Region {
    pub(super) left: f32,
    pub(super) top: f32,
    pub(super) right: f32,
    pub(super) bottom: f32,
}

/// What may stand beyond a region and still be within it: less than shows.
const SLACK: f32 = 0.5;

/// Farthest from the corner of the page that anything is drawn, in pixels: nearly three metres at 300 dpi.
const FARTHEST: f32 = 32_000.0;
/// Thinnest line drawn, in pixels: readers let none fade away.
const THINNEST: f32 = 1.0;

impl Region {
    pub(super) fn of(rect: Rect) -> Self {
        Self {
            left: rect.left(),
            top: rect.top(),
            right: rect.right(),
            bottom: rect.bottom(),
        }
    }

    pub(super) fn and(&self, other: &Self) -> Self {
        Self {
            left: self.left.max(other.left),
            top: self.top.max(other.top),
            right: self.right.min(other.right),
            bottom: self.bottom.min(other.bottom),
        }
    }

    pub(super) fn grown(&self, by: f32) -> Self {
        Self {
            left: self.left - by,
            top: self.top - by,
            right: self.right + by,
            bottom: self.bottom + by,
        }
    }

    pub(super) fn has(&self, inner: &Self) -> bool {
        let outer = self.grown(SLACK);
        outer.left <= inner.left
            && outer.top <= inner.top
            && outer.right >= inner.right
            && outer.bottom >= inner.bottom
    }

    /// Whether it is within what can be computed with: the library counts in sixteen bits before the point.
    pub(super) fn is_sane(&self) -> bool {
        let sides = [self.left, self.top, self.right, self.bottom];
        sides.iter().all(|side| side.abs() <= FARTHEST)
    }

    /// Whether nothing is in it; a line without width is something.
    pub(super) fn is_empty(&self) -> bool {
        // Comparisons with what is no number fail, and it is then empty.
        !(self.left <= self.right && self.top <= self.bottom)
    }

    /// Its pixels.
    pub(super) fn area(&self) -> u64 {
        let side = |from: f32, to: f32| f64::from((to - from).max(0.0).ceil() + 1.0);
        (side(self.left, self.right) * side(self.top, self.bottom)) as u64
    }
}

/// Something to be put on pixels.
#[derive(Debug, Clone)]
pub(super) enum Mark {
    /// An area, in pixels of the page.
    Fill { path: Path, rule: FillRule, ink: Ink },
    /// A line in its own space.
    Line {
        path: Path,
        stroke: Box<Stroke>,
        to_page: Transform,
        ink: Ink,
    },
    /// A picture in its own pixels.
    Picture {
        pixels: Rc<Pixmap>,
        to_page: Transform,
        alpha: f32,
        /// How it goes with what is under it.
        blend: BlendMode,
        /// The part of it that shows; none for the whole.
        window: Option<Window>,
    },
}

/// A part of a picture, in its pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) left: f32,
    pub(super) top: f32,
    pub(super) width: f32,
    pub(super) height: f32,
}

impl Mark {
    /// What it covers of the page: of a line, what its middle does.
    pub(super) fn bounds(&self) -> Option<Region> {
        let mapped = |rect: Rect, to_page: &Transform| rect.transform(*to_page).map(Region::of);
        match self {
            Self::Fill { path, .. } => Some(Region::of(path.bounds())),
            Self::Line { path, to_page, .. } => mapped(path.bounds(), to_page),
            Self::Picture { pixels, to_page, .. } => {
                let (width, height) = (pixels.width() as f32, pixels.height() as f32);
                mapped(Rect::from_xywh(0.0, 0.0, width, height)?, to_page)
            }
        }
    }

    /// How far it goes beyond that.
    pub(super) fn overhang(&self) -> f32 {
        match self {
            Self::Line { stroke, to_page, .. } => {
                let (x, y) = to_page.get_scale();
                stroke.width * x.max(y) * stroke.miter_limit.max(1.0) / 2.0 + 1.0
            }
            Self::Fill { .. } | Self::Picture { .. } => 1.0,
        }
    }
}

/// Pixels of a part of a page.
#[derive(Debug)]
pub(super) struct Canvas {
    pixels: Pixmap,
    left: i32,
    top: i32,
}

impl Canvas {
    /// A page, transparent.
    pub(super) fn page(width: u32, height: u32) -> Option<Self> {
        let pixels = Pixmap::new(width, height)?;
        Some(Self {
            pixels,
            left: 0,
            top: 0,
        })
    }

    pub(super) fn into_pixels(self) -> Pixmap {
        self.pixels
    }

    pub(super) fn fill(&mut self, color: tiny_skia::Color) {
        self.pixels.fill(color);
    }

    /// What it shows of the page.
    pub(super) fn region(&self) -> Region {
        let (left, top) = (self.left as f32, self.top as f32);
        Region {
            left,
            top,
            right: left + self.pixels.width() as f32,
            bottom: top + self.pixels.height() as f32,
        }
    }

    /// Empty pixels for a part of this part. None where there is none.
    pub(super) fn layer(&self, region: &Region) -> Option<Self> {
        let own = self.region();
        let cut = Region {
            left: region.left.floor(),
            top: region.top.floor(),
            right: region.right.ceil(),
            bottom: region.bottom.ceil(),
        }
        .and(&own);
        if cut.is_empty() {
            return None;
        }
        let (width, height) = ((cut.right - cut.left) as u32, (cut.bottom - cut.top) as u32);
        let rect = IntRect::from_xywh(cut.left as i32, cut.top as i32, width, height)?;
        Some(Self {
            pixels: Pixmap::new(rect.width(), rect.height())?,
            left: rect.left(),
            top: rect.top(),
        })
    }

    fn shift(&self) -> Transform {
        Transform::from_translate(-self.left as f32, -self.top as f32)
    }

    /// Draws a mark.
    pub(super) fn put(&mut self, mark: &Mark) {
        let shift = self.shift();
        match mark {
            Mark::Fill { path, rule, ink } => {
                if let Some(paint) = paint(ink) {
                    self.pixels.fill_path(path, &paint, *rule, shift, None);
                }
            }
            Mark::Line {
                path,
                stroke,
                to_page,
                ink,
            } => {
                if let Some(paint) = paint(ink) {
                    let place = to_page.post_concat(shift);
                    let (x, y) = place.get_scale();
                    let stroke = Stroke {
                        width: stroke.width.max(THINNEST / x.max(y).max(f32::MIN_POSITIVE)),
                        ..Stroke::clone(stroke)
                    };
                    self.pixels.stroke_path(path, &paint, &stroke, place, None);
                }
            }
            Mark::Picture {
                pixels,
                to_page,
                alpha,
                blend,
                window,
            } => {
                let place = to_page.post_concat(shift);
                self.picture(pixels, place, *alpha, *blend, *window);
            }
        }
    }

    fn picture(
        &mut self,
        pixels: &Pixmap,
        place: Transform,
        alpha: f32,
        blend: BlendMode,
        window: Option<Window>,
    ) {
        let (across, down) = place.get_scale();
        let wanted = (pixels.width() as f32 * across, pixels.height() as f32 * down);
        let shrunk = super::super::picture::shrunk(pixels, wanted.0, wanted.1);
        let (drawn, place) = match &shrunk {
            Some(small) => {
                let x = pixels.width() as f32 / small.width() as f32;
                let y = pixels.height() as f32 / small.height() as f32;
                (small, place.pre_scale(x, y))
            }
            None => (pixels, place),
        };
        // Enlarged, the modules of a QR code keep their edges.
        let is_enlarged = across.min(down) > 2.0;
        let quality = if is_enlarged {
            FilterQuality::Nearest
        } else {
            FilterQuality::Bilinear
        };
        let paint = Paint {
            shader: Pattern::new(
                drawn.as_ref(),
                SpreadMode::Pad,
                quality,
                alpha,
                Transform::identity(),
            ),
            blend_mode: blend,
            anti_alias: true,
            ..Paint::default()
        };
        let (wide, high) = (drawn.width() as f32, drawn.height() as f32);
        let sides = match window {
            None => Rect::from_xywh(0.0, 0.0, wide, high),
            Some(part) => {
                let (x, y) = (wide / pixels.width() as f32, high / pixels.height() as f32);
                Rect::from_ltrb(
                    (part.left * x).max(0.0),
                    (part.top * y).max(0.0),
                    ((part.left + part.width) * x).min(wide),
                    ((part.top + part.height) * y).min(high),
                )
            }
        };
        if let Some(sides) = sides {
            let path = PathBuilder::from_rect(sides);
            self.pixels
                .fill_path(&path, &paint, FillRule::Winding, place, None);
        }
    }

    /// Puts a layer back, as far as the areas let it show.
    pub(super) fn put_layer(&mut self, mut layer: Self, clips: &[Vec<(Path, FillRule)>], alpha: f32) {
        for areas in clips {
            let Some(mut mask) = Mask::new(layer.pixels.width(), layer.pixels.height()) else {
                return;
            };
            for (path, rule) in areas {
                mask.fill_path(path, *rule, true, layer.shift());
            }
            layer.pixels.apply_mask(&mask);
        }
        let paint = PixmapPaint {
            opacity: alpha,
            ..PixmapPaint::default()
        };
        self.pixels.draw_pixmap(
            layer.left - self.left,
            layer.top - self.top,
            layer.pixels.as_ref(),
            &paint,
            Transform::identity(),
            None,
        );
    }
}

fn paint(ink: &Ink) -> Option<Paint<'_>> {
    Some(Paint {
        shader: ink.shader()?,
        anti_alias: true,
        ..Paint::default()
    })
}
