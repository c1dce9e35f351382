//! The reader over our own documents, over documents made to mislead it, and over other people's.

#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, path::PathBuf, time::Duration, time::Instant};

use super::{
    super::tests::{JSON, blob, info, run, sample},
    *,
};

fn document() -> Vec<u8> {
    sample().unsigned().embed(&blob()).unwrap()
}

#[test]
fn our_own_document_is_read_back_whole() {
    let sample = sample();
    let unsigned = sample.unsigned();
    let digest = unsigned.digest();
    let gap = unsigned.contents();
    let bytes = unsigned.embed(&blob()).unwrap();
    let opened = open(&bytes).unwrap();

    let [signature] = opened.signatures() else {
        panic!("{:?}", opened.signatures());
    };
    assert_eq!(signature.fields, ["Seal"]);
    assert_eq!(signature.kind, SignatureKind::Signature);
    assert_eq!(signature.sub_filter.as_deref(), Some("ETSI.CAdES.detached"));
    assert_eq!(signature.coverage, Some(Coverage::WholeFile));
    assert_eq!(
        signature.byte_range,
        Ok(ByteRange {
            gap,
            end: bytes.len()
        })
    );
    assert_eq!(signature.cms, Ok(blob()));
    assert_eq!(signature.claimed_time, Some(info().created));
    assert_eq!(signature.name.as_deref(), Some(info().signer_name));
    assert_eq!(signature.reason.as_deref(), Some(info().reason));
    assert_eq!(signature.location.as_deref(), info().location);
    assert_eq!(signature.modification_level, Some(ModificationLevel::None));
    assert!(signature.certifies);
    assert_eq!(
        opened.signed_digest(signature, DigestAlgorithm::Sha256).unwrap(),
        digest
    );
    assert_eq!(opened.revisions().len(), 1);
    assert_eq!(opened.trailing_bytes(), 0);
    assert!(opened.repairs().is_empty());

    let metadata = opened.metadata().unwrap();
    assert_eq!(metadata.identifier.as_deref(), Some(info().identifier));
    assert_eq!(metadata.number.as_deref(), Some(info().number));
    assert_eq!(metadata.title.as_deref(), Some(info().title));
    assert_eq!(metadata.author.as_deref(), Some(info().author));
    assert_eq!(metadata.created, Some(info().created));

    let attachments = opened.attachments().unwrap();
    let [attachment] = &attachments[..] else {
        panic!("{attachments:?}");
    };
    assert_eq!(attachment.name, super::super::ATTACHMENT);
    assert_eq!(attachment.relationship.as_deref(), Some("Data"));
    assert_eq!(attachment.media_type.as_deref(), Some("application/json"));
    assert!(attachment.associated);
    assert_eq!(opened.read_attachment(attachment).unwrap(), JSON);

    let page = opened.page_fields().unwrap();
    let expected = [
        ("holder-name", "中原市好味道餐饮服务有限公司Café 123"),
        ("issued-on", "2026年11月21日"),
        ("person", "𠮷野家𪚥(示例)法定代表人"),
    ];
    let expected: BTreeMap<String, String> = expected
        .into_iter()
        .map(|(key, text)| (key.to_owned(), text.to_owned()))
        .collect();
    assert_eq!(page.field_texts(), expected);
    let order: Vec<&str> = page.showings.iter().map(|showing| &showing.key[..]).collect();
    assert_eq!(order, ["holder-name", "person", "issued-on", "qr", "photo"]);
    assert!(page.intact);
    assert_eq!(page.pages, 1);
    let printed = sample.face.items.iter().find_map(|item| match item {
        crate::face::Item::Picture(crate::face::PlacedPicture {
            picture: crate::face::Picture::Modules { dark, width },
            ..
        }) => Some(Modules {
            width: *width,
            dark: dark.clone(),
        }),
        _ => None,
    });
    assert_eq!(page.qr, printed);
}

#[test]
fn values_shown_twice_or_in_parts_are_kept_apart() {
    let mut sample = sample();
    let fonts = sample.fonts.clone();
    let mut add = |text: &str, field: Option<&str>| {
        let items = run(
            &fonts,
            crate::face::FontRole::Song,
            text,
            (30.0, 120.0),
            4.0,
            field,
        );
        sample.face.items.extend(items);
    };
    for (text, field) in [
        ("2026", Some("until")),
        ("年", None),
        ("11", Some("until")),
        ("月，", None),
        ("2026年11月21日", Some("issued-on")),
    ] {
        add(text, field);
    }
    let bytes = sample.unsigned().embed(&blob()).unwrap();
    let page = open(&bytes).unwrap().page_fields().unwrap();
    assert!(page.intact);
    let shown = |key: &str| -> Vec<&str> {
        let showings = page.showings.iter().filter(|showing| showing.key == key);
        showings.map(|showing| &showing.text[..]).collect()
    };
    assert_eq!(shown("until"), ["2026", "11"]);
    assert_eq!(shown("issued-on"), ["2026年11月21日", "2026年11月21日"]);
    assert_eq!(page.field_texts()["until"], "202611");
}

#[test]
fn digests_are_the_same_whatever_was_asked_before() {
    let bytes = document();
    let direct = |end: usize| crate::crypto::sha256(&bytes[..end]);
    let gap = sample().unsigned().contents();
    let signed = sample().unsigned().digest();
    let mut ends = [
        0,
        1,
        gap.start - 1,
        gap.start,
        gap.end,
        bytes.len() - 1,
        bytes.len(),
    ];
    for _ in 0..2 {
        let opened = open(&bytes).unwrap();
        for end in ends {
            assert_eq!(opened.digest_until(end), Some(direct(end)), "{end}");
            let covered = opened.signed_digest(&opened.signatures()[0], DigestAlgorithm::Sha256);
            assert_eq!(covered.unwrap(), signed);
        }
        assert_eq!(opened.digest_until(bytes.len() + 1), None);
        ends.reverse();
    }
}

/// Everything that can be asked of a file, for tests that must not panic.
fn ask_everything(bytes: &[u8]) -> Result<(), OpenError> {
    let opened = open(bytes)?;
    for signature in opened.signatures() {
        let _ = opened.signed_digest(signature, DigestAlgorithm::Sha512);
        assert!(signature.defects().count() <= 2);
    }
    opened.metadata()?;
    for attachment in opened.attachments()? {
        opened.read_attachment(&attachment)?;
    }
    opened.page_fields()?;
    Ok(())
}

/// Whether some signature still covers the whole file with the bytes the good document had.
fn still_signed(bytes: &[u8], good: &[u8]) -> bool {
    let before = open(good).unwrap();
    let expected = before.signed_digest(&before.signatures()[0], DigestAlgorithm::Sha256);
    open(bytes).is_ok_and(|opened| {
        opened.signatures().iter().any(|signature| {
            signature.coverage == Some(Coverage::WholeFile)
                && opened.signed_digest(signature, DigestAlgorithm::Sha256) == expected
                && signature.cms == Ok(blob())
        })
    })
}

#[test]
fn truncated_documents_are_refused() {
    let good = document();
    let offsets = (0..good.len())
        .step_by(97)
        .chain(good.len() - 200..good.len() - 1);
    for end in offsets {
        let cut = &good[..end];
        let _ = ask_everything(cut);
        assert!(!still_signed(cut, &good), "{end}");
    }
}

/// A small generator with a fixed seed: the same changes in every run (xorshift64*).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) as usize % limit
    }
}

#[test]
fn flipped_bits_never_pass_for_the_document() {
    let good = document();
    let gap = open(&good).unwrap().signatures()[0]
        .byte_range
        .clone()
        .unwrap()
        .gap;
    let mut random = Random(0x5EED);
    for _ in 0..3_000 {
        let mut bad = good.clone();
        for _ in 0..=random.below(3) {
            let at = random.below(bad.len());
            bad[at] ^= 1 << random.below(8);
        }
        let _ = ask_everything(&bad);
        // Within the gap the case of a digit means nothing.
        let same = bad[..gap.start] == good[..gap.start]
            && bad[gap.end..] == good[gap.end..]
            && bad[gap.clone()].eq_ignore_ascii_case(&good[gap.clone()]);
        assert!(same || !still_signed(&bad, &good));
    }
}

#[test]
fn every_byte_of_the_gap_and_around_it_counts() {
    let good = document();
    let gap = open(&good).unwrap().signatures()[0]
        .byte_range
        .clone()
        .unwrap()
        .gap;
    for at in gap.start - 40..gap.end + 40 {
        let mut bad = good.clone();
        bad[at] = if bad[at] == b'1' { b'2' } else { b'1' };
        assert!(!still_signed(&bad, &good), "{at}");
        bad[at] = b' ';
        assert!(good[at] == b' ' || !still_signed(&bad, &good), "{at}");
    }
}

#[test]
fn garbage_and_spliced_documents_are_refused_without_panic() {
    let good = document();
    let mut random = Random(7);
    for _ in 0..400 {
        let length = 1 + random.below(4_000);
        let mut garbage: Vec<u8> = b"%PDF-1.7\n".to_vec();
        garbage.extend((0..length).map(|_| random.below(256) as u8));
        assert!(ask_everything(&garbage).is_err());
        // Pieces of the document in any order, which keeps the parts plausible.
        let mut spliced = b"%PDF-1.7\n".to_vec();
        for _ in 0..=random.below(8) {
            let start = random.below(good.len());
            let end = start + random.below(good.len() - start);
            spliced.extend_from_slice(&good[start..end]);
        }
        spliced.extend_from_slice(&good[good.len() - 1 - random.below(3_000)..]);
        let _ = ask_everything(&spliced);
        assert!(!still_signed(&spliced, &good));
    }
}

/// A file from objects, with its table.
fn file(objects: &[&str], trailer: &str) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n".to_vec();
    let mut offsets = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        offsets.push(out.len());
        out.extend_from_slice(format!("{} 0 obj\n{object}\nendobj\n", index + 1).as_bytes());
    }
    let at = out.len();
    out.extend_from_slice(format!("xref\n0 {}\n0000000000 65535 f \n", offsets.len() + 1).as_bytes());
    for offset in &offsets {
        out.extend_from_slice(format!("{offset:010} 00000 n \n").as_bytes());
    }
    let size = offsets.len() + 1;
    out.extend_from_slice(
        format!("trailer\n<</Size {size}/Root 1 0 R{trailer}>>\nstartxref\n{at}\n%%EOF\n").as_bytes(),
    );
    out
}

#[test]
fn circles_depths_and_crowds_end_at_their_limits() {
    let refused = |objects: &[&str], code: &str| {
        let bytes = file(objects, "");
        let start = Instant::now();
        let error = ask_everything(&bytes).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(start.elapsed() < Duration::from_secs(10), "{error}");
    };
    // Pages that are their own children, references in a circle, fields in a circle.
    refused(
        &[
            "<</Type/Catalog/Pages 2 0 R>>",
            "<</Kids[3 0 R]>>",
            "<</Kids[2 0 R]>>",
        ],
        "pdf-object",
    );
    refused(&["<</Type/Catalog/Pages 2 0 R>>", "3 0 R", "2 0 R"], "pdf-limit");
    refused(
        &["<</AcroForm<</Fields[2 0 R]>>>>", "<</Kids[2 0 R]>>"],
        "pdf-object",
    );
    // A stream whose length is itself.
    refused(
        &[
            "<</Pages 2 0 R>>",
            "<</Contents 3 0 R>>",
            "<</Length 3 0 R>>stream\nx\nendstream",
        ],
        "pdf-object",
    );
    let deep = format!("<</Pages 2 0 R/X{}>>", "[".repeat(100_000));
    refused(&[&deep], "pdf-limit");
    // A large object referred to from many places costs the limit and no more.
    let large = format!("<</A[{}]>>", "0 ".repeat(1 << 19));
    let kids: Vec<String> = (4..19_004).map(|number| format!("{number} 0 R")).collect();
    let kids = kids.join(" ");
    let form = format!("<</Fields[{kids}]>>");
    let mut objects = vec!["<</AcroForm 2 0 R>>", &form, &large];
    objects.extend(std::iter::repeat_n("<</FT 3 0 R>>", 19_000));
    refused(&objects, "pdf-limit");
    let crowd: String = "2 0 R ".repeat(3);
    refused(
        &["<</Pages 2 0 R>>", &format!("<</Kids[{crowd}]>>")],
        "pdf-object",
    );
}

/// Asks everything, each question though another was refused, and gives how long it took.
fn time_of_everything(bytes: &[u8]) -> Duration {
    let start = Instant::now();
    if let Ok(opened) = open(bytes) {
        let _ = opened.metadata();
        let _ = opened.attachments();
        let _ = opened.page_fields();
    }
    start.elapsed()
}

#[test]
fn what_is_inherited_or_looked_up_often_is_not_copied_each_time() {
    // Resources with a hundred thousand entries above ten thousand pages.
    let crowd: String = (0..100_000).fold(String::new(), |text, n| text + &format!("/F{n} 3 0 R"));
    let kids: String = "<<>>".repeat(10_000);
    let pages = format!("<</Kids[{kids}]/Resources<</Font<<{crowd}>>>>>>");
    let above = file(&["<</Pages 2 0 R>>", &pages], "");
    assert!(time_of_everything(&above) < Duration::from_secs(3));

    // Thirty thousand fonts, every one of them used once.
    let fonts: String = (0..30_000).fold(String::new(), |text, n| text + &format!("/F{n} 4 0 R"));
    let shown = (0..30_000).fold(String::new(), |text, n| text + &format!("/F{n} 1 Tf<0001>Tj "));
    let content = format!("/Field<</K(a)>>BDC {shown} EMC");
    let content = format!("<</Length {}>>stream\n{content}\nendstream", content.len());
    let map = "1 beginbfchar<0001><0041>endbfchar";
    let map = format!("<</Length {}>>stream\n{map}\nendstream", map.len());
    let page = format!("<</Contents 3 0 R/Resources<</Font<<{fonts}>>>>>>");
    let font = "<</Subtype/Type0/ToUnicode 5 0 R/DescendantFonts[<</FontDescriptor<</FontFile2 1>>>>]>>";
    let each = file(&["<</Pages 2 0 R>>", &page, &content, font, &map], "");
    assert!(time_of_everything(&each) < Duration::from_secs(3));
}

#[test]
fn cross_reference_sections_within_one_another_are_paid_for() {
    // Each section is a stream whose dictionary holds the next one in a string, and all of them eight
    // megabytes: read one by one, they are eight gigabytes.
    let (mut head, mut tail) = (b"%PDF-1.7\n".to_vec(), String::new());
    let mut offsets = Vec::new();
    for number in 1..=1_000 {
        offsets.push(head.len());
        head.extend_from_slice(
            format!("{number} 0 obj<</Type/XRef/W[1 1 1]/Index[]/Length 0/Prev 0000000000/Z(").as_bytes(),
        );
        tail.push_str(")/Root 1 0 R>>stream\nendstream endobj\n");
    }
    let mut bytes = head;
    for pair in offsets.windows(2) {
        let place = bytes[pair[0]..]
            .windows(10)
            .position(|window| window == b"0000000000")
            .unwrap()
            + pair[0];
        bytes[place..place + 10].copy_from_slice(format!("{:010}", pair[1]).as_bytes());
    }
    bytes.resize(bytes.len() + (8 << 20), b' ');
    bytes.extend_from_slice(tail.as_bytes());
    bytes.extend_from_slice(format!("startxref\n{}\n%%EOF\n", offsets[0]).as_bytes());
    let start = Instant::now();
    let error = open(&bytes).unwrap_err();
    assert_eq!(error.code(), "pdf-limit", "{error}");
    assert!(start.elapsed() < Duration::from_secs(3), "{error}");
}

/// A page with one field, its text set as given, in an embedded font.
fn page_with(content: &str, font: &str) -> Vec<u8> {
    let stream = |data: &str| format!("<</Length {}>>stream\n{data}\nendstream", data.len());
    let font = format!("<</Subtype/Type0/ToUnicode 5 0 R/DescendantFonts[<<{font}>>]>>");
    file(
        &[
            "<</Pages 2 0 R>>",
            "<</Contents 3 0 R/Resources<</Font<</F 4 0 R>>>>>>",
            &stream(content),
            &font,
            &stream("1 beginbfchar<0001><0041>endbfchar"),
        ],
        "",
    )
}

#[test]
fn text_that_nobody_sees_is_refused() {
    let embedded = "/FontDescriptor<</FontFile3 5 0 R>>";
    let shown = |content: &str, font: &str| {
        let bytes = page_with(content, font);
        let opened = open(&bytes).unwrap();
        opened.page_fields().map(|page| page.field_texts().remove("a"))
    };
    let visible = "/Field<</K(a)>>BDC BT/F 9 Tf q 3 Tr Q <0001>Tj ET EMC";
    assert_eq!(shown(visible, embedded), Ok(Some("A".to_owned())));
    for hidden in ["3 Tr", "7 Tr", "q 3 Tr q Q"] {
        let content = format!("/Field<</K(a)>>BDC BT/F 9 Tf {hidden} <0001>Tj ET EMC");
        let error = shown(&content, embedded).unwrap_err();
        assert_eq!(error.code(), "pdf-page-field", "{hidden}: {error}");
    }
    // What a viewer would draw with a font of its own.
    let error = shown(visible, "/FontDescriptor<<>>").unwrap_err();
    assert_eq!(error.code(), "pdf-page-field", "{error}");
}

#[test]
fn cross_reference_tricks_are_refused_by_name() {
    let good = file(&["<</Type/Catalog/Pages 2 0 R>>", "<</Kids[]>>"], "");
    assert!(open(&good).is_ok());
    let text = String::from_utf8(good).unwrap();
    let refused = |text: &str, code: &str| {
        let error = open(text.as_bytes()).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        error
    };
    refused(&text[1..], "pdf-not-a-pdf");
    refused(&text.replace("%%EOF\n", ""), "pdf-cross-reference");
    refused(&text.replace("startxref", "startxxxx"), "pdf-cross-reference");
    refused(&text.replace("/Root", "/Prev 9/Root"), "pdf-cross-reference");
    refused(&text.replace("/Root", "/Prev 99999/Root"), "pdf-cross-reference");
    let at = text.find("xref").unwrap();
    let circle = refused(
        &text.replace("/Root", &format!("/Prev {at}/Root")),
        "pdf-cross-reference",
    );
    assert_eq!(circle.offset(), Some(at));
    refused(&text.replace("/Root", "/Encrypt<<>>/Root"), "pdf-encrypted");
    // Two objects with each other's numbers.
    refused(&text.replace("1 0 obj", "2 0 obj"), "pdf-cross-reference");
    // An offset a little beside is mended and said so.
    let beside = text.replace(&format!("startxref\n{at}"), &format!("startxref\n{}", at - 3));
    let opened = open(beside.as_bytes()).unwrap();
    assert_eq!(
        opened.repairs(),
        [Repair::SectionBeside {
            stated: at - 3,
            found: at
        }]
    );
    // What follows the end is counted, unless it is blank.
    let opened = format!("{text}\n \n");
    assert_eq!(open(opened.as_bytes()).unwrap().trailing_bytes(), 0);
    let opened = format!("{text}more");
    assert_eq!(open(opened.as_bytes()).unwrap().trailing_bytes(), 5);
}

#[test]
fn an_appended_revision_is_seen() {
    let good = document();
    let mut bytes = good.clone();
    let previous = open(&good).unwrap().revisions()[0].cross_reference;
    let at = bytes.len();
    bytes.extend_from_slice(
        format!(
            "xref\n0 1\n0000000000 65535 f \ntrailer\n<</Size 60/Root 1 0 R/Prev {previous}>>\nstartxref\n{at}\n%%EOF\n"
        )
        .as_bytes(),
    );
    let opened = open(&bytes).unwrap();
    assert_eq!(opened.revisions().len(), 2);
    let following = bytes.len() - good.len();
    assert_eq!(
        opened.signatures()[0].coverage,
        Some(Coverage::Revision { index: 0, following })
    );

    // Bytes behind the end with a startxref that leads back: the file is no longer covered.
    let mut bytes = good.clone();
    bytes.extend_from_slice(format!("junk\nstartxref\n{previous}\n%%EOF\n").as_bytes());
    let opened = open(&bytes).unwrap();
    assert!(matches!(
        opened.signatures()[0].coverage,
        Some(Coverage::Revision { index: 0, .. })
    ));
}

/// Whether lopdf read the same object.
fn agree(ours: &Object, theirs: &lopdf::Object) -> bool {
    use lopdf::Object as Their;

    let dicts = |ours: &Dict, theirs: &lopdf::Dictionary| {
        let known = ours.iter().filter(|(_, value)| **value != Object::Null);
        let same = known.clone().all(|(key, value)| {
            // lopdf puts the length it measured in place of the one it read.
            key == b"Length" || theirs.get(key).is_ok_and(|theirs| agree(value, theirs))
        });
        let count = theirs
            .iter()
            .filter(|(_, value)| !matches!(value, Their::Null))
            .count();
        same && known.count() == count
    };
    match (ours, theirs) {
        (Object::Null, Their::Null) => true,
        (Object::Bool(a), Their::Boolean(b)) => a == b,
        (Object::Integer(a), Their::Integer(b)) => a == b,
        (Object::Real(a), Their::Real(b)) => (*a as f32 - b).abs() <= f32::EPSILON * b.abs(),
        (Object::Name(a), Their::Name(b)) => a.as_slice() == b.as_slice(),
        (Object::String { bytes: a, .. }, Their::String(b, _)) => **a == **b,
        (Object::Array(a), Their::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| agree(a, b))
        }
        (Object::Dict(a), Their::Dictionary(b)) => dicts(a, b),
        (Object::Dict(a), Their::Stream(b)) => dicts(a, &b.dict),
        (Object::Reference(a), Their::Reference(b)) => (a.number, a.generation) == *b,
        _ => false,
    }
}

/// Numbers of the objects that lopdf reads and we read otherwise; none where lopdf refuses the file.
fn disagreements(bytes: &[u8]) -> Option<Vec<u32>> {
    let strict = lopdf::LoadOptions {
        strict: true,
        ..lopdf::LoadOptions::default()
    };
    let theirs = lopdf::Document::load_mem_with_options(bytes, strict).ok()?;
    let opened = open(bytes).ok()?;
    let differ = theirs.objects.iter().filter(|((number, generation), object)| {
        let id = object::Id {
            number: *number,
            generation: *generation,
        };
        !opened
            .reader
            .load(id)
            .is_ok_and(|loaded| agree(&loaded.object, object))
    });
    Some(differ.map(|((number, _), _)| *number).collect())
}

#[test]
fn lopdf_reads_the_same_objects() {
    assert_eq!(disagreements(&document()), Some(Vec::new()));
}

#[test]
#[ignore = "measures; run in release with --nocapture"]
fn measure() {
    let bytes = document();
    for _ in 0..3 {
        let start = Instant::now();
        for _ in 0..1_000 {
            let opened = open(&bytes).unwrap();
            opened
                .signed_digest(&opened.signatures()[0], DigestAlgorithm::Sha256)
                .unwrap();
        }
        let opened = start.elapsed() / 1_000;
        let start = Instant::now();
        for _ in 0..1_000 {
            ask_everything(&bytes).unwrap();
        }
        let everything = start.elapsed() / 1_000;
        eprintln!("open and digest {opened:?}, with SHA-512 and all content {everything:?}");
    }
}

/// The corpus of other people's files; none where it is not at hand.
fn corpora() -> Option<PathBuf> {
    let found = std::env::var_os("CERTSEAL_CORPORA").map(PathBuf::from);
    if found.is_none() {
        eprintln!("SKIPPED: CERTSEAL_CORPORA names no folder of foreign documents");
    }
    found
}

/// Damaged versions of other people's files: bits flipped, bytes cut out, ends cut off.
#[test]
fn damaged_foreign_documents_do_no_harm() {
    let Some(root) = corpora() else {
        return;
    };
    let versions = std::env::var("CERTSEAL_MUTATIONS").map_or(3, |count| count.parse().unwrap());
    let manifest = std::fs::read_to_string(root.join("pdf/manifest.tsv")).unwrap();
    let mut random = Random(0xDA_4A6E);
    for file in manifest.lines().filter_map(|row| row.split('\t').next()) {
        if file.rsplit('.').next() != Some("pdf") {
            continue;
        }
        let good = std::fs::read(root.join("pdf").join(file)).unwrap();
        for _ in 0..versions {
            let mut bad = good.clone();
            match random.below(4) {
                0 => bad.truncate(random.below(good.len()) + 1),
                1 => {
                    let start = random.below(good.len());
                    bad.drain(start..(start + random.below(200)).min(good.len()));
                }
                _ => {
                    for _ in 0..=random.below(20) {
                        let at = random.below(bad.len());
                        bad[at] ^= 1 << random.below(8);
                    }
                }
            }
            let start = Instant::now();
            let _ = ask_everything(&bad);
            assert!(start.elapsed() < Duration::from_secs(5), "{file}");
        }
    }
}

/// Every file of the corpus opens or is refused with a reason, in bounded time, and every file that is
/// known to hold a good signature opens and shows it.
#[test]
fn foreign_documents_open_or_say_why_not() {
    let Some(root) = corpora() else {
        return;
    };
    let root = root.join("pdf");
    let manifest = std::fs::read_to_string(root.join("manifest.tsv")).unwrap();
    let mut failures = Vec::new();
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    for row in manifest.lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let [file, _, _, _, _, _, class, ..] = columns[..] else {
            continue;
        };
        if file.rsplit('.').next() != Some("pdf") {
            continue;
        }
        let bytes = std::fs::read(root.join(file)).unwrap();
        if let Some(differ) = disagreements(&bytes).filter(|differ| class == "GOOD" && !differ.is_empty()) {
            failures.push(format!("{file}: lopdf reads objects {differ:?} otherwise"));
        }
        let start = Instant::now();
        let outcome = open(&bytes);
        let seen = match &outcome {
            Ok(opened) => {
                let _ = ask_everything(&bytes);
                let ok = opened
                    .signatures()
                    .iter()
                    .filter(|s| s.defects().next().is_none())
                    .count();
                format!("{ok} of {} sound", opened.signatures().len())
            }
            Err(error) => error.code().to_owned(),
        };
        assert!(start.elapsed() < Duration::from_secs(3), "{file}");
        if std::env::var_os("CERTSEAL_CORPORA_LIST").is_some() {
            let why = outcome.as_ref().map_or_else(ToString::to_string, |opened| {
                opened
                    .signatures()
                    .iter()
                    .map(|s| {
                        format!(
                            "{:?} {:?} {:?}",
                            s.kind,
                            s.coverage,
                            s.defects().collect::<Vec<_>>()
                        )
                    })
                    .collect::<Vec<_>>()
                    .join("; ")
            });
            eprintln!("{class}\t{file}\t{seen}\t{why}");
        }
        // Encrypted files are refused by name, and one row is a file before it was signed.
        let excepted = matches!(outcome, Err(OpenError::Encrypted)) || file.contains("/retrieved-");
        let sound = outcome.is_ok_and(|opened| {
            let mut signatures = opened.signatures().iter();
            !opened.signatures().is_empty()
                && signatures.all(|signature| signature.defects().next().is_none())
        });
        if class == "GOOD" && !excepted && !sound {
            failures.push(format!("{file}: {seen}"));
        }
        *counts.entry((class.to_owned(), seen)).or_default() += 1;
    }
    for ((class, seen), count) in &counts {
        eprintln!("{class:16} {seen:24} {count}");
    }
    assert!(
        failures.is_empty(),
        "good files not read well:\n{}",
        failures.join("\n")
    );
}
