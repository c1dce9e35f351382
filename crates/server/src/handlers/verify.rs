//! What the public asks: is this real, and is it in force?

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, OnceLock},
    time::Instant,
};

use axum::{
    Json as Answer,
    body::{Body, Bytes},
    extract::{ConnectInfo, DefaultBodyLimit, FromRequest as _, FromRequestParts, Multipart, Request, State},
    http::{HeaderMap, Response, header, request::Parts},
    response::IntoResponse,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use certseal_core::{
    codes::CertificateIdentifier,
    limits::MAX_DOCUMENT_BYTES,
    verify::{Examined, Options, PAGE_STYLE, RegistryView},
};
use jiff::Timestamp;
use ring::digest;
use serde::{Deserialize, Serialize};
use tokio::task;
use utoipa::ToSchema;

use super::{report, view};
use crate::{
    App,
    extract::{Form, Json},
    openapi::Binary,
    problem::Problem,
    trust::PublicKeys,
};

/// What a multipart body may hold besides the file: boundaries and part headers.
const MULTIPART_ROOM: usize = 64 << 10;

/// 证照文件或二维码 A file or a QR code
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form for the OpenAPI document")]
struct VerifyForm {
    /// PDF、OFD，或二维码照片（PNG、JPEG） A PDF, an OFD, or a picture of the QR code
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// 核验文件或二维码 Verify a document, a picture of a QR code, or its text
///
/// 文件只用于本次核验，不保存。`Accept: text/html` 得到可打印的网页，`Accept: application/xml` 得到 ETSI TS 119 102-2 的报告。What is
/// sent is used for this check only and not kept. With `Accept: text/html` the same report comes as a page to be read or
/// printed, with `Accept: application/xml` as ETSI TS 119 102-2 writes it.
#[utoipa::path(
    post, path = "/v1/verify", tag = "核验 verification",
    request_body(content(
        (VerifyForm = "multipart/form-data"), (inline(Binary) = "application/pdf"),
        (inline(Binary) = "application/ofd"),
        (inline(Binary) = "image/png"), (inline(Binary) = "image/jpeg"), (String = "text/plain"),
    )),
    responses(
        (status = 200, description = "已核验，结论见 indication 与 conclusion Verified; see the verdict", content(
            (report::Report = "application/json"), (String = "text/html"), (String = "application/xml"),
        )),
        (status = 429),
    )
)]
pub(crate) async fn verify(
    State(app): State<Arc<App>>,
    asker: Asker,
    request: Request,
) -> Result<Response<Body>, Problem> {
    asker.metered(&app)?;
    let (parts, body) = request.into_parts();
    let form = Written::wanted(&parts.headers);
    let multipart = is_form(&parts.headers);
    let room = if multipart { MULTIPART_ROOM } else { 0 };
    let held = app
        .gate
        .read(&parts.headers, body, MAX_DOCUMENT_BYTES + room)
        .await?;
    let (bytes, share) = held.into_parts();
    let bytes = if multipart {
        part_of(parts, bytes).await?
    } else {
        bytes
    };
    if bytes.is_empty() {
        return Err(Problem::malformed(
            "没有收到文件。请提交 PDF、OFD、二维码照片或二维码文本。",
            "The body is empty: send a PDF, an OFD, a picture of the QR code, or its text.",
        ));
    }
    if bytes.len() > MAX_DOCUMENT_BYTES {
        return Err(Problem::too_large(MAX_DOCUMENT_BYTES));
    }

    // Reading comes first: it tells which certificate to ask the registry for.
    let examined = app.gate.compute(move || (Examined::of(&bytes), share)).await?;
    let now = app.service.clock().now();
    let registry = match examined.0.identifier() {
        Some(identifier) => {
            let issuers = app.service.workshop().issuers.values();
            let issuers = issuers.map(|issuer| issuer.code.clone()).collect();
            RegistryView::look_up_ours(app.registry(), &issuers, identifier, now).await?
        }
        None => None,
    };
    let judge = Arc::clone(&app);
    let report = app
        .gate
        .compute(move || {
            let (examined, _share) = examined;
            judge
                .trust
                .present()
                .verifier
                .judge(&examined, &Options { now }, registry.as_ref())
        })
        .await?;
    Ok(match form {
        Written::Page => {
            let about = [
                (header::CONTENT_TYPE, "text/html; charset=utf-8"),
                (header::CONTENT_SECURITY_POLICY, page_policy()),
            ];
            (about, report.to_html(None)).into_response()
        }
        Written::Etsi => ([(header::CONTENT_TYPE, "application/xml")], report.to_etsi_xml()).into_response(),
        Written::Json => Answer(report).into_response(),
    })
}

/// What a report is written in.
#[derive(Debug, Clone, Copy)]
enum Written {
    Json,
    Page,
    Etsi,
}

impl Written {
    /// JSON, where nothing else is asked for by name. Browsers name XML behind HTML.
    fn wanted(headers: &HeaderMap) -> Written {
        let accepted = |media_type: &str| {
            let values = headers.get_all(header::ACCEPT).into_iter();
            let values = values.filter_map(|value| value.to_str().ok());
            values.flat_map(|value| value.split(',')).any(|one| {
                let (name, parameters) = one.split_once(';').unwrap_or((one, ""));
                // A weight of zero refuses (RFC 9110 §12.4.2).
                let is_zero = |weight: &str| weight.trim().parse() == Ok(0.0);
                let refuses = parameters
                    .split(';')
                    .filter_map(|one| one.trim().strip_prefix("q="));
                name.trim().eq_ignore_ascii_case(media_type) && !refuses.into_iter().any(is_zero)
            })
        };
        if accepted("application/json") {
            Written::Json
        } else if accepted("text/html") {
            Written::Page
        } else if accepted("application/xml") {
            Written::Etsi
        } else {
            Written::Json
        }
    }
}

/// The page may use its own style and nothing else.
fn page_policy() -> &'static str {
    static POLICY: OnceLock<String> = OnceLock::new();
    POLICY.get_or_init(|| {
        let digest = BASE64_STANDARD.encode(digest::digest(&digest::SHA256, PAGE_STYLE.as_bytes()));
        format!(
            "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'"
        )
    })
}

fn is_form(headers: &HeaderMap) -> bool {
    let given = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    given.is_some_and(|value| {
        value
            .trim_start()
            .to_ascii_lowercase()
            .starts_with("multipart/form-data")
    })
}

/// The one file of a form.
async fn part_of(parts: Parts, bytes: Bytes) -> Result<Bytes, Problem> {
    let malformed = || {
        Problem::malformed(
            "multipart 表单残缺或有误；请以一个名为 file 的部分提交文件。",
            "The multipart form is broken: send the file as one part named file.",
        )
    };
    let mut request = Request::from_parts(parts, Body::from(bytes));
    // The router's limit is for JSON; these bytes were read within their own.
    DefaultBodyLimit::disable().apply(&mut request);
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|_| malformed())?;
    let mut found = None;
    while let Some(field) = form.next_field().await.map_err(|_| malformed())? {
        let is_file = matches!(field.name(), Some("file" | "text"));
        let content = field.bytes().await.map_err(|_| malformed())?;
        if is_file && found.replace(content).is_some() {
            return Err(Problem::malformed(
                "一次只能核验一个文件，请分开提交。",
                "One file at a time, please: the form holds several.",
            ));
        }
    }
    found.ok_or_else(malformed)
}

/// 要查询的证照 Which certificate
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatusBody {
    /// 电子证照标识 Certificate identifier
    #[schema(example = "1.2.156.3005.2.11100000MB0900121R963.11419901MB99A01579.20244199010000001.001.B")]
    identifier: String,
}

impl Form for StatusBody {}

/// 当前状态，不含个人信息 Present state; nothing personal
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatusView {
    /// 电子证照标识 Certificate identifier
    identifier: String,
    /// 是否在登记簿中 Whether the registry knows it
    registered: bool,
    /// 是否由本登记簿管理 Whether this registry is the one that would know it
    responsible: bool,
    /// 状态 State, if registered
    state: Option<view::State>,
    /// 换发后的证照 Identifier of the certificate that replaced it
    successor: Option<String>,
    /// 截至时间 As of
    #[schema(value_type = String, format = DateTime)]
    as_of: Timestamp,
}

/// 查询当前状态 Present state of a certificate
///
/// 只凭电子证照标识查询，不涉及个人信息。Asks by identifier alone.
#[utoipa::path(
    post, path = "/v1/status", tag = "核验 verification",
    request_body = StatusBody,
    responses(
        (status = 200, body = StatusView),
        (status = 429),
    )
)]
pub(crate) async fn status(
    State(app): State<Arc<App>>,
    asker: Asker,
    Json(body): Json<StatusBody>,
) -> Result<Answer<StatusView>, Problem> {
    asker.metered(&app)?;
    let (identifier, _) = CertificateIdentifier::parse(body.identifier.trim()).map_err(|error| {
        Problem::malformed(
            format!("“identifier”（电子证照标识）有误：{error}。"),
            "identifier is not a certificate identifier (GB/T 36904).",
        )
    })?;
    let responsible = app.issuers.contains(identifier.issuer_code());
    let identifier = identifier.to_string();
    let as_of = app.service.clock().now();
    let mut found = app.registry().find(std::slice::from_ref(&identifier)).await?;
    let record = found.pop().flatten();
    Ok(Answer(StatusView {
        identifier,
        registered: record.is_some(),
        responsible,
        state: record.as_ref().map(|record| view::State::of(record, as_of)),
        successor: record.and_then(|record| record.successor),
        as_of,
    }))
}

/// 二维码签名公钥 Public keys that sign QR codes
///
/// JWK（RFC 7517），附机构名称、颁证机构代码和可签发的类型。JWKs with what each may sign.
#[utoipa::path(
    get, path = "/v/keys.json", tag = "核验 verification",
    responses((status = 200, description = "JWK Set", body = PublicKeys))
)]
pub(crate) async fn keys(State(app): State<Arc<App>>) -> Result<Response<Body>, Problem> {
    let reading = task::spawn_blocking(move || app.trust.present()).await;
    let reading = reading.map_err(|error| Problem::internal(&error))?;
    let about = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "public, max-age=60"),
    ];
    Ok((about, reading.keys.clone()).into_response())
}

/// Where a request of the public comes from; none where no connection is known (a test).
pub(crate) struct Asker(Option<IpAddr>);

impl Asker {
    /// Counts one question. Whatever tells the state of a certificate counts, so that nobody can try
    /// identifiers without end.
    pub(crate) fn metered(&self, app: &App) -> Result<(), Problem> {
        match self.0 {
            Some(address) => app.meter.take(address, Instant::now()),
            None => Ok(()),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Asker {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let peer = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map(|info| info.0.ip());
        Ok(Self(peer.map(|peer| behind_proxy(&parts.headers, peer))))
    }
}

/// The client that a proxy in our own network names; a peer from elsewhere speaks for itself.
fn behind_proxy(headers: &HeaderMap, peer: IpAddr) -> IpAddr {
    let ours = match peer.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_private(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    };
    let named = headers.get_all("x-forwarded-for").iter().next_back();
    let last = named.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
    if ours { last.unwrap_or(peer) } else { peer }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_a_proxy_of_our_own_may_name_the_client() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "203.0.113.9, 198.51.100.7".parse().unwrap());
        let at = |peer: &str| behind_proxy(&headers, peer.parse().unwrap()).to_string();
        assert_eq!(at("127.0.0.1"), "198.51.100.7");
        assert_eq!(at("::ffff:10.0.0.1"), "198.51.100.7");
        assert_eq!(at("192.0.2.1"), "192.0.2.1");
        assert_eq!(
            behind_proxy(&HeaderMap::new(), "10.0.0.1".parse().unwrap()).to_string(),
            "10.0.0.1"
        );
    }
}
