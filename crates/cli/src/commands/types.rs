//! `certseal type`.

use std::{path::Path, sync::Arc};

use certseal_core::{
    catalogue::{CertificateType, FieldKind, HolderKind, ValidityRule},
    issue::{Workshop, preview},
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
