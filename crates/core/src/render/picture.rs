//! Bitmaps of OFD packages and seals as pixels: PNG, JPEG, BMP, GIF, TIFF and JBIG2.

use std::io::Cursor;

use hayro_jbig2::{DecodeSettings, Decoder, File, Page};
use image::{ImageBuffer, ImageFormat, ImageReader, Limits, Rgba, RgbaImage, imageops};
use tiny_skia::{IntSize, Pixmap};

use crate::limits::MAX_RENDER_PICTURE;

/// Why there are no pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Of a format that is not drawn.
    Format,
    /// Damaged, or too large.
    Unreadable,
}

/// First bytes of a JBIG2 file (ITU-T T.88 annex D.4.1).
const JBIG2: &[u8] = b"\x97JB2\r\n\x1a\n";

/// Decodes a bitmap. `stated` is the format it goes by, which counts only where the bytes do not say.
pub(super) fn decode(bytes: &[u8], stated: Option<&str>) -> Result<Pixmap, Fault> {
    let stated = stated.unwrap_or_default().to_ascii_uppercase();
    if bytes.starts_with(JBIG2) {
        return jbig2(bytes);
    }
    match image::guess_format(bytes) {
        Ok(
            format @ (ImageFormat::Bmp
            | ImageFormat::Gif
            | ImageFormat::Jpeg
            | ImageFormat::Png
            | ImageFormat::Tiff),
        ) => premultiplied(raster(bytes, format)?),
        // Segments of JBIG2 without a file around them say nothing of themselves.
        _ if stated.contains("JB") || stated.contains("BIG2") => jbig2(bytes),
        _ => Err(Fault::Format),
    }
}

fn raster(bytes: &[u8], format: ImageFormat) -> Result<RgbaImage, Fault> {
    let reader = || ImageReader::with_format(Cursor::new(bytes), format);
    let (width, height) = reader().into_dimensions().map_err(|_| Fault::Unreadable)?;
    within(width, height)?;
    let mut reader = reader();
    let mut limits = Limits::default();
    // Sixteen bits in four channels, and as much again to work in.
    limits.max_alloc = Some(MAX_RENDER_PICTURE * 16);
    reader.limits(limits);
    let decoded = reader.decode().map_err(|_| Fault::Unreadable)?;
    Ok(decoded.into_rgba8())
}

fn within(width: u32, height: u32) -> Result<(), Fault> {
    if u64::from(width) * u64::from(height) > MAX_RENDER_PICTURE {
        return Err(Fault::Unreadable);
    }
    Ok(())
}

fn premultiplied(mut picture: RgbaImage) -> Result<Pixmap, Fault> {
    for pixel in picture.pixels_mut() {
        let [red, green, blue, alpha] = pixel.0;
        let by = |channel| {
            tiny_skia::ColorU8::from_rgba(channel, 0, 0, alpha)
                .premultiply()
                .red()
        };
        pixel.0 = [by(red), by(green), by(blue), alpha];
    }
    pixmap(picture)
}

fn pixmap(picture: RgbaImage) -> Result<Pixmap, Fault> {
    let size = IntSize::from_wh(picture.width(), picture.height()).ok_or(Fault::Unreadable)?;
    Pixmap::from_vec(picture.into_raw(), size).ok_or(Fault::Unreadable)
}

/// Black and white pixels as they are decoded.
struct Gray {
    pixels: Vec<u8>,
    most: usize,
}

impl Decoder for Gray {
    fn push_pixel(&mut self, black: bool) {
        if self.pixels.len() < self.most {
            let shade = if black { 0 } else { 0xFF };
            self.pixels.extend([shade, shade, shade, 0xFF]);
        }
    }

    fn push_pixel_chunk(&mut self, black: bool, chunk_count: u32) {
        for _ in 0..chunk_count.saturating_mul(8) {
            if self.pixels.len() >= self.most {
                break;
            }
            self.push_pixel(black);
        }
    }

    fn next_line(&mut self) {}
}

fn jbig2(bytes: &[u8]) -> Result<Pixmap, Fault> {
    let settings = DecodeSettings::default();
    if bytes.starts_with(JBIG2) {
        let file = File::new(bytes, &settings).map_err(|_| Fault::Unreadable)?;
        let page = file.page(0).ok_or(Fault::Unreadable)?;
        return jbig2_page(&page);
    }
    let page = Page::new_embedded(bytes, None, &settings).map_err(|_| Fault::Unreadable)?;
    jbig2_page(&page)
}

fn jbig2_page(page: &Page<'_>) -> Result<Pixmap, Fault> {
    let (width, height) = (page.width(), page.height());
    within(width, height)?;
    let most = width as usize * height as usize * 4;
    let mut gray = Gray {
        pixels: Vec::with_capacity(most),
        most,
    };
    page.decode(&mut gray).map_err(|_| Fault::Unreadable)?;
    gray.pixels.resize(most, 0xFF);
    let picture = RgbaImage::from_raw(width, height, gray.pixels).ok_or(Fault::Unreadable)?;
    pixmap(picture)
}

/// How many pixels a picture has.
pub(super) fn area(picture: &Pixmap) -> u64 {
    u64::from(picture.width()) * u64::from(picture.height())
}

/// Leaves of a picture what a bitmap of the same size lets through: what is white in it (clause 10, ImageMask).
pub(super) fn masked(picture: &Pixmap, mask: &Pixmap) -> Option<Pixmap> {
    if (picture.width(), picture.height()) != (mask.width(), mask.height()) {
        return None;
    }
    let mut masked = picture.clone();
    for (pixel, mask) in masked.data_mut().chunks_exact_mut(4).zip(mask.pixels()) {
        let lets_through = u16::from(mask.red()) + u16::from(mask.green()) + u16::from(mask.blue());
        if lets_through < 3 * 0x80 {
            pixel.fill(0);
        }
    }
    Some(masked)
}

/// A picture in at most twice so many pixels across and down, each the mean of those it stands for. Drawn as it is, a large
/// picture would lose most of its pixels. None where it has no more.
pub(super) fn shrunk(picture: &Pixmap, width: f32, height: f32) -> Option<Pixmap> {
    let side = |wanted: f32, has: u32| ((wanted * 2.0).ceil().max(1.0) as u32).min(has);
    let (width, height) = (side(width, picture.width()), side(height, picture.height()));
    if (width, height) == (picture.width(), picture.height()) {
        return None;
    }
    let whole: ImageBuffer<Rgba<u8>, &[u8]> =
        ImageBuffer::from_raw(picture.width(), picture.height(), picture.data())?;
    pixmap(imageops::thumbnail(&whole, width, height)).ok()
}
