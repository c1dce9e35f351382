//! One seal more on a finished document: several authorities on one (联合发文), riding seals over several pages.
//!
//! Members keep their bytes, packed as they were. What changes is the list of signatures, which no earlier signature may
//! cover, and OFD.xml where there was no list yet.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    super::{
        super::deflate::Effort, CheckMethod, DigestTable, OfdError, OpenedDocument, OpenedOfd, SignatureKind,
        loc::folder, open, package::MemberId,
    },
    archive::Member,
    seal::{Protection, SealFile, SealedOfd, Signing, StampPlace, ToSeal, entry, finish, list, sign_id},
};
use crate::crypto::DigestAlgorithm;

/// A seal to be added.
#[derive(Debug, Clone, Copy)]
pub struct NewSeal<'a> {
    /// The seal.
    pub seal: &'a SealFile<'a>,
    /// Where it stands.
    pub stamps: &'a [StampPlace],
    /// When it is applied.
    pub at: Timestamp,
    /// Whether further ones may follow.
    pub protection: Protection,
}

/// Why a seal cannot be added.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AddSealError {
    /// Signatures that are there are broken already: whoever adds one would vouch for it.
    #[error(
        "原有第 {signature} 个签章已失效（{member} 与签章时不同），不能加盖 / \
         signature {signature} is broken already: {member} is not what was signed"
    )]
    Broken {
        /// Number of the signature, from 1.
        signature: usize,
        /// The member that differs, or the Signature.xml that cannot be read.
        member: String,
    },
    /// An earlier signature covers the list of signatures.
    #[error(
        "第 {signature} 个签章已锁定文件，不允许再加盖 / signature {signature} covers the list of signatures: none may follow"
    )]
    Locked {
        /// Number of the signature, from 1.
        signature: usize,
    },
    /// Not one document, so that it is not certain which one is meant.
    #[error("文件须恰有一个文档，现有 {0} 个 / the file must hold one document, and holds {0}")]
    NotOne(usize),
    /// The file cannot be opened.
    #[error(transparent)]
    Open(#[from] OfdError),
    /// Members that nobody names: the seal would cover what nobody sees.
    #[error("文件夹带 {0}，不能加盖 / {0} is smuggled in")]
    Smuggled(String),
    /// A stamp on a page that is not there.
    #[error("文档没有标识为 {0} 的页 / no page has the identifier {0}")]
    UnknownPage(u32),
}

/// Adds a seal to a finished file. `sign` makes the bytes of SignedValue.dat.
pub fn add_seal<E: From<AddSealError>>(
    ofd: &[u8],
    new: &NewSeal<'_>,
    sign: impl FnOnce(&ToSeal<'_>) -> Result<Vec<u8>, E>,
) -> Result<SealedOfd, E> {
    let prepared = Prepared::new(ofd, new)?;
    let Prepared {
        mut members,
        folder,
        list,
        first_id,
    } = prepared;
    let signing = Signing {
        folder: &folder,
        first_id,
        stamps: new.stamps,
        at: new.at,
    };
    finish(&mut members, &signing, new.protection, &list, sign)
}

/// All members but the new Signature.xml and its value.
struct Prepared {
    members: Vec<Member>,
    /// Of the new signature.
    folder: String,
    /// Name of Signatures.xml.
    list: String,
    first_id: u32,
}

impl Prepared {
    fn new(bytes: &[u8], new: &NewSeal<'_>) -> Result<Self, AddSealError> {
        // 1. A file that deserves a seal.
        let ofd = open(bytes)?;
        let [document] = ofd.documents() else {
            return Err(AddSealError::NotOne(ofd.documents().len()));
        };
        if !ofd.encryption().is_empty() {
            return Err(OfdError::Encrypted.into());
        }
        check_signatures(&ofd, document)?;
        if let Some(smuggled) = ofd.reach()?.unreachable().first() {
            return Err(AddSealError::Smuggled(ofd.package().name(*smuggled).to_owned()));
        }
        let pages: BTreeSet<u32> = document
            .document
            .pages
            .iter()
            .filter_map(|page| page.id)
            .collect();
        if let Some(stamp) = new.stamps.iter().find(|stamp| !pages.contains(&stamp.page)) {
            return Err(AddSealError::UnknownPage(stamp.page));
        }

        // 2. Where the new signature goes.
        let package = ofd.package();
        let list_member = document.signature_list.as_ref().map(|list| list.member);
        let list_name = list_member.map_or_else(
            || beside(package.name(document.document.member)),
            |member| package.name(member).to_owned(),
        );
        let signs = folder(&list_name);
        let free = |folder: &String| {
            let within = format!("{folder}/");
            let mut names = package.members().map(|member| package.name(member));
            !names.any(|name| name.starts_with(&within))
        };
        let mut folders = (0_u32..).map(|number| {
            let slash = if signs.is_empty() { "" } else { "/" };
            format!("{signs}{slash}Sign_{number}")
        });
        let folder = folders.find(free).unwrap_or_default();
        let first_id = last_id(document) + 1;
        let max_id = first_id + new.stamps.len() as u32;
        let mut entries = entries(&ofd, document);
        entries.push(entry(first_id, &format!("/{folder}/Signature.xml")));
        let new_list = Member::deflated(list_name.clone(), &list(&entries, max_id), Effort::Fast);

        // 3. Everything as it was, but for the list and what leads to it.
        let mut members = Vec::new();
        for member in package.members() {
            let name = package.name(member);
            members.push(if Some(member) == list_member {
                new_list.clone()
            } else if member == ofd.root().member && list_member.is_none() {
                let entry = with_signatures(package.read(member)?, &list_name)
                    .ok_or_else(|| OfdError::element(name, "DocBody", "is not where it can be added to"))?;
                Member::deflated(name, &entry, Effort::Fast)
            } else {
                Member::kept(name, package.read(member)?, &package.as_packed(member)?)
            });
        }
        if list_member.is_none() {
            members.push(new_list);
        }
        members.push(Member::stored(format!("{folder}/Seal.esl"), new.seal.bytes));
        Ok(Self {
            members,
            folder,
            list: list_name,
            first_id,
        })
    }
}

/// Where Signatures.xml goes in a document that has none.
fn beside(document: &str) -> String {
    match folder(document) {
        "" => "Signs/Signatures.xml".to_owned(),
        folder => format!("{folder}/Signs/Signatures.xml"),
    }
}

/// That every signature is over what is there, and that none has closed the list.
fn check_signatures(ofd: &OpenedOfd<'_>, document: &OpenedDocument) -> Result<(), AddSealError> {
    let mut table = DigestTable::new(ofd.package(), |method, content: &[u8]| {
        let algorithm = match method {
            CheckMethod::Sm3 => DigestAlgorithm::Sm3,
            CheckMethod::Sha256 => DigestAlgorithm::Sha256,
            CheckMethod::Sha1 | CheckMethod::Md5 => return None,
        };
        Some(algorithm.digest(content))
    });
    let list = document.signature_list.as_ref().map(|list| list.member);
    for (signature, opened) in (1..).zip(&document.signatures) {
        let broken = |member: &str| AddSealError::Broken {
            signature,
            member: member.to_owned(),
        };
        let file = opened
            .file
            .as_ref()
            .map_err(|_| broken(&opened.entry.base_loc.stated))?;
        let checked = table.check(file);
        let wrong = file.references.iter().zip(&checked.states);
        if let Some((reference, _)) = wrong
            .into_iter()
            .find(|(_, state)| **state != super::super::ReferenceState::Right)
        {
            return Err(broken(&reference.file.stated));
        }
        let is_listed = |list: MemberId| checked.covered.contains(&list);
        if list.is_some_and(is_listed) {
            return Err(AddSealError::Locked { signature });
        }
    }
    Ok(())
}

/// The largest number in identifiers of signatures and stamps.
fn last_id(document: &OpenedDocument) -> u32 {
    let list = document.signature_list.iter();
    let stated = list.flat_map(|list| {
        let entries = list.signatures.iter().filter_map(|entry| entry.id.as_deref());
        entries.chain(list.max_sign_ids.iter().map(String::as_str))
    });
    let files = document
        .signatures
        .iter()
        .filter_map(|opened| opened.file.as_ref().ok());
    let stamps = files
        .flat_map(|file| &file.stamps)
        .filter_map(|stamp| stamp.id.as_deref());
    let number = |id: &str| {
        id.trim_start_matches(|letter: char| !letter.is_ascii_digit())
            .parse()
            .ok()
    };
    let last: u32 = stated.chain(stamps).filter_map(number).max().unwrap_or(0);
    // Stays a number however large somebody's is.
    last.min(u32::MAX / 2)
}

/// The entries that are there, with the paths that they led to.
fn entries(ofd: &OpenedOfd<'_>, document: &OpenedDocument) -> Vec<String> {
    let mut entries = Vec::new();
    for (index, opened) in (1..).zip(&document.signatures) {
        let stated = &opened.entry;
        let member = stated.base_loc.member;
        let location = member.map_or_else(
            || stated.base_loc.stated.clone(),
            |member| format!("/{}", ofd.package().name(member)),
        );
        let id = stated.id.clone().unwrap_or_else(|| sign_id(index));
        let kind = match &stated.kind {
            SignatureKind::Seal => "Seal",
            SignatureKind::Sign => "Sign",
            SignatureKind::Other(other) => other,
        };
        let mut out = super::xml::Xml::default();
        out.raw("<ofd:Signature");
        let relative = stated.relative.join(" ");
        for (name, value) in [
            ("ID", &id[..]),
            ("Type", kind),
            ("BaseLoc", &location),
            ("Relative", &relative),
        ] {
            if !value.is_empty() {
                out.put(format_args!(" {name}=\""));
                out.text(value);
                out.raw("\"");
            }
        }
        out.raw("/>");
        entries.push(String::from_utf8_lossy(&out.close(&[])).into_owned());
    }
    entries
}

/// OFD.xml with a path to Signatures.xml at the end of its one document.
fn with_signatures(entry: &[u8], list: &str) -> Option<Vec<u8>> {
    let text = str::from_utf8(entry).ok()?;
    let tree = roxmltree::Document::parse(text).ok()?;
    let body = tree
        .descendants()
        .find(|node| node.tag_name().name() == "DocBody")?;
    let element = text.get(body.range())?;
    let (within, closing) = element.rsplit_once("</")?;
    let prefix = closing
        .split_once(':')
        .map_or(String::new(), |(prefix, _)| format!("{prefix}:"));
    let at = body.range().start + within.len();
    let (before, after) = text.split_at_checked(at)?;
    let mut path = super::xml::Xml::default();
    path.text(list);
    let path = String::from_utf8(path.close(&[])).ok()?;
    Some(format!("{before}<{prefix}Signatures>{path}</{prefix}Signatures>{after}").into_bytes())
}
