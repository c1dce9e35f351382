//! Updates that leave readers who rebuild files something to find, or a reason to search.

use super::{super::*, *};

/// An update by hand: objects, rows of the table, and what else of it may be otherwise.
struct Update<'u> {
    body: &'u str,
    /// Numbers, and where they are said to be; none where they are.
    listed: &'u [(u32, Option<usize>)],
    row_end: &'u str,
    head: &'u str,
    size: u32,
    prev_end: &'u str,
    beside: usize,
    end: &'u str,
}

const TITLE: Update<'_> = Update {
    body: "11 0 obj\n<< /Title (B) >>\nendobj\n",
    listed: &[(11, None)],
    row_end: " \n",
    head: "",
    size: 60,
    prev_end: "",
    beside: 0,
    end: "",
};

impl Update<'_> {
    fn on(&self, base: &Writer) -> Writer {
        let mut file = base.clone();
        let start = file.bytes.len();
        let mut rows = String::new();
        for (number, place) in self.listed {
            let found = self.body.find(&format!("{number} 0 obj")).map(|at| at + start);
            let place = place.or(found).unwrap();
            write!(
                rows,
                "{number} 1\n{}{place:010} 00000 n{}",
                self.head, self.row_end
            )
            .unwrap();
        }
        let table = start + self.body.len();
        let text = format!(
            "{}xref\n{rows}trailer\n<< /Size {} {} /Prev {}{} >>\nstartxref\n{}\n%%EOF\n{}",
            self.body,
            self.size,
            file.trailer,
            file.last.unwrap(),
            self.prev_end,
            table - self.beside,
            self.end
        );
        file.bytes.extend(text.into_bytes());
        file.last = Some(table);
        file
    }
}

fn standing(writer: &Writer) -> Standing {
    difference(writer).worst()
}

#[test]
fn updates_leave_nothing_to_find() {
    assert_eq!(standing(&TITLE.on(&signed(""))), Standing::Permitted);
    for (body, expected) in [
        (
            "11 0 obj\n<< /Title (B) /A 4%\n0%\nobj << >> >>\nendobj\n",
            Standing::Forbidden,
        ),
        (
            "11 0 obj\n<< /Title (4 0 obj << >> endobj) >>\nendobj\n",
            Standing::Forbidden,
        ),
        (
            "11 0 obj\n<< /Title (trailer << /Root 20 0 R >>) >>\nendobj\n",
            Standing::Forbidden,
        ),
        (
            "11 0 obj\n<< /Title (startxref 9) >>\nendobj\n",
            Standing::Forbidden,
        ),
        (
            "% 4 0 obj\n11 0 obj\n<< /Title (B) >>\nendobj\n",
            Standing::Forbidden,
        ),
        // Words are words.
        (
            "% made by a program\n11 0 obj\n<< /Title (the trailer of an obj to xref) >>\nendobj\n",
            Standing::Permitted,
        ),
    ] {
        let update = Update { body, ..TITLE };
        // What is broken in itself is no permitted title either; only what viewers find counts here.
        let found = standing(&update.on(&signed("")));
        assert_eq!(found, expected, "{body}");
    }
    // An object stream that holds another page than the listed one.
    let stream = "11 0 obj\n<< /Title (B) >>\nendobj\n20 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Length 8 >>\nstream\n4 0 null\nendstream\nendobj\n";
    let update = Update {
        body: stream,
        listed: &[(11, None), (20, None)],
        ..TITLE
    };
    assert_eq!(refused(&update.on(&signed(""))), ["change-unseen-revision"]);
}

#[test]
fn looking_for_words_is_paid_for() {
    // A word per four bytes of one line, each of which may follow a number at its beginning.
    let line = format!(
        "11 0 obj\n<< /Title (B) >>\nendobj\n%1{}\n",
        " obj".repeat(100_000)
    );
    // Many entries that lead into the same blanks.
    let blanks = format!("11 0 obj\n<< /Title (B) >>\nendobj\n{}", " ".repeat(1 << 20));
    let base = signed("");
    let into: Vec<(u32, Option<usize>)> = (0..200)
        .map(|row| (100 + row, Some(base.bytes.len() + 40 + row as usize)))
        .chain([(11, None)])
        .collect();
    for (what, body, listed) in [("words", &line, TITLE.listed), ("blanks", &blanks, &into[..])] {
        let update = Update {
            body,
            listed,
            size: 400,
            ..TITLE
        };
        let file = update.on(&base).bytes;
        let opened = open(&file).unwrap();
        let found = opened.difference(&opened.signatures()[0]);
        assert!(matches!(found, Err(OpenError::Limit { .. })), "{what}: {found:?}");
    }
}

#[test]
fn words_are_such_as_all_read_alike() {
    use Standing::{Forbidden, Permitted, Unclear};
    let zeros = "0".repeat(300);
    let words = [
        ("/K /Name#20with#C3#A9 /N -1.5 /S <41 42\n43>", Permitted),
        // Some keep names up to a NUL, or take whatever follows half an escape for the other half.
        ("/K /x#5%\n", Forbidden),
        ("/K /x#", Forbidden),
        ("/K /x#00y", Forbidden),
        ("/K /#41P", Unclear),
        ("/K /x\u{b}y", Forbidden),
        ("/K /证照", Unclear),
        // Some cut off what is long, or find no number in a point.
        (&format!("/K {zeros}1"), Forbidden),
        (&format!("/K /{zeros}"), Forbidden),
        ("/K .", Forbidden),
        ("/K +1", Unclear),
        ("/K 4294967296", Unclear),
        ("/K\u{c}1", Unclear),
        ("/K <41\u{c}42>", Unclear),
        // Some pass over the generation, and others search the file for what there is not.
        ("/K 3 1 R", Forbidden),
        ("/K 300 0 R", Unclear),
        ("/K 40 0 R", Unclear),
    ];
    for (words, expected) in words {
        let body = format!("11 0 obj\n<< /Title (B) {words} >>\nendobj\n");
        let update = Update { body: &body, ..TITLE };
        let found = difference(&update.on(&signed("")));
        let unseen = |change: &Change| change.kind == ChangeKind::UnseenRevision;
        let standing = found.changes.iter().filter(|change| unseen(change));
        let standing = standing.map(|change| found.standing(change)).max();
        assert_eq!(standing.unwrap_or(Permitted), expected, "{words:?}");
    }
}

#[test]
fn nothing_lies_beside_what_is_listed() {
    let object = "11 0 obj\n<< /Title (B) >>\nendobj\n";
    for (beside, expected) in [
        ("% made by another program\r\n\t ", Standing::Permitted),
        ("\u{c}", Standing::Unclear),
        ("5.x\n", Standing::Forbidden),
        ("/Name\n", Standing::Forbidden),
        ("endobj\n", Standing::Forbidden),
        ("%\u{0}\n", Standing::Forbidden),
        // For some a trailer, wherever the word stands.
        ("%xtrailer <<\n", Standing::Forbidden),
        ("% xref\n%\n0 1\n", Standing::Forbidden),
    ] {
        let body = format!("{object}{beside}");
        let update = Update { body: &body, ..TITLE };
        assert_eq!(standing(&update.on(&signed(""))), expected, "{beside:?}");
    }
    // In one another: the second is data of the first.
    let nested =
        "11 0 obj\n<< /Title (B) /Length 23 >>\nstream\n40 0 obj\n(x)\nendobj\n\nendstream\nendobj\n";
    let update = Update {
        body: nested,
        listed: &[(11, None), (40, None)],
        ..TITLE
    };
    assert_eq!(standing(&update.on(&signed(""))), Standing::Forbidden);
}

#[test]
fn numbers_that_are_used_stay_used() {
    let used = Update {
        body: "40 0 obj\n(x)\nendobj\n",
        listed: &[(40, None)],
        ..TITLE
    };
    let once = used.on(&signed(""));
    assert_eq!(standing(&once), Standing::Permitted);
    let mut freed = TITLE.on(&once);
    let trailer = freed
        .bytes
        .windows(7)
        .rposition(|part| part == b"trailer")
        .unwrap();
    let row = b"40 1\n0000000000 00001 f \n".iter().copied();
    freed.bytes.splice(trailer..trailer, row);
    assert_eq!(standing(&freed), Standing::Unclear);
}

#[test]
fn what_counts_is_written_last() {
    let base = signed("");
    let own = open(&base.bytes).unwrap();
    let Some(Entry::At { offset, .. }) = own.reader.entry(4) else {
        panic!("a content stream");
    };
    let evil = Update {
        body: "4 0 obj\n<< /Length 5 >>\nstream\n1 g S\nendstream\nendobj\n",
        listed: &[(4, None)],
        ..TITLE
    };
    let back = Update {
        body: "",
        listed: &[(4, Some(offset))],
        ..TITLE
    };
    assert_eq!(refused(&back.on(&evil.on(&base))), ["change-unseen-revision"]);
}

#[test]
fn updates_give_no_reason_to_search() {
    let blank = " ".repeat(2000);
    let base = signed("");
    for (what, update) in [
        ("startxref", Update { beside: 3, ..TITLE }),
        (
            "Prev",
            Update {
                prev_end: ".0",
                ..TITLE
            },
        ),
        (
            "rows",
            Update {
                row_end: "\n",
                ..TITLE
            },
        ),
        (
            "comment",
            Update {
                head: "% no\n",
                ..TITLE
            },
        ),
        ("Size", Update { size: 5, ..TITLE }),
        (
            "an entry beyond the end",
            Update {
                listed: &[(11, None), (50, Some(99_999))],
                ..TITLE
            },
        ),
        ("blanks", Update { end: &blank, ..TITLE }),
    ] {
        assert_eq!(standing(&update.on(&base)), Standing::Unclear, "{what}");
    }
}

#[test]
fn the_first_page_of_a_linearised_file_is_the_one_that_counts() {
    // What a viewer takes for the first section stands behind the first object.
    let linear = |length: usize| {
        let head = format!(
            "%PDF-1.7\n50 0 obj\n<< /Linearized 1 /L {length:06} >>\nendobj\n\
             xref\n0 1\n0000000000 65535 f \ntrailer\n<< /Size 1 >>\n"
        );
        signed_behind(head.into_bytes(), "", &[])
    };
    let whole = linear(0).bytes.len();
    let updated = TITLE.on(&linear(0)).bytes.len();
    assert_eq!(standing(&linear(0)), Standing::Permitted);
    assert_eq!(refused(&linear(whole)), ["change-unseen-revision"]);
    assert_eq!(standing(&TITLE.on(&linear(whole))), Standing::Permitted);
    assert_eq!(refused(&TITLE.on(&linear(updated))), ["change-unseen-revision"]);
}
