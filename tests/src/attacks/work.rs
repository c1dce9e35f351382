//! Files that would hold a verifier for minutes: each asks for the same bytes over and over.

use std::fmt::Write as _;

use super::{
    Attack,
    content::{filled, signature_field},
    pdf::{Pdf, stream},
    syntax::page,
    tail::producer,
    victim::number::{CATALOG, FORM, FREE, INFORMATION, PAGE},
};

const CLASS: &str = "work";
const AFTER: &str = "denial of service";
const SEEN: &str = "the page as signed";

const NOTE: &str = "<< /Type /Annot /Subtype /Text /Rect [0 0 9 9] >>";

const WIDGET: &str = "<< /Subtype /Widget /Rect [0 0 9 9] /V (1) >>";

/// Numbers of what the attacker lists, all of four digits.
const ROWS: u32 = 1_000;

fn comparing(name: &'static str, make: super::Bytes) -> Attack {
    Attack::new(CLASS, AFTER, name, SEEN, "CHANGES_NOT_COMPARED", make).undecided()
}

fn opening(name: &'static str, make: super::Bytes) -> Attack {
    Attack::new(CLASS, AFTER, name, SEEN, "BEYOND_THIS_PROGRAM", make).undecided()
}

/// What is answered, by a limit or without one, before anybody waits.
fn answered(name: &'static str, seen: &'static str, make: super::Bytes) -> Attack {
    Attack::new(CLASS, AFTER, name, seen, "MODIFIED_AFTER_SIGNING", make)
}

/// Work that grows with the product of two numbers, or with a square.
fn products() -> Vec<Attack> {
    let changed = "the page as signed; other information";
    let (form, certified) = (
        ["p256-table-approval", "rsa-packed-certified2"],
        ["p256-table-certified1", "rsa-stream-certified1"],
    );
    vec![
        answered("fonts-set-without-end", "9 in a field of value 999", |v| {
            let widths = "556 ".repeat(50_000);
            let mut objects = filled(v);
            let font =
                format!("/Helv << /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Widths [{widths}] >>");
            let sets = "/Helv 12 Tf ".repeat(200_000);
            objects[1].1 = stream(
                &format!(
                    "/Type /XObject /Subtype /Form /BBox [0 0 120 20] /Resources << /Font << {font} >> >>"
                ),
                &format!("BT 2 5 Td {sets}(9) Tj ET"),
            );
            v.updated(&objects)
        })
        .code("CHANGES_UNCLEAR")
        .undecided()
        .on(&form),
        answered("sections-of-many-numbers", "another payee", |v| {
            let mut pdf = v.pdf.clone();
            for row in 0..1_000 {
                pdf = vacated(pdf, ROWS + 481 * row, 480);
            }
            pdf.update(&[page(v)]).bytes
        })
        .on(&["p256-stream-approval", "rsa-stream-certified1"]),
        answered("revisions-of-many-numbers", "another payee", |v| {
            let mut pdf = v.pdf.clone();
            for row in 0..1_000 {
                pdf = vacated(pdf, ROWS + 481 * row, 480);
                let end = format!("startxref\n{}\n%%EOF\n", pdf.last.expect("a section"));
                pdf.bytes.extend(end.as_bytes());
            }
            pdf.update(&[page(v)]).bytes
        })
        .on(&["p256-stream-approval", "rsa-stream-certified1"]),
        answered("information-of-many-keys", changed, |v| {
            let mut keys = String::from("(Certseal tests)");
            for key in 0..100_000 {
                let _ = write!(keys, " /k{key:06} 1");
            }
            v.updated(&[v.pdf.changed(INFORMATION, "(Certseal tests)", &keys)])
        })
        .on(&certified),
        answered(
            "annotations-without-end",
            "other notes than the signed ones, as many as anybody likes",
            |v| {
                let page = v.pdf.objects[&PAGE].replace(" 50 0 R", &format!(" {FREE} 0 R"));
                v.updated(&[(PAGE, page), (FREE, NOTE.to_owned())])
            },
        )
        .prepared(|pdf| {
            let notes = format!("26 0 R{}]", " 50 0 R".repeat(60_000));
            vec![pdf.changed(PAGE, "26 0 R]", &notes), (50, NOTE.to_owned())]
        })
        .code("CHANGES_UNCLEAR")
        .undecided()
        .on(&["p256-table-certified3", "rsa-stream-certified3"]),
        // What honest files do once is asked for each of many.
        answered("evidence-without-end", "the page as signed", |v| {
            v.updated(&[(50, format!("[{}51 0 R]", "52 0 R ".repeat(60_000)))])
        })
        .prepared(|pdf| {
            vec![
                pdf.changed(CATALOG, "/Lang", "/DSS << /Certs 50 0 R >> /Lang"),
                (50, format!("[{}]", "51 0 R ".repeat(60_000))),
                (51, stream("", "a certificate")),
                (52, stream("", "another")),
            ]
        })
        .harmless()
        .on(&certified),
        answered("notes-over-fields-without-end", "notes over a field", |v| {
            let notes = format!("26 0 R{}]", format!(" {FREE} 0 R").repeat(60_000));
            v.updated(&[v.pdf.changed(PAGE, "26 0 R]", &notes), (FREE, NOTE.to_owned())])
        })
        .prepared(|pdf| {
            let widgets = format!("{}26 0 R]", "50 0 R ".repeat(60_000));
            vec![pdf.changed(PAGE, "26 0 R]", &widgets), (50, WIDGET.to_owned())]
        })
        .code("CHANGES_UNCLEAR")
        .undecided()
        .on(&["p256-table-certified3", "rsa-stream-certified3"]),
        comparing("widgets-over-fields-without-end", |v| {
            let mut objects = signature_field("0 0 0 0", v);
            let numbers = ROWS..ROWS + 2_000;
            let mut kids = String::new();
            for kid in numbers.clone() {
                let _ = write!(kids, " {kid} 0 R");
            }
            objects[1].1 = objects[1].1.replace("61 0 R]", &format!("61 0 R{kids}]"));
            objects[2].1 = objects[2].1.replace("/V 62 0 R", &format!("/V 62 0 R /Kids [{kids}]"));
            let kid = "<< /Type /Annot /Subtype /Widget /Parent 61 0 R /Rect [500 800 501 801] /AP << /N 63 0 R >> >>";
            objects.extend(numbers.map(|number| (number, kid.to_owned())));
            v.signed_again(&v.pki.other, &objects)
        })
        .prepared(|pdf| {
            let widgets = format!("{}26 0 R]", "50 0 R ".repeat(60_000));
            vec![pdf.changed(PAGE, "26 0 R]", &widgets), (50, WIDGET.to_owned())]
        })
        .on(&["p256-table-approval", "rsa-stream-approval"]),
        comparing("values-that-wait-without-end", |v| v.updated(&[producer(v, "")]))
            .prepared(|pdf| {
                let many = "[] ".repeat(600_000);
                vec![
                    pdf.changed(CATALOG, "/Lang", "/Own 50 0 R /Lang"),
                    (50, format!("[{many}51 0 R]")),
                    (51, format!("[{many}]")),
                ]
            })
            .on(&certified),
        answered("numbers-without-end", "the page as signed", |v| v.updated(&[producer(v, "")]))
            .prepared(|pdf| {
                let many = "0 ".repeat(1_000_000);
                vec![
                    pdf.changed(CATALOG, "/Lang", "/Own 50 0 R /Lang"),
                    (50, format!("[{many}51 0 R]")),
                    (51, format!("[{many}]")),
                ]
            })
            .harmless()
            .on(&certified),
        comparing("dictionaries-without-end", |v| {
            let empty = format!("[{}]", "<<>>".repeat(1_000_000));
            v.updated(&[v.pdf.changed(INFORMATION, "(Certseal tests)", &empty)])
        })
        .on(&["p256-table-certified1", "rsa-packed-certified1"]),
    ]
}

/// One more section, which frees numbers nobody has.
fn vacated(mut pdf: Pdf, first: u32, count: u32) -> Pdf {
    pdf.size = pdf.size.max(first + count);
    let at = pdf.bytes.len();
    let (own, previous) = (first + count, pdf.last.expect("a section"));
    pdf.size += 1;
    let head = format!(
        "{own} 0 obj\n<< /Type /XRef /Size {} /W [1 4 0] /Index [{first} {count} {own} 1] /Prev {previous} /Length \
         {} {} >>\nstream\n",
        own + 1,
        5 * (count + 1),
        pdf.trailer
    );
    pdf.bytes.extend(head.as_bytes());
    pdf.bytes.extend(vec![0; 5 * count as usize]);
    pdf.bytes.push(1);
    pdf.bytes.extend((at as u32).to_be_bytes());
    pdf.bytes.extend(b"\nendstream\nendobj\n");
    pdf.last = Some(at);
    pdf
}

pub(super) fn all() -> Vec<Attack> {
    let mut all = vec![
        comparing("words-of-one-line", |v| {
            // Before each of them the whole line may end in a number.
            let mut pdf = v.pdf.clone();
            let entries = pdf.write(&[producer(v, "")]);
            pdf.bytes
                .extend(format!("%1{}\n", " obj".repeat(100_000)).as_bytes());
            pdf.finish(&entries);
            pdf.bytes
        }),
        comparing("entries-into-blanks", |v| {
            let mut pdf = v.pdf.clone();
            let blanks = pdf.bytes.len();
            pdf.bytes.extend(b" ".repeat(100_000));
            let mut entries = pdf.write(&[producer(v, "")]);
            pdf.size = ROWS + 2_000;
            entries.extend((0..2_000).map(|row| (ROWS + row, (1, blanks + row as usize, 0))));
            pdf.finish(&entries);
            pdf.bytes
        }),
        comparing("looks-damaged-at-their-end", |v| {
            let digits = "00".repeat(50_000) + "?";
            let mut looks = String::new();
            for look in 0..3_000 {
                let _ = write!(looks, "/L{look} 63 0 R ");
            }
            let mut objects = signature_field("0 0 0 0", v);
            objects[2].1 = objects[2].1.replace("/N 63 0 R", &looks);
            objects[4].1 = stream("/BBox [0 0 9 9] /Filter /ASCIIHexDecode", &digits);
            v.signed_again(&v.pki.mallory, &objects)
        }),
        comparing("containers-in-one-another", |v| {
            // Each object stream begins within the data of the one before, and all have one end.
            let mut pdf = v.pdf.clone();
            let mut entries = pdf.write(&[producer(v, "")]);
            let count = 3_000;
            let head = |row: u32, length: usize| {
                format!(
                    "{} 0 obj\n<< /Type /ObjStm /N 0 /First 0 /Length {length:07} >>\nstream\n",
                    ROWS + row
                )
            };
            let step = head(0, 0).len();
            for row in 0..count {
                entries.insert(ROWS + row, (1, pdf.bytes.len(), 0));
                let rest = (count - 1 - row) as usize * step;
                pdf.bytes.extend(head(row, rest).as_bytes());
            }
            pdf.bytes.extend(b"\nendstream\nendobj\n");
            pdf.size = ROWS + count;
            pdf.finish(&entries);
            pdf.bytes
        }),
        comparing("arrays-in-arrays", |v| {
            let deep = "[".repeat(1_000) + &"]".repeat(1_000);
            v.updated(&[v.pdf.changed(INFORMATION, "(Certseal tests)", &deep)])
        }),
        opening("sections-without-end", |v| {
            let mut pdf = v.pdf.clone();
            for _ in 0..1_100 {
                pdf.finish(&[].into());
            }
            pdf.bytes
        }),
        opening("fields-without-end", |v| {
            let fields = "null ".repeat(21_000) + "25 0 R]";
            v.updated(&[v.pdf.changed(FORM, "25 0 R]", &fields)])
        }),
        opening("fields-of-one-large-object", |v| {
            // Each field has the same long object for its kind and its name.
            let mut kids = String::new();
            for kid in 0..2_000 {
                let _ = write!(kids, "{} 0 R ", ROWS + kid);
            }
            let large = format!("[{}]", "0 ".repeat(20_000));
            let mut objects = vec![
                v.pdf.changed(FORM, "25 0 R]", &format!("25 0 R {kids}]")),
                (FREE, large),
            ];
            objects.extend((0..2_000).map(|kid| (ROWS + kid, format!("<< /FT {FREE} 0 R /T {FREE} 0 R >>"))));
            v.updated(&objects)
        }),
    ];
    all.extend(products());
    for attack in all.iter_mut().filter(|attack| attack.kinds.is_empty()) {
        attack.kinds = super::kinds(&["p256-table-approval", "rsa-table-certified1"]);
    }
    all
}
