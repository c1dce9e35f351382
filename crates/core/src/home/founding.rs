//! Founding an installation: a demonstration authority with root, issuing CA, signer certificates,
//! seals and a trust list that names it. A real authority replaces keys and certificates by those of
//! its own CA, under the same names.

use std::{fs, path::Path, sync::Arc};

use include_dir::{Dir, DirEntry, include_dir};
use jiff::{Span, Timestamp};
use rayon::prelude::*;

use super::{
    CA, Config, Home, HomeError, IssuingDepartment, LIST_KEY, PkiError, ROOT, RevocationConfig, SEAL_MAKER,
    SEAL_ROOT, SealOrder, TSA, authorities::certify, renewal::duty, write,
};
use crate::{
    catalogue::{Catalogue, Department},
    clock::{Clock, china},
    codes::CreditCode,
    crypto::{
        KeyFolder, Passphrase, PrivateKey, Signer, authority::CertificateAuthority, identity::write_chain,
    },
    issue::{TOKEN_SIGNER, document_signer},
    registry::{SledOptions, SledRegistry},
    seal::SealKind,
};

/// The certificate types that come with the program.
static TEMPLATES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../templates");

/// What a new installation is to be.
#[derive(Debug, Clone)]
pub struct Founding {
    /// Region code, six digits.
    pub region: String,
    /// Region name, printed before each department's name.
    pub region_name: String,
    /// Host of the verification page.
    pub host: String,
}

/// Folders into which only the owner may look: keys, and personal data.
const PRIVATE: [&str; 3] = ["keys", "registry", "documents"];

/// Makes an installation in an empty or missing folder. A failure leaves what was made so far, without
/// the configuration that would make it an installation.
pub fn found(
    root: &Path,
    founding: &Founding,
    passphrase: &Passphrase,
    clock: &Arc<dyn Clock>,
) -> Result<Home, HomeError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| HomeError::Io { path, source }
    };
    if fs::read_dir(root).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(HomeError::AlreadyThere(root.to_owned()));
    }
    for folder in ["keys", "registry", "documents", "pki", "trust/crls", "templates"] {
        let path = root.join(folder);
        fs::create_dir_all(&path).map_err(failed(&path))?;
    }
    for folder in PRIVATE {
        let path = root.join(folder);
        restrict(&path).map_err(failed(&path))?;
    }
    unpack(&TEMPLATES, &root.join("templates"))?;

    // 1. Who issues here.
    let catalogue = Catalogue::load(&root.join("templates"))?;
    let config = Config {
        host: founding.host.clone(),
        authority: format!("cn-{}", founding.region),
        region: founding.region.clone(),
        region_name: founding.region_name.clone(),
        fonts: Vec::new(),
        emblem: None,
        timestamp: None,
        revocation: RevocationConfig::default(),
        departments: departments(catalogue.departments(), founding)?,
    };

    // 2. Keys and X.509 certificates.
    let now = clock.now();
    let pki = Founder {
        root,
        config: &config,
        passphrase,
        now,
    };
    let identities = pki.identities()?;

    // 3. Revocation lists, seals with the registry they stand in, trust list.
    let home = Home {
        root: root.to_owned(),
        config: config.clone(),
        catalogue: Arc::new(catalogue).into(),
    };
    drop(SledRegistry::open(
        &root.join("registry"),
        SledOptions::default(),
    )?);
    home.publish_authorities(&identities.authorities)?;
    home.issue_revocation_lists(&identities.authorities, now)?;
    pki.make_seals(&home, clock)?;
    home.write_own_authority(now)?;
    home.write_first_trust_list(&*identities.list_signer, now)?;

    // 4. The configuration last: it makes the folder an installation.
    let text = toml::to_string_pretty(&config).map_err(|error| HomeError::Config {
        path: root.join("certseal.toml"),
        reason: error.to_string(),
    })?;
    write(&root.join("certseal.toml"), text.as_bytes())?;
    Home::open(root)
}

/// Departments of the catalogue as issuers, under credit codes of the right form for the region.
fn departments(known: &[Department], founding: &Founding) -> Result<Vec<IssuingDepartment>, HomeError> {
    let wrong = |error: crate::codes::CodeError| HomeError::Config {
        path: "certseal.toml".into(),
        reason: format!("{error}；行政区划代码应为 6 位数字"),
    };
    known
        .iter()
        .zip(1..)
        .map(|(department, serial)| {
            let organisation = format!("{DEMONSTRATION_ORGANISATION}{serial:02}");
            let code = CreditCode::compose("11", &founding.region, &organisation).map_err(wrong)?;
            Ok(IssuingDepartment {
                key: department.key.clone(),
                name: format!("{}{}", founding.region_name, department.full_name),
                code: code.as_str().to_owned(),
            })
        })
        .collect()
}

/// The authorities of every installation.
const FOUNDED: [&str; 3] = [ROOT, CA, SEAL_ROOT];
/// Beginning of the organisation codes made up for a demonstration authority.
const DEMONSTRATION_ORGANISATION: &str = "MB99A0";

struct Identities {
    /// By name: root, issuing CA, root of the seal maker.
    authorities: [(String, CertificateAuthority); FOUNDED.len()],
    list_signer: Arc<dyn Signer>,
}

struct Founder<'a> {
    root: &'a Path,
    config: &'a Config,
    passphrase: &'a Passphrase,
    now: Timestamp,
}

impl Founder<'_> {
    fn identities(&self) -> Result<Identities, HomeError> {
        // Encrypting a key file costs scrypt a fifth of a second: all of them at once, on all cores.
        let mut names = FOUNDED.map(str::to_owned).to_vec();
        names.extend([SEAL_MAKER, TOKEN_SIGNER, LIST_KEY, TSA].map(str::to_owned));
        names.extend(self.config.departments.iter().map(|d| document_signer(&d.key)));
        let signers = names
            .par_iter()
            .map(|name| self.new_key(name))
            .collect::<Result<Vec<_>, HomeError>>()?;
        let mut signers = signers.into_iter();
        let mut next = || signers.next().ok_or(PkiError::Incomplete);

        let root = certify(self.config, ROOT, None, next()?, self.now)?;
        let ca = certify(self.config, CA, Some(&root), next()?, self.now)?;
        let seal_root = certify(self.config, SEAL_ROOT, None, next()?, self.now)?;
        write_chain(&self.chain(ROOT), [root.certificate()])?;
        write_chain(&self.chain(CA), [ca.certificate(), root.certificate()])?;
        write_chain(&self.chain(SEAL_ROOT), [seal_root.certificate()])?;

        let mut list_signer = None;
        for name in names.iter().skip(FOUNDED.len()) {
            let duty = duty(self.config, name).ok_or(PkiError::Incomplete)?;
            let (by, above) = match duty.authority {
                SEAL_ROOT => (&seal_root, None),
                _ => (&ca, Some(root.certificate())),
            };
            let signer = next()?;
            let leaf = duty.certify(self.config, by, &*signer, self.now)?;
            let chain = [&leaf[..], by.certificate()].into_iter().chain(above);
            write_chain(&self.chain(name), chain)?;
            if name == LIST_KEY {
                list_signer = Some(signer);
            }
        }
        Ok(Identities {
            authorities: [(ROOT, root), (CA, ca), (SEAL_ROOT, seal_root)]
                .map(|(name, authority)| (name.to_owned(), authority)),
            list_signer: list_signer.ok_or(PkiError::Incomplete)?,
        })
    }

    fn new_key(&self, name: &str) -> Result<Arc<dyn Signer>, HomeError> {
        let key = PrivateKey::generate().map_err(PkiError::from)?;
        let path = self.root.join("keys").join(format!("{name}.key"));
        key.write_new(&path, self.passphrase).map_err(PkiError::from)?;
        Ok(Arc::new(key.signer().map_err(PkiError::from)?))
    }

    fn chain(&self, name: &str) -> std::path::PathBuf {
        self.root.join("keys").join(format!("{name}.pem"))
    }

    /// Two seals for each department: one for certificates, one for itself.
    fn make_seals(&self, home: &Home, clock: &Arc<dyn Clock>) -> Result<(), HomeError> {
        let keys = KeyFolder::unlocked(&home.keys_path(), self.passphrase.clone());
        let maker = keys.identity(SEAL_MAKER)?;
        let service = home.service(keys, Arc::clone(clock))?;
        for department in &self.config.departments {
            for kind in [SealKind::Licence, SealKind::Official] {
                let order = SealOrder {
                    department: department.key.clone(),
                    kind,
                    name: None,
                    number: None,
                    actor: "init".to_owned(),
                    reason: "建立演示机构".to_owned(),
                };
                futures::executor::block_on(home.make_seal(&service, &order, &maker))?;
            }
        }
        Ok(())
    }
}

/// An instant so much later by the calendar of China.
pub(super) fn later(from: Timestamp, span: Span) -> Result<Timestamp, PkiError> {
    let moved = from
        .to_zoned(china())
        .checked_add(span)
        .map_err(|_| PkiError::OutOfCalendar)?;
    Ok(moved.timestamp())
}

fn unpack(folder: &Dir<'_>, to: &Path) -> Result<(), HomeError> {
    for entry in folder.entries() {
        let path = to.join(entry.path());
        let failed = |source| HomeError::Io {
            path: path.clone(),
            source,
        };
        match entry {
            DirEntry::Dir(inner) => {
                fs::create_dir_all(&path).map_err(failed)?;
                unpack(inner, to)?;
            }
            DirEntry::File(file) => fs::write(&path, file.contents()).map_err(failed)?,
        }
    }
    Ok(())
}

/// Only the owner may look into the folder.
fn restrict(folder: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}
