//! What looks like an attack and is none: later revisions that the signer allowed, and signatures that are
//! as good as others though made otherwise.

use certseal_core::crypto::DigestAlgorithm::{Sha256, Sha512};

use super::{
    Attack, Objects,
    content::{filled, noted, notes, second_signature, signature_field},
    looks,
    pdf::{Layout, placeholder, stream},
    pki::{Cms, SIGNING_TIME, attribute, tlv},
    signed::{with_foreign_timestamp, with_timestamp},
    victim::{
        Victim, look_of,
        number::{
            AGREE, AMOUNT, CATALOG, CONTENT, COURIER, FORM, GLYPH_ONE, GRADE, INFORMATION, OUTLINE, PAGE,
            PAGES, RESOURCES,
        },
    },
};

const SEEN: &str = "the page as signed";

fn update(name: &'static str, seen: &'static str, make: Objects) -> Attack {
    Attack::by_update("harmless", "–", name, seen, make).harmless()
}

fn other(name: &'static str, seen: &'static str, make: super::Bytes) -> Attack {
    Attack::new("harmless", "–", name, seen, "", make).harmless()
}

fn made(name: &'static str, make: super::Signing) -> Attack {
    Attack::by_signature("harmless", "–", name, SEEN, "", make).harmless()
}

pub(super) fn evidence(v: &Victim<'_>) -> Vec<(u32, String)> {
    vec![
        v.pdf.changed(
            CATALOG,
            "/Lang",
            "/DSS << /Type /DSS /Certs [61 0 R] /CRLs [62 0 R] >> /Lang",
        ),
        (61, stream("", "a certificate")),
        (62, stream("", "a revocation list")),
    ]
}

/// A document timestamp that bears its type, or none.
pub(super) fn stamp(kind: &str) -> String {
    format!(
        "<< {kind} /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161 {} >>",
        placeholder()
    )
}

/// The file after an update in which the authority stamps.
pub(super) fn stamped_with(v: &Victim<'_>, objects: &[(u32, String)]) -> Vec<u8> {
    let pki = v.pki;
    let pdf = v.pdf.clone();
    pdf.sign(objects, |covered| Cms::token(pki, &Sha256.digest(covered)).der())
        .bytes
}

/// A document timestamp in an unseen field.
fn stamped(v: &Victim<'_>, kind: &str) -> Vec<u8> {
    let field =
        "<< /Type /Annot /Subtype /Widget /FT /Sig /T (Time) /V 65 0 R /Rect [0 0 0 0] /P 3 0 R /F 132 >>";
    let objects = [
        v.pdf.changed(FORM, "25 0 R]", "25 0 R 64 0 R]"),
        v.pdf.changed(PAGE, "26 0 R]", "26 0 R 64 0 R]"),
        (64, field.to_owned()),
        (65, stamp(kind)),
    ];
    stamped_with(v, &objects)
}

pub(super) fn all() -> Vec<Attack> {
    let mut all = vec![
        other("as-signed", SEEN, |v| v.pdf.bytes.clone()).on(&[
            "p256-table-approval",
            "p256-stream-approval",
            "p256-packed-certified1",
            "rsa-table-certified2",
            "rsa-packed-certified3",
            "p256-table-fieldmdp",
            "rsa-stream-locked",
        ]),
        update("evidence", SEEN, evidence).on(&[
            "p256-table-certified1",
            "rsa-packed-approval",
            "p256-table-locked",
        ]),
        update("evidence-by-signature", SEEN, |v| {
            let name = "0123456789ABCDEF0123456789ABCDEF01234567";
            let store =
                format!("/DSS << /VRI << /{name} << /Cert [61 0 R] /TU (D:20260601000000Z) >> >> >> /Lang");
            vec![
                v.pdf.changed(CATALOG, "/Lang", &store),
                (61, stream("", "a certificate")),
            ]
        }),
        other("document-timestamp", SEEN, |v| stamped(v, "/Type /DocTimeStamp")).on(&[
            "p256-table-certified1",
            "rsa-packed-approval",
            "p256-stream-certified3",
        ]),
        update("form-filled", "another amount, as the signer allowed", filled).on(&[
            "p256-table-approval",
            "rsa-packed-certified2",
            "p256-stream-certified3",
        ]),
        update("box-ticked", "a ticked box, as the signer allowed", |v| {
            vec![v.pdf.changed(AGREE, "/V /Off /AS /Off", "/V /Yes /AS /Yes")]
        })
        .on(&["p256-table-certified2", "rsa-packed-approval"]),
        update("choice-made", "another grade, as the signer allowed", |v| {
            vec![v.pdf.changed(GRADE, "/V (A)", "/V (B)").1]
                .into_iter()
                .map(|field| (GRADE, field.replace("/AP << /N 46 0 R >>", "")))
                .collect()
        })
        .on(&["p256-table-certified2"]),
        other(
            "second-signature",
            "a second signature where one was foreseen",
            |v| v.signed_again(&v.pki.other, &second_signature(v)),
        )
        .on(&[
            "p256-table-approval",
            "rsa-packed-certified2",
            "p256-stream-fieldmdp",
        ]),
        other("second-signature-unseen", SEEN, |v| {
            let objects = super::content::signature_field("0 0 0 0", v);
            v.signed_again(&v.pki.other, &objects)
        })
        .on(&["p256-table-certified2", "rsa-stream-approval"]),
        other("evidence-then-timestamp", SEEN, |v| {
            let pdf = v.pdf.clone().update(&evidence(v));
            let v = Victim {
                pdf,
                kind: v.kind,
                pki: v.pki,
            };
            stamped(&v, "/Type /DocTimeStamp")
        })
        .on(&["p256-table-certified1", "rsa-packed-approval"]),
        update("note", "a note beside the text, as the signer allowed", noted)
            .on(&["p256-table-certified3", "rsa-packed-certified3"]),
        update("producer", SEEN, |v| {
            vec![v.pdf.changed(
                INFORMATION,
                "(Certseal tests)",
                "(Another program) /ModDate (D:20260601000000Z)",
            )]
        })
        .on(&["p256-table-certified1", "rsa-packed-approval"]),
        update("extension", SEEN, |v| {
            vec![v.pdf.changed(
                CATALOG,
                "/Lang",
                "/Extensions << /ADBE << /BaseVersion /1.7 /ExtensionLevel 8 >> >> /Lang",
            )]
        }),
        update("numbers-written-anew", SEEN, |v| {
            vec![v.pdf.changed(PAGES, "[0 0 595 842]", "[0.0 0 595.00 842.]")]
        }),
        update("written-anew", SEEN, |v| {
            let same = |number: u32| (number, v.pdf.objects[&number].clone());
            vec![same(CATALOG), same(PAGE), same(CONTENT), same(COURIER)]
        }),
        update("stream-packed-otherwise", SEEN, |v| {
            let digits = hex::encode(v.pdf.stream(GLYPH_ONE).1);
            vec![(
                GLYPH_ONE,
                stream("/Filter /ASCIIHexDecode", &format!("{digits}>")),
            )]
        }),
        other("blank-lines-after-eof", SEEN, |v| {
            [&v.pdf.bytes[..], b"\r\n\n  \n"].concat()
        }),
        other("update-of-another-layout", SEEN, |v| {
            let mut pdf = v.pdf.clone();
            pdf.layout = match pdf.layout {
                Layout::Table => Layout::Stream,
                Layout::Stream | Layout::Packed => Layout::Table,
            };
            pdf.update(&evidence(v)).bytes
        })
        .on(&["p256-packed-certified1", "rsa-table-approval"]),
        made("timestamp-in-signature", |pki, signer, covered| {
            with_timestamp(pki, signer, covered)
        }),
        made("timestamp-of-another-signature", |pki, signer, covered| {
            // Fails that timestamp alone: whoever adds an unsigned attribute cannot fail the signature.
            with_foreign_timestamp(pki, signer, covered)
        }),
        made("longer-digest", |pki, signer, covered| {
            Cms::by(signer, pki, covered, Sha512)
        }),
        made("signing-time", |pki, signer, covered| {
            let mut cms = Cms::new(signer, pki, covered);
            cms.attributes
                .push(attribute(SIGNING_TIME, &tlv(0x17, &[b"260501120000Z"])));
            cms
        }),
        made("no-revocation-list", |pki, signer, covered| {
            let mut cms = Cms::new(signer, pki, covered);
            cms.crls.clear();
            cms
        }),
        made("chain-in-another-order", |pki, signer, covered| {
            let mut cms = Cms::new(signer, pki, covered);
            cms.certificates.reverse();
            cms
        }),
    ];
    all.extend(neighbours());
    all.extend(saved_by_programs());
    for attack in &mut all {
        if attack.kinds.is_empty() {
            attack.kinds = super::kinds(&["p256-table-approval", "rsa-packed-certified1"]);
        }
    }
    all
}

/// What programs write anew when they save a file, each in its own words.
fn saved_by_programs() -> Vec<Attack> {
    vec![
        other("field-whose-default-is-its-signature", SEEN, |v| {
            let mut objects = signature_field("0 0 0 0", v);
            objects[2].1 = objects[2].1.replace("/V 62 0 R", "/V 62 0 R /DV 62 0 R");
            objects[4].1 = stream("/Type /XObject /Subtype /Form /BBox [0 0 0 0]", "");
            v.signed_again(&v.pki.other, &objects)
        })
        .on(&["p256-table-approval", "rsa-packed-certified2"]),
        update("pane-stated-twice", SEEN, |v| {
            let second = v.pdf.changed(CATALOG, "/PageMode /UseNone ", "");
            vec![second, super::tail::producer(v, "")]
        })
        .prepared(|pdf| {
            let twice = "/PageMode /UseNone /Lang (en) /PageMode /UseOutlines";
            vec![pdf.changed(CATALOG, "/Lang (en)", twice)]
        }),
        update("colours-of-a-field", SEEN, |v| {
            vec![v.pdf.changed(
                AGREE,
                "[1.000000 1.000000 0.784314] /BC [0.0]",
                "[1 1 .784314] /BC [0]",
            )]
        })
        .prepared(|pdf| {
            let colours = "/F 4 /MK << /BG [1.000000 1.000000 0.784314] /BC [0.0] >>";
            vec![pdf.changed(AGREE, "/F 4", colours)]
        }),
        update(
            "box-ticked-and-its-colours",
            "a ticked box, as the signer allowed",
            |v| {
                let (number, field) = v.pdf.changed(AGREE, "/V /Off /AS /Off", "/V /Yes /AS /Yes");
                vec![(number, field.replace("[1.000000]", "[1]"))]
            },
        )
        .prepared(|pdf| {
            let ground = "/F 4 /MK << /BG [1.000000] /IF << /SW /A /A [0.5 0.5] >> >>";
            vec![pdf.changed(AGREE, "/F 4", ground)]
        })
        .on(&["p256-table-approval", "rsa-packed-certified2"]),
        update("opacity-as-integer", SEEN, |v| {
            vec![v.pdf.changed(RESOURCES, "/CA 1.0 /ca .400000", "/CA 1 /ca 0.4")]
        })
        .prepared(|pdf| {
            let state = "/ExtGState << /GS2 << /CA 1.0 /ca .400000 >>";
            vec![pdf.changed(RESOURCES, "/ExtGState <<", state)]
        }),
        update("box-of-a-page-rounded", SEEN, |v| {
            vec![
                v.pdf
                    .changed(PAGES, "595.303937007874 841.889763779528", "595.304 841.8898"),
            ]
        })
        .prepared(|pdf| vec![pdf.changed(PAGES, "595 842", "595.303937007874 841.889763779528")]),
        update("looks-as-they-are-stored", SEEN, |v| {
            vec![v.pdf.changed(FORM, "/NeedAppearances true", "")]
        })
        .prepared(|pdf| vec![pdf.changed(FORM, "/SigFlags 3", "/SigFlags 3 /NeedAppearances true")]),
    ]
}

/// What lies beside the attacks of the newest kinds.
fn neighbours() -> Vec<Attack> {
    let filled_by = |name, make| {
        update(name, "another amount, as the signer allowed", make)
            .on(&["p256-table-approval", "rsa-packed-certified2"])
    };
    vec![
        update("title", "another title of the window", |v| {
            vec![v.pdf.changed(INFORMATION, "(Loan)", "(Gift)")]
        })
        .on(&["p256-table-approval", "rsa-packed-certified2"]),
        update("title-of-words", SEEN, |v| {
            let words = "(The trailer of an obj, and startxref)";
            vec![v.pdf.changed(INFORMATION, "(Certseal tests)", words)]
        }),
        update("text-in-another-encoding", SEEN, |v| {
            vec![
                v.pdf.changed(CATALOG, "/Lang (en)", "/Lang <FEFF0065006E>"),
                v.pdf.changed(AMOUNT, "/T (Amount)", "/T <FEFF0041006D006F0075006E0074>"),
                v.pdf.changed(OUTLINE, "(Total)", "<FEFF0054006F00740061006C>"),
            ]
        }),
        update("evidence-renewed", SEEN, |v| {
            vec![
                v.pdf.changed(CATALOG, "/CRLs [51 0 R]", "/CRLs [61 0 R]"),
                (61, stream("", "a newer revocation list")),
            ]
        })
        .prepared(|pdf| {
            let store = "/DSS << /Type /DSS /Certs [50 0 R] /CRLs [51 0 R] >> /Lang";
            vec![
                pdf.changed(CATALOG, "/Lang", store),
                (50, stream("", "a certificate")),
                (51, stream("", "a revocation list")),
            ]
        }),
        update("fields-in-another-order", SEEN, |v| {
            vec![v.pdf.changed(FORM, "20 0 R 22 0 R", "22 0 R 20 0 R")]
        }),
        update("fonts-for-fields", SEEN, |v| {
            let fonts = "/Font << /Cour << /Type /Font /Subtype /Type1 /BaseFont /Courier >>";
            vec![v.pdf.changed(FORM, "/Font <<", fonts)]
        })
        .on(&["p256-table-approval", "rsa-packed-certified2"]),
        update("length-by-reference", SEEN, |v| {
            let length = v.pdf.stream(CONTENT).1.len();
            let content = v
                .pdf
                .changed(CONTENT, &format!("/Length {length}"), "/Length 60 0 R");
            vec![content, (60, length.to_string())]
        })
        .on(&["p256-table-approval", "rsa-stream-certified1"]),
        other(
            "signature-on-a-quarter",
            "a second signature over a part of the page",
            |v| v.signed_again(&v.pki.other, &super::content::signature_field("0 530 595 740", v)),
        )
        .on(&["p256-table-approval", "rsa-packed-approval"]),
        other("signature-of-nothing-seen", SEEN, |v| {
            let mut objects = super::content::signature_field("72 740 400 800", v);
            objects[4].1 = stream(
                "/Type /XObject /Subtype /Form /BBox [0 0 328 60]",
                "q % nothing\nQ",
            );
            v.signed_again(&v.pki.other, &objects)
        })
        .on(&["p256-table-approval", "rsa-packed-certified2"]),
        other(
            "signature-that-closes-a-field",
            "a second signature; the amount can no longer be filled in",
            |v| {
                let mut objects = second_signature(v);
                objects.push(v.pdf.changed(AMOUNT, "/F 4", "/Ff 1 /F 4"));
                v.signed_again(&v.pki.other, &objects)
            },
        )
        .on(&["p256-table-approval", "rsa-packed-certified2"]),
        filled_by("filled-with-kerning", |v| {
            looks::shown(v, "999", "BT /Helv 12 Tf 0 g 2 5 Td [(9) -20 (99)] TJ ET")
        }),
        filled_by("filled-in-a-frame", |v| {
            looks::shown(
                v,
                "999",
                "1 g 0 0 120 20 re f 0 G 1 w 0.5 0.5 119 19 re S /Tx BMC q 1 1 118 18 re W n BT /Helv 12 Tf 0 g 2 5 Td \
                 (999) Tj ET Q EMC",
            )
        })
        .prepared(|pdf| vec![pdf.changed(AMOUNT, "/F 4", "/F 4 /MK << /BG [1] /BC [0] >>")]),
        filled_by("filled-upside-down-on-such-a-page", |v| {
            looks::filled(
                v,
                "999",
                "/BBox [0 0 120 20] /Matrix [-1 0 0 -1 120 20] /Resources << /Font << /Helv 7 0 R >> >>",
                "BT /Helv 12 Tf 0 g 2 5 Td (999) Tj ET",
            )
        })
        .prepared(|pdf| {
            vec![
                pdf.changed(AMOUNT, "/F 4", "/F 4 /MK << /R 180 >>"),
                pdf.changed(PAGE, "/StructParents", "/Rotate 180 /StructParents"),
            ]
        }),
        filled_by("filled-by-index", |v| {
            let (number, field) = v.pdf.changed(GRADE, "/V (A)", "/V (B) /I [1]");
            vec![(number, field.replace("46 0 R", "61 0 R")), (61, look_of("Worst"))]
        }),
        filled_by("filled-on-two-lines", |v| {
            looks::shown(v, "9 99", "BT /Helv 8 Tf 0 g 9 TL 2 19 Td (9) ' (99) ' ET")
        }),
        filled_by("filled-with-two-lines", |v| {
            looks::shown(
                v,
                "9\\r99",
                "/Tx BMC q BT /Helv 8 Tf 0 g 2 11 Td (9) Tj 0 -9 Td (99) Tj ET Q EMC",
            )
        })
        .prepared(|pdf| vec![pdf.changed(AMOUNT, "/V (100)", "/Ff 4096 /V (100)")]),
        filled_by("filled-in-a-comb", |v| {
            looks::shown(
                v,
                "999",
                "/Tx BMC q BT /Helv 12 Tf 0 g 16.6 5 Td (9) Tj 40 0 Td (9) Tj 40 0 Td (9) Tj ET Q EMC",
            )
        })
        .prepared(|pdf| vec![pdf.changed(AMOUNT, "/V (100)", "/Ff 16777216 /MaxLen 3 /V (100)")]),
        other("document-timestamp-without-type", SEEN, |v| stamped(v, ""))
            .on(&["p256-table-approval", "rsa-packed-certified2"]),
        update(
            "four-notes",
            "four notes beside the text, as the signer allowed",
            |v| notes(v, 4),
        )
        .on(&["p256-table-certified3", "rsa-packed-certified3"]),
    ]
}
