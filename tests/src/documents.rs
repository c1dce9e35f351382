//! Certificates to judge, and what the program and outside judges say of them.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::Instant,
};

use certseal_core::{
    catalogue::{CertificateType, FieldKind},
    clock::china,
    home::Home,
};
use image::{ImageFormat, Rgb, RgbImage};
use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;

use crate::{certseal, copy, run, run_ok};

/// A folder with a founded installation in `home` and room for files beside it.
///
/// # Panics
/// When it cannot be founded.
pub fn found(region: &str, region_name: &str) -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    run_ok(certseal(&folder.path().join("home")).args([
        "init",
        "--region",
        region,
        "--region-name",
        region_name,
    ]));
    folder
}

/// A copy of a folder made by [`found`], to be changed freely.
///
/// # Panics
/// When it cannot be copied.
pub fn copy_of(folder: &Path) -> TempDir {
    let other = TempDir::new().expect("a temporary folder");
    copy(folder, other.path()).expect("the folder is copied");
    other
}

/// An installation of our own, founded once in a suite: a copy in a folder of its own, and where it lies.
///
/// # Panics
/// When it cannot be founded or copied.
pub fn ours() -> (TempDir, PathBuf) {
    static FOUNDED: OnceLock<TempDir> = OnceLock::new();
    let founded = FOUNDED.get_or_init(|| found("419901", "河南省示例市示例区"));
    let folder = copy_of(founded.path());
    let home = folder.path().join("home");
    (folder, home)
}

/// Key of the department that issues the certificates of [`permit`].
pub const PERMITS_OF: &str = "scjg";

/// A food business permit of [`ours`] with this last digit of its number.
///
/// # Panics
/// When it is not issued.
pub fn permit(home: &Path, digit: usize) -> Issued {
    let number = format!("certificate-number=JY1419901000037{digit}");
    issue(home, "food-business-permit", &["--set", &number])
}

/// One issued certificate.
#[derive(Debug, Clone)]
pub struct Issued {
    /// Key of its type.
    pub certificate_type: String,
    /// What the registry says, as the program prints it.
    pub record: Value,
    /// Where the document lies.
    pub file: PathBuf,
    /// The document.
    pub document: Vec<u8>,
}

impl Issued {
    /// A field of the record that is text.
    ///
    /// # Panics
    /// When it has none of that name.
    pub fn said(&self, field: &str) -> &str {
        self.record[field]
            .as_str()
            .unwrap_or_else(|| panic!("the record has no text {field}: {:#}", self.record))
    }

    /// What a verification by the registry and by today's date must come to: exit status and force.
    /// Samples have dates, which pass.
    pub fn stands(&self) -> (i32, &'static str) {
        let today = Timestamp::now().to_zoned(china()).date().to_string();
        match self.record["valid_until"].as_str() {
            Some(until) if until < today.as_str() => (1, "expired"),
            _ => (0, "in-force"),
        }
    }

    /// Its identifier.
    pub fn identifier(&self) -> &str {
        self.said("identifier")
    }
}

/// Issues a certificate with the sample values of its type, and a drawn photo where its face has one.
/// Later arguments win: `--set holder-name=…` changes a sample.
///
/// # Panics
/// When the program refuses.
pub fn issue(home: &Path, certificate_type: &str, more: &[&str]) -> Issued {
    let of = Home::open(home)
        .expect("the installation opens")
        .catalogue()
        .expect("the certificate types are read")
        .get(certificate_type)
        .cloned()
        .unwrap_or_else(|| panic!("there is no type {certificate_type}"));
    let folder = TempDir::new_in(home.parent().expect("a home lies in a folder")).expect("a folder");
    let folder = folder.keep();
    let data = folder.join("data.json");
    let values = serde_json::to_vec(&of.sample().values).expect("samples are JSON");
    fs::write(&data, values).expect("the data are written");
    let file = folder.join("certificate.pdf");

    let mut command = certseal(home);
    command.args(["--json", "issue", "--type", certificate_type, "--data"]);
    command.arg(&data).arg("--out").arg(&file);
    for field in photos(&of) {
        let photo = folder.join(format!("{field}.jpg"));
        draw_photo(&photo);
        command.arg("--photo").arg(format!("{field}={}", photo.display()));
    }
    let printed = run_ok(command.args(more));
    let printed: Value = serde_json::from_str(&printed).expect("--json prints JSON");
    Issued {
        certificate_type: certificate_type.to_owned(),
        record: printed["record"].clone(),
        document: fs::read(&file).expect("the document was written"),
        file,
    }
}

fn photos(of: &CertificateType) -> impl Iterator<Item = &str> {
    of.fields
        .iter()
        .filter(|field| field.kind == FieldKind::Photo)
        .map(|field| field.key.as_str())
}

/// A head before a ground, of the proportions of an identity photo.
fn draw_photo(path: &Path) {
    let photo = RgbImage::from_fn(358, 441, |x, y| {
        let (dx, dy) = (i64::from(x) - 179, i64::from(y) - 200);
        let head = dx * dx * 4 / 3 + dy * dy < 110 * 110;
        let shoulders = y > 300 && dx.abs() < i64::from(y) - 200;
        match (head, shoulders) {
            (true, _) => Rgb([224, 186, 160]),
            (_, true) => Rgb([40, 52, 84]),
            _ => Rgb([210, 226, 240 - (y / 20) as u8]),
        }
    });
    photo
        .save_with_format(path, ImageFormat::Jpeg)
        .expect("the photo is written");
}

/// What `certseal verify` or `certseal recognise` said of one input.
#[derive(Debug)]
pub struct Verdict {
    /// Exit status.
    pub status: Option<i32>,
    /// The report of the verification.
    pub report: Value,
    /// The answer of a recognition; null after `verify`.
    pub recognition: Value,
    /// What was printed to stderr.
    pub remarks: String,
}

/// `certseal --json verify …`.
pub fn verify(home: &Path, args: &[&str]) -> Verdict {
    let mut verdict = judge(home, "verify", args);
    verdict.assert_tells_what_to_do();
    verdict.recognition = Value::Null;
    verdict
}

/// `certseal --json recognise …`.
pub fn recognise(home: &Path, args: &[&str]) -> Verdict {
    let mut verdict = judge(home, "recognise", args);
    verdict.recognition = verdict.report["recognition"].take();
    verdict.report = verdict.report["report"].take();
    verdict.assert_tells_what_to_do();
    verdict
}

fn judge(home: &Path, verb: &str, args: &[&str]) -> Verdict {
    let output = run(certseal(home).arg("--json").arg(verb).args(args));
    Verdict {
        status: output.status.code(),
        report: serde_json::from_slice(&output.stdout).unwrap_or(Value::Null),
        recognition: Value::Null,
        remarks: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Verdict {
    /// Asserts exit status, indication and whether the certificate is in force.
    ///
    /// # Panics
    /// When one of them is another.
    #[track_caller]
    pub fn expect(&self, status: i32, indication: &str, in_force: &str) -> &Self {
        let found = (
            self.status,
            self.report["indication"].as_str(),
            self.report["in_force"].as_str(),
        );
        let wanted = (Some(status), Some(indication), Some(in_force));
        assert_eq!(found, wanted, "\n{}\n{:#}", self.remarks, self.report);
        self
    }

    /// Asserts reason and sub-indication of a verdict other than passed.
    ///
    /// # Panics
    /// When one of them is another.
    #[track_caller]
    pub fn because(&self, reason: &str, sub_indication: &str) -> &Self {
        let found = (
            self.report["reason"].as_str(),
            self.report["sub_indication"].as_str(),
        );
        let wanted = (Some(reason), Some(sub_indication));
        assert_eq!(found, wanted, "\n{:#}", self.report);
        self
    }

    /// Asserts outcome and code of one check; gives its finding.
    ///
    /// # Panics
    /// When there is no such check, or something else came of it.
    #[track_caller]
    pub fn check(&self, check: &str, outcome: &str, code: &str) -> &Value {
        let mut findings = self.report["findings"].as_array().into_iter().flatten();
        let finding = findings
            .find(|finding| finding["check"] == check)
            .unwrap_or_else(|| panic!("no check {check} in {:#}", self.report));
        let found = (finding["outcome"].as_str(), finding["code"].as_str());
        assert_eq!(found, (Some(outcome), Some(code)), "\n{finding:#}");
        finding
    }

    /// Asserts exit status, decision and code of a recognition.
    ///
    /// # Panics
    /// When one of them is another.
    #[track_caller]
    pub fn decides(&self, status: i32, decision: &str, code: &str) -> &Self {
        let found = (
            self.status,
            self.recognition["decision"].as_str(),
            self.recognition["code"].as_str(),
        );
        let wanted = (Some(status), Some(decision), Some(code));
        assert_eq!(
            found, wanted,
            "\n{}\n{:#}\n{:#}",
            self.remarks, self.recognition, self.report
        );
        self
    }

    /// Every check that did not pass says why and what to do, in both languages.
    #[track_caller]
    fn assert_tells_what_to_do(&self) {
        for finding in self.report["findings"].as_array().into_iter().flatten() {
            if finding["outcome"] == "failed" || finding["outcome"] == "undecided" {
                for words in ["code", "message", "message_en", "hint", "hint_en"] {
                    let said = finding[words].as_str().is_some_and(|words| !words.is_empty());
                    assert!(said, "no {words} in {finding:#}");
                }
            }
        }
    }
}

/// Runs an outside judge to its end; gives everything it printed.
///
/// # Panics
/// When it cannot be started or finds fault.
#[track_caller]
pub fn judged(command: &mut Command) -> String {
    let begun = Instant::now();
    let output = run(command);
    let printed = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        output.status.success(),
        "{command:?} ended with {} after {:?}\n{printed}",
        output.status,
        begun.elapsed()
    );
    printed
}

/// Where the signature of a document lies: from the `<` of `/Contents` to after its `>`. Read off
/// `/ByteRange` by hand, so as not to ask the program under test.
///
/// # Panics
/// When the document has no `/ByteRange`.
pub fn signature_gap(document: &[u8]) -> std::ops::Range<usize> {
    let name = b"/ByteRange";
    let at = document
        .windows(name.len())
        .position(|window| window == name)
        .expect("a signed document has a /ByteRange");
    let rest = &document[at + name.len()..];
    let open = rest.iter().position(|b| *b == b'[').expect("an array");
    let close = rest.iter().position(|b| *b == b']').expect("an array that ends");
    let numbers: Vec<usize> = String::from_utf8_lossy(&rest[open + 1..close])
        .split_whitespace()
        .map(|number| number.parse().expect("a number"))
        .collect();
    let [first, length, second, tail] = numbers[..] else {
        panic!("/ByteRange has {} numbers", numbers.len());
    };
    assert_eq!(
        (first, second + tail),
        (0, document.len()),
        "/ByteRange {numbers:?} leaves bytes of the file out"
    );
    length..second
}

/// A document extended as a long-term archive does: evidence for its signature in a later revision.
///
/// # Panics
/// When the document is none of ours.
pub fn with_evidence(document: &[u8]) -> Vec<u8> {
    let (root, catalog) = catalog_of(document);
    let size = size_of(document);
    let entries = catalog.strip_suffix(">>").expect("an end of the catalogue");
    let catalog = format!("{entries}/DSS {size} 0 R>>");
    let store = format!("<</Type/DSS/Certs[{} 0 R]>>", size + 1);
    let certificate = "<</Length 4>>stream\n0123\nendstream".to_owned();
    revised(
        document,
        &[(root, catalog), (size, store), (size + 1, certificate)],
    )
}

/// A document whose page shows something else in a later revision.
///
/// # Panics
/// When the document is none of ours.
pub fn with_page_content(document: &[u8]) -> Vec<u8> {
    let key = b"/Contents";
    let mut places = document
        .windows(key.len())
        .enumerate()
        .filter(|(_, part)| part == key);
    // That of the signature is a string.
    let number = places.find_map(|(at, _)| {
        let value = String::from_utf8_lossy(document.get(at + key.len()..)?.get(..16)?).into_owned();
        let mut words = value.trim_start_matches([' ', '[']).split(' ');
        let number = words.next()?.parse().ok()?;
        (words.next() == Some("0") && words.next()?.starts_with('R')).then_some(number)
    });
    let content = "<</Length 3>>stream\n0 g\nendstream".to_owned();
    revised(document, &[(number.expect("a page with content"), content)])
}

/// An incremental update by hand that adds objects, or new versions of old ones, and keeps the trailer.
///
/// # Panics
/// When the document is none of ours.
pub fn revised(document: &[u8], objects: &[(usize, String)]) -> Vec<u8> {
    let mut out = document.to_vec();
    let mut table = String::from("xref\n");
    let mut size = size_of(document);
    for (number, body) in objects {
        let _ = write!(table, "{number} 1\n{:010} 00000 n \n", out.len());
        out.extend_from_slice(format!("{number} 0 obj\n{body}\nendobj\n").as_bytes());
        size = size.max(number + 1);
    }
    let (at, previous) = (out.len(), cross_reference_of(document));
    let mut trailer = trailer_of(document).to_owned();
    if let Some((before, after)) = trailer.clone().split_once("/Prev") {
        let after = after
            .trim_start()
            .trim_start_matches(|letter: char| letter.is_ascii_digit());
        trailer = [before, after].concat();
    }
    let (before, after) = trailer.split_once("/Size").expect("a size");
    let after = after
        .trim_start()
        .trim_start_matches(|letter: char| letter.is_ascii_digit());
    out.extend_from_slice(
        format!("{table}trailer\n{before}/Size {size}/Prev {previous}{after}\nstartxref\n{at}\n%%EOF\n")
            .as_bytes(),
    );
    out
}

fn tail_of(document: &[u8]) -> &str {
    let at = cross_reference_of(document);
    str::from_utf8(&document[at..]).expect("our own cross-reference table is text")
}

fn cross_reference_of(document: &[u8]) -> usize {
    let end = String::from_utf8_lossy(&document[document.len() - 64..]).into_owned();
    let (_, number) = end
        .rsplit_once("startxref")
        .expect("a start of the cross-reference table");
    number
        .split_whitespace()
        .next()
        .and_then(|number| number.parse().ok())
        .expect("a number")
}

fn trailer_of(document: &[u8]) -> &str {
    let (_, trailer) = tail_of(document).split_once("trailer").expect("a trailer");
    trailer
        .split_once("startxref")
        .expect("an end of the trailer")
        .0
        .trim()
}

/// The number after a name of the trailer.
fn number_in_trailer(document: &[u8], name: &str) -> usize {
    let (_, value) = trailer_of(document)
        .split_once(name)
        .expect("an entry of the trailer");
    let digits: String = value
        .trim_start()
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().expect("a number")
}

pub(crate) fn size_of(document: &[u8]) -> usize {
    number_in_trailer(document, "/Size")
}

pub(crate) fn catalog_of(document: &[u8]) -> (usize, String) {
    let root = number_in_trailer(document, "/Root");
    let begin = format!("\n{root} 0 obj").into_bytes();
    let at = document
        .windows(begin.len())
        .rposition(|part| part == begin)
        .expect("a catalogue");
    let body = &document[at + begin.len()..];
    let end = body
        .windows(6)
        .position(|part| part == b"endobj")
        .expect("an end of the catalogue");
    (root, String::from_utf8_lossy(&body[..end]).trim().to_owned())
}
