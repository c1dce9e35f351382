//! TimeStampResp (RFC 3161 §2.4.2): granted with a token, or refused with a reason.

use std::fmt;

use der::{Decode as _, Reader as _, SliceReader, Tag, asn1::BitStringRef};

use super::{
    super::cms::{
        CmsError, SEQUENCE,
        signed::{elements, inside, optional, rest},
        tlv,
    },
    INTEGER, TimestampError, integer_content, malformed, unsigned,
};
use crate::limits::MAX_TIMESTAMP_BYTES;

const BIT_STRING: u8 = 0x03;
const UTF8_STRING: u8 = 0x0c;
/// PKIStatus granted.
const GRANTED: u64 = 0;
/// PKIStatus grantedWithMods.
const GRANTED_WITH_CHANGES: u64 = 1;
/// PKIStatus rejection.
const REJECTION: u64 = 2;
/// Most characters of an authority's own words that are repeated.
const MAX_WORDS: usize = 200;

/// PKIFailureInfo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// Unknown or unsupported algorithm.
    BadAlg,
    /// The request is not permitted.
    BadRequest,
    /// The data have the wrong format.
    BadDataFormat,
    /// The time source is not available.
    TimeNotAvailable,
    /// The policy asked for is not served.
    UnacceptedPolicy,
    /// The extension asked for is not served.
    UnacceptedExtension,
    /// Further information could not be understood or is not available.
    AddInfoNotAvailable,
    /// The request cannot be served because of a failure of the system.
    SystemFailure,
}

impl Failure {
    const ALL: [Self; 8] = [
        Self::BadAlg,
        Self::BadRequest,
        Self::BadDataFormat,
        Self::TimeNotAvailable,
        Self::UnacceptedPolicy,
        Self::UnacceptedExtension,
        Self::AddInfoNotAvailable,
        Self::SystemFailure,
    ];

    /// Its bit.
    const fn bit(self) -> usize {
        match self {
            Self::BadAlg => 0,
            Self::BadRequest => 2,
            Self::BadDataFormat => 5,
            Self::TimeNotAvailable => 14,
            Self::UnacceptedPolicy => 15,
            Self::UnacceptedExtension => 16,
            Self::AddInfoNotAvailable => 17,
            Self::SystemFailure => 25,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadAlg => "不接受该摘要算法 badAlg",
            Self::BadRequest => "不接受该请求 badRequest",
            Self::BadDataFormat => "请求格式有误 badDataFormat",
            Self::TimeNotAvailable => "时间源不可用 timeNotAvailable",
            Self::UnacceptedPolicy => "不支持所请求的策略 unacceptedPolicy",
            Self::UnacceptedExtension => "不支持所请求的扩展 unacceptedExtension",
            Self::AddInfoNotAvailable => "无法提供所请求的附加信息 addInfoNotAvailable",
            Self::SystemFailure => "服务故障 systemFailure",
        })
    }
}

/// An answer, read but not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    status: u64,
    texts: Vec<String>,
    failures: Vec<Failure>,
    token: Option<Vec<u8>>,
}

impl Response {
    /// Reads an answer.
    pub fn parse(der: &[u8]) -> Result<Self, TimestampError> {
        if der.len() > MAX_TIMESTAMP_BYTES {
            return Err(TimestampError::TooLarge);
        }
        Ok(Self::read(der)?)
    }

    fn read(der: &[u8]) -> Result<Self, CmsError> {
        let mut reader = SliceReader::new(der)?;
        let response = inside(&mut reader, Tag::Sequence, |response| {
            let (status, texts, failures) = inside(response, Tag::Sequence, |info| {
                let status = inside(info, Tag::Integer, rest)?;
                let status = unsigned(status).ok_or_else(|| malformed(Tag::Integer))?;
                let texts = optional(info, Tag::Sequence, elements)?.unwrap_or_default();
                let texts = texts.into_iter().map(words).collect::<Result<_, _>>()?;
                let failures = if info.is_finished() {
                    Vec::new()
                } else {
                    let bits = BitStringRef::decode(info)?;
                    let is_set = |failure: &Failure| bits.bits().nth(failure.bit()) == Some(true);
                    Failure::ALL.into_iter().filter(is_set).collect()
                };
                Ok((status, texts, failures))
            })?;
            let token = if response.is_finished() {
                None
            } else {
                Some(response.tlv_bytes()?.to_vec())
            };
            Ok(Self {
                status,
                texts,
                failures,
                token,
            })
        })?;
        reader.finish()?;
        Ok(response)
    }

    /// DER of the token, or why there is none.
    pub fn granted(&self) -> Result<&[u8], TimestampError> {
        match (self.status, &self.token) {
            (GRANTED | GRANTED_WITH_CHANGES, Some(token)) => Ok(token),
            _ => Err(TimestampError::Rejected {
                status: self.status,
                failures: self.failures.clone(),
                texts: self.texts.clone(),
            }),
        }
    }

    /// An answer with a token.
    pub(super) fn with_token(token: &[u8]) -> Vec<u8> {
        let status = tlv(SEQUENCE, &[&tlv(INTEGER, &[&[GRANTED as u8]])]);
        tlv(SEQUENCE, &[&status, token])
    }

    /// A refusal, in our words and with the reason's bit.
    pub(super) fn refusal(failure: Failure, words: &str) -> Vec<u8> {
        let mut bits = vec![0; failure.bit() / 8 + 1];
        if let Some(last) = bits.last_mut() {
            *last = 0x80 >> (failure.bit() % 8);
        }
        // DER cuts a named bit list after its last set bit (X.690 §11.2.2).
        let unused = [7 - (failure.bit() % 8) as u8];
        let status = tlv(
            SEQUENCE,
            &[
                &tlv(INTEGER, &[&integer_content(&REJECTION.to_be_bytes())]),
                &tlv(SEQUENCE, &[&tlv(UTF8_STRING, &[words.as_bytes()])]),
                &tlv(BIT_STRING, &[&unused, &bits]),
            ],
        );
        tlv(SEQUENCE, &[&status])
    }
}

/// One of an authority's own sentences, without what could upset a terminal.
fn words(element: &[u8]) -> Result<String, CmsError> {
    let text = inside(&mut SliceReader::new(element)?, Tag::Utf8String, rest)?;
    let text = str::from_utf8(text).map_err(|_| malformed(Tag::Utf8String))?;
    Ok(text
        .chars()
        .filter(|ch| !ch.is_control())
        .take(MAX_WORDS)
        .collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn refusals_are_read_with_their_reason() {
        for failure in Failure::ALL {
            let response = Response::parse(&Response::refusal(failure, "不行\u{1b}[2J")).unwrap();
            let error = response.granted().unwrap_err();
            let TimestampError::Rejected {
                status,
                failures,
                texts,
            } = &error
            else {
                panic!("{error}");
            };
            assert_eq!(
                (*status, &failures[..], &texts[..]),
                (2, &[failure][..], &["不行[2J".to_owned()][..])
            );
            assert!(error.to_string().contains("不行"), "{error}");
        }
    }
}
