//! The report in its forms: one model for command line and server, held against the published schema; many inputs at
//! once; a verifier without an installation.
#![allow(clippy::unwrap_used)]

use std::{
    ffi::OsStr,
    fs,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use certseal_tests::{
    certseal,
    documents::{ours, permit, with_evidence, with_page_content},
    judge_is_here, program, pyhanko, run_json, run_ok, run_to,
    server::{Server, validator},
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

/// What each line says, by the name of its input.
fn lines(stdout: &str) -> Vec<Value> {
    let lines = stdout.lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Documents of many kinds, by name: what was issued and is good, revoked, altered, extended, cut short; what bears no
/// signature; what is no document.
fn documents(home: &Path) -> TempDir {
    let folder = TempDir::new().unwrap();
    let put = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    let (good, gone) = (permit(home, 1), permit(home, 2));
    run_ok(certseal(home).args([
        "certificate",
        "revoke",
        gone.identifier(),
        "--reason",
        "申请材料不实",
    ]));
    put("a-good.pdf", &good.document);
    put("b-revoked.pdf", &gone.document);
    let mut altered = good.document.clone();
    altered[200] ^= 1;
    put("c-altered.pdf", &altered);
    put("d-evidence.pdf", &with_evidence(&good.document));
    put("e-page.pdf", &with_page_content(&good.document));
    put("f-cut.pdf", &good.document[..good.document.len() / 2]);
    put("g-unsigned.pdf", UNSIGNED);
    put("h-empty.pdf", b"");
    put("i-rubbish.pdf", b"%PDF-1.7\nnothing");
    put("j-picture.png", b"\x89PNG\r\n\x1a\nnothing");
    put("k-identifier.pdf", good.identifier().as_bytes());
    folder
}

const UNSIGNED: &[u8] = b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[]/Count 0>>\nendobj\n\
xref\n0 3\n0000000000 65535 f \n0000000009 00000 n \n0000000056 00000 n \ntrailer\n<</Size 3/Root 1 0 R>>\nstartxref\n105\n%%EOF\n";

/// Holds reports against the published schema, by a validator that is not ours. What the schema does not name is an
/// error here, though readers are told to pass over it: so that nothing is added to the report alone.
fn are_of_the_published_form(reports: &[Value]) {
    const JUDGE: &str = r#"
import json, sys
from jsonschema import Draft202012Validator
schema, reports = (json.load(open(path, encoding="utf-8")) for path in sys.argv[1:])
Draft202012Validator.check_schema(schema)
for definition in schema["$defs"].values():
    if "properties" in definition:
        definition["additionalProperties"] = False
judge = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
for number, report in enumerate(reports):
    errors = [f"{error.json_path}: {error.message}" for error in judge.iter_errors(report)]
    assert not errors, f"report {number}: " + "; ".join(errors)
print(len(reports))
"#;
    let validator = validator();
    if !judge_is_here(&validator.to_string_lossy()) {
        return;
    }
    let folder = TempDir::new().unwrap();
    let given = folder.path().join("reports.json");
    fs::write(&given, json!(reports).to_string()).unwrap();
    let mut judge = Command::new(validator.with_file_name("python"));
    judge.args(["-c", JUDGE]).arg(schema()).arg(&given);
    assert_eq!(run_ok(&mut judge).trim(), reports.len().to_string());
}

fn schema() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/report.schema.json")
}

/// Asks the server about a file.
fn posted(server: &Server, file: &Path, accept: &str) -> certseal_tests::server::Answer {
    let data = format!("@{}", file.display());
    let accept = format!("Accept: {accept}");
    let args = [
        "--header",
        "Content-Type: application/pdf",
        "--header",
        &accept,
        "--data-binary",
        &data,
    ];
    server.ask("POST", "/v1/verify", &args)
}

/// A report without what differs from one moment to the next: when it was made, and as of when the registry spoke.
fn timeless(mut report: Value) -> Value {
    for member in ["verified_at", "registry_as_of"] {
        report[member].take();
    }
    serde_json::from_str(&without_as_of(&report.to_string())).unwrap()
}

/// A text without the instants that say as of when the registry spoke.
fn without_as_of(text: &str) -> String {
    let mut text = text.to_owned();
    for words in ["截至 ", "as of "] {
        let mut parts = text.split(words);
        let first = parts.next().unwrap_or_default().to_owned();
        text = parts.fold(first, |before, part| {
            before + words + part.get(19..).unwrap_or_default()
        });
    }
    text
}

#[test]
fn command_line_and_server_give_one_report_in_the_published_form() {
    let (_folder, home) = ours();
    let folder = documents(&home);
    let (stdout, _) = run_to(1, certseal(&home).args(["--json", "verify"]).arg(folder.path()));
    let told = lines(&stdout);
    let conclusions: Vec<&str> = told
        .iter()
        .map(|one| one["report"]["conclusion"].as_str().unwrap())
        .collect();
    let expected = ["good", "not-in-force", "bad"];
    assert_eq!(conclusions[..3], expected, "{stdout}");
    assert_eq!(told.len(), 11);

    // A single one is the report itself.
    let one = run_json(
        0,
        certseal(&home)
            .arg("verify")
            .arg(folder.path().join("a-good.pdf")),
    );
    assert_eq!(timeless(one), timeless(told[0]["report"].clone()));
    let signature = &told[0]["report"]["signatures"][0];
    assert!(
        signature["headline"].as_str().unwrap().contains("整个文件"),
        "{signature}"
    );

    let mut reports: Vec<Value> = told.iter().map(|one| one["report"].clone()).collect();
    let server = Server::start(&home);
    for one in &told {
        let file = Path::new(one["input"].as_str().unwrap());
        if fs::metadata(file).unwrap().len() == 0 {
            posted(&server, file, "*/*").problem(400);
            continue;
        }
        let answer = posted(&server, file, "application/json").json(200);
        assert_eq!(
            timeless(answer.clone()),
            timeless(one["report"].clone()),
            "{}",
            file.display()
        );
        reports.push(answer);
    }
    server.conforms();

    // Without an installation, with anchors and without.
    let root = home.join("pki/root.cer");
    let mut strange = Command::new(program());
    strange.current_dir(folder.path()).env_remove("CERTSEAL_HOME");
    strange
        .args(["--json", "verify", "--no-home", "--anchor"])
        .arg(&root)
        .arg(folder.path());
    let (stdout, _) = run_to(1, &mut strange);
    reports.extend(lines(&stdout).into_iter().map(|mut one| one["report"].take()));
    are_of_the_published_form(&reports);
}

/// Reads reports by the bindings that another program made of the schema of TS 119 102-2, strictly: V1.2.1, which says
/// the same of all that stands in ours. Every reference has to lead somewhere.
const ETSI: &str = r#"
import sys
from xml.etree import ElementTree
from pyhanko.generated.etsi.ts_11910202 import ValidationReport
from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.parsers.config import ParserConfig

strict = ParserConfig(fail_on_unknown_attributes=True, fail_on_converter_warnings=True)
for path in sys.argv[1:]:
    text = open(path, encoding="utf-8").read()
    assert "http://uri.etsi.org/19102/v1.4.1#" in text
    report = XmlParser(config=strict).from_string(text.replace("/v1.4.1#", "/v1.2.1#"), ValidationReport)
    tree = ElementTree.fromstring(text)
    names = [element.get("id") for element in tree.iter() if element.get("id")]
    assert len(names) == len(set(names)), names
    for element in tree.iter():
        assert element.get("VOReference", names[0] if names else None) in [*names, None], element.attrib
    for one in report.signature_validation_report:
        print(one.signature_validation_status.main_indication.rsplit(":", 1)[1], end=" ")
    print()
"#;

#[test]
fn programs_that_know_no_report_of_ours_get_one_of_the_standard() {
    let (_folder, home) = ours();
    let folder = documents(&home);
    let names = [
        ("a-good.pdf", 0, "total-passed"),
        ("c-altered.pdf", 1, "total-failed"),
        ("d-evidence.pdf", 0, "total-passed"),
        ("e-page.pdf", 1, "total-failed"),
        ("g-unsigned.pdf", 3, "indeterminate"),
        ("i-rubbish.pdf", 1, "total-failed"),
    ];
    let files = names.map(|(name, ..)| folder.path().join(name));
    let reports = files.each_ref().map(|file| file.with_extension("xml"));
    for ((_, code, _), (file, out)) in names.iter().zip(files.iter().zip(&reports)) {
        run_to(
            *code,
            certseal(&home).args(["verify", "--etsi"]).arg(out).arg(file),
        );
    }
    let server = Server::start(&home);
    for (file, out) in files.iter().zip(&reports) {
        let answer = posted(&server, file, "application/xml");
        assert!(
            answer.head.contains("content-type: application/xml"),
            "{}",
            answer.head
        );
        let untimed = |xml: &str| {
            let lines = xml.lines().filter(|line| !line.contains("Time>"));
            without_as_of(&lines.collect::<Vec<_>>().join("\n"))
        };
        let written = fs::read_to_string(out).unwrap();
        assert_eq!(
            untimed(&written),
            untimed(&String::from_utf8(answer.body).unwrap())
        );
    }
    let python = pyhanko().with_file_name("python");
    if judge_is_here(&python.to_string_lossy()) {
        let said = run_ok(Command::new(python).args(["-c", ETSI]).args(reports));
        let said: Vec<&str> = said.lines().map(str::trim).collect();
        let expected = names.map(|(.., expected)| expected);
        assert_eq!(said, expected);
    }
}

#[test]
fn a_page_says_the_same_and_runs_nothing() {
    let (folder, home) = ours();
    let permit = permit(&home, 3);
    let hostile = folder.path().join("<img src=x>.pdf");
    fs::write(&hostile, with_page_content(&permit.document)).unwrap();
    let page = folder.path().join("page.html");
    let report = run_json(
        1,
        certseal(&home)
            .args(["verify", "--html"])
            .arg(&page)
            .arg(&hostile),
    );
    let html = fs::read_to_string(&page).unwrap();
    assert!(html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>\n"));
    for word in [
        "核验不通过",
        "Not genuine",
        "MODIFIED_AFTER_SIGNING",
        "&lt;img src=x&gt;.pdf",
        "签名与时间戳",
    ] {
        assert!(html.contains(word), "{word}");
    }
    for member in ["headline", "headline_en"] {
        assert!(html.contains(report[member].as_str().unwrap()), "{member}");
    }
    for banned in ["<img", "<script", "javascript:", "src=\"", "href=", "url("] {
        assert!(!html.contains(banned), "{banned}");
    }

    // Several have no page.
    let mut several = certseal(&home);
    several
        .args(["verify", "--html"])
        .arg(&page)
        .arg(&hostile)
        .arg(&hostile);
    let (_, stderr) = run_to(2, &mut several);
    assert!(stderr.contains("--html"), "{stderr}");

    // Who takes the option for a switch loses no document by it.
    let before = fs::read(&hostile).unwrap();
    for option in ["--html", "--etsi"] {
        let mut over = certseal(&home);
        over.args(["verify", option]).arg(&hostile).arg(&hostile);
        let (_, stderr) = run_to(2, &mut over);
        assert!(stderr.contains("没有覆盖"), "{stderr}");
        assert_eq!(fs::read(&hostile).unwrap(), before, "{option}");
    }

    // The server's is the same, under a policy that lets in its style and nothing else.
    let server = Server::start(&home);
    let answer = posted(&server, &hostile, "text/html,application/xhtml+xml,*/*;q=0.8");
    assert_eq!(answer.status, 200);
    assert!(
        answer.head.contains("content-type: text/html; charset=utf-8"),
        "{}",
        answer.head
    );
    assert!(
        answer.head.contains("default-src 'none'; style-src 'sha256-"),
        "{}",
        answer.head
    );
    let served = String::from_utf8(answer.body).unwrap();
    let signatures = |html: &str| {
        let from = html.find("<article").unwrap();
        without_as_of(&html[from..])
    };
    assert!(signatures(&served) == signatures(&html));
}

#[test]
fn a_time_that_was_given_is_said_in_every_form() {
    let (folder, home) = ours();
    let permit = permit(&home, 4);
    let page = folder.path().join("page.html");
    let later = |form: &[&OsStr]| {
        let mut verify = certseal(&home);
        verify.args(["verify", "--at", "2040-01-01T00:00:00Z"]).args(form);
        verify.arg(&permit.file).output().unwrap().stdout
    };
    let text = String::from_utf8(later(&["--html".as_ref(), page.as_os_str()])).unwrap();
    assert!(
        text.contains("核验时间系人为指定为 2040-01-01 08:00:00"),
        "{text}"
    );
    assert!(fs::read_to_string(&page).unwrap().contains("不是实际核验的时刻"));
    let report: Value = serde_json::from_slice(&later(&["--json".as_ref()])).unwrap();
    assert_eq!(report["time_given"], true);
    let present = run_json(permit.stands().0, certseal(&home).arg("verify").arg(&permit.file));
    assert_eq!(present["time_given"], false);
}

#[test]
fn many_are_judged_in_their_order_and_the_worst_counts() {
    let (_folder, home) = ours();
    let folder = documents(&home);
    let at = |name: &str| folder.path().join(name);
    // Names in a list, one of them with a line break, one that is missing.
    let broken = at("l\nbreak.pdf");
    fs::copy(at("a-good.pdf"), &broken).unwrap();
    let names = [at("i-rubbish.pdf"), broken, at("none.pdf"), at("a-good.pdf")];
    let list: Vec<u8> = names
        .iter()
        .flat_map(|name| format!("{}\0", name.display()).into_bytes())
        .collect();
    let asked = |args: &[&str]| {
        let mut child = certseal(&home)
            .arg("verify")
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(&list).unwrap();
        let output = child.wait_with_output().unwrap();
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    let (status, stdout) = asked(&["--json", "--list", "-", "--null"]);
    assert_eq!(status, 2);
    let told = lines(&stdout);
    let inputs: Vec<PathBuf> = told
        .iter()
        .map(|one| PathBuf::from(one["input"].as_str().unwrap()))
        .collect();
    assert_eq!(inputs, names);
    assert_eq!(told[0]["report"]["conclusion"], "bad");
    assert_eq!(
        (&told[1]["report"]["conclusion"], told[2]["error"].is_string()),
        (&json!("good"), true)
    );

    let (status, text) = asked(&["--list", "-", "--null"]);
    assert_eq!(status, 2);
    let marks: Vec<&str> = text
        .lines()
        .take(4)
        .filter_map(|line| line.split(']').next())
        .collect();
    assert_eq!(marks, ["[不通过", "[ 通过 ", "[ 未读 ", "[ 通过 "], "{text}");
    assert!(
        text.contains("合计 4 项") && text.contains("真实有效 genuine and in force"),
        "{text}"
    );

    // A folder holds everything; the bytes themselves come on standard input.
    let (stdout, _) = run_to(1, certseal(&home).arg("verify").arg(folder.path()));
    assert!(stdout.contains("合计 12 项"), "{stdout}");
    let mut good = certseal(&home);
    good.args(["--json", "verify", "-"])
        .stdin(fs::File::open(at("a-good.pdf")).unwrap());
    assert_eq!(run_json(0, &mut good)["conclusion"], "good");
    let (_, stderr) = run_to(2, certseal(&home).args(["verify", "-", "--list", "-"]));
    assert!(stderr.contains("标准输入只能用一次"), "{stderr}");
}

#[test]
fn a_verifier_needs_no_installation() {
    let (_folder, home) = ours();
    let permit = permit(&home, 5);
    let elsewhere = TempDir::new().unwrap();
    let verify = |more: &[&str]| {
        let mut command = Command::new(program());
        command.current_dir(elsewhere.path()).env_remove("CERTSEAL_HOME");
        command.arg("verify").args(more).arg(&permit.file);
        let output = command.output().unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (status, text, said) = verify(&[]);
    assert_eq!(status, Some(3), "{text}{said}");
    assert!(
        text.contains("UNKNOWN_ROOT") && said.contains("--anchor"),
        "{text}{said}"
    );
    let pki = home.join("pki");
    let [root, crls] = ["root.cer", "ca.crl"].map(|name| pki.join(name).display().to_string());
    let (_, text, said) = verify(&["--anchor", &root, "--crl", &crls]);
    assert!(!text.contains("UNKNOWN_ROOT") && said.is_empty(), "{text}{said}");
    // What is no certificate is refused with its name, not passed over.
    let (status, _, said) = verify(&["--anchor", &crls]);
    assert_eq!(status, Some(2));
    assert!(said.contains("ca.crl") && said.contains("--crl"), "{said}");
    // An installation that was named has to be there.
    let (status, _, said) = verify(&["--home", "nowhere"]);
    assert_eq!(status, Some(2));
    assert!(said.contains("nowhere"), "{said}");
}

#[test]
fn who_stops_reading_or_interrupts_gets_no_verdict() {
    let (_folder, home) = ours();
    let folder = documents(&home);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut many = certseal(&home);
    let output = many
        .arg("verify")
        .arg(folder.path())
        .stdout(writer)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(141));
    assert!(output.stderr.is_empty());

    // Waiting for a name that does not come.
    let mut child = certseal(&home)
        .args(["verify", "--list", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut names = child.stdin.take().unwrap();
    writeln!(names, "{}", folder.path().join("a-good.pdf").display()).unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut first = [0; 1];
    stdout.read_exact(&mut first).unwrap();
    thread::sleep(Duration::from_millis(200));
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("合计 1 项"), "{rest}");
    drop(names);
}
