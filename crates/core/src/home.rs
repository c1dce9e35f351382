//! One installation on disk, and the binding of the rooms over it.
//!
//! ```text
//!  certseal.toml      who issues here, and where verification pages are
//!  algorithms.toml    until when algorithms are believed; the built-in table without it
//!  templates/         certificate types
//!  keys/              encrypted private keys with their X.509 certificates
//!  pki/               what the authority publishes: CA certificates, CRLs, seals; revocations.json
//!  trust/             the trust list, the key it is checked with, CRLs and seals of other authorities
//!  registry/          events
//!  documents/         sealed documents
//!  api-keys.toml      hashes of API keys
//!  tsa.json           serial numbers of timestamps that are given out
//! ```

mod audit;
mod authorities;
mod config;
mod deadlines;
mod files;
mod founding;
mod national;
mod pki;
mod renewal;
mod seals;
mod timestamp;
mod trust;

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use self::files::{read, write};
pub use self::{
    audit::{AuditProgress, HomeAudit},
    config::{Config, IssuingDepartment, RevocationConfig, is_host},
    deadlines::{Deadline, DeadlineKind},
    founding::{Founding, found},
    national::{NationalSealOrder, SM2_CA, SM2_ROOT, SM2_SEAL_MAKER, SM2_SEAL_ROOT},
    pki::{KeyEntry, PkiError, RenewedLists, RevocationReason, Revoke},
    renewal::RenewedKey,
    seals::SealOrder,
    timestamp::{TSA, TimestampConfig},
    trust::TrustStoreError,
};
use crate::{
    catalogue::{Catalogue, CatalogueError},
    clock::Clock,
    crypto::{IdentityError, KeyFolder, KeyFolderError},
    face::{EmblemArt, EmblemError, FontBook, FontConfig, FontError},
    issue::{Service, ServiceParts, Workshop},
    registry::{Objects, ObjectsError, RegistryError, SledOptions, SledRegistry},
};

/// Name of the root's key.
pub const ROOT: &str = "root";
/// Name of the issuing CA's key.
pub const CA: &str = "ca";
/// Name of the key of the root above the seal maker.
pub const SEAL_ROOT: &str = "seal-root";
/// Name of the seal maker's key.
pub const SEAL_MAKER: &str = "seal-maker";
/// Name of the key that signs the trust list.
pub const LIST_KEY: &str = "trust-list";

/// Why an installation cannot be made or opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HomeError {
    /// There is something there already.
    #[error("{} 已存在且不为空，不覆盖 (exists and is not empty)", .0.display())]
    AlreadyThere(PathBuf),
    /// No installation there.
    #[error("{} 不是 certseal 数据目录：没有 certseal.toml (not an installation)", .0.display())]
    Missing(PathBuf),
    /// The configuration is wrong.
    #[error("配置 {}：{reason} (configuration)", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong and where.
        reason: String,
    },
    /// A file cannot be read or written.
    #[error("无法读写 {} (cannot read or write)", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The registry's folder is not there, or empty.
    #[error("{} 中没有登记簿：数据盘未挂载，或备份未完整恢复 (no registry here)", .0.display())]
    NoRegistry(PathBuf),
    /// Certificate types.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// Emblem art.
    #[error(transparent)]
    Emblem(#[from] EmblemError),
    /// Fonts.
    #[error(transparent)]
    Fonts(#[from] FontError),
    /// X.509 certificates or keys.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyFolderError),
    /// The authority's own X.509 certificates and CRLs.
    #[error(transparent)]
    Pki(#[from] PkiError),
    /// Trust list.
    #[error(transparent)]
    Trust(#[from] TrustStoreError),
    /// Registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// Documents.
    #[error(transparent)]
    Objects(#[from] ObjectsError),
}

/// An installation.
#[derive(Debug)]
pub struct Home {
    root: PathBuf,
    config: Config,
    /// Read when it is first asked for: whoever verifies needs none of it.
    catalogue: OnceLock<Arc<Catalogue>>,
}

impl Home {
    /// Opens the installation in a folder: reads its configuration.
    pub fn open(root: &Path) -> Result<Self, HomeError> {
        Ok(Self {
            root: root.to_owned(),
            config: Config::load(root)?,
            catalogue: OnceLock::new(),
        })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Its configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Its certificate types.
    pub fn catalogue(&self) -> Result<&Arc<Catalogue>, HomeError> {
        if let Some(catalogue) = self.catalogue.get() {
            return Ok(catalogue);
        }
        let catalogue = Catalogue::load(&self.root.join("templates"))?;
        for department in &self.config.departments {
            if !catalogue
                .departments()
                .iter()
                .any(|known| known.key == department.key)
            {
                return Err(HomeError::Config {
                    path: self.root.join("certseal.toml"),
                    reason: format!("部门 {} 不在 templates/departments.toml 中", department.key),
                });
            }
        }
        Ok(self.catalogue.get_or_init(|| Arc::new(catalogue)))
    }

    /// Where its keys are.
    pub fn keys_path(&self) -> PathBuf {
        self.root.join("keys")
    }

    /// Where what it publishes is.
    pub fn pki_path(&self) -> PathBuf {
        self.root.join("pki")
    }

    /// Hashes of its API keys.
    pub fn api_keys_path(&self) -> PathBuf {
        self.root.join("api-keys.toml")
    }

    /// Fonts: the installation's own folders first, then the system's.
    pub fn fonts(&self) -> Result<Arc<FontBook>, HomeError> {
        let mut config = FontConfig::system(std::env::home_dir().as_deref());
        let own = self.config.fonts.iter().map(|folder| self.root.join(folder));
        config.dirs.splice(0..0, own);
        Ok(FontBook::shared(&config)?)
    }

    /// The registry. One process at a time can have it. Founding makes it: one that is missing is never
    /// made anew, for it would give out the same numbers again.
    pub fn registry(&self) -> Result<SledRegistry, HomeError> {
        let folder = self.root.join("registry");
        if !SledRegistry::is_at(&folder) {
            return Err(HomeError::NoRegistry(folder));
        }
        Ok(SledRegistry::open(&folder, SledOptions::default())?)
    }

    /// The documents.
    pub fn objects(&self) -> Result<Objects, HomeError> {
        Ok(Objects::local(&self.root)?)
    }

    /// What faces are set with.
    pub fn workshop(&self) -> Result<Workshop, HomeError> {
        let issuers = self
            .config
            .departments
            .iter()
            .filter_map(|department| Some((department.key.clone(), self.config.issuer(&department.key)?)))
            .collect::<BTreeMap<_, _>>();
        let emblem = self.config.emblem.as_ref();
        Ok(Workshop {
            emblem: emblem
                .map(|path| EmblemArt::read(&self.root.join(path)))
                .transpose()?,
            catalogue: Arc::clone(self.catalogue()?),
            layouts: self.root.join("templates/_layouts"),
            fonts: self.fonts()?,
            issuers,
        })
    }

    /// All rooms bound together, to issue and change. Opens the registry.
    pub fn service(&self, keys: KeyFolder, clock: Arc<dyn Clock>) -> Result<Service, HomeError> {
        let keys = Arc::new(keys);
        Ok(Service::new(ServiceParts {
            workshop: self.workshop()?,
            timestamps: self.signature_timestamps(&keys, &clock)?,
            keys,
            seal_makers: self.seal_makers(SEAL_MAKER)?,
            national_makers: self.seal_makers(SM2_SEAL_MAKER)?,
            national_seals: {
                let folder = self.pki_path();
                Box::new(move |code| national::read_seal(&folder, code))
            },
            anchors: {
                let mut anchors = self.authority_certificates(ROOT)?;
                anchors.extend(self.authority_certificates(SM2_ROOT)?);
                anchors
            },
            revocation_lists: {
                let folder = self.pki_path();
                let mut names = Vec::new();
                for kind in [ROOT, CA, SM2_ROOT, SM2_CA] {
                    names.extend(self.generations(kind)?);
                }
                Box::new(move || pki::lists_of(&folder, &names))
            },
            host: self.config.host.clone(),
            registry: Arc::new(self.registry()?),
            objects: Arc::new(self.objects()?),
            clock,
        }))
    }
}
