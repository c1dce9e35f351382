//! Reading a signature with a seal that nobody vouches for.

use der::Tag;

use super::{SesSignature, TimeInfo};
use crate::{
    crypto::x509,
    limits::MAX_SES_BYTES,
    seal::ses::{
        Deviation, Deviations, SesError, SesSeal, SesVersion,
        element::{CONTEXT_0, Element},
        read_algorithm, read_extensions, read_signature, time,
    },
};

/// Longest digest there is, in bytes.
const MAX_DIGEST: usize = 64;

/// SES_Signature.
pub(super) fn read(bytes: &[u8]) -> Result<SesSignature, SesError> {
    if bytes.len() > MAX_SES_BYTES {
        return Err(SesError::TooLarge);
    }
    let whole = Element::only(bytes, "SES_Signature", 0)?;
    let is_first_edition = match whole.sequence()?.rest("SES_Signature", 8)?.len() {
        2 => true,
        4 | 5 => false,
        _ => return Err(whole.malformed("应有 2、4 或 5 个元素")),
    };
    let mut parts = whole.sequence()?;
    let mut deviations = Deviations::default();

    let to_sign = parts.next("toSign")?;
    let mut fields = to_sign.sequence()?;
    let number = fields.next("toSign.version")?.integer()?;
    let seal = fields.next("toSign.eseal")?;
    let seal = SesSeal::parse_at(seal.whole, seal.at)?;
    let version = match (is_first_edition, seal.version()) {
        (true, _) => SesVersion::V1,
        (false, SesVersion::V5) => SesVersion::V5,
        (false, _) => SesVersion::V4,
    };
    let fits = seal.version() == version
        && match version {
            SesVersion::V1 => true,
            SesVersion::V4 => number == 4,
            SesVersion::V5 => number == 5,
        };
    deviations.note_if(!fits, Deviation::VersionNumber);
    let time = read_time(&fields.next("toSign.timeInfo")?, version, &mut deviations)?;
    let hash = fields.next("toSign.dataHash")?;
    let data_hash = hash.bits()?;
    if !(1..=MAX_DIGEST).contains(&data_hash.len()) {
        return Err(hash.malformed("不是摘要"));
    }
    let property_info = fields
        .next("toSign.propertyInfo")?
        .text(Tag::Ia5String, &mut deviations)?;
    let extensions = match version {
        SesVersion::V1 => Vec::new(),
        SesVersion::V4 | SesVersion::V5 => read_extensions(&mut fields, CONTEXT_0, &mut deviations)?,
    };

    // The first edition has certificate and algorithm among what is signed.
    let signer = match version {
        SesVersion::V1 => &mut fields,
        SesVersion::V4 | SesVersion::V5 => &mut parts,
    };
    let signer_certificate = signer.next("cert")?.certificate(&mut deviations)?;
    x509::raw(signer_certificate).map_err(|source| SesError::Certificate {
        field: "cert",
        source,
    })?;
    let algorithm = read_algorithm(&signer.next("signatureAlgorithm")?, &mut deviations)?;
    fields.finish()?;

    let signature_value = parts.next("signature")?.bits()?;
    let signature = read_signature(signature_value, algorithm, &mut deviations);
    let time_stamp = match version {
        SesVersion::V1 => None,
        SesVersion::V4 | SesVersion::V5 => parts.next_if(CONTEXT_0, "timeStamp")?,
    };
    let time_stamp = time_stamp.map(|stamp| stamp.explicit()?.bits()).transpose()?;
    parts.finish()?;
    Ok(SesSignature {
        version,
        signed: to_sign.whole.to_vec(),
        time,
        data_hash: data_hash.to_vec(),
        property_info,
        extensions,
        signer_certificate: signer_certificate.to_vec(),
        algorithm,
        signature,
        signature_value: signature_value.to_vec(),
        time_stamp: time_stamp.map(<[u8]>::to_vec),
        deviations: deviations.into_vec(),
        seal,
    })
}

/// timeInfo: a BIT STRING of a token or of text in V1, a GeneralizedTime since.
fn read_time(
    element: &Element<'_>,
    version: SesVersion,
    deviations: &mut Deviations,
) -> Result<TimeInfo, SesError> {
    let usual = match version {
        SesVersion::V1 => Tag::BitString,
        SesVersion::V4 | SesVersion::V5 => Tag::GeneralizedTime,
    };
    let content = match element.tag {
        Tag::BitString => element.bits()?,
        Tag::OctetString => element.octets()?,
        _ => return Ok(TimeInfo::Claimed(time::read(element, usual, deviations)?)),
    };
    deviations.note_if(element.tag != usual, Deviation::TimeType);
    if content.first() == Some(&0x30) {
        return Ok(TimeInfo::Token(content.to_vec()));
    }
    let read = str::from_utf8(content)
        .ok()
        .and_then(|text| time::read_text(text, deviations));
    Ok(match read {
        Some(at) => TimeInfo::Claimed(at),
        None => TimeInfo::Unreadable(content.to_vec()),
    })
}
