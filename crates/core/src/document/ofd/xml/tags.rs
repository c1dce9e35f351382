//! A look at the tags of an XML file before it is parsed: how deep they nest, and what makes a parser slow.

use memchr::memmem;

use super::super::error::OfdError;
use crate::limits::{MAX_XML_ATTRIBUTES, MAX_XML_DEPTH, MAX_XML_NAMESPACES};

/// That tags nest no deeper, and have no more attributes and namespaces, than they may. Syntax is for the parser: where
/// the two could differ on what a tag is, the parser refuses.
pub(super) fn check(text: &str) -> Result<(), OfdError> {
    let limit = |what, limit| Err(OfdError::Limit { what, limit });
    // Namespaces declared by each open element.
    let mut open: Vec<usize> = Vec::new();
    let mut in_scope = 0;
    let mut rest = text.as_bytes();
    while let Some(at) = memchr::memchr(b'<', rest) {
        rest = rest.get(at + 1..).unwrap_or_default();
        match rest {
            [b'!', b'-', b'-', ..] => rest = behind(rest.get(3..).unwrap_or_default(), b"-->"),
            [b'!', ..] => {
                let is_data = rest.starts_with(b"![CDATA[");
                rest = behind(rest, if is_data { b"]]>" } else { b">" });
            }
            [b'?', ..] => rest = behind(rest, b"?>"),
            [b'/', ..] => {
                in_scope -= open.pop().unwrap_or_default();
                rest = behind(rest, b">");
            }
            _ => {
                let tag = Tag::read(rest);
                if tag.attributes > MAX_XML_ATTRIBUTES {
                    return limit("attributes of an element", MAX_XML_ATTRIBUTES);
                }
                if in_scope + tag.namespaces > MAX_XML_NAMESPACES {
                    return limit("namespaces in one place", MAX_XML_NAMESPACES);
                }
                if open.len() >= MAX_XML_DEPTH {
                    return limit("depth of elements", MAX_XML_DEPTH);
                }
                if !tag.closes {
                    in_scope += tag.namespaces;
                    open.push(tag.namespaces);
                }
                rest = rest.get(tag.length..).unwrap_or_default();
            }
        }
    }
    Ok(())
}

fn behind<'a>(bytes: &'a [u8], end: &[u8]) -> &'a [u8] {
    let at = memmem::find(bytes, end).map(|at| at + end.len());
    at.and_then(|at| bytes.get(at..)).unwrap_or_default()
}

/// A start tag.
#[derive(Default)]
struct Tag {
    attributes: usize,
    namespaces: usize,
    /// Whether it is an element without content.
    closes: bool,
    /// Up to and with its end.
    length: usize,
}

impl Tag {
    fn read(bytes: &[u8]) -> Self {
        let mut tag = Self::default();
        let mut quote = None;
        let mut word = 0;
        for (at, &byte) in bytes.iter().enumerate() {
            tag.length = at + 1;
            match (quote, byte) {
                (Some(open), _) if byte == open => quote = None,
                (None, b'"' | b'\'') => quote = Some(byte),
                (None, b'=') => {
                    tag.attributes += 1;
                    let name = bytes.get(word..at).unwrap_or_default();
                    tag.namespaces += usize::from(name.starts_with(b"xmlns"));
                }
                (None, b'>') => {
                    tag.closes = at > 0 && bytes.get(at - 1) == Some(&b'/');
                    break;
                }
                (None, b' ' | b'\t' | b'\r' | b'\n') => {
                    // White space may stand between a name and its sign.
                    let next = bytes.get(at + 1).copied().unwrap_or(b' ');
                    if !next.is_ascii_whitespace() && next != b'=' {
                        word = at + 1;
                    }
                }
                _ => {}
            }
        }
        tag
    }
}

/// What the XML declaration says of the encoding.
pub(super) fn declared_encoding(text: &str) -> Option<&str> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let (declaration, _) = text.strip_prefix("<?xml")?.split_once("?>")?;
    let (_, after) = declaration.split_once("encoding")?;
    let after = after.trim_start().strip_prefix('=')?.trim_start();
    let quote = after.chars().next()?;
    after.get(1..)?.split(quote).next()
}
