//! Seals that others made.

use std::fs;

use super::{super::*, at, corpus};

/// What the makers of these files, and those who looked at them, say of each.
#[test]
fn seals_of_others_are_what_is_stated_of_them() {
    let Some(corpus) = corpus() else { return };
    let read = |name: &str| SesSeal::parse(&fs::read(corpus.join("seals").join(name)).unwrap()).unwrap();
    for (name, version, kind, is_good, deviations) in [
        ("UserV1.esl", SesVersion::V1, 1, true, &[][..]),
        ("UserV4.esl", SesVersion::V4, 3, true, &[]),
        ("UserV5.esl", SesVersion::V5, 3, true, &[]),
        ("UserV5_ts.esl", SesVersion::V5, 3, true, &[]),
        (
            "SESealData_bad_sig.der",
            SesVersion::V4,
            4,
            false,
            &[Deviation::ExplicitFalse],
        ),
    ] {
        let seal = read(name);
        let side = if is_good { 40 } else { 42 };
        let picture = seal.picture();
        assert_eq!((seal.version(), seal.property().kind), (version, kind), "{name}");
        assert_eq!((picture.width, picture.height), (side, side), "{name}");
        let verified = seal.verify_maker(seal.maker_certificate());
        assert_eq!(verified.is_ok(), is_good, "{name}");
        assert_eq!(seal.deviations(), deviations, "{name}");
    }
    let first = read("UserV1.esl");
    assert!(first.in_force_at(at("2022-04-22T02:18:07Z")) && !first.in_force_at(at("2022-04-22T02:18:08Z")));
    assert_eq!(read("UserV5_ts.esl").time_stamp(), Some(&[1, 2, 3][..]));
    // Made by a maker whose certificate had ended.
    let fifth = read("UserV5.esl");
    let maker = x509::parse(fifth.maker_certificate()).unwrap();
    assert!(fifth.property().created > x509::validity(&maker).1);
    let bad = read("SESealData_bad_sig.der");
    let critical: Vec<bool> = bad
        .extensions()
        .iter()
        .map(|extension| extension.critical)
        .collect();
    assert_eq!(critical, [false, true, false]);
    assert_eq!(bad.property().signers.len(), 2);
    assert_eq!(bad.picture().format(), Some(PictureFormat::Gif));
}

#[test]
fn seals_of_others_survive_no_change() {
    let Some(corpus) = corpus() else { return };
    for name in [
        "UserV1.esl",
        "UserV4.esl",
        "UserV5_ts.esl",
        "SESealData_bad_sig.der",
    ] {
        let bytes = fs::read(corpus.join("seals").join(name)).unwrap();
        let maker = SesSeal::parse(&bytes).unwrap().maker_certificate().to_vec();
        // A timestamp is no part of what the maker signed.
        let end = bytes.len() - if name == "UserV5_ts.esl" { 8 } else { 0 };
        // Some of the picture, all of the rest.
        let positions = (0..1_500)
            .chain((1_500..end - 700).step_by(53))
            .chain(end - 700..end);
        for position in positions {
            let mut other = bytes.clone();
            other[position] ^= 0x41;
            let is_believed = SesSeal::parse(&other).is_ok_and(|seal| seal.verify_maker(&maker).is_ok());
            assert!(!is_believed, "{name}: byte {position}");
        }
        for length in (0..bytes.len()).step_by(17) {
            assert!(
                SesSeal::parse(&bytes[..length]).is_err(),
                "{name}: cut to {length}"
            );
        }
    }
}
