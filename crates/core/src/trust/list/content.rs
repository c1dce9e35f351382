//! What a trust list says, and the rules its entries keep.

use std::{collections::BTreeSet, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::ListError;
use crate::{crypto::x509, remark::is_line};

/// The signed content of a trust list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TrustListContent {
    /// Always [`TrustListContent::SCHEMA`]; another value is a list this program cannot judge.
    pub schema: String,
    /// Who runs the list.
    pub operator: String,
    /// Grows by at least one with each list.
    pub sequence: u64,
    /// When the list was made.
    pub issued_at: Timestamp,
    /// When the next list is due at the latest.
    pub next_update: Timestamp,
    /// The authorities.
    pub authorities: Vec<Authority>,
    /// Who accepts what from whom (互认清单).
    pub agreements: Vec<Agreement>,
}

/// An authority: a region's body that vouches for the issuing departments under it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Authority {
    /// Stable key, unique in the list.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its area: six digits (GB/T 2260), trailing pairs of zeros meaning all below.
    pub region: String,
    /// X.509 roots of its issuing departments' signers.
    pub anchors: Vec<Der>,
    /// X.509 certificates that sign face tokens.
    #[serde(default)]
    pub token_signers: Vec<Der>,
    /// Token signers among these that are not to be relied on any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withdrawn_token_signers: Vec<WithdrawnSigner>,
    /// X.509 roots of the makers of its seals (制章者).
    #[serde(default)]
    pub seal_makers: Vec<Der>,
    /// Unified social credit codes of the departments it vouches for; every department of its region
    /// if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issuers: Vec<String>,
    /// What it may issue.
    pub types: Vec<TypeGrant>,
    /// From when the list vouches for it.
    pub valid_from: Timestamp,
    /// Until when, exclusive; none while no end is set.
    #[serde(default)]
    pub valid_until: Option<Timestamp>,
    /// Changes of status, oldest first, never empty.
    pub history: Vec<StatusChange>,
}

impl Authority {
    /// Status at an instant; none before the first entry of its history or outside its validity.
    pub fn status_at(&self, at: Timestamp) -> Option<AuthorityStatus> {
        if at < self.valid_from || self.valid_until.is_some_and(|until| at >= until) {
            return None;
        }
        self.history
            .iter()
            .rev()
            .find(|change| change.since <= at)
            .map(|change| change.status)
    }

    /// Since when a token signer (DER of its certificate) is not to be relied on, if it was withdrawn.
    pub fn withdrawn_since(&self, token_signer: &[u8]) -> Option<Timestamp> {
        if self.withdrawn_token_signers.is_empty() {
            return None;
        }
        let signer = hex::encode(x509::fingerprint(token_signer));
        let found = self
            .withdrawn_token_signers
            .iter()
            .find(|known| known.signer == signer);
        found.map(|known| known.since)
    }

    /// Whether the list stands behind what a signer of the authority made: at the time that is proven, or,
    /// without proof, both when the signer says it was and now. What a thief of its keys signs after the
    /// authority was withdrawn can bear any date.
    pub fn standing(
        &self,
        claimed: Option<Timestamp>,
        proven: Option<Timestamp>,
        now: Timestamp,
    ) -> Standing {
        let granted = Some(AuthorityStatus::Granted);
        let Some(at) = proven.or(claimed) else {
            return Standing::TimeUnknown;
        };
        match self.status_at(at) {
            None => Standing::NotListedThen,
            Some(AuthorityStatus::Granted) if proven.is_some() || self.status_at(now) == granted => {
                Standing::Granted
            }
            Some(AuthorityStatus::Granted) => Standing::OutSince,
            Some(AuthorityStatus::Suspended) => Standing::Suspended,
            Some(AuthorityStatus::Withdrawn) => Standing::Withdrawn,
        }
    }

    /// Whether it vouches for a department, by its unified social credit code: one that it names, or,
    /// where it names none, one of its region.
    pub fn vouches_for(&self, issuer_code: &str) -> bool {
        if self.issuers.is_empty() {
            issuer_region(issuer_code).is_some_and(|region| covers(&self.region, region))
        } else {
            self.issuers.iter().any(|code| code == issuer_code)
        }
    }

    /// The grant that covers a certificate type issued on a day by an issuer of a region.
    pub fn grant(&self, type_code: &str, issuer_region: &str, on: Date) -> Option<&TypeGrant> {
        self.types.iter().find(|grant| {
            (grant.code == type_code || grant.code == ANY_TYPE)
                && grant.from <= on
                && grant.until.is_none_or(|until| on <= until)
                && (if grant.regions.is_empty() {
                    covers(&self.region, issuer_region)
                } else {
                    grant.regions.iter().any(|region| covers(region, issuer_region))
                })
        })
    }
}

/// A token signer whose key leaked, or which was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WithdrawnSigner {
    /// SHA-256 of its X.509 certificate, hexadecimal.
    pub signer: String,
    /// Tokens made since then are not its own. An older one says so itself, so that it takes more than
    /// the token to prove it.
    pub since: Timestamp,
}

/// A certificate type an authority may issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TypeGrant {
    /// Certificate type code (GB/T 36904), 21 characters, or [`ANY_TYPE`].
    pub code: String,
    /// Name of the type, for people.
    pub name: String,
    /// Regions whose departments may issue it; the authority's own region if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<String>,
    /// First day of issue covered.
    pub from: Date,
    /// Last day of issue covered; none while no end is set.
    #[serde(default)]
    pub until: Option<Date>,
}

/// Stands for every certificate type in a [`TypeGrant`].
pub const ANY_TYPE: &str = "*";

/// Standing of an authority in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuthorityStatus {
    /// What it issues is vouched for.
    Granted,
    /// Not vouched for at present; may return.
    Suspended,
    /// Not vouched for from this instant on.
    Withdrawn,
}

/// What an authority's status comes to for one signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Vouched for.
    Granted,
    /// The list did not know the authority at that time.
    NotListedThen,
    /// Vouched for by its date, but no longer, and nothing proves the date.
    OutSince,
    /// Suspended at that time.
    Suspended,
    /// Nobody says when it was signed.
    TimeUnknown,
    /// Withdrawn at that time.
    Withdrawn,
}

/// A change of an authority's status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StatusChange {
    /// The new status.
    pub status: AuthorityStatus,
    /// From when.
    pub since: Timestamp,
    /// Why.
    #[serde(default)]
    pub reason: String,
}

/// One region accepts certificate types of another (互认).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Agreement {
    /// Where the certificates come from.
    pub from_region: String,
    /// Where they are accepted.
    pub to_region: String,
    /// Type codes covered; all types of the granting authority if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
    /// First day of acceptance.
    pub from: Date,
    /// Last day of acceptance; none while no end is set.
    #[serde(default)]
    pub until: Option<Date>,
    /// Accept only when the state of the certificate is known from its home registry.
    #[serde(default)]
    pub status_required: bool,
    /// Conditions for the person at the counter, in Chinese.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<String>,
}

impl Agreement {
    /// Whether the agreement speaks of this type, coming from one region to another.
    pub fn concerns(&self, type_code: &str, from: &str, to: &str) -> bool {
        covers(&self.from_region, from)
            && covers(&self.to_region, to)
            && (self.types.is_empty() || self.types.iter().any(|code| code == type_code))
    }

    /// Whether it is in effect on a day.
    pub fn in_effect(&self, on: Date) -> bool {
        self.from <= on && self.until.is_none_or(|until| on <= until)
    }
}

/// DER of an X.509 certificate, in base64 in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Der(pub Arc<[u8]>);

impl Serialize for Der {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Der {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64
            .decode(text)
            .map(|der| Der(der.into()))
            .map_err(D::Error::custom)
    }
}

/// Whether a six-digit region lies in another: `410000` covers `410102`, `410100` does too.
pub fn covers(outer: &str, inner: &str) -> bool {
    let mut prefix = outer;
    while let Some(shorter) = prefix.strip_suffix("00") {
        prefix = shorter;
    }
    is_region(outer) && is_region(inner) && inner.starts_with(prefix)
}

/// Region in a unified social credit code: its third to eighth digits (GB 32100).
pub fn issuer_region(code: &str) -> Option<&str> {
    code.get(2..8).filter(|region| is_region(region))
}

/// Six digits of which the first two name a province.
pub fn is_region(region: &str) -> bool {
    region.len() == 6 && region.bytes().all(|b| b.is_ascii_digit()) && !region.starts_with('0')
}

impl TrustListContent {
    /// Version of the format.
    pub const SCHEMA: &str = "certseal-trust-list/1";

    /// Holds every rule that the types cannot hold.
    pub(super) fn check(&self) -> Result<(), ListError> {
        let refuse = |entry: String, problem| Err(ListError::Entry { entry, problem });
        if self.schema != Self::SCHEMA {
            return refuse("schema".into(), "unknown version of the format");
        }
        if self.next_update <= self.issued_at {
            return refuse("next-update".into(), "not after issued-at");
        }
        if self.authorities.len() > MAX_AUTHORITIES || self.agreements.len() > MAX_AGREEMENTS {
            return refuse("authorities".into(), "too many entries");
        }
        if !is_line(&self.operator) {
            return refuse("operator".into(), "not one line of visible text");
        }
        let mut ids = BTreeSet::new();
        for (at, authority) in self.authorities.iter().enumerate() {
            let path = |field: &str| format!("authorities[{at}].{field}");
            if !ids.insert(&authority.id) {
                return refuse(path("id"), "stands twice");
            }
            authority.check(&path)?;
        }
        for (at, agreement) in self.agreements.iter().enumerate() {
            let path = |field: &str| format!("agreements[{at}].{field}");
            for (field, region) in [
                ("from-region", &agreement.from_region),
                ("to-region", &agreement.to_region),
            ] {
                if !is_region(region) {
                    return refuse(path(field), "not six digits");
                }
            }
            if !agreement.types.iter().all(|code| is_type_code(code)) {
                return refuse(path("types"), "not a certificate type code");
            }
            if !agreement.conditions.iter().all(|condition| is_line(condition)) {
                return refuse(path("conditions"), "not one line of visible text");
            }
            if agreement.until.is_some_and(|until| until < agreement.from) {
                return refuse(path("until"), "before its beginning");
            }
        }
        Ok(())
    }
}

impl Authority {
    fn check(&self, path: &dyn Fn(&str) -> String) -> Result<(), ListError> {
        let refuse = |field: &str, problem| {
            Err(ListError::Entry {
                entry: path(field),
                problem,
            })
        };
        if self.id.is_empty() || self.id.len() > MAX_TEXT {
            return refuse("id", "empty or too long");
        }
        if self.name.is_empty() || self.name.len() > MAX_TEXT {
            return refuse("name", "empty or too long");
        }
        // All of these are printed on terminals; a neighbour wrote most of them.
        for (field, mut texts) in [
            ("id", vec![&self.id]),
            ("name", vec![&self.name]),
            ("types", self.types.iter().map(|grant| &grant.name).collect()),
            (
                "history",
                self.history.iter().map(|change| &change.reason).collect(),
            ),
        ] {
            texts.retain(|text| !is_line(text));
            if !texts.is_empty() {
                return refuse(field, "not one line of visible text");
            }
        }
        if !is_region(&self.region) {
            return refuse("region", "not six digits");
        }
        if self.anchors.is_empty() || self.anchors.len() > MAX_ANCHORS {
            return refuse("anchors", "none, or too many");
        }
        if self.token_signers.len() > MAX_TOKEN_SIGNERS
            || self.withdrawn_token_signers.len() > MAX_TOKEN_SIGNERS
        {
            return refuse("token-signers", "too many");
        }
        let digest =
            |text: &str| text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !self
            .withdrawn_token_signers
            .iter()
            .all(|known| digest(&known.signer))
        {
            return refuse("withdrawn-token-signers", "not a SHA-256 digest in lower case");
        }
        if self.seal_makers.len() > MAX_ANCHORS {
            return refuse("seal-makers", "too many");
        }
        if self.issuers.len() > MAX_ISSUERS {
            return refuse("issuers", "too many");
        }
        if !self.issuers.iter().all(|code| is_code(code, 18)) {
            return refuse("issuers", "not a unified social credit code");
        }
        for (field, ders) in [
            ("anchors", &self.anchors),
            ("token-signers", &self.token_signers),
            ("seal-makers", &self.seal_makers),
        ] {
            let mut seen = BTreeSet::new();
            for der in ders {
                if x509::parse(&der.0).is_err() {
                    return refuse(field, "not an X.509 certificate");
                }
                if !seen.insert(&der.0) {
                    return refuse(field, "stands twice");
                }
            }
        }
        if self.valid_until.is_some_and(|until| until <= self.valid_from) {
            return refuse("valid-until", "not after valid-from");
        }
        if self.history.is_empty() || self.history.len() > MAX_HISTORY {
            return refuse("history", "empty or too long");
        }
        let in_order = |pair: &[StatusChange]| match pair {
            [earlier, later] => earlier.since < later.since,
            _ => true,
        };
        if !self.history.windows(2).all(in_order) {
            return refuse("history", "not in order of time");
        }
        if self.types.len() > MAX_TYPES {
            return refuse("types", "too many");
        }
        for grant in &self.types {
            if grant.code != ANY_TYPE && !is_type_code(&grant.code) {
                return refuse("types", "not a certificate type code");
            }
            if !grant.regions.iter().all(|region| covers(&self.region, region)) {
                return refuse("types", "a region outside the authority's own");
            }
            if grant.until.is_some_and(|until| until < grant.from) {
                return refuse("types", "ends before its beginning");
            }
        }
        Ok(())
    }
}

/// 18 characters of the defining agency's code and three more (GB/T 36904).
fn is_type_code(code: &str) -> bool {
    is_code(code, 21)
}

fn is_code(code: &str, len: usize) -> bool {
    code.len() == len && code.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
}

// A country has 34 provinces, some 340 cities and 2,850 districts; the limits leave room for all.
const MAX_AUTHORITIES: usize = 5_000;
const MAX_AGREEMENTS: usize = 50_000;
const MAX_ANCHORS: usize = 64;
const MAX_TOKEN_SIGNERS: usize = 1_024;
const MAX_ISSUERS: usize = 20_000;
const MAX_HISTORY: usize = 256;
const MAX_TYPES: usize = 2_048;
const MAX_TEXT: usize = 512;
