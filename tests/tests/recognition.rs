//! Three authorities: ours, a neighbour in another province, and one that nobody lists.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    thread,
    time::Duration,
};

use certseal_core::{
    crypto::{KeyFolder, Passphrase, Signer, x509},
    home::{Home, LIST_KEY},
    trust::list::{AuthorityStatus, StatusChange, TrustList, TrustListContent, WithdrawnSigner},
};
use certseal_tests::{
    PASSPHRASE, certseal,
    documents::{Issued, Verdict, copy_of, found, issue, recognise, verify},
    run, run_ok,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tempfile::TempDir;

/// A certificate without end, so that the suite does not age.
const TYPE: &str = "teacher-qualification-certificate";

struct Authority {
    folder: TempDir,
    issued: Issued,
}

impl Authority {
    fn found(region: &str, name: &str) -> Self {
        let folder = found(region, name);
        let issued = issue(&folder.path().join("home"), TYPE, &[]);
        Self { folder, issued }
    }
}

struct World {
    ours: Authority,
    neighbour: Authority,
    stranger: Authority,
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let [ours, neighbour, stranger] = thread::scope(|scope| {
            [
                ("419901", "河南省示例市示例区"),
                ("330199", "浙江省样例市样例区"),
                ("510199", "四川省样例市样例区"),
            ]
            .map(|(region, name)| scope.spawn(move || Authority::found(region, name)))
            .map(|founded| founded.join().unwrap())
        });
        World {
            ours,
            neighbour,
            stranger,
        }
    })
}

/// One test's own copies of ours and the neighbour's installation.
struct Counter {
    ours: TempDir,
    neighbour: TempDir,
}

/// A counter that has not heard of the neighbour yet.
fn counter() -> Counter {
    Counter {
        ours: copy_of(world().ours.folder.path()),
        neighbour: copy_of(world().neighbour.folder.path()),
    }
}

/// A counter whose trust list has the neighbour.
fn acquainted() -> Counter {
    let counter = counter();
    counter.list_neighbour();
    counter
}

impl Counter {
    fn home(&self) -> PathBuf {
        self.ours.path().join("home")
    }

    fn neighbours_home(&self) -> PathBuf {
        self.neighbour.path().join("home")
    }

    fn list(&self) -> PathBuf {
        self.home().join("trust/trust-list.json")
    }

    /// The neighbour exports, we enter it: what the two operators do.
    #[track_caller]
    fn list_neighbour(&self) -> Value {
        let (exit, said) = self.add(&self.handed_over(|_| {}), &[]);
        assert_eq!(exit, Some(0), "{said}");
        serde_json::from_str(&said).unwrap()
    }

    fn recognise(&self, file: &Path, more: &[&str]) -> Verdict {
        let mut args = vec![file.to_str().unwrap()];
        args.extend(more);
        recognise(&self.home(), &args)
    }

    /// Signs a list with the list key, as its operator would.
    fn sign(&self, change: impl FnOnce(&mut TrustListContent)) -> PathBuf {
        let home = Home::open(&self.home()).unwrap();
        let keys = KeyFolder::unlocked(&home.keys_path(), Passphrase::new(PASSPHRASE.to_owned()).unwrap());
        let signer: Arc<dyn Signer> = Arc::clone(&keys.identity(LIST_KEY).unwrap().signer);
        let mut content = home.trust_list(None).unwrap().content().clone();
        content.sequence += 1;
        change(&mut content);
        let path = self.ours.path().join("other-list.json");
        fs::write(&path, TrustList::sign(&content, &*signer).unwrap()).unwrap();
        path
    }

    /// Asserts that the trust list is refused, by both verbs, with words and advice.
    #[track_caller]
    fn refuses_its_list(&self, words: &[&str]) {
        let file = &world().ours.issued.file;
        for verb in ["verify", "recognise"] {
            let output = run(certseal(&self.home()).arg(verb).arg(file));
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(2), "{verb}: {said}");
            assert!(output.stdout.is_empty(), "{verb} judged all the same");
            for word in words.iter().chain(&["建议："]) {
                assert!(said.contains(word), "{verb}: no {word} in: {said}");
            }
        }
    }
}

impl Counter {
    /// What the neighbour hands over, with its description changed.
    fn handed_over(&self, change: impl FnOnce(&mut Value)) -> PathBuf {
        let folder = self.neighbour.path().join("export");
        run_ok(
            certseal(&self.neighbours_home())
                .args(["trust", "export", "--out"])
                .arg(&folder),
        );
        let description = folder.join("authority.json");
        let mut said: Value = serde_json::from_slice(&fs::read(&description).unwrap()).unwrap();
        change(&mut said);
        fs::write(&description, said.to_string()).unwrap();
        folder
    }

    /// Enters what was handed over; exit status, and what was said.
    fn add(&self, folder: &Path, more: &[&str]) -> (Option<i32>, String) {
        let mut command = certseal(&self.home());
        let output = run(command.args(["--json", "trust", "add"]).arg(folder).args(more));
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    }
}

/// Outcome of a step of a recognition.
#[track_caller]
fn step(verdict: &Verdict, check: &str) -> String {
    let reasons = verdict.recognition["reasons"].as_array().unwrap();
    let step = reasons.iter().find(|reason| reason["check"] == check);
    let step = step.unwrap_or_else(|| panic!("no step {check} in {:#}", verdict.recognition));
    format!(
        "{} {}",
        step["outcome"].as_str().unwrap(),
        step["code"].as_str().unwrap()
    )
}

#[test]
fn a_neighbour_is_recognised_once_it_is_listed() {
    let counter = counter();
    let theirs = &world().neighbour.issued;

    // Not on the list: perhaps genuine, not accepted. The clerk may turn it away, not call it forged.
    let verdict = counter.recognise(&theirs.file, &[]);
    verdict.expect(1, "INDETERMINATE", "by-dates");
    verdict.because("UNKNOWN_ROOT", "NO_CERTIFICATE_CHAIN_FOUND");
    verdict.decides(1, "refused", "AUTHORITY_NOT_LISTED");

    let list = counter.list_neighbour();
    assert_eq!(list["sequence"], 2, "{list:#}");
    let ids: Vec<&str> = list["authorities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|authority| authority["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["cn-419901", "cn-330199"]);

    let verdict = counter.recognise(&theirs.file, &[]);
    verdict.expect(0, "TOTAL-PASSED", "by-dates");
    verdict.decides(0, "accepted", "OK");
    let recognition = &verdict.recognition;
    assert_eq!(recognition["schema"], "certseal-recognition/1");
    assert_eq!(recognition["region"], "419901");
    assert_eq!(recognition["authority"]["id"], "cn-330199");
    assert_eq!(recognition["authority"]["region"], "330199");
    assert_eq!(recognition["list"]["sequence"], 2);
    for check in [
        "genuine",
        "in-force",
        "list-fresh",
        "authority-listed",
        "type-granted",
        "agreement",
    ] {
        assert_eq!(step(&verdict, check), "passed OK", "{check}");
    }
    // Our registry does not stand for theirs: it is not asked, and the report says so.
    assert!(verdict.report["registry_as_of"].is_null());
    verdict.check("registry", "undecided", "REGISTRY_NOT_ASKED");
    let verdict = verify(&counter.home(), &[theirs.file.to_str().unwrap()]);
    verdict.expect(0, "TOTAL-PASSED", "by-dates");
    let said = run_ok(certseal(&counter.home()).arg("verify").arg(&theirs.file));
    assert!(
        said.starts_with("结论  真实，在有效期内；登记状态未查，"),
        "{said}"
    );
    assert_eq!(recognition["in_force"], "by-dates");

    let said = run_ok(certseal(&counter.home()).arg("recognise").arg(&theirs.file));
    assert!(
        said.starts_with(
            "互认  予以认可 (OK)\n注意  登记状态未查，是否被暂扣、撤销或注销，以登记簿为准\n证照  教师资格证 "
        ),
        "{said}"
    );
}

#[test]
fn our_own_certificates_need_no_agreement() {
    let counter = acquainted();
    let verdict = counter.recognise(&world().ours.issued.file, &[]);
    verdict.decides(0, "accepted", "OK");
    assert_eq!(step(&verdict, "agreement"), "not-applicable NOT_APPLICABLE");
    assert_eq!(verdict.report["in_force"], "in-force");
    // Elsewhere they would.
    counter
        .recognise(&world().ours.issued.file, &["--region", "370000"])
        .decides(1, "refused", "NO_AGREEMENT");
    counter
        .recognise(&world().neighbour.issued.file, &["--region", "370000"])
        .decides(1, "refused", "NO_AGREEMENT");
}

#[test]
fn nobody_is_listed_who_speaks_for_us() {
    let counter = counter();
    let our_code = world().ours.issued.said("issuer_code");
    let claims: [(&str, Value); 2] = [("id", "cn-419901".into()), ("issuers", vec![our_code].into())];
    let before = fs::read(counter.list()).unwrap();
    for (field, claim) in claims {
        let folder = counter.handed_over(|said| said[field] = claim);
        let (exit, said) = counter.add(&folder, &[]);
        assert_eq!(exit, Some(2), "{field}: {said}");
        assert!(said.contains("本机构") && said.contains("建议："), "{said}");
    }
    assert!(
        fs::read(counter.list()).unwrap() == before,
        "the list was changed"
    );
}

#[test]
fn what_nobody_lists_is_not_accepted_though_its_signature_holds() {
    let counter = acquainted();
    let verdict = counter.recognise(&world().stranger.issued.file, &[]);
    verdict.decides(1, "refused", "AUTHORITY_NOT_LISTED");
    assert_eq!(verdict.report["indication"], "INDETERMINATE");
    assert!(verdict.recognition["authority"].is_null());
    verdict.check("signature", "passed", "OK");
    let verdict = verify(&counter.home(), &[world().stranger.issued.file.to_str().unwrap()]);
    verdict.expect(3, "INDETERMINATE", "by-dates");
}

#[test]
fn a_tampered_foreign_document_is_not_accepted() {
    let counter = acquainted();
    let theirs = &world().neighbour.issued;
    let mut changed = theirs.document.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    let file = counter.ours.path().join("changed.pdf");
    fs::write(&file, changed).unwrap();
    let verdict = counter.recognise(&file, &[]);
    verdict.decides(1, "refused", "NOT_GENUINE");
    assert_eq!(verdict.report["indication"], "TOTAL-FAILED");
    // Of half a file nobody can say whose it was: not that they are not listed.
    fs::write(&file, &theirs.document[..middle]).unwrap();
    let verdict = counter.recognise(&file, &[]);
    verdict.decides(1, "refused", "NOT_GENUINE");
    assert_eq!(step(&verdict, "authority-listed"), "undecided AUTHORITY_UNKNOWN");
}

#[test]
fn a_certificate_that_is_out_of_force_here_is_not_accepted_here() {
    let counter = acquainted();
    let ours = &world().ours.issued;
    run_ok(certseal(&counter.home()).args(["certificate", "revoke", ours.identifier(), "--reason", "违规"]));
    let verdict = counter.recognise(&ours.file, &[]);
    verdict.decides(1, "refused", "NOT_IN_FORCE");
    assert_eq!(step(&verdict, "genuine"), "passed OK");
}

#[test]
fn a_neighbours_revoked_signer_stops_being_accepted() {
    let counter = acquainted();
    let theirs = &world().neighbour.issued;
    counter.recognise(&theirs.file, &[]).decides(0, "accepted", "OK");

    // Revocation dates have whole seconds.
    thread::sleep(Duration::from_millis(1100));
    run_ok(certseal(&counter.neighbours_home()).args(["key", "crl", "--revoke", "signer-jy"]));
    // Nobody told us yet.
    counter.recognise(&theirs.file, &[]).decides(0, "accepted", "OK");

    let list = counter.list_neighbour();
    assert_eq!(
        list["authorities"].as_array().map(Vec::len),
        Some(2),
        "entered twice"
    );
    let verdict = counter.recognise(&theirs.file, &[]);
    verdict.decides(3, "undecided", "NOT_DECIDED");
    verdict.because("SIGNER_REVOKED_SINCE", "REVOKED_NO_POE");
    assert_eq!(step(&verdict, "authority-listed"), "passed OK");
    // Their other departments are none the worse.
    let permit = issue(&counter.neighbours_home(), "pollutant-discharge-permit", &[]);
    let verdict = counter.recognise(&permit.file, &[]);
    assert_eq!(
        verdict.report["indication"], "TOTAL-PASSED",
        "{:#}",
        verdict.report
    );
}

#[test]
fn without_the_neighbours_lists_and_seals_nothing_is_decided() {
    let theirs = &world().neighbour.issued;
    for (folder, code) in [
        ("trust/crls", "NO_REVOCATION_LIST"),
        ("trust/seals", "SEAL_UNKNOWN"),
    ] {
        let counter = acquainted();
        fs::remove_dir_all(counter.home().join(folder)).unwrap();
        let verdict = counter.recognise(&theirs.file, &[]);
        verdict.decides(3, "undecided", "NOT_DECIDED");
        assert_eq!(verdict.report["reason"], code, "{:#}", verdict.report);
    }
}

#[test]
fn a_list_older_than_one_seen_is_refused() {
    let counter = counter();
    let theirs = &world().neighbour.issued;
    let old = fs::read(counter.list()).unwrap();
    counter
        .recognise(&theirs.file, &[])
        .decides(1, "refused", "AUTHORITY_NOT_LISTED");
    counter.list_neighbour();
    counter.recognise(&theirs.file, &[]).decides(0, "accepted", "OK");

    let new = fs::read(counter.list()).unwrap();
    fs::write(counter.list(), old).unwrap();
    counter.refuses_its_list(&["trust-list.json", "1", "2"]);
    // The same by the option.
    let copy = counter.ours.path().join("old.json");
    fs::copy(counter.list(), &copy).unwrap();
    fs::write(counter.list(), new).unwrap();
    let mut command = certseal(&counter.home());
    command
        .args(["recognise", "--trust-list"])
        .arg(&copy)
        .arg(&theirs.file);
    assert_eq!(run(&mut command).status.code(), Some(2));
    counter.recognise(&theirs.file, &[]).decides(0, "accepted", "OK");
}

#[test]
fn a_list_changed_or_signed_by_another_is_refused() {
    let counter = acquainted();
    let list = fs::read_to_string(counter.list()).unwrap();
    let mut envelope: Value = serde_json::from_str(&list).unwrap();
    let payload = envelope["payload"].as_str().unwrap();
    // One character of the payload becomes its neighbour in the alphabet.
    let at = payload.len() / 2;
    let other = if payload.as_bytes()[at] == b'A' { "B" } else { "A" };
    let changed = format!("{}{other}{}", &payload[..at], &payload[at + 1..]);
    envelope["payload"] = changed.into();
    fs::write(counter.list(), envelope.to_string()).unwrap();
    counter.refuses_its_list(&["trust-list.json"]);

    let theirs = counter.neighbours_home().join("trust/trust-list.json");
    fs::copy(theirs, counter.list()).unwrap();
    counter.refuses_its_list(&["trust-list.json"]);

    fs::write(counter.list(), &list[..list.len() / 2]).unwrap();
    counter.refuses_its_list(&["trust-list.json"]);
    fs::remove_file(counter.list()).unwrap();
    counter.refuses_its_list(&["trust-list.json"]);
}

#[test]
fn a_stale_list_decides_nothing() {
    let counter = acquainted();
    let theirs = &world().neighbour.issued;
    let list = counter.sign(|content| {
        let now = Timestamp::now();
        content.issued_at = now - SignedDuration::from_hours(48);
        content.next_update = now - SignedDuration::from_hours(24);
    });
    let list = list.to_str().unwrap();
    let verdict = counter.recognise(&theirs.file, &["--trust-list", list]);
    verdict.decides(3, "undecided", "NOT_DECIDED");
    verdict.because("LIST_STALE", "TRY_LATER");
    assert_eq!(step(&verdict, "list-fresh"), "undecided LIST_STALE");
}

type Change = fn(&mut TrustListContent);

#[test]
fn a_list_takes_back_what_it_gave() {
    let theirs = &world().neighbour.issued;
    let cases: [(Change, &str, &str); 3] = [
        (
            |content| {
                let authority = &mut content.authorities[1];
                authority.history.push(StatusChange {
                    status: AuthorityStatus::Withdrawn,
                    since: authority.valid_from + SignedDuration::from_millis(1),
                    reason: "协议终止".to_owned(),
                });
            },
            "AUTHORITY_WITHDRAWN",
            // Nobody stands behind the signature any more.
            "TOTAL-FAILED",
        ),
        (
            |content| {
                let types = &mut content.authorities[1].types;
                types.retain(|grant| grant.name != "教师资格证");
            },
            "TYPE_NOT_GRANTED",
            "TOTAL-PASSED",
        ),
        (
            |content| content.agreements.clear(),
            "NO_AGREEMENT",
            "TOTAL-PASSED",
        ),
    ];
    for (change, code, indication) in cases {
        let counter = acquainted();
        let list = counter.sign(change);
        let verdict = counter.recognise(&theirs.file, &["--trust-list", list.to_str().unwrap()]);
        verdict.decides(1, "refused", code);
        assert_eq!(verdict.report["indication"], indication, "{code}");
    }
}

impl Counter {
    /// Changes an authority's status by command.
    fn set(&self, verb: &str, authority: &str, more: &[&str]) -> (Option<i32>, String) {
        let mut command = certseal(&self.home());
        command.args(["trust", verb, authority, "--reason", "函告〔2026〕12 号"]);
        let output = run(command.args(more));
        let said = if output.status.success() {
            output.stdout
        } else {
            output.stderr
        };
        (output.status.code(), String::from_utf8(said).unwrap())
    }

    #[track_caller]
    fn refuses(&self, verb: &str, authority: &str, words: &str) {
        let before = fs::read(self.list()).unwrap();
        let (status, said) = self.set(verb, authority, &[]);
        assert_eq!(status, Some(2), "{said}");
        assert!(said.contains(words) && said.contains("建议："), "{said}");
        assert!(
            fs::read(self.list()).unwrap() == before,
            "the list was changed: {said}"
        );
    }
}

#[test]
fn an_authority_is_taken_off_and_put_back_by_command() {
    let counter = acquainted();
    let theirs = &world().neighbour.issued.file;
    let mut latest = world().neighbour.issued.said("identifier").to_owned();
    for (verb, status, code) in [
        ("suspend", "暂停采信", "AUTHORITY_SUSPENDED"),
        ("withdraw", "撤销采信", "AUTHORITY_WITHDRAWN"),
    ] {
        counter.recognise(theirs, &[]).decides(0, "accepted", "OK");
        let (exit, said) = counter.set(verb, "cn-330199", &[]);
        assert_eq!(exit, Some(0), "{said}");
        assert!(
            said.contains(status) && said.contains("函告〔2026〕12 号"),
            "{said}"
        );
        // What was sealed before bears a date that nothing proves.
        let verdict = counter.recognise(theirs, &[]);
        assert_ne!(verdict.recognition["decision"], "accepted", "{verb}");
        // Signatures tell whole seconds.
        thread::sleep(Duration::from_secs(1));
        let since = issue(&counter.neighbours_home(), TYPE, &["--reissues", &latest]);
        latest = since.said("identifier").to_owned();
        counter.recognise(&since.file, &[]).decides(1, "refused", code);
        counter.refuses(verb, "cn-330199", "已是该状态");

        // Handing over the folder once more brings nobody back.
        counter.list_neighbour();
        let verdict = counter.recognise(theirs, &[]);
        assert_ne!(verdict.recognition["decision"], "accepted", "{verb}, listed anew");

        let (exit, said) = counter.set("resume", "cn-330199", &[]);
        assert_eq!(exit, Some(0), "{said}");
        counter.recognise(theirs, &[]).decides(0, "accepted", "OK");
    }
    counter.refuses("resume", "cn-330199", "已是该状态");
    counter.refuses("withdraw", "cn-999999", "没有机构 cn-999999");
}

#[test]
fn ours_is_not_taken_off_by_accident() {
    let counter = counter();
    let ours = &world().ours.issued.file;
    counter.refuses("suspend", "cn-419901", "本机构");
    counter.refuses("withdraw", "cn-419901", "本机构");
    counter.recognise(ours, &[]).decides(0, "accepted", "OK");
    let (exit, said) = counter.set("withdraw", "cn-419901", &["--ours"]);
    assert_eq!(exit, Some(0), "{said}");
    // Our registry proves when it was sealed; without it nobody stands behind it any more.
    counter.recognise(ours, &[]).decides(0, "accepted", "OK");
    let verdict = counter.recognise(ours, &["--offline"]);
    assert_ne!(verdict.recognition["decision"], "accepted");
    let (exit, said) = counter.set("resume", "cn-419901", &[]);
    assert_eq!(exit, Some(0), "{said}");
    counter.recognise(ours, &[]).decides(0, "accepted", "OK");
}

#[test]
fn other_roots_under_a_known_name_take_a_word() {
    let counter = acquainted();
    // A stranger calls itself what the neighbour is called.
    let stranger = copy_of(world().stranger.folder.path());
    let exported = stranger.path().join("export");
    run_ok(
        certseal(&stranger.path().join("home"))
            .args(["trust", "export", "--out"])
            .arg(&exported),
    );
    let description = exported.join("authority.json");
    let mut claimed: Value = serde_json::from_slice(&fs::read(&description).unwrap()).unwrap();
    claimed["id"] = "cn-330199".into();
    fs::write(&description, claimed.to_string()).unwrap();
    let before = fs::read(counter.list()).unwrap();
    let output = run(certseal(&counter.home()).args(["trust", "add"]).arg(&exported));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("根证书") && said.contains("--new-keys"), "{said}");
    assert!(
        fs::read(counter.list()).unwrap() == before,
        "the list was changed"
    );
    let theirs = &world().neighbour.issued.file;
    counter.recognise(theirs, &[]).decides(0, "accepted", "OK");

    run_ok(
        certseal(&counter.home())
            .args(["trust", "add", "--new-keys"])
            .arg(&exported),
    );
    let verdict = counter.recognise(theirs, &[]);
    assert_ne!(verdict.recognition["decision"], "accepted");
}

#[test]
fn another_token_signer_under_a_known_name_takes_a_word() {
    let counter = acquainted();
    let mut listed = String::new();
    let signer_of_another = |said: &mut Value| {
        listed = said["token-signers"][0].as_str().unwrap().to_owned();
        said["token-signers"] = vec![said["anchors"][0].clone()].into();
    };
    let folder = counter.handed_over(signer_of_another);
    let before = fs::read(counter.list()).unwrap();
    let (exit, said) = counter.add(&folder, &[]);
    assert_eq!(exit, Some(2), "{said}");
    for words in [
        "新增二维码签名证书 SHA-256",
        "缺少二维码签名证书 SHA-256",
        "--new-keys",
    ] {
        assert!(said.contains(words), "no {words} in {said}");
    }
    assert!(
        fs::read(counter.list()).unwrap() == before,
        "the list was changed"
    );
    let (exit, said) = counter.add(&folder, &["--new-keys"]);
    assert_eq!(exit, Some(0), "{said}");
    assert!(!said.contains(&listed), "the former signer is still listed");
}

#[test]
fn handing_over_the_folder_again_undoes_nothing_that_was_decided_here() {
    let counter = acquainted();
    let list = counter.sign(|content| {
        content.agreements[0].status_required = true;
        content.agreements[0].conditions = vec!["请核对原件".to_owned()];
        let signer = &content.authorities[1].token_signers[0].0;
        let digest = hex::encode(x509::fingerprint(signer));
        content.authorities[1].withdrawn_token_signers = vec![WithdrawnSigner {
            signer: digest,
            since: content.issued_at,
        }];
    });
    fs::copy(list, counter.list()).unwrap();
    let (exit, said) = counter.add(&counter.handed_over(|_| {}), &[]);
    assert_eq!(exit, Some(0), "{said}");
    let listed: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(listed["agreements"].as_array().unwrap().len(), 1, "{said}");
    assert_eq!(listed["agreements"][0]["conditions"][0], "请核对原件", "{said}");
    let withdrawn = &listed["authorities"][1]["withdrawn-token-signers"];
    assert_eq!(withdrawn.as_array().map(Vec::len), Some(1), "{said}");
}

#[test]
fn a_name_that_plays_with_the_terminal_is_not_listed() {
    let counter = counter();
    for name in ["杭州\u{1b}[2J市", "杭州\n市", "\u{202e}市州杭"] {
        let folder = counter.handed_over(|said| said["name"] = name.into());
        let (exit, said) = counter.add(&folder, &[]);
        assert_eq!(exit, Some(2), "{said}");
        assert!(said.contains("authorities[1].name"), "{said}");
        assert!(!said.contains('\u{1b}') && !said.contains('\u{202e}'), "{said:?}");
    }
}
