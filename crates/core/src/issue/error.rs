//! Why nothing is issued, in the words of whoever has to mend it.

use std::path::PathBuf;

use super::{NationalSealFault, press::PressError};
use crate::{
    catalogue::{FieldError, NumberError},
    clock::clock_time,
    codes::CodeError,
    crypto::KeyFolderError,
    face::FaceError,
    registry::{AppendError, ObjectsError, RegistryError},
    seal::{Refusal, SealError, impression::ImpressionError},
    trust::path::PathError,
};

/// A revocation list that is missing or damaged: what it revokes would go on signing.
#[derive(Debug, thiserror::Error)]
#[error("吊销列表 {} 不可用 (the revocation list cannot be used)", path.display())]
pub struct UnusableList {
    /// The file.
    pub path: PathBuf,
    /// What is wrong.
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// Why nothing was issued or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// No such certificate type.
    #[error("没有证照类型 {0} (unknown certificate type)")]
    UnknownType(String),
    /// The type's department does not issue in this installation.
    #[error("部门 {0} 未在 certseal.toml 中登记为颁证机构 (department is not an issuer here)")]
    NoIssuer(String),
    /// The department has no seal of the kind its type names.
    #[error("部门 {department} 没有“{kind}”类印章 (no seal of this kind)")]
    NoSeal {
        /// The department.
        department: String,
        /// Kind of seal.
        kind: String,
    },
    /// Values that are missing or wrong.
    #[error("{}", join(.0))]
    Fields(Vec<FieldError>),
    /// The seal may not sign.
    #[error(transparent)]
    Seal(#[from] Refusal),
    /// The seal is another department's.
    #[error("印章 {seal} 属于{owner}，不能用于{issuer}颁发的证照 (the seal is another department's)")]
    ForeignSeal {
        /// The seal.
        seal: String,
        /// Whose it is.
        owner: String,
        /// Who issues.
        issuer: String,
    },
    /// Verifiers would refuse the signer certificate.
    #[error("签章证书 {name} {} ({source})", unfit_zh(source))]
    Signer {
        /// Name of the key.
        name: String,
        /// Why.
        source: PathError,
    },
    /// A revocation list of our own cannot be used.
    #[error(transparent)]
    RevocationLists(#[from] UnusableList),
    /// No seal maker is known.
    #[error("没有制章者证书，无法核对印章 {0} (no seal maker is known)")]
    NoSealMaker(String),
    /// The seal's definition cannot be trusted.
    #[error("印章 {id} 不可用 (seal cannot be used)")]
    SealDefinition {
        /// The seal.
        id: String,
        /// What is wrong.
        source: SealError,
    },
    /// The seal cannot be applied in its national form.
    #[error("印章 {id}：{source}")]
    NationalSeal {
        /// The seal.
        id: String,
        /// What is wrong.
        source: NationalSealFault,
    },
    /// The key stands for another request.
    #[error("幂等键已用于另一份申请 (idempotency key was used for another request)")]
    IdempotencyConflict,
    /// No certificate has the identifier.
    #[error("没有标识为 {0} 的证照 (no such certificate)")]
    NotFound(String),
    /// The certificate identifier cannot be composed.
    #[error("无法编制电子证照标识：{0} (certificate identifier)")]
    Identifier(#[from] CodeError),
    /// No number follows from the type's rule.
    #[error(transparent)]
    Number(#[from] NumberError),
    /// The registry refuses by its rules.
    #[error("登记簿拒绝：{} ({refusal})", refusal_zh(refusal))]
    Refused {
        /// By which rule.
        refusal: AppendError,
    },
    /// The template cannot be used.
    #[error(transparent)]
    Template(FaceError),
    /// The document cannot be made.
    #[error(transparent)]
    Press(#[from] PressError),
    /// The impression of a sample cannot be drawn.
    #[error(transparent)]
    Impression(#[from] ImpressionError),
    /// The signing key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyFolderError),
    /// The registry does not work.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The object store does not work.
    #[error(transparent)]
    Objects(#[from] ObjectsError),
    /// The operating system gives no randomness, or a worker died.
    #[error("内部错误：{0} (internal error)")]
    Internal(&'static str),
}

fn join(errors: &[FieldError]) -> String {
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    texts.join("；")
}

/// What a seal keeper reads of a signer certificate that verifiers would refuse.
fn unfit_zh(error: &PathError) -> String {
    match error {
        PathError::Revoked { revoked_at, .. } => format!("已于 {} 吊销", clock_time(*revoked_at)),
        PathError::Expired { .. } => "已过期".to_owned(),
        PathError::NotYetValid { .. } => "尚未生效".to_owned(),
        PathError::WrongUsage { .. } => "不是签章用途的证书".to_owned(),
        _ => "追溯不到本机构的根证书".to_owned(),
    }
}

/// What a clerk reads when the registry refuses.
pub fn refusal_zh(error: &AppendError) -> String {
    match error {
        AppendError::AlreadyEnrolled { number, .. } => format!("编号 {number} 已登记为存量"),
        AppendError::IdempotencyConflict { .. } => "幂等键已用于另一份申请".to_owned(),
        AppendError::IdentifierInUse { identifier } => format!("标识 {identifier} 已被使用"),
        AppendError::IllegalTransition { from, operation, .. } => {
            format!("该证照现为“{}”，不能{}", from.name_zh(), operation.name_zh())
        }
        AppendError::IllegalSealTransition { from, operation, .. } => {
            format!("该印章现为“{}”，不能做“{}”", from.name_zh(), operation.name_zh())
        }
        AppendError::NotFound { identifier } => format!("没有标识为 {identifier} 的证照"),
        AppendError::NumberInUse {
            number, identifier, ..
        } => {
            format!("编号 {number} 已由证照 {identifier} 使用；换发请注明原证照")
        }
        AppendError::PredecessorOfOtherType { identifier, .. } => {
            format!("原证照 {identifier} 属于另一证照类型")
        }
        AppendError::SealExists { seal } => format!("印章 {seal} 已登记"),
        AppendError::SealNotInForce { seal, status } => format!("印章 {seal} {}", status.name_zh()),
        AppendError::SealUnknown { seal } => format!("印章 {seal} 未登记"),
        AppendError::Unrecordable { field, reason } => format!("{field} 无法入簿：{reason}"),
    }
}

/// A face that cannot be printed is the caller's to mend, like a field that fails its check.
pub(super) fn printing_errors(error: PressError) -> IssueError {
    match error {
        PressError::Face(errors) => IssueError::Fields(errors.iter().map(field_error).collect()),
        other => IssueError::Press(other),
    }
}

/// A printing error in the form of a field error.
pub fn field_error(error: &FaceError) -> FieldError {
    let (field, label, code, hint) = match error {
        FaceError::DoesNotFit { field, label, .. } => (field, label, "does-not-fit", "缩短内容"),
        FaceError::MissingGlyph { field, label, .. } => {
            (field, label, "missing-glyph", "核对用字，或安装所缺字体")
        }
        FaceError::PrivateUse { field, label, .. } => (field, label, "private-use", "改用标准汉字编码"),
        FaceError::Photo { field, label, .. } => (field, label, "bad-photo", "更换照片"),
        _ => {
            return FieldError {
                field: String::new(),
                label: String::new(),
                code: "template",
                reason: error.to_string(),
                hint: "请与模板维护人员联系".to_owned(),
            };
        }
    };
    FieldError {
        field: field.clone(),
        label: label.clone(),
        code,
        reason: error.to_string(),
        hint: hint.to_owned(),
    }
}
