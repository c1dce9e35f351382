//! What is not drawn as it stands in the file: a picture that silently lacks something shows another document.

use std::{collections::BTreeSet, fmt};

use serde::Serialize;

use crate::{limits::MAX_RENDER_NOTES, remark::visible_start};

/// Kind of note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum NoteKind {
    /// An annotation or form field without an appearance: each reader makes up its own.
    AnnotationWithoutLook,
    /// Text beyond its boundary; drawn whole, while a reader by the standard cuts it.
    BeyondBoundary,
    /// A profile of colours is not applied.
    ColorProfile,
    /// A colour in a space that is not known; its channels are taken by their number.
    ColorSpace,
    /// Several documents in one package; the first is drawn, as readers do.
    FirstDocument,
    /// A font that is not in the file; another of this machine stands for it.
    FontSubstituted,
    /// An embedded font that cannot be read; another stands for it.
    FontUnreadable,
    /// A character or glyph that no font has; nothing is drawn.
    GlyphMissing,
    /// Glyphs stated by number in a font that is not in the file; its characters are drawn instead.
    GlyphsUnknown,
    /// An object that does not say what it needs.
    Incomplete,
    /// A pattern or shading drawn in one colour.
    Pattern,
    /// A picture of a format that is not drawn.
    PictureFormat,
    /// A picture that is missing.
    PictureMissing,
    /// A picture that cannot be read.
    PictureUnreadable,
    /// A page whose content is missing; drawn empty.
    PageMissing,
    /// A page that states no size; A4 is taken.
    PageSize,
    /// Lines or areas that cannot be read.
    Path,
    /// A resource that nothing defines.
    Resource,
    /// A seal that cannot be read, or has no picture.
    Seal,
    /// The seal beside a signature is not the one signed; the one signed is drawn.
    SealDiffers,
    /// Something that reaches too far beyond the page to be computed with.
    TooFar,
    /// A font of a PDF that cannot be read.
    UnsupportedFont,
    /// More notes than are kept.
    More,
}

impl NoteKind {
    /// For people, Chinese and English.
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::AnnotationWithoutLook => (
                "批注或表单域没有外观，未画出",
                "an annotation or form field without an appearance is not drawn",
            ),
            Self::BeyondBoundary => (
                "文字超出外接矩形，已全部画出，有的阅读器会裁去",
                "text beyond its boundary is drawn whole; some readers cut it",
            ),
            Self::ColorProfile => ("未套用颜色特性文件", "a colour profile is not applied"),
            Self::ColorSpace => (
                "颜色空间未知，按通道数取色",
                "an unknown colour space, taken by its number of channels",
            ),
            Self::FirstDocument => (
                "包内有多个文档，只画第一个",
                "several documents in one package: the first is drawn",
            ),
            Self::FontSubstituted => (
                "字体未嵌入，以本机字体代替",
                "a font that is not embedded, replaced by one of this machine",
            ),
            Self::FontUnreadable => (
                "嵌入的字体无法读取，以本机字体代替",
                "an embedded font that cannot be read, replaced",
            ),
            Self::GlyphMissing => ("没有字形，未画出", "no glyph: not drawn"),
            Self::GlyphsUnknown => (
                "按字形编号书写而字体未嵌入，改按文字画出",
                "glyphs by number of a font that is not embedded: drawn by their characters",
            ),
            Self::Incomplete => (
                "图元缺少必备的属性，未画出",
                "an object without what it needs is not drawn",
            ),
            Self::Pattern => (
                "底纹或渐变只以单色画出",
                "a pattern or shading drawn in one colour",
            ),
            Self::PictureFormat => (
                "图像格式不支持，未画出",
                "a picture of an unknown format is not drawn",
            ),
            Self::PictureMissing => ("图像缺失，未画出", "a picture is missing"),
            Self::PictureUnreadable => (
                "图像无法读取，未画出",
                "a picture that cannot be read is not drawn",
            ),
            Self::PageMissing => ("页面内容缺失，画为空白", "the content of a page is missing"),
            Self::PageSize => (
                "页面未注明尺寸，按 A4 画出",
                "a page that states no size, taken as A4",
            ),
            Self::Path => (
                "图形数据无法读取，只画出可读部分",
                "path data that cannot be read: drawn as far as it can",
            ),
            Self::Resource => (
                "引用了未定义的资源，画面可能不全",
                "a resource that nothing defines",
            ),
            Self::Seal => (
                "印章无法读取或没有图像，未画出",
                "a seal that cannot be read or has no picture is not drawn",
            ),
            Self::SealDiffers => (
                "印章文件与签名所用印章不同，画的是签名所用印章",
                "the seal file is not the seal that was signed: the latter is drawn",
            ),
            Self::TooFar => (
                "图元远超页面，未画出",
                "an object that reaches far beyond the page is not drawn",
            ),
            Self::UnsupportedFont => ("字体无法读取", "a font that cannot be read"),
            Self::More => ("另有提示从略", "more notes were left out"),
        }
    }
}

/// One note.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Note {
    /// What is not drawn as it stands.
    pub kind: NoteKind,
    /// Which font, picture or object it is about, fit to be shown; may be empty.
    pub detail: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (chinese, english) = self.kind.words();
        match self.detail.as_str() {
            "" => write!(f, "{chinese} ({english})"),
            detail => write!(f, "{chinese}：{detail} ({english})"),
        }
    }
}

/// Notes on one page, each once, in bounded number.
#[derive(Debug, Default)]
pub(super) struct Notes(BTreeSet<Note>);

impl Notes {
    pub(super) fn add(&mut self, kind: NoteKind, detail: impl Into<String>) {
        let (kind, detail) = if self.0.len() < MAX_RENDER_NOTES {
            (kind, visible_start(detail, 120))
        } else {
            (NoteKind::More, String::new())
        };
        self.0.insert(Note { kind, detail });
    }

    pub(super) fn take(&mut self) -> Vec<Note> {
        std::mem::take(&mut self.0).into_iter().collect()
    }
}
