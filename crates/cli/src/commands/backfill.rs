//! `certseal backfill`.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use certseal_core::{
    backfill::{self, BackfillError, Cause, Job, Mapping, Purpose, Rejects, Source, SourceError, Summary},
    catalogue::CertificateType,
    issue::Service,
    registry::RegistryError,
};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::{Session, block_on, certificate_type, home_failure, issue_failure, service, space_hint};
use crate::{
    args::Backfill,
    output::{self, Context as _, Failure, Outcome},
};

pub(super) fn run(session: &Session, args: &Backfill) -> Result<Outcome, Failure> {
    let home = session.home()?;
    let certificate_type = certificate_type(home.catalogue().map_err(home_failure)?, &args.certificate_type)?;
    let mapping = match &args.mapping {
        Some(path) => read_mapping(path)?,
        None => Mapping::new(),
    };
    if args.file.as_os_str() == "-" {
        return Err(source_failure(&SourceError::NotAFile(args.file.clone())));
    }
    let source = Source::open(&args.file, &certificate_type, &mapping).map_err(|e| source_failure(&e))?;
    let rejects = args.rejects.clone().unwrap_or_else(|| beside(&args.file));
    if same_file(&rejects, &args.file) {
        return Err(Failure::new(
            "被拒记录文件与源文件是同一个",
            "用 --rejects 指定另一个文件。",
        ));
    }
    let rejects_file = Rejects::at(&rejects)
        .context("被拒记录文件")
        .map_err(|failure| failure.hint("用 --rejects 指定另一个文件。"))?;
    if !session.json {
        output::note(format_args!(
            "{}：{} 编码，{} 列；证照类型 {}",
            args.file.display(),
            source.encoding().name(),
            source.header().len(),
            certificate_type.name
        ));
    }

    // A dry run and an enrolment sign nothing and need no passphrase.
    let service = if args.dry_run || args.enrol {
        service(&home)?
    } else {
        session.signing_service(&home)?
    };
    let purpose = purpose(&service, &certificate_type, args)?;
    let job = Job {
        purpose,
        since: args.since,
        actor: args.actor.clone(),
    };
    let bar = ProgressBar::new(source.size()).with_style(style());
    let encoding = source.encoding();
    let begun = Instant::now();
    let stop = stop_on_interrupt()?;
    let result = backfill::run(&service, &job, source, rejects_file, &stop, &|summary| {
        bar.set_position(summary.source_bytes);
        bar.set_message(message(summary, begun.elapsed()));
    });
    bar.finish_and_clear();
    let (summary, cause) = match result {
        Ok(summary) => (summary, None),
        Err(BackfillError { summary, cause }) => (*summary, Some(cause)),
    };

    let elapsed = begun.elapsed();
    if session.json {
        output::json(&json!({
            "summary": summary,
            "encoding": encoding,
            "seconds": elapsed.as_secs_f64(),
            "rejects": (summary.rejected > 0).then_some(&rejects),
            "error": cause.as_ref().map(ToString::to_string),
        }));
    } else {
        show(&summary, args, &rejects, elapsed);
    }
    match cause {
        Some(cause) => Err(failure(&cause)),
        None if summary.interrupted => Err(Failure::new(
            "已按要求中断；中断前的证照均已完整签发",
            "再次运行同一命令即从中断处继续。",
        )),
        None if summary.rejected > 0 => Ok(Outcome::Negative),
        None => Ok(Outcome::Done),
    }
}

fn purpose(
    service: &Service,
    certificate_type: &Arc<CertificateType>,
    args: &Backfill,
) -> Result<Purpose, Failure> {
    let prepared = if args.dry_run || args.enrol {
        service.workshop().typesetter(certificate_type).map(|typesetter| {
            let typesetter = Arc::new(typesetter);
            if args.enrol {
                Purpose::Enrol(typesetter)
            } else {
                Purpose::Check(typesetter)
            }
        })
    } else {
        block_on(service.press(certificate_type, args.seal.as_deref()))?.map(Purpose::Seal)
    };
    prepared.map_err(|error| issue_failure("准备签章", &error))
}

fn show(summary: &Summary, args: &Backfill, rejects: &Path, elapsed: Duration) {
    let verb = if args.dry_run {
        "可以签发"
    } else if args.enrol {
        "已登记"
    } else {
        "已签发"
    };
    output::line(format_args!(
        "共读取 {} 行，用时 {:.1} 秒",
        summary.rows,
        elapsed.as_secs_f64()
    ));
    output::line(format_args!(
        "  {verb} {}（{:.0} 张/秒）",
        summary.done,
        per_second(summary.done, elapsed)
    ));
    output::line(format_args!("  此前已有 {}", summary.already));
    if let Some(since) = args.since {
        output::line(format_args!("  {since} 之前颁发，未处理 {}", summary.skipped));
    }
    output::line(format_args!("  被拒 {}", summary.rejected));
    if summary.rejected > 0 {
        let mut faults: Vec<_> = summary.faults.iter().collect();
        faults.sort_by_key(|(_, rows)| std::cmp::Reverse(**rows));
        for (label, rows) in faults {
            output::line(format_args!("    {label} {rows}"));
        }
        output::line(format_args!(
            "被拒记录及原因见 {}；改正后可直接作为源文件再次运行。",
            rejects.display()
        ));
    }
}

pub(crate) fn per_second(count: u64, elapsed: Duration) -> f64 {
    count as f64 / elapsed.as_secs_f64().max(0.001)
}

pub(crate) fn style() -> ProgressStyle {
    ProgressStyle::with_template("{bar:30} {percent:>3}%  {msg}  剩余 {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

pub(crate) fn message(summary: &Summary, elapsed: Duration) -> String {
    let treated = summary.done + summary.already;
    format!(
        "完成 {treated}，被拒 {}，{:.0} 张/秒",
        summary.rejected,
        per_second(treated, elapsed)
    )
}

/// `licences.csv` → `licences.rejects.csv`.
fn beside(source: &Path) -> PathBuf {
    let stem = source.file_stem().unwrap_or_default().to_string_lossy();
    let stem = stem
        .strip_suffix(".rejects")
        .map_or_else(|| stem.to_string(), |first| format!("{first}.again"));
    source.with_file_name(format!("{stem}.rejects.csv"))
}

fn same_file(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

fn read_mapping(path: &Path) -> Result<Mapping, Failure> {
    let doing = format!("读取列名对照 {}", path.display());
    let text = std::fs::read_to_string(path)
        .context(&doing)
        .map_err(|failure| failure.hint("核对文件是否存在、可读；列名对照应为 UTF-8 文本。"))?;
    toml::from_str(&text).map_err(|error| {
        Failure::from_error(&doing, &error).hint("每行写作 \"表头\" = \"字段\"；值留空表示忽略该列。")
    })
}

fn source_failure(error: &SourceError) -> Failure {
    let hint = match error {
        SourceError::MissingColumns { .. }
        | SourceError::UnknownColumns(_)
        | SourceError::ColumnTwice { .. } => {
            "用 certseal type show 查看字段；表头不同时用 --mapping 指定对照文件。"
        }
        SourceError::Mapping { .. } => "改正列名对照文件。",
        SourceError::HeaderBelow { .. } => "删去它上面的标题行，只留一行表头，再运行。",
        SourceError::NoHeader => {
            "核对证照类型和分隔符；第 1 行应为表头，字段名用 certseal type show 查看，不同的用 --mapping 对照。"
        }
        SourceError::NotText { .. } => {
            "在 Excel 或 WPS 中打开，另存为“CSV UTF-8（逗号分隔）”；存成普通 CSV 会丢失生僻字。"
        }
        SourceError::NotAFile(_) => "先存成文件：源表要从头读两遍，不能从管道读。",
        SourceError::Changed(_) => "等文件写完、复制完或关闭后，再次运行同一命令；已处理的行不会重复签发。",
        SourceError::Quotes(_) => {
            "内容里的引号应写成两个（\"\"），整格再用引号括起；用电子表格或原系统重新导出一般即可。"
        }
        SourceError::Rounded(_) => "从原始材料或原系统重新导出；在电子表格中打开前，先把该列设为文本。",
        SourceError::RowTooLong { .. } | SourceError::Malformed { .. } => "检查该行的引号和分隔符。",
        _ => "核对文件是否存在、可读、有数据。",
    };
    Failure::from_error("读取源表", error).hint(hint)
}

fn failure(cause: &Cause) -> Failure {
    match cause {
        Cause::Source(error) => source_failure(error),
        Cause::Issue(error) => issue_failure("签发中断", error),
        Cause::Registry(RegistryError::StorageFull) => {
            Failure::from_error("签发中断", cause).hint(space_hint())
        }
        other => Failure::from_error("签发中断", other)
            .hint("已签发的证照均完整有效；排除故障（磁盘空间、权限）后再次运行同一命令即可继续。"),
    }
}

/// Ctrl-C ends the run after the chunks in flight; a second one ends it at once, which is safe too.
pub(crate) fn stop_on_interrupt() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    std::thread::Builder::new()
        .name("interrupt".to_owned())
        .spawn(move || {
            let waited = block_on(async {
                let _ = tokio::signal::ctrl_c().await;
                flag.store(true, Ordering::Relaxed);
                output::note("正在收尾；再按一次 Ctrl-C 立即退出。");
                let _ = tokio::signal::ctrl_c().await;
            });
            if waited.is_ok() {
                std::process::exit(130);
            }
        })
        .context("启动信号线程")?;
    Ok(stop)
}
