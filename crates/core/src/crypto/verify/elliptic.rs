//! ECDSA on curves and with digests that ring does not check. RustCrypto does the mathematics.
//!
//! Curves are known by name only: a key that brings its own parameters could bring a generator that makes
//! any signature verify under any public point (CVE-2020-0601).

use std::{fmt, ops::Add};

use const_oid::ObjectIdentifier;
use der::asn1::AnyRef;
use ecdsa::{
    EcdsaCurve, Signature, SignatureSize, VerifyingKey,
    elliptic_curve::{
        AffinePoint, CurveArithmetic, FieldBytesSize,
        array::{ArraySize, typenum::Unsigned as _},
        sec1::{FromSec1Point, ModulusSize, ToSec1Point},
    },
};
use signature::hazmat::PrehashVerifier as _;

use super::{VerifyError, sm2};

/// An elliptic curve that signatures are checked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Curve {
    /// NIST P-256 (FIPS 186-5).
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
    /// brainpoolP256r1 (RFC 5639).
    BrainpoolP256r1,
    /// brainpoolP384r1.
    BrainpoolP384r1,
    /// The curve of SM2 (GB/T 32918.5-2017), which has its own signatures and no ECDSA.
    Sm2,
}

impl Curve {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::P256,
        Self::P384,
        Self::P521,
        Self::BrainpoolP256r1,
        Self::BrainpoolP384r1,
        Self::Sm2,
    ];

    /// Its object identifier.
    pub const fn oid(self) -> ObjectIdentifier {
        const fn oid(text: &str) -> ObjectIdentifier {
            ObjectIdentifier::new_unwrap(text)
        }
        match self {
            Self::P256 => const { oid("1.2.840.10045.3.1.7") },
            Self::P384 => const { oid("1.3.132.0.34") },
            Self::P521 => const { oid("1.3.132.0.35") },
            Self::BrainpoolP256r1 => const { oid("1.3.36.3.3.2.8.1.1.7") },
            Self::BrainpoolP384r1 => const { oid("1.3.36.3.3.2.8.1.1.11") },
            Self::Sm2 => const { oid("1.2.156.10197.1.301") },
        }
    }

    /// Size of its order.
    pub const fn bits(self) -> usize {
        match self {
            Self::P256 | Self::BrainpoolP256r1 | Self::Sm2 => 256,
            Self::P384 | Self::BrainpoolP384r1 => 384,
            Self::P521 => 521,
        }
    }

    /// Reads `ECParameters` (RFC 5480 §2.1.1), of which only the named curve may be used.
    pub(super) fn read(parameters: Option<AnyRef<'_>>) -> Result<Self, VerifyError> {
        let parameters = parameters.filter(|parameters| !parameters.is_null());
        let parameters = parameters
            .ok_or_else(|| VerifyError::KeyRefused("an elliptic key without its curve".to_owned()))?;
        let oid: ObjectIdentifier = parameters.decode_as().map_err(|_| {
            VerifyError::KeyRefused(
                "an elliptic key with parameters of its own instead of a named curve".to_owned(),
            )
        })?;
        let known = Self::ALL.into_iter().find(|curve| curve.oid() == oid);
        known.ok_or_else(|| VerifyError::KeyUnsupported(VerifyError::named("elliptic curve", oid)))
    }

    /// Whether the octets are a point on it, written in full.
    pub(super) fn check_point(self, point: &[u8]) -> Result<(), VerifyError> {
        match self {
            Self::P256 => open::<p256::NistP256>(point).map(drop),
            Self::P384 => open::<p384::NistP384>(point).map(drop),
            Self::P521 => open::<p521::NistP521>(point).map(drop),
            Self::BrainpoolP256r1 => open::<bp256::BrainpoolP256r1>(point).map(drop),
            Self::BrainpoolP384r1 => open::<bp384::BrainpoolP384r1>(point).map(drop),
            Self::Sm2 => sm2::open(point).map(drop),
        }
    }

    /// ECDSA over a digest; the signature in DER, or plain.
    pub(super) fn verify(
        self,
        point: &[u8],
        hash: &[u8],
        signature: &[u8],
        encoding: Encoding,
    ) -> Result<(), VerifyError> {
        match self {
            Self::P256 => verify::<p256::NistP256>(point, hash, signature, encoding),
            Self::P384 => verify::<p384::NistP384>(point, hash, signature, encoding),
            Self::P521 => verify::<p521::NistP521>(point, hash, signature, encoding),
            Self::BrainpoolP256r1 => verify::<bp256::BrainpoolP256r1>(point, hash, signature, encoding),
            Self::BrainpoolP384r1 => verify::<bp384::BrainpoolP384r1>(point, hash, signature, encoding),
            Self::Sm2 => Err(VerifyError::KeyRefused(
                "a key for SM2 does not fit ECDSA".to_owned(),
            )),
        }
    }
}

impl fmt::Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            Self::BrainpoolP256r1 => "brainpoolP256r1",
            Self::BrainpoolP384r1 => "brainpoolP384r1",
            Self::Sm2 => "sm2p256v1",
        })
    }
}

/// How r and s are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Der,
    Plain,
}

fn open<C>(point: &[u8]) -> Result<VerifyingKey<C>, VerifyError>
where
    C: EcdsaCurve + CurveArithmetic,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
{
    check_form(point)?;
    VerifyingKey::from_sec1_bytes(point).map_err(|_| not_on_curve())
}

/// Whether a point is written in full (SEC 1 §2.3.3).
pub(super) fn check_form(point: &[u8]) -> Result<(), VerifyError> {
    let refused = |why: &str| Err(VerifyError::KeyRefused(why.to_owned()));
    match point.first() {
        Some(4) => Ok(()),
        Some(2 | 3) => refused("a compressed point on an elliptic curve"),
        _ => refused("not a point on an elliptic curve"),
    }
}

pub(super) fn not_on_curve() -> VerifyError {
    VerifyError::KeyRefused("a point that is not on its elliptic curve".to_owned())
}

fn verify<C>(point: &[u8], hash: &[u8], signature: &[u8], encoding: Encoding) -> Result<(), VerifyError>
where
    C: EcdsaCurve + CurveArithmetic,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
    SignatureSize<C>: ArraySize,
    ecdsa::der::MaxSize<C>: ArraySize,
    <FieldBytesSize<C> as Add>::Output: Add<ecdsa::der::MaxOverhead> + ArraySize,
{
    let key = open::<C>(point)?;
    let wrong = |_| VerifyError::SignatureWrong;
    let signature = match encoding {
        Encoding::Der => Signature::<C>::from_der(signature).map_err(wrong)?,
        Encoding::Plain => Signature::<C>::from_slice(signature).map_err(wrong)?,
    };
    // A digest shorter than the order is a small number (SEC 1 §4.1.4); the library wants it in full width.
    let width = FieldBytesSize::<C>::USIZE;
    let mut wide = vec![0; width.saturating_sub(hash.len())];
    wide.extend_from_slice(hash);
    key.verify_prehash(&wide, &signature).map_err(wrong)
}
