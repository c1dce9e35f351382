//! What changes of state have in common, of certificates and of seals: a reason.

use certseal_core::remark::{self, MAX_REASON_CHARS, RemarkError};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    extract::Form,
    problem::{Code, FieldProblem, Problem, halves},
};

/// 变更原因 Why the state changes
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReasonBody {
    /// 原因和依据，记入登记簿 Reason and legal ground, entered in the registry
    #[schema(example = "依据处罚决定书〔2026〕12 号", min_length = 1, max_length = 500)]
    reason: String,
}

impl Form for ReasonBody {}

impl ReasonBody {
    /// The reason, which must be given.
    pub(super) fn reason(&self) -> Result<String, Problem> {
        remark::reason(&self.reason).map_err(bad_reason)
    }
}

/// Refuses a reason.
pub(super) fn bad_reason(error: RemarkError) -> Problem {
    let code = match error {
        RemarkError::Empty => "missing",
        RemarkError::TooLong(_) => "too-long",
        _ => "bad-character",
    };
    let text = error.to_string();
    let (reason, reason_en) = halves(&text);
    let hint = format!("写明事由和依据，1 至 {MAX_REASON_CHARS} 字");
    Problem::new(
        Code::Unprocessable,
        format!("“reason”（原因）{reason}，{hint}。"),
        format!("reason: {reason_en}; give one of 1 to {MAX_REASON_CHARS} visible characters."),
    )
    .errors(vec![FieldProblem {
        field: "reason".to_owned(),
        label: "原因".to_owned(),
        code: code.to_owned(),
        reason: reason.to_owned(),
        hint,
    }])
}
