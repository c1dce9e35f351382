//! Other people's documents (`ofd/` of the folder that CERTSEAL_CORPORA names), with what is known of each.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use sm3::{Digest as _, Sm3};

use super::{super::package::tests::judge, *};

fn corpus() -> Option<PathBuf> {
    let found = std::env::var_os("CERTSEAL_CORPORA").map(|root| PathBuf::from(root).join("ofd"));
    if found.is_none() {
        eprintln!("SKIPPED: CERTSEAL_CORPORA names no folder of foreign documents");
    }
    found
}

fn digest(method: CheckMethod, bytes: &[u8]) -> Option<Vec<u8>> {
    match method {
        CheckMethod::Sm3 => Some(Sm3::digest(bytes).to_vec()),
        CheckMethod::Sha256 => Some(DigestAlgorithm::Sha256.digest(bytes)),
        CheckMethod::Md5 | CheckMethod::Sha1 => None,
    }
}

/// What is found in a file, in words that can be compared.
fn facts(bytes: &[u8]) -> Vec<String> {
    let opened = open(bytes).unwrap();
    let reach = opened.reach().unwrap();
    let name = |member| opened.package().name(member);
    let summary = opened.summary().unwrap();
    let sizes = summary.pages.iter().map(|page| {
        let side = |side: Option<f64>| side.map_or_else(|| "?".to_owned(), |side| format!("{side:.0}"));
        format!("{}x{}", side(page.width), side(page.height))
    });
    let mut facts = vec![format!("pages {}", sizes.collect::<Vec<_>>().join(" "))];
    let mut table = DigestTable::new(opened.package(), digest);
    let mut together = BTreeSet::new();
    for (number, signature) in opened.documents()[0].signatures.iter().enumerate() {
        let file = signature.file.as_ref().unwrap();
        let checked = table.check(file);
        let wrong = file
            .references
            .iter()
            .zip(&checked.states)
            .filter(|(_, state)| **state != ReferenceState::Right)
            .map(|(reference, _)| reference.file.stated.as_str());
        let wrong: Vec<&str> = wrong.collect();
        let coverage = reach.left_open_by((0, number), &checked.covered);
        let open = [Class::Visible, Class::Frame, Class::Metadata, Class::Machinery];
        let open = open.iter().flat_map(|class| coverage.open(*class));
        let open: Vec<&str> = open.map(|left| name(left.member)).collect();
        facts.push(format!(
            "{} {:?} wrong {wrong:?} open {open:?} stamps {}",
            signature.entry.id.as_deref().unwrap_or_default(),
            signature.entry.kind,
            file.stamps.len(),
        ));
        together.extend(checked.covered);
    }
    let coverage = reach.left_open_by_all(&together);
    let smuggled = coverage.smuggled.iter();
    let smuggled =
        smuggled.map(|left| format!("{}{}", if left.covered { "" } else { "!" }, name(left.member)));
    facts.push(format!("smuggled {:?}", smuggled.collect::<Vec<_>>()));
    let dangling: Vec<&str> = reach
        .dangling()
        .map(|dangling| dangling.stated.as_str())
        .collect();
    facts.push(format!("dangling {dangling:?}"));

    if let Some(outside) = opened.outside_integrity_list() {
        facts.push(format!("outside the integrity list {}", outside.len()));
    }

    let text = opened.text(0).unwrap().unwrap();
    let characters: usize = text.runs.iter().map(|run| run.text.chars().count()).sum();
    let unknown = text.runs.iter().filter(|run| run.drawn == Drawn::Unknown).count();
    facts.push(format!(
        "text {} runs {characters} characters, {} differ, {unknown} unknown",
        text.runs.len(),
        text.differing().count()
    ));
    let mut deviations = opened.deviations().clone();
    deviations.extend(reach.deviations());
    deviations.extend(&text.deviations);
    let kinds: BTreeSet<&str> = deviations.iter().map(|deviation| deviation.kind.code()).collect();
    facts.push(format!("deviations {kinds:?}"));
    facts
}

#[test]
fn foreign_documents_are_read_as_they_are() {
    let Some(root) = corpus() else { return };
    for (file, expected) in EXPECTED {
        let bytes = fs::read(root.join(file)).unwrap();
        assert_eq!(facts(&bytes), *expected, "{file}");
        let package = Package::open(&bytes).unwrap();
        for (name, content) in judge(&bytes) {
            let member = package.find(&name).unwrap();
            assert_eq!(package.read(member).unwrap(), content, "{file} {name}");
        }
        if std::env::var_os("CERTSEAL_CORPORA_LIST").is_some() {
            eprintln!("== {file}\n{}", open(&bytes).unwrap().summary().unwrap());
        }
    }
}

/// The same ends as in the case of our own: an answer, soon. Bytes of the whole file are changed, and bytes of its
/// files, which the checksums would else keep from being read.
#[test]
fn damaged_foreign_documents_do_no_harm() {
    let Some(root) = corpus() else { return };
    let mut random = 0x0FD_u64;
    let mut below = |end: usize| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize % end.max(1)
    };
    let versions = std::env::var("CERTSEAL_MUTATIONS").map_or(20, |count| count.parse().unwrap());
    for (file, _) in EXPECTED {
        let good = fs::read(root.join(file)).unwrap();
        let parts = judge(&good);
        for version in 0..versions {
            let bad = if version % 2 == 0 {
                let mut bad = good.clone();
                let at = below(bad.len());
                bad[at] ^= 1 << below(8);
                bad
            } else {
                let mut parts = parts.clone();
                let which = below(parts.len());
                for _ in 0..=below(4) {
                    let content = &mut parts[which].1;
                    let at = below(content.len());
                    if let Some(byte) = content.get_mut(at) {
                        *byte ^= 1 << below(8);
                    }
                }
                let parts: Vec<Part> = parts
                    .iter()
                    .map(|(name, content)| Part::new(name, content))
                    .collect();
                Archive::of(&parts).bytes()
            };
            let start = Instant::now();
            let _ = ask_everything(&bad);
            assert!(start.elapsed() < Duration::from_secs(2), "{file}");
        }
    }
}

/// What each file is known to be; `!` marks what no signature covers.
const EXPECTED: &[(&str, &[&str])] = &[
    (
        "integrity/hello-integrity.ofd",
        &[
            "pages 210x297 210x297",
            "smuggled []",
            "dangling []",
            "outside the integrity list 0",
            "text 51 runs 1285 characters, 0 differ, 0 unknown",
            "deviations {}",
        ],
    ),
    (
        "integrity/hello.ofd",
        &[
            "pages 210x297 210x297",
            "smuggled []",
            "dangling []",
            "text 51 runs 1285 characters, 0 differ, 0 unknown",
            "deviations {}",
        ],
    ),
    (
        "plain/1-1.ofd",
        &[
            "pages 210x297 210x297 210x297",
            "smuggled []",
            "dangling []",
            "text 4 runs 64 characters, 0 differ, 0 unknown",
            "deviations {}",
        ],
    ),
    (
        "plain/areaholder_fields.ofd",
        &[
            "pages 210x297",
            "smuggled [\"!Doc_0/AreaHolderBlocks.xml\"]",
            "dangling []",
            "text 2 runs 4 characters, 0 differ, 0 unknown",
            "deviations {}",
        ],
    ),
    (
        "plain/helloworld.ofd",
        &[
            "pages 210x297",
            "smuggled []",
            "dangling []",
            "text 1 runs 22 characters, 0 differ, 0 unknown",
            "deviations {}",
        ],
    ),
    (
        "plain/namespace_no_std.ofd",
        &[
            "pages 210x297",
            "smuggled []",
            "dangling []",
            "text 1 runs 22 characters, 0 differ, 0 unknown",
            "deviations {\"namespace\"}",
        ],
    ),
    (
        "plain/no_page_container.ofd",
        &[
            "pages 210x140",
            "smuggled []",
            "dangling []",
            "text 83 runs 500 characters, 0 differ, 0 unknown",
            "deviations {}",
        ],
    ),
    (
        "plain/path_unstd.ofd",
        &[
            "pages 210x297 210x297",
            "smuggled []",
            "dangling []",
            "text 42 runs 328 characters, 0 differ, 0 unknown",
            "deviations {\"archive-comment\", \"missing-element\"}",
        ],
    ),
    (
        "signed_bad/fapiao_document_xml_edited.ofd",
        &[
            "pages 210x140",
            "1 Seal wrong [\"/Doc_0/Document.xml\"] open [\"Doc_0/Document.xml\"] stamps 1",
            "smuggled [\"Doc_0/Tags/CustomTags.xml\", \"Doc_0/Tags/Tag_Invoice.xml\"]",
            "dangling []",
            "text 74 runs 564 characters, 0 differ, 0 unknown",
            "deviations {\"missing-element\", \"namespace\", \"short-deltas\"}",
        ],
    ),
    (
        "signed_bad/h_first_sig_broken_by_append.ofd",
        &[
            "pages 210x297 210x297 210x297 210x297 210x297",
            "s001 Seal wrong [\"/Doc_0/Signs/Signatures.xml\"] open [] stamps 5",
            "s007 Seal wrong [] open [] stamps 1",
            "smuggled []",
            "dangling [\"PublicRes.xml\"]",
            "text 0 runs 0 characters, 0 differ, 0 unknown",
            "deviations {\"duplicate-element\", \"missing-member\"}",
        ],
    ),
    (
        "signed_good/DigitalSign.ofd",
        &[
            "pages 210x297",
            "s001 Sign wrong [] open [] stamps 0",
            "smuggled []",
            "dangling []",
            "text 1 runs 22 characters, 0 differ, 0 unknown",
            "deviations {}",
        ],
    ),
    (
        "signed_good/SESV4SignDoc.ofd",
        &[
            "pages 210x297",
            "1 Seal wrong [] open [] stamps 1",
            "smuggled []",
            "dangling []",
            "text 1 runs 22 characters, 0 differ, 0 unknown",
            "deviations {}",
        ],
    ),
    (
        "signed_good/SignScaleError.ofd",
        &[
            "pages 210x140",
            "1 Seal wrong [] open [] stamps 1",
            "smuggled [\"Doc_0/Pages/Page_1/Content.xml\"]",
            "dangling []",
            "text 68 runs 504 characters, 0 differ, 0 unknown",
            "deviations {}",
        ],
    ),
    (
        "signed_good/allprotected.ofd",
        &[
            "pages 210x297",
            "001 Seal wrong [] open [] stamps 1",
            "smuggled []",
            "dangling []",
            "text 1 runs 22 characters, 0 differ, 0 unknown",
            "deviations {}",
        ],
    ),
    (
        // Embedded fonts without entries in their character maps: nothing says what the glyphs are.
        "signed_good/testImageNotFound.ofd",
        &[
            "pages 366x260 366x260",
            "1 Sign wrong [] open [\"Doc_0/Annots/Annotations.xml\", \"OFD.xml\"] stamps 0",
            "2 Sign wrong [] open [] stamps 0",
            "smuggled [\"Doc_0/DocumentRes_0.xml\", \"Doc_0/Document.xml\", \"Doc_0/Res/image_135.PNG\"]",
            "dangling [\"image_135.PNG\"]",
            "text 58 runs 974 characters, 0 differ, 47 unknown",
            "deviations {\"header-flags\", \"missing-member\", \"namespace\"}",
        ],
    ),
    (
        "signed_good/v4signed.ofd",
        &[
            "pages 210x140",
            "1 Seal wrong [] open [] stamps 1",
            "smuggled [\"Doc_0/Tags/CustomTags.xml\", \"Doc_0/Tags/Tag_Invoice.xml\"]",
            "dangling []",
            "text 74 runs 564 characters, 0 differ, 0 unknown",
            "deviations {\"missing-element\", \"namespace\", \"path-case\", \"short-deltas\"}",
        ],
    ),
];
