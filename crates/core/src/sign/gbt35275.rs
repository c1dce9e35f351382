//! SignedData of GB/T 35275-2017, as OFD has it for signatures without a seal (GM/T 0099-2020 §7.2.2) and for lists of
//! all members.
//!
//! ```text
//! ContentInfo ─ SignedData v1, under the object identifiers of GB/T 35275
//!   ├ digestAlgorithms   SM3
//!   ├ contentInfo        form A: data, SM3 of what is signed;  form B: data, no content
//!   ├ certificates
//!   └ SignerInfo v1      issuer and serial number
//!       ├ attributes     form A: none;                         form B: content-type, message-digest, signing-time
//!       └ signature      form A: over the 32 bytes of digest;  form B: over the attributes as a SET OF
//! ```
//!
//! It is a CMS with other object identifiers, and is not read as one of PAdES: form A has no attributes over content that
//! is itself a digest, form B attributes out of DER order, and neither names its certificate in what is signed.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use const_oid::ObjectIdentifier;
use der::{Decode as _, Reader as _, SliceReader, Tag};
use jiff::Timestamp;
use spki::AlgorithmIdentifierRef;
use x509_cert::time::Time;

use super::cms::{
    CONTENT_TYPE, CmsError, CmsVerifyError, ID_DATA, ID_SIGNED_DATA, MESSAGE_DIGEST, SET, SIGNING_TIME,
    signed::{SignerName, context, elements, inside, optional, plain, read_attribute, read_version, rest},
};
use crate::{
    crypto::{DigestAlgorithm, SignatureAlgorithm, Used, verify_value, x509},
    limits::MAX_CMS_BYTES,
    seal::ses::{Deviation, Deviations, read_signature},
};

/// data and signedData of GB/T 35275.
const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.6.1.4.2.1");
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.6.1.4.2.2");

/// A signature of GB/T 35275 by one signer, as read. Nothing of it is believed yet.
#[derive(Debug, Clone)]
pub struct Sm2SignedData {
    certificates: Vec<Vec<u8>>,
    crls: Vec<Vec<u8>>,
    /// Which of `certificates` the SignerInfo names.
    signer: Option<usize>,
    digest_algorithm: DigestAlgorithm,
    signature_algorithm: SignatureAlgorithm,
    /// What the signature value is over.
    signed: Vec<u8>,
    /// Digest of the data.
    data_digest: Vec<u8>,
    signing_time: Option<Timestamp>,
    /// In DER, whatever the file has.
    signature: Vec<u8>,
    signature_value: Vec<u8>,
    deviations: Vec<Deviation>,
}

/// What the attributes of form B say.
#[derive(Default)]
struct Attributes {
    content_type: Option<ObjectIdentifier>,
    message_digest: Option<Vec<u8>>,
    signing_time: Option<Timestamp>,
}

impl Sm2SignedData {
    /// Reads one ContentInfo in DER, nothing behind it.
    pub fn parse(der: &[u8]) -> Result<Self, CmsError> {
        if der.len() > MAX_CMS_BYTES {
            return Err(CmsError::TooLarge);
        }
        let mut deviations = Deviations::default();
        let mut reader = SliceReader::new(der)?;
        let mut signed = inside(&mut reader, Tag::Sequence, |content_info| {
            match ObjectIdentifier::decode(content_info)? {
                SIGNED_DATA => {}
                ID_SIGNED_DATA => deviations.note(Deviation::PkcsObjectIdentifiers),
                other => return Err(CmsError::NotSignedData(other)),
            }
            inside(content_info, context(0), |content| {
                inside(content, Tag::Sequence, |data| Self::read(data, &mut deviations))
            })
        })?;
        if !reader.is_finished() {
            return Err(CmsError::TrailingData(usize::try_from(reader.position())?));
        }
        signed.deviations = deviations.into_vec();
        Ok(signed)
    }

    fn read(reader: &mut SliceReader<'_>, deviations: &mut Deviations) -> Result<Self, CmsError> {
        check_version("SignedData", read_version(reader)?)?;
        inside(reader, Tag::Set, elements)?;
        let (content_type, content) = inside(reader, Tag::Sequence, |info| {
            let kind = ObjectIdentifier::decode(info)?;
            let content = optional(info, context(0), |explicit| {
                inside(explicit, Tag::OctetString, rest)
            })?;
            Ok((kind, content))
        })?;
        match content_type {
            DATA => {}
            ID_DATA => deviations.note(Deviation::ContentType),
            other => return Err(CmsError::NotSignedData(other)),
        }
        let certificates = optional(reader, context(0), elements)?.unwrap_or_default();
        let crls = optional(reader, context(1), elements)?.unwrap_or_default();
        let certificates = plain(&certificates);
        inside(reader, Tag::Set, |signers| {
            let count = elements(&mut signers.clone())?.len();
            if count != 1 {
                return Err(CmsError::SignerCount(count));
            }
            inside(signers, Tag::Sequence, |info| {
                Self::read_signer(info, content, certificates, plain(&crls), deviations)
            })
        })
    }

    /// SignerInfo.
    fn read_signer(
        reader: &mut SliceReader<'_>,
        content: Option<&[u8]>,
        certificates: Vec<Vec<u8>>,
        crls: Vec<Vec<u8>>,
        deviations: &mut Deviations,
    ) -> Result<Self, CmsError> {
        check_version("SignerInfo", read_version(reader)?)?;
        let name = SignerName::read(reader)?;
        let digest_algorithm = DigestAlgorithm::from_identifier(&AlgorithmIdentifierRef::decode(reader)?)?;
        let has_attributes = !reader.is_finished() && Tag::peek(reader)? == context(0);
        let (signed, data_digest, signing_time) = if has_attributes {
            let mut signed = reader.clone().tlv_bytes()?.to_vec();
            if let Some(tag) = signed.first_mut() {
                *tag = SET;
            }
            let raw = inside(reader, context(0), elements)?;
            deviations.note_if(!raw.is_sorted_by(|a, b| a < b), Deviation::AttributesUnsorted);
            let attributes = Attributes::read(&raw)?;
            deviations.note_if(attributes.content_type != Some(DATA), Deviation::ContentType);
            let digest = attributes.message_digest.ok_or(CmsError::Attribute {
                attribute: MESSAGE_DIGEST,
                why: "is missing",
            })?;
            (signed, digest, attributes.signing_time)
        } else {
            let content = content.ok_or(CmsError::ContentMissing)?;
            let digest = digest_in(content, digest_algorithm, deviations);
            (content.to_vec(), digest, None)
        };
        let identifier = AlgorithmIdentifierRef::decode(reader)?;
        let signature_algorithm = SignatureAlgorithm::from_identifier(&identifier, Some(digest_algorithm))?;
        deviations.note_if(signature_algorithm != SignatureAlgorithm::Sm2, Deviation::NotSm2);
        let signature_value = inside(reader, Tag::OctetString, rest)?.to_vec();
        // Anybody could have added unsigned attributes: nothing is asked of them.
        optional(reader, context(1), rest)?;
        Ok(Self {
            signer: certificates.iter().position(|der| name.names(der)),
            certificates,
            crls,
            digest_algorithm,
            signature_algorithm,
            signed,
            data_digest,
            signing_time,
            signature: read_signature(&signature_value, signature_algorithm, deviations),
            signature_value,
            deviations: Vec::new(),
        })
    }

    /// Whether the key of the signer certificate made the signature value; with what, which is still to be judged.
    pub fn check_signature(&self) -> Result<Used, CmsVerifyError> {
        let missing = CmsVerifyError::SignerCertificateMissing;
        let certificate = self.signer_certificate().ok_or(missing.clone())?;
        let key = x509::public_key_info(certificate).map_err(|_| missing)?;
        verify_value(key, self.signature_algorithm, &self.signed, &self.signature)
            .map_err(CmsVerifyError::Signature)
    }

    /// Whether these bytes are the data that were signed.
    pub fn covers(&self, data: &[u8]) -> bool {
        self.digest_algorithm.digest(data) == self.data_digest
    }

    /// The signed digest of the data.
    pub fn data_digest(&self) -> &[u8] {
        &self.data_digest
    }

    /// What it is made with.
    pub fn digest_algorithm(&self) -> DigestAlgorithm {
        self.digest_algorithm
    }

    /// What it is signed with.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.signature_algorithm
    }

    /// DER of the certificate that the SignerInfo names, if it is there.
    pub fn signer_certificate(&self) -> Option<&[u8]> {
        self.certificates.get(self.signer?).map(Vec::as_slice)
    }

    /// DER of all certificates, in the order they stand.
    pub fn certificates(&self) -> &[Vec<u8>] {
        &self.certificates
    }

    /// DER of the revocation lists.
    pub fn crls(&self) -> &[Vec<u8>] {
        &self.crls
    }

    /// When it was signed by the signer's word, which only form B has.
    pub fn signing_time(&self) -> Option<Timestamp> {
        self.signing_time
    }

    /// The signature value as the file has it.
    pub fn signature_value(&self) -> &[u8] {
        &self.signature_value
    }

    /// What it does otherwise than the standard has it.
    pub fn deviations(&self) -> &[Deviation] {
        &self.deviations
    }
}

impl Attributes {
    fn read(raw: &[&[u8]]) -> Result<Self, CmsError> {
        let mut found = Self::default();
        for der in raw {
            let (Some(attribute), values) = read_attribute(der)? else {
                continue;
            };
            let wrong = |why| CmsError::Attribute { attribute, why };
            let is_again = match attribute {
                CONTENT_TYPE => found.content_type.is_some(),
                MESSAGE_DIGEST => found.message_digest.is_some(),
                SIGNING_TIME => found.signing_time.is_some(),
                _ => continue,
            };
            if is_again {
                return Err(wrong("stands there twice"));
            }
            let &[value] = values.as_slice() else {
                return Err(wrong("has not exactly one value"));
            };
            let malformed = |_| wrong("is malformed");
            match attribute {
                CONTENT_TYPE => {
                    found.content_type = Some(ObjectIdentifier::from_der(value).map_err(malformed)?);
                }
                MESSAGE_DIGEST => {
                    let mut reader = SliceReader::new(value)?;
                    let digest = inside(&mut reader, Tag::OctetString, rest);
                    found.message_digest = Some(digest.map_err(|_| wrong("is malformed"))?.to_vec());
                }
                _ => {
                    let time = Time::from_der(value).map_err(malformed)?;
                    found.signing_time = Some(x509::to_timestamp(time));
                }
            }
        }
        Ok(found)
    }
}

fn check_version(structure: &'static str, found: u8) -> Result<(), CmsError> {
    match found {
        1 => Ok(()),
        _ => Err(CmsError::Version { structure, found }),
    }
}

/// The digest that form A carries along; some write it in Base64, because a reader asks for it.
fn digest_in(content: &[u8], algorithm: DigestAlgorithm, deviations: &mut Deviations) -> Vec<u8> {
    if content.len() != algorithm.output_len()
        && let Ok(digest) = BASE64_STANDARD.decode(content)
        && digest.len() == algorithm.output_len()
    {
        deviations.note(Deviation::Base64Digest);
        return digest;
    }
    content.to_vec()
}
