//! Rows of label and value, made from a type's own fields.
//!
//! Row heights are settled when the template is built, from the longest value each field admits, so
//! that labels and rules belong to the base art.

use super::{
    Block, Piece, Source,
    build::{Builder, lengths, single, value_style},
    plain_style, words,
};
use crate::{
    catalogue::{Field, FieldKind, Role},
    face::{
        Color, FontRole, Item, Mm, Rect, Segment, art,
        spec::{Flow, FlowStyle, Running},
        text::{ASCENT, Align, DESCENT, SetError, Style, VAlign},
    },
};

/// Height of a line of one size, in sizes.
const EM_BOX: f32 = ASCENT + DESCENT;
/// Ragged line ends waste this part of a line.
const RAGGED: f32 = 1.05;
/// Least air between two rows, in sizes.
const LEAST_AIR: f32 = 0.38;
/// Down to this size all values of a flow are of one size; below, single ones shrink.
const LEAST_EVEN: Mm = 2.75;
/// How far a label is made smaller to stay on one line.
const ONE_LINE: f32 = 0.8;
/// Size of a label on two lines, as a part of its size on one.
const TWO_LINES: f32 = 0.8;
/// Distance of two columns of a form.
const COLUMN_GAP: Mm = 7.0;
/// Air between a table's lines and its text.
const PAD: Mm = 1.6;

struct Entry {
    label: String,
    /// Width of the label, in ems.
    label_ems: f32,
    pieces: Vec<Piece>,
    longest: f32,
    usual: f32,
}

struct Row {
    cells: Vec<Entry>,
    /// Height of the text, without air, at which any value fits at the floor.
    least: Mm,
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
}

/// How far the page gives way when there is no room.
const STEPS: [Step; 5] = [
    Step {
        text: 1.0,
        rows: 0.92,
        leading: 9.0,
        air: 1.0,
        half: 40.0,
    },
    Step {
        text: 0.92,
        rows: 0.86,
        leading: 9.0,
        air: 0.9,
        half: 64.0,
    },
    Step {
        text: 0.84,
        rows: 0.72,
        leading: 1.3,
        air: 0.7,
        half: 100.0,
    },
    Step {
        text: 0.74,
        rows: 0.52,
        leading: 1.2,
        air: 0.45,
        half: 140.0,
    },
    Step {
        text: 0.7,
        rows: 0.44,
        leading: 1.12,
        air: 0.3,
        half: 140.0,
    },
];

struct Step {
    /// Size of text beside the rows, as a part of its own.
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
        label,
        value,
    };
    let Settled { rows, texts } = measure.settle(builder, flow, entries)?;
    for (text, y) in texts {
        let h = text.style.size * 0.02 + text.height(builder, rect.w)?;
        builder.fixed(&text.words, text.font, Rect { y, h, ..rect }, &text.style)?;
    }
    let rule = builder.color(flow.rule_color.as_ref(), "accent")?;
    let mut lines = Vec::new();
    let mut y = measure.rect.y;
    for row in rows {
        y = measure.row(builder, row, y, flow.rules, &mut lines)?;
    }
    finish_lines(builder, &measure, lines, y, rule);
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
                (longest, usual) = (17.5, 17.5);
                "有效期限".clone_into(&mut label);
            }
            _ => {}
        }
        if let Some(other) = flow.labels.get(&field.key) {
            label.clone_from(other);
        }
        let label_ems = builder.measure(&label, label_font)?;
        entries.push(Entry {
            label,
            label_ems,
            pieces,
            longest,
            usual,
        });
    }
    Ok(entries)
}

impl Measure {
    /// Finds the largest type at which everything fits.
    fn settle(
        &mut self,
        builder: &mut Builder<'_>,
        flow: &Flow,
        mut entries: Vec<Entry>,
    ) -> Result<Settled, String> {
        let (whole, value, label) = (self.rect, self.value.clone(), self.label.clone());
        let mut lacking = 0.0;
        for step in STEPS {
            self.air = step.air;
            self.half = step.half;
            let mut texts = Vec::new();
            self.rect = whole;
            if let Some(head) = text(builder, flow.head.as_ref(), step.text)? {
                let taken = head.height(builder, whole.w)? + head.gap;
                self.rect.y += taken;
                self.rect.h -= taken;
                texts.push((head, whole.y));
            }
            if let Some(tail) = text(builder, flow.tail.as_ref(), step.text)? {
                let height = tail.height(builder, whole.w)?;
                self.rect.h -= height + tail.gap;
                texts.push((tail, whole.y + whole.h - height));
            }
            self.value.leading = value.leading.min(step.leading);
            let mut size = 1.0;
            while size >= step.rows {
                self.value.size = (value.size * size).max(value.floor);
                self.label.size = (label.size * size).max(label.floor.min(label.size));
                let mut rows = self.pair(entries, flow.label_ems);
                if self.share_out(&mut rows) {
                    return Ok(Settled { rows, texts });
                }
                let least = rows.iter().map(|row| row.least + 2.0 * self.padding());
                lacking = least.sum::<f32>() - self.rect.h;
                entries = rows.into_iter().flat_map(|row| row.cells).collect();
                size *= 0.97;
            }
        }
        Err(format!(
            "flow.rect 高 {:.0} 毫米，最长内容还缺至少 {lacking:.0} 毫米",
            whole.h
        ))
    }

    /// Puts short neighbours side by side and settles the label columns.
    fn pair(&mut self, entries: Vec<Entry>, most_ems: f32) -> Vec<Row> {
        let size = self.label.size;
        let pad = if self.grid { 2.0 * PAD } else { 0.0 };
        let widest = |ems: f32| ems.min(most_ems) * size + pad;
        let column = self.column_width();
        let short = |entry: &Entry| {
            let left = column - widest(entry.label_ems) - self.gap - pad;
            entry.usual * self.value.size <= left && entry.longest <= self.half
        };
        let mut rows: Vec<Vec<Entry>> = Vec::new();
        let mut entries = entries.into_iter().peekable();
        while let Some(entry) = entries.next() {
            let mut row = vec![entry];
            if self.columns == 2
                && short(&row[0])
                && let Some(next) = entries.next_if(|next| short(next))
            {
                row.push(next);
            }
            rows.push(row);
        }
        self.labels = [0.0; 2];
        self.labels_most = most_ems * size;
        for row in &rows {
            for (index, entry) in row.iter().enumerate() {
                self.labels[index] = self.labels[index].max(widest(entry.label_ems));
            }
        }
        rows.into_iter()
            .map(|cells| {
                let mut row = Row {
                    cells,
                    least: 0.0,
                    usual: 0.0,
                    most: 0.0,
                    height: 0.0,
                };
                for index in 0..row.cells.len() {
                    let width = self.value_place(row.cells.len(), index).1;
                    let (least, usual, most) = self.heights(&row.cells[index], width);
                    row.least = row.least.max(least);
                    row.usual = row.usual.max(usual);
                    row.most = row.most.max(most);
                }
                row
            })
            .collect()
    }

    fn column_width(&self) -> Mm {
        if self.columns == 1 {
            return self.rect.w;
        }
        let gap = if self.grid { 0.0 } else { COLUMN_GAP };
        (self.rect.w - gap) / 2.0
    }

    /// Left edge of a cell, from the left edge of the flow.
    fn cell_x(&self, index: usize) -> Mm {
        if index == 0 {
            0.0
        } else {
            self.rect.w - self.column_width()
        }
    }

    /// Left edge and width of a cell's value.
    fn value_place(&self, cells: usize, index: usize) -> (Mm, Mm) {
        let pad = if self.grid { PAD } else { 0.0 };
        let width = if cells == 1 {
            self.rect.w
        } else {
            self.column_width()
        };
        let label = self.labels[index.min(1)] + self.gap;
        (self.cell_x(index) + label + pad, width - label - 2.0 * pad)
    }

    /// Heights that hold the longest value at the floor, a usual one and the longest at full size.
    fn heights(&self, entry: &Entry, width: Mm) -> (Mm, Mm, Mm) {
        let Style {
            size, floor, leading, ..
        } = self.value;
        let lines = |ems: f32, size: Mm| {
            let room = width / size;
            if ems <= room {
                1.0
            } else {
                (ems * RAGGED / room).ceil()
            }
        };
        let at = |size: Mm, lines: f32| size * (EM_BOX + (lines - 1.0) * leading);
        let least = at(floor, lines(entry.longest, floor));
        // One line may need smaller type and yet be no lower; a label may need two lines.
        let label = if self.breaks(entry) { self.two_lines() } else { 0.0 };
        let least = least.max(size * EM_BOX).max(label);
        (
            least,
            at(size, lines(entry.usual, size)),
            at(size, lines(entry.longest, size)),
        )
    }

    /// Whether a label goes on two lines.
    fn breaks(&self, entry: &Entry) -> bool {
        entry.label_ems * self.label.size * ONE_LINE > self.labels_most
    }

    /// Height of a label on two lines.
    fn two_lines(&self) -> Mm {
        self.label.size * TWO_LINES * (EM_BOX + 1.15) + 0.05
    }

    /// Least air above and below the text of a row.
    fn padding(&self) -> Mm {
        let usual = if self.grid {
            PAD * 0.7
        } else {
            self.value.size * LEAST_AIR / 2.0
        };
        usual * self.air
    }

    /// Gives each row its height; false when even the least do not fit.
    ///
    /// Rows of one line are all as high as each other, so that the page has a beat; a row of more is
    /// higher by its lines. What is left over goes to rows whose longest values need it.
    fn share_out(&mut self, rows: &mut [Row]) -> bool {
        let line = self.value.size * EM_BOX;
        let least_air = 2.0 * self.padding() + 0.1;
        let room = self.rect.h;
        let height = |row: &Row, beat: Mm| (beat + row.usual - line).max(row.least + least_air);
        let total = |rows: &[Row], beat: Mm| rows.iter().map(|row| height(row, beat)).sum::<f32>();
        let tight = line + least_air;
        let bare = rows.iter().map(|row| row.least + least_air).sum::<f32>();
        if bare > room {
            return false;
        }
        self.beat = tight;
        if total(rows, tight) > room {
            if self.value.size > LEAST_EVEN {
                return false;
            }
            // Usual values shrink, each row giving up the same part of what it can.
            let wanted = total(rows, tight) - bare;
            let part = if wanted > 0.0 { (room - bare) / wanted } else { 0.0 };
            for row in rows {
                let least = row.least + least_air;
                row.height = least + (height(row, tight) - least) * part;
            }
            return true;
        }
        let (mut low, mut high) = (tight, (self.pitch * 1.2).max(tight));
        for _ in 0..24 {
            let middle = f32::midpoint(low, high);
            if total(rows, middle) <= room {
                low = middle;
            } else {
                high = middle;
            }
        }
        self.beat = low;
        let left = room - total(rows, low);
        let air = (low - line).max(least_air);
        let lack = |row: &Row| (row.most + air - height(row, low)).max(0.0);
        let lacking = rows.iter().map(lack).sum::<f32>();
        let part = if lacking > 0.0 {
            (left / lacking).min(1.0)
        } else {
            0.0
        };
        for row in rows {
            row.height = height(row, low) + lack(row) * part;
        }
        true
    }

    /// Places a row; gives the top of the next.
    fn row(
        &self,
        builder: &mut Builder<'_>,
        row: Row,
        y: Mm,
        rules: bool,
        lines: &mut Vec<Segment>,
    ) -> Result<Mm, String> {
        let bottom = y + row.height;
        let count = row.cells.len();
        let line = self.value.size * EM_BOX;
        let end = bottom - self.padding();
        // First lines stand in the middle of a strip as high as a row of one line, unless the longest
        // value needs what is above it.
        let top = (y + (self.beat.min(row.height) - line) / 2.0).min(end - row.least - 0.02);
        let top = if self.grid { y + self.padding() } else { top };
        let strip = 2.0 * (top - y) + line;
        for (index, entry) in row.cells.into_iter().enumerate() {
            let x = self.rect.x + self.cell_x(index);
            let (value_x, value_w) = self.value_place(count, index);
            let value_x = self.rect.x + value_x;
            let pad = if self.grid { PAD } else { 0.0 };
            let w = self.labels[index.min(1)] - 2.0 * pad;
            let h = match (self.grid, self.breaks(&entry)) {
                (true, _) => row.height,
                (false, true) => strip.max(self.two_lines()).min(row.height),
                (false, false) => strip,
            };
            self.label(builder, &entry.label, Rect { x: x + pad, y, w, h })?;
            let place = Rect {
                x: value_x,
                y: top,
                w: value_w,
                h: end - top,
            };
            builder.block(Block {
                place,
                style: self.value.clone(),
                pieces: entry.pieces,
            })?;
            if self.grid {
                let left = [x, x + self.labels[index.min(1)]];
                let drawn = left.into_iter().skip(usize::from(index == 0));
                for x in drawn {
                    lines.extend([Segment::Move(x, y), Segment::Line(x, bottom)]);
                }
            } else if rules {
                let from = value_x - self.gap * 0.4;
                lines.extend([
                    Segment::Move(from, bottom),
                    Segment::Line(value_x + value_w, bottom),
                ]);
            }
        }
        if self.grid {
            let right = self.rect.x + self.rect.w;
            lines.extend([Segment::Move(self.rect.x, bottom), Segment::Line(right, bottom)]);
        }
        Ok(bottom)
    }

    /// Sets a label on one line, or else on two, a parenthesis on the second.
    fn label(&self, builder: &mut Builder<'_>, text: &str, place: Rect) -> Result<(), String> {
        let one = Style {
            wrap: false,
            floor: self.label.size * (ONE_LINE - 0.01),
            ..self.label.clone()
        };
        match builder.try_fixed(text, self.label_font, place, &one) {
            Err(SetError::TooLong) => {}
            result => return result.map_err(|error| format!("标签“{text}”：{error:?}")),
        }
        let broken = in_two(text);
        let align = if self.grid { Align::Center } else { Align::Left };
        let size = self.label.size * TWO_LINES;
        let two = Style {
            size,
            floor: 1.5_f32.min(size),
            align,
            leading: 1.15,
            wrap: true,
            ..self.label.clone()
        };
        builder.fixed(&broken, self.label_font, place, &two)
    }
}

/// Breaks a label before its parenthesis, after a stroke, or else in the middle.
fn in_two(text: &str) -> String {
    let after = |mark: char| text.find(mark).map(|at| at + mark.len_utf8());
    let middle = text
        .char_indices()
        .nth(text.chars().count().div_ceil(2))
        .map(|(at, _)| at);
    let at = text
        .find('（')
        .or_else(|| after('/'))
        .or_else(|| after('／'))
        .or(middle)
        .unwrap_or(0);
    match text.split_at_checked(at) {
        Some((first, second)) if !first.is_empty() && !second.is_empty() => format!("{first}\n{second}"),
        _ => text.to_owned(),
    }
}

fn finish_lines(builder: &mut Builder<'_>, measure: &Measure, lines: Vec<Segment>, bottom: Mm, color: Color) {
    if lines.is_empty() {
        return;
    }
    let mut push = |item: Item| builder.base.push(item);
    push(art::line(lines, color, 0.15, Vec::new()));
    if measure.grid {
        let Rect { x, y, w, .. } = measure.rect;
        let outline = art::frame(
            Rect {
                x,
                y,
                w,
                h: bottom - y,
            },
            0.0,
        );
        push(art::line(outline, color, 0.35, Vec::new()));
    }
}
