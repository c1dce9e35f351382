//! The comparison over updates made by hand, and over other people's files.

#![allow(clippy::unwrap_used)]

mod crowds;
mod fields;
mod looks;
mod renewal;
mod tail;
mod text;

use std::fmt::Write;

mod written;

use super::{
    super::{Demand, open},
    *,
};

mod same;

/// Writes a file revision by revision.
#[derive(Clone)]
struct Writer {
    bytes: Vec<u8>,
    last: Option<usize>,
    trailer: &'static str,
}

impl Writer {
    /// Appends a revision of objects by number; `SIG` in a value becomes a signature over this revision, `STAMP` a
    /// document timestamp.
    fn revision(mut self, objects: &[(u32, &str)]) -> Writer {
        const MARK: &str = "ByteRange [0 000000 000000 000000]";
        if self.bytes.is_empty() {
            self.bytes.extend(b"%PDF-1.7\n");
        }
        let signature = format!(
            "/Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /{MARK} /Contents <3003020105{}>",
            "00".repeat(8)
        );
        let stamp = signature
            .replace("/Sig ", "/DocTimeStamp ")
            .replace("ETSI.CAdES.detached", "ETSI.RFC3161");
        let start = self.bytes.len();
        let mut table = String::from("xref\n0 1\n0000000000 65535 f \n");
        for (number, value) in objects {
            writeln!(table, "{number} 1\n{:010} 00000 n ", self.bytes.len()).unwrap();
            let value = value.replace("SIG", &signature).replace("STAMP", &stamp);
            self.bytes
                .extend(format!("{number} 0 obj\n{value}\nendobj\n").into_bytes());
        }
        let at = self.bytes.len();
        let previous = self.last.map(|last| format!(" /Prev {last}")).unwrap_or_default();
        let end = format!(
            "{table}trailer\n<< /Size 60 {}{previous} >>\nstartxref\n{at}\n%%EOF\n",
            self.trailer
        );
        self.bytes.extend(end.into_bytes());
        self.last = Some(at);
        let new = String::from_utf8_lossy(&self.bytes[start..]).into_owned();
        if let Some(place) = new.find(MARK) {
            let gap = start + place + new[place..].find('<').unwrap();
            let close = start + place + new[place..].find('>').unwrap() + 1;
            let range = format!(
                "ByteRange [0 {gap:06} {close:06} {:06}]",
                self.bytes.len() - close
            );
            self.bytes[start + place..start + place + range.len()].copy_from_slice(range.as_bytes());
        }
        self
    }
}

const CATALOG: &str = "<< /Type /Catalog /Pages 2 0 R /AcroForm 6 0 R >>";
const PAGE: &str = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R \
    /Resources << /Font << /F1 5 0 R >> /XObject << /X 12 0 R >> >> /Annots [7 0 R 8 0 R 9 0 R] >>";
const FORM: &str = "<< /Fields [7 0 R 8 0 R 9 0 R] /SigFlags 3 >>";
const SEAL: &str =
    "<< /Type /Annot /Subtype /Widget /FT /Sig /T (Seal) /Rect [0 0 0 0] /P 3 0 R /V 10 0 R >>";
const TEXT: &str = "<< /Type /Annot /Subtype /Widget /FT /Tx /T (Remark) /Rect [10 10 90 30] /P 3 0 R /F 4 \
    /MK << /BG [1] /BC [0] >> /AP << /N 13 0 R >> >>";
const SECOND: &str =
    "<< /Type /Annot /Subtype /Widget /FT /Sig /T (Second) /Rect [100 10 190 60] /P 3 0 R >>";
const STREAM: &str = "<< /Length 5 >>\nstream\n0 g S\nendstream";
const FORM_STREAM: &str = "<< /Subtype /Form /BBox [0 0 9 9] /Length 5 >>\nstream\n0 g S\nendstream";

/// A signed form: text field `Remark`, empty signature field `Second`.
fn signed(reference: &str) -> Writer {
    signed_with(reference, &[])
}

/// The same, with some objects otherwise.
fn signed_with(reference: &str, other: &[(u32, &str)]) -> Writer {
    signed_behind(Vec::new(), reference, other)
}

/// The same, behind what a file begins with.
fn signed_behind(bytes: Vec<u8>, reference: &str, other: &[(u32, &str)]) -> Writer {
    let signature = format!("<< SIG {reference} >>");
    let writer = Writer {
        bytes,
        last: None,
        trailer: "/Root 1 0 R /Info 11 0 R",
    };
    let mut objects = vec![
        (1, CATALOG),
        (2, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"),
        (3, PAGE),
        (4, STREAM),
        (5, "<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>"),
        (6, FORM),
        (7, SEAL),
        (8, TEXT),
        (9, SECOND),
        (10, &signature),
        (11, "<< /Title (A) >>"),
        (12, FORM_STREAM),
        (13, FORM_STREAM),
        (14, "(shown nowhere)"),
    ];
    objects.retain(|(number, _)| other.iter().all(|(another, _)| another != number));
    objects.extend(other);
    writer.revision(&objects)
}

fn mdp(level: u8) -> String {
    format!(
        "/Reference [<< /Type /SigRef /TransformMethod /DocMDP /TransformParams << /P {level} /V /1.2 >> >>]"
    )
}

/// The difference for the first signature.
fn difference(writer: &Writer) -> Difference {
    let opened = open(&writer.bytes).unwrap();
    let first = &opened.signatures()[0];
    assert_eq!(first.defects().collect::<Vec<_>>(), []);
    opened.difference(first).unwrap()
}

fn refused(writer: &Writer) -> Vec<&'static str> {
    difference(writer)
        .of(Standing::Forbidden)
        .map(|change| change.kind.code())
        .collect()
}

fn changed(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}");
    text.replace(from, to)
}

#[test]
fn what_nobody_changed_is_the_same() {
    assert_eq!(difference(&signed("")).changes, []);
    // Written anew, with other spaces and numbers: the same document.
    let again = signed("").revision(&[
        (3, &changed(PAGE, "600 800", "600.0 800.00")),
        (8, &changed(TEXT, "[10 10 90 30]", "[ 10.0 10 90 30.00 ]")),
    ]);
    assert_eq!(difference(&again).changes, []);
}

#[test]
fn what_other_programs_write_otherwise_is_the_same() {
    // Reals with the digits that single precision leaves; what a page inherits written into it; marks that a
    // program leaves for itself and another drops.
    let tree = "<< /Type /Pages /Kids [3 0 R] /Count 1 /Rotate 90 /CropBox [0 0 595.303937007874 800] >>";
    let before = signed("").revision(&[
        (2, tree),
        (7, &changed(SEAL, "10 0 R", "30 0 R")),
        (30, "<< SIG >>"),
    ]);
    let page = |more: &str| changed(PAGE, "/Contents", &format!("{more} /Contents"));
    let inherited = page("/Rotate 90 /CropBox [0 0 595.30396 800.0]");
    let last = |writer: &Writer| {
        let opened = open(&writer.bytes).unwrap();
        opened.difference(&opened.signatures()[0]).unwrap()
    };
    assert_eq!(last(&before.clone().revision(&[(3, &inherited)])).changes, []);
    for more in ["/Rotate 180", "/CropBox [0 0 595.31 800]", "/MediaBox [0 0 9 9]"] {
        let other = before
            .clone()
            .revision(&[(3, &page(more).replacen("/MediaBox [0 0 600 800]", "", 1))]);
        assert_eq!(last(&other).worst(), Standing::Forbidden, "{more}");
    }

    let mut marked = signed(&mdp(1));
    for (trailer, expected) in [
        ("/Root 1 0 R /Info 11 0 R /DocChecksum /0F", Standing::Permitted),
        ("/Root 1 0 R /Info 11 0 R /DocChecksum 4 0 R", Standing::Forbidden),
    ] {
        marked.trailer = trailer;
        assert_eq!(
            difference(&marked.clone().revision(&[])).worst(),
            expected,
            "{trailer}"
        );
    }
}

#[test]
fn marks_of_programs_on_fields_and_notes_are_passed_over() {
    // The option at the top of a list that was filled in.
    let list = changed(TEXT, "/FT /Tx", "/FT /Tx /V (a) /TI 2").replace("13 0 R", "20 0 R");
    let shown = look("BT /F1 9 Tf 2 5 Td (a) Tj ET");
    let filled = signed("").revision(&[(8, &list), (20, &shown)]);
    assert_eq!(difference(&filled).worst(), Standing::Permitted);
    let list = changed(TEXT, "/FT /Tx", "/FT /Tx /TI 2");
    assert_eq!(
        refused(&signed("").revision(&[(8, &list)])),
        ["change-field-changed"]
    );

    // A signature with something that is no look for its look, which draws nothing.
    for place in ["0 0 0 0", "9 9 90 90"] {
        let field = format!(
            "<< /Type /Annot /Subtype /Widget /FT /Sig /T (New) /V 21 0 R /Rect [{place}] /P 3 0 R /AP << /N 22 0 R >> >>"
        );
        let found = difference(&signed("").revision(&[
            (3, &changed(PAGE, "9 0 R]", "9 0 R 20 0 R]")),
            (6, &changed(FORM, "9 0 R]", "9 0 R 20 0 R]")),
            (20, &field),
            (21, "<< SIG >>"),
            (22, "<< /Type /XObject /Subtype /Form /Length 0 >>"),
        ]));
        assert_eq!(found.worst(), Standing::Permitted, "{place}");
    }

    // Flags: hidden; neither viewed nor printed, which one viewer draws all the same; for unknown kinds; printed; shown
    // under the pointer.
    for (flags, expected) in [
        (2, Standing::Permitted),
        (32, Standing::Forbidden),
        (1, Standing::Forbidden),
        (36, Standing::Forbidden),
        (288, Standing::Forbidden),
    ] {
        let field = format!(
            "<< /Type /Annot /Subtype /Widget /FT /Sig /T (New) /V 21 0 R /Rect [0 0 600 800] /F {flags} /P 3 0 R \
             /AP << /N 22 0 R >> >>"
        );
        let found = difference(&signed(&mdp(2)).revision(&[
            (3, &changed(PAGE, "9 0 R]", "9 0 R 20 0 R]")),
            (6, &changed(FORM, "9 0 R]", "9 0 R 20 0 R]")),
            (20, &field),
            (21, "<< SIG >>"),
            (22, FORM_STREAM),
        ]));
        assert_eq!(found.worst(), expected, "{flags}");
    }

    // A note with an entry that no standard knows.
    for (more, expected) in [
        ("/Flags 4", Standing::Permitted),
        ("/Own << /S /URI >>", Standing::Forbidden),
    ] {
        let note = format!("<< /Type /Annot /Subtype /Text /Rect [500 700 520 720] /Contents (hm) {more} >>");
        let page = changed(PAGE, "9 0 R]", "9 0 R 20 0 R]");
        let found = difference(&signed(&mdp(3)).revision(&[(3, &page), (20, &note)]));
        assert_eq!(found.worst(), expected, "{more}");
    }
}

#[test]
fn a_revision_knows_its_objects() {
    let file = signed("").revision(&[(4, STREAM), (20, "(new)")]);
    let objects = open(&file.bytes).unwrap().revision_objects();
    assert_eq!(objects.len(), 2);
    assert_eq!(objects[0].added, (1..=14).collect::<Vec<u32>>());
    assert_eq!(
        (&objects[1].added[..], &objects[1].replaced[..]),
        (&[20][..], &[4][..])
    );
    assert!(objects[1].freed.is_empty());
}

#[test]
fn what_the_signer_allows_may_be_done_and_no_more() {
    let fill = changed(TEXT, "/FT /Tx", "/FT /Tx /V (seen)").replace("13 0 R", "20 0 R");
    let fill: &[(u32, &str)] = &[(8, &fill), (20, &look("BT /F1 9 Tf (seen) Tj ET"))];
    let second = changed(SECOND, "/FT /Sig", "/FT /Sig /V 20 0 R");
    let sign: &[(u32, &str)] = &[(9, &second), (20, "<< SIG >>")];
    let note = changed(PAGE, "9 0 R]", "9 0 R 20 0 R]");
    let note: &[(u32, &str)] = &[
        (3, &note),
        (
            20,
            "<< /Type /Annot /Subtype /Text /Rect [500 700 520 720] /Contents (hm) >>",
        ),
    ];
    let evidence: &[(u32, &str)] = &[
        (
            1,
            &changed(CATALOG, "/Pages", "/DSS << /Certs [20 0 R] >> /Pages"),
        ),
        (20, STREAM),
    ];
    let related: &[(u32, &str)] = &[(
        1,
        &changed(CATALOG, "/Pages", "/DSS << /VRI << /AB << /TS () >> >> >> /Pages"),
    )];
    let dated: &[(u32, &str)] = &[(11, "<< /Title (A) /CreationDate (D:2026) >>")];
    let title: &[(u32, &str)] = &[(11, "<< /Title (B) /ModDate (D:2026) >>")];
    let saved: &[(u32, &str)] = &[(11, "<< /Title (A) /Producer (X) /ModDate (D:2026) >>")];
    for (objects, code, least) in [
        (evidence, "change-evidence", 1),
        (related, "change-evidence", 1),
        (dated, "change-metadata", 1),
        (saved, "change-metadata", 1),
        (title, "change-metadata", 2),
        (fill, "change-field-filled", 2),
        (sign, "change-signature-added", 2),
        (note, "change-annotation", 3),
    ] {
        for level in 1..=3 {
            let found = difference(&signed(&mdp(level)).revision(objects));
            let codes: Vec<&str> = found.changes.iter().map(|change| change.kind.code()).collect();
            assert_eq!(codes, [code], "{objects:?}");
            assert_eq!(
                found.worst() == Standing::Permitted,
                level >= least,
                "{code} at {level}"
            );
        }
        // Where nothing is stated, notes are for people to judge.
        let unstated = difference(&signed("").revision(objects)).worst();
        let expected = if least < 3 {
            Standing::Permitted
        } else {
            Standing::Unclear
        };
        assert_eq!(unstated, expected, "{code}");
    }
}

/// A look with a standard font.
fn look(content: &str) -> String {
    let fonts = ["F1 5", "F2 21", "F4 22", "F5 23"];
    let named = fonts.into_iter().filter(|font| content.contains(&font[..3]));
    let fonts = named.fold(String::new(), |all, font| all + "/" + font + " 0 R ");
    format!(
        "<< /Subtype /Form /BBox [0 0 80 20] /Resources << /Font << {fonts}>> >> /Length {} >>\n\
         stream\n{content}\nendstream",
        content.len()
    )
}

#[test]
fn a_field_shows_the_value_it_was_filled_with() {
    let fill = changed(TEXT, "/FT /Tx", "/FT /Tx /V (1 000)").replace("13 0 R", "20 0 R");
    let font =
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding << /Differences [49 /nine] >> >>";
    let worst = |field: &str, content: &str| {
        let objects: &[(u32, &str)] = &[
            (8, field),
            (20, &look(content)),
            (21, font),
            (
                22,
                "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding << /Differences [24 /breve 39 /quotesingle \
              48 /zero /one 65 /A 96 /grave 126 /asciitilde 128 /bullet] >> /FirstChar 31 /LastChar 49 /Widths [0 278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 \
              278 556 556] >>",
            ),
            (
                23,
                "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /FirstChar 48 /LastChar 49 /Widths [0 556] >>",
            ),
        ];
        let found = difference(&signed("").revision(objects));
        assert!(
            found
                .changes
                .iter()
                .any(|change| change.kind == ChangeKind::FieldFilled)
        );
        found.worst()
    };
    for content in [
        "/Tx BMC q 0 0 80 20 re W n BT /F1 9 Tf 0 g 2 5 Td (1 000) Tj ET Q EMC",
        "1 g 0 0 80 20 re f BT 0 g /F1 9 Tf [(1) -200 (000)] TJ ET",
        // A border between two rectangles.
        "q .1 g 0 0 80 20 re 1 1 78 18 re f* Q BT /F1 9 Tf .1 g 2 5 Td (1 000) Tj ET",
        // The encoding of forms written out, colours of a named space, and text in pieces and cells.
        "BT /F4 9 Tf (1 000) Tj ET",
        "/DeviceRGB cs .8 .8 1 sc 0 0 80 20 re f BT /F1 9 Tf /DeviceRGB cs 0 0 0 sc 2 5 Td (1 ) Tj 9 0 Td (000) Tj ET",
        "BT /F1 6 Tf 1 0 0 1 2 14 Tm (1) Tj 0 -6 TD (00) Tj T* (0) Tj 0 g ET",
        // A font that nobody has is the viewer's own.
        "BT /F3 9 Tf 2 5 Td (1 000) Tj ET",
    ] {
        assert_eq!(worst(&fill, content), Standing::Permitted, "{content}");
    }
    for content in [
        "BT /F1 9 Tf (9 000) Tj ET",
        "",
        "BT /F2 9 Tf (1 000) Tj ET",
        "BT 3 Tr /F1 9 Tf (1 000) Tj ET",
        "BT /F1 9 Tf (1 000) Tj ET 0 0 m 0 9 l S",
        "BT /F1 9 Tf (1 000) Tj ET /X Do",
        "BT /F1 9 Tf (1 000) Tj ET )",
        // Fonts that the look does not have, by names that some viewers know.
        "BT /Dingbats 9 Tf (1 000) Tj ET",
        // Some go on in the font before.
        "BT /F2 9 Tf /F3 9 Tf 2 5 Td (1 000) Tj ET",
        "BT /ZaDb 9 Tf (1 000) Tj ET",
        "BT /F5 9 Tf (1 000) Tj ET",
        // Letters before, over and beyond one another.
        "BT /F1 9 Tf 20 5 Td (1) Tj -18 0 Td (000) Tj ET",
        "BT /F1 9 Tf 2 5 Td (1 00) Tj 0.1 0 Td (0) Tj ET",
        "BT /F1 9 Tf 2 5 Td (1) Tj 500 0 Td ( 000) Tj ET",
        "BT /F1 9 Tf [(1 00) 4000 (0)] TJ ET",
        "BT /F1 9 Tf -9 Tc (1 000) Tj ET",
        "BT /F1 9 Tf 1 Tz (1 000) Tj ET",
        "BT /F1 9 Tf -1 0 0 1 60 5 Tm (1 000) Tj ET",
        "BT /F1 9 Tf 1 0 0 20 2 5 Tm (1) Tj 0 -5 Td ( 000) Tj ET",
        "-1 0 0 1 60 5 cm BT /F1 9 Tf (1 000) Tj ET",
        "BT /F1 9 Tf q /F1 .01 Tf Q (1 0) Tj 1 0 Td (00) Tj ET",
        "BT /F1 9 Tf (1) Tj 99 Ts ( 000) Tj ET",
        // Letters that are covered, or of another colour.
        "BT /F1 9 Tf 2 5 Td (1 000) Tj ET 1 g 8 0 60 20 re f",
        "BT /F1 9 Tf 0 g 2 5 Td (1) Tj 1 g 9 0 Td (000) Tj ET",
        "/Pattern cs /P1 scn BT /F1 9 Tf (1 000) Tj ET",
    ] {
        assert_eq!(worst(&fill, content), Standing::Unclear, "{content}");
    }
    // The value is another, the look is the old one.
    let stale = difference(&signed("").revision(&[(8, &changed(TEXT, "/FT /Tx", "/FT /Tx /V (x)"))]));
    assert_eq!(stale.worst(), Standing::Unclear);
    // One more look, for when the mouse is over it.
    let double = changed(&fill, "/N 20 0 R", "/N 20 0 R /R 12 0 R");
    assert_eq!(worst(&double, "BT /F1 9 Tf (1 000) Tj ET"), Standing::Unclear);
}

#[test]
fn a_later_signature_may_bring_its_field() {
    let page = changed(PAGE, "9 0 R]", "9 0 R 20 0 R]");
    let form = changed(FORM, "9 0 R]", "9 0 R 20 0 R]");
    let field = |rectangle: &str| {
        format!(
            "<< /Type /Annot /Subtype /Widget /FT /Sig /T (Third) /Rect {rectangle} /P 3 0 R /V 21 0 R \
             /AP << /N 12 0 R >> >>"
        )
    };
    let with = |base: Writer, rectangle: &str| {
        base.revision(&[(3, &page), (6, &form), (20, &field(rectangle)), (21, "<< SIG >>")])
    };
    assert_eq!(refused(&with(signed(""), "[300 10 400 60]")), [] as [&str; 0]);
    // Its widget may stand apart, and not name the field it belongs to; an unsigned one is nobody's picture.
    let apart = |value: &str| {
        signed("").revision(&[
            (3, &changed(&page, "20 0 R]", "22 0 R]")),
            (6, &form),
            (20, &format!("<< /FT /Sig /T (Third) /Kids [22 0 R] {value} >>")),
            (21, "<< SIG >>"),
            (
                22,
                "<< /Type /Annot /Subtype /Widget /Rect [300 10 400 60] /P 3 0 R /AP << /N 23 0 R >> >>",
            ),
            (23, FORM_STREAM),
        ])
    };
    assert_eq!(difference(&apart("/V 21 0 R")).worst(), Standing::Permitted);
    assert_eq!(difference(&apart("")).worst(), Standing::Unclear);
    // Sneaky signature: its picture lies over the face.
    assert_eq!(
        refused(&with(signed(""), "[0 0 600 800]")),
        ["change-signature-over-face"]
    );
    // A field that shows an old signature as its own.
    let recycled = changed(&field("[300 10 400 60]"), "21 0 R", "10 0 R");
    let recycled = signed("").revision(&[(3, &page), (6, &form), (20, &recycled)]);
    assert!(refused(&recycled).contains(&"change-signature-recycled"));
    // One with the name of another.
    let twice = changed(&field("[0 0 0 0]"), "Third", "Seal");
    let twice = signed("").revision(&[(3, &page), (6, &form), (20, &twice), (21, "<< SIG >>")]);
    assert!(refused(&twice).contains(&"change-field-added"));
}

#[test]
fn one_more_kid_of_a_field_is_for_a_person() {
    let form = changed(FORM, "9 0 R]", "9 0 R 30 0 R]");
    let group = "<< /T (Group) /Kids [31 0 R] >>";
    let kid = |name: &str| format!("<< /FT /Sig /T ({name}) /Parent 30 0 R >>");
    let base = || signed_with(&mdp(2), &[(6, &form), (30, group), (31, &kid("A"))]);
    let signed = changed(&kid("A"), "/FT", "/V 33 0 R /FT");
    let filled = base().revision(&[(31, &signed), (33, "<< SIG >>")]);
    assert_eq!(refused(&filled), [] as [&str; 0]);
    let added = base().revision(&[
        (30, &changed(group, "31 0 R", "31 0 R 32 0 R")),
        (32, &changed(&kid("B"), "/FT", "/V 33 0 R /FT")),
        (33, "<< SIG >>"),
    ]);
    assert_eq!(difference(&added).worst(), Standing::Unclear);
}

#[test]
fn a_type_that_was_left_out_may_be_supplied() {
    let without = changed(SECOND, "/Type /Annot ", "");
    let base = || signed_with(&mdp(2), &[(9, &without)]);
    let value = |text: &str| changed(text, "/FT /Sig", "/FT /Sig /V 20 0 R");
    let supplied = base().revision(&[(9, &value(SECOND)), (20, "<< SIG >>")]);
    assert_eq!(refused(&supplied), [] as [&str; 0]);
    let other = changed(&value(SECOND), "/Type /Annot", "/Type /Page");
    let other = base().revision(&[(9, &other), (20, "<< SIG >>")]);
    assert_eq!(refused(&other), ["change-field-changed"]);
}

#[test]
fn locked_fields_stay_as_they_are() {
    let lock =
        |text: &str| format!("/Reference [<< /TransformMethod /FieldMDP /TransformParams << {text} >> >>]");
    let fill = changed(TEXT, "/FT /Tx", "/FT /Tx /V (seen)");
    for (parameters, is_locked) in [
        ("/Action /All", true),
        ("/Action /Include /Fields [(Remark)]", true),
        ("/Action /Include /Fields [(Rem)]", false),
        ("/Action /Exclude /Fields [(Remark)]", false),
        ("/Action /Exclude /Fields [(Other)]", true),
        ("/Action /Unknown", true),
    ] {
        let codes = refused(&signed(&lock(parameters)).revision(&[(8, &fill)]));
        assert_eq!(
            codes.contains(&"change-locked-field"),
            is_locked,
            "{parameters}: {codes:?}"
        );
    }
}

/// The form with its seal's dictionary written elsewhere, and what may not be filled in.
fn sealed_otherwise(seal: &str, extra: &[(u32, &str)]) -> Writer {
    let mut objects = vec![
        (1, CATALOG),
        (2, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"),
        (3, PAGE),
        (4, STREAM),
        (5, "<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>"),
        (6, FORM),
        (7, seal),
        (8, TEXT),
        (9, SECOND),
        (11, "<< /Title (A) >>"),
        (12, FORM_STREAM),
        (13, FORM_STREAM),
    ];
    objects.extend(extra);
    let writer = Writer {
        bytes: Vec::new(),
        last: None,
        trailer: "/Root 1 0 R /Info 11 0 R",
    };
    writer.revision(&objects)
}

#[test]
fn locks_hold_wherever_the_dictionary_stands() {
    let fill = changed(TEXT, "/FT /Tx", "/FT /Tx /V (seen)").replace("13 0 R", "20 0 R");
    let look = look("BT /F1 9 Tf (seen) Tj ET");
    let fill: &[(u32, &str)] = &[(8, &fill), (20, &look)];
    let field = "/Reference [<< /TransformMethod /FieldMDP /TransformParams << /Action /All >> >>]";
    let document = "/Reference [<< /TransformMethod /DocMDP /TransformParams << /P 1.0 >> >>]";
    for (reference, code) in [
        (field, "change-locked-field"),
        (document, "change-field-filled"),
        // What cannot be read forbids.
        ("/Reference [7 0 R]", "change-locked-field"),
        ("/Reference << >>", "change-locked-field"),
        (
            "/Reference [<< /TransformMethod /DocMDP /TransformParams << /P 7 >> >>]",
            "change-field-filled",
        ),
        (
            "/Reference [<< /TransformMethod /DocMDP /TransformParams 3 >>]",
            "change-field-filled",
        ),
        (
            "/Reference [<< /TransformMethod /FieldMDP /TransformParams << /Action /Include >> >>]",
            "change-locked-field",
        ),
    ] {
        let direct = changed(SEAL, "10 0 R", &format!("<< SIG {reference} >>"));
        let direct = sealed_otherwise(&direct, &[]);
        let codes = refused(&direct.revision(fill));
        assert!(codes.contains(&code), "direct {reference}: {codes:?}");

        let later = changed(SEAL, "10 0 R", "10 3 R");
        let signature = format!("<< SIG {reference} >>");
        let mut later = sealed_otherwise(&later, &[(10, &signature)]);
        // The third generation of its number: in the table and at the object, without moving anything.
        let at = (0..later.bytes.len()).find(|at| later.bytes[*at..].starts_with(b"10 0 obj"));
        let at = at.unwrap();
        later.bytes[at..at + 8].copy_from_slice(b"10 3 obj");
        let entry = format!("{at:010} 00000 n");
        let place = String::from_utf8_lossy(&later.bytes).find(&entry).unwrap();
        later.bytes[place..place + entry.len()].copy_from_slice(format!("{at:010} 00003 n").as_bytes());
        let later = later.revision(fill);
        let codes = refused(&later);
        assert!(codes.contains(&code), "generation {reference}: {codes:?}");
    }
}

#[test]
fn the_lock_of_a_field_lowers_what_is_allowed() {
    let fill = changed(TEXT, "/FT /Tx", "/FT /Tx /V (seen)").replace("13 0 R", "20 0 R");
    let look = look("BT /F1 9 Tf (seen) Tj ET");
    let fill: &[(u32, &str)] = &[(8, &fill), (20, &look)];
    let locked = |lock: &str| changed(SEAL, "/P 3 0 R", &format!("/P 3 0 R /Lock << {lock} >>"));
    for (lock, code) in [
        ("/Action /Include /Fields [(Other)]", None),
        ("/Action /Include /Fields [(Other)] /P 2", None),
        (
            "/Action /Include /Fields [(Other)] /P 1",
            Some("change-field-filled"),
        ),
        ("/Action /All", Some("change-locked-field")),
    ] {
        let signature: &[(u32, &str)] = &[(10, "<< SIG >>")];
        let base = sealed_otherwise(&locked(lock), signature);
        let codes = refused(&base.revision(fill));
        assert_eq!(codes.is_empty(), code.is_none(), "{lock}: {codes:?}");
        assert!(code.is_none_or(|code| codes.contains(&code)), "{lock}: {codes:?}");
    }
}

#[test]
fn a_signature_that_was_taken_away_is_missed() {
    let second = changed(SECOND, "/FT /Sig", "/FT /Sig /V 20 0 R");
    let signed_twice = signed("").revision(&[(9, &second), (20, "<< SIG >>")]);
    let lost = |writer: &Writer| open(&writer.bytes).unwrap().lost_signatures().unwrap();
    assert_eq!(lost(&signed_twice), []);
    let without = signed_twice.clone().revision(&[(9, SECOND)]);
    // The first signature never knew the second, so nothing that it covers has changed.
    assert_eq!(refused(&without), [] as [&str; 0]);
    let found = lost(&without);
    assert_eq!(found.len(), 1);
    assert_eq!(
        (&found[0].fields[..], found[0].revision),
        (&["Second".to_owned()][..], 1)
    );
    // Taken away and another signed in its place.
    let again = signed_twice.revision(&[(9, &changed(&second, "20 0 R", "21 0 R")), (21, "<< SIG >>")]);
    assert_eq!(lost(&again).len(), 1);
}

#[test]
fn an_empty_string_is_no_signature() {
    let holding = |value: &str| changed(SECOND, "/FT /Sig", &format!("/FT /Sig /V {value}"));
    let (waiting, second) = (holding("()"), holding("20 0 R"));
    let writer = signed_with("", &[(9, &waiting)]);
    assert_eq!(open(&writer.bytes).unwrap().signatures().len(), 1);
    // The field is as good as one without a value.
    let found = difference(&writer.clone().revision(&[(9, &second), (20, "<< SIG >>")]));
    let codes: Vec<&str> = found.changes.iter().map(|change| change.kind.code()).collect();
    assert_eq!(codes, ["change-signature-added"]);
    assert_eq!(found.worst(), Standing::Permitted);
    // In the place of a signature it takes that away.
    let signed_twice = signed("").revision(&[(9, &second), (20, "<< SIG >>")]);
    let emptied = signed_twice.revision(&[(9, &waiting)]);
    assert_eq!(open(&emptied.bytes).unwrap().lost_signatures().unwrap().len(), 1);
    // What else is no dictionary some readers pass over, and others do not.
    for other in ["(x)", "7", "/X", "true"] {
        let writer = signed_with("", &[(9, &holding(other))]);
        assert!(
            matches!(open(&writer.bytes), Err(OpenError::Object { .. })),
            "{other}"
        );
    }
}

/// A signature field that nobody expects, over the page.
const SNEAKY: &str = "<< /Type /Annot /Subtype /Widget /FT /Sig /T (Third) /Rect [300 10 400 60] /P 3 0 R \
    /V 21 0 R /AP << /N 12 0 R >> >>";

/// Name, the code it is refused under, and the objects of its revision.
type Attack<'t> = (&'t str, &'t str, &'t [(u32, &'t str)]);

#[test]
fn known_attacks_are_refused_by_name() {
    let overlay = "<< /Type /Annot /Subtype /FreeText /Rect [0 0 600 800] /Contents (1000000) >>";
    let other = "<< /Length 5 >>\nstream\n1 g S\nendstream";
    let with_note = changed(PAGE, "9 0 R]", "9 0 R 20 0 R]");
    let attacks: &[Attack<'_>] = &[
        (
            "incremental saving: content",
            "change-page-content",
            &[(4, other)],
        ),
        (
            "incremental saving: a page more",
            "change-page-tree",
            &[
                (2, "<< /Type /Pages /Kids [3 0 R 20 0 R] /Count 2 >>"),
                (20, PAGE),
            ],
        ),
        ("shadow hide: picture", "change-resources", &[(12, other)]),
        (
            "shadow replace: font",
            "change-font",
            &[(5, "<< /Type /Font /Subtype /Type1 /BaseFont /Evil >>")],
        ),
        (
            "shadow replace: appearance",
            "change-appearance-without-value",
            &[(13, other)],
        ),
        (
            "shadow hide-and-replace: kept object",
            "change-object-overwritten",
            &[(14, "(now)")],
        ),
        (
            "shadow hide-and-replace: catalogue",
            "change-page-tree",
            &[
                (1, "<< /Type /Catalog /Pages 20 0 R /AcroForm 6 0 R >>"),
                (20, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"),
            ],
        ),
        (
            "evil annotation",
            "change-annotation-over-face",
            &[(3, &with_note), (20, overlay)],
        ),
        (
            "a field taken away",
            "change-field-removed",
            &[(6, "<< /Fields [7 0 R 9 0 R] /SigFlags 3 >>")],
        ),
        (
            "a widget taken away",
            "change-annotation-removed",
            &[(3, &changed(PAGE, "[7 0 R 8 0 R 9 0 R]", "[7 0 R 9 0 R]"))],
        ),
        (
            "an action",
            "change-action",
            &[(
                1,
                &changed(
                    CATALOG,
                    "/Pages",
                    "/OpenAction << /S /JavaScript /JS (x) >> /Pages",
                ),
            )],
        ),
        (
            "layers",
            "change-optional-content",
            &[(
                1,
                &changed(CATALOG, "/Pages", "/OCProperties << /OCGs [] >> /Pages"),
            )],
        ),
        (
            "names",
            "change-names",
            &[(1, &changed(CATALOG, "/Pages", "/Names << >> /Pages"))],
        ),
        (
            "a moved page",
            "change-page-properties",
            &[(3, &changed(PAGE, "/Contents", "/Rotate 90 /Contents"))],
        ),
        (
            "a moved field",
            "change-field-changed",
            &[(8, &changed(TEXT, "[10 10 90 30]", "[0 0 600 800]"))],
        ),
        (
            "a sneaky signature",
            "change-signature-over-face",
            &[
                (3, &with_note),
                (6, &changed(FORM, "9 0 R]", "9 0 R 20 0 R]")),
                (20, SNEAKY),
                (21, "<< SIG >>"),
            ],
        ),
        (
            "the seal's own look",
            "change-appearance-without-value",
            &[(7, &changed(SEAL, "/P 3 0 R", "/P 3 0 R /AP << /N 12 0 R >>"))],
        ),
        (
            "a stamp",
            "change-annotation-over-face",
            &[(3, &with_note), (20, &changed(overlay, "/FreeText", "/Stamp"))],
        ),
        (
            "a widget of no field",
            "change-annotation-over-face",
            &[
                (3, &with_note),
                (20, &changed(overlay, "/FreeText", "/Widget /FT /Tx /V (x)")),
            ],
        ),
        (
            "a smaller page by the tree",
            "change-page-properties",
            &[(
                2,
                "<< /Type /Pages /Kids [3 0 R] /Count 1 /CropBox [0 0 100 100] >>",
            )],
        ),
        (
            "notes on the tree of pages",
            "change-page-properties",
            &[
                (2, "<< /Type /Pages /Kids [3 0 R] /Count 1 /Annots [20 0 R] >>"),
                (20, overlay),
            ],
        ),
        (
            "a portfolio",
            "change-catalog",
            &[(1, &changed(CATALOG, "/Pages", "/Collection << >> /Pages"))],
        ),
        (
            "page labels",
            "change-catalog",
            &[(
                1,
                &changed(CATALOG, "/Pages", "/PageLabels << /Nums [] >> /Pages"),
            )],
        ),
        (
            "how viewers open it",
            "change-catalog",
            &[(1, &changed(CATALOG, "/Pages", "/ViewerPreferences << >> /Pages"))],
        ),
        (
            "rights",
            "change-permissions",
            &[(1, &changed(CATALOG, "/Pages", "/Perms << /UR3 10 0 R >> /Pages"))],
        ),
        (
            "an XFA form",
            "change-form",
            &[(6, &changed(FORM, "/SigFlags", "/XFA (x) /SigFlags"))],
        ),
        (
            "signature flags taken off",
            "change-form",
            &[(6, &changed(FORM, "/SigFlags 3", "/SigFlags 0"))],
        ),
        (
            "evidence that is none",
            "change-evidence-changed",
            &[(
                1,
                &changed(CATALOG, "/Pages", "/DSS << /Certs [4 0 R 5 0 R] >> /Pages"),
            )],
        ),
        (
            "a packet with entities",
            "change-metadata-unsafe",
            &[
                (1, &changed(CATALOG, "/Pages", "/Metadata 20 0 R /Pages")),
                (
                    20,
                    "<< /Type /Metadata /Subtype /XML /Length 20 >>\nstream\n<!DOCTYPE a><rdf:RDF\nendstream",
                ),
            ],
        ),
    ];
    for (name, code, objects) in attacks {
        let codes = refused(&signed(&mdp(3)).revision(objects));
        assert!(codes.contains(code), "{name}: {codes:?}");
        // Where nothing is certified, others may sign where they like, and a note over the face is for
        // people to judge.
        if name.contains("sneaky") {
            continue;
        }
        let free = difference(&signed("").revision(objects));
        assert_ne!(free.worst(), Standing::Permitted, "{name}");
        assert!(
            free.changes.iter().any(|change| change.kind.code() == *code),
            "{name}"
        );
    }
}

/// The page, and a structure tree over it.
const TAGGED: [(u32, &str); 4] = [
    (
        1,
        "<< /Type /Catalog /Pages 2 0 R /AcroForm 6 0 R /StructTreeRoot 30 0 R >>",
    ),
    (
        30,
        "<< /Type /StructTreeRoot /K 31 0 R /ParentTree << /Nums [0 [32 0 R]] >> /ParentTreeNextKey 1 >>",
    ),
    (31, "<< /Type /StructElem /S /Document /P 30 0 R /K [32 0 R] >>"),
    (
        32,
        "<< /Type /StructElem /S /P /P 31 0 R /Pg 3 0 R /K 0 /ActualText (A) >>",
    ),
];

#[test]
fn a_structure_tree_grows_and_keeps_what_it_says() {
    let tagged = || sealed_otherwise(SEAL, &[(10, "<< SIG >>")]).revision(&TAGGED);
    // The seal does not cover the tree above, so another one signs.
    let base = || {
        let second = changed(SECOND, "/FT /Sig", "/FT /Sig /V 33 0 R");
        tagged().revision(&[(9, &second), (33, "<< SIG >>")])
    };
    let codes = |writer: &Writer| -> Vec<&'static str> {
        let opened = open(&writer.bytes).unwrap();
        let last = opened.signatures().last().unwrap();
        let difference = opened.difference(last).unwrap();
        let codes = difference.changes.iter().map(|change| change.kind.code());
        codes.collect()
    };
    let root = TAGGED[1].1;
    let grown = changed(root, "]]", "] 1 40 0 R]").replace("NextKey 1", "NextKey 2");
    let top = changed(TAGGED[2].1, "[32 0 R]", "[32 0 R 40 0 R]");
    let element = "<< /Type /StructElem /S /Form /P 31 0 R /K << /Type /OBJR /Obj 9 0 R >> >>";
    let honest = base().revision(&[(30, &grown), (31, &top), (40, element)]);
    assert_eq!(codes(&honest), ["change-structure-added"]);
    for (what, objects) in [
        ("another text", vec![(32, changed(TAGGED[3].1, "(A)", "(B)"))]),
        (
            "an element gone",
            vec![(31, changed(top.as_str(), "[32 0 R 40 0 R]", "[]"))],
        ),
        (
            "content spoken for anew",
            vec![
                (31, top.clone()),
                (40, changed(element, "<< /Type /OBJR /Obj 9 0 R >>", "0")),
            ],
        ),
        (
            "a text for what was there",
            vec![
                (31, top.clone()),
                (40, changed(element, "/S /Form", "/ActualText (B) /S /Form")),
            ],
        ),
        (
            "a number with another element",
            vec![(30, changed(root, "[32 0 R]", "[31 0 R]"))],
        ),
    ] {
        let objects: Vec<(u32, &str)> = objects
            .iter()
            .map(|(number, text)| (*number, &text[..]))
            .collect();
        let codes = codes(&base().revision(&objects));
        assert!(codes.contains(&"change-structure"), "{what}: {codes:?}");
    }
}

#[test]
fn numbers_generations_and_containers_mislead_nobody() {
    // A page content under another generation of its number: no reference leads to it any more.
    let mut other = signed("");
    let at = other.bytes.len();
    let text = format!("4 1 obj\n{}\nendobj\n", STREAM.replace("0 g", "1 g"));
    other.bytes.extend(text.as_bytes());
    let table = other.bytes.len();
    let previous = other.last.unwrap();
    let end = format!(
        "xref\n4 1\n{at:010} 00001 n \ntrailer\n<< /Size 60 {} /Prev {previous} >>\nstartxref\n{table}\n%%EOF\n",
        other.trailer
    );
    other.bytes.extend(end.as_bytes());
    assert_eq!(refused(&other), ["change-page-content"]);

    // What nothing leads to, if it could show something.
    let orphan = |level, object| difference(&signed(&mdp(level)).revision(&[(40, object)]));
    assert_eq!(orphan(1, FORM_STREAM).worst(), Standing::Unclear);
    assert_eq!(orphan(2, FORM_STREAM).worst(), Standing::Permitted);
    assert_eq!(orphan(1, "(x)").worst(), Standing::Permitted);

    // Blanks behind the last mark mean nothing, and were not meant by whoever allows nothing.
    let padded = |level| {
        let mut padded = signed(&mdp(level));
        padded.bytes.extend(b"\n\n");
        difference(&padded).worst()
    };
    assert_eq!(padded(1), Standing::Unclear);
    assert_eq!(padded(2), Standing::Permitted);

    // Another document by its identifier, another catalogue by its number.
    let mut renamed = signed("");
    renamed.trailer = "/Root 1 0 R /Info 11 0 R /ID [(a) (b)]";
    let renamed = renamed.revision(&[(40, "(x)")]);
    assert_eq!(refused(&renamed), [] as [&str; 0]);
    let mut named = Writer {
        trailer: "/Root 1 0 R /Info 11 0 R /ID [(a) (b)]",
        ..signed("")
    };
    named.bytes.clear();
    named.last = None;
    let mut named = named.revision(&[
        (1, CATALOG),
        (2, "<< /Kids [3 0 R] /Count 1 >>"),
        (3, PAGE),
        (6, FORM),
        (7, SEAL),
        (10, "<< SIG >>"),
    ]);
    named.trailer = "/Root 1 0 R /Info 11 0 R /ID [(c) (b)]";
    // Another identifier shows nothing else.
    assert_eq!(refused(&named.revision(&[(40, "(x)")])), [""; 0]);
    let mut other = signed("");
    other.trailer = "/Root 5 0 R /Info 11 0 R";
    let codes = refused(&other.revision(&[(5, CATALOG)]));
    assert!(codes.contains(&"change-catalog"), "{codes:?}");
    let mut encrypted = signed("");
    encrypted.trailer = "/Root 1 0 R /Encrypt << >>";
    assert!(matches!(
        open(&encrypted.revision(&[]).bytes),
        Err(OpenError::CrossReference { .. })
    ));
}

#[test]
fn encrypted_files_are_verified_as_far_as_they_can_be_seen() {
    let mut encrypted = Writer {
        bytes: Vec::new(),
        last: None,
        trailer: "/Root 1 0 R /Info 11 0 R /Encrypt << /Filter /Standard /V 5 /R 6 >>",
    };
    let objects: &[(u32, &str)] = &[
        (1, CATALOG),
        (2, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"),
        (3, PAGE),
        (6, FORM),
        (7, SEAL),
        (10, "<< SIG /Reason (\\307x) /M (D:20260101) >>"),
        (11, "<< /Title (x) >>"),
    ];
    let plain = objects.iter().filter(|(number, _)| *number != 7);
    assert_eq!(
        open(
            &encrypted
                .clone()
                .revision(&plain.copied().collect::<Vec<_>>())
                .bytes
        )
        .err(),
        Some(OpenError::Encrypted)
    );
    encrypted = encrypted.revision(objects);
    let opened = open(&encrypted.bytes).unwrap();
    assert!(opened.is_encrypted());
    let [signature] = opened.signatures() else {
        panic!()
    };
    assert_eq!(signature.defects().count(), 0);
    assert_eq!((&signature.reason, signature.claimed_time), (&None, None));
    assert_eq!(difference(&encrypted).changes, []);
    assert_eq!(opened.metadata(), Err(OpenError::Encrypted));
    assert!(super::super::Update::new(&opened).is_err());
    // What came later cannot be compared.
    let later = encrypted.revision(&[(11, "<< /Title (y) >>")]);
    let opened = open(&later.bytes).unwrap();
    assert_eq!(
        opened.difference(&opened.signatures()[0]),
        Err(OpenError::Encrypted)
    );
}

#[test]
fn an_object_used_twice_is_judged_twice() {
    // The appearance of a field that may be filled in is also drawn on the page.
    let page = changed(PAGE, "/X 12 0 R", "/X 13 0 R");
    let mut base = signed("");
    base.bytes.clear();
    base.last = None;
    let base = base.revision(&[
        (1, CATALOG),
        (2, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"),
        (3, &page),
        (4, STREAM),
        (5, "<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>"),
        (6, FORM),
        (7, SEAL),
        (8, TEXT),
        (9, SECOND),
        (10, "<< SIG >>"),
        (11, "<< /Title (A) >>"),
        (13, FORM_STREAM),
    ]);
    let fill = changed(TEXT, "/FT /Tx", "/FT /Tx /V (seen)");
    let update = base.revision(&[(8, &fill), (13, &changed(FORM_STREAM, "0 g", "1 g"))]);
    assert_eq!(refused(&update), ["change-resources"]);
}

#[test]
fn revisions_that_strict_readers_do_not_see_are_refused() {
    let mut appended = signed("");
    let last = appended.last.unwrap();
    let hidden = format!("4 0 obj\n{STREAM}\nendobj\nxref\n0 0\ntrailer\n<< >>\nstartxref\n{last}\n%%EOF\n");
    appended.bytes.extend(hidden.into_bytes());
    assert_eq!(refused(&appended), ["change-unseen-revision"]);

    let mut behind = signed("");
    behind.bytes.extend(b"4 0 obj\n(x)\nendobj\n");
    assert_eq!(refused(&behind), ["change-unseen-revision"]);
}
/// Every file of the corpus whose later revisions are judged by its manifest.
#[test]
fn foreign_updates_are_judged_as_their_makers_say() {
    let Some(root) = std::env::var_os("CERTSEAL_CORPORA") else {
        eprintln!("SKIPPED: CERTSEAL_CORPORA names no folder of foreign documents");
        return;
    };
    let root = std::path::PathBuf::from(root).join("pdf");
    let manifest = std::fs::read_to_string(root.join("manifest.tsv")).unwrap();
    let mut passed = Vec::new();
    let mut counts: BTreeMap<(String, &str), usize> = BTreeMap::new();
    for row in manifest.lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let (file, class) = (columns[0], columns[6]);
        if file.rsplit('.').next() != Some("pdf") {
            continue;
        }
        let bytes = std::fs::read(root.join(file)).unwrap();
        let mut why = Vec::new();
        let verdict = match open(&bytes) {
            Err(error) => {
                why.push(error.to_string());
                "not opened"
            }
            Ok(opened) if opened.signatures().is_empty() => "no signature",
            Ok(opened) => {
                let mut verdict = "unchanged";
                for signature in opened.signatures() {
                    match opened.difference(signature) {
                        Ok(difference) => {
                            if difference.of(Standing::Forbidden).next().is_some() {
                                verdict = "refused";
                            } else if verdict == "unchanged" && !difference.changes.is_empty() {
                                verdict = "allowed";
                            }
                            why.extend(difference.of(Standing::Forbidden).map(|change| {
                                format!(
                                    "{}:{}@{} {:?}",
                                    signature.fields.join(","),
                                    change.kind.code(),
                                    change.object,
                                    change.place
                                )
                            }));
                        }
                        Err(error) => {
                            verdict = "refused";
                            why.push(error.to_string());
                        }
                    }
                }
                verdict
            }
        };
        if std::env::var_os("CERTSEAL_CORPORA_LIST").is_some() {
            eprintln!("ROW\t{class}\t{verdict}\t{file}\t{}", why.join("; "));
        }
        let is_attack = class.starts_with("ATTACK") || class == "MOD-FORBIDDEN";
        // Under its own policy that file may not change at all; only metadata did.
        if is_attack && verdict != "refused" && !file.contains("test_no_changes_policy") {
            passed.push(file.to_owned());
        }
        *counts.entry((class.to_owned(), verdict)).or_default() += 1;
    }
    for ((class, verdict), count) in &counts {
        eprintln!("{class:16} {verdict:12} {count}");
    }
    assert!(passed.is_empty(), "forbidden changes pass: {passed:?}");
    let allowed = |class: &str| {
        counts
            .get(&(class.to_owned(), "allowed"))
            .copied()
            .unwrap_or_default()
    };
    assert!(allowed("GOOD") >= 47, "{}", allowed("GOOD"));
    assert!(allowed("MOD-ALLOWED") >= 24, "{}", allowed("MOD-ALLOWED"));
}

/// What another library reads of the pages: their content and boxes.
fn pages(bytes: &[u8]) -> Option<Vec<(Vec<u8>, String)>> {
    let strict = lopdf::LoadOptions {
        strict: true,
        ..lopdf::LoadOptions::default()
    };
    let read = lopdf::Document::load_mem_with_options(bytes, strict).ok()?;
    let pages = read.get_pages().into_values();
    pages
        .map(|id| {
            let page = read.get_dictionary(id).ok()?;
            let boxes = [&b"MediaBox"[..], b"CropBox", b"Rotate"];
            let boxes = boxes.map(|key| format!("{:?}", page.get(key).ok()));
            Some((read.get_page_content(id), boxes.concat()))
        })
        .collect()
}

/// Later revisions of other people's files with some digits and bytes changed: what still passes shows the
/// pages that were signed, in another library's eyes.
#[test]
fn what_passes_of_damaged_updates_shows_what_was_signed() {
    let Some(root) = std::env::var_os("CERTSEAL_CORPORA") else {
        eprintln!("SKIPPED: CERTSEAL_CORPORA names no folder of foreign documents");
        return;
    };
    let versions = std::env::var("CERTSEAL_MUTATIONS").map_or(40, |count| count.parse().unwrap());
    let root = std::path::PathBuf::from(root).join("pdf");
    let manifest = std::fs::read_to_string(root.join("manifest.tsv")).unwrap();
    let mut state = 0x5EED_u64;
    let mut random = |below: usize| {
        // Knuth's multiplier; the upper bits are the good ones.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(state >> 33).unwrap() % below
    };
    let (mut passed, mut turned) = (0, 0);
    for row in manifest.lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let (file, class) = (columns[0], columns[6]);
        if !file.ends_with("pdf") || !matches!(class, "MOD-ALLOWED" | "MOD-FORBIDDEN" | "GOOD") {
            continue;
        }
        let good = std::fs::read(root.join(file)).unwrap();
        let worst = |bytes: &[u8]| -> Option<(Standing, usize)> {
            let opened = open(bytes).ok()?;
            let first = opened.signatures().first()?;
            let end = first.covered(bytes)?.len();
            Some((opened.difference(first).ok()?.worst(), end))
        };
        let Some((before, end)) = worst(&good) else {
            continue;
        };
        let Some(signed) = pages(&good[..end]) else {
            continue;
        };
        for _ in 0..versions {
            let mut bad = good.clone();
            for _ in 0..=random(3) {
                let at = end + random(bad.len() - end);
                let digit = bad[at..].iter().position(u8::is_ascii_digit);
                match digit.filter(|_| random(4) > 0) {
                    Some(digit) => bad[at + digit] = b'0' + u8::try_from(random(10)).unwrap(),
                    None => bad[at] ^= 1 << random(8),
                }
            }
            match worst(&bad) {
                Some((Standing::Permitted, still)) if still == end => {
                    passed += 1;
                    if let Some(pages) = pages(&bad).filter(|pages| !pages.is_empty()) {
                        assert!(pages == signed, "{file}: other pages pass");
                    }
                }
                _ if before == Standing::Permitted => turned += 1,
                _ => {}
            }
        }
    }
    eprintln!("{passed} mutations passed, {turned} no longer");
}

#[test]
fn what_binds_in_the_seed_values_of_a_field_is_read() {
    let demands = |seed: &str| {
        let seeded = changed(SEAL, "/P 3 0 R", &format!("/P 3 0 R /SV {seed}"));
        let signature: &[(u32, &str)] = &[(10, "<< SIG >>")];
        let writer = sealed_otherwise(&seeded, signature);
        open(&writer.bytes).unwrap().signatures()[0].demands.clone()
    };
    // Advice is nothing to be judged by.
    for advice in [
        "<< /SubFilter [/ETSI.CAdES.detached] /Reasons [(A)] /DigestMethod [(SHA512)] /AddRevInfo true >>",
        "<< /Ff 255 >>",
        "<< /TimeStamp << /URL (http://tsa.example) /Ff 0 >> /Cert << /Subject [<00>] >> >>",
        "<< /Ff 128 /LockDocument /auto >>",
    ] {
        let expected: &[Demand] = match advice {
            // The flag for reasons without any reason forbids to give one.
            "<< /Ff 255 >>" => &[Demand::Reasons(Vec::new())],
            _ => &[],
        };
        assert_eq!(demands(advice), expected, "{advice}");
    }
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    for (seed, demand) in [
        (
            "<< /Ff 1 /Filter /Adobe.PPKLite >>",
            Demand::Filter("Adobe.PPKLite".to_owned()),
        ),
        (
            "<< /Ff 2 /SubFilter [/adbe.pkcs7.detached /ETSI.CAdES.detached] >>",
            Demand::SubFilters(texts(&["adbe.pkcs7.detached", "ETSI.CAdES.detached"])),
        ),
        ("<< /Ff 4 /V 9 >>", Demand::Unknown("V")),
        (
            "<< /Ff 8 /Reasons [(A) (B)] >>",
            Demand::Reasons(texts(&["A", "B"])),
        ),
        ("<< /Ff 8 /Reasons [(.)] >>", Demand::Reasons(Vec::new())),
        (
            "<< /Ff 16 /LegalAttestation [(A)] >>",
            Demand::Unknown("LegalAttestation"),
        ),
        ("<< /Ff 32 /AddRevInfo true >>", Demand::RevocationInfo(true)),
        (
            "<< /Ff 64 /DigestMethod [(SHA256)] >>",
            Demand::Digests(texts(&["SHA256"])),
        ),
        ("<< /Ff 128 /LockDocument /true >>", Demand::Locked(true)),
        ("<< /MDP << /P 0 >> >>", Demand::Certification(None)),
        (
            "<< /MDP << /P 2 >> >>",
            Demand::Certification(Some(ModificationLevel::FormFilling)),
        ),
        ("<< /MDP << /P 9 >> >>", Demand::Unknown("MDP")),
        ("<< /TimeStamp << /Ff 1 >> >>", Demand::Timestamp),
        (
            "<< /Cert << /Ff 1 /Subject [<3000>] >> >>",
            Demand::Signers(vec![vec![0x30, 0]]),
        ),
        (
            "<< /Cert << /Ff 2 /Issuer [<3000>] >> >>",
            Demand::Issuers(vec![vec![0x30, 0]]),
        ),
        (
            "<< /Cert << /Ff 4 /OID [(1.2.3)] >> >>",
            Demand::Policies(texts(&["1.2.3"])),
        ),
        (
            "<< /Cert << /Ff 8 /SubjectDN [<< /CN (A) >>] >> >>",
            Demand::SubjectName(vec![("CN".to_owned(), "A".to_owned())]),
        ),
        (
            "<< /Cert << /Ff 32 /KeyUsage [(11X)] >> >>",
            Demand::KeyUsage(texts(&["11X"])),
        ),
        ("<< /Ff (all) /Filter /A >>", Demand::Filter("A".to_owned())),
        ("(none)", Demand::Unknown("SV")),
    ] {
        let found = demands(seed);
        assert!(found.contains(&demand), "{seed}: {found:?}");
    }
}
