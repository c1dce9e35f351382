//! Codes that certificates carry: parsing, check characters, masking.
//!
//! Takes text in its normal form (ASCII, upper case, no blanks); gives types that hold only what the
//! standard allows, or a [`CodeError`] that names the place. No message repeats a whole code, because
//! some of them are personal data.

mod check;
mod citizen;
mod credit;
mod holder;
mod identifier;

pub use check::mod_11_10;
pub use citizen::{CitizenId, Sex};
pub use credit::{CreditCode, organisation_check};
pub use holder::{HolderCode, HolderCodeKind, mask_code, mask_name};
pub(crate) use identifier::check_type_code;
pub use identifier::{CertificateIdentifier, CheckAlgorithm};

/// Which code an error speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodeKind {
    /// 公民身份号码 (GB 11643).
    CitizenId,
    /// 证照标识 (GB/T 36904).
    Identifier,
    /// 组织机构代码 (GB 11714).
    OrganisationCode,
    /// 工商注册号, fifteen digits, in use until the credit code replaced it.
    RegistrationNumber,
    /// 统一社会信用代码 (GB 32100).
    CreditCode,
    /// A passport, travel permit or service card.
    OtherPaper,
    /// 证照类型代码, the second part of an identifier.
    TypeCode,
}

impl CodeKind {
    /// Its Chinese name.
    pub fn name(self) -> &'static str {
        match self {
            Self::CitizenId => "公民身份号码",
            Self::Identifier => "证照标识",
            Self::OrganisationCode => "组织机构代码",
            Self::RegistrationNumber => "工商注册号",
            Self::CreditCode => "统一社会信用代码",
            Self::OtherPaper => "证件号码",
            Self::TypeCode => "证照类型代码",
        }
    }
}

/// Why a code was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodeError {
    /// A character that cannot stand where it stands.
    #[error("{}第{position}位是“{found}”，此处应为{allowed}", code.name())]
    Character {
        /// Which code.
        code: CodeKind,
        /// Place of the character, from 1.
        position: usize,
        /// The character.
        found: char,
        /// What may stand there.
        allowed: &'static str,
    },
    /// The check character does not follow from the others: one of them is wrong.
    #[error("{}校验位不符：末位是“{found}”，按前面各位应为“{expected}”", code.name())]
    CheckCharacter {
        /// Which code.
        code: CodeKind,
        /// What follows from the other characters.
        expected: char,
        /// What stands there.
        found: char,
    },
    /// The birth date within a citizen id is no date.
    #[error("{}第7至14位不是有效的出生日期", CodeKind::CitizenId.name())]
    Date,
    /// Too long or too short.
    #[error("{}应为{expected}，实为{found}位", code.name())]
    Length {
        /// Which code.
        code: CodeKind,
        /// What the standard says.
        expected: &'static str,
        /// Characters found.
        found: usize,
    },
    /// An identifier that has not five parts after the root.
    #[error("证照标识在根代码之后应有5段，以“.”分隔，实有{found}段")]
    Parts {
        /// Parts found.
        found: usize,
    },
    /// An identifier that does not begin with the national root.
    #[error("证照标识应以电子证照根代码 1.2.156.3005.2 开头")]
    Root,
    /// Version 0 or above 999.
    #[error("证照标识的版本号应为001至999，实为{found}")]
    Version {
        /// The version.
        found: u16,
    },
}

impl CodeError {
    /// Stable code for reject files and interfaces.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Character { .. } => "bad-character",
            Self::CheckCharacter { .. } => "bad-check-digit",
            Self::Date => "bad-date",
            Self::Length { .. } => "bad-length",
            Self::Parts { .. } | Self::Root | Self::Version { .. } => "bad-identifier",
        }
    }

    /// What to do about it, in Chinese.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::CheckCharacter { .. } => "请对照原件逐位核对，通常是录错或颠倒了一位",
            Self::Character { .. } => "请对照原件改正该位，注意区分字母O与数字0、字母I与数字1",
            Self::Date => "请对照身份证核对出生年月日",
            Self::Length { .. } => "请补全或删去多余的字符",
            Self::Parts { .. } | Self::Root | Self::Version { .. } => "请核对证照上印制的证照标识",
        }
    }
}
