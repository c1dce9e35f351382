//! The files of an OFD (GB/T 33190-2016, GB/T 38540, GM/T 0099-2020) as types.
//!
//! Each `read` takes a member and gives what it says. Absent or unreadable details are named as deviations and left out;
//! what decides which page is seen, or which signature covers what, must be there and be there once.

pub(super) mod annotations;
pub(super) mod attached;
pub(super) mod color;
pub(super) mod document;
pub(super) mod entries;
pub(super) mod object;
pub(super) mod page;
pub(super) mod resources;
pub(super) mod root;
pub(super) mod signature;

use super::{
    deviation::Deviations,
    error::OfdError,
    loc::Loc,
    package::{MemberId, Package},
    xml::{Element, Xml},
};
use crate::limits::MAX_OFD_LISTED;

/// A package being read, and what is found to deviate in it.
pub(super) struct Reading<'p, 'b> {
    pub(super) package: &'p Package<'b>,
    pub(super) deviations: &'p mut Deviations,
}

impl<'p> Reading<'p, '_> {
    /// Parses a member whose root element has this name.
    pub(super) fn xml(&mut self, member: MemberId, root: &'static str) -> Result<Xml<'p>, OfdError> {
        let bytes = self.package.read_to_parse(member)?;
        Xml::parse(self.package.name(member), bytes, root, self.deviations)
    }

    /// The path that stands as the text of an element.
    pub(super) fn loc(&mut self, element: Element<'_>) -> Loc {
        Loc::resolve(
            self.package,
            element.member(),
            &element.trimmed(),
            self.deviations,
        )
    }

    /// The path that stands as the text of the one element of this name.
    pub(super) fn loc_of(&mut self, parent: Element<'_>, name: &str) -> Result<Option<Loc>, OfdError> {
        Ok(parent.one(name)?.map(|element| self.loc(element)))
    }

    /// The paths that stand as texts of all elements of this name.
    pub(super) fn locs_of(&mut self, parent: Element<'_>, name: &str) -> Result<Vec<Loc>, OfdError> {
        let locs: Vec<Loc> = parent.all(name).map(|element| self.loc(element)).collect();
        listed(&locs)?;
        Ok(locs)
    }

    /// The path in an attribute, which must be there.
    pub(super) fn loc_in(&mut self, element: Element<'_>, attribute: &'static str) -> Result<Loc, OfdError> {
        let stated = element.attribute(attribute).ok_or_else(|| {
            let name = format!("{}@{attribute}", element.name());
            OfdError::element(element.member(), name, "is absent")
        })?;
        Ok(Loc::resolve(
            self.package,
            element.member(),
            stated,
            self.deviations,
        ))
    }
}

/// That a list is no longer than any honest one.
fn listed<T>(list: &[T]) -> Result<(), OfdError> {
    if list.len() > MAX_OFD_LISTED {
        return Err(OfdError::Limit {
            what: "files listed",
            limit: MAX_OFD_LISTED,
        });
    }
    Ok(())
}
