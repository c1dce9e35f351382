//! Founding an installation: a demonstration authority with root, issuing CA, signer certificates,
//! seals and a trust list that names it. A real authority replaces keys and certificates by those of
//! its own CA, under the same names.

use std::{fs, path::Path, sync::Arc};

use include_dir::{Dir, DirEntry, include_dir};
use jiff::{Span, Timestamp};
use rayon::prelude::*;

use super::{
    CA, Config, Home, HomeError, IssuingDepartment, LIST_KEY, PkiError, ROOT, SEAL_MAKER, SEAL_ROOT, write,
};
use crate::{
    catalogue::{Catalogue, Department},
    clock::{Clock, china},
    codes::CreditCode,
    crypto::{
        Passphrase, PrivateKey, Signer, SigningIdentity,
        authority::{CertificateAuthority, Publication, Role, Serial, ValidityPeriod},
        identity::write_chain,
        x509::{Subject, fingerprint},
    },
    face::FontBook,
    issue::{TOKEN_SIGNER, document_signer, salt},
    registry::{Append, Change, Registry as _},
    seal::{
        Seal, SealCode, SealDefinition, SealKind,
        impression::{self, ImpressionSpec},
    },
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

/// Years the root, the issuing CA and end-entity X.509 certificates are valid.
const YEARS: (i64, i64, i64) = (20, 10, 3);
/// Clocks of verifiers may lag; certificates begin a little before they are made.
const BACKDATED_HOURS: i64 = 1;

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
    for folder in ["keys", "pki", "trust/crls", "templates"] {
        let path = root.join(folder);
        fs::create_dir_all(&path).map_err(failed(&path))?;
    }
    restrict(&root.join("keys")).map_err(failed(&root.join("keys")))?;
    unpack(&TEMPLATES, &root.join("templates"))?;

    // 1. Who issues here.
    let catalogue = Catalogue::load(&root.join("templates"))?;
    let config = Config {
        host: founding.host.clone(),
        authority: format!("cn-{}", founding.region),
        region: founding.region.clone(),
        region_name: founding.region_name.clone(),
        fonts: Vec::new(),
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

    // 3. The configuration, which makes it an installation; seals, revocation lists, trust list.
    let text = toml::to_string_pretty(&config).map_err(|error| HomeError::Config {
        path: root.join("certseal.toml"),
        reason: error.to_string(),
    })?;
    write(&root.join("certseal.toml"), text.as_bytes())?;
    let home = Home::open(root)?;
    pki.register_seals(&home, &identities)?;
    home.publish_authorities(&identities.authorities)?;
    home.issue_revocation_lists(&identities.authorities, now)?;
    home.write_own_authority(now)?;
    home.write_first_trust_list(&*identities.list_signer, now)?;
    Ok(home)
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

/// Beginning of the organisation codes made up for a demonstration authority.
const DEMONSTRATION_ORGANISATION: &str = "MB99A0";

struct Identities {
    /// By name: root, issuing CA, root of the seal maker.
    authorities: [(&'static str, CertificateAuthority); 3],
    seal_maker: SigningIdentity,
    list_signer: Arc<dyn Signer>,
    /// By department, in the order of the configuration.
    signers: Vec<Vec<u8>>,
}

struct Founder<'a> {
    root: &'a Path,
    config: &'a Config,
    passphrase: &'a Passphrase,
    now: Timestamp,
}

impl Founder<'_> {
    fn identities(&self) -> Result<Identities, HomeError> {
        let validity = |years: i64| -> Result<ValidityPeriod, PkiError> {
            Ok(ValidityPeriod {
                not_before: later(self.now, Span::new().hours(-BACKDATED_HOURS))?,
                not_after: later(self.now, Span::new().years(years))?,
            })
        };
        let (root_years, ca_years, leaf_years) = YEARS;
        let publish = |name| Publication::on_host(&self.config.host, name);

        // Encrypting a key file costs scrypt a fifth of a second: all of them at once, on all cores.
        let mut names: Vec<String> = [ROOT, CA, SEAL_ROOT, SEAL_MAKER, TOKEN_SIGNER, LIST_KEY]
            .map(str::to_owned)
            .into();
        names.extend(self.config.departments.iter().map(|d| document_signer(&d.key)));
        let signers = names
            .par_iter()
            .map(|name| self.new_key(name))
            .collect::<Result<Vec<_>, HomeError>>()?;
        let mut signers = signers.into_iter();
        let mut next = || signers.next().ok_or(PkiError::Incomplete);

        let new_root = |name: &'static str, signer: Arc<dyn Signer>, duty: &str| -> Result<_, HomeError> {
            let serial = Serial::random().map_err(PkiError::from)?;
            let root = CertificateAuthority::new_root(
                signer,
                &self.subject(None, duty),
                validity(root_years)?,
                serial,
            )
            .map_err(PkiError::from)?
            .publishing(publish(name));
            write_chain(&self.chain(name), [root.certificate()])?;
            Ok(root)
        };
        let root = new_root(ROOT, next()?, "根 CA")?;
        let ca = root
            .issue_authority(
                next()?,
                &self.subject(None, "电子证照签发 CA"),
                validity(ca_years)?,
                Serial::random().map_err(PkiError::from)?,
            )
            .map_err(PkiError::from)?
            .publishing(publish(CA));
        write_chain(&self.chain(CA), [ca.certificate(), root.certificate()])?;

        // Seals are made under a root of their own: whoever may sign documents cannot make seals.
        let seal_root = new_root(SEAL_ROOT, next()?, "电子印章根 CA")?;

        let certify =
            |by: &CertificateAuthority, name: &str, signer: &dyn Signer, role, subject: &Subject| {
                let serial = Serial::random().map_err(PkiError::from)?;
                let key = signer.public_key_info();
                let der = by
                    .issue(role, key, subject, validity(leaf_years)?, serial)
                    .map_err(PkiError::from)?;
                let mut chain = vec![&der[..], by.certificate()];
                if by.certificate() == ca.certificate() {
                    chain.push(root.certificate());
                }
                write_chain(&self.chain(name), chain)?;
                Ok::<_, HomeError>(der)
            };
        let maker = next()?;
        let subject = self.subject(None, "电子印章制章");
        let der = certify(&seal_root, SEAL_MAKER, &*maker, Role::SealMaker, &subject)?;
        let seal_maker = SigningIdentity::new(maker, der, Vec::new())?;
        let token = next()?;
        certify(
            &ca,
            TOKEN_SIGNER,
            &*token,
            Role::TokenSigner,
            &self.subject(None, "证照二维码"),
        )?;
        let list_signer = next()?;
        certify(
            &ca,
            LIST_KEY,
            &*list_signer,
            Role::TokenSigner,
            &self.subject(None, "信任列表"),
        )?;
        let mut leaves = Vec::new();
        for department in &self.config.departments {
            let name = document_signer(&department.key);
            let subject = self.subject(Some(department), "电子证照签章");
            leaves.push(certify(&ca, &name, &*next()?, Role::DocumentSigner, &subject)?);
        }
        Ok(Identities {
            authorities: [(ROOT, root), (CA, ca), (SEAL_ROOT, seal_root)],
            seal_maker,
            list_signer,
            signers: leaves,
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

    fn subject(&self, department: Option<&IssuingDepartment>, duty: &str) -> Subject {
        let organisation = department.map_or_else(
            || format!("{}人民政府", self.config.region_name),
            |department| department.name.clone(),
        );
        Subject {
            province: None,
            common_name: format!("{organisation}{duty}"),
            organisation,
            organisation_code: department.map(|department| department.code.clone()),
        }
    }

    /// Two seals for each department: one for certificates, one for itself.
    fn register_seals(&self, home: &Home, identities: &Identities) -> Result<(), HomeError> {
        let fonts = home.fonts()?;
        let until = later(self.now, Span::new().years(YEARS.2))?;
        let mut batch = Vec::new();
        let mut serial = 0;
        for (department, signer) in self.config.departments.iter().zip(&identities.signers) {
            for kind in [SealKind::Licence, SealKind::Official] {
                serial += 1;
                let code = SealCode::compose(&self.config.region, serial).map_err(PkiError::from)?;
                let definition = SealDefinition {
                    name: match kind {
                        SealKind::Official => department.name.clone(),
                        _ => format!("{}{}", department.name, kind.name_zh()),
                    },
                    owner: department.name.clone(),
                    owner_code: CreditCode::parse(&department.code).map_err(PkiError::from)?,
                    kind,
                    impression: draw(&department.name, kind, code.as_str(), &fonts)?,
                    not_before: later(self.now, Span::new().hours(-BACKDATED_HOURS))?,
                    not_after: until,
                    signers: vec![fingerprint(signer)],
                    code,
                };
                let seal = definition.code.as_str().to_owned();
                let definition =
                    Seal::make(definition, self.now, &identities.seal_maker).map_err(PkiError::from)?;
                // Published beside the registry, for verifying where that is not at hand.
                write(&home.pki_path().join(format!("{seal}.seal")), &definition)?;
                batch.push(Append {
                    at: self.now,
                    actor: "init".to_owned(),
                    reason: "建立演示机构".to_owned(),
                    authority: department.code.clone(),
                    salt: salt().map_err(|_| PkiError::NoRandomness)?,
                    idempotency: None,
                    change: Change::RegisterSeal { seal, definition },
                });
            }
        }
        let registry = home.registry()?;
        for answer in futures::executor::block_on(registry.append(batch))? {
            answer.map_err(PkiError::from)?;
        }
        Ok(())
    }
}

fn draw(
    owner: &str,
    kind: SealKind,
    code: &str,
    fonts: &FontBook,
) -> Result<crate::face::Drawing, HomeError> {
    let mut spec = ImpressionSpec::department(owner);
    if kind == SealKind::Licence {
        spec = spec.with_purpose(kind.name_zh()).with_number(code);
    }
    Ok(impression::draw(&spec, fonts).map_err(PkiError::from)?)
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

/// Only the owner may look into the key folder.
fn restrict(folder: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}
