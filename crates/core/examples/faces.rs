//! Draws the face of certificate types with their sample values, as PDF files to look at.
//!
//! ```text
//! cargo run -p certseal-core --example faces -- OUT_FOLDER [LONG] [TYPE…]
//! ```
//!
//! With `LONG` every text is as long as its field admits.

use std::{collections::BTreeMap, error::Error, path::Path, sync::Arc};

use certseal_core::{
    catalogue::{CertificateType, FaceData, FieldKind},
    document::pdf::{DocumentInfo, PreparedParts, PreparedPdf},
    face::{FaceTemplate, FontBook, FontConfig, Printed},
    seal::impression::{self, ImpressionSpec},
};

const IDENTIFIER: &str =
    "1.2.156.3005.2.11100000MB0900017M909.11419901MB0900017M.92419901MA4EXA1P5H000001.001.X";

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let out = arguments.next().ok_or("which folder?")?;
    let mut wanted: Vec<String> = arguments.collect();
    let long = wanted.first().is_some_and(|word| word == "LONG");
    if long {
        wanted.remove(0);
    }
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates");
    let fonts = Arc::new(FontBook::load(&FontConfig::default())?);
    let issuer = "示例市样例区市场监督管理局";
    let spec = ImpressionSpec::department(issuer).with_purpose("电子证照专用章");
    let seal = impression::draw(&spec, &fonts)?;
    for folder in std::fs::read_dir(&templates)? {
        let folder = folder?.path();
        let Ok(text) = std::fs::read_to_string(folder.join("type.toml")) else {
            continue;
        };
        let own: CertificateType =
            toml::from_str(&text).map_err(|error| format!("{}: {error}", folder.display()))?;
        if !wanted.is_empty() && !wanted.contains(&own.key) && !wanted.contains(&own.layout) {
            continue;
        }
        let own = Arc::new(own);
        let template = match FaceTemplate::load(&own, &folder, &templates.join("_layouts"), &fonts) {
            Ok(template) => template,
            Err(error) => {
                eprintln!("{}: {error}", own.key);
                continue;
            }
        };
        let data = sample(&own, long);
        let number = own
            .fields
            .iter()
            .find(|f| f.key == "certificate-number")
            .map_or("419901000001", |f| &f.sample);
        let printed = Printed {
            identifier: IDENTIFIER,
            number,
            issuer_name: issuer,
        };
        let mut face = match template.lay_out(&data, &printed, &fonts) {
            Ok(face) => face,
            Err(errors) => {
                for error in errors {
                    eprintln!("{}: {error}", own.key);
                }
                continue;
            }
        };
        let (dark, width) = symbol()?;
        face.place_qr(dark, width)?;
        let parts = PreparedParts {
            base: template.base(),
            seal: &seal,
            seal_center: template.seal_center(),
            fonts: &fonts,
        };
        let info = DocumentInfo {
            identifier: IDENTIFIER,
            title: &own.name,
            author: issuer,
            certificate_type: &own.key,
            number,
            created: "2026-11-21T01:02:03Z".parse()?,
            signer_name: issuer,
            reason: "签发电子证照",
            location: None,
        };
        let pdf = PreparedPdf::new(parts)?
            .write(&face, &info, b"{}", 64)?
            .embed(&[])?;
        let file = Path::new(&out).join(format!("{:02}-{}.pdf", own.seq, own.key));
        println!("{} {} bytes", file.display(), pdf.len());
        std::fs::write(file, pdf)?;
    }
    Ok(())
}

fn sample(own: &Arc<CertificateType>, long: bool) -> FaceData {
    let mut printed = BTreeMap::new();
    for field in &own.fields {
        let text = match field.kind {
            FieldKind::Photo => continue,
            FieldKind::Date => day(&field.sample),
            FieldKind::Text if long && field.sample.chars().any(|ch| !ch.is_ascii()) => {
                let most = field.max_chars.unwrap_or(60);
                field.sample.chars().cycle().take(most).collect()
            }
            FieldKind::Decimal | FieldKind::Integer => {
                format!("{}{}", field.sample, field.unit.as_deref().unwrap_or_default())
            }
            _ => field.sample.clone(),
        };
        printed.insert(field.key.clone(), text);
    }
    let first = jiff::civil::date(2024, 4, 2);
    FaceData {
        certificate_type: Arc::clone(own),
        number: None,
        holder_name: String::new(),
        holder_code: None,
        issued_on: first,
        valid_from: first,
        valid_until: None,
        printed,
        photos: BTreeMap::new(),
    }
}

fn day(text: &str) -> String {
    text.parse::<jiff::civil::Date>().map_or_else(
        |_| text.to_owned(),
        |day| format!("{}年{}月{}日", day.year(), day.month(), day.day()),
    )
}

/// A symbol of the size that tokens take.
fn symbol() -> Result<(Arc<[bool]>, u32), Box<dyn Error>> {
    let text = format!("HTTPS://ZZ.EXAMPLE.GOV.CN/V#{}", "0123456789".repeat(92));
    let code = qrcode::QrCode::with_error_correction_level(text, qrcode::EcLevel::M)?;
    let dark = code
        .to_colors()
        .into_iter()
        .map(|color| color == qrcode::Color::Dark)
        .collect();
    Ok((dark, u32::try_from(code.width())?))
}
