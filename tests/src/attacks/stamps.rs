//! Attacks by what anybody may add to a certified document, a document timestamp of an authority that nobody trusts, and by
//! changes that show the same to most viewers and not to all.

use super::{
    Attack, Bytes, Objects,
    harmless::{stamp, stamped_with},
    pdf::{Pdf, stream},
    victim::{
        Victim, look_of,
        number::{AGREE, AMOUNT, FORM, GRADE, METADATA, PAGE, RESOURCES},
    },
};

const EVIL: &str = "Rohlmann et al. 2021, evil annotations";
const SHADOW: &str = "Mainka et al. 2021, shadow attacks";
const ANY: [&str; 3] = [
    "p256-table-certified1",
    "rsa-packed-approval",
    "p256-table-locked",
];
const CERTIFIED: [&str; 2] = ["p256-table-certified1", "rsa-packed-certified1"];

/// A document timestamp in a field with these entries beside.
fn stamped(v: &Victim<'_>, entries: &str, mut more: Vec<(u32, String)>) -> Vec<u8> {
    let field = format!("<< /Type /Annot /FT /Sig /V 65 0 R /P 3 0 R {entries} >>");
    more.extend([
        v.pdf.changed(FORM, "25 0 R]", "25 0 R 64 0 R]"),
        v.pdf.changed(PAGE, "26 0 R]", "26 0 R 64 0 R]"),
        (64, field),
        (65, stamp("/Type /DocTimeStamp")),
    ]);
    stamped_with(v, &more)
}

fn look() -> (u32, String) {
    let look = "/Type /XObject /Subtype /Form /BBox [0 0 595 842]";
    (66, stream(look, "1 g 0 0 595 842 re f"))
}

fn by_stamp(name: &'static str, seen: &'static str, change: &'static str, make: Bytes) -> Attack {
    Attack::new("stamps", EVIL, name, seen, "MODIFIED_AFTER_SIGNING", make)
        .change(change)
        .on(&ANY)
}

fn by_name(name: &'static str, make: Bytes) -> Attack {
    let seen = "a form without its amount, in one viewer";
    by_stamp(name, seen, "change-field-added", make).on(&CERTIFIED)
}

fn fields() -> Vec<Attack> {
    vec![
        by_stamp(
            "field-that-is-a-note",
            "an icon over a value",
            "change-field-added",
            |v| {
                let entries = "/T (Time) /Subtype /Text /Rect [80 505 80 505] /F 4";
                stamped(v, entries, Vec::new())
            },
        ),
        by_stamp(
            "flags-below-zero",
            "another page, in one viewer",
            "change-signature-over-face",
            |v| {
                let entries = "/T (Time) /Subtype /Widget /Rect [0 0 595 842] /F -2 /AP << /N 66 0 R >>";
                stamped(v, entries, vec![look()])
            },
        ),
        by_stamp(
            "look-that-is-a-list",
            "no page, in one viewer",
            "change-appearance-without-value",
            |v| {
                stamped(
                    v,
                    "/T (Time) /Subtype /Widget /Rect [0 0 0 0] /F 2 /AP []",
                    Vec::new(),
                )
            },
        ),
        Attack::new(
            "stamps",
            EVIL,
            "no-rectangle",
            "a mark over the page, in one viewer",
            "CHANGES_UNCLEAR",
            |v| stamped(v, "/T (Time) /Subtype /Widget /F 132", Vec::new()),
        )
        .undecided()
        .on(&ANY),
        by_name("name-below-none", |v| {
            let child = "<< /Type /Annot /Subtype /Widget /FT /Sig /T (Amount) /V 65 0 R /Parent 64 0 R /Rect [0 0 0 0] \
                         /P 3 0 R /F 132 >>";
            let objects = [
                v.pdf.changed(FORM, "25 0 R]", "25 0 R 64 0 R]"),
                v.pdf.changed(PAGE, "26 0 R]", "26 0 R 67 0 R]"),
                (64, "<< /Kids [67 0 R] >>".to_owned()),
                (67, child.to_owned()),
                (65, stamp("/Type /DocTimeStamp")),
            ];
            stamped_with(v, &objects)
        }),
        by_name("name-that-is-no-string", |v| {
            stamped(
                v,
                "/T /Amount /Subtype /Widget /Rect [0 0 0 0] /F 132",
                Vec::new(),
            )
        }),
        by_name("name-in-another-order-of-bytes", |v| {
            let entries = "/T <FFFE41006D006F0075006E007400> /Subtype /Widget /Rect [0 0 0 0] /F 132";
            stamped(v, entries, Vec::new())
        }),
    ]
}

fn doubtful(name: &'static str, seen: &'static str, make: Objects) -> Attack {
    Attack::by_update("stamps", SHADOW, name, seen, make)
        .code("CHANGES_UNCLEAR")
        .undecided()
        .on(&CERTIFIED)
}

fn without_look(pdf: &Pdf) -> Vec<(u32, String)> {
    vec![pdf.changed(AMOUNT, "/AP << /N 27 0 R >>", "")]
}

fn told_otherwise() -> Vec<Attack> {
    vec![
        doubtful("kind-by-reference", "a form without its box, in two viewers", |v| {
            vec![
                v.pdf.changed(AGREE, "/Subtype /Widget", "/Subtype 60 0 R"),
                (60, "/Widget".to_owned()),
            ]
        }),
        doubtful("choice-in-utf-16", "no choice, in one viewer", |v| {
            vec![v.pdf.changed(GRADE, "/V (A)", "/V <FEFF0041>")]
        }),
        Attack::by_update(
            "stamps",
            SHADOW,
            "title-in-a-comment",
            "another title, in one viewer",
            |_| {
                let packet =
                    "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description \
                     xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" xmp:CreatorTool=\"&gt;\\376\\377\" \
                     rdf:about=\"\"><!-- \"><dc:title>Pay 999</dc:title> --></rdf:Description></rdf:RDF>";
                vec![(METADATA, stream("/Type /Metadata /Subtype /XML", packet))]
            },
        )
        .change("change-metadata")
        .on(&CERTIFIED),
        Attack::by_update(
            "stamps",
            SHADOW,
            "font-that-a-field-names",
            "another amount, in one viewer",
            |v| {
                vec![
                    v.pdf.changed(RESOURCES, "/F1 6 0 R", "/F1 6 0 R /HeBo 61 0 R"),
                    (
                        61,
                        "<< /Type /Font /Subtype /Type1 /BaseFont /ZapfDingbats >>".to_owned(),
                    ),
                ]
            },
        )
        .code("CHANGES_UNCLEAR")
        .undecided()
        .prepared(|pdf| {
            let (number, field) = pdf.changed(AMOUNT, "/Helv 12 Tf", "/HeBo 12 Tf");
            vec![(number, field.replace("/AP << /N 27 0 R >>", ""))]
        })
        .on(&["p256-table-approval", "rsa-table-certified2"]),
        doubtful("two-fonts-to-draw-with", "a speck for the amount, in one viewer", |v| {
            let (number, field) = v.pdf.changed(AMOUNT, "/V (100)", "/V (999)");
            let fonts = "(/Helv 1 Tf /Helv 12 Tf 0 g) /AP << /N 61 0 R >>";
            vec![
                (number, field.replace("(/Helv 12 Tf 0 g)", fonts)),
                (61, look_of("999")),
            ]
        })
        .prepared(without_look)
        .on(&["p256-table-approval", "rsa-packed-certified2"]),
        Attack::by_update(
            "stamps",
            SHADOW,
            "font-for-a-caption",
            "a button of other words, in two viewers",
            |v| {
                let font = "<< /Type /Font /Subtype /Type1 /BaseFont /ZapfDingbats >>";
                vec![
                    v.pdf.changed(FORM, "/Helv 7 0 R", "/Helv 7 0 R /F7 61 0 R"),
                    (61, font.to_owned()),
                ]
            },
        )
        .code("MODIFIED_AFTER_SIGNING")
        .change("change-font")
        .prepared(|pdf| {
            let (number, field) = pdf.changed(AMOUNT, "/FT /Tx", "/FT /Btn /Ff 65536 /MK << /CA (Pay 100) >>");
            let field = field.replace("/AP << /N 27 0 R >>", "");
            vec![(number, field.replace("/V (100)", "").replace("/Helv 12", "/F7 12"))]
        })
        .on(&CERTIFIED),
    ]
}

pub(super) fn all() -> Vec<Attack> {
    let mut all = fields();
    all.extend(told_otherwise());
    all
}
