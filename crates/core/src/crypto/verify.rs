//! One door for checking a signature against a public key, whatever the algorithm.
//!
//! The algorithm comes as an `AlgorithmIdentifier`; what is unknown, weak or inconsistent is refused
//! by name and never skipped. ring does the mathematics.

use std::fmt;

use const_oid::ObjectIdentifier;
use der::{
    Decode, Sequence,
    asn1::{AnyRef, UintRef},
};
use ring::{digest, signature};
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

const SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA_512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ECDSA_SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const ECDSA_SHA_512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4");
const P_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const MGF_1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.8");
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const RSA_SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const RSA_SHA_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const RSA_SHA_512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
const ED_25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// Shortest RSA modulus accepted (bits): NIST SP 800-131A and ETSI TS 119 312 allow no less.
const MIN_RSA_BITS: usize = 2048;
/// Longest RSA modulus ring checks (bits).
const MAX_RSA_BITS: usize = 8192;

/// A message digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DigestAlgorithm {
    /// SHA-256 (FIPS 180-4).
    Sha256,
    /// SHA-384 (FIPS 180-4).
    Sha384,
    /// SHA-512 (FIPS 180-4).
    Sha512,
}

impl DigestAlgorithm {
    /// Reads an `AlgorithmIdentifier` of a digest. Parameters must be absent or NULL (RFC 5754 §2).
    pub fn from_identifier(identifier: &AlgorithmIdentifierRef<'_>) -> Result<Self, VerifyError> {
        if identifier.parameters.is_some_and(|p| !p.is_null()) {
            return Err(VerifyError::refused("digest with parameters", identifier.oid));
        }
        match identifier.oid {
            SHA_256 => Ok(Self::Sha256),
            SHA_384 => Ok(Self::Sha384),
            SHA_512 => Ok(Self::Sha512),
            other => Err(VerifyError::refused("digest algorithm", other)),
        }
    }

    /// Digest of `data`.
    pub fn digest(self, data: &[u8]) -> Vec<u8> {
        digest::digest(self.ring(), data).as_ref().to_vec()
    }

    /// The same digest in ring's words, for incremental hashing.
    pub fn ring(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        }
    }
}

impl fmt::Display for DigestAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        })
    }
}

/// A signature algorithm as named beside a signature; the key's own type joins when verifying.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// ECDSA with DER signatures.
    Ecdsa(DigestAlgorithm),
    /// Pure Ed25519 (RFC 8032).
    Ed25519,
    /// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2).
    RsaPkcs1(DigestAlgorithm),
    /// RSASSA-PSS (RFC 8017 §8.1), MGF1 over the same digest, salt as long as the digest.
    RsaPss(DigestAlgorithm),
}

/// `RSASSA-PSS-params` (RFC 8017 A.2.3). Every default in it is SHA-1 and so is refused.
#[derive(Sequence)]
struct PssParameters<'a> {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    hash: Option<AlgorithmIdentifierRef<'a>>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    mask: Option<AlgorithmIdentifierRef<'a>>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", optional = "true")]
    salt_length: Option<u32>,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", optional = "true")]
    trailer: Option<u32>,
}

/// `RSAPublicKey` (RFC 8017 A.1.1).
#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    exponent: UintRef<'a>,
}

impl SignatureAlgorithm {
    /// Reads an `AlgorithmIdentifier` of a signature.
    ///
    /// CMS lets the signature algorithm leave out the digest (`rsaEncryption`, RFC 3370 §3.2), which is
    /// then the one of the SignerInfo: `digest`. Where both are named they must agree.
    pub fn from_identifier(
        identifier: &AlgorithmIdentifierRef<'_>,
        digest: Option<DigestAlgorithm>,
    ) -> Result<Self, VerifyError> {
        use DigestAlgorithm::{Sha256, Sha384, Sha512};

        let algorithm = match (identifier.oid, digest) {
            (ECDSA_SHA_256, _) => Self::Ecdsa(Sha256),
            (ECDSA_SHA_384, _) => Self::Ecdsa(Sha384),
            (ECDSA_SHA_512, _) => Self::Ecdsa(Sha512),
            (RSA_SHA_256, _) => Self::RsaPkcs1(Sha256),
            (RSA_SHA_384, _) => Self::RsaPkcs1(Sha384),
            (RSA_SHA_512, _) => Self::RsaPkcs1(Sha512),
            (RSA, Some(digest)) => Self::RsaPkcs1(digest),
            (RSA_PSS, _) => Self::RsaPss(pss_digest(identifier.parameters)?),
            (ED_25519, _) => Self::Ed25519,
            (other, _) => return Err(VerifyError::refused("signature algorithm", other)),
        };
        let parameters_fit = match algorithm {
            Self::RsaPss(_) => true,
            Self::RsaPkcs1(_) => identifier.parameters.is_none_or(AnyRef::is_null),
            Self::Ecdsa(_) | Self::Ed25519 => identifier.parameters.is_none(),
        };
        if !parameters_fit {
            return Err(VerifyError::refused("unexpected parameters of", identifier.oid));
        }
        match (algorithm.digest(), digest) {
            (Some(named), Some(expected)) if named != expected => Err(VerifyError::AlgorithmRefused(
                format!("the signature algorithm uses {named}, the digest algorithm is {expected}"),
            )),
            _ => Ok(algorithm),
        }
    }

    /// The digest the algorithm names, if it names one.
    pub fn digest(self) -> Option<DigestAlgorithm> {
        match self {
            Self::Ecdsa(digest) | Self::RsaPkcs1(digest) | Self::RsaPss(digest) => Some(digest),
            Self::Ed25519 => None,
        }
    }
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ecdsa(digest) => write!(f, "ECDSA with {digest}"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::RsaPkcs1(digest) => write!(f, "RSA PKCS#1 v1.5 with {digest}"),
            Self::RsaPss(digest) => write!(f, "RSA-PSS with {digest}"),
        }
    }
}

/// Why a signature is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// Unknown, too weak or inconsistent algorithm.
    #[error("algorithm refused: {0}")]
    AlgorithmRefused(String),
    /// The public key is malformed, too short, or of another kind than the algorithm.
    #[error("public key refused: {0}")]
    KeyRefused(String),
    /// The signature value is wrong for this key and message.
    #[error("the signature value does not match")]
    SignatureWrong,
}

impl VerifyError {
    fn refused(what: &str, oid: ObjectIdentifier) -> Self {
        Self::AlgorithmRefused(format!("{what} {oid}"))
    }
}

/// Verifies `signature` over `message` under the key of `public_key_info` (DER of a
/// `SubjectPublicKeyInfo`).
pub fn verify_signature(
    public_key_info: &[u8],
    algorithm: SignatureAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> Result<(), VerifyError> {
    use DigestAlgorithm::{Sha256, Sha384, Sha512};

    let info = SubjectPublicKeyInfoRef::from_der(public_key_info)
        .map_err(|_| VerifyError::KeyRefused("not a SubjectPublicKeyInfo".to_owned()))?;
    let key = info
        .subject_public_key
        .as_bytes()
        .ok_or_else(|| VerifyError::KeyRefused("the key is not whole octets".to_owned()))?;

    let verification: &dyn signature::VerificationAlgorithm = match algorithm {
        SignatureAlgorithm::Ecdsa(digest) => match (ec_curve(&info)?, digest) {
            (P_256, Sha256) => &signature::ECDSA_P256_SHA256_ASN1,
            (P_256, Sha384) => &signature::ECDSA_P256_SHA384_ASN1,
            (P_384, Sha256) => &signature::ECDSA_P384_SHA256_ASN1,
            (P_384, Sha384) => &signature::ECDSA_P384_SHA384_ASN1,
            (P_256 | P_384, digest) => {
                return Err(VerifyError::AlgorithmRefused(format!(
                    "ECDSA on this curve with {digest} is not supported"
                )));
            }
            (other, _) => {
                return Err(VerifyError::KeyRefused(format!(
                    "elliptic curve {other} is not supported"
                )));
            }
        },
        SignatureAlgorithm::RsaPkcs1(digest) => {
            check_rsa_key(&info, key, &[RSA])?;
            match digest {
                Sha256 => &signature::RSA_PKCS1_2048_8192_SHA256,
                Sha384 => &signature::RSA_PKCS1_2048_8192_SHA384,
                Sha512 => &signature::RSA_PKCS1_2048_8192_SHA512,
            }
        }
        SignatureAlgorithm::RsaPss(digest) => {
            check_rsa_key(&info, key, &[RSA, RSA_PSS])?;
            if info.algorithm.oid == RSA_PSS
                && let Some(parameters) = info.algorithm.parameters
                && pss_digest(Some(parameters))? != digest
            {
                return Err(VerifyError::KeyRefused(
                    "the RSA-PSS key is bound to another digest".to_owned(),
                ));
            }
            match digest {
                Sha256 => &signature::RSA_PSS_2048_8192_SHA256,
                Sha384 => &signature::RSA_PSS_2048_8192_SHA384,
                Sha512 => &signature::RSA_PSS_2048_8192_SHA512,
            }
        }
        SignatureAlgorithm::Ed25519 => {
            expect_key_type(&info, &[ED_25519])?;
            &signature::ED25519
        }
    };
    signature::UnparsedPublicKey::new(verification, key)
        .verify(message, signature)
        .map_err(|_| VerifyError::SignatureWrong)
}

fn pss_digest(parameters: Option<AnyRef<'_>>) -> Result<DigestAlgorithm, VerifyError> {
    let refused = |why: &str| VerifyError::AlgorithmRefused(format!("RSA-PSS {why}"));
    let parameters: PssParameters<'_> = parameters
        .ok_or_else(|| refused("without parameters"))?
        .decode_as()
        .map_err(|_| refused("parameters are malformed"))?;
    let hash = parameters.hash.ok_or_else(|| refused("with its default SHA-1"))?;
    let digest = DigestAlgorithm::from_identifier(&hash)?;
    let mask = parameters
        .mask
        .ok_or_else(|| refused("with the default mask over SHA-1"))?;
    let mask_digest = mask
        .parameters
        .filter(|_| mask.oid == MGF_1)
        .and_then(|p| p.decode_as::<AlgorithmIdentifierRef<'_>>().ok())
        .ok_or_else(|| refused("with a mask other than MGF1"))?;
    if DigestAlgorithm::from_identifier(&mask_digest)? != digest {
        return Err(refused("with two different digests"));
    }
    if parameters.salt_length.map(|n| n as usize) != Some(digest.ring().output_len()) {
        return Err(refused("with a salt length other than the digest's"));
    }
    if parameters.trailer.is_some_and(|t| t != 1) {
        return Err(refused("with an unknown trailer"));
    }
    Ok(digest)
}

fn expect_key_type(
    info: &SubjectPublicKeyInfoRef<'_>,
    types: &[ObjectIdentifier],
) -> Result<(), VerifyError> {
    if types.contains(&info.algorithm.oid) {
        return Ok(());
    }
    Err(VerifyError::KeyRefused(format!(
        "key type {} does not fit the signature algorithm",
        info.algorithm.oid
    )))
}

fn ec_curve(info: &SubjectPublicKeyInfoRef<'_>) -> Result<ObjectIdentifier, VerifyError> {
    expect_key_type(info, &[EC_PUBLIC_KEY])?;
    info.algorithm
        .parameters_oid()
        .map_err(|_| VerifyError::KeyRefused("the elliptic curve is not a named one".to_owned()))
}

/// ring refuses short keys with the same silence as wrong signatures; a verdict needs the difference.
fn check_rsa_key(
    info: &SubjectPublicKeyInfoRef<'_>,
    key: &[u8],
    types: &[ObjectIdentifier],
) -> Result<(), VerifyError> {
    expect_key_type(info, types)?;
    let key = RsaPublicKey::from_der(key)
        .map_err(|_| VerifyError::KeyRefused("not an RSA public key".to_owned()))?;
    let modulus = key.modulus.as_bytes();
    let bits = modulus.len() * 8 - modulus.first().map_or(0, |b| b.leading_zeros() as usize);
    if !(MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits) {
        return Err(VerifyError::KeyRefused(format!(
            "an RSA key of {bits} bits; {MIN_RSA_BITS} to {MAX_RSA_BITS} are accepted"
        )));
    }
    if key.exponent.as_bytes() == [1] {
        return Err(VerifyError::KeyRefused("an RSA key with exponent 1".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::print_stderr)]

    use std::{fs, process::Command};

    use der::Encode;

    use super::*;

    #[test]
    fn signatures_made_by_openssl_verify_for_every_algorithm() {
        if !crate::judges::judge_is_here("openssl") {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let shell = |script: String| {
            let done = Command::new("sh")
                .arg("-ec")
                .arg(script)
                .current_dir(&folder)
                .output()
                .unwrap();
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        };
        let sha256 = DigestAlgorithm::Sha256;
        let pss = "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest";
        let cases = [
            (
                "EC -pkeyopt ec_paramgen_curve:P-256",
                "-sha256",
                SignatureAlgorithm::Ecdsa(sha256),
            ),
            (
                "EC -pkeyopt ec_paramgen_curve:P-384",
                "-sha384",
                SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha384),
            ),
            (
                "RSA -pkeyopt rsa_keygen_bits:2048",
                "-sha256",
                SignatureAlgorithm::RsaPkcs1(sha256),
            ),
            (
                "RSA -pkeyopt rsa_keygen_bits:2048",
                "-sha512",
                SignatureAlgorithm::RsaPkcs1(DigestAlgorithm::Sha512),
            ),
            (
                "RSA -pkeyopt rsa_keygen_bits:2048",
                "-sha256 PSS",
                SignatureAlgorithm::RsaPss(sha256),
            ),
            ("ED25519", "-rawin", SignatureAlgorithm::Ed25519),
        ];
        for (key, options, algorithm) in cases {
            let sign = if options == "-rawin" {
                "openssl pkeyutl -sign -rawin -inkey key -in message -out signature".to_owned()
            } else {
                format!(
                    "openssl dgst {} -sign key -out signature message",
                    options.replace("PSS", pss)
                )
            };
            shell(format!(
                "printf message > message; openssl genpkey -algorithm {key} -out key 2>/dev/null; \
                 openssl pkey -in key -pubout -outform DER -out public; {sign}"
            ));
            let public = fs::read(folder.path().join("public")).unwrap();
            let mut signature = fs::read(folder.path().join("signature")).unwrap();
            verify_signature(&public, algorithm, b"message", &signature)
                .unwrap_or_else(|e| panic!("{algorithm}: {e}"));
            assert_eq!(
                verify_signature(&public, algorithm, b"massage", &signature),
                Err(VerifyError::SignatureWrong)
            );
            *signature.last_mut().unwrap() ^= 1;
            assert_eq!(
                verify_signature(&public, algorithm, b"message", &signature),
                Err(VerifyError::SignatureWrong)
            );
        }

        shell(
            "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out key 2>/dev/null; \
             openssl pkey -in key -pubout -outform DER -out public"
                .to_owned(),
        );
        let short = fs::read(folder.path().join("public")).unwrap();
        let refused = verify_signature(&short, SignatureAlgorithm::RsaPkcs1(sha256), b"", &[0; 128]);
        assert!(matches!(&refused, Err(VerifyError::KeyRefused(why)) if why.contains("1024")));
        let mismatch = verify_signature(&short, SignatureAlgorithm::Ed25519, b"", &[0; 64]);
        assert!(matches!(mismatch, Err(VerifyError::KeyRefused(_))));
    }

    #[test]
    fn identifiers_are_read_strictly() {
        let read = |oid: &str, parameters: Option<AnyRef<'_>>, digest| {
            let oid = ObjectIdentifier::new_unwrap(oid);
            SignatureAlgorithm::from_identifier(&AlgorithmIdentifierRef { oid, parameters }, digest)
        };
        let sha256 = Some(DigestAlgorithm::Sha256);
        assert!(read("1.2.840.10045.4.3.2", None, sha256).is_ok());
        assert!(read("1.2.840.10045.4.3.2", Some(AnyRef::NULL), sha256).is_err());
        assert!(read("1.2.840.10045.4.3.3", None, sha256).is_err(), "two digests");
        assert!(read("1.2.840.113549.1.1.1", Some(AnyRef::NULL), sha256).is_ok());
        assert!(read("1.2.840.113549.1.1.1", Some(AnyRef::NULL), None).is_err());
        assert!(
            read("1.2.840.113549.1.1.5", Some(AnyRef::NULL), None).is_err(),
            "SHA-1"
        );
        assert!(
            read("1.2.840.113549.1.1.10", None, None).is_err(),
            "PSS without parameters"
        );
    }

    #[test]
    fn pss_parameters_must_name_one_digest_throughout() {
        let digest = |oid| AlgorithmIdentifierRef {
            oid,
            parameters: None,
        };
        let encode = |hash, mask_hash, salt| {
            let inner = digest(mask_hash).to_der().unwrap();
            let mask = AlgorithmIdentifierRef {
                oid: MGF_1,
                parameters: Some(AnyRef::from_der(&inner).unwrap()),
            };
            PssParameters {
                hash: Some(digest(hash)),
                mask: Some(mask),
                salt_length: Some(salt),
                trailer: None,
            }
            .to_der()
            .unwrap()
        };
        let read = |der: &[u8]| pss_digest(Some(AnyRef::from_der(der).unwrap()));
        assert_eq!(read(&encode(SHA_384, SHA_384, 48)), Ok(DigestAlgorithm::Sha384));
        assert!(read(&encode(SHA_384, SHA_256, 48)).is_err());
        assert!(read(&encode(SHA_256, SHA_256, 20)).is_err());
        assert!(read(b"\x30\x00").is_err(), "all defaults: SHA-1");
    }
}
