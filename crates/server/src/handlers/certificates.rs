//! Issuing certificates and fetching them.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json as Answer,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header},
    response::IntoResponse,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use certseal_core::{
    catalogue::{CertificateType, RawRecord, Values},
    issue::{IssueError, Request, Transition},
    profile::Profile,
    registry::{Basis, CertificateRecord, Holder, Query as Search, Registry, RegistryError},
    remark::{self, RemarkError},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    change::{ReasonBody, bad_reason},
    refusal,
    view::CertificateView,
};
use crate::{
    App,
    auth::Principal,
    extract::{Form, Json, Path, Query},
    handlers::page::matches_tag,
    openapi::Binary,
    problem::{Code, FieldProblem, Problem},
};

/// Longest idempotency key.
const MAX_IDEMPOTENCY_KEY: usize = 128;
/// Most certificates on a page.
const MAX_PAGE: usize = 200;

static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
static REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// 签发申请 One certificate asked for
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "type": "teacher-qualification-certificate",
    "fields": {
        "持证人": "沈示例",
        "性别": "女",
        "出生日期": "1999-05-20",
        "民族": "汉族",
        "身份证号码": "419901199905202661",
        "资格种类": "初级中学教师资格",
        "任教学科": "数学",
        "认定时间": "2024-06-28"
    },
    "reason": "首次认定"
}))]
pub(crate) struct IssueBody {
    /// 证照类型键或名称 Key or name of the certificate type
    #[serde(rename = "type")]
    #[schema(example = "food-business-permit")]
    certificate_type: String,
    /// 照面字段：键、标签或短名到值 Face fields, by key, label or short name
    #[schema(value_type = BTreeMap<String, String>)]
    fields: Values,
    /// 照片：字段键到 JPEG 或 PNG 的 base64 Photos, field key to base64 of a JPEG or PNG
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    photos: Values,
    /// 印章，缺省为该类型规定的印章 Seal; the one the type names if left out
    seal: Option<String>,
    /// 换发、变更或补发的原证照 What it replaces; a first issue if left out
    basis: Option<BasisBody>,
    /// 办理依据 Why, for the record
    #[serde(default)]
    reason: String,
}

impl Form for IssueBody {
    /// A photo of the largest size, in base64, with room for text.
    const MAX_BYTES: usize = 8 << 20;
}

/// 原证照，三者取一 What is replaced: one of the three, with the identifier of the old certificate
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(min_properties = 1, max_properties = 1)]
pub(crate) struct BasisBody {
    /// 延续 Later dates
    #[schema(value_type = String, required = false)]
    renews: Option<String>,
    /// 变更 Changed content
    #[schema(value_type = String, required = false)]
    amends: Option<String>,
    /// 补发 The same again
    #[schema(value_type = String, required = false)]
    reissues: Option<String>,
}

impl BasisBody {
    fn basis(self) -> Result<Basis, Problem> {
        match (self.renews, self.amends, self.reissues) {
            (Some(identifier), None, None) => Ok(Basis::Renews(identifier)),
            (None, Some(identifier), None) => Ok(Basis::Amends(identifier)),
            (None, None, Some(identifier)) => Ok(Basis::Reissues(identifier)),
            _ => Err(Problem::new(
                Code::Unprocessable,
                "“basis”（原证照）应在 renews、amends、reissues 中恰取一项，值为原证照标识；首次签发请去掉 basis。",
                "basis takes exactly one of renews, amends and reissues, with the old certificate's identifier.",
            )
            .errors(vec![FieldProblem {
                field: "basis".to_owned(),
                label: "原证照".to_owned(),
                code: "one-of".to_owned(),
                reason: "不是恰好一项".to_owned(),
                hint: "在 renews、amends、reissues 中取一项，值为原证照标识".to_owned(),
            }])),
        }
    }
}

/// The header under which an issue request can be repeated.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes the header for the OpenAPI document")]
struct IdempotencyHeader {
    /// 由调用方为每份申请生成，1–128 个可见 ASCII 字符；强烈建议提供 Unique for each request; strongly advised
    #[param(rename = "Idempotency-Key", value_type = String, required = false, min_length = 1, max_length = 128, pattern = "^[!-~]+$", example = "jy-20261121-000017")]
    key: Option<String>,
}

/// 签发一张证照 Issue one certificate
///
/// 带 Idempotency-Key 重试不会重复签发：同一键、同一内容得到同一证照（200，Idempotent-Replayed: true）。
/// A repeat with the same Idempotency-Key answers with the certificate issued first.
#[utoipa::path(
    post, path = "/v1/certificates", tag = "证照 certificates", security(("api-key" = [])),
    operation_id = "issue_certificate",
    params(IdempotencyHeader),
    request_body = IssueBody,
    responses(
        (status = 201, description = "已签发 Issued", body = CertificateView, headers(("Location" = String, description = "证照地址 Its address"))),
        (status = 200, description = "此前已用同一幂等键签发 Issued before under the same key", body = CertificateView, headers(("Idempotent-Replayed" = String, description = "true"))),
        (status = 404, description = "没有 basis 所指的原证照 The certificate to be replaced is not known"),
        (status = 403),
        (status = 409),
        (status = 422),
    )
)]
pub(crate) async fn issue(
    State(app): State<Arc<App>>,
    caller: Principal,
    headers: HeaderMap,
    Json(body): Json<IssueBody>,
) -> Result<Response<Body>, Problem> {
    let kind = find_type(&app, &body.certificate_type)
        .ok_or_else(|| IssueError::UnknownType(body.certificate_type.clone()))?;
    caller.require(kind)?;
    let request = Request {
        record: RawRecord {
            photos: photos(kind, kind.keyed(body.photos.0))?,
            values: kind.keyed(body.fields.0),
        },
        certificate_type: kind.key.clone(),
        seal: body.seal,
        basis: body.basis.map_or(Ok(Basis::First), BasisBody::basis)?,
        actor: caller.actor(),
        reason: reason(&body.reason)?,
        idempotency_key: idempotency_key(&headers)?.map(|key| caller.idempotency_key(&key)),
    };
    let service = Arc::clone(&app.service);
    let issued = app
        .gate
        .carry_out(async move { service.issue(request).await })
        .await??;

    let replayed = issued.replayed;
    let view = CertificateView::new(issued.record, &app, &caller);
    let location = HeaderValue::from_str(&format!("/v1/certificates/{}", view.identifier()))
        .map_err(|error| Problem::internal(&error))?;
    let status = if replayed {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    let mut response = (status, [(header::LOCATION, location)], Answer(view)).into_response();
    if replayed {
        response
            .headers_mut()
            .insert(REPLAYED.clone(), HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// Why a certificate is issued: need not be said, but has to be readable.
fn reason(text: &str) -> Result<String, Problem> {
    match remark::reason(text) {
        Err(RemarkError::Empty) => Ok(String::new()),
        other => other.map_err(bad_reason),
    }
}

fn photos(
    kind: &CertificateType,
    photos: BTreeMap<String, String>,
) -> Result<BTreeMap<String, Vec<u8>>, Problem> {
    let mut decoded = BTreeMap::new();
    let mut errors = Vec::new();
    for (field, text) in photos {
        if let Ok(bytes) = STANDARD.decode(text.as_bytes()) {
            decoded.insert(field, bytes);
            continue;
        }
        let label = kind
            .fields
            .iter()
            .find(|known| known.key == field)
            .map(|known| known.label.clone());
        errors.push(FieldProblem {
            label: label.unwrap_or_default(),
            field,
            code: "bad-base64".to_owned(),
            reason: "照片不是 base64 编码".to_owned(),
            hint: "以标准 base64（RFC 4648 第 4 节）提交文件内容，不带 data: 前缀和换行".to_owned(),
        });
    }
    if errors.is_empty() {
        Ok(decoded)
    } else {
        Err(refusal::fields(errors))
    }
}

/// The caller's idempotency key, if there is one.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let refused = || {
        Problem::malformed(
            format!("Idempotency-Key 应为一个 1 至 {MAX_IDEMPOTENCY_KEY} 个可见 ASCII 字符的值。"),
            format!(
                "Idempotency-Key must be one value of 1 to {MAX_IDEMPOTENCY_KEY} visible ASCII characters."
            ),
        )
    };
    let mut given = headers.get_all(&IDEMPOTENCY_KEY).iter();
    let Some(key) = given.next() else { return Ok(None) };
    let fits =
        (1..=MAX_IDEMPOTENCY_KEY).contains(&key.len()) && key.as_bytes().iter().all(u8::is_ascii_graphic);
    match key.to_str() {
        Ok(key) if fits && given.next().is_none() => Ok(Some(key.to_owned())),
        _ => Err(refused()),
    }
}

/// 查询条件 What to look for
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// 证照类型键或名称 Key or name of the type
    #[serde(rename = "type")]
    #[param(example = "food-business-permit")]
    certificate_type: Option<String>,
    /// 证照编号，须同时给出 type Certificate number, together with type
    number: Option<String>,
    /// 持证主体代码 Holder's code
    holder_code: Option<String>,
    /// 上一页的 next `next` of the page before
    after: Option<u64>,
    /// 每页至多条数，1–200，缺省 50 At most so many, 50 if left out
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// 一页证照 A page of certificates
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page {
    /// 证照，按签发先后 In order of issue
    items: Vec<CertificateView>,
    /// 下一页的 after，没有下一页则为空 `after` of the next page; null at the end
    next: Option<u64>,
}

/// 查找本部门的证照 Find certificates of the caller's department
///
/// 至少给出 type 或 holder_code。Give `type` or `holder_code` at least.
#[utoipa::path(
    get, path = "/v1/certificates", tag = "证照 certificates", security(("api-key" = [])), params(ListQuery),
    operation_id = "list_certificates",
    responses(
        (status = 200, body = Page),
        (status = 403),
        (status = 404, description = "没有这种证照类型 No such type"),
    )
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Principal,
    Query(query): Query<ListQuery>,
) -> Result<Answer<Page>, Problem> {
    let kind = match &query.certificate_type {
        Some(name) => Some(known_type(&app, name)?),
        None => None,
    };
    if let Some(kind) = kind {
        caller.require(kind)?;
    }
    let limit = query.limit.unwrap_or(50);
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(Problem::malformed(
            "limit 应为 1 至 200。",
            "limit must be 1 to 200.",
        ));
    }
    let kind = kind.map(|kind| &*kind.key);
    let asked = match (kind, &query.number, &query.holder_code) {
        (Some(kind), Some(number), _) => Asked::Number(kind, number),
        (None, Some(_), _) => {
            return Err(Problem::malformed(
                "按编号查询须同时给出 type：不同类型的编号可以相同。",
                "number needs type: certificates of different types may share a number.",
            ));
        }
        (_, None, Some(code)) => Asked::Holder(Holder::Code(code.clone())),
        (None, None, None) if caller.department().is_some() => {
            return Err(Problem::malformed(
                "请至少给出 type 或 holder_code。",
                "Give type or holder_code at least.",
            ));
        }
        (kind, None, None) => Asked::Type(kind),
    };
    let wanted = |record: &CertificateRecord| {
        require(&app, &caller, record).is_ok()
            && kind.is_none_or(|kind| kind == record.certificate_type)
            && query
                .holder_code
                .as_ref()
                .is_none_or(|code| record.holder_code.as_ref() == Some(code))
    };

    // What is not the caller's business leaves no trace: not in the items, nor in whether more follow.
    let mut items = Vec::new();
    let mut after = query.after;
    let more = 'pages: loop {
        let page = asked.page(app.registry(), after, limit + 1).await?;
        let Some(last) = page.last() else { break false };
        after = Some(last.issued_event);
        let whole = page.len() <= limit;
        for record in page.into_iter().filter(|record| wanted(record)) {
            if items.len() == limit {
                break 'pages true;
            }
            items.push(record);
        }
        if whole {
            break false;
        }
    };
    let next = items.last().filter(|_| more).map(|record| record.issued_event);
    let items = items
        .into_iter()
        .map(|record| CertificateView::new(record, &app, &caller))
        .collect();
    Ok(Answer(Page { items, next }))
}

/// By what certificates are looked for.
enum Asked<'a> {
    Number(&'a str, &'a str),
    Holder(Holder),
    Type(Option<&'a str>),
}

impl Asked<'_> {
    /// The next certificates in order of issue, at most so many.
    async fn page(
        &self,
        registry: &dyn Registry,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<CertificateRecord>, RegistryError> {
        match self {
            Self::Number(kind, number) => Ok(registry.by_number(kind, number).await?.into_iter().collect()),
            Self::Holder(holder) => registry.by_holder(holder, after, limit).await,
            Self::Type(kind) => {
                let search = Search {
                    certificate_type: kind.map(str::to_owned),
                    status: None,
                    after,
                    limit,
                };
                registry.certificates(&search).await
            }
        }
    }
}

/// 查询一张证照 Fetch the record of a certificate
///
/// 其他部门的证照，持证主体信息脱敏。Holder's data are masked for other departments.
#[utoipa::path(
    get, path = "/v1/certificates/{identifier}", tag = "证照 certificates", security(("api-key" = [])),
    operation_id = "get_certificate",
    params(("identifier" = String, Path, description = "电子证照标识 Certificate identifier")),
    responses(
        (status = 200, body = CertificateView),
    )
)]
pub(crate) async fn record(
    State(app): State<Arc<App>>,
    caller: Principal,
    Path(identifier): Path<String>,
) -> Result<Answer<CertificateView>, Problem> {
    let record = app.service.record(&identifier).await?;
    Ok(Answer(CertificateView::new(record, &app, &caller)))
}

/// 取哪一份文件 Which document
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DocumentQuery {
    /// 版式，缺省为首份 Profile, the first one if left out
    #[param(value_type = Option<String>, example = "ofd-gb38540")]
    profile: Option<Profile>,
}

fn no_such_document(record: &CertificateRecord, profile: Profile) -> Problem {
    let there: Vec<&str> = record
        .documents()
        .map(|document| document.profile.key())
        .collect();
    let there = there.join(", ");
    Problem::new(
        Code::NotFound,
        format!("这张证照没有 {} 版式的文件，有的是：{there}。", profile.key()),
        format!(
            "this certificate has no document under {}, only: {there}",
            profile.key()
        ),
    )
}

/// 下载证照文件 Fetch the document of a certificate
#[utoipa::path(
    get, path = "/v1/certificates/{identifier}/document", tag = "证照 certificates", security(("api-key" = [])),
    operation_id = "get_document",
    params(("identifier" = String, Path, description = "电子证照标识 Certificate identifier"), DocumentQuery),
    responses(
        (status = 200, description = "签章文件：PDF 或 OFD The sealed document, PDF or OFD", content(
            (inline(Binary) = "application/pdf"), (inline(Binary) = "application/ofd"),
        )),
        (status = 304, description = "If-None-Match 相符 Unchanged"),
        (status = 403),
        (status = 404, description = "没有这张证照，或它没有这种版式 No such certificate, or none of its documents has this profile"),
    )
)]
pub(crate) async fn document(
    State(app): State<Arc<App>>,
    caller: Principal,
    Path(identifier): Path<String>,
    Query(query): Query<DocumentQuery>,
    headers: HeaderMap,
) -> Result<Response<Body>, Problem> {
    let record = app.service.record(&identifier).await?;
    require(&app, &caller, &record)?;
    let document = match query.profile {
        None => &record.document,
        Some(profile) => record
            .document_under(profile)
            .ok_or_else(|| no_such_document(&record, profile))?,
    };
    let tag = format!("\"{}\"", hex::encode(document.digest));
    let about = [
        (header::ETAG, tag.clone()),
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
    ];
    if matches_tag(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, about).into_response());
    }
    let bytes = app.service.document(document).await?;
    let profile = document.profile;
    let name = format!("attachment; filename=\"{identifier}.{}\"", profile.extension());
    let form = [
        (header::CONTENT_TYPE, profile.media_type().to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((about, form, bytes).into_response())
}

/// 状态变更 A change of state
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CertificateChange {
    /// 暂扣
    Suspend,
    /// 恢复
    Resume,
    /// 撤销、吊销
    Revoke,
    /// 注销
    Cancel,
}

impl From<CertificateChange> for Transition {
    fn from(change: CertificateChange) -> Self {
        match change {
            CertificateChange::Suspend => Self::Suspend,
            CertificateChange::Resume => Self::Resume,
            CertificateChange::Revoke => Self::Revoke,
            CertificateChange::Cancel => Self::Cancel,
        }
    }
}

/// 变更一张证照的状态 Change the state of a certificate
///
/// `suspend` 暂扣 take out of force for a time；`resume` 恢复 bring back in force；`revoke` 撤销、吊销 take away for good；
/// `cancel` 注销 close in order。现状不容许的变更答 409 A change that the present state does not allow is refused with 409.
#[utoipa::path(
    post, path = "/v1/certificates/{identifier}/{change}", tag = "证照 certificates", security(("api-key" = [])),
    operation_id = "change_certificate",
    params(
        ("identifier" = String, Path, description = "电子证照标识 Certificate identifier"),
        ("change" = inline(CertificateChange), Path, description = "变更 Which change"),
    ),
    request_body = ReasonBody,
    responses((status = 200, body = CertificateView), (status = 403), (status = 409), (status = 422))
)]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    caller: Principal,
    Path((identifier, change)): Path<(String, CertificateChange)>,
    Json(body): Json<ReasonBody>,
) -> Result<Answer<CertificateView>, Problem> {
    let record = app.service.record(&identifier).await?;
    require(&app, &caller, &record)?;
    let reason = body.reason()?;
    let (service, actor) = (Arc::clone(&app.service), caller.actor());
    let work = async move {
        service
            .transition(&identifier, change.into(), &actor, &reason)
            .await
    };
    let record = app.gate.carry_out(work).await??;
    Ok(Answer(CertificateView::new(record, &app, &caller)))
}

/// A type of the catalogue, by key or by name.
fn find_type<'a>(app: &'a App, name: &str) -> Option<&'a Arc<CertificateType>> {
    let catalogue = app.service.catalogue();
    catalogue.get(name).or_else(|| catalogue.by_name(name))
}

/// The same, which has to be there.
pub(crate) fn known_type<'a>(app: &'a App, name: &str) -> Result<&'a Arc<CertificateType>, Problem> {
    find_type(app, name).ok_or_else(|| {
        Problem::not_found(
            format!("没有证照类型“{name}”，可用的类型见 /v1/types。"),
            format!("Unknown certificate type {name}; see /v1/types."),
        )
    })
}

/// Refuses a certificate of another department. One whose type has left the catalogue is open only to
/// a key for all departments.
pub(crate) fn require(app: &App, caller: &Principal, record: &CertificateRecord) -> Result<(), Problem> {
    match app.service.catalogue().get(&record.certificate_type) {
        Some(kind) => caller.require(kind),
        None if caller.department().is_none() => Ok(()),
        None => Err(Problem::new(
            Code::Forbidden,
            "该证照的类型已不在目录中，请使用全部门接口密钥。",
            "Its type has left the catalogue; use a key for all departments.",
        )),
    }
}
