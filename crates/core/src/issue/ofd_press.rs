//! One certificate type under one national seal, ready to make OFD documents (GB/T 33190, GB/T 38540).
//!
//! Beside a [`Press`](super::press::Press), which sets the face: both make their document of the same
//! [`SetFace`].

use std::sync::Arc;

use super::press::{PressError, SealedDocument, SetFace, Typesetter, Watch, stamp};
use crate::{
    crypto::SigningIdentity,
    document::ofd::write::{FaceFile, OfdParts, PreparedOfd, Protection},
    sign::{ses::SesSigner, timestamp::TimeStampSource},
};

/// What it is put together from.
#[derive(Debug)]
pub struct OfdPressParts<'a> {
    /// The layout.
    pub typesetter: &'a Typesetter,
    /// The national seal, verified and permitting the signer.
    pub seal: &'a [u8],
    /// Who signs documents, over SM2.
    pub signer: &'a SigningIdentity,
    /// Whether further seals may follow.
    pub protection: Protection,
    /// Where signature timestamps come from; without, there are none.
    pub timestamps: Option<Arc<dyn TimeStampSource>>,
}

/// One certificate type under one national seal.
#[derive(Debug)]
pub struct OfdPress {
    prepared: PreparedOfd,
    signer: SesSigner,
    timestamps: Option<Arc<dyn TimeStampSource>>,
}

impl OfdPress {
    /// Prepares what all its documents share.
    pub fn new(parts: OfdPressParts<'_>) -> Result<Self, PressError> {
        let signer = SesSigner::new(parts.seal, parts.signer)?;
        let template = parts.typesetter.template();
        let prepared = PreparedOfd::new(OfdParts {
            base: template.base(),
            seal: &signer.seal_file(),
            seal_center: template.seal_center(),
            fonts: parts.typesetter.fonts(),
            protection: parts.protection,
        })?;
        Ok(Self {
            prepared,
            signer,
            timestamps: parts.timestamps,
        })
    }

    /// The seal it applies, and who signs.
    pub fn signer(&self) -> &SesSigner {
        &self.signer
    }

    /// Bytes of a document that all its documents share.
    pub fn shared_bytes(&self) -> usize {
        self.prepared.shared_bytes()
    }

    /// Makes the sealed document of a face that the typesetter's press has set.
    pub fn seal_set(&self, typesetter: &Typesetter, set: &SetFace<'_>) -> Result<SealedDocument, PressError> {
        let mut stages = set.stages;
        let mut watch = Watch::start();
        let info = typesetter.info(set, &typesetter.issuer().name);
        let file = FaceFile {
            data: set.data,
            json: &set.json,
            bytes: &set.json_bytes,
        };
        let unsealed = self.prepared.write(&set.page, &info, &file)?;
        watch.lap(&mut stages.write);
        let sealed = unsealed.seal(|document| {
            let sealing = &document.into();
            watch.lap(&mut stages.finish);
            let value = match &self.timestamps {
                None => self.signer.sign(sealing)?,
                Some(source) => self
                    .signer
                    .sign_stamped(sealing, |signature| stamp(&**source, signature))?,
            };
            watch.lap(&mut stages.sign);
            Ok::<_, PressError>(value)
        })?;
        watch.lap(&mut stages.finish);
        Ok(SealedDocument {
            bytes: sealed.bytes,
            digest: sealed.digest,
            face_digest: set.face_digest,
            stages,
        })
    }
}
