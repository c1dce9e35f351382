//! Coverage: which members belong to the document, which of them a signature leaves open, and which nobody names.
//!
//! A signature covers what its References name and nothing else. A template, a font or an annotation that it forgot can
//! be replaced under it, and every digest is still right. So everything that can be reached from OFD.xml is walked over
//! as GM/T 0099-2020 annex D has it, each member gets its part in the document, and what no path leads to is smuggled
//! (夹带). Reachable means named, used or not: a font that no text uses today is one that a changed page may use.

mod walk;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{OpenedOfd, deviation::Deviations, error::OfdError, package::MemberId};

/// What a member does in the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Role {
    /// A page.
    Page,
    /// A template of pages.
    Template,
    /// A resource file.
    Resources,
    /// An embedded font.
    Font,
    /// A picture, sound or movie.
    Media,
    /// A profile of colours.
    ColorProfile,
    /// Annotations.xml.
    Annotations,
    /// Annotations of a page.
    PageAnnot,
    /// A seal.
    Seal,
    /// The picture of a seal.
    SealImage,
    /// OFD.xml.
    Entry,
    /// Document.xml.
    Document,
    /// A file that describes a version.
    Version,
    /// Encryptions.xml and what it names.
    Encryption,
    /// Picture of the cover.
    Cover,
    /// Attachments.xml.
    Attachments,
    /// An attached file.
    Attachment,
    /// CustomTags.xml.
    CustomTags,
    /// A tree of tags.
    CustomTag,
    /// Its schema.
    TagSchema,
    /// Extensions.xml.
    Extensions,
    /// A file of an extension.
    Extension,
    /// A file kept for a version.
    VersionFile,
    /// Signatures.xml.
    Signatures,
    /// Signature.xml.
    Signature,
    /// A signature value.
    SignedValue,
    /// OFDEntries.xml.
    IntegrityList,
    /// The signature over it.
    IntegrityValue,
}

/// How much hangs on a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// It is seen: who changes it changes what people read.
    Visible,
    /// It says what is seen: OFD.xml, Document.xml, versions, encryption. Who changes it chooses among what is there.
    Frame,
    /// It goes with what is seen: cover, attachments, tags, extensions.
    Metadata,
    /// It belongs to signatures.
    Machinery,
}

impl Role {
    /// How much hangs on it.
    pub const fn class(self) -> Class {
        match self {
            Self::Page
            | Self::Template
            | Self::Resources
            | Self::Font
            | Self::Media
            | Self::ColorProfile
            | Self::Annotations
            | Self::PageAnnot
            | Self::Seal
            | Self::SealImage => Class::Visible,
            Self::Entry | Self::Document | Self::Version | Self::Encryption => Class::Frame,
            Self::Cover
            | Self::Attachments
            | Self::Attachment
            | Self::CustomTags
            | Self::CustomTag
            | Self::TagSchema
            | Self::Extensions
            | Self::Extension
            | Self::VersionFile => Class::Metadata,
            Self::Signatures
            | Self::Signature
            | Self::SignedValue
            | Self::IntegrityList
            | Self::IntegrityValue => Class::Machinery,
        }
    }

    /// Whether only signatures name members of this role, so that they may come with a signature.
    const fn comes_with_a_signature(self) -> bool {
        matches!(
            self,
            Self::Signatures | Self::Signature | Self::SignedValue | Self::Seal | Self::SealImage
        )
    }
}

/// A path that leads nowhere: whoever puts a member there changes the document without touching any other member.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dangling {
    /// Who states it.
    pub named_by: MemberId,
    /// As stated.
    pub stated: String,
    /// What it would be.
    pub role: Role,
}

/// Which signature: number of the document, number of the signature in it.
pub type SignatureNumber = (usize, usize);

/// Everything that can be reached from OFD.xml.
#[derive(Debug, Default)]
pub struct Reach {
    /// Parts of each member, the weightiest first.
    roles: BTreeMap<MemberId, BTreeSet<Role>>,
    /// Signatures that name a member as theirs.
    owners: BTreeMap<MemberId, BTreeSet<SignatureNumber>>,
    unreachable: Vec<MemberId>,
    dangling: BTreeSet<Dangling>,
    deviations: Deviations,
}

/// A reachable member that is not covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uncovered {
    /// The member.
    pub member: MemberId,
    /// Its weightiest part in the document.
    pub role: Role,
    /// Why it may be uncovered, if it may.
    pub standing: Standing,
}

/// Whether a member may be left uncovered by a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing excuses it.
    Open,
    /// The signature's own files: it cannot cover itself.
    Own,
    /// The list of signatures, which changes with each that is added.
    List,
    /// Files of a signature added later.
    Later,
}

/// A member that no path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Smuggled {
    /// The member.
    pub member: MemberId,
    /// Whether the signature covers it all the same: the signer knew it.
    pub covered: bool,
}

/// What a signature leaves open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// Reachable members that are not covered.
    pub uncovered: Vec<Uncovered>,
    /// Members that nobody names.
    pub smuggled: Vec<Smuggled>,
}

impl Coverage {
    /// Members of a class that nothing excuses from being covered.
    pub fn open(&self, class: Class) -> impl Iterator<Item = &Uncovered> {
        self.uncovered
            .iter()
            .filter(move |left| left.standing == Standing::Open && left.role.class() == class)
    }

    /// Whether nothing is left open and nothing is smuggled in.
    pub fn is_whole(&self) -> bool {
        self.smuggled.is_empty() && self.uncovered.iter().all(|left| left.standing != Standing::Open)
    }
}

impl Reach {
    /// The parts that a member has, the weightiest first. None where it is smuggled.
    pub fn roles(&self, member: MemberId) -> impl Iterator<Item = Role> {
        self.roles.get(&member).into_iter().flatten().copied()
    }

    /// The weightiest part of a member.
    pub fn role(&self, member: MemberId) -> Option<Role> {
        self.roles(member).next()
    }

    /// All members that can be reached.
    pub fn members(&self) -> impl Iterator<Item = (MemberId, Role)> {
        self.roles
            .iter()
            .filter_map(|(member, roles)| Some((*member, *roles.first()?)))
    }

    /// Members that no path leads to (夹带).
    pub fn unreachable(&self) -> &[MemberId] {
        &self.unreachable
    }

    /// Paths that lead nowhere.
    pub fn dangling(&self) -> impl Iterator<Item = &Dangling> {
        self.dangling.iter()
    }

    /// Deviations of pages, annotations and versions, which are read here.
    pub fn deviations(&self) -> &Deviations {
        &self.deviations
    }

    /// What one signature leaves open, given the members whose digests it has right.
    pub fn left_open_by(&self, signature: SignatureNumber, covered: &BTreeSet<MemberId>) -> Coverage {
        self.coverage(covered, |owners| {
            if owners.contains(&signature) {
                Some(Standing::Own)
            } else {
                // Signatures stand in the order in which they were made; only in their own document.
                let later = |owner: &SignatureNumber| owner.0 == signature.0 && owner.1 > signature.1;
                (!owners.is_empty() && owners.iter().all(later)).then_some(Standing::Later)
            }
        })
    }

    /// What several signatures leave open together, given the members that any of them covers.
    pub fn left_open_by_all(&self, covered: &BTreeSet<MemberId>) -> Coverage {
        self.coverage(covered, |owners| (!owners.is_empty()).then_some(Standing::Own))
    }

    fn coverage(
        &self,
        covered: &BTreeSet<MemberId>,
        excuse: impl Fn(&BTreeSet<SignatureNumber>) -> Option<Standing>,
    ) -> Coverage {
        let none = BTreeSet::new();
        let mut uncovered = Vec::new();
        for (member, roles) in &self.roles {
            let Some(&role) = roles.first() else { continue };
            // Nothing covers the integrity list but its own signature.
            let is_integrity = matches!(role, Role::IntegrityList | Role::IntegrityValue);
            if covered.contains(member) || is_integrity {
                continue;
            }
            // A page does not become a signature's own because a signature says so.
            let comes_with_one = roles.iter().all(|role| role.comes_with_a_signature());
            let standing = if !comes_with_one {
                Standing::Open
            } else if roles.contains(&Role::Signatures) {
                Standing::List
            } else {
                excuse(self.owners.get(member).unwrap_or(&none)).unwrap_or(Standing::Open)
            };
            uncovered.push(Uncovered {
                member: *member,
                role,
                standing,
            });
        }
        let smuggled = self.unreachable.iter().map(|member| Smuggled {
            member: *member,
            covered: covered.contains(member),
        });
        Coverage {
            uncovered,
            smuggled: smuggled.collect(),
        }
    }
}

impl OpenedOfd<'_> {
    /// Walks over everything that can be reached from OFD.xml.
    pub fn reach(&self) -> Result<Reach, OfdError> {
        walk::all(self)
    }

    /// Members that the integrity list leaves out (GM/T 0099-2020 annex D), the list and its signature apart. None where
    /// there is no list.
    pub fn outside_integrity_list(&self) -> Option<Vec<MemberId>> {
        let list = self.integrity.as_ref()?;
        let listed = list.files.iter().chain([&list.signed_value]);
        let mut listed: BTreeSet<MemberId> = listed.filter_map(|loc| loc.member).collect();
        listed.insert(list.member);
        let members = self.package.members();
        Some(members.filter(|member| !listed.contains(member)).collect())
    }
}
