//! `certseal bench`: where the time goes, and how far above the floor we are.

use std::{
    fs,
    io::Write as _,
    path::Path,
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, Instant},
};

use certseal_core::{
    backfill::{self, Job, Mapping, Purpose, Rejects, Source},
    catalogue::{CertificateType, FaceData, RawRecord},
    clock::civil_date,
    crypto::{KeyFolder, Passphrase, Signer as _},
    home::{self, Founding},
    issue::{
        IssueError, Service, document_signer, identifier_for,
        press::{Press, SealedDocument, Stages},
    },
    verify::{Examined, Options, Verifier},
};
use jiff::{ToSpan, civil::Date};
use rayon::prelude::*;

use super::{block_on, clock, home_failure, issue_failure};
use crate::{
    args::Bench,
    demo::synthetic,
    output::{self, Context as _, Failure, Outcome},
};

/// The type with the most certificates in the demonstration district.
const TYPE: &str = "business-licence-individual";
const SEED: u64 = 7;

pub(super) fn run(args: &Bench) -> Result<Outcome, Failure> {
    let folder = tempfile::tempdir().context("建立临时目录")?;
    let passphrase = || Passphrase::new("bench".to_owned()).context("口令");
    let founding = Founding {
        region: "419901".to_owned(),
        region_name: "河南省示例市示例区".to_owned(),
        host: "verify.example.gov.cn".to_owned(),
    };
    let root = folder.path().join("home");
    let home = home::found(&root, &founding, &passphrase()?, &clock()).map_err(home_failure)?;
    let keys = KeyFolder::unlocked(&home.keys_path(), passphrase()?);
    let service = home.service(keys, clock()).map_err(home_failure)?;
    let t = service.catalogue().get(TYPE).cloned().ok_or_else(|| {
        Failure::new(
            format!("没有证照类型 {TYPE}"),
            "程序与 templates 目录版本不一致。",
        )
    })?;
    let press = block_on(service.press(&t, None))?.map_err(|e| issue_failure("准备", &e))?;
    let cores = rayon::current_num_threads();
    output::line(format_args!("{}，每项 {} 张，{cores} 核", t.name, args.count));

    let table = folder.path().join("rows.csv");
    let rows = rows(&service, &t, args.count)?;
    write_table(&table, &t, &rows)?;

    // 1. One thread, stage by stage.
    let (faces, check) = check_all(&t, &rows)?;
    let made = stages(&press, &faces)?;
    let n = faces.len() as u32;
    let total = check + made.total();
    output::line("\n单线程，每张耗时（微秒）");
    for (name, time) in [
        ("检查字段", check),
        ("排版", made.layout),
        ("照面数据、二维码（含一次签名）", made.qr),
        ("写 PDF、摘要", made.write),
        ("签章（CMS）", made.sign),
        ("嵌入、全文摘要", made.finish),
        ("合计", total),
    ] {
        let share = time.as_secs_f64() / total.as_secs_f64() * 100.0;
        output::line(format_args!("  {:>9.1}  {share:>4.0}%  {name}", micros(time, n)));
    }

    // 2. All cores, computing only.
    let begun = Instant::now();
    let bytes: usize = faces
        .par_iter()
        .map(|face| make(&press, face).map(|document| document.bytes.len()))
        .sum::<Result<usize, Failure>>()?;
    let computing = begun.elapsed();
    output::line(format_args!(
        "\n全部核，只计算：{:.0} 张/秒，平均 {:.1} kB",
        rate(n, computing),
        bytes as f64 / f64::from(n) / 1000.0
    ));

    // 3. The whole job.
    let job = Job {
        purpose: Purpose::Seal(Arc::clone(&press)),
        since: None,
        actor: "bench".to_owned(),
    };
    let source = Source::open(&table, &t, &Mapping::new()).context("读取")?;
    let begun = Instant::now();
    let rejects = Rejects::at(&folder.path().join("rejects.csv"));
    let summary =
        backfill::run(&service, &job, source, rejects, &AtomicBool::new(false), &|_| {}).context("补签")?;
    let whole = begun.elapsed();
    output::line(format_args!(
        "补签全程（读表、查重、制作、落盘、入簿）：{:.0} 张/秒；其中落盘入簿占 {:.0}%（与计算重叠）",
        rate(summary.done as u32, whole),
        summary.storage.as_secs_f64() / whole.as_secs_f64() * 100.0
    ));

    // 4. What cryptography and disk alone cost.
    let floor = floor(&home, &press, folder.path(), &faces)?;
    output::line(format_args!(
        "下限：两次签名加一次摘要 {:.1} 微秒/张；写同样的文件并落盘 {:.1} 微秒/张；二者相加按 {cores} 核折算 {:.0} 张/秒；全程为下限的 {:.1} 倍",
        micros(floor.crypto, n),
        micros(floor.disk, n),
        f64::from(n) / floor.total(cores).as_secs_f64(),
        whole.as_secs_f64() / floor.total(cores).as_secs_f64()
    ));

    // 5. Verifying.
    let verifier = Verifier::new(home.trust_material(None).map_err(home_failure)?).context("核验")?;
    let documents = faces
        .iter()
        .take(VERIFIED)
        .map(|face| make(&press, face).map(|document| document.bytes))
        .collect::<Result<Vec<_>, _>>()?;
    let now = clock().now();
    let begun = Instant::now();
    for document in &documents {
        let _ = verifier.judge(&Examined::of_file(document), &Options { now }, None);
    }
    output::line(format_args!(
        "核验（单线程）：{:.0} 微秒/张",
        micros(begun.elapsed(), documents.len() as u32)
    ));
    Ok(Outcome::Done)
}

/// Documents verified in the measurement of verifying.
const VERIFIED: usize = 200;

fn micros(time: Duration, n: u32) -> f64 {
    time.as_secs_f64() * 1e6 / f64::from(n.max(1))
}

fn rate(n: u32, time: Duration) -> f64 {
    f64::from(n) / time.as_secs_f64()
}

fn rows(service: &Service, t: &Arc<CertificateType>, count: usize) -> Result<Vec<Vec<String>>, Failure> {
    let issuer = service
        .workshop()
        .issuer(t)
        .map_err(|e| issue_failure("准备", &e))?;
    let today = civil_date(clock().now());
    let dates = Date::constant(2018, 1, 1)..=today.checked_sub(30.days()).unwrap_or(today);
    Ok(synthetic::rows(t, issuer, count, SEED, dates).collect())
}

fn write_table(path: &Path, t: &CertificateType, rows: &[Vec<String>]) -> Result<(), Failure> {
    let mut writer = csv::Writer::from_path(path).context("写源表")?;
    writer.write_record(synthetic::headers(t)).context("写源表")?;
    for row in rows {
        writer.write_record(row).context("写源表")?;
    }
    writer.flush().context("写源表")
}

fn check_all(t: &Arc<CertificateType>, rows: &[Vec<String>]) -> Result<(Vec<FaceData>, Duration), Failure> {
    let headers = synthetic::headers(t);
    let keys: Vec<String> = headers
        .iter()
        .filter_map(|header| Some(t.column_for(header)?.key.clone()))
        .collect();
    let records: Vec<RawRecord> = rows
        .iter()
        .map(|row| RawRecord {
            values: keys.iter().cloned().zip(row.iter().cloned()).collect(),
            ..RawRecord::default()
        })
        .collect();
    let today = civil_date(clock().now());
    let begun = Instant::now();
    let faces = records
        .iter()
        .map(|record| t.check(record, today))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|errors| issue_failure("检查", &IssueError::Fields(errors)))?;
    let time = begun.elapsed();
    Ok((faces, time))
}

fn make(press: &Press, face: &FaceData) -> Result<SealedDocument, Failure> {
    let number = face.number.clone().unwrap_or_default();
    let typesetter = press.typesetter();
    let identifier =
        identifier_for(typesetter.certificate_type(), typesetter.issuer(), &number, None).context("标识")?;
    press
        .make(face, &identifier, &number, clock().now())
        .context("制作")
}

fn stages(press: &Press, faces: &[FaceData]) -> Result<Stages, Failure> {
    let mut sum = Stages::default();
    for face in faces {
        sum.add(&make(press, face)?.stages);
    }
    Ok(sum)
}

/// What no program can be faster than, on this machine with these algorithms.
struct Floor {
    crypto: Duration,
    disk: Duration,
}

impl Floor {
    fn total(&self, cores: usize) -> Duration {
        self.crypto / cores as u32 + self.disk
    }
}

fn floor(home: &home::Home, press: &Press, folder: &Path, faces: &[FaceData]) -> Result<Floor, Failure> {
    let keys = KeyFolder::unlocked(
        &home.keys_path(),
        Passphrase::new("bench".to_owned()).context("口令")?,
    );
    let department = &press.typesetter().certificate_type().department;
    let identity = keys.identity(&document_signer(department)).context("密钥")?;
    let Some(face) = faces.first() else {
        return Err(Failure::new("没有可测的证照", "--count 至少为 1。"));
    };
    let document = make(press, face)?.bytes;
    let begun = Instant::now();
    for _ in faces {
        for _ in 0..2 {
            identity.signer.sign(&[7; 200]).context("签名")?;
        }
        std::hint::black_box(ring::digest::digest(&ring::digest::SHA256, &document));
    }
    let crypto = begun.elapsed();

    let target = folder.join("floor");
    fs::create_dir(&target).context("建立目录")?;
    let begun = Instant::now();
    for index in 0..faces.len() {
        fs::File::create(target.join(index.to_string()))
            .and_then(|mut file| file.write_all(&document))
            .context("写文件")?;
    }
    let directory = fs::File::open(&target).context("打开目录")?;
    rustix::fs::syncfs(&directory)
        .map_err(std::io::Error::from)
        .context("落盘")?;
    Ok(Floor {
        crypto,
        disk: begun.elapsed(),
    })
}
