//! `certseal trust`.

use certseal_core::{
    crypto::x509,
    home::{Home, LIST_KEY},
    trust::list::{AuthorityStatus, TrustList},
};
use serde_json::json;

use super::{Session, block_on, certificate::local, clock, home_failure, service};
use crate::{
    args::{Standing, Trust},
    output::{self, Context as _, Failure, Outcome},
};

pub(super) fn run(session: &Session, args: &Trust) -> Result<Outcome, Failure> {
    let home = session.home()?;
    match args {
        Trust::Show => show(session, &home.trust_list(None).map_err(home_failure)?),
        Trust::Export { out } => {
            let service = service(&home)?;
            let seals = block_on(service.registry().seals())?.context("读取印章登记簿")?;
            home.export_authority(out, &seals).map_err(home_failure)?;
            if session.json {
                output::json(&json!({ "folder": out, "seals": seals.len() }));
            } else {
                output::line(format_args!(
                    "已导出到 {}：机构说明、吊销列表、印章 {} 枚",
                    out.display(),
                    seals.len()
                ));
            }
        }
        Trust::Renew => {
            let keys = session.keys(&home)?;
            let signer = keys.identity(LIST_KEY).context("打开信任列表密钥")?;
            let list = home
                .renew_trust_list(&*signer.signer, clock().now())
                .map_err(home_failure)?;
            show(session, &list);
        }
        Trust::Suspend(standing) => set(session, &home, standing, AuthorityStatus::Suspended)?,
        Trust::Resume(standing) => set(session, &home, standing, AuthorityStatus::Granted)?,
        Trust::Withdraw(standing) => set(session, &home, standing, AuthorityStatus::Withdrawn)?,
        Trust::Add { from, new_keys } => {
            let keys = session.keys(&home)?;
            let signer = keys.identity(LIST_KEY).context("打开信任列表密钥")?;
            let list = home
                .list_authority(from, *new_keys, &*signer.signer, clock().now())
                .map_err(home_failure)?;
            show(session, &list);
        }
    }
    Ok(Outcome::Done)
}

fn set(session: &Session, home: &Home, args: &Standing, status: AuthorityStatus) -> Result<(), Failure> {
    let keys = session.keys(home)?;
    let signer = keys.identity(LIST_KEY).context("打开信任列表密钥")?;
    let list = home
        .set_authority_status(
            &args.authority,
            status,
            &args.reason,
            args.ours,
            &*signer.signer,
            clock().now(),
        )
        .map_err(home_failure)?;
    show(session, &list);
    Ok(())
}

fn show(session: &Session, list: &TrustList) {
    let content = list.content();
    if session.json {
        output::json(content);
        return;
    }
    output::line(format_args!(
        "信任列表第 {} 号，{} 签发，{} 前更新",
        content.sequence,
        local(content.issued_at),
        local(content.next_update)
    ));
    for authority in list.authorities() {
        output::line(format_args!(
            "  {}  {}（{}），证照类型 {} 种，颁证机构 {} 个",
            authority.id,
            authority.name,
            authority.region,
            authority.types.len(),
            authority.issuers.len()
        ));
        // The first entry says no more than that it was listed.
        for change in authority.history.iter().skip(1) {
            let status = match change.status {
                AuthorityStatus::Granted => "采信 (granted)",
                AuthorityStatus::Suspended => "暂停采信 (suspended)",
                AuthorityStatus::Withdrawn => "撤销采信 (withdrawn)",
            };
            output::line(format_args!(
                "    {} 起{status}：{}",
                local(change.since),
                change.reason
            ));
        }
        // What two authorities read to each other on the telephone.
        for (what, roots) in [
            ("根证书", &authority.anchors),
            ("二维码签名证书", &authority.token_signers),
            ("制章者根证书", &authority.seal_makers),
        ] {
            for root in roots {
                let digest = hex::encode(x509::fingerprint(&root.0));
                output::line(format_args!("    {what} SHA-256 {digest}"));
            }
        }
    }
    for agreement in &content.agreements {
        output::line(format_args!(
            "  互认：{} → {}，自 {}",
            agreement.from_region, agreement.to_region, agreement.from
        ));
    }
}
