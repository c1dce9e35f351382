//! Everything prepared once for one certificate type under one seal, and the making of documents.
//!
//! A [`Press`] computes and nothing else: no clock, no disk, no network, but what its source of timestamps asks. It may be used from any
//! number of threads at once.

use std::{error::Error, sync::Arc, time::Duration};

use jiff::Timestamp;

use crate::{
    catalogue::{CertificateType, FaceData, FaceJson, Issuer},
    clock::thread_cpu_time,
    codes,
    crypto::{SigningIdentity, sha256},
    document::{
        ofd::write::OfdWriteError,
        pdf::{DocumentInfo, PdfError, PreparedParts, PreparedPdf},
    },
    face::{Face, FaceError, FaceTemplate, FontBook, Printed},
    qr::{
        symbol::{self, SymbolError},
        text,
        token::{self, FaceToken, TokenError},
    },
    seal::{Seal, ses::SesMakeError},
    sign::{
        cms::{CmsSigner, SignError},
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

    /// What a document of a set face says about itself.
    pub(super) fn info<'a>(&'a self, set: &SetFace<'a>, signer_name: &'a str) -> DocumentInfo<'a> {
        DocumentInfo {
            identifier: set.identifier,
            title: &self.certificate_type.name,
            author: &self.issuer.name,
            certificate_type: &self.certificate_type.key,
            number: set.number,
            created: set.at,
            signer_name,
            reason: "电子证照签章",
            location: None,
        }
    }

    pub(super) fn template(&self) -> &FaceTemplate {
        &self.template
    }

    pub(super) fn fonts(&self) -> &Arc<FontBook> {
        &self.fonts
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

/// CPU time of a thread, by laps.
pub(super) struct Watch(Duration);

impl Watch {
    pub(super) fn start() -> Self {
        Self(thread_cpu_time())
    }

    /// Books what was spent since the last lap.
    pub(super) fn lap(&mut self, stage: &mut Duration) {
        let now = thread_cpu_time();
        *stage += now.saturating_sub(self.0);
        self.0 = now;
    }
}

/// A face that is set, with its data and its QR symbol: what documents of every format are made of, so that those of
/// one certificate show one code.
#[derive(Debug)]
pub struct SetFace<'a> {
    /// Its data.
    pub data: &'a FaceData,
    /// National identifier of the certificate.
    pub identifier: &'a str,
    /// Its number.
    pub number: &'a str,
    /// When it is made.
    pub at: Timestamp,
    /// The page.
    pub page: Face,
    /// The data as attached.
    pub json: FaceJson,
    /// The attached bytes.
    pub json_bytes: Vec<u8>,
    /// SHA-256 of them.
    pub face_digest: [u8; 32],
    /// Where the time went so far.
    pub stages: Stages,
}

/// A sealed document that no registry knows of yet: it must not leave the process.
#[derive(Debug)]
pub struct SealedDocument {
    /// The file.
    pub bytes: Vec<u8>,
    /// SHA-256 of it.
    pub digest: [u8; 32],
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
    /// The timestamp authority gave no answer.
    #[error("时间戳服务没有应答 (no answer from the timestamp authority)")]
    NoTimestamp(#[source] Box<dyn Error + Send + Sync>),
    /// Its answer is no timestamp over the signature.
    #[error(transparent)]
    Timestamp(#[from] TimestampError),
    /// It could not be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The document could not be written as OFD.
    #[error(transparent)]
    Ofd(#[from] OfdWriteError),
    /// It could not be sealed with the national seal.
    #[error(transparent)]
    Ses(#[from] SesMakeError),
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
    prepared: PreparedPdf,
    identity: Arc<SigningIdentity>,
    signer: CmsSigner,
    token_signer: Arc<SigningIdentity>,
    host: String,
    timestamps: Option<Arc<dyn TimeStampSource>>,
    /// Room for the signature, in bytes.
    reserve: usize,
}

/// Room for the head of the attribute that holds a token, and for what a token may grow by: numbers of other
/// lengths, the names in a renewed certificate.
const SPARE: usize = 512;

/// A timestamp over bytes.
pub(super) fn stamp(source: &dyn TimeStampSource, bytes: &[u8]) -> Result<Vec<u8>, PressError> {
    let request = Request::new(Imprint::sha256(&sha256(bytes)))?;
    let answer = source.ask(&request.to_der()).map_err(PressError::NoTimestamp)?;
    Ok(request.accept(&answer)?.der().to_vec())
}

impl Press {
    /// Prepares what all its documents share.
    pub fn new(parts: PressParts) -> Result<Self, PressError> {
        let PressParts {
            typesetter,
            seal,
            signer,
            token_signer,
            host,
            timestamps,
        } = parts;
        let prepared = PreparedPdf::new(PreparedParts {
            base: typesetter.template.base(),
            seal: seal.impression(),
            seal_center: typesetter.template.seal_center(),
            fonts: &typesetter.fonts,
        })?;
        let cms_signer = CmsSigner::new(&signer)?;
        let mut reserve = cms_signer.reserve();
        if let Some(source) = &timestamps {
            // One over nothing tells how long they are.
            reserve += stamp(&**source, &[])?.len() + SPARE;
        }
        Ok(Self {
            signer: cms_signer,
            timestamps,
            reserve,
            identity: signer,
            typesetter,
            seal,
            prepared,
            token_signer,
            host,
        })
    }

    /// The layout.
    pub fn typesetter(&self) -> &Typesetter {
        &self.typesetter
    }

    /// Bytes of a document that all its documents share.
    pub fn shared_bytes(&self) -> usize {
        self.prepared.prefix().len()
    }

    /// The seal it applies.
    pub fn seal(&self) -> &Seal {
        &self.seal
    }

    /// DER of the certificate that signs.
    pub fn signer_certificate(&self) -> &[u8] {
        &self.identity.certificate
    }

    /// Who signs.
    pub fn signer(&self) -> &Arc<SigningIdentity> {
        &self.identity
    }

    /// Who signs QR tokens.
    pub fn token_signer(&self) -> &Arc<SigningIdentity> {
        &self.token_signer
    }

    /// Sets the face: the page, the data beside it, the token that binds both to the printed code.
    pub fn set<'a>(
        &self,
        face: &'a FaceData,
        identifier: &'a str,
        number: &'a str,
        now: Timestamp,
    ) -> Result<SetFace<'a>, PressError> {
        let mut stages = Stages::default();
        let mut watch = Watch::start();

        // 1. The page without its QR symbol.
        let issuer = &self.typesetter.issuer;
        let mut page = self
            .typesetter
            .lay_out(face, identifier, number)
            .map_err(PressError::Face)?;
        watch.lap(&mut stages.layout);

        // 2. The face data, and the token that binds them to the printed code.
        let json = face.face_json(identifier, number, issuer);
        let json_bytes = json.to_bytes();
        let masked = face.holder_code.as_deref().map(codes::mask_code);
        let claims = FaceToken::of_face(face, identifier, number, &issuer.code, masked, &json_bytes, now);
        let link = text::encode(&self.host, &token::sign(&claims, &self.token_signer)?);
        let symbol = symbol::encode(&link)?;
        page.place_qr(symbol.dark, symbol.width)
            .map_err(|error| PressError::Face(vec![error]))?;
        watch.lap(&mut stages.qr);
        Ok(SetFace {
            data: face,
            identifier,
            number,
            at: now,
            page,
            json,
            json_bytes,
            face_digest: claims.face_digest,
            stages,
        })
    }

    /// Makes one sealed document.
    pub fn make(
        &self,
        face: &FaceData,
        identifier: &str,
        number: &str,
        now: Timestamp,
    ) -> Result<SealedDocument, PressError> {
        self.seal_set(&self.set(face, identifier, number, now)?)
    }

    /// Makes the sealed document of a face that is set.
    pub fn seal_set(&self, set: &SetFace<'_>) -> Result<SealedDocument, PressError> {
        let mut stages = set.stages;
        let mut watch = Watch::start();

        // 1. The document, with its digest.
        let info = self.typesetter.info(set, self.seal.owner());
        let unsigned = self
            .prepared
            .write(&set.page, &info, &set.json_bytes, self.reserve)?;
        watch.lap(&mut stages.write);

        // 2. The signature, in its place.
        let digest = unsigned.digest();
        let cms = match &self.timestamps {
            None => self.signer.sign(&digest)?,
            Some(source) => self
                .signer
                .sign_stamped(&digest, |signature| stamp(&**source, signature))?,
        };
        watch.lap(&mut stages.sign);
        let (bytes, whole) = unsigned.embed_and_digest(&cms)?;
        watch.lap(&mut stages.finish);
        Ok(SealedDocument {
            bytes,
            digest: whole,
            face_digest: set.face_digest,
            stages,
        })
    }
}
