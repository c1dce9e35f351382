//! The words for what changed, and who may change it.

use super::super::ModificationLevel;

/// What the reader would see changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ChangeKind {
    /// Actions that run on opening, printing, or on a field.
    Action,
    /// An annotation that may lie over the face.
    AnnotationOverFace,
    /// An annotation was changed.
    AnnotationChanged,
    /// An annotation was taken away.
    AnnotationRemoved,
    /// A note that a reader can tell from the face.
    Annotation,
    /// What a filled field shows is not, or cannot be told to be, its value.
    AppearanceUnlikeValue,
    /// A field looks different though its value did not change.
    AppearanceWithoutValue,
    /// Another entry of the catalogue.
    Catalog,
    /// Evidence for long-term validation was added.
    Evidence,
    /// Evidence was taken away, changed, or is none.
    EvidenceChanged,
    /// Other evidence took the place of what was there.
    EvidenceRenewed,
    /// Extensions of the format that the file says it uses.
    Extensions,
    /// A field's flags, place or other properties.
    FieldChanged,
    /// A field that is no signature field was added, or one with a name that is taken.
    FieldAdded,
    /// A field was filled in.
    FieldFilled,
    /// A field was taken away.
    FieldRemoved,
    /// A font: the same codes show other glyphs.
    Font,
    /// The form as a whole.
    Form,
    /// A field that the signer locked.
    LockedField,
    /// The information dictionary or the XMP packet.
    Metadata,
    /// Metadata that are none, or that no reader should parse.
    MetadataUnsafe,
    /// A tree of names: attachments, scripts, destinations.
    Names,
    /// An object that nothing uses was added.
    ObjectAdded,
    /// An object that nothing showed was overwritten, as if to be shown later.
    ObjectOverwritten,
    /// Layers.
    OptionalContent,
    /// Content of a page.
    PageContent,
    /// Pages were added, taken away or put in another order.
    PageTree,
    /// Boxes, rotation and the like of a page.
    PageProperties,
    /// Permissions of the document.
    Permissions,
    /// Pictures, forms and other resources of a page.
    Resources,
    /// The file says of itself where the signed revision ends, and the signature is not found there.
    RevisionUnclear,
    /// What a page or a field is painted from was written anew. It seems the same, but nobody who means well does so.
    Rewritten,
    /// A signature or document timestamp was added.
    SignatureAdded,
    /// The value of a new signature field is no signature of the later revision.
    SignatureRecycled,
    /// A new signature field covers much of a page or, on a certified document, any of it.
    SignatureOverFace,
    /// A signature dictionary was changed or taken away.
    SignatureReplaced,
    /// The structure tree, which screen readers read.
    Structure,
    /// The structure tree got entries for what else was added.
    StructureAdded,
    /// Another entry of the trailer.
    Trailer,
    /// Content after the last revision, or a revision that strict readers do not see.
    UnseenRevision,
}

impl ChangeKind {
    /// Stable code for reports and programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Action => "change-action",
            Self::Annotation => "change-annotation",
            Self::AnnotationChanged => "change-annotation-changed",
            Self::AnnotationOverFace => "change-annotation-over-face",
            Self::AnnotationRemoved => "change-annotation-removed",
            Self::AppearanceUnlikeValue => "change-appearance-unlike-value",
            Self::AppearanceWithoutValue => "change-appearance-without-value",
            Self::Catalog => "change-catalog",
            Self::Evidence => "change-evidence",
            Self::EvidenceChanged => "change-evidence-changed",
            Self::EvidenceRenewed => "change-evidence-renewed",
            Self::Extensions => "change-extensions",
            Self::FieldAdded => "change-field-added",
            Self::FieldChanged => "change-field-changed",
            Self::FieldFilled => "change-field-filled",
            Self::FieldRemoved => "change-field-removed",
            Self::Font => "change-font",
            Self::Form => "change-form",
            Self::LockedField => "change-locked-field",
            Self::Metadata => "change-metadata",
            Self::MetadataUnsafe => "change-metadata-unsafe",
            Self::Names => "change-names",
            Self::ObjectAdded => "change-object-added",
            Self::ObjectOverwritten => "change-object-overwritten",
            Self::OptionalContent => "change-optional-content",
            Self::PageContent => "change-page-content",
            Self::PageProperties => "change-page-properties",
            Self::PageTree => "change-page-tree",
            Self::Permissions => "change-permissions",
            Self::Resources => "change-resources",
            Self::RevisionUnclear => "change-revision-unclear",
            Self::Rewritten => "change-rewritten",
            Self::SignatureAdded => "change-signature-added",
            Self::SignatureOverFace => "change-signature-over-face",
            Self::SignatureRecycled => "change-signature-recycled",
            Self::SignatureReplaced => "change-signature-replaced",
            Self::Structure => "change-structure",
            Self::StructureAdded => "change-structure-added",
            Self::Trailer => "change-trailer",
            Self::UnseenRevision => "change-unseen-revision",
        }
    }
}

/// Who may make a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// Anybody whom the DocMDP level allows as much.
    From(ModificationLevel),
    /// Anybody whom the DocMDP level allows as much, if it is what it says it is: only a person can see that.
    Unclear(ModificationLevel),
    /// Nobody.
    Never,
}

/// What a change comes to under the restrictions of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// The signer allowed it.
    Permitted,
    /// Neither allowed nor forbidden in a way that a program can decide.
    Unclear,
    /// The signer, or the format, forbids it.
    Forbidden,
}

/// One change after the signed revision.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// What changed for the reader.
    pub kind: ChangeKind,
    /// Who may do that.
    pub permission: Permission,
    /// Number of the object that differs; 0 for the trailer and for values that stand in it.
    pub object: u32,
    /// Page it is seen on, counted from 1, where that is known.
    pub page: Option<usize>,
    /// Where it belongs: a field's name, a key.
    pub place: String,
}

/// All changes after one signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What the signer allows at most; none where nothing is stated.
    pub allowed: Option<ModificationLevel>,
    /// What was changed, ordered by kind.
    pub changes: Vec<Change>,
}

impl Difference {
    /// What a change comes to.
    ///
    /// A signature that states no level forbids no notes either, and does not allow them: readers cannot tell
    /// what of the page it was laid over.
    pub fn standing(&self, change: &Change) -> Standing {
        let is_allowed = |level| level <= self.allowed.unwrap_or(ModificationLevel::FormFilling);
        match change.permission {
            Permission::From(level) if is_allowed(level) => Standing::Permitted,
            Permission::Unclear(level) if is_allowed(level) => Standing::Unclear,
            Permission::From(_) | Permission::Unclear(_) if self.allowed.is_none() => Standing::Unclear,
            Permission::From(_) | Permission::Unclear(_) | Permission::Never => Standing::Forbidden,
        }
    }

    /// The worst of all changes: permitted where there are none.
    pub fn worst(&self) -> Standing {
        let all = self.changes.iter().map(|change| self.standing(change));
        all.max().unwrap_or(Standing::Permitted)
    }

    /// The changes of one standing.
    pub fn of(&self, standing: Standing) -> impl Iterator<Item = &Change> {
        self.changes
            .iter()
            .filter(move |change| self.standing(change) == standing)
    }
}
