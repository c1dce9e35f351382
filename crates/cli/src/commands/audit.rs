//! `certseal audit`.

use indicatif::{ProgressBar, ProgressStyle};

use super::{Session, block_on, home_failure};
use crate::{
    args::Audit,
    output::{self, Failure, Outcome},
};

pub(super) fn run(session: &Session, args: &Audit) -> Result<Outcome, Failure> {
    let home = session.home()?;
    let style =
        ProgressStyle::with_template("{msg} {pos}/{len}").unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(0).with_style(style);
    let audited = block_on(home.audit(args.sweep, &mut |stage, done, of| {
        bar.set_message(stage);
        bar.set_length(of.max(done));
        bar.set_position(done);
    }))?;
    bar.finish_and_clear();
    let audit = audited.map_err(home_failure)?;
    let clean = audit.is_clean();
    if session.json {
        output::json(&audit);
    } else {
        let verdict = if clean { "账实相符" } else { "账实不符" };
        output::line(format_args!(
            "{verdict}：{} 个事件，{} 张证照",
            audit.events, audit.certificates
        ));
        output::line(format_args!("  默克尔树根 {}", hex::encode(audit.root)));
        output::line(format_args!("  文件与登记摘要一致 {}", audit.documents));
        output::line(format_args!(
            "  登记簿未记载的残留文件 {}，本次清理 {}",
            audit.orphans, audit.swept
        ));
        if audit.orphans > audit.swept {
            output::line("  残留文件由异常中断产生，不是有效证照；用 certseal audit --sweep 清理。");
        }
        for fault in &audit.faults {
            output::line(format_args!("  问题：{fault}"));
        }
        if audit.fault_count > audit.faults.len() as u64 {
            output::line(format_args!("  问题共 {} 处", audit.fault_count));
        }
    }
    Ok(if clean { Outcome::Done } else { Outcome::Negative })
}
