//! The XMP packet (ISO 16684-1): PDF/A identification, Dublin Core, and our own schema, described as
//! ISO 19005-3 6.6.2.3 asks.

use std::fmt::Write as _;

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
}
