//! Text: strings of dictionaries (ISO 32000-1 7.9.2.2) and ToUnicode maps of fonts (9.10.3).

use std::ops::Range;

use super::{
    OpenError,
    object::Object,
    parse::{Operand, Parser},
};

/// A text string: UTF-16BE or UTF-8 by its byte order mark, else PDFDocEncoding.
pub(super) fn text_string(bytes: &[u8]) -> String {
    match bytes {
        [0xFE, 0xFF, rest @ ..] => utf_16(rest),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => bytes.iter().map(|byte| pdf_doc(*byte)).collect(),
    }
}

/// The same; none where some part of it stands for no character, so that readers guess.
pub(super) fn certain_text(bytes: &[u8]) -> Option<String> {
    match bytes {
        [0xFE, 0xFF, rest @ ..] if rest.len().is_multiple_of(2) => {
            let characters = char::decode_utf16(units(rest));
            characters.collect::<Result<_, _>>().ok()
        }
        [0xFE, 0xFF, ..] => None,
        [0xEF, 0xBB, 0xBF, rest @ ..] => std::str::from_utf8(rest).ok().map(str::to_owned),
        // Bytes that PDFDocEncoding leaves undefined.
        _ if bytes.iter().any(|byte| matches!(byte, 0x7F | 0x9F | 0xAD)) => None,
        _ => Some(text_string(bytes)),
    }
}

fn utf_16(bytes: &[u8]) -> String {
    characters(units(bytes)).collect()
}

fn units(bytes: &[u8]) -> impl Iterator<Item = u16> {
    let pairs = bytes.chunks_exact(2);
    pairs.map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
}

fn characters(units: impl Iterator<Item = u16>) -> impl Iterator<Item = char> {
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
}

/// PDFDocEncoding (annex D.2).
fn pdf_doc(byte: u8) -> char {
    const LOW: [char; 8] = ['˘', 'ˇ', 'ˆ', '˙', '˝', '˛', '˚', '˜'];
    const HIGH: [char; 33] = [
        '•', '†', '‡', '…', '—', '–', 'ƒ', '⁄', '‹', '›', '−', '‰', '„', '“', '”', '‘', '’', '‚', '™', 'ﬁ',
        'ﬂ', 'Ł', 'Œ', 'Š', 'Ÿ', 'Ž', 'ı', 'ł', 'œ', 'š', 'ž', '\u{FFFD}', '€',
    ];
    match byte {
        0x18..=0x1F => LOW[usize::from(byte - 0x18)],
        0x80..=0xA0 => HIGH[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// Codes of a font to text.
#[derive(Debug, Default)]
pub(super) struct ToUnicode {
    /// Each code once, in order, with where its text stands.
    codes: Vec<(u16, Range<usize>)>,
    /// The texts of all codes.
    texts: String,
}

/// Most codes a map may name: they have two bytes.
const MAX_CODES: usize = 1 << 16;

/// Longest text of one code: a ligature has a few characters.
const MAX_TEXT: usize = 64;

impl ToUnicode {
    /// About how many bytes it takes.
    pub(super) fn size(&self) -> usize {
        self.codes.len() * 64
    }

    /// Reads a map of two-byte codes.
    pub(super) fn parse(data: &[u8], object: u32) -> Result<ToUnicode, OpenError> {
        let mut parser = Parser::stream(data, 0, object);
        let mut found = ToUnicode::default();
        let mut operands: Vec<Object> = Vec::new();
        loop {
            match parser.operand()? {
                Operand::End => {
                    // What is said last of a code counts.
                    found.codes.reverse();
                    found.codes.sort_by_key(|(code, _)| *code);
                    found.codes.dedup_by_key(|(code, _)| *code);
                    return Ok(found);
                }
                Operand::Object(operand) => operands.push(operand),
                Operand::Operator(operator) => {
                    let step = match operator {
                        b"endbfchar" => 2,
                        b"endbfrange" => 3,
                        _ => 0,
                    };
                    if step > 0 {
                        for entry in operands.chunks(step) {
                            found
                                .add(entry)
                                .ok_or_else(|| parser.error("an entry of a ToUnicode map"))?;
                        }
                    }
                    operands.clear();
                }
            }
        }
    }

    fn add(&mut self, entry: &[Object]) -> Option<()> {
        match entry {
            [code, text] => self.insert(number(code)?, units(text.string()?)),
            [first, last, Object::Array(texts)] => {
                for (code, text) in (number(first)?..=number(last)?).zip(texts) {
                    self.insert(code, units(text.string()?))?;
                }
                Some(())
            }
            [first, last, text] => {
                // The last unit counts up.
                let text = text.string().filter(|text| text.len() <= MAX_TEXT)?;
                let mut units: Vec<u16> = units(text).collect();
                for code in number(first)?..=number(last)? {
                    self.insert(code, units.iter().copied())?;
                    let unit = units.last_mut()?;
                    *unit = unit.wrapping_add(1);
                }
                Some(())
            }
            _ => None,
        }
    }

    fn insert(&mut self, code: u16, units: impl Iterator<Item = u16>) -> Option<()> {
        let start = self.texts.len();
        self.texts.extend(characters(units));
        let text = start..self.texts.len();
        if self.codes.len() >= MAX_CODES || text.len() > MAX_TEXT {
            return None;
        }
        self.codes.push((code, text));
        Some(())
    }

    /// The text of a string of two-byte codes; none where a code has none.
    pub(super) fn decode(&self, codes: &[u8], out: &mut String) -> Option<()> {
        if !codes.len().is_multiple_of(2) {
            return None;
        }
        for code in units(codes) {
            let at = self.codes.binary_search_by_key(&code, |(code, _)| *code).ok()?;
            let (_, text) = self.codes.get(at)?;
            out.push_str(self.texts.get(text.clone())?);
        }
        Some(())
    }
}

fn number(code: &Object) -> Option<u16> {
    match code.string()? {
        [high, low] => Some(u16::from_be_bytes([*high, *low])),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn strings_say_their_encoding() {
        assert_eq!(text_string(b"\xFE\xFF\x8B\xC1\xD8\x40\xDC\x00"), "证𠀀");
        assert_eq!(text_string("\u{FEFF}证".as_bytes()), "证");
        assert_eq!(text_string(b"a\xA0\x85\x18"), "a€–˘");
        assert_eq!(text_string(b"\xFE\xFF\xD8"), "");
    }

    #[test]
    fn what_readers_guess_is_no_certain_text() {
        for certain in [&b"\xFE\xFF\x00a\x20\xAC"[..], "\u{FEFF}a€".as_bytes(), b"a\xA0"] {
            assert_eq!(certain_text(certain).as_deref(), Some("a€"));
        }
        for uncertain in [
            &b"\xFE\xFF\x00a\x00"[..],
            b"\xFE\xFF\xD8\x40",
            b"\xEF\xBB\xBF\xFF",
            b"a\x9F",
            b"a\xAD",
            b"\x7F",
        ] {
            assert_eq!(certain_text(uncertain), None);
        }
    }

    #[test]
    fn maps_have_single_codes_lists_and_ranges() {
        let map = b"1 begincodespacerange <0000> <FFFF> endcodespacerange\n\
            2 beginbfchar <0001> <0041> <0002> <D840DC00> endbfchar\n\
            2 beginbfrange <0003> <0004> [<0042> <00430044>] <0010> <0012> <8BC1> endbfrange";
        let map = ToUnicode::parse(map, 1).unwrap();
        let mut out = String::new();
        map.decode(&[0, 1, 0, 2, 0, 3, 0, 4, 0, 0x10, 0, 0x12], &mut out)
            .unwrap();
        assert_eq!(out, "A𠀀BCD证诃");
        assert!(map.decode(&[0, 9], &mut out).is_none());
        assert!(map.decode(&[0], &mut out).is_none());
        let again = b"3 beginbfchar <0002> <0041> <0001> <0042> <0002> <0043> endbfchar";
        let again = ToUnicode::parse(again, 1).unwrap();
        let mut out = String::new();
        again.decode(&[0, 1, 0, 2], &mut out).unwrap();
        assert_eq!((out.as_str(), again.size()), ("BC", 128));
    }
}
