//! Whether a field that was filled in shows its value (ISO 32000-2 12.7.4.3): programs read the value, people
//! read the look, and whoever fills a field in may make the two differ.

use std::borrow::Cow;

use super::{
    super::{
        ModificationLevel, OpenError,
        object::{Dict, Id, Object},
        reader::{Loaded, Reader},
    },
    ChangeKind, Comparison, Permission,
    plain::{self, Frame, Ground},
    same::value,
    seen::area,
    stated::{self, inherited},
};

/// Longest side of a button that is a mark beside the text, in points.
const MARK: f64 = 60.0;

/// The largest part of a page that a field which is filled in may take, and all of them together that cover what lies
/// below.
const FILLED_SHARE: f64 = 0.25;

/// A widget whose field was filled in.
#[derive(Debug)]
pub(super) struct Filled {
    name: String,
    /// Whether what it shows may cover what lies below.
    covers: bool,
    /// By how many degrees the signer has it turned on its page.
    turn: i64,
}

impl Comparison<'_, '_> {
    /// Notes it where a filled field, or a widget of it, does not plainly show the value.
    pub(super) fn look(
        &mut self,
        number: u32,
        (signed, widget): (&Dict, &Dict),
        (kind, held): (Option<&[u8]>, &Object),
        name: &str,
    ) -> Result<(), OpenError> {
        let reader = self.sides.last;
        let looks = reader.get(widget, "AP")?.object;
        let held = reader.follow(held)?.object;
        // Some fill in a choice and leave its index as it was, by which one viewer goes on showing what was signed.
        let mut index = inherited(reader, widget, "I")?;
        if looks != Object::Null && index == inherited(self.sides.signed, signed, "I")? {
            index = Object::Null;
        }
        let text = match kind {
            Some(b"Tx") => stated::text(reader, widget, &held)?,
            Some(b"Ch") => stated::choice(reader, widget, &held, &index)?,
            _ => None,
        };
        // A field whose widgets stand apart is shown by them.
        if looks == Object::Null && widget.get("Rect").is_none() {
            let is_plain = match (kind, held.name()) {
                (Some(b"Btn"), Some(chosen)) if chosen != b"Off" => is_chosen(reader, widget, chosen)?,
                (Some(b"Btn"), _) => true,
                _ => text.is_some(),
            };
            if !is_plain {
                self.unlike(number, name);
            }
            return Ok(());
        }
        let decor = self.decor(signed)?;
        let is_seen = stated::is_viewed(reader, widget)? && widget.get("OC").is_none();
        let mut covers = true;
        let is_plain = match (area(reader, widget)?.filter(|_| is_seen), kind, looks.dict()) {
            (Some(area), Some(b"Tx" | b"Ch"), Some(looks)) => {
                let shown = match text {
                    Some(text) => shows(reader, looks, &Place { area, decor }, &text)?,
                    None => None,
                };
                covers = shown.is_none_or(|ground| ground == Ground::Painted);
                shown.is_some()
            }
            // The viewer draws it from the value.
            (Some(area), Some(b"Tx" | b"Ch"), None) => {
                covers = decor.has_ground;
                match text {
                    Some(text) => stated::is_drawn_whole(reader, widget, area, &text)?,
                    None => false,
                }
            }
            // What a large button shows may be anything.
            (Some([left, bottom, right, top]), Some(b"Btn"), Some(looks)) => {
                let is_mark = right - left <= MARK && top - bottom <= MARK;
                is_mark
                    && shows_state(reader, (widget, looks), &held)?
                    && (decor.has_ground || hides_nothing(reader, widget, looks)?)
            }
            (Some(_), Some(b"Btn"), None) => {
                covers = decor.has_ground;
                matches!(held.name(), None | Some(b"" | b"Off"))
            }
            _ => false,
        };
        let filled = Filled {
            name: name.to_owned(),
            covers,
            turn: decor.turn,
        };
        self.filled.insert(number, filled);
        if !is_plain {
            self.unlike(number, name);
        }
        Ok(())
    }

    /// How the signer has a widget drawn.
    fn decor(&self, signed: &Dict) -> Result<Decor, OpenError> {
        let reader = self.sides.signed;
        let drawn = reader.get(signed, "MK")?.object;
        let Some(drawn) = drawn.dict() else {
            return Ok(Decor::default());
        };
        let is_colour = |colour: Object| {
            colour
                .array()
                .is_some_and(|parts| plain::numbers(parts).is_some_and(|parts| !parts.is_empty()))
        };
        Ok(Decor {
            has_ground: is_colour(reader.get(drawn, "BG")?.object),
            has_border: is_colour(reader.get(drawn, "BC")?.object),
            turn: reader.get(drawn, "R")?.object.integer().unwrap_or_default(),
        })
    }

    /// Notes it where what was filled in takes so much of a page that it may stand for what the page says, or stands
    /// upside down on it.
    pub(super) fn filled_over(
        &mut self,
        page: Id,
        annotations: &[Object],
        size: f64,
    ) -> Result<(), OpenError> {
        let reader = self.sides.last;
        let page = reader.load(page)?.object;
        let turned = match page.dict() {
            Some(page) => inherited(reader, page, "Rotate")?.integer().unwrap_or_default(),
            None => 0,
        };
        let mut together = 0.0;
        for id in annotations.iter().filter_map(Object::reference) {
            let Some(Filled { name, covers, turn }) = self.filled.get(&id.number) else {
                continue;
            };
            let widget = reader.load(id)?.object;
            let Some(widget) = widget.dict() else { continue };
            let Some([left, bottom, right, top]) = area(reader, widget)? else {
                continue;
            };
            let mut taken = (right - left) * (top - bottom);
            if *covers {
                together += taken;
                taken = together;
            }
            if taken > FILLED_SHARE * size || turn.saturating_sub(turned).rem_euclid(360) == 180 {
                let name = name.clone();
                self.unlike(id.number, &name);
            }
        }
        Ok(())
    }

    fn unlike(&mut self, number: u32, name: &str) {
        let permission = Permission::Unclear(ModificationLevel::FormFilling);
        self.note(ChangeKind::AppearanceUnlikeValue, permission, number, name);
    }
}

/// How the signer has a widget drawn.
#[derive(Debug, Clone, Copy, Default)]
struct Decor {
    has_ground: bool,
    has_border: bool,
    /// By how many degrees it is turned.
    turn: i64,
}

/// Whether a button, which shows one of the looks that it always had, shows that of its value.
fn shows_state(
    reader: &Reader<'_>,
    (widget, looks): (&Dict, &Dict),
    held: &Object,
) -> Result<bool, OpenError> {
    let state = reader.get(widget, "AS")?.object;
    Ok(match held {
        Object::Name(chosen) if &chosen[..] != b"Off" => {
            let states = reader.get(looks, "N")?.object;
            // Of several widgets, those that have the look of the value show it.
            let has_look = states.dict().is_some_and(|states| states.value(chosen).is_some());
            let is_one_of_several = widget.get("T").is_none();
            (has_look || is_one_of_several) && state.name() == Some(if has_look { chosen } else { b"Off" })
        }
        Object::Null | Object::Name(_) => matches!(state.name(), None | Some(b"Off")),
        _ => false,
    })
}

/// Whether the look that a button is in lets all be seen that was seen below it.
fn hides_nothing(reader: &Reader<'_>, widget: &Dict, looks: &Dict) -> Result<bool, OpenError> {
    let states = reader.get(looks, "N")?;
    let look = match (reader.get(widget, "AS")?.object, states.object.dict()) {
        (Object::Name(state), Some(states)) => reader.follow(&value(states, &state))?,
        _ => states,
    };
    if !look.is_stream() {
        return Ok(look.object == Object::Null);
    }
    Ok(content(reader, &look)?.is_some_and(|data| plain::hides_nothing(&data)))
}

/// What a look draws; none where it cannot be read.
fn content<'r>(reader: &Reader<'r>, look: &Loaded) -> Result<Option<Cow<'r, [u8]>>, OpenError> {
    let data = match reader.stream_data(look) {
        Err(limit @ OpenError::Limit { .. }) => return Err(limit),
        Err(_) => return Ok(None),
        Ok(data) => data,
    };
    reader.budget.parse(data.len())?;
    Ok(Some(data))
}

/// Whether one of a button's widgets is in the state that its value names, where it has any.
fn is_chosen(reader: &Reader<'_>, field: &Dict, chosen: &[u8]) -> Result<bool, OpenError> {
    let kids = reader.get(field, "Kids")?.object;
    let kids = kids.array().unwrap_or_default();
    for kid in kids {
        let kid = reader.follow(kid)?.object;
        let state = match kid.dict() {
            Some(kid) => reader.get(kid, "AS")?.object,
            None => Object::Null,
        };
        if state.name() == Some(chosen) {
            return Ok(true);
        }
    }
    Ok(kids.is_empty())
}

/// Where a look is drawn.
struct Place {
    area: [f64; 4],
    decor: Decor,
}

impl Place {
    /// How much larger than in the look everything is drawn, to the right and upwards (12.5.5, algorithm 8); none where
    /// it is mirrored, slanted, or turned otherwise than the signer has it.
    fn scale(
        &self,
        reader: &Reader<'_>,
        look: &Dict,
        [left, bottom, right, top]: [f64; 4],
    ) -> Result<Option<(f64, f64)>, OpenError> {
        let given = reader.get(look, "Matrix")?.object;
        let matrix = match given {
            Object::Null => Some([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]),
            _ => exactly(reader, &given)?,
        };
        let Some([a, b, c, d, _, _]) = matrix else {
            return Ok(None);
        };
        // What is left of rounded sines and cosines.
        let nothing = 1e-4 * [a, b, c, d].into_iter().map(f64::abs).fold(0.0, f64::max);
        let sign = |part: f64| {
            if part.abs() <= nothing {
                0
            } else if part > 0.0 {
                1
            } else {
                -1
            }
        };
        let turn = match [a, b, c, d].map(sign) {
            [1, 0, 0, 1] => 0,
            [0, 1, -1, 0] => 90,
            [-1, 0, 0, -1] => 180,
            [0, -1, 1, 0] => 270,
            _ => return Ok(None),
        };
        if turn != self.decor.turn.rem_euclid(360) {
            return Ok(None);
        }
        let [west, south, east, north] = self.area;
        let (wide, high) = match turn {
            90 | 270 => (north - south, east - west),
            _ => (east - west, north - south),
        };
        let scale = (wide / (right - left), high / (top - bottom));
        Ok((scale.0.is_finite() && scale.1.is_finite()).then_some(scale))
    }
}

/// The numbers of an array that holds so many of them and nothing else: what viewers make of any other, they do not
/// agree on.
fn exactly<const N: usize>(reader: &Reader<'_>, object: &Object) -> Result<Option<[f64; N]>, OpenError> {
    let found = reader.follow(object)?.object;
    let Some(parts) = found.array().filter(|parts| parts.len() == N) else {
        return Ok(None);
    };
    let mut numbers = [0.0; N];
    for (number, part) in numbers.iter_mut().zip(parts) {
        let Some(part) = reader.follow(part)?.object.number() else {
            return Ok(None);
        };
        *number = part;
    }
    Ok(Some(numbers))
}

/// Entries of a look that draws text alone (tables 5 and 93).
const OF_LOOKS: [&[u8]; 11] = [
    b"BBox",
    b"DecodeParms",
    b"Filter",
    b"FormType",
    b"LastModified",
    b"Length",
    b"Matrix",
    b"Name",
    b"Resources",
    b"Subtype",
    b"Type",
];

/// On what a look shows a text; none where it does not plainly show it.
fn shows(reader: &Reader<'_>, looks: &Dict, place: &Place, text: &str) -> Result<Option<Ground>, OpenError> {
    // Other looks are shown while the mouse is over it.
    if looks.iter().any(|(key, _)| key != b"N") {
        return Ok(None);
    }
    let look = reader.get(looks, "N")?;
    let Some(dict) = look.object.dict().filter(|_| look.is_stream()) else {
        return Ok(None);
    };
    // Some viewers draw it as what its subtype says; on a layer, or a page of another file, it is seen or not as that is.
    let subtype = reader.get(dict, "Subtype")?.object;
    let is_form = subtype == Object::Null || subtype.name() == Some(b"Form");
    if !is_form || dict.iter().any(|(key, _)| !OF_LOOKS.contains(&key)) {
        return Ok(None);
    }
    let resources = reader.get(dict, "Resources")?;
    let mut fonts = Object::Null;
    if resources.is_stream() {
        return Ok(None);
    }
    if let Some(resources) = resources.object.dict() {
        let held = reader.get(resources, "Font")?;
        if held.is_stream() {
            return Ok(None);
        }
        fonts = held.object;
        // Spaces that take the place of those of the device make any colour of a number.
        let spaces = reader.get(resources, "ColorSpace")?.object;
        let replaces = |name: &[u8]| name.starts_with(b"Default") || name.starts_with(b"Device");
        let mut spaces = spaces.dict().into_iter().flat_map(Dict::iter);
        if spaces.any(|(name, _)| replaces(name)) {
            return Ok(None);
        }
    }
    let Some(data) = content(reader, &look)? else {
        return Ok(None);
    };
    let Some([a, b, c, d]) = exactly(reader, &value(dict, b"BBox"))? else {
        return Ok(None);
    };
    let space = [a.min(c), b.min(d), a.max(c), b.max(d)];
    let Some(scale) = place.scale(reader, dict, space)? else {
        return Ok(None);
    };
    let frame = Frame {
        space,
        scale,
        has_ground: place.decor.has_ground,
        has_border: place.decor.has_border,
    };
    let Some((shown, ground)) = plain::plain_text(reader, &data, &fonts, frame)? else {
        return Ok(None);
    };
    Ok(plain::says(&shown, text).then_some(ground))
}
