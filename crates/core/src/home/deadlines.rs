//! What ends, and when: X.509 certificates, revocation lists, the trust list, seals.
//!
//! Nothing here stops by itself when one of them is overdue; verdicts elsewhere turn INDETERMINATE. So
//! somebody has to be told before.

use std::collections::BTreeMap;

use jiff::{Span, Timestamp};
use serde::Serialize;

use super::{
    Home, HomeError, PkiError,
    authorities::{AUTHORITIES, generation},
    files::files,
    founding::later,
    renewal::{LEAF_YEARS, duty},
};
use crate::{
    crypto::{
        identity::read_chain,
        x509::{self, fingerprint},
    },
    issue::document_signer,
    seal::{SealKind, SignedSeal},
    trust::revocation::crl::Crl,
};

/// What it is that ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeadlineKind {
    /// The certificate of a key in use. An authority's is due while what it issues can still have its full
    /// term.
    Certificate,
    /// The revocation list of an authority of ours, or, under the name of its file, of another's.
    RevocationList,
    /// Our newest seal of a kind.
    Seal,
    /// The trust list.
    TrustList,
}

/// Something that is to be renewed by a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deadline {
    /// What it is.
    pub kind: DeadlineKind,
    /// Its name.
    pub name: String,
    /// By when.
    pub at: Timestamp,
}

impl Home {
    /// Everything that is to be renewed, the most pressing first. What is missing was due at once.
    pub fn deadlines(&self, now: Timestamp) -> Result<Vec<Deadline>, HomeError> {
        let mut found = self.certificate_deadlines()?;
        found.extend(self.list_deadlines(now)?);
        found.extend(self.seal_deadlines()?);
        found.push(Deadline {
            kind: DeadlineKind::TrustList,
            name: "trust-list".to_owned(),
            at: self.trust_list(None)?.content().next_update,
        });
        found.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| a.name.cmp(&b.name)));
        Ok(found)
    }

    /// Keys in use; those kept from before a renewal are done.
    fn certificate_deadlines(&self) -> Result<Vec<Deadline>, HomeError> {
        let mut found = Vec::new();
        for key in self.keys()? {
            let at = match generation(&key.name) {
                Some((kind, _)) if self.present(kind)? == key.name => {
                    later(key.not_after, Span::new().years(-LEAF_YEARS))?
                }
                None if duty(self.config(), &key.name).is_some() => key.not_after,
                _ => continue,
            };
            found.push(Deadline {
                kind: DeadlineKind::Certificate,
                name: key.name,
                at,
            });
        }
        Ok(found)
    }

    fn list_deadlines(&self, now: Timestamp) -> Result<Vec<Deadline>, HomeError> {
        let next_update = |der: &[u8]| Crl::parse(der).ok().and_then(|list| list.next_update());
        let mut found = Vec::new();
        let mut add = |name: String, at| {
            found.push(Deadline {
                kind: DeadlineKind::RevocationList,
                name,
                at,
            });
        };
        for kind in AUTHORITIES {
            for name in self.generations(kind)? {
                let own = x509::parse(&self.authority_certificate(&name)?).map_err(PkiError::from)?;
                if x509::validity(&own).1 < now {
                    continue;
                }
                let list = std::fs::read(self.pki_path().join(format!("{name}.crl"))).unwrap_or_default();
                add(name, next_update(&list).unwrap_or(now));
            }
        }
        for (name, list) in files(&self.path().join("trust/crls"), "crl")? {
            add(name, next_update(&list).unwrap_or(now));
        }
        Ok(found)
    }

    /// For each department and kind, the seal that lasts longest of those that permit its signer. Whether
    /// one of them was destroyed only the registry knows.
    fn seal_deadlines(&self) -> Result<Vec<Deadline>, HomeError> {
        let mut last: BTreeMap<(String, &'static str), Deadline> = BTreeMap::new();
        let mut signers = Vec::new();
        for department in &self.config().departments {
            let chain = self
                .keys_path()
                .join(format!("{}.pem", document_signer(&department.key)));
            signers.extend(read_chain(&chain)?.first().map(|leaf| fingerprint(leaf)));
        }
        for (_, bytes) in files(&self.pki_path(), "seal")? {
            let Ok(signed) = SignedSeal::parse(&bytes) else {
                continue;
            };
            let seal = signed.unverified();
            if !seal.signers().iter().any(|signer| signers.contains(signer)) {
                continue;
            }
            let deadline = Deadline {
                kind: DeadlineKind::Seal,
                name: seal.code().to_string(),
                at: seal.not_after(),
            };
            let of = (seal.owner_code().to_string(), SealKind::key(seal.kind()));
            if last.get(&of).is_none_or(|known| known.at < deadline.at) {
                last.insert(of, deadline);
            }
        }
        Ok(last.into_values().collect())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs;

    use tempfile::TempDir;

    use super::*;
    use crate::home::{CA, ROOT, SEAL_ROOT, renewal::tests::home};

    #[test]
    fn what_ends_is_told_before_it_does() {
        let folder = TempDir::new().unwrap();
        let home = home(&folder);
        let now = Timestamp::now();
        let deadlines = home.deadlines(now).unwrap();
        let days = |kind, name: &str| {
            let found = deadlines
                .iter()
                .find(|d| d.kind == kind && d.name == name)
                .unwrap();
            (found.at.as_second() - now.as_second()) / 86_400
        };
        assert!((29..=30).contains(&days(DeadlineKind::RevocationList, CA)));
        assert!((364..=365).contains(&days(DeadlineKind::RevocationList, ROOT)));
        assert!((89..=90).contains(&days(DeadlineKind::TrustList, "trust-list")));
        assert!((1_090..=1_096).contains(&days(DeadlineKind::Certificate, "signer-jy")));
        // Ten years less the three of a signer certificate.
        assert!((2_550..=2_558).contains(&days(DeadlineKind::Certificate, CA)));
        let seals = deadlines.iter().filter(|d| d.kind == DeadlineKind::Seal).count();
        assert_eq!(seals, 2 * home.config().departments.len());
        assert!(deadlines.is_sorted_by_key(|d| d.at));

        fs::remove_file(home.pki_path().join(format!("{SEAL_ROOT}.crl"))).unwrap();
        let first = home.deadlines(now).unwrap().remove(0);
        assert_eq!((first.name.as_str(), first.at), (SEAL_ROOT, now));
    }
}
