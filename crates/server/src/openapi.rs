//! The OpenAPI 3.1 document, made from the handlers.

use axum::http::StatusCode;
use utoipa::{
    Modify, OpenApi as _,
    openapi::{
        Content, OpenApi, Ref, RefOr, Response,
        path::{Operation, ParameterIn},
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use crate::{
    problem::{Code, ProblemBody},
    routes,
};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "电子证照签发与核验 certseal",
        description = "签发、查询、变更和核验电子证照。除另有说明外，所有错误均为 application/problem+json（RFC 9457）。\n\n\
            Issues, fetches, changes and verifies electronic certificates. Errors are problem details (RFC 9457).",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    tags(
        (name = "证照 certificates", description = "签发、查询与状态变更，须持接口密钥 Issue, fetch, change of state; API key required"),
        (name = "印章 seals", description = "本部门印章的查看、停用、恢复与销毁，须持接口密钥 Seals of the department; API key required"),
        (name = "证照类型 types", description = "可签发的证照类型及照面字段 What may be issued, with which fields"),
        (name = "核验 verification", description = "向公众开放 Open to the public"),
        (name = "时间戳 timestamps", description = "RFC 3161，向公众开放 Open to the public"),
        (name = "运行 operation", description = "存活与就绪 Liveness and readiness"),
    ),
    components(schemas(ProblemBody)),
    modifiers(&ApiKeyScheme)
)]
struct Header;

struct ApiKeyScheme;

impl Modify for ApiKeyScheme {
    fn modify(&self, document: &mut OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("csk_…")
            .description(Some("接口密钥，由 certseal key api-add 生成 API key"))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("api-key", SecurityScheme::Http(scheme));
    }
}

/// 文件内容 The bytes of a file
#[derive(utoipa::ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "describes bodies for the OpenAPI document")]
pub(crate) struct Binary(Vec<u8>);

/// The document without paths.
pub(crate) fn header() -> OpenApi {
    Header::openapi()
}

/// The OpenAPI document as served at `/openapi.json`.
pub fn openapi_json() -> Result<String, serde_json::Error> {
    routes::parts().1.to_pretty_json()
}

/// Adds to every operation the refusals that follow from what it takes, and to every refusal its form. The
/// handlers name only those of their own.
pub(crate) fn completed(mut document: OpenApi) -> OpenApi {
    for item in document.paths.paths.values_mut() {
        for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
            complete(operation);
        }
    }
    document
}

fn complete(operation: &mut Operation) {
    let mut statuses = vec![StatusCode::INTERNAL_SERVER_ERROR, StatusCode::SERVICE_UNAVAILABLE];
    if operation.security.is_some() {
        statuses.push(StatusCode::UNAUTHORIZED);
    }
    if operation.request_body.is_some() {
        statuses.extend([
            StatusCode::BAD_REQUEST,
            StatusCode::PAYLOAD_TOO_LARGE,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ]);
    }
    for parameter in operation.parameters.iter().flatten() {
        match parameter {
            RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Path => {
                statuses.push(StatusCode::NOT_FOUND);
            }
            RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query => {
                statuses.push(StatusCode::BAD_REQUEST);
            }
            _ => {}
        }
    }
    let responses = &mut operation.responses.responses;
    for status in statuses {
        let none = || RefOr::T(Response::default());
        responses.entry(status.as_str().to_owned()).or_insert_with(none);
    }
    for (status, response) in responses {
        let status = status.parse::<StatusCode>().unwrap_or_default();
        let RefOr::T(response) = response else { continue };
        if response.description.is_empty() {
            response.description = description(status);
        }
        if status.is_client_error() || status.is_server_error() {
            let form = Content::new(Some(Ref::from_schema_name("Problem")));
            let media_type = "application/problem+json".to_owned();
            response.content.entry(media_type).or_insert(RefOr::T(form));
        }
    }
}

/// The codes that come with a status, with their titles.
fn description(status: StatusCode) -> String {
    let codes: Vec<String> = Code::ALL
        .iter()
        .filter(|code| code.status() == status)
        .map(|code| {
            let (title, title_en) = code.titles();
            format!("`{}` {title} {title_en}", code.slug())
        })
        .collect();
    if codes.is_empty() {
        "成功 Done".to_owned()
    } else {
        codes.join("；")
    }
}
