//! `certseal report`.

use certseal_core::{home::Home, issue::Service, report::Annex3};

use super::{Session, block_on};
use crate::{
    args::Report,
    output::{self, Context as _, Failure, Outcome},
};

pub(super) fn run(session: &Session, args: &Report) -> Result<Outcome, Failure> {
    let home = session.home()?;
    let service = session.service(&home)?;
    let Report::Annex3 { csv, xlsx } = args;
    let table = annex3(&home, &service)?;
    if let Some(path) = csv {
        std::fs::write(path, table.to_csv()).context(&format!("写入 {}", path.display()))?;
    }
    if let Some(path) = xlsx {
        let bytes = table.to_xlsx().context("生成 XLSX")?;
        std::fs::write(path, bytes).context(&format!("写入 {}", path.display()))?;
    }
    if session.json {
        output::json(&table);
    } else {
        output::line(table.to_text());
    }
    Ok(Outcome::Done)
}

/// The table as of now.
pub(crate) fn annex3(home: &Home, service: &Service) -> Result<Annex3, Failure> {
    let counts = block_on(service.registry().counts())?.context("读取登记簿")?;
    Ok(Annex3::new(home.catalogue(), |key| {
        counts.get(key).map_or((0, 0), |counts| (counts.sealed(), counts.unsealed))
    }))
}
