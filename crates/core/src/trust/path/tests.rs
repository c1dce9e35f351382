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
        Self::of(TestAuthority::new())
    }

    fn of(authority: TestAuthority) -> Self {
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
            anchors: &Certificates::of([self.authority.root.certificate()]),
            revocations: &self.revocations,
            at: at(when),
            usage: Usage::Document,
            policy: AlgorithmPolicy::built_in(),
            policies: &[],
            policy_at: at(when),
            now: at("2051-01-01"),
            existence: Existence::UNPROVEN,
            work: &Work::default(),
        };
        validate(leaf, &[&Certificates::of(issuers)], &context)
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
fn a_path_of_sm2_is_judged_like_any_other() {
    let mut scene = Scene::of(TestAuthority::sm2());
    assert_eq!(scene.judge("2026-11-21").unwrap().certificates().len(), 2);
    scene.list("2026-11-01", "2026-12-01", &[]);
    assert_eq!(scene.judge("2026-11-21").unwrap().undecided().count(), 0);
    scene.list(
        "2026-11-02",
        "2026-12-02",
        &[("2026-11-02", Some(CrlReason::KeyCompromise))],
    );
    assert!(matches!(
        scene.judge("2026-11-21"),
        Err(PathError::Revoked { .. })
    ));

    // Signed by nobody who is an authority.
    let stranger = TestAuthority::sm2();
    let leaf = &stranger.identity(Role::DocumentSigner, period("2025-01-01", "2030-01-01"));
    let refused = scene.judge_certificate(&leaf.certificate, &leaf.issuers, "2026-11-21");
    assert!(refused.is_err());
    let mut forged = scene.signer.certificate.to_vec();
    *forged.last_mut().unwrap() ^= 1;
    assert!(
        scene
            .judge_certificate(&forged, &scene.signer.issuers, "2026-11-21")
            .is_err()
    );
}

/// A root that signed a certificate well, and that nothing says to be an authority.
#[test]
fn a_root_that_is_no_authority_vouches_for_nobody() {
    let Some(corpus) = crate::seal::ses::tests::corpus() else {
        return;
    };
    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    let certificate = |file: &str, passphrase: &str| {
        let made = Command::new("openssl")
            .args([
                "pkcs12",
                "-legacy",
                "-nokeys",
                "-passin",
                &format!("pass:{passphrase}"),
                "-in",
            ])
            .arg(corpus.join("certs").join(file))
            .output()
            .unwrap();
        x509::parse_bundle(&made.stdout).unwrap().remove(0)
    };
    let (root, user) = (
        certificate("ROOT.p12", "123456"),
        certificate("USER.p12", "777777"),
    );
    let key = x509::public_key_info(&root).unwrap();
    let parsed = x509::parse(&user).unwrap();
    let signed = x509::to_be_signed(&user).unwrap();
    let value = parsed.signature().as_bytes().unwrap();
    crate::crypto::verify_signature(key, crate::crypto::SignatureAlgorithm::Sm2, signed, value).unwrap();
    let context = PathContext {
        anchors: &Certificates::of([&root]),
        revocations: &Revocations::default(),
        at: at("2021-01-01"),
        usage: Usage::Document,
        policy: AlgorithmPolicy::built_in(),
        policies: &[],
        policy_at: at("2021-01-01"),
        now: at("2021-01-01"),
        existence: Existence::UNPROVEN,
        work: &Work::default(),
    };
    let refused = validate(&user, &[], &context).unwrap_err();
    assert!(
        matches!(refused, PathError::WrongUsage { signer: false, .. }),
        "{refused:?}"
    );
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
            anchors: &Certificates::of([authority.root.certificate()]),
            revocations: &Revocations::default(),
            at: at("2051-01-01"),
            usage,
            policy: AlgorithmPolicy::built_in(),
            policies: &[],
            policy_at: at("2051-01-01"),
            now: at("2051-01-01"),
            existence: Existence::UNPROVEN,
            work: &Work::default(),
        };
        validate(
            &signer.certificate,
            &[&Certificates::of(signer.issuers.iter())],
            &context,
        )
        .unwrap();
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
    let judge = |when| {
        let context = PathContext {
            anchors: &Certificates::of([root.certificate()]),
            revocations: &Revocations::default(),
            at: at(when),
            usage: Usage::Document,
            policy: AlgorithmPolicy::built_in(),
            policies: &[],
            policy_at: at(when),
            now: at("2051-01-01"),
            existence: Existence::UNPROVEN,
            work: &Work::default(),
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
        anchors: &Certificates::of([b"no certificate"]),
        revocations: &Revocations::default(),
        at: at("2026-01-01"),
        usage: Usage::Document,
        policy: AlgorithmPolicy::built_in(),
        policies: &[],
        policy_at: at("2026-01-01"),
        now: at("2026-01-01"),
        existence: Existence::UNPROVEN,
        work: &Work::default(),
    };
    assert!(matches!(
        validate(&scene.signer.certificate, &[], &context),
        Err(PathError::UnknownIssuer)
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
fn a_hold_that_became_a_revocation_was_not_lifted() {
    let mut scene = Scene::new();
    scene.list(
        "2026-06-01",
        "2026-07-01",
        &[("2026-05-01", Some(CrlReason::CertificateHold))],
    );
    scene.list(
        "2026-08-01",
        "2026-09-01",
        &[("2026-07-15", Some(CrlReason::KeyCompromise))],
    );
    for when in ["2026-06-15", "2026-08-15"] {
        assert!(
            matches!(scene.judge(when), Err(PathError::Revoked { .. })),
            "{when}"
        );
    }
}

#[test]
fn of_two_lines_about_one_certificate_the_worse_counts() {
    let (gone, held) = (Some(CrlReason::KeyCompromise), Some(CrlReason::CertificateHold));
    for lines in [
        [("2026-05-01", gone), ("2026-05-10", held)],
        [("2026-05-10", gone), ("2026-05-01", held)],
        [("2026-05-01", held), ("2026-05-10", gone)],
    ] {
        let mut scene = Scene::new();
        scene.list("2026-06-01", "2026-07-01", &lines);
        // No newer list lifts what is no hold.
        scene.list("2026-08-01", "2026-09-01", &[]);
        let refused = scene.judge("2026-08-15").unwrap_err();
        assert!(
            matches!(refused, PathError::Revoked { revoked_at, .. } if revoked_at == at("2026-05-01")),
            "{lines:?}"
        );
    }
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

/// DER of an element with this content.
fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    use der::Encode as _;
    let mut der = der::Any::new(der::Tag::Sequence, parts.concat())
        .unwrap()
        .to_der()
        .unwrap();
    der[0] = tag;
    der
}

#[test]
fn lists_may_name_any_number_and_have_little_beside() {
    let authority = TestAuthority::new();
    let issuer = x509::raw(authority.issuing.certificate()).unwrap().subject;
    let ecdsa = element(0x30, &[b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"]);
    let list = |lines: &[u8], extensions: &[u8]| {
        let time = b"\x17\x0d260101000000Z";
        let content = [b"\x02\x01\x01", &ecdsa[..], issuer, time, time, lines, extensions];
        let signature = b"\x03\x02\x00\x00";
        Crl::parse(&element(0x30, &[&element(0x30, &content), &ecdsa, signature]))
    };
    let lines: Vec<u8> = (0..400_000_u32)
        .flat_map(|serial| {
            let serial = (serial | 1 << 24).to_be_bytes();
            element(0x30, &[b"\x02\x04", &serial, b"\x17\x0d260101000000Z"])
        })
        .collect();
    let long = list(&element(0x30, &[&lines]), &[]).unwrap();
    assert_eq!(long.len(), 400_000);
    // A line is read to its end, the last one too.
    let broken = element(0x30, &[&lines, b"\x30\x03\x02\x01\x01"]);
    assert!(matches!(list(&broken, &[]), Err(CrlError::Malformed(_))));
    let extension = element(0x30, &[b"\x06\x02\x55\x02\x04\x00"]);
    let extensions = |count| element(0xa0, &[&element(0x30, &[&extension.repeat(count)])]);
    assert!(list(&[], &extensions(100)).is_ok());
    assert!(matches!(list(&[], &extensions(20_000)), Err(CrlError::TooLarge)));
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
            anchors: &Certificates::of([&root]),
            revocations: &Revocations::default(),
            at: now,
            usage,
            policy: AlgorithmPolicy::built_in(),
            policies: &[],
            policy_at: now,
            now,
            existence: Existence::UNPROVEN,
            work: &Work::default(),
        };
        validate(leaf, &[&Certificates::of(offered)], &context).map(|_| ())
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
        Err(PathError::UnknownExtension { certificate, .. }) if certificate == "CN=leaf"
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
            anchors: &Certificates::of([&root]),
            revocations: &Revocations::default(),
            at: now,
            usage: Usage::Document,
            policy: AlgorithmPolicy::built_in(),
            policies: &[],
            policy_at: now,
            now,
            existence: Existence::UNPROVEN,
            work: &Work::default(),
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
        (rsa(2048), format!("-sha256 {pss} -sigopt rsa_pss_saltlen:7")),
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

/// Authorities and signers by openssl, of any shape.
struct Workbench {
    folder: tempfile::TempDir,
}

const AUTHORITY: &str = "basicConstraints=critical,CA:TRUE;keyUsage=critical,keyCertSign,cRLSign";
const SIGNER: &str = "keyUsage=digitalSignature";

impl Workbench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    #[track_caller]
    fn shell(&self, script: &str) {
        let mut shell = Command::new("sh");
        let done = shell
            .arg("-ec")
            .arg(script)
            .current_dir(&self.folder)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{script}\n{said}");
    }

    /// Makes a certificate, with the key of that name if there is one; `by` nobody signs itself. No extensions make
    /// version 1.
    fn make(
        &self,
        file: &str,
        key: &str,
        subject: &str,
        by: Option<&str>,
        options: &str,
        extensions: &str,
    ) -> Vec<u8> {
        fs::write(self.folder.path().join("ext"), extensions.replace(';', "\n")).unwrap();
        let issuer = by.map_or_else(
            || format!("-key {key}.key"),
            |by| format!("-CA {by}.pem -CAkey $(cat {by}.keyname).key"),
        );
        let extensions = if extensions.is_empty() { "" } else { "-extfile ext" };
        self.shell(&format!(
            "test -f {key}.key || openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {key}.key; \
             echo {key} > {file}.keyname; \
             openssl req -new -key {key}.key -subj '{subject}' -out csr; \
             openssl x509 -req -in csr {issuer} -days 2000 {options} {extensions} -out {file}.pem; \
             openssl x509 -in {file}.pem -outform DER -out {file}.der"
        ));
        fs::read(self.folder.path().join(format!("{file}.der"))).unwrap()
    }
}

fn judged(
    leaf: &[u8],
    offered: &[Vec<u8>],
    anchors: &[&[u8]],
    policies: &[AnyOid],
) -> Result<VerifiedPath, PathError> {
    let now = Timestamp::now() + jiff::SignedDuration::from_hours(1);
    let context = PathContext {
        anchors: &Certificates::of(anchors),
        revocations: &Revocations::default(),
        at: now,
        usage: Usage::Document,
        policies,
        policy: AlgorithmPolicy::built_in(),
        policy_at: now,
        now,
        existence: Existence::UNPROVEN,
        work: &Work::default(),
    };
    validate(leaf, &[&Certificates::of(offered)], &context)
}

#[test]
fn names_stay_inside_what_authorities_may_certify() {
    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    let bench = Workbench::new();
    let root = bench.make("root", "root", "/CN=root", None, "", AUTHORITY);
    let below = |constraints: &str, subject: &str, extensions: &str| {
        let extensions = format!("{SIGNER}{extensions}");
        let constraints = format!("{AUTHORITY};nameConstraints=critical,@names;[names];{constraints}");
        let middle = bench.make("middle", "middle", "/CN=middle", Some("root"), "", &constraints);
        let leaf = bench.make("leaf", "leaf", subject, Some("middle"), "", &extensions);
        judged(&leaf, &[middle], &[&root], &[]).map(drop)
    };
    let refused = Err(PathError::NameConstraints);
    // The kind of letters and the number of blanks are no difference (RFC 5280 §7.1).
    let office = "permitted.dirName=d;[d];C=CN;O=some  OFFICE";
    assert_eq!(below(office, "/C=CN/O=Some Office/CN=seal", ""), Ok(()));
    assert_eq!(below(office, "/C=CN/O=Other Office/CN=seal", ""), refused);
    assert_eq!(below(office, "/C=CN/CN=Some Office", ""), refused);
    let excluded = "excluded.dirName=d;[d];C=CN;O=Some Office";
    assert_eq!(below(excluded, "/C=CN/O=Some Office/CN=seal", ""), refused);
    assert_eq!(below(excluded, "/C=CN/O=Other Office/CN=seal", ""), Ok(()));
    // A certificate without a name of the form is not concerned.
    let mail = "permitted.email=example.gov.cn";
    let named = |name: &str| format!(";subjectAltName=email:{name}");
    assert_eq!(below(mail, "/CN=seal", ""), Ok(()));
    assert_eq!(below(mail, "/CN=seal", &named("seal@Example.gov.cn")), Ok(()));
    assert_eq!(
        below(mail, "/CN=seal", &named("seal@sub.example.gov.cn")),
        refused
    );
    // In the subject too, where people read it, whatever other names there are.
    let mailbox = "/CN=seal/emailAddress=seal@example.com";
    assert_eq!(below(mail, mailbox, ""), refused);
    assert_eq!(below(mail, mailbox, &named("seal@example.gov.cn")), refused);
    // otherName SmtpUTF8Mailbox, seal@example.com.
    let other_letters = ";2.5.29.17=DER:3020a01e06082b06010505070809a0120c107365616c406578616d706c652e636f6d";
    assert_eq!(below(mail, "/CN=seal", other_letters), refused);
    let host = "permitted.email=.example.gov.cn";
    assert_eq!(below(host, "/CN=seal", &named("seal@sub.example.gov.cn")), Ok(()));
    assert_eq!(below(host, "/CN=seal", &named("seal@example.gov.cn")), refused);
    // What cannot be compared cannot be said to be inside.
    let other = "permitted.RID=1.2.3";
    assert_eq!(below(other, "/CN=seal", ";subjectAltName=RID:1.2.3"), refused);
    assert_eq!(below(other, "/CN=seal", ""), Ok(()));
}

#[test]
fn policies_hold_where_they_are_demanded() {
    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    let bench = Workbench::new();
    let root = bench.make("root", "root", "/CN=root", None, "", AUTHORITY);
    let below = |authority: &str, signer: &str, demanded: &[&str]| {
        let demanded: Vec<AnyOid> = demanded.iter().map(|oid| oid.parse().unwrap()).collect();
        let middle = bench.make(
            "middle",
            "middle",
            "/CN=middle",
            Some("root"),
            "",
            &format!("{AUTHORITY}{authority}"),
        );
        let signer = format!("{SIGNER}{signer}");
        let leaf = bench.make("leaf", "leaf", "/CN=leaf", Some("middle"), "", &signer);
        judged(&leaf, &[middle], &[&root], &demanded).map(drop)
    };
    let refused = Err(PathError::Policies);
    let four = ";certificatePolicies=1.2.3.4";
    let any = ";certificatePolicies=2.5.29.32.0";
    assert_eq!(below("", "", &[]), Ok(()));
    assert_eq!(below("", four, &["1.2.3.4"]), refused, "the authority has none");
    assert_eq!(below(four, four, &["1.2.3.4"]), Ok(()));
    assert_eq!(below(four, four, &["1.2.3.5", "1.2.3.4"]), Ok(()));
    assert_eq!(below(four, four, &["1.2.3.5"]), refused);
    assert_eq!(below(any, four, &["1.2.3.4"]), Ok(()));
    assert_eq!(below(four, any, &["1.2.3.4"]), Ok(()));
    let inhibited = format!("{four};inhibitAnyPolicy=critical,0");
    assert_eq!(below(&inhibited, any, &["1.2.3.4"]), refused);
    // An issuer may demand some policy, whichever.
    let explicit = format!("{four};policyConstraints=critical,requireExplicitPolicy:0");
    assert_eq!(below(&explicit, four, &[]), Ok(()));
    assert_eq!(below(&explicit, "", &[]), refused);
    // Any identifier, whatever its arcs.
    let wide = ";certificatePolicies=2.999.1,2.25.340282366920938463463374607431768211455";
    assert_eq!(below(wide, wide, &["2.999.1"]), Ok(()));
    assert_eq!(below(wide, wide, &["2.999.2"]), refused);
    // What the policy is called below.
    let mapped = format!("{four};policyMappings=critical,1.2.3.4:1.2.3.9");
    let nine = ";certificatePolicies=1.2.3.9";
    assert_eq!(below(&mapped, nine, &["1.2.3.4"]), Ok(()));
    assert_eq!(below(&mapped, nine, &["1.2.3.9"]), refused);
    assert_eq!(below(&mapped, four, &["1.2.3.4"]), refused);
}

#[test]
fn a_bad_way_hides_no_good_one() {
    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    let bench = Workbench::new();
    let root = bench.make("root", "root", "/CN=root", None, "-days 4000", AUTHORITY);
    let other = bench.make("other", "other", "/CN=other", None, "-days 4000", AUTHORITY);
    let middle = |file: &str, by: &str, options: &str, extensions: &str| {
        bench.make(
            file,
            "middle",
            "/CN=middle",
            Some(by),
            options,
            &format!("{AUTHORITY}{extensions}"),
        )
    };
    let good = middle("good", "root", "-set_serial 1", "");
    let ended = middle("ended", "root", "-set_serial 2 -days 1", "");
    let revoked = middle("revoked", "root", "-set_serial 3", "");
    let misused = middle("misused", "root", "-set_serial 4", ";extendedKeyUsage=serverAuth");
    let elsewhere = middle("elsewhere", "other", "-set_serial 5", "");
    let forged = bench.make(
        "forged",
        "forger",
        "/CN=middle",
        Some("root"),
        "-set_serial 6",
        AUTHORITY,
    );
    let leaf = bench.make("leaf", "leaf", "/CN=leaf", Some("good"), "", SIGNER);
    bench.shell(
        "printf 'R\t351231235959Z\t260101000000Z\t03\tunknown\t/CN=middle\n' > index; echo 01 > number; \
         printf '[ca]\ndefault_ca=d\n[d]\ndatabase=index\ncrlnumber=number\ndefault_md=sha256\n' > conf; \
         openssl ca -config conf -gencrl -keyfile root.key -cert root.pem -crldays 1000 -out crl.pem; \
         openssl crl -in crl.pem -outform DER -out crl.der",
    );
    let revocations =
        Revocations::from_crls([fs::read(bench.folder.path().join("crl.der")).unwrap()]).unwrap();
    let at = Timestamp::now() + jiff::SignedDuration::from_hours(24 * 100);
    let judge = |offered: &[Vec<u8>], anchors: &[&[u8]]| {
        let context = PathContext {
            anchors: &Certificates::of(anchors),
            revocations: &revocations,
            at,
            usage: Usage::Document,
            policies: &[],
            policy: AlgorithmPolicy::built_in(),
            policy_at: at,
            now: at,
            existence: Existence::UNPROVEN,
            work: &Work::default(),
        };
        validate(&leaf, &[&Certificates::of(offered)], &context)
    };
    let bad = [ended, revoked, misused, forged, elsewhere.clone()];
    let mut offered = bad.to_vec();
    offered.push(good.clone());
    for turn in 0..offered.len() {
        offered.rotate_left(1);
        let path = judge(&offered, &[&root]).unwrap();
        assert_eq!(path.certificates()[1].der, good, "turn {turn}");
        assert!(matches!(
            path.certificates()[1].revocation,
            RevocationStatus::Good { .. }
        ));
    }
    // Without it the fault of the way that got furthest is told.
    let refused = judge(&bad, &[&root]).unwrap_err();
    assert!(matches!(refused, PathError::Revoked { .. }), "{refused}");
    // A cross certificate leads to another anchor.
    let path = judge(&bad, &[&root, &other]).unwrap();
    assert_eq!(path.anchor(), other);

    // So does one for the key of an anchor that has ended.
    let old = bench.make("old", "old", "/CN=old", None, "-days 1", AUTHORITY);
    let crossed = bench.make("crossed", "old", "/CN=old", Some("other"), "", AUTHORITY);
    let below = bench.make("below", "below", "/CN=below", Some("old"), "", SIGNER);
    let context = PathContext {
        anchors: &Certificates::of([&old, &other]),
        revocations: &revocations,
        at,
        usage: Usage::Document,
        policies: &[],
        policy: AlgorithmPolicy::built_in(),
        policy_at: at,
        now: at,
        existence: Existence::UNPROVEN,
        work: &Work::default(),
    };
    assert!(matches!(
        validate(&below, &[], &context),
        Err(PathError::Expired { .. })
    ));
    let path = validate(&below, &[&Certificates::of([crossed, old.clone()])], &context).unwrap();
    assert_eq!(path.anchor(), other);

    // Authorities that certify each other in every way cost no more work than there is.
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
    let mut mesh = Vec::new();
    for name in names {
        bench.make(name, name, &format!("/CN={name}"), None, "", AUTHORITY);
    }
    for (serial, (from, to)) in names
        .iter()
        .flat_map(|from| names.iter().map(move |to| (from, to)))
        .enumerate()
    {
        let options = format!("-set_serial {}", serial + 10);
        mesh.push(bench.make("cross", to, &format!("/CN={to}"), Some(from), &options, AUTHORITY));
    }
    let lost = bench.make("lost", "lost", "/CN=lost", Some("a"), "", SIGNER);
    let begun = std::time::Instant::now();
    assert_eq!(
        judged(&lost, &mesh, &[&root], &[]).map(drop),
        Err(PathError::TooMuch)
    );
    assert!(
        begun.elapsed() < std::time::Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn old_versions_may_be_anchors_and_signers_and_nothing_between() {
    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    let bench = Workbench::new();
    let root = bench.make("root", "root", "/CN=root", None, "", "");
    let leaf = bench.make("leaf", "leaf", "/CN=leaf", Some("root"), "", "");
    let version = |der: &[u8]| x509::parse(der).unwrap().tbs_certificate().version();
    assert_eq!((version(&root), version(&leaf)), (Version::V1, Version::V1));
    assert!(judged(&leaf, &[], &[&root], &[]).is_ok());
    let middle = bench.make("middle", "middle", "/CN=middle", Some("root"), "", "");
    let below = bench.make("below", "below", "/CN=below", Some("middle"), "", SIGNER);
    assert!(matches!(
        judged(&below, std::slice::from_ref(&middle), &[&root], &[]),
        Err(PathError::WrongUsage { certificate, .. }) if certificate == "CN=middle"
    ));
    // Unless it is trusted itself.
    assert!(judged(&below, &[], &[&middle], &[]).is_ok());
}
