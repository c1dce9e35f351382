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
    issue::Request,
    registry::{Basis, CertificateRecord, Holder, Query as Search, Registry, RegistryError},
    remark::{self, RemarkError},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{change::bad_reason, refusal, view::CertificateView};
use crate::{
    App,
    auth::Principal,
    extract::{Json, Path, Query},
    handlers::page::matches_tag,
    openapi::Binary,
    problem::{Code, FieldProblem, Problem, ProblemBody},
};

/// Largest body of an issue request: a photo of the largest size, in base64, with room for text.
pub(crate) const MAX_ISSUE_BYTES: usize = 8 << 20;
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

/// 原证照标识 Identifier of the certificate that is replaced
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum BasisBody {
    /// 延续 Later dates
    Renews(String),
    /// 变更 Changed content
    Amends(String),
    /// 补发 The same again
    Reissues(String),
}

impl From<BasisBody> for Basis {
    fn from(body: BasisBody) -> Self {
        match body {
            BasisBody::Renews(identifier) => Self::Renews(identifier),
            BasisBody::Amends(identifier) => Self::Amends(identifier),
            BasisBody::Reissues(identifier) => Self::Reissues(identifier),
        }
    }
}

/// 签发一张证照 Issue one certificate
///
/// 带 Idempotency-Key 重试不会重复签发：同一键、同一内容得到同一证照（200，Idempotent-Replayed: true）。
/// A repeat with the same Idempotency-Key answers with the certificate issued first.
#[utoipa::path(
    post, path = "/v1/certificates", tag = "证照 certificates", security(("api-key" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "1–128 个可见 ASCII 字符，由调用方为每份申请生成 Unique for each request")),
    request_body = IssueBody,
    responses(
        (status = 201, description = "已签发 Issued", body = CertificateView, headers(("Location" = String, description = "证照地址 Its address"))),
        (status = 200, description = "此前已签发 Issued before under the same key", body = CertificateView),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn issue(
    State(app): State<Arc<App>>,
    caller: Principal,
    headers: HeaderMap,
    Json(body): Json<IssueBody>,
) -> Result<Response<Body>, Problem> {
    let catalogue = app.service.catalogue();
    let kind = catalogue
        .get(&body.certificate_type)
        .or_else(|| catalogue.by_name(&body.certificate_type));
    let kind =
        kind.ok_or_else(|| certseal_core::issue::IssueError::UnknownType(body.certificate_type.clone()))?;
    caller.require(kind)?;
    let request = Request {
        record: RawRecord {
            photos: photos(kind, kind.keyed(body.photos.0))?,
            values: kind.keyed(body.fields.0),
        },
        certificate_type: kind.key.clone(),
        seal: body.seal,
        basis: body.basis.map_or(Basis::First, Basis::from),
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
    /// 证照类型键 Type key
    #[serde(rename = "type")]
    certificate_type: Option<String>,
    /// 证照编号，须同时给出 type Certificate number, together with type
    number: Option<String>,
    /// 持证主体代码 Holder's code
    holder_code: Option<String>,
    /// 上一页的 next `next` of the page before
    after: Option<u64>,
    /// 每页至多条数，1–200，缺省 50 At most so many, 50 if left out
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
#[utoipa::path(
    get, path = "/v1/certificates", tag = "证照 certificates", security(("api-key" = [])), params(ListQuery),
    responses(
        (status = 200, body = Page),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Principal,
    Query(query): Query<ListQuery>,
) -> Result<Answer<Page>, Problem> {
    if let Some(key) = &query.certificate_type {
        caller.require(known_type(&app, key)?)?;
    }
    let limit = query.limit.unwrap_or(50);
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(Problem::malformed(
            "limit 应为 1 至 200。",
            "limit must be 1 to 200.",
        ));
    }
    let kind = query.certificate_type.as_deref();
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
    params(("identifier" = String, Path, description = "电子证照标识 Certificate identifier")),
    responses(
        (status = 200, body = CertificateView),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
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

/// 下载证照文件 Fetch the document of a certificate
#[utoipa::path(
    get, path = "/v1/certificates/{identifier}/document", tag = "证照 certificates", security(("api-key" = [])),
    params(("identifier" = String, Path, description = "电子证照标识 Certificate identifier")),
    responses(
        (status = 200, description = "签章文件 The sealed document", content_type = "application/pdf", body = inline(Binary)),
        (status = 304, description = "If-None-Match 相符 Unchanged"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn document(
    State(app): State<Arc<App>>,
    caller: Principal,
    Path(identifier): Path<String>,
    headers: HeaderMap,
) -> Result<Response<Body>, Problem> {
    let record = app.service.record(&identifier).await?;
    require(&app, &caller, &record)?;
    let tag = format!("\"{}\"", hex::encode(record.document_digest));
    let about = [
        (header::ETAG, tag.clone()),
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
    ];
    if matches_tag(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, about).into_response());
    }
    let bytes = app.service.document(&record).await?;
    let name = format!("attachment; filename=\"{identifier}.pdf\"");
    let form = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((about, form, bytes).into_response())
}

/// A type of the catalogue.
pub(crate) fn known_type<'a>(app: &'a App, key: &str) -> Result<&'a Arc<CertificateType>, Problem> {
    app.service.catalogue().get(key).ok_or_else(|| {
        Problem::not_found(
            format!("没有证照类型“{key}”，可用的类型见 /v1/types。"),
            format!("Unknown certificate type {key}; see /v1/types."),
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
