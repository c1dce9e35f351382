//! Seals of a department, for their keeper.

use axum::http::{StatusCode, header};
use serde_json::json;

use crate::{FIXTURE, get, post};

#[tokio::test]
async fn a_keeper_sees_and_changes_the_seals_of_the_department_alone() {
    let fixture = &*FIXTURE;
    // Another department's keeper, so that the seals other tests sign with stay as they are.
    let seals = get("/v1/seals", Some(&fixture.other)).await.json();
    let seals = seals.as_array().unwrap();
    assert_eq!(seals.len(), 2);
    assert_ne!(seals[0]["kind"], seals[1]["kind"]);
    let all = get("/v1/seals", Some(&fixture.all)).await.json();
    assert!(all.as_array().unwrap().len() > seals.len());
    let seal = seals.iter().find(|seal| seal["kind"] == "official").unwrap();
    let path = format!("/v1/seals/{}", seal["id"].as_str().unwrap());
    assert_eq!(get(&path, Some(&fixture.other)).await.json(), *seal);
    assert_eq!(get(&path, None).await.problem(), "unauthenticated");
    assert_eq!(get(&path, Some(&fixture.owner)).await.problem(), "forbidden");
    assert_eq!(
        get("/v1/seals/0", Some(&fixture.all)).await.problem(),
        "not-found"
    );
    let picture = get(seal["impression"].as_str().unwrap(), Some(&fixture.other)).await;
    assert_eq!(picture.headers[header::CONTENT_TYPE], "image/svg+xml");
    assert!(picture.body.starts_with(b"<svg"));

    let reason = json!({ "reason": "保管人交接" });
    let to = |verb: &str| format!("{path}/{verb}");
    let foreign = post(&to("suspend"), Some(&fixture.owner), &reason).await;
    assert_eq!(foreign.problem(), "forbidden");
    let empty = post(&to("suspend"), Some(&fixture.other), &json!({ "reason": " " })).await;
    assert_eq!(empty.problem(), "unprocessable");
    for (verb, state) in [
        ("suspend", "suspended"),
        ("resume", "in-force"),
        ("destroy", "destroyed"),
    ] {
        let changed = post(&to(verb), Some(&fixture.other), &reason).await.json();
        assert_eq!(
            (&changed["state"], &changed["state_reason"]),
            (&json!(state), &reason["reason"])
        );
    }
    let again = post(&to("resume"), Some(&fixture.all), &reason).await;
    assert_eq!(
        (again.status, &*again.problem()),
        (StatusCode::CONFLICT, "conflict")
    );
}
