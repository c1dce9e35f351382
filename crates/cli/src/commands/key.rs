//! `certseal key`.

use certseal_core::{
    home::{Home, LIST_KEY},
    issue::{TOKEN_SIGNER, document_signer},
};
use certseal_server::auth::ApiKeys;
use serde_json::json;

use super::{Session, certificate::local, clock, home_failure, known_department};
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
        Key::Crl { revoke, roots } => {
            let keys = session.keys(&home)?;
            let lists = home
                .renew_revocation_lists(revoke, *roots, &keys, clock().now())
                .map_err(home_failure)?;
            if session.json {
                output::json(&json!({ "revoked": revoke, "lists": lists, "folder": home.pki_path() }));
            } else {
                for name in revoke {
                    output::line(format_args!("已吊销 {name}"));
                }
                for list in lists {
                    let file = home.pki_path().join(format!("{list}.crl"));
                    output::line(format_args!("已签发吊销列表：{}", file.display()));
                }
            }
        }
        Key::Renew { name } => renew(session, &home, name)?,
        Key::ApiAdd { name, department } => {
            if department != "*" {
                known_department(&home, department)?;
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

fn renew(session: &Session, home: &Home, name: &str) -> Result<(), Failure> {
    let passphrase = session.passphrase()?;
    let renewed = home
        .renew_key(name, &passphrase, clock().now())
        .map_err(home_failure)?;
    if session.json {
        output::json(&renewed);
    } else {
        output::line(format_args!(
            "已换发 {name}，新证书有效期至 {}；旧密钥和证书另存为 {}",
            local(renewed.not_after),
            renewed.kept
        ));
        if let Some(number) = renewed.trust_list {
            output::line(format_args!("已签发信任列表第 {number} 号"));
        }
    }
    let departments = &home.config().departments;
    let department = departments.iter().find(|d| document_signer(&d.key) == name);
    if let Some(department) = department {
        output::note(format_args!(
            "现有印章不准新证书使用，请为该部门制新章：\n  certseal seal make --department {0} --kind licence\n  certseal seal make --department {0} --kind official",
            department.key
        ));
    } else if name == LIST_KEY {
        output::note(format_args!(
            "请把 {} 与新列表一并送交各核验方，否则对方不认新列表。",
            home.path().join("trust/list-key.pem").display()
        ));
    } else if name == TOKEN_SIGNER {
        output::note(
            "请把新信任列表送交各核验方，并用 certseal trust export 把本机构新说明送交收录本机构的机构。",
        );
    }
    output::note("正在运行的 certseal serve 须重新启动才会使用新密钥。");
    Ok(())
}
