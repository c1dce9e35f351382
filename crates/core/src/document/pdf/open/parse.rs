//! PDF syntax on the way in (ISO 32000-1 7.2, 7.3): bytes to objects, each dictionary value
//! with the place it was read from.
//!
//! Nothing recurses deeper than [`MAX_PDF_DEPTH`], nothing is read twice, and no input makes it fail
//! otherwise than with [`OpenError`].

use super::{
    OpenError,
    object::{Bytes, Dict, Entry, Id, Object},
};
use crate::limits::{MAX_PDF_DEPTH, MAX_PDF_NODES};

/// How surely other programs read what a parser has read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wording {
    /// As everybody writes it.
    #[default]
    Plain,
    /// As few write it, so that some may take it for something else.
    Unusual,
    /// As nobody writes it who means well, and viewers are known to take it for something else.
    Ambiguous,
}

/// What stands between objects: the numbers and words of heads and tables.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Token<'a> {
    Integer(i64),
    /// `obj`, `R`, `trailer`.
    Word(&'a [u8]),
    /// The end, or what begins an object of another kind.
    Other,
}

/// Reads objects, and what stands between them, from bytes.
#[derive(Debug, Clone)]
pub(super) struct Parser<'a> {
    data: &'a [u8],
    pos: usize,
    /// The furthest byte looked at, for the account of work done.
    furthest: usize,
    /// Objects that may still be made.
    nodes: usize,
    /// The stream the bytes were inflated from, for errors.
    stream: Option<u32>,
    /// The object that is read; 0 of none.
    object: u32,
    wording: Wording,
}

impl<'a> Parser<'a> {
    /// Over the file itself, from an offset.
    pub(super) fn file(data: &'a [u8], pos: usize) -> Parser<'a> {
        Parser {
            data,
            pos,
            furthest: pos,
            nodes: MAX_PDF_NODES,
            stream: None,
            object: 0,
            wording: Wording::Plain,
        }
    }

    /// Over the inflated data of a stream.
    pub(super) fn stream(data: &'a [u8], pos: usize, object: u32) -> Parser<'a> {
        Parser {
            stream: Some(object),
            object,
            ..Parser::file(data, pos)
        }
    }

    /// The same, of an object that lies in it, for errors.
    pub(super) fn of(self, object: u32) -> Parser<'a> {
        Parser { object, ..self }
    }

    pub(super) fn pos(&self) -> usize {
        self.pos
    }

    /// The furthest byte looked at.
    pub(super) fn reach(&self) -> usize {
        self.furthest.max(self.pos)
    }

    /// The least sure of all that was read.
    pub(super) fn wording(&self) -> Wording {
        self.wording
    }

    fn finds(&mut self, wording: Wording) {
        self.wording = self.wording.max(wording);
    }

    /// Begins a new count of objects, where the last ones are given up.
    pub(super) fn renew(&mut self) {
        self.nodes = MAX_PDF_NODES;
    }

    pub(super) fn seek(&mut self, pos: usize) {
        self.pos = pos;
    }

    pub(super) fn error(&self, what: &'static str) -> OpenError {
        OpenError::Syntax {
            stream: self.stream,
            offset: self.pos,
            what,
        }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.data.get(self.pos).copied()
    }

    fn bump(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.pos += 1;
        Some(byte)
    }

    /// Skips white space and comments (7.2.2, 7.2.3).
    pub(super) fn skip_space(&mut self) {
        while let Some(byte) = self.peek() {
            if is_space(byte) {
                self.pos += 1;
                if !is_usual_space(byte) {
                    self.finds(Wording::Unusual);
                }
            } else if byte == b'%' {
                let rest = self.data.get(self.pos..).unwrap_or_default();
                self.pos += memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
            } else {
                break;
            }
        }
        self.furthest = self.reach();
    }

    /// The next integer or word. Nothing is passed over where there is neither.
    pub(super) fn token(&mut self) -> Token<'a> {
        self.skip_space();
        let mark = self.pos;
        match self.peek() {
            Some(byte) if is_numeric(byte) => {
                let Ok(Object::Integer(value)) = self.number() else {
                    self.pos = mark;
                    return Token::Other;
                };
                Token::Integer(value)
            }
            Some(byte) if is_regular(byte) => Token::Word(self.regular()),
            _ => Token::Other,
        }
    }

    fn regular(&mut self) -> &'a [u8] {
        let rest = self.data.get(self.pos..).unwrap_or_default();
        let length = rest.iter().position(|byte| !is_regular(*byte));
        let (word, _) = rest.split_at(length.unwrap_or(rest.len()));
        self.pos += word.len();
        self.furthest = self.reach();
        word
    }

    fn name(&mut self) -> Bytes {
        let raw = self.regular();
        if raw.len() > LONGEST_WORD {
            self.finds(Wording::Ambiguous);
        }
        let mut is_escaped = false;
        for byte in raw {
            match byte {
                b'#' => is_escaped = true,
                b'!'..=b'~' => {}
                0x80.. => self.finds(Wording::Unusual),
                _ => self.finds(Wording::Ambiguous),
            }
        }
        if !is_escaped {
            return Bytes::from_slice(raw);
        }
        let mut name = Bytes::with_capacity(raw.len());
        let mut rest = raw;
        while let Some((&byte, tail)) = rest.split_first() {
            let escaped = match (byte, tail) {
                (b'#', [high, low, after @ ..]) => {
                    hex(*high).zip(hex(*low)).map(|(h, l)| (h << 4 | l, after))
                }
                _ => None,
            };
            match escaped {
                // Who escapes what needs no escape hides something; some keep names up to their first NUL.
                Some((b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z', _)) => self.finds(Wording::Unusual),
                Some((0, _)) => self.finds(Wording::Ambiguous),
                None if byte == b'#' => self.finds(Wording::Ambiguous),
                _ => {}
            }
            let (byte, tail) = escaped.unwrap_or((byte, tail));
            name.push(byte);
            rest = tail;
        }
        name
    }

    fn number(&mut self) -> Result<Object, OpenError> {
        let start = self.pos;
        let text = self.regular();
        // Digits alone, which is nearly always all of it.
        let digit =
            |value: i64, byte: &u8| byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0'));
        if text.len() <= MAX_PLAIN_DIGITS
            && let Some(value) = text.iter().try_fold(0, digit)
        {
            if value > i64::from(i32::MAX) {
                self.finds(Wording::Unusual);
            }
            return Ok(Object::Integer(value));
        }
        if text.len() > LONGEST_NUMBER {
            self.finds(Wording::Ambiguous);
        }
        if text.contains(&b'+') {
            self.finds(Wording::Unusual);
        }
        let wrong = OpenError::Syntax {
            stream: self.stream,
            offset: start,
            what: "a number",
        };
        let text = std::str::from_utf8(text).map_err(|_| wrong.clone())?;
        let plain = text
            .bytes()
            .all(|byte| matches!(byte, b'+' | b'-' | b'.' | b'0'..=b'9'));
        if !plain {
            return Err(wrong);
        }
        if text.contains('.') {
            // `.5`, `-.5` and `4.` are numbers; a lone `.` or `-` counts as zero, as readers take it.
            let digits = text.bytes().any(|byte| byte.is_ascii_digit());
            if !digits {
                self.finds(Wording::Ambiguous);
            }
            let value = if digits {
                text.parse().map_err(|_| wrong)?
            } else {
                0.0
            };
            return Ok(Object::Real(value));
        }
        let value: i64 = text.parse().map_err(|_| wrong)?;
        if i32::try_from(value).is_err() {
            self.finds(Wording::Unusual);
        }
        Ok(Object::Integer(value))
    }

    fn literal(&mut self) -> Result<Object, OpenError> {
        let start = self.pos;
        self.pos += 1;
        let mut open = 1_usize;
        let mut bytes = Bytes::new();
        loop {
            let Some(byte) = self.bump() else {
                self.pos = start;
                return Err(self.error("a string that does not end"));
            };
            match byte {
                b'(' => {
                    open += 1;
                    bytes.push(byte);
                }
                b')' => {
                    open -= 1;
                    if open == 0 {
                        return Ok(Object::String {
                            bytes,
                            hexadecimal: false,
                        });
                    }
                    bytes.push(byte);
                }
                b'\\' => self.escape(&mut bytes),
                b'\r' => {
                    if self.peek() == Some(b'\n') {
                        self.pos += 1;
                    }
                    bytes.push(b'\n');
                }
                _ => bytes.push(byte),
            }
        }
    }

    fn escape(&mut self, bytes: &mut Bytes) {
        let Some(byte) = self.bump() else {
            return;
        };
        match byte {
            b'n' => bytes.push(b'\n'),
            b'r' => bytes.push(b'\r'),
            b't' => bytes.push(b'\t'),
            b'b' => bytes.push(8),
            b'f' => bytes.push(12),
            b'\n' => {}
            b'\r' => {
                if self.peek() == Some(b'\n') {
                    self.pos += 1;
                }
            }
            b'0'..=b'7' => {
                let mut value = u32::from(byte - b'0');
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = self.peek() else {
                        break;
                    };
                    value = value * 8 + u32::from(digit - b'0');
                    self.pos += 1;
                }
                if value > 0xFF {
                    self.finds(Wording::Unusual);
                }
                bytes.push(value as u8);
            }
            _ => bytes.push(byte),
        }
    }

    fn hexadecimal(&mut self) -> Result<Object, OpenError> {
        let start = self.pos;
        self.pos += 1;
        // Blocks of digits, then pairs, which is nearly always all of it.
        let mut bytes = Bytes::new();
        let rest = self.data.get(self.pos..).unwrap_or_default();
        for block in rest.as_chunks().0.iter().map_while(hex_block) {
            bytes.extend_from_slice(&block);
        }
        let rest = rest.get(2 * bytes.len()..).unwrap_or_default();
        let pair = |[high, low]: &[u8; 2]| Some(hex(*high)? << 4 | hex(*low)?);
        bytes.extend(rest.as_chunks().0.iter().map_while(pair));
        self.pos += 2 * bytes.len();
        let mut half: Option<u8> = None;
        loop {
            let byte = self.bump();
            match byte {
                Some(b'>') => {
                    // An odd last digit is followed by a 0 that is not written (7.3.4.3).
                    bytes.extend(half.map(|high| high << 4));
                    return Ok(Object::String {
                        bytes,
                        hexadecimal: true,
                    });
                }
                Some(byte) if is_usual_space(byte) => {}
                Some(byte) if is_space(byte) => self.finds(Wording::Unusual),
                _ => {
                    let Some(digit) = byte.and_then(hex) else {
                        self.pos = self.pos.saturating_sub(1).max(start);
                        return Err(self.error("a digit of a hexadecimal string"));
                    };
                    half = match half {
                        Some(high) => {
                            bytes.push(high << 4 | digit);
                            None
                        }
                        None => Some(digit),
                    };
                }
            }
        }
    }

    /// The next object; references are recognised.
    pub(super) fn object(&mut self) -> Result<Object, OpenError> {
        self.value(MAX_PDF_DEPTH, true)
    }

    /// An operand of a content stream: no references, and an operator ends the list.
    pub(super) fn operand(&mut self) -> Result<Operand<'a>, OpenError> {
        self.skip_space();
        let is_word = |byte| is_regular(byte) && !is_numeric(byte);
        match self.peek() {
            None => Ok(Operand::End),
            Some(byte) if is_word(byte) => {
                let word = self.regular();
                match constant(word) {
                    Some(object) => self.count().map(|()| Operand::Object(object)),
                    None => Ok(Operand::Operator(word)),
                }
            }
            Some(_) => self.value(MAX_PDF_DEPTH, false).map(Operand::Object),
        }
    }

    /// Counts one object more.
    fn count(&mut self) -> Result<(), OpenError> {
        self.nodes = self.nodes.checked_sub(1).ok_or(OpenError::Limit {
            what: "parts of one object",
            limit: MAX_PDF_NODES,
        })?;
        Ok(())
    }

    fn value(&mut self, depth: usize, references: bool) -> Result<Object, OpenError> {
        if depth == 0 {
            return Err(OpenError::Limit {
                what: "nesting of objects",
                limit: MAX_PDF_DEPTH,
            });
        }
        self.count()?;
        self.skip_space();
        let is_doubled = |parser: &Self, byte| parser.data.get(parser.pos + 1) == Some(&byte);
        match self.peek() {
            Some(b'/') => {
                self.pos += 1;
                Ok(Object::Name(self.name()))
            }
            Some(byte) if is_numeric(byte) => {
                let number = self.number()?;
                let reference = match number {
                    Object::Integer(number) if references => self.reference(number),
                    _ => None,
                };
                Ok(reference.unwrap_or(number))
            }
            Some(b'[') => self.array(depth, references),
            Some(b'<') if is_doubled(self, b'<') => self.dictionary(depth, references),
            Some(b'<') => self.hexadecimal(),
            Some(b'(') => self.literal(),
            Some(byte) if is_regular(byte) => {
                let mark = self.pos;
                constant(self.regular()).ok_or_else(|| {
                    self.pos = mark;
                    self.error("an object")
                })
            }
            _ => Err(self.error("an object")),
        }
    }

    fn array(&mut self, depth: usize, references: bool) -> Result<Object, OpenError> {
        self.pos += 1;
        let mut items = Vec::new();
        loop {
            self.skip_space();
            if self.peek() == Some(b']') {
                self.pos += 1;
                return Ok(Object::Array(items));
            }
            items.push(self.value(depth - 1, references)?);
        }
    }

    fn dictionary(&mut self, depth: usize, references: bool) -> Result<Object, OpenError> {
        self.pos += 2;
        // Few of them have none, but some have many that have none.
        for _ in 0..USUAL / 2 {
            self.count()?;
        }
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            self.skip_space();
            match self.data.get(self.pos..).unwrap_or_default() {
                [b'/', ..] => self.pos += 1,
                [b'>', b'>', ..] => {
                    self.pos += 2;
                    break;
                }
                _ => return Err(self.error("a key of a dictionary")),
            }
            let key = self.name();
            self.skip_space();
            let start = self.pos;
            let value = self.value(depth - 1, references)?;
            if entries.is_empty() {
                entries.reserve(USUAL);
            }
            entries.push(Entry {
                key,
                value,
                span: start..self.pos,
            });
        }
        let dict = Dict::from_entries(entries);
        for key in dict.keys_twice() {
            self.twice(key, &dict)?;
        }
        Ok(Object::Dict(dict))
    }

    /// A key with two values: readers part on which of them counts, and 7.3.7 forbids it. TCPDF states twice which pane a
    /// viewer opens, which shows nothing of the document.
    fn twice(&mut self, key: &[u8], dict: &Dict) -> Result<(), OpenError> {
        self.finds(Wording::Ambiguous);
        let mut values = dict.iter().filter(|(held, _)| *held == key);
        let is_pane = |(_, value): (&[u8], &Object)| value.name().is_some_and(|name| PANES.contains(&name));
        if key == b"PageMode" && values.all(is_pane) {
            return Ok(());
        }
        let shown = key.get(..LONGEST_WORD).unwrap_or(key);
        Err(OpenError::KeyTwice {
            object: self.object,
            key: String::from_utf8_lossy(shown).into_owned(),
        })
    }

    /// After a number: the rest of `12 0 R`, if that is what follows.
    fn reference(&mut self, number: i64) -> Option<Object> {
        let number = u32::try_from(number).ok()?;
        let mark = self.pos;
        self.skip_space();
        if !self.peek().is_some_and(is_numeric) {
            self.pos = mark;
            return None;
        }
        let id = self
            .generation_and(b"R")
            .map(|generation| Id { number, generation });
        if id.is_none() {
            self.pos = mark;
        }
        id.map(Object::Reference)
    }

    fn generation_and(&mut self, word: &[u8]) -> Option<u16> {
        let Token::Integer(generation) = self.token() else {
            return None;
        };
        let generation = u16::try_from(generation).ok()?;
        (self.token() == Token::Word(word)).then_some(generation)
    }

    /// `12 0 obj`.
    pub(super) fn object_header(&mut self) -> Result<Id, OpenError> {
        let mark = self.pos;
        let number = match self.token() {
            Token::Integer(value) => u32::try_from(value).ok(),
            _ => None,
        };
        let id = number.zip(self.generation_and(b"obj"));
        let Some((number, generation)) = id else {
            self.pos = mark;
            return Err(self.error("the head of an object"));
        };
        self.object = number;
        Ok(Id { number, generation })
    }

    /// Takes the keyword if it comes next.
    pub(super) fn keyword(&mut self, word: &[u8]) -> bool {
        let mark = self.pos;
        self.skip_space();
        let found = self.regular() == word;
        if !found {
            self.pos = mark;
        }
        found
    }

    /// The line end after `stream`: CR LF or LF (7.3.8.1); a lone CR, which some writers leave, too.
    pub(super) fn line_end(&mut self) {
        if self.peek() == Some(b'\r') {
            self.pos += 1;
        }
        if self.peek() == Some(b'\n') {
            self.pos += 1;
        }
    }

    /// The data of a stream, at which the parser stands: behind a line end, so many bytes, then a line end at most,
    /// `endstream` and `endobj`. Where `stream` does not end its line the data begin there for some readers, and in
    /// the next line for others; where they do not end so some search for the end, and others believe the length.
    pub(super) fn stream_data(&mut self, length: usize) -> Option<&'a [u8]> {
        let data = self.stream_bytes(length)?;
        self.keyword(b"endobj").then_some(data)
    }

    /// The same, up to `endstream`.
    pub(super) fn stream_bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (before, _) = self.data.split_at_checked(self.pos)?;
        if !matches!(before.last(), Some(b'\r' | b'\n')) {
            return None;
        }
        let end = self.pos.checked_add(length)?;
        let data = self.data.get(self.pos..end)?;
        self.pos = end;
        self.line_end();
        (self.regular() == b"endstream").then_some(data)
    }
}

/// A part of a content stream.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand<'a> {
    Object(Object),
    Operator(&'a [u8]),
    End,
}

/// Bytes of a word and of a number that no reader cuts off: some keep 127 bytes of a name, some 255 of anything.
const LONGEST_WORD: usize = 127;
const LONGEST_NUMBER: usize = 64;

/// What a viewer may open beside the page (7.7.2, table 29); not what hides all but the page.
pub(super) const PANES: [&[u8]; 5] = [
    b"UseAttachments",
    b"UseNone",
    b"UseOC",
    b"UseOutlines",
    b"UseThumbs",
];

/// Digits of which every number fits.
const MAX_PLAIN_DIGITS: usize = 18;

/// Entries that most dictionaries have room with.
const USUAL: usize = 8;

/// White space (table 1).
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 12 | b'\r' | b' ')
}

/// White space that every reader knows for it.
pub(super) fn is_usual_space(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r' | b' ')
}

/// What numbers begin with.
fn is_numeric(byte: u8) -> bool {
    matches!(byte, b'+' | b'-' | b'.' | b'0'..=b'9')
}

/// The objects that are words.
fn constant(word: &[u8]) -> Option<Object> {
    match word {
        b"true" => Some(Object::Bool(true)),
        b"false" => Some(Object::Bool(false)),
        b"null" => Some(Object::Null),
        _ => None,
    }
}

pub(super) fn is_regular(byte: u8) -> bool {
    REGULAR.get(usize::from(byte)).copied().unwrap_or_default()
}

/// Bytes that are neither white space nor delimiters (table 2).
const REGULAR: [bool; 256] = {
    let mut regular = [true; 256];
    let others = b"\0\t\n\x0C\r ()<>[]{}/%";
    let mut at = 0;
    while at < others.len() {
        regular[others[at] as usize] = false;
        at += 1;
    }
    regular
};

fn hex(byte: u8) -> Option<u8> {
    HEX.get(usize::from(byte)).copied().filter(|digit| *digit < 16)
}

/// Digits in a block.
const BLOCK: usize = 64;

/// The bytes of a block, if all are hexadecimal digits: without branches or tables, so that many are computed at once.
fn hex_block(digits: &[u8; BLOCK]) -> Option<[u8; BLOCK / 2]> {
    let mut values = [0; BLOCK];
    for (value, digit) in values.iter_mut().zip(digits) {
        let decimal = digit.wrapping_sub(b'0');
        let letter = (digit | 0x20).wrapping_sub(b'a');
        let of_letter = if letter < 6 { letter + 10 } else { u8::MAX };
        *value = if decimal < 10 { decimal } else { of_letter };
    }
    let mut bytes = [0; BLOCK / 2];
    for (byte, [high, low]) in bytes.iter_mut().zip(values.as_chunks().0) {
        *byte = high << 4 | low;
    }
    let all = values.iter().fold(0, |all, value| all | value);
    (all < 16).then_some(bytes)
}

/// Values of hexadecimal digits; 16 for what is none.
const HEX: [u8; 256] = {
    let mut values = [16; 256];
    let mut digit = 0;
    while digit < 16 {
        values[b"0123456789abcdef"[digit] as usize] = digit as u8;
        values[b"0123456789ABCDEF"[digit] as usize] = digit as u8;
        digit += 1;
    }
    values
};

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn parsed(text: &[u8]) -> Result<Object, OpenError> {
        Parser::file(text, 0).object()
    }

    #[test]
    fn every_kind_of_object_is_read() {
        let object =
            parsed(b"<</A 1/B -.5/C(a\\(b\\)\\101(\r\n))/D<4 1 4>/E[true null 12 0 R 3]/F#20G/x>>").unwrap();
        let dict = object.dict().unwrap();
        assert_eq!(dict.get("A").unwrap().integer(), Some(1));
        assert_eq!(dict.get("B"), Some(&Object::Real(-0.5)));
        assert_eq!(dict.get("C").unwrap().string(), Some(&b"a(b)A(\n)"[..]));
        assert_eq!(dict.get("D").unwrap().string(), Some(&b"A@"[..]));
        let reference = Object::Reference(Id {
            number: 12,
            generation: 0,
        });
        assert_eq!(
            dict.get("E").unwrap().array().unwrap(),
            [Object::Bool(true), Object::Null, reference, Object::Integer(3)]
        );
        assert_eq!(dict.get("F G").unwrap().name(), Some(&b"x"[..]));
    }

    #[test]
    fn spans_enclose_values_exactly() {
        let text = b"<< /Contents  <00FF> /Next 1>>";
        let object = parsed(text).unwrap();
        let span = object.dict().unwrap().span("Contents").unwrap();
        assert_eq!(&text[span], b"<00FF>");
    }

    /// It is known for one in what is signed, and refused in what came later.
    #[test]
    fn a_pane_that_is_stated_twice_is_read_as_nobody_writes_it() {
        let mut parser = Parser::file(b"<</PageMode/UseNone/PageMode/UseOutlines>>", 0);
        assert!(parser.object().is_ok());
        assert_eq!(parser.wording(), Wording::Ambiguous);
    }

    #[test]
    fn a_key_that_stands_there_twice_is_named_with_its_object() {
        let mut parser = Parser::file(b"22 0 obj <</A[<</B 1/B 1>>]>>", 0);
        parser.object_header().unwrap();
        let error = parser.object().unwrap_err();
        assert_eq!(error.object(), Some(22));
        assert!(
            error
                .to_string()
                .ends_with("object 22 has /B twice in one dictionary"),
            "{error}"
        );
    }

    #[test]
    fn depth_duplicates_and_open_ends_are_refused() {
        let deep = vec![b'['; 1 << 20];
        assert!(matches!(parsed(&deep), Err(OpenError::Limit { .. })));
        for text in [
            "<</A 1/A 2>>",
            "<</PageMode/UseNone/PageMode/FullScreen>>",
            "<</PageMode/UseNone/PageMode 1 0 R>>",
            "<</PageMode/UseNone/PageMode/UseNone/A 1/A 1>>",
            "<</A",
            "[1 2",
            "(abc",
            "<41",
            "<4x>",
            "1x",
            "",
            ">>",
            "--1",
        ] {
            assert!(parsed(text.as_bytes()).is_err(), "{text}");
        }
    }
}
