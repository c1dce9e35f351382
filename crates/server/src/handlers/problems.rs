//! What the `type` of a problem leads to.

use axum::Json as Answer;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    extract::Path,
    problem::{Code, Problem},
};

/// 错误类型 A kind of problem
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProblemKind {
    /// Stable code.
    #[schema(example = "face-data-refused")]
    code: &'static str,
    /// HTTP status it comes with.
    status: u16,
    /// 名称 Title
    title: &'static str,
    /// Title in English.
    title_en: &'static str,
}

/// 错误类型说明 About a kind of problem
#[utoipa::path(
    get, path = "/v1/problems/{code}", tag = "运行 operation",
    params(("code" = String, Path, description = "错误代码 Code of the problem")),
    responses(
        (status = 200, body = ProblemKind),
    )
)]
pub(crate) async fn problem(Path(code): Path<String>) -> Result<Answer<ProblemKind>, Problem> {
    let known = Code::ALL.iter().find(|known| known.slug() == code);
    let known = known.ok_or_else(|| Problem::not_found("没有这种错误类型。", "No such kind of problem."))?;
    let (title, title_en) = known.titles();
    Ok(Answer(ProblemKind {
        code: known.slug(),
        status: known.status().as_u16(),
        title,
        title_en,
    }))
}
