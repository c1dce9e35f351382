//! What every registry must do, as tests over the seam.

use jiff::{Timestamp, civil::date};

use super::{Append, Basis, Change, Idempotency, NewCertificate};

/// The type most tests use.
pub(crate) const TYPE: &str = "food-business-permit";
/// The seal most tests use.
pub(crate) const SEAL: &str = "seal-1";

/// An item for `change`.
pub(crate) fn item(change: Change) -> Append {
    Append {
        at: Timestamp::from_millisecond(1_760_000_000_123).unwrap_or_default(),
        actor: "clerk:张三".to_owned(),
        reason: String::new(),
        authority: "11410102005252424A".to_owned(),
        salt: [7; 32],
        idempotency: None,
        change,
    }
}

/// A first issue.
pub(crate) fn issue(identifier: &str, number: &str) -> Append {
    item(Change::Issue(Box::new(new(identifier, number))))
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
        document_digest: [1; 32],
        document_size: 54_321,
        document_key: format!("documents/{TYPE}/00/{identifier}.pdf"),
        face_digest: [2; 32],
        basis: Basis::First,
    }
}

/// The same item under an idempotency key.
pub(crate) fn keyed(mut append: Append, key: &str, request: u8) -> Append {
    append.idempotency = Some(Idempotency {
        key: key.to_owned(),
        request: [request; 32],
    });
    append
}
