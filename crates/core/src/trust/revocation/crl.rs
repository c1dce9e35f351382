//! Revocation lists (RFC 5280 §5) and what they say about one certificate at one instant.
//!
//! A list speaks only for the certificates of its own issuer and scope, and only when its signature
//! verifies under that issuer's key. What no list speaks for is [`RevocationStatus::Unknown`], which is
//! never taken for good. Delta lists, indirect lists and lists for some reasons only are refused whole.

use std::{cmp::Reverse, collections::BTreeMap, ops::Range};

use const_oid::{AssociatedOid, ObjectIdentifier};
use der::{Decode, Header, Length, Reader, SliceReader, Tag, asn1::BitStringRef};
use jiff::Timestamp;
use spki::AlgorithmIdentifierRef;
use x509_cert::{
    Certificate,
    crl::{RevokedCert, TbsCertList},
    ext::pkix::{
        AuthorityKeyIdentifier, BasicConstraints, CrlDistributionPoints, CrlNumber, CrlReason,
        crl::dp::IssuingDistributionPoint,
        name::{DistributionPointName, GeneralNames},
    },
};

use super::{RevocationStatus, Revoked, UnknownRevocation};
use crate::{
    crypto::{
        SignatureAlgorithm, VerifyError,
        policy::Mechanism,
        verify_value,
        x509::{self, RawParts},
    },
    limits::MAX_CRL_BYTES,
    trust::path::PathContext,
};

/// id-ce-issuingDistributionPoint (RFC 5280 §5.2.5).
const ISSUING_DISTRIBUTION_POINT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.28");
/// id-ce-deltaCRLIndicator (RFC 5280 §5.2.4).
const DELTA_INDICATOR: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.27");

/// Why bytes are not a revocation list that can be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CrlError {
    /// Its signature algorithm is unknown.
    #[error(transparent)]
    AlgorithmRefused(#[from] VerifyError),
    /// Not DER of a version 2 list.
    #[error("吊销列表格式有误 (malformed revocation list: {0})")]
    Malformed(#[from] der::Error),
    /// Longer than this program reads.
    #[error("吊销列表超过 {MAX_CRL_BYTES} 字节 (the revocation list is too large)")]
    TooLarge,
    /// A kind of list that speaks for less than it seems to.
    #[error("不支持此种吊销列表 (unsupported kind of revocation list: {0})")]
    Unsupported(String),
}

/// A well-formed revocation list. Its signature is checked against the issuer's key when it is asked.
#[derive(Debug, Clone)]
pub struct Crl {
    der: Vec<u8>,
    /// Where in it what is signed stands.
    to_be_signed: Range<usize>,
    signature_algorithm: SignatureAlgorithm,
    signature: Vec<u8>,
    /// Name of the issuer, as encoded.
    issuer: Vec<u8>,
    this_update: Timestamp,
    next_update: Option<Timestamp>,
    /// By the bytes of the serial number.
    revoked: BTreeMap<Vec<u8>, Revoked>,
    scope: Scope,
}

/// Which of its issuer's certificates a list speaks for.
#[derive(Debug, Clone, Default)]
struct Scope {
    only_users: bool,
    only_authorities: bool,
    points: Option<GeneralNames>,
}

/// The issuer of a certificate, as far as a list needs it.
#[derive(Debug, Clone, Copy)]
pub(in crate::trust) struct ListIssuer<'a> {
    /// SubjectPublicKeyInfo.
    pub(in crate::trust) public_key_info: &'a [u8],
    /// Whether its key usage allows to sign lists.
    pub(in crate::trust) may_sign_lists: bool,
}

impl Crl {
    /// Reads the DER of a list.
    pub fn parse(der: &[u8]) -> Result<Self, CrlError> {
        if der.len() > MAX_CRL_BYTES {
            return Err(CrlError::TooLarge);
        }
        let mut reader = SliceReader::new(der)?;
        let (to_be_signed, identifier, signature) = reader.sequence(|list| {
            Ok::<_, der::Error>((
                list.tlv_bytes()?,
                AlgorithmIdentifierRef::decode(list)?,
                BitStringRef::decode(list)?,
            ))
        })?;
        reader.finish()?;
        let content = <TbsCertList>::from_der(to_be_signed)?;
        let issuer = SliceReader::new(to_be_signed)?.sequence(|tbs| {
            tbs.tlv_bytes()?; // version, without which `TbsCertList` would have refused
            let inner = AlgorithmIdentifierRef::decode(tbs)?;
            let issuer = tbs.tlv_bytes()?.to_vec();
            tbs.read_slice(tbs.remaining_len())?;
            if inner != identifier {
                return Err(Tag::Sequence.value_error().into());
            }
            Ok::<_, der::Error>(issuer)
        })?;

        let mut revoked = BTreeMap::new();
        for line in content.revoked_certificates.unwrap_or_default() {
            let reason = reason_of(&line)?;
            let at = x509::to_timestamp(line.revocation_date);
            revoked.insert(line.serial_number.as_bytes().to_vec(), Revoked { at, reason });
        }
        let mut scope = Scope::default();
        for extension in content.crl_extensions.unwrap_or_default() {
            match extension.extn_id {
                AuthorityKeyIdentifier::OID | CrlNumber::OID => {}
                ISSUING_DISTRIBUTION_POINT => scope = Scope::read(extension.extn_value.as_bytes())?,
                DELTA_INDICATOR => return Err(CrlError::Unsupported("delta list".to_owned())),
                other if extension.critical => {
                    return Err(CrlError::Unsupported(format!("critical extension {other}")));
                }
                _ => {}
            }
        }
        // What is signed is the first element of the list.
        let header = der.len() - usize::try_from(after_header(der)?)?;
        Ok(Self {
            der: der.to_vec(),
            to_be_signed: header..header + to_be_signed.len(),
            signature_algorithm: SignatureAlgorithm::from_identifier(&identifier, None)?,
            signature: signature.raw_bytes().to_vec(),
            issuer,
            this_update: x509::to_timestamp(content.this_update),
            next_update: content.next_update.map(x509::to_timestamp),
            revoked,
            scope,
        })
    }

    /// The list itself.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Name of its issuer, as encoded.
    pub fn issuer(&self) -> &[u8] {
        &self.issuer
    }

    /// When the list was made.
    pub fn this_update(&self) -> Timestamp {
        self.this_update
    }

    /// When the next list is due.
    pub fn next_update(&self) -> Option<Timestamp> {
        self.next_update
    }

    /// The list as another issuer would have made it, who does not say when the next one is due.
    #[cfg(test)]
    pub(in crate::trust) fn undated(mut self) -> Self {
        self.next_update = None;
        self
    }

    /// How many certificates it names.
    pub fn len(&self) -> usize {
        self.revoked.len()
    }

    /// Whether it names none.
    pub fn is_empty(&self) -> bool {
        self.revoked.is_empty()
    }

    /// Why the list cannot be believed to be its issuer's; none if it can.
    fn doubt(&self, issuer: ListIssuer<'_>, context: &PathContext<'_>) -> Option<UnknownRevocation> {
        if !issuer.may_sign_lists {
            return Some(UnknownRevocation::Untrusted);
        }
        let verified = verify_value(
            issuer.public_key_info,
            self.signature_algorithm,
            self.der.get(self.to_be_signed.clone()).unwrap_or_default(),
            &self.signature,
        );
        match verified {
            Err(_) => Some(UnknownRevocation::Untrusted),
            Ok(used) => {
                let weakness = context.weakness(Mechanism::Signature(used));
                weakness.map(|(part, _)| UnknownRevocation::Weak(part))
            }
        }
    }
}

/// Length of the content of the outermost element.
fn after_header(der: &[u8]) -> Result<Length, der::Error> {
    Ok(Header::peek(&SliceReader::new(der)?)?.length())
}

impl Scope {
    fn read(der: &[u8]) -> Result<Self, CrlError> {
        let unsupported = |what: &str| Err(CrlError::Unsupported(what.to_owned()));
        let point = IssuingDistributionPoint::from_der(der)?;
        if point.indirect_crl {
            return unsupported("indirect list");
        }
        if point.only_some_reasons.is_some() {
            return unsupported("list for some reasons only");
        }
        if point.only_contains_attribute_certs {
            return unsupported("list of attribute certificates");
        }
        Ok(Self {
            only_users: point.only_contains_user_certs,
            only_authorities: point.only_contains_ca_certs,
            points: match point.distribution_point {
                None => None,
                Some(DistributionPointName::FullName(names)) => Some(names),
                Some(DistributionPointName::NameRelativeToCRLIssuer(_)) => {
                    return unsupported("list with a relative distribution point");
                }
            },
        })
    }

    /// RFC 5280 §6.3.3 (b)(2).
    fn covers(&self, certificate: &Certificate) -> bool {
        let tbs = certificate.tbs_certificate();
        let is_authority =
            matches!(tbs.get_extension::<BasicConstraints>(), Ok(Some((_, constraints))) if constraints.ca);
        if (self.only_users && is_authority) || (self.only_authorities && !is_authority) {
            return false;
        }
        let Some(names) = &self.points else {
            return true;
        };
        let Ok(Some((_, points))) = tbs.get_extension::<CrlDistributionPoints>() else {
            return false;
        };
        points.0.iter().any(|point| match &point.distribution_point {
            Some(DistributionPointName::FullName(own)) => own.iter().any(|name| names.contains(name)),
            _ => false,
        })
    }
}

fn reason_of(line: &RevokedCert) -> Result<Option<CrlReason>, CrlError> {
    let mut reason = None;
    for extension in line.crl_entry_extensions.iter().flatten() {
        match extension.extn_id {
            CrlReason::OID => reason = Some(CrlReason::from_der(extension.extn_value.as_bytes())?),
            other if extension.critical => {
                return Err(CrlError::Unsupported(format!(
                    "critical extension {other} of an entry"
                )));
            }
            _ => {}
        }
    }
    Ok(reason)
}

/// What the lists of a context say about a certificate at its instant; `Err` if it was revoked by then.
///
/// The newest list that covers the instant decides, but a revocation for good on an older one stands:
/// only a hold can be lifted.
pub(in crate::trust) fn judge(
    context: &PathContext<'_>,
    certificate: &Certificate,
    raw: RawParts<'_>,
    issuer: ListIssuer<'_>,
) -> Result<RevocationStatus, Revoked> {
    let at = context.at;
    let mut lists: Vec<&Crl> = context
        .revocations
        .crls()
        .filter(|crl| crl.issuer == raw.issuer && crl.scope.covers(certificate))
        .collect();
    lists.sort_by_key(|crl| Reverse(crl.this_update));

    let serial = certificate.tbs_certificate().serial_number().as_bytes();
    let expiry = x509::validity(certificate).1;
    let mut known = None;
    let mut unknown = UnknownRevocation::NoList;
    for crl in lists {
        if let Some(doubt) = crl.doubt(issuer, context) {
            unknown = doubt;
            continue;
        }
        if let Some(&revoked) = crl.revoked.get(serial) {
            let lifted = known.is_some() && revoked.reason == Some(CrlReason::CertificateHold);
            match revoked.at <= at {
                _ if lifted => {}
                true => return Err(revoked),
                false => known = Some(RevocationStatus::RevokedLater(revoked)),
            }
            continue;
        }
        match crl.next_update {
            _ if crl.this_update > at && crl.this_update > expiry => unknown = UnknownRevocation::TooLate,
            Some(next_update) if next_update <= at => unknown = UnknownRevocation::Stale { next_update },
            None if crl.this_update < at => unknown = UnknownRevocation::Undated,
            next_update => {
                known.get_or_insert(RevocationStatus::Good {
                    as_of: crl.this_update,
                    next_update,
                });
            }
        }
    }
    Ok(known.unwrap_or(RevocationStatus::Unknown(unknown)))
}
