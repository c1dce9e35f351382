//! What a signature covers: the References of its Signature.xml, each compared with the raw bytes of the member it names.
//!
//! Digests are made by whoever asks, who knows which algorithms are believed; this module knows their names.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    error::OfdError,
    package::{MemberId, Package},
    structure::signature::SignatureFile,
};

/// Algorithm of digests that a Signature.xml states: by a name of the schema, or by an object identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CheckMethod {
    /// MD5, which holds where nothing is stated: broken.
    Md5,
    /// SHA-1: broken.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SM3 (GB/T 32905).
    Sm3,
}

impl CheckMethod {
    /// Reads a CheckMethod. None where it names no known algorithm: nothing is then believed in its place.
    pub fn read(stated: Option<&str>) -> Option<Self> {
        // Deployed files have `1.2.156.10197.1.401.2`, which would be SM3 with a key; nobody gives one.
        Some(match stated.unwrap_or("MD5") {
            "SM3" | "sm3" | "1.2.156.10197.1.401" | "1.2.156.10197.1.401.1" | "1.2.156.10197.1.401.2" => {
                Self::Sm3
            }
            "SHA256" | "SHA-256" | "2.16.840.1.101.3.4.2.1" => Self::Sha256,
            "SHA1" | "SHA-1" | "1.3.14.3.2.26" => Self::Sha1,
            "MD5" | "1.2.840.113549.2.5" => Self::Md5,
            _ => return None,
        })
    }

    /// Its name, as our algorithms are named.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Sm3 => "SM3",
        }
    }
}

/// What came of one Reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReferenceState {
    /// The member has this digest.
    Right,
    /// It has another.
    Wrong,
    /// There is no such member.
    Missing,
    /// What stands there is no digest.
    NoDigest,
    /// The member cannot be read.
    Unreadable(OfdError),
    /// The algorithm is not known, or not one to be believed.
    UnknownMethod,
}

/// What came of all References of one signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedReferences {
    /// One for each, in order.
    pub states: Vec<ReferenceState>,
    /// Members that have the digest stated, wherever they are named.
    pub covered: BTreeSet<MemberId>,
    /// Members named more than once: readers may go by either digest.
    pub twice: BTreeSet<MemberId>,
}

impl CheckedReferences {
    /// Whether every member has the digest stated.
    pub fn all_right(&self) -> bool {
        self.states.iter().all(|state| *state == ReferenceState::Right)
    }
}

/// The digest of a member; none where its algorithm is not to be believed.
type Digest = Result<Option<Vec<u8>>, OfdError>;

/// Digests of members, each made once however many signatures cover it.
pub struct DigestTable<'p, 'a, F> {
    package: &'p Package<'a>,
    digest: F,
    known: BTreeMap<(MemberId, CheckMethod), Digest>,
}

impl<F> std::fmt::Debug for DigestTable<'_, '_, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DigestTable").finish_non_exhaustive()
    }
}

impl<'p, 'a, F: FnMut(CheckMethod, &[u8]) -> Option<Vec<u8>>> DigestTable<'p, 'a, F> {
    /// Digests as `digest` makes them; none where an algorithm is not to be believed.
    pub fn new(package: &'p Package<'a>, digest: F) -> Self {
        Self {
            package,
            digest,
            known: BTreeMap::new(),
        }
    }

    /// Compares what a signature says of members with what they are.
    pub fn check(&mut self, signature: &SignatureFile) -> CheckedReferences {
        let method = CheckMethod::read(signature.check_method.as_deref());
        let mut seen = BTreeSet::new();
        let mut checked = CheckedReferences {
            states: Vec::with_capacity(signature.references.len()),
            covered: BTreeSet::new(),
            twice: BTreeSet::new(),
        };
        let mut contradicted = BTreeSet::new();
        for reference in &signature.references {
            let state = match (reference.file.member, &reference.check_value) {
                (None, _) => ReferenceState::Missing,
                (Some(_), None) => ReferenceState::NoDigest,
                (Some(member), Some(stated)) => self.compare(member, method, stated),
            };
            if let Some(member) = reference.file.member {
                if !seen.insert(member) {
                    checked.twice.insert(member);
                }
                if state == ReferenceState::Right {
                    checked.covered.insert(member);
                } else {
                    contradicted.insert(member);
                }
            }
            checked.states.push(state);
        }
        checked.covered.retain(|member| !contradicted.contains(member));
        checked
    }

    fn compare(&mut self, member: MemberId, method: Option<CheckMethod>, stated: &[u8]) -> ReferenceState {
        let Some(method) = method else {
            return ReferenceState::UnknownMethod;
        };
        let found = self.known.entry((member, method)).or_insert_with(|| {
            let content = self.package.read(member)?;
            Ok((self.digest)(method, content))
        });
        match found {
            Ok(Some(digest)) if digest == stated => ReferenceState::Right,
            Ok(Some(_)) => ReferenceState::Wrong,
            Ok(None) => ReferenceState::UnknownMethod,
            Err(error) => ReferenceState::Unreadable(error.clone()),
        }
    }
}
