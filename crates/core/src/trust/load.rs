//! Trust material from files and folders that people fill: certificates, revocation lists and answers of OCSP
//! responders, PEM or DER, one or many to a file, told apart by what they are and not by their names.
//!
//! [`certificates`] and [`revocations`] take what somebody names on purpose, and refuse a file that has anything
//! else. [`folder`] takes a folder that is filled by others, and goes on past what cannot be used, naming it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use cms::{cert::CertificateChoices, content_info::ContentInfo, signed_data::SignedData};
use der::{Decode as _, Encode as _, asn1::ObjectIdentifier};

use super::revocation::{
    RevocationError, Revocations,
    crl::Crl,
    ocsp::{OcspError, OcspResponse},
};
use crate::{
    crypto::x509,
    files,
    limits::{MAX_CRL_BYTES, MAX_LOADED_CERTIFICATES, MAX_LOADED_FILES},
};

/// id-signedData (RFC 5652 §5.1): what a bundle of certificates comes in.
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";

/// Why something cannot be loaded. Positions count the PEM blocks of a file from one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file or folder cannot be read.
    #[error("无法读取 {} (cannot be read)", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Part of a file is not what was asked for.
    #[error("{} 第 {position} 项不可用：{why} (cannot be used)", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Which part of it.
        position: usize,
        /// What is wrong.
        why: Fault,
    },
    /// Too much to read.
    #[error(
        "{} 过多：文件不超过 {MAX_LOADED_FILES} 个，证书不超过 {MAX_LOADED_CERTIFICATES} 张 (too many)",
        path.display()
    )]
    TooMany {
        /// The file or folder.
        path: PathBuf,
    },
}

/// What is wrong with one part of a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Neither PEM nor DER of anything known here.
    #[error("不是证书、吊销列表或 OCSP 应答 (not a certificate, revocation list or OCSP response)")]
    Unknown,
    /// PEM that cannot be read.
    #[error("PEM 格式有误 (malformed PEM)")]
    Pem,
    /// Larger than this program reads.
    #[error("超过 {MAX_CRL_BYTES} 字节 (too large)")]
    TooLarge,
    /// Something else than was asked for: a revocation list among anchors, say.
    #[error("此处应为{0} (something else is expected here)")]
    Other(&'static str),
    /// Revocation data that cannot be used.
    #[error(transparent)]
    Revocation(#[from] RevocationError),
}

/// What a folder has.
#[derive(Debug, Default)]
pub struct Loaded {
    /// DER of the certificates.
    pub certificates: Vec<Vec<u8>>,
    /// The revocation data.
    pub revocations: Revocations,
    /// What was passed over. Whoever asked should say so.
    pub skipped: Vec<LoadError>,
}

/// The certificates of a file or of every file of a folder; gives DER, in order of the files' names.
pub fn certificates(path: &Path) -> Result<Vec<Vec<u8>>, LoadError> {
    let mut loaded = Loaded::default();
    for path in files_of(path)? {
        loaded.take(&path, |piece| match piece {
            Piece::Certificates(_) => Ok(()),
            Piece::Crl(_) | Piece::Ocsp(_) => Err(Fault::Other("证书")),
        })?;
    }
    Ok(loaded.certificates)
}

/// The revocation data of a file or of every file of a folder.
pub fn revocations(path: &Path) -> Result<Revocations, LoadError> {
    let mut loaded = Loaded::default();
    for path in files_of(path)? {
        loaded.take(&path, |piece| match piece {
            Piece::Certificates(_) => Err(Fault::Other("吊销列表或 OCSP 应答")),
            Piece::Crl(_) | Piece::Ocsp(_) => Ok(()),
        })?;
    }
    Ok(loaded.revocations)
}

/// Everything usable in a folder. Only a folder that cannot be read, or has too much, is an error.
pub fn folder(path: &Path) -> Result<Loaded, LoadError> {
    let mut loaded = Loaded::default();
    for path in files_of(path)? {
        match loaded.take(&path, |_| Ok(())) {
            Err(too_many @ LoadError::TooMany { .. }) => return Err(too_many),
            Err(other) => loaded.skipped.push(other),
            Ok(()) => {}
        }
    }
    Ok(loaded)
}

/// The certificates in an answer to a request for an issuer's: one of DER, a bundle of them in a CMS (RFC 5280
/// §4.2.2.1), or PEM, which many serve instead.
pub fn certificates_of(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Fault> {
    let mut found = Vec::new();
    for piece in pieces(bytes)? {
        match Piece::of(&piece?)? {
            Piece::Certificates(ders) => found.extend(ders),
            Piece::Crl(_) | Piece::Ocsp(_) => return Err(Fault::Other("证书")),
        }
    }
    Ok(found)
}

/// DER of one thing, which may have come as PEM.
pub fn der_of(bytes: &[u8]) -> Result<Vec<u8>, Fault> {
    pieces(bytes)?.into_iter().next().unwrap_or(Err(Fault::Unknown))
}

/// A file itself, or the files of a folder in order of name, without hidden ones.
fn files_of(path: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let failed = |source| LoadError::Io {
        path: path.to_owned(),
        source,
    };
    if !fs::metadata(path).map_err(failed)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if !hidden && fs::metadata(entry.path()).is_ok_and(|about| about.is_file()) {
            found.push(entry.path());
        }
        if found.len() > MAX_LOADED_FILES {
            return Err(LoadError::TooMany {
                path: path.to_owned(),
            });
        }
    }
    found.sort();
    Ok(found)
}

/// What a part of a file is.
enum Piece {
    Certificates(Vec<Vec<u8>>),
    Crl(Vec<u8>),
    Ocsp(Vec<u8>),
}

impl Piece {
    fn of(der: &[u8]) -> Result<Self, Fault> {
        if x509::parse(der).is_ok() {
            return Ok(Self::Certificates(vec![der.to_vec()]));
        }
        if let Some(bundle) = bundle(der) {
            return Ok(Self::Certificates(bundle));
        }
        let error: RevocationError = match Crl::parse(der) {
            Ok(_) => return Ok(Self::Crl(der.to_vec())),
            Err(error) if looks_like_list(der) => error.into(),
            Err(_) => match OcspResponse::parse(der) {
                Ok(_) => return Ok(Self::Ocsp(der.to_vec())),
                // Those that are found where the rest is an answer.
                Err(
                    error @ (OcspError::AlgorithmRefused(_)
                    | OcspError::NoAnswer(_)
                    | OcspError::Unsupported(_)),
                ) => error.into(),
                Err(_) => return Err(Fault::Unknown),
            },
        };
        Err(error.into())
    }
}

impl Loaded {
    fn take(&mut self, path: &Path, wanted: impl Fn(&Piece) -> Result<(), Fault>) -> Result<(), LoadError> {
        let bytes = files::read_to(path, MAX_CRL_BYTES).map_err(|source| LoadError::Io {
            path: path.to_owned(),
            source,
        })?;
        let unusable = |position, why| LoadError::Unusable {
            path: path.to_owned(),
            position,
            why,
        };
        let found = pieces(&bytes).map_err(|why| unusable(1, why))?;
        for (index, piece) in found.into_iter().enumerate() {
            let unusable = |why| unusable(index + 1, why);
            let piece = piece.and_then(|der| Piece::of(&der)).map_err(unusable)?;
            wanted(&piece).map_err(unusable)?;
            match piece {
                Piece::Certificates(ders) => self.certificates.extend(ders),
                Piece::Crl(der) => {
                    let taken = self.revocations.add_crl(&der);
                    taken.map_err(|error| unusable(error.into()))?;
                }
                Piece::Ocsp(der) => {
                    let taken = self.revocations.add_ocsp(&der);
                    taken.map_err(|error| unusable(error.into()))?;
                }
            }
            if self.certificates.len() > MAX_LOADED_CERTIFICATES {
                return Err(LoadError::TooMany {
                    path: path.to_owned(),
                });
            }
        }
        Ok(())
    }
}

/// DER of the parts of a file: the file itself, or its PEM blocks.
fn pieces(bytes: &[u8]) -> Result<Vec<Result<Vec<u8>, Fault>>, Fault> {
    if bytes.len() > MAX_CRL_BYTES {
        return Err(Fault::TooLarge);
    }
    if bytes.first() == Some(&0x30) {
        return Ok(vec![Ok(bytes.to_vec())]);
    }
    // Text before, between and after the blocks is allowed (RFC 7468 §5.2), and need not be UTF-8.
    let text = String::from_utf8_lossy(bytes);
    if !text.contains(BEGIN) {
        return Err(Fault::Unknown);
    }
    Ok(text.split(BEGIN).skip(1).map(block).collect())
}

/// What follows `-----BEGIN `, as DER.
fn block(text: &str) -> Result<Vec<u8>, Fault> {
    let (label, rest) = text.split_once(DASHES).ok_or(Fault::Pem)?;
    let end = format!("-----END {label}-----");
    let (body, _) = rest.split_once(&end).ok_or(Fault::Pem)?;
    let pem = format!("{BEGIN}{label}{DASHES}\n{}\n{end}\n", body.trim());
    let (_, document) = der::Document::from_pem(&pem).map_err(|_| Fault::Pem)?;
    Ok(document.into_vec())
}

/// The certificates of a CMS that holds nothing else; none if it is no CMS.
fn bundle(der: &[u8]) -> Option<Vec<Vec<u8>>> {
    let outer = ContentInfo::from_der(der).ok()?;
    if outer.content_type != SIGNED_DATA {
        return None;
    }
    let signed: SignedData = outer.content.decode_as().ok()?;
    let mut found = Vec::new();
    for certificate in signed.certificates?.0.iter() {
        if let CertificateChoices::Certificate(certificate) = certificate {
            found.push(certificate.to_der().ok()?);
        }
    }
    (!found.is_empty()).then_some(found)
}

/// Whether DER begins as a revocation list does: version 2, then an algorithm.
fn looks_like_list(der: &[u8]) -> bool {
    let inner = |bytes: &[u8]| -> Option<Vec<u8>> {
        let any = der::asn1::AnyRef::from_der(bytes).ok()?;
        Some(any.value().to_vec())
    };
    let begin = inner(der).and_then(|list| {
        let mut reader = der::SliceReader::new(&list).ok()?;
        inner(der::Reader::tlv_bytes(&mut reader).ok()?)
    });
    begin.is_some_and(|begin| begin.starts_with(&[2, 1, 1, 0x30]))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tempfile::TempDir;

    use super::*;
    use crate::crypto::authority::tests::TestAuthority;

    fn pem(label: &'static str, der: &[u8]) -> String {
        use der::pem::LineEnding;
        der::Document::try_from(der)
            .unwrap()
            .to_pem(label, LineEnding::LF)
            .unwrap()
    }

    #[test]
    fn files_and_folders_are_read_by_content_and_faults_named_by_place() {
        let authority = TestAuthority::new();
        let (root, issuing) = (authority.root.certificate(), authority.issuing.certificate());
        let at = |text: &str| text.parse().unwrap();
        let list = authority
            .issuing
            .revocation_list(1, at("2026-01-01T00:00:00Z"), at("2026-02-01T00:00:00Z"), &[])
            .unwrap();
        let folder_of = TempDir::new().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = folder_of.path().join(name);
            fs::write(&path, bytes).unwrap();
            path
        };
        let both = format!(
            "Roots of some authority\n{}\n{}",
            pem("CERTIFICATE", root),
            pem("CERTIFICATE", issuing)
        );
        let bundle = file("a.pem", both.as_bytes());
        let der = file("b.anything", root);
        assert_eq!(certificates(&bundle).unwrap(), [root, issuing]);
        assert_eq!(certificates(&der).unwrap(), [root]);

        let mixed = format!("{both}{}", pem("X509 CRL", &list));
        let mixed = file("c.pem", mixed.as_bytes());
        let refused = certificates(&mixed).unwrap_err();
        assert!(
            matches!(&refused, LoadError::Unusable { position: 3, path, .. } if *path == mixed),
            "{refused}"
        );
        let refused = revocations(&mixed).unwrap_err();
        assert!(matches!(refused, LoadError::Unusable { position: 1, .. }));
        assert!(certificates(&folder_of.path().join("none")).is_err());

        // An answer of a kind that is not understood is one all the same.
        let other_kind = b"\x30\x0e\x0a\x01\x00\xa0\x09\x30\x07\x06\x03\x2a\x03\x04\x04\x00";
        let refused = revocations(&file("other", other_kind)).unwrap_err();
        let LoadError::Unusable { why, .. } = refused else {
            panic!("{refused}");
        };
        assert!(
            why.to_string().contains("unsupported kind of OCSP response"),
            "{why}"
        );
        fs::remove_file(folder_of.path().join("other")).unwrap();

        file("d.crl", &list);
        let (broken, empty) = (file("e.crl", &list[..list.len() - 1]), file("f.txt", b""));
        file(".hidden", b"not looked at");
        let loaded = folder(folder_of.path()).unwrap();
        assert_eq!((loaded.certificates.len(), loaded.revocations.len()), (5, 2));
        let skipped: Vec<String> = loaded.skipped.iter().map(ToString::to_string).collect();
        assert_eq!(skipped.len(), 2, "{skipped:?}");
        for (said, path) in skipped.iter().zip([broken, empty]) {
            assert!(said.contains(&path.display().to_string()), "{said}");
        }
    }
}
