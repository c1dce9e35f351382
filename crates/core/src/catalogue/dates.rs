//! Dates in the forms departments really write.

use jiff::civil::Date;

use super::normalise::half_width;

const YEARS: std::ops::RangeInclusive<i16> = 1800..=2300;
/// The year by which systems without a "no end" write one.
const ENDLESS_YEAR: i16 = 9999;

/// What stands in a date column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DateText {
    Date(Date),
    /// 长期 and its like.
    Unlimited,
}

/// Reads `2024-04-02`, `2024/4/2`, `2024.4.2`, `20240402`, `2024年4月2日`, each also with a time of day
/// behind it, as spreadsheets and databases write them; or a word for "without end". A time in another zone
/// than China's is read only where it is midnight, here or there: else nobody can say which day is meant.
pub(super) fn parse(text: &str) -> Option<DateText> {
    let text: String = text.trim().chars().map(half_width).collect();
    if matches!(
        text.as_str(),
        "长期"
            | "永久"
            | "无固定期限"
            | "长期有效"
            | "永久有效"
            | "无期限"
            | "不限期"
            | "无限期"
            | "终身"
            | "终身有效"
    ) {
        return Some(DateText::Unlimited);
    }
    let (date, day) = match text.find(['T', 't']).or_else(|| time_start(&text)) {
        Some(at) => (text.get(..at)?, day_of_time(text.get(at + 1..)?)?),
        None => (&*text, Day::Same),
    };
    let date: String = date.chars().filter(|c| !c.is_whitespace()).collect();
    let (year, month, number) = if date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit()) {
        (date[..4].to_owned(), date[4..6].to_owned(), date[6..].to_owned())
    } else {
        separated(&date)?
    };
    if year.len() != 4 {
        return None;
    }
    let (year, month, number) = (year.parse().ok()?, month.parse().ok()?, number.parse().ok()?);
    if year == ENDLESS_YEAR {
        return Some(DateText::Unlimited);
    }
    if !YEARS.contains(&year) {
        return None;
    }
    let date = Date::new(year, month, number).ok()?;
    match day {
        Day::Same => Some(DateText::Date(date)),
        Day::Next => date.tomorrow().ok().map(DateText::Date),
    }
}

/// Year, month and day as printed on a face.
pub(super) fn print(date: Date) -> String {
    format!("{}年{}月{}日", date.year(), date.month(), date.day())
}

fn separated(date: &str) -> Option<(String, String, String)> {
    for [first, second, end] in [
        ["-", "-", ""],
        ["/", "/", ""],
        [".", ".", ""],
        ["年", "月", "日"],
        ["年", "月", ""],
    ] {
        let Some((year, rest)) = date.split_once(first) else {
            continue;
        };
        let Some((month, day)) = rest.split_once(second) else {
            continue;
        };
        let Some(day) = day.strip_suffix(end) else {
            continue;
        };
        let digits = |part: &str| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        if digits(year) && digits(month) && month.len() <= 2 && digits(day) && day.len() <= 2 {
            return Some((year.to_owned(), month.to_owned(), day.to_owned()));
        }
    }
    None
}

/// Where a time of day begins: the last space before the first colon.
fn time_start(text: &str) -> Option<usize> {
    text.find(':').and_then(|colon| text[..colon].rfind(' '))
}

/// Which day in China a time means, seen from the day before it.
#[derive(Debug, Clone, Copy)]
enum Day {
    Same,
    Next,
}

/// The day of a time, with seconds, fraction and zone where they are written.
fn day_of_time(text: &str) -> Option<Day> {
    let text = text.trim();
    let (time, zone) = text.split_at(text.find(['Z', 'z', '+', '-']).unwrap_or(text.len()));
    let time = time.trim_end().split('.').next().unwrap_or_default();
    let parts: Vec<u8> = time.split(':').map(number).collect::<Option<_>>()?;
    if !(2..=3).contains(&parts.len()) || parts.iter().zip([24, 60, 61]).any(|(part, end)| *part >= end) {
        return None;
    }
    match (zone, &*parts) {
        ("" | "+08:00" | "+0800" | "+08", _) => Some(Day::Same),
        // A date that a database wrote as an instant: midnight there, or in Beijing.
        ("Z" | "z" | "+00:00" | "+0000" | "+00", [0, rest @ ..]) if rest.iter().all(|part| *part == 0) => {
            Some(Day::Same)
        }
        ("Z" | "z" | "+00:00" | "+0000" | "+00", [16, rest @ ..]) if rest.iter().all(|part| *part == 0) => {
            Some(Day::Next)
        }
        _ => None,
    }
}

fn number(digits: &str) -> Option<u8> {
    let fits = (1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| fits)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn every_form_in_use_is_read() {
        for text in [
            "2024-04-02",
            "2024-4-2",
            "2024/4/2",
            "2024/04/02",
            "20240402",
            "2024.4.2",
            "2024年4月2日",
            "2024年04月02日",
            "2024年4月2",
            "2024 年 4 月 2 日",
            "２０２４－０４－０２",
            "2024-04-02 00:00:00",
            "2024/4/2 0:00",
            "2024-04-02T00:00:00",
            "2024-04-02T00:00:00.000Z",
            "20240402 09:15:00.0",
        ] {
            assert_eq!(parse(text), Some(DateText::Date(date(2024, 4, 2))), "{text}");
        }
        for text in ["长期", "永久", "无固定期限", "9999-12-31"] {
            assert_eq!(parse(text), Some(DateText::Unlimited), "{text}");
        }
    }

    #[test]
    fn an_instant_is_a_date_only_where_the_day_in_china_is_certain() {
        for (text, read) in [
            ("2024-04-02T09:15:00+08:00", Some(date(2024, 4, 2))),
            ("2024-04-02T00:00:00Z", Some(date(2024, 4, 2))),
            ("2024-04-01T16:00:00.000Z", Some(date(2024, 4, 2))),
            ("2024-02-29T16:00:00+00:00", Some(date(2024, 3, 1))),
            ("2023-12-31 16:00:00Z", Some(date(2024, 1, 1))),
            // 2 April or 3 April, as the clock here or there was meant.
            ("2024-04-02T16:30:00Z", None),
            ("2024-04-02T18:00:00Z", None),
            ("2024-04-02T00:30:00+09:00", None),
            ("2024-04-02T00:00:00-05:00", None),
        ] {
            assert_eq!(parse(text), read.map(DateText::Date), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "2024-02-30",
            "24-4-2",
            "2024-4",
            "2024年4月",
            "45384",
            "4/2/2024",
            "2024-04/02",
            "20241301",
            "2024-04-02 25:00",
            "2024-04-02 abc",
            "2024-04-02-03",
            "二〇二四年",
            "T",
            ":",
            "2024-04-02T",
            "0000-01-01",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
