//! Sealing tables of historical certificates with the built program: what is refused, mended, repeated
//! and interrupted.

#![allow(clippy::unwrap_used)]

use std::{
    fs,
    path::Path,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use certseal_tests::{
    backlog::{audited, backfill, counts, files, rejects_of},
    certseal, installation, run, run_json, run_ok, run_to,
    table::{INSTRUCTOR, PERMIT, Table, credit_code},
};
use encoding_rs::GB18030;
use serde_json::Value;
use tempfile::TempDir;

#[test]
fn a_repeated_run_issues_nothing_new() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("licences.csv");
    Table::permits(1, 300).write(&file);
    let (first, _) = run_to(0, &mut backfill(home.path(), PERMIT, &file));
    assert!(
        first.contains("共读取 300 行") && first.contains("已签发 300"),
        "{first}"
    );
    let documents = files(&home.path().join("documents"));
    assert_eq!(documents.len(), 300);
    let events = run_json(0, certseal(home.path()).arg("audit"))["events"].clone();

    let (second, _) = run_to(0, &mut backfill(home.path(), PERMIT, &file));
    assert!(
        second.contains("已签发 0") && second.contains("此前已有 300"),
        "{second}"
    );
    assert_eq!(files(&home.path().join("documents")).len(), 300);
    assert_eq!(run_json(0, certseal(home.path()).arg("audit"))["events"], events);

    // The type goes by its name as well, and a longer table adds what is new in it.
    Table::permits(1, 310).write(&file);
    let answer = run_json(0, &mut backfill(home.path(), "农药经营许可证", &file));
    assert_eq!(counts(&answer), [10, 300, 0, 0]);
    assert_eq!(answer["rejects"], Value::Null);
    audited(home.path(), 310);

    let sample: Vec<_> = files(&home.path().join("documents"))
        .into_iter()
        .step_by(31)
        .collect();
    run_ok(certseal(home.path()).arg("verify").args(&sample));
}

/// A table with one fault of every kind, and what is said of it: line, field, part of the reason.
fn faulty() -> (Table, Vec<(usize, &'static str, &'static str)>) {
    let mut table = Table::permits(1, 40);
    let mut faults = Vec::new();
    let mut fault = |table: &mut Table, row: usize, header: &str, value: &str, field, reason| {
        table.set(row, header, value);
        faults.push((row + 2, field, reason));
    };
    let code = "统一社会信用代码（身份证号码）";
    let good = credit_code(2);
    let other = if good.ends_with('0') { '1' } else { '0' };
    let bad = format!("{}{other}", &good[..17]);
    fault(&mut table, 2, "统一社会信用代码", &bad, code, "校验位不符");
    fault(&mut table, 4, "经营者名称", "", "经营者名称", "必填");
    fault(&mut table, 6, "发证日期", "2050-01-01", "发证日期", "晚于今天");
    fault(&mut table, 8, "住所", &"长".repeat(101), "住所", "超过上限100个");
    fault(
        &mut table,
        10,
        "法定代表人",
        "李\u{E863}",
        "法定代表人（负责人）",
        "私用区",
    );
    fault(&mut table, 12, "仓储场所", "库\u{7}房", "仓储场所", "控制字符");
    fault(&mut table, 14, "经营范围", "化肥", "经营范围", "化肥");
    fault(&mut table, 16, "有效期至", "五年", "有效期至", "不是可识别的日期");
    fault(&mut table, 18, "统一社会信用代码", "12345", code, "");
    fault(&mut table, 20, "许可证编号", "", "许可证编号", "编号");
    fault(
        &mut table,
        22,
        "法定代表人",
        "李\u{10FFFD}",
        "法定代表人（负责人）",
        "私用区",
    );
    // A character that Unicode has and no font here draws.
    fault(
        &mut table,
        24,
        "法定代表人",
        "李\u{1F9FF}",
        "法定代表人（负责人）",
        "U+1F9FF",
    );
    // The number of row 0 with other content, and row 1 once more.
    let number = table.rows[0][0].clone();
    fault(&mut table, 26, "许可证编号", &number, "许可证编号", "内容不同");
    let again = table.rows[1].clone();
    table.rows[28] = again;
    // A cell too few, a cell too many.
    table.rows[30].pop();
    faults.push((32, "整行", "有 9 列，表头有 10 列"));
    table.rows[32].push("多".to_owned());
    faults.push((34, "整行", "有 11 列，表头有 10 列"));
    (table, faults)
}

fn check_rejects(path: &Path, table: &Table, faults: &[(usize, &str, &str)]) {
    let rejects = Table::read(path);
    let mut header = ["〔原行号〕", "〔问题字段〕", "〔原因〕", "〔处理办法〕"]
        .map(str::to_owned)
        .to_vec();
    header.extend(table.header.clone());
    assert_eq!(rejects.header, header);
    assert_eq!(rejects.rows.len(), faults.len());
    for (row, (line, field, reason)) in rejects.rows.iter().zip(faults) {
        assert_eq!(row[0], line.to_string(), "{row:?}");
        assert_eq!(row[1], *field, "{row:?}");
        assert!(row[2].contains(reason), "{row:?} does not say {reason}");
        assert!(!row[3].is_empty(), "no advice: {row:?}");
        assert_eq!(row[4..], table.rows[line - 2], "the row as it stood");
    }
}

#[test]
fn bad_rows_are_rejected_mended_and_fed_again() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("licences.csv");
    let (table, faults) = faulty();
    table.write(&file);
    let rejected = faults.len() as u64;

    // A dry run finds the same and issues nothing.
    let answer = run_json(1, backfill(home.path(), PERMIT, &file).arg("--dry-run"));
    assert_eq!(counts(&answer), [39 - rejected, 1, 0, rejected]);
    check_rejects(&rejects_of(&file), &table, &faults);
    audited(home.path(), 0);

    let (stdout, _) = run_to(1, &mut backfill(home.path(), PERMIT, &file));
    assert!(stdout.contains(&format!("被拒 {rejected}")), "{stdout}");
    assert!(stdout.contains("licences.rejects.csv"), "{stdout}");
    check_rejects(&rejects_of(&file), &table, &faults);
    audited(home.path(), 39 - rejected);

    // Mended as a clerk would: cells put right in place, the added columns left as they are.
    let good = Table::permits(1, 40);
    let mut mended = Table::read(&rejects_of(&file));
    for row in &mut mended.rows {
        let line: usize = row[0].parse().unwrap();
        row.truncate(4);
        row.extend(good.rows[line - 2].iter().cloned());
    }
    mended.write(&rejects_of(&file));
    let answer = run_json(0, &mut backfill(home.path(), PERMIT, &rejects_of(&file)));
    assert_eq!(counts(&answer), [rejected, 0, 0, 0]);
    audited(home.path(), 39);
    let left: Vec<_> = files(folder.path());
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn rejects_of_mended_rejects_keep_their_columns() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("licences.csv");
    let (table, _) = faulty();
    table.write(&file);
    run_to(1, backfill(home.path(), PERMIT, &file).arg("--dry-run"));
    // Fed again without a stroke: the same rows, the same columns, the same reasons.
    run_to(
        0,
        backfill(home.path(), PERMIT, &{
            let good = folder.path().join("good.csv");
            Table::permits(1, 1).write(&good);
            good
        })
        .arg("--actor")
        .arg("测试"),
    );
    let first = Table::read(&rejects_of(&file));
    run_to(
        1,
        backfill(home.path(), PERMIT, &rejects_of(&file)).arg("--dry-run"),
    );
    let again = Table::read(&folder.path().join("licences.again.rejects.csv"));
    assert_eq!(again.header, first.header);
    assert_eq!(again.rows.len(), first.rows.len());
    for (again, first) in again.rows.iter().zip(&first.rows) {
        assert_eq!(again[1], first[1]);
        // What was twice in the table is on record by now.
        let alike = |part: &str| again[2].contains(part) && first[2].contains(part);
        assert!(
            again[2] == first[2] || again[1] == "整行" || alike("内容不同"),
            "{again:?}"
        );
        assert_eq!(again[4..], first[4..]);
    }
}

#[test]
fn since_leaves_older_certificates_alone() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("t.csv");
    let mut table = Table::permits(1, 30);
    let issued = table.column("发证日期");
    let older = table
        .rows
        .iter()
        .filter(|row| row[issued].as_str() < "2021-01-01")
        .count() as u64;
    // A fault in a row that is not asked for is nobody's work now.
    let old = table
        .rows
        .iter()
        .position(|row| row[issued].as_str() < "2021-01-01")
        .unwrap();
    table.set(old, "经营者名称", "");
    table.write(&file);
    let answer = run_json(
        0,
        backfill(home.path(), PERMIT, &file).args(["--since", "2021-01-01"]),
    );
    assert_eq!(counts(&answer), [30 - older, 0, older, 0]);
    let (_, stderr) = run_to(
        2,
        backfill(home.path(), PERMIT, &file).args(["--since", "last year"]),
    );
    assert!(stderr.contains("--since"), "{stderr}");
}

#[test]
fn enrolled_certificates_become_sealed_in_the_report() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let row = || {
        let report = run_json(0, certseal(home.path()).args(["report", "annex3"]));
        let text = report.to_string();
        let csv = folder.path().join("r.csv");
        run_ok(
            certseal(home.path())
                .args(["report", "annex3", "--csv"])
                .arg(&csv),
        );
        let table = Table::read(&csv);
        let row = table
            .rows
            .into_iter()
            .find(|row| row.iter().any(|c| c == "社会体育指导员证书"));
        (row.unwrap_or_else(|| panic!("{text}")), text)
    };
    let file = folder.path().join("t.csv");
    Table::instructors(1, 60).write(&file);
    let answer = run_json(0, backfill(home.path(), INSTRUCTOR, &file).arg("--enrol"));
    assert_eq!(counts(&answer), [60, 0, 0, 0]);
    let answer = run_json(0, backfill(home.path(), INSTRUCTOR, &file).arg("--enrol"));
    assert_eq!(counts(&answer), [0, 60, 0, 0]);
    let (before, _) = row();
    assert_eq!(numbers(&before), [0, 60], "{before:?}");

    Table::instructors(1, 45).write(&file);
    run_ok(&mut backfill(home.path(), INSTRUCTOR, &file));
    let (after, _) = row();
    assert_eq!(numbers(&after), [45, 15], "{after:?}");
    // What is sealed cannot be enrolled as unsealed again.
    let answer = run_json(0, backfill(home.path(), INSTRUCTOR, &file).arg("--enrol"));
    assert_eq!(counts(&answer), [0, 45, 0, 0]);
    assert_eq!(numbers(&row().0), [45, 15]);
}

/// Sealed and unsealed: the last two figures of a row.
fn numbers(row: &[String]) -> [u64; 2] {
    let figures: Vec<u64> = row.iter().filter_map(|cell| cell.parse().ok()).collect();
    [figures[figures.len() - 2], figures[figures.len() - 1]]
}

#[test]
fn ctrl_c_ends_in_order_and_a_rerun_completes() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("licences.csv");
    let count = 3_000;
    let mut table = Table::permits(1, count);
    table.set(3, "经营者名称", "");
    table.write(&file);
    // What an earlier run that was killed left behind.
    fs::write(folder.path().join("licences.rejects.csv.part"), "x").unwrap();

    let documents = home.path().join("documents");
    let mut child = backfill(home.path(), PERMIT, &file)
        .arg("--json")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while files(&documents).is_empty() {
        assert!(begun.elapsed() < Duration::from_mins(1) && child.try_wait().unwrap().is_none());
        thread::sleep(Duration::from_millis(20));
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("中断") && stderr.contains("再次运行"), "{stderr}");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["summary"]["interrupted"], true);
    let done = answer["summary"]["done"].as_u64().unwrap();
    assert!(done > 0 && done < count as u64 - 1, "{answer}");
    assert!(rejects_of(&file).exists());
    audited(home.path(), done);

    let answer = run_json(1, &mut backfill(home.path(), PERMIT, &file));
    assert_eq!(counts(&answer), [count as u64 - 1 - done, done, 0, 1]);
    audited(home.path(), count as u64 - 1);

    // A run without rejections takes away both the old rejects file and what a killed run left.
    fs::write(folder.path().join("licences.rejects.csv.part"), "x").unwrap();
    Table::permits(1, 10).write(&file);
    run_ok(&mut backfill(home.path(), PERMIT, &file));
    assert_eq!(files(folder.path()), [file]);
}

#[test]
fn a_seal_out_of_force_stops_the_run_before_it_begins() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("t.csv");
    Table::permits(1, 4).write(&file);
    let (_, stderr) = run_to(2, backfill(home.path(), PERMIT, &file).args(["--seal", "9999"]));
    assert!(stderr.contains("9999"), "{stderr}");
    // The first seal in the register is another department's.
    let seals = run_json(0, certseal(home.path()).args(["seal", "list"]));
    let other = seals
        .as_array()
        .unwrap()
        .iter()
        .find(|seal| !seal["owner"].as_str().unwrap().contains("农业"));
    let other = other.unwrap()["id"].as_str().unwrap();
    let (_, stderr) = run_to(2, backfill(home.path(), PERMIT, &file).args(["--seal", other]));
    assert!(stderr.contains(other) && stderr.contains("不能用于"), "{stderr}");
    audited(home.path(), 0);
}

#[test]
fn a_rejects_file_that_cannot_be_written_is_named() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("t.csv");
    let mut table = Table::permits(1, 4);
    table.set(1, "经营者名称", "");
    table.write(&file);
    let nowhere = folder.path().join("none/rejects.csv");
    let (_, stderr) = run_to(
        2,
        backfill(home.path(), PERMIT, &file)
            .arg("--rejects")
            .arg(&nowhere),
    );
    assert!(stderr.contains("none/rejects.csv"), "{stderr}");
    let (_, stderr) = run_to(
        2,
        backfill(home.path(), PERMIT, &file).arg("--rejects").arg(&file),
    );
    assert!(stderr.contains("同一个"), "{stderr}");
    assert_eq!(
        run(&mut backfill(home.path(), PERMIT, &file)).status.code(),
        Some(1)
    );
    audited(home.path(), 3);
}

#[test]
fn a_number_enrolled_with_other_content_is_rejected_by_field() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("t.csv");
    let mut table = Table::instructors(1, 6);
    table.write(&file);
    run_ok(backfill(home.path(), INSTRUCTOR, &file).arg("--enrol"));

    // One says another holder, one another face, one comes twice with different content at once.
    let first = table.clone();
    table.set(1, "姓名", "陈样例");
    table.set(2, "工作单位", "样例区体育中心");
    table.rows.extend(Table::instructors(7, 1).rows);
    table.rows.extend(Table::instructors(7, 1).rows);
    table.set(7, "批准日期", "2018/1/5");
    table.write(&file);
    let answer = run_json(1, backfill(home.path(), INSTRUCTOR, &file).arg("--enrol"));
    assert_eq!(counts(&answer), [1, 4, 0, 3], "{answer}");
    let rejects = Table::read(&rejects_of(&file));
    let said: Vec<(&str, &str)> = rejects
        .rows
        .iter()
        .map(|row| (row[0].as_str(), row[2].as_str()))
        .collect();
    for ((line, reason), (expected, field)) in
        said.iter().zip([("3", "姓名"), ("4", "照面"), ("9", "批准日期")])
    {
        assert_eq!(*line, expected, "{said:?}");
        assert!(reason.contains("内容不同") && reason.contains(field), "{said:?}");
    }
    // Neither value stands in what goes to the department, but in the row itself.
    assert!(
        said.iter().all(|(_, reason)| !reason.contains("褚样例")),
        "{said:?}"
    );

    // Sealed with other content than a certificate of the number has.
    first.write(&file);
    run_ok(&mut backfill(home.path(), INSTRUCTOR, &file));
    table.rows.truncate(6);
    table.write(&file);
    let answer = run_json(1, &mut backfill(home.path(), INSTRUCTOR, &file));
    assert_eq!(counts(&answer), [0, 4, 0, 2], "{answer}");
    let rejects = Table::read(&rejects_of(&file));
    assert!(rejects.rows[0][2].contains("姓名"), "{:?}", rejects.rows);
    assert!(rejects.rows[1][2].contains("照面"), "{:?}", rejects.rows);
}

#[test]
fn a_row_that_was_amended_since_is_on_record() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("t.csv");
    let mut table = Table::permits(1, 3);
    table.write(&file);
    run_ok(&mut backfill(home.path(), PERMIT, &file));
    let number = &table.rows[1][0].clone();
    let found = run_json(0, certseal(home.path()).args(["certificate", "find", number]));
    table.set(1, "住所", "示例市样例区新街1号");
    let mut amend = certseal(home.path());
    amend.args(["issue", "--type", PERMIT, "--amends"]);
    amend.arg(found[0]["identifier"].as_str().unwrap());
    amend.arg("--out").arg(folder.path().join("new.pdf"));
    for (header, value) in table.header.iter().zip(&table.rows[1]) {
        amend.arg("--set").arg(format!("{header}={value}"));
    }
    run_ok(&mut amend);
    // The old table and the new one both find their row.
    for table in [Table::permits(1, 3), table] {
        table.write(&file);
        let answer = run_json(0, &mut backfill(home.path(), PERMIT, &file));
        assert_eq!(counts(&answer), [0, 3, 0, 0]);
    }
}

#[test]
fn the_next_number_is_behind_the_backlog() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("t.csv");
    let mut table = Table::permits(1, 1_200);
    // One number in the run is free.
    table.rows.remove(699);
    table.write(&file);
    run_ok(&mut backfill(home.path(), PERMIT, &file));
    let issue = || {
        let row = &Table::permits(2_000, 1).rows[0];
        let mut command = certseal(home.path());
        command.args(["issue", "--type", PERMIT, "--out"]);
        command.arg(folder.path().join("x.pdf"));
        for (header, value) in table.header.iter().zip(row).skip(1) {
            command.arg("--set").arg(format!("{header}={value}"));
        }
        run_json(0, &mut command)["record"]["number"].clone()
    };
    // Licences in the ledger that are not sealed yet have their numbers too.
    Table::permits(1_203, 2).write(&file);
    run_ok(backfill(home.path(), PERMIT, &file).arg("--enrol"));
    let numbers: Vec<_> = (0..4).map(|_| issue()).collect();
    let expected = ["00700", "01201", "01202", "01205"].map(|end| format!("农药经许（豫）419901{end}"));
    assert_eq!(numbers, expected);
}

#[test]
fn a_signer_revoked_meanwhile_stops_the_run() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("licences.csv");
    let count = 8_000;
    Table::permits(1, count).write(&file);
    let documents = home.path().join("documents");
    let mut child = backfill(home.path(), PERMIT, &file)
        .arg("--json")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while files(&documents).is_empty() {
        assert!(begun.elapsed() < Duration::from_mins(1) && child.try_wait().unwrap().is_none());
        thread::sleep(Duration::from_millis(20));
    }
    run_ok(certseal(home.path()).args(["key", "crl", "--revoke", "signer-ny"]));
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(
        stderr.contains("signer-ny") && stderr.contains("吊销"),
        "{stderr}"
    );
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let done = answer["summary"]["done"].as_u64().unwrap();
    assert!(done > 0 && done < count as u64, "{answer}");
    audited(home.path(), done);
    // A damaged list stops it before it begins: what it revokes would go on signing.
    fs::write(home.path().join("pki/ca.crl"), b"").unwrap();
    let (_, stderr) = run_to(2, &mut backfill(home.path(), PERMIT, &file));
    assert!(stderr.contains("ca.crl") && stderr.contains("不可用"), "{stderr}");
}

#[test]
fn rows_survive_the_way_through_the_rejects_file() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("t.csv");
    let mut table = Table::permits(1, 3);
    // Quotes, delimiters, line breaks, rare and full-width characters, spaces at the ends.
    table.set(0, "经营者名称", "“示例”\"农资\",经营部;（𠮷㐀）");
    table.set(0, "住所", " 示例市\n样例区１号 ");
    table.set(1, "住所", "示例=1+1");
    table.set(1, "发证日期", "２０２４年１月５日");
    for row in 0..2 {
        table.set(row, "统一社会信用代码", "错");
    }
    let text = table.delimited(",", "\r\n");
    let (gb, _, lossy) = GB18030.encode(&text);
    assert!(
        !lossy
            && gb
                .windows(2)
                .any(|pair| pair[0] >= 0x81 && pair[1].is_ascii_digit())
    );
    fs::write(&file, gb).unwrap();
    run_to(1, &mut backfill(home.path(), PERMIT, &file));
    let mut rejects = Table::read(&rejects_of(&file));
    for (row, rejected) in rejects.rows.iter().enumerate() {
        assert_eq!(rejected[4..], table.rows[row], "as it stood");
    }
    for (row, n) in rejects.rows.iter_mut().zip(1..) {
        row[6] = credit_code(n);
    }
    // Saved again as an editor here would: GB 18030, tabs.
    let text = rejects.delimited("\t", "\r\n");
    fs::write(rejects_of(&file), GB18030.encode(&text).0).unwrap();
    let answer = run_json(0, &mut backfill(home.path(), PERMIT, &rejects_of(&file)));
    assert_eq!(counts(&answer), [2, 0, 0, 0]);
    let found = run_json(
        0,
        certseal(home.path()).args(["certificate", "find", "农药经许（豫）41990100002"]),
    );
    assert_eq!(found[0]["issued_on"], "2024-01-05", "{found}");
}

#[test]
fn a_file_that_holds_no_rejects_is_not_overwritten() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let (file, other) = (folder.path().join("t.csv"), folder.path().join("other.csv"));
    Table::permits(1, 2).write(&file);
    Table::permits(5, 2).write(&other);
    let before = fs::read(&other).unwrap();
    let (_, stderr) = run_to(
        2,
        backfill(home.path(), PERMIT, &file).arg("--rejects").arg(&other),
    );
    assert!(
        stderr.contains("other.csv") && stderr.contains("不覆盖"),
        "{stderr}"
    );
    assert_eq!(fs::read(&other).unwrap(), before);
    audited(home.path(), 0);
}
