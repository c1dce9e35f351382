//! QR codes out of pictures: photos, scans, rendered pages, or modules already laid out.

use std::{
    cell::Cell,
    io::Cursor,
    panic::{AssertUnwindSafe, catch_unwind},
};

use image::{GrayImage, ImageError, ImageFormat, ImageReader, Limits, imageops};
use rqrr::{Grid, PreparedImage, SimpleGrid};

use self::{
    bitmap::{Bitmap, Corner},
    metered::Metered,
};
use super::{symbol, text};
use crate::limits::{MAX_PICTURE_PIXELS, MAX_QR_CORNERS, MAX_QR_TEXT, MAX_QR_WORK};

mod bitmap;
mod grid;
mod metered;

/// Why a picture could not be searched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// Broken, or not what its first bytes promise.
    #[error("the picture cannot be decoded")]
    Broken,
    /// More corners of QR codes, or what looks like it, than can be put together in reasonable time.
    #[error("the picture shows too much that looks like corners of QR codes")]
    TooBusy,
    /// More pixels than are searched.
    #[error("the picture has more than {limit} pixels")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// Neither PNG nor JPEG.
    #[error("the picture is neither PNG nor JPEG")]
    UnknownFormat,
}

/// Texts of all QR codes found in a PNG or JPEG file, each once.
///
/// Tried in turn until one of a certificate is found: as it is (very large pictures at reduced size), small
/// pictures doubled in size, and both again with black and white exchanged; each by the grid of modules that
/// three corners span, then by the reader library. Others beside it, such as a code for payments, stop nothing.
pub fn decode(file: &[u8]) -> Result<Vec<String>, PictureError> {
    let grey = open(file)?;
    let pixels = u64::from(grey.width()) * u64::from(grey.height());
    let doubled = (pixels * 4 <= COMFORTABLE_PIXELS).then(|| doubled(&grey));
    let left = Cell::new(MAX_QR_WORK);
    let mut found = Vec::new();
    let mut busy = None;
    for inverted in [false, true] {
        for image in [Some(&grey), doubled.as_ref()].into_iter().flatten() {
            if let Err(error) = search(image, inverted, &left, &mut found) {
                busy = Some(error);
            }
            if has_ours(&found) {
                return Ok(found);
            }
        }
    }
    match busy {
        Some(error) if found.is_empty() => Err(error),
        _ => Ok(found),
    }
}

/// Whether one of the texts is a certificate's.
fn has_ours(texts: &[String]) -> bool {
    texts.iter().any(|text| text::parse(text).is_ok())
}

/// Text of a symbol whose modules are known: `width` modules a side, quiet zone left out. One of our own form is
/// read some ten times faster than any other.
pub fn decode_modules(dark: &[bool], width: u32) -> Option<String> {
    let side = width as usize;
    if !(21..=177).contains(&side) || dark.len() != side * side {
        return None;
    }
    if let Some(text) = symbol::read(dark, width) {
        return Some(text);
    }
    let grid = SimpleGrid::from_func(side, |x, y| dark.get(y * side + x).copied().unwrap_or(false));
    guarded(|| Grid::new(grid).decode().ok().map(|(_, text)| text)).flatten()
}

/// Text of a symbol that is drawn upright and without blur, as in a document's own picture of it: its modules are read off;
/// where that gives nothing, the symbol is looked for as in any picture.
pub fn decode_drawn(file: &[u8]) -> Result<Option<String>, PictureError> {
    if let Some((dark, width)) = modules(&open(file)?)
        && let Some(text) = decode_modules(&dark, width)
    {
        return Ok(Some(text));
    }
    let mut texts = decode(file)?;
    Ok((texts.len() == 1).then(|| texts.swap_remove(0)))
}

/// The modules of an upright symbol: its first dark row runs from one finder's corner to the other's, and begins with the
/// seven modules of a side.
fn modules(grey: &GrayImage) -> Option<(Vec<bool>, u32)> {
    let is_dark = |x: u32, y: u32| grey.get_pixel_checked(x, y).is_some_and(|pixel| pixel.0 < [128]);
    let across = grey.width().max(1) as usize;
    let rows = grey.as_raw().chunks_exact(across);
    let (top, row) = (0..)
        .zip(rows)
        .find(|(_, row)| row.iter().any(|value| *value < 128))?;
    let left = row.iter().position(|value| *value < 128)?;
    let right = row.iter().rposition(|value| *value < 128)?;
    let finder = row.iter().skip(left).take_while(|value| **value < 128).count();
    let (left, side) = (u32::try_from(left).ok()?, u32::try_from(right - left + 1).ok()?);
    let module = u32::try_from(finder / 7).ok().filter(|module| *module > 0)?;
    let width = side / module;
    if width * module != side || !(21..=177).contains(&width) {
        return None;
    }
    let middle = |place: u32| place * module + module / 2;
    let places = (0..width).flat_map(|row| (0..width).map(move |column| (column, row)));
    let found = places.map(|(column, row)| is_dark(left + middle(column), top + middle(row)));
    Some((found.collect(), width))
}

fn open(file: &[u8]) -> Result<GrayImage, PictureError> {
    let format = image::guess_format(file).map_err(|_| PictureError::UnknownFormat)?;
    if !matches!(format, ImageFormat::Png | ImageFormat::Jpeg) {
        return Err(PictureError::UnknownFormat);
    }
    // A few bytes of a file can also say that its colour profile is a gigabyte: each step has the memory that
    // the picture needs, and some for what stands around it.
    let reader = |bytes: u64| {
        let mut reader = ImageReader::with_format(Cursor::new(file), format);
        let mut limits = Limits::default();
        limits.max_alloc = Some(bytes + ROOM_AROUND);
        reader.limits(limits);
        reader
    };
    let (width, height) = reader(0).into_dimensions().map_err(|_| PictureError::Broken)?;
    let pixels = u64::from(width) * u64::from(height);
    if pixels > MAX_PICTURE_PIXELS {
        return Err(PictureError::TooLarge {
            limit: MAX_PICTURE_PIXELS,
        });
    }
    let mut picture = reader(pixels * BYTES_OF_A_PIXEL)
        .decode()
        .map_err(|error| match error {
            ImageError::Limits(_) => PictureError::TooLarge {
                limit: MAX_PICTURE_PIXELS,
            },
            _ => PictureError::Broken,
        })?;
    if pixels > COMFORTABLE_PIXELS {
        let factor = (COMFORTABLE_PIXELS as f64 / pixels as f64).sqrt();
        let smaller = |side: u32| ((f64::from(side) * factor) as u32).max(1);
        picture = picture.thumbnail_exact(smaller(width), smaller(height));
    }
    Ok(on_white(&picture))
}

/// Grey values; what is transparent shows the paper.
fn on_white(picture: &image::DynamicImage) -> GrayImage {
    if !picture.color().has_alpha() {
        return picture.to_luma8();
    }
    let with_alpha = picture.to_luma_alpha8();
    GrayImage::from_fn(with_alpha.width(), with_alpha.height(), |x, y| {
        let [luma, alpha] = with_alpha.get_pixel(x, y).0.map(u32::from);
        image::Luma([((luma * alpha + 255 * (255 - alpha)) / 255) as u8])
    })
}

fn doubled(image: &GrayImage) -> GrayImage {
    let (width, height) = image.dimensions();
    imageops::resize(image, width * 2, height * 2, imageops::FilterType::Triangle)
}

/// Adds the texts found to those found before.
fn search(
    image: &GrayImage,
    inverted: bool,
    left: &Cell<u64>,
    found: &mut Vec<String>,
) -> Result<(), PictureError> {
    let (width, height) = image.dimensions();
    if width < SMALLEST_SIDE || height < SMALLEST_SIDE {
        return Ok(());
    }
    let bitmap = Bitmap::of(image, inverted);
    let corners = bitmap.corners();
    if corners.len() < CORNERS_OF_ONE {
        return Ok(());
    }
    let upright: Vec<Corner> = corners
        .iter()
        .filter(|corner| bitmap.crossed_upright(corner))
        .copied()
        .collect();
    if upright.len() <= MAX_QR_CORNERS {
        add(found, grid::read(image, inverted, &upright));
        if has_ours(found) {
            return Ok(());
        }
    }
    if corners.len() > MAX_QR_CORNERS {
        return Err(PictureError::TooBusy);
    }
    add(found, by_library(&bitmap, left)?);
    Ok(())
}

fn add(found: &mut Vec<String>, more: Vec<String>) {
    for text in more {
        if !found.contains(&text) {
            found.push(text);
        }
    }
}

/// The reader library's own search, within the steps that are left: it knows ways of its own where ours fails.
fn by_library(bitmap: &Bitmap, left: &Cell<u64>) -> Result<Vec<String>, PictureError> {
    let find = || {
        let mut prepared = PreparedImage::without_preparation(Metered::of(bitmap, left));
        let decoded = prepared
            .detect_grids()
            .into_iter()
            .filter_map(|grid| grid.decode().ok());
        let mut texts = Vec::new();
        add(
            &mut texts,
            decoded
                .map(|(_, text)| text)
                .filter(|text| text.len() <= MAX_QR_TEXT)
                .collect(),
        );
        texts
    };
    match guarded(find) {
        None if left.get() == 0 => Err(PictureError::TooBusy),
        found => Ok(found.unwrap_or_default()),
    }
}

/// Runs the reader library so that a panic on a hostile picture counts as "nothing found".
fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

/// An A4 page at 300 dpi: enough for modules of 0.33 mm, and quick to search.
const COMFORTABLE_PIXELS: u64 = 9_000_000;
/// Most memory of one pixel while a picture is decoded: red, green, blue and opacity. Pictures with sixteen
/// bits of each may have half the pixels.
const BYTES_OF_A_PIXEL: u64 = 4;
/// Memory for a picture's header, colour profile and texts.
const ROOM_AROUND: u64 = 4 << 20;
/// Corners that every QR code has.
const CORNERS_OF_ONE: usize = 3;
/// A version 1 symbol with one pixel a module.
const SMALLEST_SIDE: u32 = 21;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Instant;

    use image::{DynamicImage, Luma, Rgba, RgbaImage};
    use ring::rand::{SecureRandom, SystemRandom};

    use super::*;

    fn drawn(content: &str, scale: u32, quiet: u32) -> GrayImage {
        let code = symbol::encode(content).unwrap();
        let side = (code.width + 2 * quiet) * scale;
        GrayImage::from_fn(side, side, |x, y| {
            let at = |v: u32| (v / scale).checked_sub(quiet).filter(|&m| m < code.width);
            let dark = at(x)
                .zip(at(y))
                .is_some_and(|(x, y)| code.dark[(y * code.width + x) as usize]);
            Luma([if dark { 20 } else { 240 }])
        })
    }

    fn file(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        image.into().write_to(&mut out, format).unwrap();
        out.into_inner()
    }

    fn sample() -> String {
        let bytes: Vec<u8> = (0..340_u32).map(|i| (i * 91 % 253) as u8).collect();
        text::encode("verify.example.gov.cn", &bytes)
    }

    #[test]
    fn what_is_drawn_without_blur_is_read_off() {
        let content = sample();
        for (scale, quiet) in [(8, 0), (8, 4), (3, 1), (1, 4)] {
            let image = drawn(&content, scale, quiet);
            assert!(modules(&image).is_some());
            let read = decode_drawn(&file(image, ImageFormat::Png)).unwrap();
            assert_eq!(read.as_deref(), Some(&content[..]), "{scale} {quiet}");
        }
        let turned = image::imageops::rotate180(&drawn(&content, 4, 4));
        let read = decode_drawn(&file(turned, ImageFormat::Png)).unwrap();
        assert_eq!(read.as_deref(), Some(&content[..]));
        let empty = GrayImage::from_pixel(30, 30, Luma([255]));
        assert_eq!(decode_drawn(&file(empty, ImageFormat::Png)).unwrap(), None);
    }

    #[test]
    fn pictures_of_all_kinds_are_read() {
        let content = sample();
        let plain = drawn(&content, 4, 4);
        let mut inverted = plain.clone();
        imageops::invert(&mut inverted);
        let small = drawn(&content, 2, 4);
        let clear = RgbaImage::from_fn(plain.width(), plain.height(), |x, y| {
            Rgba([0, 0, 0, if plain.get_pixel(x, y).0[0] < 128 { 255 } else { 0 }])
        });
        for (name, bytes) in [
            ("png", file(plain.clone(), ImageFormat::Png)),
            ("jpeg", file(plain.clone(), ImageFormat::Jpeg)),
            ("turned", file(imageops::rotate90(&plain), ImageFormat::Png)),
            ("inverted", file(inverted, ImageFormat::Png)),
            ("small", file(small, ImageFormat::Png)),
            ("transparent", file(clear, ImageFormat::Png)),
        ] {
            assert_eq!(decode(&bytes), Ok(vec![content.clone()]), "{name}");
        }
    }

    /// As a phone sees it: turned by some degrees, nearer at one side, bent, unsharp, shaded.
    fn photographed(code: &GrayImage, degrees: f64, tilt: f64, bend: f64, blur: f32) -> GrayImage {
        let side = code.width() * 3 / 2;
        let middle = f64::from(side) / 2.0;
        let (sin, cos) = degrees.to_radians().sin_cos();
        let photo = GrayImage::from_fn(side, side, |x, y| {
            let (x, y) = (f64::from(x) - middle, f64::from(y) - middle);
            let depth = 1.0 + tilt * x / middle;
            let (u, v) = ((x * cos - y * sin) * depth, (x * sin + y * cos) * depth);
            let v = v + bend * (u / middle) * (u / middle);
            let at = |v: f64| v + f64::from(code.width()) / 2.0;
            let inside = |v: f64| (0.0..f64::from(code.width())).contains(&v);
            let grey = if inside(at(u)) && inside(at(v)) {
                f64::from(code.get_pixel(at(u) as u32, at(v) as u32).0[0])
            } else {
                200.0
            };
            Luma([(grey * (0.75 + 0.25 * x / middle)) as u8])
        });
        imageops::blur(&photo, blur)
    }

    #[test]
    fn photos_are_read() {
        let content = sample();
        let code = drawn(&content, 6, 4);
        for (degrees, tilt, bend, blur) in [
            (0.0, 0.0, 0.0, 2.5),
            (3.0, 0.05, 0.0, 1.5),
            (45.0, 0.0, 0.0, 1.5),
            (100.0, -0.1, 4.0, 1.0),
            (190.0, 0.1, -6.0, 1.5),
            (311.0, 0.12, 6.0, 1.0),
        ] {
            let photo = file(photographed(&code, degrees, tilt, bend, blur), ImageFormat::Jpeg);
            let read = decode(&photo);
            assert_eq!(read, Ok(vec![content.clone()]), "{degrees} {tilt} {bend} {blur}");
        }
    }

    #[test]
    fn a_code_on_a_page_is_found() {
        let content = sample();
        let code = drawn(&content, 4, 4);
        let mut page = GrayImage::from_pixel(2480, 3508, Luma([255]));
        imageops::overlay(&mut page, &code, 1_900, 2_900);
        assert_eq!(decode(&file(page, ImageFormat::Png)), Ok(vec![content]));
    }

    /// Corners of QR codes, `side` times `side` of them.
    fn corners(side: u32, scale: u32) -> GrayImage {
        GrayImage::from_fn(side * 8 * scale + 16, side * 8 * scale + 16, |x, y| {
            let within = |v: u32| v.checked_sub(8).map(|v| v / scale).filter(|v| *v < side * 8);
            let module = |v: u32| within(v).map_or(7, |v| v % 8);
            let (x, y) = (module(x), module(y));
            let ring = x.min(y) == 0 || x.max(y) == 6;
            let stone = (2..5).contains(&x) && (2..5).contains(&y);
            Luma([if x < 7 && y < 7 && (ring || stone) { 0 } else { 255 }])
        })
    }

    #[test]
    fn a_picture_full_of_corners_is_refused_before_they_are_tried() {
        assert_eq!(Bitmap::of(&corners(4, 3), false).corners().len(), 16);
        let content = sample();
        assert_eq!(Bitmap::of(&drawn(&content, 4, 4), false).corners().len(), 3);
        for (side, scale) in [(40, 4), (300, 1)] {
            let picture = file(corners(side, scale), ImageFormat::Png);
            assert!(matches!(decode(&picture), Err(PictureError::TooBusy)), "{side}");
        }
    }

    /// Four crowds of six corners at the ends of a square: each corner has six by six pairs to go with.
    #[test]
    fn a_code_of_somebody_else_hides_none_of_ours() {
        let ours = sample();
        let theirs = "wxp://f2f0aBcDeFgHiJkLmNoPqRsTuVwXyZ";
        // Ours is white on black, which is looked for last.
        let mut negative = drawn(&ours, 4, 4);
        imageops::invert(&mut negative);
        let mut page = GrayImage::from_pixel(1_200, 700, Luma([255]));
        imageops::overlay(&mut page, &drawn(theirs, 5, 4), 20, 20);
        imageops::overlay(&mut page, &negative, 600, 60);
        let found = decode(&file(page, ImageFormat::Png)).unwrap();
        assert_eq!(found, [theirs.to_owned(), ours]);
    }

    #[test]
    fn crowds_of_corners_end_within_the_steps_allowed() {
        for ground in GROUNDS {
            let page = crowded(ground);
            let bitmap = Bitmap::of(&page, false);
            assert_eq!(bitmap.corners().len(), MAX_QR_CORNERS);
            let left = Cell::new(MAX_QR_WORK);
            let found = by_library(&bitmap, &left);
            assert!(found.is_err() || left.get() > 0, "ground {ground}: {found:?}");
        }
    }

    #[test]
    #[ignore = "a measurement, not a check"]
    #[expect(clippy::print_stdout, reason = "its result is for reading")]
    fn cost_of_the_worst_picture() {
        for ground in GROUNDS {
            // Black on white and white on black, so that both searches have their fill.
            let page = crowded(ground);
            let mut negative = page.clone();
            imageops::invert(&mut negative);
            let (half, quarter) = (page.width() / 2, page.height() / 2);
            let mut both = GrayImage::from_pixel(page.width(), page.height(), Luma([255]));
            let smaller = |image| imageops::resize(image, half, quarter, imageops::FilterType::Nearest);
            imageops::overlay(&mut both, &smaller(&page), 0, 0);
            imageops::overlay(
                &mut both,
                &smaller(&negative),
                i64::from(half),
                i64::from(quarter),
            );
            for (name, picture) in [("plain", page), ("both", both)] {
                let picture = file(picture, ImageFormat::Png);
                let start = Instant::now();
                let found = decode(&picture);
                println!("{ground} {name}: {:?}, {found:?}", start.elapsed());
            }
        }
    }

    const GROUNDS: [u32; 4] = [0, 2, 3, 5];

    /// Four crowds of six corners at the ends of a square, stripes of a width in between.
    fn crowded(ground: u32) -> GrayImage {
        let stamp = corners(1, 6);
        let mut page = GrayImage::from_pixel(2_990, 2_990, Luma([255]));
        for y in 450..2_550_u32 {
            for x in (450..2_550_u32).filter(|x| ground > 0 && (x % ground != 0 || y % 50 == 0)) {
                page.put_pixel(x, y, Luma([0]));
            }
        }
        for (x, y) in [(20, 20), (2_600, 20), (20, 2_700), (2_600, 2_700)] {
            for place in 0..6_i64 {
                imageops::overlay(&mut page, &stamp, x + place % 3 * 80, y + place / 3 * 90);
            }
        }
        page
    }

    #[test]
    fn honest_pictures_take_a_fraction_of_the_work() {
        let content = sample();
        let code = drawn(&content, 4, 4);
        let mut page = GrayImage::from_pixel(2480, 3508, Luma([255]));
        for (x, y) in [(1_900, 2_900), (100, 100)] {
            imageops::overlay(&mut page, &code, x, y);
        }
        let left = Cell::new(MAX_QR_WORK);
        let bitmap = Bitmap::of(&page, false);
        assert_eq!(by_library(&bitmap, &left), Ok(vec![content]));
        let used = MAX_QR_WORK - left.get();
        assert!(used < MAX_QR_WORK / 3, "{used}");
        for too_few in [0, 1_000, used - 1] {
            let left = Cell::new(too_few);
            assert_eq!(
                by_library(&bitmap, &left),
                Err(PictureError::TooBusy),
                "{too_few}"
            );
        }
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        assert_eq!(decode(b""), Err(PictureError::UnknownFormat));
        assert_eq!(decode(b"GIF89a\0\0\0\0"), Err(PictureError::UnknownFormat));
        assert_eq!(decode(b"%PDF-1.7"), Err(PictureError::UnknownFormat));
        let good = file(drawn("https://h/v#000", 3, 4), ImageFormat::Png);
        for len in [8, 20, 33, 60, good.len() / 2] {
            assert_eq!(decode(&good[..len]), Err(PictureError::Broken), "{len}");
        }
        // A colour profile of a quarter of a gigabyte, in as much of a megabyte.
        let mut profile = b"p\0\0".to_vec();
        let zeros = vec![0; 1 << 20];
        let mut deflater = flate2::write::ZlibEncoder::new(&mut profile, flate2::Compression::fast());
        for _ in 0..1 << 8 {
            std::io::Write::write_all(&mut deflater, &zeros).unwrap();
        }
        deflater.finish().unwrap();
        let mut bomb = good[..33].to_vec();
        bomb.extend((profile.len() as u32).to_be_bytes());
        let chunk = [&b"iCCP"[..], &profile].concat();
        bomb.extend_from_slice(&chunk);
        bomb.extend(crc32(&chunk).to_be_bytes());
        bomb.extend_from_slice(&good[33..]);
        assert_eq!(decode(&bomb), decode(&good));
        let mut huge = good;
        huge[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
        let crc = crc32(&huge[12..29]);
        huge[29..33].copy_from_slice(&crc.to_be_bytes());
        assert!(matches!(decode(&huge), Err(PictureError::TooLarge { .. })));
    }

    #[test]
    fn damaged_pictures_do_no_harm() {
        let random = SystemRandom::new();
        let good = file(drawn("https://h/v#000", 3, 4), ImageFormat::Jpeg);
        let mut two = [0_u8; 3];
        for _ in 0..60 {
            let mut bad = good.clone();
            for _ in 0..4 {
                random.fill(&mut two).unwrap();
                let at = usize::from(u16::from_be_bytes([two[0], two[1]])) % bad.len();
                bad[at] = two[2];
            }
            let _ = decode(&bad);
        }
        let mut noise = vec![0; 200 * 200];
        random.fill(&mut noise).unwrap();
        let noise = GrayImage::from_raw(200, 200, noise).unwrap();
        assert_eq!(decode(&file(noise, ImageFormat::Png)), Ok(Vec::new()));
    }

    #[test]
    fn modules_that_are_no_symbol_give_nothing() {
        assert_eq!(decode_modules(&[], 0), None);
        assert_eq!(decode_modules(&[true; 441], 22), None);
        assert_eq!(decode_modules(&[true; 441], 21), None);
        assert_eq!(decode_modules(&vec![false; 22 * 22], 22), None);
        assert_eq!(decode_modules(&[], u32::MAX), None);
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0_u32, |crc, &byte| {
            (0..8).fold(crc ^ u32::from(byte), |crc, _| {
                if crc & 1 == 1 {
                    crc >> 1 ^ 0xEDB8_8320
                } else {
                    crc >> 1
                }
            })
        })
    }
}
