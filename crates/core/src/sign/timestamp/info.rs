//! TSTInfo (RFC 3161 §2.4.2): what an authority says of which digest, and when.

use std::time::Duration;

use der::{Decode, Encode as _, Reader, SliceReader, Tag, TagNumber};
use jiff::{Timestamp, civil::DateTime, tz::Offset};
use spki::AlgorithmIdentifierRef;

use super::{
    super::cms::{
        CONTEXT_0, CmsError, OCTET_STRING, SEQUENCE, SHA_256_IDENTIFIER, VERSION_1,
        signed::{context, elements, inside, optional, rest},
        tlv,
    },
    BOOLEAN, GENERALIZED_TIME, INTEGER, TokenError, integer_content, malformed, unsigned,
};
use crate::{
    crypto::{AnyOid, DigestAlgorithm, VerifyError},
    limits::MAX_TIMESTAMP_NUMBER,
};

/// MessageImprint: the digest that is stamped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imprint {
    /// With which algorithm.
    pub algorithm: DigestAlgorithm,
    /// The digest.
    pub digest: Vec<u8>,
    /// The element as it came: an answer repeats it byte for byte.
    der: Vec<u8>,
}

impl Imprint {
    /// Of a SHA-256 digest.
    pub fn sha256(digest: &[u8; 32]) -> Self {
        Self {
            algorithm: DigestAlgorithm::Sha256,
            digest: digest.to_vec(),
            der: tlv(SEQUENCE, &[SHA_256_IDENTIFIER, &tlv(OCTET_STRING, &[digest])]),
        }
    }

    pub(super) fn read(reader: &mut SliceReader<'_>) -> Result<Self, CmsError> {
        let der = reader.tlv_bytes()?;
        inside(&mut SliceReader::new(der)?, Tag::Sequence, |imprint| {
            let identifier = AlgorithmIdentifierRef::decode(imprint)?;
            let algorithm = DigestAlgorithm::from_identifier(&identifier)?;
            let digest = inside(imprint, Tag::OctetString, rest)?.to_vec();
            if digest.len() != algorithm.digest(&[]).len() {
                return Err(malformed(Tag::OctetString));
            }
            Ok(Self {
                algorithm,
                digest,
                der: der.to_vec(),
            })
        })
    }

    pub(super) fn der(&self) -> &[u8] {
        &self.der
    }
}

/// What a timestamp says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TstInfo {
    /// Under which policy.
    pub policy: AnyOid,
    /// What was stamped.
    pub imprint: Imprint,
    /// Content of the serial number.
    pub(super) serial: Vec<u8>,
    /// When.
    pub gen_time: Timestamp,
    /// How far the time may be off to either side, where the authority says so.
    pub accuracy: Option<Duration>,
    /// Whether of two tokens of this authority the one with the earlier time is the earlier.
    pub ordering: bool,
    /// Content of the nonce.
    pub(super) nonce: Option<Vec<u8>>,
    /// Element of the name that the authority calls itself.
    pub(super) name: Option<Vec<u8>>,
}

impl TstInfo {
    /// Serial number, hexadecimal.
    pub fn serial(&self) -> String {
        hex::encode(&self.serial)
    }

    /// Reads the DER of one.
    pub fn parse(der: &[u8]) -> Result<Self, TokenError> {
        let mut reader = SliceReader::new(der)?;
        // What is wrong beyond DER is carried out of the closures.
        let mut wrong = None;
        let read = inside(&mut reader, Tag::Sequence, |info| {
            let version = unsigned(number(info)?);
            if version != Some(1) {
                wrong = Some(TokenError::Version(version.unwrap_or_default()));
            }
            let policy = AnyOid::decode(info)?;
            let imprint = Imprint::read(info)?;
            let serial = number(info)?.to_vec();
            let gen_time = read_time(inside(info, Tag::GeneralizedTime, rest)?);
            if gen_time.is_none() {
                wrong.get_or_insert(TokenError::Time);
            }
            let accuracy = optional(info, Tag::Sequence, read_accuracy)?;
            let ordering = match optional(info, Tag::Boolean, rest)? {
                // DER leaves a default out (X.690 11.5); some authorities write it, and it says nothing else.
                None | Some([0x00]) => false,
                Some([0xff]) => true,
                Some(_) => return Err(malformed(Tag::Boolean)),
            };
            let nonce = if !info.is_finished() && Tag::peek(info)? == Tag::Integer {
                Some(number(info)?.to_vec())
            } else {
                None
            };
            let name = optional(info, context(0), |name| Ok(name.tlv_bytes()?.to_vec()))?;
            for extension in optional(info, context(1), elements)?.unwrap_or_default() {
                if let Some(refused) = read_extension(extension)? {
                    wrong.get_or_insert(TokenError::Extension(refused));
                }
            }
            Ok(Self {
                policy,
                imprint,
                serial,
                gen_time: gen_time.unwrap_or_default(),
                accuracy,
                ordering,
                nonce,
                name,
            })
        })?;
        reader.finish()?;
        match wrong {
            Some(error) => Err(error),
            None => Ok(read),
        }
    }

    /// The DER of one; its time to the millisecond.
    pub fn to_der(&self) -> Vec<u8> {
        let accuracy = self.accuracy.map(write_accuracy).unwrap_or_default();
        let ordering: &[u8] = if self.ordering { &[BOOLEAN, 1, 0xff] } else { &[] };
        let nonce = self.nonce.as_ref().map(|nonce| tlv(INTEGER, &[nonce]));
        let name = self.name.as_ref().map(|name| tlv(CONTEXT_0, &[name]));
        tlv(
            SEQUENCE,
            &[
                VERSION_1,
                &self.policy.to_der().unwrap_or_default(),
                self.imprint.der(),
                &tlv(INTEGER, &[&self.serial]),
                &tlv(GENERALIZED_TIME, &[write_time(self.gen_time).as_bytes()]),
                &accuracy,
                ordering,
                &nonce.unwrap_or_default(),
                &name.unwrap_or_default(),
            ],
        )
    }
}

/// The content of an INTEGER of a length that serial numbers and nonces can have.
pub(super) fn number<'a>(reader: &mut SliceReader<'a>) -> Result<&'a [u8], CmsError> {
    let content = inside(reader, Tag::Integer, rest)?;
    let padded = matches!(content, [0, next, ..] if next & 0x80 == 0)
        || matches!(content, [0xff, next, ..] if next & 0x80 != 0);
    if content.is_empty() || padded {
        return Err(malformed(Tag::Integer));
    }
    if content.len() > MAX_TIMESTAMP_NUMBER {
        return Err(CmsError::TooLarge);
    }
    Ok(content)
}

/// An extension that must not be ignored and that nobody here knows, which is every critical one.
fn read_extension(der: &[u8]) -> Result<Option<AnyOid>, CmsError> {
    inside(&mut SliceReader::new(der)?, Tag::Sequence, |extension| {
        let kind = AnyOid::decode(extension)?;
        let is_critical = match optional(extension, Tag::Boolean, rest)? {
            None => false,
            Some([0xff]) => true,
            Some(_) => return Err(malformed(Tag::Boolean)),
        };
        inside(extension, Tag::OctetString, rest)?;
        Ok(is_critical.then_some(kind))
    })
}

/// Accuracy (RFC 3161 §2.4.2).
fn read_accuracy(reader: &mut SliceReader<'_>) -> Result<Duration, CmsError> {
    let part = |number| Tag::ContextSpecific {
        constructed: false,
        number: TagNumber(number),
    };
    let seconds = optional(reader, Tag::Integer, rest)?.unwrap_or(&[0]);
    let millis = optional(reader, part(0), rest)?;
    let micros = optional(reader, part(1), rest)?;
    let wrong = || malformed(Tag::Integer);
    let fraction = |content: Option<&[u8]>| match content.map(unsigned) {
        None => Ok(0),
        Some(Some(value @ 1..=999)) => Ok(value),
        Some(_) => Err(wrong()),
    };
    let seconds = unsigned(seconds)
        .filter(|seconds| u32::try_from(*seconds).is_ok())
        .ok_or_else(wrong)?;
    Ok(Duration::from_secs(seconds)
        + Duration::from_millis(fraction(millis)?)
        + Duration::from_micros(fraction(micros)?))
}

fn write_accuracy(accuracy: Duration) -> Vec<u8> {
    let part = |tag: u8, value: u64| match value {
        0 => Vec::new(),
        _ => tlv(tag, &[&integer_content(&value.to_be_bytes())]),
    };
    let micros = u64::from(accuracy.subsec_micros());
    tlv(
        SEQUENCE,
        &[
            &part(INTEGER, accuracy.as_secs()),
            &part(0x80, micros / 1000),
            &part(0x81, micros % 1000),
        ],
    )
}

/// `20261121143000.25Z`: in UTC, with seconds, a fraction without needless zeros (RFC 3161 §2.4.2).
fn read_time(content: &[u8]) -> Option<Timestamp> {
    let text = str::from_utf8(content).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = text.split_at_checked(14)?;
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) {
        return None;
    }
    let nanoseconds = match fraction.strip_prefix('.') {
        None if fraction.is_empty() => 0,
        Some(digits) if is_digits(digits) && !digits.is_empty() && !digits.ends_with('0') => {
            // Beyond nanoseconds the time is cut: earlier by less than anybody states.
            format!("{digits:0<9.9}").parse().ok()?
        }
        _ => return None,
    };
    let part = |from: usize, to: usize| whole.get(from..to)?.parse::<i8>().ok();
    let local = DateTime::new(
        whole.get(..4)?.parse().ok()?,
        part(4, 6)?,
        part(6, 8)?,
        part(8, 10)?,
        part(10, 12)?,
        part(12, 14)?,
        nanoseconds,
    )
    .ok()?;
    Offset::UTC.to_timestamp(local).ok()
}

/// With milliseconds: more would be more than the clock knows.
fn write_time(at: Timestamp) -> String {
    let local = Offset::UTC.to_datetime(at);
    let mut text = local.strftime("%Y%m%d%H%M%S").to_string();
    let millis = local.subsec_nanosecond() / 1_000_000;
    if millis > 0 {
        text.push('.');
        text.push_str(format!("{millis:03}").trim_end_matches('0'));
    }
    text.push('Z');
    text
}

/// Whether a refusal is about an algorithm, which its sender can change.
pub(super) fn is_about_algorithms(error: &CmsError) -> bool {
    matches!(
        error,
        CmsError::AlgorithmRefused(VerifyError::AlgorithmRefused(_))
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn times_are_read_in_one_form_only() {
        let read = |text: &str| read_time(text.as_bytes()).map(|at| at.to_string());
        for (text, at) in [
            ("20261121143000Z", "2026-11-21T14:30:00Z"),
            ("20261121143000.5Z", "2026-11-21T14:30:00.5Z"),
            ("20261121143000.034Z", "2026-11-21T14:30:00.034Z"),
            ("20261121143000.1234567891Z", "2026-11-21T14:30:00.123456789Z"),
            ("00010101000000Z", "0001-01-01T00:00:00Z"),
        ] {
            assert_eq!(read(text).as_deref(), Some(at), "{text}");
        }
        for text in [
            "20261121143000",
            "20261121143000+0800",
            "20261121143000.Z",
            "20261121143000.50Z",
            "20261121143000,5Z",
            "202611211430Z",
            "20261121143060Z",
            "20261321143000Z",
            "2026112114300+Z",
            "20261121143000.5 Z",
            "二〇二六年Z",
            "Z",
            "",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_the_same() {
        for (at, accuracy, ordering, nonce) in [
            (
                "2026-11-21T14:30:00.25Z",
                Some(Duration::from_millis(1_500)),
                true,
                Some(vec![7]),
            ),
            (
                "2026-11-21T14:30:00Z",
                Some(Duration::from_micros(1_000_001)),
                false,
                None,
            ),
            ("2049-12-31T23:59:59.999Z", None, false, Some(vec![0, 0xff])),
        ] {
            let info = TstInfo {
                policy: "2.999.1".parse().unwrap(),
                imprint: Imprint::sha256(&[7; 32]),
                serial: integer_content(&[0, 0, 0x80, 1]),
                gen_time: at.parse().unwrap(),
                accuracy,
                ordering,
                nonce,
                name: Some(b"\xa4\x02\x30\x00".to_vec()),
            };
            assert_eq!(TstInfo::parse(&info.to_der()).unwrap(), info);
        }
    }
}
