//! What readers draw on one sheet, from the bottom to the top: templates, the page, templates before it, annotations.
//!
//! Text is extracted and pictures are drawn from here alike, so that neither sees a page that the other does not.

use std::{collections::BTreeMap, rc::Rc};

use super::{
    OpenedDocument, OpenedOfd,
    deviation::{DeviationKind, Deviations},
    error::OfdError,
    loc::Loc,
    package::MemberId,
    structure::{
        Reading,
        annotations::{Annot, PageAnnot},
        document::PageArea,
        page::Page,
        resources::Resources,
    },
    text::Ground,
    values::{Box2, Id},
};

/// The sheets of one document, read one by one.
#[derive(Debug)]
pub struct Sheets<'o, 'b> {
    ofd: &'o OpenedOfd<'b>,
    opened: &'o OpenedDocument,
    by_id: BTreeMap<Id, &'o Loc>,
    annotated: BTreeMap<Id, Vec<&'o Loc>>,
    /// Templates read so far: most are drawn on every page.
    templates: BTreeMap<MemberId, Rc<Page>>,
    deviations: Deviations,
}

/// One sheet.
#[derive(Debug)]
pub struct Sheet {
    /// Identifier of the page.
    pub page: Option<Id>,
    /// Area that the page itself states.
    own_area: Option<PageArea>,
    shared_area: PageArea,
    /// Pages and templates, the lowest first.
    pub grounds: Vec<(Ground, Rc<Page>)>,
    /// Annotations with the files they stand in, the lowest first.
    pub annots: Vec<(MemberId, Annot)>,
    /// Resources of the page alone.
    pub resources: Vec<Resources>,
}

impl Sheet {
    /// The sheet of paper, in millimetres. None where nothing is stated.
    pub fn physical(&self) -> Option<Box2> {
        let own = self.own_area.and_then(|area| area.physical);
        own.or(self.shared_area.physical)
    }
}

impl<'b> OpenedOfd<'b> {
    /// The sheets of a document, by its number. None where there is no such document.
    pub fn sheets(&self, document: usize) -> Option<Sheets<'_, 'b>> {
        let opened = self.documents.get(document)?;
        let templates = opened.document.templates.iter();
        let mut annotated: BTreeMap<Id, Vec<&Loc>> = BTreeMap::new();
        for page in opened.annotations.iter().flat_map(|list| &list.pages) {
            if let Some(id) = page.page {
                annotated.entry(id).or_default().extend(&page.files);
            }
        }
        Some(Sheets {
            ofd: self,
            opened,
            by_id: templates
                // Of two the first counts.
                .rev()
                .filter_map(|template| Some((template.id?, &template.base_loc)))
                .collect(),
            annotated,
            templates: BTreeMap::new(),
            deviations: Deviations::default(),
        })
    }
}

impl Sheets<'_, '_> {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.opened.document.pages.len()
    }

    /// What was found to deviate in those read so far.
    pub fn deviations(&self) -> &Deviations {
        &self.deviations
    }

    /// A sheet, by its number from zero. None where there is no such page, or its content is missing, which has been named.
    pub fn read(&mut self, number: usize) -> Result<Option<Sheet>, OfdError> {
        let Some(entry) = self.opened.document.pages.get(number) else {
            return Ok(None);
        };
        let Some(member) = entry.base_loc.member else {
            return Ok(None);
        };
        let mut reading = Reading {
            package: &self.ofd.package,
            deviations: &mut self.deviations,
        };
        let page = Rc::new(Page::read(&mut reading, member)?);
        let files = page.resources.iter().filter_map(|loc| loc.member);
        let resources = files.map(|file| Resources::read(&mut reading, file));
        let resources = resources.collect::<Result<_, _>>()?;

        // 1. Templates behind the page, the page, templates before it.
        let mut behind = Vec::new();
        let mut before = Vec::new();
        for used in &page.templates {
            let Some(id) = used.template else { continue };
            let Some(loc) = self.by_id.get(&id) else {
                let name = reading.package.name(member);
                let what = format!("Template {id}");
                reading
                    .deviations
                    .note(DeviationKind::UnknownResource, name, what);
                continue;
            };
            let Some(member) = loc.member else { continue };
            let template = if let Some(known) = self.templates.get(&member) {
                Rc::clone(known)
            } else {
                let read = Rc::new(Page::read(&mut reading, member)?);
                self.templates.insert(member, Rc::clone(&read));
                read
            };
            let is_before = used.z_order.as_deref() == Some("Foreground");
            let side = if is_before { &mut before } else { &mut behind };
            side.push((Ground::Template, template));
        }

        // 2. Annotations over all.
        let mut annots = Vec::new();
        for file in entry
            .id
            .and_then(|id| self.annotated.get(&id))
            .into_iter()
            .flatten()
        {
            let Some(member) = file.member else { continue };
            let read = PageAnnot::read(&mut reading, member)?.annots;
            annots.extend(read.into_iter().map(|annot| (member, annot)));
        }
        Ok(Some(Sheet {
            page: entry.id,
            own_area: page.area,
            shared_area: self.opened.document.page_area,
            grounds: behind
                .into_iter()
                .chain([(Ground::Page, page)])
                .chain(before)
                .collect(),
            annots,
            resources,
        }))
    }
}
