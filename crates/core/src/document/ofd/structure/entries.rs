//! GM/T 0099-2020 around a document: the integrity list (annex D) and the entry of encryption (annex C).

use super::{
    super::{error::OfdError, loc::Loc, package::MemberId, xml::Element},
    Reading, listed,
};

/// Name of the integrity list.
pub(in super::super) const INTEGRITY_ENTRY: &str = "OFDEntries.xml";
/// Name of the entry of encryption.
pub(in super::super) const ENCRYPTION_ENTRY: &str = "Encryptions.xml";

/// OFDEntries.xml: all members of the package that belong to the document, signed as a list. What is not in it is
/// smuggled (夹带).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntegrityList {
    /// The member itself: its raw bytes are what is signed.
    pub member: MemberId,
    /// Its identifier.
    pub id: Option<String>,
    /// The program that made it.
    pub creator_name: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// When, as stated.
    pub creation_date: Option<String>,
    /// The signature over it (GB/T 35275).
    pub signed_value: Loc,
    /// The members listed.
    pub files: Vec<Loc>,
}

/// One round of encryption (annex C.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncryptInfo {
    /// Its identifier.
    pub id: Option<String>,
    /// The round before.
    pub relative: Option<String>,
    /// What is encrypted, as stated.
    pub scope: Option<String>,
    /// When, as stated.
    pub date: Option<String>,
    /// Where the keys are described.
    pub decrypt_seed: Option<Loc>,
    /// Which member became which, plain or encrypted itself.
    pub entries_map: Option<Loc>,
}

impl IntegrityList {
    pub(in super::super) fn read(reading: &mut Reading<'_, '_>, member: MemberId) -> Result<Self, OfdError> {
        let xml = reading.xml(member, "DocEntries")?;
        let root = xml.root();
        let mut files = Vec::new();
        for file in root.needed("FileList")?.all("File") {
            files.push(reading.loc_in(file, "FileLoc")?);
        }
        listed(&files)?;
        Ok(Self {
            member,
            id: root.demanded("ID", reading.deviations),
            creator_name: root.attribute("CreatorName").map(str::to_owned),
            version: root.attribute("Version").map(str::to_owned),
            creation_date: root.attribute("CreationDate").map(str::to_owned),
            signed_value: reading.loc(root.needed("SignedValueLoc")?),
            files,
        })
    }
}

impl EncryptInfo {
    /// All rounds, in order.
    pub(in super::super) fn read_all(
        reading: &mut Reading<'_, '_>,
        member: MemberId,
    ) -> Result<Vec<Self>, OfdError> {
        let xml = reading.xml(member, "Encryptions")?;
        let rounds = xml
            .root()
            .all("EncryptInfo")
            .map(|info| Self::read(reading, info));
        let rounds = rounds.collect::<Result<Vec<_>, _>>()?;
        listed(&rounds)?;
        Ok(rounds)
    }

    fn read(reading: &mut Reading<'_, '_>, info: Element<'_>) -> Result<Self, OfdError> {
        Ok(Self {
            id: info.demanded("ID", reading.deviations),
            relative: info.attribute("Relative").map(str::to_owned),
            scope: info.text_of("EncryptScope")?,
            date: info.text_of("EncryptDate")?,
            decrypt_seed: reading.loc_of(info, "DecryptSeedLoc")?,
            entries_map: reading.loc_of(info, "EntriesMapLoc")?,
        })
    }
}
