//! The template file (`face.toml`, `_layouts/<name>.toml`) as written. Lengths are millimetres.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    Color, FontRole, Mm, Rect,
    text::{Align, VAlign},
};

/// `[x, y, width, height]`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(from = "[f32; 4]")]
pub(super) struct Place(pub(super) Rect);

impl From<[f32; 4]> for Place {
    fn from([x, y, w, h]: [f32; 4]) -> Place {
        Place(Rect { x, y, w, h })
    }
}

/// A colour: `#rrggbb` or a name of the palette.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub(super) struct Paint(pub(super) String);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct TemplateFile {
    pub(super) page: Page,
    /// Colours by name; `main` and `accent` may be given per department below.
    #[serde(default)]
    pub(super) palette: BTreeMap<String, String>,
    /// Colours that replace those of `palette` for one department's types.
    #[serde(default)]
    pub(super) department: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(default)]
    pub(super) art: Vec<Art>,
    pub(super) title: Option<Title>,
    pub(super) slots: Slots,
    #[serde(default, rename = "field")]
    pub(super) fields: Vec<FieldSpec>,
    #[serde(default, rename = "flow")]
    pub(super) flows: Vec<Flow>,
    #[serde(default, rename = "paragraph")]
    pub(super) paragraphs: Vec<Paragraph>,
    pub(super) sign: Sign,
    pub(super) identifier: Setting,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Page {
    pub(super) width: Mm,
    pub(super) height: Mm,
}

/// Places for what others supply.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Slots {
    /// Portrait; used when the type has a photo field.
    pub(super) photo: Option<Place>,
    pub(super) qr: Place,
    /// Centre of the seal impression.
    pub(super) seal: [f32; 2],
    /// Kept free for the national emblem, which the department supplies.
    pub(super) emblem: Option<Place>,
}

/// Vector art; see [`super::art`].
#[derive(Debug, Deserialize)]
#[serde(
    deny_unknown_fields,
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    tag = "kind"
)]
pub(super) enum Art {
    /// Nested sine waves along the four sides, rosettes in the corners.
    Border {
        rect: Place,
        band: Mm,
        #[serde(default = "three")]
        lines: u16,
        /// Aimed-at length of a half wave.
        #[serde(default = "nine")]
        half_wave: Mm,
        color: Paint,
        /// Colour of a second set, half a wave behind.
        second: Option<Paint>,
        #[serde(default = "fine")]
        width: Mm,
        #[serde(default)]
        corner: Corner,
    },
    /// Brackets at the four corners of a rectangle.
    Corners {
        rect: Place,
        length: Mm,
        color: Paint,
        #[serde(default = "fine")]
        width: Mm,
    },
    /// A filled rectangle.
    Fill { rect: Place, color: Paint },
    /// An outlined rectangle, optionally with notched corners.
    Frame {
        rect: Place,
        color: Paint,
        #[serde(default = "fine")]
        width: Mm,
        /// Depth of the notch at each corner.
        #[serde(default)]
        notch: Mm,
    },
    /// A straight line.
    Line {
        from: [f32; 2],
        to: [f32; 2],
        color: Paint,
        #[serde(default = "fine")]
        width: Mm,
        #[serde(default)]
        dash: Vec<Mm>,
    },
    /// A divider: line, lozenge, line.
    Ornament {
        center: [f32; 2],
        length: Mm,
        color: Paint,
        #[serde(default = "fine")]
        width: Mm,
    },
    /// Nested wavy circles.
    Rosette {
        center: [f32; 2],
        radius: Mm,
        /// Inner radius as a part of the outer.
        #[serde(default = "half")]
        inner: f32,
        petals: u16,
        lines: u16,
        color: Paint,
        #[serde(default = "hair")]
        width: Mm,
    },
    /// Fixed text. `{name}`, `{name-en}` and `{department}` stand for the type's.
    Text {
        text: String,
        rect: Place,
        #[serde(flatten)]
        setting: Setting,
    },
    /// Fine waves over a rectangle.
    Waves {
        rect: Place,
        lines: u16,
        half_wave: Mm,
        amplitude: Mm,
        color: Paint,
        #[serde(default = "hair")]
        width: Mm,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Corner {
    /// A rosette in a square.
    #[default]
    Rosette,
    /// An empty square.
    Plain,
}

/// The name of the type, large. A leading 中华人民共和国 or region goes on a line of its own when
/// `prefix` is given, a trailing parenthesis likewise below.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Title {
    pub(super) rect: Place,
    /// Replaces `rect` when the type leaves a place for the national emblem.
    pub(super) rect_with_emblem: Option<Place>,
    /// Replaces the type's name.
    pub(super) text: Option<String>,
    pub(super) font: Option<FontRole>,
    pub(super) size: Mm,
    pub(super) floor: Mm,
    /// Size of the line above, of 中华人民共和国 and the like.
    pub(super) prefix: Option<Mm>,
    /// Widest a short title is spread, in ems of the title.
    #[serde(default = "spread")]
    pub(super) spread: f32,
    pub(super) color: Option<Paint>,
}

/// How a text is set.
#[derive(Debug, Clone, Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Setting {
    /// Where; for text whose place is not given beside.
    pub(super) place: Option<Place>,
    pub(super) font: Option<FontRole>,
    pub(super) size: Option<Mm>,
    pub(super) floor: Option<Mm>,
    pub(super) color: Option<Paint>,
    pub(super) alpha: Option<f32>,
    pub(super) align: Option<Align>,
    pub(super) valign: Option<VAlign>,
    pub(super) leading: Option<f32>,
    pub(super) wrap: Option<bool>,
    pub(super) spacing: Option<f32>,
    pub(super) indent: Option<f32>,
    pub(super) cells: Option<u16>,
}

/// A field in a place of its own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct FieldSpec {
    pub(super) key: String,
    pub(super) rect: Place,
    /// Printed before the value, as part of the same line.
    #[serde(default)]
    pub(super) prefix: String,
    /// Printed after the value.
    #[serde(default)]
    pub(super) suffix: String,
    #[serde(default)]
    pub(super) setting: Setting,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub(super) enum FlowStyle {
    /// Labels and values on common baselines.
    #[default]
    Form,
    /// A ruled table.
    Grid,
}

/// Rows of label and value, made from the type's own fields.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Flow {
    pub(super) rect: Place,
    /// Replaces `rect` when the type has a photo.
    pub(super) rect_with_photo: Option<Place>,
    #[serde(default)]
    pub(super) style: FlowStyle,
    /// 1, or 2 to pair short fields.
    #[serde(default = "one")]
    pub(super) columns: u16,
    /// Keys; empty for every field that has no other place.
    #[serde(default)]
    pub(super) fields: Vec<String>,
    /// Labels other than the type's, by key.
    #[serde(default)]
    pub(super) labels: BTreeMap<String, String>,
    /// Text above the rows, in the same rectangle, as high as it needs.
    pub(super) head: Option<Running>,
    /// Text below the rows, likewise.
    pub(super) tail: Option<Running>,
    /// Stands beside the flow before it: its rows keep to the lines of that one.
    #[serde(default)]
    pub(super) beside: bool,
    /// Height of a row of one line.
    #[serde(default = "pitch")]
    pub(super) pitch: Mm,
    /// Widest a label column gets, in label sizes.
    #[serde(default = "label_ems")]
    pub(super) label_ems: f32,
    /// Distance of label and value.
    #[serde(default = "gap")]
    pub(super) gap: Mm,
    /// Rules under the values of a form.
    #[serde(default)]
    pub(super) rules: bool,
    /// Colour of rules and table lines.
    pub(super) rule_color: Option<Paint>,
    #[serde(default)]
    pub(super) label: Setting,
    #[serde(default)]
    pub(super) value: Setting,
}

/// Text about the type, as `{statement}` or `{notes}`, beside the rows of a flow.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Running {
    pub(super) text: String,
    /// Distance from the rows.
    #[serde(default = "gap")]
    pub(super) gap: Mm,
    #[serde(default)]
    pub(super) setting: Setting,
}

/// Running text with `{field-key}` in it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Paragraph {
    pub(super) rect: Place,
    pub(super) text: String,
    /// Font of the values in it.
    pub(super) value_font: Option<FontRole>,
    #[serde(default)]
    pub(super) setting: Setting,
}

/// Issuer and date of issue, under the seal.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Sign {
    /// Width of the lines, which are centred on the seal.
    pub(super) width: Mm,
    #[serde(default = "sign_size")]
    pub(super) size: Mm,
    #[serde(default = "sign_floor")]
    pub(super) floor: Mm,
    pub(super) font: Option<FontRole>,
    /// Printed before the issuer's name.
    #[serde(default)]
    pub(super) label: String,
    /// Middle of the issuer's line, below the centre of the seal.
    #[serde(default = "issuer_dy")]
    pub(super) issuer_dy: Mm,
    /// Middle of the date's line, likewise.
    #[serde(default = "date_dy")]
    pub(super) date_dy: Mm,
    pub(super) color: Option<Paint>,
}

fn one() -> u16 {
    1
}
fn three() -> u16 {
    3
}
fn nine() -> Mm {
    9.0
}
fn fine() -> Mm {
    0.15
}
fn hair() -> Mm {
    0.1
}
fn half() -> f32 {
    0.5
}
fn spread() -> f32 {
    8.0
}
fn pitch() -> Mm {
    14.0
}
fn label_ems() -> f32 {
    8.0
}
fn gap() -> Mm {
    4.0
}
fn sign_size() -> Mm {
    4.8
}
fn sign_floor() -> Mm {
    3.0
}
// Between the star and the purpose line of a seal of 42 mm, and between that line and the seal's number:
// the lines lie under the seal's lower half (GB/T 9704), where it has least ink.
fn issuer_dy() -> Mm {
    6.3
}
fn date_dy() -> Mm {
    15.0
}

/// The colours a template file's paints stand for.
#[derive(Debug)]
pub(super) struct Palette(BTreeMap<String, Color>);

impl Palette {
    /// Built-in names, the file's, then the department's; a later one wins.
    pub(super) fn new(file: &TemplateFile, department: &str) -> Result<Palette, String> {
        let built_in = [
            ("main", "#8f1d21"),
            ("accent", "#b98b3e"),
            ("pale", "#f3e9d8"),
            ("ink", "#1c1c1c"),
            ("grey", "#8a8a8a"),
            ("white", "#ffffff"),
        ];
        let mut colors = BTreeMap::new();
        for (name, value) in built_in {
            colors.insert(name.to_owned(), hex(value)?);
        }
        let own = file.department.get(department).into_iter().flatten();
        for (name, value) in file.palette.iter().chain(own) {
            colors.insert(name.clone(), hex(value)?);
        }
        Ok(Palette(colors))
    }

    pub(super) fn color(&self, paint: &Paint) -> Result<Color, String> {
        if paint.0.starts_with('#') {
            return hex(&paint.0);
        }
        let known = self.0.get(&paint.0).copied();
        known.ok_or_else(|| format!("颜色 {} 不在 palette 中", paint.0))
    }
}

fn hex(text: &str) -> Result<Color, String> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6);
    let value = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let [_, r, g, b] = value
        .ok_or_else(|| format!("颜色 {text} 应写作 #rrggbb"))?
        .to_be_bytes();
    Ok(Color(r, g, b))
}
