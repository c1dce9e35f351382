//! The interface as callers meet it: one installation, founded for this test, behind the real router.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use certseal_core::{
    clock::{Clock, SystemClock},
    crypto::{KeyFolder, Passphrase},
    home::{Founding, found},
};
use certseal_server::{App, AppParts, auth::ApiKeys, router};
use serde_json::{Value, json};
use tower::ServiceExt as _;

mod certificates;
mod document;
mod keys;
mod public;
mod refusals;
mod seals;

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

    let catalogue = home.catalogue().unwrap();
    let department = catalogue.get(TYPE).unwrap().department.clone();
    let stranger = catalogue
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
