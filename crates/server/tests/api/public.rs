//! What anybody may ask, and the running server.

use std::{
    io::{Read as _, Write as _},
    net::SocketAddr,
    net::TcpStream,
    sync::Arc,
    time::Duration,
};

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Method, StatusCode, header},
};
use certseal_server::serve;
use serde_json::json;

use crate::{FIXTURE, get, request, send};

#[tokio::test]
async fn rubbish_given_to_verify_is_judged_and_not_feared() {
    for rubbish in [
        &b"%PDF-1.7\nnothing"[..],
        b"\x89PNG\r\n\x1a\nnothing",
        b"\xff\xd8\xff",
        b"hello",
        b"\0\0\0",
    ] {
        let answer = send(
            request(Method::POST, "/v1/verify", None)
                .body(Body::from(rubbish))
                .unwrap(),
        )
        .await;
        assert_eq!(answer.status, StatusCode::OK);
        let report = answer.json();
        assert_ne!(report["indication"], "TOTAL-PASSED");
        assert!(!report["headline"].as_str().unwrap().is_empty());
    }
}

#[tokio::test]
async fn the_public_page_and_what_it_needs_are_served() {
    for (path, media_type) in [
        ("/v", "text/html; charset=utf-8"),
        ("/v/app.js", "text/javascript; charset=utf-8"),
        ("/v/style.css", "text/css; charset=utf-8"),
        ("/v/icon.svg", "image/svg+xml"),
        ("/v/keys.json", "application/json"),
        ("/pki/root.cer", "application/pkix-cert"),
        ("/pki/ca.crl", "application/pkix-crl"),
        ("/openapi.json", "application/json"),
        ("/docs/", "text/html; charset=utf-8"),
        ("/healthz", "application/json"),
        ("/readyz", "application/json"),
        ("/v1/types", "application/json"),
    ] {
        let answer = get(path, None).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        let given = answer.headers[header::CONTENT_TYPE]
            .to_str()
            .unwrap()
            .to_ascii_lowercase();
        assert!(
            given.starts_with(media_type.split(';').next().unwrap()),
            "{path}: {given}"
        );
        assert!(
            answer.headers.contains_key("x-request-id")
                && answer.headers.contains_key("content-security-policy")
        );
    }
    let keys = get("/v/keys.json", None).await.json();
    let [key] = &keys["keys"].as_array().unwrap()[..] else {
        panic!("{keys:#}")
    };
    assert_eq!(key["crv"], "P-256");
    assert!(key["issuers"].as_object().unwrap().len() > 10);
    for path in [
        "/pki/revocations.json",
        "/pki/..%2Fkeys%2Froot.pem",
        "/pki/none.crl",
        "/pki/.crl",
    ] {
        assert_eq!(get(path, None).await.problem(), "not-found", "{path}");
    }
    let page = request(Method::GET, "/v", None)
        .header("x-request-id", "from-a-proxy.1")
        .body(Body::empty())
        .unwrap();
    let page = send(page).await;
    assert_eq!(page.headers["x-request-id"], "from-a-proxy.1");
    let again = request(Method::GET, "/v", None).header(header::IF_NONE_MATCH, &page.headers[header::ETAG]);
    assert_eq!(
        send(again.body(Body::empty()).unwrap()).await.status,
        StatusCode::NOT_MODIFIED
    );
}

#[tokio::test]
async fn one_address_cannot_try_identifiers_without_end() {
    let peer: SocketAddr = "192.0.2.77:1".parse().unwrap();
    let mut last = StatusCode::OK;
    for at in 0..200 {
        // Verification tells the state of an identifier too.
        let (path, body) = if at % 2 == 0 {
            ("/v/status", json!({ "identifier": "1.2.3" }).to_string())
        } else {
            ("/v1/verify", "1.2.3".to_owned())
        };
        let mut request = request(Method::POST, path, None)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body))
            .unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        let answer = send(request).await;
        last = answer.status;
        if last == StatusCode::TOO_MANY_REQUESTS {
            assert_eq!(answer.problem(), "rate-limited");
            assert!(answer.headers.contains_key(header::RETRY_AFTER));
            break;
        }
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_stops_when_told() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(serve(Arc::clone(&FIXTURE.app), listener, async {
        let _ = stopped.await;
    }));
    let mut connection = TcpStream::connect(address).unwrap();
    connection
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .unwrap();
    let mut answer = [0; 12];
    connection.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(5), server)
        .await
        .unwrap()
        .unwrap();
    assert!(TcpStream::connect(address).is_err());
}
