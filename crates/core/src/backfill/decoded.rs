//! A table's bytes as text: encoding, ends of lines, quotes.

use std::{
    cell::Cell,
    fs::File,
    io::{self, Read, Seek as _},
    rc::Rc,
    time::SystemTime,
};

use encoding_rs::{Decoder, GB18030, UTF_8, UTF_16BE};
use serde::Serialize;

use crate::limits::MAX_ROW_BYTES;

/// The file was written to while it was read.
#[derive(Debug, thiserror::Error)]
#[error("读取期间文件有改动 (changed while being read)")]
pub(super) struct Changed;

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

/// Chinese characters read as UTF-8 before the first fault that make the text damaged UTF-8 rather than
/// GB 18030: of two-byte characters hardly one in a thousand goes on looking like a three-byte one, so
/// that eight in a row do not happen.
const SURELY_UTF8: usize = 8;

/// Finds the encoding: a byte order mark tells; otherwise whatever is UTF-8 to its last byte is UTF-8,
/// since Chinese text in GB 18030 hardly ever is, and so is what is UTF-8 for long and then damaged;
/// the rest is GB 18030.
pub(super) fn detect(file: &mut File) -> io::Result<Encoding> {
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
pub(super) struct Decoded {
    file: File,
    /// Length and time of change of the file when it was opened.
    opened: (u64, SystemTime),
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
    pub(super) fn new(
        file: File,
        encoding: Encoding,
        since_row: Rc<Cell<usize>>,
        read: Rc<Cell<u64>>,
    ) -> io::Result<Self> {
        // Every decoder takes the mark off; that of UTF-16 finds the byte order by it.
        let decoder = match encoding {
            Encoding::Utf8 => UTF_8.new_decoder_with_bom_removal(),
            Encoding::Gb18030 => GB18030.new_decoder_with_bom_removal(),
            Encoding::Utf16 => UTF_16BE.new_decoder(),
        };
        let opened = state(&file)?;
        Ok(Self {
            file,
            opened,
            decoder,
            raw: vec![0; 16 << 10],
            text: vec![0; 64 << 10],
            ready: 0..0,
            ended: false,
            last: b'\n',
            since_row,
            read,
        })
    }

    fn fill(&mut self) -> io::Result<()> {
        while self.ready.is_empty() && !self.ended {
            let count = self.file.read(&mut self.raw)?;
            self.read.set(self.read.get() + count as u64);
            self.ended = count == 0;
            // The end of a file that somebody is writing is no end, and its last row may be half a row.
            if self.ended && state(&self.file)? != self.opened {
                return Err(io::Error::other(Changed));
            }
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

    /// The delimiter: the likeliest of comma, tab, semicolon, bar by the header line.
    pub(super) fn delimiter(&mut self) -> io::Result<u8> {
        self.fill()?;
        let text = self.text.get(self.ready.clone()).unwrap_or_default();
        let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let count = |delimiter: u8| line.split(|byte| *byte == delimiter).count();
        let best = b",\t;|"
            .iter()
            .copied()
            .max_by_key(|delimiter| (count(*delimiter), *delimiter == b','));
        Ok(best.unwrap_or(b','))
    }
}

/// Lines, counted from 1, on which a quoted cell goes on behind its closing quote or never ends; the first
/// few. A reader makes something of them all the same: quotes vanish, or one row swallows others.
pub(super) fn stray_quotes(mut text: Decoded, delimiter: u8) -> io::Result<Vec<u64>> {
    /// Enough to find what they have in common.
    const MOST: usize = 5;
    enum At {
        Start,
        Plain,
        Quoted,
        Closed,
    }
    let mut lines = Vec::new();
    let (mut at, mut line, mut opened) = (At::Start, 1, 1);
    loop {
        text.fill()?;
        let ready = text.text.get(text.ready.clone()).unwrap_or_default();
        if ready.is_empty() {
            break;
        }
        for byte in ready.iter().copied() {
            let ends_cell = byte == delimiter || byte == b'\n';
            at = match at {
                At::Start if byte == b'"' => {
                    opened = line;
                    At::Quoted
                }
                At::Closed if byte == b'"' => At::Quoted,
                At::Closed if !ends_cell => {
                    if lines.last() != Some(&line) {
                        lines.push(line);
                    }
                    At::Plain
                }
                At::Quoted if byte == b'"' => At::Closed,
                At::Quoted => At::Quoted,
                At::Start | At::Plain | At::Closed if ends_cell => At::Start,
                At::Start | At::Plain | At::Closed => At::Plain,
            };
            line += u64::from(byte == b'\n');
        }
        text.ready = 0..0;
        if lines.len() >= MOST {
            break;
        }
    }
    if matches!(at, At::Quoted) && text.ended {
        lines.push(opened);
    }
    lines.truncate(MOST);
    Ok(lines)
}

/// What a file is that is no text table, by its first bytes.
pub(super) fn foreign(file: &mut File) -> io::Result<Option<&'static str>> {
    let mut begin = Vec::new();
    file.take(4 << 10).read_to_end(&mut begin)?;
    file.rewind()?;
    let is_utf16 = begin.starts_with(b"\xFF\xFE") || begin.starts_with(b"\xFE\xFF");
    let first_line = begin.split(|byte| *byte == b'\n').next().unwrap_or_default();
    Ok(if begin.starts_with(b"PK\x03\x04") {
        Some(" Excel 或 WPS 工作簿（.xlsx 一类）")
    } else if begin.starts_with(b"\xD0\xCF\x11\xE0") {
        Some("旧版 Excel 或 WPS 工作簿（.xls、.et 一类）")
    } else if begin.starts_with(b"%PDF") {
        Some(" PDF 文件")
    } else if begin.trim_ascii_start().starts_with(b"<") || begin.starts_with(b"\xEF\xBB\xBF<") {
        Some("网页或 XML（不少系统导出的 .xls 就是这种）")
    } else if !is_utf16 && first_line.contains(&0) {
        Some("二进制文件，或没有字节顺序标记的 UTF-16 文本")
    } else {
        None
    })
}

fn state(file: &File) -> io::Result<(u64, SystemTime)> {
    let metadata = file.metadata()?;
    Ok((metadata.len(), metadata.modified()?))
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
        let mut decoded = Decoded::new(file, encoding, Rc::default(), Rc::default()).unwrap();
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
    fn quotes_that_do_not_pair_are_found() {
        for (text, delimiter, expected) in [
            ("a,b\n\"1\",\"2\n3\"\n", b',', vec![]),
            ("a,b\n\"1\"\"2\",\"\"\n12\" pipe,5\"\n", b',', vec![]),
            ("a\tb\n\"1\"\t\"2, 3\"\n", b'\t', vec![]),
            ("a,b\n\"gold\" shop,2\n3,4\n", b',', vec![2]),
            ("a,b\n1,\"x\n3,\"y\n5,6\n", b',', vec![3]),
            ("a,b\n1,2\n3,\"x\n5,6\n", b',', vec![3]),
            ("a,b\n\"1\" ,2", b',', vec![2]),
        ] {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(text.as_bytes()).unwrap();
            file.rewind().unwrap();
            let text_of = Decoded::new(file, Encoding::Utf8, Rc::default(), Rc::default()).unwrap();
            assert_eq!(stray_quotes(text_of, delimiter).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn a_file_that_is_being_written_has_no_end() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"a,b\n1,2\n3").unwrap();
        let opened = File::open(file.path()).unwrap();
        let mut text = Decoded::new(opened, Encoding::Utf8, Rc::default(), Rc::default()).unwrap();
        assert_eq!(text.read(&mut [0; 64]).unwrap(), 9);
        file.write_all(b",4\n").unwrap();
        assert_eq!(text.read(&mut [0; 64]).unwrap(), 3);
        let error = text.read(&mut [0; 64]).unwrap_err();
        assert!(error.get_ref().unwrap().is::<Changed>());
    }

    #[test]
    fn what_is_no_text_is_named() {
        let of = |bytes: &[u8]| {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(bytes).unwrap();
            file.rewind().unwrap();
            foreign(&mut file).unwrap().unwrap_or_default()
        };
        assert!(of(b"PK\x03\x04...").contains("xlsx"));
        assert!(of(b"\xD0\xCF\x11\xE0").contains(".xls"));
        assert!(of(b" \r\n<html>").contains("XML"));
        assert!(of(b"a\0\t\0").contains("UTF-16"));
        assert_eq!(of(b"\xFF\xFEa\0\t\0"), "");
        assert_eq!(of("证照编号,持证主体\n\0".as_bytes()), "");
        assert_eq!(of(b""), "");
    }
}
