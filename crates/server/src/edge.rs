//! The outermost layer: request ids, problem bodies, security headers, the time limit and the log.
//!
//! The log line names method, route template, status and duration. It never names a path, query,
//! body or address: those can hold personal data or a certificate identifier.

use std::{
    any::Any,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use axum::{
    body::Body,
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, Response, header},
    middleware::Next,
    response::IntoResponse as _,
};
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::time::timeout;

use crate::problem::{Code, PROBLEM_JSON, Problem};

/// Longest time a request may take, upload included: 64 MB over 10 Mbit/s takes 54 s.
const TIME_LIMIT: Duration = Duration::from_secs(90);
/// Longest request id taken over from the caller.
const MAX_REQUEST_ID: usize = 64;

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// No script, style or picture but our own files; no frames; no plug-ins.
const STRICT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// The API browser writes style attributes and shows pictures from data URLs.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

/// Who asked, as far as the log may know: a place in the request that authorisation fills.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallerId(Arc<OnceLock<String>>);

impl CallerId {
    /// Names the caller by the public part of its key.
    pub(crate) fn name(&self, id: &str) {
        let _ = self.0.set(id.to_owned());
    }
}

/// Wraps every request.
pub(crate) async fn edge(State(host): State<Arc<str>>, mut request: Request, next: Next) -> Response<Body> {
    let started = Instant::now();
    let request_id = request_id(&request);
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "(none)".to_owned(), |path| path.as_str().to_owned());

    let caller = CallerId::default();
    request.extensions_mut().insert(caller.clone());

    let mut response = match timeout(TIME_LIMIT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => timed_out().into_response(),
    };

    let problem = response
        .extensions_mut()
        .remove::<Problem>()
        .or_else(|| unexplained(&response));
    let code = problem.as_ref().map(|problem| problem.code().slug());
    if let Some(problem) = problem {
        response = problem.render(&host, &request_id);
    }
    finish(&mut response, &route, &request_id);

    tracing::info!(
        request_id,
        method = method.as_str(),
        route,
        status = response.status().as_u16(),
        code,
        key = caller.0.get(),
        ms = started.elapsed().as_millis() as u64,
        "request"
    );
    response
}

/// What a panic in a handler becomes. Its message stays out of the log: it may quote data.
pub(crate) fn panicked(_: Box<dyn Any + Send + 'static>) -> Response<Body> {
    tracing::error!("a handler panicked");
    Problem::opaque().into_response()
}

/// The caller's id if it is harmless, else a random one.
fn request_id(request: &Request) -> String {
    let given = request
        .headers()
        .get(&REQUEST_ID)
        .and_then(|value| value.to_str().ok());
    let harmless = |id: &&str| {
        (1..=MAX_REQUEST_ID).contains(&id.len())
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    };
    if let Some(id) = given.filter(harmless) {
        return id.to_owned();
    }
    let mut random = [0; 16];
    // Without randomness the id is not unique, which harms nothing but the reading of the log.
    let _ = SystemRandom::new().fill(&mut random);
    hex::encode(random)
}

/// An error response that some library made without a problem body.
fn unexplained(response: &Response<Body>) -> Option<Problem> {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let explained = response.headers().get(header::CONTENT_TYPE) == Some(&PROBLEM_JSON);
    (is_error && !explained).then(|| Problem::of_response(response))
}

fn timed_out() -> Problem {
    Problem::new(
        Code::Timeout,
        "处理超时。签发请求请用同一幂等键重试，不会重复签发。",
        "The request took too long. Retry with the same idempotency key: nothing is issued twice.",
    )
    .retry_after(5)
}

fn finish(response: &mut Response<Body>, route: &str, request_id: &str) {
    let policy = if route.starts_with("/docs") {
        DOCS_POLICY
    } else {
        STRICT_POLICY
    };
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID.clone(), id);
    }
    // A handler may have one of its own, stricter still.
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    }
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=()",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use axum::{Router, body::to_bytes, middleware::from_fn_with_state, routing::get};
    use tower::ServiceExt as _;
    use tower_http::catch_panic::CatchPanicLayer;

    use super::*;

    async fn panics() -> &'static str {
        panic!("410102199003070419")
    }

    async fn ask(path: &str, id: &str) -> (Response<Body>, serde_json::Value) {
        let host: Arc<str> = "verify.example.gov.cn".into();
        let router = Router::new()
            .route("/panics", get(panics))
            .layer(CatchPanicLayer::custom(panicked))
            .layer(from_fn_with_state(host, edge));
        let request = Request::builder()
            .uri(path)
            .header("x-request-id", id)
            .body(Body::empty())
            .unwrap();
        let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        (
            Response::from_parts(parts, Body::empty()),
            serde_json::from_slice(&body).unwrap(),
        )
    }

    #[tokio::test]
    async fn a_panic_is_an_internal_error_that_says_nothing() {
        let (response, body) = ask("/panics", "one").await;
        assert_eq!(response.status(), 500);
        assert_eq!(
            (&body["code"], &body["request_id"]),
            (&"internal".into(), &"one".into())
        );
        assert!(!body.to_string().contains("410102199003070419"));
    }

    #[tokio::test]
    async fn request_ids_that_could_forge_a_log_line_are_replaced() {
        for (given, kept) in [
            ("a-1_b.2", true),
            ("a b", false),
            ("", false),
            (&"x".repeat(65), false),
        ] {
            let (response, body) = ask("/panics", given).await;
            assert_eq!(body["request_id"] == given, kept, "{given:?}");
            assert_eq!(
                response.headers()["x-request-id"],
                body["request_id"].as_str().unwrap()
            );
        }
    }
}
