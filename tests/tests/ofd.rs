//! Our OFD documents judged by others: easyofd opens them, OpenSSL verifies what is signed.

#![allow(clippy::unwrap_used, missing_docs)]

use std::{fs, path::Path, process::Command, sync::OnceLock};

use certseal_core::{
    document::ofd::{self, open},
    seal::ses::WrittenVersion,
    sign::ses::SesSignature,
};
use certseal_tests::{
    documents::{found, judged},
    easyofd, judge_is_here,
    ofd::{Both, add_national_keys, both},
};
use serde_json::Value;
use tempfile::{Builder, TempDir};

/// One type of each layout, and faces of their own.
const TYPES: [&str; 6] = [
    "food-business-permit",
    "teacher-qualification-certificate",
    "business-licence-individual",
    "construction-permit",
    "senior-citizen-card",
    "birth-certificate",
];

struct Office {
    folder: TempDir,
    made: Vec<Both>,
}

/// One installation and its certificates for the whole suite.
fn office() -> &'static Office {
    static OFFICE: OnceLock<Office> = OnceLock::new();
    OFFICE.get_or_init(|| {
        let folder = found("419901", "河南省示例市示例区");
        let home = folder.path().join("home");
        add_national_keys(&home);
        let made: Vec<Both> = TYPES
            .iter()
            .enumerate()
            .map(|(index, of)| {
                let version = if index % 2 == 0 {
                    WrittenVersion::V4
                } else {
                    WrittenVersion::V5
                };
                both(&home, of, version)
            })
            .collect();
        for (of, made) in TYPES.iter().zip(&made) {
            fs::write(folder.path().join(format!("{of}.ofd")), &made.ofd.bytes).unwrap();
        }
        Office { folder, made }
    })
}

#[test]
fn both_documents_of_a_certificate_carry_the_same_data() {
    for made in &office().made {
        let opened = open(&made.ofd.bytes).unwrap();
        let deviations: Vec<_> = opened.deviations().iter().collect();
        assert!(deviations.is_empty(), "{deviations:?}");
        let attached = opened.documents()[0].attachments.as_ref().unwrap();
        let json = opened
            .package()
            .read(attached.attachments[0].file.member.unwrap())
            .unwrap();
        let of_pdf = certseal_core::document::pdf::open(&made.pdf.bytes).unwrap();
        let attached = of_pdf.attachments().unwrap();
        assert_eq!(of_pdf.read_attachment(&attached[0]).unwrap(), json);
    }
}

/// What easyofd finds in files, as JSON: pages, their text, fonts that ReportLab takes, seals with their picture.
///
/// easyofd cuts the path of the folder it runs in at its first dot, unpacks there, and deletes what is there: `/tmp` for
/// `/tmp/.tmpA1`. It must not run where there is one.
const READ: &str = r#"
import base64, contextlib, io, json, os, sys, warnings
if "." in os.getcwd():
    sys.exit("easyofd would delete " + os.getcwd().split(".")[0])
warnings.simplefilter("ignore")
from loguru import logger
logger.remove()
from PIL import Image
from reportlab.pdfbase.ttfonts import TTFontFile
from easyofd.parser_ofd.ofd_parser import OFDParser
from easyofd.draw.find_seal_img import SealExtract

said = []
for name in sys.argv[1:]:
    with contextlib.redirect_stdout(io.StringIO()):
        document, = OFDParser(base64.b64encode(open(name, "rb").read()).decode())()
        seals = [
            {"place": stamp["Boundary"], "pictures": [image.size for image in SealExtract()(b64=stamp["SignedValue"])]}
            for stamps in document["signatures_page_id"].values() for stamp in stamps
        ]
        fonts = [
            TTFontFile(io.BytesIO(base64.b64decode(font["font_b64"]))).name.decode()
            for font in document["fonts"].values()
        ]
        pictures = [
            Image.open(io.BytesIO(base64.b64decode(picture["imgb64"]))).size
            for picture in document["images"].values()
        ]
    pages = [[text["text"] for text in page["text_list"]] for page in document["page_info"].values()]
    said.append({"pages": pages, "fonts": fonts, "pictures": pictures, "seals": seals})
print(json.dumps(said))
"#;

#[test]
fn easyofd_finds_pages_text_fonts_pictures_and_the_seal() {
    let easyofd = easyofd();
    if !judge_is_here(easyofd.to_str().unwrap()) {
        return;
    }
    let office = office();
    let script = office.folder.path().join("read.py");
    fs::write(&script, READ).unwrap();
    let undotted = Builder::new().prefix("easyofd").tempdir().unwrap();
    let mut command = Command::new(&easyofd);
    command.current_dir(undotted.path()).arg(&script);
    command.args(TYPES.map(|of| office.folder.path().join(format!("{of}.ofd"))));
    let said = judged(&mut command);
    // What libraries remark stands beside it.
    let said = said.lines().find(|line| line.starts_with("[{")).unwrap();
    let said: Value = serde_json::from_str(said).unwrap();
    for ((of, made), said) in TYPES.iter().zip(&office.made).zip(said.as_array().unwrap()) {
        let opened = open(&made.ofd.bytes).unwrap();
        let text = opened.text(0).unwrap().unwrap();
        let mut ours: Vec<&str> = text.runs.iter().map(|run| run.text.as_str()).collect();
        let mut theirs: Vec<&str> = said["pages"][0]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        ours.sort_unstable();
        theirs.sort_unstable();
        assert_eq!(theirs, ours, "{of}");
        assert_eq!(said["pages"].as_array().unwrap().len(), 1);
        let resources = &opened.documents()[0].resources;
        let fonts: usize = resources.iter().map(|resources| resources.fonts.len()).sum();
        assert!(fonts > 1);
        assert_eq!(said["fonts"].as_array().unwrap().len(), fonts, "{of}");
        assert!(!said["pictures"].as_array().unwrap().is_empty(), "{of}");
        let seals = said["seals"].as_array().unwrap();
        assert_eq!(seals.len(), 1, "{of}");
        assert_eq!(seals[0]["pictures"].as_array().unwrap().len(), 1, "{of}");
    }
}

#[test]
fn openssl_verifies_seal_stamp_and_chain() {
    if !judge_is_here("openssl") {
        return;
    }
    let office = office();
    let pki = office.folder.path().join("home/pki");
    let made = &office.made[0].ofd.bytes;
    let opened = open(made).unwrap();
    let file = opened.documents()[0].signatures[0].file.as_ref().unwrap();
    let value = opened.package().read(file.signed_value.member.unwrap()).unwrap();
    let signature = SesSignature::parse(value).unwrap();
    let seal = signature.seal();
    let folder = office.folder.path();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, bytes).unwrap();
        path
    };

    // TBS_Sign is the first element of the signature, SES_SealInfo that of the seal.
    for (name, whole, value, certificate) in [
        (
            "stamp",
            value,
            signature.signature_value(),
            signature.signer_certificate(),
        ),
        (
            "seal",
            seal.bytes(),
            seal.signature_value(),
            seal.maker_certificate(),
        ),
    ] {
        let signed = write(&format!("{name}.tbs"), first_element(whole));
        let value = write(&format!("{name}.sig"), value);
        let certificate = write(&format!("{name}.cer"), certificate);
        let key = folder.join(format!("{name}.pem"));
        let key_text = judged(
            Command::new("openssl")
                .args(["x509", "-inform", "DER", "-noout", "-pubkey", "-in"])
                .arg(&certificate),
        );
        fs::write(&key, key_text).unwrap();
        let verify = |signed: &Path| {
            Command::new("openssl")
                .args(["pkeyutl", "-verify", "-rawin", "-digest", "sm3"])
                .args(["-pkeyopt", "distid:1234567812345678", "-pubin", "-inkey"])
                .arg(&key)
                .arg("-in")
                .arg(signed)
                .arg("-sigfile")
                .arg(&value)
                .output()
                .unwrap()
                .status
                .success()
        };
        assert!(verify(&signed), "{name}");
        let mut other = first_element(whole).to_vec();
        *other.last_mut().unwrap() ^= 1;
        assert!(!verify(&write("other.tbs", &other)), "{name}");
    }

    // Signer under the issuing CA, that under the root.
    let pem = |name: &str, der: &Path| {
        let out = folder.join(name);
        judged(
            Command::new("openssl")
                .args(["x509", "-inform", "DER", "-in"])
                .arg(der)
                .arg("-out")
                .arg(&out),
        );
        out
    };
    let (root, ca) = (
        pem("root.pem", &pki.join("sm2-root.cer")),
        pem("ca.pem", &pki.join("sm2-ca.cer")),
    );
    let signer = pem("signer.pem", &folder.join("stamp.cer"));
    // OpenSSL takes the identity for the first certificate of a path only, so each link is a path.
    for (above, below) in [(&root, &ca), (&ca, &signer)] {
        let said = judged(
            Command::new("openssl")
                .args([
                    "verify",
                    "-partial_chain",
                    "-vfyopt",
                    "distid:1234567812345678",
                    "-trusted",
                ])
                .arg(above)
                .arg(below),
        );
        assert!(said.contains("OK"), "{said}");
    }
}

/// The first element of a SEQUENCE, whole.
fn first_element(sequence: &[u8]) -> &[u8] {
    let header = |bytes: &[u8]| match bytes[1] {
        length @ ..0x80 => (2, usize::from(length)),
        size => {
            let size = usize::from(size & 0x7F);
            let digits = &bytes[2..2 + size];
            (
                2 + size,
                digits.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)),
            )
        }
    };
    let (skip, _) = header(sequence);
    let (head, length) = header(&sequence[skip..]);
    &sequence[skip..skip + head + length]
}

/// What a signature leaves out or a member hides shows in the reader's own words.
#[test]
fn every_member_is_covered() {
    for made in &office().made {
        let opened = open(&made.ofd.bytes).unwrap();
        let file = opened.documents()[0].signatures[0].file.as_ref().unwrap();
        let sm3 = |method, content: &[u8]| {
            (method == ofd::CheckMethod::Sm3)
                .then(|| certseal_core::crypto::DigestAlgorithm::Sm3.digest(content))
        };
        let checked = ofd::DigestTable::new(opened.package(), sm3).check(file);
        assert!(checked.all_right());
        let coverage = opened.reach().unwrap().left_open_by((0, 0), &checked.covered);
        assert!(coverage.is_whole(), "{coverage:?}");
        assert_eq!(checked.covered.len() + 2, opened.package().members().count());
    }
}
