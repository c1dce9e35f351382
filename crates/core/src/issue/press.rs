//! Everything prepared once for one certificate type under one seal, and the making of documents.
//!
//! A [`Press`] computes and nothing else: no clock, no disk, no network, but what its source of timestamps asks. It may be used from any
//! number of threads at once.
//!
//! ```text
//!  face data ──▶ page, face.json, QR ──┬──▶ pdf: PDF/A-3, CMS
//!                                      └──▶ ofd: OFD, SES_Signature
//! ```
//!
//! A type says under which profiles it is issued; all documents of a certificate show one page.

use std::{error::Error, sync::Arc, time::Duration};

use jiff::Timestamp;

mod ofd;
mod pdf;

pub use self::ofd::NationalStamp;
use self::{ofd::OfdPress, pdf::PdfPress};
use crate::{
    catalogue::{CertificateType, FaceData, Issuer},
    clock::thread_cpu_time,
    codes,
    crypto::{SigningIdentity, sha256},
    document::{
        ofd::write::{FaceFile, OfdWriteError},
        pdf::{DocumentInfo, PdfError},
    },
    face::{Face, FaceError, FaceTemplate, FontBook, Printed},
    profile::Profile,
    qr::{
        symbol::{self, SymbolError},
        text,
        token::{self, FaceToken, TokenError},
    },
    registry::{RecordedDocument, document_key},
    seal::{Seal, ses::SesMakeError},
    sign::{
        cms::SignError,
        timestamp::{Imprint, Request, TimeStampSource, TimestampError},
    },
};

/// The layout of one certificate type for one issuer: enough to set a face, not to seal it.
#[derive(Debug)]
pub struct Typesetter {
    certificate_type: Arc<CertificateType>,
    issuer: Issuer,
    template: FaceTemplate,
    fonts: Arc<FontBook>,
}

impl Typesetter {
    /// Binds a type's template to the issuer that will be printed on it.
    pub fn new(
        certificate_type: Arc<CertificateType>,
        issuer: Issuer,
        template: FaceTemplate,
        fonts: Arc<FontBook>,
    ) -> Self {
        Self {
            certificate_type,
            issuer,
            template,
            fonts,
        }
    }

    /// The certificate type it sets.
    pub fn certificate_type(&self) -> &Arc<CertificateType> {
        &self.certificate_type
    }

    /// Who issues.
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Sets the face; every field that cannot be printed is an error of its own.
    pub fn lay_out(&self, face: &FaceData, identifier: &str, number: &str) -> Result<Face, Vec<FaceError>> {
        let printed = Printed {
            identifier,
            number,
            issuer_name: &self.issuer.name,
        };
        self.template.lay_out(face, &printed, &self.fonts)
    }
}

/// CPU time of one document by stage.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stages {
    /// Setting the face.
    pub layout: Duration,
    /// Face data, signed token and QR symbol.
    pub qr: Duration,
    /// Writing the document with its digest.
    pub write: Duration,
    /// Signing it.
    pub sign: Duration,
    /// Embedding the signature, digest of the whole.
    pub finish: Duration,
}

impl Stages {
    /// Adds another document's times.
    pub fn add(&mut self, other: &Stages) {
        self.layout += other.layout;
        self.qr += other.qr;
        self.write += other.write;
        self.sign += other.sign;
        self.finish += other.finish;
    }

    /// All of it.
    pub fn total(&self) -> Duration {
        self.layout + self.qr + self.write + self.sign + self.finish
    }
}

/// A sealed document.
#[derive(Debug)]
pub struct SealedDocument {
    /// In which form.
    pub profile: Profile,
    /// The file.
    pub bytes: Vec<u8>,
    /// SHA-256 of it.
    pub digest: [u8; 32],
}

/// A sealed certificate that no registry knows of yet: it must not leave the process.
#[derive(Debug)]
pub struct SealedCertificate {
    /// Its document; of several the one that the type names first.
    pub document: SealedDocument,
    /// Those under further profiles.
    pub further: Vec<SealedDocument>,
    /// SHA-256 of the attached face data.
    pub face_digest: [u8; 32],
    /// Where the time went.
    pub stages: Stages,
}

/// Why a document could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PressError {
    /// Fields that cannot be printed.
    #[error("{}", list(.0))]
    Face(Vec<FaceError>),
    /// The document could not be written.
    #[error(transparent)]
    Pdf(#[from] PdfError),
    /// The OFD could not be written.
    #[error(transparent)]
    Ofd(#[from] OfdWriteError),
    /// The OFD could not be sealed.
    #[error("OFD 无法签章：{0} (the OFD cannot be sealed)")]
    Ses(#[from] SesMakeError),
    /// The type is issued as OFD, and there is no national seal at hand.
    #[error("印章 {0} 没有国密印章文件 (the seal has no national form)")]
    NoNationalSeal(String),
    /// A type without profiles, which no catalogue holds.
    #[error("证照类型没有 profiles (the type has no profile)")]
    NoProfile,
    /// The timestamp authority gave no answer.
    #[error("时间戳服务没有应答 (no answer from the timestamp authority)")]
    NoTimestamp(#[source] Box<dyn Error + Send + Sync>),
    /// Its answer is no timestamp over the signature.
    #[error(transparent)]
    Timestamp(#[from] TimestampError),
    /// It could not be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The QR token could not be made.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The QR symbol could not be made.
    #[error(transparent)]
    Symbol(#[from] SymbolError),
}

fn list(errors: &[FaceError]) -> String {
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    texts.join("；")
}

/// What a press is put together from.
#[derive(Debug)]
pub struct PressParts {
    /// The layout.
    pub typesetter: Typesetter,
    /// The seal, checked and permitting the signer.
    pub seal: Arc<Seal>,
    /// Who signs documents.
    pub signer: Arc<SigningIdentity>,
    /// The seal's national form with who signs under it, checked; for types that are issued as OFD.
    pub national: Option<NationalStamp>,
    /// Who signs QR tokens.
    pub token_signer: Arc<SigningIdentity>,
    /// Host of the verification page.
    pub host: String,
    /// Where signature timestamps come from; without, there are none.
    pub timestamps: Option<Arc<dyn TimeStampSource>>,
}

/// One certificate type under one seal, ready to make documents.
#[derive(Debug)]
pub struct Press {
    typesetter: Typesetter,
    seal: Arc<Seal>,
    signer: Arc<SigningIdentity>,
    /// The forms of its type, in its order.
    forms: Vec<Form>,
    token_signer: Arc<SigningIdentity>,
    host: String,
    timestamps: Option<Arc<dyn TimeStampSource>>,
}

#[derive(Debug)]
enum Form {
    Pdf(PdfPress),
    Ofd(OfdPress),
}

/// One certificate as every form shows it.
struct Page<'a> {
    face: &'a Face,
    info: &'a DocumentInfo<'a>,
    file: FaceFile<'a>,
}

/// A timestamp over bytes.
fn stamp(source: &dyn TimeStampSource, bytes: &[u8]) -> Result<Vec<u8>, PressError> {
    let request = Request::new(Imprint::sha256(&sha256(bytes)))?;
    let answer = source.ask(&request.to_der()).map_err(PressError::NoTimestamp)?;
    Ok(request.accept(&answer)?.der().to_vec())
}

/// Adds up the CPU time of stages, one after the other.
struct Laps(Duration);

impl Laps {
    fn lap(&mut self, stage: &mut Duration) {
        let now = thread_cpu_time();
        *stage += now.saturating_sub(self.0);
        self.0 = now;
    }
}

impl SealedCertificate {
    /// All its documents, the first one first.
    pub fn documents(&self) -> impl Iterator<Item = &SealedDocument> {
        std::iter::once(&self.document).chain(&self.further)
    }

    /// How each will be recorded.
    pub(super) fn recorded(
        &self,
        certificate_type: &str,
        identifier: &str,
    ) -> (RecordedDocument, Vec<RecordedDocument>) {
        let recorded = |document: &SealedDocument| RecordedDocument {
            profile: document.profile,
            digest: document.digest,
            size: document.bytes.len() as u64,
            key: document_key(certificate_type, identifier, &document.digest, document.profile),
        };
        (
            recorded(&self.document),
            self.further.iter().map(recorded).collect(),
        )
    }

    /// The files.
    pub(crate) fn into_files(self) -> impl Iterator<Item = Vec<u8>> {
        std::iter::once(self.document)
            .chain(self.further)
            .map(|document| document.bytes)
    }
}

impl Press {
    /// Prepares what all its documents share.
    pub fn new(parts: PressParts) -> Result<Self, PressError> {
        let of_type = &parts.typesetter.certificate_type;
        let mut forms = Vec::with_capacity(of_type.profiles.len());
        for profile in &of_type.profiles {
            forms.push(match profile {
                Profile::PdfPades => Form::Pdf(PdfPress::new(&parts)?),
                Profile::OfdGb38540 => Form::Ofd(OfdPress::new(&parts)?),
            });
        }
        Ok(Self {
            typesetter: parts.typesetter,
            seal: parts.seal,
            signer: parts.signer,
            forms,
            token_signer: parts.token_signer,
            host: parts.host,
            timestamps: parts.timestamps,
        })
    }

    /// The layout.
    pub fn typesetter(&self) -> &Typesetter {
        &self.typesetter
    }

    /// Bytes of a document of its first form that all its documents share.
    pub fn shared_bytes(&self) -> usize {
        match self.forms.first() {
            Some(Form::Pdf(pdf)) => pdf.shared_bytes(),
            Some(Form::Ofd(ofd)) => ofd.shared_bytes(),
            None => 0,
        }
    }

    /// The seal it applies.
    pub fn seal(&self) -> &Seal {
        &self.seal
    }

    /// Who signs with it where the document is a PDF.
    pub fn signer(&self) -> &Arc<SigningIdentity> {
        &self.signer
    }

    /// Its national form, and who signs under it, where documents are OFD.
    pub fn national(&self) -> Option<&NationalStamp> {
        self.forms.iter().find_map(|form| match form {
            Form::Ofd(ofd) => Some(ofd.stamp()),
            Form::Pdf(_) => None,
        })
    }

    /// Whether it makes documents of this form.
    pub fn makes(&self, profile: Profile) -> bool {
        self.typesetter.certificate_type.profiles.contains(&profile)
    }

    /// Who signs QR tokens.
    pub fn token_signer(&self) -> &Arc<SigningIdentity> {
        &self.token_signer
    }

    /// Makes one certificate, sealed.
    pub fn make(
        &self,
        face: &FaceData,
        identifier: &str,
        number: &str,
        now: Timestamp,
    ) -> Result<SealedCertificate, PressError> {
        let mut stages = Stages::default();
        let mut laps = Laps(thread_cpu_time());

        // 1. The page without its QR symbol.
        let issuer = &self.typesetter.issuer;
        let mut page = self
            .typesetter
            .lay_out(face, identifier, number)
            .map_err(PressError::Face)?;
        laps.lap(&mut stages.layout);

        // 2. The face data, and the token that binds them to the printed code.
        let json = face.face_json(identifier, number, issuer);
        let bytes = json.to_bytes();
        let masked = face.holder_code.as_deref().map(codes::mask_code);
        let claims = FaceToken::of_face(face, identifier, number, &issuer.code, masked, &bytes, now);
        let link = text::encode(&self.host, &token::sign(&claims, &self.token_signer)?);
        let symbol = symbol::encode(&link)?;
        page.place_qr(symbol.dark, symbol.width)
            .map_err(|error| PressError::Face(vec![error]))?;
        laps.lap(&mut stages.qr);

        // 3. A document of each form, sealed.
        let info = DocumentInfo {
            identifier,
            title: &self.typesetter.certificate_type.name,
            author: &issuer.name,
            certificate_type: &self.typesetter.certificate_type.key,
            number,
            created: now,
            signer_name: self.seal.owner(),
            reason: "电子证照签章",
            location: None,
        };
        let page = Page {
            face: &page,
            info: &info,
            file: FaceFile {
                data: face,
                json: &json,
                bytes: &bytes,
            },
        };
        let source = self.timestamps.as_deref();
        let mut documents = Vec::with_capacity(self.forms.len());
        for form in &self.forms {
            documents.push(match form {
                Form::Pdf(pdf) => pdf.make(&page, source, &mut stages, &mut laps)?,
                Form::Ofd(ofd) => ofd.make(&page, source, &mut stages, &mut laps)?,
            });
        }
        let mut documents = documents.into_iter();
        Ok(SealedCertificate {
            document: documents.next().ok_or(PressError::NoProfile)?,
            further: documents.collect(),
            face_digest: claims.face_digest,
            stages,
        })
    }
}
