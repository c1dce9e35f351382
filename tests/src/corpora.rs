//! Other people's documents: what their makers say of each against our verdict.
//!
//! A folder of corpora has a `manifest.tsv` with a row a file: what class it is of, what its makers expect,
//! and what other programs said. Files are judged twice: by nobody's trust, and, where the row names a time
//! of validation, at that time with the self-signed certificates that stand in the files themselves as
//! anchors, which is good enough to see good files pass and for nothing else.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::Path,
    thread,
};

use certseal_core::{
    crypto::x509,
    document::pdf::open::open,
    sign::cms::{Profile, SignedCms},
    verify::{Indication, Options, Report, TrustMaterial, Verifier},
};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// Files on which we differ from what is stated of them, and why: `docs/VERIFICATION.md` argues each.
pub const CONTESTED: &[(&str, &str)] = &[
    (
        "dss/test-with-vri.pdf",
        "a field that the signer locked was filled in",
    ),
    (
        "dss/dss-1376/DSS1376-rev_n.pdf",
        "signed over the face of a certified page",
    ),
    ("dss/retrieved-modified_after_signature.pdf", "bears no signature"),
    (
        "pyhanko-generated/test_update_no_timestamps-97e10239.pdf",
        "bears no signature",
    ),
    (
        "pyhanko-generated/test_no_changes_policy-8c82d300.pdf",
        "forbidden by a policy of that test only",
    ),
    (
        "pyhanko-generated/test_timestamp_wrong_type-c8628721.pdf",
        "an unrecognised timestamp is passed over",
    ),
    (
        "pyhanko-generated/test_sv_flag_unsupported-83cc7344.pdf",
        "seed values bind who signs, not what was signed",
    ),
    (
        "pyhanko/ed448-disallowed-hash.pdf",
        "CRYPTO_CONSTRAINTS_FAILURE is INDETERMINATE",
    ),
    (
        "dss/pades-bes-no-certificates.pdf",
        "NO_SIGNING_CERTIFICATE_FOUND is INDETERMINATE",
    ),
    (
        "pyhanko-generated/test_standalone_document_timestamp-ffe767c3.pdf",
        "a document timestamp alone is good, and no signature",
    ),
    ("dss/AD-RB.pdf", "signed attributes out of DER order"),
    (
        "pyhanko-parser/minimal-startxref-hopeless2.pdf",
        "no end: every reader rebuilds its own",
    ),
    (
        "pyhanko-parser/minimal-startxref-hopeless3.pdf",
        "no start: every reader rebuilds its own",
    ),
];

/// What a class of files asks of a verdict without any trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// TOTAL-FAILED, whatever the trust.
    Failed,
    /// Anything but TOTAL-FAILED.
    NotFailed,
    /// Read, whatever is in it: FILE_DAMAGED and NOT_A_PDF are wrong.
    Read,
    /// Anything but TOTAL-PASSED.
    NotPassed,
}

/// What a class asks.
pub fn demand(class: &str) -> Demand {
    match class {
        "BAD" | "MOD-FORBIDDEN" | "COVERAGE-GAP" | "EMPTY" => Demand::Failed,
        _ if class.starts_with("ATTACK") => Demand::Failed,
        // Files without signatures, to be opened.
        "PARSER-OK" => Demand::Read,
        // To be refused with a readable reason: by the reader, or because a timestamp or a path is not good,
        // which without anchors nobody can tell.
        "BAD-CHAIN" | "BAD-POLICY" | "BAD-TST" | "LOOP" | "MALFORMED" | "NOSIG" | "PARSER-ERR"
        | "UNSIGNED" => Demand::NotPassed,
        // GOOD, MOD-ALLOWED, and good files of other interest: CRYPTO, DOCMDP, ENCRYPTED, ER, FIELDMDP, POLICY.
        _ => Demand::NotFailed,
    }
}

/// One file and what came of it.
#[derive(Debug)]
pub struct Row {
    /// Path within the corpora.
    pub file: String,
    /// Its class.
    pub class: String,
    /// What its makers expect.
    pub expected: String,
    /// What pyHanko said, lenient and strict, and pdfsig.
    pub others: [String; 3],
    /// Our report, by nobody's trust.
    pub report: Report,
    /// Our report at the stated time, by the certificates of the files.
    pub trusting: Option<Report>,
}

impl Row {
    /// Why we differ, where that is argued.
    pub fn contested(&self) -> Option<&'static str> {
        let mut known = CONTESTED.iter();
        known.find(|(file, _)| *file == self.file).map(|(_, why)| *why)
    }

    /// Whether our verdict is what the class asks for.
    pub fn agrees(&self) -> bool {
        let found = self.report.indication;
        let reason = self.report.reason.unwrap_or_default();
        let with_trust = self.trusting.as_ref().map(|report| report.indication);
        match demand(&self.class) {
            Demand::Failed => {
                found == Indication::TotalFailed
                    && with_trust.is_none_or(|found| found == Indication::TotalFailed)
            }
            Demand::NotFailed => {
                found != Indication::TotalFailed
                    && with_trust.is_none_or(|found| found != Indication::TotalFailed)
            }
            Demand::Read => !matches!(reason, "FILE_DAMAGED" | "NOT_A_PDF"),
            // Whose path was refused for want of an anchor, or by one of several policies, may have a good one.
            Demand::NotPassed => {
                let is_relative = ["NO_CERTIFICATE_CHAIN_FOUND", "bottom=True"];
                let is_relative = is_relative.iter().any(|word| self.expected.contains(word));
                let passes = with_trust == Some(Indication::TotalPassed);
                found != Indication::TotalPassed && (is_relative || !passes)
            }
        }
    }
}

/// Judges every PDF of a folder of corpora.
///
/// # Panics
/// When there is no manifest, or a file of it is missing.
pub fn judge(root: &Path) -> Vec<Row> {
    let manifest = std::fs::read_to_string(root.join("manifest.tsv")).expect("the corpora have a manifest");
    let rows: Vec<Vec<&str>> = manifest
        .lines()
        .skip(1)
        .map(|row| row.split('\t').collect::<Vec<_>>())
        .filter(|columns| columns[0].rsplit('.').next() == Some("pdf"))
        .collect();
    let files: Vec<Vec<u8>> = rows
        .iter()
        .map(|columns| std::fs::read(root.join(columns[0])).expect("the manifest names files"))
        .collect();
    let trusting = |anchors: Vec<Vec<u8>>| {
        let material = TrustMaterial {
            anchors,
            ..TrustMaterial::default()
        };
        Verifier::new(material).expect("certificates that were read are good material")
    };
    let nobody = trusting(Vec::new());
    let now = Options {
        now: Timestamp::now(),
    };
    let judge = |(columns, file): (&Vec<&str>, &Vec<u8>)| {
        let column = |index: usize| (*columns.get(index).unwrap_or(&"")).to_owned();
        let expected = column(7);
        // What says that it was signed later was not validated at that time.
        let then = stated_time(&expected).filter(|now| !claims_after(file, *now));
        let then = then.map(|now| Options { now });
        Row {
            report: nobody.verify_file(file, &now, None),
            trusting: then.map(|then| trusting(topmost(file)).verify_file(file, &then, None)),
            file: column(0),
            class: column(6),
            others: [column(10), column(11), column(13)],
            expected,
        }
    };
    let share = rows
        .len()
        .div_ceil(thread::available_parallelism().map_or(1, usize::from))
        .max(1);
    thread::scope(|scope| {
        let judge = &judge;
        let parts: Vec<_> = rows
            .chunks(share)
            .zip(files.chunks(share))
            .map(|(rows, files)| scope.spawn(move || rows.iter().zip(files).map(judge).collect::<Vec<_>>()))
            .collect();
        let parts = parts.into_iter();
        parts
            .flat_map(|part| part.join().expect("no file panics"))
            .collect()
    })
}

/// `… @ 2020-11-01`.
fn stated_time(expected: &str) -> Option<Timestamp> {
    let (_, after) = expected.rsplit_once("@ ")?;
    let date: Date = after.trim().parse().ok()?;
    Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// Whether a signature of a file says that it was made after a time.
fn claims_after(file: &[u8], time: Timestamp) -> bool {
    let opened = open(file);
    opened.is_ok_and(|opened| {
        let mut signatures = opened.signatures().iter();
        signatures.any(|signature| signature.claimed_time.is_some_and(|claimed| claimed > time))
    })
}

/// The authorities that a file carries without their own issuer.
fn topmost(file: &[u8]) -> Vec<Vec<u8>> {
    let Ok(opened) = open(file) else { return Vec::new() };
    let mut found = Vec::new();
    for signature in opened.signatures() {
        let sub_filter = signature.sub_filter.as_deref().unwrap_or_default();
        let (Ok(contents), Some(profile)) = (&signature.cms, Profile::of_sub_filter(sub_filter)) else {
            continue;
        };
        if let Ok(cms) = SignedCms::parse(contents, profile) {
            found.extend_from_slice(cms.certificates());
        }
    }
    if let Ok(evidence) = opened.evidence() {
        found.extend(evidence.certificates);
    }
    let parts = |der: &[u8]| {
        let raw = x509::raw(der).ok()?;
        Some((raw.subject.to_vec(), raw.issuer.to_vec()))
    };
    let subjects: BTreeSet<Vec<u8>> = found.iter().filter_map(|der| Some(parts(der)?.0)).collect();
    found.retain(|der| {
        let is_authority = x509::parse(der).is_ok_and(|certificate| x509::is_authority(&certificate));
        let is_top =
            parts(der).is_some_and(|(subject, issuer)| subject == issuer || !subjects.contains(&issuer));
        is_authority && is_top
    });
    found
}

fn verdict(report: &Report) -> String {
    format!(
        "{} {}",
        report.indication.as_str(),
        report.reason.unwrap_or_default()
    )
    .trim_end()
    .to_owned()
}

/// The table, and a line that sums it up.
pub fn table(rows: &[Row]) -> String {
    let mut table = String::from(
        "file\tclass\texpected\tcertseal\tcertseal, by the file's authorities\tpyHanko lenient\tpyHanko strict\tpdfsig\tagrees\n",
    );
    let mut counts: BTreeMap<(&str, String), usize> = BTreeMap::new();
    let (mut agree, mut argued) = (0, 0);
    for row in rows {
        let with_trust = row.trusting.as_ref().map(verdict).unwrap_or_default();
        let agrees = match (row.agrees(), row.contested()) {
            (true, _) => "agrees".to_owned(),
            (false, Some(why)) => format!("argued: {why}"),
            (false, None) => "DISAGREES".to_owned(),
        };
        agree += usize::from(row.agrees());
        argued += usize::from(agrees.starts_with("argued"));
        let [lenient, strict, pdfsig] = &row.others;
        let _ = writeln!(
            table,
            "{}\t{}\t{}\t{}\t{with_trust}\t{lenient}\t{strict}\t{pdfsig}\t{agrees}",
            row.file,
            row.class,
            row.expected,
            verdict(&row.report),
        );
        *counts.entry((&row.class, verdict(&row.report))).or_default() += 1;
    }
    for ((class, verdict), count) in counts {
        let _ = writeln!(table, "{class:<16} {verdict:<44} {count}");
    }
    let passed = rows.iter().filter_map(|row| row.trusting.as_ref());
    let passed = passed.filter(|report| report.indication == Indication::TotalPassed);
    let _ = writeln!(
        table,
        "{} files: {agree} agree, {argued} disagreements argued, {} open; {} pass by their own authorities",
        rows.len(),
        rows.len() - agree - argued,
        passed.count()
    );
    table
}
