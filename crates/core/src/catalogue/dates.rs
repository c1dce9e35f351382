//! Dates in the forms departments really write.

use jiff::{ToSpan as _, civil::Date};

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

/// Why a text is no date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DateFault {
    /// A year, month and day that no calendar has.
    NoSuchDay,
    /// Nothing that is known.
    Unknown,
    /// The number of a day, as spreadsheets keep dates.
    Serial(Date),
    /// A time of another zone, which here falls on another day.
    OtherDay(Date),
    /// Day, month and year in an order that cannot be told.
    YearLast,
    /// A year of two digits.
    ShortYear,
}

impl DateFault {
    /// What is wrong, said after the value in quotes.
    pub(super) fn reason(self) -> String {
        match self {
            Self::NoSuchDay => "不是历法上有的日期".to_owned(),
            Self::Unknown => "不是可识别的日期".to_owned(),
            Self::Serial(date) => format!("不是可识别的日期，像是电子表格的日期序号，即{}", print(date)),
            Self::OtherDay(date) => {
                format!("是另一时区的时间，按北京时间是{}，无法确定指哪一天", print(date))
            }
            Self::YearLast => "年份在最后，月和日的先后无法确定".to_owned(),
            Self::ShortYear => "年份只有两位".to_owned(),
        }
    }

    /// What to do.
    pub(super) fn hint(self) -> &'static str {
        match self {
            Self::NoSuchDay => "请对照原件核对年月日",
            Self::Serial(_) => "在电子表格中把该列设为日期格式（如2024-04-02）再导出",
            Self::Unknown | Self::OtherDay(_) | Self::YearLast | Self::ShortYear => {
                "请写成2024-04-02、2024/4/2、20240402或2024年4月2日，年月日俱全"
            }
        }
    }
}

/// Reads `2024-04-02`, `2024/4/2`, `2024.4.2`, `20240402`, `2024年4月2日`, each also with a time of day
/// behind it, as spreadsheets and databases write them; or a word for "without end".
pub(super) fn parse(text: &str) -> Result<DateText, DateFault> {
    let text: String = text.trim().chars().map(half_width).collect();
    let joined: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if matches!(
        joined.as_str(),
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
        return Ok(DateText::Unlimited);
    }
    let (date, time) = split(&text, &joined);
    let time = match time {
        Some(time) => Some(clock(time).ok_or(DateFault::Unknown)?),
        None => None,
    };
    let date: String = date.chars().filter(|c| !c.is_whitespace()).collect();
    let (year, month, day) = match parts(&date) {
        Some([year, month, day]) if year.len() == 4 => (year, month, day),
        Some([year, _, day]) if year.len() <= 2 && day.len() == 4 => return Err(DateFault::YearLast),
        Some([year, ..]) if year.len() == 2 => return Err(DateFault::ShortYear),
        Some(_) => return Err(DateFault::Unknown),
        None => return Err(serial(&date).map_or(DateFault::Unknown, DateFault::Serial)),
    };
    let number = |part: &str| part.parse::<i16>().map_err(|_| DateFault::Unknown);
    let year = number(year)?;
    if year == ENDLESS_YEAR {
        return Ok(DateText::Unlimited);
    }
    if !YEARS.contains(&year) || day.len() > 2 {
        return Err(DateFault::Unknown);
    }
    let small = |part: &str| part.parse::<i8>().map_err(|_| DateFault::Unknown);
    let date = Date::new(year, small(month)?, small(day)?).map_err(|_| DateFault::NoSuchDay)?;
    match time.map_or(Some(date), |minutes| here(date, minutes)) {
        Some(same) if same == date => Ok(DateText::Date(date)),
        Some(other) => Err(DateFault::OtherDay(other)),
        None => Err(DateFault::Unknown),
    }
}

/// Year, month and day as printed on a face.
pub(super) fn print(date: Date) -> String {
    format!("{}年{}月{}日", date.year(), date.month(), date.day())
}

/// Year, month and day in the order they stand in.
fn parts(date: &str) -> Option<[&str; 3]> {
    if date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit()) {
        return Some([date.get(..4)?, date.get(4..6)?, date.get(6..)?]);
    }
    for [first, second, end] in [
        ["-", "-", ""],
        ["/", "/", ""],
        [".", ".", ""],
        ["年", "月", "日"],
        ["年", "月", ""],
    ] {
        let found = date.split_once(first).and_then(|(year, rest)| {
            let (month, day) = rest.split_once(second)?;
            Some([year, month, day.strip_suffix(end)?])
        });
        let digits =
            |part: &str, most| (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        if let Some([year, month, day]) = found
            && digits(year, 4)
            && digits(month, 2)
            && digits(day, 4)
        {
            return found;
        }
    }
    None
}

/// The day of a number as spreadsheets count days, of 1950 to 2100.
fn serial(text: &str) -> Option<Date> {
    let (days, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = [days, fraction]
        .iter()
        .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    let days: i64 = days
        .parse()
        .ok()
        .filter(|days| is_number && (18_264..73_051).contains(days))?;
    jiff::civil::date(1899, 12, 30).checked_add(days.days()).ok()
}

/// Date and time of day: the time stands behind a `T`, behind the last space before the first colon, or
/// as six more digits.
fn split<'a>(text: &'a str, joined: &'a str) -> (&'a str, Option<&'a str>) {
    if joined.len() == 14 && joined.bytes().all(|b| b.is_ascii_digit()) {
        let (date, time) = joined.split_at(8);
        return (date, Some(time));
    }
    let before_time = || text.find(':').and_then(|colon| text.get(..colon)?.rfind(' '));
    match text.find(['T', 't']).or_else(before_time) {
        Some(at) => (&text[..at], text.get(at + 1..)),
        None => (text, None),
    }
}

/// A time of day as minutes since midnight in China, which another zone may put before this day or after.
fn clock(text: &str) -> Option<i32> {
    const CHINA: i32 = 8 * 60;
    let text = text.trim();
    let zone_at = text.find(['Z', 'z', '+', '-']);
    let (time, zone) = zone_at.map_or((text, None), |at| (&text[..at], Some(&text[at..])));
    let (time, fraction) = time.trim().split_once('.').unwrap_or((time.trim(), "0"));
    if fraction.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let minutes = minutes(time)?;
    let offset = match zone {
        None => CHINA,
        Some("Z" | "z") => 0,
        Some(zone) => {
            let (sign, size) = zone.split_at(1);
            let size = if size.len() == 2 {
                format!("{size}00")
            } else {
                size.to_owned()
            };
            let offset = self::minutes(&size)?;
            if sign == "-" { -offset } else { offset }
        }
    };
    Some(minutes + CHINA - offset)
}

/// Minutes of `9:15`, `09:15:00`, `0915` or `091500`.
fn minutes(text: &str) -> Option<i32> {
    let parts: Vec<&str> = match text.len() {
        4 | 6 if !text.contains(':') => (0..text.len() / 2)
            .filter_map(|at| text.get(2 * at..2 * at + 2))
            .collect(),
        _ => text.split(':').collect(),
    };
    if !(2..=3).contains(&parts.len()) {
        return None;
    }
    let mut numbers = parts.iter().zip([24, 60, 61]).map(|(part, end)| {
        let is_short = (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        part.parse::<i32>()
            .ok()
            .filter(|number| is_short && *number < end)
    });
    let (hours, minutes) = (numbers.next()??, numbers.next()??);
    numbers
        .all(|second| second.is_some())
        .then_some(hours * 60 + minutes)
}

/// The day in China so many minutes from the beginning of a day.
fn here(date: Date, minutes: i32) -> Option<Date> {
    date.checked_add(i64::from(minutes.div_euclid(24 * 60)).days())
        .ok()
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
            "2024-04-02T15:59:59Z",
            "2024-04-02T00:00:00+08:00",
            "2024-04-02 23:59:59.999 +0800",
            "2024-04-02 09:00:00-05",
            "20240402 09:15:00.0",
            "20240402091500",
        ] {
            assert_eq!(parse(text), Ok(DateText::Date(date(2024, 4, 2))), "{text}");
        }
        for text in ["长期", "长　期", "永久", "无固定期限", "9999-12-31"] {
            assert_eq!(parse(text), Ok(DateText::Unlimited), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "2024-4",
            "2024年4月",
            "202404",
            "2024-04/02",
            "2024-04-02 25:00",
            "2024-04-02 abc",
            "2024-04-02T00:00:00+8",
            "2024-04-02-03",
            "20240402250000",
            "二〇二四年",
            "T",
            ":",
            "2024-04-02T",
            "0000-01-01",
            "1552665600",
            "202.4.2",
            "2024-4-2024",
        ] {
            assert_eq!(parse(text), Err(DateFault::Unknown), "{text}");
        }
        for text in ["2024-02-30", "20241301", "2024/31/12", "1900/1/0"] {
            assert_eq!(parse(text), Err(DateFault::NoSuchDay), "{text}");
        }
        for text in ["4/2/2024", "02.04.2024"] {
            assert_eq!(parse(text), Err(DateFault::YearLast), "{text}");
        }
        for text in ["24-4-2", "24年4月2日", "04/02/24"] {
            assert_eq!(parse(text), Err(DateFault::ShortYear), "{text}");
        }
    }

    #[test]
    fn what_could_be_another_day_is_refused() {
        for text in [
            "2024-04-01T16:00:00.000Z",
            "2024-04-01 16:00:00+00:00",
            "2024-04-01 20:00 -0500",
        ] {
            assert_eq!(parse(text), Err(DateFault::OtherDay(date(2024, 4, 2))), "{text}");
        }
        let before = DateFault::OtherDay(date(2024, 4, 1));
        assert_eq!(parse("2024-04-02T00:30:00+09:00"), Err(before));
        for text in ["45384", "45384.0", "45384.5"] {
            assert_eq!(parse(text), Err(DateFault::Serial(date(2024, 4, 2))), "{text}");
        }
    }
}
