//! Text strings in other encodings.

use super::*;

/// Some text as a text string in UTF-16.
fn utf_16(text: &str) -> String {
    let units = text.encode_utf16().fold(String::from("<FEFF"), |mut all, unit| {
        write!(all, "{unit:04X}").unwrap();
        all
    });
    units + ">"
}

#[test]
fn a_text_in_another_encoding_is_the_same_text() {
    let field = |name: &str, more: &str| changed(TEXT, "(Remark)", &format!("{name} {more}"));
    let (lang, name, hint) = (utf_16("en-US"), utf_16("Remark"), utf_16("Größe"));
    let catalog = |lang: &str| changed(CATALOG, "/Pages", &format!("/Lang {lang} /Pages"));
    let note = |text: &str| format!("<< /Type /Annot /Subtype /Text /Rect [1 1 9 9] /Contents {text} >>");
    let page = changed(PAGE, "9 0 R]", "9 0 R 20 0 R]");
    let before = signed_with(
        &mdp(1),
        &[
            (1, &catalog(&lang)),
            (3, &page),
            (8, &field(&name, &format!("/TU {hint} /TM {lang}"))),
            (20, &note(&lang)),
        ],
    );
    let after = before.clone().revision(&[
        (1, &catalog("(en-US)")),
        (8, &field("(Remark)", "/TU (Gr\\366\\337e) /TM (en-US)")),
        (20, &note("(en-US)")),
    ]);
    assert_eq!(difference(&after).changes, []);

    for (number, other, code) in [
        (1, catalog("(en-GB)"), "change-catalog"),
        // Many viewers know no UTF-8 (PDF 2.0).
        (1, catalog("<EFBBBF656E2D5553>"), "change-catalog"),
        (
            8,
            field("(Remarks)", &format!("/TU {hint} /TM {lang}")),
            "change-field-changed",
        ),
        (20, note("(en-UK)"), "change-annotation-changed"),
    ] {
        assert_eq!(refused(&before.clone().revision(&[(number, &other)])), [code]);
    }
}

#[test]
fn bytes_and_what_readers_guess_are_compared_as_bytes() {
    let field = |more: &str| changed(TEXT, "(Remark)", &format!("(Remark) {more}"));
    for (was, is) in [
        // Not known to be text.
        ("/Own <FEFF0041>", "/Own (A)"),
        ("/DA <FEFF0041>", "/DA (A)"),
        // Half a character, and a byte that is none.
        ("/TU <FEFF004100>", "/TU (A)"),
        ("/TU <FEFF009F>", "/TU <9F>"),
        ("/TU (A)", "/TU /A"),
    ] {
        let before = signed_with("", &[(8, &field(was))]);
        let found = refused(&before.revision(&[(8, &field(is))]));
        assert_eq!(found, ["change-field-changed"], "{was}");
    }
    // One string under two keys, of which one is not known to be text.
    let shared = signed_with("", &[(8, &field("/TU 20 0 R /ZZ 20 0 R")), (20, "<FEFF0041>")]);
    assert_eq!(
        refused(&shared.revision(&[(20, "(A)")])),
        ["change-field-changed"]
    );
    // An array that holds itself.
    let circle = signed_with("", &[(8, &field("/Opt 20 0 R")), (20, "[20 0 R]")]);
    assert_eq!(difference(&circle.revision(&[(20, "[ 20 0 R ]")])).changes, []);
}
