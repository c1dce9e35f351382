//! Attacks by what an update means: values and signatures that stand where viewers look for them and programs do not, and
//! what viewers draw by themselves. And their neighbours, written by programs that mean well.

use super::{
    Attack, Bytes, Objects,
    content::signature_field,
    pdf::{Pdf, placeholder, stream},
    victim::{
        Victim, look_of,
        number::{AGREE, AMOUNT, CATALOG, FORM, PAGE, SECOND},
        signature,
    },
};

const SHADOW: &str = "Mainka et al. 2021, shadow attacks";
const EVIL: &str = "Rohlmann et al. 2021, evil annotations";
const WHOLE: &str = "0 0 595 842";

/// A value that is neither a signature nor a timestamp, where one is expected.
fn garbage() -> String {
    format!("<< /Type /Foo /Filter /Foo /SubFilter /Foo {} >>", placeholder())
}

/// A field over the page with garbage for a signature, and this for a look.
fn field_over_all(v: &Victim<'_>, look: Option<String>) -> Vec<u8> {
    let mut objects = signature_field(WHOLE, v);
    objects[3].1 = garbage();
    if let Some(look) = look {
        objects[4].1 = look;
    } else {
        objects[2].1 = objects[2].1.replace("/AP << /N 63 0 R >>", "");
        objects.truncate(4);
    }
    v.signed_again(&v.pki.mallory, &objects)
}

/// A field of the signed revision parted from its widget, which gets a number of its own.
fn parted(pdf: &Pdf, field: u32, of_field: &str, of_widget: &str) -> Vec<(u32, String)> {
    let widget = format!("<< /Type /Annot /Subtype /Widget /P 3 0 R /F 4 /Parent {field} 0 R {of_widget} >>");
    vec![
        (field, format!("<< {of_field} /Kids [60 0 R] >>")),
        (60, widget),
        pdf.changed(PAGE, &format!("{field} 0 R"), "60 0 R"),
    ]
}

fn parted_amount(pdf: &Pdf) -> Vec<(u32, String)> {
    let field = "/FT /Tx /T (Amount) /V (100) /DA (/Helv 12 Tf 0 g)";
    parted(pdf, AMOUNT, field, "/Rect [72 500 192 520] /AP << /N 27 0 R >>")
}

fn parted_second(pdf: &Pdf) -> Vec<(u32, String)> {
    parted(pdf, SECOND, "/FT /Sig /T (Second)", "/Rect [72 700 400 790]")
}

/// The amount below a group, which hands down what it has.
fn grouped(pdf: &Pdf) -> Vec<(u32, String)> {
    vec![
        pdf.changed(FORM, "22 0 R", "60 0 R"),
        (60, "<< /FT /Tx /T (Deal) /Kids [22 0 R] >>".to_owned()),
        pdf.changed(AMOUNT, "/P 3 0 R", "/P 3 0 R /Parent 60 0 R"),
    ]
}

fn failed(name: &'static str, (seen, change): (&'static str, &'static str), make: Bytes) -> Attack {
    Attack::new("form", EVIL, name, seen, "MODIFIED_AFTER_SIGNING", make).change(change)
}

fn doubtful(name: &'static str, seen: &'static str, make: Objects) -> Attack {
    Attack::by_update("form", SHADOW, name, seen, make)
        .code("CHANGES_UNCLEAR")
        .undecided()
        .on(&["p256-table-approval", "rsa-packed-certified2"])
}

fn harmless(name: &'static str, seen: &'static str, make: Objects) -> Attack {
    Attack::by_update("harmless", "–", name, seen, make).harmless()
}

fn signatures() -> Vec<Attack> {
    let on = [
        "p256-table-certified1",
        "rsa-packed-approval",
        "p256-table-locked",
    ];
    vec![
        failed(
            "look-that-is-a-picture",
            (
                "any page, in Ghostscript, which draws looks as what they say they are",
                "change-signature-recycled",
            ),
            |v| {
                let picture = "/Subtype /Image /Width 8 /Height 8 /BitsPerComponent 8 /ColorSpace [/Indexed \
                               /DeviceGray 32 <000000000000000000000000000000000000000000000000000000000000000000>] \
                               /BBox [0 0 1 1]";
                field_over_all(v, Some(stream(picture, &" \n".repeat(32))))
            },
        )
        .on(&on),
        failed(
            "flag-over-the-page",
            ("a flag over the page, in MuPDF", "change-signature-added"),
            |v| field_over_all(v, None),
        )
        .on(&["p256-table-certified1", "p256-table-locked"]),
        Attack::new(
            "form",
            EVIL,
            "flag-where-nothing-is-stated",
            "a flag over the page, in MuPDF",
            "CHANGES_UNCLEAR",
            |v| field_over_all(v, None),
        )
        .undecided()
        .on(&["rsa-packed-approval"]),
        failed(
            "garbage-above-its-widget",
            ("the director's approval of another amount", "change-signature-recycled"),
            |v| {
                let (_, widget) = v.pdf.changed(60, "/F 4", "/F 4 /AP << /N 62 0 R >>");
                let objects = [
                    v.pdf.changed(SECOND, "/Kids", "/V 61 0 R /Kids"),
                    (60, widget),
                    (61, garbage()),
                    (62, look_of("Pay 999 to Mallory: approved")),
                ];
                v.signed_again(&v.pki.mallory, &objects)
            },
        )
        .prepared(parted_second)
        .on(&on),
    ]
}

fn values() -> Vec<Attack> {
    vec![
        doubtful(
            "value-on-a-widget",
            "999, of a field whose value is 100",
            |v| {
                let (number, widget) = v.pdf.changed(60, "/F 4", "/F 4 /V (999)");
                vec![(number, widget.replace("27 0 R", "61 0 R")), (61, look_of("999"))]
            },
        )
        .prepared(parted_amount),
        failed(
            "value-on-a-group",
            ("999, of a field whose value is 100", "change-appearance-without-value"),
            |v| {
                v.updated(&[
                    v.pdf.changed(60, "/Kids", "/V (999) /Kids"),
                    v.pdf.changed(AMOUNT, "27 0 R", "61 0 R"),
                    (61, look_of("999")),
                ])
            },
        )
        .prepared(grouped)
        .on(&["p256-table-approval", "rsa-packed-certified2"]),
        doubtful("value-that-nobody-types", "999 in a field for reading only", |v| {
            let (number, field) = v.pdf.changed(AMOUNT, "/V (100)", "/V (999)");
            vec![(number, field.replace("27 0 R", "61 0 R")), (61, look_of("999"))]
        })
        .prepared(|pdf| vec![pdf.changed(AMOUNT, "/V (100)", "/Ff 1 /V (100)")]),
        doubtful(
            "widgets-in-another-order",
            "the page as signed; another option, to programs that count the widgets",
            |v| vec![v.pdf.changed(AGREE, "60 0 R 61 0 R", "61 0 R 60 0 R")],
        )
        .prepared(|pdf| {
            let widget = |rect: &str| {
                format!(
                    "<< /Type /Annot /Subtype /Widget /Rect [{rect}] /P 3 0 R /F 4 /Parent 23 0 R /AS /Off /AP << /N \
                     << /0 28 0 R /Off 45 0 R >> >> >>"
                )
            };
            vec![
                (
                    AGREE,
                    "<< /FT /Btn /Ff 49152 /T (Agree) /V /Off /Opt [(Alice) (Mallory)] /Kids [60 0 R 61 0 R] >>"
                        .to_owned(),
                ),
                (60, widget("72 470 92 490")),
                (61, widget("102 470 122 490")),
                pdf.changed(PAGE, "23 0 R", "60 0 R 61 0 R"),
            ]
        }),
    ]
}

/// Fields that were filled in, and what else shows them: the signer's own doing.
fn namesakes() -> Vec<Attack> {
    let filled: Objects = |v| {
        let (number, field) = v.pdf.changed(AMOUNT, "/V (100)", "/V (999)");
        vec![(number, field.replace("27 0 R", "61 0 R")), (61, look_of("999"))]
    };
    vec![
        doubtful("form-beside-the-fields", "100, in viewers that show XFA forms", filled).prepared(|pdf| {
            let template = "<xdp:xdp xmlns:xdp=\"http://ns.adobe.com/xdp/\"><template xmlns=\"http://www.xfa.org/\
                            schema/xfa-template/3.3/\"><subform><field name=\"Amount\"><value><text>100</text></value>\
                            </field></subform></template></xdp:xdp>";
            vec![
                pdf.changed(FORM, "/SigFlags 3", "/SigFlags 3 /XFA 60 0 R"),
                (60, stream("", template)),
            ]
        }),
        doubtful("two-fields-of-one-name", "999 and 100 for one value", filled).prepared(|pdf| {
            let (_, other) = pdf.changed(AMOUNT, "[72 500 192 520]", "[200 500 320 520]");
            vec![
                pdf.changed(FORM, "22 0 R", "22 0 R 60 0 R"),
                pdf.changed(PAGE, "22 0 R", "22 0 R 60 0 R"),
                (60, other),
            ]
        }),
        doubtful("widget-that-no-field-knows", "999 and 100 for one value", filled).prepared(|pdf| {
            let widget = "<< /Type /Annot /Subtype /Widget /Rect [200 500 320 520] /P 3 0 R /F 4 /Parent 22 0 R /AP \
                          << /N 27 0 R >> >>";
            vec![
                pdf.changed(PAGE, "22 0 R", "22 0 R 60 0 R"),
                (60, widget.to_owned()),
            ]
        }),
    ]
}

fn drawn_by_viewers() -> Vec<Attack> {
    vec![
        doubtful(
            "white-for-all-fields",
            "an empty field of value 100, in viewers that draw fields for typing",
            |v| vec![v.pdf.changed(FORM, "/SigFlags 3", "/SigFlags 3 /DA (/Helv 12 Tf 1 g)")],
        )
        .prepared(|pdf| {
            vec![
                pdf.changed(FORM, "/DA (/Helv 12 Tf 0 g)", ""),
                pdf.changed(AMOUNT, "/DA (/Helv 12 Tf 0 g)", ""),
            ]
        }),
        doubtful(
            "font-for-all-fields",
            "other digits than those of the value, in viewers that draw fields anew",
            |v| {
                vec![
                    v.pdf.changed(FORM, "/Helv 7 0 R", "/Helv 7 0 R /F7 61 0 R"),
                    (61, "<< /Type /Font /Subtype /TrueType /BaseFont /Own /FirstChar 48 /LastChar 49 /Widths [9 9] >>".to_owned()),
                ]
            },
        )
        .prepared(|pdf| {
            vec![
                pdf.changed(FORM, "/SigFlags 3", "/SigFlags 3 /NeedAppearances true"),
                pdf.changed(AMOUNT, "/DA (/Helv", "/DA (/F7"),
            ]
        }),
        doubtful(
            "pop-up-that-is-open",
            "a note over the page, on paper",
            |v| {
                let note = "<< /Type /Annot /Subtype /Popup /Rect [0 0 595 842] /P 3 0 R /F 4 /Open true /Contents \
                            (Pay 999 to Mallory) >>";
                vec![
                    v.pdf.changed(PAGE, "26 0 R]", "26 0 R 61 0 R]"),
                    (61, note.to_owned()),
                ]
            },
        )
        .on(&["p256-table-approval"]),
        doubtful("note-in-a-box", "a tick in a box of value Off", |v| {
            let note = "<< /Type /Annot /Subtype /Text /Rect [73 471 91 489] /P 3 0 R /F 4 /Name /Cross >>";
            vec![
                v.pdf.changed(PAGE, "26 0 R]", "26 0 R 61 0 R]"),
                (61, note.to_owned()),
            ]
        })
        .on(&["p256-table-approval", "rsa-packed-certified3"]),
    ]
}

/// As programs write it that come second: iText, PDFBox, PDFium, pypdf, pdf.js, MuPDF.
fn second_programs() -> Vec<Attack> {
    const SEEN: &str = "the page as signed";
    vec![
        harmless("version-of-the-head", SEEN, |v| {
            vec![v.pdf.changed(CATALOG, "/Version /1.9", "/Version /1.4")]
        })
        .prepared(|pdf| vec![pdf.changed(CATALOG, "/Lang", "/Version /1.9 /Lang")])
        .on(&["p256-table-certified1", "rsa-packed-approval"]),
        Attack::new("harmless", "–", "evidence-replaced", SEEN, "", |v| {
            let store = |number: u32| format!("/DSS << /Certs [{number} 0 R] >> /Lang");
            let first = v.pdf.clone().update(&[
                v.pdf.changed(CATALOG, "/Lang", &store(61)),
                (61, stream("", "a certificate")),
            ]);
            let second = [
                v.pdf.changed(CATALOG, "/Lang", &store(62)),
                (62, stream("", "another certificate")),
            ];
            first.update(&second).bytes
        })
        .harmless()
        .on(&["p256-table-certified1", "rsa-packed-approval"]),
        Attack::new("harmless", "–", "signed-without-a-place", SEEN, "", |v| {
            let (field, body) = v.pdf.changed(SECOND, "400 200 520 260", "0 0 0 0");
            let body = body.replace("/F 4", "/F 132 /V 61 0 R");
            v.signed_again(&v.pki.signer, &[(field, body), (61, signature("Second", ""))])
        })
        .harmless()
        .on(&["p256-table-approval", "rsa-packed-certified2"]),
        harmless("fonts-before-fields", SEEN, |v| {
            vec![
                v.pdf.changed(FORM, "/Helv 7 0 R", "/Helv 7 0 R /ZaDb 61 0 R"),
                (
                    61,
                    "<< /Type /Font /Subtype /Type1 /BaseFont /ZapfDingbats >>".to_owned(),
                ),
            ]
        })
        .on(&["p256-table-certified1", "rsa-packed-certified2"]),
        harmless(
            "filled-in-other-words",
            "another amount, as the signer allowed",
            |v| {
                let (number, field) = v.pdf.changed(AMOUNT, "/V (100)", "/V (999)");
                let field = field
                    .replace("27 0 R", "61 0 R")
                    .replace("/DA (/Helv 12 Tf 0 g)", "/DA (0.0 g /Helv 12.0 Tf)")
                    .replace("[72 500 192 520]", "[192.0 520.0 72.0 500.0]");
                vec![(number, field), (61, look_of("999"))]
            },
        )
        .on(&["p256-table-approval", "rsa-packed-certified2"]),
    ]
}

pub(super) fn all() -> Vec<Attack> {
    let mut all = signatures();
    all.extend(values());
    all.extend(namesakes());
    all.extend(drawn_by_viewers());
    all.extend(second_programs());
    all
}
