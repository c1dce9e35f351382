//! Seals of the caller's department: what the register says, and changes of state by their keeper.

use std::sync::Arc;

use axum::{
    Json as Answer,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use certseal_core::{
    registry::{Change, SealRecord},
    seal::{Seal, SealStatus, impression::preview_svg},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::change::ReasonBody;
use crate::{
    App,
    auth::Principal,
    extract::{Json, Path},
    problem::{Code, Problem},
};

/// 电子印章 An e-seal
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Seal)]
pub(crate) struct SealView {
    /// 印章编号 Number of the seal
    #[schema(example = "41990100000001")]
    id: String,
    /// 印章名称 Name
    name: String,
    /// 所有者 Legal name of the owner
    owner: String,
    /// 所有者统一社会信用代码 The owner's unified social credit code
    owner_code: String,
    /// 种类：licence 电子证照专用章，official 法定名称章 Kind
    #[schema(example = "licence")]
    kind: &'static str,
    /// 登记状态 State in the register
    state: SealState,
    /// 该状态起始时间 Since when
    #[schema(value_type = String, format = DateTime)]
    state_since: Timestamp,
    /// 变更原因 Why, as given
    state_reason: String,
    /// 有效期起 First instant in force
    #[schema(value_type = String, format = DateTime)]
    not_before: Timestamp,
    /// 有效期止 Last instant in force
    #[schema(value_type = String, format = DateTime)]
    not_after: Timestamp,
    /// 获准使用的签章证书 SHA-256 of each signer certificate that may use it
    signer_certificates: Vec<String>,
    /// 印模地址 Where its impression is
    impression: String,
}

/// 印章状态 State of a seal
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum SealState {
    /// 启用
    InForce,
    /// 停用
    Suspended,
    /// 已销毁
    Destroyed,
}

impl SealView {
    fn new(record: SealRecord, seal: &Seal) -> Self {
        Self {
            name: seal.name().to_owned(),
            owner: seal.owner().to_owned(),
            owner_code: seal.owner_code().to_string(),
            kind: seal.kind().key(),
            state: match record.status {
                SealStatus::InForce => SealState::InForce,
                SealStatus::Suspended => SealState::Suspended,
                SealStatus::Destroyed => SealState::Destroyed,
            },
            state_since: record.since,
            state_reason: record.reason,
            not_before: seal.not_before(),
            not_after: seal.not_after(),
            signer_certificates: seal.signers().iter().map(hex::encode).collect(),
            impression: format!("/v1/seals/{}/impression.svg", record.id),
            id: record.id,
        }
    }
}

/// 本部门的全部印章 Every seal of the caller's department
#[utoipa::path(
    get, path = "/v1/seals", tag = "印章 seals", security(("api-key" = [])),
    operation_id = "list_seals",
    responses(
        (status = 200, body = Vec<SealView>),
    )
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Principal,
) -> Result<Answer<Vec<SealView>>, Problem> {
    let mut seals = Vec::new();
    for record in app.registry().seals().await? {
        let seal = app.service.open_seal(&record)?;
        if owns(&app, &caller, &seal) {
            seals.push(SealView::new(record, &seal));
        }
    }
    Ok(Answer(seals))
}

/// 一枚印章 One seal
#[utoipa::path(
    get, path = "/v1/seals/{id}", tag = "印章 seals", security(("api-key" = [])),
    operation_id = "get_seal",
    params(("id" = String, Path, description = "印章编号 Number of the seal")),
    responses(
        (status = 200, body = SealView),
        (status = 403),
    )
)]
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    caller: Principal,
    Path(id): Path<String>,
) -> Result<Answer<SealView>, Problem> {
    let (record, seal) = find(&app, &caller, &id).await?;
    Ok(Answer(SealView::new(record, &seal)))
}

/// 印模 The impression of a seal
#[utoipa::path(
    get, path = "/v1/seals/{id}/impression.svg", tag = "印章 seals", security(("api-key" = [])),
    operation_id = "get_impression",
    params(("id" = String, Path, description = "印章编号 Number of the seal")),
    responses(
        (status = 200, description = "SVG", content_type = "image/svg+xml", body = String),
        (status = 403),
    )
)]
pub(crate) async fn impression(
    State(app): State<Arc<App>>,
    caller: Principal,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (_, seal) = find(&app, &caller, &id).await?;
    let about = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        (header::CACHE_CONTROL, "private, no-store"),
    ];
    Ok((about, preview_svg(seal.impression())).into_response())
}

/// 印章变更 A change of state of a seal
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SealChange {
    /// 停用
    Suspend,
    /// 恢复
    Resume,
    /// 销毁
    Destroy,
}

impl SealChange {
    fn of(self, id: String) -> Change {
        match self {
            Self::Suspend => Change::SuspendSeal(id),
            Self::Resume => Change::ResumeSeal(id),
            Self::Destroy => Change::DestroySeal(id),
        }
    }
}

/// 变更一枚印章的状态 Change the state of a seal
///
/// `suspend` 停用，此后不再用印 take out of force for a time；`resume` 恢复 put back in force；`destroy` 销毁，不可恢复
/// destroy for good。
#[utoipa::path(
    post, path = "/v1/seals/{id}/{change}", tag = "印章 seals", security(("api-key" = [])),
    operation_id = "change_seal",
    params(
        ("id" = String, Path, description = "印章编号 Number of the seal"),
        ("change" = inline(SealChange), Path, description = "变更 Which change"),
    ),
    request_body = ReasonBody,
    responses((status = 200, body = SealView), (status = 403), (status = 409), (status = 422))
)]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    caller: Principal,
    Path((id, change)): Path<(String, SealChange)>,
    Json(body): Json<ReasonBody>,
) -> Result<Answer<SealView>, Problem> {
    let (_, seal) = find(&app, &caller, &id).await?;
    let reason = body.reason()?;
    let (service, actor, event) = (Arc::clone(&app.service), caller.actor(), change.of(id.clone()));
    let authority = seal.owner_code().to_string();
    let work = async move { service.append_one(event, &actor, &reason, &authority).await };
    app.gate.carry_out(work).await??;
    let (record, seal) = find(&app, &caller, &id).await?;
    Ok(Answer(SealView::new(record, &seal)))
}

/// A seal that is the caller's business.
async fn find(app: &App, caller: &Principal, id: &str) -> Result<(SealRecord, Arc<Seal>), Problem> {
    let record = app.registry().seal(id).await?.ok_or_else(|| {
        Problem::not_found(
            format!("没有编号为 {id} 的印章，请核对编号。"),
            format!("No seal has the number {id}."),
        )
    })?;
    let seal = app.service.open_seal(&record)?;
    if owns(app, caller, &seal) {
        return Ok((record, seal));
    }
    Err(Problem::new(
        Code::Forbidden,
        format!("印章 {id} 属于{}，请使用该部门的接口密钥。", seal.owner()),
        format!("Seal {id} belongs to another department."),
    ))
}

/// Whether a seal is of the caller's department.
fn owns(app: &App, caller: &Principal, seal: &Seal) -> bool {
    caller.department().is_none_or(|department| {
        let issuer = app.service.workshop().issuers.get(department);
        issuer.is_some_and(|issuer| issuer.code == seal.owner_code().as_str())
    })
}
