//! Certificate policies (RFC 5280 §6.1.2 to §6.1.5), as the graph of RFC 9618, which grows with the
//! certificates and not with the product of their mappings.
//!
//! A level has the policies that hold down to a certificate, in the words of that certificate's domain, each with
//! the policies of the level above that it came from. Qualifiers are not looked at.

use std::collections::{BTreeMap, BTreeSet};

use const_oid::{AssociatedOid as _, ObjectIdentifier};
use der::{Decode, DecodeValue, FixedTag, Header, Reader, Sequence, Tag};
use x509_cert::{
    Certificate,
    ext::pkix::{CertificatePolicies, InhibitAnyPolicy, PolicyConstraints, PolicyMappings},
};

use super::{PathError, extension_bytes};
use crate::crypto::AnyOid;

/// anyPolicy.
const ANY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.32.0");

/// Policies, each with those above that it came from; none came from "any".
type Level = BTreeMap<AnyOid, BTreeSet<AnyOid>>;

/// One policy, its qualifiers passed over.
struct Policy(AnyOid);

impl FixedTag for Policy {
    const TAG: Tag = Tag::Sequence;
}

impl<'a> DecodeValue<'a> for Policy {
    type Error = der::Error;

    fn decode_value<R: Reader<'a>>(reader: &mut R, _: Header) -> der::Result<Self> {
        let policy = AnyOid::decode(reader)?;
        reader.read_slice(reader.remaining_len())?;
        Ok(Self(policy))
    }
}

/// What a policy is called below.
#[derive(Sequence)]
struct Mapping {
    issuer_domain_policy: AnyOid,
    subject_domain_policy: AnyOid,
}

/// What stands in an extension, nothing where there is none.
fn list_in<'a, T>(certificate: &'a Certificate, oid: ObjectIdentifier) -> Result<Vec<T>, der::Error>
where
    T: DecodeValue<'a, Error = der::Error> + FixedTag + 'a,
{
    let found = extension_bytes(certificate, oid);
    found.map_or_else(
        || Ok(Vec::new()),
        |found| Vec::from_der(found.extn_value.as_bytes()),
    )
}

/// The state of validation, from the anchor down.
#[derive(Debug)]
pub(super) struct Policies {
    levels: Vec<Level>,
    /// Whether any policy holds down to here.
    any: bool,
    explicit: usize,
    mapping: usize,
    any_allowed: usize,
}

impl Policies {
    /// Before the first of `length` certificates; `demanded` if the verifier wants some policy.
    pub(super) fn new(length: usize, demanded: bool) -> Self {
        Self {
            levels: vec![Level::new()],
            any: true,
            explicit: if demanded { 0 } else { length + 1 },
            mapping: length + 1,
            any_allowed: length + 1,
        }
    }

    /// Takes in one certificate; `is_last` for the one at the end of the path.
    pub(super) fn step(&mut self, certificate: &Certificate, is_last: bool) -> Result<(), PathError> {
        let tbs = certificate.tbs_certificate();
        let malformed = |error: der::Error| PathError::Malformed(format!("policies: {error}"));
        let self_issued = tbs.subject() == tbs.issuer();

        // 1. What the certificate was issued under (§6.1.3 (d) to (f)).
        let own = list_in::<Policy>(certificate, CertificatePolicies::OID).map_err(malformed)?;
        let own: BTreeSet<AnyOid> = own.into_iter().map(|Policy(policy)| policy).collect();
        let any_allowed = self.any_allowed > 0 || (!is_last && self_issued);
        let any_here = any_allowed && own.iter().any(|policy| *policy == ANY);
        let level = self.current();
        if !any_here {
            level.retain(|policy, _| own.contains(policy));
        }
        if self.any {
            for policy in own.iter().filter(|policy| **policy != ANY) {
                self.current().entry(policy.clone()).or_default();
            }
        }
        self.any &= any_here;
        if self.explicit == 0 && !self.any && self.current().is_empty() {
            return Err(PathError::Policies);
        }
        let constraints = tbs.get_extension::<PolicyConstraints>().map_err(malformed)?;
        let constraints = constraints.map(|(_, constraints)| constraints);
        let explicit = constraints
            .as_ref()
            .and_then(|found| found.require_explicit_policy);
        if is_last {
            // §6.1.5 (a) and (b).
            self.explicit = self.explicit.saturating_sub(1);
            if explicit == Some(0) {
                self.explicit = 0;
            }
            return Ok(());
        }

        // 2. What becomes of it below (§6.1.4 (a), (b), (h) to (j)).
        self.map(list_in(certificate, PolicyMappings::OID).map_err(malformed)?)?;
        if !self_issued {
            for count in [&mut self.explicit, &mut self.mapping, &mut self.any_allowed] {
                *count = count.saturating_sub(1);
            }
        }
        let at_most = |count: &mut usize, given: Option<u32>| {
            *count = (*count).min(given.map_or(usize::MAX, |given| given as usize));
        };
        at_most(&mut self.explicit, explicit);
        at_most(
            &mut self.mapping,
            constraints.and_then(|found| found.inhibit_policy_mapping),
        );
        let inhibit = tbs.get_extension::<InhibitAnyPolicy>().map_err(malformed)?;
        at_most(&mut self.any_allowed, inhibit.map(|(_, inhibit)| inhibit.0));
        Ok(())
    }

    /// Whether the path holds under one of the demanded policies, or any where none is (§6.1.5 (g)).
    pub(super) fn finish(mut self, demanded: &[AnyOid]) -> Result<(), PathError> {
        let last = self.levels.pop().unwrap_or_default();
        if self.explicit > 0 || self.any {
            return Ok(());
        }
        // The policies in the words of the anchor's domain: up from the last level to where each came from "any".
        let mut roots = BTreeSet::new();
        let mut reached: BTreeSet<AnyOid> = last.keys().cloned().collect();
        for level in [last].iter().chain(self.levels.iter().rev()) {
            let mut above = BTreeSet::new();
            for (policy, from) in level.iter().filter(|(policy, _)| reached.contains(*policy)) {
                if from.is_empty() {
                    roots.insert(policy.clone());
                } else {
                    above.extend(from.iter().cloned());
                }
            }
            reached = above;
        }
        let fits = match demanded {
            [] => !roots.is_empty(),
            _ => {
                demanded.iter().any(|policy| *policy == ANY)
                    || demanded.iter().any(|policy| roots.contains(policy))
            }
        };
        fits.then_some(()).ok_or(PathError::Policies)
    }

    fn current(&mut self) -> &mut Level {
        if self.levels.is_empty() {
            self.levels.push(Level::new());
        }
        let last = self.levels.len() - 1;
        &mut self.levels[last]
    }

    /// Begins the next level, in the words of the next domain.
    fn map(&mut self, mappings: Vec<Mapping>) -> Result<(), PathError> {
        let mut renamed: BTreeMap<AnyOid, BTreeSet<AnyOid>> = BTreeMap::new();
        for mapping in mappings {
            if mapping.issuer_domain_policy == ANY || mapping.subject_domain_policy == ANY {
                return Err(PathError::Policies);
            }
            renamed
                .entry(mapping.issuer_domain_policy)
                .or_default()
                .insert(mapping.subject_domain_policy);
        }
        let (any, may_map) = (self.any, self.mapping > 0);
        let level = self.current();
        if may_map && any {
            for policy in renamed.keys() {
                level.entry(policy.clone()).or_default();
            }
        }
        let mut next = Level::new();
        for policy in level.keys() {
            match renamed.get(policy) {
                None => _ = next.entry(policy.clone()).or_default().insert(policy.clone()),
                Some(to) if may_map => {
                    for to in to {
                        next.entry(to.clone()).or_default().insert(policy.clone());
                    }
                }
                Some(_) => {}
            }
        }
        self.levels.push(next);
        Ok(())
    }
}
