//! `certseal verify`.

mod in_order;
mod inputs;

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    ffi::OsStr,
    ops::ControlFlow,
    path::Path,
    process,
    sync::{Arc, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

use certseal_core::{
    home::Home,
    registry::Registry,
    remark::visible_line,
    trust::load,
    verify::{Conclusion, Examined, Language, Options, RegistryView, Report, TrustMaterial, Verifier},
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use tokio::runtime::Runtime;

use self::{
    in_order::{End, in_order},
    inputs::{Inputs, Names},
};
use super::{Session, backfill, clock, home_failure, runtime, write_whole};
use crate::{
    args::{Given, Verify},
    fetch::Fetcher,
    output::{self, Context as _, Failure, Outcome},
};

/// Reads what a single argument names.
pub(crate) fn read(input: &OsStr) -> Result<Examined, Failure> {
    inputs::Input::of(input).read()
}

/// A verifier, with the registry of an installation where it is at hand.
pub(crate) struct Desk {
    verifier: Verifier,
    /// What fetches what is missing, and the material that it adds to; none where nothing is to be fetched.
    fetching: Option<(Fetcher, TrustMaterial)>,
    registry: Option<(Arc<dyn Registry>, Runtime)>,
    /// Credit codes of the departments whose certificates stand in that registry.
    issuers: BTreeSet<String>,
}

impl Desk {
    /// The verifier of an installation, asking this registry.
    pub(crate) fn new(
        home: &Home,
        trust_list: Option<&Path>,
        registry: Option<Arc<dyn Registry>>,
    ) -> Result<Self, Failure> {
        let material = home.trust_material(trust_list).map_err(home_failure)?;
        Self::over(Some(home), material, registry, home.config().revocation.fetch)
    }

    /// The same with the installation's own registry, unless it shall not be asked.
    pub(crate) fn of_session(home: &Home, trust_list: Option<&Path>, offline: bool) -> Result<Self, Failure> {
        let material = home.trust_material(trust_list).map_err(home_failure)?;
        let fetch = home.config().revocation.fetch && !offline;
        Self::over(Some(home), material, own_registry(home, offline)?, fetch)
    }

    fn over(
        home: Option<&Home>,
        material: TrustMaterial,
        registry: Option<Arc<dyn Registry>>,
        fetch: bool,
    ) -> Result<Self, Failure> {
        let fetching = if fetch {
            let config = home
                .map(|home| home.config().revocation.clone())
                .unwrap_or_default();
            let cache = home.map(|home| home.path().join("cache/revocation"));
            Some((Fetcher::new(&config, cache.as_deref())?, material.clone()))
        } else {
            None
        };
        let verifier = Verifier::new(material).map_err(|error| {
            Failure::from_error("读取信任材料", &error)
                .hint("检查数据目录的 pki、trust/crls、trust/seals，重新取得损坏的那一份文件。")
        })?;
        let registry = match registry {
            Some(registry) => Some((registry, runtime()?)),
            None => None,
        };
        let departments = home.into_iter().flat_map(|home| &home.config().departments);
        Ok(Self {
            verifier,
            fetching,
            registry,
            issuers: departments.map(|department| department.code.clone()).collect(),
        })
    }

    /// Judges an input at an instant.
    pub(crate) fn judge(&self, examined: &Examined, now: Timestamp) -> Result<Report, Failure> {
        let view = match (&self.registry, examined.identifier()) {
            (Some((registry, runtime)), Some(identifier)) => {
                // Whatever instant is judged, the registry speaks of the present.
                let asked = RegistryView::look_up_ours(&**registry, &self.issuers, identifier, clock().now());
                runtime.block_on(asked).context("查询登记簿")?
            }
            _ => None,
        };
        let judge = |verifier: &Verifier| verifier.judge(examined, &Options { now }, view.as_ref());
        let Some((fetcher, material)) = &self.fetching else {
            return Ok(judge(&self.verifier));
        };
        let fetched = fetcher.judge(material.clone(), clock().now(), |material| {
            Verifier::new(material.clone()).map(|verifier| judge(&verifier))
        });
        fetched.context("读取信任材料")
    }

    /// Judges an input at an instant that was given, which the report says, or else at the present.
    fn judge_as_of(&self, examined: &Examined, given: Option<Timestamp>) -> Result<Report, Failure> {
        let report = self.judge(examined, given.unwrap_or_else(|| clock().now()))?;
        Ok(Report {
            time_given: given.is_some(),
            ..report
        })
    }
}

fn own_registry(home: &Home, offline: bool) -> Result<Option<Arc<dyn Registry>>, Failure> {
    if offline {
        return Ok(None);
    }
    Ok(Some(Arc::new(home.registry().map_err(home_failure)?)))
}

pub(super) fn run(session: &Session, args: &Verify) -> Result<Outcome, Failure> {
    let desk = desk(session, args)?;
    let stdin = args.inputs.iter().filter(|input| *input == "-").count()
        + usize::from(args.list.as_deref() == Some(Path::new("-")));
    if stdin > 1 {
        return Err(Failure::new(
            "标准输入只能用一次 (standard input is named twice)",
            "“-”是一份文件的内容，“--list -”是名单，二者取一。",
        ));
    }
    match args.inputs.as_slice() {
        [only] if args.list.is_none() && !Path::new(only).is_dir() => one(session, args, &desk, only),
        _ if args.html.is_some() || args.etsi.is_some() => Err(Failure::new(
            "--html、--etsi 只用于一份文件 (one input only)",
            "逐份核验，或用 --json。",
        )),
        _ => many(session, args, &desk),
    }
}

/// The verifier that the arguments ask for.
fn desk(session: &Session, args: &Verify) -> Result<Desk, Failure> {
    let home = if args.no_home {
        None
    } else {
        session.home_if_any()?
    };
    let registry = match &home {
        Some(home) => own_registry(home, args.offline)?,
        None => None,
    };
    let mut material = match &home {
        Some(home) => home
            .trust_material(args.trust_list.as_deref())
            .map_err(home_failure)?,
        None if args.trust_list.is_some() => {
            return Err(Failure::new(
                "信任列表的签发公钥在数据目录中，这里没有 (no installation)",
                "用 --home 指定数据目录；没有数据目录的，用 --anchor 指定根证书。",
            ));
        }
        None => TrustMaterial::default(),
    };
    add(&args.given, &mut material)?;
    material.policies.clone_from(&args.policy);
    if home.is_none() && material.anchors.is_empty() {
        output::note(
            "提示：没有数据目录，也没有用 --anchor 指定信任的根证书：能查出改动和伪造，不能判定签名人是谁。\n      No installation and no --anchor: alterations are found, but nobody's identity can be decided.",
        );
    }
    let configured = home.as_ref().is_some_and(|home| home.config().revocation.fetch);
    let fetch = args.fetch || configured && !args.offline;
    Desk::over(home.as_ref(), material, registry, fetch)
}

/// Adds what was named on the command line.
fn add(given: &Given, material: &mut TrustMaterial) -> Result<(), Failure> {
    let refused = |error: &(dyn Error + 'static)| {
        Failure::from_error("信任资料", error).hint(
            "证书用 --anchor、--timestamp-anchor、--intermediate，吊销数据用 --crl、--ocsp；PEM 或 DER。",
        )
    };
    for (paths, into) in [
        (&given.anchor, &mut material.anchors),
        (&given.timestamp_anchor, &mut material.timestamp_anchors),
        (&given.intermediate, &mut material.intermediates),
    ] {
        for path in paths {
            into.extend(load::certificates(path).map_err(|error| refused(&error))?);
        }
    }
    for path in given.crl.iter().chain(&given.ocsp) {
        let loaded = load::revocations(path).map_err(|error| refused(&error))?;
        let added = material.revocations.extend(&loaded);
        added.map_err(|error| refused(&error))?;
    }
    Ok(())
}

fn one(session: &Session, args: &Verify, desk: &Desk, input: &OsStr) -> Result<Outcome, Failure> {
    let report = desk.judge_as_of(&read(input)?, args.at)?;
    let page = || report.to_html(Some(&input.to_string_lossy()));
    for (path, form) in [
        (&args.html, &page as &dyn Fn() -> String),
        (&args.etsi, &|| report.to_etsi_xml()),
    ] {
        let Some(path) = path else { continue };
        // Who takes the option for a switch names the document that is to be judged, or another one, as the report.
        if path.is_file() {
            return Err(Failure::new(
                format!(
                    "{} 已存在，没有覆盖 (is there already, and was not overwritten)",
                    path.display()
                ),
                "报告须写入新文件：--html 和 --etsi 之后是报告的文件名，不是待核验的文件。",
            ));
        }
        write_whole(path, form().as_bytes())
            .context(&format!("写报告 {}", path.display()))
            .map_err(|failure| failure.hint("检查目录是否存在、可写。"))?;
    }
    if session.json {
        output::json(&report);
    } else {
        output::line(report.to_text(Language::Chinese).trim_end());
    }
    Ok(outcome(&report))
}

/// A row as programs read it.
#[derive(Serialize)]
struct Line<'a> {
    input: &'a str,
    report: &'a Report,
}

/// What came of one of many.
struct Row {
    line: String,
    /// None where it could not be read or judged.
    told: Option<Told>,
}

struct Told {
    conclusion: Conclusion,
    /// Code and title of the finding that decided, unless all is well.
    reason: Option<(&'static str, &'static str)>,
}

impl Row {
    fn of(session: &Session, args: &Verify, desk: &Desk, input: inputs::Input) -> Self {
        let name = input.name.clone();
        let read = input.read();
        let report = match read.and_then(|examined| desk.judge_as_of(&examined, args.at)) {
            Ok(report) => report,
            Err(failure) => {
                let line = if session.json {
                    json!({ "input": name, "error": failure.message() }).to_string()
                } else {
                    format!(
                        "[ 未读 ] {}  {}",
                        visible_line(&*name),
                        visible_line(failure.message())
                    )
                };
                return Self { line, told: None };
            }
        };
        let reason = report.deciding().map(|finding| (finding.code, finding.title));
        let line = if session.json {
            let line = Line {
                input: &name,
                report: &report,
            };
            serde_json::to_string(&line)
                .unwrap_or_else(|error| json!({ "input": name, "error": error.to_string() }).to_string())
        } else {
            let mark = match report.conclusion {
                Conclusion::Good => "[ 通过 ]",
                Conclusion::Signed => "[ 签名 ]",
                Conclusion::NotInForce => "[ 失效 ]",
                Conclusion::Undecided => "[ 未定 ]",
                Conclusion::Bad => "[不通过]",
            };
            let code = reason.map(|(code, _)| format!(" ({code})")).unwrap_or_default();
            let headline = report.headline(Language::Chinese);
            format!("{mark} {}  {headline}{code}", visible_line(&*name))
        };
        let told = Some(Told {
            conclusion: report.conclusion,
            reason,
        });
        Self { line, told }
    }
}

/// Any number of inputs, each on a line of its own.
fn many(session: &Session, args: &Verify, desk: &Desk) -> Result<Outcome, Failure> {
    let list = args
        .list
        .as_deref()
        .map(|list| Names::open(list, args.null))
        .transpose()?;
    let inputs = Inputs::new(args.inputs.clone(), list);
    let stop = backfill::stop_on_interrupt()?;
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut tally = Tally::new();
    let end = in_order(
        inputs,
        threads,
        |input| Row::of(session, args, desk, input),
        |row| {
            let Some(row) = row else {
                tally.tell(session.json, true);
                // A thread may be waiting for a name that never comes.
                process::exit(130);
            };
            output::line(&row.line);
            tally.add(row.told.as_ref());
            if output::is_closed() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        },
        || stop.load(Ordering::Relaxed),
    );
    if end == End::Enough {
        output::finish()?;
        // Who read our lines has gone, as `head` does. What was not verified has no verdict.
        process::exit(141);
    }
    tally.tell(session.json, false);
    tally.outcome()
}

/// What one can come to, for the table.
const CONCLUSIONS: [(Conclusion, &str); 5] = [
    (Conclusion::Good, "真实有效 genuine and in force"),
    (
        Conclusion::Signed,
        "签名有效，不是电子证照 validly signed, no certificate",
    ),
    (Conclusion::NotInForce, "真实，但不在效力内 genuine, not in force"),
    (Conclusion::Undecided, "无法判定 undecided"),
    (Conclusion::Bad, "不通过 not genuine"),
];

/// What came of all.
struct Tally {
    begun: Instant,
    /// How many of each of [`CONCLUSIONS`].
    conclusions: [usize; CONCLUSIONS.len()],
    unread: usize,
    reasons: BTreeMap<(&'static str, &'static str), usize>,
}

impl Tally {
    fn new() -> Self {
        Self {
            begun: Instant::now(),
            conclusions: [0; CONCLUSIONS.len()],
            unread: 0,
            reasons: BTreeMap::new(),
        }
    }

    fn add(&mut self, told: Option<&Told>) {
        let Some(Told { conclusion, reason }) = told else {
            self.unread += 1;
            return;
        };
        let place = CONCLUSIONS.iter().position(|(known, _)| known == conclusion);
        if let Some(count) = place.and_then(|place| self.conclusions.get_mut(place)) {
            *count += 1;
        }
        if let Some(reason) = reason {
            *self.reasons.entry(*reason).or_default() += 1;
        }
    }

    fn count(&self) -> usize {
        self.conclusions.iter().sum::<usize>() + self.unread
    }

    /// The table below the lines; with JSON, where every line is data, nothing.
    fn tell(&self, json: bool, interrupted: bool) {
        if interrupted {
            output::note(format_args!("已中断：核验了 {} 项，其余未核验。", self.count()));
        }
        if json {
            return;
        }
        let took = self.begun.elapsed().max(Duration::from_millis(1));
        output::line(format_args!(
            "\n合计 {} 项，用时 {:.1} 秒，每秒 {:.0} 项",
            self.count(),
            took.as_secs_f64(),
            self.count() as f64 / took.as_secs_f64()
        ));
        let counts = self
            .conclusions
            .iter()
            .zip(CONCLUSIONS.iter().map(|(_, what)| *what));
        for (count, what) in counts.chain([(&self.unread, "无法读取 not read")]) {
            if *count > 0 {
                output::line(format_args!("{count:>8}  {what}"));
            }
        }
        if !self.reasons.is_empty() {
            output::line("其中原因 reasons");
            let mut reasons: Vec<_> = self.reasons.iter().collect();
            reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
            for ((code, title), count) in reasons {
                output::line(format_args!("{count:>8}  {code}  {title}"));
            }
        }
    }

    /// The worst of all.
    fn outcome(&self) -> Result<Outcome, Failure> {
        if self.unread > 0 {
            return Err(Failure::new(
                format!("{} 项中有 {} 项无法读取，未核验", self.count(), self.unread),
                "其余各项已核验，结论如上。",
            ));
        }
        let there = |wanted: Outcome| {
            let mut counts = self.conclusions.iter().zip(&CONCLUSIONS);
            counts.any(|(count, (conclusion, _))| *count > 0 && status(*conclusion) == wanted)
        };
        Ok(if there(Outcome::Negative) {
            Outcome::Negative
        } else if there(Outcome::Undecided) {
            Outcome::Undecided
        } else {
            Outcome::Done
        })
    }
}

/// Exit status of one report.
pub(crate) fn outcome(report: &Report) -> Outcome {
    status(report.conclusion)
}

fn status(conclusion: Conclusion) -> Outcome {
    match conclusion {
        Conclusion::Good | Conclusion::Signed => Outcome::Done,
        Conclusion::Undecided => Outcome::Undecided,
        Conclusion::NotInForce | Conclusion::Bad => Outcome::Negative,
    }
}
