//! Seed values: what a signature field demands of the signature put into it (ISO 32000-2 12.7.5.5, tables
//! 237 and 238).
//!
//! A seed value is advice to the signer unless its flag says that it binds. Only what binds is kept: a
//! verifier has no use for advice.

use super::{
    ModificationLevel, OpenError,
    object::{Dict, Object},
    reader::Reader,
    text::text_string,
};
use crate::limits::MAX_SEED_VALUES;

/// Something that the field demands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Demand {
    /// `/Filter`: the handler that is to sign.
    Filter(String),
    /// `/SubFilter`: the forms of signature allowed.
    SubFilters(Vec<String>),
    /// `/DigestMethod`: the digests allowed, as they are written.
    Digests(Vec<String>),
    /// `/Reasons`: the reasons that may be given; with none, there must not be any.
    Reasons(Vec<String>),
    /// `/MDP`: the level that a certification states; none for a signature that does not certify.
    Certification(Option<ModificationLevel>),
    /// `/TimeStamp`: a signature timestamp.
    Timestamp,
    /// `/AddRevInfo`: revocation data among the signed attributes.
    RevocationInfo(bool),
    /// `/LockDocument`: whether the document is locked by it.
    Locked(bool),
    /// `/Cert /Subject`: DER of the signer certificates allowed.
    Signers(Vec<Vec<u8>>),
    /// `/Cert /Issuer`: DER of the authorities of which one must be on the path.
    Issuers(Vec<Vec<u8>>),
    /// `/Cert /SubjectDN`: attributes that the signer's name must have: type as it is written, value.
    SubjectName(Vec<(String, String)>),
    /// `/Cert /KeyUsage`: patterns of `0`, `1` and `X` for the bits of the key usage, of which one must fit.
    KeyUsage(Vec<String>),
    /// `/Cert /OID`: certificate policies, of which one must be named.
    Policies(Vec<String>),
    /// A demand that this program does not know, by its key.
    Unknown(&'static str),
}

/// The demands of one field; one that cannot be read counts as unknown.
pub(super) fn demands(reader: &Reader<'_>, held: &Object) -> Result<Vec<Demand>, OpenError> {
    let seed = match held {
        Object::Null => return Ok(Vec::new()),
        Object::Dict(seed) => seed,
        _ => return Ok(vec![Demand::Unknown("SV")]),
    };
    let values = Values { reader, dict: seed };
    let binds = values.flags()?;
    let mut found = Vec::new();
    if binds.has(1) && seed.get("Filter").is_some() {
        found.push(match values.get("Filter")?.name() {
            Some(name) => Demand::Filter(String::from_utf8_lossy(name).into_owned()),
            None => Demand::Unknown("Filter"),
        });
    }
    if binds.has(2) && seed.get("SubFilter").is_some() {
        found.push(values.list("SubFilter", Object::name, lossy, Demand::SubFilters)?);
    }
    // Versions 1 to 3 have no entry beyond those read here.
    if binds.has(3) && !matches!(values.get("V")?.number(), None | Some(1.0..=3.0)) {
        found.push(Demand::Unknown("V"));
    }
    if binds.has(4) {
        let reasons = match values.get("Reasons")? {
            Object::Null => Demand::Reasons(Vec::new()),
            _ => values.list("Reasons", Object::string, text_string, Demand::Reasons)?,
        };
        found.push(match reasons {
            // A full stop alone stands for none.
            Demand::Reasons(reasons) if reasons == ["."] => Demand::Reasons(Vec::new()),
            reasons => reasons,
        });
    }
    if binds.has(5) && seed.get("LegalAttestation").is_some() {
        found.push(Demand::Unknown("LegalAttestation"));
    }
    if binds.has(6) && seed.get("AddRevInfo").is_some() {
        found.push(match values.get("AddRevInfo")? {
            Object::Bool(wanted) => Demand::RevocationInfo(wanted),
            _ => Demand::Unknown("AddRevInfo"),
        });
    }
    if binds.has(7) && seed.get("DigestMethod").is_some() {
        found.push(values.list("DigestMethod", Object::string, text_string, Demand::Digests)?);
    }
    if binds.has(8) && seed.get("LockDocument").is_some() {
        match values.get("LockDocument")?.name() {
            Some(b"true") => found.push(Demand::Locked(true)),
            Some(b"false") => found.push(Demand::Locked(false)),
            Some(b"auto") => {}
            _ => found.push(Demand::Unknown("LockDocument")),
        }
    }
    // What a viewer was to offer as appearances leaves no trace in the signature: flag 9 binds the signer only.
    match values.get("MDP")? {
        Object::Null => {}
        Object::Dict(stated) => {
            let level = reader.get(&stated, "P")?.object.number();
            found.push(match level {
                Some(0.0) => Demand::Certification(None),
                Some(1.0) => Demand::Certification(Some(ModificationLevel::None)),
                Some(2.0) => Demand::Certification(Some(ModificationLevel::FormFilling)),
                Some(3.0) => Demand::Certification(Some(ModificationLevel::Annotations)),
                _ => Demand::Unknown("MDP"),
            });
        }
        _ => found.push(Demand::Unknown("MDP")),
    }
    if let Object::Dict(stamp) = values.get("TimeStamp")? {
        let stamp = Values { reader, dict: &stamp };
        if stamp.flags()?.has(1) {
            found.push(Demand::Timestamp);
        }
    }
    match values.get("Cert")? {
        Object::Null => {}
        Object::Dict(certificate) => {
            let values = Values {
                reader,
                dict: &certificate,
            };
            found.extend(values.of_certificate()?);
        }
        _ => found.push(Demand::Unknown("Cert")),
    }
    Ok(found)
}

/// The entries of one dictionary.
struct Values<'r, 'a> {
    reader: &'r Reader<'a>,
    dict: &'r Dict,
}

impl Values<'_, '_> {
    fn get(&self, key: &str) -> Result<Object, OpenError> {
        Ok(self.reader.get(self.dict, key)?.object)
    }

    fn flags(&self) -> Result<Flags, OpenError> {
        Ok(match self.get("Ff")? {
            Object::Null => Flags(0),
            // What cannot be read binds in everything.
            flags => Flags(flags.integer().unwrap_or(i64::MAX)),
        })
    }

    /// The list under a key, or the one value that stands there instead of a list.
    fn list<T>(
        &self,
        key: &'static str,
        part: for<'o> fn(&'o Object) -> Option<&'o [u8]>,
        read: fn(&[u8]) -> T,
        demand: fn(Vec<T>) -> Demand,
    ) -> Result<Demand, OpenError> {
        let value = self.get(key)?;
        let items = match &value {
            Object::Array(items) => items.as_slice(),
            other => std::slice::from_ref(other),
        };
        if items.len() > MAX_SEED_VALUES {
            return Err(OpenError::Limit {
                what: "seed values of a field",
                limit: MAX_SEED_VALUES,
            });
        }
        let mut found = Vec::with_capacity(items.len());
        for item in items {
            match part(&self.reader.follow(item)?.object) {
                Some(bytes) => found.push(read(bytes)),
                None => return Ok(Demand::Unknown(key)),
            }
        }
        Ok(demand(found))
    }

    /// What is demanded of the signer certificate (table 238).
    fn of_certificate(&self) -> Result<Vec<Demand>, OpenError> {
        let binds = self.flags()?;
        let has = |bit: u32, key: &str| binds.has(bit) && self.dict.get(key).is_some();
        let mut found = Vec::new();
        if has(1, "Subject") {
            found.push(self.list("Subject", Object::string, <[u8]>::to_vec, Demand::Signers)?);
        }
        if has(2, "Issuer") {
            found.push(self.list("Issuer", Object::string, <[u8]>::to_vec, Demand::Issuers)?);
        }
        if has(3, "OID") {
            found.push(self.list("OID", Object::string, text_string, Demand::Policies)?);
        }
        if has(4, "SubjectDN") {
            found.push(self.subject_name()?);
        }
        if has(6, "KeyUsage") {
            found.push(self.list("KeyUsage", Object::string, text_string, Demand::KeyUsage)?);
        }
        for (bit, key) in [(8, "SignaturePolicyOID"), (9, "SignaturePolicyHashValue")] {
            if has(bit, key) {
                found.push(Demand::Unknown(key));
            }
        }
        Ok(found)
    }

    fn subject_name(&self) -> Result<Demand, OpenError> {
        let names = self.get("SubjectDN")?;
        let unknown = Ok(Demand::Unknown("SubjectDN"));
        let Some(names) = names.array() else {
            return unknown;
        };
        let mut attributes = Vec::new();
        for name in names.iter().take(MAX_SEED_VALUES) {
            let name = self.reader.follow(name)?.object;
            let Some(name) = name.dict() else {
                return unknown;
            };
            for (kind, value) in name.iter().take(MAX_SEED_VALUES) {
                match self.reader.follow(value)?.object.string() {
                    Some(value) => attributes.push((lossy(kind), text_string(value))),
                    None => return unknown,
                }
            }
        }
        Ok(Demand::SubjectName(attributes))
    }
}

/// Which values bind; bits are counted from 1 (table 237).
#[derive(Clone, Copy)]
struct Flags(i64);

impl Flags {
    fn has(self, bit: u32) -> bool {
        self.0 >> (bit - 1) & 1 == 1
    }
}

fn lossy(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}
