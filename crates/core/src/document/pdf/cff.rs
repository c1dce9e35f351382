//! A CID-keyed CFF font program (Adobe Technical Note 5176) from ready charstrings.
//!
//! The glyph order is the CID order: CID *n* is the *n*-th glyph, 0 is `.notdef`. The charstrings
//! carry their width against a `nominalWidthX` of 0, so the private dictionary says only that.

use std::sync::Arc;

/// Width of `.notdef`, which nothing refers to.
pub(super) const NOTDEF_WIDTH: u16 = 1000;

/// `.notdef`: a width of 1000 and no outline.
const NOTDEF: &[u8] = &[28, 0x03, 0xE8, 14];

/// `defaultWidthX 0`, `nominalWidthX 0`.
const PRIVATE: &[u8] = &[139, 20, 139, 21];

/// Bytes of a number in [`dict_number`] form.
const NUMBER: usize = 5;

/// Top dictionary: ROS, FontBBox, CIDCount, charset, FDSelect, CharStrings, FDArray.
const TOP_DICT: usize = (3 * NUMBER + 2)
    + (4 * NUMBER + 1)
    + (NUMBER + 2)
    + (NUMBER + 1)
    + (NUMBER + 2)
    + (NUMBER + 1)
    + (NUMBER + 2);

/// Font dictionary: Private.
const FONT_DICT: usize = 2 * NUMBER + 1;

/// Assembles the font program. `glyphs` are the charstrings of CID 1 onwards.
pub(super) fn assemble(name: &str, bbox: [f32; 4], glyphs: &[Arc<[u8]>]) -> Vec<u8> {
    let count = glyphs.len() + 1;
    let data: usize = NOTDEF.len() + glyphs.iter().map(|glyph| glyph.len()).sum::<usize>();

    // Every size is known beforehand, so that offsets need no second pass.
    let names = index_size(1, name.len());
    let tops = index_size(1, TOP_DICT);
    let strings = index_size(2, "Adobe".len() + "Identity".len());
    let global_subroutines = 2;
    let charset = 4 + names + tops + strings + global_subroutines;
    let select = charset + 5;
    let charstrings = select + 8;
    let font_dicts = charstrings + index_size(count, data);
    let private = font_dicts + index_size(1, FONT_DICT);

    let mut out = Vec::with_capacity(private + PRIVATE.len());
    out.extend_from_slice(&[1, 0, 4, 4]);
    index(&mut out, &[name.as_bytes()]);

    let mut top = Vec::with_capacity(TOP_DICT);
    // Strings 391 and 392 are the first two after the standard ones.
    for operand in [391, 392, 0] {
        dict_number(&mut top, operand);
    }
    top.extend_from_slice(&[12, 30]);
    for edge in bbox {
        dict_number(&mut top, edge.round() as i32);
    }
    top.push(5);
    for (operand, operator) in [
        (count, &[12, 34][..]),
        (charset, &[15]),
        (select, &[12, 37]),
        (charstrings, &[17]),
        (font_dicts, &[12, 36]),
    ] {
        dict_number(&mut top, offset(operand));
        top.extend_from_slice(operator);
    }
    index(&mut out, &[&top]);
    index(&mut out, &[b"Adobe", b"Identity"]);
    out.extend_from_slice(&[0, 0]);

    // Charset format 2: one range, CID 1 to the last.
    out.push(2);
    out.extend_from_slice(&1_u16.to_be_bytes());
    out.extend_from_slice(&(count.saturating_sub(2) as u16).to_be_bytes());
    // FDSelect format 3: one range, all glyphs in font dictionary 0.
    out.extend_from_slice(&[3, 0, 1, 0, 0, 0]);
    out.extend_from_slice(&(count as u16).to_be_bytes());

    index_head(
        &mut out,
        count,
        data,
        std::iter::once(NOTDEF.len()).chain(glyphs.iter().map(|glyph| glyph.len())),
    );
    out.extend_from_slice(NOTDEF);
    for glyph in glyphs {
        out.extend_from_slice(glyph);
    }

    let mut font = Vec::with_capacity(FONT_DICT);
    dict_number(&mut font, offset(PRIVATE.len()));
    dict_number(&mut font, offset(private));
    font.push(18);
    index(&mut out, &[&font]);
    out.extend_from_slice(PRIVATE);
    out
}

/// A size or offset as an operand: no subset of 65,534 glyphs comes near two gigabytes.
fn offset(value: usize) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

/// An integer operand of a dictionary in its longest form, so that sizes do not depend on values.
fn dict_number(out: &mut Vec<u8>, value: i32) {
    out.push(29);
    out.extend_from_slice(&value.to_be_bytes());
}

/// Bytes that an offset up to `data + 1` takes.
fn offset_size(data: usize) -> usize {
    match data + 1 {
        0..=0xFF => 1,
        0x100..=0xFFFF => 2,
        0x1_0000..=0xFF_FFFF => 3,
        _ => 4,
    }
}

fn index_size(count: usize, data: usize) -> usize {
    3 + (count + 1) * offset_size(data) + data
}

fn index(out: &mut Vec<u8>, items: &[&[u8]]) {
    let data = items.iter().map(|item| item.len()).sum();
    index_head(out, items.len(), data, items.iter().map(|item| item.len()));
    for item in items {
        out.extend_from_slice(item);
    }
}

fn index_head(out: &mut Vec<u8>, count: usize, data: usize, sizes: impl Iterator<Item = usize>) {
    let width = offset_size(data);
    out.extend_from_slice(&(count as u16).to_be_bytes());
    out.push(width as u8);
    let mut offset = 1_u32;
    out.extend_from_slice(&offset.to_be_bytes()[4 - width..]);
    for size in sizes {
        offset += size as u32;
        out.extend_from_slice(&offset.to_be_bytes()[4 - width..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads an INDEX: its items and where it ends.
    fn read_index(data: &[u8], at: usize) -> (Vec<&[u8]>, usize) {
        let count = usize::from(u16::from_be_bytes([data[at], data[at + 1]]));
        if count == 0 {
            return (Vec::new(), at + 2);
        }
        let width = usize::from(data[at + 2]);
        let offset = |i: usize| {
            data[at + 3 + i * width..at + 3 + (i + 1) * width]
                .iter()
                .fold(0, |value, byte| value << 8 | usize::from(*byte))
        };
        let base = at + 2 + (count + 1) * width;
        let items = (0..count).map(|i| &data[base + offset(i)..base + offset(i + 1)]);
        (items.collect(), base + offset(count))
    }

    /// Operand of a one-byte or two-byte operator in a dictionary of long integers only.
    fn operand(dict: &[u8], operator: &[u8]) -> usize {
        let mut at = 0;
        let mut last = 0;
        while at < dict.len() {
            if dict[at] == 29 {
                last = i32::from_be_bytes([dict[at + 1], dict[at + 2], dict[at + 3], dict[at + 4]]);
                at += 5;
            } else {
                let length = if dict[at] == 12 { 2 } else { 1 };
                if &dict[at..at + length] == operator {
                    return last as usize;
                }
                at += length;
            }
        }
        panic!("operator {operator:?} is absent");
    }

    #[test]
    fn every_part_lies_where_the_top_dictionary_says() {
        for count in [0_usize, 1, 2, 300] {
            let glyphs: Vec<Arc<[u8]>> = (0..count)
                .map(|i| vec![28, (i >> 8) as u8, i as u8, 14].into())
                .collect();
            let program = assemble("ABCDEF+Test", [0.0, -120.0, 1000.0, 880.0], &glyphs);

            let (names, at) = read_index(&program, 4);
            assert_eq!(names, [b"ABCDEF+Test"]);
            let (tops, at) = read_index(&program, at);
            let (strings, at) = read_index(&program, at);
            assert_eq!(strings, [&b"Adobe"[..], b"Identity"]);
            let (none, at) = read_index(&program, at);
            assert!(none.is_empty());

            let top = tops[0];
            assert_eq!(top.len(), TOP_DICT);
            assert_eq!(operand(top, &[12, 34]), count + 1);
            assert_eq!(operand(top, &[15]), at);
            assert_eq!(program[operand(top, &[12, 37])], 3);
            let (found, end) = read_index(&program, operand(top, &[17]));
            assert_eq!(found[0], NOTDEF);
            assert!(found[1..].iter().zip(&glyphs).all(|(a, b)| *a == &b[..]));
            assert_eq!(end, operand(top, &[12, 36]));
            let (fonts, end) = read_index(&program, end);
            assert_eq!(operand(fonts[0], &[18]), end);
            assert_eq!(&program[end..], PRIVATE);
        }
    }
}
