//! Making signatures with a national seal.

use std::sync::Arc;

use jiff::Timestamp;

use super::SesSignature;
use crate::{
    crypto::{SignatureScheme, Signer, SigningIdentity},
    document::ofd::write::{SealFile, ToSeal},
    seal::ses::{
        SesExtension, SesMakeError, SesSeal, SesVersion, check_signer_dates, time, write_extensions,
    },
    tlv::{CONTEXT_0, GENERALIZED_TIME, IA5_STRING, OCTET_STRING, SEQUENCE, bit_string, integer, tlv},
};

/// Makes the signatures of one identity with one seal. Share it between threads.
#[derive(Debug, Clone)]
pub struct SesSigner {
    pub(super) signer: Arc<dyn Signer>,
    pub(super) certificate: Arc<[u8]>,
    seal: Arc<SesSeal>,
}

/// What is signed with a seal, and when.
#[derive(Debug, Clone, Copy)]
pub struct Sealing<'a> {
    /// dataHash: SM3 of the data.
    pub data_hash: &'a [u8; 32],
    /// propertyInfo: at least what is protected; in an OFD the absolute path of Signature.xml.
    pub property_info: &'a str,
    /// timeInfo; whole seconds are kept.
    pub at: Timestamp,
    /// extDatas.
    pub extensions: &'a [SesExtension],
}

impl<'a> From<&ToSeal<'a>> for Sealing<'a> {
    fn from(document: &ToSeal<'a>) -> Self {
        Self {
            data_hash: document.data_hash,
            property_info: document.property_info,
            at: document.at,
            extensions: &[],
        }
    }
}

impl SesSigner {
    /// Prepares signing with a seal, which must be one of those that are still made and permit the signer. The caller has
    /// verified it.
    pub fn new(seal: &[u8], identity: &SigningIdentity) -> Result<Self, SesMakeError> {
        if identity.signer.scheme() != SignatureScheme::Sm2Sm3 {
            return Err(SesMakeError::UnsuitableKey);
        }
        let seal = SesSeal::parse(seal)?;
        if seal.version() == SesVersion::V1 {
            return Err(SesMakeError::OldVersion);
        }
        if !seal.property().signers.has(&identity.certificate) {
            return Err(SesMakeError::NotPermitted);
        }
        Ok(Self {
            signer: Arc::clone(&identity.signer),
            certificate: Arc::clone(&identity.certificate),
            seal: Arc::new(seal),
        })
    }

    /// The seal.
    pub fn seal(&self) -> &SesSeal {
        &self.seal
    }

    /// The seal as a document has to know it.
    pub fn seal_file(&self) -> SealFile<'_> {
        let picture = self.seal.picture();
        SealFile {
            bytes: self.seal.bytes(),
            name: &self.seal.property().name,
            width: picture.width as f32,
            height: picture.height as f32,
        }
    }

    /// Signs; gives the bytes of SignedValue.dat.
    pub fn sign(&self, sealing: &Sealing<'_>) -> Result<Vec<u8>, SesMakeError> {
        let (signed, value) = self.sign_value(sealing)?;
        Ok(self.assemble(&signed, &value, &[]))
    }

    /// The same, with the token that `stamp` gives for the signature value.
    pub fn sign_stamped<E: From<SesMakeError>>(
        &self,
        sealing: &Sealing<'_>,
        stamp: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
    ) -> Result<Vec<u8>, E> {
        let (signed, value) = self.sign_value(sealing)?;
        let token = stamp(&value)?;
        Ok(self.assemble(&signed, &value, &token))
    }

    /// TBS_Sign and its signature value.
    fn sign_value(&self, sealing: &Sealing<'_>) -> Result<(Vec<u8>, Vec<u8>), SesMakeError> {
        let at = sealing.at;
        let property = self.seal.property();
        if !self.seal.in_force_at(at) {
            return Err(SesMakeError::SealNotInForce {
                at,
                from: property.valid_start,
                until: property.valid_end,
            });
        }
        check_signer_dates(&self.certificate, at)?;
        let path = sealing.property_info;
        if path.is_empty()
            || path.len() > MAX_PROPERTY_BYTES
            || !path.bytes().all(|byte| byte.is_ascii_graphic())
        {
            return Err(SesMakeError::BadField {
                field: "propertyInfo",
                why: "应为 1 至 1024 个 ASCII 字符，不含空格",
            });
        }
        let extensions = match write_extensions(sealing.extensions) {
            none if none.is_empty() => none,
            some => tlv(CONTEXT_0, &[&some]),
        };
        let version = match self.seal.version() {
            SesVersion::V5 => 5,
            SesVersion::V1 | SesVersion::V4 => 4,
        };
        let signed = tlv(
            SEQUENCE,
            &[
                &integer(version),
                self.seal.bytes(),
                &tlv(GENERALIZED_TIME, &[time::write(at).as_bytes()]),
                &bit_string(sealing.data_hash),
                &tlv(IA5_STRING, &[path.as_bytes()]),
                &extensions,
            ],
        );
        let value = self.signer.sign(&signed)?;
        Ok((signed, value))
    }

    fn assemble(&self, signed: &[u8], value: &[u8], token: &[u8]) -> Vec<u8> {
        let stamp = match token {
            [] => Vec::new(),
            token => tlv(CONTEXT_0, &[&bit_string(token)]),
        };
        tlv(
            SEQUENCE,
            &[
                signed,
                &tlv(OCTET_STRING, &[&self.certificate]),
                self.signer.scheme().algorithm_oid(),
                &bit_string(value),
                &stamp,
            ],
        )
    }
}

impl SesSignature {
    /// Signs once with a seal. Whoever signs often prepares a [`SesSigner`].
    pub fn make(
        seal: &[u8],
        sealing: &Sealing<'_>,
        identity: &SigningIdentity,
    ) -> Result<Vec<u8>, SesMakeError> {
        SesSigner::new(seal, identity)?.sign(sealing)
    }
}

/// Longest propertyInfo written: paths in a package have under a hundred characters.
const MAX_PROPERTY_BYTES: usize = 1_024;
