//! What is at hand about revocation, and what it says about one certificate at one instant.
//!
//! Revocation lists and answers of OCSP responders count alike. What nothing speaks for is
//! [`RevocationStatus::Unknown`], which is never taken for good.
//!
//! Which of them decides is said in one place, `decide`; how new one has to be in another, `freshness`; and how old where
//! its issuer is not in office any more, in a third, `out_of_office`.

pub mod crl;
pub mod ocsp;

use std::{
    cmp::Reverse,
    sync::{Arc, OnceLock},
};

use jiff::{SignedDuration, Timestamp};
use x509_cert::{Certificate, ext::pkix::CrlReason};

use self::{
    crl::{Crl, CrlError},
    ocsp::{OcspError, OcspResponse},
};
use super::{
    path::{Certificates, NameId, Node, PathContext, PathError, check_extensions},
    wanted::Notes,
    work::{Signature, Spent, Work, reading},
};
use crate::{
    clock::is_after,
    crypto::{
        SignatureAlgorithm, Used, sha256,
        x509::{self, RawParts},
    },
    limits::{MAX_REVOCATION_BYTES, MAX_REVOCATIONS},
};

/// Revocation data at hand, of any issuer: each piece well-formed, none believed before it is asked. Cheap
/// to clone.
#[derive(Debug, Clone, Default)]
pub struct Revocations {
    crls: Vec<Arc<Crl>>,
    responses: Vec<Arc<OcspResponse>>,
    /// Of all pieces.
    bytes: usize,
    /// Of all pieces: what has to be compared to know whether they speak of a certificate.
    parts: usize,
    max_age: Option<SignedDuration>,
    notes: Option<Arc<Notes>>,
}

/// A piece of it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Source {
    /// A revocation list.
    Crl(Arc<Crl>),
    /// An answer of an OCSP responder.
    Ocsp(Arc<OcspResponse>),
}

impl Source {
    fn is_crl(&self, list: &Crl) -> bool {
        matches!(self, Self::Crl(own) if std::ptr::eq(&raw const **own, list))
    }
}

/// Why bytes were not taken in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RevocationError {
    /// Not a revocation list that can be used.
    #[error(transparent)]
    Crl(#[from] CrlError),
    /// Not an answer of an OCSP responder that can be used.
    #[error(transparent)]
    Ocsp(#[from] OcspError),
    /// More than is kept at a time.
    #[error("吊销信息超过 {MAX_REVOCATIONS} 份或 {MAX_REVOCATION_BYTES} 字节 (too much revocation data)")]
    TooMuch,
}

impl Revocations {
    /// From the DER of revocation lists.
    pub fn from_crls<B: AsRef<[u8]>>(ders: impl IntoIterator<Item = B>) -> Result<Self, RevocationError> {
        let mut revocations = Self::default();
        for der in ders {
            revocations.add_crl(der.as_ref())?;
        }
        Ok(revocations)
    }

    /// Takes in the DER of a revocation list.
    pub fn add_crl(&mut self, der: &[u8]) -> Result<(), RevocationError> {
        self.make_room(der.len())?;
        let list = Crl::parse(der)?;
        self.parts += list.parts();
        self.crls.push(Arc::new(list));
        Ok(())
    }

    /// Takes in the DER of an `OCSPResponse`, or of a `BasicOCSPResponse`.
    pub fn add_ocsp(&mut self, der: &[u8]) -> Result<(), RevocationError> {
        self.make_room(der.len())?;
        let response = OcspResponse::parse(der)?;
        self.parts += response.parts();
        self.responses.push(Arc::new(response));
        Ok(())
    }

    /// Demands that what counts for the present is no older than this, whatever it says about itself; in turn
    /// it need not say when newer is due.
    #[must_use]
    pub fn no_older_than(mut self, max_age: Option<SignedDuration>) -> Self {
        self.max_age = max_age;
        self
    }

    /// Keeps note of what judgements by this lack.
    #[must_use]
    pub fn noting(mut self, notes: Arc<Notes>) -> Self {
        self.notes = Some(notes);
        self
    }

    pub(super) fn notes(&self) -> Option<&Notes> {
        self.notes.as_deref()
    }

    /// Takes in everything that another has.
    pub fn extend(&mut self, other: &Self) -> Result<(), RevocationError> {
        for crl in &other.crls {
            self.make_room(crl.der().len())?;
            self.parts += crl.parts();
            self.crls.push(Arc::clone(crl));
        }
        for response in &other.responses {
            self.make_room(response.der().len())?;
            self.parts += response.parts();
            self.responses.push(Arc::clone(response));
        }
        Ok(())
    }

    /// The same of issuers who do not say when the next list is due.
    #[cfg(test)]
    pub(super) fn undated(mut self) -> Self {
        for crl in &mut self.crls {
            *crl = Arc::new(Crl::clone(crl).undated());
        }
        self
    }

    /// The revocation lists.
    pub fn crls(&self) -> impl Iterator<Item = &Crl> {
        self.crls.iter().map(AsRef::as_ref)
    }

    /// The answers of OCSP responders.
    pub fn responses(&self) -> impl Iterator<Item = &OcspResponse> {
        self.responses.iter().map(AsRef::as_ref)
    }

    /// What speaks about a certificate, and what it says.
    fn sources(&self, asked: &Asked<'_>, context: &PathContext<'_>) -> Vec<(Source, Says)> {
        let mut found = crl::says(context, asked);
        if self.spend(context.work).is_err() {
            return Vec::new();
        }
        for response in &self.responses {
            let said = response.says(asked, context).into_iter();
            found.extend(said.map(|says| (Source::Ocsp(Arc::clone(response)), says)));
        }
        found
    }

    /// Takes off what it costs to look through all pieces.
    fn spend(&self, work: &Work) -> Result<(), Spent> {
        work.spend(1 + self.parts / PARTS)
    }

    /// How many pieces there are.
    pub fn len(&self) -> usize {
        self.crls.len() + self.responses.len()
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn make_room(&mut self, bytes: usize) -> Result<(), RevocationError> {
        let total = self.bytes.saturating_add(bytes);
        if self.len() >= MAX_REVOCATIONS || total > MAX_REVOCATION_BYTES {
            return Err(RevocationError::TooMuch);
        }
        self.bytes = total;
        Ok(())
    }
}

/// What a list says about a certificate on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revoked {
    /// Since when.
    pub at: Timestamp,
    /// Why, if the list says so.
    pub reason: Option<CrlReason>,
}

impl Revoked {
    /// Whether the reason says that nobody else has the key.
    pub(super) fn is_key_safe(&self) -> bool {
        matches!(
            self.reason,
            Some(CrlReason::AffiliationChanged | CrlReason::Superseded | CrlReason::CessationOfOperation)
        )
    }
}

/// What is known about the revocation of a certificate at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RevocationStatus {
    /// A list that covers the instant does not name it.
    Good {
        /// When that list was made.
        as_of: Timestamp,
        /// When the next one was due.
        next_update: Option<Timestamp>,
    },
    /// Revoked, but only after the instant asked about. Whether the instant can be believed is for the
    /// caller to say.
    RevokedLater(Revoked),
    /// Nothing speaks for it.
    Unknown(UnknownRevocation),
}

/// Why the revocation of a certificate is unknown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnknownRevocation {
    /// Nothing at hand speaks of it.
    #[error("no revocation list of its issuer is at hand, and no answer about it")]
    NoList,
    /// The responder does not know it.
    #[error("the responder does not know the certificate")]
    UnknownToResponder,
    /// The responder's own certificate is of unknown revocation, and its issuer does not say that this is well.
    #[error("whether the responder's certificate is revoked is unknown")]
    ResponderUnchecked,
    /// A kind of list that is not understood here.
    #[error("the revocation list is of a kind that is not supported ({0})")]
    Unsupported(String),
    /// A newer list was due before the instant, and a certificate can have been revoked since.
    #[error("the revocation list, or answer, was due for renewal at {next_update}")]
    Stale {
        /// When it was due.
        next_update: Timestamp,
    },
    /// The signature of the list, or answer, does not verify, or its maker may not sign it.
    #[error("the revocation list, or answer, is not properly signed")]
    Untrusted,
    /// The list, or answer, is older than the instant and does not say when the next one is due, which RFC 5280 §5.1.2.5
    /// demands: however old, it would pass for new.
    #[error("the revocation list, or answer, does not say when it is due for renewal")]
    Undated,
    /// The list, or answer, is dated later than the present: unreliable (RFC 6960 §4.2.2.1, RFC 5280 §5.1.2.4).
    #[error("the revocation list, or answer, is dated {this_update}, which has not come yet")]
    Future {
        /// When it says to have been made.
        this_update: Timestamp,
    },
    /// The list, or answer, is signed with an algorithm, or a key, that the policy does not believe.
    #[error("the revocation list, or answer, is signed with {0}, which is not believed any more")]
    Weak(String),
    /// The list, or answer, was made after the certificate had expired, when it need not be on the list any more.
    #[error("the revocation list, or answer, was made after the certificate had expired")]
    TooLate,
    /// The issuer, or one above it, is not in office any more, and nothing proves that the list, or answer, and the certificate,
    /// existed when it was.
    #[error(
        "its issuer left office at {left}, and nothing proves that the revocation list, or answer, is older"
    )]
    IssuerGone {
        /// When its certificate, or that of one above it, was revoked or ended.
        left: Timestamp,
    },
}

impl UnknownRevocation {
    /// Whether a piece of which this is said was signed by who may: then its accusation stands open.
    fn leaves_accusation(&self) -> bool {
        matches!(self, Self::Weak(_) | Self::ResponderUnchecked)
    }
}

/// A certificate whose revocation is asked about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) certificate: &'a Certificate,
    pub(super) raw: RawParts<'a>,
    /// By when the certificate is proven to have existed: now, where nothing is proven.
    pub(super) existed: Timestamp,
    pub(super) issuer: Issuer<'a>,
}

/// Its issuer on the path.
#[derive(Debug, Clone, Copy)]
pub(super) struct Issuer<'a> {
    pub(super) name: NameId,
    /// SubjectPublicKeyInfo of the key that signed the certificate.
    pub(super) public_key_info: &'a [u8],
    /// Whether its key usage allows to sign lists.
    pub(super) may_sign_lists: bool,
    /// End of its certificate.
    pub(super) until: Timestamp,
    /// Since when it, or one above it, is not in office any more by what is known now: revoked, or expired.
    pub(super) left: Option<Timestamp>,
    /// The issuer's issuer; none above an anchor.
    pub(super) above: Option<&'a Self>,
    /// Certificates, among which another of the same name may have signed a list.
    pub(super) at_hand: &'a [&'a Certificates],
}

/// What a piece says about a certificate.
#[derive(Debug)]
struct Says {
    /// That it was revoked, or that it was not; or why the piece says nothing.
    status: Result<Option<Revoked>, UnknownRevocation>,
    /// The revocation that a piece names which its issuer, or one certified for it, did sign, but which is not believed.
    accusation: Option<Revoked>,
    /// Why it can do no more than accuse, if so.
    accuses_only: Option<UnknownRevocation>,
    this_update: Timestamp,
    next_update: Option<Timestamp>,
    /// When it was made, by its own word.
    made_at: Timestamp,
    /// By when it is proven to have existed.
    existed: Timestamp,
    /// Certificates that expired since then are still spoken of.
    kept_since: Option<Timestamp>,
    /// Until when the certificate of its maker is valid, where that is not the issuer itself, whose own is on
    /// the path.
    maker_until: Option<Timestamp>,
}

/// What is known about a certificate at the instant of a context, and from where; `Err` if it was revoked by
/// then.
pub(super) fn judge(
    context: &PathContext<'_>,
    asked: &Asked<'_>,
) -> Result<(RevocationStatus, Vec<Source>), Revoked> {
    decide(context, asked, context.revocations.sources(asked, context))
}

/// The newest piece that concludes decides, whatever its kind, but a revocation for good on an older one
/// stands: only a hold can be lifted.
///
/// A revocation by the instant asked about counts from anybody who could make it, as does any where the present is
/// asked about: then nothing proves an earlier time, and a date that has not come yet is no leave until then (RFC 5280
/// §6.3.3 compares no dates). That a certificate was revoked later speaks for it, and so takes as much as the word that
/// it was not. A list of a kind or scope that cannot acquit can still accuse: what its issuer signed as revoked nobody may
/// take for good. Nor is a certificate good, nor revoked, of which a piece says that it is revoked that its issuer signed, or
/// one whom he certified for it, where it is open whether that piece is to be believed.
fn decide(
    context: &PathContext<'_>,
    asked: &Asked<'_>,
    mut pieces: Vec<(Source, Says)>,
) -> Result<(RevocationStatus, Vec<Source>), Revoked> {
    // Of pieces of one instant, one that says revoked comes first.
    pieces.sort_by_key(|(_, says)| (Reverse(says.this_update), !matches!(says.status, Ok(Some(_)))));
    let expiry = x509::validity(asked.certificate).1;
    let mut good: Option<(RevocationStatus, Source)> = None;
    let mut later: Option<(Revoked, Source)> = None;
    let mut is_later_known = false;
    let mut unknown = None;
    let mut open = None;
    for (source, mut says) in pieces {
        let cannot_acquit = says.accuses_only.take();
        let gone = out_of_office(asked, &says);
        match says.status {
            Err(why) => {
                let is_lifted =
                    |revoked: &Revoked| good.is_some() && revoked.reason == Some(CrlReason::CertificateHold);
                let by_then = |revoked: &Revoked| revoked.at <= context.at || context.at >= context.now;
                if says
                    .accusation
                    .is_some_and(|one| by_then(&one) && !is_lifted(&one))
                {
                    open.get_or_insert_with(|| why.clone());
                }
                unknown.get_or_insert(why);
            }
            Ok(None) => {
                if let Some(why) = cannot_acquit
                    .or_else(|| freshness(context, &says, expiry))
                    .or(gone)
                {
                    unknown.get_or_insert(why);
                } else {
                    let status = RevocationStatus::Good {
                        as_of: says.this_update,
                        next_update: says.next_update,
                    };
                    good.get_or_insert((status, source));
                }
            }
            // A hold that was followed by a revocation was not lifted; one that was, not for a proven time within it
            // (ETSI EN 319 102-1 §5.2.6.4).
            Ok(Some(revoked))
                if good.is_some()
                    && later.is_none()
                    && revoked.reason == Some(CrlReason::CertificateHold)
                    && !is_within(context, revoked, says.this_update) => {}
            Ok(Some(revoked)) if revoked.at <= context.at || context.at >= context.now => {
                return Err(revoked);
            }
            Ok(Some(revoked)) => {
                let doubt = cannot_acquit.or(gone);
                is_later_known |= doubt.is_none();
                unknown = unknown.or(doubt);
                if later.as_ref().is_none_or(|(known, _)| revoked.at < known.at) {
                    later = Some((revoked, source));
                }
            }
        }
    }
    if let Some(why) = open {
        return Ok((RevocationStatus::Unknown(why), Vec::new()));
    }
    let known = match (later, good) {
        (Some((revoked, source)), good) if is_later_known || good.is_some() => {
            Some((RevocationStatus::RevokedLater(revoked), source))
        }
        (_, good) => good,
    };
    let why = unknown.unwrap_or(UnknownRevocation::NoList);
    Ok(known.map_or_else(
        || (RevocationStatus::Unknown(why), Vec::new()),
        |(status, source)| (status, vec![source]),
    ))
}

/// Whether a proven instant lies between the date of a hold and that of a piece that tells of it.
fn is_within(context: &PathContext<'_>, hold: Revoked, told: Timestamp) -> bool {
    context.at < context.now && (hold.at..=told).contains(&context.at)
}

/// Whether a piece, or the certificate that it speaks of, is younger than the end of its issuer's office: whoever has the
/// issuer's key then makes both, and dates them as he likes. So both must be proven to have existed before (validation
/// time sliding, ETSI EN 319 102-1 §5.6.2.2); and whatever its issuer's standing, nothing counts that is dated after the
/// end of its certificate.
fn out_of_office(asked: &Asked<'_>, says: &Says) -> Option<UnknownRevocation> {
    let issuer = asked.issuer;
    let left = [Some(issuer.until), issuer.left].into_iter().flatten().min()?;
    let is_older = says.made_at <= left;
    let is_proven = issuer
        .left
        .is_none_or(|left| says.existed <= left && asked.existed <= left);
    (!is_older || !is_proven).then_some(UnknownRevocation::IssuerGone { left })
}

/// Whether a piece that does not name a certificate as revoked says enough about an instant, the present or a
/// proven past one; gives what is wrong.
///
/// - Made after the present: one of two clocks is wrong, and it says nothing.
/// - Made after the instant: it is fresh for it (ETSI EN 319 102-1 §5.2.5: issued after the validation time less
///   the freshness demanded), unless the certificate had expired when it was made. Then it need not speak of it
///   any more (RFC 5280 §3.3), except where it says that it does (`expiredCertsOnCRL`, `archiveCutoff`).
/// - Made before: no older than the maximum age, where one is configured, not past its `nextUpdate`, nor past the
///   certificate of its maker, whose key nobody looks after any more then. The interval between its two updates is
///   the freshness demanded where nothing is configured; what has no `nextUpdate` has none, and says nothing about
///   any instant after it.
fn freshness(context: &PathContext<'_>, says: &Says, expiry: Timestamp) -> Option<UnknownRevocation> {
    let (at, max_age) = (context.at, context.revocations.max_age);
    if is_after(says.made_at, context.now) {
        return Some(UnknownRevocation::Future {
            this_update: says.made_at,
        });
    }
    if says.this_update >= at {
        let speaks_of_it = says.this_update <= expiry || says.kept_since.is_some_and(|since| since <= expiry);
        return (!speaks_of_it).then_some(UnknownRevocation::TooLate);
    }
    let oldest = max_age.map(|age| says.this_update.saturating_add(age).unwrap_or(Timestamp::MAX));
    let Some(due) = [oldest, says.next_update].into_iter().flatten().min() else {
        return Some(UnknownRevocation::Undated);
    };
    let next_update = says.maker_until.map_or(due, |until| due.min(until));
    (next_update <= at).then_some(UnknownRevocation::Stale { next_update })
}

/// Whether the certificate of one who signed a piece by its issuer's leave was good when he did.
///
/// He dates what he signs himself: whoever has his key can date it before the revocation. So one that came later
/// counts as well, unless its reason says that the key is safe.
fn in_office(
    context: &PathContext<'_>,
    maker: &Asked<'_>,
    made_at: Timestamp,
    pieces: Vec<(Source, Says)>,
) -> Result<(), UnknownRevocation> {
    let until = x509::validity(maker.certificate).1;
    let context = PathContext {
        at: made_at.max(context.at.min(until)),
        ..*context
    };
    match decide(&context, maker, pieces) {
        Ok((RevocationStatus::Good { .. }, _)) => Ok(()),
        Ok((RevocationStatus::RevokedLater(revoked), _)) if revoked.is_key_safe() => Ok(()),
        Ok((RevocationStatus::Unknown(_), _)) => Err(UnknownRevocation::ResponderUnchecked),
        Ok((RevocationStatus::RevokedLater(_), _)) | Err(_) => Err(UnknownRevocation::Untrusted),
    }
}

/// Whether a certificate bears a good signature of this key, one that is believed, and nothing that is not
/// understood.
fn certified_by(
    certificate: &Node,
    public_key_info: &[u8],
    context: &PathContext<'_>,
) -> Result<(), UnknownRevocation> {
    let untrusted = |_: PathError| UnknownRevocation::Untrusted;
    let used = certificate
        .signed_by(public_key_info, context.work)
        .map_err(untrusted)?;
    believed(&certificate.digest, used, context)?;
    let spent = context.work.spend(reading(certificate.der.len()));
    spent.map_err(|Spent| UnknownRevocation::Untrusted)?;
    check_extensions(&certificate.parsed).map_err(untrusted)
}

/// Whether a signature that verifies is believed.
fn believed(piece: &[u8; 32], used: Used, context: &PathContext<'_>) -> Result<(), UnknownRevocation> {
    match context.weakness_of(piece, used) {
        Some((part, _)) => Err(UnknownRevocation::Weak(part)),
        None => Ok(()),
    }
}

/// The signature of a piece.
#[derive(Debug, Clone)]
struct Signed {
    algorithm: SignatureAlgorithm,
    value: Vec<u8>,
    /// SHA-256 of the piece.
    digest: OnceLock<[u8; 32]>,
    /// Of the key that is known to have made it: what an operator keeps is asked for file after file, and is long.
    by: OnceLock<([u8; 32], Used)>,
}

impl Signed {
    fn new(algorithm: SignatureAlgorithm, value: &[u8]) -> Self {
        Self {
            algorithm,
            value: value.to_vec(),
            digest: OnceLock::new(),
            by: OnceLock::new(),
        }
    }

    /// SHA-256 of the piece.
    fn digest(&self, piece: &[u8]) -> &[u8; 32] {
        self.digest.get_or_init(|| sha256(piece))
    }

    /// With what the piece is signed by a key, if it is; `content` is what is signed of it.
    fn by(&self, key: &[u8], piece: &[u8], content: &[u8], work: &Work) -> Option<Used> {
        let signature = Signature {
            of: self.digest(piece),
            key,
            algorithm: self.algorithm,
            content,
            value: &self.value,
        };
        let check = || {
            let own = sha256(key);
            if let Some((_, used)) = self.by.get().filter(|(known, _)| *known == own) {
                return Ok(*used);
            }
            let used = signature.check()?;
            self.by.get_or_init(|| (own, used));
            Ok(used)
        };
        work.verify(&signature, check).ok()?.ok()
    }
}

/// Parts of revocation data that are compared in a unit of work.
const PARTS: usize = 16;

#[cfg(test)]
mod tests;
