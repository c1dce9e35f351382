//! What glyphs of an embedded font are, by its own character map.

use std::{cell::OnceCell, collections::BTreeMap};

use skrifa::Font;
use unicode_normalization::UnicodeNormalization as _;

use super::{super::structure::object::CgTransform, Drawn, DrawnOtherwise, GlyphDifference};

/// Entries of character maps looked through for one document, all fonts together: a full CJK font has seventy thousand,
/// and a small table may claim a million.
const MAX_ENTRIES: usize = 4_000_000;

/// An embedded font.
pub(super) struct Glyphs {
    font: Font,
    /// Characters of each glyph, made when a glyph is not the one its character has.
    names: OnceCell<(BTreeMap<u32, Vec<char>>, usize)>,
    /// Entries that may be looked through.
    budget: usize,
}

impl Glyphs {
    /// None where the font cannot be read. `spent` is what was looked through of others.
    pub(super) fn open(bytes: &[u8], spent: usize) -> Option<Self> {
        let font = Font::new(bytes.to_vec(), 0)?;
        Some(Self {
            font,
            names: OnceCell::new(),
            budget: MAX_ENTRIES.saturating_sub(spent),
        })
    }

    /// Entries looked through so far.
    pub(super) fn looked_through(&self) -> usize {
        self.names.get().map_or(0, |(_, entries)| *entries)
    }

    fn has_names(&self) -> bool {
        // A map without entries is what subsetting leaves where CGTransform does the work.
        self.font.charmap().has_unicode() && self.font.charmap().unicodes().next().is_some()
    }

    fn glyph(&self, character: char) -> Option<u32> {
        let glyph = self.font.charmap().map_unicode(character)?.to_u32();
        (glyph != 0).then_some(glyph)
    }

    fn characters(&self, glyph: u32) -> &[char] {
        let (names, _) = self.names.get_or_init(|| {
            let mut names: BTreeMap<u32, Vec<char>> = BTreeMap::new();
            let mut entries = 0;
            for (code, glyph) in self.font.charmap().unicodes().take(self.budget) {
                entries += 1;
                if let Some(character) = char::from_u32(code) {
                    names.entry(glyph.to_u32()).or_default().push(character);
                }
            }
            (names, entries)
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
}

impl DrawnText {
    /// What of it concerns one run.
    pub(super) fn of_run(&mut self, start: usize, length: usize) -> Drawn {
        let found = self.differences.range(start..start + length);
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
    };
    let font = match embedded {
        Embedded::Font(font) if font.has_names() => font,
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
            let last = characters.len().saturating_sub(1);
            text.note(last, &[], DrawnOtherwise::Unnamed);
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
