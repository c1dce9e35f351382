//! `certseal recognise`.

use certseal_core::{
    recognise::{Decision, Policy, recognise},
    verify::Language,
};
use serde_json::json;

use super::{
    Session, clock, home_failure,
    verify::{Desk, read},
};
use crate::{
    args::Recognise,
    output::{self, Failure, Outcome},
};

pub(super) fn run(session: &Session, args: &Recognise) -> Result<Outcome, Failure> {
    let home = session.home()?;
    let trust_list = args.trust_list.as_deref();
    let list = home.trust_list(trust_list).map_err(home_failure)?;
    let desk = Desk::of_session(&home, trust_list, args.offline)?;
    let report = desk.judge(&read(args.file.as_os_str())?, clock().now())?;
    let policy = Policy {
        region: args
            .region
            .clone()
            .unwrap_or_else(|| home.config().region.clone()),
        types: None,
        status_required: false,
    };
    let recognition = recognise(&report, &list, &policy);
    if session.json {
        output::json(&json!({ "recognition": recognition, "report": report }));
    } else {
        output::line(recognition.to_text(&report, Language::Chinese));
    }
    Ok(match recognition.decision {
        Decision::Accepted | Decision::AcceptedWithConditions => Outcome::Done,
        Decision::Refused => Outcome::Negative,
        Decision::Undecided => Outcome::Undecided,
    })
}
