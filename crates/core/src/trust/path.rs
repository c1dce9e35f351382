//! Path validation (RFC 5280 §6) from a certificate to a trust anchor, at an instant, for a usage.
//!
//! rustls-webpki finds the path and checks signatures, validity, basic constraints, path length, name
//! constraints and critical extensions. It leaves key usage aside and reports revocation as yes or
//! no, so both are done here, over the path it found:
//!
//! | question | rule |
//! |---|---|
//! | extended key usage of every certificate of the path | absent, or one of those the [`Usage`] accepts |
//! | extended key usage of a timestamp authority | timeStamping, nothing else, critical (RFC 3161 §2.3) |
//! | key usage of the signer certificate | absent, or one of the bits the [`Usage`] accepts |
//! | key usage of each issuer | absent, or with keyCertSign |
//! | revocation of each certificate below the anchor | not revoked by then; else said, see [`revocation`](super::revocation) |
//! | algorithms and keys of every signature on the path | believed by the policy at its instant |
//! | validity of the anchor | its own certificate covers the instant |
//!
//! Signatures go through our own door, [`verify`](crate::crypto::verify), which webpki is handed as its list of
//! algorithms: it understands more than webpki's own list, and weak ones too, for the policy to refuse.
//!
//! A certificate without an extended key usage is accepted for documents because most certificates for
//! organisations, here and abroad, have none: RFC 9336 §3.2 leaves that to local policy.

mod algorithms;

use const_oid::ObjectIdentifier;
use der::referenced::OwnedToRef as _;
use jiff::{Timestamp, civil::Date};
use pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{
    EndEntityCert, Error as WebpkiError, ExtendedKeyUsageValidator, KeyPurposeIdIter,
    anchor_from_trusted_cert,
};
use x509_cert::{
    Certificate,
    ext::pkix::{CrlReason, ExtendedKeyUsage, KeyUsage},
};

use super::revocation::{ListIssuer, RevocationStatus, Revocations, judge};
use crate::{
    crypto::{
        AlgorithmPolicy, SignatureAlgorithm, VerifyError,
        authority::{DOCUMENT_SIGNING, EMAIL_PROTECTION, TIME_STAMPING},
        mechanism_of,
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
    fn accepts_purpose(self, purpose: ObjectIdentifier) -> bool {
        match purpose {
            ANY_USAGE => true,
            DOCUMENT_SIGNING => self != Self::Timestamp,
            TIME_STAMPING => self == Self::Timestamp,
            EMAIL_PROTECTION | ADOBE_DOCUMENTS | MICROSOFT_DOCUMENTS => self == Self::Document,
            _ => false,
        }
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
    /// DER of the certificates that are trusted.
    pub anchors: &'a [&'a [u8]],
    /// Revocation data at hand, of any issuer.
    pub revocations: &'a Revocations,
    /// The instant.
    pub at: Timestamp,
    /// The usage.
    pub usage: Usage,
    /// Which algorithms are believed.
    pub policy: &'a AlgorithmPolicy,
    /// By when the path is proven to have existed, which is no later than `at` only with proof: the instant
    /// its algorithms are judged at.
    pub policy_at: Timestamp,
}

impl PathContext<'_> {
    /// Judges one signature; gives the weak part and since when it is not believed.
    pub(super) fn weakness(&self, mechanism: Mechanism) -> Option<(String, Option<Date>)> {
        let age = Age {
            claimed: None,
            proven: None,
            now: self.policy_at,
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
    /// One of the anchors given is no certificate.
    #[error("a trust anchor is unusable: {0}")]
    Anchor(String),
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
    /// A certificate of the path is malformed or has a critical extension nobody here understands.
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
    /// Not made for this.
    #[error("{certificate} may not be used for this: {why}")]
    WrongUsage {
        /// Subject.
        certificate: String,
        /// What is missing.
        why: &'static str,
    },
}

/// Finds and judges a path from `leaf` over some of `intermediates` to an anchor.
pub fn validate(
    leaf: &[u8],
    intermediates: &[Vec<u8>],
    context: &PathContext<'_>,
) -> Result<VerifiedPath, PathError> {
    let anchor_certificates: Vec<CertificateDer<'_>> = context
        .anchors
        .iter()
        .map(|der| CertificateDer::from(*der))
        .collect();
    let anchors = anchor_certificates
        .iter()
        .map(|certificate| {
            anchor_from_trusted_cert(certificate).map_err(|error| PathError::Anchor(format!("{error:?}")))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let offered: Vec<CertificateDer<'_>> = intermediates
        .iter()
        .map(|der| CertificateDer::from(der.as_slice()))
        .collect();
    let certificate = CertificateDer::from(leaf);
    let end_entity = EndEntityCert::try_from(&certificate).map_err(|error| map(&error, leaf))?;

    // 1. A path, its signatures, dates and constraints.
    let search = Search {
        end_entity: &end_entity,
        anchors: &anchors,
        offered: &offered,
    };
    let (found, anchor) = search.run(context.at).map_err(|error| {
        let dates = match error {
            WebpkiError::CertExpired { not_after, .. } => to_timestamp(not_after),
            WebpkiError::CertNotValidYet { not_before, .. } => to_timestamp(not_before),
            other => return map(&other, leaf),
        };
        // Dates are looked at first, but they do not matter where there is no path at all.
        match search.run(dates) {
            Err(other) if !is_about_dates(&other) => map(&other, leaf),
            _ => name_outdated(leaf, intermediates, context.at),
        }
    })?;
    let anchor = context.anchors.get(anchor).copied().unwrap_or_default();

    // 2. What webpki leaves out: usages, and the anchor's own dates.
    let parsed = found
        .iter()
        .map(|der| x509::parse(der).map_err(|error| PathError::Malformed(error.to_string())))
        .collect::<Result<Vec<_>, _>>()?;
    for (position, certificate) in parsed.iter().enumerate() {
        check_usage(certificate, position == 0, context.usage)?;
    }
    let anchor_parsed = x509::parse(anchor).map_err(|error| PathError::Anchor(error.to_string()))?;
    if let Some(error) = outdated(&anchor_parsed, context.at) {
        return Err(error);
    }

    // 3. Algorithms: each certificate's signature under its issuer's key.
    let issuers = found.iter().skip(1).map(Vec::as_slice).chain([anchor]);
    for (certificate, issuer) in parsed.iter().zip(issuers) {
        check_algorithms(certificate, issuer, context)?;
    }

    // 4. Revocation, each certificate by the lists of its issuer.
    let issuers = parsed
        .iter()
        .zip(&found)
        .skip(1)
        .map(|(certificate, der)| (certificate, der.as_slice()));
    let issuers = issuers.chain([(&anchor_parsed, anchor)]);
    let mut certificates = Vec::with_capacity(found.len());
    for ((certificate, der), (issuer, issuer_der)) in parsed.iter().zip(&found).zip(issuers) {
        let malformed = |error: x509::X509Error| PathError::Malformed(error.to_string());
        let issuer = ListIssuer {
            public_key_info: x509::raw(issuer_der).map_err(malformed)?.public_key_info,
            may_sign_lists: key_usage(issuer)?.is_none_or(|usage| usage.crl_sign()),
        };
        let raw = x509::raw(der).map_err(malformed)?;
        let subject = x509::subject_text(certificate);
        match judge(context, certificate, raw, issuer) {
            Ok(revocation) => certificates.push(PathCertificate {
                der: der.clone(),
                subject,
                not_after: x509::validity(certificate).1,
                revocation,
            }),
            Err(revoked) => {
                return Err(PathError::Revoked {
                    certificate: subject,
                    signer: certificates.is_empty(),
                    revoked_at: revoked.at,
                    reason: revoked.reason,
                });
            }
        }
    }
    Ok(VerifiedPath {
        certificates,
        anchor: anchor.to_vec(),
        at: context.at,
    })
}

/// What webpki is asked with, but for the instant.
struct Search<'a> {
    end_entity: &'a EndEntityCert<'a>,
    anchors: &'a [TrustAnchor<'a>],
    offered: &'a [CertificateDer<'a>],
}

impl Search<'_> {
    /// DER of the path's certificates, and which anchor it leads to.
    fn run(&self, at: Timestamp) -> Result<(Vec<Vec<u8>>, usize), WebpkiError> {
        let seconds = u64::try_from(at.as_second()).unwrap_or_default();
        let path = self.end_entity.verify_for_usage(
            algorithms::all(),
            self.anchors,
            self.offered,
            UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds)),
            AnyPurpose,
            None,
            None,
        )?;
        let mut found = vec![self.end_entity.der().to_vec()];
        found.extend(
            path.intermediate_certificates()
                .map(|certificate| certificate.der().to_vec()),
        );
        let anchor = self
            .anchors
            .iter()
            .position(|anchor| std::ptr::eq(anchor, path.anchor()));
        Ok((found, anchor.ok_or(WebpkiError::UnknownIssuer)?))
    }
}

/// Purposes are judged on the path that was found, where the certificate can be named.
struct AnyPurpose;

impl ExtendedKeyUsageValidator for AnyPurpose {
    fn validate(&self, _: KeyPurposeIdIter<'_, '_>) -> Result<(), WebpkiError> {
        Ok(())
    }
}

fn check_usage(certificate: &Certificate, is_leaf: bool, usage: Usage) -> Result<(), PathError> {
    let wrong = |why| {
        Err(PathError::WrongUsage {
            certificate: x509::subject_text(certificate),
            why,
        })
    };
    match key_usage(certificate)? {
        Some(bits) if is_leaf && !usage.accepts_key_usage(bits) => {
            return wrong("its key usage does not allow signatures of this kind");
        }
        Some(bits) if !is_leaf && !bits.key_cert_sign() => {
            return wrong("its key usage does not allow to issue certificates");
        }
        _ => {}
    }
    let purposes = certificate
        .tbs_certificate()
        .get_extension::<ExtendedKeyUsage>()
        .map_err(|error| PathError::Malformed(error.to_string()))?;
    if is_leaf && usage == Usage::Timestamp {
        return match &purposes {
            Some((true, purposes)) if purposes.0 == [TIME_STAMPING] => Ok(()),
            Some((false, purposes)) if purposes.0 == [TIME_STAMPING] => {
                wrong("its extended key usage timeStamping is not critical")
            }
            _ => wrong("its extended key usage is not timeStamping alone"),
        };
    }
    match purposes {
        Some((_, purposes)) if !purposes.0.iter().any(|purpose| usage.accepts_purpose(*purpose)) => {
            wrong("its extended key usage has other purposes only")
        }
        _ => Ok(()),
    }
}

fn check_algorithms(
    certificate: &Certificate,
    issuer: &[u8],
    context: &PathContext<'_>,
) -> Result<(), PathError> {
    let malformed = |error: x509::X509Error| PathError::Malformed(error.to_string());
    let unsupported = |error: VerifyError| PathError::UnsupportedAlgorithm(error.to_string());
    let key = x509::raw(issuer).map_err(malformed)?.public_key_info;
    let identifier = certificate.signature_algorithm().owned_to_ref();
    let algorithm = SignatureAlgorithm::from_identifier(&identifier, None).map_err(unsupported)?;
    let used = mechanism_of(key, algorithm).map_err(unsupported)?;
    match context.weakness(Mechanism::Signature(used)) {
        None => Ok(()),
        Some((part, until)) => Err(PathError::WeakAlgorithm {
            certificate: x509::subject_text(certificate),
            part,
            until,
        }),
    }
}

fn key_usage(certificate: &Certificate) -> Result<Option<KeyUsage>, PathError> {
    let found = certificate.tbs_certificate().get_extension::<KeyUsage>();
    let found = found.map_err(|error| PathError::Malformed(error.to_string()))?;
    Ok(found.map(|(_, usage)| usage))
}

fn outdated(certificate: &Certificate, at: Timestamp) -> Option<PathError> {
    let (not_before, not_after) = x509::validity(certificate);
    let subject = || x509::subject_text(certificate);
    if at < not_before {
        return Some(PathError::NotYetValid {
            certificate: subject(),
            not_before,
        });
    }
    (at > not_after).then(|| PathError::Expired {
        certificate: subject(),
        not_after,
    })
}

/// Which certificate it was whose dates did not fit: the signer's own before those of its issuers.
fn name_outdated(leaf: &[u8], intermediates: &[Vec<u8>], at: Timestamp) -> PathError {
    [leaf]
        .into_iter()
        .chain(intermediates.iter().map(Vec::as_slice))
        .filter_map(|der| x509::parse(der).ok())
        .find_map(|certificate| outdated(&certificate, at))
        .unwrap_or(PathError::UnknownIssuer)
}

fn is_about_dates(error: &WebpkiError) -> bool {
    matches!(
        error,
        WebpkiError::CertExpired { .. } | WebpkiError::CertNotValidYet { .. }
    )
}

fn to_timestamp(time: UnixTime) -> Timestamp {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}

fn map(error: &WebpkiError, leaf: &[u8]) -> PathError {
    let wrong_usage = |why| PathError::WrongUsage {
        certificate: x509::parse(leaf).map_or_else(|_| String::new(), |leaf| x509::subject_text(&leaf)),
        why,
    };
    match error {
        WebpkiError::UnknownIssuer => PathError::UnknownIssuer,
        WebpkiError::InvalidSignatureForPublicKey | WebpkiError::SignatureAlgorithmMismatch => {
            PathError::BadSignature
        }
        WebpkiError::PathLenConstraintViolated
        | WebpkiError::MaximumPathDepthExceeded
        | WebpkiError::MaximumPathBuildCallsExceeded
        | WebpkiError::MaximumSignatureChecksExceeded => PathError::PathTooLong,
        WebpkiError::NameConstraintViolation | WebpkiError::MaximumNameConstraintComparisonsExceeded => {
            PathError::NameConstraints
        }
        WebpkiError::UnsupportedSignatureAlgorithmContext(_)
        | WebpkiError::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            PathError::UnsupportedAlgorithm(format!("{error:?}"))
        }
        WebpkiError::CaUsedAsEndEntity => wrong_usage("it is a certification authority's"),
        WebpkiError::EndEntityUsedAsCa => wrong_usage("its issuer is no certification authority"),
        WebpkiError::EmptyEkuExtension => wrong_usage("an extended key usage on its path is empty"),
        other => PathError::Malformed(format!("{other:?}")),
    }
}

#[cfg(test)]
mod tests;
