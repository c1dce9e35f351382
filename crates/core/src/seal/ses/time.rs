//! Times, as these structures have them and as they are met with.

use der::Tag;
use jiff::{
    Timestamp,
    civil::DateTime,
    tz::{Offset, TimeZone},
};

use super::{Deviation, Deviations, SesError, element::Element};
use crate::clock::china;

/// Reads a time of this type; another type or form is noted.
pub(crate) fn read(
    element: &Element<'_>,
    usual: Tag,
    deviations: &mut Deviations,
) -> Result<Timestamp, SesError> {
    let year_digits = match element.tag {
        Tag::UtcTime => 2,
        Tag::GeneralizedTime => 4,
        _ => return Err(element.malformed("应为时间")),
    };
    deviations.note_if(element.tag != usual, Deviation::TimeType);
    let read = str::from_utf8(element.content)
        .ok()
        .and_then(|text| read_digits(text, year_digits, deviations));
    read.ok_or_else(|| element.malformed("不是时间"))
}

/// Reads a time that stands as text where GM/T 0031-2014 has one (`timeInfo`).
pub(crate) fn read_text(text: &str, deviations: &mut Deviations) -> Option<Timestamp> {
    let text = text.trim_matches('\0');
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    match digits {
        14 => return read_digits(text, 4, deviations),
        12 => return read_digits(text, 2, deviations),
        _ => {}
    }
    deviations.note(Deviation::TimeForm);
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    deviations.note(Deviation::LocalTime);
    let local: DateTime = text.parse().ok()?;
    Some(local.to_zoned(china()).ok()?.timestamp())
}

/// As GM/T 0031 and DER have it: `20260102030405Z`. In use are times without seconds, with a fraction of one, with the
/// distance to UTC, and without any zone.
fn read_digits(text: &str, year_digits: usize, deviations: &mut Deviations) -> Option<Timestamp> {
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, behind) = text.split_at_checked(count)?;
    let (year, rest) = digits.split_at_checked(year_digits)?;
    let mut year: i16 = year.parse().ok()?;
    if year_digits == 2 {
        // RFC 5280 §4.1.2.5.1.
        year += if year < 50 { 2000 } else { 1900 };
    }
    let has_seconds = match rest.len() {
        10 => true,
        8 => false,
        _ => return None,
    };
    let part = |at: usize| rest.get(at..at + 2)?.parse::<i8>().ok();
    let seconds = if has_seconds { part(8)? } else { 0 };
    let local = DateTime::new(year, part(0)?, part(2)?, part(4)?, part(6)?, seconds, 0).ok()?;

    let fraction = behind.strip_prefix(['.', ',']);
    let zone = match fraction {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => behind,
    };
    deviations.note_if(!has_seconds || behind != "Z", Deviation::TimeForm);
    let zone = match zone {
        "Z" => TimeZone::UTC,
        "" => {
            deviations.note(Deviation::LocalTime);
            china()
        }
        distance => read_distance(distance)?,
    };
    Some(local.to_zoned(zone).ok()?.timestamp())
}

/// `+0800`.
fn read_distance(text: &str) -> Option<TimeZone> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: i32 = digits.parse().ok()?;
    let minutes = number / 100 * 60 + number % 100;
    Some(TimeZone::fixed(Offset::from_seconds(sign * minutes * 60).ok()?))
}

/// Content of the GeneralizedTime that is written.
pub(crate) fn write(at: Timestamp) -> String {
    Offset::UTC.to_datetime(at).strftime("%Y%m%d%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn read_as(tag: Tag, text: &str) -> Option<(String, Vec<Deviation>)> {
        let mut deviations = Deviations::default();
        let element = Element {
            field: "time",
            at: 0,
            tag,
            whole: text.as_bytes(),
            content: text.as_bytes(),
        };
        let at = read(&element, Tag::GeneralizedTime, &mut deviations).ok()?;
        Some((at.to_string(), deviations.into_vec()))
    }

    #[test]
    fn times_in_use_are_read_and_named() {
        let (form, local, kind) = (Deviation::TimeForm, Deviation::LocalTime, Deviation::TimeType);
        for (text, at, found) in [
            ("20201010071120Z", "2020-10-10T07:11:20Z", vec![]),
            ("20201010071120.302Z", "2020-10-10T07:11:20Z", vec![form]),
            ("202010100711Z", "2020-10-10T07:11:00Z", vec![form]),
            ("20201010151120+0800", "2020-10-10T07:11:20Z", vec![form]),
            ("20201010151120", "2020-10-10T07:11:20Z", vec![form, local]),
        ] {
            assert_eq!(
                read_as(Tag::GeneralizedTime, text),
                Some((at.to_owned(), found)),
                "{text}"
            );
        }
        let short = read_as(Tag::UtcTime, "200422021807Z").unwrap();
        assert_eq!(short, ("2020-04-22T02:18:07Z".to_owned(), vec![kind]));
        for text in [
            "",
            "Z",
            "2020",
            "20201310071120Z",
            "20201010071160Z",
            "20201010071120ZZ",
            "20201010071120+08",
            "20201010071120+08:00",
            "20201010071120+99999",
            "二〇二〇1010071120Z",
            "99999999999999999999Z",
        ] {
            assert_eq!(read_as(Tag::GeneralizedTime, text), None, "{text}");
        }
        assert_eq!(read_as(Tag::Integer, "20201010071120Z"), None);
        assert_eq!(
            write("2020-10-10T07:11:20.9Z".parse().unwrap()),
            "20201010071120Z"
        );
    }

    #[test]
    fn times_as_text_are_read() {
        let read = |text| read_text(text, &mut Deviations::default()).map(|at| at.to_string());
        for (text, at) in [
            ("2020-04-22 10:18:07", "2020-04-22T02:18:07Z"),
            ("2020-01-25T07:31:56.377Z", "2020-01-25T07:31:56.377Z"),
            ("20200422021807Z", "2020-04-22T02:18:07Z"),
            ("200422021807Z", "2020-04-22T02:18:07Z"),
        ] {
            assert_eq!(read(text).as_deref(), Some(at), "{text}");
        }
        for text in ["", "now", "2020", "2020-04-22T25:00:00Z"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
