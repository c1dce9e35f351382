#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::{fs, process::Command};

use super::*;
use crate::{
    crypto::{
        SigningIdentity,
        authority::{
            CertificateAuthority, Publication, Revocation, Role, Serial,
            tests::{TestAuthority, new_key, period, subject},
        },
    },
    trust::revocation::{
        Revoked, UnknownRevocation,
        crl::{Crl, CrlError},
    },
};

fn at(date: &str) -> Timestamp {
    format!("{date}T12:00:00Z").parse().unwrap()
}

/// A signer certificate valid through 2025 to 2029 and what a verifier may know about it.
struct Scene {
    authority: TestAuthority,
    signer: SigningIdentity,
    revocations: Revocations,
}

impl Scene {
    fn new() -> Self {
        let authority = TestAuthority::new();
        let signer = authority.identity(Role::DocumentSigner, period("2025-01-01", "2030-01-01"));
        Self {
            authority,
            signer,
            revocations: Revocations::default(),
        }
    }

    /// Adds a list of the issuing CA, and with it one of the root that names nobody.
    fn list(&mut self, from: &str, to: &str, revoked: &[(&str, Option<CrlReason>)]) {
        let certificate = x509::parse(&self.signer.certificate).unwrap();
        let lines: Vec<Revocation> = revoked
            .iter()
            .map(|(when, reason)| Revocation {
                serial: certificate.tbs_certificate().serial_number().as_bytes().to_vec(),
                revoked_at: at(when),
                reason: *reason,
            })
            .collect();
        for (authority, lines) in [(&self.authority.issuing, &lines[..]), (&self.authority.root, &[])] {
            let der = authority.revocation_list(1, at(from), at(to), lines).unwrap();
            self.revocations.add_crl(&der).unwrap();
        }
    }

    fn judge(&self, when: &str) -> Result<VerifiedPath, PathError> {
        self.judge_certificate(&self.signer.certificate, &self.signer.issuers, when)
    }

    fn judge_certificate(
        &self,
        leaf: &[u8],
        issuers: &[Vec<u8>],
        when: &str,
    ) -> Result<VerifiedPath, PathError> {
        let context = PathContext {
            anchors: &[self.authority.root.certificate()],
            revocations: &self.revocations,
            at: at(when),
            usage: Usage::Document,
            policy: AlgorithmPolicy::built_in(),
            policies: &[],
            policy_at: at(when),
        };
        validate(leaf, issuers, &context)
    }
}

fn leaf_status(path: &VerifiedPath) -> RevocationStatus {
    path.certificates()[0].revocation.clone()
}

#[test]
fn a_good_path_says_its_certificates_and_anchor() {
    let mut scene = Scene::new();
    let path = scene.judge("2026-11-21").unwrap();
    assert_eq!(path.certificates().len(), 2);
    assert_eq!(path.certificates()[0].der, &*scene.signer.certificate);
    assert_eq!(path.certificates()[1].der, scene.authority.issuing.certificate());
    assert!(path.certificates()[0].subject.contains("示例专用章"));
    assert_eq!(path.anchor(), scene.authority.root.certificate());
    assert_eq!(
        path.anchor_fingerprint(),
        x509::fingerprint(scene.authority.root.certificate())
    );
    let unknown = RevocationStatus::Unknown(UnknownRevocation::NoList);
    assert!(path.certificates().iter().all(|c| c.revocation == unknown));
    assert_eq!(path.undecided().count(), 2, "without lists nothing is good");

    scene.list("2026-11-01", "2026-12-01", &[]);
    let path = scene.judge("2026-11-21").unwrap();
    assert_eq!(path.undecided().count(), 0);
    assert_eq!(
        leaf_status(&path),
        RevocationStatus::Good {
            as_of: at("2026-11-01"),
            next_update: Some(at("2026-12-01"))
        }
    );

    // The root among the certificates offered, and strangers, change nothing.
    let stranger = TestAuthority::new();
    let offered = vec![
        scene.authority.root.certificate().to_vec(),
        stranger.issuing.certificate().to_vec(),
        b"no certificate".to_vec(),
        scene.authority.issuing.certificate().to_vec(),
    ];
    let path = scene
        .judge_certificate(&scene.signer.certificate, &offered, "2026-11-21")
        .unwrap();
    assert_eq!(path.certificates().len(), 2);
}

#[test]
fn every_role_passes_for_its_usage() {
    let authority = TestAuthority::new();
    for (role, usage) in [
        (Role::DocumentSigner, Usage::Document),
        (Role::SealMaker, Usage::Document),
        (Role::TokenSigner, Usage::Token),
    ] {
        let signer = authority.identity(role, period("2025-01-01", "2052-01-01"));
        let context = PathContext {
            anchors: &[authority.root.certificate()],
            revocations: &Revocations::default(),
            at: at("2051-01-01"),
            usage,
            policy: AlgorithmPolicy::built_in(),
            policies: &[],
            policy_at: at("2051-01-01"),
        };
        validate(&signer.certificate, &signer.issuers, &context).unwrap();
    }
}

#[test]
fn dates_are_named_with_the_certificate() {
    let scene = Scene::new();
    let expired = scene.judge("2031-01-01").unwrap_err();
    assert!(
        matches!(&expired, PathError::Expired { certificate, not_after }
            if certificate.contains("示例专用章") && *not_after == "2030-01-01T00:00:00Z".parse().unwrap()),
        "{expired}"
    );
    let early = scene.judge("2024-12-31").unwrap_err();
    assert!(matches!(early, PathError::NotYetValid { .. }), "{early}");
    assert!(matches!(
        scene.judge("1969-01-01"),
        Err(PathError::NotYetValid { .. })
    ));

    let issuing = scene
        .judge_certificate(scene.authority.issuing.certificate(), &[], "2026-01-01")
        .unwrap_err();
    assert!(matches!(issuing, PathError::WrongUsage { .. }), "{issuing}");

    // An anchor out of date.
    let root = CertificateAuthority::new_root(
        new_key(),
        &subject("旧根 TEST"),
        period("2020-01-01", "2025-06-01"),
        Serial::random().unwrap(),
    )
    .unwrap();
    let signer = new_key();
    let leaf = root
        .issue(
            Role::DocumentSigner,
            signer.public_key_info(),
            &subject("章"),
            period("2025-01-01", "2025-06-01"),
            Serial::random().unwrap(),
        )
        .unwrap();
    let anchors = [root.certificate()];
    let judge = |when| {
        let context = PathContext {
            anchors: &anchors,
            revocations: &Revocations::default(),
            at: at(when),
            usage: Usage::Document,
            policy: AlgorithmPolicy::built_in(),
            policies: &[],
            policy_at: at(when),
        };
        validate(&leaf, &[], &context)
    };
    assert_eq!(judge("2025-02-01").unwrap().certificates().len(), 1);
    assert!(matches!(judge("2025-07-01"), Err(PathError::Expired { .. })));
}

#[test]
fn strangers_and_forgers_are_told_apart() {
    let scene = Scene::new();
    let stranger = TestAuthority::new();
    let theirs = stranger.identity(Role::DocumentSigner, period("2025-01-01", "2030-01-01"));
    for when in ["2026-01-01", "2031-01-01", "2024-01-01"] {
        // The stranger's CA has the same name; what counts is the key, whatever the dates.
        let refused = scene
            .judge_certificate(&theirs.certificate, &theirs.issuers, when)
            .unwrap_err();
        assert_eq!(refused, PathError::BadSignature, "{when}");
    }
    let unknown = scene.judge_certificate(&scene.signer.certificate, &[], "2026-01-01");
    assert_eq!(
        unknown.unwrap_err(),
        PathError::UnknownIssuer,
        "issuing CA not at hand"
    );
    let unknown = scene.judge_certificate(&scene.signer.certificate, &[], "2031-01-01");
    assert_eq!(unknown.unwrap_err(), PathError::UnknownIssuer, "expired too");

    let mut forged = scene.signer.certificate.to_vec();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    assert_eq!(
        scene
            .judge_certificate(&forged, &scene.signer.issuers, "2026-01-01")
            .unwrap_err(),
        PathError::BadSignature
    );
    for garbage in [&b""[..], b"\x30\x03\x02\x01\x01", &forged[..100]] {
        assert!(matches!(
            scene.judge_certificate(garbage, &[], "2026-01-01"),
            Err(PathError::Malformed(_))
        ));
    }
    let context = PathContext {
        anchors: &[b"no certificate"],
        revocations: &Revocations::default(),
        at: at("2026-01-01"),
        usage: Usage::Document,
        policy: AlgorithmPolicy::built_in(),
        policies: &[],
        policy_at: at("2026-01-01"),
    };
    assert!(matches!(
        validate(&scene.signer.certificate, &[], &context),
        Err(PathError::Anchor(_))
    ));
}

#[test]
fn an_issuing_authority_cannot_make_another() {
    let scene = Scene::new();
    let below = scene
        .authority
        .issuing
        .issue_authority(
            new_key(),
            &subject("下级 TEST"),
            period("2025-01-01", "2040-01-01"),
            Serial::random().unwrap(),
        )
        .unwrap()
        .publishing(Publication::on_host("localhost", "below"));
    let leaf = below
        .issue(
            Role::DocumentSigner,
            new_key().public_key_info(),
            &subject("章"),
            period("2025-01-01", "2030-01-01"),
            Serial::random().unwrap(),
        )
        .unwrap();
    let offered = [
        below.certificate().to_vec(),
        scene.authority.issuing.certificate().to_vec(),
    ];
    assert_eq!(
        scene
            .judge_certificate(&leaf, &offered, "2026-01-01")
            .unwrap_err(),
        PathError::PathTooLong
    );
}

#[test]
fn revocation_has_a_date_and_a_reason() {
    let mut scene = Scene::new();
    let reason = Some(CrlReason::KeyCompromise);
    scene.list("2026-06-01", "2026-07-01", &[("2026-05-01", reason)]);
    let refused = scene.judge("2026-06-15").unwrap_err();
    assert!(
        matches!(&refused, PathError::Revoked { certificate, signer: true, revoked_at, reason: Some(CrlReason::KeyCompromise) }
            if certificate.contains("示例专用章") && *revoked_at == at("2026-05-01")),
        "{refused}"
    );
    // A stale list still knows what it knew; a newer one that forgot does not give the certificate back.
    assert!(matches!(
        scene.judge("2028-01-01"),
        Err(PathError::Revoked { .. })
    ));
    scene.list("2026-08-01", "2026-09-01", &[]);
    assert!(matches!(
        scene.judge("2026-08-15"),
        Err(PathError::Revoked { .. })
    ));
    // Before the revocation it was good, as far as the instant can be believed.
    let path = scene.judge("2026-04-01").unwrap();
    let later = RevocationStatus::RevokedLater(Revoked {
        at: at("2026-05-01"),
        reason,
    });
    assert_eq!(leaf_status(&path), later);
}

#[test]
fn a_later_revocation_is_reported_and_a_hold_can_be_lifted() {
    let mut scene = Scene::new();
    let hold = Some(CrlReason::CertificateHold);
    scene.list("2026-06-01", "2026-07-01", &[("2026-05-01", hold)]);
    let later = RevocationStatus::RevokedLater(Revoked {
        at: at("2026-05-01"),
        reason: hold,
    });
    assert_eq!(leaf_status(&scene.judge("2026-04-01").unwrap()), later);
    assert!(matches!(
        scene.judge("2026-06-15"),
        Err(PathError::Revoked { .. })
    ));
    scene.list("2026-08-01", "2026-09-01", &[]);
    let path = scene.judge("2026-08-15").unwrap();
    assert!(matches!(leaf_status(&path), RevocationStatus::Good { .. }));
}

#[test]
fn what_a_list_cannot_know_stays_unknown() {
    let mut scene = Scene::new();
    scene.list("2026-06-01", "2026-07-01", &[]);
    let stale = RevocationStatus::Unknown(UnknownRevocation::Stale {
        next_update: at("2026-07-01"),
    });
    assert_eq!(leaf_status(&scene.judge("2026-07-02").unwrap()), stale);
    // A list made later speaks for an earlier instant too.
    let path = scene.judge("2026-01-01").unwrap();
    assert!(matches!(leaf_status(&path), RevocationStatus::Good { .. }));
    // But not one made when the certificate had expired.
    scene.revocations = Revocations::default();
    scene.list("2031-01-01", "2031-02-01", &[]);
    let too_late = RevocationStatus::Unknown(UnknownRevocation::TooLate);
    assert_eq!(leaf_status(&scene.judge("2026-01-01").unwrap()), too_late);

    // A stranger's list under the same name says nothing.
    let mut stranger = Scene::new();
    stranger.list("2026-06-01", "2026-07-01", &[("2026-05-01", None)]);
    scene.revocations = stranger.revocations;
    let untrusted = RevocationStatus::Unknown(UnknownRevocation::Untrusted);
    assert_eq!(leaf_status(&scene.judge("2026-06-15").unwrap()), untrusted);
}

#[test]
fn a_list_that_names_no_next_one_is_never_new() {
    let mut scene = Scene::new();
    scene.list("2026-11-01", "2026-12-01", &[]);
    scene.revocations = scene.revocations.undated();
    let status = |when| leaf_status(&scene.judge(when).unwrap());
    assert!(matches!(status("2026-10-31"), RevocationStatus::Good { .. }));
    assert_eq!(
        status("2026-11-02"),
        RevocationStatus::Unknown(UnknownRevocation::Undated)
    );
}

#[test]
fn lists_are_read_strictly() {
    let authority = TestAuthority::new();
    let der = authority
        .issuing
        .revocation_list(7, at("2026-01-01"), at("2026-02-01"), &[])
        .unwrap();
    let list = Crl::parse(&der).unwrap();
    assert!(list.is_empty());
    assert_eq!(list.this_update(), at("2026-01-01"));
    assert_eq!(list.next_update(), Some(at("2026-02-01")));
    for end in 0..der.len() {
        assert!(Crl::parse(&der[..end]).is_err());
    }
    assert!(matches!(
        Crl::parse(&[der, vec![0]].concat()),
        Err(CrlError::Malformed(_))
    ));
}

#[test]
fn no_flipped_bit_of_a_certificate_or_list_passes() {
    let mut scene = Scene::new();
    let leaf = scene.signer.certificate.to_vec();
    for position in 0..leaf.len() {
        let mut changed = leaf.clone();
        changed[position] ^= 1 << (position % 8);
        let judged = scene.judge_certificate(&changed, &scene.signer.issuers, "2026-01-01");
        assert!(judged.is_err(), "byte {position}");
    }

    let issuing = &scene.authority.issuing;
    let list = issuing
        .revocation_list(1, at("2026-01-01"), at("2026-02-01"), &[])
        .unwrap();
    for position in 0..list.len() {
        let mut changed = list.clone();
        changed[position] ^= 1 << (position % 8);
        let Ok(changed) = Revocations::from_crls([changed]) else {
            continue;
        };
        scene.revocations = changed;
        let path = scene.judge("2026-01-15").unwrap();
        assert!(
            matches!(leaf_status(&path), RevocationStatus::Unknown(_)),
            "byte {position}"
        );
    }
}

/// Certificates our authority would not make, by openssl: usages, constraints, old algorithms.
#[test]
fn usages_constraints_and_algorithms_are_judged() {
    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let shell = |script: &str| {
        let done = Command::new("sh")
            .arg("-ec")
            .arg(script)
            .current_dir(&folder)
            .output()
            .unwrap();
        assert!(
            done.status.success(),
            "{script}\n{}",
            String::from_utf8_lossy(&done.stderr)
        );
    };
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    shell(
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key; \
         openssl req -x509 -new -key key -subj /CN=root -days 900 -outform DER -out root.der \
             -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign; \
         openssl x509 -inform DER -in root.der -out root.pem",
    );
    let issue = |issuer: &str, name: &str, options: &str, extensions: &str| {
        fs::write(folder.path().join("ext"), extensions.replace(';', "\n")).unwrap();
        shell(&format!(
            "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {name}.key; \
             openssl req -new -key {name}.key -subj /CN={name} -out csr; \
             openssl x509 -req {options} -in csr -CA {issuer}.pem -CAkey $(test -f {issuer}.key && echo {issuer}.key || echo key) \
                 -days 800 -extfile ext -out {name}.pem; \
             openssl x509 -in {name}.pem -outform DER -out {name}.der"
        ));
        read(&format!("{name}.der"))
    };
    let root = read("root.der");
    let now = Timestamp::now() + jiff::SignedDuration::from_hours(1);
    let judge = |usage, leaf: &[u8], offered: &[Vec<u8>]| {
        let context = PathContext {
            anchors: &[&root],
            revocations: &Revocations::default(),
            at: now,
            usage,
            policy: AlgorithmPolicy::built_in(),
            policies: &[],
            policy_at: now,
        };
        validate(leaf, offered, &context).map(|_| ())
    };
    let signing = "basicConstraints=CA:FALSE;keyUsage=critical,digitalSignature,nonRepudiation";
    for (extensions, document, token) in [
        (signing.to_owned(), true, true),
        (format!("{signing};extendedKeyUsage=emailProtection"), true, false),
        (
            format!("{signing};extendedKeyUsage=1.3.6.1.5.5.7.3.36,clientAuth"),
            true,
            true,
        ),
        (
            format!("{signing};extendedKeyUsage=serverAuth,clientAuth"),
            false,
            false,
        ),
        (format!("{signing};extendedKeyUsage=timeStamping"), false, false),
        ("keyUsage=nonRepudiation".to_owned(), true, false),
        ("keyUsage=keyEncipherment,keyAgreement".to_owned(), false, false),
        ("basicConstraints=CA:FALSE".to_owned(), true, true),
    ] {
        let leaf = issue("root", "leaf", "-sha256", &extensions);
        for (usage, good) in [(Usage::Document, document), (Usage::Token, token)] {
            match judge(usage, &leaf, &[]) {
                Ok(()) => assert!(good, "{usage:?} {extensions}"),
                Err(PathError::WrongUsage { certificate, .. }) => {
                    assert!(!good && certificate == "CN=leaf", "{usage:?} {extensions}");
                }
                Err(other) => panic!("{extensions}: {other}"),
            }
        }
    }

    let ca = "basicConstraints=critical,CA:TRUE;keyUsage=critical";
    let below = |ca_extensions: &str, leaf_extensions: &str| {
        let middle = issue("root", "middle", "-sha256", ca_extensions);
        let leaf = issue("middle", "leaf", "-sha256", leaf_extensions);
        judge(Usage::Document, &leaf, &[middle])
    };
    below(&format!("{ca},keyCertSign"), signing).unwrap();
    assert!(matches!(
        below(&format!("{ca},cRLSign"), signing),
        Err(PathError::WrongUsage { certificate, .. }) if certificate == "CN=middle"
    ));
    assert!(matches!(
        below(&format!("{ca},keyCertSign;extendedKeyUsage=serverAuth"), signing),
        Err(PathError::WrongUsage { certificate, .. }) if certificate == "CN=middle"
    ));
    assert!(
        matches!(below(signing, signing), Err(PathError::WrongUsage { .. })),
        "no CA"
    );
    assert_eq!(
        below(
            &format!(
                "{ca},keyCertSign;nameConstraints=critical,@allowed;[allowed];permitted.DNS=example.gov.cn"
            ),
            &format!("{signing};subjectAltName=DNS:example.com"),
        ),
        Err(PathError::NameConstraints)
    );
    let old = issue("root", "leaf", "-sha1", signing);
    assert!(matches!(
        judge(Usage::Document, &old, &[]),
        Err(PathError::WeakAlgorithm { certificate, part, .. }) if certificate == "CN=leaf" && part == "SHA-1"
    ));
    let critical = issue(
        "root",
        "leaf",
        "-sha256",
        &format!("{signing};1.2.3.4=critical,DER:0500"),
    );
    assert!(matches!(
        judge(Usage::Document, &critical, &[]),
        Err(PathError::Malformed(why)) if why.contains("critical")
    ));
}

#[test]
fn chains_of_every_kind_of_key_lead_to_their_root() {
    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let chain = |key: &str, options: &str| {
        let script = format!(
            "for name in root leaf; do openssl genpkey -algorithm {key} -out $name.key 2>/dev/null; done; \
             openssl req -x509 -new -key root.key -subj /CN=root -days 900 {options} -outform DER -out root.der \
                 -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign; \
             openssl x509 -inform DER -in root.der -out root.pem; \
             openssl req -new -key leaf.key -subj /CN=leaf -out csr; \
             printf 'basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\n' > ext; \
             openssl x509 -req {options} -in csr -CA root.pem -CAkey root.key -days 800 -extfile ext \
                 -outform DER -out leaf.der"
        );
        let mut shell = Command::new("sh");
        let done = shell
            .arg("-ec")
            .arg(&script)
            .current_dir(&folder)
            .output()
            .unwrap();
        assert!(
            done.status.success(),
            "{script}\n{}",
            String::from_utf8_lossy(&done.stderr)
        );
        let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
        let (root, mut leaf) = (read("root.der"), read("leaf.der"));
        let now = Timestamp::now() + jiff::SignedDuration::from_hours(1);
        let context = PathContext {
            anchors: &[&root],
            revocations: &Revocations::default(),
            at: now,
            usage: Usage::Document,
            policy: AlgorithmPolicy::built_in(),
            policies: &[],
            policy_at: now,
        };
        let judged = validate(&leaf, &[], &context).map(drop);
        // The signature is really looked at.
        *leaf.last_mut().unwrap() ^= 1;
        assert!(validate(&leaf, &[], &context).is_err());
        judged
    };
    let rsa = |bits: u32| format!("RSA -pkeyopt rsa_keygen_bits:{bits}");
    let pss = "-sigopt rsa_padding_mode:pss";
    for (key, options) in [
        (rsa(2048), "-sha256".to_owned()),
        (rsa(3072), "-sha3-512".to_owned()),
        (rsa(2048), format!("-sha256 {pss} -sigopt rsa_pss_saltlen:digest")),
        (rsa(2048), format!("-sha512 {pss} -sigopt rsa_pss_saltlen:max")),
        (
            "RSA-PSS -pkeyopt rsa_keygen_bits:2048".to_owned(),
            "-sha384".to_owned(),
        ),
        (
            "EC -pkeyopt ec_paramgen_curve:P-521".to_owned(),
            "-sha512".to_owned(),
        ),
        (
            "EC -pkeyopt ec_paramgen_curve:P-384".to_owned(),
            "-sha256".to_owned(),
        ),
        (
            "EC -pkeyopt ec_paramgen_curve:brainpoolP384r1".to_owned(),
            "-sha384".to_owned(),
        ),
        ("ED25519".to_owned(), String::new()),
    ] {
        assert_eq!(chain(&key, &options), Ok(()), "{key} {options}");
    }
    for (key, options, weak) in [
        (rsa(1024), "-sha256", "RSA 1024"),
        (rsa(2048), "-sha1", "SHA-1"),
        (rsa(2048), "-md5", "MD5"),
    ] {
        match chain(&key, options) {
            Err(PathError::WeakAlgorithm { part, .. }) => assert_eq!(part, weak),
            other => panic!("{key} {options}: {other:?}"),
        }
    }
    for curve in ["secp256k1", "brainpoolP512r1"] {
        let judged = chain(&format!("EC -pkeyopt ec_paramgen_curve:{curve}"), "-sha256");
        assert!(
            matches!(judged, Err(PathError::UnsupportedAlgorithm(_))),
            "{curve}: {judged:?}"
        );
    }
    let explicit = chain(
        "EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit",
        "-sha256",
    );
    assert!(
        matches!(explicit, Err(PathError::UnsupportedAlgorithm(_))),
        "{explicit:?}"
    );
}
