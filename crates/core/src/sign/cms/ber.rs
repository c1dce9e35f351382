//! BER as CMS may be written (RFC 5652 §2), with lengths that are indefinite or longer than they need be, brought to
//! those of DER.
//!
//! PAdES demands DER (ETSI EN 319 142-1 §4.1), and some signing programs stream their CMS all the same. Only
//! the framing changes: what has lengths of DER throughout stays as it is, byte for byte, signed attributes
//! with it. An octet string in pieces becomes one. What is broken inside an element of definite length stays as it is
//! too, for whoever reads it to say.

use smallvec::SmallVec;

use super::{OCTET_STRING, header, length_octets};

/// Deepest nesting followed: a timestamp token within a signature with its certificates has some twenty levels.
const MAX_DEPTH: usize = 40;
const CONSTRUCTED: u8 = 0x20;
const INDEFINITE: u8 = 0x80;

/// The first element of `bytes` with lengths of DER, and how many bytes it took; none if it has such
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
        let mut is_shortest = true;
        let length = match self.octet()? {
            INDEFINITE => None,
            short @ 0..0x80 => Some(usize::from(short)),
            long => {
                let octets = self.take(usize::from(long & 0x7f))?;
                if octets.len() > size_of::<u32>() {
                    return None;
                }
                let length = octets
                    .iter()
                    .fold(0, |length, octet| length << 8 | usize::from(*octet));
                is_shortest = octets.len() == length_octets(length);
                Some(length)
            }
        };
        if first & CONSTRUCTED == 0 {
            let content = self.take(length?)?;
            return Some(Element {
                tag,
                content,
                raw: self.bytes.get(start..self.at).unwrap_or_default(),
                changed: (!is_shortest).then(|| framed(tag, content)),
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
                    let Some(child) = inner.element(depth) else {
                        return Some(Element {
                            tag,
                            content,
                            raw: self.bytes.get(start..self.at).unwrap_or_default(),
                            changed: (!is_shortest).then(|| framed(tag, content)),
                        });
                    };
                    children.push(child);
                }
            }
        }
        let raw = self.bytes.get(start..self.at).unwrap_or_default();
        let is_changed =
            length.is_none() || !is_shortest || children.iter().any(|child| child.changed.is_some());
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
        if pieces {
            // Pieces of pieces are allowed too, and not met with.
            for piece in &children {
                match piece.tag {
                    [OCTET_STRING] => content.extend_from_slice(piece.content),
                    _ => return None,
                }
            }
        } else {
            for child in &children {
                content.extend_from_slice(child.changed.as_deref().unwrap_or(child.raw));
            }
        }
        let plain = if pieces { &[OCTET_STRING][..] } else { tag };
        Some(Element {
            tag,
            content: &[],
            raw,
            changed: Some(framed(plain, &content)),
        })
    }
}

/// An element with its length in the shortest form.
fn framed(tag: &[u8], content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 8);
    if let Some((last, before)) = tag.split_last() {
        out.extend_from_slice(before);
        header(&mut out, *last, content.len());
    }
    out.extend_from_slice(content);
    out
}
