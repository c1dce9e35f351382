//! Check characters by ISO 7064.

const ALPHANUMERIC: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Value of `0`-`9`, `A`-`Z`: 0 to 35.
pub(super) fn value(c: char) -> Option<u32> {
    if c.is_ascii_lowercase() {
        None
    } else {
        c.to_digit(36)
    }
}

fn character(value: u32) -> char {
    char::from(ALPHANUMERIC[(value % 36) as usize])
}

/// ISO 7064 MOD 37,36 over digits and capital letters. Other characters count as nothing; callers have
/// ruled them out.
pub(super) fn mod_37_36<'a>(parts: impl IntoIterator<Item = &'a str>) -> char {
    let mut p = 36;
    for v in parts.into_iter().flat_map(str::chars).filter_map(value) {
        p = (p + v) % 36;
        p = if p == 0 { 36 } else { p };
        p = p * 2 % 37;
    }
    character((37 - p) % 36)
}

/// A wrong reading of MOD 37,36 that several provinces' systems carry: letters count from 11 instead of
/// 10, and sums are reduced by 37 or 36 depending on which kind of character was added last.
pub(super) fn mod_37_36_variant<'a>(parts: impl IntoIterator<Item = &'a str>) -> char {
    let mut p = 36;
    for v in parts.into_iter().flat_map(str::chars).filter_map(value) {
        let a = if v >= 10 { v + 1 } else { v };
        let mut r = p + a;
        if a > 10 && r > 37 {
            r %= 37;
        } else if a < 10 && r > 36 {
            r %= 36;
        }
        r %= 36;
        r = if r == 0 { 36 } else { r };
        p = r * 2 % 37;
    }
    character(36 - p)
}

/// ISO 7064 MOD 11,10 (GB/T 17710) over the decimal digits of a text: the last digit of food permits
/// and of the old business registration numbers.
pub fn mod_11_10(text: &str) -> char {
    let mut p = 10;
    for v in text.chars().filter_map(|c| c.to_digit(10)) {
        let s = (p + v) % 10;
        p = (if s == 0 { 10 } else { s }) * 2 % 11;
    }
    char::from(b'0' + ((11 - p) % 10) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mod_37_36_reproduces_the_worked_example() {
        let parts = ["11100000MB03271699022", "340100", "000000016", "001"];
        assert_eq!(mod_37_36(parts), '9');
        assert_eq!(mod_37_36_variant(parts), '4');
    }

    #[test]
    fn mod_11_10_finds_every_substitution() {
        let body = "1419901000037";
        assert_eq!(mod_11_10(body), '1');
        for at in 0..body.len() {
            for digit in "0123456789".chars().filter(|d| !body[at..].starts_with(*d)) {
                let changed = format!("{}{digit}{}", &body[..at], &body[at + 1..]);
                assert_ne!(mod_11_10(&changed), '1', "{changed}");
            }
        }
    }
}
