//! Seals on pages (GB/T 33190 clause 18.2.3, GB/T 38540): the picture out of the signed seal, in the box that StampAnnot
//! states, or the slice of it that Clip lets show (骑缝章).

use std::rc::Rc;

use resvg::usvg::{self, ImageHrefResolver};
use tiny_skia::{BlendMode, Pixmap, Transform};

use super::{
    super::{note::NoteKind, picture},
    Desk, Refusal,
    canvas::{Canvas, Mark, Window},
    paint::{corners, transform},
};
use crate::{
    document::ofd::{Box2, Ctm, Id, MemberId, OpenedDocument, OpenedSignature, Package},
    seal::ses::{PictureFormat, SesPicture, SesSeal},
    sign::signed_value::SignedValue,
};

/// A seal on a page.
#[derive(Debug)]
pub(super) struct Stamp {
    /// The page.
    pub(super) page: Option<Id>,
    boundary: Option<Box2>,
    clip: Option<Box2>,
    /// Which, for notes.
    name: String,
    /// None where there is none to be read.
    picture: Option<Rc<SesPicture>>,
    differs: bool,
}

/// All seals of a document, in the order in which they were applied.
pub(super) fn all(package: &Package<'_>, document: &OpenedDocument) -> Vec<Stamp> {
    let mut stamps = Vec::new();
    for signature in &document.signatures {
        let Ok(file) = &signature.file else { continue };
        if file.stamps.is_empty() {
            continue;
        }
        let (picture, differs) = seal_of(package, signature, file.signed_value.member);
        let name = signature.entry.id.clone().unwrap_or_default();
        stamps.extend(file.stamps.iter().map(|stamp| Stamp {
            page: stamp.page,
            boundary: stamp.boundary,
            clip: stamp.clip,
            name: name.clone(),
            picture: picture.clone(),
            differs,
        }));
    }
    stamps
}

/// The picture of the seal that was signed; where the signature holds none, of the one beside it.
fn seal_of(
    package: &Package<'_>,
    signature: &OpenedSignature,
    value: Option<MemberId>,
) -> (Option<Rc<SesPicture>>, bool) {
    let read = |member: Option<MemberId>| package.read(member?).ok();
    let beside = signature.file.as_ref().ok().and_then(|file| file.seal.as_ref());
    let beside = beside.and_then(|seal| seal.base_loc.as_ref());
    let beside = read(beside.and_then(|loc| loc.member));
    let signed = read(value).and_then(|bytes| SignedValue::parse(bytes).ok());
    let picture = |seal: &SesSeal| Some(Rc::new(seal.picture().clone()));
    if let Some(SignedValue::Ses(signed)) = &signed {
        let seal = signed.seal();
        let differs = beside.is_some_and(|beside| beside != seal.bytes());
        return (picture(seal), differs);
    }
    let seal = beside.and_then(|bytes| SesSeal::parse(bytes).ok());
    (seal.as_ref().and_then(picture), false)
}

/// Puts a seal on a page, as ink on paper: what is printed under it stays readable, and a white ground does not cover it.
pub(super) fn draw(
    canvas: &mut Canvas,
    stamp: &Stamp,
    to_page: &Ctm,
    desk: &mut Desk<'_, '_>,
) -> Result<(), Refusal> {
    if stamp.differs {
        desk.notes.add(NoteKind::SealDiffers, stamp.name.as_str());
    }
    let Some(at) = stamp.boundary.filter(|at| at.width > 0.0 && at.height > 0.0) else {
        desk.notes.add(NoteKind::Incomplete, "StampAnnot@Boundary");
        return Ok(());
    };
    let Some(seal) = &stamp.picture else {
        desk.notes.add(NoteKind::Seal, stamp.name.as_str());
        return Ok(());
    };
    let placed = Ctm::shift(at.x, at.y).then(to_page);
    let (region, _) = corners(at, &placed);
    let seen = region.and(&canvas.region());
    if seen.is_empty() {
        return Ok(());
    }
    if !region.is_sane() {
        desk.notes.add(NoteKind::TooFar, stamp.name.as_str());
        return Ok(());
    }
    desk.spend(seen.area() * 2)?;
    let (across, down) = (region.right - region.left, region.bottom - region.top);
    let Some(pixels) = pixels(seal, f64::from(across), f64::from(down), desk) else {
        return Ok(());
    };
    desk.spend(picture::area(&pixels))?;
    let (wide, high) = (f64::from(pixels.width()), f64::from(pixels.height()));
    let stretch = Ctm([at.width / wide, 0.0, 0.0, at.height / high, 0.0, 0.0]);
    let window = stamp.clip.map(|clip| {
        let (x, y) = (wide / at.width, high / at.height);
        Window {
            left: (clip.x * x) as f32,
            top: (clip.y * y) as f32,
            width: (clip.width * x) as f32,
            height: (clip.height * y) as f32,
        }
    });
    canvas.put(&Mark::Picture {
        pixels: Rc::new(pixels),
        to_page: transform(&stretch.then(&placed)),
        alpha: 1.0,
        blend: BlendMode::Multiply,
        window,
    });
    Ok(())
}

/// The picture of a seal, one that is drawn in about so many pixels. None where it cannot be drawn, which has been named.
fn pixels(seal: &SesPicture, across: f64, down: f64, desk: &mut Desk<'_, '_>) -> Option<Pixmap> {
    let drawn = match seal.format().or_else(|| PictureFormat::named(&seal.kind)) {
        // A seal in a seal would go on without end.
        Some(PictureFormat::Ofd) if !desk.is_seal => {
            super::seal(&seal.data, desk.book, across, down, &mut desk.notes)
        }
        Some(PictureFormat::Svg) => {
            if memchr::memmem::find(&seal.data, b"<text").is_some() {
                desk.notes.add(NoteKind::PictureFormat, "SVG text");
            }
            svg(&seal.data, across, down)
        }
        _ => picture::decode(&seal.data, Some(&seal.kind)).ok(),
    };
    if drawn.is_none() {
        desk.notes.add(NoteKind::Seal, seal.kind.as_str());
    }
    drawn
}

/// An SVG in about so many pixels, without anything that lies outside it.
fn svg(data: &[u8], across: f64, down: f64) -> Option<Pixmap> {
    let options = usvg::Options {
        image_href_resolver: ImageHrefResolver {
            resolve_data: Box::new(|_, _, _| None),
            resolve_string: Box::new(|_, _| None),
        },
        ..usvg::Options::default()
    };
    let tree = usvg::Tree::from_data(data, &options).ok()?;
    let (width, height) = super::size(0, across.ceil().max(1.0), down.ceil().max(1.0)).ok()?;
    let mut pixels = Pixmap::new(width, height)?;
    let (x, y) = (
        width as f32 / tree.size().width(),
        height as f32 / tree.size().height(),
    );
    resvg::render(&tree, Transform::from_scale(x, y), &mut pixels.as_mut());
    Some(pixels)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tiny_skia::Color;

    use super::*;
    use crate::{
        document::ofd,
        render::{Note, tests},
    };

    /// A page of 100 by 100 mm with a seal of 40 by 40 in its middle, ten pixels to the millimetre.
    fn stamped(kind: &str, data: &[u8], clip: Option<[f64; 4]>) -> (Pixmap, Vec<Note>) {
        let file = tests::ofd("", "");
        let opened = ofd::open(&file).unwrap();
        let mut desk = Desk::new(opened.package(), None, false);
        let mut canvas = Canvas::page(1000, 1000).unwrap();
        canvas.fill(Color::from_rgba8(200, 200, 200, 255));
        let boxed = |[x, y, width, height]: [f64; 4]| Box2 { x, y, width, height };
        let stamp = Stamp {
            page: None,
            boundary: Some(boxed([30.0, 30.0, 40.0, 40.0])),
            clip: clip.map(boxed),
            name: "s001".to_owned(),
            picture: Some(Rc::new(SesPicture {
                kind: kind.to_owned(),
                data: data.to_vec(),
                width: 40,
                height: 40,
            })),
            differs: false,
        };
        let to_page = Ctm([10.0, 0.0, 0.0, 10.0, 0.0, 0.0]);
        draw(&mut canvas, &stamp, &to_page, &mut desk).unwrap();
        (canvas.into_pixels(), desk.notes.take())
    }

    fn at(page: &Pixmap, x: u32, y: u32) -> [u8; 3] {
        let pixel = page.pixel(x * 10 + 5, y * 10 + 5).unwrap();
        [pixel.red(), pixel.green(), pixel.blue()]
    }

    const GROUND: [u8; 3] = [200; 3];
    /// Red ink on that ground.
    const INKED: [u8; 3] = [200, 0, 0];

    #[test]
    fn seals_are_ink_whatever_their_format() {
        let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 4 4\"><rect width=\"4\" height=\"4\" \
                   fill=\"#fff\"/><rect x=\"1\" y=\"1\" width=\"2\" height=\"2\" fill=\"red\"/>\
                   <image href=\"file:///etc/hostname\" width=\"4\" height=\"4\"/></svg>";
        let square = "<ofd:PathObject ID=\"9\" Boundary=\"25 25 50 50\" Stroke=\"false\" Fill=\"true\">\
                      <ofd:FillColor Value=\"255 0 0\"/><ofd:AbbreviatedData>M 0 0 L 50 0 L 50 50 L 0 50 C</ofd:AbbreviatedData>\
                      </ofd:PathObject>";
        let drawn = image::RgbImage::from_fn(40, 40, |x, y| {
            let is_inner = (10..30).contains(&x) && (10..30).contains(&y);
            image::Rgb(if is_inner { [255, 0, 0] } else { [255, 255, 255] })
        });
        let raster = |format| {
            let mut file = std::io::Cursor::new(Vec::new());
            drawn.write_to(&mut file, format).unwrap();
            file.into_inner()
        };
        let seals = [
            ("SVG", svg.as_bytes().to_vec()),
            ("ofd", tests::ofd("", square)),
            ("png", raster(image::ImageFormat::Png)),
            ("BMP", raster(image::ImageFormat::Bmp)),
            ("gif", raster(image::ImageFormat::Gif)),
        ];
        for (kind, data) in seals {
            let (page, notes) = stamped(kind, &data, None);
            assert!(notes.is_empty(), "{kind}: {notes:?}");
            assert_eq!([at(&page, 50, 50), at(&page, 41, 41)], [INKED; 2], "{kind}");
            // A white ground lets show what is under it.
            assert_eq!([at(&page, 35, 50), at(&page, 25, 50)], [GROUND; 2], "{kind}");

            // A slice: the page's part of a seal that rides over several.
            let (page, _) = stamped(kind, &data, Some([20.0, 0.0, 5.0, 40.0]));
            let slice = [at(&page, 48, 50), at(&page, 52, 50), at(&page, 57, 50)];
            assert_eq!(slice, [GROUND, INKED, GROUND], "{kind}");
        }
    }

    #[test]
    fn seals_that_cannot_be_drawn_are_named() {
        for (kind, data) in [
            ("png", &b"no picture"[..]),
            ("SVG", b"<svg"),
            ("ofd", b"PK\x03\x04"),
            ("", b""),
        ] {
            let (page, notes) = stamped(kind, data, None);
            let kinds: Vec<NoteKind> = notes.iter().map(|note| note.kind).collect();
            assert_eq!(kinds, [NoteKind::Seal], "{kind}");
            assert_eq!(at(&page, 50, 50), GROUND, "{kind}");
        }
        let words = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 4 4\"><text>章</text></svg>";
        let (_, notes) = stamped("svg", words.as_bytes(), None);
        assert_eq!(notes.first().map(|note| note.kind), Some(NoteKind::PictureFormat));
    }
}
