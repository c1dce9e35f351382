//! Signature algorithms as certificates, revocation lists and CMS name them.
//!
//! An `AlgorithmIdentifier` is read strictly: what is unknown, has parameters it must not have, or leaves
//! open which digest is meant is refused by name. Weak algorithms are read, for
//! [`policy`](super::policy) to judge.

use std::fmt;

use const_oid::ObjectIdentifier;
#[cfg(test)]
use der::Encode as _;
use der::{Decode, Sequence, asn1::AnyRef};
use spki::AlgorithmIdentifierRef;

use super::{
    digest::DigestAlgorithm::{
        self, Md5, Sha1, Sha3_224, Sha3_256, Sha3_384, Sha3_512, Sha224, Sha256, Sha384, Sha512, Sm3,
    },
    verify::{EC_PUBLIC_KEY, VerifyError},
};

pub(crate) const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
pub(crate) const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
pub(crate) const ED_25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const MGF_1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.8");
/// ansi-X9-62 signatures without a digest: pyHanko writes it and leaves the digest to the SignerInfo.
const ECDSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4");
/// SM2 signatures without a digest, as GB/T 35275 structures name them, and the SM2 algorithm as such (GB/T 33560).
const SM2: [ObjectIdentifier; 2] = [
    ObjectIdentifier::new_unwrap("1.2.156.10197.1.301.1"),
    ObjectIdentifier::new_unwrap("1.2.156.10197.1.301"),
];

/// A signature algorithm as named beside a signature; the key's own type joins when verifying.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// ECDSA, signature as DER `SEQUENCE { r, s }`.
    Ecdsa(DigestAlgorithm),
    /// ECDSA, signature as r‖s (BSI TR-03111 §5.2.1).
    EcdsaPlain(DigestAlgorithm),
    /// Pure Ed25519 (RFC 8032).
    Ed25519,
    /// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2).
    RsaPkcs1(DigestAlgorithm),
    /// RSASSA-PSS (RFC 8017 §8.1).
    RsaPss(Pss),
    /// SM2 with SM3 (GB/T 32918.2-2016) over the identity that all keys have (GB/T 35276), signature as DER
    /// `SEQUENCE { r, s }`.
    Sm2,
}

/// Parameters of RSASSA-PSS. The mask is always MGF1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pss {
    /// Digest of the message.
    pub digest: DigestAlgorithm,
    /// Digest inside MGF1.
    pub mask: DigestAlgorithm,
    /// Length of the salt in bytes.
    pub salt_length: usize,
}

impl Pss {
    /// One digest throughout, salt as long as it: what ETSI TS 119 312 recommends.
    pub const fn uniform(digest: DigestAlgorithm) -> Self {
        Self {
            digest,
            mask: digest,
            salt_length: digest.output_len(),
        }
    }

    /// DER of the `AlgorithmIdentifier` that names these parameters, with NULL or nothing behind each digest.
    #[cfg(test)]
    pub(crate) fn identifier(self, digest_parameters: Option<AnyRef<'_>>) -> Vec<u8> {
        let digest = |digest: DigestAlgorithm| AlgorithmIdentifierRef {
            oid: digest.oid(),
            parameters: digest_parameters,
        };
        let encoded = || -> der::Result<Vec<u8>> {
            let inner = digest(self.mask).to_der()?;
            // DER leaves out what is a default.
            let parameters = PssParameters {
                hash: (self.digest != Sha1).then(|| digest(self.digest)),
                mask: match self.mask {
                    Sha1 => None,
                    _ => Some(AlgorithmIdentifierRef {
                        oid: MGF_1,
                        parameters: Some(AnyRef::from_der(&inner)?),
                    }),
                },
                salt_length: (self.salt_length != 20)
                    .then(|| u32::try_from(self.salt_length))
                    .transpose()?,
                trailer: None,
            };
            let parameters = parameters.to_der()?;
            let identifier = AlgorithmIdentifierRef {
                oid: RSA_PSS,
                parameters: Some(AnyRef::from_der(&parameters)?),
            };
            identifier.to_der()
        };
        encoded().unwrap_or_default()
    }

    /// Reads `RSASSA-PSS-params`. What is left out has its default: SHA-1 and 20 bytes (RFC 8017 A.2.3).
    pub(super) fn read(parameters: Option<AnyRef<'_>>) -> Result<Self, VerifyError> {
        let refused = |why: &str| VerifyError::AlgorithmRefused(format!("RSA-PSS {why}"));
        let parameters: PssParameters<'_> = parameters
            .ok_or_else(|| refused("without parameters"))?
            .decode_as()
            .map_err(|_| refused("parameters are malformed"))?;
        let digest = match &parameters.hash {
            None => Sha1,
            Some(identifier) => DigestAlgorithm::from_identifier(identifier)?,
        };
        let mask = match &parameters.mask {
            None => Sha1,
            Some(mask) => {
                let inner = mask
                    .parameters
                    .filter(|_| mask.oid == MGF_1)
                    .and_then(|p| p.decode_as::<AlgorithmIdentifierRef<'_>>().ok())
                    .ok_or_else(|| refused("with a mask other than MGF1"))?;
                DigestAlgorithm::from_identifier(&inner)?
            }
        };
        if parameters.trailer.is_some_and(|trailer| trailer != 1) {
            return Err(refused("with an unknown trailer"));
        }
        Ok(Self {
            digest,
            mask,
            salt_length: parameters.salt_length.map_or(20, |length| length as usize),
        })
    }
}

/// `RSASSA-PSS-params` (RFC 8017 A.2.3).
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

impl SignatureAlgorithm {
    /// Reads an `AlgorithmIdentifier` of a signature.
    ///
    /// CMS lets the signature algorithm leave out the digest (`rsaEncryption`, RFC 3370 §3.2), which is
    /// then the one of the SignerInfo: `digest`. Where both are named they may differ, see
    /// [`SignatureAlgorithm::agrees_with`].
    pub fn from_identifier(
        identifier: &AlgorithmIdentifierRef<'_>,
        digest: Option<DigestAlgorithm>,
    ) -> Result<Self, VerifyError> {
        let algorithm = match (identifier.oid, digest) {
            (RSA, Some(digest)) => Self::RsaPkcs1(digest),
            // Some name the kind of key instead (iText, Windows), as RFC 3370 has it for RSA alone; the digest says the rest.
            (ECDSA | EC_PUBLIC_KEY, Some(digest)) => Self::Ecdsa(digest),
            (RSA_PSS, _) => Self::RsaPss(Pss::read(identifier.parameters)?),
            (ED_25519, _) => Self::Ed25519,
            (oid, Some(Sm3)) if SM2.contains(&oid) => Self::Sm2,
            (oid, _) => match NAMED.iter().find(|(named, _)| *named == oid) {
                Some((_, algorithm)) => *algorithm,
                None => return Err(VerifyError::refused("signature algorithm", oid)),
            },
        };
        let parameters_fit = match algorithm {
            Self::RsaPss(_) => true,
            // NULL is wrong beside ECDSA (RFC 5758 §3.2), common, and says nothing.
            Self::RsaPkcs1(_) | Self::Ecdsa(_) | Self::Sm2 => {
                identifier.parameters.is_none_or(AnyRef::is_null)
            }
            // TR-03111 §5.2.1 lets it name the curve once more.
            Self::EcdsaPlain(_) => identifier
                .parameters
                .is_none_or(|p| p.is_null() || p.decode_as::<ObjectIdentifier>().is_ok()),
            Self::Ed25519 => identifier.parameters.is_none(),
        };
        if !parameters_fit {
            return Err(VerifyError::refused("unexpected parameters of", identifier.oid));
        }
        Ok(algorithm)
    }

    /// Reads the DER of an `AlgorithmIdentifier` that says all by itself.
    pub fn parse(der: &[u8]) -> Result<Self, VerifyError> {
        let identifier = AlgorithmIdentifierRef::from_der(der)
            .map_err(|_| VerifyError::AlgorithmRefused("not an AlgorithmIdentifier".to_owned()))?;
        Self::from_identifier(&identifier, None)
    }

    /// The digest the algorithm names, if it names one.
    pub fn digest(self) -> Option<DigestAlgorithm> {
        match self {
            Self::Ecdsa(digest) | Self::EcdsaPlain(digest) | Self::RsaPkcs1(digest) => Some(digest),
            Self::RsaPss(pss) => Some(pss.digest),
            Self::Sm2 => Some(Sm3),
            Self::Ed25519 => None,
        }
    }

    /// Whether a SignerInfo may name this digest beside this algorithm: the same digest, and SHA-512 beside
    /// Ed25519 (RFC 8419 §3.1).
    pub fn agrees_with(self, digest: DigestAlgorithm) -> bool {
        self.digest().unwrap_or(Sha512) == digest
    }
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ecdsa(digest) => write!(f, "ECDSA with {digest}"),
            Self::EcdsaPlain(digest) => write!(f, "plain ECDSA with {digest}"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::RsaPkcs1(digest) => write!(f, "RSA PKCS#1 v1.5 with {digest}"),
            Self::RsaPss(pss) if pss.mask == pss.digest => write!(f, "RSA-PSS with {}", pss.digest),
            Self::RsaPss(pss) => write!(f, "RSA-PSS with {} and a mask of {}", pss.digest, pss.mask),
            Self::Sm2 => f.write_str("SM2 with SM3"),
        }
    }
}

/// Identifiers that say all: RFC 8017 A.2.4, RFC 5758, RFC 8692 and NIST CSOR (SHA-3), BSI TR-03111 §5.2.1,
/// GB/T 33560.
pub(crate) const NAMED: [(ObjectIdentifier, SignatureAlgorithm); 30] = {
    use SignatureAlgorithm::{Ecdsa, EcdsaPlain, RsaPkcs1, Sm2};
    const fn oid(text: &str) -> ObjectIdentifier {
        ObjectIdentifier::new_unwrap(text)
    }
    [
        (oid("1.2.840.113549.1.1.11"), RsaPkcs1(Sha256)),
        (oid("1.2.840.113549.1.1.12"), RsaPkcs1(Sha384)),
        (oid("1.2.840.113549.1.1.13"), RsaPkcs1(Sha512)),
        (oid("1.2.840.113549.1.1.14"), RsaPkcs1(Sha224)),
        (oid("1.2.840.113549.1.1.5"), RsaPkcs1(Sha1)),
        (oid("1.3.14.3.2.29"), RsaPkcs1(Sha1)),
        (oid("1.2.840.113549.1.1.4"), RsaPkcs1(Md5)),
        (oid("2.16.840.1.101.3.4.3.13"), RsaPkcs1(Sha3_224)),
        (oid("2.16.840.1.101.3.4.3.14"), RsaPkcs1(Sha3_256)),
        (oid("2.16.840.1.101.3.4.3.15"), RsaPkcs1(Sha3_384)),
        (oid("2.16.840.1.101.3.4.3.16"), RsaPkcs1(Sha3_512)),
        (oid("1.2.840.10045.4.1"), Ecdsa(Sha1)),
        (oid("1.2.840.10045.4.3.1"), Ecdsa(Sha224)),
        (oid("1.2.840.10045.4.3.2"), Ecdsa(Sha256)),
        (oid("1.2.840.10045.4.3.3"), Ecdsa(Sha384)),
        (oid("1.2.840.10045.4.3.4"), Ecdsa(Sha512)),
        (oid("2.16.840.1.101.3.4.3.9"), Ecdsa(Sha3_224)),
        (oid("2.16.840.1.101.3.4.3.10"), Ecdsa(Sha3_256)),
        (oid("2.16.840.1.101.3.4.3.11"), Ecdsa(Sha3_384)),
        (oid("2.16.840.1.101.3.4.3.12"), Ecdsa(Sha3_512)),
        (oid("0.4.0.127.0.7.1.1.4.1.1"), EcdsaPlain(Sha1)),
        (oid("0.4.0.127.0.7.1.1.4.1.2"), EcdsaPlain(Sha224)),
        (oid("0.4.0.127.0.7.1.1.4.1.3"), EcdsaPlain(Sha256)),
        (oid("0.4.0.127.0.7.1.1.4.1.4"), EcdsaPlain(Sha384)),
        (oid("0.4.0.127.0.7.1.1.4.1.5"), EcdsaPlain(Sha512)),
        (oid("0.4.0.127.0.7.1.1.4.1.8"), EcdsaPlain(Sha3_224)),
        (oid("0.4.0.127.0.7.1.1.4.1.9"), EcdsaPlain(Sha3_256)),
        (oid("0.4.0.127.0.7.1.1.4.1.10"), EcdsaPlain(Sha3_384)),
        (oid("0.4.0.127.0.7.1.1.4.1.11"), EcdsaPlain(Sha3_512)),
        (oid("1.2.156.10197.1.501"), Sm2),
    ]
};

/// Names of what is recognised and not supported, so that a refusal says more than a number.
pub(super) fn unsupported_name(oid: ObjectIdentifier) -> Option<&'static str> {
    const NAMES: [(&str, &str); 15] = [
        ("1.3.101.113", "Ed448"),
        ("1.3.36.3.2.1", "RIPEMD-160"),
        ("1.2.840.113549.2.2", "MD2"),
        ("1.2.840.113549.1.1.2", "RSA with MD2"),
        ("1.2.840.10040.4.3", "DSA with SHA-1"),
        ("2.16.840.1.101.3.4.3.2", "DSA with SHA-256"),
        ("2.16.840.1.101.3.4.2.5", "SHA-512/224"),
        ("2.16.840.1.101.3.4.2.6", "SHA-512/256"),
        ("2.16.840.1.101.3.4.2.11", "SHAKE128"),
        ("2.16.840.1.101.3.4.2.12", "SHAKE256"),
        ("2.16.840.1.101.3.4.2.18", "SHAKE256, as beside Ed448"),
        ("2.16.840.1.101.3.4.3.17", "ML-DSA-44"),
        ("2.16.840.1.101.3.4.3.18", "ML-DSA-65"),
        ("2.16.840.1.101.3.4.3.19", "ML-DSA-87"),
        ("1.3.36.3.3.2.8.1.1.13", "curve brainpoolP512r1"),
    ];
    let text = oid.to_string();
    NAMES
        .iter()
        .find(|(known, _)| *known == text)
        .map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn read(
        oid: &str,
        parameters: Option<AnyRef<'_>>,
        digest: Option<DigestAlgorithm>,
    ) -> Result<SignatureAlgorithm, VerifyError> {
        let oid = ObjectIdentifier::new_unwrap(oid);
        SignatureAlgorithm::from_identifier(&AlgorithmIdentifierRef { oid, parameters }, digest)
    }

    #[test]
    fn identifiers_are_read_strictly() {
        let sha256 = Some(Sha256);
        let nonsense = AnyRef::from_der(b"\x02\x01\x05").unwrap();
        assert!(read("1.2.840.10045.4.3.2", None, sha256).is_ok());
        assert!(read("1.2.840.10045.4.3.2", Some(AnyRef::NULL), sha256).is_ok());
        assert!(read("1.2.840.10045.4.3.2", Some(nonsense), sha256).is_err());
        assert!(read("1.2.840.113549.1.1.1", Some(AnyRef::NULL), sha256).is_ok());
        assert!(read("1.2.840.113549.1.1.1", Some(AnyRef::NULL), None).is_err());
        assert!(read("1.2.840.113549.1.1.11", Some(nonsense), sha256).is_err());
        assert!(read("1.2.840.10045.4", None, None).is_err(), "no digest named");
        assert!(read("1.3.101.112", Some(AnyRef::NULL), None).is_err());
        assert!(
            read("1.2.840.113549.1.1.10", None, None).is_err(),
            "PSS without parameters"
        );
        let sha1 = read("1.2.840.113549.1.1.5", Some(AnyRef::NULL), None).unwrap();
        assert_eq!(
            sha1,
            SignatureAlgorithm::RsaPkcs1(Sha1),
            "understood, then judged"
        );

        let two = read("1.2.840.10045.4.3.3", None, sha256).unwrap();
        assert!(!two.agrees_with(Sha256) && two.agrees_with(Sha384));
        assert!(SignatureAlgorithm::Ed25519.agrees_with(Sha512));
        assert!(!SignatureAlgorithm::Ed25519.agrees_with(Sha256));

        for oid in [
            "1.2.156.10197.1.501",
            "1.2.156.10197.1.301.1",
            "1.2.156.10197.1.301",
        ] {
            assert_eq!(
                read(oid, Some(AnyRef::NULL), Some(Sm3)),
                Ok(SignatureAlgorithm::Sm2)
            );
        }
        assert!(read("1.2.156.10197.1.301.1", None, sha256).is_err());
        assert!(!SignatureAlgorithm::Sm2.agrees_with(Sha256));
    }

    #[test]
    fn what_is_not_supported_is_refused_by_name() {
        for (oid, name) in [
            ("1.3.101.113", "Ed448"),
            ("2.16.840.1.101.3.4.3.18", "ML-DSA-65"),
            ("1.2.3.4", "1.2.3.4"),
        ] {
            let refused = read(oid, None, Some(Sha256)).unwrap_err().to_string();
            assert!(refused.contains(name), "{refused}");
        }
    }

    #[test]
    fn pss_parameters_are_read_as_they_stand() {
        let digest = |digest: DigestAlgorithm| AlgorithmIdentifierRef {
            oid: digest.oid(),
            parameters: None,
        };
        let encode = |hash, mask_hash, salt, trailer| {
            let inner = digest(mask_hash).to_der().unwrap();
            let mask = AlgorithmIdentifierRef {
                oid: MGF_1,
                parameters: Some(AnyRef::from_der(&inner).unwrap()),
            };
            PssParameters {
                hash: Some(digest(hash)),
                mask: Some(mask),
                salt_length: Some(salt),
                trailer,
            }
            .to_der()
            .unwrap()
        };
        let read = |der: &[u8]| Pss::read(Some(AnyRef::from_der(der).unwrap()));
        assert_eq!(read(&encode(Sha384, Sha384, 48, None)), Ok(Pss::uniform(Sha384)));
        let mixed = read(&encode(Sha384, Sha256, 20, Some(1))).unwrap();
        assert_eq!(
            (mixed.digest, mixed.mask, mixed.salt_length),
            (Sha384, Sha256, 20)
        );
        assert_eq!(read(b"\x30\x00"), Ok(Pss::uniform(Sha1)), "all defaults");
        assert!(read(&encode(Sha256, Sha256, 32, Some(2))).is_err());
        assert!(read(b"\x30\x03\x02\x01\x05").is_err());
    }
}
