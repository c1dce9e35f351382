//! Attacks by fields and signatures that come later: what they lay over the page in the eyes of some viewers, and what
//! viewers draw fields with.

use super::{
    Attack, Objects,
    content::{filled, second_signature, signature_field},
    harmless::{stamp, stamped_with},
    pdf::{Pdf, stream},
    victim::{
        Victim, look_of,
        number::{AMOUNT, FORM, GRADE, PAGE, SEAL, SECOND},
        signature,
    },
};

const SNEAKY: &str = "Rohlmann et al. 2021, sneaky signatures";
const SHADOW: &str = "Mainka et al. 2021, shadow attacks";
const OVER_FACE: &str = "change-signature-over-face";

/// A part of the page, less than a quarter of it, with the text in it.
const PART: &str = "72 740 400 800";
const WHOLE: &str = "0 0 595 842";

/// A look as large as the page, which hides it.
fn over_all() -> String {
    stream(
        "/Type /XObject /Subtype /Form /BBox [0 0 595 842]",
        "1 g 0 0 595 842 re f",
    )
}

/// A signature in a new field, seen in a rectangle.
fn signed_in(v: &Victim<'_>, rect: &str) -> Vec<u8> {
    v.signed_again(&v.pki.mallory, &signature_field(rect, v))
}

/// The same, of which a part is written otherwise.
fn signed(v: &Victim<'_>, rect: &str, from: &str, to: &str) -> Vec<u8> {
    let mut objects = signature_field(rect, v);
    objects[2].1 = objects[2].1.replacen(from, to, 1);
    v.signed_again(&v.pki.mallory, &objects)
}

/// A signature in a new field that shows nothing, whose default is another one.
fn with_another_default(v: &Victim<'_>) -> Vec<u8> {
    signed(v, "0 0 0 0", "/V 62 0 R", "/V 62 0 R /DV 21 0 R")
}

/// A signature in a new field under a look as large as the page.
fn signed_over_all(v: &Victim<'_>, rect: &str) -> Vec<u8> {
    let mut objects = signature_field(rect, v);
    objects[4].1 = over_all();
    v.signed_again(&v.pki.mallory, &objects)
}

/// A signature in the field that was left empty, with this entry for a look as large as the page.
fn signed_in_the_second(v: &Victim<'_>, look: &str) -> Vec<u8> {
    let filled = v.pdf.changed(SECOND, "/F 4", &format!("/F 132 /V 61 0 R {look}"));
    let objects = [filled, (61, signature("Peter", "")), (62, over_all())];
    v.signed_again(&v.pki.mallory, &objects)
}

/// The same without a look, drawn by what viewers draw themselves.
fn decorated(v: &Victim<'_>, drawn: &str) -> Vec<u8> {
    let mut objects = signature_field(PART, v);
    objects[2].1 = objects[2].1.replace("/AP << /N 63 0 R >>", drawn);
    objects.truncate(4);
    v.signed_again(&v.pki.mallory, &objects)
}

/// A new field of that kind that nobody signs.
fn empty(v: &Victim<'_>, drawn: &str) -> Vec<(u32, String)> {
    let mut objects = signature_field(PART, v);
    objects[2].1 = objects[2]
        .1
        .replace("/V 62 0 R ", "")
        .replace("/AP << /N 63 0 R >>", drawn);
    objects.truncate(3);
    objects
}

/// As many signatures in new fields one above the other, each over almost a quarter of the page, each in its own
/// revision.
fn stacked(v: &Victim<'_>, count: u32) -> Vec<u8> {
    let mut pdf = v.pdf.clone();
    for at in 0..count {
        let [field, value, look] = [61, 62, 63].map(|number| number + 3 * at);
        let listed = |number: u32, pdf: &Pdf| pdf.changed(number, "0 R]", &format!("0 R {field} 0 R]"));
        let rect = format!("0 {} 595 {}", 200 * at, 200 * at + 205);
        let objects = [
            listed(FORM, &pdf),
            listed(PAGE, &pdf),
            (
                field,
                format!(
                    "<< /Type /Annot /Subtype /Widget /FT /Sig /T (New{at}) /V {value} 0 R /Rect [{rect}] /P 3 0 R /F \
                     132 /AP << /N {look} 0 R >> >>"
                ),
            ),
            (value, signature("Peter", "")),
            (look, over_all()),
        ];
        let (pki, signer) = (v.pki, &v.pki.mallory);
        pdf = pdf.sign(&objects, |covered| {
            super::pki::Cms::new(signer, pki, covered).der()
        });
    }
    pdf.bytes
}

fn sneaky(name: &'static str, seen: &'static str, make: super::Bytes) -> Attack {
    let attack = Attack::new("signatures", SNEAKY, name, seen, "MODIFIED_AFTER_SIGNING", make);
    attack
        .change(OVER_FACE)
        .on(&["p256-table-approval", "rsa-packed-certified2"])
}

/// One that a person has to see.
fn doubtful(name: &'static str, seen: &'static str, make: super::Bytes) -> Attack {
    sneaky(name, seen, make).code("CHANGES_UNCLEAR").undecided()
}

fn drawn(name: &'static str, seen: &'static str, make: Objects) -> Attack {
    Attack::by_update("form", SHADOW, name, seen, make)
        .code("CHANGES_UNCLEAR")
        .undecided()
        .on(&["p256-table-approval", "rsa-packed-certified2"])
}

const OVER: &str = "a new signature's look over the page, in viewers that draw it";

fn seen_by_some() -> Vec<Attack> {
    let as_signed = "the page as signed; a look as large as the page in a place that is none";
    let places: [(&'static str, &'static str, super::Bytes); 5] = [
        ("not-viewed", OVER, |v| signed(v, WHOLE, "/F 132", "/F 164")),
        ("place-of-five-numbers", OVER, |v| {
            signed_over_all(v, "0 null 595 842 595.01")
        }),
        ("place-of-three-numbers", as_signed, |v| {
            signed_over_all(v, "0 0 1")
        }),
        ("place-without-extent", as_signed, |v| {
            signed_over_all(v, "0 0 0 0")
        }),
        ("place-turned-round", OVER, |v| signed_over_all(v, "595 842 0 0")),
    ];
    let mut all: Vec<Attack> = places
        .into_iter()
        .map(|(name, seen, make)| sneaky(name, seen, make))
        .collect();
    all.push(doubtful(
        "small-look-without-extent",
        "the page as signed; a small look in a place without extent",
        |v| signed_in(v, "0 0 0 0"),
    ));
    all.push(
        sneaky(
            "default-of-another-signature",
            "the page as signed; another signature in a field that is reset",
            with_another_default,
        )
        .change("change-field-added"),
    );
    all
}

fn decorations() -> Vec<Attack> {
    let ground = "a white field over the text, in viewers that draw backgrounds";
    let frame = "a frame over the text, in viewers that draw borders";
    let bare = "the page as signed; a border without a colour";
    let signs: [(&'static str, &'static str, super::Bytes); 3] = [
        ("signed-on-a-ground", ground, |v| {
            decorated(v, "/MK << /BG [1 1 1] >>")
        }),
        ("signed-in-a-frame", frame, |v| {
            decorated(v, "/BS << /W 30 >> /MK << /BC [0 0 0] >>")
        }),
        ("signed-in-a-border", bare, |v| decorated(v, "/Border [0 0 30]")),
    ];
    let waits: [(&'static str, &'static str, Objects); 3] = [
        ("empty-on-a-ground", ground, |v| empty(v, "/MK << /BG [1 1 1] >>")),
        ("empty-in-a-frame", frame, |v| {
            empty(v, "/BS << /W 30 >> /MK << /BC [0 0 0] >>")
        }),
        ("empty-in-a-border", bare, |v| empty(v, "/Border [0 0 30]")),
    ];
    let banner = drawn(
        "empty-over-the-page",
        "a banner over the page, in viewers that mark where to sign",
        |v| {
            let mut objects = empty(v, "");
            objects[2].1 = objects[2].1.replace(PART, WHOLE);
            objects
        },
    );
    let signs = signs.into_iter().map(|(name, seen, make)| {
        sneaky(name, seen, make).on(&["p256-table-certified2", "rsa-packed-certified3"])
    });
    let waits = waits.into_iter().map(|(name, seen, make)| {
        drawn(name, seen, make).on(&["p256-table-approval", "rsa-packed-approval"])
    });
    signs.chain(waits).chain([banner]).collect()
}

fn parts_of_pages() -> Vec<Attack> {
    let cropped = |pdf: &Pdf| vec![pdf.changed(PAGE, "/Contents", "/CropBox [60 700 260 800] /Contents")];
    vec![
        sneaky(
            "over-what-is-shown",
            "a signature over most of what is shown of the page",
            |v| signed_in(v, "70 710 240 790"),
        )
        .prepared(cropped),
        sneaky(
            "beyond-what-is-shown",
            "a signature beside what is shown, in viewers that show the whole page",
            |v| signed_in(v, "0 0 595 600"),
        )
        .prepared(cropped),
        doubtful(
            "three-quarters-in-three-parts",
            "three signatures over most of the page",
            |v| stacked(v, 3),
        )
        .on(&["p256-table-approval", "rsa-packed-approval"]),
        doubtful("over-a-filled-field", "a signature over the amount", |v| {
            signed_in(v, "72 500 192 520")
        })
        .on(&["p256-table-approval", "rsa-packed-approval"]),
        doubtful(
            "over-another-signature",
            "another's look over the bank's seal",
            |v| signed_in(v, "400 100 520 160"),
        )
        .on(&["p256-table-approval", "rsa-packed-approval"]),
        doubtful(
            "place-as-large-as-the-page",
            "a signature over the page in a field that was left so",
            |v| signed_in_the_second(v, "/AP << /N 62 0 R >>"),
        )
        .prepared(|pdf| vec![pdf.changed(SECOND, "400 200 520 260", WHOLE)]),
        sneaky(
            "look-led-to-by-number-alone",
            "a look as large as the page in a field that was left for it, in viewers that go by numbers alone",
            |v| signed_in_the_second(v, ""),
        )
        .change("change-appearance-without-value")
        .prepared(|pdf| {
            let (field, body) = pdf.changed(SECOND, "400 200 520 260", WHOLE);
            let left = body.replace("/F 4", "/AP 60 0 R /F 4");
            vec![(field, left), (60, "<< /N 62 1 R >>".to_owned())]
        }),
        doubtful(
            "place-left-without-extent",
            "the page as signed; a look as large as the page in a place left without extent",
            |v| signed_in_the_second(v, "/AP << /N 62 0 R >>"),
        )
        .prepared(|pdf| vec![pdf.changed(SECOND, "400 200 520 260", "0 0 0 0")]),
    ]
}

fn locked() -> Vec<Attack> {
    let locked = |name, seen, make| {
        Attack::new("locks", "FieldMDP", name, seen, "MODIFIED_AFTER_SIGNING", make)
            .change("change-locked-field")
            .on(&["p256-table-locked", "rsa-stream-locked"])
    };
    vec![
        locked(
            "locked-field-signed",
            "a second signature where all fields are locked",
            |v| v.signed_again(&v.pki.other, &second_signature(v)),
        ),
        locked(
            "field-added-to-locked",
            "the page as signed; a second signature where all fields are locked",
            |v| signed(v, "0 0 0 0", "/AP << /N 63 0 R >>", ""),
        ),
        locked(
            "empty-field-added-to-locked",
            "the page as signed; a new field where all are locked",
            |v| v.updated(&empty(v, "")),
        ),
    ]
}

/// The amount without a look, so that viewers draw it.
fn bare(pdf: &Pdf) -> (u32, String) {
    pdf.changed(AMOUNT, "/DA (/Helv 12 Tf 0 g) /AP << /N 27 0 R >>", "")
}

fn drawn_by_viewers() -> Vec<Attack> {
    let white = "an amount in white where viewers draw it";
    vec![
        drawn("white-by-default", white, |v| {
            vec![v.pdf.changed(FORM, "/SigFlags 3", "/SigFlags 3 /DA (/Helv 12 Tf 1 g)")]
        })
        .prepared(|pdf| vec![bare(pdf), pdf.changed(FORM, "/DA (/Helv 12 Tf 0 g) ", "")]),
        drawn("letters-by-default", "other letters in the amount where viewers draw it", |v| {
            let font = "/DR << /Font << /Helv << /Type /Font /Subtype /Type1 /BaseFont /ZapfDingbats >> >> >>";
            vec![v.pdf.changed(FORM, "/SigFlags 3", &format!("/SigFlags 3 {font}"))]
        })
        .prepared(|pdf| vec![bare(pdf), pdf.changed(FORM, "/DR << /Font << /Helv 7 0 R >> >>", "")]),
        drawn("filled-in-white-and-redrawn", white, |v| {
            let (number, field) = v.pdf.changed(AMOUNT, "/V (100) /DA (/Helv 12 Tf 0 g)", "/V (999) /DA (/Helv 12 Tf 1 g)");
            vec![(number, field.replace("27 0 R", "61 0 R")), (61, look_of("999"))]
        })
        .prepared(|pdf| vec![pdf.changed(FORM, "/SigFlags 3", "/SigFlags 3 /NeedAppearances true")]),
        drawn("filled-on-a-white-ground", "999 on a white ground, where viewers draw it", |v| {
            let (number, field) = v.pdf.changed(AMOUNT, "/V (100)", "/V (999) /MK << /BG [1 1 1] >>");
            vec![(number, field.replace("/AP << /N 27 0 R >>", ""))]
        }),
        drawn("filled-in-white-beside-its-look", white, |v| {
            let mut objects = filled(v);
            objects[0].1 = objects[0].1.replace("/DA (/Helv 12 Tf 0 g)", "/DA (/Helv 12 Tf 1 g)");
            objects
        }),
        drawn("filled-on-black-beside-its-look", "black on black, where viewers draw the amount", |v| {
            let mut objects = filled(v);
            objects[0].1 = objects[0].1.replace("/DA (", "/MK << /BG [0 0 0] >> /DA (");
            objects
        }),
        drawn("filled-in-one-of-two-places", "999 in one place and 100 in another, of one field", |v| {
            vec![
                v.pdf.changed(AMOUNT, "/V (100)", "/V (999)"),
                v.pdf.changed(50, "27 0 R", "61 0 R"),
                (61, look_of("999")),
            ]
        })
        .prepared(|pdf| {
            let kid = |number: u32, rect: &str| {
                let body = format!(
                    "<< /Type /Annot /Subtype /Widget /Parent 22 0 R /Rect [{rect}] /P 3 0 R /F 4 /AP << /N 27 0 R >> >>"
                );
                (number, body)
            };
            vec![
                (AMOUNT, "<< /FT /Tx /T (Amount) /V (100) /DA (/Helv 12 Tf 0 g) /Kids [50 0 R 51 0 R] >>".to_owned()),
                kid(50, "72 500 192 520"),
                kid(51, "272 500 392 520"),
                pdf.changed(PAGE, "22 0 R", "50 0 R 51 0 R"),
            ]
        }),
        drawn("look-under-the-pointer", "999 in a field of value 100 while the pointer is over it", |v| {
            let (number, field) = v.pdf.changed(AMOUNT, "/V (100)", "/V (101)");
            vec![
                (number, field.replace("/N 27 0 R", "/N 61 0 R /R 62 0 R")),
                (61, look_of("101")),
                (62, look_of("999")),
            ]
        }),
        drawn("choice-by-index", "the best grade in a field of the worst, where the index counts", |v| {
            let (number, field) = v.pdf.changed(GRADE, "/V (A)", "/V (B) /I [0]");
            vec![(number, field.replace("/AP << /N 46 0 R >>", ""))]
        }),
        drawn("value-longer-than-its-field", "100 in a field of value 100 … 000", |v| {
            let value = format!("/V (100{}000)", " ".repeat(60));
            let (number, field) = v.pdf.changed(AMOUNT, "/V (100)", &value);
            vec![(number, field.replace("/AP << /N 27 0 R >>", ""))]
        }),
        drawn("value-on-two-lines", "100, or 100000, in a field of one line", |v| {
            let (number, field) = v.pdf.changed(AMOUNT, "/V (100)", "/V (100\\r000)");
            vec![(number, field.replace("/AP << /N 27 0 R >>", ""))]
        }),
        drawn("field-no-longer-printed", "an amount of 999 on the screen, none on paper", |v| {
            let (number, field) = v.pdf.changed(AMOUNT, "/V (100)", "/V (999)");
            vec![(number, field.replace("27 0 R", "61 0 R").replace("/F 4", "/F 0")), (61, look_of("999"))]
        }),
    ]
}

/// Values that nobody vouches for, and the look of the field over the page.
fn stamps() -> Vec<Attack> {
    let none = |name, seen, make| {
        Attack::new("signatures", SNEAKY, name, seen, "MODIFIED_AFTER_SIGNING", make)
            .change("change-signature-recycled")
            .on(&["p256-table-approval", "rsa-packed-certified2"])
    };
    let over = "a look over the page, by a value that is neither signature nor timestamp";
    let waits = "a look in the field for another signer, by a value that is neither signature nor timestamp";
    let both = ["p256-table-approval", "rsa-packed-approval"];
    vec![
        none("value-of-no-kind", over, |v| {
            valued(v, signature_field(PART, v), ["/Type /Foo", "/SubFilter /Foo"])
        }),
        none("signature-that-is-a-timestamp", over, |v| {
            valued(
                v,
                signature_field(PART, v),
                ["/Type /Sig", "/SubFilter /ETSI.RFC3161"],
            )
        }),
        none("timestamp-that-is-a-signature", over, |v| {
            valued(v, signature_field(PART, v), ["/Type /DocTimeStamp", CADES])
        }),
        none("waiting-value-of-no-kind", waits, |v| {
            valued(v, second_signature(v), ["/Type /Foo", "/SubFilter /Foo"])
        }),
        none("waiting-signature-that-is-a-timestamp", waits, |v| {
            valued(v, second_signature(v), ["/Type /Sig", "/SubFilter /ETSI.RFC3161"])
        }),
        doubtful(
            "timestamp-over-the-page",
            "a timestamp's look over the page",
            |v| stamped(v, signature_field(PART, v)),
        )
        .on(&both),
        doubtful(
            "timestamp-in-a-waiting-field",
            "a timestamp's look in the field for another signer",
            |v| stamped(v, second_signature(v)),
        ),
    ]
}

/// The format that all signatures here have.
const CADES: &str = "/SubFilter /ETSI.CAdES.detached";

/// A value of this type and format that nobody signed.
fn valued(v: &Victim<'_>, mut objects: Vec<(u32, String)>, [kind, format]: [&str; 2]) -> Vec<u8> {
    for (_, object) in &mut objects {
        *object = object
            .replace("/Type /Sig ", &format!("{kind} "))
            .replace(CADES, format);
    }
    let pdf = v.pdf.clone();
    pdf.sign(&objects, |_| vec![0x30, 3, 2, 1, 0]).bytes
}

/// A document timestamp in place of a signature.
fn stamped(v: &Victim<'_>, mut objects: Vec<(u32, String)>) -> Vec<u8> {
    for (_, object) in &mut objects {
        if object.contains(CADES) {
            *object = stamp("/Type /DocTimeStamp");
        }
    }
    stamped_with(v, &objects)
}

/// The seal's own field.
fn sealed() -> Vec<Attack> {
    let changed = |name, seen, make: Objects| {
        Attack::by_update("signatures", SHADOW, name, seen, make)
            .change("change-appearance-without-value")
            .on(&["p256-table-approval", "rsa-packed-certified2"])
    };
    vec![
        changed(
            "seal-on-a-ground",
            "the page as signed; a ground for the seal",
            |v| vec![v.pdf.changed(SEAL, "/F 4", "/F 4 /MK << /BG [1 1 1] >>")],
        ),
        changed("seal-without-look", "a page without its seal", |v| {
            vec![v.pdf.changed(SEAL, "/AP << /N 29 0 R >>", "")]
        }),
    ]
}

pub(super) fn all() -> Vec<Attack> {
    let groups = [
        seen_by_some(),
        decorations(),
        parts_of_pages(),
        locked(),
        drawn_by_viewers(),
        stamps(),
        sealed(),
    ];
    groups.into_iter().flatten().collect()
}
