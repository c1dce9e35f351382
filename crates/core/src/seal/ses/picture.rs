//! The picture of a national seal (SES_ESPictureInfo): read as anything, made from a PNG or from an impression that was
//! drawn here.

use std::io::Cursor;

use image::{ImageFormat, ImageReader, Limits};
use png::{BitDepth, ColorType, DeflateCompression, Encoder, Filter, PixelDimensions, Unit};
use tiny_skia::{FillRule, Mask, PathBuilder, Transform};

use crate::{
    face::{Color, Drawing, Item, Path, Segment},
    limits::{MAX_SES_PIXELS, MAX_SES_SIDE},
};

/// SES_ESPictureInfo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SesPicture {
    /// type: PNG, ofd and others; upper and lower case are one.
    pub kind: String,
    /// data.
    pub data: Vec<u8>,
    /// width in millimetres.
    pub width: u32,
    /// height in millimetres.
    pub height: u32,
}

/// What a picture is, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PictureFormat {
    /// Windows bitmap.
    Bmp,
    /// GIF.
    Gif,
    /// JPEG.
    Jpeg,
    /// An OFD of one page: a vector picture.
    Ofd,
    /// PNG.
    Png,
    /// SVG.
    Svg,
    /// TIFF.
    Tiff,
}

impl PictureFormat {
    /// The one that a `type` names.
    pub fn named(kind: &str) -> Option<Self> {
        Some(match kind.to_ascii_lowercase().as_str() {
            "bmp" => Self::Bmp,
            "gif" => Self::Gif,
            "jpg" | "jpeg" => Self::Jpeg,
            "ofd" => Self::Ofd,
            "png" => Self::Png,
            "svg" => Self::Svg,
            "tif" | "tiff" => Self::Tiff,
            _ => return None,
        })
    }
}

/// Why no picture of a seal can be made of something.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// It is no PNG, a damaged one or too large.
    #[error("不是可用的 PNG 图像：{0} (not a usable PNG)")]
    NotPng(String),
    /// It would hide what it is stamped on, or show nothing.
    #[error("印模图像须有透明背景和可见的印文 (the background must be transparent, and something must show)")]
    NotTransparent,
    /// Its sides are not in the proportion of the seal's.
    #[error("图像 {pixels_across}×{pixels_down} 像素与 {width}×{height} mm 的比例不符 (out of proportion)")]
    Stretched {
        /// Pixels across.
        pixels_across: u32,
        /// Pixels down.
        pixels_down: u32,
        /// Millimetres across.
        width: u32,
        /// Millimetres down.
        height: u32,
    },
    /// A side is outside what a seal can have.
    #[error("印模边长应为 1 至 {MAX_SES_SIDE} mm 的整数 (a side out of range)")]
    BadSide,
    /// An impression in several colours, or of something else than filled paths.
    #[error("印模只能由同一颜色的实心路径组成 (only filled paths of one colour)")]
    NotOneInk,
}

impl SesPicture {
    /// What its data are; none for what is unknown here.
    pub fn format(&self) -> Option<PictureFormat> {
        let starts: [(&[u8], PictureFormat); 9] = [
            (b"BM", PictureFormat::Bmp),
            (b"GIF8", PictureFormat::Gif),
            (b"\xff\xd8\xff", PictureFormat::Jpeg),
            (b"PK\x03\x04", PictureFormat::Ofd),
            (b"\x89PNG\r\n\x1a\n", PictureFormat::Png),
            (b"<svg", PictureFormat::Svg),
            (b"<?xml", PictureFormat::Svg),
            (b"II*\0", PictureFormat::Tiff),
            (b"MM\0*", PictureFormat::Tiff),
        ];
        let found = starts.iter().find(|(start, _)| self.data.starts_with(start));
        found.map(|(_, format)| *format)
    }

    /// Takes a PNG file as it is, to be stamped in this size. It must let show what is under it.
    pub fn from_png(data: Vec<u8>, width: u32, height: u32) -> Result<Self, PictureError> {
        check_sides(width, height)?;
        let not_png = |error: image::ImageError| PictureError::NotPng(error.to_string());
        let reader = || ImageReader::with_format(Cursor::new(&data), ImageFormat::Png);
        let (pixels_across, pixels_down) = reader().into_dimensions().map_err(not_png)?;
        if u64::from(pixels_across) * u64::from(pixels_down) > MAX_SES_PIXELS {
            let why = format!("{pixels_across}×{pixels_down} 像素，超过 {MAX_SES_PIXELS} 像素");
            return Err(PictureError::NotPng(why));
        }
        let (across, down) = (f64::from(pixels_across), f64::from(pixels_down));
        let stretch = across / down * f64::from(height) / f64::from(width);
        if !(1.0 - MAX_STRETCH..=1.0 + MAX_STRETCH).contains(&stretch) {
            return Err(PictureError::Stretched {
                pixels_across,
                pixels_down,
                width,
                height,
            });
        }
        let mut reader = reader();
        let mut limits = Limits::default();
        limits.max_alloc = Some(MAX_SES_PIXELS * 16);
        reader.limits(limits);
        let pixels = reader.decode().map_err(not_png)?.to_rgba8();
        let has = |wanted: fn(u8) -> bool| pixels.pixels().any(|pixel| wanted(pixel.0[3]));
        if !has(|alpha| alpha == 0) || !has(|alpha| alpha > 0x7f) {
            return Err(PictureError::NotTransparent);
        }
        Ok(Self {
            kind: "PNG".to_owned(),
            data,
            width,
            height,
        })
    }

    /// Draws an impression as a PNG with a transparent background. Its box is rounded to whole millimetres, which is all
    /// that a national seal can say.
    pub fn draw(impression: &Drawing) -> Result<Self, PictureError> {
        let (width, height) = (impression.width.round() as u32, impression.height.round() as u32);
        check_sides(width, height)?;
        let pixels = |millimetres: f32| (millimetres * DOTS_PER_MM).round() as u32;
        let (across, down) = (pixels(impression.width), pixels(impression.height));
        let mut ink = None;
        let mut mask = Mask::new(across, down).ok_or(PictureError::BadSide)?;
        for item in &impression.items {
            let Item::Path(path) = item else {
                return Err(PictureError::NotOneInk);
            };
            let is_same = ink.is_none() || ink == path.fill;
            if path.fill.is_none() || path.stroke.is_some() || path.alpha < 1.0 || !is_same {
                return Err(PictureError::NotOneInk);
            }
            ink = path.fill;
            fill(&mut mask, path);
        }
        let ink = ink.ok_or(PictureError::NotOneInk)?;
        let data = encode(&mask, ink).map_err(|error| PictureError::NotPng(error.to_string()))?;
        Ok(Self {
            kind: "PNG".to_owned(),
            data,
            width,
            height,
        })
    }
}

fn check_sides(width: u32, height: u32) -> Result<(), PictureError> {
    let fits = |side| (1..=MAX_SES_SIDE).contains(&side);
    if fits(width) && fits(height) {
        Ok(())
    } else {
        Err(PictureError::BadSide)
    }
}

fn fill(mask: &mut Mask, path: &Path) {
    let mut builder = PathBuilder::new();
    for segment in &path.segments {
        match *segment {
            Segment::Move(x, y) => builder.move_to(x, y),
            Segment::Line(x, y) => builder.line_to(x, y),
            Segment::Cubic(x1, y1, x2, y2, x, y) => builder.cubic_to(x1, y1, x2, y2, x, y),
            Segment::Close => builder.close(),
        }
    }
    let rule = if path.even_odd {
        FillRule::EvenOdd
    } else {
        FillRule::Winding
    };
    // A path without an area leaves no ink.
    if let Some(outline) = builder.finish() {
        mask.fill_path(
            &outline,
            rule,
            true,
            Transform::from_scale(DOTS_PER_MM, DOTS_PER_MM),
        );
    }
}

/// A PNG of one colour in four degrees of opacity: a quarter of what four channels take, and a seal stands in every
/// document twice.
fn encode(mask: &Mask, ink: Color) -> Result<Vec<u8>, png::EncodingError> {
    let Color(red, green, blue) = ink;
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, mask.width(), mask.height());
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::Two);
    encoder.set_deflate_compression(DeflateCompression::Level(9));
    encoder.set_filter(Filter::NoFilter);
    encoder.set_palette([red, green, blue].repeat(usize::from(DEGREES)));
    encoder.set_trns((0..DEGREES).map(|degree| degree * DEGREE).collect::<Vec<u8>>());
    let dots_per_metre = (DOTS_PER_MM * 1000.0).round() as u32;
    encoder.set_pixel_dims(Some(PixelDimensions {
        xppu: dots_per_metre,
        yppu: dots_per_metre,
        unit: Unit::Meter,
    }));
    let degree = |opacity: &u8| ((u16::from(*opacity) + u16::from(DEGREE / 2)) / u16::from(DEGREE)) as u8;
    let rows = mask.data().chunks_exact(mask.width() as usize);
    let packed: Vec<u8> = rows
        .flat_map(|row| {
            // The first pixel in the highest bits, the last byte filled up.
            row.chunks(4).map(|four| {
                let packed = four.iter().fold(0, |packed, one| packed << 2 | degree(one));
                packed << (2 * (4 - four.len()))
            })
        })
        .collect();
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&packed)?;
    writer.finish()?;
    Ok(file)
}

/// 400 dots an inch: seals of authorities have 250 to 600.
const DOTS_PER_MM: f32 = 400.0 / 25.4;
/// Degrees of opacity, and the step between them.
const DEGREES: u8 = 4;
const DEGREE: u8 = 85;
/// How far the proportion of a picture may be from that of its seal: more shows.
const MAX_STRETCH: f64 = 0.03;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use image::{ImageBuffer, Rgba, RgbaImage};

    use super::*;
    use crate::{
        face::{FontBook, FontConfig},
        seal::impression::{ImpressionSpec, draw},
    };

    fn png_of(picture: &RgbaImage) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        picture.write_to(&mut file, ImageFormat::Png).unwrap();
        file.into_inner()
    }

    #[test]
    fn an_impression_becomes_a_transparent_png_of_its_size() {
        let book = FontBook::load(&FontConfig::default()).unwrap();
        let spec = ImpressionSpec::department("示范市示范区教育局").with_purpose("电子证照专用章");
        let drawing = draw(&spec, &book).unwrap();
        let picture = SesPicture::draw(&drawing).unwrap();
        assert_eq!((picture.width, picture.height), (42, 42));
        assert_eq!(picture.format(), Some(PictureFormat::Png));
        assert!(picture.data.len() < 20 << 10, "{} bytes", picture.data.len());
        let decoded = image::load_from_memory(&picture.data).unwrap().to_rgba8();
        assert_eq!(decoded.dimensions(), (661, 661));
        let at = |x, y| decoded.get_pixel(x, y).0;
        assert_eq!(at(0, 0)[3], 0, "outside the ring");
        assert_eq!(at(330, 8), [0xE6, 0, 0x12, 0xFF], "in the ring");
        let inked = decoded.pixels().filter(|pixel| pixel.0[3] > 0x7f).count();
        let share = inked as f64 / f64::from(661 * 661);
        assert!((0.1..0.4).contains(&share), "{share}");
        // What it draws, it would take from others.
        let again = SesPicture::from_png(picture.data.clone(), 42, 42).unwrap();
        assert_eq!(again, picture);

        let mut two = drawing.clone();
        if let Some(Item::Path(path)) = two.items.last_mut() {
            path.fill = Some(Color(0, 0, 0));
        }
        assert!(matches!(SesPicture::draw(&two), Err(PictureError::NotOneInk)));
        assert!(matches!(
            SesPicture::draw(&Drawing::default()),
            Err(PictureError::BadSide)
        ));
    }

    #[test]
    fn pictures_that_are_no_impression_are_refused() {
        let ink = Rgba([0xE6, 0, 0x12, 0xFF]);
        let mut good: RgbaImage = ImageBuffer::new(40, 40);
        good.put_pixel(20, 20, ink);
        assert!(SesPicture::from_png(png_of(&good), 40, 40).is_ok());
        let refused = |data: Vec<u8>, width, height| SesPicture::from_png(data, width, height).unwrap_err();
        let opaque = png_of(&ImageBuffer::from_pixel(40, 40, ink));
        assert!(matches!(refused(opaque, 40, 40), PictureError::NotTransparent));
        let empty = png_of(&ImageBuffer::new(40, 40));
        assert!(matches!(refused(empty, 40, 40), PictureError::NotTransparent));
        let good = png_of(&good);
        assert!(matches!(
            refused(good.clone(), 40, 30),
            PictureError::Stretched { .. }
        ));
        assert!(matches!(refused(good.clone(), 0, 40), PictureError::BadSide));
        let cut = good.get(..good.len() / 2).unwrap().to_vec();
        assert!(matches!(refused(cut, 40, 40), PictureError::NotPng(_)));
        let mut wide = good;
        // The width in the header: a picture of two billion pixels.
        wide.splice(16..24, [0x00, 0x00, 0xff, 0xff, 0x00, 0x00, 0xff, 0xff]);
        assert!(matches!(refused(wide, 40, 40), PictureError::NotPng(_)));
    }
}
