//! The interface as callers meet it: one installation, founded for this test, behind the real router.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use certseal_core::{
    clock::{Clock, SystemClock},
    crypto::{KeyFolder, Passphrase},
    home::{Founding, Home, found},
};
use certseal_server::{App, AppParts, auth::ApiKeys, openapi_json, router, serve};
use serde_json::{Value, json};
use tower::ServiceExt as _;

const TYPE: &str = "food-business-permit";

struct Fixture {
    home: PathBuf,
    app: Arc<App>,
    router: Router,
    /// Key of the department that owns `TYPE`.
    owner: String,
    /// Key of another department.
    other: String,
    /// That department.
    stranger: String,
    /// Key for all departments.
    all: String,
}

static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("server-api");
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let passphrase = || Passphrase::new("正确的口令 for tests".to_owned()).unwrap();
    let founding = Founding {
        region: "419901".to_owned(),
        region_name: "河南省示例市示例区".to_owned(),
        host: "verify.example.gov.cn".to_owned(),
    };
    let home = found(&path, &founding, &passphrase(), &clock).unwrap();

    let department = home.catalogue().get(TYPE).unwrap().department.clone();
    let stranger = home
        .catalogue()
        .departments()
        .iter()
        .find(|known| known.key != department)
        .unwrap()
        .key
        .clone();
    let mut keys = ApiKeys::load(&home.api_keys_path()).unwrap();
    let mut add = |name: &str, department: &str| keys.add(name, department, clock.now()).unwrap();
    let (owner, other, all) = (
        add("窗口一", &department),
        add("窗口二", &stranger),
        add("平台", "*"),
    );

    let keys = KeyFolder::unlocked(&home.keys_path(), passphrase());
    let service = Arc::new(home.service(keys, Arc::clone(&clock)).unwrap());
    let parts = AppParts {
        service,
        host: home.config().host.clone(),
        api_keys: home.api_keys_path(),
        tsa: None,
        pki: home.pki_path(),
        trust: Box::new(move || Ok(home.trust_material(None)?)),
    };
    let app = Arc::new(App::new(parts).unwrap());
    let router = router(Arc::clone(&app));
    Fixture {
        home: path,
        app,
        router,
        owner,
        other,
        stranger,
        all,
    }
});

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&self.body)))
    }

    /// Checks the form of problem details and gives their code.
    fn problem(&self) -> String {
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json");
        let body = self.json();
        assert_eq!(body["status"], self.status.as_u16());
        assert_eq!(body["request_id"], self.headers["x-request-id"].to_str().unwrap());
        let code = body["code"].as_str().unwrap().to_owned();
        assert_eq!(
            body["type"],
            format!("https://verify.example.gov.cn/v1/problems/{code}")
        );
        for member in ["title", "detail"] {
            assert!(
                !body[member].as_str().unwrap().is_ascii(),
                "{member} is not in Chinese: {body}"
            );
        }
        code
    }
}

async fn send(request: Request<Body>) -> Answer {
    let response = FIXTURE.router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body,
    }
}

fn request(method: Method, path: &str, key: Option<&str>) -> axum::http::request::Builder {
    let request = Request::builder().method(method).uri(path);
    match key {
        Some(key) => request.header(header::AUTHORIZATION, format!("Bearer {key}")),
        None => request,
    }
}

async fn get(path: &str, key: Option<&str>) -> Answer {
    send(request(Method::GET, path, key).body(Body::empty()).unwrap()).await
}

async fn post(path: &str, key: Option<&str>, body: &Value) -> Answer {
    let request = request(Method::POST, path, key).header(header::CONTENT_TYPE, "application/json");
    send(request.body(Body::from(body.to_string())).unwrap()).await
}

/// An issue request made of the samples that the interface itself publishes.
async fn sample() -> Value {
    sample_of(TYPE).await
}

async fn sample_of(certificate_type: &str) -> Value {
    let kind = get(&format!("/v1/types/{certificate_type}"), None).await.json();
    let fields: serde_json::Map<String, Value> = kind["fields"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|field| field["role"] != "number" && field["kind"] != "photo")
        .map(|field| (field["key"].as_str().unwrap().to_owned(), field["sample"].clone()))
        .collect();
    json!({ "type": certificate_type, "fields": fields })
}

async fn issue(key: &str, idempotency: Option<&str>, body: &Value) -> Answer {
    let mut request =
        request(Method::POST, "/v1/certificates", Some(key)).header(header::CONTENT_TYPE, "application/json");
    if let Some(value) = idempotency {
        request = request.header("idempotency-key", value);
    }
    send(request.body(Body::from(body.to_string())).unwrap()).await
}

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
async fn a_keeper_sees_and_changes_the_seals_of_the_department_alone() {
    let fixture = &*FIXTURE;
    // Another department's keeper, so that the seals other tests sign with stay as they are.
    let seals = get("/v1/seals", Some(&fixture.other)).await.json();
    let seals = seals.as_array().unwrap();
    assert_eq!(seals.len(), 2);
    assert_ne!(seals[0]["kind"], seals[1]["kind"]);
    let all = get("/v1/seals", Some(&fixture.all)).await.json();
    assert!(all.as_array().unwrap().len() > seals.len());
    let seal = seals.iter().find(|seal| seal["kind"] == "official").unwrap();
    let path = format!("/v1/seals/{}", seal["id"].as_str().unwrap());
    assert_eq!(get(&path, Some(&fixture.other)).await.json(), *seal);
    assert_eq!(get(&path, None).await.problem(), "unauthenticated");
    assert_eq!(get(&path, Some(&fixture.owner)).await.problem(), "forbidden");
    assert_eq!(
        get("/v1/seals/0", Some(&fixture.all)).await.problem(),
        "not-found"
    );
    let picture = get(seal["impression"].as_str().unwrap(), Some(&fixture.other)).await;
    assert_eq!(picture.headers[header::CONTENT_TYPE], "image/svg+xml");
    assert!(picture.body.starts_with(b"<svg"));

    let reason = json!({ "reason": "保管人交接" });
    let to = |verb: &str| format!("{path}/{verb}");
    let foreign = post(&to("suspend"), Some(&fixture.owner), &reason).await;
    assert_eq!(foreign.problem(), "forbidden");
    let empty = post(&to("suspend"), Some(&fixture.other), &json!({ "reason": " " })).await;
    assert_eq!(empty.problem(), "unprocessable");
    for (verb, state) in [
        ("suspend", "suspended"),
        ("resume", "in-force"),
        ("destroy", "destroyed"),
    ] {
        let changed = post(&to(verb), Some(&fixture.other), &reason).await.json();
        assert_eq!(
            (&changed["state"], &changed["state_reason"]),
            (&json!(state), &reason["reason"])
        );
    }
    let again = post(&to("resume"), Some(&fixture.all), &reason).await;
    assert_eq!(
        (again.status, &*again.problem()),
        (StatusCode::CONFLICT, "conflict")
    );
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
        (r#"{"type": "x", "fields": {"#, "line 1 column"),
        (r#"{"type": 7, "fields": {}}"#, "type"),
        (
            r#"{"type": "x", "fields": {"holder-name": {}}}"#,
            "“holder-name”的值应为文本或数字",
        ),
        (r#"{"type": "x", "fields": {"a": "1", "a": "2"}}"#, "“a”给了两次"),
        (
            r#"{"type": "x", "fields": {}, "basis": {"renews": 3}}"#,
            "basis.renews",
        ),
        (r#"{"type": "x", "fields": {}, "surprise": 3}"#, "surprise"),
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

#[tokio::test]
async fn the_openapi_document_is_whole() {
    let document: Value = serde_json::from_str(&openapi_json().unwrap()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            operations.push(operation["operationId"].as_str().unwrap().to_owned());
            assert!(
                !operation["summary"].as_str().unwrap().is_ascii(),
                "{method} {path} has no Chinese summary"
            );
            // Every name in braces is a declared path parameter.
            let declared: Vec<&str> = operation["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|parameter| parameter["in"] == "path")
                .map(|parameter| parameter["name"].as_str().unwrap())
                .collect();
            let named: Vec<&str> = path.split(['{', '}']).skip(1).step_by(2).collect();
            assert_eq!(declared, named, "{method} {path}");
        }
    }
    let count = operations.len();
    operations.sort();
    operations.dedup();
    assert_eq!(operations.len(), count, "operation ids are not unique");
    for path in [
        "/v1/certificates",
        "/v1/certificates/{identifier}",
        "/v1/certificates/{identifier}/document",
        "/v1/certificates/{identifier}/suspend",
        "/v1/seals",
        "/v1/seals/{id}/impression.svg",
        "/v1/seals/{id}/destroy",
        "/v1/verify",
        "/v1/types",
        "/v1/status",
        "/healthz",
    ] {
        assert!(document["paths"].get(path).is_some(), "{path}");
    }
    // Files are files, and what is given as an example can be sent.
    for place in [
        "/paths/~1v1~1verify/post/requestBody/content/application~1pdf",
        "/paths/~1v1~1certificates~1{identifier}~1document/get/responses/200/content/application~1pdf",
        "/paths/~1pki~1{name}/get/responses/200/content/application~1pkix-crl",
    ] {
        let schema = &document.pointer(place).unwrap()["schema"];
        assert_eq!(
            (&schema["type"], &schema["format"]),
            (&json!("string"), &json!("binary")),
            "{place}"
        );
    }
    let example = document.pointer("/components/schemas/IssueBody/example").unwrap();
    let issued = issue(&FIXTURE.all, None, example).await;
    assert_eq!(issued.status, StatusCode::CREATED, "{}", issued.json());

    let mut references = Vec::new();
    collect_references(&document, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

fn collect_references(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_str() {
                    Some(target) if name == "$ref" => into.push(target.to_owned()),
                    _ => collect_references(member, into),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, into)),
        _ => {}
    }
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
