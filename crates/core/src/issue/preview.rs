//! Faces with sample values, to look at: not sealed, not registered, and saying so.

use std::sync::Arc;

use jiff::Timestamp;

use super::{IssueError, Workshop, identifier_for, press::PressError};
use crate::{
    catalogue::CertificateType,
    clock::civil_date,
    crypto::sha256,
    document::pdf::{DocumentInfo, PreparedParts, PreparedPdf},
    qr::{symbol, text},
    seal::impression::{self, ImpressionSpec},
};

/// Grey instead of the red of a seal.
const INK: [u8; 3] = [150, 150, 150];
/// Length of a usual token: the symbol gets its usual size.
const TOKEN_BYTES: usize = 330;

/// A PDF of the type's face with its sample values. The place of the signature is empty, the impression
/// grey and marked as a sample, and the QR code leads nowhere.
pub fn preview(
    workshop: &Workshop,
    certificate_type: &Arc<CertificateType>,
    now: Timestamp,
) -> Result<Vec<u8>, IssueError> {
    let typesetter = workshop.typesetter(certificate_type)?;
    let issuer = typesetter.issuer();
    let face = certificate_type
        .check(&certificate_type.sample(), civil_date(now))
        .map_err(IssueError::Fields)?;
    let number = face.number.clone().unwrap_or_default();
    let identifier = identifier_for(certificate_type, issuer, &number, None)?;
    let mut page = typesetter
        .lay_out(&face, &identifier, &number)
        .map_err(PressError::Face)?;

    let filler: Vec<u8> = (0..TOKEN_BYTES).map(|at| sha256(&at.to_be_bytes())[0]).collect();
    let link = text::encode("sample.invalid", &filler);
    let code = symbol::encode(&link).map_err(PressError::from)?;
    page.place_qr(code.dark, code.width)
        .map_err(|error| PressError::Face(vec![error]))?;

    let mut spec = ImpressionSpec::department(&issuer.name).with_purpose("样张无效");
    spec.ink = INK;
    let seal = impression::draw(&spec, &workshop.fonts)?;
    let prepared = PreparedPdf::new(PreparedParts {
        base: &page.base,
        seal: &seal,
        seal_center: page.seal_center,
        fonts: &workshop.fonts,
    })
    .map_err(PressError::from)?;
    let info = DocumentInfo {
        identifier: &identifier,
        title: &certificate_type.name,
        author: &issuer.name,
        certificate_type: &certificate_type.key,
        number: &number,
        created: now,
        signer_name: "样张",
        reason: "样张，未签章",
        location: None,
    };
    let json = face.to_json(&identifier, &number, issuer);
    let unsigned = prepared.write(&page, &info, &json, 1).map_err(PressError::from)?;
    Ok(unsigned.embed(&[]).map_err(PressError::from)?)
}
