//! Small questions about X.509 certificates (RFC 5280): subjects, instants, digests.

mod readable;

use std::{borrow::Cow, sync::Arc};

use der::{
    Any, DateTime, Decode, Encode, ErrorKind, Header, Reader, SliceReader, Tag, Tagged,
    asn1::{ObjectIdentifier, PrintableStringRef, Utf8StringRef},
};
use jiff::Timestamp;
use x509_cert::{
    Certificate,
    attr::AttributeTypeAndValue,
    ext::pkix::BasicConstraints,
    name::{Name, RdnSequence, RelativeDistinguishedName},
    time::Time,
};

use self::readable::readable;
pub(crate) use self::readable::{readable_answer, readable_names};
use super::sha256;
use crate::{
    limits::{MAX_CERTIFICATE_BYTES, MAX_NAME_BYTES, MAX_NAME_TEXT},
    recent::Recent,
    remark::visible_start,
};

const COUNTRY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.6");
const PROVINCE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.8");
const ORGANISATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
const ORGANISATION_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.97");
const ORGANISATION_UNIT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.11");
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
/// Longest common name, organisation or identifier, in characters (X.520 ub-common-name = 64; the
/// identifier follows ETSI EN 319 412-1 and has no shorter bound).
const MAX_NAME_CHARS: usize = 64;
/// Last line of a PEM block.
const END: &str = "-----END CERTIFICATE-----";
/// Most X.509 certificates read from one file.
const MAX_BUNDLE: usize = 64;

/// Why bytes are not a usable X.509 certificate, or a subject cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum X509Error {
    /// No certificate where at least one was expected.
    #[error("no X.509 certificate found")]
    Absent,
    /// Not DER of an X.509 certificate.
    #[error("malformed X.509 certificate: {0}")]
    Malformed(#[from] der::Error),
    /// Longer than this program reads.
    #[error("X.509 certificate larger than {MAX_CERTIFICATE_BYTES} bytes")]
    TooLarge,
    /// Too many certificates in one file.
    #[error("more than {MAX_BUNDLE} X.509 certificates in one file")]
    TooMany,
    /// A field of a subject is empty, too long or has characters its type cannot hold.
    #[error("subject field {field} cannot be written: {why}")]
    Subject {
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// An instant before 1970 or after 9999.
    #[error("instant {0} cannot be written in an X.509 certificate")]
    Time(Timestamp),
}

/// Who a certificate is for. Country is always CN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Province, if it belongs to the name.
    pub province: Option<String>,
    /// Legal name of the organisation.
    pub organisation: String,
    /// Its unified social credit code, written as `NTRCN-<code>` (ETSI EN 319 412-1 §5.1.4: national
    /// trade register, country CN).
    pub organisation_code: Option<String>,
    /// What the certificate is called: the seal's name, the authority's name.
    pub common_name: String,
}

impl Subject {
    /// The distinguished name.
    pub fn to_name(&self) -> Result<Name, X509Error> {
        let code = self
            .organisation_code
            .as_ref()
            .map(|code| format!("NTRCN-{code}"));
        let text_fields = [
            ("ST", PROVINCE, self.province.as_deref()),
            ("O", ORGANISATION, Some(self.organisation.as_str())),
            ("organizationIdentifier", ORGANISATION_IDENTIFIER, code.as_deref()),
            ("CN", COMMON_NAME, Some(self.common_name.as_str())),
        ];

        let country = Any::new(Tag::PrintableString, PrintableStringRef::new("CN")?.as_bytes())?;
        let mut names = RdnSequence::default();
        names.push(one(COUNTRY, country)?);
        for (field, oid, text) in text_fields {
            let Some(text) = text else { continue };
            let count = text.chars().count();
            if count == 0 || count > MAX_NAME_CHARS || text.chars().any(char::is_control) {
                let why = format!("{count} characters; 1 to {MAX_NAME_CHARS} printable ones are allowed");
                return Err(X509Error::Subject { field, why });
            }
            let value = Any::new(Tag::Utf8String, Utf8StringRef::new(text)?.as_bytes())?;
            names.push(one(oid, value)?);
        }
        Ok(Name::from_der(&names.to_der()?)?)
    }
}

fn one(oid: ObjectIdentifier, value: Any) -> Result<RelativeDistinguishedName, X509Error> {
    Ok(RelativeDistinguishedName::try_from(vec![
        AttributeTypeAndValue { oid, value },
    ])?)
}

/// The same few certificates, of CAs and of an office's signers, come back with file after file: what their bytes say is
/// read once. Nothing is judged by that; and a certificate is found by its own bytes, of which only so many are kept.
static READ: Recent<Box<[u8]>, Arc<Certificate>> = Recent::new(256);
/// Longest certificate that is kept: most take one or two kilobytes.
const LONGEST_KEPT: usize = 4_096;

/// Reads one X.509 certificate, strictly DER, nothing behind it.
pub fn parse(der: &[u8]) -> Result<Arc<Certificate>, X509Error> {
    if let Some(known) = READ.get(der) {
        return Ok(known);
    }
    check_size(der)?;
    let parts = raw(der)?;
    check_name(parts.issuer)?;
    check_name(parts.subject)?;
    let certificate = Arc::new(Certificate::from_der(&readable(der)?)?);
    if der.len() <= LONGEST_KEPT {
        READ.keep(der.into(), Arc::clone(&certificate));
    }
    Ok(certificate)
}

/// Reads the subject of a certificate alone.
pub(crate) fn subject(der: &[u8]) -> Result<Name, X509Error> {
    check_size(der)?;
    Ok(name(raw(der)?.subject)?)
}

/// Reads a name as it stands in a certificate, or in what speaks of one.
pub(crate) fn name(der: &[u8]) -> der::Result<Name> {
    check_name(der)?;
    Name::from_der(&readable(der)?)
}

fn check_name(der: &[u8]) -> der::Result<()> {
    match der.len() {
        ..=MAX_NAME_BYTES => Ok(()),
        _ => Err(ErrorKind::Overlength.into()),
    }
}

fn check_size(der: &[u8]) -> Result<(), X509Error> {
    match der.len() {
        ..=MAX_CERTIFICATE_BYTES => Ok(()),
        _ => Err(X509Error::TooLarge),
    }
}

/// The parts of a certificate that other structures repeat byte for byte: whole elements, as encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawParts<'a> {
    /// INTEGER.
    pub serial: &'a [u8],
    /// Name of the issuer.
    pub issuer: &'a [u8],
    /// Name of the subject.
    pub subject: &'a [u8],
    /// SubjectPublicKeyInfo.
    pub public_key_info: &'a [u8],
}

/// Cuts those parts out of the DER of a certificate.
pub fn raw(der: &[u8]) -> Result<RawParts<'_>, X509Error> {
    let mut reader = SliceReader::new(der)?;
    let parts = reader.sequence(|certificate| {
        let parts = certificate.sequence(|tbs| {
            if Tag::peek(tbs)?.is_context_specific() {
                tbs.tlv_bytes()?; // version
            }
            let serial = tbs.tlv_bytes()?;
            Header::peek(&SliceReader::new(serial)?)?
                .tag()
                .assert_eq(Tag::Integer)?;
            tbs.tlv_bytes()?; // signature algorithm
            let issuer = tbs.tlv_bytes()?;
            tbs.tlv_bytes()?; // validity
            let subject = tbs.tlv_bytes()?;
            let public_key_info = tbs.tlv_bytes()?;
            tbs.read_slice(tbs.remaining_len())?;
            Ok::<_, der::Error>(RawParts {
                serial,
                issuer,
                subject,
                public_key_info,
            })
        })?;
        certificate.read_slice(certificate.remaining_len())?;
        Ok::<_, der::Error>(parts)
    })?;
    reader.finish()?;
    Ok(parts)
}

/// What is signed of a certificate, cut out of its DER.
pub fn to_be_signed(der: &[u8]) -> Result<&[u8], X509Error> {
    let mut reader = SliceReader::new(der)?;
    let content = reader.sequence(|certificate| {
        let content = certificate.tlv_bytes()?;
        certificate.read_slice(certificate.remaining_len())?;
        Ok::<_, der::Error>(content)
    })?;
    reader.finish()?;
    Ok(content)
}

/// Reads PEM (one or more) or DER (one) X.509 certificates; gives DER, in order, at least one.
pub fn parse_bundle(bytes: &[u8]) -> Result<Vec<Vec<u8>>, X509Error> {
    if bytes.first() == Some(&0x30) {
        parse(bytes)?;
        return Ok(vec![bytes.to_vec()]);
    }
    let text = str::from_utf8(bytes).map_err(|_| X509Error::Absent)?;
    let mut found = Vec::new();
    // Text before, between and after the blocks is allowed (RFC 7468 §5.2).
    for block in text.split("-----BEGIN CERTIFICATE-----").skip(1) {
        if found.len() == MAX_BUNDLE {
            return Err(X509Error::TooMany);
        }
        let body = block.split(END).next().unwrap_or_default();
        let pem = format!("-----BEGIN CERTIFICATE-----{}\n{END}\n", body.trim_end());
        let (_, document) = der::Document::from_pem(&pem)?;
        parse(document.as_bytes())?;
        found.push(document.into_vec());
    }
    if found.is_empty() {
        return Err(X509Error::Absent);
    }
    Ok(found)
}

/// SHA-256 of the DER: how a certificate is named in seals, lists and logs.
pub fn fingerprint(der: &[u8]) -> [u8; 32] {
    sha256(der)
}

/// SubjectPublicKeyInfo of a certificate, as it stands in its DER. What is decoded may hold stand-ins for object
/// identifiers, and is no key to compare or to verify with.
pub fn public_key_info(der: &[u8]) -> Result<&[u8], X509Error> {
    Ok(raw(der)?.public_key_info)
}

/// Whether it is a CA's.
pub fn is_authority(certificate: &Certificate) -> bool {
    certificate
        .tbs_certificate()
        .get_extension::<BasicConstraints>()
        .is_ok_and(|constraints| constraints.is_some_and(|(_, constraints)| constraints.ca))
}

/// A certificate's subject for people: `CN=…, O=…, organizationIdentifier=…, C=CN`, nearest first.
pub fn subject_text(certificate: &Certificate) -> String {
    name_text(certificate.tbs_certificate().subject())
}

/// A distinguished name for people, the most specific part first (as RFC 4514 orders it), cut where it is too long
/// to be shown.
pub fn name_text(name: &Name) -> String {
    let mut parts: Vec<String> = name.iter().map(attribute_text).collect();
    parts.reverse();
    visible_start(parts.join(", "), MAX_NAME_TEXT)
}

/// A name as it is compared (RFC 5280 §7.1): each of its parts without regard to the kind of string, to upper and
/// lower case, and to how many blanks there are.
pub fn canonical(name: &Name) -> Vec<Vec<u8>> {
    let attribute = |attribute: &AttributeTypeAndValue| {
        // The kind's length before it, so that no kind and value look like another kind and value.
        let kind = attribute.oid.as_bytes();
        let mut bytes = [&kind.len().to_be_bytes(), kind].concat();
        match text_of(&attribute.value) {
            Some(text) => {
                let words: Vec<&str> = text.split_whitespace().collect();
                bytes.push(0);
                bytes.extend(words.join(" ").to_lowercase().into_bytes());
            }
            None => bytes.extend(attribute.value.to_der().unwrap_or_default()),
        }
        bytes
    };
    let part = |part: &RelativeDistinguishedName| {
        let mut attributes: Vec<Vec<u8>> = part.iter().map(attribute).collect();
        attributes.sort();
        let joined = attributes.iter().flat_map(|one| {
            let length = u32::try_from(one.len()).unwrap_or(u32::MAX);
            length.to_be_bytes().into_iter().chain(one.iter().copied())
        });
        joined.collect()
    };
    name.iter_rdn().map(part).collect()
}

/// A string of any kind that names are written in.
pub(crate) fn text_of(value: &Any) -> Option<String> {
    let bytes = value.value();
    match value.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::VisibleString => {
            String::from_utf8(bytes.to_vec()).ok()
        }
        // As everybody does, though the standard has another character set.
        Tag::TeletexString => Some(bytes.iter().map(|byte| char::from(*byte)).collect()),
        Tag::BmpString => {
            let units = bytes.chunks(2).map(|pair| match pair {
                [high, low] => Some(u16::from_be_bytes([*high, *low])),
                _ => None,
            });
            String::from_utf16(&units.collect::<Option<Vec<u16>>>()?).ok()
        }
        _ => None,
    }
}

fn attribute_text(attribute: &AttributeTypeAndValue) -> String {
    let label = match attribute.oid {
        COMMON_NAME => "CN",
        COUNTRY => "C",
        ORGANISATION => "O",
        ORGANISATION_UNIT => "OU",
        PROVINCE => "ST",
        // RFC 4514 knows no short name for it.
        ORGANISATION_IDENTIFIER => "organizationIdentifier",
        _ => return attribute.to_string(),
    };
    match text_of(&attribute.value) {
        Some(text) => format!("{label}={}", escaped(&text)),
        None => attribute.to_string(),
    }
}

/// A value as it stands in the text of a name, so that nothing in it looks like the next part (RFC 4514 §2.4).
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let last = text.len().saturating_sub(1);
    for (at, ch) in text.char_indices() {
        match ch {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => out.extend(['\\', ch]),
            '#' if at == 0 => out.push_str("\\#"),
            ' ' if at == 0 || at == last => out.push_str("\\ "),
            _ => out.push(ch),
        }
    }
    out
}

/// The first common name in the text of a name; all of the text where there is none.
pub(crate) fn common_name(text: &str) -> Cow<'_, str> {
    let mut rest = text;
    while !rest.is_empty() {
        // A part ends at a comma that is not escaped.
        let mut is_escaped = false;
        let end = rest.find(|ch| {
            let ends = ch == ',' && !is_escaped;
            is_escaped = ch == '\\' && !is_escaped;
            ends
        });
        let (part, behind) = rest.split_at(end.unwrap_or(rest.len()));
        match part.strip_prefix("CN=") {
            Some(value) if !value.is_empty() => return unescaped(value),
            _ => rest = behind.trim_start_matches([',', ' ']),
        }
    }
    Cow::Borrowed(text)
}

fn unescaped(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return Cow::Borrowed(value);
    }
    let mut is_escaped = false;
    let kept = value.chars().filter(|ch| {
        is_escaped = *ch == '\\' && !is_escaped;
        !is_escaped
    });
    Cow::Owned(kept.collect())
}

/// First and last instant of a certificate's validity; one before 1970 counts as its beginning.
pub fn validity(certificate: &Certificate) -> (Timestamp, Timestamp) {
    let validity = certificate.tbs_certificate().validity();
    (
        to_timestamp(validity.not_before),
        to_timestamp(validity.not_after),
    )
}

/// An X.509 instant as ours. Every instant that can be decoded (1970 to 9999) fits.
pub fn to_timestamp(time: Time) -> Timestamp {
    let seconds = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}

/// Our instant as X.509 writes it: UTCTime through 2049, GeneralizedTime from 2050 (RFC 5280
/// §4.1.2.5), whole seconds.
pub fn to_time(instant: Timestamp) -> Result<Time, X509Error> {
    let seconds = u64::try_from(instant.as_second()).map_err(|_| X509Error::Time(instant))?;
    DateTime::from_unix_duration(std::time::Duration::from_secs(seconds))
        .map(Time::from)
        .map_err(|_| X509Error::Time(instant))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn instants_change_their_type_in_2050() {
        let encode = |text: &str| to_time(text.parse().unwrap()).unwrap().to_der().unwrap();
        assert_eq!(encode("2049-12-31T23:59:59Z"), b"\x17\x0d491231235959Z");
        assert_eq!(encode("2050-01-01T00:00:00Z"), b"\x18\x0f20500101000000Z");
        assert!(to_time("1969-12-31T23:59:59Z".parse().unwrap()).is_err());
        let instant: Timestamp = "2077-07-01T08:00:00Z".parse().unwrap();
        assert_eq!(to_timestamp(to_time(instant).unwrap()), instant);
    }

    #[test]
    fn names_are_compared_by_kind_and_value() {
        let name = |kind: &str, text: &str| {
            let kind = ObjectIdentifier::new(kind).unwrap();
            let value = Any::new(Tag::Utf8String, text.as_bytes()).unwrap();
            let mut names = RdnSequence::default();
            names.push(one(kind, value).unwrap());
            canonical(&Name::from_der(&names.to_der().unwrap()).unwrap())
        };
        assert_eq!(name("2.5.4.3", "Some  Office"), name("2.5.4.3", "some office"));
        assert_ne!(name("2.5.4.3", "office"), name("2.5.4.10", "office"));
        // A kind that begins with the other, and a value that goes on like it.
        assert_ne!(name("2.5.4.3", "\0office"), name("2.5.4.3.0", "office"));
    }

    #[test]
    fn names_are_written_as_the_library_writes_them() {
        let texts = [
            "某局",
            "Root 1",
            "a,b",
            "#x",
            " x",
            "x ",
            "",
            "R1",
            "*",
            "It's (a) b-c.",
            "\"<a>\"; b\\",
        ];
        for oid in [COMMON_NAME, COUNTRY, ORGANISATION, ORGANISATION_UNIT, PROVINCE] {
            for text in texts {
                let value = Any::new(Tag::Utf8String, text.as_bytes()).unwrap();
                let attribute = AttributeTypeAndValue { oid, value };
                assert_eq!(attribute_text(&attribute), attribute.to_string(), "{text:?}");
            }
            // Where the library knows the kind of string, and not every kind holds every character.
            for (tag, text) in [Tag::PrintableString, Tag::Ia5String, Tag::TeletexString]
                .into_iter()
                .flat_map(|tag| ["Root 1", "a,b", " x", "x ", "", "It's (a) b-c."].map(|text| (tag, text)))
            {
                let value = Any::new(tag, text.as_bytes()).unwrap();
                let attribute = AttributeTypeAndValue { oid, value };
                assert_eq!(
                    attribute_text(&attribute),
                    attribute.to_string(),
                    "{tag} {text:?}"
                );
            }
        }
    }

    /// Who may choose some part of a name does not choose the whole.
    #[test]
    fn a_common_name_is_no_part_of_another() {
        let named = |parts: &[(ObjectIdentifier, &str)]| {
            let mut names = RdnSequence::default();
            for (oid, text) in parts {
                let value = Any::new(Tag::Utf8String, text.as_bytes()).unwrap();
                names.push(one(*oid, value).unwrap());
            }
            name_text(&Name::from_der(&names.to_der().unwrap()).unwrap())
        };
        for lie in [
            "x, CN=国务院",
            "x\\, CN=国务院",
            "x\\",
            ", CN=国务院",
            "CN=国务院",
        ] {
            for oid in [
                COUNTRY,
                ORGANISATION,
                ORGANISATION_IDENTIFIER,
                ORGANISATION_UNIT,
                PROVINCE,
            ] {
                let text = named(&[(COMMON_NAME, "某人"), (oid, lie)]);
                assert_eq!(common_name(&text), "某人", "{text}");
                let text = named(&[(oid, lie)]);
                assert_eq!(common_name(&text), text);
            }
            let text = named(&[(ORGANISATION, "某局"), (COMMON_NAME, lie)]);
            assert_eq!(common_name(&text), lie, "{text}");
        }
        assert_eq!(named(&[(COMMON_NAME, "a\u{202e}b\n")]), "CN=a\u{fffd}b\u{fffd}");
    }

    #[test]
    fn names_too_long_to_be_shown_are_cut() {
        let shown = |length: usize| {
            let value = Any::new(Tag::Utf8String, "章".repeat(length).as_bytes()).unwrap();
            let mut names = RdnSequence::default();
            names.push(one(COMMON_NAME, value).unwrap());
            name_text(&Name::from_der(&names.to_der().unwrap()).unwrap())
        };
        assert_eq!(shown(MAX_NAME_TEXT - 3).chars().count(), MAX_NAME_TEXT);
        let cut = shown(20_000);
        assert_eq!(cut.chars().count(), MAX_NAME_TEXT + 1);
        assert!(cut.ends_with("章…"));
    }

    #[test]
    fn subjects_hold_chinese_and_the_credit_code() {
        let subject = Subject {
            province: None,
            organisation: "某市某区市场监督管理局".to_owned(),
            organisation_code: Some("11410000MB0000000X".to_owned()),
            common_name: "某市某区市场监督管理局行政审批专用章".to_owned(),
        };
        let name = subject.to_name().unwrap();
        assert_eq!(name.len(), 4);
        assert_eq!(
            name_text(&name),
            "CN=某市某区市场监督管理局行政审批专用章, \
             organizationIdentifier=NTRCN-11410000MB0000000X, O=某市某区市场监督管理局, C=CN"
        );

        let long = Subject {
            common_name: "章".repeat(65),
            ..subject.clone()
        };
        assert!(matches!(
            long.to_name(),
            Err(X509Error::Subject { field: "CN", .. })
        ));
        let empty = Subject {
            organisation: String::new(),
            ..subject
        };
        assert!(matches!(
            empty.to_name(),
            Err(X509Error::Subject { field: "O", .. })
        ));
    }
}
