//! The checks of a document, one function each.

use super::{
    Facts,
    signatures::{Content, Signed, not_hashed},
};
use crate::{
    crypto::Used,
    document::pdf::{
        OpenError,
        open::{Coverage, ModificationLevel, PdfSignature},
    },
    sign::cms::{CmsError, CmsVerifyError, Profile, SignedCms},
    verify::{
        checks::{self, Check},
        code,
        indication::SubIndication,
        report::{Finding, halves},
        value::{no_certificate, wrong_value},
        whole::names,
    },
};

impl Facts {
    /// Signatures that an earlier revision bears and this file does not.
    pub(super) fn judge_lost(&self) -> Option<Finding> {
        let check = &checks::OTHER_SIGNATURES;
        match &self.lost {
            Ok(lost) => {
                let lost = lost.first()?;
                let (name, revision) = (names(&lost.fields), lost.revision + 1);
                Some(
                    Finding::undecided(
                        check,
                        code::SIGNATURE_REMOVED,
                        SubIndication::SigConstraintsFailure,
                        format!("第 {revision} 版中的签名 {name} 后来被删除"),
                        format!("the signature {name} of revision {revision} was removed later"),
                    )
                    .hint(
                        "请向发证机关核实为何删除",
                        "ask the issuing authority why it was removed",
                    ),
                )
            }
            Err(error) => {
                let text = error.to_string();
                let (zh, en) = halves(&text);
                Some(Finding::undecided(
                    check,
                    code::CHANGES_NOT_COMPARED,
                    SubIndication::Generic,
                    zh,
                    en,
                ))
            }
        }
    }

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
