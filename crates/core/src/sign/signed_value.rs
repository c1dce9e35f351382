//! The signature value of an OFD (SignedValue.dat), whichever of the forms in use it has.
//!
//! | beginning | form | of |
//! |---|---|---|
//! | SEQUENCE { SEQUENCE … | SES_Signature | seals (`Type="Seal"`) |
//! | SEQUENCE { OBJECT IDENTIFIER … | SignedData of GB/T 35275 | signatures without a seal (`Type="Sign"`) |
//! | SEQUENCE { INTEGER, INTEGER }, or 64 bytes | an SM2 signature value | the same, before GM/T 0099 |

use der::Tag;
use jiff::Timestamp;

use super::{cms::CmsError, gbt35275::Sm2SignedData, ses::SesSignature};
use crate::{
    crypto::{SignatureAlgorithm, Used, verify_value, x509},
    seal::ses::{Deviation, Deviations, SesError, SesVerifyError, element::Element, read_signature},
};

/// Longest signature value by itself: two INTEGERs of 33 bytes in a SEQUENCE.
const LONGEST_BARE: usize = 72;

/// A signature value of an OFD.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum SignedValue {
    /// With a seal.
    Ses(Box<SesSignature>),
    /// Without.
    SignedData(Box<Sm2SignedData>),
    /// Nothing but the value.
    Bare(BareSignature),
}

/// Why bytes are none of these.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignedValueError {
    /// They begin like a signature with a seal.
    #[error(transparent)]
    Ses(#[from] SesError),
    /// They begin like SignedData.
    #[error("GB/T 35275 签名数据不可用：{0} (SignedData)")]
    SignedData(#[from] CmsError),
    /// They begin like none.
    #[error("不是签名值：既非 GB/T 38540 签章，也非 GB/T 35275 签名数据 (no signature value)")]
    Unknown,
}

impl SignedValue {
    /// Reads a signature value, within limits, without believing it.
    pub fn parse(bytes: &[u8]) -> Result<Self, SignedValueError> {
        if let Some(bare) = BareSignature::read(bytes) {
            return Ok(Self::Bare(bare));
        }
        let whole = Element::only(bytes, "SignedValue", 0)?;
        let first = whole.sequence()?.peek();
        match first {
            Some(Tag::ObjectIdentifier) => Ok(Self::SignedData(Box::new(Sm2SignedData::parse(bytes)?))),
            Some(Tag::Sequence) => Ok(Self::Ses(Box::new(SesSignature::parse(bytes)?))),
            _ => Err(SignedValueError::Unknown),
        }
    }

    /// DER of the signer certificate, where there is one.
    pub fn signer_certificate(&self) -> Option<&[u8]> {
        match self {
            Self::Ses(signature) => Some(signature.signer_certificate()),
            Self::SignedData(signed) => signed.signer_certificate(),
            Self::Bare(_) => None,
        }
    }

    /// When it was signed, by the signer's word.
    pub fn signing_time(&self) -> Option<Timestamp> {
        match self {
            Self::Ses(signature) => signature.signing_time(),
            Self::SignedData(signed) => signed.signing_time(),
            Self::Bare(_) => None,
        }
    }

    /// What it does otherwise than its standard has it.
    pub fn deviations(&self) -> &[Deviation] {
        match self {
            Self::Ses(signature) => signature.deviations(),
            Self::SignedData(signed) => signed.deviations(),
            Self::Bare(bare) => &bare.deviations,
        }
    }
}

/// An SM2 signature value by itself: whose, and over what, others must say.
#[derive(Debug, Clone)]
pub struct BareSignature {
    /// In DER, whatever the file has.
    signature: Vec<u8>,
    deviations: Vec<Deviation>,
}

impl BareSignature {
    fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > LONGEST_BARE {
            return None;
        }
        let mut deviations = Deviations::default();
        deviations.note(Deviation::BareSignature);
        let signature = read_signature(bytes, SignatureAlgorithm::Sm2, &mut deviations);
        crate::crypto::ecdsa::p256_to_fixed(&signature).ok()?;
        Some(Self {
            signature,
            deviations: deviations.into_vec(),
        })
    }

    /// Whether the key of a certificate (DER) signed these data, which in an OFD are the bytes of Signature.xml.
    pub fn check(&self, certificate: &[u8], data: &[u8]) -> Result<Used, SesVerifyError> {
        let key = x509::public_key_info(certificate)?;
        Ok(verify_value(key, SignatureAlgorithm::Sm2, data, &self.signature)?)
    }
}

#[cfg(test)]
mod tests;
