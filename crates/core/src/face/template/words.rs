//! Words of a template: `{…}` in its texts.

use std::sync::Arc;

use super::{Piece, Source, Value, ValueKind};
use crate::{
    catalogue::{CertificateType, Field, Role},
    face::FontRole,
};

/// The field a template means: by its key, or by the part it plays.
pub(super) fn field<'a>(certificate_type: &'a CertificateType, name: &str) -> Option<&'a Field> {
    let role = match name {
        "number" => Some(Role::Number),
        "holder-name" => Some(Role::HolderName),
        "holder-code" => Some(Role::HolderCode),
        "issued-on" => Some(Role::IssuedOn),
        "valid-from" => Some(Role::ValidFrom),
        "valid-until" => Some(Role::ValidUntil),
        _ => None,
    };
    let fields = &certificate_type.fields;
    let by_role = || fields.iter().find(|field| role.is_some() && field.role == role);
    fields.iter().find(|field| field.key == name).or_else(by_role)
}

/// The value a template means, be it a field or what every face has.
pub(super) fn value(certificate_type: &CertificateType, name: &str) -> Option<Value> {
    if let Some(field) = field(certificate_type, name) {
        return Some(of_field(field));
    }
    let (key, label, kind) = match name {
        "number" => ("certificate-number", "证照编号", ValueKind::Number),
        "issuer" => (
            "issuer",
            certificate_type.issuer_label.as_str(),
            ValueKind::Issuer,
        ),
        "identifier" => ("identifier", "电子证照标识", ValueKind::Identifier),
        "issued-on" => ("issued-on", "发证日期", ValueKind::IssuedOn),
        "valid-from" => ("valid-from", "有效期自", ValueKind::ValidFrom),
        "valid-until" => ("valid-until", "有效期至", ValueKind::ValidUntil),
        _ => return None,
    };
    Some(Value {
        key: Arc::from(key),
        label: label.to_owned(),
        kind,
    })
}

pub(super) fn of_field(field: &Field) -> Value {
    Value {
        key: Arc::from(field.key.as_str()),
        label: field.label.clone(),
        kind: field.role.and_then(Value::of_role).unwrap_or(ValueKind::Field),
    }
}

/// Cuts a text with `{…}` into pieces. Words about the type are put in here; values stay open.
pub(super) fn pieces(
    text: &str,
    certificate_type: &CertificateType,
    (font, value_font): (FontRole, FontRole),
) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        plain.push_str(before);
        let (name, after) = after
            .split_once('}')
            .ok_or_else(|| format!("“{text}”中的 {{ 没有配对的 }}"))?;
        rest = after;
        if let Some(words) = of_type(certificate_type, name) {
            plain.push_str(&words);
            continue;
        }
        // Where a field goes by one of the words above.
        let name = name.strip_prefix("field:").unwrap_or(name);
        let value = value(certificate_type, name)
            .ok_or_else(|| format!("“{{{name}}}”不是证照类型 {} 的字段", certificate_type.key))?;
        if !plain.is_empty() {
            pieces.push(Piece {
                source: Source::Text(std::mem::take(&mut plain)),
                font,
            });
        }
        pieces.push(Piece {
            source: Source::Value(value),
            font: value_font,
        });
    }
    plain.push_str(rest);
    if !plain.trim().is_empty() {
        pieces.push(Piece {
            source: Source::Text(plain),
            font,
        });
    }
    Ok(pieces)
}

fn of_type(certificate_type: &CertificateType, name: &str) -> Option<String> {
    Some(match name {
        "name" => certificate_type.name.clone(),
        "name-en" => certificate_type.name_en.clone(),
        "title" => title(certificate_type).to_owned(),
        "statement" => certificate_type.statement.clone().unwrap_or_default(),
        "issuer-label" => certificate_type.issuer_label.clone(),
        "number-label" => {
            field(certificate_type, "number").map_or_else(|| "编号".to_owned(), |field| field.label.clone())
        }
        "notes" => notes(&certificate_type.notes),
        _ => return None,
    })
}

pub(super) fn title(certificate_type: &CertificateType) -> &str {
    certificate_type
        .title
        .as_deref()
        .unwrap_or(&certificate_type.name)
}

fn notes(notes: &[String]) -> String {
    match notes {
        [] => String::new(),
        [only] => only.clone(),
        several => {
            let numbered: Vec<_> = several
                .iter()
                .enumerate()
                .map(|(index, note)| format!("{}. {note}", index + 1))
                .collect();
            numbered.join("\n")
        }
    }
}
