//! Changes of state of an issued certificate.

use std::sync::Arc;

use axum::{Json as Answer, extract::State};
use certseal_core::issue::Transition;

use super::{
    certificates::require,
    change::{ReasonBody, change},
    view::CertificateView,
};
use crate::{
    App,
    auth::Principal,
    extract::{Json, Path},
    problem::{Problem, ProblemBody},
};

macro_rules! certificate {
    ($name:ident $id:literal $path:literal $transition:ident $summary:literal) => {
        change!($name $id $path {"identifier" "电子证照标识 Certificate identifier"} of "状态变更 lifecycle"
            by alter(Transition::$transition) -> CertificateView, $summary);
    };
}

certificate!(suspend "suspend" "/v1/certificates/{identifier}/suspend" Suspend "暂扣 Take out of force for a time");
certificate!(resume "resume" "/v1/certificates/{identifier}/resume" Resume "恢复 Bring back in force");
certificate!(revoke "revoke" "/v1/certificates/{identifier}/revoke" Revoke "撤销、吊销 Take away for good");
certificate!(cancel "cancel" "/v1/certificates/{identifier}/cancel" Cancel "注销 Close in order");

async fn alter(
    app: Arc<App>,
    caller: Principal,
    identifier: String,
    transition: Transition,
    body: &ReasonBody,
) -> Result<Answer<CertificateView>, Problem> {
    let record = app.service.record(&identifier).await?;
    require(&app, &caller, &record)?;
    let reason = body.reason()?;
    let (service, actor) = (Arc::clone(&app.service), caller.actor());
    let work = async move { service.transition(&identifier, transition, &actor, &reason).await };
    let record = app.gate.carry_out(work).await??;
    Ok(Answer(CertificateView::new(record, &app, &caller)))
}
