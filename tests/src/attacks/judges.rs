//! What outside judges say of files: pdfsig, and pyHanko strict and lenient with our root.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{pyhanko, run};

/// What two programs say of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opinion {
    /// pdfsig.
    pub pdfsig: String,
    /// pyHanko reading strictly.
    pub strict: String,
    /// pyHanko reading leniently.
    pub lenient: String,
}

const ASK: &str = r#"
import sys, logging, warnings
from datetime import datetime, timezone
logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")
from asn1crypto import x509
from pyhanko_certvalidator import ValidationContext
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature

anchor, now = sys.argv[1:3]
with open(anchor, "rb") as file:
    root = x509.Certificate.load(file.read())
now = datetime.fromisoformat(now.replace("Z", "+00:00"))

def verdict(path, strict):
    try:
        with open(path, "rb") as file:
            reader = PdfFileReader(file, strict=strict)
            signatures = reader.embedded_regular_signatures
            if not signatures:
                return "NO SIGNATURE"
            for signature in signatures:
                context = ValidationContext(
                    trust_roots=[root], allow_fetching=False, moment=now, revocation_mode="soft-fail",
                    weak_hash_algos=set())
                status = validate_pdf_signature(signature, context)
                if not (status.bottom_line or status.intact and status.valid and status.docmdp_ok
                        and not status.trusted):
                    return "REJECT"
                if not status.bottom_line:
                    return "UNTRUSTED"
            return "ACCEPT"
    except Exception as error:
        return "ERROR"

for path in sys.stdin.read().splitlines():
    print(path, verdict(path, True), verdict(path, False), sep="\t", flush=True)
"#;

/// Asks all of them about the files of a folder, in this order.
///
/// # Panics
/// When one of them is not installed, or does not answer for every file.
pub fn ask(folder: &Path, files: &[String], root: &Path, now: &str) -> Vec<Opinion> {
    let python = pyhanko().with_file_name("python");
    let list = folder.join("files.txt");
    let paths: Vec<PathBuf> = files.iter().map(|file| folder.join(file)).collect();
    let lines: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    fs::write(&list, lines.join("\n")).expect("the list is written");
    let mut ask = Command::new(python);
    ask.args(["-c", ASK]).arg(root).arg(now);
    ask.stdin(fs::File::open(&list).expect("the list was written"));
    let answer = run(&mut ask);
    let _ = fs::remove_file(&list);
    let said = String::from_utf8_lossy(&answer.stdout).into_owned();
    let rows: Vec<Vec<&str>> = said.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(
        rows.len(),
        files.len(),
        "pyHanko does not answer: {}",
        String::from_utf8_lossy(&answer.stderr)
    );
    let pairs = paths.iter().zip(rows);
    pairs
        .map(|(path, row)| Opinion {
            pdfsig: pdfsig(path),
            strict: row[1].to_owned(),
            lenient: row[2].to_owned(),
        })
        .collect()
}

/// ACCEPT where every signature is called valid.
fn pdfsig(path: &Path) -> String {
    let answer = run(Command::new("pdfsig").arg("-nocert").arg(path));
    let said = String::from_utf8_lossy(&answer.stdout).into_owned();
    let count = |what: &str| said.lines().filter(|line| line.contains(what)).count();
    let valid = count("Signature is Valid");
    let all = count("Signature Validation:");
    // A timestamp is no signature that it could verify.
    let open = count("has not yet been verified");
    match (all, valid) {
        (0, _) => "NO SIGNATURE",
        _ if valid == 0 || valid + open < all => "REJECT",
        _ if count("Not total document signed") > 0 => "ACCEPT, part",
        _ => "ACCEPT",
    }
    .to_owned()
}
