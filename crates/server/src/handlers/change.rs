//! What changes of state have in common, of certificates and of seals: a reason, and one form of handler.

use certseal_core::remark::{self, MAX_REASON_CHARS, RemarkError};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::problem::{Code, FieldProblem, Problem};

/// 变更原因 Why the state changes
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReasonBody {
    /// 原因和依据，记入登记簿 Reason and legal ground, entered in the registry
    #[schema(example = "依据处罚决定书〔2026〕12 号", min_length = 1, max_length = 500)]
    reason: String,
}

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
    Problem::new(
        Code::Unprocessable,
        format!("原因{error}。"),
        format!("Give a reason of 1 to {MAX_REASON_CHARS} visible characters."),
    )
    .errors(vec![FieldProblem {
        field: "reason".to_owned(),
        label: "原因".to_owned(),
        code: code.to_owned(),
        reason: error.to_string(),
        hint: format!("写明事由和依据，1 至 {MAX_REASON_CHARS} 字"),
    }])
}

/// A handler `POST …/{which}/verb` with a reason, that carries out one change and answers with the new
/// state: `change!(name "operation" "path" {which} of "tag" by function(argument) -> View, "summary")`.
macro_rules! change {
    ($name:ident $id:literal $path:literal {$which:literal $about:literal} of $tag:literal
     by $function:ident($how:expr) -> $view:ident, $summary:literal) => {
        #[doc = $summary]
        #[utoipa::path(
                            post, path = $path, tag = $tag, security(("api-key" = [])), operation_id = $id,
                            params(($which = String, Path, description = $about)),
                            request_body = ReasonBody,
                            responses(
                                (status = 200, body = $view),
                                (status = 400, body = ProblemBody, content_type = "application/problem+json"),
                                (status = 401, body = ProblemBody, content_type = "application/problem+json"),
                                (status = 403, body = ProblemBody, content_type = "application/problem+json"),
                                (status = 404, body = ProblemBody, content_type = "application/problem+json"),
                                (status = 409, body = ProblemBody, content_type = "application/problem+json"),
                                (status = 413, body = ProblemBody, content_type = "application/problem+json"),
                                (status = 415, body = ProblemBody, content_type = "application/problem+json"),
                                (status = 422, body = ProblemBody, content_type = "application/problem+json"),
                                (status = 503, body = ProblemBody, content_type = "application/problem+json"),
                            )
                        )]
        pub(crate) async fn $name(
            State(app): State<Arc<App>>,
            caller: Principal,
            Path(which): Path<String>,
            Json(body): Json<ReasonBody>,
        ) -> Result<Answer<$view>, Problem> {
            $function(app, caller, which, $how, &body).await
        }
    };
}
pub(super) use change;
