//! What goes with a document without being seen: attachments (clause 18), custom tags (clause 16), extensions (clause 17).

use super::{
    super::{
        deviation::{DeviationKind, Deviations},
        error::OfdError,
        loc::Loc,
        package::{MemberId, Package},
        values::Id,
        xml::{Element, Xml},
    },
    Reading, listed,
};
use crate::limits::{MAX_OFD_LISTED, MAX_OFD_NAME};

/// Attachments.xml.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachments {
    /// The member itself.
    pub member: MemberId,
    /// Attached files.
    pub attachments: Vec<Attachment>,
}

/// One attached file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its identifier.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Its format.
    pub format: Option<String>,
    /// When made, as stated.
    pub creation_date: Option<String>,
    /// What it is for.
    pub usage: Option<String>,
    /// Whether readers show it.
    pub visible: bool,
    /// The file.
    pub file: Loc,
}

/// CustomTags.xml.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomTags {
    /// The member itself.
    pub member: MemberId,
    /// Trees of tags.
    pub tags: Vec<CustomTag>,
}

/// One tree of tags, which ties what the application knows to objects on pages (数据标引).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomTag {
    /// What kind of tags.
    pub type_id: Option<String>,
    /// Their schema.
    pub schema: Option<Loc>,
    /// The tree.
    pub file: Option<Loc>,
}

/// One leaf of a tree of tags: a name and the object that shows its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaggedObject {
    /// Local names of the elements it stands in, from the root, joined with `/`.
    pub path: String,
    /// The page.
    pub page: Option<Id>,
    /// The object.
    pub object: Option<Id>,
}

/// Extensions.xml.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extensions {
    /// The member itself.
    pub member: MemberId,
    /// Extensions.
    pub extensions: Vec<Extension>,
}

/// One extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// The program it belongs to.
    pub app_name: Option<String>,
    /// Its files.
    pub files: Vec<Loc>,
}

impl Attachments {
    pub(in super::super) fn read(reading: &mut Reading<'_, '_>, member: MemberId) -> Result<Self, OfdError> {
        let xml = reading.xml(member, "Attachments")?;
        let attachments = xml
            .root()
            .all("Attachment")
            .map(|attachment| Attachment::read(reading, attachment))
            .collect::<Result<Vec<_>, _>>()?;
        listed(&attachments)?;
        Ok(Self { member, attachments })
    }
}

impl Attachment {
    fn read(reading: &mut Reading<'_, '_>, attachment: Element<'_>) -> Result<Self, OfdError> {
        let text = |name: &str| attachment.attribute(name).map(str::to_owned);
        Ok(Self {
            id: text("ID"),
            name: attachment.demanded("Name", reading.deviations),
            format: text("Format"),
            creation_date: text("CreationDate"),
            usage: text("Usage"),
            visible: attachment.value("Visible", reading.deviations).unwrap_or(true),
            file: reading.loc(attachment.needed("FileLoc")?),
        })
    }
}

impl CustomTags {
    pub(in super::super) fn read(reading: &mut Reading<'_, '_>, member: MemberId) -> Result<Self, OfdError> {
        let xml = reading.xml(member, "CustomTags")?;
        let mut tags = Vec::new();
        for tag in xml.root().all("CustomTag") {
            tags.push(CustomTag {
                // Older drafts call it NameSpace.
                type_id: tag
                    .attribute("TypeID")
                    .or_else(|| tag.attribute("NameSpace"))
                    .map(str::to_owned),
                schema: reading.loc_of(tag, "SchemaLoc")?,
                file: reading.loc_of(tag, "FileLoc")?,
            });
        }
        listed(&tags)?;
        Ok(Self { member, tags })
    }
}

/// The leaves of a tree of tags. The tree is free XML; the leaves are `ObjectRef`, in whatever namespace.
pub(in super::super) fn tagged_objects(
    package: &Package<'_>,
    member: MemberId,
    deviations: &mut Deviations,
) -> Result<Vec<TaggedObject>, OfdError> {
    fn walk(element: Element<'_>, path: &str, found: &mut Vec<TaggedObject>, deviations: &mut Deviations) {
        if found.len() > MAX_OFD_LISTED {
            return;
        }
        for inner in element.elements() {
            if inner.name() == "ObjectRef" {
                let object = inner.trimmed().parse().ok();
                if object.is_none() {
                    deviations.note(DeviationKind::UnreadableValue, inner.member(), "ObjectRef");
                }
                found.push(TaggedObject {
                    path: path.to_owned(),
                    page: inner.demanded("PageRef", deviations),
                    object,
                });
            } else if path.len() + inner.name().len() < MAX_OFD_NAME {
                walk(inner, &format!("{path}/{}", inner.name()), found, deviations);
            } else {
                walk(inner, path, found, deviations);
            }
        }
    }
    let xml = Xml::parse_any(package.name(member), package.read_to_parse(member)?)?;
    let root = xml.root();
    let mut found = Vec::new();
    walk(root, root.name(), &mut found, deviations);
    listed(&found)?;
    Ok(found)
}

impl Extensions {
    pub(in super::super) fn read(reading: &mut Reading<'_, '_>, member: MemberId) -> Result<Self, OfdError> {
        let xml = reading.xml(member, "Extensions")?;
        let mut extensions = Vec::new();
        for extension in xml.root().all("Extension") {
            extensions.push(Extension {
                app_name: extension.attribute("AppName").map(str::to_owned),
                files: reading.locs_of(extension, "ExtendData")?,
            });
        }
        listed(&extensions)?;
        Ok(Self { member, extensions })
    }
}
