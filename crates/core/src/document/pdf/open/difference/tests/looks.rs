//! Looks that do not show the value, and such as are laid over the page.

use super::*;

const FILLED: &str = "<< /Type /Annot /Subtype /Widget /FT /Tx /T (Remark) /V (100) /Rect [10 10 90 30] /P 3 0 R /F 4 \
    /MK << /BG [1] /BC [0] >> /AP << /N 20 0 R >> >>";
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
        "/Tx BMC 1 0 0 1 0 0 cm q 0 0 80 20 re W n BT /F1 9 Tf 0 g (100) Tj ET Q EMC",
        "[3 1] 0 d 1 J 0 j 10 M 1 w 0 G 0 0 0 RG 0 0 80 20 re S BT /F1 9 Tf 2 5 Td (100) Tj ET",
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
        "/Span << /ActualText (999) >> BDC BT /F1 9 Tf (100) Tj ET EMC",
        "/Tx 0 BMC BT /F1 9 Tf (100) Tj ET EMC",
        "[3 /x] 0 d BT /F1 9 Tf (100) Tj ET",
    ] {
        assert_eq!(shown(content), Standing::Unclear, "{content}");
    }
}

#[test]
fn shaded_borders_keep_to_their_sides() {
    let shown = |content: &str| {
        let entries = "/BBox [0 0 80 20] /Resources << /Font << /F1 5 0 R >> >>";
        worst(&[
            (8, FILLED),
            (20, &look(entries, &format!("{content} 0 g {PLAIN}"))),
        ])
    };
    for (content, expected) in [
        // As PDFium and iText draw an inset border.
        (
            "1 g 0 0 80 20 re f .5 g 1 1 m 1 19 l 79 19 l 78 18 l 2 18 l 2 2 l f .75 g 79 19 m 79 1 l 1 1 l 2 2 l 78 2 l 78 18 l f",
            Standing::Permitted,
        ),
        // From one corner to the other, over all that is between.
        ("1 1 m 1 19 l 79 19 l 78 18 l 2 2 l f", Standing::Unclear),
        ("1 1 m 1 19 l 79 19 l 79 19 l 40 10 l 1 1 l f", Standing::Unclear),
        ("1 1 m 79 19 l 79 1 l 79 2 l 78 18 l 1 1 l f", Standing::Unclear),
        // As wide as the letters.
        ("1 1 m 1 19 l 79 19 l 73 13 l 7 13 l 7 2 l f", Standing::Unclear),
        ("1 1 m 1 19 l 79 19 l 78 18 l 2 18 l 2 2 l S", Standing::Unclear),
        ("1 1 m 1 19 l 79 19 l 78 18 l 2 18 l 2 2 l W n", Standing::Unclear),
        (
            "1 1 m 1 19 l 79 19 l 78 18 l 2 18 l 2 2 l 3 3 l f",
            Standing::Unclear,
        ),
    ] {
        assert_eq!(shown(content), expected, "{content}");
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
        (
            &format!("/FirstChar 48 /LastChar 49 {widths}"),
            Standing::Permitted,
        ),
        (
            "/FirstChar 48 /LastChar 49 /Widths [510 610]",
            Standing::Permitted,
        ),
        ("/FirstChar 48 /LastChar 49 /Widths [490 556]", Standing::Unclear),
        // Letters beyond the last one stated are heaped on one another.
        (&format!("/FirstChar 48 /LastChar 48 {widths}"), Standing::Unclear),
        (&format!("/FirstChar 48 {widths}"), Standing::Unclear),
        ("/FontDescriptor << /FontName /Helvetica >>", Standing::Permitted),
        ("/FontDescriptor << /FontName /Symbol >>", Standing::Unclear),
        ("/FontDescriptor 13 0 R", Standing::Unclear),
        // Of one letter, one viewer concludes for all.
        (
            "/FirstChar 48 /LastChar 50 /Widths [556 556 150]",
            Standing::Unclear,
        ),
        ("/ToUnicode 13 0 R", Standing::Unclear),
        (
            &format!("/FirstChar 48.0 /LastChar 49 {widths}"),
            Standing::Unclear,
        ),
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
            "<< /Type /Annot /Subtype /Widget /FT /Btn /T (Remark) /Rect [{rect}] /P 3 0 R /F 4 /AS /Off \
             /AP << /N << /Yes 12 0 R /Off 13 0 R >> >> >>"
        );
        let chosen = changed(&before, "/AS /Off", "/AS /Yes /V /Yes");
        let found = difference(&signed_with("", &[(8, &before)]).revision(&[(8, &chosen)]));
        assert_eq!(found.worst(), expected, "{rect}");
    }
}

#[test]
fn a_plain_look_is_whole_and_in_one_hand() {
    let entries = "/BBox [0 0 80 20] /Resources << /Font << /F1 5 0 R >> >>";
    let shown = |field: &str, content: &str| {
        let before = field
            .replace("/V (100)", "")
            .replace("/V (1,00)", "")
            .replace("20 0 R", "13 0 R");
        let base = signed_with("", &[(8, &before)]);
        difference(&base.revision(&[(8, field), (20, &look(entries, content))])).worst()
    };
    for content in [
        // Grounds and borders that are clipped, and such as reach into the field.
        "q 2 5 1 9 re W n 0 g 0 0 80 20 re f Q q 0 0 .01 .01 re W n 1 g 0 0 80 20 re f Q BT /F1 9 Tf 0 g 5 5 Td (100) Tj ET",
        "q 2 2 4 9 re W n 1 w -5 7 90 40 re S Q BT /F1 9 Tf 5 5 Td (100) Tj ET",
        "1 w 0 4 80 20 re S BT /F1 9 Tf 2 5 Td (100) Tj ET",
        "4 w 0 0 80 20 re S BT /F1 9 Tf 5 5 Td (100) Tj ET",
        "1 w 2 2 76 16 re S BT /F1 9 Tf 2 5 Td (100) Tj ET",
        // Other colours and sizes, and such as are hardly seen.
        "BT /F1 9 Tf .8 g 2 5 Td (100) Tj ET",
        "BT /F1 9 Tf 0 g 2 5 Td (1) Tj .2 g (00) Tj ET",
        "BT /F1 9 Tf 2 5 Td (1) Tj /F1 5 Tf (00) Tj ET",
        "BT /F1 3 Tf 2 5 Td (100) Tj ET",
        "1 g 0 0 80 20 re f .7 g BT /F1 9 Tf 2 5 Td (100) Tj ET",
        // Letters cut off.
        "q 0 6 80 14 re W n BT /F1 9 Tf 2 5 Td (100) Tj ET Q",
        "q 0 0 80 10 re W n BT /F1 9 Tf 2 5 Td (100) Tj ET Q",
        "BT /F1 9 Tf 2 -1 Td (100) Tj ET",
        "BT /F1 9 Tf 4 TL 2 12 Td (1) Tj (00) ' ET",
    ] {
        assert_eq!(shown(FILLED, content), Standing::Unclear, "{content}");
    }
    // The tail of a comma tells it from a point.
    let sum = FILLED.replace("(100)", "(1,00)");
    let content = |clip: &str| format!("q 0 {clip} 80 20 re W n BT /F1 9 Tf 2 5 Td (1,00) Tj ET Q");
    assert_eq!(shown(&sum, &content("3.6")), Standing::Permitted);
    assert_eq!(shown(&sum, &content("4")), Standing::Unclear);
    // Where the signer gave no ground and no border, what lies below was seen.
    for (given, ground, border) in [
        (
            "/MK << /BG [1] /BC [0] >>",
            Standing::Permitted,
            Standing::Permitted,
        ),
        ("/MK << /BG [] /BC [] >>", Standing::Unclear, Standing::Unclear),
        ("/MK << /BC [0] >>", Standing::Unclear, Standing::Permitted),
        ("", Standing::Unclear, Standing::Unclear),
    ] {
        let field = changed(FILLED, "/MK << /BG [1] /BC [0] >>", given);
        assert_eq!(shown(&field, PLAIN), Standing::Permitted);
        assert_eq!(
            shown(&field, &format!("1 g 0 0 80 20 re f 0 g {PLAIN}")),
            ground,
            "{given}"
        );
        assert_eq!(
            shown(&field, &format!(".5 .5 79 19 re S {PLAIN}")),
            border,
            "{given}"
        );
    }
    // A look that is a picture to some.
    let worst = |entries: &str| worst(&[(8, FILLED), (20, &look(entries, PLAIN))]);
    for (entry, expected) in [
        ("/FormType 1", Standing::Permitted),
        ("/Width 80 /Height 20", Standing::Unclear),
        ("/OC 14 0 R", Standing::Unclear),
    ] {
        assert_eq!(worst(&format!("{entries} {entry}")), expected, "{entry}");
    }
    let picture = look(entries, PLAIN).replace("/Form ", "/Image ");
    let found = difference(&signed("").revision(&[(8, FILLED), (20, &picture)]));
    assert_eq!(found.worst(), Standing::Unclear);
}

#[test]
fn a_field_states_what_all_viewers_show() {
    let entries = "/BBox [0 0 80 20] /Resources << /Font << /F1 5 0 R >> >>";
    let filled = |more: &str, looked: &str| {
        let field = changed(FILLED, "/F 4", &format!("/F 4 {more}"));
        let before = field.replace("/V (100)", "").replace("20 0 R", "13 0 R");
        let content = format!("BT /F1 9 Tf 2 5 Td ({looked}) Tj ET");
        let base = signed_with("", &[(8, &before)]);
        difference(&base.revision(&[(8, &field), (20, &look(entries, &content))])).worst()
    };
    for (more, expected) in [
        ("/MaxLen 3", Standing::Permitted),
        ("/MaxLen 2", Standing::Unclear),
        ("/Ff 4096", Standing::Permitted),
        ("/Ff 8192", Standing::Unclear),
        ("/RV (<p>1</p>)", Standing::Unclear),
        ("/OC 14 0 R", Standing::Unclear),
    ] {
        assert_eq!(filled(more, "100"), expected, "{more}");
    }
    for flags in ["/F 2", "/F 6", "/F 36"] {
        let field = changed(FILLED, "/F 4", flags);
        let before = field.replace("/V (100)", "").replace("20 0 R", "13 0 R");
        let base = signed_with("", &[(8, &before)]);
        let found = difference(&base.revision(&[(8, &field), (20, &look(entries, PLAIN))]));
        assert_eq!(found.worst(), Standing::Unclear, "{flags}");
    }
    // A choice shows the label of its value.
    let chosen = |options: &str, more: &str, looked: &str| {
        let field = changed(FILLED, "/FT /Tx", &format!("/FT /Ch /Opt [{options}]"));
        let before = field.replace("/V (100)", "").replace("20 0 R", "13 0 R");
        let field = changed(&field, "/F 4", &format!("/F 4 {more}"));
        let content = format!("BT /F1 9 Tf 2 5 Td ({looked}) Tj ET");
        let base = signed_with("", &[(8, &before)]);
        difference(&base.revision(&[(8, &field), (20, &look(entries, &content))])).worst()
    };
    for (options, more, looked, expected) in [
        ("(100) (999)", "", "100", Standing::Permitted),
        ("(100) (999)", "/I [0]", "100", Standing::Permitted),
        ("(100) (999)", "/I [1]", "100", Standing::Unclear),
        ("[(100) (999)]", "", "999", Standing::Permitted),
        ("[(100) (999)]", "", "100", Standing::Unclear),
        ("(1) (999)", "", "100", Standing::Unclear),
    ] {
        assert_eq!(
            chosen(options, more, looked),
            expected,
            "{options} {more} {looked}"
        );
    }
}

#[test]
fn a_value_without_a_look_is_drawn_whole() {
    let form = |font: &str| {
        changed(
            FORM,
            "/SigFlags",
            &format!("/DR << /Font << /F1 {font} >> >> /SigFlags"),
        )
    };
    let drawn = |more: &str, value: &str, font: &str| {
        let before = changed(FILLED, "/AP << /N 20 0 R >>", more).replace("/V (100)", "");
        let filled = before.replace("/P 3 0 R", &format!("/P 3 0 R /V ({value})"));
        let base = signed_with("", &[(6, &form(font)), (8, &before)]);
        difference(&base.revision(&[(8, &filled)])).worst()
    };
    let (plain, given) = ("/DA (/F1 9 Tf 0 g)", "5 0 R");
    let glyphs = "<< /Type /Font /Subtype /Type3 >>";
    for (more, value, font, expected) in [
        (plain, "100", given, Standing::Permitted),
        (plain, "", given, Standing::Permitted),
        (plain, "100 EUR", given, Standing::Permitted),
        (plain, "100 EUR and more", given, Standing::Unclear),
        (plain, "100  EUR", given, Standing::Unclear),
        (plain, "100", glyphs, Standing::Unclear),
        ("/DA (/F1 9 Tf 1 g)", "100", given, Standing::Unclear),
        ("/DA (/F1 1 Tf 0 g)", "100", given, Standing::Unclear),
        ("/DA (/F1 0 Tf 0 g)", "100", given, Standing::Permitted),
        ("/DA (/F2 9 Tf 0 g)", "100", given, Standing::Permitted),
        ("/DA (/Dingbats 9 Tf 0 g)", "100", given, Standing::Unclear),
        ("", "100", given, Standing::Unclear),
        (
            "/Ff 4096 /DA (/F1 8 Tf 0 g)",
            "100\\r00",
            given,
            Standing::Permitted,
        ),
        (
            "/Ff 4096 /DA (/F1 9 Tf 0 g)",
            "1\\r0\\r0",
            given,
            Standing::Unclear,
        ),
    ] {
        assert_eq!(drawn(more, value, font), expected, "{more} {value}");
    }
}

#[test]
fn what_is_filled_in_stands_upright() {
    let entries = |matrix: &str| format!("/BBox [0 0 80 20] {matrix} /Resources << /Font << /F1 5 0 R >> >>");
    let (upright, over) = ("", "/Matrix [-1 0 0 -1 80 20]");
    for (page, widget, matrix, expected) in [
        (0, 0, upright, Standing::Permitted),
        (180, 0, upright, Standing::Unclear),
        (180, 180, upright, Standing::Unclear),
        (180, 180, over, Standing::Permitted),
        (0, 180, over, Standing::Unclear),
        (0, 0, over, Standing::Unclear),
    ] {
        let page = changed(PAGE, "/Contents", &format!("/Rotate {page} /Contents"));
        let field = changed(FILLED, "/BG", &format!("/R {widget} /BG"));
        let before = field.replace("/V (100)", "").replace("20 0 R", "13 0 R");
        let base = signed_with("", &[(3, &page), (8, &before)]);
        let filled = base.revision(&[(8, &field), (20, &look(&entries(matrix), PLAIN))]);
        assert_eq!(difference(&filled).worst(), expected, "{page} {widget} {matrix}");
    }
}

#[test]
fn a_ticked_box_hides_nothing() {
    let ticked = |given: &str, content: &str| {
        let before = format!(
            "<< /Type /Annot /Subtype /Widget /FT /Btn /T (Remark) /Rect [10 10 30 30] /P 3 0 R /F 4 /AS /Off {given} \
             /AP << /N << /Yes 20 0 R /Off 13 0 R >> >> >>"
        );
        let chosen = changed(&before, "/AS /Off", "/AS /Yes /V /Yes");
        let yes = look("/BBox [0 0 20 20]", content);
        difference(&signed_with("", &[(8, &before), (20, &yes)]).revision(&[(8, &chosen)])).worst()
    };
    let mark = "0 g BT /ZaDb 18 Tf 2 4 Td (3) Tj ET 2 w 0 0 20 20 re S";
    let ground = "1 g 0 0 20 20 re f 0 g BT /F1 9 Tf (999) Tj ET";
    for (given, content, expected) in [
        ("", mark, Standing::Permitted),
        ("", ground, Standing::Unclear),
        ("", "/GS1 gs 0 0 20 20 re f", Standing::Unclear),
        ("/MK << /BG [1] >>", ground, Standing::Permitted),
    ] {
        assert_eq!(ticked(given, content), expected, "{given} {content}");
    }
}
