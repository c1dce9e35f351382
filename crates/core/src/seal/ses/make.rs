//! Making national seals: V4 by default, V5 by choice.

use der::Encode as _;
use jiff::Timestamp;

use super::{SesExtension, SesMakeError, SesPicture, SesSeal, SesVersion, time};
use crate::{
    crypto::{DigestAlgorithm, SignatureScheme, SigningIdentity, x509},
    limits::{MAX_SES_EXTENSIONS, MAX_SES_SIDE},
    seal::MAX_SIGNERS,
    tlv::{
        BOOLEAN, CONTEXT_0, GENERALIZED_TIME, IA5_STRING, OCTET_STRING, PRINTABLE_STRING, SEQUENCE,
        UTF8_STRING, bit_string, integer, tlv,
    },
};

/// Editions that are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WrittenVersion {
    /// GB/T 38540-2020, which nearly all readers know.
    #[default]
    V4,
    /// GM/T 0031-2025.
    V5,
}

impl From<WrittenVersion> for SesVersion {
    fn from(version: WrittenVersion) -> Self {
        match version {
            WrittenVersion::V4 => Self::V4,
            WrittenVersion::V5 => Self::V5,
        }
    }
}

/// Who may use a seal, and how the seal says so. All are DER of signer certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permitted {
    /// The seal holds the certificates (certListType 1).
    ByCertificate(Vec<Vec<u8>>),
    /// The seal holds their digests by SM3 (certListType 2).
    ByDigest(Vec<Vec<u8>>),
}

impl Permitted {
    fn certificates(&self) -> &[Vec<u8>] {
        match self {
            Self::ByCertificate(all) | Self::ByDigest(all) => all,
        }
    }
}

/// Everything a seal maker is asked to put into a national seal.
#[derive(Debug, Clone)]
pub struct SesDefinition {
    /// Edition of the standard.
    pub version: WrittenVersion,
    /// esID: for seals of authorities six digits of the region and eight more.
    pub es_id: String,
    /// type, as whoever registers the seal numbers them.
    pub kind: u32,
    /// name, as filed with the police where it is filed.
    pub name: String,
    /// certList.
    pub signers: Permitted,
    /// createDate; whole seconds are kept, here and below.
    pub created: Timestamp,
    /// validStart.
    pub valid_start: Timestamp,
    /// validEnd.
    pub valid_end: Timestamp,
    /// picture.
    pub picture: SesPicture,
    /// extDatas.
    pub extensions: Vec<SesExtension>,
}

impl SesSeal {
    /// Has the seal maker sign a seal; gives its bytes. Whether the maker's certificate leads to a trusted root and is not
    /// revoked is asked before, by the caller (GM/T 0031-2025 demands it).
    pub fn make(definition: &SesDefinition, maker: &SigningIdentity) -> Result<Vec<u8>, SesMakeError> {
        let (signed, value) = sign(definition, maker)?;
        assemble(&signed, &value, maker, &[])
    }

    /// The same for V5, with the token that `stamp` gives for the signature value.
    pub fn make_stamped<E: From<SesMakeError>>(
        definition: &SesDefinition,
        maker: &SigningIdentity,
        stamp: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
    ) -> Result<Vec<u8>, E> {
        if definition.version != WrittenVersion::V5 {
            return Err(bad("timeStamp", "只有 GM/T 0031-2025 的印章可以加盖时间戳").into());
        }
        let (signed, value) = sign(definition, maker)?;
        let token = stamp(&value)?;
        Ok(assemble(&signed, &value, maker, &token)?)
    }
}

/// SES_SealInfo and its signature value.
fn sign(definition: &SesDefinition, maker: &SigningIdentity) -> Result<(Vec<u8>, Vec<u8>), SesMakeError> {
    if maker.signer.scheme() != SignatureScheme::Sm2Sm3 {
        return Err(SesMakeError::UnsuitableKey);
    }
    check(definition)?;
    check_signer_dates(&maker.certificate, definition.created)?;
    let makers_key = x509::public_key_info(&maker.certificate)?;
    for signer in definition.signers.certificates() {
        // The same key under another certificate is the same hand.
        if x509::public_key_info(signer)? == makers_key {
            return Err(SesMakeError::MakerIsSigner);
        }
    }
    let info = write_info(definition);
    let value = maker.signer.sign(&info)?;
    Ok((info, value))
}

fn assemble(
    info: &[u8],
    value: &[u8],
    maker: &SigningIdentity,
    token: &[u8],
) -> Result<Vec<u8>, SesMakeError> {
    let stamp = match token {
        [] => Vec::new(),
        token => tlv(CONTEXT_0, &[&bit_string(token)]),
    };
    let seal = tlv(
        SEQUENCE,
        &[
            info,
            &tlv(OCTET_STRING, &[&maker.certificate]),
            maker.signer.scheme().algorithm_oid(),
            &bit_string(value),
            &stamp,
        ],
    );
    // A seal its own reader refuses must not leave the maker's desk.
    SesSeal::parse(&seal)?;
    Ok(seal)
}

/// SES_SealInfo.
fn write_info(definition: &SesDefinition) -> Vec<u8> {
    let version = match definition.version {
        WrittenVersion::V4 => 4,
        WrittenVersion::V5 => 5,
    };
    let header = [
        tlv(IA5_STRING, &[b"ES"]),
        integer(version),
        tlv(IA5_STRING, &[VENDOR]),
    ];
    let (list_type, signers) = write_signers(&definition.signers);
    let instant = |at| tlv(GENERALIZED_TIME, &[time::write(at).as_bytes()]);
    let property = [
        integer(definition.kind),
        tlv(UTF8_STRING, &[definition.name.as_bytes()]),
        integer(list_type),
        signers,
        instant(definition.created),
        instant(definition.valid_start),
        instant(definition.valid_end),
    ];
    let picture = &definition.picture;
    let picture = [
        tlv(IA5_STRING, &[picture.kind.as_bytes()]),
        tlv(OCTET_STRING, &[&picture.data]),
        integer(picture.width),
        integer(picture.height),
    ];
    tlv(
        SEQUENCE,
        &[
            &sequence(&header),
            &tlv(IA5_STRING, &[definition.es_id.as_bytes()]),
            &sequence(&property),
            &sequence(&picture),
            &write_extensions(&definition.extensions),
        ],
    )
}

/// certListType and certList.
fn write_signers(signers: &Permitted) -> (u32, Vec<u8>) {
    let one = |certificate: &Vec<u8>| tlv(OCTET_STRING, &[certificate]);
    let digest = |certificate: &Vec<u8>| {
        let value = DigestAlgorithm::Sm3.digest(certificate);
        sequence(&[tlv(PRINTABLE_STRING, &[b"SM3"]), tlv(OCTET_STRING, &[&value])])
    };
    match signers {
        Permitted::ByCertificate(all) => (1, sequence(&all.iter().map(one).collect::<Vec<_>>())),
        Permitted::ByDigest(all) => (2, sequence(&all.iter().map(digest).collect::<Vec<_>>())),
    }
}

/// ExtensionDatas; nothing where there are none. A FALSE is written against X.690 §11.5: every seal in use has it, and
/// readers that expect it are about.
pub(crate) fn write_extensions(extensions: &[SesExtension]) -> Vec<u8> {
    if extensions.is_empty() {
        return Vec::new();
    }
    let one = |extension: &SesExtension| {
        let critical = if extension.critical { 0xff } else { 0 };
        sequence(&[
            extension.id.to_der().unwrap_or_default(),
            tlv(BOOLEAN, &[&[critical]]),
            tlv(OCTET_STRING, &[&extension.value]),
        ])
    };
    sequence(&extensions.iter().map(one).collect::<Vec<_>>())
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(SEQUENCE, &parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// The rules of a seal that is made here, which are stricter than those of one that is read.
fn check(definition: &SesDefinition) -> Result<(), SesMakeError> {
    let SesDefinition { es_id, name, .. } = definition;
    if es_id.is_empty() || es_id.len() > MAX_ID_CHARS || !es_id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(bad("esID", "应为 1 至 64 个字母、数字或符号"));
    }
    let name_chars = name.chars().count();
    if name.trim() != name
        || !(1..=MAX_NAME_CHARS).contains(&name_chars)
        || name.chars().any(char::is_control)
    {
        return Err(bad(
            "property.name",
            "应为 1 至 100 字，前后没有空格，没有控制字符",
        ));
    }
    let count = definition.signers.certificates().len();
    if !(1..=MAX_SIGNERS).contains(&count) {
        return Err(bad("property.certList", "应有 1 至 64 张签章者证书"));
    }
    for at in [definition.created, definition.valid_start, definition.valid_end] {
        if at.as_second() < 0 {
            return Err(bad("property", "时间应在 1970 年以后"));
        }
    }
    if definition.valid_start.as_second() >= definition.valid_end.as_second() {
        return Err(bad("property.validEnd", "应晚于 validStart"));
    }
    let picture = &definition.picture;
    let has_size = [picture.width, picture.height]
        .iter()
        .all(|side| (1..=MAX_SES_SIDE).contains(side));
    if !has_size
        || picture.format().is_none()
        || picture.format() != super::PictureFormat::named(&picture.kind)
    {
        return Err(bad("picture", "类型、数据或尺寸不可用"));
    }
    if definition.extensions.len() > MAX_SES_EXTENSIONS {
        return Err(bad("extDatas", "过多"));
    }
    Ok(())
}

/// Refuses to sign with a certificate that is not valid at the time of signing.
pub(crate) fn check_signer_dates(certificate: &[u8], at: Timestamp) -> Result<(), SesMakeError> {
    let (from, until) = x509::validity(&*x509::parse(certificate)?);
    if (from..=until).contains(&at) {
        Ok(())
    } else {
        Err(SesMakeError::CertificateNotValid { at, from, until })
    }
}

fn bad(field: &'static str, why: &'static str) -> SesMakeError {
    SesMakeError::BadField { field, why }
}

/// Vid of what is made here.
const VENDOR: &[u8] = b"certseal";
/// Longest number and longest name of a seal, in characters.
const MAX_ID_CHARS: usize = 64;
const MAX_NAME_CHARS: usize = 100;
