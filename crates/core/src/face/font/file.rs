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

/// Opens a font file: one source for each font in it, whose tables are read when first asked for.
pub(super) fn open(path: &Path) -> io::Result<Vec<Source>> {
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
            let tables = directory(&file, u64::from(start), length)?;
            Ok(source(Arc::clone(&file), tables))
        })
        .collect()
}

type Tables = HashMap<[u8; 4], (u64, usize)>;

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

fn source(file: Arc<File>, tables: Tables) -> Source {
    let read = move |tag: Tag| -> Option<Blob> {
        let (offset, size) = *tables.get(&tag.to_be_bytes())?;
        let mut data = vec![0; size];
        match file.read_exact_at(&mut data, offset) {
            Ok(()) => Some(data.into()),
            Err(error) => {
                // The glyphs of the font are then absent, and every text that needs one is refused.
                tracing::error!(%error, %tag, "font table unreadable");
                None
            }
        }
    };
    let read: Arc<dyn Fn(Tag) -> Option<Blob> + Send + Sync> = Arc::new(read);
    Source::from(read)
}

fn u32_at(data: &[u8], at: usize) -> u32 {
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
