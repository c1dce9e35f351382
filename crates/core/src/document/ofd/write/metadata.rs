//! OFD.xml, Document.xml and resource files (clauses 7.4, 7.5, 7.9).

use std::fmt::Write as _;

use super::{FaceFile, Protection, archive::sm3, fixed, xml::Xml};
use crate::{catalogue::FieldJson, clock, codes::HolderCodeKind, document::pdf::DocumentInfo, face::Drawing};

/// What the documents say made them.
pub(super) const CREATOR: &str = "certseal";
pub(super) const CREATOR_VERSION: &str = env!("CARGO_PKG_VERSION");

/// OFD.xml. CustomDatas have the metadata of the certificate under the short names of GB/T 36903.
pub(super) fn entry(info: &DocumentInfo<'_>, file: &FaceFile<'_>, seal_name: &str) -> Vec<u8> {
    let mut out = Xml::root("OFD", " Version=\"1.1\" DocType=\"OFD-A\"");
    out.raw("<ofd:DocBody><ofd:DocInfo>");
    out.leaf("DocID", &document_id(info, file.bytes));
    out.leaf("Title", info.title);
    out.leaf("Author", info.author);
    let day = clock::civil_date(info.created).to_string();
    out.leaf("CreationDate", &day);
    out.leaf("ModDate", &day);
    out.leaf("DocUsage", "Normal");
    out.leaf("Creator", CREATOR);
    out.leaf("CreatorVersion", CREATOR_VERSION);
    out.raw("<ofd:CustomDatas>");
    for (name, value) in custom_datas(info, file, seal_name) {
        out.put(format_args!("<ofd:CustomData Name=\"{name}\">"));
        out.text(&value);
        out.raw("</ofd:CustomData>");
    }
    out.raw("</ofd:CustomDatas></ofd:DocInfo>");
    out.leaf("DocRoot", "Doc_0/Document.xml");
    out.leaf("Signatures", "Doc_0/Signs/Signatures.xml");
    out.close(&["DocBody", "OFD"])
}

/// Metadata every certificate has, then what its type adds.
fn custom_datas(info: &DocumentInfo<'_>, file: &FaceFile<'_>, seal_name: &str) -> Vec<(String, String)> {
    let json = file.json;
    let kind = file.data.holder().map(|code| code.kind());
    let mut all: Vec<(String, String)> = Vec::with_capacity(20 + json.fields.len());
    let mut put = |name: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            all.push((name.to_owned(), value.to_owned()));
        }
    };
    put("ZZBS", Some(&json.identifier));
    put("ZZMC", Some(&json.certificate_type.name));
    put("ZZLXDM", Some(&json.certificate_type.code));
    put("ZZBH", Some(&json.number));
    put("ZZBFJG", Some(&json.issuer.name));
    put("ZZBFJGDM", Some(&json.issuer.code));
    put("ZZBFRQ", Some(&json.issued_on.to_string()));
    put("ZZYXQQSRQ", Some(&json.valid_from.to_string()));
    put(
        "ZZYXQJZRQ",
        json.valid_until.map(|date| date.to_string()).as_deref(),
    );
    put("CZZT", Some(&json.holder.name));
    put("CZZTDM", json.holder.code.as_deref());
    put("CZZTDMLX", kind.map(HolderCodeKind::type_name));
    put("CZZTDMLXDM", json.holder.code_type.as_deref());
    let made = clock::clock_time(info.created);
    put("ZZQZR", Some(info.signer_name));
    put("ZZQZSJ", Some(&made));
    put("ZZQZMC", Some(seal_name));
    put("CJSJ", Some(&made));
    let own = |field: &&FieldJson| field.short.starts_with("KZ_");
    for field in json.fields.iter().filter(own) {
        put(&field.short, Some(&field.text));
    }
    all
}

/// A UUID (RFC 9562 version 8) that the content decides: the same document has the same.
fn document_id(info: &DocumentInfo<'_>, face_json: &[u8]) -> String {
    let mut content = face_json.to_vec();
    content.extend_from_slice(&info.created.as_second().to_be_bytes());
    let digest = sm3(&content);
    let mut id = String::with_capacity(32);
    for (index, byte) in digest.iter().take(16).enumerate() {
        let byte = match index {
            6 => byte & 0x0F | 0x80,
            8 => byte & 0x3F | 0x80,
            _ => *byte,
        };
        let _ = write!(id, "{byte:02x}");
    }
    id
}

/// Document.xml: one page over its template.
pub(super) fn document(base: &Drawing, max_id: u32, protection: Protection) -> Vec<u8> {
    let mut out = Xml::root("Document", "");
    out.put(format_args!(
        "<ofd:CommonData><ofd:MaxUnitID>{max_id}</ofd:MaxUnitID><ofd:PageArea><ofd:PhysicalBox>"
    ));
    out.lengths(&[0.0, 0.0, base.width, base.height]);
    out.raw("</ofd:PhysicalBox></ofd:PageArea>");
    out.leaf("PublicRes", "PublicRes.xml");
    out.leaf("DocumentRes", "DocumentRes.xml");
    out.put(format_args!(
        "<ofd:TemplatePage ID=\"{}\" Name=\"base\" ZOrder=\"Background\" BaseLoc=\"Tpls/Tpl_0/Content.xml\"/></ofd:CommonData>\
         <ofd:Pages><ofd:Page ID=\"{}\" BaseLoc=\"Pages/Page_0/Content.xml\"/></ofd:Pages>",
        fixed::TEMPLATE,
        fixed::PAGE
    ));
    out.raw("<ofd:Permissions>");
    for (name, is_allowed) in [
        ("Edit", false),
        ("Annot", false),
        ("Export", true),
        ("Signature", protection == Protection::Continued),
        ("Watermark", false),
        ("PrintScreen", true),
    ] {
        out.put(format_args!("<ofd:{name}>{is_allowed}</ofd:{name}>"));
    }
    out.raw("<ofd:Print Printable=\"true\"/></ofd:Permissions>");
    out.leaf("CustomTags", "Tags/CustomTags.xml");
    out.leaf("Attachments", "Attachs/Attachments.xml");
    out.close(&["Document"])
}

/// PublicRes.xml or DocumentRes.xml.
pub(super) fn resources(kind: &str, entries: &Xml) -> Vec<u8> {
    let mut out = Xml::root("Res", " BaseLoc=\"Res\"");
    out.put(format_args!("<ofd:{kind}>"));
    out.append(entries);
    out.close(&[kind, "Res"])
}
