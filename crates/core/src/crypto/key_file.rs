//! Private keys in files: encrypted PKCS#8 in PEM (RFC 5958, RFC 7468; PBES2 of RFC 8018 with scrypt
//! of RFC 7914 and AES-256-CBC), readable by `openssl pkcs8`.
//!
//! Decrypted bytes live in zeroizing buffers. What remains for the life of a signer is the library's
//! own key object, which ring does not wipe; a key that must not lie in memory belongs in a token.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use der::{Decode, SecretDocument, pem::PemLabel};
use pkcs8::{
    EncryptedPrivateKeyInfoOwned, EncryptedPrivateKeyInfoRef, LineEnding, PrivateKeyInfoRef,
    pkcs5::{self, pbes2, scrypt},
};
use ring::{
    rand::{SecureRandom, SystemRandom},
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use zeroize::Zeroizing;

use super::{Curve, SignatureScheme, Signer, SignerError, sm2::Sm2Key};
use crate::files::sync_name;

/// scrypt cost 2^14 × 8 × 128 bytes = 16 MiB of memory. OpenSSL refuses to read more than 32 MiB
/// unless told otherwise, and 2^15 already passes that by a little.
const SCRYPT_LOG_N: u8 = 14;
/// scrypt block size, the value RFC 7914 and every guide assume.
const SCRYPT_R: u32 = 8;
/// Since memory is capped, five passes make up for it: N = 2^14, p = 5 is in OWASP's list of
/// parameter sets as strong as N = 2^17, p = 1. It costs some 0.2 s for each key loaded.
const SCRYPT_P: u32 = 5;
/// Most memory an existing key file may ask scrypt for (bytes): a key file can be handed to us by
/// mistake or malice, and its parameters are read before the passphrase is proven.
const MAX_SCRYPT_MEMORY: u64 = 256 << 20;
/// Most rounds an existing key file may ask PBKDF2 for: some seconds, where guides ask for under a million.
const MAX_PBKDF2_ROUNDS: u32 = 10_000_000;
/// Largest key file read. An encrypted P-256 key is about 400 bytes.
const MAX_KEY_FILE: u64 = 64 << 10;
/// `SubjectPublicKeyInfo` of a P-256 key up to the 65 bytes of the uncompressed point (RFC 5480).
const P256_PUBLIC_KEY_PREFIX: &[u8] = b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
    \x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";

/// The passphrase of a key file. Wiped when dropped, never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// A passphrase from a prompt or the environment. Empty ones are refused.
    pub fn new(text: String) -> Result<Self, KeyFileError> {
        let text = Zeroizing::new(text);
        if text.is_empty() {
            return Err(KeyFileError::EmptyPassphrase);
        }
        Ok(Self(text))
    }

    /// The first line of a file, without its line ending.
    pub fn from_file(path: &Path) -> Result<Self, KeyFileError> {
        let text = read_limited(path)?;
        if is_open_to_others(path) {
            tracing::warn!(path = %path.display(), "passphrase file is readable by other users; chmod 600 it");
        }
        let line = text.lines().next().unwrap_or_default();
        Self::new(line.to_owned())
    }

    /// How many characters it has.
    pub fn chars(&self) -> usize {
        self.0.chars().count()
    }

    fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

/// Why a key file cannot be made or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The file already stands there; keys are never overwritten.
    #[error("私钥文件已存在，不覆盖: {0} (a key file is never overwritten)")]
    AlreadyExists(PathBuf),
    /// scrypt parameters of the file would need more memory than we grant.
    #[error("私钥文件的 scrypt 参数要求 {0} MiB 内存，超过上限 (scrypt parameters ask for too much memory)")]
    CostTooHigh(u64),
    /// PBKDF2 parameters of the file would take too long.
    #[error("私钥文件的 PBKDF2 轮数为 {0}，超过上限 (too many rounds of PBKDF2)")]
    RoundsTooMany(u32),
    /// An empty passphrase protects nothing.
    #[error("口令为空 (the passphrase is empty)")]
    EmptyPassphrase,
    /// The encryption scheme is not PBES2 with a known derivation and cipher.
    #[error("私钥的加密方式不受支持: {0} (unsupported encryption of the private key)")]
    EncryptionUnsupported(String),
    /// Reading or writing failed.
    #[error("无法读写 {path} (cannot read or write)")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The decrypted key is no P-256 or SM2 key.
    #[error("私钥不可用: {0} (not a usable P-256 or SM2 private key)")]
    KeyRejected(String),
    /// No `ENCRYPTED PRIVATE KEY` block in the file.
    #[error("不是加密的 PKCS#8 PEM 私钥文件 (not an encrypted PKCS#8 PEM private key)")]
    NotEncryptedPkcs8,
    /// The operating system gave no randomness.
    #[error("操作系统未能提供随机数 (no randomness from the operating system)")]
    NoRandomness,
    /// The passphrase does not open the key.
    #[error("口令错误，或私钥文件已损坏 (wrong passphrase, or the key file is damaged)")]
    WrongPassphrase,
}

/// A private key whose bytes are at hand: only for making and writing key files.
/// Turn it into a [`Signer`] with [`PrivateKey::signer`] and drop it.
pub struct PrivateKey {
    pkcs8: Zeroizing<Vec<u8>>,
}

impl PrivateKey {
    /// Makes a new key for SM2.
    pub fn generate_sm2() -> Result<Self, KeyFileError> {
        let pkcs8 = Sm2Key::generate(&SystemRandom::new())?;
        Ok(Self { pkcs8 })
    }

    /// Makes a new P-256 key.
    pub fn generate() -> Result<Self, KeyFileError> {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new())
            .map_err(|_| KeyFileError::NoRandomness)?;
        Ok(Self {
            pkcs8: Zeroizing::new(document.as_ref().to_vec()),
        })
    }

    /// Reads and decrypts a key file.
    pub fn read(path: &Path, passphrase: &Passphrase) -> Result<Self, KeyFileError> {
        let text = read_limited(path)?;
        if is_open_to_others(path) {
            tracing::warn!(path = %path.display(), "key file is readable by other users; chmod 600 it");
        }
        Self::from_pem(&text, passphrase)
    }

    /// Decrypts the text of a key file.
    pub fn from_pem(text: &str, passphrase: &Passphrase) -> Result<Self, KeyFileError> {
        let (label, document) =
            SecretDocument::from_pem(text).map_err(|_| KeyFileError::NotEncryptedPkcs8)?;
        if label != EncryptedPrivateKeyInfoOwned::PEM_LABEL {
            return Err(KeyFileError::NotEncryptedPkcs8);
        }
        let info = EncryptedPrivateKeyInfoRef::from_der(document.as_bytes())
            .map_err(|_| KeyFileError::NotEncryptedPkcs8)?;

        // Parameters are read before the passphrase is proven.
        let derivation = info.encryption_algorithm.pbes2().map(|scheme| &scheme.kdf);
        if let Some(rounds) = derivation
            .and_then(|kdf| kdf.pbkdf2())
            .map(|kdf| kdf.iteration_count)
            && rounds > MAX_PBKDF2_ROUNDS
        {
            return Err(KeyFileError::RoundsTooMany(rounds));
        }
        if let Some(cost) = derivation.and_then(|kdf| kdf.scrypt()) {
            let memory = cost
                .cost_parameter
                .saturating_mul(u64::from(cost.block_size))
                .saturating_mul(128);
            if memory > MAX_SCRYPT_MEMORY || cost.parallelization > 64 {
                return Err(KeyFileError::CostTooHigh(memory >> 20));
            }
        }

        let key = info.decrypt(passphrase.as_bytes()).map_err(|error| match error {
            pkcs8::Error::EncryptedPrivateKey(
                cause @ (pkcs5::Error::UnsupportedAlgorithm { .. }
                | pkcs5::Error::AlgorithmParametersInvalid { .. }
                | pkcs5::Error::NoPbes1CryptSupport),
            ) => KeyFileError::EncryptionUnsupported(cause.to_string()),
            // A wrong key shows as bad padding or, by chance, as padding that fits over bytes that
            // are no key: both mean the same.
            _ => KeyFileError::WrongPassphrase,
        })?;
        PrivateKeyInfoRef::from_der(key.as_bytes()).map_err(|_| KeyFileError::WrongPassphrase)?;
        Ok(Self {
            pkcs8: key.to_bytes(),
        })
    }

    /// Encrypts the key under `passphrase`, with fresh salt and initialisation vector.
    pub fn to_encrypted_pem(&self, passphrase: &Passphrase) -> Result<String, KeyFileError> {
        let rejected = |error: &dyn fmt::Display| KeyFileError::KeyRejected(error.to_string());
        let mut salt = [0; 16];
        let mut iv = [0; 16];
        let random = SystemRandom::new();
        random.fill(&mut salt).map_err(|_| KeyFileError::NoRandomness)?;
        random.fill(&mut iv).map_err(|_| KeyFileError::NoRandomness)?;

        let cost = scrypt::Params::new(SCRYPT_LOG_N, SCRYPT_R, SCRYPT_P).map_err(|e| rejected(&e))?;
        let parameters =
            pbes2::Parameters::generate_scrypt_aes256cbc(cost, &salt, iv).map_err(|e| rejected(&e))?;
        let info = PrivateKeyInfoRef::from_der(&self.pkcs8).map_err(|e| rejected(&e))?;
        let document = info
            .encrypt_with_params(parameters, passphrase.as_bytes())
            .map_err(|e| rejected(&e))?;
        let pem = document
            .to_pem(EncryptedPrivateKeyInfoOwned::PEM_LABEL, LineEnding::LF)
            .map_err(|e| rejected(&e))?;
        Ok(pem.to_string())
    }

    /// Writes an encrypted key file (mode 0600) that must not exist yet, durably.
    pub fn write_new(&self, path: &Path, passphrase: &Passphrase) -> Result<(), KeyFileError> {
        let pem = self.to_encrypted_pem(passphrase)?;
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AlreadyExists => KeyFileError::AlreadyExists(path.to_owned()),
            _ => KeyFileError::Io {
                path: path.to_owned(),
                source,
            },
        };
        write_durably(path, pem.as_bytes()).map_err(failed)
    }

    /// The signer over this key; the key object is made once, here.
    pub fn signer(&self) -> Result<KeyFile, KeyFileError> {
        let info = PrivateKeyInfoRef::from_der(&self.pkcs8)
            .map_err(|rejected| KeyFileError::KeyRejected(rejected.to_string()))?;
        if info.algorithm.parameters_oid() == Ok(Curve::Sm2.oid()) {
            return Ok(KeyFile(Inner::Sm2(Sm2Key::from_pkcs8(&self.pkcs8)?)));
        }
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &self.pkcs8, &random)
            .map_err(|rejected| KeyFileError::KeyRejected(rejected.to_string()))?;
        let mut public_key_info = P256_PUBLIC_KEY_PREFIX.to_vec();
        public_key_info.extend_from_slice(pair.public_key().as_ref());
        Ok(KeyFile(Inner::P256 {
            pair,
            public_key_info,
            random,
        }))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(..)")
    }
}

/// A [`Signer`] over a key that was read from a file.
pub struct KeyFile(Inner);

enum Inner {
    P256 {
        pair: EcdsaKeyPair,
        public_key_info: Vec<u8>,
        random: SystemRandom,
    },
    Sm2(Sm2Key),
}

impl KeyFile {
    /// Reads, decrypts and prepares a key.
    pub fn load(path: &Path, passphrase: &Passphrase) -> Result<Self, KeyFileError> {
        PrivateKey::read(path, passphrase)?.signer()
    }
}

impl Signer for KeyFile {
    fn scheme(&self) -> SignatureScheme {
        match &self.0 {
            Inner::P256 { .. } => SignatureScheme::EcdsaP256Sha256,
            Inner::Sm2(_) => SignatureScheme::Sm2Sm3,
        }
    }

    fn public_key_info(&self) -> &[u8] {
        match &self.0 {
            Inner::P256 { public_key_info, .. } => public_key_info,
            Inner::Sm2(key) => key.public_key_info(),
        }
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        match &self.0 {
            Inner::P256 { pair, random, .. } => {
                let signature = pair.sign(random, message).map_err(|_| SignerError::KeyFailed)?;
                Ok(signature.as_ref().to_vec())
            }
            Inner::Sm2(key) => key.sign(message),
        }
    }
}

impl fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyFile")
            .field("scheme", &self.scheme())
            .finish_non_exhaustive()
    }
}

fn is_open_to_others(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o077 != 0)
}

fn read_limited(path: &Path) -> Result<Zeroizing<String>, KeyFileError> {
    let failed = |source| KeyFileError::Io {
        path: path.to_owned(),
        source,
    };
    let mut text = Zeroizing::new(String::new());
    let file = File::open(path).map_err(failed)?;
    file.take(MAX_KEY_FILE)
        .read_to_string(&mut text)
        .map_err(failed)?;
    Ok(text)
}

fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    sync_name(path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::print_stderr)]

    use std::process::Command;

    use super::*;
    use crate::crypto::{DigestAlgorithm, SignatureAlgorithm, verify_signature};

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(text.to_owned()).unwrap()
    }

    #[test]
    fn a_written_key_is_read_back_and_signs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("seal.key");
        let key = PrivateKey::generate().unwrap();
        key.write_new(&path, &passphrase("正确的口令")).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(matches!(
            key.write_new(&path, &passphrase("x")),
            Err(KeyFileError::AlreadyExists(_))
        ));

        let signer = KeyFile::load(&path, &passphrase("正确的口令")).unwrap();
        let signature = signer.sign(b"message").unwrap();
        verify_signature(
            signer.public_key_info(),
            SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256),
            b"message",
            &signature,
        )
        .unwrap();
        assert!(matches!(
            KeyFile::load(&path, &passphrase("错误的口令")),
            Err(KeyFileError::WrongPassphrase)
        ));
    }

    #[test]
    fn openssl_reads_our_keys_and_we_read_its() {
        if !crate::judges::judge_is_here("openssl") {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let ours = folder.path().join("ours.key");
        let key = PrivateKey::generate().unwrap();
        key.write_new(&ours, &passphrase("correct horse")).unwrap();
        let public = Command::new("openssl")
            .args([
                "pkey",
                "-pubout",
                "-outform",
                "DER",
                "-passin",
                "pass:correct horse",
                "-in",
            ])
            .arg(&ours)
            .output()
            .unwrap();
        assert!(
            public.status.success(),
            "{}",
            String::from_utf8_lossy(&public.stderr)
        );
        assert_eq!(public.stdout, key.signer().unwrap().public_key_info());

        for options in [
            &["-scrypt"][..],
            &["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA256"],
        ] {
            let theirs = folder.path().join("theirs.key");
            let made = Command::new("sh")
                .arg("-c")
                .arg(format!(
                    "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 | \
                     openssl pkcs8 -topk8 {} -passout pass:abc -out '{}'",
                    options.join(" "),
                    theirs.display()
                ))
                .output()
                .unwrap();
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
            assert!(KeyFile::load(&theirs, &passphrase("abc")).is_ok(), "{options:?}");
        }

        // A file whose parameters would keep us busy for an hour is refused before its passphrase is tried.
        let slow = folder.path().join("slow.key");
        let made = Command::new("sh")
            .arg("-c")
            .arg(format!(
                "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 | \
                 openssl pkcs8 -topk8 -iter 10000001 -passout pass:abc -out '{}'",
                slow.display()
            ))
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let refused = KeyFile::load(&slow, &passphrase("abc"));
        assert!(refused.is_err_and(|e| matches!(e, KeyFileError::RoundsTooMany(10_000_001))));
    }

    #[test]
    fn files_that_are_no_keys_are_named_so() {
        let refused = |text: &str| PrivateKey::from_pem(text, &passphrase("x")).unwrap_err();
        assert!(matches!(refused(""), KeyFileError::NotEncryptedPkcs8));
        assert!(matches!(
            refused("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
            KeyFileError::NotEncryptedPkcs8
        ));
        assert!(matches!(
            Passphrase::new(String::new()),
            Err(KeyFileError::EmptyPassphrase)
        ));
    }

    #[test]
    fn a_passphrase_file_loses_only_its_line_ending() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pass");
        fs::write(&path, " with spaces \r\nsecond line").unwrap();
        assert_eq!(Passphrase::from_file(&path).unwrap().as_bytes(), b" with spaces ");
        assert_eq!(format!("{:?}", passphrase("secret")), "Passphrase(..)");
    }
}
