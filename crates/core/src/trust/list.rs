//! The trust list: which authorities exist, by which anchors they are known, and what each may issue.
//!
//! Takes a file that is a JWS in flattened JSON form (RFC 7515 §7.2.2), signed with ES256 by the list
//! key, which is kept offline; verifiers hold only its public half. Gives a [`TrustList`], which
//! cannot be had in any other way: holding one means that the signature was good.
//!
//! ```text
//!  { "payload": b64url(content), "protected": b64url({"alg":"ES256","kid":…,"typ":…}), "signature": b64url(r‖s) }
//!  content = sequence, issued-at, next-update, authorities [ anchors, token signers, types, history ], agreements
//! ```
//!
//! After ETSI TS 119 612 (status history with instants), VICAL (types per anchor) and X-Road (one
//! expiry, growing sequence number): an old list cannot be played back to someone who has seen a
//! newer one, and a stale list leads to INDETERMINATE, never to a refusal of the certificate.

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use der::Decode;
use jiff::Timestamp;
use ring::signature;
use serde::{Deserialize, Serialize};
use spki::SubjectPublicKeyInfoRef;

use crate::{
    crypto::{SignatureScheme, Signer, SignerError, ecdsa::p256_to_fixed, sha256},
    limits::MAX_TRUST_LIST_BYTES,
    qr::token::{KID_LEN, kid_of},
};

mod content;

pub use content::{
    ANY_TYPE, Agreement, Authority, AuthorityStatus, Der, Standing, StatusChange, TrustListContent,
    TypeGrant, WithdrawnSigner, covers, is_region, issuer_region,
};

/// A trust list whose signature was checked.
#[derive(Debug, Clone)]
pub struct TrustList {
    content: TrustListContent,
    digest: [u8; 32],
    token_signers: BTreeMap<[u8; KID_LEN], Vec<(usize, usize)>>,
    by_anchor: ByFingerprint,
    by_seal_maker: ByFingerprint,
}

/// Positions of authorities, each once and in order, by the SHA-256 of certificates of theirs.
type ByFingerprint = BTreeMap<[u8; 32], BTreeSet<usize>>;

impl TrustList {
    /// Reads a list and checks it against the list key (DER of its SubjectPublicKeyInfo).
    ///
    /// `last` is the newest list this verifier has seen; the caller keeps [`TrustList::seen`] of each
    /// list it accepts. A list older than that, or another list of the same number, is refused.
    pub fn open(file: &[u8], list_key: &[u8], last: Option<SeenList>) -> Result<TrustList, ListError> {
        if file.len() > MAX_TRUST_LIST_BYTES {
            return Err(ListError::TooLarge {
                limit: MAX_TRUST_LIST_BYTES,
            });
        }
        let envelope: Envelope = serde_json::from_slice(file).map_err(ListError::Envelope)?;
        let decode =
            |part: &'static str, text: &str| BASE64URL.decode(text).map_err(|_| ListError::Base64 { part });
        let protected = decode("protected", &envelope.protected)?;
        let header: Header = serde_json::from_slice(&protected).map_err(ListError::Envelope)?;
        if header.alg != ALG || header.typ != TYP {
            return Err(ListError::Header {
                alg: header.alg,
                typ: header.typ,
            });
        }
        if header.kid != key_id(list_key) {
            return Err(ListError::OtherKey);
        }
        let signed = format!("{}.{}", envelope.protected, envelope.payload);
        let made = decode("signature", &envelope.signature)?;
        let key = public_point(list_key).ok_or(ListError::UnsuitableKey)?;
        signature::UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, key)
            .verify(signed.as_bytes(), &made)
            .map_err(|_| ListError::BadSignature)?;

        let payload = decode("payload", &envelope.payload)?;
        let content: TrustListContent = serde_json::from_slice(&payload).map_err(ListError::Content)?;
        let list = Self::index(content, &payload)?;
        match last {
            Some(last) if list.content.sequence < last.sequence => Err(ListError::RolledBack {
                seen: last.sequence,
                offered: list.content.sequence,
            }),
            Some(last) if list.content.sequence == last.sequence && list.digest != last.digest => {
                Err(ListError::Contradicted {
                    sequence: last.sequence,
                })
            }
            _ => Ok(list),
        }
    }

    /// Makes the signed file of a list. Content that [`TrustList::open`] would refuse is not signed.
    pub fn sign(content: &TrustListContent, signer: &dyn Signer) -> Result<Vec<u8>, ListError> {
        if signer.scheme() != SignatureScheme::EcdsaP256Sha256 {
            return Err(ListError::UnsuitableKey);
        }
        let payload = serde_json::to_vec(content).map_err(ListError::Content)?;
        Self::index(content.clone(), &payload)?;
        let header = Header {
            alg: ALG.to_owned(),
            kid: key_id(signer.public_key_info()),
            typ: TYP.to_owned(),
        };
        let header = serde_json::to_vec(&header).map_err(ListError::Envelope)?;
        let (protected, payload) = (BASE64URL.encode(header), BASE64URL.encode(payload));
        let made = signer.sign(format!("{protected}.{payload}").as_bytes())?;
        let fixed = p256_to_fixed(&made).map_err(|_| SignerError::KeyFailed)?;
        let envelope = Envelope {
            payload,
            protected,
            signature: BASE64URL.encode(fixed),
        };
        let file = serde_json::to_vec_pretty(&envelope).map_err(ListError::Envelope)?;
        if file.len() > MAX_TRUST_LIST_BYTES {
            return Err(ListError::TooLarge {
                limit: MAX_TRUST_LIST_BYTES,
            });
        }
        Ok(file)
    }

    /// What the list says.
    pub fn content(&self) -> &TrustListContent {
        &self.content
    }

    /// The listed authorities.
    pub fn authorities(&self) -> &[Authority] {
        &self.content.authorities
    }

    /// What to keep so that an older list is refused from now on.
    pub fn seen(&self) -> SeenList {
        SeenList {
            sequence: self.content.sequence,
            digest: self.digest,
        }
    }

    /// Whether the list is to be relied on at an instant.
    pub fn freshness(&self, at: Timestamp) -> Freshness {
        if at < self.content.issued_at {
            Freshness::NotYet
        } else if at >= self.content.next_update {
            Freshness::Stale
        } else {
            Freshness::Fresh
        }
    }

    /// DER of all anchors of all authorities, whatever their status.
    pub fn anchors(&self) -> impl Iterator<Item = &[u8]> {
        self.authorities()
            .iter()
            .flat_map(|authority| authority.anchors.iter().map(|der| &*der.0))
    }

    /// Authorities known by an anchor, given by the SHA-256 of its DER.
    pub fn by_anchor(&self, fingerprint: &[u8; 32]) -> impl Iterator<Item = &Authority> {
        self.known_by(&self.by_anchor, fingerprint)
    }

    /// Authorities whose seals are made under a root, given by the SHA-256 of its DER.
    pub fn by_seal_maker(&self, fingerprint: &[u8; 32]) -> impl Iterator<Item = &Authority> {
        self.known_by(&self.by_seal_maker, fingerprint)
    }

    fn known_by<'l>(
        &'l self,
        index: &'l ByFingerprint,
        fingerprint: &[u8; 32],
    ) -> impl Iterator<Item = &'l Authority> + use<'l> {
        let found = index.get(fingerprint).into_iter().flatten();
        found.filter_map(|at| self.authorities().get(*at))
    }

    /// DER of the roots of all seal makers.
    pub fn seal_maker_anchors(&self) -> impl Iterator<Item = &[u8]> {
        self.authorities()
            .iter()
            .flat_map(|authority| authority.seal_makers.iter().map(|der| &*der.0))
    }

    /// Token signer certificates under a key id, each with its authority. Key ids are short, so there
    /// can be several; all have to be tried.
    pub fn token_signers(&self, kid: [u8; KID_LEN]) -> impl Iterator<Item = (&Authority, &[u8])> {
        self.token_signers
            .get(&kid)
            .into_iter()
            .flatten()
            .filter_map(|&(authority, signer)| {
                let authority = self.content.authorities.get(authority)?;
                Some((authority, &*authority.token_signers.get(signer)?.0))
            })
    }

    fn index(content: TrustListContent, payload: &[u8]) -> Result<TrustList, ListError> {
        content.check()?;
        let mut token_signers: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let (mut by_anchor, mut by_seal_maker) = (ByFingerprint::new(), ByFingerprint::new());
        for (at, authority) in content.authorities.iter().enumerate() {
            for (ders, index) in [
                (&authority.anchors, &mut by_anchor),
                (&authority.seal_makers, &mut by_seal_maker),
            ] {
                for der in ders {
                    index.entry(sha256(&der.0)).or_default().insert(at);
                }
            }
            for (position, der) in authority.token_signers.iter().enumerate() {
                token_signers
                    .entry(kid_of(&der.0))
                    .or_default()
                    .push((at, position));
            }
        }
        Ok(TrustList {
            content,
            digest: sha256(payload),
            token_signers,
            by_anchor,
            by_seal_maker,
        })
    }
}

/// Whether a list is to be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Issued, and its successor is not due.
    Fresh,
    /// Its successor was due: there may be a newer one.
    Stale,
    /// Its date of issue lies in the future: one of the two clocks is wrong.
    NotYet,
}

/// The newest list a verifier has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenList {
    /// Its sequence number.
    pub sequence: u64,
    /// SHA-256 of its content.
    #[serde(with = "hex::serde")]
    pub digest: [u8; 32],
}

/// Why a trust list was not accepted or not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// The signature does not fit content and list key.
    #[error("信任列表签名无效，可能被改动 (the trust list's signature does not verify)")]
    BadSignature,
    /// A part of the envelope is not base64url without padding.
    #[error("信任列表的 {part} 不是 base64url (not base64url)")]
    Base64 {
        /// Which part.
        part: &'static str,
    },
    /// The content is not JSON of the known shape.
    #[error("信任列表内容不可读 (the trust list's content cannot be read)")]
    Content(#[source] serde_json::Error),
    /// Two different lists bear the same number.
    #[error("另一份信任列表也是第 {sequence} 号，内容不同 (two different trust lists bear this number)")]
    Contradicted {
        /// The number.
        sequence: u64,
    },
    /// The file is not a JWS in flattened JSON form.
    #[error("不是信任列表文件，或已损坏 (the trust list is not a flattened JWS)")]
    Envelope(#[source] serde_json::Error),
    /// Another algorithm or type than the profile fixes.
    #[error("信任列表的算法或类型是 {alg}、{typ}，不受支持 (unsupported header)")]
    Header {
        /// Algorithm found.
        alg: String,
        /// Type found.
        typ: String,
    },
    /// An entry contradicts itself or another.
    #[error("信任列表条目 {entry} 有误 (trust list entry: {problem})")]
    Entry {
        /// Path of the entry, such as `authorities[3].region`.
        entry: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Signed by another key than the list key held here.
    #[error("信任列表由另一密钥签发 (the trust list is signed by another key)")]
    OtherKey,
    /// A newer list was seen before.
    #[error("信任列表是旧的第 {offered} 号，此前已见过第 {seen} 号 (older than a list seen before)")]
    RolledBack {
        /// Newest number seen.
        seen: u64,
        /// Number offered.
        offered: u64,
    },
    /// The list key could not sign.
    #[error("信任列表签发失败 (the trust list could not be signed)")]
    Signer(#[from] SignerError),
    /// Larger than a list can be.
    #[error("信任列表超过 {limit} 字节 (the trust list is too large)")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// The list key is not an ECDSA P-256 key.
    #[error("信任列表密钥不是 ECDSA P-256 密钥 (not an ECDSA P-256 key)")]
    UnsuitableKey,
}

/// RFC 7515 §7.2.2; the unprotected header has no use here and is refused.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    payload: String,
    protected: String,
    signature: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    kid: String,
    typ: String,
}

/// The uncompressed point of a P-256 SubjectPublicKeyInfo.
fn public_point(key: &[u8]) -> Option<Vec<u8>> {
    let info = SubjectPublicKeyInfoRef::from_der(key).ok()?;
    let (algorithm, curve) = info.algorithm.oids().ok()?;
    let on_p256 = algorithm == const_oid::db::rfc5912::ID_EC_PUBLIC_KEY
        && curve == Some(const_oid::db::rfc5912::SECP_256_R_1);
    on_p256.then(|| info.subject_public_key.raw_bytes().to_vec())
}

fn key_id(key: &[u8]) -> String {
    hex::encode(&sha256(key)[..KID_LEN])
}

const ALG: &str = "ES256";
const TYP: &str = "certseal-trust-list+json";

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]

    use jiff::civil::date;
    use ring::rand::{SecureRandom, SystemRandom};

    use super::*;
    use crate::{crypto::SigningIdentity, qr::token::tests::identity};

    pub(crate) fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    pub(crate) fn authority(id: &str, region: &str, root: &SigningIdentity) -> Authority {
        Authority {
            id: id.to_owned(),
            name: format!("{id}证照管理机构"),
            region: region.to_owned(),
            anchors: vec![Der(root.certificate.clone())],
            token_signers: vec![Der(root.certificate.clone())],
            withdrawn_token_signers: Vec::new(),
            seal_makers: vec![Der(root.certificate.clone())],
            issuers: Vec::new(),
            types: vec![TypeGrant {
                code: "11100000000013338W011".to_owned(),
                name: "食品经营许可证".to_owned(),
                regions: Vec::new(),
                from: date(2018, 1, 1),
                until: None,
            }],
            valid_from: at("2018-01-01T00:00:00Z"),
            valid_until: None,
            history: vec![StatusChange {
                status: AuthorityStatus::Granted,
                since: at("2018-01-01T00:00:00Z"),
                reason: String::new(),
            }],
        }
    }

    pub(crate) fn content(authorities: Vec<Authority>) -> TrustListContent {
        TrustListContent {
            schema: TrustListContent::SCHEMA.to_owned(),
            operator: "测试信任列表".to_owned(),
            sequence: 7,
            issued_at: at("2026-11-01T00:00:00Z"),
            next_update: at("2026-12-01T00:00:00Z"),
            authorities,
            agreements: Vec::new(),
        }
    }

    pub(crate) fn signed(content: &TrustListContent) -> TrustList {
        let key = identity("List key");
        let file = TrustList::sign(content, &*key.signer).unwrap();
        TrustList::open(&file, key.signer.public_key_info(), None).unwrap()
    }

    #[test]
    fn a_list_comes_back_as_signed() {
        let key = identity("List key");
        let root = identity("Root");
        let content = content(vec![authority("甲", "430000", &root)]);
        let file = TrustList::sign(&content, &*key.signer).unwrap();
        let list = TrustList::open(&file, key.signer.public_key_info(), None).unwrap();
        assert_eq!(list.content(), &content);
        assert_eq!(list.anchors().count(), 1);
        assert_eq!(list.seal_maker_anchors().count(), 1);
        assert_eq!(list.by_anchor(&sha256(&root.certificate)).count(), 1);
        assert_eq!(list.by_anchor(&[0; 32]).count(), 0);
        let (found, der) = list.token_signers(kid_of(&root.certificate)).next().unwrap();
        assert_eq!((found.id.as_str(), der), ("甲", &*root.certificate));
        assert_eq!(list.token_signers([0; 8]).count(), 0);
        assert_eq!(list.freshness(at("2026-11-20T00:00:00Z")), Freshness::Fresh);
        assert_eq!(list.freshness(at("2026-12-01T00:00:00Z")), Freshness::Stale);
        assert_eq!(list.freshness(at("2026-10-01T00:00:00Z")), Freshness::NotYet);
    }

    #[test]
    fn no_byte_of_the_signed_parts_can_be_changed() {
        let key = identity("List key");
        let root = identity("Root");
        let content = content(vec![authority("甲", "430000", &root)]);
        let file = TrustList::sign(&content, &*key.signer).unwrap();
        for position in 0..file.len() {
            let mut other = file.clone();
            other[position] ^= 1;
            let opened = TrustList::open(&other, key.signer.public_key_info(), None);
            // White space around the three members says nothing.
            let Ok(list) = opened else { continue };
            assert_eq!(list.content(), &content, "byte {position}");
        }
        for cut in (0..file.len()).step_by(97) {
            assert!(TrustList::open(&file[..cut], key.signer.public_key_info(), None).is_err());
        }
        let other = identity("Another list key");
        let refused = TrustList::open(&file, other.signer.public_key_info(), None);
        assert!(matches!(refused, Err(ListError::OtherKey)));
    }

    #[test]
    fn older_and_contradicting_lists_are_refused() {
        let key = identity("List key");
        let root = identity("Root");
        let make = |sequence, operator: &str| {
            let content = TrustListContent {
                sequence,
                operator: operator.to_owned(),
                ..content(vec![authority("甲", "430000", &root)])
            };
            TrustList::sign(&content, &*key.signer).unwrap()
        };
        let open = |file: &[u8], last| TrustList::open(file, key.signer.public_key_info(), last);
        let seen = open(&make(7, "a"), None).unwrap().seen();
        assert!(open(&make(7, "a"), Some(seen)).is_ok());
        assert!(open(&make(8, "a"), Some(seen)).is_ok());
        let older = open(&make(6, "a"), Some(seen));
        assert!(matches!(
            older,
            Err(ListError::RolledBack { seen: 7, offered: 6 })
        ));
        let twin = open(&make(7, "b"), Some(seen));
        assert!(matches!(twin, Err(ListError::Contradicted { sequence: 7 })));
    }

    #[test]
    fn contradictory_entries_are_not_signed() {
        let key = identity("List key");
        let root = identity("Root");
        let one = authority("甲", "430000", &root);
        let problem = |change: &dyn Fn(&mut TrustListContent)| {
            let mut content = content(vec![one.clone()]);
            change(&mut content);
            match TrustList::sign(&content, &*key.signer) {
                Err(ListError::Entry { entry, .. }) => entry,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(problem(&|c| c.schema = "certseal-trust-list/2".into()), "schema");
        assert_eq!(problem(&|c| c.next_update = c.issued_at), "next-update");
        assert_eq!(problem(&|c| c.authorities.push(one.clone())), "authorities[1].id");
        assert_eq!(
            problem(&|c| c.authorities[0].region = "43".into()),
            "authorities[0].region"
        );
        assert_eq!(
            problem(&|c| c.authorities[0].anchors.clear()),
            "authorities[0].anchors"
        );
        assert_eq!(
            problem(&|c| c.authorities[0].anchors = vec![Der(vec![0x30, 0].into())]),
            "authorities[0].anchors"
        );
        assert_eq!(
            problem(&|c| c.authorities[0].history.clear()),
            "authorities[0].history"
        );
        assert_eq!(
            problem(&|c| {
                let again = c.authorities[0].history[0].clone();
                c.authorities[0].history.push(again);
            }),
            "authorities[0].history"
        );
        assert_eq!(
            problem(&|c| c.authorities[0].types[0].code = "X".into()),
            "authorities[0].types"
        );
        assert_eq!(
            problem(&|c| c.authorities[0].types[0].regions = vec!["410000".into()]),
            "authorities[0].types"
        );
    }

    #[test]
    fn envelopes_are_strict() {
        let key = identity("List key");
        let open = |file: &[u8]| TrustList::open(file, key.signer.public_key_info(), None);
        let encode = |text: &str| BASE64URL.encode(text);
        let kid = key_id(key.signer.public_key_info());
        let none = encode(&format!(r#"{{"alg":"none","kid":"{kid}","typ":"{TYP}"}}"#));
        let with_crit = encode(&format!(
            r#"{{"alg":"ES256","kid":"{kid}","typ":"{TYP}","crit":["b64"]}}"#
        ));
        let file = |protected: &str, more: &str| {
            format!(r#"{{"payload":"e30","protected":"{protected}","signature":""{more}}}"#)
        };
        assert!(matches!(
            open(file(&none, "").as_bytes()),
            Err(ListError::Header { .. })
        ));
        assert!(matches!(
            open(file(&with_crit, "").as_bytes()),
            Err(ListError::Envelope(_))
        ));
        let twice = file(&none, r#","payload":"e30""#);
        assert!(matches!(open(twice.as_bytes()), Err(ListError::Envelope(_))));
        let extra = file(&none, r#","header":{}"#);
        assert!(matches!(open(extra.as_bytes()), Err(ListError::Envelope(_))));
        let random = SystemRandom::new();
        for len in 0..300 {
            let mut noise = vec![0; len];
            random.fill(&mut noise).unwrap();
            assert!(open(&noise).is_err());
        }
        let deep = "[".repeat(100_000);
        assert!(open(deep.as_bytes()).is_err());
    }

    #[test]
    fn regions_lie_in_regions() {
        assert!(covers("410000", "410102"));
        assert!(covers("410100", "410102"));
        assert!(covers("410102", "410102"));
        assert!(!covers("410200", "410102"));
        assert!(!covers("430000", "410102"));
        assert!(!covers("000000", "410102"));
        assert!(!covers("", "410102"));
        assert!(!covers("41", "410102"));
    }

    #[test]
    fn standing_follows_history_and_validity() {
        let root = identity("Root");
        let mut one = authority("甲", "430000", &root);
        one.history.push(StatusChange {
            status: AuthorityStatus::Withdrawn,
            since: at("2026-06-01T00:00:00Z"),
            reason: "撤并".to_owned(),
        });
        assert_eq!(one.status_at(at("2017-01-01T00:00:00Z")), None);
        assert_eq!(
            one.status_at(at("2020-01-01T00:00:00Z")),
            Some(AuthorityStatus::Granted)
        );
        assert_eq!(
            one.status_at(at("2026-06-01T00:00:00Z")),
            Some(AuthorityStatus::Withdrawn)
        );
        one.valid_until = Some(at("2026-07-01T00:00:00Z"));
        assert_eq!(one.status_at(at("2026-07-01T00:00:00Z")), None);
        let code = "11100000000013338W011";
        assert!(one.grant(code, "430102", date(2020, 1, 1)).is_some());
        assert!(one.grant(code, "410102", date(2020, 1, 1)).is_none());
        assert!(one.grant(code, "430102", date(2017, 12, 31)).is_none());
        assert!(
            one.grant("11100000000013338W012", "430102", date(2020, 1, 1))
                .is_none()
        );
        one.types[0].code = ANY_TYPE.to_owned();
        assert!(
            one.grant("11100000000013338W012", "430102", date(2020, 1, 1))
                .is_some()
        );
    }

    #[test]
    fn named_issuers_shut_out_all_others() {
        let root = identity("Root");
        let mut one = authority("甲", "430000", &root);
        assert!(one.vouches_for("11430102006122244L"));
        assert!(!one.vouches_for("11370000006122244L"));
        one.issuers = vec!["11430000006122244L".to_owned()];
        assert!(one.vouches_for("11430000006122244L"));
        assert!(!one.vouches_for("11430100006122244L"));
        let key = identity("List key");
        one.issuers = vec!["11430000006122244".to_owned()];
        assert!(matches!(
            TrustList::sign(&content(vec![one]), &*key.signer),
            Err(ListError::Entry { entry, .. }) if entry == "authorities[0].issuers"
        ));
    }
}
