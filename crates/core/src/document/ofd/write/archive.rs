//! The package on the way out: members made once, put together as often as needed (PKWARE APPNOTE 6.3).
//!
//! Nothing in it depends on when or where it is written: times are the first a ZIP archive can have.

use std::sync::Arc;

use super::super::{
    super::deflate::{Effort, bare},
    package::Packed,
};
use crate::crypto::DigestAlgorithm;

/// The first of January 1980.
const DATE: u16 = 0x0021;
const NEEDED: u16 = 20;
/// Names of ours are ASCII; members of others keep theirs.
const UTF_8: u16 = 1 << 11;

/// One member, ready to be put into any number of packages.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) name: Arc<str>,
    pub(super) is_deflated: bool,
    pub(super) crc: u32,
    pub(super) size: u32,
    pub(super) packed: Arc<[u8]>,
    /// SM3 of its raw bytes, which signatures cover.
    pub(super) digest: [u8; 32],
}

impl Member {
    /// Packs a member, deflated where that makes it smaller.
    pub(super) fn deflated(name: impl Into<Arc<str>>, content: &[u8], effort: Effort) -> Self {
        let packed = bare(content, effort);
        if packed.len() < content.len() {
            Self::new(name.into(), content, packed.into(), true)
        } else {
            Self::stored(name, content)
        }
    }

    /// A member as it is.
    pub(super) fn stored(name: impl Into<Arc<str>>, content: &[u8]) -> Self {
        Self::new(name.into(), content, content.into(), false)
    }

    /// A member of another package, as it lies there.
    pub(super) fn kept(name: &str, content: &[u8], packed: &Packed<'_>) -> Self {
        Self {
            name: name.into(),
            is_deflated: packed.is_deflated,
            crc: packed.crc,
            size: content.len() as u32,
            packed: packed.bytes.into(),
            digest: sm3(content),
        }
    }

    fn new(name: Arc<str>, content: &[u8], packed: Arc<[u8]>, is_deflated: bool) -> Self {
        Self {
            name,
            is_deflated,
            crc: crc32fast::hash(content),
            size: content.len() as u32,
            packed,
            digest: sm3(content),
        }
    }
}

/// SM3 of bytes.
pub(super) fn sm3(bytes: &[u8]) -> [u8; 32] {
    let mut digest = [0; 32];
    for (place, byte) in digest.iter_mut().zip(DigestAlgorithm::Sm3.digest(bytes)) {
        *place = byte;
    }
    digest
}

/// Bytes of the headers around a member, its name left out.
const AROUND: usize = 30 + 46;
/// Bytes of the end record.
const END: usize = 22;

/// Bytes that a package of these members takes. The caller keeps it, and their number, within what ZIP can say.
pub(super) fn size(members: &[Member]) -> usize {
    let one = |member: &Member| member.packed.len() + 2 * member.name.len() + AROUND;
    members.iter().map(one).sum::<usize>() + END
}

/// Puts members together, in this order.
pub(super) fn pack(members: &[Member]) -> Vec<u8> {
    let mut out = Vec::with_capacity(size(members));
    let mut directory = Vec::with_capacity(members.len() * 96);
    for member in members {
        let offset = out.len() as u32;
        out.extend_from_slice(b"PK\x03\x04");
        common(&mut out, member);
        out.extend_from_slice(member.name.as_bytes());
        out.extend_from_slice(&member.packed);

        directory.extend_from_slice(b"PK\x01\x02");
        halves(&mut directory, &[NEEDED]);
        common(&mut directory, member);
        // No comment, first disk, no attributes.
        directory.extend_from_slice(&[0; 10]);
        words(&mut directory, &[offset]);
        directory.extend_from_slice(member.name.as_bytes());
    }
    let start = out.len() as u32;
    out.extend_from_slice(&directory);
    let count = members.len() as u16;
    out.extend_from_slice(b"PK\x05\x06");
    halves(&mut out, &[0, 0, count, count]);
    words(&mut out, &[directory.len() as u32, start]);
    halves(&mut out, &[0]);
    out
}

/// What both headers of a member say in the same order, down to the length of the extra field.
fn common(out: &mut Vec<u8>, member: &Member) {
    let flags = if member.name.is_ascii() { 0 } else { UTF_8 };
    let method = if member.is_deflated { 8 } else { 0 };
    halves(out, &[NEEDED, flags, method, 0, DATE]);
    words(out, &[member.crc, member.packed.len() as u32, member.size]);
    halves(out, &[member.name.len() as u16, 0]);
}

fn halves(out: &mut Vec<u8>, values: &[u16]) {
    for value in values {
        out.extend_from_slice(&value.to_le_bytes());
    }
}

fn words(out: &mut Vec<u8>, values: &[u32]) {
    for value in values {
        out.extend_from_slice(&value.to_le_bytes());
    }
}
