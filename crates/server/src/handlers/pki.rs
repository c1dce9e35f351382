//! The authority's CA certificates and revocation lists, at the addresses its X.509 certificates name.

use std::{io, sync::Arc};

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, Response, StatusCode, header},
    response::IntoResponse,
};
use ring::digest;

use super::page::matches_tag;
use crate::{App, extract::Path, openapi::Binary, problem::Problem};

/// 证书与吊销列表 A CA certificate (.cer) or revocation list (.crl)
#[utoipa::path(
    get, path = "/pki/{name}", tag = "核验 verification",
    params(("name" = String, Path, description = "文件名 File name", example = "ca.crl")),
    responses(
        (status = 200, description = "DER", content((inline(Binary) = "application/pkix-crl"), (inline(Binary) = "application/pkix-cert"))),
        (status = 304, description = "If-None-Match 相符 Unchanged"),
    )
)]
pub(crate) async fn published(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response<Body>, Problem> {
    let unknown = || {
        Problem::not_found(
            "没有这份证书或吊销列表。",
            "No such certificate or revocation list.",
        )
    };
    let (stem, ending) = name.rsplit_once('.').ok_or_else(unknown)?;
    let media_type = match ending {
        "crl" => "application/pkix-crl",
        "cer" => "application/pkix-cert",
        _ => return Err(unknown()),
    };
    if stem.is_empty()
        || !stem
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    {
        return Err(unknown());
    }
    let bytes = tokio::fs::read(app.pki.join(&name))
        .await
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => unknown(),
            _ => Problem::internal(&error),
        })?;
    let tag = format!("\"{}\"", hex::encode(digest::digest(&digest::SHA256, &bytes)));
    let about = [
        (header::ETAG, tag.clone()),
        (header::CACHE_CONTROL, "public, max-age=300".to_owned()),
    ];
    if matches_tag(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, about).into_response());
    }
    Ok((about, [(header::CONTENT_TYPE, media_type)], bytes).into_response())
}
