//! Photos: checked, turned upright, freed of what the camera wrote beside the picture, and placed.

use std::{io::Cursor, sync::Arc};

use image::{
    DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, codecs::jpeg::JpegEncoder,
    imageops::FilterType, metadata::Orientation,
};

use super::{Mm, Picture, PlacedPicture, Rect};
use crate::limits::{MAX_PHOTO_BYTES, MAX_PHOTO_SIDE};

/// Resolution a photo is reduced to: what a licence printer resolves.
const DOTS_PER_MM: f32 = 300.0 / 25.4;
/// A larger JPEG is made anew.
const AS_IT_IS: usize = 64 << 10;
const QUALITY: u8 = 88;

/// Puts a photo into its slot, as large as its proportions allow. The reason for a refusal is for the
/// clerk.
pub(super) fn place(file: &Arc<[u8]>, slot: Rect, key: &Arc<str>) -> Result<PlacedPicture, String> {
    if file.len() > MAX_PHOTO_BYTES {
        return Err(format!(
            "照片文件 {} KB，超过上限 {} KB",
            file.len() >> 10,
            MAX_PHOTO_BYTES >> 10
        ));
    }
    let clean = clean_jpeg(file).filter(|jpeg| jpeg.data.len() <= AS_IT_IS);
    let jpeg = match clean {
        Some(jpeg) => jpeg,
        None => remake(file, slot)?,
    };
    let (width, height) = (jpeg.width as f32, jpeg.height as f32);
    let scale = (slot.w / width).min(slot.h / height);
    let (w, h): (Mm, Mm) = (width * scale, height * scale);
    let place = Rect {
        x: slot.x + (slot.w - w) / 2.0,
        y: slot.y + (slot.h - h) / 2.0,
        w,
        h,
    };
    Ok(PlacedPicture {
        place,
        picture: Picture::Jpeg {
            data: jpeg.data.into(),
            width: jpeg.width,
            height: jpeg.height,
            components: jpeg.components,
            alpha: None,
        },
        field: Some(Arc::clone(key)),
    })
}

struct Jpeg {
    data: Vec<u8>,
    width: u32,
    height: u32,
    components: u8,
}

/// The file without what is not picture (camera data, positions, thumbnails); none unless it is an
/// upright 8-bit baseline or progressive JPEG in grey or YCbCr that ends where it should.
fn clean_jpeg(file: &[u8]) -> Option<Jpeg> {
    let mut data = Vec::with_capacity(file.len());
    data.extend_from_slice(file.get(..2).filter(|head| *head == [0xFF, 0xD8])?);
    let mut frame = None;
    let mut at = 2;
    loop {
        let marker = file.get(at..at + 2)?;
        let &[0xFF, marker] = marker else { return None };
        let length = usize::from(u16::from_be_bytes([*file.get(at + 2)?, *file.get(at + 3)?]));
        let segment = file.get(at..at.checked_add(length + 2)?)?;
        match marker {
            // Baseline, extended and progressive frames.
            0xC0..=0xC2 => {
                let &[8, h1, h0, w1, w0, components @ (1 | 3)] = segment.get(4..10)? else {
                    return None;
                };
                let width = u32::from(u16::from_be_bytes([w1, w0]));
                let height = u32::from(u16::from_be_bytes([h1, h0]));
                if width == 0 || height == 0 || frame.is_some() {
                    return None;
                }
                frame = Some((width, height, components));
                data.extend_from_slice(segment);
            }
            // Tables, restart interval, JFIF.
            0xC4 | 0xDB | 0xDD | 0xE0 => data.extend_from_slice(segment),
            // Exif may turn the picture; Adobe may say that it is no YCbCr.
            0xE1 if segment.get(4..8) == Some(b"Exif") => return None,
            0xEE => return None,
            0xDA => break,
            0xE1..=0xEF | 0xFE => {}
            _ => return None,
        }
        at += length + 2;
    }
    let (width, height, components) = frame?;
    let rest = file.get(at..)?;
    let end = rest.windows(2).rposition(|pair| pair == [0xFF, 0xD9])? + 2;
    data.extend_from_slice(rest.get(..end)?);
    Some(Jpeg {
        data,
        width,
        height,
        components,
    })
}

/// Decodes any JPEG or PNG, turns it upright, reduces it to the slot and encodes it.
fn remake(file: &[u8], slot: Rect) -> Result<Jpeg, String> {
    let damaged = |error: image::ImageError| format!("照片无法解码（{error}），请换用 JPEG 或 PNG 文件");
    let mut reader = ImageReader::new(Cursor::new(file))
        .with_guessed_format()
        .map_err(|error| format!("照片无法读取（{error}）"))?;
    if !matches!(reader.format(), Some(ImageFormat::Jpeg | ImageFormat::Png)) {
        return Err("照片不是 JPEG 或 PNG 文件，请转换后再提交".to_owned());
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_PHOTO_SIDE);
    limits.max_image_height = Some(MAX_PHOTO_SIDE);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(damaged)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    picture.apply_orientation(orientation);
    let (most_w, most_h) = ((slot.w * DOTS_PER_MM) as u32, (slot.h * DOTS_PER_MM) as u32);
    if picture.width() > most_w && picture.height() > most_h {
        picture = picture.resize(most_w.max(1), most_h.max(1), FilterType::CatmullRom);
    }
    let picture = on_white(&picture);
    let mut data = Vec::new();
    JpegEncoder::new_with_quality(&mut data, QUALITY)
        .encode_image(&picture)
        .map_err(damaged)?;
    Ok(Jpeg {
        data,
        width: picture.width(),
        height: picture.height(),
        components: 3,
    })
}

/// Lays what is transparent on white.
fn on_white(picture: &DynamicImage) -> image::RgbImage {
    if !picture.color().has_alpha() {
        return picture.to_rgb8();
    }
    let source = picture.to_rgba8();
    image::RgbImage::from_fn(source.width(), source.height(), |x, y| {
        let [r, g, b, a] = source.get_pixel(x, y).0.map(u16::from);
        image::Rgb([r, g, b].map(|part| ((part * a + 255 * (255 - a)) / 255) as u8))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SLOT: Rect = Rect {
        x: 10.0,
        y: 10.0,
        w: 26.0,
        h: 35.0,
    };

    fn picture(width: u32, height: u32) -> DynamicImage {
        let pixels = image::RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 90]));
        DynamicImage::ImageRgb8(pixels)
    }

    fn jpeg(width: u32, height: u32) -> Vec<u8> {
        let mut file = Vec::new();
        JpegEncoder::new_with_quality(&mut file, 90)
            .encode_image(&picture(width, height))
            .unwrap();
        file
    }

    fn placed(file: Vec<u8>) -> Result<PlacedPicture, String> {
        place(&file.into(), SLOT, &Arc::from("photo"))
    }

    #[test]
    fn a_photo_keeps_its_proportions_and_stays_in_its_slot() {
        for (w, h) in [(295, 413), (400, 400), (200, 500), (1600, 900)] {
            let placed = placed(jpeg(w, h)).unwrap();
            let ratio = placed.place.w / placed.place.h;
            assert!((ratio - w as f32 / h as f32).abs() < 0.02, "{ratio}");
            assert!(placed.place.x >= SLOT.x - 0.01 && placed.place.w <= SLOT.w + 0.01);
            assert!(placed.place.y >= SLOT.y - 0.01 && placed.place.h <= SLOT.h + 0.01);
        }
    }

    #[test]
    fn what_the_camera_wrote_beside_the_picture_is_left_out() {
        let mut file = jpeg(295, 413);
        let comment = b"\xFF\xFE\x00\x10GPS 34.7,113.6";
        file.splice(2..2, comment.iter().copied());
        let Picture::Jpeg { data, components, .. } = placed(file).unwrap().picture else {
            panic!()
        };
        assert!(!data.windows(3).any(|bytes| bytes == b"GPS"));
        assert_eq!(components, 3);
        assert_eq!(image::load_from_memory(&data).unwrap().width(), 295);
    }

    #[test]
    fn png_and_oversized_photos_become_small_jpegs() {
        let mut png = Vec::new();
        let source = DynamicImage::ImageRgba8(picture(800, 1100).to_rgba8());
        source
            .write_to(&mut Cursor::new(&mut png), ImageFormat::Png)
            .unwrap();
        let Picture::Jpeg { data, width, .. } = placed(png).unwrap().picture else {
            panic!()
        };
        assert!(width <= 310 && data.len() < 100_000, "{width} {}", data.len());
    }

    #[test]
    fn what_is_no_photo_is_refused_with_the_reason() {
        assert!(placed(b"GIF89a......".to_vec()).unwrap_err().contains("JPEG"));
        let mut cut = jpeg(295, 413);
        cut.truncate(400);
        assert!(placed(cut).is_err());
        assert!(placed(vec![0; MAX_PHOTO_BYTES + 1]).unwrap_err().contains("上限"));
    }
}
