//! BER with indefinite lengths, as CMS may be written, brought to definite ones.
//!
//! PAdES demands DER (ETSI EN 319 142-1 §4.1), and some signing programs stream their CMS all the same. Only
//! the framing changes: what has definite lengths throughout stays as it is, byte for byte, signed attributes
//! with it. An octet string in pieces becomes one.

use smallvec::SmallVec;

use super::{OCTET_STRING, header};

/// Deepest nesting followed: a timestamp token within a signature with its certificates has some twenty levels.
const MAX_DEPTH: usize = 40;
const CONSTRUCTED: u8 = 0x20;
const INDEFINITE: u8 = 0x80;

/// The first element of `bytes` with definite lengths, and how many bytes it took; none if it has such
/// already, or is broken.
pub(super) fn definite(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut reader = Reader { bytes, at: 0 };
    let element = reader.element(MAX_DEPTH)?;
    Some((element.changed?, reader.at))
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

struct Element<'a> {
    tag: &'a [u8],
    /// Content of a primitive element.
    content: &'a [u8],
    /// As it stands in the input.
    raw: &'a [u8],
    /// Rewritten, where something in it was.
    changed: Option<Vec<u8>>,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(count)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn octet(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn element(&mut self, depth: usize) -> Option<Element<'a>> {
        let start = self.at;
        let first = self.octet()?;
        if first & 0x1f == 0x1f {
            while self.octet()? & 0x80 != 0 {}
        }
        let tag = self.bytes.get(start..self.at).unwrap_or_default();
        let length = match self.octet()? {
            INDEFINITE => None,
            short @ 0..0x80 => Some(usize::from(short)),
            long => {
                let octets = self.take(usize::from(long & 0x7f))?;
                if octets.len() > size_of::<u32>() {
                    return None;
                }
                Some(
                    octets
                        .iter()
                        .fold(0, |length, octet| length << 8 | usize::from(*octet)),
                )
            }
        };
        if first & CONSTRUCTED == 0 {
            let content = self.take(length?)?;
            return Some(Element {
                tag,
                content,
                raw: self.bytes.get(start..self.at).unwrap_or_default(),
                changed: None,
            });
        }

        let depth = depth.checked_sub(1)?;
        let body = self.at;
        let mut children: SmallVec<[Element<'a>; 4]> = SmallVec::new();
        match length {
            None => {
                while self
                    .bytes
                    .get(self.at..)
                    .is_none_or(|rest| !rest.starts_with(&[0, 0]))
                {
                    children.push(self.element(depth)?);
                }
                self.take(2)?;
            }
            Some(length) => {
                let content = self.take(length)?;
                let mut inner = Reader {
                    bytes: content,
                    at: 0,
                };
                while inner.at < content.len() {
                    children.push(inner.element(depth)?);
                }
            }
        }
        let raw = self.bytes.get(start..self.at).unwrap_or_default();
        let is_changed = length.is_none() || children.iter().any(|child| child.changed.is_some());
        let pieces = tag == [OCTET_STRING | CONSTRUCTED];
        if !is_changed && !pieces {
            let content = self.bytes.get(body..self.at).unwrap_or_default();
            return Some(Element {
                tag,
                content,
                raw,
                changed: None,
            });
        }

        let mut content = Vec::new();
        let mut plain = tag.to_vec();
        if pieces {
            // Pieces of pieces are allowed too, and not met with.
            plain = vec![OCTET_STRING];
            for piece in &children {
                match (&piece.changed, piece.tag) {
                    (None, [OCTET_STRING]) => content.extend_from_slice(piece.content),
                    _ => return None,
                }
            }
        } else {
            for child in &children {
                content.extend_from_slice(child.changed.as_deref().unwrap_or(child.raw));
            }
        }
        let mut out = Vec::with_capacity(content.len() + 8);
        match plain.split_first() {
            Some((tag, [])) => header(&mut out, *tag, content.len()),
            _ => return None,
        }
        out.extend_from_slice(&content);
        Some(Element {
            tag,
            content: &[],
            raw,
            changed: Some(out),
        })
    }
}
