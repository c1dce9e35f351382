//! What was missing while paths were judged, and where their certificates say it can be had (RFC 5280 §4.2.1.13
//! and §4.2.2.1). Core fetches nothing: whoever is allowed to gets this, looks, adds what it found, and has the
//! judgement made again.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use const_oid::ObjectIdentifier;
use x509_cert::{
    Certificate,
    ext::pkix::{
        AuthorityInfoAccessSyntax, CrlDistributionPoints,
        name::{DistributionPointName, GeneralName},
    },
};

use super::revocation::ocsp;
use crate::{
    crypto::x509,
    limits::{MAX_WANTED, MAX_WANTED_URLS},
};

/// id-ad-ocsp.
const OCSP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1");
/// id-ad-caIssuers.
const ISSUERS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.2");

/// Something a judgement lacked about one certificate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    /// Subject of the certificate.
    pub certificate: String,
    /// Where it can be had: any one will do. Never empty.
    pub places: Vec<Place>,
}

/// One place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Place {
    /// A responder to ask.
    Ocsp {
        /// Address, `http` or `https`.
        url: String,
        /// DER of the question.
        request: Vec<u8>,
    },
    /// A revocation list.
    Crl {
        /// Address, `http` or `https`.
        url: String,
    },
    /// The certificate of the issuer.
    Issuer {
        /// Address, `http` or `https`.
        url: String,
    },
}

/// Keeps note of what judgements lack.
#[derive(Debug, Default)]
pub struct Notes(Mutex<BTreeSet<Wanted>>);

impl Notes {
    /// What was noted since it was last asked.
    pub fn take(&self) -> Vec<Wanted> {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *noted).into_iter().collect()
    }

    /// Notes that nothing, or nothing new enough, is known about the revocation of a certificate.
    pub(super) fn revocation(&self, certificate: &[u8], issuer: &[u8]) {
        let (Ok(parsed), Ok(request)) = (x509::parse(certificate), ocsp::request(certificate, issuer)) else {
            return;
        };
        let mut places: Vec<Place> = access(&parsed, OCSP)
            .into_iter()
            .map(|url| Place::Ocsp {
                url,
                request: request.clone(),
            })
            .collect();
        places.extend(lists(&parsed).into_iter().map(|url| Place::Crl { url }));
        self.add(&parsed, places);
    }

    /// Notes that the issuer of a certificate is not at hand.
    pub(super) fn issuer(&self, certificate: &Certificate) {
        let places = access(certificate, ISSUERS).into_iter();
        self.add(certificate, places.map(|url| Place::Issuer { url }).collect());
    }

    fn add(&self, certificate: &Certificate, mut places: Vec<Place>) {
        places.truncate(MAX_WANTED_URLS);
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !places.is_empty() && noted.len() < MAX_WANTED {
            noted.insert(Wanted {
                certificate: x509::subject_text(certificate),
                places,
            });
        }
    }
}

/// Addresses that a certificate gives for a purpose.
fn access(certificate: &Certificate, method: ObjectIdentifier) -> Vec<String> {
    let found = certificate
        .tbs_certificate()
        .get_extension::<AuthorityInfoAccessSyntax>();
    let Ok(Some((_, found))) = found else {
        return Vec::new();
    };
    let of_method = found.0.iter().filter(|one| one.access_method == method);
    of_method.filter_map(|one| url(&one.access_location)).collect()
}

/// Addresses of its issuer's revocation lists.
fn lists(certificate: &Certificate) -> Vec<String> {
    let found = certificate
        .tbs_certificate()
        .get_extension::<CrlDistributionPoints>();
    let Ok(Some((_, points))) = found else {
        return Vec::new();
    };
    let points = points.0.iter();
    points
        .filter_map(|point| match &point.distribution_point {
            Some(DistributionPointName::FullName(names)) => Some(names),
            _ => None,
        })
        .flatten()
        .filter_map(url)
        .collect()
}

fn url(name: &GeneralName) -> Option<String> {
    let GeneralName::UniformResourceIdentifier(uri) = name else {
        return None;
    };
    let scheme = uri.as_str().split_once("://")?.0;
    let known = ["http", "https"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known));
    known.then(|| uri.as_str().to_owned())
}
