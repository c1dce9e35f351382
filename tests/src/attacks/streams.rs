//! Attacks by streams whose data readers take from different places or decode in different ways: what the page is painted
//! from is written anew so that it seems the same to some of them.

use std::collections::BTreeMap;

use super::{
    Attack,
    pdf::{Pdf, stream},
    victim::{
        Victim,
        number::{CONTENT, FREE, IMAGE, PAGE},
    },
};

const CLASS: &str = "streams";
const AFTER: &str = "parser differentials";

/// What the attacker adds to the page.
const MORE: &str = "BT /F2 18 Tf 72 740 Td (and 999 to Peter) Tj ET";

/// What the page is painted from, as it was signed.
fn content<'v>(v: &'v Victim<'_>) -> &'v str {
    v.pdf.stream(CONTENT).1
}

/// A stream of a stated length, from its word on.
fn raw(entries: &str, length: usize, from_word: &str) -> Vec<(u32, String)> {
    let body = format!("<< {entries} /Length {length} >>\n{from_word}\nendstream");
    vec![(CONTENT, body)]
}

/// The content in hexadecimal digits, without the mark of their end.
fn digits(v: &Victim<'_>) -> String {
    hex::encode(content(v))
}

/// Data in stored blocks (RFC 1950, RFC 1951), in hexadecimal digits.
fn stored(data: &[u8]) -> String {
    let mut out = vec![0x78, 1];
    let length = u16::try_from(data.len()).expect("one block");
    out.push(1);
    out.extend(length.to_le_bytes());
    out.extend((!length).to_le_bytes());
    out.extend(data);
    let (a, b) = data.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    out.extend((b << 16 | a).to_be_bytes());
    hex::encode(out) + ">"
}

/// The content deflated, with these entries.
fn deflated(v: &Victim<'_>, keys: &str) -> Vec<(u32, String)> {
    let entries = format!("/Filter [/ASCIIHexDecode /FlateDecode] {keys}");
    vec![(CONTENT, stream(&entries, &stored(content(v).as_bytes())))]
}

/// The content as one row of a predictor (7.4.4.4): as it is, or by the difference of each byte from the one before.
fn predicted(pdf: &Pdf, tag: u8, parameters: &str) -> Vec<(u32, String)> {
    let mut row = vec![tag];
    let mut before = 0_u8;
    for byte in pdf.stream(CONTENT).1.bytes() {
        row.push(if tag == 1 { byte.wrapping_sub(before) } else { byte });
        before = byte;
    }
    let columns = row.len() - 1;
    let entries = format!(
        "/Filter [/ASCIIHexDecode /FlateDecode] /DecodeParms [null << {parameters} /Columns {columns} >>]"
    );
    vec![(CONTENT, stream(&entries, &stored(&row)))]
}

/// An object stream of two parts, of which one is listed as the page.
fn packed(v: &Victim<'_>, parts: [(u32, usize); 2], objects: &str, index: usize) -> Vec<u8> {
    let [(one, at), (other, behind)] = parts;
    let head = format!("{one} {at} {other} {behind} ");
    let entries = format!("/Type /ObjStm /N 2 /First {}", head.len());
    let mut pdf = v.pdf.clone();
    let mut places = pdf.write(&[(FREE, stream(&entries, &format!("{head}{objects}")))]);
    places.extend(BTreeMap::from([(PAGE, (2, FREE as usize, index))]));
    pdf.finish(&places);
    pdf.bytes
}

fn anew(name: &'static str, seen: &'static str, make: super::Objects) -> Attack {
    Attack::by_update(CLASS, AFTER, name, seen, make).change("change-page-content")
}

fn container(name: &'static str, seen: &'static str, make: super::Bytes) -> Attack {
    Attack::new(CLASS, AFTER, name, seen, "MODIFIED_AFTER_SIGNING", make)
        .on(&["p256-packed-approval", "rsa-packed-certified1"])
}

fn ends() -> Vec<Attack> {
    let searched = "more text in readers that search for the end";
    let believed = "more text in readers that believe the length";
    let behind = "other text in readers to whom data begin right behind the word";
    vec![
        anew("length-too-short", searched, |v| {
            raw("", content(v).len(), &format!("stream\n{}\n{MORE}", content(v)))
        }),
        anew("length-too-long", believed, |v| {
            let data = format!("{}\nendstream\nendobj\n{MORE}", content(v));
            raw("", data.len(), &format!("stream\n{data}"))
        }),
        anew("length-beyond-the-file", searched, |v| {
            raw("", 9_999_999, &format!("stream\n{}\n{MORE}", content(v)))
        }),
        anew("length-negative", searched, |v| {
            let (number, body) = v.pdf.rewritten(CONTENT, "EMC", &format!("EMC\n{MORE}"));
            vec![(number, body.replacen("/Length ", "/Length -", 1))]
        }),
        anew("data-on-the-line-of-stream", behind, |v| {
            raw("", content(v).len(), &format!("stream {MORE}\n{}", content(v)))
        }),
        anew(
            "blank-on-the-line-of-stream",
            "the page as signed; data that begin in two places",
            |v| raw("", content(v).len(), &format!("stream \n{}", content(v))),
        ),
        anew("hexadecimal-without-end", searched, |v| {
            let digits = digits(v);
            let more = hex::encode(format!("\n{MORE}"));
            raw(
                "/Filter /ASCIIHexDecode",
                digits.len(),
                &format!("stream\n{digits}\n{more}>"),
            )
        }),
        anew(
            "hexadecimal-that-never-ends",
            "the page as signed; data without the mark of their end",
            |v| vec![(CONTENT, stream("/Filter /ASCIIHexDecode", &digits(v)))],
        ),
    ]
}

fn parameters() -> Vec<Attack> {
    let undone = "an empty page: nobody undoes the predictor any more";
    let differences = |pdf: &Pdf| predicted(pdf, 1, "/Predictor 15");
    vec![
        anew(
            "short-key-of-filter",
            "an empty page in readers that know the short key",
            |v| vec![(CONTENT, stream("/F /AHx", content(v)))],
        ),
        anew(
            "short-key-of-filter-null",
            "the page as signed, or an empty one where the short key counts",
            |v| {
                let entries = "/F null /Filter /ASCIIHexDecode";
                vec![(CONTENT, stream(entries, &(digits(v) + ">")))]
            },
        ),
        anew(
            "short-key-of-parameters",
            "an empty page in readers that know the short key",
            |v| deflated(v, "/DP [null << /Predictor 12 /Columns 5 >>]"),
        ),
        anew(
            "short-key-of-depth-null",
            "no picture in readers that ask for the short key",
            |v| {
                let (entries, data) = v.pdf.stream(IMAGE);
                vec![(IMAGE, stream(&format!("{entries} /BPC null"), data))]
            },
        )
        .change("change-resources"),
        anew("parameters-beside-an-array", undone, |v| {
            let (content, body) = v.pdf.changed(CONTENT, "[null <<", "<<");
            vec![(content, body.replacen(">>]", ">>", 1))]
        })
        .prepared(differences),
        anew("parameters-of-another-length", undone, |v| {
            vec![v.pdf.changed(CONTENT, "[null <<", "[<<")]
        })
        .prepared(differences),
        anew("predictor-of-3-bits", "the page as signed, or nothing", |v| {
            predicted(&v.pdf, 0, "/Predictor 15 /BitsPerComponent 3")
        }),
        anew("predictor-of-33-colours", "the page as signed, or nothing", |v| {
            predicted(&v.pdf, 0, "/Predictor 15 /Colors 33")
        }),
        anew(
            "predictor-with-short-key",
            "the page as signed, or nothing",
            |v| predicted(&v.pdf, 0, "/Predictor 15 /BPC 1"),
        ),
        anew("predictor-without-name", "the page as signed, or nothing", |v| {
            predicted(&v.pdf, 9, "/Predictor 15")
        }),
        anew("predictor-of-tiff", "an empty page", |v| {
            predicted(&v.pdf, 0, "/Predictor 2")
        }),
    ]
}

fn containers() -> Vec<Attack> {
    vec![
        container("part-doubled", "one page or the other", |v| {
            let page = &v.pdf.objects[&PAGE];
            let other = v.pdf.changed(PAGE, "4 0 R", "19 0 R").1;
            packed(
                v,
                [(PAGE, 0), (PAGE, other.len() + 1)],
                &format!("{other} {page}"),
                1,
            )
        }),
        container(
            "part-within-another",
            "the page, or nothing where an object ends with the next one's beginning",
            |v| {
                let page = &v.pdf.objects[&PAGE];
                let within = page.find("/Contents").expect("an entry");
                packed(v, [(PAGE, 0), (FREE + 1, within)], page, 0)
            },
        ),
        container("parts-out-of-order", "one page or the other", |v| {
            let page = &v.pdf.objects[&PAGE];
            let other = v.pdf.changed(PAGE, "4 0 R", "19 0 R").1;
            packed(
                v,
                [(PAGE, page.len() + 1), (FREE + 1, 0)],
                &format!("{other} {page}"),
                0,
            )
        }),
    ]
}

pub(super) fn all() -> Vec<Attack> {
    let mut all: Vec<Attack> = [ends(), parameters(), containers()]
        .into_iter()
        .flatten()
        .collect();
    for attack in &mut all {
        if attack.kinds.is_empty() {
            attack.kinds = super::kinds(&["p256-table-approval", "rsa-stream-certified2"]);
        }
    }
    all
}
