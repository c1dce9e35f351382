//! One certificate in both forms: PDF and OFD with one identifier, one QR code, one entry in the registry.

#![allow(clippy::unwrap_used, missing_docs)]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use certseal_tests::{
    certseal,
    documents::{Issued, copy_of, issue, verify},
    run_json, run_ok, run_to,
    server::Server,
};
use serde_json::{Value, json};
use tempfile::TempDir;

const TYPE: &str = "teacher-qualification-certificate";

struct Office {
    folder: TempDir,
    issued: Issued,
}

/// An installation with national keys and seals, and a certificate of it in both forms.
fn office() -> &'static Office {
    static OFFICE: OnceLock<Office> = OnceLock::new();
    OFFICE.get_or_init(|| {
        let folder = TempDir::new().unwrap();
        let home = folder.path().join("home");
        run_ok(certseal(&home).args(["init", "--national"]));
        let issued = issue(&home, TYPE, &[]);
        Office { folder, issued }
    })
}

impl Office {
    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    fn ofd(&self) -> PathBuf {
        self.issued.file.with_extension("ofd")
    }
}

/// What a report says of one check.
fn finding<'r>(report: &'r Value, check: &str) -> &'r Value {
    let findings = report["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["check"] == check);
    found.unwrap_or_else(|| panic!("no {check}: {report:#}"))
}

#[test]
fn both_forms_are_one_certificate() {
    let office = office();
    let record = &office.issued.record;
    assert_eq!(record["document"]["profile"], "pdf-pades");
    assert_eq!(record["further"][0]["profile"], "ofd-gb38540");
    let mut identifiers = Vec::new();
    for file in [office.issued.file.clone(), office.ofd()] {
        let verdict = verify(&office.home(), &[file.to_str().unwrap()]);
        assert_eq!(verdict.status, Some(0), "{:#}", verdict.report);
        assert_eq!(verdict.report["indication"], "TOTAL-PASSED");
        for check in ["token-signature", "agreement", "registered-document", "seal"] {
            assert_eq!(finding(&verdict.report, check)["outcome"], "passed", "{check}");
        }
        identifiers.push(verdict.report["subject"]["identifier"].clone());
    }
    assert_eq!(
        identifiers,
        [office.issued.identifier(), office.issued.identifier()]
    );

    let found = run_json(
        0,
        certseal(&office.home()).args(["--json", "certificate", "history", office.issued.identifier()]),
    );
    let events = found.as_array().unwrap();
    assert_eq!(events.len(), 1, "{found:#}");
}

#[test]
fn the_name_of_the_file_says_which_form_is_taken_out() {
    let office = office();
    let folder = TempDir::new().unwrap();
    for (name, like) in [("a.pdf", &office.issued.file), ("a.OFD", &office.ofd())] {
        let out = folder.path().join(name);
        run_ok(
            certseal(&office.home())
                .args(["certificate", "export", office.issued.identifier(), "--out"])
                .arg(&out),
        );
        assert_eq!(fs::read(&out).unwrap(), fs::read(like).unwrap(), "{name}");
    }
}

#[test]
fn others_verify_it_by_the_roots_alone() {
    let office = office();
    let pki = office.home().join("pki");
    let pki = |name: &str| pki.join(name).display().to_string();
    let mut command = certseal(Path::new("/nonexistent"));
    command.args(["--json", "verify", "--no-home", "--offline"]);
    for root in ["sm2-root.cer", "sm2-seal-root.cer"] {
        command.args(["--anchor", &pki(root)]);
    }
    command.args(["--intermediate", &pki("sm2-ca.cer")]);
    for list in ["sm2-ca.crl", "sm2-root.crl", "sm2-seal-root.crl"] {
        command.args(["--crl", &pki(list)]);
    }
    let report = run_json(3, command.arg(office.ofd()));
    // All but what only the trust list knows: the issuer's standing and who signs QR codes.
    for check in [
        "references",
        "digest",
        "signature",
        "signer-path",
        "seal-maker",
        "coverage",
    ] {
        assert_eq!(
            finding(&report, check)["outcome"],
            "passed",
            "{check}: {report:#}"
        );
    }
}

#[test]
fn a_suspended_seal_and_a_missing_form_seal_nothing() {
    let office = office();
    let copy = copy_of(office.folder.path());
    let home = copy.path().join("home");
    let seal = office.issued.said("seal");
    let form = home.join(format!("pki/{seal}.esl"));
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples/teacher.json");
    let try_to = |status: i32| {
        run_to(
            status,
            certseal(&home)
                .args(["issue", "--type", TYPE, "--data"])
                .arg(&example)
                .arg("--out")
                .arg(copy.path().join("x.pdf")),
        )
        .1
    };

    let kept = fs::read(&form).unwrap();
    fs::remove_file(&form).unwrap();
    assert!(try_to(2).contains("certseal seal national"));
    let mut other = kept.clone();
    let last = other.len() - 1;
    other[last] ^= 1;
    fs::write(&form, &other).unwrap();
    assert!(try_to(2).contains(seal));
    fs::write(&form, &kept).unwrap();

    let suspend = ["seal", "suspend", seal, "--reason", "遗失"];
    run_ok(certseal(&home).args(suspend));
    assert!(try_to(2).contains("停用"));
    run_ok(certseal(&home).args(["seal", "resume", seal, "--reason", "寻回"]));

    // A type that is issued as OFD alone needs no other.
    run_ok(certseal(&home).args(["type", "profiles", "--set", "ofd-gb38540", TYPE]));
    let issued = run_json(
        0,
        certseal(&home)
            .args(["--json", "issue", "--type", TYPE, "--data"])
            .arg(&example)
            .arg("--out")
            .arg(copy.path().join("only.pdf")),
    );
    assert_eq!(issued["record"]["document"]["profile"], "ofd-gb38540");
    assert_eq!(issued["record"]["further"], Value::Null);
    assert!(fs::read(copy.path().join("only.ofd")).unwrap().starts_with(b"PK"));
}

#[test]
fn the_api_gives_each_form() {
    let office = office();
    let copy = copy_of(office.folder.path());
    let home = copy.path().join("home");
    let made = run_json(
        0,
        certseal(&home).args(["--json", "key", "api-add", "jy-desk", "--department", "jy"]),
    );
    let key = made["key"].as_str().unwrap();
    let server = Server::start(&home);
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples/teacher.json");
    let fields: Value = serde_json::from_slice(&fs::read(example).unwrap()).unwrap();
    let body = json!({ "type": TYPE, "fields": fields }).to_string();
    let issued = server.post("/v1/certificates", key, &body, &[]).json(201);
    let documents = issued["documents"].as_array().unwrap();
    assert_eq!(documents.len(), 2, "{issued:#}");
    for (document, (profile, kind)) in documents.iter().zip([
        ("pdf-pades", "application/pdf"),
        ("ofd-gb38540", "application/ofd"),
    ]) {
        assert_eq!(document["profile"], profile);
        let answer = server.get(document["href"].as_str().unwrap(), key);
        assert_eq!(answer.status, 200);
        assert!(
            answer.head.contains(&format!("content-type: {kind}")),
            "{}",
            answer.head
        );
        let file = copy.path().join(profile);
        fs::write(&file, &answer.body).unwrap();
        let report = server
            .ask(
                "POST",
                "/v1/verify",
                &[
                    "--header",
                    &format!("Content-Type: {kind}"),
                    "--data-binary",
                    &format!("@{}", file.display()),
                ],
            )
            .json(200);
        assert_eq!(report["indication"], "TOTAL-PASSED", "{report:#}");
    }
    let identifier = issued["identifier"].as_str().unwrap();
    let unknown = format!("/v1/certificates/{identifier}/document?profile=paper");
    assert_eq!(server.get(&unknown, key).status, 400);
    assert_eq!(server.stop(), Some(0));
}
