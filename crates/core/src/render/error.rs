//! Why there is no picture.

use std::io;

use super::RenderOptions;
use crate::{
    document::ofd::OfdError,
    limits::{MAX_RENDER_PIXELS, MAX_RENDER_SECONDS},
};

/// Why a page, or any page of a file, is not drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// Not so many pixels an inch.
    #[error(
        "分辨率应为 {first} 至 {last} dpi，不能是 {dpi} / a resolution of {dpi} dpi is out of range",
        first = RenderOptions::DPI.start(),
        last = RenderOptions::DPI.end()
    )]
    Dpi {
        /// The resolution asked for.
        dpi: u16,
    },
    /// Neither PDF nor OFD.
    #[error("既不是 PDF 也不是 OFD 文件，请确认选对了文件 / neither a PDF nor an OFD")]
    NotDocument,
    /// An OFD that has no certain reading.
    #[error(transparent)]
    Ofd(#[from] OfdError),
    /// A PDF that cannot be read.
    #[error("PDF 结构损坏，请重新取得原始文件 / the PDF is damaged")]
    Damaged,
    /// A PDF that opens with a password only.
    #[error("PDF 已加密，请提供未加密的原始文件 / the PDF is encrypted: supply it without encryption")]
    Encrypted,
    /// Larger than any file this program opens.
    #[error("文件超过 {} MiB，未予读取 / the file is larger than {} MiB and was not read", .0 >> 20, .0 >> 20)]
    FileTooLarge(usize),
    /// There are no pages.
    #[error("文件没有页面，请重新取得原始文件 / the file has no pages")]
    NoPages,
    /// There is no such page.
    #[error("没有第 {page} 页，文件共 {count} 页 / there is no page {page}: the file has {count}")]
    NoSuchPage {
        /// The page asked for.
        page: usize,
        /// How many there are.
        count: usize,
    },
    /// The picture would be too large.
    #[error(
        "第 {page} 页为 {width:.0}×{height:.0} 像素，超过 {MAX_RENDER_PIXELS} 像素，请减小 --dpi / \
         page {page} has {width:.0}×{height:.0} pixels, over {MAX_RENDER_PIXELS}: lower --dpi"
    )]
    TooLarge {
        /// The page.
        page: usize,
        /// Pixels across.
        width: f64,
        /// Pixels down.
        height: f64,
    },
    /// Drawing takes more steps than a page may.
    #[error(
        "第 {0} 页过于复杂，未画完，请减小 --dpi 或向出具方核实文件来源 / page {0} takes too much drawing: lower --dpi"
    )]
    TooMuch(usize),
    /// Drawing took too long.
    #[error(
        "页面在 {MAX_RENDER_SECONDS} 秒内未画完，请减小 --dpi 或向出具方核实文件来源 / \
         a page was not drawn within {MAX_RENDER_SECONDS} seconds"
    )]
    TooLong,
    /// A drawing library gave up.
    #[error("绘制程序中途失败，文件可能已损坏，请重新取得原始文件 / drawing failed: the file may be damaged")]
    GaveUp,
    /// The picture could not be encoded.
    #[error("无法写出 PNG：{0} / the PNG cannot be written")]
    Png(String),
    /// The machine gave no thread.
    #[error("无法启动绘制线程 / no thread for drawing")]
    Thread(#[source] io::Error),
}
