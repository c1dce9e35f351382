//! The OpenAPI 3.1 document, made from the handlers.

use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};

use crate::routes;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "电子证照签发与核验 certseal",
        description = "签发、查询、变更和核验电子证照。除另有说明外，所有错误均为 application/problem+json（RFC 9457）。\n\n\
            Issues, fetches, changes and verifies electronic certificates. Errors are problem details (RFC 9457).",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    tags(
        (name = "证照 certificates", description = "签发与查询，须持接口密钥 Issue and fetch; API key required"),
        (name = "状态变更 lifecycle", description = "暂扣、恢复、撤销、注销，须持接口密钥 Change of state; API key required"),
        (name = "印章 seals", description = "本部门印章的查看、停用、恢复与销毁，须持接口密钥 Seals of the department; API key required"),
        (name = "证照类型 types", description = "可签发的证照类型及照面字段 What may be issued, with which fields"),
        (name = "核验 verification", description = "向公众开放 Open to the public"),
        (name = "时间戳 timestamps", description = "RFC 3161，向公众开放 Open to the public"),
        (name = "运行 operation", description = "存活与就绪 Liveness and readiness"),
    ),
    modifiers(&ApiKeyScheme)
)]
struct Header;

struct ApiKeyScheme;

impl Modify for ApiKeyScheme {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("csk_…")
            .description(Some("接口密钥，由 certseal key api-add 生成 API key"))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("api-key", SecurityScheme::Http(scheme));
    }
}

/// The bytes of a file, for the description of bodies.
#[derive(utoipa::ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "describes bodies for the OpenAPI document")]
pub(crate) struct Binary(Vec<u8>);

/// The document without paths.
pub(crate) fn header() -> utoipa::openapi::OpenApi {
    Header::openapi()
}

/// The OpenAPI document as served at `/openapi.json`.
pub fn openapi_json() -> Result<String, serde_json::Error> {
    let (_, document) = routes::api().split_for_parts();
    document.to_pretty_json()
}
