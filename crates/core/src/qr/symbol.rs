//! QR symbols (ISO/IEC 18004): text in, dark modules out.
//!
//! Written through the `qrcode` crate's bit and canvas layers with one fixed mask: choosing among
//! the eight masks costs some eighty times as much as all the rest, and a token's digits are as good
//! as random, so every mask spreads them alike. Scanners read the mask from the format bits.

use std::sync::Arc;

use qrcode::{
    EcLevel, Version,
    bits::Bits,
    canvas::{Canvas, MaskPattern},
    ec::construct_codewords,
    types::{Color, Mode, QrError},
};

/// Level of error correction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// Mends about 15 % damage: the least this project prints.
    M,
    /// Mends about 25 % damage.
    Q,
}

/// A square of modules, quiet zone left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QrSymbol {
    /// Modules a side.
    pub width: u32,
    /// True where dark, row by row; `width * width` entries.
    pub dark: Arc<[bool]>,
    /// Symbol version, 1 to 40.
    pub version: u8,
    /// Error correction used.
    pub level: Level,
}

/// Why a text fits no symbol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SymbolError {
    /// Longer than version 40 holds at level M.
    #[error("the text of {len} bytes is too long for a QR symbol at level M")]
    TooLong {
        /// Length of the text.
        len: usize,
    },
    /// The encoder refused the text.
    #[error("the text cannot be written as a QR symbol")]
    Refused,
}

/// Encodes a text: the smallest version at level M, raised to level Q where that costs no module.
///
/// Digits at the end of the text go in numeric mode, what stands before them in byte mode.
pub fn encode(text: &str) -> Result<QrSymbol, SymbolError> {
    let digits_at = text.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let (head, digits) = text.as_bytes().split_at(digits_at);
    for number in 1..=40_u8 {
        let version = Version::Normal(i16::from(number));
        let needed = segment_bits(Mode::Byte, head.len(), version)
            + segment_bits(Mode::Numeric, digits.len(), version);
        let room = |level| Bits::new(version).max_len(level).unwrap_or(0);
        if needed > room(EcLevel::M) {
            continue;
        }
        let (level, ec) = if needed <= room(EcLevel::Q) {
            (Level::Q, EcLevel::Q)
        } else {
            (Level::M, EcLevel::M)
        };
        let dark = draw(head, digits, version, ec).map_err(|_| SymbolError::Refused)?;
        let width = u32::from(number) * 4 + 17;
        return Ok(QrSymbol {
            width,
            dark,
            version: number,
            level,
        });
    }
    Err(SymbolError::TooLong { len: text.len() })
}

fn draw(head: &[u8], digits: &[u8], version: Version, level: EcLevel) -> Result<Arc<[bool]>, QrError> {
    let mut bits = Bits::new(version);
    if !head.is_empty() {
        bits.push_byte_data(head)?;
    }
    if !digits.is_empty() {
        bits.push_numeric_data(digits)?;
    }
    bits.push_terminator(level)?;
    let (data, correction) = construct_codewords(&bits.into_bytes(), version, level)?;
    let mut canvas = Canvas::new(version, level);
    canvas.draw_all_functional_patterns();
    canvas.draw_data(&data, &correction);
    canvas.apply_mask(MASK);
    Ok(canvas
        .into_colors()
        .into_iter()
        .map(|color| color == Color::Dark)
        .collect())
}

fn segment_bits(mode: Mode, len: usize, version: Version) -> usize {
    if len == 0 {
        return 0;
    }
    MODE_BITS + mode.length_bits_count(version) + mode.data_bits_count(len)
}

/// Mode indicator of a full-size symbol.
const MODE_BITS: usize = 4;
/// (i + j) mod 3: breaks up both the runs of zero bits and the pad bytes, the only regular parts.
const MASK: MaskPattern = MaskPattern::DiagonalLines;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::{hint::black_box, time::Instant};

    use super::*;
    use crate::qr::{picture, text, token};

    #[test]
    fn every_version_reads_back() {
        for len in [1, 20, 100, 300, 350, 500, 900, 1_500, 2_200] {
            let bytes: Vec<u8> = (0..len).map(|i| (i * 37 % 251) as u8).collect();
            let text = text::encode("verify.example.gov.cn", &bytes);
            let symbol = encode(&text).unwrap();
            assert_eq!(symbol.dark.len(), (symbol.width * symbol.width) as usize);
            assert_eq!(picture::decode_modules(&symbol.dark, symbol.width), Some(text));
        }
        assert_eq!(
            encode(&"7".repeat(6_000)),
            Err(SymbolError::TooLong { len: 6_000 })
        );
        assert_eq!(encode("").unwrap().version, 1);
    }

    #[test]
    fn the_higher_level_costs_no_module() {
        for len in 1..400 {
            let symbol = encode(&text::encode("h.cn", &vec![9; len])).unwrap();
            let text = text::encode("h.cn", &vec![9; len]);
            // The version a general encoder needs at level M with the same segments.
            let mut at_m = None;
            for number in 1..=40_i16 {
                let mut bits = Bits::new(Version::Normal(number));
                let (head, digits) = text.as_bytes().split_at("https://h.cn/v#".len());
                let pushed = bits.push_byte_data(head).and(bits.push_numeric_data(digits));
                if pushed.is_ok() && bits.push_terminator(EcLevel::M).is_ok() {
                    at_m = Some(number);
                    break;
                }
            }
            assert_eq!(at_m, Some(i16::from(symbol.version)), "{len}");
        }
    }

    /// Prints what a token costs: `cargo test --release -- --ignored --nocapture cost_of_a_code`.
    #[test]
    #[ignore = "a measurement, not a check"]
    #[allow(clippy::print_stdout)]
    fn cost_of_a_code() {
        let identity = token::tests::identity("Measured");
        let face = token::tests::token();
        let rounds = 2_000;
        let time = |name: &str, work: &mut dyn FnMut()| {
            work();
            let start = Instant::now();
            for _ in 0..rounds {
                work();
            }
            println!(
                "{name}: {:.1} us",
                start.elapsed().as_secs_f64() * 1e6 / f64::from(rounds)
            );
        };
        let bytes = token::sign(&face, &identity).unwrap();
        let text = text::encode("verify.example.gov.cn", &bytes);
        let symbol = encode(&text).unwrap();
        println!(
            "{} bytes, {} characters, version {} {:?}, {} modules",
            bytes.len(),
            text.len(),
            symbol.version,
            symbol.level,
            symbol.width
        );
        time("picture (modules)", &mut || {
            black_box(picture::decode_modules(&symbol.dark, symbol.width).unwrap());
        });
        time("sign", &mut || {
            black_box(token::sign(&face, &identity).unwrap());
        });
        time("text", &mut || {
            black_box(text::encode("verify.example.gov.cn", &bytes));
        });
        time("symbol", &mut || {
            black_box(encode(&text).unwrap());
        });
        time("parse and verify", &mut || {
            let read = token::SignedToken::parse(&bytes).unwrap();
            black_box(read.verify(&identity.certificate).unwrap());
        });
    }
}
