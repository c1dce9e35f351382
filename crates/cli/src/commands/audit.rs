//! `certseal audit`.

use certseal_core::registry::ASIDE;
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
        output::line(format_args!("  登记簿未记载的文件 {}", audit.orphans));
        if audit.set_aside > 0 {
            output::line(format_args!(
                "  已移到 {} 的 {} 份",
                session.home_path().join(ASIDE).display(),
                audit.set_aside
            ));
        } else if audit.orphans > 0 {
            output::line(
                "  它们由异常中断留下，不是有效证照；若登记簿是从旧备份恢复的，其中可能有真实证照，先核对再处理。\n  用 certseal audit --sweep 移到一旁（不删除）。",
            );
        }
        if audit.half_written > 0 {
            let done = if args.sweep { "，已删除" } else { "" };
            output::line(format_args!("  未写完的临时文件 {}{done}", audit.half_written));
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
