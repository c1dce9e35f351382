//! What would hold a verifier for minutes, asked for as often as the signatures of one file ask.

#![allow(clippy::unwrap_used)]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use der::Encode as _;
use jiff::Timestamp;

use super::*;
use crate::{
    crypto::{AlgorithmPolicy, Signer, authority::tests::new_key, x509},
    limits::{MAX_NAME_BYTES, MAX_OCSP_CERTIFICATES, MAX_SIGNATURES},
    trust::{
        existence::Existence,
        path::{Certificates, PathContext, PathError, Usage, VerifiedPath, validate},
        revocation::Revocations,
    },
};

const ECDSA: &[u8] = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02";
const AUTHORITY: &[u8] = b"\x55\x1d\x13";
const USAGE: &[u8] = b"\x55\x1d\x0f";
const PURPOSES: &[u8] = b"\x55\x1d\x25";
const ALTERNATIVE_NAMES: &[u8] = b"\x55\x1d\x11";
const CONSTRAINTS: &[u8] = b"\x55\x1d\x1e";
const POLICIES: &[u8] = b"\x55\x1d\x20";
const POINTS: &[u8] = b"\x55\x1d\x1f";
const ISSUING_POINT: &[u8] = b"\x55\x1d\x1c";

fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut der = der::Any::new(der::Tag::Sequence, parts.concat())
        .unwrap()
        .to_der()
        .unwrap();
    der[0] = tag;
    der
}

/// A name of one part, in a kind of string that is the most work to compare.
fn name(length: usize) -> Vec<u8> {
    let text = element(0x14, &[&vec![0xc0; length]]);
    element(
        0x30,
        &[&element(
            0x31,
            &[&element(0x30, &[b"\x06\x03\x55\x04\x03", &text])],
        )],
    )
}

fn extension(kind: &[u8], value: &[u8]) -> Vec<u8> {
    element(
        0x30,
        &[&element(0x06, &[kind]), b"\x01\x01\xff", &element(0x04, &[value])],
    )
}

fn signed(content: &[u8], signer: &dyn Signer) -> Vec<u8> {
    let value = element(0x03, &[&[0], &signer.sign(content).unwrap()]);
    element(0x30, &[content, ECDSA, &value])
}

struct Chain {
    root: Arc<dyn Signer>,
    stranger: Arc<dyn Signer>,
    anchor: Vec<u8>,
}

/// What an authority's certificate says.
fn authority() -> Vec<u8> {
    let constraints = extension(AUTHORITY, b"\x30\x03\x01\x01\xff");
    [constraints, extension(USAGE, b"\x03\x02\x01\x06")].concat()
}

fn certificate(
    subject: &[u8],
    key: &dyn Signer,
    issuer: (&[u8], &dyn Signer),
    serial: u16,
    more: &[u8],
) -> Vec<u8> {
    let period = element(0x30, &[b"\x17\x0d260101000000Z", b"\x17\x0d300101000000Z"]);
    let [high, low] = serial.to_be_bytes();
    let content = [
        b"\xa0\x03\x02\x01\x02",
        &[2, 3, 1, high, low][..],
        ECDSA,
        issuer.0,
        &period,
        subject,
        key.public_key_info(),
        &element(0xa3, &[&element(0x30, &[more])]),
    ];
    signed(&element(0x30, &content), issuer.1)
}

impl Chain {
    fn new() -> Self {
        let (root, stranger) = (new_key(), new_key());
        let anchor = certificate(&name(1), &*root, (&name(1), &*root), 1, &authority());
        Self {
            root,
            stranger,
            anchor,
        }
    }

    fn leaf(&self, more: &[u8]) -> Vec<u8> {
        certificate(&name(2), &*self.stranger, (&name(1), &*self.root), 2, more)
    }

    /// As often as the signatures of a file ask, at three instants each.
    fn answers_soon(
        &self,
        leaf: &[u8],
        offered: &[Vec<u8>],
        revocations: &Revocations,
    ) -> Result<VerifiedPath, PathError> {
        let at: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
        let work = Work::default();
        let (anchors, offered) = (Certificates::of([&self.anchor]), Certificates::of(offered));
        let context = PathContext {
            anchors: &anchors,
            revocations,
            at,
            usage: Usage::Document,
            policy: AlgorithmPolicy::built_in(),
            policies: &[],
            policy_at: at,
            now: at,
            existence: Existence::UNPROVEN,
            work: &work,
        };
        let begun = Instant::now();
        let mut last = Err(PathError::UnknownIssuer);
        for _ in 0..3 * MAX_SIGNATURES {
            last = validate(leaf, &[&offered], &context);
        }
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(10), "{took:?}");
        last
    }

    /// A list under the root's name that somebody else signed.
    fn forged_list(&self, number: u16, extensions: &[u8]) -> Vec<u8> {
        let content = [
            b"\x02\x01\x01",
            ECDSA,
            &name(1)[..],
            b"\x17\x0d260501000000Z",
            b"\x17\x0d270501000000Z",
            &element(0xa0, &[&element(0x30, &[extensions])]),
        ];
        let mut list = signed(&element(0x30, &content), &*self.stranger);
        let end = list.len() - 2;
        list[end..].copy_from_slice(&number.to_be_bytes());
        list
    }
}

#[test]
fn names_are_short_and_those_of_responders_compared_for_what_they_cost() {
    let chain = Chain::new();
    let leaf = chain.leaf(&[]);
    let (raw, issuer) = (
        x509::raw(&leaf).unwrap(),
        x509::public_key_info(&chain.anchor).unwrap(),
    );
    let key = spki::SubjectPublicKeyInfoRef::try_from(issuer).unwrap();
    let sha1 = |bytes: &[u8]| element(0x04, &[&DigestAlgorithm::Sha1.digest(bytes)]);
    let about = element(
        0x30,
        &[
            b"\x30\x07\x06\x05\x2b\x0e\x03\x02\x1a",
            &sha1(raw.issuer),
            &sha1(key.subject_public_key.raw_bytes()),
            raw.serial,
        ],
    );
    let date = b"\x18\x0f20260501000000Z";
    let single = element(0x30, &[&about, b"\x80\x00", date]);
    let answer = |number: usize, subject: usize| {
        let responder = element(0xa1, &[&name(3 + number)]);
        let data = element(0x30, &[&responder, date, &element(0x30, &[&single])]);
        let stranger = &*chain.stranger;
        let own = certificate(&name(subject), stranger, (&name(1), stranger), 3, &[]);
        let value = element(0x03, &[&[0], &stranger.sign(&data).unwrap()]);
        let all = own.repeat(MAX_OCSP_CERTIFICATES);
        element(
            0x30,
            &[&data, ECDSA, &value, &element(0xa0, &[&element(0x30, &[&all])])],
        )
    };
    let mut revocations = Revocations::default();
    for number in 0..100 {
        revocations
            .add_ocsp(&answer(number, MAX_NAME_BYTES - 30))
            .unwrap();
    }
    let path = chain.answers_soon(&leaf, &[], &revocations);
    assert!(path.map_or(true, |path| path.undecided().next().is_some()));

    assert!(revocations.add_ocsp(&answer(0, MAX_NAME_BYTES)).is_err());
    let stranger = &*chain.stranger;
    for (subject, issuer) in [(MAX_NAME_BYTES, 1), (1, MAX_NAME_BYTES)] {
        let long = certificate(&name(subject), stranger, (&name(issuer), stranger), 3, &[]);
        assert!(x509::parse(&long).is_err());
    }
}

#[test]
fn who_might_have_signed_a_list_is_asked_for_its_signature_first() {
    let chain = Chain::new();
    let stranger = &*chain.stranger;
    let names = extension(ALTERNATIVE_NAMES, &element(0x30, &[&b"\x82\x00".repeat(4_000)]));
    let own = [authority(), names].concat();
    let other = new_key();
    let offered: Vec<Vec<u8>> = (0..900)
        .map(|serial| certificate(&name(1), &*other, (&name(1), stranger), serial, &own))
        .collect();
    let list = Revocations::from_crls([chain.forged_list(1, &[])]).unwrap();
    let path = chain.answers_soon(&chain.leaf(&[]), &offered, &list);
    assert!(path.map_or(true, |path| path.undecided().next().is_some()));
}

#[test]
fn names_are_made_ready_once_and_paths_are_paid_for_by_their_length() {
    let chain = Chain::new();
    let (sub, root) = (new_key(), (&name(1)[..], &*chain.root));
    let base = |number: u32| {
        let number = element(0x0c, &[format!("{number:05}").as_bytes()]);
        let part = element(0x31, &[&element(0x30, &[b"\x06\x03\x55\x04\x0a", &number])]);
        element(0x30, &[&element(0xa4, &[&element(0x30, &[&part])])])
    };
    let excluded: Vec<u8> = (0..500).flat_map(base).collect();
    let excluded = extension(CONSTRAINTS, &element(0x30, &[&element(0xa1, &[&excluded])]));
    let policy = |number: u16| {
        let [high, low] = [number >> 7, number & 0x7f].map(|half| half as u8);
        element(0x30, &[&[0x06, 4, 0x2a, 3, 0x81 + high, low]])
    };
    let policies: Vec<u8> = (0..330).flat_map(policy).collect();
    let policies = extension(POLICIES, &element(0x30, &[&policies]));
    let long = element(0xa4, &[&name(60_000)]);
    let long = extension(ALTERNATIVE_NAMES, &element(0x30, &[&long]));
    // Not made for documents, so that no path ends the search.
    let purpose = extension(PURPOSES, b"\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01");
    for (of_authorities, of_leaf) in [(excluded, long), (policies.clone(), policies)] {
        let own = [authority(), of_authorities].concat();
        let offered: Vec<Vec<u8>> = (0..200)
            .map(|serial| certificate(&name(5), &*sub, root, serial, &own))
            .collect();
        let more = [purpose.clone(), of_leaf].concat();
        let leaf = certificate(&name(2), &*chain.stranger, (&name(5), &*sub), 2, &more);
        let refused = chain.answers_soon(&leaf, &offered, &Revocations::default());
        assert_eq!(refused.unwrap_err(), PathError::TooMuch);
    }
}

#[test]
fn where_a_certificate_belongs_is_read_once_for_all_lists() {
    let chain = Chain::new();
    let point = |host: &str, number: u32| {
        let name = element(0x86, &[format!("http://{host}/{number}").as_bytes()]);
        element(0xa0, &[&element(0xa0, &[&name])])
    };
    let points: Vec<u8> = (0..600)
        .flat_map(|number| element(0x30, &[&point("own", number)]))
        .collect();
    let leaf = chain.leaf(&extension(POINTS, &element(0x30, &[&points])));
    let names: Vec<u8> = (0..64)
        .flat_map(|number| element(0x86, &[format!("http://list/{number}").as_bytes()]))
        .collect();
    let scope = element(0x30, &[&element(0xa0, &[&element(0xa0, &[&names])])]);
    let scope = extension(ISSUING_POINT, &scope);
    let lists = (0..900).map(|number| chain.forged_list(number, &scope));
    let revocations = Revocations::from_crls(lists).unwrap();
    let path = chain.answers_soon(&leaf, &[], &revocations);
    assert!(path.map_or(true, |path| path.undecided().next().is_some()));
}
