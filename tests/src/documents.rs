//! Certificates to judge, and what the program and outside judges say of them.

use std::{
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
