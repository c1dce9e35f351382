//! Content of a page or template (clause 7.7): layers of objects over templates.

use super::{
    super::{error::OfdError, loc::Loc, package::MemberId, values::Id, xml::Element},
    Reading,
    document::{Action, PageArea, actions},
    object::{GraphicObject, objects},
};

/// The content of a page or of a template.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The member itself.
    pub member: MemberId,
    /// Its area; where it states none, that of the document holds.
    pub area: Option<PageArea>,
    /// Templates drawn with it.
    pub templates: Vec<TemplateUse>,
    /// Resources of its own.
    pub resources: Vec<Loc>,
    /// Layers, in the order in which they stand.
    pub layers: Vec<Layer>,
    /// What opening it does.
    pub actions: Vec<Action>,
}

/// A template drawn with a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateUse {
    /// Which.
    pub template: Option<Id>,
    /// `Background` or `Foreground`; behind the page where nothing is said.
    pub z_order: Option<String>,
}

/// A layer (clause 7.7, table 15).
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Its identifier.
    pub id: Option<Id>,
    /// `Body`, `Foreground` or `Background`.
    pub kind: Option<String>,
    /// Parameters that hold where objects say nothing.
    pub draw_param: Option<Id>,
    /// Its objects, in the order in which they are drawn.
    pub objects: Vec<GraphicObject>,
}

impl Page {
    pub(in super::super) fn read(reading: &mut Reading<'_, '_>, member: MemberId) -> Result<Self, OfdError> {
        let xml = reading.xml(member, "Page")?;
        let root = xml.root();
        let mut layers = Vec::new();
        for layer in root.one("Content")?.into_iter().flat_map(Element::elements) {
            if layer.name() == "Layer" {
                layers.push(Layer::read(reading, layer)?);
            }
        }
        let area = root.one("Area")?;
        Ok(Self {
            member,
            area: area.map(|area| PageArea::read(reading, area)).transpose()?,
            templates: root
                .all("Template")
                .map(|template| TemplateUse {
                    template: template.demanded("TemplateID", reading.deviations),
                    z_order: template.attribute("ZOrder").map(str::to_owned),
                })
                .collect(),
            resources: reading.locs_of(root, "PageRes")?,
            layers,
            actions: root.one("Actions")?.map(actions).unwrap_or_default(),
        })
    }

    /// All objects, in the order in which they are drawn: background layers first, foreground layers last (clause 7.7).
    pub fn objects(&self) -> impl Iterator<Item = (&Layer, &GraphicObject)> {
        let rank = |layer: &&Layer| match layer.kind.as_deref() {
            Some("Background") => 0,
            Some("Foreground") => 2,
            _ => 1,
        };
        let mut layers: Vec<&Layer> = self.layers.iter().collect();
        layers.sort_by_key(rank);
        layers
            .into_iter()
            .flat_map(|layer| layer.objects.iter().map(move |object| (layer, object)))
    }
}

impl Layer {
    fn read(reading: &mut Reading<'_, '_>, layer: Element<'_>) -> Result<Self, OfdError> {
        Ok(Self {
            id: layer.value("ID", reading.deviations),
            kind: layer.attribute("Type").map(str::to_owned),
            draw_param: layer.value("DrawParam", reading.deviations),
            objects: objects(layer, reading.deviations)?,
        })
    }
}
