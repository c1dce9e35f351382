//! Attacks by what seems the same: objects written anew that some readers take for others.

use super::{
    Attack, Objects,
    pdf::{Pdf, stream},
    victim::{
        Victim,
        number::{
            AGREE, AMOUNT, CATALOG, CONTENT, COURIER, FREE, GLYPHS, IMAGE, LAYER, OVERLAY, PAGE, PAGES,
            PROFILE, RESOURCES, TO_UNICODE,
        },
    },
};

const AFTER: &str = "parser differentials";

fn seeming(name: &'static str, (seen, change): (&'static str, &'static str), make: Objects) -> Attack {
    let attack = Attack::by_update("equality", AFTER, name, seen, make);
    attack
        .change(change)
        .on(&["p256-table-approval", "rsa-packed-certified1"])
}

/// One that is the same as far as we see.
fn copied(name: &'static str, make: Objects) -> Attack {
    seeming(name, ("the page as signed", ""), make)
        .code("CHANGES_UNCLEAR")
        .undecided()
}

/// A stream of the document written anew in hexadecimal digits.
fn digits(v: &Victim<'_>, number: u32) -> Vec<(u32, String)> {
    let (entries, data) = v.pdf.stream(number);
    let digits = hex::encode(data) + ">";
    vec![(
        number,
        stream(&format!("{entries} /Filter /ASCIIHexDecode"), &digits),
    )]
}

/// An object under another number, which another one refers to.
fn renumbered(v: &Victim<'_>, number: u32, (by, from): (u32, &str)) -> Vec<(u32, String)> {
    let to = from.replace(&format!("{number} 0 R"), &format!("{FREE} 0 R"));
    vec![
        v.pdf.changed(by, from, &to),
        (FREE, v.pdf.objects[&number].clone()),
    ]
}

fn layers() -> Vec<Attack> {
    let shown = (
        "a page without its condition, or with it",
        "change-optional-content",
    );
    let off = |pdf: &Pdf| vec![pdf.changed(CATALOG, "/D << /ON [17 0 R]", "/D << /OFF [17 0 R]")];
    vec![
        seeming("layer-copied-for-the-page", shown, |v| {
            renumbered(v, LAYER, (RESOURCES, "/OC1 17 0 R"))
        })
        .prepared(off),
        seeming("layer-copied-for-the-list", shown, |v| {
            renumbered(v, LAYER, (CATALOG, "/OFF [17 0 R]"))
        })
        .prepared(off),
        seeming("layer-written-into-the-page", shown, |v| {
            vec![
                v.pdf
                    .changed(RESOURCES, "/OC1 17 0 R", "/OC1 << /Type /OCG /Name (Term) >>"),
            ]
        })
        .prepared(off),
    ]
}

fn numbers() -> Vec<Attack> {
    vec![
        seeming(
            "ground-of-a-field-nearly-white",
            ("a box in another colour", "change-appearance-without-value"),
            |v| vec![v.pdf.changed(AGREE, "/BG [1.0]", "/BG [0.99]")],
        )
        .prepared(|pdf| vec![pdf.changed(AGREE, "/F 4", "/F 4 /MK << /BG [1.0] >>")]),
        seeming(
            "box-of-a-page-moved",
            ("a page of another size", "change-page-properties"),
            |v| vec![v.pdf.changed(PAGES, "[0 0 595 842]", "[0 0 595 842.002]")],
        ),
        seeming(
            "pane-stated-twice-later",
            (
                "another pane of the viewer, or the same",
                "change-unseen-revision",
            ),
            |v| {
                let twice = "/PageMode /UseNone /Lang (en) /PageMode /UseOutlines";
                vec![v.pdf.changed(CATALOG, "/Lang (en)", twice)]
            },
        ),
        seeming("key-twice-later", ("another payee, or the same", ""), |v| {
            vec![
                v.pdf
                    .changed(PAGE, "/Contents 4 0 R", "/Contents 4 0 R /Contents 19 0 R"),
            ]
        }),
        seeming(
            "turn-as-real",
            ("a page that is not turned, to some", "change-page-properties"),
            |v| vec![v.pdf.changed(PAGE, "/Rotate 90", "/Rotate 90.0")],
        )
        .prepared(|pdf| vec![pdf.changed(PAGE, "/Contents", "/Rotate 90 /Contents")]),
        seeming(
            "flags-as-real",
            ("an amount that was hidden, to some", "change-field-changed"),
            |v| vec![v.pdf.changed(AMOUNT, "/F 2", "/F 2.0")],
        )
        .prepared(|pdf| vec![pdf.changed(AMOUNT, "/F 4", "/F 2")]),
        seeming("code-as-real", ("other letters, to some", "change-font"), |v| {
            vec![v.pdf.changed(GLYPHS, "[49 /one]", "[49.0 /one]")]
        }),
        seeming(
            "first-code-as-real",
            ("the page as signed; a code that is a real number", "change-font"),
            |v| vec![v.pdf.changed(GLYPHS, "/FirstChar 49", "/FirstChar 49.0")],
        ),
        seeming(
            "depth-as-real",
            ("another picture, to some", "change-resources"),
            |v| {
                let (entries, data) = v.pdf.stream(IMAGE);
                let entries = entries.replace("/BitsPerComponent 8", "/BitsPerComponent 8.0");
                vec![(IMAGE, stream(&entries, data))]
            },
        ),
        seeming(
            "turn-too-large",
            ("a page that is not turned, to some", "change-page-properties"),
            |v| vec![v.pdf.changed(PAGE, "/Rotate 90", "/Rotate 4294967386")],
        )
        .prepared(|pdf| vec![pdf.changed(PAGE, "/Contents", "/Rotate 90 /Contents")]),
    ]
}

/// What the page draws with: equal as text, or in single precision, and not to viewers.
fn drawn() -> Vec<Attack> {
    vec![
        seeming(
            "palette-in-another-encoding",
            ("other colours", "change-resources"),
            |v| {
                let text = "<FEFF00FF00FF00FF00FF00FF00FF>";
                vec![v.pdf.changed(PAGE, "<FFFFFFFFFFFF>", text)]
            },
        )
        .prepared(|pdf| {
            let space =
                "/Resources << /ColorSpace << /T [/Indexed /DeviceRGB 1 <FFFFFFFFFFFF>] >> >> /Contents";
            vec![pdf.changed(PAGE, "/Contents", space)]
        }),
        seeming(
            "matrix-of-tiny-reals",
            ("white over a part of the page, to some", ""),
            |v| vec![v.pdf.changed(PAGE, &tiny(1), &tiny(5))],
        )
        .code("CHANGES_UNCLEAR")
        .undecided()
        .prepared(|pdf| vec![shaded(pdf, &tiny(1))]),
        seeming(
            "matrix-of-near-reals",
            ("white over another part of the page, to some", ""),
            |v| vec![v.pdf.changed(PAGE, "65536.001", "65536.002")],
        )
        .code("CHANGES_UNCLEAR")
        .undecided()
        .prepared(|pdf| vec![shaded(pdf, "65536.001")]),
    ]
}

/// As many times 1e-46, which is zero in single precision.
fn tiny(times: u32) -> String {
    format!("0.{}{times}", "0".repeat(45))
}

/// The page with a white pattern under a matrix that begins with a number.
fn shaded(pdf: &Pdf, number: &str) -> (u32, String) {
    let pattern = format!(
        "/Resources << /Pattern << /P1 << /PatternType 2 /Matrix [{number} 0.0 0.0 1.0 0.0 0.0] /Shading << \
         /ShadingType 2 /ColorSpace /DeviceGray /Coords [0 0 9 0] /Function << /FunctionType 2 /Domain [0 1] /C0 [1] \
         /C1 [1] /N 1 >> >> >> >> >> /Contents"
    );
    pdf.changed(PAGE, "/Contents", &pattern)
}

fn nowhere() -> Vec<Attack> {
    vec![
        seeming(
            "box-that-leads-nowhere",
            (
                "the page as signed; a box that leads nowhere",
                "change-page-properties",
            ),
            |v| vec![v.pdf.changed(PAGE, "/Contents", "/CropBox 58 0 R /Contents")],
        ),
        seeming(
            "widths-that-lead-nowhere",
            ("letters over one another, to some", "change-font"),
            |v| vec![v.pdf.changed(COURIER, "/BaseFont", "/Widths 58 0 R /BaseFont")],
        ),
        seeming(
            "widths-null",
            ("the page as signed; widths that are null", "change-font"),
            |v| vec![v.pdf.changed(COURIER, "/BaseFont", "/Widths null /BaseFont")],
        ),
        seeming(
            "resources-null",
            ("other letters, to some", "change-resources"),
            |v| vec![v.pdf.changed(PAGE, "/Contents", "/Resources null /Contents")],
        ),
        seeming(
            "content-of-another-generation",
            (
                "more text, to readers that look for the number alone",
                "change-page-content",
            ),
            |v| vec![(58, v.pdf.objects[&super::victim::number::PREPARED].clone())],
        )
        .prepared(|pdf| vec![pdf.changed(PAGE, "4 0 R", "[4 0 R 58 1 R]")]),
    ]
}

fn copies() -> Vec<Attack> {
    vec![
        copied("content-in-digits", |v| digits(v, CONTENT)),
        copied("profile-in-digits", |v| digits(v, PROFILE)),
        copied("picture-in-digits", |v| digits(v, IMAGE)),
        copied("map-of-letters-in-digits", |v| digits(v, TO_UNICODE)),
        copied("content-under-another-number", |v| {
            renumbered(v, CONTENT, (PAGE, "/Contents 4 0 R"))
        }),
        copied("font-under-another-number", |v| {
            renumbered(v, COURIER, (RESOURCES, "/F2 8 0 R"))
        }),
        copied("form-under-another-number", |v| {
            renumbered(v, OVERLAY, (RESOURCES, "/Fm1 11 0 R"))
        }),
        seeming(
            "content-in-an-array",
            ("the page as signed", "change-page-content"),
            |v| {
                let mut objects = renumbered(v, CONTENT, (PAGE, "/Contents 4 0 R"));
                objects[0].1 = objects[0].1.replace("/Contents 60 0 R", "/Contents [60 0 R]");
                objects
            },
        ),
    ]
}

pub(super) fn all() -> Vec<Attack> {
    [layers(), numbers(), drawn(), nowhere(), copies()]
        .into_iter()
        .flatten()
        .collect()
}
