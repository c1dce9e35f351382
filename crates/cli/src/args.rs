//! Raw command line arguments: parsed here, resolved nowhere else.
//!
//! Help is Chinese first with English beneath, because the people at the keyboard are clerks and
//! operators of Chinese departments.

use std::{ffi::OsString, net::SocketAddr, num::NonZeroUsize, path::PathBuf};

use certseal_core::{
    crypto::AnyOid,
    home::{RevocationReason, is_host},
    profile::Profile,
    remark,
    seal::SealKind,
};
use clap::{
    ArgAction, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum,
    error::ErrorKind,
};
use jiff::{Timestamp, civil::Date};

use crate::output;

/// 电子证照签发、签章、核验与互认
#[derive(Debug, Parser)]
#[command(
    name = "certseal",
    version,
    about = "电子证照签发、签章、核验与互认\nIssue, seal, verify and recognise electronic certificates",
    after_help = "退出码 Exit status:\n  0  完成；核验通过；予以互认 done, TOTAL-PASSED, accepted\n  1  核验不通过或不在有效状态；不予互认；有记录被拒；未查到；审计有误 TOTAL-FAILED, not in force, not accepted, rows rejected, nothing found, audit found faults\n  2  用法或运行错误 usage or operational error\n  3  无法判定 INDETERMINATE",
    disable_help_subcommand = true,
    disable_help_flag = true,
    disable_version_flag = true
)]
pub(crate) struct Cli {
    /// 数据目录（配置、密钥、登记簿、证照文件），缺省为 certseal-home Home directory of the installation; certseal-home by default
    #[arg(long, global = true, help_heading = COMMON, env = "CERTSEAL_HOME", value_name = "DIR")]
    pub(crate) home: Option<PathBuf>,
    /// 密钥口令文件；另可用环境变量 CERTSEAL_PASSPHRASE 或交互输入 File holding the key passphrase
    #[arg(long, global = true, help_heading = COMMON, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// 以 JSON 输出结果 Print results as JSON
    #[arg(long, global = true, help_heading = COMMON)]
    pub(crate) json: bool,
    /// 显示帮助 Show help
    #[arg(short, long, global = true, help_heading = COMMON, action = ArgAction::Help)]
    help: Option<bool>,
    /// 显示版本 Show the version
    #[arg(short = 'V', long, help_heading = COMMON, action = ArgAction::Version)]
    version: Option<bool>,
    /// 要做什么
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Heading of what every verb takes.
const COMMON: &str = "通用选项 Common options";

impl Cli {
    /// The arguments of this process. Help and usage errors end it here, in both languages.
    pub(crate) fn from_command_line() -> Self {
        if std::env::args_os().len() <= 1 {
            output::note(bilingual(Self::command()).render_help());
            std::process::exit(2);
        }
        let parsed = bilingual(Self::command())
            .try_get_matches()
            .and_then(|matches| Self::from_arg_matches(&matches));
        parsed.unwrap_or_else(|error| {
            if let Some(chinese) = usage_error(error.kind()) {
                output::note(format_args!("用法有误：{chinese}"));
            }
            error.exit()
        })
    }
}

/// Headings in Chinese and English, in every verb.
fn bilingual(command: clap::Command) -> clap::Command {
    command
        .help_template("{about}\n\n用法 Usage: {usage}\n\n{all-args}{after-help}")
        .subcommand_help_heading("命令 Commands")
        .mut_args(|arg| match (arg.get_help_heading(), arg.is_positional()) {
            (Some(_), _) => arg,
            (None, true) => arg.help_heading("参数 Arguments"),
            (None, false) => arg.help_heading("选项 Options"),
        })
        .mut_subcommands(bilingual)
}

/// What clap says in English beneath.
fn usage_error(kind: ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::MissingRequiredArgument => "缺少必需的参数",
        ErrorKind::MissingSubcommand => "缺少命令",
        ErrorKind::InvalidSubcommand => "没有这个命令",
        ErrorKind::UnknownArgument => "没有这个参数或选项",
        ErrorKind::InvalidValue | ErrorKind::ValueValidation | ErrorKind::InvalidUtf8 => "参数值有误",
        ErrorKind::NoEquals
        | ErrorKind::TooFewValues
        | ErrorKind::TooManyValues
        | ErrorKind::WrongNumberOfValues => "选项的值缺少或过多",
        ErrorKind::ArgumentConflict => "选项重复，或与其他选项不能同时使用",
        _ => return None,
    })
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// 建立演示机构：根、签发 CA、各部门印章与密钥 Make a demonstration authority with its seals
    Init(Init),
    /// 签发一张证照 Issue one certificate
    Issue(Issue),
    /// 为历史证照批量补签（可中断续做） Seal a backlog of historical certificates
    Backfill(Backfill),
    /// 核验证照文件、二维码图片或二维码文本 Verify files, QR pictures or QR text
    Verify(Verify),
    /// 把 OFD 或 PDF 的页面画成 PNG 图像 Draw the pages of an OFD or PDF as PNG
    Render(Render),
    /// 为 PDF 文件加盖文档时间戳 Add a document timestamp to a PDF
    Timestamp(Timestamping),
    /// 把文件的签名延长为长期有效（LT、LTA） Carry the signatures of a PDF to a long-term level
    Extend(Extend),
    /// 判定外部机构的证照在本地是否予以互认 Decide whether a certificate is recognised here
    Recognise(Recognise),
    /// 统计报表 Reports
    #[command(subcommand)]
    Report(Report),
    /// 查询证照、变更状态 Look up certificates and change their state
    #[command(subcommand)]
    Certificate(Certificate),
    /// 电子印章 E-seals
    #[command(subcommand)]
    Seal(Seal),
    /// 密钥、吊销列表与接口密钥 Keys, revocation lists and API keys
    #[command(subcommand)]
    Key(Key),
    /// 证照类型 Certificate types
    #[command(subcommand)]
    Type(Type),
    /// 信任列表：收录其他机构 The trust list: enter other authorities
    #[command(subcommand)]
    Trust(Trust),
    /// 启动 HTTP 服务 Serve the HTTP API and the public verification page
    Serve(Serve),
    /// 核对登记簿与全部证照文件 Check the registry and every document against each other
    Audit(Audit),
    /// 演示：一个区的全部证照 Demonstration: a whole district
    Demo(Demo),
    /// 测量各环节耗时 Measure where the time goes
    Bench(Bench),
}

/// Options of `init`.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// 行政区划代码（6 位） Region code, six digits
    #[arg(long, default_value = "419901", value_name = "CODE", value_parser = region)]
    pub(crate) region: String,
    /// 区划名称，印在颁证机构名称之前 Region name, printed before each department's name
    #[arg(long, default_value = "河南省示例市示例区", value_name = "NAME")]
    pub(crate) region_name: String,
    /// 二维码所指核验网站的主机名 Host of the verification page in QR codes
    #[arg(long, default_value = "verify.example.gov.cn", value_name = "HOST", value_parser = host)]
    pub(crate) host: String,
    /// 同时备好国密：SM2 密钥、国密印章，各类型兼发 OFD With SM2 keys and national seals; every type is issued as OFD as well
    #[arg(long)]
    pub(crate) national: bool,
}

/// Options of `issue`.
#[derive(Debug, Args)]
pub(crate) struct Issue {
    /// 证照类型（键或名称） Certificate type, by key or name
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) certificate_type: String,
    /// 照面数据 JSON 文件，- 为标准输入 Face data, a JSON object of field to value
    #[arg(long, value_name = "FILE")]
    pub(crate) data: Option<PathBuf>,
    /// 单个字段，可重复；字段可写键、标签或短名 One field, repeatable
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    pub(crate) set: Vec<String>,
    /// 照片，可重复 Photo file, repeatable
    #[arg(long = "photo", value_name = "FIELD=FILE")]
    pub(crate) photo: Vec<String>,
    /// 印章编号；缺省用本类型指定的印章 Seal id; by default the seal the type names
    #[arg(long, value_name = "ID")]
    pub(crate) seal: Option<String>,
    /// 延续换发：原证照标识 Renew the certificate with this identifier
    #[arg(long, value_name = "IDENTIFIER", group = "basis")]
    pub(crate) renews: Option<String>,
    /// 变更换发：原证照标识 Amend the certificate with this identifier
    #[arg(long, value_name = "IDENTIFIER", group = "basis")]
    pub(crate) amends: Option<String>,
    /// 补发：原证照标识 Reissue the certificate with this identifier
    #[arg(long, value_name = "IDENTIFIER", group = "basis")]
    pub(crate) reissues: Option<String>,
    /// 事由，记入登记簿 Reason, entered in the registry
    #[arg(long, value_name = "TEXT", value_parser = remark::reason)]
    pub(crate) reason: Option<String>,
    /// 经办人，记入登记簿 Actor, entered in the registry
    #[arg(long, default_value = "operator", value_name = "NAME", value_parser = remark::actor)]
    pub(crate) actor: String,
    /// 幂等键：同一键重复提交得到同一证照 Idempotency key
    #[arg(long, value_name = "KEY")]
    pub(crate) idempotency_key: Option<String>,
    /// 证照文件写到哪里；该类型有两种版式时另一份写在旁边 Where to write the document; one of another form goes beside it
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// Options of `backfill`.
#[derive(Debug, Args)]
pub(crate) struct Backfill {
    /// 证照类型（键或名称） Certificate type, by key or name
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) certificate_type: String,
    /// 印章编号；缺省用本类型指定的印章 Seal id; by default the seal the type names
    #[arg(long, value_name = "ID")]
    pub(crate) seal: Option<String>,
    /// 列名对照文件（TOML："表头" = "字段键"） Mapping file for headers that differ
    #[arg(long, value_name = "FILE")]
    pub(crate) mapping: Option<PathBuf>,
    /// 只检查，不签发 Check everything, issue nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// 只登记为未签章存量，不签发 Only enter the rows into the ledger as unsealed
    #[arg(long, conflicts_with_all = ["dry_run", "since"])]
    pub(crate) enrol: bool,
    /// 只处理该日及以后颁发的证照 Only certificates issued on or after this day
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub(crate) since: Option<Date>,
    /// 被拒记录写到哪里；缺省为源文件旁的 *.rejects.csv Where rejected rows go
    #[arg(long, value_name = "FILE")]
    pub(crate) rejects: Option<PathBuf>,
    /// 操作员，记入登记簿 Operator, entered in the registry
    #[arg(long, default_value = "operator", value_name = "NAME", value_parser = remark::actor)]
    pub(crate) actor: String,
    /// 源文件 CSV（UTF-8 或 GB 18030） Source table
    pub(crate) file: PathBuf,
}

/// Options of `verify`.
#[derive(Debug, Args)]
#[command(
    after_help = "退出码 Exit status:\n  0    全部真实且有效 all genuine and in force\n  1    有不真实的，或真实而不在效力内的 some not genuine, or not in force\n  2    有无法读取的；用法或运行错误 some could not be read; usage or operational error\n  3    有无法判定的 some undecided\n  130  被 Ctrl-C 中断，其余未核验 interrupted, the rest not verified\n  141  读取输出的程序已退出，其余未核验 who read the output has gone, the rest not verified\n取其重：2 重于 1，1 重于 3。 The worst counts: 2 before 1 before 3."
)]
pub(crate) struct Verify {
    /// 文件、文件夹（其中全部 PDF、OFD、ESL、PNG、JPEG）、二维码文本、电子证照标识；- 为标准输入的内容 Files, folders (every PDF, OFD, ESL, PNG and JPEG in them), QR text, identifiers; - for the bytes on standard input
    #[arg(required_unless_present = "list", value_name = "INPUT")]
    pub(crate) inputs: Vec<OsString>,
    /// 逐行列出待核验名称的文件，- 为标准输入 File that names the inputs, one a line; - for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) list: Option<PathBuf>,
    /// --list 中的名称以 NUL 结尾 Names in --list end with NUL
    #[arg(long, requires = "list")]
    pub(crate) null: bool,
    /// 另存为网页，只限一份 Also write the report as a page, for one input
    #[arg(long, value_name = "FILE", conflicts_with = "list")]
    pub(crate) html: Option<PathBuf>,
    /// 另存为 ETSI TS 119 102-2 的 XML，只限一份 Also write it as XML by ETSI TS 119 102-2, for one input
    #[arg(long, value_name = "FILE", conflicts_with = "list")]
    pub(crate) etsi: Option<PathBuf>,
    /// 不用数据目录：只凭本命令所给的信任资料 Use no installation: nothing but what is given here
    #[arg(long, conflicts_with = "trust_list")]
    pub(crate) no_home: bool,
    #[command(flatten)]
    pub(crate) given: Given,
    /// 信任列表；缺省用数据目录中的 Trust list to use instead of the home's
    #[arg(long, value_name = "FILE")]
    pub(crate) trust_list: Option<PathBuf>,
    /// 不查登记簿 Do not ask the registry
    #[arg(long)]
    pub(crate) offline: bool,
    /// 签章者证书须按此证书策略签发（对象标识符；可重复，有其一即可） Certificate policy that the signer's path must hold under; of several, one
    #[arg(long, value_name = "OID")]
    pub(crate) policy: Vec<AnyOid>,
    /// 缺少的吊销信息和上级证书按证书所载网址获取 Fetch missing revocation data and issuers from the addresses that certificates give
    #[arg(long, conflicts_with = "offline")]
    pub(crate) fetch: bool,
    /// 以该时刻为核验时间，报告中注明 Judge at this instant; the report says so
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<Timestamp>,
}

/// Trust material besides that of the installation. Each is a file, PEM or DER, or a folder of them.
#[derive(Debug, Args)]
#[command(
    next_help_heading = "信任资料（文件，或文件夹中的全部文件；PEM 或 DER；可重复） Trust material: files or folders, PEM or DER, repeatable"
)]
pub(crate) struct Given {
    /// 信任的根证书 Roots that are trusted
    #[arg(long, value_name = "PATH")]
    pub(crate) anchor: Vec<PathBuf>,
    /// 信任的时间戳根证书；不给则以 --anchor 为准 Roots trusted for timestamps; those of --anchor without any
    #[arg(long, value_name = "PATH")]
    pub(crate) timestamp_anchor: Vec<PathBuf>,
    /// 文件可能漏带的中间证书；不因此受信 CA certificates that files may have left out; not trusted by themselves
    #[arg(long, value_name = "PATH")]
    pub(crate) intermediate: Vec<PathBuf>,
    /// 证书吊销列表 Revocation lists
    #[arg(long, value_name = "PATH")]
    pub(crate) crl: Vec<PathBuf>,
    /// OCSP 应答 OCSP responses
    #[arg(long, value_name = "PATH")]
    pub(crate) ocsp: Vec<PathBuf>,
}

/// Options of `recognise`.
#[derive(Debug, Args)]
pub(crate) struct Recognise {
    /// 证照文件 The document
    pub(crate) file: PathBuf,
    /// 在哪个行政区使用；缺省为本机构所在 Region where it is presented
    #[arg(long, value_name = "CODE", value_parser = region)]
    pub(crate) region: Option<String>,
    /// 不查登记簿 Do not ask the registry
    #[arg(long)]
    pub(crate) offline: bool,
    /// 信任列表；缺省用数据目录中的 Trust list to use instead of the home's
    #[arg(long, value_name = "FILE")]
    pub(crate) trust_list: Option<PathBuf>,
}

/// Kinds of report.
#[derive(Debug, Subcommand)]
pub(crate) enum Report {
    /// 附件三：各部门各类证照已签章与未签章数 Sealed and unsealed by department and type
    Annex3 {
        /// 另存为 CSV Also write CSV
        #[arg(long, value_name = "FILE")]
        csv: Option<PathBuf>,
        /// 另存为 XLSX Also write XLSX
        #[arg(long, value_name = "FILE")]
        xlsx: Option<PathBuf>,
    },
    /// 印章登记簿：状态、有效期与用印次数 The seal register with states, dates and uses
    Seals {
        /// 另存为 CSV Also write CSV
        #[arg(long, value_name = "FILE")]
        csv: Option<PathBuf>,
        /// 另存为 XLSX Also write XLSX
        #[arg(long, value_name = "FILE")]
        xlsx: Option<PathBuf>,
    },
}

/// Verbs on issued certificates.
#[derive(Debug, Subcommand)]
pub(crate) enum Certificate {
    /// 按标识、编号、持证主体代码或名称查询 Find by identifier, number, holder's code or name
    Find(Find),
    /// 一张证照的全部事件 Every event of one certificate
    History {
        /// 电子证照标识 Certificate identifier
        identifier: String,
    },
    /// 取出证照文件 Take the document out
    Export {
        /// 电子证照标识 Certificate identifier
        identifier: String,
        /// 写到哪里；扩展名 .pdf 或 .ofd 决定取哪一份 Where to write it; .pdf or .ofd says which document
        #[arg(long, short, value_name = "FILE")]
        out: PathBuf,
    },
    /// 暂扣 Take out of force for a time
    Suspend(Change),
    /// 恢复 Put back in force
    Resume(Change),
    /// 撤销、吊销 Take away for good
    Revoke(Change),
    /// 注销 Close in order
    Cancel(Change),
}

/// Options of `certificate find`.
#[derive(Debug, Args)]
pub(crate) struct Find {
    /// 电子证照标识、证照编号、持证主体代码或名称 Identifier, number, holder's code or name
    pub(crate) query: String,
    /// 显示完整个人信息；查阅人、事由和所查证照记入 disclosures.jsonl Show personal data unmasked; entered in disclosures.jsonl
    #[arg(long, requires = "reason")]
    pub(crate) unmasked: bool,
    /// 查阅完整个人信息的事由 Why personal data are looked at
    #[arg(long, value_name = "TEXT", value_parser = remark::reason, requires = "unmasked")]
    pub(crate) reason: Option<String>,
    /// 查阅人 Who looks
    #[arg(long, default_value = "operator", value_name = "NAME", value_parser = remark::actor)]
    pub(crate) actor: String,
}

/// Options of a change of state.
#[derive(Debug, Args)]
pub(crate) struct Change {
    /// 电子证照标识 Certificate identifier
    pub(crate) identifier: String,
    /// 事由，记入登记簿 Reason, entered in the registry
    #[arg(long, value_name = "TEXT", value_parser = remark::reason)]
    pub(crate) reason: String,
    /// 经办人，记入登记簿 Actor, entered in the registry
    #[arg(long, default_value = "operator", value_name = "NAME", value_parser = remark::actor)]
    pub(crate) actor: String,
}

/// Verbs on seals.
#[derive(Debug, Subcommand)]
pub(crate) enum Seal {
    /// 印章登记簿 The seal register
    List,
    /// 一枚印章的全部信息；可画出印模 Everything about one seal; can draw its impression
    Show {
        /// 印章编号，或国密印章文件（.esl，或 OFD 中的 SignedValue.dat） Seal id, or a file that holds a national seal
        seal: String,
        /// 印模 SVG 写到哪里，只限登记的印章 Write the impression of a registered seal as SVG
        #[arg(long, value_name = "FILE")]
        svg: Option<PathBuf>,
        /// 印模图像写到哪里：国密印章按原样取出，登记的印章画成 PNG Write the picture: of a national seal as it is, of a registered one as PNG
        #[arg(long, value_name = "FILE")]
        picture: Option<PathBuf>,
    },
    /// 制作下一枚印章，获准使用者为该部门现用签章证书 Make a seal for the department's present signer
    Make(SealMake),
    /// 为登记的印章制作国密印章文件（GB/T 38540），由 SM2 制章者签名 Make the national form of a registered seal
    National(SealNational),
    /// 停用 Suspend a seal
    Suspend(SealChange),
    /// 恢复 Put a suspended seal back in force
    Resume(SealChange),
    /// 销毁（不可恢复） Destroy a seal for good
    Destroy(SealChange),
}

fn day(text: &str) -> Result<Date, &'static str> {
    text.parse()
        .map_err(|_| "日期应写作 2018-01-01 (a date like 2018-01-01)")
}

fn region(text: &str) -> Result<String, &'static str> {
    if text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("应为 6 位数字 (six digits)")
    }
}

fn host(text: &str) -> Result<String, &'static str> {
    if is_host(text) {
        Ok(text.to_owned())
    } else {
        Err("应为主机名，可带端口，如 verify.example.gov.cn (a host name, with a port if need be)")
    }
}

fn seal_kind(text: &str) -> Result<SealKind, String> {
    SealKind::by_key(text).ok_or_else(|| "应为 licence 或 official (licence or official)".to_owned())
}

/// Options of `seal make`.
#[derive(Debug, Args)]
pub(crate) struct SealMake {
    /// 部门键 Department key
    #[arg(long, value_name = "KEY")]
    pub(crate) department: String,
    /// 种类：licence 电子证照专用章，official 法定名称章 Kind of seal
    #[arg(long, value_name = "KIND", value_parser = seal_kind)]
    pub(crate) kind: SealKind,
    /// 印章名称；缺省为部门名称加种类 Name; by default the department's with the kind
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// 14 位印章编号；缺省为本区划下一个 Its number of 14 digits; by default the region's next
    #[arg(long, value_name = "NUMBER")]
    pub(crate) number: Option<String>,
    /// 事由，记入登记簿 Reason, entered in the registry
    #[arg(long, default_value = "制章", value_name = "TEXT", value_parser = remark::reason)]
    pub(crate) reason: String,
    /// 经办人，记入登记簿 Actor, entered in the registry
    #[arg(long, default_value = "seal-keeper", value_name = "NAME", value_parser = remark::actor)]
    pub(crate) actor: String,
}

/// Options of `seal national`.
#[derive(Debug, Args)]
pub(crate) struct SealNational {
    /// 登记的印章编号：编号、名称、有效期和印模取自它；不写则为全部启用的印章 Registered seals whose national form is made; all in force by default
    #[arg(value_name = "ID")]
    pub(crate) ids: Vec<String>,
    /// 写到哪里（.esl），仅一枚时可用；缺省发布到数据目录，签发 OFD 即用 Where to write one; by default published, and used for OFD from then on
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// 印章格式：v4 为 GB/T 38540-2020，v5 为 GM/T 0031-2025 Edition of the standard
    #[arg(
        long,
        value_enum,
        default_value = "v4",
        value_name = "EDITION",
        ignore_case = true
    )]
    pub(crate) edition: SealEdition,
    /// 印章类型号，由印章管理部门规定；缺省法定名称章为 1，电子证照专用章为 4 Number of its type, as whoever registers seals has them
    #[arg(long = "type", value_name = "NUMBER")]
    pub(crate) seal_type: Option<u32>,
    /// 印章中只写签章证书的 SM3 摘要，不写证书 Name the signer certificate by digest
    #[arg(long)]
    pub(crate) by_digest: bool,
    /// 改用此 PNG 图像（须有透明背景）作印模 Picture to use instead of the impression
    #[arg(long, value_name = "PNG", requires_all = ["width", "height"])]
    pub(crate) image: Option<PathBuf>,
    /// 图像宽度，整毫米 Width of the picture in whole millimetres
    #[arg(long, value_name = "MM", requires = "image")]
    pub(crate) width: Option<u32>,
    /// 图像高度，整毫米 Height of the picture in whole millimetres
    #[arg(long, value_name = "MM", requires = "image")]
    pub(crate) height: Option<u32>,
}

/// Editions of national seals. What each means stands with the option, on one line.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum SealEdition {
    #[value(name = "v4")]
    V4,
    #[value(name = "v5")]
    V5,
}

/// Options of a change of a seal's state.
#[derive(Debug, Args)]
pub(crate) struct SealChange {
    /// 印章编号 Seal id
    pub(crate) id: String,
    /// 事由，记入登记簿 Reason, entered in the registry
    #[arg(long, value_name = "TEXT", value_parser = remark::reason)]
    pub(crate) reason: String,
    /// 经办人，记入登记簿 Actor, entered in the registry
    #[arg(long, default_value = "seal-keeper", value_name = "NAME", value_parser = remark::actor)]
    pub(crate) actor: String,
}

/// Verbs on keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// 列出密钥与证书 List keys and their X.509 certificates
    List,
    /// 重新签发签发 CA 的吊销列表，可吊销签章证书 Issue the CA's CRL anew, revoking certificates if told
    Crl {
        /// 要吊销的证书名称，可重复 Name of an X.509 certificate to revoke, repeatable
        #[arg(long, value_name = "NAME")]
        revoke: Vec<String>,
        /// 吊销原因：key-compromise、affiliation-changed、superseded、cessation-of-operation Why
        #[arg(long, default_value = "key-compromise", value_name = "REASON", value_parser = revocation_reason)]
        reason: RevocationReason,
        /// 一并重新签发两个根的吊销列表（需要根密钥） The roots' lists too; needs their keys
        #[arg(long)]
        roots: bool,
    },
    /// 换发密钥及其证书，旧的另名保留 Replace a key and its certificate; the old pair is kept
    Renew {
        /// 名称：signer-部门键、token、seal-maker、trust-list、ca、root、seal-root；国密的前加 sm2- Name of the key; those over SM2 begin with sm2-
        name: String,
    },
    /// 建立国密（SM2）根、CA、制章者和各部门签章密钥，已有的不动 Make the keys over SM2 that are missing
    National,
    /// 即将到期的证书、吊销列表、信任列表与印章；有则退出码为 1 What is due soon; status 1 if anything is
    Due {
        /// 提前多少天 Days ahead
        #[arg(long, default_value_t = 14, value_name = "DAYS")]
        within: u16,
    },
    /// 新建接口密钥，只显示一次 Make an API key; shown once
    ApiAdd {
        /// 名称 Name
        name: String,
        /// 部门键；* 为全部 Department key, * for all
        #[arg(long, value_name = "KEY")]
        department: String,
    },
    /// 列出接口密钥 List API keys
    ApiList,
    /// 作废接口密钥 Withdraw an API key
    ApiRevoke {
        /// 名称 Name
        name: String,
    },
}

fn revocation_reason(text: &str) -> Result<RevocationReason, String> {
    let found = RevocationReason::ALL
        .into_iter()
        .find(|reason| reason.key() == text);
    found.ok_or_else(|| {
        let known = RevocationReason::ALL.map(RevocationReason::key).join("、");
        format!("应为 {known} 之一 (one of these)")
    })
}

fn profile(text: &str) -> Result<Profile, String> {
    let found = Profile::ALL.into_iter().find(|profile| profile.key() == text);
    found.ok_or_else(|| {
        let known = Profile::ALL.map(Profile::key).join("、");
        format!("应为 {known} 之一 (one of these)")
    })
}

/// Verbs on certificate types.
#[derive(Debug, Subcommand)]
pub(crate) enum Type {
    /// 列出证照类型 List the certificate types
    List,
    /// 一个类型的字段与规则 Fields and rules of one type
    Show {
        /// 键或名称 Key or name
        certificate_type: String,
    },
    /// 用样例数据生成全部照面 PDF（不签章、不登记） Render every face with sample values
    Preview {
        /// 写到哪个目录 Folder to write to
        #[arg(long, short, value_name = "DIR")]
        out: PathBuf,
        /// 只生成这些类型 Only these types
        only: Vec<String>,
    },
    /// 规定签发的版式：PDF、OFD 或两者 Say in which forms certificates are issued
    Profiles {
        /// 版式，依次列出，逗号分隔；首个为主 Profiles in order, the first one is the main one
        #[arg(long = "set", value_name = "PROFILE", value_delimiter = ',', required = true, value_parser = profile)]
        profiles: Vec<Profile>,
        /// 只改这些类型（键或名称） Only these types
        only: Vec<String>,
    },
}

/// Options of `serve`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// 监听地址 Address to listen on
    #[arg(long, env = "CERTSEAL_LISTEN", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
}

/// Options of `render`.
#[derive(Debug, Args)]
pub(crate) struct Render {
    /// OFD 或 PDF 文件 OFD or PDF file
    pub(crate) file: PathBuf,
    /// 图像写到哪里；有多页时写为 OUT-1.png、OUT-2.png…… Where to write the picture; several pages become OUT-1.png and so on
    #[arg(long, short, value_name = "OUT.png")]
    pub(crate) out: PathBuf,
    /// 只画第几页，缺省为全部 The page to draw; all by default
    #[arg(long, value_name = "N")]
    pub(crate) page: Option<NonZeroUsize>,
    /// 每英寸像素数，10 至 1200 Pixels an inch, from 10 to 1200
    #[arg(long, value_name = "DPI", default_value_t = 150)]
    pub(crate) dpi: u16,
}

/// Options of `timestamp`.
#[derive(Debug, Args)]
pub(crate) struct Timestamping {
    /// PDF 文件 PDF file
    pub(crate) file: PathBuf,
    /// 结果写到哪里，原文件不变 Where to write the result; the file itself stays as it is
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) source: TimestampSource,
}

/// Options of `extend`.
#[derive(Debug, Args)]
pub(crate) struct Extend {
    /// PDF 文件 PDF file
    pub(crate) file: PathBuf,
    /// LT 为存入证书和吊销信息，LTA 为再加盖文档时间戳 LT: with all evidence; LTA: and a timestamp over it
    #[arg(long, value_name = "LEVEL", ignore_case = true)]
    pub(crate) level: LongTermLevel,
    /// 结果写到哪里，原文件不变 Where to write the result; the file itself stays as it is
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) source: TimestampSource,
}

/// Where timestamps come from.
#[derive(Debug, Args)]
pub(crate) struct TimestampSource {
    /// 时间戳服务地址（RFC 3161）；缺省用本机构自己的 Address of a timestamp authority; by default our own
    #[arg(long, env = "CERTSEAL_TSA", value_name = "URL")]
    pub(crate) tsa: Option<String>,
}

/// How far `extend` goes. What each means stands with the option, on one line.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum LongTermLevel {
    #[value(name = "LT")]
    Lt,
    #[value(name = "LTA")]
    Lta,
}

/// Verbs on the trust list.
#[derive(Debug, Subcommand)]
pub(crate) enum Trust {
    /// 信任列表的内容 What the trust list says
    Show,
    /// 导出本机构的说明、吊销列表和印章，供其他机构收录 Export what others need to recognise us
    Export {
        /// 写到哪个目录 Folder to write to
        #[arg(long, short, value_name = "DIR")]
        out: PathBuf,
    },
    /// 内容不变，签发下一号列表（每 90 天至少一次） Sign the next list with the same content
    Renew,
    /// 收录一个机构（对方 trust export 的目录）并签发新列表 Enter an authority and sign the next list
    Add {
        /// 对方导出的目录 Folder the other authority exported
        from: PathBuf,
        /// 已核对：对方换发了根证书或签名证书 Its keys differ from those listed, and were compared
        #[arg(long)]
        new_keys: bool,
    },
    /// 暂停采信一个机构并签发新列表 Take an authority off for a time and sign the next list
    Suspend(Standing),
    /// 恢复采信 Vouch for a suspended or withdrawn authority again
    Resume(Standing),
    /// 撤销采信 Take an authority off the list from now on
    Withdraw(Standing),
}

/// Options of a change of an authority's status.
#[derive(Debug, Args)]
pub(crate) struct Standing {
    /// 机构标识，见 trust show Id of the authority, as trust show has it
    pub(crate) authority: String,
    /// 事由，记入信任列表 Reason, entered in the trust list
    #[arg(long, value_name = "TEXT", value_parser = remark::reason)]
    pub(crate) reason: String,
    /// 确认所指是本机构 Yes, even our own authority
    #[arg(long)]
    pub(crate) ours: bool,
}

/// Options of `audit`.
#[derive(Debug, Args)]
pub(crate) struct Audit {
    /// 删除登记簿未记载的残留文件（异常中断所致） Remove files no event names, left by a crash
    #[arg(long)]
    pub(crate) sweep: bool,
}

/// Options of `demo`.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// 写到哪个目录 Folder to write to
    #[arg(long, default_value = "demo", value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// 存量按此比例缩小（测试用） Divide the counts by this, for a quick look
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) scale: usize,
}

/// Options of `bench`.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// 每项测量的证照数 Certificates per measurement
    #[arg(long, default_value_t = 2000, value_name = "N")]
    pub(crate) count: usize,
}
