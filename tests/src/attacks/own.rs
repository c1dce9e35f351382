//! Attacks on certificates of our own. Every issue has another key, so these files differ from run to run
//! in what was issued, not in what is done to it.

use super::{
    Case, Expected, UNSIGNED,
    pdf::{byte_range, contents, find, overwritten, replaced, with_contents},
};
use crate::documents::{catalog_of, revised, signature_gap, size_of, with_evidence, with_page_content};

/// The signature value of a document with another's in its place.
fn pasted(document: &[u8], other: &[u8]) -> Vec<u8> {
    let (gap, from) = (signature_gap(document), signature_gap(other));
    let value = hex::decode(&other[from.start + 1..from.end - 1]).expect("hexadecimal digits");
    let used = value
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last + 1);
    with_contents(document, gap.start, &value[..used])
}

/// Attacks on an issued certificate; `other` is one of another holder.
///
/// # Panics
/// When one of them is none of ours.
pub fn attacks_on(document: &[u8], other: &[u8]) -> Vec<Case> {
    let size = size_of(document);
    let (root, catalog) = catalog_of(document);
    let with_entry = |entry: &str| {
        let entries = catalog.strip_suffix(">>").expect("an end of the catalogue");
        format!("{entries}{entry}>>")
    };
    let range = byte_range(document);
    let value = contents(document);
    let modified = "MODIFIED_AFTER_SIGNING";
    let gap = signature_gap(document);
    let mut blanks = document.to_vec();
    blanks[gap.end - 40] = b' ';
    let case = |class, published, name: &str, seen, (code, change), bytes| Case {
        name: format!("{name}-own-certificate"),
        class,
        published,
        seen,
        expected: Expected::Failed { code, change },
        bytes,
    };
    let (usf, isa) = ("universal signature forgery", "incremental saving");
    let (of_usf, of_isa) = ("Mladenov et al. 2019, USF", "Mladenov et al. 2019, ISA");
    let paper = "the certificate as issued";
    vec![
        case(usf, of_usf, "contents-empty", paper, ("BYTE_RANGE_DEFECT", ""), {
            overwritten(document, &value, b"/Contents <>")
        }),
        case(
            usf,
            of_usf,
            "byte-range-zeros",
            paper,
            ("BYTE_RANGE_DEFECT", ""),
            overwritten(document, &range, b"/ByteRange[0 0 0 0]"),
        ),
        case(
            usf,
            of_usf,
            "byte-range-null",
            paper,
            ("BYTE_RANGE_DEFECT", ""),
            overwritten(document, &range, b"/ByteRange null"),
        ),
        case(
            "signature wrapping",
            "Mladenov et al. 2019, SWA",
            "blanks-in-contents",
            paper,
            ("SIGNATURE_MALFORMED", ""),
            blanks,
        ),
        case(
            isa,
            of_isa,
            "content",
            "an empty page",
            (modified, "change-page-content"),
            with_page_content(document),
        ),
        case(
            isa,
            of_isa,
            "evidence-and-content",
            "an empty page",
            (modified, "change-page-content"),
            with_page_content(&with_evidence(document)),
        ),
        case(
            isa,
            of_isa,
            "object-nobody-uses",
            paper,
            (modified, "change-trailer"),
            updated(document, &[(size, "(later)".to_owned())]),
        ),
        case(
            isa,
            of_isa,
            "empty-update",
            paper,
            (modified, "change-trailer"),
            updated(document, &[]),
        ),
        case(isa, of_isa, "another-catalogue", "no pages", (UNSIGNED, ""), {
            let catalog = format!("<</Type/Catalog/Pages {size} 0 R>>");
            revised(
                document,
                &[
                    (root, catalog),
                    (size, "<</Type/Pages/Kids[]/Count 0>>".to_owned()),
                ],
            )
        }),
        case(
            "actions",
            "Müller et al. 2021",
            "open-action-script",
            "a script that runs on opening",
            (modified, "change-action"),
            {
                revised(
                    document,
                    &[(
                        root,
                        with_entry("/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>"),
                    )],
                )
            },
        ),
        case(
            "catalogue",
            "portfolio",
            "collection",
            "an attachment instead of the certificate",
            (modified, "change-catalog"),
            revised(document, &[(root, with_entry("/Collection<</View/D>>"))]),
        ),
        case(
            "rights",
            "DocMDP removed",
            "permissions-removed",
            paper,
            (modified, "change-permissions"),
            revised(document, &[(root, catalog.replace("/Perms", "/Permz"))]),
        ),
        case(
            "after the end",
            "appended content",
            "comment-after-eof",
            paper,
            (modified, "change-unseen-revision"),
            [document, b"% read and approved\n"].concat(),
        ),
        case(
            "after the end",
            "appended content",
            "zeros-and-text-after-eof",
            paper,
            (modified, "change-unseen-revision"),
            [document, &[0; 64], b"later"].concat(),
        ),
        case(
            "after the end",
            "PDF polyglots",
            "archive-after-eof",
            paper,
            (modified, "change-unseen-revision"),
            [document, b"PK\x05\x06", &[0; 18]].concat(),
        ),
        case(
            "before the beginning",
            "PDF polyglots",
            "script-before-header",
            paper,
            ("NOT_A_PDF", ""),
            [b"<script>alert(1)</script>\n", document].concat(),
        ),
        case(
            "CMS",
            "transplantation",
            "signature-of-another-holder",
            paper,
            ("DIGEST_MISMATCH", ""),
            pasted(document, other),
        ),
        case(
            "CMS",
            "transplantation",
            "signature-of-this-holder-in-another",
            "another certificate",
            ("DIGEST_MISMATCH", ""),
            pasted(other, document),
        ),
        case(
            "content",
            "bytes changed in place",
            "digit-of-metadata",
            "another identifier for programs",
            ("DIGEST_MISMATCH", ""),
            {
                let at = find(document, b"<rdf:Description").expect("an XMP packet");
                let digit = at
                    + document[at..]
                        .iter()
                        .position(u8::is_ascii_digit)
                        .expect("a digit");
                let mut changed = document.to_vec();
                changed[digit] = if changed[digit] == b'9' { b'8' } else { b'9' };
                changed
            },
        ),
        case(
            "certified",
            "DocMDP removed",
            "level-raised-in-place",
            paper,
            ("DIGEST_MISMATCH", ""),
            replaced(document, b"/P 1", b"/P 3"),
        ),
    ]
}

/// An update whose trailer keeps the catalogue alone.
fn updated(document: &[u8], objects: &[(usize, String)]) -> Vec<u8> {
    let with_rest = revised(document, objects);
    let at = super::pdf::find_last(&with_rest, b"trailer").expect("a trailer of ours");
    let text = String::from_utf8_lossy(&with_rest[at..]).into_owned();
    let trailer = |name: &str| {
        let (_, value) = text.split_once(name).expect("an entry of the trailer");
        value.split(['/', '>']).next().expect("a value").trim().to_owned()
    };
    let (_, end) = text.split_once("startxref").expect("an end");
    let bare = format!(
        "trailer\n<</Size {}/Root {}/Prev {}>>\nstartxref{end}",
        trailer("/Size"),
        trailer("/Root"),
        trailer("/Prev")
    );
    [&with_rest[..at], bare.as_bytes()].concat()
}
