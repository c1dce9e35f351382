//! Widths of columns, heights of rows, and the type size at which they fit.

use super::{EM_BOX, Entry, Measure, ONE_LINE, PAD, Row, STEPS, Settled, TWO_LINES, text};
use crate::face::{Mm, spec::Flow, template::build::Builder, text::Style};

/// Ragged line ends waste this part of a line.
const RAGGED: f32 = 1.05;
/// Least air between two rows, in sizes.
const LEAST_AIR: f32 = 0.38;
/// The longest values, at their smallest, need only this part of it.
const TIGHT: f32 = 0.35;
/// Highest a row of one line gets, in pitches, and highest where long values need the room.
const PITCHES: (f32, f32) = (1.2, 1.4);
/// Down to this size all values of a flow are of one size; below, single ones shrink.
const LEAST_EVEN: Mm = 2.75;
/// Distance of two columns of a form.
const COLUMN_GAP: Mm = 7.0;

impl Measure {
    /// Finds the largest type at which everything fits.
    pub(super) fn settle(
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
            if let Some(head) = text(builder, flow.head.as_ref(), step.head)? {
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
                let least = rows.iter().map(|row| self.need(row));
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
        let widest = |entry: &Entry| {
            let one = entry.label_ems;
            let ems = if one * ONE_LINE > most_ems {
                entry.broken_ems
            } else {
                one
            };
            ems.min(most_ems) * size + pad
        };
        let column = self.column_width();
        let short = |entry: &Entry| {
            let left = column - widest(entry) - self.gap - pad;
            entry.usual * self.value.size <= left && entry.longest <= self.half && !entry.alone
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
                self.labels[index] = self.labels[index].max(widest(entry));
            }
        }
        rows.into_iter()
            .map(|cells| {
                let mut row = Row {
                    cells,
                    least: 0.0,
                    bare: 0.0,
                    usual: 0.0,
                    most: 0.0,
                    height: 0.0,
                };
                for index in 0..row.cells.len() {
                    let width = self.value_place(row.cells.len(), index).1;
                    let entry = &row.cells[index];
                    let (least, usual, most) = self.heights(entry, width);
                    row.least = row.least.max(least);
                    row.bare = row.bare.max(self.value.size * EM_BOX);
                    if self.breaks(entry) {
                        row.bare = row.bare.max(self.two_lines());
                    }
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
    pub(super) fn cell_x(&self, index: usize) -> Mm {
        if index == 0 {
            0.0
        } else {
            self.rect.w - self.column_width()
        }
    }

    /// Left edge and width of a cell's value.
    pub(super) fn value_place(&self, cells: usize, index: usize) -> (Mm, Mm) {
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
        (
            least,
            at(size, lines(entry.usual, size)),
            at(size, lines(entry.longest, size)),
        )
    }

    /// Whether a label goes on two lines.
    pub(super) fn breaks(&self, entry: &Entry) -> bool {
        entry.label_ems * self.label.size * ONE_LINE > self.labels_most
    }

    /// Height of a label on two lines.
    pub(super) fn two_lines(&self) -> Mm {
        self.label.size * TWO_LINES * (EM_BOX + 1.15) + 0.05
    }

    /// Least height of a row: with the usual air, or with less where the longest values fill it.
    pub(super) fn need(&self, row: &Row) -> Mm {
        (row.bare + 2.0 * self.padding() + 0.1).max(row.least + 2.0 * self.edge() + 0.05)
    }

    /// Least air above and below the longest values.
    pub(super) fn edge(&self) -> Mm {
        self.padding() * TIGHT
    }

    /// Least air above and below the text of a row.
    pub(super) fn padding(&self) -> Mm {
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
    /// higher by its lines. What is left over goes to rows of several lines that may have more still.
    fn share_out(&mut self, rows: &mut [Row]) -> bool {
        let line = self.value.size * EM_BOX;
        let tight = line + 2.0 * self.padding() + 0.1;
        let room = self.rect.h;
        let height = |row: &Row, beat: Mm| (beat + row.usual - line).max(self.need(row));
        let total = |rows: &[Row], beat: Mm| rows.iter().map(|row| height(row, beat)).sum::<f32>();
        let bare = rows.iter().map(|row| self.need(row)).sum::<f32>();
        if bare > room {
            return false;
        }
        if total(rows, tight) > room {
            if self.value.size > LEAST_EVEN {
                return false;
            }
            // Usual values shrink, each row giving up the same part of what it can.
            let wanted = total(rows, tight) - bare;
            let part = if wanted > 0.0 { (room - bare) / wanted } else { 0.0 };
            for row in rows {
                let least = self.need(row);
                row.height = least + (height(row, tight) - least) * part;
            }
            self.beat = tight;
            return true;
        }
        let one_line = |row: &Row| row.usual < line + 0.01;
        let crowded = rows.iter().any(|row| one_line(row) && row.most > line + 0.01);
        let pitches = if crowded { PITCHES.1 } else { PITCHES.0 };
        let (mut low, mut high) = (tight, self.given.unwrap_or(self.pitch * pitches).max(tight));
        for _ in 0..24 {
            let middle = f32::midpoint(low, high);
            if total(rows, middle) <= room {
                low = middle;
            } else {
                high = middle;
            }
        }
        if let Some(given) = self.given.filter(|_| self.on_beats(rows, line)) {
            self.beat = given;
            return true;
        }
        let left = room - total(rows, low);
        let air = low - line;
        let lack = |row: &Row| {
            if one_line(row) {
                0.0
            } else {
                (row.most + air - height(row, low)).max(0.0)
            }
        };
        let lacking = rows.iter().map(lack).sum::<f32>();
        let part = if lacking > 0.0 {
            (left / lacking).min(1.0)
        } else {
            0.0
        };
        let heights: Vec<Mm> = rows
            .iter()
            .map(|row| height(row, low) + lack(row) * part)
            .collect();
        for (row, height) in rows.iter_mut().zip(heights) {
            row.height = height;
        }
        self.beat = low;
        true
    }

    /// Gives every row a whole number of the neighbour's beats; false when they do not fit.
    fn on_beats(&self, rows: &mut [Row], line: Mm) -> bool {
        let Some(beat) = self.given else {
            return false;
        };
        let beats = |row: &Row| ((row.usual - line + beat).max(self.need(row)) / beat - 0.02).ceil() * beat;
        if beat < line || rows.iter().map(beats).sum::<f32>() > self.rect.h + 0.1 {
            return false;
        }
        for row in rows {
            row.height = beats(row);
        }
        true
    }
}
