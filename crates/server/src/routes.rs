//! The one table of routes.

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    middleware::from_fn_with_state,
    routing::{get, post},
};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::{router::OpenApiRouter, routes};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::{
    App, edge,
    handlers::{catalogue, certificates, health, lifecycle, page, pki, problems, seals, timestamp, verify},
    openapi,
};

/// Largest JSON body but for issuing: a reason and an identifier are far below.
const MAX_JSON_BYTES: usize = 64 << 10;

/// The documented part: what `/openapi.json` tells of.
pub(crate) fn api() -> OpenApiRouter<Arc<App>> {
    let issuing = OpenApiRouter::new()
        .routes(routes!(certificates::issue))
        .layer(DefaultBodyLimit::max(certificates::MAX_ISSUE_BYTES));
    OpenApiRouter::with_openapi(openapi::header())
        .merge(issuing)
        .routes(routes!(certificates::list))
        .routes(routes!(certificates::record))
        .routes(routes!(certificates::document))
        .routes(routes!(lifecycle::suspend))
        .routes(routes!(lifecycle::resume))
        .routes(routes!(lifecycle::revoke))
        .routes(routes!(lifecycle::cancel))
        .routes(routes!(seals::list))
        .routes(routes!(seals::one))
        .routes(routes!(seals::impression))
        .routes(routes!(seals::suspend))
        .routes(routes!(seals::resume))
        .routes(routes!(seals::destroy))
        .routes(routes!(catalogue::types))
        .routes(routes!(catalogue::one_type))
        .routes(routes!(verify::verify))
        .routes(routes!(verify::status))
        .routes(routes!(verify::keys))
        .routes(routes!(pki::published))
        .routes(routes!(timestamp::stamp))
        .routes(routes!(problems::problem))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
}

pub(crate) fn router(app: Arc<App>) -> Router {
    let (api, document) = api().split_for_parts();
    let docs = SwaggerUi::new("/docs").url("/openapi.json", document).config(
        Config::default()
            .persist_authorization(false)
            .display_request_duration(true),
    );
    api.route("/", get(page::root))
        .route("/v", get(page::index))
        .route("/v/app.js", get(page::script))
        .route("/v/style.css", get(page::style))
        .route("/v/icon.svg", get(page::icon))
        // The page's own name for the same question.
        .route("/v/status", post(verify::status))
        .merge(docs)
        .fallback(async || StatusCode::NOT_FOUND)
        .layer(DefaultBodyLimit::max(MAX_JSON_BYTES))
        .layer(CatchPanicLayer::custom(edge::panicked))
        .layer(from_fn_with_state(Arc::<str>::from(&*app.host), edge::edge))
        .with_state(app)
}
