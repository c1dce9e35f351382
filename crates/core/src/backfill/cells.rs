//! What programs that write tables do to values, one cell at a time: what can be undone without doubt is
//! undone, what cannot is refused.

use super::decoded::Encoding;

/// Stable code, reason and hint of a refusal.
pub(super) type Refusal = (&'static str, String, &'static str);

/// Words by which programs say that there is no value.
const NOTHING: [&str; 10] = [
    "null",
    "(null)",
    "<null>",
    "[null]",
    "nan",
    "nat",
    "none",
    "<na>",
    "undefined",
    "\\n",
];

/// The value of a cell.
pub(super) fn read(cell: &str, encoding: Encoding) -> Result<String, Refusal> {
    if cell.contains(char::REPLACEMENT_CHARACTER) {
        return Err((
            "bad-encoding",
            format!("有按 {} 无法解码的字节", encoding.name()),
            "用原系统重新导出，或另存为 UTF-8",
        ));
    }
    let text = bare(cell.trim());
    if NOTHING.contains(&text.to_ascii_lowercase().as_str()) {
        return Ok(String::new());
    }
    if is_rounded(text) {
        return Err((
            "rounded",
            format!("{text} 是电子表格改写的长数字，末几位已丢失"),
            "从原始材料补全；在电子表格中打开前，先把该列设为文本",
        ));
    }
    if is_error(text) {
        return Err((
            "spreadsheet-error",
            format!("“{text}”是电子表格的错误提示，原来的内容没有导出"),
            "在电子表格中改好公式或列宽，再重新导出",
        ));
    }
    if text.starts_with('=') {
        return Err((
            "formula",
            "是公式，不是内容".to_owned(),
            "在电子表格中把公式粘贴为数值，再重新导出",
        ));
    }
    if text.len() > 1 && text.starts_with('"') && text.ends_with('"') {
        return Err((
            "quotes",
            "整格内容还带着一层引号".to_owned(),
            "去掉引号，或去掉引号与分隔符之间的空格",
        ));
    }
    Ok(text.to_owned())
}

/// A cell without the marks that keep spreadsheets from making a number of it: `'123` and `="123"`.
fn bare(text: &str) -> &str {
    let formula = text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    let marked = text.strip_prefix('\'').filter(|rest| !rest.contains('\''));
    match formula.filter(|inner| !inner.contains('"')).or(marked) {
        Some(inner) => inner.trim(),
        None => text,
    }
}

/// Whether a cell is a long number as spreadsheets (`4.19901E+17`) and programs (`4.19901E17`) write it, by
/// its first digits and an exponent.
fn is_rounded(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once(['E', 'e']).is_some_and(|(mantissa, exponent)| {
        // Without a point and a sign it may be a code.
        let is_signed = exponent.starts_with('+');
        let exponent = exponent.strip_prefix('+').unwrap_or(exponent);
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
        (is_signed || mantissa.contains('.'))
            && whole.len() == 1
            && digits(whole)
            && digits(fraction)
            && digits(exponent)
            && exponent.len() <= 2
    })
}

fn is_error(text: &str) -> bool {
    const ERRORS: [&str; 11] = [
        "#N/A",
        "#REF!",
        "#NAME?",
        "#VALUE!",
        "#DIV/0!",
        "#NUM!",
        "#NULL!",
        "#SPILL!",
        "#CALC!",
        "#FIELD!",
        "#GETTING_DATA",
    ];
    let is_too_narrow = text.len() > 2 && text.bytes().all(|byte| byte == b'#');
    is_too_narrow || ERRORS.contains(&text)
}

/// Whether a cell of some lines holds just as many delimiters as so many rows have: two lost quotes made
/// one cell of them.
pub(super) fn swallowed(cell: &str, delimiter: char, columns: usize) -> bool {
    let breaks = cell.matches('\n').count();
    breaks > 0 && columns > 1 && cell.matches(delimiter).count() == breaks * (columns - 1)
}

/// Whether a spreadsheet rounded a column: it keeps fifteen digits and writes zeros for the rest, which
/// happens by chance to one number of 17 digits in a hundred, but not to every one of several.
pub(super) fn all_rounded<'a>(values: impl Iterator<Item = &'a str>) -> bool {
    const KEPT: usize = 15;
    /// One in so many powers of ten.
    const BEYOND_CHANCE: usize = 4;
    let mut zeros = 0;
    for value in values {
        let rest = value.get(KEPT..).unwrap_or_default();
        if rest.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        if rest.bytes().any(|byte| byte != b'0') {
            return false;
        }
        zeros += rest.len();
    }
    zeros >= BEYOND_CHANCE
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn marks_of_programs_are_taken_off() {
        for (cell, value) in [
            ("'20154199010000102", "20154199010000102"),
            ("=\"0012\"", "0012"),
            ("\t20154199010000102", "20154199010000102"),
            ("NULL", ""),
            (" (null) ", ""),
            ("NaN", ""),
            ("\\N", ""),
            ("示例'甲'店", "示例'甲'店"),
            ("'甲'店", "'甲'店"),
            ("一\n二", "一\n二"),
            ("None Example", "None Example"),
        ] {
            assert_eq!(read(cell, Encoding::Utf8).unwrap(), value, "{cell}");
        }
    }

    #[test]
    fn what_lost_its_content_is_refused() {
        for (cell, code) in [
            ("#N/A", "spreadsheet-error"),
            ("#NAME?", "spreadsheet-error"),
            ("########", "spreadsheet-error"),
            ("=A1", "formula"),
            ("=\"a\"&\"b\"", "formula"),
            ("\"示例\"", "quotes"),
            ("a\u{FFFD}", "bad-encoding"),
            ("'4.19901E+17", "rounded"),
        ] {
            assert_eq!(read(cell, Encoding::Utf8).unwrap_err().0, code, "{cell}");
        }
        for cell in ["#1 楼", "\"示例\"店", "1=1"] {
            assert_eq!(read(cell, Encoding::Utf8).unwrap(), cell);
        }
    }

    #[test]
    fn numbers_that_a_spreadsheet_rounded_are_told() {
        for cell in [
            "2.02442E+16",
            "9E+15",
            "1.2e+17",
            "4.1990119900101E17",
            "2.0154199010000102e+16",
        ] {
            assert!(is_rounded(cell), "{cell}");
        }
        for cell in [
            "E+",
            "12E+3",
            "1.E+3",
            "3E12",
            "20244199010000001",
            "A1E+05",
            "3E+100",
            "1.5",
        ] {
            assert!(!is_rounded(cell), "{cell}");
        }
    }

    #[test]
    fn rounded_columns_are_told_from_chance() {
        let told = |values: &[&str]| all_rounded(values.iter().copied());
        assert!(told(&["20154199010000100", "20154199010000200"]));
        assert!(told(&[
            "4199011990010100",
            "x",
            "4199011990010110",
            "4199011990010120",
            "4199011990010130"
        ]));
        assert!(!told(&["20154199010000100"]));
        assert!(!told(&[
            "20154199010000100",
            "20154199010000200",
            "20154199010000201"
        ]));
        assert!(!told(&[
            "201541990100000",
            "201541990100000",
            "证20154199010000100"
        ]));
    }

    #[test]
    fn swallowed_rows_are_told_from_lines() {
        assert!(swallowed("兴隆街1号,3,4\n2,甲,兴隆街2号", ',', 5));
        assert!(!swallowed("示例市,\n样例区", ',', 5));
        assert!(!swallowed("a,b,c,d", ',', 5));
    }
}
