//! Whether a field that was filled in shows its value (ISO 32000-2 12.7.4.3): programs read the value, people
//! read the look, and whoever fills a field in may make the two differ.
//!
//! Only plain looks can be told to show a text: its letters in a standard font over at most a background and
//! a border. Any other may be as honest, but that is for people to see.

use super::{
    super::{
        ModificationLevel, OpenError,
        parse::{Dict, Object, Operand, Parser},
        reader::Reader,
        text::text_string,
    },
    ChangeKind, Comparison, Permission,
    form::rectangle,
    same::value,
};

/// Operators that set, clip, mark or measure, and paint nothing.
const QUIET: [&[u8]; 17] = [
    b"q", b"BMC", b"BDC", b"EMC", b"MP", b"ET", b"w", b"J", b"j", b"M", b"d", b"i", b"ri", b"W", b"W*", b"n",
    b"h",
];

/// Colours by number: they paint nothing, and name no pattern where their operands are numbers.
const COLOURS: [&[u8]; 10] = [b"g", b"G", b"rg", b"RG", b"k", b"K", b"sc", b"SC", b"scn", b"SCN"];

/// Colour spaces that everybody has (8.6.4).
const DEVICE_SPACES: [&[u8]; 3] = [b"DeviceGray", b"DeviceRGB", b"DeviceCMYK"];

/// Operators that paint a path.
const PAINTING: [&[u8]; 9] = [b"f", b"F", b"f*", b"S", b"s", b"B", b"B*", b"b", b"b*"];

/// Rectangles in a plain look: clip, background, border.
const MOST_RECTANGLES: usize = 4;

/// Longest value compared with its look.
const LONGEST: usize = 64 << 10;

impl Comparison<'_, '_> {
    /// Notes it where a filled field, or a widget of it, does not plainly show the value.
    pub(super) fn look(
        &mut self,
        number: u32,
        widget: &Dict,
        (kind, held): (Option<&[u8]>, &Object),
        name: &str,
    ) -> Result<(), OpenError> {
        let reader = self.sides.last;
        let looks = reader.get(widget, "AP")?;
        let Some(looks) = looks.object.dict() else {
            // The viewer draws it from the value.
            return Ok(());
        };
        let held = reader.follow(held)?.object;
        let is_plain = match kind {
            Some(b"Tx" | b"Ch") => match &held {
                Object::Null => shows(reader, looks, "")?,
                Object::String { bytes, .. } if bytes.len() <= LONGEST => {
                    shows(reader, looks, &text_string(bytes))?
                }
                _ => false,
            },
            // A button shows one of the looks that it always had.
            Some(b"Btn") => {
                let state = reader.get(widget, "AS")?.object;
                match (&held, &state) {
                    (_, Object::Null) => true,
                    (Object::Name(_), Object::Name(state)) => {
                        held.name() == Some(state) || **state == *b"Off"
                    }
                    (Object::Null, Object::Name(state)) => **state == *b"Off",
                    _ => false,
                }
            }
            _ => false,
        };
        if !is_plain {
            let permission = Permission::Unclear(ModificationLevel::FormFilling);
            self.note(ChangeKind::AppearanceUnlikeValue, permission, number, name);
        }
        Ok(())
    }
}

fn shows(reader: &Reader<'_>, looks: &Dict, text: &str) -> Result<bool, OpenError> {
    // Other looks are shown while the mouse is over it.
    if looks.iter().any(|(key, _)| key != b"N") {
        return Ok(false);
    }
    let look = reader.get(looks, "N")?;
    let Some(dict) = look.object.dict().filter(|_| look.is_stream()) else {
        return Ok(false);
    };
    let resources = reader.get(dict, "Resources")?.object;
    let fonts = match resources.dict() {
        Some(resources) => reader.get(resources, "Font")?.object,
        None => Object::Null,
    };
    let data = match reader.stream_data(&look) {
        Err(limit @ OpenError::Limit { .. }) => return Err(limit),
        Err(_) => return Ok(false),
        Ok(data) => data,
    };
    reader.budget.parse(data.len())?;
    let Some(space) = rectangle(reader, &value(dict, b"BBox"))? else {
        return Ok(false);
    };
    let Some(shown) = plain_text(reader, &data, &fonts, space)? else {
        return Ok(false);
    };
    let bare = |text: &str| text.split_whitespace().collect::<String>();
    Ok(bare(&shown) == bare(text))
}

/// The text of a content stream that shows nothing else; none where it may.
fn plain_text(
    reader: &Reader<'_>,
    data: &[u8],
    fonts: &Object,
    space: [f64; 4],
) -> Result<Option<String>, OpenError> {
    let mut parser = Parser::stream(data, 0, 0);
    let (mut shown, mut rectangles) = (String::new(), 0);
    let (mut has_font, mut is_legible) = (false, false);
    let mut pen = Pen::default();
    let mut operands: Vec<Object> = Vec::new();
    loop {
        // What is no content stream may show anything.
        let Ok(operand) = parser.operand() else {
            return Ok(None);
        };
        let operator = match operand {
            Operand::End => return Ok(Some(shown)),
            Operand::Object(object) if operands.len() < 64 => {
                operands.push(object);
                continue;
            }
            Operand::Object(_) => return Ok(None),
            Operand::Operator(operator) => operator,
        };
        match operator {
            b"Tf" => {
                let name = operands.first().and_then(Object::name);
                let is_plain = match name {
                    Some(name) => is_named_legible(reader, fonts, name)?,
                    None => false,
                };
                // Who does not find a font may go on in the one before.
                is_legible = is_plain && (is_legible || !has_font);
                has_font = true;
                pen.size = operands.get(1).and_then(Object::number).unwrap_or_default();
            }
            b"Tj" | b"'" | b"\"" | b"TJ" => {
                let parts = match operands.last() {
                    Some(Object::Array(parts)) => &parts[..],
                    Some(part) => std::slice::from_ref(part),
                    None => &[],
                };
                if operator != b"Tj" && operator != b"TJ" {
                    pen.next_line();
                }
                let letters = parts.iter().filter_map(Object::string).map(<[u8]>::len).sum();
                let back = parts.iter().filter_map(Object::number).fold(0.0, f64::max);
                if operands.len() != 1 || !pen.shows(letters, back, space) {
                    return Ok(None);
                }
                for part in parts.iter().filter_map(Object::string) {
                    let is_ascii = part.iter().all(|byte| matches!(byte, b' '..=b'~'));
                    if !is_legible || !is_ascii {
                        return Ok(None);
                    }
                    shown.push_str(&String::from_utf8_lossy(part));
                }
            }
            b"cs" | b"CS" if matches!(&operands[..], [Object::Name(space)] if DEVICE_SPACES.contains(&&space[..])) =>
                {}
            _ if COLOURS.contains(&operator) && operands.iter().all(|part| part.number().is_some()) => {
                pen.is_recoloured |= pen.last.is_some();
            }
            b"re" if rectangles < MOST_RECTANGLES => rectangles += 1,
            b"Tr" if matches!(operands[..], [Object::Integer(0)]) => {}
            // What is painted later covers what was written.
            _ if PAINTING.contains(&operator) && pen.last.is_none() => {}
            _ if QUIET.contains(&operator) || pen.moves(operator, &operands) => {}
            _ => return Ok(None),
        }
        operands.clear();
        parser.renew();
    }
}

/// Where the letters of a look come to stand. Letters that are drawn over or before those drawn earlier, or in other
/// colours, show something else than their order says.
#[derive(Default)]
struct Pen {
    /// Begin of the line, and how much larger than its unit everything is written.
    line: (f64, f64),
    scale: f64,
    leading: f64,
    size: f64,
    /// Where the last piece began, and how many letters it has.
    last: Option<((f64, f64), usize)>,
    is_recoloured: bool,
}

/// Least width of a letter, and height of a line, as parts of the size of the font. The narrowest letters of the standard
/// fonts are a fifth as wide as they are high.
const LEAST_WIDTH: f64 = 0.15;
const LEAST_HEIGHT: f64 = 0.5;

/// How far letters may be moved together, in thousandths of the size: more than any pair of them is.
const MOST_BACK: f64 = 300.0;

impl Pen {
    /// Follows an operator that sets where letters stand; no where it is none, or does so in an uncommon way.
    fn moves(&mut self, operator: &[u8], operands: &[Object]) -> bool {
        let mut numbers = Vec::with_capacity(6);
        numbers.extend(operands.iter().filter_map(Object::number));
        match (operator, &numbers[..]) {
            (b"BT", []) => (self.line, self.scale) = ((0.0, 0.0), 1.0),
            (b"Td" | b"TD", &[right, up]) => {
                if operator == b"TD" {
                    self.leading = -up;
                }
                self.line.0 += right * self.scale;
                self.line.1 += up * self.scale;
            }
            (b"T*", []) => self.next_line(),
            (b"TL", &[leading]) => self.leading = leading,
            // Stretched letters would move by another measure than they are high.
            (b"Tm", &[wide, 0.0, 0.0, high, x, y]) if wide > 0.0 && (wide - high).abs() <= 0.01 * wide => {
                (self.line, self.scale) = ((x, y), wide.min(high));
            }
            // Letters and words a little closer than usual fit long text in.
            (b"Tc" | b"Tw", &[by]) => return by >= -1.0,
            (b"Tz", &[percent]) => return percent >= 50.0,
            (b"cm", &[1.0, 0.0, 0.0, 1.0, 0.0, 0.0]) => {}
            // What held before holds again: nothing is written before it is set anew.
            (b"Q", []) => (self.size, self.leading) = (0.0, 0.0),
            _ => return false,
        }
        true
    }

    fn next_line(&mut self) {
        self.line.1 -= self.leading * self.scale;
    }

    /// Whether a piece of text that begins here, in the box, stands behind the one before, or below it.
    fn shows(&mut self, letters: usize, back: f64, [left, bottom, right, top]: [f64; 4]) -> bool {
        let size = self.size * self.scale;
        let is_inside =
            (left - size..=right).contains(&self.line.0) && (bottom - size..=top).contains(&self.line.1);
        let is_behind = self.last.is_none_or(|((x, y), before)| {
            let width = size * LEAST_WIDTH * before as f64;
            let is_level = (self.line.1 - y).abs() < size * 0.01;
            is_level && self.line.0 >= x + width || self.line.1 <= y - size * LEAST_HEIGHT
        });
        self.last = Some((self.line, letters));
        size > 0.0 && back <= MOST_BACK && is_inside && is_behind && !self.is_recoloured
    }
}

/// Whether the font that a look names can only draw what is written. Where the look's own resources do not have it, some
/// viewers look in those of the page and of the form, and the others take one of their own: all of these must be plain.
fn is_named_legible(reader: &Reader<'_>, fonts: &Object, name: &[u8]) -> Result<bool, OpenError> {
    let own = fonts.dict().map_or(Object::Null, |fonts| value(fonts, name));
    if own != Object::Null {
        return is_standard(reader, &own);
    }
    // Names by which viewers know fonts of their own that have no letters.
    let is_symbolic = [&b"Za"[..], b"Sy", b"We", b"Wi"];
    if is_symbolic.iter().any(|begin| name.starts_with(begin)) {
        return Ok(false);
    }
    let root = match reader.trailer() {
        Some(trailer) => reader.get(trailer, "Root")?.object,
        None => return Ok(false),
    };
    let Some(root) = root.dict() else { return Ok(false) };
    let mut is_legible = true;
    let mut judge = |resources: &Object| -> Result<(), OpenError> {
        let fonts = match resources.dict() {
            Some(resources) => reader.get(resources, "Font")?.object,
            None => return Ok(()),
        };
        let font = fonts.dict().map_or(Object::Null, |fonts| value(fonts, name));
        is_legible &= font == Object::Null || is_standard(reader, &font)?;
        Ok(())
    };
    if let Some(form) = reader.get(root, "AcroForm")?.object.dict() {
        judge(&reader.get(form, "DR")?.object)?;
    }
    let pages: Vec<Object> = root.get("Pages").cloned().into_iter().collect();
    reader.walk(&pages, (), |node, ()| {
        let Some(node) = node.object.dict() else {
            return Ok((Vec::new(), ()));
        };
        judge(&reader.get(node, "Resources")?.object)?;
        let kids = reader.get(node, "Kids")?.object;
        Ok((kids.array().unwrap_or_default().to_vec(), ()))
    })?;
    Ok(is_legible)
}

/// Whether a font is one that every viewer has, with letters where ASCII has them.
fn is_standard(reader: &Reader<'_>, font: &Object) -> Result<bool, OpenError> {
    let font = reader.follow(font)?.object;
    let Some(font) = font.dict() else {
        return Ok(false);
    };
    let descriptor = reader.get(font, "FontDescriptor")?.object;
    let brings_glyphs = descriptor.dict().is_some_and(|descriptor| {
        let mut programs = ["FontFile", "FontFile2", "FontFile3"].into_iter();
        programs.any(|program| descriptor.get(program).is_some())
    });
    let base = reader.get(font, "BaseFont")?.object;
    let is_latin = base.name().is_some_and(|name| {
        let families: [&[u8]; 4] = [b"Helvetica", b"Courier", b"Times", b"Arial"];
        families.into_iter().any(|family| name.starts_with(family))
    });
    let is_simple = matches!(
        reader.get(font, "Subtype")?.object.name(),
        Some(b"Type1" | b"TrueType")
    );
    let encoding = reader.get(font, "Encoding")?.object;
    let mut keeps_ascii = true;
    if let Some(encoding) = encoding.dict() {
        let differences = reader.get(encoding, "Differences")?.object;
        let mut code = 0;
        for entry in differences.array().unwrap_or_default() {
            if let Object::Integer(start) = entry {
                code = *start;
            } else {
                keeps_ascii &= is_own_letter(code, entry);
                code = code.saturating_add(1);
            }
        }
    }
    // Widths of its own may draw letters over or before one another.
    let first = reader
        .get(font, "FirstChar")?
        .object
        .integer()
        .unwrap_or_default();
    let widths = reader.get(font, "Widths")?.object;
    let mut codes = (first..).zip(widths.array().unwrap_or_default());
    let has_width = codes.all(|(code, width)| {
        !(33..127).contains(&code) || width.number().is_some_and(|width| width >= 1000.0 * LEAST_WIDTH)
    });
    Ok(is_simple && is_latin && !brings_glyphs && keeps_ascii && has_width)
}

/// Names of the glyphs of ASCII that are not named by themselves, by code (annex D).
const ASCII_NAMES: [(u8, &str); 42] = [
    (b' ', "space"),
    (b'!', "exclam"),
    (b'"', "quotedbl"),
    (b'#', "numbersign"),
    (b'$', "dollar"),
    (b'%', "percent"),
    (b'&', "ampersand"),
    (b'\'', "quotesingle"),
    (b'(', "parenleft"),
    (b')', "parenright"),
    (b'*', "asterisk"),
    (b'+', "plus"),
    (b',', "comma"),
    (b'-', "hyphen"),
    (b'.', "period"),
    (b'/', "slash"),
    (b'0', "zero"),
    (b'1', "one"),
    (b'2', "two"),
    (b'3', "three"),
    (b'4', "four"),
    (b'5', "five"),
    (b'6', "six"),
    (b'7', "seven"),
    (b'8', "eight"),
    (b'9', "nine"),
    (b':', "colon"),
    (b';', "semicolon"),
    (b'<', "less"),
    (b'=', "equal"),
    (b'>', "greater"),
    (b'?', "question"),
    (b'@', "at"),
    (b'[', "bracketleft"),
    (b'\\', "backslash"),
    (b']', "bracketright"),
    (b'^', "asciicircum"),
    (b'_', "underscore"),
    (b'`', "grave"),
    (b'{', "braceleft"),
    (b'|', "bar"),
    (b'}', "braceright"),
];

/// Whether an entry of `/Differences` leaves a code of ASCII the letter that it is, or is of another code. Forms
/// commonly write their whole encoding down in this way (`PDFDocEncoding`).
fn is_own_letter(code: i64, glyph: &Object) -> bool {
    let Some(code) = u8::try_from(code).ok().filter(|code| (32..127).contains(code)) else {
        return true;
    };
    let Some(glyph) = glyph.name() else { return false };
    let mut named = ASCII_NAMES.iter();
    match named.find(|(known, _)| *known == code) {
        Some((_, name)) => glyph == name.as_bytes(),
        None => glyph == [code] || (code == b'~' && glyph == b"asciitilde"),
    }
}
