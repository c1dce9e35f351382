//! Reading a CMS signature that nobody vouches for, and checking it.
//!
//! [`SignedCms::parse`] accepts the forms that a PDF's /SubFilter promises, see [`Profile`], and of each one
//! writing only: DER (or BER that differs in its lengths alone, or the order of signed attributes), one signer. What it accepts is then asked three
//! questions, each on its own, because their answers mean different things to a verifier: is this the
//! document that was signed, did this key sign it, and does what was signed name this certificate? Weak
//! algorithms are no reason not to answer; [`SignedCms::mechanisms`] gives them to be judged.

use std::collections::BTreeSet;

use const_oid::ObjectIdentifier;
use der::{Decode, Header, Length, Reader, SliceReader, Tag, TagNumber};
use jiff::Timestamp;
use spki::AlgorithmIdentifierRef;
use x509_cert::{ext::pkix::SubjectKeyIdentifier, time::Time};

use super::{
    ALGORITHM_PROTECTION, COMMITMENT_TYPE, CONTENT_TYPE, CmsError, CmsVerifyError, ID_DATA, ID_SIGNED_DATA,
    ID_TST_INFO, MESSAGE_DIGEST, SET, SIGNATURE_POLICY, SIGNATURE_TIME_STAMP, SIGNER_ATTRIBUTES,
    SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2, SIGNING_TIME, ber,
};
use crate::{
    crypto::{
        DigestAlgorithm, SignatureAlgorithm, Used, VerifyError,
        policy::Mechanism,
        verify_digest_value, verify_value,
        x509::{self, RawParts},
    },
    limits::{MAX_CMS_BYTES, MAX_CMS_PARTS},
};

/// What a PDF says its signature is (/SubFilter: ISO 32000-2 12.8.3, ETSI EN 319 142-1 §5.3, §5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Profile {
    /// `ETSI.CAdES.detached`: signed attributes, among them the digest of the document.
    Cades,
    /// `adbe.pkcs7.detached`: the same, or no signed attributes at all.
    Pkcs7,
    /// `adbe.pkcs7.sha1`: what is signed is the SHA-1 digest of the document, carried along.
    Pkcs7Sha1,
    /// `ETSI.RFC3161`: a timestamp token, which carries what is signed along and holds the document's digest.
    Timestamp,
}

impl Profile {
    /// By its name in the PDF.
    pub fn of_sub_filter(name: &str) -> Option<Self> {
        match name {
            "ETSI.CAdES.detached" => Some(Self::Cades),
            "adbe.pkcs7.detached" => Some(Self::Pkcs7),
            "adbe.pkcs7.sha1" => Some(Self::Pkcs7Sha1),
            "ETSI.RFC3161" => Some(Self::Timestamp),
            _ => None,
        }
    }

    fn content_type(self) -> ObjectIdentifier {
        match self {
            Self::Timestamp => ID_TST_INFO,
            _ => ID_DATA,
        }
    }

    fn carries_content(self) -> bool {
        matches!(self, Self::Pkcs7Sha1 | Self::Timestamp)
    }

    /// Whether a signer may do without signed attributes (RFC 3161 §2.4.2 and CAdES demand some).
    fn may_sign_bare(self) -> bool {
        matches!(self, Self::Pkcs7 | Self::Pkcs7Sha1)
    }
}

/// A well-formed CMS signature by one signer, not yet checked.
#[derive(Debug, Clone)]
pub struct SignedCms {
    profile: Profile,
    /// What the signature carries along, where its profile has it so.
    content: Option<Vec<u8>>,
    /// Digest of what it carries along all the same.
    encapsulated: Option<Vec<u8>>,
    certificates: Vec<Vec<u8>>,
    crls: Vec<Vec<u8>>,
    /// Revocation data of another kind than a list.
    other_revocations: Vec<Vec<u8>>,
    /// Which of `certificates` the SignerInfo names.
    signer: Option<usize>,
    digest_algorithm: DigestAlgorithm,
    signature_algorithm: SignatureAlgorithm,
    /// The signed attributes as signed: the SET OF, in the order it was received in.
    signed_attributes: Option<Vec<u8>>,
    /// Whether that is the order of DER.
    is_in_order: bool,
    /// Whether algorithms are named in what is signed, and whether they are these.
    protected: Option<bool>,
    content_type: Option<ObjectIdentifier>,
    message_digest: Option<Vec<u8>>,
    signing_time: Option<Timestamp>,
    references: Vec<CertificateReference>,
    signature: Vec<u8>,
    unsigned_attributes: Vec<UnsignedAttribute>,
}

/// An attribute that was added beside the signature: anyone could have added it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsignedAttribute {
    /// Its type.
    pub kind: ObjectIdentifier,
    /// DER of its values.
    pub values: Vec<Vec<u8>>,
}

/// The first ESSCertID or ESSCertIDv2 of a signing-certificate attribute (RFC 5035 §4).
#[derive(Debug, Clone)]
struct CertificateReference {
    attribute: &'static str,
    algorithm: DigestAlgorithm,
    hash: Vec<u8>,
    /// Elements of the issuer's name and the serial number.
    issuer_serial: Option<(Vec<u8>, Vec<u8>)>,
}

/// SignerIdentifier.
pub(in crate::sign) enum SignerName<'a> {
    IssuerAndSerial { issuer: &'a [u8], serial: &'a [u8] },
    KeyIdentifier(&'a [u8]),
}

impl SignedCms {
    /// Reads the content of a PDF's /Contents: one ContentInfo, then nothing but the zeros that pad it.
    pub fn parse(contents: &[u8], profile: Profile) -> Result<Self, CmsError> {
        if contents.len() > MAX_CMS_BYTES {
            return Err(CmsError::TooLarge);
        }
        let (signed, end) = match ber::definite(contents) {
            None => Self::read_whole(contents, profile)?,
            Some((definite, end)) => match Self::read_whole(&definite, profile) {
                Ok((signed, _)) => (signed, end),
                // BER can be looser yet: another way of writing, not a damage.
                Err(CmsError::Malformed(_)) => return Err(CmsError::IndefiniteLength(0)),
                Err(other) => return Err(other),
            },
        };
        match contents.iter().skip(end).position(|&byte| byte != 0) {
            Some(at) => Err(CmsError::TrailingData(end + at)),
            None => Ok(signed),
        }
    }

    /// Reads a timestamp token: one ContentInfo in DER, and nothing behind it.
    pub(in crate::sign) fn parse_token(der: &[u8]) -> Result<Self, CmsError> {
        if der.len() > MAX_CMS_BYTES {
            return Err(CmsError::TooLarge);
        }
        let (signed, end) = Self::read_whole(der, Profile::Timestamp).map_err(|error| match error {
            CmsError::Malformed(_) if ber::definite(der).is_some() => CmsError::IndefiniteLength(0),
            other => other,
        })?;
        if end < der.len() {
            return Err(CmsError::TrailingData(end));
        }
        if !signed.is_in_order {
            return Err(CmsError::AttributesUnsorted);
        }
        Ok(signed)
    }

    /// ContentInfo (RFC 5652 §3), and how many bytes it took.
    fn read_whole(contents: &[u8], profile: Profile) -> Result<(Self, usize), CmsError> {
        let mut reader = SliceReader::new(contents)?;
        let signed = inside(
            &mut reader,
            Tag::Sequence,
            |content_info| match ObjectIdentifier::decode(content_info)? {
                ID_SIGNED_DATA => inside(content_info, context(0), |content| {
                    inside(content, Tag::Sequence, |data| Self::read(data, profile))
                }),
                other => Err(CmsError::NotSignedData(other)),
            },
        )?;
        Ok((signed, usize::try_from(reader.position())?))
    }

    /// SignedData (RFC 5652 §5.1).
    fn read(reader: &mut SliceReader<'_>, profile: Profile) -> Result<Self, CmsError> {
        let version = read_version(reader)?;
        let digest_algorithms = inside(reader, Tag::Set, elements)?;
        let content = inside(reader, Tag::Sequence, |encapsulated| {
            let kind = ObjectIdentifier::decode(encapsulated)?;
            if kind != profile.content_type() {
                return Err(CmsError::NotSignedData(kind));
            }
            let content = optional(encapsulated, context(0), |explicit| {
                inside(explicit, Tag::OctetString, rest)
            })?;
            match content {
                None if profile.carries_content() => Err(CmsError::ContentMissing),
                content => Ok(content),
            }
        })?;
        let certificates = optional(reader, context(0), elements)?.unwrap_or_default();
        let crls = optional(reader, context(1), elements)?.unwrap_or_default();
        let mut signed = inside(reader, Tag::Set, |signers| {
            let infos = elements(&mut signers.clone())?;
            if infos.len() != 1 {
                return Err(CmsError::SignerCount(infos.len()));
            }
            inside(signers, Tag::Sequence, |info| {
                Self::read_signer(info, profile, version, &digest_algorithms, &certificates)
            })
        })?;
        if profile.carries_content() {
            signed.content = content.map(<[u8]>::to_vec);
        } else {
            signed.encapsulated = content.map(|content| signed.digest_algorithm.digest(content));
        }
        // Other choices than a plain certificate or list are tagged.
        signed.crls = plain(&crls);
        let tagged = crls.iter().filter(|der| der.first() != Some(&super::SEQUENCE));
        signed.other_revocations = tagged.map(|der| der.to_vec()).collect();
        Ok(signed)
    }

    /// SignerInfo (RFC 5652 §5.3).
    fn read_signer(
        reader: &mut SliceReader<'_>,
        profile: Profile,
        signed_data_version: u8,
        digest_algorithms: &[&[u8]],
        certificates: &[&[u8]],
    ) -> Result<Self, CmsError> {
        let version = read_version(reader)?;
        let name = SignerName::read(reader)?;
        let expected = match name {
            SignerName::IssuerAndSerial { .. } => 1,
            SignerName::KeyIdentifier(_) => 3,
        };
        if version != expected {
            return Err(CmsError::Version {
                structure: "SignerInfo",
                found: version,
            });
        }
        // Attribute certificates and the like raise it, and so does content that is no data (RFC 5652
        // §5.1); 1 for 3 is a common slip.
        let only_plain = certificates.len() == plain(certificates).len();
        let fits = match signed_data_version {
            1 => true,
            3 if profile.content_type() != ID_DATA => true,
            3..=5 => signed_data_version == expected || !only_plain,
            _ => false,
        };
        if !fits {
            return Err(CmsError::Version {
                structure: "SignedData",
                found: signed_data_version,
            });
        }

        let digest_identifier = AlgorithmIdentifierRef::decode(reader)?;
        let digest_algorithm = DigestAlgorithm::from_identifier(&digest_identifier)?;
        // Only the one of our signer matters, but it must be listed (RFC 5652 §5.3).
        let listed = digest_algorithms.iter().any(|listed| {
            AlgorithmIdentifierRef::from_der(listed)
                .is_ok_and(|listed| DigestAlgorithm::from_identifier(&listed) == Ok(digest_algorithm))
        });
        if !listed {
            return Err(crate::crypto::VerifyError::AlgorithmRefused(format!(
                "the signer's {digest_algorithm} is not among the digest algorithms listed"
            ))
            .into());
        }

        let is_bare = reader.is_finished() || Tag::peek(reader)? != context(0);
        if is_bare && !profile.may_sign_bare() {
            return Err(CmsError::NoSignedAttributes);
        }
        let mut signed_attributes = None;
        let mut is_in_order = true;
        let mut attributes = Vec::new();
        if !is_bare {
            // Signed as a SET OF (RFC 5652 §5.4): the tag changes, not one of the bytes behind it.
            let mut as_signed = reader.clone().tlv_bytes()?.to_vec();
            if let Some(tag) = as_signed.first_mut() {
                *tag = SET;
            }
            signed_attributes = Some(as_signed);
            let raw = inside(reader, context(0), elements)?;
            if raw.is_empty() {
                return Err(CmsError::NoSignedAttributes);
            }
            is_in_order = raw.is_sorted();
            let kinds: BTreeSet<&[u8]> = raw.iter().copied().collect();
            if kinds.len() < raw.len() {
                return Err(CmsError::AttributeTwice);
            }
            for der in raw {
                if let (Some(kind), values) = read_attribute(der)? {
                    attributes.push((kind, values));
                }
            }
        }

        let identifier = AlgorithmIdentifierRef::decode(reader)?;
        let signature_algorithm = SignatureAlgorithm::from_identifier(&identifier, Some(digest_algorithm))?;
        let signature = inside(reader, Tag::OctetString, rest)?.to_vec();
        let unsigned = optional(reader, context(1), rest)?.unwrap_or_default();
        let unsigned_attributes = UnsignedAttribute::all(unsigned)?;

        let certificates = plain(certificates);
        let mut signed = Self {
            profile,
            content: None,
            encapsulated: None,
            signer: certificates.iter().position(|der| name.names(der)),
            certificates,
            crls: Vec::new(),
            other_revocations: Vec::new(),
            digest_algorithm,
            signature_algorithm,
            signed_attributes,
            is_in_order,
            protected: None,
            content_type: None,
            message_digest: None,
            signing_time: None,
            references: Vec::new(),
            signature,
            unsigned_attributes,
        };
        signed.take_attributes(&attributes)?;
        Ok(signed)
    }

    fn take_attributes(&mut self, attributes: &[(ObjectIdentifier, Vec<&[u8]>)]) -> Result<(), CmsError> {
        for (at, (kind, values)) in attributes.iter().enumerate() {
            let wrong = |why| CmsError::Attribute {
                attribute: *kind,
                why,
            };
            let known = [
                ALGORITHM_PROTECTION,
                COMMITMENT_TYPE,
                CONTENT_TYPE,
                MESSAGE_DIGEST,
                SIGNATURE_POLICY,
                SIGNER_ATTRIBUTES,
                SIGNING_CERTIFICATE,
                SIGNING_CERTIFICATE_V2,
                SIGNING_TIME,
            ];
            // What others put in beside these may stand there as often as they like.
            if !known.contains(kind) {
                continue;
            }
            if attributes.iter().take(at).any(|(other, _)| other == kind) {
                return Err(wrong("stands there twice"));
            }
            let &[value] = values.as_slice() else {
                return Err(wrong("has not exactly one value"));
            };
            let malformed = |_| wrong("is malformed");
            match *kind {
                CONTENT_TYPE => {
                    self.content_type = Some(ObjectIdentifier::from_der(value).map_err(malformed)?);
                }
                MESSAGE_DIGEST => {
                    let mut reader = SliceReader::new(value)?;
                    let digest =
                        inside(&mut reader, Tag::OctetString, rest).map_err(|_| wrong("is malformed"))?;
                    self.message_digest = Some(digest.to_vec());
                }
                SIGNING_TIME => {
                    // A claim that cannot be read is none: what counts has to be proven.
                    self.signing_time = Time::from_der(value).ok().map(x509::to_timestamp);
                }
                SIGNING_CERTIFICATE | SIGNING_CERTIFICATE_V2 => {
                    self.references.push(CertificateReference::read(*kind, value)?);
                }
                ALGORITHM_PROTECTION => {
                    let same = self.is_protected_by(value).map_err(|_| wrong("is malformed"))?;
                    self.protected = Some(same);
                }
                // Information for others: only that there is one counts.
                _ => {}
            }
        }
        Ok(())
    }

    /// CMSAlgorithmProtection (RFC 6211): the algorithms once more, inside what is signed.
    fn is_protected_by(&self, value: &[u8]) -> Result<bool, CmsError> {
        let mut reader = SliceReader::new(value)?;
        let same = inside(&mut reader, Tag::Sequence, |protection| {
            let digest = AlgorithmIdentifierRef::decode(protection)?;
            // [1] IMPLICIT: the tag stands in place of SEQUENCE.
            let mut signature = protection.tlv_bytes()?.to_vec();
            match signature.first_mut() {
                Some(tag) if *tag == 0xa1 => *tag = super::SEQUENCE,
                _ => return Ok(false),
            }
            let signature = AlgorithmIdentifierRef::from_der(&signature)?;
            let named = SignatureAlgorithm::from_identifier(&signature, Some(self.digest_algorithm));
            Ok(protection.is_finished()
                && DigestAlgorithm::from_identifier(&digest) == Ok(self.digest_algorithm)
                && named == Ok(self.signature_algorithm))
        })?;
        reader.finish()?;
        Ok(same)
    }

    /// Checks everything that the signature says about itself, in this order: nothing carried along that its
    /// profile has outside, signed attributes in order, signer certificate found, signature value, document digest (of the byte range, by
    /// [`SignedCms::digest_algorithm`]), signed reference to the signer certificate. Algorithms are still to be
    /// judged.
    pub fn verify(&self, digest: &[u8]) -> Result<(), CmsVerifyError> {
        if self.encapsulated.is_some() {
            return Err(CmsVerifyError::EncapsulatedContent);
        }
        if !self.is_in_order {
            return Err(CmsVerifyError::AttributesUnsorted);
        }
        let _judged_elsewhere = self.check_signature(digest)?;
        self.check_digest(digest)?;
        self.check_signing_certificate()
    }

    /// Whether the signed attributes stand in the order of DER. The value is verified over them as they were received.
    pub fn is_in_order(&self) -> bool {
        self.is_in_order
    }

    /// Whether it carries the document of this digest along, though its profile has that outside. Programs that
    /// look for the document within and programs that look outside then judge the same bytes.
    pub fn encapsulates(&self, digest: &[u8]) -> bool {
        self.encapsulated.as_deref() == Some(digest)
    }

    /// Whether the signed digest of the document is this one, and nothing else is carried along in its place. Of a
    /// timestamp token, which holds that digest within, whether its content is what was signed.
    pub fn check_digest(&self, digest: &[u8]) -> Result<(), CmsVerifyError> {
        if self.encapsulated.is_some() && !self.encapsulates(digest) {
            return Err(CmsVerifyError::EncapsulatedContent);
        }
        let hashed = match &self.content {
            // The content is the document's digest itself.
            Some(content) if self.profile == Profile::Pkcs7Sha1 && content != digest => {
                return Err(CmsVerifyError::DigestMismatch);
            }
            Some(content) => &self.digest_algorithm.digest(content),
            None => digest,
        };
        if self.signed_attributes.is_none() {
            // The signature itself is over the digest, and nothing else tells it.
            return self.check_signature(digest).map(drop);
        }
        match self.content_type {
            None => return Err(CmsVerifyError::AttributeMissing("content-type")),
            Some(named) if named == self.profile.content_type() => {}
            Some(_) => return Err(CmsVerifyError::ContentTypeMismatch),
        }
        match &self.message_digest {
            None => Err(CmsVerifyError::AttributeMissing("message-digest")),
            Some(signed) if signed == hashed => Ok(()),
            Some(_) => Err(CmsVerifyError::DigestMismatch),
        }
    }

    /// Whether the key of the signer certificate made the signature value; with what it did. The document's
    /// digest matters only where nothing but it is signed.
    pub fn check_signature(&self, digest: &[u8]) -> Result<Used, CmsVerifyError> {
        let missing = CmsVerifyError::SignerCertificateMissing;
        let certificate = self.signer_certificate().ok_or(missing.clone())?;
        let key = x509::public_key_info(certificate).map_err(|_| missing)?;
        if self.protected == Some(false) {
            return Err(CmsVerifyError::AlgorithmsContradict);
        }
        let signed = self.signed_attributes.as_ref().or(self.content.as_ref());
        match signed {
            Some(signed) => verify_value(key, self.signature_algorithm, signed, &self.signature),
            None if !self.algorithms_agree() => Err(VerifyError::AlgorithmRefused(format!(
                "{} over a digest by {}",
                self.signature_algorithm, self.digest_algorithm
            ))),
            None => verify_digest_value(key, self.signature_algorithm, digest, &self.signature),
        }
        .map_err(CmsVerifyError::Signature)
    }

    /// Whether the signed references name the signer certificate. With both versions there, both must.
    pub fn check_signing_certificate(&self) -> Result<(), CmsVerifyError> {
        let missing = CmsVerifyError::SignerCertificateMissing;
        let certificate = self.signer_certificate().ok_or(missing.clone())?;
        let RawParts { issuer, serial, .. } = x509::raw(certificate).map_err(|_| missing)?;
        if self.references.is_empty() {
            return Err(CmsVerifyError::AttributeMissing("signing-certificate-v2"));
        }
        for reference in &self.references {
            let mismatch = |part| CmsVerifyError::SigningCertificateMismatch {
                attribute: reference.attribute,
                part,
            };
            if reference.algorithm.digest(certificate) != reference.hash {
                return Err(mismatch("digest"));
            }
            if let Some((named_issuer, named_serial)) = &reference.issuer_serial
                && (named_issuer != issuer || named_serial != serial)
            {
                return Err(mismatch("issuer and serial number"));
            }
        }
        Ok(())
    }

    /// DER of the certificate that the SignerInfo names, if it is embedded.
    pub fn signer_certificate(&self) -> Option<&[u8]> {
        self.certificates.get(self.signer?).map(Vec::as_slice)
    }

    /// DER of all embedded certificates, in the order they stand.
    pub fn certificates(&self) -> &[Vec<u8>] {
        &self.certificates
    }

    /// DER of the embedded revocation lists.
    pub fn crls(&self) -> &[Vec<u8>] {
        &self.crls
    }

    /// Revocation data of another kind, each an element under its tag.
    pub(super) fn other_revocations(&self) -> &[Vec<u8>] {
        &self.other_revocations
    }

    /// The signed attributes, each whole; none where there are none.
    pub(super) fn signed_attributes(&self) -> Option<Vec<&[u8]>> {
        let attributes = self.signed_attributes.as_ref()?;
        inside(&mut SliceReader::new(attributes).ok()?, Tag::Set, elements).ok()
    }

    /// The time claimed in a signing-time attribute; PAdES signatures have none.
    pub fn signing_time(&self) -> Option<Timestamp> {
        self.signing_time
    }

    /// The digest that the byte range is to be hashed with.
    pub fn digest_algorithm(&self) -> DigestAlgorithm {
        match self.profile {
            Profile::Pkcs7Sha1 => DigestAlgorithm::Sha1,
            _ => self.digest_algorithm,
        }
    }

    /// The algorithms that the signature stands on, for a policy to judge; `signature` is what
    /// [`SignedCms::check_signature`] gave. That a v1 reference to the signer certificate is by SHA-1 is not
    /// among them: no collision helps a forger there, because the certificate exists already.
    pub fn mechanisms(&self, signature: Used) -> [Mechanism; 3] {
        [
            Mechanism::Digest(self.digest_algorithm()),
            Mechanism::Digest(self.digest_algorithm),
            Mechanism::Signature(signature),
        ]
    }

    /// Whether the digest named for the document is the one the signature algorithm names or goes with.
    pub fn algorithms_agree(&self) -> bool {
        self.signature_algorithm.agrees_with(self.digest_algorithm)
    }

    /// What the signature carries along: a timestamp token's TSTInfo.
    pub fn content(&self) -> Option<&[u8]> {
        self.content.as_deref()
    }

    /// What made the signature value.
    pub fn signature_algorithm(&self) -> SignatureAlgorithm {
        self.signature_algorithm
    }

    /// The signature value, over which a signature timestamp is made.
    pub fn signature_value(&self) -> &[u8] {
        &self.signature
    }

    /// Attributes beside the signature, but for those that cannot be read.
    pub fn unsigned_attributes(&self) -> &[UnsignedAttribute] {
        &self.unsigned_attributes
    }

    /// DER of the RFC 3161 tokens over the signature value.
    pub fn timestamp_tokens(&self) -> impl Iterator<Item = &[u8]> {
        self.unsigned_attributes
            .iter()
            .filter(|attribute| attribute.kind == SIGNATURE_TIME_STAMP)
            .flat_map(|attribute| attribute.values.iter().map(Vec::as_slice))
    }
}

impl UnsignedAttribute {
    /// Anybody could have added them: one that cannot be read is passed over, and speaks for nothing.
    fn all(elements: &[u8]) -> Result<Vec<Self>, CmsError> {
        let mut found = Vec::new();
        let mut reader = SliceReader::new(elements)?;
        let mut parts = 0;
        while !reader.is_finished()
            && let Ok(der) = reader.tlv_bytes()
        {
            parts += 1;
            if parts > MAX_CMS_PARTS {
                return Err(CmsError::TooLarge);
            }
            found.extend(Self::read(der).ok().flatten());
        }
        Ok(found)
    }

    /// None of a kind that nobody here knows.
    fn read(der: &[u8]) -> Result<Option<Self>, CmsError> {
        inside(&mut SliceReader::new(der)?, Tag::Sequence, |attribute| {
            let kind = read_kind(attribute)?;
            let values = rest(attribute)?;
            let set = SliceReader::new(values)
                .map_err(CmsError::from)
                .and_then(|mut reader| {
                    let set = inside(&mut reader, Tag::Set, elements)?;
                    reader.finish()?;
                    Ok(set)
                });
            // What is no SET stands for one value, for whoever knows the kind to find fault with.
            let values = set.unwrap_or_else(|_| vec![values]);
            let values = values.into_iter().map(<[u8]>::to_vec).collect();
            Ok(kind.map(|kind| Self { kind, values }))
        })
    }
}

impl<'a> SignerName<'a> {
    pub(in crate::sign) fn read(reader: &mut SliceReader<'a>) -> Result<Self, CmsError> {
        let key_identifier = Tag::ContextSpecific {
            constructed: false,
            number: TagNumber(0),
        };
        if Tag::peek(reader)? == key_identifier {
            return Ok(Self::KeyIdentifier(inside(reader, key_identifier, rest)?));
        }
        inside(reader, Tag::Sequence, |name| {
            Ok(Self::IssuerAndSerial {
                issuer: name.tlv_bytes()?,
                serial: name.tlv_bytes()?,
            })
        })
    }

    pub(in crate::sign) fn names(&self, certificate: &[u8]) -> bool {
        match *self {
            Self::IssuerAndSerial { issuer, serial } => {
                x509::raw(certificate).is_ok_and(|parts| parts.issuer == issuer && parts.serial == serial)
            }
            Self::KeyIdentifier(identifier) => x509::parse(certificate).is_ok_and(|parsed| {
                let found = parsed.tbs_certificate().get_extension::<SubjectKeyIdentifier>();
                matches!(found, Ok(Some((_, found))) if found.0.as_bytes() == identifier)
            }),
        }
    }
}

impl CertificateReference {
    /// Reads the value of a SigningCertificate or SigningCertificateV2.
    fn read(kind: ObjectIdentifier, value: &[u8]) -> Result<Self, CmsError> {
        let mut reader = SliceReader::new(value)?;
        let first = inside(&mut reader, Tag::Sequence, |attribute| {
            let references = inside(attribute, Tag::Sequence, elements)?;
            rest(attribute)?; // policies: information only
            // The first names the signer certificate (RFC 5035 §5.4); further ones name its issuers.
            references.first().copied().ok_or(CmsError::Attribute {
                attribute: kind,
                why: "names no certificate",
            })
        })?;
        reader.finish()?;

        let mut reader = SliceReader::new(first)?;
        let reference = inside(&mut reader, Tag::Sequence, |reference| {
            let (attribute, algorithm) = if kind == SIGNING_CERTIFICATE {
                ("signing-certificate", DigestAlgorithm::Sha1)
            } else if Tag::peek(reference)? == Tag::Sequence {
                let identifier = AlgorithmIdentifierRef::decode(reference)?;
                (
                    "signing-certificate-v2",
                    DigestAlgorithm::from_identifier(&identifier)?,
                )
            } else {
                ("signing-certificate-v2", DigestAlgorithm::Sha256)
            };
            Ok(Self {
                attribute,
                algorithm,
                hash: inside(reference, Tag::OctetString, rest)?.to_vec(),
                issuer_serial: optional(reference, Tag::Sequence, |issuer_serial| {
                    let names = inside(issuer_serial, Tag::Sequence, elements)?;
                    let serial = issuer_serial.tlv_bytes()?.to_vec();
                    let issuer = match names.as_slice() {
                        [name] => inside(&mut SliceReader::new(name)?, context(4), rest)?.to_vec(),
                        _ => {
                            return Err(CmsError::Attribute {
                                attribute: kind,
                                why: "has not exactly one issuer name",
                            });
                        }
                    };
                    Ok((issuer, serial))
                })?,
            })
        })?;
        reader.finish()?;
        Ok(reference)
    }
}

/// Attribute: its type and the elements of its values.
pub(in crate::sign) fn read_attribute(
    der: &[u8],
) -> Result<(Option<ObjectIdentifier>, Vec<&[u8]>), CmsError> {
    inside(&mut SliceReader::new(der)?, Tag::Sequence, |attribute| {
        Ok((read_kind(attribute)?, inside(attribute, Tag::Set, elements)?))
    })
}

/// The type of an attribute; none for one of a form that `const_oid` has no room for, which is nothing known here.
fn read_kind(reader: &mut SliceReader<'_>) -> Result<Option<ObjectIdentifier>, CmsError> {
    let header = Header::decode(reader)?;
    header.tag().assert_eq(Tag::ObjectIdentifier)?;
    Ok(ObjectIdentifier::from_bytes(reader.read_slice(header.length())?).ok())
}

pub(in crate::sign) fn read_version(reader: &mut SliceReader<'_>) -> Result<u8, CmsError> {
    Ok(u8::decode(reader)?)
}

/// [number], constructed.
pub(in crate::sign) fn context(number: u32) -> Tag {
    Tag::ContextSpecific {
        constructed: true,
        number: TagNumber(number),
    }
}

/// Reads one element with `read`, which must use up its content.
pub(in crate::sign) fn inside<'a, T>(
    reader: &mut SliceReader<'a>,
    tag: Tag,
    read: impl FnOnce(&mut SliceReader<'a>) -> Result<T, CmsError>,
) -> Result<T, CmsError> {
    let header = Header::decode(reader)?;
    header.tag().assert_eq(tag)?;
    reader.read_nested(header.length(), read)
}

pub(in crate::sign) fn optional<'a, T>(
    reader: &mut SliceReader<'a>,
    tag: Tag,
    read: impl FnOnce(&mut SliceReader<'a>) -> Result<T, CmsError>,
) -> Result<Option<T>, CmsError> {
    if reader.is_finished() || Tag::peek(reader)? != tag {
        return Ok(None);
    }
    inside(reader, tag, read).map(Some)
}

/// The elements up to the end, whole.
pub(in crate::sign) fn elements<'a>(reader: &mut SliceReader<'a>) -> Result<Vec<&'a [u8]>, CmsError> {
    let mut found = Vec::new();
    while !reader.is_finished() {
        if found.len() == MAX_CMS_PARTS {
            return Err(CmsError::TooLarge);
        }
        found.push(reader.tlv_bytes()?);
    }
    Ok(found)
}

pub(in crate::sign) fn rest<'a>(reader: &mut SliceReader<'a>) -> Result<&'a [u8], CmsError> {
    let length: Length = reader.remaining_len();
    Ok(reader.read_slice(length)?)
}

/// Those that are a SEQUENCE: plain certificates and revocation lists.
pub(in crate::sign) fn plain(elements: &[&[u8]]) -> Vec<Vec<u8>> {
    elements
        .iter()
        .filter(|der| der.first() == Some(&super::SEQUENCE))
        .map(|der| der.to_vec())
        .collect()
}
