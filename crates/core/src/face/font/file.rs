//! Font files: finding them by name, and reading single tables of an sfnt file or collection.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, ErrorKind},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use skrifa::{
    Tag,
    font::{Blob, Source},
};

/// Directories below a font directory that are looked into.
const MAX_DEPTH: usize = 6;
/// Fonts in a collection: the largest collections in use hold under a hundred.
const MAX_FONTS: u32 = 256;
/// Tables of a font: registered tags number about seventy.
const MAX_TABLES: u16 = 128;

/// All files under the directories by file name; the first found wins.
pub(super) fn find(dirs: &[PathBuf]) -> HashMap<String, PathBuf> {
    let mut found = HashMap::new();
    for dir in dirs {
        walk(dir, 0, &mut found);
    }
    found
}

fn walk(dir: &Path, depth: usize, found: &mut HashMap<String, PathBuf>) {
    // A directory that is absent or closed to us holds no fonts for us.
    let Ok(entries) = fs::read_dir(dir) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            if depth < MAX_DEPTH {
                walk(&path, depth + 1, found);
            }
        } else if let Ok(name) = entry.file_name().into_string() {
            found.entry(name).or_insert(path);
        }
    }
}

/// One font of an opened file.
#[derive(Clone)]
pub(super) struct FontFile {
    file: Arc<File>,
    tables: Arc<Tables>,
}

/// Place and size of each table.
type Tables = HashMap<[u8; 4], (u64, usize)>;

/// Opens a font file, which may hold several fonts.
pub(super) fn open(path: &Path) -> io::Result<Vec<FontFile>> {
    let file = Arc::new(File::open(path)?);
    let length = file.metadata()?.len();
    let mut head = [0; 12];
    file.read_exact_at(&mut head, 0)?;
    let starts = if head.starts_with(b"ttcf") {
        let count = u32_at(&head, 8).min(MAX_FONTS);
        let mut offsets = vec![0; count as usize * 4];
        file.read_exact_at(&mut offsets, 12)?;
        offsets.chunks_exact(4).map(|chunk| u32_at(chunk, 0)).collect()
    } else {
        vec![0]
    };
    starts
        .into_iter()
        .map(|start| {
            Ok(FontFile {
                tables: Arc::new(directory(&file, u64::from(start), length)?),
                file: Arc::clone(&file),
            })
        })
        .collect()
}

fn directory(file: &File, start: u64, length: u64) -> io::Result<Tables> {
    let mut head = [0; 12];
    file.read_exact_at(&mut head, start)?;
    let count = u16::from_be_bytes([head[4], head[5]]).min(MAX_TABLES);
    let mut records = vec![0; usize::from(count) * 16];
    file.read_exact_at(&mut records, start + 12)?;
    let mut tables = Tables::new();
    for record in records.chunks_exact(16) {
        let (offset, size) = (u32_at(record, 8), u32_at(record, 12));
        if u64::from(offset) + u64::from(size) > length {
            return Err(io::Error::new(
                ErrorKind::UnexpectedEof,
                "table beyond the end of the file",
            ));
        }
        let tag = [record[0], record[1], record[2], record[3]];
        tables.insert(tag, (u64::from(offset), size as usize));
    }
    Ok(tables)
}

impl FontFile {
    /// Bytes of a table; none where the font has no such table.
    pub(super) fn size(&self, tag: &[u8; 4]) -> Option<usize> {
        self.tables.get(tag).map(|(_, size)| *size)
    }

    /// A whole table.
    pub(super) fn table(&self, tag: &[u8; 4]) -> io::Result<Vec<u8>> {
        let mut data = vec![0; self.size(tag).unwrap_or_default()];
        self.read(tag, 0, &mut data)?;
        Ok(data)
    }

    /// A part of a table, from a place in it.
    pub(super) fn read(&self, tag: &[u8; 4], at: usize, data: &mut [u8]) -> io::Result<()> {
        let absent = || io::Error::from(ErrorKind::UnexpectedEof);
        let (offset, size) = self.tables.get(tag).ok_or_else(absent)?;
        if at.checked_add(data.len()).is_none_or(|end| end > *size) {
            return Err(absent());
        }
        self.file.read_exact_at(data, offset + at as u64)
    }

    /// The font without its outlines. Tables are read when first asked for.
    pub(super) fn source(&self) -> Source {
        let font = self.clone();
        let read = move |tag: Tag| -> Option<Blob> {
            let tag = tag.to_be_bytes();
            if matches!(&tag, b"CFF " | b"glyf") {
                return None;
            }
            font.size(&tag)?;
            match font.table(&tag) {
                Ok(data) => Some(data.into()),
                Err(error) => {
                    // The glyphs of the font are then absent, and every text that needs one is refused.
                    tracing::error!(%error, tag = %tag.escape_ascii(), "font table unreadable");
                    None
                }
            }
        };
        let read: Arc<dyn Fn(Tag) -> Option<Blob> + Send + Sync> = Arc::new(read);
        Source::from(read)
    }
}

pub(super) fn u32_at(data: &[u8], at: usize) -> u32 {
    let bytes = data.get(at..at + 4).and_then(|b| b.try_into().ok());
    u32::from_be_bytes(bytes.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn broken_files_are_errors() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.ttf");
        let cases: [&[u8]; 3] = [
            b"",
            b"ttcf\0\0\0\0\xff\xff\xff\xff",
            b"\0\x01\0\0\xff\xff\0\0\0\0\0\0",
        ];
        for bytes in cases {
            fs::write(&path, bytes).unwrap();
            assert!(open(&path).is_err());
        }
    }
}
