//! Bringing what people and old systems write into one form, and refusing what no face can show.

/// A character that may not stand in any value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadCharacter {
    /// Place, from 1.
    pub(super) position: usize,
    pub(super) found: char,
    /// What kind of character it is, in Chinese.
    pub(super) what: &'static str,
}

impl BadCharacter {
    pub(super) fn reason(self) -> String {
        let Self {
            position,
            found,
            what,
        } = self;
        format!("第{position}个字符是{what} U+{:04X}，无法印制", u32::from(found))
    }

    pub(super) fn hint(self) -> String {
        match standard_for(self.found) {
            Some(standard) => {
                format!(
                    "该私用码对应标准字符“{standard}”（U+{:04X}），请改用该字符",
                    u32::from(standard)
                )
            }
            None if self.what == PRIVATE_USE => {
                "这是旧系统的自造字，请查明原字后改用标准编码（GB 18030-2022）的字符".to_owned()
            }
            None => "请删除该字符，或从原始材料重新录入".to_owned(),
        }
    }
}

const PRIVATE_USE: &str = "私用区（自造字）字符";

/// Full-width letters and digits made half-width, every kind of space made one plain space, spaces at
/// the ends and empty lines dropped. Line breaks inside a text stay.
pub(super) fn text(raw: &str) -> Result<String, BadCharacter> {
    let mut out = String::with_capacity(raw.len());
    let mut chars = raw.chars().enumerate().peekable();
    while let Some((at, found)) = chars.next() {
        let bad = |what| {
            Err(BadCharacter {
                position: at + 1,
                found,
                what,
            })
        };
        match found {
            '\r' if matches!(chars.peek(), Some((_, '\n'))) => {}
            '\n' | '\r' | '\u{2028}' | '\u{2029}' => {
                out.truncate(out.trim_end_matches(' ').len());
                if !out.is_empty() && !out.ends_with('\n') {
                    out.push('\n');
                }
            }
            '\t' | ' ' | '\u{A0}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => {
                if !out.is_empty() && !out.ends_with([' ', '\n']) {
                    out.push(' ');
                }
            }
            // Left behind by spreadsheets and web pages; they show nothing and mean nothing.
            '\u{FEFF}' | '\u{200B}' | '\u{2060}' | '\u{AD}' => {}
            '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {
                return bad("文字方向控制符");
            }
            // Shown as nothing, or as an empty place: two names that look the same would be two.
            '\u{34F}'
            | '\u{61C}'
            | '\u{115F}'
            | '\u{1160}'
            | '\u{17B4}'
            | '\u{17B5}'
            | '\u{180E}'
            | '\u{200C}'
            | '\u{200D}'
            | '\u{2061}'..='\u{2064}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{FFA0}'
            | '\u{E0000}'..='\u{E007F}' => return bad("看不见的字符"),
            c if c.is_control() => return bad("控制字符"),
            '\u{E000}'..='\u{F8FF}' | '\u{F0000}'.. => return bad(PRIVATE_USE),
            '\u{FFFD}' => return bad("替换字符（原文编码已损坏）"),
            c if u32::from(c) & 0xFFFE == 0xFFFE || ('\u{FDD0}'..='\u{FDEF}').contains(&c) => {
                return bad("非字符码位");
            }
            c => out.push(ideograph(half_width_alphanumeric(c))),
        }
    }
    out.truncate(out.trim_end_matches([' ', '\n']).len());
    Ok(out)
}

/// A code: no spaces at all, half-width, capitals.
pub(super) fn code(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| half_width(c).to_ascii_uppercase())
        .collect()
}

/// A name: no spaces between Chinese characters, one kind of middle dot.
pub(super) fn name(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let both_sides = |at: usize, hold: fn(char) -> bool| {
        let before = at.checked_sub(1).and_then(|at| chars.get(at));
        before.is_some_and(|c| hold(*c)) && chars.get(at + 1).is_some_and(|c| hold(*c))
    };
    let kept = |at: usize, c: char| match c {
        c if c.is_whitespace() && both_sides(at, |c| !c.is_ascii()) => None,
        '・' | '•' | '‧' | '･' | '∙' | '⋅' => Some('·'),
        // Only between parts of a transcribed name; elsewhere they are full stops.
        '．' | '.' if both_sides(at, |c| !c.is_ascii() && c.is_alphabetic()) => Some('·'),
        c => Some(c),
    };
    chars
        .iter()
        .enumerate()
        .filter_map(|(at, c)| kept(at, *c))
        .collect()
}

/// A certificate's number, which names it: no spaces, capitals, one kind of hyphen and of each bracket, so
/// that two ways of typing one number are one certificate.
pub(super) fn number(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| match c {
            '(' => '（',
            ')' => '）',
            '[' | '［' | '【' | '〖' => '〔',
            ']' | '］' | '】' | '〗' => '〕',
            ':' => '：',
            '．' => '.',
            '／' => '/',
            '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '－' => '-',
            c => half_width_alphanumeric(c).to_ascii_uppercase(),
        })
        .collect()
}

/// A column header or choice, for comparison: no spaces, half-width, lower case, without the marks
/// tables put on required columns.
pub(super) fn header(text: &str) -> String {
    let mut out: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '*' | '＊' | '\u{FEFF}' | '\u{200B}' | '"'))
        .flat_map(|c| half_width(c).to_lowercase())
        .collect();
    if out.contains(['(', '[', ':']) {
        for mark in ["(必填)", "[必填]", "(选填)", ":"] {
            out = out.replace(mark, "");
        }
    }
    out
}

/// The ideograph of a radical. Text copied from PDF files has radicals in place of the ideographs that look
/// alike, and nobody who searches for the name finds it.
fn ideograph(c: char) -> char {
    /// Places of U+2F00 to U+2FD5.
    const RADICALS: &str = "\
        一丨丶丿乙亅二亠人儿入八冂冖冫几凵刀力勹匕匚匸十卜卩厂厶又口囗土士夂夊夕大女子宀\
        寸小尢尸屮山巛工己巾干幺广廴廾弋弓彐彡彳心戈戶手支攴文斗斤方无日曰月木欠止歹殳毋\
        比毛氏气水火爪父爻爿片牙牛犬玄玉瓜瓦甘生用田疋疒癶白皮皿目矛矢石示禸禾穴立竹米糸\
        缶网羊羽老而耒耳聿肉臣自至臼舌舛舟艮色艸虍虫血行衣襾見角言谷豆豕豸貝赤走足身車辛\
        辰辵邑酉釆里金長門阜隶隹雨靑非面革韋韭音頁風飛食首香馬骨高髟鬥鬯鬲鬼魚鳥鹵鹿麥麻\
        黃黍黑黹黽鼎鼓鼠鼻齊齒龍龜龠\
        ";
    match c {
        '\u{2F00}'..='\u{2FD5}' => RADICALS.chars().nth(c as usize - 0x2F00).unwrap_or(c),
        _ => c,
    }
}

fn half_width_alphanumeric(c: char) -> char {
    match c {
        '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ' => half_width(c),
        _ => c,
    }
}

/// The ASCII character of a full-width form.
pub(super) fn half_width(c: char) -> char {
    match c {
        '！'..='～' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        '【' | '〔' => '[',
        '】' | '〕' => ']',
        _ => c,
    }
}

/// Characters that GBK systems kept in the private use area and Unicode has since given a place.
fn standard_for(c: char) -> Option<char> {
    /// Places of U+E78D to U+E796: punctuation for vertical text.
    const VERTICAL: &str = "\u{FE10}\u{FE12}\u{FE11}\u{FE13}\u{FE14}\u{FE15}\u{FE16}\u{FE17}\u{FE18}\u{FE19}";
    /// Places of U+E815 to U+E864: the last row of GBK, ideographs of names among them.
    const LAST_ROW: &str = "\
        \u{2E81}\u{20087}\u{20089}\u{200CC}\u{2E84}\u{3473}\u{3447}\u{2E88}\u{2E8B}\u{9FB4}\
        \u{359E}\u{361A}\u{360E}\u{2E8C}\u{2E97}\u{396E}\u{3918}\u{9FB5}\u{39CF}\u{39DF}\
        \u{3A73}\u{39D0}\u{9FB6}\u{9FB7}\u{3B4E}\u{3C6E}\u{3CE0}\u{2EA7}\u{215D7}\u{9FB8}\
        \u{2EAA}\u{4056}\u{415F}\u{2EAE}\u{4337}\u{2EB3}\u{2EB6}\u{2EB7}\u{2298F}\u{43B1}\
        \u{43AC}\u{2EBB}\u{43DD}\u{44D6}\u{4661}\u{464C}\u{9FB9}\u{4723}\u{4729}\u{477C}\
        \u{478D}\u{2ECA}\u{4947}\u{497A}\u{497D}\u{4982}\u{4983}\u{4985}\u{4986}\u{499F}\
        \u{499B}\u{49B7}\u{49B6}\u{9FBA}\u{241FE}\u{4CA3}\u{4C9F}\u{4CA0}\u{4CA1}\u{4C77}\
        \u{4CA2}\u{4D13}\u{4D14}\u{4D15}\u{4D16}\u{4D17}\u{4D18}\u{4D19}\u{4DAE}\u{9FBB}\
        ";
    let at = |first: u32, row: &str| row.chars().nth(u32::from(c).checked_sub(first)? as usize);
    match c {
        '\u{E7C7}' => Some('\u{1E3F}'),
        '\u{E78D}'..='\u{E796}' => at(0xE78D, VERTICAL),
        '\u{E815}'..='\u{E864}' => at(0xE815, LAST_ROW),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn spaces_and_widths() {
        assert_eq!(
            text("\u{FEFF}　示例 市\u{A0}\u{3000}８８号\u{200B} \r\n\r\n  Ｂ座 ").unwrap(),
            "示例 市 88号\nB座"
        );
        assert_eq!(text("（甲）〔2024〕").unwrap(), "（甲）〔2024〕");
        assert_eq!(code("９２４１ ma4exa1p5h\n"), "9241MA4EXA1P5H");
        assert_eq!(name("张 示 例"), "张示例");
        for dotted in ["阿依•示例", "阿依．示例", "阿依.示例", "阿依⋅示例"] {
            assert_eq!(name(dotted), "阿依·示例");
        }
        assert_eq!(name("J.示例"), "J.示例");
        assert_eq!(name("示例（U.S.A.）"), "示例（U.S.A.）");
        assert_eq!(text("⼭东⿓").unwrap(), "山东龍");
        assert_eq!(name("John Example"), "John Example");
        assert_eq!(header("* 统一社会信用代码（必填）："), "统一社会信用代码");
        assert_eq!(header("身份证（号）"), header("身份证 (号)"));
    }

    #[test]
    fn a_number_is_one_however_it_is_typed() {
        for typed in ["豫(2019)ny-001", "豫（2019） NY－001", "豫（2019）ＮＹ—００１"] {
            assert_eq!(number(typed), "豫（2019）NY-001");
        }
        for typed in ["〔2019〕5号", "[2019]5号", "【2019】5 号", "［2019］5号"] {
            assert_eq!(number(typed), "〔2019〕5号");
        }
    }

    #[test]
    fn unprintable_characters_are_named() {
        let found = text("李\u{7}例").unwrap_err();
        assert_eq!((found.position, found.what), (2, "控制字符"));
        let found = text("李\u{E863}").unwrap_err();
        assert_eq!(found.reason(), "第2个字符是私用区（自造字）字符 U+E863，无法印制");
        assert!(found.hint().contains("“䶮”（U+4DAE）"));
        for (private, standard) in [
            ('\u{E815}', '\u{2E81}'),
            ('\u{E816}', '\u{20087}'),
            ('\u{E844}', '䜣'),
            ('\u{E855}', '\u{241FE}'),
            ('\u{E864}', '\u{9FBB}'),
            ('\u{E78E}', '\u{FE12}'),
        ] {
            assert_eq!(standard_for(private), Some(standard), "{private:?}");
        }
        assert_eq!(standard_for('\u{E865}'), None);
        assert!(text("\u{F0001}").unwrap_err().hint().contains("自造字"));
        assert!(text("a\u{202E}b").is_err());
        for hidden in ['\u{200D}', '\u{3164}', '\u{2800}', '\u{E0041}'] {
            assert_eq!(text(&format!("李{hidden}例")).unwrap_err().what, "看不见的字符");
        }
        assert!(text("a\u{FFFD}").is_err());
        assert!(text("\u{1FFFE}").is_err());
        assert!(text("𠮷").is_ok());
    }
}
