//! Objects written anew in a way that readers take in different ways.

use super::*;

#[test]
fn content_that_goes_on_for_some_readers_is_refused() {
    // The content of the page, encoded, with an end that every reader sees: the same, though nobody writes it anew.
    let anew = |filter: &str, stream: &str, length: usize| {
        format!("<< /Filter /{filter} /Length {length} >>\n{stream}\nendstream")
    };
    let good = [
        anew("ASCIIHexDecode", "stream\n3020672053>", 11),
        anew("ASCII85Decode", "stream\n0Hb!N;Z~>", 9),
    ];
    for good in &good {
        let found = difference(&signed("").revision(&[(4, good)]));
        let kinds: Vec<&str> = found.changes.iter().map(|change| change.kind.code()).collect();
        assert_eq!(
            (kinds, found.worst()),
            (vec!["change-rewritten"], Standing::Unclear),
            "{good}"
        );
    }
    for bad in [
        // A comment to those who believe the length.
        anew("ASCIIHexDecode", "stream\n3020672053\n%20312067>", 10),
        anew("ASCIIHexDecode", "stream \n3020672053\n%20312067>", 12),
        // No end in it at all.
        anew("ASCIIHexDecode", "stream\n3020672053", 10),
        anew("ASCIIHexDecode", "stream \n3020672053>", 13),
    ] {
        let found = refused(&signed("").revision(&[(4, &bad)]));
        assert_eq!(found, ["change-page-content"], "{bad}");
    }
}

#[test]
fn parameters_put_where_nobody_looks_for_them_are_a_change() {
    let picture = |filter: &str| {
        format!("<< /Subtype /Image /Width 4 /Height 1 {filter} /Length 5 >>\nstream\n0 g S\nendstream")
    };
    let with = |before: &str, after: &str| {
        let before = picture(before);
        refused(&signed_with("", &[(12, &before)]).revision(&[(12, &picture(after))]))
    };
    let known = "/Filter /FlateDecode /DecodeParms << /Predictor 15 /Columns 4 >>";
    assert_eq!(with(known, known), [""; 0]);
    for moved in [
        "/Filter [/FlateDecode] /DecodeParms << /Predictor 15 /Columns 4 >>",
        "/Filter /FlateDecode /DecodeParms [<< /Predictor 15 /Columns 4 >>]",
    ] {
        assert_eq!(with(known, moved), ["change-resources"], "{moved}");
    }
}

#[test]
fn a_page_that_becomes_a_node_is_refused() {
    let kids = changed(PAGE, "/Contents", "/Kids [] /Contents");
    let found = refused(&signed(&mdp(1)).revision(&[(3, &kids)]));
    assert_eq!(found, ["change-page-tree"]);
}
