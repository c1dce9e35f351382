//! The search for a path: depth first, the likelier issuer first, and bounded in every direction. Each pair of
//! certificates is checked once, however many paths it is on, so that loops, copies and cross certificates cost
//! steps and no signatures.

use std::{collections::BTreeMap, ops::Deref, sync::Arc};

use der::referenced::OwnedToRef as _;
use jiff::Timestamp;
use x509_cert::{
    Certificate, Version,
    ext::pkix::{AuthorityKeyIdentifier, SubjectKeyIdentifier},
};

use super::{Found, PathContext, PathError, VerifiedPath};
use crate::{
    crypto::{
        SignatureAlgorithm, Used, VerifyError, verify_shared,
        x509::{self, RawParts},
    },
    limits::{MAX_PATH_LENGTH, MAX_PATH_SIGNATURES, MAX_PATH_STEPS, MAX_PATHS},
    recent::Recent,
    trust::{revocation::RevocationStatus, wanted::Notes},
};

/// A certificate, taken apart once.
pub(super) struct Node<'a> {
    pub(super) der: &'a [u8],
    pub(super) raw: RawParts<'a>,
    content: Arc<Content>,
}

/// What a certificate says.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) parsed: Arc<Certificate>,
    /// Its subject, for people.
    pub(super) name: String,
    /// Names as they are compared.
    pub(super) subject: Vec<Vec<u8>>,
    pub(super) issuer: Vec<Vec<u8>>,
    not_before: Timestamp,
    pub(super) not_after: Timestamp,
    key_id: Option<Vec<u8>>,
    issuer_key_id: Option<Vec<u8>>,
}

/// The same few CA certificates stand on nearly every path: what their bytes say is read once. Nothing is judged by
/// that; and a certificate is found by its own bytes, of which only so many are kept.
static READ: Recent<Box<[u8]>, Arc<Content>> = Recent::new(256);
/// Longest certificate that is kept: those of CAs take one or two kilobytes.
const LONGEST_KEPT: usize = 4_096;

impl Content {
    fn of(der: &[u8]) -> Result<Arc<Self>, PathError> {
        if let Some(known) = READ.get(der) {
            return Ok(known);
        }
        let content = Arc::new(Self::read(der)?);
        if der.len() <= LONGEST_KEPT {
            READ.keep(der.into(), Arc::clone(&content));
        }
        Ok(content)
    }

    fn read(der: &[u8]) -> Result<Self, PathError> {
        let parsed = x509::parse(der).map_err(|error| malformed(&error))?;
        let tbs = parsed.tbs_certificate();
        if tbs.signature() != parsed.signature_algorithm() {
            return Err(PathError::Malformed("two signature algorithms".to_owned()));
        }
        if tbs.version() != Version::V3 && tbs.extensions().is_some() {
            return Err(PathError::Malformed("extensions before version 3".to_owned()));
        }
        let (not_before, not_after) = x509::validity(&parsed);
        let key_id = tbs.get_extension::<SubjectKeyIdentifier>().ok().flatten();
        let issuer_key_id = tbs.get_extension::<AuthorityKeyIdentifier>().ok().flatten();
        let issuer_key_id = issuer_key_id.and_then(|(_, id)| id.key_identifier);
        Ok(Self {
            name: x509::subject_text(&parsed),
            subject: x509::canonical(tbs.subject()),
            issuer: x509::canonical(tbs.issuer()),
            not_before,
            not_after,
            key_id: key_id.map(|(_, id)| id.0.as_bytes().to_vec()),
            issuer_key_id: issuer_key_id.map(|id| id.as_bytes().to_vec()),
            parsed,
        })
    }
}

fn malformed(error: &x509::X509Error) -> PathError {
    PathError::Malformed(error.to_string())
}

impl Deref for Node<'_> {
    type Target = Content;

    fn deref(&self) -> &Content {
        &self.content
    }
}

impl<'a> Node<'a> {
    fn read(der: &'a [u8]) -> Result<Self, PathError> {
        Ok(Self {
            der,
            content: Content::of(der)?,
            raw: x509::raw(der).map_err(|error| malformed(&error))?,
        })
    }

    pub(super) fn check_dates(&self, at: Timestamp) -> Result<(), PathError> {
        // Certificates know whole seconds, and are valid through the last of them.
        if at.as_second() < self.not_before.as_second() {
            return Err(PathError::NotYetValid {
                certificate: self.name.clone(),
                not_before: self.not_before,
            });
        }
        if at.as_second() > self.not_after.as_second() {
            return Err(PathError::Expired {
                certificate: self.name.clone(),
                not_after: self.not_after,
            });
        }
        Ok(())
    }

    /// How unlikely it is that this one issued another, which names its issuer alike.
    fn unlikeliness(&self, below: &Self, at: Timestamp) -> u8 {
        let other_key = match (&below.issuer_key_id, &self.key_id) {
            (Some(wanted), Some(own)) => u8::from(wanted != own) * 2,
            _ => 1,
        };
        other_key * 2 + u8::from(self.check_dates(at).is_err())
    }

    fn is_same_entity(&self, other: &Self) -> bool {
        self.subject == other.subject && self.raw.public_key_info == other.raw.public_key_info
    }

    fn signed_by(&self, issuer: &Self) -> Result<Used, PathError> {
        let unsupported = |error: VerifyError| PathError::UnsupportedAlgorithm(error.to_string());
        let identifier = self.parsed.signature_algorithm().owned_to_ref();
        let algorithm = SignatureAlgorithm::from_identifier(&identifier, None).map_err(unsupported)?;
        let content = x509::to_be_signed(self.der).map_err(|error| malformed(&error))?;
        let value = self
            .parsed
            .signature()
            .as_bytes()
            .ok_or(PathError::BadSignature)?;
        let key = issuer.raw.public_key_info;
        verify_shared(key, algorithm, content, value).map_err(|error| match error {
            VerifyError::SignatureWrong => PathError::BadSignature,
            other => unsupported(other),
        })
    }
}

/// The best path; where none is good, the fault of the best.
pub(super) fn best(
    leaf: &[u8],
    intermediates: &[Vec<u8>],
    context: &PathContext<'_>,
) -> Result<VerifiedPath, PathError> {
    let leaf = Node::read(leaf)?;
    let anchors = context.anchors.iter().map(|der| Node::read(der));
    let anchors = anchors
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| PathError::Anchor(error.to_string()))?;
    // What was only offered may be anything.
    let mut offered: Vec<Node<'_>> = Vec::new();
    for der in intermediates {
        if der == leaf.der || offered.iter().any(|known| known.der == der) {
            continue;
        }
        offered.extend(Node::read(der).ok());
    }
    let mut search = Search {
        context,
        anchors: &anchors,
        offered: &offered,
        at_hand: intermediates,
        checked: BTreeMap::new(),
        steps: 0,
        paths: 0,
        undecided: None,
        refused: PathError::UnknownIssuer,
    };
    let found = match search.extend(&mut vec![&leaf], &mut Vec::new()) {
        Step::Done(path) => Ok(path),
        Step::Next | Step::Stop => search.undecided.take().ok_or(search.refused),
    };
    if let Some(notes) = context.revocations.notes() {
        note(notes, &found, &leaf, &offered);
    }
    found
}

/// Notes what was missing.
fn note(notes: &Notes, found: &Result<VerifiedPath, PathError>, leaf: &Node<'_>, offered: &[Node<'_>]) {
    match found {
        Ok(path) => {
            let ders = path.certificates().iter().map(|certificate| &certificate.der[..]);
            let issuers = ders.skip(1).chain([path.anchor()]);
            for (certificate, issuer) in path.certificates().iter().zip(issuers) {
                if matches!(certificate.revocation, RevocationStatus::Unknown(_)) {
                    notes.revocation(&certificate.der, issuer);
                }
            }
        }
        Err(PathError::UnknownIssuer | PathError::BadSignature) => {
            // The last on the way up whose issuer is at hand by name at least.
            let mut last = leaf;
            for _ in 0..MAX_PATH_LENGTH {
                match offered.iter().find(|node| node.subject == last.issuer) {
                    Some(issuer) if issuer.subject != issuer.issuer => last = issuer,
                    _ => break,
                }
            }
            notes.issuer(&last.parsed);
        }
        Err(_) => {}
    }
}

struct Search<'a> {
    context: &'a PathContext<'a>,
    anchors: &'a [Node<'a>],
    offered: &'a [Node<'a>],
    at_hand: &'a [Vec<u8>],
    /// By the places of the two certificates in memory, which do not move.
    checked: BTreeMap<(*const u8, *const u8), Result<Used, PathError>>,
    steps: usize,
    paths: usize,
    /// A good path with certificates of unknown revocation.
    undecided: Option<VerifiedPath>,
    refused: PathError,
}

enum Step {
    Done(VerifiedPath),
    Next,
    /// A bound is reached.
    Stop,
}

impl<'a> Search<'a> {
    fn extend(&mut self, path: &mut Vec<&'a Node<'a>>, signatures: &mut Vec<Used>) -> Step {
        let Some(&last) = path.last() else {
            return Step::Next;
        };
        let anchors = self.anchors;
        for anchor in likeliest(anchors, last, self.context.at) {
            if let Some(used) = self.signed_by(last, anchor) {
                signatures.push(used);
                let judged = self.judge(path, anchor, signatures);
                signatures.pop();
                match judged {
                    Step::Next => {}
                    end => return end,
                }
            }
        }
        let offered = self.offered;
        for issuer in likeliest(offered, last, self.context.at) {
            // An anchor's own certificate leads nowhere else; another one of its key and name may.
            let is_anchor = anchors.iter().any(|anchor| anchor.der == issuer.der);
            if is_anchor || path.iter().any(|other| other.is_same_entity(issuer)) {
                continue;
            }
            if path.len() > MAX_PATH_LENGTH || self.steps >= MAX_PATH_STEPS {
                self.refuse(PathError::PathTooLong);
                return if self.steps >= MAX_PATH_STEPS {
                    Step::Stop
                } else {
                    Step::Next
                };
            }
            self.steps += 1;
            let Some(used) = self.signed_by(last, issuer) else {
                continue;
            };
            path.push(issuer);
            signatures.push(used);
            let step = self.extend(path, signatures);
            path.pop();
            signatures.pop();
            match step {
                Step::Next => {}
                end => return end,
            }
        }
        Step::Next
    }

    fn judge(&mut self, path: &[&'a Node<'a>], anchor: &'a Node<'a>, signatures: &[Used]) -> Step {
        if self.paths >= MAX_PATHS {
            return Step::Stop;
        }
        self.paths += 1;
        let found = Found {
            nodes: path.to_vec(),
            anchor,
            signatures: signatures.to_vec(),
            at_hand: self.at_hand,
        };
        match found.judge(self.context) {
            Ok(good) if good.undecided().next().is_none() => return Step::Done(good),
            Ok(open) => _ = self.undecided.get_or_insert(open),
            // Its issuer revoked it: no other way to that issuer gives it back.
            Err(error @ PathError::Revoked { signer: true, .. }) => {
                self.undecided = None;
                self.refused = error;
                return Step::Stop;
            }
            Err(error) => self.refuse(error),
        }
        Step::Next
    }

    /// With what a certificate is signed by an issuer's key, if it is.
    fn signed_by(&mut self, certificate: &Node<'_>, issuer: &Node<'_>) -> Option<Used> {
        let pair = (certificate.der.as_ptr(), issuer.der.as_ptr());
        if !self.checked.contains_key(&pair) {
            let checked = if self.checked.len() < MAX_PATH_SIGNATURES {
                certificate.signed_by(issuer)
            } else {
                Err(PathError::PathTooLong)
            };
            self.checked.insert(pair, checked);
        }
        match self.checked.get(&pair)?.clone() {
            Ok(used) => Some(used),
            Err(error) => {
                self.refuse(error);
                None
            }
        }
    }

    /// Keeps the fault that is nearest to success; of equals the first, which is the likelier path's.
    fn refuse(&mut self, error: PathError) {
        if nearness(&error) > nearness(&self.refused) {
            self.refused = error;
        }
    }
}

/// Those of the issuer's name, the likeliest first.
fn likeliest<'a>(all: &'a [Node<'a>], below: &Node<'_>, at: Timestamp) -> Vec<&'a Node<'a>> {
    let mut found: Vec<&Node<'_>> = all.iter().filter(|node| node.subject == below.issuer).collect();
    found.sort_by_key(|node| node.unlikeliness(below, at));
    found
}

fn nearness(error: &PathError) -> u8 {
    match error {
        PathError::UnknownIssuer => 0,
        PathError::BadSignature => 1,
        PathError::UnsupportedAlgorithm(_) => 2,
        // In the order of the questions asked of a path that reached an anchor.
        PathError::WrongUsage { .. } => 4,
        PathError::WeakAlgorithm { .. } => 5,
        PathError::Revoked { .. } => 6,
        _ => 3,
    }
}
