//! Keys of the installation: what each is for, who certifies it, and how it is replaced.
//!
//! A renewal never leaves a key without its certificate. Both new files are written beside the old
//! ones; renaming the chain over the old chain is the one step that makes the renewal, and from then
//! on [`SigningIdentity::load`] takes the staged key until it has its proper name.

use std::{fs, io, path::Path, sync::Arc};

use jiff::{Span, Timestamp};
use serde::Serialize;

use super::{
    CA, Config, Home, HomeError, IssuingDepartment, LIST_KEY, PkiError, SEAL_MAKER, SEAL_ROOT, SM2_CA,
    SM2_SEAL_MAKER, SM2_SEAL_ROOT, TSA,
    authorities::{AUTHORITIES, new_key},
    files::{Turn, sync},
    founding::later,
    national::is_national,
    write,
};
use crate::{
    clock::civil_date,
    crypto::{
        IdentityError, KeyFileError, KeyFolder, Passphrase, Signer, SigningIdentity,
        authority::{CertificateAuthority, Role, Serial, ValidityPeriod},
        identity::{STAGED_KEY, chain_pem, read_chain},
        x509::{self, Subject},
    },
    issue::{TOKEN_SIGNER, document_signer, national_signer},
    trust::list::Der,
};

/// Years a signer certificate and a seal are valid.
pub(super) const LEAF_YEARS: i64 = 3;
/// Clocks of verifiers may lag; certificates begin a little before they are made.
pub(super) const BACKDATED_HOURS: i64 = 1;

/// What an end-entity key is for, and who certifies it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Duty<'a> {
    /// Kind of the authority that certifies it.
    pub(super) authority: &'static str,
    role: Role,
    department: Option<&'a IssuingDepartment>,
    title: &'static str,
}

/// The duty of the key of that name; none for roots, CAs and names unknown here.
pub(super) fn duty<'a>(config: &'a Config, name: &str) -> Option<Duty<'a>> {
    let of_the_authority = |authority, role, title| Duty {
        authority,
        role,
        department: None,
        title,
    };
    Some(match name {
        // Seals are made under a root of their own: whoever may sign documents cannot make seals.
        SEAL_MAKER => of_the_authority(SEAL_ROOT, Role::SealMaker, "电子印章制章"),
        TOKEN_SIGNER => of_the_authority(CA, Role::TokenSigner, "证照二维码"),
        LIST_KEY => of_the_authority(CA, Role::TokenSigner, "信任列表"),
        TSA => of_the_authority(CA, Role::TimeStamper, "时间戳服务"),
        SM2_SEAL_MAKER => of_the_authority(SM2_SEAL_ROOT, Role::SealMaker, "电子印章制章"),
        _ => {
            let (authority, key_name): (_, fn(&str) -> String) = if is_national(name) {
                (SM2_CA, national_signer)
            } else {
                (CA, document_signer)
            };
            let mut departments = config.departments.iter();
            Duty {
                authority,
                role: Role::DocumentSigner,
                department: Some(departments.find(|department| key_name(&department.key) == name)?),
                title: "电子证照签章",
            }
        }
    })
}

/// Subject of a certificate of the authority, or of one of its departments.
pub(super) fn subject(config: &Config, department: Option<&IssuingDepartment>, title: &str) -> Subject {
    let organisation = department.map_or_else(
        || format!("{}人民政府", config.region_name),
        |department| department.name.clone(),
    );
    Subject {
        province: None,
        common_name: format!("{organisation}{title}"),
        organisation,
        organisation_code: department.map(|department| department.code.clone()),
    }
}

impl Duty<'_> {
    /// Certifies a key for this duty; gives DER.
    pub(super) fn certify(
        &self,
        config: &Config,
        by: &CertificateAuthority,
        signer: &dyn Signer,
        now: Timestamp,
    ) -> Result<Vec<u8>, PkiError> {
        // No certificate outlives the CA that vouches for it.
        let (_, end) = x509::validity(&*x509::parse(by.certificate())?);
        let validity = ValidityPeriod {
            not_before: later(now, Span::new().hours(-BACKDATED_HOURS))?,
            not_after: later(now, Span::new().years(LEAF_YEARS))?.min(end),
        };
        let subject = subject(config, self.department, self.title);
        let serial = Serial::random()?;
        Ok(by.issue(self.role, signer.public_key_info(), &subject, validity, serial)?)
    }
}

/// A key that was replaced.
#[derive(Debug, Clone, Serialize)]
pub struct RenewedKey {
    /// Name of its files.
    pub name: String,
    /// Name of its predecessor, which is kept; none where it had none.
    pub kept: Option<String>,
    /// Serial number of the new certificate, hexadecimal.
    pub serial: String,
    /// Last valid second of the new certificate.
    pub not_after: Timestamp,
    /// Number of the trust list that names the new certificate, where one was signed.
    pub trust_list: Option<u64>,
}

impl Home {
    /// Replaces a key and its X.509 certificate by new ones. The old pair stays under a dated name:
    /// what it signed still verifies, and it can still be revoked. An authority gets its next generation.
    pub fn renew_key(
        &self,
        name: &str,
        passphrase: &Passphrase,
        now: Timestamp,
    ) -> Result<RenewedKey, HomeError> {
        let _turn = Turn::of(self.path())?;
        if let Some(kind) = AUTHORITIES.into_iter().find(|kind| *kind == name) {
            return self.renew_authority(kind, passphrase, now);
        }
        let duty = duty(self.config(), name).ok_or_else(|| PkiError::UnknownName(name.to_owned()))?;
        let folder = self.keys_path();
        let path = |ending: &str| folder.join(format!("{name}.{ending}"));
        let failed = |source| HomeError::Io {
            path: folder.clone(),
            source,
        };

        // 1. Everything that is needed is at hand before anything changes.
        let keys = KeyFolder::unlocked(&folder, passphrase.clone());
        let by = self.present(duty.authority)?;
        let authority = self.authority(&by, &keys)?;
        let list_signer = match name {
            TOKEN_SIGNER => Some(keys.identity(LIST_KEY)?),
            _ => None,
        };
        settle(&folder, name, passphrase)?;
        // An installation older than its timestamp authority gets one so, and every one its keys over SM2.
        let old_chain = match read_chain(&path("pem")) {
            Err(IdentityError::Io { source, .. })
                if (name == TSA || is_national(name)) && source.kind() == io::ErrorKind::NotFound =>
            {
                Vec::new()
            }
            found => found?,
        };

        // 2. The new pair, beside the old one.
        let key = new_key(is_national(name)).map_err(PkiError::from)?;
        let signer: Arc<dyn Signer> = Arc::new(key.signer().map_err(PkiError::from)?);
        let certificate = duty.certify(self.config(), &authority, &*signer, now)?;
        let mut chain = vec![certificate.clone()];
        chain.extend(read_chain(&folder.join(format!("{by}.pem")))?);
        key.write_new(&path(STAGED_KEY), passphrase)
            .map_err(PkiError::from)?;

        // 3. Verifiers know it before anything is signed with it.
        let mut trust_list = None;
        if let Some(list_signer) = list_signer {
            trust_list = Some(self.amend_own_entry(&*list_signer.signer, now, |own| {
                own.token_signers.push(Der(certificate.clone().into()));
            })?);
        }
        if name == LIST_KEY {
            self.accept_list_keys([&certificate].into_iter().chain(old_chain.first()))?;
        }

        // 4. The old pair gets a second name, then the new one takes over.
        let kept = keep(&folder, name, now).map_err(failed)?;
        write(&path("pem"), chain_pem(&chain)?.as_bytes())?;
        fs::rename(path(STAGED_KEY), path("key")).map_err(failed)?;
        sync(&folder).map_err(failed)?;

        // 5. The list is signed with the key that is in force, and with no other from now on.
        if name == LIST_KEY {
            trust_list = Some(self.sign_next_list(&*signer, now)?.content().sequence);
            self.accept_list_keys([&certificate])?;
        }
        let parsed = x509::parse(&certificate).map_err(PkiError::from)?;
        Ok(RenewedKey {
            name: name.to_owned(),
            kept,
            serial: hex::encode(parsed.tbs_certificate().serial_number().as_bytes()),
            not_after: x509::validity(&parsed).1,
            trust_list,
        })
    }
}

/// Ends what an interrupted renewal began: gives a staged key its proper name if its certificate is in
/// force already, removes it otherwise.
fn settle(folder: &Path, name: &str, passphrase: &Passphrase) -> Result<(), HomeError> {
    let staged = folder.join(format!("{name}.{STAGED_KEY}"));
    if !staged.exists() {
        return Ok(());
    }
    let chain = folder.join(format!("{name}.pem"));
    let done = match SigningIdentity::load_files(&staged, &chain, passphrase) {
        Ok(_) => fs::rename(&staged, folder.join(format!("{name}.key"))),
        // Another certificate's, or half written. A whole key under another passphrase may be the only one
        // that fits the certificate in force, and is not ours to remove.
        Err(IdentityError::KeyMismatch | IdentityError::Key(KeyFileError::NotEncryptedPkcs8)) => {
            fs::remove_file(&staged)
        }
        Err(error) => return Err(error.into()),
    };
    done.and_then(|()| sync(folder)).map_err(|source| HomeError::Io {
        path: staged.clone(),
        source,
    })
}

/// Keeps key and chain under a second name with the day of the renewal, and gives that name; none where there
/// is nothing to keep.
fn keep(folder: &Path, name: &str, now: Timestamp) -> io::Result<Option<String>> {
    let day = civil_date(now).strftime("%Y%m%d").to_string();
    let file = |name: &str, ending: &str| folder.join(format!("{name}.{ending}"));
    let chain = match fs::read(file(name, "pem")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        found => found?,
    };
    let mut kept = format!("{name}-{day}");
    for turn in 2.. {
        // The same chain under that name was kept by a renewal that did not come to its end.
        match fs::read(file(&kept, "pem")) {
            Ok(found) if found == chain => break,
            Ok(_) => kept = format!("{name}-{day}-{turn}"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => break,
            Err(error) => return Err(error),
        }
    }
    for ending in ["key", "pem"] {
        match fs::hard_link(file(name, ending), file(&kept, ending)) {
            // A key that was lost is renewed all the same.
            Err(error) if error.kind() == io::ErrorKind::NotFound && ending == "key" => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            other => other?,
        }
    }
    sync(folder)?;
    Ok(Some(kept))
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]

    use tempfile::TempDir;

    use super::*;
    use crate::{
        clock::{Clock, SystemClock},
        home::{Founding, Revoke, found},
        issue::IssueError,
    };

    pub(in crate::home) fn passphrase() -> Passphrase {
        Passphrase::new("renewal tests".to_owned()).unwrap()
    }

    pub(in crate::home) fn home(folder: &TempDir) -> Home {
        let founding = Founding {
            region: "419901".to_owned(),
            region_name: "示例区".to_owned(),
            host: "verify.example.gov.cn".to_owned(),
        };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        found(&folder.path().join("home"), &founding, &passphrase(), &clock).unwrap()
    }

    fn certificate(home: &Home, name: &str) -> Vec<u8> {
        SigningIdentity::load(&home.keys_path(), name, &passphrase())
            .unwrap()
            .certificate
            .to_vec()
    }

    #[test]
    fn a_crash_at_any_step_leaves_the_old_pair_or_the_new_one() {
        let folder = TempDir::new().unwrap();
        let home = home(&folder);
        let keys = home.keys_path();
        let now = Timestamp::now();
        let name = "signer-jy";
        let old = certificate(&home, name);
        let renewed = home.renew_key(name, &passphrase(), now).unwrap();
        let new = certificate(&home, name);
        assert_ne!(old, new);
        assert_eq!(certificate(&home, renewed.kept.as_ref().unwrap()), old);

        // Before the chain is replaced: the old pair works, and the next renewal clears the rest away.
        let staged = keys.join(format!("{name}.{STAGED_KEY}"));
        fs::write(&staged, "half a ke").unwrap();
        assert_eq!(certificate(&home, name), new);
        let second = home.renew_key(name, &passphrase(), now).unwrap();
        assert!(!staged.exists());
        let (kept, kept_next) = (renewed.kept.unwrap(), second.kept.unwrap());
        assert_eq!(kept_next, format!("{kept}-2"));
        assert_eq!(certificate(&home, &kept_next), new);

        // After it: the new chain with the staged key, under the old key's file.
        let latest = certificate(&home, name);
        fs::rename(keys.join(format!("{name}.key")), &staged).unwrap();
        fs::copy(
            keys.join(format!("{kept_next}.key")),
            keys.join(format!("{name}.key")),
        )
        .unwrap();
        assert_eq!(certificate(&home, name), latest);
        settle(&keys, name, &passphrase()).unwrap();
        assert!(!staged.exists());
        assert_eq!(certificate(&home, name), latest);

        // A lost key is replaced too.
        fs::remove_file(keys.join(format!("{name}.key"))).unwrap();
        home.renew_key(name, &passphrase(), now).unwrap();
        assert_ne!(certificate(&home, name), latest);
        for other in ["ca-2", "signer-nobody", &kept] {
            assert!(home.renew_key(other, &passphrase(), now).is_err(), "{other}");
        }
    }

    #[test]
    fn a_list_signed_with_the_old_key_is_read_until_the_new_key_signs() {
        let folder = TempDir::new().unwrap();
        let home = home(&folder);
        let now = Timestamp::now();
        let token = certificate(&home, TOKEN_SIGNER);
        let renewed = home.renew_key(TOKEN_SIGNER, &passphrase(), now).unwrap();
        assert_eq!(renewed.trust_list, Some(2));
        let signers = |home: &Home| {
            home.trust_list(None).unwrap().content().authorities[0]
                .token_signers
                .clone()
        };
        let named: Vec<Vec<u8>> = signers(&home).iter().map(|der| der.0.to_vec()).collect();
        assert_eq!(named, [token, certificate(&home, TOKEN_SIGNER)]);

        let old = certificate(&home, LIST_KEY);
        let list = fs::read(home.path().join("trust/trust-list.json")).unwrap();
        let renewed = home.renew_key(LIST_KEY, &passphrase(), now).unwrap();
        assert_eq!(renewed.trust_list, Some(3));
        assert_eq!(home.trust_list(None).unwrap().content().sequence, 3);
        // A crash before the new key signed: both keys are accepted, and the old list with them.
        fs::remove_file(home.path().join("trust/seen.json")).unwrap();
        let elsewhere = folder.path().join("old-list.json");
        fs::write(&elsewhere, list).unwrap();
        assert!(home.trust_list(Some(&elsewhere)).is_err());
        home.accept_list_keys([&certificate(&home, LIST_KEY), &old])
            .unwrap();
        assert_eq!(home.trust_list(Some(&elsewhere)).unwrap().content().sequence, 2);
        assert_eq!(home.trust_list(None).unwrap().content().sequence, 3);
    }

    #[test]
    fn a_running_service_takes_up_renewed_keys() {
        let folder = TempDir::new().unwrap();
        let home = home(&folder);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let keys = KeyFolder::unlocked(&home.keys_path(), passphrase());
        let service = home.service(keys, clock).unwrap();
        let of_type = service
            .catalogue()
            .get("teacher-qualification-certificate")
            .cloned()
            .unwrap();
        let press = || futures::executor::block_on(service.press(&of_type, None));
        let first = press().unwrap();
        assert!(Arc::ptr_eq(&first, &press().unwrap()));

        // QR codes are signed with the new key at once.
        home.renew_key(TOKEN_SIGNER, &passphrase(), Timestamp::now())
            .unwrap();
        let second = press().unwrap();
        assert_eq!(
            second.token_signer().certificate.to_vec(),
            certificate(&home, TOKEN_SIGNER)
        );
        assert_eq!(second.signer().certificate, first.signer().certificate);

        // A seal goes on with the signer it permits, until that is revoked.
        let name = document_signer(&of_type.department);
        let renewed = home.renew_key(&name, &passphrase(), Timestamp::now()).unwrap();
        let third = press().unwrap();
        assert_eq!(third.signer().certificate, first.signer().certificate);
        assert_ne!(certificate(&home, &name)[..], first.signer().certificate[..]);
        let keys = KeyFolder::unlocked(&home.keys_path(), passphrase());
        let revoke = Revoke {
            names: vec![renewed.kept.unwrap()],
            ..Revoke::default()
        };
        home.renew_revocation_lists(&revoke, false, &keys, Timestamp::now())
            .unwrap();
        assert!(matches!(press(), Err(IssueError::Signer { .. })));
        assert!(futures::executor::block_on(service.check_press(&third)).is_err());
        fs::remove_file(home.pki_path().join("ca.crl")).unwrap();
        assert!(matches!(press(), Err(IssueError::RevocationLists(_))));
    }
}
