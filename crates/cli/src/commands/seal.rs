//! `certseal seal`.

mod national;

use std::path::Path;

use certseal_core::{
    home::{Home, SEAL_MAKER, SealOrder},
    issue::Service,
    registry::{Change, SealRecord},
    seal::{Seal as ESeal, SealCode, impression::preview_svg, ses::SesPicture},
};
use serde_json::{Value, json};

use super::{
    Session, block_on, certificate::local, clock, home_failure, issue_failure, known_department, service,
    write_whole,
};
use crate::{
    args::{Seal, SealChange, SealMake},
    output::{self, Context as _, Failure, Outcome},
};

pub(super) fn run(session: &Session, args: &Seal) -> Result<Outcome, Failure> {
    if let Seal::Show { seal, svg, picture } = args
        && Path::new(seal).is_file()
    {
        return national::show(session, Path::new(seal), svg.is_some(), picture.as_deref());
    }
    let home = session.home()?;
    let looking = || service(&home);
    match args {
        Seal::List => list(session, &looking()?),
        Seal::Show { seal, svg, picture } => {
            show(session, &looking()?, seal, svg.as_deref(), picture.as_deref())
        }
        Seal::Make(order) => make(session, &home, order),
        Seal::National(order) => national::make(session, &home, order),
        Seal::Suspend(change) => {
            let event = Change::SuspendSeal(change.id.clone());
            alter(session, &looking()?, change, event)
        }
        Seal::Resume(change) => {
            let event = Change::ResumeSeal(change.id.clone());
            alter(session, &looking()?, change, event)
        }
        Seal::Destroy(change) => {
            let event = Change::DestroySeal(change.id.clone());
            alter(session, &looking()?, change, event)
        }
    }
}

fn make(session: &Session, home: &Home, args: &SealMake) -> Result<Outcome, Failure> {
    known_department(home, &args.department)?;
    let order = SealOrder {
        department: args.department.clone(),
        kind: args.kind,
        name: args.name.clone(),
        number: args
            .number
            .as_deref()
            .map(SealCode::parse)
            .transpose()
            .context("印章编号")?,
        actor: args.actor.clone(),
        reason: args.reason.clone(),
    };
    let keys = session.keys(home)?;
    let maker = keys.identity(SEAL_MAKER).context("打开制章者密钥")?;
    let service = home.service(keys, clock()).map_err(home_failure)?;
    let made = block_on(home.make_seal(&service, &order, &maker))?.map_err(home_failure)?;
    show(session, &service, &made.id, None, None)
}

fn list(session: &Session, service: &Service) -> Result<Outcome, Failure> {
    let records = block_on(service.registry().seals())?.context("读取印章登记簿")?;
    let mut seals = Vec::new();
    for record in &records {
        let seal = service
            .open_seal(record)
            .map_err(|error| issue_failure("读取印章", &error))?;
        seals.push(describe(record, &seal));
        if !session.json {
            output::line(format_args!(
                "{}  {}  {}",
                record.id,
                record.status.name_zh(),
                seal.name()
            ));
        }
    }
    if session.json {
        output::json(&seals);
    }
    Ok(Outcome::Done)
}

fn describe(record: &SealRecord, seal: &ESeal) -> Value {
    json!({
        "id": record.id,
        "name": seal.name(),
        "owner": seal.owner(),
        "owner-code": seal.owner_code().as_str(),
        "kind": seal.kind(),
        "not-before": seal.not_before(),
        "not-after": seal.not_after(),
        "signer-certificates": seal.signers().iter().map(hex::encode).collect::<Vec<_>>(),
        "status": record.status,
        "since": record.since,
        "reason": record.reason,
    })
}

fn find(service: &Service, id: &str) -> Result<SealRecord, Failure> {
    let found = block_on(service.registry().seal(id))?.context("读取印章登记簿")?;
    found.ok_or_else(|| {
        Failure::new(
            format!("没有编号为 {id} 的印章，也没有这个文件"),
            "用 certseal seal list 查看全部印章。",
        )
    })
}

fn show(
    session: &Session,
    service: &Service,
    id: &str,
    svg: Option<&Path>,
    picture: Option<&Path>,
) -> Result<Outcome, Failure> {
    let record = find(service, id)?;
    let seal = service
        .open_seal(&record)
        .map_err(|error| issue_failure("读取印章", &error))?;
    if let Some(path) = picture {
        let drawn = SesPicture::draw(seal.impression()).context("画出印模")?;
        write_whole(path, &drawn.data).context(&format!("写入 {}", path.display()))?;
    }
    if let Some(path) = svg {
        std::fs::write(path, preview_svg(seal.impression())).context(&format!("写入 {}", path.display()))?;
    }
    if session.json {
        output::json(&describe(&record, &seal));
        return Ok(Outcome::Done);
    }
    output::line(format_args!("{}（{}）", seal.name(), seal.kind().name_zh()));
    output::line(format_args!("  编号     {}", record.id));
    output::line(format_args!(
        "  所有者   {}（{}）",
        seal.owner(),
        seal.owner_code()
    ));
    output::line(format_args!(
        "  有效期   {} 至 {}",
        local(seal.not_before()),
        local(seal.not_after())
    ));
    output::line(format_args!(
        "  状态     {}，自 {}　{}",
        record.status.name_zh(),
        local(record.since),
        record.reason
    ));
    for signer in seal.signers() {
        output::line(format_args!("  获准签章证书（SHA-256） {}", hex::encode(signer)));
    }
    Ok(Outcome::Done)
}

fn alter(
    session: &Session,
    service: &Service,
    change: &SealChange,
    event: Change,
) -> Result<Outcome, Failure> {
    let record = find(service, &change.id)?;
    let seal = service
        .open_seal(&record)
        .map_err(|error| issue_failure("读取印章", &error))?;
    let append = service.append_one(event, &change.actor, &change.reason, seal.owner_code().as_str());
    block_on(append)?.map_err(|error| issue_failure("变更印章状态", &error))?;
    show(session, service, &change.id, None, None)
}
