//! The writer as a whole, judged by independent readers, over a synthetic face.

#![allow(clippy::unwrap_used)]

use std::{path::PathBuf, process::Command, sync::Arc};

use super::*;
use crate::crypto::{
    DigestAlgorithm,
    authority::{
        Role,
        tests::{TestAuthority, period},
    },
};
use crate::face::{
    Color, FontConfig, FontRole, Glyph, Item, Path, Picture, PlacedPicture, Rect, Segment, Stroke, TextRun,
};
use crate::sign::cms::{CmsSigner, Profile, SignedCms};

pub(super) const RESERVE: usize = 4096;

pub(super) const JSON: &[u8] = br#"{"identifier":"1.2.156.3005.2.test","holder-name":"\u5f20\u4e09"}"#;

/// Fonts, a prepared template and a face on it.
pub(super) struct Sample {
    pub(super) fonts: Arc<FontBook>,
    pub(super) seal: Drawing,
    pub(super) face: Face,
}

pub(super) fn info() -> DocumentInfo<'static> {
    DocumentInfo {
        identifier: "1.2.156.3005.2.11410100MB0000000XA01.11410100MB0000000X.410100000001.001.A",
        title: "食品经营许可证",
        author: "中原市金水区市场监督管理局(示例)",
        certificate_type: "food-business-licence",
        number: "JY14101050000001",
        created: "2026-11-21T01:02:03Z".parse().unwrap(),
        signer_name: "中原市金水区市场监督管理局(示例)",
        reason: "签发电子证照",
        location: Some("中原市"),
    }
}

pub(super) fn run(
    fonts: &FontBook,
    role: FontRole,
    text: &str,
    (x, y): (f32, f32),
    size: f32,
    field: Option<&str>,
) -> Vec<Item> {
    // A run for each stretch of one font, as the fallback chain gives them.
    let mut runs: Vec<TextRun> = Vec::new();
    let mut pen = 0.0;
    for ch in text.chars() {
        let (font, glyph) = fonts.glyph(role, ch).unwrap();
        if runs.last().is_none_or(|run| run.font != font) {
            runs.push(TextRun {
                font,
                size,
                x: x + pen,
                y,
                glyphs: Vec::new(),
                color: Color(20, 20, 60),
                alpha: 1.0,
                rotation: 0.0,
                field: field.map(Arc::from),
            });
        }
        let run = runs.last_mut().unwrap();
        run.glyphs.push(Glyph {
            id: glyph,
            ch,
            x: x + pen - run.x,
        });
        pen += fonts.advance(font, glyph) * size + 0.1;
    }
    runs.into_iter().map(Item::Text).collect()
}

fn circle(x: f32, y: f32, r: f32) -> Vec<Segment> {
    let k = r * 0.552_285;
    vec![
        Segment::Move(x + r, y),
        Segment::Cubic(x + r, y + k, x + k, y + r, x, y + r),
        Segment::Cubic(x - k, y + r, x - r, y + k, x - r, y),
        Segment::Cubic(x - r, y - k, x - k, y - r, x, y - r),
        Segment::Cubic(x + k, y - r, x + r, y - k, x + r, y),
        Segment::Close,
    ]
}

fn stroked(segments: Vec<Segment>, color: Color, width: f32) -> Item {
    Item::Path(Path {
        segments,
        fill: None,
        even_odd: false,
        stroke: Some(Stroke {
            color,
            width,
            dash: Vec::new(),
        }),
        alpha: 1.0,
    })
}

pub(super) fn sample() -> Sample {
    let fonts = Arc::new(FontBook::load(&FontConfig::default()).unwrap());
    let mut base = Drawing {
        width: 210.0,
        height: 297.0,
        items: Vec::new(),
    };
    for ring in 0..40 {
        let r = 20.0 + ring as f32;
        base.items
            .push(stroked(circle(105.0, 150.0, r), Color(220, 200, 160), 0.1));
    }
    base.items.extend(run(
        &fonts,
        FontRole::SongBold,
        "食品经营许可证",
        (55.0, 50.0),
        14.0,
        None,
    ));
    base.items
        .extend(run(&fonts, FontRole::Hei, "经营者名称:", (25.0, 90.0), 5.0, None));
    let mut water = run(&fonts, FontRole::Hei, "示例", (60.0, 220.0), 40.0, None);
    for item in &mut water {
        if let Item::Text(run) = item {
            run.alpha = 0.08;
            run.rotation = 30.0;
        }
    }
    base.items.extend(water);

    let red = Color(220, 0, 0);
    let mut seal = Drawing {
        width: 42.0,
        height: 42.0,
        items: vec![stroked(circle(21.0, 21.0, 20.0), red, 1.2)],
    };
    seal.items.push(Item::Path(Path {
        segments: circle(21.0, 21.0, 7.0),
        fill: Some(red),
        even_odd: true,
        stroke: None,
        alpha: 1.0,
    }));

    let mut items = run(
        &fonts,
        FontRole::Kai,
        "中原市好味道餐饮服务有限公司Café 123",
        (60.0, 90.0),
        5.0,
        Some("holder-name"),
    );
    items.extend(run(
        &fonts,
        FontRole::Song,
        "𠮷野家𪚥(示例)法定代表人",
        (60.0, 100.0),
        5.0,
        Some("person"),
    ));
    items.extend(run(
        &fonts,
        FontRole::Song,
        "2026年11月21日",
        (140.0, 240.0),
        5.0,
        Some("issued-on"),
    ));
    items.push(Item::Picture(PlacedPicture {
        place: Rect {
            x: 20.0,
            y: 230.0,
            w: 30.0,
            h: 30.0,
        },
        picture: qr("https://example.invalid/v#0123456789012345678901234567890123456789"),
        field: Some(Arc::from("qr")),
    }));
    let gradient: Vec<u8> = (0..60 * 80 * 3).map(|i| (i % 251) as u8).collect();
    items.push(Item::Picture(PlacedPicture {
        place: Rect {
            x: 160.0,
            y: 80.0,
            w: 30.0,
            h: 40.0,
        },
        picture: Picture::Rgb {
            data: gradient.into(),
            width: 60,
            height: 80,
        },
        field: Some(Arc::from("photo")),
    }));
    let face = Face {
        base: Arc::new(base),
        items,
        seal_center: (155.0, 238.0),
        qr_place: Rect {
            x: 20.0,
            y: 230.0,
            w: 30.0,
            h: 30.0,
        },
    };
    Sample { fonts, seal, face }
}

fn qr(text: &str) -> Picture {
    let code = qrcode::QrCode::with_error_correction_level(text, qrcode::EcLevel::M).unwrap();
    let width = code.width() as u32;
    let dark: Vec<bool> = code
        .to_colors()
        .into_iter()
        .map(|color| color == qrcode::Color::Dark)
        .collect();
    Picture::Modules {
        dark: dark.into(),
        width,
    }
}

impl Sample {
    pub(super) fn prepared(&self) -> PreparedPdf {
        PreparedPdf::new(PreparedParts {
            base: &self.face.base,
            seal: &self.seal,
            seal_center: self.face.seal_center,
            fonts: &self.fonts,
        })
        .unwrap()
    }

    pub(super) fn unsigned(&self) -> UnsignedPdf {
        self.prepared().write(&self.face, &info(), JSON, RESERVE).unwrap()
    }
}

/// Something with the outer form of a CMS: a DER SEQUENCE.
pub(super) fn blob() -> Vec<u8> {
    let mut blob = vec![0x30, 0x82, 0x01, 0x00];
    blob.extend((0..256).map(|i| i as u8));
    blob
}

/// A tool's output, or none where it is not installed.
fn tool(name: &str, args: &[&str]) -> Option<(bool, String)> {
    if !crate::judges::judge_is_here(name) {
        return None;
    }
    let output = Command::new(name).args(args).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    Some((
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    ))
}

#[test]
fn independent_programs_read_the_document() {
    let bytes = sample().unsigned().embed(&blob()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let root = std::env::var_os("CERTSEAL_TEST_OUTPUT").map_or_else(|| dir.path().to_owned(), PathBuf::from);
    let file = root.join("face.pdf");
    std::fs::write(&file, &bytes).unwrap();
    let file = file.to_str().unwrap();
    assert!(bytes.len() < 80_000, "{} bytes", bytes.len());

    if let Some((ok, said)) = tool("qpdf", &["--check", file]) {
        assert!(ok, "{said}");
        assert!(!said.to_lowercase().contains("warning"), "{said}");
    }
    if let Some((_, said)) = tool("pdffonts", &[file]) {
        let rows: Vec<_> = said.lines().skip(2).collect();
        assert!(rows.len() >= 5, "{said}");
        for row in rows {
            let yes = row.split_whitespace().filter(|word| *word == "yes").count();
            assert!(row.contains("CID Type 0C") && yes == 3, "{said}");
        }
    }
    if let Some((_, said)) = tool("pdftotext", &["-layout", file, "-"]) {
        for expected in [
            "食品经营许可证",
            "中原市好味道餐饮服务有限公司Café 123",
            "𠮷野家𪚥(示例)法定代表人",
            "2026年11月21日",
        ] {
            assert!(said.contains(expected), "{expected} is not in {said}");
        }
    }
    if let Some((_, said)) = tool("pdfdetach", &["-list", file]) {
        assert!(said.contains("1 embedded files") && said.contains(ATTACHMENT));
    }
    let png = root.join("face");
    let png = png.to_str().unwrap();
    if let Some((ok, said)) = tool("pdftoppm", &["-r", "300", "-png", "-singlefile", file, png]) {
        assert!(ok && said.is_empty(), "{said}");
        if let Some((ok, said)) = tool("zbarimg", &["-q", &format!("{png}.png")]) {
            assert!(ok && said.contains("https://example.invalid/v#0123"), "{said}");
        }
    }
}

#[test]
fn a_signed_document_is_valid_for_other_programs() {
    let authority = TestAuthority::new();
    let identity = authority.identity(Role::DocumentSigner, period("2025-01-01", "2030-01-01"));
    let signer = CmsSigner::new(&identity).unwrap();
    let sample = sample();
    let unsigned = sample
        .prepared()
        .write(&sample.face, &info(), JSON, signer.reserve())
        .unwrap();
    let cms = signer.sign(&unsigned.digest()).unwrap();
    let bytes = unsigned.embed(&cms).unwrap();

    let opened = open(&bytes).unwrap();
    let [signature] = opened.signatures() else {
        panic!("{:?}", opened.signatures());
    };
    let digest = opened.signed_digest(signature, DigestAlgorithm::Sha256).unwrap();
    let found = SignedCms::parse(signature.cms.as_ref().unwrap(), Profile::Cades).unwrap();
    found.verify(&digest).unwrap();

    let dir = tempfile::tempdir().unwrap();
    let root = std::env::var_os("CERTSEAL_TEST_OUTPUT").map_or_else(|| dir.path().to_owned(), PathBuf::from);
    let file = root.join("signed.pdf");
    std::fs::write(&file, &bytes).unwrap();
    let anchor = identity.issuers.last().unwrap();
    std::fs::write(root.join("issuer.der"), anchor).unwrap();
    std::fs::write(root.join("root.der"), authority.root.certificate()).unwrap();
    let file = file.to_str().unwrap();
    if let Some((_, said)) = tool("pdfsig", &["-nocert", file]) {
        for expected in [
            "Signature is Valid",
            "Total document signed",
            "ETSI.CAdES.detached",
        ] {
            assert!(said.contains(expected), "{expected} is not in {said}");
        }
    }
    if let Some((ok, said)) = tool("qpdf", &["--check", file]) {
        assert!(ok && !said.to_lowercase().contains("warning"), "{said}");
    }
}

#[test]
fn digest_is_that_of_the_byte_range() {
    let unsigned = sample().unsigned();
    let digest = unsigned.digest();
    let gap = unsigned.contents();
    let (bytes, whole) = unsigned.embed_and_digest(&blob()).unwrap();
    assert_eq!(ring::digest::digest(&SHA256, &bytes).as_ref(), whole);
    let mut outside = Context::new(&SHA256);
    outside.update(&bytes[..gap.start]);
    outside.update(&bytes[gap.end..]);
    assert_eq!(outside.finish().as_ref(), digest);
    assert_eq!((bytes[gap.start], bytes[gap.end - 1]), (b'<', b'>'));
    let range = format!("/ByteRange[0 {} {} {}", gap.start, gap.end, bytes.len() - gap.end);
    assert!(String::from_utf8_lossy(&bytes).contains(&range));
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let sample = sample();
    let first = sample.unsigned().embed(&blob()).unwrap();
    let second = sample.unsigned().embed(&blob()).unwrap();
    assert!(first == second);
}

#[test]
fn what_cannot_be_written_is_refused() {
    let sample = sample();
    let prepared = sample.prepared();
    let write = |face: &Face, info: &DocumentInfo<'_>| prepared.write(face, info, JSON, RESERVE).map(|_| ());

    let mut other = sample.face.clone();
    other.seal_center.0 += 1.0;
    assert!(matches!(
        write(&other, &info()),
        Err(PdfError::OtherTemplate { .. })
    ));
    let mut other = sample.face.clone();
    Arc::make_mut(&mut other.base).items.clear();
    assert!(matches!(
        write(&other, &info()),
        Err(PdfError::OtherTemplate { .. })
    ));

    let mut other = sample.face.clone();
    for item in &mut other.items {
        if let Item::Picture(placed) = item
            && let Picture::Modules { width, .. } = &mut placed.picture
        {
            *width += 1;
        }
    }
    assert!(matches!(
        write(&other, &info()),
        Err(PdfError::Picture { field, .. }) if field == "qr"
    ));

    let mut about = info();
    about.number = "A\u{0}";
    assert!(matches!(
        write(&sample.face, &about),
        Err(PdfError::Unprintable {
            property: "number",
            code: 0
        })
    ));

    let long = vec![0; RESERVE + 1];
    assert!(matches!(
        sample.unsigned().embed(&long),
        Err(PdfError::SignatureTooLong { .. })
    ));
}

#[test]
#[ignore = "measures; run in release with --nocapture"]
fn measure() {
    let sample = sample();
    let prepared = sample.prepared();
    let info = info();
    let mut size = 0;
    for _ in 0..3 {
        let start = std::time::Instant::now();
        for _ in 0..500 {
            size = prepared
                .write(&sample.face, &info, JSON, RESERVE)
                .unwrap()
                .bytes
                .len();
        }
        eprintln!(
            "{:?} a document, {size} bytes, prefix {}",
            start.elapsed() / 500,
            prepared.prefix().len()
        );
    }
}
