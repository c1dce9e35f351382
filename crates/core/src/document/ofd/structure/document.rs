//! Document.xml (clause 7.5): pages, templates, resources, and what else belongs to one document.

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
};

/// Document.xml.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The member itself.
    pub member: MemberId,
    /// Largest identifier in use.
    pub max_unit_id: Option<Id>,
    /// Area of pages that state none.
    pub page_area: PageArea,
    /// PublicRes and DocumentRes: resource files, in this order.
    pub resources: Vec<Loc>,
    /// Templates of pages.
    pub templates: Vec<TemplatePage>,
    /// Pages, in order.
    pub pages: Vec<PageEntry>,
    /// Titles of the outline, in order, with their depth.
    pub outlines: Vec<Outline>,
    /// What the author permits.
    pub permissions: Option<Permissions>,
    /// What happens by itself or on a click, anywhere in Document.xml.
    pub actions: Vec<Action>,
    /// Annotations.xml.
    pub annotations: Option<Loc>,
    /// Attachments.xml.
    pub attachments: Option<Loc>,
    /// CustomTags.xml.
    pub custom_tags: Option<Loc>,
    /// Extensions.xml.
    pub extensions: Option<Loc>,
}

/// CT_PageArea (clause 7.5, table 9).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct PageArea {
    /// The sheet.
    pub physical: Option<Box2>,
    /// What is shown.
    pub application: Option<Box2>,
    /// Where the text is.
    pub content: Option<Box2>,
    /// Beyond which it is cut.
    pub bleed: Option<Box2>,
}

/// A template page (clause 7.5, table 8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplatePage {
    /// Its identifier.
    pub id: Option<Id>,
    /// Its name.
    pub name: Option<String>,
    /// Where its content is.
    pub base_loc: Loc,
}

/// A page (clause 7.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageEntry {
    /// Its identifier.
    pub id: Option<Id>,
    /// Where its content is.
    pub base_loc: Loc,
}

/// One line of the outline (clause 7.8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// Its title.
    pub title: String,
    /// How deep it stands, from zero.
    pub depth: usize,
}

/// Permissions (clause 7.5, table 10): a wish of the author, kept by readers that care.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permissions {
    /// May be edited.
    pub edit: bool,
    /// May be annotated.
    pub annot: bool,
    /// May be exported.
    pub export: bool,
    /// May be signed.
    pub signature: bool,
    /// May get watermarks.
    pub watermark: bool,
    /// May be taken pictures of on the screen.
    pub print_screen: bool,
    /// May be printed.
    pub printable: bool,
    /// How many times; none for any.
    pub copies: Option<u32>,
    /// May be opened from, as stated.
    pub valid_from: Option<String>,
    /// And until.
    pub valid_until: Option<String>,
}

/// An action (clause 14).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// What sets it off: `DO` (open the document), `PO` (open a page), `CLICK`.
    pub event: Option<String>,
    /// What it does.
    pub does: ActionKind,
}

/// What an action does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionKind {
    /// Goes to a place in the document.
    Goto,
    /// Opens an attachment.
    GotoAttachment {
        /// Its identifier.
        attachment: Option<String>,
    },
    /// Opens an address.
    Uri {
        /// The address.
        uri: String,
    },
    /// Plays a sound or a movie.
    Play {
        /// The resource.
        resource: Option<Id>,
    },
    /// Something that the standard does not have.
    Other,
}

impl Document {
    pub(in super::super) fn read(reading: &mut Reading<'_, '_>, member: MemberId) -> Result<Self, OfdError> {
        let xml = reading.xml(member, "Document")?;
        let root = xml.root();
        let common = root.needed("CommonData")?;
        let max_unit_id = common.text_of("MaxUnitID")?;
        if max_unit_id.is_none() {
            reading
                .deviations
                .note(DeviationKind::MissingElement, root.member(), "MaxUnitID");
        }
        let page_area = match common.one("PageArea")? {
            Some(area) => PageArea::read(reading, area)?,
            None => PageArea::default(),
        };
        if page_area.physical.is_none() {
            let absent = "PageArea/PhysicalBox";
            reading
                .deviations
                .note(DeviationKind::MissingElement, root.member(), absent);
        }
        let mut resources = reading.locs_of(common, "PublicRes")?;
        resources.extend(reading.locs_of(common, "DocumentRes")?);
        let templates = common
            .all("TemplatePage")
            .map(|template| TemplatePage::read(reading, template))
            .collect::<Result<Vec<_>, _>>()?;
        listed(&templates)?;
        note_duplicates(
            reading,
            member,
            "TemplatePage",
            templates.iter().map(|template| template.id),
        );
        let pages = root
            .needed("Pages")?
            .all("Page")
            .map(|page| PageEntry::read(reading, page))
            .collect::<Result<Vec<_>, _>>()?;
        listed(&pages)?;
        note_duplicates(reading, member, "Page", pages.iter().map(|page| page.id));
        Ok(Self {
            member,
            max_unit_id: max_unit_id.and_then(|id| id.parse().ok()),
            page_area,
            resources,
            templates,
            pages,
            outlines: root.one("Outlines")?.map(outlines).unwrap_or_default(),
            permissions: root
                .one("Permissions")?
                .map(|permissions| Permissions::read(reading, permissions))
                .transpose()?,
            actions: actions(root),
            annotations: reading.loc_of(root, "Annotations")?,
            attachments: reading.loc_of(root, "Attachments")?,
            custom_tags: reading.loc_of(root, "CustomTags")?,
            extensions: reading.loc_of(root, "Extensions")?,
        })
    }

    /// The template of this identifier.
    pub fn template(&self, id: Id) -> Option<&TemplatePage> {
        self.templates.iter().find(|template| template.id == Some(id))
    }
}

/// Identifiers that stand at two things.
fn note_duplicates(
    reading: &mut Reading<'_, '_>,
    member: MemberId,
    element: &str,
    ids: impl Iterator<Item = Option<Id>>,
) {
    let mut ids: Vec<Id> = ids.flatten().collect();
    ids.sort_unstable();
    for pair in ids.windows(2) {
        if let [one, other] = pair
            && one == other
        {
            let detail = format!("{element}@ID=\"{one}\"");
            reading
                .deviations
                .note(DeviationKind::DuplicateId, reading.package.name(member), detail);
        }
    }
}

impl PageArea {
    pub(super) fn read(reading: &mut Reading<'_, '_>, area: Element<'_>) -> Result<Self, OfdError> {
        Ok(Self {
            physical: area.box_of("PhysicalBox", reading.deviations)?,
            application: area.box_of("ApplicationBox", reading.deviations)?,
            content: area.box_of("ContentBox", reading.deviations)?,
            bleed: area.box_of("BleedBox", reading.deviations)?,
        })
    }
}

impl TemplatePage {
    fn read(reading: &mut Reading<'_, '_>, template: Element<'_>) -> Result<Self, OfdError> {
        Ok(Self {
            id: template.demanded("ID", reading.deviations),
            name: template.attribute("Name").map(str::to_owned),
            base_loc: reading.loc_in(template, "BaseLoc")?,
        })
    }
}

impl PageEntry {
    fn read(reading: &mut Reading<'_, '_>, page: Element<'_>) -> Result<Self, OfdError> {
        Ok(Self {
            id: page.demanded("ID", reading.deviations),
            base_loc: reading.loc_in(page, "BaseLoc")?,
        })
    }
}

impl Permissions {
    fn read(reading: &mut Reading<'_, '_>, permissions: Element<'_>) -> Result<Self, OfdError> {
        // What is not forbidden is permitted.
        let may = |name: &str| -> Result<bool, OfdError> {
            let text = permissions.text_of(name)?;
            Ok(!matches!(text.as_deref(), Some("false" | "0")))
        };
        let print = permissions.one("Print")?;
        let valid = permissions.one("ValidPeriod")?;
        let date = |name: &str| valid.and_then(|valid| valid.attribute(name)).map(str::to_owned);
        Ok(Self {
            edit: may("Edit")?,
            annot: may("Annot")?,
            export: may("Export")?,
            signature: may("Signature")?,
            watermark: may("Watermark")?,
            print_screen: may("PrintScreen")?,
            printable: print
                .and_then(|print| print.value("Printable", reading.deviations))
                .unwrap_or(true),
            // -1 stands for any number.
            copies: print
                .and_then(|print| print.attribute("Copies"))
                .and_then(|copies| copies.parse().ok()),
            valid_from: date("StartDate"),
            valid_until: date("EndDate"),
        })
    }
}

/// Depth of nesting is bounded by the parser.
fn outlines(outlines: Element<'_>) -> Vec<Outline> {
    fn walk(element: Element<'_>, depth: usize, found: &mut Vec<Outline>) {
        for line in element.all("OutlineElem") {
            found.push(Outline {
                title: line.attribute("Title").unwrap_or_default().to_owned(),
                depth,
            });
            walk(line, depth + 1, found);
        }
    }
    let mut found = Vec::new();
    walk(outlines, 0, &mut found);
    found
}

/// All actions below an element.
pub(super) fn actions(element: Element<'_>) -> Vec<Action> {
    fn walk(element: Element<'_>, found: &mut Vec<Action>) {
        for inner in element.elements() {
            if inner.name() == "Action" {
                found.push(Action {
                    event: inner.attribute("Event").map(str::to_owned),
                    does: kind(inner),
                });
            } else {
                walk(inner, found);
            }
        }
    }
    let mut found = Vec::new();
    walk(element, &mut found);
    found
}

fn kind(action: Element<'_>) -> ActionKind {
    let known = action.elements().find_map(|inner| {
        let attribute = |name| inner.attribute(name).map(str::to_owned);
        Some(match inner.name() {
            "Goto" => ActionKind::Goto,
            "GotoA" => ActionKind::GotoAttachment {
                attachment: attribute("AttachID"),
            },
            "URI" => ActionKind::Uri {
                uri: attribute("URI").unwrap_or_default(),
            },
            "Sound" | "Movie" => ActionKind::Play {
                resource: inner.attribute("ResourceID").and_then(|id| id.parse().ok()),
            },
            _ => return None,
        })
    });
    known.unwrap_or(ActionKind::Other)
}
