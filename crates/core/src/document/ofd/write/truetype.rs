//! A TrueType font file from ready glyphs (ISO/IEC 14496-22).
//!
//! Outlines are quadratic, in `glyf`: readers of OFD that know fonts at all know these. CFF outlines, bare or in
//! OpenType, stop ofdrw and whatever is made with ReportLab. All tables that Windows and browsers ask for are there, and
//! the character map, so that text needs no glyph numbers beside it.

use std::{collections::BTreeMap, sync::Arc};

use crate::face::{FontDescriptor, SimpleGlyph, UNITS};

/// Units of the em.
const UNITS_PER_EM: u16 = UNITS as u16;
/// 1 January 2026 in seconds since 1904: a date that all our subsets share.
const MADE: u64 = 3_850_070_400;
/// Segments that fit a character map of format 4, whose length is 16 bits.
const MAX_SEGMENTS: usize = 8_000;
/// Regular weight.
const NORMAL: u16 = 400;
const BOLD: u16 = 700;

/// The numbers of a table, one after the other.
#[derive(Default)]
struct Table(Vec<u8>);

impl Table {
    fn u16(mut self, values: &[u16]) -> Self {
        for value in values {
            self.0.extend_from_slice(&value.to_be_bytes());
        }
        self
    }

    fn i16(mut self, values: &[i16]) -> Self {
        for value in values {
            self.0.extend_from_slice(&value.to_be_bytes());
        }
        self
    }

    fn u32(mut self, values: &[u32]) -> Self {
        for value in values {
            self.0.extend_from_slice(&value.to_be_bytes());
        }
        self
    }

    fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }
}

/// What a font holds: glyphs from number 1 on, and which of them shows which character.
pub(super) struct Contents<'a> {
    pub(super) name: &'a str,
    pub(super) about: &'a FontDescriptor,
    pub(super) is_bold: bool,
    pub(super) glyphs: &'a [Arc<SimpleGlyph>],
    pub(super) characters: &'a BTreeMap<char, u16>,
}

/// Assembles the file.
pub(super) fn assemble(font: &Contents<'_>) -> Vec<u8> {
    // The glyph for what is missing shows nothing and is as wide as the em.
    let notdef = SimpleGlyph {
        advance: UNITS_PER_EM,
        ..SimpleGlyph::default()
    };
    let all = || std::iter::once(&notdef).chain(font.glyphs.iter().map(|glyph| &**glyph));
    let count = font.glyphs.len() as u16 + 1;
    let edge = |index: usize, pick: fn(i16, i16) -> i16| {
        let drawn = all().filter(|glyph| glyph.contours > 0);
        drawn
            .filter_map(|glyph| glyph.bounds.get(index).copied())
            .reduce(pick)
            .unwrap_or(0)
    };
    let bounds = [
        edge(0, i16::min),
        edge(1, i16::min),
        edge(2, i16::max),
        edge(3, i16::max),
    ];

    let mut glyf = Vec::with_capacity(all().map(|glyph| glyph.data.len()).sum());
    let mut loca = Table::default();
    let mut hmtx = Table::default();
    for glyph in all() {
        loca = loca.u32(&[glyf.len() as u32]);
        hmtx = hmtx.u16(&[glyph.advance]).i16(&[glyph.bounds[0]]);
        glyf.extend_from_slice(&glyph.data);
    }
    let loca = loca.u32(&[glyf.len() as u32]);

    let tables: [(&[u8; 4], Vec<u8>); 11] = [
        (b"OS/2", os2(font, all())),
        (b"cmap", cmap(font.characters)),
        (b"glyf", glyf),
        (b"head", head(bounds, font.is_bold)),
        (b"hhea", hhea(font.about, all(), bounds, count)),
        (b"hmtx", hmtx.0),
        (b"loca", loca.0),
        (b"maxp", maxp(all(), count)),
        (b"name", name(font)),
        (
            b"post",
            Table::default()
                .u32(&[0x0003_0000, 0])
                .i16(&[-100, 50])
                .u32(&[0; 5])
                .0,
        ),
        // Smooth at every size, no grid fitting, for there are no instructions.
        (b"gasp", Table::default().u16(&[1, 1, 0xFFFF, 2]).0),
    ];
    pack(tables)
}

fn pack(mut tables: [(&[u8; 4], Vec<u8>); 11]) -> Vec<u8> {
    tables.sort_by_key(|(tag, _)| **tag);
    let count = tables.len() as u16;
    let power = count.ilog2();
    let range = (1_u16 << power) * 16;
    let start = 12 + 16 * tables.len();
    let body: usize = tables
        .iter()
        .map(|(_, data)| data.len().next_multiple_of(4))
        .sum();
    let mut out = Table(Vec::with_capacity(start + body)).u32(&[0x0001_0000]).u16(&[
        count,
        range,
        power as u16,
        count * 16 - range,
    ]);
    let mut at = start;
    let mut head = 0;
    for (tag, data) in &tables {
        if *tag == b"head" {
            head = at;
        }
        out = out.bytes(*tag).u32(&[sum(data), at as u32, data.len() as u32]);
        at += data.len().next_multiple_of(4);
    }
    for (_, data) in &tables {
        out = out.bytes(data);
        out.0.resize(out.0.len().next_multiple_of(4), 0);
    }
    let adjustment = 0xB1B0_AFBA_u32.wrapping_sub(sum(&out.0));
    if let Some(place) = out.0.get_mut(head + 8..head + 12) {
        place.copy_from_slice(&adjustment.to_be_bytes());
    }
    out.0
}

/// Sum of the 32-bit numbers of a table.
fn sum(data: &[u8]) -> u32 {
    data.chunks(4).fold(0, |sum, chunk| {
        let mut word = [0; 4];
        for (place, byte) in word.iter_mut().zip(chunk) {
            *place = *byte;
        }
        u32::wrapping_add(sum, u32::from_be_bytes(word))
    })
}

fn head([left, bottom, right, top]: [i16; 4], is_bold: bool) -> Vec<u8> {
    Table::default()
        .u32(&[0x0001_0000, 0x0001_0000, 0, 0x5F0F_3CF5])
        // Baseline at 0, left edge where hmtx says.
        .u16(&[0b11, UNITS_PER_EM])
        .bytes(&MADE.to_be_bytes())
        .bytes(&MADE.to_be_bytes())
        .i16(&[left, bottom, right, top])
        .u16(&[u16::from(is_bold), 8])
        .i16(&[2, 1, 0])
        .0
}

fn hhea<'a>(
    about: &FontDescriptor,
    all: impl Iterator<Item = &'a SimpleGlyph> + Clone,
    [left, _, right, _]: [i16; 4],
    count: u16,
) -> Vec<u8> {
    let widest = all.map(|glyph| glyph.advance).max().unwrap_or(UNITS_PER_EM);
    Table::default()
        .u32(&[0x0001_0000])
        .i16(&[about.ascent.round() as i16, about.descent.round() as i16, 0])
        .u16(&[widest])
        .i16(&[left, 0, right, 1, 0, 0, 0, 0, 0, 0, 0])
        .u16(&[count])
        .0
}

fn maxp<'a>(all: impl Iterator<Item = &'a SimpleGlyph> + Clone, count: u16) -> Vec<u8> {
    let points = all.clone().map(|glyph| glyph.points).max().unwrap_or(0);
    let contours = all.map(|glyph| glyph.contours).max().unwrap_or(0);
    Table::default()
        .u32(&[0x0001_0000])
        .u16(&[count, points, contours, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0])
        .0
}

fn os2<'a>(font: &Contents<'_>, all: impl Iterator<Item = &'a SimpleGlyph> + Clone) -> Vec<u8> {
    let about = font.about;
    let count = all.clone().count().max(1) as u32;
    let average = all.map(|glyph| u32::from(glyph.advance)).sum::<u32>() / count;
    let bound = |letter: Option<&char>| letter.map_or(0, |letter| u32::from(*letter).min(0xFFFF) as u16);
    let (first, last) = (font.characters.keys().next(), font.characters.keys().next_back());
    let [ascent, descent, capital] =
        [about.ascent, about.descent, about.cap_height].map(|value| value.round() as i16);
    Table::default()
        .u16(&[4])
        .i16(&[average as i16])
        // May be embedded for good (fsType 0).
        .u16(&[if font.is_bold { BOLD } else { NORMAL }, 5, 0])
        // Sub- and superscripts, strikeout.
        .i16(&[650, 600, 0, 75, 650, 600, 0, 350, 50, 300, 0])
        .bytes(&[0; 10])
        // CJK ideographs, Basic Latin.
        .u32(&[1, 1 << 27, 0, 0])
        .bytes(b"NONE")
        .u16(&[if font.is_bold { 0x20 } else { 0x40 }, bound(first), bound(last)])
        .i16(&[ascent, descent, 0])
        .u16(&[
            ascent.unsigned_abs().max(UNITS_PER_EM),
            descent.unsigned_abs().max(200),
        ])
        // Code pages: Latin 1, simplified Chinese.
        .u32(&[1 | 1 << 18, 0])
        .i16(&[500, capital])
        .u16(&[0, 0x20, 1])
        .0
}

/// Family, style, unique name, full name, version and PostScript name, for Windows in American English.
fn name(font: &Contents<'_>) -> Vec<u8> {
    let style = if font.is_bold { "Bold" } else { "Regular" };
    let names = [
        (1, font.about.family.as_str()),
        (2, style),
        (3, font.name),
        (4, font.name),
        (5, "Version 1.0"),
        (6, font.name),
    ];
    let mut records = Table::default().u16(&[0, names.len() as u16, 6 + 12 * names.len() as u16]);
    let mut texts = Table::default();
    for (id, text) in names {
        let units: Vec<u16> = text.encode_utf16().collect();
        records = records.u16(&[3, 1, 0x0409, id, units.len() as u16 * 2, texts.0.len() as u16]);
        texts = texts.u16(&units);
    }
    records.bytes(&texts.0).0
}

/// Format 4 for readers that know no other, format 12 where it cannot say all.
fn cmap(characters: &BTreeMap<char, u16>) -> Vec<u8> {
    let basic = format_4(characters);
    let is_whole = basic.is_some() && characters.keys().all(|letter| u32::from(*letter) < 0xFFFF);
    let full = if is_whole {
        None
    } else {
        Some(format_12(characters))
    };
    let mut tables = Vec::new();
    tables.extend(basic.iter().map(|table| (1, table)));
    tables.extend(full.iter().map(|table| (10, table)));
    let mut out = Table::default().u16(&[0, tables.len() as u16]);
    let mut at = 4 + 8 * tables.len() as u32;
    for (encoding, table) in &tables {
        out = out.u16(&[3, *encoding]).u32(&[at]);
        at += table.len() as u32;
    }
    for (_, table) in tables {
        out = out.bytes(table);
    }
    out.0
}

/// Characters of the basic plane in runs whose glyphs run along.
fn format_4(characters: &BTreeMap<char, u16>) -> Option<Vec<u8>> {
    let mut segments: Vec<(u16, u16, u16)> = Vec::new();
    for (letter, glyph) in characters {
        let Ok(code) = u16::try_from(u32::from(*letter)) else {
            break;
        };
        if code == 0xFFFF {
            break;
        }
        let delta = glyph.wrapping_sub(code);
        match segments.last_mut() {
            Some((_, end, of_segment)) if *end + 1 == code && *of_segment == delta => *end = code,
            _ => segments.push((code, code, delta)),
        }
    }
    segments.push((0xFFFF, 0xFFFF, 1));
    if segments.len() > MAX_SEGMENTS {
        return None;
    }
    let count = segments.len() as u16;
    let power = count.ilog2();
    let range = 2 << power;
    let column = |pick: fn(&(u16, u16, u16)) -> u16| segments.iter().map(pick).collect::<Vec<_>>();
    let table = Table::default()
        .u16(&[
            4,
            16 + 8 * count,
            0,
            2 * count,
            range,
            power as u16,
            2 * count - range,
        ])
        .u16(&column(|segment| segment.1))
        .u16(&[0])
        .u16(&column(|segment| segment.0))
        .u16(&column(|segment| segment.2))
        .u16(&vec![0; segments.len()]);
    Some(table.0)
}

fn format_12(characters: &BTreeMap<char, u16>) -> Vec<u8> {
    let count = characters.len() as u32;
    let mut table = Table::default().u16(&[12, 0]).u32(&[16 + 12 * count, 0, count]);
    for (letter, glyph) in characters {
        let code = u32::from(*letter);
        table = table.u32(&[code, code, u32::from(*glyph)]);
    }
    table.0
}
