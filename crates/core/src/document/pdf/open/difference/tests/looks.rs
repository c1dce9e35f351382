//! Looks that do not show the value, and such as are laid over the page.

use super::*;

const FILLED: &str = "<< /Type /Annot /Subtype /Widget /FT /Tx /T (Remark) /V (100) /Rect [10 10 90 30] /P 3 0 R \
    /AP << /N 20 0 R >> >>";
const PLAIN: &str = "BT /F1 9 Tf 2 5 Td (100) Tj ET";

/// A look with other entries, and a content.
fn look(entries: &str, content: &str) -> String {
    format!(
        "<< /Subtype /Form {entries} /Length {} >>\nstream\n{content}\nendstream",
        content.len()
    )
}

fn worst(objects: &[(u32, &str)]) -> Standing {
    difference(&signed("").revision(objects)).worst()
}

#[test]
fn operators_have_their_operands_and_no_others() {
    let entries = "/BBox [0 0 80 20] /Resources << /Font << /F1 5 0 R /F2 21 0 R >> >>";
    let swapped =
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding << /Differences [49 /nine] >> >>";
    let shown = |content: &str| worst(&[(8, FILLED), (20, &look(entries, content)), (21, swapped)]);
    for content in [
        PLAIN,
        "BT /F1 9 Tf [(1) -20 (00)] TJ ET",
        "BT /F1 9 Tf 9 TL 2 14 Td (100) ' ET 0 g",
        "/Tx BMC /Span << /MCID 0 >> BDC 1 0 0 1 0 0 cm q 0 0 80 20 re W n BT /F1 9 Tf 0 g (100) Tj ET Q EMC EMC",
        "[3 1] 0 d 1 J 0 j 10 M 1 w 0 G 0 0 0 RG 0 0 80 20 re S BT /F1 9 Tf (100) Tj ET",
    ] {
        assert_eq!(shown(content), Standing::Permitted, "{content}");
    }
    for content in [
        "BT /F1 9 Tf (1) Tj [(00)] Tj ET",
        "BT /F1 9 Tf (1) Tj (00) TJ ET",
        "BT /F1 9 Tf [(1) /F1 (00)] TJ ET",
        "BT /F1 9 Tf (100) 0 Tj ET",
        "BT /F1 9 /F2 9 Tf (100) Tj ET",
        "BT /F1 9 0 Tf (100) Tj ET",
        "BT /F1 9 Tf 2 5 null Td (100) Tj ET",
        "BT /F1 9 Tf 1 0 0 1 2 5 null Tm (100) Tj ET",
        "BT /F1 9 Tf 9 null TL (100) Tj ET",
        "1 0 0 1 0 0 null cm BT /F1 9 Tf (100) Tj ET",
        "0 0 80 20 null re W n BT /F1 9 Tf (100) Tj ET",
        "0 0 80 20 re W 0 n BT /F1 9 Tf (100) Tj ET",
        "0 0 80 20 re -99 w S BT /F1 9 Tf (100) Tj ET",
        "0 null g BT /F1 9 Tf (100) Tj ET",
        "0 0 RG BT /F1 9 Tf (100) Tj ET",
        "/OC /L BDC BT /F1 9 Tf (100) Tj ET EMC",
        "/X /OC /L BDC BT /F1 9 Tf (100) Tj ET EMC",
        "/X BDC BT /F1 9 Tf (100) Tj ET EMC",
        "/Tx 0 BMC BT /F1 9 Tf (100) Tj ET EMC",
        "[3 /x] 0 d BT /F1 9 Tf (100) Tj ET",
    ] {
        assert_eq!(shown(content), Standing::Unclear, "{content}");
    }
}

#[test]
fn places_codes_and_colours_are_told_in_one_way() {
    let fonts = "/Font << /F1 5 0 R >>";
    let shown = |entries: &str| worst(&[(8, FILLED), (20, &look(entries, PLAIN))]);
    for (entries, expected) in [
        ("/BBox [0 0 80 20]", Standing::Permitted),
        ("/BBox [0 0 80 20] /Matrix [1 0 0 1 0 0]", Standing::Permitted),
        ("/BBox [0 0 80 20 0]", Standing::Unclear),
        ("/BBox [0 0 null 80 20]", Standing::Unclear),
        ("/BBox [0 0 80 20] /Matrix [1 0 0 1 0 0 0]", Standing::Unclear),
        ("/BBox [0 0 80 20] /Matrix [1 0 0 1 0 null 0]", Standing::Unclear),
    ] {
        let entries = format!("{entries} /Resources << {fonts} >>");
        assert_eq!(shown(&entries), expected, "{entries}");
    }
    for (spaces, expected) in [
        ("/Cs1 [/CalGray << /WhitePoint [1 1 1] >>]", Standing::Permitted),
        (
            "/DefaultGray [/Separation /X /DeviceGray 30 0 R]",
            Standing::Unclear,
        ),
        (
            "/DeviceGray [/Separation /X /DeviceGray 30 0 R]",
            Standing::Unclear,
        ),
    ] {
        let entries = format!("/BBox [0 0 80 20] /Resources << {fonts} /ColorSpace << {spaces} >> >>");
        assert_eq!(shown(&entries), expected, "{spaces}");
    }
    // A place that is none is somewhere to some.
    let lost = changed(FILLED, "90 30]", "90 30 0]");
    let before = lost.replace("/V (100)", "").replace("20 0 R", "13 0 R");
    let entries = format!("/BBox [0 0 80 20] /Resources << {fonts} >>");
    let found = signed_with("", &[(8, &before)]).revision(&[(8, &lost), (20, &look(&entries, PLAIN))]);
    assert_eq!(difference(&found).worst(), Standing::Unclear);

    let entries = "/BBox [0 0 80 20] /Resources << /Font << /F1 21 0 R >> >>";
    let encoded = |more: &str| {
        let font = format!("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica {more} >>");
        worst(&[
            (8, FILLED),
            (20, &look(entries, PLAIN)),
            (21, &font),
            (30, "49"),
            (31, "/one"),
        ])
    };
    let widths = "/Widths [556 556]";
    for (more, expected) in [
        ("/Encoding << /Differences [30 0 R /one] >>", Standing::Permitted),
        ("/Encoding << /Differences [49 31 0 R] >>", Standing::Permitted),
        ("/Encoding << /Differences [30 0 R /nine] >>", Standing::Unclear),
        ("/Encoding << /Differences [49.0 /nine] >>", Standing::Unclear),
        (
            "/Encoding << /Differences [200 /bullet 49.0] >>",
            Standing::Unclear,
        ),
        (&format!("/FirstChar 48 {widths}"), Standing::Permitted),
        (&format!("/FirstChar 48.0 {widths}"), Standing::Unclear),
    ] {
        assert_eq!(encoded(more), expected, "{more}");
    }
}

#[test]
fn what_is_filled_in_does_not_stand_for_the_page() {
    // Two fields of a page of 600 by 800 points, whose looks have a ground or none.
    let grounds = ["", "1 g 0 0 80 20 re f 0 g"];
    let form = changed(FORM, "9 0 R]", "9 0 R 15 0 R]");
    let page = changed(PAGE, "9 0 R]", "9 0 R 15 0 R]");
    let field = |name: &str, rect: &str| {
        let field = changed(FILLED, "(Remark)", &format!("({name})"));
        changed(&field, "10 10 90 30", rect)
    };
    let worst = |[one, two]: [&str; 2], ground: &str| {
        let (one, two) = (field("Remark", one), field("Other", two));
        let before = |field: &str| field.replace("/V (100)", "").replace("20 0 R", "13 0 R");
        let content = format!("{ground} {PLAIN}");
        let entries = "/BBox [0 0 80 20] /Resources << /Font << /F1 5 0 R >> >>";
        let signed = signed_with(
            &mdp(2),
            &[(3, &page), (6, &form), (8, &before(&one)), (15, &before(&two))],
        );
        let filled = signed.revision(&[(8, &one), (15, &two), (20, &look(entries, &content))]);
        difference(&filled).worst()
    };
    let small = "10 10 90 30";
    for ground in grounds {
        assert_eq!(worst([small, small], ground), Standing::Permitted);
        assert_eq!(worst([small, "0 0 600 800"], ground), Standing::Unclear);
    }
    let half = ["0 0 300 300", "300 0 600 300"];
    assert_eq!(worst(half, grounds[0]), Standing::Permitted);
    assert_eq!(worst(half, grounds[1]), Standing::Unclear);

    // A box to tick is a mark; one look of a large button may be another contract.
    for (rect, expected) in [
        ("10 10 30 30", Standing::Permitted),
        ("10 10 71 30", Standing::Unclear),
    ] {
        let before = format!(
            "<< /Type /Annot /Subtype /Widget /FT /Btn /T (Remark) /Rect [{rect}] /P 3 0 R /AS /Off \
             /AP << /N << /Yes 12 0 R /Off 13 0 R >> >> >>"
        );
        let chosen = changed(&before, "/AS /Off", "/AS /Yes /V /Yes");
        let found = difference(&signed_with("", &[(8, &before)]).revision(&[(8, &chosen)]));
        assert_eq!(found.worst(), expected, "{rect}");
    }
}
