//! What every registry must do, as checks over the seam that each back end runs.
//!
//! A back end says where its registries lie by a [`Place`] and expands [`contract_tests!`] in its tests.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::{collections::BTreeSet, thread};

use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp, civil::date};

use super::{
    Append, AppendError, Appended, Basis, Change, Counts, Enrolment, EventKind, Holder, Idempotency,
    NewCertificate, Query, RecordedDocument, Registry, RegistryError, SealStatus, Status, merkle,
};
use crate::profile::Profile;

/// The type most checks use.
pub(crate) const TYPE: &str = "food-business-permit";
/// The seal most checks use.
pub(crate) const SEAL: &str = "seal-1";

/// Where a registry lies. The first opening finds it empty, later ones as it was left.
pub(crate) trait Place {
    fn open(&self) -> Box<dyn Registry>;
}

/// Every check as a test of its own over the place that `$place` makes.
macro_rules! contract_tests {
    ($place:expr) => {
        contract_tests!($place;
            order_has_no_gaps, refused_texts_are_named, a_key_stands_for_one_request,
            keys_are_remembered_after_reopening, certificates_live_by_the_table, seals_live_by_the_table,
            seals_out_of_force_sign_nothing, identifiers_and_numbers_are_used_once,
            successors_replace_predecessors, enrolments_wait_to_be_sealed, records_tell_all,
            holders_find_theirs, pages_follow_the_order_of_issue, counts_add_up, events_come_in_pages,
            proofs_hold, sequences_give_numbers_once, callers_at_once_are_put_in_order,
            reopening_changes_nothing
        );
    };
    ($place:expr; $($check:ident),*) => {
        $(#[test]
        fn $check() {
            futures::executor::block_on($crate::registry::contract::$check(&$place));
        })*
    };
}
pub(crate) use contract_tests;

/// A change of what has this identifier.
type Operation = fn(String) -> Change;

/// An item for `change`.
pub(crate) fn item(change: Change) -> Append {
    Append {
        at: Timestamp::from_millisecond(1_760_000_000_123).unwrap(),
        actor: "clerk:张三".to_owned(),
        reason: "依规定".to_owned(),
        authority: "11410102005252424A".to_owned(),
        salt: [7; 32],
        idempotency: None,
        change,
    }
}

/// A certificate about to be entered.
pub(crate) fn new(identifier: &str, number: &str) -> NewCertificate {
    NewCertificate {
        identifier: identifier.to_owned(),
        certificate_type: TYPE.to_owned(),
        type_version: 1,
        number: number.to_owned(),
        holder_name: "郑州市中原区老王烩面馆".to_owned(),
        holder_code: Some("92410102MA44XQ1P3K".to_owned()),
        issuer_name: "郑州市中原区市场监督管理局".to_owned(),
        issued_on: date(2025, 10, 9),
        valid_from: date(2025, 10, 9),
        valid_until: Some(date(2030, 10, 8)),
        seal: SEAL.to_owned(),
        document: RecordedDocument {
            profile: Profile::PdfPades,
            digest: [1; 32],
            size: 54_321,
            key: format!("documents/{TYPE}/00/{identifier}.pdf"),
        },
        further: vec![RecordedDocument {
            profile: Profile::OfdGb38540,
            digest: [3; 32],
            size: 43_210,
            key: format!("documents/{TYPE}/00/{identifier}.ofd"),
        }],
        face_digest: [2; 32],
        basis: Basis::First,
    }
}

fn issue_of(new: NewCertificate) -> Append {
    item(Change::Issue(Box::new(new)))
}

/// A first issue.
pub(crate) fn issue(identifier: &str, number: &str) -> Append {
    issue_of(new(identifier, number))
}

fn on_basis(identifier: &str, number: &str, basis: Basis) -> Append {
    issue_of(NewCertificate {
        basis,
        ..new(identifier, number)
    })
}

fn enrol(certificate_type: &str, number: &str) -> Append {
    let new = new("", number);
    item(Change::Enrol(Box::new(Enrolment {
        certificate_type: certificate_type.to_owned(),
        type_version: 1,
        number: number.to_owned(),
        holder_name: new.holder_name,
        holder_code: None,
        issuer_name: new.issuer_name,
        issued_on: new.issued_on,
        valid_from: new.valid_from,
        valid_until: None,
        face_digest: new.face_digest,
    })))
}

/// The seal of [`SEAL`] entered.
pub(crate) fn register_seal() -> Append {
    item(Change::RegisterSeal {
        seal: SEAL.to_owned(),
        definition: b"definition".to_vec(),
    })
}

/// The same item under an idempotency key.
pub(crate) fn keyed(mut append: Append, key: &str, request: u8) -> Append {
    append.idempotency = Some(Idempotency {
        key: key.to_owned(),
        request: [request; 32],
    });
    append
}

fn by(mut append: Append, actor: &str) -> Append {
    append.actor = actor.to_owned();
    append
}

fn because(mut append: Append, reason: &str) -> Append {
    append.reason = reason.to_owned();
    append
}

async fn one(registry: &dyn Registry, append: Append) -> Result<Appended, AppendError> {
    registry.append(vec![append]).await.unwrap().pop().unwrap()
}

async fn all(registry: &dyn Registry, batch: Vec<Append>) -> Vec<u64> {
    registry
        .append(batch)
        .await
        .unwrap()
        .into_iter()
        .map(|r| r.unwrap().index)
        .collect()
}

async fn status(registry: &dyn Registry, identifier: &str) -> Status {
    registry.find(&[identifier.to_owned()]).await.unwrap()[0]
        .as_ref()
        .unwrap()
        .status
}

fn identifiers(records: &[super::CertificateRecord]) -> Vec<&str> {
    records.iter().map(|r| r.identifier.as_str()).collect()
}

pub(crate) async fn order_has_no_gaps(place: &impl Place) {
    let registry = place.open();
    assert_eq!(registry.checkpoint().await.unwrap().root, merkle::empty_root());
    assert!(registry.append(Vec::new()).await.unwrap().is_empty());
    let answers = registry
        .append(vec![
            issue("A", "1"), // refused: its seal comes after it
            register_seal(),
            issue("A", "1"),
            issue("A", "2"), // refused: the identifier is used by the item before
            issue("B", "2"),
        ])
        .await
        .unwrap();
    let indices: Vec<_> = answers.iter().map(|a| a.as_ref().ok().map(|a| a.index)).collect();
    assert_eq!(indices, [None, Some(0), Some(1), None, Some(2)]);
    assert_eq!(
        answers[0],
        Err(AppendError::SealUnknown {
            seal: SEAL.to_owned()
        })
    );
    assert_eq!(answers[4].as_ref().unwrap().identifier.as_deref(), Some("B"));
    assert_eq!(all(&*registry, vec![issue("C", "3")]).await, [3]);
    let events = registry.events(0, 100).await.unwrap();
    assert_eq!(events.iter().map(|e| e.index).collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert!(events.iter().all(super::Event::is_committed));
    assert_eq!(registry.checkpoint().await.unwrap().size, 4);
}

pub(crate) async fn refused_texts_are_named(place: &impl Place) {
    let registry = place.open();
    all(&*registry, vec![register_seal()]).await;
    for (append, field) in [
        (issue("", "1"), "identifier"),
        (issue("A", ""), "number"),
        (issue("A", &"9".repeat(513)), "number"),
        (
            issue_of(NewCertificate {
                holder_name: "A\0B".to_owned(),
                ..new("A", "1")
            }),
            "holder name",
        ),
        (keyed(issue("A", "1"), "k\0", 1), "idempotency key"),
        (because(issue("A", "1"), &"为".repeat(1366)), "reason"),
        (because(issue("A", "1"), &"为".repeat(501)), "reason"),
        (because(issue("A", "1"), "补\u{1b}[2J"), "reason"),
        (because(issue("A", "1"), "补\u{202e}发"), "reason"),
        (because(issue("A", "1"), "补\n发"), "reason"),
        (because(issue("A", "1"), " "), "reason"),
        (because(item(Change::SuspendSeal(SEAL.to_owned())), ""), "reason"),
        (because(item(Change::Revoke("A".to_owned())), ""), "reason"),
        (by(issue("A", "1"), ""), "actor"),
        (by(issue("A", "1"), "张\u{2066}三"), "actor"),
    ] {
        match one(&*registry, append).await {
            Err(AppendError::Unrecordable { field: named, .. }) => assert_eq!(named, field),
            other => panic!("{field}: {other:?}"),
        }
    }
    assert_eq!(registry.checkpoint().await.unwrap().size, 1);
}

pub(crate) async fn a_key_stands_for_one_request(place: &impl Place) {
    let registry = place.open();
    all(&*registry, vec![register_seal()]).await;
    let first = one(&*registry, keyed(issue("A", "1"), "key", 1)).await.unwrap();
    assert!(!first.replayed);
    // The same request again, even with another identifier made for it: the earlier event answers.
    let again = one(&*registry, keyed(issue("A2", "1"), "key", 1)).await.unwrap();
    assert_eq!(
        again,
        Appended {
            replayed: true,
            ..first.clone()
        }
    );
    let other = one(&*registry, keyed(issue("B", "2"), "key", 2)).await;
    assert_eq!(
        other,
        Err(AppendError::IdempotencyConflict {
            key: "key".to_owned()
        })
    );
    // Within one batch.
    let answers = registry
        .append(vec![
            keyed(issue("C", "3"), "k3", 3),
            keyed(issue("C", "3"), "k3", 3),
            keyed(issue("D", "4"), "k3", 4),
        ])
        .await
        .unwrap();
    assert_eq!(
        answers[1],
        Ok(Appended {
            replayed: true,
            ..answers[0].clone().unwrap()
        })
    );
    assert!(matches!(answers[2], Err(AppendError::IdempotencyConflict { .. })));
    // A refusal uses up nothing.
    assert!(one(&*registry, keyed(issue("A", "9"), "k9", 9)).await.is_err());
    assert_eq!(registry.outcome("k9").await.unwrap(), None);
    assert!(
        !one(&*registry, keyed(issue("E", "9"), "k9", 8))
            .await
            .unwrap()
            .replayed
    );
    let outcome = registry.outcome("key").await.unwrap().unwrap();
    assert_eq!(
        (outcome.request, outcome.index, outcome.identifier.as_deref()),
        ([1; 32], 1, Some("A"))
    );
    assert_eq!(registry.checkpoint().await.unwrap().size, 4);
}

pub(crate) async fn keys_are_remembered_after_reopening(place: &impl Place) {
    let registry = place.open();
    let batch = vec![
        keyed(register_seal(), "s", 0),
        keyed(issue("A", "1"), "a", 1),
        keyed(item(Change::Suspend("A".to_owned())), "b", 2),
    ];
    let before = registry.append(batch.clone()).await.unwrap();
    drop(registry);
    let registry = place.open();
    let after = registry.append(batch).await.unwrap();
    for (before, after) in before.into_iter().zip(after) {
        assert_eq!(
            after,
            Ok(Appended {
                replayed: true,
                ..before.unwrap()
            })
        );
    }
    assert_eq!(registry.checkpoint().await.unwrap().size, 3);
}

pub(crate) async fn certificates_live_by_the_table(place: &impl Place) {
    use Status as S;
    let registry = place.open();
    all(&*registry, vec![register_seal()]).await;
    let operations: [(Operation, [Option<Status>; 5]); 4] = [
        // from:          in force            suspended           revoked, cancelled, superseded
        (Change::Suspend, [Some(S::Suspended), None, None, None, None]),
        (Change::Resume, [None, Some(S::InForce), None, None, None]),
        (
            Change::Revoke,
            [Some(S::Revoked), Some(S::Revoked), None, None, None],
        ),
        (
            Change::Cancel,
            [Some(S::Cancelled), Some(S::Cancelled), None, None, None],
        ),
    ];
    let mut made = 0;
    for (operation, results) in operations {
        for (from, expected) in [S::InForce, S::Suspended, S::Revoked, S::Cancelled, S::Superseded]
            .into_iter()
            .zip(results)
        {
            made += 1;
            let id = format!("C{made}");
            let mut batch = vec![issue(&id, &id)];
            batch.extend(match from {
                S::InForce => None,
                S::Suspended => Some(item(Change::Suspend(id.clone()))),
                S::Revoked => Some(item(Change::Revoke(id.clone()))),
                S::Cancelled => Some(item(Change::Cancel(id.clone()))),
                S::Superseded => Some(on_basis(&format!("{id}n"), &id, Basis::Renews(id.clone()))),
            });
            all(&*registry, batch).await;
            let change = operation(id.clone());
            let kind = change.kind();
            let answer = one(&*registry, item(change)).await;
            match expected {
                Some(_) => assert_eq!(answer.unwrap().identifier.as_ref(), Some(&id)),
                None => assert_eq!(
                    answer,
                    Err(AppendError::IllegalTransition {
                        identifier: id.clone(),
                        from,
                        operation: kind
                    })
                ),
            }
            assert_eq!(
                status(&*registry, &id).await,
                expected.unwrap_or(from),
                "{from:?} {kind:?}"
            );
        }
        let nobody = one(&*registry, item(operation("nobody".to_owned()))).await;
        assert_eq!(
            nobody,
            Err(AppendError::NotFound {
                identifier: "nobody".to_owned()
            })
        );
    }
}

pub(crate) async fn seals_live_by_the_table(place: &impl Place) {
    use SealStatus as S;
    let registry = place.open();
    assert!(registry.seals().await.unwrap().is_empty());
    let operations: [(Operation, [Option<SealStatus>; 3]); 3] = [
        (Change::SuspendSeal, [Some(S::Suspended), None, None]),
        (Change::ResumeSeal, [None, Some(S::InForce), None]),
        (
            Change::DestroySeal,
            [Some(S::Destroyed), Some(S::Destroyed), None],
        ),
    ];
    let mut made = 0;
    for (operation, results) in operations {
        for (from, expected) in [S::InForce, S::Suspended, S::Destroyed].into_iter().zip(results) {
            made += 1;
            let id = format!("S{made}");
            let mut batch = vec![item(Change::RegisterSeal {
                seal: id.clone(),
                definition: id.clone().into_bytes(),
            })];
            batch.extend(match from {
                S::InForce => None,
                S::Suspended => Some(item(Change::SuspendSeal(id.clone()))),
                S::Destroyed => Some(item(Change::DestroySeal(id.clone()))),
            });
            let before = *all(&*registry, batch).await.last().unwrap();
            let change = operation(id.clone());
            let kind = change.kind();
            let answer = one(&*registry, because(item(change), "遗失")).await;
            let record = registry.seal(&id).await.unwrap().unwrap();
            assert_eq!(record.definition, id.clone().into_bytes());
            if let Some(status) = expected {
                let index = answer.unwrap().index;
                assert_eq!((record.status, record.last_event), (status, index));
                assert_eq!(record.reason, "遗失");
                let event = registry.events(index, 1).await.unwrap().remove(0);
                assert_eq!(event.leaf.previous, Some(before));
            } else {
                assert_eq!((record.status, record.last_event), (from, before));
                let refusal = AppendError::IllegalSealTransition {
                    seal: id,
                    from,
                    operation: kind,
                };
                assert_eq!(answer, Err(refusal));
            }
        }
        let unknown = one(&*registry, item(operation("nobody".to_owned()))).await;
        assert_eq!(
            unknown,
            Err(AppendError::SealUnknown {
                seal: "nobody".to_owned()
            })
        );
    }
    let ids: Vec<_> = registry
        .seals()
        .await
        .unwrap()
        .into_iter()
        .map(|s| s.id)
        .collect();
    assert_eq!(ids, (1..=9).map(|i| format!("S{i}")).collect::<Vec<_>>());
    let twice = item(Change::RegisterSeal {
        seal: "S1".to_owned(),
        definition: Vec::new(),
    });
    assert_eq!(
        one(&*registry, twice).await,
        Err(AppendError::SealExists {
            seal: "S1".to_owned()
        })
    );
    assert_eq!(registry.seal("nobody").await.unwrap(), None);
}

pub(crate) async fn seals_out_of_force_sign_nothing(place: &impl Place) {
    let registry = place.open();
    all(
        &*registry,
        vec![register_seal(), item(Change::SuspendSeal(SEAL.to_owned()))],
    )
    .await;
    let refusal = |status| {
        Err(AppendError::SealNotInForce {
            seal: SEAL.to_owned(),
            status,
        })
    };
    assert_eq!(
        one(&*registry, issue("A", "1")).await,
        refusal(SealStatus::Suspended)
    );
    all(
        &*registry,
        vec![item(Change::ResumeSeal(SEAL.to_owned())), issue("A", "1")],
    )
    .await;
    all(&*registry, vec![item(Change::DestroySeal(SEAL.to_owned()))]).await;
    assert_eq!(
        one(&*registry, issue("B", "2")).await,
        refusal(SealStatus::Destroyed)
    );
    // What it sealed while it was in force stays.
    assert_eq!(status(&*registry, "A").await, Status::InForce);
}

pub(crate) async fn identifiers_and_numbers_are_used_once(place: &impl Place) {
    let registry = place.open();
    all(
        &*registry,
        vec![register_seal(), issue("A", "1"), issue("B", "2")],
    )
    .await;
    let used = AppendError::IdentifierInUse {
        identifier: "A".to_owned(),
    };
    assert_eq!(one(&*registry, issue("A", "9")).await, Err(used));
    let in_use = |number: &str, identifier: &str| {
        Err(AppendError::NumberInUse {
            certificate_type: TYPE.to_owned(),
            number: number.to_owned(),
            identifier: identifier.to_owned(),
        })
    };
    assert_eq!(one(&*registry, issue("C", "1")).await, in_use("1", "A"));
    // Another type has numbers of its own.
    let other = NewCertificate {
        certificate_type: "other".to_owned(),
        ..new("C", "1")
    };
    all(&*registry, vec![issue_of(other)]).await;
    // A successor keeps the number or takes a free one, not a stranger's; the old one stays taken.
    assert_eq!(
        one(&*registry, on_basis("A2", "2", Basis::Amends("A".to_owned()))).await,
        in_use("2", "B")
    );
    all(
        &*registry,
        vec![on_basis("A2", "3", Basis::Amends("A".to_owned()))],
    )
    .await;
    assert_eq!(one(&*registry, issue("D", "1")).await, in_use("1", "A"));
    assert_eq!(one(&*registry, issue("D", "3")).await, in_use("3", "A2"));
    // Nor does a revoked certificate give its number back.
    all(&*registry, vec![item(Change::Revoke("B".to_owned()))]).await;
    assert_eq!(one(&*registry, issue("D", "2")).await, in_use("2", "B"));
    let found = registry.by_number(TYPE, "3").await.unwrap().unwrap();
    assert_eq!(found.identifier, "A2");
    assert_eq!(
        registry
            .by_number("other", "1")
            .await
            .unwrap()
            .unwrap()
            .identifier,
        "C"
    );
    assert_eq!(registry.by_number("other", "2").await.unwrap(), None);
}

pub(crate) async fn successors_replace_predecessors(place: &impl Place) {
    let registry = place.open();
    let at = |id: &str| id.to_owned();
    let indices = all(
        &*registry,
        vec![
            register_seal(),
            issue("A", "1"),
            item(Change::Suspend(at("A"))),
            item(Change::Resume(at("A"))),
            because(on_basis("B", "1", Basis::Renews(at("A"))), "延续五年"),
            on_basis("C", "1", Basis::Amends(at("B"))),
            on_basis("D", "1", Basis::Reissues(at("C"))),
            item(Change::Cancel(at("D"))),
        ],
    )
    .await;
    assert_eq!(indices, (0..8).collect::<Vec<_>>());
    let found = registry
        .find(&[at("D"), at("C"), at("nobody"), at("A"), at("B")])
        .await
        .unwrap();
    let get = |i: usize| found[i].as_ref().unwrap();
    assert!(found[2].is_none());
    assert_eq!(
        (get(3).status, get(3).status_reason.as_str()),
        (Status::Superseded, "延续五年")
    );
    assert_eq!(
        (get(3).successor.as_deref(), get(3).predecessor.as_deref()),
        (Some("B"), None)
    );
    assert_eq!((get(3).issued_event, get(3).last_event), (1, 4));
    assert_eq!(
        (get(1).successor.as_deref(), get(1).predecessor.as_deref()),
        (Some("D"), Some("B"))
    );
    assert_eq!(
        (get(0).status, get(0).successor.as_deref()),
        (Status::Cancelled, None)
    );

    let history = registry.history("A").await.unwrap();
    assert_eq!(history.iter().map(|e| e.index).collect::<Vec<_>>(), [1, 2, 3, 4]);
    let kinds: Vec<_> = history.iter().map(|e| e.leaf.kind).collect();
    assert_eq!(
        kinds,
        [
            EventKind::Issued,
            EventKind::Suspended,
            EventKind::Resumed,
            EventKind::Renewed
        ]
    );
    let last = registry.history("D").await.unwrap();
    assert_eq!(last.iter().map(|e| e.index).collect::<Vec<_>>(), [6, 7]);
    assert_eq!(last[0].leaf.previous, Some(5));
    assert!(registry.history("nobody").await.unwrap().is_empty());

    // Only what is in force can be replaced, and only by its own type.
    let superseded = on_basis("X", "1", Basis::Renews(at("A")));
    assert!(matches!(
        one(&*registry, superseded).await,
        Err(AppendError::IllegalTransition {
            from: Status::Superseded,
            operation: EventKind::Renewed,
            ..
        })
    ));
    let nobody = on_basis("X", "9", Basis::Reissues(at("nobody")));
    assert_eq!(
        one(&*registry, nobody).await,
        Err(AppendError::NotFound {
            identifier: at("nobody")
        })
    );
    all(&*registry, vec![issue("E", "5")]).await;
    let other = NewCertificate {
        certificate_type: at("other"),
        basis: Basis::Renews(at("E")),
        ..new("X", "5")
    };
    let refusal = AppendError::PredecessorOfOtherType {
        identifier: at("E"),
        certificate_type: at(TYPE),
    };
    assert_eq!(one(&*registry, issue_of(other)).await, Err(refusal));
}

pub(crate) async fn enrolments_wait_to_be_sealed(place: &impl Place) {
    let registry = place.open();
    let mut batch = vec![register_seal()];
    batch.extend(["3", "1", "2", "10"].map(|number| enrol(TYPE, number)));
    batch.push(enrol("other", "1"));
    all(&*registry, batch).await;
    assert_eq!(
        registry.unsealed(TYPE, None, 10).await.unwrap(),
        ["1", "10", "2", "3"]
    );
    assert_eq!(registry.unsealed(TYPE, None, 2).await.unwrap(), ["1", "10"]);
    assert_eq!(registry.unsealed(TYPE, Some("10"), 10).await.unwrap(), ["2", "3"]);
    assert!(registry.unsealed(TYPE, None, 0).await.unwrap().is_empty());
    assert!(registry.unsealed("nothing", None, 10).await.unwrap().is_empty());
    let again = AppendError::AlreadyEnrolled {
        certificate_type: TYPE.to_owned(),
        number: "1".to_owned(),
        event: 2,
    };
    assert_eq!(one(&*registry, enrol(TYPE, "1")).await, Err(again));
    // Within a batch the event is that of the item before.
    let twice = vec![enrol("third", "1"), enrol("third", "1")];
    let twice = registry.append(twice).await.unwrap();
    assert!(matches!(twice.as_slice(), [
        Ok(Appended { index, .. }),
        Err(AppendError::AlreadyEnrolled { event, .. }),
    ] if event == index));
    // Sealing takes it off the list, and its life begins with the enrolment.
    assert!(registry.is_enrolled(TYPE, "10").await.unwrap());
    let sealed = one(&*registry, issue("A", "10")).await.unwrap();
    for (certificate_type, number) in [(TYPE, "10"), (TYPE, "1 "), ("other", "2")] {
        assert!(!registry.is_enrolled(certificate_type, number).await.unwrap());
    }
    assert_eq!(registry.unsealed(TYPE, None, 10).await.unwrap(), ["1", "2", "3"]);
    assert_eq!(
        registry.events(sealed.index, 1).await.unwrap()[0].leaf.previous,
        Some(4)
    );
    assert_eq!(registry.history("A").await.unwrap().len(), 1);
    assert!(matches!(
        one(&*registry, enrol(TYPE, "10")).await,
        Err(AppendError::NumberInUse { identifier, .. }) if identifier == "A"
    ));
    let counts = registry.counts().await.unwrap();
    assert_eq!(
        counts[TYPE],
        Counts {
            in_force: 1,
            unsealed: 3,
            ..Counts::default()
        }
    );
    assert_eq!(
        counts["other"],
        Counts {
            unsealed: 1,
            ..Counts::default()
        }
    );
}

pub(crate) async fn records_tell_all(place: &impl Place) {
    let registry = place.open();
    let new = new("A", "豫-1");
    let mut append = issue_of(new.clone());
    append.at += SignedDuration::from_nanos(999);
    all(&*registry, vec![register_seal(), append.clone()]).await;
    let mut change = because(item(Change::Suspend("A".to_owned())), "立案调查");
    change.at += SignedDuration::from_secs(60);
    all(&*registry, vec![change.clone()]).await;
    let record = registry.by_number(TYPE, "豫-1").await.unwrap().unwrap();
    assert_eq!(
        record,
        super::CertificateRecord {
            identifier: new.identifier,
            certificate_type: new.certificate_type,
            type_version: new.type_version,
            number: new.number,
            holder_name: new.holder_name,
            holder_code: new.holder_code,
            issuer_name: new.issuer_name,
            issuer_code: append.authority,
            issued_on: new.issued_on,
            valid_from: new.valid_from,
            valid_until: new.valid_until,
            seal: new.seal,
            document: new.document,
            further: new.further,
            face_digest: new.face_digest,
            status: Status::Suspended,
            status_since: change.at,
            status_reason: "立案调查".to_owned(),
            predecessor: None,
            successor: None,
            issued_at: Timestamp::from_millisecond(append.at.as_millisecond()).unwrap(),
            issued_event: 1,
            last_event: 2,
        }
    );
}

pub(crate) async fn holders_find_theirs(place: &impl Place) {
    let registry = place.open();
    let of = |id: &str, name: &str, code: Option<&str>| {
        issue_of(NewCertificate {
            holder_name: name.to_owned(),
            holder_code: code.map(str::to_owned),
            ..new(id, id)
        })
    };
    let batch = vec![
        register_seal(),
        of("A", "张三", Some("1")),
        of("B", "张三", Some("11")),
        of("C", "张三丰", Some("1")),
        of("D", "张三", None),
        on_basis("E", "A", Basis::Renews("A".to_owned())),
    ];
    all(&*registry, batch).await;
    let name = Holder::Name("张三".to_owned());
    let code = Holder::Code("1".to_owned());
    let found = registry.by_holder(&name, None, 10).await.unwrap();
    assert_eq!(identifiers(&found), ["A", "B", "D"]);
    assert_eq!(
        identifiers(&registry.by_holder(&code, None, 10).await.unwrap()),
        ["A", "C"]
    );
    let page = registry.by_holder(&name, None, 2).await.unwrap();
    let rest = registry
        .by_holder(&name, Some(page[1].issued_event), 2)
        .await
        .unwrap();
    assert_eq!(
        (identifiers(&page), identifiers(&rest)),
        (vec!["A", "B"], vec!["D"])
    );
    for nobody in ["", "张", "张三\0", "张三\0\0\0\0\0\0\0\0\u{1}"] {
        assert!(
            registry
                .by_holder(&Holder::Name(nobody.to_owned()), None, 10)
                .await
                .unwrap()
                .is_empty()
        );
    }
}

pub(crate) async fn pages_follow_the_order_of_issue(place: &impl Place) {
    let registry = place.open();
    let mut batch = vec![register_seal()];
    for i in 0..50 {
        let certificate_type = if i % 3 == 0 { "other" } else { TYPE }.to_owned();
        let id = format!("C{:02}", (i * 7) % 50);
        batch.push(issue_of(NewCertificate {
            certificate_type,
            ..new(&id, &id)
        }));
        if i % 5 == 0 {
            batch.push(item(Change::Revoke(id)));
        }
    }
    all(&*registry, batch).await;
    let (types, statuses) = (
        [None, Some(TYPE), Some("other"), Some("none")],
        [
            None,
            Some(Status::InForce),
            Some(Status::Revoked),
            Some(Status::Suspended),
        ],
    );
    let everything = Query {
        certificate_type: None,
        status: None,
        after: None,
        limit: usize::MAX,
    };
    let everything = registry.certificates(&everything).await.unwrap();
    assert_eq!(everything.len(), 50);
    assert!(everything.is_sorted_by_key(|r| r.issued_event));
    for (kind, status) in types
        .iter()
        .flat_map(|kind| statuses.map(|status| (kind, status)))
    {
        let mut query = Query {
            certificate_type: kind.map(str::to_owned),
            status,
            after: None,
            limit: 7,
        };
        let mut seen = Vec::new();
        loop {
            let page = registry.certificates(&query).await.unwrap();
            assert!(page.len() <= 7);
            let Some(last) = page.last() else { break };
            query.after = Some(last.issued_event);
            seen.extend(page);
        }
        let wanted = everything
            .iter()
            .filter(|r| kind.is_none_or(|k| k == r.certificate_type))
            .filter(|r| status.is_none_or(|s| s == r.status));
        assert!(seen.iter().eq(wanted), "{kind:?} {status:?}");
    }
    let none = Query {
        certificate_type: None,
        status: None,
        after: None,
        limit: 0,
    };
    assert!(registry.certificates(&none).await.unwrap().is_empty());
}

pub(crate) async fn counts_add_up(place: &impl Place) {
    let registry = place.open();
    assert!(registry.counts().await.unwrap().is_empty());
    let at = |id: &str| id.to_owned();
    let mut batch = vec![register_seal(), enrol(TYPE, "1"), enrol(TYPE, "2")];
    batch.extend(["1", "3", "4", "5", "6"].map(|n| issue(&format!("C{n}"), n)));
    batch.push(item(Change::Suspend(at("C3"))));
    batch.push(item(Change::Revoke(at("C3"))));
    batch.push(item(Change::Cancel(at("C4"))));
    batch.push(item(Change::Suspend(at("C5"))));
    batch.push(on_basis("C7", "6", Basis::Renews(at("C6"))));
    all(&*registry, batch).await;
    let counts = registry.counts().await.unwrap();
    let expected = Counts {
        in_force: 2,
        suspended: 1,
        revoked: 1,
        cancelled: 1,
        superseded: 1,
        unsealed: 1,
    };
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), [(at(TYPE), expected)]);
    assert_eq!(expected.sealed(), 5);
}

pub(crate) async fn events_come_in_pages(place: &impl Place) {
    let registry = place.open();
    all(
        &*registry,
        vec![register_seal(), issue("A", "1"), issue("B", "2")],
    )
    .await;
    assert_eq!(registry.events(1, 1).await.unwrap().len(), 1);
    assert_eq!(registry.events(1, usize::MAX).await.unwrap().len(), 2);
    assert!(registry.events(3, 10).await.unwrap().is_empty());
    assert!(registry.events(0, 0).await.unwrap().is_empty());
    assert!(matches!(
        registry.events(4, 10).await,
        Err(RegistryError::OutOfRange { size: 3, asked: 4 })
    ));
}

pub(crate) async fn proofs_hold(place: &impl Place) {
    let registry = place.open();
    let mut heads = vec![registry.checkpoint().await.unwrap()];
    all(&*registry, vec![register_seal()]).await;
    heads.push(registry.checkpoint().await.unwrap());
    for i in 0..30 {
        let batch = (0..20)
            .map(|j| issue(&format!("C{i}-{j}"), &format!("{i}-{j}")))
            .collect();
        all(&*registry, batch).await;
        heads.push(registry.checkpoint().await.unwrap());
    }
    let leaves: Vec<_> = registry
        .events(0, usize::MAX)
        .await
        .unwrap()
        .iter()
        .map(super::Event::leaf_hash)
        .collect();
    assert_eq!(leaves.len(), 601);
    for head in &heads {
        for index in (0..head.size).step_by(37).chain(head.size.checked_sub(1)) {
            let path = registry.inclusion(index, head.size).await.unwrap();
            assert!(merkle::verify_inclusion(
                &leaves[index as usize],
                index,
                head.size,
                &path,
                &head.root
            ));
        }
        for to in heads.iter().filter(|to| to.size >= head.size) {
            let path = registry.consistency(head.size, to.size).await.unwrap();
            assert!(merkle::verify_consistency(
                head.size, &head.root, to.size, &to.root, &path
            ));
        }
    }
    for beyond in [
        registry.inclusion(601, 601).await,
        registry.inclusion(0, 602).await,
        registry.inclusion(0, 0).await,
        registry.inclusion(u64::MAX, 601).await,
        registry.consistency(5, 4).await,
        registry.consistency(0, 602).await,
    ] {
        assert!(
            matches!(beyond, Err(RegistryError::OutOfRange { .. })),
            "{beyond:?}"
        );
    }
}

pub(crate) async fn sequences_give_numbers_once(place: &impl Place) {
    let registry = place.open();
    assert_eq!(registry.reserve("a", 1).await.unwrap(), 1);
    assert_eq!(registry.reserve("a", 10).await.unwrap(), 2);
    assert_eq!(registry.reserve("b", 3).await.unwrap(), 1);
    drop(registry);
    let registry = place.open();
    assert_eq!(registry.reserve("a", 0).await.unwrap(), 12);
    assert_eq!(registry.reserve("a", 1).await.unwrap(), 12);
    let mut given = BTreeSet::new();
    let registry = &registry;
    thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(move || {
                    (0..10)
                        .map(|_| block_on(registry.reserve("c", 3)).unwrap())
                        .collect()
                })
            })
            .collect();
        for thread in threads {
            let firsts: Vec<u64> = thread.join().unwrap();
            given.extend(firsts.into_iter().flat_map(|first| first..first + 3));
        }
    });
    assert!(given.into_iter().eq(1..=120));
}

pub(crate) async fn callers_at_once_are_put_in_order(place: &impl Place) {
    const THREADS: usize = 8;
    const BATCHES: usize = 12;
    let registry = place.open();
    all(&*registry, vec![register_seal()]).await;
    let registry = &registry;
    let answers: Vec<Vec<_>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|t| {
                scope.spawn(move || {
                    (0..BATCHES)
                        .map(|b| {
                            let id = |n| format!("T{t}-{b}-{n}");
                            let batch = vec![
                                issue(&id(0), &id(0)),
                                // Every thread wants this number, and one gets it.
                                issue(&id(1), &format!("wanted-{b}")),
                                issue(&id(2), &id(2)),
                                // Every thread sends this request, and one is the first.
                                keyed(issue(&format!("K{b}"), &format!("K{b}")), &format!("key-{b}"), 1),
                                item(Change::Suspend(id(0))),
                            ];
                            let answers = block_on(registry.append(batch)).unwrap();
                            // What was acknowledged is there to be read at once.
                            assert_eq!(block_on(status(&**registry, &id(0))), Status::Suspended);
                            answers
                        })
                        .collect()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for b in 0..BATCHES {
        let won = answers.iter().filter(|of_thread| of_thread[b][1].is_ok()).count();
        let first = answers
            .iter()
            .filter(|of_thread| !of_thread[b][3].as_ref().unwrap().replayed)
            .count();
        assert_eq!((won, first), (1, 1));
    }
    let mut indices = BTreeSet::new();
    for batch in answers.iter().flatten() {
        let own: Vec<_> = batch
            .iter()
            .flatten()
            .filter(|appended| !appended.replayed)
            .map(|appended| appended.index)
            .collect();
        // A batch is never torn apart by another.
        assert_eq!(own.last().unwrap() - own.first().unwrap(), own.len() as u64 - 1);
        indices.extend(own);
    }
    let size = registry.checkpoint().await.unwrap().size;
    assert_eq!(size as usize, 1 + THREADS * BATCHES * 3 + BATCHES * 2);
    assert!(indices.into_iter().eq(1..size));
}

pub(crate) async fn reopening_changes_nothing(place: &impl Place) {
    async fn look(registry: &dyn Registry) -> impl PartialEq + std::fmt::Debug + use<> {
        let query = Query {
            certificate_type: None,
            status: None,
            after: None,
            limit: usize::MAX,
        };
        (
            registry.checkpoint().await.unwrap(),
            registry.events(0, usize::MAX).await.unwrap(),
            registry.certificates(&query).await.unwrap(),
            registry.counts().await.unwrap(),
            registry.seals().await.unwrap(),
            registry.unsealed(TYPE, None, usize::MAX).await.unwrap(),
            registry.inclusion(3, 300).await.unwrap(),
        )
    }
    let registry = place.open();
    let mut batch = vec![register_seal()];
    batch.extend((0..700).map(|i| match i % 4 {
        0 => enrol(TYPE, &format!("E{i}")),
        3 => item(Change::Cancel(format!("C{}", i - 1))),
        _ => keyed(issue(&format!("C{i}"), &i.to_string()), &i.to_string(), 0),
    }));
    all(&*registry, batch).await;
    let before = look(&*registry).await;
    drop(registry);
    let registry = place.open();
    assert_eq!(look(&*registry).await, before);
    assert_eq!(all(&*registry, vec![issue("next", "next")]).await, [701]);
}
