#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use der::{Encode, asn1::BitString};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use super::*;
use crate::{crypto::digest::DigestAlgorithm::Sha3_512, limits::MAX_RSA_BITS};

fn shell(folder: &Path, script: &str) {
    let done = Command::new("sh")
        .arg("-ec")
        .arg(script)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn signatures_made_by_openssl_verify_for_every_algorithm() {
    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| fs::read(folder.path().join(name)).unwrap();
    // openssl signs digests by SM3 with SM2 and with nothing else.
    let mut digests = DigestAlgorithm::ALL.to_vec();
    digests.retain(|digest| *digest != DigestAlgorithm::Sm3);
    let option = |name: &str| name.replace("sha-", "sha");
    let mut cases: Vec<(&str, String, Vec<SignatureAlgorithm>)> = Vec::new();
    for curve in ["P-256", "P-384", "P-521", "brainpoolP256r1", "brainpoolP384r1"] {
        let key = format!("EC -pkeyopt ec_paramgen_curve:{curve}");
        let all = digests.iter().copied().map(SignatureAlgorithm::Ecdsa);
        cases.push(("", key, all.collect()));
    }
    for bits in [768, 1024, 2048, 3072] {
        let key = format!("RSA -pkeyopt rsa_keygen_bits:{bits}");
        let all = digests.iter().copied().map(SignatureAlgorithm::RsaPkcs1);
        cases.push(("", key, all.collect()));
    }
    let mut masked = Vec::new();
    for (digest, mask, salt_length) in [
        (Sha256, Sha256, 32),
        (Sha512, Sha512, 64),
        (Sha256, Sha1, 20),
        (Sha384, Sha512, 0),
        (Sha1, Sha1, 20),
        (Sha3_512, Sha256, 100),
        (Sha224, Sha224, 226),
    ] {
        masked.push(SignatureAlgorithm::RsaPss(Pss {
            digest,
            mask,
            salt_length,
        }));
    }
    // One bit more or less changes how many octets the padding has.
    for bits in [2047, 2048, 2049] {
        let key = format!("RSA -pkeyopt rsa_keygen_bits:{bits}");
        cases.push(("pss", key, masked.clone()));
    }
    cases.push(("", "ED25519".to_owned(), vec![SignatureAlgorithm::Ed25519]));

    for (_, key, algorithms) in cases {
        shell(
            folder.path(),
            &format!(
                "printf message > message; openssl genpkey -algorithm {key} -out key 2>/dev/null; \
                 openssl pkey -in key -pubout -outform DER -out public"
            ),
        );
        let public = file("public");
        for algorithm in algorithms {
            let name = |digest: DigestAlgorithm| option(&digest.name().to_lowercase());
            let sign = match algorithm {
                SignatureAlgorithm::Ed25519 => {
                    "openssl pkeyutl -sign -rawin -inkey key -in message -out signature".to_owned()
                }
                SignatureAlgorithm::RsaPss(pss) => format!(
                    "openssl dgst -{} -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:{} \
                     -sigopt rsa_mgf1_md:{} -sign key -out signature message",
                    name(pss.digest),
                    pss.salt_length,
                    name(pss.mask)
                ),
                other => {
                    let digest = name(other.digest().unwrap());
                    format!("openssl dgst -{digest} -sign key -out signature message")
                }
            };
            shell(folder.path(), &sign);
            let mut signature = file("signature");
            let used = verify_value(&public, algorithm, b"message", &signature)
                .unwrap_or_else(|e| panic!("{algorithm} {key}: {e}"));
            assert_eq!(used.algorithm, algorithm);
            assert_eq!(mechanism_of(&public, algorithm), Ok(used));
            let wrong = Err(VerifyError::SignatureWrong);
            assert_eq!(
                verify_value(&public, algorithm, b"massage", &signature).map(drop),
                wrong
            );
            if let Some(digest) = algorithm.digest() {
                // ring and RustCrypto say the same.
                let digest = digest.digest(b"message");
                assert_eq!(
                    verify_digest_value(&public, algorithm, &digest, &signature),
                    Ok(used),
                    "{algorithm}"
                );
            }
            *signature.last_mut().unwrap() ^= 1;
            assert_eq!(
                verify_value(&public, algorithm, b"message", &signature).map(drop),
                wrong
            );
            assert_eq!(verify_value(&public, algorithm, b"message", b"").map(drop), wrong);
        }
    }
}

/// A SubjectPublicKeyInfo of parts.
fn key(oid: ObjectIdentifier, parameters: Option<&[u8]>, octets: &[u8]) -> Vec<u8> {
    SubjectPublicKeyInfoOwned {
        algorithm: AlgorithmIdentifierOwned {
            oid,
            parameters: parameters.map(|der| der::Any::from_der(der).unwrap()),
        },
        subject_public_key: BitString::from_bytes(octets).unwrap(),
    }
    .to_der()
    .unwrap()
}

fn rsa_key(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    #[derive(der::Sequence)]
    struct Encoded<'a> {
        modulus: der::asn1::UintRef<'a>,
        exponent: der::asn1::UintRef<'a>,
    }
    let octets = Encoded {
        modulus: der::asn1::UintRef::new(modulus).unwrap(),
        exponent: der::asn1::UintRef::new(exponent).unwrap(),
    };
    key(algorithm::RSA, Some(b"\x05\x00"), &octets.to_der().unwrap())
}

const RSA_256: SignatureAlgorithm = SignatureAlgorithm::RsaPkcs1(Sha256);
const ECDSA_256: SignatureAlgorithm = SignatureAlgorithm::Ecdsa(Sha256);

#[track_caller]
fn refused(key: &[u8], algorithm: SignatureAlgorithm, why: &str) -> VerifyError {
    let error = verify_value(key, algorithm, b"", &[1; 256]).unwrap_err();
    assert!(error.to_string().contains(why), "{error}");
    error
}

#[test]
fn hostile_rsa_keys_are_refused_by_name_and_in_time() {
    let modulus = [0xff; 256];
    let refuse = |modulus: &[u8], exponent: &[u8], why| refused(&rsa_key(modulus, exponent), RSA_256, why);
    assert!(refuse(&[0xff; 2048], &[1, 0, 1], "16384 bits").is_unsupported());
    assert!(refuse(&[0xff; 60], &[1, 0, 1], "480 bits").is_unsupported());
    assert!(refuse(&modulus, &[0xff; 256], "exponent of 2048 bits").is_unsupported());
    assert!(!refuse(&modulus, &[1], "exponent 1").is_unsupported());
    assert!(!refuse(&modulus, &[4], "even exponent").is_unsupported());
    assert!(!refuse(&modulus, &[0], "even exponent").is_unsupported());
    assert!(!refuse(&[0xff, 0xfe].repeat(128), &[1, 0, 1], "even modulus").is_unsupported());
    let not_a_key = key(algorithm::RSA, Some(b"\x05\x00"), b"\x30\x00");
    refused(&not_a_key, RSA_256, "not an RSA public key");
    let parameters = key(algorithm::RSA, Some(b"\x02\x01\x05"), b"\x30\x00");
    refused(&parameters, RSA_256, "unexpected parameters");

    // The largest key with the largest exponent.
    let slow = rsa_key(&vec![0xff; MAX_RSA_BITS / 8], &[1, 0xff, 0xff, 0xff, 0xff]);
    let start = Instant::now();
    for pss in [0, 20, usize::MAX, usize::MAX - 33, 100_000].map(|salt_length| Pss {
        salt_length,
        ..Pss::uniform(Sha512)
    }) {
        let value = vec![0x55; MAX_RSA_BITS / 8];
        let wrong = verify_value(&slow, SignatureAlgorithm::RsaPss(pss), b"", &value);
        assert_eq!(wrong, Err(VerifyError::SignatureWrong));
    }
    let took = start.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn keys_bound_to_pss_make_no_other_signatures() {
    let octets = rsa_key(&[0xff; 256], &[1, 0, 1]);
    let info = SubjectPublicKeyInfoRef::from_der(&octets).unwrap();
    let octets = info.subject_public_key.as_bytes().unwrap();
    let identifier = Pss::uniform(Sha256).identifier(None);
    let parameters = AlgorithmIdentifierOwned::from_der(&identifier).unwrap();
    let parameters = parameters.parameters.unwrap().to_der().unwrap();
    let bound = key(algorithm::RSA_PSS, Some(&parameters), octets);
    let pss = |pss| verify_value(&bound, SignatureAlgorithm::RsaPss(pss), b"", &[1; 256]).unwrap_err();
    assert_eq!(pss(Pss::uniform(Sha256)), VerifyError::SignatureWrong);
    let longer = Pss {
        salt_length: 33,
        ..Pss::uniform(Sha256)
    };
    assert_eq!(pss(longer), VerifyError::SignatureWrong, "no shorter is the rule");
    for other in [
        Pss::uniform(Sha512),
        Pss {
            salt_length: 20,
            ..Pss::uniform(Sha256)
        },
        Pss {
            mask: Sha1,
            ..Pss::uniform(Sha256)
        },
    ] {
        assert!(matches!(pss(other), VerifyError::KeyRefused(_)));
    }
    refused(&bound, RSA_256, "does not fit");
    refused(&key(algorithm::RSA_PSS, None, octets), RSA_256, "does not fit");
}

#[test]
fn hostile_elliptic_keys_are_refused_by_name() {
    let p256 = Curve::P256.oid().to_der().unwrap();
    let generator = hex::decode(
        "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
         4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
    )
    .unwrap();
    let refuse = |parameters: Option<&[u8]>, point: &[u8], why| {
        refused(&key(EC_PUBLIC_KEY, parameters, point), ECDSA_256, why)
    };
    let mut off = generator.clone();
    off[64] ^= 1;
    refuse(Some(&p256), &off, "not on its elliptic curve");
    refuse(Some(&p256), &[&[3], &generator[1..33]].concat(), "compressed");
    refuse(Some(&p256), &[0], "not a point");
    refuse(Some(&p256), &[], "not a point");
    refuse(Some(&p256), &[&[6], &generator[1..]].concat(), "not a point");
    // ECParameters of its own (CVE-2020-0601): whatever they say.
    refuse(Some(b"\x30\x03\x02\x01\x01"), &generator, "parameters of its own");
    refuse(Some(b"\x05\x00"), &generator, "without its curve");
    refuse(None, &generator, "without its curve");
    let brainpool_512 = ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.13")
        .to_der()
        .unwrap();
    assert!(refuse(Some(&brainpool_512), &generator, "brainpoolP512r1").is_unsupported());
    let p384 = Curve::P384.oid().to_der().unwrap();
    refuse(Some(&p384), &generator, "not on its elliptic curve");

    // Kinds mixed up.
    let good = key(EC_PUBLIC_KEY, Some(&p256), &generator);
    refused(&good, RSA_256, "does not fit");
    refused(&good, SignatureAlgorithm::Ed25519, "does not fit");
    refused(&rsa_key(&[0xff; 256], &[3]), ECDSA_256, "does not fit");
    refused(
        &key(algorithm::ED_25519, None, &[1; 31]),
        SignatureAlgorithm::Ed25519,
        "32 octets",
    );
    let null = key(algorithm::ED_25519, Some(b"\x05\x00"), &[1; 32]);
    refused(&null, SignatureAlgorithm::Ed25519, "unexpected parameters");

    // r and s: zero, the order, negative, not minimal, one missing, one too many.
    let order = "00ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    for value in [
        "3006020100020100".to_owned(),
        "3006020101020100".to_owned(),
        format!("3026020101 0221{order}"),
        format!("3026 0221{order} 020101"),
        "3006020101 0201ff".to_owned(),
        "3008020200010202 0001".to_owned(),
        "3003020101".to_owned(),
        "3009020101020101020101".to_owned(),
        "3080020101020101 0000".to_owned(),
        String::new(),
    ] {
        let value = hex::decode(value.replace(' ', "")).unwrap();
        for digest in [Sha256, Sha512] {
            // ring checks the one, RustCrypto the other.
            let verified = verify_value(&good, SignatureAlgorithm::Ecdsa(digest), b"", &value);
            assert_eq!(verified, Err(VerifyError::SignatureWrong), "{value:02x?}");
        }
        let plain = verify_value(&good, SignatureAlgorithm::EcdsaPlain(Sha256), b"", &value);
        assert_eq!(plain, Err(VerifyError::SignatureWrong));
    }
}

#[test]
fn our_own_structures_take_no_weak_signature() {
    let short = rsa_key(&[0xff; 128], &[1, 0, 1]);
    let error = verify_signature(&short, RSA_256, b"", &[1; 128]).unwrap_err();
    assert!(error.to_string().contains("1024"), "{error}");
    for digest in [Md5, Sha1, Sha224, Sha3_224] {
        let error = verify_signature(&short, SignatureAlgorithm::RsaPkcs1(digest), b"", b"").unwrap_err();
        assert!(error.to_string().contains("too weak"), "{error}");
    }
}
