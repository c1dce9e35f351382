#![allow(clippy::unwrap_used)]

use std::{
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use der::{SliceReader, Tag};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

use super::{
    super::cms::{
        CONTEXT_4, CmsSigner, SEQUENCE,
        signed::{elements, inside},
        tlv,
    },
    *,
};
use crate::{
    clock::Clock,
    crypto::{
        AlgorithmPolicy, KeyFolder, Passphrase, PrivateKey,
        authority::{
            Role,
            tests::{TestAuthority, period},
        },
        identity::write_chain,
        policy::BUILT_IN,
        x509,
    },
    judges::judge_is_here,
    trust::{
        existence::Existence,
        path::{Certificates, PathError},
        revocation::Revocations,
        timestamp::{TimestampRefused, TimestampTrust, prove},
        work::Work,
    },
};

/// A clock that a test sets.
#[derive(Debug)]
struct SetClock(Mutex<Timestamp>);

impl SetClock {
    fn by(&self, seconds: i64) {
        *self.0.lock().unwrap() += SignedDuration::from_secs(seconds);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

struct Office {
    _folder: TempDir,
    authority: TimeStampAuthority,
    clock: Arc<SetClock>,
    root: Vec<u8>,
}

/// An authority whose key has a certificate for this role.
fn office(role: Role) -> Office {
    let folder = TempDir::new().unwrap();
    let passphrase = Passphrase::new("timestamp tests".to_owned()).unwrap();
    let above = TestAuthority::new();
    let key = PrivateKey::generate().unwrap();
    key.write_new(&folder.path().join("tsa.key"), &passphrase)
        .unwrap();
    let identity = above.identity_of(
        Arc::new(key.signer().unwrap()),
        role,
        period("2025-01-01", "2027-01-01"),
    );
    let chain = [&identity.certificate[..]]
        .into_iter()
        .chain(identity.issuers.iter().map(Vec::as_slice));
    write_chain(&folder.path().join("tsa.pem"), chain).unwrap();
    let clock = Arc::new(SetClock(Mutex::new("2026-06-01T08:00:00.25Z".parse().unwrap())));
    let next = AtomicU64::new(1);
    Office {
        authority: TimeStampAuthority::new(
            Arc::new(KeyFolder::unlocked(folder.path(), passphrase)),
            "tsa",
            TimeStampPolicy {
                policy: "2.999.1".parse().unwrap(),
                accuracy: Duration::from_secs(1),
            },
            Arc::clone(&clock) as Arc<dyn Clock>,
            Box::new(move |_| {
                let first = next.fetch_add(2, Ordering::Relaxed);
                Ok(first..first + 2)
            }),
        ),
        _folder: folder,
        clock,
        root: above.root.certificate().to_vec(),
    }
}

/// A token over these bytes.
pub(in crate::sign) fn token_over(bytes: &[u8]) -> Vec<u8> {
    let office = office(Role::TimeStamper);
    let request = Request::new(Imprint::sha256(&crate::crypto::sha256(bytes))).unwrap();
    let answer = office.authority.answer(&request.to_der());
    request.accept(&answer).unwrap().der().to_vec()
}

fn request(byte: u8) -> Request {
    Request::new(Imprint::sha256(&[byte; 32])).unwrap()
}

fn failure(answer: &[u8]) -> Vec<Failure> {
    match Response::parse(answer).unwrap().granted() {
        Err(TimestampError::Rejected { failures, .. }) => failures,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_our_authority_says_is_believed_where_its_root_is() {
    let office = office(Role::TimeStamper);
    let request = request(1);
    let token = request
        .accept(&office.authority.answer(&request.to_der()))
        .unwrap();
    let info = token.info();
    assert_eq!(info.gen_time, "2026-06-01T08:00:00.25Z".parse().unwrap());
    assert_eq!(info.accuracy, Some(Duration::from_secs(1)));
    assert_eq!(
        (info.policy.to_string(), info.ordering),
        ("2.999.1".to_owned(), false)
    );
    assert_eq!(TimeStampToken::parse(token.der()).unwrap().info(), info);

    let anchors: [&[u8]; 1] = [&office.root];
    let trust = TimestampTrust {
        anchors: &Certificates::of(anchors),
        intermediates: &[],
        revocations: &Revocations::default(),
        policy: AlgorithmPolicy::built_in(),
        at: "2026-06-01T09:00:00Z".parse().unwrap(),
        policy_at: "2026-06-01T08:00:00Z".parse().unwrap(),
        now: "2026-06-01T09:00:00Z".parse().unwrap(),
        existence: Existence::UNPROVEN,
        work: &Work::default(),
    };
    let proven = prove(&token, &[1; 32], &trust).unwrap();
    assert_eq!(proven.stated(), info.gen_time);
    assert_eq!(proven.at(), info.gen_time + SignedDuration::from_secs(1));
    // No clock, and no accuracy, proves a time later than the token is known to have existed.
    let known = TimestampTrust {
        at: info.gen_time,
        now: info.gen_time,
        ..trust
    };
    assert_eq!(prove(&token, &[1; 32], &known).unwrap().at(), info.gen_time);
    assert!(matches!(
        prove(&token, &[2; 32], &trust),
        Err(TimestampRefused::Token(TokenError::OtherImprint))
    ));
    // What it says itself does not prove that it is older than the end of its algorithm.
    let dated = "name = \"SHA-256\"\nuntil = \"2026-06-02\"";
    let policy = AlgorithmPolicy::parse(&BUILT_IN.replacen("name = \"SHA-256\"", dated, 1)).unwrap();
    let trust = TimestampTrust {
        policy: &policy,
        ..trust
    };
    prove(&token, &[1; 32], &trust).unwrap();
    let later = TimestampTrust {
        at: "2026-06-02T00:00:00Z".parse().unwrap(),
        ..trust
    };
    let refused = prove(&token, &[1; 32], &later).unwrap_err();
    assert!(matches!(&refused, TimestampRefused::Weak(part) if part == "SHA-256"));
    let other = TestAuthority::new();
    let anchors: [&[u8]; 1] = [other.root.certificate()];
    let nobody = TimestampTrust {
        anchors: &Certificates::of(anchors),
        ..trust
    };
    assert!(matches!(
        prove(&token, &[1; 32], &nobody),
        Err(TimestampRefused::Path(
            PathError::UnknownIssuer | PathError::BadSignature
        ))
    ));
}

#[test]
fn only_a_timestamp_certificate_tells_the_time() {
    for role in [Role::DocumentSigner, Role::TokenSigner] {
        let office = office(role);
        let request = request(1);
        let token = request
            .accept(&office.authority.answer(&request.to_der()))
            .unwrap();
        let anchors: [&[u8]; 1] = [&office.root];
        let trust = TimestampTrust {
            anchors: &Certificates::of(anchors),
            intermediates: &[],
            revocations: &Revocations::default(),
            policy: AlgorithmPolicy::built_in(),
            at: "2026-06-01T08:00:00Z".parse().unwrap(),
            policy_at: "2026-06-01T08:00:00Z".parse().unwrap(),
            now: "2026-06-01T08:00:00Z".parse().unwrap(),
            existence: Existence::UNPROVEN,
            work: &Work::default(),
        };
        assert!(matches!(
            prove(&token, &[1; 32], &trust),
            Err(TimestampRefused::Path(PathError::WrongUsage { .. }))
        ));
    }
}

#[test]
fn an_answer_to_another_request_is_refused() {
    let office = office(Role::TimeStamper);
    let (one, other) = (request(1), request(2));
    let answer = office.authority.answer(&one.to_der());
    assert!(matches!(
        other.accept(&answer),
        Err(TimestampError::Token(TokenError::OtherImprint))
    ));
    let again = request(1);
    assert!(matches!(again.accept(&answer), Err(TimestampError::OtherNonce)));
    let elsewhere = Request {
        policy: Some("2.999.2".parse().unwrap()),
        ..one.clone()
    };
    assert!(matches!(
        elsewhere.accept(&answer),
        Err(TimestampError::OtherPolicy)
    ));
    one.accept(&answer).unwrap();

    // Whatever byte of the answer is changed, it is refused or means the same.
    for at in 0..answer.len() {
        let mut bent = answer.clone();
        bent[at] ^= 1;
        if let Ok(token) = one.accept(&bent) {
            assert_eq!(token.info(), one.accept(&answer).unwrap().info(), "byte {at}");
        }
    }
    for end in 0..answer.len() {
        one.accept(&answer[..end]).unwrap_err();
    }
}

#[test]
fn certificates_are_left_out_where_they_are_not_wanted() {
    let office = office(Role::TimeStamper);
    let wanted = request(1);
    let short = Request {
        with_certificates: false,
        ..wanted.clone()
    };
    let token = |request: &Request| {
        let answer = office.authority.answer(&request.to_der());
        TimeStampToken::parse(Response::parse(&answer).unwrap().granted().unwrap()).unwrap()
    };
    assert_eq!(token(&wanted).certificates().len(), 2);
    assert_eq!(token(&short).certificates().len(), 0);
}

#[test]
fn serial_numbers_differ_across_batches() {
    let office = office(Role::TimeStamper);
    let mut serials: Vec<String> = (0..7)
        .map(|byte| {
            let request = request(byte);
            let token = request
                .accept(&office.authority.answer(&request.to_der()))
                .unwrap();
            token.info().serial()
        })
        .collect();
    serials.sort();
    serials.dedup();
    assert_eq!(serials.len(), 7);
}

#[test]
fn requests_we_do_not_serve_get_the_reason() {
    let office = office(Role::TimeStamper);
    let good = request(1);
    let answer = |der: &[u8]| failure(&office.authority.answer(der));
    assert_eq!(answer(b""), [Failure::BadDataFormat]);
    assert_eq!(answer(&[0x30; 5000]), [Failure::BadDataFormat]);
    let policy = good.clone().under("2.999.2".parse().unwrap());
    assert_eq!(answer(&policy.to_der()), [Failure::UnacceptedPolicy]);
    let mut version = good.to_der();
    version[4] = 2;
    assert_eq!(answer(&version), [Failure::BadRequest]);
    let mut extended = good.to_der();
    extended.extend_from_slice(&[0xa0, 0]);
    extended[1] += 2;
    assert_eq!(answer(&extended), [Failure::UnacceptedExtension]);
    // SHA-1 (1.3.14.3.2.26) over twenty bytes.
    let weak = [
        b"\x30\x26\x02\x01\x01\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14".as_slice(),
        &[7; 20],
    ]
    .concat();
    assert_eq!(answer(&weak), [Failure::BadAlg]);
}

#[test]
fn a_clock_that_went_back_gives_no_time() {
    let office = office(Role::TimeStamper);
    let good = request(1).to_der();
    let time = |answer: &[u8]| {
        let token = Response::parse(answer).unwrap();
        TimeStampToken::parse(token.granted().unwrap())
            .unwrap()
            .info()
            .gen_time
    };
    let first = time(&office.authority.answer(&good));
    office.clock.by(-1);
    assert_eq!(
        time(&office.authority.answer(&good)),
        first,
        "within what is promised"
    );
    office.clock.by(-1);
    assert_eq!(
        failure(&office.authority.answer(&good)),
        [Failure::TimeNotAvailable]
    );
    office.clock.by(60);
    assert!(time(&office.authority.answer(&good)) > first);
    office.clock.by(400 * 24 * 3600);
    assert_eq!(
        failure(&office.authority.answer(&good)),
        [Failure::SystemFailure],
        "expired"
    );
}

#[test]
fn extensions_that_must_not_be_ignored_are_not() {
    let info = TstInfo {
        policy: "2.999.1".parse().unwrap(),
        imprint: Imprint::sha256(&[7; 32]),
        serial: vec![1],
        gen_time: "2026-06-01T08:00:00Z".parse().unwrap(),
        accuracy: None,
        ordering: false,
        nonce: None,
        name: None,
    };
    let with = |extension: &[u8]| {
        let mut der = info.to_der();
        der[1] += extension.len() as u8;
        der.extend_from_slice(extension);
        TstInfo::parse(&der)
    };
    assert_eq!(
        with(b"\xa1\x09\x30\x07\x06\x03\x88\x37\x05\x04\x00").unwrap(),
        info
    );
    assert!(matches!(
        with(b"\xa1\x0c\x30\x0a\x06\x03\x88\x37\x05\x01\x01\xff\x04\x00"),
        Err(TokenError::Extension(_))
    ));
    assert_eq!(with(b"\x01\x01\x00").unwrap(), info, "a default written out");
    assert!(with(b"\x01\x01\x01").is_err(), "neither true nor false");
    assert!(with(b"\x02\x02\x00\x01").is_err(), "a nonce in a longer form");
}

#[test]
fn the_authority_may_be_named_from_either_end() {
    let identity = TestAuthority::new().identity(Role::TimeStamper, period("2025-01-01", "2027-01-01"));
    let signer = CmsSigner::over(&identity, TST_INFO).unwrap();
    let subject = x509::raw(&identity.certificate).unwrap().subject;
    let mut reader = SliceReader::new(subject).unwrap();
    let parts = inside(&mut reader, Tag::Sequence, elements).unwrap();
    let judge = |parts: &[&[u8]]| {
        let info = TstInfo {
            policy: "2.999.1".parse().unwrap(),
            imprint: Imprint::sha256(&[7; 32]),
            serial: vec![1],
            gen_time: "2026-06-01T08:00:00Z".parse().unwrap(),
            accuracy: None,
            ordering: false,
            nonce: None,
            name: Some(tlv(CONTEXT_4, &[&tlv(SEQUENCE, parts)])),
        };
        let token = signer.sign_content(&info.to_der(), true).unwrap();
        TimeStampToken::parse(&token).unwrap().verify(&[7; 32]).map(drop)
    };
    let mut reversed = parts.clone();
    reversed.reverse();
    assert_ne!(reversed, parts);
    judge(&parts).unwrap();
    judge(&reversed).unwrap();
    for other in [&parts[1..], &[&reversed[..], &parts].concat()] {
        assert!(matches!(judge(other), Err(TokenError::OtherName)));
    }
}

#[test]
fn openssl_reads_what_we_ask_and_what_we_answer() {
    if !judge_is_here("openssl") {
        return;
    }
    let office = office(Role::TimeStamper);
    let folder = TempDir::new().unwrap();
    let file = |name: &str| folder.path().join(name);
    let request = request(9);
    std::fs::write(file("q"), request.to_der()).unwrap();
    std::fs::write(file("r"), office.authority.answer(&request.to_der())).unwrap();
    let said = |arguments: &[&str]| {
        let output = Command::new("openssl")
            .current_dir(folder.path())
            .args(arguments)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    };
    let query = said(&["ts", "-query", "-in", "q", "-text"]);
    assert!(
        query.contains("Certificate required: yes") && query.contains("sha256"),
        "{query}"
    );
    let reply = said(&["ts", "-reply", "-in", "r", "-text"]);
    for words in [
        "Status: Granted.",
        "Policy OID: 2.999.1",
        "Accuracy: 0x01 seconds",
        "08:00:00.25",
    ] {
        assert!(reply.contains(words), "no {words} in\n{reply}");
    }
    let refused = office.authority.answer(&[0x30, 0]);
    std::fs::write(file("r"), refused).unwrap();
    let reply = said(&["ts", "-reply", "-in", "r", "-text"]);
    assert!(
        reply.contains("Status: Rejected.") && reply.contains("unrecognized data format")
            || reply.contains("the data submitted has the wrong format"),
        "{reply}"
    );
}
