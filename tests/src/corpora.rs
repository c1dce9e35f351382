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
    sign::{
        cms::{CmsEvidence, Profile, SignedCms},
        timestamp::TimeStampToken,
    },
    trust::revocation::{crl::Crl, ocsp::OcspResponse},
    verify::{
        Bearing, Finding, Indication, Level, Options, Outcome, Report, ReportedKind, TrustMaterial, Verifier,
    },
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
        "pyhanko-generated/test_sign_without_annot-0d3a2e37.pdf",
        "its page was written over with blanks",
    ),
    (
        "pyhanko-parser/minimal-startxref-hopeless2.pdf",
        "no end: every reader rebuilds its own",
    ),
    (
        "pyhanko-parser/minimal-startxref-hopeless3.pdf",
        "no start: every reader rebuilds its own",
    ),
    (
        "pyhanko/extensions-direct.pdf",
        "signed after its certificate expired, by its own word",
    ),
    (
        "pyhanko/extensions-update-direct.pdf",
        "signed after its certificate expired, by its own word",
    ),
    (
        "pyhanko/form-update-no-override-appearance-stream-ap-indirect.pdf",
        "signed after its certificate expired, by its own word",
    ),
    (
        "pyhanko/form-update-override-appearance-stream-ap-indirect.pdf",
        "signed after its certificate expired, by its own word",
    ),
    (
        "pyhanko/signed-encrypted-pubkey-with-catalog-ref.pdf",
        "signed after its certificate expired, by its own word",
    ),
    (
        "pyhanko-generated/test_old_style_signing_cert_attr_ok_False_-94d31760.pdf",
        "validated at a time before it was signed, by its own word",
    ),
    (
        "pyhanko-generated/test_do_not_enforce_key_usage_if_signer_is_root-01db3150.pdf",
        "an anchor that signs is asked for its key usage as well",
    ),
    (
        "pyhanko-generated/test_ed448_trust-de354d68.pdf",
        "no library that is kept offers Ed448",
    ),
    (
        "pyhanko-generated/test_sign_digest_mismatch_allowed_passed_through_context-90b466a2.pdf",
        "MD5 is never believed",
    ),
    (
        "pyhanko-generated/test_sv_sign_md_hint-780bca2f.pdf",
        "SHA-1 was not believed in 2020",
    ),
    (
        "pyhanko-generated/test_pades_lta_fail_qualification_requirements_cert_label1-tsa_label1-requirements1-ts_req-5a9b3086.pdf",
        "whether an authority is qualified is asked by that test alone",
    ),
    (
        "pyhanko-generated/test_pades_missing_dts-97218087.pdf",
        "no proof that is believed in 2029",
    ),
    (
        "pyhanko-generated/test_pades_hash_algorithm_banned_but_poe_ok_in_sig_-416f96c9.pdf",
        "no proof that is believed in 2029",
    ),
    (
        "pyhanko-generated/test_pades_hash_algorithm_banned_but_poe_ok_both_-f89a915e.pdf",
        "no proof that is believed in 2029",
    ),
    (
        "pyhanko-generated/test_pades_multi_sig_timestamp_algo_hedge_ok-17a9fb35.pdf",
        "no proof that is believed in 2029",
    ),
    (
        "pyhanko-generated/test_pades_lta_live_ac_validation-deff1fd5.pdf",
        "revocation data of its last timestamp are not in it",
    ),
    (
        "pyhanko-generated/test_pades_with_attributes_report_smoke_test-587342ad.pdf",
        "revocation data of its last timestamp are not in it",
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

/// What cannot be told of an encrypted file, and whose revocation data lie in it encrypted.
const HIDDEN: [(&str, &str); 3] = [
    ("structure", "ENCRYPTED"),
    ("revisions", "CHANGES_NOT_COMPARED"),
    ("revocation", "NO_REVOCATION_LIST"),
];

/// What our verdict with trust comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// TOTAL-PASSED.
    Passed,
    /// Nothing failed, and nothing is unknown but whether certificates were revoked.
    RevocationUnknown,
    /// The same, but that the file is encrypted: the signature is good, what it signs cannot be seen.
    Unreadable,
    /// Something else is open.
    Open,
    /// TOTAL-FAILED.
    Failed,
}

impl Standing {
    fn of(report: &Report) -> Standing {
        match report.indication {
            Indication::TotalPassed => Standing::Passed,
            Indication::TotalFailed => Standing::Failed,
            Indication::Indeterminate if open_checks(report).all(|(check, _)| check == "revocation") => {
                Standing::RevocationUnknown
            }
            Indication::Indeterminate if open_checks(report).all(|open| HIDDEN.contains(&open)) => {
                Standing::Unreadable
            }
            Indication::Indeterminate => Standing::Open,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::RevocationUnknown => "open for revocation alone",
            Self::Unreadable => "signature good, content encrypted",
            Self::Open => "open",
            Self::Failed => "failed",
        }
    }
}

/// Checks that bear on the verdict and did not pass, with their codes: of the file and of its signatures. What only sums
/// up others is left out.
fn open_checks(report: &Report) -> impl Iterator<Item = (&str, &str)> {
    let signatures = report.signatures.iter();
    let signatures = signatures.filter(|signature| signature.kind == ReportedKind::Signature);
    let findings = signatures.flat_map(|signature| &signature.findings);
    did_not_pass(report.findings.iter().chain(findings))
}

/// The same of timestamps, in signatures and over the document: without them a time is not proven.
fn open_timestamps(report: &Report) -> impl Iterator<Item = (&str, &str)> {
    did_not_pass(report.signatures.iter().flat_map(|signature| {
        let own = (signature.kind != ReportedKind::Signature).then_some(&signature.findings);
        let within = signature.timestamps.iter().map(|one| &one.findings);
        own.into_iter().chain(within).flatten()
    }))
}

fn did_not_pass<'r>(findings: impl Iterator<Item = &'r Finding>) -> impl Iterator<Item = (&'r str, &'r str)> {
    findings
        .filter(|finding| matches!(finding.outcome, Outcome::Undecided | Outcome::Failed))
        .filter(|finding| finding.bears_on == Bearing::Verdict && finding.check != "signatures")
        .map(|finding| (finding.check, finding.code))
}

/// A file judged with trust.
#[derive(Debug)]
pub struct Trusting {
    /// The time it was judged at.
    pub at: Timestamp,
    /// Whether the row says that it was trusted at that time.
    pub stated: Option<bool>,
    /// Our report.
    pub report: Report,
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
    /// Our report with the roots of its family as anchors, where it is signed.
    pub trusting: Option<Trusting>,
    /// The same at the other times of which the row says whether it was trusted then.
    pub otherwise: Vec<Trusting>,
}

impl Trusting {
    /// Whether our verdict is what the row says of its time.
    fn agrees(&self) -> bool {
        let standing = Standing::of(&self.report);
        match self.stated {
            // By revocation data that the test fetched years later; here nothing is fetched.
            Some(true) => standing != Standing::Failed,
            Some(false) => standing != Standing::Passed,
            None => true,
        }
    }
}

impl Row {
    /// Why we differ, where that is argued.
    pub fn contested(&self) -> Option<&'static str> {
        let mut known = CONTESTED.iter();
        known.find(|(file, _)| *file == self.file).map(|(_, why)| *why)
    }

    /// What our verdict with trust comes to.
    pub fn standing(&self) -> Option<Standing> {
        self.trusting
            .as_ref()
            .map(|trusting| Standing::of(&trusting.report))
    }

    /// Whether our verdict is what the class asks for.
    pub fn agrees(&self) -> bool {
        if !self.otherwise.iter().all(Trusting::agrees) {
            return false;
        }
        let found = self.report.indication;
        let reason = self.report.reason.unwrap_or_default();
        let standing = self.standing();
        let stated = self.trusting.as_ref().and_then(|trusting| trusting.stated);
        match demand(&self.class) {
            Demand::Failed => {
                found == Indication::TotalFailed
                    && standing.is_none_or(|standing| standing == Standing::Failed)
            }
            // Whose makers trusted it without asking for revocation data, passes or wants those alone; they had the
            // password as well.
            Demand::NotFailed if stated == Some(true) => {
                found != Indication::TotalFailed
                    && standing.is_some_and(|standing| standing <= Standing::Unreadable)
            }
            Demand::NotFailed => {
                found != Indication::TotalFailed
                    && standing.is_none_or(|standing| standing != Standing::Failed)
            }
            Demand::Read => !matches!(reason, "FILE_DAMAGED" | "NOT_A_PDF"),
            // Whose path was refused for want of an anchor, or by one of several policies, may have a good one.
            Demand::NotPassed => {
                let is_relative = ["NO_CERTIFICATE_CHAIN_FOUND", "trusted=True"];
                let is_relative = is_relative.iter().any(|word| self.expected.contains(word));
                // A timestamp that is not good fails itself only.
                let is_of_time = self.class == "BAD-TST"
                    && self
                        .trusting
                        .as_ref()
                        .is_some_and(|trusting| open_timestamps(&trusting.report).next().is_some());
                let passes = standing == Some(Standing::Passed);
                found != Indication::TotalPassed && (is_relative || is_of_time || !passes)
            }
        }
    }

    /// The levels that its signatures attain with trust.
    pub fn levels(&self) -> String {
        let signatures = self
            .trusting
            .iter()
            .flat_map(|trusting| &trusting.report.signatures);
        let levels: Vec<&str> = signatures
            .filter(|signature| signature.kind == ReportedKind::Signature)
            .map(|signature| signature.level.map_or("-", Level::as_str))
            .collect();
        levels.join(" ")
    }

    /// The level that its makers state, in our words.
    pub fn stated_level(&self) -> Option<String> {
        let (_, after) = self.expected.split_once("BASELINE_")?;
        let word: String = after.chars().take_while(char::is_ascii_uppercase).collect();
        Some(format!("B-{word}"))
    }
}

/// What a file brings along.
#[derive(Debug, Default)]
struct Brought {
    certificates: Vec<Vec<u8>>,
    /// The youngest time that anything in it states.
    youngest: Option<Timestamp>,
}

impl Brought {
    fn of(file: &[u8], report: &Report) -> Brought {
        let Ok(opened) = open(file) else {
            return Brought::default();
        };
        let mut pieces: Vec<CmsEvidence> = Vec::new();
        let mut times: Vec<Timestamp> = Vec::new();
        for signature in opened.signatures() {
            times.extend(signature.claimed_time);
            let sub_filter = signature.sub_filter.as_deref().unwrap_or_default();
            let Ok(contents) = &signature.cms else { continue };
            if let Ok(token) = TimeStampToken::parse(contents) {
                pieces.push(token.evidence());
            } else if let Some(profile) = Profile::of_sub_filter(sub_filter)
                && let Ok(cms) = SignedCms::parse(contents, profile)
            {
                pieces.push(cms.evidence());
                let tokens = cms
                    .timestamp_tokens()
                    .filter_map(|token| TimeStampToken::parse(token).ok());
                pieces.extend(tokens.map(|token| token.evidence()));
            }
        }
        if let Ok(evidence) = opened.evidence() {
            pieces.push(CmsEvidence {
                certificates: evidence.certificates,
                crls: evidence.crls,
                ocsps: evidence.ocsps,
            });
        }
        for signature in &report.signatures {
            let all = signature.timestamps.iter().map(|one| &one.signed_by);
            let all = all.chain([&signature.signed_by]).flatten();
            times.extend(all.filter_map(|by| by.signed_at));
        }
        let mut certificates = Vec::new();
        for piece in pieces {
            certificates.extend(piece.certificates);
            let crls = piece.crls.iter().filter_map(|der| Crl::parse(der).ok());
            times.extend(crls.map(|crl| crl.this_update()));
            let ocsps = piece.ocsps.iter().filter_map(|der| OcspResponse::parse(der).ok());
            times.extend(ocsps.map(|response| response.produced_at()));
        }
        Brought {
            certificates,
            youngest: times.into_iter().max(),
        }
    }
}

/// Certificates of authorities: those that nothing else of the set issued, and the others.
fn authorities<'a>(certificates: impl Iterator<Item = &'a Vec<u8>>) -> TrustMaterial {
    let all: BTreeSet<&Vec<u8>> = certificates
        .filter(|der| x509::parse(der).is_ok_and(|certificate| x509::is_authority(&certificate)))
        .collect();
    let parts = |der: &[u8]| {
        let raw = x509::raw(der).ok()?;
        Some((raw.subject.to_vec(), raw.issuer.to_vec()))
    };
    let subjects: BTreeSet<Vec<u8>> = all.iter().filter_map(|der| Some(parts(der)?.0)).collect();
    let is_top = |der: &&Vec<u8>| {
        parts(der).is_some_and(|(subject, issuer)| subject == issuer || !subjects.contains(&issuer))
    };
    let (anchors, intermediates): (Vec<_>, Vec<_>) = all.into_iter().partition(is_top);
    TrustMaterial {
        anchors: anchors.into_iter().cloned().collect(),
        intermediates: intermediates.into_iter().cloned().collect(),
        ..TrustMaterial::default()
    }
}

/// Runs over a list on every processor, in order.
fn each<'a, T: Sync, R: Send>(items: &'a [T], work: impl Fn(usize, &'a T) -> R + Sync) -> Vec<R> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let share = items.len().div_ceil(threads).max(1);
    thread::scope(|scope| {
        let work = &work;
        let parts: Vec<_> = items
            .chunks(share)
            .enumerate()
            .map(|(part, items)| {
                let items = items.iter().enumerate();
                scope.spawn(move || {
                    items
                        .map(|(index, item)| work(part * share + index, item))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        let parts = parts.into_iter();
        parts
            .flat_map(|part| part.join().expect("no file panics"))
            .collect()
    })
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
    let verifier = |material| Verifier::new(material).expect("certificates that were read are good material");

    // 1. By nobody's trust.
    let nobody = verifier(TrustMaterial::default());
    let now = Timestamp::now();
    let first = each(&rows, |_, columns: &Vec<&str>| {
        let file = std::fs::read(root.join(columns[0])).expect("the manifest names files");
        let report = nobody.verify_file(&file, &Options { now }, None);
        let brought = Brought::of(&file, &report);
        (file, report, brought)
    });

    // 2. By the authorities of its family: pyHanko's files share theirs, the others have their own.
    let is_of_family = |columns: &[&str]| columns[0].starts_with("pyhanko");
    let of_family = rows
        .iter()
        .zip(&first)
        .filter(|(columns, _)| is_of_family(columns));
    let family = verifier(authorities(
        of_family.flat_map(|(_, (_, _, brought))| &brought.certificates),
    ));
    let mut trusting = each(&rows, |index, columns: &Vec<&str>| {
        let (file, report, brought) = &first[index];
        if report.signatures.is_empty() {
            return None;
        }
        let mut times: Vec<(Timestamp, Option<bool>)> = stated(columns.get(7).unwrap_or(&""))
            .into_iter()
            .map(|(at, stated)| {
                // A day is named, and what was signed on that day was validated on it.
                let on_the_day = |time: &Timestamp| *time > at && time.duration_since(at).as_hours() < 24;
                (brought.youngest.filter(on_the_day).unwrap_or(at), Some(stated))
            })
            .collect();
        if times.is_empty() {
            times.push((brought.youngest?.min(now), None));
        }
        let own;
        let verifier = if is_of_family(columns) {
            &family
        } else {
            own = verifier(authorities(brought.certificates.iter()));
            &own
        };
        let judged = times.into_iter().map(|(at, stated)| Trusting {
            at,
            stated,
            report: verifier.verify_file(file, &Options { now: at }, None),
        });
        Some(judged.collect::<Vec<_>>())
    })
    .into_iter();
    let columns = rows.iter().map(|columns| {
        let columns = columns.clone();
        move |index: usize| (*columns.get(index).unwrap_or(&"")).to_owned()
    });
    columns
        .zip(first)
        .map(|(column, (_, report, _))| {
            let mut judged = trusting.next().flatten().unwrap_or_default().into_iter();
            (column, report, judged.next(), judged.collect())
        })
        .map(|(column, report, trusting, otherwise)| Row {
            report,
            trusting,
            otherwise,
            file: column(0),
            class: column(6),
            expected: column(7),
            others: [column(10), column(11), column(13)],
        })
        .collect()
}

/// `… trusted=True … @ 2020-11-01`: the first time at which it was trusted and good, else the last at which it was not;
/// then the other days of which the row says one thing alone.
fn stated(expected: &str) -> Vec<(Timestamp, bool)> {
    let mut all: Vec<(Timestamp, bool)> = Vec::new();
    for part in expected.split("; ") {
        let date = part
            .rsplit_once("@ ")
            .and_then(|(before, date)| Some((before, date.trim().parse::<Date>().ok()?)));
        let Some((before, date)) = date else { continue };
        let Ok(day) = date.to_zoned(TimeZone::UTC) else {
            continue;
        };
        // Trusted, and nothing else of it is wrong.
        let is_trusted = before.contains("trusted=True") && !before.contains("bottom=False");
        all.push((day.timestamp(), is_trusted));
    }
    let first = all.iter().find(|(_, trusted)| *trusted).or(all.last()).copied();
    let mut found: Vec<(Timestamp, bool)> = first.into_iter().collect();
    for (day, trusted) in &all {
        let is_known = found.iter().any(|(known, _)| known == day);
        let is_one = all.iter().all(|(other, said)| other != day || said == trusted);
        if !is_known && is_one {
            found.push((*day, *trusted));
        }
    }
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

/// The table, and after a blank line what it comes to by class.
pub fn table(rows: &[Row]) -> String {
    let mut table = String::from(
        "file\tclass\texpected\tcertseal\tcertseal, with trust\tstanding\topen for\tat\tlevel\tstated level\tpyHanko lenient\t\
         pyHanko strict\tpdfsig\tagrees\n",
    );
    let mut counts: BTreeMap<(&str, String), usize> = BTreeMap::new();
    let mut standings: BTreeMap<(&str, Standing), usize> = BTreeMap::new();
    let (mut agree, mut argued) = (0, 0);
    for row in rows {
        let trusting = row.trusting.as_ref();
        let with_trust = trusting
            .map(|trusting| verdict(&trusting.report))
            .unwrap_or_default();
        let open: BTreeSet<String> = trusting
            .into_iter()
            .flat_map(|trusting| {
                let own = open_checks(&trusting.report).map(|(check, code)| format!("{check}:{code}"));
                let of_time = open_timestamps(&trusting.report);
                own.chain(of_time.map(|(check, code)| format!("timestamp/{check}:{code}")))
            })
            .collect();
        let open: Vec<String> = open.into_iter().collect();
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
            "{}\t{}\t{}\t{}\t{with_trust}\t{}\t{}\t{}\t{}\t{}\t{lenient}\t{strict}\t{pdfsig}\t{agrees}",
            row.file,
            row.class,
            row.expected,
            verdict(&row.report),
            row.standing().map_or("", Standing::as_str),
            open.join(" "),
            trusting
                .map(|trusting| trusting.at.to_string())
                .unwrap_or_default(),
            row.levels(),
            row.stated_level().unwrap_or_default(),
        );
        *counts.entry((&row.class, verdict(&row.report))).or_default() += 1;
        if let Some(standing) = row.standing() {
            *standings.entry((&row.class, standing)).or_default() += 1;
        }
    }
    table.push_str("\nby nobody's trust\n");
    for ((class, verdict), count) in counts {
        let _ = writeln!(table, "{class:<16} {verdict:<44} {count}");
    }
    table.push_str("\nwith trust\n");
    for ((class, standing), count) in standings {
        let _ = writeln!(table, "{class:<16} {:<44} {count}", standing.as_str());
    }
    let _ = writeln!(
        table,
        "{} files: {agree} agree, {argued} disagreements argued, {} open",
        rows.len(),
        rows.len() - agree - argued,
    );
    table
}
