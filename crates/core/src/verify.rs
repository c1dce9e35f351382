//! File or QR in, verdict out.
//!
//! A foreign or broken file is a finding in the [`Report`], never an `Err`: errors are kept for our
//! own side failing to work. The total is a function of the list of checks, so that leaving a check
//! out can never raise the verdict.

mod checks;
mod report;
pub(crate) mod text;

pub use report::{
    Bearing, Conclusion, Finding, Force, Indication, Input, Outcome, Report, SignedBy, SubIndication, Subject,
};
pub use text::Language;
