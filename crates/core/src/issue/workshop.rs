//! What faces are set with.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use super::{IssueError, press::Typesetter};
use crate::{
    catalogue::{Catalogue, CertificateType, Issuer},
    face::{EmblemArt, FaceTemplate, FontBook},
};

/// What faces are set with.
#[derive(Debug, Clone)]
pub struct Workshop {
    /// Certificate types.
    pub catalogue: Arc<Catalogue>,
    /// Family layouts.
    pub layouts: PathBuf,
    /// Fonts.
    pub fonts: Arc<FontBook>,
    /// Issuers by department key.
    pub issuers: BTreeMap<String, Issuer>,
    /// Art of the national emblem, where the installation has it.
    pub emblem: Option<EmblemArt>,
}

impl Workshop {
    /// Who issues certificates of a type.
    pub fn issuer(&self, certificate_type: &CertificateType) -> Result<&Issuer, IssueError> {
        self.issuers
            .get(&certificate_type.department)
            .ok_or_else(|| IssueError::NoIssuer(certificate_type.department.clone()))
    }

    /// The layout of a type, for setting faces without sealing them.
    pub fn typesetter(&self, certificate_type: &Arc<CertificateType>) -> Result<Typesetter, IssueError> {
        let mut template = FaceTemplate::load(
            certificate_type,
            &self.catalogue.folder_of(certificate_type),
            &self.layouts,
            &self.fonts,
        )
        .map_err(IssueError::Template)?;
        if let Some(art) = &self.emblem {
            template = template.with_emblem(art);
        }
        Ok(Typesetter::new(
            Arc::clone(certificate_type),
            self.issuer(certificate_type)?.clone(),
            template,
            Arc::clone(&self.fonts),
        ))
    }
}
