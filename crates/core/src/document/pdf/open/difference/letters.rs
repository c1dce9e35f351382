//! Fonts in which a look shows what is written: letters that every viewer has, where ASCII has them, and how
//! wide each of them may come out.

use super::{
    super::{OpenError, object::Object, reader::Reader},
    same::value,
};

/// The least and the most width of each letter of ASCII from the blank on, in thousandths of the size.
#[derive(Debug, Clone)]
pub(super) struct Widths(Vec<(f64, f64)>);

impl Widths {
    fn of(least: &[u16; 95], most: &[u16; 95]) -> Widths {
        let pairs = least.iter().zip(most);
        Widths(
            pairs
                .map(|(least, most)| (f64::from(*least), f64::from(*most)))
                .collect(),
        )
    }

    /// Those of either font.
    fn or(self, other: &Widths) -> Widths {
        let pairs = self.0.iter().zip(&other.0);
        Widths(pairs.map(|(a, b)| (a.0.min(b.0), a.1.max(b.1))).collect())
    }

    /// Those of any font that a viewer may take of its own.
    fn of_any() -> Widths {
        let families = ["Helvetica", "Helvetica-Bold", "Times"]
            .iter()
            .filter_map(|name| family(name.as_bytes()));
        families.fold(Widths::of(&COURIER, &COURIER), |all, one| all.or(&one))
    }

    /// The widths of a letter; none of what is no ASCII.
    pub(super) fn letter(&self, code: u8) -> Option<(f64, f64)> {
        self.0.get(usize::from(code.checked_sub(b' ')?)).copied()
    }
}

/// The widths of a standard font by its name (9.6.2.2), and of those that every viewer takes for one. Of names that merely
/// begin so, some take other fonts, with symbols for letters.
fn family(name: &[u8]) -> Option<Widths> {
    let parted = name.iter().position(|byte| matches!(byte, b',' | b'-'));
    let (base, style) = match parted.and_then(|at| name.split_at_checked(at)) {
        Some((base, [_, style @ ..])) => (base, style),
        _ => (name, &b""[..]),
    };
    let is_known = matches!(
        style,
        b"" | b"Bold"
            | b"BoldItalic"
            | b"BoldItalicMT"
            | b"BoldMT"
            | b"BoldOblique"
            | b"Italic"
            | b"ItalicMT"
            | b"Oblique"
            | b"Roman"
    );
    match base {
        _ if !is_known => None,
        b"Courier" | b"CourierNew" | b"CourierNewPS" | b"CourierNewPSMT" => {
            Some(Widths::of(&COURIER, &COURIER))
        }
        b"Times" | b"TimesNewRoman" | b"TimesNewRomanPS" | b"TimesNewRomanPSMT" => {
            Some(Widths::of(&TIMES_LEAST, &TIMES_MOST))
        }
        b"Arial" | b"ArialMT" | b"Helvetica" if style.starts_with(b"Bold") => {
            Some(Widths::of(&HELVETICA_BOLD, &HELVETICA_BOLD))
        }
        b"Arial" | b"ArialMT" | b"Helvetica" => Some(Widths::of(&HELVETICA, &HELVETICA)),
        _ => None,
    }
}

/// The widths of the font that a look names, where it can only draw what is written. Where the look's own resources do not have it, some
/// viewers look in those of the page and of the form, and the others take one of their own: all of these must be plain.
pub(super) fn named(reader: &Reader<'_>, fonts: &Object, name: &[u8]) -> Result<Option<Widths>, OpenError> {
    let own = fonts.dict().map_or(Object::Null, |fonts| value(fonts, name));
    if own != Object::Null {
        return standard(reader, &own);
    }
    // Names by which viewers know fonts of their own: short for those that have no letters, in full for all.
    let is_symbolic = [&b"Za"[..], b"Sy", b"We", b"Wi"];
    if name.len() > LONGEST_SHORT || is_symbolic.iter().any(|begin| name.starts_with(begin)) {
        return Ok(None);
    }
    let root = match reader.trailer() {
        Some(trailer) => reader.get(trailer, "Root")?.object,
        None => return Ok(None),
    };
    let Some(root) = root.dict() else { return Ok(None) };
    let mut widths = Some(Widths::of_any());
    let mut judge = |resources: &Object| -> Result<(), OpenError> {
        let fonts = match resources.dict() {
            Some(resources) => reader.get(resources, "Font")?.object,
            None => return Ok(()),
        };
        let font = fonts.dict().map_or(Object::Null, |fonts| value(fonts, name));
        if font != Object::Null {
            let held = standard(reader, &font)?;
            widths = widths.take().zip(held).map(|(all, one)| all.or(&one));
        }
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
    Ok(widths)
}

/// Letters of a name that is none of a font itself.
const LONGEST_SHORT: usize = 4;

/// The part of a letter's width that another font of the same design has at least.
const ROUNDED_DOWN: f64 = 0.9;

/// Places of the letters of ASCII that are others in some encodings (annex D).
const QUOTE: usize = (b'\'' - b' ') as usize;
const GRAVE: usize = (b'`' - b' ') as usize;

/// Whether every viewer has that font, with letters where ASCII has them.
pub(super) fn is_standard(reader: &Reader<'_>, font: &Object) -> Result<bool, OpenError> {
    Ok(standard(reader, font)?.is_some())
}

/// Whether it is the font of marks that every viewer has (9.6.2.2), and brings nothing of its own.
pub(super) fn is_dingbats(reader: &Reader<'_>, font: &Object) -> Result<bool, OpenError> {
    let font = reader.follow(font)?.object;
    let Some(font) = font.dict() else {
        return Ok(false);
    };
    let is_plain = font
        .iter()
        .all(|(key, _)| matches!(key, b"BaseFont" | b"Name" | b"Subtype" | b"Type"));
    let base = reader.get(font, "BaseFont")?.object;
    Ok(is_plain && base.name() == Some(b"ZapfDingbats"))
}

/// The widths of a font that every viewer has, with letters where ASCII has them.
fn standard(reader: &Reader<'_>, font: &Object) -> Result<Option<Widths>, OpenError> {
    let font = reader.follow(font)?;
    let Some(font) = font.plain_dict() else {
        return Ok(None);
    };
    let base = reader.get(font, "BaseFont")?.object;
    let descriptor = reader.get(font, "FontDescriptor")?;
    let mut is_own = true;
    if descriptor.object != Object::Null {
        let Some(descriptor) = descriptor.plain_dict() else {
            return Ok(None);
        };
        let mut programs = ["FontFile", "FontFile2", "FontFile3"].into_iter();
        // Some viewers go by the name that stands here.
        let name = reader.get(descriptor, "FontName")?.object;
        is_own = programs.all(|program| descriptor.get(program).is_none())
            && (name == Object::Null || name == base);
    }
    let known = base.name().and_then(family);
    let is_simple = matches!(
        reader.get(font, "Subtype")?.object.name(),
        Some(b"Type1" | b"TrueType")
    );
    let encoding = reader.get(font, "Encoding")?.object;
    let base = match encoding.dict() {
        Some(encoding) => reader.get(encoding, "BaseEncoding")?.object,
        None => encoding.clone(),
    };
    let mut keeps_ascii = match &base {
        Object::Null => true,
        Object::Name(name) => ENCODINGS.contains(&&name[..]),
        _ => false,
    };
    if let Some(encoding) = encoding.dict() {
        let differences = reader.get(encoding, "Differences")?.object;
        let mut code = 0;
        for entry in differences.array().unwrap_or_default() {
            match reader.follow(entry)?.object {
                Object::Integer(start) => code = start,
                Object::Name(glyph) => {
                    keeps_ascii &= is_own_letter(code, &glyph);
                    code = code.saturating_add(1);
                }
                // Some viewers count on from a real number, others pass over it.
                _ => keeps_ascii = false,
            }
        }
    }
    // By which some copy other letters than are seen, or show those instead.
    let is_read_otherwise = font.get("ToUnicode").is_some();
    let is_plain = is_simple && is_own && keeps_ascii && !is_read_otherwise;
    let Some(known) = known.filter(|_| is_plain) else {
        return Ok(None);
    };
    // Some viewers go by the widths that stand in the file, by which a letter has none that is not listed.
    let widths = reader.get(font, "Widths")?.object;
    let Some(widths) = widths.array() else {
        return Ok(Some(known));
    };
    // Some give no width to what lies beyond the last code that is said to have one.
    let code = |key: &str| {
        let code = reader.get(font, key)?.object.integer();
        Ok(code.and_then(|code| u8::try_from(code).ok()).map(i64::from))
    };
    let codes: [Option<i64>; 2] = [code("FirstChar")?, code("LastChar")?];
    let [Some(first), Some(last)] = codes else {
        return Ok(None);
    };
    if i64::try_from(widths.len()) != Ok(last - first + 1) {
        return Ok(None);
    }
    let mut stated = vec![(0.0, 0.0); known.0.len()];
    for (code, width) in (first..).zip(widths) {
        let place = code
            .checked_sub(i64::from(b' '))
            .and_then(|at| usize::try_from(at).ok());
        if let Some(stated) = place.and_then(|at| stated.get_mut(at)) {
            let width = reader.follow(width)?.object.number().unwrap_or_default();
            // Some squeeze all letters by the widths of some.
            let (least, most) = u8::try_from(code)
                .ok()
                .and_then(|code| known.letter(code))
                .unwrap_or_default();
            let is_near = (ROUNDED_DOWN * least..=most / ROUNDED_DOWN).contains(&width);
            if width != 0.0 && !is_near && !matches!(place, Some(QUOTE | GRAVE)) {
                return Ok(None);
            }
            *stated = (width, width);
        }
    }
    Ok(Some(known.or(&Widths(stated))))
}

/// Encodings in which ASCII is what it is (annex D).
const ENCODINGS: [&[u8]; 4] = [
    b"MacRomanEncoding",
    b"PDFDocEncoding",
    b"StandardEncoding",
    b"WinAnsiEncoding",
];

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
fn is_own_letter(code: i64, glyph: &[u8]) -> bool {
    let Some(code) = u8::try_from(code).ok().filter(|code| (32..127).contains(code)) else {
        return true;
    };
    let mut named = ASCII_NAMES.iter();
    match named.find(|(known, _)| *known == code) {
        Some((_, name)) => glyph == name.as_bytes(),
        None => glyph == [code] || (code == b'~' && glyph == b"asciitilde"),
    }
}

const COURIER: [u16; 95] = [600; 95];

/// Widths of ASCII in Helvetica, in thousandths of its size, as in Adobe's metrics of the standard fonts.
#[rustfmt::skip]
const HELVETICA: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

/// The same in its bold.
#[rustfmt::skip]
const HELVETICA_BOLD: [u16; 95] = [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611,
    975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556,
    333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611,
    611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584,
];

/// The least in any style of Times.
#[rustfmt::skip]
const TIMES_LEAST: [u16; 95] = [
    250, 333, 408, 500, 500, 833, 778, 180, 333, 333, 500, 564, 250, 333, 250, 278,
    500, 500, 500, 500, 500, 500, 500, 500, 500, 500, 278, 278, 564, 564, 564, 444,
    832, 611, 611, 667, 722, 611, 556, 722, 722, 333, 389, 667, 556, 833, 667, 722,
    556, 722, 611, 500, 556, 722, 611, 833, 611, 556, 556, 333, 278, 333, 422, 500,
    333, 444, 500, 444, 500, 444, 278, 500, 500, 278, 278, 444, 278, 722, 500, 500,
    500, 500, 333, 389, 278, 500, 444, 667, 444, 444, 389, 348, 200, 348, 520,
];

/// The most in any style of Times.
#[rustfmt::skip]
const TIMES_MOST: [u16; 95] = [
    250, 389, 555, 500, 500, 1000, 833, 278, 333, 333, 500, 675, 250, 333, 250, 278,
    500, 500, 500, 500, 500, 500, 500, 500, 500, 500, 333, 333, 675, 675, 675, 500,
    930, 722, 667, 722, 722, 667, 667, 778, 778, 389, 500, 778, 667, 944, 722, 778,
    611, 778, 722, 556, 667, 722, 722, 1000, 722, 722, 667, 389, 278, 389, 581, 500,
    333, 500, 556, 444, 556, 444, 333, 500, 556, 278, 333, 556, 278, 833, 556, 500,
    556, 556, 444, 389, 333, 556, 500, 722, 500, 500, 444, 480, 275, 480, 570,
];
