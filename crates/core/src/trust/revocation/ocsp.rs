//! Answers of OCSP responders (RFC 6960) and what they say about one certificate.
//!
//! An answer is believed when the issuer signed it, or a responder whom the issuer certified for that purpose
//! alone (RFC 6960 §4.2.2.2). A nonce binds an answer to one question at one moment: kept answers have none, and
//! none is asked for (RFC 5019 §2.2.1); what tells new from old is `thisUpdate`.
//!
//! The digests in a `CertID` and a `KeyHash` find a certificate and a key among others. SHA-1, which RFC 5019
//! prescribes there, serves for that: what is signed is judged like every other signature.

#![expect(clippy::unnested_or_patterns, reason = "derive(Choice) writes them")]

use std::{collections::BTreeMap, ops::Range};

use const_oid::{AssociatedOid as _, ObjectIdentifier};
use der::{
    Any, Choice, Decode, Encode, Enumerated, Header, Reader, Sequence, SliceReader, Tag, TagNumber,
    asn1::{BitStringRef, GeneralizedTime, Null, OctetString, OctetStringRef},
    referenced::OwnedToRef as _,
};
use jiff::Timestamp;
use spki::{AlgorithmIdentifierOwned, AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use x509_cert::{
    ext::{
        Extensions,
        pkix::{CrlReason, ExtendedKeyUsage, KeyUsage},
    },
    serial_number::SerialNumber,
};

use super::{Asked, Revoked, Says, Signed, UnknownRevocation, believed, certified_by, crl, in_office};
use crate::{
    crypto::{
        AnyOid, DigestAlgorithm, SignatureAlgorithm, VerifyError,
        x509::{self, X509Error},
    },
    limits::{MAX_OCSP_BYTES, MAX_OCSP_CERTIFICATES},
    trust::{
        path::{NameId, Offered, PathContext, name_id},
        work::{BYTES, Spent, reading},
    },
};

/// id-pkix-ocsp-basic.
const BASIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.1");
/// id-pkix-ocsp-nocheck.
const NO_CHECK: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.5");
/// id-pkix-ocsp-archive-cutoff.
const ARCHIVE_CUTOFF: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.6");
/// id-kp-OCSPSigning.
const OCSP_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.9");

/// Why bytes are not an answer that can be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OcspError {
    /// Its signature algorithm is unknown.
    #[error(transparent)]
    AlgorithmRefused(#[from] VerifyError),
    /// A certificate in it is none.
    #[error("OCSP 应答所附证书有误 (a certificate in the OCSP response)")]
    Certificate(#[from] X509Error),
    /// Not DER of an answer.
    #[error("OCSP 应答格式有误 (malformed OCSP response: {0})")]
    Malformed(#[from] der::Error),
    /// The responder answered that it does not answer.
    #[error("OCSP 服务未给出结果 (the OCSP responder answered: {0})")]
    NoAnswer(&'static str),
    /// Longer than this program reads.
    #[error(
        "OCSP 应答超过 {MAX_OCSP_BYTES} 字节或 {MAX_OCSP_CERTIFICATES} 张证书 (the OCSP response is too large)"
    )]
    TooLarge,
    /// An answer of another kind.
    #[error("不支持此种 OCSP 应答 (unsupported kind of OCSP response: {0})")]
    Unsupported(String),
}

/// A well-formed answer. Who signed it is asked when it is.
#[derive(Debug, Clone)]
pub struct OcspResponse {
    der: Vec<u8>,
    /// Where in it what is signed stands.
    to_be_signed: Range<usize>,
    signature: Signed,
    responder: Responder,
    produced_at: Timestamp,
    answers: Vec<Answer>,
    /// DER of the certificates that came with it, each with its subject.
    certificates: Vec<(NameId, Vec<u8>)>,
}

/// Who says to have answered.
#[derive(Debug, Clone)]
enum Responder {
    /// Name.
    Name(NameId),
    /// SHA-1 of the key.
    Key(Vec<u8>),
}

/// What is answered about one certificate.
#[derive(Debug, Clone)]
struct Answer {
    about: CertId,
    status: Status,
    this_update: Timestamp,
    next_update: Option<Timestamp>,
    /// Certificates that expired since then are still answered for.
    kept_since: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy)]
enum Status {
    Good,
    Revoked(Revoked),
    Unknown,
}

/// RFC 6960 §4.1.1.
#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
struct CertId {
    hash_algorithm: AlgorithmIdentifierOwned,
    issuer_name_hash: OctetString,
    issuer_key_hash: OctetString,
    serial_number: SerialNumber,
}

/// RFC 6960 §4.2.1.
#[derive(Debug, Clone, Sequence)]
struct ResponseData {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", default = "Default::default")]
    version: u8,
    /// See [`responder_of`].
    responder_id: Any,
    produced_at: GeneralizedTime,
    responses: Vec<SingleResponse>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    extensions: Option<Extensions>,
}

#[derive(Debug, Clone, Sequence)]
struct SingleResponse {
    cert_id: CertId,
    cert_status: CertStatus,
    this_update: GeneralizedTime,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    next_update: Option<GeneralizedTime>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    extensions: Option<Extensions>,
}

#[derive(Debug, Clone, Choice)]
enum CertStatus {
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT")]
    Good(Null),
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", constructed = "true")]
    Revoked(RevokedInfo),
    #[asn1(context_specific = "2", tag_mode = "IMPLICIT")]
    Unknown(Null),
}

#[derive(Debug, Clone, Sequence)]
struct RevokedInfo {
    revocation_time: GeneralizedTime,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    revocation_reason: Option<CrlReason>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Enumerated)]
#[asn1(type = "ENUMERATED")]
#[repr(u8)]
enum ResponseStatus {
    Successful = 0,
    MalformedRequest = 1,
    InternalError = 2,
    TryLater = 3,
    SigRequired = 5,
    Unauthorized = 6,
}

#[derive(Sequence)]
struct OcspRequest {
    tbs_request: TbsRequest,
}

#[derive(Sequence)]
struct TbsRequest {
    request_list: Vec<SingleRequest>,
}

#[derive(Sequence)]
struct SingleRequest {
    req_cert: CertId,
}

#[derive(Sequence)]
struct Envelope {
    status: ResponseStatus,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    bytes: ResponseBytes,
}

#[derive(Sequence)]
struct ResponseBytes {
    kind: ObjectIdentifier,
    content: OctetString,
}

/// DER of the question about a certificate of an issuer, both DER, as RFC 5019 §2.1 has it: one certificate, by
/// SHA-1, without a nonce, so that servers can have answers ready.
pub fn request(certificate: &[u8], issuer: &[u8]) -> Result<Vec<u8>, X509Error> {
    let (about, issuer) = (x509::raw(certificate)?, x509::raw(issuer)?);
    let certificate = x509::parse(certificate)?;
    let sha1 = DigestAlgorithm::Sha1;
    let info = SubjectPublicKeyInfoRef::from_der(issuer.public_key_info)?;
    let about = CertId {
        hash_algorithm: AlgorithmIdentifierOwned {
            oid: sha1.oid(),
            parameters: Some(Any::null()),
        },
        // As it stands in the certificate (RFC 6960 §4.1.1), which may be in other kinds of string than the issuer's own.
        issuer_name_hash: OctetString::new(sha1.digest(about.issuer))?,
        issuer_key_hash: OctetString::new(sha1.digest(info.subject_public_key.raw_bytes()))?,
        serial_number: certificate.tbs_certificate().serial_number().clone(),
    };
    let request = OcspRequest {
        tbs_request: TbsRequest {
            request_list: vec![SingleRequest { req_cert: about }],
        },
    };
    Ok(request.to_der()?)
}

impl OcspResponse {
    /// Reads the DER of an `OCSPResponse`, or of the `BasicOCSPResponse` in it, which CMS signatures carry.
    pub fn parse(der: &[u8]) -> Result<Self, OcspError> {
        if der.len() > MAX_OCSP_BYTES {
            return Err(OcspError::TooLarge);
        }
        let mut whole = SliceReader::new(der)?;
        let outer = Header::decode(&mut whole)?;
        outer.tag().assert_eq(Tag::Sequence)?;
        let basic = match Tag::peek(&whole)? {
            Tag::Enumerated => basic_of(der)?,
            _ => der,
        };
        let mut reader = SliceReader::new(basic)?;
        let (to_be_signed, identifier, signature, certificates) = reader.sequence(|basic| {
            let to_be_signed = basic.tlv_bytes()?;
            let identifier = AlgorithmIdentifierRef::decode(basic)?;
            let signature = BitStringRef::decode(basic)?;
            let certificates = if basic.is_finished() {
                Vec::new()
            } else {
                certificates_in(basic)?
            };
            Ok::<_, der::Error>((to_be_signed, identifier, signature, certificates))
        })?;
        reader.finish()?;
        if certificates.len() > MAX_OCSP_CERTIFICATES {
            return Err(OcspError::TooLarge);
        }
        let named = certificates.into_iter().map(|der| {
            let certificate = x509::parse(&der)?;
            Ok((name_id(certificate.tbs_certificate().subject()), der))
        });
        let certificates = named.collect::<Result<_, X509Error>>()?;
        let data = ResponseData::from_der(&x509::readable_answer(to_be_signed)?)?;
        if data.version != 0 {
            return Err(OcspError::Unsupported(format!("version {}", data.version)));
        }
        refuse_critical(data.extensions.as_ref())?;
        let start = to_be_signed.as_ptr().addr() - der.as_ptr().addr();
        Ok(Self {
            der: der.to_vec(),
            to_be_signed: start..start + to_be_signed.len(),
            signature: Signed::new(
                SignatureAlgorithm::from_identifier(&identifier, None)?,
                signature.raw_bytes(),
            ),
            responder: responder_of(to_be_signed)?,
            produced_at: to_timestamp(data.produced_at),
            answers: data
                .responses
                .into_iter()
                .map(Answer::read)
                .collect::<Result<_, _>>()?,
            certificates,
        })
    }

    /// The answer itself, as it was read.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// DER of the `OCSPResponse`, which documents keep, whichever of the two it was read from.
    pub fn envelope(&self) -> Vec<u8> {
        if basic_of(&self.der).is_ok() {
            return self.der.clone();
        }
        let wrapped = OctetString::new(&self.der[..]).and_then(|content| {
            let envelope = Envelope {
                status: ResponseStatus::Successful,
                bytes: ResponseBytes { kind: BASIC, content },
            };
            envelope.to_der()
        });
        wrapped.unwrap_or_else(|_| self.der.clone())
    }

    /// What has to be compared to know whether it speaks of a certificate.
    pub(super) fn parts(&self) -> usize {
        self.answers.len() + self.certificates.len()
    }

    /// When it was signed.
    pub fn produced_at(&self) -> Timestamp {
        self.produced_at
    }

    /// Until when every answer in it says to be current; none if one does not say.
    pub fn next_update(&self) -> Option<Timestamp> {
        let all: Option<Vec<Timestamp>> = self.answers.iter().map(|answer| answer.next_update).collect();
        all?.into_iter().min()
    }

    /// Everything it says about a certificate; nothing if it does not speak of it.
    pub(super) fn says(&self, asked: &Asked<'_>, context: &PathContext<'_>) -> Vec<Says> {
        let mut digests = BTreeMap::new();
        let mut answers = self
            .answers
            .iter()
            .filter(|one| one.about.is(asked, &mut digests));
        let Some(first) = answers.next() else {
            return Vec::new();
        };
        let maker = self.maker(asked, context);
        let maker_until = maker.as_ref().ok().copied().flatten();
        let existed = self.existed(context);
        let says = |answer: &Answer| Says {
            status: match (&maker, answer.status) {
                (Err(doubt), _) => Err(doubt.clone()),
                (Ok(Some(until)), _) if answer.this_update > *until => Err(UnknownRevocation::Untrusted),
                (Ok(_), Status::Good) => Ok(None),
                (Ok(_), Status::Revoked(revoked)) => Ok(Some(revoked)),
                (Ok(_), Status::Unknown) => Err(UnknownRevocation::UnknownToResponder),
            },
            accusation: match (&maker, answer.status) {
                (Err(doubt), Status::Revoked(revoked)) if doubt.leaves_accusation() => Some(revoked),
                _ => None,
            },
            accuses_only: None,
            this_update: answer.this_update,
            next_update: answer.next_update,
            made_at: self.produced_at.max(answer.this_update),
            existed,
            kept_since: answer.kept_since,
            maker_until,
        };
        // Whom nobody believes need not repeat himself.
        if maker.as_ref().is_err_and(|doubt| !doubt.leaves_accusation()) {
            return vec![says(first)];
        }
        let more = answers.take_while(|_| context.work.spend(1).is_ok());
        [first].into_iter().chain(more).map(says).collect()
    }

    /// Until when the certificate of its maker is valid; none if that is the issuer itself. Or why the answer
    /// cannot be believed.
    fn maker(
        &self,
        asked: &Asked<'_>,
        context: &PathContext<'_>,
    ) -> Result<Option<Timestamp>, UnknownRevocation> {
        let issuer = asked.issuer;
        let mut doubt = UnknownRevocation::Untrusted;
        // 1. The issuer itself: whoever signs certificates may say what became of them.
        if self.is_by(issuer.name, issuer.public_key_info) {
            match self.signed_with(issuer.public_key_info, context) {
                Ok(()) => return Ok(None),
                Err(why) => doubt = why,
            }
        }
        // 2. A responder that the issuer certified, which may bear its name.
        for (subject, der) in &self.certificates {
            match self.delegate(*subject, der, asked, context) {
                Ok(until) => return Ok(Some(until)),
                Err(UnknownRevocation::Untrusted) => {}
                Err(other) => doubt = other,
            }
        }
        Err(doubt)
    }

    /// Until when a certificate that came with the answer is valid, if it is its maker's and permits to answer.
    fn delegate(
        &self,
        subject: NameId,
        der: &[u8],
        asked: &Asked<'_>,
        context: &PathContext<'_>,
    ) -> Result<Timestamp, UnknownRevocation> {
        let untrusted = || UnknownRevocation::Untrusted;
        let issuer = asked.issuer;
        let spend = |units| context.work.spend(units).map_err(|Spent| untrusted());
        spend(1 + der.len() / BYTES)?;
        let raw = x509::raw(der).map_err(|_| untrusted())?;
        if !self.is_by(subject, raw.public_key_info) {
            return Err(untrusted());
        }
        spend(reading(der.len()))?;
        let offered = Offered::of(der).map_err(|_| untrusted())?;
        let node = offered.node().map_err(|_| untrusted())?;
        if node.issuer != issuer.name {
            return Err(untrusted());
        }
        let certificate = &node.parsed;
        let tbs = certificate.tbs_certificate();
        let (from, until) = x509::validity(certificate);
        let extensions = || tbs.extensions().into_iter().flatten();
        let purposes = extensions().find(|one| one.extn_id == ExtendedKeyUsage::OID);
        let purposes: Vec<AnyOid> = match purposes {
            Some(found) => Vec::from_der(found.extn_value.as_bytes()).map_err(|_: der::Error| untrusted())?,
            None => Vec::new(),
        };
        let usage = tbs.get_extension::<KeyUsage>().map_err(|_| untrusted())?;
        let may_answer = purposes.iter().any(|purpose| *purpose == OCSP_SIGNING)
            && usage.is_none_or(|(_, usage)| usage.digital_signature() || usage.non_repudiation());
        if !may_answer || self.produced_at < from || self.produced_at > until {
            return Err(untrusted());
        }
        // By the very key that signed the certificate asked about (§4.2.2.2).
        certified_by(node, issuer.public_key_info, context)?;
        self.signed_with(raw.public_key_info, context)?;
        // Its own revocation, of lists only: a responder does not speak for itself.
        let responder = Asked {
            certificate,
            raw,
            existed: self.existed(context),
            issuer,
        };
        let lists = crl::says(context, &responder);
        let accuses = |says: &Says| matches!(says.status, Ok(Some(revoked)) if !revoked.is_key_safe());
        let is_accused = lists.iter().any(|(_, says)| accuses(says));
        // Where the issuer says that nobody need ask (§4.2.2.2.1), what is unknown is well. What is known stays known.
        let need_not_ask = !is_accused && extensions().any(|one| one.extn_id == NO_CHECK);
        match in_office(context, &responder, self.produced_at, lists) {
            Err(UnknownRevocation::ResponderUnchecked) if need_not_ask => Ok(until),
            judged => judged.map(|()| until),
        }
    }

    /// By when it is proven to have existed, with the certificates in it.
    fn existed(&self, context: &PathContext<'_>) -> Timestamp {
        context
            .existence
            .of(self.signature.digest(&self.der), context.now)
    }

    fn is_by(&self, subject: NameId, public_key_info: &[u8]) -> bool {
        match &self.responder {
            Responder::Name(name) => *name == subject,
            Responder::Key(hash) => SubjectPublicKeyInfoRef::from_der(public_key_info)
                .is_ok_and(|info| DigestAlgorithm::Sha1.digest(info.subject_public_key.raw_bytes()) == *hash),
        }
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

/// Digests of an issuer's name and key, where it can be read.
type IssuerDigests = BTreeMap<DigestAlgorithm, Option<(Vec<u8>, Vec<u8>)>>;

impl CertId {
    /// Whether it names a certificate. An answer may have thousands, so the issuer is hashed once for all.
    fn is(&self, asked: &Asked<'_>, digests: &mut IssuerDigests) -> bool {
        if self.serial_number != *asked.certificate.tbs_certificate().serial_number() {
            return false;
        }
        let Ok(digest) = DigestAlgorithm::from_identifier(&self.hash_algorithm.owned_to_ref()) else {
            return false;
        };
        let of_issuer = digests.entry(digest).or_insert_with(|| {
            let info = SubjectPublicKeyInfoRef::from_der(asked.issuer.public_key_info).ok()?;
            let key = digest.digest(info.subject_public_key.raw_bytes());
            Some((digest.digest(asked.raw.issuer), key))
        });
        of_issuer.as_ref().is_some_and(|(name, key)| {
            self.issuer_name_hash.as_bytes() == *name && self.issuer_key_hash.as_bytes() == *key
        })
    }
}

impl Answer {
    fn read(single: SingleResponse) -> Result<Self, OcspError> {
        refuse_critical(single.extensions.as_ref())?;
        let mut kept_since = None;
        for extension in single.extensions.iter().flatten() {
            if extension.extn_id == ARCHIVE_CUTOFF {
                match GeneralizedTime::from_der(extension.extn_value.as_bytes()) {
                    Ok(cutoff) => kept_since = Some(to_timestamp(cutoff)),
                    Err(error) if extension.critical => return Err(error.into()),
                    // It would have the answer speak of more certificates (RFC 6960 §4.4.4); unread it adds none.
                    Err(_) => {}
                }
            }
        }
        let this_update = to_timestamp(single.this_update);
        let next_update = single.next_update.map(to_timestamp);
        if next_update.is_some_and(|next_update| next_update < this_update) {
            return Err(der::Error::from(Tag::GeneralizedTime.value_error()).into());
        }
        Ok(Self {
            about: single.cert_id,
            status: match single.cert_status {
                CertStatus::Good(_) => Status::Good,
                CertStatus::Revoked(info) => Status::Revoked(Revoked {
                    at: to_timestamp(info.revocation_time),
                    reason: info.revocation_reason,
                }),
                CertStatus::Unknown(_) => Status::Unknown,
            },
            this_update,
            next_update,
            kept_since,
        })
    }
}

/// The basic response in an `OCSPResponse`.
fn basic_of(der: &[u8]) -> Result<&[u8], OcspError> {
    let mut reader = SliceReader::new(der)?;
    let (status, kind, content) = reader.sequence(|outer| {
        let status = ResponseStatus::decode(outer)?;
        if outer.is_finished() {
            return Ok((status, None, &[][..]));
        }
        let mut outer = explicit_zero(outer)?;
        let (kind, content) = outer.sequence(|bytes| {
            Ok::<_, der::Error>((
                ObjectIdentifier::decode(bytes)?,
                <&OctetStringRef>::decode(bytes)?.as_bytes(),
            ))
        })?;
        outer.finish()?;
        Ok::<_, der::Error>((status, Some(kind), content))
    })?;
    reader.finish()?;
    match (status, kind) {
        (ResponseStatus::Successful, Some(BASIC)) => Ok(content),
        (ResponseStatus::Successful, Some(other)) => Err(OcspError::Unsupported(other.to_string())),
        (ResponseStatus::Successful, None) => Err(der::Error::from(Tag::OctetString.value_error()).into()),
        (ResponseStatus::MalformedRequest, _) => Err(OcspError::NoAnswer("malformedRequest")),
        (ResponseStatus::InternalError, _) => Err(OcspError::NoAnswer("internalError")),
        (ResponseStatus::TryLater, _) => Err(OcspError::NoAnswer("tryLater")),
        (ResponseStatus::SigRequired, _) => Err(OcspError::NoAnswer("sigRequired")),
        (ResponseStatus::Unauthorized, _) => Err(OcspError::NoAnswer("unauthorized")),
    }
}

/// ResponderID of the response data.
fn responder_of(data: &[u8]) -> Result<Responder, der::Error> {
    let tagged = |number| Tag::ContextSpecific {
        constructed: true,
        number: TagNumber(number),
    };
    SliceReader::new(data)?.sequence(|data| {
        if Tag::peek(data)? == tagged(0) {
            data.tlv_bytes()?; // version
        }
        let mut field = SliceReader::new(data.tlv_bytes()?)?;
        data.read_slice(data.remaining_len())?;
        let tag = Header::decode(&mut field)?.tag();
        let responder = if tag == tagged(1) {
            Responder::Name(name_id(&x509::name(field.tlv_bytes()?)?))
        } else {
            tag.assert_eq(tagged(2))?;
            Responder::Key(<&OctetStringRef>::decode(&mut field)?.as_bytes().to_vec())
        };
        field.finish()?;
        Ok(responder)
    })
}

/// `certs [0] EXPLICIT SEQUENCE OF Certificate`, each as encoded.
fn certificates_in(basic: &mut SliceReader<'_>) -> Result<Vec<Vec<u8>>, der::Error> {
    let mut field = explicit_zero(basic)?;
    let found = field.sequence(|list| {
        let mut found = Vec::new();
        while !list.is_finished() && found.len() <= MAX_OCSP_CERTIFICATES {
            found.push(list.tlv_bytes()?.to_vec());
        }
        list.read_slice(list.remaining_len())?;
        Ok::<_, der::Error>(found)
    })?;
    field.finish()?;
    Ok(found)
}

/// What is in an element tagged `[0] EXPLICIT`.
fn explicit_zero<'a>(reader: &mut SliceReader<'a>) -> Result<SliceReader<'a>, der::Error> {
    let mut field = SliceReader::new(reader.tlv_bytes()?)?;
    Header::decode(&mut field)?
        .tag()
        .assert_eq(Tag::ContextSpecific {
            constructed: true,
            number: der::TagNumber(0),
        })?;
    Ok(field)
}

/// No extension is known here that would change what an answer says.
fn refuse_critical(extensions: Option<&Extensions>) -> Result<(), OcspError> {
    let known = [ARCHIVE_CUTOFF];
    match extensions
        .into_iter()
        .flatten()
        .find(|one| one.critical && !known.contains(&one.extn_id))
    {
        Some(one) => Err(OcspError::Unsupported(format!(
            "critical extension {}",
            one.extn_id
        ))),
        None => Ok(()),
    }
}

fn to_timestamp(time: GeneralizedTime) -> Timestamp {
    x509::to_timestamp(time.into())
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]

    use x509_cert::ext::Extension;

    use super::*;

    /// As long as one with a number of more than 32 bits, which is written over it.
    const IN_ITS_PLACE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.25.1.2.3.4.5.6.7.8.9.10.11.12.13");

    /// The parts of an answer that a test changes.
    pub(in super::super) struct Draft(ResponseData);

    impl Draft {
        /// Says once more what the first answer says, at the same instant, but that the certificate is good.
        pub(in super::super) fn also_good(&mut self, before: bool) {
            let mut good = self.0.responses.first().unwrap().clone();
            good.cert_status = CertStatus::Good(Null);
            let place = if before { 0 } else { self.0.responses.len() };
            self.0.responses.insert(place, good);
        }

        /// Has extensions of a kind that `const_oid` has no room for, in itself and in its first answer.
        pub(in super::super) fn extended(&mut self) {
            let extension = Extension {
                extn_id: IN_ITS_PLACE,
                critical: false,
                extn_value: OctetString::new(*b"\x05\x00").unwrap(),
            };
            self.0.extensions = Some(vec![extension.clone()]);
            self.0.responses[0].extensions = Some(vec![extension]);
        }

        /// Has an archive cut-off in its first answer, with this for a value.
        pub(in super::super) fn cut_off(&mut self, value: &[u8], critical: bool) {
            self.0.responses[0].extensions = Some(vec![Extension {
                extn_id: ARCHIVE_CUTOFF,
                critical,
                extn_value: OctetString::new(value).unwrap(),
            }]);
        }

        /// Says to have been signed before.
        pub(in super::super) fn signed_at(&mut self, at: Timestamp) {
            self.0.produced_at = time(at);
        }
    }

    fn time(at: Timestamp) -> GeneralizedTime {
        let seconds = u64::try_from(at.as_second()).unwrap();
        GeneralizedTime::from_unix_duration(std::time::Duration::from_secs(seconds)).unwrap()
    }

    /// An answer changed, and signed anew.
    pub(in super::super) fn redrafted(
        der: &[u8],
        change: impl FnOnce(&mut Draft),
        sign: impl FnOnce(&[u8]) -> Vec<u8>,
    ) -> Vec<u8> {
        let basic = basic(der);
        let mut reader = SliceReader::new(&basic).unwrap();
        let (data, algorithm, certificates) = reader
            .sequence(|basic| {
                let data = ResponseData::decode(basic)?;
                let algorithm = AlgorithmIdentifierOwned::decode(basic)?.to_der()?;
                BitStringRef::decode(basic)?;
                let certificates = basic.read_slice(basic.remaining_len())?.to_vec();
                Ok::<_, der::Error>((data, algorithm, certificates))
            })
            .unwrap();
        let mut draft = Draft(data);
        change(&mut draft);
        let mut data = draft.0.to_der().unwrap();
        let place = IN_ITS_PLACE.as_bytes();
        while let Some(at) = data.windows(place.len()).position(|some| some == place) {
            data[at + 1..][..place.len() - 1].fill(0x81);
            data[at + place.len() - 1] = 1;
        }
        let signature = BitStringRef::from_bytes(&sign(&data)).unwrap().to_der().unwrap();
        let content = [data, algorithm, signature, certificates].concat();
        Any::new(Tag::Sequence, content).unwrap().to_der().unwrap()
    }

    /// The basic response in an answer.
    pub(in super::super) fn basic(der: &[u8]) -> Vec<u8> {
        super::basic_of(der).unwrap().to_vec()
    }
}
