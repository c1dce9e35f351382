//! What there is to verify: arguments, names in a list, files in folders; one after the other, as needed.

use std::{
    cell::RefCell,
    ffi::{OsStr, OsString},
    fs,
    io::{self, BufRead, Read as _},
    os::unix::ffi::OsStringExt as _,
    path::{Path, PathBuf},
    vec,
};

use certseal_core::{files::Opened, limits::MAX_DOCUMENT_BYTES, verify::Examined};

use crate::output::{Context as _, Failure};

/// Letters of a name that are read; longer ones are no names.
const LONGEST_NAME: u64 = 1 << 16;

/// Most memory that is kept from file to file.
const KEPT_BUFFER: usize = 4 << 20;

thread_local! {
    /// What a thread reads its files into: memory that is had anew for each costs as much as reading it.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// One thing to verify.
#[derive(Debug)]
pub(crate) struct Input {
    /// What to call it.
    pub(super) name: String,
    what: Result<What, Failure>,
}

#[derive(Debug)]
enum What {
    Stdin,
    Text(String),
    File(io::Result<Opened>),
}

impl Input {
    /// A file where there is one, else the text of a QR code or an identifier; `-` is standard input.
    pub(crate) fn of(given: &OsStr) -> Self {
        let name = given.to_string_lossy().into_owned();
        let what = if given == "-" {
            What::Stdin
        } else if is_text(&name) && !Path::new(given).exists() {
            What::Text(name.clone())
        } else {
            return Self::file(Path::new(given));
        };
        Self { name, what: Ok(what) }
    }

    fn file(path: &Path) -> Self {
        let name = path.to_string_lossy().into_owned();
        let what = Ok(What::File(Opened::of(path)));
        Self { name, what }
    }

    fn is_folder(&self) -> bool {
        matches!(&self.what, Ok(What::File(Ok(opened))) if opened.is_folder())
    }

    fn failed(name: &Path, failure: Failure) -> Self {
        let (name, what) = (name.to_string_lossy().into_owned(), Err(failure));
        Self { name, what }
    }

    /// Reads it, no further than the limit.
    pub(crate) fn read(self) -> Result<Examined, Failure> {
        BUFFER.with_borrow_mut(|bytes| {
            let examined = self.read_into(bytes);
            if bytes.capacity() > KEPT_BUFFER {
                *bytes = Vec::new();
            }
            examined
        })
    }

    fn read_into(self, bytes: &mut Vec<u8>) -> Result<Examined, Failure> {
        match self.what? {
            What::Text(text) => return Ok(Examined::of_qr_text(&text)),
            What::Stdin => {
                bytes.clear();
                let limit = MAX_DOCUMENT_BYTES as u64 + 1;
                let read = io::stdin().lock().take(limit).read_to_end(bytes);
                read.context("读取标准输入")?;
            }
            What::File(opened) => {
                let unread = |error: io::Error| {
                    Failure::from_error(&format!("读取 {}", self.name), &error)
                        .hint("参数应为证照文件、文件夹、二维码图片、二维码文本或电子证照标识。")
                };
                let read = opened.and_then(|opened| opened.read_into(MAX_DOCUMENT_BYTES, bytes));
                if !read.map_err(unread)? {
                    return Ok(Examined::too_large());
                }
            }
        }
        if bytes.len() > MAX_DOCUMENT_BYTES {
            return Ok(Examined::too_large());
        }
        Ok(Examined::of(bytes))
    }
}

/// Whether an argument that names no file can be the text of a QR code or an identifier.
fn is_text(given: &str) -> bool {
    let digits = given.len() > 100 && given.chars().all(|ch| ch.is_ascii_digit() || ch.is_whitespace());
    digits || given.contains("://") || given.trim_start().starts_with("1.2.156.")
}

/// Inputs in order: those of the command line, then those of the list. A folder stands for every PDF and picture in
/// it and below it, by name.
pub(super) struct Inputs {
    given: vec::IntoIter<OsString>,
    list: Option<Names>,
    /// Folders being walked, the innermost last, each with what of it is still to come.
    walk: Vec<vec::IntoIter<PathBuf>>,
    /// The folder that was named, until something was found in it.
    barren: Option<PathBuf>,
}

impl Inputs {
    pub(super) fn new(given: Vec<OsString>, list: Option<Names>) -> Self {
        Self {
            given: given.into_iter(),
            list,
            walk: Vec::new(),
            barren: None,
        }
    }

    fn enter(&mut self, folder: &Path) -> Option<Input> {
        match entries(folder) {
            Ok(entries) => {
                self.walk.push(entries.into_iter());
                None
            }
            Err(error) => {
                self.barren = None;
                let failure = Failure::from_error(&format!("读取文件夹 {}", folder.display()), &error);
                Some(Input::failed(folder, failure))
            }
        }
    }
}

impl Iterator for Inputs {
    type Item = Input;

    fn next(&mut self) -> Option<Input> {
        loop {
            if let Some(folder) = self.walk.last_mut() {
                if let Some(path) = folder.next() {
                    let input = Input::file(&path);
                    if !input.is_folder() {
                        self.barren = None;
                        return Some(input);
                    }
                    if let Some(failed) = self.enter(&path) {
                        return Some(failed);
                    }
                    continue;
                }
                self.walk.pop();
                if self.walk.is_empty()
                    && let Some(folder) = self.barren.take()
                {
                    let message = format!(
                        "文件夹 {} 中没有 PDF、OFD、ESL、PNG 或 JPEG 文件",
                        folder.display()
                    );
                    let failure = Failure::new(message, "核对文件夹是否拿错；其他格式请逐个指明文件。");
                    return Some(Input::failed(&folder, failure));
                }
                continue;
            }
            let given = match self.given.next() {
                Some(given) => given,
                None => match self.list.as_mut()?.next()? {
                    Ok(name) => name,
                    Err(error) => {
                        self.list = None;
                        let failure = Failure::from_error("读取名单 (--list)", &error);
                        return Some(Input::failed(Path::new("--list"), failure));
                    }
                },
            };
            let input = Input::of(&given);
            if !input.is_folder() {
                return Some(input);
            }
            let path = Path::new(&given);
            self.barren = Some(path.to_owned());
            if let Some(failed) = self.enter(path) {
                return Some(failed);
            }
        }
    }
}

/// Folders, PDFs, OFDs, national seals and pictures of a folder, by name. Links to folders are not followed: they could lead in a circle.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let wanted = path.extension().is_some_and(|extension| {
            let mut known = ["pdf", "ofd", "esl", "png", "jpg", "jpeg"].iter();
            known.any(|known| extension.eq_ignore_ascii_case(known))
        });
        if entry.file_type()?.is_dir() || wanted && !path.is_dir() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Names in a file, each ended by a byte.
pub(super) struct Names {
    file: Box<dyn BufRead + Send>,
    end: u8,
}

impl Names {
    /// The names in a file; of standard input with `-`.
    pub(super) fn open(list: &Path, null: bool) -> Result<Self, Failure> {
        let file: Box<dyn BufRead + Send> = if list == Path::new("-") {
            Box::new(io::BufReader::new(io::stdin()))
        } else {
            let doing = format!("读取名单 {}", list.display());
            Box::new(io::BufReader::new(fs::File::open(list).context(&doing)?))
        };
        let end = if null { 0 } else { b'\n' };
        Ok(Self { file, end })
    }
}

impl Iterator for Names {
    type Item = io::Result<OsString>;

    fn next(&mut self) -> Option<io::Result<OsString>> {
        loop {
            let mut name = Vec::new();
            match (&mut self.file)
                .take(LONGEST_NAME)
                .read_until(self.end, &mut name)
            {
                Ok(0) => return None,
                Ok(length) if length as u64 == LONGEST_NAME => {
                    let error = io::Error::new(io::ErrorKind::InvalidData, "名称过长 (a name is too long)");
                    return Some(Err(error));
                }
                Ok(_) => {}
                Err(error) => return Some(Err(error)),
            }
            if name.last() == Some(&self.end) {
                name.pop();
            }
            // Lists made on Windows end their lines with two characters.
            if self.end == b'\n' && name.last() == Some(&b'\r') {
                name.pop();
            }
            if !name.trim_ascii().is_empty() {
                return Some(Ok(OsString::from_vec(name)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::unix::ffi::OsStrExt as _;

    use super::*;

    fn names(inputs: Inputs) -> Vec<String> {
        inputs.map(|input| input.name).collect()
    }

    #[test]
    fn a_folder_stands_for_what_can_be_verified_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for path in ["b.pdf", "a/c.PDF", "a/d.jpeg", "a/e.txt", "f.png"] {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        fs::create_dir(root.join("empty")).unwrap();
        std::os::unix::fs::symlink(root, root.join("circle")).unwrap();
        let found = names(Inputs::new(vec![root.into(), "g.pdf".into()], None));
        let expected =
            ["a/c.PDF", "a/d.jpeg", "b.pdf", "f.png"].map(|name| root.join(name).display().to_string());
        assert_eq!(found[..4], expected);
        assert_eq!(found[4..], ["g.pdf"]);
        let mut barren = Inputs::new(vec![root.join("empty").into()], None);
        assert!(barren.next().unwrap().read().is_err());
        assert!(barren.next().is_none());
    }

    #[test]
    fn lists_end_their_names_as_they_say() {
        let listed = |bytes: &'static [u8], null: bool| {
            let end = if null { 0 } else { b'\n' };
            let list = Names {
                file: Box::new(bytes),
                end,
            };
            names(Inputs::new(Vec::new(), Some(list)))
        };
        assert_eq!(
            listed(b"a.pdf\r\n\n b.pdf\nc.pdf", false),
            ["a.pdf", " b.pdf", "c.pdf"]
        );
        assert_eq!(listed(b"a\nb.pdf\0c.pdf\0", true), ["a\nb.pdf", "c.pdf"]);
        // Bytes that are no text are a name all the same.
        let name = OsStr::from_bytes(b"\xff.pdf");
        assert!(Input::of(name).read().is_err());
    }
}
