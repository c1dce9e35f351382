//! Where annotations are seen, and whether there is anything to see.

use super::{
    super::{
        OpenError,
        object::{Dict, Object},
        parse::{Operand, Parser, Wording},
        reader::{Loaded, Reader},
    },
    same::value,
};

/// Flag of annotations that are shown nowhere (12.5.3). Of those that are only not to be viewed, some viewers draw
/// the look all the same.
const HIDDEN: i64 = 0x02;

/// All ten flags of annotations. To some readers a number that has others, or is negative, has none.
const FLAGS: std::ops::RangeInclusive<i64> = 0..=0x3FF;

/// What viewers may take for the place of something that has none.
const ANYWHERE: [f64; 4] = [0.0, 0.0, f64::INFINITY, f64::INFINITY];

/// Where something may be drawn that no box holds.
const EVERYWHERE: [f64; 4] = [f64::NEG_INFINITY, f64::NEG_INFINITY, f64::INFINITY, f64::INFINITY];

/// Operators that paint nothing: of the graphics state, of paths not painted, of text not shown, of marks (annex A).
const SILENT: [&[u8]; 53] = [
    b"BDC", b"BMC", b"BT", b"BX", b"CS", b"DP", b"EMC", b"ET", b"EX", b"G", b"J", b"K", b"M", b"MP", b"Q",
    b"RG", b"SC", b"SCN", b"T*", b"TD", b"TL", b"Tc", b"Td", b"Tf", b"Tm", b"Tr", b"Ts", b"Tw", b"Tz", b"W",
    b"W*", b"c", b"cm", b"cs", b"d", b"g", b"gs", b"h", b"i", b"j", b"k", b"l", b"m", b"n", b"q", b"re",
    b"rg", b"ri", b"sc", b"scn", b"v", b"w", b"y",
];

/// Place of an annotation that can be seen; none where it has no extent or is hidden.
pub(super) fn area(reader: &Reader<'_>, annotation: &Dict) -> Result<Option<[f64; 4]>, OpenError> {
    let place = rectangle(reader, &value(annotation, b"Rect"))?;
    let is_hidden = is_hidden(reader, annotation)?;
    Ok(place.filter(|place| !is_hidden && has_extent(place)))
}

/// What the widget of a signature may cover of its page; none where it draws nothing. Of one without extent some viewers
/// draw the look as large as it is, and of a place that is none each makes something else.
pub(super) fn covers(reader: &Reader<'_>, widget: &Dict) -> Result<Option<[f64; 4]>, OpenError> {
    if is_hidden(reader, widget)? {
        return Ok(None);
    }
    let look = drawn(reader, widget)?;
    let is_decorated = is_decorated(reader, widget)?;
    let draws = look.is_some() || is_decorated;
    Ok(match rectangle(reader, &value(widget, b"Rect"))? {
        // Some let a look without a box go beyond the place.
        Some(place) if has_extent(&place) => {
            draws.then(|| look.filter(|look| *look == EVERYWHERE).unwrap_or(place))
        }
        // Of a line some draw the border.
        Some(place) if is_decorated && !is_point(&place) => Some(ANYWHERE),
        Some(_) => look,
        None => draws.then_some(ANYWHERE),
    })
}

/// A rectangle with its corners in order. Of anything but four numbers each viewer makes something else.
pub(super) fn rectangle(reader: &Reader<'_>, object: &Object) -> Result<Option<[f64; 4]>, OpenError> {
    let found = reader.follow(object)?.object;
    let Some([left, bottom, right, top]) = found.array() else {
        return Ok(None);
    };
    let mut sides = [0.0; 4];
    for (side, stated) in sides.iter_mut().zip([left, bottom, right, top]) {
        match reader.follow(stated)?.object.number() {
            Some(number) => *side = number,
            None => return Ok(None),
        }
    }
    let [a, b, c, d] = sides;
    Ok(Some([a.min(c), b.min(d), a.max(c), b.max(d)]))
}

fn has_extent([left, bottom, right, top]: &[f64; 4]) -> bool {
    left < right && bottom < top
}

fn is_point([left, bottom, right, top]: &[f64; 4]) -> bool {
    left >= right && bottom >= top
}

fn is_hidden(reader: &Reader<'_>, annotation: &Dict) -> Result<bool, OpenError> {
    Ok(flags(reader, annotation)? & HIDDEN != 0)
}

/// The flags of an annotation that all readers see.
pub(super) fn flags(reader: &Reader<'_>, annotation: &Dict) -> Result<i64, OpenError> {
    let flags = reader.get(annotation, "F")?.object.integer();
    Ok(flags.filter(|flags| FLAGS.contains(flags)).unwrap_or_default())
}

/// The box of all its looks that draw something.
fn drawn(reader: &Reader<'_>, widget: &Dict) -> Result<Option<[f64; 4]>, OpenError> {
    let looks = reader.get(widget, "AP")?;
    let Some(states) = looks.object.dict() else {
        return Ok(None);
    };
    let mut whole: Option<[f64; 4]> = None;
    for (_, look) in states.iter() {
        let look = reader.follow(look)?;
        let of_states = look.object.dict().filter(|_| !look.is_stream());
        let several: Vec<Loaded> = match of_states {
            Some(states) => {
                let states = states.iter().map(|(_, state)| reader.follow(state));
                states.collect::<Result<_, _>>()?
            }
            None => vec![look],
        };
        for look in &several {
            if let Some([left, bottom, right, top]) = of_look(reader, look)? {
                let [a, b, c, d] = whole.unwrap_or([left, bottom, right, top]);
                whole = Some([a.min(left), b.min(bottom), c.max(right), d.max(top)]);
            }
        }
    }
    Ok(whole)
}

/// The box of a look, if it draws something; anywhere where it has none with an extent. What is no stream draws nothing;
/// what is no form (12.5.5), such as a picture, some draw as what it is.
fn of_look(reader: &Reader<'_>, look: &Loaded) -> Result<Option<[f64; 4]>, OpenError> {
    let Some(dict) = look.object.dict().filter(|_| look.is_stream()) else {
        return Ok(None);
    };
    let kind = reader.get(dict, "Subtype")?.object;
    if kind != Object::Null && kind.name() != Some(b"Form") {
        return Ok(Some(ANYWHERE));
    }
    let space = rectangle(reader, &value(dict, b"BBox"))?;
    let data = match reader.stream_data(look) {
        Err(limit @ OpenError::Limit { .. }) => return Err(limit),
        Err(_) => return Ok(Some(ANYWHERE)),
        Ok(data) => data,
    };
    reader.budget.parse(data.len())?;
    let is_turned = value(dict, b"Matrix") != Object::Null;
    let space = match space.filter(has_extent) {
        Some(_) if is_turned => ANYWHERE,
        Some(space) => space,
        None => EVERYWHERE,
    };
    Ok((!is_silent(&data)).then_some(space))
}

/// Whether a content stream paints nothing.
fn is_silent(data: &[u8]) -> bool {
    let mut parser = Parser::stream(data, 0, 0);
    loop {
        match parser.operand() {
            // What others read otherwise may paint.
            Ok(Operand::End) => return parser.wording() == Wording::Plain,
            Ok(Operand::Operator(operator)) if SILENT.contains(&operator) => parser.renew(),
            Ok(Operand::Object(_)) => {}
            Ok(Operand::Operator(_)) | Err(_) => return false,
        }
    }
}

/// Whether viewers draw a background or a border of their own.
fn is_decorated(reader: &Reader<'_>, widget: &Dict) -> Result<bool, OpenError> {
    for key in ["MK", "BS"] {
        let held = reader.get(widget, key)?.object;
        if held
            .dict()
            .map_or(held != Object::Null, |held| held.iter().next().is_some())
        {
            return Ok(true);
        }
    }
    let border = reader.get(widget, "Border")?.object;
    let is_none = |border: &[Object]| matches!(border, [_, _, Object::Integer(0), ..]);
    Ok(border != Object::Null && !border.array().is_some_and(is_none))
}
