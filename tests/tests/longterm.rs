//! Timestamps and long-term validation: our tokens before openssl, its tokens before us, extended files before
//! pyHanko, pdfsig and qpdf, and authorities that answer badly.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, OnceLock},
    thread,
    time::Duration,
};

use certseal_core::{
    clock::FixedClock,
    crypto::{KeyFolder, Passphrase},
    document::pdf::open::{SignatureKind, open},
    home::{Home, Revoke},
    longterm::{Level, extend},
    verify::{Indication, Level as Attained, Options, Verifier},
};
use certseal_tests::{
    PASSPHRASE, certseal,
    documents::{Issued, copy_of, found, issue, judged, verify, with_page_content},
    judge_is_here, pyhanko, run, run_ok, run_to,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tempfile::TempDir;

const TYPE: &str = "teacher-qualification-certificate";

struct Office {
    folder: TempDir,
    issued: Issued,
}

impl Office {
    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// An installation of its own with one certificate.
fn office() -> Office {
    static OFFICE: OnceLock<(TempDir, Issued)> = OnceLock::new();
    let (folder, issued) = OFFICE.get_or_init(|| {
        let folder = found("419901", "河南省示例市示例区");
        // Some verifiers take no document timestamp in the place of one inside the signature.
        stamping_signatures(&folder.path().join("home"), true);
        let issued = issue(&folder.path().join("home"), TYPE, &[]);
        (folder, issued)
    });
    Office {
        folder: copy_of(folder.path()),
        issued: issued.clone(),
    }
}

fn stamping_signatures(home: &Path, on: bool) {
    let path = home.join("certseal.toml");
    let text = fs::read_to_string(&path).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    let at = lines.iter().position(|line| line.starts_with("[[")).unwrap();
    if on {
        lines.insert(at, "[timestamp]\nsignatures = true\n");
    } else {
        lines.retain(|line| *line != "signatures = true");
    }
    fs::write(path, lines.join("\n")).unwrap();
}

/// `certseal VERB FILE --out OUT …`.
fn carry(office: &Office, verb: &[&str], file: &Path, out: &str) -> Vec<u8> {
    let out = office.file(out);
    run_ok(
        certseal(&office.home())
            .args(verb)
            .arg(file)
            .arg("--out")
            .arg(&out),
    );
    fs::read(out).unwrap()
}

/// The same, refused: what was said.
fn refused(office: &Office, verb: &[&str], file: &Path) -> String {
    let out = office.file("refused.pdf");
    let (_, said) = run_to(
        2,
        certseal(&office.home())
            .args(verb)
            .arg(file)
            .arg("--out")
            .arg(&out),
    );
    assert!(!out.exists(), "nothing is written");
    assert!(said.contains("建议："), "says what to do: {said}");
    said
}

/// The kinds of a file's signatures in their order: `S` and `T`.
fn kinds(file: &[u8]) -> String {
    let opened = open(file).unwrap();
    let kind = opened.signatures().iter().map(|signature| {
        assert_eq!(signature.defects().count(), 0);
        match signature.kind {
            SignatureKind::Signature => 'S',
            SignatureKind::DocumentTimestamp => 'T',
            SignatureKind::Unrecognised => '?',
        }
    });
    kind.collect()
}

struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(home: &Path) -> Self {
        let mut child = certseal(home)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                let (_, rest) = line.split_once("http://")?;
                Some(rest.split('/').next()?.to_owned())
            })
            .expect("the server says where it listens");
        // Its log goes on; a full pipe would stop it.
        thread::spawn(move || lines.for_each(drop));
        Self {
            child,
            url: format!("http://{address}/tsa"),
        }
    }

    fn post(&self, kind: &str, body: &Path, out: &Path) -> String {
        let output = run(Command::new("curl")
            .args(["--silent", "--show-error", "--max-time", "60"])
            .args(["--write-out", "%{http_code} %{content_type}"])
            .args(["--header", &format!("Content-Type: {kind}"), "--data-binary"])
            .arg(format!("@{}", body.display()))
            .arg("--output")
            .arg(out)
            .arg(&self.url));
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn openssl(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("openssl");
    judged(command.current_dir(folder).args(arguments))
}

fn pem_of_root(office: &Office) -> String {
    let cer = office.home().join("pki/root.cer");
    let pem = office.file("root.pem");
    openssl(
        office.folder.path(),
        &[
            "x509",
            "-inform",
            "DER",
            "-in",
            cer.to_str().unwrap(),
            "-out",
            pem.to_str().unwrap(),
        ],
    );
    pem.to_str().unwrap().to_owned()
}

#[test]
fn openssl_verifies_what_our_server_stamps() {
    if !judge_is_here("openssl") || !judge_is_here("curl") {
        return;
    }
    let office = office();
    let root = pem_of_root(&office);
    let server = Server::start(&office.home());
    let folder = office.folder.path();
    fs::write(office.file("data"), "存量证照清单").unwrap();
    let mut serials = Vec::new();
    for options in [
        &["-sha256", "-cert"][..],
        &["-sha384", "-cert"],
        &["-sha512", "-cert", "-no_nonce"],
        &["-sha256", "-cert", "-tspolicy", "2.999.3161.1"],
    ] {
        let query = ["ts", "-query", "-data", "data", "-out", "q"];
        openssl(folder, &[&query[..], options].concat());
        let said = server.post(
            "application/timestamp-query",
            &office.file("q"),
            &office.file("r"),
        );
        assert_eq!(said, "200 application/timestamp-reply");
        let reply = openssl(folder, &["ts", "-reply", "-in", "r", "-text"]);
        for words in [
            "Status: Granted.",
            "Policy OID: 2.999.3161.1",
            "Accuracy: 0x01 seconds",
        ] {
            assert!(reply.contains(words), "no “{words}” in {reply}");
        }
        let serial = reply
            .lines()
            .find(|line| line.starts_with("Serial number"))
            .unwrap();
        serials.push(serial.to_owned());
        for against in [["-data", "data"], ["-queryfile", "q"]] {
            let verify = ["ts", "-verify", "-in", "r", "-CAfile", &root];
            let said = openssl(folder, &[&verify[..], &against[..]].concat());
            assert!(said.contains("Verification: OK"), "{said}");
        }
    }
    serials.sort();
    serials.dedup();
    assert_eq!(serials.len(), 4);

    // What we do not serve is refused in the response itself; what is no request to a timestamp authority over
    // HTTP.
    for (options, reason) in [
        (&["-sha1"][..], "unrecognized or unsupported algorithm"),
        (
            &["-sha256", "-tspolicy", "1.2.3.4"],
            "the requested TSA policy is not supported",
        ),
    ] {
        let query = ["ts", "-query", "-data", "data", "-out", "q"];
        openssl(folder, &[&query[..], options].concat());
        server.post(
            "application/timestamp-query",
            &office.file("q"),
            &office.file("r"),
        );
        let reply = openssl(folder, &["ts", "-reply", "-in", "r", "-text"]);
        assert!(
            reply.contains("Status: Rejected.") && reply.contains(reason),
            "{reply}"
        );
    }
    let said = server.post("application/json", &office.file("q"), &office.file("r"));
    assert_eq!(said, "415 application/problem+json");
    fs::write(office.file("long"), vec![0x30; 5000]).unwrap();
    let said = server.post(
        "application/timestamp-query",
        &office.file("long"),
        &office.file("r"),
    );
    assert_eq!(said, "413 application/problem+json");

    // Our own client asks it as any other.
    let verb = ["timestamp", "--tsa", &server.url];
    let stamped = carry(&office, &verb, &office.issued.file, "over-http.pdf");
    assert_eq!(kinds(&stamped), "ST");
}

/// Judges a file by ETSI EN 319 102-1 with nothing but our root and what is in the file.
const ADES: &str = r#"
import asyncio, json, sys
from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.policy_decl import (
    PdfSignatureValidationSpec, RevinfoOnlineFetchingRule, RevocationInfoGatheringSpec, SignatureValidationSpec,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy, RevocationCheckingRule
from pyhanko_certvalidator.registry import SimpleTrustManager

import pyhanko_certvalidator.validate as paths

root, kind, *files = sys.argv[1:]
rule = RevocationCheckingRule[kind]
if kind == "OCSP_REQUIRED":
    # It looks at no answer about a certificate that names no responder, at hand or not; ours name none.
    paths.get_declared_revinfo = lambda certificate: (False, True)
policy = CertValidationPolicySpec(
    trust_manager=SimpleTrustManager.build(trust_roots=[load_cert_from_pemder(root)]),
    revinfo_policy=CertRevTrustPolicy(RevocationCheckingPolicy(rule, rule)),
)
spec = PdfSignatureValidationSpec(SignatureValidationSpec(
    cert_validation_policy=policy,
    revinfo_gathering_policy=RevocationInfoGatheringSpec(
        online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY),
))

async def judge(name):
    reader = PdfFileReader(open(name, "rb"), strict=True)
    signature = reader.embedded_regular_signatures[0]
    now = await ades_lta_validation(signature, spec)
    return {
        "verdict": str(now.ades_subindic), "why": now.failure_msg,
        "trusted": now.api_status.trusted, "bottom_line": now.api_status.bottom_line,
        "timestamps": len(reader.embedded_timestamp_signatures),
        "stores": "/DSS" in reader.root,
        "modification": now.api_status.modification_level.name,
    }

print(json.dumps([asyncio.run(judge(name)) for name in files]))
"#;

#[test]
fn extended_files_stand_before_those_who_know_our_root() {
    let office = office();
    let original = &office.issued.document;
    let file = |name: &str| office.file(name);
    let said = judged(
        certseal(&office.home())
            .args(["extend", "--level", "LT", "--json", "--out"])
            .arg(file("noted.pdf"))
            .arg(&office.issued.file),
    );
    let said: Value = serde_json::from_str(&said).unwrap();
    let older = said["older-lists"].as_array().unwrap();
    assert_eq!(older.len(), 2, "the lists are older than the signature: {said}");
    // Lists have whole seconds.
    thread::sleep(Duration::from_millis(1_100));
    run_ok(certseal(&office.home()).args(["key", "crl", "--roots"]));
    let lt = carry(
        &office,
        &["extend", "--level", "LT"],
        &office.issued.file,
        "lt.pdf",
    );
    let lta = carry(
        &office,
        &["extend", "--level", "LTA"],
        &office.issued.file,
        "lta.pdf",
    );
    let from_lt = carry(
        &office,
        &["extend", "--level", "lta"],
        &file("lt.pdf"),
        "from-lt.pdf",
    );
    let renewed = carry(
        &office,
        &["extend", "--level", "LTA"],
        &file("lta.pdf"),
        "renewed.pdf",
    );
    let again = carry(
        &office,
        &["extend", "--level", "LT"],
        &file("renewed.pdf"),
        "again.pdf",
    );

    // 1. Each step is a revision behind the one before, byte for byte, and none is made for nothing.
    for (extended, before, expected) in [
        (&lt, original, "S"),
        (&lta, original, "ST"),
        (&from_lt, &lt, "ST"),
        (&renewed, &lta, "STT"),
    ] {
        assert!(extended.starts_with(before) && extended.len() > before.len());
        assert_eq!(kinds(extended), expected);
    }
    assert_eq!(again, renewed, "there is nothing to add");
    let evidence = open(&lta).unwrap().evidence().unwrap();
    assert_eq!((evidence.certificates.len(), evidence.crls.len()), (4, 2));

    // 2. A signature without a timestamp of its own gets one over the document first.
    stamping_signatures(&office.home(), false);
    let bare = issue(
        &office.home(),
        TYPE,
        &["--set", "certificate-number=20194199010000038"],
    );
    for (level, expected) in [("LT", "ST"), ("LTA", "STT")] {
        let out = format!("bare-{level}.pdf");
        let made = carry(&office, &["extend", "--level", level], &bare.file, &out);
        assert_eq!(kinds(&made), expected);
        assert!(made.starts_with(&bare.document));
        if judge_is_here("pdfsig") && judge_is_here("qpdf") {
            judged(Command::new("qpdf").arg("--check").arg(file(&out)));
            let said = judged(Command::new("pdfsig").arg(file(&out)));
            assert!(said.contains("Signature is Valid."), "{said}");
        }
    }

    // 3. Others.
    let names = ["lt.pdf", "lta.pdf", "from-lt.pdf", "renewed.pdf"].map(file);
    if judge_is_here("qpdf") {
        for name in &names {
            let said = judged(Command::new("qpdf").arg("--check").arg(name));
            assert!(
                said.contains("No syntax or stream encoding errors found"),
                "{said}"
            );
        }
    }
    if judge_is_here("pdfsig") {
        for name in &names {
            let said = judged(Command::new("pdfsig").arg(name));
            assert!(
                said.contains("Signature #1") && said.contains("Signature is Valid."),
                "{said}"
            );
            assert!(!said.contains("Signature is Invalid"), "{said}");
        }
    }
    pyhanko_takes(&office, "CRL_REQUIRED", &names);
}

/// pyHanko's verdict by what is in the files, with revocation data of one kind alone.
fn pyhanko_takes(office: &Office, kind: &str, names: &[PathBuf]) {
    let python = pyhanko().with_file_name("python");
    if !judge_is_here(pyhanko().to_str().unwrap()) || !judge_is_here(python.to_str().unwrap()) {
        return;
    }
    let mut command = Command::new(python);
    command.args(["-c", ADES]).arg(office.home().join("pki/root.cer"));
    let output = run(command.arg(kind).args(names));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let said: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    for (name, said) in names.iter().zip(said) {
        let name = name.display().to_string();
        assert_eq!(said["trusted"], true, "{name}: {said:#}\n{stderr}");
        assert_eq!(said["bottom_line"], true, "{name}: {said:#}\n{stderr}");
        assert_eq!(said["modification"], "LTA_UPDATES", "{name}: {said:#}");
        assert_eq!(said["stores"], true, "{name}");
        // Only a timestamp over the evidence makes it proof of the past.
        if !name.ends_with("/lt.pdf") {
            assert_eq!(said["verdict"], "AdESPassed.OK", "{name}: {said:#}\n{stderr}");
        }
    }
}

/// Answers about every certificate that signs or stamps here, in the place of lists: by a responder of each issuer, as
/// pyHanko wants for the past an answer about the issuer too where the issuer answers itself, be he the anchor.
fn answered(office: &Office) -> PathBuf {
    let (home, folder) = (office.home(), office.file("answers"));
    fs::create_dir(&folder).unwrap();
    for name in ["root", "ca", "signer-jy", "tsa"] {
        // The first of the file is the certificate itself.
        let chain = home.join(format!("keys/{name}.pem"));
        let own = office.file(&format!("{name}.cert.pem"));
        let arguments = [
            "x509",
            "-in",
            chain.to_str().unwrap(),
            "-out",
            own.to_str().unwrap(),
        ];
        openssl(office.folder.path(), &arguments);
    }
    fs::write(
        office.file("responder.ext"),
        "keyUsage=digitalSignature\nextendedKeyUsage=OCSPSigning\nnoCheck=ignored\n",
    )
    .unwrap();
    let passphrase = format!("pass:{PASSPHRASE}");
    for issuer in ["root", "ca"] {
        let (key, request) = (format!("{issuer}.responder.key"), format!("{issuer}.csr"));
        let new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        let named = ["-subj", "/CN=responder", "-keyout", &key, "-out", &request];
        openssl(
            office.folder.path(),
            &[&["req", "-new"][..], &new, &named].concat(),
        );
        let (by, by_key) = (
            format!("{issuer}.cert.pem"),
            home.join(format!("keys/{issuer}.key")),
        );
        let out = format!("{issuer}.responder.pem");
        let what = [
            "x509",
            "-req",
            "-in",
            &request,
            "-days",
            "30",
            "-extfile",
            "responder.ext",
        ];
        let how = [
            "-CA",
            &by,
            "-CAkey",
            by_key.to_str().unwrap(),
            "-passin",
            &passphrase,
            "-out",
            &out,
        ];
        openssl(office.folder.path(), &[&what[..], &how].concat());
    }
    for (name, issuer) in [("ca", "root"), ("tsa", "ca"), ("signer-jy", "ca")] {
        let (certificate, by) = (format!("{name}.cert.pem"), format!("{issuer}.cert.pem"));
        let serial = openssl(
            office.folder.path(),
            &["x509", "-in", &certificate, "-noout", "-serial"],
        );
        let serial = serial.trim().trim_start_matches("serial=");
        fs::write(
            office.file("index"),
            format!("V\t351231235959Z\t\t{serial}\tunknown\t/CN=x\n"),
        )
        .unwrap();
        let (responder, key) = (
            format!("{issuer}.responder.pem"),
            format!("{issuer}.responder.key"),
        );
        let answer = folder.join(format!("{name}.ocsp"));
        let common = ["ocsp", "-index", "index", "-no_nonce", "-ndays", "7"];
        let about = [
            "-CA",
            &by,
            "-issuer",
            &by,
            "-cert",
            &certificate,
            "-rsigner",
            &responder,
        ];
        let made = ["-rkey", &key, "-respout", answer.to_str().unwrap()];
        openssl(office.folder.path(), &[&common[..], &about, &made].concat());
    }
    folder
}

#[test]
fn authorities_with_responders_only_are_kept_by_their_answers() {
    if !judge_is_here("openssl") {
        return;
    }
    let office = office();
    let home = office.home();
    for name in ["ca.crl", "root.crl"] {
        fs::remove_file(home.join("pki").join(name)).unwrap();
    }
    let lt = ["extend", "--level", "LT"];
    assert!(refused(&office, &lt, &office.issued.file).contains("吊销信息"));
    // Answers have whole seconds, as lists have.
    thread::sleep(Duration::from_millis(1_100));
    let answers = answered(&office);
    let config = home.join("certseal.toml");
    let text = fs::read_to_string(&config).unwrap();
    let folder = format!("[revocation]\nfolder = {:?}\n\n[[", answers.to_str().unwrap());
    fs::write(&config, text.replacen("[[", &folder, 1)).unwrap();

    let made = carry(&office, &lt, &office.issued.file, "lt.pdf");
    let evidence = open(&made).unwrap().evidence().unwrap();
    assert_eq!(
        (
            evidence.certificates.len(),
            evidence.crls.len(),
            evidence.ocsps.len()
        ),
        (4, 0, 3)
    );
    let lta = carry(
        &office,
        &["extend", "--level", "LTA"],
        &office.file("lt.pdf"),
        "lta.pdf",
    );
    assert_eq!(kinds(&lta), "ST");
    let again = carry(&office, &lt, &office.file("lta.pdf"), "again.pdf");
    assert_eq!(again, lta, "there is nothing to add");

    // What is in the file suffices.
    fs::remove_dir_all(&answers).unwrap();
    fs::create_dir(&answers).unwrap();
    let (verdict, level, _) = judged_by_us(&office, "lta.pdf");
    assert_eq!((&verdict[..], &level[..]), ("good", "B-LTA"));
    pyhanko_takes(&office, "OCSP_REQUIRED", &[office.file("lta.pdf")]);
}

#[test]
fn files_with_streams_for_tables_are_stamped_too() {
    if !judge_is_here("qpdf") || !judge_is_here("pdfsig") {
        return;
    }
    let office = office();
    for (options, name) in [
        (&["--object-streams=generate"][..], "streams.pdf"),
        (&["--object-streams=disable", "--linearize"], "linearized.pdf"),
        (&["--object-streams=generate", "--linearize"], "both.pdf"),
    ] {
        // Rewritten, the seal no longer holds; the timestamp is over what there is.
        let plain = office.file(name);
        judged(
            Command::new("qpdf")
                .args(options)
                .arg(&office.issued.file)
                .arg(&plain),
        );
        let stamped = carry(&office, &["timestamp"], &plain, "stamped.pdf");
        assert!(stamped.starts_with(&fs::read(&plain).unwrap()));
        let said = judged(
            Command::new("qpdf")
                .arg("--check")
                .arg(office.file("stamped.pdf")),
        );
        assert!(
            said.contains("No syntax or stream encoding errors found"),
            "{name}: {said}"
        );
        let said = judged(Command::new("pdfsig").arg(office.file("stamped.pdf")));
        // This pdfsig finds document timestamps and does not judge them.
        assert!(said.contains("Total document signed"), "{name}: {said}");
        let refused = refused(&office, &["extend", "--level", "LT"], &plain);
        assert!(refused.contains("签名 Seal"), "{name}: {refused}");
    }
}

/// What our own verifier says of a file: conclusion, level of the signature, what proves its time.
fn judged_by_us(office: &Office, name: &str) -> (String, String, String) {
    let verdict = verify(&office.home(), &[office.file(name).to_str().unwrap()]);
    let word = |value: &Value| value.as_str().unwrap_or("–").to_owned();
    (
        word(&verdict.report["conclusion"]),
        word(&verdict.report["signatures"][0]["level"]),
        word(&verdict.report["signed_by"]["proven_by"]["source"]),
    )
}

#[test]
fn our_own_verifier_takes_what_we_extend() {
    let office = office();
    thread::sleep(Duration::from_millis(1_100));
    run_ok(certseal(&office.home()).args(["key", "crl", "--roots"]));
    fs::write(office.file("b-t.pdf"), &office.issued.document).unwrap();
    let original = office.issued.file.clone();
    carry(&office, &["timestamp"], &original, "stamped.pdf");
    carry(&office, &["extend", "--level", "LT"], &original, "lt.pdf");
    carry(&office, &["extend", "--level", "LTA"], &original, "lta.pdf");
    let lta = office.file("lta.pdf");
    carry(&office, &["extend", "--level", "LTA"], &lta, "renewed.pdf");

    // The document of record, whatever evidence stands behind it. The time of the entry is that of the request, which is
    // a little earlier than the timestamp.
    for (name, level) in [
        ("b-t.pdf", "B-T"),
        ("stamped.pdf", "B-T"),
        ("lt.pdf", "B-LT"),
        ("lta.pdf", "B-LTA"),
        ("renewed.pdf", "B-LTA"),
    ] {
        let found = judged_by_us(&office, name);
        let wanted = ("good", level, "registry");
        assert_eq!((&found.0[..], &found.1[..], &found.2[..]), wanted, "{name}");
    }
    let verdict = verify(&office.home(), &[lta.to_str().unwrap()]);
    verdict.expect(0, "TOTAL-PASSED", "in-force");
    verdict.check("registered-document", "passed", "EXTENDED_DOCUMENT_OF_RECORD");
    verdict.check("document-timestamps", "passed", "OK");

    // The signer is revoked: after the time that is proven, which does no harm.
    run_ok(certseal(&office.home()).args(["key", "crl", "--revoke", "signer-jy"]));
    for name in ["b-t.pdf", "stamped.pdf", "lt.pdf", "lta.pdf", "renewed.pdf"] {
        assert_eq!(judged_by_us(&office, name).0, "good", "{name}");
    }

    // A page of the record cannot be exchanged behind its back: what follows has to be allowed.
    fs::write(
        office.file("changed.pdf"),
        with_page_content(&fs::read(&lta).unwrap()),
    )
    .unwrap();
    let verdict = verify(&office.home(), &[office.file("changed.pdf").to_str().unwrap()]);
    verdict.because("MODIFIED_AFTER_SIGNING", "SIG_CONSTRAINTS_FAILURE");
    verdict.check("registered-document", "failed", "NOT_THE_DOCUMENT_OF_RECORD");
}

/// Puts our lists and authorities into the file, and a timestamp of our authority behind them.
const BY_OTHERS: &str = r#"
import sys
from asn1crypto.crl import CertificateList
from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.signers import PdfTimeStamper
from pyhanko.sign.timestamps import HTTPTimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore

url, file, *evidence = sys.argv[1:]
lists = [CertificateList.load(open(name, "rb").read()) for name in evidence if name.endswith(".crl")]
authorities = [load_cert_from_pemder(name) for name in evidence if name.endswith(".cer")]
with open(file, "rb+") as stream:
    signature = PdfFileReader(stream).embedded_regular_signatures[0].pkcs7_content
    DocumentSecurityStore.add_dss(stream, signature, certs=authorities, crls=lists)
with open(file, "rb+") as stream:
    PdfTimeStamper(HTTPTimeStamper(url)).timestamp_pdf(
        IncrementalPdfFileWriter(stream), "sha256", in_place=True)
"#;

#[test]
fn what_another_program_extends_stays_ours() {
    let python = pyhanko().with_file_name("python");
    if !judge_is_here(python.to_str().unwrap()) {
        return;
    }
    let office = office();
    thread::sleep(Duration::from_millis(1_100));
    run_ok(certseal(&office.home()).args(["key", "crl", "--roots"]));
    let server = Server::start(&office.home());
    fs::write(office.file("theirs.pdf"), &office.issued.document).unwrap();
    let mut evidence: Vec<PathBuf> = ["pki", "pki/crl"]
        .into_iter()
        .flat_map(|folder| fs::read_dir(office.home().join(folder)).into_iter().flatten())
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|kind| kind == "cer" || kind == "crl")
        })
        .collect();
    evidence.sort();
    let file = office.file("theirs.pdf");
    judged(
        Command::new(python)
            .args(["-c", BY_OTHERS, &server.url])
            .arg(&file)
            .args(&evidence),
    );
    drop(server);
    // Writing the metadata anew, with a date and a name of its own, is no change to the certificate.
    let made = fs::read(&file).unwrap();
    assert_ne!(
        open(&made).unwrap().metadata().unwrap().xmp,
        open(&office.issued.document).unwrap().metadata().unwrap().xmp
    );
    let verdict = verify(&office.home(), &[file.to_str().unwrap()]);
    verdict.expect(0, "TOTAL-PASSED", "in-force");
    assert_eq!(verdict.report["signatures"][0]["level"], "B-LTA");
}

#[test]
fn decades_are_a_chain_of_timestamps() {
    let office = office();
    let path = office.home();
    let home = Home::open(&path).unwrap();
    let passphrase = || Passphrase::new(certseal_tests::PASSPHRASE.to_owned()).unwrap();
    let keys = || Arc::new(KeyFolder::unlocked(&home.keys_path(), passphrase()));
    let lists = |now: Timestamp| {
        let none = Revoke::default();
        home.renew_revocation_lists(&none, true, &keys(), now).unwrap();
    };
    let extended = |file: &[u8], now: Timestamp| {
        let clock = Arc::new(FixedClock(now));
        let authority = home.time_stamp_authority(keys(), clock).unwrap().unwrap();
        let trust = home.long_term_trust(now).unwrap();
        extend(file, Level::Lta, &authority, &trust, now).unwrap().bytes
    };
    let judge = |file: &[u8], now: Timestamp| {
        let verifier = Verifier::new(home.trust_material(None).unwrap()).unwrap();
        let report = verifier.verify_file(file, &Options { now }, None);
        report.signatures[0].clone()
    };
    let issued = Timestamp::now();
    let years = |years: i64| issued + SignedDuration::from_hours(24 * 365 * years + 24);

    // Signer and authority have three years. The first file is renewed after two, by the authority's next key.
    lists(issued + SignedDuration::from_secs(2));
    let first = extended(&office.issued.document, issued + SignedDuration::from_secs(2));
    lists(years(2));
    home.renew_key("tsa", &passphrase(), years(2)).unwrap();
    let renewed = extended(&first, years(2));

    for file in [&office.issued.document, &first, &renewed] {
        assert_eq!(judge(file, years(2)).indication, Indication::TotalPassed);
    }
    lists(years(4));
    for file in [&office.issued.document, &first] {
        let judged = judge(file, years(4));
        assert_eq!(judged.indication, Indication::Indeterminate);
        assert_eq!(judged.reason, Some("SIGNER_EXPIRED"), "{judged:#?}");
    }
    let judged = judge(&renewed, years(4));
    assert_eq!(judged.indication, Indication::TotalPassed, "{judged:#?}");
    assert_eq!(judged.level, Some(Attained::Lta));
}

#[test]
fn what_cannot_be_proven_is_not_extended() {
    let office = office();
    let lt = ["extend", "--level", "LT"];

    // A changed byte, a file without signature, no file.
    let mut changed = office.issued.document.clone();
    let at = changed
        .windows(9)
        .position(|window| window == b"/MediaBox")
        .unwrap();
    changed[at + 12] ^= 1;
    fs::write(office.file("changed.pdf"), changed).unwrap();
    assert!(refused(&office, &lt, &office.file("changed.pdf")).contains("签名 Seal 无效"));
    fs::write(office.file("text.pdf"), "no PDF").unwrap();
    assert!(refused(&office, &lt, &office.file("text.pdf")).contains("不是 PDF"));
    let mut followed = office.issued.document.clone();
    followed.extend_from_slice(b"<html>");
    fs::write(office.file("followed.pdf"), followed).unwrap();
    assert!(refused(&office, &["timestamp"], &office.file("followed.pdf")).contains("末尾之后"));

    // Nobody knows whether the signer was revoked.
    fs::remove_file(office.home().join("pki/ca.crl")).unwrap();
    let said = refused(&office, &lt, &office.issued.file);
    assert!(said.contains("吊销信息") && said.contains("key crl"), "{said}");
    run_ok(certseal(&office.home()).args(["key", "crl"]));
    carry(&office, &lt, &office.issued.file, "lt.pdf");

    // It was: after the time its timestamp proves, which does no harm; a signature that proves no time may be
    // younger than the revocation.
    stamping_signatures(&office.home(), false);
    let bare = issue(
        &office.home(),
        TYPE,
        &["--set", "certificate-number=20194199010000038"],
    );
    run_ok(certseal(&office.home()).args(["key", "crl", "--revoke", "signer-jy"]));
    let said = refused(&office, &lt, &bare.file);
    assert!(
        said.contains("签名证书不可信") && said.contains("已吊销"),
        "{said}"
    );
    carry(&office, &lt, &office.issued.file, "revoked-later.pdf");
}

#[test]
fn the_clock_never_goes_back_and_no_number_comes_twice() {
    let office = office();
    let record = office.home().join("tsa.json");
    let next = || {
        let record: Value = serde_json::from_slice(&fs::read(&record).unwrap()).unwrap();
        record["next"].as_u64().unwrap()
    };
    carry(&office, &["timestamp"], &office.issued.file, "one.pdf");
    let first = next();
    carry(&office, &["timestamp"], &office.issued.file, "two.pdf");
    assert!(next() > first, "a process that ended has used its numbers up");

    fs::write(&record, r#"{"next":9000,"latest":"2099-01-01T00:00:00Z"}"#).unwrap();
    let said = refused(&office, &["timestamp"], &office.issued.file);
    assert!(
        said.contains("timeNotAvailable") && said.contains("2099"),
        "{said}"
    );
    fs::write(&record, "{").unwrap();
    let said = refused(&office, &["timestamp"], &office.issued.file);
    assert!(said.contains("systemFailure"), "{said}");
    fs::write(&record, r#"{"next":9000,"latest":"2020-01-01T00:00:00Z"}"#).unwrap();
    carry(&office, &["timestamp"], &office.issued.file, "three.pdf");
    assert_eq!(next(), 10_000);
}

#[test]
fn an_older_installation_gets_its_authority_by_renewal() {
    let office = office();
    for ending in ["key", "pem"] {
        fs::remove_file(office.home().join(format!("keys/tsa.{ending}"))).unwrap();
    }
    let said = refused(&office, &["timestamp"], &office.issued.file);
    assert!(said.contains("key renew tsa"), "{said}");
    let said = run_ok(certseal(&office.home()).args(["key", "renew", "tsa"]));
    assert!(said.contains("已新建 tsa"), "{said}");
    carry(&office, &["timestamp"], &office.issued.file, "stamped.pdf");
    let said = run_ok(certseal(&office.home()).args(["key", "renew", "tsa"]));
    assert!(said.contains("另存为 tsa-"), "{said}");
    carry(
        &office,
        &["extend", "--level", "LTA"],
        &office.file("stamped.pdf"),
        "lta.pdf",
    );
}

/// An HTTP server that gives each request's body to a function and sends what it gives back, as it is.
fn authority(answer: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let answer = Arc::clone(&answer);
            thread::spawn(move || {
                let mut stream = stream;
                let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
                if let Some(body) = body_of(&mut stream) {
                    let _ = stream.write_all(&answer(&body));
                }
            });
        }
    });
    url
}

fn body_of(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim().to_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(body)
}

fn http(status: &str, head: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\n{head}Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn granted(body: &[u8]) -> Vec<u8> {
    http("200 OK", "Content-Type: application/timestamp-reply\r\n", body)
}

/// A folder in which openssl is a certification authority and a timestamp authority, with RSA keys, SHA-1 in its
/// reference to the certificate, fractions of a second and an ordering.
fn their_authority() -> TempDir {
    let folder = TempDir::new().unwrap();
    let config = "
[req]
distinguished_name = none
[none]
[ca]
default_ca = ours
[ours]
database = index.txt
serial = serial
crlnumber = crlnumber
default_md = sha256
default_crl_days = 30
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[stamping]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[tsa]
default_tsa = theirs
[theirs]
serial = tsaserial
signer_cert = tsa.pem
signer_key = tsa.key
certs = root.pem
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384
accuracy = secs:1, millisecs:500, microsecs:100
clock_precision_digits = 3
ordering = yes
tsa_name = yes
ess_cert_id_chain = yes
ess_cert_id_alg = sha1
";
    fs::write(folder.path().join("config"), config).unwrap();
    for (name, content) in [
        ("index.txt", ""),
        ("serial", "01\n"),
        ("crlnumber", "01\n"),
        ("tsaserial", "0FA0\n"),
    ] {
        fs::write(folder.path().join(name), content).unwrap();
    }
    let run = |arguments: &str| {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        openssl(folder.path(), &arguments);
    };
    run(
        "req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.pem -days 3650 -subj /O=Theirs/CN=Root -config config -extensions root",
    );
    run("req -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.csr -subj /O=Theirs/CN=Clock -config config");
    run(
        "x509 -req -in tsa.csr -CA root.pem -CAkey root.key -set_serial 77 -days 3000 -out tsa.pem -extfile config -extensions stamping",
    );
    run("ca -gencrl -config config -keyfile root.key -cert root.pem -out root.crl.pem");
    run("crl -in root.crl.pem -outform DER -out theirs.crl");
    folder
}

#[test]
fn we_take_the_timestamps_of_openssl() {
    if !judge_is_here("openssl") {
        return;
    }
    let office = office();
    let theirs = their_authority();
    let folder = theirs.path().to_owned();
    let url = authority(move |query| {
        static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());
        let _turn = TURN.lock().unwrap();
        fs::write(folder.join("q"), query).unwrap();
        let reply = [
            "ts",
            "-reply",
            "-config",
            "config",
            "-queryfile",
            "q",
            "-out",
            "r",
        ];
        openssl(&folder, &reply);
        granted(&fs::read(folder.join("r")).unwrap())
    });
    let stamp = ["timestamp", "--tsa", &url];
    let said = refused(&office, &stamp, &office.issued.file);
    assert!(
        said.contains("证书不可信") && said.contains("trust/tsa"),
        "{said}"
    );

    let roots = office.home().join("trust/tsa");
    fs::create_dir_all(&roots).unwrap();
    fs::copy(theirs.path().join("root.pem"), roots.join("theirs.pem")).unwrap();
    let stamped = carry(&office, &stamp, &office.issued.file, "stamped.pdf");
    assert_eq!(kinds(&stamped), "ST");

    // For the long term, whether it was revoked has to be known too.
    let lta = ["extend", "--level", "LTA", "--tsa", &url];
    let said = refused(&office, &lta, &office.issued.file);
    assert!(said.contains("吊销信息") && said.contains("trust/crls"), "{said}");
    let lists = office.home().join("trust/crls");
    fs::copy(theirs.path().join("theirs.crl"), lists.join("theirs.crl")).unwrap();
    let lta = carry(&office, &lta, &office.issued.file, "lta.pdf");
    assert_eq!(kinds(&lta), "ST");
    if judge_is_here("pdfsig") {
        let said = judged(Command::new("pdfsig").arg(office.file("lta.pdf")));
        assert!(
            said.contains("Signature is Valid.") && !said.contains("Invalid"),
            "{said}"
        );
    }
}

#[test]
fn bad_answers_are_told_apart() {
    let office = office();
    // A rejection with badAlg.
    let rejection = b"\x30\x09\x30\x07\x02\x01\x02\x03\x02\x07\x80";
    // Granted, and no token.
    let empty = b"\x30\x05\x30\x03\x02\x01\x00";
    let moved = "Location: http://elsewhere.example/tsa\r\n";
    let html = "Content-Type: text/html\r\n";
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (granted(b"garbage"), "不是 RFC 3161 格式"),
        (granted(b""), "不是 RFC 3161 格式"),
        (granted(&rejection[..]), "badAlg"),
        (granted(&empty[..]), "拒绝"),
        (http("500 Oops", "", b""), "HTTP 状态 500"),
        (http("404 Not Found", html, b"<html>"), "HTTP 状态 404"),
        (http("200 OK", html, b"<html>"), "text/html"),
        (http("302 Found", moved, b""), "http://elsewhere.example/tsa"),
        (granted(&vec![0x30; 300 << 10]), "应答超过"),
        (b"nonsense\r\n\r\n".to_vec(), "没有应答"),
        (Vec::new(), "没有应答"),
    ];
    for (answer, words) in cases {
        let url = authority(move |_| answer.clone());
        let said = refused(&office, &["timestamp", "--tsa", &url], &office.issued.file);
        assert!(said.contains(words), "no “{words}” in {said}");
    }
    let said = refused(
        &office,
        &["timestamp", "--tsa", "http://127.0.0.1:9/"],
        &office.issued.file,
    );
    assert!(said.contains("没有应答"), "{said}");
    refused(&office, &["timestamp", "--tsa", "nowhere"], &office.issued.file);

    // One that never ends its answer.
    let url = authority(|_| {
        thread::sleep(Duration::from_secs(40));
        Vec::new()
    });
    let said = refused(&office, &["timestamp", "--tsa", &url], &office.issued.file);
    assert!(said.contains("秒内未答完"), "{said}");
}

#[test]
fn an_answer_to_another_is_none_to_us() {
    let office = office();
    let server = Server::start(&office.home());
    // Whatever is asked, the answer to the first question comes.
    let first = OnceLock::new();
    let ours = server.url.clone();
    let folder = office.folder.path().to_owned();
    let url = authority(move |query| {
        granted(first.get_or_init(|| {
            let (q, r) = (folder.join("q"), folder.join("r"));
            fs::write(&q, query).unwrap();
            judged(
                Command::new("curl")
                    .args([
                        "--silent",
                        "--header",
                        "Content-Type: application/timestamp-query",
                    ])
                    .arg("--data-binary")
                    .arg(format!("@{}", q.display()))
                    .arg("--output")
                    .arg(&r)
                    .arg(&ours),
            );
            fs::read(r).unwrap()
        }))
    });
    let stamp = ["timestamp", "--tsa", &url];
    carry(&office, &stamp, &office.issued.file, "first.pdf");
    // The same file leads to the same digest: only the nonce tells.
    let said = refused(&office, &stamp, &office.issued.file);
    assert!(said.contains("随机数与请求不符"), "{said}");
    let said = refused(&office, &stamp, &office.file("first.pdf"));
    assert!(said.contains("不是这份内容"), "{said}");
}
