//! Impressions (印模): the picture of a seal, drawn as vector outlines in true size.
//!
//! Takes an [`ImpressionSpec`] and the outlines of a bold Song face; gives a [`Drawing`] of paths
//! only. No font is named in it, so no other machine's fonts can change what was registered.
//!
//! Figures: 国发〔1999〕25号 for diameters and for the name running left to right around the centre in
//! Song type; the filing practice for organisation seals for the rest (42 mm, ring 1.2 mm, star of a
//! third of the diameter with one point up, purpose horizontally under the centre).

use serde::{Deserialize, Serialize};

use crate::crypto::sha256;
use crate::face::{Color, Drawing, FontBook, FontRole, Item, Mm, Path, Segment};

mod fit;
mod outline;
mod preview;

pub use fit::MAX_NAME_CHARS;
use fit::{Cell, Layout};
pub use preview::preview_svg;

/// Outer form of a seal with its true size.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "form", deny_unknown_fields)]
pub enum Shape {
    /// A circle: every official seal.
    Round {
        /// Outer diameter.
        diameter: Mm,
    },
    /// An ellipse lying on its side: invoice and tax supervision seals.
    Ellipse {
        /// Outer width.
        width: Mm,
        /// Outer height.
        height: Mm,
    },
    /// A square: name seals of persons, small finance seals. Carries a name and nothing else.
    Square {
        /// Outer side.
        side: Mm,
        /// Order of the characters.
        reading: Reading,
    },
}

/// Order of the characters in a square seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reading {
    /// Columns from right to left, as on name seals.
    Columns,
    /// Rows from top to bottom.
    Rows,
}

/// What stands in the centre.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
pub enum Centre {
    /// Nothing.
    Empty,
    /// A five-pointed star, one point up; a third of the smaller diameter from tip to tip.
    Star,
    /// A place kept free for an emblem.
    Reserved {
        /// Diameter of the place.
        diameter: Mm,
    },
}

/// Everything an impression is drawn from. Lengths are millimetres on a grid of 0.001.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ImpressionSpec {
    /// Outer form and size.
    #[serde(default = "default_shape")]
    pub shape: Shape,
    /// Width of the outer ring.
    #[serde(default = "default_ring")]
    pub ring: Mm,
    /// Width of a thin second ring inside the first; none for no second ring.
    #[serde(default)]
    pub inner_ring: Option<Mm>,
    /// What stands in the centre.
    #[serde(default = "default_centre")]
    pub centre: Centre,
    /// Name of the owner, on an arc.
    pub name: String,
    /// What the seal is for (电子证照专用章), horizontally under the centre.
    #[serde(default)]
    pub purpose: Option<String>,
    /// Filing number along the lower arc.
    #[serde(default)]
    pub number: Option<String>,
    /// Red, green and blue of the ink.
    #[serde(default = "default_ink")]
    pub ink: [u8; 3],
}

impl ImpressionSpec {
    /// A department's seal as commonly filed: round, 42 mm, ring 1.2 mm, star, red.
    pub fn department(name: &str) -> Self {
        Self {
            shape: default_shape(),
            ring: default_ring(),
            inner_ring: None,
            centre: default_centre(),
            name: name.to_owned(),
            purpose: None,
            number: None,
            ink: default_ink(),
        }
    }

    /// The same with a purpose line.
    #[must_use]
    pub fn with_purpose(mut self, purpose: &str) -> Self {
        self.purpose = Some(purpose.to_owned());
        self
    }

    /// The same with a filing number.
    #[must_use]
    pub fn with_number(mut self, number: &str) -> Self {
        self.number = Some(number.to_owned());
        self
    }

    /// Outer width and height.
    pub fn size(&self) -> (Mm, Mm) {
        match self.shape {
            Shape::Round { diameter } => (diameter, diameter),
            Shape::Ellipse { width, height } => (width, height),
            Shape::Square { side, .. } => (side, side),
        }
    }
}

/// Why an impression could not be drawn.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ImpressionError {
    /// A length lies outside what a seal can have.
    #[error("印模{part}为 {value} mm，应在 {least} 至 {most} mm 之间 ({part} outside its range)")]
    BadLength {
        /// Which length.
        part: &'static str,
        /// Its value.
        value: Mm,
        /// Smallest allowed.
        least: Mm,
        /// Largest allowed.
        most: Mm,
    },
    /// A text is empty, or has characters that cannot stand there.
    #[error("印模{part}“{text}”不可用：{reason}")]
    BadText {
        /// Which text.
        part: &'static str,
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A text does not fit in legible size without touching something else.
    #[error("印模{part}过长（{chars} 字），请用规范简称或加大尺寸 ({part} does not fit)")]
    DoesNotFit {
        /// Which text.
        part: &'static str,
        /// How many characters it has.
        chars: usize,
    },
    /// No font has the character.
    #[error("印模{part}中的“{ch}”（U+{:04X}）没有字形，请安装含该字的宋体", u32::from(*.ch))]
    MissingGlyph {
        /// Which text.
        part: &'static str,
        /// The character.
        ch: char,
    },
    /// A square seal carries a name only.
    #[error("方形印章只能有名称，不能有{part}")]
    NotOnSquare {
        /// What it cannot have.
        part: &'static str,
    },
}

/// Draws an impression in its true size; the drawing's box is the seal's outer box.
pub fn draw(spec: &ImpressionSpec, book: &FontBook) -> Result<Drawing, ImpressionError> {
    draw_from(spec, &|ch| {
        let (font, gid) = book.glyph(FontRole::SongBold, ch)?;
        Some(GlyphOutline {
            segments: book.outline(font, gid),
            advance: book.advance(font, gid),
        })
    })
}

/// SHA-256 of the compact form of a drawing ([`encode_paths`]): what "the same picture" means.
pub fn digest_of(drawing: &Drawing) -> [u8; 32] {
    sha256(&encode_paths(drawing))
}

pub use outline::{PathsError, decode_paths, encode_paths};

/// A glyph as the layout needs it: em units, y upwards.
struct GlyphOutline {
    segments: Vec<Segment>,
    advance: f32,
}

fn draw_from(
    spec: &ImpressionSpec,
    glyphs: &dyn Fn(char) -> Option<GlyphOutline>,
) -> Result<Drawing, ImpressionError> {
    check(spec)?;
    let layout = fit::lay_out(spec)?;
    let (width, height) = spec.size();
    let ink = Color(spec.ink[0], spec.ink[1], spec.ink[2]);
    let mut drawing = Drawing {
        width,
        height,
        items: Vec::new(),
    };
    let mut add = |segments: Vec<Segment>, even_odd: bool| {
        if !segments.is_empty() {
            drawing.items.push(Item::Path(Path {
                segments,
                fill: Some(ink),
                even_odd,
                stroke: None,
                alpha: 1.0,
            }));
        }
    };
    add(outline::frame(spec, 0.0, f64::from(spec.ring)), true);
    if let Some(inner) = spec.inner_ring {
        let from = f64::from(spec.ring) + fit::INNER_RING_GAP * layout.scale;
        add(outline::frame(spec, from, from + f64::from(inner)), true);
    }
    if spec.centre == Centre::Star {
        let (cx, cy) = (f64::from(width) / 2.0, f64::from(height) / 2.0);
        add(outline::star(cx, cy, layout.centre_radius), false);
    }
    let Layout {
        name,
        purpose,
        number,
        ..
    } = &layout;
    for (part, cells) in [("名称", name), ("用途", purpose), ("编号", number)] {
        let mut segments = Vec::new();
        for (ch, cell) in cells {
            let glyph = glyphs(*ch).ok_or(ImpressionError::MissingGlyph { part, ch: *ch })?;
            outline::put_glyph(&mut segments, &glyph, cell, ch.is_ascii());
        }
        add(segments, false);
    }
    Ok(drawing)
}

fn check(spec: &ImpressionSpec) -> Result<(), ImpressionError> {
    let in_range = |part, value: Mm, least: Mm, most: Mm| {
        if (least..=most).contains(&value) {
            Ok(())
        } else {
            Err(ImpressionError::BadLength {
                part,
                value,
                least,
                most,
            })
        }
    };
    // The largest official seal has 60 mm, the State Council's; name seals begin near 12 mm.
    let smaller = match spec.shape {
        Shape::Round { diameter } => {
            in_range("直径", diameter, 18.0, 60.0)?;
            diameter
        }
        Shape::Ellipse { width, height } => {
            in_range("宽度", width, 20.0, 60.0)?;
            in_range("高度", height, width * 0.5, width)?;
            height
        }
        Shape::Square { side, .. } => {
            in_range("边长", side, 10.0, 40.0)?;
            for (part, given) in [
                ("用途", spec.purpose.is_some()),
                ("编号", spec.number.is_some()),
                ("中心图形", spec.centre != Centre::Empty),
            ] {
                if given {
                    return Err(ImpressionError::NotOnSquare { part });
                }
            }
            side
        }
    };
    in_range("边框宽度", spec.ring, 0.2, smaller / 12.0)?;
    if let Some(inner) = spec.inner_ring {
        in_range("内圈宽度", inner, 0.1, spec.ring)?;
    }
    if let Centre::Reserved { diameter } = spec.centre {
        in_range("中心图形直径", diameter, smaller * 0.1, smaller * 0.45)?;
    }
    check_text("名称", &spec.name)?;
    if let Some(purpose) = &spec.purpose {
        check_text("用途", purpose)?;
    }
    if let Some(number) = &spec.number {
        check_text("编号", number)?;
        if !number
            .bytes()
            .all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
        {
            return Err(ImpressionError::BadText {
                part: "编号",
                text: number.clone(),
                reason: "只能有数字和大写字母",
            });
        }
    }
    Ok(())
}

fn check_text(part: &'static str, text: &str) -> Result<(), ImpressionError> {
    let reason = if text.is_empty() {
        "不能为空"
    } else if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        "不能有空格、换行或控制字符"
    } else {
        return Ok(());
    };
    Err(ImpressionError::BadText {
        part,
        text: text.to_owned(),
        reason,
    })
}

/// Nearest point of the 0.001 mm grid all impressions lie on.
fn grid(mm: f64) -> Mm {
    ((mm * 1000.0).round() / 1000.0) as Mm
}

fn default_shape() -> Shape {
    Shape::Round { diameter: 42.0 }
}

fn default_ring() -> Mm {
    1.2
}

fn default_centre() -> Centre {
    Centre::Star
}

fn default_ink() -> [u8; 3] {
    [0xE6, 0x00, 0x12]
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::face::FontConfig;

    static BOOK: LazyLock<FontBook> = LazyLock::new(|| FontBook::load(&FontConfig::default()).unwrap());

    /// Names of 4 to 28 characters, as authorities and enterprises have them.
    const NAMES: [&str; 9] = [
        "示范公司",
        "示范区教育局",
        "示范市示范区林业局",
        "示范市示范区自然资源局",
        "示范市示范区市场监督管理局",
        "示范省示范市示范区卫生健康委员会",
        "示范省示范市示范区文化广电体育和旅游局",
        "示范省示范市示范区人力资源和社会保障局行政审批科",
        "示范省示范市示范区住房和城乡建设局建筑工程质量安全监督站",
    ];

    /// Every kind of impression the rules allow, for looking at and for checking.
    fn samples() -> Vec<ImpressionSpec> {
        let mut specs = Vec::new();
        for name in NAMES {
            let plain = ImpressionSpec::department(name);
            specs.push(plain.clone());
            specs.push(plain.clone().with_number("4100000012345"));
            specs.push(plain.clone().with_purpose("电子证照专用章"));
            specs.push(plain.with_purpose("电子证照专用章").with_number("41000000123456"));
        }
        let small = Shape::Round { diameter: 38.0 };
        specs.push(ImpressionSpec {
            shape: small,
            ..specs[17].clone()
        });
        specs.push(ImpressionSpec {
            shape: small,
            ..specs[19].clone()
        });
        specs.push(ImpressionSpec {
            shape: Shape::Round { diameter: 45.0 },
            centre: Centre::Reserved { diameter: 17.0 },
            name: "示范市示范区人民政府".to_owned(),
            ..specs[0].clone()
        });
        specs.push(ImpressionSpec {
            inner_ring: Some(0.25),
            name: "示范省（示范）工程管理有限责任公司".to_owned(),
            ..specs[3].clone()
        });
        let oval = ImpressionSpec {
            shape: Shape::Ellipse {
                width: 45.0,
                height: 30.0,
            },
            ring: 1.0,
            centre: Centre::Empty,
            ..specs[10].clone()
        };
        specs.push(oval.clone());
        specs.push(ImpressionSpec {
            shape: Shape::Ellipse {
                width: 30.0,
                height: 20.0,
            },
            ring: 0.7,
            name: "示范市税务局".to_owned(),
            purpose: Some("监制章".to_owned()),
            ..oval
        });
        for (name, side, reading) in [
            ("张示范印", 18.0, Reading::Columns),
            ("王示范", 18.0, Reading::Columns),
            ("示范公司财务专用章", 22.0, Reading::Rows),
        ] {
            specs.push(ImpressionSpec {
                shape: Shape::Square { side, reading },
                ring: 0.8,
                centre: Centre::Empty,
                ..ImpressionSpec::department(name)
            });
        }
        specs
    }

    /// Set `CERTSEAL_LOOK` to a folder to look at every sample as SVG.
    #[test]
    fn every_sample_is_drawn_inside_its_box_with_paths_only() {
        let folder = std::env::var_os("CERTSEAL_LOOK").map(std::path::PathBuf::from);
        for (i, spec) in samples().iter().enumerate() {
            let drawing = draw(spec, &BOOK).unwrap_or_else(|e| panic!("{}: {e}", spec.name));
            assert_eq!((drawing.width, drawing.height), spec.size());
            for item in &drawing.items {
                let Item::Path(path) = item else {
                    panic!("{}: not a path", spec.name)
                };
                for segment in &path.segments {
                    if let Segment::Move(x, y) | Segment::Line(x, y) | Segment::Cubic(_, _, _, _, x, y) =
                        segment
                    {
                        assert!((0.0..=drawing.width).contains(x), "{}: x {x}", spec.name);
                        assert!((0.0..=drawing.height).contains(y), "{}: y {y}", spec.name);
                    }
                }
            }
            if let Some(folder) = &folder {
                std::fs::write(folder.join(format!("{i:02}.svg")), preview_svg(&drawing)).unwrap();
            }
        }
    }

    /// What [`fit`] keeps apart are cells; this shows that ink stays in its cell.
    #[test]
    fn ink_stays_in_its_cell() {
        for spec in samples() {
            let layout = fit::lay_out(&spec).unwrap();
            for (ch, cell) in layout.name.iter().chain(&layout.purpose).chain(&layout.number) {
                let (font, gid) = BOOK.glyph(FontRole::SongBold, *ch).unwrap();
                let glyph = GlyphOutline {
                    segments: BOOK.outline(font, gid),
                    advance: BOOK.advance(font, gid),
                };
                let mut segments = Vec::new();
                outline::put_glyph(&mut segments, &glyph, cell, ch.is_ascii());
                for segment in segments {
                    if let Segment::Move(x, y) | Segment::Line(x, y) | Segment::Cubic(_, _, _, _, x, y) =
                        segment
                    {
                        let out = cell.distance_from(f64::from(x), f64::from(y));
                        assert!(out < 0.12, "{} {ch}: {out:.3} mm outside", spec.name);
                    }
                }
            }
        }
    }

    #[test]
    fn the_compact_form_is_lossless_and_canonical() {
        for spec in samples() {
            let drawing = draw(&spec, &BOOK).unwrap();
            let bytes = encode_paths(&drawing);
            assert!(
                bytes.len() < 40 << 10,
                "{} takes {} bytes",
                spec.name,
                bytes.len()
            );
            assert_eq!(decode_paths(&bytes).unwrap(), drawing, "{}", spec.name);
            assert_eq!(digest_of(&drawing), digest_of(&draw(&spec, &BOOK).unwrap()));
        }
        let bytes = encode_paths(&draw(&samples()[16], &BOOK).unwrap());
        for cut in 0..bytes.len().min(2000) {
            assert!(decode_paths(&bytes[..cut]).is_err() || cut > 0);
            for flipped in [0x55, 0x80, 0x01] {
                let mut bytes = bytes.clone();
                bytes[cut] ^= flipped;
                if let Ok(drawing) = decode_paths(&bytes) {
                    assert_eq!(encode_paths(&drawing), bytes);
                }
            }
            // The same number in more bytes than it needs.
            if bytes[cut] < 0x80 {
                let mut longer = bytes.clone();
                longer.splice(cut..=cut, [bytes[cut] | 0x80, 0]);
                if let Ok(drawing) = decode_paths(&longer) {
                    assert_eq!(encode_paths(&drawing), longer);
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_a_seal_is_refused_with_the_reason() {
        use ImpressionError as E;

        let good = ImpressionSpec::department("示范市示范区教育局");
        let refused = |change: &dyn Fn(&mut ImpressionSpec)| {
            let mut spec = good.clone();
            change(&mut spec);
            draw(&spec, &BOOK).unwrap_err()
        };
        assert!(matches!(
            refused(&|s| s.shape = Shape::Round { diameter: 90.0 }),
            E::BadLength { part: "直径", .. }
        ));
        assert!(matches!(
            refused(&|s| s.ring = f32::NAN),
            E::BadLength {
                part: "边框宽度", ..
            }
        ));
        assert!(matches!(
            refused(&|s| s.name.clear()),
            E::BadText { part: "名称", .. }
        ));
        assert!(matches!(
            refused(&|s| s.name = "示范 局".into()),
            E::BadText { .. }
        ));
        assert!(matches!(
            refused(&|s| s.name = "示".repeat(45)),
            E::DoesNotFit {
                part: "名称",
                chars: 45
            }
        ));
        assert!(matches!(
            refused(&|s| s.purpose = Some("电子证照".repeat(6))),
            E::DoesNotFit {
                part: "用途",
                chars: 24
            }
        ));
        assert!(matches!(
            refused(&|s| s.number = Some("1".repeat(40))),
            E::DoesNotFit { part: "编号", .. }
        ));
        assert!(matches!(
            refused(&|s| s.number = Some("一二".into())),
            E::BadText { .. }
        ));
        assert!(matches!(
            refused(&|s| s.name = "示范\u{E000}局".into()),
            E::MissingGlyph {
                part: "名称",
                ch: '\u{E000}'
            }
        ));
        let square = Shape::Square {
            side: 18.0,
            reading: Reading::Columns,
        };
        assert!(matches!(refused(&|s| s.shape = square), E::NotOnSquare { .. }));
    }
}
