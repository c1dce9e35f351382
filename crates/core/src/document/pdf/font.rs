//! Subset fonts: which glyphs are used, and the five objects that embed them.
//!
//! Each font becomes a Type 0 font with Identity-H over a CID-keyed CFF program (ISO 32000-1 9.7).
//! CIDs are given out in order of first use, so a glyph that stands for two characters (a radical
//! and its ideograph) has a CID for each, and ToUnicode stays exact.

use std::{
    collections::{BTreeSet, HashMap},
    fmt::Write as _,
    io::Write as _,
    sync::Arc,
};

use super::{
    cff,
    syntax::{Effort, Number, Objects, hex_u16, integer, number},
};
use crate::face::{FontBook, FontId, Segment};

/// Most glyphs in one subset: the CID is 16 bits and 0 is `.notdef`.
const MAX_GLYPHS: usize = 0xFFFE;

/// The subsets a group of content streams draws with.
#[derive(Debug)]
pub(super) struct Subsets<'a> {
    book: &'a FontBook,
    list: Vec<Subset>,
}

/// The glyphs used of one font.
#[derive(Debug)]
struct Subset {
    font: FontId,
    cids: HashMap<(u16, char), u16>,
    /// Characters, widths and programs of CID 1 onwards.
    chars: Vec<char>,
    widths: Vec<u16>,
    programs: Vec<Arc<[u8]>>,
}

/// A glyph as the content stream names it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cid {
    pub(super) code: u16,
    /// Advance in thousandths of the em, as in the font's width table.
    pub(super) width: u16,
}

impl<'a> Subsets<'a> {
    pub(super) fn new(book: &'a FontBook) -> Subsets<'a> {
        Subsets {
            book,
            list: Vec::new(),
        }
    }

    /// Position of the font's subset, which is also its resource name.
    pub(super) fn subset(&mut self, font: FontId) -> usize {
        if let Some(found) = self.list.iter().position(|subset| subset.font == font) {
            return found;
        }
        self.list.push(Subset {
            font,
            cids: HashMap::new(),
            chars: Vec::new(),
            widths: Vec::new(),
            programs: Vec::new(),
        });
        self.list.len() - 1
    }

    /// The CID of a glyph, or none when the subset is full.
    pub(super) fn cid(&mut self, subset: usize, glyph: u16, ch: char) -> Option<Cid> {
        let subset = self.list.get_mut(subset)?;
        if let Some(code) = subset.cids.get(&(glyph, ch)) {
            let width = subset.widths.get(usize::from(*code) - 1)?;
            return Some(Cid {
                code: *code,
                width: *width,
            });
        }
        if subset.programs.len() >= MAX_GLYPHS {
            return None;
        }
        let width = (self.book.advance(subset.font, glyph) * 1000.0).round() as u16;
        subset.chars.push(ch);
        subset.widths.push(width);
        subset.programs.push(self.book.charstring(subset.font, glyph));
        let code = subset.programs.len() as u16;
        subset.cids.insert((glyph, ch), code);
        Some(Cid { code, width })
    }

    /// Writes the fonts and gives the number of each Type 0 font.
    pub(super) fn write(&self, objects: &mut Objects, effort: Effort) -> Vec<Number> {
        self.list
            .iter()
            .map(|subset| subset.write(self.book, objects, effort))
            .collect()
    }
}

impl Subset {
    fn write(&self, book: &FontBook, objects: &mut Objects, effort: Effort) -> Number {
        let about = book.descriptor(self.font);
        let name = format!("{}+{}", self.tag(), about.postscript_name);
        let [type0, descendant, descriptor, program, unicode] = std::array::from_fn(|_| objects.reserve());

        objects.object(
            type0,
            format_args!(
                "<</Type/Font/Subtype/Type0/BaseFont/{name}/Encoding/Identity-H\
                 /DescendantFonts[{descendant} 0 R]/ToUnicode {unicode} 0 R>>"
            ),
        );

        let out = objects.begin(descendant);
        let _ = write!(
            out,
            "<</Type/Font/Subtype/CIDFontType0/BaseFont/{name}\
             /CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>\
             /FontDescriptor {descriptor} 0 R/DW {}",
            cff::NOTDEF_WIDTH
        );
        self.write_widths(out);
        out.extend_from_slice(b">>");
        objects.end();

        let bbox = match effort {
            Effort::Fast => about.bbox,
            Effort::Best => self.bbox(book),
        };
        let out = objects.begin(descriptor);
        // Symbolic (4): the glyphs are reached by CID, not through a standard encoding.
        let flags = about.flags & !0x20 | 4;
        let _ = write!(
            out,
            "<</Type/FontDescriptor/FontName/{name}/Flags {flags}/FontBBox["
        );
        for edge in bbox {
            number(out, edge.round(), 0);
            out.push(b' ');
        }
        out.extend_from_slice(b"]");
        for (key, value) in [
            ("ItalicAngle", about.italic_angle),
            ("Ascent", about.ascent),
            ("Descent", about.descent),
            ("CapHeight", about.cap_height),
            ("StemV", about.stem_v),
        ] {
            let _ = write!(out, "/{key} ");
            number(out, value, 1);
        }
        let _ = write!(out, "/FontFile3 {program} 0 R>>");
        objects.end();

        let data = cff::assemble(&name, bbox, &self.programs);
        let entries = format_args!("/Subtype/CIDFontType0C");
        match effort {
            // Charstrings hardly shrink: a tenth of the size for most of the time of a document.
            Effort::Fast => objects.stream(program, entries, &data),
            Effort::Best => objects.deflated(program, entries, &data, effort),
        }

        objects.deflated(unicode, format_args!(""), &self.to_unicode(), effort);
        type0
    }

    /// The box around the glyphs used. That of a whole CJK font is some four ems wide, and readers
    /// that set glyph caches aside by it give up at the size of a watermark.
    fn bbox(&self, book: &FontBook) -> [f32; 4] {
        let glyphs: BTreeSet<u16> = self.cids.keys().map(|(glyph, _)| *glyph).collect();
        let mut found: Option<[f32; 4]> = None;
        let mut grow = |x: f32, y: f32| {
            let [left, bottom, right, top] = found.unwrap_or([x, y, x, y]);
            found = Some([left.min(x), bottom.min(y), right.max(x), top.max(y)]);
        };
        for glyph in glyphs {
            for segment in book.outline(self.font, glyph) {
                match segment {
                    Segment::Move(x, y) | Segment::Line(x, y) => grow(x, y),
                    // A curve lies within the hull of its four points.
                    Segment::Cubic(ax, ay, bx, by, x, y) => {
                        grow(ax, ay);
                        grow(bx, by);
                        grow(x, y);
                    }
                    Segment::Close => {}
                }
            }
        }
        let [left, bottom, right, top] = found.unwrap_or_default();
        let unit = |edge: f32| edge * 1000.0;
        [
            unit(left).floor(),
            unit(bottom).floor(),
            unit(right).ceil(),
            unit(top).ceil(),
        ]
    }

    /// Six capitals that differ where the glyphs differ (9.6.4).
    fn tag(&self) -> String {
        // FNV-1a: the tag has to differ between subsets of one font, not withstand anybody.
        let seed = 0xcbf2_9ce4_8422_2325_u64 ^ u64::from(self.font.0);
        let mut hash = self.chars.iter().fold(seed, |hash, ch| {
            (hash ^ u64::from(u32::from(*ch))).wrapping_mul(0x0100_0000_01b3)
        });
        let mut tag = String::with_capacity(6);
        for _ in 0..6 {
            tag.push(char::from(b'A' + (hash % 26) as u8));
            hash /= 26;
        }
        tag
    }

    /// Widths that differ from the default, in runs of neighbouring CIDs.
    fn write_widths(&self, out: &mut Vec<u8>) {
        let mut open = false;
        let mut any = false;
        for (cid, width) in (1_u64..).zip(&self.widths) {
            if *width == cff::NOTDEF_WIDTH {
                if open {
                    out.push(b']');
                    open = false;
                }
                continue;
            }
            if !any {
                out.extend_from_slice(b"/W[");
                any = true;
            }
            if open {
                out.push(b' ');
            } else {
                integer(out, cid);
                out.push(b'[');
                open = true;
            }
            integer(out, u64::from(*width));
        }
        if open {
            out.push(b']');
        }
        if any {
            out.push(b']');
        }
    }

    /// The ToUnicode CMap (9.10.3); characters beyond the BMP as surrogate pairs.
    fn to_unicode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(400 + self.chars.len() * 6);
        out.extend_from_slice(
            b"/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n\
              /CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def\n\
              /CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n\
              1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n",
        );
        // The codes of one range share their first byte: 1 to 255, 256 to 511, …
        let first = self.chars.chunks(255).take(1);
        let rest = self.chars.get(255..).unwrap_or_default().chunks(256);
        let mut start = 1_u16;
        for chunk in first.chain(rest) {
            out.extend_from_slice(b"1 beginbfrange\n<");
            hex_u16(&mut out, start);
            out.extend_from_slice(b"> <");
            hex_u16(&mut out, start + (chunk.len() - 1) as u16);
            out.extend_from_slice(b"> [");
            for ch in chunk {
                out.push(b'<');
                for unit in ch.encode_utf16(&mut [0; 2]) {
                    hex_u16(&mut out, *unit);
                }
                out.push(b'>');
            }
            out.extend_from_slice(b"]\nendbfrange\n");
            start = start.saturating_add(chunk.len() as u16);
        }
        out.extend_from_slice(b"endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend");
        out
    }
}

/// Resource entries for the fonts at the given positions.
pub(super) fn resources(out: &mut String, used: &[bool], fonts: &[Number]) {
    if !used.iter().any(|used| *used) {
        return;
    }
    out.push_str("/Font<<");
    for (index, font) in fonts.iter().enumerate() {
        if used.get(index).copied().unwrap_or(false) {
            let _ = write!(out, "/F{index} {font} 0 R");
        }
    }
    out.push_str(">>");
}
