//! DER, written: an identifier octet, the length in its shortest form, the content (X.690 §8.1, §10.1).

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const PRINTABLE_STRING: u8 = 0x13;
pub(crate) const IA5_STRING: u8 = 0x16;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const CONTEXT_0: u8 = 0xa0;

/// An element with the parts given as its content.
pub(crate) fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length = parts.iter().map(|part| part.len()).sum();
    let mut out = Vec::with_capacity(tlv_len(length));
    header(&mut out, tag, length);
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

/// An INTEGER that is not negative.
pub(crate) fn integer(value: u32) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let first = bytes.iter().position(|byte| *byte != 0);
    let digits = bytes.get(first.unwrap_or(bytes.len() - 1)..).unwrap_or_default();
    let sign: &[u8] = match digits.first() {
        Some(0x80..=0xff) => &[0],
        _ => &[],
    };
    tlv(INTEGER, &[sign, digits])
}

/// A BIT STRING of whole octets.
pub(crate) fn bit_string(octets: &[u8]) -> Vec<u8> {
    tlv(BIT_STRING, &[&[0], octets])
}

/// Identifier and length octets.
pub(crate) fn header(out: &mut Vec<u8>, tag: u8, length: usize) {
    out.push(tag);
    let octets = length_octets(length);
    if octets > 0 {
        out.push(0x80 | octets as u8);
    }
    let bytes = length.to_be_bytes();
    out.extend_from_slice(&bytes[bytes.len() - octets.max(1)..]);
}

/// Length of an element whose content has `length` bytes.
pub(crate) fn tlv_len(length: usize) -> usize {
    2 + length_octets(length) + length
}

/// Octets behind the first length octet.
pub(crate) fn length_octets(length: usize) -> usize {
    match length {
        0..=0x7f => 0,
        _ => (usize::BITS - length.leading_zeros()).div_ceil(8) as usize,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_in_their_shortest_form() {
        for (value, der) in [
            (0, &b"\x02\x01\x00"[..]),
            (5, b"\x02\x01\x05"),
            (0x80, b"\x02\x02\x00\x80"),
            (0x0100, b"\x02\x02\x01\x00"),
            (u32::MAX, b"\x02\x05\x00\xff\xff\xff\xff"),
        ] {
            assert_eq!(integer(value), der);
        }
        assert_eq!(bit_string(b"ab"), b"\x03\x03\x00ab");
        assert_eq!(
            tlv(OCTET_STRING, &[&[7; 0x80]]).get(..3),
            Some(&b"\x04\x81\x80"[..])
        );
    }
}
