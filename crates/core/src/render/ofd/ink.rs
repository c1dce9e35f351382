//! Colours as they are put on pixels (clause 8.3).

use tiny_skia::{Color, GradientStop, LinearGradient, Point, RadialGradient, Shader, SpreadMode, Transform};

use super::super::note::{NoteKind, Notes};
use crate::document::ofd::{self, Gradient, GradientShape, Known, Spread};

/// What is put on pixels.
#[derive(Debug, Clone)]
pub(super) enum Ink {
    /// One colour.
    Plain(Color),
    /// One that runs from place to place.
    Shaded {
        shape: GradientShape,
        stops: Vec<GradientStop>,
        spread: SpreadMode,
        /// From the space it is stated in.
        placed: Transform,
    },
}

impl Ink {
    pub(super) fn shader(&self) -> Option<Shader<'static>> {
        match self {
            Self::Plain(color) => Some(Shader::SolidColor(*color)),
            Self::Shaded {
                shape,
                stops,
                spread,
                placed,
            } => {
                let point = |(x, y): (f64, f64)| Point::from_xy(x as f32, y as f32);
                let stops = stops.clone();
                match *shape {
                    GradientShape::Axial { start, end } => {
                        LinearGradient::new(point(start), point(end), stops, *spread, *placed)
                    }
                    GradientShape::Radial { start, end, .. } => RadialGradient::new(
                        point((start.0, start.1)),
                        start.2 as f32,
                        point((end.0, end.1)),
                        end.2 as f32,
                        stops,
                        *spread,
                        *placed,
                    ),
                }
            }
        }
    }

    /// The same for a mark that is put on the page from the space of its object.
    pub(super) fn in_place(&self) -> Self {
        match self.clone() {
            Self::Shaded {
                shape, stops, spread, ..
            } => Self::Shaded {
                shape,
                stops,
                spread,
                placed: Transform::identity(),
            },
            plain @ Self::Plain(_) => plain,
        }
    }

    /// Whether nothing of it shows.
    pub(super) fn is_clear(&self) -> bool {
        matches!(self, Self::Plain(color) if color.alpha() <= 0.0)
    }
}

/// The ink of a colour, black where none is stated. `placed` brings the space of the object onto the page.
pub(super) fn ink(
    color: Option<&ofd::Color>,
    alpha: f32,
    placed: Transform,
    known: &Known<'_, '_>,
    notes: &mut Notes,
) -> Ink {
    let Some(color) = color else {
        return Ink::Plain(with_alpha(Color::BLACK, alpha));
    };
    let Some(pattern) = &color.pattern else {
        return Ink::Plain(plain(color, alpha, known, notes));
    };
    let shaded = color
        .gradient
        .as_ref()
        .and_then(|gradient| shaded(gradient, color, alpha, placed, known, notes));
    shaded.unwrap_or_else(|| {
        notes.add(NoteKind::Pattern, pattern.as_str());
        let first = color.first.as_deref().unwrap_or(color);
        Ink::Plain(plain(first, alpha * opacity(color), known, notes))
    })
}

fn shaded(
    gradient: &Gradient,
    color: &ofd::Color,
    alpha: f32,
    placed: Transform,
    known: &Known<'_, '_>,
    notes: &mut Notes,
) -> Option<Ink> {
    let whole = alpha * opacity(color);
    let last = gradient.stops.len().checked_sub(1)?.max(1) as f64;
    let mut stops: Vec<GradientStop> = Vec::with_capacity(gradient.stops.len() + 2);
    for (number, stop) in gradient.stops.iter().enumerate() {
        let position = stop.position.unwrap_or(number as f64 / last) as f32;
        stops.push(GradientStop::new(
            position,
            plain(&stop.color, whole, known, notes),
        ));
    }
    let spread = match gradient.spread {
        Spread::Direct => SpreadMode::Pad,
        Spread::Repeat => SpreadMode::Repeat,
        Spread::Reflect => SpreadMode::Reflect,
    };
    let is_elliptic = matches!(gradient.shape, GradientShape::Radial { elliptic: true, .. });
    if is_elliptic || (spread != SpreadMode::Pad && gradient.unit.is_some()) {
        notes.add(NoteKind::Pattern, "MapUnit, Eccentricity");
    }
    // Where it does not go on, nothing stands.
    if spread == SpreadMode::Pad {
        let [before, behind] = gradient.extend;
        if !before {
            stops.insert(0, GradientStop::new(0.0, Color::TRANSPARENT));
        }
        if !behind {
            stops.push(GradientStop::new(1.0, Color::TRANSPARENT));
        }
    }
    let ink = Ink::Shaded {
        shape: gradient.shape,
        stops,
        spread,
        placed,
    };
    ink.shader().is_some().then_some(ink)
}

fn opacity(color: &ofd::Color) -> f32 {
    (color.alpha / 255.0).clamp(0.0, 1.0) as f32
}

fn with_alpha(mut color: Color, alpha: f32) -> Color {
    color.apply_opacity(alpha);
    color
}

/// A plain colour. Channels without a space are taken by their number; RGB is the usual one.
fn plain(color: &ofd::Color, alpha: f32, known: &Known<'_, '_>, notes: &mut Notes) -> Color {
    let space = color.color_space.and_then(|id| known.color_space(id));
    if let (Some(id), None) = (color.color_space, space) {
        notes.add(NoteKind::ColorSpace, id.to_string());
    }
    if let Some(profile) = space.and_then(|space| space.profile.as_ref()) {
        notes.add(NoteKind::ColorProfile, profile.stated.as_str());
    }
    let bits = space.and_then(|space| space.bits).unwrap_or(8).clamp(1, 16);
    let most = f64::from((1_u32 << bits) - 1);
    let value = |channel: &f64| (channel / most).clamp(0.0, 1.0) as f32;
    let channels: Vec<f32> = color.value.iter().map(value).collect();
    let kind = space.and_then(|space| space.kind.as_deref()).unwrap_or_default();
    let (red, green, blue) = match (kind.to_ascii_uppercase().as_str(), &channels[..]) {
        (_, []) => (0.0, 0.0, 0.0),
        (_, [gray] | [gray, _]) | ("GRAY", [gray, ..]) => (*gray, *gray, *gray),
        (_, [cyan, magenta, yellow, black]) => {
            let light = |ink: f32| (1.0 - ink) * (1.0 - black);
            (light(*cyan), light(*magenta), light(*yellow))
        }
        (_, [red, green, blue, ..]) => (*red, *green, *blue),
    };
    let alpha = alpha * opacity(color);
    Color::from_rgba(red, green, blue, alpha.clamp(0.0, 1.0)).unwrap_or(Color::BLACK)
}
