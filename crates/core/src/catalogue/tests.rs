#![allow(clippy::unwrap_used)]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::civil::{Date, date};

use super::{
    Catalogue, CatalogueError, CertificateType, FaceJson, FaceJsonError, FieldError, FieldKind, Issuer,
    RawRecord, Role, ValidityRule,
};
use crate::limits::MAX_FACE_JSON_BYTES;

const TODAY: Date = date(2026, 11, 21);

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates")
}

/// A copy of the project's templates.
fn templates() -> tempfile::TempDir {
    fn copy(from: &Path, to: &Path) {
        for entry in fs::read_dir(from).unwrap() {
            let from = entry.unwrap().path();
            let to = to.join(from.file_name().unwrap());
            if from.is_dir() {
                fs::create_dir(&to).unwrap();
                copy(&from, &to);
            } else {
                fs::copy(&from, &to).unwrap();
            }
        }
    }

    let folder = tempfile::tempdir().unwrap();
    copy(&project(), folder.path());
    folder
}

fn load(folder: &tempfile::TempDir) -> Catalogue {
    Catalogue::load(folder.path()).unwrap_or_else(|error| panic!("{error}"))
}

fn food() -> Arc<CertificateType> {
    Arc::clone(load(&templates()).get("food-business-permit").unwrap())
}

fn with(of: &CertificateType, changes: &[(&str, &str)]) -> RawRecord {
    let mut raw = of.sample();
    for (key, value) in changes {
        raw.values.insert((*key).to_owned(), (*value).to_owned());
    }
    raw
}

fn codes(errors: &[FieldError]) -> Vec<(&str, &str)> {
    errors
        .iter()
        .map(|error| (error.field.as_str(), error.code))
        .collect()
}

fn issuer() -> Issuer {
    Issuer {
        name: "示例市样例区市场监督管理局".to_owned(),
        code: "11430000006122244L".to_owned(),
        region: "419901".to_owned(),
    }
}

#[test]
fn the_projects_own_catalogue_loads_and_every_sample_passes() {
    let catalogue = Catalogue::load(&project()).unwrap_or_else(|error| panic!("{error}"));
    assert!(catalogue.types().count() >= 63);
    let order: Vec<u16> = catalogue.types().map(|found| found.seq).collect();
    assert!(order.is_sorted());
    for found in catalogue.types() {
        let mut raw = found.sample();
        let face = found.check(&raw, TODAY).unwrap();
        let number = face.number.clone().unwrap();
        let json = face.to_json("1.2.156.3005.2.X", &number, &issuer());
        let read = FaceJson::parse(&json).unwrap();
        assert_eq!(read.holder.name, face.holder_name);
        for (key, text) in &face.printed {
            assert_eq!(read.text(key), Some(text.as_str()));
        }
        raw.values.remove(&found.field_of(Role::Number).unwrap().key);
        assert_eq!(found.check(&raw, TODAY).unwrap().number, None);
        assert_eq!(catalogue.by_name(&found.name).unwrap().key, found.key);
        assert_eq!(catalogue.by_code(&found.code).unwrap().key, found.key);
        assert_eq!(
            catalogue.get_version(&found.key, found.version).unwrap().key,
            found.key
        );
    }
    assert!(catalogue.get("nowhere").is_none());
    assert!(catalogue.get_version("food-business-permit", 999).is_none());
}

#[test]
fn older_versions_are_known_beside_the_latest() {
    let folder = templates();
    let own = folder.path().join("food-business-permit");
    let text = fs::read_to_string(own.join("type.toml")).unwrap();
    fs::create_dir(own.join("v1")).unwrap();
    fs::write(own.join("v1/type.toml"), &text).unwrap();
    fs::write(own.join("v1/face.toml"), "").unwrap();
    fs::write(
        own.join("type.toml"),
        text.replacen("version = 1", "version = 2", 1),
    )
    .unwrap();
    let catalogue = load(&folder);
    assert_eq!(catalogue.get("food-business-permit").unwrap().version, 2);
    let old = catalogue.get_version("food-business-permit", 1).unwrap();
    assert_eq!(old.version, 1);
    assert!(catalogue.folder_of(old).ends_with("food-business-permit/v1"));

    fs::write(
        own.join("v1/type.toml"),
        text.replacen("version = 1", "version = 3", 1),
    )
    .unwrap();
    assert!(
        matches!(Catalogue::load(folder.path()), Err(CatalogueError::Invalid { problems }) if problems.len() == 1)
    );
}

#[test]
fn faults_name_file_type_and_field() {
    let cases: [(&str, &str, Option<&str>, &str); 21] = [
        ("seq = 8", "seq = 8\nnonsense = 1", None, "nonsense"),
        ("seq = 8", "seq = 9", None, "seq"),
        ("department = \"scjg\"", "department = \"nobody\"", None, "nobody"),
        ("11100000MB0900017M908", "11100000MB0900017M9", None, "21位"),
        ("11100000MB0900017M908", "11100000MB0900018M908", None, "校验位"),
        ("layout = \"own\"", "layout = \"nowhere\"", None, "nowhere.toml"),
        ("layout = \"own\"", "layout = \"../own\"", None, "layout"),
        ("{check}", "{czech}", None, "czech"),
        ("JY1{region}", "jy(1){region}", None, "JY（1）"),
        ("years = 5", "years = 0", None, "years"),
        (
            "rule = \"years\", years = 5",
            "rule = \"years\", years = 5, months = 3",
            None,
            "months",
        ),
        (
            "key = \"food-business-permit\"",
            "key = \"other\"",
            None,
            "文件夹名",
        ),
        ("role = \"number\"\n", "", Some("certificate-number"), "KZ_"),
        ("key = \"hotline\"", "key = \"items\"", Some("items"), "重复"),
        (
            "label = \"签发人\"",
            "label = \"住所\"",
            Some("signatory"),
            "相撞",
        ),
        (
            "\"业态\"",
            "\"主体 业态\", \"法定代表人\"",
            Some("main-business"),
            "法定代表人",
        ),
        (
            "sample = \"92419901MA4EXB2K34\"",
            "sample = \"92419901MA4EXB2K35\"",
            Some("holder-code"),
            "校验位",
        ),
        (
            "role = \"holder-code\"",
            "role = \"holder-name\"",
            Some("holder-code"),
            "同一角色",
        ),
        (
            "kind = \"date\"\nrole = \"issued-on\"",
            "kind = \"text\"\nrole = \"issued-on\"",
            Some("issued-on"),
            "kind",
        ),
        (
            "seal = \"licence\"",
            "seal = \"licences\"",
            None,
            "licence 或 official",
        ),
        (
            "holder = \"any\"",
            "holdr = \"any\"",
            None,
            "第9行第1列：没有“holdr”这个键",
        ),
    ];
    let folder = templates();
    let file = folder.path().join("food-business-permit/type.toml");
    let text = fs::read_to_string(&file).unwrap();
    for (from, to, field, told) in cases {
        assert!(text.contains(from), "{from}");
        fs::write(&file, text.replacen(from, to, 1)).unwrap();
        let Err(CatalogueError::Invalid { problems }) = Catalogue::load(folder.path()) else {
            panic!("{to} was accepted");
        };
        let found = problems.iter().any(|problem| {
            problem.type_key.is_some()
                && (problem.field.as_deref() == field || field.is_none())
                && problem.what.contains(told)
        });
        assert!(found, "{to}: {problems:?}");
    }
    // A folder without its file, and one in another encoding, are told together.
    fs::remove_file(&file).unwrap();
    let other = folder.path().join("mining-licence/type.toml");
    fs::write(&other, b"name = \"\xB2\xC9\"").unwrap();
    let error = Catalogue::load(folder.path()).unwrap_err().to_string();
    for told in [
        "food-business-permit：文件夹里没有 type.toml",
        "mining-licence：不是 UTF-8",
    ] {
        assert!(error.contains(told), "{error}");
    }
}

#[test]
fn all_faults_of_a_record_are_told_at_once() {
    let food = food();
    let raw = with(
        &food,
        &[
            ("holder-code", "92419901MA4EXB2K35"),
            ("holder-name", ""),
            ("issued-on", "2027-01-01"),
            ("valid-until", "2020-01-01"),
            ("items", &"长".repeat(301)),
            ("hotline", "1\u{7}2"),
            ("signatory", "孙\u{E863}"),
            ("certificate-number", "JY1419901000037123456789012345"),
            ("colour", "red"),
        ],
    );
    let errors = food.check(&raw, TODAY).unwrap_err();
    let mut found = codes(&errors);
    found.sort_unstable();
    assert_eq!(
        found,
        [
            ("certificate-number", "too-long"),
            ("colour", "unknown-field"),
            ("holder-code", "bad-check-digit"),
            ("holder-name", "missing"),
            ("hotline", "bad-character"),
            ("issued-on", "in-future"),
            ("items", "too-long"),
            ("signatory", "bad-character"),
            ("valid-until", "ends-before-start"),
        ]
    );
    assert!(
        errors
            .iter()
            .all(|error| !error.reason.is_empty() && !error.hint.is_empty())
    );
}

#[test]
fn values_are_brought_into_one_form() {
    let food = food();
    let raw = with(
        &food,
        &[
            ("holder-code", " ９２４１９９０１ma4exb2k34 "),
            ("holder-name", "示例市 佳味　示范餐饮店"),
            ("issued-on", "2024/4/2 0:00"),
            ("valid-from", ""),
            ("valid-until", ""),
            ("hotline", ""),
            ("certificate-number", "ＪＹ1 4199010000371"),
        ],
    );
    let face = food.check(&raw, TODAY).unwrap();
    assert_eq!(face.holder_code.as_deref(), Some("92419901MA4EXB2K34"));
    assert_eq!(face.holder_name, "示例市佳味示范餐饮店");
    assert_eq!(face.number.as_deref(), Some("JY14199010000371"));
    assert_eq!(
        (face.issued_on, face.valid_from),
        (date(2024, 4, 2), date(2024, 4, 2))
    );
    assert_eq!(face.valid_until, Some(date(2029, 4, 1)));
    assert_eq!(face.printed["valid-from"], "2024年4月2日");
    assert_eq!(face.printed["valid-until"], "2029年4月1日");
    assert!(!face.printed.contains_key("hotline"));
}

#[test]
fn the_validity_rule_holds() {
    let food = food();
    let until = |text: &str| food.check(&with(&food, &[("valid-until", text)]), TODAY).unwrap();
    assert_eq!(until("2026-01-01").valid_until, Some(date(2026, 1, 1)));
    let endless = until("长期");
    assert_eq!(
        (endless.valid_until, endless.printed["valid-until"].as_str()),
        (None, "长期")
    );
    let leap = with(
        &food,
        &[
            ("issued-on", "2024-02-29"),
            ("valid-from", "2024-02-29"),
            ("valid-until", ""),
        ],
    );
    assert_eq!(
        food.check(&leap, TODAY).unwrap().valid_until,
        Some(date(2029, 2, 28))
    );

    let mut given = (*food).clone();
    given.validity = ValidityRule::Given;
    let given = Arc::new(given);
    let raw = with(&food, &[("valid-until", "")]);
    assert_eq!(
        codes(&given.check(&raw, TODAY).unwrap_err()),
        [("valid-until", "missing")]
    );
    let raw = with(
        &food,
        &[("issued-on", ""), ("valid-from", "长期"), ("valid-until", "")],
    );
    assert_eq!(
        codes(&given.check(&raw, TODAY).unwrap_err()),
        [
            ("issued-on", "missing"),
            ("valid-from", "bad-date"),
            ("valid-until", "missing")
        ]
    );
    let raw = with(&food, &[("issued-on", "昨天"), ("valid-until", "soon")]);
    assert_eq!(
        codes(&given.check(&raw, TODAY).unwrap_err()),
        [("issued-on", "bad-date"), ("valid-until", "bad-date")]
    );
    let raw = with(&food, &[("issued-on", "长期")]);
    assert_eq!(
        codes(&food.check(&raw, TODAY).unwrap_err()),
        [("issued-on", "bad-date")]
    );
}

#[test]
fn numbers_choices_and_photos() {
    let mut of = (*food()).clone();
    let template = of.field("hotline").unwrap().clone();
    let mut add = |key: &str, kind, unit: Option<&str>, choices: &[&str]| {
        of.fields.push(super::Field {
            key: key.to_owned(),
            kind,
            unit: unit.map(str::to_owned),
            choices: choices.iter().map(|choice| (*choice).to_owned()).collect(),
            max_chars: None,
            required: false,
            sample: String::new(),
            ..template.clone()
        });
    };
    add("area", FieldKind::Decimal, Some("平方米"), &[]);
    add("count", FieldKind::Integer, None, &[]);
    add("form", FieldKind::Choice, None, &["批发（零售）", "零售"]);
    add("photo", FieldKind::Photo, None, &[]);
    let of = Arc::new(of);
    let printed = |key: &str, value: &str| {
        of.check(&with(&of, &[(key, value)]), TODAY)
            .map(|face| face.printed[key].clone())
            .ok()
    };
    assert_eq!(
        printed("area", "１,204.50 平方米").as_deref(),
        Some("1204.50平方米")
    );
    assert_eq!(printed("area", "-0").as_deref(), Some("0平方米"));
    assert_eq!(printed("area", "12亩"), None);
    assert_eq!(printed("area", "1,20"), None);
    assert_eq!(printed("area", "."), None);
    assert_eq!(printed("count", "007").as_deref(), Some("7"));
    assert_eq!(printed("count", "7.5"), None);
    assert_eq!(printed("count", "9999999999999999999"), None);
    assert_eq!(printed("form", "批发(零售) ").as_deref(), Some("批发（零售）"));
    assert_eq!(printed("form", "租赁"), None);

    let mut raw = of.sample();
    raw.photos.insert("photo".to_owned(), b"GIF89a".to_vec());
    assert_eq!(
        codes(&of.check(&raw, TODAY).unwrap_err()),
        [("photo", "bad-photo")]
    );
    let raw = with(&of, &[("photo", "a.jpg")]);
    assert_eq!(
        codes(&of.check(&raw, TODAY).unwrap_err()),
        [("photo", "not-text")]
    );
}

#[test]
fn columns_are_found_by_any_of_their_names() {
    let food = food();
    let key = |header| food.column_for(header).map(|field| field.key.as_str());
    assert_eq!(key("许可证编号"), Some("certificate-number"));
    assert_eq!(key(" *社会信用代码 (身份证号码)："), Some("holder-code"));
    assert_eq!(key("CZZT"), Some("holder-name"));
    assert_eq!(key("Holder-Name"), Some("holder-name"));
    assert_eq!(key("有效期 止"), Some("valid-until"));
    assert_eq!(key("备注"), None);
    assert_eq!(key(""), None);
}

#[test]
fn errors_do_not_repeat_personal_data() {
    let catalogue = load(&templates());
    let teacher = catalogue.get("teacher-qualification-certificate").unwrap();
    let raw = with(
        teacher,
        &[("holder-code", "419901199504165088"), ("birth-date", "19950431")],
    );
    let errors = teacher.check(&raw, TODAY).unwrap_err();
    assert_eq!(
        codes(&errors),
        [("birth-date", "bad-date"), ("holder-code", "bad-check-digit")]
    );
    let told = format!("{errors:?}");
    assert!(!told.contains("19950416") && !told.contains("19950431"), "{told}");
    assert!(!format!("{raw:?}").contains("1995"));

    let face = teacher
        .check(&with(teacher, &[("holder-code", "E12345678")]), TODAY)
        .unwrap();
    assert_eq!(face.masked("holder-code").unwrap(), "E1*****78");
    assert_eq!(face.masked("holder-name").unwrap(), "卫**");
    assert_eq!(face.masked("birth-date").unwrap(), "***");
    assert_eq!(face.masked("subject").unwrap(), "小学语文");
}

#[test]
fn face_data_have_one_text() {
    let food = food();
    let face = food.check(&food.sample(), TODAY).unwrap();
    let json = face.to_json("1.2.156.3005.2.X", "JY14199010000371", &issuer());
    let text = String::from_utf8(json.clone()).unwrap();
    assert!(text.starts_with(r#"{"schema":"certseal.face/1","identifier":"1.2.156.3005.2.X","number":"JY1"#));
    assert!(text.contains(r#""code-type":"001""#));
    assert!(text.contains(r#""valid-until":"2029-04-01""#));
    assert_eq!(
        json,
        face.to_json("1.2.156.3005.2.X", "JY14199010000371", &issuer())
    );

    let parse = |text: &str| FaceJson::parse(text.as_bytes());
    assert!(parse(&text).is_ok());
    assert_eq!(parse(&format!("{text} ")), Err(FaceJsonError::NotCanonical));
    assert_eq!(
        parse(&text.replacen("示", "\\u793a", 1)),
        Err(FaceJsonError::NotCanonical)
    );
    assert_eq!(
        parse(&text.replacen("face/1", "face/2", 1)),
        Err(FaceJsonError::Schema {
            found: "certseal.face/2".to_owned()
        })
    );
    let twice = text.replacen("{\"schema\"", "{\"number\":\"1\",\"schema\"", 1);
    assert!(matches!(parse(&twice), Err(FaceJsonError::Malformed { .. })));
    let more = text.replacen("{\"schema\"", "{\"extra\":1,\"schema\"", 1);
    assert!(matches!(parse(&more), Err(FaceJsonError::Malformed { .. })));
    assert!(matches!(parse(""), Err(FaceJsonError::Malformed { .. })));
    assert!(matches!(
        parse(&"[".repeat(100_000)),
        Err(FaceJsonError::Malformed { .. })
    ));
    assert!(matches!(
        FaceJson::parse(&vec![b' '; MAX_FACE_JSON_BYTES + 1]),
        Err(FaceJsonError::TooLarge { .. })
    ));
    for end in 0..json.len() {
        assert!(FaceJson::parse(&json[..end]).is_err());
    }
}
