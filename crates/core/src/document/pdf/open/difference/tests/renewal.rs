//! Stores of evidence that are renewed.

use super::*;

const CERTIFICATE: &str = "<< /Length 4 >>\nstream\ncert\nendstream";
const OLD_LIST: &str = "<< /Length 3 >>\nstream\nold\nendstream";
const NEW_LIST: &str = "<< /Length 3 >>\nstream\nnew\nendstream";
const STORE: &str =
    "<< /Certs [41 0 R] /CRLs [42 0 R] /VRI << /AB << /Cert [41 0 R] /CRL [42 0 R] /Own 1 >> >> >>";

/// A signed form with a store.
fn with_store(reference: &str) -> Writer {
    let catalog = changed(CATALOG, "/Pages", "/DSS 40 0 R /Pages");
    let store = [(1, &catalog[..]), (40, STORE), (41, CERTIFICATE), (42, OLD_LIST)];
    signed_with(reference, &store)
}

#[test]
fn evidence_may_be_renewed_but_not_taken_away() {
    let (grown, renewed, otherwise) = (
        "change-evidence",
        "change-evidence-renewed",
        "change-evidence-changed",
    );
    for (from, to, code, standing) in [
        (
            "/CRLs [42 0 R]",
            "/CRLs [42 0 R 43 0 R]",
            grown,
            Standing::Permitted,
        ),
        // The same list under another number.
        (
            "/CRLs [42 0 R]",
            "/CRLs [43 0 R 44 0 R]",
            grown,
            Standing::Permitted,
        ),
        ("/CRLs [42 0 R]", "/CRLs [43 0 R]", renewed, Standing::Permitted),
        ("/CRLs [42 0 R]", "", renewed, Standing::Permitted),
        ("/Certs [41 0 R]", "/Certs []", renewed, Standing::Permitted),
        (
            "/CRL [42 0 R]",
            "/CRL [42 0 R 43 0 R]",
            grown,
            Standing::Permitted,
        ),
        ("/CRL [42 0 R]", "/CRL [43 0 R]", otherwise, Standing::Unclear),
        ("/CRL [42 0 R]", "", otherwise, Standing::Unclear),
        ("/Own 1", "", otherwise, Standing::Unclear),
        ("/AB <<", "/CD <<", otherwise, Standing::Forbidden),
        (
            "/Own 1 >>",
            "/Own 1 >> /CD << /Cert [41 0 R] >>",
            grown,
            Standing::Permitted,
        ),
        ("/Own 1", "/Own 2", otherwise, Standing::Forbidden),
        (
            "/Own 1 >>",
            "/Own 1 >> /CD null /EF << >>",
            otherwise,
            Standing::Forbidden,
        ),
        (
            "/Own 1 >>",
            "/Own 1 >> /CD 50 0 R /EF << >>",
            otherwise,
            Standing::Forbidden,
        ),
        ("/Own 1", "/Own 1 /Other 1", otherwise, Standing::Forbidden),
        ("/CRLs [42 0 R]", "/CRLs [5 0 R]", otherwise, Standing::Forbidden),
        (
            "/CRLs [42 0 R]",
            "/CRLs [42 0 R 50 0 R]",
            otherwise,
            Standing::Forbidden,
        ),
        ("/CRLs [42 0 R]", "/CRLs null", otherwise, Standing::Forbidden),
        ("/VRI <<", "/VRI 43 0 R /Own <<", otherwise, Standing::Forbidden),
    ] {
        let store = changed(STORE, from, to);
        let objects = [(40, &store[..]), (43, NEW_LIST), (44, OLD_LIST)];
        for reference in ["", &mdp(1)] {
            let mut found = difference(&with_store(reference).revision(&objects));
            found.changes.retain(|change| {
                !matches!(change.kind, ChangeKind::ObjectAdded | ChangeKind::UnseenRevision)
            });
            let codes: Vec<&str> = found.changes.iter().map(|change| change.kind.code()).collect();
            assert_eq!((codes, found.worst()), (vec![code], standing), "{from} {to}");
        }
    }
    // Another entry in the place of one, of nothing but what the standard knows.
    let store = "<< /VRI << /CD << /Cert [41 0 R] >> >> >>";
    let found = difference(&with_store(&mdp(1)).revision(&[(40, store)]));
    assert_eq!(found.worst(), Standing::Unclear);
    // Taken away as a whole.
    for gone in [
        [(40, "<< /Certs [41 0 R] /CRLs [42 0 R] >>")],
        [(40, "null")],
        [(1, CATALOG)],
    ] {
        let found = refused(&with_store(&mdp(1)).revision(&gone));
        assert_eq!(found, [otherwise], "{gone:?}");
    }
}

#[test]
fn evidence_of_every_revision_is_read() {
    let first = with_store("");
    let renewed = "<< /CRLs [43 0 R 44 0 R] >>";
    let file = first
        .clone()
        .revision(&[(40, renewed), (42, "null"), (43, NEW_LIST), (44, OLD_LIST)])
        .revision(&[(1, CATALOG)]);
    let pieces = open(&file.bytes).unwrap().stored_evidence().pieces;
    let found: Vec<(&[u8], bool)> = pieces
        .iter()
        .map(|piece| (&piece.der[..], piece.end < first.bytes.len()))
        .collect();
    // The list that was copied is held once, at its first place.
    assert_eq!(found, [(&b"new"[..], false), (b"old", true), (b"cert", true)]);

    // A later store leaves an earlier one its room, whatever it holds.
    let broken = first
        .clone()
        .revision(&[(40, "<< /CRLs 51 0 R /Certs [4 0 R] >>"), (51, "<<")]);
    let pieces = open(&broken.bytes).unwrap().stored_evidence().pieces;
    let found: Vec<&[u8]> = pieces.iter().map(|piece| &piece.der[..]).collect();
    assert_eq!(found, [&b"0 g S"[..], b"cert", b"old"]);
}
