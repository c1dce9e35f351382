//! `certseal init`.

use certseal_core::{catalogue::Catalogue, home};
use serde_json::json;

use super::{Session, clock, home_failure};
use crate::{
    args::Init,
    output::{self, Failure, Outcome},
};

pub(super) fn run(session: &Session, args: &Init) -> Result<Outcome, Failure> {
    let passphrase = session.new_passphrase()?;
    let founding = home::Founding {
        region: args.region.clone(),
        region_name: args.region_name.clone(),
        host: args.host.clone(),
    };
    let home = home::found(session.home_path(), &founding, &passphrase, &clock()).map_err(home_failure)?;
    if args.national {
        home.adopt_national_profile(&passphrase, &clock())
            .map_err(home_failure)?;
    }
    let config = home.config();
    let types = Catalogue::types(home.catalogue().map_err(home_failure)?).count();
    if session.json {
        output::json(&json!({
            "home": home.path(),
            "authority": config.authority,
            "departments": config.departments.len(),
            "certificate-types": types,
            "seals": config.departments.len() * 2,
            "national": args.national,
        }));
        return Ok(Outcome::Done);
    }
    output::line(format_args!(
        "已建立演示机构：{}（{}）",
        config.region_name, config.region
    ));
    output::line(format_args!(
        "  数据目录 {}\n  部门 {} 个，证照类型 {types} 种，印章 {} 枚",
        home.path().display(),
        config.departments.len(),
        config.departments.len() * 2
    ));
    if args.national {
        output::line("  国密 SM2 密钥与各印章的国密印章文件已备好，各类型兼发 PDF 与 OFD");
    }
    output::line("下一步：");
    output::line("  certseal type list              查看证照类型");
    output::line("  certseal issue --type … --data … 签发一张证照");
    output::line("  certseal serve                  启动服务");
    Ok(Outcome::Done)
}
