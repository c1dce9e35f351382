//! `certseal bench`: where the time goes, and how far above the floor we are.
//!
//! What one thread computes is measured in its CPU time, which other work on the machine disturbs
//! little; everything with a disk or several threads in it is measured by the clock on the wall.

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
    clock::{civil_date, thread_cpu_time},
    crypto::{KeyFolder, Passphrase, Signer as _},
    home::{self, Founding, Home},
    issue::{
        IssueError, Service, document_signer, identifier_for,
        press::{Press, SealedCertificate, Stages},
    },
    registry::{Append, Change, Enrolment, Registry as _, SledOptions, SledRegistry},
    verify::{Examined, Options, Verifier},
};
use jiff::{ToSpan, civil::Date};
use rayon::prelude::*;
use serde::Serialize;

use super::{Session, block_on, clock, home_failure, issue_failure, peak_memory};
use crate::{
    args::Bench,
    demo::synthetic,
    output::{self, Context as _, Failure, Outcome},
};

/// The type with the most certificates in the demonstration district.
const TYPE: &str = "business-licence-individual";
const SEED: u64 = 7;

/// All that was measured. Times are microseconds a certificate, rates certificates a second.
#[derive(Debug, Serialize)]
struct Measured {
    certificate_type: String,
    count: usize,
    cores: usize,
    load_average: Option<f64>,
    stages: Vec<Stage>,
    one_thread_us: f64,
    computing_per_second: f64,
    backfill_per_second: f64,
    /// Part of the backfill's time in which a chunk was being made durable; computing goes on meanwhile.
    storing_share: f64,
    floor: Floor,
    document_bytes: usize,
    shared_bytes: usize,
    registry: Ledger,
    verify_us: f64,
    peak_memory_bytes: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Stage {
    name: &'static str,
    us: f64,
}

/// What no program can be faster than, on this machine with these algorithms.
#[derive(Debug, Serialize)]
struct Floor {
    /// Two signatures, and one digest of the bytes that differ from document to document; CPU time.
    crypto_us: f64,
    /// Writing the same files from one thread and making them durable once.
    disk_us: f64,
    /// The two overlap, so the slower of them bounds the rate.
    per_second: f64,
    /// Computing over its part of the floor, CPU time over CPU time.
    computing_multiple: f64,
    /// The whole backfill over the floor.
    backfill_multiple: f64,
}

/// The registry by itself.
#[derive(Debug, Serialize)]
struct Ledger {
    /// Events a second, in durable batches of [`BATCH`].
    append_per_second: f64,
    find_us: f64,
    reopen_ms: f64,
    audit_us: f64,
    disk_bytes: u64,
}

pub(super) fn run(session: &Session, args: &Bench) -> Result<Outcome, Failure> {
    let folder = tempfile::tempdir().context("建立临时目录")?;
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
    let table = folder.path().join("rows.csv");
    let rows = rows(&service, &t, args.count)?;
    write_table(&table, &t, &rows)?;

    // 1. One thread, stage by stage.
    let (faces, check) = check_all(&t, &rows)?;
    drop(rows);
    let Some(first) = faces.first() else {
        return Err(Failure::new("没有可测的证照", "--count 至少为 1。"));
    };
    let sample = make(&press, first)?.document.bytes;
    let made = stages(&press, &faces)?;
    let count = faces.len();
    let each = |time: Duration| micros(time, count);
    let stages = [
        ("检查字段", check),
        ("排版", made.layout),
        ("照面数据、二维码（含一次签名）", made.qr),
        ("写 PDF、摘要", made.write),
        ("签章（CMS，含一次签名）", made.sign),
        ("嵌入、全文摘要", made.finish),
    ]
    .map(|(name, time)| Stage { name, us: each(time) });
    let one_thread = check + made.total();

    // 2. All cores, computing only.
    let begun = Instant::now();
    let bytes: usize = faces
        .par_iter()
        .map(|face| make(&press, face).map(|sealed| sealed.document.bytes.len()))
        .sum::<Result<usize, Failure>>()?;
    let computing = begun.elapsed();

    // 3. The whole job.
    let job = Job {
        purpose: Purpose::Seal(Arc::clone(&press)),
        since: None,
        actor: "bench".to_owned(),
    };
    let source = Source::open(&table, &t, &Mapping::new()).context("读取")?;
    let rejects = Rejects::at(&folder.path().join("rejects.csv")).context("被拒记录文件")?;
    let begun = Instant::now();
    let summary =
        backfill::run(&service, &job, source, rejects, &AtomicBool::new(false), &|_| {}).context("补签")?;
    let whole = begun.elapsed();
    if summary.done != count as u64 {
        return Err(Failure::new(
            format!("{count} 张只签了 {} 张", summary.done),
            "这是程序的错误，请报告。",
        ));
    }
    let peak_memory_bytes = peak_memory();

    // 4. What cryptography and disk alone cost.
    let crypto = crypto_floor(
        &home,
        &press,
        sample.get(press.shared_bytes()..).unwrap_or(&sample),
        count,
    )?;
    let disk = disk_floor(&folder.path().join("floor"), &sample, count)?;
    let cores = rayon::current_num_threads();
    let floor = (crypto / cores as u32).max(disk);

    // 5. Verifying, and the registry.
    let verify = verifying(&home, &press, &faces)?;
    let identifiers = faces
        .iter()
        .map(|face| identifier(&press, face))
        .collect::<Result<Vec<_>, _>>()?;
    let issuer = press.typesetter().issuer().code.clone();
    drop(service);
    let registry = ledger(&home, folder.path(), &faces, &identifiers, &issuer)?;

    let measured = Measured {
        certificate_type: t.name.clone(),
        count,
        cores,
        load_average: load_average(),
        stages: stages.into(),
        one_thread_us: each(one_thread),
        computing_per_second: rate(count, computing),
        backfill_per_second: rate(count, whole),
        storing_share: summary.storage.as_secs_f64() / whole.as_secs_f64(),
        floor: Floor {
            crypto_us: each(crypto),
            disk_us: each(disk),
            per_second: rate(count, floor),
            computing_multiple: one_thread.as_secs_f64() / crypto.as_secs_f64(),
            backfill_multiple: whole.as_secs_f64() / floor.as_secs_f64(),
        },
        document_bytes: bytes / count,
        shared_bytes: press.shared_bytes(),
        registry,
        verify_us: verify,
        peak_memory_bytes,
    };
    if session.json {
        output::json(&measured);
    } else {
        measured.print();
    }
    Ok(Outcome::Done)
}

impl Measured {
    fn print(&self) {
        output::line(format_args!(
            "{}，每项 {} 张，{} 核{}",
            self.certificate_type,
            self.count,
            self.cores,
            self.load_average
                .map_or(String::new(), |load| format!("；机器负载 {load:.1}"))
        ));
        output::line("\n单线程，每张 CPU 时间（微秒）");
        for Stage { name, us } in &self.stages {
            let share = us / self.one_thread_us * 100.0;
            output::line(format_args!("  {us:>9.1}  {share:>4.0}%  {name}"));
        }
        let floor = &self.floor;
        output::line(format_args!(
            "  {:>9.1}        合计，为密码运算下限的 {:.1} 倍",
            self.one_thread_us, floor.computing_multiple
        ));
        output::line(format_args!(
            "\n吞吐\n  {:>9.0}  张/秒  全部核，只计算\n  {:>9.0}  张/秒  补签全程（读表、查重、制作、落盘、入簿）；其中 {:.0}% 的时间在落盘入簿，与计算重叠",
            self.computing_per_second,
            self.backfill_per_second,
            self.storing_share * 100.0
        ));
        output::line(format_args!(
            "  {:>9.0}  张/秒  下限：两次签名和一次摘要 {:.1} 微秒，按 {} 核；写同样的文件并落盘 {:.1} 微秒；二者可重叠，取其慢。全程为下限的 {:.1} 倍",
            floor.per_second, floor.crypto_us, self.cores, floor.disk_us, floor.backfill_multiple
        ));
        output::line(format_args!(
            "\n文件平均 {:.1} kB，其中各张相同 {:.1} kB；内存峰值 {}",
            self.document_bytes as f64 / 1000.0,
            self.shared_bytes as f64 / 1000.0,
            megabytes(self.peak_memory_bytes)
        ));
        let ledger = &self.registry;
        output::line(format_args!(
            "登记簿：追加 {:.0} 条/秒（每批 {BATCH} 条，落盘）；按标识查 {:.0} 微秒；{} 张重新打开 {:.0} 毫秒，全面核对每张 {:.0} 微秒；占盘 {:.1} MB",
            ledger.append_per_second,
            ledger.find_us,
            self.count,
            ledger.reopen_ms,
            ledger.audit_us,
            ledger.disk_bytes as f64 / 1e6
        ));
        output::line(format_args!(
            "核验：每份文件 {:.0} 微秒（单线程 CPU）",
            self.verify_us
        ));
    }
}

/// Documents verified in the measurement of verifying.
const VERIFIED: usize = 200;
/// Events in one durable batch.
const BATCH: usize = 256;

pub(super) fn megabytes(bytes: Option<u64>) -> String {
    bytes.map_or("未知".to_owned(), |bytes| format!("{} MB", bytes / 1_000_000))
}

fn passphrase() -> Result<Passphrase, Failure> {
    Passphrase::new("bench".to_owned()).context("口令")
}

fn micros(time: Duration, count: usize) -> f64 {
    time.as_secs_f64() * 1e6 / count.max(1) as f64
}

fn rate(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

/// How many threads wanted to run in the last minute: what else the machine did.
fn load_average() -> Option<f64> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    text.split_whitespace().next()?.parse().ok()
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
    let begun = thread_cpu_time();
    let faces = records
        .iter()
        .map(|record| t.check(record, today))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|errors| issue_failure("检查", &IssueError::Fields(errors)))?;
    Ok((faces, thread_cpu_time().saturating_sub(begun)))
}

fn identifier(press: &Press, face: &FaceData) -> Result<String, Failure> {
    let typesetter = press.typesetter();
    let number = face.number.as_deref().unwrap_or_default();
    identifier_for(typesetter.certificate_type(), typesetter.issuer(), number, None).context("标识")
}

fn make(press: &Press, face: &FaceData) -> Result<SealedCertificate, Failure> {
    let number = face.number.as_deref().unwrap_or_default();
    press
        .make(face, &identifier(press, face)?, number, clock().now())
        .context("制作")
}

fn stages(press: &Press, faces: &[FaceData]) -> Result<Stages, Failure> {
    let mut sum = Stages::default();
    for face in faces {
        sum.add(&make(press, face)?.stages);
    }
    Ok(sum)
}

fn crypto_floor(home: &Home, press: &Press, own: &[u8], count: usize) -> Result<Duration, Failure> {
    let keys = KeyFolder::unlocked(&home.keys_path(), passphrase()?);
    let department = &press.typesetter().certificate_type().department;
    let identity = keys.identity(&document_signer(department)).context("密钥")?;
    let begun = thread_cpu_time();
    for _ in 0..count {
        for _ in 0..2 {
            identity.signer.sign(&[7; 200]).context("签名")?;
        }
        std::hint::black_box(ring::digest::digest(&ring::digest::SHA256, own));
    }
    Ok(thread_cpu_time().saturating_sub(begun))
}

fn disk_floor(folder: &Path, document: &[u8], count: usize) -> Result<Duration, Failure> {
    fs::create_dir(folder).context("建立目录")?;
    let begun = Instant::now();
    for index in 0..count {
        fs::File::create(folder.join(index.to_string()))
            .and_then(|mut file| file.write_all(document))
            .context("写文件")?;
    }
    let directory = fs::File::open(folder).context("打开目录")?;
    rustix::fs::syncfs(&directory)
        .map_err(std::io::Error::from)
        .context("落盘")?;
    Ok(begun.elapsed())
}

fn verifying(home: &Home, press: &Press, faces: &[FaceData]) -> Result<f64, Failure> {
    let verifier = Verifier::new(home.trust_material(None).map_err(home_failure)?).context("核验")?;
    let documents = faces
        .iter()
        .take(VERIFIED)
        .map(|face| make(press, face).map(|sealed| sealed.document.bytes))
        .collect::<Result<Vec<_>, _>>()?;
    let now = clock().now();
    let begun = thread_cpu_time();
    for document in &documents {
        std::hint::black_box(verifier.judge(&Examined::of_file(document), &Options { now }, None));
    }
    Ok(micros(thread_cpu_time().saturating_sub(begun), documents.len()))
}

/// Appends to a registry of its own; finds, reopens and audits the one the backfill has filled.
fn ledger(
    home: &Home,
    folder: &Path,
    faces: &[FaceData],
    identifiers: &[String],
    issuer: &str,
) -> Result<Ledger, Failure> {
    let count = faces.len();
    let now = clock().now();
    let enrolment = |face: &FaceData| Append {
        at: now,
        actor: "bench".to_owned(),
        reason: String::new(),
        authority: issuer.to_owned(),
        salt: [7; 32],
        idempotency: None,
        change: Change::Enrol(Box::new(Enrolment {
            certificate_type: face.certificate_type.key.clone(),
            type_version: face.certificate_type.version,
            number: face.number.clone().unwrap_or_default(),
            holder_name: face.holder_name.clone(),
            holder_code: face.holder_code.clone(),
            issuer_name: "市场监督管理局".to_owned(),
            issued_on: face.issued_on,
            valid_from: face.valid_from,
            valid_until: face.valid_until,
            face_digest: [7; 32],
        })),
    };
    let fresh = SledRegistry::open(&folder.join("ledger"), SledOptions::default()).context("打开登记簿")?;
    let batches: Vec<Vec<Append>> = faces
        .chunks(BATCH)
        .map(|faces| faces.iter().map(enrolment).collect())
        .collect();
    let begun = Instant::now();
    for batch in batches {
        block_on(fresh.append(batch))?.context("追加")?;
    }
    let append = begun.elapsed();
    drop(fresh);

    let begun = Instant::now();
    let mut registry = home.registry().map_err(home_failure)?;
    let reopen = begun.elapsed();
    let begun = Instant::now();
    block_on(async {
        for identifier in identifiers {
            registry.find(std::slice::from_ref(identifier)).await?;
        }
        Ok::<_, certseal_core::registry::RegistryError>(())
    })?
    .context("查询")?;
    let find = begun.elapsed();
    let disk_bytes = registry.size_on_disk().context("登记簿")?;
    let begun = Instant::now();
    let audit = registry.audit(&mut |_, _| {}).context("核对登记簿")?;
    let audited = begun.elapsed();
    if !audit.is_clean() {
        return Err(Failure::new("登记簿核对不符", "这是程序的错误，请报告。"));
    }
    Ok(Ledger {
        append_per_second: rate(count, append),
        find_us: micros(find, count),
        reopen_ms: reopen.as_secs_f64() * 1e3,
        audit_us: micros(audited, count),
        disk_bytes,
    })
}
