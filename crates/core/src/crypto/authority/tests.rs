#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::{fs, path::Path, process::Command};

use x509_cert::ext::pkix::CrlReason;

use super::*;
use crate::crypto::{
    PrivateKey, SigningIdentity,
    identity::{read_chain, write_chain},
};

/// An authority with one certificate for each role, valid 2020 to 2060, for tests of this room and
/// those on its right.
pub(crate) struct TestAuthority {
    pub(crate) root: CertificateAuthority,
    pub(crate) issuing: CertificateAuthority,
    new_key: fn() -> Arc<dyn Signer>,
}

pub(crate) fn period(from: &str, to: &str) -> ValidityPeriod {
    let at = |date: &str| format!("{date}T00:00:00Z").parse().unwrap();
    ValidityPeriod {
        not_before: at(from),
        not_after: at(to),
    }
}

pub(crate) fn new_key() -> Arc<dyn Signer> {
    Arc::new(PrivateKey::generate().unwrap().signer().unwrap())
}

pub(crate) fn new_sm2_key() -> Arc<dyn Signer> {
    Arc::new(PrivateKey::generate_sm2().unwrap().signer().unwrap())
}

pub(crate) fn subject(common_name: &str) -> Subject {
    Subject {
        province: None,
        organisation: "示例市示例区行政审批局".to_owned(),
        organisation_code: Some("11410000MB0000000X".to_owned()),
        common_name: common_name.to_owned(),
    }
}

impl TestAuthority {
    pub(crate) fn new() -> Self {
        Self::with_keys(new_key)
    }

    /// The same over SM2.
    pub(crate) fn sm2() -> Self {
        Self::with_keys(new_sm2_key)
    }

    fn with_keys(new_key: fn() -> Arc<dyn Signer>) -> Self {
        let root = CertificateAuthority::new_root(
            new_key(),
            &subject("示例根证书 TEST"),
            period("2020-01-01", "2060-01-01"),
            Serial::random().unwrap(),
        )
        .unwrap()
        .publishing(Publication::on_host("localhost:8080", "root"));
        let issuing = root
            .issue_authority(
                new_key(),
                &subject("示例签发机构 TEST"),
                period("2020-01-01", "2055-01-01"),
                Serial::random().unwrap(),
            )
            .unwrap()
            .publishing(Publication::on_host("localhost:8080", "issuing"));
        Self {
            root,
            issuing,
            new_key,
        }
    }

    pub(crate) fn identity(&self, role: Role, validity: ValidityPeriod) -> SigningIdentity {
        self.identity_of((self.new_key)(), role, validity)
    }

    pub(crate) fn identity_of(
        &self,
        signer: Arc<dyn Signer>,
        role: Role,
        validity: ValidityPeriod,
    ) -> SigningIdentity {
        let certificate = self
            .issuing
            .issue(
                role,
                signer.public_key_info(),
                &subject("示例专用章 TEST"),
                validity,
                Serial::random().unwrap(),
            )
            .unwrap();
        let issuers = vec![
            self.issuing.certificate().to_vec(),
            self.root.certificate().to_vec(),
        ];
        SigningIdentity::new(signer, certificate, issuers).unwrap()
    }
}

fn openssl(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    Err(text + &String::from_utf8_lossy(&output.stderr))
}

#[test]
fn openssl_accepts_the_chain_strictly_and_honours_the_crl() {
    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    let authority = TestAuthority::new();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    write_chain(&file("root.pem"), [authority.root.certificate()]).unwrap();
    write_chain(&file("issuing.pem"), [authority.issuing.certificate()]).unwrap();

    for role in [Role::DocumentSigner, Role::TokenSigner, Role::SealMaker] {
        let identity = authority.identity(role, period("2025-01-01", "2052-01-01"));
        write_chain(&file("signer.pem"), [&*identity.certificate]).unwrap();
        openssl(
            folder.path(),
            &[
                "verify",
                "-x509_strict",
                "-check_ss_sig",
                "-CAfile",
                "root.pem",
                "-untrusted",
                "issuing.pem",
                "signer.pem",
            ],
        )
        .unwrap_or_else(|e| panic!("{role:?}: {e}"));
    }
    let text = openssl(folder.path(), &["x509", "-in", "signer.pem", "-noout", "-text"]).unwrap();
    for expected in [
        "NTRCN-11410000MB0000000X",
        "Digital Signature, Non Repudiation",
        "1.3.6.1.5.5.7.3.36",
        "URI:http://localhost:8080/pki/issuing.crl",
        "CA Issuers - URI:http://localhost:8080/pki/issuing.cer",
        "Not After : Jan  1 00:00:00 2052 GMT",
    ] {
        assert!(text.contains(expected), "{expected} not in\n{text}");
    }

    // CRLs: empty ones first, then one that revokes the signer.
    let now = Timestamp::now();
    let later = now + jiff::SignedDuration::from_hours(24);
    let serial = x509::parse(
        &fs::read(file("signer.pem"))
            .map(|b| x509::parse_bundle(&b).unwrap().remove(0))
            .unwrap(),
    )
    .unwrap()
    .tbs_certificate()
    .serial_number()
    .as_bytes()
    .to_vec();
    let revocation = Revocation {
        serial,
        revoked_at: now - jiff::SignedDuration::from_hours(1),
        reason: Some(CrlReason::KeyCompromise),
    };
    let root_crl = authority.root.revocation_list(1, now, later, &[]).unwrap();
    fs::write(file("root.crl"), root_crl).unwrap();
    for (number, revocations, accepted) in [(1, &[][..], true), (2, std::slice::from_ref(&revocation), false)]
    {
        let crl = authority
            .issuing
            .revocation_list(number, now, later, revocations)
            .unwrap();
        fs::write(file("issuing.crl"), crl).unwrap();
        let mut pems = String::new();
        for (crl, ca) in [("root.crl", "root.pem"), ("issuing.crl", "issuing.pem")] {
            openssl(
                folder.path(),
                &["crl", "-inform", "DER", "-in", crl, "-CAfile", ca, "-noout"],
            )
            .unwrap();
            pems += &openssl(folder.path(), &["crl", "-inform", "DER", "-in", crl]).unwrap();
        }
        fs::write(file("crls.pem"), pems).unwrap();
        let verified = openssl(
            folder.path(),
            &[
                "verify",
                "-x509_strict",
                "-crl_check_all",
                "-CRLfile",
                "crls.pem",
                "-CAfile",
                "root.pem",
                "-untrusted",
                "issuing.pem",
                "signer.pem",
            ],
        );
        match verified {
            Ok(_) => assert!(accepted),
            Err(text) => assert!(!accepted && text.contains("revoked"), "{text}"),
        }
    }
    let text = openssl(
        folder.path(),
        &["crl", "-inform", "DER", "-in", "issuing.crl", "-noout", "-text"],
    )
    .unwrap();
    assert!(
        text.contains("Key Compromise") && text.contains("CRL Number"),
        "{text}"
    );
}

/// `openssl verify` gives the identity to the last certificate only, so that a path is shown link by link; `openssl crl`
/// knows none, so that what is signed and the value are handed over apart.
#[test]
fn openssl_accepts_every_link_of_sm2_with_the_identity_of_all() {
    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    let authority = TestAuthority::sm2();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let run = |arguments: String| openssl(folder.path(), &arguments.split(' ').collect::<Vec<_>>());
    write_chain(&file("root.pem"), [authority.root.certificate()]).unwrap();
    write_chain(&file("issuing.pem"), [authority.issuing.certificate()]).unwrap();
    let verify = |identity: &str, above: &str, below: &str| {
        run(format!(
            "verify -x509_strict -partial_chain -vfyopt distid:{identity} -trusted {above} {below}"
        ))
    };
    let of_all = "1234567812345678";
    verify(of_all, "root.pem", "issuing.pem").unwrap();
    for role in [Role::DocumentSigner, Role::SealMaker] {
        let identity = authority.identity(role, period("2025-01-01", "2052-01-01"));
        write_chain(&file("signer.pem"), [&*identity.certificate]).unwrap();
        verify(of_all, "issuing.pem", "signer.pem").unwrap_or_else(|e| panic!("{role:?}: {e}"));
        assert!(verify("somebody", "issuing.pem", "signer.pem").is_err());
    }
    let text = run("x509 -in signer.pem -noout -text".to_owned()).unwrap();
    for expected in ["Signature Algorithm: SM2-with-SM3", "ASN1 OID: SM2"] {
        assert!(text.contains(expected), "{expected} not in\n{text}");
    }

    let now = Timestamp::now();
    let later = now + jiff::SignedDuration::from_hours(24);
    let list = authority.issuing.revocation_list(1, now, later, &[]).unwrap();
    let list: x509_cert::crl::CertificateList = Decode::from_der(&list).unwrap();
    let root = x509::parse(authority.root.certificate()).unwrap();
    for (signed, value, by) in [
        (list.tbs_cert_list.to_der(), &list.signature, "issuing.pem"),
        (root.tbs_certificate().to_der(), root.signature(), "root.pem"),
    ] {
        fs::write(file("signed"), signed.unwrap()).unwrap();
        fs::write(file("value"), value.as_bytes().unwrap()).unwrap();
        run(format!("x509 -in {by} -noout -pubkey -out key.pem")).unwrap();
        run(format!(
            "pkeyutl -verify -pubin -inkey key.pem -rawin -digest sm3 -pkeyopt distid:{of_all} -in signed \
             -sigfile value"
        ))
        .unwrap_or_else(|e| panic!("{by}: {e}"));
    }
}

#[test]
fn nothing_outlives_its_issuer() {
    let authority = TestAuthority::new();
    for validity in [
        period("2025-01-01", "2055-01-02"),
        period("2019-01-01", "2030-01-01"),
        period("2030-01-01", "2030-01-01"),
    ] {
        let refused = authority.issuing.issue(
            Role::DocumentSigner,
            new_key().public_key_info(),
            &subject("x"),
            validity,
            Serial::random().unwrap(),
        );
        assert!(matches!(refused, Err(AuthorityError::Validity { .. })));
    }
}

#[test]
fn serial_numbers_are_positive_and_sixteen_octets() {
    for bytes in [[0; 16], [0xff; 16]] {
        let Serial(serial) = Serial::from_bytes(bytes).unwrap();
        assert_eq!(serial.as_bytes().len(), 16);
        assert_eq!(serial.as_bytes()[0] & 0x80, 0);
    }
}

#[test]
fn an_identity_is_loaded_from_its_two_files() {
    let authority = TestAuthority::new();
    let folder = tempfile::tempdir().unwrap();
    let passphrase = crate::crypto::Passphrase::new("口令".to_owned()).unwrap();
    let key = PrivateKey::generate().unwrap();
    let signer = key.signer().unwrap();
    let certificate = authority
        .issuing
        .issue(
            Role::DocumentSigner,
            signer.public_key_info(),
            &subject("章"),
            period("2025-01-01", "2030-01-01"),
            Serial::random().unwrap(),
        )
        .unwrap();
    key.write_new(&folder.path().join("seal.key"), &passphrase)
        .unwrap();
    let chain = folder.path().join("seal.pem");
    write_chain(
        &chain,
        [
            &certificate[..],
            authority.issuing.certificate(),
            authority.root.certificate(),
        ],
    )
    .unwrap();
    assert_eq!(read_chain(&chain).unwrap().len(), 3);

    let identity = SigningIdentity::load(folder.path(), "seal", &passphrase).unwrap();
    assert_eq!(&*identity.certificate, &certificate[..]);
    assert_eq!(&*identity.issuers, &[authority.issuing.certificate().to_vec()]);

    write_chain(&chain, [authority.issuing.certificate()]).unwrap();
    assert!(matches!(
        SigningIdentity::load(folder.path(), "seal", &passphrase),
        Err(crate::crypto::IdentityError::KeyMismatch)
    ));
    write_chain(&chain, [&certificate[..], authority.root.certificate()]).unwrap();
    assert!(matches!(
        SigningIdentity::load(folder.path(), "seal", &passphrase),
        Err(crate::crypto::IdentityError::ChainBroken(2))
    ));
}

#[test]
fn an_authority_is_reopened_only_with_its_own_key() {
    let authority = TestAuthority::new();
    let der = authority.issuing.certificate();
    assert!(CertificateAuthority::open(authority.issuing.signer.clone(), der).is_ok());
    assert!(matches!(
        CertificateAuthority::open(new_key(), der),
        Err(AuthorityError::NotThisAuthority)
    ));
}
