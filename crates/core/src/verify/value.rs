//! Signature values that do not fit, or have nobody's certificate with them.

use super::{checks::Check, code, indication::SubIndication, report::Finding};
use crate::crypto::VerifyError;

/// A value that is wrong speaks against the signature; one that nobody here can compute does not.
pub(super) fn wrong_value(check: &'static Check, error: &VerifyError) -> Finding {
    if error.is_unsupported() {
        return Finding::undecided(
            check,
            code::ALGORITHM_REFUSED,
            SubIndication::CryptoConstraintsFailure,
            "签名算法或密钥不受支持",
            error.to_string(),
        )
        .hint(
            "请用支持该算法的程序核验",
            "verify with a program that knows the algorithm",
        );
    }
    Finding::failed(
        check,
        code::SIGNATURE_INVALID,
        SubIndication::SigCryptoFailure,
        "数字签名与签名证书不符",
        error.to_string(),
    )
}

pub(super) fn no_certificate(check: &'static Check) -> Finding {
    Finding::undecided(
        check,
        code::NO_SIGNER_CERTIFICATE,
        SubIndication::NoSigningCertificateFound,
        "签名中没有附带签名证书",
        "the signer certificate is not in the signature",
    )
    .hint("请取得签发时的原始文件", "ask for the document as issued")
}
