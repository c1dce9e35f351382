//! Until when each algorithm and key size is believed.
//!
//! The shape is that of ETSI TS 119 312 and its machine-readable form (TS 119 322): a digest, or a kind of
//! key from some size on, and the instant from which a new signature with it proves nothing. What the table
//! does not name is not believed. An older signature stays good where its age is proven.
//!
//! The built-in table is [`BUILT_IN`]; an installation may put its own in its place.

use std::sync::LazyLock;

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Deserializer, de::Error as _};

use super::{Curve, DigestAlgorithm, KeySize, SignatureAlgorithm, Used};

/// The table of a program without one of its own: ETSI TS 119 312 V1.5.1.
pub const BUILT_IN: &str = include_str!("policy.toml");

/// A table of algorithms with dates.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AlgorithmPolicy {
    /// Where the table is from.
    source: String,
    #[serde(rename = "digest")]
    digests: Vec<DigestRow>,
    #[serde(rename = "key")]
    keys: Vec<KeyRow>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct DigestRow {
    #[serde(deserialize_with = "digest_name")]
    name: DigestAlgorithm,
    until: Option<Date>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct KeyRow {
    kind: Kind,
    min_bits: usize,
    until: Option<Date>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Ecdsa,
    Eddsa,
    RsaPkcs1,
    RsaPss,
    Sm2,
}

fn digest_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DigestAlgorithm, D::Error> {
    let name = String::deserialize(deserializer)?;
    let known = DigestAlgorithm::ALL
        .into_iter()
        .find(|digest| digest.name() == name);
    known.ok_or_else(|| {
        let names: Vec<&str> = DigestAlgorithm::ALL.iter().map(|digest| digest.name()).collect();
        D::Error::custom(format!("unknown digest {name:?}; known are {}", names.join(", ")))
    })
}

/// Something that an algorithm policy has a word on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mechanism {
    /// A digest by itself.
    Digest(DigestAlgorithm),
    /// A signature with its digest and key.
    Signature(Used),
}

/// By when something was made.
#[derive(Debug, Clone, Copy)]
pub struct Age {
    /// By its maker's word.
    pub claimed: Option<Timestamp>,
    /// By proof.
    pub proven: Option<Timestamp>,
    /// Time of verification.
    pub now: Timestamp,
}

/// What a policy says of a mechanism.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// Believed at the time of verification.
    Good,
    /// Not any more, but what it made is proven to be older.
    GoodThen {
        /// The weak part.
        part: String,
        /// From when on it is not believed.
        until: Date,
    },
    /// Not believed.
    Weak {
        /// The weak part.
        part: String,
        /// From when on; none if it never was.
        until: Option<Date>,
        /// Whether proof of the claimed time would help.
        provable: bool,
    },
}

/// How long one part is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Limit {
    Never,
    Until(Date),
    Open,
}

impl AlgorithmPolicy {
    /// Reads a table.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// Where the table is from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Judges a mechanism by its weakest part.
    pub fn judge(&self, mechanism: Mechanism, age: Age) -> Judgement {
        let parts = self.parts(mechanism);
        let Some((limit, part)) = parts.into_iter().min_by_key(|(limit, _)| *limit) else {
            return Judgement::Good;
        };
        let until = match limit {
            Limit::Open => return Judgement::Good,
            Limit::Never => {
                return Judgement::Weak {
                    part,
                    until: None,
                    provable: false,
                };
            }
            Limit::Until(until) => until,
        };
        let begins = until
            .to_zoned(TimeZone::UTC)
            .map_or(Timestamp::MIN, |end| end.timestamp());
        if age.now < begins {
            return Judgement::Good;
        }
        if age.proven.is_some_and(|proven| proven < begins) {
            return Judgement::GoodThen { part, until };
        }
        Judgement::Weak {
            part,
            until: Some(until),
            provable: age.proven.is_none() && age.claimed.is_none_or(|claimed| claimed < begins),
        }
    }

    fn parts(&self, mechanism: Mechanism) -> Vec<(Limit, String)> {
        let Used { algorithm, key } = match mechanism {
            Mechanism::Digest(digest) => return vec![self.digest(digest)],
            Mechanism::Signature(used) => used,
        };
        let mut parts: Vec<(Limit, String)> = algorithm
            .digest()
            .map(|digest| self.digest(digest))
            .into_iter()
            .collect();
        if let SignatureAlgorithm::RsaPss(pss) = algorithm {
            parts.push(self.digest(pss.mask));
        }
        let (kind, bits, name) = match (key, algorithm) {
            (KeySize::Rsa(bits), SignatureAlgorithm::RsaPss(_)) => {
                (Kind::RsaPss, bits, format!("RSA-PSS {bits}"))
            }
            (KeySize::Rsa(bits), _) => (Kind::RsaPkcs1, bits, format!("RSA {bits}")),
            (KeySize::Elliptic(curve @ Curve::Sm2), _) => (Kind::Sm2, curve.bits(), "SM2".to_owned()),
            (KeySize::Elliptic(curve), _) => (Kind::Ecdsa, curve.bits(), format!("ECDSA {curve}")),
            (KeySize::Ed25519, _) => (Kind::Eddsa, 256, "Ed25519".to_owned()),
        };
        let row = self
            .keys
            .iter()
            .filter(|row| row.kind == kind && row.min_bits <= bits)
            .max_by_key(|row| row.min_bits);
        parts.push((row.map_or(Limit::Never, |row| Limit::of(row.until)), name));
        parts
    }

    fn digest(&self, digest: DigestAlgorithm) -> (Limit, String) {
        let row = self.digests.iter().find(|row| row.name == digest);
        (
            row.map_or(Limit::Never, |row| Limit::of(row.until)),
            digest.to_string(),
        )
    }
}

impl Limit {
    /// What a row says.
    fn of(until: Option<Date>) -> Self {
        until.map_or(Self::Open, Self::Until)
    }
}

impl AlgorithmPolicy {
    /// The built-in table.
    pub fn built_in() -> &'static Self {
        // The tests read the table; one that cannot be read believes nothing.
        static POLICY: LazyLock<AlgorithmPolicy> = LazyLock::new(|| {
            AlgorithmPolicy::parse(BUILT_IN).unwrap_or(AlgorithmPolicy {
                source: String::new(),
                digests: Vec::new(),
                keys: Vec::new(),
            })
        });
        &POLICY
    }
}

impl Default for AlgorithmPolicy {
    fn default() -> Self {
        Self::built_in().clone()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use jiff::civil::date;

    use super::*;
    use crate::crypto::{Curve, Pss};

    fn at(year: i16) -> Timestamp {
        date(year, 6, 1).to_zoned(TimeZone::UTC).unwrap().timestamp()
    }

    fn age(claimed: i16, proven: Option<i16>, now: i16) -> Age {
        Age {
            claimed: Some(at(claimed)),
            proven: proven.map(at),
            now: at(now),
        }
    }

    fn rsa(digest: DigestAlgorithm, bits: usize) -> Mechanism {
        Mechanism::Signature(Used {
            algorithm: SignatureAlgorithm::RsaPkcs1(digest),
            key: KeySize::Rsa(bits),
        })
    }

    #[test]
    fn the_built_in_table_is_whole() {
        let policy = AlgorithmPolicy::parse(BUILT_IN).unwrap();
        assert_eq!(AlgorithmPolicy::default(), policy);
        assert!(policy.source().contains("TS 119 312"));
        for digest in DigestAlgorithm::ALL {
            assert!(policy.digests.iter().any(|row| row.name == digest), "{digest}");
        }
    }

    #[test]
    fn weak_algorithms_are_judged_by_date_and_proof() {
        use DigestAlgorithm::{Md5, Sha1, Sha256};
        let policy = AlgorithmPolicy::default();
        let strong = [
            rsa(Sha256, 2048),
            Mechanism::Digest(Sha256),
            Mechanism::Signature(Used {
                algorithm: SignatureAlgorithm::Ecdsa(Sha256),
                key: KeySize::Elliptic(Curve::BrainpoolP256r1),
            }),
        ];
        for mechanism in strong {
            assert_eq!(policy.judge(mechanism, age(2026, None, 2026)), Judgement::Good);
        }

        let weak = |mechanism, age| match policy.judge(mechanism, age) {
            Judgement::Weak { part, provable, .. } => (part, provable),
            other => panic!("{other:?}"),
        };
        // Made in time by its own word: proof is missing. Made too late: nothing helps.
        assert_eq!(
            weak(rsa(Sha1, 2048), age(2010, None, 2026)),
            ("SHA-1".to_owned(), true)
        );
        assert_eq!(
            weak(rsa(Sha1, 2048), age(2013, None, 2026)),
            ("SHA-1".to_owned(), false)
        );
        assert_eq!(
            weak(rsa(Sha1, 2048), age(2010, Some(2013), 2026)),
            ("SHA-1".to_owned(), false)
        );
        assert!(matches!(
            policy.judge(rsa(Sha1, 2048), age(2010, Some(2011), 2026)),
            Judgement::GoodThen { .. }
        ));
        // The weakest part speaks.
        assert_eq!(
            weak(rsa(Md5, 1024), age(2003, None, 2026)),
            ("MD5".to_owned(), true)
        );
        assert_eq!(
            weak(rsa(Sha256, 1024), age(2018, None, 2026)),
            ("RSA 1024".to_owned(), true)
        );
        assert_eq!(
            weak(rsa(Sha256, 512), age(2001, None, 2026)),
            ("RSA 512".to_owned(), false)
        );
        // A weak mask counts.
        let masked = Mechanism::Signature(Used {
            algorithm: SignatureAlgorithm::RsaPss(Pss {
                mask: Sha1,
                ..Pss::uniform(Sha256)
            }),
            key: KeySize::Rsa(3072),
        });
        assert_eq!(weak(masked, age(2026, None, 2026)), ("SHA-1".to_owned(), false));
    }

    #[test]
    fn a_table_of_ones_own_is_read_strictly() {
        let own = "source = \"ours\"\n[[digest]]\nname = \"SHA-256\"\n[[key]]\nkind = \"rsa-pkcs1\"\nmin-bits = 3000\nuntil = \"2034-01-01\"\n";
        let policy = AlgorithmPolicy::parse(own).unwrap();
        let judged = policy.judge(rsa(DigestAlgorithm::Sha256, 2048), age(2026, None, 2026));
        assert!(
            matches!(judged, Judgement::Weak { until: None, .. }),
            "not in the table"
        );
        for (from, to) in [
            ("SHA-256", "SHA-257"),
            ("rsa-pkcs1", "dsa"),
            ("2034-01-01", "soon"),
            ("until", "til"),
        ] {
            assert!(
                AlgorithmPolicy::parse(&own.replacen(from, to, 1)).is_err(),
                "{to}"
            );
        }
    }
}
