//! API keys: who is let in.

use std::time::Duration;

use axum::http::{StatusCode, header};
use certseal_core::{
    clock::{Clock as _, SystemClock},
    home::Home,
};
use certseal_server::auth::ApiKeys;

use crate::{FIXTURE, get, issue, sample};

#[tokio::test]
async fn without_a_right_key_nothing_is_issued_or_shown() {
    let fixture = &*FIXTURE;
    let body = sample().await;
    for path in [
        "/v1/certificates?type=x",
        "/v1/certificates/1",
        "/v1/certificates/1/document",
    ] {
        for key in [None, Some("csk_000000000000_AAAA"), Some("")] {
            let refused = get(path, key).await;
            assert_eq!(
                (refused.status, &*refused.problem()),
                (StatusCode::UNAUTHORIZED, "unauthenticated")
            );
            assert!(
                refused.headers[header::WWW_AUTHENTICATE]
                    .to_str()
                    .unwrap()
                    .starts_with("Bearer")
            );
        }
    }
    let refused = issue("csk_x", None, &body).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    let refused = issue(&fixture.other, None, &body).await;
    assert_eq!(
        (refused.status, &*refused.problem()),
        (StatusCode::FORBIDDEN, "forbidden")
    );
}

#[tokio::test]
async fn a_withdrawn_key_stops_working_without_a_restart() {
    let fixture = &*FIXTURE;
    let home = Home::open(&fixture.home).unwrap();
    let mut keys = ApiKeys::load(&home.api_keys_path()).unwrap();
    let token = keys.add("临时", "*", SystemClock.now()).unwrap();
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(get("/v1/certificates", Some(&token)).await.status, StatusCode::OK);
    keys.withdraw("临时").unwrap();
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(
        get("/v1/certificates", Some(&token)).await.problem(),
        "unauthenticated"
    );
    assert_eq!(
        get("/v1/certificates", Some(&fixture.all)).await.status,
        StatusCode::OK
    );
}
