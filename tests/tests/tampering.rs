//! One issued document, and what is done to it by accident and on purpose. None of it may pass.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs::{self, File},
    io::Write as _,
    ops::Range,
    process::Command,
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use certseal_core::{
    home::Home,
    verify::{Conclusion, Indication, Options, Report, Verifier},
};
use certseal_tests::{
    certseal,
    documents::{
        Issued, copy_of, found, issue, judged, signature_gap, verify, with_evidence, with_page_content,
    },
    judge_is_here, pyhanko, run_json, run_ok, run_to,
};
use jiff::Timestamp;
use tempfile::TempDir;

struct Office {
    folder: TempDir,
    /// Carries a photo: every kind of object that a document can have.
    good: Issued,
    /// Another holder's, under the same seal.
    other: Issued,
    verifier: Verifier,
}

impl Office {
    fn judge(&self, bytes: &[u8]) -> Report {
        let now = Timestamp::now();
        self.verifier.verify_any(bytes, &Options { now }, None)
    }

    /// Asserts that bytes do not pass, and that the report says why and what to do.
    #[track_caller]
    fn assert_refused(&self, bytes: &[u8], what: &str) -> Report {
        let report = self.judge(bytes);
        assert_ne!(report.indication, Indication::TotalPassed, "{what} passed");
        assert!(
            matches!(report.conclusion, Conclusion::Bad | Conclusion::Undecided),
            "{what}: {report:#?}"
        );
        let telling = report
            .findings
            .iter()
            .find(|finding| Some(finding.code) == report.reason)
            .unwrap_or_else(|| panic!("{what}: no finding for {:?}", report.reason));
        assert!(
            !telling.message.is_empty() && !telling.hint.is_empty() && !telling.hint_en.is_empty(),
            "{what}: {telling:#?}"
        );
        report
    }
}

fn office() -> &'static Office {
    static OFFICE: OnceLock<Office> = OnceLock::new();
    OFFICE.get_or_init(|| {
        let folder = found("419901", "河南省示例市示例区");
        let home = folder.path().join("home");
        let of = "teacher-qualification-certificate";
        let good = issue(&home, of, &[]);
        let more = [
            "--set",
            "holder-name=钱示范",
            "--set",
            "certificate-number=20194199010000038",
        ];
        let other = issue(&home, of, &more);
        let material = Home::open(&home).unwrap().trust_material(None).unwrap();
        let verifier = Verifier::new(material).unwrap();
        Office {
            folder,
            good,
            other,
            verifier,
        }
    })
}

/// Offsets over a whole file, evenly, and closely where structure and signature are.
fn offsets(document: &[u8], evenly: usize) -> Vec<usize> {
    let length = document.len();
    let gap = signature_gap(document);
    let mut chosen: BTreeSet<usize> = (0..evenly).map(|n| n * length / evenly).collect();
    let mut closely = |range: Range<usize>, step: usize| chosen.extend(range.step_by(step));
    closely(0..20, 1);
    closely(gap.start - 8..gap.start + 24, 1);
    closely(gap.clone(), 41);
    closely(gap.end - 40..gap.end + 160, 3);
    closely(length - 48..length, 1);
    chosen.into_iter().collect()
}

/// Whether a change in the hexadecimal digits of the signature means the same: `a` for `A`.
fn means_the_same(gap: &Range<usize>, at: usize, before: u8, after: u8) -> bool {
    gap.contains(&at) && before.is_ascii_hexdigit() && before.eq_ignore_ascii_case(&after)
}

#[test]
fn no_change_of_a_byte_passes_but_the_case_of_a_hexadecimal_digit() {
    let office = office();
    let document = &office.good.document;
    let gap = signature_gap(document);
    assert_eq!(office.judge(document).indication, Indication::TotalPassed);

    let chosen = offsets(document, 520);
    assert!(chosen.len() >= 500);
    let padding = chosen.iter().filter(|at| gap.contains(at)).count();
    assert!(padding >= 50, "{padding} offsets in the signature");

    let sweep = |offsets: &[usize]| {
        let (mut faults, mut same) = (Vec::new(), 0);
        let mut changed = document.clone();
        for &at in offsets {
            let before = changed[at];
            // The lowest bit, the case of a letter, every bit, and white space where none was.
            let mut others = vec![before ^ 0x01, before ^ 0x20, !before];
            if gap.contains(&at) {
                others.extend([b' ', b'\n', b'0'].into_iter().filter(|other| *other != before));
            }
            for after in others {
                changed[at] = after;
                let report = office.judge(&changed);
                let passed = report.indication == Indication::TotalPassed;
                let expected = means_the_same(&gap, at, before, after);
                same += usize::from(expected);
                if passed != expected {
                    let what = format!("offset {at}: {before:#04x} to {after:#04x}: {:?}", report.reason);
                    faults.push(what);
                }
            }
            changed[at] = before;
        }
        (faults, same)
    };
    let threads = thread::available_parallelism().map_or(2, usize::from);
    let parts: Vec<&[usize]> = chosen.chunks(chosen.len().div_ceil(threads)).collect();
    let results: Vec<(Vec<String>, usize)> = thread::scope(|scope| {
        let running: Vec<_> = parts
            .iter()
            .map(|part| scope.spawn(move || sweep(part)))
            .collect();
        running.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let faults: Vec<&String> = results.iter().flat_map(|(faults, _)| faults).collect();
    assert!(faults.is_empty(), "{} wrong verdicts: {faults:#?}", faults.len());
    let same: usize = results.iter().map(|(_, same)| same).sum();
    assert!(same > 0, "the sweep met no letter among the hexadecimal digits");
}

#[test]
fn with_the_registry_not_even_the_case_of_a_digit_passes() {
    let office = office();
    let own = copy_of(office.folder.path());
    let home = own.path().join("home");
    let document = &office.good.document;
    let gap = signature_gap(document);
    let letter = gap.start
        + document[gap.clone()]
            .iter()
            .position(u8::is_ascii_alphabetic)
            .unwrap();
    let mut chosen: Vec<usize> = (0..24).map(|n| 9 + n * (document.len() - 20) / 24).collect();
    chosen.push(letter);
    let file = own.path().join("changed.pdf");
    for at in chosen {
        let mut changed = document.clone();
        changed[at] ^= 0x20;
        fs::write(&file, &changed).unwrap();
        let verdict = verify(&home, &[file.to_str().unwrap()]);
        assert!(
            matches!(verdict.status, Some(1 | 3)) && verdict.report["indication"] != "TOTAL-PASSED",
            "offset {at}: exit status {:?}\n{:#}",
            verdict.status,
            verdict.report
        );
        if at == letter {
            verdict.expect(1, "TOTAL-FAILED", "in-force");
            verdict.because("NOT_THE_DOCUMENT_OF_RECORD", "SIG_CONSTRAINTS_FAILURE");
        }
    }
}

/// What else is appended stands among the attacks on our own certificates (`attacks.rs`).
#[test]
fn what_is_appended_is_told_from_what_was_signed() {
    let office = office();
    let document = &office.good.document;
    // Blanks say nothing.
    for (what, tail) in [("a byte", &b"\n"[..]), ("zeros", &[0; 4096])] {
        let report = office.assert_refused(&[document, tail].concat(), what);
        assert_eq!(
            report.indication,
            Indication::Indeterminate,
            "{what}: {report:#?}"
        );
    }
    let twice = [&document[..], document].concat();
    office.assert_refused(&twice, "the document twice");
    let two = [&document[..], &office.other.document].concat();
    office.assert_refused(&two, "another document behind it");

    // The clerk is told what it is, by the program.
    let own = copy_of(office.folder.path());
    let file = own.path().join("annotated.pdf");
    fs::write(&file, with_page_content(document)).unwrap();
    let verdict = verify(&own.path().join("home"), &[file.to_str().unwrap()]);
    verdict.expect(1, "TOTAL-FAILED", "in-force");
    verdict.check("revisions", "failed", "MODIFIED_AFTER_SIGNING");
}

#[test]
fn evidence_may_be_added_to_a_certificate_and_is_named() {
    let office = office();
    let document = &office.good.document;
    let report = office.judge(&with_evidence(document));
    assert_eq!(report.indication, Indication::TotalPassed, "{report:#?}");
    let revisions = report.finding("revisions").unwrap();
    assert_eq!(revisions.code, "PERMITTED_CHANGES");
    assert!(revisions.message.contains("验证数据"), "{}", revisions.message);
    let [signature] = &report.signatures[..] else {
        panic!("{:#?}", report.signatures)
    };
    assert_eq!(
        (signature.main, signature.revision, signature.revisions),
        (true, Some(1), 2)
    );
    assert_eq!(signature.indication, Indication::TotalPassed);
    let codes: Vec<&str> = signature.changes.iter().map(|change| change.code).collect();
    assert_eq!(codes, ["change-evidence"]);
}

/// Adds a note to the page, or a second signature, as other programs do: by an incremental update.
/// pyHanko itself would refuse to sign what is certified against every change.
const APPEND: &str = r#"
import sys
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers

what, source, target, key, certificate = sys.argv[1:]
name = generic.pdf_name
with open(source, "rb") as file, open(target, "w+b") as out:
    writer = IncrementalPdfFileWriter(file)
    if what == "note":
        page = writer.find_page_for_modification(0)[0].get_object()
        page["/Annots"].append(writer.add_object(generic.DictionaryObject({
            name("/Type"): name("/Annot"),
            name("/Subtype"): name("/FreeText"),
            name("/Rect"): generic.ArrayObject(map(generic.FloatObject, (100, 100, 400, 140))),
            name("/Contents"): generic.pdf_string("amended"),
            name("/DA"): generic.pdf_string("/Helv 12 Tf 0 g"),
        })))
        writer.update_container(page)
        writer.update_container(page["/Annots"])
        writer.write(out)
    else:
        class Bold(signers.PdfSigner):
            def _enforce_certification_constraints(self, reader):
                pass
        signer = signers.SimpleSigner.load(key, certificate)
        metadata = signers.PdfSignatureMetadata(field_name="Second")
        Bold(metadata, signer).sign_pdf(writer, output=out)
"#;

#[test]
fn what_another_program_adds_does_not_pass() {
    let pyhanko = pyhanko();
    if !judge_is_here(pyhanko.to_str().unwrap()) || !judge_is_here("openssl") {
        return;
    }
    let python = pyhanko.with_file_name("python");
    if !judge_is_here(python.to_str().unwrap()) {
        return;
    }
    let office = office();
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mut key = Command::new("openssl");
    key.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
    ]);
    key.args(["-nodes", "-subj", "/CN=Somebody", "-days", "2"]);
    key.args(["-addext", "keyUsage=critical,digitalSignature,nonRepudiation"]);
    judged(
        key.arg("-keyout")
            .arg(at("key.pem"))
            .arg("-out")
            .arg(at("certificate.pem")),
    );
    for what in ["note", "signature"] {
        let target = at(what);
        let mut append = Command::new(&python);
        append
            .args(["-c", APPEND, what])
            .arg(&office.good.file)
            .arg(&target);
        judged(append.arg(at("key.pem")).arg(at("certificate.pem")));
        let changed = fs::read(&target).unwrap();
        assert!(
            changed.starts_with(&office.good.document) && changed.len() > office.good.document.len(),
            "pyHanko did not append the {what}"
        );
        let report = office.assert_refused(&changed, what);
        assert_eq!(report.indication, Indication::TotalFailed, "{what}: {report:#?}");
        let revisions = report.finding("revisions").unwrap();
        assert_eq!(revisions.code, "MODIFIED_AFTER_SIGNING", "{what}");
        let words = if what == "note" { "批注" } else { "签名" };
        assert!(revisions.message.contains(words), "{}", revisions.message);
    }
}

#[test]
fn what_qpdf_rewrites_does_not_pass() {
    if !judge_is_here("qpdf") {
        return;
    }
    let office = office();
    let folder = TempDir::new().unwrap();
    for how in ["--linearize", "--object-streams=generate", "--qdf", "--decrypt"] {
        let target = folder.path().join("rewritten.pdf");
        judged(Command::new("qpdf").arg(how).arg(&office.good.file).arg(&target));
        office.assert_refused(&fs::read(&target).unwrap(), how);
    }
}

#[test]
fn a_document_cut_off_anywhere_does_not_pass() {
    let office = office();
    let document = &office.good.document;
    let gap = signature_gap(document);
    let mut lengths: BTreeSet<usize> = (0..50).map(|n| n * document.len() / 50).collect();
    lengths.extend([1, 4, 5, gap.start, gap.start + 1, gap.end - 1, gap.end]);
    lengths.extend((document.len() - 24)..document.len());
    for length in lengths {
        office.assert_refused(&document[..length], &format!("the first {length} bytes"));
    }
    for from in [1, 9, 1000, gap.start, gap.end] {
        office.assert_refused(&document[from..], &format!("the bytes from {from} on"));
    }
}

/// Numbers that look random and are the same in every run (xorshift).
fn noise(seed: u64) -> impl Iterator<Item = u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    })
}

#[test]
fn noise_is_refused_whatever_it_begins_with() {
    let office = office();
    let heads: [&[u8]; 8] = [
        b"",
        b"%PDF-1.7\n",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0",
        b"PK\x03\x04",
        b"https://verify.example.gov.cn/v#",
        b"1.2.156.3005.2.",
        b"%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 1 0 R>>\nendobj\ntrailer\n<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n",
    ];
    for (head, seed) in heads.iter().zip(1..) {
        for length in [0, 1, 100, 5_000, 200_000] {
            let bytes: Vec<u8> = head.iter().copied().chain(noise(seed).take(length)).collect();
            office.assert_refused(&bytes, &format!("{length} bytes of noise after {head:?}"));
        }
    }
    // Noise in the middle of a real document, a page at a time.
    let document = &office.good.document;
    for (at, seed) in (0..document.len() - 4096).step_by(document.len() / 20).zip(50..) {
        let mut changed = document.clone();
        for (byte, other) in changed[at..at + 4096].iter_mut().zip(noise(seed)) {
            *byte = other;
        }
        office.assert_refused(&changed, &format!("noise from {at} on"));
    }
}

#[test]
fn the_program_refuses_what_is_no_certificate_and_says_so() {
    let own = copy_of(office().folder.path());
    let home = own.path().join("home");
    let at = |name: &str| own.path().join(name);
    let judge = |name: &str| verify(&home, &[at(name).to_str().unwrap()]);

    fs::write(at("empty"), b"").unwrap();
    let verdict = judge("empty");
    verdict.expect(1, "TOTAL-FAILED", "unknown");
    verdict.because("EMPTY_INPUT", "FORMAT_FAILURE");

    fs::write(at("noise"), noise(7).take(100_000).collect::<Vec<u8>>()).unwrap();
    let verdict = judge("noise");
    verdict.expect(1, "TOTAL-FAILED", "unknown");
    verdict.because("NOT_A_PDF", "FORMAT_FAILURE");

    // A page of somebody else's, in order and not signed.
    let mut foreign = b"%PDF-1.4\n".to_vec();
    let mut table = String::from("xref\n0 4\n0000000000 65535 f \n");
    for (number, body) in [
        (1, "<</Type/Catalog/Pages 2 0 R>>"),
        (2, "<</Type/Pages/Kids[3 0 R]/Count 1>>"),
        (3, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>"),
    ] {
        let _ = writeln!(table, "{:010} 00000 n ", foreign.len());
        foreign.extend_from_slice(format!("{number} 0 obj\n{body}\nendobj\n").as_bytes());
    }
    let start = foreign.len();
    let tail = format!("{table}trailer\n<</Size 4/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n");
    foreign.extend_from_slice(tail.as_bytes());
    fs::write(at("foreign.pdf"), foreign).unwrap();
    if judge_is_here("qpdf") {
        judged(Command::new("qpdf").arg("--check").arg(at("foreign.pdf")));
    }
    let verdict = judge("foreign.pdf");
    verdict.expect(3, "INDETERMINATE", "not-applicable");
    verdict.because("NOT_SIGNED", "SIGNED_DATA_NOT_FOUND");

    // A sample of a face looks like a certificate and is none.
    let samples = at("samples");
    let mut preview = certseal(&home);
    preview.args(["type", "preview", "teacher-qualification-certificate", "--out"]);
    run_ok(preview.arg(&samples));
    let sample = fs::read_dir(&samples).unwrap().next().unwrap().unwrap().path();
    let verdict = verify(&home, &[sample.to_str().unwrap()]);
    assert_eq!(verdict.status, Some(1), "{:#}", verdict.report);
    assert_eq!(verdict.report["indication"], "TOTAL-FAILED");
}

#[test]
fn a_file_beyond_the_limit_is_refused_at_once_and_by_name() {
    let own = copy_of(office().folder.path());
    let file = own.path().join("large.pdf");
    let mut large = File::create(&file).unwrap();
    large.write_all(&office().good.document).unwrap();
    // A hole of 64 GB: whoever reads it is long about it.
    large.set_len(1 << 36).unwrap();
    drop(large);
    let home = own.path().join("home");
    let begun = Instant::now();
    let verdict = verify(&home, &[file.to_str().unwrap()]);
    // The picture of a QR code, and the other verb, have the same limit.
    let picture = own.path().join("large.png");
    let mut large = File::create(&picture).unwrap();
    large.write_all(b"\x89PNG\r\n\x1a\n").unwrap();
    large.set_len(1 << 36).unwrap();
    for file in [&file, &picture] {
        let (said, _) = run_to(3, certseal(&home).arg("verify").arg(file));
        assert!(
            said.contains("FILE_TOO_LARGE") && said.contains("64 MiB"),
            "{said}"
        );
        let said = run_json(3, certseal(&home).arg("recognise").arg(file));
        assert_eq!(said["report"]["reason"], "FILE_TOO_LARGE", "{said}");
    }
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(10), "it took {took:?}");
    verdict.expect(3, "INDETERMINATE", "unknown");
    let message = verdict.check("structure", "undecided", "FILE_TOO_LARGE")["message"].as_str();
    assert!(
        message.is_some_and(|message| message.contains("64 MiB")),
        "{message:?}"
    );
}
