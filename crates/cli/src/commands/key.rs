//! `certseal key`.

use certseal_server::auth::ApiKeys;
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
        Key::ApiAdd { name, department } => {
            if department != "*" && home.config().issuer(department).is_none() {
                let known: Vec<&str> = home.config().departments.iter().map(|d| d.key.as_str()).collect();
                return Err(Failure::new(
                    format!("没有部门“{department}”"),
                    format!("部门键有：{}；* 为全部。", known.join("、")),
                ));
            }
            let mut keys = ApiKeys::load(&home.api_keys_path()).context("读取接口密钥")?;
            let token = keys
                .add(name, department, clock().now())
                .context("新建接口密钥")?;
            if session.json {
                output::json(&json!({ "name": name, "department": department, "key": token }));
            } else {
                output::note("接口密钥只显示这一次，请妥善保存：");
                output::line(token);
            }
        }
        Key::ApiList => {
            let keys = ApiKeys::load(&home.api_keys_path()).context("读取接口密钥")?;
            if session.json {
                output::json(&keys.list());
                return Ok(Outcome::Done);
            }
            for key in keys.list() {
                output::line(format_args!(
                    "{}  部门 {}  {}",
                    key.name,
                    key.department,
                    local(key.created)
                ));
            }
        }
        Key::ApiRevoke { name } => {
            let mut keys = ApiKeys::load(&home.api_keys_path()).context("读取接口密钥")?;
            keys.withdraw(name).context("作废接口密钥")?;
            if session.json {
                output::json(&json!({ "withdrawn": name }));
            } else {
                output::line(format_args!("已作废接口密钥 {name}"));
            }
        }
    }
    Ok(Outcome::Done)
}
