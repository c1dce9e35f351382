#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;

use super::{
    super::{
        super::tests::{blob, sample},
        Coverage, SignatureKind, open,
        parse::Parser,
    },
    *,
};

fn document() -> Vec<u8> {
    sample().unsigned().embed(&blob()).unwrap()
}

fn evidence(parts: &[&[u8]], key: &str) -> Evidence {
    Evidence {
        certificates: parts.iter().map(|part| part.to_vec()).collect(),
        related: vec![RelatedEvidence {
            key: key.to_owned(),
            certificates: (0..parts.len()).collect(),
            ..RelatedEvidence::default()
        }],
        ..Evidence::default()
    }
}

fn with_evidence(file: &[u8], evidence: &Evidence) -> Vec<u8> {
    let opened = open(file).unwrap();
    let mut update = Update::new(&opened).unwrap();
    update.add_evidence(evidence).unwrap();
    update.finish().unwrap()
}

/// A file of one page without form, its catalogue holding these entries.
fn plain(catalog: &str, objects: &[&str]) -> Vec<u8> {
    let mut file = "%PDF-1.7\n".to_owned();
    let mut offsets = Vec::new();
    let fixed = [
        format!("<</Type/Catalog/Pages 2 0 R{catalog}>>"),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 10 10.50]>>".to_owned(),
    ];
    let all = fixed.iter().map(String::as_str).chain(objects.iter().copied());
    for (object, number) in all.zip(1..) {
        offsets.push(file.len());
        let _ = write!(file, "{number} 0 obj\n{object}\nendobj\n");
    }
    let at = file.len();
    let _ = write!(file, "xref\n0 {}\n0000000000 65535 f \n", offsets.len() + 1);
    for offset in &offsets {
        let _ = writeln!(file, "{offset:010} 00000 n ");
    }
    // No line end at the end, as some writers leave it.
    let _ = write!(
        file,
        "trailer\n<</Size {}/Root 1 0 R>>\nstartxref\n{at}\n%%EOF",
        offsets.len() + 1
    );
    file.into_bytes()
}

#[test]
fn what_is_written_is_read_the_same() {
    let text = br"<</A 1/B -0.5/C(a\(b\)\\)/D<00FF>/E[true null 12 0 R 3 4.0]/F#20#23G/x/H<</I[]>>/J(\001)>>";
    let object = Parser::file(text, 0).object().unwrap();
    let mut out = Vec::new();
    write_object(&mut out, &object);
    let again = Parser::file(&out, 0).object().unwrap();
    let mut twice = Vec::new();
    write_object(&mut twice, &again);
    assert_eq!(out, twice);
    let shown = String::from_utf8(out).unwrap();
    for part in [
        "/B -0.5",
        "/C (a\\(b\\)\\\\)",
        "/D <00FF>",
        "4.0]",
        "/F#20#23G /x",
        "/J <01>",
    ] {
        assert!(shown.contains(part), "no {part} in {shown}");
    }
}

#[test]
fn a_timestamp_covers_everything_before_it() {
    for (file, signatures) in [
        (document(), 1),
        (plain("", &[]), 0),
        (
            plain(
                "/AcroForm 4 0 R",
                &["<</Fields 5 0 R>>", "[6 0 R]", "<</FT/Tx/T(Timestamp1)>>"],
            ),
            0,
        ),
    ] {
        let opened = open(&file).unwrap();
        let update = Update::new(&opened).unwrap();
        let unstamped = update.with_timestamp(blob().len() + 7).unwrap();
        let digest = unstamped.digest();
        let stamped = unstamped.embed(&blob()).unwrap();
        assert!(stamped.starts_with(&file));
        let opened = open(&stamped).unwrap();
        assert_eq!(opened.revisions().len(), 2);
        assert_eq!(opened.signatures().len(), signatures + 1);
        let stamp = opened.signatures().last().unwrap();
        assert_eq!(stamp.kind, SignatureKind::DocumentTimestamp);
        assert_eq!(stamp.coverage, Some(Coverage::WholeFile));
        assert_eq!(stamp.cms, Ok(blob()));
        let covered = opened.signed_digest(stamp, crate::crypto::DigestAlgorithm::Sha256);
        assert_eq!(covered.unwrap(), digest);
        for signature in opened.signatures().iter().take(signatures) {
            assert!(matches!(
                signature.coverage,
                Some(Coverage::Revision { index: 0, .. })
            ));
        }
        // A second one gets a name of its own.
        let update = Update::new(&opened).unwrap();
        let again = update
            .with_timestamp(blob().len())
            .unwrap()
            .embed(&blob())
            .unwrap();
        let names: BTreeSet<String> = open(&again)
            .unwrap()
            .signatures()
            .iter()
            .flat_map(|signature| signature.fields.clone())
            .collect();
        assert_eq!(names.len(), signatures + 2);
    }
}

#[test]
fn evidence_grows_and_nothing_is_held_twice() {
    let file = document();
    let once = with_evidence(&file, &evidence(&[b"one", b"two"], "A"));
    let twice = with_evidence(&once, &evidence(&[b"two", b"three"], "B"));
    assert!(twice.starts_with(&once) && once.starts_with(&file));
    let opened = open(&twice).unwrap();
    assert_eq!(
        opened.evidence().unwrap().certificates,
        [b"one".to_vec(), b"two".to_vec(), b"three".to_vec()]
    );
    let store = opened.reader.get(&opened.catalog, "DSS").unwrap().object;
    let related = opened.reader.get(store.dict().unwrap(), "VRI").unwrap().object;
    let certs = store
        .dict()
        .unwrap()
        .get("Certs")
        .unwrap()
        .array()
        .unwrap()
        .to_vec();
    for (key, places) in [("A", [0, 1]), ("B", [1, 2])] {
        let one = opened.reader.get(related.dict().unwrap(), key).unwrap().object;
        let listed = one.dict().unwrap().get("Cert").unwrap().array().unwrap();
        assert_eq!(listed, places.map(|place| certs[place].clone()), "{key}");
    }
    assert_eq!(opened.signatures().len(), 1);
    assert_eq!(open(&file).unwrap().evidence().unwrap(), Evidence::default());
}

#[test]
fn the_key_of_evidence_is_of_the_whole_place() {
    let file = document();
    let opened = open(&file).unwrap();
    let signature = opened.signatures().first().unwrap();
    let gap = signature.byte_range.clone().unwrap().gap;
    let whole = hex::decode(&file[gap.start + 1..gap.end - 1]).unwrap();
    assert!(
        whole.len() > signature.cms.clone().unwrap().len(),
        "padding counts"
    );
    let expected = hex::encode_upper(digest(&SHA1_FOR_LEGACY_USE_ONLY, &whole));
    assert_eq!(opened.evidence_key(signature), Some(expected));
}

#[test]
fn files_of_uncertain_reading_get_no_revision() {
    let mut file = document();
    file.extend_from_slice(b"more");
    let opened = open(&file).unwrap();
    assert_eq!(
        Update::new(&opened).unwrap_err(),
        UpdateError::Trailing(5),
        "with the line end"
    );
    let text = String::from_utf8(plain("", &[])).unwrap();
    let at = text.rfind("startxref\n").unwrap() + 10;
    let stated: usize = text[at..].lines().next().unwrap().parse().unwrap();
    let beside = text.replace(
        &format!("startxref\n{stated}"),
        &format!("startxref\n{}", stated - 3),
    );
    let opened = open(beside.as_bytes()).unwrap();
    assert_eq!(
        Update::new(&opened).unwrap_err(),
        UpdateError::Damaged(stated - 3)
    );
}
