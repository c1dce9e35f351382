//! Message digests: the good ones, and the broken ones that old signatures were made with.
//!
//! Knowing a digest is not trusting it: [`policy`](super::policy) says until when each is believed. ring
//! computes what it has; RustCrypto computes MD5, SHA-224, SHA-3 and SM3, which ring leaves out.

use std::fmt;

use const_oid::ObjectIdentifier;
use digest::DynDigest;
use ring::digest as ring_digest;
use spki::AlgorithmIdentifierRef;

use super::verify::VerifyError;

/// A message digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DigestAlgorithm {
    /// MD5 (RFC 1321): broken.
    Md5,
    /// SHA-1 (FIPS 180-4): broken.
    Sha1,
    /// SHA-224 (FIPS 180-4).
    Sha224,
    /// SHA-256 (FIPS 180-4).
    Sha256,
    /// SHA-384 (FIPS 180-4).
    Sha384,
    /// SHA-512 (FIPS 180-4).
    Sha512,
    /// SHA3-224 (FIPS 202).
    Sha3_224,
    /// SHA3-256 (FIPS 202).
    Sha3_256,
    /// SHA3-384 (FIPS 202).
    Sha3_384,
    /// SHA3-512 (FIPS 202).
    Sha3_512,
    /// SM3 (GB/T 32905-2016).
    Sm3,
}

use DigestAlgorithm::{
    Md5, Sha1, Sha3_224, Sha3_256, Sha3_384, Sha3_512, Sha224, Sha256, Sha384, Sha512, Sm3,
};

impl DigestAlgorithm {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Md5, Sha1, Sha224, Sha256, Sha384, Sha512, Sha3_224, Sha3_256, Sha3_384, Sha3_512, Sm3,
    ];

    /// Reads an `AlgorithmIdentifier` of a digest. Parameters must be absent or NULL (RFC 5754 §2).
    pub fn from_identifier(identifier: &AlgorithmIdentifierRef<'_>) -> Result<Self, VerifyError> {
        let known = Self::ALL
            .into_iter()
            .find(|digest| digest.oid() == identifier.oid);
        let digest = known.ok_or_else(|| VerifyError::refused("digest algorithm", identifier.oid))?;
        if identifier.parameters.is_some_and(|p| !p.is_null()) {
            return Err(VerifyError::refused("digest with parameters", identifier.oid));
        }
        Ok(digest)
    }

    /// Its object identifier.
    pub const fn oid(self) -> ObjectIdentifier {
        const fn oid(text: &str) -> ObjectIdentifier {
            ObjectIdentifier::new_unwrap(text)
        }
        match self {
            Md5 => const { oid("1.2.840.113549.2.5") },
            Sha1 => const { oid("1.3.14.3.2.26") },
            Sha224 => const { oid("2.16.840.1.101.3.4.2.4") },
            Sha256 => const { oid("2.16.840.1.101.3.4.2.1") },
            Sha384 => const { oid("2.16.840.1.101.3.4.2.2") },
            Sha512 => const { oid("2.16.840.1.101.3.4.2.3") },
            Sha3_224 => const { oid("2.16.840.1.101.3.4.2.7") },
            Sha3_256 => const { oid("2.16.840.1.101.3.4.2.8") },
            Sha3_384 => const { oid("2.16.840.1.101.3.4.2.9") },
            Sha3_512 => const { oid("2.16.840.1.101.3.4.2.10") },
            Sm3 => const { oid("1.2.156.10197.1.401") },
        }
    }

    /// Its name, as standards and configuration files write it.
    pub const fn name(self) -> &'static str {
        match self {
            Md5 => "MD5",
            Sha1 => "SHA-1",
            Sha224 => "SHA-224",
            Sha256 => "SHA-256",
            Sha384 => "SHA-384",
            Sha512 => "SHA-512",
            Sha3_224 => "SHA3-224",
            Sha3_256 => "SHA3-256",
            Sha3_384 => "SHA3-384",
            Sha3_512 => "SHA3-512",
            Sm3 => "SM3",
        }
    }

    /// Length of a digest in bytes.
    pub const fn output_len(self) -> usize {
        match self {
            Md5 => 16,
            Sha1 => 20,
            Sha224 | Sha3_224 => 28,
            Sha256 | Sha3_256 | Sm3 => 32,
            Sha384 | Sha3_384 => 48,
            Sha512 | Sha3_512 => 64,
        }
    }

    /// Digest of `data`.
    pub fn digest(self, data: &[u8]) -> Vec<u8> {
        let mut hasher = self.hasher();
        hasher.update(data);
        hasher.finish()
    }

    /// For data that comes in pieces.
    pub fn hasher(self) -> Hasher {
        let ring = |algorithm| Inner::Ring(Box::new(ring_digest::Context::new(algorithm)));
        Hasher(match self {
            Sha1 => ring(&ring_digest::SHA1_FOR_LEGACY_USE_ONLY),
            Sha256 => ring(&ring_digest::SHA256),
            Sha384 => ring(&ring_digest::SHA384),
            Sha512 => ring(&ring_digest::SHA512),
            Md5 => Inner::Other(Box::<md5::Md5>::default()),
            Sha224 => Inner::Other(Box::<sha2::Sha224>::default()),
            Sha3_224 => Inner::Other(Box::<sha3::Sha3_224>::default()),
            Sha3_256 => Inner::Other(Box::<sha3::Sha3_256>::default()),
            Sha3_384 => Inner::Other(Box::<sha3::Sha3_384>::default()),
            Sha3_512 => Inner::Other(Box::<sha3::Sha3_512>::default()),
            Sm3 => Inner::Other(Box::<sm3::Sm3>::default()),
        })
    }
}

impl fmt::Display for DigestAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A digest in the making.
pub struct Hasher(Inner);

enum Inner {
    Ring(Box<ring_digest::Context>),
    Other(Box<dyn DynDigest + Send + Sync>),
}

impl Hasher {
    /// Takes the next piece.
    pub fn update(&mut self, data: &[u8]) {
        match &mut self.0 {
            Inner::Ring(context) => context.update(data),
            Inner::Other(digest) => digest.update(data),
        }
    }

    /// The digest of all pieces.
    pub fn finish(self) -> Vec<u8> {
        match self.0 {
            Inner::Ring(context) => context.finish().as_ref().to_vec(),
            Inner::Other(digest) => digest.finalize().into_vec(),
        }
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_digest_is_the_one_of_its_name() {
        // "abc", from FIPS 180-4, FIPS 202, RFC 1321 and GB/T 32905 annex A.
        let expected = [
            (Md5, "900150983cd24fb0d6963f7d28e17f72"),
            (Sha1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (Sha224, "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"),
            (
                Sha3_256,
                "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
            ),
            (
                Sm3,
                "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
            ),
        ];
        for (digest, hex) in expected {
            assert_eq!(hex::encode(digest.digest(b"abc")), hex, "{digest}");
        }
        for digest in DigestAlgorithm::ALL {
            let mut pieces = digest.hasher();
            pieces.update(b"a");
            pieces.update(b"bc");
            let whole = digest.digest(b"abc");
            assert_eq!(pieces.finish(), whole);
            assert_eq!(whole.len(), digest.output_len());
        }
    }
}
