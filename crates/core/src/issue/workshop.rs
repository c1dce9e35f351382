//! What faces are set with.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use super::{IssueError, press::Typesetter};
use crate::{
    catalogue::{Catalogue, CertificateType, Issuer},
    face::{FaceTemplate, FontBook},
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
        let template = FaceTemplate::load(
            certificate_type,
            &self.catalogue.folder(&certificate_type.key),
            &self.layouts,
            &self.fonts,
        )
        .map_err(IssueError::Template)?;
        Ok(Typesetter::new(
            Arc::clone(certificate_type),
            self.issuer(certificate_type)?.clone(),
            template,
            Arc::clone(&self.fonts),
        ))
    }
}
