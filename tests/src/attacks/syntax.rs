//! Attacks on the bytes: the signature's own places, the cross-reference data, what stands before and after.

use super::{
    Attack, UNSIGNED,
    pdf::{Layout, byte_range, contents, find, find_last, overwritten, replaced, stream, with_contents},
    victim::{SAYS, Victim, number},
};

const FORGED: &str = "Pay 999 to Peter";

/// The page says something else, in place.
fn forged(bytes: &[u8]) -> Vec<u8> {
    overwritten(bytes, SAYS.as_bytes(), FORGED.as_bytes())
}

/// The page says something else, and the byte range is another.
fn ranged(victim: &Victim<'_>, range: &str) -> Vec<u8> {
    let range = format!("/ByteRange {range}");
    overwritten(
        &forged(&victim.pdf.bytes),
        &byte_range(&victim.pdf.bytes),
        range.as_bytes(),
    )
}

/// The page says something else, and the signature value is another.
fn valued(victim: &Victim<'_>, value: &str) -> Vec<u8> {
    overwritten(
        &forged(&victim.pdf.bytes),
        &contents(&victim.pdf.bytes),
        value.as_bytes(),
    )
}

/// The numbers of the byte range.
fn numbers(victim: &Victim<'_>) -> [usize; 3] {
    let range = String::from_utf8(byte_range(&victim.pdf.bytes)).expect("digits");
    let numbers: Vec<usize> = range
        .trim_matches(|letter: char| !letter.is_ascii_digit())
        .split(' ')
        .map(|number| number.parse().expect("a number"))
        .collect();
    [numbers[1], numbers[2], numbers[3]]
}

/// The page as the attacker wants it.
pub(super) fn page(victim: &Victim<'_>) -> (u32, String) {
    victim.pdf.rewritten(number::CONTENT, SAYS, FORGED)
}

/// An object alone, appended.
fn appended(victim: &Victim<'_>) -> Vec<u8> {
    let (number, body) = page(victim);
    let object = format!("{number} 0 obj\n{body}\nendobj\n");
    [&victim.pdf.bytes, object.as_bytes()].concat()
}

fn end(at: usize) -> String {
    format!("startxref\n{at}\n%%EOF\n")
}

fn usf(name: &'static str, seen: &'static str, code: &'static str, make: super::Bytes) -> Attack {
    Attack::new(
        "universal signature forgery",
        "Mladenov et al. 2019, USF",
        name,
        seen,
        code,
        make,
    )
}

fn isa(name: &'static str, seen: &'static str, change: &'static str, make: super::Bytes) -> Attack {
    let attack = Attack::new(
        "incremental saving",
        "Mladenov et al. 2019, ISA",
        name,
        seen,
        "MODIFIED_AFTER_SIGNING",
        make,
    );
    attack.change(change)
}

fn swa(name: &'static str, seen: &'static str, code: &'static str, make: super::Bytes) -> Attack {
    Attack::new(
        "signature wrapping",
        "Mladenov et al. 2019, SWA",
        name,
        seen,
        code,
        make,
    )
}

fn xref(name: &'static str, seen: &'static str, code: &'static str, make: super::Bytes) -> Attack {
    Attack::new("cross-reference", "parser differentials", name, seen, code, make)
}

pub(super) fn all() -> Vec<Attack> {
    let another = "another payee";
    let range = "BYTE_RANGE_DEFECT";
    let mut all = vec![
        usf("contents-absent", another, range, |v| {
            let bytes = forged(&v.pdf.bytes);
            replaced(&bytes, b" /Contents <", b" /Contentz <")
        }),
        usf("contents-null", another, range, |v| valued(v, "/Contents null")),
        usf("contents-empty", another, range, |v| valued(v, "/Contents <>")),
        usf("contents-zeros", another, "SIGNATURE_MALFORMED", |v| {
            let gap = numbers(v)[0];
            with_contents(&forged(&v.pdf.bytes), gap, &[])
        }),
        usf("contents-literal", another, range, |v| valued(v, "/Contents ()")),
        usf("contents-number", another, range, |v| valued(v, "/Contents 0")),
        usf("byte-range-absent", another, range, |v| {
            replaced(&forged(&v.pdf.bytes), b"/ByteRange", b"/ByteRanje")
        }),
        usf("byte-range-null", another, range, |v| ranged(v, "null")),
        usf("byte-range-empty", another, range, |v| ranged(v, "[]")),
        usf("byte-range-zeros", another, range, |v| ranged(v, "[0 0 0 0]")),
        usf("byte-range-odd", another, range, |v| {
            let [a, b, _] = numbers(v);
            ranged(v, &format!("[0 {a} {b}]"))
        }),
        usf("byte-range-two", another, range, |v| {
            let [a, ..] = numbers(v);
            ranged(v, &format!("[0 {a}]"))
        }),
        usf("byte-range-six", another, range, |v| {
            let [a, b, c] = numbers(v);
            ranged(v, &format!("[0 {a} {b} {c} 0 0]"))
        }),
        usf("byte-range-negative", another, range, |v| {
            let [a, b, _] = numbers(v);
            ranged(v, &format!("[0 {a} {b} -1]"))
        }),
        usf("byte-range-negative-start", another, range, |v| {
            let [a, b, c] = numbers(v);
            ranged(v, &format!("[-1 {a} {b} {c}]"))
        }),
        usf("byte-range-overflow", another, range, |v| {
            let [a, b, _] = numbers(v);
            ranged(v, &format!("[0 {a} {b} 9223372036854775807]"))
        }),
        usf("byte-range-overlap", another, range, |v| {
            let [a, _, c] = numbers(v);
            ranged(v, &format!("[0 {a} {} {c}]", a - 9))
        }),
        usf("byte-range-beyond-end", another, range, |v| {
            let [a, b, c] = numbers(v);
            ranged(v, &format!("[0 {a} {b} {}]", c + 4096))
        }),
        usf("byte-range-not-from-0", another, range, |v| {
            let [a, b, c] = numbers(v);
            ranged(v, &format!("[9 {} {b} {c}]", a - 9))
        }),
        usf("byte-range-strings", another, range, |v| {
            let [a, b, c] = numbers(v);
            ranged(v, &format!("[(0)({a})({b})({c})]"))
        }),
        usf("byte-range-wide-gap", another, range, |v| {
            let [a, b, c] = numbers(v);
            ranged(v, &format!("[0 {} {b} {c}]", a - 40))
        }),
        swa("range-moved", "nothing certain; the signed end moved", "FILE_DAMAGED", |v| {
            // The second part moves to the end; what readers find in its old place is the attacker's.
            let [a, b, c] = numbers(v);
            let bytes = &v.pdf.bytes;
            let room = vec![b'%'; c];
            let longer = [&bytes[..b], &room, b"\n", &bytes[b..]].concat();
            let range = format!("/ByteRange [0 {a} {} {c}]", b + c + 1);
            overwritten(&longer, &byte_range(bytes), range.as_bytes())
        }),
        swa("range-moved-own-section", another, range, |v| {
            // Where the last line sends readers, they find the attacker's table; the signed one moved on.
            let [a, b, c] = numbers(v);
            let bytes = &v.pdf.bytes;
            let table = v.pdf.last.expect("a section");
            let (number, body) = page(v);
            let mut wrapped = bytes[..b].to_vec();
            wrapped.extend(b"\n>>\nendobj\n");
            wrapped.resize(table, b' ');
            let signature = v.pdf.place_of(number::SIGNATURE);
            let first = find(bytes, b"startxref\n").expect("a revision");
            let first = String::from_utf8_lossy(&bytes[first + 10..first + 20]).into_owned();
            let first = first.lines().next().expect("a number").to_owned();
            let text = |at: usize| {
                format!(
                    "xref\n{number} 1\n{at:010} 00000 n \n{} 1\n{signature:010} 00000 n \ntrailer\n<< /Size 110 \
                     /Root 1 0 R /Prev {first} >>\n",
                    number::SIGNATURE
                )
            };
            let at = table + text(0).len();
            wrapped.extend(text(at).as_bytes());
            wrapped.extend(format!("{number} 0 obj\n{body}\nendobj\n").as_bytes());
            let second = wrapped.len();
            wrapped.extend(&bytes[b..]);
            let range = format!("/ByteRange [0 {a} {second} {c}]");
            overwritten(&wrapped, &byte_range(bytes), range.as_bytes())
        })
        .on(&["p256-table-approval", "rsa-table-certified1"]),
        swa("contents-twice", "another payee; two signature values", "FILE_DAMAGED", |v| {
            let [a, ..] = numbers(v);
            let bytes = forged(&v.pdf.bytes);
            // The room of the value is cut into two values.
            let cut = a + 6000;
            let mut out = bytes.clone();
            out[cut..cut + 13].copy_from_slice(b"> /Contents <");
            out
        }),
        swa("byte-range-twice", "two byte ranges", "FILE_DAMAGED", |v| {
            let value = contents(&v.pdf.bytes);
            let shorter = &value[..value.len() - 48];
            let [a, b, c] = numbers(v);
            let more = format!("> /ByteRange [0 {a} {b} {}]", c - 1);
            overwritten(&v.pdf.bytes, &value, &[shorter, more.as_bytes()].concat())
        }),
        swa("entry-in-gap", "the page as signed; an entry that was not signed", range, |v| {
            let value = contents(&v.pdf.bytes);
            overwritten(&v.pdf.bytes, &value, &[&value[..value.len() - 60], b"> /Location (Elsewhere)"].concat())
        }),
        swa("blanks-in-contents", "the page as signed", "SIGNATURE_MALFORMED", |v| {
            let [a, ..] = numbers(v);
            let mut out = v.pdf.bytes.clone();
            out[a + 9000] = b' ';
            out
        }),
        swa("bytes-after-cms", "the page as signed; data after the signature", "SIGNATURE_MALFORMED", |v| {
            let [a, ..] = numbers(v);
            let mut out = v.pdf.bytes.clone();
            out[a + 11_000..a + 11_004].copy_from_slice(b"cafe");
            out
        }),
        isa("content", another, "change-page-content", |v| v.updated(&[page(v)])),
        isa("body-only", "another payee in readers that search for objects", "", appended),
        isa("body-and-old-startxref", "another payee in readers that repair", "", |v| {
            let last = v.pdf.last.expect("a section");
            [appended(v), end(last).into_bytes()].concat()
        }),
        isa("empty-xref-old-startxref", "another payee in readers that repair", "", |v| {
            let last = v.pdf.last.expect("a section");
            let tail = format!("xref\n0 0\ntrailer\n<< /Size 110 /Root 1 0 R >>\n{}", end(last));
            [appended(v), tail.into_bytes()].concat()
        }),
        isa("body-and-section-without-it", "another payee in readers that search for objects", "change-unseen-revision", |v| {
            // A whole update: body, table, trailer, end. The table does not list what the body holds.
            let mut pdf = v.pdf.clone();
            pdf.bytes = appended(v);
            pdf.finish(&[].into());
            pdf.bytes
        }),
        isa("body-and-section-beside", "another payee in readers that repair", "change-unseen-revision", |v| {
            let mut pdf = v.pdf.clone();
            pdf.layout = Layout::Table;
            pdf.bytes = appended(v);
            let at = pdf.section(&[].into(), "");
            pdf.bytes.extend(end(at + 3).as_bytes());
            pdf.bytes
        }),
        isa("body-behind-evidence", "another payee in readers that search for objects", "change-unseen-revision", |v| {
            let catalog = v.pdf.changed(number::CATALOG, "/Lang", "/DSS << /Certs [61 0 R] >> /Lang");
            let mut pdf = v.pdf.clone();
            let entries = pdf.write(&[catalog, (61, stream("", "a certificate"))]);
            let (number, body) = page(v);
            pdf.bytes.extend(format!("{number} 0 obj\n{body}\nendobj\n").as_bytes());
            pdf.finish(&entries);
            pdf.bytes
        }),
        isa("trailer-only", "another payee in readers that repair", "", |v| {
            [appended(v), b"trailer\n<< /Size 110 /Root 1 0 R >>\n".to_vec()].concat()
        }),
        isa("no-eof", another, "", |v| {
            let mut bytes = v.updated(&[page(v)]);
            let at = find_last(&bytes, b"%%EOF").expect("an end");
            bytes.truncate(at);
            bytes
        })
        .code("FILE_DAMAGED"),
        isa("signature-copied", "another payee; the signature object again", "", |v| {
            let copy = (number::SIGNATURE, v.pdf.objects[&number::SIGNATURE].clone());
            let mut objects = vec![page(v)];
            objects.push(copy);
            v.updated(&objects)
        })
        .code(range),
        isa("page-replaced", "another page", "change-page-content", |v| {
            let free = number::FREE;
            v.updated(&[
                v.pdf.changed(number::PAGE, "/Contents 4 0 R", &format!("/Contents {free} 0 R")),
                (free, stream("", "BT /F2 18 Tf 72 760 Td (Pay 999) Tj ET")),
            ])
        }),
        isa("two-updates", "another payee, behind harmless evidence", "change-page-content", |v| {
            let catalog = v.pdf.changed(number::CATALOG, "/Lang", "/DSS << /Certs [61 0 R] >> /Lang");
            let pdf = v.pdf.clone().update(&[catalog, (61, stream("", "a certificate"))]);
            pdf.update(&[page(v)]).bytes
        }),
        xref("entry-to-prepared-bytes", "another payee: the number now names bytes that were signed", "MODIFIED_AFTER_SIGNING", |v| {
            // No object is added: the table alone says that object 4 lies where 19 lies.
            let mut pdf = v.pdf.clone();
            let place = pdf.place_of(number::PREPARED);
            let entries = [(number::CONTENT, (1, place, 0))].into();
            pdf.finish(&entries);
            pdf.bytes
        })
        .change("change-page-content"),
        xref("object-freed", "a page without its content", "MODIFIED_AFTER_SIGNING", |v| {
            let mut pdf = v.pdf.clone();
            pdf.finish(&[(number::CONTENT, (0, 0, 1))].into());
            pdf.bytes
        })
        .change("change-page-content"),
        xref("generation-raised", "another payee: the page names generation 1", "MODIFIED_AFTER_SIGNING", |v| {
            let mut pdf = v.pdf.clone();
            let (content, body) = page(v);
            let at = pdf.bytes.len();
            pdf.bytes.extend(format!("{content} 1 obj\n{body}\nendobj\n").as_bytes());
            let changed = pdf.changed(number::PAGE, "/Contents 4 0 R", "/Contents 4 1 R");
            let layout = pdf.layout;
            pdf.layout = Layout::Table;
            let mut entries = pdf.write(&[changed]);
            pdf.layout = layout;
            entries.insert(content, (1, at, 1));
            pdf.finish(&entries);
            pdf.bytes
        })
        .change("change-page-content"),
        xref("prev-loop", "nothing certain", "FILE_DAMAGED", |v| {
            let mut pdf = v.pdf.clone();
            let here = pdf.bytes.len();
            pdf.last = Some(here);
            pdf.finish(&[].into());
            pdf.bytes
        }),
        xref("prev-loop-of-two", "nothing certain", "FILE_DAMAGED", |v| {
            let mut pdf = v.pdf.clone();
            pdf.layout = Layout::Table;
            let first = pdf.bytes.len();
            let old = pdf.last;
            pdf.last = Some(1_000_000_000);
            pdf.finish(&[].into());
            pdf.finish(&[].into());
            let second = pdf.last.expect("a section");
            assert!(old.is_some() && first < second);
            overwritten(&pdf.bytes, b"/Prev 1000000000", format!("/Prev {second}").as_bytes())
        }),
        xref("prev-skipped", "the document without its signature", UNSIGNED, |v| {
            // The new table leads past the section that has the signature, to one without a field's value.
            let mut pdf = v.pdf.clone();
            let first = find(&pdf.bytes, b"startxref\n").expect("a revision");
            let text = String::from_utf8_lossy(&pdf.bytes[first + 10..first + 30]).into_owned();
            let at: usize = text.lines().next().expect("a line").parse().expect("a number");
            pdf.last = Some(at);
            pdf.finish(&[].into());
            pdf.bytes
        }),
        xref("encryption-added", "nothing without the attacker's password", "FILE_DAMAGED", |v| {
            let mut pdf = v.pdf.clone();
            pdf.trailer.push_str(" /Encrypt << /Filter /Standard /V 5 /R 6 >>");
            pdf.finish(&[].into());
            pdf.bytes
        }),
        xref("length-shortened", "a page without its last line: the length of its content was changed", "MODIFIED_AFTER_SIGNING", |v| {
            v.updated(&[(number::PREPARED, "9".to_owned())])
        })
        .change("change-page-content")
        .prepared(|_| {
            let data = "0 0 9 9re\nendstream\nBT (and no more) Tj ET";
            let stream = format!("<< /Length 19 0 R >>\nstream\n{data}\nendstream");
            vec![(number::CONTENT, stream), (number::PREPARED, data.len().to_string())]
        }),
        xref("prev-beyond-end", "nothing certain", "FILE_DAMAGED", |v| {
            let mut pdf = v.pdf.clone();
            pdf.last = Some(pdf.bytes.len() + 99_999);
            pdf.finish(&[].into());
            pdf.bytes
        }),
        xref("listed-twice", "one page or the other", "FILE_DAMAGED", |v| {
            let mut pdf = v.pdf.clone();
            let (content, body) = page(v);
            let at = pdf.bytes.len();
            pdf.bytes.extend(format!("{content} 0 obj\n{body}\nendobj\n").as_bytes());
            let table = pdf.bytes.len();
            let previous = pdf.last.expect("a section");
            let old = pdf.place_of(content);
            let tail = format!(
                "xref\n{content} 1\n{old:010} 00000 n \n{content} 1\n{at:010} 00000 n \ntrailer\n<< /Size 110 /Root \
                 1 0 R /Prev {previous} >>\n{}",
                end(table)
            );
            pdf.bytes.extend(tail.as_bytes());
            pdf.bytes
        }),
        xref("hybrid-hidden", "another payee in readers that know streams", "MODIFIED_AFTER_SIGNING", |v| {
            // The table lists nothing new; the stream beside it lists the attacker's page.
            let mut pdf = v.pdf.clone();
            pdf.layout = Layout::Stream;
            let entries = pdf.write(&[page(v)]);
            let hidden = pdf.section(&entries, "");
            pdf.layout = Layout::Table;
            let at = pdf.section(&[].into(), &format!(" /XRefStm {hidden}"));
            pdf.bytes.extend(end(at).as_bytes());
            pdf.bytes
        })
        .change("change-page-content"),
        xref("object-in-middle-of-stream", "another payee: the object lies within a stream that was signed", "MODIFIED_AFTER_SIGNING", |v| {
            // An attachment whose bytes are themselves an object, prepared before signing.
            let mut pdf = v.pdf.clone();
            let inner = find(&pdf.bytes, b"4 0 obj\n<< /Length 9 >>").expect("the prepared attachment");
            pdf.finish(&[(number::CONTENT, (1, inner, 0))].into());
            pdf.bytes
        })
        .change("change-page-content")
        .prepared(|_| {
            let inner = "4 0 obj\n<< /Length 9 >>\nstream\n0 0 9 9re\nendstream\nendobj\n";
            vec![(number::ATTACHMENT, stream("/Type /EmbeddedFile", inner))]
        }),
        Attack::new(
            "after the end",
            "appended content",
            "comment-after-eof",
            "the page as signed",
            "MODIFIED_AFTER_SIGNING",
            |v| [&v.pdf.bytes[..], b"% read and approved\n"].concat(),
        )
        .change("change-unseen-revision"),
        Attack::new(
            "after the end",
            "PDF polyglots",
            "another-pdf-after-eof",
            "another document",
            UNSIGNED,
            |v| {
                let other = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages \
                              /Kids [] /Count 0 >>\nendobj\n";
                let mut out = [&v.pdf.bytes[..], other].concat();
                let base = v.pdf.bytes.len();
                let first = base + 9;
                let second = base + find(other, b"2 0 obj").expect("an object");
                let at = out.len();
                let tail = format!(
                    "xref\n0 3\n0000000000 65535 f \n{first:010} 00000 n \n{second:010} 00000 n \ntrailer\n<< \
                     /Size 3 /Root 1 0 R >>\n{}",
                    end(at)
                );
                out.extend(tail.as_bytes());
                out
            },
        ),
        Attack::new(
            "after the end",
            "PDF polyglots",
            "archive-after-eof",
            "the page as signed; an archive for other programs",
            "MODIFIED_AFTER_SIGNING",
            |v| [&v.pdf.bytes[..], b"PK\x05\x06", &[0; 18]].concat(),
        )
        .change("change-unseen-revision"),
        Attack::new(
            "before the beginning",
            "PDF polyglots",
            "script-before-header",
            "the page as signed; a script for other programs",
            "NOT_A_PDF",
            |v| [b"<script>alert(1)</script>\n", &v.pdf.bytes[..]].concat(),
        ),
        Attack::new(
            "after the end",
            "truncation",
            "cut-before-signature",
            "the page, unsigned",
            UNSIGNED,
            |v| {
                let first = find(&v.pdf.bytes, b"%%EOF").expect("a revision");
                v.pdf.bytes[..first + 6].to_vec()
            },
        ),
    ];
    for attack in &mut all {
        attack.kinds = match attack.kinds.len() {
            0 => super::kinds(&["p256-table-approval", "rsa-stream-certified1"]),
            _ => std::mem::take(&mut attack.kinds),
        };
    }
    all
}
