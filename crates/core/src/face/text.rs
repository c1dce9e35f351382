//! Text: from characters to placed runs. Chinese line breaking (禁则), gaps between Han and Latin,
//! punctuation squeezed where two meet, justification, shrinking to fit a box.

use std::sync::Arc;

use serde::Deserialize;

use super::{Color, FontBook, FontId, FontRole, Glyph, Item, Mm, Rect, TextRun};

/// Height of the Chinese em box above the baseline, in ems.
pub(super) const ASCENT: f32 = 0.88;
/// Depth kept free below the baseline, in ems: the em box and Latin descenders.
pub(super) const DESCENT: f32 = 0.16;
/// Gap between Han and Latin, in ems. Readers that guess spaces from gaps begin at 0.1.
const LATIN_GAP: f32 = 0.08;
/// Most a gap is widened to justify a line, in ems, for the same reason.
const MAX_STRETCH: f32 = 0.09;
/// What a full-width mark may give up where its other half is blank, in ems.
const HALF: f32 = 0.5;

/// A last line shorter than this, in ems, is a blemish.
const WIDOW: f32 = 2.6;

/// Horizontal placement of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Align {
    /// Centred.
    Center,
    /// First and last character at the edges (分散对齐).
    Distribute,
    /// Both edges straight but for the last line.
    #[default]
    Justify,
    /// Left edge straight.
    Left,
    /// Right edge straight.
    Right,
}

/// Vertical placement of the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub(super) enum VAlign {
    /// First baseline where the unshrunk size has it, so that values sit on the line of their label.
    #[default]
    Baseline,
    /// At the bottom.
    Bottom,
    /// In the middle.
    Middle,
    /// At the top.
    Top,
}

/// How a text is set in its box.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Style {
    pub(super) size: Mm,
    /// Smallest size it may shrink to.
    pub(super) floor: Mm,
    pub(super) color: Color,
    pub(super) alpha: f32,
    pub(super) align: Align,
    pub(super) valign: VAlign,
    /// Distance of baselines, in sizes.
    pub(super) leading: f32,
    pub(super) wrap: bool,
    /// Extra distance between characters, in ems.
    pub(super) spacing: f32,
    /// Indent of the first line, in ems.
    pub(super) indent: f32,
    /// Room above a first line that stands where `VAlign::Baseline` has it; longer text may use it.
    pub(super) drop: Mm,
    /// Equal cells, one character each.
    pub(super) cells: Option<u16>,
}

/// A character that cannot be printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unprintable {
    pub(super) ch: char,
    /// Which character of the text it is, from 1.
    pub(super) position: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Han and everything that may break on both sides.
    Han,
    /// Latin letters, digits and what holds them together.
    Latin,
    /// Must not begin a line; right half blank.
    Close,
    /// Must not begin a line.
    NoStart,
    /// Must not end a line; left half blank when full-width.
    Open,
    Space,
    /// A forced end of line.
    Newline,
}

fn class(ch: char) -> Class {
    match ch {
        '\n' => Class::Newline,
        ' ' => Class::Space,
        '，' | '。' | '、' | '；' | '：' | '）' | '》' | '〉' | '」' | '』' | '】' | '〕' | '〗' | '”'
        | '’' | '］' | '｝' => Class::Close,
        '！' | '？' | '％' | '‰' | '℃' | '°' | '…' | '—' | '·' | '～' | '－' | '／' | '々' | ',' | ';'
        | '!' | '?' | ')' | ']' | '}' | '%' | '㎡' | '㎥' => Class::NoStart,
        '（' | '《' | '〈' | '「' | '『' | '【' | '〔' | '〖' | '“' | '‘' | '［' | '｛' => {
            Class::Open
        }
        '(' | '[' | '{' | '￥' | '¥' | '№' | '$' => Class::Open,
        _ if u32::from(ch) < 0x2E80 && !matches!(u32::from(ch), 0x2000..=0x2BFF) => Class::Latin,
        _ => Class::Han,
    }
}

/// One shaped character.
#[derive(Debug, Clone, Copy)]
struct Cell {
    ch: char,
    font: FontId,
    glyph: u16,
    advance: f32,
    class: Class,
    span: u16,
}

/// A stretch of text with one origin.
#[derive(Debug, Clone)]
pub(super) struct Span<'a> {
    pub(super) text: &'a str,
    pub(super) role: FontRole,
    pub(super) field: Option<&'a Arc<str>>,
}

#[derive(Debug, Clone, Copy)]
struct Line {
    start: usize,
    end: usize,
    /// Natural width in ems.
    width: f32,
    /// Ends because the text does, or a line break was given.
    hard: bool,
}

/// Working memory, kept for one face.
#[derive(Debug, Default)]
pub(super) struct Setter {
    cells: Vec<Cell>,
    lines: Vec<Line>,
}

/// Why a text could not be set.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum SetError {
    /// Some characters have no glyph.
    Unprintable(usize, Vec<Unprintable>),
    /// It does not fit the box even at the floor size.
    TooLong,
}

impl Setter {
    /// Sets spans as one paragraph into a box and appends the runs.
    pub(super) fn set(
        &mut self,
        spans: &[Span<'_>],
        place: Rect,
        style: &Style,
        book: &FontBook,
        items: &mut Vec<Item>,
    ) -> Result<(), SetError> {
        self.shape(spans, book)?;
        if self.cells.is_empty() {
            return Ok(());
        }
        if let Some(count) = style.cells {
            return self.set_cells(spans, place, style, count, items);
        }
        let size = self.fit(place, style).ok_or(SetError::TooLong)?;
        let height = size * (ASCENT + DESCENT + (self.lines.len() - 1) as f32 * style.leading);
        let top = match style.valign {
            VAlign::Top => place.y,
            VAlign::Middle => place.y + (place.h - height) / 2.0,
            VAlign::Bottom => place.y + place.h - height,
            // Above it only when there is no room below.
            VAlign::Baseline => {
                let own = place.y + style.drop + (style.size - size) * ASCENT;
                own.min(place.y + place.h - height).max(place.y)
            }
        };
        for (index, line) in self.lines.iter().enumerate() {
            let y = top + size * (ASCENT + index as f32 * style.leading);
            let indent = if index == 0 { style.indent * size } else { 0.0 };
            let box_width = place.w - indent;
            let slack = box_width / size - line.width;
            let cells = &self.cells[line.start..line.end];
            let (shift, stretch) = match style.align {
                Align::Left => (0.0, 0.0),
                Align::Right => (slack, 0.0),
                Align::Center => (slack / 2.0, 0.0),
                Align::Justify => {
                    let stretch = slack / gaps(cells).max(1) as f32;
                    let wanted = !line.hard && stretch > 0.0 && stretch <= MAX_STRETCH;
                    (0.0, if wanted { stretch } else { 0.0 })
                }
                Align::Distribute => {
                    let stretch = slack / gaps(cells).max(1) as f32;
                    (0.0, stretch.max(0.0))
                }
            };
            let x = place.x + indent + shift * size;
            push_runs(cells, spans, (x, y), size, stretch, style, items);
        }
        Ok(())
    }

    /// The height of the text at its style's size, broken to a width.
    pub(super) fn height(
        &mut self,
        spans: &[Span<'_>],
        width: Mm,
        style: &Style,
        book: &FontBook,
    ) -> Result<Mm, SetError> {
        self.shape(spans, book)?;
        break_lines(
            &self.cells,
            width / style.size,
            style.spacing,
            style.indent,
            &mut self.lines,
        );
        let size = self.spare_widow(width, style, style.size);
        let below = self.lines.len().saturating_sub(1) as f32 * style.leading;
        Ok(size * (ASCENT + DESCENT + below))
    }

    /// The width of a single line of the text, in ems.
    pub(super) fn measure(
        &mut self,
        spans: &[Span<'_>],
        spacing: f32,
        book: &FontBook,
    ) -> Result<f32, SetError> {
        self.shape(spans, book)?;
        break_lines(&self.cells, f32::INFINITY, spacing, 0.0, &mut self.lines);
        Ok(self.lines.iter().map(|line| line.width).fold(0.0, f32::max))
    }

    fn shape(&mut self, spans: &[Span<'_>], book: &FontBook) -> Result<(), SetError> {
        self.cells.clear();
        for (index, span) in spans.iter().enumerate() {
            let mut missing = Vec::new();
            for (position, ch) in span.text.chars().enumerate() {
                let class = class(ch);
                let (font, glyph) = if class == Class::Newline {
                    (FontId(0), 0)
                } else if let Some(found) = book.glyph(span.role, ch) {
                    found
                } else {
                    let position = position + 1;
                    missing.push(Unprintable { ch, position });
                    continue;
                };
                self.cells.push(Cell {
                    ch,
                    font,
                    glyph,
                    advance: if class == Class::Newline {
                        0.0
                    } else {
                        book.advance(font, glyph)
                    },
                    class,
                    span: index as u16,
                });
            }
            if !missing.is_empty() {
                return Err(SetError::Unprintable(index, missing));
            }
        }
        Ok(())
    }

    /// The largest size not above the style's at which the text fits; leaves its lines behind.
    fn fit(&mut self, place: Rect, style: &Style) -> Option<Mm> {
        let mut size = style.size;
        loop {
            let width = place.w / size;
            let limit = if style.wrap { width } else { f32::INFINITY };
            break_lines(&self.cells, limit, style.spacing, style.indent, &mut self.lines);
            let widest = self.lines.iter().map(|line| line.width).fold(0.0, f32::max);
            let above = size * ASCENT;
            let below = size * (DESCENT + (self.lines.len() - 1) as f32 * style.leading);
            let high = (above + below) / place.h;
            let wide = widest / width;
            // A thousandth is rounding, not overflow.
            if high <= 1.001 && wide <= 1.001 {
                return Some(self.spare_widow(place.w, style, size));
            }
            if size <= style.floor {
                return None;
            }
            let factor = if wide > 1.001 {
                1.0 / wide
            } else {
                // Small steps: a little less may save a whole line.
                high.sqrt().recip().clamp(0.96, 0.985)
            };
            size = (size * factor.clamp(0.5, 0.995)).max(style.floor);
        }
    }

    /// A slightly smaller size that saves a last line of one or two characters, where there is one.
    fn spare_widow(&mut self, width: Mm, style: &Style, size: Mm) -> Mm {
        let count = self.lines.len();
        let before = widows(&self.lines);
        if !style.wrap || before == 0 {
            return size;
        }
        for part in [0.975, 0.95, 0.925] {
            let smaller = size * part;
            if smaller < style.floor {
                break;
            }
            break_lines(
                &self.cells,
                width / smaller,
                style.spacing,
                style.indent,
                &mut self.lines,
            );
            if self.lines.len() < count || widows(&self.lines) < before {
                return smaller;
            }
        }
        break_lines(
            &self.cells,
            width / size,
            style.spacing,
            style.indent,
            &mut self.lines,
        );
        size
    }

    fn set_cells(
        &self,
        spans: &[Span<'_>],
        place: Rect,
        style: &Style,
        count: u16,
        items: &mut Vec<Item>,
    ) -> Result<(), SetError> {
        let width = place.w / f32::from(count.max(1));
        let size = style.size.min(width).min(place.h);
        if self.cells.len() > usize::from(count) || size < style.floor {
            return Err(SetError::TooLong);
        }
        let y = place.y + (place.h - size * (ASCENT + DESCENT)) / 2.0 + size * ASCENT;
        for (index, cell) in self.cells.iter().enumerate() {
            let x = place.x + width * (index as f32 + 0.5) - cell.advance * size / 2.0;
            push_runs(std::slice::from_ref(cell), spans, (x, y), size, 0.0, style, items);
        }
        Ok(())
    }
}

/// Paragraphs that end with a line of one or two characters below a full one.
fn widows(lines: &[Line]) -> usize {
    let ends = |pair: &&[Line]| matches!(pair, [full, last] if !full.hard && last.hard && last.width < WIDOW);
    lines.windows(2).filter(ends).count()
}

/// Places where a line can be widened.
fn gaps(cells: &[Cell]) -> usize {
    cells
        .windows(2)
        .filter(|pair| can_stretch(pair[0], pair[1]))
        .count()
}

fn can_stretch(a: Cell, b: Cell) -> bool {
    !(a.class == Class::Latin && b.class == Class::Latin)
}

/// Distance added between two neighbours, in ems.
fn kern(a: Cell, b: Cell) -> f32 {
    match (a.class, b.class) {
        (Class::Han, Class::Latin) | (Class::Latin, Class::Han) => LATIN_GAP,
        (Class::Close, Class::Close | Class::Open) if a.advance > 0.9 => -HALF,
        (Class::Open, Class::Open) if b.advance > 0.9 => -HALF,
        _ => 0.0,
    }
}

/// Whether a line may end between two neighbours.
fn may_break(a: Cell, b: Cell) -> bool {
    use Class::{Close, Latin, NoStart, Open, Space};
    match (a.class, b.class) {
        (_, Close | NoStart | Space) | (Open, _) | (Latin, Latin) => false,
        // 1,234 and 12:30 stay whole.
        (NoStart, Latin) => !(a.ch.is_ascii() && b.ch.is_ascii_digit()),
        _ => true,
    }
}

/// Greedy line filling. Lengths are in ems.
fn break_lines(cells: &[Cell], limit: f32, spacing: f32, indent: f32, lines: &mut Vec<Line>) {
    lines.clear();
    let mut start = 0;
    let mut width = 0.0;
    // The last place the line may end, and its width there.
    let mut chance: Option<(usize, f32)> = None;
    let mut room = limit - indent;
    let mut index = 0;
    while let Some(&cell) = cells.get(index) {
        if cell.class == Class::Newline {
            push_line(cells, (start, index), width, (true, room), lines);
            (start, width, chance, room) = (index + 1, 0.0, None, limit);
            index += 1;
            continue;
        }
        if index > start {
            let before = cells[index - 1];
            if may_break(before, cell) {
                chance = Some((index, width));
            }
            width += kern(before, cell) + spacing;
        }
        width += cell.advance;
        // A mark whose right half is blank may stand with that half beyond the edge.
        let hanging = if cell.class == Class::Close && cell.advance > 0.9 {
            HALF - 0.05
        } else {
            0.0
        };
        let visible = if cell.class == Class::Space {
            0.0
        } else {
            width - hanging
        };
        if visible > room && index > start {
            // Without any chance the run is longer than a line: cut it here.
            let (end, _) = chance.unwrap_or((index, 0.0));
            let kept = measure_line(&cells[start..end], spacing);
            push_line(cells, (start, end), kept, (false, room), lines);
            start = end;
            while cells.get(start).is_some_and(|cell| cell.class == Class::Space) {
                start += 1;
            }
            (width, chance, room) = (0.0, None, limit);
            index = start;
            continue;
        }
        index += 1;
    }
    push_line(cells, (start, cells.len()), width, (true, room), lines);
}

fn measure_line(cells: &[Cell], spacing: f32) -> f32 {
    let advances: f32 = cells.iter().map(|cell| cell.advance).sum();
    let kerns: f32 = cells
        .windows(2)
        .map(|pair| kern(pair[0], pair[1]) + spacing)
        .sum();
    advances + kerns
}

fn push_line(
    cells: &[Cell],
    (start, end): (usize, usize),
    width: f32,
    (hard, room): (bool, f32),
    lines: &mut Vec<Line>,
) {
    let mut line = Line {
        start,
        end,
        width,
        hard,
    };
    while line.end > line.start && cells[line.end - 1].class == Class::Space {
        line.end -= 1;
        line.width -= cells[line.end].advance;
    }
    if let Some(last) = cells[line.start..line.end].last()
        && (!hard || line.width > room)
        && last.class == Class::Close
        && last.advance > 0.9
    {
        line.width -= HALF - 0.05;
    }
    lines.push(line);
}

/// Appends a line as runs of one font and one span each.
fn push_runs(
    cells: &[Cell],
    spans: &[Span<'_>],
    (x, y): (Mm, Mm),
    size: Mm,
    stretch: f32,
    style: &Style,
    items: &mut Vec<Item>,
) {
    let mut at = x;
    let mut run: Option<(u16, TextRun)> = None;
    for (index, cell) in cells.iter().enumerate() {
        if let Some(&before) = index.checked_sub(1).and_then(|i| cells.get(i)) {
            let extra = if can_stretch(before, *cell) { stretch } else { 0.0 };
            at += (kern(before, *cell) + style.spacing + extra) * size;
        }
        let same = run
            .as_ref()
            .is_some_and(|(span, run)| *span == cell.span && run.font == cell.font);
        if !same {
            if let Some((_, done)) = run.take() {
                items.push(Item::Text(done));
            }
            let field = spans.get(usize::from(cell.span)).and_then(|span| span.field);
            let fresh = TextRun {
                font: cell.font,
                size,
                x: at,
                y,
                glyphs: Vec::with_capacity(cells.len() - index),
                color: style.color,
                alpha: style.alpha,
                rotation: 0.0,
                field: field.cloned(),
            };
            run = Some((cell.span, fresh));
        }
        if let Some((_, run)) = &mut run {
            run.glyphs.push(Glyph {
                id: cell.glyph,
                ch: cell.ch,
                x: at - run.x,
            });
        }
        at += cell.advance * size;
    }
    if let Some((_, done)) = run {
        items.push(Item::Text(done));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::face::FontConfig;

    fn style(size: f32, floor: f32) -> Style {
        Style {
            size,
            floor,
            color: Color(0, 0, 0),
            alpha: 1.0,
            align: Align::Justify,
            valign: VAlign::Top,
            leading: 1.4,
            wrap: true,
            spacing: 0.0,
            indent: 0.0,
            drop: 0.0,
            cells: None,
        }
    }

    fn set(text: &str, place: Rect, style: &Style) -> Result<Vec<(f32, String)>, SetError> {
        let book = FontBook::load(&FontConfig::default()).unwrap();
        let span = Span {
            text,
            role: FontRole::Song,
            field: None,
        };
        let mut items = Vec::new();
        Setter::default().set(&[span], place, style, &book, &mut items)?;
        let mut lines: Vec<(f32, String)> = Vec::new();
        for item in &items {
            let Item::Text(run) = item else { continue };
            let text: String = run.glyphs.iter().map(|g| g.ch).collect();
            assert!(run.x >= place.x - 0.01);
            let end = run.x + run.glyphs.last().unwrap().x;
            assert!(end + run.size * 0.5 <= place.x + place.w + 0.02, "{text}");
            assert!(run.y <= place.y + place.h);
            match lines.last_mut() {
                Some((y, line)) if (*y - run.y).abs() < 0.01 => line.push_str(&text),
                _ => lines.push((run.y, text)),
            }
        }
        Ok(lines)
    }

    fn page(w: f32, h: f32) -> Rect {
        Rect {
            x: 10.0,
            y: 10.0,
            w,
            h,
        }
    }

    #[test]
    fn lines_obey_the_rules_of_chinese_breaking() {
        let text =
            "食品（含保健食品、特殊医学用途配方食品）销售，预包装食品；热食类《制售》：冷食类、生食类。";
        for width in 20..60 {
            for (_, line) in set(text, page(width as f32, 100.0), &style(4.0, 4.0)).unwrap() {
                let first = line.chars().next().unwrap();
                let last = line.chars().last().unwrap();
                assert!(!"，。、；：）》".contains(first), "{line}");
                assert!(!"（《".contains(last), "{line}");
            }
        }
    }

    #[test]
    fn latin_words_and_numbers_stay_whole_unless_longer_than_a_line() {
        let text = "统一社会信用代码91410100MA44XXXX0A号";
        let lines = set(text, page(50.0, 100.0), &style(4.0, 4.0)).unwrap();
        assert!(
            lines.iter().any(|(_, line)| line.contains("91410100MA44XXXX0A")),
            "{lines:?}"
        );
        let lines = set(&"A".repeat(60), page(30.0, 100.0), &style(4.0, 4.0)).unwrap();
        assert!(lines.len() > 3);
        assert_eq!(lines.iter().map(|(_, l)| l.len()).sum::<usize>(), 60);
    }

    #[test]
    fn text_shrinks_to_its_floor_and_then_is_refused() {
        let text = "河南省".repeat(20);
        let fits = set(&text, page(60.0, 12.0), &style(5.0, 2.0)).unwrap();
        assert!(fits.len() > 1);
        assert_eq!(
            set(&text, page(60.0, 12.0), &style(5.0, 4.5)),
            Err(SetError::TooLong)
        );
    }

    #[test]
    fn what_no_font_has_is_named() {
        let error = set("张\u{E001}三\u{378}", page(60.0, 12.0), &style(5.0, 2.0)).unwrap_err();
        let SetError::Unprintable(0, missing) = error else {
            panic!("{error:?}")
        };
        assert_eq!(
            missing[0],
            Unprintable {
                ch: '\u{E001}',
                position: 2
            }
        );
        assert_eq!(
            missing[1],
            Unprintable {
                ch: '\u{378}',
                position: 4
            }
        );
    }

    #[test]
    fn a_lone_character_is_drawn_back_to_the_line_above() {
        let text = "示范企业".repeat(5) + "书";
        let lines = set(&text, page(80.3, 20.0), &style(4.0, 2.0)).unwrap();
        assert_eq!(lines.len(), 1, "{lines:?}");
        let lines = set(&text, page(60.0, 20.0), &style(4.0, 2.0)).unwrap();
        assert_eq!(lines.len(), 2, "{lines:?}");
    }

    #[test]
    fn given_line_breaks_are_kept() {
        let lines = set("一行\n二行", page(60.0, 20.0), &style(5.0, 2.0)).unwrap();
        assert_eq!(lines.len(), 2);
    }
}
