//! The national certificate identifier, 证照标识 (GB/T 36904-2018).
//!
//! `1.2.156.3005.2 . type code . issuer code . serial . version . check character`, the check character
//! by ISO 7064 MOD 37,36 over the four middle parts without dots.

use std::fmt;

use super::{
    CodeError, CodeKind, CreditCode,
    check::{mod_37_36, mod_37_36_variant},
};

const ROOT: &str = "1.2.156.3005.2";
const TYPE_CODE_LEN: usize = 21;
const MAX_ISSUER_LEN: usize = 18;
const MAX_SERIAL_LEN: usize = 40;
const MAX_VERSION: u16 = 999;

/// By which algorithm a check character was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckAlgorithm {
    /// ISO 7064 MOD 37,36, as the standard says.
    Iso,
    /// The wrong variant that several provinces' systems use; read and named, never written.
    LegacyVariant,
}

/// A certificate identifier.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CertificateIdentifier {
    type_code: String,
    issuer_code: String,
    serial: String,
    version: u16,
    check: char,
}

impl CertificateIdentifier {
    /// Makes an identifier: type code (credit code of the defining agency and three characters), credit
    /// code of the issuing agency, serial of the issuer's choice (digits and capital letters), version
    /// from 1.
    pub fn compose(
        type_code: &str,
        issuer_code: &str,
        serial: &str,
        version: u16,
    ) -> Result<CertificateIdentifier, CodeError> {
        check_type_code(type_code)?;
        CreditCode::parse(issuer_code)?;
        check_alphanumeric(serial, 1, MAX_SERIAL_LEN, "1至40位数字或大写字母（流水号）")?;
        if !(1..=MAX_VERSION).contains(&version) {
            return Err(CodeError::Version { found: version });
        }
        let check = mod_37_36([type_code, issuer_code, serial, &format!("{version:03}")]);
        Ok(CertificateIdentifier {
            type_code: type_code.to_owned(),
            issuer_code: issuer_code.to_owned(),
            serial: serial.to_owned(),
            version,
            check,
        })
    }

    /// Reads an identifier and tells which algorithm its check character follows.
    ///
    /// Issuer codes older than the credit code are accepted, since identifiers in force carry them.
    pub fn parse(text: &str) -> Result<(CertificateIdentifier, CheckAlgorithm), CodeError> {
        let body = text
            .strip_prefix(ROOT)
            .and_then(|rest| rest.strip_prefix('.'))
            .ok_or(CodeError::Root)?;
        let mut parts = body.split('.');
        let parts = [
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
        ];
        let [
            Some(type_code),
            Some(issuer_code),
            Some(serial),
            Some(version),
            Some(check),
            None,
        ] = parts
        else {
            return Err(CodeError::Parts {
                found: body.split('.').count(),
            });
        };
        check_alphanumeric(type_code, TYPE_CODE_LEN, TYPE_CODE_LEN, "21位（证照类型代码）")?;
        check_alphanumeric(issuer_code, 1, MAX_ISSUER_LEN, "1至18位（颁发机构代码）")?;
        check_alphanumeric(serial, 1, MAX_SERIAL_LEN, "1至40位（流水号）")?;
        check_alphanumeric(version, 3, 3, "3位（版本号）")?;
        check_alphanumeric(check, 1, 1, "1位（校验位）")?;
        let number = version
            .parse::<u16>()
            .map_err(|_| CodeError::Version { found: 0 })?;
        if number == 0 {
            return Err(CodeError::Version { found: 0 });
        }
        let found = check.chars().next().unwrap_or(' ');
        let middle = [type_code, issuer_code, serial, version];
        let expected = mod_37_36(middle);
        let algorithm = if found == expected {
            CheckAlgorithm::Iso
        } else if found == mod_37_36_variant(middle) {
            CheckAlgorithm::LegacyVariant
        } else {
            return Err(CodeError::CheckCharacter {
                code: CodeKind::Identifier,
                expected,
                found,
            });
        };
        let identifier = CertificateIdentifier {
            type_code: type_code.to_owned(),
            issuer_code: issuer_code.to_owned(),
            serial: serial.to_owned(),
            version: number,
            check: found,
        };
        Ok((identifier, algorithm))
    }

    /// Certificate type code, 21 characters.
    pub fn type_code(&self) -> &str {
        &self.type_code
    }

    /// Code of the issuing agency.
    pub fn issuer_code(&self) -> &str {
        &self.issuer_code
    }

    /// Serial of the issuer's choice.
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// Version of the certificate: 1 at first issue, one more at each renewal, amendment or reissue.
    pub fn version(&self) -> u16 {
        self.version
    }

    /// The check character as it stands in the identifier.
    pub fn check(&self) -> char {
        self.check
    }
}

impl fmt::Display for CertificateIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            type_code,
            issuer_code,
            serial,
            version,
            check,
        } = self;
        write!(
            f,
            "{ROOT}.{type_code}.{issuer_code}.{serial}.{version:03}.{check}"
        )
    }
}

/// Checks that a certificate type code is a right credit code and three characters.
pub(crate) fn check_type_code(text: &str) -> Result<(), CodeError> {
    let code = CodeKind::TypeCode;
    let found = text.chars().count();
    let expected = "21位（定义机构的统一社会信用代码18位加3位顺序码）";
    match text.get(..18) {
        Some(agency) if found == TYPE_CODE_LEN => {
            CreditCode::parse(agency)?;
            check_alphanumeric(text, TYPE_CODE_LEN, TYPE_CODE_LEN, expected)
        }
        _ => Err(CodeError::Length {
            code,
            expected,
            found,
        }),
    }
}

fn check_alphanumeric(
    text: &str,
    shortest: usize,
    longest: usize,
    expected: &'static str,
) -> Result<(), CodeError> {
    let code = CodeKind::Identifier;
    let found = text.chars().count();
    if !(shortest..=longest).contains(&found) {
        return Err(CodeError::Length {
            code,
            expected,
            found,
        });
    }
    let wrong = text
        .chars()
        .enumerate()
        .find(|(_, c)| !(c.is_ascii_digit() || c.is_ascii_uppercase()));
    match wrong {
        Some((at, found)) => Err(CodeError::Character {
            code,
            position: at + 1,
            found,
            allowed: expected,
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const ISO: [&str; 8] = [
        "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U",
        "1.2.156.3005.2.11100000MB03271699022.340100.000000016.001.9",
        "1.2.156.3005.2.11100000000013338W009.11330105002500287C.2025052201.002.0",
        "1.2.156.3005.2.11100000000013338W087.11370800MB28559184.37080001202411010001.001.3",
        "1.2.156.3005.2.11100000000013338W032.11220000013544541J.2430599.001.F",
        "1.2.156.3005.2.11100000000013338W002.11320482014138860P.201807250201.001.M",
        "1.2.156.3005.2.11100000000013338W050.91610800064834709T.2023000001.001.2",
        "1.2.156.3005.2.11100000MB0341032Y002.11420503087246977F.ABCDEFGHIJ0123456789.001.6",
    ];
    const VARIANT: [&str; 2] = [
        "1.2.156.3005.2.11100000000013661B006.113700000045046442.209FA4E88F9E4C878F3E9BED2CE7EA49.001.M",
        "1.2.156.3005.2.11100000MB03271699022.11370000MB2852565A.301213AF0610489FBEC46E8AB9C5C25F.001.T",
    ];

    #[test]
    fn published_identifiers_parse_and_print_back() {
        for (texts, algorithm) in [
            (&ISO[..], CheckAlgorithm::Iso),
            (&VARIANT[..], CheckAlgorithm::LegacyVariant),
        ] {
            for text in texts {
                let (identifier, found) = CertificateIdentifier::parse(text).unwrap();
                assert_eq!(found, algorithm, "{text}");
                assert_eq!(identifier.to_string(), *text);
            }
        }
    }

    #[test]
    fn composing_gives_the_published_check_character_and_never_the_variant() {
        let made =
            CertificateIdentifier::compose("11100000000013338W011", "11430000006122244L", "20230000403", 1)
                .unwrap();
        assert_eq!(made.to_string(), ISO[0]);
        let made = CertificateIdentifier::compose(
            "11100000MB03271699022",
            "11370000MB2852565A",
            "301213AF0610489FBEC46E8AB9C5C25F",
            1,
        )
        .unwrap();
        assert_eq!(made.check(), 'W');
    }

    #[test]
    fn no_substitution_passes_as_right() {
        for text in ISO {
            let start = ROOT.len() + 1;
            for at in start..text.len() {
                for other in ('0'..='9')
                    .chain('A'..='Z')
                    .filter(|c| !text[at..].starts_with(*c))
                {
                    let changed = format!("{}{other}{}", &text[..at], &text[at + 1..]);
                    let read = CertificateIdentifier::parse(&changed);
                    assert!(!matches!(read, Ok((_, CheckAlgorithm::Iso))), "{changed}");
                }
            }
        }
    }

    #[test]
    fn refusals() {
        let parse = CertificateIdentifier::parse;
        assert_eq!(parse(""), Err(CodeError::Root));
        assert_eq!(parse("1.2.156.3005.21.A"), Err(CodeError::Root));
        assert_eq!(parse("1.2.156.3005.2.A.B"), Err(CodeError::Parts { found: 2 }));
        assert!(matches!(
            parse(&format!("{}.1", ISO[0])),
            Err(CodeError::Parts { found: 6 })
        ));
        assert!(matches!(
            parse("1.2.156.3005.2.11100000000013338W011.11430000006122244L.2023_403.001.U"),
            Err(CodeError::Character {
                position: 5,
                found: '_',
                ..
            })
        ));
        assert!(matches!(
            parse("1.2.156.3005.2.11100000000013338W011.11430000006122244L.2023.000.U"),
            Err(CodeError::Version { found: 0 })
        ));
        let compose = CertificateIdentifier::compose;
        assert!(matches!(
            compose("11100000000013338X011", "11430000006122244L", "1", 1),
            Err(CodeError::CheckCharacter {
                code: CodeKind::CreditCode,
                ..
            })
        ));
        assert!(matches!(
            compose("11100000000013338W01", "11430000006122244L", "1", 1),
            Err(CodeError::Length {
                code: CodeKind::TypeCode,
                found: 20,
                ..
            })
        ));
        assert!(compose("11100000000013338W011", "340100", "1", 1).is_err());
        assert!(compose("11100000000013338W011", "11430000006122244L", "", 1).is_err());
        assert!(compose("11100000000013338W011", "11430000006122244L", "a", 1).is_err());
        assert_eq!(
            compose("11100000000013338W011", "11430000006122244L", "1", 1000),
            Err(CodeError::Version { found: 1000 })
        );
    }
}
