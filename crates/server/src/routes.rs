//! The one table of routes.

use std::sync::Arc;

use axum::{
    Router,
    http::StatusCode,
    middleware::from_fn_with_state,
    routing::{get, post},
};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::{
    App, edge,
    handlers::{catalogue, certificates, health, page, pki, problems, seals, timestamp, verify},
    openapi,
};

/// The documented part: what `/openapi.json` tells of.
fn api() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(openapi::header())
        .routes(routes!(certificates::issue))
        .routes(routes!(certificates::list))
        .routes(routes!(certificates::record))
        .routes(routes!(certificates::document))
        .routes(routes!(certificates::change))
        .routes(routes!(seals::list))
        .routes(routes!(seals::one))
        .routes(routes!(seals::impression))
        .routes(routes!(seals::change))
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

/// The documented routes, and the document.
pub(crate) fn parts() -> (Router<Arc<App>>, OpenApi) {
    let (api, document) = api().split_for_parts();
    (api, openapi::completed(document))
}

pub(crate) fn router(app: Arc<App>) -> Router {
    let (api, document) = parts();
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
        .layer(CatchPanicLayer::custom(edge::panicked))
        .layer(from_fn_with_state(Arc::<str>::from(&*app.host), edge::edge))
        .with_state(app)
}
