//! What a clerk or operator meets at the keyboard: help, advice, and the life of single certificates
//! and seals.

#![allow(clippy::unwrap_used)]

use std::{
    fs,
    io::{self, Cursor},
    path::Path,
    process::Command,
};

use certseal_tests::{
    certseal, installation, program, run, run_json, run_ok, run_to,
    table::{INSTRUCTOR, PERMIT, Table},
};
use image::{DynamicImage, ImageFormat, RgbImage};
use serde_json::{Value, json};
use tempfile::TempDir;

/// `certseal issue` of the first row of a table.
fn issue(home: &Path, certificate_type: &str, table: &Table, out: &Path) -> Command {
    let mut command = certseal(home);
    command
        .args(["issue", "--type", certificate_type, "--out"])
        .arg(out);
    for (header, value) in table.header.iter().zip(&table.rows[0]) {
        command.arg("--set").arg(format!("{header}={value}"));
    }
    command
}

fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4E00}'..='\u{9FFF}').contains(&c))
}

fn is_english(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| word.len() > 2 && word.chars().any(|c| c.is_ascii_lowercase()))
}

/// Verbs under a verb, as its help lists them.
fn verbs(help: &str) -> Vec<(String, String)> {
    help.lines()
        .skip_while(|line| *line != "命令 Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.trim().split_once("  "))
        .map(|(verb, about)| (verb.to_owned(), about.trim().to_owned()))
        .collect()
}

#[test]
fn help_is_chinese_with_english_for_every_verb() {
    let help = |path: &[String]| run_ok(Command::new(program()).args(path).arg("--help"));
    let mut waiting = vec![Vec::new()];
    let mut seen = 0;
    while let Some(path) = waiting.pop() {
        let text = help(&path);
        for (verb, about) in verbs(&text) {
            assert!(
                is_chinese(&about) && is_english(&about),
                "{path:?} {verb}: {about}"
            );
            waiting.push([&path[..], &[verb]].concat());
        }
        let about = text.lines().next().unwrap();
        assert!(is_chinese(about), "{path:?}: {about}");
        seen += 1;
    }
    assert!(seen > 30, "{seen} verbs");
    let top = help(&[]);
    for part in ["退出码 Exit status", "INDETERMINATE", "--home", "--json"] {
        assert!(top.contains(part), "{top}");
    }
    let bare = run(&mut Command::new(program()));
    assert_eq!(bare.status.code(), Some(2));
    assert_eq!(String::from_utf8_lossy(&bare.stderr).trim(), top.trim());
    let (_, wrong) = run_to(2, Command::new(program()).arg("isue"));
    assert!(is_chinese(&wrong) && wrong.contains("isue"), "{wrong}");
    for wrong in [
        &["init", "--region", "12"][..],
        &["init", "--host", "a b/c"],
        &["certificate", "revoke", "x", "--reason", " "],
        &["seal", "suspend", "x", "--reason", "a\u{1b}[2Jb"],
        &["issue", "--type", "x", "--actor", "a\u{202e}b"],
        &["certificate", "find", "x", "--unmasked"],
    ] {
        let (_, told) = run_to(2, Command::new(program()).args(wrong));
        assert!(told.starts_with("用法有误"), "{wrong:?}: {told}");
    }
}

#[test]
fn what_is_not_there_is_named_with_advice() {
    let home = installation();
    let nowhere = TempDir::new().unwrap();
    let (_, stderr) = run_to(2, certseal(nowhere.path()).args(["type", "list"]));
    assert!(
        stderr.contains("不是 certseal 数据目录") && stderr.contains("certseal init"),
        "{stderr}"
    );
    let (_, stderr) = run_to(2, certseal(home.path()).arg("init"));
    assert!(stderr.contains("不覆盖"), "{stderr}");
    let cases = [
        ("农药经营许可", "农药经营许可证"),
        ("农药经营许可正", "农药经营许可证"),
        ("农药经营许可证书", "农药经营许可证"),
        ("pesticide-permit", "农药经营许可证"),
        ("社会体育指导员", "社会体育指导员证书"),
    ];
    for (wrong, meant) in cases {
        let (_, stderr) = run_to(2, certseal(home.path()).args(["type", "show", wrong]));
        assert!(
            stderr.contains(wrong) && stderr.contains("是否指") && stderr.contains(meant),
            "{stderr}"
        );
    }
    let (_, stderr) = run_to(2, certseal(home.path()).args(["type", "show", "xyz"]));
    assert!(
        !stderr.contains("是否指") && stderr.contains("type list"),
        "{stderr}"
    );
    let unknown = "1.2.156.3005.2.11100000MB0900084K952.114199010000000000.X.001.A";
    for verb in ["history", "export"] {
        let mut command = certseal(home.path());
        command.args(["certificate", verb, unknown]);
        if verb == "export" {
            command.arg("--out").arg(nowhere.path().join("x.pdf"));
        }
        let (_, stderr) = run_to(2, &mut command);
        assert!(
            stderr.contains(unknown) && stderr.contains("certificate find"),
            "{stderr}"
        );
    }
    assert!(!nowhere.path().join("x.pdf").exists());
    let (_, stderr) = run_to(2, certseal(home.path()).args(["seal", "show", "0"]));
    assert!(stderr.contains("没有编号为 0 的印章"), "{stderr}");
    let (_, stderr) = run_to(2, certseal(home.path()).args(["verify", "/none.pdf"]));
    assert!(
        stderr.contains("/none.pdf") && stderr.contains("不存在"),
        "{stderr}"
    );
    // One that is missing does not keep the others from being judged.
    let there = nowhere.path().join("there.pdf");
    fs::write(&there, "%PDF-1.7\nnothing").unwrap();
    let mut both = certseal(home.path());
    let (stdout, stderr) = run_to(2, both.args(["verify", "/none.pdf"]).arg(&there));
    assert!(
        stdout.contains("/none.pdf") && stderr.contains("1 项无法读取") && stdout.contains("there.pdf"),
        "{stdout}\n{stderr}"
    );
    let (stdout, _) = run_to(2, both.arg("--json"));
    let both: Vec<Value> = stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(
        both[0]["error"].is_string() && both[1]["report"].is_object(),
        "{stdout}"
    );
}

#[test]
fn field_errors_name_field_reason_and_advice() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("x.pdf");
    let mut table = Table::permits(1, 1);
    table.set(0, "统一社会信用代码", "92419901MA4EYC5D3Y");
    table.set(0, "发证日期", "2050-01-01");
    table.set(0, "法定代表人", "李\u{E863}");
    let (_, stderr) = run_to(2, &mut issue(home.path(), PERMIT, &table, &out));
    for part in [
        "字段有问题",
        "校验位不符",
        "对照原件",
        "晚于今天",
        "U+E863",
        "䶮",
        "type show",
    ] {
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
    let data = folder.path().join("data.json");
    let with = |value: &Value| fs::write(&data, value.to_string()).unwrap();
    let from_data = |status| {
        let mut command = certseal(home.path());
        command
            .args(["issue", "--type", PERMIT, "--data"])
            .arg(&data)
            .arg("--out")
            .arg(&out);
        run_to(status, &mut command).1
    };
    with(&json!({ "没有的字段": "x" }));
    assert!(from_data(2).contains("没有字段“没有的字段”"));
    with(&json!([1]));
    assert!(from_data(2).contains("应为一个 JSON 对象"));
    with(&json!({ "住所": ["x"] }));
    assert!(from_data(2).contains("“住所”的值应为文本或数字"));
    with(&json!({ "住所": "甲", "address": "乙" }));
    assert!(from_data(2).contains("同一个字段"));
    fs::write(&data, r#"{"住所": "甲", "住所": "乙"}"#).unwrap();
    assert!(from_data(2).contains("“住所”给了两次"));
    fs::write(&data, "{\"住所\": ").unwrap();
    assert!(from_data(2).contains("data.json"));
    fs::write(&data, vec![b' '; 4 << 20]).unwrap();
    assert!(from_data(2).contains("超过"));
    fs::remove_file(&data).unwrap();
    assert!(from_data(2).contains("data.json"));
    let (_, stderr) = run_to(
        2,
        certseal(home.path()).args(["issue", "--type", PERMIT, "--set", "住所"]),
    );
    assert!(stderr.contains("缺少等号"), "{stderr}");
    let mut twice = certseal(home.path());
    twice.args([
        "issue",
        "--type",
        PERMIT,
        "--set",
        "住所=甲",
        "--set",
        "address=乙",
    ]);
    let (_, stderr) = run_to(2, &mut twice);
    assert!(stderr.contains("两次"), "{stderr}");
    assert!(!out.exists());
    assert_eq!(run_json(0, certseal(home.path()).arg("audit"))["certificates"], 0);
}

#[test]
fn data_and_single_fields_go_together() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let table = Table::permits(7, 1);
    let mut data = serde_json::Map::new();
    for (header, value) in table.header.iter().zip(&table.rows[0]) {
        data.insert(header.clone(), value.clone().into());
    }
    let file = folder.path().join("data.json");
    fs::write(&file, Value::Object(data).to_string()).unwrap();
    // What is set by hand stands over the file, by label, key or short name.
    let mut command = certseal(home.path());
    command
        .args(["issue", "--type", "农药经营许可证", "--data"])
        .arg(&file);
    command.args([
        "--set",
        "KZ_FDDBRFZR=魏示范",
        "--set",
        "address=示例市样例区甲路1号",
    ]);
    let issued = run_json(0, command.current_dir(folder.path()));
    let record = &issued["record"];
    assert_eq!(record["number"], table.rows[0][0]);
    // Without --out the file is named by the identifier, in the folder the program runs in.
    let out = folder
        .path()
        .join(format!("{}.pdf", record["identifier"].as_str().unwrap()));
    assert!(out.exists());
    run_ok(certseal(home.path()).arg("verify").arg(&out));
}

#[test]
fn photos_are_taken_and_wrong_ones_named() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let table = Table::instructors(1, 1);
    let out = folder.path().join("x.pdf");
    let photo = folder.path().join("p");
    let with = |field: &str| {
        let mut command = issue(home.path(), INSTRUCTOR, &table, &out);
        command.arg("--photo").arg(format!("{field}={}", photo.display()));
        command
    };
    let picture = |width, height| {
        let mut bytes = Cursor::new(Vec::new());
        let picture = DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, |x, y| {
            image::Rgb([(x % 251) as u8, (y % 241) as u8, 128])
        }));
        picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    };
    let good = picture(295, 413);
    let cases: [(&str, Vec<u8>, &str); 6] = [
        ("照片", b"%PDF-1.7".to_vec(), "JPEG或PNG"),
        ("照片", good[..40].to_vec(), "照片"),
        ("照片", good[..good.len() / 2].to_vec(), "照片"),
        ("照片", picture(20, 30), "像素"),
        ("照片", vec![0; 3 << 20], "超过"),
        ("姓名", good.clone(), "不是照片"),
    ];
    for (field, bytes, said) in cases {
        fs::write(&photo, bytes).unwrap();
        let (_, stderr) = run_to(2, &mut with(field));
        assert!(stderr.contains(said), "{field}: {stderr}");
    }
    fs::remove_file(&photo).unwrap();
    let (_, stderr) = run_to(2, &mut with("照片"));
    assert!(stderr.contains(photo.to_str().unwrap()), "{stderr}");
    fs::write(&photo, &good).unwrap();
    let (_, stderr) = run_to(2, &mut with("相片"));
    assert!(stderr.contains("没有字段“相片”"), "{stderr}");
    assert_eq!(run_json(0, certseal(home.path()).arg("audit"))["certificates"], 0);
    run_ok(&mut with("照片"));
    run_ok(certseal(home.path()).arg("verify").arg(&out));
}

#[test]
fn a_chain_of_successors_is_kept() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let table = Table::permits(3, 1);
    let path = |n: usize| folder.path().join(format!("{n}.pdf"));
    let number = &table.rows[0][0];
    let mut identifiers = Vec::new();
    let first = run_json(0, &mut issue(home.path(), PERMIT, &table, &path(0)));
    identifiers.push(first["record"]["identifier"].as_str().unwrap().to_owned());

    // The same number once more is refused, unless it says what it replaces.
    let (_, stderr) = run_to(2, &mut issue(home.path(), PERMIT, &table, &path(9)));
    assert!(
        stderr.contains("登记簿拒绝") && stderr.contains(&identifiers[0]),
        "{stderr}"
    );
    for (n, basis) in [(1, "--renews"), (2, "--amends"), (3, "--reissues")] {
        let mut command = issue(home.path(), PERMIT, &table, &path(n));
        command.args([
            basis,
            &identifiers[n - 1],
            "--reason",
            "测试换发",
            "--actor",
            "李经办",
        ]);
        let issued = run_json(0, &mut command);
        assert_eq!(issued["record"]["predecessor"], *identifiers[n - 1]);
        assert_eq!(issued["record"]["number"], **number);
        identifiers.push(issued["record"]["identifier"].as_str().unwrap().to_owned());
    }
    // What was replaced cannot be replaced twice, nor suspended.
    let mut command = issue(home.path(), PERMIT, &table, &path(9));
    let (_, stderr) = run_to(2, command.args(["--renews", &identifiers[0]]));
    assert!(stderr.contains("已换发"), "{stderr}");
    // That is told before a seal is opened or anything made.
    let mut command = issue(home.path(), PERMIT, &table, &path(9));
    let (_, stderr) = run_to(2, command.args(["--renews", &identifiers[0], "--seal", "none"]));
    assert!(stderr.contains("已换发"), "{stderr}");
    let change = |verb: &str, n: usize| {
        let mut command = certseal(home.path());
        command.args(["certificate", verb, &identifiers[n], "--reason", "测试"]);
        command
    };
    let (_, stderr) = run_to(2, &mut change("suspend", 1));
    assert!(stderr.contains("已换发"), "{stderr}");
    // One basis at a time, and one that is there.
    let mut command = issue(home.path(), PERMIT, &table, &path(9));
    run_to(2, command.args(["--renews", "a", "--amends", "b"]));
    let mut command = issue(home.path(), PERMIT, &table, &path(9));
    let (_, stderr) = run_to(2, command.args(["--renews", "1.2.3"]));
    assert!(stderr.contains("1.2.3"), "{stderr}");
    let mut command = issue(home.path(), INSTRUCTOR, &Table::instructors(1, 1), &path(9));
    let (_, stderr) = run_to(2, command.args(["--renews", &identifiers[3]]));
    assert!(stderr.contains("另一证照类型"), "{stderr}");
    assert!(!path(9).exists());

    // The last is in force; its states and their order are on record.
    for verb in ["suspend", "resume", "revoke"] {
        run_ok(&mut change(verb, 3));
    }
    let (_, stderr) = run_to(2, &mut change("resume", 3));
    assert!(stderr.contains("已撤销") && stderr.contains("不能"), "{stderr}");
    let history = run_json(
        0,
        certseal(home.path()).args(["certificate", "history", &identifiers[3]]),
    );
    let kinds: Vec<&str> = history
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["reissued", "suspended", "resumed", "revoked"]);
    let text = run_ok(certseal(home.path()).args(["certificate", "history", &identifiers[1]]));
    assert!(
        text.contains("延续换发") && text.contains("李经办") && text.contains("测试换发"),
        "{text}"
    );

    // Each document says what has become of it.
    let conclusion = |n: usize, status| {
        run_json(status, certseal(home.path()).arg("verify").arg(path(n)))["conclusion"].clone()
    };
    assert_ne!(conclusion(0, 1), "good");
    assert_ne!(conclusion(3, 1), "good");
    let annex = run_json(0, certseal(home.path()).args(["report", "annex3"]));
    assert_eq!(
        annex["total"]["sealed"], 1,
        "counted once, however often renewed: {}",
        annex["total"]
    );
}

#[test]
fn an_idempotency_key_stands_for_one_request() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let (a, b) = (folder.path().join("a.pdf"), folder.path().join("b.pdf"));
    let table = Table::permits(5, 1);
    let with_key = |table: &Table, out: &Path| {
        let mut command = issue(home.path(), PERMIT, table, out);
        command.args(["--idempotency-key", "k-1"]);
        command
    };
    let first = run_json(0, &mut with_key(&table, &a));
    assert_eq!(first["replayed"], false);
    let second = run_json(0, &mut with_key(&table, &b));
    assert_eq!(second["replayed"], true);
    assert_eq!(fs::read(&a).unwrap(), fs::read(&b).unwrap());
    let mut other = table.clone();
    other.set(0, "法定代表人", "魏示范");
    let (_, stderr) = run_to(2, &mut with_key(&other, &b));
    assert!(
        stderr.contains("幂等键已用于另一份申请") && stderr.contains("换一个幂等键"),
        "{stderr}"
    );
    assert_eq!(run_json(0, certseal(home.path()).arg("audit"))["certificates"], 1);
}

#[test]
fn a_document_that_cannot_be_written_is_not_lost() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let table = Table::permits(5, 1);
    let nowhere = folder.path().join("none/x.pdf");
    let (_, stderr) = run_to(2, &mut issue(home.path(), PERMIT, &table, &nowhere));
    assert!(
        stderr.contains("已签发") && stderr.contains("certificate export"),
        "{stderr}"
    );
    let found = run_json(
        0,
        certseal(home.path()).args(["certificate", "find", &table.rows[0][0]]),
    );
    let identifier = found[0]["identifier"].as_str().unwrap();
    assert!(stderr.contains(identifier), "{stderr}");
    let out = folder.path().join("x.pdf");
    run_ok(
        certseal(home.path())
            .args(["certificate", "export", identifier, "--out"])
            .arg(&out),
    );
    run_ok(certseal(home.path()).arg("verify").arg(&out));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn certificates_are_found_by_identifier_number_and_holder() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("t.csv");
    let table = Table::instructors(1, 4);
    table.write(&file);
    run_ok(
        certseal(home.path())
            .args(["backfill", "--type", INSTRUCTOR])
            .arg(&file),
    );
    let find =
        |query: &str, status| run_json(status, certseal(home.path()).args(["certificate", "find", query]));
    let by_number = find(&table.rows[1][0], 0);
    assert_eq!(by_number.as_array().unwrap().len(), 1);
    let identifier = by_number[0]["identifier"].as_str().unwrap();
    assert_eq!(find(identifier, 0), by_number);
    let code = &table.rows[1][table.column("身份证号")];
    assert_eq!(find(code, 0), by_number);
    assert_eq!(find("褚样例", 0).as_array().unwrap().len(), 4);
    assert_eq!(find("没有这个人", 1), json!([]));
    // Personal data are masked, on the screen and in JSON, here and where a record is shown besides.
    let out = folder.path().join("x.pdf");
    let ask = |args: &[&str]| run_ok(certseal(home.path()).args(["certificate"]).args(args));
    for shown in [
        ask(&["find", code]),
        ask(&["find", code, "--json"]),
        ask(&["export", identifier, "--json", "--out", out.to_str().unwrap()]),
        ask(&["suspend", identifier, "--json", "--reason", "待查"]),
        ask(&["resume", identifier, "--reason", "查清"]),
    ] {
        assert!(
            !shown.contains(code.as_str()) && !shown.contains("褚样例") && shown.contains("褚**"),
            "{shown}"
        );
    }
    // Who sees them whole is on record.
    let disclosures = home.path().join("disclosures.jsonl");
    assert!(!disclosures.exists());
    let whole = ask(&[
        "find",
        code,
        "--json",
        "--unmasked",
        "--reason",
        "信访核实",
        "--actor",
        "周审计",
    ]);
    assert!(
        whole.contains(code.as_str()) && whole.contains("褚样例"),
        "{whole}"
    );
    let entry: serde_json::Value = serde_json::from_str(&fs::read_to_string(&disclosures).unwrap()).unwrap();
    assert_eq!(
        (&entry["actor"], &entry["reason"], &entry["identifiers"]),
        (&json!("周审计"), &json!("信访核实"), &json!([identifier]))
    );
}

#[test]
fn a_national_seal_is_made_and_explained() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let seals = run_json(0, certseal(home.path()).args(["seal", "list"]));
    let id = seals[0]["id"].as_str().unwrap();
    let out = folder.path().join("x.esl");
    let make = |more: &[&str], status| {
        let mut command = certseal(home.path());
        command
            .args(["seal", "national", id, "--out"])
            .arg(&out)
            .args(more);
        run_to(status, &mut command)
    };
    let (_, stderr) = make(&[], 2);
    assert!(stderr.contains("certseal key national"), "{stderr}");
    let made = run_json(0, certseal(home.path()).args(["key", "national"]));
    assert_eq!(made.as_array().unwrap().len(), 19);
    assert_eq!(
        run_json(0, certseal(home.path()).args(["key", "national"])),
        json!([])
    );

    let (text, _) = make(&[], 0);
    assert!(text.contains(id) && text.contains("GB/T 38540-2020"), "{text}");
    // Whoever has the file needs nothing else to look at it.
    let picture = folder.path().join("x.png");
    let mut show = certseal(&folder.path().join("nowhere"));
    let shown = run_json(
        0,
        show.args(["seal", "show"])
            .arg(&out)
            .arg("--picture")
            .arg(&picture),
    );
    assert_eq!(shown["id"], json!(id));
    assert_eq!(shown["name"], seals[0]["name"]);
    assert_eq!(
        (&shown["maker-signature"]["verifies"], &shown["deviations"]),
        (&json!(true), &json!([]))
    );
    assert!(fs::read(&picture).unwrap().starts_with(b"\x89PNG"));
    let image = picture.to_str().unwrap();
    let more = [
        "--edition",
        "v5",
        "--by-digest",
        "--type",
        "15",
        "--image",
        image,
        "--width",
        "42",
        "--height",
        "42",
    ];
    let (text, _) = make(&more, 0);
    assert!(text.contains("GM/T 0031-2025") && text.contains("15"), "{text}");
    let (_, stderr) = make(&["--image", image, "--width", "42", "--height", "30"], 2);
    assert!(stderr.contains("比例"), "{stderr}");

    let mut forged = fs::read(&out).unwrap();
    let name = "局".as_bytes();
    let place = forged.windows(3).position(|window| window == name).unwrap();
    forged[place..place + 3].copy_from_slice("署".as_bytes());
    fs::write(&out, forged).unwrap();
    let (text, _) = run_to(1, certseal(home.path()).args(["seal", "show"]).arg(&out));
    assert!(text.contains("签名值无效"), "{text}");
    fs::write(&out, b"no seal").unwrap();
    let (_, stderr) = run_to(2, certseal(home.path()).args(["seal", "show"]).arg(&out));
    assert!(stderr.contains("不是国密印章文件"), "{stderr}");
}

#[test]
fn a_seal_is_suspended_resumed_and_destroyed() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("x.pdf");
    let table = Table::permits(5, 1);
    let seals = run_json(0, certseal(home.path()).args(["seal", "list"]));
    assert_eq!(seals.as_array().unwrap().len(), 30);
    let seal = seals.as_array().unwrap().iter().find(|seal| {
        seal["owner"].as_str().unwrap().contains("农业") && seal["name"].as_str().unwrap().ends_with("专用章")
    });
    let id = seal.unwrap()["id"].as_str().unwrap();
    let change = |verb: &str, status| {
        let mut command = certseal(home.path());
        command.args(["seal", verb, id, "--reason", "保管人变更"]);
        run_to(status, &mut command)
    };
    let svg = folder.path().join("seal.svg");
    let (text, _) = run_to(
        0,
        certseal(home.path())
            .args(["seal", "show", id, "--svg"])
            .arg(&svg),
    );
    assert!(text.contains(id) && text.contains("启用"), "{text}");
    assert!(fs::read_to_string(&svg).unwrap().starts_with("<svg"));

    let (text, _) = change("suspend", 0);
    assert!(text.contains("停用") && text.contains("保管人变更"), "{text}");
    let (_, stderr) = run_to(2, &mut issue(home.path(), PERMIT, &table, &out));
    assert!(
        stderr.contains(id) && stderr.contains("停用") && stderr.contains("保管人变更"),
        "{stderr}"
    );
    let file = folder.path().join("t.csv");
    table.write(&file);
    let (_, stderr) = run_to(
        2,
        certseal(home.path())
            .args(["backfill", "--type", PERMIT])
            .arg(&file),
    );
    assert!(stderr.contains("停用"), "{stderr}");
    // Checking needs no seal.
    run_ok(
        certseal(home.path())
            .args(["backfill", "--type", PERMIT, "--dry-run"])
            .arg(&file),
    );
    let (_, stderr) = change("suspend", 2);
    assert!(stderr.contains("不能"), "{stderr}");
    change("resume", 0);
    run_ok(&mut issue(home.path(), PERMIT, &table, &out));
    change("destroy", 0);
    let (_, stderr) = change("resume", 2);
    assert!(stderr.contains("已销毁"), "{stderr}");
    let (_, stderr) = run_to(2, &mut issue(home.path(), PERMIT, &Table::permits(6, 1), &out));
    assert!(stderr.contains("销毁"), "{stderr}");
    // A reason is asked for.
    run_to(2, certseal(home.path()).args(["seal", "suspend", id]));
    // What it sealed in its time stays good.
    run_ok(certseal(home.path()).arg("verify").arg(&out));
}

#[test]
fn the_report_is_printed_and_written() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let (csv, xlsx) = (folder.path().join("r.csv"), folder.path().join("r.xlsx"));
    let file = folder.path().join("t.csv");
    Table::permits(1, 3).write(&file);
    run_ok(
        certseal(home.path())
            .args(["backfill", "--type", PERMIT])
            .arg(&file),
    );
    let mut command = certseal(home.path());
    command
        .args(["report", "annex3", "--csv"])
        .arg(&csv)
        .arg("--xlsx")
        .arg(&xlsx);
    let text = run_ok(&mut command);
    assert!(text.contains("农药经营许可证") && text.contains("合计"), "{text}");
    let table = Table::read(&csv);
    assert!(table.rows.iter().flatten().any(|cell| cell == "农药经营许可证"));
    assert!(fs::read(&xlsx).unwrap().starts_with(b"PK"));
    let report = run_json(0, certseal(home.path()).args(["report", "annex3"]));
    assert_eq!(report["rows"].as_array().unwrap().len(), 63);
    assert_eq!(report["departments"].as_array().unwrap().len(), 15);
    assert_eq!(
        (&report["total"]["sealed"], &report["total"]["unsealed"]),
        (&json!(3), &json!(0))
    );
    let (_, stderr) = run_to(
        2,
        certseal(home.path()).args(["report", "annex3", "--csv", "/none/r.csv"]),
    );
    assert!(stderr.contains("/none/r.csv"), "{stderr}");
}

#[test]
fn types_are_shown_and_previewed() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let list = run_json(0, certseal(home.path()).args(["type", "list"]));
    assert_eq!(list.as_array().unwrap().len(), 63);
    let text = run_ok(certseal(home.path()).args(["type", "show", "农药经营许可证"]));
    for part in [PERMIT, "统一社会信用代码", "CZZTDM", "* 经营者名称", "5 年"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let shown = run_json(0, certseal(home.path()).args(["type", "show", PERMIT]));
    assert_eq!(shown["key"], PERMIT);
    // Needs neither passphrase nor registry, and makes no certificate.
    let mut command = certseal(home.path());
    command
        .env_remove("CERTSEAL_PASSPHRASE")
        .args(["type", "preview", PERMIT, INSTRUCTOR, "--out"]);
    run_ok(command.arg(folder.path().join("faces")));
    let faces: Vec<_> = fs::read_dir(folder.path().join("faces"))
        .unwrap()
        .flatten()
        .collect();
    assert_eq!(faces.len(), 2);
    for face in faces {
        let path = face.path();
        assert!(fs::read(&path).unwrap().starts_with(b"%PDF-"), "{path:?}");
        // A sample is no certificate.
        assert_ne!(
            run(certseal(home.path()).arg("verify").arg(&path)).status.code(),
            Some(0)
        );
    }
}

#[test]
fn keys_are_listed_without_a_passphrase() {
    let home = installation();
    let mut command = certseal(home.path());
    command.env_remove("CERTSEAL_PASSPHRASE").args(["key", "list"]);
    let keys = run_json(0, &mut command);
    assert!(keys.as_array().unwrap().len() >= 20, "{keys}");
}

#[test]
fn interface_keys_are_made_listed_and_withdrawn() {
    let home = installation();
    let key = |args: &[&str], status| run_to(status, certseal(home.path()).arg("key").args(args));
    let (token, note) = key(&["api-add", "农业窗口", "--department", "ny"], 0);
    assert!(
        token.starts_with("csk_") && note.contains("只显示这一次"),
        "{token} {note}"
    );
    let file = home.path().join("api-keys.toml");
    assert!(
        !fs::read_to_string(&file).unwrap().contains(token.trim()),
        "the secret is not kept"
    );
    let (list, _) = key(&["api-list"], 0);
    assert!(
        list.contains("农业窗口") && list.contains("ny") && !list.contains(token.trim()),
        "{list}"
    );
    let (_, stderr) = key(&["api-add", "农业窗口", "--department", "ny"], 2);
    assert!(stderr.contains("农业窗口"), "{stderr}");
    let (_, stderr) = key(&["api-add", "x", "--department", "nongye"], 2);
    assert!(
        stderr.contains("没有部门“nongye”") && stderr.contains("ny"),
        "{stderr}"
    );
    let (_, stderr) = key(&["api-revoke", "没有"], 2);
    assert!(stderr.contains("没有"), "{stderr}");
    key(&["api-revoke", "农业窗口"], 0);
    let (list, _) = key(&["api-list"], 0);
    assert!(!list.contains("农业窗口"), "{list}");
}

#[test]
fn a_verdict_is_no_better_because_nobody_reads_it() {
    let folder = installation();
    let home = folder.path();
    let forged = home.join("forged.pdf");
    fs::write(&forged, b"%PDF-1.7\nnothing").unwrap();
    let verify = || {
        let mut command = certseal(home);
        command.arg("verify").arg(&forged);
        command
    };
    // A reader that has gone, as `head` does.
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let output = verify().stdout(writer).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stderr.is_empty());
    // A full disk.
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let output = verify().stdout(full).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("磁盘空间不足") && said.contains("不要直接重做"),
        "{said}"
    );
}
