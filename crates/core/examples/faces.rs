//! Draws the face of certificate types with their sample values, as PDF files to look at.
//!
//! ```text
//! cargo run -p certseal-core --example faces -- OUT_FOLDER [LONG] [TYPE OR LAYOUT…]
//! ```
//!
//! With `LONG` every text is as long as its field admits.

use std::{error::Error, io::Write as _, path::Path, sync::Arc};

use certseal_core::{
    catalogue::{Catalogue, CertificateType, FaceData, FieldKind},
    document::pdf::{DocumentInfo, PreparedParts, PreparedPdf},
    face::{Drawing, Face, FaceTemplate, FontBook, FontConfig, Printed},
    seal::impression::{self, ImpressionSpec},
};

const IDENTIFIER: &str =
    "1.2.156.3005.2.11100000MB0900017M909.11419901MB0900017M.92419901MA4EXA1P5H000001.001.X";

const ISSUER: &str = "示例市样例区市场监督管理局";

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let out = arguments.next().ok_or("which folder?")?;
    let mut wanted: Vec<String> = arguments.collect();
    let long = wanted.first().is_some_and(|word| word == "LONG");
    if long {
        wanted.remove(0);
    }
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates");
    let catalogue = Catalogue::load(&templates)?;
    let fonts = Arc::new(FontBook::load(&FontConfig::default())?);
    let seal = impression::draw(
        &ImpressionSpec::department(ISSUER).with_purpose("电子证照专用章"),
        &fonts,
    )?;
    let mut stdout = std::io::stdout();
    for own in catalogue.types() {
        if !wanted.is_empty() && !wanted.contains(&own.key) && !wanted.contains(&own.layout) {
            continue;
        }
        let folder = catalogue.folder(&own.key);
        let template = FaceTemplate::load(own, &folder, &templates.join("_layouts"), &fonts)?;
        let data = if long { longest(own)? } else { sample(own)? };
        let number = data.number.clone().unwrap_or_else(|| "419901000001".to_owned());
        let printed = Printed {
            identifier: IDENTIFIER,
            number: &number,
            issuer_name: ISSUER,
        };
        let face = template
            .lay_out(&data, &printed, &fonts)
            .map_err(|errors| format!("{}: {errors:?}", own.key))?;
        let pdf = write(own, &template, face, &seal, &number, &fonts)?;
        let file = Path::new(&out).join(format!("{:02}-{}.pdf", own.seq, own.key));
        writeln!(stdout, "{} {} bytes", file.display(), pdf.len())?;
        std::fs::write(file, pdf)?;
    }
    Ok(())
}

fn write(
    own: &CertificateType,
    template: &FaceTemplate,
    mut face: Face,
    seal: &Drawing,
    number: &str,
    fonts: &Arc<FontBook>,
) -> Result<Vec<u8>, Box<dyn Error>> {
    // A symbol of the size that tokens take.
    let text = format!("HTTPS://ZZ.EXAMPLE.GOV.CN/V#{}", "0123456789".repeat(92));
    let code = qrcode::QrCode::with_error_correction_level(text, qrcode::EcLevel::M)?;
    let dark = code
        .to_colors()
        .into_iter()
        .map(|color| color == qrcode::Color::Dark)
        .collect();
    face.place_qr(dark, u32::try_from(code.width())?)?;
    let parts = PreparedParts {
        base: template.base(),
        seal,
        seal_center: template.seal_center(),
        fonts,
    };
    let info = DocumentInfo {
        identifier: IDENTIFIER,
        title: &own.name,
        author: ISSUER,
        certificate_type: &own.key,
        number,
        created: "2026-11-21T01:02:03Z".parse()?,
        signer_name: ISSUER,
        reason: "签发电子证照",
        location: None,
    };
    Ok(PreparedPdf::new(parts)?
        .write(&face, &info, b"{}", 64)?
        .embed(&[])?)
}

fn sample(own: &Arc<CertificateType>) -> Result<FaceData, Box<dyn Error>> {
    let today = jiff::civil::date(2026, 11, 21);
    own.check(&own.sample(), today)
        .map_err(|errors| format!("{}: {errors:?}", own.key).into())
}

fn longest(own: &Arc<CertificateType>) -> Result<FaceData, Box<dyn Error>> {
    let mut data = sample(own)?;
    for field in own.fields.iter().filter(|field| field.kind == FieldKind::Text) {
        if let Some(value) = data.printed.get_mut(&field.key).filter(|value| !value.is_ascii()) {
            *value = value
                .chars()
                .cycle()
                .take(field.max_chars.unwrap_or(60))
                .collect();
        }
    }
    Ok(data)
}
