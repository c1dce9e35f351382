//! Certificate types: what may be issued, by whom, with which fields and under which seal.
//!
//! Takes the folders under `templates/`; gives [`Catalogue`], whose types turn raw values into
//! [`FaceData`] or a list of [`FieldError`]s. Adding a type is adding a folder, no code.

use std::{collections::BTreeMap, fmt, sync::Arc};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{
    codes::{HolderCode, mask_code, mask_name},
    profile::Profile,
};

mod check;
mod damage;
mod dates;
mod face_json;
mod load;
mod normalise;
mod number;
mod photo;
mod rules;
#[cfg(test)]
mod tests;
mod toml_fault;
mod values;

pub use face_json::{FaceJson, FaceJsonError, FieldJson, HolderJson, PhotoJson, TypeJson};
pub use load::{Catalogue, CatalogueError, Problem};
pub use number::NumberError;
pub use toml_fault::toml_fault;
pub use values::Values;

/// What a face field holds, and therefore how a raw value is checked and printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FieldKind {
    /// One or more lines of text.
    Text,
    /// A civil date; printed 2026年11月21日.
    Date,
    /// Unified social credit code (GB 32100).
    CreditCode,
    /// Citizen identity number (GB 11643).
    CitizenId,
    /// One of the field's `choices`.
    Choice,
    /// A whole number.
    Integer,
    /// A decimal number, printed with the field's `unit`.
    Decimal,
    /// A JPEG or PNG portrait.
    Photo,
}

/// The part a field plays in the metadata every certificate has (GB/T 36903).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// 证照编号, ZZBH.
    Number,
    /// 持证主体, CZZT.
    HolderName,
    /// 持证主体代码, CZZTDM.
    HolderCode,
    /// 证照颁发日期, ZZBFRQ.
    IssuedOn,
    /// 证照有效期起始日期, ZZYXQQSRQ.
    ValidFrom,
    /// 证照有效期截止日期, ZZYXQJZRQ.
    ValidUntil,
}

/// One field of a face.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Field {
    /// Our key, in kebab-case English.
    pub key: String,
    /// What is printed before the value, and the usual CSV header.
    pub label: String,
    /// The same in English.
    pub label_en: String,
    /// GB/T 36903 short name (`CZZT`, `KZ_…`).
    pub short: String,
    /// How values are checked.
    pub kind: FieldKind,
    /// The part it plays in the common metadata.
    #[serde(default)]
    pub role: Option<Role>,
    /// An empty value is refused.
    #[serde(default)]
    pub required: bool,
    /// Shown masked to callers without the right to see it.
    #[serde(default)]
    pub personal: bool,
    /// Longest value, in characters.
    #[serde(default)]
    pub max_chars: Option<usize>,
    /// Allowed values of a choice.
    #[serde(default)]
    pub choices: Vec<String>,
    /// Printed after a number.
    #[serde(default)]
    pub unit: Option<String>,
    /// Other headers this field goes by in departments' tables.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// A plausible, fictitious value, for previews.
    pub sample: String,
}

/// Who can hold a certificate of the type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HolderKind {
    /// Legal persons and other organisations, by unified social credit code.
    Organisation,
    /// Natural persons, by citizen id.
    Person,
    /// Either.
    Any,
}

/// When a certificate of the type stops being in force by date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "rule", deny_unknown_fields)]
pub enum ValidityRule {
    /// No end date (长期).
    Unlimited,
    /// So many years from the first day; an explicit end date in the data wins.
    Years {
        /// Whole years.
        years: i16,
    },
    /// The data must say the end date.
    Given,
}

/// How certificate numbers of the type are made and recognised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NumberRule {
    /// Literal text with `{region}` (6 digits), `{year}`, `{seq:N}` (N digits), `{holder-code}` and
    /// `{check}` (ISO 7064 MOD 11,10 over the digits before it).
    pub pattern: String,
    /// Longest number accepted from historical data, in characters.
    pub max_chars: usize,
}

/// A certificate type (证照类型), one version of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CertificateType {
    /// Our key; the folder's name.
    pub key: String,
    /// Version of type and template together.
    pub version: u16,
    /// Position in the district's monthly table.
    pub seq: u16,
    /// Name printed on the face and in reports.
    pub name: String,
    /// English name.
    pub name_en: String,
    /// Title printed on the face, where it is not the name (营业执照 for 营业执照（个体工商户）).
    #[serde(default)]
    pub title: Option<String>,
    /// Key of the owning department.
    pub department: String,
    /// Certificate type code, 21 characters (GB/T 36904): USCC of the defining agency + 3 characters.
    pub code: String,
    /// Who can hold it.
    pub holder: HolderKind,
    /// Kind of seal that signs it, as named in the department's seal list.
    pub seal: String,
    /// What the face calls the issuing authority (登记机关, 认定机构).
    #[serde(default = "default_issuer_label")]
    pub issuer_label: String,
    /// The real licence bears the national emblem: the face leaves its place for supplied art.
    #[serde(default)]
    pub emblem: bool,
    /// Sentence by which the authority grants what the certificate grants.
    #[serde(default)]
    pub statement: Option<String>,
    /// Instructions printed at the foot.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Formats it is issued in.
    pub profiles: Vec<Profile>,
    /// End of force by date.
    pub validity: ValidityRule,
    /// Certificate numbers.
    pub number: NumberRule,
    /// Face layout: `own` for `face.toml` in the same folder, or the name of a family layout.
    pub layout: String,
    /// Face fields in printing order.
    #[serde(rename = "field")]
    pub fields: Vec<Field>,
}

impl CertificateType {
    /// The field of this key.
    pub fn field(&self, key: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.key == key)
    }

    /// The field that plays this part.
    pub fn field_of(&self, role: Role) -> Option<&Field> {
        self.fields.iter().find(|field| field.role == Some(role))
    }

    /// What the face calls itself.
    pub fn face_title(&self) -> &str {
        self.title.as_deref().unwrap_or(&self.name)
    }

    /// The same values under field keys, whatever name of its field each came under. A name that is no
    /// field's, or a second one of the same field, stays as it is, for the check to refuse.
    pub fn keyed<V>(&self, values: BTreeMap<String, V>) -> BTreeMap<String, V> {
        let mut keyed = BTreeMap::new();
        for (name, value) in values {
            let key = self.column_for(&name).map(|field| field.key.clone());
            let key = key.filter(|key| !keyed.contains_key(key));
            keyed.insert(key.unwrap_or(name), value);
        }
        keyed
    }

    /// The field a table's column of this header holds: by label, alias, key or short name, whatever
    /// the spacing, the width of its brackets, and marks such as `*` and `（必填）`.
    pub fn column_for(&self, header: &str) -> Option<&Field> {
        let wanted = normalise::header(header);
        if wanted.is_empty() {
            return None;
        }
        self.fields
            .iter()
            .find(|field| field.names().any(|name| normalise::header(name) == wanted))
    }

    /// The samples of all fields but photos: what a preview shows.
    pub fn sample(&self) -> RawRecord {
        let values = self
            .fields
            .iter()
            .filter(|field| field.kind != FieldKind::Photo && !field.sample.is_empty())
            .map(|field| (field.key.clone(), field.sample.clone()));
        RawRecord {
            values: values.collect(),
            photos: BTreeMap::new(),
        }
    }
}

impl Field {
    /// Every name a column of this field may go by.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        [self.label.as_str(), &self.key, &self.short]
            .into_iter()
            .chain(self.aliases.iter().map(String::as_str))
    }
}

fn default_issuer_label() -> String {
    "发证机关".to_owned()
}

/// A department (部门): owns certificate types and seals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Department {
    /// Our key, in pinyin or English.
    pub key: String,
    /// Short name as in the monthly table (市场监管局).
    pub name: String,
    /// Name of such a body in full (市场监督管理局), which follows the region's on faces and seals.
    pub full_name: String,
    /// English name.
    pub name_en: String,
}

/// The authority whose name and seal a certificate bears.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Issuer {
    /// Name in full.
    pub name: String,
    /// Unified social credit code.
    pub code: String,
    /// Administrative region, six digits.
    pub region: String,
}

/// Values as a clerk, a table or another system gave them, by field key.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct RawRecord {
    /// Texts.
    pub values: BTreeMap<String, String>,
    /// Photo files.
    pub photos: BTreeMap<String, Vec<u8>>,
}

/// Debug output goes to logs, which never hold personal data: keys only.
impl fmt::Debug for RawRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawRecord")
            .field("values", &self.values.keys())
            .field("photos", &self.photos.keys())
            .finish()
    }
}

/// Checked face data (照面数据) with the metadata every certificate has.
#[derive(Debug, Clone, PartialEq)]
pub struct FaceData {
    /// The type it was checked against.
    pub certificate_type: Arc<CertificateType>,
    /// Certificate number; none until one is allocated.
    pub number: Option<String>,
    /// Holder's name.
    pub holder_name: String,
    /// Holder's code: USCC, citizen id or another document number. None where old data have none.
    pub holder_code: Option<String>,
    /// Date of issue.
    pub issued_on: Date,
    /// First day in force.
    pub valid_from: Date,
    /// Last day in force; none for unlimited.
    pub valid_until: Option<Date>,
    /// Printed text of every field by key, photos left out.
    pub printed: BTreeMap<String, String>,
    /// Photo files by field key.
    pub photos: BTreeMap<String, Arc<[u8]>>,
}

impl FaceData {
    /// The holder's code with its kind; none where the certificate has no code.
    pub fn holder(&self) -> Option<HolderCode> {
        let text = self.holder_code.as_deref()?;
        let code = match self.certificate_type.holder {
            HolderKind::Organisation => HolderCode::organisation(text),
            HolderKind::Person => HolderCode::person(text),
            HolderKind::Any => HolderCode::any(text),
        };
        code.ok()
    }

    /// The holder's code with its middle hidden.
    pub fn holder_code_masked(&self) -> Option<String> {
        self.holder_code.as_deref().map(mask_code)
    }

    /// The printed text of a field as callers without the right to personal data see it.
    pub fn masked(&self, key: &str) -> Option<String> {
        let text = self.printed.get(key)?;
        let field = self.certificate_type.field(key)?;
        Some(match (field.personal, field.kind, field.role) {
            (false, ..) if field.kind != FieldKind::CitizenId => text.clone(),
            (_, FieldKind::CitizenId | FieldKind::CreditCode, _) | (_, _, Some(Role::HolderCode)) => {
                mask_code(text)
            }
            (_, _, Some(Role::HolderName)) => mask_name(text),
            _ => "***".to_owned(),
        })
    }
}

/// A number as certificates keep it, however it was typed: for looking one up.
pub fn kept_number(typed: &str) -> String {
    normalise::number(typed)
}

/// Why a raw value was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{field} ({label}): {reason}")]
pub struct FieldError {
    /// Field key.
    pub field: String,
    /// Field label, as the operator knows it.
    pub label: String,
    /// Stable code: `missing`, `unknown-field`, `bad-date`, `bad-check-digit`, `too-long`, …
    pub code: &'static str,
    /// What is wrong, in Chinese, with the offending part masked where personal.
    pub reason: String,
    /// What to do about it, in Chinese.
    pub hint: String,
}
