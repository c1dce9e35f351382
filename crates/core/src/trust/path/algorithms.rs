//! Our own door for signatures, as rustls-webpki wants it: a list of algorithms, each with the exact bytes
//! that name it in a certificate and in a key.
//!
//! webpki compares those bytes and cannot read parameters. For RSA-PSS, whose parameters are part of them,
//! the list therefore holds the parameters that occur: one digest throughout, and as salt the digest's
//! length, 20 or the longest that fits a key of a usual size, which OpenSSL takes by default. Weak
//! algorithms are on it: what a path was signed with is judged once it is found.

use std::{fmt, sync::LazyLock};

use der::{
    Encode,
    asn1::{AnyRef, ObjectIdentifier},
};
use pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm};
use spki::AlgorithmIdentifierRef;

use crate::crypto::{
    Curve, DigestAlgorithm, Pss, SignatureAlgorithm,
    algorithm::{ED_25519, NAMED, RSA, RSA_PSS},
    verify::{EC_PUBLIC_KEY, KeyType, PublicKey},
};

/// Every algorithm a certificate may be signed with.
pub(super) fn all() -> &'static [&'static dyn SignatureVerificationAlgorithm] {
    &ALL
}

struct Supported {
    signature_id: &'static [u8],
    algorithm: SignatureAlgorithm,
    key_id: &'static [u8],
    key: KeyType,
}

impl fmt::Debug for Supported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.algorithm)
    }
}

impl SignatureVerificationAlgorithm for Supported {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let key = PublicKey::new(self.key, key).map_err(|_| InvalidSignature)?;
        let verified = key.verify(self.algorithm, message, signature);
        verified.map(drop).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        AlgorithmIdentifier::from_slice(self.key_id)
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        AlgorithmIdentifier::from_slice(self.signature_id)
    }
}

/// Made once, and never freed: the trait wants identifiers that live for ever.
static ALL: LazyLock<Vec<&'static dyn SignatureVerificationAlgorithm>> = LazyLock::new(|| {
    let mut list = Vec::new();
    let null = Some(AnyRef::NULL);
    let rsa = [(id(RSA, null), KeyType::Rsa), (id(RSA, None), KeyType::Rsa)];
    let pss_keys = [rsa[0], (id(RSA_PSS, None), KeyType::RsaPss(None))];
    let curves: Vec<(&'static [u8], KeyType)> = Curve::ALL
        .into_iter()
        .map(|curve| {
            let name = curve.oid();
            (id(EC_PUBLIC_KEY, Some((&name).into())), KeyType::Elliptic(curve))
        })
        .collect();
    let mut add = |signature_id, algorithm, keys: &[(&'static [u8], KeyType)]| {
        for &(key_id, key) in keys {
            let supported: &'static Supported = Box::leak(Box::new(Supported {
                signature_id,
                algorithm,
                key_id,
                key,
            }));
            list.push(supported as &'static dyn SignatureVerificationAlgorithm);
        }
    };
    for (oid, algorithm) in NAMED {
        match algorithm {
            SignatureAlgorithm::RsaPkcs1(_) => {
                add(id(oid, null), algorithm, &rsa);
                add(id(oid, None), algorithm, &rsa);
            }
            _ => add(id(oid, None), algorithm, &curves),
        }
        if let SignatureAlgorithm::EcdsaPlain(_) = algorithm {
            for (curve, key) in Curve::ALL.into_iter().zip(&curves) {
                add(id(oid, Some((&curve.oid()).into())), algorithm, &[*key]);
            }
        }
    }
    let ed_25519 = id(ED_25519, None);
    add(
        ed_25519,
        SignatureAlgorithm::Ed25519,
        &[(ed_25519, KeyType::Ed25519)],
    );
    for digest in DigestAlgorithm::ALL {
        let mut salts = vec![digest.output_len(), 20];
        salts.extend([2048, 3072, 4096].map(|bits| bits / 8 - digest.output_len() - 2));
        salts.sort_unstable();
        salts.dedup();
        for salt_length in salts {
            let pss = Pss {
                salt_length,
                ..Pss::uniform(digest)
            };
            for digest_parameters in [null, None] {
                let bytes = leaked(pss.identifier(digest_parameters));
                let algorithm = SignatureAlgorithm::RsaPss(pss);
                add(bytes, algorithm, &pss_keys);
                add(bytes, algorithm, &[(bytes, KeyType::RsaPss(Some(pss)))]);
            }
        }
    }
    list
});

/// What stands inside the SEQUENCE of an AlgorithmIdentifier.
fn id(oid: ObjectIdentifier, parameters: Option<AnyRef<'_>>) -> &'static [u8] {
    let identifier = AlgorithmIdentifierRef { oid, parameters };
    leaked(identifier.to_der().unwrap_or_default())
}

fn leaked(identifier: Vec<u8>) -> &'static [u8] {
    // Shorter than 128 bytes: one octet of tag, one of length.
    Vec::leak(identifier).get(2..).unwrap_or_default()
}
