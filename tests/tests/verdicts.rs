//! What the program says of a genuine document as the world around it changes: registry, seals, keys,
//! revocation lists, time.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
    sync::OnceLock,
    thread,
    time::Duration,
};

use certseal_tests::{
    certseal,
    documents::{Issued, copy_of, found, issue, verify},
    run, run_json, run_ok,
};
use jiff::{SignedDuration, Timestamp, ToSpan as _, Zoned, tz::TimeZone};
use serde_json::Value;
use tempfile::TempDir;

/// A certificate without end, so that the suite does not age.
const TYPE: &str = "teacher-qualification-certificate";
/// The seal and the signer behind it.
const SIGNER: &str = "signer-jy";

struct Office {
    folder: TempDir,
    issued: Issued,
}

fn office() -> &'static Office {
    static OFFICE: OnceLock<Office> = OnceLock::new();
    OFFICE.get_or_init(|| {
        let folder = found("419901", "河南省示例市示例区");
        let issued = issue(&folder.path().join("home"), TYPE, &[]);
        Office { folder, issued }
    })
}

/// One test's own installation, with one certificate issued.
struct Desk {
    folder: TempDir,
    issued: &'static Issued,
}

fn desk() -> Desk {
    Desk {
        folder: copy_of(office().folder.path()),
        issued: &office().issued,
    }
}

impl Desk {
    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    fn file(&self) -> &str {
        self.issued.file.to_str().unwrap()
    }

    fn run(&self, args: &[&str]) -> Output {
        run(certseal(&self.home()).args(args))
    }

    #[track_caller]
    fn ok(&self, args: &[&str]) -> String {
        run_ok(certseal(&self.home()).args(args))
    }

    /// Asserts that the program refuses with status 2, names these words, and advises.
    #[track_caller]
    fn refuses(&self, args: &[&str], words: &[&str]) {
        let output = self.run(args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert!(said.starts_with("错误："), "{said}");
        assert!(said.contains("建议："), "no advice in: {said}");
        for word in words {
            assert!(said.contains(word), "no {word} in: {said}");
        }
    }

    /// What a person reads.
    fn read_out(&self) -> String {
        String::from_utf8(self.run(&["verify", self.file()]).stdout).unwrap()
    }

    #[track_caller]
    fn change(&self, verb: &str, reason: &str) -> String {
        self.ok(&["certificate", verb, self.issued.identifier(), "--reason", reason])
    }
}

fn today() -> Zoned {
    Timestamp::now().to_zoned(TimeZone::fixed(jiff::tz::offset(8)))
}

fn in_days(days: i64) -> String {
    (Timestamp::now() + SignedDuration::from_hours(24 * days)).to_string()
}

#[test]
fn a_good_document_is_good_by_registry_and_without() {
    let desk = desk();
    let verdict = verify(&desk.home(), &[desk.file()]);
    verdict.expect(0, "TOTAL-PASSED", "in-force");
    let report = &verdict.report;
    assert_eq!(report["schema"], "certseal-report/1");
    assert_eq!(report["input"], "document");
    assert_eq!(report["conclusion"], "good");
    for empty in ["sub_indication", "reason"] {
        assert!(report[empty].is_null(), "{report:#}");
    }
    let find = ["certificate", "find", desk.issued.identifier()];
    let unmasked = ["--unmasked", "--reason", "to compare"];
    let found = run_json(0, certseal(&desk.home()).args(find).args(unmasked));
    for field in [
        "identifier",
        "number",
        "holder_name",
        "issuer_code",
        "issuer_name",
    ] {
        assert!(found[0][field].is_string(), "{field}");
        assert_eq!(report["subject"][field], found[0][field], "{field}");
    }
    let masked = &report["subject"]["holder_code_masked"];
    assert!(masked.as_str().unwrap().contains("****"), "{masked}");
    assert_eq!(masked, &desk.issued.record["holder_code"]);
    assert_eq!(report["signed_by"]["proven_at"], desk.issued.record["issued_at"]);
    assert!(report["registry_as_of"].is_string());
    let findings = report["findings"].as_array().unwrap();
    assert!(findings.len() >= 20, "{} findings", findings.len());
    for finding in findings {
        assert_eq!(finding["outcome"], "passed", "{finding:#}");
    }

    let verdict = verify(&desk.home(), &["--offline", desk.file()]);
    verdict.expect(0, "TOTAL-PASSED", "by-dates");
    assert_eq!(verdict.report["conclusion"], "good");
    assert!(verdict.report["registry_as_of"].is_null());
    verdict.check("registry", "undecided", "REGISTRY_NOT_ASKED");
    verdict.check("registered-document", "not-applicable", "NOT_APPLICABLE");
    verdict.check("seal", "passed", "OK");

    let said = desk.read_out();
    assert!(said.starts_with("结论  真实有效\n代码  TOTAL-PASSED\n"), "{said}");
}

#[test]
fn an_identifier_alone_proves_nothing_but_is_looked_up() {
    let desk = desk();
    let verdict = verify(&desk.home(), &[desk.issued.identifier()]);
    verdict.expect(3, "INDETERMINATE", "in-force");
    verdict.because("IDENTIFIER_ONLY", "SIGNED_DATA_NOT_FOUND");
    assert_eq!(verdict.report["input"], "identifier");
}

#[test]
fn several_inputs_end_with_the_worst_of_their_verdicts() {
    let desk = desk();
    let empty = desk.folder.path().join("empty");
    fs::write(&empty, b"").unwrap();
    let output = desk.run(&["--json", "verify", desk.file(), empty.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let lines = output.stdout.split(|byte| *byte == b'\n');
    let lines = lines.filter(|line| !line.is_empty());
    let reports: Vec<Value> = lines.map(|line| serde_json::from_slice(line).unwrap()).collect();
    let indications: Vec<&Value> = reports.iter().map(|one| &one["report"]["indication"]).collect();
    assert_eq!(indications, ["TOTAL-PASSED", "TOTAL-FAILED"]);
    assert_eq!(reports[0]["input"], desk.file());
}

#[test]
fn an_expired_certificate_is_genuine_and_no_longer_in_force() {
    let desk = desk();
    let until = today().date() + 10.days();
    let from = today().date() - 1.year();
    let dates = [
        format!("issued-on={from}"),
        format!("valid-from={from}"),
        format!("valid-until={until}"),
    ];
    let set: Vec<&str> = dates.iter().flat_map(|date| ["--set", date]).collect();
    let permit = issue(&desk.home(), "food-business-permit", &set);
    assert_eq!(permit.said("valid_until"), until.to_string());
    let file = permit.file.to_str().unwrap();
    verify(&desk.home(), &[file]).expect(0, "TOTAL-PASSED", "in-force");

    // Its last day is a day in force, to the last second in China.
    let midnight = (until + 1.day())
        .to_zoned(TimeZone::fixed(jiff::tz::offset(8)))
        .unwrap();
    let at = |seconds: i64| (midnight.timestamp() + SignedDuration::from_secs(seconds)).to_string();
    verify(&desk.home(), &[file, "--at", &at(-1)]).expect(0, "TOTAL-PASSED", "in-force");
    let verdict = verify(&desk.home(), &[file, "--at", &at(0)]);
    verdict.expect(1, "TOTAL-PASSED", "expired");
    assert_eq!(verdict.report["conclusion"], "not-in-force");
    verdict.check("dates", "failed", "CERTIFICATE_EXPIRED");
    verify(&desk.home(), &[file, "--offline", "--at", &at(0)]).expect(1, "TOTAL-PASSED", "expired");
}

#[test]
fn a_revoked_certificate_is_refused_and_stays_revoked() {
    let desk = desk();
    desk.change("revoke", "以欺骗手段取得");
    let verdict = verify(&desk.home(), &[desk.file()]);
    verdict.expect(1, "TOTAL-PASSED", "revoked");
    assert_eq!(verdict.report["conclusion"], "not-in-force");
    verdict.check("registry", "failed", "CERTIFICATE_REVOKED");
    let said = desk.read_out();
    assert!(said.starts_with("结论  签章真实，但证照已撤销"), "{said}");
    assert!(
        !said.contains("以欺骗手段取得"),
        "why is nobody's business who verifies: {said}"
    );
    // Its identifier tells too, though it proves nothing.
    verify(&desk.home(), &[desk.issued.identifier()]).expect(3, "INDETERMINATE", "revoked");

    for verb in ["resume", "suspend", "revoke", "cancel"] {
        let again = ["certificate", verb, desk.issued.identifier(), "--reason", "再议"];
        desk.refuses(&again, &["撤销"]);
    }
    // Its number is free for a certificate that says what it follows, not for another.
    let history = desk.ok(&["--json", "certificate", "history", desk.issued.identifier()]);
    let history: Value = serde_json::from_str(&history).unwrap();
    assert_eq!(history.as_array().map(Vec::len), Some(2), "{history:#}");
}

#[test]
fn a_cancelled_certificate_is_refused() {
    let desk = desk();
    desk.change("cancel", "持证人申请");
    let verdict = verify(&desk.home(), &[desk.file()]);
    verdict.expect(1, "TOTAL-PASSED", "cancelled");
    verdict.check("registry", "failed", "CERTIFICATE_CANCELLED");
}

#[test]
fn a_suspended_certificate_comes_back() {
    let desk = desk();
    desk.change("suspend", "核查中");
    let verdict = verify(&desk.home(), &[desk.file()]);
    verdict.expect(1, "TOTAL-PASSED", "suspended");
    verdict.check("registry", "failed", "CERTIFICATE_SUSPENDED");
    let said = desk.read_out();
    assert!(said.contains("暂扣") && !said.contains("核查中"), "{said}");
    desk.change("resume", "核查完毕");
    verify(&desk.home(), &[desk.file()]).expect(0, "TOTAL-PASSED", "in-force");
}

#[test]
fn a_superseded_certificate_names_its_successor() {
    let desk = desk();
    let renewed = issue(
        &desk.home(),
        TYPE,
        &["--renews", desk.issued.identifier(), "--reason", "延续"],
    );
    assert_eq!(renewed.record["predecessor"], desk.issued.record["identifier"]);
    assert_ne!(renewed.identifier(), desk.issued.identifier());
    let verdict = verify(&desk.home(), &[desk.file()]);
    verdict.expect(1, "TOTAL-PASSED", "superseded");
    let finding = verdict.check("registry", "failed", "CERTIFICATE_SUPERSEDED");
    let hint = finding["hint"].as_str().unwrap();
    assert!(hint.contains(renewed.identifier()), "{hint}");
    verify(&desk.home(), &[renewed.file.to_str().unwrap()]).expect(0, "TOTAL-PASSED", "in-force");
    // Nobody renews what was renewed.
    let data = renewed.file.with_file_name("data.json");
    let again = [
        "issue",
        "--type",
        TYPE,
        "--data",
        data.to_str().unwrap(),
        "--renews",
        desk.issued.identifier(),
    ];
    desk.refuses(&again, &[]);
}

#[test]
fn a_revoked_signer_leaves_what_the_registry_proves_older() {
    let desk = desk();
    // Revocation dates have whole seconds.
    thread::sleep(Duration::from_millis(1100));
    desk.ok(&["key", "crl", "--revoke", SIGNER]);

    let verdict = verify(&desk.home(), &[desk.file()]);
    verdict.expect(0, "TOTAL-PASSED", "in-force");
    let finding = verdict.check("revocation", "passed", "OK");
    let message = finding["message"].as_str().unwrap();
    assert!(message.contains("吊销"), "the clerk should be told: {message}");

    let verdict = verify(&desk.home(), &["--offline", desk.file()]);
    verdict.expect(3, "INDETERMINATE", "by-dates");
    verdict.because("SIGNER_REVOKED_SINCE", "REVOKED_NO_POE");

    let keys: Vec<Value> = serde_json::from_str(&desk.ok(&["--json", "key", "list"])).unwrap();
    let key = keys.iter().find(|key| key["name"] == SIGNER).unwrap();
    assert!(key["revoked_at"].is_string(), "{key:#}");
}

#[test]
fn a_revoked_signer_signs_nothing_more() {
    let desk = desk();
    desk.ok(&["key", "crl", "--revoke", SIGNER]);
    let data = desk.issued.file.with_file_name("data.json");
    let photo = format!("photo={}", desk.issued.file.with_file_name("photo.jpg").display());
    let out = desk.folder.path().join("refused.pdf");
    let issue = [
        "issue",
        "--type",
        TYPE,
        "--data",
        data.to_str().unwrap(),
        "--photo",
        &photo,
        "--set",
        "certificate-number=20194199010000099",
        "--out",
        out.to_str().unwrap(),
    ];
    desk.refuses(&issue, &[SIGNER, "吊销"]);
    assert!(!out.exists());
    let output = desk.run(&["certificate", "find", "20194199010000099"]);
    assert_eq!(output.status.code(), Some(1), "it was entered all the same");
}

#[test]
fn without_revocation_list_nothing_is_decided() {
    let desk = desk();
    let list = desk.home().join("pki/ca.crl");
    let kept = fs::read(&list).unwrap();
    fs::remove_file(&list).unwrap();
    for how in [&[desk.file()][..], &["--offline", desk.file()]] {
        let verdict = verify(&desk.home(), how);
        assert_eq!(verdict.status, Some(3), "{:#}", verdict.report);
        assert_eq!(verdict.report["indication"], "INDETERMINATE");
        verdict.because("NO_REVOCATION_LIST", "TRY_LATER");
    }
    fs::write(&list, kept).unwrap();
    verify(&desk.home(), &[desk.file()]).expect(0, "TOTAL-PASSED", "in-force");

    // A list cut short is our own fault, and said to be.
    fs::write(&list, b"\x30\x82").unwrap();
    desk.refuses(&["verify", desk.file()], &["吊销列表"]);
}

#[test]
fn a_stale_revocation_list_decides_nothing() {
    let desk = desk();
    let month = in_days(31);
    let verdict = verify(&desk.home(), &["--offline", desk.file(), "--at", &month]);
    verdict.expect(3, "INDETERMINATE", "by-dates");
    verdict.because("REVOCATION_LIST_STALE", "TRY_LATER");
    // By the registry's proof the list of the time of issue counts.
    verify(&desk.home(), &[desk.file(), "--at", &month]).expect(0, "TOTAL-PASSED", "in-force");
    // The trust list has its own term.
    let verdict = verify(&desk.home(), &[desk.file(), "--at", &in_days(91)]);
    verdict.expect(3, "INDETERMINATE", "in-force");
    verdict.because("LIST_STALE", "TRY_LATER");
}

#[test]
fn a_document_from_the_future_is_not_genuine() {
    let desk = desk();
    let yesterday = in_days(-1);
    let verdict = verify(&desk.home(), &["--offline", desk.file(), "--at", &yesterday]);
    verdict.expect(1, "TOTAL-FAILED", "by-dates");
    verdict.check("signing-time", "failed", "SIGNED_IN_THE_FUTURE");
}

#[test]
fn another_authoritys_document_is_undecided_where_nobody_lists_it() {
    let stranger = found("510199", "四川省样例市样例区");
    let theirs = issue(&stranger.path().join("home"), TYPE, &[]);
    let desk = desk();
    let verdict = verify(&desk.home(), &[theirs.file.to_str().unwrap()]);
    verdict.expect(3, "INDETERMINATE", "by-dates");
    verdict.because("UNKNOWN_ROOT", "NO_CERTIFICATE_CHAIN_FOUND");
    verdict.check("digest", "passed", "OK");
    verdict.check("signature", "passed", "OK");
    assert!(
        verdict.report["registry_as_of"].is_null(),
        "our registry was asked about another's certificate"
    );
    let anchor = &verdict.report["signed_by"]["anchor"];
    assert!(anchor.is_null(), "{anchor}");

    // The same identifier under a signature of ours would be another matter: entered here, signed there.
    let ours = verify(&desk.home(), &[desk.file()]);
    ours.expect(0, "TOTAL-PASSED", "in-force");
}

#[test]
fn a_document_of_ours_that_is_on_no_record_is_not_taken_for_good() {
    // Sealed with our keys past our registry: by a thief of the keys, or lost with a disk.
    let desk = desk();
    let elsewhere = copy_of(office().folder.path());
    let more = ["--set", "certificate-number=20194199010000097"];
    let unknown = issue(&elsewhere.path().join("home"), TYPE, &more);
    let file = unknown.file.to_str().unwrap();
    let verdict = verify(&desk.home(), &[file]);
    verdict.expect(3, "TOTAL-PASSED", "unknown");
    assert_eq!(verdict.report["conclusion"], "undecided");
    verdict.check("registry", "undecided", "NOT_REGISTERED");
    let said = String::from_utf8(desk.run(&["verify", file]).stdout).unwrap();
    assert!(
        said.starts_with("结论  签章真实，但无法确定证照是否有效：登记库"),
        "{said}"
    );
    // Where nobody asks the registry, nobody knows.
    verify(&desk.home(), &["--offline", file]).expect(0, "TOTAL-PASSED", "by-dates");
}

/// Asks for one more certificate of the type; gives where it would lie.
fn one_more<'a>(desk: &Desk, out: &'a Path, data: &'a Path, photo: &'a str) -> Vec<&'a str> {
    assert!(desk.home().exists());
    vec![
        "issue",
        "--type",
        TYPE,
        "--data",
        data.to_str().unwrap(),
        "--photo",
        photo,
        "--set",
        "certificate-number=20194199010000098",
        "--out",
        out.to_str().unwrap(),
    ]
}

#[test]
fn nothing_is_issued_under_a_seal_out_of_force() {
    let desk = desk();
    let seal = desk.issued.said("seal");
    let data = desk.issued.file.with_file_name("data.json");
    let photo = format!("photo={}", desk.issued.file.with_file_name("photo.jpg").display());
    let out = desk.folder.path().join("more.pdf");
    let more = one_more(&desk, &out, &data, &photo);

    desk.ok(&["seal", "suspend", seal, "--reason", "印章换版"]);
    desk.refuses(&more, &["印章"]);
    let mut named = more.clone();
    named.extend(["--seal", seal]);
    desk.refuses(&named, &["印章", seal]);
    assert!(!out.exists());
    let output = desk.run(&["certificate", "find", "20194199010000098"]);
    assert_eq!(output.status.code(), Some(1), "it was entered all the same");
    desk.ok(&["audit"]);

    // What was sealed before stays sealed, and says what became of the seal.
    let verdict = verify(&desk.home(), &[desk.file()]);
    verdict.expect(0, "TOTAL-PASSED", "in-force");
    let message = verdict.check("seal", "passed", "OK")["message"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(message.contains("停用"), "{message}");

    desk.ok(&["seal", "resume", seal, "--reason", "换版完成"]);
    desk.ok(&more);
    verify(&desk.home(), &[out.to_str().unwrap()]).expect(0, "TOTAL-PASSED", "in-force");

    desk.ok(&["seal", "destroy", seal, "--reason", "机构撤销"]);
    desk.refuses(&["seal", "resume", seal, "--reason", "误操作"], &["印章"]);
    verify(&desk.home(), &[desk.file()]).expect(0, "TOTAL-PASSED", "in-force");
}

#[test]
fn another_departments_seal_signs_nothing_here() {
    let desk = desk();
    let own = desk.issued.said("seal");
    let seals: Vec<Value> = serde_json::from_str(&desk.ok(&["--json", "seal", "list"])).unwrap();
    let owner = |seal: &Value| seal["owner-code"].as_str().unwrap().to_owned();
    let ours = seals.iter().find(|seal| seal["id"] == own).map(owner).unwrap();
    let other = seals.iter().find(|seal| owner(seal) != ours).unwrap();
    let data = desk.issued.file.with_file_name("data.json");
    let photo = format!("photo={}", desk.issued.file.with_file_name("photo.jpg").display());
    let out = desk.folder.path().join("more.pdf");
    let mut more = one_more(&desk, &out, &data, &photo);
    more.extend(["--seal", other["id"].as_str().unwrap()]);
    desk.refuses(&more, &[other["owner"].as_str().unwrap()]);
    assert!(!out.exists());
}
