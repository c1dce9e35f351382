//! OFD.xml (clause 7.4): which documents the package holds.

use super::{
    super::{
        deviation::DeviationKind, error::OfdError, loc::Loc, package::MemberId, values::Id, xml::Element,
    },
    Reading, listed,
};
use crate::limits::MAX_OFD_BODIES;

/// Name of the one file every package has.
pub(in super::super) const ENTRY: &str = "OFD.xml";

/// OFD.xml.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfdRoot {
    /// The member itself.
    pub member: MemberId,
    /// Version of the format: `1.0`, and whatever else writers state.
    pub version: Option<String>,
    /// `OFD`, or `OFD-A` for archives (GB/T 42133).
    pub doc_type: Option<String>,
    /// The documents. Readers show the first.
    pub bodies: Vec<DocBody>,
}

/// One document (clause 7.4, table 4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocBody {
    /// What it says of itself.
    pub info: DocInfo,
    /// Document.xml.
    pub doc_root: Loc,
    /// Signatures.xml.
    pub signatures: Option<Loc>,
    /// Kept versions.
    pub versions: Vec<Version>,
}

/// DocInfo (clause 7.4, table 5).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DocInfo {
    /// Identifier of the document, a UUID.
    pub doc_id: Option<String>,
    /// Title.
    pub title: Option<String>,
    /// Author.
    pub author: Option<String>,
    /// Subject.
    pub subject: Option<String>,
    /// Abstract.
    pub summary: Option<String>,
    /// Created, as stated.
    pub creation_date: Option<String>,
    /// Changed, as stated.
    pub mod_date: Option<String>,
    /// `Normal`, `EBook` and so on.
    pub doc_usage: Option<String>,
    /// Picture of the cover.
    pub cover: Option<Loc>,
    /// Keywords.
    pub keywords: Vec<String>,
    /// Program that made it.
    pub creator: Option<String>,
    /// Its version.
    pub creator_version: Option<String>,
    /// What the application states, by name.
    pub custom_datas: Vec<CustomData>,
}

/// CustomData (clause 7.4, table 5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomData {
    /// Its name; metadata of certificates have the short names of GB/T 36903.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A kept version of a document (clause 17).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Its identifier.
    pub id: Option<String>,
    /// Its number.
    pub index: Option<Id>,
    /// Whether it is the one shown.
    pub current: bool,
    /// The file that describes it.
    pub base_loc: Loc,
}

/// The file that describes a version (clause 17.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocVersion {
    /// Files of this version.
    pub files: Vec<Loc>,
    /// Its Document.xml.
    pub doc_root: Option<Loc>,
}

impl OfdRoot {
    pub(in super::super) fn read(reading: &mut Reading<'_, '_>, member: MemberId) -> Result<Self, OfdError> {
        let xml = reading.xml(member, "OFD")?;
        let root = xml.root();
        let bodies = root
            .all("DocBody")
            .map(|body| DocBody::read(reading, body))
            .collect::<Result<Vec<_>, _>>()?;
        if bodies.is_empty() {
            return Err(OfdError::element(root.member(), "DocBody", "is absent"));
        }
        if bodies.len() > MAX_OFD_BODIES {
            return Err(OfdError::Limit {
                what: "documents in one package",
                limit: MAX_OFD_BODIES,
            });
        }
        Ok(Self {
            member,
            version: root.demanded("Version", reading.deviations),
            doc_type: root.demanded("DocType", reading.deviations),
            bodies,
        })
    }
}

impl DocBody {
    fn read(reading: &mut Reading<'_, '_>, body: Element<'_>) -> Result<Self, OfdError> {
        let info = body.one("DocInfo")?;
        if info.is_none() {
            reading
                .deviations
                .note(DeviationKind::MissingElement, body.member(), "DocInfo");
        }
        let info = info.map(|info| DocInfo::read(reading, info)).transpose()?;
        let versions = match body.one("Versions")? {
            Some(versions) => versions
                .all("Version")
                .map(|version| Version::read(reading, version))
                .collect::<Result<Vec<_>, _>>()?,
            None => Vec::new(),
        };
        if versions.len() > MAX_OFD_BODIES {
            return Err(OfdError::Limit {
                what: "versions of a document",
                limit: MAX_OFD_BODIES,
            });
        }
        Ok(Self {
            info: info.unwrap_or_default(),
            doc_root: reading.loc(body.needed("DocRoot")?),
            signatures: reading.loc_of(body, "Signatures")?,
            versions,
        })
    }
}

impl DocInfo {
    fn read(reading: &mut Reading<'_, '_>, info: Element<'_>) -> Result<Self, OfdError> {
        let doc_id = info.text_of("DocID")?;
        if doc_id.is_none() {
            reading
                .deviations
                .note(DeviationKind::MissingElement, info.member(), "DocID");
        }
        let keywords = info.one("Keywords")?;
        let custom_datas = info.one("CustomDatas")?;
        Ok(Self {
            doc_id,
            title: info.text_of("Title")?,
            author: info.text_of("Author")?,
            subject: info.text_of("Subject")?,
            summary: info.text_of("Abstract")?,
            creation_date: info.text_of("CreationDate")?,
            mod_date: info.text_of("ModDate")?,
            doc_usage: info.text_of("DocUsage")?,
            cover: reading.loc_of(info, "Cover")?,
            keywords: keywords
                .into_iter()
                .flat_map(Element::elements)
                .map(Element::trimmed)
                .collect(),
            creator: info.text_of("Creator")?,
            creator_version: info.text_of("CreatorVersion")?,
            custom_datas: custom_datas
                .into_iter()
                .flat_map(Element::elements)
                .map(|data| CustomData {
                    name: data.demanded("Name", reading.deviations).unwrap_or_default(),
                    value: data.text(),
                })
                .collect(),
        })
    }
}

impl Version {
    fn read(reading: &mut Reading<'_, '_>, version: Element<'_>) -> Result<Self, OfdError> {
        Ok(Self {
            id: version.demanded("ID", reading.deviations),
            index: version.demanded("Index", reading.deviations),
            current: version.value("Current", reading.deviations).unwrap_or(false),
            base_loc: reading.loc_in(version, "BaseLoc")?,
        })
    }
}

impl DocVersion {
    pub(in super::super) fn read(reading: &mut Reading<'_, '_>, member: MemberId) -> Result<Self, OfdError> {
        let xml = reading.xml(member, "DocVersion")?;
        let root = xml.root();
        let files: Vec<Loc> = match root.one("FileList")? {
            Some(list) => list.all("File").map(|file| reading.loc(file)).collect(),
            None => Vec::new(),
        };
        listed(&files)?;
        Ok(Self {
            files,
            doc_root: reading.loc_of(root, "DocRoot")?,
        })
    }
}
