//! QR symbols (ISO/IEC 18004): text in, dark modules out.
//!
//! Written through the `qrcode` crate's bit and canvas layers with one fixed mask: choosing among
//! the eight masks costs some eighty times as much as all the rest, and a token's digits are as good
//! as random, so every mask spreads them alike. Scanners read the mask from the format bits.
//!
//! [`read`] is the way back for symbols of this very form, undamaged.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use qrcode::{
    EcLevel, Version,
    bits::Bits,
    canvas::{Canvas, MaskPattern, Module},
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
    let form = form(version, level)?;
    let mut dark = form.blank.clone();
    let (data, correction) = construct_codewords(&bits.into_bytes(), version, level)?;
    for (places, byte) in form
        .codewords
        .as_chunks()
        .0
        .iter()
        .zip(data.iter().chain(&correction))
    {
        let places: &[usize; 8] = places;
        for (bit, place) in places.iter().enumerate() {
            if let Some(dark) = dark.get_mut(*place) {
                *dark ^= byte & 0x80 >> bit != 0;
            }
        }
    }
    Ok(dark.into())
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
    let version = Version::Normal(version.into());
    [EcLevel::M, EcLevel::Q].into_iter().find_map(|level| {
        let form = form(version, level).ok()?;
        let bits = form.data.iter();
        let bits = bits.map(|&place| dark.get(place) != form.blank.get(place));
        let text = Segments(bits).text(version)?;
        let drawn = encode(&text).ok()?;
        (drawn.width == width && *drawn.dark == *dark).then_some(text)
    })
}

/// What all symbols of one version and level share.
#[derive(Debug)]
struct Form {
    /// The symbol whose codewords are zero.
    blank: Vec<bool>,
    /// The modules of the bits of all codewords, of data and then of correction, as they are drawn: a bit that is one
    /// turns its module over.
    codewords: Vec<usize>,
    /// The modules of the bits of the data, in the order in which they are written.
    data: Vec<usize>,
}

fn form(version: Version, level: EcLevel) -> Result<Arc<Form>, QrError> {
    static KNOWN: Mutex<BTreeMap<(i16, bool), Arc<Form>>> = Mutex::new(BTreeMap::new());
    let key = (version.width(), level == EcLevel::Q);
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(form) = known().get(&key) {
        return Ok(Arc::clone(form));
    }
    let form = Arc::new(Form::new(version, level)?);
    known().insert(key, Arc::clone(&form));
    Ok(form)
}

impl Form {
    fn new(version: Version, level: EcLevel) -> Result<Self, QrError> {
        let data = Bits::new(version).max_len(level)? / 8;
        let interleaved = |data: &[u8]| construct_codewords(data, version, level);
        let correction = interleaved(&vec![0; data])?.1.len();
        let mut canvas = Canvas::new(version, level);
        canvas.draw_all_functional_patterns();
        let free = filling(version.width()).filter(|(x, y)| canvas.get(*x, *y) == Module::Empty);
        let place = |(x, y): (i16, i16)| y as usize * version.width() as usize + x as usize;
        let codewords: Vec<usize> = free.map(place).take((data + correction) * 8).collect();
        canvas.draw_data(&vec![0; data], &vec![0; correction]);
        canvas.apply_mask(MASK);
        let colors = canvas.into_colors().into_iter();
        let blank = colors.map(|color| color == Color::Dark).collect();
        // How the blocks of the data are interleaved is seen by their bytes' own numbers, of which two bytes are enough.
        let seen = |shift: usize| -> Result<Vec<u8>, QrError> {
            let numbers: Vec<u8> = (0..data).map(|number| (number >> shift) as u8).collect();
            Ok(interleaved(&numbers)?.0)
        };
        let (high, low) = (seen(8)?, seen(0)?);
        let numbers = high.iter().zip(&low).map(|(high, low)| [*high, *low]);
        let mut order: Vec<_> = numbers.zip(codewords.chunks_exact(8)).collect();
        order.sort_unstable_by_key(|(number, _)| *number);
        let data = order.into_iter().flat_map(|(_, places)| places).copied();
        Ok(Self {
            blank,
            data: data.collect(),
            codewords,
        })
    }
}

/// Modules, column and row, in the order in which codewords fill what of them is free (ISO/IEC 18004 7.7.3): by pairs of
/// columns from the right, up and down by turns, the column of the timing pattern left out.
fn filling(side: i16) -> impl Iterator<Item = (i16, i16)> {
    let columns: Vec<i16> = (0..side).rev().filter(|column| *column != TIMING).collect();
    let pairs: Vec<[i16; 2]> = columns.as_chunks().0.to_vec();
    pairs
        .into_iter()
        .zip([true, false].into_iter().cycle())
        .flat_map(move |(pair, up)| {
            let row = move |row| if up { side - 1 - row } else { row };
            (0..side).flat_map(move |at| pair.map(|column| (column, row(at))))
        })
}

/// Data bits, read as [`draw`] writes them: a segment of bytes, one of digits, the end.
struct Segments<I>(I);

impl<I: Iterator<Item = bool>> Segments<I> {
    fn text(mut self, version: Version) -> Option<String> {
        let mut text = Vec::new();
        loop {
            match self.number(MODE_BITS) {
                Some(4) => {
                    let count = self.number(Mode::Byte.length_bits_count(version))?;
                    let bytes: Vec<u8> = (0..count)
                        .map(|_| Some(self.number(8)? as u8))
                        .collect::<Option<_>>()?;
                    text.extend(bytes);
                }
                Some(1) => {
                    let mut left = self.number(Mode::Numeric.length_bits_count(version))?;
                    while left > 0 {
                        let digits = left.min(3);
                        let number = self.number(digits * 3 + 1)?;
                        let all = [100, 10, 1].map(|power| b'0' + (number / power % 10) as u8);
                        text.extend_from_slice(all.get(3 - digits..)?);
                        left -= digits;
                    }
                }
                Some(0) | None => return String::from_utf8(text).ok(),
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

/// Column of the timing pattern.
const TIMING: i16 = 6;
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
    fn symbols_are_what_the_library_draws() {
        for number in 1..=40 {
            for level in [EcLevel::M, EcLevel::Q] {
                let version = Version::Normal(number);
                let digits = vec![b'7'; (Bits::new(version).max_len(level).unwrap() - 64) / 4];
                let mut bits = Bits::new(version);
                bits.push_byte_data(b"ab#").unwrap();
                bits.push_numeric_data(&digits).unwrap();
                bits.push_terminator(level).unwrap();
                let (data, correction) = construct_codewords(&bits.into_bytes(), version, level).unwrap();
                let mut canvas = Canvas::new(version, level);
                canvas.draw_all_functional_patterns();
                canvas.draw_data(&data, &correction);
                canvas.apply_mask(MASK);
                let colors = canvas.into_colors().into_iter();
                let by_library: Vec<bool> = colors.map(|color| color == Color::Dark).collect();
                assert_eq!(
                    *draw(b"ab#", &digits, version, level).unwrap(),
                    *by_library,
                    "{number} {level:?}"
                );
            }
        }
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
