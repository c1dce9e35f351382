//! `certseal issue`.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use certseal_core::{
    catalogue::{CertificateType, RawRecord, Values},
    issue::Request,
    limits::{MAX_FIELD_CHARS, MAX_PHOTO_BYTES},
    profile::Profile,
    registry::Basis,
};
use serde_json::json;

use super::{Session, block_on, certificate_type, home_failure, issue_failure, write_whole};
use crate::{
    args::Issue,
    output::{self, Context as _, Failure, Outcome},
};

/// Where documents are written: each under its own extension, but for the first where the name given has none of theirs.
fn paths(out: &Path, profiles: impl Iterator<Item = Profile>) -> Vec<PathBuf> {
    let stated = out.extension().and_then(|extension| extension.to_str());
    let is_of_a_profile = stated.and_then(Profile::of_extension).is_some();
    profiles
        .enumerate()
        .map(|(index, profile)| match index {
            0 if !is_of_a_profile => out.to_owned(),
            _ => out.with_extension(profile.extension()),
        })
        .collect()
}

/// Largest data file read: every field of a face at its longest, with room for JSON.
const MAX_DATA: u64 = (MAX_FIELD_CHARS as u64) * 4 * 128;

pub(super) fn run(session: &Session, args: Issue) -> Result<Outcome, Failure> {
    let home = session.home()?;
    let certificate_type = certificate_type(home.catalogue().map_err(home_failure)?, &args.certificate_type)?;
    let mut values = BTreeMap::new();
    if let Some(path) = &args.data {
        for (name, value) in read_data(path)? {
            if put(&mut values, &certificate_type, &name, value)?.is_some() {
                return Err(Failure::new(
                    format!("{} 中“{name}”与另一项是同一个字段", path.display()),
                    "每个字段只写一次。",
                ));
            }
        }
    }
    let mut set = BTreeMap::new();
    for pair in &args.set {
        let (name, value) = split(pair, "--set")?;
        if put(&mut set, &certificate_type, name, value.to_owned())?.is_some() {
            return Err(twice("--set", name));
        }
    }
    // A single field on the command line overrules the file.
    values.extend(set);
    let mut photos = BTreeMap::new();
    for pair in &args.photo {
        let (name, path) = split(pair, "--photo")?;
        let bytes = read_at_most(Path::new(path), MAX_PHOTO_BYTES as u64)?;
        if photos
            .insert(field_key(&certificate_type, name)?, bytes)
            .is_some()
        {
            return Err(twice("--photo", name));
        }
    }

    let basis = match (args.renews, args.amends, args.reissues) {
        (Some(identifier), ..) => Basis::Renews(identifier),
        (_, Some(identifier), _) => Basis::Amends(identifier),
        (.., Some(identifier)) => Basis::Reissues(identifier),
        _ => Basis::First,
    };
    let service = session.signing_service(&home)?;
    let request = Request {
        certificate_type: certificate_type.key.clone(),
        record: RawRecord { values, photos },
        seal: args.seal,
        basis,
        actor: args.actor,
        reason: args.reason.unwrap_or_default(),
        idempotency_key: args.idempotency_key.map(|key| format!("cli:{key}")),
    };
    let issued = block_on(service.issue(request))?.map_err(|error| issue_failure("签发", &error))?;

    let record = &issued.record;
    let path = args
        .out
        .unwrap_or_else(|| format!("{}.{}", record.identifier, record.document.profile.extension()).into());
    let paths = paths(&path, record.documents().map(|document| document.profile));
    let files = std::iter::once(&issued.document).chain(&issued.further);
    for (path, file) in paths.iter().zip(files) {
        write_whole(path, file).map_err(|error| {
            Failure::from_error(
                &format!("证照 {} 已签发，但无法写入 {}", record.identifier, path.display()),
                &error,
            )
            .hint(format!(
                "不要重新签发；用 certseal certificate export {} --out … 取出文件。",
                record.identifier
            ))
        })?;
    }
    if session.json {
        output::json(
            &json!({ "record": record.clone().masked(), "replayed": issued.replayed, "file": paths.first(), "files": paths }),
        );
    } else {
        let how = if issued.replayed {
            "此前已签发"
        } else {
            "已签发"
        };
        output::line(format_args!("{how} {} {}", certificate_type.name, record.number));
        output::line(format_args!("  电子证照标识 {}", record.identifier));
        output::line(format_args!("  持证主体 {}", record.holder_name));
        for path in &paths {
            output::line(format_args!("  文件 {}", path.display()));
        }
    }
    Ok(Outcome::Done)
}

fn put(
    values: &mut BTreeMap<String, String>,
    certificate_type: &CertificateType,
    name: &str,
    value: String,
) -> Result<Option<String>, Failure> {
    Ok(values.insert(field_key(certificate_type, name)?, value))
}

fn field_key(certificate_type: &CertificateType, name: &str) -> Result<String, Failure> {
    let field = certificate_type.column_for(name).ok_or_else(|| {
        let labels: Vec<&str> = certificate_type
            .fields
            .iter()
            .map(|field| field.label.as_str())
            .collect();
        Failure::new(
            format!("{}没有字段“{name}”", certificate_type.name),
            format!("字段有：{}", labels.join("、")),
        )
    })?;
    Ok(field.key.clone())
}

fn twice(option: &str, name: &str) -> Failure {
    Failure::new(format!("{option} 给了“{name}”两次"), "每个字段只写一次。")
}

fn split<'a>(pair: &'a str, option: &str) -> Result<(&'a str, &'a str), Failure> {
    pair.split_once('=').ok_or_else(|| {
        Failure::new(
            format!("{option} {pair} 缺少等号"),
            format!("写作 {option} 字段=值。"),
        )
    })
}

fn read_data(path: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let bytes = read_at_most(path, MAX_DATA)?;
    let values: Values = serde_json::from_slice(&bytes).map_err(|error| {
        Failure::from_error(&format!("解析 {}", path.display()), &error)
            .hint("应为一个 JSON 对象：{\"字段\": \"值\", …}，每个字段一次，字段可写键、标签或短名。")
    })?;
    Ok(values.0)
}

fn read_at_most(path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    let doing = format!("读取 {}", path.display());
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        io::stdin()
            .lock()
            .take(limit + 1)
            .read_to_end(&mut bytes)
            .context(&doing)?;
    } else {
        let file = File::open(path).context(&doing)?;
        file.take(limit + 1).read_to_end(&mut bytes).context(&doing)?;
    }
    if bytes.len() as u64 > limit {
        return Err(Failure::new(
            format!("{} 超过 {} KiB", path.display(), limit >> 10),
            "核对是否选错了文件。",
        ));
    }
    Ok(bytes)
}
