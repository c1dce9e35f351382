//! Core's refusals as problems. What is the caller's to mend is told in full; what is ours is logged.

use certseal_core::{
    catalogue::FieldError,
    issue::{IssueError, refusal_zh},
    registry::{AppendError, ObjectsError, RegistryError},
};

use crate::problem::{Code, FieldProblem, Problem, halves};

impl From<FieldError> for FieldProblem {
    fn from(error: FieldError) -> Self {
        Self {
            field: error.field,
            label: error.label,
            code: error.code.to_owned(),
            reason: error.reason,
            hint: error.hint,
        }
    }
}

/// The refusal of face data.
pub(crate) fn fields(errors: Vec<FieldProblem>) -> Problem {
    let names: Vec<&str> = errors
        .iter()
        .map(|error| {
            if error.label.is_empty() {
                &*error.field
            } else {
                &*error.label
            }
        })
        .collect();
    let detail = format!(
        "{} 项有误：{}。逐项原因和改正办法见 errors。",
        errors.len(),
        names.join("、")
    );
    let detail_en = format!("{} field(s) refused; see errors for each.", errors.len());
    Problem::new(Code::FaceDataRefused, detail, detail_en).errors(errors)
}

impl From<IssueError> for Problem {
    fn from(error: IssueError) -> Self {
        match error {
            IssueError::UnknownType(key) => Self::new(
                Code::Unprocessable,
                format!("没有证照类型“{key}”，可用的类型见 /v1/types。"),
                format!("Unknown certificate type {key}; see /v1/types."),
            ),
            IssueError::Fields(errors) => fields(errors.into_iter().map(FieldProblem::from).collect()),
            IssueError::IdempotencyConflict => Self::new(
                Code::IdempotencyConflict,
                "该幂等键已用于内容不同的申请。重试请原样重发，新申请请换用新的幂等键。",
                "This idempotency key was used for a different request. Repeat that request unchanged, or use a new key.",
            ),
            IssueError::NotFound(identifier) => no_certificate(&identifier),
            IssueError::Refused { refusal } => refused(&refusal),
            IssueError::Registry(error) => error.into(),
            IssueError::Objects(error) => error.into(),
            IssueError::NoIssuer(_)
            | IssueError::NoSeal { .. }
            | IssueError::Seal(_)
            | IssueError::ForeignSeal { .. }
            | IssueError::NationalSeal { .. }
            | IssueError::Signer { .. } => {
                let text = error.to_string();
                let (zh, en) = halves(&text);
                Self::new(
                    Code::Conflict,
                    format!("{zh}。请与印章管理员联系。"),
                    format!("No usable seal or issuer for this type ({en}); ask the keeper of the seals."),
                )
            }
            IssueError::Identifier(_) | IssueError::Number(_) => {
                let text = error.to_string();
                let (zh, en) = halves(&text);
                Self::new(
                    Code::Unprocessable,
                    format!("{zh}。请核对证照编号。"),
                    format!("No certificate identifier can be made for this number: {en}."),
                )
            }
            error => Self::internal(&error),
        }
    }
}

/// There is no such certificate.
pub(crate) fn no_certificate(identifier: &str) -> Problem {
    Problem::not_found(
        format!("没有标识为 {identifier} 的证照，请核对标识。"),
        format!("No certificate has the identifier {identifier}."),
    )
}

fn refused(error: &AppendError) -> Problem {
    let code = match error {
        AppendError::NotFound { .. } => Code::NotFound,
        AppendError::Unrecordable { .. } | AppendError::PredecessorOfOtherType { .. } => Code::Unprocessable,
        _ => Code::Conflict,
    };
    Problem::new(
        code,
        format!("{}。", refusal_zh(error)),
        format!("The registry refuses: {error}."),
    )
}

impl From<RegistryError> for Problem {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::Unavailable(_) | RegistryError::StorageFull | RegistryError::Halted(_) => {
                unavailable(&error)
            }
            error => Self::internal(&error),
        }
    }
}

impl From<ObjectsError> for Problem {
    fn from(error: ObjectsError) -> Self {
        match error {
            ObjectsError::StorageFull => unavailable(&error),
            error => Self::internal(&error),
        }
    }
}

fn unavailable(error: &dyn std::error::Error) -> Problem {
    tracing::error!(%error, "the service cannot work at present");
    Problem::new(
        Code::Unavailable,
        "登记簿或文件库暂不可用。请稍后用同一幂等键重试（不会重复签发），并告知管理员。",
        "The registry or document store is unavailable. Retry later with the same key; nothing is issued twice.",
    )
    .retry_after(30)
}
