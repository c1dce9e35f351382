//! What a document says about itself: information dictionary, XMP packet, attached files.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    super::xmp,
    OpenError,
    object::{Dict, Id, Object},
    reader::Reader,
    signature::date,
    text::text_string,
};
use crate::limits::MAX_PDF_ATTACHMENTS;

/// The metadata, both places of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metadata {
    /// `/Title` of the information dictionary.
    pub title: Option<String>,
    /// `/Author`.
    pub author: Option<String>,
    /// `/Creator`.
    pub creator: Option<String>,
    /// `/Producer`.
    pub producer: Option<String>,
    /// `/CreationDate`.
    pub created: Option<Timestamp>,
    /// The XMP packet as it stands.
    pub xmp: Option<String>,
    /// `dc:identifier` of the XMP packet: the certificate identifier.
    pub identifier: Option<String>,
    /// `certseal:number`: the certificate number.
    pub number: Option<String>,
    /// `certseal:type`: key of the certificate type.
    pub certificate_type: Option<String>,
}

pub(super) fn metadata(reader: &Reader<'_>, catalog: &Dict) -> Result<Metadata, OpenError> {
    if reader.encrypted {
        return Err(OpenError::Encrypted);
    }
    let mut found = Metadata::default();
    if let Some(trailer) = reader.trailer() {
        let info = reader.get(trailer, "Info")?;
        if let Some(info) = info.object.dict() {
            let text = |key: &str| -> Result<Option<String>, OpenError> {
                Ok(reader.get(info, key)?.object.string().map(text_string))
            };
            found.title = text("Title")?;
            found.author = text("Author")?;
            found.creator = text("Creator")?;
            found.producer = text("Producer")?;
            found.created = text("CreationDate")?.as_deref().and_then(date);
        }
    }
    let stream = reader.get(catalog, "Metadata")?;
    if stream.is_stream() {
        let data = reader.stream_data(&stream)?;
        if let Ok(packet) = String::from_utf8(data.into_owned()) {
            found.identifier = xmp::element(&packet, "dc:identifier");
            found.number = xmp::element(&packet, "certseal:number");
            found.certificate_type = xmp::element(&packet, "certseal:type");
            found.xmp = Some(packet);
        }
    }
    Ok(found)
}

/// A file attached to the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Name in the tree of embedded files.
    pub name: String,
    /// `/UF` or `/F` of its file specification.
    pub file_name: Option<String>,
    /// `/AFRelationship`, such as `Data`.
    pub relationship: Option<String>,
    /// Media type.
    pub media_type: Option<String>,
    /// Whether the catalogue's `/AF` names it as belonging to the document as a whole.
    pub associated: bool,
    /// The embedded file stream.
    stream: Option<Id>,
}

pub(super) fn attachments(reader: &Reader<'_>, catalog: &Dict) -> Result<Vec<Attachment>, OpenError> {
    if reader.encrypted {
        return Err(OpenError::Encrypted);
    }
    let associated: BTreeSet<Id> = {
        let files = reader.get(catalog, "AF")?.object;
        files
            .array()
            .unwrap_or_default()
            .iter()
            .filter_map(Object::reference)
            .collect()
    };
    let names = reader.get(catalog, "Names")?.object;
    let Some(root) = names.dict().and_then(|names| names.get("EmbeddedFiles")).cloned() else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    reader.walk(&[root], (), |node, ()| {
        let Some(dict) = node.object.dict() else {
            return Err(OpenError::Object {
                object: node.number,
                what: "a tree of names that is no dictionary",
            });
        };
        let names = reader.get(dict, "Names")?.object;
        for pair in names.array().unwrap_or_default().chunks(2) {
            let [name, file] = pair else {
                return Err(OpenError::Object {
                    object: node.number,
                    what: "a name without a value",
                });
            };
            if found.len() >= MAX_PDF_ATTACHMENTS {
                return Err(OpenError::Limit {
                    what: "attached files",
                    limit: MAX_PDF_ATTACHMENTS,
                });
            }
            let name = reader.follow(name)?.object;
            let name = name.string().map(text_string).unwrap_or_default();
            found.push(attachment(reader, name, file, &associated)?);
        }
        let kids = reader.get(dict, "Kids")?.object;
        Ok((kids.array().unwrap_or_default().to_vec(), ()))
    })?;
    Ok(found)
}

fn attachment(
    reader: &Reader<'_>,
    name: String,
    file: &Object,
    associated: &BTreeSet<Id>,
) -> Result<Attachment, OpenError> {
    let specification = reader.follow(file)?;
    let empty = Dict::default();
    let dict = specification.object.dict().unwrap_or(&empty);
    let of_name = |dict: &Dict, key: &str| -> Result<Option<String>, OpenError> {
        let value = reader.get(dict, key)?.object;
        Ok(value
            .name()
            .map(|name| String::from_utf8_lossy(name).into_owned()))
    };
    let text = |key: &str| -> Result<Option<String>, OpenError> {
        Ok(reader.get(dict, key)?.object.string().map(text_string))
    };
    let files = reader.get(dict, "EF")?.object;
    let files = files.dict().unwrap_or(&empty);
    // One file has one stream: two different ones would be two readings.
    let stream = match (files.get("F"), files.get("UF")) {
        (Some(a), Some(b)) if a != b => {
            return Err(OpenError::Object {
                object: specification.number,
                what: "an attachment with two contents",
            });
        }
        (Some(stream), _) | (None, Some(stream)) => stream.reference(),
        (None, None) => None,
    };
    let media_type = match stream {
        Some(id) => match reader.load(id)?.object.dict() {
            Some(dict) => of_name(dict, "Subtype")?,
            None => None,
        },
        None => None,
    };
    Ok(Attachment {
        name,
        file_name: text("UF")?.or(text("F")?),
        relationship: of_name(dict, "AFRelationship")?,
        media_type,
        associated: file.reference().is_some_and(|id| associated.contains(&id)),
        stream,
    })
}

pub(super) fn read(reader: &Reader<'_>, attachment: &Attachment) -> Result<Vec<u8>, OpenError> {
    match attachment.stream {
        Some(id) => Ok(reader.stream_data(&reader.load(id)?)?.into_owned()),
        None => Err(OpenError::Object {
            object: 0,
            what: "an attachment without content",
        }),
    }
}
