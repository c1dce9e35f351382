//! The rejects file: rows as they stood, with what is wrong in columns of their own. Mended, the file
//! can be fed again as it is: the added columns are known and left out on reading.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Read as _, Write as _},
    path::{Path, PathBuf},
};

use encoding_rs::GB18030;

use super::source::Row;
use crate::{catalogue::FieldError, files};

/// Headers of the added columns: line in the table, fields, reasons, what to do.
pub(super) const ADDED: [&str; 4] = ["〔原行号〕", "〔问题字段〕", "〔原因〕", "〔处理办法〕"];

/// Excel takes a table without it for GBK.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Bytes of a file in which the added headers stand if it is one of ours.
const LOOKED_AT: u64 = 16 << 10;

/// A row that was refused, with every reason.
#[derive(Debug)]
pub(super) struct Rejection {
    pub(super) row: Row,
    pub(super) errors: Vec<FieldError>,
}

/// Why a rejects file cannot be where it was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RejectsError {
    /// It cannot be looked at.
    #[error("无法读取 {} (cannot read)", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Something else is there.
    #[error("{} 已存在，且不是被拒记录文件，不覆盖 (not a rejects file, not overwritten)", .0.display())]
    Other(PathBuf),
}

/// The file rejected rows go to. It appears under its name only when it is complete.
#[derive(Debug)]
pub struct Rejects {
    path: PathBuf,
    open: Option<csv::Writer<BufWriter<File>>>,
}

impl Rejects {
    /// A rejects file at `path`, made at the first rejection. A rejects file of an earlier run that
    /// stands there is replaced, or removed if nothing is rejected now; any other file is refused.
    pub fn at(path: &Path) -> Result<Self, RejectsError> {
        let failed = |source| RejectsError::Io {
            path: path.to_owned(),
            source,
        };
        match is_of_rejects(path) {
            Ok(true) => {}
            Ok(false) => return Err(RejectsError::Other(path.to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        Ok(Self {
            path: path.to_owned(),
            open: None,
        })
    }

    /// Where it will be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn partial(&self) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".part");
        name.into()
    }

    pub(super) fn write(&mut self, header: &[String], rejection: &Rejection) -> Result<(), csv::Error> {
        // Columns of an earlier rejects file give way to the new ones. A row with too many or too few cells
        // is kept as it stands otherwise.
        let is_kept = |index: usize| {
            let name = header.get(index).map(String::as_str);
            name.is_none_or(|name| !ADDED.contains(&name))
        };
        if self.open.is_none() {
            let mut file = BufWriter::new(File::create(self.partial())?);
            file.write_all(BYTE_ORDER_MARK)?;
            let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(file);
            let names = header.iter().map(String::as_str);
            let names = names.filter(|name| !ADDED.contains(name));
            writer.write_record(ADDED.into_iter().chain(names))?;
            self.open = Some(writer);
        }
        let Some(writer) = &mut self.open else {
            return Ok(());
        };
        let errors = &rejection.errors;
        let line = rejection.row.line.to_string();
        let fields = joined(errors.iter().map(|error| error.label.clone()));
        let reasons = joined(of_fields(errors, |error| &error.reason));
        let hints = joined(errors.iter().map(|error| error.hint.clone()));
        let cells = rejection.row.cells.iter().enumerate();
        let cells = cells.filter(|(index, _)| is_kept(*index)).map(|(_, cell)| cell);
        let added = [line.as_str(), &fields, &reasons, &hints];
        writer.write_record(added.into_iter().chain(cells))
    }

    /// Brings the file under its name. Where that fails, no half of it stays.
    pub(super) fn finish(self) -> Result<(), csv::Error> {
        let partial = self.partial();
        let finished = match self.open {
            Some(writer) => bring(writer, &partial, &self.path),
            // What an earlier run left, one that was killed too.
            None => absent(&self.path),
        };
        let cleared = absent(&partial);
        finished.and(cleared).map_err(csv::Error::from)
    }
}

/// What is said of each field, the field before it where there are several; fields of which the same is
/// said together.
fn of_fields(errors: &[FieldError], part: fn(&FieldError) -> &str) -> impl Iterator<Item = String> {
    let mut said: Vec<(&str, Vec<&str>)> = Vec::new();
    for error in errors {
        let text = part(error);
        match said.iter_mut().find(|(other, _)| *other == text) {
            Some((_, labels)) => labels.push(&error.label),
            None => said.push((text, vec![&error.label])),
        }
    }
    let is_one = errors.len() == 1;
    said.into_iter().map(move |(text, labels)| {
        if is_one {
            text.to_owned()
        } else {
            format!("{}：{text}", labels.join("、"))
        }
    })
}

fn joined(texts: impl Iterator<Item = String>) -> String {
    let mut parts: Vec<String> = Vec::new();
    for text in texts {
        if !parts.contains(&text) {
            parts.push(text);
        }
    }
    parts.join("；")
}

/// Whether a file is one of ours, in whatever encoding it was saved since, or empty.
fn is_of_rejects(path: &Path) -> io::Result<bool> {
    let mut begin = Vec::new();
    File::open(path)?.take(LOOKED_AT).read_to_end(&mut begin)?;
    let [mark, ..] = ADDED;
    let utf16 = |unit: fn(u16) -> [u8; 2]| mark.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
    let marks = [
        mark.as_bytes().to_vec(),
        GB18030.encode(mark).0.into_owned(),
        utf16(u16::to_le_bytes),
        utf16(u16::to_be_bytes),
    ];
    let has = |mark: &Vec<u8>| begin.windows(mark.len()).any(|window| window == mark);
    Ok(begin.is_empty() || marks.iter().any(has))
}

fn bring(writer: csv::Writer<BufWriter<File>>, partial: &Path, path: &Path) -> io::Result<()> {
    let file = writer.into_inner().map_err(csv::IntoInnerError::into_error);
    let file = file?.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    fs::rename(partial, path)?;
    files::sync_name(path)
}

fn absent(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_files_of_rejects_are_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        assert!(Rejects::at(&path).is_ok());
        let header = format!("{},a,b\n1,2,3\n", ADDED.join(","));
        let mut utf16 = vec![0xFF, 0xFE];
        utf16.extend(header.encode_utf16().flat_map(u16::to_le_bytes));
        let (gb, ..) = GB18030.encode(&header);
        for ours in [b"".as_slice(), header.as_bytes(), &gb, &utf16] {
            fs::write(&path, ours).unwrap();
            assert!(Rejects::at(&path).is_ok());
        }
        for other in ["证照编号,持证主体\n1,甲\n", "x"] {
            fs::write(&path, other).unwrap();
            assert!(
                matches!(Rejects::at(&path), Err(RejectsError::Other(_))),
                "{other}"
            );
        }
        assert!(matches!(Rejects::at(folder.path()), Err(RejectsError::Io { .. })));
    }
}
