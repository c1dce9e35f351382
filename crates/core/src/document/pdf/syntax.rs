//! PDF syntax on the way out: numbers, strings, names, streams, and the list of object offsets
//! (ISO 32000-1 7.3, 7.5.4).

use std::io::Write as _;

use jiff::Timestamp;

pub(super) use super::super::{
    deflate::{Effort, zlib as deflate},
    numbers::{integer, number},
};
use crate::clock;

/// Points in a millimetre.
pub(super) const POINTS: f32 = 72.0 / 25.4;

/// Number of an indirect object; the generation is 0 throughout.
pub(super) type Number = u32;

/// Writes numbers with two decimals (3.5 µm on paper), each followed by a space.
pub(super) fn numbers(out: &mut Vec<u8>, values: &[f32]) {
    for value in values {
        number(out, *value, 2);
        out.push(b' ');
    }
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Writes a byte as two hexadecimal digits.
pub(super) fn hex_byte(out: &mut Vec<u8>, byte: u8) {
    out.push(HEX[usize::from(byte >> 4)]);
    out.push(HEX[usize::from(byte & 15)]);
}

/// Writes a hexadecimal string with its delimiters.
pub(super) fn hex_string(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'<');
    for byte in bytes {
        hex_byte(out, *byte);
    }
    out.push(b'>');
}

/// Writes 16 bits as four hexadecimal digits.
pub(super) fn hex_u16(out: &mut Vec<u8>, value: u16) {
    for byte in value.to_be_bytes() {
        hex_byte(out, byte);
    }
}

/// Writes a text string (7.9.2.2): as it is where it is plain ASCII, else UTF-16BE in hexadecimal.
pub(super) fn text(out: &mut Vec<u8>, value: &str) {
    if value.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        literal(out, value.as_bytes());
        return;
    }
    out.extend_from_slice(b"<FEFF");
    for unit in value.encode_utf16() {
        hex_u16(out, unit);
    }
    out.push(b'>');
}

/// Writes a literal string of printable ASCII.
pub(super) fn literal(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'(');
    for byte in bytes {
        if matches!(byte, b'(' | b')' | b'\\') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out.push(b')');
}

/// A PDF date (7.9.4) in China Standard Time.
pub(super) fn date(at: Timestamp) -> String {
    let local = at.to_zoned(clock::china()).datetime();
    format!(
        "(D:{:04}{:02}{:02}{:02}{:02}{:02}+08'00')",
        local.year(),
        local.month(),
        local.day(),
        local.hour(),
        local.minute(),
        local.second()
    )
}

/// The same instant as [`date`] in the form of XMP.
pub(super) fn xmp_date(at: Timestamp) -> String {
    let local = at.to_zoned(clock::china()).datetime();
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}+08:00",
        local.year(),
        local.month(),
        local.day(),
        local.hour(),
        local.minute(),
        local.second()
    )
}

/// A file under construction: bytes and where each object begins.
#[derive(Debug, Clone, Default)]
pub(super) struct Objects {
    /// The file so far.
    pub(super) out: Vec<u8>,
    /// Offsets by object number; 0 for a number that is reserved and not yet written.
    offsets: Vec<u32>,
}

impl Objects {
    /// Sets the next object number aside.
    pub(super) fn reserve(&mut self) -> Number {
        if self.offsets.is_empty() {
            self.offsets.push(0);
        }
        self.offsets.push(0);
        (self.offsets.len() - 1) as Number
    }

    /// Begins as a copy of another file, with room for what follows.
    pub(super) fn continued(prefix: &Objects, room: usize) -> Objects {
        let mut out = Vec::with_capacity(prefix.out.len() + room);
        out.extend_from_slice(&prefix.out);
        Objects {
            out,
            offsets: prefix.offsets.clone(),
        }
    }

    /// Begins an object; its content and [`Objects::end`] follow.
    pub(super) fn begin(&mut self, object: Number) -> &mut Vec<u8> {
        if let Some(offset) = self.offsets.get_mut(object as usize) {
            *offset = self.out.len() as u32;
        }
        integer(&mut self.out, u64::from(object));
        self.out.extend_from_slice(b" 0 obj\n");
        &mut self.out
    }

    /// Ends an object.
    pub(super) fn end(&mut self) {
        self.out.extend_from_slice(b"\nendobj\n");
    }

    /// Writes a whole object from its text.
    pub(super) fn object(&mut self, object: Number, content: std::fmt::Arguments<'_>) {
        let out = self.begin(object);
        // Writing to memory cannot fail.
        let _ = out.write_fmt(content);
        self.end();
    }

    /// Writes a stream object. `entries` are the dictionary entries apart from the length.
    pub(super) fn stream(&mut self, object: Number, entries: std::fmt::Arguments<'_>, data: &[u8]) {
        let out = self.begin(object);
        let _ = write!(out, "<<{entries}/Length {}>>\nstream\n", data.len());
        out.extend_from_slice(data);
        out.extend_from_slice(b"\nendstream");
        self.end();
    }

    /// Writes a stream object, deflated where that makes it smaller.
    pub(super) fn deflated(
        &mut self,
        object: Number,
        entries: std::fmt::Arguments<'_>,
        data: &[u8],
        effort: Effort,
    ) {
        let packed = deflate(data, effort);
        if packed.len() + 20 < data.len() {
            self.stream(object, format_args!("{entries}/Filter/FlateDecode"), &packed);
        } else {
            self.stream(object, entries, data);
        }
    }

    /// Writes the cross-reference table (7.5.4) and gives its offset and the number of entries.
    pub(super) fn xref(&mut self) -> (usize, usize) {
        let at = self.out.len();
        let count = self.offsets.len();
        let _ = write!(self.out, "xref\n0 {count}\n0000000000 65535 f \n");
        for offset in self.offsets.get(1..).unwrap_or_default() {
            let mut entry = *b"0000000000 00000 n \n";
            let mut rest = *offset;
            for digit in entry[..10].iter_mut().rev() {
                *digit = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
            self.out.extend_from_slice(&entry);
        }
        (at, count)
    }

    /// Numbers that were set aside and never written.
    pub(super) fn missing(&self) -> impl Iterator<Item = Number> + '_ {
        (1..)
            .zip(self.offsets.iter().skip(1))
            .filter(|(_, offset)| **offset == 0)
            .map(|(number, _)| number)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn strings_are_escaped_or_encoded() {
        let mut out = Vec::new();
        text(&mut out, "a(b)\\");
        text(&mut out, "证\u{20000}");
        assert_eq!(out, br"(a\(b\)\\)<FEFF8BC1D840DC00>");
    }

    #[test]
    fn dates_stand_in_china_time() {
        let at = "2025-12-31T16:00:01Z".parse().unwrap();
        assert_eq!(date(at), "(D:20260101000001+08'00')");
        assert_eq!(xmp_date(at), "2026-01-01T00:00:01+08:00");
    }
}
