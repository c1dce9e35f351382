//! Real documents, issued here end to end, and everything that can be done to them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::{
    ops::Range,
    path::Path,
    sync::{Arc, LazyLock},
};

use jiff::{Timestamp, civil::date};
use ring::{
    digest,
    rand::{SecureRandom, SystemRandom},
};

mod ofd;
mod times;

use super::*;
use crate::{
    catalogue::{Catalogue, CertificateType, FaceData, Issuer},
    codes::{CertificateIdentifier, CreditCode, mask_code},
    crypto::{
        AlgorithmPolicy, SigningIdentity,
        authority::{
            CertificateAuthority, Revocation, Role,
            tests::{TestAuthority, period},
        },
        policy::BUILT_IN,
        x509,
    },
    document::pdf::{DocumentInfo, PreparedParts, PreparedPdf, open},
    face::{FaceTemplate, FontBook, FontConfig, Printed},
    profile::Profile,
    qr::{
        symbol, text as qr_text,
        token::{self, FaceToken},
    },
    recognise::{Decision, Policy, recognise},
    registry::{CertificateRecord, RecordedDocument, SealRecord, SealStatus, Status},
    seal::{
        Seal, SealCode, SealDefinition, SealKind, SignedSeal,
        impression::{ImpressionSpec, draw},
    },
    sign::cms::CmsSigner,
    trust::{
        list::{
            ANY_TYPE, AuthorityStatus, StatusChange, TrustListContent,
            tests::{authority as listed_authority, content as list_content, signed as signed_list},
        },
        revocation::Revocations,
    },
};

const ISSUER: &str = "示例市样例区市场监督管理局";
const ISSUER_CODE: &str = "11410000MB0900001A";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-11-21T08:00:00Z")
}

fn options() -> Options {
    Options { now: now() }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

/// An authority, a department with its seal, and a certificate type.
struct World {
    authority: TestAuthority,
    signer: SigningIdentity,
    token_signer: SigningIdentity,
    maker: SigningIdentity,
    issuer: Issuer,
    fonts: Arc<FontBook>,
    of_type: Arc<CertificateType>,
    template: FaceTemplate,
    seal: Vec<u8>,
    good: Made,
}

/// A document and what went into it.
#[derive(Clone)]
struct Made {
    file: Vec<u8>,
    link: String,
    json: Vec<u8>,
    identifier: String,
    created: Timestamp,
}

static WORLD: LazyLock<World> = LazyLock::new(World::new);

/// What may be made otherwise than right.
struct Recipe<'a> {
    serial: &'a str,
    created: Timestamp,
    signer: &'a SigningIdentity,
    token_signer: &'a SigningIdentity,
    values: &'a [(&'a str, &'a str)],
    attached: Option<Vec<u8>>,
    link: Option<String>,
    metadata: Option<&'a str>,
}

impl World {
    fn new() -> World {
        let authority = TestAuthority::new();
        let long = period("2025-01-01", "2050-01-01");
        let signer = authority.identity(Role::DocumentSigner, long);
        let token_signer = authority.identity(Role::TokenSigner, long);
        let maker = authority.identity(Role::SealMaker, long);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates/food-business-permit");
        let fonts = Arc::new(FontBook::load(&FontConfig::default()).unwrap());
        let file = std::fs::read_to_string(folder.join("type.toml")).unwrap();
        let of_type: Arc<CertificateType> = Arc::new(toml::from_str(&file).unwrap());
        let layouts = folder.join("../_layouts");
        let template = FaceTemplate::load(&of_type, &folder, &layouts, &fonts).unwrap();
        let seal = make_seal(&fonts, &maker, &[&signer], |_| {});
        let mut world = World {
            authority,
            signer,
            token_signer,
            maker,
            issuer: Issuer {
                name: ISSUER.to_owned(),
                code: ISSUER_CODE.to_owned(),
                region: "410000".to_owned(),
            },
            fonts,
            of_type,
            template,
            seal,
            good: Made {
                file: Vec::new(),
                link: String::new(),
                json: Vec::new(),
                identifier: String::new(),
                created: now(),
            },
        };
        world.good = world.make(world.recipe("0001"));
        world
    }

    fn recipe<'a>(&'a self, serial: &'a str) -> Recipe<'a> {
        Recipe {
            serial,
            created: at("2026-11-20T02:00:00Z"),
            signer: &self.signer,
            token_signer: &self.token_signer,
            values: &[],
            attached: None,
            link: None,
            metadata: None,
        }
    }

    fn face(&self, values: &[(&str, &str)]) -> FaceData {
        Self::face_of(&self.of_type, values)
    }

    fn face_of(of_type: &Arc<CertificateType>, values: &[(&str, &str)]) -> FaceData {
        let mut raw = of_type.sample();
        for (key, value) in values {
            raw.values.insert((*key).to_owned(), (*value).to_owned());
        }
        of_type.check(&raw, date(2026, 11, 20)).unwrap()
    }

    fn make(&self, recipe: Recipe<'_>) -> Made {
        self.make_of(&self.of_type, &self.template, recipe)
    }

    fn make_of(&self, of_type: &Arc<CertificateType>, template: &FaceTemplate, recipe: Recipe<'_>) -> Made {
        let face = Self::face_of(of_type, recipe.values);
        let number = face.number.clone().unwrap();
        let identifier = CertificateIdentifier::compose(&of_type.code, ISSUER_CODE, recipe.serial, 1)
            .unwrap()
            .to_string();
        let printed = Printed {
            identifier: &identifier,
            number: &number,
            issuer_name: ISSUER,
        };
        let mut page = template.lay_out(&face, &printed, &self.fonts).unwrap();
        let json = face.to_json(&identifier, &number, &self.issuer);
        let claims = FaceToken::of_face(
            &face,
            &identifier,
            &number,
            ISSUER_CODE,
            face.holder_code.as_deref().map(mask_code),
            &json,
            recipe.created,
        );
        let link = recipe.link.unwrap_or_else(|| {
            qr_text::encode(
                "zz.example.invalid",
                &token::sign(&claims, recipe.token_signer).unwrap(),
            )
        });
        let modules = symbol::encode(&link).unwrap();
        page.place_qr(modules.dark, modules.width).unwrap();

        let attached = recipe.attached.unwrap_or_else(|| json.clone());
        let signed_seal = SignedSeal::parse(&self.seal).unwrap();
        let prepared = PreparedPdf::new(PreparedParts {
            base: template.base(),
            seal: signed_seal.unverified().impression(),
            seal_center: template.seal_center(),
            fonts: &self.fonts,
        })
        .unwrap();
        let info = DocumentInfo {
            identifier: recipe.metadata.unwrap_or(&identifier),
            title: &of_type.name,
            author: ISSUER,
            certificate_type: &of_type.key,
            number: &number,
            created: recipe.created,
            signer_name: ISSUER,
            reason: "签发电子证照",
            location: None,
        };
        let cms = CmsSigner::new(recipe.signer).unwrap();
        let unsigned = prepared.write(&page, &info, &attached, cms.reserve()).unwrap();
        let signature = cms.sign(&unsigned.digest()).unwrap();
        Made {
            file: unsigned.embed(&signature).unwrap(),
            link,
            json: attached,
            identifier,
            created: recipe.created,
        }
    }

    /// Lists of both CAs, made on 1 November and good for two months.
    fn lists(&self, revocations: &[Revocation]) -> Revocations {
        lists(&self.authority, "2026-11-01", "2027-01-01", revocations)
    }

    fn material(&self) -> TrustMaterial {
        TrustMaterial {
            anchors: vec![self.authority.root.certificate().to_vec()],
            revocations: self.lists(&[]),
            seal_makers: vec![self.authority.root.certificate().to_vec()],
            seals: vec![self.seal.clone()],
            token_signers: vec![self.token_signer.certificate.to_vec()],
            ..TrustMaterial::default()
        }
    }

    fn verifier(&self) -> Verifier {
        Verifier::new(self.material()).unwrap()
    }

    fn verify(&self, file: &[u8]) -> Report {
        self.verifier().verify_file(file, &options(), None)
    }

    fn revoked(identity: &SigningIdentity, when: &str) -> Revocation {
        let certificate = x509::parse(&identity.certificate).unwrap();
        Revocation {
            serial: certificate.tbs_certificate().serial_number().as_bytes().to_vec(),
            revoked_at: at(when),
            reason: None,
        }
    }

    fn record(&self, made: &Made) -> CertificateRecord {
        let face = self.face(&[]);
        CertificateRecord {
            identifier: made.identifier.clone(),
            certificate_type: self.of_type.key.clone(),
            type_version: self.of_type.version,
            number: face.number.unwrap(),
            holder_name: face.holder_name,
            holder_code: face.holder_code,
            issuer_name: ISSUER.to_owned(),
            issuer_code: ISSUER_CODE.to_owned(),
            issued_on: face.issued_on,
            valid_from: face.valid_from,
            valid_until: face.valid_until,
            seal: "41000000000017".to_owned(),
            document: RecordedDocument {
                profile: Profile::PdfPades,
                digest: sha256(&made.file),
                size: made.file.len() as u64,
                key: "x".to_owned(),
            },
            further: Vec::new(),
            face_digest: sha256(&made.json),
            status: Status::InForce,
            status_since: made.created,
            status_reason: String::new(),
            predecessor: None,
            successor: None,
            issued_at: made.created,
            issued_event: 0,
            last_event: 0,
        }
    }

    fn view(&self, made: &Made) -> RegistryView {
        RegistryView {
            as_of: now(),
            record: Some(self.record(made)),
            seal: Some(SealRecord {
                id: "41000000000017".to_owned(),
                definition: self.seal.clone(),
                status: SealStatus::InForce,
                since: at("2026-01-01T00:00:00Z"),
                reason: String::new(),
                last_event: 0,
            }),
        }
    }
}

fn lists(authority: &TestAuthority, from: &str, to: &str, revocations: &[Revocation]) -> Revocations {
    let day = |date: &str| at(&format!("{date}T00:00:00Z"));
    let list = |ca: &CertificateAuthority, revocations: &[Revocation]| {
        ca.revocation_list(1, day(from), day(to), revocations).unwrap()
    };
    Revocations::from_crls([list(&authority.root, &[]), list(&authority.issuing, revocations)]).unwrap()
}

fn make_seal(
    fonts: &FontBook,
    maker: &SigningIdentity,
    signers: &[&SigningIdentity],
    change: impl FnOnce(&mut SealDefinition),
) -> Vec<u8> {
    let spec = ImpressionSpec::department(ISSUER).with_purpose("电子证照专用章");
    let mut definition = SealDefinition {
        code: SealCode::compose("410000", 17).unwrap(),
        name: format!("{ISSUER}电子证照专用章"),
        owner: ISSUER.to_owned(),
        owner_code: CreditCode::parse(ISSUER_CODE).unwrap(),
        kind: SealKind::Licence,
        impression: draw(&spec, fonts).unwrap(),
        not_before: at("2026-01-01T00:00:00Z"),
        not_after: at("2031-01-01T00:00:00Z"),
        signers: signers
            .iter()
            .map(|signer| x509::fingerprint(&signer.certificate))
            .collect(),
    };
    change(&mut definition);
    Seal::make(definition, at("2026-01-01T00:00:00Z"), maker).unwrap()
}

/// Verdict, sub-indication and reason.
fn verdict(report: &Report) -> (Indication, Option<SubIndication>, Option<&'static str>) {
    (report.indication, report.sub_indication, report.reason)
}

fn failed(
    sub: SubIndication,
    reason: &'static str,
) -> (Indication, Option<SubIndication>, Option<&'static str>) {
    (Indication::TotalFailed, Some(sub), Some(reason))
}

fn undecided(
    sub: SubIndication,
    reason: &'static str,
) -> (Indication, Option<SubIndication>, Option<&'static str>) {
    (Indication::Indeterminate, Some(sub), Some(reason))
}

fn assert_passed(report: &Report) {
    assert_eq!(
        report.indication,
        Indication::TotalPassed,
        "{}",
        report.to_text(Language::English)
    );
}

fn find(haystack: &[u8], needle: &[u8]) -> usize {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
        .unwrap()
}

/// The signature's place in a file.
fn gap(file: &[u8]) -> Range<usize> {
    let opened = open(file).unwrap();
    let range = opened.signatures()[0].byte_range.as_ref().unwrap();
    range.gap.clone()
}

#[test]
fn a_good_certificate_passes_every_check() {
    let world = &*WORLD;
    let report = world.verify(&world.good.file);
    assert_passed(&report);
    assert_eq!(report.in_force, Force::ByDates);
    assert_eq!(report.conclusion, Conclusion::Good);
    for finding in &report.findings {
        let asked = finding.check != "registry" && finding.check != "registered-document";
        assert_eq!(finding.outcome == Outcome::Passed, asked, "{finding:?}");
    }
    let signed_by = report.signed_by.as_ref().unwrap();
    assert_eq!(signed_by.signed_at, Some(world.good.created));
    assert_eq!(
        signed_by.anchor,
        Some(x509::fingerprint(world.authority.root.certificate()))
    );
    assert_eq!(report.subject.as_ref().unwrap().identifier, world.good.identifier);

    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["indication"], "TOTAL-PASSED");
    assert_eq!(json["in_force"], "by-dates");
    let (chinese, english) = (
        report.to_text(Language::Chinese),
        report.to_text(Language::English),
    );
    assert!(
        chinese.starts_with("结论  真实，在有效期内；登记状态未查"),
        "{chinese}"
    );
    assert!(!chinese.contains("真实有效"), "{chinese}");
    assert!(
        english.starts_with("Verdict   genuine and within its period; status not asked"),
        "{english}"
    );
    assert!(!english.contains("genuine and in force"), "{english}");
}

#[test]
fn the_registry_adds_state_and_proof() {
    let world = &*WORLD;
    let report = world
        .verifier()
        .verify_file(&world.good.file, &options(), Some(&world.view(&world.good)));
    assert_passed(&report);
    assert_eq!(report.in_force, Force::InForce);
    assert!(report.findings.iter().all(|f| f.outcome == Outcome::Passed));

    // Out of force, but genuine.
    for (status, force) in [
        (Status::Suspended, Force::Suspended),
        (Status::Revoked, Force::Revoked),
        (Status::Cancelled, Force::Cancelled),
        (Status::Superseded, Force::Superseded),
    ] {
        let mut view = world.view(&world.good);
        view.record.as_mut().unwrap().status = status;
        let report = world
            .verifier()
            .verify_file(&world.good.file, &options(), Some(&view));
        assert_passed(&report);
        assert_eq!(
            (report.in_force, report.conclusion),
            (force, Conclusion::NotInForce)
        );
    }

    // Not on record, or another document on record.
    let mut view = world.view(&world.good);
    view.record = None;
    let report = world
        .verifier()
        .verify_file(&world.good.file, &options(), Some(&view));
    assert_eq!(report.finding("registry").unwrap().code, "NOT_REGISTERED");
    assert_eq!(
        (report.in_force, report.conclusion),
        (Force::Unknown, Conclusion::Undecided)
    );
    let headline = report.headline(Language::Chinese);
    assert!(
        headline.starts_with("签章真实，但无法确定证照是否有效：登记库"),
        "{headline}"
    );
    let mut view = world.view(&world.good);
    view.record.as_mut().unwrap().document.digest = [0; 32];
    let report = world
        .verifier()
        .verify_file(&world.good.file, &options(), Some(&view));
    let constraint = SubIndication::SigConstraintsFailure;
    assert_eq!(verdict(&report), failed(constraint, "NOT_THE_DOCUMENT_OF_RECORD"));
}

#[test]
fn an_expired_licence_is_genuine_and_not_in_force() {
    let world = &*WORLD;
    let later = Options {
        now: at("2040-01-01T00:00:00Z"),
    };
    let mut material = world.material();
    material.revocations = lists(&world.authority, "2039-12-01", "2040-02-01", &[]);
    material.revocations.extend(&world.lists(&[])).unwrap();
    let report = Verifier::new(material)
        .unwrap()
        .verify_file(&world.good.file, &later, None);
    assert_passed(&report);
    assert_eq!(
        (report.in_force, report.conclusion),
        (Force::Expired, Conclusion::NotInForce)
    );
    assert_eq!(report.finding("dates").unwrap().code, "CERTIFICATE_EXPIRED");
    let text = report.to_text(Language::Chinese);
    assert!(text.contains("签章真实，但证照已过有效期"), "{text}");
}

#[test]
fn no_byte_can_be_changed() {
    let world = &*WORLD;
    let file = &world.good.file;
    let verifier = world.verifier();
    let gap = gap(file);
    // The whole file in steps, every byte around both ends of the signature's place, its padding in steps.
    let positions: Vec<usize> = (0..file.len())
        .step_by(file.len() / 700 + 1)
        .chain(gap.start - 40..gap.start + 200)
        .chain(gap.clone().step_by(29))
        .chain(gap.end - 20..gap.end + 120)
        .collect();
    assert!(positions.len() > 500);
    let mut subs = std::collections::BTreeMap::new();
    for position in positions {
        for change in [0x01, 0x20] {
            let mut other = file.clone();
            other[position] ^= change;
            let report = verifier.verify_file(&other, &options(), None);
            if report.indication == Indication::TotalPassed {
                assert!(
                    file[position].eq_ignore_ascii_case(&other[position])
                        && file[position].is_ascii_hexdigit(),
                    "byte {position}: {} to {}",
                    file[position],
                    other[position]
                );
            } else {
                *subs.entry(report.sub_indication).or_insert(0) += 1;
            }
        }
    }
    assert!(subs[&Some(SubIndication::HashFailure)] > 100, "{subs:?}");
}

#[test]
fn cut_and_random_bytes_are_findings() {
    let world = &*WORLD;
    let verifier = world.verifier();
    let file = &world.good.file;
    for len in (0..file.len()).step_by(file.len() / 150 + 1) {
        let report = verifier.verify_file(&file[..len], &options(), None);
        assert_eq!(
            (report.indication, report.sub_indication),
            (Indication::TotalFailed, Some(SubIndication::FormatFailure)),
            "cut to {len}: {:?}",
            report.reason
        );
    }
    let random = SystemRandom::new();
    for len in [0, 1, 7, 100, 5_000, 100_000] {
        let mut noise = vec![0; len];
        random.fill(&mut noise).unwrap();
        for first in [&b""[..], b"%PDF-1.7\n", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"] {
            let input = [first, &noise].concat();
            let report = verifier.verify_any(&input, &options(), None);
            assert_ne!(report.indication, Indication::TotalPassed);
            assert!(!report.to_text(Language::Chinese).is_empty());
        }
    }
}

#[test]
fn what_is_appended_is_seen() {
    let world = &*WORLD;
    let mut file = world.good.file.clone();
    // A new page content object in a well-formed incremental update.
    let previous = find(&file, b"startxref");
    let text = String::from_utf8_lossy(&file[previous..]).into_owned();
    let previous: usize = text.lines().nth(1).unwrap().trim().parse().unwrap();
    let offset = file.len();
    file.extend_from_slice(b"10 0 obj\n<</Length 0>>stream\n\nendstream\nendobj\n");
    let xref = file.len();
    let size = 200;
    file.extend_from_slice(
        format!(
            "xref\n10 1\n{offset:010} 00000 n \ntrailer\n<</Size {size}/Root 1 0 R/Prev {previous}>>\nstartxref\n{xref}\n%%EOF\n"
        )
        .as_bytes(),
    );
    let report = world.verify(&file);
    let constraint = SubIndication::SigConstraintsFailure;
    assert_eq!(
        verdict(&report),
        failed(constraint, "MODIFIED_AFTER_SIGNING"),
        "{}",
        report.to_text(Language::English)
    );
    assert_eq!(report.finding("digest").unwrap().outcome, Outcome::Passed);

    let mut file = world.good.file.clone();
    file.extend_from_slice(b"%% something");
    assert_eq!(world.verify(&file).indication, Indication::TotalFailed);
}

#[test]
fn anothers_signature_is_no_signature() {
    let world = &*WORLD;
    let other = world.make(world.recipe("0002"));
    let (from, to) = (gap(&other.file), gap(&world.good.file));
    assert_eq!(from.len(), to.len());
    let mut file = world.good.file.clone();
    file[to].copy_from_slice(&other.file[from]);
    let report = world.verify(&file);
    assert_eq!(
        verdict(&report),
        failed(SubIndication::HashFailure, "DIGEST_MISMATCH")
    );
    assert_eq!(report.finding("signature").unwrap().outcome, Outcome::Passed);
}

/// A good document with some bytes changed for as many others before it was signed: what a signer could
/// make who does not use our writer.
fn signed_otherwise(from: &str, to: &str) -> Vec<u8> {
    let world = &*WORLD;
    let mut file = world.good.file.clone();
    let at = find(&file, from.as_bytes());
    let padded = format!("{to:width$}", width = from.len());
    assert_eq!(padded.len(), from.len(), "{to} does not fit");
    file[at..at + from.len()].copy_from_slice(padded.as_bytes());
    let gap = gap(&world.good.file);
    let digest = sha256(&[&file[..gap.start], &file[gap.end..]].concat());
    let signature = CmsSigner::new(&world.signer).unwrap().sign(&digest).unwrap();
    let digits = format!("{:0<width$}", hex::encode(signature), width = gap.len() - 2);
    file[gap.start + 1..gap.end - 1].copy_from_slice(digits.as_bytes());
    file
}

#[test]
fn what_viewers_may_show_in_several_ways_is_left_open() {
    let world = &*WORLD;
    assert_passed(&world.verify(&signed_otherwise("/Lang(zh-CN)", "/Lang(zh-TW)")));
    let group = "/Group<</S/Transparency/CS/DeviceRGB>>";
    let place = find(&world.good.file, b"/Rect[");
    let place = &world.good.file[place..];
    let end = find(place, b"]") + 1;
    let place = String::from_utf8(place[..end].to_vec()).unwrap();
    for (from, to) in [
        ("/Lang(zh-CN)", "/AA<</O 1>>"),
        (
            "/Version/1.7/Pages 2 0 R/Lang(zh-CN)",
            "/Pages 2 0 R/OpenAction[3 0 R/Fit]",
        ),
        (
            "/ViewerPreferences<</DisplayDocTitle true>>",
            "/OCProperties<</OCGs[]/D<<>>>>",
        ),
        (
            "/ViewerPreferences<</DisplayDocTitle true>>",
            "/Collection<</View/H>>",
        ),
        ("/SigFlags 3", "/XFA(x)"),
        (group, "/Rotate 180"),
        (group, "/CropBox[0 0 200 200]"),
        (group, "/UserUnit 2"),
        (group, "/AA<</O<</S/JavaScript/JS(1)>>>>"),
        ("/FT/Sig/T(Seal)", "/FT/Sig/A<<>>"),
        ("/F 132", "/F 34"),
        // The seal drawn over all of the page.
        (&place[..], "/Rect[0 0 800 900]"),
    ] {
        let report = world.verify(&signed_otherwise(from, to));
        let sub = SubIndication::SignedDataNotFound;
        assert_eq!(verdict(&report), undecided(sub, "SHOWN_IN_SEVERAL_WAYS"), "{to}");
        assert_eq!(report.finding("signature").unwrap().outcome, Outcome::Passed);
    }
}

#[test]
fn pages_that_cannot_be_read_are_not_vouched_for() {
    let world = &*WORLD;
    for kids in ["/Kids[]", "/Kids[0 0 R]", "/Kids[2 0 R]"] {
        let report = world.verify(&signed_otherwise("/Kids[3 0 R]", kids));
        let structure = report.finding("structure").unwrap();
        assert_eq!(
            (structure.outcome, structure.code),
            (Outcome::Undecided, "PAGES_UNREADABLE"),
            "{kids}"
        );
        assert_eq!(report.finding("signature").unwrap().outcome, Outcome::Passed);
        assert_ne!(report.indication, Indication::TotalPassed);
    }
}

#[test]
fn an_unknown_root_leaves_it_open() {
    let world = &*WORLD;
    let mut material = world.material();
    material.anchors.clear();
    let report = Verifier::new(material)
        .unwrap()
        .verify_file(&world.good.file, &options(), None);
    let sub = SubIndication::NoCertificateChainFound;
    assert_eq!(verdict(&report), undecided(sub, "UNKNOWN_ROOT"));
    assert_eq!(report.signed_by.unwrap().anchor, None);

    // A forger with a root of his own, everything else the same.
    let forger = TestAuthority::new().identity(Role::DocumentSigner, period("2025-01-01", "2050-01-01"));
    let forged = world.make(Recipe {
        signer: &forger,
        ..world.recipe("0001")
    });
    let report = world.verify(&forged.file);
    assert_ne!(report.indication, Indication::TotalPassed);
    assert_ne!(report.finding("signer-path").unwrap().outcome, Outcome::Passed);
}

#[test]
fn revocation_must_be_known_and_counts_from_when_it_was() {
    let world = &*WORLD;
    let judge = |revocations: Revocations, view: Option<&RegistryView>| {
        let mut material = world.material();
        material.revocations = revocations;
        let verifier = Verifier::new(material).unwrap();
        verifier.verify_file(&world.good.file, &options(), view)
    };
    // Nothing at hand, or only what is stale.
    let sub = SubIndication::TryLater;
    assert_eq!(
        verdict(&judge(Revocations::default(), None)),
        undecided(sub, "NO_REVOCATION_LIST")
    );
    let stale = lists(&world.authority, "2026-09-01", "2026-11-01", &[]);
    assert_eq!(
        verdict(&judge(stale, None)),
        undecided(sub, "REVOCATION_LIST_STALE")
    );

    // Revoked before the signature was made, by the signer's own word.
    let before = world.lists(&[World::revoked(&world.signer, "2026-11-10T00:00:00Z")]);
    let report = judge(before, None);
    assert_eq!(verdict(&report), failed(SubIndication::Revoked, "SIGNER_REVOKED"));

    // Revoked after: open, unless the registry proves the order.
    let after = world.lists(&[World::revoked(&world.signer, "2026-11-21T00:00:00Z")]);
    let report = judge(after.clone(), None);
    assert_eq!(
        verdict(&report),
        undecided(SubIndication::RevokedNoPoe, "SIGNER_REVOKED_SINCE")
    );
    let report = judge(after, Some(&world.view(&world.good)));
    assert_passed(&report);
    assert!(report.finding("revocation").unwrap().message.contains("吊销"));
}

/// Signatures and certificates that come back are remembered; the keys of a new world are not.
#[test]
fn what_was_verified_before_changes_no_verdict() {
    type Case = (&'static str, fn(&World) -> TrustMaterial, &'static str);
    let cases: [Case; 6] = [
        ("good", World::material, "2026-11-21T08:00:00Z"),
        (
            "lists forged",
            |world| {
                let lists = world.lists(&[]);
                let forged = lists.crls().map(|list| with_last_byte_changed(list.der()));
                TrustMaterial {
                    revocations: Revocations::from_crls(forged).unwrap(),
                    ..world.material()
                }
            },
            "2026-11-21T08:00:00Z",
        ),
        (
            "seal forged",
            |world| TrustMaterial {
                seals: vec![with_last_byte_changed(&world.seal)],
                ..world.material()
            },
            "2026-11-21T08:00:00Z",
        ),
        (
            "revoked",
            |world| TrustMaterial {
                revocations: world.lists(&[World::revoked(&world.signer, "2026-11-10T00:00:00Z")]),
                ..world.material()
            },
            "2026-11-21T08:00:00Z",
        ),
        (
            "no anchor",
            |world| TrustMaterial {
                anchors: Vec::new(),
                ..world.material()
            },
            "2026-11-21T08:00:00Z",
        ),
        ("lists stale", World::material, "2027-01-02T00:00:00Z"),
    ];
    let judged = |world: &World, index: usize| {
        let (_, material, now) = cases[index];
        let report = Verifier::new(material(world)).unwrap().verify_file(
            &world.good.file,
            &Options { now: at(now) },
            None,
        );
        verdict(&report)
    };
    let (forth, back) = (World::new(), World::new());
    let cold: Vec<_> = (0..cases.len()).map(|index| judged(&forth, index)).collect();
    let mut other: Vec<_> = (0..cases.len()).rev().map(|index| judged(&back, index)).collect();
    other.reverse();
    for (index, (name, ..)) in cases.iter().enumerate() {
        assert_eq!(cold[index], other[index], "{name}: the other way round");
        assert_eq!(cold[index], judged(&forth, index), "{name}: again");
        let is_good = cold[index].0 == Indication::TotalPassed;
        assert_eq!(is_good, *name == "good", "{name}: {:?}", cold[index]);
    }
}

fn with_last_byte_changed(bytes: &[u8]) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    *changed.last_mut().unwrap() ^= 1;
    changed
}

#[test]
fn an_expired_signer_certificate_needs_proof_of_time() {
    let world = &*WORLD;
    let short = world
        .authority
        .identity(Role::DocumentSigner, period("2026-01-01", "2026-06-01"));
    let seal = make_seal(&world.fonts, &world.maker, &[&short], |_| {});
    let made = |created: &str| {
        world.make(Recipe {
            signer: &short,
            created: at(created),
            ..world.recipe("0003")
        })
    };
    let mut material = world.material();
    material.seals = vec![seal.clone()];
    material
        .revocations
        .extend(&lists(&world.authority, "2026-05-01", "2026-06-15", &[]))
        .unwrap();
    let verifier = Verifier::new(material).unwrap();

    let in_time = made("2026-05-10T00:00:00Z");
    let report = verifier.verify_file(&in_time.file, &options(), None);
    assert_eq!(
        verdict(&report),
        undecided(SubIndication::OutOfBoundsNotRevoked, "SIGNER_EXPIRED")
    );
    let mut view = world.view(&in_time);
    view.seal.as_mut().unwrap().definition = seal;
    assert_passed(&verifier.verify_file(&in_time.file, &options(), Some(&view)));

    let too_late = made("2026-07-01T00:00:00Z");
    let report = verifier.verify_file(&too_late.file, &options(), None);
    assert_eq!(
        verdict(&report),
        failed(SubIndication::Expired, "SIGNED_AFTER_CERTIFICATE")
    );
    let too_early = made("2025-12-01T00:00:00Z");
    let report = verifier.verify_file(
        &too_early.file,
        &Options {
            now: at("2026-05-20T00:00:00Z"),
        },
        None,
    );
    assert_eq!(
        verdict(&report),
        failed(SubIndication::NotYetValid, "SIGNED_BEFORE_CERTIFICATE")
    );
    let future = world.make(Recipe {
        created: at("2026-11-22T00:00:00Z"),
        ..world.recipe("0004")
    });
    let report = world.verify(&future.file);
    let constraint = SubIndication::SigConstraintsFailure;
    assert_eq!(verdict(&report), failed(constraint, "SIGNED_IN_THE_FUTURE"));
}

#[test]
fn the_seal_must_be_known_in_force_the_owners_and_permit_the_signer() {
    let world = &*WORLD;
    let constraint = SubIndication::SigConstraintsFailure;
    let with_material = |change: &dyn Fn(&mut TrustMaterial)| {
        let mut material = world.material();
        change(&mut material);
        let verifier = Verifier::new(material).unwrap();
        verdict(&verifier.verify_file(&world.good.file, &options(), None))
    };
    let remade = |change: fn(&mut SealDefinition)| {
        let seal = make_seal(&world.fonts, &world.maker, &[&world.signer], change);
        with_material(&|material| material.seals = vec![seal.clone()])
    };
    assert_eq!(
        with_material(&|material| material.seals.clear()),
        undecided(SubIndication::Generic, "SEAL_UNKNOWN")
    );
    assert_eq!(
        with_material(&|material| material.seal_makers.clear()),
        undecided(SubIndication::NoCertificateChainFound, "SEAL_MAKER_UNKNOWN")
    );
    assert_eq!(
        remade(|definition| definition.owner_code = CreditCode::parse("11430000006122244L").unwrap()),
        failed(constraint, "SEAL_OF_ANOTHER_OWNER")
    );
    assert_eq!(
        remade(|definition| definition.not_after = at("2026-11-01T00:00:00Z")),
        failed(constraint, "SEAL_NOT_IN_FORCE")
    );
    // A document signer is no seal maker unless the anchors say so, but a forged seal is none at all.
    let mut forged = world.seal.clone();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    assert_eq!(
        with_material(&|material| material.seals = vec![forged.clone()]),
        failed(constraint, "SEAL_FORGED")
    );

    let with_register = |change: &dyn Fn(&mut SealRecord)| {
        let mut view = world.view(&world.good);
        change(view.seal.as_mut().unwrap());
        world
            .verifier()
            .verify_file(&world.good.file, &options(), Some(&view))
    };
    let other = make_seal(&world.fonts, &world.maker, &[&world.token_signer], |_| {});
    assert_eq!(
        verdict(&with_register(&|seal| seal.definition.clone_from(&other))),
        failed(constraint, "SEAL_SIGNER_NOT_PERMITTED")
    );
    assert_eq!(
        verdict(&with_register(&|seal| {
            seal.status = SealStatus::Suspended;
            seal.since = at("2026-11-19T00:00:00Z");
        })),
        failed(constraint, "SEAL_OUT_OF_FORCE")
    );
    let since = with_register(&|seal| {
        seal.status = SealStatus::Destroyed;
        seal.since = at("2026-11-21T00:00:00Z");
    });
    assert_passed(&since);
    assert!(since.finding("seal").unwrap().message.contains("已销毁"));
}

#[test]
fn parts_that_disagree_are_seen_though_all_is_signed() {
    let world = &*WORLD;
    let constraint = SubIndication::SigConstraintsFailure;
    let other = world.make(Recipe {
        values: &[("holder-name", "示例市样例区另一家示范餐饮店")],
        ..world.recipe("0005")
    });
    let disagrees = |recipe: Recipe<'_>, word: &str| {
        let report = world.verify(&world.make(recipe).file);
        assert_eq!(verdict(&report), failed(constraint, "CONTENT_DISAGREES"));
        let message = &report.finding("agreement").unwrap().message;
        assert!(message.contains(word), "{message}");
    };
    // The QR code of another certificate, which is itself good.
    assert_passed(&world.verify(&other.file));
    disagrees(
        Recipe {
            link: Some(other.link.clone()),
            ..world.recipe("0001")
        },
        "二维码的持证主体不同",
    );
    // The face data of another certificate.
    disagrees(
        Recipe {
            attached: Some(other.json.clone()),
            ..world.recipe("0001")
        },
        "照面数据摘要",
    );
    disagrees(
        Recipe {
            attached: Some(other.json.clone()),
            ..world.recipe("0001")
        },
        "照面上的",
    );
    disagrees(
        Recipe {
            metadata: Some("1.2.156.3005.2.X"),
            ..world.recipe("0001")
        },
        "元数据中的证照标识",
    );
    let report = world.verify(
        &world
            .make(Recipe {
                attached: Some([b" ", &world.good.json[..]].concat()),
                ..world.recipe("0001")
            })
            .file,
    );
    assert_eq!(verdict(&report), failed(constraint, "FACE_DATA_MALFORMED"));

    // A token by somebody else over the same claims.
    let stranger = world
        .authority
        .identity(Role::TokenSigner, period("2025-01-01", "2050-01-01"));
    let made = world.make(Recipe {
        token_signer: &stranger,
        ..world.recipe("0001")
    });
    let report = world.verify(&made.file);
    let sub = SubIndication::NoSigningCertificateFound;
    assert_eq!(verdict(&report), undecided(sub, "TOKEN_SIGNER_UNKNOWN"));
}

#[test]
fn tokens_verify_by_text_and_picture() {
    let world = &*WORLD;
    let verifier = world.verifier();
    let by_text = |text: &str| verifier.verify_qr_text(text, &options(), None);
    let report = by_text(&world.good.link);
    assert_passed(&report);
    assert_eq!(
        (report.input, report.conclusion),
        (Input::Token, Conclusion::Good)
    );
    assert_eq!(report.subject.as_ref().unwrap().identifier, world.good.identifier);
    assert!(
        report
            .subject
            .as_ref()
            .unwrap()
            .holder_code_masked
            .as_ref()
            .unwrap()
            .contains('*')
    );

    // One digit changed.
    let mut changed = world.good.link.clone();
    let last = changed.pop().unwrap();
    changed.push(if last == '0' { '1' } else { '0' });
    assert_eq!(by_text(&changed).indication, Indication::TotalFailed);

    // On record, with these face data or with others.
    let mut view = world.view(&world.good);
    let report = verifier.verify_qr_text(&world.good.link, &options(), Some(&view));
    assert_passed(&report);
    assert_eq!(report.in_force, Force::InForce);
    view.record.as_mut().unwrap().face_digest = [0; 32];
    let report = verifier.verify_qr_text(&world.good.link, &options(), Some(&view));
    assert_eq!(report.reason, Some("NOT_THE_FACE_OF_RECORD"));

    // Copied, broken into lines, passed on by a browser.
    let (address, digits) = world.good.link.split_once('#').unwrap();
    let (front, back) = digits.split_at(100);
    for text in [
        format!("{address}#{front}\r\n  {back}\u{200B}\n"),
        format!("{}#{digits}", address.to_uppercase()),
        format!("{}#{digits}", address.replace("https", "http")),
        format!("{address}?from=wechat#{digits}"),
        format!("{front} {back}"),
    ] {
        assert_passed(&by_text(&text));
    }

    // Genuine is the code, not what bears it.
    for (language, words) in [
        (Language::Chinese, "未经核验"),
        (Language::English, "not verified"),
    ] {
        let headline = by_text(&world.good.link).headline(language);
        assert!(headline.contains(words), "{headline}");
    }

    // What is handed over instead of the document is not called a forgery.
    for (bytes, code) in [
        (&b"PK\x03\x04 archive"[..], "NOT_A_PDF"),
        (b"From: somebody", "NOT_A_PDF"),
        (b"GIF89a", "PICTURE_UNREADABLE"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "PICTURE_UNREADABLE"),
        (b"\0\0\0\x18ftypheic", "PICTURE_UNREADABLE"),
        (b"\xff\xd8\xff\xe0 cut off", "PICTURE_UNREADABLE"),
    ] {
        let report = verifier.verify_any(bytes, &options(), None);
        assert_eq!(
            verdict(&report),
            undecided(SubIndication::SignedDataNotFound, code)
        );
        assert!(!report.findings[0].hint.is_empty());
    }

    // Other texts.
    assert_eq!(
        verdict(&by_text("https://example.com/v#12x")),
        failed(SubIndication::FormatFailure, "NOT_A_CERTIFICATE_CODE")
    );
    let by_identifier = by_text(&world.good.identifier);
    assert_eq!(
        verdict(&by_identifier),
        undecided(SubIndication::SignedDataNotFound, "IDENTIFIER_ONLY")
    );
    assert_eq!(by_identifier.in_force, Force::Unknown);
    let view = world.view(&world.good);
    let looked_up = verifier.verify_qr_text(&world.good.identifier, &options(), Some(&view));
    assert_eq!(looked_up.in_force, Force::InForce);
    assert_eq!(looked_up.conclusion, Conclusion::Undecided);

    // A picture of the symbol, four pixels a module.
    let modules = symbol::encode(&world.good.link).unwrap();
    let side = (modules.width + 8) * 4;
    let picture = image::GrayImage::from_fn(side, side, |x, y| {
        let (column, row) = ((x / 4).wrapping_sub(4), (y / 4).wrapping_sub(4));
        let inside = column < modules.width && row < modules.width;
        let dark = inside && modules.dark[(row * modules.width + column) as usize];
        image::Luma([if dark { 0 } else { 255 }])
    });
    let mut png = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
    assert_passed(&verifier.verify_any(png.get_ref(), &options(), None));
    let blank = image::GrayImage::from_pixel(200, 200, image::Luma([255]));
    let mut png = std::io::Cursor::new(Vec::new());
    blank.write_to(&mut png, image::ImageFormat::Png).unwrap();
    let report = verifier.verify_any(png.get_ref(), &options(), None);
    assert_eq!(
        verdict(&report),
        undecided(SubIndication::SignedDataNotFound, "NO_QR_CODE")
    );
    assert_passed(&verifier.verify_any(world.good.link.as_bytes(), &options(), None));
    assert_passed(&verifier.verify_any(&world.good.file, &options(), None));
}

#[test]
fn algorithms_are_believed_until_their_day_and_never_called_forged() {
    let world = &*WORLD;
    let made = &world.good;
    let verifier = |until: &str| {
        let dated = format!("name = \"SHA-256\"\nuntil = \"{until}\"");
        let table = BUILT_IN.replacen("name = \"SHA-256\"", &dated, 1);
        let material = TrustMaterial {
            policy: AlgorithmPolicy::parse(&table).unwrap(),
            ..world.material()
        };
        Verifier::new(material).unwrap()
    };
    let view = world.view(made);
    let judge = |until: &str, file: &[u8], view| verifier(until).verify_file(file, &options(), view);
    let day = |instant: Timestamp| instant.to_zoned(jiff::tz::TimeZone::UTC).date();
    let (before, since) = (day(made.created), day(now()));
    assert!(before < since, "the document is older than today");
    let (before, since) = (before.to_string(), since.to_string());

    assert_passed(&judge("2030-01-01", &made.file, None));
    // Believed when it was made, which nothing proves; with proof the signature and its path are good.
    let report = judge(&since, &made.file, None);
    assert_eq!(
        verdict(&report),
        undecided(
            SubIndication::CryptoConstraintsFailureNoPoe,
            "WEAK_ALGORITHM_NO_PROOF"
        )
    );
    assert_eq!(report.finding("signature").unwrap().code, "OK");
    assert_eq!(report.finding("signer-path").unwrap().code, "PATH_WEAK_ALGORITHM");
    let report = judge(&since, &made.file, Some(&view));
    for check in ["algorithms", "signer-path"] {
        assert_eq!(report.finding(check).unwrap().code, "OK");
    }
    // The operator's list proves no age of its own.
    assert_eq!(
        verdict(&report),
        undecided(SubIndication::TryLater, "REVOCATION_LIST_WEAK")
    );
    // Not believed any more when it was made: proof does not help.
    for view in [None, Some(&view)] {
        let report = judge(&before, &made.file, view);
        assert_eq!(
            verdict(&report),
            undecided(SubIndication::CryptoConstraintsFailure, "WEAK_ALGORITHM")
        );
    }
    // A wrong digest is wrong whatever its algorithm.
    let other = world.make(world.recipe("0002"));
    let mut changed = made.file.clone();
    changed[gap(&made.file)].copy_from_slice(&other.file[gap(&other.file)]);
    let report = judge(&before, &changed, None);
    assert_eq!(
        verdict(&report),
        failed(SubIndication::HashFailure, "DIGEST_MISMATCH")
    );
}

#[test]
fn a_trust_list_alone_is_enough_to_trust_by() {
    let world = &*WORLD;
    let root = SigningIdentity {
        certificate: world.authority.root.certificate().into(),
        ..world.signer.clone()
    };
    let mut authority = listed_authority("甲", "410000", &root);
    authority.token_signers = vec![crate::trust::list::Der(world.token_signer.certificate.clone())];
    let content = list_content(vec![authority]);
    let verify = |content: &TrustListContent| {
        let material = TrustMaterial {
            list: Some(Arc::new(signed_list(content))),
            revocations: world.lists(&[]),
            seals: vec![world.seal.clone()],
            ..TrustMaterial::default()
        };
        let verifier = Verifier::new(material).unwrap();
        verifier.verify_file(&world.good.file, &options(), None)
    };
    let report = verify(&content);
    assert_passed(&report);
    assert!(report.finding("token-signer").unwrap().message.contains('甲'));

    // The same report, asked about elsewhere.
    let mut granted = content.clone();
    granted.authorities[0].types[0].code = ANY_TYPE.to_owned();
    let ask = |region: &str| {
        let policy = Policy {
            region: region.to_owned(),
            types: None,
            status_required: false,
        };
        let recognition = recognise(&verify(&granted), &signed_list(&granted), &policy);
        (recognition.decision, recognition.code)
    };
    assert_eq!(ask("410102"), (Decision::Accepted, "OK"));
    assert_eq!(ask("430000"), (Decision::Refused, "NO_AGREEMENT"));

    // Another region's authority does not vouch for this department, whoever trusts its root.
    let mut elsewhere = content.clone();
    elsewhere.authorities[0].region = "430000".to_owned();
    elsewhere.authorities[0].types.clear();
    let constraint = SubIndication::SigConstraintsFailure;
    let report = verify(&elsewhere);
    assert_eq!(verdict(&report), failed(constraint, "ISSUER_NOT_VOUCHED"));
    assert_eq!(report.finding("token-signer").unwrap().code, "ISSUER_NOT_VOUCHED");

    // An authority that has left the list: whoever has its keys can write any date.
    let change = |status, since: &str| StatusChange {
        status,
        since: at(since),
        reason: String::new(),
    };
    let mut left = content.clone();
    let withdrawn = change(AuthorityStatus::Withdrawn, "2026-11-21T00:00:00Z");
    left.authorities[0].history.push(withdrawn);
    let report = verify(&left);
    let sub = SubIndication::RevokedCaNoPoe;
    assert_eq!(verdict(&report), undecided(sub, "AUTHORITY_OUT_SINCE"));
    assert_eq!(report.finding("issuer").unwrap().code, "AUTHORITY_OUT_SINCE");
    assert_eq!(
        report.finding("token-signer").unwrap().code,
        "AUTHORITY_OUT_SINCE"
    );
    let mut out = content.clone();
    let suspended = change(AuthorityStatus::Suspended, "2026-11-19T00:00:00Z");
    out.authorities[0].history.push(suspended);
    assert_eq!(verdict(&verify(&out)), failed(constraint, "AUTHORITY_SUSPENDED"));
    let mut later = content.clone();
    later.authorities[0].valid_from = at("2026-11-21T00:00:00Z");
    let sub = SubIndication::NoCertificateChainFound;
    assert_eq!(
        verdict(&verify(&later)),
        undecided(sub, "AUTHORITY_NOT_LISTED_THEN")
    );

    // A seal for our department by a neighbour's seal maker.
    let mut made_elsewhere = content.clone();
    let mut neighbour = listed_authority("乙", "430000", &root);
    neighbour.types.clear();
    neighbour.token_signers.clear();
    made_elsewhere.authorities[0].seal_makers.clear();
    made_elsewhere.authorities.push(neighbour);
    assert_eq!(
        verdict(&verify(&made_elsewhere)),
        failed(constraint, "SEAL_MAKER_NOT_ENTITLED")
    );

    let stale = TrustListContent {
        next_update: at("2026-11-20T00:00:00Z"),
        ..content
    };
    assert_eq!(
        verdict(&verify(&stale)),
        undecided(SubIndication::TryLater, "LIST_STALE")
    );
}

#[test]
fn a_clock_that_is_a_little_slow_is_no_forgery() {
    let world = &*WORLD;
    let judge = |now: &str| {
        let options = Options { now: at(now) };
        let verifier = world.verifier();
        let of_file = verifier.verify_file(&world.good.file, &options, None);
        let of_token = verifier.verify_qr_text(&world.good.link, &options, None);
        (of_file.indication, of_token.indication)
    };
    let passed = Indication::TotalPassed;
    assert_eq!(judge("2026-11-20T01:58:00Z"), (passed, passed));
    let failed = Indication::TotalFailed;
    assert_eq!(judge("2026-11-20T01:50:00Z"), (failed, failed));
}

#[test]
fn other_pdfs_are_said_to_be_other_pdfs() {
    let world = &*WORLD;
    let unsigned = b"%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[]/Count 0>>\nendobj\nxref\n0 3\n0000000000 65535 f \n0000000009 00000 n \n0000000056 00000 n \ntrailer\n<</Size 3/Root 1 0 R>>\nstartxref\n105\n%%EOF\n";
    let report = world.verify(unsigned);
    assert_eq!(
        verdict(&report),
        undecided(SubIndication::SignedDataNotFound, "NOT_SIGNED"),
        "{report:?}"
    );
    assert_eq!(
        (report.input, report.in_force),
        (Input::SignedDocument, Force::NotApplicable)
    );
    // A signature that no form leads to, and a file whose last revision was cut off.
    let stray = b"%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[]>>>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n3 0 obj\n<</Type/Page/Parent 2 0 R/Annots[<</Subtype/Widget/FT/Sig/V<</ByteRange[0 1 2 3]>>>>]>>\nendobj\nxref\n0 4\n0000000000 65535 f \n0000000009 00000 n \n0000000076 00000 n \n0000000127 00000 n \ntrailer\n<</Size 4/Root 1 0 R>>\nstartxref\n230\n%%EOF\n";
    let cut = [&unsigned[..], b"4 0 obj\n<</FT/Sig"].concat();
    for (file, words) in [
        (&stray[..], "page 1 bears a signature"),
        (&cut, "18 bytes follow"),
    ] {
        let report = world.verify(file);
        assert_eq!(
            verdict(&report),
            undecided(SubIndication::SignedDataNotFound, "NOT_SIGNED"),
            "{report:?}"
        );
        let structure = &report.findings.first().unwrap().message_en;
        assert!(structure.contains(words), "{structure}");
    }
    // What says that it is a certificate has to be signed.
    let mut file = world.good.file.clone();
    let field = find(&file, b"/FT/Sig");
    file[field..field + 7].copy_from_slice(b"/FT/Tx ");
    let report = world.verify(&file);
    assert_eq!(
        verdict(&report),
        failed(SubIndication::FormatFailure, "NOT_SIGNED"),
        "{report:?}"
    );
    // Every check has its line, but a person reads only those that were asked.
    let force = 2;
    assert_eq!(
        report.findings.len(),
        checks::required(Input::Document).len() + force
    );
    let text = report.to_text(Language::Chinese);
    assert!(text.contains("其余 18 项") && text.lines().count() < 20, "{text}");
    let report = world.verify(b"Hello");
    assert_eq!(
        verdict(&report),
        failed(SubIndication::FormatFailure, "NOT_A_PDF")
    );
}

#[test]
fn material_that_is_none_is_our_own_error() {
    let bad = |change: fn(&mut TrustMaterial)| {
        let mut material = TrustMaterial::default();
        change(&mut material);
        Verifier::new(material).unwrap_err().to_string()
    };
    assert!(bad(|m| m.anchors.push(vec![1])).contains("根证书"));
    let unreadable = Revocations::from_crls([[1]]).unwrap_err();
    assert!(unreadable.to_string().contains("吊销列表"));
    assert!(bad(|m| m.seals.push(vec![1])).contains("印章"));
}

#[test]
fn every_type_of_the_catalogue_verifies() {
    let world = &*WORLD;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates");
    let catalogue = Catalogue::load(&root).unwrap();
    for of_type in catalogue.types() {
        let folder = catalogue.folder(&of_type.key);
        let template = FaceTemplate::load(of_type, &folder, &catalogue.layouts(), &world.fonts).unwrap();
        let made = world.make_of(of_type, &template, world.recipe("0001"));
        let report = world.verify(&made.file);
        assert_eq!(
            report.indication,
            Indication::TotalPassed,
            "{}: {:?}",
            of_type.key,
            report.finding("agreement")
        );
    }
}
