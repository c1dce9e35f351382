//! Why a file could not be opened, or a part of it not be read.

/// Why a PDF was refused. Everything in it is about the file: nothing here is our own failing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The cross-reference data break off, contradict themselves or lead nowhere.
    #[error(
        "文件的交叉引用在第 {offset} 字节处损坏（{what}），可能传输不完整，请重新取得原始文件 / \
         cross-reference data damaged at byte {offset}: {what}"
    )]
    CrossReference {
        /// Where in the file.
        offset: usize,
        /// What is wrong there.
        what: &'static str,
    },
    /// Encrypted for reading; the signatures cannot be told from the rest without the password.
    #[error(
        "文件已加密，无法核验其内容，请提供未加密的原始文件 / \
         the file is encrypted: supply it without encryption"
    )]
    Encrypted,
    /// A dictionary has one key twice, and readers part on which of the values counts (7.3.7).
    #[error(
        "文件的第 {object} 号对象在一个字典里写了两次 /{key}，各阅读器取值不同，请重新取得原始文件 / \
         object {object} has /{key} twice in one dictionary"
    )]
    KeyTwice {
        /// Number of the object; 0 for the trailer.
        object: u32,
        /// Which key.
        key: String,
    },
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
    /// Not a PDF file at all.
    #[error("不是 PDF 文件：开头不是 %PDF-，请确认选对了文件 / not a PDF: it does not begin with %PDF-")]
    NotPdf,
    /// Larger than any file this program opens.
    #[error(
        "文件超过 {0} MiB，未予读取 / the file is larger than {0} MiB and was not read",
        .limit >> 20
    )]
    TooLarge {
        /// Most bytes opened.
        limit: usize,
    },
    /// An object is absent, of the wrong type, or in contradiction with another.
    #[error("文件的第 {object} 号对象有误（{what}），请重新取得原始文件 / object {object}: {what}")]
    Object {
        /// Its number; 0 for the trailer.
        object: u32,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The page shows a text or picture of a field in a way that cannot be read back.
    #[error("页面字段“{field}”无法读出（{what}） / field '{field}' on the page: {what}")]
    PageField {
        /// Key of the field.
        field: String,
        /// What is wrong.
        what: &'static str,
    },
    /// The bytes are no PDF syntax.
    #[error(
        "文件在第 {offset} 字节处不合 PDF 语法（{what}），请重新取得原始文件 / \
         syntax error at byte {offset} of {}: {what}", place(*.stream)
    )]
    Syntax {
        /// Object whose inflated stream the offset counts in; none for the file itself.
        stream: Option<u32>,
        /// Where.
        offset: usize,
        /// What was expected.
        what: &'static str,
    },
    /// A feature of the format that this reader does not have.
    #[error(
        "文件的第 {object} 号对象用了不支持的 {what} / object {object} uses {what}, which is not supported"
    )]
    Unsupported {
        /// Its number.
        object: u32,
        /// Which feature.
        what: &'static str,
    },
}

fn place(stream: Option<u32>) -> String {
    stream.map_or_else(|| "the file".to_owned(), |object| format!("stream {object}"))
}

impl OpenError {
    /// Stable code for reports and programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::CrossReference { .. } => "pdf-cross-reference",
            Self::Encrypted => "pdf-encrypted",
            Self::Limit { .. } => "pdf-limit",
            Self::NotPdf => "pdf-not-a-pdf",
            Self::Object { .. } => "pdf-object",
            Self::PageField { .. } => "pdf-page-field",
            Self::KeyTwice { .. } | Self::Syntax { .. } => "pdf-syntax",
            Self::TooLarge { .. } => "pdf-too-large",
            Self::Unsupported { .. } => "pdf-unsupported",
        }
    }

    /// Byte offset in the file, where one is known.
    pub fn offset(&self) -> Option<usize> {
        match self {
            Self::CrossReference { offset, .. }
            | Self::Syntax {
                stream: None, offset, ..
            } => Some(*offset),
            _ => None,
        }
    }

    /// Number of the object at fault, where one is known.
    pub fn object(&self) -> Option<u32> {
        match self {
            Self::KeyTwice { object, .. }
            | Self::Object { object, .. }
            | Self::Unsupported { object, .. } => Some(*object),
            Self::Syntax { stream, .. } => *stream,
            _ => None,
        }
    }
}
