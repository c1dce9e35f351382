//! Path validation (RFC 5280 §6) from a certificate to a trust anchor, at an instant, for a usage.
//!
//! `search` finds paths: from a certificate to those of its issuer's name whose key signed it, until an anchor
//! did. Each path is then judged whole, from the anchor down, and the first that is good and of known revocation
//! is taken; so an expired, revoked or misused cross certificate hides no better way. Where none is good, the
//! fault of the best is told.
//!
//! | question | rule |
//! |---|---|
//! | validity of every certificate, the anchor's own too | covers the instant |
//! | every issuer of version 3 | basic constraints say that it is an authority (§6.1.4 (k)) |
//! | issuers of versions 1 and 2 | anchors only: nothing says that they are authorities |
//! | path length, name constraints | §6.1.3 and §6.1.4; those of an anchor's own certificate too (RFC 5937) |
//! | certificate policies | §6.1.3 and §6.1.4, as RFC 9618 has them; an anchor's own certificate says nothing about them |
//! | critical extensions | known, or the path is refused (§6.1.4 (o)) |
//! | extended key usage of every certificate of the path | absent, or one of those the [`Usage`] accepts |
//! | extended key usage of a timestamp authority | timeStamping, nothing else, critical (RFC 3161 §2.3) |
//! | key usage of the signer certificate | absent, or one of the bits the [`Usage`] accepts |
//! | key usage of each issuer | absent, or with keyCertSign |
//! | algorithms and keys of every signature on the path | believed by the policy at its instant |
//! | revocation of each certificate below the anchor | not revoked by then, by the word of issuers in office; else said, see [`revocation`](super::revocation) |
//!
//! Signatures go through our own door, [`verify`](crate::crypto::verify), weak ones too, for the policy to refuse.
//!
//! A certificate without an extended key usage is accepted for documents because most certificates for
//! organisations, here and abroad, have none: RFC 9336 §3.2 leaves that to local policy.

mod certificates;
mod constraints;
mod policies;
mod search;

use const_oid::AssociatedOid;
use const_oid::ObjectIdentifier;
use der::Decode as _;
use jiff::{Timestamp, civil::Date};
use x509_cert::{
    Certificate, Version,
    ext::Extension,
    ext::pkix::{
        AuthorityKeyIdentifier, BasicConstraints, CertificatePolicies, CrlDistributionPoints, CrlReason,
        ExtendedKeyUsage, InhibitAnyPolicy, KeyUsage, NameConstraints, PolicyConstraints, PolicyMappings,
        SubjectAltName, SubjectKeyIdentifier,
    },
};

pub use self::certificates::Certificates;
pub(crate) use self::certificates::Offered;
pub(super) use self::certificates::{NameId, Node, name_id};
use self::{constraints::Constraints, policies::Policies};
use super::{
    existence::Existence,
    revocation::{Asked, Issuer, RevocationStatus, Revocations, Source, judge},
    work::{Spent, Work, reading},
};
use crate::{
    crypto::{
        AlgorithmPolicy, AnyOid, Used,
        authority::{DOCUMENT_SIGNING, EMAIL_PROTECTION, TIME_STAMPING},
        policy::{Age, Judgement, Mechanism},
        x509,
    },
    limits::MAX_PATH_LENGTH,
};

const ANY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");
/// Authentic documents trust, which Adobe's list demands of document signers.
const ADOBE_DOCUMENTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113583.1.1.5");
/// Document signing as it was named before RFC 9336.
const MICROSOFT_DOCUMENTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.10.3.12");

/// What the certificate at the end of the path is to be good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Usage {
    /// Signatures on documents and seals: digitalSignature or nonRepudiation; documentSigning, its two
    /// forerunners or emailProtection (which most signer certificates in use carry).
    Document,
    /// Signatures on QR tokens and lists: digitalSignature; documentSigning.
    Token,
    /// Timestamps: digitalSignature or nonRepudiation; timeStamping and no other purpose.
    Timestamp,
}

impl Usage {
    fn accepts_purpose(self, purpose: &AnyOid) -> bool {
        let accepted: &[ObjectIdentifier] = match self {
            Self::Document => &[
                ANY_USAGE,
                DOCUMENT_SIGNING,
                EMAIL_PROTECTION,
                ADOBE_DOCUMENTS,
                MICROSOFT_DOCUMENTS,
            ],
            Self::Token => &[ANY_USAGE, DOCUMENT_SIGNING],
            Self::Timestamp => &[ANY_USAGE, TIME_STAMPING],
        };
        accepted.iter().any(|accepted| purpose == accepted)
    }

    fn accepts_key_usage(self, usage: KeyUsage) -> bool {
        match self {
            Self::Document | Self::Timestamp => usage.digital_signature() || usage.non_repudiation(),
            Self::Token => usage.digital_signature(),
        }
    }
}

/// What a path is judged by.
#[derive(Debug, Clone, Copy)]
pub struct PathContext<'a> {
    /// The certificates that are trusted.
    pub anchors: &'a Certificates,
    /// Revocation data at hand, of any issuer.
    pub revocations: &'a Revocations,
    /// The instant.
    pub at: Timestamp,
    /// The usage.
    pub usage: Usage,
    /// Which algorithms are believed.
    pub policy: &'a AlgorithmPolicy,
    /// Certificate policies of which the path must hold under one; any path will do where there is none.
    pub policies: &'a [AnyOid],
    /// By when the path is proven to have existed, which is no later than `at` only with proof: the instant
    /// its algorithms are judged at.
    pub policy_at: Timestamp,
    /// The present: revocation data dated later say nothing.
    pub now: Timestamp,
    /// By when certificates and revocation data existed: what an issuer said while it was in office counts when it is
    /// not any more.
    pub existence: &'a Existence,
    /// What may be spent on it.
    pub work: &'a Work,
}

impl PathContext<'_> {
    /// Judges one signature; gives the weak part and since when it is not believed.
    pub(crate) fn weakness(&self, mechanism: Mechanism) -> Option<(String, Option<Date>)> {
        self.weakness_at(mechanism, self.policy_at)
    }

    /// The same of the signature on a certificate, a list or an answer, by the SHA-256 of it: by when itself is proven
    /// to have existed (ETSI EN 319 102-1 §5.6.2.4), whatever else of its path is older.
    pub(super) fn weakness_of(&self, piece: &[u8; 32], used: Used) -> Option<(String, Option<Date>)> {
        let existed = self.existence.of(piece, self.now);
        self.weakness_at(Mechanism::Signature(used), self.policy_at.min(existed))
    }

    fn weakness_at(&self, mechanism: Mechanism, at: Timestamp) -> Option<(String, Option<Date>)> {
        let age = Age {
            claimed: None,
            proven: None,
            now: at,
        };
        match self.policy.judge(mechanism, age) {
            Judgement::Weak { part, until, .. } => Some((part, until)),
            Judgement::Good | Judgement::GoodThen { .. } => None,
        }
    }
}

/// A path that leads to an anchor. There is no other way to have one than [`validate`].
#[derive(Debug, Clone)]
pub struct VerifiedPath {
    certificates: Vec<PathCertificate>,
    anchor: Vec<u8>,
    at: Timestamp,
}

/// One certificate of a verified path.
#[derive(Debug, Clone)]
pub struct PathCertificate {
    /// DER.
    pub der: Vec<u8>,
    /// Subject, for people.
    pub subject: String,
    /// Last instant of its validity.
    pub not_after: Timestamp,
    /// What is known about its revocation.
    pub revocation: RevocationStatus,
    /// From where: none where nothing is known.
    pub sources: Vec<Source>,
}

impl VerifiedPath {
    /// From the signer certificate up to, but without, the anchor.
    pub fn certificates(&self) -> &[PathCertificate] {
        &self.certificates
    }

    /// DER of the anchor's certificate.
    pub fn anchor(&self) -> &[u8] {
        &self.anchor
    }

    /// SHA-256 of the anchor's certificate: how a trust list knows its authority.
    pub fn anchor_fingerprint(&self) -> [u8; 32] {
        x509::fingerprint(&self.anchor)
    }

    /// The instant it holds for.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// The certificates whose revocation is unknown: with any, the path proves nothing for good.
    pub fn undecided(&self) -> impl Iterator<Item = &PathCertificate> {
        self.certificates
            .iter()
            .filter(|certificate| matches!(certificate.revocation, RevocationStatus::Unknown(_)))
    }
}

/// Why a certificate is not good at the instant. `certificate` is the subject it is about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// The issuer's name fits, its key does not: forged, or another key of the same name.
    #[error("a signature on the path does not verify")]
    BadSignature,
    /// Validity had ended.
    #[error("{certificate} expired at {not_after}")]
    Expired {
        /// Subject.
        certificate: String,
        /// Last valid instant.
        not_after: Timestamp,
    },
    /// A certificate of the path is malformed.
    #[error("a certificate of the path cannot be used: {0}")]
    Malformed(String),
    /// A name is outside what an issuer may certify.
    #[error("a name is outside the name constraints of an issuer")]
    NameConstraints,
    /// Validity had not begun.
    #[error("{certificate} is not valid before {not_before}")]
    NotYetValid {
        /// Subject.
        certificate: String,
        /// First valid instant.
        not_before: Timestamp,
    },
    /// Under none of the certificate policies that were demanded, by the verifier or by an issuer.
    #[error("the path holds under none of the certificate policies demanded")]
    Policies,
    /// There is more to look through than this program does for one document.
    #[error(
        "there are more certificates and revocation data to look through than this program does for one document"
    )]
    TooMuch,
    /// More issuers than an issuer or this program allows.
    #[error("the path is longer than an issuer or this program ({MAX_PATH_LENGTH}) allows")]
    PathTooLong,
    /// Revoked by then.
    #[error("{certificate} was revoked at {revoked_at}")]
    Revoked {
        /// Subject.
        certificate: String,
        /// Whether it is the signer certificate itself rather than one of its issuers.
        signer: bool,
        /// Since when.
        revoked_at: Timestamp,
        /// Why, if the list says so.
        reason: Option<CrlReason>,
    },
    /// No path to an anchor.
    #[error("no path to a trusted authority")]
    UnknownIssuer,
    /// A certificate of the path has a critical extension that is not understood here (RFC 5280 §4.2).
    #[error("{certificate} has a critical extension that is unknown here: {extension}")]
    UnknownExtension {
        /// Subject.
        certificate: String,
        /// Its object identifier.
        extension: String,
    },
    /// Signed with an algorithm, or a key, that the policy does not believe.
    #[error("{certificate} is signed with {part}, which is not believed any more")]
    WeakAlgorithm {
        /// Subject.
        certificate: String,
        /// The weak part.
        part: String,
        /// Since when; none if it never was.
        until: Option<Date>,
    },
    /// Signed with an algorithm that is unknown here.
    #[error("a certificate of the path is signed with an unsupported algorithm: {0}")]
    UnsupportedAlgorithm(String),
    /// Not made for this: the signer certificate for signatures of this kind, an issuer for the certificate below it.
    #[error("{certificate} may not {} for this: {why}", if *.signer { "be used" } else { "issue certificates" })]
    WrongUsage {
        /// Subject.
        certificate: String,
        /// Whether it is the signer certificate itself rather than one of its issuers.
        signer: bool,
        /// What is missing.
        why: &'static str,
    },
}

/// Finds and judges a path from `leaf` over some of the certificates `offered` to an anchor.
pub fn validate(
    leaf: &[u8],
    offered: &[&Certificates],
    context: &PathContext<'_>,
) -> Result<VerifiedPath, PathError> {
    search::best(leaf, offered, context)
}

/// A path whose signatures verify: its certificates from the signer's up, and the anchor.
struct Found<'a> {
    nodes: &'a [&'a Node],
    anchor: &'a Node,
    /// With what each certificate is signed.
    signatures: &'a [Used],
    at_hand: &'a [&'a Certificates],
}

impl Found<'_> {
    fn judge(&self, context: &PathContext<'_>) -> Result<VerifiedPath, PathError> {
        let ders = self
            .nodes
            .iter()
            .copied()
            .chain([self.anchor])
            .map(|node| &node.der);
        let spent = context.work.spend(reading(ders.map(|der| der.len()).sum()));
        spent.map_err(|Spent| PathError::TooMuch)?;
        // 1. What authorities allow those below: what is wrong with that no proof of time could mend.
        self.check_constraints(context)?;
        // 2. Dates, the signer's own before those of its issuers.
        for node in self.nodes.iter().copied().chain([self.anchor]) {
            node.check_dates(context.at)?;
        }
        // 3. Usages.
        for (position, node) in self.nodes.iter().enumerate() {
            check_usage(&node.parsed, position == 0, context.usage)?;
        }
        // 4. Algorithms.
        for (node, used) in self.nodes.iter().zip(self.signatures) {
            if let Some((part, until)) = context.weakness_of(&node.digest, *used) {
                return Err(PathError::WeakAlgorithm {
                    certificate: node.name.clone(),
                    part,
                    until,
                });
            }
        }
        // 5. Revocation.
        Ok(VerifiedPath {
            certificates: self.check_revocation(context)?,
            anchor: self.anchor.der.to_vec(),
            at: context.at,
        })
    }

    fn check_constraints(&self, context: &PathContext<'_>) -> Result<(), PathError> {
        let mut constraints = Constraints::new(context.work);
        let mut policies = Policies::new(self.nodes.len(), !context.policies.is_empty());
        let mut longest = usize::MAX;
        // A certificate that is trusted itself vouches for itself, whether or not it is an authority's.
        let is_own_anchor = matches!(self.nodes, [only] if only.der == self.anchor.der);
        if !is_own_anchor {
            check_authority(self.anchor, true)?;
            constraints.add(&self.anchor.parsed)?;
            longest = path_length(&self.anchor.parsed)?.unwrap_or(longest);
        }
        for (position, node) in self.nodes.iter().enumerate().rev() {
            let is_last = position == 0;
            let self_issued = node.subject == node.issuer;
            check_extensions(&node.parsed)?;
            if is_last || !self_issued {
                constraints.check(&node.parsed)?;
            }
            policies.step(&node.parsed, is_last)?;
            if is_last {
                break;
            }
            check_authority(node, false)?;
            constraints.add(&node.parsed)?;
            if !self_issued {
                longest = longest.checked_sub(1).ok_or(PathError::PathTooLong)?;
            }
            longest = longest.min(path_length(&node.parsed)?.unwrap_or(usize::MAX));
        }
        policies.finish(context.policies)
    }

    /// Each certificate by its issuer's word, from the anchor down: what an issuer says counts while it, and everyone above
    /// it, is in office (validation time sliding, ETSI EN 319 102-1 §5.6.2.2). The anchor is in office as long as it is
    /// trusted.
    fn check_revocation(&self, context: &PathContext<'_>) -> Result<Vec<PathCertificate>, PathError> {
        let mut certificates = Vec::with_capacity(self.nodes.len());
        let mut refused = None;
        let mut above: Option<Issuer<'_>> = None;
        let mut issuing = self.anchor;
        let mut left: Option<Timestamp> = None;
        for (position, node) in self.nodes.iter().copied().enumerate().rev() {
            let issuer = Issuer {
                name: issuing.subject,
                public_key_info: issuing.raw()?.public_key_info,
                may_sign_lists: key_usage(&issuing.parsed)?.is_none_or(|usage| usage.crl_sign()),
                until: issuing.not_after,
                left,
                above: None,
                at_hand: self.at_hand,
            };
            let asked = Asked {
                certificate: &node.parsed,
                raw: node.raw()?,
                existed: context.existence.of(&node.digest, context.now),
                issuer: Issuer {
                    above: above.as_ref(),
                    ..issuer
                },
            };
            let subject = node.name.clone();
            let revoked = match judge(context, &asked) {
                Ok((revocation, sources)) => {
                    // An issuer whose key is in nobody else's hands goes on speaking for what it issued.
                    let revoked = match &revocation {
                        RevocationStatus::RevokedLater(revoked) if !revoked.is_key_safe() => Some(revoked.at),
                        _ => None,
                    };
                    certificates.push(PathCertificate {
                        der: node.der.to_vec(),
                        subject,
                        not_after: node.not_after,
                        revocation,
                        sources,
                    });
                    revoked
                }
                // Of several the one nearest to the signer is told.
                Err(revoked) => {
                    refused = Some(PathError::Revoked {
                        certificate: subject,
                        signer: position == 0,
                        revoked_at: revoked.at,
                        reason: revoked.reason,
                    });
                    Some(revoked.at)
                }
            };
            let ended = (node.not_after < context.now).then_some(node.not_after);
            left = [left, revoked, ended].into_iter().flatten().min();
            (above, issuing) = (Some(issuer), node);
        }
        certificates.reverse();
        refused.map_or(Ok(certificates), Err)
    }
}

/// Whether a certificate may issue others (§6.1.4 (k) and (n)).
fn check_authority(node: &Node, is_anchor: bool) -> Result<(), PathError> {
    let wrong = |why| {
        Err(PathError::WrongUsage {
            certificate: x509::subject_text(&node.parsed),
            signer: false,
            why,
        })
    };
    let tbs = node.parsed.tbs_certificate();
    if tbs.version() == Version::V3 {
        let constraints = extension::<BasicConstraints>(&node.parsed)?;
        if !constraints.is_some_and(|(_, constraints)| constraints.ca) {
            return wrong("it is no certification authority's");
        }
        if key_usage(&node.parsed)?.is_some_and(|usage| !usage.key_cert_sign()) {
            return wrong("its key usage does not allow to issue certificates");
        }
    } else if !is_anchor {
        return wrong("a certificate of its version does not say that it is an authority's");
    }
    if is_anchor {
        check_extensions(&node.parsed)
    } else {
        Ok(())
    }
}

/// How many authorities may follow.
fn path_length(certificate: &Certificate) -> Result<Option<usize>, PathError> {
    let constraints = extension::<BasicConstraints>(certificate)?;
    Ok(constraints.and_then(|(_, constraints)| constraints.path_len_constraint.map(usize::from)))
}

/// Each extension once (§4.2), and none that is critical and not understood.
pub(super) fn check_extensions(certificate: &Certificate) -> Result<(), PathError> {
    let known = [
        AuthorityKeyIdentifier::OID,
        BasicConstraints::OID,
        CertificatePolicies::OID,
        CrlDistributionPoints::OID,
        ExtendedKeyUsage::OID,
        InhibitAnyPolicy::OID,
        KeyUsage::OID,
        NameConstraints::OID,
        PolicyConstraints::OID,
        PolicyMappings::OID,
        SubjectAltName::OID,
        SubjectKeyIdentifier::OID,
    ];
    let tbs = certificate.tbs_certificate();
    let mut seen = std::collections::BTreeSet::new();
    for one in tbs.extensions().into_iter().flatten() {
        let oid = one.extn_id;
        if !seen.insert(oid) {
            return Err(PathError::Malformed(format!("extension {oid} twice")));
        }
        if one.critical && !known.contains(&oid) {
            return Err(PathError::UnknownExtension {
                certificate: x509::subject_text(certificate),
                extension: oid.to_string(),
            });
        }
    }
    extension::<SubjectAltName>(certificate)?;
    Ok(())
}

fn extension<'a, T>(certificate: &'a Certificate) -> Result<Option<(bool, T)>, PathError>
where
    T: der::Decode<'a, Error = der::Error> + AssociatedOid,
{
    let found = certificate.tbs_certificate().get_extension::<T>();
    found.map_err(|error| PathError::Malformed(error.to_string()))
}

fn check_usage(certificate: &Certificate, is_leaf: bool, usage: Usage) -> Result<(), PathError> {
    let wrong = |why| {
        Err(PathError::WrongUsage {
            certificate: x509::subject_text(certificate),
            signer: is_leaf,
            why,
        })
    };
    match key_usage(certificate)? {
        Some(bits) if is_leaf && !usage.accepts_key_usage(bits) => {
            return wrong("its key usage does not allow signatures of this kind");
        }
        _ => {}
    }
    let purposes = purposes(certificate)?;
    if is_leaf && usage == Usage::Timestamp {
        let is_for_time = |purposes: &[AnyOid]| matches!(purposes, [only] if *only == TIME_STAMPING);
        return match &purposes {
            Some((true, purposes)) if is_for_time(purposes) => Ok(()),
            Some((false, purposes)) if is_for_time(purposes) => {
                wrong("its extended key usage timeStamping is not critical")
            }
            _ => wrong("its extended key usage is not timeStamping alone"),
        };
    }
    match purposes {
        Some((_, purposes)) if !purposes.iter().any(|purpose| usage.accepts_purpose(purpose)) => {
            wrong("its extended key usage has other purposes only")
        }
        _ => Ok(()),
    }
}

/// The purposes of a certificate, and whether they are critical (§4.2.1.12).
fn purposes(certificate: &Certificate) -> Result<Option<(bool, Vec<AnyOid>)>, PathError> {
    let Some(found) = extension_bytes(certificate, ExtendedKeyUsage::OID) else {
        return Ok(None);
    };
    let purposes = Vec::from_der(found.extn_value.as_bytes());
    let purposes = purposes.map_err(|error: der::Error| PathError::Malformed(error.to_string()))?;
    Ok(Some((found.critical, purposes)))
}

/// An extension as it stands. Some hold object identifiers that `const_oid` has no room for.
fn extension_bytes(certificate: &Certificate, oid: ObjectIdentifier) -> Option<&Extension> {
    let all = certificate.tbs_certificate().extensions();
    all.into_iter().flatten().find(|one| one.extn_id == oid)
}

fn key_usage(certificate: &Certificate) -> Result<Option<KeyUsage>, PathError> {
    Ok(extension::<KeyUsage>(certificate)?.map(|(_, usage)| usage))
}

#[cfg(test)]
mod tests;
