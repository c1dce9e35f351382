//! Markup, in which nothing that comes out of a file becomes markup or hides.

use crate::remark::visible;

/// HTML or XML in the making.
#[derive(Debug)]
pub(super) struct Markup(String);

impl Markup {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self(String::with_capacity(bytes))
    }

    /// Markup of our own.
    pub(super) fn raw(&mut self, markup: &str) {
        self.0.push_str(markup);
    }

    /// Text from wherever.
    pub(super) fn text(&mut self, text: &str) {
        for letter in text.chars() {
            match letter {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                // No characters of XML.
                '\u{FFFE}' | '\u{FFFF}' => self.0.push('\u{FFFD}'),
                letter => self.0.push(visible(letter)),
            }
        }
    }

    /// An element that holds others.
    pub(super) fn element(&mut self, name: &str, within: impl FnOnce(&mut Self)) {
        self.tag("<", name, ">\n");
        within(self);
        self.tag("</", name, ">\n");
    }

    /// An element that holds text.
    pub(super) fn leaf(&mut self, name: &str, text: &str) {
        self.tag("<", name, ">");
        self.text(text);
        self.tag("</", name, ">\n");
    }

    /// The same, in a language.
    pub(super) fn language(&mut self, name: &str, language: &str, text: &str) {
        self.tag("<", name, " xml:lang=\"");
        self.tag("", language, "\">");
        self.text(text);
        self.tag("</", name, ">\n");
    }

    /// What came of it.
    pub(super) fn done(self) -> String {
        self.0
    }

    fn tag(&mut self, before: &str, name: &str, after: &str) {
        for part in [before, name, after] {
            self.0.push_str(part);
        }
    }
}
