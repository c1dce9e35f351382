//! What the national profile needs beside the rest: keys over SM2 with authorities of their own, and national seals.
//!
//! | name | what |
//! |---|---|
//! | `sm2-root`, `sm2-ca` | root and issuing CA |
//! | `sm2-signer-…` | signs documents with the seal of a department |
//! | `sm2-seal-root`, `sm2-seal-maker` | signs seals, and no documents |
//!
//! They are kept, renewed and revoked as the others are. An installation gets them when it is told to.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;
use toml_edit::{Array, DocumentMut, value};

use super::{Home, HomeError, PkiError, RenewedKey, read, write};
use crate::{
    clock::Clock,
    crypto::{KeyFolder, Passphrase, identity::read_chain},
    files,
    issue::national_signer,
    limits::MAX_SES_BYTES,
    profile::Profile,
    seal::{
        Seal, SealCode, SealKind, SealStatus,
        ses::{Permitted, SesDefinition, SesPicture, SesSeal, WrittenVersion},
    },
};

/// Name of the key of the root over SM2.
pub const SM2_ROOT: &str = "sm2-root";
/// Name of the key of the issuing CA over SM2.
pub const SM2_CA: &str = "sm2-ca";
/// Name of the key of the root above the maker of national seals.
pub const SM2_SEAL_ROOT: &str = "sm2-seal-root";
/// Name of the key of the maker of national seals.
pub const SM2_SEAL_MAKER: &str = "sm2-seal-maker";

/// Where the national form of a seal is published.
fn seal_path(pki: &Path, code: &SealCode) -> PathBuf {
    pki.join(format!("{code}.esl"))
}

/// The national form of a seal, as published.
pub(super) fn read_seal(pki: &Path, code: &SealCode) -> io::Result<Option<Vec<u8>>> {
    match files::read_to(&seal_path(pki, code), MAX_SES_BYTES) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a key of that name is over SM2.
pub(super) fn is_national(name: &str) -> bool {
    name.starts_with("sm2-")
}

/// The national twin of a registered seal.
#[derive(Debug, Clone)]
pub struct NationalSealOrder<'a> {
    /// The seal, whose number, name, dates and impression it has.
    pub of: &'a Seal,
    /// Edition of the standard.
    pub version: WrittenVersion,
    /// type; none for the usual one of its kind.
    pub kind: Option<u32>,
    /// Another picture than the impression of the registered seal.
    pub picture: Option<SesPicture>,
    /// Whether it names its signer by digest instead of holding the certificate.
    pub by_digest: bool,
}

impl Home {
    /// Makes the keys over SM2 that are not there yet: authorities first, then whoever they certify. Gives what was made.
    pub fn add_national_keys(
        &self,
        passphrase: &Passphrase,
        now: Timestamp,
    ) -> Result<Vec<RenewedKey>, HomeError> {
        let mut names = [SM2_ROOT, SM2_CA, SM2_SEAL_ROOT, SM2_SEAL_MAKER]
            .map(str::to_owned)
            .to_vec();
        names.extend(self.config().departments.iter().map(|d| national_signer(&d.key)));
        let mut made = Vec::new();
        for name in names {
            // Its chain is what is written last.
            if !self.keys_path().join(format!("{name}.pem")).exists() {
                made.push(self.renew_key(&name, passphrase, now)?);
            }
        }
        Ok(made)
    }

    /// Makes a national seal, which permits the present signer over SM2 of the department that owns the registered one.
    pub fn make_national_seal(
        &self,
        order: &NationalSealOrder<'_>,
        keys: &KeyFolder,
        now: Timestamp,
    ) -> Result<Vec<u8>, HomeError> {
        let seal = order.of;
        let mut departments = self.config().departments.iter();
        let owner = departments
            .find(|department| department.code == seal.owner_code().as_str())
            .ok_or_else(|| PkiError::NoIssuer(seal.owner().to_owned()))?;
        let chain = self
            .keys_path()
            .join(format!("{}.pem", national_signer(&owner.key)));
        let signer = read_chain(&chain)?.into_iter().take(1).collect();
        let maker = keys.identity(SM2_SEAL_MAKER)?;
        self.check_maker(&maker, SM2_SEAL_ROOT, now)?;
        let picture = match &order.picture {
            Some(picture) => picture.clone(),
            None => SesPicture::draw(seal.impression()).map_err(PkiError::from)?,
        };
        let definition = SesDefinition {
            version: order.version,
            es_id: seal.code().to_string(),
            kind: order.kind.unwrap_or_else(|| usual_type(seal.kind())),
            name: seal.name().to_owned(),
            signers: if order.by_digest {
                Permitted::ByDigest(signer)
            } else {
                Permitted::ByCertificate(signer)
            },
            created: now,
            valid_start: seal.not_before(),
            valid_end: seal.not_after(),
            picture,
            extensions: Vec::new(),
        };
        Ok(SesSeal::make(&definition, &maker).map_err(PkiError::from)?)
    }

    /// Publishes the national form of a seal: from then on OFD documents are sealed with it.
    pub fn publish_national_seal(&self, code: &SealCode, bytes: &[u8]) -> Result<PathBuf, HomeError> {
        let path = seal_path(&self.pki_path(), code);
        write(&path, bytes)?;
        Ok(path)
    }

    /// Has certificate types issued under these profiles from now on, by writing them into the files of the types. Who has
    /// read the types before goes on as before.
    pub fn set_profiles(&self, types: &[String], profiles: &[Profile]) -> Result<(), HomeError> {
        for key in types {
            let path = self.root.join("templates").join(key).join("type.toml");
            let wrong = |reason: String| HomeError::Config {
                path: path.clone(),
                reason,
            };
            let text = String::from_utf8(read(&path)?).map_err(|error| wrong(error.to_string()))?;
            let mut document: DocumentMut = text
                .parse()
                .map_err(|error: toml_edit::TomlError| wrong(error.to_string()))?;
            let listed: Array = profiles.iter().map(|profile| profile.key()).collect();
            document["profiles"] = value(listed);
            write(&path, document.to_string().as_bytes())?;
        }
        Ok(())
    }

    /// Founds the national side: keys over SM2, national forms of all seals in force, and every type issued as OFD beside
    /// PDF. Gives how many seals were made.
    pub fn adopt_national_profile(
        &self,
        passphrase: &Passphrase,
        clock: &Arc<dyn Clock>,
    ) -> Result<usize, HomeError> {
        let now = clock.now();
        self.add_national_keys(passphrase, now)?;
        let keys = || KeyFolder::unlocked(&self.keys_path(), passphrase.clone());
        let seals = {
            let service = self.service(keys(), Arc::clone(clock))?;
            let records = futures::executor::block_on(service.registry().seals())?;
            records
                .iter()
                .filter(|record| record.status == SealStatus::InForce)
                .map(|record| service.open_seal(record))
                .collect::<Result<Vec<_>, _>>()
                .map_err(|error| PkiError::Register(Box::new(error)))?
        };
        let keys = keys();
        for seal in &seals {
            let order = NationalSealOrder {
                of: seal,
                version: WrittenVersion::V4,
                kind: None,
                picture: None,
                by_digest: false,
            };
            let bytes = self.make_national_seal(&order, &keys, now)?;
            self.publish_national_seal(seal.code(), &bytes)?;
        }
        let types: Vec<String> = self.catalogue()?.types().map(|one| one.key.clone()).collect();
        self.set_profiles(&types, &Profile::ALL)?;
        Ok(seals.len())
    }
}

/// There is no national table of types; these are what authorities write (1 for the seal of an organisation since 2014).
fn usual_type(kind: SealKind) -> u32 {
    match kind {
        SealKind::Official => 1,
        SealKind::Licence => 4,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs;

    use tempfile::TempDir;

    use super::*;
    use crate::{
        home::{Revoke, renewal::tests as renewal},
        seal::SignedSeal,
        sign::ses::{Sealing, SesSignature},
    };

    #[test]
    fn an_installation_gets_its_national_keys_once_and_seals_with_them() {
        let folder = TempDir::new().unwrap();
        let home = renewal::home(&folder);
        let now = Timestamp::now();
        let passphrase = renewal::passphrase();
        let made = home.add_national_keys(&passphrase, now).unwrap();
        let departments = home.config().departments.len();
        assert_eq!(made.len(), 4 + departments);
        assert!(made.iter().all(|key| key.kept.is_none()));
        assert!(home.add_national_keys(&passphrase, now).unwrap().is_empty());

        let (_, bytes) = super::super::files::files(&home.pki_path(), "seal")
            .unwrap()
            .pop()
            .unwrap();
        let registered = SignedSeal::parse(&bytes).unwrap();
        let of = registered.unverified();
        let keys = KeyFolder::unlocked(&home.keys_path(), passphrase.clone());
        let order = NationalSealOrder {
            of,
            version: WrittenVersion::V4,
            kind: None,
            picture: None,
            by_digest: true,
        };
        let bytes = home.make_national_seal(&order, &keys, now).unwrap();
        let seal = SesSeal::parse(&bytes).unwrap();
        assert_eq!(
            (seal.es_id(), &seal.property().name[..]),
            (of.code().as_str(), of.name())
        );
        assert!(seal.verify_maker(seal.maker_certificate()).is_ok());
        let owner = home
            .config()
            .departments
            .iter()
            .find(|d| d.code == of.owner_code().as_str());
        let name = national_signer(&owner.unwrap().key);
        let sealing = Sealing {
            data_hash: &[7; 32],
            property_info: "/Doc_0/Signs/Sign_0/Signature.xml",
            at: now,
            extensions: &[],
        };
        let signature = SesSignature::make(&bytes, &sealing, &keys.identity(&name).unwrap()).unwrap();
        assert!(SesSignature::parse(&signature).unwrap().is_permitted());

        // They are renewed, revoked and listed as the others are.
        let renewed = home.renew_key(&name, &passphrase, now).unwrap();
        let revoke = Revoke {
            names: renewed.kept.into_iter().collect(),
            ..Revoke::default()
        };
        let lists = home.renew_revocation_lists(&revoke, true, &keys, now).unwrap();
        for authority in [SM2_ROOT, SM2_CA, SM2_SEAL_ROOT] {
            assert!(lists.lists.iter().any(|list| list == authority), "{authority}");
            assert!(fs::exists(home.pki_path().join(format!("{authority}.cer"))).unwrap());
        }
        let revoked = home
            .keys()
            .unwrap()
            .into_iter()
            .find(|key| key.revoked_at.is_some());
        assert_eq!(revoked.unwrap().issuer.as_deref(), Some(SM2_CA));
        assert!(
            home.deadlines(now)
                .unwrap()
                .iter()
                .any(|deadline| deadline.name == SM2_CA)
        );
    }
}
