//! Which certificate is this? Parses once; decides nothing.

use std::sync::Arc;

use super::{
    checks,
    document::{self, Document},
    indication::SubIndication,
    report::{Finding, Input},
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
    /// A document.
    Document(Arc<Document>),
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
        if bytes.trim_ascii().is_empty() {
            return Examined {
                what: unreadable("EMPTY_INPUT", "内容为空", "there is nothing in it".to_owned()),
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
        let what = match text::parse(text.trim_start_matches('\u{FEFF}')) {
            Ok(Scanned::Token { bytes, .. }) => match SignedToken::parse(&bytes) {
                Ok(token) => What::Token(Box::new(token)),
                Err(error) => What::Unreadable {
                    input: Input::Token,
                    finding: Box::new(token::unreadable(&error)),
                },
            },
            Ok(Scanned::Identifier(identifier)) => What::Identifier(identifier),
            Err(error) => unreadable(
                "NOT_A_CERTIFICATE_CODE",
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
                let what = match error {
                    PictureError::TooBusy => {
                        let chinese = "图片中类似二维码的图形过多，请只拍摄一个二维码";
                        open("PICTURE_TOO_BUSY", chinese, &english)
                    }
                    PictureError::TooLarge { .. } => {
                        open("PICTURE_TOO_LARGE", "图片过大，请裁剪或缩小后重试", &english)
                    }
                    PictureError::UnknownFormat => {
                        unreadable("PICTURE_UNREADABLE", "不是 PNG 或 JPEG 图片", english)
                    }
                    PictureError::Broken => unreadable("PICTURE_UNREADABLE", "图片损坏，请重新拍摄", english),
                };
                return Examined { what };
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
                "NO_QR_CODE",
                "图片中没有找到二维码，请对准二维码、光线充足地重新拍摄",
                "no QR code was found in the picture: take it again, sharp and well lit",
            ),
            (0, false) => unreadable(
                "NOT_A_CERTIFICATE_CODE",
                "图片中的二维码不是证照二维码",
                "the QR code in the picture is not a certificate's".to_owned(),
            ),
            _ => open(
                "SEVERAL_QR_CODES",
                "图片中有多个证照二维码，请逐个核验",
                "there are several certificates' QR codes in the picture: verify them one by one",
            ),
        };
        Examined { what }
    }

    /// The certificate identifier that the input names, to ask the registry for. Not to be believed.
    pub fn identifier(&self) -> Option<&str> {
        match &self.what {
            What::Document(document) => document.identifier(),
            What::Identifier(identifier) => Some(identifier),
            What::Token(token) => Some(&token.unverified().identifier),
            What::Unreadable { .. } => None,
        }
    }
}

fn unreadable(code: &'static str, chinese: &str, english: String) -> What {
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

fn open(code: &'static str, chinese: &str, english: &str) -> What {
    let sub = SubIndication::SignedDataNotFound;
    What::Unreadable {
        input: Input::Unknown,
        finding: Box::new(Finding::undecided(&checks::INTAKE, code, sub, chinese, english)),
    }
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG: &[u8] = b"\xff\xd8\xff";
