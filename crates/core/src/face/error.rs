//! Why a face could not be made.

use std::path::PathBuf;

use super::{Mm, Rect};

/// Why a template or a face was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FaceError {
    /// The value is longer than its box holds at the smallest size allowed.
    #[error(
        "{field}（{label}）：{chars} 个字在 {:.1}×{:.1} 毫米的位置内缩小到 {floor:.1} 毫米仍排不下，请缩短内容 / \
         value does not fit its box", place.w, place.h
    )]
    DoesNotFit {
        /// Field key.
        field: String,
        /// Field label.
        label: String,
        /// Its box on the page.
        place: Rect,
        /// Characters in the value.
        chars: usize,
        /// Smallest size allowed.
        floor: Mm,
    },
    /// No font has a glyph for a character.
    #[error(
        "{field}（{label}）第 {position} 个字“{ch}”（U+{:04X}）没有字体可用，请核对用字{hint} / \
         no font has this character", u32::from(*ch)
    )]
    MissingGlyph {
        /// Field key.
        field: String,
        /// Field label.
        label: String,
        /// The character.
        ch: char,
        /// Which character of the value it is, from 1.
        position: usize,
        /// Which package may help, or nothing.
        hint: String,
    },
    /// The face data are of another type, or another version of it, than the template.
    #[error("照面数据属于 {data}，模板属于 {template} / face data of another certificate type")]
    OtherType {
        /// Key and version of the template's type.
        template: String,
        /// Key and version of the data's type.
        data: String,
    },
    /// A photo cannot be shown.
    #[error("{field}（{label}）：{reason}")]
    Photo {
        /// Field key.
        field: String,
        /// Field label.
        label: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A code point whose meaning is private to some old system.
    #[error(
        "{field}（{label}）第 {position} 个字是自造字（私用区码位 U+{:04X}），请改用标准汉字编码 / \
         private-use code point", u32::from(*ch)
    )]
    PrivateUse {
        /// Field key.
        field: String,
        /// Field label.
        label: String,
        /// The code point.
        ch: char,
        /// Which character of the value it is, from 1.
        position: usize,
    },
    /// The QR symbol has too many modules for its place.
    #[error(
        "二维码每边 {modules} 个模块，放入 {side:.0} 毫米见方的位置每个模块只有 {module:.2} 毫米，\
         小于 0.33 毫米，无法可靠识读 / QR modules too small"
    )]
    QrTooDense {
        /// Modules a side, without the quiet zone.
        modules: u32,
        /// Side of the place.
        side: Mm,
        /// Module size it would get.
        module: Mm,
    },
    /// The modules given do not make a square.
    #[error("二维码模块数 {given} 不等于 {width}×{width} / not a square symbol")]
    QrNotSquare {
        /// Entries given.
        given: usize,
        /// Modules a side.
        width: u32,
    },
    /// A template file cannot be used.
    #[error("模板 {path}：{reason} / bad template")]
    Template {
        /// The file.
        path: PathBuf,
        /// What is wrong and where.
        reason: String,
    },
}
