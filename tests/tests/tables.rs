//! What departments hand over as a table: what is read, what is refused, and what is said of it.

#![allow(clippy::unwrap_used)]

use std::fs;

use certseal_tests::{
    backlog::{audited, backfill, counts, rejects_of},
    certseal, installation, run_json, run_to,
    table::{INSTRUCTOR, PERMIT, Table},
};
use encoding_rs::GB18030;
use tempfile::TempDir;

#[test]
fn every_encoding_and_delimiter_is_told_and_read() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let table = Table::permits(1, 40);
    let text = table.csv();
    let (gb, _, lossy) = GB18030.encode(&text);
    assert!(!lossy);
    let utf16 = |mark: [u8; 2], unit: fn(u16) -> [u8; 2]| {
        let mut bytes = mark.to_vec();
        bytes.extend(text.replace(',', "\t").encode_utf16().flat_map(unit));
        bytes
    };
    let cases: [(&str, Vec<u8>, &str, &str); 8] = [
        ("utf8.csv", text.clone().into_bytes(), "utf8", "UTF-8"),
        ("bom.csv", format!("\u{FEFF}{text}").into_bytes(), "utf8", "UTF-8"),
        ("gb.csv", gb.into_owned(), "gb18030", "GB 18030"),
        (
            "utf16le.txt",
            utf16([0xFF, 0xFE], u16::to_le_bytes),
            "utf16",
            "UTF-16",
        ),
        (
            "utf16be.txt",
            utf16([0xFE, 0xFF], u16::to_be_bytes),
            "utf16",
            "UTF-16",
        ),
        (
            "tab.tsv",
            table.delimited("\t", "\n").into_bytes(),
            "utf8",
            "UTF-8",
        ),
        (
            "semicolon.csv",
            table.delimited(";", "\n").into_bytes(),
            "utf8",
            "UTF-8",
        ),
        (
            "crlf.csv",
            table.delimited(",", "\r\n").into_bytes(),
            "utf8",
            "UTF-8",
        ),
    ];
    for (at, (name, bytes, encoding, said)) in cases.iter().enumerate() {
        let file = folder.path().join(name);
        fs::write(&file, bytes).unwrap();
        // The first is sealed; the others must be found to say the same.
        let answer = run_json(0, &mut backfill(home.path(), PERMIT, &file));
        let expected = if at == 0 { [40, 0, 0, 0] } else { [0, 40, 0, 0] };
        assert_eq!(counts(&answer), expected, "{name}");
        assert_eq!(answer["encoding"], *encoding, "{name}");
        let (_, stderr) = run_to(0, backfill(home.path(), PERMIT, &file).arg("--dry-run"));
        assert!(stderr.contains(said), "{name}: {stderr}");
    }
    audited(home.path(), 40);
}

#[test]
fn undecodable_bytes_reject_their_row_alone() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let table = Table::permits(1, 30);
    let break_row = |bytes: &[u8], of: &[u8], with: &[u8]| {
        let at = bytes.windows(of.len()).position(|window| window == of).unwrap();
        [&bytes[..at], with, &bytes[at + of.len()..]].concat()
    };
    let text = table.csv();
    let (gb, ..) = GB18030.encode(&text);
    let (name, ..) = GB18030.encode("经营部（7）");
    let broken = [
        ("gb.csv", break_row(&gb, &name, b"\xB2\xBF\xFF\xFF7"), "GB 18030"),
        (
            "utf8.csv",
            break_row(text.as_bytes(), "（7）".as_bytes(), b"\xE7\xBB7"),
            "UTF-8",
        ),
        (
            "bom.csv",
            [
                b"\xEF\xBB\xBF",
                &break_row(text.as_bytes(), "（7）".as_bytes(), b"\xFF7")[..],
            ]
            .concat(),
            "UTF-8",
        ),
    ];
    for (name, bytes, encoding) in broken {
        let file = folder.path().join(name);
        fs::write(&file, bytes).unwrap();
        let (stdout, stderr) = run_to(1, backfill(home.path(), PERMIT, &file).arg("--dry-run"));
        assert!(stderr.contains(encoding), "{name}: {stderr}");
        assert!(stdout.contains("被拒 1"), "{name}: {stdout}");
        let rejects = Table::read(&rejects_of(&file));
        assert_eq!(rejects.rows[0][0], "8", "{name}");
        assert!(
            rejects.rows[0][2].contains("无法解码"),
            "{name}: {:?}",
            rejects.rows[0]
        );
    }
}

#[test]
fn lines_are_named_as_an_editor_counts_them() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    for (name, end) in [("lf.csv", "\n"), ("crlf.csv", "\r\n")] {
        let mut table = Table::permits(1, 6);
        table.set(0, "住所", "示例市\n样例区1号"); // takes two lines
        table.set(2, "经营者名称", "");
        table.set(5, "经营者名称", "");
        let text = table.delimited(",", end);
        // Two empty lines before the last row.
        let at = text.trim_end().rfind(end).unwrap() + end.len();
        let text = format!("{}{end}{end}{}", &text[..at], &text[at..]);
        let file = folder.path().join(name);
        fs::write(&file, &text).unwrap();
        run_to(1, backfill(home.path(), PERMIT, &file).arg("--dry-run"));
        let rejects = Table::read(&rejects_of(&file));
        let lines: Vec<&str> = rejects.rows.iter().map(|row| row[0].as_str()).collect();
        assert_eq!(lines, ["5", "10"], "{name}");
    }
}

#[test]
fn an_unusable_table_is_refused_by_name() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let table = Table::permits(1, 3);
    let without = |name: &str| {
        let mut table = table.clone();
        let column = table.column(name);
        table.header.remove(column);
        table.rows.iter_mut().for_each(|row| drop(row.remove(column)));
        table.csv()
    };
    let with = |header: &str| {
        let mut table = table.clone();
        table.header.push(header.to_owned());
        table.rows.iter_mut().for_each(|row| row.push("x".to_owned()));
        table.csv()
    };
    let header = Table::permits(1, 0).csv();
    let cases: [(&str, String, &[&str]); 9] = [
        ("missing.csv", without("住所"), &["缺少列", "住所", "--mapping"]),
        (
            "unknown.csv",
            with("备注"),
            &["无法识别的列", "备注", "--mapping"],
        ),
        ("twice.csv", with("经营者名称"), &["经营者名称", "two columns"]),
        (
            "alias.csv",
            with("持证主体"),
            &["经营者名称", "持证主体", "two columns"],
        ),
        ("empty.csv", String::new(), &["empty.csv", "没有表头"]),
        ("blank.csv", "\n\n".to_owned(), &["blank.csv", "没有表头"]),
        ("header.csv", header.clone(), &["header.csv", "没有数据"]),
        (
            "commas.csv",
            format!("{header},,,,,,,,,\n,,,,,,,,,\n"),
            &["commas.csv", "没有数据"],
        ),
        (
            "type.csv",
            Table::instructors(1, 3).csv(),
            &["缺少列", "营业场所", "证书编号"],
        ),
    ];
    for (name, text, said) in cases {
        let file = folder.path().join(name);
        fs::write(&file, text).unwrap();
        let (_, stderr) = run_to(2, &mut backfill(home.path(), PERMIT, &file));
        for part in said {
            assert!(stderr.contains(part), "{name} does not say {part}: {stderr}");
        }
        assert!(!rejects_of(&file).exists());
    }
    let (_, stderr) = run_to(
        2,
        &mut backfill(home.path(), PERMIT, &folder.path().join("none.csv")),
    );
    assert!(stderr.contains("none.csv"), "{stderr}");
    let (_, stderr) = run_to(2, &mut backfill(home.path(), PERMIT, folder.path()));
    assert!(stderr.contains("无法读取"), "{stderr}");
    let (_, stderr) = run_to(
        2,
        &mut backfill(home.path(), "农药经营许可", &folder.path().join("type.csv")),
    );
    assert!(
        stderr.contains("是否指") && stderr.contains("农药经营许可证"),
        "{stderr}"
    );
    audited(home.path(), 0);
}

#[test]
fn a_lost_quote_names_its_line() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("licences.csv");
    let csv = Table::permits(1, 900).csv();
    for (number, line) in [
        ("农药经许（豫）41990100300", 301),
        ("农药经许（豫）41990100899", 900),
    ] {
        fs::write(&file, csv.replacen(number, &format!("\"{number}"), 1)).unwrap();
        let (stdout, stderr) = run_to(2, &mut backfill(home.path(), PERMIT, &file));
        assert!(
            stderr.contains(&format!("第 {line} 行")) && stderr.contains("引号"),
            "{stderr}"
        );
        assert_eq!(stdout, "");
    }
    audited(home.path(), 0);
}

#[test]
fn a_mapping_file_renames_and_leaves_out_columns() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let (file, mapping) = (folder.path().join("t.csv"), folder.path().join("map.toml"));
    let mut table = Table::permits(1, 5);
    for (from, to) in [("经营者名称", "客户"), ("住所", "addr")] {
        let column = table.column(from);
        to.clone_into(&mut table.header[column]);
    }
    table.header.push("内部备注".to_owned());
    table.rows.iter_mut().for_each(|row| row.push("x".to_owned()));
    table.write(&file);
    let (_, stderr) = run_to(2, &mut backfill(home.path(), PERMIT, &file));
    assert!(stderr.contains("缺少列") && stderr.contains("客户"), "{stderr}");

    let mapped = |text: &str, status| {
        fs::write(&mapping, text).unwrap();
        run_to(
            status,
            backfill(home.path(), PERMIT, &file)
                .arg("--mapping")
                .arg(&mapping),
        )
    };
    let good = "\"客户\" = \"经营者名称\"\n\"addr\" = \"address\"\n";
    let (_, stderr) = mapped(good, 2);
    assert!(stderr.contains("内部备注"), "{stderr}");
    let (_, stderr) = mapped(&format!("{good}\"没有\" = \"scope\""), 2);
    assert!(stderr.contains("没有这一列"), "{stderr}");
    let (_, stderr) = mapped(&format!("{good}\"内部备注\" = \"remark\""), 2);
    assert!(
        stderr.contains("remark") && stderr.contains("没有这个字段"),
        "{stderr}"
    );
    let (_, stderr) = mapped("客户 =", 2);
    assert!(stderr.contains("map.toml"), "{stderr}");
    let (stdout, _) = mapped(&format!("{good}\"内部备注\" = \"\""), 0);
    assert!(stdout.contains("已签发 5"), "{stdout}");
    audited(home.path(), 5);
}

#[test]
fn photo_columns_may_stand_empty() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("t.csv");
    let mut table = Table::instructors(1, 4);
    table.header.push("照片".to_owned());
    table.rows.iter_mut().for_each(|row| row.push(String::new()));
    table.rows[3][8] = "photos/4.jpg".to_owned();
    table.write(&file);
    let answer = run_json(1, &mut backfill(home.path(), INSTRUCTOR, &file));
    assert_eq!(counts(&answer), [3, 0, 0, 1]);
    let rejects = Table::read(&rejects_of(&file));
    assert_eq!(
        (rejects.rows[0][0].as_str(), rejects.rows[0][1].as_str()),
        ("5", "照片")
    );
}

#[test]
fn columns_without_a_header_may_stand_empty() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("t.csv");
    let mut table = Table::permits(1, 4);
    for row in std::iter::once(&mut table.header).chain(&mut table.rows) {
        row.extend([String::new(), String::new()]);
    }
    table.rows[2][11] = "备注".to_owned();
    table.set(3, "许可证编号", "4.19901E+17");
    table.write(&file);
    let answer = run_json(1, &mut backfill(home.path(), PERMIT, &file));
    assert_eq!(counts(&answer), [2, 0, 0, 2], "{answer}");
    let rejects = Table::read(&rejects_of(&file));
    assert!(
        rejects.rows[0][2].contains("第 12 列没有表头"),
        "{:?}",
        rejects.rows
    );
    assert!(rejects.rows[1][2].contains("4.19901E+17"), "{:?}", rejects.rows);
    assert_eq!(rejects.rows[0].len(), 16);

    // Mended, they are fed again with the columns as they are.
    let mut mended = rejects;
    mended.rows[0][15].clear();
    mended.rows[1][4] = "农药经许（豫）41990100004".to_owned();
    mended.write(&rejects_of(&file));
    let answer = run_json(0, &mut backfill(home.path(), PERMIT, &rejects_of(&file)));
    assert_eq!(counts(&answer), [2, 0, 0, 0]);
}

#[test]
fn what_is_no_text_table_is_named() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let utf16: Vec<u8> = Table::permits(1, 2)
        .delimited("\t", "\r\n")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let csv = Table::permits(1, 2).csv();
    let titled = format!("2019年发证台账,,,,,,,,,\n\n{csv}");
    let headless = csv.split_once('\n').unwrap().1.to_owned();
    let cases: [(&str, Vec<u8>, &[&str]); 6] = [
        (
            "a.xlsx",
            b"PK\x03\x04\x14\0".to_vec(),
            &["a.xlsx", ".xlsx", "CSV UTF-8"],
        ),
        (
            "a.xls",
            b"\xD0\xCF\x11\xE0\xA1\xB1".to_vec(),
            &["a.xls", "旧版 Excel", "CSV UTF-8"],
        ),
        (
            "b.xls",
            b"<html><table>".to_vec(),
            &["b.xls", "网页", "CSV UTF-8"],
        ),
        ("a.txt", utf16, &["a.txt", "字节顺序标记"]),
        ("titled.csv", titled.into_bytes(), &["第 3 行", "删去"]),
        ("headless.csv", headless.into_bytes(), &["不像表头"]),
    ];
    for (name, bytes, said) in cases {
        let file = folder.path().join(name);
        fs::write(&file, bytes).unwrap();
        let (_, stderr) = run_to(2, &mut backfill(home.path(), PERMIT, &file));
        for part in said {
            assert!(stderr.contains(part), "{name} does not say {part}: {stderr}");
        }
        // What may be somebody's data is not repeated.
        assert!(!stderr.contains("薛示范"), "{stderr}");
    }
    for not_a_file in ["-", "/dev/null"] {
        let (_, stderr) = run_to(2, &mut backfill(home.path(), PERMIT, not_a_file.as_ref()));
        assert!(stderr.contains("不是普通文件"), "{stderr}");
    }
}

#[test]
fn rows_that_lost_quotes_merge_are_not_sealed() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("t.csv");
    let text = Table::permits(1, 12).csv();
    let broken = |changes: &[(&str, &str)]| {
        let mut text = text.clone();
        for (from, to) in changes {
            assert!(text.contains(from));
            text = text.replacen(from, to, 1);
        }
        fs::write(&file, text).unwrap();
    };
    // A quote that opens a cell, and another that opens one of the next row: the rows between are one cell.
    broken(&[
        (",示例市样例区清河镇农贸街4号,", ",\"示例市样例区清河镇农贸街4号,"),
        (",示例市样例区清河镇农贸街6号,", ",\"示例市样例区清河镇农贸街6号,"),
    ]);
    let (_, stderr) = run_to(2, &mut backfill(home.path(), PERMIT, &file));
    assert!(
        stderr.contains("引号不成对") && stderr.contains("第 6 行"),
        "{stderr}"
    );
    // Quotes about a part of a name would be lost.
    broken(&[("样例区丰收示例农资经营部（3）", "\"丰收\"示例农资经营部（3）")]);
    let (_, stderr) = run_to(2, &mut backfill(home.path(), PERMIT, &file));
    assert!(stderr.contains("第 4 行"), "{stderr}");
    audited(home.path(), 0);

    // Where the second quote closes a cell the table is in order, but for what stands in that cell.
    broken(&[
        (",示例市样例区清河镇农贸街4号,", ",\"示例市样例区清河镇农贸街4号,"),
        (",示例市样例区清河镇农贸街5号,", ",示例市样例区清河镇农贸街5号\","),
    ]);
    let answer = run_json(1, &mut backfill(home.path(), PERMIT, &file));
    assert_eq!(counts(&answer), [10, 0, 0, 1]);
    let rejects = Table::read(&rejects_of(&file));
    assert_eq!(rejects.rows[0][0], "4");
    assert!(rejects.rows[0][2].contains("还有下面的行"), "{:?}", rejects.rows);
    // Fed again as it is, it is refused again.
    let answer = run_json(1, &mut backfill(home.path(), PERMIT, &rejects_of(&file)));
    assert_eq!(counts(&answer), [0, 0, 0, 1]);
}

/// What is said of a value, or nothing where it is taken.
type Said = Option<&'static str>;

#[test]
fn values_that_no_paper_shows_are_refused() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("t.csv");
    let cases: [(&str, &str, Said); 34] = [
        ("发证日期", "2019年3月5日", None),
        ("发证日期", "2019-03-05T00:00:00+08:00", None),
        ("发证日期", "'2019/3/5", None),
        ("发证日期", "2019-03-04T16:00:00Z", Some("2019年3月5日")),
        ("发证日期", "43529", Some("2019年3月5日")),
        ("发证日期", "3/5/2019", Some("先后")),
        ("发证日期", "19-3-5", Some("两位")),
        ("发证日期", "2019-02-30", Some("历法")),
        ("发证日期", "1900-01-01", Some("缺省值")),
        ("发证日期", "1970-01-01 08:00:00", Some("缺省值")),
        ("发证日期", "长期", Some("截止日期")),
        ("有效期至", "长　期", None),
        ("有效期至", "无", Some("日期")),
        ("经营者名称", "示例•样例", None),
        ("经营者名称", "示例？", Some("生僻字")),
        ("经营者名称", "张*", Some("隐去")),
        ("经营者名称", "/", Some("不是名称")),
        ("经营者名称", "合计", Some("不是名称")),
        ("经营者名称", "#N/A", Some("错误提示")),
        ("经营者名称", "NULL", Some("必填")),
        ("经营者名称", "=B2", Some("公式")),
        ("住所", "/", None),
        ("住所", "示例市?路", Some("生僻字")),
        ("住所", "#REF!", Some("错误提示")),
        ("许可证编号", "=\"农药经许（豫）41990190001\"", None),
        ("许可证编号", "'419901900020001", None),
        ("许可证编号", "无", Some("不是编号")),
        ("许可证编号", "合计", Some("不是编号")),
        ("许可证编号", "419901900003.0", Some(".0")),
        ("许可证编号", "3月5日", Some("改成日期")),
        ("许可证编号", "2.0154199010000102E16", Some("末几位已丢失")),
        ("许可证编号", "4199****01", Some("隐去")),
        ("许可证编号", "(null)", Some("必须有原编号")),
        ("统一社会信用代码", "无", Some("第1位")),
    ];
    let mut table = Table::permits(1, cases.len());
    for (row, (header, value, _)) in cases.iter().enumerate() {
        table.set(row, header, value);
    }
    table.write(&file);
    let answer = run_json(1, &mut backfill(home.path(), PERMIT, &file));
    let taken = cases.iter().filter(|(.., said)| said.is_none()).count();
    let rejects = Table::read(&rejects_of(&file));
    let mut rejected = rejects.rows.iter().peekable();
    for (row, (header, value, said)) in cases.iter().enumerate() {
        let reject = rejected.next_if(|reject| reject[0] == (row + 2).to_string());
        match (said, reject) {
            (None, None) => {}
            (Some(said), Some(reject)) => {
                assert!(reject[1].contains(header), "{header} {value}: {reject:?}");
                assert!(reject[2].contains(said), "{header} {value}: {reject:?}");
                assert!(!reject[3].is_empty(), "{header} {value}: {reject:?}");
            }
            (_, reject) => panic!("{header} {value}: {reject:?}"),
        }
    }
    let expected = [taken as u64, 0, 0, (cases.len() - taken) as u64];
    assert_eq!(counts(&answer), expected);
    let marked = run_json(
        0,
        certseal(home.path()).args(["certificate", "find", "419901900020001"]),
    );
    assert_eq!(marked[0]["number"], "419901900020001", "without its mark");
}

#[test]
fn a_number_typed_in_two_ways_is_one_certificate() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("t.csv");
    let mut table = Table::permits(1, 2);
    table.write(&file);
    let answer = run_json(0, &mut backfill(home.path(), PERMIT, &file));
    assert_eq!(counts(&answer), [2, 0, 0, 0]);
    for row in &mut table.rows {
        row[0] = row[0].replace('（', " (").replace('）', ")");
    }
    table.set(1, "经营者名称", "另一家");
    table.write(&file);
    let answer = run_json(1, &mut backfill(home.path(), PERMIT, &file));
    assert_eq!(counts(&answer), [0, 1, 0, 1]);
    let found = run_json(
        0,
        certseal(home.path()).args(["certificate", "find", "农药经许(豫)41990100001"]),
    );
    assert_eq!(found[0]["number"], "农药经许（豫）41990100001");
}

#[test]
fn a_column_that_a_spreadsheet_rounded_stops_the_run() {
    let home = installation();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("t.csv");
    let mut table = Table::instructors(1, 3);
    for (row, number) in (1..).zip(&mut table.rows) {
        number[0] = format!("2015419901000{row}200");
    }
    table.write(&file);
    let (_, stderr) = run_to(2, &mut backfill(home.path(), INSTRUCTOR, &file));
    assert!(
        stderr.contains("证书编号") && stderr.contains("第 16 位"),
        "{stderr}"
    );
    audited(home.path(), 0);
}
