//! Placing rows whose heights are settled: labels and lines into the base, values as blocks.

use super::{EM_BOX, Measure, ONE_LINE, PAD, Row, TWO_LINES};
use crate::face::{
    Color, Item, Mm, Rect, Segment, art,
    template::{Block, build::Builder},
    text::{Align, SetError, Style},
};

impl Measure {
    /// Places a row; gives the top of the next.
    pub(super) fn row(
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

/// Draws the rules or table lines that the rows left.
pub(super) fn finish(
    builder: &mut Builder<'_>,
    measure: &Measure,
    lines: Vec<Segment>,
    bottom: Mm,
    color: Color,
) {
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
