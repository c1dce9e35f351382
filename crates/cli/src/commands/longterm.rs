//! `certseal timestamp` and `certseal extend`.

use std::{path::Path, sync::Arc};

use certseal_core::{
    clock::clock_time,
    files::read_to,
    home::Home,
    limits::MAX_DOCUMENT_BYTES,
    longterm::{self, Extended, Level, LongTermError},
    sign::timestamp::{TimeStampSource, TimestampError},
    trust::{path::PathError, revocation::UnknownRevocation, timestamp::TimestampRefused},
};
use serde_json::json;

use super::{Session, clock, home_failure, write_whole};
use crate::{
    args::{Extend, LongTermLevel, TimestampSource, Timestamping},
    output::{self, Context as _, Failure, Outcome},
    tsa::RemoteAuthority,
};

pub(super) fn timestamp(session: &Session, args: &Timestamping) -> Result<Outcome, Failure> {
    let home = session.home()?;
    let file = read(&args.file)?;
    let now = clock().now();
    let trust = home.long_term_trust(now).map_err(home_failure)?;
    let source = source(session, &home, &args.source)?;
    let made = longterm::timestamp(&file, &*source, &trust, now)
        .map_err(|error| failure(&args.file, &home, &error))?;
    finish(session, &args.out, &made)
}

pub(super) fn extend(session: &Session, args: &Extend) -> Result<Outcome, Failure> {
    let home = session.home()?;
    let file = read(&args.file)?;
    let now = clock().now();
    let trust = home.long_term_trust(now).map_err(home_failure)?;
    let source = source(session, &home, &args.source)?;
    let level = match args.level {
        LongTermLevel::Lt => Level::Lt,
        LongTermLevel::Lta => Level::Lta,
    };
    let made = longterm::extend(&file, level, &*source, &trust, now)
        .map_err(|error| failure(&args.file, &home, &error))?;
    finish(session, &args.out, &made)
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    // One byte beyond the limit is read, which the reader of documents then refuses.
    read_to(path, MAX_DOCUMENT_BYTES)
        .context(&format!("读取 {}", path.display()))
        .map_err(|failure| failure.hint("参数应为 PDF 文件。"))
}

/// The authority that is asked.
fn source(
    session: &Session,
    home: &Home,
    args: &TimestampSource,
) -> Result<Box<dyn TimeStampSource>, Failure> {
    if let Some(url) = &args.tsa {
        return Ok(Box::new(RemoteAuthority::new(url)));
    }
    let keys = Arc::new(session.keys(home)?);
    let own = home.time_stamp_authority(keys, clock()).map_err(home_failure)?;
    let own = own.ok_or_else(|| {
        Failure::new(
            "本数据目录没有时间戳密钥 (no timestamp authority of our own)",
            "用 certseal key renew tsa 建立，或用 --tsa 指定时间戳服务地址。",
        )
    })?;
    Ok(Box::new(own))
}

fn finish(session: &Session, out: &Path, made: &Extended) -> Result<Outcome, Failure> {
    write_whole(out, &made.bytes).context(&format!("写 {}", out.display()))?;
    if session.json {
        output::json(&json!({
            "file": out, "timestamps": made.timestamps, "certificates": made.certificates, "crls": made.crls,
            "ocsps": made.ocsps, "older-lists": made.older_lists,
        }));
        return Ok(Outcome::Done);
    }
    let added = made.certificates + made.crls + made.ocsps;
    if added > 0 {
        output::line(format_args!(
            "已存入 {} 张证书、{} 份吊销列表、{} 份 OCSP 应答",
            made.certificates, made.crls, made.ocsps
        ));
    }
    for at in &made.timestamps {
        output::line(format_args!("已加盖时间戳：{}", clock_time(*at)));
    }
    if added == 0 && made.timestamps.is_empty() {
        output::note("文件已含全部证书和吊销信息，未作改动。");
    }
    for certificate in &made.older_lists {
        output::note(format_args!(
            "{certificate} 的吊销列表签发于签名时间之前，日后有的核验软件不予采信；取得新一期列表后可再延长一次。"
        ));
    }
    output::line(out.display());
    Ok(Outcome::Done)
}

fn failure(file: &Path, home: &Home, error: &LongTermError) -> Failure {
    let failure = Failure::from_error(&file.display().to_string(), error);
    let roots = home.timestamp_roots_path();
    let hint = match error {
        LongTermError::NotSigned => "先签章；只为文件本身加盖时间戳的，用 certseal timestamp。".to_owned(),
        LongTermError::Malformed { .. } | LongTermError::Broken { .. } => {
            "用 certseal verify 查看原因；已损坏的签名无法延长，请重新取得原始文件。".to_owned()
        }
        LongTermError::Weak { .. } => {
            "算法不可靠的签名，加盖时间戳也不能使其可信；请签章者重新签章。".to_owned()
        }
        LongTermError::Signer {
            source: PathError::UnknownIssuer,
            ..
        } => "把签发机构收入信任列表（certseal trust add）后再试。".to_owned(),
        LongTermError::Signer {
            source: PathError::Expired { .. },
            ..
        } => "证书到期前没有时间戳的签名不能再延长。".to_owned(),
        LongTermError::Signer { .. } => {
            "用 certseal verify 查看原因；证书已吊销或不可信的签名不能延长。".to_owned()
        }
        LongTermError::Revocation {
            source: UnknownRevocation::Stale { .. } | UnknownRevocation::NoList,
            ..
        } => format!(
            "自己签发的，运行 certseal key crl；他人签发的，取得其最新吊销列表放入 {}。",
            home.path().join("trust/crls").display()
        ),
        LongTermError::Refused(TimestampRefused::Path(PathError::UnknownIssuer))
        | LongTermError::Present {
            source: TimestampRefused::Path(PathError::UnknownIssuer),
            ..
        } => format!("核对该服务的根证书后放入 {}。", roots.display()),
        LongTermError::Source(_) => {
            "核对 --tsa 的地址和网络；也可不加 --tsa，用本机构自己的时间戳。".to_owned()
        }
        LongTermError::Answer(TimestampError::Rejected { .. }) => {
            "按所述原因处理；服务方的问题请联系服务方，或换一个时间戳服务。".to_owned()
        }
        LongTermError::Answer(_) | LongTermError::Refused(_) => {
            "核对 --tsa 的地址是否为时间戳服务；仍不行的，换一个时间戳服务。".to_owned()
        }
        LongTermError::TimeOff { .. } => "校准本机时钟；本机无误的，换一个时间戳服务。".to_owned(),
        LongTermError::Update(_) | LongTermError::Open(_) => {
            "请重新取得原始文件；不要用其他程序另存，那会使签名失效。".to_owned()
        }
        _ => return failure,
    };
    failure.hint(hint)
}
