//! `certseal trust`.

use std::path::Path;

use certseal_core::{
    home::{Home, LIST_KEY},
    trust::list::TrustList,
};

use super::{Session, certificate::local, clock, home_failure};
use crate::{
    args::Trust,
    output::{self, Context as _, Failure, Outcome},
};

pub(super) fn run(session: &Session, args: &Trust) -> Result<Outcome, Failure> {
    let home = session.home()?;
    let list = match args {
        Trust::Show => home.trust_list(None).map_err(home_failure)?,
        Trust::Add { file, crl } => {
            let keys = session.keys(&home)?;
            let signer = keys.identity(LIST_KEY).context("打开信任列表密钥")?;
            add_revocation_lists(&home, crl)?;
            home.list_authority(file, &*signer.signer, clock().now()).map_err(home_failure)?
        }
    };
    show(session, &list);
    Ok(Outcome::Done)
}

fn add_revocation_lists(home: &Home, files: &[std::path::PathBuf]) -> Result<(), Failure> {
    for file in files {
        let name = file.file_name().unwrap_or_default();
        let owner = file.parent().and_then(Path::parent).and_then(Path::file_name).unwrap_or_default();
        let name = format!("{}-{}", owner.to_string_lossy(), name.to_string_lossy());
        std::fs::copy(file, home.path().join("trust/crls").join(name))
            .context(&format!("收录吊销列表 {}", file.display()))?;
    }
    Ok(())
}

fn show(session: &Session, list: &TrustList) {
    let content = list.content();
    if session.json {
        output::json(content);
        return;
    }
    output::line(format_args!(
        "信任列表第 {} 号，{} 签发，{} 前更新",
        content.sequence,
        local(content.issued_at),
        local(content.next_update)
    ));
    for authority in list.authorities() {
        output::line(format_args!(
            "  {}  {}（{}），证照类型 {} 种，颁证机构 {} 个",
            authority.id,
            authority.name,
            authority.region,
            authority.types.len(),
            authority.issuers.len()
        ));
    }
    for agreement in &content.agreements {
        output::line(format_args!(
            "  互认：{} → {}，自 {}",
            agreement.from_region, agreement.to_region, agreement.from
        ));
    }
}
