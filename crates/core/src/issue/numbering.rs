//! Numbers for certificates that have none, and identifiers for all.

use futures::lock::Mutex;

use super::IssueError;
use crate::{
    catalogue::{CertificateType, FaceData, Issuer},
    codes::{CertificateIdentifier, CitizenId, CodeError},
    crypto::sha256,
    registry::{CertificateRecord, Registry},
};

/// Gives out numbers.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    /// Held by whoever looks for the end of a run of numbers that are taken.
    looking: Mutex<()>,
}

impl Numbering {
    /// The next free number of a type. A crash or a refusal afterwards leaves a gap.
    pub(super) async fn next(
        &self,
        registry: &dyn Registry,
        certificate_type: &CertificateType,
        issuer: &Issuer,
        face: &FaceData,
    ) -> Result<String, IssueError> {
        let year = face.issued_on.year();
        let rule = &certificate_type.number;
        let compose = |next| rule.compose(&issuer.region, year, next, face.holder_code.as_deref());
        let Some(sequence) = rule.sequence_name(&certificate_type.key, &issuer.region, year) else {
            return Ok(compose(0)?);
        };
        let is_free =
            async |number: &str| -> Result<bool, IssueError> {
                let key = &certificate_type.key;
                Ok(registry.by_number(key, number).await?.is_none()
                    && !registry.is_enrolled(key, number).await?)
            };
        let number = compose(registry.reserve(&sequence, 1).await?)?;
        if is_free(&number).await? {
            return Ok(number);
        }
        // Historical certificates lie ahead of the sequence, maybe by the ten thousand. Reading is cheap
        // and reserving is a flush: look for the end of the run first, then reserve it in one go. One
        // request at a time does so; another then finds the sequence behind the run.
        let _looking = self.looking.lock().await;
        loop {
            let first = registry.reserve(&sequence, 0).await?;
            let mut ahead: u32 = 0;
            while !is_free(&compose(first + u64::from(ahead))?).await? {
                ahead += 1;
            }
            let reserved = registry.reserve(&sequence, ahead + 1).await?;
            let number = compose(reserved + u64::from(ahead))?;
            if is_free(&number).await? {
                return Ok(number);
            }
        }
    }
}

/// The certificate identifier of a number: the same request leads to the same identifier, after a
/// crash too.
///
/// A number of capital letters and digits is its own serial, as the standard suggests; another, or
/// one that is a person's identity number and must not be published, is replaced by 80 bits of its
/// digest. A successor under the same number gets the next version.
pub fn identifier_for(
    certificate_type: &CertificateType,
    issuer: &Issuer,
    number: &str,
    predecessor: Option<&CertificateRecord>,
) -> Result<String, CodeError> {
    let version = match predecessor {
        Some(old) if old.number == number => CertificateIdentifier::parse(&old.identifier)?.0.version() + 1,
        _ => 1,
    };
    let plain = (1..=MAX_SERIAL).contains(&number.len())
        && number
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        && CitizenId::parse(number).is_err();
    let serial = if plain {
        number.to_owned()
    } else {
        let digest = sha256(format!("{}\n{number}", certificate_type.key).as_bytes());
        hex::encode_upper(digest.get(..10).unwrap_or_default())
    };
    let composed = CertificateIdentifier::compose(&certificate_type.code, &issuer.code, &serial, version)?;
    Ok(composed.to_string())
}

/// Longest serial used as it is; published identifiers have up to 32 characters there.
const MAX_SERIAL: usize = 32;
