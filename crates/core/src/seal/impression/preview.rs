//! A picture of an impression for people at a screen.

#![allow(clippy::many_single_char_names)] // coordinates

use std::fmt::Write as _;

use crate::face::{Color, Drawing, Item, Path, Segment};

/// An impression as an SVG file in true size. Impressions hold paths; a drawing's texts and pictures,
/// which need fonts and decoders, are not shown.
pub fn preview_svg(drawing: &Drawing) -> String {
    let (width, height) = (drawing.width, drawing.height);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}mm\" height=\"{height}mm\" \
         viewBox=\"0 0 {width} {height}\">\n"
    );
    for item in &drawing.items {
        if let Item::Path(path) = item {
            write_path(&mut svg, path);
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn write_path(svg: &mut String, path: &Path) {
    svg.push_str("<path d=\"");
    for segment in &path.segments {
        // Writing to a String cannot fail.
        let _ = match segment {
            Segment::Move(x, y) => write!(svg, "M{x} {y}"),
            Segment::Line(x, y) => write!(svg, "L{x} {y}"),
            Segment::Cubic(a, b, c, d, x, y) => write!(svg, "C{a} {b} {c} {d} {x} {y}"),
            Segment::Close => write!(svg, "Z"),
        };
    }
    svg.push('"');
    match path.fill {
        Some(color) => {
            let _ = write!(svg, " fill=\"{}\"", rgb(color));
            if path.even_odd {
                svg.push_str(" fill-rule=\"evenodd\"");
            }
        }
        None => svg.push_str(" fill=\"none\""),
    }
    if let Some(stroke) = &path.stroke {
        let _ = write!(
            svg,
            " stroke=\"{}\" stroke-width=\"{}\"",
            rgb(stroke.color),
            stroke.width
        );
        if !stroke.dash.is_empty() {
            let dash: Vec<String> = stroke.dash.iter().map(ToString::to_string).collect();
            let _ = write!(svg, " stroke-dasharray=\"{}\"", dash.join(" "));
        }
    }
    if path.alpha < 1.0 {
        let _ = write!(svg, " opacity=\"{}\"", path.alpha);
    }
    svg.push_str("/>\n");
}

fn rgb(Color(r, g, b): Color) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::Stroke;

    #[test]
    fn fills_strokes_and_rules_are_said() {
        let path = Path {
            segments: vec![
                Segment::Move(1.0, 2.5),
                Segment::Line(3.0, 2.5),
                Segment::Cubic(3.0, 3.0, 2.0, 4.0, 1.0, 4.0),
                Segment::Close,
            ],
            fill: Some(Color(0xE6, 0, 0x12)),
            even_odd: true,
            stroke: None,
            alpha: 1.0,
        };
        let line = Path {
            fill: None,
            even_odd: false,
            stroke: Some(Stroke {
                color: Color(0, 0, 0),
                width: 0.2,
                dash: vec![1.0, 0.5],
            }),
            alpha: 0.5,
            ..path.clone()
        };
        let svg = preview_svg(&Drawing {
            width: 42.0,
            height: 30.5,
            items: vec![Item::Path(path), Item::Path(line)],
        });
        assert_eq!(
            svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"42mm\" height=\"30.5mm\" viewBox=\"0 0 42 30.5\">\n\
             <path d=\"M1 2.5L3 2.5C3 3 2 4 1 4Z\" fill=\"#e60012\" fill-rule=\"evenodd\"/>\n\
             <path d=\"M1 2.5L3 2.5C3 3 2 4 1 4Z\" fill=\"none\" stroke=\"#000000\" stroke-width=\"0.2\" \
             stroke-dasharray=\"1 0.5\" opacity=\"0.5\"/>\n\
             </svg>\n"
        );
    }
}
