//! What x509-cert's builder needs to be told, and the parts of extensions.

use der::{
    Decode, Encode,
    asn1::{BitString, Ia5String, OctetString},
};
use signature::Keypair;
use spki::{
    AlgorithmIdentifierOwned, DynSignatureAlgorithmIdentifier, EncodePublicKey, SubjectPublicKeyInfoOwned,
    SubjectPublicKeyInfoRef,
};
use x509_cert::{
    Certificate, TbsCertificate,
    builder::{self, Builder, CertificateBuilder, profile::BuilderProfile},
    ext::{
        Extension, ToExtension,
        pkix::{AuthorityKeyIdentifier, SubjectKeyIdentifier, name::GeneralName},
    },
    name::Name,
    time::Validity,
};

use super::{AuthorityError, Serial, ValidityPeriod};
use crate::crypto::{Signer, x509};

/// Puts a certificate together and signs it.
pub(super) fn build(
    signer: &dyn Signer,
    profile: Profile,
    serial: Serial,
    validity: ValidityPeriod,
    key: SubjectPublicKeyInfoOwned,
) -> Result<Certificate, AuthorityError> {
    let validity = Validity::new(
        x509::to_time(validity.not_before)?,
        x509::to_time(validity.not_after)?,
    );
    let key_of_issuer = IssuerKey(signer);
    let mut builder = CertificateBuilder::new(profile, serial.0, validity, key)?;
    let to_be_signed = builder.finalize(&key_of_issuer)?;
    let signature = BitString::from_bytes(&signer.sign(&to_be_signed)?)?;
    Ok(builder.assemble(signature, &key_of_issuer)?)
}

pub(super) fn url(text: &str) -> Result<GeneralName, AuthorityError> {
    Ok(GeneralName::UniformResourceIdentifier(Ia5String::new(text)?))
}

pub(super) fn key_identifier(
    key: &SubjectPublicKeyInfoOwned,
) -> Result<SubjectKeyIdentifier, AuthorityError> {
    let der = key.to_der()?;
    Ok(SubjectKeyIdentifier::try_from(
        SubjectPublicKeyInfoRef::from_der(&der)?,
    )?)
}

pub(super) fn points_to(identifier: &SubjectKeyIdentifier) -> AuthorityKeyIdentifier {
    let key_identifier: Option<OctetString> = Some(identifier.0.clone());
    AuthorityKeyIdentifier {
        key_identifier,
        ..AuthorityKeyIdentifier::default()
    }
}

/// Extensions in the order they were added.
#[derive(Default)]
pub(super) struct Extensions(pub(super) Vec<Extension>);

impl Extensions {
    pub(super) fn push<'a, E>(&mut self, extension: &'a E) -> Result<(), AuthorityError>
    where
        &'a E: ToExtension<Error = der::Error>,
    {
        // The subject matters only for subjectAltName's criticality, which we do not write.
        let made = extension.to_extension(&Name::default(), &self.0)?;
        self.0.push(made);
        Ok(())
    }
}

/// What x509-cert's builder asks for names and extensions.
pub(super) struct Profile {
    pub(super) issuer: Name,
    pub(super) subject: Name,
    pub(super) extensions: Vec<Extension>,
}

impl BuilderProfile for Profile {
    fn get_issuer(&self, _subject: &Name) -> Name {
        self.issuer.clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        _key: SubjectPublicKeyInfoRef<'_>,
        _issuer_key: SubjectPublicKeyInfoRef<'_>,
        _tbs: &TbsCertificate,
    ) -> builder::Result<Vec<Extension>> {
        Ok(self.extensions.clone())
    }
}

/// What x509-cert's builder asks for the issuer's public key and algorithm.
struct IssuerKey<'a>(&'a dyn Signer);

#[derive(Clone)]
struct PublicKeyInfo(Vec<u8>);

impl Keypair for IssuerKey<'_> {
    type VerifyingKey = PublicKeyInfo;

    fn verifying_key(&self) -> PublicKeyInfo {
        PublicKeyInfo(self.0.public_key_info().to_vec())
    }
}

impl DynSignatureAlgorithmIdentifier for IssuerKey<'_> {
    fn signature_algorithm_identifier(&self) -> spki::Result<AlgorithmIdentifierOwned> {
        Ok(AlgorithmIdentifierOwned::from_der(
            self.0.scheme().algorithm_identifier(),
        )?)
    }
}

impl EncodePublicKey for PublicKeyInfo {
    fn to_public_key_der(&self) -> spki::Result<der::Document> {
        Ok(der::Document::try_from(self.0.as_slice())?)
    }
}
