//! Name constraints (RFC 5280 §4.2.1.10): which names the certificates below an authority may bear.
//!
//! Directory names, mailboxes, hosts, addresses and URIs are compared. A constraint on a name of another form
//! refuses every certificate that has a name of that form: it cannot be said to be kept (§4.2.1.10).

use const_oid::ObjectIdentifier;
use der::{Encode as _, asn1::Ia5String};
use x509_cert::{
    Certificate,
    ext::pkix::{NameConstraints, SubjectAltName, constraints::name::GeneralSubtree, name::GeneralName},
};

use super::PathError;
use crate::{
    crypto::x509,
    trust::work::{BYTES, Spent, Work},
};

/// emailAddress, in subjects.
const EMAIL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.1");
/// id-on-SmtpUTF8Mailbox: a mailbox in other letters, which constraints on mailboxes bind too (RFC 9598 §6).
const UTF8_MAILBOX: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.8.9");

/// What is permitted and excluded so far, from the anchor down.
#[derive(Debug)]
pub(super) struct Constraints<'a> {
    /// Of each authority that permits: a name must be permitted by all of them.
    permitted: Vec<Vec<Compared>>,
    excluded: Vec<Compared>,
    work: &'a Work,
}

/// A name, or the base of a subtree, made ready to be compared with many.
#[derive(Debug)]
struct Compared {
    name: GeneralName,
    /// The parts of a directory name, canonical.
    parts: Vec<Vec<u8>>,
}

impl From<GeneralName> for Compared {
    fn from(name: GeneralName) -> Self {
        let parts = match &name {
            GeneralName::DirectoryName(name) => x509::canonical(name),
            _ => Vec::new(),
        };
        Self { name, parts }
    }
}

/// A name that cannot be told to be inside or outside.
struct Unclear;

impl<'a> Constraints<'a> {
    /// Nothing permitted or excluded by anybody.
    pub(super) fn new(work: &'a Work) -> Self {
        Self {
            permitted: Vec::new(),
            excluded: Vec::new(),
            work,
        }
    }

    /// Takes in the constraints that an authority's certificate has (§6.1.4 (g)).
    pub(super) fn add(&mut self, authority: &Certificate) -> Result<(), PathError> {
        let malformed = |why: &str| Err(PathError::Malformed(format!("name constraints: {why}")));
        let found = match authority.tbs_certificate().get_extension::<NameConstraints>() {
            Ok(Some((_, found))) => found,
            Ok(None) => return Ok(()),
            Err(error) => return malformed(&error.to_string()),
        };
        let (permitted, excluded) = (found.permitted_subtrees, found.excluded_subtrees);
        let all = || permitted.iter().chain(&excluded).flatten();
        if all().next().is_none() {
            return malformed("empty");
        }
        if all().any(|subtree| subtree.minimum != 0 || subtree.maximum.is_some()) {
            return malformed("a minimum or maximum");
        }
        let compared = |subtrees: Vec<GeneralSubtree>| -> Vec<Compared> {
            subtrees.into_iter().map(|subtree| subtree.base.into()).collect()
        };
        self.permitted.extend(permitted.map(compared));
        self.excluded.extend(excluded.into_iter().flat_map(compared));
        Ok(())
    }

    /// Checks every name of a certificate (§6.1.3 (b) and (c)).
    pub(super) fn check(&self, certificate: &Certificate) -> Result<(), PathError> {
        if self.permitted.is_empty() && self.excluded.is_empty() {
            return Ok(());
        }
        for name in names_of(certificate)? {
            let comparisons = self.permitted.iter().map(Vec::len).sum::<usize>() + self.excluded.len();
            let length = name.encoded_len().and_then(usize::try_from).unwrap_or(usize::MAX);
            let units = comparisons.saturating_mul(1 + length / BYTES);
            self.work.spend(units).map_err(|Spent| PathError::TooMuch)?;
            self.check_name(&name.into())
                .map_err(|Unclear| PathError::NameConstraints)?;
        }
        Ok(())
    }

    fn check_name(&self, name: &Compared) -> Result<(), Unclear> {
        for layer in &self.permitted {
            let mut of_its_form = layer.iter().filter(|base| same_form(base, name)).peekable();
            if of_its_form.peek().is_none() {
                continue;
            }
            let mut inside = false;
            for base in of_its_form {
                inside |= contains(base, name, Side::Permitted)?;
            }
            if !inside {
                return Err(Unclear);
            }
        }
        for base in self.excluded.iter().filter(|base| same_form(base, name)) {
            if contains(base, name, Side::Excluded)? {
                return Err(Unclear);
            }
        }
        Ok(())
    }
}

/// The subject, the alternative names, and the mailboxes in the subject: people read them there, so that they are
/// bound beside alternative names as well, where §4.2.1.10 would let them pass.
fn names_of(certificate: &Certificate) -> Result<Vec<GeneralName>, PathError> {
    let tbs = certificate.tbs_certificate();
    let alternative = tbs.get_extension::<SubjectAltName>();
    let alternative = alternative.map_err(|error| PathError::Malformed(error.to_string()))?;
    let mut names = alternative.map(|(_, names)| names.0).unwrap_or_default();
    let subject = tbs.subject();
    if !subject.is_empty() {
        names.push(GeneralName::DirectoryName(subject.clone()));
    }
    for attribute in subject.iter().filter(|attribute| attribute.oid == EMAIL) {
        let text = x509::text_of(&attribute.value).and_then(|text| Ia5String::new(&text).ok());
        let malformed = || PathError::Malformed("a mailbox in a subject".to_owned());
        names.push(GeneralName::Rfc822Name(text.ok_or_else(malformed)?));
    }
    Ok(names)
}

fn same_form(base: &Compared, name: &Compared) -> bool {
    match (&base.name, &name.name) {
        (GeneralName::OtherName(base), GeneralName::OtherName(name)) => base.type_id == name.type_id,
        (GeneralName::Rfc822Name(_), GeneralName::OtherName(name)) => name.type_id == UTF8_MAILBOX,
        (base, name) => std::mem::discriminant(base) == std::mem::discriminant(name),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Permitted,
    Excluded,
}

/// Whether a subtree contains a name of its form.
fn contains(base: &Compared, name: &Compared, side: Side) -> Result<bool, Unclear> {
    match (&base.name, &name.name) {
        (GeneralName::DirectoryName(_), GeneralName::DirectoryName(_)) => {
            Ok(name.parts.starts_with(&base.parts))
        }
        (GeneralName::Rfc822Name(base), GeneralName::Rfc822Name(name)) => {
            mailbox_within(base.as_ref(), name.as_ref())
        }
        (GeneralName::DnsName(base), GeneralName::DnsName(name)) => {
            host_within(base.as_ref(), name.as_ref(), side)
        }
        (GeneralName::UniformResourceIdentifier(base), GeneralName::UniformResourceIdentifier(name)) => {
            let host = host_of(name.as_ref()).ok_or(Unclear)?;
            within(base.as_ref(), host)
        }
        (GeneralName::IpAddress(base), GeneralName::IpAddress(name)) => {
            address_within(base.as_bytes(), name.as_bytes())
        }
        _ => Err(Unclear),
    }
}

/// A mailbox, all mailboxes of a host, or with a leading dot those of all hosts below it.
fn mailbox_within(base: &str, name: &str) -> Result<bool, Unclear> {
    let (local, host) = name.rsplit_once('@').ok_or(Unclear)?;
    // What stands before the host may hold another @ only in quotes (RFC 5321 §4.1.2).
    let quoted = local.len() > 1 && local.starts_with('"') && local.ends_with('"');
    if local.is_empty() || (local.contains('@') && !quoted) || !is_host(host) {
        return Err(Unclear);
    }
    match base.rsplit_once('@') {
        Some((base_local, base_host)) => Ok(base_local == local && base_host.eq_ignore_ascii_case(host)),
        None => within(base, host),
    }
}

/// A host itself, or with a leading dot every host below it.
fn within(base: &str, host: &str) -> Result<bool, Unclear> {
    let (parent, below) = match base.strip_prefix('.') {
        Some(parent) => (parent, true),
        None => (base, false),
    };
    if !is_host(parent) || !is_host(host) {
        return Err(Unclear);
    }
    Ok(if below {
        is_below(parent, host)
    } else {
        parent.eq_ignore_ascii_case(host)
    })
}

/// A host and every host below it. A name with a wildcard stands for many: it is excluded when one of them is.
fn host_within(base: &str, name: &str, side: Side) -> Result<bool, Unclear> {
    let (name, wildcard) = match name.strip_prefix("*.") {
        Some(parent) => (parent, true),
        None => (name, false),
    };
    if !is_host(name) || !(base.is_empty() || is_host(base)) {
        return Err(Unclear);
    }
    let inside = base.is_empty() || base.eq_ignore_ascii_case(name) || is_below(base, name);
    Ok(inside || (wildcard && side == Side::Excluded && is_below(name, base)))
}

fn is_below(parent: &str, host: &str) -> bool {
    let start = host.len().checked_sub(parent.len() + 1);
    start
        .and_then(|start| host.get(start..))
        .and_then(|end| end.strip_prefix('.'))
        .is_some_and(|end| end.eq_ignore_ascii_case(parent))
}

fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// The host of a URI, if it has a name for one.
fn host_of(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?.split(':').next()?;
    let is_address = host.parse::<std::net::Ipv4Addr>().is_ok();
    (is_host(host) && !is_address).then_some(host)
}

fn address_within(base: &[u8], name: &[u8]) -> Result<bool, Unclear> {
    if !matches!(name.len(), 4 | 16) || !matches!(base.len(), 8 | 32) {
        return Err(Unclear);
    }
    let (network, mask) = base.split_at(base.len() / 2);
    let ones = mask.iter().map(|byte| byte.leading_ones()).sum::<u32>();
    let bits: u32 = mask.iter().map(|byte| byte.count_ones()).sum();
    let contiguous = mask
        .iter()
        .scan(false, |ended, byte| {
            let good = !(*ended && *byte != 0);
            *ended |= *byte != 0xff;
            Some(good)
        })
        .all(|good| good);
    if ones != bits || !contiguous {
        return Err(Unclear);
    }
    let mut octets = network.iter().zip(mask).zip(name);
    Ok(network.len() == name.len() && octets.all(|((network, mask), name)| network & mask == name & mask))
}
