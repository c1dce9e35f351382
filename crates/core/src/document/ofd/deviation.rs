//! What is not as GB/T 33190 or the ZIP format have it, and is read all the same because such files are deployed.
//!
//! A deviation is named, never mended in silence: two readers may understand such a file differently, and whoever judges
//! it has to know.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::{limits::MAX_OFD_DEVIATIONS, remark::visible_start};

/// Kind of deviation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum DeviationKind {
    /// The ZIP archive has a comment: readers pass over it.
    ArchiveComment,
    /// Bytes before the first member, which vendors prepend.
    BytesBefore,
    /// Bytes between members.
    BytesBetween,
    /// An identifier stands at two things of one kind; the first counts.
    DuplicateId,
    /// An element that the standard wants once stands there several times.
    DuplicateElement,
    /// The two headers of a member differ in flags that say nothing.
    HeaderFlags,
    /// An element or attribute that the standard demands is absent.
    MissingElement,
    /// A path leads to no member.
    MissingMember,
    /// A name of the archive is not marked as UTF-8.
    NameEncoding,
    /// Elements are not in the namespace of GB/T 33190.
    Namespace,
    /// A path meets its member only without regard to capitals.
    PathCase,
    /// A path from the root is meant from the file that states it.
    PathFromFile,
    /// A relative path is meant from the root.
    PathFromRoot,
    /// A path leads out of the package.
    PathOutside,
    /// A path with empty or backward slashes.
    PathSlashes,
    /// Advances of glyphs are fewer than the text needs; the last is repeated, as deployed readers do.
    ShortDeltas,
    /// A number, box or array cannot be read and is passed over.
    UnreadableValue,
    /// A resource that nothing defines is used.
    UnknownResource,
}

impl DeviationKind {
    /// Stable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::ArchiveComment => "archive-comment",
            Self::BytesBefore => "bytes-before",
            Self::BytesBetween => "bytes-between",
            Self::DuplicateId => "duplicate-id",
            Self::DuplicateElement => "duplicate-element",
            Self::HeaderFlags => "header-flags",
            Self::MissingElement => "missing-element",
            Self::MissingMember => "missing-member",
            Self::NameEncoding => "name-encoding",
            Self::Namespace => "namespace",
            Self::PathCase => "path-case",
            Self::PathFromFile => "path-from-file",
            Self::PathFromRoot => "path-from-root",
            Self::PathOutside => "path-outside",
            Self::PathSlashes => "path-slashes",
            Self::ShortDeltas => "short-deltas",
            Self::UnreadableValue => "unreadable-value",
            Self::UnknownResource => "unknown-resource",
        }
    }

    /// For people, Chinese and English.
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::ArchiveComment => ("压缩包带有注释", "the archive has a comment"),
            Self::BytesBefore => ("压缩包之前有多余字节", "bytes before the archive"),
            Self::BytesBetween => ("压缩包成员之间有多余字节", "bytes between members"),
            Self::DuplicateId => (
                "标识重复，以首个为准",
                "an identifier given twice: the first counts",
            ),
            Self::DuplicateElement => ("元素重复出现", "an element repeated"),
            Self::HeaderFlags => (
                "成员两处文件头的标志不同",
                "the two headers of a member have different flags",
            ),
            Self::MissingElement => (
                "缺少必备的元素或属性",
                "a required element or attribute is absent",
            ),
            Self::MissingMember => ("路径所指文件不存在", "a path leads to no member"),
            Self::NameEncoding => ("成员名称未标明为 UTF-8", "a name not marked as UTF-8"),
            Self::Namespace => (
                "命名空间不是 GB/T 33190 所定",
                "not in the namespace of GB/T 33190",
            ),
            Self::PathCase => (
                "路径大小写与成员名不符",
                "capitals of a path differ from its member",
            ),
            Self::PathFromFile => (
                "以根开头的路径实为相对路径",
                "a path from the root that is meant from its file",
            ),
            Self::PathFromRoot => (
                "相对路径实为自根起的路径",
                "a relative path that is meant from the root",
            ),
            Self::PathOutside => ("路径指向包外", "a path leads out of the package"),
            Self::PathSlashes => ("路径含多余或反向斜线", "empty or backward slashes in a path"),
            Self::ShortDeltas => (
                "字形间距个数不足，沿用末值",
                "too few advances of glyphs: the last is repeated",
            ),
            Self::UnreadableValue => (
                "数值无法读出，已略过",
                "a value that cannot be read is passed over",
            ),
            Self::UnknownResource => ("引用了未定义的资源", "a resource that nothing defines"),
        }
    }
}

/// One deviation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Deviation {
    /// Which.
    pub kind: DeviationKind,
    /// The member it is found in; empty for the archive as a whole.
    pub member: String,
    /// What it is about, fit to be shown: a path, an element, a number of bytes.
    pub detail: String,
}

/// Deviations, each once, in bounded number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deviations {
    found: BTreeSet<Deviation>,
    left_out: bool,
}

impl Deviations {
    /// All of them, in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = &Deviation> {
        self.found.iter()
    }

    /// Whether there are more than are kept.
    pub fn left_out(&self) -> bool {
        self.left_out
    }

    /// Whether there is one of a kind.
    pub fn has(&self, kind: DeviationKind) -> bool {
        self.found.iter().any(|deviation| deviation.kind == kind)
    }

    pub(super) fn note(&mut self, kind: DeviationKind, member: &str, detail: impl Into<String>) {
        self.insert(Deviation {
            kind,
            member: visible_start(member, 200),
            detail: visible_start(detail, 200),
        });
    }

    pub(super) fn extend(&mut self, others: &Self) {
        self.left_out |= others.left_out;
        for deviation in &others.found {
            self.insert(deviation.clone());
        }
    }

    fn insert(&mut self, deviation: Deviation) {
        if self.found.len() < MAX_OFD_DEVIATIONS {
            self.found.insert(deviation);
        } else {
            self.left_out |= !self.found.contains(&deviation);
        }
    }
}
