//! `certseal serve` as built, asked by curl; what it answers is held against its own document.
#![allow(clippy::unwrap_used)]

use std::{
    cell::RefCell,
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{certseal, judge_is_here, run_ok};

/// A running server; stopped when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Where it listens: `127.0.0.1:…`.
    pub address: String,
    /// What was asked and answered.
    exchanges: RefCell<Vec<Value>>,
}

impl Server {
    /// Starts it on a free port.
    ///
    /// # Panics
    /// When it does not say where it listens.
    pub fn start(home: &Path) -> Self {
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
        Self {
            child,
            address,
            exchanges: RefCell::default(),
        }
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks the server to stop as a supervisor would, and gives its exit status.
    ///
    /// # Panics
    /// When it cannot be asked.
    pub fn stop(mut self) -> Option<i32> {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        self.child.wait().unwrap().code()
    }

    /// Asks, with the arguments for curl that say how.
    ///
    /// # Panics
    /// When there is no answer.
    pub fn ask(&self, method: &str, path: &str, args: &[&str]) -> Answer {
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
            .args(["--request", method])
            .args(args)
            .arg(format!("http://{}{path}", self.address))
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let answer = Answer {
            status: String::from_utf8_lossy(&output.stdout).parse().unwrap(),
            head: fs::read_to_string(head).unwrap_or_default().to_lowercase(),
            body: fs::read(body).unwrap_or_default(),
        };
        self.exchanges.borrow_mut().push(json!({
            "method": method.to_lowercase(),
            "path": path,
            "status": answer.status,
            "type": answer.media_type(),
            "body": String::from_utf8_lossy(&answer.body),
        }));
        answer
    }

    /// Holds the server's document against the OpenAPI 3.1 specification, and all it answered so far against
    /// the document, where the judge is installed.
    ///
    /// # Panics
    /// When the document is not valid, or an answer is not as it says.
    pub fn conforms(&self) {
        let validator = validator();
        if !judge_is_here(&validator.to_string_lossy()) {
            return;
        }
        let folder = TempDir::new().unwrap();
        let (document, exchanges) = (
            folder.path().join("openapi.json"),
            folder.path().join("exchanges.json"),
        );
        let answered = Value::Array(self.exchanges.take());
        fs::write(&exchanges, answered.to_string()).unwrap();
        fs::write(&document, self.ask("GET", "/openapi.json", &[]).body).unwrap();
        run_ok(Command::new(&validator).arg(&document));
        let python = validator.with_file_name("python");
        let told = run_ok(
            Command::new(python)
                .args(["-c", CONFORMS])
                .arg(&document)
                .arg(&exchanges),
        );
        writeln!(std::io::stderr().lock(), "{told}").unwrap();
    }

    /// Posts JSON with an API key.
    pub fn post(&self, path: &str, key: &str, body: &str, more: &[&str]) -> Answer {
        let authorization = format!("Authorization: Bearer {key}");
        let mut args = vec![
            "--header",
            &authorization,
            "--header",
            "Content-Type: application/json",
        ];
        args.extend(["--data-binary", body]);
        args.extend(more);
        self.ask("POST", path, &args)
    }

    /// Gets with an API key.
    pub fn get(&self, path: &str, key: &str) -> Answer {
        self.ask(
            "GET",
            path,
            &["--header", &format!("Authorization: Bearer {key}")],
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The head, in lower case.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The media type of the body.
    fn media_type(&self) -> Option<String> {
        let line = self
            .head
            .lines()
            .find_map(|line| line.strip_prefix("content-type:"))?;
        Some(line.split(';').next()?.trim().to_owned())
    }

    /// The body as JSON, where the status is as expected.
    ///
    /// # Panics
    /// When it is not.
    #[track_caller]
    pub fn json(&self, status: u16) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{text}");
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// A refusal as RFC 9457 has it, with what a clerk needs.
    ///
    /// # Panics
    /// When it is none.
    #[track_caller]
    pub fn problem(&self, status: u16) -> Value {
        let problem = self.json(status);
        assert!(self.head.contains("application/problem+json"), "{}", self.head);
        for member in ["type", "title", "status", "detail"] {
            assert!(!problem[member].is_null(), "no {member} in {problem}");
        }
        problem
    }
}

/// openapi-spec-validator, where `scripts/setup.sh test` puts it, or on the path.
pub fn validator() -> PathBuf {
    const NAME: &str = "openapi-spec-validator";
    let own = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../target/tools/openapi/bin")
        .join(NAME);
    let on_path = || {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path)
            .map(|folder| folder.join(NAME))
            .find(|file| file.exists())
    };
    if own.exists() {
        own
    } else {
        on_path().unwrap_or_else(|| NAME.into())
    }
}

/// Holds answers against the document: status, media type and every JSON body.
const CONFORMS: &str = r##"
import json, re, sys
from openapi_schema_validator import OAS31Validator, oas31_format_checker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

document, exchanges = (json.load(open(path, encoding="utf-8")) for path in sys.argv[1:])
registry = Registry().with_resource("urn:api", Resource(document, DRAFT202012))
# Templates with fewer parameters first: /document is no {change}.
templates = sorted(document["paths"], key=lambda path: path.count("{"))
judged = 0
for exchange in exchanges:
    path = exchange["path"].split("?")[0]
    fits = (t for t in templates if re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", t), path))
    template = next(fits, None)
    operation = document["paths"].get(template, {}).get(exchange["method"])
    if operation is None:
        continue
    where = f"{exchange['method']} {template} {exchange['status']}"
    response = operation["responses"].get(str(exchange["status"]))
    assert response, f"{where}: the status is not in the document"
    content = response.get("content")
    assert content is None or exchange["type"] in content, f"{where}: {exchange['type']} is not in the document"
    if exchange["type"] and exchange["type"].endswith("json"):
        pointer = "/".join(
            part.replace("~", "~0").replace("/", "~1")
            for part in ["#", "paths", template, exchange["method"], "responses", str(exchange["status"]), "content"]
        )
        pointer += "/" + exchange["type"].replace("/", "~1") + "/schema"
        schema = {"$ref": "urn:api" + pointer}
        judge = OAS31Validator(schema, registry=registry, format_checker=oas31_format_checker)
        errors = [f"{error.json_path}: {error.message}" for error in judge.iter_errors(json.loads(exchange["body"]))]
        assert not errors, where + ": " + "; ".join(errors)
    judged += 1
assert judged > 0, "nothing was judged"
print(f"{judged} answers are as the document says")
"##;
