//! What is wrong in a TOML file, for whoever wrote it: line, column, Chinese first.

/// The place and the fault; the parser's own words behind it.
pub fn toml_fault(text: &str, error: &toml::de::Error) -> String {
    let before = error
        .span()
        .and_then(|span| text.get(..span.start))
        .unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|ch| *ch != '\n').count() + 1;
    let words = error.message();
    let what = explained(words).unwrap_or_else(|| "不是有效的 TOML，请核对该处的写法".to_owned());
    format!(
        "第{line}行第{column}列：{what}（{}）",
        words.trim().replace('\n', "; ")
    )
}

fn explained(words: &str) -> Option<String> {
    let named = || words.split('`').nth(1).unwrap_or_default();
    let kind = [
        "unknown field",
        "missing field",
        "unknown variant",
        "duplicate",
        "invalid type",
        "invalid length",
    ]
    .into_iter()
    .find(|kind| words.starts_with(kind))?;
    Some(match kind {
        "unknown field" => format!("没有“{}”这个键，请核对拼写", named()),
        "missing field" => format!("本段缺少键“{}”，请补上", named()),
        "unknown variant" => format!("“{}”不是可用的值，请从后列各值中选用", named()),
        "duplicate" => "同一个键写了两次，请删去一处".to_owned(),
        "invalid length" => "数组的长度不对，请补足或删去".to_owned(),
        _ => "值的类型不对，请核对是否要加引号或方括号".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::catalogue::Field;

    fn fault(text: &str) -> String {
        toml_fault(text, &toml::from_str::<Field>(text).unwrap_err())
    }

    #[test]
    fn place_and_fault_come_first() {
        for (text, place, words) in [
            ("key = = 1", "第1行第7列", "TOML"),
            ("key = \"a\"\nkeyy = 1", "第2行第1列", "没有“keyy”这个键"),
            (
                "key = \"证\"\nkind = \"float\"",
                "第2行第8列",
                "“float”不是可用的值",
            ),
            ("key = \"a\"\nlabel = 3", "第2行第9列", "类型不对"),
            ("key = \"a\"\nkey = \"b\"", "第2行第1列", "写了两次"),
            ("key = \"a\"", "第1行第1列", "缺少键“label”"),
        ] {
            let fault = fault(text);
            assert!(
                fault.starts_with(place) && fault.contains(words),
                "{text}: {fault}"
            );
        }
    }
}
