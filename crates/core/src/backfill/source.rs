//! Reading a department's table: encoding, delimiter, header, rows.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{self, Read, Seek as _},
    path::{Path, PathBuf},
    rc::Rc,
};

use encoding_rs::{Decoder, GB18030, UTF_8, UTF_16BE};
use serde::Serialize;

use super::rejects::ADDED;
use crate::{
    catalogue::{CertificateType, FieldError},
    limits::MAX_ROW_BYTES,
};

/// Encoding of a table, as detected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// GB 18030, of which GBK and GB 2312 are parts.
    Gb18030,
    /// UTF-16 with a byte order mark, as spreadsheets save "Unicode text".
    Utf16,
}

impl Encoding {
    /// As an operator knows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Gb18030 => "GB 18030",
            Self::Utf16 => "UTF-16",
        }
    }
}

/// Headers that differ from the type's: header to field key, label or short name; an empty text
/// leaves the column out.
pub type Mapping = BTreeMap<String, String>;

/// Why a table cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// Two columns stand for one field.
    #[error("列“{first}”与列“{second}”都对应字段 {field} (two columns for one field)")]
    ColumnTwice {
        /// Field key.
        field: String,
        /// A header.
        first: String,
        /// Another.
        second: String,
    },
    /// Not even a header.
    #[error("{} 是空文件，没有表头 (no header)", .0.display())]
    Empty(PathBuf),
    /// Reading failed.
    #[error("无法读取 {} (cannot read)", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Required fields without a column.
    #[error("缺少列：{} (missing columns); 表头有：{}", .missing.join("、"), .found.join("、"))]
    MissingColumns {
        /// Labels of the fields.
        missing: Vec<String>,
        /// Headers there are.
        found: Vec<String>,
    },
    /// The mapping names a header or field that does not exist.
    #[error("列名对照“{header}” = “{field}”：{reason} (mapping)")]
    Mapping {
        /// Header in the mapping.
        header: String,
        /// Field in the mapping.
        field: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// Nothing but the header.
    #[error("{} 只有表头，没有数据 (no rows)", .0.display())]
    NoRows(PathBuf),
    /// A row that does not end.
    #[error("第 {line} 行起超过 {} KiB 仍未结束，多半是少了一个引号 (a quote is missing)", MAX_ROW_BYTES >> 10)]
    RowTooLong {
        /// Line it begins on.
        line: u64,
    },
    /// The table breaks the format.
    #[error("第 {line} 行附近无法解析 (cannot be parsed)")]
    Malformed {
        /// Line.
        line: u64,
        /// What the reader says.
        source: csv::Error,
    },
    /// Columns nobody knows.
    #[error(
        "无法识别的列：{}；请改表头，或用列名对照文件说明（值留空表示忽略该列） (unknown columns)", .0.join("、")
    )]
    UnknownColumns(Vec<String>),
}

/// One row of the table.
#[derive(Debug)]
pub struct Row {
    /// Line of the file it begins on, the header being 1.
    pub(super) line: u64,
    /// The cells as they stand, for the rejects file.
    pub(super) cells: csv::StringRecord,
    /// Values by field key, or why they cannot be told.
    pub(super) values: Result<BTreeMap<String, String>, FieldError>,
}

/// A table being read.
#[derive(Debug)]
pub struct Source {
    path: PathBuf,
    encoding: Encoding,
    size: u64,
    header: Vec<String>,
    /// Field key of each column; none for columns left out.
    columns: Vec<Option<String>>,
    reader: csv::Reader<Decoded>,
    /// Bytes decoded since the last row ended.
    since_row: Rc<Cell<usize>>,
    read: Rc<Cell<u64>>,
}

impl Source {
    /// Opens a table for a certificate type: finds the encoding and delimiter and maps the columns.
    pub fn open(
        path: &Path,
        certificate_type: &CertificateType,
        mapping: &Mapping,
    ) -> Result<Self, SourceError> {
        let failed = |source| SourceError::Io {
            path: path.to_owned(),
            source,
        };
        let mut file = File::open(path).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        let encoding = detect(&mut file).map_err(failed)?;
        file.rewind().map_err(failed)?;

        let since_row = Rc::new(Cell::new(0));
        let read = Rc::new(Cell::new(0));
        let mut decoded = Decoded::new(file, encoding, Rc::clone(&since_row), Rc::clone(&read));
        let delimiter = decoded.delimiter().map_err(failed)?;
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .from_reader(decoded);
        let header: Vec<String> = match reader.headers() {
            Ok(header) => header.iter().map(|text| text.trim().to_owned()).collect(),
            Err(error) => return Err(malformed(path, 1, error)),
        };
        if header.iter().all(String::is_empty) {
            return Err(SourceError::Empty(path.to_owned()));
        }
        let columns = map_columns(&header, certificate_type, mapping)?;
        Ok(Self {
            path: path.to_owned(),
            encoding,
            size,
            header,
            columns,
            reader,
            since_row,
            read,
        })
    }

    /// Encoding, as detected.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Length of the file in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Bytes of the file read so far.
    pub fn bytes_read(&self) -> u64 {
        self.read.get()
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Headers, as they stand.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// Field keys of the columns; none for columns left out.
    pub fn columns(&self) -> &[Option<String>] {
        &self.columns
    }

    /// The next row; none at the end.
    pub fn next_row(&mut self) -> Result<Option<Row>, SourceError> {
        let mut cells = csv::StringRecord::new();
        let line = loop {
            self.since_row.set(0);
            let before = self.reader.position().line();
            match self.reader.read_record(&mut cells) {
                Ok(false) => return Ok(None),
                Ok(true) => {}
                Err(error) => return Err(malformed(&self.path, before, error)),
            }
            // Spreadsheets end a table with rows of nothing but delimiters.
            if cells.iter().any(|cell| !cell.trim().is_empty()) {
                // The reader passes over empty lines without a word: they are what its count went up by,
                // beside the line breaks within cells and the one that ended the row.
                let passed = self.reader.position().line() - before;
                let within = cells.as_slice().matches('\n').count() as u64;
                break before + passed.saturating_sub(within + 1);
            }
        };
        let values = self.values(&cells);
        Ok(Some(Row { line, cells, values }))
    }

    fn values(&self, cells: &csv::StringRecord) -> Result<BTreeMap<String, String>, FieldError> {
        let error = |code, reason, hint: &str| FieldError {
            field: String::new(),
            label: "整行".to_owned(),
            code,
            reason,
            hint: hint.to_owned(),
        };
        if cells.len() != self.header.len() {
            return Err(error(
                "column-count",
                format!("有 {} 列，表头有 {} 列", cells.len(), self.header.len()),
                "核对引号和分隔符；每行末尾都多出的分隔符，在表头末尾也加上",
            ));
        }
        let mut values = BTreeMap::new();
        for (((cell, key), header), place) in cells.iter().zip(&self.columns).zip(&self.header).zip(1..) {
            let Some(key) = key else {
                if header.is_empty() && !cell.trim().is_empty() {
                    return Err(error(
                        "no-header",
                        format!("第 {place} 列没有表头，却有内容"),
                        "补上表头，或删去该列",
                    ));
                }
                continue;
            };
            if cell.contains(char::REPLACEMENT_CHARACTER) {
                return Err(error(
                    "bad-encoding",
                    format!("“{header}”中有按 {} 无法解码的字节", self.encoding.name()),
                    "用原系统重新导出，或另存为 UTF-8",
                ));
            }
            if is_rounded(cell) {
                return Err(error(
                    "rounded",
                    format!(
                        "“{header}”中的 {} 是电子表格改写的长数字，末几位已丢失",
                        cell.trim()
                    ),
                    "从原始材料补全；在电子表格中打开前，先把该列设为文本",
                ));
            }
            values.insert(key.clone(), cell.to_owned());
        }
        Ok(values)
    }
}

/// Whether a cell is a long number as spreadsheets write it, by its first digits and an exponent.
fn is_rounded(cell: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = cell
        .trim()
        .split_once("E+")
        .or_else(|| cell.trim().split_once("e+"));
    number.is_some_and(|(mantissa, exponent)| {
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
        whole.len() == 1 && digits(whole) && digits(fraction) && digits(exponent) && exponent.len() <= 2
    })
}

fn malformed(path: &Path, line: u64, error: csv::Error) -> SourceError {
    if !error.is_io_error() {
        return SourceError::Malformed { line, source: error };
    }
    let source = match error.into_kind() {
        csv::ErrorKind::Io(source) => source,
        kind => io::Error::other(format!("{kind:?}")),
    };
    if source.kind() == io::ErrorKind::FileTooLarge {
        return SourceError::RowTooLong { line };
    }
    SourceError::Io {
        path: path.to_owned(),
        source,
    }
}

fn map_columns(
    header: &[String],
    certificate_type: &CertificateType,
    mapping: &Mapping,
) -> Result<Vec<Option<String>>, SourceError> {
    for (name, field) in mapping {
        let wrong = |reason| SourceError::Mapping {
            header: name.clone(),
            field: field.clone(),
            reason,
        };
        if !header.contains(name) {
            return Err(wrong("表中没有这一列"));
        }
        if !field.is_empty() && certificate_type.column_for(field).is_none() {
            return Err(wrong("该证照类型没有这个字段"));
        }
    }
    let mut columns = Vec::with_capacity(header.len());
    let mut unknown = Vec::new();
    let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
    for name in header {
        let mapped = mapping.get(name).map(String::as_str);
        // Spreadsheets write columns that nobody uses any more without a header.
        if name.is_empty() || ADDED.contains(&name.as_str()) || mapped == Some("") {
            columns.push(None);
            continue;
        }
        let Some(field) = certificate_type.column_for(mapped.unwrap_or(name)) else {
            unknown.push(name.clone());
            continue;
        };
        if let Some(first) = taken.insert(&field.key, name) {
            return Err(SourceError::ColumnTwice {
                field: field.key.clone(),
                first: first.to_owned(),
                second: name.clone(),
            });
        }
        columns.push(Some(field.key.clone()));
    }
    let present: BTreeSet<&str> = taken.keys().copied().collect();
    let missing: Vec<String> = certificate_type
        .fields
        .iter()
        .filter(|field| field.required && !present.contains(field.key.as_str()))
        .map(|field| field.label.clone())
        .collect();
    if !missing.is_empty() {
        return Err(SourceError::MissingColumns {
            missing,
            found: header.to_vec(),
        });
    }
    if !unknown.is_empty() {
        return Err(SourceError::UnknownColumns(unknown));
    }
    Ok(columns)
}

/// Chinese characters read as UTF-8 before the first fault that make the text damaged UTF-8 rather than
/// GB 18030: of two-byte characters hardly one in a thousand goes on looking like a three-byte one, so
/// that eight in a row do not happen.
const SURELY_UTF8: usize = 8;

/// Finds the encoding: a byte order mark tells; otherwise whatever is UTF-8 to its last byte is UTF-8,
/// since Chinese text in GB 18030 hardly ever is, and so is what is UTF-8 for long and then damaged;
/// the rest is GB 18030.
fn detect(file: &mut File) -> io::Result<Encoding> {
    let mut buffer = vec![0; 64 << 10];
    let mut pending = 0;
    let mut first = true;
    let mut characters = 0;
    loop {
        let count = file.read(buffer.get_mut(pending..).unwrap_or_default())?;
        let filled = buffer.get(..pending + count).unwrap_or_default();
        if first && (filled.starts_with(b"\xFF\xFE") || filled.starts_with(b"\xFE\xFF")) {
            return Ok(Encoding::Utf16);
        }
        if first && filled.starts_with(b"\xEF\xBB\xBF") {
            return Ok(Encoding::Utf8);
        }
        first = false;
        let fault = std::str::from_utf8(filled).err();
        let valid = fault.map_or(filled.len(), |fault| fault.valid_up_to());
        characters += filled.iter().take(valid).filter(|byte| **byte >= 0xE0).count();
        // A character cut by the end of the buffer is none, unless it is the end of the file.
        let is_faulty = fault.is_some_and(|fault| fault.error_len().is_some() || count == 0);
        if is_faulty && characters < SURELY_UTF8 {
            return Ok(Encoding::Gb18030);
        }
        if is_faulty || count == 0 {
            return Ok(Encoding::Utf8);
        }
        pending = filled.len() - valid;
        buffer.copy_within(valid..valid + pending, 0);
    }
}

/// The file as UTF-8, every line ended by a line feed alone, the last one too: so lines can be counted.
#[derive(Debug)]
struct Decoded {
    file: File,
    decoder: Decoder,
    raw: Vec<u8>,
    text: Vec<u8>,
    /// Part of `text` not handed out yet.
    ready: std::ops::Range<usize>,
    ended: bool,
    /// The last byte decoded.
    last: u8,
    since_row: Rc<Cell<usize>>,
    read: Rc<Cell<u64>>,
}

impl Decoded {
    fn new(file: File, encoding: Encoding, since_row: Rc<Cell<usize>>, read: Rc<Cell<u64>>) -> Self {
        // Every decoder takes the mark off; that of UTF-16 finds the byte order by it.
        let decoder = match encoding {
            Encoding::Utf8 => UTF_8.new_decoder_with_bom_removal(),
            Encoding::Gb18030 => GB18030.new_decoder_with_bom_removal(),
            Encoding::Utf16 => UTF_16BE.new_decoder(),
        };
        Self {
            file,
            decoder,
            raw: vec![0; 16 << 10],
            text: vec![0; 64 << 10],
            ready: 0..0,
            ended: false,
            last: b'\n',
            since_row,
            read,
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        while self.ready.is_empty() && !self.ended {
            let count = self.file.read(&mut self.raw)?;
            self.read.set(self.read.get() + count as u64);
            self.ended = count == 0;
            let raw = self.raw.get(..count).unwrap_or_default();
            // `text` holds what `raw` can become: at most three bytes for one.
            let (_, _, written, _) = self.decoder.decode_to_utf8(raw, &mut self.text, self.ended);
            self.ready = 0..self.end_lines(written);
        }
        Ok(())
    }

    /// Makes the ends of lines in the first `written` bytes of the text alike; gives how many are left.
    fn end_lines(&mut self, written: usize) -> usize {
        let mut kept = 0;
        for at in 0..written {
            let Some(byte) = self.text.get(at).copied() else {
                break;
            };
            let is_second_half = byte == b'\n' && self.last == b'\r';
            self.last = byte;
            if let (false, Some(place)) = (is_second_half, self.text.get_mut(kept)) {
                *place = if byte == b'\r' { b'\n' } else { byte };
                kept += 1;
            }
        }
        if let (true, false, Some(place)) = (
            self.ended,
            matches!(self.last, b'\n' | b'\r'),
            self.text.get_mut(kept),
        ) {
            *place = b'\n';
            kept += 1;
        }
        kept
    }

    /// The delimiter: the likeliest of comma, tab, semicolon by the header line.
    fn delimiter(&mut self) -> io::Result<u8> {
        self.fill()?;
        let text = self.text.get(self.ready.clone()).unwrap_or_default();
        let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let count = |delimiter: u8| line.split(|byte| *byte == delimiter).count();
        let best = b",\t;"
            .iter()
            .copied()
            .max_by_key(|delimiter| (count(*delimiter), *delimiter == b','));
        Ok(best.unwrap_or(b','))
    }
}

impl Read for Decoded {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.fill()?;
        let text = self.text.get(self.ready.clone()).unwrap_or_default();
        let count = text.len().min(out.len());
        for (place, byte) in out.iter_mut().zip(text) {
            *place = *byte;
        }
        self.ready.start += count;
        // The reader above asks for more only while a row has not ended.
        let since = self.since_row.get() + count;
        self.since_row.set(since);
        if since > MAX_ROW_BYTES + self.text.len() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Write as _;

    use super::*;

    fn read_all(bytes: &[u8]) -> (Encoding, String) {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file.rewind().unwrap();
        let encoding = detect(&mut file).unwrap();
        file.rewind().unwrap();
        let mut decoded = Decoded::new(file, encoding, Rc::default(), Rc::default());
        let mut text = String::new();
        // Row by row, as the table reader would; here every read ends a row.
        let mut buffer = [0; 4096];
        loop {
            decoded.since_row.set(0);
            let count = decoded.read(&mut buffer).unwrap();
            if count == 0 {
                return (encoding, text);
            }
            text.push_str(std::str::from_utf8(&buffer[..count]).unwrap_or("…"));
        }
    }

    #[test]
    fn encodings_are_told_apart() {
        let text = "证照编号,持证主体\n1,示例甲\n";
        let (gb, ..) = GB18030.encode(text);
        let mut utf16 = vec![0xFF, 0xFE];
        utf16.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        let mut marked = b"\xEF\xBB\xBF".to_vec();
        marked.extend_from_slice(text.as_bytes());
        assert_eq!(read_all(text.as_bytes()), (Encoding::Utf8, text.to_owned()));
        assert_eq!(read_all(&marked), (Encoding::Utf8, text.to_owned()));
        assert_eq!(read_all(&gb), (Encoding::Gb18030, text.to_owned()));
        assert_eq!(read_all(&utf16), (Encoding::Utf16, text.to_owned()));
    }

    #[test]
    fn a_character_cut_by_a_buffer_is_still_utf8() {
        for shift in 0..4 {
            let text = format!("{}{}", "x".repeat(shift), "证".repeat(60_000));
            assert_eq!(read_all(text.as_bytes()).0, Encoding::Utf8);
        }
        let cut = &"证照".as_bytes()[..4];
        assert_eq!(read_all(cut).0, Encoding::Gb18030);
    }

    #[test]
    fn damaged_utf8_is_still_utf8() {
        let damaged = ["证照编号,持证主体名称\n".as_bytes(), b"1,\xE7\xA4\n".as_slice()].concat();
        assert_eq!(read_all(&damaged).0, Encoding::Utf8);
        assert_eq!(read_all(b"\xEF\xBB\xBFa,b\n1,\xFF\n").0, Encoding::Utf8);
        assert_eq!(read_all(b"\xEF\xBB\xBFa,b\n").1, "a,b\n");
    }

    #[test]
    fn lines_end_alike() {
        assert_eq!(read_all(b"a\r\nb\rc\n\r\nd").1, "a\nb\nc\n\nd\n");
        let long = "x\r\n".repeat(30_000);
        assert_eq!(read_all(long.as_bytes()).1, "x\n".repeat(30_000));
    }

    #[test]
    fn a_lost_quote_ends_at_the_limit() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"a,b\n\"1,2\n").unwrap();
        for _ in 0..40_000 {
            file.write_all(b"1234567890,1234567890\n").unwrap();
        }
        file.rewind().unwrap();
        let since = Rc::new(Cell::new(0));
        let decoded = Decoded::new(file, Encoding::Utf8, Rc::clone(&since), Rc::default());
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(decoded);
        let error = reader.records().find_map(Result::err).unwrap();
        let error = malformed(Path::new("t.csv"), 2, error);
        assert!(matches!(error, SourceError::RowTooLong { line: 2 }));
    }

    #[test]
    fn numbers_that_a_spreadsheet_rounded_are_told() {
        for cell in ["2.02442E+16", " 4.19901E+17 ", "9E+15", "1.2e+17"] {
            assert!(is_rounded(cell), "{cell}");
        }
        for cell in [
            "E+",
            "12E+3",
            "1.E+3",
            "20244199010000001",
            "A1E+05",
            "3E+100",
            "1.5",
        ] {
            assert!(!is_rounded(cell), "{cell}");
        }
    }
}
