//! The OpenAPI document.

use axum::http::StatusCode;
use certseal_server::openapi_json;
use serde_json::{Value, json};

use crate::{FIXTURE, issue, post};

#[tokio::test]
async fn the_openapi_document_is_whole() {
    let document: Value = serde_json::from_str(&openapi_json().unwrap()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            operations.push(operation["operationId"].as_str().unwrap().to_owned());
            assert!(
                !operation["summary"].as_str().unwrap().is_ascii(),
                "{method} {path} has no Chinese summary"
            );
            for (status, response) in operation["responses"].as_object().unwrap() {
                assert!(
                    !response["description"].as_str().unwrap_or_default().is_empty(),
                    "{method} {path} {status}"
                );
                let problem = &response["content"]["application/problem+json"];
                let refusal = status.parse::<u16>().unwrap() >= 400;
                assert_eq!(problem.is_object(), refusal, "{method} {path} {status}");
            }
            // Every name in braces is a declared path parameter.
            let declared: Vec<&str> = operation["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|parameter| parameter["in"] == "path")
                .map(|parameter| parameter["name"].as_str().unwrap())
                .collect();
            let named: Vec<&str> = path.split(['{', '}']).skip(1).step_by(2).collect();
            assert_eq!(declared, named, "{method} {path}");
        }
    }
    let count = operations.len();
    operations.sort();
    operations.dedup();
    assert_eq!(operations.len(), count, "operation ids are not unique");
    for path in [
        "/v1/certificates",
        "/v1/certificates/{identifier}",
        "/v1/certificates/{identifier}/document",
        "/v1/certificates/{identifier}/{change}",
        "/v1/seals",
        "/v1/seals/{id}/impression.svg",
        "/v1/seals/{id}/{change}",
        "/v1/verify",
        "/v1/types",
        "/v1/status",
        "/healthz",
    ] {
        assert!(document["paths"].get(path).is_some(), "{path}");
    }
    // Files are files, and what is given as an example can be sent.
    for place in [
        "/paths/~1v1~1verify/post/requestBody/content/application~1pdf",
        "/paths/~1v1~1certificates~1{identifier}~1document/get/responses/200/content/application~1pdf",
        "/paths/~1pki~1{name}/get/responses/200/content/application~1pkix-crl",
    ] {
        let schema = &document.pointer(place).unwrap()["schema"];
        assert_eq!(
            (&schema["type"], &schema["format"]),
            (&json!("string"), &json!("binary")),
            "{place}"
        );
    }
    let example = document.pointer("/components/schemas/IssueBody/example").unwrap();
    let issued = issue(&FIXTURE.all, None, example).await;
    assert_eq!(issued.status, StatusCode::CREATED, "{}", issued.json());

    let example = document
        .pointer("/components/schemas/StatusBody/properties/identifier/example")
        .unwrap();
    let asked = post("/v1/status", None, &json!({ "identifier": example })).await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.json());

    let mut references = Vec::new();
    collect_references(&document, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

fn collect_references(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_str() {
                    Some(target) if name == "$ref" => into.push(target.to_owned()),
                    _ => collect_references(member, into),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, into)),
        _ => {}
    }
}
