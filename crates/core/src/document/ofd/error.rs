//! Why a package could not be opened, or a part of it not be read.

use crate::remark::visible_start;

/// Why an OFD file was refused. Everything in it is about the file: nothing here is our own failing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OfdError {
    /// An element or attribute is absent, stands there twice or does not say what it must.
    #[error(
        "文件内 {} 的 {element} 有误（{what}），请重新取得原始文件 / {element} in {}: {what}",
        name(.member),
        name(.member)
    )]
    Element {
        /// The member it stands in.
        member: String,
        /// Its name, or `element@attribute`.
        element: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Encrypted under GM/T 0099: what it shows cannot be read without the key.
    #[error(
        "文件已按 GM/T 0099 加密，无法核验其内容，请提供未加密的原始文件 / \
         the file is encrypted under GM/T 0099: supply it without encryption"
    )]
    Encrypted,
    /// One of the stated limits is passed: a file made to exhaust the machine.
    #[error(
        "文件过大或过于复杂，超出核验限度（{what} > {limit}），请向出具方核实文件来源 / limit passed: {what} over {limit}"
    )]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// How much is allowed.
        limit: usize,
    },
    /// A member of the package is damaged, or is one that readers understand differently.
    #[error(
        "文件内 {} 不可采信（{what}），请重新取得原始文件 / member {}: {what}",
        name(.member),
        name(.member)
    )]
    Member {
        /// Its name.
        member: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A member that the document cannot do without is not there.
    #[error(
        "文件缺少 {}（由 {} 指明），请重新取得原始文件 / {} is missing, which {} names",
        name(.member),
        name(.named_by),
        name(.member),
        name(.named_by)
    )]
    Missing {
        /// Its name, as stated.
        member: String,
        /// Who names it.
        named_by: String,
    },
    /// Not a ZIP package at all.
    #[error("不是 OFD 文件：没有 ZIP 目录，请确认选对了文件 / not an OFD: there is no ZIP directory")]
    NotPackage,
    /// The package as a whole is damaged, or one that readers understand differently.
    #[error(
        "文件的 ZIP 结构在第 {offset} 字节处不可采信（{what}），请重新取得原始文件 / \
         ZIP structure at byte {offset}: {what}"
    )]
    Package {
        /// Where in the file.
        offset: usize,
        /// What is wrong there.
        what: &'static str,
    },
    /// Larger than any file this program opens.
    #[error(
        "文件超过 {0} MiB，未予读取 / the file is larger than {0} MiB and was not read",
        .limit >> 20
    )]
    TooLarge {
        /// Most bytes opened.
        limit: usize,
    },
    /// A member is no XML, or XML that is not read.
    #[error(
        "文件内 {} 第 {line} 行第 {column} 列不合 XML 语法（{what}），请重新取得原始文件 / \
         {} line {line} column {column}: {what}",
        name(.member),
        name(.member)
    )]
    Xml {
        /// The member.
        member: String,
        /// Line, from one.
        line: u32,
        /// Column, from one.
        column: u32,
        /// What is wrong there.
        what: String,
    },
}

/// A name out of the file, fit to be shown.
fn name(member: &str) -> String {
    visible_start(member, 200)
}

impl OfdError {
    pub(super) fn element(member: &str, element: impl Into<String>, what: &'static str) -> Self {
        Self::Element {
            member: member.to_owned(),
            element: element.into(),
            what,
        }
    }

    pub(super) fn member(member: &str, what: &'static str) -> Self {
        Self::Member {
            member: member.to_owned(),
            what,
        }
    }
}
