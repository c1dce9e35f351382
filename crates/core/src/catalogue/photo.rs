//! Portraits: format and size, judged from the head of the file.

use std::io::Cursor;

use image::{ImageFormat, ImageReader};

use crate::limits::{MAX_PHOTO_BYTES, MAX_PHOTO_SIDE, MIN_PHOTO_SIDE};

/// What is wrong with a photo: stable code, reason, hint.
pub(super) type PhotoFault = (&'static str, String, &'static str);

/// Refuses what is no JPEG or PNG, too large a file, or too small or large a picture.
pub(super) fn check(file: &[u8]) -> Result<(), PhotoFault> {
    if file.len() > MAX_PHOTO_BYTES {
        let reason = format!("照片文件{}字节，超过上限{MAX_PHOTO_BYTES}字节", file.len());
        return Err(("too-long", reason, "请压缩或缩小照片后重试"));
    }
    let unreadable = || {
        let reason = "照片文件已损坏或不完整，无法读取".to_owned();
        ("bad-photo", reason, "请重新导出照片，格式为JPEG或PNG")
    };
    let reader = ImageReader::new(Cursor::new(file))
        .with_guessed_format()
        .map_err(|_| unreadable())?;
    if !matches!(reader.format(), Some(ImageFormat::Jpeg | ImageFormat::Png)) {
        return Err((
            "bad-photo",
            "照片不是JPEG或PNG格式".to_owned(),
            "请把照片另存为JPEG或PNG格式",
        ));
    }
    let (width, height) = reader.into_dimensions().map_err(|_| unreadable())?;
    if width.min(height) < MIN_PHOTO_SIDE || width.max(height) > MAX_PHOTO_SIDE {
        let reason =
            format!("照片为{width}×{height}像素，边长应在{MIN_PHOTO_SIDE}至{MAX_PHOTO_SIDE}像素之间");
        return Err(("bad-photo", reason, "请调整照片尺寸，一寸照建议295×413像素"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use image::{DynamicImage, RgbImage};

    use super::*;

    fn file(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        DynamicImage::ImageRgb8(RgbImage::new(width, height))
            .write_to(&mut out, format)
            .unwrap();
        out.into_inner()
    }

    #[test]
    fn format_and_size() {
        assert_eq!(check(&file(295, 413, ImageFormat::Jpeg)), Ok(()));
        assert_eq!(check(&file(295, 413, ImageFormat::Png)), Ok(()));
        assert_eq!(check(&file(20, 30, ImageFormat::Png)).unwrap_err().0, "bad-photo");
        assert_eq!(
            check(&file(295, 413, ImageFormat::Png)[..20]).unwrap_err().0,
            "bad-photo"
        );
        assert_eq!(check(b"GIF89a").unwrap_err().0, "bad-photo");
        assert_eq!(check(b"").unwrap_err().0, "bad-photo");
        assert_eq!(check(&vec![0; MAX_PHOTO_BYTES + 1]).unwrap_err().0, "too-long");
    }
}
