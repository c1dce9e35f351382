//! Resources by their identifiers.

use std::collections::BTreeMap;

use super::{
    structure::resources::{ColorSpace, CompositeUnit, DrawParam, Font, MultiMedia, Resources},
    values::Id,
};

/// Resources of some files by identifier; of two the first counts.
#[derive(Debug, Default)]
pub struct Index<'d> {
    fonts: BTreeMap<Id, &'d Font>,
    media: BTreeMap<Id, &'d MultiMedia>,
    color_spaces: BTreeMap<Id, &'d ColorSpace>,
    draw_params: BTreeMap<Id, &'d DrawParam>,
    composites: BTreeMap<Id, &'d CompositeUnit>,
}

impl<'d> Index<'d> {
    /// Of these files.
    pub fn new(resources: &'d [Resources]) -> Self {
        fn enter<'d, T>(map: &mut BTreeMap<Id, &'d T>, all: &'d [T], id: impl Fn(&T) -> Option<Id>) {
            for one in all {
                id(one).map(|id| map.entry(id).or_insert(one));
            }
        }
        let mut index = Self::default();
        for file in resources {
            enter(&mut index.fonts, &file.fonts, |font| font.id);
            enter(&mut index.media, &file.media, |media| media.id);
            enter(&mut index.color_spaces, &file.color_spaces, |space| space.id);
            enter(&mut index.draw_params, &file.draw_params, |param| param.id);
            enter(&mut index.composites, &file.composites, |unit| unit.id);
        }
        index
    }
}

/// What the objects of one page may refer to: resources of the document, then those of the page alone.
#[derive(Debug)]
pub struct Known<'k, 'd> {
    /// Resources of the document.
    pub shared: &'k Index<'d>,
    /// Resources of the page alone.
    pub own: Index<'k>,
}

impl<'k> Known<'k, '_> {
    /// A font.
    pub fn font(&self, id: Id) -> Option<&'k Font> {
        let shared = self.shared.fonts.get(&id);
        shared.or_else(|| self.own.fonts.get(&id)).copied()
    }

    /// A picture.
    pub fn media(&self, id: Id) -> Option<&'k MultiMedia> {
        let shared = self.shared.media.get(&id);
        shared.or_else(|| self.own.media.get(&id)).copied()
    }

    /// A colour space.
    pub fn color_space(&self, id: Id) -> Option<&'k ColorSpace> {
        let shared = self.shared.color_spaces.get(&id);
        shared.or_else(|| self.own.color_spaces.get(&id)).copied()
    }

    /// Drawing parameters.
    pub fn draw_param(&self, id: Id) -> Option<&'k DrawParam> {
        let shared = self.shared.draw_params.get(&id);
        shared.or_else(|| self.own.draw_params.get(&id)).copied()
    }

    /// A composite unit.
    pub fn composite(&self, id: Id) -> Option<&'k CompositeUnit> {
        let shared = self.shared.composites.get(&id);
        shared.or_else(|| self.own.composites.get(&id)).copied()
    }
}
