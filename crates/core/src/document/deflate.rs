//! Deflate streams: in the wrapping of zlib for PDF, bare for the members of a ZIP archive.

use std::{cell::RefCell, thread::LocalKey};

use flate2::{Compress, Compression, FlushCompress, Status};

/// How hard to compress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effort {
    /// What is made for each certificate.
    Fast,
    /// What is made once a template.
    Best,
}

thread_local! {
    /// The compressor's tables are some hundred kilobytes: making them anew for each stream
    /// would cost more than the compression.
    static FAST_ZLIB: RefCell<Compress> = RefCell::new(Compress::new(Compression::new(1), true));
    static FAST_BARE: RefCell<Compress> = RefCell::new(Compress::new(Compression::new(1), false));
}

/// Deflates `data` as a zlib stream (RFC 1950).
pub(super) fn zlib(data: &[u8], effort: Effort) -> Vec<u8> {
    deflate(data, effort, &FAST_ZLIB, true)
}

/// Deflates `data` as it is (RFC 1951).
pub(super) fn bare(data: &[u8], effort: Effort) -> Vec<u8> {
    deflate(data, effort, &FAST_BARE, false)
}

fn deflate(
    data: &[u8],
    effort: Effort,
    fast: &'static LocalKey<RefCell<Compress>>,
    has_header: bool,
) -> Vec<u8> {
    match effort {
        Effort::Fast => fast.with_borrow_mut(|compress| {
            compress.reset();
            run(compress, data)
        }),
        Effort::Best => run(&mut Compress::new(Compression::best(), has_header), data),
    }
}

fn run(compress: &mut Compress, data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len() / 2 + 64);
    loop {
        let read = compress.total_in() as usize;
        let status = compress.compress_vec(
            data.get(read..).unwrap_or_default(),
            &mut out,
            FlushCompress::Finish,
        );
        match status {
            Ok(Status::StreamEnd) => return out,
            // `Finish` asks for nothing but room.
            Ok(_) | Err(_) => out.reserve(data.len() / 2 + 64),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Read as _;

    use flate2::read::{DeflateDecoder, ZlibDecoder};

    use super::*;

    #[test]
    fn deflated_data_inflates_to_itself() {
        for length in [0, 1, 100, 100_000] {
            let data: Vec<u8> = (0..length).map(|i: u64| (i * i / 7) as u8).collect();
            for effort in [Effort::Fast, Effort::Best, Effort::Fast] {
                let (wrapped, plain) = (zlib(&data, effort), bare(&data, effort));
                let mut back = Vec::new();
                ZlibDecoder::new(&wrapped[..]).read_to_end(&mut back).unwrap();
                assert_eq!(back, data);
                back.clear();
                DeflateDecoder::new(&plain[..]).read_to_end(&mut back).unwrap();
                assert_eq!(back, data);
            }
        }
    }
}
