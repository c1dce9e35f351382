//! SM2 keys that sign (GB/T 32918.2-2016). RustCrypto does the mathematics.
//!
//! Of the libraries there are, `sm2` of RustCrypto is neither the only one nor the fastest (`efficient-sm2` takes about
//! two thirds of its time to sign and half of it to verify), but it is kept by those who keep our other curves, works in
//! constant time, and takes its nonces from the key and the message (RFC 6979), so that no bad random number gives
//! a key away.

use ::sm2::{
    SecretKey,
    dsa::{Signature, SigningKey, signature::Signer as _},
    pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _},
};
use pkcs8::spki::EncodePublicKey as _;
use ring::rand::SecureRandom;
use zeroize::Zeroizing;

use super::{KeyFileError, SignerError, ecdsa::p256_to_der};

/// The distinguishing identifier of whoever signs, where nobody says another: everybody, also in X.509 (GB/T 35276-2017
/// clause 10, GM/T 0009).
pub(super) const IDENTITY: &str = "1234567812345678";

/// A private key that signs.
pub(super) struct Sm2Key {
    key: SigningKey,
    public_key_info: Vec<u8>,
}

impl Sm2Key {
    /// PKCS#8 of a new key.
    pub(super) fn generate(random: &dyn SecureRandom) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
        // A number beyond the order comes up once in 2^32 tries.
        for _ in 0..4 {
            let mut scalar = Zeroizing::new([0; 32]);
            random
                .fill(scalar.as_mut())
                .map_err(|_| KeyFileError::NoRandomness)?;
            if let Ok(key) = SecretKey::from_slice(scalar.as_ref()) {
                let document = key.to_pkcs8_der().map_err(rejected)?;
                return Ok(document.to_bytes());
            }
        }
        Err(KeyFileError::NoRandomness)
    }

    /// Reads PKCS#8.
    pub(super) fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, KeyFileError> {
        let secret = SecretKey::from_pkcs8_der(pkcs8).map_err(rejected)?;
        let public_key_info = secret.public_key().to_public_key_der().map_err(rejected)?;
        Ok(Self {
            key: SigningKey::new(IDENTITY, &secret).map_err(rejected)?,
            public_key_info: public_key_info.into_vec(),
        })
    }

    /// DER of its `SubjectPublicKeyInfo`.
    pub(super) fn public_key_info(&self) -> &[u8] {
        &self.public_key_info
    }

    /// Signs a message; the signature in DER.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        let signature: Signature = self.key.try_sign(message).map_err(|_| SignerError::KeyFailed)?;
        let mut fixed = [0; Signature::BYTE_SIZE];
        fixed.copy_from_slice(&signature.to_bytes());
        p256_to_der(&fixed).map_err(|_| SignerError::KeyFailed)
    }
}

fn rejected(error: impl std::fmt::Display) -> KeyFileError {
    KeyFileError::KeyRejected(error.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::{fs, path::Path, process::Command};

    use super::*;
    use crate::crypto::{
        KeyFileError, Passphrase, PrivateKey, SignatureAlgorithm, SignatureScheme, Signer as _, VerifyError,
        key_file::KeyFile, verify_signature, verify_value,
    };

    const SM2: SignatureAlgorithm = SignatureAlgorithm::Sm2;

    fn passphrase() -> Passphrase {
        Passphrase::new("abc".to_owned()).unwrap()
    }

    #[test]
    fn the_published_signature_verifies() {
        // GB/T 32918.5-2017 annex A, over the identity of all.
        let prefix = "3059301306072a8648ce3d020106082a811ccf5501822d034200";
        let point = "0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020\
                     CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13";
        let value = "3046022100f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3\
                     022100b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa";
        let info = hex::decode(format!("{prefix}{point}")).unwrap();
        let value = hex::decode(value).unwrap();
        verify_signature(&info, SM2, b"message digest", &value).unwrap();
        let refused = verify_value(&info, SM2, b"message digesT", &value).unwrap_err();
        assert_eq!(refused, VerifyError::SignatureWrong);
        // The same bytes as ECDSA: another algorithm, which the key is not for.
        let ecdsa = SignatureAlgorithm::Ecdsa(crate::crypto::DigestAlgorithm::Sm3);
        let refused = verify_value(&info, ecdsa, b"message digest", &value).unwrap_err();
        assert!(matches!(refused, VerifyError::KeyRefused(_)), "{refused}");
        // A point beside the curve.
        let mut beside = info.clone();
        *beside.last_mut().unwrap() ^= 1;
        let refused = verify_value(&beside, SM2, b"message digest", &value).unwrap_err();
        assert!(matches!(refused, VerifyError::KeyRefused(_)), "{refused}");
    }

    #[test]
    fn a_key_file_holds_an_sm2_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sm2.key");
        PrivateKey::generate_sm2()
            .unwrap()
            .write_new(&path, &passphrase())
            .unwrap();
        let key = KeyFile::load(&path, &passphrase()).unwrap();
        assert_eq!(key.scheme(), SignatureScheme::Sm2Sm3);
        let signature = key.sign(b"message").unwrap();
        assert!(signature.len() <= key.scheme().max_signature_len());
        let named = SignatureAlgorithm::parse(key.scheme().algorithm_identifier()).unwrap();
        assert_eq!(named, SM2);
        verify_signature(key.public_key_info(), named, b"message", &signature).unwrap();
    }

    fn openssl(folder: &Path, arguments: &str) -> bool {
        let made = Command::new("openssl")
            .args(arguments.split_whitespace())
            .current_dir(folder)
            .output()
            .unwrap();
        made.status.success()
    }

    #[test]
    fn openssl_agrees_in_both_directions() {
        if !crate::judges::judge_is_here("openssl") {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("message"), "要签的内容").unwrap();

        // Its key and signature, checked by us.
        assert!(openssl(
            folder.path(),
            "genpkey -algorithm SM2 -aes-256-cbc -pass pass:abc -out theirs.key"
        ));
        let identity = format!("-rawin -digest sm3 -pkeyopt distid:{IDENTITY} -in message");
        let sign = format!("pkeyutl -sign -inkey theirs.key -passin pass:abc -out theirs.sig {identity}");
        assert!(openssl(folder.path(), &sign));
        let theirs = KeyFile::load(&at("theirs.key"), &passphrase()).unwrap();
        let message = fs::read(at("message")).unwrap();
        let signature = fs::read(at("theirs.sig")).unwrap();
        verify_signature(theirs.public_key_info(), SM2, &message, &signature).unwrap();

        // Ours, checked by it: with the identity of all, and not without one.
        let key = PrivateKey::generate_sm2().unwrap();
        key.write_new(&at("ours.key"), &passphrase()).unwrap();
        let ours = key.signer().unwrap();
        fs::write(at("ours.sig"), ours.sign(&message).unwrap()).unwrap();
        let verify = format!("pkeyutl -verify -inkey ours.key -passin pass:abc -sigfile ours.sig {identity}");
        assert!(openssl(folder.path(), &verify));
        assert!(!openssl(folder.path(), &verify.replace(IDENTITY, "somebody")));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for pkcs8 in [&b""[..], b"\x30\x00"] {
            assert!(matches!(
                Sm2Key::from_pkcs8(pkcs8),
                Err(KeyFileError::KeyRejected(_))
            ));
        }
    }
}
