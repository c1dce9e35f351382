//! Pages drawn: shapes where they belong, other people's documents, and documents made to do harm.

#![allow(clippy::unwrap_used)]

mod corpus;
mod hostile;
mod shapes;

use std::{
    io::{Cursor, Write as _},
    sync::OnceLock,
};

use zip::{ZipWriter, write::SimpleFileOptions};

use super::*;
use crate::face::FontConfig;

const NS: &str = "xmlns:ofd=\"http://www.ofdspec.org/2016\"";

fn fonts() -> Arc<FontBook> {
    static BOOK: OnceLock<Arc<FontBook>> = OnceLock::new();
    Arc::clone(BOOK.get_or_init(|| Arc::new(FontBook::load(&FontConfig::default()).unwrap())))
}

/// An OFD of one page of 100 by 100 mm, with resources and what stands in its one layer.
pub(super) fn ofd(resources: &str, objects: &str) -> Vec<u8> {
    package(&[
        (
            "Doc_0/PublicRes.xml",
            format!("<ofd:Res {NS} BaseLoc=\"Res\">{resources}</ofd:Res>").into_bytes(),
        ),
        (
            "Doc_0/Pages/Page_0/Content.xml",
            format!(
                "<ofd:Page {NS}><ofd:Content><ofd:Layer ID=\"2\">{objects}</ofd:Layer></ofd:Content></ofd:Page>"
            )
            .into_bytes(),
        ),
    ])
}

/// A package with these members around.
fn package(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let entry = format!(
        "<ofd:OFD {NS} Version=\"1.1\" DocType=\"OFD\"><ofd:DocBody><ofd:DocInfo><ofd:DocID>0</ofd:DocID>\
         </ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>"
    );
    let document = format!(
        "<ofd:Document {NS}><ofd:CommonData><ofd:MaxUnitID>9999</ofd:MaxUnitID><ofd:PageArea>\
         <ofd:PhysicalBox>0 0 100 100</ofd:PhysicalBox></ofd:PageArea><ofd:PublicRes>PublicRes.xml</ofd:PublicRes>\
         </ofd:CommonData><ofd:Pages><ofd:Page ID=\"1\" BaseLoc=\"Pages/Page_0/Content.xml\"/></ofd:Pages>\
         </ofd:Document>"
    );
    let own = [
        ("OFD.xml", entry.into_bytes()),
        ("Doc_0/Document.xml", document.into_bytes()),
    ];
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let given = |name: &str| members.iter().any(|(given, _)| *given == name);
    let own = own.iter().filter(|(name, _)| !given(name));
    for (name, content) in own.chain(members) {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Ten pixels to the millimetre.
const DPI: u16 = 254;

fn drawn(file: Vec<u8>) -> RenderedPage {
    let options = RenderOptions { dpi: DPI, page: None };
    let mut pages = render(file, Some(fonts()), options).unwrap();
    let page = pages.next().unwrap().unwrap();
    assert!(pages.next().is_none());
    page
}

fn refused(file: Vec<u8>) -> RenderError {
    let options = RenderOptions { dpi: DPI, page: None };
    let pages = match render(file, Some(fonts()), options) {
        Err(error) => return error,
        Ok(pages) => pages,
    };
    pages.last().unwrap().unwrap_err()
}

impl RenderedPage {
    /// The pixel at so many millimetres.
    fn at(&self, x: f64, y: f64) -> [u8; 3] {
        let pixel = |millimetres: f64| (millimetres / 25.4 * f64::from(self.dpi)) as usize;
        let start = (pixel(y) * self.width as usize + pixel(x)) * 3;
        self.rgb[start..start + 3].try_into().unwrap()
    }

    /// The share of pixels in a box of millimetres for which something holds.
    fn share(&self, [x, y, width, height]: [f64; 4], holds: impl Fn([u8; 3]) -> bool) -> f64 {
        let pixel = |millimetres: f64| (millimetres / 25.4 * f64::from(self.dpi)).max(0.0) as u32;
        let columns = pixel(x)..pixel(x + width).min(self.width);
        let rows = pixel(y)..pixel(y + height).min(self.height);
        let (mut held, mut all) = (0_u32, 0_u32);
        for row in rows {
            for column in columns.clone() {
                let start = (row * self.width + column) as usize * 3;
                all += 1;
                held += u32::from(holds(self.rgb[start..start + 3].try_into().unwrap()));
            }
        }
        f64::from(held) / f64::from(all.max(1))
    }

    fn kinds(&self) -> Vec<NoteKind> {
        self.notes.iter().map(|note| note.kind).collect()
    }
}

const WHITE: [u8; 3] = [0xFF; 3];
const BLACK: [u8; 3] = [0; 3];
const RED: [u8; 3] = [0xFF, 0, 0];
