//! What viewers draw the value of a field with where no look is stored, and some while it is typed into: the default
//! appearance (12.7.4.3), colours and border (12.5.4, 12.5.6.19). Programs that fill fields in write it anew in words of
//! their own.

use super::{
    super::{
        OpenError,
        object::{Bytes, Dict, Object},
        parse::{Operand, Parser, Wording},
        reader::Reader,
    },
    same::{holds_reference, plain, value},
};

/// By how much a part of a colour may differ that was rounded to a byte; and a size.
const ROUNDED: f64 = 1.0 / 255.0;

/// Most parts of a default appearance.
const MOST_OPERANDS: usize = 8;

/// A default appearance.
#[derive(Debug, Default)]
struct Style {
    font: Bytes,
    size: f64,
    colour: Vec<f64>,
}

impl Style {
    /// None where it says more than font and colour, or one of them twice: some take the first, others the last.
    fn parse(text: &[u8]) -> Option<Style> {
        // Some copy it into a line of their own, in which a comment has no end.
        if text.contains(&b'%') {
            return None;
        }
        let mut parser = Parser::stream(text, 0, 0);
        let mut style = Style::default();
        let (mut fonts, mut colours) = (0, 0);
        let mut operands: Vec<Object> = Vec::new();
        loop {
            match (parser.operand().ok()?, &operands[..]) {
                (Operand::End, []) => {
                    let is_plain = parser.wording() == Wording::Plain && fonts <= 1 && colours <= 1;
                    return is_plain.then_some(style);
                }
                (Operand::Object(object), held) if held.len() < MOST_OPERANDS => {
                    operands.push(object);
                    continue;
                }
                (Operand::Operator(b"Tf"), [Object::Name(font), size]) => {
                    fonts += 1;
                    style.font.clone_from(font);
                    style.size = size.number()?;
                }
                (Operand::Operator(operator), numbers) => {
                    let wanted = match operator {
                        b"g" => 1,
                        b"rg" => 3,
                        b"k" => 4,
                        _ => return None,
                    };
                    colours += 1;
                    style.colour = numbers.iter().map(Object::number).collect::<Option<_>>()?;
                    if style.colour.len() != wanted {
                        return None;
                    }
                }
                _ => return None,
            }
            operands.clear();
        }
    }
}

/// Whether two default appearances name the same font, size and colour.
pub(super) fn is_same_style(signed: &[u8], last: &[u8]) -> bool {
    let (Some(signed), Some(last)) = (Style::parse(signed), Style::parse(last)) else {
        return signed == last;
    };
    let is_same_size = (signed.size - last.size).abs() <= ROUNDED;
    signed.font == last.font && is_same_size && is_same_colour(&signed.colour, &last.colour)
}

/// Whether two `/MK` draw the same. What is gone, such as captions and icons, draws nothing where a look is stored.
pub(super) fn is_same_ground(
    (signed, old): (&Reader<'_>, &Object),
    (last, new): (&Reader<'_>, &Object),
) -> Result<bool, OpenError> {
    let (old, new) = (signed.follow(old)?.object, last.follow(new)?.object);
    let empty = Dict::default();
    let [Some(old), Some(new)] = [&old, &new].map(|object| match object {
        Object::Null => Some(&empty),
        object => object.dict(),
    }) else {
        return Ok(false);
    };
    for key in ["BC", "BG"] {
        let (was, is) = (colour(signed, old, key)?, colour(last, new, key)?);
        if !matches!((was, is), (Some(was), Some(is)) if is_same_colour(&was, &is)) {
            return Ok(false);
        }
    }
    let turn = |reader: &Reader<'_>, dict: &Dict| Ok(reader.get(dict, "R")?.object);
    let turns: [Object; 2] = [turn(signed, old)?, turn(last, new)?];
    let [was, is] = turns.map(|turn| match turn {
        Object::Null => Object::Integer(0),
        turn => turn,
    });
    let others = new
        .iter()
        .filter(|(key, _)| !matches!(*key, b"BC" | b"BG" | b"R"));
    let mut others = others.map(|(key, now)| !holds_reference(now) && plain(&value(old, key)) == plain(now));
    Ok(was == is && others.all(|is_same| is_same))
}

/// Whether a widget has a border that has a colour.
pub(super) fn has_border(reader: &Reader<'_>, widget: &Dict) -> Result<bool, OpenError> {
    let ground = reader.get(widget, "MK")?.object;
    Ok(match ground.dict() {
        Some(ground) => colour(reader, ground, "BC")?.is_none_or(|colour| !colour.is_empty()),
        None => false,
    })
}

/// A colour; of no parts where there is none. None of what is no colour.
fn colour(reader: &Reader<'_>, ground: &Dict, key: &str) -> Result<Option<Vec<f64>>, OpenError> {
    let held = reader.get(ground, key)?.object;
    Ok(match &held {
        Object::Null => Some(Vec::new()),
        Object::Array(parts) => parts.iter().map(Object::number).collect(),
        _ => None,
    })
}

fn is_same_colour(signed: &[f64], last: &[f64]) -> bool {
    let mut parts = signed.iter().zip(last);
    signed.len() == last.len() && parts.all(|(was, is)| (was - is).abs() <= ROUNDED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_are_compared_by_what_they_say() {
        let same = |a: &str, b: &str| is_same_style(a.as_bytes(), b.as_bytes());
        assert!(same("/Helv 12 Tf .1 .1 .1 rg", "0.1 0.1 0.1 rg /Helv 12 Tf"));
        assert!(same(
            "/Helv 12 Tf .1 .1 .1 rg",
            "/Helv 12.0 Tf 0.10196 0.10196 0.10196 rg"
        ));
        for other in [
            "/Helv 12 Tf 1 g",
            "/Helv 2 Tf .1 .1 .1 rg",
            "/F1 12 Tf .1 .1 .1 rg",
            "/Helv 12 Tf .1 .1 .1 rg 3 Tr",
            "/Helv 12 Tf .1 .1 .1 rg 1",
            "/Helv 12 Tf",
            "/Helv 12 Tf 1 g .1 .1 .1 rg",
            "/Helv 1 Tf /Helv 12 Tf .1 .1 .1 rg",
            "%\n/Helv 12 Tf .1 .1 .1 rg",
            "",
        ] {
            assert!(!same("/Helv 12 Tf .1 .1 .1 rg", other), "{other}");
        }
        // What is not read is the same where it is written the same.
        assert!(same("/Helv 12 Tf 2 Tr", "/Helv 12 Tf 2 Tr"));
    }
}
