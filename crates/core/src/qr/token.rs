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

use std::{cell::RefCell, io::Read};

use coset::{
    CoseSign1, HeaderBuilder, Label, ProtectedHeader, RegisteredLabelWithPrivate, SignatureContext,
    TaggedCborSerializable, cbor::value::Value, iana,
};
use der::Decode;
use flate2::{Compress, Compression, FlushCompress, Status};
use jiff::{Timestamp, civil::Date};
use ring::{digest, signature};
use x509_cert::Certificate;

use crate::{
    catalogue::FaceData,
    clock::{china, civil_date},
    crypto::{SignatureScheme, SignerError, SigningIdentity, ecdsa::p256_to_fixed},
    limits::MAX_QR_TOKEN,
};

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
            let inflated = inflate(bytes)?;
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
        let signed = to_be_signed(&protected_header(self.kid), &write_claims(&self.token)?);
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
        let token = read_claims(payload)?;
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
            payload: Some(write_claims(&self.token)?),
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
    let signed = to_be_signed(&protected_header(kid), &write_claims(token)?);
    let made = identity.signer.sign(&signed)?;
    let signature = p256_to_fixed(&made).map_err(|_| SignerError::KeyFailed)?;
    let plain = SignedToken {
        token: token.clone(),
        kid,
        signature,
    }
    .to_cose()?;
    Ok(match deflate(&plain) {
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

fn write_claims(token: &FaceToken) -> Result<Vec<u8>, TokenError> {
    let id = shorten_identifier(&token.identifier, &token.issuer_code)
        .ok_or(TokenError::Claim { claim: "cti" })?;
    let from = midnight(token.valid_from).ok_or(TokenError::Claim { claim: "nbf" })?;
    let issued = midnight(token.issued_on).ok_or(TokenError::Claim { claim: "issued-on" })?;
    let until = match token.valid_until {
        None => None,
        Some(date) => Some(
            date.tomorrow()
                .ok()
                .and_then(midnight)
                .ok_or(TokenError::Claim { claim: "exp" })?,
        ),
    };
    let texts = [
        (&token.issuer_code, "iss"),
        (&token.type_name, "type"),
        (&token.number, "number"),
        (&token.holder_name, "holder"),
    ];
    for (text, claim) in texts {
        if text.is_empty() || text.len() > MAX_CLAIM_BYTES {
            return Err(TokenError::Claim { claim });
        }
    }
    if token
        .holder_code_masked
        .as_ref()
        .is_some_and(|code| code.len() > MAX_CLAIM_BYTES)
    {
        return Err(TokenError::Claim { claim: "holder-code" });
    }

    let write = || -> Result<Vec<u8>, minicbor::encode::Error<std::convert::Infallible>> {
        let mut cbor = minicbor::Encoder::new(Vec::with_capacity(320));
        cbor.map(5 + u64::from(until.is_some()))?;
        cbor.i64(CLAIM_ISS)?.str(&token.issuer_code)?;
        if let Some(until) = until {
            cbor.i64(CLAIM_EXP)?.i64(until)?;
        }
        cbor.i64(CLAIM_NBF)?.i64(from)?;
        cbor.i64(CLAIM_IAT)?.i64(token.made_at.as_second())?;
        cbor.i64(CLAIM_CTI)?.bytes(id.as_bytes())?;
        cbor.i64(CLAIM_FACE)?;
        cbor.map(6 + u64::from(token.holder_code_masked.is_some()))?;
        cbor.u8(0)?.str(&token.type_name)?;
        cbor.u8(1)?.u16(token.type_version)?;
        cbor.u8(2)?.str(&token.number)?;
        cbor.u8(3)?.str(&token.holder_name)?;
        if let Some(code) = &token.holder_code_masked {
            cbor.u8(4)?.str(code)?;
        }
        cbor.u8(5)?.i64((issued + CHINA_OFFSET) / DAY)?;
        cbor.u8(6)?.bytes(&token.face_digest)?;
        Ok(cbor.into_writer())
    };
    write().map_err(|_| TokenError::Malformed)
}

/// Reads the claims in the one order the encoder writes them.
fn read_claims(payload: &[u8]) -> Result<FaceToken, TokenError> {
    let mut cbor = minicbor::Decoder::new(payload);
    let d = &mut cbor;
    let outer = read(d, "claims", minicbor::Decoder::map)?;
    let unlimited = match outer {
        Some(5) => true,
        Some(6) => false,
        _ => return Err(TokenError::Claim { claim: "claims" }),
    };
    let issuer_code = text_claim(d, CLAIM_ISS, "iss")?;
    let valid_until = if unlimited {
        None
    } else {
        expect_key(d, CLAIM_EXP, "exp")?;
        let day_after = date_claim(read(d, "exp", minicbor::Decoder::i64)?, "exp")?;
        Some(
            day_after
                .yesterday()
                .map_err(|_| TokenError::Claim { claim: "exp" })?,
        )
    };
    expect_key(d, CLAIM_NBF, "nbf")?;
    let valid_from = date_claim(read(d, "nbf", minicbor::Decoder::i64)?, "nbf")?;
    expect_key(d, CLAIM_IAT, "iat")?;
    let made_at = Timestamp::from_second(read(d, "iat", minicbor::Decoder::i64)?)
        .map_err(|_| TokenError::Claim { claim: "iat" })?;
    expect_key(d, CLAIM_CTI, "cti")?;
    let id = std::str::from_utf8(read(d, "cti", minicbor::Decoder::bytes)?)
        .map_err(|_| TokenError::Claim { claim: "cti" })?;
    let identifier = lengthen_identifier(id, &issuer_code).ok_or(TokenError::Claim { claim: "cti" })?;
    expect_key(d, CLAIM_FACE, "face")?;
    let with_code = match read(d, "face", minicbor::Decoder::map)? {
        Some(6) => false,
        Some(7) => true,
        _ => return Err(TokenError::Claim { claim: "face" }),
    };
    let type_name = text_claim(d, 0, "type")?;
    expect_key(d, 1, "version")?;
    let type_version = read(d, "version", minicbor::Decoder::u16)?;
    let number = text_claim(d, 2, "number")?;
    let holder_name = text_claim(d, 3, "holder")?;
    let holder_code_masked = if with_code {
        Some(text_claim(d, 4, "holder-code")?)
    } else {
        None
    };
    expect_key(d, 5, "issued-on")?;
    let days = read(d, "issued-on", minicbor::Decoder::i64)?;
    let issued_on = days
        .checked_mul(DAY)
        .and_then(|seconds| seconds.checked_sub(CHINA_OFFSET))
        .ok_or(TokenError::Claim { claim: "issued-on" })
        .and_then(|seconds| date_claim(seconds, "issued-on"))?;
    expect_key(d, 6, "digest")?;
    let face_digest = read(d, "digest", minicbor::Decoder::bytes)?
        .try_into()
        .map_err(|_| TokenError::Claim { claim: "digest" })?;
    Ok(FaceToken {
        identifier,
        issuer_code,
        made_at,
        issued_on,
        valid_from,
        valid_until,
        type_name,
        type_version,
        number,
        holder_name,
        holder_code_masked,
        face_digest,
    })
}

fn read<'b, T>(
    decoder: &mut minicbor::Decoder<'b>,
    claim: &'static str,
    one: impl FnOnce(&mut minicbor::Decoder<'b>) -> Result<T, minicbor::decode::Error>,
) -> Result<T, TokenError> {
    one(decoder).map_err(|_| TokenError::Claim { claim })
}

fn expect_key(decoder: &mut minicbor::Decoder<'_>, key: i64, claim: &'static str) -> Result<(), TokenError> {
    if read(decoder, claim, minicbor::Decoder::i64)? == key {
        Ok(())
    } else {
        Err(TokenError::Claim { claim })
    }
}

fn text_claim(
    decoder: &mut minicbor::Decoder<'_>,
    key: i64,
    claim: &'static str,
) -> Result<String, TokenError> {
    expect_key(decoder, key, claim)?;
    Ok(read(decoder, claim, minicbor::Decoder::str)?.to_owned())
}

fn date_claim(seconds: i64, claim: &'static str) -> Result<Date, TokenError> {
    let date = civil_date(Timestamp::from_second(seconds).map_err(|_| TokenError::Claim { claim })?);
    if midnight(date) == Some(seconds) {
        Ok(date)
    } else {
        Err(TokenError::Claim { claim })
    }
}

/// First second of a civil day in China Standard Time.
fn midnight(date: Date) -> Option<i64> {
    Some(date.to_zoned(china()).ok()?.timestamp().as_second())
}

fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// `1.2.156.3005.2.TYPE.ISSUER.SERIAL.VERSION.CHECK` to `TYPE.SERIAL.VERSION.CHECK`.
fn shorten_identifier(identifier: &str, issuer: &str) -> Option<String> {
    if identifier.len() > MAX_CLAIM_BYTES || issuer.is_empty() {
        return None;
    }
    let body = identifier.strip_prefix(IDENTIFIER_PREFIX)?;
    let parts: Vec<&str> = body.split('.').collect();
    let [type_code, own_issuer, serial, version, check] = parts.as_slice() else {
        return None;
    };
    (*own_issuer == issuer && parts.iter().all(|part| is_identifier_part(part)))
        .then(|| format!("{type_code}.{serial}.{version}.{check}"))
}

fn lengthen_identifier(short: &str, issuer: &str) -> Option<String> {
    let parts: Vec<&str> = short.split('.').collect();
    let [type_code, serial, version, check] = parts.as_slice() else {
        return None;
    };
    Some(format!(
        "{IDENTIFIER_PREFIX}{type_code}.{issuer}.{serial}.{version}.{check}"
    ))
}

fn is_identifier_part(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
}

/// The uncompressed point of a P-256 X.509 certificate; none for any other key.
fn p256_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let certificate = Certificate::from_der(certificate).ok()?;
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

/// The zlib stream, if it is shorter than the plain bytes.
fn deflate(plain: &[u8]) -> Option<Vec<u8>> {
    thread_local! {
        // Its tables are some 300 kB: made once a thread, reset for each token.
        static DEFLATE: RefCell<Compress> = RefCell::new(Compress::new(Compression::default(), true));
    }
    DEFLATE.with_borrow_mut(|deflate| {
        deflate.reset();
        // A stream that does not fit in one byte less than the plain form is not worth having.
        let mut out = vec![0; plain.len().checked_sub(1)?];
        match deflate.compress(plain, &mut out, FlushCompress::Finish) {
            Ok(Status::StreamEnd) => {
                out.truncate(deflate.total_out() as usize);
                Some(out)
            }
            _ => None,
        }
    })
}

fn inflate(bytes: &[u8]) -> Result<Vec<u8>, TokenError> {
    let mut stream = flate2::bufread::ZlibDecoder::new(bytes);
    let mut out = Vec::new();
    let taken = (&mut stream).take(MAX_QR_TOKEN as u64 + 1).read_to_end(&mut out);
    if out.len() > MAX_QR_TOKEN {
        return Err(TokenError::TooLong { limit: MAX_QR_TOKEN });
    }
    taken.map_err(|_| TokenError::Deflate)?;
    if stream.into_inner().is_empty() {
        Ok(out)
    } else {
        Err(TokenError::Deflate)
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
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
/// Longest text claim, in bytes: a 150-character holder name still leaves a printable symbol.
const MAX_CLAIM_BYTES: usize = 450;
const DAY: i64 = 86_400;
const CHINA_OFFSET: i64 = 8 * 3_600;
const CLAIM_ISS: i64 = 1;
const CLAIM_EXP: i64 = 4;
const CLAIM_NBF: i64 = 5;
const CLAIM_IAT: i64 = 6;
const CLAIM_CTI: i64 = 7;
/// Private use: below −65536 (RFC 8392 §9.1.1).
const CLAIM_FACE: i64 = -65_537;

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use jiff::civil::date;
    use ring::{
        rand::{SecureRandom, SystemRandom},
        signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
    };

    use super::*;
    use crate::crypto::Signer;

    /// A throw-away key in memory behind the real seam.
    #[derive(Debug)]
    struct MemorySigner {
        key: EcdsaKeyPair,
        info: Vec<u8>,
    }

    impl Signer for MemorySigner {
        fn scheme(&self) -> SignatureScheme {
            SignatureScheme::EcdsaP256Sha256
        }
        fn public_key_info(&self) -> &[u8] {
            &self.info
        }
        fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
            let made = self.key.sign(&SystemRandom::new(), message);
            made.map(|s| s.as_ref().to_vec())
                .map_err(|_| SignerError::KeyFailed)
        }
    }

    fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let body = parts.concat();
        let mut out = vec![tag];
        match body.len() {
            len @ 0..=127 => out.push(len as u8),
            len @ 128..=255 => out.extend([0x81, len as u8]),
            len => out.extend([0x82, (len >> 8) as u8, len as u8]),
        }
        out.extend(body);
        out
    }

    /// An identity with a self-signed X.509 certificate of the given common name.
    pub(crate) fn identity(name: &str) -> SigningIdentity {
        let random = SystemRandom::new();
        let scheme = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(scheme, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(scheme, pkcs8.as_ref(), &random).unwrap();
        let ec = tlv(6, &[&[0x2A, 0x86, 0x48, 0xCE, 0x3D, 2, 1]]);
        let p256 = tlv(6, &[&[0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7]]);
        let point = tlv(3, &[&[0], key.public_key().as_ref()]);
        let info = tlv(0x30, &[&tlv(0x30, &[&ec, &p256]), &point]);
        let signer = Arc::new(MemorySigner {
            key,
            info: info.clone(),
        });

        let with_sha256 = tlv(0x30, &[&tlv(6, &[&[0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 2]])]);
        let common_name = tlv(0x30, &[&tlv(6, &[&[0x55, 4, 3]]), &tlv(0x0C, &[name.as_bytes()])]);
        let subject = tlv(0x30, &[&tlv(0x31, &[&common_name])]);
        let validity = tlv(
            0x30,
            &[&tlv(0x17, &[b"250101000000Z"]), &tlv(0x17, &[b"350101000000Z"])],
        );
        let tbs = tlv(
            0x30,
            &[
                &tlv(0xA0, &[&[2, 1, 2]]),
                &[2, 1, 1],
                &with_sha256,
                &subject,
                &validity,
                &subject,
                &info,
            ],
        );
        let signature = tlv(3, &[&[0], &signer.sign(&tbs).unwrap()]);
        let certificate = tlv(0x30, &[&tbs, &with_sha256, &signature]);
        SigningIdentity {
            signer,
            certificate: certificate.into(),
            issuers: Arc::new([]),
        }
    }

    pub(crate) fn token() -> FaceToken {
        FaceToken {
            identifier: "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U"
                .to_owned(),
            issuer_code: "11430000006122244L".to_owned(),
            made_at: "2026-11-21T08:00:00Z".parse().unwrap(),
            issued_on: date(2023, 5, 6),
            valid_from: date(2023, 5, 6),
            valid_until: Some(date(2028, 5, 5)),
            type_name: "食品经营许可证".to_owned(),
            type_version: 1,
            number: "JY14101020001234".to_owned(),
            holder_name: "示例区虚构餐饮管理有限公司".to_owned(),
            holder_code_masked: Some("91410102********4X".to_owned()),
            face_digest: [7; 32],
        }
    }

    /// A signed token in its plain form, which the decoder takes as well as the deflated one.
    fn plain(token: &FaceToken, identity: &SigningIdentity) -> Vec<u8> {
        let bytes = sign(token, identity).unwrap();
        if bytes[0] == ZLIB_FIRST_BYTE {
            inflate(&bytes).unwrap()
        } else {
            bytes
        }
    }

    #[test]
    fn what_was_signed_comes_back() {
        let identity = identity("Test token signer");
        let unlimited = FaceToken {
            valid_until: None,
            holder_code_masked: None,
            ..token()
        };
        let old = FaceToken {
            issued_on: date(1968, 2, 29),
            valid_from: date(1969, 12, 31),
            valid_until: Some(date(9998, 12, 31)),
            ..token()
        };
        for token in [token(), unlimited, old] {
            let bytes = sign(&token, &identity).unwrap();
            let read = SignedToken::parse(&bytes).unwrap();
            assert_eq!(read.kid(), kid_of(&identity.certificate));
            assert_eq!(read.verify(&identity.certificate).unwrap(), &token);
        }
        assert_eq!(token().type_code(), "11100000000013338W011");
    }

    #[test]
    fn no_byte_can_be_changed() {
        let identity = identity("Test token signer");
        let bytes = plain(&token(), &identity);
        for position in 0..bytes.len() {
            for change in [1, 0x20, 0x80, 0xFF] {
                let mut other = bytes.clone();
                other[position] ^= change;
                let believed =
                    SignedToken::parse(&other).is_ok_and(|read| read.verify(&identity.certificate).is_ok());
                assert!(!believed, "byte {position} xor {change:02x}");
            }
        }
        for len in 0..bytes.len() {
            assert!(SignedToken::parse(&bytes[..len]).is_err(), "cut to {len}");
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(SignedToken::parse(&longer).is_err());
    }

    #[test]
    fn repetitive_tokens_are_deflated_and_no_change_gives_another_token() {
        let identity = identity("Test token signer");
        let long = FaceToken {
            holder_name: "虚构".repeat(70),
            ..token()
        };
        let bytes = sign(&long, &identity).unwrap();
        assert_eq!(bytes[0], ZLIB_FIRST_BYTE);
        assert_eq!(
            SignedToken::parse(&bytes)
                .unwrap()
                .verify(&identity.certificate)
                .unwrap(),
            &long
        );
        for position in 0..bytes.len() {
            for bit in 0..8 {
                let mut other = bytes.clone();
                other[position] ^= 1 << bit;
                if let Ok(read) = SignedToken::parse(&other) {
                    // Padding bits at the end of the stream carry nothing.
                    assert_eq!(read.unverified(), &long);
                }
            }
        }
        let mut longer = bytes;
        longer.push(0);
        assert!(matches!(SignedToken::parse(&longer), Err(TokenError::Deflate)));
    }

    #[test]
    fn another_key_is_not_believed() {
        let (ours, theirs) = (identity("Ours"), identity("Theirs"));
        let read = SignedToken::parse(&sign(&token(), &ours).unwrap()).unwrap();
        assert!(matches!(
            read.verify(&theirs.certificate),
            Err(TokenError::OtherKey)
        ));
        // The same key id over another key: the signature itself must refuse.
        let forged = SignedToken {
            kid: kid_of(&theirs.certificate),
            ..read
        };
        assert!(matches!(
            forged.verify(&theirs.certificate),
            Err(TokenError::BadSignature)
        ));
    }

    #[test]
    fn tokens_that_cannot_be_are_not_made() {
        let identity = identity("Test token signer");
        let refused = |token: FaceToken| match sign(&token, &identity) {
            Err(TokenError::Claim { claim }) => claim,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            refused(FaceToken {
                issuer_code: "X".into(),
                ..token()
            }),
            "cti"
        );
        assert_eq!(
            refused(FaceToken {
                identifier: "1.2.3".into(),
                ..token()
            }),
            "cti"
        );
        assert_eq!(
            refused(FaceToken {
                number: String::new(),
                ..token()
            }),
            "number"
        );
        assert_eq!(
            refused(FaceToken {
                holder_name: "长".repeat(200),
                ..token()
            }),
            "holder"
        );
    }

    #[test]
    fn other_encodings_of_the_same_content_are_refused() {
        let identity = identity("Test token signer");
        let bytes = plain(&token(), &identity);
        // The version claim 1 written in two bytes, with every length around it put right.
        let mut cose = CoseSign1::from_tagged_slice(&bytes).unwrap();
        let payload = cose.payload.clone().unwrap();
        let name_end = payload.windows(3).position(|w| w == [0x01, 0x01, 0x02]).unwrap();
        let mut long_form = payload;
        long_form.splice(name_end + 1..name_end + 2, [0x18, 0x01]);
        cose.payload = Some(long_form);
        let again = cose.to_tagged_vec().unwrap();
        assert!(matches!(
            SignedToken::parse(&again),
            Err(TokenError::NotCanonical)
        ));
        // Something in the unprotected header.
        let mut cose = CoseSign1::from_tagged_slice(&bytes).unwrap();
        cose.unprotected.key_id = vec![1];
        let again = cose.to_tagged_vec().unwrap();
        assert!(matches!(
            SignedToken::parse(&again),
            Err(TokenError::Header { name: "unprotected" })
        ));
    }

    #[test]
    fn noise_and_bombs_are_refused() {
        let random = SystemRandom::new();
        for len in 0..600 {
            let mut noise = vec![0; len];
            random.fill(&mut noise).unwrap();
            assert!(SignedToken::parse(&noise).is_err());
            for first in [COSE_SIGN1_FIRST_BYTE, ZLIB_FIRST_BYTE] {
                if let Some(byte) = noise.first_mut() {
                    *byte = first;
                }
                assert!(SignedToken::parse(&noise).is_err());
            }
        }
        // Arrays within arrays, as deep as the limit on size lets them.
        let mut deep = vec![0x81; MAX_QR_TOKEN];
        deep[0] = COSE_SIGN1_FIRST_BYTE;
        assert!(SignedToken::parse(&deep).is_err());
        let mut deflater = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut deflater, &vec![0xD2; 50 << 20]).unwrap();
        let bomb = deflater.finish().unwrap();
        assert_eq!(bomb[0], ZLIB_FIRST_BYTE);
        assert!(matches!(
            SignedToken::parse(&bomb),
            Err(TokenError::TooLong { .. })
        ));
    }
}
