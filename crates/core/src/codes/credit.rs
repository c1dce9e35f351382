//! Unified social credit code, 统一社会信用代码 (GB 32100-2015).

use std::fmt;

use super::{CodeError, CodeKind, holder::hide};

/// Digits and letters without I, O, S, V, Z; the value of a character is its place.
const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
const LENGTH: usize = 18;

/// A unified social credit code whose check character is right.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CreditCode(String);

impl CreditCode {
    /// Reads eighteen characters.
    ///
    /// The inner check digit of the organisation code (place 17) is not judged: registrars have given
    /// out codes whose inner digit is wrong, and they are in force.
    pub fn parse(text: &str) -> Result<CreditCode, CodeError> {
        let found = text.chars().count();
        if found != LENGTH {
            return Err(CodeError::Length {
                code: CodeKind::CreditCode,
                expected: "18位",
                found,
            });
        }
        let expected = Self::check_character(text)?;
        match text.chars().last() {
            Some(last) if last == expected => Ok(CreditCode(text.to_owned())),
            last => Err(CodeError::CheckCharacter {
                code: CodeKind::CreditCode,
                expected,
                found: last.unwrap_or(' '),
            }),
        }
    }

    /// Makes a code: registering department and kind of organisation (`92`), region (six digits), and
    /// the first eight characters of the organisation code; both check characters are added.
    pub fn compose(kind: &str, region: &str, organisation: &str) -> Result<CreditCode, CodeError> {
        let inner = organisation_check(organisation)?;
        let body = format!("{kind}{region}{organisation}{inner}");
        let found = body.chars().count() + 1;
        if found != LENGTH {
            return Err(CodeError::Length {
                code: CodeKind::CreditCode,
                expected: "18位",
                found,
            });
        }
        let check = Self::check_character(&body)?;
        Ok(CreditCode(format!("{body}{check}")))
    }

    /// The check character that follows from the first seventeen characters. All characters are checked
    /// against the alphabet, the places of the region against digits.
    pub fn check_character(text: &str) -> Result<char, CodeError> {
        let mut sum = 0;
        let mut weight = 1;
        for (at, found) in text.chars().take(LENGTH).enumerate() {
            let value = ALPHABET
                .find(found)
                .filter(|_| !(2..8).contains(&at) || found.is_ascii_digit());
            let Some(value) = value else {
                return Err(CodeError::Character {
                    code: CodeKind::CreditCode,
                    position: at + 1,
                    found,
                    allowed: if (2..8).contains(&at) {
                        "数字（行政区划码）"
                    } else {
                        "数字或大写字母（不用I、O、S、V、Z）"
                    },
                });
            };
            if at < LENGTH - 1 {
                sum += value * weight;
                weight = weight * 3 % 31;
            }
        }
        Ok(ALPHABET.chars().nth((31 - sum % 31) % 31).unwrap_or('0'))
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Six digits of the region where it was registered.
    pub fn region(&self) -> &str {
        &self.0[2..8]
    }

    /// The organisation code within (GB 11714), nine characters.
    pub fn organisation_code(&self) -> &str {
        &self.0[8..17]
    }

    /// With the organisation's own part hidden: `92419901******1P5H`.
    pub fn mask(&self) -> String {
        hide(&self.0, 8, 4)
    }
}

impl fmt::Display for CreditCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Check character of an organisation code (GB 11714) over its first eight characters.
pub fn organisation_check(eight: &str) -> Result<char, CodeError> {
    const WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];
    let code = CodeKind::OrganisationCode;
    let found = eight.chars().count();
    if found != WEIGHTS.len() {
        return Err(CodeError::Length {
            code,
            expected: "8位加1位校验位",
            found,
        });
    }
    let mut sum = 0;
    for ((at, found), weight) in eight.chars().enumerate().zip(WEIGHTS) {
        let value = super::check::value(found).ok_or(CodeError::Character {
            code,
            position: at + 1,
            found,
            allowed: "数字或大写字母",
        })?;
        sum += value * weight;
    }
    Ok(match 11 - sum % 11 {
        10 => 'X',
        11 => '0',
        digit => char::from(b'0' + digit as u8),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const REAL: [&str; 9] = [
        "91350100M000100Y43",
        "11100000000013338W",
        "12100000000018032A",
        "11370306MB2867521U",
        "11370000MB2852565A",
        "11220000013544541J",
        "11430000006122244L",
        "11330105002500287C",
        "11100000MB03271699",
    ];

    #[test]
    fn codes_in_use_parse() {
        for code in REAL {
            let parsed = CreditCode::parse(code).unwrap();
            assert_eq!(parsed.as_str(), code);
            let inner = parsed.organisation_code();
            assert_eq!(
                organisation_check(&inner[..8]).unwrap(),
                inner.chars().last().unwrap(),
                "{code}"
            );
            assert_eq!(
                CreditCode::compose(&code[..2], parsed.region(), &inner[..8]).unwrap(),
                parsed
            );
        }
    }

    #[test]
    fn every_substitution_is_found() {
        for code in REAL {
            for at in 0..code.len() {
                for other in ('0'..='9')
                    .chain('A'..='Z')
                    .filter(|c| !code[at..].starts_with(*c))
                {
                    let changed = format!("{}{other}{}", &code[..at], &code[at + 1..]);
                    assert!(CreditCode::parse(&changed).is_err(), "{changed}");
                }
            }
        }
    }

    #[test]
    fn errors_name_the_place() {
        assert!(matches!(
            CreditCode::parse("91350100M00O100Y43"),
            Err(CodeError::Character {
                position: 12,
                found: 'O',
                ..
            })
        ));
        assert!(matches!(
            CreditCode::parse("9135A100M000100Y43"),
            Err(CodeError::Character { position: 5, .. })
        ));
        assert!(matches!(
            CreditCode::parse("91350100M000100Y4"),
            Err(CodeError::Length { found: 17, .. })
        ));
        assert_eq!(
            CreditCode::parse("91350100M000100Y44"),
            Err(CodeError::CheckCharacter {
                code: CodeKind::CreditCode,
                expected: '3',
                found: '4'
            })
        );
        assert!(CreditCode::parse("统一社会信用代码统一社会信用代码统一").is_err());
    }

    #[test]
    fn the_mask_hides_the_middle() {
        assert_eq!(CreditCode::parse(REAL[0]).unwrap().mask(), "91350100******0Y43");
    }
}
