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
    match &signed {
        Some(SignedValue::Ses(signed)) => {
            let seal = signed.seal();
            let differs = beside.is_some_and(|beside| beside != seal.bytes());
            (picture(seal), differs)
        }
        _ => {
            let seal = beside.and_then(|bytes| SesSeal::parse(bytes).ok());
            (seal.as_ref().and_then(picture), false)
        }
    }
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
