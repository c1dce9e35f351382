//! Attacks by updates in good syntax: something that readers see, read, print or run is another thing.

use std::fmt::Write as _;

use super::{
    Attack, Objects,
    pdf::{placeholder, stream},
    victim::{
        SAYS, Victim, doc_mdp, look_of,
        number::{
            AGREE, AMOUNT, AMOUNT_LOOK, ATTACHMENT, CATALOG, CID_FONT, CMAP, COLOR_SPACE, CONTENT, COURIER,
            ELEMENT, ENCODING, FORM, GLYPH_ONE, GLYPHS, GRADE, HELVETICA, IMAGE, INFORMATION, LAYER, LINK,
            METADATA, OUTLINE, OVERLAY, PAGE, PAGES, PREPARED, PROFILE, RESOURCES, SEAL, SEAL_LOOK, SECOND,
            SIGNATURE, STATE, TO_UNICODE,
        },
        signature,
    },
};

/// Documents of each layout, key and right in turn, so that every attack meets several.
const ANY: [&[&str]; 3] = [
    &["p256-table-approval", "p256-packed-certified2"],
    &["rsa-stream-approval", "p256-table-certified3"],
    &["p256-packed-approval", "rsa-table-certified1"],
];

fn swap(
    class: &'static str,
    published: &'static str,
    name: &'static str,
    (seen, change): (&'static str, &'static str),
    make: Objects,
) -> Attack {
    Attack::by_update(class, published, name, seen, make).change(change)
}

const SHADOW: &str = "Mainka et al. 2021, shadow attacks";
const CERTIFIED: &str = "Rohlmann et al. 2021, certified documents";
const SPOOFING: &str = "dictionary spoofing";
const LAYERS: &str = "optional content";
const ACTIONS: &str = "Müller et al. 2021, Processing Dangerous Paths";

fn pages_and_resources() -> Vec<Attack> {
    vec![
        swap(
            "shadow",
            SHADOW,
            "hide-overlay-freed",
            ("what the overlay hid", "change-resources"),
            |v| vec![v.pdf.rewritten(OVERLAY, "0.9 g 0 0 1 1 re f", "")],
        ),
        swap(
            "shadow",
            SHADOW,
            "replace-overlay",
            ("another payee over the text", "change-resources"),
            |v| {
                vec![
                    v.pdf
                        .rewritten(OVERLAY, "0.9 g 0 0 1 1 re f", "1 g 0 0 90 90 re f BT (999) Tj ET"),
                ]
            },
        ),
        swap(
            "shadow",
            SHADOW,
            "hide-and-replace",
            ("the page that was prepared before signing", "change-page-content"),
            |v| vec![v.pdf.changed(PAGE, "/Contents 4 0 R", "/Contents 19 0 R")],
        ),
        swap(
            "shadow",
            SHADOW,
            "prepared-object-overwritten",
            (
                "nothing yet: what nothing shows is made ready",
                "change-object-overwritten",
            ),
            |v| vec![v.pdf.rewritten(PREPARED, "Mallory", "Peter")],
        ),
        swap(
            "fonts",
            SHADOW,
            "font-object",
            ("other letters for the same codes", "change-font"),
            |v| vec![v.pdf.changed(COURIER, "/BaseFont /Courier", "/BaseFont /Symbol")],
        ),
        swap(
            "fonts",
            SHADOW,
            "glyph-program",
            ("a 9 for a 1", "change-font"),
            |v| {
                vec![
                    v.pdf
                        .rewritten(GLYPH_ONE, "4 0 1 9 re f", "0 4 9 5 re f 7 0 2 4 re f"),
                ]
            },
        ),
        swap(
            "fonts",
            SHADOW,
            "char-procs",
            ("a 9 for a 1", "change-font"),
            |v| vec![v.pdf.changed(GLYPHS, "/one 38 0 R", "/one 39 0 R")],
        ),
        swap(
            "fonts",
            "encoding swap",
            "differences",
            ("a 9 for a 1", "change-font"),
            |v| vec![v.pdf.changed(GLYPHS, "[49 /one]", "[49 /nine]")],
        ),
        swap(
            "fonts",
            "encoding swap",
            "encoding-object",
            ("other letters for the same codes", "change-font"),
            |v| vec![v.pdf.changed(ENCODING, ">>", "/Differences [49 /nine] >>")],
        ),
        swap(
            "fonts",
            "ToUnicode swap",
            "to-unicode",
            (
                "the page as signed; another text copied or read aloud",
                "change-font",
            ),
            |v| vec![v.pdf.rewritten(TO_UNICODE, "<0031>", "<0039>")],
        ),
        swap(
            "fonts",
            "CMap swap",
            "cmap",
            ("other letters for the same codes", "change-font"),
            |v| vec![v.pdf.rewritten(CMAP, "<0001> 1", "<0001> 9")],
        ),
        swap(
            "fonts",
            "glyph map swap",
            "cid-to-gid",
            ("other letters for the same codes", "change-font"),
            |v| {
                vec![
                    v.pdf
                        .changed(CID_FONT, "/CIDToGIDMap /Identity", "/CIDToGIDMap 61 0 R"),
                    (61, stream("", "\u{0}\u{9}\u{0}\u{9}")),
                ]
            },
        ),
        swap(
            "fonts",
            "widths swap",
            "widths",
            ("letters that cover each other", "change-font"),
            |v| vec![v.pdf.changed(CID_FONT, "/W [1 [500]]", "/W [1 [0]]")],
        ),
        swap(
            "fonts",
            "program swap",
            "font-file-added",
            ("other letters for the same codes", "change-font"),
            |v| {
                vec![
                v.pdf.changed(
                    COURIER,
                    "/BaseFont /Courier",
                    "/BaseFont /Courier /FontDescriptor << /Type /FontDescriptor /FontName /Courier /Flags 4 \
                     /FontFile 61 0 R >>",
                ),
                (61, stream("", "a program")),
            ]
            },
        ),
        swap(
            "resources",
            "image swap",
            "image-data",
            ("another picture", "change-resources"),
            |v| vec![v.pdf.rewritten(IMAGE, "0AZ~", "~ZA0")],
        ),
        swap(
            "resources",
            "image swap",
            "image-mask",
            ("a picture with holes", "change-resources"),
            |v| vec![v.pdf.changed(IMAGE, "/Width 2", "/SMask 11 0 R /Width 2")],
        ),
        swap(
            "resources",
            "image swap",
            "image-decode",
            ("the picture's negative", "change-resources"),
            |v| vec![v.pdf.changed(IMAGE, "/Width 2", "/Decode [1 0] /Width 2")],
        ),
        swap(
            "resources",
            "ICC swap",
            "icc-profile",
            ("black for white", "change-resources"),
            |v| vec![v.pdf.rewritten(PROFILE, "a profile of grey", "another profile..")],
        ),
        swap(
            "resources",
            "colour swap",
            "colour-space",
            ("black for white", "change-resources"),
            |v| {
                vec![v.pdf.changed(
                    COLOR_SPACE,
                    "[/ICCBased 12 0 R]",
                    "[/Indexed /DeviceGray 1 <ff00>]",
                )]
            },
        ),
        swap(
            "resources",
            "graphics state",
            "opacity",
            ("text that cannot be seen", "change-resources"),
            |v| vec![v.pdf.changed(STATE, "/ca 1", "/ca 0")],
        ),
        swap(
            "resources",
            "resource swap",
            "name-to-another-form",
            ("another form", "change-resources"),
            |v| vec![v.pdf.changed(RESOURCES, "/Fm1 11 0 R", "/Fm1 46 0 R")],
        ),
        swap(
            "resources",
            "resource swap",
            "own-resources-on-page",
            ("other fonts for the same codes", "change-resources"),
            |v| {
                vec![v.pdf.changed(
                    PAGE,
                    "/Contents",
                    "/Resources << /Font << /F2 7 0 R >> >> /Contents",
                )]
            },
        ),
        swap(
            "pages",
            "page tree",
            "pages-swapped",
            ("pages in another order", "change-page-tree"),
            |v| vec![v.pdf.changed(PAGES, "[3 0 R 15 0 R]", "[15 0 R 3 0 R]")],
        ),
        swap(
            "pages",
            "page tree",
            "page-added",
            ("one more page", "change-page-tree"),
            |v| {
                vec![
                    v.pdf
                        .changed(PAGES, "15 0 R] /Count 2", "15 0 R 61 0 R] /Count 3"),
                    (61, "<< /Type /Page /Parent 2 0 R /Contents 19 0 R >>".to_owned()),
                ]
            },
        ),
        swap(
            "pages",
            "page tree",
            "page-removed",
            ("one page less", "change-page-tree"),
            |v| {
                vec![
                    v.pdf
                        .changed(PAGES, "[3 0 R 15 0 R] /Count 2", "[3 0 R] /Count 1"),
                ]
            },
        ),
        swap(
            "pages",
            "page tree",
            "page-twice",
            ("the first page again for the second", "change-page-tree"),
            |v| vec![v.pdf.changed(PAGES, "[3 0 R 15 0 R]", "[3 0 R 3 0 R]")],
        ),
        swap(
            "pages",
            "inherited attributes",
            "media-box-of-parent",
            ("a part of the page", "change-page-properties"),
            |v| vec![v.pdf.changed(PAGES, "[0 0 595 842]", "[0 0 595 700]")],
        ),
        swap(
            "pages",
            "inherited attributes",
            "crop-box-of-parent",
            ("a part of the page", "change-page-properties"),
            |v| {
                vec![
                    v.pdf
                        .changed(PAGES, "/Count 2", "/CropBox [0 0 595 700] /Count 2"),
                ]
            },
        ),
        swap(
            "pages",
            "inherited attributes",
            "rotate-of-parent",
            ("pages upside down", "change-page-properties"),
            |v| vec![v.pdf.changed(PAGES, "/Count 2", "/Rotate 180 /Count 2")],
        ),
        swap(
            "pages",
            "inherited attributes",
            "resources-of-parent",
            ("other fonts for the same codes", "change-resources"),
            |v| {
                vec![v.pdf.changed(
                    PAGES,
                    "/Resources 9 0 R",
                    "/Resources << /Font << /F2 7 0 R >> >>",
                )]
            },
        ),
        swap(
            "pages",
            "page attributes",
            "media-box-of-page",
            ("a part of the page", "change-page-properties"),
            |v| {
                vec![
                    v.pdf
                        .changed(PAGE, "/Contents", "/MediaBox [0 0 595 700] /Contents"),
                ]
            },
        ),
        swap(
            "pages",
            "page attributes",
            "user-unit",
            ("a page ten times as large", "change-page-properties"),
            |v| vec![v.pdf.changed(PAGE, "/Contents", "/UserUnit 10 /Contents")],
        ),
        swap(
            "pages",
            "page attributes",
            "content-appended",
            ("more text on the page", "change-page-content"),
            |v| vec![v.pdf.changed(PAGE, "/Contents 4 0 R", "/Contents [4 0 R 19 0 R]")],
        ),
        swap(
            "pages",
            "catalogue swap",
            "pages-root",
            ("other pages", "change-page-tree"),
            |v| {
                vec![
                    v.pdf.changed(CATALOG, "/Pages 2 0 R", "/Pages 61 0 R"),
                    (61, "<< /Type /Pages /Kids [62 0 R] /Count 1 >>".to_owned()),
                    (
                        62,
                        "<< /Type /Page /Parent 61 0 R /MediaBox [0 0 595 842] /Contents 19 0 R >>"
                            .to_owned(),
                    ),
                ]
            },
        ),
        swap(
            LAYERS,
            LAYERS,
            "layer-off",
            ("a page without its condition", "change-optional-content"),
            |v| {
                vec![
                    v.pdf
                        .changed(CATALOG, "/D << /ON [17 0 R]", "/D << /OFF [17 0 R]"),
                ]
            },
        ),
        swap(
            LAYERS,
            LAYERS,
            "layer-not-printed",
            ("a condition that is not printed", "change-optional-content"),
            |v| {
                vec![v.pdf.changed(
                    LAYER,
                    "/Name (Term)",
                    "/Name (Term) /Usage << /Print << /PrintState /OFF >> >>",
                )]
            },
        ),
    ]
}

fn document() -> Vec<Attack> {
    vec![
        swap(
            "actions",
            ACTIONS,
            "open-action-script",
            ("a script that runs on opening", "change-action"),
            |v| {
                vec![v.pdf.changed(
                    CATALOG,
                    "/Lang",
                    "/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >> /Lang",
                )]
            },
        ),
        swap(
            "actions",
            ACTIONS,
            "document-actions",
            ("a script that runs on printing", "change-action"),
            |v| {
                vec![v.pdf.changed(
                    CATALOG,
                    "/Lang",
                    "/AA << /WP << /S /JavaScript /JS (1) >> >> /Lang",
                )]
            },
        ),
        swap(
            "actions",
            ACTIONS,
            "page-actions",
            ("a script that runs on a page", "change-action"),
            |v| {
                vec![v.pdf.changed(
                    PAGE,
                    "/Contents",
                    "/AA << /O << /S /JavaScript /JS (1) >> >> /Contents",
                )]
            },
        ),
        swap(
            "actions",
            ACTIONS,
            "script-by-name",
            ("a script that runs on opening", "change-names"),
            |v| {
                vec![v.pdf.changed(
                    CATALOG,
                    "/Names << ",
                    "/Names << /JavaScript << /Names [(a) << /S /JavaScript /JS (1) >>] >> ",
                )]
            },
        ),
        swap(
            "actions",
            ACTIONS,
            "link-target",
            ("a link to another bank", "change-action"),
            |v| vec![v.pdf.changed(LINK, "bank.example", "evil.example")],
        ),
        swap(
            "actions",
            ACTIONS,
            "field-action",
            ("a script that runs on a field", "change-action"),
            |v| {
                vec![v.pdf.changed(
                    AMOUNT,
                    "/V (100)",
                    "/V (100) /AA << /K << /S /JavaScript /JS (1) >> >>",
                )]
            },
        ),
        swap(
            "names",
            "destination swap",
            "destination",
            ("a link to another page", "change-names"),
            |v| {
                vec![
                    v.pdf
                        .changed(CATALOG, "/Total [3 0 R /Fit]", "/Total [15 0 R /Fit]"),
                ]
            },
        ),
        swap(
            "names",
            "destination swap",
            "outline",
            ("a bookmark to another page", "change-catalog"),
            |v| {
                vec![
                    v.pdf
                        .changed(OUTLINE, "/Dest [3 0 R /Fit]", "/Dest [15 0 R /Fit]"),
                ]
            },
        ),
        swap(
            "names",
            "destination swap",
            "outline-title",
            ("another bookmark", "change-catalog"),
            |v| vec![v.pdf.changed(OUTLINE, "(Total)", "(Total of 999)")],
        ),
        swap(
            "names",
            "attachment swap",
            "attachment-data",
            ("other terms attached", "change-names"),
            |v| vec![v.pdf.rewritten(ATTACHMENT, "No interest.", "30 percent a day.")],
        ),
        swap(
            "names",
            "attachment swap",
            "attachment-added",
            ("one more attachment", "change-names"),
            |v| {
                vec![v.pdf.changed(
                    CATALOG,
                    "[(terms.txt) 30 0 R]",
                    "[(more.txt) 30 0 R (terms.txt) 30 0 R]",
                )]
            },
        ),
        swap(
            "names",
            "attachment swap",
            "associated-file",
            ("other data for programs", "change-names"),
            |v| vec![v.pdf.changed(CATALOG, "/Lang", "/AF [30 0 R] /Lang")],
        ),
        swap(
            "catalogue",
            "structure swap",
            "actual-text",
            ("the page as signed; another text read aloud", "change-structure"),
            |v| vec![v.pdf.changed(ELEMENT, "Pay 100 to Alice", "Pay 999 to Peter")],
        ),
        swap(
            "catalogue",
            "structure swap",
            "alternate-text",
            ("the page as signed; another text read aloud", "change-structure"),
            |v| vec![v.pdf.changed(ELEMENT, "/K 0", "/K 0 /Alt (Pay 999)")],
        ),
        swap(
            "catalogue",
            "viewer preferences",
            "direction",
            ("pages in another order", "change-catalog"),
            |v| {
                vec![
                    v.pdf
                        .changed(CATALOG, "<< /DisplayDocTitle true >>", "<< /Direction /R2L >>"),
                ]
            },
        ),
        swap(
            "catalogue",
            "page labels",
            "labels",
            ("other page numbers", "change-catalog"),
            |v| vec![v.pdf.changed(CATALOG, "<< /S /D >>", "<< /S /D /St 9 >>")],
        ),
        swap(
            "catalogue",
            "portfolio",
            "collection",
            ("an attachment instead of the document", "change-catalog"),
            |v| {
                vec![v.pdf.changed(
                    CATALOG,
                    "/Lang",
                    "/Collection << /View /D /D (terms.txt) >> /Lang",
                )]
            },
        ),
        swap(
            "catalogue",
            "metadata",
            "metadata-with-entities",
            ("what another XML parser fetches", "change-metadata-unsafe"),
            |v| {
                vec![v.pdf.rewritten(
                    METADATA,
                    "<rdf:RDF",
                    "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><rdf:RDF",
                )]
            },
        ),
        swap(
            "catalogue",
            "metadata",
            "title-of-certified",
            ("another title", "change-metadata"),
            |v| vec![v.pdf.changed(INFORMATION, "(Loan)", "(Gift)")],
        )
        .on(&["rsa-table-certified1"]),
        swap(
            "evidence",
            "DSS abuse",
            "evidence-is-a-page",
            (
                "nothing: the store leads into the page",
                "change-evidence-changed",
            ),
            |v| vec![v.pdf.changed(CATALOG, "/Lang", "/DSS << /Certs [3 0 R] >> /Lang")],
        ),
        swap(
            "evidence",
            "DSS abuse",
            "evidence-with-action",
            ("nothing: the store holds more", "change-evidence-changed"),
            |v| {
                vec![v.pdf.changed(
                    CATALOG,
                    "/Lang",
                    "/DSS << /Certs [] /AA << /S /JavaScript /JS (1) >> >> /Lang",
                )]
            },
        ),
        swap(
            "evidence",
            "VRI abuse",
            "vri-with-content",
            ("nothing: the store holds more", "change-evidence-changed"),
            |v| {
                vec![v.pdf.changed(
                    CATALOG,
                    "/Lang",
                    "/DSS << /VRI << /AA << /Contents 19 0 R >> >> >> /Lang",
                )]
            },
        ),
        swap(
            "evidence",
            "DSS abuse",
            "evidence-over-content",
            (
                "another payee: the store took the page's number",
                "change-page-content",
            ),
            |v| {
                vec![
                    v.pdf.changed(CATALOG, "/Lang", "/DSS << /Certs [4 0 R] >> /Lang"),
                    v.pdf.rewritten(CONTENT, SAYS, "Pay 999 to Peter"),
                ]
            },
        ),
    ]
}

fn forms() -> Vec<Attack> {
    vec![
        swap(
            "appearance",
            SHADOW,
            "text-look",
            ("999 in a field of value 100", "change-appearance-without-value"),
            |_| vec![(AMOUNT_LOOK, look_of("999"))],
        ),
        swap(
            "appearance",
            SHADOW,
            "text-look-replaced",
            ("999 in a field of value 100", "change-appearance-without-value"),
            |v| {
                vec![
                    v.pdf
                        .changed(AMOUNT, "/AP << /N 27 0 R >>", "/AP << /N 61 0 R >>"),
                    (61, look_of("999")),
                ]
            },
        ),
        swap(
            "appearance",
            SHADOW,
            "box-state",
            ("a ticked box of value Off", "change-appearance-without-value"),
            |v| vec![v.pdf.changed(AGREE, "/AS /Off", "/AS /Yes")],
        ),
        swap(
            "appearance",
            SHADOW,
            "box-looks-swapped",
            ("a ticked box of value Off", "change-appearance-without-value"),
            |v| {
                vec![
                    v.pdf
                        .changed(AGREE, "/Yes 28 0 R /Off 45 0 R", "/Yes 45 0 R /Off 28 0 R"),
                ]
            },
        ),
        swap(
            "appearance",
            SHADOW,
            "choice-labels",
            ("worst for best", "change-field-changed"),
            |v| vec![v.pdf.changed(GRADE, "[(A) (Best)]", "[(A) (Worst)]")],
        ),
        swap(
            "appearance",
            SHADOW,
            "signature-look",
            ("another seal", "change-appearance-without-value"),
            |v| vec![v.pdf.rewritten(SEAL_LOOK, "0.8 g", "1 0 0 rg")],
        ),
        swap(
            "appearance",
            SHADOW,
            "signature-moved",
            ("the seal in another place", "change-field-changed"),
            |v| vec![v.pdf.changed(SEAL, "[400 100 520 160]", "[0 0 595 842]")],
        ),
        swap(
            "appearance",
            SHADOW,
            "font-of-forms",
            ("other letters in all fields", "change-font"),
            |v| vec![v.pdf.changed(HELVETICA, "/Helvetica", "/Symbol")],
        ),
        swap(
            "form",
            "form technology",
            "need-appearances",
            ("fields as each viewer draws them", "change-form"),
            |v| {
                vec![
                    v.pdf
                        .changed(FORM, "/SigFlags 3", "/SigFlags 3 /NeedAppearances true"),
                ]
            },
        )
        .code("CHANGES_UNCLEAR")
        .undecided(),
        swap(
            "form",
            "form technology",
            "xfa",
            ("another form in viewers that know XFA", "change-form"),
            |v| {
                vec![
                    v.pdf.changed(FORM, "/SigFlags 3", "/SigFlags 3 /XFA 61 0 R"),
                    (61, stream("", "<xdp/>")),
                ]
            },
        ),
        swap(
            "form",
            "form technology",
            "default-look",
            ("other letters in all fields", "change-form"),
            |v| vec![v.pdf.changed(FORM, "(/Helv 12 Tf 0 g)", "(/Helv 0.1 Tf 1 g)")],
        ),
        swap(
            "form",
            "form technology",
            "calculation-order",
            ("another sum", "change-form"),
            |v| vec![v.pdf.changed(FORM, "/SigFlags 3", "/SigFlags 3 /CO [22 0 R]")],
        ),
        swap(
            "form",
            "form technology",
            "signature-flags-cleared",
            ("a form that says it is not signed", "change-form"),
            |v| vec![v.pdf.changed(FORM, "/SigFlags 3", "/SigFlags 0")],
        ),
        swap(
            "form",
            "field swap",
            "field-hidden",
            ("a form without its amount", "change-field-changed"),
            |v| vec![v.pdf.changed(AMOUNT, "/F 4", "/F 2")],
        ),
        swap(
            "form",
            "field swap",
            "field-moved",
            ("the amount in another place", "change-field-changed"),
            |v| vec![v.pdf.changed(AMOUNT, "[72 500 192 520]", "[72 100 192 120]")],
        ),
        swap(
            "form",
            "field swap",
            "field-renamed",
            (
                "the page as signed; another name for programs",
                "change-field-changed",
            ),
            |v| vec![v.pdf.changed(AMOUNT, "/T (Amount)", "/T (Fee)")],
        ),
        swap(
            "form",
            "field swap",
            "field-removed",
            ("a form without its amount", "change-field-removed"),
            |v| vec![v.pdf.changed(FORM, "22 0 R ", "")],
        ),
        swap(
            "form",
            "field swap",
            "text-field-added",
            ("one more field over the text", "change-field-added"),
            |v| {
                vec![
                v.pdf.changed(FORM, "25 0 R]", "25 0 R 61 0 R]"),
                v.pdf.changed(PAGE, "26 0 R]", "26 0 R 61 0 R]"),
                (
                    61,
                    "<< /Type /Annot /Subtype /Widget /FT /Tx /T (Extra) /V (999) /Rect [72 755 300 780] /P 3 0 R \
                     /F 4 /AP << /N 62 0 R >> >>"
                        .to_owned(),
                ),
                (62, look_of("999")),
            ]
            },
        ),
        swap(
            "form",
            "form technology",
            "need-appearances-and-fill",
            ("fields as each viewer draws them", "change-form"),
            |v| {
                let mut objects = filled(v);
                objects.push(
                    v.pdf
                        .changed(FORM, "/SigFlags 3", "/SigFlags 3 /NeedAppearances true"),
                );
                objects
            },
        )
        .code("CHANGES_UNCLEAR")
        .undecided()
        .on(&["p256-table-approval", "rsa-packed-certified2"]),
        swap(
            "form",
            "form technology",
            "filled-in-white",
            ("an empty field of value 999", ""),
            |v| {
                let (number, field) = v.pdf.changed(
                    AMOUNT,
                    "/V (100) /DA (/Helv 12 Tf 0 g)",
                    "/V (999) /DA (/Helv 12 Tf 1 g)",
                );
                vec![(number, field.replace("/AP << /N 27 0 R >>", ""))]
            },
        )
        .code("CHANGES_UNCLEAR")
        .undecided()
        .on(&["p256-table-approval", "rsa-packed-certified2"]),
        swap(
            "appearance",
            SHADOW,
            "value-unlike-look",
            ("100 in a field of value 999", "change-appearance-unlike-value"),
            |v| vec![v.pdf.changed(AMOUNT, "/V (100)", "/V (999)")],
        )
        .code("CHANGES_UNCLEAR")
        .undecided()
        .on(&["p256-table-approval", "rsa-packed-certified2"]),
        swap(
            "form",
            "field swap",
            "value-by-number",
            ("a field whose value is no text", "change-field-changed"),
            |v| vec![v.pdf.changed(AMOUNT, "/V (100)", "/V 999")],
        )
        .on(&["p256-table-approval"]),
    ]
}

fn rights() -> Vec<Attack> {
    vec![
        swap(
            "certified",
            CERTIFIED,
            "evil-free-text",
            ("text over the page", "change-annotation-over-face"),
            |v| annotated(v, "FreeText", "72 755 300 780", "/DA (/Helv 18 Tf)"),
        )
        .on(&["p256-table-certified3", "rsa-packed-certified2"]),
        swap(
            "certified",
            CERTIFIED,
            "evil-stamp",
            ("a stamp over the page", "change-annotation-over-face"),
            |v| annotated(v, "Stamp", "72 755 300 780", ""),
        )
        .on(&["p256-stream-certified3", "rsa-table-certified1"]),
        swap(
            "certified",
            CERTIFIED,
            "evil-redaction",
            ("white over the page", "change-annotation-over-face"),
            |v| annotated(v, "Redact", "72 755 300 780", "/IC [1 1 1]"),
        )
        .on(&["p256-packed-certified3"]),
        swap(
            "certified",
            CERTIFIED,
            "evil-ink",
            ("drawing over the page", "change-annotation-over-face"),
            |v| annotated(v, "Ink", "72 755 300 780", "/InkList [[72 755 300 780]]"),
        )
        .on(&["p256-table-certified3"]),
        swap(
            "certified",
            CERTIFIED,
            "evil-square",
            ("a filled box over the page", "change-annotation-over-face"),
            |v| annotated(v, "Square", "72 755 300 780", "/IC [1 1 1]"),
        )
        .on(&["p256-table-certified3"]),
        swap(
            "certified",
            CERTIFIED,
            "evil-highlight",
            ("bars over the page", "change-annotation-over-face"),
            |v| {
                annotated(
                    v,
                    "Highlight",
                    "72 755 300 780",
                    "/QuadPoints [72 780 300 780 72 755 300 755] /C [0 0 0]",
                )
            },
        )
        .on(&["p256-table-certified3"]),
        swap(
            "certified",
            CERTIFIED,
            "evil-large-note",
            ("an icon as large as the page", "change-annotation-over-face"),
            |v| annotated(v, "Text", "0 0 595 842", ""),
        )
        .on(&["p256-table-certified3"]),
        swap(
            "certified",
            CERTIFIED,
            "evil-note-that-acts",
            (
                "a note that opens a page elsewhere",
                "change-annotation-over-face",
            ),
            |v| {
                annotated(
                    v,
                    "Text",
                    "500 800 520 820",
                    "/A << /S /URI /URI (https://evil.example/) >>",
                )
            },
        )
        .on(&["p256-table-certified3"]),
        swap(
            "certified",
            CERTIFIED,
            "evil-attachment",
            ("one more attachment", "change-annotation-over-face"),
            |v| annotated(v, "FileAttachment", "500 800 520 820", "/FS 30 0 R"),
        )
        .on(&["p256-table-certified3"]),
        swap(
            "certified",
            CERTIFIED,
            "seven-notes",
            ("as many icons as hide a line of the text", ""),
            |v| notes(v, 7),
        )
        .code("CHANGES_UNCLEAR")
        .undecided()
        .on(&["p256-table-certified3", "rsa-packed-certified3"]),
        swap(
            "certified",
            CERTIFIED,
            "note-on-level-2",
            ("a note that the signer forbade", "change-annotation"),
            noted,
        )
        .on(&["p256-table-certified2", "rsa-stream-certified1"]),
        swap(
            "certified",
            CERTIFIED,
            "link-removed",
            ("a page without its link", "change-annotation-removed"),
            |v| vec![v.pdf.changed(PAGE, " 26 0 R]", "]")],
        )
        .on(&["p256-table-certified3"]),
        swap(
            "certified",
            CERTIFIED,
            "link-moved",
            ("a link in another place", "change-annotation-changed"),
            |v| vec![v.pdf.changed(LINK, "[72 400 172 420]", "[0 0 595 842]")],
        )
        .on(&["p256-table-certified3"]),
        swap(
            "certified",
            CERTIFIED,
            "fill-on-level-1",
            ("a form filled in that the signer closed", "change-field-filled"),
            filled,
        )
        .on(&["p256-table-certified1", "rsa-packed-certified1"]),
        signing(
            "sneaky-signature",
            (
                "a signature over the text of a certified page",
                "change-signature-over-face",
            ),
            |v| v.signed_again(&v.pki.mallory, &signature_field("72 740 400 800", v)),
        )
        .on(&["p256-table-certified2", "rsa-stream-certified3"]),
        signing(
            "sneaky-signature-over-all",
            (
                "a signature over a quarter of the page",
                "change-signature-over-face",
            ),
            |v| v.signed_again(&v.pki.mallory, &signature_field("0 0 595 842", v)),
        )
        .on(&["p256-table-approval"]),
        swap(
            "signatures",
            CERTIFIED,
            "empty-field-with-look",
            (
                "another payee: the look of a field that nobody signed",
                "change-signature-over-face",
            ),
            |v| {
                let objects = signature_field("72 755 300 780", v);
                let unsigned = |(number, body): (u32, String)| (number, body.replace("/V 62 0 R ", ""));
                objects
                    .into_iter()
                    .filter(|(number, _)| *number != 62)
                    .map(unsigned)
                    .collect()
            },
        )
        .code("CHANGES_UNCLEAR")
        .undecided()
        .on(&["p256-table-approval", "rsa-packed-approval"]),
        swap(
            "signatures",
            CERTIFIED,
            "empty-field-on-certified",
            (
                "another payee: the look of a field that nobody signed",
                "change-signature-over-face",
            ),
            |v| {
                let objects = signature_field("72 755 300 780", v);
                let unsigned = |(number, body): (u32, String)| (number, body.replace("/V 62 0 R ", ""));
                objects
                    .into_iter()
                    .filter(|(number, _)| *number != 62)
                    .map(unsigned)
                    .collect()
            },
        )
        .on(&["p256-table-certified2", "rsa-packed-certified3"]),
        signing(
            "signature-on-level-1",
            (
                "a second signature that the signer forbade",
                "change-signature-added",
            ),
            |v| v.signed_again(&v.pki.other, &second_signature(v)),
        )
        .on(&["p256-table-certified1", "rsa-packed-certified1"]),
        signing(
            "signature-on-locked",
            (
                "a second signature that the first one's field forbade",
                "change-signature-added",
            ),
            |v| v.signed_again(&v.pki.other, &second_signature(v)),
        )
        .on(&["p256-table-locked"]),
        swap(
            "locks",
            "FieldMDP",
            "locked-field-filled",
            ("999 in a field that the signer locked", "change-locked-field"),
            filled,
        )
        .on(&["p256-table-fieldmdp", "rsa-packed-fieldmdp", "p256-stream-locked"]),
        swap(
            "locks",
            "FieldMDP",
            "lock-removed",
            (
                "the page as signed; a field without its lock",
                "change-field-changed",
            ),
            |v| {
                vec![v.pdf.changed(
                    SEAL,
                    "/Lock << /Type /SigFieldLock /Action /Include /Fields [(Amount)] >>",
                    "",
                )]
            },
        )
        .on(&["p256-table-fieldmdp"]),
        swap(
            "rights",
            "DocMDP removed",
            "permissions-removed",
            ("the page as signed, no longer certified", "change-permissions"),
            |v| vec![v.pdf.changed(CATALOG, "/Perms << /DocMDP 21 0 R >>", "")],
        )
        .on(&["p256-table-certified1", "rsa-packed-certified2"]),
        swap(
            "rights",
            "DocMDP raised",
            "permissions-to-another",
            ("the page as signed, certified by another", "change-permissions"),
            |v| {
                vec![
                    v.pdf.changed(CATALOG, "/DocMDP 21 0 R", "/DocMDP 61 0 R"),
                    (61, signature("Peter", &doc_mdp(3)).replace(&placeholder(), "")),
                ]
            },
        )
        .on(&["p256-table-certified1"]),
        swap(
            "rights",
            "usage rights",
            "usage-rights-added",
            ("the page as signed, with other rights", "change-permissions"),
            |v| {
                vec![
                    v.pdf
                        .changed(CATALOG, "/DocMDP 21 0 R", "/DocMDP 21 0 R /UR3 19 0 R"),
                ]
            },
        )
        .on(&["p256-table-certified2"]),
        replaced_dictionary(
            "level-raised",
            "DocMDP raised",
            "the page as signed, open to notes",
            |v| dictionary(v, "/P 1", "/P 3"),
        )
        .on(&["p256-table-certified1"]),
        replaced_dictionary("reason", SPOOFING, "another reason", |v| {
            dictionary(v, "(Agreement of loan)", "(Read, not agreed!)")
        })
        .on(&["p256-table-approval", "rsa-stream-certified2"]),
        replaced_dictionary("name", SPOOFING, "another signer's name", |v| {
            dictionary(v, "/Name (Bank)", "/Name (Pope)")
        })
        .on(&["p256-table-approval"]),
        replaced_dictionary("date", SPOOFING, "another date", |v| {
            dictionary(v, "D:20260501", "D:20200501")
        })
        .on(&["p256-table-approval"]),
        swap(
            "signatures",
            "signature removal",
            "signature-emptied",
            ("the page as signed, unsigned", ""),
            |v| vec![v.pdf.changed(SEAL, "/V 21 0 R", "")],
        )
        .code("SIGNATURE_REMOVED")
        .undecided()
        .on(&["p256-table-approval"]),
        signing(
            "signature-removed-and-signed-again",
            ("another's signature in the place of the bank's", ""),
            |v| {
                let mut objects = vec![v.pdf.changed(SEAL, "/V 21 0 R", "/V 61 0 R")];
                objects.push((61, signature("Bank", "")));
                v.signed_again(&v.pki.mallory, &objects)
            },
        )
        .code("SIGNATURE_REMOVED")
        .undecided()
        .on(&["p256-table-approval"]),
        swap(
            "signatures",
            "signature recycling",
            "first-signature-in-second-field",
            ("two signatures where one was made", "change-signature-recycled"),
            |v| vec![v.pdf.changed(SECOND, "/F 4", "/F 4 /V 21 0 R")],
        )
        .on(&["p256-table-approval", "p256-packed-certified2"]),
    ]
}

fn annotated(v: &Victim<'_>, kind: &str, rect: &str, more: &str) -> Vec<(u32, String)> {
    let look = stream(
        "/Type /XObject /Subtype /Form /BBox [0 0 228 25] /Resources << /Font << /Helv 7 0 R >> >>",
        "1 g 0 0 228 25 re f 0 g BT /Helv 18 Tf (Pay 999 to Peter) Tj ET",
    );
    let note = format!(
        "<< /Type /Annot /Subtype /{kind} /Rect [{rect}] /P 3 0 R /F 4 /Contents (999) /AP << /N 62 0 R >> {more} >>"
    );
    vec![
        v.pdf.changed(PAGE, "26 0 R]", "26 0 R 61 0 R]"),
        (61, note),
        (62, look),
    ]
}

/// A note as viewers draw it.
pub(super) fn noted(v: &Victim<'_>) -> Vec<(u32, String)> {
    notes(v, 1)
}

/// As many of them, one below the other.
pub(super) fn notes(v: &Victim<'_>, count: u32) -> Vec<(u32, String)> {
    let (mut listed, mut objects) = (String::from("26 0 R"), Vec::new());
    for at in 0..count {
        let (number, low, high) = (61 + at, 800 - 30 * at, 820 - 30 * at);
        let _ = write!(listed, " {number} 0 R");
        let note = format!(
            "<< /Type /Annot /Subtype /Text /Rect [560 {low} 580 {high}] /P 3 0 R /F 4 /Contents (read) /Name /Note \
             /T (Clerk) >>"
        );
        objects.push((number, note));
    }
    objects.push(v.pdf.changed(PAGE, "26 0 R]", &format!("{listed}]")));
    objects
}

/// The amount filled in as programs do it.
pub(super) fn filled(v: &Victim<'_>) -> Vec<(u32, String)> {
    let (number, field) = v.pdf.changed(AMOUNT, "/V (100)", "/V (999)");
    vec![(number, field.replace("27 0 R", "61 0 R")), (61, look_of("999"))]
}

/// A new field with a signature, visible in a rectangle.
pub(super) fn signature_field(rect: &str, v: &Victim<'_>) -> Vec<(u32, String)> {
    let field = format!(
        "<< /Type /Annot /Subtype /Widget /FT /Sig /T (New) /V 62 0 R /Rect [{rect}] /P 3 0 R /F 132 /AP << /N 63 0 \
         R >> >>"
    );
    let look = stream(
        "/Type /XObject /Subtype /Form /BBox [0 0 120 20]",
        "1 g 0 0 120 20 re f",
    );
    vec![
        v.pdf.changed(FORM, "25 0 R]", "25 0 R 61 0 R]"),
        v.pdf.changed(PAGE, "26 0 R]", "26 0 R 61 0 R]"),
        (61, field),
        (62, signature("Peter", "")),
        (63, look),
    ]
}

/// A signature in the field that was left for it.
pub(super) fn second_signature(v: &Victim<'_>) -> Vec<(u32, String)> {
    vec![
        v.pdf
            .changed(SECOND, "/F 4", "/F 132 /V 61 0 R /AP << /N 62 0 R >>"),
        (61, signature("Peter", "")),
        (
            62,
            stream(
                "/Type /XObject /Subtype /Form /BBox [0 0 120 20]",
                "0 g 0 0 120 20 re S",
            ),
        ),
    ]
}

fn signing(name: &'static str, (seen, change): (&'static str, &'static str), make: super::Bytes) -> Attack {
    Attack::new(
        "signatures",
        CERTIFIED,
        name,
        seen,
        "MODIFIED_AFTER_SIGNING",
        make,
    )
    .change(change)
}

/// The signature dictionary of the file, written anew with a part of it changed.
fn dictionary(v: &Victim<'_>, from: &str, to: &str) -> Vec<u8> {
    let at = v.pdf.place_of(SIGNATURE);
    let rest = &v.pdf.bytes[at..];
    let end = super::pdf::find(rest, b"endobj").expect("an object");
    let text = String::from_utf8_lossy(&rest[..end]).into_owned();
    let body = text.trim_start_matches("21 0 obj\n").trim_end();
    assert!(body.contains(from), "no {from}");
    let mut pdf = v.pdf.clone();
    // Its places remain those of the signed one.
    let entries = {
        let place = pdf.bytes.len();
        let body = body.replacen(from, to, 1);
        pdf.bytes.extend(format!("21 0 obj\n{body}\nendobj\n").as_bytes());
        [(SIGNATURE, (1, place, 0))].into()
    };
    pdf.finish(&entries);
    pdf.bytes
}

fn replaced_dictionary(
    name: &'static str,
    published: &'static str,
    seen: &'static str,
    make: super::Bytes,
) -> Attack {
    Attack::new("signatures", published, name, seen, "BYTE_RANGE_DEFECT", make)
}

pub(super) fn all() -> Vec<Attack> {
    let groups = [pages_and_resources(), document(), forms(), rights()];
    let mut all: Vec<Attack> = groups.into_iter().flatten().collect();
    for (at, attack) in all.iter_mut().enumerate() {
        if attack.kinds.is_empty() {
            attack.kinds = super::kinds(ANY[at % ANY.len()]);
        }
    }
    all
}
