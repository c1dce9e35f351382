//! XML files of an OFD, under limits, and the questions asked of their elements.
//!
//! roxmltree parses; it knows no limit on depth, attributes or namespaces, and for the last two its work grows with the
//! square. So the tags are counted over before. Elements are matched by their local names: deployed writers use other
//! prefixes, the namespace without its year, or none. Whatever is not in the namespace of the standard is named; where a
//! name that may stand once stands twice, in whichever namespaces, the file is refused, for readers would part.

mod tags;

use std::collections::BTreeSet;

use roxmltree::{Document, Node, ParsingOptions};

use super::{
    deviation::{DeviationKind, Deviations},
    error::OfdError,
    values::{Box2, ReadValue},
};
use crate::limits::MAX_XML_NODES;

/// Namespace of GB/T 33190-2016 (clause 7.1).
const NAMESPACE: &str = "http://www.ofdspec.org/2016";

/// The namespaces for anything that may stand in any file.
const GENERAL: [&str; 2] = [
    "http://www.w3.org/XML/1998/namespace",
    "http://www.w3.org/2001/XMLSchema-instance",
];

/// A parsed file.
pub(super) struct Xml<'a> {
    document: Document<'a>,
    member: &'a str,
}

impl<'a> Xml<'a> {
    /// Parses a file whose root element has this name.
    pub(super) fn parse(
        member: &'a str,
        bytes: &'a [u8],
        root: &'static str,
        deviations: &mut Deviations,
    ) -> Result<Self, OfdError> {
        let xml = Self::parse_any(member, bytes)?;
        if xml.root().name() != root {
            return Err(OfdError::element(
                member,
                root,
                "the file has another root element",
            ));
        }
        xml.note_namespaces(deviations);
        Ok(xml)
    }

    /// Parses a file of whatever vocabulary.
    pub(super) fn parse_any(member: &'a str, bytes: &'a [u8]) -> Result<Self, OfdError> {
        let broken = |line, column, what: String| OfdError::Xml {
            member: member.to_owned(),
            line,
            column,
            what,
        };
        let text = str::from_utf8(bytes).map_err(|_| broken(1, 1, "not UTF-8".to_owned()))?;
        // Another reader would go by what is declared.
        if !text.is_ascii()
            && tags::declared_encoding(text).is_some_and(|name| !name.eq_ignore_ascii_case("utf-8"))
        {
            return Err(broken(
                1,
                1,
                "UTF-8 that is declared to be something else".to_owned(),
            ));
        }
        tags::check(text)?;
        let options = ParsingOptions {
            nodes_limit: MAX_XML_NODES,
            ..ParsingOptions::default()
        };
        match Document::parse_with_options(text, options) {
            Ok(document) => Ok(Self { document, member }),
            Err(roxmltree::Error::NodesLimitReached) => Err(OfdError::Limit {
                what: "elements of a file",
                limit: MAX_XML_NODES as usize,
            }),
            Err(error) => {
                let place = error.pos();
                Err(broken(place.row, place.col, error.to_string()))
            }
        }
    }

    /// The outermost element.
    pub(super) fn root(&self) -> Element<'_> {
        Element {
            node: self.document.root_element(),
            member: self.member,
        }
    }

    /// Elements or attributes of other namespaces, each namespace once.
    fn note_namespaces(&self, deviations: &mut Deviations) {
        let mut noted: BTreeSet<Option<&str>> = BTreeSet::new();
        for node in self.document.descendants().filter(Node::is_element) {
            let of_element = node.tag_name().namespace();
            let foreign = (of_element != Some(NAMESPACE)).then_some(of_element);
            // Attributes of the standard have no prefix at all.
            let of_attributes = node.attributes().filter_map(|attribute| attribute.namespace());
            let of_attributes = of_attributes.filter(|found| !GENERAL.contains(found)).map(Some);
            for namespace in foreign.into_iter().chain(of_attributes) {
                if noted.insert(namespace) {
                    deviations.note(DeviationKind::Namespace, self.member, namespace.unwrap_or("none"));
                }
            }
        }
    }
}

/// An element, asked by local names.
#[derive(Clone, Copy)]
pub(super) struct Element<'a> {
    node: Node<'a, 'a>,
    member: &'a str,
}

impl<'a> Element<'a> {
    /// Its local name.
    pub(super) fn name(self) -> &'a str {
        self.node.tag_name().name()
    }

    /// The file it stands in.
    pub(super) fn member(self) -> &'a str {
        self.member
    }

    /// The elements in it.
    pub(super) fn elements(self) -> impl Iterator<Item = Self> {
        let member = self.member;
        let elements = self.node.children().filter(Node::is_element);
        elements.map(move |node| Self { node, member })
    }

    /// The elements of this name in it.
    pub(super) fn all(self, name: &str) -> impl Iterator<Item = Self> {
        self.elements().filter(move |element| element.name() == name)
    }

    /// The one element of this name in it. Of two nobody knows which counts.
    pub(super) fn one(self, name: &str) -> Result<Option<Self>, OfdError> {
        let mut all = self.all(name);
        let first = all.next();
        if all.next().is_some() {
            return Err(OfdError::element(self.member, name, "stands there twice"));
        }
        Ok(first)
    }

    /// The one element of this name, which must be there.
    pub(super) fn needed(self, name: &'static str) -> Result<Self, OfdError> {
        self.one(name)?
            .ok_or_else(|| OfdError::element(self.member, name, "is absent"))
    }

    /// The text of the one element of this name, without white space around it; none where it is empty.
    pub(super) fn text_of(self, name: &str) -> Result<Option<String>, OfdError> {
        let text = self.one(name)?.map(Self::trimmed);
        Ok(text.filter(|text| !text.is_empty()))
    }

    /// Its text, as it stands.
    pub(super) fn text(self) -> String {
        let texts = self.node.children().filter(Node::is_text);
        texts.filter_map(|node| node.text()).collect()
    }

    /// Its text without white space around it.
    pub(super) fn trimmed(self) -> String {
        self.text().trim().to_owned()
    }

    /// An attribute. One with a prefix serves where there is none without.
    pub(super) fn attribute(self, name: &str) -> Option<&'a str> {
        let prefixed = || self.node.attributes().find(|attribute| attribute.name() == name);
        self.node
            .attribute(name)
            .or_else(|| prefixed().map(|attribute| attribute.value()))
    }

    /// An attribute as a value of its type; none where it is absent or cannot be read, which is then noted.
    pub(super) fn value<T: ReadValue>(self, name: &str, deviations: &mut Deviations) -> Option<T> {
        let text = self.attribute(name)?;
        let value = T::read(text.trim());
        if value.is_none() {
            deviations.note(
                DeviationKind::UnreadableValue,
                self.member,
                format!("{}@{name}=\"{text}\"", self.name()),
            );
        }
        value
    }

    /// The same of an attribute that the standard demands.
    pub(super) fn demanded<T: ReadValue>(self, name: &str, deviations: &mut Deviations) -> Option<T> {
        if self.attribute(name).is_none() {
            deviations.note(
                DeviationKind::MissingElement,
                self.member,
                format!("{}@{name}", self.name()),
            );
        }
        self.value(name, deviations)
    }

    /// A box that stands as the text of the one element of this name.
    pub(super) fn box_of(self, name: &str, deviations: &mut Deviations) -> Result<Option<Box2>, OfdError> {
        let Some(text) = self.text_of(name)? else {
            return Ok(None);
        };
        let value = Box2::read(&text);
        if value.is_none() {
            deviations.note(
                DeviationKind::UnreadableValue,
                self.member,
                format!("{name} \"{text}\""),
            );
        }
        Ok(value)
    }
}
