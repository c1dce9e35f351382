//! What glyphs of an embedded font are, by its own character map.

use std::{
    cell::{Cell, OnceCell},
    collections::BTreeMap,
    rc::Rc,
};

use skrifa::Font;
use unicode_normalization::UnicodeNormalization as _;

use super::{
    super::{
        package::{MemberId, Package},
        structure::object::CgTransform,
    },
    Drawn, DrawnOtherwise, GlyphDifference,
};

use crate::limits::{MAX_OFD_FONTS, MAX_OFD_GLYPH_NAMES};

/// Embedded fonts, each opened once, and what looking through their character maps may still cost.
pub(super) struct Fonts {
    opened: BTreeMap<MemberId, Option<Glyphs>>,
    budget: Rc<Cell<usize>>,
}

impl Default for Fonts {
    fn default() -> Self {
        Self {
            opened: BTreeMap::new(),
            budget: Rc::new(Cell::new(MAX_OFD_GLYPH_NAMES)),
        }
    }
}

impl Fonts {
    /// The font in a member. None where it cannot be read, or where there are more than are looked into.
    pub(super) fn get(&mut self, package: &Package<'_>, member: MemberId) -> Option<&Glyphs> {
        if self.opened.len() >= MAX_OFD_FONTS && !self.opened.contains_key(&member) {
            return None;
        }
        let budget = &self.budget;
        let opened = self
            .opened
            .entry(member)
            .or_insert_with(|| Glyphs::open(package.read(member).ok()?, Rc::clone(budget)));
        opened.as_ref()
    }
}

/// An embedded font.
pub(super) struct Glyphs {
    font: Font,
    /// Whether its character map has any entry: subsetting leaves none where CGTransform does the work.
    has_names: bool,
    /// Characters of each glyph, made when a glyph is not the one its character has.
    names: OnceCell<BTreeMap<u32, Vec<char>>>,
    /// Entries that may still be looked through.
    budget: Rc<Cell<usize>>,
}

impl Glyphs {
    fn open(bytes: &[u8], budget: Rc<Cell<usize>>) -> Option<Self> {
        let font = Font::new(bytes.to_vec(), 0)?;
        let charmap = font.charmap();
        Some(Self {
            has_names: charmap.has_unicode() && charmap.unicodes().next().is_some(),
            font,
            names: OnceCell::new(),
            budget,
        })
    }

    fn glyph(&self, character: char) -> Option<u32> {
        let glyph = self.font.charmap().map_unicode(character)?.to_u32();
        (glyph != 0).then_some(glyph)
    }

    fn characters(&self, glyph: u32) -> &[char] {
        let names = self.names.get_or_init(|| {
            let mut names: BTreeMap<u32, Vec<char>> = BTreeMap::new();
            for (code, glyph) in self.font.charmap().unicodes().take(self.budget.get()) {
                self.budget.set(self.budget.get().saturating_sub(1));
                if let Some(character) = char::from_u32(code) {
                    names.entry(glyph.to_u32()).or_default().push(character);
                }
            }
            names
        });
        names.get(&glyph).map_or(&[], Vec::as_slice)
    }
}

/// What is drawn for the characters of a text object.
pub(super) struct DrawnText {
    /// Where nothing differs.
    otherwise: Drawn,
    /// By their first character.
    differences: BTreeMap<usize, GlyphDifference>,
    /// The last character: what is drawn behind it counts as its own.
    last: usize,
}

impl DrawnText {
    /// What of it concerns one run.
    pub(super) fn of_run(&mut self, start: usize, length: usize) -> Drawn {
        // Glyphs may be drawn for no characters at all.
        let found = self.differences.range(start..start + length.max(1));
        let found: Vec<GlyphDifference> = found
            .map(|(at, difference)| GlyphDifference {
                at: at - start,
                ..difference.clone()
            })
            .collect();
        if found.is_empty() {
            self.otherwise.clone()
        } else {
            Drawn::Differs(found)
        }
    }
}

/// The font that a document brings along.
#[derive(Clone, Copy)]
pub(super) enum Embedded<'f> {
    /// None: the reader takes one of its own.
    Nothing,
    /// One that cannot be read here.
    Unreadable,
    /// This one.
    Font(&'f Glyphs),
}

/// Compares glyphs with characters.
pub(super) fn drawn(characters: &[char], transforms: &[CgTransform], embedded: Embedded<'_>) -> DrawnText {
    let all = |otherwise| DrawnText {
        otherwise,
        differences: BTreeMap::new(),
        last: characters.len().saturating_sub(1),
    };
    let font = match embedded {
        Embedded::Font(font) if font.has_names => font,
        Embedded::Nothing if transforms.is_empty() => return all(Drawn::ByReader),
        // Numbers of glyphs in a font that only the reader knows say nothing either.
        Embedded::Nothing | Embedded::Unreadable | Embedded::Font(_) => return all(Drawn::Unknown),
    };
    // Readers count positions in characters or in UTF-16 units.
    if !transforms.is_empty() && characters.iter().any(|character| u32::from(*character) > 0xFFFF) {
        return all(Drawn::Unknown);
    }
    let mut text = all(Drawn::AsExtracted);
    let replaced = transforms
        .iter()
        .fold(0_usize, |sum, transform| sum.saturating_add(transform.code_count));
    if replaced > characters.len() {
        text.note(0, characters, DrawnOtherwise::Contradicting);
        return text;
    }
    let mut is_replaced = vec![false; characters.len()];
    for transform in transforms {
        let start = transform.code_position;
        let end = start.saturating_add(transform.code_count);
        let Some(extracted) = characters.get(start..end) else {
            // Glyphs for characters that are not there.
            text.note(start, &[], DrawnOtherwise::Unnamed);
            continue;
        };
        let marks = is_replaced.get_mut(start..end).unwrap_or_default();
        let is_second = marks.iter().any(|replaced| *replaced);
        marks.fill(true);
        if is_second {
            text.note(start, extracted, DrawnOtherwise::Contradicting);
            continue;
        }
        compare(&mut text, font, start, extracted, &transform.glyphs);
    }
    for (at, character) in characters.iter().enumerate() {
        let is_blank = character.is_whitespace() || character.is_control();
        let is_replaced = is_replaced.get(at) == Some(&true);
        if !is_replaced && !is_blank && font.glyph(*character).is_none() {
            text.note(at, &[*character], DrawnOtherwise::Missing);
        }
    }
    text
}

impl DrawnText {
    fn note(&mut self, at: usize, extracted: &[char], drawn: DrawnOtherwise) {
        let extracted = extracted.iter().collect();
        let at = at.min(self.last);
        self.differences
            .insert(at, GlyphDifference { at, extracted, drawn });
    }
}

fn compare(text: &mut DrawnText, font: &Glyphs, start: usize, extracted: &[char], glyphs: &[u32]) {
    if extracted.len() == glyphs.len() {
        for (at, (character, glyph)) in (start..).zip(extracted.iter().zip(glyphs)) {
            if let Some(drawn) = difference(font, *character, *glyph) {
                text.note(at, &[*character], drawn);
            }
        }
        return;
    }
    // Ligatures and the like: what the glyphs are called must come to the same text.
    let names: Option<String> = glyphs
        .iter()
        .map(|glyph| font.characters(*glyph).first().copied())
        .collect();
    let drawn = match names {
        Some(names) if same(&names, &extracted.iter().collect::<String>()) => return,
        Some(names) => DrawnOtherwise::Other(names),
        None => DrawnOtherwise::Unnamed,
    };
    text.note(start, extracted, drawn);
}

fn difference(font: &Glyphs, character: char, glyph: u32) -> Option<DrawnOtherwise> {
    if font.glyph(character) == Some(glyph) {
        return None;
    }
    if glyph == 0 {
        return (!character.is_whitespace()).then_some(DrawnOtherwise::Missing);
    }
    let names = font.characters(glyph);
    let extracted = character.to_string();
    if names.iter().any(|name| same(&name.to_string(), &extracted)) {
        return None;
    }
    Some(match names.first() {
        Some(name) => DrawnOtherwise::Other(name.to_string()),
        None => DrawnOtherwise::Unnamed,
    })
}

/// Forms of one character (full width, compatibility ideographs, radicals) are the same text.
fn same(one: &str, other: &str) -> bool {
    one == other || one.nfkc().eq(other.nfkc())
}
