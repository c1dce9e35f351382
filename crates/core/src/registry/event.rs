//! Canonical encoding of events.
//!
//! CBOR maps with integer keys in ascending order, definite lengths, absent values left out: the
//! deterministic encoding of RFC 8949 §4.2, so equal events have equal bytes on every back end.

use jiff::{Timestamp, civil::Date};
use minicbor::{Decode, Encode, Encoder, decode};

use super::{
    Append, Basis, Change, EventKind, RecordedDocument,
    merkle::{self, Hash},
};
use crate::{crypto::sha256_of, profile::Profile};

/// The only layout of leaves so far.
const LEAF_VERSION: u8 = 1;

/// The public part of an event: a leaf of the Merkle tree. Holds no personal data.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Leaf {
    /// Layout of the leaf.
    #[n(0)]
    pub version: u8,
    /// What happened.
    #[n(1)]
    #[cbor(with = "kind")]
    pub kind: EventKind,
    /// When, in milliseconds since 1970.
    #[n(2)]
    pub at: i64,
    /// Unified social credit code of the authority that acted.
    #[n(3)]
    pub authority: String,
    /// Type key; none for seal events.
    #[n(4)]
    pub certificate_type: Option<String>,
    /// Type version.
    #[n(5)]
    pub type_version: Option<u16>,
    /// SHA-256 of salt and private part.
    #[n(6)]
    #[cbor(with = "minicbor::bytes")]
    pub commitment: Hash,
    /// SHA-256 of salt, the word `actor` and the actor.
    #[n(7)]
    #[cbor(with = "minicbor::bytes")]
    pub actor_commitment: Hash,
    /// Index of the event before it in the life of the same certificate or seal.
    #[n(8)]
    pub previous: Option<u64>,
    /// Seal: the one concerned, or the one that signed.
    #[n(9)]
    pub seal: Option<String>,
}

/// The private part of an event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PrivatePart {
    /// Who did it.
    #[n(0)]
    pub actor: String,
    /// Why.
    #[n(1)]
    pub reason: String,
    /// Idempotency key of the request.
    #[n(2)]
    pub idempotency_key: Option<String>,
    /// Digest of the request.
    #[n(3)]
    #[cbor(with = "minicbor::bytes")]
    pub request_digest: Option<Hash>,
    /// Certificate identifier.
    #[n(4)]
    pub identifier: Option<String>,
    /// Certificate number.
    #[n(5)]
    pub number: Option<String>,
    /// Holder's name.
    #[n(6)]
    pub holder_name: Option<String>,
    /// Holder's code.
    #[n(7)]
    pub holder_code: Option<String>,
    /// Name of the issuing authority.
    #[n(8)]
    pub issuer_name: Option<String>,
    /// Date of issue.
    #[n(9)]
    #[cbor(with = "date", has_nil)]
    pub issued_on: Option<Date>,
    /// First day in force.
    #[n(10)]
    #[cbor(with = "date", has_nil)]
    pub valid_from: Option<Date>,
    /// Last day in force.
    #[n(11)]
    #[cbor(with = "date", has_nil)]
    pub valid_until: Option<Date>,
    /// SHA-256 of the sealed document.
    #[n(12)]
    #[cbor(with = "minicbor::bytes")]
    pub document_digest: Option<Hash>,
    /// Its length.
    #[n(13)]
    pub document_size: Option<u64>,
    /// Where it lies in the object store.
    #[n(14)]
    pub document_key: Option<String>,
    /// SHA-256 of the face data.
    #[n(15)]
    #[cbor(with = "minicbor::bytes")]
    pub face_digest: Option<Hash>,
    /// Identifier of the certificate it replaces.
    #[n(16)]
    pub predecessor: Option<String>,
    /// Definition of a seal.
    #[n(17)]
    #[cbor(with = "minicbor::bytes")]
    pub seal_definition: Option<Vec<u8>>,
    /// Profile of the sealed document; absent where it is a PDF.
    #[n(18)]
    #[cbor(with = "profile", has_nil)]
    pub profile: Option<Profile>,
    /// Documents of the same certificate under other profiles.
    #[n(19)]
    pub further: Option<Vec<FurtherDocument>>,
}

/// A document beside the first one.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct FurtherDocument {
    /// In which form.
    #[n(0)]
    #[cbor(with = "profile", has_nil)]
    pub profile: Option<Profile>,
    /// SHA-256 of it.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub digest: Hash,
    /// Its length.
    #[n(2)]
    pub size: u64,
    /// Where it lies in the object store.
    #[n(3)]
    pub key: String,
}

impl FurtherDocument {
    fn of(document: &RecordedDocument) -> Self {
        Self {
            profile: stated(document.profile),
            digest: document.digest,
            size: document.size,
            key: document.key.clone(),
        }
    }
}

impl From<FurtherDocument> for RecordedDocument {
    fn from(document: FurtherDocument) -> Self {
        Self {
            profile: document.profile.unwrap_or(Profile::PdfPades),
            digest: document.digest,
            size: document.size,
            key: document.key,
        }
    }
}

/// PDF is what goes without saying: registries from before there was anything else say nothing.
fn stated(profile: Profile) -> Option<Profile> {
    (profile != Profile::PdfPades).then_some(profile)
}

/// One event as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its place in the total order.
    pub index: u64,
    /// The public part.
    pub leaf: Leaf,
    /// The private part.
    pub private: PrivatePart,
    /// What blinds the commitments.
    pub salt: [u8; 32],
    /// The leaf as it was hashed.
    pub leaf_bytes: Vec<u8>,
    /// The private part as it was committed to.
    pub private_bytes: Vec<u8>,
}

impl Event {
    /// Makes the event of an accepted item: `previous` is the event before it in the same life, and
    /// `of_type` the type of the certificate, where the item itself does not say it.
    pub(super) fn new(index: u64, append: &Append, previous: Option<u64>, of_type: Option<String>) -> Self {
        let private = PrivatePart::of(append);
        let private_bytes = to_bytes(&private);
        let (certificate_type, type_version, seal) = match &append.change {
            Change::Enrol(e) => (Some(&e.certificate_type), Some(e.type_version), None),
            Change::Issue(c) => (Some(&c.certificate_type), Some(c.type_version), Some(&c.seal)),
            Change::RegisterSeal { seal, .. }
            | Change::SuspendSeal(seal)
            | Change::ResumeSeal(seal)
            | Change::DestroySeal(seal) => (None, None, Some(seal)),
            Change::Suspend(_) | Change::Resume(_) | Change::Revoke(_) | Change::Cancel(_) => {
                (None, None, None)
            }
        };
        let leaf = Leaf {
            version: LEAF_VERSION,
            kind: append.change.kind(),
            at: append.at.as_millisecond(),
            authority: append.authority.clone(),
            certificate_type: certificate_type.cloned().or(of_type),
            type_version,
            commitment: commit(&append.salt, &private_bytes),
            actor_commitment: commit_actor(&append.salt, &append.actor),
            previous,
            seal: seal.cloned(),
        };
        Self {
            index,
            leaf_bytes: to_bytes(&leaf),
            leaf,
            private,
            salt: append.salt,
            private_bytes,
        }
    }

    /// When it happened.
    pub fn at(&self) -> Timestamp {
        Timestamp::from_millisecond(self.leaf.at).unwrap_or_default()
    }

    /// Hash of its leaf.
    pub fn leaf_hash(&self) -> Hash {
        merkle::leaf_hash(&self.leaf_bytes)
    }

    /// Whether the leaf commits to this private part.
    pub fn is_committed(&self) -> bool {
        self.leaf.commitment == commit(&self.salt, &self.private_bytes)
            && self.leaf.actor_commitment == commit_actor(&self.salt, &self.private.actor)
    }

    /// One byte string for storage.
    pub(super) fn to_stored(&self) -> Vec<u8> {
        to_bytes(&Stored {
            leaf: &self.leaf_bytes,
            salt: &self.salt,
            private: &self.private_bytes,
        })
    }

    /// Reads what [`Self::to_stored`] wrote.
    pub(super) fn from_stored(index: u64, bytes: &[u8]) -> Result<Self, decode::Error> {
        let stored: Stored<'_> = minicbor::decode(bytes)?;
        Ok(Self {
            index,
            leaf: minicbor::decode(stored.leaf)?,
            private: minicbor::decode(stored.private)?,
            salt: stored
                .salt
                .try_into()
                .map_err(|_| decode::Error::message("salt of a wrong length"))?,
            leaf_bytes: stored.leaf.to_vec(),
            private_bytes: stored.private.to_vec(),
        })
    }
}

impl PrivatePart {
    fn of(append: &Append) -> Self {
        let mut private = Self {
            actor: append.actor.clone(),
            reason: append.reason.clone(),
            idempotency_key: append.idempotency.as_ref().map(|i| i.key.clone()),
            request_digest: append.idempotency.as_ref().map(|i| i.request),
            ..Self::default()
        };
        match &append.change {
            Change::Enrol(e) => {
                private.number = Some(e.number.clone());
                private.holder_name = Some(e.holder_name.clone());
                private.holder_code.clone_from(&e.holder_code);
                private.issuer_name = Some(e.issuer_name.clone());
                private.issued_on = Some(e.issued_on);
                private.valid_from = Some(e.valid_from);
                private.valid_until = e.valid_until;
                private.face_digest = Some(e.face_digest);
            }
            Change::Issue(c) => {
                private.identifier = Some(c.identifier.clone());
                private.number = Some(c.number.clone());
                private.holder_name = Some(c.holder_name.clone());
                private.holder_code.clone_from(&c.holder_code);
                private.issuer_name = Some(c.issuer_name.clone());
                private.issued_on = Some(c.issued_on);
                private.valid_from = Some(c.valid_from);
                private.valid_until = c.valid_until;
                private.document_digest = Some(c.document.digest);
                private.document_size = Some(c.document.size);
                private.document_key = Some(c.document.key.clone());
                private.profile = stated(c.document.profile);
                private.further =
                    (!c.further.is_empty()).then(|| c.further.iter().map(FurtherDocument::of).collect());
                private.face_digest = Some(c.face_digest);
                private.predecessor = Basis::predecessor(&c.basis).map(str::to_owned);
            }
            Change::Suspend(id) | Change::Resume(id) | Change::Revoke(id) | Change::Cancel(id) => {
                private.identifier = Some(id.clone());
            }
            Change::RegisterSeal { definition, .. } => {
                private.seal_definition = Some(definition.clone());
            }
            Change::SuspendSeal(_) | Change::ResumeSeal(_) | Change::DestroySeal(_) => {}
        }
        private
    }
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Stored<'a> {
    #[b(0)]
    #[cbor(with = "minicbor::bytes")]
    leaf: &'a [u8],
    #[b(1)]
    #[cbor(with = "minicbor::bytes")]
    salt: &'a [u8],
    #[b(2)]
    #[cbor(with = "minicbor::bytes")]
    private: &'a [u8],
}

/// Encodes into memory, which cannot fail.
pub(super) fn to_bytes<T: Encode<()>>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    let mut encoder = Encoder::new(&mut bytes);
    match encoder.encode(value) {
        Ok(_) => bytes,
        Err(never) => unreachable!("writing to memory does not fail: {never}"),
    }
}

fn commit(salt: &[u8; 32], private: &[u8]) -> Hash {
    sha256_of(&[salt, private])
}

fn commit_actor(salt: &[u8; 32], actor: &str) -> Hash {
    sha256_of(&[salt, b"actor", actor.as_bytes()])
}

/// Event kinds by number; numbers are never given anew.
#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "shaped as minicbor's derive calls it"
)]
mod kind {
    use minicbor::{
        decode::{Decoder, Error as DecodeError},
        encode::{Encoder, Error as EncodeError, Write},
    };

    use super::EventKind;

    const NUMBERS: [EventKind; 13] = [
        EventKind::Enrolled,
        EventKind::Issued,
        EventKind::Renewed,
        EventKind::Amended,
        EventKind::Reissued,
        EventKind::Suspended,
        EventKind::Resumed,
        EventKind::Revoked,
        EventKind::Cancelled,
        EventKind::SealRegistered,
        EventKind::SealSuspended,
        EventKind::SealResumed,
        EventKind::SealDestroyed,
    ];

    pub(super) fn encode<C, W: Write>(
        kind: &EventKind,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        let number = NUMBERS.iter().position(|k| k == kind).unwrap_or_default();
        e.u8(number as u8)?;
        Ok(())
    }

    pub(super) fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<EventKind, DecodeError> {
        NUMBERS
            .get(usize::from(d.u8()?))
            .copied()
            .ok_or_else(|| DecodeError::message("an event kind this program does not know"))
    }
}

/// Profiles by number; numbers are never given anew.
#[allow(
    clippy::option_option,
    clippy::ref_option,
    clippy::trivially_copy_pass_by_ref,
    clippy::unnecessary_wraps,
    reason = "shaped as minicbor's derive calls it"
)]
mod profile {
    use minicbor::{
        decode::{Decoder, Error as DecodeError},
        encode::{Encoder, Error as EncodeError, Write},
    };

    use super::Profile;

    pub(super) fn encode<C, W: Write>(
        profile: &Option<Profile>,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        match profile {
            Some(Profile::PdfPades) => e.u8(0)?,
            Some(Profile::OfdGb38540) => e.u8(1)?,
            None => e.null()?,
        };
        Ok(())
    }

    pub(super) fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<Option<Profile>, DecodeError> {
        if d.datatype()? == minicbor::data::Type::Null {
            d.null()?;
            return Ok(None);
        }
        match d.u8()? {
            0 => Ok(Some(Profile::PdfPades)),
            1 => Ok(Some(Profile::OfdGb38540)),
            _ => Err(DecodeError::message("a profile this program does not know")),
        }
    }

    pub(super) fn is_nil(profile: &Option<Profile>) -> bool {
        profile.is_none()
    }

    pub(super) fn nil() -> Option<Option<Profile>> {
        Some(None)
    }
}

/// Civil dates as the number year·10000 + month·100 + day.
#[allow(
    clippy::option_option,
    clippy::ref_option,
    clippy::trivially_copy_pass_by_ref,
    clippy::unnecessary_wraps,
    reason = "shaped as minicbor's derive calls it"
)]
mod date {
    use minicbor::{
        decode::{Decoder, Error as DecodeError},
        encode::{Encoder, Error as EncodeError, Write},
    };

    use super::Date;

    pub(super) fn encode<C, W: Write>(
        date: &Option<Date>,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        match date {
            Some(d) => {
                e.i32(i32::from(d.year()) * 10_000 + i32::from(d.month()) * 100 + i32::from(d.day()))?
            }
            None => e.null()?,
        };
        Ok(())
    }

    pub(super) fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<Option<Date>, DecodeError> {
        if d.datatype()? == minicbor::data::Type::Null {
            d.null()?;
            return Ok(None);
        }
        let n = d.i32()?;
        let no_day = || DecodeError::message("a day that is in no calendar");
        // Months and days have two digits; a year of six would otherwise pass for another one.
        let year = i16::try_from(n / 10_000).map_err(|_| no_day())?;
        Date::new(year, (n / 100 % 100) as i8, (n % 100) as i8)
            .map(Some)
            .map_err(|_| no_day())
    }

    pub(super) fn is_nil(date: &Option<Date>) -> bool {
        date.is_none()
    }

    pub(super) fn nil() -> Option<Option<Date>> {
        Some(None)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use minicbor::Decoder;

    use super::*;
    use crate::registry::contract::issue;

    #[test]
    fn an_event_reads_back_as_written() {
        let event = Event::new(7, &issue("A-1", "0001"), Some(3), None);
        assert!(event.is_committed());
        let again = Event::from_stored(7, &event.to_stored()).unwrap();
        assert_eq!(again, event);
        assert_eq!(to_bytes(&again.leaf), event.leaf_bytes);
        assert_eq!(to_bytes(&again.private), event.private_bytes);
    }

    #[test]
    fn a_year_of_six_digits_is_no_other_year() {
        let private = PrivatePart {
            issued_on: Some(Date::constant(2024, 6, 28)),
            ..PrivatePart::default()
        };
        let mut bytes = to_bytes(&private);
        let at = bytes
            .windows(4)
            .position(|w| w == 20_240_628_u32.to_be_bytes())
            .unwrap();
        // 65,536 years later.
        bytes[at..at + 4].copy_from_slice(&675_600_628_u32.to_be_bytes());
        assert!(minicbor::decode::<PrivatePart>(&bytes).is_err());
    }

    #[test]
    fn a_leaf_tells_nothing_personal() {
        let append = issue("A-1", "0001");
        let event = Event::new(0, &append, None, None);
        let Change::Issue(new) = &append.change else {
            unreachable!()
        };
        for secret in [
            new.identifier.as_str(),
            new.number.as_str(),
            new.holder_name.as_str(),
            new.holder_code.as_deref().unwrap(),
            append.actor.as_str(),
        ] {
            assert!(
                !event
                    .leaf_bytes
                    .windows(secret.len())
                    .any(|w| w == secret.as_bytes()),
                "{secret}"
            );
        }
    }

    #[test]
    fn maps_have_ascending_keys_and_no_absent_values() {
        let event = Event::new(0, &issue("A-1", "0001"), None, None);
        for bytes in [&event.leaf_bytes, &event.private_bytes] {
            let mut d = Decoder::new(bytes);
            let n = d.map().unwrap().unwrap();
            let mut last = None;
            for _ in 0..n {
                let key = d.u8().unwrap();
                assert!(last < Some(key));
                last = Some(key);
                assert_ne!(d.datatype().unwrap(), minicbor::data::Type::Null);
                d.skip().unwrap();
            }
            assert_eq!(d.position(), bytes.len());
        }
    }
}
