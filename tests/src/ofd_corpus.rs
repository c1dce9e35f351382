//! Other people's OFD files, seals and signature values: what is stated of each against our verdict.
//!
//! `MANIFEST.md` of the corpus says of each file what an independent check found. Most of it is about cryptography, which is
//! a part of a verdict, and no root of any authority is there. So beside the verdict stands what it is open or failed for,
//! all of it: a file that is valid but for trust is open for the paths of signer and seal maker, and for nothing else.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path, process::Command};

use certseal_core::{
    crypto::x509,
    sign::signed_value::SignedValue,
    verify::{Finding, Indication, Options, Outcome, Report, TrustMaterial, Verifier},
};
use jiff::Timestamp;

use crate::judge_is_here;

/// What is stated of a file, and what it comes to in our words.
struct Stated {
    /// The file; behind a `+` the one that a certificate is taken from.
    file: &'static str,
    /// In short what `MANIFEST.md` says.
    words: &'static str,
    /// Checks that have to pass, of every signature where a signature has them, unless they stand in `not` as well.
    passes: &'static [&'static str],
    /// All that does not pass, `check CODE`.
    not: &'static [&'static str],
    verdict: (Indication, &'static str),
    material: &'static str,
}

const FAILED: Indication = Indication::TotalFailed;
const OPEN: Indication = Indication::Indeterminate;

/// CRYPTO VALID of a sealed document: digests, dataHash, both signatures, the list of signers.
const SEALED: &[&str] = &[
    "references",
    "digest",
    "signature",
    "seal-signature",
    "seal-signers",
    "coverage",
];
/// The same of one without a seal.
const SIGNED: &[&str] = &["references", "digest", "signature", "coverage"];
/// What is open where no root is known.
const ROOTLESS: &[&str] = &["seal-maker SEAL_MAKER_UNKNOWN", "signer-path UNKNOWN_ROOT"];

const NONE: &str = "no anchors";
const UNKNOWN: (Indication, &str) = (OPEN, "UNKNOWN_ROOT");

const fn plain(file: &'static str) -> Stated {
    Stated {
        file,
        words: "parses, bears no signature",
        passes: &["structure"],
        not: &["signatures NOT_SIGNED"],
        verdict: (OPEN, "NOT_SIGNED"),
        material: NONE,
    }
}

const fn stated(
    file: &'static str,
    words: &'static str,
    passes: &'static [&'static str],
    not: &'static [&'static str],
    verdict: (Indication, &'static str),
) -> Stated {
    Stated {
        file,
        words,
        passes,
        not,
        verdict,
        material: NONE,
    }
}

const STATED: &[Stated] = &[
    stated(
        "signed_good/v4signed.ofd",
        "crypto valid; policy valid at signing time; chain unknown",
        SEALED,
        ROOTLESS,
        UNKNOWN,
    ),
    stated(
        "signed_good/SignScaleError.ofd",
        "crypto valid; policy question: maker is signer",
        SEALED,
        &["seal-maker SEAL_MAKER_IS_SIGNER", "signer-path UNKNOWN_ROOT"],
        UNKNOWN,
    ),
    stated(
        "signed_good/allprotected.ofd",
        "crypto valid; no further signature",
        SEALED,
        ROOTLESS,
        UNKNOWN,
    ),
    Stated {
        material: "ROOT of certs/ROOT.p12 as anchor, opened by openssl",
        ..stated(
            "signed_good/allprotected.ofd + certs/ROOT.p12",
            "the root is no CA: a chain to it must be rejected",
            SEALED,
            &[
                "seal-maker SEAL_MAKER_NOT_ENTITLED",
                "signer-usage ISSUER_WRONG_USAGE",
            ],
            (FAILED, "SEAL_MAKER_NOT_ENTITLED"),
        )
    },
    stated(
        "signed_good/SESV4SignDoc.ofd",
        "crypto valid, policy invalid: outside dates of certificate and seal",
        SEALED,
        &[
            "seal-dates SEAL_NOT_IN_FORCE",
            "seal-maker SEAL_MAKER_UNKNOWN",
            "signer-path UNKNOWN_ROOT",
            "signer-validity SIGNED_AFTER_CERTIFICATE",
        ],
        (FAILED, "SIGNED_AFTER_CERTIFICATE"),
    ),
    stated(
        "signed_good/DigitalSign.ofd",
        "unverifiable without a certificate out of band",
        &["references", "coverage"],
        &["signature NO_SIGNER_CERTIFICATE"],
        (OPEN, "NO_SIGNER_CERTIFICATE"),
    ),
    Stated {
        material: "USER, out of the other file, at hand; no anchors",
        ..stated(
            "signed_good/DigitalSign.ofd + sign_parts/SignedValueV4.dat",
            "crypto valid with the certificate of USER",
            SIGNED,
            &["signer-path UNKNOWN_ROOT"],
            UNKNOWN,
        )
    },
    stated(
        "signed_good/testImageNotFound.ofd",
        "crypto valid, both signatures",
        SIGNED,
        &["signer-path UNKNOWN_ROOT"],
        UNKNOWN,
    ),
    stated(
        "signed_bad/h_first_sig_broken_by_append.ofd",
        "s001 invalid, s007 valid: document invalid",
        &[
            "signature",
            "digest",
            "seal-signature",
            "seal-signers",
            "coverage",
        ],
        &[
            "references DIGEST_MISMATCH",
            "seal-maker SEAL_MAKER_UNKNOWN",
            "signer-path UNKNOWN_ROOT",
        ],
        (FAILED, "DIGEST_MISMATCH"),
    ),
    stated(
        "signed_bad/fapiao_document_xml_edited.ofd",
        "invalid: Document.xml edited",
        &["signature", "digest", "seal-signature", "seal-signers"],
        &[
            "coverage CONTENT_NOT_COVERED",
            "references DIGEST_MISMATCH",
            "seal-maker SEAL_MAKER_UNKNOWN",
            "signer-path UNKNOWN_ROOT",
        ],
        (FAILED, "DIGEST_MISMATCH"),
    ),
    stated(
        "seals/UserV1.esl",
        "seal signature valid; dates 2020 to 2022",
        &["seal-signature"],
        &["seal-maker SEAL_MAKER_UNKNOWN", "seal-period SEAL_NOT_IN_FORCE"],
        (OPEN, "SEAL_MAKER_UNKNOWN"),
    ),
    stated(
        "seals/UserV4.esl",
        "seal signature valid",
        &["seal-signature"],
        &["seal-maker SEAL_MAKER_UNKNOWN", "seal-period SEAL_NOT_IN_FORCE"],
        (OPEN, "SEAL_MAKER_UNKNOWN"),
    ),
    stated(
        "seals/UserV5.esl",
        "seal signature valid; policy invalid: made after its maker expired",
        &["seal-signature"],
        &["seal-maker SEAL_MAKER_NOT_ENTITLED"],
        (FAILED, "SEAL_MAKER_NOT_ENTITLED"),
    ),
    stated(
        "seals/UserV5_ts.esl",
        "seal signature valid, timestamp invalid",
        &["seal-signature"],
        &[
            "seal-maker SEAL_MAKER_NOT_ENTITLED",
            "seal-timestamp SEAL_TIMESTAMP_FAILED",
        ],
        (FAILED, "SEAL_TIMESTAMP_FAILED"),
    ),
    stated(
        "seals/SESealData_bad_sig.der",
        "parses; seal signature invalid",
        &["structure"],
        &[
            "extensions CRITICAL_EXTENSION",
            "seal-maker SEAL_MAKER_NOT_ENTITLED",
            "seal-period SEAL_NOT_IN_FORCE",
            "seal-signature SEAL_FORGED",
        ],
        (FAILED, "SEAL_FORGED"),
    ),
    stated(
        "seals/StampImg.png",
        "n/a: a picture",
        &[],
        &["intake NO_QR_CODE"],
        (OPEN, "NO_QR_CODE"),
    ),
    stated(
        "sign_parts/SignedValueV4.dat",
        "signature valid; of a document not supplied",
        &["signature", "seal-signature"],
        &[
            "intake SIGNATURE_ALONE",
            "seal-maker SEAL_MAKER_UNKNOWN",
            "signer-path UNKNOWN_ROOT",
        ],
        (OPEN, "SIGNATURE_ALONE"),
    ),
    stated(
        "sign_parts/SignedValueV5.dat",
        "signature valid; of a document not supplied",
        &["signature", "seal-signature"],
        &[
            "intake SIGNATURE_ALONE",
            "seal-maker SEAL_MAKER_NOT_ENTITLED",
            "signer-path UNKNOWN_ROOT",
            "signer-validity SIGNED_AFTER_CERTIFICATE",
        ],
        (FAILED, "SIGNED_AFTER_CERTIFICATE"),
    ),
    Stated {
        material: "no anchors; digest over the Signature.xml beside it",
        ..stated(
            "sign_parts/suzhou_minzheng/SignValue.dat",
            "dataHash valid, both signatures valid",
            &["signature", "seal-signature", "seal-signers", "digest"],
            &[
                "intake SIGNATURE_ALONE",
                "seal-maker SEAL_MAKER_UNKNOWN",
                "signer-path UNKNOWN_ROOT",
            ],
            (OPEN, "SIGNATURE_ALONE"),
        )
    },
    stated(
        "sign_parts/suzhou_minzheng/Signature.xml",
        "part of the one above",
        &[],
        &["intake NOT_A_CERTIFICATE_CODE"],
        (FAILED, "NOT_A_CERTIFICATE_CODE"),
    ),
    stated(
        "integrity/hello-integrity.ofd",
        "integrity list valid, nothing smuggled",
        &["structure", "integrity-list"],
        &["signatures NOT_SIGNED"],
        (OPEN, "NOT_SIGNED"),
    ),
    plain("integrity/hello.ofd"),
    plain("plain/1-1.ofd"),
    plain("plain/areaholder_fields.ofd"),
    plain("plain/helloworld.ofd"),
    plain("plain/namespace_no_std.ofd"),
    plain("plain/no_page_container.ofd"),
    plain("plain/path_unstd.ofd"),
];

/// One file and what came of it.
#[derive(Debug)]
pub struct Row {
    /// The file.
    pub file: &'static str,
    words: &'static str,
    material: &'static str,
    report: Report,
    /// What of the statement we do not say.
    pub differs: Vec<String>,
}

/// Judges every file of the folder. A file that nothing is stated of is a row that differs, as is one that is missing.
///
/// # Panics
/// When a file cannot be read.
pub fn judge(folder: &Path) -> (Vec<Row>, Vec<String>) {
    let mut unstated: BTreeSet<String> = BTreeSet::new();
    list(folder, folder, &mut unstated);
    unstated.remove("MANIFEST.md");
    unstated.retain(|file| !file.starts_with("certs/"));
    let mut rows = Vec::new();
    for stated in STATED {
        let (file, beside) = match stated.file.split_once(" + ") {
            Some((file, beside)) => (file, Some(folder.join(beside))),
            None => (stated.file, None),
        };
        unstated.remove(file);
        let bytes = fs::read(folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let mut material = TrustMaterial::default();
        match beside {
            Some(key_file) if key_file.extension().is_some_and(|ending| ending == "p12") => {
                let Some(root) = with_openssl(&key_file) else {
                    continue;
                };
                material.anchors.push(root);
            }
            Some(value) => material.intermediates.extend(signer_of(&value)),
            None => {}
        }
        let report = verify(&bytes, material);
        let mut differs = stated.differences(&report);
        if file.ends_with("SignValue.dat") {
            let over = fs::read(folder.join(file).with_file_name("Signature.xml")).expect("beside it");
            let covers = matches!(SignedValue::parse(&bytes), Ok(SignedValue::Ses(one)) if one.covers(&over));
            differs.retain(|one| one != "digest did not pass");
            if !covers {
                differs.push("dataHash is not that of Signature.xml".to_owned());
            }
        }
        rows.push(Row {
            file: stated.file,
            words: stated.words,
            material: stated.material,
            report,
            differs,
        });
    }
    (rows, unstated.into_iter().collect())
}

impl Stated {
    fn differences(&self, report: &Report) -> Vec<String> {
        let mut found = Vec::new();
        let (indication, reason) = self.verdict;
        let said = (report.indication, report.reason.unwrap_or_default());
        if said != self.verdict {
            found.push(format!(
                "{} {} instead of {} {reason}",
                said.0.as_str(),
                said.1,
                indication.as_str()
            ));
        }
        for check in self.passes {
            let mut of_check = findings(report)
                .filter(|finding| finding.check == *check)
                .peekable();
            if of_check.peek().is_none() || !of_check.all(|finding| finding.outcome == Outcome::Passed) {
                found.push(format!("{check} did not pass"));
            }
        }
        let open = open_for(report);
        let expected: BTreeSet<String> = self.not.iter().map(|one| (*one).to_owned()).collect();
        found.extend(open.difference(&expected).map(|one| format!("not stated: {one}")));
        found.extend(expected.difference(&open).map(|one| format!("not said: {one}")));
        found
    }
}

/// All that did not pass. What sums up the signatures is left out, but that there are none.
fn open_for(report: &Report) -> BTreeSet<String> {
    let open = findings(report)
        .filter(|finding| matches!(finding.outcome, Outcome::Failed | Outcome::Undecided))
        .filter(|finding| finding.code != "NOT_PERFORMED")
        .filter(|finding| finding.check != "signatures" || finding.code == "NOT_SIGNED");
    open.map(|finding| format!("{} {}", finding.check, finding.code))
        .collect()
}

fn findings(report: &Report) -> impl Iterator<Item = &Finding> {
    let signatures = report.signatures.iter().flat_map(|one| &one.findings);
    report.findings.iter().chain(signatures)
}

fn verify(bytes: &[u8], material: TrustMaterial) -> Report {
    let verifier = Verifier::new(material).expect("certificates out of a file are certificates");
    let now: Timestamp = "2026-11-21T08:00:00Z".parse().expect("an instant");
    verifier.verify_any(bytes, &Options { now }, None)
}

/// The signer certificate of a signature value.
fn signer_of(file: &Path) -> Option<Vec<u8>> {
    let value = SignedValue::parse(&fs::read(file).ok()?).ok()?;
    value.signer_certificate().map(<[u8]>::to_vec)
}

/// The certificate in a key file of old make, which openssl still opens.
fn with_openssl(file: &Path) -> Option<Vec<u8>> {
    if !judge_is_here("openssl") {
        return None;
    }
    let output = Command::new("openssl")
        .args(["pkcs12", "-legacy", "-nokeys", "-passin", "pass:123456", "-in"])
        .arg(file)
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let from = text.find("-----BEGIN")?;
    x509::parse_bundle(text.get(from..)?.as_bytes()).ok()?.pop()
}

fn list(root: &Path, folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("the corpus can be listed") {
        let path = entry.expect("the corpus can be listed").path();
        if path.is_dir() {
            list(root, &path, found);
        } else if let Ok(name) = path.strip_prefix(root) {
            found.insert(name.to_string_lossy().into_owned());
        }
    }
}

/// The table: what is stated, our verdict, and what it is open or failed for.
pub fn table(rows: &[Row]) -> String {
    let mut out = String::from("file\tstated\tverdict\topen or failed for\tremarks\tmaterial\tagreement\n");
    for row in rows {
        let remarks: BTreeSet<&str> = findings(&row.report)
            .filter(|finding| finding.outcome == Outcome::Passed && finding.code != "OK")
            .map(|finding| finding.code)
            .collect();
        let agreement = if row.differs.is_empty() {
            "agrees".to_owned()
        } else {
            format!("DIFFERS: {}", row.differs.join("; "))
        };
        let _ = writeln!(
            out,
            "{}\t{}\t{} {}\t{}\t{}\t{}\t{agreement}",
            row.file,
            row.words,
            row.report.indication.as_str(),
            row.report.reason.unwrap_or("OK"),
            Vec::from_iter(open_for(&row.report)).join(", "),
            Vec::from_iter(remarks).join(" "),
            row.material,
        );
    }
    let agree = rows.iter().filter(|row| row.differs.is_empty()).count();
    let _ = writeln!(out, "{} files of OFD: {agree} as stated", rows.len());
    out
}
