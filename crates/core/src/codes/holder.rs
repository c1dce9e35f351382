//! What a holder is known by: a credit code, a citizen id, an older code or another paper.

use super::{CitizenId, CodeError, CodeKind, CreditCode, check::mod_11_10, organisation_check};

/// What kind of code a holder is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HolderCodeKind {
    /// 公民身份号码.
    CitizenId,
    /// 统一社会信用代码.
    CreditCode,
    /// 组织机构代码 or 工商注册号, from before the credit code.
    FormerOrganisationCode,
    /// Passport, travel permit, service card.
    OtherPaper,
}

impl HolderCodeKind {
    /// 持证主体代码类型代码 (GB/T 36903 annex A).
    pub fn type_code(self) -> &'static str {
        match self {
            Self::CitizenId => "111",
            Self::CreditCode => "001",
            Self::FormerOrganisationCode => "099",
            Self::OtherPaper => "999",
        }
    }

    /// 持证主体代码类型: its name in the same annex.
    pub fn type_name(self) -> &'static str {
        match self {
            Self::CitizenId => "公民身份号码",
            Self::CreditCode => "统一社会信用代码",
            Self::FormerOrganisationCode => "其他法人或其他组织有效证件代码",
            Self::OtherPaper => "其他自然人有效证件代码",
        }
    }
}

/// A holder's code with its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HolderCode {
    kind: HolderCodeKind,
    text: String,
}

impl HolderCode {
    /// A person's code: citizen id, or the number of another paper as far as it is plausible.
    ///
    /// Whatever is as long as a citizen id must be one, and whatever is longer than any paper's number
    /// is a citizen id with a slip in it.
    pub fn person(text: &str) -> Result<HolderCode, CodeError> {
        const LONGEST_PAPER: usize = 12;
        let length = text.chars().count();
        if length > LONGEST_PAPER {
            let id = CitizenId::parse(text)?;
            return Ok(HolderCode {
                kind: HolderCodeKind::CitizenId,
                text: id.as_str().to_owned(),
            });
        }
        let code = CodeKind::OtherPaper;
        for (at, found) in text.chars().enumerate() {
            let wording = matches!(
                found,
                '军' | '武' | '警' | '士' | '官' | '文' | '兵' | '字' | '第' | '号'
            );
            if !(found.is_ascii_digit() || found.is_ascii_uppercase() || wording) {
                let allowed = "数字或大写字母";
                return Err(CodeError::Character {
                    code,
                    position: at + 1,
                    found,
                    allowed,
                });
            }
        }
        if text.chars().filter(char::is_ascii_digit).count() < 6 {
            let expected = "18位公民身份号码，或含至少6位数字的其他证件号码";
            return Err(CodeError::Length {
                code,
                expected,
                found: length,
            });
        }
        Ok(HolderCode {
            kind: HolderCodeKind::OtherPaper,
            text: text.to_owned(),
        })
    }

    /// An organisation's code: credit code, or one of its two forerunners if its check digit is right.
    pub fn organisation(text: &str) -> Result<HolderCode, CodeError> {
        let kind = HolderCodeKind::FormerOrganisationCode;
        match text.chars().count() {
            15 if text.bytes().all(|b| b.is_ascii_digit()) => {
                let (expected, found) = (mod_11_10(&text[..14]), text.chars().last().unwrap_or(' '));
                if expected != found {
                    return Err(CodeError::CheckCharacter {
                        code: CodeKind::RegistrationNumber,
                        expected,
                        found,
                    });
                }
                Ok(HolderCode {
                    kind,
                    text: text.to_owned(),
                })
            }
            9 | 10 if text.is_ascii() => {
                let joined = text.replace('-', "");
                let (body, last) = joined.split_at(joined.len().min(8));
                let expected = organisation_check(body)?;
                match last.chars().next() {
                    Some(found) if found == expected && last.len() == 1 => {
                        Ok(HolderCode { kind, text: joined })
                    }
                    found => Err(CodeError::CheckCharacter {
                        code: CodeKind::OrganisationCode,
                        expected,
                        found: found.unwrap_or(' '),
                    }),
                }
            }
            _ => {
                let code = CreditCode::parse(text)?;
                Ok(HolderCode {
                    kind: HolderCodeKind::CreditCode,
                    text: code.as_str().to_owned(),
                })
            }
        }
    }

    /// The code of a holder of either kind.
    ///
    /// Seventeen digits with a date in places 7 to 14 are taken for a citizen id and nothing else: one
    /// mistyped citizen id in thirty-one would otherwise pass for a credit code.
    pub fn any(text: &str) -> Result<HolderCode, CodeError> {
        if CitizenId::resembles(text) {
            return Self::person(text);
        }
        Self::organisation(text).or_else(|error| match text.chars().count() {
            9 | 10 | 15 | 18 => Self::person(text).map_err(|_| error),
            _ => Self::person(text),
        })
    }

    /// Its kind.
    pub fn kind(&self) -> HolderCodeKind {
        self.kind
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The code as text, owned.
    pub fn into_string(self) -> String {
        self.text
    }
}

/// Keeps `head` and `tail` characters and hides the rest, at least half of a short text.
pub(super) fn hide(text: &str, head: usize, tail: usize) -> String {
    let length = text.chars().count();
    let (head, tail) = if length >= 2 * (head + tail) || length == 18 {
        (head, tail)
    } else {
        (length.div_ceil(4), length / 4)
    };
    text.chars()
        .enumerate()
        .map(|(at, c)| if at < head || at + tail >= length { c } else { '*' })
        .collect()
}

/// Hides the middle of any holder's code, by its kind.
pub fn mask_code(text: &str) -> String {
    if let Ok(id) = CitizenId::parse(text) {
        return id.mask();
    }
    match CreditCode::parse(text) {
        Ok(code) => code.mask(),
        Err(_) => hide(text, 2, 2),
    }
}

/// Hides all but the first character of a person's name.
pub fn mask_name(name: &str) -> String {
    name.chars()
        .enumerate()
        .map(|(at, c)| if at == 0 || c == '·' { c } else { '*' })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn persons() {
        let kind = |text| HolderCode::person(text).map(|code| code.kind());
        assert_eq!(kind("419901199308272151"), Ok(HolderCodeKind::CitizenId));
        for paper in [
            "E12345678",
            "EA1234567",
            "H1234567801",
            "12345678",
            "军字第1234567号",
        ] {
            assert_eq!(kind(paper), Ok(HolderCodeKind::OtherPaper), "{paper}");
        }
        assert!(matches!(
            kind("419901199308272152"),
            Err(CodeError::CheckCharacter { .. })
        ));
        assert!(matches!(
            kind("41990119930827215"),
            Err(CodeError::Length { found: 17, .. })
        ));
        assert!(kind("无").is_err());
        assert!(kind("ABCDEFGH").is_err());
        assert!(kind("").is_err());
    }

    #[test]
    fn organisations() {
        let kind = |text| HolderCode::organisation(text).map(|code| code.kind());
        assert_eq!(kind("92419901MA4EXA1P5H"), Ok(HolderCodeKind::CreditCode));
        assert_eq!(kind("MA4EXA1P5"), Ok(HolderCodeKind::FormerOrganisationCode));
        assert_eq!(
            HolderCode::organisation("MA4EXA1P-5").unwrap().as_str(),
            "MA4EXA1P5"
        );
        let old = format!("41990100000001{}", mod_11_10("41990100000001"));
        assert_eq!(kind(&old), Ok(HolderCodeKind::FormerOrganisationCode));
        assert!(matches!(kind("MA4EXA1P6"), Err(CodeError::CheckCharacter { .. })));
        assert!(matches!(
            kind("92419901MA4EXA1P5J"),
            Err(CodeError::CheckCharacter { .. })
        ));
        assert!(kind("").is_err());
        assert!(kind("证").is_err());
        assert!(kind("--------").is_err());
        assert!(kind("---------").is_err());
    }

    #[test]
    fn either_reports_the_likelier_reading() {
        assert_eq!(
            HolderCode::any("92419901MA4EXB2K34").unwrap().kind(),
            HolderCodeKind::CreditCode
        );
        assert_eq!(
            HolderCode::any("419901199308272151").unwrap().kind(),
            HolderCodeKind::CitizenId
        );
        assert!(matches!(
            HolderCode::any("419901199308272150"),
            Err(CodeError::CheckCharacter {
                code: CodeKind::CitizenId,
                ..
            })
        ));
        assert!(matches!(
            HolderCode::any("92419901MA4EXB2K35"),
            Err(CodeError::CheckCharacter {
                code: CodeKind::CreditCode,
                ..
            })
        ));
    }

    #[test]
    fn masks() {
        assert_eq!(mask_code("419901199308272151"), "4199************51");
        assert_eq!(mask_code("92419901MA4EXA1P5H"), "92419901******1P5H");
        assert_eq!(mask_code("E12345678"), "E1*****78");
        assert_eq!(mask_code("123"), "1**");
        assert_eq!(mask_name("李样例"), "李**");
        assert_eq!(mask_name("阿依·示例"), "阿*·**");
        assert_eq!(mask_name("𠮷样例"), "𠮷**");
    }
}
