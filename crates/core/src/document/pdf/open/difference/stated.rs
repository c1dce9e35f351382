//! What a field states beside its look: the text that stands for its value, where that is shown, and what viewers draw it
//! with that draw it themselves.

use super::{
    super::{
        OpenError,
        object::{Dict, Object},
        reader::Reader,
        text::text_string,
    },
    letters, plain, seen,
};
use crate::limits::MAX_PDF_DEPTH;

/// Flags of fields (12.7.5.3, 12.7.5.4).
const MULTILINE: i64 = 1 << 12;
const PASSWORD: i64 = 1 << 13;
const EDITABLE: i64 = 1 << 17 | 1 << 18;

/// Flags of annotations (12.5.3).
const HIDDEN: i64 = 0x02;
const NOT_VIEWED: i64 = 0x20;

/// Longest value compared with its look.
const LONGEST: usize = 64 << 10;

/// What viewers leave free at each side of a text that they draw, in points.
const PADDING: f64 = 2.0;

/// The smallest size that viewers choose themselves where none is stated.
const LEAST_CHOSEN: f64 = 4.0;

/// An entry of a field or of what it is a part of.
pub(super) fn inherited(reader: &Reader<'_>, node: &Dict, key: &str) -> Result<Object, OpenError> {
    let mut node = node.clone();
    for _ in 0..MAX_PDF_DEPTH {
        let held = reader.get(&node, key)?.object;
        if held != Object::Null {
            return Ok(held);
        }
        match reader.get(&node, "Parent")?.object {
            Object::Dict(parent) => node = parent,
            _ => break,
        }
    }
    Ok(Object::Null)
}

/// The text that all viewers show for the value of a text field; none where some show another.
pub(super) fn text(reader: &Reader<'_>, field: &Dict, held: &Object) -> Result<Option<String>, OpenError> {
    let Some(text) = own_text(reader, field, held)? else {
        return Ok(None);
    };
    // Some cut off what is longer.
    let fits = match inherited(reader, field, "MaxLen")? {
        Object::Null => true,
        Object::Integer(most) => usize::try_from(most).is_ok_and(|most| text.encode_utf16().count() <= most),
        _ => false,
    };
    Ok(fits.then_some(text))
}

/// The same of a choice: some viewers show the value, others the label of that option, or of the one with the index
/// (12.7.5.4).
pub(super) fn choice(
    reader: &Reader<'_>,
    field: &Dict,
    held: &Object,
    index: &Object,
) -> Result<Option<String>, OpenError> {
    let Some(text) = own_text(reader, field, held)? else {
        return Ok(None);
    };
    let index = match (index, index.array()) {
        (Object::Null, _) | (_, Some([])) => None,
        (_, Some([index])) => match reader.follow(index)?.object {
            Object::Integer(index) => Some(index),
            _ => return Ok(None),
        },
        _ => return Ok(None),
    };
    let options = inherited(reader, field, "Opt")?;
    for (at, option) in (0_i64..).zip(options.array().unwrap_or_default()) {
        let option = reader.follow(option)?.object;
        let (value, label) = match option.array() {
            Some([value, label]) => (reader.follow(value)?.object, reader.follow(label)?.object),
            _ => (option.clone(), option),
        };
        if value.string().map(text_string).as_ref() == Some(&text) && index.is_none_or(|index| index == at) {
            return Ok(label.string().map(text_string));
        }
    }
    let may_be_written = flags(reader, field)? & EDITABLE == EDITABLE || text.is_empty();
    Ok((index.is_none() && may_be_written).then_some(text))
}

/// A value that is a text, and stands for nothing else.
fn own_text(reader: &Reader<'_>, field: &Dict, held: &Object) -> Result<Option<String>, OpenError> {
    let text = match held {
        Object::Null => String::new(),
        Object::String { bytes, .. } if bytes.len() <= LONGEST => text_string(bytes),
        _ => return Ok(None),
    };
    let is_hidden = flags(reader, field)? & PASSWORD != 0;
    let is_rich = inherited(reader, field, "RV")? != Object::Null;
    Ok((text.is_empty() || !is_hidden && !is_rich).then_some(text))
}

fn flags(reader: &Reader<'_>, field: &Dict) -> Result<i64, OpenError> {
    Ok(inherited(reader, field, "Ff")?.integer().unwrap_or_default())
}

/// Whether a widget is shown on the screen. Many are not printed, whoever fills them in.
pub(super) fn is_viewed(reader: &Reader<'_>, widget: &Dict) -> Result<bool, OpenError> {
    Ok(seen::flags(reader, widget)? & (HIDDEN | NOT_VIEWED) == 0)
}

/// Whether all viewers that draw a value show the same of it: dark letters of a standard font, none of them cut off, which
/// happens to what is far to the right or below a line.
pub(super) fn is_drawn_whole(
    reader: &Reader<'_>,
    widget: &Dict,
    [left, bottom, right, top]: [f64; 4],
    text: &str,
) -> Result<bool, OpenError> {
    if text.is_empty() {
        return Ok(true);
    }
    let form = form(reader)?;
    let (mut look, mut fonts) = (inherited(reader, widget, "DA")?, Object::Null);
    if let Some(form) = form.dict() {
        if look == Object::Null {
            look = reader.get(form, "DA")?.object;
        }
        if let Some(resources) = reader.get(form, "DR")?.object.dict() {
            fonts = reader.get(resources, "Font")?.object;
        }
    }
    let Some((font, size, light)) = look.string().and_then(plain::hand) else {
        return Ok(false);
    };
    let Some(widths) = letters::named(reader, &fonts, &font)? else {
        return Ok(false);
    };
    let (mut ground, mut turn) = (Object::Null, Object::Null);
    if let Some(drawn) = reader.get(widget, "MK")?.object.dict() {
        (ground, turn) = (reader.get(drawn, "BG")?.object, reader.get(drawn, "R")?.object);
    }
    if !matches!(turn, Object::Null | Object::Integer(0)) {
        return Ok(false);
    }
    let border = match reader.get(widget, "BS")?.object.dict() {
        Some(border) => reader.get(border, "W")?.object,
        None => Object::Null,
    };
    let padding = PADDING.max(2.0 * border.number().unwrap_or_default());
    let ground = ground
        .array()
        .and_then(plain::numbers)
        .and_then(|colour| plain::light(&colour));
    let is_dark = light <= plain::LIGHTEST && ground.is_none_or(|ground| ground > 1.0 - plain::LIGHTEST);

    let is_multiline = flags(reader, widget)? & MULTILINE != 0;
    let size = if size == 0.0 { LEAST_CHOSEN } else { size };
    let mut height = 0.0;
    for line in text.split(|letter| is_multiline && matches!(letter, '\r' | '\n')) {
        let mut width = 0.0;
        for letter in line.chars() {
            let Some((_, most)) = u8::try_from(letter).ok().and_then(|code| widths.letter(code)) else {
                return Ok(false);
            };
            width += most / 1000.0 * size;
        }
        height += 1.2 * size;
        if width > right - left - 2.0 * padding || line.contains("  ") {
            return Ok(false);
        }
    }
    let room = top - bottom - 2.0 * (padding - PADDING);
    let fits = height <= room || !is_multiline && size <= room;
    Ok(is_dark && size >= LEAST_CHOSEN && fits)
}

fn form(reader: &Reader<'_>) -> Result<Object, OpenError> {
    let root = match reader.trailer() {
        Some(trailer) => reader.get(trailer, "Root")?.object,
        None => Object::Null,
    };
    match root.dict() {
        Some(root) => Ok(reader.get(root, "AcroForm")?.object),
        None => Ok(Object::Null),
    }
}
