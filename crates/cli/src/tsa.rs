//! Timestamp authorities of others, over HTTP (RFC 3161 §3.4).
//!
//! What comes back is believed in no way: the room that asked checks the signature. So plain HTTP is as good as
//! HTTPS, and the only things to guard against here are answers that do not come, do not end or are none.

use std::{error::Error, io, time::Duration};

use certseal_core::{
    limits::MAX_TIMESTAMP_BYTES,
    sign::timestamp::{QUERY_TYPE, REPLY_TYPE, TimeStampSource},
};
use ureq::{Agent, http::header};

/// Longest time one request may take, from looking up the name to the last byte.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// An authority by its address.
#[derive(Debug)]
pub(crate) struct RemoteAuthority {
    url: String,
    agent: Agent,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
enum NoAnswer {
    #[error("{0} 不是网址，应以 http:// 或 https:// 开头 (no address)")]
    Address(String),
    #[error("{url}：找不到该主机 (no such host)")]
    Host { url: String },
    #[error("{url}：连接失败 (no connection)")]
    Io { url: String, source: io::Error },
    #[error("{url}：通信失败 (no answer)")]
    Connection { url: String, source: ureq::Error },
    #[error("{url}：{} 秒内未答完 (timed out)", TIME_LIMIT.as_secs())]
    Timeout { url: String },
    #[error("{url}：应答超过 {MAX_TIMESTAMP_BYTES} 字节 (too large)")]
    TooLarge { url: String },
    #[error("{url}：要求改用 {to}；确认后请直接使用该地址 (redirected, not followed)")]
    Redirect { url: String, to: String },
    #[error("{url}：HTTP 状态 {status} (not served)")]
    Status { url: String, status: u16 },
    #[error("{url}：答以 {kind}，不是时间戳；可能是登录页或代理 (no timestamp response)")]
    Kind { url: String, kind: String },
}

impl RemoteAuthority {
    pub(crate) fn new(url: &str) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(TIME_LIMIT))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(concat!("certseal/", env!("CARGO_PKG_VERSION")))
            .build();
        Self {
            url: url.to_owned(),
            agent: config.into(),
        }
    }

    fn exchange(&self, query: &[u8]) -> Result<Vec<u8>, NoAnswer> {
        let url = || self.url.clone();
        let failed = |error| match error {
            ureq::Error::Timeout(_) => NoAnswer::Timeout { url: url() },
            ureq::Error::BodyExceedsLimit(_) => NoAnswer::TooLarge { url: url() },
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => NoAnswer::Address(url()),
            ureq::Error::HostNotFound => NoAnswer::Host { url: url() },
            ureq::Error::Io(source) => NoAnswer::Io { url: url(), source },
            source => NoAnswer::Connection { url: url(), source },
        };
        let request = self
            .agent
            .post(&self.url)
            .header(header::CONTENT_TYPE, QUERY_TYPE)
            .header(header::ACCEPT, REPLY_TYPE);
        let mut response = request.send(query).map_err(failed)?;
        let text = |name| {
            let value = response.headers().get(name);
            let value = value.and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        if response.status().is_redirection() {
            return Err(NoAnswer::Redirect {
                url: url(),
                to: text(header::LOCATION),
            });
        }
        if !response.status().is_success() {
            return Err(NoAnswer::Status {
                url: url(),
                status: response.status().as_u16(),
            });
        }
        // Some authorities name another type than they should; a page for people is none of theirs.
        let kind = text(header::CONTENT_TYPE);
        if kind.starts_with("text/") {
            return Err(NoAnswer::Kind { url: url(), kind });
        }
        let body = response
            .body_mut()
            .with_config()
            .limit(MAX_TIMESTAMP_BYTES as u64);
        body.read_to_vec().map_err(failed)
    }
}

impl TimeStampSource for RemoteAuthority {
    fn ask(&self, query: &[u8]) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
        Ok(self.exchange(query)?)
    }
}
