//! What callers see of a record: personal data masked unless it is their business.

use certseal_core::{
    clock::civil_date,
    profile::Profile,
    registry::{CertificateRecord, RecordedDocument, Status},
};
use jiff::{Timestamp, civil::Date};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{App, auth::Principal};

/// State of a certificate on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    /// 有效
    InForce,
    /// 尚未生效
    NotYetValid,
    /// 已过期
    Expired,
    /// 暂扣
    Suspended,
    /// 撤销、吊销
    Revoked,
    /// 注销
    Cancelled,
    /// 已换发
    Superseded,
}

impl State {
    /// The registry's word first, then the dates.
    pub(crate) fn of(record: &CertificateRecord, now: Timestamp) -> Self {
        let today = civil_date(now);
        match record.status {
            Status::Suspended => Self::Suspended,
            Status::Revoked => Self::Revoked,
            Status::Cancelled => Self::Cancelled,
            Status::Superseded => Self::Superseded,
            Status::InForce if today < record.valid_from => Self::NotYetValid,
            Status::InForce if record.valid_until.is_some_and(|until| today > until) => Self::Expired,
            Status::InForce => Self::InForce,
        }
    }
}

/// 证照登记信息 What the registry knows of one certificate
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Certificate)]
pub(crate) struct CertificateView {
    /// 电子证照标识 National certificate identifier (GB/T 36904)
    identifier: String,
    /// 证照类型键 Type key
    #[serde(rename = "type")]
    certificate_type: String,
    /// 证照类型名称 Name of the type
    type_name: Option<String>,
    /// 证照编号 Certificate number; masked where it is a person's identity number
    number: String,
    /// 持证主体 Holder's name, masked unless the certificate is of the caller's department
    holder_name: String,
    /// 持证主体代码 Holder's code, masked likewise
    holder_code: Option<String>,
    /// 是否已脱敏 Whether holder and number are masked
    masked: bool,
    /// 颁证机构 Issuing authority
    issuer_name: String,
    /// 颁证机构代码 Its unified social credit code
    issuer_code: String,
    /// 颁发日期 Date of issue
    #[schema(value_type = String, format = Date)]
    issued_on: Date,
    /// 有效期起 First day in force
    #[schema(value_type = String, format = Date)]
    valid_from: Date,
    /// 有效期止，长期有效则为空 Last day in force; null for unlimited
    #[schema(value_type = Option<String>, format = Date)]
    valid_until: Option<Date>,
    /// 当前状态 Present state
    state: State,
    /// 该登记状态起始时间 Since when the registry says so
    #[schema(value_type = String, format = DateTime)]
    state_since: Timestamp,
    /// 变更原因 Why, as given; empty for a plain issue and for other departments
    state_reason: String,
    /// 印章 Seal that signed it
    seal: String,
    /// 文件摘要 SHA-256 of the document
    document_sha256: String,
    /// 文件字节数 Its size in bytes
    document_bytes: u64,
    /// 照面数据摘要 SHA-256 of the face data
    face_sha256: String,
    /// 原证照 The certificate it replaces
    predecessor: Option<String>,
    /// 新证照 The certificate that replaced it
    successor: Option<String>,
    /// 签发时间 When it was issued
    #[schema(value_type = String, format = DateTime)]
    issued_at: Timestamp,
    /// 登记簿事件序号 Index of the event that issued it
    event: u64,
    /// 文件地址 Where its document is
    #[schema(example = "/v1/certificates/…/document")]
    document: String,
    /// 全部文件：同一照面的各种版式，首份即上述文件 All its documents: one face under each profile, the first as above
    documents: Vec<DocumentView>,
}

/// 一份证照文件 One document of a certificate
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DocumentView {
    /// 版式与签名规范 File format and kind of signature
    #[schema(value_type = String, example = "ofd-gb38540")]
    profile: Profile,
    /// 摘要 SHA-256
    sha256: String,
    /// 字节数 Size in bytes
    bytes: u64,
    /// 地址 Where it is
    #[schema(example = "/v1/certificates/…/document?profile=ofd-gb38540")]
    href: String,
}

impl DocumentView {
    fn new(identifier: &str, document: &RecordedDocument) -> Self {
        Self {
            profile: document.profile,
            sha256: hex::encode(document.digest),
            bytes: document.size,
            href: format!(
                "/v1/certificates/{identifier}/document?profile={}",
                document.profile.key()
            ),
        }
    }
}

impl CertificateView {
    pub(crate) fn new(record: CertificateRecord, app: &App, caller: &Principal) -> Self {
        let kind = app.service.catalogue().get(&record.certificate_type);
        let theirs = kind.map_or(caller.department().is_none(), |kind| caller.owns(kind));
        let state = State::of(&record, app.service.clock().now());
        let record = if theirs { record } else { record.masked() };
        Self {
            document: format!("/v1/certificates/{}/document", record.identifier),
            documents: record
                .documents()
                .map(|document| DocumentView::new(&record.identifier, document))
                .collect(),
            type_name: kind.map(|kind| kind.name.clone()),
            number: record.number,
            holder_name: record.holder_name,
            holder_code: record.holder_code,
            masked: !theirs,
            state_reason: if theirs {
                record.status_reason
            } else {
                String::new()
            },
            identifier: record.identifier,
            certificate_type: record.certificate_type,
            issuer_name: record.issuer_name,
            issuer_code: record.issuer_code,
            issued_on: record.issued_on,
            valid_from: record.valid_from,
            valid_until: record.valid_until,
            state,
            state_since: record.status_since,
            seal: record.seal,
            document_sha256: hex::encode(record.document.digest),
            document_bytes: record.document.size,
            face_sha256: hex::encode(record.face_digest),
            predecessor: record.predecessor,
            successor: record.successor,
            issued_at: record.issued_at,
            event: record.issued_event,
        }
    }

    pub(crate) fn identifier(&self) -> &str {
        &self.identifier
    }
}
