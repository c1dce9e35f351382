//! Certificates as PDF: PDF/A-3 with a CMS signature.

use super::{Laps, Page, PressError, PressParts, SealedDocument, Stages, stamp};
use crate::{
    document::pdf::{PreparedParts, PreparedPdf},
    profile::Profile,
    sign::{cms::CmsSigner, timestamp::TimeStampSource},
};

/// Room for the head of the attribute that holds a token, and for what a token may grow by: numbers of other
/// lengths, the names in a renewed certificate.
const SPARE: usize = 512;

/// What all PDFs of one type under one seal share.
#[derive(Debug)]
pub(super) struct PdfPress {
    prepared: PreparedPdf,
    signer: CmsSigner,
    /// Room for the signature, in bytes.
    reserve: usize,
}

impl PdfPress {
    pub(super) fn new(parts: &PressParts) -> Result<Self, PressError> {
        let prepared = PreparedPdf::new(PreparedParts {
            base: parts.typesetter.template.base(),
            seal: parts.seal.impression(),
            seal_center: parts.typesetter.template.seal_center(),
            fonts: &parts.typesetter.fonts,
        })?;
        let signer = CmsSigner::new(&parts.signer)?;
        let mut reserve = signer.reserve();
        if let Some(source) = parts.timestamps.as_deref() {
            // One over nothing tells how long they are.
            reserve += stamp(source, &[])?.len() + SPARE;
        }
        Ok(Self {
            prepared,
            signer,
            reserve,
        })
    }

    pub(super) fn shared_bytes(&self) -> usize {
        self.prepared.prefix().len()
    }

    pub(super) fn make(
        &self,
        page: &Page<'_>,
        source: Option<&dyn TimeStampSource>,
        stages: &mut Stages,
        laps: &mut Laps,
    ) -> Result<SealedDocument, PressError> {
        let unsigned = self
            .prepared
            .write(page.face, page.info, page.file.bytes, self.reserve)?;
        laps.lap(&mut stages.write);
        let digest = unsigned.digest();
        let cms = match source {
            None => self.signer.sign(&digest)?,
            Some(source) => self
                .signer
                .sign_stamped(&digest, |signature| stamp(source, signature))?,
        };
        laps.lap(&mut stages.sign);
        let (bytes, digest) = unsigned.embed_and_digest(&cms)?;
        laps.lap(&mut stages.finish);
        Ok(SealedDocument {
            profile: Profile::PdfPades,
            bytes,
            digest,
        })
    }
}
