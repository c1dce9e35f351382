//! Authorities in the course of decades: issuing CA and roots renewed, revoked; a token key that leaked.
//! What was sealed before stays good, here and for openssl.

#![allow(clippy::unwrap_used)]

use std::{fs, path::Path, process::Command, thread, time::Duration};

use certseal_tests::{
    certseal, copy,
    documents::{Issued, PERMITS_OF, found, ours, permit, verify},
    judge_is_here, run_json, run_ok, run_to,
};
use serde_json::Value;
use tempfile::TempDir;

const SIGNER: &str = "signer-scjg";

fn renew(home: &Path, name: &str) -> Value {
    run_json(0, certseal(home).args(["key", "renew", name]))
}

/// A new signer of the department, with the seal that permits it.
fn renew_signer(home: &Path) {
    renew(home, SIGNER);
    run_ok(certseal(home).args(["seal", "make", "--department", PERMITS_OF, "--kind", "licence"]));
}

fn still_good(home: &Path, issued: &Issued) {
    let (status, force) = issued.stands();
    let file = issued.file.to_str().unwrap();
    verify(home, &[file]).expect(status, "TOTAL-PASSED", force);
    let offline = verify(home, &["--offline", file]);
    offline.check("signer-path", "passed", "OK");
    offline.check("revocation", "passed", "OK");
    offline.check("seal", "passed", "OK");
}

fn keys(home: &Path) -> Vec<Value> {
    run_json(0, certseal(home).args(["key", "list"]))
        .as_array()
        .unwrap()
        .clone()
}

fn issuer_of(home: &Path, name: &str) -> String {
    let keys = keys(home);
    let key = keys.iter().find(|key| key["name"] == name).unwrap();
    key["issuer"].as_str().unwrap_or("none").to_owned()
}

fn openssl(home: &Path, arguments: &[&str]) -> (bool, String) {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(home)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text.into_owned())
}

/// What openssl says of a signer's chain, strictly, with the published lists of everybody on it.
fn openssl_verifies(home: &Path, chain: &str, root: &str) -> (bool, String) {
    let mut lists = String::new();
    for entry in fs::read_dir(home.join("pki")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "crl") {
            lists += &openssl(home, &["crl", "-inform", "DER", "-in", path.to_str().unwrap()]).1;
        }
    }
    fs::write(home.join("lists.pem"), lists).unwrap();
    openssl(
        home,
        &[
            "verify",
            "-x509_strict",
            "-check_ss_sig",
            "-crl_check_all",
            "-CRLfile",
            "lists.pem",
            "-CAfile",
            root,
            "-untrusted",
            chain,
            chain,
        ],
    )
}

#[test]
fn an_issuing_ca_is_renewed_and_the_old_one_goes_on_answering_for_its_own() {
    let (_folder, home) = ours();
    let before = permit(&home, 1);
    let old = fs::read(home.join("keys/ca.pem")).unwrap();
    let renewed = renew(&home, "ca");
    assert_eq!(
        (&renewed["name"], &renewed["kept"]),
        (&"ca-2".into(), &"ca".into())
    );
    assert_eq!(fs::read(home.join("keys/ca.pem")).unwrap(), old);

    // Interrupted before its last step: repeated, it goes on with what was made.
    fs::remove_file(home.join("keys/ca-2.pem")).unwrap();
    assert_eq!(issuer_of(&home, "token"), "ca");
    assert_eq!(renew(&home, "ca")["serial"], renewed["serial"]);

    // Signers of the old one go on; new ones are the new one's.
    let between = permit(&home, 2);
    renew_signer(&home);
    let after = permit(&home, 3);
    assert_eq!(issuer_of(&home, SIGNER), "ca-2");
    assert_eq!(issuer_of(&home, "ca-2"), "root");

    // Both lists are kept alive by one command, and openssl agrees with us on both signers.
    let lists = run_json(0, certseal(&home).args(["key", "crl"]));
    assert_eq!(lists["lists"], Value::from(vec!["ca", "ca-2"]));
    for issued in [&before, &between, &after] {
        still_good(&home, issued);
    }
    let names: Vec<String> = keys(&home)
        .iter()
        .map(|key| key["name"].as_str().unwrap().to_owned())
        .collect();
    let kept = names
        .iter()
        .find(|name| name.starts_with("signer-scjg-"))
        .unwrap();
    if judge_is_here("openssl") {
        for name in [SIGNER, kept] {
            let (good, text) = openssl_verifies(&home, &format!("keys/{name}.pem"), "keys/root.pem");
            assert!(good, "{name}: {text}");
        }
        let (_, text) = openssl(
            &home,
            &[
                "x509",
                "-in",
                "keys/ca-2.pem",
                "-noout",
                "-text",
                "-nameopt",
                "utf8",
            ],
        );
        for expected in [
            "pathlen:0",
            "签发 CA G2",
            "X509v3 Basic Constraints: critical",
            "X509v3 Key Usage: critical",
            "/pki/root.crl",
        ] {
            assert!(text.contains(expected), "{expected} not in {text}");
        }
    }

    // A forerunner whose key is gone does not stop the lists of the present one.
    let key = home.join("keys/ca.key");
    fs::rename(&key, home.join("ca.away")).unwrap();
    let lists = run_json(0, certseal(&home).args(["key", "crl"]));
    assert_eq!(
        (&lists["lists"], &lists["without-key"]),
        (&vec!["ca-2"].into(), &vec!["ca"].into())
    );
    // But it does where the list is needed, and nothing is on record then.
    let (_, refused) = run_to(2, certseal(&home).args(["key", "crl", "--revoke", kept]));
    assert!(refused.contains("ca"), "{refused}");
    assert!(
        !fs::read_to_string(home.join("pki/revocations.json"))
            .unwrap()
            .contains(kept)
    );
    fs::rename(home.join("ca.away"), &key).unwrap();

    // The one that issues and the roots are not revoked; a forerunner is, by the root.
    for name in ["ca-2", "root", "seal-root"] {
        let (_, refused) = run_to(2, certseal(&home).args(["key", "crl", "--revoke", name]));
        assert!(refused.contains("不能吊销"), "{refused}");
    }
    run_ok(certseal(&home).args(["key", "crl", "--revoke", "ca", "--reason", "superseded"]));
    verify(&home, &["--offline", before.file.to_str().unwrap()])
        .expect(3, "INDETERMINATE", "by-dates")
        .because("SIGNER_REVOKED_SINCE", "REVOKED_CA_NO_POE");
    let (status, force) = before.stands();
    verify(&home, &[before.file.to_str().unwrap()]).expect(status, "TOTAL-PASSED", force);
    still_good(&home, &after);
    if judge_is_here("openssl") {
        let (good, text) = openssl_verifies(&home, &format!("keys/{kept}.pem"), "keys/root.pem");
        assert!(!good && text.contains("revoked"), "{text}");
        let (_, text) = openssl(&home, &["crl", "-in", "pki/root.crl", "-noout", "-text"]);
        assert!(text.contains("Superseded"), "{text}");
    }
    run_ok(certseal(&home).arg("audit"));
}

#[test]
fn a_root_is_renewed_beside_the_old_one() {
    let (_folder, home) = ours();
    let before = permit(&home, 1);
    // Nothing is made without the key of the list that has to name it.
    let list_key = home.join("keys/trust-list.key");
    fs::rename(&list_key, home.join("list.away")).unwrap();
    run_to(2, certseal(&home).args(["key", "renew", "root"]));
    assert!(!home.join("keys/root-2.key").exists());
    fs::rename(home.join("list.away"), &list_key).unwrap();

    let renewed = renew(&home, "root");
    assert_eq!(
        (&renewed["name"], &renewed["trust_list"]),
        (&"root-2".into(), &2.into())
    );
    let renewed = renew(&home, "seal-root");
    assert_eq!(
        (&renewed["name"], &renewed["trust_list"]),
        (&"seal-root-2".into(), &3.into())
    );
    let list = run_json(0, certseal(&home).args(["trust", "show"]));
    let own = &list["authorities"][0];
    for field in ["anchors", "seal-makers"] {
        assert_eq!(own[field].as_array().unwrap().len(), 2, "{field}");
    }
    still_good(&home, &before);

    renew(&home, "ca");
    assert_eq!(issuer_of(&home, "ca-2"), "root-2");
    renew(&home, "seal-maker");
    assert_eq!(issuer_of(&home, "seal-maker"), "seal-root-2");
    renew_signer(&home);
    let after = permit(&home, 2);
    for issued in [&before, &after] {
        still_good(&home, issued);
    }
    if judge_is_here("openssl") {
        let chain = format!("keys/{SIGNER}.pem");
        let (good, text) = openssl_verifies(&home, &chain, "keys/root-2.pem");
        assert!(good, "{text}");
        assert!(!openssl_verifies(&home, &chain, "keys/root.pem").0);
    }
    let lists = run_json(0, certseal(&home).args(["key", "crl", "--roots"]));
    let mut lists: Vec<&str> = lists["lists"]
        .as_array()
        .unwrap()
        .iter()
        .map(|list| list.as_str().unwrap())
        .collect();
    lists.sort_unstable();
    assert_eq!(
        lists,
        ["ca", "ca-2", "root", "root-2", "seal-root", "seal-root-2"]
    );
    let out = home.join("ours");
    run_ok(certseal(&home).args(["trust", "export", "--out"]).arg(&out));
    assert!(out.join("cn-419901-root-2.crl").exists());
}

#[test]
fn a_stolen_token_key_makes_no_codes_that_pass() {
    let (_folder, home) = ours();
    let before = permit(&home, 1);
    let file = before.file.to_str().unwrap();
    verify(&home, &["--offline", file]).check("token-signer", "passed", "OK");
    let thief = TempDir::new().unwrap();
    copy(&home, &thief.path().join("home")).unwrap();
    let said = run_ok(certseal(&home).args(["key", "crl", "--revoke", "token"]));
    assert!(said.contains("信任列表第 2 号"), "{said}");

    // Offline nothing tells this code from one the thief made and dated back.
    verify(&home, &["--offline", file])
        .expect(3, "INDETERMINATE", "by-dates")
        .check("token-signer", "undecided", "TOKEN_SIGNER_REVOKED_SINCE");
    // The registry proves that ours is older.
    let (status, force) = before.stands();
    verify(&home, &[file]).expect(status, "TOTAL-PASSED", force);
    // What the thief makes from now on fails wherever it is shown; we make nothing with that key. Codes
    // tell seconds, and one of the very second could be ours.
    thread::sleep(Duration::from_secs(1));
    let stolen = permit(&thief.path().join("home"), 2);
    for options in [&["--offline"][..], &[]] {
        let mut arguments = options.to_vec();
        arguments.push(stolen.file.to_str().unwrap());
        verify(&home, &arguments).check("token-signer", "failed", "TOKEN_SIGNER_REVOKED");
    }

    renew(&home, "token");
    let after = permit(&home, 3);
    still_good(&home, &after);
    verify(&home, &["--offline", after.file.to_str().unwrap()]).check("token-signer", "passed", "OK");
}

#[test]
fn what_another_authority_hands_over_cannot_harm() {
    let (_folder, home) = ours();
    let other = found("450100", "广西壮族自治区示例市");
    let handed = other.path().join("handed");
    run_ok(
        certseal(&other.path().join("home"))
            .args(["trust", "export", "--out"])
            .arg(&handed),
    );
    fs::write(handed.join("cn-419901-ca.crl"), "no list").unwrap();
    let (_, refused) = run_to(2, certseal(&home).args(["trust", "add"]).arg(&handed));
    assert!(refused.contains("cn-419901-ca.crl"), "{refused}");
    assert_eq!(
        run_json(0, certseal(&home).args(["trust", "show"]))["sequence"],
        1
    );

    // A list under another authority's file name stands beside it.
    let third = home.join("trust/crls/cn-450100-ca.crl");
    fs::write(&third, fs::read(home.join("pki/ca.crl")).unwrap()).unwrap();
    fs::remove_file(handed.join("cn-419901-ca.crl")).unwrap();
    let kept = fs::read(&third).unwrap();
    run_ok(certseal(&home).args(["trust", "add"]).arg(&handed));
    assert_eq!(fs::read(&third).unwrap(), kept);
    still_good(&home, &permit(&home, 1));
}

#[test]
fn what_is_due_is_told_without_passphrase_and_registry() {
    let (_folder, home) = ours();
    let due = |status, days: &str| {
        let mut command = certseal(&home);
        command.env_remove("CERTSEAL_PASSPHRASE");
        run_json(status, command.args(["key", "due", "--within", days]))
    };
    assert_eq!(due(0, "14"), Value::from(Vec::<Value>::new()));
    let soon = due(1, "40");
    assert_eq!(
        (&soon[0]["kind"], &soon[0]["name"]),
        (&"revocation-list".into(), &"ca".into())
    );
    assert_eq!(soon.as_array().unwrap().len(), 1);
    fs::remove_file(home.join("pki/seal-root.crl")).unwrap();
    let mut command = certseal(&home);
    let (said, _) = run_to(1, command.args(["key", "due"]));
    assert!(said.contains("已到期") && said.contains("seal-root"), "{said}");
}

#[test]
fn keys_are_not_made_under_a_passphrase_that_anybody_guesses() {
    let folder = TempDir::new().unwrap();
    let home = folder.path().join("home");
    let mut command = certseal(&home);
    let (_, refused) = run_to(2, command.env("CERTSEAL_PASSPHRASE", "1234567").arg("init"));
    assert!(refused.contains("8 个字符"), "{refused}");
    assert!(!home.exists());
}
