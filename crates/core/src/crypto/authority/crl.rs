//! Revocation lists of an authority.
//!
//! `CrlBuilder` of x509-cert is not used: it writes the authority key identifier of the CA's own
//! issuer into the CRL, which only fits a root.

use der::{Decode, Encode, asn1::BitString};
use jiff::Timestamp;
use spki::AlgorithmIdentifierOwned;
use x509_cert::{
    Version,
    crl::{CertificateList, RevokedCert, TbsCertList},
    ext::pkix::{CrlNumber, CrlReason},
    serial_number::SerialNumber,
};

use super::{
    AuthorityError, CertificateAuthority, ValidityPeriod,
    assembly::{Extensions, points_to},
};
use crate::crypto::x509;

/// One line of a CRL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// Serial number, big-endian, as in the revoked certificate.
    pub serial: Vec<u8>,
    /// When it was revoked.
    pub revoked_at: Timestamp,
    /// Why; `None` leaves the reason out (RFC 5280 §5.3.1 prefers that to "unspecified").
    pub reason: Option<CrlReason>,
}

impl CertificateAuthority {
    /// Signs a full CRL of everything this authority issued; gives DER.
    ///
    /// `number` must grow with every CRL (RFC 5280 §5.2.3).
    pub fn revocation_list(
        &self,
        number: u64,
        this_update: Timestamp,
        next_update: Timestamp,
        revocations: &[Revocation],
    ) -> Result<Vec<u8>, AuthorityError> {
        if next_update <= this_update {
            let requested = ValidityPeriod {
                not_before: this_update,
                not_after: next_update,
            };
            return Err(AuthorityError::Validity {
                requested,
                own: self.validity(),
            });
        }
        let mut extensions = Extensions::default();
        extensions.push(&points_to(&self.own_key_identifier()?))?;
        extensions.push(&CrlNumber::try_from(number)?)?;

        let lines = revocations.iter().map(revoked).collect::<Result<Vec<_>, _>>()?;
        let algorithm = AlgorithmIdentifierOwned::from_der(self.signer.scheme().algorithm_identifier())?;
        let tbs_cert_list: TbsCertList = TbsCertList {
            version: Version::V2,
            signature: algorithm.clone(),
            issuer: self.certificate.tbs_certificate().subject().clone(),
            this_update: x509::to_time(this_update)?,
            next_update: Some(x509::to_time(next_update)?),
            // An empty list must be left out, not written empty (RFC 5280 §5.1.2.6).
            revoked_certificates: Some(lines).filter(|lines| !lines.is_empty()),
            crl_extensions: Some(extensions.0),
        };
        let signature = self.signer.sign(&tbs_cert_list.to_der()?)?;
        let list = CertificateList {
            tbs_cert_list,
            signature_algorithm: algorithm,
            signature: BitString::from_bytes(&signature)?,
        };
        Ok(list.to_der()?)
    }
}

fn revoked(line: &Revocation) -> Result<RevokedCert, AuthorityError> {
    let mut extensions = Extensions::default();
    if let Some(reason) = &line.reason {
        extensions.push(reason)?;
    }
    Ok(RevokedCert {
        serial_number: SerialNumber::new(&line.serial)?,
        revocation_date: x509::to_time(line.revoked_at)?,
        crl_entry_extensions: Some(extensions.0).filter(|e| !e.is_empty()),
    })
}
