//! What strangers' certificates consist of, looked at before any of it is decoded.
//!
//! Decoding makes hundreds of bytes of memory of an element that takes nine in the file, so elements are counted
//! first. And `const_oid` has no room for some object identifiers that anybody may give: those with a number above 32
//! bits (2.25 has 128) or of more than 39 bytes. Where nobody has to know what they stand for, in an extension that
//! is not critical or in a name, they are no fault (RFC 5280 §4.2). So a copy is decoded in which each has a stand-in,
//! made of its digest: different ones stay different, and none is one that is known here. Nor has `der` instants before
//! 1970, which UTCTime has from 1950 on (§4.1.2.5.1); who wants no beginning writes such a one. Its stand-in is the first
//! instant of 1970: nothing is judged for any before. What is signed, hashed or compared byte for byte is taken from the
//! original.

use std::borrow::Cow;

use const_oid::{AssociatedOid as _, ObjectIdentifier};
use der::{
    Decode as _, DecodeValue as _, Encode as _, ErrorKind, Header, Length, Reader as _, SliceReader, Tag,
    TagNumber, asn1::UtcTime,
};
use x509_cert::ext::pkix::{
    AuthorityInfoAccessSyntax, AuthorityKeyIdentifier, CrlDistributionPoints, NameConstraints, SubjectAltName,
};

use crate::{
    crypto::{any_oid::is_well_formed, sha256},
    limits::{MAX_EXTENSION_PARTS, MAX_OCSP_PARTS, MAX_X509_DEPTH, MAX_X509_PARTS},
};

/// Arc of the stand-ins, as encoded: 1.3.6.1.4.1.32473, which is for documentation (RFC 5612). What stands there in
/// earnest gets a stand-in as well, so that nothing can be mistaken for one.
const DOCUMENTATION: &[u8] = b"\x2b\x06\x01\x04\x01\x81\xfd\x59";

/// Extensions that hold names. The others are decoded without their object identifiers, or by
/// [`AnyOid`](crate::crypto::AnyOid), which has to see the original.
const WITH_NAMES: [ObjectIdentifier; 5] = [
    AuthorityInfoAccessSyntax::OID,
    AuthorityKeyIdentifier::OID,
    CrlDistributionPoints::OID,
    NameConstraints::OID,
    SubjectAltName::OID,
];

/// A certificate or a name as it can be decoded: as it is, or with stand-ins. Refused where it is not DER throughout,
/// or has too many elements.
pub(crate) fn readable(der: &[u8]) -> der::Result<Cow<'_, [u8]>> {
    walk(der, false, MAX_X509_PARTS)
}

/// The same for what extensions hold: kinds of `GeneralName`.
pub(crate) fn readable_names(der: &[u8]) -> der::Result<Cow<'_, [u8]>> {
    walk(der, true, MAX_EXTENSION_PARTS)
}

/// The same for the answers of an OCSP responder.
pub(crate) fn readable_answer(der: &[u8]) -> der::Result<Cow<'_, [u8]>> {
    walk(der, false, MAX_OCSP_PARTS)
}

fn walk(der: &[u8], of_names: bool, left: usize) -> der::Result<Cow<'_, [u8]>> {
    let rewritten = Walk { of_names, left }.all(der, MAX_X509_DEPTH)?;
    Ok(rewritten.map_or(der.into(), Cow::Owned))
}

struct Walk {
    /// Whether `[8]` is a name of the kind `registeredID`, an object identifier.
    of_names: bool,
    left: usize,
}

impl Walk {
    /// The elements up to the end; rewritten, where something in them was.
    fn all(&mut self, content: &[u8], depth: usize) -> der::Result<Option<Vec<u8>>> {
        let mut reader = SliceReader::new(content)?;
        let mut rewritten: Option<Vec<u8>> = None;
        // The first element, where it is an object identifier: an extension's kind.
        let mut kind = None;
        while !reader.is_finished() {
            self.left = self.left.checked_sub(1).ok_or(ErrorKind::Overlength)?;
            let start = usize::try_from(reader.position())?;
            let header = Header::decode(&mut reader)?;
            let value = reader.read_slice(header.length())?;
            let end = usize::try_from(reader.position())?;
            let changed = match header.tag() {
                Tag::ObjectIdentifier => stand_in(value),
                Tag::UtcTime => begun_in_1970(value),
                Tag::ContextSpecific {
                    constructed: false,
                    number: TagNumber(8),
                } if self.of_names => stand_in(value),
                Tag::OctetString if WITH_NAMES.iter().any(|one| kind == Some(one.as_bytes())) => {
                    in_extension(value)?
                }
                tag if tag.is_constructed() => {
                    let depth = depth.checked_sub(1).ok_or(ErrorKind::Overlength)?;
                    self.all(value, depth)?
                }
                _ => None,
            };
            if start == 0 && header.tag() == Tag::ObjectIdentifier {
                kind = Some(value);
            }
            match (changed, &mut rewritten) {
                (None, None) => {}
                (None, Some(rewritten)) => {
                    rewritten.extend_from_slice(content.get(start..end).unwrap_or_default());
                }
                (Some(changed), _) => {
                    let before = || content.get(..start).unwrap_or_default().to_vec();
                    let rewritten = rewritten.get_or_insert_with(before);
                    Header::new(header.tag(), Length::try_from(changed.len())?).encode_to_vec(rewritten)?;
                    rewritten.extend(changed);
                }
            }
        }
        Ok(rewritten)
    }
}

/// What is broken in an extension is for whoever decodes it to say.
fn in_extension(value: &[u8]) -> der::Result<Option<Vec<u8>>> {
    match readable_names(value) {
        Ok(Cow::Owned(changed)) => Ok(Some(changed)),
        Err(error) if error.kind() == ErrorKind::Overlength => Err(error),
        Ok(Cow::Borrowed(_)) | Err(_) => Ok(None),
    }
}

/// In place of an object identifier that cannot be decoded; none for one that can, or is none at all.
fn stand_in(content: &[u8]) -> Option<Vec<u8>> {
    let is_known = ObjectIdentifier::from_bytes(content).is_ok() && !content.starts_with(DOCUMENTATION);
    if is_known || !is_well_formed(content) {
        return None;
    }
    let room = ObjectIdentifier::MAX_SIZE - DOCUMENTATION.len();
    let digest = sha256(content);
    let numbers = digest.iter().take(room).map(|byte| byte & 0x7f);
    Some(DOCUMENTATION.iter().copied().chain(numbers).collect())
}

/// In place of an instant of 1950 to 1969; none for any other, or for what is no instant at all.
fn begun_in_1970(content: &[u8]) -> Option<Vec<u8>> {
    let (decade @ b'5'..=b'6', rest) = content.split_first()? else {
        return None;
    };
    // The calendar repeats itself after 28 years: the same date exists then, or does not.
    let year = (decade - b'0') * 10 + rest.first()?.checked_sub(b'0').filter(|digit| *digit < 10)? + 28;
    let same_date = [&[b'0' + year / 10, b'0' + year % 10], rest.get(1..)?].concat();
    let header = Header::new(Tag::UtcTime, Length::try_from(same_date.len()).ok()?);
    let exists = UtcTime::decode_value(&mut SliceReader::new(&same_date).ok()?, header).is_ok();
    exists.then(|| b"700101000000Z".to_vec())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use der::{Any, Encode as _};
    use x509_cert::{
        ext::{Extensions, pkix::name::GeneralName},
        name::Name,
    };

    use super::*;
    use crate::{crypto::x509, limits::MAX_CERTIFICATE_BYTES};

    const UUID: &str = "2.25.329800735698586629295641978511506172918";

    fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let content = parts.concat();
        let any = Any::new(Tag::Sequence, content).unwrap().to_der().unwrap();
        [&[tag], &any[1..]].concat()
    }

    fn oid(text: &str) -> Vec<u8> {
        text.parse::<crate::crypto::AnyOid>().unwrap().to_der().unwrap()
    }

    fn name(kind: &[u8]) -> Vec<u8> {
        let attribute = element(0x30, &[kind, b"\x0c\x01x"]);
        element(0x30, &[&element(0x31, &[&attribute])])
    }

    #[test]
    fn kinds_without_room_get_stand_ins_that_differ_as_they_do() {
        let plain = name(b"\x06\x03\x55\x04\x03");
        assert!(matches!(readable(&plain).unwrap(), Cow::Borrowed(same) if same == plain));

        let mut others = vec![
            oid(UUID),
            oid("2.25.1234567890123"),
            oid("1.3.6.1.4.1.32473.1"),
            oid("2.999.1"),
        ];
        others.push(element(6, &[b"\x69", &[0x81; 60], b"\x01"]));
        others.push(element(6, &[b"\x69", &[0x81; 60], b"\x02"]));
        // Whoever writes a stand-in himself gets another.
        let copy = readable(&others[0]).unwrap().into_owned();
        others.push(copy);
        let mut found = std::collections::BTreeSet::new();
        for kind in &others {
            let name = name(kind);
            let readable = readable(&name).unwrap();
            let read = Name::from_der(&readable).unwrap();
            assert!(found.insert(x509::canonical(&read)), "{kind:02x?}");
        }
        // No number may be padded, or cut off, all the same.
        for broken in [&b"\x06\x03\x69\x80\x01"[..], b"\x06\x02\x69\x81"] {
            assert!(matches!(readable(broken).unwrap(), Cow::Borrowed(_)));
        }
    }

    #[test]
    fn instants_before_1970_are_its_beginning_where_they_exist() {
        let instant = |text: &str| element(0x17, &[text.as_bytes()]);
        let read = |text: &str| {
            let der = instant(text);
            let time = x509_cert::time::Time::from_der(&readable(&der).unwrap());
            time.map(|time| x509::to_timestamp(time).to_string())
        };
        for (text, read_as) in [
            ("500101120000Z", "1970-01-01T00:00:00Z"),
            ("680229000000Z", "1970-01-01T00:00:00Z"),
            ("691231235959Z", "1970-01-01T00:00:00Z"),
            ("700102000000Z", "1970-01-02T00:00:00Z"),
            ("490101000000Z", "2049-01-01T00:00:00Z"),
        ] {
            assert_eq!(read(text).unwrap(), read_as, "{text}");
        }
        for none in [
            "",
            "5",
            "6x0101000000Z",
            "670229000000Z",
            "500101240000Z",
            "5001010000Z",
            "500101120000Z0",
            "500101120000+0100",
        ] {
            let der = instant(none);
            assert!(matches!(readable(&der).unwrap(), Cow::Borrowed(_)), "{none}");
            assert!(read(none).is_err(), "{none}");
        }
    }

    #[test]
    fn names_in_extensions_are_looked_into_and_nothing_else_there() {
        let other = element(0xa0, &[&oid(UUID), &element(0xa0, &[b"\x0c\x01x"])]);
        let registered = element(0x88, &[&oid(UUID)[2..]]);
        let names = element(0x30, &[&other, &registered]);
        let extension = |kind: &[u8], value: &[u8]| element(0x30, &[kind, &element(4, &[value])]);
        let of = |kind: &[u8], value: &[u8]| element(0x30, &[&extension(kind, value)]);

        let alternative = of(&oid("2.5.29.17"), &names);
        let read = Extensions::from_der(&readable(&alternative).unwrap()).unwrap();
        let read = Vec::<GeneralName>::from_der(read[0].extn_value.as_bytes()).unwrap();
        assert!(matches!(
            &read[..],
            [GeneralName::OtherName(_), GeneralName::RegisteredId(_)]
        ));
        // The policies of a certificate are compared as they stand.
        let policies = of(
            &oid("2.5.29.32"),
            &element(0x30, &[&element(0x30, &[&oid(UUID)])]),
        );
        assert!(matches!(readable(&policies).unwrap(), Cow::Borrowed(_)));
        // What is no DER there is its reader's to refuse.
        let broken = of(&oid("2.5.29.17"), b"\x30\x05\x06");
        assert!(matches!(readable(&broken).unwrap(), Cow::Borrowed(_)));
    }

    #[test]
    fn elements_are_counted_before_they_are_decoded() {
        let too_many = |der: &[u8]| readable(der).is_err_and(|error| error.kind() == ErrorKind::Overlength);
        let nulls = |count| element(0x30, &[&[5, 0].repeat(count)]);
        assert!(readable(&nulls(MAX_X509_PARTS - 1)).is_ok());
        assert!(too_many(&nulls(MAX_X509_PARTS)));

        let alternative = |count| {
            let names = element(0x30, &[&[0x82, 0].repeat(count)]);
            element(0x30, &[&oid("2.5.29.17"), &element(4, &[&names])])
        };
        assert!(readable(&alternative(MAX_EXTENSION_PARTS - 1)).is_ok());
        assert!(too_many(&alternative(MAX_EXTENSION_PARTS)));

        let mut deep = vec![5, 0];
        for _ in 0..MAX_X509_DEPTH {
            deep = element(0x30, &[&deep]);
        }
        assert!(readable(&deep).is_ok());
        assert!(too_many(&element(0x30, &[&deep])));
    }

    #[test]
    fn certificates_of_many_parts_or_bytes_are_refused() {
        let certificate = |subject: &[u8]| {
            let empty = [0x30, 0];
            let parts = [b"\x02\x01\x01", &empty[..], &empty, &empty, subject, &empty];
            element(0x30, &[&element(0x30, &parts), &empty])
        };
        let attribute = element(0x31, &[&element(0x30, &[b"\x06\x03\x55\x04\x03", b"\x0c\x00"])]);
        let subject = |parts| x509::subject(&certificate(&element(0x30, &[&attribute.repeat(parts)])));
        assert_eq!(subject(3).unwrap().len(), 3);
        assert!(matches!(subject(1_000), Err(x509::X509Error::Malformed(_))));
        assert!(matches!(subject(10_000), Err(x509::X509Error::TooLarge)));
        assert!(matches!(
            x509::parse(&vec![0x30; MAX_CERTIFICATE_BYTES + 1]),
            Err(x509::X509Error::TooLarge)
        ));
    }
}
