//! Pictures of documents: what a verifier sees on a page of a PDF or an OFD, seal and all.
//!
//! ```text
//!  bytes ─▶ PDF ─▶ hayro ──────────────────────────────┐
//!       └─▶ OFD ─▶ document::ofd ─▶ painter ─▶ seals ──┴─▶ RenderedPage: pixels, and notes on what is not drawn
//! ```
//!
//! A picture proves nothing: it is for the eye, beside the verdict. So whatever could not be drawn as it stands in the
//! file is said in [`Note`]s. Pages are drawn one after the other on a thread of their own, each within the limits of
//! [`crate::limits`]: drawing libraries are large, and what nobody vouches for goes through all of them. Where one gives
//! up, hangs or recurses without end, the page is refused and the caller goes on.

mod error;
mod note;
mod ofd;
mod pdf;
mod picture;
#[cfg(test)]
mod tests;

use std::{
    num::NonZeroUsize,
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
    },
    thread,
    time::Duration,
};

pub use self::{
    error::RenderError,
    note::{Note, NoteKind},
};
use crate::{
    face::FontBook,
    limits::{MAX_RENDER_PIXELS, MAX_RENDER_SECONDS, MAX_RENDER_STACK},
};

/// What is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RenderOptions {
    /// Pixels an inch.
    pub dpi: u16,
    /// The page, from one; none for all.
    pub page: Option<NonZeroUsize>,
}

impl RenderOptions {
    /// Pixels an inch that are drawn.
    pub const DPI: std::ops::RangeInclusive<u16> = 10..=1200;
}

/// A page as it is seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedPage {
    /// Its number, from one.
    pub number: usize,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Red, green and blue of each pixel, row by row from the top.
    pub rgb: Vec<u8>,
    /// Pixels an inch.
    pub dpi: u16,
    /// What is not drawn as it stands in the file.
    pub notes: Vec<Note>,
}

impl RenderedPage {
    /// As a PNG file that knows its size on paper.
    pub fn to_png(&self) -> Result<Vec<u8>, RenderError> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Fast);
        let dots_per_metre = (f64::from(self.dpi) / 0.0254).round() as u32;
        encoder.set_pixel_dims(Some(png::PixelDimensions {
            xppu: dots_per_metre,
            yppu: dots_per_metre,
            unit: png::Unit::Meter,
        }));
        let written = encoder.write_header().and_then(|mut writer| {
            writer.write_image_data(&self.rgb)?;
            writer.finish()
        });
        written.map_err(|error| RenderError::Png(error.to_string()))?;
        Ok(file)
    }
}

/// The pages being drawn, one after the other as they are asked for.
#[derive(Debug)]
pub struct Pages {
    /// How many pages the document has.
    count: usize,
    /// How many are still to come.
    left: usize,
    drawn: Receiver<Message>,
}

impl Pages {
    /// How many pages the document has, drawn or not.
    pub fn total(&self) -> usize {
        self.count
    }
}

/// What the drawing thread says.
#[derive(Debug)]
enum Message {
    /// The file could be opened; pages in it, pages to be drawn.
    Opened(usize, usize),
    /// A page, or why there is none and there will be no other.
    Drawn(Result<RenderedPage, RenderError>),
}

/// Draws the pages of a PDF or an OFD. Without a font book, text in fonts that an OFD does not bring along is not drawn.
pub fn render(
    file: Vec<u8>,
    fonts: Option<Arc<FontBook>>,
    options: RenderOptions,
) -> Result<Pages, RenderError> {
    if !RenderOptions::DPI.contains(&options.dpi) {
        return Err(RenderError::Dpi { dpi: options.dpi });
    }
    // No more than one page waits for being taken.
    let (sender, drawn) = mpsc::sync_channel(1);
    let draw = move || {
        let press = Press { options, sender };
        let drawn = if file.starts_with(b"PK") {
            ofd::draw(&file, fonts.as_deref(), &press)
        } else if pdf::is_pdf(&file) {
            pdf::draw(file, &press)
        } else {
            Err(RenderError::NotDocument)
        };
        if let Err(error) = drawn {
            press.refuse(error);
        }
    };
    thread::Builder::new()
        .name("render".to_owned())
        .stack_size(MAX_RENDER_STACK)
        .spawn(draw)
        .map_err(RenderError::Thread)?;
    match next(&drawn)? {
        Message::Opened(count, left) => Ok(Pages { count, left, drawn }),
        Message::Drawn(Err(error)) => Err(error),
        Message::Drawn(Ok(_)) => Err(RenderError::GaveUp),
    }
}

fn next(drawn: &Receiver<Message>) -> Result<Message, RenderError> {
    drawn
        .recv_timeout(Duration::from_secs(MAX_RENDER_SECONDS))
        .map_err(|error| match error {
            RecvTimeoutError::Timeout => RenderError::TooLong,
            // The thread is gone without a word: a library panicked.
            RecvTimeoutError::Disconnected => RenderError::GaveUp,
        })
}

impl Iterator for Pages {
    type Item = Result<RenderedPage, RenderError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let page = next(&self.drawn).and_then(|message| match message {
            Message::Drawn(page) => page,
            Message::Opened(..) => Err(RenderError::GaveUp),
        });
        if page.is_err() {
            self.left = 0;
        }
        Some(page)
    }
}

/// What is wanted, and where it goes.
struct Press {
    options: RenderOptions,
    sender: SyncSender<Message>,
}

impl Press {
    /// The pages to be drawn, of so many, from zero.
    fn open(&self, count: usize) -> Result<std::ops::Range<usize>, RenderError> {
        let wanted = match self.options.page.map(NonZeroUsize::get) {
            None => 0..count,
            Some(page) if page <= count => page - 1..page,
            Some(page) => return Err(RenderError::NoSuchPage { page, count }),
        };
        if wanted.is_empty() {
            return Err(RenderError::NoPages);
        }
        // Nobody listens any more where this fails, and then nobody listens for pages either.
        let _ = self.sender.send(Message::Opened(count, wanted.len()));
        Ok(wanted)
    }

    /// Hands a page over. False where nobody wants more.
    fn hand_over(&self, page: RenderedPage) -> bool {
        self.sender.send(Message::Drawn(Ok(page))).is_ok()
    }

    fn refuse(&self, error: RenderError) {
        let _ = self.sender.send(Message::Drawn(Err(error)));
    }

    fn dpi(&self) -> u16 {
        self.options.dpi
    }
}

/// Pixels of a side this long, in units of which there are so many to an inch. What is cut off a pixel is a pixel.
fn pixels(length: f64, units: f64, dpi: u16) -> f64 {
    (length / units * f64::from(dpi) - ROUNDING).ceil().max(1.0)
}

/// What lengths in PDF, which have seven digits, may be too long by.
const ROUNDING: f64 = 1.0e-2;

/// That a page is no larger than one that is drawn.
fn size(page: usize, width: f64, height: f64) -> Result<(u32, u32), RenderError> {
    // Sides that are no numbers fail here too.
    if width * height <= MAX_RENDER_PIXELS as f64 && width.max(height) <= f64::from(u16::MAX) {
        Ok((width as u32, height as u32))
    } else {
        Err(RenderError::TooLarge {
            page: page + 1,
            width,
            height,
        })
    }
}
