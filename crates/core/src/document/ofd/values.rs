//! Simple types of GB/T 33190-2016 clause 7.3: identifiers, numbers, boxes, arrays.

use crate::limits::{MAX_OFD_ARRAY, MAX_OFD_NUMBER};

/// Reads a value from text without white space around it. None where it is none.
pub(super) trait ReadValue: Sized {
    fn read(text: &str) -> Option<Self>;
}

/// ST_ID, ST_RefID: identifier of an object, unique in its document.
pub type Id = u32;

impl ReadValue for Id {
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl ReadValue for f64 {
    fn read(text: &str) -> Option<Self> {
        let number: Self = text.parse().ok()?;
        (number.abs() <= MAX_OFD_NUMBER).then_some(number)
    }
}

impl ReadValue for bool {
    fn read(text: &str) -> Option<Self> {
        match text {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }
}

impl ReadValue for String {
    fn read(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

/// ST_Box: a rectangle in millimetres, y downwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Box2 {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width. Deployed files have negative ones.
    pub width: f64,
    /// Height.
    pub height: f64,
}

impl ReadValue for Box2 {
    fn read(text: &str) -> Option<Self> {
        let [x, y, width, height] = Array::read(text)?.0.try_into().ok()?;
        Some(Self { x, y, width, height })
    }
}

/// ST_Array of numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Array(pub Vec<f64>);

impl ReadValue for Array {
    fn read(text: &str) -> Option<Self> {
        let mut numbers = Vec::new();
        for word in text.split_ascii_whitespace() {
            numbers.push(f64::read(word)?);
            if numbers.len() > MAX_OFD_ARRAY {
                return None;
            }
        }
        Some(Self(numbers))
    }
}

/// A transformation `a b c d e f`: x' = ax + cy + e, y' = bx + dy + f.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ctm(pub [f64; 6]);

impl ReadValue for Ctm {
    fn read(text: &str) -> Option<Self> {
        Array::read(text)?.0.try_into().ok().map(Self)
    }
}

impl Ctm {
    /// Leaves everything where it is.
    pub const IDENTITY: Self = Self([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    /// Moves.
    pub const fn shift(x: f64, y: f64) -> Self {
        Self([1.0, 0.0, 0.0, 1.0, x, y])
    }

    /// Where a point goes.
    pub fn apply(&self, x: f64, y: f64) -> (f64, f64) {
        let Self([a, b, c, d, e, f]) = *self;
        (a * x + c * y + e, b * x + d * y + f)
    }

    /// This one, then another.
    #[must_use]
    pub fn then(&self, next: &Self) -> Self {
        let Self([a, b, c, d, e, f]) = *self;
        let Self([na, nb, nc, nd, ..]) = *next;
        let (e, f) = next.apply(e, f);
        Self([
            a * na + b * nc,
            a * nb + b * nd,
            c * na + d * nc,
            c * nb + d * nd,
            e,
            f,
        ])
    }
}

/// DeltaX, DeltaY (clause 11.3): advances from glyph to glyph. `g 3 5` stands for three times 5.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Deltas(Vec<(u32, f64)>);

impl ReadValue for Deltas {
    fn read(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        let mut runs = Vec::new();
        while let Some(word) = words.next() {
            let run = if word == "g" {
                (words.next()?.parse().ok()?, f64::read(words.next()?)?)
            } else {
                (1, f64::read(word)?)
            };
            runs.push(run);
            if runs.len() > MAX_OFD_ARRAY {
                return None;
            }
        }
        Some(Self(runs))
    }
}

impl Deltas {
    /// As many advances as there are, never put together in memory: a repetition may count to four thousand million.
    pub fn iter(&self) -> impl Iterator<Item = f64> + '_ {
        self.0
            .iter()
            .flat_map(|(count, advance)| std::iter::repeat_n(*advance, *count as usize))
    }

    /// The last of them.
    pub fn last(&self) -> Option<f64> {
        self.0
            .iter()
            .rev()
            .find(|(count, _)| *count > 0)
            .map(|(_, advance)| *advance)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn advances_are_read_as_deployed_files_write_them() {
        let read = |text: &str| Deltas::read(text).unwrap().iter().take(20).collect::<Vec<_>>();
        assert_eq!(
            read("g 3 3.175 1.5875 g 2 1"),
            [3.175, 3.175, 3.175, 1.5875, 1.0, 1.0]
        );
        assert_eq!(read(" 5  5 "), [5.0, 5.0]);
        assert_eq!(read("g 4294967295 1").len(), 20, "never put together");
        for bad in ["g", "g 2", "g x 1", "1 nan", "1e300", "g -1 2", "inf"] {
            assert!(Deltas::read(bad).is_none(), "{bad}");
        }
        assert_eq!(Deltas::read("1 g 0 7").unwrap().last(), Some(1.0));
        assert!(Deltas::default().last().is_none());
        assert!(Deltas::read(&"1 ".repeat(MAX_OFD_ARRAY)).is_some());
        assert!(Deltas::read(&"1 ".repeat(MAX_OFD_ARRAY + 1)).is_none());
        assert!(Array::read(&"1 ".repeat(MAX_OFD_ARRAY + 1)).is_none());
    }

    #[test]
    fn boxes_and_transformations_have_their_numbers() {
        let read = Box2::read("0 -0.5 210 297").unwrap();
        assert_eq!((read.y, read.width), (-0.5, 210.0));
        for bad in [
            "",
            "0 0 210",
            "0 0 210 297 1",
            "0,0,210,297",
            "0 0 NaN 1",
            "0 0 1e9 1",
        ] {
            assert!(Box2::read(bad).is_none(), "{bad}");
        }
        let turned = Ctm([0.0, 1.0, -1.0, 0.0, 0.0, 0.0]);
        let both = turned.then(&Ctm::shift(10.0, 20.0));
        assert_eq!(both.apply(3.0, 4.0), (6.0, 23.0));
        assert_eq!(
            Ctm::shift(10.0, 20.0).then(&turned).apply(3.0, 4.0),
            (-24.0, 13.0)
        );
    }
}
