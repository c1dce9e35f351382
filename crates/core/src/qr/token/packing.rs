//! Compression of a token, where it is worth its while.

use std::{cell::RefCell, io::Read};

use flate2::{Compress, Compression, FlushCompress, Status};

use super::TokenError;
use crate::limits::MAX_QR_TOKEN;

/// The zlib stream, if it is shorter than the plain bytes.
pub(super) fn deflate(plain: &[u8]) -> Option<Vec<u8>> {
    thread_local! {
        // Its tables are some 300 kB: made once a thread, reset for each token.
        static DEFLATE: RefCell<Compress> = RefCell::new(Compress::new(Compression::default(), true));
    }
    DEFLATE.with_borrow_mut(|deflate| {
        deflate.reset();
        // A stream that does not fit in one byte less than the plain form is not worth having.
        let mut out = vec![0; plain.len().checked_sub(1)?];
        match deflate.compress(plain, &mut out, FlushCompress::Finish) {
            Ok(Status::StreamEnd) => {
                out.truncate(deflate.total_out() as usize);
                Some(out)
            }
            _ => None,
        }
    })
}

pub(super) fn inflate(bytes: &[u8]) -> Result<Vec<u8>, TokenError> {
    let mut stream = flate2::bufread::ZlibDecoder::new(bytes);
    let mut out = Vec::new();
    let taken = (&mut stream).take(MAX_QR_TOKEN as u64 + 1).read_to_end(&mut out);
    if out.len() > MAX_QR_TOKEN {
        return Err(TokenError::TooLong { limit: MAX_QR_TOKEN });
    }
    taken.map_err(|_| TokenError::Deflate)?;
    if stream.into_inner().is_empty() {
        Ok(out)
    } else {
        Err(TokenError::Deflate)
    }
}
