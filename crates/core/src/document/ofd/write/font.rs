//! Subset fonts: which glyphs are used, and the files that embed them.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::{
    super::super::deflate::Effort,
    OfdWriteError, RES,
    archive::Member,
    truetype::{self, Contents},
    xml::Xml,
};
use crate::face::{FontBook, FontId, SimpleGlyph};

/// Most glyphs in one subset: their numbers have 16 bits, and 0 shows what is missing.
const MAX_GLYPHS: usize = 0xFFFE;

/// The subsets a group of pages draws with.
#[derive(Debug)]
pub(super) struct Subsets<'a> {
    pub(super) book: &'a FontBook,
    list: Vec<Subset>,
}

/// The glyphs used of one font.
#[derive(Debug)]
struct Subset {
    font: FontId,
    id: u32,
    numbers: HashMap<u16, u16>,
    glyphs: Vec<Arc<SimpleGlyph>>,
    characters: BTreeMap<char, u16>,
}

/// A glyph of a subset.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed {
    /// Its number in the subset.
    pub(super) number: u16,
    /// Whether the character map gives another glyph for its character.
    pub(super) is_odd: bool,
}

impl<'a> Subsets<'a> {
    pub(super) fn new(book: &'a FontBook) -> Self {
        Self {
            book,
            list: Vec::new(),
        }
    }

    /// Identifier of the font's subset, which takes the next one where it is new.
    pub(super) fn id(&mut self, font: FontId, next: &mut u32) -> u32 {
        if let Some(found) = self.list.iter().find(|subset| subset.font == font) {
            return found.id;
        }
        let id = super::take(next);
        self.list.push(Subset {
            font,
            id,
            numbers: HashMap::new(),
            glyphs: Vec::new(),
            characters: BTreeMap::new(),
        });
        id
    }

    /// Takes a glyph into a font's subset; none when that is full.
    pub(super) fn place(&mut self, font: FontId, glyph: u16, letter: char) -> Option<Placed> {
        let book = self.book;
        let subset = self.list.iter_mut().find(|subset| subset.font == font)?;
        let number = match subset.numbers.get(&glyph) {
            Some(number) => *number,
            None if subset.glyphs.len() >= MAX_GLYPHS => return None,
            None => {
                subset.glyphs.push(book.simple_glyph(font, glyph));
                let number = subset.glyphs.len() as u16;
                subset.numbers.insert(glyph, number);
                number
            }
        };
        let named = *subset.characters.entry(letter).or_insert(number);
        Some(Placed {
            number,
            is_odd: named != number,
        })
    }

    /// Writes the font files, and their entries for the resource file.
    pub(super) fn write(&self, effort: Effort) -> Result<(Vec<Member>, Xml), OfdWriteError> {
        let mut entries = Xml::default();
        let mut members = Vec::with_capacity(self.list.len());
        for subset in &self.list {
            members.push(subset.write(self.book, effort, &mut entries)?);
        }
        Ok((members, entries))
    }
}

impl Subset {
    fn write(&self, book: &FontBook, effort: Effort, entries: &mut Xml) -> Result<Member, OfdWriteError> {
        let about = book.descriptor(self.font);
        let name = format!("{}+{}", self.tag(), about.postscript_name);
        let is_bold = about.postscript_name.contains("Bold");
        let data = truetype::assemble(&Contents {
            name: &name,
            about,
            is_bold,
            glyphs: &self.glyphs,
            characters: &self.characters,
        });
        if u32::try_from(data.len()).is_err() {
            return Err(OfdWriteError::TooLarge(data.len()));
        }
        let file = format!("font_{}.ttf", self.id);
        entries.put(format_args!("<ofd:Font ID=\"{}\" FontName=\"", self.id));
        entries.text(&about.postscript_name);
        entries.raw("\" FamilyName=\"");
        entries.text(&about.family);
        entries.put(format_args!(
            "\" Charset=\"unicode\" Bold=\"{is_bold}\"><ofd:FontFile>{file}</ofd:FontFile></ofd:Font>"
        ));
        let member = format!("{RES}/{file}");
        Ok(match effort {
            // Coordinates hardly shrink: a fifth of the size for most of the time of a document.
            Effort::Fast => Member::stored(member, &data),
            Effort::Best => Member::deflated(member, &data, effort),
        })
    }

    /// Six capitals that differ where the characters differ, so that readers keep subsets of one font apart.
    fn tag(&self) -> String {
        // FNV-1a: it has to differ, not to withstand anybody.
        let seed = 0xcbf2_9ce4_8422_2325_u64 ^ u64::from(self.font.0);
        let mut hash = self.characters.keys().fold(seed, |hash, letter| {
            (hash ^ u64::from(u32::from(*letter))).wrapping_mul(0x0100_0000_01b3)
        });
        let mut tag = String::with_capacity(6);
        for _ in 0..6 {
            tag.push(char::from(b'A' + (hash % 26) as u8));
            hash /= 26;
        }
        tag
    }
}
