//! Why no timestamp came of a request, and why one proves nothing.

use super::{
    super::cms::{CmsError, CmsVerifyError},
    Failure,
};
use crate::{crypto::AnyOid, limits::MAX_TIMESTAMP_BYTES};

/// Why an answer to a request is no timestamp over what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TimestampError {
    /// The answer is no response of RFC 3161.
    #[error("时间戳服务的应答不是 RFC 3161 格式（{0}）(the answer is no timestamp response)")]
    Malformed(#[source] CmsError),
    /// The authority refused.
    #[error("时间戳服务拒绝了请求：{}（状态 {status}）(rejected by the timestamp authority)", reasons(.failures, .texts))]
    Rejected {
        /// PKIStatus.
        status: u64,
        /// What the authority names as the reason.
        failures: Vec<Failure>,
        /// In its own words.
        texts: Vec<String>,
    },
    /// The nonce is not the one sent: an old answer, or another's.
    #[error("应答中的随机数与请求不符，可能是重放的旧应答 (nonce of another request)")]
    OtherNonce,
    /// Another policy than the one asked for.
    #[error("应答采用的时间戳策略不是所请求的 (another policy than asked for)")]
    OtherPolicy,
    /// What was answered is no good timestamp, or one over something else.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// Larger than any response.
    #[error("时间戳服务的应答超过 {MAX_TIMESTAMP_BYTES} 字节 (the answer is too large)")]
    TooLarge,
    /// No randomness for a nonce.
    #[error("操作系统未能提供随机数 (no randomness)")]
    NoRandomness,
}

impl From<CmsError> for TimestampError {
    fn from(error: CmsError) -> Self {
        match error {
            CmsError::TooLarge => Self::TooLarge,
            other => Self::Malformed(other),
        }
    }
}

fn reasons(failures: &[Failure], texts: &[String]) -> String {
    let mut said: Vec<String> = failures.iter().map(ToString::to_string).collect();
    said.extend(texts.iter().map(|text| format!("“{text}”")));
    if said.is_empty() {
        return "未说明原因".to_owned();
    }
    said.join("；")
}

/// Why a token is not a timestamp over these bytes by the key it names.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Not the structure, or with something in it that must not be ignored.
    #[error("时间戳令牌格式有误（{0}）(malformed timestamp token)")]
    Malformed(#[source] CmsError),
    /// An extension that its maker marked as not to be ignored.
    #[error("时间戳令牌含有无法识别的关键扩展 {0} (critical extension)")]
    Extension(AnyOid),
    /// A version nobody here knows.
    #[error("时间戳令牌版本 {0} 不受支持 (unsupported version)")]
    Version(u64),
    /// Its time is no time.
    #[error("时间戳令牌的时间写法有误 (malformed time)")]
    Time,
    /// It speaks of other bytes.
    #[error("时间戳所盖的不是这份内容 (timestamp over something else)")]
    OtherImprint,
    /// Its signature.
    #[error("时间戳的签名无效（{0}）(signature of the timestamp)")]
    Signature(#[source] CmsVerifyError),
    /// It names another authority than the certificate does.
    #[error("时间戳令牌所称的服务机构与其证书不符 (another authority than its certificate names)")]
    OtherName,
}

impl From<CmsError> for TokenError {
    fn from(error: CmsError) -> Self {
        Self::Malformed(error)
    }
}

impl From<der::Error> for TokenError {
    fn from(error: der::Error) -> Self {
        Self::Malformed(error.into())
    }
}
