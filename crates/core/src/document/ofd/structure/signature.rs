//! Signatures.xml and Signature.xml (clause 18 of GB/T 33190, GB/T 38540, GM/T 0099 clause 7.2): what a signature says it
//! covers and where its seal stands. Nothing here is believed yet.

use base64::{Engine as _, prelude::BASE64_STANDARD};

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

/// Signatures.xml.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signatures {
    /// The member itself.
    pub member: MemberId,
    /// Largest identifiers in use, as stated. One, by the standard.
    pub max_sign_ids: Vec<String>,
    /// Signatures, in the order in which they were made.
    pub signatures: Vec<SignatureEntry>,
}

/// One signature in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureEntry {
    /// Its identifier.
    pub id: Option<String>,
    /// What it is.
    pub kind: SignatureKind,
    /// Signature.xml.
    pub base_loc: Loc,
    /// A signature that it builds on and that must be good too (GM/T 0099).
    pub relative: Vec<String>,
}

/// What a signature is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignatureKind {
    /// An e-seal (GB/T 38540); what holds where nothing is said.
    Seal,
    /// A signature without a seal (GB/T 35275).
    Sign,
    /// Something that the standards do not have.
    Other(String),
}

/// Signature.xml.
#[derive(Debug, Clone, PartialEq)]
pub struct SignatureFile {
    /// The member itself: its raw bytes are what is signed.
    pub member: MemberId,
    /// The program that made it.
    pub provider: Provider,
    /// Algorithm of the signature, as stated.
    pub signature_method: Option<String>,
    /// Time of the signature, as stated: informative, the one that is signed stands in the signature value.
    pub signature_date_time: Option<String>,
    /// Parameters by name (GM/T 0099).
    pub parameters: Vec<Parameter>,
    /// Algorithm of the digests, as stated; MD5 where nothing is said.
    pub check_method: Option<String>,
    /// What it covers.
    pub references: Vec<Reference>,
    /// Where its seal stands.
    pub stamps: Vec<StampAnnot>,
    /// Its seal.
    pub seal: Option<SealLoc>,
    /// The signature value.
    pub signed_value: Loc,
}

/// Provider of a signature.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provider {
    /// Its name.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Its maker.
    pub company: Option<String>,
    /// Version of the protocol (GM/T 0099).
    pub protocol_version: Option<String>,
}

/// A parameter (GM/T 0099).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: Option<String>,
    /// Its type.
    pub kind: Option<String>,
    /// Its value.
    pub value: String,
}

/// A member that the signature covers, and the digest it had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The member.
    pub file: Loc,
    /// Its digest; none where what stands there is no Base64.
    pub check_value: Option<Vec<u8>>,
}

/// Where a seal stands on a page.
#[derive(Debug, Clone, PartialEq)]
pub struct StampAnnot {
    /// Its identifier.
    pub id: Option<String>,
    /// The page.
    pub page: Option<Id>,
    /// Where on it, in millimetres.
    pub boundary: Option<Box2>,
    /// The part of the boundary that shows, from its corner: riding seals show a slice on each page.
    pub clip: Option<Box2>,
}

/// Where a seal is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealLoc {
    /// The seal itself.
    pub base_loc: Option<Loc>,
    /// Its picture (GM/T 0099).
    pub image_loc: Option<Loc>,
}

impl Signatures {
    pub(in super::super) fn read(reading: &mut Reading<'_, '_>, member: MemberId) -> Result<Self, OfdError> {
        let xml = reading.xml(member, "Signatures")?;
        let root = xml.root();
        let max_sign_ids: Vec<String> = root.all("MaxSignId").map(Element::trimmed).collect();
        if max_sign_ids.len() > 1 {
            reading
                .deviations
                .note(DeviationKind::DuplicateElement, root.member(), "MaxSignId");
        }
        let signatures = root
            .all("Signature")
            .map(|signature| SignatureEntry::read(reading, signature))
            .collect::<Result<Vec<_>, _>>()?;
        listed(&signatures)?;
        Ok(Self {
            member,
            max_sign_ids,
            signatures,
        })
    }
}

impl SignatureEntry {
    fn read(reading: &mut Reading<'_, '_>, signature: Element<'_>) -> Result<Self, OfdError> {
        let relative = signature.attribute("Relative").unwrap_or_default();
        Ok(Self {
            id: signature.demanded("ID", reading.deviations),
            kind: match signature.attribute("Type") {
                None | Some("Seal") => SignatureKind::Seal,
                Some("Sign") => SignatureKind::Sign,
                Some(other) => SignatureKind::Other(other.to_owned()),
            },
            base_loc: reading.loc_in(signature, "BaseLoc")?,
            relative: relative.split_ascii_whitespace().map(str::to_owned).collect(),
        })
    }
}

impl SignatureFile {
    pub(in super::super) fn read(reading: &mut Reading<'_, '_>, member: MemberId) -> Result<Self, OfdError> {
        let xml = reading.xml(member, "Signature")?;
        let root = xml.root();
        let info = root.needed("SignedInfo")?;
        let provider = match info.one("Provider")? {
            Some(provider) => Provider {
                name: provider.demanded("ProviderName", reading.deviations),
                version: provider.attribute("Version").map(str::to_owned),
                company: provider.attribute("Company").map(str::to_owned),
                protocol_version: provider.attribute("ProtocolVer").map(str::to_owned),
            },
            None => Provider::default(),
        };
        let list = info.needed("References")?;
        let references = list
            .all("Reference")
            .map(|reference| Reference::read(reading, reference))
            .collect::<Result<Vec<_>, _>>()?;
        listed(&references)?;
        let parameters = info.one("Parameters")?;
        let seal = match info.one("Seal")? {
            Some(seal) => Some(SealLoc {
                base_loc: reading.loc_of(seal, "BaseLoc")?,
                image_loc: reading.loc_of(seal, "ImageLoc")?,
            }),
            None => None,
        };
        Ok(Self {
            member,
            provider,
            signature_method: info.text_of("SignatureMethod")?,
            signature_date_time: info.text_of("SignatureDateTime")?,
            parameters: parameters
                .into_iter()
                .flat_map(Element::elements)
                .map(|one| Parameter {
                    name: one.attribute("Name").map(str::to_owned),
                    kind: one.attribute("Type").map(str::to_owned),
                    value: one.trimmed(),
                })
                .collect(),
            check_method: list
                .attribute("CheckMethod")
                .map(|method| method.trim().to_owned()),
            references,
            stamps: info
                .all("StampAnnot")
                .map(|stamp| StampAnnot::read(reading, stamp))
                .collect(),
            seal,
            signed_value: reading.loc(root.needed("SignedValue")?),
        })
    }
}

impl Reference {
    fn read(reading: &mut Reading<'_, '_>, reference: Element<'_>) -> Result<Self, OfdError> {
        // White space within Base64 says nothing (RFC 2045 6.8), and XML writers put some in.
        let mut value = reference.needed("CheckValue")?.text();
        value.retain(|letter| !letter.is_ascii_whitespace());
        Ok(Self {
            file: reading.loc_in(reference, "FileRef")?,
            check_value: BASE64_STANDARD.decode(value).ok(),
        })
    }
}

impl StampAnnot {
    fn read(reading: &mut Reading<'_, '_>, stamp: Element<'_>) -> Self {
        Self {
            id: stamp.attribute("ID").map(str::to_owned),
            page: stamp.demanded("PageRef", reading.deviations),
            boundary: stamp.demanded("Boundary", reading.deviations),
            clip: stamp.value("Clip", reading.deviations),
        }
    }
}
