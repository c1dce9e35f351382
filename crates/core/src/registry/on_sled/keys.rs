//! What lies under which key, and how values are written.
//!
//! One key space, so that one batch of sled is one commit:
//!
//! | first byte | rest of the key | value |
//! |---|---|---|
//! | `m` | `format`, `head` | format version; [`Checkpoint`] |
//! | `e` | index | event |
//! | `h` | level, index, quarter | sixty-four hashes of a full Merkle tile |
//! | `c` | identifier | [`CertificateState`] |
//! | `n` | type, number | index of the latest issue |
//! | `u` | type, number | index of the enrolment not sealed yet |
//! | `k` | holder's code, index of issue | |
//! | `w` | holder's name, index of issue | |
//! | `i` | idempotency key | index of its event |
//! | `t` | type, index of issue | |
//! | `x` | status, index of issue; every status but "in force" | |
//! | `C` | type | [`Counts`] |
//! | `S` | seal | [`SealState`] |
//! | `q` | sequence | next number |
//!
//! Texts inside a key end with NUL, which the rules keep out of them; numbers are big-endian, so that
//! keys sort as the numbers do. What an event says is not said again in a value: sled copies whole pages
//! of sixteen entries, and entries without a value of their own make half of them cheap.

use jiff::Timestamp;
use minicbor::{Decode, Encode};

use crate::registry::{
    Checkpoint, Counts, RegistryError, SealStatus, Status,
    event::to_bytes,
    merkle::FullTile,
    rules::{CertificateState, SealState},
};

pub(super) const FORMAT: &[u8] = b"mformat";
pub(super) const HEAD: &[u8] = b"mhead";

pub(super) const EVENT: u8 = b'e';
pub(super) const CERTIFICATE: u8 = b'c';
pub(super) const NUMBER: u8 = b'n';
pub(super) const UNSEALED: u8 = b'u';
pub(super) const HOLDER_CODE: u8 = b'k';
pub(super) const HOLDER_NAME: u8 = b'w';
pub(super) const OUTCOME: u8 = b'i';
pub(super) const TYPE_ORDER: u8 = b't';
pub(super) const STATUS_ORDER: u8 = b'x';
pub(super) const COUNTS: u8 = b'C';
pub(super) const SEAL: u8 = b'S';
pub(super) const SEQUENCE: u8 = b'q';
const TILE: u8 = b'h';

pub(super) const TILE_QUARTERS: u8 = 4;

/// `prefix text`
pub(super) fn text(prefix: u8, text: &str) -> Vec<u8> {
    [&[prefix], text.as_bytes()].concat()
}

/// `prefix number`
pub(super) fn number(prefix: u8, number: u64) -> Vec<u8> {
    [&[prefix][..], &number.to_be_bytes()].concat()
}

/// `prefix first NUL second`
pub(super) fn pair(prefix: u8, first: &str, second: &str) -> Vec<u8> {
    [&[prefix], first.as_bytes(), &[0], second.as_bytes()].concat()
}

/// `prefix text NUL number`
pub(super) fn text_number(prefix: u8, text: &str, number: u64) -> Vec<u8> {
    [&[prefix], text.as_bytes(), &[0], &number.to_be_bytes()].concat()
}

/// Tiles lie in quarters, lest a page of sixteen outgrows the log and sled keeps it in a file of its own.
pub(super) fn tile(level: u8, index: u64, quarter: u8) -> Vec<u8> {
    [&[TILE, level][..], &index.to_be_bytes(), &[quarter]].concat()
}

/// The keys and values of a full tile.
pub(super) fn tile_entries(tile: &FullTile) -> impl Iterator<Item = (Vec<u8>, &[u8])> {
    let quarter = tile.bytes.len().div_ceil(usize::from(TILE_QUARTERS)).max(1);
    (0..TILE_QUARTERS)
        .zip(tile.bytes.chunks(quarter))
        .map(|(q, bytes)| (self::tile(tile.level, tile.index, q), bytes))
}

pub(super) fn status_order(status: Status, index: u64) -> Vec<u8> {
    [&[STATUS_ORDER, status_number(status)][..], &index.to_be_bytes()].concat()
}

/// Everything in `status`, in order of issue.
pub(super) fn status_prefix(status: Status) -> Vec<u8> {
    vec![STATUS_ORDER, status_number(status)]
}

/// The number a key ends with.
pub(super) fn last_number(key: &[u8]) -> Option<u64> {
    key.last_chunk().map(|bytes| u64::from_be_bytes(*bytes))
}

const STATUSES: [Status; 5] = [
    Status::InForce,
    Status::Suspended,
    Status::Revoked,
    Status::Cancelled,
    Status::Superseded,
];

fn status_number(status: Status) -> u8 {
    STATUSES.iter().position(|s| *s == status).unwrap_or_default() as u8
}

const SEAL_STATUSES: [SealStatus; 3] = [SealStatus::InForce, SealStatus::Suspended, SealStatus::Destroyed];

/// A value of the key space.
pub(super) trait Value: Sized {
    fn to_value(&self) -> Vec<u8>;
    fn from_value(bytes: &[u8]) -> Option<Self>;
}

impl Value for u64 {
    fn to_value(&self) -> Vec<u8> {
        self.to_be_bytes().to_vec()
    }

    fn from_value(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(u64::from_be_bytes)
    }
}

/// An entry that says all in its key.
impl Value for () {
    fn to_value(&self) -> Vec<u8> {
        Vec::new()
    }

    fn from_value(bytes: &[u8]) -> Option<Self> {
        bytes.is_empty().then_some(())
    }
}

impl Value for String {
    fn to_value(&self) -> Vec<u8> {
        self.as_bytes().to_vec()
    }

    fn from_value(bytes: &[u8]) -> Option<Self> {
        std::str::from_utf8(bytes).ok().map(str::to_owned)
    }
}

impl Value for Checkpoint {
    fn to_value(&self) -> Vec<u8> {
        [&self.size.to_be_bytes()[..], &self.root].concat()
    }

    fn from_value(bytes: &[u8]) -> Option<Self> {
        let (size, root) = bytes.split_first_chunk()?;
        Some(Self {
            size: u64::from_be_bytes(*size),
            root: root.try_into().ok()?,
        })
    }
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct StoredCertificate {
    #[n(0)]
    certificate_type: String,
    #[n(1)]
    issued_event: u64,
    #[n(2)]
    last_event: u64,
    #[n(3)]
    status: u8,
    #[n(4)]
    since: i64,
    #[n(5)]
    successor: Option<String>,
}

impl Value for CertificateState {
    fn to_value(&self) -> Vec<u8> {
        to_bytes(&StoredCertificate {
            certificate_type: self.certificate_type.clone(),
            issued_event: self.issued_event,
            last_event: self.last_event,
            status: status_number(self.status),
            since: self.since.as_millisecond(),
            successor: self.successor.clone(),
        })
    }

    fn from_value(bytes: &[u8]) -> Option<Self> {
        let stored: StoredCertificate = minicbor::decode(bytes).ok()?;
        Some(Self {
            certificate_type: stored.certificate_type,
            issued_event: stored.issued_event,
            last_event: stored.last_event,
            status: STATUSES.get(usize::from(stored.status)).copied()?,
            since: Timestamp::from_millisecond(stored.since).ok()?,
            successor: stored.successor,
        })
    }
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct StoredSeal {
    #[n(0)]
    registered_event: u64,
    #[n(1)]
    last_event: u64,
    #[n(2)]
    status: u8,
    #[n(3)]
    since: i64,
}

impl Value for SealState {
    fn to_value(&self) -> Vec<u8> {
        to_bytes(&StoredSeal {
            registered_event: self.registered_event,
            last_event: self.last_event,
            status: SEAL_STATUSES
                .iter()
                .position(|s| *s == self.status)
                .unwrap_or_default() as u8,
            since: self.since.as_millisecond(),
        })
    }

    fn from_value(bytes: &[u8]) -> Option<Self> {
        let stored: StoredSeal = minicbor::decode(bytes).ok()?;
        Some(Self {
            registered_event: stored.registered_event,
            last_event: stored.last_event,
            status: SEAL_STATUSES.get(usize::from(stored.status)).copied()?,
            since: Timestamp::from_millisecond(stored.since).ok()?,
        })
    }
}

impl Value for Counts {
    fn to_value(&self) -> Vec<u8> {
        to_bytes(&[
            self.in_force,
            self.suspended,
            self.revoked,
            self.cancelled,
            self.superseded,
            self.unsealed,
        ])
    }

    fn from_value(bytes: &[u8]) -> Option<Self> {
        let [in_force, suspended, revoked, cancelled, superseded, unsealed] = minicbor::decode(bytes).ok()?;
        Some(Self {
            in_force,
            suspended,
            revoked,
            cancelled,
            superseded,
            unsealed,
        })
    }
}

/// Reads a value, or says which kind of key is damaged. Keys may be personal, so they are not shown.
pub(super) fn read<T: Value>(key: &[u8], bytes: &[u8]) -> Result<T, RegistryError> {
    T::from_value(bytes).ok_or_else(|| {
        let kind = char::from(key.first().copied().unwrap_or_default());
        RegistryError::Corrupt(format!("{kind} 类索引项无法解读"))
    })
}
