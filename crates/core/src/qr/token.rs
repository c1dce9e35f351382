//! The face token: a CWT (RFC 8392) in a COSE_Sign1 (RFC 9052) over deterministic CBOR (RFC 8949 §4.2).
//!
//! | claim | key | value |
//! |---|---|---|
//! | iss | 1 | unified social credit code of the issuing authority |
//! | exp | 4 | midnight, China Standard Time, after the last day in force; absent when unlimited |
//! | nbf | 5 | midnight at the start of the first day in force |
//! | iat | 6 | when the token was made |
//! | cti | 7 | certificate identifier without its OID prefix and without the issuer (that is `iss`) |
//! | ours | −65537 | map: 0 type name, 1 type version, 2 number, 3 holder, 4 holder code masked, 5 issued on (days since 1970-01-01), 6 SHA-256 of the face data |
//!
//! Protected header: alg ES256, kid (first eight bytes of the SHA-256 of the signer certificate's
//! DER), typ (RFC 9596), so that a face token is never taken for another kind of signed object.
//! The holder's code stands masked: whoever photographs the face learns no more than it shows.
//!
//! The decoder accepts exactly what the encoder writes: after reading, the token is written again
//! and compared, which rules out duplicate keys, long integer forms, other orders and trailing bytes
//! at one stroke. Compression is the one freedom: a first byte of 0x78 means zlib.

use coset::{
    CoseSign1, HeaderBuilder, Label, ProtectedHeader, RegisteredLabelWithPrivate, SignatureContext,
    TaggedCborSerializable, cbor::value::Value, iana,
};
use jiff::{Timestamp, civil::Date};
use ring::signature;

use crate::{
    catalogue::FaceData,
    crypto::{SignatureScheme, SignerError, SigningIdentity, ecdsa::p256_to_fixed, sha256, x509},
    limits::MAX_QR_TOKEN,
};

mod claims;
mod packing;

/// What the QR code on a face says. Texts are as printed on the face.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaceToken {
    /// National certificate identifier (GB/T 36904), in full.
    pub identifier: String,
    /// Unified social credit code of the issuing authority; also the fourth part of the identifier.
    pub issuer_code: String,
    /// When the token was made, in whole seconds.
    pub made_at: Timestamp,
    /// Date of issue.
    pub issued_on: Date,
    /// First day in force.
    pub valid_from: Date,
    /// Last day in force; none for unlimited.
    pub valid_until: Option<Date>,
    /// Name of the certificate type.
    pub type_name: String,
    /// Version of type and template.
    pub type_version: u16,
    /// Certificate number.
    pub number: String,
    /// Holder's name.
    pub holder_name: String,
    /// Holder's code with its middle hidden.
    pub holder_code_masked: Option<String>,
    /// SHA-256 of the face data as attached to the document.
    pub face_digest: [u8; 32],
}

impl FaceToken {
    /// The token of a face that is about to be written.
    ///
    /// `face_json` is the attached machine-readable file; `holder_code_masked` is the masked form of
    /// the face's holder code, which only the room that knows codes can make.
    pub fn of_face(
        face: &FaceData,
        identifier: &str,
        number: &str,
        issuer_code: &str,
        holder_code_masked: Option<String>,
        face_json: &[u8],
        made_at: Timestamp,
    ) -> FaceToken {
        FaceToken {
            identifier: identifier.to_owned(),
            issuer_code: issuer_code.to_owned(),
            made_at: whole_seconds(made_at),
            issued_on: face.issued_on,
            valid_from: face.valid_from,
            valid_until: face.valid_until,
            type_name: face.certificate_type.name.clone(),
            type_version: face.certificate_type.version,
            number: number.to_owned(),
            holder_name: face.holder_name.clone(),
            holder_code_masked,
            face_digest: sha256(face_json),
        }
    }

    /// Certificate type code: the part of the identifier after the OID.
    pub fn type_code(&self) -> &str {
        self.identifier
            .strip_prefix(IDENTIFIER_PREFIX)
            .and_then(|rest| rest.split('.').next())
            .unwrap_or_default()
    }
}

/// A token as read, whose signature nobody has looked at yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedToken {
    token: FaceToken,
    kid: [u8; KID_LEN],
    signature: [u8; SIGNATURE_LEN],
}

impl SignedToken {
    /// Reads a token, deflated or not.
    pub fn parse(bytes: &[u8]) -> Result<SignedToken, TokenError> {
        if bytes.first() == Some(&ZLIB_FIRST_BYTE) {
            let inflated = packing::inflate(bytes)?;
            if inflated.len() <= bytes.len() {
                return Err(TokenError::Deflate);
            }
            return Self::parse_cose(&inflated);
        }
        if bytes.len() > MAX_QR_TOKEN {
            return Err(TokenError::TooLong { limit: MAX_QR_TOKEN });
        }
        Self::parse_cose(bytes)
    }

    /// What it says. Trust nothing of it before [`SignedToken::verify`].
    pub fn unverified(&self) -> &FaceToken {
        &self.token
    }

    /// Which key is said to have signed it.
    pub fn kid(&self) -> [u8; KID_LEN] {
        self.kid
    }

    /// Checks the signature with the key of this X.509 certificate and gives what was signed.
    pub fn verify(&self, certificate: &[u8]) -> Result<&FaceToken, TokenError> {
        if kid_of(certificate) != self.kid {
            return Err(TokenError::OtherKey);
        }
        let point = p256_point(certificate).ok_or(TokenError::UnsuitableKey)?;
        let signed = to_be_signed(&protected_header(self.kid), &claims::write(&self.token)?);
        signature::UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point)
            .verify(&signed, &self.signature)
            .map_err(|_| TokenError::BadSignature)?;
        Ok(&self.token)
    }

    fn parse_cose(bytes: &[u8]) -> Result<SignedToken, TokenError> {
        if bytes.first() != Some(&COSE_SIGN1_FIRST_BYTE) {
            return Err(TokenError::NotAToken);
        }
        let cose = CoseSign1::from_tagged_slice(bytes).map_err(|_| TokenError::Malformed)?;
        let kid: [u8; KID_LEN] = cose
            .protected
            .header
            .key_id
            .as_slice()
            .try_into()
            .map_err(|_| TokenError::Header { name: "kid" })?;
        let signature: [u8; SIGNATURE_LEN] = cose
            .signature
            .as_slice()
            .try_into()
            .map_err(|_| TokenError::Header { name: "signature" })?;
        check_protected(&cose)?;
        let payload = cose.payload.as_deref().ok_or(TokenError::Malformed)?;
        let token = claims::read(payload)?;
        let read = SignedToken {
            token,
            kid,
            signature,
        };
        if read.to_cose()? == bytes {
            Ok(read)
        } else {
            Err(TokenError::NotCanonical)
        }
    }

    fn to_cose(&self) -> Result<Vec<u8>, TokenError> {
        let cose = CoseSign1 {
            protected: protected_header(self.kid),
            unprotected: coset::Header::default(),
            payload: Some(claims::write(&self.token)?),
            signature: self.signature.to_vec(),
        };
        cose.to_tagged_vec().map_err(|_| TokenError::Malformed)
    }
}

/// Why a token was not made, not read or not believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The signature does not fit the content and the key.
    #[error("the token's signature does not verify")]
    BadSignature,
    /// A claim is missing, misplaced or cannot be.
    #[error("claim {claim} is missing or out of its range")]
    Claim {
        /// Which one.
        claim: &'static str,
    },
    /// The zlib stream is broken, or was not worth its while.
    #[error("the compressed token cannot be inflated")]
    Deflate,
    /// A COSE header is not what this profile fixes.
    #[error("COSE {name} is not as the token profile fixes it")]
    Header {
        /// Which one.
        name: &'static str,
    },
    /// Not CBOR, or not the structure of COSE_Sign1.
    #[error("the token is not a COSE_Sign1 structure")]
    Malformed,
    /// Does not start like a token at all.
    #[error("the bytes do not start like a token")]
    NotAToken,
    /// The same content could be written in a canonical way, and was not.
    #[error("the token is not in deterministic encoding")]
    NotCanonical,
    /// The X.509 certificate offered is not the one the token names.
    #[error("the token names another signer certificate")]
    OtherKey,
    /// The key could not sign.
    #[error("the token could not be signed")]
    Signer(#[from] SignerError),
    /// Longer than a token can be.
    #[error("the token is longer than {limit} bytes")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// The key is not on P-256, or signs in a scheme tokens do not use.
    #[error("the key is not an ECDSA P-256 key")]
    UnsuitableKey,
}

/// Length of a key id.
pub const KID_LEN: usize = 8;

/// Key id of an X.509 certificate: the first eight bytes of the SHA-256 of its DER.
pub fn kid_of(certificate: &[u8]) -> [u8; KID_LEN] {
    let digest = sha256(certificate);
    let mut kid = [0; KID_LEN];
    kid.copy_from_slice(&digest[..KID_LEN]);
    kid
}

/// Signs a token; the result is what [`crate::qr::text::encode`] takes.
pub fn sign(token: &FaceToken, identity: &SigningIdentity) -> Result<Vec<u8>, TokenError> {
    if identity.signer.scheme() != SignatureScheme::EcdsaP256Sha256 {
        return Err(TokenError::UnsuitableKey);
    }
    let kid = kid_of(&identity.certificate);
    let signed = to_be_signed(&protected_header(kid), &claims::write(token)?);
    let made = identity.signer.sign(&signed)?;
    let signature = p256_to_fixed(&made).map_err(|_| SignerError::KeyFailed)?;
    let plain = SignedToken {
        token: token.clone(),
        kid,
        signature,
    }
    .to_cose()?;
    Ok(match packing::deflate(&plain) {
        Some(smaller) => smaller,
        None => plain,
    })
}

fn check_protected(cose: &CoseSign1) -> Result<(), TokenError> {
    let header = &cose.protected.header;
    if header.alg != Some(RegisteredLabelWithPrivate::Assigned(iana::Algorithm::ES256)) {
        return Err(TokenError::Header { name: "alg" });
    }
    let typ = Label::Int(HEADER_TYP);
    if header.rest != [(typ, Value::Text(TYP.to_owned()))] {
        return Err(TokenError::Header { name: "typ" });
    }
    if !cose.unprotected.is_empty() {
        return Err(TokenError::Header { name: "unprotected" });
    }
    Ok(())
}

fn protected_header(kid: [u8; KID_LEN]) -> ProtectedHeader {
    let header = HeaderBuilder::new()
        .algorithm(iana::Algorithm::ES256)
        .key_id(kid.to_vec())
        .value(HEADER_TYP, Value::Text(TYP.to_owned()))
        .build();
    ProtectedHeader {
        original_data: None,
        header,
    }
}

fn to_be_signed(protected: &ProtectedHeader, claims: &[u8]) -> Vec<u8> {
    coset::sig_structure_data(SignatureContext::CoseSign1, protected.clone(), None, &[], claims)
}

fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// The uncompressed point of a P-256 X.509 certificate; none for any other key.
fn p256_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let certificate = x509::parse(certificate).ok()?;
    let info = certificate.tbs_certificate().subject_public_key_info();
    let curve = info.algorithm.parameters.as_ref()?;
    let curve: der::asn1::ObjectIdentifier = curve.decode_as().ok()?;
    if info.algorithm.oid != const_oid::db::rfc5912::ID_EC_PUBLIC_KEY
        || curve != const_oid::db::rfc5912::SECP_256_R_1
    {
        return None;
    }
    Some(info.subject_public_key.as_bytes()?.to_vec())
}

/// COSE header parameter "typ" (RFC 9596).
const HEADER_TYP: i64 = 16;
/// Media type of the payload without `application/` (RFC 9596 §2).
const TYP: &str = "certseal-face+cwt";
/// OID arc of certificate identifiers (GB/T 36904).
const IDENTIFIER_PREFIX: &str = "1.2.156.3005.2.";
/// First byte of a tagged COSE_Sign1: tag 18.
const COSE_SIGN1_FIRST_BYTE: u8 = 0xD2;
/// First byte of a zlib stream with a 32 kB window.
const ZLIB_FIRST_BYTE: u8 = 0x78;
const SIGNATURE_LEN: usize = 64;

#[cfg(test)]
pub(crate) mod tests;
