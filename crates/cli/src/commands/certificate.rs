//! `certseal certificate`.

use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    path::Path,
};

use certseal_core::{
    catalogue::kept_number,
    clock::china,
    issue::{IssueError, Service, Transition},
    profile::Profile,
    registry::{CertificateRecord, Event, Holder, RecordedDocument},
};
use jiff::Timestamp;
use serde_json::json;

use super::{Session, block_on, clock, issue_failure, service, write_whole};
use crate::{
    args::{Certificate, Change, Find},
    output::{self, Context as _, Failure, Outcome},
};

/// Most certificates of one holder shown.
const MAX_SHOWN: usize = 200;

pub(super) fn run(session: &Session, args: &Certificate) -> Result<Outcome, Failure> {
    let home = session.home()?;
    let service = service(&home)?;
    match args {
        Certificate::Find(args) => find(session, &service, args),
        Certificate::History { identifier } => history(session, &service, identifier),
        Certificate::Export { identifier, out } => export(session, &service, identifier, out),
        Certificate::Suspend(change) => transition(session, &service, change, Transition::Suspend),
        Certificate::Resume(change) => transition(session, &service, change, Transition::Resume),
        Certificate::Revoke(change) => transition(session, &service, change, Transition::Revoke),
        Certificate::Cancel(change) => transition(session, &service, change, Transition::Cancel),
    }
}

fn find(session: &Session, service: &Service, args: &Find) -> Result<Outcome, Failure> {
    let query = &args.query;
    let mut found = block_on(search(service, query))?.map_err(|error| issue_failure("查询", &error))?;
    if args.unmasked {
        disclose(session, args, &found).context("记录查阅 disclosures.jsonl")?;
    } else {
        found = found.into_iter().map(CertificateRecord::masked).collect();
    }
    if session.json {
        output::json(&found);
    } else if found.is_empty() {
        output::line(format_args!("没有找到“{query}”"));
    } else {
        for record in &found {
            show(service, record);
        }
    }
    Ok(if found.is_empty() {
        Outcome::Negative
    } else {
        Outcome::Done
    })
}

/// Enters who looks at whose personal data and why, durably, before they are shown.
fn disclose(session: &Session, args: &Find, found: &[CertificateRecord]) -> io::Result<()> {
    let identifiers: Vec<&str> = found.iter().map(|record| &*record.identifier).collect();
    let entry = json!({
        "at": clock().now(),
        "actor": args.actor,
        "reason": args.reason,
        "identifiers": identifiers,
    });
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(session.home_path().join("disclosures.jsonl"))?;
    file.write_all(format!("{entry}\n").as_bytes())?;
    file.sync_all()
}

/// By identifier, then by number in any type, then by holder's code or name.
async fn search(service: &Service, query: &str) -> Result<Vec<CertificateRecord>, IssueError> {
    let registry = service.registry();
    let found = registry.find(&[query.to_owned()]).await?;
    if let Some(record) = found.into_iter().next().flatten() {
        return Ok(vec![record]);
    }
    let mut found = Vec::new();
    let number = kept_number(query);
    for certificate_type in service.catalogue().types() {
        found.extend(registry.by_number(&certificate_type.key, &number).await?);
    }
    let code = query.trim().to_ascii_uppercase();
    for holder in [Holder::Code(code), Holder::Name(query.trim().to_owned())] {
        if found.is_empty() {
            found = registry.by_holder(&holder, None, MAX_SHOWN).await?;
        }
    }
    Ok(found)
}

fn show(service: &Service, record: &CertificateRecord) {
    let name = service
        .catalogue()
        .get(&record.certificate_type)
        .map_or(record.certificate_type.as_str(), |t| t.name.as_str());
    output::line(format_args!(
        "{name} {}　{}",
        record.number,
        record.status.name_zh()
    ));
    output::line(format_args!("  标识     {}", record.identifier));
    let code = record.holder_code.as_deref().unwrap_or_default();
    output::line(format_args!("  持证主体 {} {code}", record.holder_name));
    output::line(format_args!("  颁证机构 {}", record.issuer_name));
    let until = record
        .valid_until
        .map_or("长期".to_owned(), |date| date.to_string());
    output::line(format_args!(
        "  有效期   {} 至 {until}，{} 颁发",
        record.valid_from, record.issued_on
    ));
    if !record.status_reason.is_empty() {
        let since = local(record.status_since);
        output::line(format_args!(
            "  状态     {since} {}：{}",
            record.status.name_zh(),
            record.status_reason
        ));
    }
    if let Some(other) = &record.successor {
        output::line(format_args!("  换发为   {other}"));
    }
    if let Some(other) = &record.predecessor {
        output::line(format_args!("  换发自   {other}"));
    }
}

pub(super) fn local(at: Timestamp) -> String {
    at.to_zoned(china()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn history(session: &Session, service: &Service, identifier: &str) -> Result<Outcome, Failure> {
    let events = block_on(service.registry().history(identifier))?.context("查询")?;
    if events.is_empty() {
        return Err(issue_failure(
            "查询",
            &IssueError::NotFound(identifier.to_owned()),
        ));
    }
    if session.json {
        output::json(&events.iter().map(event_json).collect::<Vec<_>>());
        return Ok(Outcome::Done);
    }
    for event in &events {
        output::line(format_args!(
            "{:>8}  {}  {}  {}  {}",
            event.index,
            local(event.at()),
            event.leaf.kind.name_zh(),
            event.private.actor,
            event.private.reason
        ));
    }
    Ok(Outcome::Done)
}

fn event_json(event: &Event) -> serde_json::Value {
    json!({
        "index": event.index,
        "at": event.at(),
        "kind": event.leaf.kind,
        "actor": event.private.actor,
        "reason": event.private.reason,
    })
}

/// The document whose form goes by the name of the file to write; where the name says nothing, the first.
fn chosen<'r>(record: &'r CertificateRecord, out: &Path) -> Result<&'r RecordedDocument, Failure> {
    let extension = out.extension().and_then(|extension| extension.to_str());
    let Some(profile) = extension.and_then(Profile::of_extension) else {
        return Ok(&record.document);
    };
    record.document_under(profile).ok_or_else(|| {
        let there: Vec<&str> = record
            .documents()
            .map(|document| document.profile.extension())
            .collect();
        Failure::new(
            format!(
                "这张证照没有 {} 文件 (no document of that form)",
                profile.extension()
            ),
            format!("它有的是：{}。", there.join("、")),
        )
    })
}

fn export(session: &Session, service: &Service, identifier: &str, out: &Path) -> Result<Outcome, Failure> {
    let failed = |error: &IssueError| issue_failure("取出证照", error);
    let record = block_on(service.record(identifier))?.map_err(|error| failed(&error))?;
    let document = chosen(&record, out)?;
    let document = block_on(service.document(document))?.map_err(|error| failed(&error))?;
    write_whole(out, &document).context(&format!("写入 {}", out.display()))?;
    if session.json {
        output::json(&json!({ "record": record.masked(), "file": out }));
    } else {
        output::line(format_args!("已写入 {}", out.display()));
    }
    Ok(Outcome::Done)
}

fn transition(
    session: &Session,
    service: &Service,
    change: &Change,
    transition: Transition,
) -> Result<Outcome, Failure> {
    let changed = service.transition(&change.identifier, transition, &change.actor, &change.reason);
    let record = block_on(changed)?
        .map_err(|error| issue_failure("变更状态", &error))?
        .masked();
    if session.json {
        output::json(&record);
    } else {
        show(service, &record);
    }
    Ok(Outcome::Done)
}
