//! The claims of a face token: to deterministic CBOR and back, in the one order there is.

use jiff::{Timestamp, civil::Date};

use super::{FaceToken, IDENTIFIER_PREFIX, TokenError};
use crate::clock::{china, civil_date};

pub(super) fn write(token: &FaceToken) -> Result<Vec<u8>, TokenError> {
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
pub(super) fn read(payload: &[u8]) -> Result<FaceToken, TokenError> {
    let mut cbor = minicbor::Decoder::new(payload);
    let d = &mut cbor;
    let outer = one(d, "claims", minicbor::Decoder::map)?;
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
        let day_after = date_claim(one(d, "exp", minicbor::Decoder::i64)?, "exp")?;
        Some(
            day_after
                .yesterday()
                .map_err(|_| TokenError::Claim { claim: "exp" })?,
        )
    };
    expect_key(d, CLAIM_NBF, "nbf")?;
    let valid_from = date_claim(one(d, "nbf", minicbor::Decoder::i64)?, "nbf")?;
    expect_key(d, CLAIM_IAT, "iat")?;
    let made_at = Timestamp::from_second(one(d, "iat", minicbor::Decoder::i64)?)
        .map_err(|_| TokenError::Claim { claim: "iat" })?;
    expect_key(d, CLAIM_CTI, "cti")?;
    let id = std::str::from_utf8(one(d, "cti", minicbor::Decoder::bytes)?)
        .map_err(|_| TokenError::Claim { claim: "cti" })?;
    let identifier = lengthen_identifier(id, &issuer_code).ok_or(TokenError::Claim { claim: "cti" })?;
    expect_key(d, CLAIM_FACE, "face")?;
    let with_code = match one(d, "face", minicbor::Decoder::map)? {
        Some(6) => false,
        Some(7) => true,
        _ => return Err(TokenError::Claim { claim: "face" }),
    };
    let type_name = text_claim(d, 0, "type")?;
    expect_key(d, 1, "version")?;
    let type_version = one(d, "version", minicbor::Decoder::u16)?;
    let number = text_claim(d, 2, "number")?;
    let holder_name = text_claim(d, 3, "holder")?;
    let holder_code_masked = if with_code {
        Some(text_claim(d, 4, "holder-code")?)
    } else {
        None
    };
    expect_key(d, 5, "issued-on")?;
    let days = one(d, "issued-on", minicbor::Decoder::i64)?;
    let issued_on = days
        .checked_mul(DAY)
        .and_then(|seconds| seconds.checked_sub(CHINA_OFFSET))
        .ok_or(TokenError::Claim { claim: "issued-on" })
        .and_then(|seconds| date_claim(seconds, "issued-on"))?;
    expect_key(d, 6, "digest")?;
    let face_digest = one(d, "digest", minicbor::Decoder::bytes)?
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

/// One value of the claim, as `decode` reads it.
fn one<'b, T>(
    decoder: &mut minicbor::Decoder<'b>,
    claim: &'static str,
    decode: impl FnOnce(&mut minicbor::Decoder<'b>) -> Result<T, minicbor::decode::Error>,
) -> Result<T, TokenError> {
    decode(decoder).map_err(|_| TokenError::Claim { claim })
}

fn expect_key(decoder: &mut minicbor::Decoder<'_>, key: i64, claim: &'static str) -> Result<(), TokenError> {
    if one(decoder, claim, minicbor::Decoder::i64)? == key {
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
    Ok(one(decoder, claim, minicbor::Decoder::str)?.to_owned())
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
