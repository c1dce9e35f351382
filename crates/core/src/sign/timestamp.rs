//! Timestamps (RFC 3161, with ESSCertIDv2 as RFC 5816 wants it): what is asked, what is answered, and what an
//! answer proves.
//!
//! ```text
//!  Request ── DER ──▶ an authority: ours (TimeStampAuthority) or any other, over HTTP
//!     └─ accept ◀── DER ── PKIStatusInfo, TimeStampToken = CMS SignedData around a TstInfo
//! ```
//!
//! A [`TimeStampToken`] can be had by reading only; whether it speaks of the bytes at hand and whether the key it
//! names made it are its own checks, and whether that key may tell the time is for
//! [`trust::timestamp`](crate::trust::timestamp). Nothing here asks a clock or the network.
//!
//! The structures are read and written here rather than by the `x509-tsp` crate: its times have no fractions of
//! a second, which most authorities write, and it owns no limits.

mod authority;
mod error;
mod info;
mod request;
mod response;
#[cfg(test)]
pub(super) mod tests;
mod token;

use std::{error::Error, fmt};

use const_oid::ObjectIdentifier;
use der::Tag;
use ring::rand::{SecureRandom as _, SystemRandom};

pub use self::{
    authority::{LedgerError, ReserveSerials, SERIALS_AT_ONCE, TimeStampAuthority, TimeStampPolicy},
    error::{TimestampError, TokenError},
    info::{Imprint, TstInfo},
    request::Request,
    response::{Failure, Response},
    token::TimeStampToken,
};
use super::cms::CmsError;

/// Media type of a request (RFC 3161 §3.4).
pub const QUERY_TYPE: &str = "application/timestamp-query";
/// Media type of a response.
pub const REPLY_TYPE: &str = "application/timestamp-reply";

/// id-ct-TSTInfo.
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");

const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const GENERALIZED_TIME: u8 = 0x18;

/// Where timestamps come from: the installation's own authority, or any other by its address. An answer is
/// checked by who asked; what is no answer at all (no connection, an error page) is the source's error.
pub trait TimeStampSource: Send + Sync + fmt::Debug {
    /// Sends the DER of a request and gives what came back.
    fn ask(&self, query: &[u8]) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>>;
}

impl TimeStampSource for TimeStampAuthority {
    fn ask(&self, query: &[u8]) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
        Ok(self.answer(query))
    }
}

/// Content of an INTEGER from an unsigned number: shortest form, never negative (X.690 §8.3).
fn integer_content(bytes: &[u8]) -> Vec<u8> {
    let first = bytes.iter().position(|byte| *byte != 0);
    let digits = first.and_then(|at| bytes.get(at..)).unwrap_or(&[0]);
    let mut content = Vec::with_capacity(digits.len() + 1);
    if digits.first().is_some_and(|byte| byte & 0x80 != 0) {
        content.push(0);
    }
    content.extend_from_slice(digits);
    content
}

/// The number in the content of an INTEGER; none for one that is negative, large or in a longer form.
fn unsigned(content: &[u8]) -> Option<u64> {
    match content {
        [] => None,
        [0, next, ..] if next & 0x80 == 0 => None,
        [first, ..] if first & 0x80 != 0 => None,
        [0, rest @ ..] | rest if rest.len() <= 8 => {
            Some(rest.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
        }
        _ => None,
    }
}

/// An element of this type is not as it must be.
fn malformed(tag: Tag) -> CmsError {
    CmsError::from(der::Error::from(tag.value_error()))
}

/// Random bytes, none where the system has none.
fn random() -> Option<[u8; 8]> {
    let mut bytes = [0; 8];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(bytes)
}
