//! Certificate numbers: composing them by a type's rule.

use super::NumberRule;
use crate::codes::mod_11_10;

const MAX_SEQUENCE_DIGITS: usize = 12;

/// Why a number could not be composed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NumberError {
    /// The sequence has run past the digits the rule gives it.
    #[error("证照编号的流水号已用尽：规则只有{digits}位，当前为{sequence}")]
    Exhausted {
        /// Digits of the rule.
        digits: usize,
        /// The sequence number.
        sequence: u64,
    },
    /// The number is made from the holder's code, and there is none.
    #[error("证照编号由持证主体代码构成，缺少持证主体代码")]
    HolderCode,
    /// The rule itself is wrong.
    #[error("证照编号规则有误：{reason}")]
    Pattern {
        /// What is wrong.
        reason: String,
    },
    /// The region is not six digits.
    #[error("行政区划码应为6位数字，实为“{found}”")]
    Region {
        /// What was given.
        found: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part<'a> {
    Check,
    HolderCode,
    Literal(&'a str),
    Region,
    Sequence(usize),
    Year,
}

impl NumberRule {
    /// The number for this region, year of issue, sequence number (from 1) and holder.
    pub fn compose(
        &self,
        region: &str,
        year: i16,
        sequence: u64,
        holder_code: Option<&str>,
    ) -> Result<String, NumberError> {
        let mut number = String::with_capacity(self.max_chars);
        for part in self.parts()? {
            match part {
                Part::Check => number.push(mod_11_10(&number)),
                Part::HolderCode => number.push_str(holder_code.ok_or(NumberError::HolderCode)?),
                Part::Literal(text) => number.push_str(text),
                Part::Region if region.len() == 6 && region.bytes().all(|b| b.is_ascii_digit()) => {
                    number.push_str(region);
                }
                Part::Region => {
                    return Err(NumberError::Region {
                        found: region.to_owned(),
                    });
                }
                Part::Sequence(digits) => {
                    let text = format!("{sequence:0digits$}");
                    if text.len() > digits {
                        return Err(NumberError::Exhausted { digits, sequence });
                    }
                    number.push_str(&text);
                }
                Part::Year => number.push_str(&year_digits(year)),
            }
        }
        Ok(number)
    }

    /// The registry sequence numbers of a type are drawn from, one for each region and year the number
    /// shows; none when the holder's code alone makes the number.
    pub fn sequence_name(&self, type_key: &str, region: &str, year: i16) -> Option<String> {
        let parts = self.parts().ok()?;
        if !parts.iter().any(|part| matches!(part, Part::Sequence(_))) {
            return None;
        }
        let mut name = format!("number/{type_key}");
        if parts.contains(&Part::Region) {
            name.push('/');
            name.push_str(region);
        }
        if parts.contains(&Part::Year) {
            name.push('/');
            name.push_str(&year_digits(year));
        }
        Some(name)
    }

    /// Whether the holder's code is part of the number.
    pub fn uses_holder_code(&self) -> bool {
        self.parts().is_ok_and(|parts| parts.contains(&Part::HolderCode))
    }

    pub(super) fn parts(&self) -> Result<Vec<Part<'_>>, NumberError> {
        let wrong = |reason: String| NumberError::Pattern { reason };
        let mut parts = Vec::new();
        let mut rest = self.pattern.as_str();
        while !rest.is_empty() {
            let Some(open) = rest.find('{') else {
                parts.push(Part::Literal(rest));
                break;
            };
            if open > 0 {
                parts.push(Part::Literal(&rest[..open]));
            }
            let close = rest[open..]
                .find('}')
                .ok_or_else(|| wrong("“{”没有对应的“}”".to_owned()))?;
            let name = &rest[open + 1..open + close];
            parts.push(match name {
                "check" if parts.is_empty() => return Err(wrong("{check} 前面没有数字".to_owned())),
                "check" => Part::Check,
                "holder-code" => Part::HolderCode,
                "region" => Part::Region,
                "year" => Part::Year,
                _ => match name.strip_prefix("seq:").and_then(|digits| digits.parse().ok()) {
                    Some(digits @ 1..=MAX_SEQUENCE_DIGITS) => Part::Sequence(digits),
                    _ => return Err(wrong(format!("不认识的占位符 {{{name}}}"))),
                },
            });
            rest = &rest[open + close + 1..];
        }
        let sequences = parts
            .iter()
            .filter(|part| matches!(part, Part::Sequence(_)))
            .count();
        if sequences > 1 {
            return Err(wrong("{seq:N} 出现多次".to_owned()));
        }
        if sequences == 0 && !parts.contains(&Part::HolderCode) {
            return Err(wrong(
                "既没有 {seq:N} 也没有 {holder-code}，编号无法唯一".to_owned(),
            ));
        }
        Ok(parts)
    }
}

fn year_digits(year: i16) -> String {
    format!("{year:04}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn rule(pattern: &str) -> NumberRule {
        NumberRule {
            pattern: pattern.to_owned(),
            max_chars: 40,
        }
    }

    #[test]
    fn composing() {
        let food = rule("JY1{region}{seq:6}{check}");
        assert_eq!(
            food.compose("419901", 2024, 37, None).unwrap(),
            "JY14199010000371"
        );
        assert_eq!(
            food.sequence_name("food", "419901", 2024).unwrap(),
            "number/food/419901"
        );
        let chemicals = rule("{region}危化经字〔{year}〕{seq:6}号");
        assert_eq!(
            chemicals.compose("419901", 2024, 37, None).unwrap(),
            "419901危化经字〔2024〕000037号"
        );
        assert_eq!(
            chemicals.sequence_name("c", "419901", 2024).unwrap(),
            "number/c/419901/2024"
        );
        let holder = rule("{holder-code}001V");
        assert_eq!(holder.compose("", 2024, 0, Some("X")).unwrap(), "X001V");
        assert_eq!(holder.sequence_name("h", "419901", 2024), None);
        assert!(holder.uses_holder_code());
    }

    #[test]
    fn refusals() {
        assert_eq!(
            rule("{holder-code}").compose("419901", 2024, 1, None),
            Err(NumberError::HolderCode)
        );
        assert_eq!(
            rule("{seq:2}").compose("419901", 2024, 100, None),
            Err(NumberError::Exhausted {
                digits: 2,
                sequence: 100
            })
        );
        assert!(matches!(
            rule("{region}{seq:2}").compose("41", 2024, 1, None),
            Err(NumberError::Region { .. })
        ));
        for pattern in [
            "",
            "A{region}",
            "{seq:0}",
            "{seq:99}",
            "{seq}",
            "{seq:2",
            "{seq:2}{seq:2}",
            "{check}{seq:2}",
            "{x}",
        ] {
            assert!(
                matches!(rule(pattern).parts(), Err(NumberError::Pattern { .. })),
                "{pattern}"
            );
        }
    }
}
