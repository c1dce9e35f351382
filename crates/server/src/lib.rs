//! HTTP front end of certseal: parses, authorises, calls core, answers. No rules live here.
//!
//! ```text
//!  connections (how many, how slow) ─▶ edge (request id, time limit, log, problem bodies)
//!              ─▶ gate (bytes, turns) ─▶ handlers ─▶ core
//! ```
//!
//! Everything a caller can be told is in the OpenAPI document at `/openapi.json`, browsed at `/docs`.

use std::{collections::BTreeSet, future::Future, path::PathBuf, sync::Arc};

use axum::Router;
use certseal_core::{
    catalogue::Issuer, issue::Service, registry::Registry, sign::timestamp::TimeStampAuthority,
};
use tokio::net::TcpListener;

pub mod auth;
mod connections;
mod edge;
mod extract;
mod gate;
mod handlers;
mod openapi;
mod problem;
mod routes;
mod trust;

pub use openapi::openapi_json;
pub use trust::{TrustError, TrustLoader};

use auth::{ApiKeyError, ApiKeys};
use gate::{Gate, Meter};
use trust::Trust;

/// Questions of the public an address may ask at once, and each second after that.
const PUBLIC_BURST: (u32, f64) = (60, 10.0);

/// What the server is put together from.
pub struct AppParts {
    /// Issues certificates and changes their state.
    pub service: Arc<Service>,
    /// Host name of the verification page.
    pub host: String,
    /// File of API keys.
    pub api_keys: PathBuf,
    /// Folder of published CA certificates and revocation lists.
    pub pki: PathBuf,
    /// Our timestamp authority, where there is one.
    pub tsa: Option<TimeStampAuthority>,
    /// Gives what verification rests on; called at the start and again every minute, so that a new
    /// revocation list or trust list counts without a restart.
    pub trust: TrustLoader,
}

impl std::fmt::Debug for AppParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppParts")
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// API keys.
    #[error(transparent)]
    ApiKeys(#[from] ApiKeyError),
    /// Trust material.
    #[error(transparent)]
    Trust(#[from] TrustError),
}

/// Everything the handlers share.
#[derive(Debug)]
pub struct App {
    service: Arc<Service>,
    host: String,
    api_keys: ApiKeys,
    pki: PathBuf,
    tsa: Option<Arc<TimeStampAuthority>>,
    trust: Trust,
    gate: Gate,
    meter: Meter,
    /// Credit codes of the departments that issue here.
    issuers: BTreeSet<String>,
}

impl App {
    /// Reads the key file and the trust material.
    pub fn new(parts: AppParts) -> Result<Self, StartError> {
        let workers = std::thread::available_parallelism().map_or(2, usize::from);
        let service = &parts.service;
        let issuers: Vec<&Issuer> = service.workshop().issuers.values().collect();
        Ok(Self {
            trust: Trust::load(parts.trust, &issuers)?,
            issuers: issuers.iter().map(|issuer| issuer.code.clone()).collect(),
            api_keys: ApiKeys::load(&parts.api_keys)?,
            host: parts.host,
            pki: parts.pki,
            tsa: parts.tsa.map(Arc::new),
            gate: Gate::new(workers),
            meter: Meter::new(PUBLIC_BURST.0, PUBLIC_BURST.1),
            service: parts.service,
        })
    }

    fn registry(&self) -> &dyn Registry {
        &**self.service.registry()
    }
}

/// The whole service as a router, for [`serve`] and for tests.
pub fn router(app: Arc<App>) -> Router {
    routes::router(app)
}

/// Serves until `shutdown` comes, then lets the requests under way end.
pub async fn serve(
    app: impl Into<Arc<App>>,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) {
    connections::serve(router(app.into()), listener, shutdown).await;
}
