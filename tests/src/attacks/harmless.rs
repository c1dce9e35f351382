//! What looks like an attack and is none: later revisions that the signer allowed, and signatures that are
//! as good as others though made otherwise.

use certseal_core::crypto::DigestAlgorithm::{Sha256, Sha512};

use super::{
    Attack, Objects,
    content::{filled, noted, second_signature},
    pdf::{Layout, placeholder, stream},
    pki::{Cms, SIGNING_TIME, attribute, tlv},
    signed::{with_foreign_timestamp, with_timestamp},
    victim::{
        Victim,
        number::{AGREE, CATALOG, CONTENT, COURIER, FORM, GLYPH_ONE, GRADE, INFORMATION, PAGE, PAGES},
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

fn stamped(v: &Victim<'_>) -> Vec<u8> {
    let stamp = format!(
        "<< /Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161 {} >>",
        placeholder()
    );
    let objects = [
        v.pdf.changed(FORM, "25 0 R]", "25 0 R 64 0 R]"),
        v.pdf.changed(PAGE, "26 0 R]", "26 0 R 64 0 R]"),
        (
            64,
            "<< /Type /Annot /Subtype /Widget /FT /Sig /T (Time) /V 65 0 R /Rect [0 0 0 0] /P 3 0 R /F 132 >>".to_owned(),
        ),
        (65, stamp),
    ];
    let pki = v.pki;
    let pdf = v.pdf.clone();
    pdf.sign(&objects, |covered| Cms::token(pki, &Sha256.digest(covered)).der())
        .bytes
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
        other("document-timestamp", SEEN, stamped).on(&[
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
            stamped(&Victim {
                pdf,
                kind: v.kind,
                pki: v.pki,
            })
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
    for attack in &mut all {
        if attack.kinds.is_empty() {
            attack.kinds = super::kinds(&["p256-table-approval", "rsa-packed-certified1"]);
        }
    }
    all
}
