//! Object identifiers of policies and extensions, which anybody may give: their numbers may be of any size (2.25
//! has 128 bits) and of any arc. Those of `const_oid`, made for the compiler, may not.

use std::{fmt, str::FromStr};

use const_oid::ObjectIdentifier;
use der::{DecodeValue, EncodeValue, FixedTag, Header, Length, Reader, Tag, Writer};

use crate::limits::MAX_OID_BYTES;

/// An object identifier.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AnyOid {
    /// The numbers as encoded.
    content: Vec<u8>,
}

/// A text is no object identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("不是对象标识符，应如 1.2.156.1 (no object identifier)")]
pub struct NoOid;

impl AnyOid {
    /// Of the content of its element.
    pub(crate) fn of_content(content: &[u8]) -> Option<Self> {
        let is_one = content.len() <= MAX_OID_BYTES && is_well_formed(content);
        is_one.then(|| Self {
            content: content.to_vec(),
        })
    }
}

impl PartialEq<ObjectIdentifier> for AnyOid {
    fn eq(&self, other: &ObjectIdentifier) -> bool {
        self.content == other.as_bytes()
    }
}

impl FixedTag for AnyOid {
    const TAG: Tag = Tag::ObjectIdentifier;
}

impl<'a> DecodeValue<'a> for AnyOid {
    type Error = der::Error;

    fn decode_value<R: Reader<'a>>(reader: &mut R, header: Header) -> der::Result<Self> {
        let malformed = || der::Error::from(Tag::ObjectIdentifier.value_error());
        let length = usize::try_from(header.length())?;
        if length > MAX_OID_BYTES {
            return Err(malformed());
        }
        Self::of_content(&reader.read_vec(header.length())?).ok_or_else(malformed)
    }
}

/// Whether each number of an object identifier is in its shortest form, and the last one complete.
pub(super) fn is_well_formed(content: &[u8]) -> bool {
    let starts = content.iter().zip([0].iter().chain(content));
    let padded = starts
        .into_iter()
        .any(|(byte, before)| *byte == 0x80 && before & 0x80 == 0);
    !padded && content.last().is_some_and(|last| last & 0x80 == 0)
}

impl EncodeValue for AnyOid {
    fn value_len(&self) -> der::Result<Length> {
        Length::try_from(self.content.len())
    }

    fn encode_value(&self, writer: &mut impl Writer) -> der::Result<()> {
        writer.write(&self.content)
    }
}

impl FromStr for AnyOid {
    type Err = NoOid;

    fn from_str(text: &str) -> Result<Self, NoOid> {
        let numbers = text
            .split('.')
            .map(|part| match part.as_bytes() {
                [b'1'..=b'9', ..] | [b'0'] => part.parse::<u128>().map_err(|_| NoOid),
                _ => Err(NoOid),
            })
            .collect::<Result<Vec<_>, _>>()?;
        let [first @ 0..=2, second, others @ ..] = numbers.as_slice() else {
            return Err(NoOid);
        };
        if *first < 2 && *second > 39 {
            return Err(NoOid);
        }
        let joined = second.checked_add(first * 40).ok_or(NoOid)?;
        let mut content = Vec::new();
        for number in [joined].iter().chain(others) {
            let digits = (128 - number.leading_zeros()).div_ceil(7).max(1);
            for digit in (0..digits).rev() {
                let more = if digit > 0 { 0x80 } else { 0 };
                content.push((number >> (7 * digit)) as u8 & 0x7f | more);
            }
        }
        if content.len() > MAX_OID_BYTES {
            return Err(NoOid);
        }
        Ok(Self { content })
    }
}

impl fmt::Display for AnyOid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut number: Option<u128> = Some(0);
        let mut is_first = true;
        for byte in &self.content {
            number = number
                .and_then(|number| number.checked_mul(128))
                .map(|number| number | u128::from(byte & 0x7f));
            if byte & 0x80 != 0 {
                continue;
            }
            match number {
                Some(joined) if is_first => {
                    let first = (joined / 40).min(2);
                    write!(f, "{first}.{}", joined - first * 40)?;
                }
                Some(number) => write!(f, ".{number}")?,
                // Larger than any number in use.
                None => f.write_str(".?")?,
            }
            is_first = false;
            number = Some(0);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use der::{Decode as _, Encode as _};

    use super::*;

    #[test]
    fn identifiers_of_every_arc_are_read_and_written() {
        for text in [
            "1.2.156.10197.1.501",
            "2.999.3161.1",
            "2.25.340282366920938463463374607431768211455",
            "0.4.0.2023.1.1",
            "0.0",
        ] {
            let policy: AnyOid = text.parse().unwrap();
            assert_eq!(policy.to_string(), text);
            let element = policy.to_der().unwrap();
            assert_eq!(AnyOid::from_der(&element).unwrap(), policy, "{text}");
        }
        assert_eq!(
            "2.999.1".parse::<AnyOid>().unwrap().to_der().unwrap(),
            b"\x06\x03\x88\x37\x01"
        );
        for text in [
            "",
            "1",
            "1.40",
            "3.1",
            "1.2.",
            "1.02",
            "1.-2",
            "a.b",
            "1.2.340282366920938463463374607431768211456",
        ] {
            assert_eq!(text.parse::<AnyOid>(), Err(NoOid), "{text}");
        }
        for element in [b"\x06\x00".as_slice(), b"\x06\x01\x88", b"\x06\x02\x80\x01"] {
            assert!(AnyOid::from_der(element).is_err());
        }
    }
}
