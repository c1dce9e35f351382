//! The XMP packet (ISO 16684-1): PDF/A identification, Dublin Core, and our own schema, described as
//! ISO 19005-3 6.6.2.3 asks.

use std::{collections::BTreeMap, fmt::Write as _};

use roxmltree::{Document, Node, ParsingOptions};

use super::{DocumentInfo, PRODUCER, syntax::xmp_date};

/// Namespace of our own properties.
pub(super) const NAMESPACE: &str = "urn:certseal:xmp:certificate:1#";

const HEAD: &str = "<?xpacket begin=\"\u{FEFF}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n\
<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\
<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n";

const PART: &str = "<rdf:Description rdf:about=\"\" \
xmlns:pdfaid=\"http://www.aiim.org/pdfa/ns/id/\">\
<pdfaid:part>3</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance></rdf:Description>\n";

const SCHEMA_HEAD: &str = "<rdf:Description rdf:about=\"\" \
xmlns:pdfaExtension=\"http://www.aiim.org/pdfa/ns/extension/\" \
xmlns:pdfaSchema=\"http://www.aiim.org/pdfa/ns/schema#\" \
xmlns:pdfaProperty=\"http://www.aiim.org/pdfa/ns/property#\">\
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType=\"Resource\">\
<pdfaSchema:schema>Electronic certificate</pdfaSchema:schema>\
<pdfaSchema:namespaceURI>";

const SCHEMA_MIDDLE: &str = "</pdfaSchema:namespaceURI>\
<pdfaSchema:prefix>certseal</pdfaSchema:prefix><pdfaSchema:property><rdf:Seq>";

const SCHEMA_TAIL: &str = "</rdf:Seq></pdfaSchema:property></rdf:li></rdf:Bag>\
</pdfaExtension:schemas></rdf:Description>\n";

const TAIL: &str = "</rdf:RDF></x:xmpmeta>\n<?xpacket end=\"r\"?>";

/// The packet of one document.
pub(super) fn packet(info: &DocumentInfo<'_>) -> String {
    let date = xmp_date(info.created);
    let mut out = String::with_capacity(2800);
    out.push_str(HEAD);
    out.push_str(PART);

    out.push_str(
        "<rdf:Description rdf:about=\"\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
         xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" xmlns:pdf=\"http://ns.adobe.com/pdf/1.3/\" \
         xmlns:certseal=\"",
    );
    out.push_str(NAMESPACE);
    out.push_str("\"><dc:format>application/pdf</dc:format><dc:title><rdf:Alt>");
    for language in ["x-default", "zh-CN"] {
        let _ = write!(out, "<rdf:li xml:lang=\"{language}\">");
        escape(&mut out, info.title);
        out.push_str("</rdf:li>");
    }
    out.push_str("</rdf:Alt></dc:title><dc:identifier>");
    escape(&mut out, info.identifier);
    out.push_str("</dc:identifier><dc:creator><rdf:Seq><rdf:li>");
    escape(&mut out, info.author);
    out.push_str("</rdf:li></rdf:Seq></dc:creator><dc:language><rdf:Bag><rdf:li>zh-CN</rdf:li></rdf:Bag></dc:language>");
    let _ = write!(
        out,
        "<xmp:CreateDate>{date}</xmp:CreateDate><xmp:ModifyDate>{date}</xmp:ModifyDate>\
         <xmp:MetadataDate>{date}</xmp:MetadataDate><xmp:CreatorTool>{PRODUCER}</xmp:CreatorTool>\
         <pdf:Producer>{PRODUCER}</pdf:Producer>"
    );
    for (name, value) in [("type", info.certificate_type), ("number", info.number)] {
        let _ = write!(out, "<certseal:{name}>");
        escape(&mut out, value);
        let _ = write!(out, "</certseal:{name}>");
    }
    out.push_str("</rdf:Description>\n");

    out.push_str(SCHEMA_HEAD);
    out.push_str(NAMESPACE);
    out.push_str(SCHEMA_MIDDLE);
    for (name, about) in [
        ("type", "Key of the certificate type"),
        ("number", "Certificate number as printed"),
    ] {
        let _ = write!(
            out,
            "<rdf:li rdf:parseType=\"Resource\"><pdfaProperty:name>{name}</pdfaProperty:name>\
             <pdfaProperty:valueType>Text</pdfaProperty:valueType>\
             <pdfaProperty:category>external</pdfaProperty:category>\
             <pdfaProperty:description>{about}</pdfaProperty:description></rdf:li>"
        );
    }
    out.push_str(SCHEMA_TAIL);
    out.push_str(TAIL);
    out
}

fn escape(out: &mut String, value: &str) {
    for ch in value.chars() {
        match ch {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            _ => out.push(ch),
        }
    }
}

/// Text of the one element of this name, entities resolved. For packets of our own form; none where the name
/// stands there twice, as an element, an attribute or in a comment, and readers could part.
pub(super) fn element(packet: &str, name: &str) -> Option<String> {
    let (before, rest) = packet.split_once(&format!("<{name}>"))?;
    let (text, after) = rest.split_once(&format!("</{name}>"))?;
    if text.contains('<') || [before, after].iter().any(|rest| rest.contains(name)) {
        return None;
    }
    Some(
        text.replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&"),
    )
}

const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
const XML: &str = "http://www.w3.org/XML/1998/namespace";
const XMP: &str = "http://ns.adobe.com/xap/1.0/";

/// Properties that every writer renews.
const HOUSEKEEPING: [(&str, &str); 5] = [
    ("http://ns.adobe.com/pdf/1.3/", "Producer"),
    (XMP, "CreatorTool"),
    (XMP, "MetadataDate"),
    (XMP, "ModifyDate"),
    ("http://ns.adobe.com/xap/1.0/mm/", "InstanceID"),
];

/// Longest packet that is read, and most elements and texts of it. A parser compares each attribute of an
/// element with each other, and hands namespaces down.
const MAX_PACKET: usize = 1 << 20;
const MAX_NODES: u32 = 4_000;
const MAX_ATTRIBUTES: usize = 256;

/// Deepest nesting of values.
const MAX_DEPTH: u32 = 16;

/// Namespace and local name.
type Name = (String, String);

/// What a packet states: its subject, and its properties by name. Two packets that state the same may be
/// written differently (ISO 16684-1 clause 7: prefixes, attributes for elements, several descriptions, blanks).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Statements {
    about: String,
    properties: BTreeMap<Name, Value>,
}

#[derive(Debug, PartialEq, Eq)]
enum Value {
    Text {
        language: Option<String>,
        text: String,
    },
    /// Kind of the array and its items.
    Array(String, Vec<Value>),
    Structure {
        language: Option<String>,
        fields: BTreeMap<Name, Value>,
    },
}

impl Value {
    /// A text; of no letters, in no language.
    fn text(language: Option<String>, text: String) -> Value {
        let language = language.filter(|_| !text.is_empty());
        Value::Text { language, text }
    }

    /// A structure; without fields it is what some write for no text.
    fn structure(language: Option<String>, fields: BTreeMap<Name, Value>) -> Value {
        if fields.is_empty() {
            return Value::text(None, String::new());
        }
        Value::Structure { language, fields }
    }
}

impl Statements {
    /// Reads a packet; none where it is not XMP as the standard writes it, and nobody can be sure what it states.
    pub(super) fn parse(packet: &[u8]) -> Option<Statements> {
        let too_many = |tag: &[u8]| memchr::memchr_iter(b'=', tag).count() > MAX_ATTRIBUTES;
        if packet.len() > MAX_PACKET || packet.split(|byte| *byte == b'<').any(too_many) {
            return None;
        }
        let options = ParsingOptions {
            nodes_limit: MAX_NODES,
            ..ParsingOptions::default()
        };
        let document = Document::parse_with_options(str::from_utf8(packet).ok()?, options).ok()?;
        // Some readers look for it by its name alone, prefix and all, and in all that stands around it.
        let mut roots = document
            .descendants()
            .filter(|node| node.tag_name().name() == "RDF");
        let (root, None) = (roots.next()?, roots.next()) else {
            return None;
        };
        // Firefox mends packets by patterns before it parses them, and not all leave out what is no element.
        if REPAIRED.iter().any(|words| document.input_text().contains(words)) {
            return None;
        }
        let packet = document.input_text().get(root.range())?;
        if !root.has_tag_name((RDF, "RDF")) || !packet.starts_with("<rdf:RDF") || !stands_alone(root) {
            return None;
        }
        let mut about = None;
        let mut properties = BTreeMap::new();
        for node in children(root)? {
            if !node.has_tag_name((RDF, "Description")) {
                return None;
            }
            let subject = node.attribute((RDF, "about")).unwrap_or_default();
            if *about.get_or_insert(subject) != subject {
                return None;
            }
            describe(node, &mut properties, MAX_DEPTH)?;
        }
        Some(Statements {
            about: about?.to_owned(),
            properties,
        })
    }

    /// Without what every writer renews.
    pub(super) fn without_housekeeping(mut self) -> Statements {
        self.properties
            .retain(|(namespace, name), _| !HOUSEKEEPING.contains(&(namespace, name)));
        self
    }
}

/// What makes of a packet another one to some readers: bytes of UTF-16 written out in octal digits, comments, and text
/// that is not parsed.
const REPAIRED: [&str; 3] = [r"\376\377", "<!--", "<![CDATA["];

/// Whether nothing stands above an element or beside it but the one that packets have around them (ISO 16684-1 7.3.3).
fn stands_alone(root: Node<'_, '_>) -> bool {
    let elements = |node: Node<'_, '_>| node.children().filter(Node::is_element).count();
    root.ancestors().skip(1).all(|above| {
        let is_known = above.is_root() || matches!(above.tag_name().name(), "xmpmeta" | "xapmeta");
        is_known && elements(above) == 1
    })
}

/// The elements in an element that holds nothing else.
fn children<'a, 'input>(node: Node<'a, 'input>) -> Option<Vec<Node<'a, 'input>>> {
    let is_blank = |node: &Node<'_, '_>| node.text().is_none_or(|text| text.trim().is_empty());
    let texts_are_blank = node.children().filter(Node::is_text).all(|text| is_blank(&text));
    texts_are_blank.then(|| node.children().filter(Node::is_element).collect())
}

/// The properties of a node, by its attributes and its elements.
fn describe(node: Node<'_, '_>, fields: &mut BTreeMap<Name, Value>, depth: u32) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    for attribute in node.attributes() {
        let text = Value::Text {
            language: None,
            text: attribute.value().to_owned(),
        };
        match attribute.namespace()? {
            RDF if ["about", "parseType"].contains(&attribute.name()) => {}
            XML if attribute.name() == "lang" => {}
            RDF | XML => return None,
            namespace => insert(fields, namespace, attribute.name(), text)?,
        }
    }
    for property in children(node)? {
        let name = property.tag_name();
        insert(fields, name.namespace()?, name.name(), value(property, depth)?)?;
    }
    Some(())
}

/// Of two values for one property nobody knows which counts.
fn insert(fields: &mut BTreeMap<Name, Value>, namespace: &str, name: &str, value: Value) -> Option<()> {
    let before = fields.insert((namespace.to_owned(), name.to_owned()), value);
    before.is_none().then_some(())
}

/// The value of a property element (ISO 16684-1 7.5 to 7.9).
fn value(element: Node<'_, '_>, depth: u32) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    let language = element.attribute((XML, "lang")).map(str::to_owned);
    let is_plain = element
        .attributes()
        .all(|attribute| attribute.namespace() == Some(XML) && attribute.name() == "lang");
    if let Some(resource) = element.attribute((RDF, "resource")) {
        // Some write an address as a text, others as a reference.
        let stands_alone = element.attributes().len() == 1 && !element.has_children();
        return stands_alone.then(|| Value::text(None, resource.to_owned()));
    }
    if !is_plain {
        // A structure in short: its fields are attributes, or elements under `rdf:parseType`.
        let is_resource = match element.attribute((RDF, "parseType")) {
            Some(kind) => kind == "Resource",
            None => !element.has_children(),
        };
        let mut fields = BTreeMap::new();
        describe(element, &mut fields, depth)?;
        return is_resource.then_some(Value::structure(language, fields));
    }
    if !element.children().any(|child| child.is_element()) {
        let text = element
            .children()
            .filter_map(|child| child.is_text().then(|| child.text())?);
        return Some(Value::text(language, text.collect()));
    }
    let children = children(element)?;
    let [inner] = children[..] else { return None };
    if inner.tag_name().namespace() != Some(RDF) {
        return None;
    }
    match inner.tag_name().name() {
        "Description" => {
            let mut fields = BTreeMap::new();
            describe(inner, &mut fields, depth)?;
            Some(Value::structure(language, fields))
        }
        kind @ ("Alt" | "Bag" | "Seq") if inner.attributes().len() == 0 && language.is_none() => {
            let items = self::children(inner)?;
            let items = items.into_iter().map(|item| {
                let is_item = item.has_tag_name((RDF, "li"));
                is_item.then(|| value(item, depth))?
            });
            Some(Value::Array(kind.to_owned(), items.collect::<Option<_>>()?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn values_are_escaped_and_found_again() {
        let info = DocumentInfo {
            identifier: "1.2.156.3005.2.<&>",
            title: "营业执照",
            author: "某某市场监督管理局",
            certificate_type: "business-licence",
            number: "A&B",
            created: "2026-11-21T00:00:00Z".parse().unwrap(),
            signer_name: "",
            reason: "",
            location: None,
        };
        let packet = packet(&info);
        assert_eq!(
            element(&packet, "dc:identifier").as_deref(),
            Some(info.identifier)
        );
        assert_eq!(element(&packet, "certseal:number").as_deref(), Some("A&B"));
        assert!(packet.contains("<xmp:CreateDate>2026-11-21T08:00:00+08:00</xmp:CreateDate>"));
        assert_eq!(element(&packet, "dc:title"), None);
    }

    const OURS: &str = r#"<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
        <x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
        <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">
            <dc:format>application/pdf</dc:format>
            <dc:title><rdf:Alt><rdf:li xml:lang="x-default">A &amp; B</rdf:li></rdf:Alt></dc:title>
        </rdf:Description>
        <rdf:Description rdf:about="" xmlns:n="urn:n#" xmlns:xmp="http://ns.adobe.com/xap/1.0/">
            <xmp:ModifyDate>2026-11-21T00:00:00Z</xmp:ModifyDate>
            <n:parts><rdf:Bag><rdf:li rdf:parseType="Resource"><n:name>type</n:name></rdf:li></rdf:Bag></n:parts>
            <n:link rdf:resource="urn:1"/><n:held n:as="x"/>
        </rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>"#;

    const THEIRS: &str = r#"<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="another">
        <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description
            xmlns:a="http://purl.org/dc/elements/1.1/" xmlns:b="urn:n#" xmlns:pdf="http://ns.adobe.com/pdf/1.3/"
            a:format="application/pdf" pdf:Producer="another" rdf:about="">
            <b:parts><rdf:Bag><rdf:li><rdf:Description><b:name>type</b:name></rdf:Description></rdf:li></rdf:Bag></b:parts>
            <b:link rdf:resource="urn:1"/><b:held rdf:parseType="Resource"><b:as>x</b:as></b:held>
            <a:title><rdf:Alt><rdf:li xml:lang="x-default">A &#38; B</rdf:li></rdf:Alt></a:title>
        </rdf:Description></rdf:RDF></x:xmpmeta>"#;

    fn stated(packet: &str) -> Option<Statements> {
        Some(Statements::parse(packet.as_bytes())?.without_housekeeping())
    }

    #[test]
    fn packets_that_state_the_same_are_the_same() {
        assert_eq!(stated(OURS).unwrap(), stated(THEIRS).unwrap());
        for (from, to) in [
            ("A &#38; B", "A &#38; C"),
            ("x-default", "zh-CN"),
            ("rdf:Bag>", "rdf:Seq>"),
            ("urn:n#", "urn:m#"),
            ("rdf:about=\"\"", "rdf:about=\"urn:x\""),
            ("resource=\"urn:1\"", "resource=\"urn:2\""),
            ("<b:as>x</b:as>", ""),
            ("<b:as>x</b:as>", "<b:as>x</b:as><b:too>y</b:too>"),
            ("pdf:Producer", "pdf:Keywords"),
        ] {
            assert!(THEIRS.contains(from), "{from}");
            let changed = stated(&THEIRS.replace(from, to)).unwrap();
            assert_ne!(stated(OURS).unwrap(), changed, "{from}");
        }
    }

    #[test]
    fn what_readers_could_take_in_two_ways_states_nothing() {
        for (from, to) in [
            ("<x:xmpmeta", "<!DOCTYPE a><x:xmpmeta"),
            ("<x:xmpmeta", "<!-- a --><x:xmpmeta"),
            ("<b:as>x</b:as>", "<b:as><![CDATA[x]]></b:as>"),
            ("<b:as>x</b:as>", r"<b:as>\376\377x</b:as>"),
            ("<b:as>x</b:as>", "<b:as>x</b:as><b:as>y</b:as>"),
            ("<b:as>", "words <b:as>"),
            ("rdf:parseType=\"Resource\"", "rdf:parseType=\"Literal\""),
            ("rdf:about=\"\"", "rdf:nodeID=\"a\""),
            (
                "</rdf:Description></rdf:RDF>",
                "</rdf:Description><rdf:RDF/></rdf:RDF>",
            ),
            ("</rdf:Description></rdf:RDF>", "</rdf:Description>"),
        ] {
            assert!(THEIRS.contains(from), "{from}");
            assert_eq!(stated(&THEIRS.replacen(from, to, 1)), None, "{to}");
        }
        let deep = format!(
            "{}x{}",
            "<b:as rdf:parseType=\"Resource\">".repeat(40),
            "</b:as>".repeat(40)
        );
        assert_eq!(stated(&THEIRS.replace("<b:as>x</b:as>", &deep)), None);
        let wide = THEIRS.replace(" a:format=", &format!("{} a:format=", " b:a=\"\"".repeat(300)));
        assert_eq!(stated(&wide), None);
        assert_eq!(Statements::parse(&vec![b' '; MAX_PACKET + 1]), None);
    }
}
