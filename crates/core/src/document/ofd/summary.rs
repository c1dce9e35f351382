//! What a file is, for people.

use std::fmt::{self, Write as _};

use serde::Serialize;

use super::{
    OpenedOfd, OpenedSignature,
    deviation::{Deviation, Deviations},
    error::OfdError,
    structure::{document::PageArea, signature::SignatureKind},
};
use crate::remark::visible_line;

/// What a file is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// `OFD`, or `OFD-A` for archives.
    pub doc_type: Option<String>,
    /// How many documents it holds; what follows is about the first, which readers show.
    pub documents: usize,
    /// Identifier of the document.
    pub doc_id: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// Its author.
    pub author: Option<String>,
    /// The program that made it, with its version.
    pub creator: Option<String>,
    /// When it was made, as stated.
    pub creation_date: Option<String>,
    /// What the application states, by name.
    pub custom_datas: Vec<(String, String)>,
    /// Its pages.
    pub pages: Vec<PageSummary>,
    /// Names of attached files.
    pub attachments: Vec<String>,
    /// Its signatures.
    pub signatures: Vec<SignatureSummary>,
    /// Whether parts of it are encrypted (GM/T 0099).
    pub encrypted: bool,
    /// Whether there is an integrity list (GM/T 0099).
    pub integrity_list: bool,
    /// How it deviates from the standards.
    pub deviations: Vec<Deviation>,
}

/// One page.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PageSummary {
    /// Width of the sheet in millimetres; none where nothing is stated.
    pub width: Option<f64>,
    /// Its height.
    pub height: Option<f64>,
}

/// One signature, as it describes itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignatureSummary {
    /// Its identifier.
    pub id: Option<String>,
    /// Whether it has a seal.
    pub sealed: bool,
    /// The program that made it.
    pub provider: Option<String>,
    /// When, as stated and not yet believed.
    pub stated_time: Option<String>,
    /// How many places it shows in.
    pub stamps: usize,
    /// How many members it says it covers.
    pub references: usize,
    /// Why it cannot be read, if it cannot.
    pub unreadable: Option<String>,
}

impl OpenedOfd<'_> {
    /// What the file is.
    pub fn summary(&self) -> Result<Summary, OfdError> {
        let (Some(body), Some(opened)) = (self.root.bodies.first(), self.documents.first()) else {
            return Err(OfdError::element(
                super::structure::root::ENTRY,
                "DocBody",
                "is absent",
            ));
        };
        let info = &body.info;
        let mut deviations: Deviations = self.deviations.clone();
        let mut pages = Vec::with_capacity(opened.document.pages.len());
        for entry in &opened.document.pages {
            let own = match entry.base_loc.member {
                Some(member) => {
                    let (page, of_page) = self.page(member)?;
                    deviations.extend(&of_page);
                    page.area
                }
                None => None,
            };
            pages.push(PageSummary::new(own, opened.document.page_area));
        }
        let creator = [&info.creator, &info.creator_version];
        let creator: Vec<&str> = creator.into_iter().flatten().map(String::as_str).collect();
        let attachments = opened.attachments.iter().flat_map(|list| &list.attachments);
        Ok(Summary {
            doc_type: self.root.doc_type.clone(),
            documents: self.documents.len(),
            doc_id: info.doc_id.clone(),
            title: info.title.clone(),
            author: info.author.clone(),
            creator: (!creator.is_empty()).then(|| creator.join(" ")),
            creation_date: info.creation_date.clone(),
            custom_datas: info
                .custom_datas
                .iter()
                .map(|data| (data.name.clone(), data.value.clone()))
                .collect(),
            pages,
            attachments: attachments
                .map(|attachment| attachment.name.clone().unwrap_or_default())
                .collect(),
            signatures: opened.signatures.iter().map(SignatureSummary::new).collect(),
            encrypted: !self.encryption.is_empty(),
            integrity_list: self.integrity.is_some(),
            deviations: deviations.iter().cloned().collect(),
        })
    }
}

impl PageSummary {
    fn new(own: Option<PageArea>, shared: PageArea) -> Self {
        let sheet = own.and_then(|own| own.physical).or(shared.physical);
        Self {
            width: sheet.map(|sheet| sheet.width),
            height: sheet.map(|sheet| sheet.height),
        }
    }
}

impl SignatureSummary {
    fn new(signature: &OpenedSignature) -> Self {
        let file = signature.file.as_ref();
        Self {
            id: signature.entry.id.clone(),
            sealed: signature.entry.kind == SignatureKind::Seal,
            provider: file.ok().and_then(|file| file.provider.name.clone()),
            stated_time: file.ok().and_then(|file| file.signature_date_time.clone()),
            stamps: file.map_or(0, |file| file.stamps.len()),
            references: file.map_or(0, |file| file.references.len()),
            unreadable: file.err().map(ToString::to_string),
        }
    }
}

/// Lines for people, Chinese and English, of visible characters only.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |zh: &str, en: &str, value: &str| writeln!(f, "{zh} / {en}: {}", visible_line(value));
        if let Some(kind) = &self.doc_type {
            line("文档类型", "type", kind)?;
        }
        if self.documents > 1 {
            line("包内文档数", "documents", &self.documents.to_string())?;
        }
        let facts = [
            ("标题", "title", &self.title),
            ("文档标识", "document id", &self.doc_id),
            ("作者", "author", &self.author),
            ("创建程序", "creator", &self.creator),
            ("创建日期", "created", &self.creation_date),
        ];
        for (zh, en, value) in facts {
            if let Some(value) = value {
                line(zh, en, value)?;
            }
        }
        for (name, value) in &self.custom_datas {
            line("自定义数据", "custom data", &format!("{name} = {value}"))?;
        }
        line("页数", "pages", &self.pages.len().to_string())?;
        for (number, page) in (1..).zip(&self.pages) {
            let mut size = format!("{number}: ");
            match (page.width, page.height) {
                (Some(width), Some(height)) => write!(size, "{width} x {height} mm")?,
                _ => size.push('?'),
            }
            line("页面", "page", &size)?;
        }
        for name in &self.attachments {
            line("附件", "attachment", name)?;
        }
        for signature in &self.signatures {
            let kind = if signature.sealed {
                "电子印章 e-seal"
            } else {
                "数字签名 signature"
            };
            let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "?".to_owned());
            let about = match &signature.unreadable {
                Some(error) => error.clone(),
                None => format!("{}, {}", text(&signature.provider), text(&signature.stated_time)),
            };
            line(
                "签名",
                "signature",
                &format!("{} {kind}: {about}", text(&signature.id)),
            )?;
        }
        if self.encrypted {
            line("加密", "encrypted", "GM/T 0099")?;
        }
        if self.integrity_list {
            line("完整性保护", "integrity list", "GM/T 0099")?;
        }
        for deviation in &self.deviations {
            let (zh, en) = deviation.kind.words();
            line(zh, en, &format!("{} {}", deviation.member, deviation.detail))?;
        }
        Ok(())
    }
}
