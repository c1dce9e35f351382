//! Attacks on the signature itself: CMS in every way but the right one.

use certseal_core::crypto::DigestAlgorithm::{Md5, Sha1, Sha256, Sha512};

use super::{
    Attack, Signing,
    pki::{
        CONTENT_TYPE, Cms, Identity, MESSAGE_DIGEST, OCTETS, Pki, SEQUENCE, SET, SIGNATURE_TIMESTAMP,
        SIGNING_TIME, attribute, digest_info, oid, padded, rsa, signing_certificate, tlv,
    },
};

fn cms(name: &'static str, seen: &'static str, code: &'static str, make: Signing) -> Attack {
    Attack::by_signature("CMS", "RFC 5652 §11, §14", name, seen, code, make)
}

const SEEN: &str = "the page as signed";

/// The block of a signature by the RSA key over the attributes of `cms`, laid out by `block`.
fn lax(cms: &mut Cms, block: impl FnOnce(&[u8]) -> Vec<u8>) {
    let mut attributes = cms.attributes.clone();
    attributes.sort();
    let hash = Sha256.digest(&tlv(SET, &[&attributes.concat()]));
    cms.value = Some(rsa(&block(&digest_info(Sha256, &hash))));
}

fn elsewhere() -> Vec<u8> {
    b"another document".to_vec()
}

pub(super) fn all() -> Vec<Attack> {
    let p256 = &["p256-table-approval", "p256-packed-certified1"][..];
    let with_rsa = &["rsa-table-approval", "rsa-stream-certified2"][..];
    let mut all = vec![
        cms(
            "two-signers",
            "two signers in one signature",
            "SIGNATURE_MALFORMED",
            |pki, signer, covered| {
                let mut cms = Cms::new(signer, pki, covered);
                cms.others = vec![Cms::new(&pki.mallory, pki, covered).info()];
                cms
            },
        ),
        cms(
            "encapsulated-content",
            SEEN,
            "SIGNATURE_MALFORMED",
            |pki, signer, covered| {
                let mut cms = Cms::new(signer, pki, covered);
                cms.content = Some(covered[..16].to_vec());
                cms
            },
        ),
        cms(
            "encapsulated-signed-content",
            "the page as signed, and a copy of it within the signature",
            "SIGNATURE_NOT_DETACHED",
            |pki, signer, covered| {
                let mut cms = Cms::new(signer, pki, covered);
                cms.content = Some(covered.to_vec());
                cms
            },
        )
        .undecided(),
        cms(
            "encapsulated-other-content",
            "another page; the signature is over what it carries",
            "SIGNATURE_MALFORMED",
            |pki, signer, _| {
                let mut cms = Cms::new(signer, pki, &elsewhere());
                cms.content = Some(elsewhere());
                cms
            },
        ),
        cms(
            "message-digest-absent",
            SEEN,
            "SIGNATURE_MALFORMED",
            |pki, signer, covered| {
                let mut cms = Cms::new(signer, pki, covered);
                cms.attributes.remove(1);
                cms
            },
        ),
        cms(
            "message-digest-twice",
            SEEN,
            "SIGNATURE_MALFORMED",
            |pki, signer, covered| {
                let mut cms = Cms::new(signer, pki, covered);
                cms.attributes.push(attribute(
                    MESSAGE_DIGEST,
                    &tlv(OCTETS, &[&Sha256.digest(b"other")]),
                ));
                cms
            },
        ),
        cms(
            "message-digest-two-values",
            SEEN,
            "SIGNATURE_MALFORMED",
            |pki, signer, covered| {
                let mut cms = Cms::new(signer, pki, covered);
                let values = [&Sha256.digest(covered)[..], &Sha256.digest(b"other")]
                    .map(|value| tlv(OCTETS, &[value]));
                let set = tlv(SET, &[&values.concat()]);
                cms.attributes[1] = tlv(SEQUENCE, &[&oid(MESSAGE_DIGEST), &set]);
                cms
            },
        ),
        cms(
            "message-digest-empty",
            SEEN,
            "DIGEST_MISMATCH",
            |pki, signer, covered| {
                let mut cms = Cms::new(signer, pki, covered);
                cms.attributes[1] = attribute(MESSAGE_DIGEST, &tlv(OCTETS, &[]));
                cms
            },
        ),
        cms(
            "message-digest-truncated",
            SEEN,
            "DIGEST_MISMATCH",
            |pki, signer, covered| {
                let mut cms = Cms::new(signer, pki, covered);
                cms.attributes[1] = attribute(MESSAGE_DIGEST, &tlv(OCTETS, &[&Sha256.digest(covered)[..16]]));
                cms
            },
        ),
        cms(
            "content-type-absent",
            SEEN,
            "SIGNATURE_MALFORMED",
            |pki, signer, covered| {
                let mut cms = Cms::new(signer, pki, covered);
                cms.attributes.remove(0);
                cms
            },
        ),
        cms(
            "content-type-another",
            SEEN,
            "SIGNATURE_MALFORMED",
            |pki, signer, covered| {
                let mut cms = Cms::new(signer, pki, covered);
                cms.attributes[0] = attribute(CONTENT_TYPE, &oid("1.2.840.113549.1.7.2"));
                cms
            },
        ),
        cms(
            "attributes-unsorted",
            SEEN,
            "SIGNATURE_NOT_DER",
            |pki, signer, covered| {
                let mut cms = Cms::new(signer, pki, covered);
                cms.attributes.sort();
                cms.attributes.reverse();
                cms.is_sorted = false;
                cms
            },
        )
        .undecided(),
        cms(
            "attributes-signed-in-another-order",
            SEEN,
            "SIGNATURE_INVALID",
            |pki, signer, covered| {
                let mut cms = Cms::new(signer, pki, covered);
                cms.attributes.sort();
                cms.signed = Some(tlv(SET, &[&cms.attributes.concat()]));
                cms.attributes.reverse();
                cms.is_sorted = false;
                cms
            },
        ),
        cms(
            "attributes-unsorted-of-another-document",
            "another document's signature",
            "DIGEST_MISMATCH",
            |pki, signer, _| {
                let mut cms = Cms::new(signer, pki, &elsewhere());
                cms.attributes.sort();
                cms.attributes.reverse();
                cms.is_sorted = false;
                cms
            },
        ),
        cms(
            "attribute-twice",
            SEEN,
            "SIGNATURE_MALFORMED",
            |pki, signer, covered| {
                let mut cms = Cms::new(signer, pki, covered);
                let unknown = attribute("1.2.3.4", &tlv(OCTETS, &[b"1"]));
                cms.attributes.extend([unknown.clone(), unknown]);
                cms
            },
        ),
        cms(
            "attributes-absent",
            SEEN,
            "SIGNATURE_MALFORMED",
            |pki, signer, covered| {
                let mut cms = Cms::new(signer, pki, covered);
                cms.attributes.clear();
                cms.signed = Some(covered.to_vec());
                cms
            },
        ),
        cms(
            "signed-data-as-attributes",
            "another document: what was signed bare is taken for attributes",
            "SIGNATURE_MALFORMED",
            |pki, signer, covered| {
                // Strenzke 2023: a signature over a content that is itself the DER of attributes.
                let mut cms = Cms::new(signer, pki, covered);
                let mut attributes = cms.attributes.clone();
                attributes.sort();
                cms.signed = Some(tlv(SET, &[&attributes.concat()]));
                cms.attributes.clear();
                cms
            },
        ),
        cms(
            "signed-other-attributes",
            SEEN,
            "SIGNATURE_INVALID",
            |pki, signer, covered| {
                let mut cms = Cms::new(signer, pki, covered);
                let mut other = cms.attributes.clone();
                other.push(attribute(SIGNING_TIME, &tlv(0x17, &[b"260501120000Z"])));
                other.sort();
                cms.signed = Some(tlv(SET, &[&other.concat()]));
                cms
            },
        ),
        cms(
            "signed-with-explicit-tag",
            SEEN,
            "SIGNATURE_INVALID",
            |pki, signer, covered| {
                let mut cms = Cms::new(signer, pki, covered);
                let mut attributes = cms.attributes.clone();
                attributes.sort();
                cms.signed = Some(tlv(0xa0, &[&attributes.concat()]));
                cms
            },
        ),
        cms(
            "transplanted",
            "another document's signature",
            "DIGEST_MISMATCH",
            |pki, signer, _| Cms::new(signer, pki, &elsewhere()),
        ),
        cms(
            "message-digest-exchanged",
            "another document's signature with this one's digest",
            "SIGNATURE_INVALID",
            |pki, signer, covered| {
                let mut cms = Cms::new(signer, pki, covered);
                let mut other = Cms::new(signer, pki, &elsewhere()).attributes;
                other.sort();
                cms.signed = Some(tlv(SET, &[&other.concat()]));
                cms
            },
        ),
        cms(
            "certificate-replaced",
            "another name for the same key",
            "SIGNING_CERTIFICATE_MISMATCH",
            |pki, signer, covered| {
                let mut cms = Cms::new(signer, pki, covered);
                cms.signer.clone_from(&pki.signer_again);
                cms.certificates[0].clone_from(&pki.signer_again.certificate);
                cms
            },
        )
        .on(p256),
        cms(
            "certificate-of-another-key",
            "another signer's name",
            "SIGNATURE_INVALID",
            |pki, signer, covered| {
                let mut cms = Cms::new(signer, pki, covered);
                cms.attributes[2] = signing_certificate(&pki.other.certificate);
                cms.signer = Identity {
                    key: signer.key.clone(),
                    ..pki.other.clone()
                };
                cms.certificates[0].clone_from(&pki.other.certificate);
                cms
            },
        )
        .on(p256),
        cms(
            "signing-certificate-of-another",
            SEEN,
            "SIGNING_CERTIFICATE_MISMATCH",
            |pki, signer, covered| {
                let mut cms = Cms::new(signer, pki, covered);
                cms.attributes[2] = signing_certificate(&pki.other.certificate);
                cms
            },
        ),
        cms(
            "signing-certificate-twice",
            SEEN,
            "SIGNATURE_MALFORMED",
            |pki, signer, covered| {
                let mut cms = Cms::new(signer, pki, covered);
                cms.attributes.push(signing_certificate(&pki.other.certificate));
                cms
            },
        ),
        cms(
            "value-empty",
            SEEN,
            "SIGNATURE_INVALID",
            |pki, signer, covered| {
                let mut cms = Cms::new(signer, pki, covered);
                cms.value = Some(Vec::new());
                cms
            },
        ),
        cms(
            "value-zero",
            "CVE-2022-21449: an ECDSA signature of zeros",
            "SIGNATURE_INVALID",
            |pki, signer, covered| {
                let mut cms = Cms::new(signer, pki, covered);
                cms.value = Some(vec![0x30, 6, 2, 1, 0, 2, 1, 0]);
                cms
            },
        )
        .on(p256),
        cms(
            "value-with-bytes-behind",
            SEEN,
            "SIGNATURE_INVALID",
            |pki, signer, covered| {
                let mut cms = Cms::new(signer, pki, covered);
                let mut attributes = cms.attributes.clone();
                attributes.sort();
                let mut value = signer.key.sign(Sha256, &tlv(SET, &[&attributes.concat()]));
                value.push(0);
                cms.value = Some(value);
                cms
            },
        ),
        cms(
            "padding-bytes-behind-hash",
            "Bleichenbacher 2006: data behind the digest",
            "SIGNATURE_INVALID",
            |pki, signer, covered| {
                let mut cms = Cms::new(signer, pki, covered);
                lax(&mut cms, |info| [&padded(info, 200)[..], &[0x5a; 56]].concat());
                cms
            },
        )
        .on(with_rsa),
        cms(
            "padding-short",
            "padding of eight octets, then data",
            "SIGNATURE_INVALID",
            |pki, signer, covered| {
                let mut cms = Cms::new(signer, pki, covered);
                lax(&mut cms, |info| {
                    let mut block = [&[0, 1][..], &[0xff; 8], &[0], info].concat();
                    block.resize(256, 0);
                    block
                });
                cms
            },
        )
        .on(with_rsa),
        cms(
            "padding-of-type-2",
            "padding of encryption",
            "SIGNATURE_INVALID",
            |pki, signer, covered| {
                let mut cms = Cms::new(signer, pki, covered);
                lax(&mut cms, |info| {
                    let mut block = padded(info, 256);
                    block[1] = 2;
                    block
                });
                cms
            },
        )
        .on(with_rsa),
        cms(
            "padding-other-octets",
            "padding that is not ff",
            "SIGNATURE_INVALID",
            |pki, signer, covered| {
                let mut cms = Cms::new(signer, pki, covered);
                lax(&mut cms, |info| {
                    let mut block = padded(info, 256);
                    block[9] = 0xfe;
                    block
                });
                cms
            },
        )
        .on(with_rsa),
        cms(
            "padding-parameters",
            "CVE-2006-4339 and after: data in the parameters",
            "SIGNATURE_INVALID",
            |pki, signer, covered| {
                let mut cms = Cms::new(signer, pki, covered);
                lax(&mut cms, |info| {
                    let hash = &info[info.len() - 32..];
                    let garbage = tlv(OCTETS, &[&[0x5a; 60]]);
                    let identifier = tlv(SEQUENCE, &[&oid("2.16.840.1.101.3.4.2.1"), &garbage]);
                    padded(&tlv(SEQUENCE, &[&identifier, &tlv(OCTETS, &[hash])]), 256)
                });
                cms
            },
        )
        .on(with_rsa),
        cms(
            "hash-without-its-algorithm",
            "the digest alone, padded",
            "SIGNATURE_INVALID",
            |pki, signer, covered| {
                let mut cms = Cms::new(signer, pki, covered);
                lax(&mut cms, |info| padded(&info[info.len() - 32..], 256));
                cms
            },
        )
        .on(with_rsa),
        cms(
            "digest-misnamed",
            "SHA-256 called SHA-512",
            "DIGEST_MISMATCH",
            |pki, signer, covered| {
                let mut cms = Cms::new(signer, pki, covered);
                cms.named_digest = Some(Sha512);
                cms
            },
        ),
        cms(
            "digest-md5",
            "MD5: collisions are made in seconds",
            "WEAK_ALGORITHM",
            |pki, signer, covered| Cms::by(signer, pki, covered, Md5),
        )
        .on(&["rsa-table-approval"])
        .undecided(),
        cms(
            "digest-sha1",
            "SHA-1: collisions are made for money",
            "WEAK_ALGORITHM",
            |pki, signer, covered| Cms::by(signer, pki, covered, Sha1),
        )
        .on(&["p256-table-approval", "rsa-table-approval"])
        .undecided(),
        cms(
            "signer-certificate-absent",
            SEEN,
            "NO_SIGNER_CERTIFICATE",
            |pki, signer, covered| {
                let mut cms = Cms::new(signer, pki, covered);
                cms.certificates.remove(0);
                cms
            },
        )
        .undecided(),
        cms(
            "signing-certificate-absent",
            SEEN,
            "SIGNING_CERTIFICATE_NOT_NAMED",
            |pki, signer, covered| {
                let mut cms = Cms::new(signer, pki, covered);
                cms.attributes.pop();
                cms
            },
        )
        .undecided(),
        cms(
            "self-signed",
            "the same name, by a key that nobody vouches for",
            "UNKNOWN_ROOT",
            |pki, _, covered| Cms::new(&pki.mallory, pki, covered),
        )
        .undecided(),
        cms(
            "timestamp-signs-document",
            "a timestamp's certificate for the signer's",
            "SIGNER_WRONG_USAGE",
            |pki, _, covered| Cms::new(&pki.stamper, pki, covered),
        )
        .undecided(),
        cms(
            "wrapped-token",
            "a timestamp token in the place of a signature",
            "SIGNATURE_MALFORMED",
            |pki, _, covered| Cms::token(pki, &Sha256.digest(covered)),
        ),
        cms(
            "unsigned-content-type",
            SEEN,
            "SIGNATURE_MALFORMED",
            |pki, signer, covered| {
                let mut cms = Cms::new(signer, pki, covered);
                let moved = cms.attributes.remove(1);
                cms.unsigned = vec![moved];
                cms
            },
        ),
    ];
    for attack in &mut all {
        if attack.kinds.is_empty() {
            attack.kinds = super::kinds(&["p256-table-approval", "rsa-packed-certified1"]);
        }
    }
    all
}

/// A signature with a timestamp of another signature in it.
pub(super) fn with_foreign_timestamp(pki: &Pki, signer: &Identity, covered: &[u8]) -> Cms {
    let mut cms = Cms::new(signer, pki, covered);
    let token = Cms::token(pki, &Sha256.digest(b"another signature")).der();
    cms.unsigned = vec![attribute(SIGNATURE_TIMESTAMP, &token)];
    cms
}

/// A signature with a timestamp of its own.
pub(super) fn with_timestamp(pki: &Pki, signer: &Identity, covered: &[u8]) -> Cms {
    let mut cms = Cms::new(signer, pki, covered);
    let mut attributes = cms.attributes.clone();
    attributes.sort();
    let value = signer.key.sign(Sha256, &tlv(SET, &[&attributes.concat()]));
    let token = Cms::token(pki, &Sha256.digest(&value)).der();
    cms.value = Some(value);
    cms.unsigned = vec![attribute(SIGNATURE_TIMESTAMP, &token)];
    cms
}
