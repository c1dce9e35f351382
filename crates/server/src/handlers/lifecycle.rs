//! Changes of state of an issued certificate.

use std::sync::Arc;

use axum::{Json as Answer, extract::State};
use certseal_core::issue::Transition;
use serde::Deserialize;
use tokio::runtime::Handle;
use utoipa::ToSchema;

use super::{certificates::require, view::CertificateView};
use crate::{
    App,
    auth::Principal,
    extract::{Json, Path},
    problem::{Code, FieldProblem, Problem, ProblemBody},
};

/// Longest reason, in characters.
const MAX_REASON: usize = 500;

/// 变更原因 Why the state changes
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReasonBody {
    /// 原因和依据，记入登记簿 Reason and legal ground, entered in the registry
    #[schema(example = "依据处罚决定书〔2026〕12 号", min_length = 1, max_length = 500)]
    reason: String,
}

impl ReasonBody {
    /// The reason, which must be given.
    pub(super) fn reason(&self) -> Result<String, Problem> {
        let reason = self.reason.trim().to_owned();
        if reason.is_empty() || reason.chars().count() > MAX_REASON {
            return Err(bad_reason());
        }
        Ok(reason)
    }
}

macro_rules! transition {
    ($name:ident $path:literal $transition:ident $doc:literal) => {
        #[doc = $doc]
        #[utoipa::path(
            post, path = $path, tag = "状态变更 lifecycle", security(("api-key" = [])),
            params(("identifier" = String, Path, description = "电子证照标识 Certificate identifier")),
            request_body = ReasonBody,
            responses(
                (status = 200, body = CertificateView),
                (status = 400, body = ProblemBody, content_type = "application/problem+json"),
                (status = 401, body = ProblemBody, content_type = "application/problem+json"),
                (status = 403, body = ProblemBody, content_type = "application/problem+json"),
                (status = 404, body = ProblemBody, content_type = "application/problem+json"),
                (status = 409, body = ProblemBody, content_type = "application/problem+json"),
                (status = 422, body = ProblemBody, content_type = "application/problem+json"),
            )
        )]
        pub(crate) async fn $name(
            State(app): State<Arc<App>>,
            caller: Principal,
            Path(identifier): Path<String>,
            Json(body): Json<ReasonBody>,
        ) -> Result<Answer<CertificateView>, Problem> {
            change(&app, &caller, identifier, Transition::$transition, &body).await
        }
    };
}

transition!(suspend "/v1/certificates/{identifier}/suspend" Suspend "暂扣 Take out of force for a time");
transition!(resume "/v1/certificates/{identifier}/resume" Resume "恢复 Bring back in force");
transition!(revoke "/v1/certificates/{identifier}/revoke" Revoke "撤销、吊销 Take away for good");
transition!(cancel "/v1/certificates/{identifier}/cancel" Cancel "注销 Close in order");

async fn change(
    app: &Arc<App>,
    caller: &Principal,
    identifier: String,
    transition: Transition,
    body: &ReasonBody,
) -> Result<Answer<CertificateView>, Problem> {
    let record = app.service.record(&identifier).await?;
    require(app, caller, &record)?;
    let reason = body.reason()?;
    let (service, runtime, actor) = (Arc::clone(&app.service), Handle::current(), caller.actor());
    let work = move || runtime.block_on(service.transition(&identifier, transition, &actor, &reason));
    let record = app.gate.run(work).await??;
    Ok(Answer(CertificateView::new(record, app, caller)))
}

fn bad_reason() -> Problem {
    Problem::new(
        Code::Unprocessable,
        "请填写原因，1 至 500 字。",
        "Give a reason of 1 to 500 characters.",
    )
    .errors(vec![FieldProblem {
        field: "reason".to_owned(),
        label: "原因".to_owned(),
        code: "missing".to_owned(),
        reason: "原因为空或过长".to_owned(),
        hint: "写明事由和依据，1 至 500 字".to_owned(),
    }])
}
