//! Attacks by filling in: values that viewers show differently whatever their look says, and such as lie over the page.

use super::{
    Attack, Objects,
    looks::{look, shown},
    pdf::stream,
    victim::{
        Victim, look_of,
        number::{AGREE, AMOUNT, FORM, GRADE, LAYER},
    },
};

const PLAIN: &str = "BT /Helv 12 Tf 0 g 2 5 Td (999) Tj ET";

/// The choice made with this value and look.
fn chosen(v: &Victim<'_>, value: &str, shown: &str) -> Vec<(u32, String)> {
    let (number, field) = v.pdf.changed(GRADE, "/V (A)", value);
    vec![(number, field.replace("46 0 R", "61 0 R")), (61, look_of(shown))]
}

/// The amount filled in with a value and no look, which viewers draw themselves.
fn drawn(v: &Victim<'_>, value: &str) -> Vec<(u32, String)> {
    let (number, field) = v.pdf.changed(AMOUNT, "/V (100)", &format!("/V ({value})"));
    vec![(number, field.replace("/AP << /N 27 0 R >>", ""))]
}

/// A field that the signer left so, filled in with 999.
fn left(name: &'static str, seen: &'static str, prepared: super::Prepared) -> Attack {
    let plain: Objects = |v| shown(v, "999", PLAIN);
    look(name, seen, plain).prepared(prepared)
}

pub(super) fn all() -> Vec<Attack> {
    let mut all = vec![
        look("choice-shown-by-its-value", "B; the label in one viewer", |v| {
            chosen(v, "/V (B)", "B")
        }),
        look("choice-of-another-index", "Worst; Best in one viewer", |v| {
            chosen(v, "/V (B) /I [0]", "Worst")
        }),
        look("choice-that-is-no-option", "C; nothing in one viewer", |v| {
            chosen(v, "/V (C)", "C")
        }),
        look(
            "value-longer-than-its-box",
            "100 EU in a field of value 100 EUR and 999999 EUR more",
            |v| drawn(v, "100 EUR . . . . . . . . . . . . . . . . . . . . and 999999 EUR more"),
        ),
        look("value-in-a-font-of-the-form", "899, or 100, in a field of value 100", |v| {
            drawn(v, "1000")
        })
        .prepared(|pdf| {
            let swapped = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding << /Differences [48 /nine \
                           /eight] >> >>";
            vec![
                pdf.changed(AMOUNT, "(/Helv 12 Tf 0 g)", "(/Swap 12 Tf 0 g)"),
                pdf.changed(FORM, "/Helv 7 0 R", "/Helv 7 0 R /Swap 61 0 R"),
                (61, swapped.to_owned()),
            ]
        }),
        look("value-in-white", "an empty field of value 1000", |v| drawn(v, "1000"))
            .prepared(|pdf| vec![pdf.changed(AMOUNT, "(/Helv 12 Tf 0 g)", "(/Helv 12 Tf 1 g)")]),
        look("box-that-hides-the-text", "999 over what the page says there", |v| {
            vec![v.pdf.changed(AGREE, "/V /Off /AS /Off", "/V /Yes /AS /Yes")]
        })
        .prepared(|_| {
            let ticked = stream(
                "/Type /XObject /Subtype /Form /BBox [0 0 20 20] /Resources << /Font << /Helv 7 0 R >> >>",
                "1 g 0 0 20 20 re f BT /Helv 9 Tf 0 g 2 5 Td (999) Tj ET",
            );
            vec![(28, ticked)]
        }),
    ];
    all.extend(stated());
    all
}

/// Entries of the field by which some viewers show other than the look.
fn stated() -> Vec<Attack> {
    vec![
        left("value-longer-than-allowed", "999; 99 in one viewer", |pdf| {
            vec![pdf.changed(AMOUNT, "/V (100)", "/MaxLen 2 /V (100)")]
        }),
        left("value-of-a-password", "999; dots in one viewer", |pdf| {
            vec![pdf.changed(AMOUNT, "/V (100)", "/Ff 8192 /V (100)")]
        }),
        left(
            "value-beside-rich-text",
            "999; 1 in viewers of rich text",
            |pdf| vec![pdf.changed(AMOUNT, "/V (100)", "/RV (<p>1</p>) /V (100)")],
        ),
        left(
            "value-on-a-layer",
            "999, or nothing where the layer is off",
            |pdf| vec![pdf.changed(AMOUNT, "/F 4", &format!("/F 4 /OC {LAYER} 0 R"))],
        ),
        left("value-not-viewed", "999 on paper, nothing on the screen", |pdf| {
            vec![pdf.changed(AMOUNT, "/F 4", "/F 36")]
        }),
    ]
}
