//! The national emblem (国徽) as its department supplies it, for the place that faces keep free.
//!
//! Takes a PNG file with a transparent ground; gives [`EmblemArt`], made once and part of the base art
//! from then on, so that every document of a type carries the same bytes. None is drawn or shipped here.

use std::{
    io::{self, Cursor},
    path::{Path, PathBuf},
    sync::Arc,
};

use image::{
    ImageFormat, ImageReader, Limits, RgbImage, RgbaImage, codecs::jpeg::JpegEncoder, imageops,
    imageops::FilterType,
};

use super::{Picture, PlacedPicture, Rect};
use crate::{
    files::read_to,
    limits::{MAX_EMBLEM_BYTES, MAX_PHOTO_SIDE},
};

/// Longest side it is kept at, in pixels: 450 dots an inch at 23 mm, the largest place on any face.
const KEPT_SIDE: u32 = 410;
/// Shortest side accepted: 280 dots an inch at that size.
const LEAST_SIDE: u32 = 256;
const QUALITY: u8 = 92;

/// Emblem art, ready to be placed.
#[derive(Debug, Clone)]
pub struct EmblemArt {
    data: Arc<[u8]>,
    alpha: Arc<[u8]>,
    width: u32,
    height: u32,
}

/// Why emblem art cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("国徽图样 {path}：{reason} / emblem art cannot be used")]
pub struct EmblemError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong and what to do, in Chinese.
    pub reason: String,
    /// What the operating system said.
    pub source: Option<io::Error>,
}

impl EmblemArt {
    /// Reads a PNG file: colour, with a transparent ground.
    pub fn read(path: &Path) -> Result<EmblemArt, EmblemError> {
        let refuse = |reason: String, source| EmblemError {
            path: path.to_owned(),
            reason,
            source,
        };
        let file = read_to(path, MAX_EMBLEM_BYTES).map_err(|error| {
            refuse(
                "无法读取，请核对 certseal.toml 中 emblem 所指的文件".to_owned(),
                Some(error),
            )
        })?;
        EmblemArt::parse(&file).map_err(|reason| refuse(reason, None))
    }

    /// The same from the bytes of the file; the reason for a refusal is for the operator.
    pub fn parse(file: &[u8]) -> Result<EmblemArt, String> {
        if file.len() > MAX_EMBLEM_BYTES {
            return Err(format!(
                "文件超过上限 {} KB，请缩小后再用",
                MAX_EMBLEM_BYTES >> 10
            ));
        }
        let mut reader = ImageReader::new(Cursor::new(file));
        reader.set_format(ImageFormat::Png);
        let mut limits = Limits::default();
        limits.max_image_width = Some(MAX_PHOTO_SIDE);
        limits.max_image_height = Some(MAX_PHOTO_SIDE);
        reader.limits(limits);
        let art = reader.decode().map_err(|error| {
            format!("不是可用的 PNG 文件（{error}），请导出为边长不超过 {MAX_PHOTO_SIDE} 像素的 PNG")
        })?;
        let (width, height) = (art.width(), art.height());
        if width.min(height) < LEAST_SIDE {
            return Err(format!(
                "{width}×{height} 像素太小，印出会模糊，请提供边长不小于 {LEAST_SIDE} 像素的图样"
            ));
        }
        let mut art = art.to_rgba8();
        if art.pixels().all(|pixel| pixel.0[3] == u8::MAX) {
            return Err("底色不透明，会盖住照面的底纹，请导出为透明背景的 PNG".to_owned());
        }
        if art.pixels().all(|pixel| pixel.0[3] == 0) {
            return Err("图样全部透明，什么也印不出来，请重新导出".to_owned());
        }
        if width.max(height) > KEPT_SIDE {
            art = reduced(art);
        }
        let alpha: Arc<[u8]> = art.pixels().map(|pixel| pixel.0[3]).collect();
        let colours = RgbImage::from_fn(art.width(), art.height(), |x, y| {
            let [r, g, b, a] = art.get_pixel(x, y).0;
            image::Rgb(if a == 0 { [u8::MAX; 3] } else { [r, g, b] })
        });
        let mut data = Vec::new();
        JpegEncoder::new_with_quality(&mut data, QUALITY)
            .encode_image(&colours)
            .map_err(|error| format!("无法转换（{error}），请重新导出"))?;
        Ok(EmblemArt {
            data: data.into(),
            alpha,
            width: art.width(),
            height: art.height(),
        })
    }

    /// In the middle of a place, as large as its proportions allow.
    pub(super) fn placed(&self, slot: Rect) -> PlacedPicture {
        let (width, height) = (self.width as f32, self.height as f32);
        let scale = (slot.w / width).min(slot.h / height);
        let (w, h) = (width * scale, height * scale);
        PlacedPicture {
            place: Rect {
                x: slot.x + (slot.w - w) / 2.0,
                y: slot.y + (slot.h - h) / 2.0,
                w,
                h,
            },
            picture: Picture::Jpeg {
                data: Arc::clone(&self.data),
                width: self.width,
                height: self.height,
                components: 3,
                alpha: Some(Arc::clone(&self.alpha)),
            },
            field: None,
        }
    }
}

/// At the size it is kept at. Colours are weighed by their opacity, for those of transparent pixels
/// mean nothing.
fn reduced(mut art: RgbaImage) -> RgbaImage {
    for pixel in art.pixels_mut() {
        let [r, g, b, a] = pixel.0;
        let weighed = |part: u8| (u16::from(part) * u16::from(a) / 255) as u8;
        pixel.0 = [weighed(r), weighed(g), weighed(b), a];
    }
    let longest = art.width().max(art.height());
    let side = |side: u32| (side * KEPT_SIDE / longest).max(1);
    let mut small = imageops::resize(
        &art,
        side(art.width()),
        side(art.height()),
        FilterType::CatmullRom,
    );
    for pixel in small.pixels_mut() {
        let [r, g, b, a] = pixel.0;
        let full = |part: u8| (u16::from(part) * 255 / u16::from(a.max(1))).min(255) as u8;
        pixel.0 = [full(r), full(g), full(b), a];
    }
    small
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]
    use image::{DynamicImage, Rgba};

    use super::*;

    /// A disc on a transparent ground: art of the right kind that is nobody's emblem.
    pub(in crate::face) fn disc(side: u32) -> Vec<u8> {
        let half = side as f32 / 2.0;
        let disc = RgbaImage::from_fn(side, side, |x, y| {
            let inside = (x as f32 - half).hypot(y as f32 - half) < half * 0.9;
            if inside {
                Rgba([40, 90, 160, 255])
            } else {
                Rgba([0, 0, 0, 0])
            }
        });
        png(&disc.into())
    }

    fn png(picture: &DynamicImage) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        picture.write_to(&mut out, ImageFormat::Png).unwrap();
        out.into_inner()
    }

    #[test]
    fn art_keeps_its_shape_and_colour_and_shrinks_to_what_a_press_resolves() {
        let art = EmblemArt::parse(&disc(1200)).unwrap();
        assert_eq!((art.width, art.height), (410, 410));
        assert_eq!(art.alpha.len(), 410 * 410);
        assert!(art.data.len() < 40_000, "{}", art.data.len());
        assert_eq!((art.alpha[0], art.alpha[410 * 205 + 205]), (0, 255));
        let back = image::load_from_memory(&art.data).unwrap().to_rgb8();
        // Beside the edge, where reducing mixes with what is transparent.
        for (x, y) in [(205, 205), (22, 205), (388, 205)] {
            let [r, g, b] = back.get_pixel(x, y).0;
            let near = |is: u8, was: u8| is.abs_diff(was) < 24;
            assert!(near(r, 40) && near(g, 90) && near(b, 160), "{x}: {r} {g} {b}");
        }
        let slot = Rect {
            x: 10.0,
            y: 20.0,
            w: 22.0,
            h: 30.0,
        };
        let place = art.placed(slot).place;
        assert_eq!((place.x, place.w, place.h), (10.0, 22.0, 22.0));
        assert!((place.y - 24.0).abs() < 0.01);
    }

    #[test]
    fn what_cannot_be_emblem_art_is_refused_with_the_reason() {
        let refused = |file: &[u8]| EmblemArt::parse(file).unwrap_err();
        assert!(refused(b"<svg/>").contains("PNG"));
        assert!(refused(&disc(1200)[..2000]).contains("PNG"));
        assert!(refused(&disc(200)).contains("200×200"));
        assert!(refused(&png(&DynamicImage::new_rgb8(400, 400))).contains("透明背景"));
        assert!(refused(&png(&DynamicImage::new_rgba8(400, 400))).contains("全部透明"));
        assert!(refused(&vec![0; MAX_EMBLEM_BYTES + 1]).contains("上限"));
        let missing = EmblemArt::read(Path::new("/nowhere/emblem.png")).unwrap_err();
        assert!(missing.to_string().contains("/nowhere/emblem.png") && missing.source.is_some());
    }
}
