//! Revocation lists (RFC 5280 §5) and what they say about one certificate at one instant.
//!
//! A list speaks only for the certificates of its own issuer and scope, and only when its signature verifies
//! under that issuer's key: the key the certificate was signed with, the one above it where that bears the same name,
//! or another that the issuer, or whoever certified it, certified under the same name for signing lists (RFC 5280
//! §6.3.3 (f)).
//!
//! | kind of list | what it says here |
//! |---|---|
//! | full, partial by distribution point, for users or authorities only | everything about what is in its scope |
//! | for some reasons only, by itself or by the distribution point in the certificate | that a certificate on it is revoked; never that one is good |
//! | delta | the same |
//! | indirect, of version 1, with a critical extension, a date or a reason that nobody here knows, out of scope | the same |
//!
//! So one rule holds for all: a list can always accuse, and only one of a known kind, in its scope, can acquit
//! ([`UnknownRevocation::Unsupported`]). Serial numbers are unique under an issuer's name: what it signed as revoked can
//! be no other certificate. Lines behind one that names another issuer (§5.3.3) are not the list's issuer's.
//!
//! National authorities' lists name hundreds of thousands of certificates, and so may those of a stranger. So the
//! lines of a list stay the bytes they are: read through once, without memory, and once more, to be found by their
//! serial numbers, when a list that is properly signed is first asked.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet},
    hash::{BuildHasher as _, RandomState},
    ops::Range,
    sync::{Arc, OnceLock},
};

use const_oid::{AssociatedOid, ObjectIdentifier};
use der::{
    Decode, Encode as _, Header, Reader, SliceReader, Tag, TagNumber,
    asn1::{BitStringRef, GeneralizedTime, IntRef, OctetStringRef},
};
use jiff::Timestamp;
use spki::AlgorithmIdentifierRef;
use x509_cert::{
    Certificate, Version,
    ext::pkix::{
        AuthorityKeyIdentifier, CrlDistributionPoints, CrlNumber, CrlReason, KeyUsage,
        crl::dp::IssuingDistributionPoint, name::DistributionPointName,
    },
    name::Name,
    time::Time,
};

use super::{
    Asked, Issuer, Revoked, Says, Signed, Source, UnknownRevocation, believed, certified_by, in_office,
};
use crate::{
    crypto::{AnyOid, SignatureAlgorithm, VerifyError, x509},
    limits::{MAX_CRL_ALIKE, MAX_CRL_BYTES, MAX_CRL_FRAME, MAX_CRL_LINE, MAX_CRL_POINTS},
    trust::path::{NameId, Node, PathContext, name_id},
};

/// id-ce-issuingDistributionPoint (RFC 5280 §5.2.5).
const ISSUING_DISTRIBUTION_POINT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.28");
/// id-ce-expiredCertsOnCRL (X.509 §9.5.2.8).
const EXPIRED_KEPT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.60");
/// id-ce-certificateIssuer (RFC 5280 §5.3.3).
const CERTIFICATE_ISSUER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.29");
/// id-ce-deltaCRLIndicator (RFC 5280 §5.2.4).
const DELTA_INDICATOR: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.27");

/// Why bytes are not a revocation list that can be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CrlError {
    /// Its signature algorithm is unknown.
    #[error(transparent)]
    AlgorithmRefused(#[from] VerifyError),
    /// Not DER of a list.
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
    issuer: NameId,
    this_update: Timestamp,
    next_update: Option<Timestamp>,
    lines: Lines,
    scope: Scope,
    /// Certificates that expired since then stay on it.
    kept_since: Option<Timestamp>,
    /// Whether it holds no more than what is new since another list.
    is_delta: bool,
    /// Why it can do no more than accuse, if so: a kind of list that speaks for less, or more, than it seems to.
    unsupported: Option<String>,
}

/// Which of its issuer's certificates a list speaks for.
#[derive(Debug, Clone, Default)]
struct Scope {
    only_users: bool,
    only_authorities: bool,
    only_attributes: bool,
    some_reasons: bool,
    /// DER of the names of its distribution point.
    points: Option<BTreeSet<Vec<u8>>>,
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
        let content = Content::read(to_be_signed)?;
        if content.identifier != identifier {
            return Err(der::Error::from(Tag::Sequence.value_error()).into());
        }
        if der.len() - content.lines.len() > MAX_CRL_FRAME {
            return Err(CrlError::TooLarge);
        }

        let start = |part: &[u8]| part.as_ptr().addr() - der.as_ptr().addr();
        let mut lines = Lines::at(start(content.lines), content.lines.len());
        let mut unsupported = content.unsupported.or(lines.read_through(der)?);
        let mut scope = Scope::default();
        let mut kept_since = None;
        let mut is_delta = false;
        let mut seen = BTreeSet::new();
        let mut extensions = SliceReader::new(content.extensions)?;
        Extension::each(&mut extensions, |extension| {
            if !seen.insert(extension.kind) {
                unsupported = Some(format!("extension {} twice", extension.kind()));
            }
            if extension.is(ISSUING_DISTRIBUTION_POINT) {
                let unknown;
                (scope, unknown) = Scope::read(extension.value);
                unsupported = unsupported.take().or(unknown);
            } else if extension.is(DELTA_INDICATOR) {
                is_delta = true;
            } else if extension.is(EXPIRED_KEPT) {
                match GeneralizedTime::from_der(extension.value) {
                    Ok(since) => kept_since = Some(x509::to_timestamp(since.into())),
                    Err(error) if extension.critical => return Err(error.into()),
                    // It would have the list speak of more certificates; unread it adds none.
                    Err(_) => {}
                }
            } else if extension.critical
                && !extension.is(AuthorityKeyIdentifier::OID)
                && !extension.is(CrlNumber::OID)
            {
                unsupported = Some(format!("critical extension {}", extension.kind()));
            }
            Ok::<_, CrlError>(())
        })?;
        extensions.finish()?;
        Ok(Self {
            der: der.to_vec(),
            to_be_signed: start(to_be_signed)..start(to_be_signed) + to_be_signed.len(),
            signature: Signed::new(
                SignatureAlgorithm::from_identifier(&identifier, None)?,
                signature.raw_bytes(),
            ),
            issuer: name_id(&content.issuer),
            this_update: content.this_update,
            next_update: content.next_update,
            lines,
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

    /// Whether it is under the name of a certificate's issuer (RFC 5280 §7.1).
    pub fn is_of_issuer(&self, certificate: &Certificate) -> bool {
        self.issuer == name_id(certificate.tbs_certificate().issuer())
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

    /// How many lines it has: certificates, where it names none twice.
    pub fn len(&self) -> usize {
        self.lines.count
    }

    /// Whether it names none.
    pub fn is_empty(&self) -> bool {
        self.lines.count == 0
    }

    /// What has to be compared to know whether it speaks of a certificate.
    pub(super) fn parts(&self) -> usize {
        1 + self.scope.points.as_ref().map_or(0, BTreeSet::len)
    }

    /// What it says about a certificate of its issuer; none if it does not name it and it is outside its scope.
    fn says<'a>(
        &self,
        asked: &Asked<'a>,
        looked_up: &LookedUp<'a>,
        context: &PathContext<'_>,
    ) -> Option<Says> {
        if self.issuer != asked.issuer.name {
            return None;
        }
        let maker = self.maker(asked, looked_up, context);
        let about = || self.lines.about(asked.raw.serial, &self.der);
        let (status, accusation) = match &maker {
            Ok(_) => (Ok(about()), None),
            Err(doubt) => {
                let accuses = doubt.leaves_accusation()
                    || self.signed_with(asked.issuer.public_key_info, context).is_ok();
                (Err(doubt.clone()), accuses.then(about).flatten())
            }
        };
        let reach = self.scope.reach(looked_up.place(asked.certificate));
        if reach.is_none() && !matches!(status, Ok(Some(_))) && accusation.is_none() {
            return None;
        }
        let kind = match (&self.unsupported, reach) {
            (Some(kind), _) => Some(kind.clone()),
            (None, _) if self.is_delta => Some("delta list".to_owned()),
            (None, None) => Some("list of another scope".to_owned()),
            (None, Some(Reach::SomeReasons)) => Some("list for some reasons only".to_owned()),
            (None, Some(Reach::AllReasons)) => None,
        };
        Some(Says {
            status,
            accusation,
            accuses_only: kind.map(UnknownRevocation::Unsupported),
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
        looked_up: &LookedUp<'a>,
        context: &PathContext<'_>,
    ) -> Result<Option<Timestamp>, UnknownRevocation> {
        let issuer = asked.issuer;
        let mut doubt = match self.signed_with(issuer.public_key_info, context) {
            Ok(()) if issuer.may_sign_lists => return Ok(None),
            Ok(()) => UnknownRevocation::Untrusted,
            Err(doubt) => doubt,
        };
        // The key above, where the issuer's own is a former one that it certified itself ("old with new", RFC 4210
        // §4.4): that certificate stands on the path, and is judged there.
        let above = issuer.above.filter(|above| {
            above.name == issuer.name
                && above.may_sign_lists
                && self.this_update <= above.until
                && self.signed_with(above.public_key_info, context).is_ok()
        });
        if let Some(above) = above {
            return Ok(Some(above.until));
        }
        // Another key of the same name: the issuer's next or former one, or one for lists only.
        for signer in looked_up.signers(asked, context) {
            match self.check_maker(signer, context) {
                Ok(()) => return Ok(Some(x509::validity(&signer.node.parsed).1)),
                Err(UnknownRevocation::Untrusted) => {}
                Err(other) => doubt = other,
            }
        }
        Err(doubt)
    }

    fn check_maker(&self, signer: &Other<'_>, context: &PathContext<'_>) -> Result<(), UnknownRevocation> {
        let (from, until) = x509::validity(&signer.node.parsed);
        let raw = signer.node.raw().map_err(|_| UnknownRevocation::Untrusted)?;
        if !(from..=until).contains(&self.this_update) {
            return Err(UnknownRevocation::Untrusted);
        }
        self.signed_with(raw.public_key_info, context)?;
        // A list does not say that its own signer is good; others may.
        let asked = Asked {
            certificate: &signer.node.parsed,
            raw,
            existed: context.existence.of(&signer.node.digest, context.now),
            issuer: signer.by_whom,
        };
        let pieces = context.revocations.sources(&asked, context);
        let pieces = pieces.into_iter().filter(|(source, _)| !source.is_crl(self));
        in_office(context, &asked, self.this_update, pieces.collect())
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
        let used = used.ok_or(UnknownRevocation::Untrusted)?;
        believed(self.signature.digest(&self.der), used, context)
    }
}

/// What all lists have to know about a certificate that they are asked about, looked up once, when first asked for.
#[derive(Default)]
struct LookedUp<'a> {
    /// Certificates at hand under its issuer's name with another key, which that or its own issuer certified for lists.
    signers: OnceCell<Vec<Other<'a>>>,
    place: OnceCell<Place>,
}

/// Where a certificate says that it belongs.
struct Place {
    is_authority: bool,
    /// DER of the names of its issuer's distribution points, each with the most that is to be had there.
    points: BTreeMap<Vec<u8>, Reach>,
}

struct Other<'a> {
    node: &'a Node,
    by_whom: Issuer<'a>,
}

impl<'a> LookedUp<'a> {
    fn place(&self, certificate: &Certificate) -> &Place {
        self.place.get_or_init(|| Place::of(certificate))
    }

    fn signers(&self, asked: &Asked<'a>, context: &PathContext<'_>) -> &[Other<'a>] {
        self.signers.get_or_init(|| {
            let issuer = asked.issuer;
            let named = issuer
                .at_hand
                .iter()
                .flat_map(|some| some.of_subject(&issuer.name));
            let found = named.filter_map(|node| Other::read(node, issuer, context));
            found.collect()
        })
    }
}

impl Place {
    fn of(certificate: &Certificate) -> Self {
        let mut points = BTreeMap::new();
        let tbs = certificate.tbs_certificate();
        let stated = tbs.get_extension::<CrlDistributionPoints>().ok().flatten();
        let stated = stated.map(|(_, points)| points.0).unwrap_or_default();
        // Where a point names another issuer, an indirect list is to be had there.
        for point in stated.into_iter().filter(|point| point.crl_issuer.is_none()) {
            let reach = match point.reasons {
                Some(_) => Reach::SomeReasons,
                None => Reach::AllReasons,
            };
            let Some(DistributionPointName::FullName(names)) = point.distribution_point else {
                continue;
            };
            for name in names.iter().filter_map(|name| name.to_der().ok()) {
                let known = points.entry(name).or_insert(reach);
                *known = reach.max(*known);
            }
        }
        Self {
            is_authority: x509::is_authority(certificate),
            points,
        }
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
        // The two have one name where the issuer is self-issued.
        let by_whom = [Some(issuer), issuer.above.copied()];
        let by_whom = by_whom.into_iter().flatten().find(|one| {
            node.issuer == one.name && certified_by(node, one.public_key_info, context).is_ok()
        })?;
        Some(Self {
            node,
            by_whom: Issuer {
                at_hand: &[],
                ..by_whom
            },
        })
    }
}

/// TBSCertList (§5.1.2).
struct Content<'a> {
    identifier: AlgorithmIdentifierRef<'a>,
    issuer: Name,
    this_update: Timestamp,
    next_update: Option<Timestamp>,
    /// The certificates it names, one after the other.
    lines: &'a [u8],
    /// `SEQUENCE OF Extension`, or nothing.
    extensions: &'a [u8],
    /// Why it can do no more than accuse, if so.
    unsupported: Option<String>,
}

impl<'a> Content<'a> {
    fn read(to_be_signed: &'a [u8]) -> Result<Self, der::Error> {
        let next_is = |tbs: &SliceReader<'a>, wanted: &[Tag]| {
            Ok::<_, der::Error>(!tbs.is_finished() && wanted.contains(&Tag::peek(tbs)?))
        };
        let content_of = |tbs: &mut SliceReader<'a>| {
            let header = Header::decode(tbs)?;
            tbs.read_slice(header.length())
        };
        SliceReader::new(to_be_signed)?.sequence(|tbs| {
            let is_of_version_2 = next_is(tbs, &[Tag::Integer])? && Version::decode(tbs)? == Version::V2;
            let identifier = AlgorithmIdentifierRef::decode(tbs)?;
            let issuer = x509::name(tbs.tlv_bytes()?)?;
            let this_update = x509::to_timestamp(Time::decode(tbs)?);
            let next_update = if next_is(tbs, &[Tag::UtcTime, Tag::GeneralizedTime])? {
                Some(x509::to_timestamp(Time::decode(tbs)?))
            } else {
                None
            };
            let lines = if next_is(tbs, &[Tag::Sequence])? {
                content_of(tbs)?
            } else {
                &to_be_signed[..0]
            };
            let explicit = Tag::ContextSpecific {
                constructed: true,
                number: TagNumber(0),
            };
            let extensions = if next_is(tbs, &[explicit])? {
                content_of(tbs)?
            } else {
                &to_be_signed[..0]
            };
            Ok(Self {
                identifier,
                issuer,
                this_update,
                next_update,
                lines,
                extensions,
                unsupported: (!is_of_version_2).then(|| "list of another version".to_owned()),
            })
        })
    }
}

/// An extension of a list or of one of its lines. What nobody here knows may be of a kind of any length.
struct Extension<'a> {
    /// Content of the object identifier.
    kind: &'a [u8],
    critical: bool,
    value: &'a [u8],
}

impl<'a> Extension<'a> {
    /// `SEQUENCE OF Extension`, where there is one.
    fn each<E: From<der::Error>>(
        reader: &mut SliceReader<'a>,
        mut take: impl FnMut(Self) -> Result<(), E>,
    ) -> Result<(), E> {
        if reader.is_finished() {
            return Ok(());
        }
        reader.sequence(|list| {
            while !list.is_finished() {
                take(list.sequence(Self::read)?)?;
            }
            Ok(())
        })
    }

    fn read(reader: &mut SliceReader<'a>) -> Result<Self, der::Error> {
        let header = Header::decode(reader)?;
        header.tag().assert_eq(Tag::ObjectIdentifier)?;
        Ok(Self {
            kind: reader.read_slice(header.length())?,
            critical: Tag::peek(reader)? == Tag::Boolean && bool::decode(reader)?,
            value: <&OctetStringRef>::decode(reader)?.as_bytes(),
        })
    }

    fn is(&self, kind: ObjectIdentifier) -> bool {
        self.kind == kind.as_bytes()
    }

    /// Its kind, for people.
    fn kind(&self) -> String {
        let kind = AnyOid::of_content(self.kind);
        kind.map_or_else(|| "of an unreadable kind".to_owned(), |kind| kind.to_string())
    }
}

/// The lines of a list.
#[derive(Debug, Clone)]
struct Lines {
    /// Where they stand in it.
    place: Range<usize>,
    /// Where those of other issuers begin.
    own_end: usize,
    count: usize,
    /// Where each begins, by the hash of its serial number.
    index: OnceLock<Box<[(u32, u32)]>>,
    /// Nobody can choose serial numbers that are alike by it.
    hasher: RandomState,
}

/// One of them: a certificate that is revoked (§5.3).
struct Line<'a> {
    /// INTEGER, whole.
    serial: &'a [u8],
    revoked: Revoked,
    /// Whether it and those behind it name certificates of another issuer (§5.3.3).
    is_of_another: bool,
    /// Why the whole list can do no more than accuse, if so.
    unsupported: Option<String>,
}

impl Lines {
    fn at(start: usize, length: usize) -> Self {
        Self {
            place: start..start + length,
            own_end: start + length,
            count: 0,
            index: OnceLock::new(),
            hasher: RandomState::new(),
        }
    }

    /// Counts them; gives why the list can do no more than accuse, if so.
    fn read_through(&mut self, der: &[u8]) -> Result<Option<String>, CrlError> {
        let mut unsupported = None;
        let mut last = self.place.start;
        for line in lines(der, self.place.clone(), Line::read) {
            let (at, line) = line?;
            if at - last > MAX_CRL_LINE {
                return Err(CrlError::TooLarge);
            }
            last = at;
            if line.is_of_another {
                self.own_end = self.own_end.min(at);
            }
            unsupported = unsupported.or(line.unsupported);
            self.count += usize::from(line.revoked.reason != Some(CrlReason::RemoveFromCRL));
        }
        match self.place.end - last {
            ..=MAX_CRL_LINE => Ok(unsupported),
            _ => Err(CrlError::TooLarge),
        }
    }

    /// What they say about a serial number, an INTEGER with its header.
    fn about(&self, serial: &[u8], der: &[u8]) -> Option<Revoked> {
        let index = self.index.get_or_init(|| {
            let serial_alone = |line: &mut SliceReader<'_>| {
                let key = self.key(line.tlv_bytes()?);
                line.read_slice(line.remaining_len())?;
                Ok(key)
            };
            let entries = lines(der, self.place.clone(), serial_alone).flatten();
            let entries = entries.take_while(|(at, _)| *at < self.own_end);
            let entries = entries.filter_map(|(at, key)| Some((key, u32::try_from(at).ok()?)));
            let mut index: Vec<_> = entries.collect();
            index.sort_unstable();
            index.into_boxed_slice()
        });
        let key = self.key(serial);
        let first = index.partition_point(|(other, _)| *other < key);
        let alike = index.iter().skip(first).take_while(|(other, _)| *other == key);
        let mut found: Option<Revoked> = None;
        for (count, (_, at)) in alike.enumerate() {
            // Nobody has to be read who says it so often: revoked since ever, then.
            if count == MAX_CRL_ALIKE {
                return Some(Revoked {
                    at: Timestamp::UNIX_EPOCH,
                    reason: None,
                });
            }
            let rest = der
                .get(*at as usize..)
                .and_then(|rest| SliceReader::new(rest).ok());
            let Some(Ok(line)) = rest.map(|mut rest| rest.sequence(Line::read)) else {
                continue;
            };
            // Only delta lists have lines that take one away (§5.3.1): elsewhere they name what is not revoked.
            if line.serial != serial || line.revoked.reason == Some(CrlReason::RemoveFromCRL) {
                continue;
            }
            // Named twice: the earlier date, and no hold where one line is for good.
            let one = found.get_or_insert(line.revoked);
            one.at = one.at.min(line.revoked.at);
            if one.reason == Some(CrlReason::CertificateHold) {
                one.reason = line.revoked.reason;
            }
        }
        found
    }

    fn key(&self, serial: &[u8]) -> u32 {
        let [a, b, c, d, ..] = self.hasher.hash_one(serial).to_be_bytes();
        u32::from_be_bytes([a, b, c, d])
    }
}

/// The lines at a place of a list, up to one that cannot be read, each with where it begins.
fn lines<'a, T>(
    der: &'a [u8],
    place: Range<usize>,
    read: impl Fn(&mut SliceReader<'a>) -> Result<T, der::Error>,
) -> impl Iterator<Item = Result<(usize, T), der::Error>> {
    let mut at = place.start;
    std::iter::from_fn(move || {
        let start = at;
        let rest = der.get(start..place.end).filter(|rest| !rest.is_empty())?;
        at = place.end;
        Some(SliceReader::new(rest).and_then(|mut reader| {
            let line = reader.sequence(&read)?;
            at = start + usize::try_from(reader.position())?;
            Ok((start, line))
        }))
    })
}

impl<'a> Line<'a> {
    fn read(reader: &mut SliceReader<'a>) -> Result<Self, der::Error> {
        let serial = reader.tlv_bytes()?;
        IntRef::from_der(serial)?;
        let (mut reason, mut is_of_another) = (None, false);
        let mut unsupported = None;
        // Since when, nobody can say: since ever, then.
        let at = Time::from_der(reader.tlv_bytes()?).map_or_else(
            |_| {
                unsupported = Some("unreadable date of an entry".to_owned());
                Timestamp::UNIX_EPOCH
            },
            x509::to_timestamp,
        );
        Extension::each(reader, |extension| {
            is_of_another |= extension.is(CERTIFICATE_ISSUER);
            if extension.is(CrlReason::OID) {
                reason = CrlReason::from_der(extension.value).ok();
                if reason.is_none() {
                    unsupported = Some("unknown reason of an entry".to_owned());
                }
            } else if extension.critical || is_of_another {
                unsupported = Some(format!("extension {} of an entry", extension.kind()));
            }
            Ok::<_, der::Error>(())
        })?;
        Ok(Self {
            serial,
            revoked: Revoked { at, reason },
            is_of_another,
            unsupported,
        })
    }
}

impl Scope {
    /// The scope, and why the list can do no more than accuse, if so.
    fn read(der: &[u8]) -> (Self, Option<String>) {
        let names = x509::readable_names(der);
        let point = names.and_then(|names| IssuingDistributionPoint::from_der(&names));
        let Ok(point) = point else {
            return (Self::default(), Some("unreadable scope".to_owned()));
        };
        let mut unsupported = point.indirect_crl.then_some("indirect list");
        let points = match point.distribution_point {
            None => None,
            Some(DistributionPointName::FullName(names)) if names.len() > MAX_CRL_POINTS => {
                unsupported = Some("list with too many distribution points");
                None
            }
            Some(DistributionPointName::FullName(names)) => {
                Some(names.iter().filter_map(|name| name.to_der().ok()).collect())
            }
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
        (scope, unsupported.map(str::to_owned))
    }

    /// RFC 5280 §6.3.3 (b)(2) and (d); none where a certificate is outside the scope.
    fn reach(&self, place: &Place) -> Option<Reach> {
        if self.only_attributes
            || (self.only_users && place.is_authority)
            || (self.only_authorities && !place.is_authority)
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
        let of_list = names.iter().filter_map(|name| place.points.get(name));
        of_list.map(|at_point| own.min(*at_point)).max()
    }
}

/// What the lists at hand say about a certificate.
pub(super) fn says(context: &PathContext<'_>, asked: &Asked<'_>) -> Vec<(Source, Says)> {
    if context.revocations.spend(context.work).is_err() {
        return Vec::new();
    }
    let looked_up = LookedUp::default();
    let lists = context.revocations.crls.iter();
    lists
        .filter_map(|crl| {
            Some((
                Source::Crl(Arc::clone(crl)),
                crl.says(asked, &looked_up, context)?,
            ))
        })
        .collect()
}
