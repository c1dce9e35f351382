//! By when the signatures of a file are proven to have existed, and what in the file is as old.
//!
//! Three things prove it: the registry's entry, which names the file by its digest; a timestamp over the
//! document, which covers every signature before it; a timestamp over one signature value, inside that
//! signature. The earliest counts (best-signature-time, ETSI EN 319 102-1 §5.5.4).
//!
//! Whoever proves something is judged himself, from the outside in: the last document timestamp as things
//! stand now, each one before it at the time that those behind it prove (§5.6.2). What proves the age of a
//! signature proves the age of nothing else; certificates and revocation data made with an algorithm that is
//! not believed any more, or by an issuer that was revoked or has expired since, have to lie before a document
//! timestamp, or in the registry's document, of a time when it was in office (§5.6.2, §5.6.3).

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use der::{Decode as _, asn1::SequenceRef};
use jiff::Timestamp;

use super::{
    checks, code,
    material::Material,
    report::{Finding, Outcome, ProvenBy},
    signer,
};
use crate::{
    crypto::sha256,
    document::pdf::open::{EvidenceKind, OpenedPdf, StoredEvidence},
    limits::{MAX_PDF_EVIDENCE, MAX_PDF_EVIDENCE_BYTES},
    sign::{cms::CmsEvidence, timestamp::TimeStampToken},
    trust::{
        existence::Existence,
        path::{Certificates, Offered, PathContext, PathError, Usage, VerifiedPath, validate},
        revocation::{
            RevocationError, Revocations,
            crl::Crl,
            ocsp::{OcspError, OcspResponse},
        },
        timestamp::{ProvenTime, TimestampRefused, TimestampTrust, prove},
        work::{BYTES, Work, reading},
    },
};

/// Something that proves that bytes existed by a time.
#[derive(Debug, Clone)]
pub(super) struct Proof {
    pub(super) at: Timestamp,
    pub(super) by: ProvenBy,
    /// It proves everything in the file that ends before this place; 0 for one over a signature value.
    pub(super) covers: usize,
    /// Whose timestamp it is.
    pub(super) authority: Option<Authority>,
}

/// Who made a timestamp.
#[derive(Debug, Clone)]
pub(super) struct Authority {
    /// DER of its certificate.
    pub(super) certificate: Vec<u8>,
    /// The instant at which its path was judged.
    pub(super) judged_at: Timestamp,
}

/// The proofs about places of a file, in no order.
#[derive(Debug, Default)]
pub(super) struct Proofs(Vec<Proof>);

impl Proofs {
    /// Those over what ends at a place.
    pub(super) fn over(&self, place: usize) -> impl Iterator<Item = &Proof> {
        self.0.iter().filter(move |proof| place < proof.covers)
    }

    /// The earliest of them.
    pub(super) fn earliest(&self, place: usize) -> Option<&Proof> {
        self.over(place).min_by_key(|proof| proof.at)
    }
}

/// The certificates and revocation data in a file, each piece with the first place at which it ends.
#[derive(Debug, Default)]
pub(super) struct FileEvidence {
    certificates: Vec<(usize, Arc<Offered>)>,
    revocations: Vec<(usize, Revocations)>,
    /// The work of taking it apart.
    work: usize,
    /// How many lists and answers cannot be used.
    unread: usize,
    /// Whether one of them may accuse somebody, for whoever can read it.
    may_accuse: bool,
    /// Whether the file holds more than is looked at.
    is_partial: bool,
    /// SHA-256 of each piece and its place, found when they are first asked for.
    places: OnceLock<Vec<([u8; 32], usize)>>,
}

/// Certificates of the file, and revocation data, to judge by.
#[derive(Debug, Default)]
struct AtHand {
    certificates: Certificates,
    revocations: Revocations,
    /// Whether the operator's revocation data left no room for all of the file's.
    is_partial: bool,
}

impl FileEvidence {
    /// Gathers what came with the signatures, each with the place at which its covered bytes end, and what
    /// the document security store holds. What cannot be used is left out: it speaks for nothing.
    pub(super) fn gather(
        opened: &OpenedPdf<'_>,
        of_signatures: impl IntoIterator<Item = (usize, CmsEvidence)>,
    ) -> Self {
        let stored = opened.stored_evidence();
        Self::put_together(stored.pieces, stored.is_partial, of_signatures)
    }

    /// The same of a file that has no store: what came with its signatures.
    pub(super) fn of_signatures(evidence: impl IntoIterator<Item = (usize, CmsEvidence)>) -> Self {
        Self::put_together(Vec::new(), false, evidence)
    }

    fn put_together(
        stored: Vec<StoredEvidence>,
        is_partial: bool,
        of_signatures: impl IntoIterator<Item = (usize, CmsEvidence)>,
    ) -> Self {
        let mut pieces: BTreeMap<(EvidenceKind, Vec<u8>), (usize, usize)> = BTreeMap::new();
        let mut keep = |kind: EvidenceKind, der: Vec<u8>, place: usize| {
            let order = pieces.len();
            let known = pieces.entry((kind, der)).or_insert((place, order));
            known.0 = known.0.min(place);
        };
        for (place, evidence) in of_signatures {
            for (kind, ders) in [
                (EvidenceKind::Certificate, evidence.certificates),
                (EvidenceKind::Crl, evidence.crls),
                (EvidenceKind::Ocsp, evidence.ocsps),
            ] {
                for der in ders {
                    keep(kind, der, place);
                }
            }
        }
        let mut found = Self {
            is_partial,
            ..Self::default()
        };
        for piece in stored {
            keep(piece.kind, piece.der, piece.end);
        }
        let mut pieces: Vec<_> = pieces.into_iter().collect();
        pieces.sort_by_key(|(_, (_, order))| *order);
        let mut left = MAX_PDF_EVIDENCE_BYTES;
        // The store is read to the same limits, and may hold more where it reaches them.
        found.is_partial |= pieces.len() >= MAX_PDF_EVIDENCE;
        for ((kind, der), (place, _)) in pieces.into_iter().take(MAX_PDF_EVIDENCE) {
            let Some(rest) = left.checked_sub(der.len()) else {
                found.is_partial = true;
                continue;
            };
            left = rest;
            let mut one = Revocations::default();
            let read = match kind {
                EvidenceKind::Certificate => {
                    found.work += reading(der.len());
                    found
                        .certificates
                        .extend(Offered::of(&der).map(|one| (place, one)));
                    continue;
                }
                EvidenceKind::Crl => {
                    found.work += der.len() / BYTES;
                    one.add_crl(&der)
                }
                EvidenceKind::Ocsp => {
                    found.work += reading(der.len());
                    one.add_ocsp(&der)
                }
            };
            match read {
                Ok(()) => found.revocations.push((place, one)),
                Err(error) => {
                    found.unread += 1;
                    found.may_accuse |= may_accuse(&error, &der);
                }
            }
        }
        found.is_partial |= left == 0;
        found
    }

    /// What ends before a place, and the operator's revocation data besides.
    fn before(&self, place: usize, material: Option<&Material>) -> AtHand {
        let certificates = self.certificates.iter().filter(|(end, _)| *end < place);
        let mut at_hand = AtHand {
            certificates: certificates.map(|(_, one)| Arc::clone(one)).collect(),
            revocations: material
                .map_or_else(Revocations::default, |material| material.revocations().clone()),
            is_partial: false,
        };
        for (_, one) in self.revocations.iter().filter(|(end, _)| *end < place) {
            at_hand.is_partial |= at_hand.revocations.extend(one).is_err();
        }
        at_hand
    }

    /// SHA-256 of each piece, and its place.
    fn places(&self) -> &[([u8; 32], usize)] {
        self.places.get_or_init(|| {
            let certificates = self.certificates.iter();
            let certificates = certificates.map(|(place, one)| (sha256(one.der()), *place));
            let revocations = self.revocations.iter().flat_map(|(place, one)| {
                let lists = one.crls().map(Crl::der);
                let answers = one.responses().map(OcspResponse::der);
                lists.chain(answers).map(|der| (sha256(der), *place))
            });
            certificates.chain(revocations).collect()
        })
    }

    /// The work of gathering that once.
    fn pieces(&self) -> usize {
        1 + (self.certificates.len() + self.revocations.len()) / 16
    }

    fn has_revocations(&self) -> bool {
        !self.revocations.is_empty()
    }
}

/// What signatures of one file are judged by.
#[derive(Debug)]
pub(super) struct Basis<'a> {
    pub(super) material: &'a Material,
    pub(super) now: Timestamp,
    pub(super) proofs: Proofs,
    /// What the proofs come to for the pieces of the file.
    existence: Existence,
    evidence: &'a FileEvidence,
    at_hand: AtHand,
    /// What is left for all signatures of the file.
    work: Work,
}

impl<'a> Basis<'a> {
    pub(super) fn new(material: &'a Material, now: Timestamp, evidence: &'a FileEvidence) -> Self {
        let work = Work::default();
        _ = work.spend(evidence.work);
        Self {
            at_hand: evidence.before(usize::MAX, Some(material)),
            work,
            material,
            now,
            proofs: Proofs::default(),
            existence: Existence::default(),
            evidence,
        }
    }

    /// Takes in a proof. It can make a time earlier than the present, never later.
    pub(super) fn prove_by(&mut self, proof: Proof) {
        let at = proof.at.min(self.now);
        for (digest, place) in self.evidence.places() {
            if *place < proof.covers {
                self.existence.prove(*digest, at);
            }
        }
        self.proofs.0.push(Proof { at, ..proof });
    }

    /// The path of a signer, at an instant.
    pub(super) fn path(
        &self,
        certificate: &[u8],
        usage: Usage,
        at: Timestamp,
    ) -> Result<VerifiedPath, PathError> {
        let context = self.context(&self.at_hand, usage, at, self.now);
        // What came with the signature is likelier to belong to it.
        let offered = [&self.at_hand.certificates, self.material.intermediates()];
        validate(certificate, &offered, &context)
    }

    /// The path of a maker of national seals, at an instant.
    pub(super) fn maker_path(&self, certificate: &[u8], at: Timestamp) -> Result<VerifiedPath, PathError> {
        let context = PathContext {
            anchors: self.material.national_makers(),
            policies: &[],
            ..self.context(&self.at_hand, Usage::Document, at, self.now)
        };
        let offered = [&self.at_hand.certificates, self.material.intermediates()];
        validate(certificate, &offered, &context)
    }

    /// The time that a token proves for bytes of this digest; it existed at `at` by proof, or exists now.
    pub(super) fn prove(
        &self,
        token: &TimeStampToken,
        digest: &[u8],
        at: Timestamp,
    ) -> Result<ProvenTime, TimestampRefused> {
        let trust = TimestampTrust {
            anchors: self.anchors(Usage::Timestamp),
            intermediates: &[&self.at_hand.certificates, self.material.intermediates()],
            revocations: &self.at_hand.revocations,
            policy: self.material.policy(),
            at,
            policy_at: self.now,
            now: self.now,
            existence: &self.existence,
            work: &self.work,
        };
        prove(token, digest, &trust)
    }

    /// Whether the part of the file before a place holds everything that the path of a certificate, good
    /// already, needs at an instant.
    pub(super) fn is_self_contained(
        &self,
        certificate: &[u8],
        usage: Usage,
        at: Timestamp,
        place: usize,
    ) -> bool {
        if !self.evidence.has_revocations() || self.work.spend(self.evidence.pieces()).is_err() {
            return false;
        }
        let at_hand = self.evidence.before(place, None);
        let context = self.context(&at_hand, usage, at, at);
        validate(certificate, &[&at_hand.certificates], &context)
            .is_ok_and(|path| path.undecided().next().is_none())
    }

    /// Says of a signature that is not decided for want of certificates or revocation data that the file may hold what
    /// is wanting, where it holds more than is looked at, or than there is room for; and of one whose certificate is not
    /// revoked by what was looked at, that the rest may say otherwise.
    pub(super) fn lacking(&self, findings: &[Finding]) -> Option<Finding> {
        let is_wanting = |finding: &Finding| {
            let of_path = [checks::SIGNER_PATH.name, checks::REVOCATION.name].contains(&finding.check);
            of_path && finding.outcome == Outcome::Undecided
        };
        // What was not looked at may accuse.
        let is_acquittal = |finding: &Finding| {
            finding.check == checks::REVOCATION.name && finding.outcome == Outcome::Passed
        };
        let is_said = |finding: &Finding| finding.code == code::TOO_MUCH_TO_CHECK.as_str();
        let is_lacking = (self.evidence.is_partial || self.at_hand.is_partial)
            && findings.iter().any(|one| is_wanting(one) || is_acquittal(one))
            && !findings.iter().any(is_said);
        if is_lacking {
            return Some(signer::too_much(
                "the file holds more certificates and revocation data than are looked at beside what is at hand"
                    .to_owned(),
            ));
        }
        (self.evidence.may_accuse && findings.iter().any(is_acquittal)).then(signer::unread)
    }

    /// Says beside what is found about revocation how many lists and answers of the file were left out of it: one
    /// that cannot be read may have accused.
    pub(super) fn remark_unread(&self, findings: &mut [Finding]) {
        let unread = self.evidence.unread;
        let mut of_revocation = findings
            .iter_mut()
            .filter(|finding| finding.check == checks::REVOCATION.name);
        if let Some(finding) = of_revocation.next().filter(|_| unread > 0) {
            let (zh, en) = (&finding.message, &finding.message_en);
            finding.message = format!("{zh}；文件所带的吊销信息有 {unread} 份不可用，未予采信");
            finding.message_en = format!(
                "{en}; {unread} of the lists and answers in the file cannot be used and were left out"
            );
        }
    }

    fn anchors(&self, usage: Usage) -> &Certificates {
        match usage {
            Usage::Timestamp => self.material.timestamp_anchors(),
            _ => self.material.anchors(),
        }
    }

    fn context<'c>(
        &'c self,
        at_hand: &'c AtHand,
        usage: Usage,
        at: Timestamp,
        policy_at: Timestamp,
    ) -> PathContext<'c> {
        PathContext {
            anchors: self.anchors(usage),
            revocations: &at_hand.revocations,
            at,
            usage,
            policy: self.material.policy(),
            policies: match usage {
                Usage::Document => self.material.policies(),
                _ => &[],
            },
            policy_at,
            now: self.now,
            existence: &self.existence,
            work: &self.work,
        }
    }
}

/// Whether a piece that cannot be used is whole, and so may name a certificate as revoked, in a way unknown here. What is
/// no DER at all, or no answer, accuses nobody.
fn may_accuse(error: &RevocationError, der: &[u8]) -> bool {
    let is_answer = !matches!(error, RevocationError::Ocsp(OcspError::NoAnswer(_)));
    is_answer && <&SequenceRef>::from_der(der).is_ok_and(|content| !content.as_bytes().is_empty())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use jiff::SignedDuration;

    use super::{
        super::{TrustMaterial, indication::SubIndication},
        *,
    };
    use crate::{
        crypto::authority::tests::TestAuthority, document::pdf::open::open, limits::MAX_REVOCATIONS,
    };

    #[test]
    fn what_is_wanting_may_be_what_was_not_looked_at() {
        let file = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n\
                     2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\nendobj\n\
                     xref\n0 3\n0000000000 65535 f \n0000000009 00000 n \n0000000058 00000 n \n\
                     trailer\n<< /Size 3 /Root 1 0 R >>\nstartxref\n110\n%%EOF\n";
        let opened = open(file).unwrap();
        let nothing = Material::new(TrustMaterial::default()).unwrap();
        let wanting = Finding::undecided(
            &checks::REVOCATION,
            code::NO_REVOCATION_LIST,
            SubIndication::TryLater,
            "",
            "",
        );
        let said_beside = |material: &Material, evidence: CmsEvidence, findings: &[Finding]| {
            let evidence = FileEvidence::gather(&opened, [(0, evidence)]);
            let basis = Basis::new(material, Timestamp::now(), &evidence);
            basis.lacking(findings).map(|finding| finding.code)
        };
        let said = |certificates: Vec<Vec<u8>>, findings: &[Finding]| {
            let evidence = CmsEvidence {
                certificates,
                ..CmsEvidence::default()
            };
            said_beside(&nothing, evidence, findings)
        };
        let few = || vec![vec![1], vec![2]];
        let many = || {
            (0..MAX_PDF_EVIDENCE)
                .map(|one| one.to_be_bytes().to_vec())
                .collect()
        };
        let large = || vec![vec![1; MAX_PDF_EVIDENCE_BYTES], vec![2]];
        let wanting = [wanting];
        assert_eq!(said(few(), &wanting), None);
        assert_eq!(said(many(), &wanting), Some("TOO_MUCH_TO_CHECK"));
        assert_eq!(said(large(), &wanting), Some("TOO_MUCH_TO_CHECK"));
        // Who found what he needed lacks nothing, but what was not looked at may accuse.
        assert_eq!(said(many(), &[]), None);
        let acquitted = [Finding::passed(&checks::REVOCATION, "", "")];
        assert_eq!(said(few(), &acquitted), None);
        assert_eq!(said(many(), &acquitted), Some("TOO_MUCH_TO_CHECK"));
        // So may a list that nobody here can read; what is no list may not.
        for (crl, wanted) in [
            (b"\x30\x02\x05\x00".to_vec(), Some("REVOCATION_UNREAD")),
            (vec![1], None),
        ] {
            let evidence = CmsEvidence {
                crls: vec![crl],
                ..CmsEvidence::default()
            };
            assert_eq!(said_beside(&nothing, evidence, &acquitted), wanted);
        }

        // What cannot be read is counted.
        let unread = CmsEvidence {
            crls: vec![vec![1]],
            ocsps: vec![vec![2]],
            ..CmsEvidence::default()
        };
        let unread = FileEvidence::gather(&opened, [(0, unread)]);
        let mut findings = wanting.clone();
        Basis::new(&nothing, Timestamp::now(), &unread).remark_unread(&mut findings);
        assert!(findings[0].message_en.contains("2 of the lists and answers"));

        // Lists of the operator that leave room for one of the file's, or for none.
        let from = Timestamp::now();
        let list = TestAuthority::new()
            .root
            .revocation_list(1, from, from + SignedDuration::from_hours(1), &[])
            .unwrap();
        let evidence = || CmsEvidence {
            crls: vec![list.clone()],
            ..CmsEvidence::default()
        };
        let beside = |lists: usize| {
            let mut revocations = Revocations::default();
            (0..lists).for_each(|_| revocations.add_crl(&list).unwrap());
            let material = TrustMaterial {
                revocations,
                ..TrustMaterial::default()
            };
            said_beside(&Material::new(material).unwrap(), evidence(), &wanting)
        };
        assert_eq!(beside(MAX_REVOCATIONS - 1), None);
        assert_eq!(beside(MAX_REVOCATIONS), Some("TOO_MUCH_TO_CHECK"));
    }
}
