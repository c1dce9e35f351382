//! The search for a path: depth first, the likelier issuer first. Each pair of certificates is checked once, however many
//! paths it is on, so that loops, copies and cross certificates cost steps and no signatures; and all of it is
//! [`Work`](crate::trust::work::Work).

use std::collections::BTreeSet;

use super::{
    Found, PathContext, PathError, VerifiedPath,
    certificates::{Certificates, Node, Offered},
};
use crate::{
    crypto::Used,
    limits::MAX_PATH_LENGTH,
    trust::{revocation::RevocationStatus, wanted::Notes},
};

/// The best path; where none is good, the fault of the best.
pub(super) fn best(
    leaf: &[u8],
    offered: &[&Certificates],
    context: &PathContext<'_>,
) -> Result<VerifiedPath, PathError> {
    let leaf = Offered::of(leaf)?;
    let leaf = leaf.node()?;
    let mut search = Search {
        context,
        offered,
        undecided: None,
        refused: PathError::UnknownIssuer,
    };
    let found = match search.extend(&mut vec![leaf], &mut Vec::new()) {
        // What was not looked at may say the contrary.
        _ if context.work.is_spent() => Err(PathError::TooMuch),
        Step::Done(path) => Ok(path),
        Step::Next | Step::Stop => search.undecided.take().ok_or(search.refused),
    };
    if let Some(notes) = context.revocations.notes() {
        note(notes, &found, leaf, offered);
    }
    found
}

/// Notes what was missing.
fn note(notes: &Notes, found: &Result<VerifiedPath, PathError>, leaf: &Node, offered: &[&Certificates]) {
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
                let mut issuers = offered.iter().flat_map(|some| some.of_subject(&last.issuer));
                match issuers.next() {
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
    offered: &'a [&'a Certificates],
    /// A good path with certificates of unknown revocation.
    undecided: Option<VerifiedPath>,
    refused: PathError,
}

enum Step {
    Done(VerifiedPath),
    Next,
    /// There is nothing to be found any more.
    Stop,
}

impl<'a> Search<'a> {
    fn extend<'n>(&mut self, path: &mut Vec<&'n Node>, signatures: &mut Vec<Used>) -> Step
    where
        'a: 'n,
    {
        let Some(&last) = path.last() else {
            return Step::Next;
        };
        let context = self.context;
        let anchors = self.likeliest(&[context.anchors], last);
        let offered = self.likeliest(self.offered, last);
        if context
            .work
            .spend(1 + (anchors.len() + offered.len()) / NODES)
            .is_err()
        {
            return Step::Stop;
        }
        for anchor in anchors {
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
        for issuer in offered {
            // An anchor's own certificate leads nowhere else; another one of its key and name may.
            let mut anchors = context.anchors.of_subject(&issuer.subject);
            let is_anchor = anchors.any(|anchor| anchor.der == issuer.der);
            if is_anchor || path.iter().any(|other| other.is_same_entity(issuer)) {
                continue;
            }
            if path.len() > MAX_PATH_LENGTH {
                self.refuse(PathError::PathTooLong);
                return Step::Next;
            }
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

    fn judge(&mut self, path: &[&Node], anchor: &Node, signatures: &[Used]) -> Step {
        let found = Found {
            nodes: path,
            anchor,
            signatures,
            at_hand: self.offered,
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
    fn signed_by(&mut self, certificate: &Node, issuer: &Node) -> Option<Used> {
        let signed = issuer
            .raw()
            .and_then(|issuer| certificate.signed_by(issuer.public_key_info, self.context.work));
        signed.map_err(|error| self.refuse(error)).ok()
    }

    /// Keeps the fault that is nearest to success; of equals the first, which is the likelier path's.
    fn refuse(&mut self, error: PathError) {
        if nearness(&error) > nearness(&self.refused) {
            self.refused = error;
        }
    }

    /// Those of the issuer's name, each once, the likeliest first.
    fn likeliest(&self, among: &[&'a Certificates], below: &Node) -> Vec<&'a Node> {
        let named = among.iter().flat_map(|some| some.of_subject(&below.issuer));
        let mut seen = BTreeSet::new();
        let mut found: Vec<&Node> = named.filter(|node| seen.insert(&node.digest)).collect();
        found.sort_by_key(|node| node.unlikeliness(below, self.context.at));
        found
    }
}

fn nearness(error: &PathError) -> u8 {
    match error {
        PathError::UnknownIssuer => 0,
        PathError::BadSignature => 1,
        PathError::UnsupportedAlgorithm(_) => 2,
        // In the order of the questions asked of a path that reached an anchor.
        PathError::Expired { .. } | PathError::NotYetValid { .. } => 4,
        PathError::WrongUsage { .. } => 5,
        PathError::WeakAlgorithm { .. } => 6,
        PathError::Revoked { .. } => 7,
        _ => 3,
    }
}

/// Certificates that are looked at in a unit of work.
const NODES: usize = 16;
