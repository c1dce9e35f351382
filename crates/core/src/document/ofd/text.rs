//! Text of pages as a reader extracts it, with its place on the sheet; and where something else is drawn.
//!
//! A text object has characters, and it may have glyphs in their place (CGTransform, clause 11.4): readers draw the glyphs
//! and search and copy the characters. A page can so show one number and hand out another. What an embedded font calls a
//! glyph is in its character map; where it has none, nothing in the file says what is drawn.

mod draw;
mod glyphs;

use serde::Serialize;

use self::draw::{Drawing, Gathered};
use super::{
    OpenedDocument, OpenedOfd,
    deviation::Deviations,
    error::OfdError,
    index::{Index, Known},
    sheet::Sheets,
    values::{Ctm, Id},
};

/// Text of one document.
#[derive(Debug, Default)]
pub struct DocumentText {
    /// Runs, page by page in the order in which they are drawn.
    pub runs: Vec<TextRun>,
    /// Deviations of what was read for it.
    pub deviations: Deviations,
}

/// What a run stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ground {
    /// The page itself.
    Page,
    /// A template drawn with it.
    Template,
    /// An annotation.
    Annotation,
}

/// The characters of one TextCode.
#[derive(Debug, Clone, PartialEq)]
pub struct TextRun {
    /// Number of the page, from zero.
    pub page: usize,
    /// What it stands on.
    pub ground: Ground,
    /// Its text object.
    pub object: Option<Id>,
    /// As extracted.
    pub text: String,
    /// Name of its font.
    pub font: Option<String>,
    /// Height of its characters on the sheet, in millimetres.
    pub size: f64,
    /// Channels of its colour; none for black, which holds where nothing is said.
    pub color: Option<Vec<f64>>,
    /// Whether it shows: not hidden, not transparent, neither unfilled nor unstroked.
    pub visible: bool,
    /// Origin of each character on the sheet, in millimetres from its upper left corner.
    pub places: Vec<(f64, f64)>,
    /// What is drawn for it.
    pub drawn: Drawn,
}

/// What is drawn for characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drawn {
    /// What is extracted: the embedded font says so.
    AsExtracted,
    /// What a font of the reader has for these characters: none is embedded.
    ByReader,
    /// Something else, here.
    Differs(Vec<GlyphDifference>),
    /// Nothing says what the glyphs are: the embedded font has no character map, or cannot be read.
    Unknown,
}

/// A place where drawn and extracted text differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlyphDifference {
    /// First character in the run, from zero.
    pub at: usize,
    /// What is extracted.
    pub extracted: String,
    /// What is drawn.
    pub drawn: DrawnOtherwise,
}

/// What is drawn in place of characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DrawnOtherwise {
    /// Several glyphs for one character: it is stated twice what is drawn.
    Contradicting,
    /// Glyphs that the font has for other characters.
    Other(String),
    /// Glyphs that the font has for no character, though it has others for these.
    Unnamed,
    /// Nothing, or what a font shows for what it lacks.
    Missing,
}

impl DocumentText {
    /// Runs in which something else is drawn.
    pub fn differing(&self) -> impl Iterator<Item = &TextRun> {
        self.runs
            .iter()
            .filter(|run| matches!(run.drawn, Drawn::Differs(_)))
    }

    /// Text of one page, run by run on lines of their own.
    pub fn page(&self, page: usize) -> String {
        let runs = self.runs.iter().filter(|run| run.page == page);
        runs.flat_map(|run| [run.text.as_str(), "\n"]).collect()
    }
}

impl OpenedOfd<'_> {
    /// Text of a document, by its number. None where there is no such document.
    pub fn text(&self, document: usize) -> Result<Option<DocumentText>, OfdError> {
        let (Some(opened), Some(mut sheets)) = (self.documents.get(document), self.sheets(document)) else {
            return Ok(None);
        };
        let mut deviations = Deviations::default();
        let runs = runs(self, opened, &mut sheets, &mut deviations)?;
        deviations.extend(sheets.deviations());
        Ok(Some(DocumentText { runs, deviations }))
    }
}

fn runs(
    ofd: &OpenedOfd<'_>,
    opened: &OpenedDocument,
    sheets: &mut Sheets<'_, '_>,
    deviations: &mut Deviations,
) -> Result<Vec<TextRun>, OfdError> {
    let mut gathered = Gathered::new(&ofd.package);
    let shared = Index::new(&opened.resources);
    for number in 0..sheets.count() {
        let Some(sheet) = sheets.read(number)? else {
            continue;
        };
        let mut drawing = Drawing {
            page: number,
            known: Known {
                shared: &shared,
                own: Index::new(&sheet.resources),
            },
            gathered: &mut gathered,
        };
        for (ground, page) in &sheet.grounds {
            drawing.draw(page, *ground, deviations)?;
        }
        for (member, annot) in &sheet.annots {
            let Some(look) = &annot.appearance else { continue };
            let shift = look.boundary.map_or(Ctm::IDENTITY, |at| Ctm::shift(at.x, at.y));
            drawing.draw_annotation(*member, &look.objects, shift, annot.visible, deviations)?;
        }
    }
    Ok(gathered.runs)
}
