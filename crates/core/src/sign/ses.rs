//! Signatures with national seals: SES_Signature of GM/T 0031-2014 (V1), GB/T 38540-2020 (V4), GM/T 0031-2025 (V5).
//!
//! ```text
//! V1      SES_Signature { TBS_Sign { version, eseal, timeInfo, dataHash, propertyInfo, cert, signatureAlgorithm }, signature }
//! V4, V5  SES_Signature { TBS_Sign { version, eseal, timeInfo, dataHash, propertyInfo, [0] extDatas OPTIONAL },
//!                         cert, signatureAlgID, signature, [0] timeStamp OPTIONAL }
//! ```
//!
//! What is signed is TBS_Sign, in each version, as the file has it. `dataHash` is over what `propertyInfo` names: in an
//! OFD the bytes of Signature.xml. `timeInfo` is the signer's own word, unless V1 has a timestamp token there.
//!
//! A signature is asked questions one at a time: is the value right, is the data what was signed, does the seal permit
//! the signer. Whether certificates are trusted, and the seal with its maker, is for whoever verifies.

use jiff::Timestamp;

use super::timestamp::{TimeStampToken, TokenError};
use crate::{
    crypto::{DigestAlgorithm, SignatureAlgorithm, Used, verify_value, x509},
    seal::ses::{Deviation, SesError, SesExtension, SesSeal, SesVerifyError, SesVersion},
};

mod make;
mod read;
#[cfg(test)]
mod tests;

pub use make::{Sealing, SesSigner};

/// A signature with a national seal, as read. Nothing of it is believed yet.
#[derive(Debug, Clone)]
pub struct SesSignature {
    version: SesVersion,
    /// TBS_Sign as it stands in the file.
    signed: Vec<u8>,
    seal: SesSeal,
    time: TimeInfo,
    data_hash: Vec<u8>,
    property_info: String,
    extensions: Vec<SesExtension>,
    signer_certificate: Vec<u8>,
    algorithm: SignatureAlgorithm,
    /// In DER, whatever the file has.
    signature: Vec<u8>,
    /// As the file has it.
    signature_value: Vec<u8>,
    time_stamp: Option<Vec<u8>>,
    deviations: Vec<Deviation>,
}

/// timeInfo.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeInfo {
    /// When it was signed, by the signer's word.
    Claimed(Timestamp),
    /// V1 may have a timestamp token here: its DER.
    Token(Vec<u8>),
    /// What is neither.
    Unreadable(Vec<u8>),
}

impl SesSignature {
    /// Reads a signature, within limits, without believing it.
    pub fn parse(bytes: &[u8]) -> Result<Self, SesError> {
        read::read(bytes)
    }

    /// Edition of the standard it follows.
    pub fn version(&self) -> SesVersion {
        self.version
    }

    /// eseal: the seal, with the bytes that stand in the signature.
    pub fn seal(&self) -> &SesSeal {
        &self.seal
    }

    /// timeInfo.
    pub fn time_info(&self) -> &TimeInfo {
        &self.time
    }

    /// When it was signed by the signer's word, or by that of a token in its place, whose signature nobody has looked at.
    pub fn signing_time(&self) -> Option<Timestamp> {
        match &self.time {
            TimeInfo::Claimed(at) => Some(*at),
            TimeInfo::Token(der) => Some(TimeStampToken::parse(der).ok()?.info().gen_time),
            TimeInfo::Unreadable(_) => None,
        }
    }

    /// dataHash.
    pub fn data_hash(&self) -> &[u8] {
        &self.data_hash
    }

    /// propertyInfo: in an OFD the absolute path of Signature.xml.
    pub fn property_info(&self) -> &str {
        &self.property_info
    }

    /// extDatas.
    pub fn extensions(&self) -> &[SesExtension] {
        &self.extensions
    }

    /// DER of the signer certificate.
    pub fn signer_certificate(&self) -> &[u8] {
        &self.signer_certificate
    }

    /// What it is signed with.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// The signature value as the file has it: what a timestamp is over.
    pub fn signature_value(&self) -> &[u8] {
        &self.signature_value
    }

    /// timeStamp: what should be a timestamp token over the signature value.
    pub fn time_stamp(&self) -> Option<&[u8]> {
        self.time_stamp.as_deref()
    }

    /// What it does otherwise than its standard has it, but for what the seal does so.
    pub fn deviations(&self) -> &[Deviation] {
        &self.deviations
    }

    /// Whether the key of the signer certificate signed TBS_Sign; with what, which is still to be judged.
    pub fn check_signature(&self) -> Result<Used, SesVerifyError> {
        let key = x509::public_key_info(&self.signer_certificate)?;
        Ok(verify_value(key, self.algorithm, &self.signed, &self.signature)?)
    }

    /// What dataHash is made with: the digest that goes with the signature algorithm.
    pub fn digest_algorithm(&self) -> Option<DigestAlgorithm> {
        self.algorithm.digest()
    }

    /// Whether these bytes are the data that were signed.
    pub fn covers(&self, data: &[u8]) -> bool {
        let digest = self.digest_algorithm().map(|algorithm| algorithm.digest(data));
        digest.is_some_and(|digest| digest == self.data_hash)
    }

    /// Whether the seal permits the signer certificate.
    pub fn is_permitted(&self) -> bool {
        self.seal.property().signers.has(&self.signer_certificate)
    }
}

/// Reads a timestamp token of a seal or a signature with one, and checks that it is over this signature value: digest,
/// signature, and the name of its maker. Whether that maker may tell the time is for
/// [`trust::timestamp`](crate::trust::timestamp).
pub fn check_time_stamp(token: &[u8], signature_value: &[u8]) -> Result<TimeStampToken, TokenError> {
    let token = TimeStampToken::parse(token)?;
    let digest = token.info().imprint.algorithm.digest(signature_value);
    let _judged_with_the_path = token.verify(&digest)?;
    Ok(token)
}
