//! Keys and seals in the course of years: renewed, revoked, made anew; what was sealed before stays good.

#![allow(clippy::unwrap_used)]

use std::{fs, path::Path};

use certseal_tests::{
    certseal,
    documents::{Issued, PERMITS_OF, ours, permit, verify},
    run_json, run_ok, run_to,
};
use serde_json::Value;

const TYPE: &str = "food-business-permit";

fn still_good(home: &Path, issued: &Issued) {
    let (status, force) = issued.stands();
    verify(home, &[issued.file.to_str().unwrap()]).expect(status, "TOTAL-PASSED", force);
    verify(home, &["--offline", issued.file.to_str().unwrap()]).check("token-signer", "passed", "OK");
}

fn make_seal(home: &Path, kind: &str) -> Value {
    run_json(
        0,
        certseal(home).args(["seal", "make", "--department", PERMITS_OF, "--kind", kind]),
    )
}

#[test]
fn a_renewed_signer_gets_a_seal_and_signs_and_its_predecessors_work_stays_good() {
    let (_folder, home) = ours();
    let before = permit(&home, 1);
    let old_seal = before.said("seal").to_owned();
    let name = format!("signer-{PERMITS_OF}");

    let (said, advice) = run_to(0, certseal(&home).args(["key", "renew", &name]));
    assert!(said.contains(&format!("已换发 {name}")), "{said}");
    assert!(advice.contains("certseal seal make"), "{advice}");
    // No seal permits the new certificate yet: nothing is issued, and the reason is told.
    let (_, refused) = run_to(2, &mut issuing(&home));
    assert!(refused.contains(&old_seal), "{refused}");

    let seals = run_json(0, certseal(&home).args(["seal", "list"]));
    let highest = seals.as_array().unwrap().last().unwrap()["id"].clone();
    let made = make_seal(&home, "licence");
    let number = |id: &Value| id.as_str().unwrap().parse::<u64>().unwrap();
    assert_eq!(number(&made["id"]), number(&highest) + 1);
    assert!(
        home.join(format!("pki/{}.seal", made["id"].as_str().unwrap()))
            .exists()
    );
    let after = permit(&home, 2);
    assert_eq!(after.record["seal"], made["id"]);
    for issued in [&before, &after] {
        still_good(&home, issued);
    }

    // The old certificate is kept under a dated name, by which it can be revoked.
    let keys = run_json(0, certseal(&home).args(["key", "list"]));
    let names: Vec<&str> = keys
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["name"].as_str().unwrap())
        .collect();
    let kept = names
        .iter()
        .find(|known| known.starts_with(&format!("{name}-")))
        .unwrap();
    run_ok(certseal(&home).args(["key", "crl", "--revoke", kept]));
    let last = permit(&home, 3);
    for issued in [&before, &last] {
        still_good(&home, issued);
    }

    // The register tells what each seal was used for.
    let register = run_json(0, certseal(&home).args(["report", "seals"]));
    let uses = |seal: &Value| {
        let rows = register["seals"].as_array().unwrap().iter();
        rows.clone().find(|row| row["code"] == *seal).unwrap()["uses"].as_u64()
    };
    assert_eq!(uses(&Value::from(old_seal)), Some(1));
    assert_eq!(uses(&made["id"]), Some(2));
    let table = home.join("seals.csv");
    let text = run_ok(certseal(&home).args(["report", "seals", "--csv"]).arg(&table));
    assert!(text.contains("用印次数"), "{text}");
    assert!(
        fs::read_to_string(&table)
            .unwrap()
            .contains(made["id"].as_str().unwrap())
    );
    run_ok(certseal(&home).arg("audit"));
}

fn issuing(home: &Path) -> std::process::Command {
    let of = certseal_core::home::Home::open(home)
        .unwrap()
        .catalogue()
        .unwrap()
        .get(TYPE)
        .cloned()
        .unwrap();
    let data = home.join("data.json");
    fs::write(&data, serde_json::to_vec(&of.sample().values).unwrap()).unwrap();
    let mut command = certseal(home);
    command.args(["issue", "--type", TYPE, "--data"]).arg(data);
    command
}

#[test]
fn codes_of_the_old_token_key_verify_beside_those_of_the_new_one() {
    let (_folder, home) = ours();
    let before = permit(&home, 1);
    let (said, _) = run_to(0, certseal(&home).args(["key", "renew", "token"]));
    assert!(said.contains("信任列表第 2 号"), "{said}");
    let after = permit(&home, 2);
    for issued in [&before, &after] {
        still_good(&home, issued);
    }
    // Our own description, which others enter into their lists, names both.
    let own: Value = serde_json::from_slice(&fs::read(home.join("trust/authority.json")).unwrap()).unwrap();
    assert_eq!(
        own["token_signers"]
            .as_array()
            .or(own["token-signers"].as_array())
            .unwrap()
            .len(),
        2
    );

    // The list signer and the seal maker are renewed; a seal made by either maker signs.
    run_ok(certseal(&home).args(["key", "renew", "trust-list"]));
    run_ok(certseal(&home).args(["key", "renew", "seal-maker"]));
    let still = permit(&home, 3);
    assert_eq!(still.record["seal"], before.record["seal"]);
    let made = make_seal(&home, "licence");
    let under_new_maker = permit(&home, 4);
    assert_eq!(under_new_maker.record["seal"], made["id"]);
    for issued in [&before, &after, &still, &under_new_maker] {
        still_good(&home, issued);
    }
    run_ok(certseal(&home).args(["trust", "show"]));

    // Without the list's key a token signer is not renewed, and nothing is half done.
    fs::remove_file(home.join("keys/trust-list.key")).unwrap();
    let pem = fs::read(home.join("keys/token.pem")).unwrap();
    let (_, refused) = run_to(2, certseal(&home).args(["key", "renew", "token"]));
    assert!(refused.contains("trust-list"), "{refused}");
    assert_eq!(fs::read(home.join("keys/token.pem")).unwrap(), pem);
}

#[test]
fn the_monthly_list_needs_no_root_key() {
    let (_folder, home) = ours();
    let kept = home.parent().unwrap().join("safe");
    fs::create_dir(&kept).unwrap();
    let away = |name: &str| {
        let file = format!("{name}.key");
        fs::rename(home.join("keys").join(&file), kept.join(&file)).unwrap();
    };
    let back = |name: &str| {
        let file = format!("{name}.key");
        fs::rename(kept.join(&file), home.join("keys").join(&file)).unwrap();
    };
    for name in ["root", "seal-root", "seal-maker", "trust-list"] {
        away(name);
    }
    let list = |name: &str| fs::read(home.join(format!("pki/{name}.crl"))).unwrap();
    let before = (list("ca"), list("root"), list("seal-root"));
    let issued = permit(&home, 1);
    run_ok(certseal(&home).args(["key", "crl"]));
    assert_ne!(list("ca"), before.0);
    assert_eq!(
        (list("root"), list("seal-root")),
        (before.1.clone(), before.2.clone())
    );
    still_good(&home, &issued);

    // What needs a root's key says so and changes nothing.
    let revocations = || fs::read(home.join("pki/revocations.json")).unwrap();
    let now = revocations();
    for more in [&["--roots"][..], &["--revoke", "seal-maker"]] {
        let (_, refused) = run_to(2, certseal(&home).args(["key", "crl"]).args(more));
        assert!(refused.contains("root.key"), "{refused}");
    }
    assert_eq!(revocations(), now);
    for name in ["root", "seal-root", "seal-maker"] {
        back(name);
    }
    run_ok(certseal(&home).args(["key", "crl", "--roots"]));
    assert_ne!(list("root"), before.1);
    let roots = list("root");
    let seal_root = list("seal-root");
    assert_ne!(seal_root, before.2);

    // A revoked seal maker is on the seal root's list, and makes no more seals.
    run_ok(certseal(&home).args(["key", "crl", "--revoke", "seal-maker"]));
    assert_ne!(list("seal-root"), seal_root);
    assert_eq!(list("root"), roots);
    let (_, refused) = run_to(
        2,
        certseal(&home).args(["seal", "make", "--department", PERMITS_OF, "--kind", "licence"]),
    );
    assert!(refused.contains("制章者"), "{refused}");
    run_ok(certseal(&home).args(["key", "renew", "seal-maker"]));
    make_seal(&home, "licence");
}

#[test]
fn seals_are_named_and_numbered_as_the_keeper_says() {
    let (_folder, home) = ours();
    let order = |more: &[&str]| {
        let mut command = certseal(&home);
        command
            .args(["seal", "make", "--department", PERMITS_OF, "--kind", "official"])
            .args(more);
        command
    };
    let named = run_json(
        0,
        &mut order(&[
            "--name",
            "示例区市场监督管理局（二）",
            "--number",
            "41990100000777",
        ]),
    );
    assert_eq!(
        (&named["id"], &named["name"]),
        (
            &Value::from("41990100000777"),
            &Value::from("示例区市场监督管理局（二）")
        )
    );
    assert_eq!(named["status"], "in-force");
    let (_, taken) = run_to(2, &mut order(&["--number", "41990100000777"]));
    assert!(taken.contains("已登记"), "{taken}");
    let (_, short) = run_to(2, &mut order(&["--number", "123"]));
    assert!(short.contains("14 位"), "{short}");
    assert_eq!(run_json(0, &mut order(&[]))["id"], "41990100000778");
    let mut nobody = certseal(&home);
    nobody.args(["seal", "make", "--department", "xx", "--kind", "official"]);
    let (_, unknown) = run_to(2, &mut nobody);
    assert!(
        unknown.contains("没有部门“xx”") && unknown.contains("scjg"),
        "{unknown}"
    );
    let (_, unknown) = run_to(2, certseal(&home).args(["key", "renew", "root-2"]));
    assert!(unknown.contains("root-2"), "{unknown}");
}

#[test]
fn a_revoked_token_signer_is_withdrawn_by_the_trust_list() {
    let (_folder, home) = ours();
    let before = permit(&home, 1);
    // The present one: nothing more is issued with it.
    let (said, _) = run_to(0, certseal(&home).args(["key", "crl", "--revoke", "token"]));
    assert!(said.contains("信任列表第 2 号"), "{said}");
    let (_, refused) = run_to(2, &mut issuing(&home));
    assert!(refused.contains("token") && refused.contains("吊销"), "{refused}");
    run_ok(certseal(&home).args(["key", "renew", "token"]));
    let after = permit(&home, 2);
    still_good(&home, &after);
    // What a leaked key signed, or may have signed, is not believed offline any more.
    verify(&home, &["--offline", before.file.to_str().unwrap()]).check(
        "token-signer",
        "undecided",
        "TOKEN_SIGNER_REVOKED_SINCE",
    );
    // The same once more changes nothing but the number.
    let kept = fs::read_dir(home.join("keys"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .find_map(|name| {
            let kept = name.strip_suffix(".pem")?;
            kept.starts_with("token-").then(|| kept.to_owned())
        })
        .unwrap();
    run_ok(certseal(&home).args(["key", "crl", "--revoke", &kept]));
    still_good(&home, &after);
}

#[test]
fn revocations_at_once_are_all_on_record() {
    let (_folder, home) = ours();
    let names = ["signer-scjg", "signer-jy", "signer-ny"];
    let revoking: Vec<_> = names
        .iter()
        .map(|name| {
            let mut command = certseal(&home);
            command.args(["key", "crl", "--revoke", name]);
            command.stdout(std::process::Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut child in revoking {
        assert!(child.wait().unwrap().success());
    }
    let keys = run_json(0, certseal(&home).args(["key", "list"]));
    let revoked: Vec<&str> = keys
        .as_array()
        .unwrap()
        .iter()
        .filter(|key| !key["revoked_at"].is_null())
        .map(|key| key["name"].as_str().unwrap())
        .collect();
    assert_eq!(revoked, ["signer-jy", "signer-ny", "signer-scjg"]);
}
