#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::{fs, path::Path, process::Command};

use super::{signed::elements, *};
use crate::crypto::{
    DigestAlgorithm, Pss, SignatureAlgorithm, VerifyError,
    authority::{
        Role,
        tests::{TestAuthority, period},
    },
    identity::write_chain,
};

const DIGEST: [u8; 32] = [0x5a; 32];

fn identity() -> SigningIdentity {
    TestAuthority::new().identity(Role::DocumentSigner, period("2025-01-01", "2030-01-01"))
}

fn alone(identity: &SigningIdentity) -> SigningIdentity {
    SigningIdentity {
        issuers: Vec::new().into(),
        ..identity.clone()
    }
}

fn good_attributes(identity: &SigningIdentity) -> Vec<Vec<u8>> {
    let hash = tlv(OCTET_STRING, &[&x509::fingerprint(&identity.certificate)]);
    let reference = tlv(SEQUENCE, &[&tlv(SEQUENCE, &[&tlv(SEQUENCE, &[&hash])])]);
    vec![
        attribute(CONTENT_TYPE, &oid(ID_DATA).unwrap()).unwrap(),
        attribute(MESSAGE_DIGEST, &tlv(OCTET_STRING, &[&DIGEST])).unwrap(),
        attribute(SIGNING_CERTIFICATE_V2, &reference).unwrap(),
    ]
}

/// A signature over attributes that our own signer would not make.
fn with_attributes(identity: &SigningIdentity, attributes: &[Vec<u8>]) -> Vec<u8> {
    let parts: Vec<&[u8]> = attributes.iter().map(Vec::as_slice).collect();
    let signer = CmsSigner {
        attributes: tlv(SET, &parts),
        ..CmsSigner::new(identity).unwrap()
    };
    let signature = signer.signer.sign(&signer.attributes).unwrap();
    signer.assemble(signer.attributes.clone(), &signature)
}

#[test]
fn a_key_over_sm2_signs_nothing_over_sha_256() {
    let identity = TestAuthority::sm2().identity(Role::DocumentSigner, period("2025-01-01", "2030-01-01"));
    assert!(matches!(
        CmsSigner::new(&identity),
        Err(SignError::UnsuitableKey(SignatureScheme::Sm2Sm3))
    ));
}

fn signed(identity: &SigningIdentity, digest: &[u8; 32]) -> Vec<u8> {
    CmsSigner::new(identity).unwrap().sign(digest).unwrap()
}

fn judge(cms: &[u8]) -> Result<(), CmsVerifyError> {
    SignedCms::parse(cms, Profile::Cades).unwrap().verify(&DIGEST)
}

/// Where `part` begins in `whole`, once.
fn find(whole: &[u8], part: &[u8]) -> usize {
    whole
        .windows(part.len())
        .position(|window| window == part)
        .unwrap()
}

#[test]
fn what_is_made_is_read_and_verifies() {
    let identity = identity();
    let signer = CmsSigner::new(&identity).unwrap();
    let cms = signer.sign(&DIGEST).unwrap();
    let read = SignedCms::parse(&cms, Profile::Cades).unwrap();
    read.verify(&DIGEST).unwrap();
    assert_eq!(read.signer_certificate(), Some(&*identity.certificate));
    assert_eq!(read.certificates().len(), 2, "signer and issuing CA, no root");
    assert!(read.certificates().contains(&identity.issuers[0]));
    assert_eq!(read.digest_algorithm(), DigestAlgorithm::Sha256);
    assert_eq!(
        read.signature_algorithm(),
        SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256)
    );
    assert_eq!(read.signing_time(), None, "PAdES has the time in /M");
    assert!(read.unsigned_attributes().is_empty() && read.crls().is_empty());
    assert_eq!(read.timestamp_tokens().count(), 0);

    let mut padded = cms.clone();
    padded.resize(cms.len() + 300, 0);
    SignedCms::parse(&padded, Profile::Cades)
        .unwrap()
        .verify(&DIGEST)
        .unwrap();
    padded[cms.len() + 200] = 1;
    assert!(
        matches!(SignedCms::parse(&padded, Profile::Cades), Err(CmsError::TrailingData(at)) if at == cms.len() + 200)
    );
}

#[test]
fn the_reserve_holds_every_signature() {
    let identity = identity();
    let signer = CmsSigner::new(&identity).unwrap();
    let room = signer.reserve();
    let longest = (0..400_u32)
        .map(|n| {
            let mut digest = [0; 32];
            digest[..4].copy_from_slice(&n.to_be_bytes());
            signer.sign(&digest).unwrap().len()
        })
        .max();
    assert_eq!(
        longest,
        Some(room),
        "one in four signatures has both integers at full width"
    );
}

#[test]
fn another_document_and_another_signer_are_told_apart() {
    let authority = TestAuthority::new();
    let validity = period("2025-01-01", "2030-01-01");
    let ours = alone(&authority.identity(Role::DocumentSigner, validity));
    let theirs = alone(&authority.identity(Role::DocumentSigner, validity));
    let cms = signed(&ours, &DIGEST);
    let read = SignedCms::parse(&cms, Profile::Cades).unwrap();
    assert_eq!(read.verify(&[0; 32]), Err(CmsVerifyError::DigestMismatch));
    assert_eq!(read.verify(&[]), Err(CmsVerifyError::DigestMismatch));
    let _ = read.check_signature(&DIGEST).unwrap();
    read.check_signing_certificate().unwrap();

    // Our key, their certificate: the signature value gives it away.
    let stolen = SigningIdentity {
        signer: Arc::clone(&ours.signer),
        ..theirs.clone()
    };
    let cms = signed(&stolen, &DIGEST);
    assert_eq!(
        judge(&cms),
        Err(CmsVerifyError::Signature(VerifyError::SignatureWrong))
    );

    // A second certificate over our key in place of the first: the signed reference gives it away.
    let twin = authority
        .issuing
        .issue(
            Role::DocumentSigner,
            ours.signer.public_key_info(),
            &crate::crypto::authority::tests::subject("冒名 TEST"),
            validity,
            crate::crypto::authority::Serial::random().unwrap(),
        )
        .unwrap();
    let twin = SigningIdentity::new(Arc::clone(&ours.signer), twin, Vec::new()).unwrap();
    let cms = with_attributes(&twin, &good_attributes(&ours));
    assert_eq!(
        judge(&cms),
        Err(CmsVerifyError::SigningCertificateMismatch {
            attribute: "signing-certificate-v2",
            part: "digest"
        })
    );

    // The named certificate is not embedded.
    let mut other = CmsSigner::new(&ours).unwrap();
    other.before_signer = CmsSigner::new(&theirs).unwrap().before_signer;
    let cms = other.sign(&DIGEST).unwrap();
    assert_eq!(judge(&cms), Err(CmsVerifyError::SignerCertificateMissing));
}

#[test]
fn each_attribute_is_demanded_and_protected() {
    let identity = alone(&identity());
    let good = good_attributes(&identity);
    judge(&with_attributes(&identity, &good)).unwrap();

    for (left_out, name) in ["content-type", "message-digest", "signing-certificate-v2"]
        .into_iter()
        .enumerate()
    {
        let mut attributes = good.clone();
        attributes.remove(left_out);
        assert_eq!(
            judge(&with_attributes(&identity, &attributes)),
            Err(CmsVerifyError::AttributeMissing(name))
        );

        // The last byte of each, changed after signing.
        let mut cms = with_attributes(&identity, &good);
        let end = find(&cms, &good[left_out]) + good[left_out].len() - 1;
        cms[end] ^= 1;
        assert_eq!(
            judge(&cms),
            Err(CmsVerifyError::Signature(VerifyError::SignatureWrong)),
            "{name}"
        );
    }

    let mut wrong_type = good.clone();
    wrong_type[0] = attribute(CONTENT_TYPE, &oid(ID_SIGNED_DATA).unwrap()).unwrap();
    assert_eq!(
        judge(&with_attributes(&identity, &wrong_type)),
        Err(CmsVerifyError::ContentTypeMismatch)
    );

    let refused = |attributes: &[Vec<u8>]| {
        SignedCms::parse(&with_attributes(&identity, attributes), Profile::Cades).unwrap_err()
    };
    let mut unsorted = good.clone();
    unsorted.swap(0, 1);
    let unsorted = SignedCms::parse(&with_attributes(&identity, &unsorted), Profile::Cades).unwrap();
    assert!(!unsorted.is_in_order());
    let _ = unsorted.check_signature(&DIGEST).unwrap();
    assert_eq!(unsorted.verify(&DIGEST), Err(CmsVerifyError::AttributesUnsorted));
    let mut same_twice = good.clone();
    same_twice.insert(1, good[0].clone());
    assert!(matches!(refused(&same_twice), CmsError::AttributeTwice));
    let mut two_digests = good.clone();
    two_digests.insert(
        2,
        attribute(MESSAGE_DIGEST, &tlv(OCTET_STRING, &[&[0xff; 32]])).unwrap(),
    );
    assert!(
        matches!(refused(&two_digests), CmsError::Attribute { attribute: MESSAGE_DIGEST, why } if why.contains("twice"))
    );
    let mut two_values = good.clone();
    let value = tlv(OCTET_STRING, &[&DIGEST]);
    two_values[1] = tlv(
        SEQUENCE,
        &[&oid(MESSAGE_DIGEST).unwrap(), &tlv(SET, &[&value, &value])],
    );
    two_values.sort();
    assert!(
        matches!(refused(&two_values), CmsError::Attribute { attribute: MESSAGE_DIGEST, why } if why.contains("one value"))
    );
    assert!(matches!(refused(&[]), CmsError::NoSignedAttributes));
}

#[test]
fn both_versions_of_the_reference_must_agree() {
    let identity = alone(&identity());
    let sha1 = |bytes: &[u8]| ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, bytes);
    let old = |hash: &[u8]| {
        let reference = tlv(SEQUENCE, &[&tlv(OCTET_STRING, &[hash])]);
        attribute(
            SIGNING_CERTIFICATE,
            &tlv(SEQUENCE, &[&tlv(SEQUENCE, &[&reference])]),
        )
        .unwrap()
    };
    let with = |first: &[u8]| {
        let mut attributes = good_attributes(&identity);
        attributes.push(old(first));
        attributes.sort();
        judge(&with_attributes(&identity, &attributes))
    };
    with(sha1(&identity.certificate).as_ref()).unwrap();
    assert_eq!(
        with(sha1(b"another").as_ref()),
        Err(CmsVerifyError::SigningCertificateMismatch {
            attribute: "signing-certificate",
            part: "digest"
        })
    );
    let mut only_old = good_attributes(&identity);
    only_old[2] = old(sha1(&identity.certificate).as_ref());
    only_old.sort();
    judge(&with_attributes(&identity, &only_old)).unwrap();
}

#[test]
fn other_structures_are_named() {
    let identity = alone(&identity());
    let signer = CmsSigner::new(&identity).unwrap();
    let refused = |cms: &[u8]| SignedCms::parse(cms, Profile::Cades).unwrap_err();
    let cms = signer.sign(&DIGEST).unwrap();

    // The same SignerInfo twice.
    let signer_info_at = find(&cms, &signer.before_attributes) - 4;
    let signer_info = &cms[signer_info_at..];
    let signed_data = |before: &[u8], signer_infos: &[&[u8]]| {
        let signed_data = tlv(SEQUENCE, &[before, &tlv(SET, signer_infos)]);
        tlv(SEQUENCE, &[SIGNED_DATA_OID, &tlv(CONTEXT_0, &[&signed_data])])
    };
    assert_eq!(signed_data(&signer.before_signer, &[signer_info]), cms);
    let twice = signed_data(&signer.before_signer, &[signer_info, signer_info]);
    assert!(matches!(refused(&twice), CmsError::SignerCount(2)));
    let none = signed_data(&signer.before_signer, &[]);
    assert!(matches!(refused(&none), CmsError::SignerCount(0)));

    // Content inside: never good, and told apart where it is what was signed.
    let id_data = oid(ID_DATA).unwrap();
    let detached = tlv(SEQUENCE, &[&id_data]);
    let at = find(&signer.before_signer, &detached);
    let content = b"content";
    let mut digest = [0; 32];
    digest.copy_from_slice(&DigestAlgorithm::Sha256.digest(content));
    let of_content = signer.sign(&digest).unwrap();
    for (carried, is_signed) in [(&content[..], true), (b"another", false), (b"", false)] {
        let inside = tlv(CONTEXT_0, &[&tlv(OCTET_STRING, &[carried])]);
        let before = [
            &signer.before_signer[..at],
            &tlv(SEQUENCE, &[&id_data, &inside]),
            &signer.before_signer[at + detached.len()..],
        ]
        .concat();
        let carrying = signed_data(&before, &[&of_content[signer_info_at..]]);
        let read = SignedCms::parse(&carrying, Profile::Cades).unwrap();
        let encapsulated = Err(CmsVerifyError::EncapsulatedContent);
        assert_eq!(read.verify(&digest), encapsulated);
        assert_eq!(read.encapsulates(&digest), is_signed);
        let expected = if is_signed { Ok(()) } else { encapsulated.clone() };
        assert_eq!(read.check_digest(&digest), expected);
        // Whoever reads the content takes another document for signed.
        assert_eq!(read.check_digest(&DIGEST), encapsulated);
        let _ = read.check_signature(&digest).unwrap();
    }

    // Versions.
    let mut version = cms.clone();
    version[signer_info_at + 6] = 3;
    assert!(matches!(
        refused(&version),
        CmsError::Version {
            structure: "SignerInfo",
            found: 3
        }
    ));
    let mut version = cms.clone();
    let at = find(&cms, &signer.before_signer) + 2;
    version[at] = 3;
    assert!(matches!(
        refused(&version),
        CmsError::Version {
            structure: "SignedData",
            found: 3
        }
    ));

    let compressed = tlv(SEQUENCE, &[&oid(CONTENT_TYPE).unwrap()]);
    assert!(matches!(
        refused(&compressed),
        CmsError::NotSignedData(CONTENT_TYPE)
    ));
    assert!(matches!(refused(&[]), CmsError::Malformed(_)));
    assert!(matches!(refused(&[0; 4000]), CmsError::Malformed(_)));
    assert!(matches!(refused(&vec![0x30; (1 << 20) + 1]), CmsError::TooLarge));
}

/// The same element with indefinite lengths down to some depth.
fn streamed(der: &[u8], depth: usize) -> Vec<u8> {
    let mut reader = der::SliceReader::new(der).unwrap();
    let first = der[0];
    let header = <der::Header as der::Decode>::decode(&mut reader).unwrap();
    let content = &der[der.len() - usize::try_from(header.length()).unwrap()..];
    if depth == 0 || first & 0x20 == 0 {
        return der.to_vec();
    }
    let mut out = vec![first, 0x80];
    let mut rest = content;
    while !rest.is_empty() {
        let mut reader = der::SliceReader::new(rest).unwrap();
        let child = der::Reader::tlv_bytes(&mut reader).unwrap();
        out.extend(streamed(child, depth - 1));
        rest = &rest[child.len()..];
    }
    out.extend([0, 0]);
    out
}

#[test]
fn indefinite_lengths_change_nothing_but_the_framing() {
    let cms = signed(&alone(&identity()), &DIGEST);
    // Up to nine levels: into the certificates and the signed attributes, whose signature is over their DER.
    for depth in 1..10 {
        let mut ber = streamed(&cms, depth);
        assert_ne!(ber, cms);
        judge(&ber).unwrap_or_else(|error| panic!("{depth}: {error}"));
        ber.resize(ber.len() + 100, 0);
        judge(&ber).unwrap();
        let read = SignedCms::parse(&ber, Profile::Cades).unwrap();
        assert_eq!(read.verify(&[0; 32]), Err(CmsVerifyError::DigestMismatch));
        ber.push(1);
        let refused = SignedCms::parse(&ber, Profile::Cades);
        assert!(matches!(refused, Err(CmsError::TrailingData(_))));
    }
    let ber = streamed(&cms, 3);
    for end in 0..ber.len() {
        assert!(
            SignedCms::parse(&ber[..end], Profile::Cades).is_err(),
            "cut at {end}"
        );
    }
    // An octet string in pieces, nested once, and what is no piece.
    let pieces = b"\x24\x80\x04\x01a\x04\x02bc\x00\x00";
    assert_eq!(
        ber::definite(pieces),
        Some((b"\x04\x03abc".to_vec(), pieces.len()))
    );
    for broken in [
        &b"\x24\x80\x02\x01\x05\x00\x00"[..], // no piece
        b"\x04\x80ab\x00\x00",                // primitive without length
        b"\x30\x85\x01\x00\x00\x00\x00",
        &[0x30, 0x80].repeat(2000), // nested for ever
        &cms,
    ] {
        assert_eq!(ber::definite(broken), None);
    }
}

/// The same element, and what it consists of down to some depth, with lengths a byte longer than they need be.
fn padded(der: &[u8], depth: usize) -> Vec<u8> {
    let mut reader = der::SliceReader::new(der).unwrap();
    let header = <der::Header as der::Decode>::decode(&mut reader).unwrap();
    let mut content = der[der.len() - usize::try_from(header.length()).unwrap()..].to_vec();
    if depth > 0 && der[0] & 0x20 != 0 {
        let children = elements(&mut der::SliceReader::new(&content).unwrap()).unwrap();
        content = children
            .iter()
            .flat_map(|child| padded(child, depth - 1))
            .collect();
    }
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&[der[0], 0x84], &length[..], &content].concat()
}

#[test]
fn lengths_that_need_not_be_so_long_change_nothing_but_the_framing() {
    let cms = signed(&alone(&identity()), &DIGEST);
    for depth in 0..10 {
        let mut ber = padded(&cms, depth);
        judge(&ber).unwrap_or_else(|error| panic!("{depth}: {error}"));
        ber.resize(ber.len() + 100, 0);
        judge(&ber).unwrap();
    }
    // What is broken elsewhere stays, and so does what it is in.
    let broken = b"\x30\x09\x30\x81\x02\x05\x00\xa0\x02\x30\x09";
    let mended = b"\x30\x08\x30\x02\x05\x00\xa0\x02\x30\x09";
    assert_eq!(ber::definite(broken), Some((mended.to_vec(), broken.len())));
    let kinds = b"\x30\x07\xbf\x81\x01\x81\x02\x05\x00";
    assert_eq!(
        ber::definite(kinds),
        Some((b"\x30\x06\xbf\x81\x01\x02\x05\x00".to_vec(), kinds.len()))
    );
}

/// 2.25 and a UUID, and a kind of 61 bytes.
const ODD_KINDS: [&[u8]; 2] = [
    b"\x06\x14\x69\x83\xf8\x8e\xcf\xed\xcb\xd9\xb8\x96\x98\x95\xd0\xe2\xa6\xd0\x98\x95\xd0\x36",
    &[
        6, 61, 0x69, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    ],
];

#[test]
fn what_anybody_can_add_beside_the_signature_does_not_fail_it() {
    let signer = CmsSigner::new(&identity()).unwrap();
    let (attributes, signature) = signer.sign_attributes(&DIGEST).unwrap();
    let stamp = attribute(SIGNATURE_TIME_STAMP, b"\x30\x00").unwrap();
    let no_set = tlv(SEQUENCE, &[&oid(SIGNATURE_TIME_STAMP).unwrap(), b"\x05\x00"]);
    let odd = ODD_KINDS.map(|kind| tlv(SEQUENCE, &[kind, &tlv(SET, &[b"\x05\x00"])]));
    let others = [
        &odd[0][..],
        &odd[1],
        b"\x05\x00",
        b"\x30\x00",
        b"\x30\x02\x06\x00",
    ];
    for other in others {
        let unsigned = tlv(CONTEXT_1, &[other, &stamp]);
        let cms = signer.assemble_parts(&signer.before_signer, attributes.clone(), &signature, &unsigned);
        let read = SignedCms::parse(&cms, Profile::Cades).unwrap();
        read.verify(&DIGEST).unwrap();
        assert_eq!(
            read.timestamp_tokens().collect::<Vec<_>>(),
            [b"\x30\x00"],
            "{other:02x?}"
        );
    }
    // A timestamp that cannot be read is one, for its own judgement to fail.
    for (unsigned, found) in [
        (&no_set[..], &b"\x05\x00"[..]),
        (&[&stamp[..], b"\x30\x09"].concat(), b"\x30\x00"),
    ] {
        let unsigned = tlv(CONTEXT_1, &[unsigned]);
        let cms = signer.assemble_parts(&signer.before_signer, attributes.clone(), &signature, &unsigned);
        let read = SignedCms::parse(&cms, Profile::Cades).unwrap();
        assert_eq!(read.timestamp_tokens().collect::<Vec<_>>(), [found]);
    }
}

#[test]
fn signed_attributes_that_nobody_knows_may_be_of_any_kind() {
    let identity = identity();
    for kind in ODD_KINDS {
        let mut attributes = good_attributes(&identity);
        attributes.push(tlv(SEQUENCE, &[kind, &tlv(SET, &[b"\x05\x00"])]));
        attributes.sort_unstable();
        judge(&with_attributes(&identity, &attributes)).unwrap();
    }
}

#[test]
fn no_cut_and_no_flipped_bit_passes() {
    let cms = signed(&alone(&identity()), &DIGEST);
    for end in 0..cms.len() {
        assert!(
            SignedCms::parse(&cms[..end], Profile::Cades).is_err(),
            "cut at {end}"
        );
        let mut padded = cms[..end].to_vec();
        padded.resize(cms.len() + 100, 0);
        let passes = padded[..cms.len()] != cms
            && SignedCms::parse(&padded, Profile::Cades).is_ok_and(|c| c.verify(&DIGEST).is_ok());
        assert!(!passes, "cut at {end} and padded");
    }
    for at in 0..cms.len() {
        for bit in 0..8 {
            let mut changed = cms.clone();
            changed[at] ^= 1 << bit;
            let passes = SignedCms::parse(&changed, Profile::Cades).is_ok_and(|c| c.verify(&DIGEST).is_ok());
            assert!(!passes, "bit {bit} of byte {at}");
        }
    }
}

fn openssl(folder: &Path, script: &str) -> String {
    let done = Command::new("sh")
        .arg("-ec")
        .arg(script)
        .current_dir(folder)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{script}\n{text}");
    text
}

#[test]
fn openssl_verifies_ours() {
    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    let authority = TestAuthority::new();
    let identity = authority.identity(Role::DocumentSigner, period("2025-01-01", "2050-01-01"));
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let content = b"%PDF-1.7 the byte range".repeat(1000);
    let mut digest = [0; 32];
    digest.copy_from_slice(&DigestAlgorithm::Sha256.digest(&content));
    fs::write(file("content"), &content).unwrap();
    fs::write(file("cms"), signed(&identity, &digest)).unwrap();
    write_chain(&file("root.pem"), [authority.root.certificate()]).unwrap();

    // -cades also demands and checks the signing-certificate attribute.
    let verify = "openssl cms -verify -cades -binary -inform DER -in cms -content content \
                  -CAfile root.pem -purpose any -x509_strict -out out";
    openssl(folder.path(), verify);
    assert_eq!(fs::read(file("out")).unwrap(), content);
    let text = openssl(folder.path(), "openssl asn1parse -inform DER -in cms");
    for expected in [
        "pkcs7-signedData",
        "contentType",
        "messageDigest",
        "id-smime-aa-signingCertificateV2",
        "ecdsa-with-SHA256",
    ] {
        assert!(text.contains(expected), "{expected} not in\n{text}");
    }
    assert!(!text.contains("signingTime"), "{text}");

    fs::write(file("content"), b"another").unwrap();
    let text = openssl(folder.path(), &format!("! {verify}"));
    assert!(
        text.contains("verification failure") || text.contains("digest"),
        "{text}"
    );
}

/// Signs `content` with a new key and `options`; gives the CMS.
fn signed_by_openssl(folder: &Path, key: &str, options: &str) -> Vec<u8> {
    openssl(
        folder,
        &format!(
            "openssl req -x509 -newkey {key} -nodes -keyout key -out cert -days 30 -subj /CN=TEST; \
             openssl cms -sign -binary -outform DER -signer cert -inkey key {options} -in content -out cms"
        ),
    );
    fs::read(folder.join("cms")).unwrap()
}

#[test]
fn ours_verifies_openssl() {
    use DigestAlgorithm::{Sha1, Sha3_256, Sha224, Sha256, Sha384, Sha512};

    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("content"), b"message").unwrap();
    let pss = "-keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen";
    let masked = Pss {
        mask: Sha1,
        salt_length: 20,
        ..Pss::uniform(Sha256)
    };
    let curve = |name: &str| format!("ec -pkeyopt ec_paramgen_curve:{name}");
    let rsa = "rsa:2048".to_owned();
    let cases = [
        (
            curve("P-256"),
            "-md sha256".to_owned(),
            SignatureAlgorithm::Ecdsa(Sha256),
        ),
        (
            curve("P-256"),
            "-md sha512".to_owned(),
            SignatureAlgorithm::Ecdsa(Sha512),
        ),
        (
            curve("P-384"),
            "-md sha384".to_owned(),
            SignatureAlgorithm::Ecdsa(Sha384),
        ),
        (
            curve("P-384"),
            "-md sha1".to_owned(),
            SignatureAlgorithm::Ecdsa(Sha1),
        ),
        (
            curve("P-521"),
            "-md sha512".to_owned(),
            SignatureAlgorithm::Ecdsa(Sha512),
        ),
        (
            curve("P-521"),
            "-md sha224".to_owned(),
            SignatureAlgorithm::Ecdsa(Sha224),
        ),
        (
            curve("brainpoolP256r1"),
            "-md sha256".to_owned(),
            SignatureAlgorithm::Ecdsa(Sha256),
        ),
        (
            curve("brainpoolP384r1"),
            "-md sha384".to_owned(),
            SignatureAlgorithm::Ecdsa(Sha384),
        ),
        (
            rsa.clone(),
            "-md sha256".to_owned(),
            SignatureAlgorithm::RsaPkcs1(Sha256),
        ),
        (
            rsa.clone(),
            "-md sha1".to_owned(),
            SignatureAlgorithm::RsaPkcs1(Sha1),
        ),
        (
            rsa.clone(),
            "-md sha3-256".to_owned(),
            SignatureAlgorithm::RsaPkcs1(Sha3_256),
        ),
        (
            "rsa:1024".to_owned(),
            "-md md5".to_owned(),
            SignatureAlgorithm::RsaPkcs1(DigestAlgorithm::Md5),
        ),
        (
            rsa.clone(),
            format!("-md sha384 -keyid {pss}:digest"),
            SignatureAlgorithm::RsaPss(Pss::uniform(Sha384)),
        ),
        (
            rsa.clone(),
            format!("-md sha256 {pss}:20 -keyopt rsa_mgf1_md:sha1"),
            SignatureAlgorithm::RsaPss(masked),
        ),
    ];
    for (key, options, algorithm) in cases {
        let bytes = signed_by_openssl(folder.path(), &key, &format!("-cades {options}"));
        let read = SignedCms::parse(&bytes, Profile::Cades).unwrap_or_else(|e| panic!("{algorithm}: {e}"));
        assert_eq!(read.signature_algorithm(), algorithm);
        assert!(read.algorithms_agree());
        let digest = read.digest_algorithm().digest(b"message");
        read.verify(&digest)
            .unwrap_or_else(|e| panic!("{algorithm}: {e}"));
        assert_eq!(
            read.verify(&read.digest_algorithm().digest(b"massage")),
            Err(CmsVerifyError::DigestMismatch)
        );
        assert!(read.signing_time().is_some(), "openssl writes it");
    }
}

#[test]
fn forms_other_than_cades_are_read_as_they_are_named() {
    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let wrong_value = Err(CmsVerifyError::Signature(VerifyError::SignatureWrong));
    let kinds = ["rsa:2048", "ec -pkeyopt ec_paramgen_curve:P-521"];

    // Nothing signed but the digest of the document: adbe.pkcs7.detached.
    fs::write(folder.path().join("content"), b"message").unwrap();
    for key in kinds {
        let bytes = signed_by_openssl(folder.path(), key, "-noattr -md sha256");
        assert!(matches!(
            SignedCms::parse(&bytes, Profile::Cades),
            Err(CmsError::NoSignedAttributes)
        ));
        let read = SignedCms::parse(&bytes, Profile::Pkcs7).unwrap();
        let digest = DigestAlgorithm::Sha256.digest(b"message");
        let _ = read.check_signature(&digest).unwrap();
        read.check_digest(&digest).unwrap();
        let other = DigestAlgorithm::Sha256.digest(b"massage");
        assert_eq!(read.check_signature(&other).map(drop), wrong_value);
        assert_eq!(read.check_digest(&other), wrong_value);
        assert_eq!(
            read.check_signing_certificate(),
            Err(CmsVerifyError::AttributeMissing("signing-certificate-v2"))
        );
    }

    // The document's SHA-1 digest as content: adbe.pkcs7.sha1.
    let digest = DigestAlgorithm::Sha1.digest(b"message");
    fs::write(folder.path().join("content"), &digest).unwrap();
    for (key, attributes) in kinds.into_iter().zip(["", "-noattr"]) {
        let bytes = signed_by_openssl(folder.path(), key, &format!("-nodetach -md sha256 {attributes}"));
        // As a detached signature it is one that carries what it signs.
        let read = SignedCms::parse(&bytes, Profile::Pkcs7).unwrap();
        let of_content = DigestAlgorithm::Sha256.digest(&digest);
        assert!(read.encapsulates(&of_content));
        let _ = read.check_signature(&of_content).unwrap();
        read.check_digest(&of_content).unwrap();
        let encapsulated = Err(CmsVerifyError::EncapsulatedContent);
        let other = DigestAlgorithm::Sha256.digest(b"massage");
        assert_eq!(read.check_digest(&other), encapsulated);
        assert_eq!(read.verify(&of_content), encapsulated);
        assert!(matches!(
            SignedCms::parse(&bytes, Profile::Timestamp),
            Err(CmsError::NotSignedData(ID_DATA))
        ));
        let read = SignedCms::parse(&bytes, Profile::Pkcs7Sha1).unwrap();
        assert_eq!(read.digest_algorithm(), DigestAlgorithm::Sha1, "of the document");
        let _ = read.check_signature(&digest).unwrap();
        read.check_digest(&digest).unwrap();
        let other = DigestAlgorithm::Sha1.digest(b"massage");
        assert_eq!(read.check_digest(&other), Err(CmsVerifyError::DigestMismatch));
        // The content itself, changed.
        let mut changed = bytes.clone();
        let at = find(&bytes, &digest);
        changed[at] ^= 1;
        let mut forged = digest.clone();
        forged[0] ^= 1;
        let read = SignedCms::parse(&changed, Profile::Pkcs7Sha1).unwrap();
        assert!(read.check_digest(&forged).is_err(), "{attributes}");
        assert!(read.verify(&forged).is_err(), "{attributes}");
    }
    let detached = signed(&alone(&identity()), &DIGEST);
    assert!(matches!(
        SignedCms::parse(&detached, Profile::Pkcs7Sha1),
        Err(CmsError::ContentMissing)
    ));
}

#[test]
fn a_signature_algorithm_in_the_place_of_the_digest_is_not_supported() {
    let mut cms = signed(&alone(&identity()), &DIGEST);
    let sha256 = b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01";
    let with_rsa = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b";
    while let Some(at) = cms.windows(sha256.len()).position(|some| some == sha256) {
        cms[at..at + sha256.len()].copy_from_slice(with_rsa);
    }
    assert!(matches!(
        SignedCms::parse(&cms, Profile::Cades),
        Err(CmsError::AlgorithmRefused(VerifyError::AlgorithmRefused(_)))
    ));
}

#[test]
fn algorithms_named_in_what_is_signed_must_be_those_used() {
    let identity = alone(&identity());
    let judge_with = |digest: &[u8], signature: &[u8]| {
        let mut implicit = signature.to_vec();
        implicit[0] = 0xa1;
        let mut attributes = good_attributes(&identity);
        attributes.push(attribute(ALGORITHM_PROTECTION, &tlv(SEQUENCE, &[digest, &implicit])).unwrap());
        attributes.sort();
        judge(&with_attributes(&identity, &attributes))
    };
    let ecdsa = crate::crypto::SignatureScheme::EcdsaP256Sha256.algorithm_identifier();
    judge_with(SHA_256_IDENTIFIER, ecdsa).unwrap();
    let sha384 = b"\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02";
    let ecdsa_384 = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03";
    let contradict = Err(CmsVerifyError::AlgorithmsContradict);
    assert_eq!(judge_with(sha384, ecdsa), contradict);
    assert_eq!(judge_with(SHA_256_IDENTIFIER, ecdsa_384), contradict);
}
