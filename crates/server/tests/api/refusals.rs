//! What is refused, and what the refusal says.

use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};
use serde_json::json;

use crate::{FIXTURE, TYPE, get, issue, post, request, send};

#[tokio::test]
async fn every_refusal_says_what_and_where() {
    let fixture = &*FIXTURE;
    let owner = Some(&*fixture.owner);
    let missing = get("/nothing/here", None).await;
    assert_eq!(
        (missing.status, &*missing.problem()),
        (StatusCode::NOT_FOUND, "not-found")
    );
    let method = send(
        request(Method::DELETE, "/v1/certificates", owner)
            .body(Body::empty())
            .unwrap(),
    )
    .await;
    assert_eq!(
        (method.status, &*method.problem()),
        (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed")
    );
    assert!(method.headers[header::ALLOW].to_str().unwrap().contains("POST"));

    let raw = |content_type: &'static str, body: &'static str| {
        let request =
            request(Method::POST, "/v1/certificates", owner).header(header::CONTENT_TYPE, content_type);
        send(request.body(Body::from(body)).unwrap())
    };
    let plain = raw("text/plain", "{}").await;
    assert_eq!(
        (plain.status, &*plain.problem()),
        (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type")
    );
    for (body, named) in [
        (r#"{"type": "x", "fields": {"#, "第 1 行第 25 列处内容不完整"),
        (r#"{"type": 7, "fields": {}}"#, "“type”：类型不对，应为文本"),
        (
            r#"{"type": "x", "fields": {"holder-name": {}}}"#,
            "“holder-name”的值应为文本或数字",
        ),
        (r#"{"type": "x", "fields": {"a": "1", "a": "2"}}"#, "“a”给了两次"),
        (
            r#"{"type": "x", "fields": {}, "basis": {"renews": 3}}"#,
            "basis.renews",
        ),
        (
            r#"{"type": "x", "fields": {}, "surprise": 3}"#,
            "“surprise”：不是可用的项，请核对拼写，可用的有 type、fields",
        ),
        (r#"{"type": "x"}"#, "“fields”：缺少此项"),
        (r#"["x", {}]"#, "应为一个 JSON 对象"),
    ] {
        let refused = raw("application/json", body).await;
        assert_eq!(
            (refused.status, &*refused.problem()),
            (StatusCode::BAD_REQUEST, "malformed-request"),
            "{body}"
        );
        let detail = refused.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(named), "{body}: {detail}");
    }

    for basis in [json!({}), json!({ "renews": "1", "amends": "1" })] {
        let body = json!({ "type": TYPE, "fields": {}, "basis": basis });
        let refused = issue(&fixture.owner, None, &body).await;
        assert_eq!(
            (refused.problem(), refused.json()["errors"][0]["field"].clone()),
            ("unprocessable".into(), json!("basis"))
        );
    }
    // One field under two of its names, of which one value would be lost.
    let twice = json!({ "type": TYPE, "fields": { "holder-name": "a", "名称": "b", "经营者名称": "c" } });
    let twice = issue(&fixture.owner, None, &twice).await.json();
    assert!(
        twice["errors"]
            .as_array()
            .unwrap()
            .iter()
            .any(|error| error["code"] == "duplicate"),
        "{twice:#}"
    );
    let compressed = request(Method::POST, "/v1/verify", None)
        .header(header::CONTENT_ENCODING, "gzip")
        .body(Body::from("x"))
        .unwrap();
    assert_eq!(send(compressed).await.problem(), "unsupported-media-type");

    let unknown = issue(
        &fixture.owner,
        None,
        &json!({ "type": "no-such-type", "fields": {} }),
    )
    .await;
    assert_eq!(
        (unknown.status, &*unknown.problem()),
        (StatusCode::UNPROCESSABLE_ENTITY, "unprocessable")
    );

    let empty = issue(
        &fixture.owner,
        None,
        &json!({ "type": TYPE, "fields": { "no-such-field": "x" } }),
    )
    .await;
    assert_eq!(
        (empty.status, &*empty.problem()),
        (StatusCode::UNPROCESSABLE_ENTITY, "face-data-refused")
    );
    let body = empty.json();
    let errors = body["errors"].as_array().unwrap();
    assert!(errors.len() > 2, "{body:#}");
    for error in errors {
        for member in ["field", "code", "reason", "hint"] {
            assert!(!error[member].as_str().unwrap().is_empty(), "{error}");
        }
    }
    let photo = issue(
        &fixture.owner,
        None,
        &json!({ "type": TYPE, "fields": {}, "photos": { "photo": "%" } }),
    )
    .await;
    assert_eq!(photo.json()["errors"][0]["code"], "bad-base64");

    let status = post("/v/status", None, &json!({ "identifier": "1.2.3" })).await;
    assert_eq!(status.problem(), "malformed-request");
    assert_eq!(get("/v1/certificates/1.2.3", owner).await.problem(), "not-found");
    assert_eq!(
        get("/v1/certificates?number=1", owner).await.problem(),
        "malformed-request"
    );
    assert_eq!(
        get("/v1/certificates", owner).await.problem(),
        "malformed-request"
    );
    assert_eq!(
        get("/v1/certificates?type=x&limit=no", owner).await.problem(),
        "malformed-request"
    );
    assert_eq!(
        get(&format!("/v1/certificates?type={TYPE}&limit=0"), owner)
            .await
            .problem(),
        "malformed-request"
    );
    let kind = get("/v1/problems/face-data-refused", None).await.json();
    assert_eq!(kind["status"], 422);
}

#[tokio::test]
async fn what_is_too_large_is_refused_early() {
    let fixture = &*FIXTURE;
    let post = |path: &str, key: Option<&str>| {
        request(Method::POST, path, key).header(header::CONTENT_TYPE, "application/json")
    };
    let long = "a".repeat(9 << 20);
    let refused = send(
        post("/v1/certificates", Some(&fixture.owner))
            .body(Body::from(long))
            .unwrap(),
    )
    .await;
    assert_eq!(
        (refused.status, &*refused.problem()),
        (StatusCode::PAYLOAD_TOO_LARGE, "payload-too-large")
    );
    let refused = send(
        post("/v/status", None)
            .body(Body::from("a".repeat(70 << 10)))
            .unwrap(),
    )
    .await;
    assert_eq!(refused.problem(), "payload-too-large");

    // Two gigabytes announced: not a byte of the body is asked for.
    let unread = Body::from_stream(unreadable());
    let announced = request(Method::POST, "/v1/verify", None).header(header::CONTENT_LENGTH, 2_u64 << 30);
    let refused = send(announced.body(unread).unwrap()).await;
    assert_eq!(
        (refused.status, &*refused.problem()),
        (StatusCode::PAYLOAD_TOO_LARGE, "payload-too-large")
    );
    // The same without an announcement: reading stops at the limit.
    let chunk = axum::body::Bytes::from(vec![0_u8; 1 << 20]);
    let endless = repeated(chunk, 2_048);
    let refused = send(
        request(Method::POST, "/v1/verify", None)
            .body(Body::from_stream(endless))
            .unwrap(),
    )
    .await;
    assert_eq!(refused.problem(), "payload-too-large");

    let empty = send(
        request(Method::POST, "/v1/verify", None)
            .body(Body::empty())
            .unwrap(),
    )
    .await;
    assert_eq!(empty.problem(), "malformed-request");
    let form = request(Method::POST, "/v1/verify", None).header(header::CONTENT_TYPE, "multipart/form-data");
    assert_eq!(
        send(form.body(Body::from("x")).unwrap()).await.problem(),
        "malformed-request"
    );
}

/// A body that must not be read.
fn unreadable() -> impl futures::Stream<Item = Result<axum::body::Bytes, std::io::Error>> + Send + 'static {
    futures::stream::poll_fn(|_| panic!("the body was read"))
}

fn repeated(
    chunk: axum::body::Bytes,
    times: usize,
) -> impl futures::Stream<Item = Result<axum::body::Bytes, std::io::Error>> + Send + 'static {
    futures::stream::iter((0..times).map(move |_| Ok(chunk.clone())))
}
