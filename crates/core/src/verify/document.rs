//! A sealed document, read into facts and judged.
//!
//! 1. The file has one certain reading.
//! 2. A signature covers it from the first byte on; what was added after is what its signer allows.
//! 3. It certifies the document and forbids every change.
//! 4. The digest is the signed one, the signature is the signer's, it names its certificate, and its
//!    algorithms are still believed.
//! 5. The signer certificate is good at the time that counts.
//! 6. The seal was in force, is the issuing authority's, and permits the signer.
//! 7. The QR token is signed, and page, face data, metadata and token say the same.
//! 8. It is the document that the registry has on record.

mod parts;
mod signatures;

use jiff::Timestamp;

pub(super) use self::parts::unreadable;
use self::{
    parts::{judge_certification, judge_issuer, judge_range, judge_time},
    signatures::Signed,
};
use super::{
    agreement::{self, Sayings},
    algorithms, checks, code,
    indication::SubIndication,
    material::Material,
    report::{Finding, SignedBy, Subject},
    seal,
    signatures::SignatureReport,
    signer::{self, Times},
    state::RegistryView,
};
use crate::{
    catalogue::{FaceJson, FaceJsonError},
    codes::mask_code,
    crypto::{sha256, x509},
    document::pdf::{
        ATTACHMENT, OpenError,
        open::{LostSignature, Metadata, OpenedPdf, PageFields, open},
    },
    qr::{
        picture,
        text::{self as qr_text, Scanned, TextError},
        token::{SignedToken, TokenError},
    },
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
    /// Objects that could show something and that nothing leads to.
    unused: usize,
    revisions: usize,
    /// All signatures and document timestamps, in the order in which their covered bytes end.
    signatures: Vec<Signed>,
    /// Position of the one that the verdict is about.
    main: Option<usize>,
    /// Signatures that were taken away.
    lost: Result<Vec<LostSignature>, OpenError>,
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
    pub(super) signatures: Vec<SignatureReport>,
}

impl Document {
    pub(super) fn read(file: &[u8]) -> Document {
        Document {
            digest: sha256(file),
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
            ..Judged::default()
        };
        let Some(signed) = facts.main.and_then(|main| facts.signatures.get(main)) else {
            findings.push(
                Finding::failed(
                    &checks::STRUCTURE,
                    code::NOT_SIGNED,
                    SubIndication::FormatFailure,
                    "文件没有签章",
                    "the file bears no signature",
                )
                .hint(
                    "打印、扫描、截图、转换或合并而成的副本都不带签章：请取得签发时的 PDF 原件，或将页面上的二维码截图核验",
                    "prints, scans, screenshots, conversions and merged files bear none: ask for the PDF as issued, or verify a screenshot of its QR code",
                ),
            );
            judged.signatures = facts.report_signatures(material, now, None);
            return judged;
        };
        let main = &signed.signature;
        findings.push(facts.judge_structure(main));

        // 2. Coverage. 3. Certification.
        findings.push(judge_range(main));
        findings.push(signed.judge_revisions());
        findings.push(judge_certification(main));

        // 4. The signature itself.
        let cms = Facts::judge_cms(signed, findings);

        // 5. The signer certificate, and the time.
        let claimed = main.claimed_time;
        let times = Times { claimed, proven, now };
        let verified = cms.and_then(|(cms, used)| used.map(|used| (cms, used)));
        if let Some((cms, used)) = verified {
            findings.push(algorithms::judge(cms, used, material.policy(), &times));
        }
        let cms = cms.map(|(cms, _)| cms);
        let certificate = cms.and_then(|cms| cms.signer_certificate().map(|der| (cms, der)));
        if let Some((cms, certificate)) = certificate {
            let presented = signer::Presented {
                certificate,
                others: cms.certificates(),
                crls: cms.crls(),
                times,
            };
            let anchor = signer::judge(&presented, material, findings);
            if let Some(anchor) = anchor {
                findings.push(judge_issuer(&anchor, judged.subject.as_ref(), material, &times));
            }
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
        let own = judged.signed_by.as_ref().map(|by| (by, &findings[..]));
        judged.signatures = facts.report_signatures(material, now, own);
        findings.extend(facts.judge_others(&judged.signatures));
        findings.push(judge_time(claimed, proven, now));

        // 6. The seal.
        if let Some((_, certificate)) = certificate {
            let used = seal::Use {
                signer: certificate,
                issuer_code: judged
                    .subject
                    .as_ref()
                    .map(|subject| subject.issuer_code.as_str()),
                at: proven.or(claimed),
                proven: proven.unwrap_or(now),
            };
            // The record says which seal was used; without a record any word of the registry is void.
            let registered = view
                .filter(|_| record.is_some())
                .and_then(|view| view.seal.as_ref());
            findings.push(seal::judge(&used, material, registered, view));
        }

        // 7. QR token, and agreement of everything.
        facts.judge_token(material, &times, findings);
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
                code::NOT_THE_DOCUMENT_OF_RECORD,
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
        let signatures = Signed::all(opened);
        let of_documents = || {
            let all = signatures.iter().enumerate();
            all.filter(|(_, signed)| signed.is_signature())
        };
        let main = of_documents()
            .find(|(_, signed)| signed.signature.certifies)
            .or_else(|| of_documents().next())
            .map(|(index, _)| index);
        // What is judged is what was signed: the revision that the signature covers.
        let covered = main.and_then(|main| signatures.get(main)?.signature.covered(opened.bytes()));
        let signed = covered.map(open);
        let content = match &signed {
            Some(Ok(signed)) => Ok(signed),
            Some(Err(error)) => Err(error.clone()),
            None => Ok(opened),
        };
        let (metadata, page, face_json) = match content {
            Ok(content) => (content.metadata(), content.page_fields(), face_json(content)),
            Err(error) => (Err(error.clone()), Err(error.clone()), Err(error)),
        };
        let token = page
            .as_ref()
            .ok()
            .and_then(|page| page.qr.as_ref())
            .map(|qr| read_token(picture::decode_modules(&qr.dark, qr.width)));
        Facts {
            repaired: !opened.repairs().is_empty(),
            // Too much to look through is not looked through: nothing rests on it.
            unused: opened.unused_content().map_or(0, |found| found.len()),
            revisions: opened.revisions().len(),
            main,
            signatures,
            lost: opened.lost_signatures(),
            metadata,
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
        Scanned::Identifier(_) => Err(BadToken::Other),
    }
}
