//! National seals: one explained in words, one made.

use std::{io, path::Path, sync::Arc};

use certseal_core::{
    crypto::{DigestAlgorithm, x509},
    files,
    home::{Home, NationalSealOrder, SM2_SEAL_MAKER},
    limits::MAX_SES_BYTES,
    registry::SealStatus,
    remark::visible_line,
    seal::{
        Seal as ESeal, SignedSeal,
        ses::{CertificateList, SesPicture, SesSeal, SesVersion, WrittenVersion},
    },
    sign::{ses::check_time_stamp, signed_value::SignedValue},
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    super::{
        Session, block_on, certificate::local, clock, home_failure, issue_failure, service, write_whole,
    },
    find,
};
use crate::{
    args::{SealEdition, SealNational},
    output::{self, Context as _, Failure, Outcome},
};

/// Explains the national seal in a file. Whether its maker is trusted is not asked.
pub(super) fn show(
    session: &Session,
    file: &Path,
    wants_svg: bool,
    picture: Option<&Path>,
) -> Result<Outcome, Failure> {
    if wants_svg {
        return Err(Failure::new(
            "--svg 只用于登记的印章 (--svg is for registered seals)",
            "国密印章的图像用 --picture 取出。",
        ));
    }
    let seal = read(file)?;
    if let Some(path) = picture {
        write_whole(path, &seal.picture().data).context(&format!("写入 {}", path.display()))?;
    }
    let facts = Facts::of(&seal);
    if session.json {
        output::json(&facts.describe(&seal));
    } else {
        facts.tell(&seal, clock().now());
    }
    Ok(if facts.is_good() {
        Outcome::Done
    } else {
        Outcome::Negative
    })
}

/// The seal in a file: by itself, or in a signature made with it.
fn read(file: &Path) -> Result<SesSeal, Failure> {
    let bytes = files::read_to(file, MAX_SES_BYTES)
        .and_then(|bytes| match bytes.len() {
            ..=MAX_SES_BYTES => Ok(bytes),
            _ => Err(io::ErrorKind::FileTooLarge.into()),
        })
        .context(&format!("读取 {}", file.display()))?;
    let refused = match SesSeal::parse(&bytes) {
        Ok(seal) => return Ok(seal),
        Err(refused) => refused,
    };
    if let Ok(SignedValue::Ses(signature)) = SignedValue::parse(&bytes) {
        return Ok(signature.seal().clone());
    }
    let failure = Failure::from_error("不是国密印章文件 (no national seal)", &refused);
    Err(match SignedSeal::parse(&bytes) {
        Ok(own) => failure.hint(format!(
            "这是本系统登记的印章，请用 certseal seal show {} 查看。",
            own.unverified().code()
        )),
        Err(_) => failure.hint("印章文件应符合 GB/T 38540-2020、GM/T 0031-2025 或 GM/T 0031-2014。"),
    })
}

/// What was found out about a seal.
struct Facts {
    /// What the maker signed it with, or why it was not the maker.
    maker: Result<String, String>,
    maker_name: String,
    /// When its timestamp was made, or why that is none.
    stamped: Option<Result<Timestamp, String>>,
    signers: Vec<String>,
    /// What speaks against it beside its signatures.
    remarks: Vec<&'static str>,
}

impl Facts {
    fn of(seal: &SesSeal) -> Self {
        let maker = seal.verify_maker(seal.maker_certificate());
        let stamped = seal.time_stamp().map(|token| {
            let token = check_time_stamp(token, seal.signature_value()).map_err(|error| error.to_string())?;
            Ok(token.info().gen_time)
        });
        let signers = match &seal.property().signers {
            CertificateList::Certificates(all) => all.iter().map(|der| certificate_line(der)).collect(),
            CertificateList::Digests(all) => {
                let digests = all.iter();
                digests
                    .map(|one| format!("SM3 {}", hex::encode(&one.value)))
                    .collect()
            }
            CertificateList::Names(all) => all.iter().map(|name| visible_line(name.as_str())).collect(),
            _ => Vec::new(),
        };
        Self {
            remarks: remarks(seal),
            maker: maker
                .map(|used| used.to_string())
                .map_err(|error| error.to_string()),
            maker_name: certificate_line(seal.maker_certificate()),
            stamped,
            signers,
        }
    }

    fn is_good(&self) -> bool {
        self.maker.is_ok() && !matches!(self.stamped, Some(Err(_)))
    }

    fn describe(&self, seal: &SesSeal) -> Value {
        let property = seal.property();
        let picture = seal.picture();
        let extensions: Vec<Value> = seal
            .extensions()
            .iter()
            .map(|extension| {
                json!({ "id": extension.id.to_string(), "critical": extension.critical,
                        "value": hex::encode(&extension.value) })
            })
            .collect();
        let deviations: Vec<Value> = seal
            .deviations()
            .iter()
            .map(|deviation| json!({ "code": deviation.code(), "text": deviation.to_string() }))
            .collect();
        json!({
            "standard": seal.version().standard(),
            "id": seal.es_id(),
            "name": property.name,
            "type": property.kind,
            "vendor": seal.header().vendor,
            "created": property.created,
            "valid-start": property.valid_start,
            "valid-end": property.valid_end,
            "picture": { "type": picture.kind, "bytes": picture.data.len(),
                         "width": picture.width, "height": picture.height },
            "signers": self.signers,
            "maker": self.maker_name,
            "maker-signature": { "verifies": self.maker.is_ok(), "text": either(&self.maker) },
            "time-stamp": self.stamped.as_ref().map(|stamped| match stamped {
                Ok(at) => json!({ "verifies": true, "at": at }),
                Err(why) => json!({ "verifies": false, "text": why }),
            }),
            "remarks": self.remarks,
            "extensions": extensions,
            "deviations": deviations,
        })
    }

    fn tell(&self, seal: &SesSeal, now: Timestamp) {
        let property = seal.property();
        let picture = seal.picture();
        let name = visible_line(property.name.as_str());
        output::line(format_args!(
            "{name}（国密电子印章，{}）",
            seal.version().standard()
        ));
        let text = |label: &str, value: String| output::line(format_args!("  {label}{value}"));
        text("编号       ", visible_line(seal.es_id()));
        text("类型       ", kind_line(seal));
        text("制作程序   ", visible_line(seal.header().vendor.as_str()));
        text("制章时间   ", local(property.created));
        let standing = if seal.in_force_at(now) {
            "在有效期内"
        } else if now < property.valid_start {
            "尚未生效"
        } else {
            "已过期"
        };
        let (start, end) = (local(property.valid_start), local(property.valid_end));
        text("有效期     ", format!("{start} 至 {end}，现{standing}"));
        text(
            "印模       ",
            format!(
                "{}，{}×{} mm，{} 字节",
                visible_line(picture.kind.as_str()),
                picture.width,
                picture.height,
                picture.data.len()
            ),
        );
        text("制章者     ", self.maker_name.clone());
        text(
            "制章者签名 ",
            match &self.maker {
                Ok(used) => format!("有效（{used}）；制章者证书是否可信未核验"),
                Err(why) => why.clone(),
            },
        );
        match &self.stamped {
            Some(Ok(at)) => text("时间戳     ", format!("{}；时间戳机构是否可信未核验", local(*at))),
            Some(Err(why)) => text("时间戳     ", format!("无效：{why}")),
            None => {}
        }
        for signer in &self.signers {
            text("获准签章者 ", signer.clone());
        }
        for extension in seal.extensions() {
            let critical = if extension.critical { "，关键" } else { "" };
            let length = extension.value.len();
            text(
                "扩展项     ",
                format!("{}（{length} 字节{critical}），含义未知", extension.id),
            );
        }
        for remark in &self.remarks {
            text("注意       ", (*remark).to_owned());
        }
        for deviation in seal.deviations() {
            text("不合标准   ", format!("{deviation} [{}]", deviation.code()));
        }
    }
}

/// What GM/T 0031 and GB/T 38540 want of a seal beside a good signature, as far as the seal itself tells.
fn remarks(seal: &SesSeal) -> Vec<&'static str> {
    let property = seal.property();
    let mut found = Vec::new();
    if let Ok(maker) = x509::parse(seal.maker_certificate()) {
        let (from, until) = x509::validity(&maker);
        if !(from..=until).contains(&property.created) {
            found.push("制章时间不在制章者证书有效期内 (made while the maker's certificate was not valid)");
        }
    }
    if property.signers.has(seal.maker_certificate()) {
        found.push("制章者自己也是获准签章者 (the maker is one of the signers)");
    }
    if seal.extensions().iter().any(|extension| extension.critical) {
        found.push("有含义未知的关键扩展项，核验程序不应接受 (an unknown critical extension)");
    }
    if property.valid_start > property.valid_end {
        found.push("有效期起止颠倒，从未生效 (ends before it begins)");
    }
    found
}

fn either(found: &Result<String, String>) -> &str {
    match found {
        Ok(text) | Err(text) => text,
    }
}

/// type in words where the standard has some: the edition of 2014 does, later ones leave it to whoever registers seals.
fn kind_line(seal: &SesSeal) -> String {
    let kind = seal.property().kind;
    match (seal.version(), kind) {
        (SesVersion::V1, 1) => "1（单位印章）".to_owned(),
        (SesVersion::V1, 2) => "2（个人印章）".to_owned(),
        _ => kind.to_string(),
    }
}

/// Whose a certificate is, until when, and how to tell it from others.
fn certificate_line(der: &[u8]) -> String {
    let digest = hex::encode(DigestAlgorithm::Sm3.digest(der));
    match x509::parse(der) {
        Ok(certificate) => {
            let (from, until) = x509::validity(&certificate);
            let name = x509::subject_text(&certificate);
            format!("{name}（{} 至 {}，SM3 {digest}）", local(from), local(until))
        }
        Err(_) => format!("无法读取的证书（SM3 {digest}）"),
    }
}

/// Makes the national form of registered seals.
pub(super) fn make(session: &Session, home: &Home, args: &SealNational) -> Result<Outcome, Failure> {
    if args.out.is_some() && args.ids.len() != 1 {
        return Err(Failure::new(
            "--out 只能用于一枚印章 (takes one seal)",
            "写明一个印章编号，或去掉 --out，把国密印章发布到数据目录。",
        ));
    }
    let picture = match (&args.image, args.width, args.height) {
        (Some(path), Some(width), Some(height)) => {
            let data = files::read_to(path, MAX_SES_BYTES).context(&format!("读取 {}", path.display()))?;
            Some(SesPicture::from_png(data, width, height).context("印模图像")?)
        }
        _ => None,
    };
    let keys = session.keys(home)?;
    if !home.keys_path().join(format!("{SM2_SEAL_MAKER}.pem")).exists() {
        return Err(Failure::new(
            "还没有国密密钥 (there are no keys over SM2)",
            "先运行 certseal key national。",
        ));
    }
    let mut published = Vec::new();
    for registered in chosen(home, &args.ids)? {
        let order = NationalSealOrder {
            of: &registered,
            version: match args.edition {
                SealEdition::V4 => WrittenVersion::V4,
                SealEdition::V5 => WrittenVersion::V5,
            },
            kind: args.seal_type,
            picture: picture.clone(),
            by_digest: args.by_digest,
        };
        let bytes = home
            .make_national_seal(&order, &keys, clock().now())
            .map_err(home_failure)?;
        if let Some(out) = &args.out {
            write_whole(out, &bytes).context(&format!("写入 {}", out.display()))?;
            return show(session, out, false, None);
        }
        published.push(
            home.publish_national_seal(registered.code(), &bytes)
                .map_err(home_failure)?,
        );
    }
    if session.json {
        output::json(&published);
        return Ok(Outcome::Done);
    }
    match &published[..] {
        [one] => return show(session, one, false, None),
        all => output::line(format_args!("已制作并发布 {} 枚国密印章：", all.len())),
    }
    for path in &published {
        output::line(format_args!("  {}", path.display()));
    }
    output::note("要让某类证照签发 OFD，用 certseal type profiles --set pdf-pades,ofd-gb38540。");
    Ok(Outcome::Done)
}

/// The registered seals of these numbers; without any, all that are in force.
fn chosen(home: &Home, ids: &[String]) -> Result<Vec<Arc<ESeal>>, Failure> {
    let service = service(home)?;
    let records = if ids.is_empty() {
        let all = block_on(service.registry().seals())?.context("读取印章登记簿")?;
        all.into_iter()
            .filter(|record| record.status == SealStatus::InForce)
            .collect()
    } else {
        ids.iter()
            .map(|id| find(&service, id))
            .collect::<Result<Vec<_>, _>>()?
    };
    records
        .iter()
        .map(|record| {
            let seal = service.open_seal(record);
            seal.map_err(|error| issue_failure("读取印章", &error))
        })
        .collect()
}
