//! Keys, certificates and CMS of the attackers and of those they attack, written byte by byte: an attack
//! on the syntax cannot be made with a library that writes good syntax. All of it is the same in every run.

use certseal_core::crypto::DigestAlgorithm;
use p256::ecdsa::{Signature, SigningKey, signature::hazmat::PrehashSigner as _};
use rsa::{BoxedUint, RsaPublicKey, hazmat::rsa_encrypt};

/// The one RSA key of the tests: it never signed anything else, and nobody trusts it.
const RSA_MODULUS: &str = "f3d1ab79786fd3202d90b973f745bf3a566332101d24623695572018a2990f93c2fba28bb7115546c6\
    ac5cc993d765c799e3d076f6480d95b57eb4498057e0d59b797d7c44f6064a31e4801fc3a924efaf9c1945e5c792013d222592e7\
    a8929abfe6424f46ddac098253a8fc18a94b844a17dc4e77e86c3766cbc03d97d26591f17b89bc8ce73dc7bb7809109b529c0624\
    02592d21fe1051fdae6b1afccac6f287838fbb62ec861b3a26e5158c26047ed959968ba9ff638ef59814fb8ebe4d305ce94e5da4\
    30e1c2933d00d30db6f474f539eafad82b4e9d73ac1c2aa7a47d0844cb45f941eddf837a0df2f4df3167ff077c8394e35905c9e4\
    a6e71558dfb70b";
const RSA_SECRET: &str = "245b3468302c448812234d74070025cbf6210e7b014d713e55b5cb246bed1f8f2ca39c6646f85505f10\
    eb73b4649f7c99e9f2e1b94626ec6cf17189d092a916d134f8cb04b66d5789a1df4ce47bd0b5e98df519419a250eed1b080cd24b1\
    54985cb0620788e2a45f8ff3c249425d797ee8142216aaa1eeae5d8158fb6b8dc4f53150390c26714ea2d036f5f98b48f305ea615\
    7fc3efe334c0d826021ef7607fc59512c64aad4a9abf3c2f24a0e012b86439d212da7e4fe4893fd2f8008aae55124814102373233\
    50cf7f1ad4d480975f9b51ab7d602cad67c97031a617396f3cfd2e91abb16990305b1e8f374ea8ac0f50d5557b7f13114bab61282\
    8cc5ffdf9";
const RSA_LENGTH: usize = 256;

pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
pub(super) const OCTETS: u8 = 0x04;

/// One element of DER.
pub(super) fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut out = vec![tag];
    match u8::try_from(content.len()) {
        Ok(length) if length < 0x80 => out.push(length),
        _ => {
            let length = content.len().to_be_bytes();
            let used: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
            out.push(0x80 | u8::try_from(used.len()).expect("a length has eight octets"));
            out.extend(used);
        }
    }
    out.extend(content);
    out
}

/// An object identifier from its numbers.
pub(super) fn oid(dotted: &str) -> Vec<u8> {
    let arcs: Vec<u32> = dotted
        .split('.')
        .map(|arc| arc.parse().expect("an arc is a number"))
        .collect();
    let mut content = Vec::new();
    let first = arcs[0] * 40 + arcs[1];
    for arc in std::iter::once(first).chain(arcs[2..].iter().copied()) {
        let groups = (1..5).rev().map(|group| arc >> (7 * group));
        let more = groups.filter(|rest| *rest != 0);
        content.extend(more.map(|rest| 0x80 | (rest & 0x7f) as u8));
        content.push((arc & 0x7f) as u8);
    }
    tlv(0x06, &[&content])
}

fn algorithm(dotted: &str, with_null: bool) -> Vec<u8> {
    let null: &[u8] = if with_null { &[0x05, 0x00] } else { &[] };
    tlv(SEQUENCE, &[&oid(dotted), null])
}

pub(super) fn digest_identifier(digest: DigestAlgorithm) -> Vec<u8> {
    algorithm(
        match digest {
            DigestAlgorithm::Md5 => "1.2.840.113549.2.5",
            DigestAlgorithm::Sha1 => "1.3.14.3.2.26",
            DigestAlgorithm::Sha512 => "2.16.840.1.101.3.4.2.3",
            _ => "2.16.840.1.101.3.4.2.1",
        },
        true,
    )
}

/// A key that signs.
#[derive(Debug, Clone)]
pub(super) enum Key {
    P256(Box<SigningKey>),
    Rsa,
}

impl Key {
    /// The same name gives the same key.
    pub(super) fn p256(name: &str) -> Key {
        let secret = DigestAlgorithm::Sha256.digest(name.as_bytes());
        Key::P256(Box::new(
            SigningKey::from_slice(&secret).expect("a digest is a scalar"),
        ))
    }

    fn public_info(&self) -> Vec<u8> {
        match self {
            Key::P256(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                let algorithm = tlv(
                    SEQUENCE,
                    &[&oid("1.2.840.10045.2.1"), &oid("1.2.840.10045.3.1.7")],
                );
                tlv(SEQUENCE, &[&algorithm, &tlv(0x03, &[&[0], point.as_bytes()])])
            }
            Key::Rsa => {
                let modulus = hex::decode(RSA_MODULUS).expect("hexadecimal digits");
                let key = tlv(
                    SEQUENCE,
                    &[&tlv(0x02, &[&[0], &modulus]), &tlv(0x02, &[&[1, 0, 1]])],
                );
                let algorithm = algorithm("1.2.840.113549.1.1.1", true);
                tlv(SEQUENCE, &[&algorithm, &tlv(0x03, &[&[0], &key])])
            }
        }
    }

    /// What it calls its signatures over a digest.
    pub(super) fn identifier(&self, digest: DigestAlgorithm) -> Vec<u8> {
        match (self, digest) {
            (Key::P256(_), DigestAlgorithm::Sha1) => algorithm("1.2.840.10045.4.1", false),
            (Key::P256(_), DigestAlgorithm::Sha512) => algorithm("1.2.840.10045.4.3.4", false),
            (Key::P256(_), _) => algorithm("1.2.840.10045.4.3.2", false),
            (Key::Rsa, _) => algorithm("1.2.840.113549.1.1.1", true),
        }
    }

    pub(super) fn sign(&self, digest: DigestAlgorithm, message: &[u8]) -> Vec<u8> {
        let hash = digest.digest(message);
        match self {
            Key::P256(key) => {
                let signature: Signature = key.sign_prehash(&hash).expect("a digest can be signed");
                signature.to_der().as_bytes().to_vec()
            }
            Key::Rsa => rsa(&padded(&digest_info(digest, &hash), RSA_LENGTH)),
        }
    }
}

/// DigestInfo (RFC 8017 §9.2).
pub(super) fn digest_info(digest: DigestAlgorithm, hash: &[u8]) -> Vec<u8> {
    tlv(SEQUENCE, &[&digest_identifier(digest), &tlv(OCTETS, &[hash])])
}

/// EMSA-PKCS1-v1_5, filled up to `length` octets.
pub(super) fn padded(info: &[u8], length: usize) -> Vec<u8> {
    let fill = vec![0xff; length - 3 - info.len()];
    [&[0, 1], &fill[..], &[0], info].concat()
}

/// The private operation on a whole block of ours.
pub(super) fn rsa(block: &[u8]) -> Vec<u8> {
    let number = |hex: &str| BoxedUint::from_be_slice_vartime(&hex::decode(hex).expect("hexadecimal digits"));
    // Raising to the secret exponent is the same operation as raising to the public one.
    let secret = format!("{RSA_SECRET:0>512}");
    let key = RsaPublicKey::new_unchecked(number(RSA_MODULUS), number(&secret));
    let message = BoxedUint::from_be_slice(block, 8 * RSA_LENGTH as u32).expect("a block fits");
    let value = rsa_encrypt(&key, &message).expect("a block is below the modulus");
    let value = value.to_be_bytes();
    value[value.len() - RSA_LENGTH..].to_vec()
}

/// Somebody with a key and a certificate.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    pub(super) key: Key,
    pub(super) certificate: Vec<u8>,
    pub(super) name: Vec<u8>,
    pub(super) serial: Vec<u8>,
}

/// What a certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Authority,
    Signing,
    Stamping,
}

fn name(text: &str) -> Vec<u8> {
    let part = |kind: &str, text: &str| {
        let attribute = tlv(SEQUENCE, &[&oid(kind), &tlv(0x0c, &[text.as_bytes()])]);
        tlv(SET, &[&attribute])
    };
    tlv(
        SEQUENCE,
        &[&part("2.5.4.10", "Certseal attack tests"), &part("2.5.4.3", text)],
    )
}

impl Identity {
    /// `issuer`: none where it issues its own.
    pub(super) fn new(
        common: &str,
        serial: u8,
        key: Key,
        purpose: Purpose,
        issuer: Option<&Identity>,
    ) -> Self {
        let (own, serial) = (name(common), tlv(0x02, &[&[serial]]));
        let (issuer_name, issuer_key) = issuer.map_or((&own, &key), |issuer| (&issuer.name, &issuer.key));
        let time = |text: &str| tlv(0x17, &[text.as_bytes()]);
        let extension = |kind: &str, value: &[u8]| {
            let critical = [0x01, 0x01, 0xff];
            tlv(SEQUENCE, &[&oid(kind), &critical, &tlv(OCTETS, &[value])])
        };
        let usage = match purpose {
            Purpose::Authority => [0x01, 0x06],
            Purpose::Signing | Purpose::Stamping => [0x06, 0xc0],
        };
        let mut extensions = extension("2.5.29.15", &tlv(0x03, &[&usage]));
        match purpose {
            Purpose::Authority => {
                let constraints = tlv(SEQUENCE, &[&[0x01, 0x01, 0xff]]);
                extensions.extend(extension("2.5.29.19", &constraints));
            }
            Purpose::Stamping => {
                let stamping = tlv(SEQUENCE, &[&oid("1.3.6.1.5.5.7.3.8")]);
                extensions.extend(extension("2.5.29.37", &stamping));
            }
            Purpose::Signing => {}
        }
        let signature_identifier = match issuer_key {
            Key::Rsa => algorithm("1.2.840.113549.1.1.11", true),
            Key::P256(_) => issuer_key.identifier(DigestAlgorithm::Sha256),
        };
        let certificate = tlv(
            SEQUENCE,
            &[
                &[0xa0, 0x03, 0x02, 0x01, 0x02],
                &serial,
                &signature_identifier,
                issuer_name,
                &tlv(SEQUENCE, &[&time("200101000000Z"), &time("491231235959Z")]),
                &own,
                &key.public_info(),
                &tlv(0xa3, &[&tlv(SEQUENCE, &[&extensions])]),
            ],
        );
        let value = issuer_key.sign(DigestAlgorithm::Sha256, &certificate);
        let certificate = tlv(
            SEQUENCE,
            &[&certificate, &signature_identifier, &tlv(0x03, &[&[0], &value])],
        );
        Identity {
            key,
            certificate,
            name: own,
            serial,
        }
    }

    /// A list of what it revoked: nothing.
    pub(super) fn revocation_list(&self) -> Vec<u8> {
        let time = |text: &str| tlv(0x17, &[text.as_bytes()]);
        let identifier = self.key.identifier(DigestAlgorithm::Sha256);
        let list = tlv(
            SEQUENCE,
            &[
                &[0x02, 0x01, 0x01],
                &identifier,
                &self.name,
                &time("260401000000Z"),
                &time("491231235959Z"),
            ],
        );
        let value = self.key.sign(DigestAlgorithm::Sha256, &list);
        tlv(SEQUENCE, &[&list, &identifier, &tlv(0x03, &[&[0], &value])])
    }
}

/// An authority and those it certified.
#[derive(Debug)]
pub(super) struct Pki {
    pub(super) root: Identity,
    /// The signer of the documents, with a key of each kind.
    pub(super) signer: Identity,
    pub(super) signer_rsa: Identity,
    /// Another certificate for the key of `signer`, by the same authority.
    pub(super) signer_again: Identity,
    /// Another signer whom the authority vouches for.
    pub(super) other: Identity,
    pub(super) stamper: Identity,
    /// Nobody vouches for this one.
    pub(super) mallory: Identity,
}

impl Pki {
    pub(super) fn new() -> Pki {
        use Purpose::{Authority, Signing, Stamping};
        let root = Identity::new("Root", 1, Key::p256("root"), Authority, None);
        let of = |name: &str, serial, key, purpose| Identity::new(name, serial, key, purpose, Some(&root));
        Pki {
            signer: of("Signer", 2, Key::p256("signer"), Signing),
            signer_rsa: of("Signer", 3, Key::Rsa, Signing),
            signer_again: of("Signer of other papers", 4, Key::p256("signer"), Signing),
            other: of("Other", 5, Key::p256("other"), Signing),
            stamper: of("Stamper", 6, Key::p256("stamper"), Stamping),
            mallory: Identity::new("Signer", 2, Key::p256("mallory"), Signing, None),
            root,
        }
    }
}

/// An attribute with one value.
pub(super) fn attribute(kind: &str, value: &[u8]) -> Vec<u8> {
    tlv(SEQUENCE, &[&oid(kind), &tlv(SET, &[value])])
}

pub(super) const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
pub(super) const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";
pub(super) const SIGNING_TIME: &str = "1.2.840.113549.1.9.5";
pub(super) const SIGNING_CERTIFICATE_V2: &str = "1.2.840.113549.1.9.16.2.47";
pub(super) const SIGNATURE_TIMESTAMP: &str = "1.2.840.113549.1.9.16.2.14";
pub(super) const ID_DATA: &str = "1.2.840.113549.1.7.1";
const ID_SIGNED_DATA: &str = "1.2.840.113549.1.7.2";
const ID_TST_INFO: &str = "1.2.840.113549.1.9.16.1.4";

pub(super) fn signing_certificate(certificate: &[u8]) -> Vec<u8> {
    let hash = DigestAlgorithm::Sha256.digest(certificate);
    let id = tlv(SEQUENCE, &[&tlv(OCTETS, &[&hash])]);
    attribute(SIGNING_CERTIFICATE_V2, &tlv(SEQUENCE, &[&tlv(SEQUENCE, &[&id])]))
}

/// One CMS in the making: every part can be made otherwise than it should be.
#[derive(Debug, Clone)]
pub(super) struct Cms {
    pub(super) signer: Identity,
    pub(super) digest: DigestAlgorithm,
    /// What the digest is said to be; none for what it is.
    pub(super) named_digest: Option<DigestAlgorithm>,
    pub(super) content_type: &'static str,
    /// Encapsulated content.
    pub(super) content: Option<Vec<u8>>,
    /// Attributes in the order in which they are written.
    pub(super) attributes: Vec<Vec<u8>>,
    pub(super) is_sorted: bool,
    /// What is signed instead of the attributes.
    pub(super) signed: Option<Vec<u8>>,
    /// The value of the signature, where the key does not make it.
    pub(super) value: Option<Vec<u8>>,
    pub(super) certificates: Vec<Vec<u8>>,
    pub(super) crls: Vec<Vec<u8>>,
    pub(super) unsigned: Vec<Vec<u8>>,
    /// SignerInfos beside its own.
    pub(super) others: Vec<Vec<u8>>,
}

impl Cms {
    /// As PAdES wants it.
    pub(super) fn new(signer: &Identity, pki: &Pki, covered: &[u8]) -> Cms {
        Cms::by(signer, pki, covered, DigestAlgorithm::Sha256)
    }

    /// As PAdES wants it, but for the digest algorithm.
    pub(super) fn by(signer: &Identity, pki: &Pki, covered: &[u8], digest: DigestAlgorithm) -> Cms {
        Cms {
            signer: signer.clone(),
            digest,
            named_digest: None,
            content_type: ID_DATA,
            content: None,
            attributes: vec![
                attribute(CONTENT_TYPE, &oid(ID_DATA)),
                attribute(MESSAGE_DIGEST, &tlv(OCTETS, &[&digest.digest(covered)])),
                signing_certificate(&signer.certificate),
            ],
            is_sorted: true,
            signed: None,
            value: None,
            certificates: vec![signer.certificate.clone(), pki.root.certificate.clone()],
            crls: vec![pki.root.revocation_list()],
            unsigned: Vec::new(),
            others: Vec::new(),
        }
    }

    /// A timestamp token over a digest.
    pub(super) fn token(pki: &Pki, hash: &[u8]) -> Cms {
        let imprint = tlv(
            SEQUENCE,
            &[&digest_identifier(DigestAlgorithm::Sha256), &tlv(OCTETS, &[hash])],
        );
        let info = tlv(
            SEQUENCE,
            &[
                &[0x02, 0x01, 0x01],
                &oid("1.3.6.1.4.1.13762.3"),
                &imprint,
                &[0x02, 0x01, 0x07],
                &tlv(0x18, &[b"20260502120000Z"]),
            ],
        );
        let mut token = Cms::new(&pki.stamper, pki, &info);
        token.attributes[0] = attribute(CONTENT_TYPE, &oid(ID_TST_INFO));
        token.content_type = ID_TST_INFO;
        token.content = Some(info);
        token
    }

    /// The attributes as they are written, without their tag.
    fn attributes(&self) -> Vec<u8> {
        let mut attributes = self.attributes.clone();
        if self.is_sorted {
            attributes.sort();
        }
        attributes.concat()
    }

    /// Its SignerInfo.
    pub(super) fn info(&self) -> Vec<u8> {
        let attributes = self.attributes();
        let signed = match &self.signed {
            Some(signed) => signed.clone(),
            None => tlv(SET, &[&attributes]),
        };
        let named = self.named_digest.unwrap_or(self.digest);
        let value = match &self.value {
            Some(value) => value.clone(),
            None => self.signer.key.sign(self.digest, &signed),
        };
        let unsigned = self.unsigned.concat();
        let optional = |tag: u8, content: &[u8]| match content {
            [] => Vec::new(),
            content => tlv(tag, &[content]),
        };
        tlv(
            SEQUENCE,
            &[
                &[0x02, 0x01, 0x01],
                &tlv(SEQUENCE, &[&self.issuer(), &self.signer.serial]),
                &digest_identifier(named),
                &optional(0xa0, &attributes),
                &self.signer.key.identifier(named),
                &tlv(OCTETS, &[&value]),
                &optional(0xa1, &unsigned),
            ],
        )
    }

    /// Name of the issuer as its certificate writes it.
    fn issuer(&self) -> Vec<u8> {
        let read = certseal_core::crypto::x509::raw(&self.signer.certificate);
        read.expect("a certificate of ours").issuer.to_vec()
    }

    /// The ContentInfo.
    pub(super) fn der(&self) -> Vec<u8> {
        let content = self
            .content
            .as_ref()
            .map(|content| tlv(0xa0, &[&tlv(OCTETS, &[content])]));
        let version = if self.content_type == ID_DATA { 1 } else { 3 };
        let mut infos = self.others.clone();
        infos.push(self.info());
        let crls = if self.crls.is_empty() {
            Vec::new()
        } else {
            tlv(0xa1, &[&self.crls.concat()])
        };
        let named = self.named_digest.unwrap_or(self.digest);
        let data = tlv(
            SEQUENCE,
            &[
                &[0x02, 0x01, version],
                &tlv(SET, &[&digest_identifier(named)]),
                &tlv(SEQUENCE, &[&oid(self.content_type), &content.unwrap_or_default()]),
                &tlv(0xa0, &[&self.certificates.concat()]),
                &crls,
                &tlv(SET, &[&infos.concat()]),
            ],
        );
        tlv(SEQUENCE, &[&oid(ID_SIGNED_DATA), &tlv(0xa0, &[&data])])
    }
}
