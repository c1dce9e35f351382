//! TimeStampReq (RFC 3161 §2.4.1): asked of others, and answered by our own authority.

use der::{Decode as _, Encode as _, Reader as _, SliceReader, Tag};

use super::{
    super::cms::{
        CmsError, SEQUENCE, VERSION_1,
        signed::{context, elements, inside, optional, rest},
        tlv,
    },
    BOOLEAN, INTEGER, Response, TimeStampToken, TimestampError, TokenError,
    info::{Imprint, number},
    integer_content, malformed, random, unsigned,
};
use crate::{crypto::AnyOid, limits::MAX_TIMESTAMP_QUERY};

/// A wish for a timestamp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What is to be stamped.
    pub imprint: Imprint,
    /// The policy asked for.
    pub(super) policy: Option<AnyOid>,
    /// Content of the nonce.
    pub(super) nonce: Option<Vec<u8>>,
    /// Whether the token is to hold the authority's certificates.
    pub(super) with_certificates: bool,
    /// Whether it came with extensions.
    pub(super) has_extensions: bool,
    /// The version it names.
    pub(super) version: Option<u64>,
}

impl Request {
    /// For a digest, with a nonce of its own, certificates wanted.
    pub fn new(imprint: Imprint) -> Result<Self, TimestampError> {
        let nonce = random().ok_or(TimestampError::NoRandomness)?;
        Ok(Self {
            imprint,
            policy: None,
            nonce: Some(integer_content(&nonce)),
            with_certificates: true,
            has_extensions: false,
            version: Some(1),
        })
    }

    /// Asks for a policy; without, the authority takes its own.
    #[must_use]
    pub fn under(mut self, policy: AnyOid) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Reads a request.
    pub fn parse(der: &[u8]) -> Result<Self, CmsError> {
        if der.len() > MAX_TIMESTAMP_QUERY {
            return Err(CmsError::TooLarge);
        }
        let mut reader = SliceReader::new(der)?;
        let request = inside(&mut reader, Tag::Sequence, |request| {
            let version = unsigned(number(request)?);
            let imprint = Imprint::read(request)?;
            let next = |reader: &SliceReader<'_>| {
                if reader.is_finished() {
                    return Ok::<_, CmsError>(None);
                }
                Ok(Some(Tag::peek(reader)?))
            };
            let policy = match next(request)? {
                Some(Tag::ObjectIdentifier) => Some(AnyOid::decode(request)?),
                _ => None,
            };
            let nonce = match next(request)? {
                Some(Tag::Integer) => Some(number(request)?.to_vec()),
                _ => None,
            };
            let with_certificates = match optional(request, Tag::Boolean, rest)? {
                // Some senders write the default, and it means nothing else.
                None | Some([0]) => false,
                Some([0xff]) => true,
                Some(_) => return Err(malformed(Tag::Boolean)),
            };
            let extensions = optional(request, context(0), elements)?;
            Ok(Self {
                imprint,
                policy,
                nonce,
                with_certificates,
                has_extensions: extensions.is_some(),
                version,
            })
        })?;
        reader.finish()?;
        Ok(request)
    }

    /// The request as it is sent.
    pub fn to_der(&self) -> Vec<u8> {
        let nonce = self.nonce.as_ref().map(|nonce| tlv(INTEGER, &[nonce]));
        let policy = self.policy.as_ref().and_then(|policy| policy.to_der().ok());
        let wanted: &[u8] = if self.with_certificates {
            &[BOOLEAN, 1, 0xff]
        } else {
            &[]
        };
        tlv(
            SEQUENCE,
            &[
                VERSION_1,
                self.imprint.der(),
                &policy.unwrap_or_default(),
                &nonce.unwrap_or_default(),
                wanted,
            ],
        )
    }

    /// What came back: a token over what was asked, in answer to this very request, signed by the key it names.
    /// Whether that key may tell the time is another question.
    pub fn accept(&self, answer: &[u8]) -> Result<TimeStampToken, TimestampError> {
        // 1. Was it granted?
        let response = Response::parse(answer)?;
        let token = response.granted()?;

        // 2. Is it an answer to this?
        let token = TimeStampToken::parse(token)?;
        let info = token.info();
        if info.imprint.algorithm != self.imprint.algorithm || info.imprint.digest != self.imprint.digest {
            return Err(TokenError::OtherImprint.into());
        }
        if info.nonce != self.nonce {
            return Err(TimestampError::OtherNonce);
        }
        if self.policy.as_ref().is_some_and(|policy| *policy != info.policy) {
            return Err(TimestampError::OtherPolicy);
        }

        // 3. Is it whole?
        let _judged_elsewhere = token.verify(&self.imprint.digest)?;
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_is_asked_is_read_the_same() {
        let request = Request::new(Imprint::sha256(&[1; 32])).unwrap();
        assert_eq!(Request::parse(&request.to_der()).unwrap(), request);
        let request = request.under("2.999.1".parse().unwrap());
        assert_eq!(Request::parse(&request.to_der()).unwrap(), request);
        let mut longer = request.to_der();
        longer.push(0);
        assert!(Request::parse(&longer).is_err());
    }
}
