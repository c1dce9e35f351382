//! Every refusal of the server, as problem details (RFC 9457).
//!
//! [`Code`] is the one table from reason to HTTP status. A [`Problem`] is made anywhere; its body
//! is written at the [`edge`](crate::edge), which knows the request id and the host.

use std::borrow::Cow;

use axum::{
    body::Body,
    extract::rejection::PathRejection,
    http::{HeaderValue, Response, StatusCode, header},
    response::IntoResponse,
};
use serde::Serialize;
use utoipa::ToSchema;

/// Media type of problem details.
pub(crate) const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

macro_rules! codes {
    ($($variant:ident $slug:literal $status:ident $zh:literal $en:literal;)*) => {
        /// Why a request was refused. The slug is stable and part of the interface.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Code { $(#[doc = $en] $variant,)* }

        impl Code {
            /// Every code there is.
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Slug, status, title in Chinese, title in English.
            const fn row(self) -> (&'static str, StatusCode, &'static str, &'static str) {
                match self { $(Self::$variant => ($slug, StatusCode::$status, $zh, $en),)* }
            }
        }
    };
}

// The one place where a reason gets its status.
codes! {
    MalformedRequest     "malformed-request"      BAD_REQUEST            "请求格式有误" "Malformed request";
    Unauthenticated      "unauthenticated"        UNAUTHORIZED           "接口密钥无效" "API key missing or not valid";
    Forbidden            "forbidden"              FORBIDDEN              "无权办理" "Not permitted";
    NotFound             "not-found"              NOT_FOUND              "查无此项" "Not found";
    MethodNotAllowed     "method-not-allowed"     METHOD_NOT_ALLOWED     "不支持的请求方法" "Method not allowed";
    Timeout              "timeout"                SERVICE_UNAVAILABLE    "处理超时" "Timed out";
    Conflict             "conflict"               CONFLICT               "与现有记录冲突" "Conflict with the present state";
    IdempotencyConflict  "idempotency-conflict"   CONFLICT               "幂等键已用于其他请求" "Idempotency key used for another request";
    PayloadTooLarge      "payload-too-large"      PAYLOAD_TOO_LARGE      "内容过大" "Payload too large";
    UnsupportedMediaType "unsupported-media-type" UNSUPPORTED_MEDIA_TYPE "不支持的内容类型" "Unsupported media type";
    FaceDataRefused      "face-data-refused"      UNPROCESSABLE_ENTITY   "照面数据有误" "Face data refused";
    Unprocessable        "unprocessable"          UNPROCESSABLE_ENTITY   "请求内容无法办理" "Request cannot be carried out";
    RateLimited          "rate-limited"           TOO_MANY_REQUESTS      "请求过于频繁" "Too many requests";
    Internal             "internal"               INTERNAL_SERVER_ERROR  "系统内部错误" "Internal error";
    Busy                 "busy"                   SERVICE_UNAVAILABLE    "系统繁忙" "Busy";
    Unavailable          "unavailable"            SERVICE_UNAVAILABLE    "服务暂不可用" "Service unavailable";
}

impl Code {
    pub(crate) const fn slug(self) -> &'static str {
        self.row().0
    }

    pub(crate) const fn status(self) -> StatusCode {
        self.row().1
    }

    /// Title in Chinese, then in English.
    pub(crate) const fn titles(self) -> (&'static str, &'static str) {
        (self.row().2, self.row().3)
    }

    /// The code for a bare status that some library below answered with.
    fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::UNAUTHORIZED => Self::Unauthenticated,
            StatusCode::FORBIDDEN => Self::Forbidden,
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::CONFLICT => Self::Conflict,
            StatusCode::PAYLOAD_TOO_LARGE => Self::PayloadTooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::UnsupportedMediaType,
            StatusCode::UNPROCESSABLE_ENTITY => Self::Unprocessable,
            StatusCode::TOO_MANY_REQUESTS => Self::RateLimited,
            StatusCode::REQUEST_TIMEOUT => Self::Timeout,
            StatusCode::SERVICE_UNAVAILABLE => Self::Unavailable,
            status if status.is_client_error() => Self::MalformedRequest,
            _ => Self::Internal,
        }
    }
}

/// A refusal on its way out.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    code: Code,
    detail: Cow<'static, str>,
    detail_en: Cow<'static, str>,
    errors: Vec<FieldProblem>,
    retry_after: Option<u32>,
    allow: Option<Box<HeaderValue>>,
}

/// One field that was refused.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct FieldProblem {
    /// Field key.
    #[schema(example = "holder-code")]
    pub(crate) field: String,
    /// Field label as printed on the face.
    #[schema(example = "统一社会信用代码")]
    pub(crate) label: String,
    /// Stable code.
    #[schema(example = "bad-check-digit")]
    pub(crate) code: String,
    /// What is wrong.
    pub(crate) reason: String,
    /// What to do about it.
    pub(crate) hint: String,
}

/// Problem details (RFC 9457). New members may be added.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// Page about this kind of problem.
    #[serde(rename = "type")]
    #[schema(
        format = "uri",
        example = "https://verify.example.gov.cn/v1/problems/face-data-refused"
    )]
    kind: String,
    /// Short name of the problem, Chinese first.
    title: String,
    /// HTTP status.
    #[schema(example = 422)]
    status: u16,
    /// What happened and what to do, in Chinese.
    detail: String,
    /// The same in English.
    detail_en: String,
    /// Stable code to branch on.
    #[schema(example = "face-data-refused")]
    code: &'static str,
    /// Id of the request, to quote when asking for help; also in the x-request-id header.
    request_id: String,
    /// Fields that were refused, each with what to do; absent where no field is at fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldProblem>,
}

impl Problem {
    pub(crate) fn new(
        code: Code,
        detail: impl Into<Cow<'static, str>>,
        detail_en: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            code,
            detail: detail.into(),
            detail_en: detail_en.into(),
            errors: Vec::new(),
            retry_after: None,
            allow: None,
        }
    }

    /// A fault on our side: the cause goes to the log, never to the caller.
    pub(crate) fn internal(cause: &(dyn std::error::Error + 'static)) -> Self {
        let mut chain = cause.to_string();
        let mut source = cause.source();
        while let Some(error) = source {
            chain.push_str(": ");
            chain.push_str(&error.to_string());
            source = error.source();
        }
        tracing::error!(cause = chain, "internal error");
        Self::opaque()
    }

    /// A fault on our side of which nothing more is said.
    pub(crate) fn opaque() -> Self {
        Self::new(
            Code::Internal,
            "系统内部错误，请稍后重试；仍有问题请向管理员提供 request_id。",
            "Something failed on our side. Try again later; if it persists, give the request_id to the operator.",
        )
    }

    pub(crate) fn not_found(detail: impl Into<Cow<'static, str>>, en: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::NotFound, detail, en)
    }

    pub(crate) fn malformed(detail: impl Into<Cow<'static, str>>, en: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::MalformedRequest, detail, en)
    }

    pub(crate) fn busy(seconds: u32) -> Self {
        Self::new(
            Code::Busy,
            format!("系统繁忙，请在 {seconds} 秒后重试。"),
            format!("The server is at its limit; try again in {seconds} s."),
        )
        .retry_after(seconds)
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        let size = match limit >> 20 {
            0 => format!("{} KB", limit >> 10),
            mega => format!("{mega} MB"),
        };
        Self::new(
            Code::PayloadTooLarge,
            format!("内容超过上限 {size}，请核对所提交的内容，照片和文件请缩小后再试。"),
            format!("The body exceeds the limit of {size}."),
        )
    }

    /// Names the fields that were refused.
    #[must_use]
    pub(crate) fn errors(mut self, errors: Vec<FieldProblem>) -> Self {
        self.errors = errors;
        self
    }

    /// Says when to try again.
    #[must_use]
    pub(crate) fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    pub(crate) const fn code(&self) -> Code {
        self.code
    }

    /// What the caller is told: the detail, and the first field at fault.
    #[cfg(test)]
    pub(crate) fn told(self) -> (String, Option<FieldProblem>) {
        (self.detail.into_owned(), self.errors.into_iter().next())
    }

    /// The refusal for a bare error response of a library below.
    pub(crate) fn of_response(response: &Response<Body>) -> Self {
        let (detail, detail_en) = match response.status() {
            StatusCode::NOT_FOUND => (
                "没有这个地址，请对照接口文档 /docs。",
                "No such address; see /docs.",
            ),
            StatusCode::METHOD_NOT_ALLOWED => (
                "该地址不支持此请求方法，允许的方法见 Allow 头。",
                "The Allow header lists the methods served here.",
            ),
            StatusCode::PAYLOAD_TOO_LARGE => ("内容超过上限。", "The body exceeds the limit."),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                ("不支持的内容类型。", "The content type is not supported.")
            }
            status if status.is_client_error() => (
                "请求格式有误，请对照接口文档 /docs。",
                "The request is malformed; see /docs.",
            ),
            _ => return Self::opaque(),
        };
        let mut problem = Self::new(Code::of_status(response.status()), detail, detail_en);
        problem.allow = response.headers().get(header::ALLOW).cloned().map(Box::new);
        problem
    }

    /// Writes the response for a request of this id.
    pub(crate) fn render(self, host: &str, request_id: &str) -> Response<Body> {
        let (title, title_en) = self.code.titles();
        let body = ProblemBody {
            kind: format!("https://{host}/v1/problems/{}", self.code.slug()),
            title: format!("{title} {title_en}"),
            status: self.code.status().as_u16(),
            detail: self.detail.into_owned(),
            detail_en: self.detail_en.into_owned(),
            code: self.code.slug(),
            request_id: request_id.to_owned(),
            errors: self.errors,
        };
        // A struct of strings and numbers always serialises.
        let bytes = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = Response::new(Body::from(bytes));
        *response.status_mut() = self.code.status();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, PROBLEM_JSON);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.code == Code::Unauthenticated {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"certseal\""),
            );
        }
        if let Some(allow) = self.allow {
            headers.insert(header::ALLOW, *allow);
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// A bare response that carries the problem to the edge.
impl IntoResponse for Problem {
    fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.code.status();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<PathRejection> for Problem {
    fn from(_: PathRejection) -> Self {
        Self::not_found(
            "没有这个地址，请对照接口文档 /docs。",
            "No such address; see /docs.",
        )
    }
}

/// Chinese and English of a message that holds both, as those of core do: `中文 (English)`.
pub(crate) fn halves(text: &str) -> (&str, &str) {
    let inner = text.strip_suffix(')').and_then(|text| text.rsplit_once(" ("));
    inner.unwrap_or((text, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_in_the_documentation_with_its_status() {
        let page = include_str!("../../../docs/API.md");
        for code in Code::ALL {
            let named = format!("`{}`", code.slug());
            let status = format!("| {} |", code.status().as_u16());
            let row = |line: &str| line.starts_with('|') && line.contains(&named) && line.contains(&status);
            assert!(page.lines().any(row), "{named} {status}");
        }
    }

    #[test]
    fn a_message_of_two_languages_is_told_in_each() {
        assert_eq!(
            halves("不能为空 (nothing is written)"),
            ("不能为空", "nothing is written")
        );
        assert_eq!(halves("nothing"), ("nothing", "nothing"));
    }

    #[test]
    fn codes_are_distinct_and_are_errors() {
        let mut slugs: Vec<_> = Code::ALL.iter().map(|code| code.slug()).collect();
        slugs.sort_unstable();
        slugs.dedup();
        assert_eq!(slugs.len(), Code::ALL.len());
        assert!(Code::ALL.iter().all(|code| code.status().as_u16() >= 400));
    }
}
