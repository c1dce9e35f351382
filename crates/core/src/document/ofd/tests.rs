//! A small document of ours, what can be done to it, and other people's documents.

#![allow(clippy::unwrap_used)]
// Files are put together as text, and what stands in them is read back as it stands.
#![allow(clippy::float_cmp, clippy::format_collect, clippy::format_push_string)]

mod corpus;
mod coverage;
mod damage;
mod text;
mod xml;

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::{
    package::tests::{Archive, Part},
    *,
};
use crate::crypto::DigestAlgorithm;

/// A document as the files it is made of.
#[derive(Clone)]
struct Files(BTreeMap<String, Vec<u8>>);

const NS: &str = "xmlns:ofd=\"http://www.ofdspec.org/2016\"";

/// One page over a template, with a picture, an annotation, an attachment and custom tags.
fn plain() -> Files {
    let mut files = Files(BTreeMap::new());
    files.set(
        "OFD.xml",
        &format!(
            "<ofd:OFD {NS} Version=\"1.2\" DocType=\"OFD\"><ofd:DocBody><ofd:DocInfo>\
             <ofd:DocID>0123456789abcdef0123456789abcdef</ofd:DocID><ofd:Title>食品经营许可证</ofd:Title>\
             <ofd:CustomDatas><ofd:CustomData Name=\"ZZMC\">食品经营许可证</ofd:CustomData></ofd:CustomDatas>\
             </ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>"
        ),
    );
    files.set(
        "Doc_0/Document.xml",
        &format!(
            "<ofd:Document {NS}><ofd:CommonData><ofd:MaxUnitID>30</ofd:MaxUnitID><ofd:PageArea>\
             <ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea><ofd:PublicRes>PublicRes.xml</ofd:PublicRes>\
             <ofd:TemplatePage ID=\"2\" BaseLoc=\"Tpls/Tpl_0/Content.xml\"/></ofd:CommonData>\
             <ofd:Pages><ofd:Page ID=\"1\" BaseLoc=\"Pages/Page_0/Content.xml\"/></ofd:Pages>\
             <ofd:Annotations>Annots/Annotations.xml</ofd:Annotations>\
             <ofd:CustomTags>Tags/CustomTags.xml</ofd:CustomTags>\
             <ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments></ofd:Document>"
        ),
    );
    files.set(
        "Doc_0/PublicRes.xml",
        &format!(
            "<ofd:Res {NS} BaseLoc=\"Res\"><ofd:Fonts><ofd:Font ID=\"3\" FontName=\"宋体\"/></ofd:Fonts>\
             <ofd:MultiMedias><ofd:MultiMedia ID=\"5\" Type=\"Image\"><ofd:MediaFile>qr.png</ofd:MediaFile>\
             </ofd:MultiMedia></ofd:MultiMedias></ofd:Res>"
        ),
    );
    files.set("Doc_0/Res/qr.png", "\u{89}PNG");
    let page = |within: &str| format!("<ofd:Page {NS}>{within}</ofd:Page>");
    files.set(
        "Doc_0/Pages/Page_0/Content.xml",
        &page(
            "<ofd:Template TemplateID=\"2\"/><ofd:Content><ofd:Layer ID=\"6\">\
             <ofd:TextObject ID=\"7\" Boundary=\"20 30 50 6\" Font=\"3\" Size=\"5\">\
             <ofd:TextCode X=\"0\" Y=\"5\" DeltaX=\"g 2 5\">许可证</ofd:TextCode></ofd:TextObject>\
             <ofd:ImageObject ID=\"8\" Boundary=\"170 250 25 25\" CTM=\"25 0 0 25 0 0\" ResourceID=\"5\"/>\
             </ofd:Layer></ofd:Content>",
        ),
    );
    files.set(
        "Doc_0/Tpls/Tpl_0/Content.xml",
        &page(
            "<ofd:Content><ofd:Layer ID=\"9\"><ofd:PathObject ID=\"10\" Boundary=\"10 10 190 277\">\
             <ofd:AbbreviatedData>M 0 0 L 190 0</ofd:AbbreviatedData></ofd:PathObject></ofd:Layer></ofd:Content>",
        ),
    );
    files.set(
        "Doc_0/Annots/Annotations.xml",
        &format!(
            "<ofd:Annotations {NS}><ofd:Page PageID=\"1\"><ofd:FileLoc>Annot_0.xml</ofd:FileLoc></ofd:Page></ofd:Annotations>"
        ),
    );
    files.set(
        "Doc_0/Annots/Annot_0.xml",
        &format!(
            "<ofd:PageAnnot {NS}><ofd:Annot ID=\"11\" Type=\"Watermark\"><ofd:Appearance Boundary=\"50 60 100 20\">\
             <ofd:TextObject ID=\"12\" Boundary=\"1 2 50 10\" Font=\"3\" Size=\"8\">\
             <ofd:TextCode X=\"3\" Y=\"8\" DeltaX=\"8\">副本</ofd:TextCode></ofd:TextObject></ofd:Appearance></ofd:Annot></ofd:PageAnnot>"
        ),
    );
    files.set(
        "Doc_0/Attachs/Attachments.xml",
        &format!(
            "<ofd:Attachments {NS}><ofd:Attachment ID=\"a1\" Name=\"face.json\"><ofd:FileLoc>face.json</ofd:FileLoc></ofd:Attachment></ofd:Attachments>"
        ),
    );
    files.set("Doc_0/Attachs/face.json", "{}");
    files.set(
        "Doc_0/Tags/CustomTags.xml",
        &format!(
            "<ofd:CustomTags {NS}><ofd:CustomTag TypeID=\"cert\"><ofd:FileLoc>Tag.xml</ofd:FileLoc></ofd:CustomTag></ofd:CustomTags>"
        ),
    );
    files.set(
        "Doc_0/Tags/Tag.xml",
        &format!("<face {NS}><name><ofd:ObjectRef PageRef=\"1\">7</ofd:ObjectRef></name></face>"),
    );
    files
}

impl Files {
    fn set(&mut self, name: &str, content: &str) {
        self.0.insert(name.to_owned(), content.as_bytes().to_vec());
    }

    fn text(&self, name: &str) -> String {
        String::from_utf8(self.0[name].clone()).unwrap()
    }

    /// Replaces what must be there.
    fn replace(&mut self, name: &str, from: &str, to: &str) {
        let text = self.text(name);
        assert!(text.contains(from), "{from}");
        self.set(name, &text.replace(from, to));
    }

    fn pack(&self) -> Vec<u8> {
        let parts: Vec<Part> = self
            .0
            .iter()
            .map(|(name, content)| Part::new(name, content))
            .collect();
        Archive::of(&parts).bytes()
    }

    /// Adds a signature over these members. Its value is nonsense: nothing here looks at it.
    fn sign(&mut self, members: &[&str]) {
        if !self.text("OFD.xml").contains("Signatures.xml") {
            let list = "<ofd:Signatures>Doc_0/Signs/Signatures.xml</ofd:Signatures></ofd:DocBody>";
            self.replace("OFD.xml", "</ofd:DocBody>", list);
            self.set(
                "Doc_0/Signs/Signatures.xml",
                &format!("<ofd:Signatures {NS}></ofd:Signatures>"),
            );
        }
        let list = self.text("Doc_0/Signs/Signatures.xml");
        let number = list.matches("BaseLoc").count();
        let folder = format!("Doc_0/Signs/Sign_{number}");
        let entry = format!(
            "<ofd:Signature ID=\"s00{number}\" Type=\"Seal\" BaseLoc=\"Sign_{number}/Signature.xml\"/></ofd:Signatures>"
        );
        self.replace("Doc_0/Signs/Signatures.xml", "</ofd:Signatures>", &entry);
        self.set(&format!("{folder}/SignedValue.dat"), "value");
        self.set(&format!("{folder}/Seal.esl"), "seal");
        let mut references = String::new();
        for member in members {
            let digest = DigestAlgorithm::Sha256.digest(&self.0[*member]);
            let value = BASE64_STANDARD.encode(digest);
            references += &format!(
                "<ofd:Reference FileRef=\"/{member}\">\n<ofd:CheckValue>\n{value}\n</ofd:CheckValue></ofd:Reference>"
            );
        }
        self.set(
            &format!("{folder}/Signature.xml"),
            &format!(
                "<ofd:Signature {NS}><ofd:SignedInfo><ofd:Provider ProviderName=\"certseal\" Version=\"1\"/>\
                 <ofd:SignatureMethod>1.2.156.10197.1.501</ofd:SignatureMethod>\
                 <ofd:References CheckMethod=\"SHA256\">{references}</ofd:References>\
                 <ofd:StampAnnot ID=\"1\" PageRef=\"1\" Boundary=\"140 220 40 40\"/>\
                 <ofd:Seal><ofd:BaseLoc>Seal.esl</ofd:BaseLoc></ofd:Seal></ofd:SignedInfo>\
                 <ofd:SignedValue>SignedValue.dat</ofd:SignedValue></ofd:Signature>"
            ),
        );
    }

    /// Adds a signature over all there is, but the list of signatures.
    fn sign_all(&mut self) {
        // The entry of the first signature is part of what is signed.
        self.sign(&[]);
        let number = self.text("Doc_0/Signs/Signatures.xml").matches("BaseLoc").count() - 1;
        let own = format!("Sign_{number}/Sign");
        let names: Vec<String> = self.0.keys().cloned().collect();
        let members: Vec<&str> = names
            .iter()
            .map(String::as_str)
            .filter(|name| !name.contains(&own) && !name.ends_with("Signatures.xml"))
            .collect();
        let list = self.text("Doc_0/Signs/Signatures.xml");
        let shorter = list.replace(
            &format!(
                "<ofd:Signature ID=\"s00{number}\" Type=\"Seal\" BaseLoc=\"Sign_{number}/Signature.xml\"/>"
            ),
            "",
        );
        self.set("Doc_0/Signs/Signatures.xml", &shorter);
        self.sign(&members);
    }
}

/// Asks everything that can be asked.
fn ask_everything(bytes: &[u8]) -> Result<(), OfdError> {
    let opened = open(bytes)?;
    let reach = opened.reach()?;
    let mut table = DigestTable::new(opened.package(), sha256);
    for (number, document) in opened.documents().iter().enumerate() {
        for (index, signature) in document.signatures.iter().enumerate() {
            if let Ok(file) = &signature.file {
                let checked = table.check(file);
                reach.left_open_by((number, index), &checked.covered);
            }
        }
        opened.text(number)?;
        for tag in document.custom_tags.iter().flat_map(|list| &list.tags) {
            if let Some(member) = tag.file.as_ref().and_then(|file| file.member) {
                let _ = opened.tagged_objects(member);
            }
        }
    }
    let _ = opened.summary()?.to_string();
    Ok(())
}

fn sha256(method: CheckMethod, bytes: &[u8]) -> Option<Vec<u8>> {
    (method == CheckMethod::Sha256).then(|| DigestAlgorithm::Sha256.digest(bytes))
}

#[test]
fn a_document_is_read_back_whole() {
    let mut files = plain();
    files.sign_all();
    let bytes = files.pack();
    let opened = open(&bytes).unwrap();
    assert_eq!(*opened.deviations(), Deviations::default());
    let body = &opened.root().bodies[0];
    assert_eq!(body.info.title.as_deref(), Some("食品经营许可证"));
    assert_eq!(body.info.custom_datas[0].name, "ZZMC");
    let document = &opened.documents()[0];
    assert_eq!(document.document.pages.len(), 1);
    assert_eq!(document.document.templates[0].id, Some(2));
    assert_eq!(
        document.attachments.as_ref().unwrap().attachments[0]
            .name
            .as_deref(),
        Some("face.json")
    );
    let signature = &document.signatures[0];
    assert_eq!(signature.entry.kind, SignatureKind::Seal);
    let file = signature.file.as_ref().unwrap();
    assert_eq!(file.stamps[0].boundary.unwrap().x, 140.0);
    assert_eq!(file.provider.name.as_deref(), Some("certseal"));
    let tag = document.custom_tags.as_ref().unwrap().tags[0]
        .file
        .as_ref()
        .unwrap();
    let (leaves, _) = opened.tagged_objects(tag.member.unwrap()).unwrap();
    assert_eq!(
        (leaves[0].path.as_str(), leaves[0].object),
        ("face/name", Some(7))
    );

    let summary = opened.summary().unwrap();
    assert_eq!(
        summary.pages,
        [PageSummary {
            width: Some(210.0),
            height: Some(297.0)
        }]
    );
    let words = summary.to_string();
    for needed in [
        "食品经营许可证",
        "ZZMC = 食品经营许可证",
        "210 x 297 mm",
        "s000 电子印章",
    ] {
        assert!(words.contains(needed), "{words}");
    }
}

#[test]
fn what_is_encrypted_or_missing_is_said_to_be() {
    let mut files = plain();
    files.set(
        "Encryptions.xml",
        &format!(
            "<ofd:Encryptions {NS}><ofd:EncryptInfo ID=\"e1\"><ofd:EncryptScope>Doc_0</ofd:EncryptScope>\
             <ofd:DecryptSeedLoc>/seed.dat</ofd:DecryptSeedLoc></ofd:EncryptInfo></ofd:Encryptions>"
        ),
    );
    let bytes = files.pack();
    let opened = open(&bytes).unwrap();
    assert_eq!(opened.encryption()[0].scope.as_deref(), Some("Doc_0"));
    assert!(opened.summary().unwrap().encrypted);
    files.0.remove("Doc_0/Document.xml");
    assert_eq!(open(&files.pack()).unwrap_err(), OfdError::Encrypted);
    files.0.remove("Encryptions.xml");
    assert!(matches!(open(&files.pack()), Err(OfdError::Missing { .. })));

    // One that says it is signed and is not does not pass for one that never was.
    let mut files = plain();
    files.sign_all();
    files.0.remove("Doc_0/Signs/Signatures.xml");
    assert!(matches!(open(&files.pack()), Err(OfdError::Missing { .. })));
    let mut files = plain();
    files.sign_all();
    files.set("Doc_0/Signs/Sign_0/Signature.xml", "<Signature>");
    let bytes = files.pack();
    let opened = open(&bytes).unwrap();
    assert!(matches!(
        opened.documents()[0].signatures[0].file,
        Err(OfdError::Xml { .. })
    ));
}
