//! Our timestamp authority over HTTP (RFC 3161 §3.4).

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, Response, header},
    response::IntoResponse,
};
use certseal_core::{
    limits::MAX_TIMESTAMP_QUERY,
    sign::timestamp::{QUERY_TYPE, REPLY_TYPE},
};

use super::verify::Asker;
use crate::{
    App,
    openapi::Binary,
    problem::{Code, Problem, ProblemBody},
};

/// 时间戳服务（RFC 3161） Timestamp authority
///
/// 请求被拒绝时仍答 200，原因在应答的 PKIStatusInfo 中。A request that is refused is answered with 200 too; the
/// reason stands in the PKIStatusInfo of the response.
#[utoipa::path(
    post, path = "/tsa", tag = "时间戳 timestamps",
    request_body(content = inline(Binary), content_type = "application/timestamp-query", description = "DER of a TimeStampReq"),
    responses(
        (status = 200, description = "DER of a TimeStampResp", content_type = "application/timestamp-reply", body = inline(Binary)),
        (status = 404, description = "本机构不提供时间戳 No timestamp authority here", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn stamp(
    State(app): State<Arc<App>>,
    asker: Asker,
    headers: HeaderMap,
    body: Body,
) -> Result<Response<Body>, Problem> {
    let Some(tsa) = app.tsa.clone() else {
        return Err(Problem::not_found(
            "本机构不提供时间戳；运维可用 certseal key renew tsa 建立后重启服务。",
            "There is no timestamp authority here.",
        ));
    };
    asker.metered(&app)?;
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    if !kind.trim().eq_ignore_ascii_case(QUERY_TYPE) {
        return Err(Problem::new(
            Code::UnsupportedMediaType,
            "请以 Content-Type: application/timestamp-query 提交 DER 格式的 TimeStampReq。",
            "Send the DER of a TimeStampReq as application/timestamp-query.",
        ));
    }
    let query = app.gate.read(&headers, body, MAX_TIMESTAMP_QUERY).await?;
    let answer = app.gate.compute(move || tsa.answer(&query.bytes)).await?;
    Ok(([(header::CONTENT_TYPE, REPLY_TYPE)], answer).into_response())
}
