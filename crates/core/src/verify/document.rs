//! A PDF, read into facts and judged.
//!
//! 1. The file has one certain reading.
//! 2. Every signature is judged: what it covers and what came after, its value, its signer, its time.
//!
//! What does not claim to be a certificate is done with that: its signatures are good or not, and vouch for nothing
//! that its pages say. Of a certificate one signature is the main one, and there is more to ask:
//!
//! 3. It certifies the document and forbids every change.
//! 4. The authority behind it vouches for the issuer; no other signature speaks against it.
//! 5. The seal was in force, is the issuing authority's, and permits the signer.
//! 6. The QR token is signed, and page, face data, metadata and token say the same.
//! 7. It is the document that the registry has on record.

mod level;
mod parts;
mod signatures;

use jiff::Timestamp;

pub(super) use self::parts::unreadable;
use self::{
    parts::judge_certification,
    signatures::{Judged, Signed},
};
use super::{
    agreement::{self, Sayings, Shown, Stated, TypeName},
    checks, code,
    existence::{Basis, FileEvidence, Proof},
    indication::SubIndication,
    material::Material,
    report::{Finding, Input, Outcome, ProvenBy, SignedBy, Subject},
    seal,
    signatures::{ReportedKind, SignatureReport},
    standing::judge_issuer,
    state::RegistryView,
    token::{self, BadToken},
    whole,
};
use crate::{
    catalogue::{FaceJson, FaceJsonError},
    codes::CertificateIdentifier,
    crypto::sha256,
    document::pdf::{
        ATTACHMENT, OpenError,
        open::{LostSignature, Metadata, OpenedPdf, PageFields, open},
    },
    qr::{picture, token::SignedToken},
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
    /// Whether anything in it says that it is a certificate.
    claims: bool,
    repaired: bool,
    encrypted: bool,
    /// What keeps viewers from showing the pages.
    unreadable_pages: Option<OpenError>,
    /// The page on which a signature stands that the form does not list, where there is no other.
    signature_on_page: Option<usize>,
    /// Bytes after the end of the file.
    trailing: usize,
    /// Objects that could show something and that nothing leads to.
    unused: usize,
    revisions: usize,
    /// The file as it was at the end of each revision: how many bytes, and their SHA-256. The last is the whole.
    states: Vec<(usize, [u8; 32])>,
    evidence: FileEvidence,
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

/// What came of a document besides its findings.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) input: Input,
    pub(super) subject: Option<Subject>,
    pub(super) signed_by: Option<SignedBy>,
    pub(super) signatures: Vec<SignatureReport>,
}

impl Document {
    pub(super) fn read(file: &[u8]) -> Document {
        let facts = open(file).map(|opened| Box::new(Facts::of(&opened)));
        let hashed = facts.as_ref().ok().and_then(|facts| facts.states.last());
        Document {
            digest: hashed.map_or_else(|| sha256(file), |(_, digest)| *digest),
            facts,
        }
    }

    /// The identifier that the metadata, the face data or the token name, whichever is readable.
    pub(super) fn identifier(&self) -> Option<&str> {
        let facts = self.facts.as_ref().ok().filter(|facts| facts.claims)?;
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
    ) -> Verdict {
        // 1. Structure.
        let facts = match &self.facts {
            Ok(facts) => facts,
            Err(error) => {
                findings.push(unreadable(error));
                return Verdict {
                    input: Input::Document,
                    subject: None,
                    signed_by: None,
                    signatures: Vec::new(),
                };
            }
        };

        // 2. The signatures, with what the registry proves of their time.
        let record = view.zip(self.identifier()).and_then(|(view, id)| view.of(id));
        let registered = record.and_then(|record| {
            let mut states = facts.states.iter();
            let on_record = |digest: &[u8; 32]| record.documents().any(|document| document.digest == *digest);
            let (length, _) = states.find(|(_, digest)| on_record(digest))?;
            Some((*length, record.issued_at))
        });
        let mut basis = Basis::new(material, now, &facts.evidence);
        if let Some((length, at)) = registered {
            basis.prove_by(Proof {
                at,
                by: ProvenBy::Registry,
                covers: length.saturating_add(1),
                authority: None,
            });
        }
        let judged = facts.judge_signatures(&mut basis);
        if !facts.claims {
            return facts.judge_signed(judged, findings);
        }
        let main = facts.main.and_then(|main| judged.get(main));
        let Some((main, signed)) = main.zip(facts.main.and_then(|main| facts.signatures.get(main))) else {
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
            return Verdict {
                input: Input::Document,
                subject: facts.subject(),
                signed_by: None,
                signatures: reports(judged),
            };
        };
        let subject = facts.subject();
        let (report, times) = (&main.report, main.times);
        findings.push(facts.judge_structure());

        // 3. Certification.
        findings.push(judge_certification(&signed.signature));
        findings.extend(report.findings.iter().cloned());

        // 4. The authority, and other signatures.
        let signed_by = report.signed_by.clone();
        if let Some(anchor) = signed_by.as_ref().and_then(|by| by.anchor) {
            findings.push(judge_issuer(&anchor, subject.as_ref(), material, &times));
        }
        let all: Vec<SignatureReport> = judged.iter().map(|one| one.report.clone()).collect();
        findings.extend(whole::judge_others(&all, facts.judge_lost()));
        findings.extend(whole::judge_document_timestamps(&all));

        // 5. The seal.
        if let Some(certificate) = signed.signer_certificate() {
            let used = seal::Use {
                signer: certificate,
                issuer_code: subject.as_ref().map(|subject| subject.issuer_code.as_str()),
                at: times.proven.or(times.claimed),
                proven: times.proven.unwrap_or(now),
                now,
            };
            // The record says which seal was used; without a record any word of the registry is void.
            let registered = view
                .filter(|_| record.is_some())
                .and_then(|view| view.seal.as_ref());
            findings.push(seal::judge(&used, material, registered, view));
        }

        // 6. QR token, and agreement of everything.
        let when = (times.proven, times.now);
        token::judge_symbol(facts.token.as_ref(), material, when, findings);
        findings.push(agreement::judge(&Sayings {
            metadata: facts.metadata.as_ref().ok().map(|metadata| Stated {
                identifier: metadata.identifier.as_deref(),
                number: metadata.number.as_deref(),
                certificate_type: metadata.certificate_type.as_deref().map(TypeName::Key),
            }),
            face: facts.face.as_ref().map(Result::as_ref),
            face_json: match &facts.face_json {
                Ok(json) => Ok(json.as_deref()),
                Err(error) => Err(error.to_string()),
            },
            page: match &facts.page {
                Ok(page) => Ok(Shown::of_pdf(page)),
                Err(error) => Err(error.to_string()),
            },
            token: facts
                .token
                .as_ref()
                .and_then(|token| token.as_ref().ok())
                .map(SignedToken::unverified),
        }));

        // 7. The registry's own copy.
        let length = registered
            .map(|(length, _)| length)
            .filter(|length| signed.place() <= *length);
        let revisions = report.findings.iter();
        let mut revisions = revisions.filter(|finding| finding.check == checks::REVISIONS.name);
        let is_unchanged = revisions.all(|finding| finding.outcome == Outcome::Passed);
        let whole = facts.states.last().map_or(0, |(length, _)| *length);
        findings.push(whole::judge_record(record.is_some(), whole, length, is_unchanged));
        Verdict {
            input: Input::Document,
            subject,
            signed_by,
            signatures: all,
        }
    }
}

fn reports(judged: Vec<Judged>) -> Vec<SignatureReport> {
    judged.into_iter().map(|one| one.report).collect()
}

impl Facts {
    /// A PDF that does not claim to be a certificate: its signatures, and nothing else.
    fn judge_signed(&self, judged: Vec<Judged>, findings: &mut Vec<Finding>) -> Verdict {
        let signatures = reports(judged);
        let mut signed = signatures
            .iter()
            .filter(|report| report.kind == ReportedKind::Signature);
        let only = match (signed.next(), signed.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        };
        let signed_by = only.and_then(|only| only.signed_by.clone());
        if signatures
            .iter()
            .all(|report| report.kind == ReportedKind::Unrecognised)
        {
            findings.extend(self.judge_lost());
            findings.push(unsigned(
                signatures.is_empty(),
                self.signature_on_page,
                self.trailing,
            ));
        } else {
            findings.push(self.judge_structure());
            findings.extend(only.into_iter().flat_map(|only| only.findings.iter().cloned()));
            findings.push(whole::judge_all(&signatures));
            findings.extend(self.judge_lost());
            findings.extend(whole::judge_document_timestamps(&signatures));
        }
        Verdict {
            input: Input::SignedDocument,
            subject: None,
            signed_by,
            signatures,
        }
    }
}

/// What to say of a file that nobody signed, or where what looks like a signature contradicts itself (ETSI EN 319 102-1
/// §5.2.2).
fn unsigned(is_bare: bool, on_page: Option<usize>, trailing: usize) -> Finding {
    let check = &checks::STRUCTURE;
    if let Some(page) = on_page {
        return Finding::undecided(
            check,
            code::NOT_SIGNED,
            SubIndication::SignedDataNotFound,
            format!("第 {page} 页上有一个签名，但表单的域列表中没有它：多数阅读器看不到它，不能算作文件的签名"),
            format!(
                "page {page} bears a signature that the form does not list as a field: most readers do not see it, and it is \
                 none of the document"
            ),
        )
        .hint(
            "请签名人用另一软件重新签名：其签名软件没有把签名写入表单（AcroForm 的 Fields）",
            "ask the signer to sign with another program: this one left the signature out of the form (AcroForm /Fields)",
        );
    }
    if !is_bare {
        return Finding::failed(
            check,
            code::NOT_SIGNED,
            SubIndication::FormatFailure,
            "文件中没有可识别的签名：签名字典所称的类型与格式互相矛盾",
            "no signature that can be recognised: its dictionary contradicts itself on what it is",
        );
    }
    if trailing > 0 {
        return Finding::undecided(
            check,
            code::NOT_SIGNED,
            SubIndication::SignedDataNotFound,
            format!("文件没有签名；结尾之后另有 {trailing} 字节，签名可能在被截断的部分"),
            format!("no signature; {trailing} bytes follow the end of the file, which may be a signature that was cut off"),
        )
        .hint(
            "请重新取得完整的文件：下载或传输可能中断",
            "get the whole file again: a download or transfer may have been interrupted",
        );
    }
    Finding::undecided(
        check,
        code::NOT_SIGNED,
        SubIndication::SignedDataNotFound,
        "文件没有签名，也不含电子证照的数据",
        "the file bears no signature, nor the data of an electronic certificate",
    )
    .hint(
        "若这是电子证照的打印、扫描、转换件，请取得签发时的 PDF 原件，或将页面上的二维码截图核验",
        "if it is a print, scan or conversion of an electronic certificate, ask for the PDF as issued, or verify a \
         screenshot of its QR code",
    )
}

/// The states of a file at the ends of its revisions, each with and without the line end that may follow, and last
/// the whole.
fn states(opened: &OpenedPdf<'_>) -> Vec<(usize, [u8; 32])> {
    let bytes = opened.bytes();
    let mut ends: Vec<usize> = opened
        .revisions()
        .iter()
        .flat_map(|revision| {
            let rest = bytes.get(revision.end..).unwrap_or_default();
            let line_end = rest
                .iter()
                .take(2)
                .take_while(|byte| matches!(byte, b'\r' | b'\n'));
            revision.end..=revision.end + line_end.count()
        })
        .chain([bytes.len()])
        .collect();
    ends.sort_unstable();
    ends.dedup();
    let digest = |end| Some((end, opened.digest_until(end)?));
    ends.into_iter().filter_map(digest).collect()
}

/// Whether a document says anywhere that it is a certificate: by its metadata, its attached data or its QR code.
/// Somebody who wants to be taken for one says so where a program looks; who takes the words away is no certificate any
/// more, whoever signed.
fn claims(
    opened: &OpenedPdf<'_>,
    metadata: &Result<Metadata, OpenError>,
    page: &Result<PageFields, OpenError>,
) -> bool {
    let by_metadata = metadata.as_ref().is_ok_and(|metadata| {
        let identifier = metadata.identifier.as_deref();
        metadata.number.is_some()
            || metadata.certificate_type.is_some()
            || identifier.is_some_and(|id| CertificateIdentifier::parse(id).is_ok())
    });
    let by_code = page.as_ref().is_ok_and(|page| page.qr.is_some());
    let by_attachment = || {
        let attachments = opened.attachments().unwrap_or_default();
        attachments.iter().any(|attachment| attachment.name == ATTACHMENT)
    };
    by_metadata || by_code || by_attachment()
}

/// The same of a revision that bore a signature which is gone: whoever takes the seal off takes the words with it.
fn claimed_once(opened: &OpenedPdf<'_>, lost: &Result<Vec<LostSignature>, OpenError>) -> bool {
    let lost = lost.as_deref().unwrap_or_default().iter().take(MOST_LOST);
    lost.filter_map(|lost| {
        let revision = opened.revisions().get(lost.revision)?;
        open(opened.bytes().get(..revision.end)?).ok()
    })
    .any(|then| claims(&then, &then.metadata(), &then.page_fields()))
}

/// Most revisions opened anew for signatures that are gone: the newest of them.
const MOST_LOST: usize = 4;

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
        let (metadata, page, face_json) = match &content {
            Ok(content) => (content.metadata(), content.page_fields(), face_json(content)),
            Err(error) => (Err(error.clone()), Err(error.clone()), Err(error.clone())),
        };
        let token = page
            .as_ref()
            .ok()
            .and_then(|page| page.qr.as_ref())
            .map(|qr| token::read_symbol(picture::decode_modules(&qr.dark, qr.width)));
        let evidence = signatures.iter().flat_map(|signed| {
            let pieces = signed.evidence().into_iter();
            pieces.map(|evidence| (signed.place(), evidence))
        });
        let lost = opened.lost_signatures();
        Facts {
            claims: content.is_ok_and(|content| claims(content, &metadata, &page))
                || signed.is_some() && claims(opened, &opened.metadata(), &opened.page_fields())
                || claimed_once(opened, &lost),
            states: states(opened),
            evidence: FileEvidence::gather(opened, evidence),
            repaired: !opened.repairs().is_empty(),
            encrypted: opened.is_encrypted(),
            unreadable_pages: opened.unreadable_pages(),
            // Too much to look through is not looked through: nothing rests on it.
            signature_on_page: if signatures.is_empty() {
                opened.signature_on_page().unwrap_or_default()
            } else {
                None
            },
            trailing: opened.trailing_bytes(),
            unused: opened.unused_content().map_or(0, |found| found.len()),
            revisions: opened.revisions().len(),
            main,
            signatures,
            lost,
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
            Some(face) => Some(Subject::of_face(face)),
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
