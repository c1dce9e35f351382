//! Attacks on what was there: fields and annotations that become nothing or something else, values and names that some
//! readers find elsewhere, and signatures that are drawn beside the place they state.

use super::{
    Attack, Bytes, Objects,
    content::signature_field,
    looks::in_font,
    pdf::{Pdf, stream},
    victim::{
        Victim, look_of,
        number::{AMOUNT, FORM, LINK, METADATA, PAGE, PAGES},
    },
};

const EVIL: &str = "Rohlmann et al. 2021, evil annotations";
const SHADOW: &str = "Mainka et al. 2021, shadow attacks";
const SEEN: &str = "another page, in one viewer";
const ANY: [&str; 3] = [
    "p256-table-certified1",
    "rsa-packed-approval",
    "p256-table-locked",
];

/// A stamp over the whole page.
const STAMP: &str = "/Type /Annot /Subtype /Stamp /Rect [0 0 595 842] /P 3 0 R /F 4 /AP << /N 61 0 R >>";

fn stamp_look() -> (u32, String) {
    (61, look_of("Pay 999 to Mallory"))
}

fn refused(name: &'static str, seen: &'static str, change: &'static str, make: Objects) -> Attack {
    Attack::by_update("landmarks", EVIL, name, seen, make)
        .change(change)
        .on(&ANY)
}

fn doubtful(name: &'static str, seen: &'static str, make: Objects) -> Attack {
    Attack::by_update("landmarks", SHADOW, name, seen, make)
        .code("CHANGES_UNCLEAR")
        .undecided()
        .on(&["p256-table-approval", "rsa-packed-certified2"])
}

fn signed(name: &'static str, seen: &'static str, make: Bytes) -> Attack {
    Attack::new("landmarks", EVIL, name, seen, "MODIFIED_AFTER_SIGNING", make)
        .change("change-signature-over-face")
        .on(&["p256-table-approval", "rsa-packed-certified2"])
}

fn gone() -> Vec<Attack> {
    vec![
        refused(
            "field-of-null",
            "a form without its amount",
            "change-field-removed",
            |_| vec![(AMOUNT, "null".to_owned())],
        ),
        refused(
            "field-of-a-list",
            "a form without its amount",
            "change-field-removed",
            |_| vec![(AMOUNT, "[]".to_owned())],
        ),
        refused("field-that-is-a-stream", SEEN, "change-field-removed", |_| {
            vec![(AMOUNT, stream(STAMP, "")), stamp_look()]
        }),
        refused(
            "link-of-null",
            "a page without its link",
            "change-annotation-removed",
            |_| vec![(LINK, "null".to_owned())],
        ),
        refused("link-that-is-a-stream", SEEN, "change-annotation-removed", |_| {
            vec![(LINK, stream(STAMP, "")), stamp_look()]
        }),
        refused(
            "field-below-a-direct-one",
            "the page as signed; 999 for programs",
            "change-object-overwritten",
            |v| vec![v.pdf.changed(AMOUNT, "/V (100)", "/V (999)")],
        )
        .prepared(|pdf| {
            let mut objects = parted(pdf);
            objects.push(pdf.changed(FORM, "22 0 R", "<< /T (Deal) /Kids [22 0 R] >>"));
            objects
        }),
        refused(
            "annotations-above-pages",
            SEEN,
            "change-object-overwritten",
            |_| vec![(60, format!("<< {STAMP} >>")), stamp_look()],
        )
        .prepared(|pdf| {
            vec![
                pdf.changed(PAGES, "/Count 2", "/Count 2 /Annots [60 0 R]"),
                (60, pdf.changed(LINK, "[72 400", "[72 300").1),
            ]
        }),
    ]
}

/// What readers take for something else that is written so.
fn told_otherwise() -> Vec<Attack> {
    vec![
        doubtful("keys-of-null", "an empty field of value 100, in one viewer", |v| {
            vec![v.pdf.changed(60, "/F 4", "/F 4 /V null /Ff null")]
        })
        .prepared(parted)
        .on(&["p256-table-certified1", "rsa-packed-approval"]),
        Attack::new(
            "landmarks",
            SHADOW,
            "name-with-a-point",
            "a form without its amount, in one viewer",
            "CHANGES_UNCLEAR",
            |v| {
                let mut objects = signature_field("0 0 0 0", v);
                objects[2].1 = objects[2].1.replace("/T (New)", "/T (Amount.)");
                objects[0].1 = objects[0].1.replace("25 0 R 61 0 R]", "25 0 R]").replace("[20 0 R", "[61 0 R 20 0 R");
                v.signed_again(&v.pki.mallory, &objects)
            },
        )
        .undecided()
        .on(&["p256-table-approval", "rsa-packed-certified2"]),
        refused("title-before-the-title", "another title, in one viewer", "change-metadata", |_| {
            let decoy = "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"urn:x\"><rdf:Description \
                         xmlns:dc=\"http://purl.org/dc/elements/1.1/\" dc:title=\"Pay 999\"/></rdf:RDF><r:RDF \
                         xmlns:r=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><r:Description \
                         r:about=\"\"/></r:RDF></x:xmpmeta>";
            vec![(METADATA, stream("/Type /Metadata /Subtype /XML", decoy))]
        })
        .on(&["p256-table-certified1", "rsa-packed-certified1"]),
        refused("value-in-utf-8", "ï»¿100 for 100, in two viewers", "change-field-filled", |v| {
            vec![v.pdf.changed(AMOUNT, "/V (100)", "/V <EFBBBF313030>")]
        })
        .prepared(|pdf| vec![pdf.changed(AMOUNT, "/AP << /N 27 0 R >>", "")])
        .on(&["p256-table-certified1", "rsa-packed-certified1"]),
        doubtful("last-code-too-small", "9, in a field of value 999999", |v| {
            let widths = "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 \
                          556 556 556";
            in_font(
                v,
                "999999",
                &format!("/BaseFont /Helvetica /FirstChar 32 /LastChar 47 /Widths [{widths}]"),
            )
        }),
        doubtful("descriptor-of-another-font", "1000, in a field of value -1000", |v| {
            in_font(
                v,
                "-1000",
                "/BaseFont /ArialMT /FontDescriptor << /Type /FontDescriptor /FontName /Symbol /Flags 32 >>",
            )
        }),
        doubtful("list-of-fonts-that-is-a-stream", "nothing, in one viewer", |v| {
            let look = "/Type /XObject /Subtype /Form /BBox [0 0 120 20] /Resources << /Font 62 0 R >>";
            let shown = "BT /Helv 12 Tf 0 g 2 5 Td (999) Tj ET";
            let (number, field) = v.pdf.changed(AMOUNT, "/V (100)", "/V (999)");
            vec![
                (number, field.replace("27 0 R", "61 0 R")),
                (61, stream(look, shown)),
                (62, stream("/Helv 7 0 R", "")),
            ]
        }),
    ]
}

/// The amount parted from its widget.
fn parted(pdf: &Pdf) -> Vec<(u32, String)> {
    let widget = "<< /Type /Annot /Subtype /Widget /P 3 0 R /F 4 /Parent 22 0 R /Rect [72 500 192 520] /AP << /N 27 0 R >> >>";
    vec![
        (
            AMOUNT,
            "<< /FT /Tx /T (Amount) /V (100) /DA (/Helv 12 Tf 0 g) /Kids [60 0 R] >>".to_owned(),
        ),
        (60, widget.to_owned()),
        pdf.changed(PAGE, "22 0 R", "60 0 R"),
    ]
}

/// A new signature field in a place, its look and its flags otherwise.
fn placed(v: &Victim<'_>, rect: &str, from_to: &[(usize, &str, &str)]) -> Vec<u8> {
    let mut objects = signature_field(rect, v);
    for (at, from, to) in from_to {
        assert!(objects[*at].1.contains(from), "{from}");
        objects[*at].1 = objects[*at].1.replace(from, to);
    }
    v.signed_again(&v.pki.signer, &objects)
}

fn drawn_elsewhere() -> Vec<Attack> {
    vec![
        signed(
            "line-with-a-border",
            "lines and letters of lines, on paper",
            |v| {
                let border = "/MK << /BC [1 0 0] >> /BS << /W 60 >>";
                placed(v, "60 690 400 690", &[(2, "/AP << /N 63 0 R >>", border)])
            },
        ),
        signed("look-of-no-extent", "another page, in one viewer", |v| {
            placed(v, "0 0 595 842", &[(4, "[0 0 120 20]", "[0 0 0 0]")])
        }),
        signed("look-without-a-box", "another page, in one viewer", |v| {
            placed(v, "300 300 400 350", &[(4, "/BBox [0 0 120 20]", "")])
        }),
        Attack::new(
            "landmarks",
            EVIL,
            "strip-over-a-value",
            "a part of another amount; with thirty strips all of it",
            "CHANGES_UNCLEAR",
            |v| placed(v, "72 509 192 510", &[]),
        )
        .undecided()
        .on(&["p256-table-approval"]),
        Attack::new(
            "landmarks",
            EVIL,
            "turned-about-its-corner",
            "another amount, on a page that is turned",
            "CHANGES_UNCLEAR",
            |v| placed(v, "72 522 192 542", &[(2, "/F 132", "/F 20")]),
        )
        .undecided()
        .prepared(|pdf| vec![pdf.changed(PAGE, "/Parent", "/Rotate 90 /Parent")])
        .on(&["p256-table-approval"]),
        doubtful("tick-of-half-a-point", "a tick in a box of value Off", |v| {
            let note =
                "<< /Type /Annot /Subtype /Text /Rect [81 480 81.5 480.5] /P 3 0 R /F 4 /Name /Check >>";
            vec![
                v.pdf.changed(PAGE, "26 0 R]", "26 0 R 61 0 R]"),
                (61, note.to_owned()),
            ]
        })
        .on(&["p256-table-approval", "rsa-packed-certified3"]),
    ]
}

/// A font that a program adds to the one list of fonts for pages and fields.
fn honest() -> Vec<Attack> {
    let filled: Objects = |v| {
        let (number, field) = v.pdf.changed(AMOUNT, "/V (100)", "/V (999)");
        vec![
            (number, field.replace("27 0 R", "61 0 R")),
            (61, look_of("999")),
            v.pdf.changed(60, "/Helv 7 0 R", "/Helv 7 0 R /HeBo 62 0 R"),
            (
                62,
                "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold >>".to_owned(),
            ),
        ]
    };
    vec![
        Attack::by_update(
            "harmless",
            "–",
            "font-in-the-list-of-all",
            "another amount, as the signer allowed",
            filled,
        )
        .harmless()
        .prepared(one_list)
        .on(&["p256-table-approval", "rsa-packed-certified2"]),
        Attack::by_update(
            "landmarks",
            SHADOW,
            "font-that-the-page-names",
            "words on the page that had no font",
            filled,
        )
        .change("change-font")
        .prepared(|pdf| {
            let mut objects = one_list(pdf);
            objects.push(pdf.rewritten(4, "/F2 18 Tf", "/He#42o 18 Tf"));
            objects
        })
        .on(&["p256-table-approval", "rsa-packed-certified2"]),
    ]
}

fn one_list(pdf: &Pdf) -> Vec<(u32, String)> {
    let fonts = "<< /F1 6 0 R /F2 8 0 R /F3 41 0 R /Helv 7 0 R >>";
    vec![
        (60, fonts.to_owned()),
        pdf.changed(9, "<< /F1 6 0 R /F2 8 0 R /F3 41 0 R >>", "60 0 R"),
        pdf.changed(FORM, "<< /Helv 7 0 R >>", "60 0 R"),
    ]
}

pub(super) fn all() -> Vec<Attack> {
    let mut all = gone();
    all.extend(told_otherwise());
    all.extend(drawn_elsewhere());
    all.extend(honest());
    all
}
