//! The form of a verification report, for the OpenAPI document. Core writes the report itself; that both
//! agree is tested with what the server answers (`tests/tests/serve.rs`).
#![expect(dead_code, reason = "describes what core writes")]

use jiff::Timestamp;
use utoipa::ToSchema;

/// 核验报告 Report of a verification
#[derive(ToSchema)]
pub(crate) struct Report {
    /// 本结构的版本，只增不改 Version of this structure; members are only ever added
    #[schema(example = "certseal-report/1")]
    schema: String,
    input: Input,
    indication: Indication,
    /// 决定结论的 ETSI 子结论 ETSI sub-indication of the finding that decided
    #[schema(example = "HASH_FAILURE")]
    sub_indication: Option<String>,
    /// 该项的原因代码 Its reason code
    reason: Option<String>,
    in_force: Force,
    conclusion: Conclusion,
    /// 核验时间 Time of verification
    #[schema(value_type = String, format = DateTime)]
    verified_at: Timestamp,
    /// 登记簿答复的截至时间，未查则为空 As-of time of the registry's word; null if it was not asked
    #[schema(value_type = Option<String>, format = DateTime)]
    registry_as_of: Option<Timestamp>,
    subject: Option<Subject>,
    signed_by: Option<SignedBy>,
    /// 逐项核验结果 One finding a check, in order
    findings: Vec<Finding>,
}

/// 提交的是什么：`document` 签章文件，`token` 二维码，`identifier` 只有标识，`unknown` 无法识别 What was given
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
enum Input {
    Document,
    Token,
    Identifier,
    Unknown,
}

/// 真伪（ETSI EN 319 102-1） Genuine or not
#[derive(ToSchema)]
enum Indication {
    #[schema(rename = "TOTAL-PASSED")]
    TotalPassed,
    #[schema(rename = "TOTAL-FAILED")]
    TotalFailed,
    #[schema(rename = "INDETERMINATE")]
    Indeterminate,
}

/// 效力：`in-force` 有效；`by-dates` 在有效期内而登记簿未查；`not-yet` 尚未生效；`expired` 已过期；`suspended` 暂扣；`revoked`
/// 撤销；`cancelled` 注销；`superseded` 已换发；`unknown` 无法确定 Whether it is in force
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
#[expect(clippy::enum_variant_names, reason = "the words of the report")]
enum Force {
    InForce,
    ByDates,
    NotYet,
    Expired,
    Suspended,
    Revoked,
    Cancelled,
    Superseded,
    Unknown,
}

/// 总结论，程序请按此判断 Branch on this：`good` 真实且有效 genuine and in force（`in_force` 为 `by-dates` 时登记状态未查，须另行查询 with
/// `by-dates` the status was not asked）；`not-in-force` 真实但不在效力内 genuine, not in force；`undecided` 无法判定 cannot be
/// decided；`bad` 不真实 not genuine
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
enum Conclusion {
    Good,
    NotInForce,
    Undecided,
    Bad,
}

/// 所称证照，真伪未定时不可采信 The certificate that it says it is; believe it under TOTAL-PASSED only
#[derive(ToSchema)]
struct Subject {
    /// 电子证照标识 Certificate identifier
    identifier: String,
    /// 证照类型代码 Certificate type code
    type_code: String,
    /// 证照类型名称 Name of the type
    type_name: String,
    /// 证照编号 Certificate number
    number: String,
    /// 持证主体 Holder's name
    holder_name: String,
    /// 持证主体代码，中段隐去 Holder's code, its middle hidden
    holder_code_masked: Option<String>,
    /// 颁证机构代码 Unified social credit code of the issuing authority
    issuer_code: String,
    /// 颁证机构 Its name
    issuer_name: Option<String>,
    /// 颁发日期 Date of issue
    #[schema(value_type = String, format = Date)]
    issued_on: String,
    /// 有效期起 First day in force
    #[schema(value_type = String, format = Date)]
    valid_from: String,
    /// 有效期止，长期则为空 Last day in force; null for unlimited
    #[schema(value_type = Option<String>, format = Date)]
    valid_until: Option<String>,
}

/// 签章者 Who signed
#[derive(ToSchema)]
struct SignedBy {
    /// 签章证书主体 Subject of the signer certificate
    name: String,
    /// 签章证书的 SHA-256 Its SHA-256
    fingerprint: String,
    /// 信任锚的 SHA-256 SHA-256 of the trust anchor its path ends in
    anchor: Option<String>,
    /// 签章者所称时间 When, by the signer's own word
    #[schema(value_type = Option<String>, format = DateTime)]
    signed_at: Option<Timestamp>,
    /// 登记簿证明的时间 By when, as the registry's entry proves
    #[schema(value_type = Option<String>, format = DateTime)]
    proven_at: Option<Timestamp>,
}

/// 一项核验结果 One check and what came of it
#[derive(ToSchema)]
struct Finding {
    /// 检查项，不变 Stable name of the check
    #[schema(example = "byte-range")]
    check: String,
    /// 检查什么 What is checked
    title: String,
    /// The same in English.
    title_en: String,
    bears_on: Bearing,
    outcome: Outcome,
    /// 原因代码，不变；通过为 OK Stable reason code
    #[schema(example = "OK")]
    code: String,
    /// ETSI 子结论，仅未通过时有 ETSI sub-indication, unless passed
    #[schema(value_type = String, required = false)]
    sub_indication: Option<String>,
    /// 查明什么 What was found
    message: String,
    /// The same in English.
    message_en: String,
    /// 怎么办，通过则为空 What to do; empty when passed
    hint: String,
    /// The same in English.
    hint_en: String,
}

/// 影响真伪还是效力 Whether the verdict depends on it, or only the force
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
enum Bearing {
    Verdict,
    Force,
}

/// 通过、未通过、无法判定、不适用 Outcome of one check
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
enum Outcome {
    Passed,
    Failed,
    Undecided,
    NotApplicable,
}
