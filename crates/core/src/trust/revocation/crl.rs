//! Revocation lists (RFC 5280 §5) and what they say about one certificate at one instant.
//!
//! A list speaks only for the certificates of its own issuer and scope, and only when its signature verifies
//! under that issuer's key: the key the certificate was signed with, or another that the issuer, or whoever
//! certified it, certified under the same name for signing lists (RFC 5280 §6.3.3 (f)).
//!
//! | kind of list | what it says here |
//! |---|---|
//! | full, partial by distribution point, for users or authorities only | everything about what is in its scope |
//! | for some reasons only, by itself or by the distribution point in the certificate | that a certificate on it is revoked; never that one is good |
//! | delta | the same |
//! | indirect | nothing, and that by name: [`UnknownRevocation::Unsupported`] |

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::Arc,
};

use const_oid::{AssociatedOid, ObjectIdentifier};
use der::{
    Decode, Header, Length, Reader, SliceReader, Tag,
    asn1::{BitStringRef, GeneralizedTime},
};
use jiff::Timestamp;
use spki::AlgorithmIdentifierRef;
use x509_cert::{
    Certificate,
    crl::{RevokedCert, TbsCertList},
    ext::pkix::{
        AuthorityKeyIdentifier, BasicConstraints, CrlDistributionPoints, CrlNumber, CrlReason, KeyUsage,
        crl::dp::IssuingDistributionPoint,
        name::{DistributionPointName, GeneralNames},
    },
};

use super::{
    Asked, Issuer, Revoked, Says, Signed, Source, UnknownRevocation, believed, certified_by, in_office,
};
use crate::{
    crypto::{SignatureAlgorithm, VerifyError, x509},
    limits::MAX_CRL_BYTES,
    trust::path::{Node, PathContext, name_id},
};

/// id-ce-issuingDistributionPoint (RFC 5280 §5.2.5).
const ISSUING_DISTRIBUTION_POINT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.28");
/// id-ce-expiredCertsOnCRL (X.509 §9.5.2.8).
const EXPIRED_KEPT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.60");
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
}

/// A well-formed revocation list. Its signature is checked against the issuer's key when it is asked.
#[derive(Debug, Clone)]
pub struct Crl {
    der: Vec<u8>,
    /// Where in it what is signed stands.
    to_be_signed: Range<usize>,
    signature: Signed,
    /// Name of the issuer, as encoded.
    issuer: Vec<u8>,
    this_update: Timestamp,
    next_update: Option<Timestamp>,
    /// By the bytes of the serial number.
    revoked: BTreeMap<Vec<u8>, Revoked>,
    scope: Scope,
    /// Certificates that expired since then stay on it.
    kept_since: Option<Timestamp>,
    /// Whether it holds no more than what is new since another list.
    is_delta: bool,
    /// Why it says nothing here, if so: a kind of list that speaks for less, or more, than it seems to.
    unsupported: Option<String>,
}

/// Which of its issuer's certificates a list speaks for.
#[derive(Debug, Clone, Default)]
struct Scope {
    only_users: bool,
    only_authorities: bool,
    only_attributes: bool,
    some_reasons: bool,
    points: Option<GeneralNames>,
}

/// How much of what may become of a certificate a list speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    SomeReasons,
    AllReasons,
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
        let mut unsupported = None;
        for line in content.revoked_certificates.unwrap_or_default() {
            let (reason, unknown) = reason_of(&line)?;
            unsupported = unsupported.or(unknown);
            // Only delta lists have such lines (§5.3.1): elsewhere they name what is not revoked.
            if reason == Some(CrlReason::RemoveFromCRL) {
                continue;
            }
            let at = x509::to_timestamp(line.revocation_date);
            // Named twice: the earlier date, and no hold where one line is for good.
            let one = revoked
                .entry(line.serial_number.as_bytes().to_vec())
                .or_insert(Revoked { at, reason });
            one.at = one.at.min(at);
            if one.reason == Some(CrlReason::CertificateHold) {
                one.reason = reason;
            }
        }
        let mut scope = Scope::default();
        let mut kept_since = None;
        let mut is_delta = false;
        let mut seen = BTreeSet::new();
        for extension in content.crl_extensions.unwrap_or_default() {
            if !seen.insert(extension.extn_id) {
                unsupported = Some(format!("extension {} twice", extension.extn_id));
            }
            match extension.extn_id {
                AuthorityKeyIdentifier::OID | CrlNumber::OID => {}
                ISSUING_DISTRIBUTION_POINT => {
                    let unknown;
                    (scope, unknown) = Scope::read(extension.extn_value.as_bytes())?;
                    unsupported = unsupported.or(unknown);
                }
                DELTA_INDICATOR => is_delta = true,
                EXPIRED_KEPT => {
                    let since = GeneralizedTime::from_der(extension.extn_value.as_bytes())?;
                    kept_since = Some(x509::to_timestamp(since.into()));
                }
                other if extension.critical => unsupported = Some(format!("critical extension {other}")),
                _ => {}
            }
        }
        // What is signed is the first element of the list.
        let header = der.len() - usize::try_from(after_header(der)?)?;
        Ok(Self {
            der: der.to_vec(),
            to_be_signed: header..header + to_be_signed.len(),
            signature: Signed::new(
                SignatureAlgorithm::from_identifier(&identifier, None)?,
                signature.raw_bytes(),
            ),
            issuer,
            this_update: x509::to_timestamp(content.this_update),
            next_update: content.next_update.map(x509::to_timestamp),
            revoked,
            scope,
            kept_since,
            is_delta,
            unsupported,
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

    /// What has to be compared to know whether it speaks of a certificate.
    pub(super) fn parts(&self) -> usize {
        1 + self.scope.points.as_ref().map_or(0, Vec::len)
    }

    /// What it says about a certificate of its issuer; none if that is outside its scope.
    fn says<'a>(&self, asked: &Asked<'a>, others: &Others<'a>, context: &PathContext<'_>) -> Option<Says> {
        if self.issuer != asked.raw.issuer {
            return None;
        }
        let reach = self.scope.reach(asked.certificate)?;
        let partial = if self.is_delta {
            Some("delta list")
        } else {
            (reach == Reach::SomeReasons).then_some("list for some reasons only")
        };
        let serial = asked.certificate.tbs_certificate().serial_number().as_bytes();
        let maker = self.maker(asked, others, context);
        let status = match (&maker, &self.unsupported, self.revoked.get(serial)) {
            (Err(doubt), ..) => Err(doubt.clone()),
            (Ok(_), Some(kind), _) => Err(UnknownRevocation::Unsupported(kind.clone())),
            (Ok(_), None, Some(revoked)) => Ok(Some(*revoked)),
            (Ok(_), None, None) => match partial {
                Some(kind) => Err(UnknownRevocation::Unsupported(kind.to_owned())),
                None => Ok(None),
            },
        };
        Some(Says {
            status,
            this_update: self.this_update,
            next_update: self.next_update,
            made_at: self.this_update,
            existed: context
                .existence
                .of(self.signature.digest(&self.der), context.now),
            kept_since: self.kept_since,
            maker_until: maker.ok().flatten(),
        })
    }

    /// Until when the certificate of the list's maker is valid; none if that is the issuer itself. Or why the list
    /// cannot be believed to be its issuer's.
    fn maker<'a>(
        &self,
        asked: &Asked<'a>,
        others: &Others<'a>,
        context: &PathContext<'_>,
    ) -> Result<Option<Timestamp>, UnknownRevocation> {
        let issuer = asked.issuer;
        let doubt = match self.signed_with(issuer.public_key_info, context) {
            Ok(()) if issuer.may_sign_lists => return Ok(None),
            Ok(()) => UnknownRevocation::Untrusted,
            Err(doubt) => doubt,
        };
        // Another key of the same name: the issuer's next or former one, or one for lists only.
        let mut signers = others.of(asked, context).iter();
        let signer = signers.find(|signer| self.is_by(signer, context));
        signer
            .map(|signer| Some(x509::validity(&signer.node.parsed).1))
            .ok_or(doubt)
    }

    fn is_by(&self, signer: &Other<'_>, context: &PathContext<'_>) -> bool {
        let (from, until) = x509::validity(&signer.node.parsed);
        let Ok(raw) = signer.node.raw() else { return false };
        if !(from..=until).contains(&self.this_update)
            || self.signed_with(raw.public_key_info, context).is_err()
        {
            return false;
        }
        // A list does not say that its own signer is good; others may.
        let asked = Asked {
            certificate: &signer.node.parsed,
            raw,
            existed: context.existence.of(&signer.node.digest, context.now),
            issuer: signer.by_whom,
        };
        let pieces = context.revocations.sources(&asked, context);
        let pieces = pieces.into_iter().filter(|(source, _)| !source.is_crl(self));
        in_office(context, &asked, self.this_update, pieces.collect()).is_ok()
    }

    fn signed_with(
        &self,
        public_key_info: &[u8],
        context: &PathContext<'_>,
    ) -> Result<(), UnknownRevocation> {
        let content = self.der.get(self.to_be_signed.clone()).unwrap_or_default();
        let used = self
            .signature
            .by(public_key_info, &self.der, content, context.work);
        believed(used.ok_or(UnknownRevocation::Untrusted)?, context)
    }
}

/// Certificates at hand under an issuer's name with another key, which it or its own issuer certified for lists.
/// Looked for once, when first asked for.
#[derive(Default)]
struct Others<'a>(OnceCell<Vec<Other<'a>>>);

struct Other<'a> {
    node: &'a Node,
    by_whom: Issuer<'a>,
}

impl<'a> Others<'a> {
    fn of(&self, asked: &Asked<'a>, context: &PathContext<'_>) -> &[Other<'a>] {
        self.0.get_or_init(|| {
            let name = name_id(asked.certificate.tbs_certificate().issuer());
            let named = asked
                .issuer
                .at_hand
                .iter()
                .flat_map(|some| some.of_subject(&name));
            let found = named.filter_map(|node| Other::read(node, asked.issuer, context));
            found.collect()
        })
    }
}

impl<'a> Other<'a> {
    fn read(node: &'a Node, issuer: Issuer<'a>, context: &PathContext<'_>) -> Option<Self> {
        context.work.spend(1).ok()?;
        let raw = node.raw().ok()?;
        // That a certificate may sign lists must be said where it is not the issuer's own.
        let usage = node.parsed.tbs_certificate().get_extension::<KeyUsage>();
        if raw.public_key_info == issuer.public_key_info
            || !matches!(usage, Ok(Some((_, usage))) if usage.crl_sign())
        {
            return None;
        }
        let by_whom = [Some(issuer), issuer.above.copied()];
        let by_whom = by_whom
            .into_iter()
            .flatten()
            .find(|one| raw.issuer == one.subject)?;
        certified_by(node, by_whom.public_key_info, context).ok()?;
        Some(Self {
            node,
            by_whom: Issuer {
                at_hand: &[],
                ..by_whom
            },
        })
    }
}

/// Length of the content of the outermost element.
fn after_header(der: &[u8]) -> Result<Length, der::Error> {
    Ok(Header::peek(&SliceReader::new(der)?)?.length())
}

impl Scope {
    /// The scope, and why the list says nothing, if so.
    fn read(der: &[u8]) -> Result<(Self, Option<String>), CrlError> {
        let point = IssuingDistributionPoint::from_der(der)?;
        let mut unsupported = point.indirect_crl.then_some("indirect list");
        let points = match point.distribution_point {
            None => None,
            Some(DistributionPointName::FullName(names)) => Some(names),
            Some(DistributionPointName::NameRelativeToCRLIssuer(_)) => {
                unsupported = Some("list with a relative distribution point");
                None
            }
        };
        let scope = Self {
            only_users: point.only_contains_user_certs,
            only_authorities: point.only_contains_ca_certs,
            only_attributes: point.only_contains_attribute_certs,
            some_reasons: point.only_some_reasons.is_some(),
            points,
        };
        Ok((scope, unsupported.map(str::to_owned)))
    }

    /// RFC 5280 §6.3.3 (b)(2) and (d); none where a certificate is outside the scope.
    fn reach(&self, certificate: &Certificate) -> Option<Reach> {
        let tbs = certificate.tbs_certificate();
        let is_authority =
            matches!(tbs.get_extension::<BasicConstraints>(), Ok(Some((_, constraints))) if constraints.ca);
        if self.only_attributes
            || (self.only_users && is_authority)
            || (self.only_authorities && !is_authority)
        {
            return None;
        }
        let own = if self.some_reasons {
            Reach::SomeReasons
        } else {
            Reach::AllReasons
        };
        // A list of no distribution point speaks of all reasons, whatever points are named (§6.3.3, last paragraph).
        let Some(names) = &self.points else {
            return Some(own);
        };
        let Ok(Some((_, points))) = tbs.get_extension::<CrlDistributionPoints>() else {
            return None;
        };
        // Where a point names another issuer, an indirect list is to be had there.
        let of_issuer = points.0.iter().filter(|point| point.crl_issuer.is_none());
        let of_list = of_issuer.filter(|point| match &point.distribution_point {
            Some(DistributionPointName::FullName(own)) => own.iter().any(|name| names.contains(name)),
            _ => false,
        });
        of_list
            .map(|point| match point.reasons {
                Some(_) => Reach::SomeReasons,
                None => own,
            })
            .max()
    }
}

/// Why a line names its certificate, and why the whole list says nothing (§5.3), if so.
fn reason_of(line: &RevokedCert) -> Result<(Option<CrlReason>, Option<String>), CrlError> {
    let (mut reason, mut unsupported) = (None, None);
    for extension in line.crl_entry_extensions.iter().flatten() {
        match extension.extn_id {
            CrlReason::OID => reason = Some(CrlReason::from_der(extension.extn_value.as_bytes())?),
            other if extension.critical => {
                unsupported = Some(format!("critical extension {other} of an entry"));
            }
            _ => {}
        }
    }
    Ok((reason, unsupported))
}

/// What the lists at hand say about a certificate.
pub(super) fn says(context: &PathContext<'_>, asked: &Asked<'_>) -> Vec<(Source, Says)> {
    let others = Others::default();
    let lists = context.revocations.crls.iter();
    lists
        .filter_map(|crl| Some((Source::Crl(Arc::clone(crl)), crl.says(asked, &others, context)?)))
        .collect()
}
