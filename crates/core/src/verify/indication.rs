//! The words of ETSI EN 319 102-1 for what a verification comes to.

use serde::Serialize;

/// Main indication (ETSI EN 319 102-1 §5.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Indication {
    /// Every required check passed.
    #[serde(rename = "TOTAL-PASSED")]
    TotalPassed,
    /// A check failed that no later data can mend.
    #[serde(rename = "TOTAL-FAILED")]
    TotalFailed,
    /// Not enough data to decide.
    #[serde(rename = "INDETERMINATE")]
    Indeterminate,
}

impl Indication {
    /// Of a signature, in a word for people, Chinese and English.
    pub(super) fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::TotalPassed => ("有效", "valid"),
            Self::TotalFailed => ("不成立", "not good"),
            Self::Indeterminate => ("无法判定", "undetermined"),
        }
    }

    /// The word of the standard.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TotalPassed => "TOTAL-PASSED",
            Self::TotalFailed => "TOTAL-FAILED",
            Self::Indeterminate => "INDETERMINATE",
        }
    }
}

/// Sub-indication (ETSI EN 319 102-1 §5.1.3), in order of how much each tells.
///
/// The standard lets only the first six stand under TOTAL-FAILED (table 5). Here [`Self::SigConstraintsFailure`] does so too
/// where the evidence inside one document contradicts itself: no later data can mend that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum SubIndication {
    /// Not a file, or not a signature, of the required form.
    FormatFailure,
    /// The signed bytes are not the ones here.
    HashFailure,
    /// The signature value does not fit the signer's key.
    SigCryptoFailure,
    /// Signed after the signer certificate was revoked.
    Revoked,
    /// Signed after the signer certificate expired.
    Expired,
    /// Signed before the signer certificate began.
    NotYetValid,
    /// What was signed contradicts the rules of a sealed certificate.
    SigConstraintsFailure,
    /// The signer certificate is not for this use.
    ChainConstraintsFailure,
    /// The path is broken in a way that is no lack of data.
    CertificateChainGeneralFailure,
    /// An algorithm or key size that is not accepted.
    CryptoConstraintsFailure,
    /// The same, but accepted at the time claimed, which nothing proves.
    CryptoConstraintsFailureNoPoe,
    /// The signer certificate is not in the signature.
    NoSigningCertificateFound,
    /// No path to a trust anchor.
    NoCertificateChainFound,
    /// The signer certificate is revoked now; nothing proves that it was not at signing.
    RevokedNoPoe,
    /// The same of a CA certificate.
    RevokedCaNoPoe,
    /// Outside the signer certificate's validity now; nothing proves that it was not at signing.
    OutOfBoundsNoPoe,
    /// Outside the signer certificate's validity, which is known not to be revoked; nothing proves that the
    /// signature was made within.
    OutOfBoundsNotRevoked,
    /// Nothing proves that what the verdict rests on existed before its maker could be somebody else.
    NoPoe,
    /// Timestamps contradict each other or the signature they are about.
    TimestampOrderFailure,
    /// There is no revocation data, or none new enough.
    TryLater,
    /// Signed data are missing.
    SignedDataNotFound,
    /// Any other lack of data.
    Generic,
}

impl SubIndication {
    /// The word of the standard.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FormatFailure => "FORMAT_FAILURE",
            Self::HashFailure => "HASH_FAILURE",
            Self::SigCryptoFailure => "SIG_CRYPTO_FAILURE",
            Self::Revoked => "REVOKED",
            Self::Expired => "EXPIRED",
            Self::NotYetValid => "NOT_YET_VALID",
            Self::SigConstraintsFailure => "SIG_CONSTRAINTS_FAILURE",
            Self::ChainConstraintsFailure => "CHAIN_CONSTRAINTS_FAILURE",
            Self::CertificateChainGeneralFailure => "CERTIFICATE_CHAIN_GENERAL_FAILURE",
            Self::CryptoConstraintsFailure => "CRYPTO_CONSTRAINTS_FAILURE",
            Self::CryptoConstraintsFailureNoPoe => "CRYPTO_CONSTRAINTS_FAILURE_NO_POE",
            Self::NoSigningCertificateFound => "NO_SIGNING_CERTIFICATE_FOUND",
            Self::NoCertificateChainFound => "NO_CERTIFICATE_CHAIN_FOUND",
            Self::RevokedNoPoe => "REVOKED_NO_POE",
            Self::RevokedCaNoPoe => "REVOKED_CA_NO_POE",
            Self::OutOfBoundsNoPoe => "OUT_OF_BOUNDS_NO_POE",
            Self::OutOfBoundsNotRevoked => "OUT_OF_BOUNDS_NOT_REVOKED",
            Self::NoPoe => "NO_POE",
            Self::TimestampOrderFailure => "TIMESTAMP_ORDER_FAILURE",
            Self::TryLater => "TRY_LATER",
            Self::SignedDataNotFound => "SIGNED_DATA_NOT_FOUND",
            Self::Generic => "GENERIC",
        }
    }
}
