//! Reading a department's table: encoding, delimiter, header, rows.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{self, Seek as _},
    path::{Path, PathBuf},
    rc::Rc,
};

use super::{
    cells,
    decoded::{Changed, Decoded, Encoding, detect, foreign, stray_quotes},
    rejects::ADDED,
};
use crate::{
    catalogue::{CertificateType, FieldError, Role},
    limits::MAX_ROW_BYTES,
};

/// Headers that differ from the type's: header to field key, label or short name; an empty text
/// leaves the column out.
pub type Mapping = BTreeMap<String, String>;

/// Why a table cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// Somebody writes to the file.
    #[error("{} 在读取期间有改动，没有读完 (changed while being read)", .0.display())]
    Changed(PathBuf),
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
    /// The header stands further down.
    #[error("第 1 行不是表头，第 {line} 行才像是 (the header is on line {line})")]
    HeaderBelow {
        /// Line it stands on.
        line: u64,
    },
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
    /// No header is a name of a field. The cells are not told: they may be somebody's data.
    #[error("第 1 行没有一列是本证照类型的字段名，不像表头 (no header is known)")]
    NoHeader,
    /// Nothing but the header.
    #[error("{} 只有表头，没有数据 (no rows)", .0.display())]
    NoRows(PathBuf),
    /// A table can only be read from a file, because it is read twice.
    #[error("{} 不是普通文件 (not a regular file)", .0.display())]
    NotAFile(PathBuf),
    /// Something else than a text table.
    #[error("{} 是{what}，不是文本表格 (not a text table)", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// Quotes that do not pair.
    #[error("引号不成对，在第 {} 行 (quotes do not pair)", numbered(.0))]
    Quotes(Vec<u64>),
    /// Long numbers that lost their last digits.
    #[error("“{0}”列的长数字从第 16 位起全是 0，多半被电子表格改写过 (rounded by a spreadsheet)")]
    Rounded(String),
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
    delimiter: char,
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
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() && !metadata.is_dir() {
            return Err(SourceError::NotAFile(path.to_owned()));
        }
        if let Some(what) = foreign(&mut file).map_err(failed)? {
            let path = path.to_owned();
            return Err(SourceError::NotText { path, what });
        }
        let encoding = detect(&mut file).map_err(failed)?;
        file.rewind().map_err(failed)?;

        // 1. Read through for quotes that would make one row of several, before any row is believed.
        let twin = file.try_clone().map_err(failed)?;
        let mut decoded = Decoded::new(twin, encoding, Rc::default(), Rc::default()).map_err(failed)?;
        let delimiter = decoded.delimiter().map_err(failed)?;
        let stray = stray_quotes(decoded, delimiter).map_err(|error| unreadable(path, error))?;
        if !stray.is_empty() {
            return Err(SourceError::Quotes(stray));
        }
        file.rewind().map_err(failed)?;

        // 2. The header.
        let since_row = Rc::new(Cell::new(0));
        let read = Rc::new(Cell::new(0));
        let decoded =
            Decoded::new(file, encoding, Rc::clone(&since_row), Rc::clone(&read)).map_err(failed)?;
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
        let columns = match map_columns(&header, certificate_type, mapping) {
            Ok(columns) => columns,
            Err(error) => return Err(below(&mut reader, certificate_type, mapping).unwrap_or(error)),
        };
        Ok(Self {
            path: path.to_owned(),
            encoding,
            delimiter: char::from(delimiter),
            size: metadata.len(),
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

    /// A column of which these rows, the first ones, show that a spreadsheet rounded it.
    pub(super) fn rounded(&self, rows: &[Row]) -> Option<SourceError> {
        let values = |key| {
            let values = rows.iter().filter_map(|row| row.values.as_ref().ok());
            values
                .filter_map(move |values| values.get(key))
                .map(String::as_str)
        };
        let mut columns = self.columns.iter().zip(&self.header);
        let found =
            columns.find(|(key, _)| key.as_deref().is_some_and(|key| cells::all_rounded(values(key))));
        found.map(|(_, header)| SourceError::Rounded(header.clone()))
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
                break begun(&self.reader, &cells);
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
            // In a column that is left out too: the rows would be gone.
            if cells::swallowed(cell, self.delimiter, self.header.len()) {
                return Err(error(
                    "swallowed",
                    format!("第 {place} 列里像是还有下面的行：少了一个引号"),
                    "对照源表，把并在一起的各行分开",
                ));
            }
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
            let refused = |(code, reason, hint): cells::Refusal| FieldError {
                field: key.clone(),
                label: header.clone(),
                code,
                reason,
                hint: hint.to_owned(),
            };
            let value = cells::read(cell, self.encoding).map_err(refused)?;
            values.insert(key.clone(), value);
        }
        Ok(values)
    }
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
    unreadable(path, source)
}

fn unreadable(path: &Path, source: io::Error) -> SourceError {
    let path = path.to_owned();
    if matches!(source.get_ref(), Some(cause) if cause.is::<Changed>()) {
        return SourceError::Changed(path);
    }
    SourceError::Io { path, source }
}

fn numbered(lines: &[u64]) -> String {
    let lines: Vec<String> = lines.iter().map(u64::to_string).collect();
    lines.join("、")
}

/// The line of the header, where a title or the names of groups of columns stand above it.
fn below(
    reader: &mut csv::Reader<Decoded>,
    certificate_type: &CertificateType,
    mapping: &Mapping,
) -> Option<SourceError> {
    /// More than any title takes.
    const LOOKED_AT: usize = 20;
    let mut row = csv::StringRecord::new();
    for _ in 0..LOOKED_AT {
        if !matches!(reader.read_record(&mut row), Ok(true)) {
            break;
        }
        let header: Vec<String> = row.iter().map(|text| text.trim().to_owned()).collect();
        let found = map_columns(&header, certificate_type, mapping);
        if matches!(found, Ok(_) | Err(SourceError::UnknownColumns(_))) {
            let line = begun(reader, &row);
            return Some(SourceError::HeaderBelow { line });
        }
    }
    None
}

/// The line on which the row just read begins. The reader passes over empty lines before it without a
/// word; from where it stands now, the line breaks within cells and the one that ended the row are counted
/// back.
fn begun(reader: &csv::Reader<Decoded>, row: &csv::StringRecord) -> u64 {
    let within = row.as_slice().matches('\n').count() as u64;
    reader.position().line().saturating_sub(within + 1)
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
        .filter(|field| field.required || field.role == Some(Role::Number))
        .filter(|field| !present.contains(field.key.as_str()))
        .map(|field| field.label.clone())
        .collect();
    if present.is_empty() {
        return Err(SourceError::NoHeader);
    }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_lost_quote_ends_at_the_limit() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"a,b\n\"1,2\n").unwrap();
        for _ in 0..40_000 {
            file.write_all(b"1234567890,1234567890\n").unwrap();
        }
        file.rewind().unwrap();
        let since = Rc::new(Cell::new(0));
        let decoded = Decoded::new(file, Encoding::Utf8, Rc::clone(&since), Rc::default()).unwrap();
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(decoded);
        let error = reader.records().find_map(Result::err).unwrap();
        let error = malformed(Path::new("t.csv"), 2, error);
        assert!(matches!(error, SourceError::RowTooLong { line: 2 }));
    }
}
