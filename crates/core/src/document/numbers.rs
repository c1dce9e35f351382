//! Numbers as the text of documents has them.

/// Writes `value` with at most `places` decimals, without superfluous zeros.
pub(super) fn number(out: &mut Vec<u8>, value: f32, places: u32) {
    let scale = 10_i64.pow(places);
    let mut scaled = (f64::from(value) * scale as f64).round() as i64;
    if scaled < 0 {
        out.push(b'-');
        scaled = -scaled;
    }
    integer(out, (scaled / scale) as u64);
    let mut fraction = scaled % scale;
    if fraction == 0 {
        return;
    }
    out.push(b'.');
    let mut unit = scale / 10;
    while fraction > 0 {
        out.push(b'0' + (fraction / unit) as u8);
        fraction %= unit;
        unit /= 10;
    }
}

/// Writes a whole number.
pub(super) fn integer(out: &mut Vec<u8>, value: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = value;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn shown(value: f32, places: u32) -> String {
        let mut out = Vec::new();
        number(&mut out, value, places);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_are_short_and_rounded() {
        assert_eq!(shown(0.0, 2), "0");
        assert_eq!(shown(-0.001, 2), "0");
        assert_eq!(shown(1.005_1, 2), "1.01");
        assert_eq!(shown(-12.5, 2), "-12.5");
        assert_eq!(shown(100.0, 2), "100");
        assert_eq!(shown(3.070_7, 3), "3.071");
    }
}
