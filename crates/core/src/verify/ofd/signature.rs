//! One signature of an OFD, by the steps of GM/T 0031-2014 §6.2.3 (GB/T 38540-2020 has the same).
//!
//! | step | checks |
//! |---|---|
//! | a) form of the signature and of its seal | `signature-file`, `form` |
//! | b) signature value | `signature`, `algorithms` |
//! | c) the signer's certificate | `signer-path`, `signer-usage`, `signer-validity`, `revocation`, `authority` |
//! | d) time | `signing-time`, `timestamps`, `signer-validity` |
//! | e) the data | `references`, `coverage`, `digest`, `property-info` |
//! | f) the seal | `seal-file`, `seal-signature`, `seal-maker`, `seal-timestamp`, `seal-signers`, `seal-dates` |
//!
//! Signatures without a seal (GB/T 35275) have no step f.

use super::{
    certificate::Claimed,
    coverage::Left,
    facts::{Content, Facts, SealFile, Signed, algorithm},
    value::{Value, Valued, form_of, judge_digest},
};
use crate::{
    document::ofd::{OfdError, SignatureKind},
    remark::visible_start,
    seal::ses::SesError,
    sign::{
        cms::CmsError,
        signed_value::{SignedValue, SignedValueError},
    },
    verify::{
        checks::{self, Check},
        code,
        existence::Basis,
        indication::SubIndication,
        report::{Finding, halves, total_of},
        signatures::{ReportedKind, SignatureReport},
        signer::Times,
    },
};

/// What came of one signature.
#[derive(Debug)]
pub(in crate::verify) struct Judged {
    pub(in crate::verify) report: SignatureReport,
    pub(in crate::verify) times: Times,
    /// Number of its seal.
    pub(in crate::verify) seal: Option<String>,
}

impl Facts {
    /// Judges every signature, in their order.
    pub(super) fn judge_signatures(&self, basis: &Basis<'_>) -> Vec<Judged> {
        let count = self.signatures.len();
        let all = self.signatures.iter().enumerate();
        all.map(|(index, signed)| signed.judge((index, count), self.claimed.as_ref(), &self.together, basis))
            .collect()
    }
}

impl Signed {
    fn judge(
        &self,
        (index, count): (usize, usize),
        claimed: Option<&Claimed>,
        together: &Left,
        basis: &Basis<'_>,
    ) -> Judged {
        let mut findings = Vec::new();
        let mut valued = Valued::none(basis);
        let mut format = None;
        let mut covers = None;
        let mut required: &[&Check] = &checks::OF_OFD_SIGNATURE;
        match &self.file {
            Err(error) => findings.push(unreadable(error)),
            Ok(content) => {
                findings.push(Finding::passed(
                    &checks::SIGNATURE_FILE,
                    visible_start(content.path.as_str(), 120),
                    visible_start(content.path.as_str(), 120),
                ));
                findings.extend(self.judge_lost());
                findings.push(content.references.judge(content.method_stated.as_deref()));
                findings.push(content.left.judge(together));
                covers = (together.is_whole()).then_some(index + 1);
                match &content.value {
                    Err(error) => findings.push(bad_value(error)),
                    Ok(value) => {
                        format = Some(form_of(value));
                        if matches!(value, SignedValue::Ses(_)) {
                            required = &checks::OF_OFD_SEALING;
                        }
                        findings.extend(self.judge_kind(content));
                        findings.extend(content.is_over_file.map(judge_digest));
                        findings.extend(content.judge_property());
                        let of = Value {
                            of: value,
                            digests: content.method.and_then(algorithm),
                            data: &content.data,
                            tokens: &content.tokens,
                            // Other authorities seal a certificate with seals of their own.
                            owner: claimed.filter(|_| index == 0).and_then(Claimed::issuer_code),
                        };
                        findings.extend(content.judge_seal_file());
                        valued = of.judge(basis, &mut findings);
                    }
                }
            }
        }
        findings.extend(basis.lacking(&findings));
        basis.remark_unread(&mut findings);
        let (indication, sub_indication, reason) = total_of(required, &findings);
        let report = SignatureReport {
            fields: vec![self.name.clone()],
            kind: ReportedKind::Signature,
            format,
            main: index == 0 && (claimed.is_some() || count == 1),
            revision: covers,
            revisions: count,
            indication,
            sub_indication,
            reason,
            signed_by: valued.signed_by,
            findings,
            timestamps: valued.timestamps,
            level: None,
            level_note: String::new(),
            level_note_en: String::new(),
            changes: Vec::new(),
        };
        Judged {
            report,
            times: valued.times,
            seal: self.seal_id().map(str::to_owned),
        }
    }

    /// esID of its seal.
    fn seal_id(&self) -> Option<&str> {
        match &self.file.as_ref().ok()?.value {
            Ok(SignedValue::Ses(signature)) => Some(signature.seal().es_id()),
            _ => None,
        }
    }

    /// Signatures that it builds on (GM/T 0099) have to be there.
    fn judge_lost(&self) -> Option<Finding> {
        let lost = visible_start(self.lost.first()?.as_str(), 60);
        Some(
            Finding::undecided(
                &checks::OTHER_SIGNATURES,
                code::SIGNATURE_REMOVED,
                SubIndication::SigConstraintsFailure,
                format!("其所依据的签章 {lost} 已不在文件中"),
                format!("the signature {lost} that it builds on is gone"),
            )
            .hint(
                "请向发证机关核实为何删除",
                "ask the issuing authority why it was removed",
            ),
        )
    }

    /// Whoever sees a seal believes that it is part of what is signed.
    fn judge_kind(&self, content: &Content) -> Option<Finding> {
        let has_seal = matches!(content.value, Ok(SignedValue::Ses(_)));
        let shows_one = content.stamps > 0 || content.seal_file == SealFile::NotSigned;
        if has_seal || !shows_one {
            return None;
        }
        let kind = match &self.kind {
            SignatureKind::Seal => "Seal",
            SignatureKind::Sign => "Sign",
            SignatureKind::Other(other) => other,
        };
        let kind = visible_start(kind, 40);
        Some(
            Finding::undecided(
                &checks::SEAL_FILE,
                code::SEAL_NOT_SIGNED,
                SubIndication::SigConstraintsFailure,
                format!("页面显示印章，而签名（类型 {kind}）中没有印章：印模可任意替换"),
                format!("a seal is shown, and none is in what is signed (type {kind}): its picture may be anybody's"),
            )
            .hint(
                "不要以印模为凭，请向出具方核实",
                "do not go by the picture; ask whoever issued it",
            ),
        )
    }
}

impl Content {
    /// propertyInfo names what is protected: this very Signature.xml.
    fn judge_property(&self) -> Option<Finding> {
        let Ok(SignedValue::Ses(signature)) = &self.value else {
            return None;
        };
        let check = &checks::PROPERTY_INFO;
        let stated = visible_start(signature.property_info(), 120);
        let parts = signature.property_info().trim().split(['/', '\\']);
        let parts: Vec<&str> = parts.filter(|part| !part.is_empty() && *part != ".").collect();
        let named = parts.join("/");
        if signature.property_info() == format!("/{}", self.path) {
            return Some(Finding::passed(check, stated.clone(), stated));
        }
        let is_near = |path: &str| {
            let (path, named) = (path.to_lowercase(), named.to_lowercase());
            path == named || !named.is_empty() && path.ends_with(&format!("/{named}"))
        };
        Some(if is_near(&self.path) {
            Finding::passed(
                check,
                format!("“{stated}”指的是本签章，但不是标准的绝对路径"),
                format!("\"{stated}\" means this signature, though not by its absolute path"),
            )
            .coded(code::DEPLOYED_VARIANT)
        } else {
            Finding::undecided(
                check,
                code::PROPERTY_INFO_OTHER,
                SubIndication::SigConstraintsFailure,
                format!("签章写明保护的是“{stated}”，而不是 /{}", self.path),
                format!(
                    "the signature says that it protects \"{stated}\", not /{}",
                    self.path
                ),
            )
            .hint(
                "签章可能由别处移来，或文件被重新打包：请取得签发时的原件",
                "moved here from elsewhere, or the file was packed anew: ask for it as issued",
            )
        })
    }

    /// The seal that readers draw is the one that is signed.
    fn judge_seal_file(&self) -> Option<Finding> {
        if !matches!(self.value, Ok(SignedValue::Ses(_))) {
            return None;
        }
        let check = &checks::SEAL_FILE;
        Some(match self.seal_file {
            SealFile::Absent => Finding::not_applicable(
                check,
                "没有单独的印章文件，以签章内的印章为准",
                "no seal beside the one in the signature",
            ),
            SealFile::Same => Finding::passed(
                check,
                "与签章内的印章逐字节一致",
                "byte for byte the seal that is signed",
            ),
            SealFile::Missing => Finding::undecided(
                check,
                code::SIGNED_MEMBER_MISSING,
                SubIndication::SignedDataNotFound,
                "签章所列的印章文件或印模图像不在文件中",
                "the seal, or the picture of it, that the signature names is not there",
            )
            .hint("请取得签发时的原件", "ask for the file as issued"),
            SealFile::Differs => Finding::failed(
                check,
                code::SEAL_FILE_DIFFERS,
                SubIndication::SigConstraintsFailure,
                "印章文件与签章内的印章不同，印章被调换",
                "the seal beside the signature is not the one that is signed: it was exchanged",
            ),
            SealFile::OtherPicture => Finding::failed(
                check,
                code::SEAL_FILE_DIFFERS,
                SubIndication::SigConstraintsFailure,
                "印模图像与签章内印章的图像不同，印模被调换",
                "the picture beside the seal is not the seal's: it was exchanged",
            ),
            // Said already.
            SealFile::NotSigned => return None,
        })
    }
}

fn unreadable(error: &OfdError) -> Finding {
    let text = error.to_string();
    let (zh, en) = halves(&text);
    Finding::failed(
        &checks::SIGNATURE_FILE,
        code::SIGNATURE_MALFORMED,
        SubIndication::FormatFailure,
        zh,
        en,
    )
}

fn bad_value(error: &SignedValueError) -> Finding {
    let check = &checks::SIGNATURE;
    let text = error.to_string();
    match error {
        SignedValueError::Ses(SesError::Algorithm(_))
        | SignedValueError::SignedData(CmsError::AlgorithmRefused(_)) => Finding::undecided(
            check,
            code::ALGORITHM_REFUSED,
            SubIndication::CryptoConstraintsFailure,
            "签名算法不受支持",
            text,
        )
        .hint(
            "请用支持该算法的程序核验",
            "verify with a program that knows the algorithm",
        ),
        _ => Finding::failed(
            check,
            code::SIGNATURE_MALFORMED,
            SubIndication::FormatFailure,
            format!("签名值损坏：{text}"),
            text,
        ),
    }
}
