//! What signatures cover, what they leave open, and what nobody names.

use super::*;

const TEMPLATE: &str = "Doc_0/Tpls/Tpl_0/Content.xml";
const LIST: &str = "Doc_0/Signs/Signatures.xml";

/// What the signature leaves open, by name; and what is smuggled in.
struct Left {
    open: Vec<(String, Class)>,
    excused: Vec<(String, Standing)>,
    smuggled: Vec<(String, bool)>,
    checked: CheckedReferences,
}

fn left(files: &Files, signature: usize) -> Left {
    let bytes = files.pack();
    let opened = open(&bytes).unwrap();
    let file = opened.documents()[0].signatures[signature].file.as_ref().unwrap();
    let checked = DigestTable::new(opened.package(), sha256).check(file);
    let reach = opened.reach().unwrap();
    let coverage = reach.left_open_by((0, signature), &checked.covered);
    let name = |member| opened.package().name(member).to_owned();
    let (open, excused): (Vec<&Uncovered>, Vec<&Uncovered>) = coverage
        .uncovered
        .iter()
        .partition(|left| left.standing == Standing::Open);
    Left {
        open: open
            .iter()
            .map(|left| (name(left.member), left.role.class()))
            .collect(),
        excused: excused
            .iter()
            .map(|left| (name(left.member), left.standing))
            .collect(),
        smuggled: coverage
            .smuggled
            .iter()
            .map(|left| (name(left.member), left.covered))
            .collect(),
        checked,
    }
}

#[test]
fn a_signature_over_all_leaves_only_its_own_files_open() {
    let mut files = plain();
    files.sign_all();
    let left = left(&files, 0);
    assert!(left.checked.all_right());
    assert!(
        left.open.is_empty() && left.smuggled.is_empty(),
        "{:?}",
        left.open
    );
    let mut excused = left.excused;
    excused.sort_by(|one, other| one.0.cmp(&other.0));
    let own = |name: &str| (format!("Doc_0/Signs/Sign_0/{name}"), Standing::Own);
    assert_eq!(
        excused,
        [
            own("Signature.xml"),
            own("SignedValue.dat"),
            (LIST.to_owned(), Standing::List)
        ]
    );
}

#[test]
fn what_a_signature_forgets_is_told_by_its_weight() {
    let mut files = plain();
    let covered: Vec<String> = files.0.keys().cloned().collect();
    let forgotten = [TEMPLATE, "OFD.xml", "Doc_0/Attachs/face.json"];
    let covered: Vec<&str> = covered
        .iter()
        .map(String::as_str)
        .filter(|name| !forgotten.contains(name))
        .collect();
    files.sign(&covered);
    let mut open = left(&files, 0).open;
    open.sort();
    assert_eq!(
        open,
        [
            ("Doc_0/Attachs/face.json".to_owned(), Class::Metadata),
            (TEMPLATE.to_owned(), Class::Visible),
            ("OFD.xml".to_owned(), Class::Frame),
        ]
    );
}

#[test]
fn members_that_nobody_names_are_smuggled() {
    let mut files = plain();
    files.set("Doc_0/stray.xml", "signed all the same");
    files.sign_all();
    files.set("Doc_0/Pages/Page_1/Content.xml", "<not-even-xml");
    let left = left(&files, 0);
    assert_eq!(
        left.smuggled,
        [
            ("Doc_0/Pages/Page_1/Content.xml".to_owned(), false),
            ("Doc_0/stray.xml".to_owned(), true)
        ]
    );
    assert!(left.open.is_empty());
}

#[test]
fn references_are_compared_one_by_one() {
    let mut files = plain();
    files.sign_all();
    let signature = "Doc_0/Signs/Sign_0/Signature.xml";
    files.replace(TEMPLATE, "190", "191");
    files.replace(signature, "/Doc_0/Res/qr.png", "/Doc_0/Res/gone.png");
    files.replace(signature, "/Doc_0/Tags/Tag.xml", "/Doc_0/Tags/CustomTags.xml");
    let left = left(&files, 0);
    let count = |state: &ReferenceState| left.checked.states.iter().filter(|one| *one == state).count();
    assert_eq!(count(&ReferenceState::Missing), 1);
    assert_eq!(
        count(&ReferenceState::Wrong),
        2,
        "the template, and one of two digests of one member"
    );
    assert_eq!(left.checked.twice.len(), 1);
    assert!(!left.checked.all_right());
    let open: Vec<&str> = left.open.iter().map(|(name, _)| name.as_str()).collect();
    for name in [
        TEMPLATE,
        "Doc_0/Res/qr.png",
        "Doc_0/Tags/Tag.xml",
        "Doc_0/Tags/CustomTags.xml",
    ] {
        assert!(open.contains(&name), "{name} is open: {open:?}");
    }
}

#[test]
fn nothing_is_believed_in_place_of_an_unknown_digest() {
    assert_eq!(
        CheckMethod::read(None),
        Some(CheckMethod::Md5),
        "the schema's default"
    );
    assert_eq!(
        CheckMethod::read(Some("1.2.156.10197.1.401")),
        Some(CheckMethod::Sm3)
    );
    assert_eq!(CheckMethod::read(Some("SM4")), None);
    for (method, state) in [
        ("CheckMethod=\"SM4\"", ReferenceState::UnknownMethod),
        ("", ReferenceState::UnknownMethod),
    ] {
        let mut files = plain();
        files.sign_all();
        files.replace(
            "Doc_0/Signs/Sign_0/Signature.xml",
            "CheckMethod=\"SHA256\"",
            method,
        );
        let checked = left(&files, 0).checked;
        assert!(checked.covered.is_empty());
        assert!(checked.states.iter().all(|one| *one == state));
    }
    let mut files = plain();
    files.sign_all();
    files.replace(
        "Doc_0/Signs/Sign_0/Signature.xml",
        "\n</ofd:CheckValue>",
        "!</ofd:CheckValue>",
    );
    let checked = left(&files, 0).checked;
    assert!(checked.states.iter().all(|one| *one == ReferenceState::NoDigest));
}

#[test]
fn what_comes_with_a_later_signature_is_told_apart() {
    let mut files = plain();
    files.sign_all();
    files.sign_all();
    let first = left(&files, 0);
    assert!(first.open.is_empty(), "{:?}", first.open);
    let later: Vec<&str> = first
        .excused
        .iter()
        .filter(|(_, standing)| *standing == Standing::Later)
        .map(|(name, _)| name.as_str())
        .collect();
    let folder = "Doc_0/Signs/Sign_1/";
    assert_eq!(later.len(), 3);
    assert!(later.iter().all(|name| name.starts_with(folder)), "{later:?}");
    assert!(left(&files, 1).open.is_empty(), "it covers the first");

    // A second signature that leaves the first one's seal open does not make it the second's.
    let mut bare = plain();
    bare.sign_all();
    let names: Vec<String> = plain().0.into_keys().collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    bare.sign(&names);
    assert!(
        left(&bare, 1)
            .open
            .iter()
            .any(|(name, _)| name == "Doc_0/Signs/Sign_0/Seal.esl")
    );
}

#[test]
fn a_page_is_not_excused_because_a_signature_claims_it() {
    let mut files = plain();
    let names: Vec<String> = files.0.keys().filter(|name| *name != TEMPLATE).cloned().collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    files.sign(&names);
    files.sign(&[]);
    files.replace(
        "Doc_0/Signs/Sign_1/Signature.xml",
        ">SignedValue.dat<",
        &format!(">/{TEMPLATE}<"),
    );
    files.replace(
        "Doc_0/Signs/Sign_0/Signature.xml",
        ">Seal.esl<",
        &format!(">/{TEMPLATE}<"),
    );
    assert!(
        left(&files, 0)
            .open
            .contains(&(TEMPLATE.to_owned(), Class::Visible))
    );
    let bytes = files.pack();
    let reach = open(&bytes).unwrap().reach().unwrap();
    let coverage = reach.left_open_by_all(&BTreeSet::new());
    assert!(coverage.open(Class::Visible).count() >= 6);
    assert!(!coverage.is_whole());
}

#[test]
fn paths_that_lead_nowhere_are_told() {
    let mut files = plain();
    files.0.remove("Doc_0/Res/qr.png");
    files.sign_all();
    let bytes = files.pack();
    let opened = open(&bytes).unwrap();
    let reach = opened.reach().unwrap();
    let dangling: Vec<&Dangling> = reach.dangling().collect();
    assert_eq!((dangling.len(), dangling[0].role), (1, Role::Media));
    // Whoever puts it there later is found out.
    files.set("Doc_0/Res/qr.png", "another");
    assert_eq!(
        left(&files, 0).open,
        [("Doc_0/Res/qr.png".to_owned(), Class::Visible)]
    );
}

#[test]
fn versions_resources_of_pages_and_lists_belong_to_the_document() {
    let mut files = plain();
    let version = "<ofd:Versions><ofd:Version ID=\"v1\" Index=\"1\" Current=\"true\" BaseLoc=\"Doc_0/V.xml\"/></ofd:Versions></ofd:DocBody>";
    files.replace("OFD.xml", "</ofd:DocBody>", version);
    files.set(
        "Doc_0/V.xml",
        &format!(
            "<ofd:DocVersion {NS}><ofd:FileList><ofd:File ID=\"1\">old.dat</ofd:File></ofd:FileList><ofd:DocRoot>Old.xml</ofd:DocRoot></ofd:DocVersion>"
        ),
    );
    files.set("Doc_0/old.dat", "kept");
    let old = files
        .text("Doc_0/Document.xml")
        .replace("Pages/Page_0/", "Pages/Old/");
    files.set("Doc_0/Old.xml", &old);
    let page = files.text("Doc_0/Pages/Page_0/Content.xml");
    let page = page.replace(
        "<ofd:Content>",
        "<ofd:PageRes>PageRes.xml</ofd:PageRes><ofd:Content>",
    );
    files.set("Doc_0/Pages/Old/Content.xml", &page);
    files.set(
        "Doc_0/Pages/Old/PageRes.xml",
        &format!("<ofd:Res {NS}><ofd:Fonts><ofd:Font ID=\"40\" FontName=\"a\"><ofd:FontFile>a.ttf</ofd:FontFile></ofd:Font></ofd:Fonts></ofd:Res>"),
    );
    files.set("Doc_0/Pages/Old/a.ttf", "font");
    files.set(
        "OFDEntries.xml",
        &format!(
            "<ofd:DocEntries {NS} ID=\"1\"><ofd:SignedValueLoc>/value.dat</ofd:SignedValueLoc><ofd:FileList><ofd:File ID=\"2\" FileLoc=\"/OFD.xml\"/></ofd:FileList></ofd:DocEntries>"
        ),
    );
    files.set("value.dat", "signature");
    let bytes = files.pack();
    let opened = open(&bytes).unwrap();
    let reach = opened.reach().unwrap();
    let role = |name: &str| reach.role(opened.package().find(name).unwrap());
    for (name, expected) in [
        ("Doc_0/V.xml", Role::Version),
        ("Doc_0/old.dat", Role::VersionFile),
        ("Doc_0/Old.xml", Role::Document),
        ("Doc_0/Pages/Old/Content.xml", Role::Page),
        ("Doc_0/Pages/Old/a.ttf", Role::Font),
        ("OFDEntries.xml", Role::IntegrityList),
        ("value.dat", Role::IntegrityValue),
    ] {
        assert_eq!(role(name), Some(expected), "{name}");
    }
    assert!(reach.unreachable().is_empty());
    assert_eq!(opened.integrity().unwrap().files.len(), 1);
    let outside = opened.outside_integrity_list().unwrap().len();
    assert_eq!(
        outside,
        files.0.len() - 3,
        "all but OFD.xml, the list and its signature"
    );
}
