//! A clerk's day over HTTP: `certseal serve` as built, asked by curl.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use certseal_tests::{certseal, installation, run, run_json, run_ok, run_to, server::Server};
use serde_json::{Value, json};
use tempfile::TempDir;

const TYPE: &str = "teacher-qualification-certificate";

fn api_key(home: &Path, name: &str, department: &str) -> String {
    let made = run_json(
        0,
        certseal(home).args(["--json", "key", "api-add", name, "--department", department]),
    );
    made["key"].as_str().unwrap().to_owned()
}

fn teacher(holder: &str) -> String {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples/teacher.json");
    let mut fields: Value = serde_json::from_slice(&fs::read(example).unwrap()).unwrap();
    fields["持证人"] = json!(holder);
    json!({ "type": TYPE, "fields": fields }).to_string()
}

fn verify(server: &Server, document: &Path) -> Value {
    let data = format!("@{}", document.display());
    server
        .ask(
            "POST",
            "/v1/verify",
            &[
                "--header",
                "Content-Type: application/pdf",
                "--data-binary",
                &data,
            ],
        )
        .json(200)
}

#[test]
fn a_clerks_day() {
    let home = installation();
    let (clerk, other) = (
        api_key(home.path(), "jy-desk", "jy"),
        api_key(home.path(), "scjg-desk", "scjg"),
    );
    let server = Server::start(home.path());

    // Issue, and again under the same key: the same certificate, byte for byte.
    let first = server.post(
        "/v1/certificates",
        &clerk,
        &teacher("沈示例"),
        &["--header", "Idempotency-Key: a-1"],
    );
    let issued = first.json(201);
    let identifier = issued["identifier"]
        .as_str()
        .or(issued["record"]["identifier"].as_str())
        .unwrap()
        .to_owned();
    let document = |key: &str| server.get(&format!("/v1/certificates/{identifier}/document"), key);
    let bytes = document(&clerk).body;
    assert!(bytes.starts_with(b"%PDF-1.7"));
    let again = server.post(
        "/v1/certificates",
        &clerk,
        &teacher("沈示例"),
        &["--header", "Idempotency-Key: a-1"],
    );
    assert_eq!(again.json(200), issued);
    assert!(again.head.contains("idempotent-replayed: true"), "{}", again.head);
    assert_eq!(document(&clerk).body, bytes);

    // The same key for something else, and a request that is none.
    let conflict = server.post(
        "/v1/certificates",
        &clerk,
        &teacher("沈样例"),
        &["--header", "Idempotency-Key: a-1"],
    );
    conflict.problem(409);
    server
        .post("/v1/certificates", &clerk, "{\"type\": ", &[])
        .problem(400);
    let wrong = server.post(
        "/v1/certificates",
        &clerk,
        &json!({ "type": TYPE, "fields": {} }).to_string(),
        &[],
    );
    let wrong = wrong.problem(422);
    assert!(
        wrong["errors"].as_array().is_some_and(|errors| errors.len() > 3),
        "{wrong}"
    );

    // Nobody without a key, and no other department.
    server
        .post("/v1/certificates", "certseal_wrong", &teacher("沈示例"), &[])
        .problem(401);
    server
        .post("/v1/certificates", &other, &teacher("沈示例"), &[])
        .problem(403);
    document(&other).problem(403);

    // Verify, revoke, verify again.
    let path = home.path().join("one.pdf");
    fs::write(&path, &bytes).unwrap();
    let good = verify(&server, &path);
    assert_eq!(
        (&good["indication"], &good["conclusion"]),
        (&json!("TOTAL-PASSED"), &json!("good")),
        "{good}"
    );
    let revoke = format!("/v1/certificates/{identifier}/revoke");
    server
        .post(&revoke, &other, r#"{"reason":"试"}"#, &[])
        .problem(403);
    assert_eq!(
        server
            .post(&revoke, &clerk, r#"{"reason":"申请材料不实"}"#, &[])
            .status,
        200
    );
    server
        .post(&revoke, &clerk, r#"{"reason":"申请材料不实"}"#, &[])
        .problem(409);
    let revoked = verify(&server, &path);
    assert_eq!(
        (&revoked["indication"], &revoked["in_force"]),
        (&json!("TOTAL-PASSED"), &json!("revoked")),
        "{revoked}"
    );
    let status = server
        .post(
            "/v/status",
            "",
            &json!({ "identifier": identifier }).to_string(),
            &[],
        )
        .json(200);
    assert!(
        !status.to_string().contains("材料不实"),
        "the reason is nobody's business: {status}"
    );

    // What anybody may read.
    for path in [
        "/v",
        "/healthz",
        "/readyz",
        "/openapi.json",
        "/v/keys.json",
        "/pki/ca.crl",
        "/pki/root.cer",
    ] {
        assert_eq!(server.ask("GET", path, &[]).status, 200, "{path}");
    }
    assert_eq!(
        server.ask("GET", "/openapi.json", &[]).json(200)["openapi"],
        json!("3.1.0")
    );
    server.ask("GET", "/v1/nothing", &[]).problem(404);
    server.ask("DELETE", "/v1/certificates", &[]).problem(405);

    // The rest of what it can be asked; then all of it is held against its own document.
    for path in [
        "/v1/types",
        &format!("/v1/types/{TYPE}"),
        "/v1/types/none",
        "/v1/problems/conflict",
        "/v1/problems/none",
        &format!("/v1/certificates?type={TYPE}&limit=1"),
        &format!("/v1/certificates?type={TYPE}&limit=0"),
        "/v1/certificates?number=1",
        &format!("/v1/certificates/{identifier}"),
        "/v1/certificates/none",
        "/v1/seals",
        "/v1/seals/none",
        "/pki/none.crl",
    ] {
        server.get(path, &clerk);
    }
    let seals = server.get("/v1/seals", &clerk).json(200);
    let seal = seals[0]["id"].as_str().unwrap();
    server.get(&format!("/v1/seals/{seal}"), &clerk);
    server.get(&format!("/v1/seals/{seal}"), &other);
    server.get(&format!("/v1/seals/{seal}/impression.svg"), &clerk);
    for change in ["suspend", "suspend", "resume"] {
        server.post(
            &format!("/v1/seals/{seal}/{change}"),
            &clerk,
            r#"{"reason":"交接"}"#,
            &[],
        );
    }
    for body in ["{}", r#"{"identifier": "1.2.3"}"#, "[]"] {
        server.post("/v1/status", "", body, &[]);
    }
    server.ask("POST", "/v1/status", &["--data", "x"]).problem(415);
    server.ask("POST", "/v1/verify", &[]).problem(400);
    for input in ["nothing at all", &*identifier] {
        server.ask("POST", "/v1/verify", &["--data-binary", input]);
    }
    server.conforms();

    // A second process is told who has the registry; the first ends in order when asked.
    let (_, told) = run_to(
        2,
        certseal(home.path()).args(["certificate", "find", &identifier]),
    );
    assert!(told.contains(&server.id().to_string()), "{told}");
    assert_eq!(server.stop(), Some(0));
    let found = run_ok(certseal(home.path()).args(["certificate", "find", &identifier]));
    assert!(found.contains("已撤销"), "{found}");
}

#[test]
fn a_withdrawn_key_and_an_upload_without_end() {
    let home = installation();
    let clerk = api_key(home.path(), "jy-desk", "jy");
    let server = Server::start(home.path());
    assert_eq!(server.get("/v1/types", &clerk).status, 200);
    server
        .get("/v1/certificates/1.2.156.3005.2.X", &clerk)
        .problem(404);
    run_ok(certseal(home.path()).args(["key", "api-revoke", "jy-desk"]));
    // The server looks at the file of keys every few moments.
    let refused = (0..50).any(|_| {
        std::thread::sleep(Duration::from_millis(200));
        server.get("/v1/certificates/1.2.156.3005.2.X", &clerk).status == 401
    });
    assert!(refused, "a withdrawn key still opens the door after ten seconds");

    // Two gigabytes that stand on no disk.
    let large: PathBuf = home.path().join("large.pdf");
    fs::File::create(&large).unwrap().set_len(2 << 30).unwrap();
    let file = format!("{}", large.display());
    let refused = server.ask(
        "POST",
        "/v1/verify",
        &[
            "--header",
            "Content-Type: application/pdf",
            "--upload-file",
            &file,
        ],
    );
    refused.problem(413);
    let garbage = server.post(
        "/v1/verify",
        "",
        "nothing at all",
        &["--header", "Content-Type: text/plain"],
    );
    assert_eq!(garbage.json(200)["sub_indication"], json!("FORMAT_FAILURE"));
}

/// The transcript that the documentation shows, run as it stands there: each status it names is the one
/// answered.
#[test]
fn the_transcript_in_the_documentation_runs_as_written() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/API.md");
    let page = fs::read_to_string(page).unwrap();
    let script: String = page
        .split("```")
        .filter_map(|block| block.strip_prefix("sh\n"))
        .collect();
    let told: Vec<&str> = script
        .lines()
        .filter_map(|line| line.rsplit_once("# "))
        .map(|(_, comment)| comment.trim())
        .filter(|comment| comment.len() == 3 && comment.parse::<u16>().is_ok())
        .collect();
    assert!(told.len() > 10, "{told:?}");

    let home = installation();
    let key = api_key(home.path(), "教育局业务系统", "jy");
    let server = Server::start(home.path());
    let folder = TempDir::new().unwrap();
    let ran = run(Command::new("bash")
        .args(["-euo", "pipefail", "-c", &script])
        .env("BASE", format!("http://{}", server.address))
        .env("KEY", key)
        .current_dir(folder.path()));
    let (answered, failed) = (
        String::from_utf8_lossy(&ran.stdout),
        String::from_utf8_lossy(&ran.stderr),
    );
    assert_eq!(answered.lines().collect::<Vec<_>>(), told, "{failed}");
    assert!(ran.status.success(), "{failed}");
}

#[test]
fn a_server_that_could_not_sign_does_not_start() {
    let home = installation();
    let (_, told) = run_to(
        2,
        certseal(home.path())
            .env("CERTSEAL_PASSPHRASE", "another one")
            .args(["serve", "--listen", "127.0.0.1:0"]),
    );
    assert!(told.contains("口令错误"), "{told}");
    let config = home.path().join("certseal.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("host = \"", "host = \"https://")).unwrap();
    let (_, told) = run_to(
        2,
        certseal(home.path()).args(["serve", "--listen", "127.0.0.1:0"]),
    );
    assert!(told.contains("应为主机名"), "{told}");
}
