//! Programs that are not ours judge what ours issues: a page of every layout, with and without photo.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use certseal_tests::{
    documents::{Issued, copy_of, found, issue, judged, signature_gap, verify},
    judge_is_here, pyhanko, run,
};
use ring::digest::{SHA256, digest};
use serde_json::Value;
use tempfile::TempDir;

/// One type of each layout, and faces of their own: landscape, portrait, card, letter, register page.
const TYPES: [&str; 9] = [
    "teacher-qualification-certificate",
    "business-licence-individual",
    "food-business-permit",
    "road-transport-vehicle-certificate",
    "construction-permit",
    "energy-conservation-review",
    "senior-citizen-card",
    "birth-certificate",
    "radiation-project-acceptance",
];

struct Office {
    folder: TempDir,
    issued: Vec<Issued>,
}

impl Office {
    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    fn pki(&self, name: &str) -> PathBuf {
        self.home().join("pki").join(name)
    }
}

/// One installation and its certificates for the whole suite; nobody changes it.
fn office() -> &'static Office {
    static OFFICE: OnceLock<Office> = OnceLock::new();
    OFFICE.get_or_init(|| {
        let folder = found("419901", "河南省示例市示例区");
        let home = folder.path().join("home");
        let issued = TYPES.iter().map(|of| issue(&home, of, &[])).collect();
        Office { folder, issued }
    })
}

#[test]
fn pdfsig_finds_each_signature_valid_and_the_whole_document_signed() {
    if !judge_is_here("pdfsig") {
        return;
    }
    for issued in &office().issued {
        let said = judged(Command::new("pdfsig").arg(&issued.file));
        for words in [
            "Signature is Valid.",
            "Total document signed",
            "Signature Type: ETSI.CAdES.detached",
            "Signing Hash Algorithm: SHA-256",
        ] {
            assert!(
                said.contains(words),
                "{}: no “{words}” in\n{said}",
                issued.certificate_type
            );
        }
        assert!(!said.contains("Signature #2"), "{said}");
    }
}

#[test]
fn pdfsig_trusts_the_signer_where_nss_knows_our_root() {
    if !judge_is_here("pdfsig") || !judge_is_here("certutil") {
        return;
    }
    let office = office();
    let database = TempDir::new().unwrap();
    let named = format!("sql:{}", database.path().display());
    judged(Command::new("certutil").args(["-N", "--empty-password", "-d", &named]));
    let mut add = Command::new("certutil");
    add.args(["-A", "-n", "root", "-t", "CT,C,C", "-d", &named, "-i"]);
    judged(add.arg(office.pki("root.cer")));
    for issued in &office.issued {
        let said = judged(
            Command::new("pdfsig")
                .arg("-nssdir")
                .arg(database.path())
                .arg(&issued.file),
        );
        assert!(
            said.contains("Certificate is Trusted."),
            "{}:\n{said}",
            issued.certificate_type
        );
    }
}

#[test]
fn pyhanko_finds_each_document_intact_trusted_and_certified() {
    let pyhanko = pyhanko();
    if !judge_is_here(pyhanko.to_str().unwrap()) {
        return;
    }
    let office = office();
    for issued in &office.issued {
        let mut command = Command::new(&pyhanko);
        command.args(["sign", "validate", "--pretty-print", "--no-revocation-check"]);
        command
            .arg("--trust-replace")
            .arg("--trust")
            .arg(office.pki("root.cer"));
        let said = judged(command.arg(&issued.file));
        for words in [
            "The signature is judged VALID.",
            "The signature is cryptographically sound.",
            "The signer's certificate is trusted.",
            "The signature covers the entire file.",
        ] {
            assert!(
                said.contains(words),
                "{}: no “{words}” in\n{said}",
                issued.certificate_type
            );
        }
    }
}

/// What the command line of pyHanko cannot be told: our revocation lists, and to demand them.
const STRICT: &str = r#"
import json, sys
from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

root, ca_list, root_list, *files = sys.argv[1:]
context = ValidationContext(
    trust_roots=[load_cert_from_pemder(root)],
    crls=[open(name, "rb").read() for name in (ca_list, root_list)],
    revocation_mode="require",
    allow_fetching=False,
)
said = []
for name in files:
    signature, = PdfFileReader(open(name, "rb"), strict=True).embedded_signatures
    status = validate_pdf_signature(signature, context)
    said.append({
        "intact": status.intact,
        "valid": status.valid,
        "trusted": status.trusted,
        "revoked": status.revoked,
        "coverage": status.coverage.name,
        "modification": status.modification_level.name,
        "docmdp": signature.docmdp_level.name,
        "docmdp_ok": status.docmdp_ok,
        "bottom_line": status.bottom_line,
    })
print(json.dumps(said))
"#;

#[test]
fn pyhanko_agrees_with_our_revocation_lists_demanded() {
    let pyhanko = pyhanko();
    if !judge_is_here(pyhanko.to_str().unwrap()) {
        return;
    }
    let python = pyhanko.with_file_name("python");
    if !judge_is_here(python.to_str().unwrap()) {
        return;
    }
    let office = office();
    let mut command = Command::new(python);
    command.args(["-c", STRICT]);
    command.args(["root.cer", "ca.crl", "root.crl"].map(|name| office.pki(name)));
    let output = run(command.args(office.issued.iter().map(|issued| &issued.file)));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let said: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said.len(), office.issued.len());
    for (issued, said) in office.issued.iter().zip(said) {
        let wanted = serde_json::json!({
            "intact": true,
            "valid": true,
            "trusted": true,
            "revoked": false,
            "coverage": "ENTIRE_FILE",
            "modification": "NONE",
            "docmdp": "NO_CHANGES",
            "docmdp_ok": true,
            "bottom_line": true,
        });
        assert_eq!(said, wanted, "{}", issued.certificate_type);
    }
}

/// Signs a page: folder, key, digest, /SubFilter, `pss` or not.
const SIGN: &str = r#"
import sys
from pyhanko.pdf_utils import generic, writer
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers

folder, key, digest, form, pss = sys.argv[1:6]
page = writer.PdfFileWriter()
content = page.add_object(generic.StreamObject(stream_data=b"0 0 m"))
box = generic.ArrayObject(map(generic.NumberObject, (0, 0, 200, 200)))
page.insert_page(writer.PageObject(contents=content, media_box=box))
with open(f"{folder}/blank.pdf", "wb") as out:
    page.write(out)
signer = signers.SimpleSigner.load(f"{folder}/{key}", f"{folder}/cert.pem", prefer_pss=pss == "pss")
subfilter = fields.SigSeedSubFilter(f"/{form}")
about = signers.PdfSignatureMetadata(field_name="Sig", subfilter=subfilter, md_algorithm=digest)
with open(f"{folder}/blank.pdf", "rb") as blank, open(f"{folder}/signed.pdf", "wb") as out:
    signers.sign_pdf(IncrementalPdfFileWriter(blank), about, signer=signer, output=out)
"#;

#[test]
fn what_pyhanko_signs_with_any_algorithm_verifies() {
    let python = pyhanko().with_file_name("python");
    if !judge_is_here(python.to_str().unwrap()) || !judge_is_here("openssl") {
        return;
    }
    let folder = TempDir::new().unwrap();
    let curve = |name: &str| format!("EC -pkeyopt ec_paramgen_curve:{name}");
    let rsa = |bits: u32| format!("RSA -pkeyopt rsa_keygen_bits:{bits}");
    let (pades, adobe) = ("ETSI.CAdES.detached", "adbe.pkcs7.detached");
    for (key, digest, form, padding, algorithms) in [
        ("ED25519".to_owned(), "sha512", pades, "", "OK"),
        (curve("P-256"), "sha3_256", pades, "", "OK"),
        (curve("P-384"), "sha256", adobe, "", "OK"),
        (curve("P-521"), "sha512", pades, "", "OK"),
        (curve("brainpoolP256r1"), "sha256", pades, "", "OK"),
        (curve("brainpoolP384r1"), "sha512", adobe, "", "OK"),
        (rsa(2048), "sha384", pades, "pss", "OK"),
        (rsa(3072), "sha512", adobe, "", "OK"),
        (rsa(1024), "sha256", pades, "", "WEAK_ALGORITHM"),
    ] {
        let script = format!(
            "openssl genpkey -algorithm {key} -out key.pem 2>/dev/null; \
             openssl req -x509 -new -key key.pem -subj /CN=TEST -days 30 -out cert.pem \
                 -addext keyUsage=digitalSignature,nonRepudiation"
        );
        judged(Command::new("sh").args(["-ec", &script]).current_dir(&folder));
        let mut sign = Command::new(&python);
        sign.args(["-c", SIGN]).arg(folder.path());
        judged(sign.args(["key.pem", digest, form, padding]));
        let signed = folder.path().join("signed.pdf");
        let report = verify(&office().home(), &["--offline", signed.to_str().unwrap()]).report;
        let code = |check: &str| {
            let findings = report["findings"].as_array().unwrap();
            let finding = findings.iter().find(|finding| finding["check"] == check);
            finding.unwrap()["code"].as_str().unwrap()
        };
        for check in ["byte-range", "digest", "signing-certificate", "signature"] {
            assert_eq!(code(check), "OK", "{key} {form}: {report:#}");
        }
        assert_eq!(code("algorithms"), algorithms, "{key} {form}: {report:#}");
    }
}

#[test]
fn openssl_verifies_the_signature_over_the_byte_range() {
    if !judge_is_here("openssl") {
        return;
    }
    let office = office();
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    // Root and revocation lists in one file, which is how openssl takes lists for `cms`.
    let mut trusted = Vec::new();
    let root = judged(
        Command::new("openssl")
            .args(["x509", "-inform", "DER", "-in"])
            .arg(office.pki("root.cer")),
    );
    trusted.extend_from_slice(root.as_bytes());
    for list in ["root.crl", "ca.crl"] {
        let list = judged(
            Command::new("openssl")
                .args(["crl", "-inform", "DER", "-in"])
                .arg(office.pki(list)),
        );
        trusted.extend_from_slice(list.as_bytes());
    }
    fs::write(at("trusted.pem"), trusted).unwrap();

    for issued in &office.issued {
        let gap = signature_gap(&issued.document);
        let digits = std::str::from_utf8(&issued.document[gap.start + 1..gap.end - 1]).unwrap();
        // The padding after the DER is no part of it; openssl reads one structure and stops.
        fs::write(at("signature.der"), hex::decode(digits).unwrap()).unwrap();
        let mut signed = issued.document[..gap.start].to_vec();
        signed.extend_from_slice(&issued.document[gap.end..]);
        fs::write(at("signed"), signed).unwrap();
        let mut command = Command::new("openssl");
        command.args(["cms", "-verify", "-cades", "-binary", "-inform", "DER"]);
        command.args(["-purpose", "any", "-x509_strict", "-crl_check_all"]);
        command.arg("-in").arg(at("signature.der"));
        command.arg("-content").arg(at("signed"));
        command.arg("-CAfile").arg(at("trusted.pem"));
        let said = judged(command.arg("-out").arg(at("out")));
        assert!(
            said.contains("Verification successful") || said.contains("verification successful"),
            "{}: {said}",
            issued.certificate_type
        );
    }
}

#[test]
fn qpdf_finds_nothing_to_complain_about() {
    if !judge_is_here("qpdf") {
        return;
    }
    for issued in &office().issued {
        let said = judged(Command::new("qpdf").arg("--check").arg(&issued.file));
        assert!(
            said.contains("No syntax or stream encoding errors found") && !said.contains("WARNING"),
            "{}:\n{said}",
            issued.certificate_type
        );
    }
}

#[test]
fn a_printed_page_gives_its_code_and_the_code_verifies() {
    if !judge_is_here("pdftoppm") || !judge_is_here("zbarimg") {
        return;
    }
    // A registry is one process's at a time: this test has its own.
    let own = copy_of(office().folder.path());
    let home = own.path().join("home");
    for issued in &office().issued {
        let page = own.path().join(&issued.certificate_type);
        let mut command = Command::new("pdftoppm");
        command.args(["-r", "300", "-png", "-singlefile"]);
        judged(command.arg(&issued.file).arg(&page));
        let page = page.with_extension("png");
        // `judged` would mix in what zbar says of its own innards.
        let output = run(Command::new("zbarimg")
            .args(["--raw", "-q", "-Sdisable", "-Sqrcode.enable"])
            .arg(&page));
        let text = String::from_utf8(output.stdout).unwrap();
        let codes: Vec<&str> = text.lines().collect();
        let [code] = codes[..] else {
            panic!("{}: zbarimg reads {codes:?}", issued.certificate_type);
        };
        let digits = code.strip_prefix("https://verify.example.gov.cn/v#");
        assert!(
            digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())),
            "{}: {code}",
            issued.certificate_type
        );
        for input in [page.to_str().unwrap(), code] {
            let verdict = verify(&home, &[input]);
            let (status, in_force) = issued.stands();
            verdict.expect(status, "TOTAL-PASSED", in_force);
            verdict.check("registered-document", "passed", "OK");
            assert_eq!(verdict.report["input"], "token");
            assert_eq!(verdict.report["subject"]["identifier"], issued.identifier());
        }
        // Nobody's phone needs our registry: the code verifies by itself.
        let verdict = verify(&home, &["--offline", code]);
        assert_eq!(
            verdict.report["indication"], "TOTAL-PASSED",
            "{:#}",
            verdict.report
        );
    }
}

/// Text without the white space that layout puts between and within words.
fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

fn face_of(file: &Path, folder: &Path) -> (Vec<u8>, Value) {
    let face = folder.join("face.json");
    judged(
        Command::new("pdfdetach")
            .args(["-save", "1", "-o"])
            .arg(&face)
            .arg(file),
    );
    let bytes = fs::read(face).unwrap();
    let parsed = serde_json::from_slice(&bytes).unwrap();
    (bytes, parsed)
}

#[test]
fn the_attached_face_is_the_registered_one_and_all_of_it_can_be_copied_off_the_page() {
    if !judge_is_here("pdfdetach") || !judge_is_here("pdftotext") {
        return;
    }
    let folder = TempDir::new().unwrap();
    for issued in &office().issued {
        let name = &issued.certificate_type;
        let list = judged(Command::new("pdfdetach").arg("-list").arg(&issued.file));
        assert!(
            list.contains("1 embedded files") && list.contains("face.json"),
            "{name}: {list}"
        );
        let (bytes, face) = face_of(&issued.file, folder.path());
        assert_eq!(
            hex::encode(digest(&SHA256, &bytes)),
            issued.said("face_digest"),
            "{name}: the digest on record is another file's"
        );
        assert_eq!(
            hex::encode(digest(&SHA256, &issued.document)),
            issued.record["document"]["digest"],
            "{name}"
        );
        assert_eq!(face["identifier"], issued.identifier());

        let page = squeezed(&judged(
            Command::new("pdftotext").arg("-raw").arg(&issued.file).arg("-"),
        ));
        let fields = face["fields"].as_array().unwrap();
        assert!(fields.len() >= 5, "{name} has {} fields", fields.len());
        for field in fields {
            let text = squeezed(field["text"].as_str().unwrap());
            assert!(
                page.contains(&text),
                "{name}: {} “{text}” not in\n{page}",
                field["label"]
            );
        }
        for text in [issued.identifier(), issued.said("issuer_name")] {
            assert!(page.contains(text), "{name}: {text} not in\n{page}");
        }
    }
}

#[test]
fn metadata_name_the_certificate_and_claim_pdf_a() {
    if !judge_is_here("pdfinfo") {
        return;
    }
    for issued in &office().issued {
        let xmp = judged(Command::new("pdfinfo").arg("-meta").arg(&issued.file));
        for words in [
            format!("<dc:identifier>{}</dc:identifier>", issued.identifier()),
            "<pdfaid:part>3</pdfaid:part>".to_owned(),
            "<pdfaid:conformance>B</pdfaid:conformance>".to_owned(),
            issued.said("number").to_owned(),
            issued.certificate_type.clone(),
        ] {
            assert!(
                xmp.contains(&words),
                "{}: no {words} in\n{xmp}",
                issued.certificate_type
            );
        }
        let facts = judged(Command::new("pdfinfo").arg(&issued.file));
        for words in [
            "Pages:           1\n",
            "Encrypted:       no\n",
            "JavaScript:      no\n",
        ] {
            assert!(
                facts.contains(words),
                "{}: no {words} in\n{facts}",
                issued.certificate_type
            );
        }
    }
}

#[test]
fn every_font_is_embedded_as_a_subset_and_maps_to_unicode() {
    if !judge_is_here("pdffonts") {
        return;
    }
    for issued in &office().issued {
        let said = judged(Command::new("pdffonts").arg(&issued.file));
        let fonts: Vec<&str> = said.lines().skip(2).collect();
        assert!(
            !fonts.is_empty(),
            "{}: no fonts in\n{said}",
            issued.certificate_type
        );
        for font in fonts {
            // name … encoding emb sub uni object ID
            let columns: Vec<&str> = font.split_whitespace().rev().collect();
            assert_eq!(
                columns[2..5],
                ["yes"; 3],
                "{}: not embedded, subset and with ToUnicode: {font}",
                issued.certificate_type
            );
        }
    }
}
