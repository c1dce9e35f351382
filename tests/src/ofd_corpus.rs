//! Other people's OFD files, seals and signature values: what is stated of each against our verdict.
//!
//! `MANIFEST.md` of the corpus says of each file what an independent check found. Most of it is about cryptography, which is
//! a part of a verdict: so each file is judged twice, by nobody's trust, and with the certificates that stand in the file
//! itself as anchors, at the present; and beside the verdict stands what came of the checks that the statement is about.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path, process::Command};

use certseal_core::{
    crypto::x509,
    document::ofd::open,
    seal::ses::SesSeal,
    sign::signed_value::SignedValue,
    verify::{Finding, Indication, Options, Outcome, Report, TrustMaterial, Verifier},
};
use jiff::Timestamp;

use crate::judge_is_here;

/// What is stated of a file, and what it comes to in our words.
struct Stated {
    file: &'static str,
    /// In short what `MANIFEST.md` says.
    words: &'static str,
    /// Checks that have to pass, of every signature where a signature has them.
    passes: &'static [&'static str],
    /// Checks that must not pass, by code: `check CODE`.
    not: &'static [&'static str],
    /// Verdict by nobody's trust.
    alone: (Indication, &'static str),
    /// Verdict with the certificates in the file as anchors.
    with: (Indication, &'static str),
    material: &'static str,
}

const FAILED: Indication = Indication::TotalFailed;
const OPEN: Indication = Indication::Indeterminate;
const PASSED: Indication = Indication::TotalPassed;

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

const OWN: &str = "own certificates";
const NONE: &str = "–";
const UNKNOWN: (Indication, &str) = (OPEN, "UNKNOWN_ROOT");
const BARE: (Indication, &str) = (OPEN, "NOT_SIGNED");

const fn plain(file: &'static str) -> Stated {
    Stated {
        file,
        words: "parses, bears no signature",
        passes: &["structure"],
        not: &[],
        alone: BARE,
        with: BARE,
        material: NONE,
    }
}

const STATED: &[Stated] = &[
    Stated {
        file: "signed_good/v4signed.ofd",
        words: "crypto valid; policy valid at signing time",
        passes: SEALED,
        not: &[],
        alone: UNKNOWN,
        with: (PASSED, ""),
        material: OWN,
    },
    Stated {
        file: "signed_good/SignScaleError.ofd",
        words: "crypto valid; policy question: maker is signer",
        passes: SEALED,
        not: &["seal-maker SEAL_MAKER_IS_SIGNER"],
        alone: UNKNOWN,
        with: (OPEN, "SEAL_MAKER_IS_SIGNER"),
        material: OWN,
    },
    Stated {
        file: "signed_good/allprotected.ofd",
        words: "crypto valid; no further signature",
        passes: SEALED,
        not: &[],
        alone: UNKNOWN,
        with: (PASSED, ""),
        material: OWN,
    },
    Stated {
        file: "signed_good/SESV4SignDoc.ofd",
        words: "crypto valid, policy invalid: outside dates of certificate and seal",
        passes: SEALED,
        not: &[
            "signer-validity SIGNED_AFTER_CERTIFICATE",
            "seal-dates SEAL_NOT_IN_FORCE",
        ],
        alone: (FAILED, "SIGNED_AFTER_CERTIFICATE"),
        with: (FAILED, "SIGNED_AFTER_CERTIFICATE"),
        material: OWN,
    },
    Stated {
        file: "signed_good/DigitalSign.ofd",
        words: "crypto valid with the certificate of USER, else unverifiable",
        passes: &["references", "coverage"],
        not: &[],
        alone: (OPEN, "NO_SIGNER_CERTIFICATE"),
        with: (OPEN, "SIGNER_EXPIRED"),
        material: "USER as anchor; states no time, and USER has expired",
    },
    Stated {
        file: "signed_good/testImageNotFound.ofd",
        words: "crypto valid, both signatures",
        passes: SIGNED,
        not: &[],
        alone: UNKNOWN,
        with: (PASSED, ""),
        material: OWN,
    },
    Stated {
        file: "signed_bad/h_first_sig_broken_by_append.ofd",
        words: "s001 invalid, s007 valid: document invalid",
        passes: &["signature", "digest", "seal-signature"],
        not: &["references DIGEST_MISMATCH"],
        alone: (FAILED, "DIGEST_MISMATCH"),
        with: (FAILED, "DIGEST_MISMATCH"),
        material: OWN,
    },
    Stated {
        file: "signed_bad/fapiao_document_xml_edited.ofd",
        words: "invalid: Document.xml edited",
        passes: &["signature", "digest", "seal-signature"],
        not: &["references DIGEST_MISMATCH"],
        alone: (FAILED, "DIGEST_MISMATCH"),
        with: (FAILED, "DIGEST_MISMATCH"),
        material: OWN,
    },
    Stated {
        file: "seals/UserV1.esl",
        words: "seal signature valid",
        passes: &["seal-signature"],
        not: &["seal-period SEAL_NOT_IN_FORCE"],
        alone: (OPEN, "SEAL_MAKER_UNKNOWN"),
        with: (OPEN, "SEAL_MAKER_GONE_SINCE"),
        material: OWN,
    },
    Stated {
        file: "seals/UserV4.esl",
        words: "seal signature valid",
        passes: &["seal-signature"],
        not: &["seal-period SEAL_NOT_IN_FORCE"],
        alone: (OPEN, "SEAL_MAKER_UNKNOWN"),
        with: (OPEN, "SEAL_MAKER_GONE_SINCE"),
        material: OWN,
    },
    Stated {
        file: "seals/UserV5.esl",
        words: "seal signature valid; policy invalid: made after its maker expired",
        passes: &["seal-signature"],
        not: &["seal-maker SEAL_MAKER_NOT_ENTITLED"],
        alone: (FAILED, "SEAL_MAKER_NOT_ENTITLED"),
        with: (FAILED, "SEAL_MAKER_NOT_ENTITLED"),
        material: OWN,
    },
    Stated {
        file: "seals/UserV5_ts.esl",
        words: "seal signature valid, timestamp invalid",
        passes: &["seal-signature"],
        not: &["seal-timestamp SEAL_TIMESTAMP_FAILED"],
        alone: (FAILED, "SEAL_TIMESTAMP_FAILED"),
        with: (FAILED, "SEAL_TIMESTAMP_FAILED"),
        material: OWN,
    },
    Stated {
        file: "seals/SESealData_bad_sig.der",
        words: "parses; seal signature invalid",
        passes: &["structure"],
        not: &["seal-signature SEAL_FORGED", "extensions CRITICAL_EXTENSION"],
        alone: (FAILED, "SEAL_FORGED"),
        with: (FAILED, "SEAL_FORGED"),
        material: OWN,
    },
    Stated {
        file: "seals/StampImg.png",
        words: "n/a: a picture",
        passes: &[],
        not: &["intake NO_QR_CODE"],
        alone: (OPEN, "NO_QR_CODE"),
        with: (OPEN, "NO_QR_CODE"),
        material: NONE,
    },
    Stated {
        file: "sign_parts/SignedValueV4.dat",
        words: "signature valid; of a document not supplied",
        passes: &["signature", "seal-signature"],
        not: &["intake SIGNATURE_ALONE"],
        alone: (OPEN, "SIGNATURE_ALONE"),
        with: (OPEN, "SIGNATURE_ALONE"),
        material: OWN,
    },
    Stated {
        file: "sign_parts/SignedValueV5.dat",
        words: "signature valid; of a document not supplied; signed after the certificate's end",
        passes: &["signature", "seal-signature"],
        not: &["intake SIGNATURE_ALONE"],
        alone: (FAILED, "SIGNED_AFTER_CERTIFICATE"),
        with: (FAILED, "SIGNED_AFTER_CERTIFICATE"),
        material: OWN,
    },
    Stated {
        file: "sign_parts/suzhou_minzheng/SignValue.dat",
        words: "dataHash valid over Signature.xml beside it, both signatures valid",
        passes: &["signature", "seal-signature", "seal-signers", "digest"],
        not: &["intake SIGNATURE_ALONE"],
        alone: (OPEN, "SIGNATURE_ALONE"),
        with: (OPEN, "SIGNATURE_ALONE"),
        material: "own certificates; digest over the Signature.xml beside it",
    },
    Stated {
        file: "sign_parts/suzhou_minzheng/Signature.xml",
        words: "part of the one above",
        passes: &[],
        not: &[],
        alone: (FAILED, "NOT_A_CERTIFICATE_CODE"),
        with: (FAILED, "NOT_A_CERTIFICATE_CODE"),
        material: NONE,
    },
    Stated {
        file: "integrity/hello-integrity.ofd",
        words: "integrity list valid, nothing smuggled",
        passes: &["structure", "integrity-list"],
        not: &[],
        alone: BARE,
        with: BARE,
        material: NONE,
    },
    plain("integrity/hello.ofd"),
    plain("plain/1-1.ofd"),
    plain("plain/areaholder_fields.ofd"),
    plain("plain/helloworld.ofd"),
    plain("plain/namespace_no_std.ofd"),
    plain("plain/no_page_container.ofd"),
    plain("plain/path_unstd.ofd"),
    Stated {
        file: "signed_good/allprotected.ofd + certs/ROOT.p12",
        words: "the root is no CA: a chain to it must be rejected",
        passes: SEALED,
        not: &["signer-usage ISSUER_WRONG_USAGE"],
        alone: UNKNOWN,
        with: (FAILED, "SEAL_MAKER_NOT_ENTITLED"),
        material: "ROOT of certs/ROOT.p12 as anchor, opened by openssl",
    },
];

/// One file and what came of it.
#[derive(Debug)]
pub struct Row {
    /// The file.
    pub file: &'static str,
    words: &'static str,
    material: &'static str,
    alone: Report,
    with: Report,
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
        let (file, root) = match stated.file.split_once(" + ") {
            Some((file, root)) => (file, Some(root)),
            None => (stated.file, None),
        };
        unstated.remove(file);
        let bytes = fs::read(folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let anchors = match root {
            None if file.ends_with("DigitalSign.ofd") => {
                let user = fs::read(folder.join("sign_parts/SignedValueV4.dat")).expect("of the same signer");
                certificates(&user).into_iter().take(1).collect()
            }
            None => certificates(&bytes),
            Some(root) => match with_openssl(&folder.join(root)) {
                Some(root) => vec![root],
                None => continue,
            },
        };
        let alone = verify(&bytes, Vec::new());
        let with = verify(&bytes, anchors);
        let mut differs = stated.differences(&alone, &with);
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
            alone,
            with,
            differs,
        });
    }
    (rows, unstated.into_iter().collect())
}

impl Stated {
    fn differences(&self, alone: &Report, with: &Report) -> Vec<String> {
        let mut found = Vec::new();
        for (report, (indication, reason)) in [(alone, self.alone), (with, self.with)] {
            let said = (report.indication, report.reason.unwrap_or_default());
            if said != (indication, reason) {
                found.push(format!(
                    "{} {} instead of {} {reason}",
                    said.0.as_str(),
                    said.1,
                    indication.as_str()
                ));
            }
        }
        for check in self.passes {
            let mut of_check = findings(with)
                .filter(|finding| finding.check == *check)
                .peekable();
            // Where something must not pass, it need not be good everywhere.
            let is_told = of_check.peek().is_some();
            let is_good = if self.not.is_empty() {
                of_check.all(|finding| finding.outcome == Outcome::Passed)
            } else {
                of_check.any(|finding| finding.outcome == Outcome::Passed)
            };
            if !is_told || !is_good {
                found.push(format!("{check} did not pass"));
            }
        }
        for not in self.not {
            let said = |finding: &Finding| {
                format!("{} {}", finding.check, finding.code) == *not && finding.outcome != Outcome::Passed
            };
            if !findings(with).any(said) {
                found.push(format!("{not} is not said"));
            }
        }
        found
    }
}

fn findings(report: &Report) -> impl Iterator<Item = &Finding> {
    let signatures = report.signatures.iter().flat_map(|one| &one.findings);
    report.findings.iter().chain(signatures)
}

fn verify(bytes: &[u8], anchors: Vec<Vec<u8>>) -> Report {
    let material = TrustMaterial {
        anchors,
        ..TrustMaterial::default()
    };
    let verifier = Verifier::new(material).expect("certificates out of a file are certificates");
    let now: Timestamp = "2026-11-21T08:00:00Z".parse().expect("an instant");
    verifier.verify_any(bytes, &Options { now }, None)
}

/// The certificates in a file, of signers first.
fn certificates(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut of_value = |value: &[u8]| match SignedValue::parse(value) {
        Ok(SignedValue::Ses(signature)) => {
            found.push(signature.signer_certificate().to_vec());
            found.push(signature.seal().maker_certificate().to_vec());
        }
        Ok(SignedValue::SignedData(signed)) => found.extend(signed.certificates().to_vec()),
        _ => {}
    };
    if let Ok(opened) = open(bytes) {
        let all = opened
            .documents()
            .iter()
            .flat_map(|document| &document.signatures);
        for file in all.filter_map(|one| one.file.as_ref().ok()) {
            if let Some(Ok(value)) = file
                .signed_value
                .member
                .map(|member| opened.package().read(member))
            {
                of_value(value);
            }
        }
    }
    of_value(bytes);
    if let Ok(seal) = SesSeal::parse(bytes) {
        found.push(seal.maker_certificate().to_vec());
    }
    found.retain(|der| x509::parse(der).is_ok());
    found
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

/// The table: what is stated, and our verdicts.
pub fn table(rows: &[Row]) -> String {
    let mut out = String::from("file\tstated\tby nobody's trust\twith trust\tmaterial\tremarks\tagreement\n");
    let verdict =
        |report: &Report| format!("{} {}", report.indication.as_str(), report.reason.unwrap_or("OK"));
    for row in rows {
        let remarks: BTreeSet<&str> = findings(&row.with)
            .filter(|finding| finding.outcome == Outcome::Passed && finding.code != "OK")
            .map(|finding| finding.code)
            .collect();
        let remarks: Vec<&str> = remarks.into_iter().collect();
        let agreement = if row.differs.is_empty() {
            "agrees".to_owned()
        } else {
            format!("DIFFERS: {}", row.differs.join("; "))
        };
        let _ = writeln!(
            out,
            "{}\t{}\t{}\t{}\t{}\t{}\t{agreement}",
            row.file,
            row.words,
            verdict(&row.alone),
            verdict(&row.with),
            row.material,
            remarks.join(" "),
        );
    }
    let agree = rows.iter().filter(|row| row.differs.is_empty()).count();
    let _ = writeln!(out, "{} files of OFD: {agree} as stated", rows.len());
    out
}
