//! `certseal demo`: a whole district, from founding to verification by others.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    num::NonZeroUsize,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, Instant},
};

use certseal_core::{
    backfill::{self, Job, Mapping, Purpose, Rejects, Source, Summary},
    catalogue::CertificateType,
    clock::civil_date,
    crypto::{KeyFolder, Passphrase},
    home::{self, Founding, Home, HomeError, LIST_KEY},
    issue::{Issued, Request, Service, Transition},
    recognise::{Policy, recognise},
    registry::{Basis, CertificateRecord, Query, RecordedDocument, RegistryError, Status},
    render::{self, RenderOptions},
    verify::{Conclusion, Examined, Force, Language, Report},
};
use indicatif::ProgressBar;
use jiff::{ToSpan, civil::Date};

use super::{
    Session,
    backfill::{message, per_second, style},
    block_on, clock, home_failure, issue_failure,
    report::annex3_now,
    verify::Desk,
};
use crate::{
    args::Demo,
    demo::{TypeCount, district, synthetic},
    output::{self, Context as _, Failure, Outcome},
};

/// Protects nothing: everything a demonstration makes is fictitious.
const PASSPHRASE: &str = "demonstration only";
/// First day from which the province wants certificates sealed.
const SINCE: Date = Date::constant(2018, 1, 1);
/// Fixes the made-up rows.
const SEED: u64 = 20_260_101;
/// Certificates drawn as pictures, and how finely.
const DRAWN: usize = 6;
const DPI: u16 = 110;
/// Certificates shown to the verifiers.
const SAMPLE: usize = 21;

pub(super) fn run(session: &Session, args: &Demo) -> Result<Outcome, Failure> {
    if session.json {
        return Err(Failure::new(
            "演示的输出供人阅读，没有 JSON 形式 (a demonstration has no JSON form)",
            "去掉 --json；其数据目录可用其他命令加 --json 查询。",
        ));
    }
    let folder = clear(&args.out)?;
    heading("一、建立三个机构：示例区、邻省一个区、一个无人收录的机构");
    let begun = Instant::now();
    let places = [
        ("district", "419901", "河南省示例市示例区"),
        ("neighbour", "339901", "浙江省样例市样例区"),
        ("stranger", "529901", "贵州省虚构市虚构区"),
    ];
    let mut homes = Vec::new();
    for (name, region, region_name) in places {
        homes.push(found(&folder.join(name), region, region_name)?);
    }
    let [district_home, neighbour, stranger] = homes.as_slice() else {
        return Err(Failure::new("演示机构未建齐", "重新运行。"));
    };
    output::line(format_args!(
        "  {} 个部门、{} 种证照类型、{} 枚印章，用时 {:.1} 秒",
        district_home.config().departments.len(),
        district_home.catalogue().map_err(home_failure)?.types().count(),
        district_home.config().departments.len() * 2,
        begun.elapsed().as_secs_f64()
    ));

    let service = service_of(district_home)?;
    heading("二、装入存量：此前已签章的证照，以及待签章的历史证照");
    let types = scaled(args.scale);
    let tables = write_tables(&service, &folder.join("tables"), &types)?;
    let sealed_before = backfill_all(&service, &tables, Stage::Before)?;
    let enrolled = backfill_all(&service, &tables, Stage::Enrol)?;
    output::line(format_args!(
        "  已签章 {} 张，登记未签章 {} 条；源表在 {}",
        sealed_before.0.done,
        enrolled.0.done,
        folder.join("tables").display()
    ));
    let before = annex3_now(district_home, &service)?;
    output::line(before.table().to_text());

    heading("三、全部补签");
    let (sealed, elapsed) = backfill_all(&service, &tables, Stage::Backlog)?;
    let after = annex3_now(district_home, &service)?;
    write_report(&folder, &after)?;
    output::line(after.table().to_text());
    output::line(format_args!(
        "  {} 张，各有 PDF 与 OFD，用时 {:.1} 秒，{:.0} 张/秒；被拒 {}；文件共 {:.2} GB；内存峰值 {}",
        sealed.done,
        elapsed.as_secs_f64(),
        per_second(sealed.done, elapsed),
        sealed.rejected,
        sealed.document_bytes as f64 / 1e9,
        super::bench::megabytes(super::peak_memory())
    ));

    heading("四、抽样核验：本程序与 pdfsig 各验一遍");
    let look = folder.join("look");
    fs::create_dir_all(&look).context("建立 look")?;
    let desk = Desk::new(district_home, None, Some(Arc::clone(service.registry())))?;
    let sample = sample(&service, &types)?;
    let all_good = verify_sample(&service, &desk, &sample, &look)?;

    heading("五、撤销的、被篡改的、邻省的、无人收录的");
    let revoked = show_revoked(&service, &desk, &types, &sample, &look)?;
    let tampered = show_tampered(&service, &desk, &sample, &look)?;
    list_neighbour(district_home, neighbour, &folder)?;
    let listed = show_foreign(district_home, &service, neighbour, &look.join("neighbour.pdf"))?;
    let unlisted = show_foreign(district_home, &service, stranger, &look.join("stranger.pdf"))?;

    closing(&folder, &look);
    let expected = [
        (sealed.rejected == 0 && after.total.unsealed == 0, "全部存量补签"),
        (all_good, "抽样全部通过核验"),
        (revoked, "撤销的显示为已撤销"),
        (tampered, "被篡改的核验不通过"),
        (listed, "邻省的予以认可"),
        (!unlisted, "无人收录的不予认可"),
    ];
    let missed: Vec<&str> = expected
        .iter()
        .filter(|(met, _)| !met)
        .map(|(_, what)| *what)
        .collect();
    if missed.is_empty() {
        return Ok(Outcome::Done);
    }
    output::note(format_args!("\n演示未达到预期：{}", missed.join("；")));
    Ok(Outcome::Negative)
}

fn heading(text: &str) {
    output::line(format_args!("\n━━ {text}"));
}

/// Makes the folder, or empties it of what an earlier demonstration left there.
fn clear(out: &Path) -> Result<PathBuf, Failure> {
    const MADE: [&str; 5] = ["district", "neighbour", "stranger", "tables", "look"];
    // The passphrase of demonstrations, which nobody else has, marks a folder that may be emptied.
    let mark = out.join("passphrase.txt");
    let marked = fs::read_to_string(&mark).is_ok_and(|text| text.trim_end() == PASSPHRASE);
    let empty = fs::read_dir(out).map_or(true, |mut entries| entries.next().is_none());
    if !empty && !marked {
        return Err(Failure::new(
            format!("{} 不是空目录，也不是此前的演示", out.display()),
            "用 --out 指定一个新目录。",
        ));
    }
    if let Ok(home) = Home::open(&out.join("district"))
        && let Err(error @ HomeError::Registry(RegistryError::InUse { .. })) = home.registry()
    {
        return Err(Failure::from_error("此前的演示还在使用", &error)
            .hint("先停止它的 certseal serve，或用 --out（make demo DEMO=…）指定另一个目录。"));
    }
    for name in MADE {
        let path = out.join(name);
        if path.exists() {
            fs::remove_dir_all(&path).context(&format!("清除 {}", path.display()))?;
        }
    }
    fs::create_dir_all(out).context(&format!("建立 {}", out.display()))?;
    write_passphrase(&mark).context("写入口令文件")?;
    out.canonicalize().context("解析目录")
}

/// For the owner alone, as the programs that read it ask, whatever an earlier demonstration left.
fn write_passphrase(path: &Path) -> io::Result<()> {
    if path.exists() {
        fs::remove_file(path)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)?
        .write_all(format!("{PASSPHRASE}\n").as_bytes())
}

fn found(root: &Path, region: &str, region_name: &str) -> Result<Home, Failure> {
    let founding = Founding {
        region: region.to_owned(),
        region_name: region_name.to_owned(),
        host: format!("verify-{region}.example.gov.cn"),
    };
    let home = home::found(root, &founding, &passphrase()?, &clock()).map_err(home_failure)?;
    home.adopt_national_profile(&passphrase()?, &clock())
        .map_err(home_failure)?;
    // Its types are issued in both forms from now on.
    Home::open(root).map_err(home_failure)
}

fn passphrase() -> Result<Passphrase, Failure> {
    Passphrase::new(PASSPHRASE.to_owned()).context("口令")
}

fn service_of(home: &Home) -> Result<Service, Failure> {
    let keys = KeyFolder::unlocked(&home.keys_path(), passphrase()?);
    home.service(keys, clock()).map_err(home_failure)
}

fn scaled(scale: usize) -> Vec<TypeCount> {
    let scale = scale.max(1);
    let mut types = district();
    for t in &mut types {
        t.sealed = t.sealed.div_ceil(scale);
        t.unsealed = t.unsealed.div_ceil(scale);
    }
    types
}

/// The tables of one certificate type.
struct Tables {
    certificate_type: Arc<CertificateType>,
    before: Option<PathBuf>,
    backlog: Option<PathBuf>,
}

fn write_tables(service: &Service, folder: &Path, types: &[TypeCount]) -> Result<Vec<Tables>, Failure> {
    fs::create_dir_all(folder).context("建立 tables")?;
    let today = civil_date(clock().now());
    let dates = SINCE..=today.checked_sub(30.days()).unwrap_or(today);
    let mut tables = Vec::new();
    for count in types {
        let Some(t) = service.catalogue().get(&count.key) else {
            return Err(Failure::new(
                format!("没有证照类型 {}", count.key),
                "程序与 templates 目录版本不一致。",
            ));
        };
        let issuer = service
            .workshop()
            .issuer(t)
            .map_err(|e| issue_failure("准备", &e))?;
        let mut rows = synthetic::rows(t, issuer, count.sealed + count.unsealed, SEED, dates.clone());
        let write = |name: String, rows: &mut dyn Iterator<Item = Vec<String>>| {
            let path = folder.join(name);
            let doing = format!("写入 {}", path.display());
            let mut writer = csv::Writer::from_path(&path).context(&doing)?;
            writer.write_record(synthetic::headers(t)).context(&doing)?;
            for row in rows {
                writer.write_record(row).context(&doing)?;
            }
            writer.flush().context(&doing)?;
            Ok::<_, Failure>(path)
        };
        let before = (count.sealed > 0)
            .then(|| {
                write(
                    format!("{:02}-{}-此前已签.csv", t.seq, t.name),
                    &mut rows.by_ref().take(count.sealed),
                )
            })
            .transpose()?;
        let backlog = (count.unsealed > 0)
            .then(|| write(format!("{:02}-{}-未签.csv", t.seq, t.name), &mut rows))
            .transpose()?;
        tables.push(Tables {
            certificate_type: Arc::clone(t),
            before,
            backlog,
        });
    }
    Ok(tables)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Seal what had been sealed before.
    Before,
    /// Enter the backlog, unsealed.
    Enrol,
    /// Seal the backlog.
    Backlog,
}

/// Runs one stage over all types; gives the sums and the time.
fn backfill_all(service: &Service, tables: &[Tables], stage: Stage) -> Result<(Summary, Duration), Failure> {
    let chosen: Vec<(&Tables, &PathBuf)> = tables
        .iter()
        .filter_map(|table| {
            let path = if stage == Stage::Before {
                &table.before
            } else {
                &table.backlog
            };
            Some((table, path.as_ref()?))
        })
        .collect();
    let size = chosen
        .iter()
        .filter_map(|(_, path)| fs::metadata(path).ok())
        .map(|data| data.len())
        .sum();
    let bar = ProgressBar::new(size).with_style(style());
    let begun = Instant::now();
    let mut total = Summary::default();
    for (table, path) in chosen {
        let t = &table.certificate_type;
        let failed = |error| issue_failure(&format!("准备“{}”", t.name), &error);
        let purpose = if stage == Stage::Enrol {
            Purpose::Enrol(Arc::new(service.workshop().typesetter(t).map_err(failed)?))
        } else {
            Purpose::Seal(block_on(service.press(t, None))?.map_err(failed)?)
        };
        let job = Job {
            purpose,
            since: Some(SINCE),
            actor: "demo".to_owned(),
        };
        let source = Source::open(path, t, &Mapping::new()).context(&format!("读取 {}", path.display()))?;
        let rejects = Rejects::at(&path.with_extension("rejects.csv")).context("被拒记录文件")?;
        let progress = |summary: &Summary| {
            bar.set_position(total.source_bytes + summary.source_bytes);
            let mut sum = total.clone();
            sum.add(summary);
            bar.set_message(message(&sum, begun.elapsed()));
        };
        let summary = backfill::run(service, &job, source, rejects, &AtomicBool::new(false), &progress)
            .map_err(|error| Failure::from_error(&format!("补签“{}”", t.name), &error))?;
        total.add(&summary);
    }
    bar.finish_and_clear();
    Ok((total, begun.elapsed()))
}

fn write_report(folder: &Path, report: &certseal_core::report::Annex3) -> Result<(), Failure> {
    let table = report.table();
    fs::write(folder.join("annex3.csv"), table.to_csv().context("生成 CSV")?).context("写入 annex3.csv")?;
    fs::write(folder.join("annex3.xlsx"), table.to_xlsx().context("生成 XLSX")?).context("写入 annex3.xlsx")
}

/// Certificates spread over the types.
fn sample(service: &Service, types: &[TypeCount]) -> Result<Vec<CertificateRecord>, Failure> {
    let filled: Vec<&TypeCount> = types.iter().filter(|t| t.sealed + t.unsealed > 0).collect();
    let step = filled.len().div_ceil(SAMPLE).max(1);
    let mut sample = Vec::new();
    for t in filled.into_iter().step_by(step) {
        let query = Query {
            certificate_type: Some(t.key.clone()),
            status: None,
            after: None,
            limit: 1,
        };
        sample.extend(block_on(service.registry().certificates(&query))?.context("查询登记簿")?);
    }
    Ok(sample)
}

fn document(service: &Service, record: &CertificateRecord) -> Result<Vec<u8>, Failure> {
    one_document(service, &record.document)
}

fn one_document(service: &Service, document: &RecordedDocument) -> Result<Vec<u8>, Failure> {
    block_on(service.document(document))?.map_err(|error| issue_failure("取出证照", &error))
}

fn verify_sample(
    service: &Service,
    desk: &Desk,
    sample: &[CertificateRecord],
    look: &Path,
) -> Result<bool, Failure> {
    let (mut ours, mut documents, mut theirs, mut asked) = (0, 0, 0, 0);
    let now = clock().now();
    for record in sample {
        for document in record.documents() {
            let bytes = one_document(service, document)?;
            let report = desk.judge(&Examined::of(&bytes), now)?;
            documents += 1;
            ours += usize::from(report.indication == certseal_core::verify::Indication::TotalPassed);
            let name = format!("{}.{}", record.certificate_type, document.profile.extension());
            let path = look.join(name);
            fs::write(&path, &bytes).context(&format!("写入 {}", path.display()))?;
        }
        let path = look.join(format!("{}.pdf", record.certificate_type));
        let Ok(output) = Command::new("pdfsig").arg("-nocert").arg(&path).output() else {
            continue;
        };
        asked += 1;
        let text = String::from_utf8_lossy(&output.stdout);
        theirs += usize::from(text.contains("Signature is Valid") && text.contains("Total document signed"));
    }
    output::line(format_args!(
        "  抽取 {} 张，PDF 与 OFD 共 {documents} 份：本程序 TOTAL-PASSED {ours}，PDF 经 pdfsig “Signature is Valid” {theirs}",
        sample.len()
    ));
    if asked < sample.len() {
        output::line("  （没有 pdfsig：apt-get install poppler-utils）");
    }
    for record in sample.iter().take(DRAWN) {
        for document in record.documents() {
            draw(service, document, look, &record.certificate_type)?;
        }
    }
    Ok(ours == documents && theirs == asked)
}

/// Draws a document as PNG: both forms of a certificate look the same.
fn draw(service: &Service, document: &RecordedDocument, look: &Path, name: &str) -> Result<(), Failure> {
    let options = RenderOptions {
        dpi: DPI,
        page: Some(NonZeroUsize::MIN),
    };
    let doing = format!("绘制 {name}.{}", document.profile.extension());
    let fonts = Some(Arc::clone(&service.workshop().fonts));
    for page in render::render(one_document(service, document)?, fonts, options).context(&doing)? {
        let png = page.context(&doing)?.to_png().context(&doing)?;
        let path = look.join(format!("{name}-{}.png", document.profile.extension()));
        fs::write(&path, png).context(&format!("写入 {}", path.display()))?;
    }
    Ok(())
}

/// A certificate in force that is not among those shown as good.
fn one_in_force(
    service: &Service,
    types: &[TypeCount],
    sample: &[CertificateRecord],
) -> Result<Option<CertificateRecord>, Failure> {
    let today = civil_date(clock().now());
    for t in types.iter().filter(|t| t.sealed + t.unsealed > 0) {
        let query = Query {
            certificate_type: Some(t.key.clone()),
            status: Some(Status::InForce),
            after: None,
            limit: 200,
        };
        let page = block_on(service.registry().certificates(&query))?.context("查询登记簿")?;
        let found = page.into_iter().find(|record| {
            record.valid_from <= today
                && record.valid_until.is_none_or(|until| today <= until)
                && sample.iter().all(|shown| shown.identifier != record.identifier)
        });
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Revokes a certificate and shows what its document says then; whether that is as it should be.
fn show_revoked(
    service: &Service,
    desk: &Desk,
    types: &[TypeCount],
    sample: &[CertificateRecord],
    look: &Path,
) -> Result<bool, Failure> {
    let Some(record) = one_in_force(service, types, sample)? else {
        return Ok(false);
    };
    let bytes = document(service, &record)?;
    let before = desk.judge(&Examined::of(&bytes), clock().now())?;
    let revoked = service.transition(
        &record.identifier,
        Transition::Revoke,
        "demo",
        "以欺骗手段取得许可（演示）",
    );
    block_on(revoked)?.map_err(|error| issue_failure("撤销", &error))?;
    let report = show(desk, "撤销", &bytes, &look.join("revoked.pdf"))?;
    Ok(before.conclusion == Conclusion::Good && report.in_force == Force::Revoked)
}

/// Changes one bit of a document and shows what is found; whether that is as it should be.
fn show_tampered(
    service: &Service,
    desk: &Desk,
    sample: &[CertificateRecord],
    look: &Path,
) -> Result<bool, Failure> {
    let Some(record) = sample.last() else {
        return Ok(false);
    };
    let mut bytes = document(service, record)?;
    let middle = bytes.len() / 3;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    let report = show(desk, "篡改", &bytes, &look.join("tampered.pdf"))?;
    Ok(report.conclusion == Conclusion::Bad)
}

fn show(desk: &Desk, what: &str, bytes: &[u8], path: &Path) -> Result<Report, Failure> {
    fs::write(path, bytes).context(&format!("写入 {}", path.display()))?;
    let report = desk.judge(&Examined::of(bytes), clock().now())?;
    output::line(format_args!(
        "  {what}  {}\n        {}",
        report.headline(Language::Chinese),
        path.display()
    ));
    Ok(report)
}

fn list_neighbour(district: &Home, neighbour: &Home, folder: &Path) -> Result<(), Failure> {
    let exported = folder.join("neighbour/export");
    let seals = {
        let service = service_of(neighbour)?;
        block_on(service.registry().seals())?.context("读取邻省印章")?
    };
    neighbour
        .export_authority(&exported, &seals)
        .map_err(home_failure)?;
    let keys = KeyFolder::unlocked(&district.keys_path(), passphrase()?);
    let signer = keys.identity(LIST_KEY).context("打开信任列表密钥")?;
    district
        .list_authority(&exported, false, &*signer.signer, clock().now())
        .map(drop)
        .map_err(home_failure)
}

/// Issues one certificate elsewhere and asks whether the district accepts it.
fn show_foreign(district: &Home, ours: &Service, elsewhere: &Home, path: &Path) -> Result<bool, Failure> {
    let issued = issue_elsewhere(elsewhere)?;
    fs::write(path, &issued.document).context(&format!("写入 {}", path.display()))?;
    let list = district.trust_list(None).map_err(home_failure)?;
    let desk = Desk::new(district, None, Some(Arc::clone(ours.registry())))?;
    let report = desk.judge(&Examined::of(&issued.document), clock().now())?;
    let policy = Policy {
        region: district.config().region.clone(),
        types: None,
        status_required: false,
    };
    let recognition = recognise(&report, &list, &policy);
    let text = recognition.to_text(&report, Language::Chinese);
    output::line(format_args!(
        "  {}  {}\n        {}",
        elsewhere.config().region_name,
        text.lines().next().unwrap_or_default(),
        path.display()
    ));
    Ok(recognition.decision == certseal_core::recognise::Decision::Accepted)
}

fn issue_elsewhere(elsewhere: &Home) -> Result<Issued, Failure> {
    let service = service_of(elsewhere)?;
    let Some(t) = elsewhere.catalogue().map_err(home_failure)?.get(FOREIGN_TYPE) else {
        return Err(Failure::new(
            format!("没有证照类型 {FOREIGN_TYPE}"),
            "程序与 templates 目录版本不一致。",
        ));
    };
    let request = Request {
        certificate_type: t.key.clone(),
        record: t.sample(),
        seal: None,
        basis: Basis::First,
        actor: "demo".to_owned(),
        reason: String::new(),
        idempotency_key: None,
    };
    block_on(service.issue(request))?.map_err(|error| issue_failure("签发", &error))
}

/// What the neighbours issue.
const FOREIGN_TYPE: &str = "food-business-permit";

fn closing(folder: &Path, look: &Path) {
    heading("看什么、怎样继续");
    output::line(format_args!(
        "  样张        {}（PDF、OFD，及两者并排可比的 PNG）",
        look.display()
    ));
    output::line(format_args!(
        "  月报        {}",
        folder.join("annex3.xlsx").display()
    ));
    output::line(format_args!(
        "  数据目录    {}",
        folder.join("district").display()
    ));
    let program = std::env::current_exe().unwrap_or_else(|_| "certseal".into());
    let home = folder.join("district");
    output::line(format_args!(
        "  核验一张    {} --home {} verify {}",
        program.display(),
        home.display(),
        look.join("revoked.pdf").display()
    ));
    output::line(format_args!(
        "  启动服务    {} --home {} --passphrase-file {} serve",
        program.display(),
        home.display(),
        folder.join("passphrase.txt").display()
    ));
    output::line(
        "              然后打开 http://127.0.0.1:8080/v （核验页）和 http://127.0.0.1:8080/docs （接口）",
    );
    output::line("              二维码所指网站是虚构的：请在核验页上传样张，或粘贴二维码的内容");
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_passphrase_is_for_its_owner_even_where_an_earlier_one_lay_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passphrase.txt");
        fs::write(&path, format!("{PASSPHRASE}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let out = clear(folder.path()).unwrap();
        let mark = out.join("passphrase.txt");
        assert_eq!(fs::metadata(&mark).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_to_string(&mark).unwrap(), format!("{PASSPHRASE}\n"));
    }
}
