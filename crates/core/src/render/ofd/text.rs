//! Text objects (clause 11) as outlines in object space.

use tiny_skia::{Path, PathBuilder, Transform};

use super::{
    super::note::NoteKind,
    Drawing,
    font::{self, Outline},
};
use crate::{
    document::ofd::{self, TextObject},
    face::FontBook,
    render::ofd::Refusal,
};

/// Glyphs put together in one path: as many as are cheap to put on pixels at once.
const GLYPHS_AT_ONCE: usize = 64;
/// Weight from which on glyphs are bold.
const BOLD: f64 = 600.0;
/// How far a glyph leans that is slanted by the reader: twelve degrees.
const SLANT: f32 = 0.21;
/// A glyph of another font that is wider than its place by more than this is narrowed.
const MAY_BE_WIDER: f64 = 1.02;

/// The outlines of a text object.
pub(super) struct Letters {
    /// In object space.
    pub(super) paths: Vec<Path>,
    /// Width of a line around them that makes them bold; none where they are as they should be.
    pub(super) bolder: Option<f32>,
}

/// A glyph to be drawn.
#[derive(Clone, Copy)]
enum Wanted {
    /// The one that a font has for this character.
    Character(char),
    /// By its number.
    Glyph(u32),
}

/// Where a glyph stands, and how much room it has up to the next one.
struct Spot {
    x: f64,
    y: f64,
    room: Option<f64>,
}

impl Drawing<'_, '_, '_> {
    /// What a text object draws.
    pub(super) fn letters(&mut self, text: &TextObject) -> Result<Letters, Refusal> {
        let stated = text.font.and_then(|id| self.known.font(id));
        if let (Some(id), None) = (text.font, stated) {
            self.page.notes.add(NoteKind::Resource, format!("Font {id}"));
        }
        let embedded = self.embedded(stated);
        let wanted = self.wanted(text, embedded.is_some())?;
        let is_bold = text.weight.is_some_and(|weight| weight >= BOLD);
        let lean = if text.italic && stated.is_none_or(|font| embedded.is_none() || !font.italic) {
            SLANT
        } else {
            0.0
        };
        let size = text.size.unwrap_or_default();
        let turn = Transform::from_rotate(text.char_direction as f32);
        let mut letters = Letters {
            paths: Vec::new(),
            bolder: None,
        };
        let mut builder = PathBuilder::new();
        let mut gathered = 0;
        for (wanted, spot) in wanted {
            self.page.spend(16)?;
            let mut width = 1.0;
            let own = match (&embedded, wanted) {
                (Some(font), Wanted::Glyph(glyph)) => {
                    let found = self.page.fonts.outline(font, glyph);
                    if found.is_none() {
                        let what = format!("{} #{glyph}", name(stated));
                        self.page.notes.add(NoteKind::GlyphMissing, what);
                    }
                    // Nothing else can be meant by a number.
                    Some(found.flatten())
                }
                (Some(font), Wanted::Character(character)) => {
                    let glyph = font.glyph(character);
                    glyph.and_then(|glyph| self.page.fonts.outline(font, glyph))
                }
                (None, _) => None,
            };
            let outline = match (own, wanted) {
                (Some(outline), _) => outline,
                (None, Wanted::Character(character)) => {
                    self.substitute(character, stated, is_bold, &spot, size * text.h_scale, &mut width)
                }
                (None, Wanted::Glyph(_)) => None,
            };
            let Some(outline) = outline else { continue };
            self.page.spend(outline.len() as u64)?;
            let place = Transform::from_row(
                (size * text.h_scale * width) as f32,
                0.0,
                size as f32 * lean,
                -size as f32,
                0.0,
                0.0,
            )
            .post_concat(turn)
            .post_translate(spot.x as f32, spot.y as f32);
            if let Some(placed) = outline.as_ref().clone().transform(place) {
                builder.push_path(&placed);
                gathered += 1;
            }
            if gathered >= GLYPHS_AT_ONCE {
                letters.paths.extend(std::mem::take(&mut builder).finish());
                gathered = 0;
            }
        }
        letters.paths.extend(builder.finish());
        let has_bold = stated.is_some_and(|font| font.bold) || embedded.is_none() && role_has_bold(stated);
        if is_bold && !has_bold {
            letters.bolder = Some(size as f32 * 0.03);
        }
        Ok(letters)
    }

    fn embedded(&mut self, stated: Option<&ofd::Font>) -> Option<std::rc::Rc<font::Embedded>> {
        let file = stated?.file.as_ref()?;
        let font = file
            .member
            .and_then(|member| self.page.fonts.embedded(self.page.package, member));
        if font.is_none() {
            let what = format!("{}（{}）", name(stated), file.stated);
            self.page.notes.add(NoteKind::FontUnreadable, what);
        }
        font
    }

    /// The glyphs of a text object and where they stand.
    fn wanted(&mut self, text: &TextObject, is_embedded: bool) -> Result<Vec<(Wanted, Spot)>, Refusal> {
        let mut origin = (0.0, 0.0);
        let mut characters = Vec::new();
        let mut spots = Vec::new();
        for code in &text.codes {
            self.page.spend(code.text.len() as u64)?;
            origin = (code.x.unwrap_or(origin.0), code.y.unwrap_or(origin.1));
            characters.extend(code.text.chars());
            let places = code.places(origin, &mut false);
            let mut rooms: Vec<Option<f64>> = places
                .windows(2)
                .map(|two| match two {
                    [(x, y), (next, base)] if (base - y).abs() < f64::EPSILON => Some(next - x),
                    _ => None,
                })
                .collect();
            // The last has as much as the one before it, if that is as wide a letter.
            let mut ends = code.text.chars().rev().map(|letter| letter.is_ascii());
            let is_alike = ends.next() == ends.next();
            rooms.push(rooms.last().copied().flatten().filter(|_| is_alike));
            spots.extend(
                places
                    .iter()
                    .zip(rooms)
                    .map(|(&(x, y), room)| Spot { x, y, room }),
            );
        }
        // Glyphs by number take the places of their characters, further ones those behind.
        let mut by_number: Vec<Option<Option<u32>>> = vec![None; characters.len()];
        if is_embedded {
            for transform in &text.transforms {
                let start = transform.code_position;
                let end = start.saturating_add(transform.code_count.max(transform.glyphs.len()));
                self.page.spend(transform.glyphs.len() as u64)?;
                let Some(slots) = by_number.get_mut(start.min(characters.len())..end.min(characters.len()))
                else {
                    continue;
                };
                let glyphs = transform.glyphs.iter().copied().map(Some);
                for (slot, glyph) in slots.iter_mut().zip(glyphs.chain(std::iter::repeat(None))) {
                    *slot = Some(glyph);
                }
            }
        } else if !text.transforms.is_empty() {
            self.page.notes.add(NoteKind::GlyphsUnknown, "");
        }
        let all = characters.into_iter().zip(spots).zip(by_number);
        let drawn = all.filter_map(|((character, spot), by_number)| match by_number {
            Some(glyph) => Some((Wanted::Glyph(glyph?), spot)),
            None if character.is_whitespace() || character.is_control() => None,
            None => Some((Wanted::Character(character), spot)),
        });
        Ok(drawn.collect())
    }

    /// A glyph of this machine, narrowed to the room that the font meant has for it.
    fn substitute(
        &mut self,
        character: char,
        stated: Option<&ofd::Font>,
        bold: bool,
        spot: &Spot,
        size: f64,
        width: &mut f64,
    ) -> Outline {
        let found = self.page.book.and_then(|book: &FontBook| {
            let (font, glyph) = book.glyph(font::role(stated, bold), character)?;
            Some((book, font, glyph))
        });
        let Some((book, font, glyph)) = found else {
            let what = format!("{} {character}", name(stated));
            self.page.notes.add(NoteKind::GlyphMissing, what);
            return None;
        };
        let what = format!("{} → {}", name(stated), book.descriptor(font).family);
        self.page.notes.add(NoteKind::FontSubstituted, what);
        let advance = f64::from(book.advance(font, glyph)) * size;
        if let Some(room) = spot.room
            && room > advance * 0.3
            && advance > room * MAY_BE_WIDER
        {
            *width = room / advance;
        }
        self.page.fonts.own_outline(book, font, glyph)
    }
}

fn role_has_bold(stated: Option<&ofd::Font>) -> bool {
    font::role(stated, true) != crate::face::FontRole::Kai
}

fn name(font: Option<&ofd::Font>) -> &str {
    font.and_then(|font| font.name.as_deref()).unwrap_or("?")
}
