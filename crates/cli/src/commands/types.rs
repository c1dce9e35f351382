//! `certseal type`.

use std::{path::Path, sync::Arc};

use certseal_core::{
    catalogue::{CertificateType, FieldKind, HolderKind, ValidityRule},
    home::Home,
    issue::{Workshop, preview},
    profile::Profile,
};
use serde_json::json;

use super::{Session, certificate_type, clock, home_failure, issue_failure};
use crate::{
    args::Type,
    output::{self, Context as _, Failure, Outcome},
};

pub(super) fn run(session: &Session, args: &Type) -> Result<Outcome, Failure> {
    let home = session.home()?;
    let catalogue = home.catalogue().map_err(home_failure)?;
    match args {
        Type::List => {
            if session.json {
                let list: Vec<_> = catalogue
                    .types()
                    .map(|t| json!({ "key": t.key, "name": t.name, "department": t.department, "version": t.version, "code": t.code }))
                    .collect();
                output::json(&list);
                return Ok(Outcome::Done);
            }
            for department in catalogue.departments() {
                output::line(&department.name);
                for t in catalogue.types().filter(|t| t.department == department.key) {
                    output::line(format_args!("  {}  {}", t.name, t.key));
                }
            }
        }
        Type::Show {
            certificate_type: name,
        } => {
            let found = certificate_type(catalogue, name)?;
            if session.json {
                output::json(&*found);
            } else {
                show(&found);
            }
        }
        Type::Profiles { profiles, only } => set_profiles(session, &home, profiles, only)?,
        Type::Preview { out, only } => {
            std::fs::create_dir_all(out).context(&format!("建立 {}", out.display()))?;
            let chosen = if only.is_empty() {
                catalogue.types().cloned().collect()
            } else {
                only.iter()
                    .map(|name| certificate_type(catalogue, name))
                    .collect::<Result<Vec<_>, _>>()?
            };
            let workshop = home.workshop().map_err(home_failure)?;
            for t in &chosen {
                write_preview(&workshop, t, out)?;
            }
            output::note(format_args!(
                "已生成 {} 个照面样张：{}",
                chosen.len(),
                out.display()
            ));
        }
    }
    Ok(Outcome::Done)
}

/// Says in which forms certificates are issued from now on.
fn set_profiles(
    session: &Session,
    home: &Home,
    profiles: &[Profile],
    only: &[String],
) -> Result<(), Failure> {
    let twice = profiles
        .iter()
        .enumerate()
        .any(|(at, profile)| profiles.get(..at).is_some_and(|before| before.contains(profile)));
    if twice {
        return Err(Failure::new(
            "同一版式写了两次 (a profile stands twice)",
            "每种版式只写一次，例如 --set pdf-pades,ofd-gb38540。",
        ));
    }
    let catalogue = home.catalogue().map_err(home_failure)?;
    let types: Vec<String> = if only.is_empty() {
        catalogue.types().map(|t| t.key.clone()).collect()
    } else {
        only.iter()
            .map(|name| certificate_type(catalogue, name).map(|t| t.key.clone()))
            .collect::<Result<_, _>>()?
    };
    home.set_profiles(&types, profiles).map_err(home_failure)?;
    let named: Vec<&str> = profiles.iter().map(|profile| profile.key()).collect();
    if session.json {
        output::json(&json!({ "types": types, "profiles": named }));
        return Ok(());
    }
    output::line(format_args!(
        "{} 种证照类型此后按 {} 签发；运行中的服务须重新启动",
        types.len(),
        named.join("、")
    ));
    if profiles.contains(&Profile::OfdGb38540) {
        output::note("OFD 用国密印章签章：先后运行 certseal key national 与 certseal seal national。");
    }
    Ok(())
}

fn write_preview(workshop: &Workshop, t: &Arc<CertificateType>, out: &Path) -> Result<(), Failure> {
    let bytes = preview(workshop, t, clock().now())
        .map_err(|error| issue_failure(&format!("生成“{}”样张", t.name), &error))?;
    let path = out.join(format!("{:02}-{}.pdf", t.seq, t.key));
    std::fs::write(&path, bytes).context(&format!("写入 {}", path.display()))
}

fn show(t: &CertificateType) {
    let holder = match t.holder {
        HolderKind::Organisation => "法人和其他组织",
        HolderKind::Person => "自然人",
        HolderKind::Any => "自然人、法人和其他组织",
    };
    let validity = match t.validity {
        ValidityRule::Unlimited => "长期".to_owned(),
        ValidityRule::Years { years } => format!("{years} 年"),
        ValidityRule::Given => "由数据给定".to_owned(),
    };
    output::line(format_args!("{}（{}，第 {} 版）", t.name, t.key, t.version));
    output::line(format_args!("  类型代码 {}", t.code));
    let profiles: Vec<&str> = t.profiles.iter().map(|profile| profile.key()).collect();
    output::line(format_args!("  版式 {}", profiles.join("、")));
    output::line(format_args!(
        "  持证主体 {holder}　有效期 {validity}　编号规则 {}",
        t.number.pattern
    ));
    output::line("  字段（* 必填）：");
    for field in &t.fields {
        let kind = match field.kind {
            FieldKind::Text => "文本",
            FieldKind::Date => "日期",
            FieldKind::CreditCode => "统一社会信用代码",
            FieldKind::CitizenId => "公民身份号码",
            FieldKind::Choice => "选项",
            FieldKind::Integer => "整数",
            FieldKind::Decimal => "数值",
            FieldKind::Photo => "照片",
        };
        let mark = if field.required { "*" } else { " " };
        let mut rule = String::new();
        if !field.choices.is_empty() {
            rule = format!("　可选 {}", field.choices.join("、"));
        } else if let Some(most) = field.max_chars {
            rule = format!("　至多 {most} 字");
        }
        let sample = match &*field.sample {
            "" => String::new(),
            sample => format!("　例：{sample}"),
        };
        output::line(format_args!(
            "  {mark} {}　{kind}　键 {}　短名 {}{rule}{sample}",
            field.label, field.key, field.short
        ));
    }
}
