//! Pictures as media files: JPEG as it is, all else as PNG.

use std::io::Cursor;

use image::{ImageFormat, ImageReader};
use png::{BitDepth, ColorType, Compression, Encoder, Filter};

use super::{OfdWriteError, RES, archive::Member, xml::Xml};
use crate::face::{Picture, PlacedPicture};

/// Pixels across a module of a QR symbol: readers that smooth what they enlarge leave its edges sharp.
const PIXELS_A_MODULE: usize = 8;

/// A media file with its entry for the resource file.
#[derive(Debug)]
pub(super) struct Media {
    pub(super) id: u32,
    pub(super) member: Member,
    format: &'static str,
    file: String,
}

impl Media {
    pub(super) fn entry(&self, out: &mut Xml) {
        out.put(format_args!(
            "<ofd:MultiMedia ID=\"{}\" Type=\"Image\" Format=\"{}\"><ofd:MediaFile>{}</ofd:MediaFile></ofd:MultiMedia>",
            self.id, self.format, self.file
        ));
    }
}

pub(super) fn encode(id: u32, placed: &PlacedPicture) -> Result<Media, OfdWriteError> {
    let wrong = |reason| OfdWriteError::Picture {
        field: placed.field.as_deref().unwrap_or_default().to_owned(),
        reason,
    };
    let (format, extension, data) = match &placed.picture {
        Picture::Jpeg {
            data, alpha: None, ..
        } => {
            if !data.starts_with(&[0xFF, 0xD8]) {
                return Err(wrong("not a JPEG file"));
            }
            ("JPEG", "jpg", data.to_vec())
        }
        Picture::Jpeg {
            data,
            alpha: Some(alpha),
            width,
            height,
            ..
        } => {
            let pixels = see_through(data, alpha, (*width, *height)).map_err(wrong)?;
            let drawn = png((*width, *height), ColorType::Rgba, &pixels);
            (
                "PNG",
                "png",
                drawn.ok_or_else(|| wrong("no PNG can be made of it"))?,
            )
        }
        Picture::Rgb { data, width, height } => {
            let size = u64::from(*width) * u64::from(*height) * 3;
            if size == 0 || size != data.len() as u64 {
                return Err(wrong("the pixels do not fill width times height"));
            }
            let drawn = png((*width, *height), ColorType::Rgb, data);
            (
                "PNG",
                "png",
                drawn.ok_or_else(|| wrong("no PNG can be made of it"))?,
            )
        }
        Picture::Modules { dark, width } => {
            let side = *width as usize;
            if side == 0 || side.checked_mul(side) != Some(dark.len()) {
                return Err(wrong("the modules do not fill width times width"));
            }
            let drawn = modules(dark, side);
            (
                "PNG",
                "png",
                drawn.ok_or_else(|| wrong("no PNG can be made of it"))?,
            )
        }
    };
    let file = format!("image_{id}.{extension}");
    Ok(Media {
        id,
        member: Member::stored(format!("{RES}/{file}"), &data),
        format,
        file,
    })
}

/// Black on white in one bit a pixel. With eight pixels a module a row of modules is a row of bytes.
fn modules(dark: &[bool], side: usize) -> Option<Vec<u8>> {
    let mut rows = Vec::with_capacity(dark.len() * PIXELS_A_MODULE);
    for row in dark.chunks_exact(side) {
        let bytes: Vec<u8> = row.iter().map(|dark| if *dark { 0 } else { 0xFF }).collect();
        for _ in 0..PIXELS_A_MODULE {
            rows.extend_from_slice(&bytes);
        }
    }
    let pixels = u32::try_from(side * PIXELS_A_MODULE).ok()?;
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, pixels, pixels);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::One);
    encoder.set_compression(Compression::Fast);
    // Seven rows of eight are as the one above.
    encoder.set_filter(Filter::Up);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&rows).ok()?;
    writer.finish().ok()?;
    Some(file)
}

fn png((width, height): (u32, u32), color: ColorType, pixels: &[u8]) -> Option<Vec<u8>> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, width, height);
    encoder.set_color(color);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Balanced);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(pixels).ok()?;
    writer.finish().ok()?;
    Some(file)
}

/// Pixels of a JPEG with an opacity each. ImageMask has only two degrees.
fn see_through(jpeg: &[u8], alpha: &[u8], (width, height): (u32, u32)) -> Result<Vec<u8>, &'static str> {
    let reader = ImageReader::with_format(Cursor::new(jpeg), ImageFormat::Jpeg);
    let picture = reader.decode().map_err(|_| "not a JPEG file")?.into_rgb8();
    if picture.dimensions() != (width, height) || picture.pixels().len() != alpha.len() {
        return Err("the opacities do not fill width times height");
    }
    let pixels = picture.pixels().zip(alpha);
    Ok(pixels
        .flat_map(|(pixel, alpha)| [pixel.0[0], pixel.0[1], pixel.0[2], *alpha])
        .collect())
}
