//! One thing done to a sealed package at a time, and what has to be said of it.

use super::*;
use crate::verify::tests::times::Stamper;

/// What a change must lead to: verdict, and the code of a check that did not pass, or passed with a remark.
struct Case {
    name: &'static str,
    file: Files,
    material: TrustMaterial,
    expected: (Indication, &'static str, &'static str),
}

const PASSED: Indication = Indication::TotalPassed;
const FAILED: Indication = Indication::TotalFailed;
const OPEN: Indication = Indication::Indeterminate;

const VALUE: &str = "Doc_0/Signs/Sign_0/SignedValue.dat";
const OWN: &str = "Doc_0/Signs/Sign_0/Signature.xml";
const SEAL: &str = "Doc_0/Signs/Sign_0/Seal.esl";

/// Changes after signing.
fn altered(cast: &Cast) -> Vec<Case> {
    let good = sealed(cast, WrittenVersion::V4);
    let mut cases = Vec::new();
    let mut case = |name, change: &dyn Fn(&mut Files), expected| {
        let mut file = good.clone();
        change(&mut file);
        cases.push(Case {
            name,
            file,
            material: material(cast, &[]),
            expected,
        });
    };
    let wrong = (FAILED, "references", "DIGEST_MISMATCH");
    case("a page", &|f| f.replace(PAGE, "许可证", "许可証"), wrong);
    case("a template", &|f| f.replace(TEMPLATE, "190 0", "191 0"), wrong);
    case(
        "a font",
        &|f| f.replace("Doc_0/PublicRes.xml", "宋体", "楷体"),
        wrong,
    );
    case("the entry", &|f| f.replace("OFD.xml", "abcdef", "abcdee"), wrong);
    case(
        "Document.xml",
        &|f| f.replace("Doc_0/Document.xml", "210 297", "210 298"),
        wrong,
    );
    case("an attachment", &|f| f.set(NOTE, "other"), wrong);
    case(
        "a space in Document.xml",
        &|f| f.replace("Doc_0/Document.xml", "<ofd:Pages>", "<ofd:Pages> "),
        wrong,
    );
    case(
        "an annotation",
        &|f| {
            f.replace(
                "Doc_0/Document.xml",
                "<ofd:Attachments>",
                "<ofd:Annotations>A.xml</ofd:Annotations><ofd:Attachments>",
            );
            f.set("Doc_0/A.xml", &format!("<ofd:Annotations {NS}/>"));
        },
        wrong,
    );
    case(
        "an attachment taken away",
        &|f| {
            f.0.remove(NOTE);
        },
        (FAILED, "references", "SIGNED_MEMBER_MISSING"),
    );
    case(
        "a digest",
        &|f| f.replace(OWN, "<ofd:CheckValue>", "<ofd:CheckValue>AAAA"),
        wrong,
    );
    case(
        "Signature.xml",
        &|f| f.replace(OWN, "140 220", "14 22"),
        (FAILED, "digest", "DIGEST_MISMATCH"),
    );
    case(
        "the place of a seal's file",
        &|f| f.replace(OWN, "Seal.esl", "./Seal.esl"),
        (FAILED, "digest", "DIGEST_MISMATCH"),
    );
    case(
        "a reference taken away",
        &|f| {
            let xml = f.text(OWN);
            let (from, to) = (
                xml.find("<ofd:Reference ").unwrap(),
                xml.find("</ofd:Reference>").unwrap(),
            );
            f.set(
                OWN,
                &format!("{}{}", &xml[..from], &xml[to + "</ofd:Reference>".len()..]),
            );
        },
        (FAILED, "digest", "DIGEST_MISMATCH"),
    );
    case(
        "Signature.xml that is no XML",
        &|f| f.set(OWN, "<ofd:Signature>"),
        (FAILED, "signature-file", "SIGNATURE_MALFORMED"),
    );
    case(
        "the signature value",
        &|f| {
            let last = f.0[VALUE].len() - 1;
            f.0.get_mut(VALUE).unwrap()[last] ^= 1;
        },
        (FAILED, "signature", "SIGNATURE_INVALID"),
    );
    case(
        "a cut signature value",
        &|f| f.0.get_mut(VALUE).unwrap().truncate(300),
        (FAILED, "signature", "SIGNATURE_MALFORMED"),
    );
    case(
        "no signature value",
        &|f| {
            f.0.remove(VALUE);
        },
        (FAILED, "signature-file", "SIGNATURE_MALFORMED"),
    );
    case(
        "another seal",
        &|f| {
            f.0.insert(SEAL.to_owned(), cast.seal(WrittenVersion::V5));
        },
        (FAILED, "seal-file", "SEAL_FILE_DIFFERS"),
    );
    case(
        "no seal",
        &|f| {
            f.0.remove(SEAL);
        },
        (FAILED, "references", "SIGNED_MEMBER_MISSING"),
    );
    case(
        "a smuggled member",
        &|f| f.set("Doc_0/Res/x.png", "x"),
        (FAILED, "coverage", "SMUGGLED_MEMBER"),
    );
    case(
        "an emptied list",
        &|f| f.set(LIST, &format!("<ofd:Signatures {NS}></ofd:Signatures>")),
        (OPEN, "signatures", "NOT_SIGNED"),
    );
    case(
        "a signature twice in the list",
        &|f| {
            f.replace(
                LIST,
                "</ofd:Signatures>",
                "<ofd:Signature ID=\"s1\" BaseLoc=\"Sign_0/Signature.xml\"/></ofd:Signatures>",
            );
        },
        (PASSED, "coverage", "OK"),
    );
    case(
        "a signature in the list that is not there",
        &|f| {
            f.replace(
                LIST,
                "</ofd:Signatures>",
                "<ofd:Signature ID=\"s1\" BaseLoc=\"Sign_1/Signature.xml\"/></ofd:Signatures>",
            );
        },
        (FAILED, "signature-file", "SIGNATURE_MALFORMED"),
    );
    case(
        "a base signature that is gone",
        &|f| f.replace(LIST, "Type=", "Relative=\"s9\" Type="),
        (OPEN, "other-signatures", "SIGNATURE_REMOVED"),
    );
    case(
        "the signature of another document",
        &|f| {
            let mut other = Files::plain();
            other.set(NOTE, "another");
            other.seal(&Stroke::new(&cast.seal(WrittenVersion::V4), &cast.signer));
            f.0.insert(VALUE.to_owned(), other.0[VALUE].clone());
        },
        (FAILED, "digest", "DIGEST_MISMATCH"),
    );
    case(
        "a bare value in its place",
        &|f| {
            let value = cast.signer.signer.sign(&f.0[OWN]).unwrap();
            f.0.insert(VALUE.to_owned(), value);
        },
        (OPEN, "seal-file", "SEAL_NOT_SIGNED"),
    );
    case(
        "nothing but the order of members",
        &|_| {},
        (PASSED, "coverage", "OK"),
    );
    cases
}

/// Signatures made otherwise than right, by whoever has a key.
fn made(cast: &Cast) -> Vec<Case> {
    let seal = cast.seal(WrittenVersion::V4);
    let stranger = Cast::new();
    let another = cast.another();
    let years = period("2025-01-01", "2030-01-01");
    let stamping = cast.authority.identity(Role::TimeStamper, years);
    let short = cast
        .authority
        .identity(Role::SealMaker, period("2025-01-01", "2026-03-01"));
    let of_maker = |maker: &SigningIdentity, change: &dyn Fn(&mut SesDefinition)| {
        let mut definition = cast.definition(WrittenVersion::V4);
        change(&mut definition);
        SesSeal::make(&definition, maker).unwrap()
    };
    let listed = |signer: &SigningIdentity| Permitted::ByCertificate(vec![signer.certificate.to_vec()]);
    let by_digest = of_maker(&cast.maker, &|d| {
        d.signers = Permitted::ByDigest(vec![cast.signer.certificate.to_vec()]);
    });
    let by_stranger = of_maker(&stranger.maker, &|_| {});
    let by_short = of_maker(&short, &|_| {});
    let by_short_v5 = of_maker(&short, &|d| d.version = WrittenVersion::V5);
    let for_stamping = of_maker(&cast.maker, &|d| d.signers = listed(&stamping));
    let for_stranger = of_maker(&cast.maker, &|d| d.signers = listed(&stranger.signer));
    let critical = |critical| SesExtension {
        id: "1.2.3.4".parse().unwrap(),
        critical,
        value: vec![5, 0],
    };
    let extended = of_maker(&cast.maker, &|d| d.extensions = vec![critical(true)]);
    let mut forged = seal.clone();
    let at = forged.windows(6).position(|window| window == b"<svg/>").unwrap();
    forged[at + 1] ^= 1;
    let stamper = Stamper::new(&cast.authority, period("2025-01-01", "2040-01-01"));
    let stamp = |value: &[u8]| stamper.token("2026-06-01T09:00:00Z", value);
    let stamp_of_other = |_: &[u8]| stamper.token("2026-06-01T09:00:00Z", b"something else");

    let mut cases = Vec::new();
    let mut case = |name, stroke: Stroke<'_>, expected| {
        let mut file = Files::plain();
        file.seal(&stroke);
        cases.push(Case {
            name,
            file,
            material: material(cast, &[]),
            expected,
        });
    };
    let stroke = |seal| Stroke::new(seal, &cast.signer);
    case(
        "listed by digest",
        stroke(&by_digest),
        (PASSED, "seal-signers", "OK"),
    );
    case(
        "a signer who is not listed",
        Stroke::new(&seal, &another),
        (FAILED, "seal-signers", "SEAL_SIGNER_NOT_PERMITTED"),
    );
    case(
        "a stranger for signer",
        Stroke::new(&for_stranger, &stranger.signer),
        // Its issuer has the name of a known one, and another key.
        (OPEN, "signer-path", "PATH_BROKEN"),
    );
    case(
        "a stranger for maker",
        stroke(&by_stranger),
        (OPEN, "seal-maker", "SEAL_MAKER_UNKNOWN"),
    );
    case(
        "a timestamp authority",
        Stroke::new(&for_stamping, &stamping),
        (OPEN, "signer-usage", "SIGNER_WRONG_USAGE"),
    );
    case(
        "a forged seal",
        stroke(&forged),
        (FAILED, "seal-signature", "SEAL_FORGED"),
    );
    case(
        "after the seal",
        Stroke {
            at: "20290102000000Z",
            ..stroke(&seal)
        },
        (FAILED, "seal-dates", "SEAL_NOT_IN_FORCE"),
    );
    case(
        "before the seal",
        Stroke {
            at: "20251231000000Z",
            ..stroke(&seal)
        },
        (FAILED, "seal-dates", "SEAL_NOT_IN_FORCE"),
    );
    case(
        "after the certificate",
        Stroke {
            at: "20310102000000Z",
            ..stroke(&seal)
        },
        (FAILED, "signer-validity", "SIGNED_AFTER_CERTIFICATE"),
    );
    case(
        "before the certificate",
        Stroke {
            at: "20240102000000Z",
            ..stroke(&seal)
        },
        (FAILED, "signer-validity", "SIGNER_NOT_YET_VALID"),
    );
    case(
        "in the future",
        Stroke {
            at: "20270102000000Z",
            ..stroke(&seal)
        },
        (FAILED, "signing-time", "SIGNED_IN_THE_FUTURE"),
    );
    case(
        "for another file",
        Stroke {
            property: Some("/Doc_0/Signs/Sign_7/Signature.xml"),
            ..stroke(&seal)
        },
        (OPEN, "property-info", "PROPERTY_INFO_OTHER"),
    );
    case(
        "by a relative path",
        Stroke {
            property: Some("Sign_0/Signature.xml"),
            ..stroke(&seal)
        },
        (PASSED, "property-info", "DEPLOYED_VARIANT"),
    );
    case(
        "with a critical extension",
        Stroke {
            extensions: vec![critical(true)],
            ..stroke(&seal)
        },
        (OPEN, "extensions", "CRITICAL_EXTENSION"),
    );
    case(
        "with another extension",
        Stroke {
            extensions: vec![critical(false)],
            ..stroke(&seal)
        },
        (PASSED, "extensions", "OK"),
    );
    case(
        "with a seal that has a critical extension",
        stroke(&extended),
        (OPEN, "extensions", "CRITICAL_EXTENSION"),
    );
    case(
        "without a page",
        Stroke {
            covers: &|name| name != PAGE,
            ..stroke(&seal)
        },
        (FAILED, "coverage", "CONTENT_NOT_COVERED"),
    );
    case(
        "without a template",
        Stroke {
            covers: &|name| name != TEMPLATE,
            ..stroke(&seal)
        },
        (FAILED, "coverage", "CONTENT_NOT_COVERED"),
    );
    case(
        "without resources",
        Stroke {
            covers: &|name| name != "Doc_0/PublicRes.xml",
            ..stroke(&seal)
        },
        (FAILED, "coverage", "CONTENT_NOT_COVERED"),
    );
    case(
        "without the entry",
        Stroke {
            covers: &|name| name != "OFD.xml",
            ..stroke(&seal)
        },
        (FAILED, "coverage", "CONTENT_NOT_COVERED"),
    );
    case(
        "without an attachment",
        Stroke {
            covers: &|name| name != NOTE,
            ..stroke(&seal)
        },
        (PASSED, "coverage", "METADATA_NOT_COVERED"),
    );
    case(
        "over nothing",
        Stroke {
            covers: &|_| false,
            ..stroke(&seal)
        },
        (FAILED, "references", "NOT_WHOLE_FILE"),
    );
    case(
        "by SHA-256",
        Stroke {
            method: Some("SHA256"),
            digest: |b| DigestAlgorithm::Sha256.digest(b),
            ..stroke(&seal)
        },
        (PASSED, "algorithms", "OK"),
    );
    case(
        "by SHA-1",
        Stroke {
            method: Some("SHA1"),
            digest: |b| DigestAlgorithm::Sha1.digest(b),
            ..stroke(&seal)
        },
        (OPEN, "algorithms", "WEAK_ALGORITHM"),
    );
    case(
        "by MD5, unnamed",
        Stroke {
            method: None,
            digest: |b| DigestAlgorithm::Md5.digest(b),
            ..stroke(&seal)
        },
        (OPEN, "algorithms", "WEAK_ALGORITHM"),
    );
    case(
        "by SM3, unnamed",
        Stroke {
            method: None,
            ..stroke(&seal)
        },
        (FAILED, "references", "DIGEST_MISMATCH"),
    );
    case(
        "by nobody's digest",
        Stroke {
            method: Some("CRC"),
            ..stroke(&seal)
        },
        (OPEN, "references", "ALGORITHM_REFUSED"),
    );
    case(
        "with a timestamp",
        Stroke {
            stamp: Some(&stamp),
            ..stroke(&seal)
        },
        (PASSED, "timestamps", "OK"),
    );
    case(
        "with the timestamp of something else",
        Stroke {
            stamp: Some(&stamp_of_other),
            ..stroke(&seal)
        },
        (PASSED, "timestamps", "TIMESTAMP_FAILED"),
    );
    case(
        "by a local time",
        Stroke {
            at: "20260601160000+0800",
            ..stroke(&seal)
        },
        (PASSED, "form", "DEPLOYED_VARIANT"),
    );
    // What a list says of a certificate after its end is nothing: this one is older.
    let then = || TrustMaterial {
        revocations: lists(&cast.authority, "2026-02-01", "2027-01-01", &[]),
        ..material(cast, &[])
    };
    let v5 = Stroke {
        version: 5,
        ..stroke(&by_short_v5)
    };
    for (name, stroke, indication) in [
        ("a maker that expired since, V4", stroke(&by_short), OPEN),
        ("a maker that expired since, V5", v5, PASSED),
    ] {
        let mut file = Files::plain();
        file.seal(&stroke);
        cases.push(Case {
            name,
            file,
            material: then(),
            expected: (indication, "seal-maker", "SEAL_MAKER_GONE_SINCE"),
        });
    }
    // A seal that the signature does not cover is held against the one that is signed.
    for (name, instead, expected) in [
        (
            "no seal, and none covered",
            None,
            (OPEN, "seal-file", "SIGNED_MEMBER_MISSING"),
        ),
        (
            "another seal, and none covered",
            Some(&extended),
            (FAILED, "seal-file", "SEAL_FILE_DIFFERS"),
        ),
    ] {
        let mut file = Files::plain();
        file.seal(&Stroke {
            covers: &|name| name != SEAL,
            ..stroke(&seal)
        });
        match instead {
            None => file.0.remove(SEAL),
            Some(other) => file.0.insert(SEAL.to_owned(), other.clone()),
        };
        cases.push(Case {
            name,
            file,
            material: material(cast, &[]),
            expected,
        });
    }
    cases
}

/// Certificates that were revoked.
fn revoked(cast: &Cast) -> Vec<Case> {
    let file = sealed(cast, WrittenVersion::V4);
    let revoked = |identity: &SigningIdentity, when, reason| Revocation {
        reason,
        ..World::revoked(identity, when)
    };
    let case = |name, revocations: &[Revocation], expected| Case {
        name,
        file: file.clone(),
        material: material(cast, revocations),
        expected,
    };
    let (signer, maker) = (&cast.signer, &cast.maker);
    let mut cases = vec![
        case(
            "the signer before",
            &[revoked(signer, "2026-05-01T00:00:00Z", None)],
            (FAILED, "revocation", "SIGNER_REVOKED"),
        ),
        case(
            "the signer after",
            &[revoked(signer, "2026-07-01T00:00:00Z", None)],
            (PASSED, "revocation", "REVOKED_AFTER_SIGNING"),
        ),
        case(
            "the signer after, whose key was stolen",
            &[revoked(
                signer,
                "2026-07-01T00:00:00Z",
                Some(CrlReason::KeyCompromise),
            )],
            (OPEN, "revocation", "SIGNER_REVOKED_SINCE"),
        ),
        case(
            "the maker before",
            &[revoked(maker, "2025-12-01T00:00:00Z", None)],
            (FAILED, "seal-maker", "SEAL_MAKER_REVOKED"),
        ),
        case(
            "the maker between",
            &[revoked(maker, "2026-03-01T00:00:00Z", None)],
            (OPEN, "seal-maker", "SEAL_MAKER_GONE_SINCE"),
        ),
        case(
            "the maker after",
            &[revoked(maker, "2026-07-01T00:00:00Z", None)],
            (PASSED, "seal-maker", "OK"),
        ),
    ];
    cases.push(Case {
        name: "nobody knows",
        material: TrustMaterial {
            revocations: Revocations::default(),
            ..material(cast, &[])
        },
        file,
        expected: (OPEN, "revocation", "NO_REVOCATION_LIST"),
    });
    cases
}

#[test]
fn each_change_is_refused_for_its_own_reason() {
    let cast = Cast::new();
    let all = [altered(&cast), made(&cast), revoked(&cast)];
    let all: Vec<Case> = all.into_iter().flatten().collect();
    assert!(all.len() > 60, "{}", all.len());
    let mut wrong = Vec::new();
    for case in all {
        let report = verified(case.material, &case.file.pack());
        let (indication, check, code) = case.expected;
        let of_signatures = report.signatures.iter().flat_map(|one| &one.findings);
        let mut all = report.findings.iter().chain(of_signatures);
        let is_said = all.any(|finding| finding.check == check && finding.code == code);
        if report.indication != indication || !is_said {
            let said: Vec<_> = report
                .findings
                .iter()
                .map(|finding| format!("{}:{}", finding.check, finding.code))
                .collect();
            wrong.push(format!(
                "{}: {:?} {}",
                case.name,
                report.indication,
                said.join(" ")
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
