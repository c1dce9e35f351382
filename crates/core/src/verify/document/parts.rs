//! The checks of a document, one function each.

use super::{
    BadToken, Facts,
    signatures::{Content, Signed, not_hashed},
};
use crate::{
    clock::is_after,
    crypto::{Used, VerifyError},
    document::pdf::{
        OpenError,
        open::{Coverage, ModificationLevel, PdfSignature},
    },
    sign::cms::{CmsError, CmsVerifyError, Profile, SignedCms},
    verify::{
        checks::{self, Check},
        code,
        indication::SubIndication,
        material::Material,
        report::{Finding, ProvenBy, Subject, halves},
        signer::Times,
        standing::authority_out,
        text::clock_time,
        token,
    },
};

impl Facts {
    pub(super) fn judge_structure(&self) -> Finding {
        let check = &checks::STRUCTURE;
        if self.encrypted {
            return Finding::undecided(
                check,
                code::ENCRYPTED,
                SubIndication::SignedDataNotFound,
                "文件已加密：签名已就密文核验，但看不到签的是什么，也看不到其后改了什么",
                "encrypted: the signatures are verified over the bytes as they are, but what they sign, and what was \
                 changed later, cannot be seen",
            )
            .hint(
                "解密后另存的副本不再带有有效签名：请用密码打开核对内容，或请签名人提供未加密时所签的文件",
                "a decrypted copy bears no valid signature: open it with its password to see the content, or ask for a \
                 document that was signed without encryption",
            );
        }
        if let Some(error) = &self.unreadable_pages {
            let error = error.to_string();
            let (zh, en) = halves(&error);
            return Finding::undecided(
                check,
                code::PAGES_UNREADABLE,
                SubIndication::SignedDataNotFound,
                format!(
                    "文件的页面读不出来（{zh}）：签名只能就字节核验，各阅读器显示的内容可能不同，也可能不显示"
                ),
                format!(
                    "its pages cannot be read ({en}): the signatures hold for the bytes, but viewers may show \
                     different things, or nothing"
                ),
            )
            .hint(
                "多为签名软件写坏了文件，并非篡改：请签名人用其他软件重新签名",
                "mostly a fault of the program that signed, and no forgery: ask the signer to sign anew with another",
            );
        }
        if self.unused > 0 {
            return Finding::passed(
                check,
                format!(
                    "PDF 可读；另有 {} 个内容对象未被任何页面使用，可能是编辑残留，也可能是预先埋入、待日后替换显示的内容",
                    self.unused
                ),
                format!(
                    "a PDF; it holds {} objects of content that nothing shows: leftovers of editing, or content kept \
                     ready to be shown later",
                    self.unused
                ),
            )
            .coded(code::UNUSED_CONTENT);
        }
        if self.repaired {
            return Finding::passed(
                check,
                "PDF 可读，有各阅读器均会容忍的小瑕疵",
                "a PDF, with small faults that all readers mend alike",
            );
        }
        Finding::passed(check, "PDF 完整可读", "a well-formed PDF")
    }

    pub(super) fn judge_token(&self, material: &Material, times: &Times, findings: &mut Vec<Finding>) {
        match &self.token {
            Some(Ok(signed)) => {
                token::judge(signed, material, times.proven, times.now, findings);
            }
            Some(Err(bad)) => findings.push(match bad {
                BadToken::Token(error) => token::unreadable(error),
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
}

/// Digest, signing-certificate attribute and signature value.
///
/// Gives the signature, and with what it verified if it did.
pub(super) fn judge_cms<'s>(
    signed: &'s Signed,
    findings: &mut Vec<Finding>,
) -> Option<(&'s SignedCms, Option<Used>)> {
    // Of a form that nobody here knows, nobody here can say what it signs. To name none is no form (ISO 32000-2
    // table 255).
    if signed.signature.sub_filter.is_some() && profile(&signed.signature).is_none() {
        findings.push(other_profile(&checks::SIGNATURE, &signed.signature));
        return None;
    }
    let read = match &signed.content {
        Content::Cms(cms, _) => Some(cms.as_ref()),
        _ => None,
    };
    let cms = match read {
        Some(Ok(cms)) => cms,
        Some(Err(CmsError::AlgorithmRefused(error))) => {
            findings.push(
                Finding::undecided(
                    &checks::SIGNATURE,
                    code::ALGORITHM_REFUSED,
                    SubIndication::CryptoConstraintsFailure,
                    "签名算法不受支持",
                    error.to_string(),
                )
                .hint(
                    "请用支持该算法的程序核验",
                    "verify with a program that knows the algorithm",
                ),
            );
            return None;
        }
        Some(Err(error @ CmsError::IndefiniteLength(_))) => {
            // CMS may be written so, PAdES may not: another profile, not a damage.
            findings.push(
                Finding::undecided(
                    &checks::SIGNATURE,
                    code::SIGNATURE_NOT_DER,
                    SubIndication::Generic,
                    "签名数据用 BER 编码，不符合 PAdES，本程序不作判定",
                    error.to_string(),
                )
                .hint(
                    "请用支持该格式的程序核验",
                    "verify with a program that knows the format",
                ),
            );
            return None;
        }
        Some(Err(error)) => {
            findings.push(Finding::failed(
                &checks::SIGNATURE,
                code::SIGNATURE_MALFORMED,
                SubIndication::FormatFailure,
                "签名数据损坏",
                format!("the CMS is not of the profile: {error}"),
            ));
            return None;
        }
        None => {
            let why = signed
                .signature
                .cms
                .as_ref()
                .err()
                .map(ToString::to_string)
                .unwrap_or_default();
            let (zh, en) = halves(&why);
            findings.push(Finding::failed(
                &checks::SIGNATURE,
                code::SIGNATURE_MALFORMED,
                SubIndication::FormatFailure,
                zh,
                en,
            ));
            return None;
        }
    };
    findings.extend(signed.is_too_much.then(not_hashed));
    if let Some(digest) = &signed.digest {
        findings.push(match cms.check_digest(digest) {
            Ok(()) => Finding::passed(
                &checks::DIGEST,
                format!("与签名时一致（{}）", cms.digest_algorithm()),
                format!("the signed one ({})", cms.digest_algorithm()),
            ),
            Err(CmsVerifyError::DigestMismatch) => Finding::failed(
                &checks::DIGEST,
                code::DIGEST_MISMATCH,
                SubIndication::HashFailure,
                "文件内容在签章后被改动",
                "the content was changed after signing",
            ),
            Err(CmsVerifyError::Signature(error)) => wrong_value(&checks::DIGEST, &error),
            Err(CmsVerifyError::SignerCertificateMissing) => no_certificate(&checks::DIGEST),
            Err(error @ CmsVerifyError::EncapsulatedContent) => Finding::failed(
                &checks::DIGEST,
                code::SIGNATURE_MALFORMED,
                SubIndication::FormatFailure,
                "签名内另附有并非本文件的内容",
                format!("the CMS is not of the profile: {error}, which is not this document"),
            ),
            Err(error) => Finding::failed(
                &checks::DIGEST,
                code::SIGNATURE_MALFORMED,
                SubIndication::FormatFailure,
                "签名属性不完整",
                error.to_string(),
            ),
        });
    }
    findings.push(match cms.check_signing_certificate() {
        Ok(()) => Finding::passed(
            &checks::SIGNING_CERTIFICATE,
            "签名指明了本签名证书",
            "the signature names its certificate",
        ),
        Err(CmsVerifyError::SigningCertificateMismatch { .. }) => Finding::failed(
            &checks::SIGNING_CERTIFICATE,
            code::SIGNING_CERTIFICATE_MISMATCH,
            SubIndication::SigConstraintsFailure,
            "签名指明的是另一张证书",
            "the signature names another certificate",
        ),
        Err(CmsVerifyError::SignerCertificateMissing) => no_certificate(&checks::SIGNING_CERTIFICATE),
        // ISO 32000-2 12.8.3.3 asks for no such attribute; the signer certificate is then the one that the
        // SignerInfo names, and another one for the same key could stand in its place.
        Err(CmsVerifyError::AttributeMissing(_)) if may_leave_certificate_unnamed(&signed.signature) => {
            Finding::passed(
                &checks::SIGNING_CERTIFICATE,
                "签名未指明签名证书，其格式（adbe.pkcs7）也不要求",
                "the signature names no certificate, nor does its form (adbe.pkcs7) ask for it",
            )
            .coded(code::SIGNING_CERTIFICATE_NOT_BOUND)
        }
        Err(error) => Finding::undecided(
            &checks::SIGNING_CERTIFICATE,
            code::SIGNING_CERTIFICATE_NOT_NAMED,
            SubIndication::Generic,
            "签名没有指明签名证书，不符合 PAdES",
            error.to_string(),
        )
        .hint(
            "请用支持该格式的程序核验",
            "verify with a program that knows the format",
        ),
    });
    // Where nothing but the digest is signed, there is no answer without it.
    let Some(digest) = &signed.digest else {
        return Some((cms, None));
    };
    let verified = cms.check_signature(digest);
    findings.push(match &verified {
        // ISO 32000-2 12.8.3.3.1 wants no content in it. But whoever reads it verifies the same bytes, and a form fails
        // only as far as it cannot be processed (ETSI EN 319 102-1 table 5).
        Ok(used) if cms.encapsulates(digest) => Finding::undecided(
            &checks::SIGNATURE,
            code::SIGNATURE_NOT_DETACHED,
            SubIndication::Generic,
            format!("签名值有效（{used}），但签名内另附了所签内容的副本，其格式不允许"),
            format!(
                "good ({used}), but the signature carries a copy of what it signs, which its form forbids"
            ),
        )
        .hint(
            "请由签名人按分离格式重新签名，或用支持该格式的程序核验",
            "ask the signer for a detached signature, or verify with a program that knows the format",
        ),
        // RFC 5652 §5.4 has their DER signed. Nobody altered the file, but who puts them in order first finds another digest.
        Ok(used) if !cms.is_in_order() => Finding::undecided(
            &checks::SIGNATURE,
            code::SIGNATURE_NOT_DER,
            SubIndication::Generic,
            format!("签名值按原样核验有效（{used}），但签名属性未按 DER 排序（旧版 node-signpdf 等如此写）"),
            format!(
                "good as it stands ({used}), but the signed attributes are not in the order of DER, as older \
                 versions of node-signpdf write them"
            ),
        )
        .hint(
            "请由签名人用新版程序重新签名，或用支持该写法的程序核验",
            "ask the signer to sign anew with a newer program, or verify with one that takes this order",
        ),
        Ok(used) => Finding::passed(
            &checks::SIGNATURE,
            format!("有效（{used}）"),
            format!("good ({used})"),
        ),
        Err(CmsVerifyError::SignerCertificateMissing) => no_certificate(&checks::SIGNATURE),
        Err(CmsVerifyError::Signature(error)) => wrong_value(&checks::SIGNATURE, error),
        Err(error) => Finding::failed(
            &checks::SIGNATURE,
            code::ALGORITHMS_CONTRADICT,
            SubIndication::FormatFailure,
            "签名内写明的算法与所用的算法不符",
            error.to_string(),
        ),
    });
    Some((cms, verified.ok()))
}

pub(super) fn judge_range(main: &PdfSignature) -> Finding {
    let check = &checks::BYTE_RANGE;
    match (&main.byte_range, main.coverage) {
        (Err(defect), _) => {
            let text = defect.to_string();
            let (zh, en) = halves(&text);
            Finding::failed(
                check,
                code::BYTE_RANGE_DEFECT,
                SubIndication::FormatFailure,
                format!("不是签发时的文件：{zh}"),
                format!("not the file as issued: {en}"),
            )
            .hint(
                "经其他软件另存、合并、拆分或压缩的文件都会如此：请取得签发时的 PDF 原件",
                "so is every file that other software saved anew, merged or split: ask for the PDF as issued",
            )
        }
        (Ok(_), Some(Coverage::WholeFile)) => Finding::passed(
            check,
            "从首字节到末字节，仅签名值除外",
            "from the first byte to the last, but for the signature itself",
        ),
        (Ok(_), Some(Coverage::Revision { index, following })) => Finding::passed(
            check,
            format!("覆盖第 {} 版全文，其后另有 {following} 字节", index + 1),
            format!("all of revision {}; {following} bytes follow it", index + 1),
        )
        .coded(code::COVERS_REVISION),
        (Ok(_), _) => Finding::failed(
            check,
            code::NOT_WHOLE_FILE,
            SubIndication::FormatFailure,
            "签名只覆盖文件的一部分",
            "the signature covers a part of the file only",
        ),
    }
}

pub(super) fn judge_certification(main: &PdfSignature) -> Finding {
    let check = &checks::CERTIFICATION;
    if main.certifies && main.modification_level == Some(ModificationLevel::None) {
        return Finding::passed(check, "禁止任何修改", "no change is allowed");
    }
    Finding::undecided(
        check,
        code::NOT_CERTIFIED,
        SubIndication::Generic,
        "签章未声明禁止修改，不符合电子证照的签章格式",
        "the signature does not certify the document against every change",
    )
    .hint(
        "可能不是本系统签发的证照，请向发证机关核实",
        "perhaps not a certificate of this kind: ask the issuing authority",
    )
}

/// A root is trusted for the departments its authority vouches for, not for everybody's, and for as long as
/// the list stands behind the authority.
pub(super) fn judge_issuer(
    anchor: &[u8; 32],
    subject: Option<&Subject>,
    material: &Material,
    times: &Times,
) -> Finding {
    let check = &checks::ISSUER;
    let Some(issuer) = subject.map(|subject| subject.issuer_code.as_str()) else {
        return Finding::undecided(
            check,
            code::ISSUER_UNKNOWN,
            SubIndication::SignedDataNotFound,
            "不知颁发机关",
            "the issuing authority is unknown",
        );
    };
    if material.is_own_anchor(anchor) {
        return Finding::passed(check, "根证书由本地信任", "the root is trusted by ourselves");
    }
    let mut listed = material
        .list()
        .into_iter()
        .flat_map(|list| list.by_anchor(anchor));
    let Some(authority) = listed.find(|authority| authority.vouches_for(issuer)) else {
        return Finding::failed(
            check,
            code::ISSUER_NOT_VOUCHED,
            SubIndication::SigConstraintsFailure,
            format!("签名证书的根不为颁发机关 {issuer} 担保，可能冒用其名义"),
            format!("the signer's root does not vouch for {issuer}: perhaps issued in its name by another"),
        );
    };
    authority_out(check, authority, times).unwrap_or_else(|| {
        Finding::passed(
            check,
            format!("信任列表所载机构“{}”担保 {issuer}", authority.name),
            format!("{} vouches for {issuer}", authority.name),
        )
    })
}

/// Why the list stands behind none of the authorities of a root. Our own roots stand whatever it says.
pub(super) fn judge_standing(anchor: &[u8; 32], material: &Material, times: &Times) -> Option<Finding> {
    if material.is_own_anchor(anchor) {
        return None;
    }
    let listed = material.list()?.by_anchor(anchor);
    let mut judged = listed.map(|authority| authority_out(&checks::AUTHORITY, authority, times));
    let first = judged.next()??;
    judged.all(|other| other.is_some()).then_some(first)
}

/// Whether the time that the signer states can be true. A signature that states none contradicts nothing.
pub(super) fn judge_time(times: &Times, by: Option<&ProvenBy>) -> Finding {
    let check = &checks::SIGNING_TIME;
    let proof = times.proven.map(clock_time).zip(by);
    let Some(claimed) = times.claimed else {
        return match proof {
            Some((proven, by)) => Finding::passed(
                check,
                format!("签名没有写明时间；{}证明不晚于 {proven}", by.name_zh()),
                format!(
                    "the signature states none; {} proves no later than {proven}",
                    by.name_en()
                ),
            ),
            None => Finding::passed(check, "签名没有写明时间", "the signature states none"),
        };
    };
    let when = clock_time(claimed);
    if is_after(claimed, times.now) {
        return Finding::failed(
            check,
            code::SIGNED_IN_THE_FUTURE,
            SubIndication::SigConstraintsFailure,
            format!("签章时间 {when} 在将来"),
            format!("signed in the future ({when})"),
        )
        .hint(
            "请核对本机时钟；时钟无误则请勿采信",
            "check this machine's clock; if it is right, do not rely on the document",
        );
    }
    let Some((proven, by)) = proof else {
        return Finding::passed(
            check,
            format!("{when}（签章者声明）"),
            format!("{when} (by the signer's word)"),
        );
    };
    let is_later = times.proven.is_some_and(|proven| is_after(claimed, proven));
    match by {
        // Our own record: what states a later time was not what was entered then.
        ProvenBy::Registry if is_later => Finding::failed(
            check,
            code::SIGNED_AFTER_REGISTRATION,
            SubIndication::SigConstraintsFailure,
            format!("签章时间 {when} 晚于登记时间 {proven}"),
            format!("signed at {when}, after it was registered at {proven}"),
        ),
        // The proof counts, and the signer's clock was ahead: EN 319 102-1 §5.5.4 step 5 asks no more than that the
        // timestamp did not come too late.
        _ if is_later => Finding::passed(
            check,
            format!(
                "签名者所称时间 {when} 有误：{}证明签名不晚于 {proven}，以后者为准",
                by.name_zh()
            ),
            format!(
                "the signer's word {when} is wrong: {} proves no later than {proven}, and counts",
                by.name_en()
            ),
        )
        .coded(code::SIGNED_AFTER_TIMESTAMP),
        _ => Finding::passed(
            check,
            format!("{when}，{}证明不晚于 {proven}", by.name_zh()),
            format!("{when}; {} proves no later than {proven}", by.name_en()),
        ),
    }
}

pub(in crate::verify) fn unreadable(error: &OpenError) -> Finding {
    let text = error.to_string();
    let (zh, en) = halves(&text);
    let check = &checks::STRUCTURE;
    match error {
        OpenError::Encrypted => {
            Finding::undecided(check, code::ENCRYPTED, SubIndication::SignedDataNotFound, zh, en)
                .hint("请提供未加密的原始文件", "supply the file without encryption")
        }
        OpenError::Limit { .. } | OpenError::Unsupported { .. } => {
            Finding::undecided(check, code::BEYOND_THIS_PROGRAM, SubIndication::Generic, zh, en)
                .hint("请确认是否为证照文件", "make sure that it is a certificate")
        }
        OpenError::TooLarge { .. } => {
            Finding::undecided(check, code::FILE_TOO_LARGE, SubIndication::Generic, zh, en).hint(
                "电子证照通常不到 1 MiB，请确认选对了文件",
                "a certificate is usually under 1 MiB: make sure that it is the right file",
            )
        }
        OpenError::NotPdf => Finding::failed(check, code::NOT_A_PDF, SubIndication::FormatFailure, zh, en)
            .hint("请确认选对了文件", "make sure that it is the right file"),
        _ => Finding::failed(check, code::FILE_DAMAGED, SubIndication::FormatFailure, zh, en).hint(
            "文件损坏、不完整或被改动，请重新取得原始文件",
            "the file is damaged, cut off or changed: obtain it again",
        ),
    }
}

fn may_leave_certificate_unnamed(signature: &PdfSignature) -> bool {
    matches!(profile(signature), Some(Profile::Pkcs7 | Profile::Pkcs7Sha1))
}

/// The form that the signature's dictionary promises.
pub(super) fn profile(signature: &PdfSignature) -> Option<Profile> {
    Profile::of_sub_filter(signature.sub_filter.as_deref()?)
}

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

fn other_profile(check: &'static Check, signature: &PdfSignature) -> Finding {
    let profile = signature.sub_filter.as_deref().unwrap_or("–");
    Finding::undecided(
        check,
        code::OTHER_SIGNATURE_PROFILE,
        SubIndication::Generic,
        format!("签名格式是 {profile}，本程序不作判定"),
        format!("the signature's format is {profile}: not judged here"),
    )
    .hint(
        "请用支持该格式的程序核验",
        "verify with a program that knows the format",
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
