//! Fields that come, are signed or change, by what of them is seen and by who may.

use super::{super::*, *};

/// A new signature field on the page, with what it needs.
fn with_field(base: Writer, field: &str, more: &[(u32, &str)]) -> Writer {
    let (page, form) = (
        changed(PAGE, "9 0 R]", "9 0 R 20 0 R]"),
        changed(FORM, "9 0 R]", "9 0 R 20 0 R]"),
    );
    let field = format!("<< /Type /Annot /Subtype /Widget /FT /Sig /T (Third) /P 3 0 R {field} >>");
    let mut objects = vec![(3, &page[..]), (6, &form), (20, &field)];
    objects.extend(more);
    base.revision(&objects)
}

fn standing(writer: &Writer) -> Standing {
    difference(writer).worst()
}

const LARGE: &str = "<< /Subtype /Form /BBox [0 0 600 800] /Length 5 >>\nstream\n0 g f\nendstream";
const SILENT: &str = "<< /Subtype /Form /BBox [0 0 600 800] /Length 9 >>\nstream\nq % no\n Q\nendstream";

#[test]
fn what_draws_is_seen_wherever_it_is_said_to_be() {
    let places = [
        "[0 0 0 0]",
        "[9 9 9 40]",
        "[595 842 null null]",
        "[0 0 1]",
        "[0 null 595 842 595.01]",
        "null",
    ];
    for place in places {
        let field = format!("/Rect {place} /V 21 0 R /AP << /N 22 0 R >>");
        let found =
            |base: Writer, look: &str| standing(&with_field(base, &field, &[(21, "<< SIG >>"), (22, look)]));
        for base in [signed(""), signed(&mdp(2))] {
            assert_eq!(found(base.clone(), LARGE), Standing::Forbidden, "{place}");
            // Where there is no rectangle at all, some mark a place that they find themselves.
            let is_place = matches!(place, "[0 0 0 0]" | "[9 9 9 40]");
            let silent = if is_place {
                Standing::Permitted
            } else {
                Standing::Unclear
            };
            assert_eq!(found(base, SILENT), silent, "{place}");
        }
    }
    // Viewers draw backgrounds and borders themselves, and some a flag; nobody stands behind those of an empty field.
    for (drawn, expected) in [
        ("/MK << /BG [1 1 1] >>", Standing::Unclear),
        ("/BS << /W 9 >>", Standing::Unclear),
        ("/Border [0 0 9]", Standing::Unclear),
        ("/Border [0 0 0] /MK << >>", Standing::Unclear),
        ("/Border [0 0 0] /F 2", Standing::Permitted),
    ] {
        let field = format!("/Rect [300 10 400 60] {drawn}");
        assert_eq!(
            standing(&with_field(signed(""), &field, &[])),
            expected,
            "{drawn}"
        );
    }
}

#[test]
fn a_place_that_was_laid_out_without_extent_is_none() {
    let empty = changed(SECOND, "[100 10 190 60]", "[0 0 0 0]");
    let base = signed_with("", &[(9, &empty)]);
    let with_look = changed(&empty, "/FT /Sig", "/FT /Sig /V 20 0 R /AP << /N 22 0 R >>");
    for (look, expected) in [(LARGE, Standing::Unclear), (SILENT, Standing::Permitted)] {
        let objects = [(9, &with_look[..]), (20, "<< SIG >>"), (22, look)];
        assert_eq!(standing(&base.clone().revision(&objects)), expected, "{look}");
    }
}

#[test]
fn a_place_that_was_laid_out_as_large_as_the_page_is_looked_at() {
    let page = changed(SECOND, "[100 10 190 60]", "[0 40 600 800]");
    let base = signed_with("", &[(9, &page)]);
    for (value, look, expected) in [
        ("<< SIG >>", LARGE, Standing::Unclear),
        ("<< STAMP >>", LARGE, Standing::Unclear),
        ("<< SIG >>", SILENT, Standing::Permitted),
    ] {
        let filled = changed(&page, "/FT /Sig", "/FT /Sig /V 20 0 R /AP << /N 22 0 R >>");
        let objects = [(9, &filled[..]), (20, value), (22, look)];
        assert_eq!(standing(&base.clone().revision(&objects)), expected, "{value}");
    }
}

#[test]
fn timestamps_that_are_not_seen_may_always_come() {
    for (field, expected) in [
        ("/Rect [0 0 0 0]", Standing::Permitted),
        // Some mark it.
        ("/Rect [300 10 400 60]", Standing::Unclear),
        (
            "/Rect [300 10 400 60] /F 2 /AP << /N 22 0 R >>",
            Standing::Permitted,
        ),
        (
            "/Rect [300 10 400 60] /F 32 /AP << /N 22 0 R >>",
            Standing::Forbidden,
        ),
        ("/Rect [0 0 0 0] /AP << /N 22 0 R >>", Standing::Forbidden),
    ] {
        let field = format!("{field} /V 21 0 R");
        let all = "/Reference [<< /TransformMethod /FieldMDP /TransformParams << /Action /All >> >>]";
        for base in [signed(&mdp(1)), signed(all)] {
            let objects = [(21, "<< STAMP >>"), (22, LARGE)];
            let needed = if field.contains("22 0 R") { 2 } else { 1 };
            let file = with_field(base, &field, &objects[..needed]);
            assert_eq!(standing(&file), expected, "{field}");
        }
    }
    // In a field that waits for a signature as well.
    let stamped = changed(SECOND, "/FT /Sig", "/FT /Sig /V 20 0 R");
    let stamped = signed(&mdp(1)).revision(&[(9, &stamped), (20, "<< STAMP >>")]);
    assert_eq!(standing(&stamped), Standing::Permitted);
}

#[test]
fn a_locked_field_is_not_signed() {
    let lock =
        |text: &str| format!("/Reference [<< /TransformMethod /FieldMDP /TransformParams << {text} >> >>]");
    let second = changed(SECOND, "/FT /Sig", "/FT /Sig /V 20 0 R");
    for (parameters, old, new) in [
        ("/Action /All", true, true),
        ("/Action /Include /Fields [(Second)]", true, false),
        ("/Action /Include /Fields [(Remark)]", false, false),
        ("/Action /Exclude /Fields [(Second)]", false, true),
    ] {
        let base = signed(&lock(parameters));
        let kept = refused(&base.clone().revision(&[(9, &second), (20, "<< SIG >>")]));
        assert_eq!(
            kept.contains(&"change-locked-field"),
            old,
            "{parameters}: {kept:?}"
        );
        for (field, more) in [
            ("/Rect [0 0 0 0] /V 21 0 R", &[(21, "<< SIG >>")][..]),
            ("/Rect [0 0 0 0]", &[]),
        ] {
            let added = refused(&with_field(base.clone(), field, more));
            assert_eq!(
                added.contains(&"change-locked-field"),
                new,
                "{parameters}: {added:?}"
            );
        }
    }
    // The level that Acrobat writes beside it.
    let closed = signed(&lock("/Action /Include /Fields [(Other)] /P 1"));
    let found = refused(&closed.revision(&[(9, &second), (20, "<< SIG >>")]));
    assert_eq!(found, ["change-signature-added"]);
}

#[test]
fn what_viewers_draw_fields_with_changes_what_they_show() {
    let plain = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>";
    let hostile = "<< /Type /Font /Subtype /Type3 >>";
    let filled = changed(TEXT, "/FT /Tx", "/FT /Tx /V (1000) /DA (/Helv 9 Tf)");
    let bare = changed(&filled, "/AP << /N 13 0 R >>", "");
    let with_fonts = changed(FORM, "/SigFlags", "/DR << /Font << /Helv 30 0 R >> >> /SigFlags");
    let found = |level: u8, field: &str, font: &str| {
        let base = signed_with(&mdp(level), &[(8, field)]);
        standing(&base.revision(&[(6, &with_fonts), (30, font)]))
    };
    assert_eq!(found(2, &bare, hostile), Standing::Unclear);
    assert_eq!(found(2, &bare, plain), Standing::Permitted);
    assert_eq!(found(2, &filled, hostile), Standing::Permitted);
    assert_eq!(found(1, &filled, plain), Standing::Permitted);
    assert_eq!(found(1, &filled, hostile), Standing::Forbidden);
    assert_eq!(found(1, &bare, plain), Standing::Forbidden);

    let drawn_by = changed(FORM, "/SigFlags", "/DA (/Helv 9 Tf 1 g) /SigFlags");
    let found = |level: u8, form: &str, field: &str| {
        let base = signed_with(&mdp(level), &[(6, form), (8, field)]);
        standing(&base.revision(&[(6, &drawn_by)]))
    };
    assert_eq!(found(1, FORM, &filled), Standing::Permitted);
    assert_eq!(found(1, FORM, &bare), Standing::Forbidden);
    assert_eq!(found(2, FORM, &bare), Standing::Unclear);
    let before = changed(&drawn_by, "1 g", "0 g");
    assert_eq!(found(2, &before, &bare), Standing::Forbidden);
    assert_eq!(found(2, &before, &filled), Standing::Forbidden);

    // All are drawn anew.
    let redrawn = changed(FORM, "/SigFlags", "/NeedAppearances true /SigFlags");
    for (level, expected) in [(2, Standing::Unclear), (1, Standing::Forbidden)] {
        assert_eq!(
            standing(&signed(&mdp(level)).revision(&[(6, &redrawn)])),
            expected
        );
    }
}

#[test]
fn signatures_cover_a_part_of_what_is_shown() {
    let look = |at: u32| format!("/V {at} 0 R /AP << /N 40 0 R >>");
    // A quarter of the page is all of what a smaller box shows of it.
    let cropped = changed(PAGE, "/Contents", "/CropBox [0 0 200 200] /Contents");
    let base = signed_with("", &[(3, &cropped)]);
    let page = changed(&cropped, "9 0 R]", "9 0 R 20 0 R]");
    let form = changed(FORM, "9 0 R]", "9 0 R 20 0 R]");
    let field = format!(
        "<< /Subtype /Widget /FT /Sig /T (Third) /P 3 0 R /Rect [60 60 190 190] {} >>",
        look(21)
    );
    let over = base.revision(&[
        (3, &page),
        (6, &form),
        (20, &field),
        (21, "<< SIG >>"),
        (40, LARGE),
    ]);
    assert_eq!(refused(&over), ["change-signature-over-face"]);

    // Each by itself is small enough; together they are more than half.
    let mut file = signed("");
    let (mut page, mut form) = (PAGE.to_owned(), FORM.to_owned());
    for (number, expected) in
        (20..)
            .step_by(2)
            .zip([Standing::Permitted, Standing::Permitted, Standing::Unclear])
    {
        for list in [&mut page, &mut form] {
            *list = changed(list, "0 R] ", &format!("0 R {number} 0 R] "));
        }
        let bottom = 70 + (number - 20) * 100;
        let field = format!(
            "<< /Subtype /Widget /FT /Sig /T (S{number}) /P 3 0 R /Rect [0 {bottom} 600 {}] {} >>",
            bottom + 190,
            look(number + 1)
        );
        file = file.revision(&[
            (3, &page),
            (6, &form),
            (number, &field),
            (number + 1, "<< SIG >>"),
            (40, LARGE),
        ]);
        assert_eq!(standing(&file), expected, "{number}");
    }
}

#[test]
fn a_signature_over_what_is_filled_in_is_for_a_person() {
    let filled = changed(TEXT, "/FT /Tx", "/FT /Tx /V (1000)");
    for (text, place, expected) in [
        (&filled[..], "[50 20 150 60]", Standing::Unclear),
        (&filled, "[90 10 150 60]", Standing::Permitted),
        (TEXT, "[50 20 150 60]", Standing::Permitted),
    ] {
        let field = format!("/Rect {place} /V 21 0 R /AP << /N 22 0 R >>");
        let base = signed_with("", &[(8, text)]);
        let file = with_field(base, &field, &[(21, "<< SIG >>"), (22, LARGE)]);
        assert_eq!(standing(&file), expected, "{place}");
    }
}

#[test]
fn who_signs_may_make_fields_read_only() {
    let signs = changed(SECOND, "/FT /Sig", "/FT /Sig /V 20 0 R");
    for (flags, level, expected) in [
        (1, 2, Standing::Permitted),
        (1, 1, Standing::Forbidden),
        (2, 2, Standing::Forbidden),
    ] {
        let text = changed(TEXT, "/FT /Tx", &format!("/FT /Tx /Ff {flags}"));
        let file = signed(&mdp(level)).revision(&[(8, &text), (9, &signs), (20, "<< SIG >>")]);
        assert_eq!(standing(&file), expected, "{flags} at {level}");
    }
    // Of the field that is signed: no longer locked, no longer printed, hidden.
    let flagged = changed(SECOND, "/FT /Sig", "/FT /Sig /F 132");
    for (flags, expected) in [
        ("/F 4", Standing::Permitted),
        ("", Standing::Unclear),
        ("/F 134", Standing::Forbidden),
    ] {
        let now = changed(&flagged, "/F 132", &format!("{flags} /V 20 0 R"));
        let file = signed_with("", &[(9, &flagged)]).revision(&[(9, &now), (20, "<< SIG >>")]);
        assert_eq!(standing(&file), expected, "{flags}");
    }
}

#[test]
fn the_order_of_fields_says_nothing() {
    let other = changed(FORM, "7 0 R 8 0 R 9 0 R", "9 0 R 7 0 R 8 0 R");
    assert_eq!(
        standing(&signed(&mdp(1)).revision(&[(6, &other)])),
        Standing::Permitted
    );
}

#[test]
fn whoever_allows_annotations_lets_a_person_see_what_became_of_them() {
    let note = "<< /Type /Annot /Subtype /Text /Rect [500 700 520 720] /Contents (hm) >>";
    let page = changed(PAGE, "9 0 R]", "9 0 R 15 0 R]");
    let gone = changed(&page, " 9 0 R 15 0 R]", " 9 0 R]");
    for (reference, expected) in [
        (mdp(3), Standing::Unclear),
        (mdp(2), Standing::Forbidden),
        (String::new(), Standing::Forbidden),
    ] {
        let base = signed_with(&reference, &[(3, &page), (15, note)]);
        let other = changed(note, "(hm)", "(ah)");
        assert_eq!(standing(&base.clone().revision(&[(15, &other)])), expected);
        assert_eq!(standing(&base.revision(&[(3, &gone)])), expected);
    }
}

#[test]
fn what_stands_upright_stands_elsewhere_on_a_turned_page() {
    let look = "<< /Subtype /Form /BBox [0 0 100 50] /Length 5 >>\nstream\n0 g f\nendstream";
    let turned = |by: &str| format!("<< /Type /Pages /Kids [3 0 R] /Count 1 {by} >>");
    for (by, flags, expected) in [
        // As Poppler gives to all that it draws.
        ("", 148, Standing::Permitted),
        ("/Rotate 0", 148, Standing::Permitted),
        ("/Rotate 90", 148, Standing::Unclear),
        ("/Rotate 90", 132, Standing::Permitted),
        ("", 140, Standing::Unclear),
    ] {
        let base = signed_with("", &[(2, &turned(by))]);
        let field = format!("/Rect [300 100 400 150] /F {flags} /V 21 0 R /AP << /N 22 0 R >>");
        let found = standing(&with_field(base, &field, &[(21, "<< SIG >>"), (22, look)]));
        assert_eq!(found, expected, "{by} {flags}");
    }
}
