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
    same::value,
};

/// Operators that set, clip, mark or measure, and paint nothing.
const QUIET: [&[u8]; 35] = [
    b"q", b"Q", b"cm", b"BMC", b"BDC", b"EMC", b"MP", b"BT", b"ET", b"Td", b"TD", b"Tm", b"T*", b"TL", b"Tc",
    b"Tw", b"Tz", b"Ts", b"g", b"G", b"rg", b"RG", b"k", b"K", b"w", b"J", b"j", b"M", b"d", b"i", b"ri",
    b"W", b"W*", b"n", b"h",
];

/// Operators that paint a path.
const PAINTING: [&[u8]; 10] = [b"f", b"F", b"f*", b"S", b"s", b"B", b"B*", b"b", b"b*", b"n"];

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
    let Some(shown) = plain_text(reader, &data, &fonts)? else {
        return Ok(false);
    };
    let bare = |text: &str| text.split_whitespace().collect::<String>();
    Ok(bare(&shown) == bare(text))
}

/// The text of a content stream that shows nothing else; none where it may.
fn plain_text(reader: &Reader<'_>, data: &[u8], fonts: &Object) -> Result<Option<String>, OpenError> {
    let mut parser = Parser::stream(data, 0, 0);
    let (mut shown, mut is_legible, mut rectangles) = (String::new(), false, 0);
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
                is_legible = match name {
                    Some(name) => is_named_legible(reader, fonts, name)?,
                    None => false,
                };
            }
            b"Tj" | b"'" | b"\"" | b"TJ" => {
                let parts = match operands.last() {
                    Some(Object::Array(parts)) => &parts[..],
                    Some(part) => std::slice::from_ref(part),
                    None => &[],
                };
                for part in parts.iter().filter_map(Object::string) {
                    let is_ascii = part.iter().all(|byte| matches!(byte, b' '..=b'~'));
                    if !is_legible || !is_ascii {
                        return Ok(None);
                    }
                    shown.push_str(&String::from_utf8_lossy(part));
                }
            }
            b"re" if rectangles < MOST_RECTANGLES => rectangles += 1,
            b"Tr" if matches!(operands[..], [Object::Integer(0)]) => {}
            _ if QUIET.contains(&operator) || PAINTING.contains(&operator) => {}
            _ => return Ok(None),
        }
        operands.clear();
        parser.renew();
    }
}

/// Whether the font that a look names can only draw what is written. Where the look's own resources do not have it, some
/// viewers look in those of the page and of the form, and the others take one of their own: all of these must be plain.
fn is_named_legible(reader: &Reader<'_>, fonts: &Object, name: &[u8]) -> Result<bool, OpenError> {
    let own = fonts.dict().map_or(Object::Null, |fonts| value(fonts, name));
    if own != Object::Null {
        return is_standard(reader, &own);
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
                keeps_ascii &= !(32..127).contains(&code);
                code = code.saturating_add(1);
            }
        }
    }
    Ok(is_simple && is_latin && !brings_glyphs && keeps_ascii)
}
