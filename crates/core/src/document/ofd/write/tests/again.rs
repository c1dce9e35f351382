//! Further seals: what they keep, and what they refuse to follow.

use super::{
    super::super::package::tests::{Archive, Part},
    *,
};

#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Add(#[from] AddSealError),
    #[error(transparent)]
    Sign(#[from] SesMakeError),
}

fn stamp(page: u32) -> StampPlace {
    StampPlace {
        page,
        boundary: Rect {
            x: 30.0,
            y: 100.0,
            w: 42.0,
            h: 42.0,
        },
        clip: None,
    }
}

fn add(
    bytes: &[u8],
    signer: &SesSigner,
    stamps: &[StampPlace],
    protection: Protection,
) -> Result<Vec<u8>, Failed> {
    let new = NewSeal {
        seal: &signer.seal_file(),
        stamps,
        at: at(),
        protection,
    };
    Ok(add_seal(bytes, &new, |document| {
        Ok::<_, Failed>(signer.sign(&document.into())?)
    })?
    .bytes)
}

#[test]
fn several_authorities_seal_one_document_until_one_closes_it() {
    let sample = Sample::new();
    let first = sample.sealed(Protection::Continued);
    let second = add(&first, &sample.signer, &[stamp(1)], Protection::Continued).unwrap();
    let third = add(&second, &sample.signer, &[stamp(1)], Protection::Whole).unwrap();

    // Members stay what they were but for the list.
    let before = members(&first);
    let after = members(&third);
    for (name, content) in before
        .iter()
        .filter(|(name, _)| !name.ends_with("Signatures.xml"))
    {
        assert!(
            after
                .iter()
                .any(|other| other == &(name.clone(), content.clone())),
            "{name}"
        );
    }
    assert_eq!(after[0].0, "OFD.xml");
    let opened = open(&third).unwrap();
    assert_eq!(opened.deviations().iter().count(), 0);
    let document = &opened.documents()[0];
    let ids: Vec<_> = document
        .signatures
        .iter()
        .filter_map(|one| one.entry.id.as_deref())
        .collect();
    assert_eq!(ids, ["s001", "s003", "s005"]);
    assert_eq!(document.signature_list.as_ref().unwrap().max_sign_ids, ["s006"]);
    for number in 0..3 {
        check_coverage(&opened, number);
        let file = document.signatures[number].file.as_ref().unwrap();
        let value = opened.package().read(file.signed_value.member.unwrap()).unwrap();
        let signature = SesSignature::parse(value).unwrap();
        assert!(signature.covers(opened.package().read(file.member).unwrap()));
        let path = format!("/{}", opened.package().name(file.member));
        assert_eq!(signature.property_info(), path);
    }
    let closed = add(&third, &sample.signer, &[stamp(1)], Protection::Whole);
    assert!(matches!(
        closed,
        Err(Failed::Add(AddSealError::Locked { signature: 3 }))
    ));
    let closed = add(
        &sample.sealed(Protection::Whole),
        &sample.signer,
        &[stamp(1)],
        Protection::Whole,
    );
    assert!(matches!(
        closed,
        Err(Failed::Add(AddSealError::Locked { signature: 1 }))
    ));
}

/// A package with other members than ours.
fn packed(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let parts: Vec<Part> = files
        .iter()
        .map(|(name, content)| Part::new(name, content))
        .collect();
    Archive::of(&parts).bytes()
}

#[test]
fn nothing_is_sealed_that_is_broken_or_holds_more_than_it_shows() {
    let sample = Sample::new();
    let good = members(&sample.sealed(Protection::Continued));
    let refused = |files: &[(String, Vec<u8>)], stamps: &[StampPlace]| {
        add(&packed(files), &sample.signer, stamps, Protection::Whole)
            .unwrap_err()
            .to_string()
    };
    assert!(add(&packed(&good), &sample.signer, &[stamp(1)], Protection::Whole).is_ok());

    let mut changed = good.clone();
    let page = changed
        .iter_mut()
        .find(|(name, _)| name.contains("Pages/"))
        .unwrap();
    page.1.extend_from_slice(b"<!-- -->");
    let why = refused(&changed, &[stamp(1)]);
    assert!(
        why.contains("signature 1 is broken already: /Doc_0/Pages/Page_0/Content.xml"),
        "{why}"
    );

    let mut more = good.clone();
    more.push(("Doc_0/extra.bin".to_owned(), vec![0]));
    assert!(refused(&more, &[stamp(1)]).contains("Doc_0/extra.bin is smuggled in"));
    assert!(refused(&good, &[stamp(7)]).contains("no page has the identifier 7"));
    let why = add(b"PK", &sample.signer, &[], Protection::Whole).unwrap_err();
    assert!(matches!(why, Failed::Add(AddSealError::Open(_))));
}

/// A document of three pages that nobody has signed.
fn three_pages() -> Vec<u8> {
    let root = format!(
        "<?xml version=\"1.0\"?><ofd:OFD {} Version=\"1.1\" DocType=\"OFD\"><ofd:DocBody><ofd:DocInfo>\
         <ofd:DocID>0123456789abcdef0123456789abcdef</ofd:DocID></ofd:DocInfo>\
         <ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>",
        xml::NAMESPACE
    );
    let pages =
        [1, 2, 3].map(|id| format!("<ofd:Page ID=\"{id}\" BaseLoc=\"Pages/Page_{id}/Content.xml\"/>"));
    let pages = pages.concat();
    let document = format!(
        "<ofd:Document {}><ofd:CommonData><ofd:MaxUnitID>3</ofd:MaxUnitID><ofd:PageArea>\
         <ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea></ofd:CommonData><ofd:Pages>{pages}</ofd:Pages></ofd:Document>",
        xml::NAMESPACE
    );
    let mut files = vec![
        ("OFD.xml".to_owned(), root.into_bytes()),
        ("Doc_0/Document.xml".to_owned(), document.into_bytes()),
    ];
    for id in 1..=3 {
        let page = format!("<ofd:Page {}><ofd:Content/></ofd:Page>", xml::NAMESPACE);
        files.push((format!("Doc_0/Pages/Page_{id}/Content.xml"), page.into_bytes()));
    }
    packed(&files)
}

#[test]
fn a_riding_seal_holds_the_pages_of_a_document_together() {
    let sample = Sample::new();
    let sheets: Vec<Sheet> = (1..=3).map(|page| Sheet { page, width: 210.0 }).collect();
    let places = riding(&sheets, (42.0, 42.0), 120.0).unwrap();
    let bytes = add(&three_pages(), &sample.signer, &places, Protection::Whole).unwrap();
    let opened = open(&bytes).unwrap();
    let deviations: Vec<_> = opened.deviations().iter().collect();
    assert!(deviations.is_empty(), "{deviations:?}");
    check_coverage(&opened, 0);
    let signature = opened.documents()[0].signatures[0].file.as_ref().unwrap();
    let clips: Vec<(u32, f64, f64)> = signature
        .stamps
        .iter()
        .map(|stamp| {
            (
                stamp.page.unwrap(),
                stamp.boundary.unwrap().x,
                stamp.clip.unwrap().x,
            )
        })
        .collect();
    assert_eq!(clips, [(1, 196.0, 0.0), (2, 182.0, 14.0), (3, 168.0, 28.0)]);
}
