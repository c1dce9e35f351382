//! National seals: SESeal of GM/T 0031-2014 (V1), GB/T 38540-2020 (V4) and GM/T 0031-2025 (V5).
//!
//! ```text
//! V1  SESeal { SES_SealInfo, SES_SignInfo { cert, signatureAlgorithm, signData } }
//! V4  SESeal { SES_SealInfo, cert, signAlgID, signedValue }
//! V5  SESeal { SES_SealInfo, cert, signAlgID, signedValue, [0] timeStamp OPTIONAL }
//!     SES_SealInfo { header, esID, property, picture, extDatas OPTIONAL }
//! ```
//!
//! | version | the maker signs | clause |
//! |---|---|---|
//! | V1 | SEQUENCE { SES_SealInfo, cert, signatureAlgorithm } | GM/T 0031-2014 §6.1.1 |
//! | V4, V5 | SES_SealInfo alone | GB/T 38540-2020 §6, GM/T 0031-2025 |
//!
//! A seal keeps the bytes it was read from, and it is those that are hashed: encoded again, a default that somebody
//! wrote would be gone and a good seal look forged. What files in use do otherwise is read and named, see
//! [`Deviation`]. Whether the maker is trusted is for whoever verifies.

use jiff::Timestamp;

use crate::crypto::{AnyOid, DigestAlgorithm, SignatureAlgorithm, Used, verify_shared, x509};

mod deviation;
pub(crate) mod element;
mod error;
mod make;
mod picture;
mod read;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod time;

pub use deviation::Deviation;
pub(crate) use deviation::Deviations;
pub use error::{SesError, SesMakeError, SesVerifyError};
pub use make::{Permitted, SesDefinition, WrittenVersion};
pub(crate) use make::{check_signer_dates, write_extensions};
pub use picture::{PictureError, PictureFormat, SesPicture};
pub(crate) use read::{read_algorithm, read_extensions, read_signature};

/// Edition of the standard that a structure follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SesVersion {
    /// GM/T 0031-2014.
    V1,
    /// GB/T 38540-2020.
    V4,
    /// GM/T 0031-2025.
    V5,
}

impl SesVersion {
    /// Its standard.
    pub fn standard(self) -> &'static str {
        match self {
            Self::V1 => "GM/T 0031-2014",
            Self::V4 => "GB/T 38540-2020",
            Self::V5 => "GM/T 0031-2025",
        }
    }
}

/// SES_Header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SesHeader {
    /// ID: `ES`.
    pub id: String,
    /// version: 4 or 5; of V1 seals anything.
    pub version: u32,
    /// Vid: who made the program that made it.
    pub vendor: String,
}

/// SES_ESPropertyInfo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SesProperty {
    /// type: V1 has 1 for organisations and 2 for persons; since then left to whoever uses it.
    pub kind: u32,
    /// name.
    pub name: String,
    /// certList: who may use it.
    pub signers: CertificateList,
    /// createDate.
    pub created: Timestamp,
    /// validStart: first instant in force.
    pub valid_start: Timestamp,
    /// validEnd: last instant in force.
    pub valid_end: Timestamp,
}

/// SES_CertList: which certificates may use a seal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateList {
    /// CertInfoList: DER of each.
    Certificates(Vec<Vec<u8>>),
    /// CertDigestList: a digest of each.
    Digests(Vec<CertificateDigest>),
    /// Names, which V1 in one place has for certificates.
    Names(Vec<String>),
}

/// CertDigestObj.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateDigest {
    /// type, self-defined.
    pub kind: String,
    /// SM3 of the DER of a certificate.
    pub value: Vec<u8>,
}

impl CertificateList {
    /// How many it names.
    pub fn len(&self) -> usize {
        match self {
            Self::Certificates(all) => all.len(),
            Self::Digests(all) => all.len(),
            Self::Names(all) => all.len(),
        }
    }

    /// Whether it names none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a certificate (DER) is in it: byte for byte, or by its digest (GB/T 38540-2020, making of signatures).
    pub fn has(&self, certificate: &[u8]) -> bool {
        match self {
            Self::Certificates(all) => all.iter().any(|listed| listed == certificate),
            Self::Digests(all) => {
                let digest = DigestAlgorithm::Sm3.digest(certificate);
                all.iter().any(|listed| listed.value == digest)
            }
            Self::Names(_) => false,
        }
    }
}

/// ExtData of a seal or a seal signature. None is known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SesExtension {
    /// extnID.
    pub id: AnyOid,
    /// critical: who does not know it may not go on.
    pub critical: bool,
    /// extnValue.
    pub value: Vec<u8>,
}

/// A national seal as read. Its maker's signature is still to be verified.
#[derive(Debug, Clone)]
pub struct SesSeal {
    bytes: Vec<u8>,
    version: SesVersion,
    header: SesHeader,
    es_id: String,
    property: SesProperty,
    picture: SesPicture,
    extensions: Vec<SesExtension>,
    maker_certificate: Vec<u8>,
    algorithm: SignatureAlgorithm,
    /// What the maker signed.
    signed: Vec<u8>,
    /// In DER, whatever the file has.
    signature: Vec<u8>,
    /// As the file has it.
    signature_value: Vec<u8>,
    time_stamp: Option<Vec<u8>>,
    deviations: Vec<Deviation>,
}

impl SesSeal {
    /// Reads a seal, within limits, without believing it.
    pub fn parse(bytes: &[u8]) -> Result<Self, SesError> {
        read::read(bytes, 0)
    }

    /// The same for a seal that begins at `from` in a file.
    pub(crate) fn parse_at(bytes: &[u8], from: usize) -> Result<Self, SesError> {
        read::read(bytes, from)
    }

    /// The seal as it was read.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Edition of the standard it follows.
    pub fn version(&self) -> SesVersion {
        self.version
    }

    /// Its header.
    pub fn header(&self) -> &SesHeader {
        &self.header
    }

    /// esID: its number, in seals of authorities the region's six digits and eight more.
    pub fn es_id(&self) -> &str {
        &self.es_id
    }

    /// Its property.
    pub fn property(&self) -> &SesProperty {
        &self.property
    }

    /// Its picture.
    pub fn picture(&self) -> &SesPicture {
        &self.picture
    }

    /// extDatas.
    pub fn extensions(&self) -> &[SesExtension] {
        &self.extensions
    }

    /// DER of the seal maker's certificate that it names. Validate it before [`SesSeal::verify_maker`].
    pub fn maker_certificate(&self) -> &[u8] {
        &self.maker_certificate
    }

    /// What the maker signed it with.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// The maker's signature value as the seal has it: what its timestamp is over.
    pub fn signature_value(&self) -> &[u8] {
        &self.signature_value
    }

    /// timeStamp of V5: what should be a timestamp token over the signature value.
    pub fn time_stamp(&self) -> Option<&[u8]> {
        self.time_stamp.as_deref()
    }

    /// What it does otherwise than its standard has it.
    pub fn deviations(&self) -> &[Deviation] {
        &self.deviations
    }

    /// Whether its dates allow signing at this instant; both ends belong to it.
    pub fn in_force_at(&self, at: Timestamp) -> bool {
        (self.property.valid_start..=self.property.valid_end).contains(&at)
    }

    /// Checks that the holder of this certificate (DER), which the caller trusts to make seals, signed what its version
    /// has the maker sign; gives what it was signed with, which is still to be judged.
    pub fn verify_maker(&self, maker_certificate: &[u8]) -> Result<Used, SesVerifyError> {
        if self.maker_certificate != maker_certificate {
            return Err(SesVerifyError::OtherMaker);
        }
        let key = x509::public_key_info(maker_certificate)?;
        Ok(verify_shared(key, self.algorithm, &self.signed, &self.signature)?)
    }
}
