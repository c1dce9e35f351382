//! `certseal report`.

use std::path::Path;

use certseal_core::{
    home::Home,
    issue::Service,
    report::{Annex3, Table, Tally, annex3},
};
use serde::Serialize;

use super::{Session, block_on, home_failure, issue_failure, service, write_whole};
use crate::{
    args::Report,
    output::{self, Context as _, Failure, Outcome},
};

pub(super) fn run(session: &Session, args: &Report) -> Result<Outcome, Failure> {
    let home = session.home()?;
    let service = service(&home)?;
    match args {
        Report::Annex3 { csv, xlsx } => {
            let report = annex3_now(&home, &service)?;
            write(session, &report, &report.table(), csv.as_deref(), xlsx.as_deref())
        }
        Report::Seals { csv, xlsx } => {
            let report = block_on(service.seal_register(&home.config().region_name))?
                .map_err(|error| issue_failure("读取印章登记簿", &error))?;
            write(session, &report, &report.table(), csv.as_deref(), xlsx.as_deref())
        }
    }
}

/// Shows a report, and writes it where it is wanted.
fn write(
    session: &Session,
    report: &impl Serialize,
    table: &Table,
    csv: Option<&Path>,
    xlsx: Option<&Path>,
) -> Result<Outcome, Failure> {
    if let Some(path) = csv {
        let bytes = table.to_csv().context("生成 CSV")?;
        write_whole(path, &bytes).context(&format!("写入 {}", path.display()))?;
    }
    if let Some(path) = xlsx {
        let bytes = table.to_xlsx().context("生成 XLSX")?;
        write_whole(path, &bytes).context(&format!("写入 {}", path.display()))?;
    }
    if session.json {
        output::json(report);
    } else {
        output::line(table.to_text());
    }
    Ok(Outcome::Done)
}

/// The table as of now.
pub(crate) fn annex3_now(home: &Home, service: &Service) -> Result<Annex3, Failure> {
    let counts = block_on(service.registry().counts())?.context("读取登记簿")?;
    let tallies = counts
        .into_iter()
        .map(|(key, counts)| {
            let tally = Tally {
                sealed: counts.sealed(),
                unsealed: counts.unsealed,
            };
            (key, tally)
        })
        .collect();
    let catalogue = home.catalogue().map_err(home_failure)?;
    Ok(annex3(
        &home.config().region_name,
        service.clock().now(),
        catalogue.departments(),
        catalogue.types().map(|t| &**t),
        &tallies,
    ))
}
