//! Attacks by filling in: whoever may fill a field in gives it a look that shows another value than programs read.

use super::{
    Attack,
    content::signature_field,
    pdf::stream,
    victim::{
        Victim,
        number::{AGREE, AMOUNT, LAYER},
    },
};

const CLASS: &str = "appearance";
const SHADOW: &str = "Mainka et al. 2021, shadow attacks";

/// The amount filled in with a value, under a look of this dictionary and content.
pub(super) fn filled(v: &Victim<'_>, value: &str, dictionary: &str, content: &str) -> Vec<(u32, String)> {
    let (number, field) = v.pdf.changed(AMOUNT, "/V (100)", &format!("/V ({value})"));
    vec![
        (number, field.replace("27 0 R", "61 0 R")),
        (
            61,
            stream(&format!("/Type /XObject /Subtype /Form {dictionary}"), content),
        ),
    ]
}

pub(super) const FONTS: &str = "/Resources << /Font << /Helv 7 0 R >> >>";

/// The same in the form's own font and the field's own size.
pub(super) fn shown(v: &Victim<'_>, value: &str, content: &str) -> Vec<(u32, String)> {
    filled(v, value, &format!("/BBox [0 0 120 20] {FONTS}"), content)
}

/// The same in a font of this description.
pub(super) fn in_font(v: &Victim<'_>, value: &str, font: &str) -> Vec<(u32, String)> {
    let fonts = format!(
        "/BBox [0 0 120 20] /Resources << /Font << /Helv << /Type /Font /Subtype /Type1 {font} >> >> >>"
    );
    filled(
        v,
        value,
        &fonts,
        &format!("BT /Helv 12 Tf 0 g 2 5 Td ({value}) Tj ET"),
    )
}

pub(super) fn look(name: &'static str, seen: &'static str, make: super::Objects) -> Attack {
    Attack::by_update(CLASS, SHADOW, name, seen, make)
        .code("CHANGES_UNCLEAR")
        .undecided()
        .on(&["p256-table-approval", "rsa-packed-certified2"])
}

pub(super) fn all() -> Vec<Attack> {
    let mut all = placed();
    all.extend(operated());
    all
}

/// Operators that viewers take in different ways: with too few operands, too many, or others, and such as not all know.
fn operated() -> Vec<Attack> {
    let less = "9 in a field of value 999";
    let same = "999 in a field of value 999; operators that viewers may take otherwise";
    let nothing = "999, or nothing, in a field of value 999";
    vec![
        look("look-of-an-array-to-show", less, |v| {
            shown(v, "999", "BT /Helv 12 Tf 0 g 2 5 Td (9) Tj [(99)] Tj ET")
        }),
        look("look-of-a-string-to-kern", less, |v| {
            shown(v, "999", "BT /Helv 12 Tf 0 g 2 5 Td (9) Tj (99) TJ ET")
        }),
        look("look-of-nothing-to-show", same, |v| {
            shown(v, "999", "BT /Helv 12 Tf 0 g 2 5 Td (999) Tj Tj ET")
        }),
        look("look-with-a-number-behind", nothing, |v| {
            shown(v, "999", "BT /Helv 12 Tf 0 g 2 5 Td (999) 0 Tj ET")
        }),
        look("look-of-two-strings", same, |v| {
            shown(v, "999", "BT /Helv 12 Tf 0 g 2 5 Td (1) (999) Tj ET")
        }),
        look("look-of-two-fonts", nothing, |v| {
            shown(v, "999", "BT /Helv 12 /F9 12 Tf 0 g 2 5 Td (999) Tj ET")
        }),
        look("look-of-two-sizes", nothing, |v| {
            shown(v, "999", "BT /Helv 12 0.1 Tf 0 g 2 5 Td (999) Tj ET")
        }),
        look("look-at-three-numbers", nothing, |v| {
            shown(v, "999", "BT /Helv 12 Tf 0 g 2 5 -90 Td (999) Tj ET")
        }),
        look("look-at-one-number", "an empty field of value 999", |v| {
            shown(v, "999", "BT /Helv 12 Tf 0 g 2 5 Td 500 Td (999) Tj ET")
        }),
        look("look-in-a-matrix-of-seven", nothing, |v| {
            shown(v, "999", "BT /Helv 12 Tf 0 g 1 0 0 1 2 5 -90 Tm (999) Tj ET")
        }),
        look("look-in-two-greys", nothing, |v| {
            shown(v, "999", "BT /Helv 12 Tf 0 1 g 2 5 Td (999) Tj ET")
        }),
        look("look-in-two-colours-of-three", nothing, |v| {
            shown(v, "999", "1 g BT /Helv 12 Tf 0 0 rg 2 5 Td (999) Tj ET")
        }),
        look("look-clipped-by-five-numbers", nothing, |v| {
            shown(
                v,
                "999",
                "q 0 0 120 20 200 re W n BT /Helv 12 Tf 0 g 2 5 Td (999) Tj ET Q",
            )
        }),
        look("look-marked-by-a-layer", same, |v| {
            shown(
                v,
                "999",
                "/X /OC /OC1 BDC BT /Helv 12 Tf 0 g 2 5 Td (999) Tj ET EMC",
            )
        }),
        look("look-by-an-unknown-operator", same, |v| {
            shown(v, "999", "BT /Helv 12 Tf 0 g 2 5 Td (999) Tj ET (1) xx")
        }),
        look("look-within-compatibility", same, |v| {
            shown(v, "999", "BX (1) xx EX BT /Helv 12 Tf 0 g 2 5 Td (999) Tj ET")
        }),
        look("look-of-text-not-drawn", "an empty field of value 999", |v| {
            shown(v, "999", "BT 3 Tr /Helv 12 Tf 0 g 2 5 Td (999) Tj ET")
        }),
        look("look-clipped-by-a-triangle", "1 in a field of value 1999", |v| {
            shown(
                v,
                "1999",
                "q 0 0 m 10 0 l 10 20 l 0 20 l h W n BT /Helv 12 Tf 0 g 2 5 Td (1999) Tj ET Q",
            )
        }),
        look("look-clipped-by-text", "1 in a field of value 1999", |v| {
            shown(
                v,
                "1999",
                "BT /Helv 12 Tf 0 g 7 Tr 2 5 Td (1) Tj ET BT 0 Tr /Helv 12 Tf 2 5 Td (1999) Tj ET",
            )
        }),
        look("look-of-another-form", "999 and 1 in a field of value 999", |v| {
            let (mut objects, other) = (
                filled(
                    v,
                    "999",
                    "/BBox [0 0 120 20] /Resources << /Font << /Helv 7 0 R >> /XObject << /X 62 0 R >> >>",
                    "BT /Helv 12 Tf 0 g 22 5 Td (999) Tj ET /X Do",
                ),
                super::victim::look_of("1"),
            );
            objects.push((62, other));
            objects
        }),
    ]
}

/// Letters in other places, of other colours, in other fonts than the value's.
fn placed() -> Vec<Attack> {
    vec![
        look("look-kerned-together", "10 in a field of value 1000", |v| {
            shown(
                v,
                "1000",
                "BT /Helv 12 Tf 0 g 2 5 Td [(10) 278 278 (0) 278 278 (0)] TJ ET",
            )
        }),
        look("look-spaced-together", "1 in a field of value 1111", |v| {
            filled(
                v,
                "1111",
                &format!("/BBox [0 0 12 2] {FONTS}"),
                "BT /Helv 1.2 Tf 0 g -0.6672 Tc .2 .5 Td (1111) Tj ET",
            )
        }),
        look("look-clipped", "1 in a field of value 1000", |v| {
            shown(
                v,
                "1000",
                "q 1 1 8 18 re W n BT /Helv 12 Tf 0 g 2 5 Td (1000) Tj ET Q",
            )
        }),
        look("look-clipped-by-nothing", "an empty field of value 1000", |v| {
            shown(v, "1000", "q W n BT /Helv 12 Tf 0 g 2 5 Td (1000) Tj ET Q")
        }),
        look("look-before-the-box", "100 in a field of value 9100", |v| {
            shown(v, "9100", "BT /Helv 12 Tf 0 g -6.7 5 Td (9100) Tj ET")
        }),
        look("look-behind-the-box", "1 in a field of value 1000", |v| {
            shown(v, "1000", "BT /Helv 12 Tf 0 g 113 5 Td (1000) Tj ET")
        }),
        look("look-below-the-box", "an empty field of value 1000", |v| {
            shown(v, "1000", "BT /Helv 12 Tf 0 g 2 -11 Td (1000) Tj ET")
        }),
        look(
            "look-with-a-bar",
            "a bar like a 1 before 000, of value 000",
            |v| {
                shown(
                    v,
                    "000",
                    "0 g 5 5 1.2 8.6 re f BT /Helv 12 Tf 8.7 5 Td (000) Tj ET",
                )
            },
        ),
        look("look-in-white", "an empty field of value 1000", |v| {
            shown(v, "1000", "BT /Helv 12 Tf 1 g 2 5 Td (1000) Tj ET")
        }),
        look("look-on-its-colour", "a blue field of value 1000", |v| {
            shown(
                v,
                "1000",
                "0 0 1 rg 0 0 120 20 re f BT /Helv 12 Tf 2 5 Td (1000) Tj ET",
            )
        }),
        look("look-in-a-heavy-frame", "a black field of value 1000", |v| {
            shown(
                v,
                "1000",
                "0 G 60 w 1 1 118 18 re S BT /Helv 12 Tf 0 g 2 5 Td (1000) Tj ET",
            )
        }),
        look("look-upside-down", "99 in a field of value 66", |v| {
            filled(
                v,
                "66",
                &format!("/BBox [0 0 120 20] /Matrix [-1 0 0 -1 120 20] {FONTS}"),
                "BT /Helv 12 Tf 0 g 100 5 Td (66) Tj ET",
            )
        }),
        look("look-shrunk", "a dot in a field of value 1000", |v| {
            filled(
                v,
                "1000",
                &format!("/BBox [0 0 12000 2000] {FONTS}"),
                "BT /Helv 12 Tf 0 g 2 5 Td (1000) Tj ET",
            )
        }),
        look(
            "look-on-a-layer",
            "an empty field of value 1000 where no layer is off",
            |v| {
                let dictionary = format!(
                    "/BBox [0 0 120 20] {FONTS} /OC << /Type /OCMD /OCGs [{LAYER} 0 R] /P /AllOff >>"
                );
                filled(v, "1000", &dictionary, "BT /Helv 12 Tf 0 g 2 5 Td (1000) Tj ET")
            },
        ),
        look(
            "look-partly-on-a-layer",
            "1 in a field of value 1000 where no layer is off",
            |v| {
                let dictionary = format!(
                    "/BBox [0 0 120 20] /Resources << /Font << /Helv 7 0 R >> /Properties << /L << /Type /OCMD /OCGs \
                     [{LAYER} 0 R] /P /AllOff >> >> >>"
                );
                filled(
                    v,
                    "1000",
                    &dictionary,
                    "BT /Helv 12 Tf 0 g 2 5 Td (1) Tj /OC /L BDC (000) Tj EMC ET",
                )
            },
        ),
        look(
            "look-in-expert-letters",
            "an eighth in a field of value 10J00",
            |v| in_font(v, "10J00", "/BaseFont /Helvetica /Encoding /MacExpertEncoding"),
        ),
        look("look-in-dingbats", "ornaments in a field of value 1000", |v| {
            in_font(v, "1000", "/BaseFont /Times-Dingbats")
        }),
        look("look-in-symbols", "Greek in a field of value abc", |v| {
            in_font(v, "abc", "/BaseFont /TimesSymbol")
        }),
        look("look-without-blanks", "1000 in a field of value 1 0 0 0", |v| {
            shown(v, "1 0 0 0", "BT /Helv 12 Tf 0 g 2 5 Td (1000) Tj ET")
        }),
        look("look-with-an-escape", "999992 in a field of value 2", |v| {
            // To Poppler the escape takes the byte behind its first digit; to others a name and a comment stand here.
            shown(
                v,
                "2",
                "BT /Helv 12 Tf 0 g 2 5 Td /x#5%(99999) Tj /y\n MP (2) Tj ET",
            )
        }),
        look("look-without-widths", "1 in a field of value 1111", |v| {
            in_font(
                v,
                "1111",
                "/BaseFont /Helvetica /FirstChar 65 /LastChar 65 /Widths [667] /Encoding /WinAnsiEncoding",
            )
        }),
        look(
            "box-unticked-of-value-yes",
            "no tick in a box of value Yes",
            |v| vec![v.pdf.changed(AGREE, "/V /Off", "/V /Yes")],
        ),
        look("box-of-unknown-value", "no tick in a box of value Agreed", |v| {
            vec![v.pdf.changed(AGREE, "/V /Off", "/V /Agreed")]
        }),
        look("box-of-unknown-state", "no box at all, of value Agreed", |v| {
            vec![v.pdf.changed(AGREE, "/V /Off /AS /Off", "/V /Agreed /AS /Agreed")]
        }),
        look("box-without-state", "no tick in a box of value Yes", |v| {
            vec![v.pdf.changed(AGREE, "/V /Off /AS /Off", "/V /Yes")]
        }),
        Attack::new(
            "signatures",
            "Rohlmann et al. 2021, sneaky signatures",
            "hidden-by-too-large-a-number",
            "a new signature's look over the page, in readers to whom the number of its flags is none",
            "MODIFIED_AFTER_SIGNING",
            |v| {
                let mut objects = signature_field("0 0 595 842", v);
                objects[2].1 = objects[2].1.replace("/F 132", "/F 4294967298");
                v.signed_again(&v.pki.mallory, &objects)
            },
        )
        .change("change-signature-over-face")
        .on(&["p256-table-approval", "rsa-packed-certified2"]),
    ]
}
