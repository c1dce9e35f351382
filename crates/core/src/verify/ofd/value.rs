//! A signature value: whose key made it, over what, when, and with which seal.

use jiff::Timestamp;

use super::facts::Tokens;
use crate::{
    crypto::{DigestAlgorithm, Used, policy::Mechanism, x509},
    remark::visible_start,
    seal::ses::{Deviation, SesVerifyError},
    sign::{cms::CmsVerifyError, ses::SesSignature, signed_value::SignedValue, timestamp::TimeStampToken},
    trust::path::Usage,
    verify::{
        algorithms, checks, code,
        existence::{Basis, Proof},
        indication::SubIndication,
        national_seal::{self, Used as SealUsed, judge_extensions},
        report::{Finding, ProvenBy, SignedBy},
        signatures::TimestampReport,
        signer::{self, Presented, Times},
        signing_time::judge_time,
        standing::judge_standing,
        text::clock_time,
        timestamp::{self, judge_timestamps, reported_timestamp},
        value::{no_certificate, wrong_value},
    },
};

/// A signature value and what it is held against.
pub(super) struct Value<'a> {
    pub(super) of: &'a SignedValue,
    /// The algorithm of the digests in Signature.xml.
    pub(super) digests: Option<DigestAlgorithm>,
    /// Signature.xml, of a value that is nothing else.
    pub(super) data: &'a [u8],
    pub(super) tokens: &'a Tokens,
    /// Whose seal it has to be.
    pub(super) owner: Option<&'a str>,
}

/// What a signature value came to.
pub(super) struct Valued {
    pub(super) times: Times,
    pub(super) signed_by: Option<SignedBy>,
    pub(super) timestamps: Vec<TimestampReport>,
}

/// Judges a signature value without the document it belongs to.
pub(in crate::verify) fn judge_alone(
    value: &SignedValue,
    basis: &Basis<'_>,
    findings: &mut Vec<Finding>,
) -> Option<SignedBy> {
    let of = Value {
        of: value,
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
    pub(super) fn none(basis: &Basis<'_>) -> Self {
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
    pub(super) fn judge(&self, basis: &Basis<'_>, findings: &mut Vec<Finding>) -> Valued {
        let mut valued = Valued::none(basis);
        valued.times.claimed = self.of.signing_time();

        // 1. The value.
        let (certificate, used) = self.judge_value(basis, findings);

        // 2. Time.
        let mut proofs: Vec<Proof> = basis.proofs.over(0).cloned().collect();
        if let SignedValue::Ses(signature) = self.of {
            for token in &self.tokens.own {
                let over = |token: &TimeStampToken| {
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
        if let SignedValue::Ses(signature) = self.of {
            self.judge_seal(signature, &times, basis, findings);
        }
        findings.push(judge_form(self.of));

        // 5. The time stated.
        findings.push(judge_time(&times, by));
        findings.extend(judge_timestamps(&valued.timestamps, 0));
        valued
    }

    /// The signature value; gives the certificate whose key made it or should have, and with what it verified.
    fn judge_value(&self, basis: &Basis<'_>, findings: &mut Vec<Finding>) -> (Option<Vec<u8>>, Option<Used>) {
        let check = &checks::SIGNATURE;
        let certificate = self.of.signer_certificate().map(<[u8]>::to_vec);
        let checked = match self.of {
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

pub(super) fn judge_digest(is_over_file: bool) -> Finding {
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
fn judge_form(value: &SignedValue) -> Finding {
    let mut found: Vec<Deviation> = value.deviations().to_vec();
    if let SignedValue::Ses(signature) = value {
        for deviation in signature.seal().deviations() {
            if !found.contains(deviation) {
                found.push(*deviation);
            }
        }
    }
    form(&found, &form_of(value))
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
pub(super) fn form_of(value: &SignedValue) -> String {
    match value {
        SignedValue::Ses(signature) => {
            format!("SES_Signature, {}", signature.version().standard())
        }
        SignedValue::SignedData(_) => "SignedData, GB/T 35275-2017".to_owned(),
        SignedValue::Bare(_) => "SM2 r, s".to_owned(),
    }
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
