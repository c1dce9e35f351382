//! Files that would hold a verifier for minutes: each asks for the same bytes over and over.

use std::fmt::Write as _;

use super::{
    Attack,
    content::signature_field,
    pdf::stream,
    tail::producer,
    victim::number::{FORM, FREE, INFORMATION},
};

const CLASS: &str = "work";
const AFTER: &str = "denial of service";
const SEEN: &str = "the page as signed";

/// Numbers of what the attacker lists, all of four digits.
const ROWS: u32 = 1_000;

fn comparing(name: &'static str, make: super::Bytes) -> Attack {
    Attack::new(CLASS, AFTER, name, SEEN, "CHANGES_NOT_COMPARED", make).undecided()
}

fn opening(name: &'static str, make: super::Bytes) -> Attack {
    Attack::new(CLASS, AFTER, name, SEEN, "BEYOND_THIS_PROGRAM", make).undecided()
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
    for attack in &mut all {
        attack.kinds = super::kinds(&["p256-table-approval", "rsa-table-certified1"]);
    }
    all
}
