//! Is the process up, and can it do its work?

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{App, problem::Problem};

/// 运行状态 State of the process
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `ok`: otherwise a problem is answered.
    #[schema(example = "ok")]
    status: &'static str,
    /// Version of the program.
    version: &'static str,
}

const OK: Health = Health {
    status: "ok",
    version: env!("CARGO_PKG_VERSION"),
};

/// 存活检查 Liveness: the process answers
#[utoipa::path(get, path = "/healthz", tag = "运行 operation", responses((status = 200, body = Health)))]
pub(crate) async fn live() -> Json<Health> {
    Json(OK)
}

/// 就绪检查 Readiness: the registry answers
#[utoipa::path(
    get, path = "/readyz", tag = "运行 operation",
    responses(
        (status = 200, body = Health),
    )
)]
pub(crate) async fn ready(State(app): State<Arc<App>>) -> Result<Json<Health>, Problem> {
    app.registry().checkpoint().await?;
    Ok(Json(OK))
}
