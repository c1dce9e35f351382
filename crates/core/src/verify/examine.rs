//! Which certificate is this? Parses once; decides nothing.

use std::sync::Arc;

use super::{
    checks,
    code::{self, Code},
    document::{self, Document},
    indication::SubIndication,
    ofd,
    report::{Finding, Input},
    seal_file::Part,
    token,
};
use crate::{
    document::pdf::open::OpenError,
    limits::{MAX_DOCUMENT_BYTES, MAX_QR_TEXT},
    qr::{
        picture::{self, PictureError},
        text::{self, Scanned},
        token::SignedToken,
    },
};

/// Untrusted input, read as far as it can be.
#[derive(Debug, Clone)]
pub struct Examined {
    pub(super) what: What,
}

#[derive(Debug, Clone)]
pub(super) enum What {
    /// A PDF.
    Document(Arc<Document>),
    /// An OFD.
    Ofd(Arc<ofd::Document>),
    /// A national seal, or a signature value, by itself.
    Part(Arc<Part>),
    /// A face token.
    Token(Box<SignedToken>),
    /// A certificate identifier alone.
    Identifier(String),
    /// Nothing that can be judged further.
    Unreadable { input: Input, finding: Box<Finding> },
}

impl Examined {
    /// Reads whatever it is, by its first bytes.
    pub fn of(bytes: &[u8]) -> Examined {
        if bytes.starts_with(PNG) || bytes.starts_with(JPEG) {
            return Self::of_qr_picture(bytes);
        }
        if is_ofd(bytes) {
            return Examined {
                what: What::Ofd(Arc::new(ofd::Document::read(bytes))),
            };
        }
        if let Some(part) = Part::read(bytes) {
            return Examined {
                what: What::Part(Arc::new(part)),
            };
        }
        if let Some(what) = foreign(bytes) {
            return Examined { what };
        }
        if bytes.trim_ascii().is_empty() {
            return Examined {
                what: unreadable(code::EMPTY_INPUT, "内容为空", "there is nothing in it".to_owned()),
            };
        }
        if bytes.len() <= MAX_QR_TEXT
            && !bytes.starts_with(b"%PDF")
            && let Ok(text) = std::str::from_utf8(bytes)
        {
            return Self::of_qr_text(text);
        }
        Self::of_file(bytes)
    }

    /// Stands for what is larger than [`MAX_DOCUMENT_BYTES`], of which nothing has to be read to say so.
    pub fn too_large() -> Examined {
        let error = OpenError::TooLarge {
            limit: MAX_DOCUMENT_BYTES,
        };
        Examined {
            what: What::Unreadable {
                input: Input::Document,
                finding: Box::new(document::unreadable(&error)),
            },
        }
    }

    /// Reads a document.
    pub fn of_file(file: &[u8]) -> Examined {
        Examined {
            what: What::Document(Arc::new(Document::read(file))),
        }
    }

    /// Reads the text of a QR code.
    pub fn of_qr_text(text: &str) -> Examined {
        let what = match text::parse(&as_written(text)) {
            Ok(Scanned::Token { bytes, .. }) => match SignedToken::parse(&bytes) {
                Ok(token) => What::Token(Box::new(token)),
                Err(error) => What::Unreadable {
                    input: Input::Token,
                    finding: Box::new(token::unreadable(&error)),
                },
            },
            Ok(Scanned::Identifier(identifier)) => What::Identifier(identifier),
            Err(error) => unreadable(
                code::NOT_A_CERTIFICATE_CODE,
                "文本不是证照二维码的内容，也不是证照标识",
                format!("neither a certificate's QR code nor an identifier: {error}"),
            ),
        };
        Examined { what }
    }

    /// Finds the QR code in a picture and reads it.
    pub fn of_qr_picture(picture: &[u8]) -> Examined {
        let texts = match picture::decode(picture) {
            Ok(texts) => texts,
            Err(error) => {
                let english = error.to_string();
                let (code, chinese) = match error {
                    PictureError::TooBusy => (code::PICTURE_TOO_BUSY, "图片中类似二维码的图形过多"),
                    PictureError::TooLarge { .. } => (code::PICTURE_TOO_LARGE, "图片像素过多"),
                    PictureError::UnknownFormat => (code::PICTURE_UNREADABLE, "不是 PNG 或 JPEG 图片"),
                    PictureError::Broken => (code::PICTURE_UNREADABLE, "图片损坏或不完整"),
                };
                return Examined {
                    what: open(code, chinese, &english, RETAKE),
                };
            }
        };
        let mut found: Vec<What> = texts
            .iter()
            .map(|text| Self::of_qr_text(text).what)
            .filter(|what| !matches!(what, What::Unreadable { .. }))
            .collect();
        let what = match (found.len(), texts.is_empty()) {
            (1, _) => found.swap_remove(0),
            (0, true) => open(
                code::NO_QR_CODE,
                "图片中没有读出二维码",
                "no QR code was read in the picture",
                RETAKE,
            ),
            // The certificate's own may be there too, and too blurred to be read.
            (0, false) => open(
                code::NO_CERTIFICATE_CODE,
                "图片中只读出了其他二维码，没有证照二维码",
                "only other QR codes were read in the picture, none of a certificate",
                RETAKE,
            ),
            _ => open(
                code::SEVERAL_QR_CODES,
                "图片中有多个证照二维码",
                "there are several certificates' QR codes in the picture",
                ("请逐个拍摄、逐个核验", "verify them one by one"),
            ),
        };
        Examined { what }
    }

    /// SHA-256 of the file, where it is a document.
    pub(super) fn document_digest(&self) -> Option<[u8; 32]> {
        match &self.what {
            What::Document(document) => Some(document.digest),
            What::Ofd(document) => Some(document.digest),
            What::Part(part) => Some(part.digest),
            What::Token(_) | What::Identifier(_) | What::Unreadable { .. } => None,
        }
    }

    /// The certificate identifier that the input names, to ask the registry for. Not to be believed.
    pub fn identifier(&self) -> Option<&str> {
        match &self.what {
            What::Document(document) => document.identifier(),
            What::Ofd(document) => document.identifier(),
            What::Identifier(identifier) => Some(identifier),
            What::Token(token) => Some(&token.unverified().identifier),
            What::Part(_) | What::Unreadable { .. } => None,
        }
    }
}

fn unreadable(code: Code, chinese: &str, english: String) -> What {
    let finding = Finding::failed(
        &checks::INTAKE,
        code,
        SubIndication::FormatFailure,
        chinese,
        english,
    )
    .hint(
        "请确认文件或二维码是否为电子证照",
        "make sure that this is an electronic certificate",
    );
    What::Unreadable {
        input: Input::Unknown,
        finding: Box::new(finding),
    }
}

fn open(code: Code, chinese: &str, english: &str, hint: (&str, &str)) -> What {
    let sub = SubIndication::SignedDataNotFound;
    let finding = Finding::undecided(&checks::INTAKE, code, sub, chinese, english);
    What::Unreadable {
        input: Input::Unknown,
        finding: Box::new(finding.hint(hint.0, hint.1)),
    }
}

/// Whether bytes are meant as an OFD: an archive with its one file of fixed name. Vendors put bytes before the archive, and
/// a damaged one is one still.
fn is_ofd(bytes: &[u8]) -> bool {
    let is_archive = bytes.starts_with(b"PK\x03\x04");
    let is_other = || bytes.starts_with(b"%PDF") || str::from_utf8(bytes).is_ok();
    if !is_archive && (bytes.len() > MAX_DOCUMENT_BYTES || is_other()) {
        return false;
    }
    memchr::memmem::find(bytes, b"OFD.xml").is_some()
        && (is_archive || memchr::memmem::rfind(bytes, b"PK\x05\x06").is_some())
}

/// What people hand over instead of a document or a picture of one: perhaps genuine, but not as it is.
fn foreign(bytes: &[u8]) -> Option<What> {
    let of = |starts: &[&[u8]]| starts.iter().any(|start| bytes.starts_with(start));
    let tag = |at: usize, tag: &[u8]| bytes.get(at..).is_some_and(|rest| rest.starts_with(tag));
    if of(&[b"GIF8", b"II*\0", b"MM\0*"])
        || (of(&[b"RIFF"]) && tag(8, b"WEBP"))
        || (of(&[b"BM"]) && tag(6, &[0; 4]))
        || tag(4, b"ftyp")
    {
        return Some(open(
            code::PICTURE_UNREADABLE,
            "图片或视频不是 PNG 或 JPEG 格式",
            "the picture or film is neither PNG nor JPEG",
            (
                "请将图片另存为 JPEG 或 PNG，或截屏后核验",
                "save the picture as JPEG or PNG, or take a screenshot",
            ),
        ));
    }
    if of(&[
        b"PK\x03\x04",
        b"Rar!",
        b"7z\xBC\xAF",
        b"\x1F\x8B",
        b"\xD0\xCF\x11\xE0",
    ]) {
        return Some(open(
            code::NOT_A_PDF,
            "文件是压缩包或 Office 文档，不是 PDF 或 OFD",
            "an archive or Office file, neither a PDF nor an OFD",
            (
                "请取出其中的 PDF 或 OFD 原件后核验；Office 文档请改用签发时的原件",
                "verify the PDF or OFD that is in it; instead of Office files, the document as issued",
            ),
        ));
    }
    if of(&[
        b"Received:",
        b"Return-Path:",
        b"From:",
        b"Subject:",
        b"MIME-Version:",
        b"Content-Type:",
        b"Date:",
    ]) {
        return Some(open(
            code::NOT_A_PDF,
            "文件是一封邮件",
            "the file is a mail",
            (
                "请将邮件附件中的 PDF 另存后核验",
                "save the PDF attached to it, and verify that",
            ),
        ));
    }
    None
}

/// A text as the symbol holds it, of one that was copied, broken into lines, or passed on by a phone's browser. The
/// digits are signed; the address around them is not, and decides nothing.
fn as_written(text: &str) -> String {
    let kept = |ch: &char| !ch.is_whitespace() && !matches!(ch, '\u{FEFF}' | '\u{200B}'..='\u{200F}');
    let text: String = text.chars().filter(kept).collect();
    let Some((address, digits)) = text.split_once('#') else {
        return text;
    };
    let address = address.to_ascii_lowercase();
    let address = address.split_once('?').map_or(address.as_str(), |(page, _)| page);
    let page = address
        .strip_prefix("http://")
        .or(address.strip_prefix("https://"));
    match page {
        Some(page) => format!("https://{}#{digits}", page.trim_end_matches('/')),
        None => text,
    }
}

/// What to do about a picture that cannot be read.
const RETAKE: (&str, &str) = (
    "请靠近并对准证照二维码重拍，画面清晰、光线均匀、四角完整；扫描请用 200 dpi 以上；有 PDF 原件请直接核验原件",
    "take it again, near and sharp, evenly lit, with all its corners; scan at 200 dpi or more; better, verify the PDF",
);

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG: &[u8] = b"\xff\xd8\xff";
