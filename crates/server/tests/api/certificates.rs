//! Issuing, finding, fetching and changing certificates.

use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};
use serde_json::{Value, json};

use crate::{FIXTURE, TYPE, get, issue, post, request, sample, sample_of, send};

#[tokio::test]
async fn a_certificate_is_issued_fetched_verified_and_revoked() {
    let fixture = &*FIXTURE;
    let issued = issue(&fixture.owner, Some("life-1"), &sample().await).await;
    assert_eq!(
        issued.status,
        StatusCode::CREATED,
        "{}",
        String::from_utf8_lossy(&issued.body)
    );
    let record = issued.json();
    let identifier = record["identifier"].as_str().unwrap();
    let path = format!("/v1/certificates/{identifier}");
    assert_eq!(issued.headers[header::LOCATION], path.as_str());
    assert_eq!(record["state"], "in-force");
    assert_eq!(record["masked"], false);

    // Its own department sees all, another one a mask and no document.
    assert_eq!(get(&path, Some(&fixture.owner)).await.json(), record);
    let masked = get(&path, Some(&fixture.other)).await.json();
    assert_eq!(masked["masked"], true);
    assert_ne!(masked["holder_code"], record["holder_code"]);
    let document = get(&format!("{path}/document"), Some(&fixture.owner)).await;
    assert_eq!(document.headers[header::CONTENT_TYPE], "application/pdf");
    assert!(document.body.starts_with(b"%PDF-"));
    assert_eq!(
        document.headers[header::ETAG],
        format!("\"{}\"", record["document_sha256"].as_str().unwrap())
    );
    let refused = get(&format!("{path}/document"), Some(&fixture.other)).await;
    assert_eq!(
        (refused.status, &*refused.problem()),
        (StatusCode::FORBIDDEN, "forbidden")
    );

    // It is found again by number and by holder, within the caller's department only.
    let number = record["number"].as_str().unwrap();
    let found = get(
        &format!("/v1/certificates?type={TYPE}&number={number}"),
        Some(&fixture.all),
    )
    .await
    .json();
    assert_eq!(found["items"][0]["identifier"], identifier);
    let by_holder = format!(
        "/v1/certificates?holder_code={}",
        record["holder_code"].as_str().unwrap()
    );
    let found = get(&by_holder, Some(&fixture.owner)).await.json();
    assert!(
        found["items"]
            .as_array()
            .unwrap()
            .iter()
            .any(|item| item["identifier"] == identifier)
    );
    let named = format!(
        "/v1/certificates?type=%E9%A3%9F%E5%93%81%E7%BB%8F%E8%90%A5%E8%AE%B8%E5%8F%AF%E8%AF%81&number={number}"
    );
    let found = get(&named, Some(&fixture.owner)).await.json();
    assert_eq!(
        found["items"][0]["identifier"], identifier,
        "by the name of the type"
    );
    // Another department does not even learn that there is something it may not see.
    assert_eq!(
        get(&format!("{by_holder}&limit=1"), Some(&fixture.other))
            .await
            .json(),
        json!({ "items": [], "next": null })
    );
    let refused = get(&format!("/v1/certificates?type={TYPE}"), Some(&fixture.other)).await;
    assert_eq!(refused.problem(), "forbidden");

    // Pages go on while more of the caller's follow, and end with the last.
    let (mut after, mut pages) = (String::new(), Vec::new());
    loop {
        let path = format!("/v1/certificates?type={TYPE}&limit=1{after}");
        let page = get(&path, Some(&fixture.owner)).await.json();
        pages.push(page["items"][0]["identifier"].clone());
        match page["next"].as_u64() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert!(
        pages.contains(&json!(identifier)) && !pages.contains(&Value::Null),
        "{pages:?}"
    );

    // Anybody may verify it, raw or in a form.
    let raw = request(Method::POST, "/v1/verify", None)
        .body(Body::from(document.body.clone()))
        .unwrap();
    let report = send(raw).await.json();
    assert_eq!(report["indication"], "TOTAL-PASSED", "{report:#}");
    assert_eq!(report["conclusion"], "good");
    let mut form =
        b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\r\n".to_vec();
    form.extend(&document.body);
    form.extend(b"\r\n--x--\r\n");
    let form = request(Method::POST, "/v1/verify", None)
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
        .body(Body::from(form))
        .unwrap();
    assert_eq!(send(form).await.json()["conclusion"], "good");

    // Its state changes, and verification says so.
    let status = post("/v1/status", None, &json!({ "identifier": identifier }))
        .await
        .json();
    assert_eq!(
        (&status["registered"], &status["responsible"], &status["state"]),
        (&json!(true), &json!(true), &json!("in-force"))
    );
    let reason = json!({ "reason": "依据处罚决定书〔2026〕12 号" });
    assert_eq!(
        post(&format!("{path}/revoke"), Some(&fixture.other), &reason)
            .await
            .problem(),
        "forbidden"
    );
    let empty = post(
        &format!("{path}/revoke"),
        Some(&fixture.owner),
        &json!({ "reason": " " }),
    )
    .await;
    assert_eq!(
        (empty.problem(), empty.json()["errors"][0]["field"].clone()),
        ("unprocessable".into(), json!("reason"))
    );
    // What would be read on a terminal or in a table as something else is not entered.
    let hidden = json!({ "reason": "依据\u{1b}[2J\u{202e}决定书" });
    let refused = post(&format!("{path}/revoke"), Some(&fixture.owner), &hidden).await;
    assert_eq!(refused.json()["errors"][0]["code"], "bad-character");
    let mut issuing = sample().await;
    issuing["reason"] = hidden["reason"].clone();
    assert_eq!(
        issue(&fixture.owner, None, &issuing).await.problem(),
        "unprocessable"
    );
    let revoked = post(&format!("{path}/revoke"), Some(&fixture.owner), &reason).await;
    assert_eq!(revoked.json()["state"], "revoked");
    let again = post(&format!("{path}/resume"), Some(&fixture.owner), &reason).await;
    assert_eq!(
        (again.status, &*again.problem()),
        (StatusCode::CONFLICT, "conflict")
    );
    let raw = request(Method::POST, "/v1/verify", None)
        .body(Body::from(document.body))
        .unwrap();
    let report = send(raw).await.json();
    assert_eq!(
        (&report["conclusion"], &report["in_force"]),
        (&json!("not-in-force"), &json!("revoked"))
    );
    let status = post("/v/status", None, &json!({ "identifier": identifier }))
        .await
        .json();
    assert_eq!(status["state"], "revoked");
}

#[tokio::test]
async fn a_repeated_idempotency_key_gives_the_same_certificate() {
    let fixture = &*FIXTURE;
    let body = sample().await;
    let first = issue(&fixture.owner, Some("again-1"), &body).await;
    assert_eq!(first.status, StatusCode::CREATED);
    let second = issue(&fixture.owner, Some("again-1"), &body).await;
    assert_eq!(second.status, StatusCode::OK);
    assert_eq!(second.headers["idempotent-replayed"], "true");
    assert_eq!(second.json(), first.json());

    let mut changed = body.clone();
    changed["seal"] = json!("another");
    let conflict = issue(&fixture.owner, Some("again-1"), &changed).await;
    assert_eq!(
        (conflict.status, &*conflict.problem()),
        (StatusCode::CONFLICT, "idempotency-conflict")
    );

    // The same key in another caller's hand is another key.
    let theirs = issue(&fixture.all, Some("again-1"), &body).await;
    assert_eq!(theirs.status, StatusCode::CREATED);
    assert_ne!(theirs.json()["identifier"], first.json()["identifier"]);

    for bad in ["", "a b", &"x".repeat(129)] {
        assert_eq!(
            issue(&fixture.owner, Some(bad), &body).await.problem(),
            "malformed-request",
            "{bad:?}"
        );
    }
}

#[tokio::test]
async fn nothing_is_issued_while_the_seal_is_suspended() {
    let fixture = &*FIXTURE;
    let mut chosen = None;
    for kind in get("/v1/types", None).await.json().as_array().unwrap() {
        let key = kind["key"].as_str().unwrap();
        let fields = get(&format!("/v1/types/{key}"), None).await.json()["fields"].clone();
        let photo = |field: &Value| field["kind"] == "photo" && field["required"] == true;
        if kind["department"] == *fixture.stranger && !fields.as_array().unwrap().iter().any(photo) {
            chosen = Some((key.to_owned(), kind["seal"].clone()));
            break;
        }
    }
    let (kind, usual) = chosen.unwrap();
    let body = sample_of(&kind).await;
    let seals = get("/v1/seals", Some(&fixture.other)).await.json();
    let seal = seals
        .as_array()
        .unwrap()
        .iter()
        .find(|seal| seal["kind"] == usual)
        .unwrap();
    let path = format!("/v1/seals/{}", seal["id"].as_str().unwrap());
    let reason = json!({ "reason": "印章待查" });

    let first = issue(&fixture.other, None, &body).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.json());
    let suspended = post(&format!("{path}/suspend"), Some(&fixture.other), &reason).await;
    assert_eq!(suspended.status, StatusCode::OK);
    let refused = issue(&fixture.other, None, &body).await;
    assert_eq!(
        (refused.status, &*refused.problem()),
        (StatusCode::CONFLICT, "conflict")
    );
    assert!(
        refused.json()["detail"].as_str().unwrap().contains("停用"),
        "{}",
        refused.json()
    );
    post(&format!("{path}/resume"), Some(&fixture.other), &reason).await;
    let resumed = issue(&fixture.other, None, &body).await;
    assert_eq!(resumed.status, StatusCode::CREATED, "{}", resumed.json());
}
