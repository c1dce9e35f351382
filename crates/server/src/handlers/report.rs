//! The form of a verification report in the OpenAPI document: that of `docs/report.schema.json`, which is published
//! for itself as well. What core writes is held against it (`tests/tests/reports.rs`).

use std::borrow::Cow;

use serde_json::Value;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

const SCHEMA: &str = include_str!("../../../../docs/report.schema.json");

/// Stands for the report, which core writes.
pub(crate) struct Report;

impl PartialSchema for Report {
    fn schema() -> RefOr<Schema> {
        let found = definitions().into_iter().find(|(name, _)| *name == Self::name());
        found.map_or_else(RefOr::default, |(_, schema)| schema)
    }
}

impl ToSchema for Report {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Report")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.extend(definitions());
    }
}

/// The definitions of the published schema, pointing at each other as OpenAPI has it.
fn definitions() -> Vec<(String, RefOr<Schema>)> {
    let moved = SCHEMA.replace("#/$defs/", "#/components/schemas/");
    let schema: Value = serde_json::from_str(&moved).unwrap_or_default();
    let definitions = schema.get("$defs").and_then(Value::as_object);
    let definitions = definitions.into_iter().flatten();
    definitions
        .filter_map(|(name, schema)| Some((name.clone(), serde_json::from_value(schema.clone()).ok()?)))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_openapi_document_has_the_published_form_whole() {
        let moved = SCHEMA.replace("#/$defs/", "#/components/schemas/");
        let published: Value = serde_json::from_str(&moved).unwrap();
        let published = published["$defs"].as_object().unwrap();
        let document: Value = serde_json::from_str(&crate::openapi::openapi_json().unwrap()).unwrap();
        for (name, schema) in published {
            assert_eq!(&document["components"]["schemas"][name], schema, "{name}");
        }
    }
}
