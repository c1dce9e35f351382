//! What may be issued.

use std::sync::Arc;

use axum::{Json as Answer, extract::State};
use certseal_core::catalogue::{CertificateType, Field};
use serde::Serialize;
use utoipa::ToSchema;

use super::certificates::known_type;
use crate::{App, extract::Path, problem::Problem};

/// 证照类型 A certificate type
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TypeSummary {
    /// 类型键 Key
    #[schema(example = "food-business-permit")]
    key: String,
    /// 版本 Version of type and template
    version: u16,
    /// 名称 Name
    name: String,
    /// 英文名称 English name
    name_en: String,
    /// 主管部门键 Owning department
    department: String,
    /// 证照类型代码 Certificate type code (GB/T 36904)
    code: String,
    /// 印章种类 Kind of seal that signs it
    seal: String,
}

/// 证照类型及其照面字段 A certificate type with its face fields
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TypeDetail {
    #[serde(flatten)]
    summary: TypeSummary,
    /// 编号规则 Pattern of certificate numbers
    number_pattern: String,
    /// 照面字段，按印制次序 Face fields in printing order
    fields: Vec<FieldView>,
}

/// 照面字段 A face field
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FieldView {
    /// 字段键 Key, as in `fields` of an issue request
    key: String,
    /// 印在照面上的名称 Label printed on the face
    label: String,
    /// 英文名称 English label
    label_en: String,
    /// GB/T 36903 短名 Short name
    short: String,
    /// 值的种类 How values are checked
    #[schema(example = "date")]
    kind: String,
    /// 在通用元数据中的角色 Part it plays in the common metadata
    role: Option<String>,
    /// 必填 Required
    required: bool,
    /// 个人信息 Personal data
    personal: bool,
    /// 至多字数 Most characters
    max_chars: Option<usize>,
    /// 可选值 Allowed values of a choice
    #[serde(skip_serializing_if = "Vec::is_empty")]
    choices: Vec<String>,
    /// 单位 Unit
    unit: Option<String>,
    /// 虚构样例 A fictitious example
    sample: String,
}

impl TypeSummary {
    fn new(kind: &CertificateType) -> Self {
        Self {
            key: kind.key.clone(),
            version: kind.version,
            name: kind.name.clone(),
            name_en: kind.name_en.clone(),
            department: kind.department.clone(),
            code: kind.code.clone(),
            seal: kind.seal.clone(),
        }
    }
}

impl FieldView {
    fn new(field: &Field) -> Result<Self, Problem> {
        Ok(Self {
            key: field.key.clone(),
            label: field.label.clone(),
            label_en: field.label_en.clone(),
            short: field.short.clone(),
            kind: word(&field.kind)?,
            role: field.role.as_ref().map(word).transpose()?,
            required: field.required,
            personal: field.personal,
            max_chars: field.max_chars,
            choices: field.choices.clone(),
            unit: field.unit.clone(),
            sample: field.sample.clone(),
        })
    }
}

/// The word the type files use.
fn word(value: &impl Serialize) -> Result<String, Problem> {
    let value = serde_json::to_value(value).map_err(|error| Problem::internal(&error))?;
    Ok(value.as_str().unwrap_or_default().to_owned())
}

/// 全部证照类型 All certificate types
#[utoipa::path(
    get, path = "/v1/types", tag = "证照类型 types", operation_id = "list_types",
    responses((status = 200, body = Vec<TypeSummary>))
)]
pub(crate) async fn types(State(app): State<Arc<App>>) -> Answer<Vec<TypeSummary>> {
    Answer(
        app.service
            .catalogue()
            .types()
            .map(|kind| TypeSummary::new(kind))
            .collect(),
    )
}

/// 一个证照类型及其照面字段 One certificate type with its fields
#[utoipa::path(
    get, path = "/v1/types/{key}", tag = "证照类型 types", operation_id = "get_type",
    params(("key" = String, Path, description = "类型键或名称 Key or name of the type")),
    responses(
        (status = 200, body = TypeDetail),
    )
)]
pub(crate) async fn one_type(
    State(app): State<Arc<App>>,
    Path(key): Path<String>,
) -> Result<Answer<TypeDetail>, Problem> {
    let kind = known_type(&app, &key)?;
    Ok(Answer(TypeDetail {
        summary: TypeSummary::new(kind),
        number_pattern: kind.number.pattern.clone(),
        fields: kind.fields.iter().map(FieldView::new).collect::<Result<_, _>>()?,
    }))
}
