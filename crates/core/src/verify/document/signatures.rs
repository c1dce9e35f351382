//! Every signature of a document: what it covers, what came after it, whether it is good, and by when it existed.
//!
//! There is one way to judge a signature, [`Signed::judge`], for a certificate's own as for anybody else's.

use super::{
    Facts,
    level::{self, Attained},
    parts::{judge_cms, judge_range, profile},
};
use crate::{
    crypto::{DigestAlgorithm, x509},
    document::pdf::{
        OpenError,
        open::{Coverage, Difference, OpenedPdf, PdfSignature, SignatureKind, Standing},
    },
    limits::{MAX_SIGNATURE_TIMESTAMPS, MAX_SIGNED_BYTES},
    sign::{
        cms::{CmsError, CmsEvidence, Profile, SignedCms},
        timestamp::{TimeStampToken, TokenError},
    },
    trust::path::{PathError, Usage},
    verify::{
        algorithms, checks, code,
        existence::{Basis, Proof},
        indication::{Indication, SubIndication},
        report::{Finding, ProvenBy, SignedBy, halves, total_of},
        seed_values::{self, Filled},
        signatures::{SignatureReport, reported, sentence},
        signer::{self, Presented, Times},
        signing_time::judge_time,
        standing::judge_standing,
        timestamp::{self, judge_timestamps, reported_timestamp},
    },
};

/// One signature, read.
#[derive(Debug)]
pub(super) struct Signed {
    pub(super) signature: PdfSignature,
    pub(super) content: Content,
    pub(super) digest: Option<Vec<u8>>,
    /// Whether it covers more than may still be hashed.
    pub(super) is_too_much: bool,
    pub(super) difference: Result<Difference, OpenError>,
}

/// What is in `/Contents`.
#[derive(Debug)]
pub(super) enum Content {
    /// Nothing that could be read, as the signature's defects say.
    Nothing,
    /// A signature, with the timestamps in it that are judged.
    Cms(
        Box<Result<SignedCms, CmsError>>,
        Vec<Result<TimeStampToken, TokenError>>,
    ),
    /// A timestamp over the document.
    Timestamp(Box<Result<TimeStampToken, TokenError>>),
}

impl Content {
    fn read(signature: &PdfSignature) -> Self {
        let Ok(contents) = &signature.cms else {
            return Self::Nothing;
        };
        if signature.kind == SignatureKind::DocumentTimestamp {
            return Self::Timestamp(Box::new(TimeStampToken::parse(contents)));
        }
        let profile = profile(signature).unwrap_or(Profile::Cades);
        let cms = SignedCms::parse(contents, profile);
        let tokens = cms.as_ref().map(|cms| {
            let tokens = cms.timestamp_tokens().take(MAX_SIGNATURE_TIMESTAMPS);
            tokens.map(TimeStampToken::parse).collect()
        });
        let tokens = tokens.unwrap_or_default();
        Self::Cms(Box::new(cms), tokens)
    }

    /// What the signed bytes are hashed with.
    fn algorithm(&self) -> Option<DigestAlgorithm> {
        match self {
            Self::Nothing => None,
            Self::Cms(cms, _) => cms.as_ref().as_ref().ok().map(SignedCms::digest_algorithm),
            Self::Timestamp(token) => {
                let token = token.as_ref().as_ref().ok();
                token.map(|token| token.info().imprint.algorithm)
            }
        }
    }
}

/// What came of one signature.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) report: SignatureReport,
    pub(super) times: Times,
    /// What it proves, if it is a document timestamp.
    proof: Option<Proof>,
}

impl Signed {
    /// Reads all signatures of a file, within the bytes that may be hashed for them.
    pub(super) fn all(opened: &OpenedPdf<'_>) -> Vec<Signed> {
        let mut left = MAX_SIGNED_BYTES;
        let read = |signature: &PdfSignature| {
            let content = Content::read(signature);
            let covered = signature.byte_range.as_ref().map_or(0, |range| range.end);
            let is_too_much = covered > left;
            let digest = content
                .algorithm()
                .filter(|_| !is_too_much)
                .and_then(|algorithm| {
                    left -= covered;
                    opened.signed_digest(signature, algorithm)
                });
            Signed {
                signature: signature.clone(),
                content,
                digest,
                is_too_much,
                difference: opened.difference(signature),
            }
        };
        opened.signatures().iter().map(read).collect()
    }

    /// Where its covered bytes end. One without a range lies behind everything that anything proves.
    pub(super) fn place(&self) -> usize {
        let range = self.signature.byte_range.as_ref();
        range.map_or(usize::MAX, |range| range.end)
    }

    /// The certificates and revocation data that came with it.
    pub(super) fn evidence(&self) -> Vec<CmsEvidence> {
        let of_token =
            |token: &Result<TimeStampToken, TokenError>| token.as_ref().ok().map(TimeStampToken::evidence);
        match &self.content {
            Content::Nothing => Vec::new(),
            Content::Cms(cms, tokens) => {
                let own = cms.as_ref().as_ref().ok().map(SignedCms::evidence);
                own.into_iter()
                    .chain(tokens.iter().filter_map(of_token))
                    .collect()
            }
            Content::Timestamp(token) => of_token(token).into_iter().collect(),
        }
    }

    /// DER of the signer certificate.
    pub(super) fn signer_certificate(&self) -> Option<&[u8]> {
        match &self.content {
            Content::Cms(cms, _) => cms.as_ref().as_ref().ok()?.signer_certificate(),
            _ => None,
        }
    }

    pub(super) fn is_signature(&self) -> bool {
        self.signature.kind == SignatureKind::Signature
    }

    /// The revision it covers, counted from 1.
    fn revision(&self, revisions: usize) -> Option<usize> {
        match self.signature.coverage? {
            Coverage::WholeFile => Some(revisions),
            Coverage::Revision { index, .. } => Some(index + 1),
            Coverage::Partial { .. } => None,
        }
    }

    /// What came after it.
    pub(super) fn judge_revisions(&self) -> Finding {
        let check = &checks::REVISIONS;
        let difference = match &self.difference {
            Ok(difference) => difference,
            Err(error @ (OpenError::Limit { .. } | OpenError::Unsupported { .. } | OpenError::Encrypted)) => {
                let text = error.to_string();
                let (zh, en) = halves(&text);
                return Finding::undecided(check, code::CHANGES_NOT_COMPARED, SubIndication::Generic, zh, en)
                    .hint("请取得签发时的原始文件", "ask for the document as issued");
            }
            Err(error) => {
                let text = error.to_string();
                let (zh, en) = halves(&text);
                return modified(
                    format!("签章之后有追加，而文件有误，无从比对：{zh}"),
                    format!("something was added after signing, and the file is faulty: {en}"),
                );
            }
        };
        if self.signature.coverage == Some(Coverage::WholeFile) && difference.changes.is_empty() {
            return Finding::passed(check, "签章之后没有任何追加", "nothing was added after signing");
        }
        let worst = difference.worst();
        let (zh, en) = sentence(difference, worst);
        match worst {
            Standing::Permitted if difference.changes.is_empty() => Finding::passed(
                check,
                "签章之后有追加，但没有改变任何内容",
                "something was added after signing that changes nothing",
            )
            .coded(code::NOTHING_CHANGED),
            Standing::Permitted => Finding::passed(
                check,
                format!("签章之后只有签章人允许的追加：{zh}"),
                format!("after signing only what the signer allows was added: {en}"),
            )
            .coded(code::PERMITTED_CHANGES),
            Standing::Unclear => Finding::undecided(
                check,
                code::CHANGES_UNCLEAR,
                SubIndication::Generic,
                format!("签章之后的追加须由人判断：{zh}"),
                format!("a person has to judge what was added after signing: {en}"),
            )
            .hint(
                "请对照签发时的原始文件，或向发证机关核实",
                "compare with the document as issued, or ask the issuing authority",
            ),
            Standing::Forbidden => modified(
                format!("签章之后内容被改动：{zh}"),
                format!("changed after signing: {en}"),
            ),
        }
    }
}

fn modified(chinese: String, english: String) -> Finding {
    Finding::failed(
        &checks::REVISIONS,
        code::MODIFIED_AFTER_SIGNING,
        SubIndication::SigConstraintsFailure,
        chinese,
        english,
    )
    .hint(
        "追加的内容未经签章，请取得签发时的原始文件",
        "what was added is not signed: ask for the document as issued",
    )
}

impl Signed {
    /// Judges a signature, or a timestamp over the document.
    ///
    /// 1. It covers its revision, and what came after is what it allows.
    /// 2. The signature verifies, over these bytes, by the certificate it names.
    /// 3. By when it existed: by what covers it, and by the timestamps in it.
    /// 4. Its algorithms and its signer are good at that time.
    /// 5. The time that the signer states fits.
    fn judge(&self, is_main: bool, revisions: usize, basis: &Basis<'_>) -> Judged {
        let place = self.place();
        let mut times = Times {
            claimed: self.signature.claimed_time,
            proven: basis.proofs.earliest(place).map(|proof| proof.at),
            now: basis.now,
        };
        // 1. Coverage.
        let mut findings = vec![judge_range(&self.signature), self.judge_revisions()];
        let mut signed_by = None;
        let mut timestamps = Vec::new();
        let mut unread = 0;
        let mut attained = Attained::default();
        let mut proof = None;
        match &self.content {
            _ if self.signature.kind == SignatureKind::Unrecognised => findings.push(unrecognised()),
            Content::Timestamp(token) => {
                let judged = timestamp::judge(token, |_| self.digest.clone(), place, basis);
                // Of bytes that are not all that stands before it, it proves nothing.
                if self.signature.byte_range.is_ok() {
                    proof = judged.proof(ProvenBy::DocumentTimestamp, place);
                }
                findings.extend(self.is_too_much.then(not_hashed));
                findings.extend(judged.findings);
                signed_by = judged.signed_by;
            }
            Content::Nothing | Content::Cms(..) => {
                // 2. The signature itself.
                let cms = judge_cms(self, &mut findings);
                if let Some((cms, _)) = cms {
                    // What is signed comes before what stands beside it (ISO 32000-1 table 252, M).
                    times.claimed = cms.signing_time().or(times.claimed);
                }

                // 3. Time.
                let mut proofs: Vec<Proof> = basis.proofs.over(place).cloned().collect();
                if let (Some((cms, _)), Content::Cms(_, tokens)) = (cms, &self.content) {
                    unread = cms.timestamp_tokens().skip(tokens.len()).count();
                    for token in tokens {
                        let over = |token: &TimeStampToken| {
                            Some(token.info().imprint.algorithm.digest(cms.signature_value()))
                        };
                        let judged = timestamp::judge(token, over, place, basis);
                        proofs.extend(judged.proof(ProvenBy::SignatureTimestamp, 0));
                        timestamps.push(reported_timestamp(judged));
                    }
                }
                let first = proofs.iter().min_by_key(|proof| proof.at);
                times.proven = first.map(|proof| proof.at);
                let by = first.map(|proof| &proof.by);

                // 4. Algorithms and signer, at that time.
                if let Some((cms, Some(used))) = cms {
                    findings.push(algorithms::judge(cms, used, basis.material.policy(), &times));
                }
                if let Some((cms, used, certificate)) =
                    cms.and_then(|(cms, used)| Some((cms, used, cms.signer_certificate()?)))
                {
                    let presented = Presented {
                        certificate,
                        usage: Usage::Document,
                        times,
                        proven_by: by,
                    };
                    // Of a signature that does not verify nobody asks what its signer's certificate was once.
                    let path = |at| {
                        if used.is_none() && at != times.proven.unwrap_or(times.now) {
                            return Err(PathError::UnknownIssuer);
                        }
                        basis.path(certificate, Usage::Document, at)
                    };
                    let anchor = signer::judge(&presented, &path, &mut findings);
                    let standing = |anchor| judge_standing(anchor, basis.material, &times);
                    findings.extend(anchor.as_ref().and_then(standing));
                    signed_by = Some(SignedBy {
                        name: x509::parse(certificate)
                            .map(|certificate| x509::subject_text(&certificate))
                            .unwrap_or_default(),
                        fingerprint: x509::fingerprint(certificate),
                        anchor,
                        signed_at: times.claimed,
                        proven_at: times.proven,
                        proven_by: by.cloned(),
                    });
                    findings.extend(seed_values::judge(&Filled {
                        signature: &self.signature,
                        cms,
                        certificate,
                        path: &|| path(times.proven.unwrap_or(times.now)).ok(),
                        timestamped: timestamps
                            .iter()
                            .any(|one| one.indication != Indication::TotalFailed),
                    }));
                    let proofs: Vec<&Proof> = proofs.iter().collect();
                    attained = level::judge(self, cms, &findings, &proofs, basis);
                }

                // 5. The time stated.
                findings.push(judge_time(&times, by));
                findings.extend(judge_timestamps(&timestamps, unread));
            }
        }
        findings.extend(basis.lacking(&findings));
        basis.remark_unread(&mut findings);
        let (indication, sub_indication, reason) = total_of(&checks::OF_SIGNATURE, &findings);
        let report = SignatureReport {
            fields: self.signature.fields.clone(),
            kind: self.signature.kind.into(),
            format: self.signature.sub_filter.clone(),
            main: is_main,
            revision: self.revision(revisions),
            revisions,
            indication,
            sub_indication,
            reason,
            signed_by,
            findings,
            timestamps,
            level: attained.level,
            level_note: attained.note,
            level_note_en: attained.note_en,
            changes: self.difference.as_ref().map(reported).unwrap_or_default(),
        };
        Judged { report, times, proof }
    }
}

/// Says that the bytes a signature covers were not hashed.
pub(super) fn not_hashed() -> Finding {
    Finding::undecided(
        &checks::DIGEST,
        code::TOO_MUCH_SIGNED,
        SubIndication::Generic,
        format!("全部签名所覆盖的内容合计超过 {} MB，本签名的摘要未计算", MAX_SIGNED_BYTES >> 20),
        format!(
            "the signatures of the file cover more than {} MB between them: the bytes of this one were not hashed",
            MAX_SIGNED_BYTES >> 20
        ),
    )
    .hint(
        "请取得签名较少的版本，逐份核验",
        "ask for versions with fewer signatures, and verify each of them",
    )
}

fn unrecognised() -> Finding {
    Finding::undecided(
        &checks::SIGNATURE,
        code::TIMESTAMP_UNRECOGNISED,
        SubIndication::Generic,
        "字典所称的类型与格式互相矛盾，不作判定，也不据以认定时间",
        "its dictionary contradicts itself on what it is: passed over, and not relied on",
    )
    .hint(
        "如需认定时间，请用支持该格式的程序核验",
        "verify with a program that knows the format if the time matters",
    )
}

impl Facts {
    /// Judges every signature. The document timestamps come first, from the last to the first: each is judged at the time
    /// that those behind it prove, and proves a time for what lies before it.
    pub(super) fn judge_signatures(&self, basis: &mut Basis<'_>) -> Vec<Judged> {
        let of_documents = self.signatures.iter().filter(|signed| signed.is_signature());
        let has_main = self.claims || of_documents.count() == 1;
        let judge = |index: usize, basis: &Basis<'_>| {
            let signed = self.signatures.get(index)?;
            let is_main = has_main && self.main == Some(index);
            Some(signed.judge(is_main, self.revisions, basis))
        };
        let is_timestamp = |index: &usize| {
            let signed = self.signatures.get(*index);
            signed.is_some_and(|signed| signed.signature.kind == SignatureKind::DocumentTimestamp)
        };
        let mut judged: Vec<Option<Judged>> = self.signatures.iter().map(|_| None).collect();
        for index in (0..judged.len()).rev().filter(is_timestamp) {
            let one = judge(index, basis);
            if let Some(proof) = one.as_ref().and_then(|one| one.proof.clone()) {
                basis.prove_by(proof);
            }
            if let Some(place) = judged.get_mut(index) {
                *place = one;
            }
        }
        let judged = judged.into_iter().enumerate();
        judged
            .filter_map(|(index, one)| one.or_else(|| judge(index, basis)))
            .collect()
    }
}
