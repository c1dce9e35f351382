//! What is the same to every reader, and what only seems so.

use super::*;

/// The kinds of all changes of one standing.
fn codes(writer: &Writer, standing: Standing) -> Vec<&'static str> {
    let found = difference(writer);
    found.of(standing).map(|change| change.kind.code()).collect()
}

fn unclear(writer: &Writer) -> Vec<&'static str> {
    assert_eq!(refused(writer), [""; 0]);
    codes(writer, Standing::Unclear)
}

#[test]
fn what_the_face_is_painted_from_is_not_written_anew() {
    let hexadecimal = "<< /Filter /ASCIIHexDecode /Length 11 >>\nstream\n3020672053>\nendstream";
    let font = "<</Subtype/Type1/BaseFont/Courier/Type/Font>>";
    for (object, expected) in [
        ((4, hexadecimal), &["change-rewritten"][..]),
        // Written again as it was, which some programs do.
        ((4, STREAM), &[]),
        ((5, font), &[]),
        ((12, FORM_STREAM), &[]),
        ((13, FORM_STREAM), &[]),
    ] {
        let again = signed(&mdp(1)).revision(&[object]);
        assert_eq!(unclear(&again), expected, "{object:?}");
    }
    let other = signed("").revision(&[(3, &changed(PAGE, "4 0 R", "30 0 R")), (30, STREAM)]);
    assert_eq!(unclear(&other), ["change-rewritten"]);
}

#[test]
fn an_integer_is_a_real_number_in_measures_alone() {
    let page = |more: &str| changed(PAGE, "/Contents", &format!("{more} /Contents"));
    let font = |more: &str| format!("<< /Type /Font /Subtype /Type3 {more} >>");
    let field = |more: &str| changed(TEXT, "/F 4", more);
    for (number, was, is, code) in [
        (
            3,
            page("/Rotate 90"),
            page("/Rotate 90.0"),
            "change-page-properties",
        ),
        (
            3,
            page("/Rotate 4611686018427387904"),
            page("/Rotate 4611686018427387994"),
            "change-page-properties",
        ),
        (
            5,
            font("/Encoding << /Differences [49 /nine] >>"),
            font("/Encoding << /Differences [49.0 /nine] >>"),
            "change-font",
        ),
        (
            5,
            font("/Rect [/Indexed 4]"),
            font("/Rect [/Indexed 4.0]"),
            "change-font",
        ),
        (8, field("/F 2"), field("/F 2.0"), "change-field-changed"),
    ] {
        let update = signed_with("", &[(number, &was)]).revision(&[(number, &is)]);
        assert_eq!(refused(&update), [code], "{is}");
    }
    let turned = |one: &str| changed(FORM_STREAM, "/BBox", &format!("/Matrix [{one} 0 0 1 0 0] /BBox"));
    let update = signed_with("", &[(12, &turned("1"))]).revision(&[(12, &turned("1.0"))]);
    assert_eq!(unclear(&update), ["change-rewritten"]);
}

#[test]
fn an_entry_that_leads_nowhere_is_one() {
    let page = changed(PAGE, "/Contents", "/CropBox 50 0 R /Contents");
    let font = |more: &str| format!("<< /Type /Font /Subtype /Type1 /BaseFont /Courier {more} >>");
    for (object, code) in [
        ((3, &page), "change-page-properties"),
        ((5, &font("/Widths 50 0 R")), "change-font"),
        ((5, &font("/Widths null")), "change-font"),
    ] {
        let update = signed("").revision(&[(object.0, object.1)]);
        assert_eq!(refused(&update), [code], "{}", object.1);
    }
    // One that was there stays what it was.
    let update = signed_with("", &[(3, &page)]).revision(&[(3, &page)]);
    assert_eq!(difference(&update).changes, []);

    // Under another generation the number leads nowhere, and some readers look for the number alone.
    let page = changed(PAGE, "4 0 R", "[4 0 R 50 1 R]");
    let update = signed_with("", &[(3, &page)]).revision(&[(50, STREAM)]);
    assert_eq!(refused(&update), ["change-page-content"]);
}

#[test]
fn layers_are_known_by_their_number() {
    const LAYER: &str = "<< /Type /OCG /Name (Hidden) >>";
    let catalog = |off: &str| {
        let layers = format!("/OCProperties << /OCGs [20 0 R] /D << /OFF [{off}] >> >> /Type /Catalog");
        changed(CATALOG, "/Type /Catalog", &layers)
    };
    let page = |layer: &str| changed(PAGE, "/Font", &format!("/Properties << /L {layer} >> /Font"));
    let (hidden, seen) = (catalog("20 0 R"), page("20 0 R"));
    let base = signed_with("", &[(1, &hidden), (3, &seen), (20, LAYER)]);
    for (object, layer) in [
        ((1, catalog("21 0 R")), LAYER),
        ((1, catalog("21 0 R")), "20 0 R"),
        ((1, catalog(LAYER)), "null"),
        ((3, page("21 0 R")), LAYER),
        ((3, page(LAYER)), "null"),
    ] {
        let update = base.clone().revision(&[(object.0, &object.1), (21, layer)]);
        assert_eq!(refused(&update), ["change-optional-content"], "{}", object.1);
    }
    let again = base.revision(&[(1, &hidden), (3, &seen)]);
    assert_eq!(difference(&again).changes, []);
}

#[test]
fn what_cannot_be_read_is_the_same_where_it_is_signed() {
    const TWICE: &str = "<< /A 1 /A 2 >>";
    let update = signed_with("", &[(12, TWICE)]).revision(&[(30, "(x)")]);
    assert_eq!(unclear(&update), ["change-rewritten"]);

    // It was said to lie behind what was signed, and comes later.
    let mut shadow = signed("");
    let end = shadow.bytes.len();
    let row = |at: usize| format!("\n12 1\n{at:010} 00000 n ");
    let head = b"12 0 obj\n";
    let at = shadow
        .bytes
        .windows(head.len())
        .position(|part| part == head)
        .unwrap();
    let place = row(at);
    let place = shadow
        .bytes
        .windows(place.len())
        .position(|part| part == place.as_bytes())
        .unwrap();
    shadow.bytes[place..place + row(end).len()].copy_from_slice(row(end).as_bytes());
    shadow
        .bytes
        .extend(format!("12 0 obj\n{TWICE}\nendobj\n").into_bytes());
    let found = refused(&shadow.revision(&[(30, "(x)")]));
    assert_eq!(found, ["change-unseen-revision"]);
}

#[test]
fn what_merely_stands_in_a_list_is_judged_as_what_it_is() {
    let black = changed(STREAM, "0 g", "1 g");
    let form = changed(FORM, "9 0 R]", "9 0 R 4 0 R]");
    let found = refused(&signed_with("", &[(6, &form)]).revision(&[(4, &black)]));
    assert!(found.contains(&"change-page-content"), "{found:?}");
    let page = changed(PAGE, "9 0 R]", "9 0 R 4 0 R]");
    let found = refused(&signed_with("", &[(3, &page)]).revision(&[(4, &black)]));
    assert!(found.contains(&"change-page-content"), "{found:?}");
    // An array of contents.
    let page = changed(&page, "/Contents 4 0 R", "/Contents 15 0 R").replace("9 0 R 4 0 R]", "9 0 R 15 0 R]");
    let base = signed_with("", &[(3, &page), (15, "[4 0 R]")]);
    let found = refused(&base.revision(&[(15, "[30 0 R]"), (30, &black)]));
    assert!(found.contains(&"change-page-content"), "{found:?}");

    // A field whose entries are the pictures of the page.
    let page = changed(PAGE, "<< /X 12 0 R >>", "9 0 R");
    let field = changed(SECOND, "/FT", "/MK 12 0 R /FT");
    let sealed = changed(&field, "12 0 R", "31 0 R").replace("/FT", "/V 30 0 R /FT");
    let base = signed_with("", &[(3, &page), (9, &field)]);
    let found = refused(&base.revision(&[(9, &sealed), (30, "<< SIG >>"), (31, &black)]));
    assert!(found.contains(&"change-resources"), "{found:?}");
}

#[test]
fn filters_are_compared_to_their_ends() {
    let content = "<< /Filter [15 0 R] /Length 11 >>\nstream\n3020672053>\nendstream";
    let base = signed_with("", &[(4, content), (15, "/ASCIIHexDecode")]);
    assert_eq!(
        refused(&base.revision(&[(15, "/ASCII85Decode")])),
        ["change-page-content"]
    );
}
