//! Extractors that refuse with problem details: in Chinese, with the place and what to do about it.

use std::{str, sync::Arc};

use axum::{
    extract::{FromRequest, FromRequestParts, Request, rejection::QueryRejection},
    http::{HeaderMap, header},
};
use serde::de::DeserializeOwned;

use crate::{
    App,
    problem::{Code, FieldProblem, Problem, halves},
};

/// What a JSON body may hold.
pub(crate) trait Form: DeserializeOwned {
    /// Its largest size: a reason and an identifier are far below.
    const MAX_BYTES: usize = 64 << 10;
}

/// A JSON body.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<T: Form> FromRequest<Arc<App>> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        if !is_json(&parts.headers) {
            return Err(Problem::new(
                Code::UnsupportedMediaType,
                "请以 Content-Type: application/json 提交。",
                "Send the body as application/json.",
            ));
        }
        let bytes = app.gate.read_form(&parts.headers, body, T::MAX_BYTES).await?;
        parse(&bytes).map(Self)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let given = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = given
        .and_then(|value| value.split(';').next())
        .unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Reads an object. A byte order mark before it is passed over, as RFC 8259 §8.1 allows.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let text = str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to() + 1;
        Problem::malformed(
            format!("请求内容不是 UTF-8 编码（第 {at} 个字节起有误），请转为 UTF-8 后提交。"),
            format!("The body is not UTF-8 from byte {at} on."),
        )
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !text.trim_start().starts_with('{') {
        return Err(Problem::malformed(
            "请求内容应为一个 JSON 对象，即以 { 开头；请对照接口文档 /docs。",
            "The body must be a JSON object; see /docs.",
        ));
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        unreadable(&path, error.inner())
    })?;
    json.end().map_err(|error| unreadable("", &error))?;
    Ok(value)
}

/// What `serde_json` refuses. Its words quote the data; they go to the sender of the data only.
fn unreadable(path: &str, error: &serde_json::Error) -> Problem {
    let words = error.to_string();
    let words = words.rsplit_once(" at line ").map_or(&*words, |(words, _)| words);
    let (line, column) = (error.line(), error.column());
    if error.is_data() {
        return misfit(path, words, &format!("（第 {line} 行第 {column} 列）"));
    }
    let what = if error.is_eof() {
        "内容不完整"
    } else {
        "不合 JSON 语法"
    };
    Problem::malformed(
        format!("JSON 无法解析：第 {line} 行第 {column} 列处{what}，请检查引号、逗号和括号。"),
        format!("The body is not JSON: {error}."),
    )
}

/// A value that does not have the expected form, by its path and serde's words.
fn misfit(path: &str, words: &str, place: &str) -> Problem {
    let refused = field_problem(path, words);
    let name = if refused.field.is_empty() {
        String::new()
    } else {
        format!("“{}”：", refused.field)
    };
    Problem::malformed(
        format!("{name}{}，{}{place}。", refused.reason, refused.hint),
        format!("{}: {}.", refused.field, halves(words).1),
    )
    .errors(vec![refused])
}

/// Longest path of a field that is shown.
const MAX_PATH: usize = 80;

fn field_problem(path: &str, words: &str) -> FieldProblem {
    let path = path.trim_start_matches('.');
    let mut quoted = words.split('`').skip(1).step_by(2);
    let named = quoted.next().unwrap_or_default();
    let of_named = || match path {
        "" => named.to_owned(),
        path if path == named || path.ends_with(&format!(".{named}")) => path.to_owned(),
        path => format!("{path}.{named}"),
    };
    let (field, code, reason, hint) = if words.starts_with("missing field") {
        (of_named(), "missing", "缺少此项".to_owned(), "请补上".to_owned())
    } else if words.starts_with("unknown field") {
        let known = quoted.collect::<Vec<_>>().join("、");
        let hint = format!("请核对拼写，可用的有 {known}");
        (of_named(), "unknown-field", "不是可用的项".to_owned(), hint)
    } else if words.starts_with("duplicate field") {
        let hint = "请删去一处".to_owned();
        (of_named(), "duplicate", "给了两次".to_owned(), hint)
    } else if words.starts_with("invalid type") || words.starts_with("invalid value") {
        let expected = words
            .rsplit_once("expected ")
            .map_or("", |(_, expected)| expected);
        let hint = format!("应为{}", form_zh(expected));
        (path.to_owned(), "wrong-type", "类型不对".to_owned(), hint)
    } else if words.contains("digit") || words.contains("number too large") {
        let hint = "应为非负整数".to_owned();
        (path.to_owned(), "wrong-type", "不是可用的数".to_owned(), hint)
    } else if words.contains("给了两次") {
        let hint = "请删去一处".to_owned();
        (path.to_owned(), "duplicate", halves(words).0.to_owned(), hint)
    } else {
        let hint = "请对照接口文档 /docs".to_owned();
        (path.to_owned(), "malformed", halves(words).0.to_owned(), hint)
    };
    FieldProblem {
        field: field.chars().take(MAX_PATH).collect(),
        label: String::new(),
        code: code.to_owned(),
        reason,
        hint,
    }
}

/// What serde expected, in Chinese.
fn form_zh(expected: &str) -> &str {
    match expected {
        "a string" => "文本",
        "a boolean" => "true 或 false",
        "u64" | "usize" | "u32" => "非负整数",
        expected if expected.starts_with("struct ") || expected == "a map" => "JSON 对象",
        expected => halves(expected).0,
    }
}

/// The query string.
#[derive(Debug, FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(Problem))]
pub(crate) struct Query<T>(pub(crate) T);

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        // "Failed to deserialize query string: PATH: WORDS", the path not in all cases.
        let text = rejection.body_text();
        let text = text.split_once(": ").map_or(&*text, |(_, rest)| rest);
        let (path, words) = text.split_once(": ").unwrap_or(("", text));
        misfit(path, words, "")
    }
}

/// Parts of the path.
#[derive(Debug, FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(Problem))]
pub(crate) struct Path<T>(pub(crate) T);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Asked {
        name: String,
        #[serde(default)]
        within: BTreeMap<String, u64>,
    }

    fn refused(body: &[u8]) -> (String, Option<FieldProblem>) {
        parse::<Asked>(body).unwrap_err().told()
    }

    #[test]
    fn a_mark_before_the_object_is_passed_over() {
        let asked: Asked = parse("\u{feff} {\"name\": \"沈\"}".as_bytes()).unwrap();
        assert_eq!(asked.name, "沈");
    }

    #[test]
    fn what_is_no_object_of_text_is_told_apart() {
        for (body, told) in [
            (
                &b"{\"name\": \"\xc9\xf2\"}"[..],
                "不是 UTF-8 编码（第 11 个字节起",
            ),
            (b"\xff\xfe{\0", "不是 UTF-8"),
            (b"", "应为一个 JSON 对象"),
            (b"[\"a\", {}]", "应为一个 JSON 对象"),
            (b"{\"name\": \"a", "第 1 行第 11 列处内容不完整"),
            (b"{\"name\": \"a\",}", "不合 JSON 语法"),
            (b"{\"name\": \"a\"} {}", "不合 JSON 语法"),
        ] {
            let (detail, error) = refused(body);
            assert!(detail.contains(told) && error.is_none(), "{told}: {detail}");
        }
    }

    #[test]
    fn a_field_is_named_with_what_to_do() {
        for (body, field, code, told) in [
            ("{}", "name", "missing", "“name”：缺少此项，请补上"),
            (
                r#"{"name": "a", "nmae": 1}"#,
                "nmae",
                "unknown-field",
                "可用的有 name、within",
            ),
            (r#"{"name": "a", "name": "b"}"#, "name", "duplicate", "给了两次"),
            (
                r#"{"name": 5}"#,
                "name",
                "wrong-type",
                "应为文本（第 1 行第 10 列）",
            ),
            (
                r#"{"name": "a", "within": {"x": -1}}"#,
                "within.x",
                "wrong-type",
                "应为非负整数",
            ),
        ] {
            let (detail, error) = refused(body.as_bytes());
            let error = error.unwrap();
            assert_eq!((&*error.field, &*error.code), (field, code), "{body}");
            assert!(detail.contains(told), "{body}: {detail}");
        }
    }
}
