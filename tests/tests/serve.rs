//! A clerk's day over HTTP: `certseal serve` as built, asked by curl.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use certseal_tests::{certseal, installation, run_json, run_ok, run_to};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

const TYPE: &str = "teacher-qualification-certificate";

/// A running server; stopped when dropped.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(home: &Path) -> Self {
        let mut child = certseal(home)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                let (_, rest) = line.split_once("http://")?;
                Some(rest.split('/').next()?.to_owned())
            })
            .expect("the server says where it listens");
        // Its log goes on; a full pipe would stop it.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    /// Asks the server to stop as a supervisor would, and gives its exit status.
    fn stop(mut self) -> Option<i32> {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        self.child.wait().unwrap().code()
    }

    fn curl(&self, path: &str, args: &[&str]) -> Answer {
        let folder = TempDir::new().unwrap();
        let (head, body) = (folder.path().join("head"), folder.path().join("body"));
        let output = Command::new("curl")
            .args([
                "--silent",
                "--show-error",
                "--max-time",
                "60",
                "--write-out",
                "%{http_code}",
            ])
            .arg("--dump-header")
            .arg(&head)
            .arg("--output")
            .arg(&body)
            .args(args)
            .arg(format!("http://{}{path}", self.address))
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Answer {
            status: String::from_utf8_lossy(&output.stdout).parse().unwrap(),
            head: fs::read_to_string(head).unwrap_or_default().to_lowercase(),
            body: fs::read(body).unwrap_or_default(),
        }
    }

    fn post(&self, path: &str, key: &str, body: &str, more: &[&str]) -> Answer {
        let authorization = format!("Authorization: Bearer {key}");
        let mut args = vec![
            "--header",
            &authorization,
            "--header",
            "Content-Type: application/json",
        ];
        args.extend(["--data-binary", body]);
        args.extend(more);
        self.curl(path, &args)
    }

    fn get(&self, path: &str, key: &str) -> Answer {
        self.curl(path, &["--header", &format!("Authorization: Bearer {key}")])
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    #[track_caller]
    fn json(&self, status: u16) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{text}");
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// A refusal as RFC 9457 has it, with what a clerk needs.
    #[track_caller]
    fn problem(&self, status: u16) -> Value {
        let problem = self.json(status);
        assert!(self.head.contains("application/problem+json"), "{}", self.head);
        for member in ["type", "title", "status", "detail"] {
            assert!(!problem[member].is_null(), "no {member} in {problem}");
        }
        problem
    }
}

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
        .curl(
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
        assert_eq!(server.curl(path, &[]).status, 200, "{path}");
    }
    assert_eq!(
        server.curl("/openapi.json", &[]).json(200)["openapi"],
        json!("3.1.0")
    );
    server.curl("/v1/nothing", &[]).problem(404);
    server
        .curl("/v1/certificates", &["--request", "DELETE"])
        .problem(405);

    // A second process is told who has the registry; the first ends in order when asked.
    let (_, told) = run_to(
        2,
        certseal(home.path()).args(["certificate", "find", &identifier]),
    );
    assert!(told.contains(&server.child.id().to_string()), "{told}");
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
    let refused = server.curl(
        "/v1/verify",
        &[
            "--header",
            "Content-Type: application/pdf",
            "--upload-file",
            &file,
            "--request",
            "POST",
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
