//! XML of OFD files in the making.
//!
//! Values are checked for characters that XML has no way to say before anything is written ([`forbidden`]).

use std::fmt::{Display, Write as _};

use super::super::super::numbers;

/// Declares the prefix that all our files use.
pub(super) const NAMESPACE: &str = "xmlns:ofd=\"http://www.ofdspec.org/2016\"";

/// A file in the making.
#[derive(Debug, Clone, Default)]
pub(super) struct Xml(Vec<u8>);

impl Xml {
    /// A file whose root element is of this name, in the namespace of OFD; `attributes` begin with a space.
    pub(super) fn root(name: &str, attributes: &str) -> Self {
        let mut xml = Self(Vec::with_capacity(1 << 10));
        xml.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        xml.put(format_args!("<ofd:{name} {NAMESPACE}{attributes}>"));
        xml
    }

    /// Markup of our own.
    pub(super) fn raw(&mut self, markup: &str) {
        self.0.extend_from_slice(markup.as_bytes());
    }

    /// The same, put together.
    pub(super) fn put(&mut self, markup: impl Display) {
        let _ = write!(self, "{markup}");
    }

    /// Text from wherever.
    pub(super) fn text(&mut self, text: &str) {
        for letter in text.chars() {
            self.letter(letter);
        }
    }

    /// One letter of a text.
    pub(super) fn letter(&mut self, letter: char) {
        match letter {
            '&' => self.raw("&amp;"),
            '<' => self.raw("&lt;"),
            '>' => self.raw("&gt;"),
            '"' => self.raw("&quot;"),
            // What parsers would make one line or one space of.
            '\n' => self.raw("&#10;"),
            '\r' => self.raw("&#13;"),
            '\t' => self.raw("&#9;"),
            letter => self.raw(letter.encode_utf8(&mut [0; 4])),
        }
    }

    /// An element of OFD that holds text.
    pub(super) fn leaf(&mut self, name: &str, text: &str) {
        self.put(format_args!("<ofd:{name}>"));
        self.text(text);
        self.put(format_args!("</ofd:{name}>"));
    }

    /// A length to the micrometre.
    pub(super) fn length(&mut self, value: f32) {
        numbers::number(&mut self.0, value, 3);
    }

    /// Lengths with spaces between.
    pub(super) fn lengths(&mut self, values: &[f32]) {
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                self.0.push(b' ');
            }
            self.length(*value);
        }
    }

    /// Coordinates of a path to 10 µm, a dot of 2,540 dpi: art has thousands of them.
    pub(super) fn coordinates(&mut self, values: &[f32]) {
        for value in values {
            self.0.push(b' ');
            numbers::number(&mut self.0, *value, 2);
        }
    }

    /// A number that is no length.
    pub(super) fn number(&mut self, value: f32, places: u32) {
        numbers::number(&mut self.0, value, places);
    }

    /// Takes over what another has.
    pub(super) fn append(&mut self, other: &Self) {
        self.0.extend_from_slice(&other.0);
    }

    /// Closes elements of OFD, the innermost first, and gives the file.
    pub(super) fn close(mut self, names: &[&str]) -> Vec<u8> {
        for name in names {
            self.put(format_args!("</ofd:{name}>"));
        }
        self.0
    }
}

impl std::fmt::Write for Xml {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.raw(text);
        Ok(())
    }
}

/// The first character that no XML file may have (XML 1.0 §2.2).
pub(super) fn forbidden(text: &str) -> Option<char> {
    text.chars().find(|letter| {
        matches!(letter, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}')
    })
}
