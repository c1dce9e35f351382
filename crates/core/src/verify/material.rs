//! What a verifier believes before it sees anything: anchors, lists, seals, keys.

use std::{collections::HashSet, fmt, sync::Arc};

use crate::{
    crypto::{
        AlgorithmPolicy, AnyOid,
        x509::{self, X509Error},
    },
    seal::{SealError, SignedSeal},
    trust::{list::TrustList, path::Certificates, revocation::Revocations},
};

/// Everything a verification rests on. What is left out leads to INDETERMINATE, never to a refusal.
#[derive(Debug, Clone, Default)]
pub struct TrustMaterial {
    /// DER of the X.509 roots of document signers, besides those of the trust list.
    pub anchors: Vec<Vec<u8>>,
    /// DER of CA certificates that documents may have left out.
    pub intermediates: Vec<Vec<u8>>,
    /// Revocation data at hand.
    pub revocations: Revocations,
    /// DER of the roots of timestamp authorities; without any, [`anchors`](Self::anchors) vouch for time as well.
    /// Those of the trust list never do: to issue certificates is no leave to tell the time.
    pub timestamp_anchors: Vec<Vec<u8>>,
    /// Certificate policies under one of which the paths of document signers must hold; any will do without one.
    pub policies: Vec<AnyOid>,
    /// DER of the roots of seal makers, besides those of the trust list. Without any, [`anchors`](Self::anchors) vouch for
    /// the makers of national seals as well: outside our own house one root often stands above both.
    pub seal_makers: Vec<Vec<u8>>,
    /// Seals as their makers made them, besides what the registry gives.
    pub seals: Vec<Vec<u8>>,
    /// DER of certificates that sign face tokens, besides those of the trust list.
    pub token_signers: Vec<Vec<u8>>,
    /// The trust list.
    pub list: Option<Arc<TrustList>>,
    /// Until when algorithms are believed.
    pub policy: AlgorithmPolicy,
}

/// Why material cannot be used: our own files are at fault, not what is verified.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MaterialError {
    /// One of the certificates is none.
    #[error("信任材料中第 {number} 张{part}不是 X.509 证书 ({part} number {number} is no X.509 certificate)")]
    Certificate {
        /// Which list.
        part: Part,
        /// Counted from one.
        number: usize,
        /// What is wrong.
        source: X509Error,
    },
    /// One of the seals is none.
    #[error("信任材料中第 {number} 枚印章不可用 (seal number {number} cannot be used)")]
    Seal {
        /// Counted from one.
        number: usize,
        /// What is wrong.
        source: SealError,
    },
}

/// A list of certificates in [`TrustMaterial`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// Roots of document signers.
    Anchors,
    /// CA certificates in between.
    Intermediates,
    /// Roots of seal makers.
    SealMakers,
    /// Roots of timestamp authorities.
    TimestampAnchors,
    /// Certificates that sign face tokens.
    TokenSigners,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Anchors => "根证书",
            Self::Intermediates => "中间证书",
            Self::SealMakers => "制章者根证书",
            Self::TimestampAnchors => "时间戳根证书",
            Self::TokenSigners => "二维码签名证书",
        })
    }
}

/// Checked material, ready for use.
#[derive(Debug, Clone)]
pub(super) struct Material {
    given: TrustMaterial,
    anchors: Certificates,
    intermediates: Certificates,
    timestamp_anchors: Certificates,
    seal_makers: Certificates,
    national_makers: Certificates,
    /// SHA-256 of the roots that are trusted whatever the list says: of document signers, and of seal makers.
    own_anchors: HashSet<[u8; 32]>,
    own_seal_makers: HashSet<[u8; 32]>,
    own_national_makers: HashSet<[u8; 32]>,
    pub(super) seals: Vec<SignedSeal>,
}

impl Material {
    pub(super) fn new(given: TrustMaterial) -> Result<Self, MaterialError> {
        for (part, ders) in [
            (Part::Anchors, &given.anchors),
            (Part::Intermediates, &given.intermediates),
            (Part::TimestampAnchors, &given.timestamp_anchors),
            (Part::SealMakers, &given.seal_makers),
            (Part::TokenSigners, &given.token_signers),
        ] {
            for (index, der) in ders.iter().enumerate() {
                x509::parse(der).map_err(|source| MaterialError::Certificate {
                    part,
                    number: index + 1,
                    source,
                })?;
            }
        }
        let seals = given
            .seals
            .iter()
            .enumerate()
            .map(|(index, bytes)| {
                SignedSeal::parse(bytes).map_err(|source| MaterialError::Seal {
                    number: index + 1,
                    source,
                })
            })
            .collect::<Result<_, _>>()?;
        let with_listed = |own: &[Vec<u8>], listed: Vec<&[u8]>| {
            Certificates::of(own.iter().map(Vec::as_slice).chain(listed))
        };
        let list = || given.list.iter();
        let anchors = list().flat_map(|list| list.anchors()).collect();
        let seal_makers: Vec<&[u8]> = list().flat_map(|list| list.seal_maker_anchors()).collect();
        let own_makers = match &given.seal_makers[..] {
            [] => &given.anchors,
            own => own,
        };
        let timestamps = match &given.timestamp_anchors[..] {
            [] => &given.anchors,
            own => own,
        };
        let fingerprints = |ders: &[Vec<u8>]| ders.iter().map(|der| x509::fingerprint(der)).collect();
        Ok(Self {
            own_anchors: fingerprints(&given.anchors),
            own_seal_makers: fingerprints(&given.seal_makers),
            anchors: with_listed(&given.anchors, anchors),
            intermediates: Certificates::of(&given.intermediates),
            timestamp_anchors: Certificates::of(timestamps),
            national_makers: with_listed(own_makers, seal_makers.clone()),
            own_national_makers: fingerprints(own_makers),
            seal_makers: with_listed(&given.seal_makers, seal_makers),
            given,
            seals,
        })
    }

    pub(super) fn list(&self) -> Option<&TrustList> {
        self.given.list.as_deref()
    }

    pub(super) fn policy(&self) -> &AlgorithmPolicy {
        &self.given.policy
    }

    pub(super) fn intermediates(&self) -> &Certificates {
        &self.intermediates
    }

    pub(super) fn policies(&self) -> &[AnyOid] {
        &self.given.policies
    }

    pub(super) fn revocations(&self) -> &Revocations {
        &self.given.revocations
    }

    /// Roots of document signers, ours and the list's.
    pub(super) fn anchors(&self) -> &Certificates {
        &self.anchors
    }

    /// Roots of timestamp authorities.
    pub(super) fn timestamp_anchors(&self) -> &Certificates {
        &self.timestamp_anchors
    }

    /// Whether we trust this root ourselves, whatever the list says of it.
    pub(super) fn is_own_anchor(&self, fingerprint: &[u8; 32]) -> bool {
        self.own_anchors.contains(fingerprint)
    }

    /// Roots of seal makers, ours and the list's.
    pub(super) fn seal_makers(&self) -> &Certificates {
        &self.seal_makers
    }

    /// Roots of makers of national seals.
    pub(super) fn national_makers(&self) -> &Certificates {
        &self.national_makers
    }

    /// The same as [`Self::may_make_seals_for`], of national seals.
    pub(super) fn may_make_national_seals_for(&self, anchor: &[u8; 32], owner_code: &str) -> bool {
        self.own_national_makers.contains(anchor) || self.may_make_seals_for(anchor, owner_code)
    }

    /// DER of the certificates at hand that a signature may have been made with which holds none.
    pub(super) fn certificates_at_hand(&self) -> impl Iterator<Item = &[u8]> {
        let given = self.given.intermediates.iter().chain(&self.given.anchors);
        given.map(Vec::as_slice)
    }

    /// Whether a root of seal makers speaks for an owner: one we trust ourselves for everybody, a listed one
    /// for the departments its authority vouches for.
    pub(super) fn may_make_seals_for(&self, anchor: &[u8; 32], owner_code: &str) -> bool {
        self.own_seal_makers.contains(anchor)
            || self
                .list()
                .into_iter()
                .flat_map(|list| list.by_seal_maker(anchor))
                .any(|authority| authority.vouches_for(owner_code))
    }

    /// Our own certificates that sign face tokens.
    pub(super) fn token_signers(&self) -> &[Vec<u8>] {
        &self.given.token_signers
    }
}
