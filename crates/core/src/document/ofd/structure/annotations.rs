//! Annotations (clause 15): what stands on pages without being part of them.

use super::{
    super::{
        deviation::DeviationKind,
        error::OfdError,
        loc::Loc,
        package::MemberId,
        values::{Box2, Id},
        xml::Element,
    },
    Reading, listed,
    object::{GraphicObject, objects},
};

/// Annotations.xml: which file annotates which page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotations {
    /// The member itself.
    pub member: MemberId,
    /// Pages that have annotations.
    pub pages: Vec<AnnotatedPage>,
}

/// A page that has annotations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnnotatedPage {
    /// The page.
    pub page: Option<Id>,
    /// Its annotation files.
    pub files: Vec<Loc>,
}

/// The annotations in one file.
#[derive(Debug, Clone, PartialEq)]
pub struct PageAnnot {
    /// The member itself.
    pub member: MemberId,
    /// Annotations, in order.
    pub annots: Vec<Annot>,
}

/// One annotation.
#[derive(Debug, Clone, PartialEq)]
pub struct Annot {
    /// Its identifier.
    pub id: Option<Id>,
    /// `Link`, `Path`, `Highlight`, `Stamp` or `Watermark`.
    pub kind: Option<String>,
    /// More about its kind.
    pub subtype: Option<String>,
    /// Who made it.
    pub creator: Option<String>,
    /// When, as stated.
    pub last_mod_date: Option<String>,
    /// Whether it shows on the screen.
    pub visible: bool,
    /// Whether it is printed.
    pub print: bool,
    /// Remark for people.
    pub remark: Option<String>,
    /// Parameters by name.
    pub parameters: Vec<(String, String)>,
    /// What it shows.
    pub appearance: Option<Appearance>,
}

/// The look of an annotation.
#[derive(Debug, Clone, PartialEq)]
pub struct Appearance {
    /// Where on the page.
    pub boundary: Option<Box2>,
    /// Its objects, from the corner of the boundary.
    pub objects: Vec<GraphicObject>,
}

impl Annotations {
    pub(in super::super) fn read(reading: &mut Reading<'_, '_>, member: MemberId) -> Result<Self, OfdError> {
        let xml = reading.xml(member, "Annotations")?;
        let mut pages = Vec::new();
        for page in xml.root().all("Page") {
            pages.push(AnnotatedPage {
                page: page.demanded("PageID", reading.deviations),
                files: reading.locs_of(page, "FileLoc")?,
            });
        }
        listed(&pages)?;
        Ok(Self { member, pages })
    }
}

impl PageAnnot {
    pub(in super::super) fn read(reading: &mut Reading<'_, '_>, member: MemberId) -> Result<Self, OfdError> {
        let xml = reading.xml(member, "PageAnnot")?;
        let annots = xml.root().all("Annot").map(|annot| Annot::read(reading, annot));
        let annots = annots.collect::<Result<_, _>>()?;
        Ok(Self { member, annots })
    }
}

impl Annot {
    fn read(reading: &mut Reading<'_, '_>, annot: Element<'_>) -> Result<Self, OfdError> {
        let appearance = match annot.one("Appearance")? {
            Some(look) => Some(Appearance {
                boundary: look.value("Boundary", reading.deviations),
                objects: objects(look, reading.deviations)?,
            }),
            None => None,
        };
        if appearance.is_none() {
            reading
                .deviations
                .note(DeviationKind::MissingElement, annot.member(), "Annot/Appearance");
        }
        let parameters = annot.one("Parameters")?;
        Ok(Self {
            id: annot.value("ID", reading.deviations),
            kind: annot.demanded("Type", reading.deviations),
            subtype: annot.attribute("Subtype").map(str::to_owned),
            creator: annot.attribute("Creator").map(str::to_owned),
            last_mod_date: annot.attribute("LastModDate").map(str::to_owned),
            visible: annot.value("Visible", reading.deviations).unwrap_or(true),
            print: annot.value("Print", reading.deviations).unwrap_or(true),
            remark: annot.text_of("Remark")?,
            parameters: parameters
                .into_iter()
                .flat_map(Element::elements)
                .map(|one| {
                    (
                        one.attribute("Name").unwrap_or_default().to_owned(),
                        one.trimmed(),
                    )
                })
                .collect(),
            appearance,
        })
    }
}
