//! Certificates as OFD under a national seal.

use std::sync::Arc;

use super::{Laps, Page, PressError, PressParts, SealedDocument, Stages, stamp};
use crate::{
    crypto::SigningIdentity,
    document::ofd::write::{OfdParts, PreparedOfd, Protection},
    profile::Profile,
    seal::ses::SesSeal,
    sign::{ses::SesSigner, timestamp::TimeStampSource},
};

/// The national form of a seal, and who signs under it.
#[derive(Debug, Clone)]
pub struct NationalStamp {
    /// SESeal, its maker verified.
    pub seal: Arc<SesSeal>,
    /// Who signs documents with it.
    pub signer: Arc<SigningIdentity>,
}

/// What all OFDs of one type under one seal share.
#[derive(Debug)]
pub(super) struct OfdPress {
    prepared: PreparedOfd,
    signer: SesSigner,
    stamp: NationalStamp,
}

impl OfdPress {
    pub(super) fn new(parts: &PressParts) -> Result<Self, PressError> {
        let missing = || PressError::NoNationalSeal(parts.seal.code().to_string());
        let stamp = parts.national.clone().ok_or_else(missing)?;
        let signer = SesSigner::new(stamp.seal.bytes(), &stamp.signer)?;
        let prepared = PreparedOfd::new(OfdParts {
            base: parts.typesetter.template.base(),
            seal: &signer.seal_file(),
            seal_center: parts.typesetter.template.seal_center(),
            fonts: &parts.typesetter.fonts,
            protection: Protection::Whole,
        })?;
        Ok(Self {
            prepared,
            signer,
            stamp,
        })
    }

    pub(super) fn stamp(&self) -> &NationalStamp {
        &self.stamp
    }

    pub(super) fn shared_bytes(&self) -> usize {
        self.prepared.shared_bytes()
    }

    pub(super) fn make(
        &self,
        page: &Page<'_>,
        source: Option<&dyn TimeStampSource>,
        stages: &mut Stages,
        laps: &mut Laps,
    ) -> Result<SealedDocument, PressError> {
        let unsealed = self.prepared.write(page.face, page.info, &page.file)?;
        laps.lap(&mut stages.write);
        let sealed = unsealed.seal(|document| {
            laps.lap(&mut stages.finish);
            let sealing = &document.into();
            let value = match source {
                None => self.signer.sign(sealing)?,
                Some(source) => self.signer.sign_stamped(sealing, |value| stamp(source, value))?,
            };
            laps.lap(&mut stages.sign);
            Ok::<_, PressError>(value)
        })?;
        laps.lap(&mut stages.finish);
        Ok(SealedDocument {
            profile: Profile::OfdGb38540,
            bytes: sealed.bytes,
            digest: sealed.digest,
        })
    }
}
