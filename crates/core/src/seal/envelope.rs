//! The seal maker's signature: COSE_Sign1 (RFC 9052) with ES256 over the seal's content.
//!
//! Protected header: alg, typ (RFC 9596), and x5chain (RFC 9360 §2) with the maker's X.509
//! certificates, so that a seal can be judged by itself: the caller validates the chain against its
//! anchors and hands the first certificate to [`SignedSeal::verify`]. As with face tokens, what is read
//! is written again and compared, so there is one encoding of a seal and nothing hides in it.

use std::sync::OnceLock;

use coset::{
    CoseSign1, Header, HeaderBuilder, Label, ProtectedHeader, RegisteredLabelWithPrivate, SignatureContext,
    TaggedCborSerializable, cbor::value::Value, iana,
};
use jiff::Timestamp;

use super::{
    Seal,
    definition::{self, SealDefinition, whole_seconds},
    impression::PathsError,
};
use crate::{
    codes::CodeError,
    crypto::{
        DigestAlgorithm, SignatureAlgorithm, SignatureScheme, SignerError, SigningIdentity, ecdsa,
        verify_shared_signature, x509,
    },
    limits::{MAX_PATH_LENGTH, MAX_SEAL_BYTES},
};

/// A seal as read, whose maker's signature nobody has looked at yet.
#[derive(Debug, Clone)]
pub struct SignedSeal {
    seal: Seal,
    maker_chain: Vec<Vec<u8>>,
    signed: Vec<u8>,
    signature: [u8; SIGNATURE_LEN],
    /// Set once the signature was found to be that of the first of the chain, which no instant changes.
    is_signed: OnceLock<()>,
}

impl Seal {
    /// Makes a seal: checks the definition and has the seal maker sign it.
    pub fn make(
        definition: SealDefinition,
        made_at: Timestamp,
        maker: &SigningIdentity,
    ) -> Result<Vec<u8>, SealError> {
        if maker.signer.scheme() != SignatureScheme::EcdsaP256Sha256 {
            return Err(SealError::UnsuitableKey);
        }
        let definition = definition.settle()?;
        let made_at = whole_seconds(made_at);
        let mut chain = vec![maker.certificate.to_vec()];
        chain.extend(maker.issuers.iter().cloned());
        check_maker_dates(&maker.certificate, made_at)?;

        let content = definition::write(&definition, made_at)?;
        let protected = protected_header(&chain);
        let made = maker.signer.sign(&to_be_signed(&protected, &content))?;
        let signature = ecdsa::p256_to_fixed(&made).map_err(|_| SignerError::KeyFailed)?;
        let bytes = write(protected, content, &signature)?;
        // A seal its own reader refuses (too large, chain too long) must not leave the maker's desk.
        SignedSeal::parse(&bytes)?;
        Ok(bytes)
    }
}

impl SignedSeal {
    /// Reads a seal, within limits, without believing it.
    pub fn parse(bytes: &[u8]) -> Result<Self, SealError> {
        if bytes.len() > MAX_SEAL_BYTES {
            return Err(SealError::TooLarge {
                limit: MAX_SEAL_BYTES,
            });
        }
        if bytes.first() != Some(&COSE_SIGN1_FIRST_BYTE) {
            return Err(SealError::NotASeal);
        }
        let cose = CoseSign1::from_tagged_slice(bytes).map_err(|_| SealError::Malformed)?;
        let header = &cose.protected.header;
        if header.alg != Some(RegisteredLabelWithPrivate::Assigned(iana::Algorithm::ES256)) {
            return Err(SealError::Header { name: "alg" });
        }
        let maker_chain = read_chain(header)?;
        let signature: [u8; SIGNATURE_LEN] = cose
            .signature
            .as_slice()
            .try_into()
            .map_err(|_| SealError::Header { name: "signature" })?;
        let content = cose.payload.as_deref().ok_or(SealError::Malformed)?;
        let (definition, outlines, made_at) = definition::read(content)?;

        let protected = protected_header(&maker_chain);
        let again = definition::write_with(&definition, outlines, made_at)?;
        let signed = to_be_signed(&protected, &again);
        if write(protected, again, &signature)? != bytes {
            return Err(SealError::NotCanonical);
        }
        Ok(Self {
            seal: Seal { definition, made_at },
            maker_chain,
            signed,
            signature,
            is_signed: OnceLock::new(),
        })
    }

    /// DER of the seal maker's X.509 certificate and its issuers, nearest first, the root left out:
    /// what the seal claims. Validate it against the anchors before [`SignedSeal::verify`].
    pub fn maker_chain(&self) -> &[Vec<u8>] {
        &self.maker_chain
    }

    /// What it says. Trust nothing of it before [`SignedSeal::verify`].
    pub fn unverified(&self) -> &Seal {
        &self.seal
    }

    /// Checks that the holder of this X.509 certificate (DER), which the caller trusts to make seals,
    /// made the seal while that certificate was valid; gives the seal.
    pub fn verify(&self, maker_certificate: &[u8]) -> Result<&Seal, SealError> {
        // 1. The seal names this maker.
        if self.maker_chain.first().map(Vec::as_slice) != Some(maker_certificate) {
            return Err(SealError::OtherMaker);
        }
        // 2. The maker signed exactly this.
        if self.is_signed.get().is_none() {
            self.check_signature(maker_certificate)?;
            let _ = self.is_signed.set(());
        }
        // 3. The maker's certificate was valid then; that it has expired since does no harm.
        check_maker_dates(maker_certificate, self.seal.made_at)?;
        Ok(&self.seal)
    }

    fn check_signature(&self, maker_certificate: &[u8]) -> Result<(), SealError> {
        let key = x509::public_key_info(maker_certificate).map_err(|_| SealError::UnsuitableKey)?;
        let signature = ecdsa::p256_to_der(&self.signature).map_err(|_| SealError::BadSignature)?;
        let algorithm = SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256);
        verify_shared_signature(key, algorithm, &self.signed, &signature).map_err(|_| SealError::BadSignature)
    }
}

/// Why a seal was not made, not read or not believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The signature does not fit the content and the maker's key.
    #[error("印章的制章者签名无效 (the seal maker's signature does not verify)")]
    BadSignature,
    /// A field breaks a rule.
    #[error("印章的 {field} 不可用：{reason} (seal field out of its rule)")]
    BadField {
        /// Which one.
        field: &'static str,
        /// What is wrong, in Chinese.
        reason: &'static str,
    },
    /// A COSE header is not what this profile fixes.
    #[error("印章的 COSE {name} 不符合格式 (not as the seal profile fixes it)")]
    Header {
        /// Which one.
        name: &'static str,
    },
    /// The outlines of the impression cannot be read.
    #[error("印章的印模不可读 (the impression is unreadable)")]
    Impression(#[source] PathsError),
    /// The maker's X.509 certificate was not valid when the seal was made.
    #[error("制章时间 {made_at} 不在制章者证书有效期内 (the maker's certificate was not valid then)")]
    MakerNotValid {
        /// When the seal was made.
        made_at: Timestamp,
    },
    /// Not CBOR, or not the structure of a seal.
    #[error("印章文件结构损坏 (not a well-formed seal)")]
    Malformed,
    /// Written by a later version of the program.
    #[error("印章格式版本 {found} 尚不支持，请升级程序 (made by a later version)")]
    NewerVersion {
        /// Its version.
        found: u64,
    },
    /// Does not start like a seal at all.
    #[error("不是电子印章文件 (not a seal)")]
    NotASeal,
    /// The same content could be written in the canonical way, and was not.
    #[error("印章未采用规范编码 (the seal is not in deterministic encoding)")]
    NotCanonical,
    /// The seal names another maker.
    #[error("印章由另一制章者制作 (the seal was made by another maker)")]
    OtherMaker,
    /// The owner's code is not a unified social credit code.
    #[error("印章所有者的统一社会信用代码有误 (the owner's code is wrong)")]
    OwnerCode(#[source] CodeError),
    /// The maker's key could not sign.
    #[error("制章者密钥无法签名 (the seal could not be signed)")]
    Signer(#[from] SignerError),
    /// Longer than a seal can be.
    #[error("印章文件超过 {limit} 字节 (the seal is too large)")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// The maker's key is not on P-256, or its certificate cannot be read.
    #[error("制章者的密钥或证书不适用，应为 ECDSA P-256 (unsuitable seal maker's key)")]
    UnsuitableKey,
}

impl SealError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadSignature => "seal-bad-signature",
            Self::BadField { .. } => "seal-bad-field",
            Self::Header { .. } => "seal-header",
            Self::Impression(_) => "seal-impression",
            Self::MakerNotValid { .. } => "seal-maker-not-valid",
            Self::Malformed => "seal-malformed",
            Self::NewerVersion { .. } => "seal-newer-version",
            Self::NotASeal => "seal-not-a-seal",
            Self::NotCanonical => "seal-not-canonical",
            Self::OtherMaker => "seal-other-maker",
            Self::OwnerCode(_) => "seal-owner-code",
            Self::Signer(_) => "seal-signer-failed",
            Self::TooLarge { .. } => "seal-too-large",
            Self::UnsuitableKey => "seal-unsuitable-key",
        }
    }
}

fn check_maker_dates(certificate: &[u8], made_at: Timestamp) -> Result<(), SealError> {
    let certificate = x509::parse(certificate).map_err(|_| SealError::UnsuitableKey)?;
    let (from, until) = x509::validity(&certificate);
    if (from..=until).contains(&made_at) {
        Ok(())
    } else {
        Err(SealError::MakerNotValid { made_at })
    }
}

/// One certificate is a byte string, more are an array (RFC 9360 §2).
fn read_chain(header: &Header) -> Result<Vec<Vec<u8>>, SealError> {
    let wrong = SealError::Header { name: "x5chain" };
    let [(typ, typ_value), (label, chain)] = header.rest.as_slice() else {
        return Err(SealError::Header { name: "parameters" });
    };
    if *typ != Label::Int(HEADER_TYP) || *typ_value != Value::Text(TYP.to_owned()) {
        return Err(SealError::Header { name: "typ" });
    }
    if *label != Label::Int(HEADER_X5CHAIN) {
        return Err(wrong);
    }
    match chain {
        Value::Bytes(one) => Ok(vec![one.clone()]),
        Value::Array(many) if (2..=MAX_PATH_LENGTH).contains(&many.len()) => many
            .iter()
            .map(|der| der.as_bytes().cloned())
            .collect::<Option<Vec<_>>>()
            .ok_or(wrong),
        _ => Err(wrong),
    }
}

fn protected_header(chain: &[Vec<u8>]) -> ProtectedHeader {
    let chain = match chain {
        [one] => Value::Bytes(one.clone()),
        many => Value::Array(many.iter().cloned().map(Value::Bytes).collect()),
    };
    let header = HeaderBuilder::new()
        .algorithm(iana::Algorithm::ES256)
        .value(HEADER_TYP, Value::Text(TYP.to_owned()))
        .value(HEADER_X5CHAIN, chain)
        .build();
    ProtectedHeader {
        original_data: None,
        header,
    }
}

fn to_be_signed(protected: &ProtectedHeader, content: &[u8]) -> Vec<u8> {
    coset::sig_structure_data(SignatureContext::CoseSign1, protected.clone(), None, &[], content)
}

fn write(
    protected: ProtectedHeader,
    content: Vec<u8>,
    signature: &[u8; SIGNATURE_LEN],
) -> Result<Vec<u8>, SealError> {
    let cose = CoseSign1 {
        protected,
        unprotected: Header::default(),
        payload: Some(content),
        signature: signature.to_vec(),
    };
    cose.to_tagged_vec().map_err(|_| SealError::Malformed)
}

/// COSE header parameters "typ" (RFC 9596) and "x5chain" (RFC 9360).
const HEADER_TYP: i64 = 16;
const HEADER_X5CHAIN: i64 = 33;
/// Media type of the whole without `application/`: a seal is never taken for a face token.
const TYP: &str = "certseal-seal+cose";
/// First byte of a tagged COSE_Sign1: tag 18.
const COSE_SIGN1_FIRST_BYTE: u8 = 0xD2;
const SIGNATURE_LEN: usize = 64;
