//! What differs between a row and what is on record under its number, by the names of fields alone:
//! rejects go to departments, and what another row says of a person is not for them.

use jiff::civil::Date;

use crate::{
    catalogue::{FaceData, Issuer, Role},
    crypto::sha256,
    registry::{CertificateRecord, Event},
};

/// What is on record under a number.
struct OnRecord<'a> {
    type_version: u16,
    issuer_name: &'a str,
    holder_name: &'a str,
    holder_code: Option<&'a str>,
    issued_on: Date,
    valid_from: Date,
    valid_until: Option<Date>,
}

/// How a row differs from a certificate; none where both say the same.
pub(super) fn with_record(face: &FaceData, issuer: &Issuer, record: &CertificateRecord) -> Option<String> {
    // The face names the identifier, which grows with each version.
    let digest = sha256(&face.to_json(&record.identifier, &record.number, issuer));
    if digest == record.face_digest {
        return None;
    }
    let on_record = OnRecord {
        type_version: record.type_version,
        issuer_name: &record.issuer_name,
        holder_name: &record.holder_name,
        holder_code: record.holder_code.as_deref(),
        issued_on: record.issued_on,
        valid_from: record.valid_from,
        valid_until: record.valid_until,
    };
    Some(on_record.differences(face, issuer))
}

/// How a row differs from the enrolment of its number; none where both say the same.
pub(super) fn with_enrolment(
    face: &FaceData,
    digest: &[u8; 32],
    issuer: &Issuer,
    enrolled: &Event,
) -> Option<String> {
    let private = &enrolled.private;
    if private.face_digest.as_ref() == Some(digest) {
        return None;
    }
    let on_record = OnRecord {
        type_version: enrolled.leaf.type_version.unwrap_or_default(),
        issuer_name: private.issuer_name.as_deref().unwrap_or_default(),
        holder_name: private.holder_name.as_deref().unwrap_or_default(),
        holder_code: private.holder_code.as_deref(),
        issued_on: private.issued_on.unwrap_or(Date::ZERO),
        valid_from: private.valid_from.unwrap_or(Date::ZERO),
        valid_until: private.valid_until,
    };
    Some(on_record.differences(face, issuer))
}

impl OnRecord<'_> {
    fn differences(&self, face: &FaceData, issuer: &Issuer) -> String {
        let label = |role, otherwise: &str| {
            let field = face
                .certificate_type
                .fields
                .iter()
                .find(|field| field.role == Some(role));
            field.map_or_else(|| otherwise.to_owned(), |field| field.label.clone())
        };
        let named = [
            (
                self.holder_name == face.holder_name,
                Role::HolderName,
                "持证主体名称",
            ),
            (
                self.holder_code == face.holder_code.as_deref(),
                Role::HolderCode,
                "持证主体代码",
            ),
            (self.issued_on == face.issued_on, Role::IssuedOn, "颁发日期"),
            (self.valid_from == face.valid_from, Role::ValidFrom, "有效期起"),
            (self.valid_until == face.valid_until, Role::ValidUntil, "有效期至"),
        ];
        let mut differing: Vec<String> = named
            .into_iter()
            .filter(|(same, ..)| !same)
            .map(|(_, role, otherwise)| label(role, otherwise))
            .collect();
        if self.type_version != face.certificate_type.version {
            differing.push(format!(
                "证照类型版本（在册第 {} 版，现第 {} 版）",
                self.type_version, face.certificate_type.version
            ));
        }
        if self.issuer_name != issuer.name {
            differing.push("颁发机构名称".to_owned());
        }
        if differing.is_empty() {
            differing.push("照面的其他字段".to_owned());
        }
        differing.join("、")
    }
}
