//! Stream data, inflated under limits (ISO 32000-1 7.4).

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    rc::Rc,
    slice,
};

use flate2::{Decompress, FlushDecompress, Status};

use super::{
    OpenError,
    object::{Dict, Object},
    parse::is_space,
};
use crate::limits::{MAX_INFLATED_STREAM, MAX_INFLATED_TOTAL, MAX_PDF_COMPARED, MAX_PDF_WORK};

/// Filters on one stream: each can multiply the data by a thousand, and nobody stacks more than two.
const MAX_FILTERS: usize = 4;

/// What one file may still cost: bytes inflated and bytes parsed, over all that is asked of it.
#[derive(Debug)]
pub(super) struct Budget {
    inflated: Rc<Cell<usize>>,
    parsed: Cell<usize>,
    /// What may be parsed at first.
    allowed: usize,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget {
            inflated: Rc::new(Cell::new(MAX_INFLATED_TOTAL)),
            parsed: Cell::new(MAX_PDF_WORK),
            allowed: MAX_PDF_WORK,
        }
    }
}

impl Budget {
    /// What comparing one of so many signatures may cost in bytes parsed; bytes inflated count here too.
    pub(super) fn share(&self, signatures: usize) -> Budget {
        let allowed = MAX_PDF_WORK.min(MAX_PDF_COMPARED / signatures.max(1));
        Budget {
            inflated: Rc::clone(&self.inflated),
            parsed: Cell::new(allowed),
            allowed,
        }
    }

    pub(super) fn inflate(&self, bytes: usize) -> Result<(), OpenError> {
        pay(&self.inflated, bytes).ok_or(OpenError::Limit {
            what: "inflated bytes in all",
            limit: MAX_INFLATED_TOTAL,
        })
    }

    pub(super) fn parse(&self, bytes: usize) -> Result<(), OpenError> {
        pay(&self.parsed, bytes).ok_or(OpenError::Limit {
            what: "bytes parsed in all",
            limit: self.allowed,
        })
    }
}

/// Takes from what is left. Who asks for more has done that work already, so nothing is left.
fn pay(left: &Cell<usize>, bytes: usize) -> Option<()> {
    let rest = left.get().checked_sub(bytes);
    left.set(rest.unwrap_or(0));
    rest.map(drop)
}

/// Whether the dictionary of a stream has keys that belong to pictures within content (8.9.7): some readers prefer
/// them to the long ones in any stream, even where they are null. `F` would also name a file that holds the data.
pub(super) fn has_short_keys(dict: &Dict) -> bool {
    dict.iter().any(|(key, value)| match key {
        b"F" | b"DP" => true,
        b"BPC" | b"CS" | b"D" | b"H" | b"I" | b"IM" | b"W" => *value == Object::Null,
        _ => false,
    })
}

/// Decodes a stream's data. The filters and their parameters must be direct objects.
///
/// Parameters count as readers take them: a dictionary beside the name of one filter, an array beside an array.
/// Nobody applies them in another shape.
pub(super) fn decode<'r>(
    raw: &'r [u8],
    dict: &Dict,
    object: u32,
    budget: &Budget,
) -> Result<Cow<'r, [u8]>, OpenError> {
    let wrong = |what| OpenError::Object { object, what };
    let (filters, parameters): (&[Object], &[Object]) = match (dict.get("Filter"), dict.get("DecodeParms")) {
        (None, _) => (&[], &[]),
        (Some(Object::Array(filters)), None) => (filters, &[]),
        (Some(Object::Array(filters)), Some(Object::Array(each))) if each.len() == filters.len() => {
            (filters, each)
        }
        (Some(filter @ Object::Name(_)), None) => (slice::from_ref(filter), &[]),
        (Some(filter @ Object::Name(_)), Some(parameters @ Object::Dict(_))) => {
            (slice::from_ref(filter), slice::from_ref(parameters))
        }
        _ => return Err(wrong("DecodeParms that do not fit its Filter")),
    };
    if filters.len() > MAX_FILTERS {
        return Err(OpenError::Limit {
            what: "filters on one stream",
            limit: MAX_FILTERS,
        });
    }
    let paid = |data: Vec<u8>| budget.inflate(data.len()).map(|()| data);
    let mut data: Option<Vec<u8>> = None;
    for (index, filter) in filters.iter().enumerate() {
        let parameters = match parameters.get(index) {
            Some(Object::Dict(dict)) => Some(dict),
            None | Some(Object::Null) => None,
            _ => return Err(wrong("DecodeParms")),
        };
        let input = data.as_deref().unwrap_or(raw);
        // What goes in is paid for as well, for it may turn out to be broken at its end.
        budget.inflate(input.len())?;
        let output = match filter.name() {
            Some(b"FlateDecode" | b"Fl") => {
                let plain = inflate(input, object, budget)?;
                match parameters {
                    Some(parameters) => unpredict(plain, parameters).map_err(wrong)?,
                    None => plain,
                }
            }
            Some(b"ASCIIHexDecode" | b"AHx") => {
                paid(ascii_hex(input).ok_or_else(|| wrong("ASCIIHexDecode data"))?)?
            }
            Some(b"ASCII85Decode" | b"A85") => {
                paid(ascii_85(input).ok_or_else(|| wrong("ASCII85Decode data"))?)?
            }
            Some(b"LZWDecode" | b"LZW") => {
                return Err(OpenError::Unsupported {
                    object,
                    what: "LZWDecode",
                });
            }
            Some(b"Crypt") => return Err(OpenError::Encrypted),
            Some(_) => {
                return Err(OpenError::Unsupported {
                    object,
                    what: "a filter of images or unknown",
                });
            }
            None => return Err(wrong("Filter")),
        };
        data = Some(output);
    }
    if let Some(data) = data {
        return Ok(Cow::Owned(data));
    }
    budget.inflate(raw.len())?;
    Ok(Cow::Borrowed(raw))
}

fn inflate(input: &[u8], object: u32, budget: &Budget) -> Result<Vec<u8>, OpenError> {
    // Its state takes longer to make than most streams to inflate.
    thread_local! {
        static INFLATER: RefCell<Decompress> = RefCell::new(Decompress::new(true));
    }
    INFLATER.with_borrow_mut(|inflater| {
        inflater.reset(true);
        let inflated = inflate_by(inflater, input, object, budget);
        budget.inflate(inflater.total_out() as usize)?;
        inflated
    })
}

fn inflate_by(
    inflater: &mut Decompress,
    input: &[u8],
    object: u32,
    budget: &Budget,
) -> Result<Vec<u8>, OpenError> {
    let limit = MAX_INFLATED_STREAM.min(budget.inflated.get());
    let mut out = Vec::with_capacity(input.len().saturating_mul(3).clamp(256, 1 << 20));
    loop {
        let read = inflater.total_in() as usize;
        let rest = input.get(read..).unwrap_or_default();
        let before = (read, out.len());
        let status = inflater
            .decompress_vec(rest, &mut out, FlushDecompress::None)
            .map_err(|_| OpenError::Object {
                object,
                what: "its compressed data are damaged",
            })?;
        if out.len() > limit {
            return Err(OpenError::Limit {
                what: "inflated bytes of one stream",
                limit,
            });
        }
        if status == Status::StreamEnd {
            return Ok(out);
        }
        if out.len() == out.capacity() {
            out.reserve(out.len().min(limit + 1 - out.len()).max(256));
        } else if before == (inflater.total_in() as usize, out.len()) {
            return Err(OpenError::Object {
                object,
                what: "its compressed data break off",
            });
        }
    }
}

/// Undoes the PNG predictors (7.4.4.4).
fn unpredict(data: Vec<u8>, parameters: &Dict) -> Result<Vec<u8>, &'static str> {
    if parameters.iter().any(|(key, _)| key == b"BPC") {
        return Err("a short key of DecodeParms");
    }
    let number = |key: &str, usual: usize| match parameters.get(key) {
        None => Ok(usual),
        Some(value) => value
            .integer()
            .and_then(|value| usize::try_from(value).ok())
            .filter(|value| (1..=1 << 16).contains(value))
            .ok_or("DecodeParms"),
    };
    match number("Predictor", 1)? {
        1 => return Ok(data),
        10..=15 => {}
        _ => return Err("a predictor that is none of PNG's"),
    }
    let (colors, bits, columns) = (
        number("Colors", 1)?,
        number("BitsPerComponent", 8)?,
        number("Columns", 1)?,
    );
    // Beyond these some readers correct the number, and others leave the rows as they are.
    if colors > 32 || !matches!(bits, 1 | 2 | 4 | 8 | 16) {
        return Err("DecodeParms");
    }
    let pixel = (colors * bits).div_ceil(8);
    let row = (colors * bits)
        .checked_mul(columns)
        .ok_or("DecodeParms")?
        .div_ceil(8);
    if row > data.len() {
        return Err("DecodeParms");
    }
    let mut out = Vec::with_capacity(data.len());
    let mut above = vec![0_u8; row];
    for line in data.chunks(row + 1) {
        let Some((&kind, line)) = line.split_first() else {
            break;
        };
        let mut current = vec![0_u8; row];
        for index in 0..line.len() {
            let at = |line: &[u8], index: Option<usize>| {
                index.and_then(|index| line.get(index)).copied().unwrap_or(0)
            };
            let left = at(&current, index.checked_sub(pixel));
            let up = at(&above, Some(index));
            let corner = at(&above, index.checked_sub(pixel));
            let predicted = match kind {
                0 => 0,
                1 => left,
                2 => up,
                3 => u16::midpoint(left.into(), up.into()) as u8,
                4 => paeth(left, up, corner),
                _ => return Err("a row with an unknown predictor"),
            };
            if let Some(place) = current.get_mut(index) {
                *place = at(line, Some(index)).wrapping_add(predicted);
            }
        }
        out.extend_from_slice(current.get(..line.len()).unwrap_or_default());
        above = current;
    }
    Ok(out)
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let estimate = i16::from(left) + i16::from(up) - i16::from(corner);
    let distance = |value: u8| (estimate - i16::from(value)).abs();
    if distance(left) <= distance(up) && distance(left) <= distance(corner) {
        left
    } else if distance(up) <= distance(corner) {
        up
    } else {
        corner
    }
}

fn ascii_hex(input: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(input.len() / 2);
    let mut half = None;
    let mut bytes = input.iter().filter(|byte| !is_space(**byte));
    // Without the mark of their end, some readers look for it behind the stream.
    loop {
        let byte = bytes.next()?;
        if *byte == b'>' {
            break;
        }
        let digit = char::from(*byte).to_digit(16)? as u8;
        half = match half {
            Some(high) => {
                out.push(high << 4 | digit);
                None
            }
            None => Some(digit),
        };
    }
    out.extend(half.map(|high: u8| high << 4));
    Some(out)
}

fn ascii_85(input: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(input.len() / 5 * 4);
    let mut group = [84_u8; 5];
    let mut filled = 0;
    let flush = |group: [u8; 5], bytes: usize, out: &mut Vec<u8>| -> Option<()> {
        let value = group
            .iter()
            .fold(0_u64, |value, digit| value * 85 + u64::from(*digit));
        let value = u32::try_from(value).ok()?;
        out.extend_from_slice(value.to_be_bytes().get(..bytes)?);
        Some(())
    };
    // Of the other white space not all readers take note.
    let is_blank = |byte: u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' ');
    let mut bytes = input.iter().filter(|byte| !is_blank(**byte));
    loop {
        match bytes.next()? {
            b'~' if bytes.next() == Some(&b'>') => break,
            b'z' if filled == 0 => out.extend_from_slice(&[0; 4]),
            byte @ b'!'..=b'u' => {
                *group.get_mut(filled)? = byte - b'!';
                filled += 1;
                if filled == 5 {
                    flush(group, 4, &mut out)?;
                    group = [84; 5];
                    filled = 0;
                }
            }
            _ => return None,
        }
    }
    match filled {
        0 => {}
        1 => return None,
        _ => flush(group, filled - 1, &mut out)?,
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::document::pdf::open::parse::Parser;

    fn dict(text: &str) -> Dict {
        Parser::file(text.as_bytes(), 0)
            .object()
            .unwrap()
            .dict()
            .unwrap()
            .clone()
    }

    fn packed(data: &[u8]) -> Vec<u8> {
        super::super::super::syntax::deflate(data, super::super::super::syntax::Effort::Best)
    }

    #[test]
    fn filters_are_undone_in_their_order() {
        let budget = Budget::default();
        let hex: Vec<u8> = packed(b"data")
            .iter()
            .flat_map(|byte| format!("{byte:02x}").into_bytes())
            .chain(*b">")
            .collect();
        let plain = decode(
            &hex,
            &dict("<</Filter[/ASCIIHexDecode/FlateDecode]>>"),
            1,
            &budget,
        );
        assert_eq!(*plain.unwrap(), *b"data");
        let plain = decode(b"87cURD]i,\"Ebo80~>", &dict("<</Filter/A85>>"), 1, &budget);
        assert_eq!(*plain.unwrap(), *b"Hello World!");
    }

    #[test]
    fn parameters_count_only_in_the_shape_of_their_filters() {
        let rows = packed(&[0, 1, 2, 3]);
        let data = |text: &str| decode(&rows, &dict(text), 1, &Budget::default()).map(Cow::into_owned);
        for applied in [
            "<</Filter/FlateDecode/DecodeParms<</Predictor 15/Columns 3>>>>",
            "<</Filter[/FlateDecode]/DecodeParms[<</Predictor 15/Columns 3>>]>>",
        ] {
            assert_eq!(data(applied).unwrap(), [1, 2, 3], "{applied}");
        }
        for plain in [
            "<</Filter/FlateDecode>>",
            "<</Filter[/FlateDecode]>>",
            "<</Filter[/FlateDecode]/DecodeParms[null]>>",
        ] {
            assert_eq!(data(plain).unwrap(), [0, 1, 2, 3], "{plain}");
        }
        for unclear in [
            "<</Filter[/FlateDecode]/DecodeParms<</Predictor 15/Columns 3>>>>",
            "<</Filter/FlateDecode/DecodeParms[<</Predictor 15/Columns 3>>]>>",
            "<</Filter[/FlateDecode]/DecodeParms[null<</Predictor 15/Columns 3>>]>>",
            "<</Filter[/FlateDecode]/DecodeParms[15]>>",
            "<</Filter/FlateDecode/DecodeParms 15>>",
            "<</Filter/FlateDecode/DecodeParms<</Predictor 15/BitsPerComponent 3/Columns 8>>>>",
            "<</Filter/FlateDecode/DecodeParms<</Predictor 15/BitsPerComponent 1/Colors 33>>>>",
            "<</Filter/FlateDecode/DecodeParms<</Predictor 15/Columns 3/BPC 1>>>>",
            "<</Filter(FlateDecode)>>",
        ] {
            assert!(data(unclear).is_err(), "{unclear}");
        }
    }

    #[test]
    fn text_encodings_end_with_their_mark() {
        assert_eq!(ascii_hex(b"64 61\n7>").unwrap(), b"dap");
        assert_eq!(ascii_85(b"87cURD]i,\"Ebo80~\n>").unwrap(), b"Hello World!");
        for open in [&b""[..], b"6461", b"6461%>"] {
            assert_eq!(ascii_hex(open), None);
        }
        for open in [
            &b""[..],
            b"87cURD]i,\"Ebo80",
            b"87cURD]i,\"Ebo80~",
            b"<~87cURD]i,\"Ebo80~>",
            b"87cUR\x0cD]i,\"Ebo80~>",
        ] {
            assert_eq!(ascii_85(open), None);
        }
    }

    #[test]
    fn png_rows_are_restored() {
        let rows = [0, 1, 2, 3, 2, 1, 1, 1, 1, 5, 1, 1, 4, 1, 1, 1];
        let parameters = dict("<</Predictor 12/Columns 3>>");
        let plain = unpredict(rows.to_vec(), &parameters).unwrap();
        assert_eq!(plain, [1, 2, 3, 2, 3, 4, 5, 6, 7, 6, 7, 8]);
    }

    #[test]
    fn shares_have_one_bound_together() {
        let whole = Budget::default();
        for signatures in [0, 1, 4, 5, 64] {
            let share = whole.share(signatures);
            let allowed = MAX_PDF_WORK.min(MAX_PDF_COMPARED / signatures.max(1));
            assert!(share.parse(allowed).is_ok());
            let limit = allowed;
            assert!(matches!(share.parse(1), Err(OpenError::Limit { limit: stated, .. }) if stated == limit));
            assert!(allowed * signatures <= MAX_PDF_COMPARED);
        }
        assert!(whole.parse(MAX_PDF_WORK).is_ok());
        whole.share(2).inflate(MAX_INFLATED_TOTAL).unwrap();
        assert!(whole.share(2).inflate(1).is_err());
    }

    #[test]
    fn what_breaks_at_its_end_costs_what_it_took() {
        let mut broken = packed(&vec![7; 1 << 20]);
        let checksum = broken.len() - 1;
        broken[checksum] ^= 1;
        let hexadecimal = [&b"00".repeat(1 << 20)[..], b"?"].concat();
        for (filter, data) in [("FlateDecode", broken), ("ASCIIHexDecode", hexadecimal)] {
            let dict = dict(&format!("<< /Filter /{filter} >>"));
            let budget = Budget::default();
            let mut tries = (0..1000).map(|_| decode(&data, &dict, 1, &budget).map(drop));
            assert!(
                matches!(tries.next(), Some(Err(OpenError::Object { .. }))),
                "{filter}"
            );
            assert!(
                tries.any(|tried| matches!(tried, Err(OpenError::Limit { .. }))),
                "{filter}"
            );
        }
    }

    #[test]
    fn bombs_stop_at_the_limit() {
        let bomb = packed(&vec![0; MAX_INFLATED_STREAM + 1]);
        let budget = Budget::default();
        let flate = dict("<</Filter/FlateDecode>>");
        assert!(matches!(
            decode(&bomb, &flate, 1, &budget),
            Err(OpenError::Limit { .. })
        ));
        let most = packed(&vec![0; MAX_INFLATED_STREAM]);
        let refused = (0..=MAX_INFLATED_TOTAL / MAX_INFLATED_STREAM)
            .find_map(|_| decode(&most, &flate, 1, &budget).err());
        assert!(matches!(refused, Some(OpenError::Limit { .. })));
        let cut = packed(b"some data that will be cut off");
        assert!(decode(&cut[..cut.len() - 6], &flate, 7, &Budget::default()).is_err());
    }
}
