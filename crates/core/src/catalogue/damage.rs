//! Texts that can be printed but cannot be what the paper says: marks of a lossy export, of masking, and
//! words that stand for nothing where a name or a number has to be.

use super::{Role, normalise};

/// What is wrong with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Damage {
    /// Stable code.
    pub(super) code: &'static str,
    /// Place of the character that shows it, from 1, if one does.
    position: Option<usize>,
    what: &'static str,
    /// What to do.
    pub(super) hint: &'static str,
}

impl Damage {
    /// What is wrong. By the place where there is one: what is masked may be just the character.
    pub(super) fn reason(self, shown: &str) -> String {
        match self.position {
            Some(position) => format!("第{position}个字符{}", self.what),
            None => format!("“{shown}”{}", self.what),
        }
    }

    fn at(self, text: &str, bad: impl Fn(char) -> bool) -> Option<Self> {
        let at = text.chars().position(bad)?;
        Some(Self {
            position: Some(at + 1),
            ..self
        })
    }
}

/// Programs write a question mark for every character that their encoding does not have.
const LOST: Damage = Damage {
    code: "lost-character",
    position: None,
    what: "是问号，多半是导出时丢失的生僻字",
    hint: "对照原件补上该字；重新导出时选 UTF-8 或 GB 18030",
};
const MASKED: Damage = Damage {
    code: "masked",
    position: None,
    what: "是星号或方框，原来的内容被隐去或缺失",
    hint: "用未脱敏的数据；缺字的对照原件补全",
};
const NO_NAME: Damage = Damage {
    code: "no-name",
    position: None,
    what: "不是名称",
    hint: "填写证照上印的持证主体名称；不是证照的行（合计、签名）请删去",
};
const NO_NUMBER: Damage = Damage {
    code: "no-number",
    position: None,
    what: "不是编号",
    hint: "填写证照上印的编号；不是证照的行（合计、签名）请删去",
};
const NOT_IN_NUMBER: Damage = Damage {
    code: "no-number",
    position: None,
    what: "不会出现在编号里",
    hint: "对照原件改正；一格只填一个编号",
};
const MADE_A_NUMBER: Damage = Damage {
    code: "converted",
    position: None,
    what: "的末尾“.0”是程序当作数值写出的，前面的零和末几位可能已丢失",
    hint: "把该列设为文本，从原系统重新导出",
};
const MADE_A_DATE: Damage = Damage {
    code: "converted",
    position: None,
    what: "是电子表格改成日期的编号",
    hint: "把该列设为文本，从原系统重新导出",
};

/// Words in the place of a name or a number.
const NOTHING: [&str; 14] = [
    "无", "空", "没有", "暂无", "未知", "不详", "不明", "待定", "待补", "合计", "总计", "小计", "共计",
    "同上",
];

/// What is wrong with a text of this role, brought into its form.
pub(super) fn found(role: Option<Role>, text: &str) -> Option<Damage> {
    match role {
        Some(Role::HolderName) => name(text),
        Some(Role::Number) => number(text),
        _ => LOST.at(text, |c| c == '?'),
    }
}

fn name(text: &str) -> Option<Damage> {
    let has_letter = text.chars().any(char::is_alphabetic);
    lost_or_masked(text).or_else(|| (!has_letter || is_nothing(text)).then_some(NO_NAME))
}

fn number(text: &str) -> Option<Damage> {
    const NUMERALS: &str = "〇零一二三四五六七八九十百千壹贰叁肆伍陆柒捌玖拾";
    let lost = lost_or_masked(text);
    if lost.is_some() {
        return lost;
    }
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if text.strip_suffix(".0").is_some_and(digits) {
        return Some(MADE_A_NUMBER);
    }
    let date = text.strip_suffix('日').and_then(|text| text.split_once('月'));
    if date.is_some_and(|(month, day)| digits(month) && digits(day)) {
        return Some(MADE_A_DATE);
    }
    let counts = |c: char| matches!(c, '1'..='9') || NUMERALS.contains(c);
    if is_nothing(text) || !text.chars().any(counts) {
        return Some(NO_NUMBER);
    }
    NOT_IN_NUMBER.at(text, |c| {
        !(c.is_alphanumeric() || "（）〔〕-/.·：_、#&+".contains(c))
    })
}

fn lost_or_masked(text: &str) -> Option<Damage> {
    let lost = LOST.at(text, |c| matches!(c, '?' | '？'));
    lost.or_else(|| MASKED.at(text, |c| matches!(c, '*' | '＊' | '※' | '□' | '■' | '〓' | '×')))
}

fn is_nothing(text: &str) -> bool {
    let text = normalise::header(text);
    NOTHING.contains(&text.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_a_name_is_told() {
        let of = |text| found(Some(Role::HolderName), text).map(|damage| damage.code);
        for good in [
            "张三",
            "𠮷㛃",
            "阿依·示例",
            "John Example",
            "示例（样例）12#店",
            "3M示例",
            "合计示例店",
        ] {
            assert_eq!(of(good), None, "{good}");
        }
        for (bad, code) in [
            ("张?", "lost-character"),
            ("？？", "lost-character"),
            ("张*", "masked"),
            ("张□", "masked"),
            ("/", "no-name"),
            ("-", "no-name"),
            ("0", "no-name"),
            ("无", "no-name"),
            ("合计：", "no-name"),
        ] {
            assert_eq!(of(bad), Some(code), "{bad}");
        }
    }

    #[test]
    fn what_cannot_be_a_number_is_told() {
        let of = |text| found(Some(Role::Number), text).map(|damage| damage.code);
        for good in [
            "20194199010000037",
            "豫字第一号",
            "（2024）编号：豫4199010037",
            "NY.5",
            "2019-3",
            "建字第4199012024GG0000037号",
            "00123",
        ] {
            assert_eq!(of(good), None, "{good}");
        }
        for (bad, code) in [
            ("NY?1", "lost-character"),
            ("4199****01", "masked"),
            ("123456789012.0", "converted"),
            ("3月5日", "converted"),
            ("0", "no-number"),
            ("/", "no-number"),
            ("合计", "no-number"),
            ("NULL", "no-number"),
            ("1,234", "no-number"),
            ("'123", "no-number"),
            ("=\"123\"", "no-number"),
        ] {
            assert_eq!(of(bad), Some(code), "{bad}");
        }
    }

    #[test]
    fn other_texts_may_be_a_dash_but_not_half_lost() {
        for good in ["无", "/", "—", "0", "示例*样例"] {
            assert_eq!(found(None, good), None, "{good}");
        }
        assert_eq!(
            found(None, "示例?路").map(|damage| damage.code),
            Some("lost-character")
        );
    }
}
