//! What goes with the page: the face data as files, and the tags that tie fields to objects.

use std::sync::Arc;

use super::{ATTACHMENT, ATTACHMENT_XML, FaceFile, archive::Member, fixed, xml::Xml};
use crate::{
    catalogue::FaceJson,
    clock,
    document::{deflate::Effort, pdf::DocumentInfo},
};

/// What our tags are called in CustomTags.xml, and the namespace of their elements.
const TAGS: &str = "certseal.face";
const TAGS_NAMESPACE: &str = "urn:certseal:face-tags:1";
const FACE_NAMESPACE: &str = "urn:certseal:face:1";

/// Attachments.xml and what it names.
pub(super) fn members(info: &DocumentInfo<'_>, file: &FaceFile<'_>) -> [Member; 3] {
    let xml = face_xml(file.json);
    let made = info
        .created
        .to_zoned(clock::china())
        .strftime("%Y-%m-%dT%H:%M:%S")
        .to_string();
    let mut list = Xml::root("Attachments", "");
    for (id, name, format, size) in [
        ("a1", ATTACHMENT, "json", file.bytes.len()),
        ("a2", ATTACHMENT_XML, "xml", xml.len()),
    ] {
        list.put(format_args!(
            "<ofd:Attachment ID=\"{id}\" Name=\"{name}\" Format=\"{format}\" CreationDate=\"{made}\" Size=\"{:.3}\" Visible=\"false\" \
             Usage=\"face\"><ofd:FileLoc>{name}</ofd:FileLoc></ofd:Attachment>",
            // In kilobytes.
            size as f64 / 1024.0
        ));
    }
    let list = list.close(&["Attachments"]);
    [
        Member::deflated("Doc_0/Attachs/Attachments.xml", &list, Effort::Fast),
        Member::deflated(format!("Doc_0/Attachs/{ATTACHMENT}"), file.bytes, Effort::Fast),
        Member::deflated(format!("Doc_0/Attachs/{ATTACHMENT_XML}"), &xml, Effort::Fast),
    ]
}

/// The face data as XML: the elements and attributes are the names of `face.json`.
fn face_xml(face: &FaceJson) -> Vec<u8> {
    let mut out = Xml::default();
    out.put(format_args!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<face xmlns=\"{FACE_NAMESPACE}\""
    ));
    attributes(&mut out, &[("schema", &face.schema)]);
    out.raw(">");
    leaf(&mut out, "identifier", &[], &face.identifier);
    leaf(&mut out, "number", &[], &face.number);
    let of = &face.certificate_type;
    let version = of.version.to_string();
    leaf(
        &mut out,
        "type",
        &[("key", &of.key), ("version", &version), ("code", &of.code)],
        &of.name,
    );
    let issuer = &face.issuer;
    leaf(
        &mut out,
        "issuer",
        &[("code", &issuer.code), ("region", &issuer.region)],
        &issuer.name,
    );
    let holder = &face.holder;
    let code = holder.code.as_deref().map(|code| ("code", code));
    let code_type = holder.code_type.as_deref().map(|code| ("code-type", code));
    let about: Vec<(&str, &str)> = code.into_iter().chain(code_type).collect();
    leaf(&mut out, "holder", &about, &holder.name);
    leaf(&mut out, "issued-on", &[], &face.issued_on.to_string());
    leaf(&mut out, "valid-from", &[], &face.valid_from.to_string());
    if let Some(date) = face.valid_until {
        leaf(&mut out, "valid-until", &[], &date.to_string());
    }
    for field in &face.fields {
        let about = [
            ("key", &field.key[..]),
            ("short", &field.short),
            ("label", &field.label),
        ];
        leaf(&mut out, "field", &about, &field.text);
    }
    for photo in &face.photos {
        leaf(
            &mut out,
            "photo",
            &[("key", &photo.key), ("sha256", &photo.sha256)],
            "",
        );
    }
    out.raw("</face>");
    out.close(&[])
}

fn leaf(out: &mut Xml, name: &str, about: &[(&str, &str)], text: &str) {
    out.put(format_args!("<{name}"));
    attributes(out, about);
    out.raw(">");
    out.text(text);
    out.put(format_args!("</{name}>"));
}

fn attributes(out: &mut Xml, about: &[(&str, &str)]) {
    for (name, value) in about {
        out.put(format_args!(" {name}=\""));
        out.text(value);
        out.raw("\"");
    }
}

/// CustomTags.xml, the same in every document.
pub(super) fn tag_list() -> Member {
    let mut out = Xml::root("CustomTags", "");
    out.put(format_args!("<ofd:CustomTag TypeID=\"{TAGS}\">"));
    out.leaf("FileLoc", "Face.xml");
    let list = out.close(&["CustomTag", "CustomTags"]);
    Member::deflated("Doc_0/Tags/CustomTags.xml", &list, Effort::Best)
}

/// The tree of tags: an element a field, by its short name, with the objects that show it.
pub(super) fn tags(file: &FaceFile<'_>, shown: &[(Arc<str>, u32)]) -> Member {
    let mut fields: Vec<(&str, Vec<u32>)> = Vec::new();
    for (key, object) in shown {
        match fields.iter_mut().find(|(known, _)| *known == &**key) {
            Some((_, objects)) => objects.push(*object),
            None => fields.push((key, vec![*object])),
        }
    }
    let mut out = Xml::default();
    out.put(format_args!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<face:Face xmlns:face=\"{TAGS_NAMESPACE}\" {}>",
        super::xml::NAMESPACE
    ));
    for (key, objects) in fields {
        let name = short_name(file, key);
        out.put(format_args!("<face:{name}"));
        attributes(&mut out, &[("key", key)]);
        out.raw(">");
        for object in objects {
            out.put(format_args!(
                "<ofd:ObjectRef PageRef=\"{}\">{object}</ofd:ObjectRef>",
                fixed::PAGE
            ));
        }
        out.put(format_args!("</face:{name}>"));
    }
    out.raw("</face:Face>");
    Member::deflated("Doc_0/Tags/Face.xml", &out.close(&[]), Effort::Fast)
}

/// The short name of what a run shows: of a field of the type, or of what every face has.
fn short_name<'a>(file: &FaceFile<'a>, key: &str) -> &'a str {
    if let Some(field) = file.data.certificate_type.field(key) {
        return &field.short;
    }
    match key {
        "identifier" => "ZZBS",
        "certificate-number" => "ZZBH",
        "issuer" => "ZZBFJG",
        "issued-on" => "ZZBFRQ",
        "valid-from" => "ZZYXQQSRQ",
        "valid-until" => "ZZYXQJZRQ",
        "qr" => "QR",
        _ => "Other",
    }
}
