//! The national form of a registered seal: which file it is, and whether it may sign now.

use std::{io, sync::Arc};

use jiff::Timestamp;

use super::press::NationalStamp;
use crate::{
    clock::clock_time,
    crypto::SigningIdentity,
    seal::{
        SealCode,
        ses::{SesError, SesSeal, SesVerifyError},
    },
};

/// Reads the national form of a seal as it is now; none where it has none.
pub type NationalSeals = Box<dyn Fn(&SealCode) -> io::Result<Option<Vec<u8>>> + Send + Sync>;

/// Why a seal cannot be applied in its national form.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NationalSealFault {
    /// There is none.
    #[error("还没有国密印章文件，请运行 certseal seal national (it has no national form yet)")]
    Missing,
    /// Its file cannot be read.
    #[error("国密印章文件无法读取 (the file of its national form cannot be read)")]
    Io(#[from] io::Error),
    /// Its file is no seal.
    #[error("国密印章文件不可用：{0} (its national form cannot be used)")]
    Damaged(#[from] SesError),
    /// The file holds another seal.
    #[error("国密印章文件里是 {0} 号印章 (its national form has another number)")]
    OtherNumber(String),
    /// No maker of national seals is known here who made it.
    #[error("国密印章的制章者不是本机构的 (the maker of its national form is not ours)")]
    UnknownMaker,
    /// Its maker did not sign it.
    #[error("国密印章的制章签名不对：{0} (its maker's signature is wrong)")]
    Maker(#[from] SesVerifyError),
    /// It permits other signers.
    #[error(
        "国密印章不准现在的 SM2 证书使用，请运行 certseal seal national 重新制章 (it permits another signer)"
    )]
    SignerNotPermitted,
    /// Its dates do not allow it.
    #[error("国密印章的有效期是 {} 至 {} (its national form is not valid now)", clock_time(*from), clock_time(*until))]
    NotInForce {
        /// First instant.
        from: Timestamp,
        /// Last instant.
        until: Timestamp,
    },
}

/// The national form of a seal, checked, with who signs under it. `makers` are the certificates (DER) of those who make
/// national seals here.
pub(super) fn open(
    bytes: Option<Vec<u8>>,
    code: &SealCode,
    signer: Arc<SigningIdentity>,
    makers: &[Vec<u8>],
) -> Result<NationalStamp, NationalSealFault> {
    let seal = SesSeal::parse(&bytes.ok_or(NationalSealFault::Missing)?)?;
    if seal.es_id() != code.as_str() {
        return Err(NationalSealFault::OtherNumber(seal.es_id().to_owned()));
    }
    let maker = makers
        .iter()
        .find(|maker| maker[..] == *seal.maker_certificate())
        .ok_or(NationalSealFault::UnknownMaker)?;
    // With what it was signed was chosen here: the maker is our own.
    let _ = seal.verify_maker(maker)?;
    if !seal.property().signers.has(&signer.certificate) {
        return Err(NationalSealFault::SignerNotPermitted);
    }
    Ok(NationalStamp {
        seal: Arc::new(seal),
        signer,
    })
}

/// Whether its dates allow signing.
pub(super) fn check_dates(seal: &SesSeal, now: Timestamp) -> Result<(), NationalSealFault> {
    if seal.in_force_at(now) {
        return Ok(());
    }
    let property = seal.property();
    Err(NationalSealFault::NotInForce {
        from: property.valid_start,
        until: property.valid_end,
    })
}
