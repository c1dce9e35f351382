#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::{fs, path::PathBuf, process::Command};

use tempfile::TempDir;

use super::*;
use crate::{
    crypto::AlgorithmPolicy,
    limits::{MAX_CRL_ALIKE, MAX_CRL_LINE},
    trust::{
        existence::Existence,
        path::{PathError, Usage, VerifiedPath, name_id, validate},
    },
};

/// An authority by openssl, with certificates `good`, `bad` (revoked for its key) and `new` (not in its index).
struct Office {
    folder: TempDir,
}

impl Office {
    fn new() -> Self {
        let office = Self {
            folder: TempDir::new().unwrap(),
        };
        office.shell(
            "printf '[ca]\ndefault_ca=d\n[d]\ndatabase=index\ncrlnumber=number\ndefault_md=sha256\n\
             [first]\ndatabase=index\ndefault_md=sha256\n[unknown]\n1.2.3.4=critical,DER:0500\n\
             [users]\nissuingDistributionPoint=critical,@u\n[u]\nonlyuser=TRUE\n\
             [authorities]\nissuingDistributionPoint=critical,@a\n[a]\nonlyCA=TRUE\n\
             [indirect]\nissuingDistributionPoint=critical,@i\n[i]\nindirectCRL=TRUE\n\
             [some]\nissuingDistributionPoint=critical,@s\n[s]\nonlysomereasons=keyCompromise\n\
             [point]\nissuingDistributionPoint=critical,@p\n[p]\nfullname=URI:http://x/y.crl\n\
             [delta]\n2.5.29.27=critical,DER:020101\n\
             [kept]\n2.5.29.60=DER:180f32303030303130313030303030305a\n\
             [unread]\n2.5.29.60=DER:0500\n[needed]\n2.5.29.60=critical,DER:0500\n' > conf; \
             echo 01 > number; \
             openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ca.key; \
             openssl req -x509 -new -key ca.key -subj /CN=ca -days 5000 -out ca.pem \
                 -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign",
        );
        for (serial, name) in [(16, "good"), (17, "bad"), (18, "new")] {
            office.issue(name, serial, "ca", "keyUsage=digitalSignature");
        }
        office.index(&[
            "V\t351231235959Z\t\t10\tunknown\t/CN=good",
            "R\t351231235959Z\t260101000000Z,keyCompromise\t11\tunknown\t/CN=bad",
        ]);
        office
    }

    #[track_caller]
    fn shell(&self, script: &str) {
        let done = Command::new("sh")
            .arg("-ec")
            .arg(script)
            .current_dir(&self.folder)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{script}\n{said}");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn index(&self, lines: &[&str]) {
        fs::write(self.path("index"), lines.join("\n") + "\n").unwrap();
    }

    fn issue(&self, name: &str, serial: u32, issuer: &str, extensions: &str) {
        fs::write(self.path("ext"), extensions.replace(';', "\n")).unwrap();
        self.shell(&format!(
            "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {name}.key; \
             openssl req -new -key {name}.key -subj /CN={name} -out csr; \
             openssl x509 -req -in csr -CA {issuer}.pem -CAkey {issuer}.key -set_serial {serial} -days 800 \
                 -extfile ext -out {name}.pem"
        ));
    }

    fn der(&self, name: &str) -> Vec<u8> {
        x509::parse_bundle(&fs::read(self.path(&format!("{name}.pem"))).unwrap())
            .unwrap()
            .remove(0)
    }

    /// The answer about a certificate, signed by somebody.
    fn answer(&self, about: &str, by: &str, options: &str) -> Vec<u8> {
        self.shell(&format!(
            "openssl ocsp -index index -CA ca.pem -rsigner {by}.pem -rkey {by}.key -issuer ca.pem \
                 -cert {about}.pem -no_nonce {options} -reqout asked.der -respout answer.der >/dev/null"
        ));
        fs::read(self.path("answer.der")).unwrap()
    }

    /// That answer changed, and signed by somebody anew.
    fn redrafted(&self, answer: &[u8], by: &str, change: impl FnOnce(&mut ocsp::tests::Draft)) -> Vec<u8> {
        ocsp::tests::redrafted(answer, change, |content| {
            fs::write(self.path("content"), content).unwrap();
            self.shell(&format!("openssl dgst -sha256 -sign {by}.key -out value content"));
            fs::read(self.path("value")).unwrap()
        })
    }

    fn list(&self, options: &str) -> Vec<u8> {
        self.shell(&format!(
            "openssl ca -config conf -gencrl -keyfile ca.key -cert ca.pem {options} -out list.pem; \
             openssl crl -in list.pem -outform DER -out list.der"
        ));
        fs::read(self.path("list.der")).unwrap()
    }

    /// A list with these lines, signed by the authority.
    fn list_of(&self, lines: &[u8]) -> Vec<u8> {
        let anchor = self.der("ca");
        let algorithm = element(0x30, &[b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"]);
        let now = Timestamp::now();
        let content = [
            b"\x02\x01\x01",
            &algorithm[..],
            x509::raw(&anchor).unwrap().subject,
            &utc_time(now),
            &utc_time(now + SignedDuration::from_hours(24 * 7)),
            &element(0x30, &[lines]),
        ];
        let content = element(0x30, &content);
        fs::write(self.path("content"), &content).unwrap();
        self.shell("openssl dgst -sha256 -sign ca.key -out value content");
        let value = fs::read(self.path("value")).unwrap();
        element(0x30, &[&content, &algorithm, &element(0x03, &[&[0], &value])])
    }

    fn path_of(
        &self,
        about: &str,
        at: Timestamp,
        revocations: &Revocations,
    ) -> Result<VerifiedPath, PathError> {
        let anchor = self.der("ca");
        let context = PathContext {
            anchors: &Certificates::of([&anchor]),
            revocations,
            at,
            usage: Usage::Document,
            policy: AlgorithmPolicy::built_in(),
            policies: &[],
            policy_at: at,
            // Lists of every date are asked about.
            now: "2050-01-01T00:00:00Z".parse().unwrap(),
            existence: Existence::UNPROVEN,
            work: &Work::default(),
        };
        validate(&self.der(about), &[], &context)
    }

    fn status(&self, about: &str, at: Timestamp, revocations: &Revocations) -> RevocationStatus {
        let path = self.path_of(about, at, revocations).unwrap();
        path.certificates()[0].revocation.clone()
    }
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

fn utc_time(at: Timestamp) -> Vec<u8> {
    element(0x17, &[at.strftime("%y%m%d%H%M%SZ").to_string().as_bytes()])
}

fn soon() -> Timestamp {
    Timestamp::now() + SignedDuration::from_mins(1)
}

fn answers<const N: usize>(ders: [Vec<u8>; N]) -> Revocations {
    let mut revocations = Revocations::default();
    for der in ders {
        revocations.add_ocsp(&der).unwrap();
    }
    revocations
}

fn is_good(status: &RevocationStatus) -> bool {
    matches!(status, RevocationStatus::Good { .. })
}

fn why(status: RevocationStatus) -> UnknownRevocation {
    match status {
        RevocationStatus::Unknown(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_a_responder_answers_is_believed_from_whom_it_may_come() {
    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    let office = Office::new();
    let week = "-ndays 7";
    let now = soon();
    let key = "keyUsage=digitalSignature";
    office.issue(
        "delegate",
        32,
        "ca",
        &format!("{key};extendedKeyUsage=OCSPSigning;noCheck=ignored"),
    );
    office.issue(
        "checked",
        33,
        "ca",
        &format!("{key};extendedKeyUsage=OCSPSigning"),
    );
    office.issue("nobody", 34, "ca", key);

    // From the issuer itself, and from whom it delegated to, found by name and by key.
    for (by, options) in [
        ("ca", ""),
        ("ca", "-resp_key_id"),
        ("delegate", ""),
        ("delegate", "-resp_key_id"),
    ] {
        let options = format!("{week} {options}");
        let good = answers([office.answer("good", by, &options)]);
        let status = office.status("good", now, &good);
        assert!(is_good(&status), "{by} {options}: {status:?}");
        let path = office.path_of("good", now, &good).unwrap();
        assert!(matches!(
            path.certificates()[0].sources.as_slice(),
            [Source::Ocsp(_)]
        ));

        let bad = answers([office.answer("bad", by, &options)]);
        assert!(matches!(
            office.path_of("bad", now, &bad),
            Err(PathError::Revoked {
                reason: Some(CrlReason::KeyCompromise),
                ..
            })
        ));
        let then = "2025-12-31T00:00:00Z".parse().unwrap();
        assert!(office.path_of("bad", then, &bad).is_err(), "before it was issued");
        let unknown = answers([office.answer("new", by, &options)]);
        let said = why(office.status("new", now, &unknown));
        assert_eq!(said, UnknownRevocation::UnknownToResponder);
        // An answer about another certificate says nothing.
        assert_eq!(why(office.status("new", now, &good)), UnknownRevocation::NoList);
    }
    // The same without its envelope, as CMS signatures carry it.
    let whole = office.answer("good", "ca", week);
    let basic = ocsp::tests::basic(&whole);
    assert!(is_good(&office.status("good", now, &answers([basic]))));

    // A delegate whose own revocation counts.
    let checked = office.answer("good", "checked", week);
    let mut known = answers([checked]);
    assert_eq!(
        why(office.status("good", now, &known)),
        UnknownRevocation::ResponderUnchecked
    );
    let clean = known.clone();
    known.add_crl(&office.list("-crldays 7")).unwrap();
    assert!(is_good(&office.status("good", now, &known)));
    office.index(&["R\t351231235959Z\t260101000000Z\t21\tunknown\t/CN=checked"]);
    let mut refused = clean;
    refused
        .add_crl(&office.list("-crldays 7 -crlexts users"))
        .unwrap();
    let ocsp_only = refused.responses.first().unwrap();
    assert!(ocsp_only.produced_at() <= now);
    let path = office.path_of("good", now, &refused).unwrap();
    assert!(matches!(
        path.certificates()[0].sources.as_slice(),
        [Source::Crl(_)]
    ));

    // From whom it may not come: the issuer's other customers, and strangers under its name.
    let by_nobody = answers([office.answer("good", "nobody", week)]);
    assert_eq!(
        why(office.status("good", now, &by_nobody)),
        UnknownRevocation::Untrusted
    );
    let stranger = Office::new();
    for name in ["ca", "delegate"] {
        if name == "delegate" {
            stranger.issue(
                name,
                32,
                "ca",
                &format!("{key};extendedKeyUsage=OCSPSigning;noCheck=ignored"),
            );
        }
        for ending in ["pem", "key"] {
            let from = stranger.path(&format!("{name}.{ending}"));
            fs::copy(from, office.path(&format!("stranger-{name}.{ending}"))).unwrap();
        }
        let forged = answers([office.answer("good", &format!("stranger-{name}"), week)]);
        assert_eq!(
            why(office.status("good", now, &forged)),
            UnknownRevocation::Untrusted
        );
    }
}

#[test]
fn answers_age_and_no_flipped_bit_makes_one_good() {
    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    let office = Office::new();
    let now = soon();
    let later = now + SignedDuration::from_hours(24 * 8);
    let week = office.answer("good", "ca", "-ndays 7");
    let dated = answers([week.clone()]);
    assert!(matches!(
        why(office.status("good", later, &dated)),
        UnknownRevocation::Stale { .. }
    ));
    let undated = answers([office.answer("good", "ca", "")]);
    assert_eq!(
        why(office.status("good", now, &undated)),
        UnknownRevocation::Undated
    );
    // A configured age stands in for what the responder leaves out, and shortens what it says.
    let hour = Some(SignedDuration::from_hours(1));
    assert!(is_good(&office.status("good", now, &undated.no_older_than(hour))));
    let tomorrow = now + SignedDuration::from_hours(24);
    assert!(is_good(&office.status("good", tomorrow, &dated)));
    assert!(matches!(
        why(office.status("good", tomorrow, &dated.clone().no_older_than(hour))),
        UnknownRevocation::Stale { .. }
    ));

    // Without certificates sent along, which are signed themselves and stand outside of what is.
    let week = office.answer("good", "ca", "-ndays 7 -resp_no_certs");
    assert!(is_good(&office.status("good", now, &answers([week.clone()]))));
    for position in 0..week.len() {
        let mut changed = week.clone();
        changed[position] ^= 1 << (position % 8);
        let mut revocations = Revocations::default();
        if revocations.add_ocsp(&changed).is_ok() {
            let status = office.status("good", now, &revocations);
            assert!(!is_good(&status), "byte {position}");
        }
        assert!(OcspResponse::parse(&week[..position]).is_err());
    }
    assert!(OcspResponse::parse(&[week, vec![0]].concat()).is_err());
}

#[test]
fn the_newer_of_two_kinds_decides_and_a_revocation_stands() {
    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    let office = Office::new();
    let now = soon();
    let good = office.answer("good", "ca", "-ndays 7");
    let clean = office.list("-crldays 7");
    let revoked = |reason: &str| format!("R\t351231235959Z\t260101000000Z{reason}\t10\tunknown\t/CN=good");
    std::thread::sleep(std::time::Duration::from_millis(1_100));

    // Revoked by a newer list, or a newer answer, or an older one: revoked.
    office.index(&[&revoked("")]);
    let (bad_list, bad_answer) = (office.list("-crldays 7"), office.answer("good", "ca", "-ndays 7"));
    let both = |list: &[u8], answer: &[u8]| {
        let mut all = answers([answer.to_vec()]);
        all.add_crl(list).unwrap();
        all
    };
    assert!(is_good(&office.status("good", now, &both(&clean, &good))));
    for all in [both(&bad_list, &good), both(&clean, &bad_answer)] {
        assert!(matches!(
            office.path_of("good", now, &all),
            Err(PathError::Revoked { .. })
        ));
    }
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    office.index(&["V\t351231235959Z\t\t10\tunknown\t/CN=good"]);
    let again = office.answer("good", "ca", "-ndays 7");
    let all = both(&bad_list, &again);
    assert!(matches!(
        office.path_of("good", now, &all),
        Err(PathError::Revoked { .. })
    ));

    // Only a hold is lifted by what is newer.
    office.index(&[&revoked(",certificateHold")]);
    let held = office.list("-crldays 7");
    assert!(matches!(
        office.path_of("good", now, &both(&held, &good)),
        Err(PathError::Revoked { .. })
    ));
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    office.index(&["V\t351231235959Z\t\t10\tunknown\t/CN=good"]);
    let lifted = office.answer("good", "ca", "-ndays 7");
    assert!(is_good(&office.status("good", now, &both(&held, &lifted))));
    // Not for a proven time within it.
    let within = Crl::parse(&held).unwrap().this_update();
    assert!(is_good(&office.status(
        "good",
        within,
        &answers([lifted.clone()])
    )));
    assert!(matches!(
        office.path_of("good", within, &both(&held, &lifted)),
        Err(PathError::Revoked {
            reason: Some(CrlReason::CertificateHold),
            ..
        })
    ));
}

#[test]
fn a_revocation_that_is_open_to_doubt_lets_nothing_acquit() {
    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    let office = Office::new();
    let now = soon();
    let delegate = "keyUsage=digitalSignature;extendedKeyUsage=OCSPSigning";
    office.issue("checked", 33, "ca", delegate);
    office.issue("nobody", 34, "ca", "keyUsage=digitalSignature");
    let good = office.answer("good", "ca", "-ndays 7");
    let clean = office.list("-crldays 7 -md sha1");
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    office.index(&["R\t351231235959Z\t260101000000Z,keyCompromise\t10\tunknown\t/CN=good"]);

    // A list by a weak algorithm, and a responder of whom nothing is known.
    let list = office.list("-crldays 7 -md sha1");
    let mut weak = answers([good.clone()]);
    weak.add_crl(&list).unwrap();
    let said = why(office.status("good", now, &weak));
    assert!(matches!(said, UnknownRevocation::Weak(_)), "{said:?}");
    let unchecked = answers([good.clone(), office.answer("good", "checked", "-ndays 7")]);
    let said = why(office.status("good", now, &unchecked));
    assert_eq!(said, UnknownRevocation::ResponderUnchecked);
    // One that accuses nobody, or by nobody who may, changes nothing.
    let mut harmless = answers([good, office.answer("good", "nobody", "-ndays 7")]);
    harmless.add_crl(&clean).unwrap();
    assert!(is_good(&office.status("good", now, &harmless)));
}

#[test]
fn a_list_is_judged_by_the_age_of_itself() {
    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    let office = Office::new();
    let list = office.list("-crldays 7 -md sha1");
    let (now, anchor, about) = (soon(), office.der("ca"), office.der("good"));
    let status = |of: [u8; 32]| {
        let mut existence = Existence::default();
        existence.prove(of, "2010-01-01T00:00:00Z".parse().unwrap());
        let context = PathContext {
            anchors: &Certificates::of([&anchor]),
            revocations: &Revocations::from_crls([&list]).unwrap(),
            at: now,
            usage: Usage::Document,
            policy: AlgorithmPolicy::built_in(),
            policies: &[],
            policy_at: now,
            now,
            existence: &existence,
            work: &Work::default(),
        };
        let path = validate(&about, &[], &context).unwrap();
        path.certificates()[0].revocation.clone()
    };
    assert!(is_good(&status(sha256(&list))));
    // That something else is old proves nothing.
    let said = why(status(sha256(&about)));
    assert!(matches!(said, UnknownRevocation::Weak(_)), "{said:?}");
}

#[test]
fn lines_that_no_authority_writes_are_not_read_at_length() {
    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    let office = Office::new();
    let now = soon();
    let line = |extension: &[&[u8]]| {
        let extensions = element(0x30, &[&element(0x30, extension)]);
        element(0x30, &[b"\x02\x01\x10", &utc_time(now), &extensions])
    };
    // removeFromCRL, which speaks for nobody in a full list.
    let line_of_removal = line(&[b"\x06\x03\x55\x1d\x15", b"\x04\x03\x0a\x01\x08"]);
    let list =
        |count: usize| Revocations::from_crls([office.list_of(&line_of_removal.repeat(count))]).unwrap();
    assert!(is_good(&office.status("good", now, &list(MAX_CRL_ALIKE))));
    assert!(matches!(
        office.path_of("good", now, &list(MAX_CRL_ALIKE + 1)),
        Err(PathError::Revoked { .. })
    ));
    let long = line(&[b"\x06\x03\x2a\x03\x04", &element(0x04, &[&[0; MAX_CRL_LINE]])]);
    for lines in [long.clone(), [long, line_of_removal].concat()] {
        assert!(matches!(
            Crl::parse(&office.list_of(&lines)),
            Err(CrlError::TooLarge)
        ));
    }
}

#[test]
fn lists_speak_for_their_scope_and_no_further() {
    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    let office = Office::new();
    let now = soon();
    let of = |options: &str| {
        let list = office.list(&format!("-crldays 7 {options}"));
        Revocations::from_crls([list]).unwrap()
    };
    assert!(is_good(&office.status("good", now, &of("-crlexts users"))));
    assert_eq!(
        why(office.status("good", now, &of("-crlexts authorities"))),
        UnknownRevocation::NoList
    );
    for (kind, named) in [
        ("indirect", "indirect list"),
        ("delta", "delta list"),
        ("some", "list for some reasons only"),
    ] {
        let list = of(&format!("-crlexts {kind}"));
        let said = why(office.status("good", now, &list));
        assert_eq!(said, UnknownRevocation::Unsupported(named.to_owned()));
    }
    // A list for some reasons, or of what is new, says of whom it names that it is revoked.
    for kind in ["some", "delta"] {
        assert!(matches!(
            office.path_of("bad", now, &of(&format!("-crlexts {kind}"))),
            Err(PathError::Revoked { .. })
        ));
    }
    // The certificate may say itself that the lists of a point are for some reasons only.
    for (serial, name, reasons) in [(40, "all", ""), (41, "some", ";reasons=CACompromise")] {
        let point = format!("crlDistributionPoints=p;[p];fullname=URI:http://x/y.crl{reasons}");
        office.issue(name, serial, "ca", &point);
        let status = office.status(name, now, &of("-crlexts point"));
        assert_eq!(is_good(&status), reasons.is_empty(), "{status:?}");
        // Those of no point are for all.
        assert!(is_good(&office.status(name, now, &of(""))));
    }

    // A list made when the certificate had expired speaks of it only where it says so.
    let late = "-crl_lastupdate 20350101000000Z -crl_nextupdate 20350201000000Z";
    let late = |more: &str| {
        let list = office.list(&format!("{late} {more}"));
        Revocations::from_crls([list]).unwrap()
    };
    assert_eq!(
        why(office.status("good", now, &late(""))),
        UnknownRevocation::TooLate
    );
    assert!(is_good(&office.status("good", now, &late("-crlexts kept"))));
}

#[test]
fn a_list_can_always_accuse_and_only_one_of_a_known_kind_in_its_scope_acquits() {
    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    let office = Office::new();
    let now = soon();
    let acquitted = office.answer("good", "ca", "-ndays 7");
    let beside = |list: &[u8]| {
        let mut all = answers([acquitted.clone()]);
        all.add_crl(list).unwrap();
        all
    };
    let kinds = [
        "-crlexts indirect",
        "-crlexts point",
        "-crlexts authorities",
        "-crlexts unknown",
        "-name first",
    ];
    let lists = || kinds.map(|kind| office.list(&format!("-crldays 7 {kind}")));
    // Reasons make openssl's lists ones of version 2.
    office.index(&["V\t351231235959Z\t\t10\tunknown\t/CN=good"]);
    for (list, kind) in lists().into_iter().zip(kinds) {
        let status = office.status("good", now, &Revocations::from_crls([&list]).unwrap());
        assert!(!is_good(&status), "{kind}: {status:?}");
        assert!(is_good(&office.status("good", now, &beside(&list))));
    }
    let is_revoked = |list: &[u8]| {
        matches!(
            office.path_of("good", now, &beside(list)),
            Err(PathError::Revoked { .. })
        )
    };
    office.index(&["R\t351231235959Z\t260101000000Z\t10\tunknown\t/CN=good"]);
    for (list, kind) in lists().iter().zip(kinds) {
        assert!(is_revoked(list), "{kind}");
    }
    // That it was revoked later would speak for it.
    let hour = SignedDuration::from_hours(1);
    let later = utc_time(now + hour);
    let later = String::from_utf8_lossy(&later[2..]).into_owned();
    office.index(&[&format!("R\t351231235959Z\t{later}\t10\tunknown\t/CN=good")]);
    for (list, kind) in lists().iter().zip(kinds) {
        let status = office.status("good", now, &Revocations::from_crls([list]).unwrap());
        assert!(
            matches!(
                status,
                RevocationStatus::Unknown(UnknownRevocation::Unsupported(_))
            ),
            "{kind}: {status:?}"
        );
    }

    // Lines that cannot be read whole, and those of other issuers.
    let line = |serial: u8, date: &str, extension: &[u8]| {
        let extensions = element(0x30, &[extension]);
        let date = element(0x17, &[date.as_bytes()]);
        let extensions = if extension.is_empty() {
            &[][..]
        } else {
            &extensions
        };
        element(0x30, &[&[2, 1, serial], &date, extensions])
    };
    let extension = |kind: &[u8], value: &[u8]| {
        let critical = &[1, 1, 0xff];
        element(
            0x30,
            &[&element(0x06, &[kind]), critical, &element(0x04, &[value])],
        )
    };
    let date = "260101000000Z";
    let own = line(16, date, &[]);
    let of_another = line(9, date, &extension(&[0x55, 0x1d, 29], b"\x30\x00"));
    for lines in [
        own.clone(),
        line(16, "600101000000Z", &[]),
        line(16, "2601010000Z", &[]),
        line(16, date, &extension(&[0x55, 0x1d, 21], b"\x0a\x01\x07")),
        line(16, date, &extension(&[0x2a, 3, 4], b"\x05\x00")),
        [own.clone(), of_another.clone()].concat(),
        [line(9, "2601010000Z", &[]), own.clone()].concat(),
    ] {
        assert!(is_revoked(&office.list_of(&lines)), "{lines:x?}");
    }
    let not_his = office.list_of(&[of_another, own].concat());
    assert!(!is_revoked(&not_his));
    let status = office.status("new", now, &Revocations::from_crls([not_his]).unwrap());
    assert!(matches!(why(status), UnknownRevocation::Unsupported(_)));
}

#[test]
fn a_responder_that_nobody_need_check_is_not_believed_once_it_is_known_to_be_revoked() {
    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    let office = Office::new();
    let now = soon();
    office.issue(
        "delegate",
        32,
        "ca",
        "keyUsage=digitalSignature;extendedKeyUsage=OCSPSigning;noCheck=ignored",
    );
    let answer = office.answer("good", "delegate", "-ndays 7");
    let beside = |reason: &str, date: &str, list: &str| {
        office.index(&[&format!(
            "R\t351231235959Z\t{date},{reason}\t20\tunknown\t/CN=delegate"
        )]);
        let mut all = answers([answer.clone()]);
        all.add_crl(&office.list(list)).unwrap();
        office.status("good", now, &all)
    };
    // Lists that say nothing about the signer: one that is not new any more, and one of a kind that only accuses.
    let old = "-crl_lastupdate 20260102000000Z -crl_nextupdate 20260109000000Z";
    for list in [old, "-crldays 7 -crlexts indirect"] {
        for date in ["260101000000Z", "491231000000Z"] {
            let status = beside("keyCompromise", date, list);
            assert!(!is_good(&status), "{list} {date}: {status:?}");
        }
        let status = beside("superseded", "491231000000Z", list);
        assert!(is_good(&status), "{status:?}");
    }
}

#[test]
fn a_list_may_be_signed_with_another_key_of_the_same_name() {
    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    let office = Office::new();
    let now = soon();
    // The authority's key for lists, which it certified itself, and one of the same name that nobody did.
    let signer = |file: &str, ca: &str, usage: &str| {
        fs::write(office.path("ext"), format!("keyUsage=critical,{usage}")).unwrap();
        office.shell(&format!(
            "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {file}.key; \
             openssl req -new -key {file}.key -subj /CN=ca -out csr; \
             openssl x509 -req -in csr -CA {ca}.pem -CAkey {ca}.key -set_serial 99 -days 800 -extfile ext -out {file}.pem; \
             openssl ca -config conf -gencrl -keyfile {file}.key -cert {file}.pem -crldays 7 -out list.pem; \
             openssl crl -in list.pem -outform DER -out list.der"
        ));
        let mut revocations = Revocations::from_crls([fs::read(office.path("list.der")).unwrap()]).unwrap();
        revocations
            .add_crl(&office.list("-crldays 7 -crlexts authorities"))
            .unwrap();
        // What says that the signer of the lists is good itself: users, for it is none of an authority.
        let own = office.answer(file, "ca", "-ndays 7");
        revocations.add_ocsp(&own).unwrap();
        (office.der(file), revocations)
    };
    office.index(&[
        "V\t351231235959Z\t\t10\tunknown\t/CN=good",
        "V\t351231235959Z\t\t63\tunknown\t/CN=ca",
    ]);
    let anchor = office.der("ca");
    let judge = |(offered, revocations): (Vec<u8>, Revocations)| {
        let context = PathContext {
            anchors: &Certificates::of([&anchor]),
            revocations: &revocations,
            at: now,
            usage: Usage::Document,
            policy: AlgorithmPolicy::built_in(),
            policies: &[],
            policy_at: now,
            now,
            existence: Existence::UNPROVEN,
            work: &Work::default(),
        };
        let path = validate(&office.der("good"), &[&Certificates::of([offered])], &context).unwrap();
        path.certificates()[0].revocation.clone()
    };
    let status = judge(signer("lists", "ca", "cRLSign"));
    assert!(is_good(&status), "{status:?}");
    let wrong = judge(signer("other", "ca", "digitalSignature"));
    assert_eq!(why(wrong), UnknownRevocation::Untrusted);
    let stranger = Office::new();
    for ending in ["pem", "key"] {
        fs::copy(
            stranger.path(&format!("ca.{ending}")),
            office.path(&format!("stranger.{ending}")),
        )
        .unwrap();
    }
    let forged = judge(signer("forged", "stranger", "cRLSign"));
    assert_eq!(why(forged), UnknownRevocation::Untrusted);
}

#[test]
fn a_list_may_be_signed_with_the_key_above_of_the_same_name() {
    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    // An authority that got a new key certified by a root, and certified its old one with it: "old with new".
    let office = Office::new();
    let now = soon();
    let authority = "basicConstraints=critical,CA:TRUE;keyUsage=critical,keyCertSign";
    let certify = |file: &str, key: &str, subject: &str, by: &str, extensions: &str| {
        fs::write(office.path("ext"), extensions.replace(';', "\n")).unwrap();
        office.shell(&format!(
            "openssl req -new -key {key}.key -subj /CN={subject} -out csr; \
             openssl x509 -req -in csr -CA {by}.pem -CAkey {by}.key -set_serial 99 -days 800 -extfile ext -out {file}.pem"
        ));
    };
    office.shell(
        "for name in top old lists; do \
             openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $name.key; done; \
         openssl req -x509 -new -key top.key -subj /CN=top -days 5000 -out top.pem \
             -addext basicConstraints=critical,CA:TRUE",
    );
    certify("below", "ca", "ca", "top", &format!("{authority},cRLSign"));
    certify("silent", "ca", "ca", "top", authority);
    certify("old", "old", "ca", "ca", authority);
    certify("lists", "lists", "ca", "ca", "keyUsage=critical,cRLSign");
    office.issue("user", 40, "old", "keyUsage=digitalSignature");

    let list = |key: &str, certificate: &str, options: &str| {
        office.shell(&format!(
            "openssl ca -config conf -gencrl -keyfile {key}.key -cert {certificate}.pem -crldays 7 {options} -out list.pem; \
             openssl crl -in list.pem -outform DER -out list.der"
        ));
        fs::read(office.path("list.der")).unwrap()
    };
    let judge = |about: &str, anchor: &str, offered: &[&str], revocations: &Revocations| {
        let context = PathContext {
            anchors: &Certificates::of([office.der(anchor)]),
            revocations,
            at: now,
            usage: Usage::Document,
            policy: AlgorithmPolicy::built_in(),
            policies: &[],
            policy_at: now,
            now,
            existence: Existence::UNPROVEN,
            work: &Work::default(),
        };
        let offered = Certificates::of(offered.iter().map(|one| office.der(one)));
        let path = validate(&office.der(about), &[&offered], &context);
        path.map(|path| path.certificates()[0].revocation.clone())
    };
    let by_new = list("ca", "ca", "");
    let known = Revocations::from_crls([by_new, list("top", "top", "")]).unwrap();
    for (anchor, offered) in [("ca", &["old"][..]), ("top", &["below", "old"])] {
        let status = judge("user", anchor, offered, &known).unwrap();
        assert!(is_good(&status), "{anchor}: {status:?}");
    }
    let status = judge("user", "top", &["silent", "old"], &known).unwrap();
    assert_eq!(why(status), UnknownRevocation::Untrusted, "it may not sign lists");

    // One for lists alone, certified with the key above.
    let mut known = Revocations::from_crls([
        list("lists", "lists", ""),
        list("ca", "ca", "-crlexts authorities"),
        list("top", "top", ""),
    ])
    .unwrap();
    office.index(&["V\t351231235959Z\t\t63\tunknown\t/CN=ca"]);
    known.add_ocsp(&office.answer("lists", "ca", "-ndays 7")).unwrap();
    let status = judge("user", "top", &["below", "old", "lists"], &known).unwrap();
    assert!(is_good(&status), "{status:?}");

    // What it revokes is revoked.
    office.index(&["R\t351231235959Z\t260101000000Z,keyCompromise\t28\tunknown\t/CN=user"]);
    let revoked = Revocations::from_crls([list("ca", "ca", "")]).unwrap();
    assert!(matches!(
        judge("user", "ca", &["old"], &revoked),
        Err(PathError::Revoked { signer: true, .. })
    ));

    // The key above says nothing under another name than its own.
    certify("sub", "old", "sub", "ca", &format!("{authority},cRLSign"));
    office.shell("cp old.key sub.key; openssl req -x509 -new -key ca.key -subj /CN=sub -out other.pem");
    office.issue("customer", 41, "sub", "keyUsage=digitalSignature");
    let forged = Revocations::from_crls([list("ca", "other", ""), list("ca", "ca", "")]).unwrap();
    let status = judge("customer", "ca", &["sub"], &forged).unwrap();
    assert_eq!(why(status), UnknownRevocation::Untrusted);
}

#[test]
fn names_are_compared_and_not_their_bytes() {
    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    let office = Office::new();
    let now = soon();
    // The same name by RFC 5280 §7.1, on lists, in answers, and on a responder's certificate.
    office.shell(
        "cp ca.key other.key; openssl req -x509 -new -key ca.key -subj '/CN= CA ' -days 5000 -out other.pem \
             -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign",
    );
    office.issue(
        "delegate",
        32,
        "other",
        "keyUsage=digitalSignature;extendedKeyUsage=OCSPSigning;noCheck=ignored",
    );
    office.shell(
        "openssl ca -config conf -gencrl -keyfile ca.key -cert other.pem -crldays 7 -out list.pem; \
         openssl crl -in list.pem -outform DER -out list.der",
    );
    let list = Revocations::from_crls([fs::read(office.path("list.der")).unwrap()]).unwrap();
    assert!(is_good(&office.status("good", now, &list)));
    assert!(matches!(
        office.path_of("bad", now, &list),
        Err(PathError::Revoked { .. })
    ));
    for by in ["other", "delegate"] {
        let answer = answers([office.answer("good", by, "-ndays 7")]);
        assert!(is_good(&office.status("good", now, &answer)), "{by}");
    }
}

#[test]
fn a_request_is_the_one_that_openssl_makes() {
    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    let office = Office::new();
    office.answer("good", "ca", "");
    let theirs = fs::read(office.path("asked.der")).unwrap();
    let ours = ocsp::request(&office.der("good"), &office.der("ca")).unwrap();
    assert_eq!(ours, theirs);
}

#[test]
fn the_worst_of_several_answers_in_one_counts() {
    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    let office = Office::new();
    let answer = office.answer("bad", "ca", "-ndays 7");
    for before in [true, false] {
        let both = office.redrafted(&answer, "ca", |draft| draft.also_good(before));
        assert!(matches!(
            office.path_of("bad", soon(), &answers([both])),
            Err(PathError::Revoked { .. })
        ));
    }
}

#[test]
fn an_archive_cutoff_that_cannot_be_read_costs_nothing_but_itself() {
    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    let office = Office::new();
    let answer = office.answer("good", "ca", "-ndays 7");
    let with =
        |value: &[u8], critical| office.redrafted(&answer, "ca", |draft| draft.cut_off(value, critical));
    let readable = b"\x18\x0f20200101000000Z";
    for value in [&b"\x17\x0d200101000000Z"[..], b"2020", readable] {
        let revocations = answers([with(value, false)]);
        assert!(is_good(&office.status("good", soon(), &revocations)), "{value:?}");
    }
    for (value, is_read) in [(&b"2020"[..], false), (readable, true)] {
        let added = Revocations::default().add_ocsp(&with(value, true));
        assert_eq!(
            added.is_ok(),
            is_read,
            "what is critical has to be read: {value:?}"
        );
    }
}

#[test]
fn a_list_says_what_it_says_though_what_it_keeps_cannot_be_read() {
    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    let office = Office::new();
    let mut revocations = Revocations::default();
    revocations
        .add_crl(&office.list("-crldays 7 -crlexts unread"))
        .unwrap();
    assert!(is_good(&office.status("good", soon(), &revocations)));
    let critical = office.list("-crldays 7 -crlexts needed");
    assert!(Revocations::default().add_crl(&critical).is_err());
}

#[test]
fn kinds_that_nobody_has_to_know_may_have_numbers_of_any_size() {
    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    let office = Office::new();
    let now = soon();
    let kind = "2.25.329800735698586629295641978511506172918";
    let odd = format!("{kind}=ASN1:UTF8String:x");
    fs::write(
        office.path("ext"),
        format!("subjectAltName=@n\n{odd}\n[n]\nRID={kind}\notherName={kind};UTF8:x\n"),
    )
    .unwrap();
    office.shell(&format!(
        "openssl req -new -key good.key -subj '/CN=odd/{kind}=x' -out csr; \
         openssl x509 -req -in csr -CA ca.pem -CAkey ca.key -set_serial 16 -days 800 -extfile ext -out odd.pem; \
         printf '[odd]\n{odd}\n' >> conf"
    ));
    office.issue("critical", 20, "ca", &odd.replace('=', "=critical,"));

    let list = office.list("-crldays 7 -crlexts odd");
    let list = Revocations::from_crls([list]).unwrap();
    assert!(is_good(&office.status("odd", now, &list)));
    assert!(matches!(
        office.path_of("critical", now, &list),
        Err(PathError::UnknownExtension { .. })
    ));
    assert!(matches!(
        office.path_of("bad", now, &list),
        Err(PathError::Revoked { .. })
    ));

    let answer = office.answer("good", "ca", "-ndays 7");
    let answer = office.redrafted(&answer, "ca", ocsp::tests::Draft::extended);
    assert!(is_good(&office.status("odd", now, &answers([answer]))));
}

#[test]
fn serial_numbers_that_end_alike_are_told_apart() {
    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    let office = Office::new();
    let line = |serial: &str| format!("R\t351231235959Z\t260101000000Z\t{serial}\tunknown\t/CN=x");
    let others = [1_u32, 2, 0x7f, 0x80].map(|one| line(&format!("{one:02X}00000010")));
    let mut lines: Vec<&str> = others.iter().map(String::as_str).collect();
    let list = |lines: &[&str]| {
        office.index(lines);
        Revocations::from_crls([office.list("-crldays 7")]).unwrap()
    };
    assert!(is_good(&office.status("good", soon(), &list(&lines))));
    let own = line("10");
    lines.push(&own);
    let judged = office.path_of("good", soon(), &list(&lines));
    assert!(matches!(judged, Err(PathError::Revoked { .. })));
}

#[test]
fn a_responder_is_believed_while_its_certificate_is() {
    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    let office = Office::new();
    let now = soon();
    let responder = "keyUsage=digitalSignature;extendedKeyUsage=OCSPSigning";

    // Nobody looks after the key when the certificate has ended: what it signs to last for years does not.
    office.issue("short", 32, "ca", &format!("{responder};noCheck=ignored"));
    office.shell(
        "openssl x509 -req -in csr -CA ca.pem -CAkey ca.key -set_serial 32 -days 1 -extfile ext -out short.pem",
    );
    let long = office.answer("good", "short", "-ndays 500");
    let answered = answers([long.clone()]);
    assert!(is_good(&office.status("good", now, &answered)));
    let later = now + SignedDuration::from_hours(24 * 30);
    assert!(matches!(
        why(office.status("good", later, &answered)),
        UnknownRevocation::Stale { .. }
    ));
    // Nor does it help to sign what is said later under the old date.
    office.shell(
        "openssl x509 -req -in csr -CA ca.pem -CAkey ca.key -set_serial 32 -extfile ext -out short.pem \
             -not_before 20260101000000Z -not_after 20260201000000Z 2>/dev/null || touch old-openssl",
    );
    if !office.path("old-openssl").exists() {
        let answer = office.answer("good", "short", "-ndays 500");
        let dated = office.redrafted(&answer, "short", |draft| {
            draft.signed_at("2026-01-15T00:00:00Z".parse().unwrap());
        });
        assert_eq!(
            why(office.status("good", now, &answers([dated]))),
            UnknownRevocation::Untrusted
        );
    }

    // What nobody understands on its certificate.
    let odd = format!("{responder};noCheck=ignored;1.2.3.4=critical,DER:0500");
    office.issue("odd", 34, "ca", &odd);
    let by_odd = answers([office.answer("good", "odd", "-ndays 7")]);
    assert_eq!(
        why(office.status("good", now, &by_odd)),
        UnknownRevocation::Untrusted
    );

    // Revoked when it had answered: whoever has its key can date answers back.
    office.issue("checked", 33, "ca", responder);
    let answer = office.answer("good", "checked", "-ndays 7");
    for (reason, is_believed) in [("keyCompromise", false), ("superseded", true)] {
        let hours = |hours: i64| {
            (now + SignedDuration::from_hours(hours))
                .strftime("%y%m%d%H%M%SZ")
                .to_string()
        };
        office.index(&[&format!(
            "R\t351231235959Z\t{},{reason}\t21\tunknown\t/CN=checked",
            hours(1)
        )]);
        let list = office.list(&format!(
            "-crl_lastupdate 20{} -crl_nextupdate 20{} -crlexts kept",
            hours(2),
            hours(200)
        ));
        let mut all = answers([answer.clone()]);
        all.add_crl(&list).unwrap();
        // The list speaks of the signer too, which is not asked here.
        let asked = office.der("good");
        let asked_of = x509::parse(&asked).unwrap();
        let (raw, anchor) = (x509::raw(&asked).unwrap(), office.der("ca"));
        let of_anchor = x509::raw(&anchor).unwrap();
        let context = PathContext {
            anchors: &Certificates::of([&anchor]),
            revocations: &all,
            at: now,
            usage: Usage::Document,
            policy: AlgorithmPolicy::built_in(),
            policies: &[],
            policy_at: now,
            // When the list is there.
            now: now + SignedDuration::from_hours(3),
            existence: Existence::UNPROVEN,
            work: &Work::default(),
        };
        let asked = Asked {
            certificate: &asked_of,
            raw,
            existed: now,
            issuer: Issuer {
                name: name_id(&x509::name(of_anchor.subject).unwrap()),
                public_key_info: of_anchor.public_key_info,
                may_sign_lists: true,
                until: Timestamp::MAX,
                left: None,
                above: None,
                at_hand: &[],
            },
        };
        let said = all.responses().next().unwrap().says(&asked, &context);
        assert_eq!(
            said.first().unwrap().status.is_ok(),
            is_believed,
            "{reason}: {said:?}"
        );
    }
}

#[test]
fn answers_count_while_whom_they_come_from_is_in_office() {
    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    let office = Office::new();
    let hour = SignedDuration::from_hours(1);
    let (at, now) = (soon(), soon() + hour);
    office.issue(
        "delegate",
        32,
        "ca",
        "keyUsage=digitalSignature;extendedKeyUsage=OCSPSigning;noCheck=ignored",
    );
    let (der, anchor) = (office.der("good"), office.der("ca"));
    let (certificate, raw) = (x509::parse(&der).unwrap(), x509::raw(&der).unwrap());
    let of_anchor = x509::raw(&anchor).unwrap();
    for by in ["ca", "delegate"] {
        let answer = office.answer("good", by, "-ndays 7");
        let status = |left: Option<Timestamp>, existence: &Existence| {
            let context = PathContext {
                anchors: &Certificates::of([&anchor]),
                revocations: &answers([answer.clone()]),
                at,
                usage: Usage::Document,
                policy: AlgorithmPolicy::built_in(),
                policies: &[],
                policy_at: at,
                now,
                existence,
                work: &Work::default(),
            };
            let asked = Asked {
                certificate: &certificate,
                raw,
                existed: existence.of(&sha256(&der), now),
                issuer: Issuer {
                    name: name_id(&x509::name(of_anchor.subject).unwrap()),
                    public_key_info: of_anchor.public_key_info,
                    may_sign_lists: true,
                    until: Timestamp::MAX,
                    left,
                    above: None,
                    at_hand: &[],
                },
            };
            judge(&context, &asked).unwrap().0
        };
        let mut proven = Existence::default();
        let gone = |left| RevocationStatus::Unknown(UnknownRevocation::IssuerGone { left });
        assert!(is_good(&status(None, &proven)));
        assert_eq!(status(Some(at), &proven), gone(at));
        // The answer is proven, and what it speaks of is not; then both; then it says that it is younger.
        proven.prove(sha256(&answer), at);
        assert_eq!(status(Some(at), &proven), gone(at));
        proven.prove(sha256(&der), at);
        assert!(is_good(&status(Some(at), &proven)), "{by}");
        let before = at - hour;
        proven.prove(sha256(&answer), before);
        proven.prove(sha256(&der), before);
        assert_eq!(status(Some(before), &proven), gone(before));
    }
}

#[test]
fn what_its_issuer_revoked_no_other_way_to_it_gives_back() {
    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    let office = Office::new();
    // The same authority once more, as one that may not sign lists.
    office.shell(
        "openssl req -x509 -new -key ca.key -subj /CN=ca -days 900 -out other.pem \
             -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign",
    );
    let (other, ca, bad) = (office.der("other"), office.der("ca"), office.der("bad"));
    let revocations = Revocations::from_crls([office.list("-crldays 7")]).unwrap();
    for anchors in [[&other[..], &ca], [&ca, &other]] {
        let context = PathContext {
            anchors: &Certificates::of(anchors),
            revocations: &revocations,
            at: soon(),
            usage: Usage::Document,
            policy: AlgorithmPolicy::built_in(),
            policies: &[],
            policy_at: soon(),
            now: soon(),
            existence: Existence::UNPROVEN,
            work: &Work::default(),
        };
        assert!(matches!(
            validate(&bad, &[], &context),
            Err(PathError::Revoked { .. })
        ));
    }
}

#[test]
fn what_documents_keep_is_the_whole_response() {
    if !crate::judges::judge_is_here("openssl") {
        return;
    }
    let whole = Office::new().answer("good", "ca", "-ndays 7");
    for der in [whole.clone(), ocsp::tests::basic(&whole)] {
        assert_eq!(OcspResponse::parse(&der).unwrap().envelope(), whole);
    }
}
