//! The face token: from a QR code's text to what its signer said.
//!
//! The certificates that sign tokens are few and stand in the trust list (or in our own material)
//! themselves, as in the health certificates of the EU: standing there is the trust, being withdrawn there
//! is the revocation. So no path is built for them.

use jiff::Timestamp;

use super::{
    checks, code,
    indication::SubIndication,
    material::Material,
    report::{Finding, SignedBy},
    signer::Times,
    standing::authority_out,
    text::clock_time,
};
use crate::{
    clock::is_after,
    crypto::x509,
    qr::{
        text::{self as qr_text, Scanned, TextError},
        token::{FaceToken, SignedToken, TokenError, kid_of},
    },
    registry::CertificateRecord,
    trust::list::Freshness,
};

/// Why the QR symbol on the page gives no token.
#[derive(Debug)]
pub(super) enum BadToken {
    Symbol,
    Text(TextError),
    Other,
    Token(TokenError),
}

/// Reads the text of the symbol on a page.
pub(super) fn read_symbol(text: Option<String>) -> Result<SignedToken, BadToken> {
    let text = text.ok_or(BadToken::Symbol)?;
    match qr_text::parse(&text).map_err(BadToken::Text)? {
        Scanned::Token { bytes, .. } => SignedToken::parse(&bytes).map_err(BadToken::Token),
        Scanned::Identifier(_) => Err(BadToken::Other),
    }
}

/// Judges what the QR symbol on a page gave; none where there is no symbol.
pub(super) fn judge_symbol(
    token: Option<&Result<SignedToken, BadToken>>,
    material: &Material,
    (proven, now): (Option<Timestamp>, Timestamp),
    findings: &mut Vec<Finding>,
) {
    match token {
        Some(Ok(signed)) => {
            judge(signed, material, proven, now, findings);
        }
        Some(Err(bad)) => findings.push(match bad {
            BadToken::Token(error) => unreadable(error),
            BadToken::Symbol => Finding::failed(
                &checks::TOKEN,
                code::QR_UNREADABLE,
                SubIndication::SigConstraintsFailure,
                "照面上的二维码无法识读",
                "the QR symbol on the page cannot be decoded",
            ),
            BadToken::Other => Finding::failed(
                &checks::TOKEN,
                code::NOT_A_CERTIFICATE_CODE,
                SubIndication::SigConstraintsFailure,
                "照面上的二维码不是签名的证照二维码",
                "the QR symbol on the page holds no signed token",
            ),
            BadToken::Text(error) => Finding::failed(
                &checks::TOKEN,
                code::NOT_A_CERTIFICATE_CODE,
                SubIndication::SigConstraintsFailure,
                "照面上的二维码不是证照二维码",
                format!("the QR symbol on the page is not a certificate's: {error}"),
            ),
        }),
        None => findings.push(
            Finding::undecided(
                &checks::TOKEN,
                code::NO_QR_CODE,
                SubIndication::SignedDataNotFound,
                "照面上没有可读的二维码",
                "there is no readable QR code on the page",
            )
            .hint(
                "可能不是本系统签发的证照，请向发证机关核实",
                "perhaps not a certificate of this kind: ask the issuing authority",
            ),
        ),
    }
}

/// What to say of a token that cannot be read.
pub(super) fn unreadable(error: &TokenError) -> Finding {
    Finding::failed(
        &checks::TOKEN,
        code::TOKEN_UNREADABLE,
        SubIndication::FormatFailure,
        "二维码内容损坏或被改动",
        format!("the QR code's content is damaged or was changed: {error}"),
    )
}

/// Judges a token; gives who signed it, if the signature is good. `proven` is by when it is known to have
/// existed, where it or a document around it is on record.
pub(super) fn judge(
    signed: &SignedToken,
    material: &Material,
    proven: Option<Timestamp>,
    now: Timestamp,
    findings: &mut Vec<Finding>,
) -> Option<SignedBy> {
    // 1. It is a token, else there would be no `SignedToken`.
    findings.push(Finding::passed(&checks::TOKEN, "可读", "readable"));
    let token = signed.unverified();

    // 2. Whose signature is it? Key ids are short: every certificate that has it is tried.
    let own = material
        .token_signers()
        .iter()
        .map(|der| (None, der.as_slice()))
        .filter(|(_, der)| kid_of(der) == signed.kid());
    let listed = material
        .list()
        .into_iter()
        .flat_map(|list| list.token_signers(signed.kid()))
        .map(|(authority, der)| (Some(authority), der));
    let mut tried = false;
    let mut good = None;
    for (authority, der) in own.chain(listed) {
        match signed.verify(der) {
            Ok(_) => {
                good = Some((authority, der));
                break;
            }
            Err(TokenError::BadSignature) => tried = true,
            // A certificate whose key cannot sign tokens is no candidate.
            Err(_) => {}
        }
    }
    let Some((authority, der)) = good else {
        findings.push(if tried {
            Finding::failed(
                &checks::TOKEN_SIGNATURE,
                code::TOKEN_SIGNATURE_INVALID,
                SubIndication::SigCryptoFailure,
                "二维码签名无效，内容被改动或系伪造",
                "the QR code's signature does not verify: changed or forged",
            )
        } else {
            Finding::undecided(
                &checks::TOKEN_SIGNATURE,
                code::TOKEN_SIGNER_UNKNOWN,
                SubIndication::NoSigningCertificateFound,
                format!("没有编号为 {} 的二维码签名证书", hex::encode(signed.kid())),
                format!(
                    "no token signer with key id {} is known",
                    hex::encode(signed.kid())
                ),
            )
            .hint(
                "请更新信任列表后重试",
                "fetch the current trust list and try again",
            )
        });
        return None;
    };
    findings.push(Finding::passed(
        &checks::TOKEN_SIGNATURE,
        "签名有效",
        "the signature verifies",
    ));

    // 3. Was the signer's certificate good then, and is its listing still to be relied on?
    let parsed = x509::parse(der).ok();
    let name = parsed.as_deref().map(x509::subject_text).unwrap_or_default();
    let fresh = material
        .list()
        .filter(|_| authority.is_some())
        .is_none_or(|list| list.freshness(now) == Freshness::Fresh);
    let within = parsed.as_deref().map(x509::validity);
    // A withdrawn signer's tokens say themselves how old they are, and so would a thief's.
    let withdrawn = authority
        .and_then(|authority| authority.withdrawn_since(der))
        .filter(|since| proven.is_none_or(|proven| proven >= *since));
    let made = clock_time(token.made_at);
    let times = Times {
        claimed: Some(token.made_at),
        proven,
        now,
    };
    findings.push(match within {
        Some((from, _)) if token.made_at < from => Finding::failed(
            &checks::TOKEN_SIGNER,
            code::TOKEN_BEFORE_SIGNER,
            SubIndication::NotYetValid,
            format!("二维码制作时间（{made}）早于其签名证书生效时间"),
            format!("made ({made}) before its signer certificate began"),
        ),
        Some((_, until)) if token.made_at > until => Finding::failed(
            &checks::TOKEN_SIGNER,
            code::TOKEN_AFTER_SIGNER,
            SubIndication::Expired,
            format!("二维码制作时间（{made}）晚于其签名证书失效时间"),
            format!("made ({made}) after its signer certificate expired"),
        ),
        Some(_) if let Some(since) = withdrawn => revoked(since, token.made_at),
        Some(_) if is_after(token.made_at, now) => Finding::failed(
            &checks::TOKEN_SIGNER,
            code::TOKEN_FROM_THE_FUTURE,
            SubIndication::SigConstraintsFailure,
            format!("二维码制作时间（{made}）在将来"),
            format!("made in the future ({made})"),
        ),
        None => Finding::undecided(
            &checks::TOKEN_SIGNER,
            code::TOKEN_SIGNER_UNREADABLE,
            SubIndication::NoSigningCertificateFound,
            "二维码签名证书不可读",
            "the token signer's certificate is unreadable",
        ),
        Some(_) if authority.is_some_and(|authority| !authority.vouches_for(&token.issuer_code)) => {
            Finding::failed(
                &checks::TOKEN_SIGNER,
                code::ISSUER_NOT_VOUCHED,
                SubIndication::SigConstraintsFailure,
                format!("二维码的签名者不为颁发机关 {} 担保", token.issuer_code),
                format!(
                    "the token signer's authority does not vouch for {}",
                    token.issuer_code
                ),
            )
        }
        Some(_) if !fresh => Finding::undecided(
            &checks::TOKEN_SIGNER,
            code::LIST_STALE,
            SubIndication::TryLater,
            "信任列表不在有效期内，不知该签名证书是否仍获信任",
            "the trust list is not current: the token signer may have left it",
        )
        .hint(
            "请更新信任列表后重试",
            "fetch the current trust list and try again",
        ),
        Some(_) => match authority {
            Some(authority) => authority_out(&checks::TOKEN_SIGNER, authority, &times).unwrap_or_else(|| {
                Finding::passed(
                    &checks::TOKEN_SIGNER,
                    format!("由信任列表所载机构“{}”担保", authority.name),
                    format!("vouched for by {}", authority.name),
                )
            }),
            None => Finding::passed(
                &checks::TOKEN_SIGNER,
                "在本地信任材料中",
                "in our own trust material",
            ),
        },
    });
    let anchor = authority
        .and_then(|authority| authority.anchors.first())
        .map(|anchor| x509::fingerprint(&anchor.0));
    Some(SignedBy {
        name,
        fingerprint: x509::fingerprint(der),
        anchor,
        signed_at: Some(token.made_at),
        proven_at: None,
        proven_by: None,
    })
}

fn revoked(since: Timestamp, made_at: Timestamp) -> Finding {
    let when = clock_time(since);
    if made_at >= since {
        return Finding::failed(
            &checks::TOKEN_SIGNER,
            code::TOKEN_SIGNER_REVOKED,
            SubIndication::Revoked,
            format!("二维码签名证书已于 {when} 吊销，二维码在此之后制作"),
            format!("the token signer was revoked at {when}, before the token was made"),
        );
    }
    Finding::undecided(
        &checks::TOKEN_SIGNER,
        code::TOKEN_SIGNER_REVOKED_SINCE,
        SubIndication::RevokedNoPoe,
        format!("二维码签名证书已于 {when} 吊销，无法证明二维码在此之前制作"),
        format!("the token signer was revoked at {when}; nothing proves that the token is older"),
    )
    .hint(
        "未经登记库证明签发时间，请勿采信",
        "do not rely on it unless the registry proves the time",
    )
}

/// Whether the token speaks of the face that is on record.
pub(super) fn judge_record(token: &FaceToken, record: &CertificateRecord) -> Finding {
    if token.face_digest == record.face_digest {
        return Finding::passed(
            &checks::REGISTERED_DOCUMENT,
            "照面数据与登记一致",
            "the face data are those on record",
        );
    }
    Finding::failed(
        &checks::REGISTERED_DOCUMENT,
        code::NOT_THE_FACE_OF_RECORD,
        SubIndication::SigConstraintsFailure,
        "照面数据与登记不同",
        "not the face data that the registry has under this identifier",
    )
    .hint(
        "请以登记库中的文件为准",
        "take the document from the registry instead",
    )
}
