//! Whether a signature is what its field demands (ISO 32000-2 12.7.5.5).
//!
//! The demands are the author's, put into the form before anybody signed. A signature that leaves them unmet is
//! no forgery: it stays undecided, as ETSI EN 319 102-1 §5.2.8 has it for constraints of a signature.

use der::{Any, Tag, Tagged as _};
use x509_cert::{
    Certificate,
    ext::pkix::{CertificatePolicies, KeyUsage},
};

use super::{checks, code, indication::SubIndication, report::Finding};
use crate::{
    crypto::{DigestAlgorithm, x509},
    document::pdf::open::{Demand, ModificationLevel, PdfSignature},
    sign::cms::SignedCms,
    trust::path::VerifiedPath,
};

/// A signature as far as its field may have demands of it.
pub(super) struct Filled<'a> {
    pub(super) signature: &'a PdfSignature,
    pub(super) cms: &'a SignedCms,
    /// DER of the signer certificate.
    pub(super) certificate: &'a [u8],
    /// The path of the signer certificate at the time that counts, where there is one.
    pub(super) path: &'a dyn Fn() -> Option<VerifiedPath>,
    /// Whether it has a timestamp that nothing speaks against: the field demands one, not whom to believe.
    pub(super) timestamped: bool,
}

/// Judges a signature by the demands of its field; none where there are none.
pub(super) fn judge(filled: &Filled<'_>) -> Option<Finding> {
    let check = &checks::SEED_VALUES;
    let demands = &filled.signature.demands;
    if demands.is_empty() {
        return None;
    }
    let words = |of: fn(&Demand) -> &'static str, demands: &[&Demand], comma: &str| {
        let words: Vec<&str> = demands.iter().map(|demand| of(demand)).collect();
        words.join(comma)
    };
    let certificate = x509::parse(filled.certificate).ok();
    let answer = |demand: &&Demand| filled.meets(demand, certificate.as_deref());
    let unmet: Vec<&Demand> = demands
        .iter()
        .filter(|demand| answer(demand) == Some(false))
        .collect();
    if !unmet.is_empty() {
        return Some(
            Finding::undecided(
                check,
                code::SEED_VALUES_UNMET,
                SubIndication::SigConstraintsFailure,
                format!("签名不符合签名域的要求：{}", words(zh, &unmet, "、")),
                format!("not what its field demands: {}", words(en, &unmet, ", ")),
            )
            .hint(
                "请向文件编制者核实能否接受这一签名",
                "ask whoever made the form whether such a signature will do",
            ),
        );
    }
    let open: Vec<&Demand> = demands.iter().filter(|demand| answer(demand).is_none()).collect();
    if !open.is_empty() {
        return Some(
            Finding::undecided(
                check,
                code::SEED_VALUES_UNKNOWN,
                SubIndication::SigConstraintsFailure,
                format!("签名域有无法判断的要求：{}", words(zh, &open, "、")),
                format!(
                    "its field demands what cannot be judged here: {}",
                    words(en, &open, ", ")
                ),
            )
            .hint(
                "请用支持这些要求的程序核验",
                "verify with a program that knows these demands",
            ),
        );
    }
    Some(Finding::passed(
        check,
        "符合签名域的要求",
        "what its field demands",
    ))
}

impl Filled<'_> {
    /// Whether a demand is met; none where that cannot be told.
    fn meets(&self, demand: &Demand, certificate: Option<&Certificate>) -> Option<bool> {
        let signature = self.signature;
        Some(match demand {
            Demand::Filter(wanted) => signature.filter.as_ref() == Some(wanted),
            Demand::SubFilters(allowed) => {
                let used = signature.sub_filter.as_ref();
                used.is_some_and(|used| allowed.contains(used))
            }
            Demand::Digests(allowed) => allowed
                .iter()
                .any(|name| is_named(self.cms.digest_algorithm(), name)),
            Demand::Reasons(allowed) => match &signature.reason {
                None => allowed.is_empty(),
                Some(reason) => allowed.contains(reason),
            },
            Demand::Certification(None) => !signature.certifies,
            Demand::Certification(level) => signature.certifies && signature.modification_level == *level,
            Demand::Timestamp => self.timestamped,
            Demand::RevocationInfo(wanted) => self.cms.signs_revocation_data() == *wanted,
            Demand::Locked(wanted) => {
                (signature.modification_level == Some(ModificationLevel::None)) == *wanted
            }
            Demand::Signers(allowed) => allowed.iter().any(|der| der == self.certificate),
            Demand::Issuers(allowed) => {
                let path = (self.path)()?;
                let issuers = path.certificates().iter().skip(1);
                let mut issuers = issuers.map(|issuer| &issuer.der[..]).chain([path.anchor()]);
                issuers.any(|issuer| allowed.iter().any(|der| der == issuer))
            }
            Demand::SubjectName(wanted) => {
                let subject = certificate?.tbs_certificate().subject();
                wanted
                    .iter()
                    .all(|(kind, value)| has_attribute(subject, kind, value))
            }
            Demand::KeyUsage(patterns) => {
                let usage = certificate?.tbs_certificate().get_extension::<KeyUsage>();
                let usage = usage.ok()?.map(|(_, usage)| usage);
                patterns.iter().any(|pattern| fits(pattern, usage))
            }
            Demand::Policies(allowed) => {
                let policies = certificate?
                    .tbs_certificate()
                    .get_extension::<CertificatePolicies>();
                let policies = policies.ok()?.map(|(_, policies)| policies.0).unwrap_or_default();
                policies
                    .iter()
                    .any(|policy| allowed.contains(&policy.policy_identifier.to_string()))
            }
            _ => return None,
        })
    }
}

/// Digests are named as in `SHA256`, RIPEMD160 among them; products write `SHA-256` and `sha256` as well.
fn is_named(digest: DigestAlgorithm, name: &str) -> bool {
    let plain = |name: &str| name.replace('-', "").to_ascii_uppercase();
    plain(&digest.to_string()) == plain(name)
}

/// Whether a name has an attribute, its type written as `CN` or as an object identifier.
fn has_attribute(name: &x509_cert::name::Name, kind: &str, value: &str) -> bool {
    name.iter().any(|attribute| {
        let is_kind = const_oid::db::DB
            .find_names_for_oid(attribute.oid)
            .any(|known| known.eq_ignore_ascii_case(kind))
            || attribute.oid.to_string() == kind;
        is_kind && text_of(&attribute.value).as_deref() == Some(value)
    })
}

/// The value of an attribute; none where it is no text.
fn text_of(value: &Any) -> Option<String> {
    match value.tag() {
        Tag::BmpString => {
            let units = value.value().chunks_exact(2);
            let units = units.map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            char::decode_utf16(units).collect::<Result<_, _>>().ok()
        }
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::TeletexString => {
            str::from_utf8(value.value()).ok().map(str::to_owned)
        }
        _ => None,
    }
}

/// Whether a key usage fits a pattern: a place a bit, `X` and what is not written stand for either.
fn fits(pattern: &str, usage: Option<KeyUsage>) -> bool {
    let bits = usage.map(|usage| {
        [
            usage.digital_signature(),
            usage.non_repudiation(),
            usage.key_encipherment(),
            usage.data_encipherment(),
            usage.key_agreement(),
            usage.key_cert_sign(),
            usage.crl_sign(),
            usage.encipher_only(),
            usage.decipher_only(),
        ]
    });
    let bits = bits.unwrap_or_default();
    pattern.chars().zip(bits).all(|(wanted, bit)| match wanted {
        '0' => !bit,
        '1' => bit,
        _ => true,
    })
}

fn zh(demand: &Demand) -> &'static str {
    match demand {
        Demand::Filter(_) => "签名程序",
        Demand::SubFilters(_) => "签名格式",
        Demand::Digests(_) => "摘要算法",
        Demand::Reasons(_) => "签名理由",
        Demand::Certification(_) => "认证签名及其许可的改动",
        Demand::Timestamp => "须有可信时间戳",
        Demand::RevocationInfo(_) => "吊销信息",
        Demand::Locked(_) => "锁定文档",
        Demand::Signers(_) => "指定的签名证书",
        Demand::Issuers(_) => "指定的颁发机构",
        Demand::SubjectName(_) => "签名人名称",
        Demand::KeyUsage(_) => "密钥用途",
        Demand::Policies(_) => "证书策略",
        Demand::Unknown(key) => key,
    }
}

fn en(demand: &Demand) -> &'static str {
    match demand {
        Demand::Filter(_) => "signature handler",
        Demand::SubFilters(_) => "form of the signature",
        Demand::Digests(_) => "digest algorithm",
        Demand::Reasons(_) => "reason for signing",
        Demand::Certification(_) => "certification and the changes it allows",
        Demand::Timestamp => "a timestamp that is believed",
        Demand::RevocationInfo(_) => "revocation data",
        Demand::Locked(_) => "locking of the document",
        Demand::Signers(_) => "one of certain certificates",
        Demand::Issuers(_) => "one of certain authorities",
        Demand::SubjectName(_) => "name of the signer",
        Demand::KeyUsage(_) => "key usage",
        Demand::Policies(_) => "certificate policy",
        Demand::Unknown(key) => key,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::str::FromStr as _;

    use x509_cert::{ext::pkix::KeyUsages, name::Name};

    use super::*;

    #[test]
    fn digests_go_by_several_spellings() {
        for name in ["SHA256", "SHA-256", "sha256"] {
            assert!(is_named(DigestAlgorithm::Sha256, name), "{name}");
        }
        for name in ["SHA2", "SHA3-256", "SHA512", ""] {
            assert!(!is_named(DigestAlgorithm::Sha256, name), "{name}");
        }
    }

    #[test]
    fn a_key_usage_fits_where_no_written_bit_speaks_against_it() {
        let usage = Some(KeyUsage(KeyUsages::DigitalSignature | KeyUsages::NonRepudiation));
        for pattern in ["", "1", "11", "110", "X1X0", "110000000"] {
            assert!(fits(pattern, usage), "{pattern}");
        }
        for pattern in ["0", "10", "XX1"] {
            assert!(!fits(pattern, usage), "{pattern}");
        }
        assert!(fits("0X0", None) && !fits("1", None));
    }

    #[test]
    fn a_name_has_its_attributes_by_short_name_and_by_number() {
        let name = Name::from_str("CN=Seal,O=Office,C=CN").unwrap();
        for (kind, value) in [
            ("CN", "Seal"),
            ("cn", "Seal"),
            ("O", "Office"),
            ("2.5.4.3", "Seal"),
        ] {
            assert!(has_attribute(&name, kind, value), "{kind}={value}");
        }
        for (kind, value) in [("CN", "Office"), ("OU", "Seal"), ("2.5.4.4", "Seal"), ("", "")] {
            assert!(!has_attribute(&name, kind, value), "{kind}={value}");
        }
    }
}
