//! Documents of strangers, and the times that count: signers and authorities that are revoked or expire before and after
//! what is proven, with every kind of proof.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::{
    fmt::Write as _,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tempfile::TempDir;
use x509_cert::ext::pkix::CrlReason;

use super::*;
use crate::{
    clock::FixedClock,
    crypto::{
        KeyFolder, Passphrase, PrivateKey,
        authority::{
            Serial, ValidityPeriod,
            tests::{new_key, subject},
        },
        identity::write_chain,
    },
    document::pdf::open::{Evidence, Update, open},
    longterm::{self, LongTermTrust},
    sign::timestamp::{Imprint, Request, TimeStampAuthority, TimeStampPolicy},
};

/// A timestamp authority at any time: each question is put to a process that has just begun.
pub(super) struct Stamper {
    keys: Arc<KeyFolder>,
    certificate: Vec<u8>,
    next: AtomicU64,
    _folder: TempDir,
}

impl Stamper {
    pub(super) fn new(above: &TestAuthority, validity: ValidityPeriod) -> Self {
        let folder = TempDir::new().unwrap();
        let passphrase = Passphrase::new("times".to_owned()).unwrap();
        let key = PrivateKey::generate().unwrap();
        key.write_new(&folder.path().join("tsa.key"), &passphrase)
            .unwrap();
        let identity = above.identity_of(Arc::new(key.signer().unwrap()), Role::TimeStamper, validity);
        let chain = [&identity.certificate[..]]
            .into_iter()
            .chain(identity.issuers.iter().map(Vec::as_slice));
        write_chain(&folder.path().join("tsa.pem"), chain).unwrap();
        Self {
            keys: Arc::new(KeyFolder::unlocked(folder.path(), passphrase)),
            certificate: identity.certificate.to_vec(),
            next: AtomicU64::new(1),
            _folder: folder,
        }
    }

    fn at(&self, when: &str) -> TimeStampAuthority {
        self.accurate(when, Duration::from_secs(1))
    }

    fn accurate(&self, when: &str, accuracy: Duration) -> TimeStampAuthority {
        let first = self.next.fetch_add(100, Ordering::Relaxed);
        TimeStampAuthority::new(
            Arc::clone(&self.keys),
            "tsa",
            TimeStampPolicy {
                policy: "2.999.1".parse().unwrap(),
                accuracy,
            },
            Arc::new(FixedClock(at(when))),
            Box::new(move |_| Ok(first..first + 100)),
        )
    }

    pub(super) fn token(&self, when: &str, over: &[u8]) -> Vec<u8> {
        token(&self.at(when), over)
    }
}

fn token(authority: &TimeStampAuthority, over: &[u8]) -> Vec<u8> {
    let request = Request::new(Imprint::sha256(&sha256(over))).unwrap();
    let answer = authority.answer(&request.to_der());
    request.accept(&answer).unwrap().der().to_vec()
}

/// Signers and authorities of one root.
struct Desk {
    above: TestAuthority,
    /// Valid in 2025 and 2026.
    signer: SigningIdentity,
    /// Valid from 2025 to 2027.
    stamper: Stamper,
    /// Valid from 2025 to 2039.
    later: Stamper,
}

static DESK: LazyLock<Desk> = LazyLock::new(|| {
    let above = TestAuthority::new();
    Desk {
        signer: above.identity(Role::DocumentSigner, period("2025-01-01", "2027-01-01")),
        stamper: Stamper::new(&above, period("2025-01-01", "2028-01-01")),
        later: Stamper::new(&above, period("2025-01-01", "2040-01-01")),
        above,
    }
});

/// When everything here is signed.
const SIGNED: &str = "2026-06-01T00:00:00Z";

/// What a page bears besides what was signed.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    Pades,
    Adobe,
    /// Without `/M`.
    Undated,
}

/// A file of these objects, the first its catalogue.
fn pdf(objects: &[String]) -> Vec<u8> {
    let mut text = String::from("%PDF-1.7\n");
    let mut places = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        places.push(text.len());
        write!(text, "{} 0 obj\n{object}\nendobj\n", index + 1).unwrap();
    }
    let xref = text.len();
    write!(text, "xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).unwrap();
    for place in places {
        writeln!(text, "{place:010} 00000 n ").unwrap();
    }
    write!(
        text,
        "trailer\n<</Size {}/Root 1 0 R/ID[<00><00>]>>\nstartxref\n{xref}\n%%EOF\n",
        objects.len() + 1
    )
    .unwrap();
    text.into_bytes()
}

/// A page of a stranger with a signature, as `sign` makes it from the digest.
fn page(claimed: &str, form: Form, sign: impl FnOnce(&[u8; 32]) -> Vec<u8>) -> Vec<u8> {
    const ROOM: usize = 16 << 10;
    let date: String = claimed.chars().filter(char::is_ascii_digit).collect();
    let filter = match form {
        Form::Adobe => "adbe.pkcs7.detached",
        _ => "ETSI.CAdES.detached",
    };
    let dated = match form {
        Form::Undated => String::new(),
        _ => format!("/M(D:{date}Z)"),
    };
    let objects = [
        "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R]/SigFlags 3>>>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Annots[4 0 R]>>".to_owned(),
        "<</Type/Annot/Subtype/Widget/FT/Sig/T(S)/Rect[0 0 0 0]/F 132/P 3 0 R/V 5 0 R>>".to_owned(),
        format!(
            "<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/{filter}{dated}/ByteRange[0 ******** ******** ********]/Contents<{}>>>",
            "0".repeat(2 * ROOM)
        ),
    ];
    let mut file = pdf(&objects);
    let start = find(&file, b"/Contents<") + 9;
    let end = start + 2 * ROOM + 2;
    let range = format!("{start:<8} {end:<8} {:<8}", file.len() - end);
    let stars = find(&file, b"********");
    file[stars..stars + range.len()].copy_from_slice(range.as_bytes());
    let cms = sign(&sha256(&[&file[..start], &file[end..]].concat()));
    let digits = hex::encode(cms);
    file[start + 1..start + 1 + digits.len()].copy_from_slice(digits.as_bytes());
    file
}

impl Desk {
    fn plain(&self, claimed: &str) -> Vec<u8> {
        page(claimed, Form::Pades, |digest| {
            CmsSigner::new(&self.signer).unwrap().sign(digest).unwrap()
        })
    }

    /// With a timestamp in the signature, over what `over` makes of its value.
    fn stamped_over(&self, claimed: &str, when: &str, over: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
        page(claimed, Form::Pades, |digest| {
            CmsSigner::new(&self.signer)
                .unwrap()
                .sign_stamped(digest, |value| {
                    Ok::<_, crate::sign::cms::SignError>(self.stamper.token(when, &over(value)))
                })
                .unwrap()
        })
    }

    fn stamped(&self, claimed: &str, when: &str) -> Vec<u8> {
        self.stamped_over(claimed, when, <[u8]>::to_vec)
    }

    /// With a timestamp over the document.
    fn followed(&self, file: &[u8], when: &str) -> Vec<u8> {
        let trust = self.long_term(&self.lists(&[]));
        longterm::timestamp(file, &self.stamper.at(when), &trust, at(when))
            .unwrap()
            .bytes
    }

    fn long_term(&self, revocations: &Revocations) -> LongTermTrust {
        let root = vec![self.above.root.certificate().to_vec()];
        let policy = AlgorithmPolicy::built_in().clone();
        LongTermTrust::new(root.clone(), root, revocations.clone(), policy)
    }

    /// Lists of every month from May 2026 to 2030, the revocations on those made after them.
    fn lists(&self, revocations: &[Revocation]) -> Revocations {
        let mut all = Revocations::default();
        let mut from = date(2026, 5, 1);
        while from < date(2030, 1, 1) {
            let to = from.saturating_add(jiff::Span::new().months(1));
            let made = at(&format!("{from}T00:00:00Z"));
            let known: Vec<Revocation> = revocations
                .iter()
                .filter(|revocation| revocation.revoked_at <= made)
                .cloned()
                .collect();
            all.extend(&lists(&self.above, &from.to_string(), &to.to_string(), &known))
                .unwrap();
            from = to;
        }
        all
    }

    fn material(&self, revocations: &Revocations) -> TrustMaterial {
        TrustMaterial {
            anchors: vec![self.above.root.certificate().to_vec()],
            revocations: revocations.clone(),
            ..TrustMaterial::default()
        }
    }

    fn verify(&self, file: &[u8], now: &str, revocations: &Revocations) -> Report {
        let verifier = Verifier::new(self.material(revocations)).unwrap();
        verifier.verify_file(file, &Options { now: at(now) }, None)
    }
}

fn revoked(certificate: &[u8], since: &str) -> Revocation {
    let parsed = x509::parse(certificate).unwrap();
    Revocation {
        serial: parsed.tbs_certificate().serial_number().as_bytes().to_vec(),
        revoked_at: at(since),
        reason: None,
    }
}

fn signed(report: &Report) {
    assert_eq!(
        (report.input, report.indication, report.conclusion),
        (Input::SignedDocument, Indication::TotalPassed, Conclusion::Signed),
        "{}",
        report.to_text(Language::English)
    );
}

fn level(report: &Report) -> Option<Level> {
    report.signatures[0].level
}

/// What a timestamp of these authorities proves, whose clocks may be off by a second.
fn proof_of(stated: &str) -> Timestamp {
    at(stated) + jiff::SignedDuration::from_secs(1)
}

fn proven_at(report: &Report) -> Option<Timestamp> {
    report.signatures[0].signed_by.as_ref().unwrap().proven_at
}

#[test]
fn a_strangers_signature_is_good_and_no_certificate() {
    let desk = &*DESK;
    let (file, none) = (desk.plain(SIGNED), desk.lists(&[]));
    let report = desk.verify(&file, "2026-06-20T00:00:00Z", &none);
    signed(&report);
    assert_eq!(
        (report.in_force, level(&report)),
        (Force::NotApplicable, Some(Level::B))
    );
    assert!(report.subject.is_none());
    let headline = report.headline(Language::Chinese);
    assert!(
        headline.contains("示例专用章 TEST") && headline.contains("不是电子证照"),
        "{headline}"
    );
    assert!(
        report
            .headline(Language::English)
            .contains("no electronic certificate")
    );

    // Nobody accepts it for a certificate, whatever stands on a list.
    let list = signed_list(&list_content(vec![listed_authority(
        "self",
        "410000",
        &desk.signer,
    )]));
    let policy = Policy {
        region: "410000".to_owned(),
        types: None,
        status_required: false,
    };
    let answer = recognise(&report, &list, &policy);
    assert_eq!(
        (answer.decision, answer.code),
        (Decision::Refused, "NOT_A_CERTIFICATE")
    );

    // A changed byte, an unknown root, another form.
    let mut changed = file.clone();
    let place = find(&changed, b"/MediaBox[0 0 200");
    changed[place + 14] = b'3';
    let report = desk.verify(&changed, "2026-06-20T00:00:00Z", &none);
    assert_eq!(
        verdict(&report),
        failed(SubIndication::HashFailure, "DIGEST_MISMATCH")
    );
    assert!(report.headline(Language::Chinese).contains("不是电子证照"));
    let nobody = Verifier::new(TrustMaterial::default()).unwrap();
    let options = Options {
        now: at("2026-06-20T00:00:00Z"),
    };
    let report = nobody.verify_file(&file, &options, None);
    let sub = SubIndication::NoCertificateChainFound;
    assert_eq!(verdict(&report), undecided(sub, "UNKNOWN_ROOT"));
    for (form, note) in [(Form::Adobe, "adbe.pkcs7.detached"), (Form::Undated, "/M")] {
        let file = page(SIGNED, form, |digest| {
            CmsSigner::new(&desk.signer).unwrap().sign(digest).unwrap()
        });
        let report = desk.verify(&file, "2026-06-20T00:00:00Z", &none);
        signed(&report);
        assert_eq!(level(&report), None);
        assert!(report.signatures[0].level_note.contains(note), "{report:?}");
    }
}

#[test]
fn what_is_revoked_or_expired_counts_from_the_proven_time() {
    let desk = &*DESK;
    let no_poe = SubIndication::RevokedNoPoe;
    let plain = desk.plain(SIGNED);
    let inside = desk.stamped(SIGNED, "2026-06-01T00:01:00Z");
    let behind = desk.followed(&plain, "2026-06-02T00:00:00Z");
    let both = desk.followed(&inside, "2026-06-02T00:00:00Z");
    let proofs = [
        (&plain, None),
        (&inside, Some("2026-06-01T00:01:00Z")),
        (&behind, Some("2026-06-02T00:00:00Z")),
        (&both, Some("2026-06-01T00:01:00Z")),
    ];

    // 1. Revoked after the proven time, and before.
    let after = desk.lists(&[revoked(&desk.signer.certificate, "2026-06-10T00:00:00Z")]);
    let before = desk.lists(&[revoked(&desk.signer.certificate, "2026-05-20T00:00:00Z")]);
    for (file, proof) in proofs {
        let report = desk.verify(file, "2026-07-20T00:00:00Z", &after);
        match proof {
            None => assert_eq!(verdict(&report), undecided(no_poe, "SIGNER_REVOKED_SINCE")),
            Some(proof) => {
                signed(&report);
                assert_eq!(proven_at(&report), Some(proof_of(proof)));
                let said = &report.finding("revocation").unwrap().message;
                assert!(
                    said.contains("吊销") && said.contains("时间戳（示例专用章 TEST）"),
                    "{said}"
                );
            }
        }
        let report = desk.verify(file, "2026-07-20T00:00:00Z", &before);
        assert_eq!(verdict(&report), failed(SubIndication::Revoked, "SIGNER_REVOKED"));
    }
    // A thief dates back; the timestamp is younger than the revocation, and the signature need not be.
    let backdated = desk.stamped("2026-05-10T00:00:00Z", "2026-06-01T00:01:00Z");
    let report = desk.verify(&backdated, "2026-07-20T00:00:00Z", &before);
    assert_eq!(verdict(&report), undecided(no_poe, "SIGNER_REVOKED_SINCE"));
    let said = &report.finding("revocation").unwrap().message;
    assert!(said.contains("只证明签名不晚于"), "{said}");

    // 2. Expired since; and before anything proves it.
    let none = desk.lists(&[]);
    for (file, proof) in proofs {
        let report = desk.verify(file, "2027-06-20T00:00:00Z", &none);
        match proof {
            None => {
                let sub = SubIndication::OutOfBoundsNotRevoked;
                assert_eq!(verdict(&report), undecided(sub, "SIGNER_EXPIRED"));
            }
            Some(_) => signed(&report),
        }
    }
    let late = desk.stamped(SIGNED, "2027-02-01T00:00:00Z");
    let report = desk.verify(&late, "2027-06-20T00:00:00Z", &none);
    let sub = SubIndication::OutOfBoundsNotRevoked;
    assert_eq!(verdict(&report), undecided(sub, "SIGNER_EXPIRED"));
    let late = desk.stamped("2027-01-20T00:00:00Z", "2027-02-01T00:00:00Z");
    let report = desk.verify(&late, "2027-06-20T00:00:00Z", &none);
    assert_eq!(
        verdict(&report),
        failed(SubIndication::Expired, "SIGNED_AFTER_CERTIFICATE")
    );

    // 3. Proven to be older than the certificate.
    let early = desk.stamped("2024-06-01T00:00:00Z", "2025-02-01T00:00:00Z");
    let report = desk.verify(&early, "2026-06-20T00:00:00Z", &none);
    assert_eq!(report.indication, Indication::TotalFailed);
    assert_eq!(report.sub_indication, Some(SubIndication::NotYetValid));

    // 4. A clock that was ahead, and an authority whose clock was.
    let ahead = desk.stamped("2026-06-03T00:00:00Z", "2026-06-01T00:01:00Z");
    let report = desk.verify(&ahead, "2026-06-20T00:00:00Z", &none);
    signed(&report);
    assert_eq!(
        report.finding("signing-time").unwrap().code,
        "SIGNED_AFTER_TIMESTAMP"
    );
}

#[test]
fn an_authority_is_judged_when_its_timestamp_is_proven_to_have_existed() {
    let desk = &*DESK;
    let none = desk.lists(&[]);
    let extend = |file: &[u8], level, stamper: &Stamper, when: &str| {
        let trust = desk.long_term(&none);
        longterm::extend(file, level, &stamper.at(when), &trust, at(when))
            .unwrap()
            .bytes
    };
    let inside = desk.stamped(SIGNED, "2026-06-01T00:01:00Z");
    let lt = extend(
        &inside,
        longterm::Level::Lt,
        &desk.stamper,
        "2026-06-20T00:00:00Z",
    );
    let lta = extend(
        &inside,
        longterm::Level::Lta,
        &desk.stamper,
        "2026-06-20T00:00:00Z",
    );
    let renewed = extend(&lta, longterm::Level::Lta, &desk.later, "2027-12-20T00:00:00Z");
    let bare = extend(
        &desk.plain(SIGNED),
        longterm::Level::Lta,
        &desk.stamper,
        "2026-06-20T00:00:00Z",
    );

    // 1. What each attains now; the verifier needs no list of its own for what the file holds.
    let recent = lists(&desk.above, "2026-06-15", "2026-08-15", &[]);
    for (file, attained) in [
        (&inside, Level::T),
        (&lt, Level::Lt),
        (&lta, Level::Lta),
        (&bare, Level::Lta),
    ] {
        let report = desk.verify(file, "2026-06-25T00:00:00Z", &recent);
        signed(&report);
        assert_eq!(level(&report), Some(attained), "{report:?}");
    }
    let report = desk.verify(&lta, "2026-07-01T00:00:00Z", &recent);
    assert_eq!(
        (report.signatures[1].kind, report.signatures[1].indication),
        (ReportedKind::DocumentTimestamp, Indication::TotalPassed)
    );

    // 2. The signer has expired: a proven time suffices. 3. So has the authority: only what was renewed has one.
    let far = lists(&desk.above, "2027-05-25", "2027-07-25", &[]);
    for file in [&lt, &lta, &bare, &renewed] {
        signed(&desk.verify(file, "2027-06-20T00:00:00Z", &far));
    }
    let farther = lists(&desk.above, "2028-05-25", "2028-07-25", &[]);
    for file in [&inside, &lt, &lta, &bare] {
        let report = desk.verify(file, "2028-06-20T00:00:00Z", &farther);
        assert_eq!(report.indication, Indication::Indeterminate);
        assert_eq!(report.reason, Some("SIGNER_EXPIRED"), "{report:?}");
    }
    let report = desk.verify(&renewed, "2028-06-20T00:00:00Z", &farther);
    signed(&report);
    assert_eq!(level(&report), Some(Level::Lta));
    assert_eq!(proven_at(&report), Some(proof_of("2026-06-01T00:01:00Z")));

    // 4. The authority is revoked: what nothing older proves has lost its time, what was renewed before has not.
    let gone = desk.lists(&[revoked(&desk.stamper.certificate, "2027-12-25T00:00:00Z")]);
    let report = desk.verify(&lta, "2028-02-20T00:00:00Z", &gone);
    assert_eq!(report.indication, Indication::Indeterminate);
    signed(&desk.verify(&renewed, "2028-02-20T00:00:00Z", &gone));
    let report = desk.verify(
        &inside,
        "2026-07-01T00:00:00Z",
        &desk.lists(&[revoked(&desk.stamper.certificate, "2026-06-25T00:00:00Z")]),
    );
    signed(&report);
    assert_eq!((level(&report), proven_at(&report)), (Some(Level::B), None));
    assert_eq!(report.finding("timestamps").unwrap().outcome, Outcome::Undecided);

    // 5. A root of documents vouches for no timestamp where there are others for that.
    let mut material = desk.material(&recent);
    material.timestamp_anchors = vec![TestAuthority::new().root.certificate().to_vec()];
    let options = Options {
        now: at("2026-07-01T00:00:00Z"),
    };
    let report = Verifier::new(material).unwrap().verify_file(&lta, &options, None);
    signed(&report);
    assert_eq!(proven_at(&report), None);
}

#[test]
fn a_timestamp_that_proves_nothing_costs_no_more_than_its_proof() {
    let desk = &*DESK;
    let none = desk.lists(&[]);
    let now = "2026-06-20T00:00:00Z";

    // 1. Over something else.
    let moved = desk.stamped_over(SIGNED, "2026-06-01T00:01:00Z", |_| b"another signature".to_vec());
    let report = desk.verify(&moved, now, &none);
    signed(&report);
    let finding = report.finding("timestamps").unwrap();
    assert_eq!(
        (finding.outcome, finding.code),
        (Outcome::Failed, "TIMESTAMP_FAILED")
    );
    assert!(report.to_text(Language::Chinese).contains("[不通过] 签名时间戳"));
    let timestamp = &report.signatures[0].timestamps[0];
    assert_eq!(
        (timestamp.indication, timestamp.sub_indication, timestamp.reason),
        (
            Indication::TotalFailed,
            Some(SubIndication::HashFailure),
            Some("TIMESTAMP_OTHER_DATA")
        )
    );
    assert_eq!((level(&report), proven_at(&report)), (Some(Level::B), None));
    let report = desk.verify(&moved, "2027-06-20T00:00:00Z", &none);
    assert_eq!(report.reason, Some("SIGNER_EXPIRED"));

    // 2. A document timestamp whose bytes were changed, behind a good one.
    let plain = desk.plain(SIGNED);
    let one = desk.followed(&plain, "2026-06-02T00:00:00Z");
    let mut two = desk.followed(&one, "2026-06-03T00:00:00Z");
    // Digits of its token: near the end of the file, in the signature value.
    let contents = one.len() + find(&two[one.len()..], b"/Contents<") + 10;
    let token_end = contents + two[contents..].iter().position(|byte| *byte == b'>').unwrap();
    let used = two[contents..token_end]
        .iter()
        .rposition(|byte| *byte != b'0')
        .unwrap();
    let digit = contents + used - 8;
    two[digit] = if two[digit] == b'1' { b'2' } else { b'1' };
    let report = desk.verify(&two, now, &none);
    signed(&report);
    assert_eq!(report.signatures[2].indication, Indication::TotalFailed);
    assert_eq!(
        report.finding("document-timestamps").unwrap().outcome,
        Outcome::Failed
    );
    assert_eq!(proven_at(&report), Some(proof_of("2026-06-02T00:00:00Z")));

    // 3. Two clocks that contradict each other: what is outside is believed.
    let inside = desk.stamped(SIGNED, "2026-06-05T00:00:00Z");
    let both = desk.followed(&inside, "2026-06-02T00:00:00Z");
    let report = desk.verify(&both, now, &none);
    signed(&report);
    let timestamp = &report.signatures[0].timestamps[0];
    assert_eq!(
        (timestamp.sub_indication, timestamp.reason),
        (
            Some(SubIndication::TimestampOrderFailure),
            Some("TIMESTAMP_ORDER")
        )
    );
    assert_eq!(proven_at(&report), Some(proof_of("2026-06-02T00:00:00Z")));

    // 4. One of the future.
    let report = desk.verify(&inside, "2026-06-03T00:00:00Z", &none);
    assert_eq!(report.signatures[0].timestamps[0].reason, Some("TIMESTAMP_ORDER"));
}

#[test]
fn timestamps_alone_and_what_contradicts_itself() {
    let desk = &*DESK;
    let none = desk.lists(&[]);
    let now = "2026-06-20T00:00:00Z";
    let bare = pdf(&[
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>".to_owned(),
    ]);
    let stamped = desk.followed(&bare, "2026-06-02T00:00:00Z");
    let report = desk.verify(&stamped, now, &none);
    signed(&report);
    let headline = report.headline(Language::Chinese);
    assert!(
        headline.contains("文件无人签名，只有 示例专用章 TEST 的时间戳有效"),
        "{headline}"
    );
    let mut changed = stamped.clone();
    let place = find(&changed, b"/MediaBox[0 0 9");
    changed[place + 10] = b'1';
    let report = desk.verify(&changed, now, &none);
    assert_eq!(
        verdict(&report),
        failed(SubIndication::HashFailure, "TIMESTAMP_OTHER_DATA")
    );

    // Typed as a signature: passed over where there is a signature, nothing at all where there is none.
    let untyped = |file: &[u8]| {
        let mut file = file.to_vec();
        let place = find(&file, b"/Type/DocTimeStamp");
        file[place..place + 18].copy_from_slice(b"/Type/Sig         ");
        file
    };
    let report = desk.verify(&untyped(&stamped), now, &none);
    assert_eq!(
        verdict(&report),
        failed(SubIndication::FormatFailure, "NOT_SIGNED")
    );
    let followed = untyped(&desk.followed(&desk.plain(SIGNED), "2026-06-02T00:00:00Z"));
    let report = desk.verify(&followed, now, &none);
    signed(&report);
    assert_eq!(report.signatures[1].reason, Some("TIMESTAMP_UNRECOGNISED"));
    assert_eq!(proven_at(&report), None);
}

#[test]
fn a_certificate_that_was_extended_is_still_the_one_on_record() {
    let world = &*WORLD;
    let stamper = Stamper::new(&world.authority, period("2025-01-01", "2040-01-01"));
    let when = "2026-11-20T12:00:00Z";
    let root = vec![world.authority.root.certificate().to_vec()];
    let trust = LongTermTrust::new(
        root.clone(),
        root,
        world.lists(&[]),
        AlgorithmPolicy::built_in().clone(),
    );
    let extended = longterm::extend(
        &world.good.file,
        longterm::Level::Lta,
        &stamper.at(when),
        &trust,
        at(when),
    )
    .unwrap()
    .bytes;
    let view = world.view(&world.good);
    let report = world.verifier().verify_file(&extended, &options(), Some(&view));
    assert_passed(&report);
    assert_eq!(report.conclusion, Conclusion::Good);
    let record = report.finding("registered-document").unwrap();
    assert_eq!(record.code, "EXTENDED_DOCUMENT_OF_RECORD");
    let by = report.signed_by.as_ref().unwrap();
    assert_eq!(
        (by.proven_at, &by.proven_by),
        (Some(world.good.created), &Some(ProvenBy::Registry))
    );
    let report = world.verifier().verify_file(&extended, &options(), None);
    assert_passed(&report);
    let by = report.signed_by.as_ref().unwrap();
    assert!(matches!(by.proven_by, Some(ProvenBy::DocumentTimestamp(_))));

    // Of another one the record says nothing, and no prefix of a file speaks for more than itself.
    let other = world.make(world.recipe("0099"));
    let mut view = world.view(&other);
    view.record.as_mut().unwrap().identifier = world.good.identifier.clone();
    let report = world.verifier().verify_file(&extended, &options(), Some(&view));
    let constraint = SubIndication::SigConstraintsFailure;
    assert_eq!(verdict(&report), failed(constraint, "NOT_THE_DOCUMENT_OF_RECORD"));
}

/// A file with lists in its store.
fn with_lists(file: &[u8], lists: &[&[u8]]) -> Vec<u8> {
    let opened = open(file).unwrap();
    let mut update = Update::new(&opened).unwrap();
    let evidence = Evidence {
        crls: lists.iter().map(|list| list.to_vec()).collect(),
        ..Evidence::default()
    };
    update.add_evidence(&evidence).unwrap();
    update.finish().unwrap()
}

#[test]
fn what_an_issuer_says_counts_while_it_is_in_office() {
    let desk = &*DESK;
    let gone = undecided(SubIndication::NoPoe, "REVOCATION_ISSUER_GONE");
    let now = "2026-07-20T00:00:00Z";
    for is_revoked in [true, false] {
        // An authority that leaves office in the middle of June, and one of its signers.
        let mut above = TestAuthority::new();
        let end = if is_revoked { "2055-01-01" } else { "2026-06-15" };
        let (key, serial) = (new_key(), Serial::random().unwrap());
        let name = subject("离任签发机构 TEST");
        let issuing = above
            .root
            .issue_authority(key, &name, period("2020-01-01", end), serial);
        above.issuing = issuing.unwrap();
        let signer = above.identity(Role::DocumentSigner, period("2025-01-01", "2026-06-15"));
        let file = page(SIGNED, Form::Pades, |digest| {
            let stamped = CmsSigner::new(&signer).unwrap().sign_stamped(digest, |value| {
                Ok::<_, crate::sign::cms::SignError>(desk.stamper.token("2026-06-01T00:01:00Z", value))
            });
            stamped.unwrap()
        });
        let list = |authority: &CertificateAuthority, from: &str, revocations: &[Revocation]| {
            let from = at(from);
            let to = from + jiff::SignedDuration::from_hours(24 * 90);
            authority.revocation_list(1, from, to, revocations).unwrap()
        };
        let (named, made) = if is_revoked {
            let named = revoked(above.issuing.certificate(), "2026-06-14T00:00:00Z");
            (vec![named], "2026-07-01T00:00:00Z")
        } else {
            (Vec::new(), "2026-06-10T00:00:00Z")
        };
        let of_root = list(&above.root, made, &named);
        let before = list(&above.issuing, "2026-06-10T00:00:00Z", &[]);
        let verify = |file: &[u8], own: &[&[u8]]| {
            let mut revocations = desk.lists(&[]);
            for der in own.iter().chain([&&of_root[..]]) {
                revocations.add_crl(der).unwrap();
            }
            let mut material = desk.material(&revocations);
            material.anchors.push(above.root.certificate().to_vec());
            let verifier = Verifier::new(material).unwrap();
            verifier.verify_file(file, &Options { now: at(now) }, None)
        };

        // 1. Proven by a timestamp of its time, in the file or besides.
        let stored = with_lists(&file, &[&before]);
        let in_time = desk.followed(&stored, "2026-06-12T00:00:00Z");
        signed(&verify(&in_time, &[]));
        signed(&verify(&in_time, &[&before]));

        // 2. Not proven, or too late: whoever has its key dates back as he likes.
        let too_late = desk.followed(&stored, "2026-06-20T00:00:00Z");
        for (file, own) in [(&file, &[&before[..]][..]), (&stored, &[]), (&too_late, &[])] {
            assert_eq!(verdict(&verify(file, own)), gone, "{is_revoked}");
        }

        // 3. Made after it had left, whatever is said.
        let later = at("2026-06-25T00:00:00Z");
        let since = Revocation {
            reason: None,
            ..revoked(&signer.certificate, "2026-06-14T12:00:00Z")
        };
        for revocations in [&[][..], &[since]] {
            let after = list(&above.issuing, &later.to_string(), revocations);
            let stored = with_lists(&file, &[&after]);
            let followed = desk.followed(&stored, "2026-06-26T00:00:00Z");
            for (file, own) in [(&file, &[&after[..]][..]), (&stored, &[]), (&followed, &[])] {
                let said = verify(file, own);
                assert_eq!(said.indication, Indication::Indeterminate, "{is_revoked}");
            }
        }
        // A revocation that came first counts all the same.
        let first = list(
            &above.issuing,
            "2026-06-10T00:00:00Z",
            &[revoked(&signer.certificate, "2026-05-20T00:00:00Z")],
        );
        let said = verify(&in_time, &[&first]);
        assert_eq!(verdict(&said), failed(SubIndication::Revoked, "SIGNER_REVOKED"));
    }
}

#[test]
fn a_timestamp_makes_the_time_earlier_and_never_later() {
    let desk = &*DESK;
    let none = desk.lists(&[]);
    let inaccurate = |days: u64, when: &str, signer: &SigningIdentity| {
        let authority = desk.stamper.accurate(when, Duration::from_hours(24 * days));
        page(when, Form::Undated, |digest| {
            let stamped = CmsSigner::new(signer).unwrap().sign_stamped(digest, |value| {
                Ok::<_, crate::sign::cms::SignError>(token(&authority, value))
            });
            stamped.unwrap()
        })
    };
    // 1. A certificate that begins tomorrow.
    let next = desk
        .above
        .identity(Role::DocumentSigner, period("2026-06-02", "2027-01-01"));
    let file = inaccurate(2, SIGNED, &next);
    let report = desk.verify(&file, "2026-06-01T00:01:00Z", &none);
    assert_eq!(
        verdict(&report),
        failed(SubIndication::NotYetValid, "SIGNER_NOT_YET_VALID")
    );
    // 2. One that ends before the clock could be right, and has not ended.
    let file = inaccurate(5_000, SIGNED, &desk.signer);
    let report = desk.verify(&file, "2026-06-01T00:01:00Z", &none);
    signed(&report);
    assert_eq!(proven_at(&report), Some(at("2026-06-01T00:01:00Z")));
    // 3. Nor does a timestamp behind prove the future of those before.
    let inner = desk.stamped("2026-06-11T00:00:00Z", "2026-06-11T00:00:00Z");
    let trust = desk.long_term(&none);
    let authority = desk.stamper.accurate(SIGNED, Duration::from_hours(24 * 20));
    let outer = longterm::timestamp(&inner, &authority, &trust, at(SIGNED)).unwrap();
    let report = desk.verify(&outer.bytes, "2026-06-01T00:01:00Z", &none);
    assert_eq!(report.signatures[0].timestamps[0].reason, Some("TIMESTAMP_ORDER"));
}

#[test]
fn a_revocation_counts_before_its_date_where_nothing_proves_an_earlier_time() {
    let desk = &*DESK;
    let now = "2026-06-20T00:00:00Z";
    let of = |reason| {
        let mut named = revoked(&desk.signer.certificate, "2026-06-22T00:00:00Z");
        named.reason = reason;
        lists(&desk.above, "2026-06-15", "2026-08-15", &[named])
    };
    let report = desk.verify(&desk.plain(SIGNED), now, &of(Some(CrlReason::KeyCompromise)));
    let no_poe = SubIndication::RevokedNoPoe;
    assert_eq!(verdict(&report), undecided(no_poe, "SIGNER_REVOKED_SINCE"));
    let report = desk.verify(&desk.plain(SIGNED), now, &of(Some(CrlReason::CertificateHold)));
    assert_eq!(report.reason, Some("SIGNER_ON_HOLD"));
    let proven = desk.stamped(SIGNED, "2026-06-01T00:01:00Z");
    let all = of(None);
    signed(&desk.verify(&proven, now, &all));
}

/// A file with certificates and lists that bear the names of its signer's authorities, and other keys.
fn with_forged_evidence(file: &[u8], certificates: usize, lists_of_each: usize) -> Vec<u8> {
    let mut evidence = Evidence::default();
    for _ in 0..certificates {
        let forger = TestAuthority::new();
        evidence.certificates.push(forger.issuing.certificate().to_vec());
    }
    let forger = TestAuthority::new();
    for _ in 0..lists_of_each {
        let lists = lists(&forger, "2026-06-01", "2026-07-01", &[]);
        evidence.crls.extend(lists.crls().map(|list| list.der().to_vec()));
    }
    let opened = open(file).unwrap();
    let mut update = Update::new(&opened).unwrap();
    update.add_evidence(&evidence).unwrap();
    update.finish().unwrap()
}

#[test]
fn forged_evidence_speaks_for_nothing() {
    let desk = &*DESK;
    let hostile = with_forged_evidence(&desk.plain(SIGNED), 120, 150);
    signed(&desk.verify(&hostile, "2026-06-20T00:00:00Z", &desk.lists(&[])));
}

#[test]
fn a_hold_is_no_end() {
    let desk = &*DESK;
    let held = |reason| {
        let mut revocation = revoked(&desk.signer.certificate, "2026-05-10T00:00:00Z");
        revocation.reason = reason;
        desk.lists(&[revocation])
    };
    let (file, now) = (desk.plain(SIGNED), "2026-06-20T00:00:00Z");
    let report = desk.verify(&file, now, &held(Some(CrlReason::CertificateHold)));
    assert_eq!(
        (report.indication, report.sub_indication, report.reason),
        (
            Indication::Indeterminate,
            Some(SubIndication::TryLater),
            Some("SIGNER_ON_HOLD")
        )
    );
    let report = desk.verify(&file, now, &held(None));
    assert_eq!(verdict(&report), failed(SubIndication::Revoked, "SIGNER_REVOKED"));
}

#[test]
fn what_is_dated_later_than_the_present_says_nothing() {
    let desk = &*DESK;
    let file = desk.plain(SIGNED);
    let list = lists(&desk.above, "2026-06-15", "2026-08-15", &[]);
    signed(&desk.verify(&file, "2026-06-14T23:56:00Z", &list));
    let report = desk.verify(&file, "2026-06-14T23:54:00Z", &list);
    assert_eq!(
        verdict(&report),
        undecided(SubIndication::TryLater, "REVOCATION_LIST_FUTURE")
    );
}
