//! What a type's file must fulfil, judged once when the catalogue is loaded.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::civil::Date;

use super::{CertificateType, Field, FieldKind, HolderKind, Role, ValidityRule, normalise, number::Part};
use crate::{
    codes::check_type_code,
    limits::{MAX_FACE_FIELDS, MAX_FIELD_CHARS},
};

/// A fault: the field, where it lies in one, and what is wrong.
pub(super) type Fault = (Option<String>, String);

/// Kinds of seal that a department has.
const SEALS: [&str; 2] = ["licence", "official"];

/// Every fault of a type that its own file shows.
pub(super) fn faults(of: &Arc<CertificateType>) -> Vec<Fault> {
    let mut faults = Vec::new();
    whole(of, &mut faults);
    roles(of, &mut faults);
    names(of, &mut faults);
    for field in &of.fields {
        let mut own = Vec::new();
        self::field(of, field, &mut own);
        faults.extend(own.into_iter().map(|fault| (Some(field.key.clone()), fault)));
    }
    if faults.is_empty() {
        sample(of, &mut faults);
    }
    faults
}

/// Lower-case words joined by hyphens.
pub(super) fn is_key(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    !text.is_empty()
        && text
            .split('-')
            .all(|word| !word.is_empty() && word.chars().all(inner))
}

fn whole(of: &CertificateType, faults: &mut Vec<Fault>) {
    let mut fault = |text: String| faults.push((None, text));
    if !is_key(&of.key) {
        fault(format!("key “{}”应由小写字母、数字和连字符组成", of.key));
    }
    if of.version == 0 {
        fault("version 应从1开始".to_owned());
    }
    if of.name.trim().is_empty() || of.name_en.trim().is_empty() {
        fault("name 和 name-en 不能为空".to_owned());
    }
    if !SEALS.contains(&of.seal.as_str()) {
        fault(format!("seal “{}”应为 {}", of.seal, SEALS.join(" 或 ")));
    }
    if of.layout.trim().is_empty() {
        fault("layout 不能为空".to_owned());
    }
    if let Err(error) = check_type_code(&of.code) {
        fault(format!("code “{}”：{error}", of.code));
    }
    if of.profiles.is_empty() {
        fault("profiles 至少要有一项".to_owned());
    }
    if of.fields.is_empty() || of.fields.len() > MAX_FACE_FIELDS {
        fault(format!("字段数应为1至{MAX_FACE_FIELDS}，实为{}", of.fields.len()));
    }
    if let ValidityRule::Years { years } = of.validity
        && !(1..=100).contains(&years)
    {
        fault(format!("validity.years 应为1至100，实为{years}"));
    }
    if of.number.max_chars == 0 || of.number.max_chars > MAX_FIELD_CHARS {
        fault(format!("number.max-chars 应为1至{MAX_FIELD_CHARS}"));
    }
    // Numbers given out and numbers typed have one form.
    let literals = of
        .number
        .parts()
        .into_iter()
        .flatten()
        .filter_map(|part| match part {
            Part::Literal(text) => Some(text),
            _ => None,
        });
    for text in literals.filter(|text| normalise::number(text) != **text) {
        fault(format!(
            "number.pattern 中的“{text}”应写作“{}”",
            normalise::number(text)
        ));
    }
    // The longest code of any holder has eighteen characters.
    match of.number.compose("000000", 2024, 1, Some("000000000000000000")) {
        Ok(number) if number.chars().count() > of.number.max_chars => {
            fault(format!(
                "按 number.pattern 编出的号码长于 number.max-chars（{}）",
                of.number.max_chars
            ));
        }
        Ok(_) => {}
        Err(error) => fault(format!("number.pattern “{}”：{error}", of.number.pattern)),
    }
}

fn roles(of: &CertificateType, faults: &mut Vec<Fault>) {
    let mut seen: BTreeMap<Role, &str> = BTreeMap::new();
    for field in &of.fields {
        if let Some(role) = field.role
            && let Some(other) = seen.insert(role, &field.key)
        {
            faults.push((
                Some(field.key.clone()),
                format!("与字段 {other} 担任同一角色 {}", role_name(role)),
            ));
        }
    }
    let mut needed = vec![Role::Number, Role::HolderName, Role::IssuedOn];
    if of.validity == ValidityRule::Given {
        needed.push(Role::ValidUntil);
    }
    if of.number.uses_holder_code() {
        needed.push(Role::HolderCode);
    }
    for role in needed {
        if !seen.contains_key(&role) {
            faults.push((None, format!("缺少角色为 {} 的字段", role_name(role))));
        }
    }
}

fn names(of: &CertificateType, faults: &mut Vec<Fault>) {
    let mut keys = BTreeSet::new();
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for field in &of.fields {
        if !keys.insert(&field.key) {
            faults.push((Some(field.key.clone()), "字段 key 重复".to_owned()));
            continue;
        }
        for name in field.names() {
            match seen.insert(normalise::header(name), &field.key) {
                Some(other) if other != field.key => {
                    faults.push((
                        Some(field.key.clone()),
                        format!("名称“{name}”与字段 {other} 的名称相撞"),
                    ));
                }
                _ => {}
            }
        }
    }
}

fn field(of: &CertificateType, field: &Field, faults: &mut Vec<String>) {
    let mut fault = |text: &str| faults.push(text.to_owned());
    if !is_key(&field.key) {
        fault("key 应由小写字母、数字和连字符组成");
    }
    if normalise::header(&field.label).is_empty() || field.label_en.trim().is_empty() {
        fault("label 和 label-en 不能为空");
    }
    if field
        .aliases
        .iter()
        .any(|alias| normalise::header(alias).is_empty())
    {
        fault("aliases 中有空的名称");
    }
    if !field
        .max_chars
        .is_none_or(|most| (1..=MAX_FIELD_CHARS).contains(&most))
    {
        fault(&format!("max-chars 应为1至{MAX_FIELD_CHARS}"));
    }
    let choices: BTreeSet<String> = field
        .choices
        .iter()
        .map(|choice| normalise::header(choice))
        .collect();
    if (field.kind == FieldKind::Choice) == field.choices.is_empty() {
        fault("choices 只用于 kind = \"choice\" 的字段，且不能为空");
    } else if choices.len() != field.choices.len() || choices.contains("") {
        fault("choices 有重复或空的值");
    }
    if field.unit.is_some() && !matches!(field.kind, FieldKind::Integer | FieldKind::Decimal) {
        fault("unit 只用于数字字段");
    }
    let short_ok = match field.role {
        Some(role) => field.short == role_short(role),
        None => field.short.strip_prefix("KZ_").is_some_and(|rest| {
            !rest.is_empty()
                && rest
                    .bytes()
                    .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
        }),
    };
    if !short_ok {
        let wanted = field.role.map_or("KZ_ 加大写字母", role_short);
        fault(&format!("short “{}”应为 {wanted}", field.short));
    }
    let kind_ok = match field.role {
        None => true,
        Some(Role::Number | Role::HolderName) => field.kind == FieldKind::Text,
        Some(Role::IssuedOn | Role::ValidFrom | Role::ValidUntil) => field.kind == FieldKind::Date,
        Some(Role::HolderCode) => match field.kind {
            FieldKind::Text => true,
            FieldKind::CreditCode => of.holder != HolderKind::Person,
            FieldKind::CitizenId => of.holder != HolderKind::Organisation,
            _ => false,
        },
    };
    if !kind_ok {
        fault("kind 与 role 或持证主体类型不合");
    }
    if field.kind == FieldKind::Photo && !field.sample.is_empty() {
        fault("照片字段的 sample 应为空");
    }
}

/// The samples must pass the type's own check: a type whose example is refused refuses everything.
fn sample(of: &Arc<CertificateType>, faults: &mut Vec<Fault>) {
    if let Err(errors) = of.check(&of.sample(), Date::MAX) {
        let photo = |key: &str| of.field(key).is_some_and(|field| field.kind == FieldKind::Photo);
        for error in errors.into_iter().filter(|error| !photo(&error.field)) {
            faults.push((
                Some(error.field),
                format!("sample 不能通过本类型的检查：{}", error.reason),
            ));
        }
    }
}

fn role_short(role: Role) -> &'static str {
    match role {
        Role::Number => "ZZBH",
        Role::HolderName => "CZZT",
        Role::HolderCode => "CZZTDM",
        Role::IssuedOn => "ZZBFRQ",
        Role::ValidFrom => "ZZYXQQSRQ",
        Role::ValidUntil => "ZZYXQJZRQ",
    }
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Number => "number",
        Role::HolderName => "holder-name",
        Role::HolderCode => "holder-code",
        Role::IssuedOn => "issued-on",
        Role::ValidFrom => "valid-from",
        Role::ValidUntil => "valid-until",
    }
}
