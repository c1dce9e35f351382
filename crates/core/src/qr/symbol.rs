//! QR symbols (ISO/IEC 18004): text in, dark modules out.
//!
//! Written through the `qrcode` crate's bit and canvas layers with one fixed mask: choosing among
//! the eight masks costs some eighty times as much as all the rest, and a token's digits are as good
//! as random, so every mask spreads them alike. Scanners read the mask from the format bits.
//!
//! [`read`] is the way back for symbols of this very form, undamaged.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Arc, Mutex, PoisonError},
};

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

/// Text of a symbol that [`encode`] drew, module by module; none for any other or a damaged one, which wants a
/// reader that knows all forms and mends errors.
///
/// How a reader gets at the text need not be trusted: it is encoded again, and only the symbol that then is
/// drawn is accepted. A text has one symbol here, and so a symbol one text.
pub fn read(dark: &[bool], width: u32) -> Option<String> {
    let version = u8::try_from(width.checked_sub(17)? / 4).ok()?;
    if !(1..=40).contains(&version) || u32::from(version) * 4 + 17 != width {
        return None;
    }
    let side = width as usize;
    if dark.len() != side * side {
        return None;
    }
    [EcLevel::M, EcLevel::Q].into_iter().find_map(|level| {
        let places = places(version, level)?;
        let bits = places
            .iter()
            .map(|&(place, masked)| dark.get(place).copied() == Some(!masked));
        let text = Segments(bits).text(Version::Normal(version.into()))?;
        let drawn = encode(&text).ok()?;
        (drawn.width == width && *drawn.dark == *dark).then_some(text)
    })
}

/// Modules of a symbol in the order of its data bits, each with whether the mask turns it over.
type Places = Arc<[(usize, bool)]>;

/// Found by drawing: the bit whose number is written in sixteen symbols, one binary digit in each. So the
/// order is the drawing library's own, whatever tables it has for it.
fn places(version: u8, level: EcLevel) -> Option<Places> {
    static KNOWN: Mutex<BTreeMap<(u8, bool), Places>> = Mutex::new(BTreeMap::new());
    let key = (version, level == EcLevel::Q);
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(places) = known().get(&key) {
        return Some(Arc::clone(places));
    }
    let number = Version::Normal(version.into());
    let count = Bits::new(number).max_len(level).ok()?;
    // Modules that differ between an empty symbol and one of ones are those of data, and of their correction,
    // which no number below singles out.
    let symbol = |bit: &dyn Fn(usize) -> bool| -> Option<Vec<Color>> {
        let bytes: Vec<u8> = (0..count / 8)
            .map(|byte| (0..8).fold(0, |value, at| value << 1 | u8::from(bit(byte * 8 + at))))
            .collect();
        let (data, correction) = construct_codewords(&bytes, number, level).ok()?;
        let mut canvas = Canvas::new(number, level);
        canvas.draw_all_functional_patterns();
        // The correction is left blank: only data move.
        canvas.draw_data(&data, &vec![0; correction.len()]);
        canvas.apply_mask(MASK);
        Some(canvas.into_colors())
    };
    let blank = symbol(&|_| false)?;
    let full = symbol(&|_| true)?;
    let mut numbers = vec![0_usize; blank.len()];
    for digit in 0..usize::BITS - count.leading_zeros() {
        let drawn = symbol(&|bit| bit >> digit & 1 == 1)?;
        for ((number, drawn), blank) in numbers.iter_mut().zip(&drawn).zip(&blank) {
            *number |= usize::from(drawn != blank) << digit;
        }
    }
    let mut places = vec![(0, false); count];
    for (place, ((number, blank), full)) in numbers.iter().zip(&blank).zip(&full).enumerate() {
        if blank != full {
            *places.get_mut(*number)? = (place, *blank == Color::Dark);
        }
    }
    let places: Places = places.into();
    known().insert(key, Arc::clone(&places));
    Some(places)
}

/// Data bits, read as [`draw`] writes them: a segment of bytes, one of digits, the end.
struct Segments<I>(I);

impl<I: Iterator<Item = bool>> Segments<I> {
    fn text(mut self, version: Version) -> Option<String> {
        let mut text = String::new();
        loop {
            match self.number(MODE_BITS) {
                Some(4) => {
                    let count = self.number(Mode::Byte.length_bits_count(version))?;
                    let bytes: Vec<u8> = (0..count)
                        .map(|_| Some(self.number(8)? as u8))
                        .collect::<Option<_>>()?;
                    text.push_str(std::str::from_utf8(&bytes).ok()?);
                }
                Some(1) => {
                    let mut left = self.number(Mode::Numeric.length_bits_count(version))?;
                    while left > 0 {
                        let digits = left.min(3);
                        let number = self.number(digits * 3 + 1)?;
                        // Writing to a string cannot fail.
                        let _ = write!(text, "{number:0digits$}");
                        left -= digits;
                    }
                }
                Some(0) | None => return Some(text),
                Some(_) => return None,
            }
        }
    }

    fn number(&mut self, bits: usize) -> Option<usize> {
        (0..bits).try_fold(0, |number, _| Some(number << 1 | usize::from(self.0.next()?)))
    }
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
            assert_eq!(read(&symbol.dark, symbol.width).as_ref(), Some(&text));
            assert_eq!(
                picture::decode_modules(&symbol.dark, symbol.width),
                Some(text.clone())
            );
            // A damaged one is left to the reader that mends.
            let mut damaged = symbol.dark.to_vec();
            let middle = damaged.len() / 2 + 3;
            damaged[middle] = !damaged[middle];
            assert_eq!(read(&damaged, symbol.width), None);
            assert_eq!(picture::decode_modules(&damaged, symbol.width), Some(text));
        }
        for (dark, width) in [
            (vec![true; 441], 21),
            (vec![], 0),
            (vec![false; 4], 2),
            (vec![true; 484], 22),
        ] {
            assert_eq!(read(&dark, width), None);
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
        time("read back", &mut || {
            black_box(read(&symbol.dark, symbol.width).unwrap());
        });
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
