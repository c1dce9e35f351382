//! What is at hand about revocation, and what it says about one certificate at one instant.
//!
//! What nothing speaks for is [`RevocationStatus::Unknown`], which is never taken for good.

pub mod crl;

use std::sync::Arc;

use jiff::Timestamp;
use x509_cert::ext::pkix::CrlReason;

use self::crl::{Crl, CrlError};
pub(super) use self::crl::{ListIssuer, judge};
use crate::limits::{MAX_REVOCATION_BYTES, MAX_REVOCATIONS};

/// Revocation data at hand, of any issuer: each piece well-formed, none believed before it is asked. Cheap
/// to clone.
#[derive(Debug, Clone, Default)]
pub struct Revocations {
    crls: Vec<Arc<Crl>>,
    /// Of all pieces.
    bytes: usize,
}

/// Why bytes were not taken in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RevocationError {
    /// Not a revocation list that can be used.
    #[error(transparent)]
    Crl(#[from] CrlError),
    /// More than is kept at a time.
    #[error("吊销信息超过 {MAX_REVOCATIONS} 份或 {MAX_REVOCATION_BYTES} 字节 (too much revocation data)")]
    TooMuch,
}

impl Revocations {
    /// From the DER of revocation lists.
    pub fn from_crls<B: AsRef<[u8]>>(ders: impl IntoIterator<Item = B>) -> Result<Self, RevocationError> {
        let mut revocations = Self::default();
        for der in ders {
            revocations.add_crl(der.as_ref())?;
        }
        Ok(revocations)
    }

    /// Takes in the DER of a revocation list.
    pub fn add_crl(&mut self, der: &[u8]) -> Result<(), RevocationError> {
        self.make_room(der.len())?;
        self.crls.push(Arc::new(Crl::parse(der)?));
        Ok(())
    }

    /// Takes in everything that another has.
    pub fn extend(&mut self, other: &Self) -> Result<(), RevocationError> {
        for crl in &other.crls {
            self.make_room(crl.der().len())?;
            self.crls.push(Arc::clone(crl));
        }
        Ok(())
    }

    /// The same of issuers who do not say when the next list is due.
    #[cfg(test)]
    pub(super) fn undated(mut self) -> Self {
        for crl in &mut self.crls {
            *crl = Arc::new(Crl::clone(crl).undated());
        }
        self
    }

    /// The revocation lists.
    pub fn crls(&self) -> impl Iterator<Item = &Crl> {
        self.crls.iter().map(AsRef::as_ref)
    }

    /// How many pieces there are.
    pub fn len(&self) -> usize {
        self.crls.len()
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn make_room(&mut self, bytes: usize) -> Result<(), RevocationError> {
        let total = self.bytes.saturating_add(bytes);
        if self.len() >= MAX_REVOCATIONS || total > MAX_REVOCATION_BYTES {
            return Err(RevocationError::TooMuch);
        }
        self.bytes = total;
        Ok(())
    }
}

/// What a list says about a certificate on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revoked {
    /// Since when.
    pub at: Timestamp,
    /// Why, if the list says so.
    pub reason: Option<CrlReason>,
}

/// What is known about the revocation of a certificate at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RevocationStatus {
    /// A list that covers the instant does not name it.
    Good {
        /// When that list was made.
        as_of: Timestamp,
        /// When the next one was due.
        next_update: Option<Timestamp>,
    },
    /// Revoked, but only after the instant asked about. Whether the instant can be believed is for the
    /// caller to say.
    RevokedLater(Revoked),
    /// Nothing speaks for it.
    Unknown(UnknownRevocation),
}

/// Why the revocation of a certificate is unknown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnknownRevocation {
    /// There is no list of its issuer for its kind.
    #[error("no revocation list of its issuer is at hand")]
    NoList,
    /// A newer list was due before the instant, and a certificate can have been revoked since.
    #[error("the revocation list was due for renewal at {next_update}")]
    Stale {
        /// When it was due.
        next_update: Timestamp,
    },
    /// The list's signature does not verify, or its issuer may not sign lists.
    #[error("the revocation list is not properly signed")]
    Untrusted,
    /// The list is older than the instant and does not say when the next one is due, which RFC 5280 §5.1.2.5
    /// demands: however old, it would pass for new.
    #[error("the revocation list does not say when it is due for renewal")]
    Undated,
    /// The list is signed with an algorithm, or a key, that the policy does not believe.
    #[error("the revocation list is signed with {0}, which is not believed any more")]
    Weak(String),
    /// The list was made after the certificate had expired, when it need not be on the list any more.
    #[error("the revocation list was made after the certificate had expired")]
    TooLate,
}
