//! The machine-readable face: what a document carries beside its page, and what its digest covers.
//!
//! One face has one text: fixed key order, no white space, fields in the order of the type. The reader
//! accepts exactly what the writer writes, so that equal digests mean equal content.

use jiff::civil::Date;
use ring::digest;
use serde::{Deserialize, Serialize};

use super::{FaceData, Issuer, Role};
use crate::limits::{MAX_FACE_FIELDS, MAX_FACE_JSON_BYTES};

const SCHEMA: &str = "certseal.face/1";

/// The attached file, as read or about to be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FaceJson {
    /// `certseal.face/1`.
    pub schema: String,
    /// National certificate identifier.
    pub identifier: String,
    /// Certificate number.
    pub number: String,
    /// Certificate type.
    #[serde(rename = "type")]
    pub certificate_type: TypeJson,
    /// Issuing authority.
    pub issuer: Issuer,
    /// Holder.
    pub holder: HolderJson,
    /// Date of issue.
    pub issued_on: Date,
    /// First day in force.
    pub valid_from: Date,
    /// Last day in force; null for unlimited.
    pub valid_until: Option<Date>,
    /// Every printed field, in printing order.
    pub fields: Vec<FieldJson>,
    /// Every photo.
    pub photos: Vec<PhotoJson>,
}

/// Which certificate type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TypeJson {
    /// Our key.
    pub key: String,
    /// Version of type and template.
    pub version: u16,
    /// Certificate type code (GB/T 36904).
    pub code: String,
    /// Name.
    pub name: String,
}

/// The holder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HolderJson {
    /// Name.
    pub name: String,
    /// Code; null where the certificate has none.
    pub code: Option<String>,
    /// 持证主体代码类型代码 (GB/T 36903 annex A).
    pub code_type: Option<String>,
}

/// One printed field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FieldJson {
    /// Field key.
    pub key: String,
    /// GB/T 36903 short name.
    pub short: String,
    /// Label.
    pub label: String,
    /// Text as printed.
    pub text: String,
}

/// A photo, by digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PhotoJson {
    /// Field key.
    pub key: String,
    /// SHA-256 of the photo file, in hex.
    pub sha256: String,
}

/// Why an attached file was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FaceJsonError {
    /// Not the text the writer would have written for the same content.
    #[error("照面数据不是规范写法，可能经过改写 / face data are not in canonical form")]
    NotCanonical,
    /// Another schema, probably a newer one.
    #[error("照面数据格式“{found}”不受支持 / unsupported face data schema {found}")]
    Schema {
        /// Its name, cut to forty characters.
        found: String,
    },
    /// Not JSON of the schema.
    #[error("照面数据第{line}行第{column}列有误 / face data malformed at line {line}, column {column}")]
    Malformed {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// More bytes or fields than any face has.
    #[error("照面数据过大：{found}，上限{limit} / face data too large: {found}, limit {limit}")]
    TooLarge {
        /// Bytes or fields found.
        found: usize,
        /// The limit.
        limit: usize,
    },
}

impl FaceData {
    /// The attached machine-readable file. Its SHA-256 is the digest of the face data.
    pub fn to_json(&self, identifier: &str, number: &str, issuer: &Issuer) -> Vec<u8> {
        self.face_json(identifier, number, issuer).to_bytes()
    }

    /// What the attached file says.
    pub fn face_json(&self, identifier: &str, number: &str, issuer: &Issuer) -> FaceJson {
        let of = &self.certificate_type;
        let text_of = |role: Option<Role>, key: &str| match role {
            Some(Role::Number) => Some(number.to_owned()),
            _ => self.printed.get(key).cloned(),
        };
        let fields = of.fields.iter().filter_map(|field| {
            Some(FieldJson {
                key: field.key.clone(),
                short: field.short.clone(),
                label: field.label.clone(),
                text: text_of(field.role, &field.key)?,
            })
        });
        let photos = self.photos.iter().map(|(key, file)| PhotoJson {
            key: key.clone(),
            sha256: hex::encode(digest::digest(&digest::SHA256, file)),
        });
        FaceJson {
            schema: SCHEMA.to_owned(),
            identifier: identifier.to_owned(),
            number: number.to_owned(),
            certificate_type: TypeJson {
                key: of.key.clone(),
                version: of.version,
                code: of.code.clone(),
                name: of.name.clone(),
            },
            issuer: issuer.clone(),
            holder: HolderJson {
                name: self.holder_name.clone(),
                code: self.holder_code.clone(),
                code_type: self.holder().map(|code| code.kind().type_code().to_owned()),
            },
            issued_on: self.issued_on,
            valid_from: self.valid_from,
            valid_until: self.valid_until,
            fields: fields.collect(),
            photos: photos.collect(),
        }
    }
}

impl FaceJson {
    /// Reads an attached file; anything but the canonical text is refused.
    pub fn parse(bytes: &[u8]) -> Result<FaceJson, FaceJsonError> {
        #[derive(Deserialize)]
        struct Head {
            schema: String,
        }

        let too_large = |found, limit| Err(FaceJsonError::TooLarge { found, limit });
        if bytes.len() > MAX_FACE_JSON_BYTES {
            return too_large(bytes.len(), MAX_FACE_JSON_BYTES);
        }
        let malformed = |error: serde_json::Error| FaceJsonError::Malformed {
            line: error.line(),
            column: error.column(),
        };
        let face: FaceJson =
            serde_json::from_slice(bytes).map_err(|error| match serde_json::from_slice::<Head>(bytes) {
                Ok(head) if head.schema != SCHEMA => FaceJsonError::Schema {
                    found: head.schema.chars().take(40).collect(),
                },
                _ => malformed(error),
            })?;
        if face.schema != SCHEMA {
            return Err(FaceJsonError::Schema {
                found: face.schema.chars().take(40).collect(),
            });
        }
        let parts = face.fields.len() + face.photos.len();
        if parts > MAX_FACE_FIELDS {
            return too_large(parts, MAX_FACE_FIELDS);
        }
        if face.to_bytes() != bytes {
            return Err(FaceJsonError::NotCanonical);
        }
        Ok(face)
    }

    /// The text of a field.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|field| field.key == key)
            .map(|field| field.text.as_str())
    }

    /// Its one text.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Strings, numbers and lists only: writing them to memory has no way to fail.
        serde_json::to_vec(self).unwrap_or_default()
    }
}
