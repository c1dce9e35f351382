//! Outlines of single glyphs, drawn without the rest of the font.
//!
//! The outlines of a CJK font take 15 to 30 megabytes, those of the glyphs a batch of certificates shows
//! well under one. So they stay in the file: what a glyph is drawn from is read when it is first drawn,
//! and only what all glyphs need (subroutines, offsets) is kept.

use std::{io, ops::Range, sync::Arc};

use skrifa::{
    DrawMemory, GlyphId, PathSink, ScalerFont, Tag,
    font::{Blob, Font, Source},
    raw::{
        FontData, FontRead,
        ps::{
            cff::{CffFontRef, dict, index::Index},
            charstring::{self, NopFilterSink, TransformSink},
        },
        tables::glyf,
    },
};

use super::file::{FontFile, u32_at};

/// Glyphs a composite glyph may be put together from, at any depth: real ones have two or three.
const MAX_PARTS: usize = 64;

/// Where a font's outlines come from.
pub(super) enum Glyphs {
    Cff(Cff),
    TrueType(TrueType),
}

impl Glyphs {
    pub(super) fn open(file: &FontFile) -> io::Result<Glyphs> {
        match file.size(b"CFF ") {
            Some(size) => Cff::open(file.clone(), size).map(Glyphs::Cff),
            None => TrueType::open(file.clone()).map(Glyphs::TrueType),
        }
    }

    /// Draws a glyph in font units; false where it cannot be read.
    pub(super) fn draw(&self, glyph: u16, sink: &mut impl PathSink) -> bool {
        let drawn = match self {
            Glyphs::Cff(font) => font.draw(glyph, sink),
            Glyphs::TrueType(font) => font.draw(glyph, sink),
        };
        if let Err(error) = &drawn {
            // Every text that needs the glyph is then refused.
            tracing::error!(%error, glyph, "glyph unreadable");
        }
        drawn.is_ok()
    }
}

/// A CFF table (Adobe Technical Note 5176) without its charstrings.
pub(super) struct Cff {
    file: FontFile,
    /// The table with zeros in place of the charstrings. Zeros nobody wrote or read take no memory.
    table: Vec<u8>,
    /// Where the charstrings lie in the table.
    charstrings: Range<usize>,
}

impl Cff {
    fn open(file: FontFile, size: usize) -> io::Result<Cff> {
        let mut table = vec![0; size];
        // 1. Header, names, top dictionaries, strings, global subroutines.
        let mut head = [0; 4];
        file.read(b"CFF ", 0, &mut head)?;
        let names = Extent::read(&file, usize::from(head[2]))?;
        let tops = Extent::read(&file, names.data.end)?;
        let strings = Extent::read(&file, tops.data.end)?;
        let subroutines = Extent::read(&file, strings.data.end)?;
        let begin = table.get_mut(..subroutines.data.end).ok_or_else(broken)?;
        file.read(b"CFF ", 0, begin)?;

        // 2. All that is no charstring.
        let top = Index::new(table.get(names.data.end..).ok_or_else(broken)?, false)
            .ok()
            .and_then(|index| index.get(0))
            .ok_or_else(broken)?;
        let at = dict::entries(top, None)
            .find_map(|entry| match entry {
                Ok(dict::Entry::CharstringsOffset(at)) => Some(at),
                _ => None,
            })
            .ok_or_else(broken)?;
        let charstrings = Extent::read(&file, at)?.data;
        for range in [subroutines.data.end..charstrings.start, charstrings.end..size] {
            // A font may have its charstrings anywhere, so that a part may be empty.
            if let Some(part) = table.get_mut(range.clone()) {
                file.read(b"CFF ", range.start, part)?;
            }
        }
        Ok(Cff {
            file,
            table,
            charstrings,
        })
    }

    fn draw(&self, glyph: u16, sink: &mut impl PathSink) -> io::Result<()> {
        let number = usize::from(glyph);
        let font = CffFontRef::new_cff(&self.table, 0, None).map_err(unreadable)?;
        let charstrings = font.charstrings();
        let place = charstrings
            .get_offset(number)
            .zip(charstrings.get_offset(number + 1));
        let (from, to) = place.ok_or_else(broken)?;
        if from > to || to > self.charstrings.len() {
            return Err(broken());
        }
        let mut charstring = vec![0; to - from];
        self.file
            .read(b"CFF ", self.charstrings.start + from, &mut charstring)?;

        let subfont = font
            .subfont_index(GlyphId::from(glyph))
            .ok_or_else(broken)
            .and_then(|index| font.subfont(index, &[]).map_err(unreadable))?;
        let subroutines = match subfont.subrs_offset() as usize {
            0 => Index::Empty,
            at => Index::new(self.table.get(at..).ok_or_else(broken)?, false).map_err(unreadable)?,
        };
        let mut sink = NopFilterSink::new(sink);
        let mut sink = TransformSink::new(&mut sink, font.transform(&subfont, None));
        let context = (&self.table[..], charstrings, font.global_subrs(), &subroutines);
        charstring::evaluate(&context, None, &charstring, &mut sink).map_err(unreadable)?;
        Ok(())
    }
}

/// Where the objects of an INDEX lie in the table; what follows it begins at their end.
struct Extent {
    data: Range<usize>,
}

impl Extent {
    fn read(file: &FontFile, at: usize) -> io::Result<Extent> {
        let mut head = [0; 3];
        file.read(b"CFF ", at, &mut head)?;
        let count = usize::from(u16::from_be_bytes([head[0], head[1]]));
        if count == 0 {
            return Ok(Extent { data: at + 2..at + 2 });
        }
        let width = usize::from(head[2]);
        let mut last = [0; 4];
        let digits = last
            .len()
            .checked_sub(width)
            .and_then(|skip| last.get_mut(skip..))
            .ok_or_else(broken)?;
        file.read(b"CFF ", at + 3 + count * width, digits)?;
        let start = at + 3 + (count + 1) * width;
        // Offsets count from the byte before the data.
        let length = (u32::from_be_bytes(last) as usize).saturating_sub(1);
        Ok(Extent {
            data: start..start.checked_add(length).ok_or_else(broken)?,
        })
    }
}

/// A TrueType font without its `glyf` table.
pub(super) struct TrueType {
    file: FontFile,
    loca: Vec<u8>,
    long_offsets: bool,
    /// `head` (with long offsets), `hhea`, `hmtx` and `maxp`.
    tables: Arc<[(Tag, Blob)]>,
}

impl TrueType {
    fn open(file: FontFile) -> io::Result<TrueType> {
        let mut head = file.table(b"head")?;
        let format = head.get_mut(50..52).ok_or_else(broken)?;
        let long_offsets = format != [0, 0];
        format.copy_from_slice(&[0, 1]);
        let mut tables = vec![(Tag::new(b"head"), Blob::from(head))];
        for name in [b"hhea", b"hmtx", b"maxp"] {
            tables.push((Tag::new(name), file.table(name)?.into()));
        }
        Ok(TrueType {
            loca: file.table(b"loca")?,
            long_offsets,
            tables: tables.into(),
            file,
        })
    }

    /// Draws from a font that has all the tables, but of the glyphs only this and its parts.
    fn draw(&self, glyph: u16, sink: &mut impl PathSink) -> io::Result<()> {
        let parts = self.parts(glyph)?;
        let width = if self.long_offsets { 4 } else { 2 };
        let mut loca = Vec::with_capacity(self.loca.len() / width * 4);
        let mut glyf = Vec::new();
        let mut next = parts.iter().peekable();
        for number in 0..self.loca.len() / width {
            loca.extend_from_slice(&(glyf.len() as u32).to_be_bytes());
            if let Some((_, data)) = next.next_if(|(part, _)| usize::from(*part) == number) {
                glyf.extend_from_slice(data);
                glyf.resize(glyf.len().next_multiple_of(4), 0);
            }
        }
        let own = [
            (Tag::new(b"glyf"), Blob::from(glyf)),
            (Tag::new(b"loca"), Blob::from(loca)),
        ];
        let tables = Arc::clone(&self.tables);
        let table = move |tag: Tag| -> Option<Blob> {
            let found = tables.iter().chain(&own).find(|(name, _)| *name == tag);
            found.map(|(_, data)| data.clone())
        };
        let table: Arc<dyn Fn(Tag) -> Option<Blob> + Send + Sync> = Arc::new(table);
        let font = Font::new(Source::from(table), 0).ok_or_else(broken)?;
        ScalerFont::force_unhinted(font, None)
            .outline(GlyphId::from(glyph))
            .ok_or_else(broken)?
            .draw(DrawMemory::Scratch, sink)
            .map(drop)
            .map_err(unreadable)
    }

    /// The data of a glyph and of all it is put together from, in order.
    fn parts(&self, glyph: u16) -> io::Result<Vec<(u16, Vec<u8>)>> {
        let mut parts: Vec<(u16, Vec<u8>)> = Vec::new();
        let mut wanted = vec![glyph];
        while let Some(number) = wanted.pop() {
            if parts.iter().any(|(part, _)| *part == number) {
                continue;
            }
            if parts.len() == MAX_PARTS {
                return Err(broken());
            }
            let range = self.range(usize::from(number)).ok_or_else(broken)?;
            if range.len() > self.file.size(b"glyf").unwrap_or_default() {
                return Err(broken());
            }
            let mut data = vec![0; range.len()];
            self.file.read(b"glyf", range.start, &mut data)?;
            if let Ok(glyf::Glyph::Composite(composite)) = glyf::Glyph::read(FontData::new(&data)) {
                let ids = composite.component_glyphs_and_flags().map(|(id, _)| id.to_u32());
                wanted.extend(ids.filter_map(|id| u16::try_from(id).ok()));
            }
            parts.push((number, data));
        }
        parts.sort_by_key(|(number, _)| *number);
        Ok(parts)
    }

    fn range(&self, glyph: usize) -> Option<Range<usize>> {
        let offset = |at: usize| -> Option<usize> {
            if self.long_offsets {
                let bytes = self.loca.get(4 * at..4 * at + 4)?;
                Some(u32_at(bytes, 0) as usize)
            } else {
                let bytes = self.loca.get(2 * at..2 * at + 2)?;
                Some(usize::from(u16::from_be_bytes([bytes[0], bytes[1]])) * 2)
            }
        };
        let (from, to) = (offset(glyph)?, offset(glyph + 1)?);
        (from <= to).then_some(from..to)
    }
}

fn broken() -> io::Error {
    io::Error::from(io::ErrorKind::InvalidData)
}

fn unreadable(error: impl std::fmt::Debug) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{error:?}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::path::Path;

    use super::*;
    use crate::face::font::{FontConfig, file};

    #[derive(Default, PartialEq, Debug)]
    struct Commands(Vec<(char, [f32; 6])>);

    impl PathSink for Commands {
        fn move_to(&mut self, x: f32, y: f32) {
            self.0.push(('m', [x, y, 0.0, 0.0, 0.0, 0.0]));
        }
        fn line_to(&mut self, x: f32, y: f32) {
            self.0.push(('l', [x, y, 0.0, 0.0, 0.0, 0.0]));
        }
        fn quad_to(&mut self, ax: f32, ay: f32, x: f32, y: f32) {
            self.0.push(('q', [ax, ay, x, y, 0.0, 0.0]));
        }
        fn curve_to(&mut self, ax: f32, ay: f32, bx: f32, by: f32, x: f32, y: f32) {
            self.0.push(('c', [ax, ay, bx, by, x, y]));
        }
        fn close(&mut self) {
            self.0.push(('h', [0.0; 6]));
        }
    }

    /// The font of a file with its outlines in memory, as the library would read it.
    fn whole(path: &Path) -> ScalerFont {
        let font = Font::new(Blob::from(std::fs::read(path).unwrap()), 0).unwrap();
        ScalerFont::force_unhinted(font, None)
    }

    #[test]
    fn outlines_are_those_of_the_whole_font() {
        let found = file::find(&FontConfig::default().dirs);
        let mut drawn = 0;
        for name in [
            "NotoSerifCJK-Regular.ttc",
            "NotoSansCJK-Bold.ttc",
            "LXGWWenKai-Regular.ttf",
            "HanaMinB.ttf",
            "DejaVuSans.ttf",
        ] {
            let Some(path) = found.get(name) else { continue };
            let whole = whole(path);
            let file = file::open(path).unwrap().into_iter().next().unwrap();
            let glyphs = Glyphs::open(&file).unwrap();
            let count = whole.font().num_glyphs();
            for glyph in (0..count).step_by(if count > 20_000 { 997 } else { 97 }) {
                let mut expected = Commands::default();
                let outline = whole.outline(GlyphId::new(glyph)).unwrap();
                outline.draw(DrawMemory::Scratch, &mut expected).unwrap();
                let mut commands = Commands::default();
                assert!(glyphs.draw(glyph as u16, &mut commands), "{name} {glyph}");
                assert_eq!(commands, expected, "{name} {glyph}");
                drawn += usize::from(!commands.0.is_empty());
            }
        }
        assert!(drawn > 200, "{drawn}");
    }

    #[test]
    fn glyphs_beyond_the_font_cannot_be_drawn() {
        let found = file::find(&FontConfig::default().dirs);
        for name in ["NotoSerifCJK-Regular.ttc", "LXGWWenKai-Regular.ttf"] {
            let file = file::open(found.get(name).unwrap()).unwrap().remove(0);
            let glyphs = Glyphs::open(&file).unwrap();
            assert!(!glyphs.draw(u16::MAX, &mut Commands::default()), "{name}");
        }
    }
}
