//! A signer with the X.509 certificates that say whose it is.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use x509_cert::{
    Certificate,
    der::{Decode, EncodePem, pem::LineEnding},
};

use super::{
    KeyFileError, Passphrase, Signer,
    key_file::KeyFile,
    x509::{self, X509Error},
};
use crate::files;

/// Largest chain file read: a chain has a few X.509 certificates of about 1 kB.
const MAX_CHAIN_FILE: usize = 256 << 10;

/// Ending of a key file whose certificate is about to take over, or has just taken over.
pub(crate) const STAGED_KEY: &str = "key.next";

/// A signer with the X.509 certificates that say whose it is.
#[derive(Debug, Clone)]
pub struct SigningIdentity {
    /// The key.
    pub signer: Arc<dyn Signer>,
    /// DER of the signer certificate.
    pub certificate: Arc<[u8]>,
    /// DER of its issuers, nearest first, the root left out.
    pub issuers: Arc<[Vec<u8>]>,
}

/// Why an identity cannot be put together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// A certificate of the chain is not the issuer of the one before it.
    #[error("证书链第 {0} 张不是前一张的签发者 (the chain is not in order)")]
    ChainBroken(usize),
    /// A certificate file holds no certificate, or a damaged one.
    #[error("证书文件 {path} 不可用 (not usable as X.509 certificates)")]
    Certificate {
        /// The file, if it came from one.
        path: PathBuf,
        /// What is wrong.
        source: X509Error,
    },
    /// Reading or writing failed.
    #[error("无法读写 {path} (cannot read or write)")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The key file is unusable.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The signer certificate is for another key.
    #[error("私钥与证书不匹配 (the private key does not belong to the signer certificate)")]
    KeyMismatch,
}

impl SigningIdentity {
    /// Puts an identity together, checking that the key is the certificate's and that each issuer
    /// named is the one before's. A self-signed certificate at the end is left out.
    pub fn new(
        signer: Arc<dyn Signer>,
        certificate: Vec<u8>,
        issuers: Vec<Vec<u8>>,
    ) -> Result<Self, IdentityError> {
        let parse = |der: &[u8]| {
            x509::parse(der).map_err(|source| IdentityError::Certificate {
                path: PathBuf::new(),
                source,
            })
        };
        let leaf = parse(&certificate)?;
        let key = x509::public_key_info(&certificate).map_err(|source| IdentityError::Certificate {
            path: PathBuf::new(),
            source,
        })?;
        if key != signer.public_key_info() {
            return Err(IdentityError::KeyMismatch);
        }

        let mut kept = Vec::new();
        let mut below = leaf;
        for (index, der) in issuers.into_iter().enumerate() {
            let issuer = parse(&der)?;
            if issuer.tbs_certificate().subject() != below.tbs_certificate().issuer() {
                return Err(IdentityError::ChainBroken(index + 2));
            }
            if issuer.tbs_certificate().subject() == issuer.tbs_certificate().issuer() {
                break;
            }
            kept.push(der);
            below = issuer;
        }
        Ok(Self {
            signer,
            certificate: certificate.into(),
            issuers: kept.into(),
        })
    }

    /// Loads `<name>.key` (encrypted PKCS#8) and `<name>.pem` (signer certificate, then its issuers)
    /// from a folder. A renewal that was interrupted may have left the certificate's key staged beside
    /// its predecessor; the certificate decides which of the two is meant.
    pub fn load(folder: &Path, name: &str, passphrase: &Passphrase) -> Result<Self, IdentityError> {
        let file = |ending: &str| folder.join(format!("{name}.{ending}"));
        let loaded = Self::load_files(&file("key"), &file("pem"), passphrase);
        let other_key = match &loaded {
            Err(IdentityError::KeyMismatch) => true,
            Err(IdentityError::Key(KeyFileError::Io { source, .. })) => {
                source.kind() == io::ErrorKind::NotFound
            }
            _ => false,
        };
        let staged = file(STAGED_KEY);
        if other_key && staged.exists() {
            return Self::load_files(&staged, &file("pem"), passphrase);
        }
        loaded
    }

    /// Loads a key file and a chain file.
    pub fn load_files(key: &Path, chain: &Path, passphrase: &Passphrase) -> Result<Self, IdentityError> {
        let mut certificates = read_chain(chain)?;
        let signer = Arc::new(KeyFile::load(key, passphrase)?);
        let leaf = certificates.remove(0); // `read_chain` gives at least one
        Self::new(signer, leaf, certificates)
    }
}

/// Reads the X.509 certificates of a file, PEM (one or more) or DER (one); at least one, in order.
pub fn read_chain(path: &Path) -> Result<Vec<Vec<u8>>, IdentityError> {
    let bytes = files::read_to(path, MAX_CHAIN_FILE)
        .and_then(|bytes| {
            if bytes.len() > MAX_CHAIN_FILE {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            Ok(bytes)
        })
        .map_err(|source| IdentityError::Io {
            path: path.to_owned(),
            source,
        })?;
    x509::parse_bundle(&bytes).map_err(|source| IdentityError::Certificate {
        path: path.to_owned(),
        source,
    })
}

/// Writes X.509 certificates as PEM, in the order given; the file is whole or not there.
pub fn write_chain<'a>(
    path: &Path,
    certificates: impl IntoIterator<Item = &'a [u8]>,
) -> Result<(), IdentityError> {
    files::write(path, chain_pem(certificates)?.as_bytes()).map_err(|source| IdentityError::Io {
        path: path.to_owned(),
        source,
    })
}

/// X.509 certificates as PEM, in the order given.
pub fn chain_pem<D: AsRef<[u8]>>(certificates: impl IntoIterator<Item = D>) -> Result<String, IdentityError> {
    let mut text = String::new();
    for der in certificates {
        let pem = Certificate::from_der(der.as_ref())
            .and_then(|c| c.to_pem(LineEnding::LF))
            .map_err(|e| IdentityError::Certificate {
                path: PathBuf::new(),
                source: X509Error::Malformed(e),
            })?;
        text.push_str(&pem);
    }
    Ok(text)
}
