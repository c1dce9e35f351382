//! The documents under attack: a loan agreement with everything on it that can be swapped.

use super::{
    pdf::{Layout, Pdf, placeholder, stream},
    pki::{Cms, Identity, Pki},
};

/// Who may change what afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rights {
    /// Nothing is said.
    Unstated,
    /// Certified at a DocMDP level.
    Certified(u8),
    /// A FieldMDP reference locks `Amount`.
    FieldLocked,
    /// The field's own lock: all fields, and no change at all.
    AllLocked,
}

/// A kind of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) is_rsa: bool,
    pub(super) layout: Layout,
    pub(super) rights: Rights,
}

impl Kind {
    pub(super) fn name(self) -> String {
        let key = if self.is_rsa { "rsa" } else { "p256" };
        let layout = match self.layout {
            Layout::Table => "table",
            Layout::Stream => "stream",
            Layout::Packed => "packed",
        };
        let rights = match self.rights {
            Rights::Unstated => "approval".to_owned(),
            Rights::Certified(level) => format!("certified{level}"),
            Rights::FieldLocked => "fieldmdp".to_owned(),
            Rights::AllLocked => "locked".to_owned(),
        };
        format!("{key}-{layout}-{rights}")
    }
}

/// One signed document.
#[derive(Debug)]
pub(super) struct Victim<'p> {
    pub(super) pdf: Pdf,
    pub(super) kind: Kind,
    pub(super) pki: &'p Pki,
}

/// What the page says.
pub(super) const SAYS: &str = "Pay 100 to Alice";

/// Objects of the document by what they are.
pub(super) mod number {
    pub(in super::super) const CATALOG: u32 = 1;
    pub(in super::super) const PAGES: u32 = 2;
    pub(in super::super) const PAGE: u32 = 3;
    pub(in super::super) const CONTENT: u32 = 4;
    pub(in super::super) const FORM: u32 = 5;
    pub(in super::super) const GLYPHS: u32 = 6;
    pub(in super::super) const HELVETICA: u32 = 7;
    pub(in super::super) const COURIER: u32 = 8;
    pub(in super::super) const RESOURCES: u32 = 9;
    pub(in super::super) const IMAGE: u32 = 10;
    pub(in super::super) const OVERLAY: u32 = 11;
    pub(in super::super) const PROFILE: u32 = 12;
    pub(in super::super) const TO_UNICODE: u32 = 13;
    pub(in super::super) const ENCODING: u32 = 14;
    pub(in super::super) const STATE: u32 = 16;
    pub(in super::super) const LAYER: u32 = 17;
    pub(in super::super) const PREPARED: u32 = 19;
    pub(in super::super) const SEAL: u32 = 20;
    pub(in super::super) const SIGNATURE: u32 = 21;
    pub(in super::super) const AMOUNT: u32 = 22;
    pub(in super::super) const AGREE: u32 = 23;
    pub(in super::super) const GRADE: u32 = 24;
    pub(in super::super) const SECOND: u32 = 25;
    pub(in super::super) const LINK: u32 = 26;
    pub(in super::super) const AMOUNT_LOOK: u32 = 27;
    pub(in super::super) const SEAL_LOOK: u32 = 29;
    pub(in super::super) const ATTACHMENT: u32 = 31;
    pub(in super::super) const OUTLINE: u32 = 33;
    pub(in super::super) const METADATA: u32 = 34;
    pub(in super::super) const INFORMATION: u32 = 35;
    pub(in super::super) const ELEMENT: u32 = 37;
    pub(in super::super) const GLYPH_ONE: u32 = 38;
    pub(in super::super) const CID_FONT: u32 = 42;
    pub(in super::super) const CMAP: u32 = 43;
    pub(in super::super) const COLOR_SPACE: u32 = 44;
    /// The first that is free for whoever comes later; writers' own streams begin behind those.
    pub(in super::super) const FREE: u32 = 60;
    pub(in super::super) const OF_WRITERS: u32 = 100;
}

fn look(content: &str) -> String {
    stream(
        "/Type /XObject /Subtype /Form /BBox [0 0 120 20] /Resources << /Font << /Helv 7 0 R >> >>",
        content,
    )
}

/// What a text field looks like that shows a text.
pub(super) fn look_of(text: &str) -> String {
    look(&format!(
        "/Tx BMC q BT /Helv 12 Tf 0 g 2 5 Td ({text}) Tj ET Q EMC"
    ))
}

/// Entries of a signature dictionary, its references put in.
pub(super) fn signature(name: &str, references: &str) -> String {
    format!(
        "<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached {} /M (D:20260501120000Z) \
         /Name ({name}) /Reason (Agreement of loan) {references} >>",
        placeholder()
    )
}

/// A reference to a DocMDP level.
pub(super) fn doc_mdp(level: u8) -> String {
    format!(
        "/Reference [<< /Type /SigRef /TransformMethod /DocMDP /TransformParams << /Type /TransformParams /P \
         {level} /V /1.2 >> >>]"
    )
}

const FIELD_MDP: &str = "/Reference [<< /Type /SigRef /TransformMethod /FieldMDP /TransformParams << /Type \
    /TransformParams /Action /Include /Fields [(Amount)] /V /1.2 >> >>]";

const LOCKED_MDP: &str = "/Reference [<< /Type /SigRef /TransformMethod /FieldMDP /TransformParams << /Type \
    /TransformParams /Action /All /P 1 /V /1.2 >> >>]";

fn base(kind: Kind) -> Pdf {
    let (perms, lock) = match kind.rights {
        Rights::Certified(_) => ("/Perms << /DocMDP 21 0 R >>", ""),
        Rights::AllLocked => ("", "/Lock << /Type /SigFieldLock /Action /All /P 1 >>"),
        Rights::FieldLocked => (
            "",
            "/Lock << /Type /SigFieldLock /Action /Include /Fields [(Amount)] >>",
        ),
        Rights::Unstated => ("", ""),
    };
    let catalog = format!(
        "<< /Type /Catalog /Pages 2 0 R /AcroForm 5 0 R /Names << /EmbeddedFiles << /Names [(terms.txt) 30 0 R] \
         >> >> /Dests << /Total [3 0 R /Fit] >> /OCProperties << /OCGs [17 0 R] /D << /ON [17 0 R] /Order [17 0 \
         R] >> >> /Outlines 32 0 R /Metadata 34 0 R /StructTreeRoot 36 0 R /MarkInfo << /Marked true >> /Lang \
         (en) /PageLabels << /Nums [0 << /S /D >>] >> /ViewerPreferences << /DisplayDocTitle true >> {perms} >>"
    );
    let page = "<< /Type /Page /Parent 2 0 R /Contents 4 0 R /StructParents 0 /Annots [20 0 R 22 0 R 23 0 R 24 0 \
                R 25 0 R 26 0 R] >>";
    let content = format!(
        "/P << /MCID 0 >> BDC BT /F2 18 Tf 72 760 Td ({SAYS}) Tj ET EMC\n\
         BT /F1 18 Tf 72 720 Td (1) Tj ET BT /F3 18 Tf 72 690 Td <0001> Tj ET\n\
         q 60 0 0 60 400 700 cm /Im1 Do Q /Fm1 Do /GS1 gs /CS1 cs 0.5 sc 72 600 90 9 re f\n\
         /OC /OC1 BDC BT /F2 12 Tf 72 640 Td (within ten years) Tj ET EMC"
    );
    let field = |number: u32, kind: &str, name: &str, rect: &str, more: &str| {
        let body = format!(
            "<< /Type /Annot /Subtype /Widget /FT /{kind} /T ({name}) /Rect [{rect}] /P 3 0 R /F 4 {more} >>"
        );
        (number, body)
    };
    let plain = |number: u32, body: &str| (number, body.to_owned());
    let objects = vec![
        (1, catalog),
        plain(
            2,
            "<< /Type /Pages /Kids [3 0 R 15 0 R] /Count 2 /MediaBox [0 0 595 842] /Resources 9 0 R >>",
        ),
        plain(3, page),
        (4, stream("", &content)),
        plain(
            5,
            "<< /Fields [20 0 R 22 0 R 23 0 R 24 0 R 25 0 R] /SigFlags 3 /DA (/Helv 12 Tf 0 g) /DR << /Font << \
             /Helv 7 0 R >> >> >>",
        ),
        plain(
            6,
            "<< /Type /Font /Subtype /Type3 /FontBBox [0 0 9 9] /FontMatrix [0.1 0 0 0.1 0 0] /FirstChar 49 \
             /LastChar 49 /Widths [9] /Encoding << /Differences [49 /one] >> /CharProcs << /one 38 0 R /nine 39 \
             0 R >> /Resources << >> >>",
        ),
        plain(
            7,
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        ),
        plain(
            8,
            "<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding 14 0 R /ToUnicode 13 0 R >>",
        ),
        plain(
            9,
            "<< /Font << /F1 6 0 R /F2 8 0 R /F3 41 0 R >> /XObject << /Im1 10 0 R /Fm1 11 0 R >> /ColorSpace << \
             /CS1 44 0 R >> /ExtGState << /GS1 16 0 R >> /Properties << /OC1 17 0 R >> >>",
        ),
        (
            10,
            stream(
                "/Type /XObject /Subtype /Image /Width 2 /Height 2 /ColorSpace /DeviceGray /BitsPerComponent 8",
                "0AZ~",
            ),
        ),
        (11, look("0.9 g 0 0 1 1 re f")),
        (12, stream("/N 1 /Alternate /DeviceGray", "a profile of grey")),
        (
            13,
            stream(
                "",
                "1 begincodespacerange <00> <ff> endcodespacerange 1 beginbfchar <31> <0031> endbfchar",
            ),
        ),
        plain(14, "<< /Type /Encoding /BaseEncoding /WinAnsiEncoding >>"),
        plain(15, "<< /Type /Page /Parent 2 0 R /Contents 18 0 R >>"),
        plain(16, "<< /Type /ExtGState /ca 1 >>"),
        plain(17, "<< /Type /OCG /Name (Term) >>"),
        (18, stream("", "BT /F2 12 Tf 72 760 Td (Second page) Tj ET")),
        (
            19,
            stream("", "BT /F2 18 Tf 72 760 Td (Pay 999 to Mallory) Tj ET"),
        ),
        field(
            20,
            "Sig",
            "Seal",
            "400 100 520 160",
            &format!("/V 21 0 R /AP << /N 29 0 R >> {lock}"),
        ),
        field(
            22,
            "Tx",
            "Amount",
            "72 500 192 520",
            "/V (100) /DA (/Helv 12 Tf 0 g) /AP << /N 27 0 R >>",
        ),
        field(
            23,
            "Btn",
            "Agree",
            "72 470 92 490",
            "/V /Off /AS /Off /AP << /N << /Yes 28 0 R /Off 45 0 R >> >>",
        ),
        field(
            24,
            "Ch",
            "Grade",
            "72 440 192 460",
            "/Ff 131072 /V (A) /DA (/Helv 12 Tf 0 g) /Opt [[(A) (Best)] [(B) (Worst)]] /AP << /N 46 0 R >>",
        ),
        field(25, "Sig", "Second", "400 200 520 260", ""),
        plain(
            26,
            "<< /Type /Annot /Subtype /Link /Rect [72 400 172 420] /Border [0 0 1] /A << /S /URI /URI \
             (https://bank.example/) >> >>",
        ),
        (27, look_of("100")),
        (28, look("0 0 m 9 9 l S")),
        (29, look("0.8 g 0 0 120 20 re f")),
        plain(
            30,
            "<< /Type /Filespec /F (terms.txt) /UF (terms.txt) /EF << /F 31 0 R >> >>",
        ),
        (31, stream("/Type /EmbeddedFile", "No interest.")),
        plain(32, "<< /Type /Outlines /First 33 0 R /Last 33 0 R /Count 1 >>"),
        plain(33, "<< /Title (Total) /Parent 32 0 R /Dest [3 0 R /Fit] >>"),
        (
            34,
            stream(
                "/Type /Metadata /Subtype /XML",
                "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description \
                 rdf:about=\"\"/></rdf:RDF>",
            ),
        ),
        plain(35, "<< /Title (Loan) /Producer (Certseal tests) >>"),
        plain(
            36,
            "<< /Type /StructTreeRoot /K 37 0 R /ParentTree << /Nums [0 [37 0 R]] >> >>",
        ),
        plain(
            37,
            "<< /Type /StructElem /S /P /P 36 0 R /Pg 3 0 R /K 0 /ActualText (Pay 100 to Alice) >>",
        ),
        (38, stream("", "9 0 d0 4 0 1 9 re f")),
        (39, stream("", "9 0 d0 0 4 9 5 re f 7 0 2 4 re f")),
        plain(
            41,
            "<< /Type /Font /Subtype /Type0 /BaseFont /Some /Encoding 43 0 R /DescendantFonts [42 0 R] >>",
        ),
        plain(
            42,
            "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Some /CIDSystemInfo << /Registry (Adobe) /Ordering \
             (Identity) /Supplement 0 >> /CIDToGIDMap /Identity /W [1 [500]] /FontDescriptor << /Type \
             /FontDescriptor /FontName /Some /Flags 4 /FontBBox [0 0 9 9] /ItalicAngle 0 /Ascent 9 /Descent 0 \
             /CapHeight 9 /StemV 1 >> >>",
        ),
        (
            43,
            stream(
                "/Type /CMap /CMapName /Own /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement \
                 0 >>",
                "1 begincidchar <0001> 1 endcidchar",
            ),
        ),
        plain(44, "[/ICCBased 12 0 R]"),
        (45, look("")),
        (46, look_of("Best")),
        // The numbers in between are left for whoever comes later.
        plain(number::OF_WRITERS - 1, "null"),
    ];
    let trailer = "/Root 1 0 R /Info 35 0 R /ID [<00112233445566778899aabbccddeeff> \
                   <00112233445566778899aabbccddeeff>]";
    let pdf = Pdf::new(kind.layout, trailer);
    pdf.update(&objects)
}

/// The agreement before anybody signs it, in each layout.
pub(super) fn unsigned() -> Vec<(&'static str, Vec<u8>)> {
    let layouts = [
        ("table", Layout::Table),
        ("stream", Layout::Stream),
        ("packed", Layout::Packed),
    ];
    let made = layouts.map(|(name, layout)| {
        let pdf = base(Kind {
            is_rsa: false,
            layout,
            rights: Rights::Unstated,
        });
        let field = pdf.changed(number::SEAL, "/V 21 0 R ", "");
        (name, pdf.update(&[field]).bytes)
    });
    made.to_vec()
}

impl<'p> Victim<'p> {
    /// The document with a signature made otherwise.
    pub(super) fn signed_by(
        kind: Kind,
        pki: &'p Pki,
        cms: impl FnOnce(&Identity, &[u8]) -> Vec<u8>,
    ) -> Victim<'p> {
        Victim::prepared(kind, pki, |_| Vec::new(), cms)
    }

    /// The document with objects changed before it is signed.
    pub(super) fn prepared(
        kind: Kind,
        pki: &'p Pki,
        objects: super::Prepared,
        cms: impl FnOnce(&Identity, &[u8]) -> Vec<u8>,
    ) -> Victim<'p> {
        let signer = if kind.is_rsa { &pki.signer_rsa } else { &pki.signer };
        let references = match kind.rights {
            Rights::Unstated => String::new(),
            Rights::Certified(level) => doc_mdp(level),
            Rights::FieldLocked => FIELD_MDP.to_owned(),
            Rights::AllLocked => LOCKED_MDP.to_owned(),
        };
        let base = base(kind);
        let mut signed = objects(&base);
        signed.push((number::SIGNATURE, signature("Bank", &references)));
        let pdf = base.sign(&signed, |covered| cms(signer, covered));
        Victim { pdf, kind, pki }
    }

    /// The file after an update.
    pub(super) fn updated(&self, objects: &[(u32, String)]) -> Vec<u8> {
        self.pdf.clone().update(objects).bytes
    }

    /// The file after an update in which somebody signs in a field.
    pub(super) fn signed_again(&self, signer: &Identity, objects: &[(u32, String)]) -> Vec<u8> {
        let pki = self.pki;
        let pdf = self.pdf.clone();
        pdf.sign(objects, |covered| Cms::new(signer, pki, covered).der())
            .bytes
    }
}
