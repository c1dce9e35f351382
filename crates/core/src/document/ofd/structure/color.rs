//! Colours (clause 8.3): plain ones, and those that change from place to place.

use super::super::{
    deviation::Deviations,
    error::OfdError,
    values::{Array, Id, ReadValue as _},
    xml::Element,
};

/// Channels of a colour: GB/T 33190 has up to four.
const MAX_CHANNELS: usize = 32;
/// Stops of a gradient: drawing programs make under twenty.
const MAX_STOPS: usize = 256;

/// CT_Color (clause 8.3).
#[derive(Debug, Clone, PartialEq)]
pub struct Color {
    /// Values of its channels.
    pub value: Vec<f64>,
    /// Its colour space; none for the one of the document.
    pub color_space: Option<Id>,
    /// Opacity from 0 to 255.
    pub alpha: f64,
    /// `Pattern`, `AxialShd`, `RadialShd` and others that are no plain colour, or `Palette` for one of a palette.
    pub pattern: Option<String>,
    /// What AxialShd or RadialShd says; none where there is no such, or it cannot be read.
    pub gradient: Option<Box<Gradient>>,
    /// The first plain colour in a pattern or gradient.
    pub first: Option<Box<Color>>,
}

/// A colour that runs along a line or from circle to circle (clause 8.3.4).
#[derive(Debug, Clone, PartialEq)]
pub struct Gradient {
    /// Along what.
    pub shape: GradientShape,
    /// Colours, by their place from 0 to 1.
    pub stops: Vec<Stop>,
    /// How it goes on between its ends.
    pub spread: Spread,
    /// Length of one run where it is repeated, in millimetres; none for the whole.
    pub unit: Option<f64>,
    /// Whether it goes on before its start, and behind its end.
    pub extend: [bool; 2],
}

/// What a gradient runs along.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum GradientShape {
    /// A line from point to point.
    Axial {
        /// Where it starts.
        start: (f64, f64),
        /// Where it ends.
        end: (f64, f64),
    },
    /// From circle to circle.
    Radial {
        /// Centre and radius.
        start: (f64, f64, f64),
        /// Centre and radius.
        end: (f64, f64, f64),
        /// Whether they are ellipses.
        elliptic: bool,
    },
}

/// One colour of a gradient.
#[derive(Debug, Clone, PartialEq)]
pub struct Stop {
    /// From 0 to 1; none for even steps.
    pub position: Option<f64>,
    /// Its colour.
    pub color: Color,
}

/// MapType.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// Once.
    Direct,
    /// Again and again.
    Repeat,
    /// There and back.
    Reflect,
}

/// The colour in the one element of this name.
pub(super) fn color_of(
    parent: Element<'_>,
    name: &str,
    deviations: &mut Deviations,
) -> Result<Option<Color>, OfdError> {
    Ok(parent.one(name)?.map(|element| color(element, deviations)))
}

fn color(element: Element<'_>, deviations: &mut Deviations) -> Color {
    let plain = plain(element, deviations);
    let Some(inner) = element.elements().next() else {
        return plain;
    };
    Color {
        pattern: Some(inner.name().to_owned()),
        gradient: gradient(inner, deviations).map(Box::new),
        first: first(inner, deviations).map(Box::new),
        ..plain
    }
}

/// What stands in the attributes of a colour.
fn plain(element: Element<'_>, deviations: &mut Deviations) -> Color {
    let value: Option<Array> = element.value("Value", deviations);
    let value = value.filter(|value| value.0.len() <= MAX_CHANNELS);
    Color {
        value: value.map(|array| array.0).unwrap_or_default(),
        color_space: element.value("ColorSpace", deviations),
        alpha: element.value("Alpha", deviations).unwrap_or(255.0),
        pattern: element
            .attribute("Index")
            .filter(|_| element.attribute("Value").is_none())
            .map(|_| "Palette".to_owned()),
        gradient: None,
        first: None,
    }
}

/// The first element in document order that says a colour.
fn first(element: Element<'_>, deviations: &mut Deviations) -> Option<Color> {
    // The depth of elements is bounded by the parser.
    element.elements().find_map(|inner| {
        let is_color = inner.name().ends_with("Color") && inner.attribute("Value").is_some();
        if is_color {
            Some(plain(inner, deviations))
        } else {
            first(inner, deviations)
        }
    })
}

fn gradient(element: Element<'_>, deviations: &mut Deviations) -> Option<Gradient> {
    let point = |name: &str| -> Option<(f64, f64)> {
        let [x, y] = Array::read(element.attribute(name)?.trim())?.0.try_into().ok()?;
        Some((x, y))
    };
    let (start, end) = (point("StartPoint")?, point("EndPoint")?);
    let mut number = |name: &str| -> Option<f64> { element.value(name, deviations) };
    let shape = match element.name() {
        "AxialShd" => GradientShape::Axial { start, end },
        "RadialShd" => GradientShape::Radial {
            start: (start.0, start.1, number("StartRadius").unwrap_or_default()),
            end: (end.0, end.1, number("EndRadius")?),
            elliptic: number("Eccentricity").is_some_and(|value| value != 0.0),
        },
        _ => return None,
    };
    let unit = number("MapUnit");
    let extend: Option<u32> = element.value("Extend", deviations);
    let extend = extend.unwrap_or_default();
    // The schema of the standard writes the stops of RadialShd "Seqment".
    let segments = element
        .elements()
        .filter(|inner| matches!(inner.name(), "Segment" | "Seqment"));
    let mut stops = Vec::new();
    for segment in segments.take(MAX_STOPS) {
        stops.push(Stop {
            position: segment.value("Position", deviations),
            color: plain(segment.all("Color").next()?, deviations),
        });
    }
    Some(Gradient {
        shape,
        stops,
        spread: match element.attribute("MapType") {
            Some("Repeat") => Spread::Repeat,
            Some("Reflect") => Spread::Reflect,
            _ => Spread::Direct,
        },
        unit,
        extend: [extend & 1 != 0, extend & 2 != 0],
    })
}
