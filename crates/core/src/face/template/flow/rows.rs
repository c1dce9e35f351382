//! Placing rows whose heights are settled: labels and lines into the base, values as blocks.

use super::{EM_BOX, Measure, ONE_LINE, PAD, Row, TWO_LINES, WITH_ASIDE};
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
        // First lines stand in the middle of a strip as high as a row of one line; the longest values
        // may rise above that.
        let strip = self.beat.min(row.height);
        let drop = ((strip - line) / 2.0 - self.edge()).max(0.0);
        let value = Style {
            drop: if self.grid { 0.0 } else { drop },
            ..self.value.clone()
        };
        for (index, entry) in row.cells.into_iter().enumerate() {
            let x = self.rect.x + self.cell_x(index);
            let (value_x, value_w) = self.value_place(count, index);
            let value_x = self.rect.x + value_x;
            let pad = if self.grid { PAD } else { 0.0 };
            let w = self.labels[index.min(1)] - 2.0 * pad;
            let h = match (self.grid, self.breaks(&entry)) {
                (true, _) => row.height,
                (false, true) => strip.max(self.two_lines()),
                (false, false) => strip,
            };
            self.label(builder, &entry.label, Rect { x: x + pad, y, w, h })?;
            let place = Rect {
                x: value_x,
                y: y + self.edge(),
                w: value_w,
                h: row.height - 2.0 * self.edge(),
            };
            builder.block(Block {
                place,
                style: value.clone(),
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
        let lines = in_two(text);
        let aside = lines[1].0.starts_with('（');
        let height = |part: f32| self.label.size * part * EM_BOX;
        let mut y = place.y + (place.h - lines.iter().map(|(_, part)| height(*part)).sum::<f32>()) / 2.0;
        for (at, (words, part)) in lines.into_iter().enumerate() {
            let size = self.label.size * part;
            let style = Style {
                size,
                floor: 1.5_f32.min(size),
                // What has an aside below it is as wide as other labels.
                align: match (self.grid, aside, at) {
                    (true, ..) | (_, true, 1) => Align::Center,
                    (_, true, _) => self.label.align,
                    _ => Align::Left,
                },
                wrap: false,
                ..self.label.clone()
            };
            let h = height(part);
            let line = Rect {
                y,
                h: h + 0.01,
                ..place
            };
            if !words.is_empty() {
                builder.fixed(words, self.label_font, line, &style)?;
            }
            y += h;
        }
        Ok(())
    }
}

/// Words that begin the second line of a label, where they stand.
const SECOND: [&str; 18] = [
    "及",
    "项目",
    "许可",
    "批复",
    "报告",
    "身份",
    "证件",
    "产品",
    "成员",
    "评价",
    "排污",
    "名录",
    "负责人",
    "信用",
    "编号",
    "名称",
    "资质",
    "时间",
];

/// Breaks a label before a parenthesis at its end, after a stroke, before a word, or else in the middle;
/// each line with its size, as a part of the size on one line.
pub(super) fn in_two(text: &str) -> [(&str, f32); 2] {
    let after = |mark: char| text.find(mark).map(|at| at + mark.len_utf8());
    let aside = text.find('（').filter(|_| text.ends_with('）'));
    let from_middle = |at: usize| {
        let before = text.get(..at).map_or(0, |first| first.chars().count());
        (2 * before).abs_diff(text.chars().count())
    };
    let word = SECOND
        .iter()
        .flat_map(|word| text.match_indices(word))
        .map(|(at, _)| at)
        .filter(|at| from_middle(*at) <= 4)
        .min_by_key(|at| from_middle(*at));
    let middle = || {
        let half = text.chars().count().div_ceil(2);
        text.char_indices().nth(half).map(|(at, _)| at)
    };
    let at = aside
        .or_else(|| after('/'))
        .or_else(|| after('／'))
        .or(word)
        .or_else(middle)
        .unwrap_or(0);
    let (first, second) = text.split_at_checked(at).unwrap_or((text, ""));
    let parts = if aside.is_some() {
        WITH_ASIDE
    } else {
        (TWO_LINES, TWO_LINES)
    };
    [(first, parts.0), (second, parts.1)]
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
