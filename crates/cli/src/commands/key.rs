//! `certseal key`.

//API use certseal_server::auth::ApiKeys;
use serde_json::json;

use super::{Session, certificate::local, clock, home_failure};
use crate::{
    args::Key,
    output::{self, Context as _, Failure, Outcome},
};

pub(super) fn run(session: &Session, args: &Key) -> Result<Outcome, Failure> {
    let home = session.home()?;
    match args {
        Key::List => {
            let keys = home.keys().map_err(home_failure)?;
            if session.json {
                output::json(&keys);
                return Ok(Outcome::Done);
            }
            for key in &keys {
                let revoked = key
                    .revoked_at
                    .map(|at| format!("　已吊销 {}", local(at)))
                    .unwrap_or_default();
                output::line(format_args!("{}\n  {}", key.name, key.subject));
                output::line(format_args!(
                    "  {} 至 {}{revoked}",
                    local(key.not_before),
                    local(key.not_after)
                ));
            }
        }
        Key::Crl { revoke } => {
            let keys = session.keys(&home)?;
            home.revoke_signers(revoke, &keys, clock().now())
                .map_err(home_failure)?;
            if session.json {
                output::json(&json!({ "revoked": revoke, "folder": home.pki_path() }));
            } else {
                for name in revoke {
                    output::line(format_args!("已吊销 {name}"));
                }
                output::line(format_args!("已签发吊销列表：{}", home.pki_path().display()));
            }
        }
        _ => {}
    }
    Ok(Outcome::Done)
}
