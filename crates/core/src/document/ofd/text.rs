//! Text of pages as a reader extracts it, with its place on the sheet; and where something else is drawn.
//!
//! A text object has characters, and it may have glyphs in their place (CGTransform, clause 11.4): readers draw the glyphs
//! and search and copy the characters. A page can so show one number and hand out another. What an embedded font calls a
//! glyph is in its character map; where it has none, nothing in the file says what is drawn.

mod draw;
mod glyphs;

use std::collections::BTreeMap;

use serde::Serialize;

use self::draw::{Drawing, Gathered, Index};
use super::{
    OpenedDocument, OpenedOfd,
    deviation::{DeviationKind, Deviations},
    error::OfdError,
    loc::Loc,
    package::MemberId,
    structure::{Reading, annotations::PageAnnot, page::Page, resources::Resources},
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
        let Some(opened) = self.documents.get(document) else {
            return Ok(None);
        };
        let mut deviations = Deviations::default();
        let runs = runs(self, opened, &mut deviations)?;
        Ok(Some(DocumentText { runs, deviations }))
    }
}

fn runs(
    ofd: &OpenedOfd<'_>,
    opened: &OpenedDocument,
    deviations: &mut Deviations,
) -> Result<Vec<TextRun>, OfdError> {
    let mut reading = Reading {
        package: &ofd.package,
        deviations,
    };
    let mut gathered = Gathered::new(&ofd.package);
    let shared = Index::new(&opened.resources);
    let by_id: BTreeMap<Id, &Loc> = opened
        .document
        .templates
        .iter()
        // Of two the first counts.
        .rev()
        .filter_map(|template| Some((template.id?, &template.base_loc)))
        .collect();
    let mut templates: BTreeMap<MemberId, Page> = BTreeMap::new();
    let annotated = annotated(opened);
    for (number, entry) in opened.document.pages.iter().enumerate() {
        let Some(member) = entry.base_loc.member else {
            continue;
        };
        let page = Page::read(&mut reading, member)?;
        let own = own_resources(&mut reading, &page)?;
        let mut drawing = Drawing {
            page: number,
            shared: &shared,
            own: Index::new(&own),
            gathered: &mut gathered,
        };

        // 1. Templates behind the page, the page, templates before it.
        let used: Vec<(bool, MemberId)> = page
            .templates
            .iter()
            .filter_map(|used| {
                let id = used.template?;
                let Some(template) = by_id.get(&id) else {
                    unknown(&mut reading, member, &format!("Template {id}"));
                    return None;
                };
                Some((used.z_order.as_deref() == Some("Foreground"), template.member?))
            })
            .collect();
        for (_, template) in &used {
            if !templates.contains_key(template) {
                templates.insert(*template, Page::read(&mut reading, *template)?);
            }
        }
        let behind_or_before = |is_foreground: bool| {
            let wanted = used
                .iter()
                .filter(move |(foreground, _)| *foreground == is_foreground);
            wanted.filter_map(|(_, member)| templates.get(member))
        };
        for template in behind_or_before(false) {
            drawing.draw(template, Ground::Template, reading.deviations)?;
        }
        drawing.draw(&page, Ground::Page, reading.deviations)?;
        for template in behind_or_before(true) {
            drawing.draw(template, Ground::Template, reading.deviations)?;
        }

        // 2. Annotations over all.
        for file in entry.id.and_then(|id| annotated.get(&id)).into_iter().flatten() {
            let Some(member) = file.member else { continue };
            for annot in PageAnnot::read(&mut reading, member)?.annots {
                let Some(look) = annot.appearance else { continue };
                let shift = look.boundary.map_or(Ctm::IDENTITY, |at| Ctm::shift(at.x, at.y));
                drawing.draw_annotation(member, &look.objects, shift, annot.visible, reading.deviations)?;
            }
        }
    }
    Ok(gathered.runs)
}

/// Annotation files of each page.
fn annotated(opened: &OpenedDocument) -> BTreeMap<Id, Vec<&Loc>> {
    let mut by_page: BTreeMap<Id, Vec<&Loc>> = BTreeMap::new();
    for page in opened.annotations.iter().flat_map(|list| &list.pages) {
        if let Some(id) = page.page {
            by_page.entry(id).or_default().extend(&page.files);
        }
    }
    by_page
}

fn own_resources(reading: &mut Reading<'_, '_>, page: &Page) -> Result<Vec<Resources>, OfdError> {
    let files = page.resources.iter().filter_map(|loc| loc.member);
    files.map(|file| Resources::read(reading, file)).collect()
}

fn unknown(reading: &mut Reading<'_, '_>, member: MemberId, what: &str) {
    let name = reading.package.name(member);
    reading
        .deviations
        .note(DeviationKind::UnknownResource, name, what);
}
