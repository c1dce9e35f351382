//! Content streams that plainly show a text: its letters in a standard font, of one size and one dark colour, each beside
//! the one before, upright and whole inside the field, over at most a background and a border. Any other may be as
//! honest, but that is for people to see.

use std::{collections::HashMap, rc::Rc};

use super::{
    super::{
        OpenError,
        object::Object,
        parse::{Operand, Parser, Wording},
        reader::Reader,
    },
    letters::{self, Widths},
};

/// Operators that paint a path, or none, and what they do to it: whether they fill it, and draw along it.
const PAINTING: [(&[u8], bool, bool); 10] = [
    (b"n", false, false),
    (b"f", true, false),
    (b"F", true, false),
    (b"f*", true, false),
    (b"S", false, true),
    (b"s", false, true),
    (b"B", true, true),
    (b"B*", true, true),
    (b"b", true, true),
    (b"b*", true, true),
];

/// Operands that are numbers, all of them.
pub(super) fn numbers(operands: &[Object]) -> Option<Vec<f64>> {
    operands.iter().map(Object::number).collect()
}

/// What lies between the letters of a look and the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ground {
    /// Nothing.
    Open,
    /// A background.
    Painted,
}

/// A place in what is shown where a blank may be seen: between letters that stand apart, and between lines.
const APART: char = '\n';

/// Whether what is shown is a text: blanks of one or the other are one, and letters that stand apart are parted by a
/// blank or not, as in cells.
pub(super) fn says(shown: &str, text: &str) -> bool {
    let is_blank = |letter: char| letter.is_whitespace();
    let mut text = text.trim_matches(is_blank);
    let mut shown = shown.trim_matches(is_blank);
    loop {
        let (after_shown, after_text) = (
            shown.trim_start_matches(is_blank),
            text.trim_start_matches(is_blank),
        );
        let is_apart = shown.starts_with(APART) && !shown.starts_with(' ');
        let (blank_shown, blank_text) = (after_shown.len() < shown.len(), after_text.len() < text.len());
        if blank_shown != blank_text && !(blank_shown && is_apart) {
            return false;
        }
        let (mut of_shown, mut of_text) = (after_shown.chars(), after_text.chars());
        match (of_shown.next(), of_text.next()) {
            (None, None) => return true,
            (a, b) if a != b => return false,
            _ => (shown, text) = (of_shown.as_str(), of_text.as_str()),
        }
    }
}

/// The box that a content stream draws in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) space: [f64; 4],
    /// How much larger than in it everything is shown, to the right and upwards.
    pub(super) scale: (f64, f64),
    /// What the signer gave the field: where there was none, what lies below was seen.
    pub(super) has_ground: bool,
    pub(super) has_border: bool,
}

/// The text of a content stream that shows nothing else, and on what; none where it may.
pub(super) fn plain_text(
    reader: &Reader<'_>,
    data: &[u8],
    fonts: &Object,
    frame: Frame,
) -> Result<Option<(String, Ground)>, OpenError> {
    let mut parser = Parser::stream(data, 0, 0);
    let mut shown = String::new();
    let mut known: HashMap<Vec<u8>, Option<Rc<Widths>>> = HashMap::new();
    let mut has_font = false;
    let mut sheet = Sheet::new(frame);
    let mut pen = Pen::new(frame);
    let mut operands: Vec<Object> = Vec::new();
    loop {
        // What is no content stream may show anything.
        let Ok(operand) = parser.operand() else {
            return Ok(None);
        };
        let operator = match operand {
            Operand::End => {
                let is_plain = parser.wording() == Wording::Plain;
                return Ok(is_plain.then_some((shown, sheet.ground)));
            }
            Operand::Object(object) if operands.len() < 64 => {
                operands.push(object);
                continue;
            }
            Operand::Object(_) => return Ok(None),
            Operand::Operator(operator) => operator,
        };
        // Of operands that are too many, too few or of another type, each viewer takes others.
        let is_plain = match (operator, &operands[..]) {
            (b"Tf", [Object::Name(name), size]) if size.number().is_some() => {
                let font = if let Some(font) = known.get(&name[..]) {
                    font.clone()
                } else {
                    let font = letters::named(reader, fonts, name)?.map(Rc::new);
                    known.insert(name.to_vec(), font.clone());
                    font
                };
                // Who does not find a font may go on in the one before.
                pen.now.font = font.filter(|_| pen.now.font.is_some() || !has_font);
                has_font = true;
                pen.now.size = size.number().unwrap_or_default();
                true
            }
            (b"Tj", [part @ Object::String { .. }]) => {
                pen.shows(std::slice::from_ref(part), &sheet, &mut shown)
            }
            (b"'", [part @ Object::String { .. }]) => {
                pen.next_line();
                pen.shows(std::slice::from_ref(part), &sheet, &mut shown)
            }
            (b"TJ", [Object::Array(parts)]) => pen.shows(parts, &sheet, &mut shown),
            (operator, operands) => {
                is_quiet(operator, operands)
                    || pen.moves(operator, operands)
                    || pen.now.colours(operator, operands)
                    || sheet.paints(operator, operands, &mut pen)
            }
        };
        if !is_plain {
            return Ok(None);
        }
        operands.clear();
        parser.renew();
    }
}

/// The font that a default appearance names, the size and the lightness it writes in (12.7.4.3); none where it sets
/// anything else.
pub(super) fn hand(data: &[u8]) -> Option<(Vec<u8>, f64, f64)> {
    // Some copy it into a line of their own, in which a comment has no end.
    if data.contains(&b'%') {
        return None;
    }
    let mut parser = Parser::stream(data, 0, 0);
    let mut state = State::new([0.0; 4]);
    // Of what stands there twice some take the first, others the last.
    let (mut font, mut colours) = (None, 0);
    let mut operands: Vec<Object> = Vec::new();
    loop {
        match parser.operand().ok()? {
            Operand::End => {
                let (name, size) = font.filter(|_| parser.wording() == Wording::Plain)?;
                return Some((name, size, state.light));
            }
            Operand::Object(object) => operands.push(object),
            Operand::Operator(operator) => {
                match (operator, &operands[..]) {
                    (b"Tf", [Object::Name(name), size]) if font.is_none() => {
                        font = Some((name.to_vec(), size.number()?));
                    }
                    (operator, operands) if colours == 0 && state.colours(operator, operands) => colours += 1,
                    _ => return None,
                }
                operands.clear();
            }
        }
    }
}

/// Whether a content stream lets all be seen that lies below it but for dark lines, surfaces and letters.
pub(super) fn hides_nothing(data: &[u8]) -> bool {
    let mut parser = Parser::stream(data, 0, 0);
    let mut operands: Vec<Object> = Vec::new();
    loop {
        let operator = match parser.operand() {
            Ok(Operand::End) => return parser.wording() == Wording::Plain,
            Ok(Operand::Object(object)) => {
                operands.push(object);
                continue;
            }
            Ok(Operand::Operator(operator)) => operator,
            Err(_) => return false,
        };
        let is_dark = match operator {
            b"g" | b"rg" | b"k" | b"sc" | b"scn" | b"G" | b"RG" | b"K" | b"SC" | b"SCN" => {
                let colour = numbers(&operands);
                colour
                    .and_then(|colour| light(&colour))
                    .is_some_and(|light| light <= 0.5)
            }
            b"cs" | b"CS" => matches!(&operands[..], [Object::Name(space)] if space.starts_with(b"Device")),
            b"gs" | b"Do" | b"sh" | b"BI" => false,
            _ => true,
        };
        if !is_dark {
            return false;
        }
        operands.clear();
        parser.renew();
    }
}

/// Whether an operator marks or measures, and paints nothing.
fn is_quiet(operator: &[u8], operands: &[Object]) -> bool {
    match (operator, operands) {
        // With properties, a mark may say that it is another text (14.9.4), or lead to a layer.
        (b"BMC" | b"MP" | b"ri", [Object::Name(_)]) | (b"EMC", []) | (b"Tr", [Object::Integer(0)]) => true,
        (b"J" | b"j" | b"M" | b"i", [number]) => number.number().is_some(),
        (b"d", [Object::Array(dashes), phase]) => numbers(dashes).is_some() && phase.number().is_some(),
        _ => false,
    }
}

/// What lies below the letters.
struct Sheet {
    frame: Frame,
    /// How light it is, where it is painted.
    light: f64,
    ground: Ground,
    /// The part of the box that is on all grounds and within all borders.
    room: [f64; 4],
    /// Rectangles that wait to be painted.
    path: Vec<[f64; 4]>,
    /// The corners of a polygon that waits to be.
    corners: Vec<(f64, f64)>,
    rectangles: usize,
    clips: bool,
    line: f64,
}

/// Rectangles in a plain look: clip, background, border.
const MOST_RECTANGLES: usize = 4;

/// How far from the edges of its box a border may be drawn and a background end, and how heavy a border may be, in
/// points.
const EDGE: f64 = 3.0;

/// What two rectangles have in common.
fn common([left, bottom, right, top]: [f64; 4], [west, south, east, north]: [f64; 4]) -> [f64; 4] {
    [left.max(west), bottom.max(south), right.min(east), top.min(north)]
}

impl Sheet {
    fn new(frame: Frame) -> Sheet {
        Sheet {
            frame,
            light: 1.0,
            ground: Ground::Open,
            room: frame.space,
            path: Vec::new(),
            corners: Vec::new(),
            rectangles: 0,
            clips: false,
            line: 1.0,
        }
    }

    /// Follows an operator of paths; no where it draws anything but a background or a border.
    fn paints(&mut self, operator: &[u8], operands: &[Object], pen: &mut Pen) -> bool {
        let Some(numbers) = numbers(operands) else {
            return false;
        };
        match (operator, &numbers[..]) {
            (b"re", &[x, y, wide, high]) if self.rectangles < MOST_RECTANGLES => {
                let (other_x, other_y) = (x + wide, y + high);
                self.path
                    .push([x.min(other_x), y.min(other_y), x.max(other_x), y.max(other_y)]);
                self.rectangles += 1;
                return true;
            }
            (b"m", &[x, y]) if self.corners.is_empty() && self.path.is_empty() => {
                self.corners.push((x, y));
                return true;
            }
            (b"l", &[x, y]) if (1..6).contains(&self.corners.len()) => {
                self.corners.push((x, y));
                return true;
            }
            (b"w", &[line]) if line >= 0.0 => {
                self.line = line;
                return true;
            }
            (b"h", []) => return true,
            (b"W" | b"W*", []) => {
                self.clips = true;
                return true;
            }
            _ => {}
        }
        let mut painting = PAINTING.into_iter().filter(|_| numbers.is_empty());
        let Some((_, fills, strokes)) = painting.find(|(known, ..)| *known == operator) else {
            return false;
        };
        let path = std::mem::take(&mut self.path);
        let corners = std::mem::take(&mut self.corners);
        if !corners.is_empty() {
            return matches!(operator, b"f" | b"F")
                && path.is_empty()
                && !self.clips
                && !pen.has_written
                && self.is_shade(&corners);
        }
        if std::mem::take(&mut self.clips) {
            let [clip] = path[..] else { return false };
            pen.now.clip = common(pen.now.clip, clip);
        }
        if !fills && !strokes || path.is_empty() {
            return true;
        }
        // What lies between two rectangles is a border as well, where the rule is even-odd.
        let is_frame = fills && operator.ends_with(b"*") && path.len() == 2;
        if fills && !is_frame {
            self.light = pen.now.light;
            self.ground = Ground::Painted;
        }
        let half = if strokes { self.line / 2.0 } else { 0.0 };
        for [left, bottom, right, top] in &path {
            let within = [left + half, bottom + half, right - half, top - half];
            self.room = common(self.room, within);
        }
        let has_been_given =
            (!fills || is_frame || self.frame.has_ground) && (!strokes && !is_frame || self.frame.has_border);
        let heaviest = self.line * self.frame.scale.0.max(self.frame.scale.1);
        // What is painted later covers what was written, and what is clipped draws something else than its path says.
        has_been_given
            && !pen.has_written
            && path
                .into_iter()
                .chain([pen.now.clip])
                .all(|path| self.is_around(path))
            && (!strokes || heaviest <= EDGE)
    }

    /// Follows a polygon along two sides of the box, by which viewers draw borders that are beveled or inset (table 168):
    /// out on one line, back on another beside it; no where it is anything else.
    fn is_shade(&mut self, corners: &[(f64, f64)]) -> bool {
        let &[first, turn, last, last_back, turn_back, first_back] = corners else {
            return false;
        };
        let (wide, high) = (EDGE / self.frame.scale.0, EDGE / self.frame.scale.1);
        let is_near = |a: (f64, f64), b: (f64, f64)| (a.0 - b.0).abs() <= wide && (a.1 - b.1).abs() <= high;
        let is_along = |a: (f64, f64), b: (f64, f64)| Some(a.0) == Some(b.0) || Some(a.1) == Some(b.1);
        let [left, bottom, right, top] = self.frame.space;
        let at_corner = |at: &(f64, f64)| {
            [(left, bottom), (left, top), (right, bottom), (right, top)]
                .iter()
                .any(|corner| is_near(*at, *corner))
        };
        for &(x, y) in corners {
            let (to_left, to_bottom) = (x - left < right - x, y - bottom < top - y);
            let beside = [
                if to_left { x } else { left },
                if to_bottom { y } else { bottom },
                if to_left { right } else { x },
                if to_bottom { top } else { y },
            ];
            self.room = common(self.room, beside);
        }
        let pairs = [(first, first_back), (turn, turn_back), (last, last_back)];
        self.frame.has_border
            && pairs.into_iter().all(|(out, back)| is_near(out, back))
            && [first, turn, last].iter().all(at_corner)
            && [
                (first, turn),
                (turn, last),
                (last_back, turn_back),
                (turn_back, first_back),
            ]
            .into_iter()
            .all(|(a, b)| is_along(a, b))
    }

    /// Whether a rectangle takes all of the box but its edge.
    fn is_around(&self, [west, south, east, north]: [f64; 4]) -> bool {
        let [left, bottom, right, top] = self.frame.space;
        let (wide, high) = (EDGE / self.frame.scale.0, EDGE / self.frame.scale.1);
        west <= left + wide && south <= bottom + high && east >= right - wide && north >= top - high
    }
}

/// What `q` keeps and `Q` brings back.
#[derive(Debug, Clone)]
struct State {
    clip: [f64; 4],
    font: Option<Rc<Widths>>,
    size: f64,
    leading: f64,
    /// Between letters, and between words besides.
    spacing: (f64, f64),
    /// How wide letters are stretched.
    stretch: f64,
    /// How light letters are, and by how many numbers their colours are told.
    light: f64,
    parts: usize,
}

impl State {
    fn new(clip: [f64; 4]) -> State {
        State {
            clip,
            font: None,
            size: 0.0,
            leading: 0.0,
            spacing: (0.0, 0.0),
            stretch: 1.0,
            light: 0.0,
            parts: 1,
        }
    }

    /// Follows an operator that sets a colour by numbers; no where it is none, or names a pattern.
    fn colours(&mut self, operator: &[u8], operands: &[Object]) -> bool {
        let of_space = |name: &[u8]| match name {
            b"DeviceGray" => Some(1),
            b"DeviceRGB" => Some(3),
            b"DeviceCMYK" => Some(4),
            _ => None,
        };
        let numbers = numbers(operands).unwrap_or_default();
        let parts = match (operator, operands) {
            (b"cs", [Object::Name(space)]) => {
                let Some(parts) = of_space(space) else {
                    return false;
                };
                (self.parts, self.light) = (parts, 0.0);
                return true;
            }
            (b"CS", [Object::Name(space)]) => return of_space(space).is_some(),
            (b"G", _) => return numbers.len() == 1,
            (b"RG", _) => return numbers.len() == 3,
            (b"K", _) => return numbers.len() == 4,
            (b"SC" | b"SCN", _) => return matches!(numbers.len(), 1 | 3 | 4),
            (b"g", _) => 1,
            (b"rg", _) => 3,
            (b"k", _) => 4,
            (b"sc" | b"scn", _) => self.parts,
            _ => return false,
        };
        let Some(light) = light(&numbers) else {
            return false;
        };
        (self.light, self.parts) = (light, parts);
        numbers.len() == parts
    }
}

/// How light a colour of grey, of red, green and blue, or of inks is; none of other numbers.
pub(super) fn light(colour: &[f64]) -> Option<f64> {
    let parts: Vec<f64> = colour.iter().map(|part| part.clamp(0.0, 1.0)).collect();
    let light = |red: f64, green: f64, blue: f64| 0.3 * red + 0.59 * green + 0.11 * blue;
    Some(match parts[..] {
        [gray] => gray,
        [red, green, blue] => light(red, green, blue),
        [cyan, magenta, yellow, black] => light(1.0 - cyan, 1.0 - magenta, 1.0 - yellow) * (1.0 - black),
        _ => return None,
    })
}

/// Where the letters of a look come to stand, in its own units. Letters that are drawn over or before those drawn
/// earlier, outside the field or in the colour of what lies below show something else than their order says.
struct Pen {
    now: State,
    kept: Vec<State>,
    /// How much larger than here everything is shown.
    shown: (f64, f64),
    is_in_text: bool,
    has_written: bool,
    /// Begin of the line, and how much larger than its unit everything is written.
    line: (f64, f64),
    scale: f64,
    /// How far right of the begin of the line the next letter stands, at least and at most.
    ahead: (f64, f64),
    last: Option<Letter>,
    /// Size and lightness of all that is written.
    hand: Option<(f64, f64)>,
}

/// The letter written last.
#[derive(Debug, Clone, Copy)]
struct Letter {
    /// Where it begins, at least.
    at: (f64, f64),
    wide: f64,
}

/// Least width of a letter, in thousandths of the size: the narrowest of the standard fonts have more.
const LEAST_WIDTH: f64 = 150.0;

/// The part of a letter that the next one leaves free, and the part of its size that is between two lines.
const LEAST_ADVANCE: f64 = 0.7;
const LEAST_LEADING: f64 = 0.8;

/// How high letters stand above their line and how deep the tail of a comma reaches below it, as parts of their size.
const HEIGHT: f64 = 0.7;
const TAIL: f64 = 0.145;

/// Letters that reach below their line.
const WITH_TAIL: &[u8] = b"$(),/;@J[\\]Q_gjpqy{|}";

/// The part of its size by which a letter stands apart from the one before.
const LEAST_GAP: f64 = 0.12;

/// The smallest letters that are read, in points, the least difference of light between them and a ground, and how light
/// they are at most on a page of which nobody knows its colours.
const LEAST_SIZE: f64 = 4.0;
const LEAST_CONTRAST: f64 = 0.4;
pub(super) const LIGHTEST: f64 = 0.3;

/// Most states kept one in another.
const MOST_KEPT: usize = 16;

impl Pen {
    fn new(frame: Frame) -> Pen {
        Pen {
            now: State::new(frame.space),
            kept: Vec::new(),
            shown: frame.scale,
            is_in_text: false,
            has_written: false,
            line: (0.0, 0.0),
            scale: 1.0,
            ahead: (0.0, 0.0),
            last: None,
            hand: None,
        }
    }

    /// Follows an operator that sets where letters stand; no where it is none, or does so in an uncommon way.
    fn moves(&mut self, operator: &[u8], operands: &[Object]) -> bool {
        let Some(numbers) = numbers(operands) else {
            return false;
        };
        match (operator, &numbers[..]) {
            // Neither holds the other (8.2, figure 9).
            (b"q", []) if !self.is_in_text && self.kept.len() < MOST_KEPT => self.kept.push(self.now.clone()),
            (b"Q", []) if !self.is_in_text => match self.kept.pop() {
                Some(kept) => self.now = kept,
                None => return false,
            },
            (b"BT", []) if !self.is_in_text => {
                self.is_in_text = true;
                self.begin((0.0, 0.0), 1.0);
            }
            (b"ET", []) if self.is_in_text => self.is_in_text = false,
            (b"Td" | b"TD", &[right, up]) => {
                if operator == b"TD" {
                    self.now.leading = -up;
                }
                let line = (self.line.0 + right * self.scale, self.line.1 + up * self.scale);
                self.begin(line, self.scale);
            }
            (b"T*", []) => self.next_line(),
            (b"TL", &[leading]) => self.now.leading = leading,
            // Stretched letters would move by another measure than they are high.
            (b"Tm", &[wide, 0.0, 0.0, high, x, y]) if wide > 0.0 && (wide - high).abs() <= 0.01 * wide => {
                self.begin((x, y), wide.min(high));
            }
            (b"Tc", &[by]) => self.now.spacing.0 = by,
            (b"Tw", &[by]) => self.now.spacing.1 = by,
            (b"Tz", &[percent]) if percent >= 50.0 => self.now.stretch = percent / 100.0,
            (b"cm", &[1.0, 0.0, 0.0, 1.0, 0.0, 0.0]) => {}
            _ => return false,
        }
        true
    }

    fn begin(&mut self, line: (f64, f64), scale: f64) {
        (self.line, self.scale, self.ahead) = (line, scale, (0.0, 0.0));
    }

    fn next_line(&mut self) {
        let line = (self.line.0, self.line.1 - self.now.leading * self.scale);
        self.begin(line, self.scale);
    }

    /// Writes a piece of text; no where it does not show, all of it and in its order.
    fn shows(&mut self, parts: &[Object], sheet: &Sheet, shown: &mut String) -> bool {
        let (size, stretch) = (self.now.size * self.scale, self.now.stretch);
        let light = self.now.light;
        let (first_size, first_light) = *self.hand.get_or_insert((size, light));
        let is_legible = self.is_in_text
            && size * self.shown.1 >= LEAST_SIZE
            && size * stretch * self.shown.0 >= LEAST_SIZE
            && (size - first_size).abs() <= 0.01 * first_size
            && (light - first_light).abs() <= 0.01
            && match sheet.ground {
                Ground::Open => light <= LIGHTEST,
                Ground::Painted => (light - sheet.light).abs() >= LEAST_CONTRAST,
            };
        let room = common(self.now.clip, sheet.room);
        for part in parts {
            if let Some(back) = part.number() {
                self.advance((-back / 1000.0 * size * stretch, -back / 1000.0 * size * stretch));
                continue;
            }
            let Some(codes) = part.string() else { return false };
            for code in codes {
                let widths = self.now.font.as_ref().and_then(|font| font.letter(*code));
                let Some((least, most)) = widths.filter(|_| is_legible) else {
                    return false;
                };
                let wide = |width: f64| width / 1000.0 * size * stretch;
                let is_blank = *code == b' ';
                if !is_blank {
                    let before = self.last;
                    let depth = if WITH_TAIL.contains(code) { TAIL } else { 0.0 };
                    if least < LEAST_WIDTH
                        || !self.writes(wide(least), size)
                        || !self.is_whole(room, wide(most), (size, depth))
                    {
                        return false;
                    }
                    let (right, up) = (self.line.0 + self.ahead.0, self.line.1);
                    let is_apart = before.is_some_and(|last| {
                        let gap = right - last.at.0 - last.wide;
                        gap > LEAST_GAP * size || last.at.1 - up > LEAST_GAP * size
                    });
                    if is_apart && !shown.ends_with(' ') {
                        shown.push(APART);
                    }
                }
                let word = if is_blank { self.now.spacing.1 } else { 0.0 };
                let between = (self.now.spacing.0 + word) * self.scale * stretch;
                self.advance((wide(least) + between, wide(most) + between));
                shown.push(char::from(*code));
            }
        }
        true
    }

    fn advance(&mut self, by: (f64, f64)) {
        self.ahead.0 += by.0;
        self.ahead.1 += by.1;
    }

    /// Whether the letter that begins where the pen is shows all of itself.
    fn is_whole(&self, [left, bottom, right, top]: [f64; 4], most: f64, (size, depth): (f64, f64)) -> bool {
        let (at, up) = (self.line.0 + self.ahead.0, self.line.1);
        // What two programs round otherwise.
        let slack = 0.02 * size;
        at >= left - slack
            && self.line.0 + self.ahead.1 + most <= right + slack
            && up - depth * size >= bottom
            && up + HEIGHT * size <= top
    }

    /// Puts one letter where the pen is; no where that is not behind the one before or below it.
    fn writes(&mut self, least: f64, size: f64) -> bool {
        let at = (self.line.0 + self.ahead.0, self.line.1);
        let is_behind = self.last.is_none_or(|last| {
            let is_level = (at.1 - last.at.1).abs() < 0.01 * size;
            is_level && at.0 >= last.at.0 + LEAST_ADVANCE * last.wide
                || at.1 <= last.at.1 - LEAST_LEADING * size
        });
        self.last = Some(Letter { at, wide: least });
        self.has_written = true;
        is_behind
    }
}
