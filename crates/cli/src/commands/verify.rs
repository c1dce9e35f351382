//! `certseal verify`.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, BufRead as _},
    path::Path,
    sync::Arc,
};

use certseal_core::{
    files::read_to,
    home::Home,
    limits::MAX_DOCUMENT_BYTES,
    registry::Registry,
    trust::path::ObjectIdentifier,
    verify::{Conclusion, Examined, Language, Options, RegistryView, Report, TrustMaterial, Verifier},
};
use jiff::Timestamp;
use serde_json::json;

use super::{Session, block_on, clock, home_failure};
use crate::{
    args::Verify,
    fetch::Fetcher,
    output::{self, Context as _, Failure, Outcome},
};

/// A verifier over an installation, with its registry where it is at hand.
pub(crate) struct Desk {
    material: TrustMaterial,
    verifier: Verifier,
    fetcher: Option<Fetcher>,
    registry: Option<Arc<dyn Registry>>,
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
        let verifier = Verifier::new(material.clone()).map_err(|error| {
            Failure::from_error("读取信任材料", &error)
                .hint("检查数据目录的 pki、trust/crls、trust/seals，重新取得损坏的那一份文件。")
        })?;
        let desk = Self {
            material,
            verifier,
            fetcher: None,
            registry,
            issuers: home
                .config()
                .departments
                .iter()
                .map(|department| department.code.clone())
                .collect(),
        };
        if home.config().revocation.fetch {
            desk.fetching(home)
        } else {
            Ok(desk)
        }
    }

    /// The same, of which the paths of signers must hold under one of these policies, if there are any.
    fn demanding(mut self, policies: &[ObjectIdentifier]) -> Result<Self, Failure> {
        if !policies.is_empty() {
            self.material.policies = policies.to_vec();
            self.verifier = Verifier::new(self.material.clone()).context("读取信任材料")?;
        }
        Ok(self)
    }

    /// The same, which fetches what it lacks.
    fn fetching(self, home: &Home) -> Result<Self, Failure> {
        let cache = home.path().join("cache/revocation");
        let fetcher = Fetcher::new(&home.config().revocation, Some(&cache))?;
        Ok(Self {
            fetcher: Some(fetcher),
            ..self
        })
    }

    /// The same with the installation's own registry, unless it shall not be asked.
    pub(crate) fn of_session(home: &Home, trust_list: Option<&Path>, offline: bool) -> Result<Self, Failure> {
        let registry: Option<Arc<dyn Registry>> = if offline {
            None
        } else {
            Some(Arc::new(home.registry().map_err(home_failure)?))
        };
        let desk = Self::new(home, trust_list, registry)?;
        Ok(Self {
            fetcher: desk.fetcher.filter(|_| !offline),
            ..desk
        })
    }

    /// Judges an input at an instant.
    pub(crate) fn judge(&self, examined: &Examined, now: Timestamp) -> Result<Report, Failure> {
        let view = match (&self.registry, examined.identifier()) {
            (Some(registry), Some(identifier)) => {
                // Whatever instant is judged, the registry speaks of the present.
                let asked = RegistryView::look_up_ours(&**registry, &self.issuers, identifier, clock().now());
                block_on(asked)?.context("查询登记簿")?
            }
            _ => None,
        };
        let judge = |verifier: &Verifier| verifier.judge(examined, &Options { now }, view.as_ref());
        let Some(fetcher) = &self.fetcher else {
            return Ok(judge(&self.verifier));
        };
        let fetched = fetcher.judge(self.material.clone(), clock().now(), |material| {
            Verifier::new(material.clone()).map(|verifier| judge(&verifier))
        });
        fetched.context("读取信任材料")
    }
}

pub(super) fn run(session: &Session, args: &Verify) -> Result<Outcome, Failure> {
    let home = session.home()?;
    let desk = Desk::of_session(&home, args.trust_list.as_deref(), args.offline)?;
    let desk = desk.demanding(&args.policy)?;
    let desk = if args.fetch { desk.fetching(&home)? } else { desk };
    let now = args.at.unwrap_or_else(|| clock().now());

    let mut inputs = Vec::new();
    for input in &args.inputs {
        if input == "-" {
            for name in io::stdin().lock().lines() {
                let name = name.context("读取标准输入")?;
                if !name.trim().is_empty() {
                    inputs.push(name);
                }
            }
        } else {
            inputs.push(input.clone());
        }
    }
    let mut worst = Outcome::Done;
    let mut reports = Vec::new();
    let mut unread = 0_usize;
    for input in &inputs {
        // One that cannot be read does not keep the others from being judged.
        let examined = match read(input) {
            Ok(examined) => examined,
            Err(failure) if inputs.len() == 1 => return Err(failure),
            Err(failure) => {
                unread += 1;
                if session.json {
                    reports.push(json!({ "input": input, "error": failure.message() }));
                }
                output::note(failure);
                continue;
            }
        };
        let report = desk.judge(&examined, now)?;
        worst = worse(worst, outcome(&report));
        if session.json {
            reports.push(json!({ "input": input, "report": report }));
        } else {
            if inputs.len() > 1 {
                output::line(format_args!("── {input}"));
            }
            output::line(report.to_text(Language::Chinese));
        }
    }
    if session.json {
        match reports.as_slice() {
            [only] if args.inputs.len() == 1 => output::json(&only["report"]),
            _ => output::json(&reports),
        }
    }
    if unread > 0 {
        return Err(Failure::new(
            format!("{} 项中有 {unread} 项无法读取，未核验", inputs.len()),
            "其余各项已核验，结论如上。",
        ));
    }
    Ok(worst)
}

/// A file where there is one, else the text of a QR code or an identifier.
pub(crate) fn read(input: &str) -> Result<Examined, Failure> {
    let path = Path::new(input);
    let digits = input.len() > 100 && input.chars().all(|ch| ch.is_ascii_digit() || ch.is_whitespace());
    let looks_like_text = digits || input.contains("://") || input.trim_start().starts_with("1.2.156.");
    if looks_like_text && !path.exists() {
        return Ok(Examined::of_qr_text(input));
    }
    let unread = |error: io::Error| {
        Failure::from_error(&format!("读取 {input}"), &error)
            .hint("参数应为证照文件、二维码图片、二维码文本或电子证照标识。")
    };
    // The size is asked before a byte is read; what has none, such as a pipe, is read no further than the limit.
    if fs::metadata(path).map_err(unread)?.len() > MAX_DOCUMENT_BYTES as u64 {
        return Ok(Examined::too_large());
    }
    let bytes = read_to(path, MAX_DOCUMENT_BYTES).map_err(unread)?;
    Ok(Examined::of(&bytes))
}

/// Exit status of one report.
pub(crate) fn outcome(report: &Report) -> Outcome {
    match report.conclusion {
        Conclusion::Good => Outcome::Done,
        Conclusion::Undecided => Outcome::Undecided,
        Conclusion::NotInForce | Conclusion::Bad => Outcome::Negative,
    }
}

fn worse(a: Outcome, b: Outcome) -> Outcome {
    match (a, b) {
        (Outcome::Negative, _) | (_, Outcome::Negative) => Outcome::Negative,
        (Outcome::Undecided, _) | (_, Outcome::Undecided) => Outcome::Undecided,
        _ => Outcome::Done,
    }
}
