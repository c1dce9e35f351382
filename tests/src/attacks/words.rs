//! Attacks by words that readers tell apart in different ways: blanks that are none to others, names, numbers and
//! references that some cut short, and what lies between such words. To strict readers the updates say nothing.

use super::{
    Attack,
    content::{filled, signature_field},
    harmless::evidence,
    pdf::{Pdf, find, find_last, replaced, stream},
    tail::{
        HIDDEN, behind_section, beside, between, concealing, found, hidden, producer, reason, reasoned,
        table, trailed,
    },
    victim::{
        Victim,
        number::{AGREE, CATALOG, CONTENT, INFORMATION, PAGE, PAGES, PREPARED},
    },
};

/// A number that nobody uses.
const NOBODY: u32 = 77;

/// The highest that PDFium has is one less; that of MuPDF, and of annex C, is 8388607.
const BEYOND_PDFIUM: u32 = 4_194_305;
const BEYOND_ALL: u32 = 9_000_000;

const TABLES: [&str; 2] = ["p256-table-approval", "rsa-table-certified1"];
const STREAMS: [&str; 2] = ["p256-stream-approval", "rsa-stream-certified1"];
const FORMS: [&str; 2] = ["p256-table-approval", "rsa-packed-certified2"];

/// A second root in the trailer for readers to whom a byte is a blank; to others it is one name, and a number.
fn parted_by(v: &Victim<'_>, blank: u8) -> Vec<u8> {
    let name = format!("/Root~{HIDDEN}~0~R 0");
    let pdf = trailed(v, &name);
    let parted: Vec<u8> = name
        .bytes()
        .map(|byte| if byte == b'~' { blank } else { byte })
        .collect();
    replaced(&pdf.bytes, name.as_bytes(), &parted)
}

/// So many zeros that a word has its last letter beyond the 256 that PDFium reads.
fn zeros(before: &str) -> String {
    "0".repeat(257 - before.len())
}

/// The same catalogue under another number, and what else is written with it.
fn renumbered(v: &Victim<'_>, number: u32, more: &[(u32, String)]) -> Pdf {
    let mut pdf = v.pdf.clone();
    pdf.trailer = pdf.trailer.replace("/Root 1 0 R", &format!("/Root {number} 0 R"));
    let mut objects = vec![(number, v.pdf.objects[&CATALOG].clone())];
    objects.extend_from_slice(more);
    pdf.update(&objects)
}

/// The program's name in an object of another number.
fn informed(v: &Victim<'_>, number: u32) -> Vec<u8> {
    let mut pdf = v.pdf.clone();
    pdf.trailer = pdf
        .trailer
        .replace("/Info 35 0 R", &format!("/Info {number} 0 R"));
    pdf.update(&[(number, producer(v, "").1)]).bytes
}

/// The catalogue with an extension of some developer, which any signer allows.
fn extended(v: &Victim<'_>, entry: &str) -> (u32, String) {
    let extensions = format!("/Extensions << /XY << /BaseVersion /1.7 /ExtensionLevel 8 {entry} >> >> /Lang");
    v.pdf.changed(CATALOG, "/Lang", &extensions)
}

/// A new field as large as the page that nobody signs, and its look.
fn over_page(v: &Victim<'_>, from: &str, to: &str) -> Vec<(u32, String)> {
    let mut objects = signature_field("0 0 595 842", v);
    let field = objects[2].1.replace("/V 62 0 R ", "");
    assert!(field.contains(from), "no {from}: {field}");
    objects[2].1 = field.replace(from, to);
    objects.remove(3);
    objects
}

/// Objects of an update, and a section behind it that has some of them in another state.
fn then_listed(v: &Victim<'_>, objects: &[(u32, String)], entry: (u32, (u8, usize, usize))) -> Vec<u8> {
    let mut pdf = v.pdf.clone().update(objects);
    pdf.finish(&[entry].into());
    pdf.bytes
}

/// The cross-reference stream of the last revision with kinds of five bytes.
fn widened(bytes: &[u8]) -> Vec<u8> {
    let dictionary = find_last(bytes, b"/W [1 4 2]").expect("a cross-reference stream");
    let rows = dictionary + find(&bytes[dictionary..], b"\nstream\n").expect("rows") + 8;
    let end = find_last(bytes, b"\nendstream").expect("an end of rows");
    let wide: Vec<u8> = bytes[rows..end]
        .chunks(7)
        .flat_map(|row| [&[0; 4], row].concat())
        .collect();
    let head = String::from_utf8_lossy(&bytes[dictionary..rows])
        .replace("/W [1 4 2]", "/W [5 4 2]")
        .replace(
            &format!("/Length {} ", end - rows),
            &format!("/Length {} ", wide.len()),
        );
    [&bytes[..dictionary], head.as_bytes(), &wide, &bytes[end..]].concat()
}

/// A page that has one more content, which there is not.
fn of_two_contents(pdf: &Pdf) -> Vec<(u32, String)> {
    vec![pdf.changed(PAGE, "4 0 R", "[4 0 R 58 0 R]")]
}

fn names() -> Vec<Attack> {
    vec![
        reason("blank-of-0x80", |v| parted_by(v, 0x80)).prepared(hidden),
        reason("blank-of-0xff", |v| parted_by(v, 0xff)).prepared(hidden),
        found("blank-of-0x0b", |v| parted_by(v, 0x0b)).prepared(hidden),
        found("name-that-takes-a-byte", |v| {
            // To Poppler an escape takes the byte behind its first digit, whatever it is; to others a comment begins.
            trailed(v, &format!("/M /x#5%/Root {HIDDEN} 0 R\n")).bytes
        })
        .prepared(hidden),
        found("flags-behind-an-escape", |v| {
            v.updated(&over_page(v, "/F 132", "/H /x#5/F 2"))
        })
        .on(&FORMS),
        found("key-cut-by-zero", |v| trailed(v, "/Root#00x 5").bytes),
        found("state-cut-by-zero", |v| {
            v.updated(&[v
                .pdf
                .changed(AGREE, "/V /Off /AS /Off", "/V /Yes#00x /AS /Yes#00x")])
        })
        .on(&FORMS),
    ]
}

fn numbers() -> Vec<Attack> {
    vec![
        found("root-of-many-digits", |v| {
            let number = format!("{}{HIDDEN}0", zeros("500"));
            let bytes = renumbered(v, 10 * HIDDEN, &[]).bytes;
            replaced(&bytes, b"/Root 500 0 R", format!("/Root {number} 0 R").as_bytes())
        })
        .prepared(hidden),
        found("content-of-many-digits", |v| {
            let number = format!("/Contents {}4 0 R", zeros("4"));
            v.updated(&[v.pdf.changed(PAGE, "/Contents 4 0 R", &number)])
        }),
        found("box-of-many-digits", |v| {
            v.updated(&[v.pdf.changed(PAGES, "842]", &format!("842.{}]", zeros("")))])
        }),
        found("point-alone", |v| v.updated(&[extended(v, "/x .")])),
        found("sign-alone", |v| v.updated(&[extended(v, "/x -")])).code("FILE_DAMAGED"),
        reason("number-beyond-one-viewer", |v| informed(v, BEYOND_PDFIUM)),
        reason("number-beyond-all", |v| informed(v, BEYOND_ALL)).on(&[
            "p256-table-approval",
            "rsa-stream-certified1",
            "p256-packed-certified1",
        ]),
        reason("root-beyond-all", |v| renumbered(v, BEYOND_ALL, &[]).bytes).on(&[
            "p256-table-approval",
            "rsa-stream-certified1",
            "p256-packed-certified1",
        ]),
    ]
}

fn references() -> Vec<Attack> {
    vec![
        found("look-of-another-generation", |v| {
            let mut objects = filled(v);
            objects[0].1 = objects[0].1.replace("/AP << /N 61 0 R >>", "/AP 62 1 R");
            objects.push((62, "<< /N 61 0 R >>".to_owned()));
            v.updated(&objects)
        })
        .on(&FORMS),
        found("field-of-another-generation", |v| {
            v.updated(&over_page(v, "/N 63 0 R", "/N 63 1 R"))
        })
        .on(&FORMS),
        found("extension-of-another-generation", |v| {
            v.updated(&[extended(v, &format!("/URL {CONTENT} 3 R"))])
        }),
        reason("date-that-leads-nowhere", |v| {
            // Poppler asks for it when a file is opened, and then rebuilds the file.
            let (pdf, date) = (concealing(v), format!(" /ModDate {NOBODY} 0 R"));
            let (number, information) = v.pdf.changed(INFORMATION, " >>", &date);
            pdf.update(&[(number, information + " >>")]).bytes
        })
        .on(&TABLES),
        reason("information-that-leads-nowhere", |v| {
            let mut pdf = concealing(v);
            pdf.trailer = pdf
                .trailer
                .replace("/Info 35 0 R", &format!("/Info {NOBODY} 0 R"));
            pdf.update(&[(CATALOG, v.pdf.objects[&CATALOG].clone())]).bytes
        })
        .on(&["p256-table-approval", "rsa-table-certified2"]),
        found("look-that-leads-nowhere", |v| {
            let (number, field) = filled(v).swap_remove(0);
            v.updated(&[(number, field.replace("61 0 R", &format!("{NOBODY} 0 R")))])
        })
        .change("change-appearance-without-value")
        .on(&FORMS),
        reason("content-used-and-freed", |v| {
            let content = (58, v.pdf.objects[&PREPARED].clone());
            then_listed(v, &[content], (58, (0, 0, 1)))
        })
        .prepared(of_two_contents),
        reason("content-used-and-put-at-zero", |v| {
            let content = (58, v.pdf.objects[&PREPARED].clone());
            then_listed(v, &[content], (58, (1, 0, 0)))
        })
        .prepared(of_two_contents),
        found("content-used-and-of-no-kind", |v| {
            let content = (58, v.pdf.objects[&PREPARED].clone());
            then_listed(v, &[content], (58, (200, 0, 0)))
        })
        .prepared(of_two_contents)
        .on(&STREAMS),
        reason("look-used-and-freed", |v| {
            then_listed(v, &over_page(v, "/N", "/N"), (63, (0, 0, 1)))
        })
        .on(&FORMS),
    ]
}

/// Words that files are rebuilt by, behind or within others.
fn joined() -> Vec<Attack> {
    vec![
        found("trailer-behind-a-number", |v| {
            let words = format!("5.trailer << /Root {HIDDEN} 0 R >>\n");
            behind_section(renumbered(v, BEYOND_ALL, &[]), &words).bytes
        })
        .prepared(hidden),
        found("trailer-behind-a-sign", |v| {
            let words = format!("-trailer << /Root {HIDDEN} 0 R >>\n");
            behind_section(renumbered(v, BEYOND_ALL, &[]), &words).bytes
        })
        .prepared(hidden),
        found("trailer-behind-a-letter", |v| {
            // From the word `xref` on, pdf.js searches for the bytes of the other.
            let words = format!("xref\n/xtrailer << /Root {HIDDEN} 0 R /ID [<00> <00>] >>\n");
            between(v, &words)
        })
        .prepared(hidden),
        found("integers-in-data", |v| {
            let mut objects = evidence(v);
            objects[1].1 = stream("", &format!("q\n{CONTENT} 0 obj-5\nQ"));
            beside(&v.pdf.clone().update(&objects))
        }),
        found("integers-between-objects", |v| {
            let mut pdf = v.pdf.clone();
            let entries = pdf.write(&[producer(v, "")]);
            pdf.bytes.extend(format!("{CONTENT} 0 obj-5\n").as_bytes());
            pdf.finish(&entries);
            widened(&pdf.bytes)
        })
        .on(&STREAMS),
    ]
}

/// Heads of sections that readers know in different ways.
fn heads() -> Vec<Attack> {
    vec![
        reason("kinds-of-five-bytes", |v| widened(&reasoned(v))).on(&STREAMS),
        reason("startxref-before-a-zero", |v| {
            replaced(&reasoned(v), b"startxref\n", b"startxref\n\0")
        }),
        reason("startxref-before-a-form-feed", |v| {
            replaced(&reasoned(v), b"startxref\n", b"startxref\x0c")
        }),
        reason("place-before-a-zero", |v| {
            replaced(&reasoned(v), b"\n%%EOF", b"\0%%EOF")
        }),
        reason("subsection-behind-a-zero", |v| table(v, "\n35 1\n", "\n35 1\0")).on(&TABLES),
        reason("subsection-behind-a-form-feed", |v| {
            table(v, "\n35 1\n", "\n35 1\x0c")
        })
        .on(&TABLES),
        reason("subsection-with-two-signs", |v| {
            table(v, "\n35 1\n", "\n+35 +1\n")
        })
        .on(&TABLES),
        reason("table-behind-a-zero", |v| table(v, "\nxref\n", "\nxref\0")).on(&TABLES),
    ]
}

pub(super) fn all() -> Vec<Attack> {
    let groups = [names(), numbers(), references(), joined(), heads()];
    let mut all: Vec<Attack> = groups.into_iter().flatten().collect();
    for attack in &mut all {
        if attack.kinds.is_empty() {
            attack.kinds = super::kinds(&["p256-table-approval", "rsa-stream-certified1"]);
        }
    }
    all
}
