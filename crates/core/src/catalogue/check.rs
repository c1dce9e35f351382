//! From raw values to face data: every rule of a type, every fault of a record at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::{ToSpan, civil::Date};

use super::{
    CertificateType, FaceData, Field, FieldError, FieldKind, HolderKind, RawRecord, Role, ValidityRule,
    damage,
    dates::{self, DateText},
    normalise, photo,
};
use crate::{
    codes::{CitizenId, CodeError, CreditCode, HolderCode, mask_code},
    limits::MAX_FIELD_CHARS,
};

const UNLIMITED: &str = "长期";
const MAX_NUMBER_DIGITS: usize = 18;
/// No authority of today issued anything before.
const FIRST_DAY: Date = jiff::civil::date(1949, 10, 1);
/// What a time of zero is shown as; a holiday.
const EPOCH: Date = jiff::civil::date(1970, 1, 1);

impl CertificateType {
    /// Checks a record against the type and gives its face data, or all of its faults.
    ///
    /// `today` bounds the date of issue. Where the data leave it out, the first day in force is the
    /// date of issue and the last follows from the validity rule.
    pub fn check(self: &Arc<Self>, raw: &RawRecord, today: Date) -> Result<FaceData, Vec<FieldError>> {
        let mut check = Check {
            of: self,
            errors: Vec::new(),
            printed: BTreeMap::new(),
            dates: BTreeMap::new(),
            refused: BTreeSet::new(),
            unlimited: false,
            holder_code: None,
        };
        check.unknown(raw);
        for field in &self.fields {
            check.field(field, raw);
        }
        let photos = check.photos(raw);
        let period = check.period(today);
        check.number(raw);
        let Check {
            errors,
            printed,
            holder_code,
            ..
        } = check;
        let text_of = |role| {
            self.field_of(role)
                .and_then(|field| printed.get(&field.key))
                .cloned()
        };
        let (Some(period), Some(holder_name), true) = (period, text_of(Role::HolderName), errors.is_empty())
        else {
            return Err(errors);
        };
        Ok(FaceData {
            certificate_type: Arc::clone(self),
            number: text_of(Role::Number),
            holder_name,
            holder_code,
            issued_on: period.issued_on,
            valid_from: period.from,
            valid_until: period.until,
            printed,
            photos,
        })
    }
}

impl CertificateType {
    /// The date of issue a record gives, where it can be read, whatever else is wrong with the record.
    pub fn issued_on(&self, raw: &RawRecord) -> Option<Date> {
        let field = self.field_of(Role::IssuedOn)?;
        let value = normalise::text(raw.values.get(&field.key)?).ok()?;
        match dates::parse(&value) {
            Ok(DateText::Date(date)) => Some(date),
            Ok(DateText::Unlimited) | Err(_) => None,
        }
    }
}

struct Check<'a> {
    of: &'a CertificateType,
    errors: Vec<FieldError>,
    printed: BTreeMap<String, String>,
    dates: BTreeMap<Role, Date>,
    /// Roles whose value was refused, so that no second error follows from the first.
    refused: BTreeSet<Role>,
    unlimited: bool,
    holder_code: Option<String>,
}

struct Period {
    issued_on: Date,
    from: Date,
    until: Option<Date>,
}

/// The end of force.
#[derive(Clone, Copy)]
enum End {
    Never,
    On(Date),
}

impl Check<'_> {
    fn refuse(&mut self, field: &Field, code: &'static str, reason: String, hint: impl Into<String>) {
        self.refused.extend(field.role);
        self.errors.push(FieldError {
            field: field.key.clone(),
            label: field.label.clone(),
            code,
            reason,
            hint: hint.into(),
        });
    }

    fn refuse_code(&mut self, field: &Field, error: &CodeError) {
        self.refuse(field, error.code(), error.to_string(), error.hint());
    }

    fn missing(&mut self, field: &Field) {
        let hint = format!("请填写“{}”", field.label);
        self.refuse(field, "missing", "此项必填，但没有值".to_owned(), hint);
    }

    fn unknown(&mut self, raw: &RawRecord) {
        for (key, value) in &raw.values {
            let of = self.of;
            match of.field(key) {
                None => self.errors.push(unknown(key, of)),
                // Tables have a column for it with nothing in it.
                Some(field) if field.kind == FieldKind::Photo && !value.trim().is_empty() => {
                    let reason = "此项是照片，不接受文字".to_owned();
                    self.refuse(field, "not-text", reason, "请以JPEG或PNG文件提交照片");
                }
                Some(_) => {}
            }
        }
        for key in raw.photos.keys() {
            let of = self.of;
            match of.field(key) {
                Some(field) if field.kind == FieldKind::Photo => {}
                Some(field) => {
                    self.refuse(
                        field,
                        "not-a-photo",
                        "此项不是照片".to_owned(),
                        "请以文字提交此项",
                    );
                }
                None => self.errors.push(unknown(key, of)),
            }
        }
    }

    fn field(&mut self, field: &Field, raw: &RawRecord) {
        if field.kind == FieldKind::Photo {
            return;
        }
        let value = raw.values.get(&field.key).map_or("", String::as_str);
        // Before any work that grows with the value.
        let longest = field.max_chars.unwrap_or(MAX_FIELD_CHARS);
        if value.len() > MAX_FIELD_CHARS * 8 {
            return self.too_long(field, value.chars().count(), longest);
        }
        let value = match normalise::text(value) {
            Ok(value) => value,
            Err(bad) => return self.refuse(field, "bad-character", bad.reason(), bad.hint()),
        };
        if value.is_empty() {
            // Numbers are allocated and dates of force follow from rules: judged when those are known.
            let later = matches!(
                field.role,
                Some(Role::Number | Role::ValidFrom | Role::ValidUntil)
            );
            if !later && (field.required || matches!(field.role, Some(Role::IssuedOn | Role::HolderName))) {
                self.missing(field);
            }
            return;
        }
        if field.role == Some(Role::HolderCode) {
            return self.holder(field, &value);
        }
        if field.kind == FieldKind::Date {
            return self.date(field, &value);
        }
        let printed = match printed(field, value) {
            Ok(printed) => printed,
            Err((code, reason, hint)) => return self.refuse(field, code, reason, hint),
        };
        let length = printed.chars().count();
        if length > longest {
            return self.too_long(field, length, longest);
        }
        self.printed.insert(field.key.clone(), printed);
    }

    fn too_long(&mut self, field: &Field, length: usize, longest: usize) {
        let reason = format!("共{length}个字符，超过上限{longest}个");
        self.refuse(
            field,
            "too-long",
            reason,
            "请按原证缩写，或把其余内容载入副本或附页",
        );
    }

    fn holder(&mut self, field: &Field, value: &str) {
        let text = normalise::code(value);
        let code = match (self.of.holder, field.kind) {
            (HolderKind::Organisation, _) | (_, FieldKind::CreditCode) => HolderCode::organisation(&text),
            (HolderKind::Person, _) | (_, FieldKind::CitizenId) => HolderCode::person(&text),
            (HolderKind::Any, _) => HolderCode::any(&text),
        };
        match code {
            Ok(code) => {
                self.printed.insert(field.key.clone(), code.as_str().to_owned());
                self.holder_code = Some(code.into_string());
            }
            Err(error) => self.refuse_code(field, &error),
        }
    }

    fn date(&mut self, field: &Field, value: &str) {
        match dates::parse(value) {
            Ok(DateText::Date(date)) => {
                self.printed.insert(field.key.clone(), dates::print(date));
                if let Some(role) = field.role {
                    self.dates.insert(role, date);
                }
            }
            Ok(DateText::Unlimited) if field.role == Some(Role::ValidUntil) => self.unlimited = true,
            Ok(DateText::Unlimited) => {
                let reason = format!("“{}”只能用于有效期的截止日期", shown(field, value));
                self.refuse(field, "bad-date", reason, "请填写确切的日期，如2024-04-02");
            }
            Err(fault) => {
                let reason = format!("“{}”{}", shown(field, value), fault.reason());
                self.refuse(field, "bad-date", reason, fault.hint());
            }
        }
    }

    fn photos(&mut self, raw: &RawRecord) -> BTreeMap<String, Arc<[u8]>> {
        let mut photos = BTreeMap::new();
        let of = self.of;
        for field in of.fields.iter().filter(|field| field.kind == FieldKind::Photo) {
            match raw.photos.get(&field.key) {
                Some(file) => match photo::check(file) {
                    Ok(()) => {
                        photos.insert(field.key.clone(), Arc::from(file.as_slice()));
                    }
                    Err((code, reason, hint)) => self.refuse(field, code, reason, hint),
                },
                None if field.required => self.missing(field),
                None => {}
            }
        }
        photos
    }

    /// Applies the validity rule and judges the dates against each other and today.
    fn period(&mut self, today: Date) -> Option<Period> {
        let of = self.of;
        let issued_on = self.dates.get(&Role::IssuedOn).copied();
        if let (Some(issued_on), Some(field)) = (issued_on, of.field_of(Role::IssuedOn))
            && issued_on > today
        {
            let reason = format!("{}晚于今天（{}）", dates::print(issued_on), dates::print(today));
            self.refuse(field, "in-future", reason, "证照不能预先签发，请核对日期");
        }
        // Dates that programs write where they have none: nothing was issued on them.
        if let (Some(issued_on), Some(field)) = (issued_on, of.field_of(Role::IssuedOn))
            && (issued_on < FIRST_DAY || issued_on == EPOCH)
        {
            let reason = format!("{}不可能是颁发日期，多半是系统的缺省值", dates::print(issued_on));
            self.refuse(field, "default-date", reason, "请对照原件填写");
        }
        let from = self.first_day(issued_on);
        let until = self.last_day(from);
        if let Some(field) = of.field_of(Role::ValidUntil)
            && let Some(until) = until
        {
            let text = match until {
                End::Never => UNLIMITED.to_owned(),
                End::On(until) => dates::print(until),
            };
            self.printed.insert(field.key.clone(), text);
            if let (Some(from), End::On(until)) = (from, until)
                && until < from
            {
                let reason = format!("有效期截止{}早于起始{}", dates::print(until), dates::print(from));
                self.refuse(
                    field,
                    "ends-before-start",
                    reason,
                    "请核对有效期的起止日期，是否填反",
                );
            }
        }
        let until = match until? {
            End::Never => None,
            End::On(until) => Some(until),
        };
        Some(Period {
            issued_on: issued_on?,
            from: from?,
            until,
        })
    }

    /// First day in force: as given, or else the date of issue.
    fn first_day(&mut self, issued_on: Option<Date>) -> Option<Date> {
        let given = self.dates.get(&Role::ValidFrom).copied();
        let Some(field) = self.of.field_of(Role::ValidFrom) else {
            return issued_on;
        };
        if given.is_some() || self.refused.contains(&Role::ValidFrom) {
            return given;
        }
        if field.required {
            self.missing(field);
            return None;
        }
        let issued_on = issued_on?;
        self.printed.insert(field.key.clone(), dates::print(issued_on));
        Some(issued_on)
    }

    /// End of force: as given, or else by the validity rule.
    fn last_day(&mut self, from: Option<Date>) -> Option<End> {
        let of = self.of;
        if let Some(until) = self.dates.get(&Role::ValidUntil) {
            return Some(End::On(*until));
        }
        if self.refused.contains(&Role::ValidUntil) {
            return None;
        }
        if self.unlimited {
            return Some(End::Never);
        }
        match of.validity {
            ValidityRule::Unlimited => Some(End::Never),
            ValidityRule::Years { years } => last_day(from?, years).map(End::On),
            ValidityRule::Given => {
                let field = of.field_of(Role::ValidUntil)?;
                self.missing(field);
                None
            }
        }
    }

    fn number(&mut self, raw: &RawRecord) {
        let of = self.of;
        let Some(field) = of.field_of(Role::Number) else {
            return;
        };
        match self.printed.get(&field.key).map(|number| number.chars().count()) {
            Some(length) if length > of.number.max_chars => {
                self.printed.remove(&field.key);
                self.too_long(field, length, of.number.max_chars);
            }
            Some(_) => {}
            None if self.refused.contains(&Role::Number) => {}
            // Without a number one is allocated; where the holder's code makes it, that must be there.
            None => {
                let code = of.field_of(Role::HolderCode);
                if let Some(code) = code
                    && of.number.uses_holder_code()
                    && self.holder_code.is_none()
                    && !self.refused.contains(&Role::HolderCode)
                    && raw
                        .values
                        .get(&code.key)
                        .is_none_or(|text| text.trim().is_empty())
                {
                    let reason = "证照编号由此代码构成，编号和代码不能同时为空".to_owned();
                    self.refuse(
                        code,
                        "missing",
                        reason,
                        format!("请填写“{}”或“{}”", code.label, field.label),
                    );
                }
            }
        }
    }
}

/// The printed text of a value that is neither date, holder's code nor photo; or stable code, reason
/// and hint of its refusal.
fn printed(field: &Field, value: String) -> Result<String, (&'static str, String, String)> {
    let refused = |error: CodeError| (error.code(), error.to_string(), error.hint().to_owned());
    match field.kind {
        FieldKind::CreditCode => CreditCode::parse(&normalise::code(&value))
            .map(|code| code.to_string())
            .map_err(refused),
        FieldKind::CitizenId => CitizenId::parse(&normalise::code(&value))
            .map(|id| id.as_str().to_owned())
            .map_err(refused),
        FieldKind::Choice => {
            let wanted = normalise::header(&value);
            let found = field
                .choices
                .iter()
                .find(|choice| normalise::header(choice) == wanted);
            found.cloned().ok_or_else(|| {
                let reason = format!("“{}”不在可选值之内", shown(field, &value));
                (
                    "bad-choice",
                    reason,
                    format!("请填以下之一：{}", field.choices.join("，")),
                )
            })
        }
        FieldKind::Integer | FieldKind::Decimal => {
            let unit = field.unit.as_deref().unwrap_or_default();
            number(field, &value)
                .map(|number| format!("{number}{unit}"))
                .ok_or_else(|| {
                    let kind = if field.kind == FieldKind::Integer {
                        "整数"
                    } else {
                        "数字"
                    };
                    let reason = format!("“{}”不是{kind}", shown(field, &value));
                    let end = if unit.is_empty() {
                        String::new()
                    } else {
                        format!("，单位为“{unit}”，可不写")
                    };
                    ("bad-number", reason, format!("请只填{kind}{end}"))
                })
        }
        FieldKind::Text => {
            let value = match field.role {
                Some(Role::HolderName) => normalise::name(&value),
                Some(Role::Number) => normalise::number(&value),
                _ => value,
            };
            match damage::found(field.role, &value) {
                None => Ok(value),
                Some(damage) => Err((
                    damage.code,
                    damage.reason(&shown(field, &value)),
                    damage.hint.to_owned(),
                )),
            }
        }
        FieldKind::Date | FieldKind::Photo => Ok(value),
    }
}

fn unknown(key: &str, of: &CertificateType) -> FieldError {
    // A second name of a field stays as it is where the first one has come before it.
    if let Some(field) = of.column_for(key) {
        return FieldError {
            field: field.key.clone(),
            label: field.label.clone(),
            code: "duplicate",
            reason: format!("给了两次，“{key}”与“{}”是同一字段", field.key),
            hint: "请只保留其中一项".to_owned(),
        };
    }
    let key: String = key.chars().take(40).collect();
    FieldError {
        label: key.clone(),
        field: key,
        code: "unknown-field",
        reason: format!("“{}”没有这个照面字段", of.name),
        hint: "请去掉此项，或核对字段名".to_owned(),
    }
}

/// A value as it may be repeated in an error.
fn shown(field: &Field, value: &str) -> String {
    const MOST: usize = 24;
    if field.personal {
        return mask_code(&value.chars().take(MOST).collect::<String>());
    }
    let mut shown: String = value.chars().take(MOST).collect();
    if shown.len() < value.len() {
        shown.push('…');
    }
    shown
}

/// Last day in force of so many years from a first day: the day before the anniversary.
fn last_day(from: Date, years: i16) -> Option<Date> {
    let anniversary = from.checked_add(years.years()).ok()?;
    // From 29 February, an anniversary without one already stands on the day before.
    if anniversary.day() == from.day() {
        anniversary.yesterday().ok()
    } else {
        Some(anniversary)
    }
}

/// A number without thousands separators, leading zeros or the field's own unit.
fn number(field: &Field, value: &str) -> Option<String> {
    let text: String = value
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(normalise::half_width)
        .collect();
    let unit: String = field
        .unit
        .iter()
        .flat_map(|unit| unit.chars())
        .map(normalise::half_width)
        .collect();
    let text = text.strip_suffix(&unit).unwrap_or(&text);
    let (sign, text) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = match text.split_once('.') {
        Some(_) if field.kind == FieldKind::Integer => return None,
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let groups: Vec<&str> = whole.split(',').collect();
    let grouped = groups.len() == 1
        || (groups.iter().skip(1).all(|group| group.len() == 3)
            && groups.first().is_some_and(|first| (1..=3).contains(&first.len())));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let whole = groups.concat();
    if !grouped
        || !digits(&whole)
        || !fraction.is_none_or(digits)
        || whole.len() + fraction.map_or(0, str::len) > MAX_NUMBER_DIGITS
    {
        return None;
    }
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    let negative = sign == "-" && (whole != "0" || fraction.is_some_and(|text| text.contains(|c| c != '0')));
    let sign = if negative { "-" } else { "" };
    Some(fraction.map_or_else(
        || format!("{sign}{whole}"),
        |fraction| format!("{sign}{whole}.{fraction}"),
    ))
}
