//! Signatures.xml and Signature.xml on the way out (clause 18, GB/T 38540-2020), and the sealing itself.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use jiff::Timestamp;

use super::{
    super::super::deflate::Effort,
    archive::{self, Member, sm3},
    metadata::{CREATOR, CREATOR_VERSION},
    xml::Xml,
};
use crate::{
    crypto::sha256,
    face::{Mm, Rect},
};

/// Folder of the signatures.
const SIGNS: &str = "Doc_0/Signs";
/// SM3 (GM/T 0006).
const SM3: &str = "1.2.156.10197.1.401";
/// SM2 with SM3 (GM/T 0006).
const SM2_WITH_SM3: &str = "1.2.156.10197.1.501";

/// Whether further seals may follow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Protection {
    /// None: the list of signatures is covered, so that adding one breaks this one.
    #[default]
    Whole,
    /// They may: all is covered but the list of signatures (联合发文).
    Continued,
}

/// A national seal (SESeal) as far as a document has to know it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SealFile<'a> {
    /// The seal.
    pub bytes: &'a [u8],
    /// Its name.
    pub name: &'a str,
    /// Width of its picture.
    pub width: Mm,
    /// Height of its picture.
    pub height: Mm,
}

/// What is signed with a seal: the signature goes into SignedValue.dat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToSeal<'a> {
    /// SM3 of Signature.xml.
    pub data_hash: &'a [u8; 32],
    /// Absolute path of Signature.xml.
    pub property_info: &'a str,
    /// When it is sealed.
    pub at: Timestamp,
}

/// Where a seal stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StampPlace {
    /// Identifier of the page.
    pub page: u32,
    /// The picture of the seal fills it.
    pub boundary: Rect,
    /// The part that shows, counted from the corner of the boundary: riding seals show a slice on each page.
    pub clip: Option<Rect>,
}

/// A finished file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedOfd {
    /// The file.
    pub bytes: Vec<u8>,
    /// SHA-256 of it.
    pub digest: [u8; 32],
}

/// One signature as it is made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signing<'a> {
    /// Folder of the signature, from the root.
    pub(super) folder: &'a str,
    /// Number of the signature among those of the document, and that of its first stamp after it.
    pub(super) first_id: u32,
    pub(super) stamps: &'a [StampPlace],
    pub(super) at: Timestamp,
}

/// Members that all documents under one seal share, when its signature is the first: the list and the seal.
pub(super) fn shared(seal: &SealFile<'_>) -> Vec<Member> {
    let list = list(&[entry(1, &format!("/{SIGNS}/Sign_0/Signature.xml"))], 2);
    vec![
        Member::deflated(format!("{SIGNS}/Signatures.xml"), &list, Effort::Best),
        Member::stored(format!("{SIGNS}/Sign_0/Seal.esl"), seal.bytes),
    ]
}

/// Identifiers as clause 18.1 recommends them.
pub(super) fn sign_id(number: u32) -> String {
    format!("s{number:03}")
}

/// An entry of Signatures.xml.
pub(super) fn entry(number: u32, location: &str) -> String {
    format!(
        "<ofd:Signature ID=\"{}\" Type=\"Seal\" BaseLoc=\"{location}\"/>",
        sign_id(number)
    )
}

/// Signatures.xml.
pub(super) fn list(entries: &[String], max_id: u32) -> Vec<u8> {
    let mut out = Xml::root("Signatures", "");
    out.leaf("MaxSignId", &sign_id(max_id));
    for entry in entries {
        out.raw(entry);
    }
    out.close(&["Signatures"])
}

/// Signature.xml over these members.
pub(super) fn signature<'m>(signing: &Signing<'_>, covered: impl Iterator<Item = &'m Member>) -> Vec<u8> {
    let mut out = Xml::root("Signature", "");
    out.put(format_args!(
        "<ofd:SignedInfo><ofd:Provider ProviderName=\"{CREATOR}\" Version=\"{CREATOR_VERSION}\" Company=\"{CREATOR}\"/>"
    ));
    out.leaf("SignatureMethod", SM2_WITH_SM3);
    out.leaf(
        "SignatureDateTime",
        &signing.at.strftime("%Y%m%d%H%M%SZ").to_string(),
    );
    out.put(format_args!("<ofd:References CheckMethod=\"{SM3}\">"));
    for member in covered {
        out.raw("<ofd:Reference FileRef=\"/");
        out.text(&member.name);
        out.raw("\">");
        out.leaf("CheckValue", &BASE64_STANDARD.encode(member.digest));
        out.raw("</ofd:Reference>");
    }
    out.raw("</ofd:References>");
    for (id, stamp) in (signing.first_id + 1..).zip(signing.stamps) {
        out.put(format_args!(
            "<ofd:StampAnnot ID=\"{}\" PageRef=\"{}\" Boundary=\"",
            sign_id(id),
            stamp.page
        ));
        rect(&mut out, &stamp.boundary);
        if let Some(clip) = &stamp.clip {
            out.raw("\" Clip=\"");
            rect(&mut out, clip);
        }
        out.raw("\"/>");
    }
    let folder = signing.folder;
    out.raw("<ofd:Seal>");
    out.leaf("BaseLoc", &format!("/{folder}/Seal.esl"));
    out.raw("</ofd:Seal></ofd:SignedInfo>");
    out.leaf("SignedValue", &format!("/{folder}/SignedValue.dat"));
    out.close(&["Signature"])
}

fn rect(out: &mut Xml, rect: &Rect) {
    out.lengths(&[rect.x, rect.y, rect.w, rect.h]);
}

/// A complete document but for its signature.
#[derive(Debug, Clone)]
pub struct UnsealedOfd {
    members: Vec<Member>,
    stamp: StampPlace,
    protection: Protection,
    at: Timestamp,
}

impl UnsealedOfd {
    pub(super) fn new(
        members: Vec<Member>,
        stamp: StampPlace,
        protection: Protection,
        at: Timestamp,
    ) -> Self {
        Self {
            members,
            stamp,
            protection,
            at,
        }
    }

    /// Has it signed, and gives the finished file. `sign` makes the bytes of SignedValue.dat.
    pub fn seal<E>(mut self, sign: impl FnOnce(&ToSeal<'_>) -> Result<Vec<u8>, E>) -> Result<SealedOfd, E> {
        let folder = format!("{SIGNS}/Sign_0");
        let signing = Signing {
            folder: &folder,
            first_id: 1,
            stamps: &[self.stamp],
            at: self.at,
        };
        finish(
            &mut self.members,
            &signing,
            self.protection,
            &format!("{SIGNS}/Signatures.xml"),
            sign,
        )
    }
}

/// Signs members and gives the file. The list of signatures, at `list`, is among them and names the signature.
pub(super) fn finish<E>(
    members: &mut Vec<Member>,
    signing: &Signing<'_>,
    protection: Protection,
    list: &str,
    sign: impl FnOnce(&ToSeal<'_>) -> Result<Vec<u8>, E>,
) -> Result<SealedOfd, E> {
    let is_covered = |member: &&Member| protection == Protection::Whole || &*member.name != list;
    let description = signature(signing, members.iter().filter(is_covered));
    let path = format!("{}/Signature.xml", signing.folder);
    let property = format!("/{path}");
    let value = sign(&ToSeal {
        data_hash: &sm3(&description),
        property_info: &property,
        at: signing.at,
    })?;
    members.push(Member::deflated(path, &description, Effort::Fast));
    members.push(Member::stored(
        format!("{}/SignedValue.dat", signing.folder),
        &value,
    ));
    let bytes = archive::pack(members);
    Ok(SealedOfd {
        digest: sha256(&bytes),
        bytes,
    })
}
