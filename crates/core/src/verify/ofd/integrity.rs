//! The integrity list (OFDEntries.xml, GM/T 0099-2020 annex D): signed, it says which members the package has. It holds no
//! digests, so it keeps members from being smuggled in and protects none from being changed.

use crate::{
    crypto::Used,
    document::ofd::OpenedOfd,
    remark::visible_start,
    sign::{
        cms::CmsVerifyError,
        signed_value::{SignedValue, SignedValueError},
    },
    verify::{
        checks, code,
        indication::SubIndication,
        report::Finding,
        value::{no_certificate, wrong_value},
    },
};

/// What an integrity list comes to.
#[derive(Debug)]
pub(super) struct Integrity {
    /// The signature value over the list; none where it is not there.
    value: Option<Result<SignedValue, SignedValueError>>,
    is_over_list: bool,
    listed: usize,
    /// Members that it leaves out.
    outside: Vec<String>,
    /// Members that it names and that are gone.
    gone: Vec<String>,
}

impl Integrity {
    pub(super) fn read(opened: &OpenedOfd<'_>) -> Option<Self> {
        let list = opened.integrity()?;
        let package = opened.package();
        let value = list.signed_value.member;
        let value = value.and_then(|member| Some(SignedValue::parse(package.read(member).ok()?)));
        let data = package.read(list.member).ok()?;
        let is_over_list = match &value {
            Some(Ok(SignedValue::SignedData(signed))) => signed.covers(data),
            Some(Ok(SignedValue::Ses(signature))) => signature.covers(data),
            _ => false,
        };
        let outside = opened.outside_integrity_list().unwrap_or_default();
        let gone = list.files.iter().filter(|file| file.member.is_none());
        Some(Self {
            value,
            is_over_list,
            listed: list.files.len(),
            outside: outside
                .into_iter()
                .map(|member| visible_start(package.name(member), 120))
                .collect(),
            gone: gone
                .map(|file| visible_start(file.stated.as_str(), 120))
                .collect(),
        })
    }

    fn signature(&self) -> Result<Used, Box<Finding>> {
        let check = &checks::INTEGRITY_LIST;
        let checked = match &self.value {
            Some(Ok(SignedValue::SignedData(signed))) => {
                signed.check_signature().map_err(|error| match error {
                    CmsVerifyError::Signature(error) => wrong_value(check, &error),
                    _ => no_certificate(check),
                })
            }
            Some(Ok(SignedValue::Ses(signature))) => signature
                .check_signature()
                .map_err(|error| malformed(&error.to_string())),
            Some(Ok(_)) => Err(no_certificate(check)),
            Some(Err(error)) => Err(malformed(&error.to_string())),
            None => Err(malformed("the signature value is missing")),
        };
        checked.map_err(Box::new)
    }
}

fn malformed(english: &str) -> Finding {
    Finding::failed(
        &checks::INTEGRITY_LIST,
        code::SIGNATURE_MALFORMED,
        SubIndication::FormatFailure,
        "完整性清单的签名缺失、损坏或无效",
        format!("the signature over the integrity list: {english}"),
    )
}

/// Judges it, where there is one. Who signed it is not asked: it speaks against the file, and for nothing in it.
pub(super) fn judge(integrity: Option<&Integrity>) -> Option<Finding> {
    let list = integrity?;
    let check = &checks::INTEGRITY_LIST;
    let used = match list.signature() {
        Ok(used) => used,
        Err(finding) => return Some(*finding),
    };
    let first = |names: &[String]| names.first().cloned();
    Some(if !list.is_over_list {
        Finding::failed(
            check,
            code::DIGEST_MISMATCH,
            SubIndication::HashFailure,
            "完整性清单在签名后被改动",
            "the integrity list was changed after it was signed",
        )
    } else if let Some(name) = first(&list.gone) {
        Finding::failed(
            check,
            code::SIGNED_MEMBER_MISSING,
            SubIndication::SigConstraintsFailure,
            format!("完整性清单所列文件 {name} 已被删除"),
            format!("{name}, which the integrity list names, is gone"),
        )
    } else if let Some(name) = first(&list.outside) {
        Finding::failed(
            check,
            code::SMUGGLED_MEMBER,
            SubIndication::SigConstraintsFailure,
            format!("文件 {name} 不在完整性清单之内，系夹带"),
            format!("{name} is not on the integrity list: it was smuggled in"),
        )
    } else {
        let count = list.listed;
        Finding::passed(
            check,
            format!(
                "清单签名值有效（{used}），所列 {count} 个文件齐全，没有夹带；清单不含摘要，不能证明内容未改，签名人未核"
            ),
            format!(
                "its signature value is good ({used}), its {count} members are there and no others; it holds no digests \
                 and proves nothing of their content, and its signer was not judged"
            ),
        )
    })
}
