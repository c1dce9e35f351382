//! The public verification page and what it asks for. No state is kept between requests.

use axum::{
    body::Body,
    http::{HeaderMap, Response, StatusCode, header},
    response::{IntoResponse, Redirect},
};
use ring::digest;

const INDEX: &str = include_str!("../page/index.html");
const SCRIPT: &str = include_str!("../page/app.js");
const STYLE: &str = include_str!("../page/style.css");
const ICON: &str = include_str!("../page/icon.svg");

/// The front door leads to the verification page.
pub(crate) async fn root() -> Redirect {
    Redirect::to("/v")
}

pub(crate) async fn index(headers: HeaderMap) -> Response<Body> {
    asset(&headers, "text/html; charset=utf-8", INDEX)
}

pub(crate) async fn script(headers: HeaderMap) -> Response<Body> {
    asset(&headers, "text/javascript; charset=utf-8", SCRIPT)
}

pub(crate) async fn style(headers: HeaderMap) -> Response<Body> {
    asset(&headers, "text/css; charset=utf-8", STYLE)
}

pub(crate) async fn icon(headers: HeaderMap) -> Response<Body> {
    asset(&headers, "image/svg+xml", ICON)
}

/// A file of the page; its tag lets browsers ask again cheaply and never show an old verifier.
fn asset(headers: &HeaderMap, media_type: &'static str, content: &'static str) -> Response<Body> {
    let sum = digest::digest(&digest::SHA256, content.as_bytes());
    let tag = format!("\"{}\"", hex::encode(sum.as_ref().get(..16).unwrap_or_default()));
    let cache = [(header::ETAG, tag.as_str()), (header::CACHE_CONTROL, "no-cache")];
    if matches_tag(headers, &tag) {
        return (StatusCode::NOT_MODIFIED, cache).into_response();
    }
    (cache, [(header::CONTENT_TYPE, media_type)], content).into_response()
}

/// Whether `If-None-Match` names the tag (RFC 9110 §13.1.2, weak comparison).
pub(crate) fn matches_tag(headers: &HeaderMap, tag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| {
            value
                .split(',')
                .map(str::trim)
                .any(|given| given == "*" || given.trim_start_matches("W/") == tag)
        })
}
