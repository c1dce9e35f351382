//! Attacks on readers that rebuild a file which seems broken to them: they search it for words that begin something, and
//! take what comes last. The updates say nothing else to strict readers than that another program was at work.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{
    Attack,
    harmless::evidence,
    pdf::{Pdf, find, find_last, replaced, stream},
    pki::Cms,
    syntax::page,
    victim::{
        Victim,
        number::{CATALOG, CONTENT, FREE, INFORMATION, PAGES, SIGNATURE},
    },
};

const CLASS: &str = "rebuilding";
const AFTER: &str = "parser differentials";
const ANOTHER: &str = "another payee in readers that rebuild the file";

/// The page's content as it says otherwise: what was prepared before signing.
const FOUND: &str = "4 0 obj [19 0 R] endobj";

/// A catalogue that nothing leads to, of the page that was prepared.
pub(super) const HIDDEN: u32 = 50;

/// What any signer allows: the name of the program, with what else stands in that object.
pub(super) fn producer(v: &Victim<'_>, text: &str) -> (u32, String) {
    v.pdf.changed(
        INFORMATION,
        "(Certseal tests)",
        &format!("(Another program{text})"),
    )
}

/// Words between two objects of an update.
pub(super) fn between(v: &Victim<'_>, words: &str) -> Vec<u8> {
    let mut pdf = v.pdf.clone();
    pdf.bytes.extend(words.as_bytes());
    beside(&pdf.update(&[producer(v, "")]))
}

/// An update of the program's name whose trailer has entries of its own.
pub(super) fn trailed(v: &Victim<'_>, entries: &str) -> Pdf {
    let mut pdf = v.pdf.clone();
    let _ = write!(pdf.trailer, " {entries}");
    pdf.update(&[producer(v, "")])
}

/// The same with a string there.
fn in_trailer(v: &Victim<'_>, text: &str) -> Vec<u8> {
    beside(&trailed(v, &format!("/DocChecksum (\n{text}\n)")))
}

/// Words between the last section and its `startxref`: a trailer there is the last one.
pub(super) fn behind_section(mut pdf: Pdf, words: &str) -> Pdf {
    let end = find_last(&pdf.bytes, b"startxref").expect("an end");
    pdf.bytes.splice(end..end, words.bytes());
    pdf
}

/// The file with a `startxref` a few bytes beside its section: for viewers a reason to rebuild it, though all of them find
/// that section as well.
pub(super) fn beside(pdf: &Pdf) -> Vec<u8> {
    let at = pdf.last.expect("a section");
    let stated = format!("startxref\n{}\n", at - 3);
    replaced(
        &pdf.bytes,
        format!("startxref\n{at}\n").as_bytes(),
        stated.as_bytes(),
    )
}

/// An update of the program's name alone, its table written otherwise.
pub(super) fn table(v: &Victim<'_>, from: &str, to: &str) -> Vec<u8> {
    let bytes = reasoned(v);
    let at = find_last(&bytes, b"\nxref\n").expect("a table");
    let text = String::from_utf8_lossy(&bytes[at..]).replace(from, to);
    [&bytes[..at], text.as_bytes()].concat()
}

/// The document behind a dictionary that says how long a linearised file it is (annex F), and a first section that leads
/// to the hidden catalogue and on to the section at a place.
fn linearised(v: &Victim<'_>, length: usize, section: usize) -> Pdf {
    let mut pdf = Pdf::new(v.pdf.layout, &v.pdf.trailer);
    pdf.bytes.extend(
        format!(
            "90 0 obj\n<< /Linearized 1 /L {length:07} /N 2 >>\nendobj\nxref\n0 0\ntrailer\n<< /Size 110 /Root \
             {HIDDEN} 0 R /Prev {section:07} >>\n"
        )
        .as_bytes(),
    );
    let objects: Vec<(u32, String)> = v.pdf.objects.clone().into_iter().collect();
    signed(v, pdf, &objects)
}

/// The document with another content of the page among its signed bytes, which no table lists: readers that rebuild the
/// file take it.
pub(super) fn concealing(v: &Victim<'_>) -> Pdf {
    let mut objects = v.pdf.objects.clone();
    let signature = objects.remove(&SIGNATURE).expect("a signature");
    let objects: Vec<(u32, String)> = objects.into_iter().collect();
    let mut pdf = Pdf::new(v.pdf.layout, &v.pdf.trailer);
    let entries = pdf.write(&objects);
    pdf.bytes.extend(format!("{FOUND}\n").as_bytes());
    pdf.finish(&entries);
    signed(v, pdf, &[(SIGNATURE, signature)])
}

/// Signed as the document under attack is.
fn signed(v: &Victim<'_>, pdf: Pdf, objects: &[(u32, String)]) -> Pdf {
    let signer = if v.kind.is_rsa {
        &v.pki.signer_rsa
    } else {
        &v.pki.signer
    };
    pdf.sign(objects, |covered| Cms::new(signer, v.pki, covered).der())
}

/// A catalogue and a page that nothing leads to.
pub(super) fn hidden(_: &Pdf) -> Vec<(u32, String)> {
    vec![
        (HIDDEN, "<< /Type /Catalog /Pages 51 0 R >>".to_owned()),
        (51, "<< /Type /Pages /Kids [52 0 R] /Count 1 >>".to_owned()),
        (
            52,
            "<< /Type /Page /Parent 51 0 R /MediaBox [0 0 595 842] /Contents 19 0 R /Resources 9 0 R >>"
                .to_owned(),
        ),
    ]
}

pub(super) fn found(name: &'static str, make: super::Bytes) -> Attack {
    let attack = Attack::new(CLASS, AFTER, name, ANOTHER, "MODIFIED_AFTER_SIGNING", make);
    attack.change("change-unseen-revision")
}

pub(super) fn reason(name: &'static str, make: super::Bytes) -> Attack {
    Attack::new(CLASS, AFTER, name, ANOTHER, "CHANGES_UNCLEAR", make).undecided()
}

fn finds() -> Vec<Attack> {
    vec![
        found("object-between-objects", |v| between(v, &format!("{FOUND}\n"))),
        found("object-in-a-string", |v| {
            beside(&v.pdf.clone().update(&[producer(v, &format!("\n{FOUND}\n"))]))
        }),
        found("object-in-a-comment", |v| {
            // Viewers that read lines of 255 bytes at most find it at the beginning of one.
            let comment = format!("%{}{FOUND}\n", "-".repeat(254));
            between(v, &comment)
        }),
        found("object-in-data", |v| {
            let mut objects = evidence(v);
            objects[1].1 = stream("", &format!("\n{FOUND}\n"));
            beside(&v.pdf.clone().update(&objects))
        }),
        found("object-behind-comments", |v| {
            between(v, "4%\n0%\nobj [19 0 R] endobj\n")
        }),
        found("trailer-in-a-string", |v| {
            in_trailer(v, &format!("trailer << /Size 110 /Root {HIDDEN} 0 R >>"))
        })
        .prepared(hidden),
        found("trailer-between-objects", |v| {
            let pdf = v.pdf.clone().update(&[producer(v, "")]);
            let trailer = format!("trailer\n<< /Size 110 /Root {HIDDEN} 0 R >>\n");
            beside(&behind_section(pdf, &trailer))
        })
        .prepared(hidden),
        found("listed-generation-of-none", |v| table(v, " 00000 n", " 00001 n"))
            .on(&["p256-table-approval", "rsa-table-certified2"]),
        found("entry-of-no-kind", |v| listing(v, FREE, (3, 5, 0)))
            .on(&["p256-stream-approval", "rsa-stream-certified1"]),
        found("part-that-is-not-listed", |v| {
            let part = "4 0 [19 0 R]";
            let container = stream("/Type /ObjStm /N 1 /First 4", part);
            beside(&v.pdf.clone().update(&[producer(v, ""), (FREE, container)]))
        }),
        found("older-state-written-later", |v| {
            let signed = v.pdf.place_of(CONTENT);
            let mut pdf = v.pdf.clone().update(&[page(v)]);
            pdf.finish(&BTreeMap::from([(CONTENT, (1, signed, 0))]));
            beside(&pdf)
        }),
        found("older-part-written-later", |v| {
            // The pages' node counts in an object stream; what lies behind it in the file counts for who rebuilds.
            let mut pdf = v.pdf.clone();
            let container = pdf.bytes.len();
            let node = &v.pdf.objects[&PAGES];
            let body = stream("/Type /ObjStm /N 1 /First 4", &format!("2 0 {node}"));
            pdf.bytes
                .extend(format!("{FREE} 0 obj\n{body}\nendobj\n").as_bytes());
            let later = pdf.bytes.len();
            let turned = v
                .pdf
                .changed(PAGES, "[3 0 R 15 0 R] /Count 2", "[15 0 R] /Count 1")
                .1;
            pdf.bytes
                .extend(format!("{PAGES} 0 obj\n{turned}\nendobj\n").as_bytes());
            pdf.finish(&BTreeMap::from([(PAGES, (1, later, 0))]));
            pdf.finish(&BTreeMap::from([
                (FREE, (1, container, 0)),
                (PAGES, (2, FREE as usize, 0)),
            ]));
            beside(&pdf)
        })
        .on(&["p256-stream-approval", "rsa-packed-certified1"]),
        Attack::new(
            CLASS,
            AFTER,
            "startxref-in-a-string",
            "the page as signed; a second way into the file",
            "MODIFIED_AFTER_SIGNING",
            |v| in_trailer(v, "startxref\n9\n%%EOF"),
        )
        .change("change-unseen-revision"),
        Attack::new(
            CLASS,
            "linearisation",
            "linearised-when-updated",
            "another payee in readers that begin with the first page's section",
            "MODIFIED_AFTER_SIGNING",
            |v| {
                let updated = |length, section| {
                    let pdf = linearised(v, length, section);
                    let signed = pdf.last.expect("a section");
                    let update = (CATALOG, pdf.objects[&CATALOG].clone());
                    (pdf.update(&[update]).bytes, signed)
                };
                let (bytes, section) = updated(0, 0);
                updated(bytes.len(), section).0
            },
        )
        .change("change-unseen-revision")
        .prepared(hidden)
        .on(&["p256-table-approval", "rsa-table-certified1"]),
    ]
}

/// An update of the program's name, behind a revision that conceals something.
pub(super) fn reasoned(v: &Victim<'_>) -> Vec<u8> {
    concealing(v).update(&[producer(v, "")]).bytes
}

/// The same, with one more entry in its section.
fn listing(v: &Victim<'_>, number: u32, entry: (u8, usize, usize)) -> Vec<u8> {
    let mut pdf = concealing(v);
    let mut entries = pdf.write(&[producer(v, "")]);
    entries.insert(number, entry);
    pdf.finish(&entries);
    pdf.bytes
}

/// The same, stating another size.
fn sized(v: &Victim<'_>, size: &str) -> Vec<u8> {
    let bytes = reasoned(v);
    let at = find_last(&bytes, b"/Size ").expect("a size");
    let end = at + 6 + find(&bytes[at + 6..], b" ").expect("a blank");
    [&bytes[..at + 6], size.as_bytes(), &bytes[end..]].concat()
}

fn reasons() -> Vec<Attack> {
    let tables = ["p256-table-approval", "rsa-table-certified1"];
    vec![
        reason("rows-of-19-bytes", |v| table(v, " n \n", " n\n")).on(&tables),
        reason("comment-in-a-table", |v| {
            table(v, "\nxref\n", "\nxref\n% of objects\n")
        })
        .on(&tables),
        reason("listed-object-absent", |v| listing(v, FREE, (1, 999_999, 0))),
        reason("listed-part-absent", |v| listing(v, FREE, (2, 77, 0)))
            .on(&["p256-stream-approval", "rsa-stream-certified1"]),
        Attack {
            seen: "the page as signed; a size below the number that is listed",
            ..reason("size-too-small", |v| sized(v, "5"))
        },
        reason("size-negative", |v| sized(v, "-1")).on(&tables),
        reason("startxref-beside", |v| {
            beside(&concealing(v).update(&[producer(v, "")]))
        }),
        reason("previous-as-real", |v| {
            let pdf = concealing(v);
            let previous = format!("/Prev {}", pdf.last.expect("a section"));
            let bytes = pdf.update(&[producer(v, "")]).bytes;
            replaced(&bytes, previous.as_bytes(), format!("{previous}.0").as_bytes())
        }),
        reason("blanks-behind-the-end", |v| {
            [reasoned(v), b" ".repeat(1_100)].concat()
        }),
        reason("blanks-to-the-last-byte", |v| {
            [reasoned(v), b" ".repeat(1_018)].concat()
        }),
        reason("subsection-between-blanks", |v| {
            table(v, "\n35 1\n", "\n35   1\n")
        })
        .on(&tables),
        reason("subsection-with-a-sign", |v| table(v, "\n35 1\n", "\n+35 1\n")).on(&tables),
        reason("subsection-on-two-lines", |v| table(v, "\n35 1\n", "\n35\n1\n")).on(&tables),
        reason("subsection-behind-a-tab", |v| table(v, "\n35 1\n", "\n35\t1\n")).on(&tables),
        reason("subsection-far-away", |v| {
            table(v, "\n35 1\n", "\n4294967290 0\n35 1\n")
        })
        .on(&tables),
        reason("first-object-in-use", |v| listing(v, 0, (1, 0, 0))).on(&tables),
        reason("size-of-a-hundred-million", |v| sized(v, "99999999")),
        reason("size-below-older-numbers", |v| sized(v, "36")).on(&tables),
        reason("startxref-without-blank", |v| {
            replaced(&reasoned(v), b"startxref\n", b"startxref")
        }),
        reason("startxref-behind-a-zero", |v| {
            replaced(&reasoned(v), b"startxref\n", b"startxref\0")
        }),
    ]
}

pub(super) fn all() -> Vec<Attack> {
    let mut all = finds();
    all.extend(reasons());
    for attack in &mut all {
        if attack.kinds.is_empty() {
            attack.kinds = super::kinds(&["p256-table-approval", "rsa-stream-certified1"]);
        }
    }
    all
}
