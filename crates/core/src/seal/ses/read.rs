//! Reading a seal that nobody vouches for.

use const_oid::ObjectIdentifier;
use der::{Decode as _, Tag};
use spki::AlgorithmIdentifierRef;

use super::{
    CertificateDigest, CertificateList, Deviation, Deviations, SesError, SesExtension, SesHeader, SesPicture,
    SesProperty, SesSeal, SesVersion,
    element::{CONTEXT_0, Element, Elements},
    picture::PictureFormat,
    time,
};
use crate::{
    crypto::{AnyOid, DigestAlgorithm, SignatureAlgorithm, ecdsa, x509},
    limits::{MAX_SES_BYTES, MAX_SES_EXTENSIONS, MAX_SES_SIDE, MAX_SES_SIGNERS},
    tlv::{SEQUENCE, tlv},
};

/// SESeal, which begins at `from` in its file.
pub(super) fn read(bytes: &[u8], from: usize) -> Result<SesSeal, SesError> {
    if bytes.len() > MAX_SES_BYTES {
        return Err(SesError::TooLarge);
    }
    let seal = Element::only(bytes, "SESeal", from)?;
    let count = seal.sequence()?.rest("SESeal", 8)?.len();
    let mut parts = seal.sequence()?;
    let info = parts.next("eSealInfo")?;
    let mut deviations = Deviations::default();

    let mut fields = info.sequence()?;
    let header = read_header(&fields.next("header")?, &mut deviations)?;
    // The number of elements says the edition, but for that of 2020 and that of 2025, which differ in the header.
    let version = match (count, header.version) {
        (2, _) => SesVersion::V1,
        (4, 5) | (5, _) => SesVersion::V5,
        (4, _) => SesVersion::V4,
        _ => return Err(seal.malformed("应有 2、4 或 5 个元素")),
    };
    let is_named_so = match version {
        SesVersion::V1 => true,
        SesVersion::V4 => header.version == 4,
        SesVersion::V5 => header.version == 5,
    };
    deviations.note_if(!is_named_so, Deviation::VersionNumber);
    let es_id = fields.next("esID")?.text(Tag::Ia5String, &mut deviations)?;
    let property = read_property(&fields.next("property")?, version, &mut deviations)?;
    let picture = read_picture(&fields.next("picture")?, &mut deviations)?;
    let extensions = read_extensions(&mut fields, Tag::Sequence, &mut deviations)?;
    fields.finish()?;

    let mut signed_by = match version {
        SesVersion::V1 => {
            let sign_info = parts.next("signInfo")?;
            parts.finish()?;
            sign_info.sequence()?
        }
        SesVersion::V4 | SesVersion::V5 => parts,
    };
    let certificate = signed_by.next("cert")?;
    let maker_certificate = certificate.certificate(&mut deviations)?;
    x509::raw(maker_certificate).map_err(|source| SesError::Certificate {
        field: "cert",
        source,
    })?;
    let identifier = signed_by.next("signatureAlgorithm")?;
    let algorithm = read_algorithm(&identifier, &mut deviations)?;
    let signature_value = signed_by.next("signedValue")?.bits()?;
    let signature = read_signature(signature_value, algorithm, &mut deviations);
    let time_stamp = match version {
        SesVersion::V5 => signed_by.next_if(CONTEXT_0, "timeStamp")?,
        SesVersion::V1 | SesVersion::V4 => None,
    };
    let time_stamp = time_stamp.map(|stamp| stamp.explicit()?.bits()).transpose()?;
    signed_by.finish()?;

    let signed = match version {
        SesVersion::V1 => tlv(SEQUENCE, &[info.whole, certificate.whole, identifier.whole]),
        SesVersion::V4 | SesVersion::V5 => info.whole.to_vec(),
    };
    Ok(SesSeal {
        bytes: bytes.to_vec(),
        version,
        header,
        es_id,
        property,
        picture,
        extensions,
        maker_certificate: maker_certificate.to_vec(),
        algorithm,
        signed,
        signature,
        signature_value: signature_value.to_vec(),
        time_stamp: time_stamp.map(<[u8]>::to_vec),
        deviations: deviations.into_vec(),
    })
}

/// SES_Header.
fn read_header(element: &Element<'_>, deviations: &mut Deviations) -> Result<SesHeader, SesError> {
    let mut fields = element.sequence()?;
    let header = SesHeader {
        id: fields.next("header.ID")?.text(Tag::Ia5String, deviations)?,
        version: fields.next("header.version")?.integer()?,
        vendor: fields.next("header.Vid")?.text(Tag::Ia5String, deviations)?,
    };
    fields.finish()?;
    if header.id != "ES" {
        return Err(element.malformed("的 ID 不是 ES，不是电子印章"));
    }
    Ok(header)
}

/// SES_ESPropertyInfo.
fn read_property(
    element: &Element<'_>,
    version: SesVersion,
    deviations: &mut Deviations,
) -> Result<SesProperty, SesError> {
    let usual_time = match version {
        SesVersion::V1 => Tag::UtcTime,
        SesVersion::V4 | SesVersion::V5 => Tag::GeneralizedTime,
    };
    let mut fields = element.sequence()?;
    let kind = fields.next("property.type")?.integer()?;
    let name = fields.next("property.name")?.text(Tag::Utf8String, deviations)?;
    let signers = match version {
        SesVersion::V1 => read_mixed_list(&fields.next("property.certList")?, deviations)?,
        SesVersion::V4 | SesVersion::V5 => {
            let list_type = fields.next("property.certListType")?;
            let list = fields.next("property.certList")?;
            match list_type.integer()? {
                1 => read_certificates(&list, deviations)?,
                2 => read_digests(&list, deviations)?,
                _ => return Err(list_type.malformed("应为 1（证书）或 2（证书摘要）")),
            }
        }
    };
    let mut instant = |field| time::read(&fields.next(field)?, usual_time, deviations);
    let property = SesProperty {
        kind,
        name,
        signers,
        created: instant("property.createDate")?,
        valid_start: instant("property.validStart")?,
        valid_end: instant("property.validEnd")?,
    };
    fields.finish()?;
    Ok(property)
}

/// CertInfoList.
fn read_certificates(list: &Element<'_>, deviations: &mut Deviations) -> Result<CertificateList, SesError> {
    let all = list.sequence()?.rest("property.certList", MAX_SES_SIGNERS)?;
    let certificates = all
        .iter()
        .map(|one| Ok(one.certificate(deviations)?.to_vec()))
        .collect::<Result<_, SesError>>()?;
    Ok(CertificateList::Certificates(certificates))
}

/// CertDigestList.
fn read_digests(list: &Element<'_>, deviations: &mut Deviations) -> Result<CertificateList, SesError> {
    let all = list.sequence()?.rest("property.certList", MAX_SES_SIGNERS)?;
    let digests = all
        .iter()
        .map(|one| {
            let mut fields = one.sequence()?;
            let digest = CertificateDigest {
                kind: fields
                    .next("certDigest.type")?
                    .text(Tag::PrintableString, deviations)?,
                value: fields.next("certDigest.value")?.octets()?.to_vec(),
            };
            fields.finish()?;
            Ok(digest)
        })
        .collect::<Result<_, SesError>>()?;
    Ok(CertificateList::Digests(digests))
}

/// certList of V1, whose text has certificates in it and whose ASN.1 names.
fn read_mixed_list(list: &Element<'_>, deviations: &mut Deviations) -> Result<CertificateList, SesError> {
    let all = list.sequence()?.rest("property.certList", MAX_SES_SIGNERS)?;
    if all.iter().all(|one| one.tag != Tag::Ia5String) {
        return read_certificates(list, deviations);
    }
    deviations.note(Deviation::NamedSigners);
    let names = all
        .iter()
        .map(|one| one.text(Tag::Ia5String, deviations))
        .collect::<Result<_, SesError>>()?;
    Ok(CertificateList::Names(names))
}

/// SES_ESPictureInfo.
fn read_picture(element: &Element<'_>, deviations: &mut Deviations) -> Result<SesPicture, SesError> {
    let mut fields = element.sequence()?;
    let kind = fields.next("picture.type")?.text(Tag::Ia5String, deviations)?;
    let data = fields.next("picture.data")?.octets()?;
    let mut side = |field| {
        let side = fields.next(field)?;
        match side.integer()? {
            millimetres @ 1..=MAX_SES_SIDE => Ok(millimetres),
            _ => Err(side.malformed("应为 1 至 200 毫米")),
        }
    };
    let picture = SesPicture {
        width: side("picture.width")?,
        height: side("picture.height")?,
        data: data.to_vec(),
        kind,
    };
    fields.finish()?;
    let is_so = PictureFormat::named(&picture.kind).is_none_or(|named| picture.format() == Some(named));
    deviations.note_if(!is_so, Deviation::PictureType);
    Ok(picture)
}

/// ExtensionDatas, where there are any: a SEQUENCE in seals, under an explicit [0] in signatures. Either is read in
/// place of the other.
pub(crate) fn read_extensions(
    fields: &mut Elements<'_>,
    usual: Tag,
    deviations: &mut Deviations,
) -> Result<Vec<SesExtension>, SesError> {
    let found = match fields.peek() {
        Some(tag @ (CONTEXT_0 | Tag::Sequence)) => (tag, fields.next("extDatas")?),
        _ => return Ok(Vec::new()),
    };
    let (tag, element) = found;
    deviations.note_if(tag != usual, Deviation::ExtensionsTagged);
    let list = match tag {
        CONTEXT_0 => element.explicit()?,
        _ => element,
    };
    let all = list.sequence()?.rest("extDatas", MAX_SES_EXTENSIONS)?;
    all.iter().map(|one| read_extension(one, deviations)).collect()
}

/// ExtData.
fn read_extension(element: &Element<'_>, deviations: &mut Deviations) -> Result<SesExtension, SesError> {
    let mut fields = element.sequence()?;
    let id = fields.next("extnID")?;
    let id = AnyOid::from_der(id.whole).map_err(|_| id.malformed("不是对象标识符"))?;
    let critical = match fields.next_if(Tag::Boolean, "critical")? {
        None => false,
        Some(critical) => match critical.content {
            [0] => {
                deviations.note(Deviation::ExplicitFalse);
                false
            }
            [0xff] => true,
            _ => return Err(critical.malformed("不是 DER")),
        },
    };
    let value = fields.next("extnValue")?.octets()?.to_vec();
    fields.finish()?;
    Ok(SesExtension { id, critical, value })
}

/// The algorithm that an object identifier by itself names.
pub(crate) fn read_algorithm(
    element: &Element<'_>,
    deviations: &mut Deviations,
) -> Result<SignatureAlgorithm, SesError> {
    let oid = ObjectIdentifier::from_der(element.whole).map_err(|_| element.malformed("不是对象标识符"))?;
    let identifier = AlgorithmIdentifierRef {
        oid,
        parameters: None,
    };
    let named = SignatureAlgorithm::from_identifier(&identifier, None).or_else(|refused| {
        // SM2 has one digest only; other keys leave it open.
        match SignatureAlgorithm::from_identifier(&identifier, Some(DigestAlgorithm::Sm3)) {
            Ok(SignatureAlgorithm::Sm2) => {
                deviations.note(Deviation::KeyAlgorithm);
                Ok(SignatureAlgorithm::Sm2)
            }
            _ => Err(refused),
        }
    });
    let algorithm = named.map_err(SesError::Algorithm)?;
    deviations.note_if(algorithm != SignatureAlgorithm::Sm2, Deviation::NotSm2);
    Ok(algorithm)
}

/// A signature value as DER; one of 64 raw bytes is noted. What is neither stays, and will not verify.
pub(crate) fn read_signature(
    value: &[u8],
    algorithm: SignatureAlgorithm,
    deviations: &mut Deviations,
) -> Vec<u8> {
    if algorithm != SignatureAlgorithm::Sm2 || ecdsa::p256_to_fixed(value).is_ok() {
        return value.to_vec();
    }
    let raw: Option<&[u8; 64]> = value.try_into().ok();
    match raw.and_then(|raw| ecdsa::p256_to_der(raw).ok()) {
        Some(der) => {
            deviations.note(Deviation::RawSignature);
            der
        }
        None => value.to_vec(),
    }
}
