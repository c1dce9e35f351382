//! Rows of label and value, made from a type's own fields.
//!
//! Row heights are settled when the template is built, from the longest value each field admits, so
//! that labels and rules belong to the base art.

mod measure;
mod rows;

use super::{
    Piece, Source,
    build::{Builder, lengths, single, value_style},
    plain_style, words,
};
use crate::{
    catalogue::{Field, FieldKind, Role},
    face::{
        FontRole, Mm, Rect,
        spec::{Flow, FlowStyle, Running},
        text::{ASCENT, Align, DESCENT, Style, VAlign},
    },
};

/// Height of a line of one size, in sizes.
const EM_BOX: f32 = ASCENT + DESCENT;
/// How far a label is made smaller to stay on one line.
const ONE_LINE: f32 = 0.8;
/// Size of a label on two lines, as a part of its size on one.
const TWO_LINES: f32 = 0.82;
/// The same for the two lines of a label that ends in a parenthesis.
const WITH_ASIDE: (f32, f32) = (0.92, 0.72);
/// Air between a table's lines and its text.
const PAD: Mm = 1.6;

struct Entry {
    label: String,
    /// Width of the label on one line, in ems.
    label_ems: f32,
    /// The same on two lines, in ems of one.
    broken_ems: f32,
    pieces: Vec<Piece>,
    longest: f32,
    usual: f32,
    /// Never shares a row.
    alone: bool,
}

struct Row {
    cells: Vec<Entry>,
    /// Height of the text, without air, at which any value fits at the floor.
    least: Mm,
    /// Height of one line and of the label, without air.
    bare: Mm,
    /// The same for usual values at full size.
    usual: Mm,
    /// The same for the longest values at full size.
    most: Mm,
    /// What it got, with air.
    height: Mm,
}

/// Rows with their heights, and the texts above and below with their tops.
struct Settled {
    rows: Vec<Row>,
    texts: Vec<(Text, Mm)>,
}

/// Everything that holds for a whole flow.
struct Measure {
    rect: Rect,
    columns: u16,
    grid: bool,
    label: Style,
    label_font: FontRole,
    value: Style,
    /// Width of the label column left and right.
    labels: [Mm; 2],
    /// Widest a label may be.
    labels_most: Mm,
    gap: Mm,
    pitch: Mm,
    /// Air between rows, as a part of the usual least.
    air: f32,
    /// Longest value that shares a row, in ems.
    half: f32,
    /// Height of a row of one line.
    beat: Mm,
    /// The same of the flow beside this one, whose lines this one keeps.
    given: Option<Mm>,
}

/// How far the page gives way when there is no room.
const STEPS: [Step; 5] = [
    Step {
        head: 1.0,
        text: 1.0,
        rows: 0.92,
        leading: 9.0,
        air: 1.0,
        half: 40.0,
    },
    Step {
        head: 0.97,
        text: 0.92,
        rows: 0.86,
        leading: 9.0,
        air: 0.9,
        half: 64.0,
    },
    Step {
        head: 0.94,
        text: 0.84,
        rows: 0.72,
        leading: 1.3,
        air: 0.7,
        half: 100.0,
    },
    Step {
        head: 0.9,
        text: 0.74,
        rows: 0.52,
        leading: 1.2,
        air: 0.45,
        half: 140.0,
    },
    Step {
        head: 0.86,
        text: 0.7,
        rows: 0.44,
        leading: 1.12,
        air: 0.3,
        half: 140.0,
    },
];

struct Step {
    /// Size of text above the rows, as a part of its own.
    head: f32,
    /// Size of text below the rows, likewise.
    text: f32,
    /// Smallest size of the rows, likewise.
    rows: f32,
    /// Most leading, in sizes.
    leading: f32,
    /// Air between rows, as a part of the usual least.
    air: f32,
    /// Longest value that shares a row, in ems.
    half: f32,
}

/// Text above or below the rows.
struct Text {
    words: String,
    font: FontRole,
    style: Style,
    gap: Mm,
}

pub(super) fn lay(builder: &mut Builder<'_>, flow: &Flow, has_photo: bool) -> Result<(), String> {
    let place = match flow.rect_with_photo {
        Some(place) if has_photo => place,
        _ => flow.rect,
    };
    let rect = builder.slot("flow.rect", place)?;
    let entries = entries(builder, flow)?;
    if entries.is_empty() {
        return Ok(());
    }
    let grid = flow.style == FlowStyle::Grid;
    let ink = builder.color(None, "ink")?;
    let mut value = builder.style(&flow.value, &value_style(ink))?;
    let label_base = Style {
        align: Align::Distribute,
        valign: VAlign::Middle,
        ..value.clone()
    };
    let label = builder.style(&flow.label, &label_base)?;
    if grid {
        value.valign = flow.value.valign.unwrap_or(VAlign::Middle);
    }
    let beside = builder.beat.filter(|_| flow.beside);
    if let Some((_, size)) = beside {
        value.size = value.size.min(size);
    }
    let mut measure = Measure {
        rect,
        columns: flow.columns.clamp(1, 2),
        grid,
        label_font: flow.label.font.unwrap_or(FontRole::Song),
        labels: [0.0; 2],
        labels_most: flow.label_ems,
        gap: if grid { 0.0 } else { flow.gap },
        pitch: flow.pitch,
        air: 1.0,
        half: 0.0,
        beat: 0.0,
        given: beside.map(|(beat, _)| beat),
        label,
        value,
    };
    let Settled { rows, texts } = measure.settle(builder, flow, entries)?;
    builder.beat = Some((measure.beat, measure.value.size));
    for (text, y) in texts {
        let h = text.height(builder, rect.w)? + 0.1;
        builder.fixed(&text.words, text.font, Rect { y, h, ..rect }, &text.style)?;
    }
    let rule = builder.color(flow.rule_color.as_ref(), "accent")?;
    let mut lines = Vec::new();
    let mut y = measure.rect.y;
    for row in rows {
        y = measure.row(builder, row, y, flow.rules, &mut lines)?;
    }
    rows::finish(builder, &measure, lines, y, rule);
    Ok(())
}

/// Text beside the rows, at a part of its size; none when the type has nothing to say there.
fn text(builder: &Builder<'_>, from: Option<&Running>, part: f32) -> Result<Option<Text>, String> {
    let Some(running) = from else {
        return Ok(None);
    };
    let font = running.setting.font.unwrap_or(FontRole::Song);
    let pieces = words::pieces(&running.text, builder.certificate_type, (font, font))?;
    let words = match pieces.as_slice() {
        [] => return Ok(None),
        [
            Piece {
                source: Source::Text(words),
                ..
            },
        ] => words.clone(),
        _ => return Err(format!("“{}”在行的上下方，不能含字段", running.text)),
    };
    let base = Style {
        valign: VAlign::Top,
        align: Align::Justify,
        ..plain_style(builder.color(None, "ink")?)
    };
    let mut style = builder.style(&running.setting, &base)?;
    style.size = (style.size * part).max(style.floor);
    Ok(Some(Text {
        words,
        font,
        style,
        gap: running.gap,
    }))
}

impl Text {
    fn height(&self, builder: &mut Builder<'_>, width: Mm) -> Result<Mm, String> {
        builder.height(&self.words, self.font, width, &self.style)
    }
}

fn entries(builder: &mut Builder<'_>, flow: &Flow) -> Result<Vec<Entry>, String> {
    let chosen: Vec<&Field> = if flow.fields.is_empty() {
        builder.unplaced()
    } else {
        let own = builder.certificate_type;
        let find = |key: &String| words::field(own, key).ok_or_else(|| format!("没有字段 {key}"));
        flow.fields.iter().map(find).collect::<Result<_, _>>()?
    };
    let role = |role| chosen.iter().copied().find(|field| field.role == Some(role));
    let span = role(Role::ValidFrom).zip(role(Role::ValidUntil));
    let font = flow.value.font.unwrap_or(FontRole::Kai);
    let label_font = flow.label.font.unwrap_or(FontRole::Song);
    let mut entries = Vec::new();
    for field in &chosen {
        if field.kind == FieldKind::Photo {
            continue;
        }
        let mut pieces = single(words::of_field(field), font);
        let (mut longest, mut usual) = lengths(field);
        let mut label = field.label.clone();
        let mut alone = false;
        match span {
            // First and last day make one row.
            Some((from, _)) if field.key == from.key => continue,
            Some((from, until)) if field.key == until.key => {
                pieces = single(words::of_field(from), font);
                pieces.push(Piece {
                    source: Source::Text("至".to_owned()),
                    font,
                });
                pieces.extend(single(words::of_field(until), font));
                (longest, usual, alone) = (18.5, 18.5, true);
                "有效期限".clone_into(&mut label);
            }
            _ => {}
        }
        if let Some(other) = flow.labels.get(&field.key) {
            label.clone_from(other);
        }
        let label_ems = builder.measure(&label, label_font)?;
        let mut broken_ems = 0.0_f32;
        for (line, part) in rows::in_two(&label) {
            broken_ems = broken_ems.max(builder.measure(line, label_font)? * part);
        }
        entries.push(Entry {
            label,
            label_ems,
            broken_ems,
            pieces,
            longest,
            usual,
            alone,
        });
    }
    Ok(entries)
}
