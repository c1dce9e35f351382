//! The forms in which a certificate is issued: file format and kind of signature together.

use serde::{Deserialize, Serialize};

/// File format and signature profile of a document. A certificate may have a document of each: one face, one
/// identifier, one entry in the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Profile {
    /// PDF/A-3 (ISO 19005-3) with a PAdES B-B signature (ETSI EN 319 142-1), or B-T where a timestamp authority is set.
    PdfPades,
    /// OFD (GB/T 33190-2016) under a seal of GB/T 38540-2020, with SM2 and SM3.
    OfdGb38540,
}

impl Profile {
    /// All there are, in the order in which they are offered.
    pub const ALL: [Self; 2] = [Self::PdfPades, Self::OfdGb38540];

    /// Its name in data, as in `profiles` of a certificate type.
    pub fn key(self) -> &'static str {
        match self {
            Self::PdfPades => "pdf-pades",
            Self::OfdGb38540 => "ofd-gb38540",
        }
    }

    /// Extension of its files, without the point.
    pub fn extension(self) -> &'static str {
        match self {
            Self::PdfPades => "pdf",
            Self::OfdGb38540 => "ofd",
        }
    }

    /// Media type of its files. That of OFD is registered with no one; readers in use go by this one.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::PdfPades => "application/pdf",
            Self::OfdGb38540 => "application/ofd",
        }
    }

    /// The one whose files have this extension, in any case.
    pub fn of_extension(extension: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|profile| profile.extension().eq_ignore_ascii_case(extension))
    }
}
