//! Why a national seal or seal signature is not read, not believed, not made.

use jiff::Timestamp;

use crate::{
    crypto::{SignerError, VerifyError, x509::X509Error},
    limits::MAX_SES_BYTES,
};

/// Why bytes are no seal, or no seal signature, of the standards (FORMAT_FAILURE, but for `Algorithm`).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SesError {
    /// The signature algorithm is unknown.
    #[error("签名算法不受支持：{0} (unsupported signature algorithm)")]
    Algorithm(#[source] VerifyError),
    /// A certificate cannot be read.
    #[error("{field} 不是 X.509 证书 (no X.509 certificate)")]
    Certificate {
        /// Where it stands.
        field: &'static str,
        /// What is wrong.
        source: X509Error,
    },
    /// A field is not as its structure has it.
    #[error("第 {at} 字节起的 {field} {why} (malformed {field} at byte {at})")]
    Malformed {
        /// Name of the field in the standard.
        field: &'static str,
        /// Where it begins.
        at: usize,
        /// What is wrong, in Chinese.
        why: &'static str,
    },
    /// Longer than any.
    #[error("超过 {MAX_SES_BYTES} 字节 (too large)")]
    TooLarge,
    /// More of something than any has.
    #[error("{field} 超过 {most} 项 (too many)")]
    TooMany {
        /// Of what.
        field: &'static str,
        /// The limit.
        most: usize,
    },
}

impl SesError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Algorithm(_) => "ses-algorithm",
            Self::Certificate { .. } => "ses-certificate",
            Self::Malformed { .. } => "ses-malformed",
            Self::TooLarge => "ses-too-large",
            Self::TooMany { .. } => "ses-too-many",
        }
    }
}

/// Why a signature of a well-formed seal or seal signature is not good. Whether its certificate is trusted is another
/// question.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SesVerifyError {
    /// The certificate has no key that can be read.
    #[error("证书中没有可用的公钥 (no public key)")]
    Certificate(#[from] X509Error),
    /// The seal names another maker.
    #[error("印章由另一制章者制作 (the seal was made by another maker)")]
    OtherMaker,
    /// The value is wrong.
    #[error("签名值无效：{0} (the signature does not verify)")]
    Signature(#[from] VerifyError),
}

/// Why a seal, or a signature with one, is not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SesMakeError {
    /// A field breaks a rule.
    #[error("{field} 不可用：{why} (field out of its rule)")]
    BadField {
        /// Name of the field in the standard.
        field: &'static str,
        /// What is wrong, in Chinese.
        why: &'static str,
    },
    /// The certificate of whoever signs was not valid then.
    #[error("签名时间 {at} 不在证书有效期 {from} 至 {until} 内 (the certificate is not valid then)")]
    CertificateNotValid {
        /// When it would be signed.
        at: Timestamp,
        /// First valid instant.
        from: Timestamp,
        /// Last valid instant.
        until: Timestamp,
    },
    /// The maker may not be one of those who use the seal.
    #[error("制章者证书不能同时是签章者证书 (the seal maker may not be a signer of the seal)")]
    MakerIsSigner,
    /// The seal does not permit the signer certificate (GB/T 38540: a renewed one needs a new seal).
    #[error("签章证书不在印章的签章者列表中，须重新制章 (the seal does not permit the signer certificate)")]
    NotPermitted,
    /// The time is outside that of the seal.
    #[error("签章时间 {at} 不在印章有效期 {from} 至 {until} 内 (the seal is not in force then)")]
    SealNotInForce {
        /// When it would be used.
        at: Timestamp,
        /// First instant in force.
        from: Timestamp,
        /// Last instant in force.
        until: Timestamp,
    },
    /// The key could not sign.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// The key is not an SM2 key.
    #[error("密钥不是 SM2 密钥 (not an SM2 key)")]
    UnsuitableKey,
    /// What was made, or is to be used, our own reader refuses.
    #[error("印章不可用：{0} (the seal cannot be used)")]
    Unreadable(#[from] SesError),
    /// The seal is of a version that is read only.
    #[error("2014 版印章只能核验，不能再用于签章，请按 GB/T 38540 重新制章 (seals of 2014 are read only)")]
    OldVersion,
    /// An X.509 certificate.
    #[error(transparent)]
    X509(#[from] X509Error),
}
