//! The text of a QR code: `https://<host>/v#<digits>`.
//!
//! Seven bytes, read as a big-endian number, become seventeen digits (10^17 > 2^56); a shorter rest
//! of 1 to 6 bytes becomes 3, 5, 8, 10, 13 or 15 digits. In the QR code's numeric mode that costs
//! 8.10 bits a byte, against 10.67 for base64url, and digits pass through every scanner unharmed.

use std::fmt::Write;

use crate::limits::MAX_QR_TEXT;

/// What a scanned or typed text turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scanned {
    /// The bytes of a token, and the host of the page it would open; no host for bare digits.
    Token {
        /// Host named in the text.
        host: Option<String>,
        /// Token bytes, not looked at yet.
        bytes: Vec<u8>,
    },
    /// A certificate identifier, typed or scanned as plain text.
    Identifier(String),
}

/// Why a text is none of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// A group of digits stands for a number too large for its bytes.
    #[error("digits {position} to {} stand for no bytes", position + 17)]
    GroupOverflow {
        /// Offset of the group's first digit.
        position: usize,
    },
    /// No number of bytes gives that many digits.
    #[error("{digits} digits are no whole number of bytes")]
    Length {
        /// How many there are.
        digits: usize,
    },
    /// Longer than any QR code.
    #[error("the text is longer than a QR code can hold")]
    TooLong,
    /// Neither our page, nor digits, nor a certificate identifier.
    #[error("the text is neither a verification address nor a certificate identifier")]
    Unknown,
}

/// The text that goes into the symbol.
pub fn encode(host: &str, token: &[u8]) -> String {
    let mut text = format!("https://{host}{PATH}");
    text.reserve(token.len() * 17 / 7 + 17);
    for group in token.chunks(GROUP) {
        let number = group
            .iter()
            .fold(0_u64, |number, &byte| number << 8 | u64::from(byte));
        let width = DIGITS[group.len()];
        // Writing to a string cannot fail.
        let _ = write!(text, "{number:0width$}");
    }
    text
}

/// Reads a text: our address, the digits alone, or a certificate identifier.
pub fn parse(text: &str) -> Result<Scanned, TextError> {
    if text.len() > MAX_QR_TEXT {
        return Err(TextError::TooLong);
    }
    let text = text.trim();
    if text.starts_with(IDENTIFIER_PREFIX) {
        let plain = text
            .bytes()
            .all(|b| b.is_ascii_digit() || b.is_ascii_uppercase() || b == b'.');
        return if plain {
            Ok(Scanned::Identifier(text.to_owned()))
        } else {
            Err(TextError::Unknown)
        };
    }
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(Scanned::Token {
            host: None,
            bytes: decode_digits(text)?,
        });
    }
    let (host, digits) = text
        .split_at_checked(SCHEME.len())
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case(SCHEME))
        .and_then(|(_, rest)| rest.split_once(PATH))
        .ok_or(TextError::Unknown)?;
    if !is_host(host) {
        return Err(TextError::Unknown);
    }
    Ok(Scanned::Token {
        host: Some(host.to_ascii_lowercase()),
        bytes: decode_digits(digits)?,
    })
}

/// Undoes the digits of [`encode`], and nothing else: one text for one sequence of bytes.
pub fn decode_digits(digits: &str) -> Result<Vec<u8>, TextError> {
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(TextError::Unknown);
    }
    let mut bytes = Vec::with_capacity(digits.len() * GROUP / DIGITS[GROUP] + GROUP);
    for (index, group) in digits.as_bytes().chunks(DIGITS[GROUP]).enumerate() {
        let size = DIGITS
            .iter()
            .position(|&width| width == group.len())
            .ok_or(TextError::Length { digits: digits.len() })?;
        // At most seventeen digits: below 10^17, far from the end of u64.
        let number = group
            .iter()
            .fold(0_u64, |number, &digit| number * 10 + u64::from(digit - b'0'));
        if number >> (8 * size) != 0 {
            return Err(TextError::GroupOverflow {
                position: index * DIGITS[GROUP],
            });
        }
        bytes.extend_from_slice(&number.to_be_bytes()[8 - size..]);
    }
    Ok(bytes)
}

/// A DNS name or IPv4 address with an optional port.
fn is_host(host: &str) -> bool {
    !host.is_empty()
        && host.len() <= 255
        && host
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':'))
}

const SCHEME: &str = "https://";
const PATH: &str = "/v#";
const IDENTIFIER_PREFIX: &str = "1.2.156.3005.2.";
/// Bytes in a full group.
const GROUP: usize = 7;
/// Digits for 0 to 7 bytes: the least that hold every value.
const DIGITS: [usize; GROUP + 1] = [0, 3, 5, 8, 10, 13, 15, 17];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use ring::rand::{SecureRandom, SystemRandom};

    use super::*;

    fn random(len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        SystemRandom::new().fill(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn every_length_comes_back() {
        for len in 1..200 {
            for bytes in [random(len), vec![0; len], vec![0xFF; len]] {
                let text = encode("zz.example.gov.cn", &bytes);
                let scanned = parse(&text).unwrap();
                let host = Some("zz.example.gov.cn".to_owned());
                assert_eq!(
                    scanned,
                    Scanned::Token {
                        host,
                        bytes: bytes.clone()
                    }
                );
                let digits = text.split_once('#').unwrap().1;
                assert_eq!(parse(digits).unwrap(), Scanned::Token { host: None, bytes });
            }
        }
    }

    #[test]
    fn one_text_for_one_sequence() {
        // Whatever decodes, encodes to the same digits again.
        for len in 1..60 {
            for _ in 0..50 {
                let digits: String = random(len).iter().map(|b| char::from(b'0' + b % 10)).collect();
                if let Ok(bytes) = decode_digits(&digits) {
                    assert!(encode("h", &bytes).ends_with(&format!("#{digits}")));
                }
            }
        }
    }

    #[test]
    fn overflow_and_odd_lengths_are_refused() {
        assert_eq!(
            decode_digits("256"),
            Err(TextError::GroupOverflow { position: 0 })
        );
        assert_eq!(decode_digits("255"), Ok(vec![255]));
        assert_eq!(decode_digits("72057594037927935"), Ok(vec![255; 7]));
        let over = decode_digits("0000000000000000072057594037927936");
        assert_eq!(over, Err(TextError::GroupOverflow { position: 17 }));
        for len in [1, 2, 4, 6, 7, 9, 11, 12, 14, 16] {
            let digits = "0".repeat(len);
            assert_eq!(decode_digits(&digits), Err(TextError::Length { digits: len }));
        }
    }

    #[test]
    fn strangers_are_refused() {
        for text in [
            "",
            " ",
            "#123",
            "http://h/v#000",
            "https:///v#000",
            "https://h/v#",
            "https://h/v#00a",
            "https://h/v# 000",
            "https://a b/v#000",
            "https://h/x#000",
            "https://evil@h/v#000",
            "１２３",
            "1.2.156.3005.2.abc",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert_eq!(parse(&"0".repeat(MAX_QR_TEXT + 1)), Err(TextError::TooLong));
        for _ in 0..2_000 {
            let noise = String::from_utf8_lossy(&random(40)).into_owned();
            let _ = parse(&noise);
            let _ = parse(&format!("https://{noise}"));
        }
    }

    #[test]
    fn an_identifier_is_recognised() {
        let id = "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U";
        assert_eq!(parse(id), Ok(Scanned::Identifier(id.to_owned())));
        assert_eq!(parse(&format!(" {id}\n")), Ok(Scanned::Identifier(id.to_owned())));
    }
}
