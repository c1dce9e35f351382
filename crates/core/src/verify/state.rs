//! Whether the certificate is in force: its dates, and what the registry says.

use std::collections::BTreeSet;

use jiff::{Timestamp, civil::Date};

use super::{
    checks, code,
    indication::SubIndication,
    report::{Finding, Force, Subject},
    text::{clock_time, day},
};
use crate::{
    clock::civil_date,
    codes::CertificateIdentifier,
    registry::{CertificateRecord, Registry, RegistryError, SealRecord, Status},
};

/// What a registry said when it was asked about one certificate.
#[derive(Debug, Clone, PartialEq)]
pub struct RegistryView {
    /// When it was asked.
    pub as_of: Timestamp,
    /// The record; none if it knows no such certificate.
    pub record: Option<CertificateRecord>,
    /// The seal that the record names.
    pub seal: Option<SealRecord>,
}

impl RegistryView {
    /// Asks a registry.
    pub async fn look_up(
        registry: &dyn Registry,
        identifier: &str,
        as_of: Timestamp,
    ) -> Result<RegistryView, RegistryError> {
        let mut records = registry.find(&[identifier.to_owned()]).await?;
        let record = records.pop().flatten();
        let seal = match &record {
            Some(record) => registry.seal(&record.seal).await?,
            None => None,
        };
        Ok(RegistryView { as_of, record, seal })
    }

    /// Asks a registry about a certificate if it is the one to ask: it has the certificate on record, or
    /// the issuer, by its credit code, is one of those whose certificates stand in it. Another authority's
    /// certificate stands in another registry.
    pub async fn look_up_ours(
        registry: &dyn Registry,
        issuers: &BTreeSet<String>,
        identifier: &str,
        as_of: Timestamp,
    ) -> Result<Option<RegistryView>, RegistryError> {
        let view = Self::look_up(registry, identifier, as_of).await?;
        let ours = || {
            CertificateIdentifier::parse(identifier)
                .is_ok_and(|(parsed, _)| issuers.contains(parsed.issuer_code()))
        };
        Ok(Some(view).filter(|view| view.record.is_some() || ours()))
    }

    /// The record, if it is of this certificate.
    pub(super) fn of(&self, identifier: &str) -> Option<&CertificateRecord> {
        self.record
            .as_ref()
            .filter(|record| record.identifier == identifier)
    }
}

/// Judges dates and registry state.
pub(super) fn judge(
    subject: Option<&Subject>,
    identifier: Option<&str>,
    now: Timestamp,
    registry: Option<&RegistryView>,
    findings: &mut Vec<Finding>,
) -> Force {
    // Of what names no certificate there is nothing to ask.
    if subject.is_none() && identifier.is_none() {
        return Force::Unknown;
    }
    let record = registry.zip(identifier).and_then(|(view, id)| view.of(id));
    let dates = subject
        .map(|subject| (subject.valid_from, subject.valid_until))
        .or_else(|| record.map(|record| (record.valid_from, record.valid_until)));
    let by_dates = judge_dates(dates, civil_date(now), findings);
    let recorded = judge_registry(identifier, record, registry, findings);
    match (recorded, by_dates) {
        // What the registry took out of force is so whatever the dates say.
        (Some(state @ (Force::Suspended | Force::Revoked | Force::Cancelled | Force::Superseded)), _) => {
            state
        }
        (Some(Force::InForce), Force::ByDates) => Force::InForce,
        // What was issued here is on record here: its dates alone put nothing in force.
        (Some(Force::Unknown), Force::ByDates) => Force::Unknown,
        (_, by_dates) => by_dates,
    }
}

fn judge_dates(dates: Option<(Date, Option<Date>)>, today: Date, findings: &mut Vec<Finding>) -> Force {
    let Some((from, until)) = dates else {
        findings.push(Finding::undecided(
            &checks::DATES,
            code::DATES_UNKNOWN,
            SubIndication::SignedDataNotFound,
            "不知证照的有效期",
            "the validity dates are unknown",
        ));
        return Force::Unknown;
    };
    let (finding, force) = if today < from {
        let finding = Finding::failed(
            &checks::DATES,
            code::NOT_YET_IN_FORCE,
            SubIndication::Generic,
            format!("自{}起方才生效", day(from, true)),
            format!("in force from {from} only"),
        )
        .hint("生效前不得使用", "not to be used before that day");
        (finding, Force::NotYet)
    } else if let Some(until) = until.filter(|until| today > *until) {
        let finding = Finding::failed(
            &checks::DATES,
            code::CERTIFICATE_EXPIRED,
            SubIndication::Generic,
            format!("有效期至{}，现已届满", day(until, true)),
            format!("expired: its last day was {until}"),
        )
        .hint(
            "请持证人出示延续换发后的证照",
            "ask the holder for the renewed certificate",
        );
        (finding, Force::Expired)
    } else {
        let (zh, en) = match until {
            Some(until) => (
                format!("有效期至{}", day(until, true)),
                format!("in force until {until}"),
            ),
            None => ("长期有效".to_owned(), "without end".to_owned()),
        };
        (Finding::passed(&checks::DATES, zh, en), Force::ByDates)
    };
    findings.push(finding);
    force
}

fn judge_registry(
    identifier: Option<&str>,
    record: Option<&CertificateRecord>,
    registry: Option<&RegistryView>,
    findings: &mut Vec<Finding>,
) -> Option<Force> {
    let Some(view) = registry.filter(|_| identifier.is_some()) else {
        findings.push(
            Finding::undecided(
                &checks::REGISTRY,
                code::REGISTRY_NOT_ASKED,
                SubIndication::TryLater,
                "未查询登记库，不知是否被撤销、注销或暂扣",
                "the registry was not asked: revocation or suspension would not be seen",
            )
            .hint(
                "请向颁发地的登记库或官方核验网站查询；网址须另行确认，不可只凭二维码",
                "ask the home registry or its official page; do not take the address from the QR code alone",
            ),
        );
        return None;
    };
    let as_of = clock_time(view.as_of);
    let Some(record) = record else {
        findings.push(
            Finding::undecided(
                &checks::REGISTRY,
                code::NOT_REGISTERED,
                SubIndication::SignedDataNotFound,
                format!("登记库（截至 {as_of}）查无此证照"),
                format!("the registry (as of {as_of}) knows no such certificate"),
            )
            .hint(
                "请勿采信，并向发证机关核实；外地证照请查询颁发地登记库",
                "do not rely on it and ask the issuing authority; of another's, ask its home registry",
            ),
        );
        return Some(Force::Unknown);
    };
    let since = clock_time(record.status_since);
    let state = record.status;
    let finding = match state {
        Status::InForce => Finding::passed(
            &checks::REGISTRY,
            format!("有效（截至 {as_of}）"),
            format!("in force (as of {as_of})"),
        ),
        Status::Suspended | Status::Revoked | Status::Cancelled | Status::Superseded => {
            let (code, zh, en) = match state {
                Status::Suspended => (code::CERTIFICATE_SUSPENDED, "暂扣", "suspended"),
                Status::Revoked => (code::CERTIFICATE_REVOKED, "撤销", "revoked"),
                Status::Cancelled => (code::CERTIFICATE_CANCELLED, "注销", "cancelled"),
                _ => (code::CERTIFICATE_SUPERSEDED, "换发新证", "superseded"),
            };
            // Why is between the authority and the holder: whoever verifies is not told.
            let mut finding = Finding::failed(
                &checks::REGISTRY,
                code,
                SubIndication::Generic,
                format!("已于 {since} {zh}（截至 {as_of}）"),
                format!("{en} since {since} (as of {as_of})"),
            )
            .hint("不得作为有效证照使用", "not to be accepted as in force");
            if let Some(successor) = &record.successor {
                finding = finding.hint(
                    format!("请核验换发后的证照 {successor}"),
                    format!("verify its successor {successor}"),
                );
            }
            finding
        }
    };
    findings.push(finding);
    Some(match state {
        Status::InForce => Force::InForce,
        Status::Suspended => Force::Suspended,
        Status::Revoked => Force::Revoked,
        Status::Cancelled => Force::Cancelled,
        Status::Superseded => Force::Superseded,
    })
}
