//! Citizen identity number, 公民身份号码 (GB 11643-1999).

use std::fmt;

use jiff::civil::Date;

use super::{CodeError, CodeKind, holder::hide};

const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECKS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];

/// A person's sex as the number tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sex {
    /// 女, an even sequence number.
    Female,
    /// 男, an odd one.
    Male,
}

/// A citizen id of eighteen places whose date and check character are right.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CitizenId {
    text: String,
    born: Date,
}

impl CitizenId {
    /// Reads eighteen places, or the fifteen of the numbers given out before 1999, which are lengthened
    /// by the century and the check character as the standard says.
    pub fn parse(text: &str) -> Result<CitizenId, CodeError> {
        let code = CodeKind::CitizenId;
        let found = text.chars().count();
        if found != 18 && found != 15 {
            return Err(CodeError::Length {
                code,
                expected: "18位（旧号15位）",
                found,
            });
        }
        for (at, found) in text.chars().enumerate() {
            let good = found.is_ascii_digit() || (found == 'X' && at == 17);
            if !good || (at == 0 && found == '0') {
                let allowed = match at {
                    0 => "1至9（行政区划码首位）",
                    17 => "数字或大写字母X",
                    _ => "数字",
                };
                return Err(CodeError::Character {
                    code,
                    position: at + 1,
                    found,
                    allowed,
                });
            }
        }
        let text = if found == 15 {
            let body = format!("{}19{}", &text[..6], &text[6..]);
            let check = Self::check_character(&body)?;
            format!("{body}{check}")
        } else {
            text.to_owned()
        };
        let born = date_of(&text).ok_or(CodeError::Date)?;
        let expected = Self::check_character(&text)?;
        match text.chars().last() {
            Some(last) if last == expected => Ok(CitizenId { text, born }),
            last => Err(CodeError::CheckCharacter {
                code,
                expected,
                found: last.unwrap_or(' '),
            }),
        }
    }

    /// Makes a number from region (six digits), birth date and sequence number (below 1000).
    pub fn compose(region: &str, born: Date, sequence: u16) -> Result<CitizenId, CodeError> {
        let body = format!(
            "{region}{:04}{:02}{:02}{sequence:03}",
            born.year(),
            born.month(),
            born.day()
        );
        let check = Self::check_character(&body)?;
        Self::parse(&format!("{body}{check}"))
    }

    /// Whether a text has the build of a citizen id, be its check character right or wrong.
    pub fn resembles(text: &str) -> bool {
        text.chars().count() == 18
            && text.bytes().take(17).all(|b| b.is_ascii_digit())
            && date_of(text).is_some_and(|born| born.year() < 2100)
    }

    /// The check character that follows from the first seventeen digits.
    pub fn check_character(text: &str) -> Result<char, CodeError> {
        let code = CodeKind::CitizenId;
        let found = text.chars().count();
        if found < WEIGHTS.len() {
            return Err(CodeError::Length {
                code,
                expected: "18位",
                found,
            });
        }
        let mut sum = 0;
        for ((at, found), weight) in text.chars().enumerate().zip(WEIGHTS) {
            let digit = found.to_digit(10).ok_or(CodeError::Character {
                code,
                position: at + 1,
                found,
                allowed: "数字",
            })?;
            sum += digit * weight;
        }
        Ok(CHECKS[(sum % 11) as usize])
    }

    /// The number as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Date of birth.
    pub fn born(&self) -> Date {
        self.born
    }

    /// Sex.
    pub fn sex(&self) -> Sex {
        match self.text.as_bytes().get(16).map(|digit| digit % 2) {
            Some(0) => Sex::Female,
            _ => Sex::Male,
        }
    }

    /// With district, birth date and sequence hidden: `4199************51`.
    pub fn mask(&self) -> String {
        hide(&self.text, 4, 2)
    }
}

/// Debug output goes to logs, which never hold personal data.
impl fmt::Debug for CitizenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CitizenId").field(&self.mask()).finish()
    }
}

fn date_of(text: &str) -> Option<Date> {
    let part = |range| {
        text.get(range)
            .and_then(|digits: &str| digits.parse::<i16>().ok())
    };
    let (year, month, day) = (part(6..10)?, part(10..12)?, part(12..14)?);
    let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    (year >= 1800).then_some(date)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use jiff::civil::date;

    use super::*;

    const EXAMPLES: [&str; 3] = ["11010519491231002X", "440524188001010014", "419901199308272151"];

    #[test]
    fn examples_of_the_standard_parse() {
        let first = CitizenId::parse(EXAMPLES[0]).unwrap();
        assert_eq!((first.born(), first.sex()), (date(1949, 12, 31), Sex::Female));
        let second = CitizenId::parse(EXAMPLES[1]).unwrap();
        assert_eq!((second.born(), second.sex()), (date(1880, 1, 1), Sex::Male));
        assert_eq!(
            CitizenId::compose("110105", date(1949, 12, 31), 2).unwrap(),
            first
        );
    }

    #[test]
    fn every_substitution_is_found() {
        for id in EXAMPLES {
            for at in 0..id.len() {
                for other in "0123456789X".chars().filter(|c| !id[at..].starts_with(*c)) {
                    let changed = format!("{}{other}{}", &id[..at], &id[at + 1..]);
                    assert!(CitizenId::parse(&changed).is_err(), "{changed}");
                }
            }
        }
    }

    #[test]
    fn fifteen_places_are_lengthened() {
        let old = CitizenId::parse("110105491231002").unwrap();
        assert_eq!(old.as_str(), "11010519491231002X");
    }

    #[test]
    fn errors_name_the_place() {
        assert_eq!(CitizenId::parse("11010519491331002X"), Err(CodeError::Date));
        assert!(matches!(
            CitizenId::parse("1101051949123100AX"),
            Err(CodeError::Character {
                position: 17,
                found: 'A',
                ..
            })
        ));
        assert!(matches!(
            CitizenId::parse("11010519491231002x"),
            Err(CodeError::Character { position: 18, .. })
        ));
        assert!(matches!(
            CitizenId::parse("1101051949123100"),
            Err(CodeError::Length { found: 16, .. })
        ));
        assert!(matches!(
            CitizenId::parse("419901199308272152"),
            Err(CodeError::CheckCharacter {
                expected: '1',
                found: '2',
                ..
            })
        ));
        assert!(CitizenId::parse("一二三四五六七八九十一二三四五六七八").is_err());
    }

    #[test]
    fn neither_mask_nor_debug_tells_the_birth_date() {
        let id = CitizenId::parse(EXAMPLES[2]).unwrap();
        assert_eq!(id.mask(), "4199************51");
        assert_eq!(format!("{id:?}"), "CitizenId(\"4199************51\")");
    }
}
