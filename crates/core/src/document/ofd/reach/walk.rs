//! The walk from OFD.xml to everything it names, each file once.

use std::collections::BTreeSet;

use super::{
    super::{
        OpenedDocument, OpenedOfd,
        deviation::Deviations,
        error::OfdError,
        loc::Loc,
        package::MemberId,
        structure::{
            Reading,
            annotations::PageAnnot,
            entries::ENCRYPTION_ENTRY,
            page::Page,
            resources::Resources,
            root::{DocBody, DocVersion},
        },
    },
    Dangling, Reach, Role, SignatureNumber,
};
use crate::limits::MAX_OFD_LISTED;

pub(super) fn all(ofd: &OpenedOfd<'_>) -> Result<Reach, OfdError> {
    let mut deviations = Deviations::default();
    let mut walk = Walk {
        reading: Reading {
            package: &ofd.package,
            deviations: &mut deviations,
        },
        reach: Reach::default(),
        documents: BTreeSet::new(),
    };
    let entry = ofd.root.member;
    walk.reach.add(entry, Role::Entry);
    for (number, (body, document)) in ofd.root.bodies.iter().zip(&ofd.documents).enumerate() {
        walk.name(entry, body.info.cover.as_ref(), Role::Cover);
        walk.name(entry, Some(&body.doc_root), Role::Document);
        walk.document(document)?;
        walk.signatures(entry, number, body, document);
        walk.versions(entry, body)?;
    }
    walk.around(ofd);
    if walk.reach.dangling.len() > MAX_OFD_LISTED {
        return Err(OfdError::Limit {
            what: "paths that lead nowhere",
            limit: MAX_OFD_LISTED,
        });
    }

    let mut reach = walk.reach;
    reach.unreachable = ofd
        .package
        .members()
        .filter(|member| !reach.roles.contains_key(member))
        .collect();
    reach.deviations = deviations;
    Ok(reach)
}

impl Reach {
    fn add(&mut self, member: MemberId, role: Role) -> bool {
        self.roles.entry(member).or_default().insert(role)
    }
}

struct Walk<'p, 'b> {
    reading: Reading<'p, 'b>,
    reach: Reach,
    /// Document.xml files walked over.
    documents: BTreeSet<MemberId>,
}

impl Walk<'_, '_> {
    /// Notes a member under the part that its namer gives it. Gives it where it has that part for the first time.
    fn name(&mut self, by: MemberId, loc: Option<&Loc>, role: Role) -> Option<MemberId> {
        let loc = loc?;
        let Some(member) = loc.member else {
            self.reach.dangling.insert(Dangling {
                named_by: by,
                stated: loc.stated.clone(),
                role,
            });
            return None;
        };
        self.reach.add(member, role).then_some(member)
    }

    fn document(&mut self, opened: &OpenedDocument) -> Result<(), OfdError> {
        let document = &opened.document;
        let by = document.member;
        if !self.documents.insert(by) {
            return Ok(());
        }
        for loc in &document.resources {
            self.name(by, Some(loc), Role::Resources);
        }
        for resources in &opened.resources {
            self.resources(resources);
        }
        for template in &document.templates {
            self.page(by, &template.base_loc, Role::Template)?;
        }
        for page in &document.pages {
            self.page(by, &page.base_loc, Role::Page)?;
        }
        self.name(by, document.annotations.as_ref(), Role::Annotations);
        for annotated in opened.annotations.iter().flat_map(|list| &list.pages) {
            for file in &annotated.files {
                let by = opened.annotations.as_ref().map_or(by, |list| list.member);
                if let Some(file) = self.name(by, Some(file), Role::PageAnnot) {
                    // Read so that what cannot be read is refused; its objects use resources named above.
                    PageAnnot::read(&mut self.reading, file)?;
                }
            }
        }
        self.attached(opened);
        Ok(())
    }

    fn resources(&mut self, resources: &Resources) {
        let by = resources.member;
        for font in &resources.fonts {
            self.name(by, font.file.as_ref(), Role::Font);
        }
        for media in &resources.media {
            self.name(by, media.file.as_ref(), Role::Media);
        }
        for space in &resources.color_spaces {
            self.name(by, space.profile.as_ref(), Role::ColorProfile);
        }
    }

    /// A page or template, with resources of its own.
    fn page(&mut self, by: MemberId, loc: &Loc, role: Role) -> Result<(), OfdError> {
        let Some(member) = self.name(by, Some(loc), role) else {
            return Ok(());
        };
        let page = Page::read(&mut self.reading, member)?;
        for loc in &page.resources {
            let fresh = self.name(member, Some(loc), Role::Resources);
            if let Some(file) = fresh {
                let resources = Resources::read(&mut self.reading, file)?;
                self.resources(&resources);
            }
        }
        Ok(())
    }

    fn attached(&mut self, opened: &OpenedDocument) {
        let document = &opened.document;
        let by = document.member;
        self.name(by, document.attachments.as_ref(), Role::Attachments);
        if let Some(list) = &opened.attachments {
            for attachment in &list.attachments {
                self.name(list.member, Some(&attachment.file), Role::Attachment);
            }
        }
        self.name(by, document.custom_tags.as_ref(), Role::CustomTags);
        if let Some(list) = &opened.custom_tags {
            for tag in &list.tags {
                self.name(list.member, tag.file.as_ref(), Role::CustomTag);
                self.name(list.member, tag.schema.as_ref(), Role::TagSchema);
            }
        }
        self.name(by, document.extensions.as_ref(), Role::Extensions);
        if let Some(list) = &opened.extensions {
            for file in list.extensions.iter().flat_map(|extension| &extension.files) {
                self.name(list.member, Some(file), Role::Extension);
            }
        }
    }

    fn signatures(&mut self, entry: MemberId, document: usize, body: &DocBody, opened: &OpenedDocument) {
        self.name(entry, body.signatures.as_ref(), Role::Signatures);
        let Some(list) = &opened.signature_list else {
            return;
        };
        for (number, signature) in opened.signatures.iter().enumerate() {
            let number = (document, number);
            self.own(
                number,
                list.member,
                Some(&signature.entry.base_loc),
                Role::Signature,
            );
            let Ok(file) = &signature.file else { continue };
            self.own(number, file.member, Some(&file.signed_value), Role::SignedValue);
            if let Some(seal) = &file.seal {
                self.own(number, file.member, seal.base_loc.as_ref(), Role::Seal);
                self.own(number, file.member, seal.image_loc.as_ref(), Role::SealImage);
            }
        }
    }

    fn own(&mut self, number: SignatureNumber, by: MemberId, loc: Option<&Loc>, role: Role) {
        self.name(by, loc, role);
        if let Some(member) = loc.and_then(|loc| loc.member) {
            self.reach.owners.entry(member).or_default().insert(number);
        }
    }

    /// Kept versions, each with a document of its own: a reader may show any.
    fn versions(&mut self, entry: MemberId, body: &DocBody) -> Result<(), OfdError> {
        for version in &body.versions {
            let Some(member) = self.name(entry, Some(&version.base_loc), Role::Version) else {
                continue;
            };
            let described = DocVersion::read(&mut self.reading, member)?;
            for file in &described.files {
                self.name(member, Some(file), Role::VersionFile);
            }
            self.name(member, described.doc_root.as_ref(), Role::Document);
            if let Some(root) = described.doc_root.and_then(|loc| loc.member)
                && !self.documents.contains(&root)
            {
                let opened = OpenedDocument::read(&mut self.reading, root)?;
                self.document(&opened)?;
            }
        }
        Ok(())
    }

    /// What stands beside OFD.xml at the root (GM/T 0099).
    fn around(&mut self, ofd: &OpenedOfd<'_>) {
        if let Some(list) = &ofd.integrity {
            self.reach.add(list.member, Role::IntegrityList);
            self.name(list.member, Some(&list.signed_value), Role::IntegrityValue);
        }
        if let Some(entry) = ofd.package.find(ENCRYPTION_ENTRY) {
            self.reach.add(entry, Role::Encryption);
            for round in &ofd.encryption {
                self.name(entry, round.decrypt_seed.as_ref(), Role::Encryption);
                self.name(entry, round.entries_map.as_ref(), Role::Encryption);
            }
        }
    }
}
