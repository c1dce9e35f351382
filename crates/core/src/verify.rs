//! File or QR in, verdict out.
//!
//! A foreign or broken file is a finding in the [`Report`], never an `Err`: errors are kept for our
//! own side failing to work. The total is a function of the list of checks, so that leaving a check
//! out can never raise the verdict.

use jiff::Timestamp;
use serde::Serialize;

/// Main indication (ETSI EN 319 102-1 §5.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Indication {
    /// Every required check passed.
    #[serde(rename = "TOTAL-PASSED")]
    TotalPassed,
    /// A check failed that no later data can mend.
    #[serde(rename = "TOTAL-FAILED")]
    TotalFailed,
    /// Not enough data to decide.
    #[serde(rename = "INDETERMINATE")]
    Indeterminate,
}

/// Outcome of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The question was answered with yes.
    Passed,
    /// The question was answered with no.
    Failed,
    /// The question could not be answered with the data at hand.
    Undecided,
    /// The question does not arise for this input.
    NotApplicable,
}

/// One check and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stable name of the check, such as `byte-range`.
    pub check: &'static str,
    /// Outcome.
    pub outcome: Outcome,
    /// Stable reason code, ETSI sub-indication where there is one (`HASH_FAILURE`).
    pub code: &'static str,
    /// What was found, in Chinese.
    pub message: String,
    /// The same in English.
    pub message_en: String,
    /// What to do, in Chinese; empty when passed.
    pub hint: String,
}

/// Outcome of a verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Version of this structure; fields are only ever added.
    pub schema: &'static str,
    /// The verdict.
    pub indication: Indication,
    /// Code of the finding that decided, none when passed.
    pub sub_indication: Option<&'static str>,
    /// Time of verification.
    pub verified_at: Timestamp,
    /// The checks in order.
    pub findings: Vec<Finding>,
}
