//! File or QR in, verdict out.
//!
//! A foreign or broken file is a finding in the [`Report`], never an `Err`: errors are kept for our
//! own side failing to work. The total is a function of the list of checks, so that leaving a check
//! out can never raise the verdict.
//!
//! ```text
//!  bytes ──Examined::of──▶ Examined ──identifier──▶ (registry) ──▶ RegistryView
//!                             │                                        │
//!                             └────────────▶ Verifier::judge ◀─────────┘
//!                                                │
//!                                             Report: genuine? in force? why?
//! ```
//!
//! Two steps, because the registry can only be asked once the identifier is read, and asking waits
//! while judging computes. [`Verifier::verify_any`] does both where no registry is at hand.

use std::fmt;

use jiff::Timestamp;

mod agreement;
mod algorithms;
mod checks;
pub(crate) mod code;
mod document;
mod etsi;
mod examine;
mod existence;
mod indication;
mod markup;
mod material;
mod national_seal;
mod ofd;
mod page;
mod report;
mod seal;
mod seal_file;
mod seed_values;
mod signatures;
mod signer;
mod signing_time;
mod standing;
mod state;
pub(crate) mod text;
mod timestamp;
mod token;
mod value;
mod whole;

pub use examine::Examined;
pub use indication::{Indication, SubIndication};
pub use material::{MaterialError, Part, TrustMaterial};
pub use page::PAGE_STYLE;
pub use report::{Bearing, Conclusion, Finding, Force, Input, Outcome, ProvenBy, Report, SignedBy, Subject};
pub use signatures::{Level, ReportedChange, ReportedKind, SignatureReport, TimestampReport};
pub use state::RegistryView;
pub use text::Language;

use self::{examine::What, material::Material};

/// Decides from untrusted bytes. Cheap to clone; holds no key that signs.
#[derive(Clone)]
pub struct Verifier {
    material: Material,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").finish_non_exhaustive()
    }
}

/// What one verification is told besides its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Time of verification.
    pub now: Timestamp,
}

impl Verifier {
    /// Takes the material a verification rests on.
    pub fn new(material: TrustMaterial) -> Result<Verifier, MaterialError> {
        Ok(Verifier {
            material: Material::new(material)?,
        })
    }

    /// Judges what was examined, with what the registry said if it was asked.
    pub fn judge(&self, examined: &Examined, options: &Options, registry: Option<&RegistryView>) -> Report {
        let now = options.now;
        let mut findings = Vec::new();
        let mut signatures = Vec::new();
        let mut required = None;
        let (input, subject, signed_by) = match &examined.what {
            What::Unreadable { input, finding } => {
                findings.push((**finding).clone());
                let (input, as_of) = (*input, registry.map(|view| view.as_of));
                return Report::conclude(input, findings, Force::Unknown, now, as_of, None, None);
            }
            What::Identifier(_) => {
                findings.push(
                    Finding::undecided(
                        &checks::INTAKE,
                        code::IDENTIFIER_ONLY,
                        SubIndication::SignedDataNotFound,
                        "只有证照标识，没有签名，不能证明真伪",
                        "a certificate identifier alone is not signed and proves nothing",
                    )
                    .hint(
                        "请出示证照文件或完整二维码",
                        "ask for the document or the full QR code",
                    ),
                );
                (Input::Identifier, None, None)
            }
            What::Document(document) => {
                let judged = document.judge(&self.material, now, registry, &mut findings);
                signatures = judged.signatures;
                (judged.input, judged.subject, judged.signed_by)
            }
            What::Ofd(document) => {
                let judged = document.judge(&self.material, now, registry, &mut findings);
                signatures = judged.signatures;
                required = document.required();
                (judged.input, judged.subject, judged.signed_by)
            }
            What::Part(part) => {
                let signed_by = part.judge(&self.material, now, &mut findings);
                let input = if part.is_seal() {
                    Input::Seal
                } else {
                    Input::Unknown
                };
                (input, None, signed_by)
            }
            What::Token(signed) => {
                let token = signed.unverified();
                let record = registry.and_then(|view| view.of(&token.identifier));
                let proven = record
                    .filter(|record| record.face_digest == token.face_digest)
                    .map(|record| record.issued_at);
                let signed_by = token::judge(signed, &self.material, proven, now, &mut findings);
                if let Some(record) = record {
                    findings.push(token::judge_record(token, record));
                }
                (
                    Input::Token,
                    Some(Subject::of_token(signed.unverified())),
                    signed_by,
                )
            }
        };
        let identifier = examined.identifier();
        let in_force = match input {
            Input::SignedDocument | Input::Seal => Force::NotApplicable,
            _ => state::judge(subject.as_ref(), identifier, now, registry, &mut findings),
        };
        let as_of = registry.map(|view| view.as_of);
        Report {
            signatures,
            document_digest: examined.document_digest(),
            ..Report::conclude_with(
                required.unwrap_or(checks::required(input)),
                input,
                findings,
                in_force,
                now,
                as_of,
                subject,
                signed_by,
            )
        }
    }

    /// Verifies a sealed document.
    pub fn verify_file(&self, file: &[u8], options: &Options, registry: Option<&RegistryView>) -> Report {
        self.judge(&Examined::of_file(file), options, registry)
    }

    /// Verifies the text of a QR code, or a certificate identifier.
    pub fn verify_qr_text(&self, text: &str, options: &Options, registry: Option<&RegistryView>) -> Report {
        self.judge(&Examined::of_qr_text(text), options, registry)
    }

    /// Verifies whatever it is: a document, a picture of a QR code, or a text.
    pub fn verify_any(&self, bytes: &[u8], options: &Options, registry: Option<&RegistryView>) -> Report {
        self.judge(&Examined::of(bytes), options, registry)
    }
}

#[cfg(test)]
mod tests;
