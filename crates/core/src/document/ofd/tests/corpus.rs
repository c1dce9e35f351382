//! Other people's documents (`ofd/` of the folder that CERTSEAL_CORPORA names), with what is known of each.

use std::{fs, path::PathBuf, time::Instant};

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
    for file in ALL {
        let bytes = fs::read(root.join(file)).unwrap();
        println!("== {file}");
        for fact in facts(&bytes) {
            println!("{fact}");
        }
        let package = Package::open(&bytes).unwrap();
        for (name, content) in judge(&bytes) {
            let member = package.find(&name).unwrap();
            assert_eq!(package.read(member).unwrap(), content, "{file} {name}");
        }
        let start = Instant::now();
        ask_everything(&bytes).unwrap();
        println!("{:?}", start.elapsed());
    }
}

const ALL: [&str; 16] = [
    "integrity/hello-integrity.ofd",
    "integrity/hello.ofd",
    "plain/1-1.ofd",
    "plain/areaholder_fields.ofd",
    "plain/helloworld.ofd",
    "plain/namespace_no_std.ofd",
    "plain/no_page_container.ofd",
    "plain/path_unstd.ofd",
    "signed_bad/fapiao_document_xml_edited.ofd",
    "signed_bad/h_first_sig_broken_by_append.ofd",
    "signed_good/DigitalSign.ofd",
    "signed_good/SESV4SignDoc.ofd",
    "signed_good/SignScaleError.ofd",
    "signed_good/allprotected.ofd",
    "signed_good/testImageNotFound.ofd",
    "signed_good/v4signed.ofd",
];
