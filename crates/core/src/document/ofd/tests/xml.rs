//! XML that is not what it should be.

use super::*;

const PAGE: &str = "Doc_0/Pages/Page_0/Content.xml";

/// What comes of a page like this.
fn page(content: &str) -> Result<Deviations, OfdError> {
    let mut files = plain();
    files.set(PAGE, content);
    let bytes = files.pack();
    let opened = open(&bytes)?;
    let member = opened.package().find(PAGE).unwrap();
    opened.page(member).map(|(_, deviations)| deviations)
}

#[test]
fn xml_that_readers_take_differently_is_refused() {
    for (content, why) in [
        ("<!DOCTYPE Page [<!ENTITY a 'b'>]><Page>&a;</Page>", "XML"),
        (
            "<?xml version='1.0' encoding='GBK'?><Page>许可证</Page>",
            "declared",
        ),
        ("<Page>", "XML"),
        ("", "XML"),
        ("<Page><Content/><Content/></Page>", "twice"),
        ("<Page><Content/><x:Content xmlns:x='y'/></Page>", "twice"),
        ("<Document/>", "another root element"),
        ("<Page a='1' a='2'/>", "XML"),
    ] {
        let error = page(content).unwrap_err().to_string();
        assert!(error.contains(why), "{content}: {error}");
    }
    let mut files = plain();
    files.0.insert(
        PAGE.to_owned(),
        b"<?xml version='1.0'?><Page>\xD0\xED</Page>".to_vec(),
    );
    assert!(
        ask_everything(&files.pack())
            .unwrap_err()
            .to_string()
            .contains("UTF-8")
    );
    // Declared as another, but the same in both.
    assert!(page("<?xml version='1.0' encoding='GBK'?><Page/>").is_ok());

    let mut files = plain();
    files.replace(
        "OFD.xml",
        "<ofd:DocRoot>",
        "<DocRoot>Other.xml</DocRoot><ofd:DocRoot>",
    );
    assert!(open(&files.pack()).unwrap_err().to_string().contains("DocRoot"));
}

#[test]
fn xml_made_to_exhaust_is_refused() {
    let deep = "<Page>".repeat(100) + &"</Page>".repeat(100);
    let attributes: String = (0..5_000).map(|number| format!(" a{number}='>'")).collect();
    let namespaces: String = (0..40).map(|number| format!(" xmlns:a{number}='b'")).collect();
    let nested: String = (0..40)
        .map(|number| format!("<a xmlns:a{number} = 'b'>"))
        .collect();
    let nodes = format!("<Page>{}</Page>", "<a/>".repeat(300_000));
    for (content, why) in [
        (deep, "depth"),
        (format!("<Page{attributes}/>"), "attributes"),
        (format!("<Page{namespaces}/>"), "namespaces"),
        (format!("<Page>{nested}"), "namespaces"),
        (nodes, "elements"),
    ] {
        let error = page(&content).unwrap_err().to_string();
        assert!(error.contains(why) && error.contains("limit"), "{why}: {error}");
    }
    // Comments, processing instructions and values are no tags.
    let hidden = "<a b='c'>".repeat(100);
    assert!(
        page(&format!(
            "<Page><!--{hidden}--><?p {hidden}?><![CDATA[{hidden}]]></Page>"
        ))
        .is_ok()
    );
}

#[test]
fn deployed_namespaces_are_named() {
    for (content, found) in [
        ("<Page xmlns='http://www.ofdspec.org/2016'/>", None),
        ("<x:Page xmlns:x='http://www.ofdspec.org/2016'/>", None),
        (
            "<Page xmlns='http://www.ofdspec.org'/>",
            Some("http://www.ofdspec.org"),
        ),
        ("<Page/>", Some("none")),
        (
            "<Page xmlns='http://www.ofdspec.org/2016' xmlns:x='y' x:ID='1'/>",
            Some("y"),
        ),
    ] {
        let deviations = page(content).unwrap();
        let named: Vec<&str> = deviations
            .iter()
            .map(|deviation| deviation.detail.as_str())
            .collect();
        assert_eq!(named, Vec::from_iter(found), "{content}");
    }
}

#[test]
fn deployed_paths_are_followed_and_named() {
    let from = "<ofd:DocRoot>Doc_0/Document.xml";
    for (path, kind) in [
        ("/Doc_0/Document.xml", None),
        ("Doc_0/./Pages/../Document.xml", None),
        ("//Doc_0//Document.xml", Some(DeviationKind::PathSlashes)),
        ("Doc_0\\Document.xml", Some(DeviationKind::PathSlashes)),
        ("doc_0/document.XML", Some(DeviationKind::PathCase)),
    ] {
        let mut files = plain();
        files.replace("OFD.xml", from, &format!("<ofd:DocRoot>{path}"));
        let bytes = files.pack();
        let deviations = open(&bytes).unwrap().deviations;
        let kinds: Vec<DeviationKind> = deviations.iter().map(|deviation| deviation.kind).collect();
        assert_eq!(kinds, Vec::from_iter(kind), "{path}");
    }
    for (path, kind) in [
        ("Doc_0/PublicRes.xml", DeviationKind::PathFromRoot),
        ("/PublicRes.xml", DeviationKind::PathFromFile),
        ("../../PublicRes.xml", DeviationKind::PathOutside),
        ("nowhere.xml", DeviationKind::MissingMember),
        ("", DeviationKind::MissingMember),
    ] {
        let mut files = plain();
        files.replace("Doc_0/Document.xml", ">PublicRes.xml", &format!(">{path}"));
        let bytes = files.pack();
        assert!(open(&bytes).unwrap().deviations.has(kind), "{path}");
    }
    // What the standard finds comes before what is deployed.
    let mut files = plain();
    files.set("PublicRes.xml", "no XML");
    files.set("Doc_0/Doc_0/PublicRes.xml", "no XML");
    assert!(open(&files.pack()).is_ok());
}

#[test]
fn what_is_absent_or_unreadable_is_named() {
    let mut files = plain();
    files.replace("Doc_0/Document.xml", "<ofd:MaxUnitID>30</ofd:MaxUnitID>", "");
    files.replace("Doc_0/Document.xml", "0 0 210 297", "0 0 210");
    files.replace(
        "Doc_0/Document.xml",
        "<ofd:Page ID=\"1\"",
        "<ofd:Page ID=\"1\" BaseLoc=\"Pages/Page_0/Content.xml\"/><ofd:Page ID=\"1\"",
    );
    let bytes = files.pack();
    let opened = open(&bytes).unwrap();
    for kind in [
        DeviationKind::MissingElement,
        DeviationKind::UnreadableValue,
        DeviationKind::DuplicateId,
    ] {
        assert!(opened.deviations().has(kind), "{kind:?}");
        assert!(serde_json::to_string(&kind).unwrap().contains(kind.code()));
    }
}
