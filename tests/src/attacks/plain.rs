//! Attacks by looks that are plain but for one thing: a clip, a border, a colour, a width, a map of letters.

use super::{
    Attack,
    looks::{FONTS, filled, in_font, look, shown},
    pdf::stream,
    victim::number::{AMOUNT, PAGE},
};

pub(super) fn all() -> Vec<Attack> {
    let mut all = clipped();
    all.extend(lettered());
    all
}

/// Where the signer gave the field a ground and a border.
fn framed(attack: Attack) -> Attack {
    attack.prepared(|pdf| vec![pdf.changed(AMOUNT, "/F 4", "/F 4 /MK << /BG [1] /BC [0] >>")])
}

/// Grounds, borders and clips that show more or less than the letters.
fn clipped() -> Vec<Attack> {
    vec![
        framed(look(
            "look-with-a-clipped-ground",
            "a bar like a 1 before 000, of value 000",
            |v| {
                shown(
                    v,
                    "000",
                    "q 4 5 1.3 8.6 re W n 0 g 0 0 120 20 re f Q q 0 0 .01 .01 re W n 1 g 0 0 120 20 re f Q \
                     BT /Helv 12 Tf 0 g 7.4 5 Td (000) Tj ET",
                )
            },
        )),
        framed(look(
            "look-with-a-clipped-border",
            "-200 in a field of value 200",
            |v| {
                shown(
                    v,
                    "200",
                    "q 2 2 4 9 re W n 0 G 1 w -5 9 130 40 re S Q BT /Helv 12 Tf 0 g 7.4 5 Td (200) Tj ET",
                )
            },
        )),
        framed(look(
            "look-with-a-border-through-it",
            "200 struck out in a field of value 200",
            |v| {
                shown(
                    v,
                    "200",
                    "0 G 1 w -5 4.5 130 40 re S BT /Helv 12 Tf 0 g 2 1 Td (200) Tj ET",
                )
            },
        )),
        framed(look(
            "look-under-a-border",
            "two bars in a field of value 1000",
            |v| {
                shown(
                    v,
                    "1000",
                    "0 G 4 w 2 2 116 16 re S BT /Helv 4 Tf 0 g 5 .2 Td (1000) Tj ET",
                )
            },
        )),
        framed(look(
            "look-in-white-beside-a-dark-ground",
            "an empty field of value 1000",
            |v| {
                shown(
                    v,
                    "1000",
                    "q 0 0 .01 .01 re W n 0 g 0 0 120 20 re f Q BT /Helv 12 Tf 1 g 2 5 Td (1000) Tj ET",
                )
            },
        )),
        look(
            "look-on-a-ground-of-its-own",
            "999 over what the page says there",
            |v| {
                shown(
                    v,
                    "999",
                    "1 g 0 0 120 20 re f BT /Helv 12 Tf 0 g 2 5 Td (999) Tj ET",
                )
            },
        ),
        look("look-without-points", "10 00 in a field of value 10.00", |v| {
            shown(
                v,
                "10.00",
                "q 0 6.75 120 13 re W n BT /Helv 12 Tf 0 g 1.6 Tc 2 5 Td (10.00) Tj ET Q",
            )
        }),
        look("look-without-tops", "I/n in a field of value T7h", |v| {
            shown(
                v,
                "T7h",
                "q 0 0 120 11.02 re W n BT /Helv 12 Tf 0 g 2 5 Td (T7h) Tj ET Q",
            )
        }),
        look(
            "look-in-the-colour-of-the-page",
            "1 in a field of value 1000",
            |v| shown(v, "1000", "BT /Helv 12 Tf 0 g 2 5 Td (1) Tj .8 g (000) Tj ET"),
        ),
        look("look-of-dust", "1 in a field of value 1000", |v| {
            shown(
                v,
                "1000",
                "BT /Helv 12 Tf 0 g 2 5 Td (1) Tj /Helv 2 Tf (000) Tj ET",
            )
        }),
        look("look-of-lines-in-one", "8 in a field of value oo", |v| {
            shown(v, "oo", "BT /Helv 12 Tf 0 g 2 8 Td (o) Tj 0 -6 Td (o) Tj ET")
        }),
        look("look-on-a-turned-page", "9 in a field of value 6", |v| {
            shown(v, "6", "BT /Helv 12 Tf 0 g 2 5 Td (6) Tj ET")
        })
        .prepared(|pdf| {
            vec![
                pdf.changed(AMOUNT, "/F 4", "/F 4 /MK << /R 180 >>"),
                pdf.changed(PAGE, "/StructParents", "/Rotate 180 /StructParents"),
            ]
        }),
        look(
            "look-turned-on-an-upright-page",
            "99 in a field of value 66",
            |v| {
                filled(
                    v,
                    "66",
                    &format!("/BBox [0 0 120 20] /Matrix [-1 0 0 -1 120 20] {FONTS}"),
                    "BT /Helv 12 Tf 0 g 100 5 Td (66) Tj ET",
                )
            },
        )
        .prepared(|pdf| vec![pdf.changed(AMOUNT, "/F 4", "/F 4 /MK << /R 180 >>")]),
    ]
}

/// Fonts and marks by which some read other letters, and a look that is none.
fn lettered() -> Vec<Attack> {
    /// `100` to whom a look is a form; a picture to whom it is what it says.
    const PICTURE: &str =
        "/BBox [0 0 120 20] /Width 12 /Height 2 /BitsPerComponent 8 /ColorSpace /DeviceGray";
    vec![
        look("look-in-thin-letters", "10 in a field of value 1000", |v| {
            in_font(
                v,
                "1000",
                "/BaseFont /Helvetica /FirstChar 48 /Widths [150 556] /Encoding /WinAnsiEncoding",
            )
        }),
        look(
            "look-squeezed-by-one-letter",
            "strips in a field of value 10W",
            |v| {
                // The letter m is none of the value.
                let font = format!(
                    "/BaseFont /Courier /FirstChar 48 /Widths [{}160] /Encoding /WinAnsiEncoding",
                    "600 ".repeat(61)
                );
                in_font(v, "10W", &font)
            },
        ),
        look(
            "look-in-a-font-by-its-name",
            "ornaments in a field of value 1000, in Ghostscript",
            |v| shown(v, "1000", "BT /D050000L 12 Tf 0 g 2 5 Td (1000) Tj ET"),
        ),
        look("look-with-a-text-map", "9888 in a field of value 1000", |v| {
            let mut objects = in_font(
                v,
                "1000",
                "/BaseFont /Helvetica /Encoding /WinAnsiEncoding /ToUnicode 62 0 R",
            );
            objects.push((
                62,
                stream(
                    "",
                    "1 begincodespacerange <00> <ff> endcodespacerange 2 beginbfchar <31> <0039> <30> <0038> endbfchar",
                ),
            ));
            objects
        }),
        look("look-marked-as-another-text", "1000; read aloud 999", |v| {
            shown(
                v,
                "1000",
                "/Span << /ActualText (999) >> BDC BT /Helv 12 Tf 0 g 2 5 Td (1000) Tj ET EMC",
            )
        }),
        look(
            "look-that-is-a-picture",
            "1000, or any picture, in a field of value 1000",
            |v| {
                let mut objects = filled(
                    v,
                    "1000",
                    &format!("{PICTURE} {FONTS}"),
                    "BT /Helv 12 Tf 0 g 2 5 Td (1000) Tj ET",
                );
                objects[1].1 = objects[1].1.replace("/Subtype /Form", "/Subtype /Image");
                objects
            },
        ),
        look(
            "look-with-the-entries-of-a-picture",
            "1000 in a field of value 1000",
            |v| {
                filled(
                    v,
                    "1000",
                    &format!("{PICTURE} {FONTS}"),
                    "BT /Helv 12 Tf 0 g 2 5 Td (1000) Tj ET",
                )
            },
        ),
    ]
}
