//! `certseal key`.

use certseal_core::{
    home::{
        CA, DeadlineKind, Home, LIST_KEY, ROOT, RenewedKey, Revoke, SEAL_MAKER, SEAL_ROOT, SM2_CA, SM2_ROOT,
        SM2_SEAL_MAKER, SM2_SEAL_ROOT,
    },
    issue::{TOKEN_SIGNER, document_signer, national_signer},
};
use certseal_server::auth::ApiKeys;
use jiff::SignedDuration;
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
                let issuer = key
                    .issuer
                    .as_deref()
                    .map(|issuer| format!("　由 {issuer} 颁发"))
                    .unwrap_or_default();
                output::line(format_args!("{}\n  {}{issuer}", key.name, key.subject));
                output::line(format_args!(
                    "  {} 至 {}{revoked}",
                    local(key.not_before),
                    local(key.not_after)
                ));
            }
        }
        Key::Crl {
            revoke,
            reason,
            roots,
        } => {
            let keys = session.keys(&home)?;
            let revoke = Revoke {
                names: revoke.clone(),
                reason: *reason,
            };
            let renewed = home
                .renew_revocation_lists(&revoke, *roots, &keys, clock().now())
                .map_err(home_failure)?;
            if session.json {
                output::json(&json!({
                    "revoked": revoke.names, "lists": renewed.lists, "without-key": renewed.without_key,
                    "trust-list": renewed.trust_list, "folder": home.pki_path(),
                }));
                return Ok(Outcome::Done);
            }
            for name in &revoke.names {
                output::line(format_args!("已吊销 {name}"));
            }
            for list in &renewed.lists {
                let file = home.pki_path().join(format!("{list}.crl"));
                output::line(format_args!("已签发吊销列表：{}", file.display()));
            }
            for name in &renewed.without_key {
                output::note(format_args!(
                    "前任签发 CA {name} 的私钥不在本机，其吊销列表未更新"
                ));
            }
            if let Some(number) = renewed.trust_list {
                output::line(format_args!(
                    "已签发信任列表第 {number} 号，其中停用所吊销的二维码证书"
                ));
                output::note(
                    "请把新信任列表送交各核验方；收录本机构的机构须重新收录（certseal trust export）。",
                );
            }
            if revoke.names.iter().any(|name| name == LIST_KEY) {
                output::note(
                    "核验方只认所持的列表公钥，不查其吊销：请换发 trust-list 并送交 trust/list-key.pem。",
                );
            }
        }
        Key::Due { within } => return due(session, &home, *within),
        Key::Renew { name } => renew(session, &home, name)?,
        Key::National => national(session, &home)?,
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
                    "{}  部门 {}  {}  日志中的编号 {}",
                    key.name,
                    key.department,
                    local(key.created),
                    key.id
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

/// What is to be renewed within so many days.
fn due(session: &Session, home: &Home, within: u16) -> Result<Outcome, Failure> {
    let now = clock().now();
    let until = now + SignedDuration::from_hours(24 * i64::from(within));
    let mut due = home.deadlines(now).map_err(home_failure)?;
    due.retain(|deadline| deadline.at <= until);
    if session.json {
        output::json(&due);
    } else if due.is_empty() {
        output::line(format_args!(
            "{within} 天内没有到期的证书、吊销列表、信任列表和印章"
        ));
    }
    for deadline in due.iter().filter(|_| !session.json) {
        let (what, remedy) = match deadline.kind {
            DeadlineKind::Certificate => ("证书", "certseal key renew"),
            DeadlineKind::RevocationList => ("吊销列表", "certseal key crl"),
            DeadlineKind::Seal => ("印章", "certseal seal make"),
            DeadlineKind::TrustList => ("信任列表", "certseal trust renew"),
        };
        let when = if deadline.at <= now { "已到期" } else { "到期" };
        output::line(format_args!(
            "{} {when}  {what} {}（{remedy}）",
            local(deadline.at),
            deadline.name
        ));
    }
    Ok(if due.is_empty() {
        Outcome::Done
    } else {
        Outcome::Negative
    })
}

fn renew(session: &Session, home: &Home, name: &str) -> Result<(), Failure> {
    let passphrase = session.passphrase()?;
    let renewed = home
        .renew_key(name, &passphrase, clock().now())
        .map_err(home_failure)?;
    if session.json {
        output::json(&renewed);
    } else {
        let until = local(renewed.not_after);
        let kept = renewed.kept.as_deref();
        let is_authority = [ROOT, CA, SEAL_ROOT, SM2_ROOT, SM2_CA, SM2_SEAL_ROOT].contains(&name);
        output::line(match kept {
            None => format!("已新建 {name}，证书有效期至 {until}"),
            Some(kept) if is_authority => {
                format!(
                    "已换发 {name}：新的为 {}，有效期至 {until}；{kept} 继续保留",
                    renewed.name
                )
            }
            Some(kept) => {
                format!("已换发 {name}，新证书有效期至 {until}；旧密钥和证书另存为 {kept}")
            }
        });
        if let Some(number) = renewed.trust_list {
            output::line(format_args!("已签发信任列表第 {number} 号"));
        }
    }
    advise(home, name, &renewed);
    Ok(())
}

/// Makes the keys over SM2 that are missing.
fn national(session: &Session, home: &Home) -> Result<(), Failure> {
    let made = home
        .add_national_keys(&session.passphrase()?, clock().now())
        .map_err(home_failure)?;
    if session.json {
        output::json(&made);
        return Ok(());
    }
    for key in &made {
        output::line(format_args!(
            "已新建 {}，证书有效期至 {}",
            key.name,
            local(key.not_after)
        ));
    }
    if made.is_empty() {
        output::line("国密密钥已齐备，没有新建");
        return Ok(());
    }
    output::note(
        "请把新信任列表送交各核验方，并用 certseal trust export 把本机构新说明送交收录本机构的机构；\n此后用 certseal seal national 制作各印章的国密印章文件。",
    );
    Ok(())
}

/// What is to be done after a renewal.
fn advise(home: &Home, name: &str, renewed: &RenewedKey) {
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
    } else if departments.iter().any(|d| national_signer(&d.key) == name) {
        output::note("现有国密印章不准新证书使用，请用 certseal seal national 重新制章。");
    } else if name == SM2_CA {
        output::note(format_args!(
            "此后换发的国密证书由 {} 颁发：请逐个换发 sm2-signer-…。",
            renewed.name
        ));
    } else if name == CA {
        output::note(format_args!(
            "此后换发的证书由 {} 颁发：请逐个换发 signer-…、token、trust-list。{} 的私钥须保留到其所颁证书到期，供 key crl 签发其吊销列表。",
            renewed.name,
            renewed.kept.as_deref().unwrap_or_default()
        ));
    } else if let Some(next) = below(name) {
        output::note(format_args!(
            "请先把新信任列表送交各核验方，并用 certseal trust export 把本机构新说明送交收录本机构的机构；\n各方更新之后再运行 certseal key renew {next}。旧根仍在列表中，其下文件照旧有效。"
        ));
    }
    if department.is_some() {
        output::note("certseal serve 沿用旧密钥，直至停止服务、制成新章后重新启动。");
    }
}

/// What is to be renewed after a root of that name.
fn below(root: &str) -> Option<&'static str> {
    match root {
        ROOT => Some(CA),
        SEAL_ROOT => Some(SEAL_MAKER),
        SM2_ROOT => Some(SM2_CA),
        SM2_SEAL_ROOT => Some(SM2_SEAL_MAKER),
        _ => None,
    }
}
