//! A sealed document, read into facts and judged.
//!
//! 1. The file has one certain reading.
//! 2. One signature covers it from the first byte to the last; nothing was added after.
//! 3. It certifies the document and forbids every change.
//! 4. The digest is the signed one, the signature is the signer's, and it names its certificate.
//! 5. The signer certificate is good at the time that counts.
//! 6. The seal was in force, is the issuing authority's, and permits the signer.
//! 7. The QR token is signed, and page, face data, metadata and token say the same.
//! 8. It is the document that the registry has on record.

use jiff::{SignedDuration, Timestamp};
use ring::digest;

use super::{
    agreement::{self, Sayings},
    checks,
    material::Material,
    report::{Finding, SignedBy, SubIndication, Subject},
    seal, signer,
    state::RegistryView,
    text::clock_time,
    token,
};
use crate::{
    catalogue::{FaceJson, FaceJsonError},
    codes::mask_code,
    crypto::x509,
    document::pdf::{
        ATTACHMENT, OpenError,
        open::{
            Coverage, Metadata, ModificationLevel, OpenedPdf, PageFields, PdfSignature, SignatureKind, open,
        },
    },
    qr::{
        picture,
        text::{self as qr_text, Scanned, TextError},
        token::{SignedToken, TokenError},
    },
    sign::cms::{CmsError, CmsVerifyError, SignedCms},
};

/// What a file says, read once.
#[derive(Debug)]
pub(super) struct Document {
    /// SHA-256 of the whole file.
    pub(super) digest: [u8; 32],
    facts: Result<Box<Facts>, OpenError>,
}

#[derive(Debug)]
struct Facts {
    repaired: bool,
    revisions: usize,
    signatures: usize,
    timestamps: usize,
    main: Option<PdfSignature>,
    cms: Option<Result<SignedCms, CmsError>>,
    signed_digest: Option<Vec<u8>>,
    metadata: Result<Metadata, OpenError>,
    page: Result<PageFields, OpenError>,
    face_json: Result<Option<Vec<u8>>, OpenError>,
    face: Option<Result<FaceJson, FaceJsonError>>,
    token: Option<Result<SignedToken, BadToken>>,
}

/// Why the QR symbol on the page gives no token.
#[derive(Debug)]
enum BadToken {
    Symbol,
    Text(TextError),
    Other,
    Token(TokenError),
}

/// What came of a document besides its findings.
#[derive(Debug, Default)]
pub(super) struct Judged {
    pub(super) subject: Option<Subject>,
    pub(super) signed_by: Option<SignedBy>,
}

impl Document {
    pub(super) fn read(file: &[u8]) -> Document {
        let mut sum = [0; 32];
        sum.copy_from_slice(digest::digest(&digest::SHA256, file).as_ref());
        Document {
            digest: sum,
            facts: open(file).map(|opened| Box::new(Facts::of(&opened))),
        }
    }

    /// The identifier that the metadata, the face data or the token name, whichever is readable.
    pub(super) fn identifier(&self) -> Option<&str> {
        let facts = self.facts.as_ref().ok()?;
        let metadata = facts.metadata.as_ref().ok();
        let face = facts.face.as_ref().and_then(|face| face.as_ref().ok());
        let token = facts.token.as_ref().and_then(|token| token.as_ref().ok());
        face.map(|face| face.identifier.as_str())
            .or_else(|| token.map(|token| token.unverified().identifier.as_str()))
            .or_else(|| metadata.and_then(|metadata| metadata.identifier.as_deref()))
    }

    /// Judges the file.
    pub(super) fn judge(
        &self,
        material: &Material,
        now: Timestamp,
        view: Option<&RegistryView>,
        findings: &mut Vec<Finding>,
    ) -> Judged {
        // 1. Structure.
        let facts = match &self.facts {
            Ok(facts) => facts,
            Err(error) => {
                findings.push(unreadable(error));
                return Judged::default();
            }
        };
        let subject = facts.subject();
        let record = view.zip(self.identifier()).and_then(|(view, id)| view.of(id));
        let proven = record
            .filter(|record| record.document_digest == self.digest)
            .map(|record| record.issued_at);
        let mut judged = Judged {
            subject,
            signed_by: None,
        };
        let Some(main) = &facts.main else {
            findings.push(
                Finding::failed(
                    &checks::STRUCTURE,
                    "NOT_SIGNED",
                    SubIndication::FormatFailure,
                    "文件没有签章",
                    "the file bears no signature",
                )
                .hint(
                    "没有签章的文件不是电子证照",
                    "a file without signature is no e-certificate",
                ),
            );
            return judged;
        };
        findings.push(facts.judge_structure(main));

        // 2. Coverage. 3. Certification.
        findings.push(judge_range(main));
        findings.push(facts.judge_revisions(main));
        findings.push(judge_certification(main));

        // 4. The signature itself.
        let cms = facts.judge_cms(main, findings);

        // 5. The signer certificate, and the time.
        let claimed = main.claimed_time;
        let certificate = cms.and_then(|cms| cms.signer_certificate().map(|der| (cms, der)));
        if let Some((cms, certificate)) = certificate {
            let presented = signer::Presented {
                certificate,
                others: cms.certificates(),
                crls: cms.crls(),
                claimed,
                proven,
                now,
            };
            let anchor = signer::judge(&presented, material, findings);
            judged.signed_by = Some(SignedBy {
                name: x509::parse(certificate)
                    .map(|certificate| x509::subject_text(&certificate))
                    .unwrap_or_default(),
                fingerprint: x509::fingerprint(certificate),
                anchor,
                signed_at: claimed,
                proven_at: proven,
            });
        }
        findings.push(judge_time(claimed, proven, now));

        // 6. The seal.
        if let Some((_, certificate)) = certificate {
            let used = seal::Use {
                signer: certificate,
                issuer_code: judged
                    .subject
                    .as_ref()
                    .map(|subject| subject.issuer_code.as_str()),
                at: claimed.or(proven),
            };
            // The record says which seal was used; without a record any word of the registry is void.
            let registered = view
                .filter(|_| record.is_some())
                .and_then(|view| view.seal.as_ref());
            findings.push(seal::judge(&used, material, registered, view));
        }

        // 7. QR token, and agreement of everything.
        facts.judge_token(material, now, findings);
        findings.push(agreement::judge(&Sayings {
            metadata: facts.metadata.as_ref(),
            face: facts.face.as_ref().map(Result::as_ref),
            face_json: facts.face_json.as_ref().map(|json| json.as_deref()),
            page: facts.page.as_ref(),
            token: facts
                .token
                .as_ref()
                .and_then(|token| token.as_ref().ok())
                .map(SignedToken::unverified),
        }));

        // 8. The registry's own copy.
        findings.push(match (view, record) {
            (Some(_), Some(_)) if proven.is_some() => Finding::passed(
                &checks::REGISTERED_DOCUMENT,
                "与登记库所存文件逐字节一致",
                "byte for byte the document of record",
            ),
            (Some(_), Some(_)) => Finding::failed(
                &checks::REGISTERED_DOCUMENT,
                "NOT_THE_DOCUMENT_OF_RECORD",
                SubIndication::SigConstraintsFailure,
                "与登记库所存文件不同",
                "not the document that the registry has under this identifier",
            )
            .hint(
                "请以登记库中的文件为准",
                "take the document from the registry instead",
            ),
            _ => Finding::not_applicable(
                &checks::REGISTERED_DOCUMENT,
                "没有登记记录可比对",
                "no record to compare with",
            ),
        });
        judged
    }
}

impl Facts {
    fn of(opened: &OpenedPdf<'_>) -> Facts {
        let of_kind = |kind| {
            opened
                .signatures()
                .iter()
                .filter(move |signature| signature.kind == kind)
        };
        let mut signatures = of_kind(SignatureKind::Signature);
        let main = signatures
            .clone()
            .find(|signature| signature.certifies)
            .or_else(|| signatures.next())
            .cloned();
        let cms = main
            .as_ref()
            .and_then(|main| main.cms.as_ref().ok())
            .map(|contents| SignedCms::parse(contents));
        let signed_digest = match (&main, &cms) {
            (Some(main), Some(Ok(cms))) => opened.signed_digest(main, cms.digest_algorithm()),
            _ => None,
        };
        let face_json = face_json(opened);
        let page = opened.page_fields();
        let token = page
            .as_ref()
            .ok()
            .and_then(|page| page.qr.as_ref())
            .map(|qr| read_token(picture::decode_modules(&qr.dark, qr.width)));
        Facts {
            repaired: !opened.repairs().is_empty(),
            revisions: opened.revisions().len(),
            signatures: of_kind(SignatureKind::Signature).count(),
            timestamps: opened.signatures().len() - of_kind(SignatureKind::Signature).count(),
            main,
            cms,
            signed_digest,
            metadata: opened.metadata(),
            page,
            face: match &face_json {
                Ok(Some(json)) => Some(FaceJson::parse(json)),
                _ => None,
            },
            face_json,
            token,
        }
    }

    /// The certificate, by its face data; by its token where there are none.
    fn subject(&self) -> Option<Subject> {
        let face = self.face.as_ref().and_then(|face| face.as_ref().ok());
        let token = self.token.as_ref().and_then(|token| token.as_ref().ok());
        match face {
            Some(face) => Some(Subject {
                identifier: face.identifier.clone(),
                type_code: face.certificate_type.code.clone(),
                type_name: face.certificate_type.name.clone(),
                number: face.number.clone(),
                holder_name: face.holder.name.clone(),
                holder_code_masked: face.holder.code.as_deref().map(mask_code),
                issuer_code: face.issuer.code.clone(),
                issuer_name: Some(face.issuer.name.clone()),
                issued_on: face.issued_on,
                valid_from: face.valid_from,
                valid_until: face.valid_until,
            }),
            None => token.map(|token| Subject::of_token(token.unverified())),
        }
    }

    fn judge_structure(&self, main: &PdfSignature) -> Finding {
        let check = &checks::STRUCTURE;
        let profile = main.sub_filter.as_deref().unwrap_or_default();
        if profile != PADES {
            return Finding::undecided(
                check,
                "OTHER_SIGNATURE_PROFILE",
                SubIndication::Generic,
                format!("签名格式是 {profile}，不是 PAdES，本程序不作判定"),
                format!("the signature's format is {profile}, not PAdES: not judged here"),
            )
            .hint(
                "请用支持该格式的程序核验",
                "verify with a program that knows the format",
            );
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

    fn judge_revisions(&self, main: &PdfSignature) -> Finding {
        let check = &checks::REVISIONS;
        let covers_all = main.coverage == Some(Coverage::WholeFile);
        if covers_all && self.revisions == 1 && self.signatures == 1 {
            return Finding::passed(check, "签章之后没有任何追加", "nothing was added after signing");
        }
        if covers_all {
            return Finding::failed(
                check,
                "SEVERAL_REVISIONS",
                SubIndication::SigConstraintsFailure,
                format!(
                    "文件有 {} 个版本、{} 个签名，电子证照应一次成文、一次签章",
                    self.revisions, self.signatures
                ),
                format!(
                    "the file has {} revisions and {} signatures; a certificate has one of each",
                    self.revisions, self.signatures
                ),
            );
        }
        if self.timestamps > 0 && self.signatures == 1 {
            return Finding::undecided(
                check,
                "EXTENDED_AFTER_SIGNING",
                SubIndication::Generic,
                "签章之后追加了时间戳或验证数据，本程序不判定其是否无害",
                "a timestamp or validation data were added after signing: not judged here",
            )
            .hint("请取得签发时的原始文件", "ask for the document as issued");
        }
        Finding::failed(
            check,
            "MODIFIED_AFTER_SIGNING",
            SubIndication::SigConstraintsFailure,
            "签章之后又追加了内容",
            "something was added after signing",
        )
        .hint(
            "追加的内容未经签章，请取得签发时的原始文件",
            "what was added is not signed: ask for the document as issued",
        )
    }

    /// Digest, signing-certificate attribute and signature value.
    fn judge_cms(&self, main: &PdfSignature, findings: &mut Vec<Finding>) -> Option<&SignedCms> {
        let cms = match &self.cms {
            Some(Ok(cms)) => cms,
            Some(Err(CmsError::AlgorithmRefused(error))) => {
                findings.push(
                    Finding::undecided(
                        &checks::SIGNATURE,
                        "ALGORITHM_REFUSED",
                        SubIndication::CryptoConstraintsFailure,
                        "签名算法过弱或不受支持",
                        error.to_string(),
                    )
                    .hint(
                        "请用支持该算法的程序核验",
                        "verify with a program that knows the algorithm",
                    ),
                );
                return None;
            }
            Some(Err(error)) => {
                findings.push(Finding::failed(
                    &checks::SIGNATURE,
                    "SIGNATURE_MALFORMED",
                    SubIndication::FormatFailure,
                    "签名数据损坏",
                    format!("the CMS is not of the profile: {error}"),
                ));
                return None;
            }
            None => {
                let why = main
                    .cms
                    .as_ref()
                    .err()
                    .map(ToString::to_string)
                    .unwrap_or_default();
                let (zh, en) = halves(&why);
                findings.push(Finding::failed(
                    &checks::SIGNATURE,
                    "SIGNATURE_MALFORMED",
                    SubIndication::FormatFailure,
                    zh,
                    en,
                ));
                return None;
            }
        };
        if let Some(digest) = &self.signed_digest {
            findings.push(match cms.check_digest(digest) {
                Ok(()) => Finding::passed(
                    &checks::DIGEST,
                    format!("与签名时一致（{}）", cms.digest_algorithm()),
                    format!("the signed one ({})", cms.digest_algorithm()),
                ),
                Err(CmsVerifyError::DigestMismatch) => Finding::failed(
                    &checks::DIGEST,
                    "DIGEST_MISMATCH",
                    SubIndication::HashFailure,
                    "文件内容在签章后被改动",
                    "the content was changed after signing",
                ),
                Err(error) => Finding::failed(
                    &checks::DIGEST,
                    "SIGNATURE_MALFORMED",
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
                "SIGNING_CERTIFICATE_MISMATCH",
                SubIndication::SigConstraintsFailure,
                "签名指明的是另一张证书",
                "the signature names another certificate",
            ),
            Err(CmsVerifyError::SignerCertificateMissing) => no_certificate(&checks::SIGNING_CERTIFICATE),
            Err(error) => Finding::undecided(
                &checks::SIGNING_CERTIFICATE,
                "SIGNING_CERTIFICATE_NOT_NAMED",
                SubIndication::Generic,
                "签名没有指明签名证书，不符合 PAdES",
                error.to_string(),
            )
            .hint(
                "请用支持该格式的程序核验",
                "verify with a program that knows the format",
            ),
        });
        findings.push(match cms.check_signature() {
            Ok(()) => Finding::passed(
                &checks::SIGNATURE,
                format!("有效（{}）", cms.signature_algorithm()),
                format!("good ({})", cms.signature_algorithm()),
            ),
            Err(CmsVerifyError::SignerCertificateMissing) => no_certificate(&checks::SIGNATURE),
            Err(error) => Finding::failed(
                &checks::SIGNATURE,
                "SIGNATURE_INVALID",
                SubIndication::SigCryptoFailure,
                "数字签名与签名证书不符",
                error.to_string(),
            ),
        });
        Some(cms)
    }

    fn judge_token(&self, material: &Material, now: Timestamp, findings: &mut Vec<Finding>) {
        match &self.token {
            Some(Ok(signed)) => {
                token::judge(signed, material, now, findings);
            }
            Some(Err(bad)) => findings.push(match bad {
                BadToken::Token(error) => token::unreadable(error),
                BadToken::Symbol => Finding::failed(
                    &checks::TOKEN,
                    "QR_UNREADABLE",
                    SubIndication::SigConstraintsFailure,
                    "照面上的二维码无法识读",
                    "the QR symbol on the page cannot be decoded",
                ),
                BadToken::Other => Finding::failed(
                    &checks::TOKEN,
                    "NOT_A_CERTIFICATE_CODE",
                    SubIndication::SigConstraintsFailure,
                    "照面上的二维码不是签名的证照二维码",
                    "the QR symbol on the page holds no signed token",
                ),
                BadToken::Text(error) => Finding::failed(
                    &checks::TOKEN,
                    "NOT_A_CERTIFICATE_CODE",
                    SubIndication::SigConstraintsFailure,
                    "照面上的二维码不是证照二维码",
                    format!("the QR symbol on the page is not a certificate's: {error}"),
                ),
            }),
            None => findings.push(
                Finding::undecided(
                    &checks::TOKEN,
                    "NO_QR_CODE",
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

fn judge_range(main: &PdfSignature) -> Finding {
    let check = &checks::BYTE_RANGE;
    match (&main.byte_range, main.coverage) {
        (Err(defect), _) => {
            let text = defect.to_string();
            let (zh, en) = halves(&text);
            Finding::failed(check, "BYTE_RANGE_DEFECT", SubIndication::FormatFailure, zh, en)
        }
        (Ok(_), Some(Coverage::WholeFile)) => Finding::passed(
            check,
            "从首字节到末字节，仅签名值除外",
            "from the first byte to the last, but for the signature itself",
        ),
        (Ok(_), Some(Coverage::Revision { following, .. })) => Finding::failed(
            check,
            "MODIFIED_AFTER_SIGNING",
            SubIndication::SigConstraintsFailure,
            format!("签章之后又追加了 {following} 字节，不在签章保护之内"),
            format!("{following} bytes were added after signing and are not covered"),
        )
        .hint(
            "追加的内容未经签章，请取得签发时的原始文件",
            "what was added is not signed: ask for the document as issued",
        ),
        (Ok(_), _) => Finding::failed(
            check,
            "NOT_WHOLE_FILE",
            SubIndication::FormatFailure,
            "签名只覆盖文件的一部分",
            "the signature covers a part of the file only",
        ),
    }
}

fn judge_certification(main: &PdfSignature) -> Finding {
    let check = &checks::CERTIFICATION;
    if main.certifies && main.modification_level == Some(ModificationLevel::None) {
        return Finding::passed(check, "禁止任何修改", "no change is allowed");
    }
    Finding::undecided(
        check,
        "NOT_CERTIFIED",
        SubIndication::Generic,
        "签章未声明禁止修改，不符合电子证照的签章格式",
        "the signature does not certify the document against every change",
    )
    .hint(
        "可能不是本系统签发的证照，请向发证机关核实",
        "perhaps not a certificate of this kind: ask the issuing authority",
    )
}

fn judge_time(claimed: Option<Timestamp>, proven: Option<Timestamp>, now: Timestamp) -> Finding {
    let check = &checks::SIGNING_TIME;
    let Some(claimed) = claimed else {
        return Finding::undecided(
            check,
            "SIGNING_TIME_UNKNOWN",
            SubIndication::Generic,
            "签章没有写明时间",
            "the signature does not say when it was made",
        );
    };
    let when = clock_time(claimed);
    if claimed > now.saturating_add(CLOCK_SKEW).unwrap_or(now) {
        return Finding::failed(
            check,
            "SIGNED_IN_THE_FUTURE",
            SubIndication::SigConstraintsFailure,
            format!("签章时间 {when} 在将来"),
            format!("signed in the future ({when})"),
        )
        .hint(
            "请核对本机时钟；时钟无误则请勿采信",
            "check this machine's clock; if it is right, do not rely on the document",
        );
    }
    match proven {
        Some(proven) if claimed > proven.saturating_add(CLOCK_SKEW).unwrap_or(proven) => Finding::failed(
            check,
            "SIGNED_AFTER_REGISTRATION",
            SubIndication::SigConstraintsFailure,
            format!("签章时间 {when} 晚于登记时间 {}", clock_time(proven)),
            format!(
                "signed at {when}, after it was registered at {}",
                clock_time(proven)
            ),
        ),
        Some(proven) => Finding::passed(
            check,
            format!("{when}，登记库证明不晚于 {}", clock_time(proven)),
            format!("{when}; the registry proves no later than {}", clock_time(proven)),
        ),
        None => Finding::passed(
            check,
            format!("{when}（签章者声明）"),
            format!("{when} (by the signer's word)"),
        ),
    }
}

fn unreadable(error: &OpenError) -> Finding {
    let text = error.to_string();
    let (zh, en) = halves(&text);
    let check = &checks::STRUCTURE;
    match error {
        OpenError::Encrypted => {
            Finding::undecided(check, "ENCRYPTED", SubIndication::SignedDataNotFound, zh, en)
                .hint("请提供未加密的原始文件", "supply the file without encryption")
        }
        OpenError::Limit { .. } | OpenError::Unsupported { .. } => {
            Finding::undecided(check, "BEYOND_THIS_PROGRAM", SubIndication::Generic, zh, en)
                .hint("请确认是否为证照文件", "make sure that it is a certificate")
        }
        OpenError::NotPdf => Finding::failed(check, "NOT_A_PDF", SubIndication::FormatFailure, zh, en)
            .hint("请确认选对了文件", "make sure that it is the right file"),
        _ => Finding::failed(check, "FILE_DAMAGED", SubIndication::FormatFailure, zh, en).hint(
            "文件损坏、不完整或被改动，请重新取得原始文件",
            "the file is damaged, cut off or changed: obtain it again",
        ),
    }
}

fn no_certificate(check: &'static checks::Check) -> Finding {
    Finding::undecided(
        check,
        "NO_SIGNER_CERTIFICATE",
        SubIndication::NoSigningCertificateFound,
        "签名中没有附带签名证书",
        "the signer certificate is not in the signature",
    )
    .hint("请取得签发时的原始文件", "ask for the document as issued")
}

/// The attached face data: the one file of that name, belonging to the document.
fn face_json(opened: &OpenedPdf<'_>) -> Result<Option<Vec<u8>>, OpenError> {
    let attachments = opened.attachments()?;
    let mut named = attachments
        .iter()
        .filter(|attachment| attachment.name == ATTACHMENT && attachment.associated);
    match (named.next(), named.next()) {
        (Some(one), None) => opened.read_attachment(one).map(Some),
        // Of two files with the name nobody knows which is meant.
        _ => Ok(None),
    }
}

fn read_token(text: Option<String>) -> Result<SignedToken, BadToken> {
    let text = text.ok_or(BadToken::Symbol)?;
    match qr_text::parse(&text).map_err(BadToken::Text)? {
        Scanned::Token { bytes, .. } => SignedToken::parse(&bytes).map_err(BadToken::Token),
        _ => Err(BadToken::Other),
    }
}

/// Chinese and English of a message that holds both.
fn halves(text: &str) -> (&str, &str) {
    text.split_once(" / ").unwrap_or((text, text))
}

/// SubFilter of PAdES (ETSI EN 319 142-1 §5.3).
const PADES: &str = "ETSI.CAdES.detached";
/// How far two honest clocks may be apart.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);
