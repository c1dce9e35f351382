//! Whether a field that was filled in shows its value (ISO 32000-2 12.7.4.3): programs read the value, people
//! read the look, and whoever fills a field in may make the two differ.
//!
//! Only plain looks can be told to show a text: its letters in a standard font, each beside the one before, upright,
//! inside the field and of another colour than what lies below, over at most a background and a border. Any other may
//! be as honest, but that is for people to see.

use std::{collections::HashMap, rc::Rc};

use super::{
    super::{
        ModificationLevel, OpenError,
        object::{Dict, Object},
        parse::{Operand, Parser, Wording},
        reader::Reader,
        text::text_string,
    },
    ChangeKind, Comparison, Permission,
    letters::{self, Widths},
    same::value,
    seen::area,
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

/// Rectangles in a plain look: clip, background, border.
const MOST_RECTANGLES: usize = 4;

/// Longest value compared with its look.
const LONGEST: usize = 64 << 10;

/// Longest side of a button that is a mark beside the text, in points.
const MARK: f64 = 60.0;

/// The largest part of a page that a field which is filled in may take, and all of them together that cover what lies
/// below.
const FILLED_SHARE: f64 = 0.25;

/// A widget whose field was filled in.
#[derive(Debug)]
pub(super) struct Filled {
    name: String,
    /// Whether what it shows may cover what lies below.
    covers: bool,
}

impl Comparison<'_, '_> {
    /// Notes it where a filled field, or a widget of it, does not plainly show the value.
    pub(super) fn look(
        &mut self,
        number: u32,
        (signed, widget): (&Dict, &Dict),
        (kind, held): (Option<&[u8]>, &Object),
        name: &str,
    ) -> Result<(), OpenError> {
        let reader = self.sides.last;
        let looks = reader.get(widget, "AP")?;
        let held = reader.follow(held)?.object;
        let chosen = held.name().filter(|held| *held != b"Off");
        let filled = |covers| Filled {
            name: name.to_owned(),
            covers,
        };
        let Some(looks) = looks.object.dict() else {
            let drawn = reader.get(widget, "MK")?.object;
            let has_ground = drawn.dict().is_some_and(|drawn| drawn.get("BG").is_some());
            self.filled.insert(number, filled(has_ground));
            if matches!(kind, Some(b"Tx" | b"Ch")) && !self.is_drawn_whole(widget, &held)? {
                self.unlike(number, name);
            }
            // The viewer draws it from the value, or its widgets show it.
            if let (Some(b"Btn"), Some(chosen)) = (kind, chosen)
                && !is_chosen(reader, widget, chosen)?
            {
                self.unlike(number, name);
            }
            return Ok(());
        };
        let turn = match self.sides.signed.get(signed, "MK")?.object.dict() {
            Some(look) => self.sides.signed.get(look, "R")?.object,
            None => Object::Null,
        };
        let place = Place {
            area: area(reader, widget)?,
            turn: turn.integer().unwrap_or_default(),
        };
        // Of a place that is none each viewer makes something else.
        let place_held = value(widget, b"Rect");
        let has_place = place_held == Object::Null || exactly::<4>(reader, &place_held)?.is_some();
        let mut covers = true;
        let is_plain = match kind {
            Some(b"Tx" | b"Ch") => {
                let text = match &held {
                    Object::Null => Some(String::new()),
                    Object::String { bytes, .. } if bytes.len() <= LONGEST => Some(text_string(bytes)),
                    _ => None,
                };
                let shown = match text {
                    Some(text) => shows(reader, looks, &place, &text)?,
                    None => None,
                };
                covers = shown.is_none_or(|ground| ground == Ground::Painted);
                shown.is_some()
            }
            // What a large button shows may be anything.
            Some(b"Btn") => {
                let is_mark = place
                    .area
                    .is_none_or(|[left, bottom, right, top]| right - left <= MARK && top - bottom <= MARK);
                is_mark && shows_state(reader, (widget, looks), &held)?
            }
            _ => false,
        };
        self.filled.insert(number, filled(covers));
        if !is_plain || !has_place {
            self.unlike(number, name);
        }
        Ok(())
    }

    /// Notes it where what was filled in takes so much of a page that it may stand for what the page says.
    pub(super) fn filled_over(&mut self, annotations: &[Object], page: f64) -> Result<(), OpenError> {
        let mut together = 0.0;
        for id in annotations.iter().filter_map(Object::reference) {
            let Some(Filled { name, covers }) = self.filled.get(&id.number) else {
                continue;
            };
            let widget = self.sides.last.load(id)?.object;
            let Some(widget) = widget.dict() else { continue };
            let Some([left, bottom, right, top]) = area(self.sides.last, widget)? else {
                continue;
            };
            let mut taken = (right - left) * (top - bottom);
            if *covers {
                together += taken;
                taken = together;
            }
            if taken > FILLED_SHARE * page {
                let name = name.clone();
                self.unlike(id.number, &name);
            }
        }
        Ok(())
    }

    /// Whether all viewers that draw a value show the same of it: they cut off what is far to the right and what is
    /// below a line, and some follow the index of a choice instead.
    fn is_drawn_whole(&self, widget: &Dict, held: &Object) -> Result<bool, OpenError> {
        let reader = self.sides.last;
        let flags = reader.get(widget, "Ff")?.object.integer().unwrap_or_default();
        let text = held.string().map(text_string).unwrap_or_default();
        let is_even = |text: &str| {
            let has_control = text.chars().any(|letter| {
                letter.is_control() && !(flags & MULTILINE != 0 && matches!(letter, '\r' | '\n'))
            });
            !has_control && !text.contains("  ")
        };
        Ok(is_even(&text) && reader.get(widget, "I")?.object == Object::Null)
    }

    fn unlike(&mut self, number: u32, name: &str) {
        let permission = Permission::Unclear(ModificationLevel::FormFilling);
        self.note(ChangeKind::AppearanceUnlikeValue, permission, number, name);
    }
}

/// Field flag of text of several lines (12.7.5.3).
const MULTILINE: i64 = 1 << 12;

/// Whether a button, which shows one of the looks that it always had, shows that of its value.
fn shows_state(
    reader: &Reader<'_>,
    (widget, looks): (&Dict, &Dict),
    held: &Object,
) -> Result<bool, OpenError> {
    let state = reader.get(widget, "AS")?.object;
    Ok(match held {
        Object::Name(chosen) if &chosen[..] != b"Off" => {
            let states = reader.get(looks, "N")?.object;
            // Of several widgets, those that have the look of the value show it.
            let has_look = states.dict().is_some_and(|states| states.value(chosen).is_some());
            let is_one_of_several = widget.get("T").is_none();
            (has_look || is_one_of_several) && state.name() == Some(if has_look { chosen } else { b"Off" })
        }
        Object::Null | Object::Name(_) => matches!(state.name(), None | Some(b"Off")),
        _ => false,
    })
}

/// Whether one of a button's widgets is in the state that its value names, where it has any.
fn is_chosen(reader: &Reader<'_>, field: &Dict, chosen: &[u8]) -> Result<bool, OpenError> {
    let kids = reader.get(field, "Kids")?.object;
    let kids = kids.array().unwrap_or_default();
    for kid in kids {
        let kid = reader.follow(kid)?.object;
        let state = match kid.dict() {
            Some(kid) => reader.get(kid, "AS")?.object,
            None => Object::Null,
        };
        if state.name() == Some(chosen) {
            return Ok(true);
        }
    }
    Ok(kids.is_empty())
}

/// Where a look is drawn.
struct Place {
    /// None where it is not seen.
    area: Option<[f64; 4]>,
    /// By how many degrees the signer has it turned.
    turn: i64,
}

impl Place {
    /// How much larger than in the look everything is drawn, to the right and upwards (12.5.5, algorithm 8); none where
    /// it is mirrored, slanted, or turned otherwise than the signer has it.
    fn scale(
        &self,
        reader: &Reader<'_>,
        look: &Dict,
        [left, bottom, right, top]: [f64; 4],
    ) -> Result<Option<(f64, f64)>, OpenError> {
        let given = reader.get(look, "Matrix")?.object;
        let matrix = match given {
            Object::Null => Some([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]),
            _ => exactly(reader, &given)?,
        };
        let Some([a, b, c, d, _, _]) = matrix else {
            return Ok(None);
        };
        // What is left of rounded sines and cosines.
        let nothing = 1e-4 * [a, b, c, d].into_iter().map(f64::abs).fold(0.0, f64::max);
        let sign = |part: f64| {
            if part.abs() <= nothing {
                0
            } else if part > 0.0 {
                1
            } else {
                -1
            }
        };
        let turn = match [a, b, c, d].map(sign) {
            [1, 0, 0, 1] => 0,
            [0, 1, -1, 0] => 90,
            [-1, 0, 0, -1] => 180,
            [0, -1, 1, 0] => 270,
            _ => return Ok(None),
        };
        if turn != 0 && turn != self.turn.rem_euclid(360) {
            return Ok(None);
        }
        let Some([west, south, east, north]) = self.area else {
            return Ok(Some((1.0, 1.0)));
        };
        let (wide, high) = match turn {
            90 | 270 => (north - south, east - west),
            _ => (east - west, north - south),
        };
        let scale = (wide / (right - left), high / (top - bottom));
        Ok((scale.0.is_finite() && scale.1.is_finite()).then_some(scale))
    }
}

/// The numbers of an array that holds so many of them and nothing else: what viewers make of any other, they do not
/// agree on.
fn exactly<const N: usize>(reader: &Reader<'_>, object: &Object) -> Result<Option<[f64; N]>, OpenError> {
    let found = reader.follow(object)?.object;
    let Some(parts) = found.array().filter(|parts| parts.len() == N) else {
        return Ok(None);
    };
    let mut numbers = [0.0; N];
    for (number, part) in numbers.iter_mut().zip(parts) {
        let Some(part) = reader.follow(part)?.object.number() else {
            return Ok(None);
        };
        *number = part;
    }
    Ok(Some(numbers))
}

/// Operands that are numbers, all of them.
fn numbers(operands: &[Object]) -> Option<Vec<f64>> {
    operands.iter().map(Object::number).collect()
}

/// What lies between the letters of a look and the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ground {
    /// Nothing.
    Open,
    /// A background.
    Painted,
}

/// On what a look shows a text; none where it does not plainly show it.
fn shows(reader: &Reader<'_>, looks: &Dict, place: &Place, text: &str) -> Result<Option<Ground>, OpenError> {
    // Other looks are shown while the mouse is over it.
    if looks.iter().any(|(key, _)| key != b"N") {
        return Ok(None);
    }
    let look = reader.get(looks, "N")?;
    let Some(dict) = look.object.dict().filter(|_| look.is_stream()) else {
        return Ok(None);
    };
    // On a layer, or a page of another file, it is seen or not as that is.
    if dict.get("OC").is_some() || dict.get("Ref").is_some() {
        return Ok(None);
    }
    let resources = reader.get(dict, "Resources")?.object;
    let mut fonts = Object::Null;
    if let Some(resources) = resources.dict() {
        fonts = reader.get(resources, "Font")?.object;
        // Spaces that take the place of those of the device make any colour of a number.
        let spaces = reader.get(resources, "ColorSpace")?.object;
        let replaces = |name: &[u8]| name.starts_with(b"Default") || name.starts_with(b"Device");
        let mut spaces = spaces.dict().into_iter().flat_map(Dict::iter);
        if spaces.any(|(name, _)| replaces(name)) {
            return Ok(None);
        }
    }
    let data = match reader.stream_data(&look) {
        Err(limit @ OpenError::Limit { .. }) => return Err(limit),
        Err(_) => return Ok(None),
        Ok(data) => data,
    };
    reader.budget.parse(data.len())?;
    let Some([a, b, c, d]) = exactly(reader, &value(dict, b"BBox"))? else {
        return Ok(None);
    };
    let space = [a.min(c), b.min(d), a.max(c), b.max(d)];
    let Some(scale) = place.scale(reader, dict, space)? else {
        return Ok(None);
    };
    let Some((shown, ground)) = plain_text(reader, &data, &fonts, space, scale)? else {
        return Ok(None);
    };
    Ok(says(&shown, text).then_some(ground))
}

/// A place in what is shown where a blank may be seen: between letters that stand apart, and between lines.
const APART: char = '\n';

/// Whether what is shown is a text: blanks of one or the other are one, and letters that stand apart are parted by a
/// blank or not, as in cells.
fn says(shown: &str, text: &str) -> bool {
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

/// The text of a content stream that shows nothing else, and on what; none where it may.
fn plain_text(
    reader: &Reader<'_>,
    data: &[u8],
    fonts: &Object,
    space: [f64; 4],
    scale: (f64, f64),
) -> Result<Option<(String, Ground)>, OpenError> {
    let mut parser = Parser::stream(data, 0, 0);
    let mut shown = String::new();
    let mut known: HashMap<Vec<u8>, Option<Rc<Widths>>> = HashMap::new();
    let mut has_font = false;
    let mut sheet = Sheet::new(space);
    let mut pen = Pen::new(space, scale);
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
                    || pen.colours(operator, operands)
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

/// Whether an operator marks or measures, and paints nothing.
fn is_quiet(operator: &[u8], operands: &[Object]) -> bool {
    match (operator, operands) {
        (b"BDC", [tag, Object::Name(_) | Object::Dict(_)]) => tag.name().is_some_and(|tag| tag != b"OC"),
        (b"BMC" | b"MP" | b"ri", [Object::Name(_)]) | (b"EMC", []) | (b"Tr", [Object::Integer(0)]) => true,
        (b"J" | b"j" | b"M" | b"i", [number]) => number.number().is_some(),
        (b"d", [Object::Array(dashes), phase]) => numbers(dashes).is_some() && phase.number().is_some(),
        _ => false,
    }
}

/// What lies below the letters.
struct Sheet {
    space: [f64; 4],
    /// How light it is: that of paper where nothing is painted.
    light: f64,
    ground: Ground,
    /// Rectangles that wait to be painted.
    path: Vec<[f64; 4]>,
    rectangles: usize,
    clips: bool,
    line: f64,
}

/// How much of its room a background or border may leave free on each side: what is smaller is drawn.
const MARGIN: f64 = 0.25;

/// The heaviest border, as a part of the height.
const HEAVIEST: f64 = 0.2;

impl Sheet {
    fn new(space: [f64; 4]) -> Sheet {
        Sheet {
            space,
            light: 1.0,
            ground: Ground::Open,
            path: Vec::new(),
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
        if std::mem::take(&mut self.clips) {
            let [clip] = path[..] else { return false };
            pen.clip(clip);
        }
        if !fills && !strokes || path.is_empty() {
            return true;
        }
        let [left, bottom, right, top] = self.space;
        // What lies between two rectangles is a border as well, where the rule is even-odd.
        let is_frame = fills && operator.ends_with(b"*") && path.len() == 2;
        let heaviest = HEAVIEST * (top - bottom);
        let (wide, high) = if is_frame {
            (heaviest / 2.0, heaviest / 2.0)
        } else {
            (MARGIN * (right - left), MARGIN * (top - bottom))
        };
        let is_around = |[west, south, east, north]: [f64; 4]| {
            west <= left + wide && south <= bottom + high && east >= right - wide && north >= top - high
        };
        if fills && !is_frame {
            self.light = pen.now.light;
            self.ground = Ground::Painted;
        }
        // What is painted later covers what was written.
        !pen.has_written && path.into_iter().all(is_around) && (!strokes || self.line <= heaviest)
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
}

/// The letter written last.
#[derive(Debug, Clone, Copy)]
struct Letter {
    /// Where it begins, at least.
    at: (f64, f64),
    wide: f64,
    size: f64,
}

/// Least width of a letter, in thousandths of the size: the narrowest of the standard fonts have more.
const LEAST_WIDTH: f64 = 150.0;

/// The part of a letter that the next one leaves free, and the part of its size that is between two lines.
const LEAST_ADVANCE: f64 = 0.6;
const LEAST_LEADING: f64 = 0.5;

/// The part of its size by which a letter stands apart from the one before.
const LEAST_GAP: f64 = 0.12;

/// The smallest letters that are read, in points, and the least difference of light.
const LEAST_SIZE: f64 = 2.0;
const LEAST_CONTRAST: f64 = 0.15;

/// Most states kept one in another.
const MOST_KEPT: usize = 16;

impl Pen {
    fn new(space: [f64; 4], shown: (f64, f64)) -> Pen {
        Pen {
            now: State {
                clip: space,
                font: None,
                size: 0.0,
                leading: 0.0,
                spacing: (0.0, 0.0),
                stretch: 1.0,
                light: 0.0,
                parts: 1,
            },
            kept: Vec::new(),
            shown,
            is_in_text: false,
            has_written: false,
            line: (0.0, 0.0),
            scale: 1.0,
            ahead: (0.0, 0.0),
            last: None,
        }
    }

    fn clip(&mut self, [left, bottom, right, top]: [f64; 4]) {
        let [west, south, east, north] = &mut self.now.clip;
        (*west, *south) = (west.max(left), south.max(bottom));
        (*east, *north) = (east.min(right), north.min(top));
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

    /// Follows an operator that sets a colour by numbers; no where it is none, or names a pattern.
    fn colours(&mut self, operator: &[u8], operands: &[Object]) -> bool {
        let of_space = |name: &[u8]| match name {
            b"DeviceGray" => Some(1),
            b"DeviceRGB" => Some(3),
            b"DeviceCMYK" => Some(4),
            _ => None,
        };
        let numbers = numbers(operands).unwrap_or_default();
        let numbers: Vec<f64> = numbers.into_iter().map(|part| part.clamp(0.0, 1.0)).collect();
        let parts = match (operator, operands) {
            (b"cs", [Object::Name(space)]) => {
                let Some(parts) = of_space(space) else {
                    return false;
                };
                (self.now.parts, self.now.light) = (parts, 0.0);
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
            (b"sc" | b"scn", _) => self.now.parts,
            _ => return false,
        };
        let light = |red: f64, green: f64, blue: f64| 0.3 * red + 0.59 * green + 0.11 * blue;
        self.now.light = match numbers[..] {
            [gray] => gray,
            [red, green, blue] => light(red, green, blue),
            [cyan, magenta, yellow, black] => light(1.0 - cyan, 1.0 - magenta, 1.0 - yellow) * (1.0 - black),
            _ => return false,
        };
        self.now.parts = parts;
        numbers.len() == parts
    }

    /// Writes a piece of text; no where it does not show, all of it and in its order.
    fn shows(&mut self, parts: &[Object], sheet: &Sheet, shown: &mut String) -> bool {
        let (size, stretch) = (self.now.size * self.scale, self.now.stretch);
        let is_legible = self.is_in_text
            && size * self.shown.1 >= LEAST_SIZE
            && size * stretch * self.shown.0 >= LEAST_SIZE
            && (self.now.light - sheet.light).abs() >= LEAST_CONTRAST;
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
                    if least < LEAST_WIDTH || !self.writes(wide(least), wide(most), size) {
                        return false;
                    }
                    let (right, up) = (self.line.0 + self.ahead.0, self.line.1);
                    let is_apart = before.is_some_and(|last| {
                        let gap = right - last.at.0 - last.wide;
                        gap > LEAST_GAP * size || (up - last.at.1).abs() > LEAST_LEADING * size
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

    /// Puts one letter where the pen is: inside, and behind the one before or below it.
    fn writes(&mut self, least: f64, most: f64, size: f64) -> bool {
        let [left, bottom, right, top] = self.now.clip;
        let at = (self.line.0 + self.ahead.0, self.line.1);
        // Descenders, and what two programs round otherwise.
        let slack = 0.15 * size;
        let is_inside = at.0 >= left - slack
            && self.line.0 + self.ahead.1 + most <= right + slack
            && at.1 >= bottom - slack
            && at.1 + LEAST_LEADING * size <= top;
        let is_behind = self.last.is_none_or(|last| {
            let is_level = (at.1 - last.at.1).abs() < 0.01 * size;
            is_level && at.0 >= last.at.0 + LEAST_ADVANCE * last.wide
                || at.1 <= last.at.1 - LEAST_LEADING * size.max(last.size)
        });
        self.last = Some(Letter {
            at,
            wide: least,
            size,
        });
        self.has_written = true;
        is_inside && is_behind
    }
}
