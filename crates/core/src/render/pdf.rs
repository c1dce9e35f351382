//! Pages of PDF, drawn by hayro: page content, and over it the normal appearances of annotations and form fields, so that
//! a visible signature shows as in any reader.
//!
//! It reads the file its own way, which is a reader's: more forgiving than [`crate::document::pdf`]. What it shows is
//! what people see, not what was verified.

use std::sync::{Arc, Mutex, PoisonError};

use hayro::{
    RenderCache, RenderSettings,
    hayro_interpret::{InterpreterSettings, InterpreterWarning, TransformExt as _, font::FontQuery},
    hayro_syntax::{LoadPdfError, Pdf, page::Page},
    kurbo::Affine,
    vello_cpu::{
        Pixmap, RasterizerSettings, RenderContext, Resources, TargetInit, color::palette::css::WHITE,
    },
};

use super::{
    Press, RenderError, RenderedPage,
    note::{NoteKind, Notes},
    pixels, size,
};
use crate::limits::MAX_DOCUMENT_BYTES;

/// Points an inch.
const POINTS: f64 = 72.0;
/// How far behind the beginning readers look for the header (ISO 32000-1 annex H, note 13).
const HEADER_WITHIN: usize = 1024;

pub(super) fn is_pdf(file: &[u8]) -> bool {
    let start = file.get(..HEADER_WITHIN).unwrap_or(file);
    memchr::memmem::find(start, b"%PDF-").is_some()
}

pub(super) fn draw(file: Vec<u8>, press: &Press) -> Result<(), RenderError> {
    if file.len() > MAX_DOCUMENT_BYTES {
        return Err(RenderError::FileTooLarge(MAX_DOCUMENT_BYTES));
    }
    let pdf = Pdf::new(file).map_err(|error| match error {
        LoadPdfError::Decryption(_) => RenderError::Encrypted,
        LoadPdfError::Invalid => RenderError::Damaged,
    })?;
    let notes = Arc::new(Mutex::new(Notes::default()));
    let settings = settings(&notes);
    let cache = RenderCache::new();
    let pages = pdf.pages();
    for number in press.open(pages.len())? {
        let Some(page) = pages.get(number) else { break };
        let (width, height) = page.render_dimensions();
        let side = |length: f32| pixels(f64::from(length), POINTS, press.dpi());
        let (width, height) = size(number, side(width), side(height))?;
        let scale = f64::from(press.dpi()) / POINTS;
        let drawn = draw_page(page, &cache, &settings, scale, width as u16, height as u16);
        let rgb = drawn.data_as_u8_slice().chunks_exact(4);
        let page = RenderedPage {
            number: number + 1,
            width: u32::from(drawn.width()),
            height: u32::from(drawn.height()),
            rgb: rgb.flat_map(|pixel| pixel.iter().copied().take(3)).collect(),
            dpi: press.dpi(),
            notes: notes.lock().unwrap_or_else(PoisonError::into_inner).take(),
        };
        if !press.hand_over(page) {
            break;
        }
    }
    Ok(())
}

fn draw_page<'p>(
    page: &'p Page<'p>,
    cache: &RenderCache<'p>,
    settings: &InterpreterSettings,
    scale: f64,
    width: u16,
    height: u16,
) -> Pixmap {
    let mut context = RenderContext::new(width, height);
    let place = Affine::scale(scale) * page.initial_transform(true).to_kurbo();
    let wanted = RenderSettings {
        // As printed, whatever the resolution.
        hinting: false,
        ..RenderSettings::default()
    };
    hayro::render_into(page, cache, settings, &wanted, &mut context, place);
    context.flush();
    let mut drawn = Pixmap::new(width, height);
    let ground = RasterizerSettings {
        target_init: TargetInit::Clear(WHITE),
        ..RasterizerSettings::default()
    };
    context.render_with(&mut drawn, &mut Resources::default(), ground);
    drawn
}

/// Its settings, with an ear for what it cannot draw.
fn settings(notes: &Arc<Mutex<Notes>>) -> InterpreterSettings {
    let usual = InterpreterSettings::default();
    let (warned, asked) = (Arc::clone(notes), Arc::clone(notes));
    let resolve = usual.font_resolver;
    InterpreterSettings {
        warning_sink: Arc::new(move |warning| {
            let kind = match warning {
                InterpreterWarning::UnsupportedFont => NoteKind::UnsupportedFont,
                InterpreterWarning::ImageDecodeFailure => NoteKind::PictureUnreadable,
                _ => NoteKind::AnnotationWithoutLook,
            };
            add(&warned, kind, "");
        }),
        font_resolver: Arc::new(move |query| {
            let name = match query {
                FontQuery::Standard(font) => font.postscript_name(),
                FontQuery::Fallback(font) => font.post_script_name.as_deref().unwrap_or_default(),
            };
            add(&asked, NoteKind::FontSubstituted, name);
            resolve(query)
        }),
        ..usual
    }
}

fn add(notes: &Mutex<Notes>, kind: NoteKind, detail: &str) {
    notes
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .add(kind, detail);
}
