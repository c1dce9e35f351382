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

use jiff::Timestamp;

use super::{
    certificate::Claimed,
    coverage::Left,
    facts::{Content, Facts, SealFile, Signed, Tokens, algorithm},
};
use crate::{
    crypto::{DigestAlgorithm, Used, policy::Mechanism, x509},
    document::ofd::{OfdError, SignatureKind},
    remark::visible_start,
    seal::ses::{Deviation, SesError, SesVerifyError},
    sign::{
        cms::{CmsError, CmsVerifyError},
        ses::SesSignature,
        signed_value::{SignedValue, SignedValueError},
    },
    trust::path::Usage,
    verify::{
        algorithms,
        checks::{self, Check},
        code,
        existence::{Basis, Proof},
        indication::SubIndication,
        national_seal::{self, Used as SealUsed, judge_extensions},
        report::{Finding, ProvenBy, SignedBy, halves, total_of},
        signatures::{ReportedKind, SignatureReport, TimestampReport},
        signer::{self, Presented, Times},
        signing_time::judge_time,
        standing::judge_standing,
        text::clock_time,
        timestamp::{self, judge_timestamps, reported_timestamp},
        value::{no_certificate, wrong_value},
    },
};

/// What came of one signature.
#[derive(Debug)]
pub(in crate::verify) struct Judged {
    pub(in crate::verify) report: SignatureReport,
    pub(in crate::verify) times: Times,
}

/// A signature value and what it is held against.
struct Value<'a> {
    value: &'a SignedValue,
    /// The algorithm of the digests in Signature.xml.
    digests: Option<DigestAlgorithm>,
    /// Signature.xml, of a value that is nothing else.
    data: &'a [u8],
    tokens: &'a Tokens,
    /// Whose seal it has to be.
    owner: Option<&'a str>,
}

/// What a signature value came to.
struct Valued {
    times: Times,
    signed_by: Option<SignedBy>,
    timestamps: Vec<TimestampReport>,
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
                            value,
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

/// Judges a signature value without the document it belongs to.
pub(in crate::verify) fn judge_alone(
    value: &SignedValue,
    basis: &Basis<'_>,
    findings: &mut Vec<Finding>,
) -> Option<SignedBy> {
    let of = Value {
        value,
        digests: None,
        data: &[],
        tokens: &Tokens::of(Some(value)),
        owner: None,
    };
    let valued = of.judge(basis, findings);
    findings.extend(judge_timestamps(&valued.timestamps, 0));
    valued.signed_by
}

impl Valued {
    fn none(basis: &Basis<'_>) -> Self {
        Self {
            times: Times {
                claimed: None,
                proven: basis.proofs.earliest(0).map(|proof| proof.at),
                now: basis.now,
            },
            signed_by: None,
            timestamps: Vec::new(),
        }
    }
}

impl Value<'_> {
    /// 1. The signature value.
    /// 2. By when it existed.
    /// 3. Its algorithms and its signer, at that time.
    /// 4. Its seal.
    /// 5. The time that the signer states.
    fn judge(&self, basis: &Basis<'_>, findings: &mut Vec<Finding>) -> Valued {
        let mut valued = Valued::none(basis);
        valued.times.claimed = self.value.signing_time();

        // 1. The value.
        let (certificate, used) = self.judge_value(basis, findings);

        // 2. Time.
        let mut proofs: Vec<Proof> = basis.proofs.over(0).cloned().collect();
        if let SignedValue::Ses(signature) = self.value {
            for token in &self.tokens.own {
                let over = |token: &crate::sign::timestamp::TimeStampToken| {
                    Some(token.info().imprint.algorithm.digest(signature.signature_value()))
                };
                let judged = timestamp::judge(token, over, 0, basis);
                proofs.extend(judged.proof(ProvenBy::SignatureTimestamp, 0));
                valued.timestamps.push(reported_timestamp(judged));
            }
        }
        let first = proofs.iter().min_by_key(|proof| proof.at);
        valued.times.proven = first.map(|proof| proof.at);
        let by = first.map(|proof| &proof.by);
        let times = valued.times;

        // 3. Algorithms and signer.
        if let Some(used) = used {
            let digests = self.digests.map(Mechanism::Digest);
            let mechanisms = digests.into_iter().chain([Mechanism::Signature(used)]);
            findings.push(algorithms::judge_each(
                mechanisms,
                used,
                None,
                basis.material.policy(),
                &times,
            ));
        }
        if let Some(certificate) = certificate {
            let presented = Presented {
                certificate: &certificate,
                usage: Usage::Document,
                times,
                proven_by: by,
            };
            let anchor = judge_signer(&presented, basis, findings);
            findings.extend(
                anchor
                    .as_ref()
                    .and_then(|anchor| judge_standing(anchor, basis.material, &times)),
            );
            valued.signed_by = Some(SignedBy {
                name: x509::parse(&certificate)
                    .map(|certificate| x509::subject_text(&certificate))
                    .unwrap_or_default(),
                fingerprint: x509::fingerprint(&certificate),
                anchor,
                signed_at: times.claimed,
                proven_at: times.proven,
                proven_by: by.cloned(),
            });
        }

        // 4. The seal.
        if let SignedValue::Ses(signature) = self.value {
            self.judge_seal(signature, &times, basis, findings);
        }
        findings.extend(judge_form(self.value));

        // 5. The time stated.
        findings.push(judge_time(&times, by));
        findings.extend(judge_timestamps(&valued.timestamps, 0));
        valued
    }

    /// The signature value; gives the certificate whose key made it or should have, and with what it verified.
    fn judge_value(&self, basis: &Basis<'_>, findings: &mut Vec<Finding>) -> (Option<Vec<u8>>, Option<Used>) {
        let check = &checks::SIGNATURE;
        let certificate = self.value.signer_certificate().map(<[u8]>::to_vec);
        let checked = match self.value {
            SignedValue::Ses(signature) => signature.check_signature().map_err(|error| match error {
                SesVerifyError::Signature(error) => wrong_value(check, &error),
                error => unusable(&error.to_string()),
            }),
            SignedValue::SignedData(signed) => signed.check_signature().map_err(|error| match error {
                CmsVerifyError::Signature(error) => wrong_value(check, &error),
                CmsVerifyError::SignerCertificateMissing => no_certificate(check),
                error => unusable(&error.to_string()),
            }),
            // Whose it is nobody says: it is tried with the certificates that the verifier brings.
            SignedValue::Bare(bare) => {
                let candidates = basis.material.certificates_at_hand().take(MOST_TRIED);
                let mut fitting = candidates.filter_map(|der| Some((der, bare.check(der, self.data).ok()?)));
                let Some((der, used)) = fitting.next() else {
                    findings.push(
                        Finding::undecided(
                            check,
                            code::NO_SIGNER_CERTIFICATE,
                            SubIndication::NoSigningCertificateFound,
                            "只有 SM2 签名值，没有签名证书（早于 GM/T 0099 的写法），手头也没有相符的证书",
                            "a bare SM2 signature value without a certificate, and none at hand that fits",
                        )
                        .hint(
                            "请向签名人取得签名证书，用 --intermediate 提供",
                            "ask the signer for the certificate, and give it with --intermediate",
                        ),
                    );
                    return (None, None);
                };
                findings.push(judge_digest(true));
                findings.push(Finding::passed(
                    check,
                    format!("与手头的一张证书相符（{used}）；签名自身不含证书"),
                    format!("fits a certificate at hand ({used}); the signature itself holds none"),
                ));
                return (Some(der.to_vec()), Some(used));
            }
        };
        match checked {
            Ok(used) => {
                findings.push(Finding::passed(
                    check,
                    format!("有效（{used}）"),
                    format!("good ({used})"),
                ));
                (certificate, Some(used))
            }
            Err(finding) => {
                findings.push(finding);
                (certificate, None)
            }
        }
    }

    fn judge_seal(
        &self,
        signature: &SesSignature,
        times: &Times,
        basis: &Basis<'_>,
        findings: &mut Vec<Finding>,
    ) {
        let seal = signature.seal();
        findings.push(judge_extensions(
            signature.extensions().iter().chain(seal.extensions()),
        ));
        national_seal::judge(
            seal,
            self.tokens.of_seal.as_ref(),
            &SealUsed {
                at: times.proven.or_else(|| times.believable()),
                owner: self.owner,
            },
            basis,
            findings,
        );
        let property = seal.property();
        let name = visible_start(property.name.as_str(), 80);
        findings.push(if signature.is_permitted() {
            Finding::passed(
                &checks::SEAL_SIGNERS,
                format!("签章者在印章“{name}”的签章者名单内"),
                format!("the seal {name} permits the signer"),
            )
        } else {
            Finding::failed(
                &checks::SEAL_SIGNERS,
                code::SEAL_SIGNER_NOT_PERMITTED,
                SubIndication::SigConstraintsFailure,
                format!("签名证书不在印章“{name}”的签章者名单内"),
                format!("the seal {name} does not permit this signer certificate"),
            )
        });
        findings.push(judge_seal_dates(signature, times));
    }
}

/// Certificates that a bare signature value is tried with: verifiers bring a few.
const MOST_TRIED: usize = 16;

/// The signer's certificate at the best time there is: what is proven, else what the signer states (GM/T 0031-2014 §6.2.3
/// d), else the present.
fn judge_signer(
    presented: &Presented<'_>,
    basis: &Basis<'_>,
    findings: &mut Vec<Finding>,
) -> Option<[u8; 32]> {
    let times = presented.times;
    let stated = times.believable().map(|stated| stated.min(times.now));
    let at = times.proven.or(stated).unwrap_or(times.now);
    let path = |at| basis.path(presented.certificate, presented.usage, at);
    let anchor = match path(at) {
        Ok(path) => Some(signer::accept(&path, presented, findings)),
        Err(error) => signer::reject(error, presented, &path, findings),
    };
    let is_said = findings
        .iter()
        .any(|finding| finding.check == checks::SIGNER_VALIDITY.name);
    if !is_said {
        findings.extend(signer::judge_own_dates(presented));
    }
    anchor
}

/// Signing time inside the seal's dates (GM/T 0031-2014 §6.2.3 f).
fn judge_seal_dates(signature: &SesSignature, times: &Times) -> Finding {
    let check = &checks::SEAL_DATES;
    let seal = signature.seal();
    let property = seal.property();
    let span = format!(
        "{} – {}",
        clock_time(property.valid_start),
        clock_time(property.valid_end)
    );
    // What is proven is the latest; the signer's own word, where nothing refutes it, is when.
    let at: Option<Timestamp> = times.believable().or(times.proven);
    match at {
        None => Finding::undecided(
            check,
            code::SIGNING_TIME_UNKNOWN,
            SubIndication::Generic,
            "不知签章时间，无法判断印章当时是否有效",
            "the time of signing is unknown, so is whether the seal was in force",
        ),
        Some(at) if seal.in_force_at(at) => Finding::passed(
            check,
            format!("签章时印章在有效期内（{span}）"),
            format!("the seal ({span}) was in force at signing"),
        ),
        Some(at) => Finding::failed(
            check,
            code::SEAL_NOT_IN_FORCE,
            SubIndication::SigConstraintsFailure,
            format!("签章时（{}）印章不在有效期内（{span}）", clock_time(at)),
            format!(
                "the seal ({span}) was not in force at signing ({})",
                clock_time(at)
            ),
        ),
    }
}

fn judge_digest(is_over_file: bool) -> Finding {
    let check = &checks::DIGEST;
    if is_over_file {
        return Finding::passed(
            check,
            "签名覆盖的正是本 Signature.xml",
            "over this very Signature.xml",
        );
    }
    Finding::failed(
        check,
        code::DIGEST_MISMATCH,
        SubIndication::HashFailure,
        "Signature.xml 在签章后被改动，或签名值由别处移来",
        "Signature.xml was changed after signing, or the signature value is another's",
    )
}

/// What the structures do otherwise than their standards have it.
pub(in crate::verify) fn judge_form(value: &SignedValue) -> Option<Finding> {
    let mut found: Vec<Deviation> = value.deviations().to_vec();
    if let SignedValue::Ses(signature) = value {
        for deviation in signature.seal().deviations() {
            if !found.contains(deviation) {
                found.push(*deviation);
            }
        }
    }
    Some(form(&found, &form_of(value)))
}

/// Says how a structure deviates.
pub(in crate::verify) fn form(deviations: &[Deviation], of: &str) -> Finding {
    let check = &checks::FORM;
    if deviations.is_empty() {
        return Finding::passed(check, of, of);
    }
    let both: Vec<String> = deviations.iter().map(ToString::to_string).collect();
    let told = |zh: bool| {
        let parts = both.iter().map(|text| match text.rsplit_once(" (") {
            Some((chinese, _)) if zh => chinese,
            Some((_, english)) => english.trim_end_matches(')'),
            None => text,
        });
        parts.collect::<Vec<_>>().join(if zh { "；" } else { "; " })
    };
    Finding::passed(
        check,
        format!("{of}，有常见的不合标准之处：{}", told(true)),
        format!(
            "{of}, otherwise than its standard in ways that are in use: {}",
            told(false)
        ),
    )
    .coded(code::DEPLOYED_VARIANT)
}

/// The form of a signature, by its standard.
fn form_of(value: &SignedValue) -> String {
    match value {
        SignedValue::Ses(signature) => {
            format!("SES_Signature, {}", signature.version().standard())
        }
        SignedValue::SignedData(_) => "SignedData, GB/T 35275-2017".to_owned(),
        SignedValue::Bare(_) => "SM2 r, s".to_owned(),
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

fn unusable(error: &str) -> Finding {
    Finding::failed(
        &checks::SIGNATURE,
        code::SIGNATURE_MALFORMED,
        SubIndication::FormatFailure,
        "签名数据不可用",
        error,
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
