//! Certificates that paths are looked for among, found by their subjects: each is taken apart when a path may lead over
//! it, once for all paths.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use der::referenced::OwnedToRef as _;
use jiff::Timestamp;
use x509_cert::{
    Certificate, Version,
    ext::pkix::{AuthorityKeyIdentifier, SubjectKeyIdentifier},
    name::Name,
};

use super::PathError;
use crate::{
    crypto::{
        SignatureAlgorithm, Used, VerifyError, sha256, sha256_of,
        x509::{self, RawParts},
    },
    recent::Recent,
    trust::work::{Signature, Spent, Work},
};

/// A name as it is compared.
pub(in crate::trust) type NameId = [u8; 32];

pub(in crate::trust) fn name_id(name: &Name) -> NameId {
    let parts = x509::canonical(name);
    let lengths: Vec<[u8; 8]> = parts
        .iter()
        .map(|part| (part.len() as u64).to_be_bytes())
        .collect();
    let all: Vec<&[u8]> = lengths
        .iter()
        .zip(&parts)
        .flat_map(|(length, part)| [&length[..], part])
        .collect();
    sha256_of(&all)
}

/// Certificates by their subjects, in the order given among those of one. Cheap to clone. What is none is left out: it
/// leads nowhere.
#[derive(Debug, Clone, Default)]
pub struct Certificates {
    by_subject: HashMap<NameId, Vec<Arc<Offered>>>,
    count: usize,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Offered {
    der: Arc<[u8]>,
    subject: NameId,
    node: OnceLock<Result<Node, PathError>>,
}

/// The same few certificates, of CAs and of an office's signers, stand on nearly every path: what their bytes say is read
/// once. Nothing is judged by that; and a certificate is found by its own bytes, of which only so many are kept.
static READ: Recent<Arc<[u8]>, Arc<Offered>> = Recent::new(256);
/// Longest certificate that is kept: those of CAs take one or two kilobytes.
const LONGEST_KEPT: usize = 4_096;

impl Offered {
    /// Of DER.
    pub(crate) fn of(der: &[u8]) -> Result<Arc<Self>, PathError> {
        if let Some(known) = READ.get(der) {
            return Ok(known);
        }
        let subject = x509::subject(der).map_err(|error| malformed(&error))?;
        let der: Arc<[u8]> = der.into();
        let offered = Arc::new(Self {
            der: Arc::clone(&der),
            subject: name_id(&subject),
            node: OnceLock::new(),
        });
        if der.len() <= LONGEST_KEPT {
            READ.keep(der, Arc::clone(&offered));
        }
        Ok(offered)
    }

    /// DER.
    pub(crate) fn der(&self) -> &[u8] {
        &self.der
    }

    pub(in crate::trust) fn node(&self) -> Result<&Node, PathError> {
        let read = self.node.get_or_init(|| Node::read(Arc::clone(&self.der)));
        read.as_ref().map_err(Clone::clone)
    }
}

impl Certificates {
    /// Of DER.
    pub fn of<B: AsRef<[u8]>>(ders: impl IntoIterator<Item = B>) -> Self {
        ders.into_iter()
            .filter_map(|der| Offered::of(der.as_ref()).ok())
            .collect()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Those of a subject.
    pub(in crate::trust) fn of_subject(&self, subject: &NameId) -> impl Iterator<Item = &Node> {
        let all = self.by_subject.get(subject).into_iter().flatten();
        all.filter_map(|one| one.node().ok())
    }
}

impl FromIterator<Arc<Offered>> for Certificates {
    fn from_iter<I: IntoIterator<Item = Arc<Offered>>>(all: I) -> Self {
        let mut found = Self::default();
        for one in all {
            found.by_subject.entry(one.subject).or_default().push(one);
            found.count += 1;
        }
        found
    }
}

/// A certificate, taken apart.
#[derive(Debug)]
pub(in crate::trust) struct Node {
    pub(in crate::trust) der: Arc<[u8]>,
    pub(in crate::trust) parsed: Arc<Certificate>,
    /// SHA-256 of the whole.
    pub(in crate::trust) digest: [u8; 32],
    /// Its subject, for people.
    pub(super) name: String,
    pub(in crate::trust) subject: NameId,
    pub(in crate::trust) issuer: NameId,
    not_before: Timestamp,
    pub(super) not_after: Timestamp,
    key_id: Option<Vec<u8>>,
    issuer_key_id: Option<Vec<u8>>,
}

fn malformed(error: &x509::X509Error) -> PathError {
    PathError::Malformed(error.to_string())
}

impl Node {
    fn read(der: Arc<[u8]>) -> Result<Self, PathError> {
        let parsed = x509::parse(&der).map_err(|error| malformed(&error))?;
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
            digest: sha256(&der),
            name: x509::subject_text(&parsed),
            subject: name_id(tbs.subject()),
            issuer: name_id(tbs.issuer()),
            not_before,
            not_after,
            key_id: key_id.map(|(_, id)| id.0.as_bytes().to_vec()),
            issuer_key_id: issuer_key_id.map(|id| id.as_bytes().to_vec()),
            parsed,
            der,
        })
    }

    /// Its parts as encoded.
    pub(in crate::trust) fn raw(&self) -> Result<RawParts<'_>, PathError> {
        x509::raw(&self.der).map_err(|error| malformed(&error))
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
    pub(super) fn unlikeliness(&self, below: &Self, at: Timestamp) -> u8 {
        let other_key = match (&below.issuer_key_id, &self.key_id) {
            (Some(wanted), Some(own)) => u8::from(wanted != own) * 2,
            _ => 1,
        };
        other_key * 2 + u8::from(self.check_dates(at).is_err())
    }

    pub(super) fn is_same_entity(&self, other: &Self) -> bool {
        self.subject == other.subject
            && matches!((self.raw(), other.raw()), (Ok(own), Ok(other)) if own.public_key_info == other.public_key_info)
    }

    /// With what it is signed by a key, if it is.
    pub(in crate::trust) fn signed_by(&self, key: &[u8], work: &Work) -> Result<Used, PathError> {
        let unsupported = |error: VerifyError| PathError::UnsupportedAlgorithm(error.to_string());
        let identifier = self.parsed.signature_algorithm().owned_to_ref();
        let signature = Signature {
            of: &self.digest,
            key,
            algorithm: SignatureAlgorithm::from_identifier(&identifier, None).map_err(unsupported)?,
            content: x509::to_be_signed(&self.der).map_err(|error| malformed(&error))?,
            value: self
                .parsed
                .signature()
                .as_bytes()
                .ok_or(PathError::BadSignature)?,
        };
        let used = work.verify(&signature, || signature.check());
        used.map_err(|Spent| PathError::TooMuch)?
            .map_err(|error| match error {
                VerifyError::SignatureWrong => PathError::BadSignature,
                other => unsupported(other),
            })
    }
}
