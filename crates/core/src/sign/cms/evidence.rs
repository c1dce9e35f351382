//! Certificates and revocation data that travel with a signature: in its own fields and in attributes.
//!
//! | place | of |
//! |---|---|
//! | `certificates`, `crls` of SignedData | RFC 5652 §5.1, OCSP responses as RFC 5940 has them |
//! | `certificate-values`, `revocation-values`, unsigned | CAdES, ETSI EN 319 122-1 annex A.1.1.2, A.1.2.2 |
//! | `adbe-revocationInfoArchival`, signed or not | ISO 32000-1 12.8.3.3.2 |
//!
//! Nothing of it is believed here. An attribute that cannot be read speaks for nothing, and is left out.

use const_oid::ObjectIdentifier;
use der::{Decode as _, SliceReader, Tag};

use super::{
    CmsError,
    signed::{SignedCms, context, elements, inside, optional, plain, read_attribute},
};

const CERTIFICATE_VALUES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.23");
const REVOCATION_VALUES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.24");
const ADBE_REVOCATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113583.1.1.8");
/// id-ri-ocsp-response (RFC 5940 §2.1).
const OCSP_RESPONSE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.16.2");

/// What came with a signature, as DER.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CmsEvidence {
    /// X.509 certificates.
    pub certificates: Vec<Vec<u8>>,
    /// Revocation lists.
    pub crls: Vec<Vec<u8>>,
    /// OCSP responses; of CAdES attributes the inner part, `BasicOCSPResponse`.
    pub ocsps: Vec<Vec<u8>>,
}

impl SignedCms {
    /// The certificates and revocation data that came with the signature.
    pub fn evidence(&self) -> CmsEvidence {
        let mut found = CmsEvidence {
            certificates: self.certificates().to_vec(),
            crls: self.crls().to_vec(),
            ocsps: Vec::new(),
        };
        for other in self.other_revocations() {
            found.ocsps.extend(ocsp_of(other).ok().flatten());
        }
        for der in self.signed_attributes().into_iter().flatten() {
            if let Ok((Some(ADBE_REVOCATION), values)) = read_attribute(der) {
                found.take(ADBE_REVOCATION, &values);
            }
        }
        for attribute in self.unsigned_attributes() {
            let values: Vec<&[u8]> = attribute.values.iter().map(Vec::as_slice).collect();
            found.take(attribute.kind, &values);
        }
        found
    }

    /// Whether revocation data are among what is signed (adbe-revocationInfoArchival, ISO 32000-2 12.8.3.3.2).
    pub fn signs_revocation_data(&self) -> bool {
        let mut attributes = self.signed_attributes().into_iter().flatten();
        attributes.any(|der| read_attribute(der).is_ok_and(|(kind, _)| kind == Some(ADBE_REVOCATION)))
    }
}

impl CmsEvidence {
    fn take(&mut self, kind: ObjectIdentifier, values: &[&[u8]]) {
        for value in values {
            let read = match kind {
                CERTIFICATE_VALUES => list(value).map(|ders| Self {
                    certificates: plain(&ders),
                    ..Self::default()
                }),
                REVOCATION_VALUES | ADBE_REVOCATION => revocations(value),
                _ => return,
            };
            if let Ok(read) = read {
                self.certificates.extend(read.certificates);
                self.crls.extend(read.crls);
                self.ocsps.extend(read.ocsps);
            }
        }
    }
}

/// A SEQUENCE OF.
fn list(der: &[u8]) -> Result<Vec<&[u8]>, CmsError> {
    inside(&mut SliceReader::new(der)?, Tag::Sequence, elements)
}

/// `SEQUENCE { [0] SEQUENCE OF lists, [1] SEQUENCE OF answers, … }`, which both attributes are.
fn revocations(der: &[u8]) -> Result<CmsEvidence, CmsError> {
    inside(&mut SliceReader::new(der)?, Tag::Sequence, |values| {
        let mut part = |number| {
            let found = optional(values, context(number), |part| {
                inside(part, Tag::Sequence, elements)
            });
            found.map(|found| plain(&found.unwrap_or_default()))
        };
        let (crls, ocsps) = (part(0)?, part(1)?);
        part(2)?;
        Ok(CmsEvidence {
            certificates: Vec::new(),
            crls,
            ocsps,
        })
    })
}

/// The OCSP response in an OtherRevocationInfoFormat, which stands under `[1]`.
fn ocsp_of(der: &[u8]) -> Result<Option<Vec<u8>>, CmsError> {
    inside(&mut SliceReader::new(der)?, context(1), |other| {
        let kind = ObjectIdentifier::decode(other)?;
        let parts = elements(other)?;
        Ok(parts
            .first()
            .filter(|_| kind == OCSP_RESPONSE)
            .map(|response| response.to_vec()))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{
        super::{CONTEXT_0, SEQUENCE, oid, tlv},
        *,
    };

    #[test]
    fn attributes_give_what_they_hold() {
        let (crl, ocsp, certificate) = (b"\x30\x01\x01", b"\x30\x01\x02", b"\x30\x01\x03");
        let both = |tag: u8, inner: &[u8]| tlv(tag, &[&tlv(SEQUENCE, &[inner])]);
        let archival = tlv(SEQUENCE, &[&both(CONTEXT_0, crl), &both(0xa1, ocsp)]);
        let mut found = CmsEvidence::default();
        found.take(ADBE_REVOCATION, &[&archival]);
        assert_eq!(found.crls, [crl.to_vec()]);
        assert_eq!(found.ocsps, [ocsp.to_vec()]);

        found.take(REVOCATION_VALUES, &[&archival]);
        assert_eq!(found.crls.len(), 2);
        assert_eq!(found.ocsps.len(), 2);
        found.take(CERTIFICATE_VALUES, &[&tlv(SEQUENCE, &[certificate])]);
        assert_eq!(found.certificates, [certificate.to_vec()]);

        // What is no such structure, or of another kind, gives nothing.
        let before = found.clone();
        for kind in [
            ADBE_REVOCATION,
            REVOCATION_VALUES,
            CERTIFICATE_VALUES,
            OCSP_RESPONSE,
        ] {
            found.take(kind, &[b"", b"\x04\x01\x00", b"\x30\x05\x30"]);
        }
        assert_eq!(found, before);

        let other = tlv(0xa1, &[&oid(OCSP_RESPONSE).unwrap(), &ocsp[..]]);
        assert_eq!(ocsp_of(&other).unwrap(), Some(ocsp.to_vec()));
        assert!(ocsp_of(crl).is_err());
    }
}
