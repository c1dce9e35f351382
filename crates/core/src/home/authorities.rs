//! The installation's own authorities, each in generations: `ca`, then `ca-2`, `ca-3`.
//!
//! An authority is renewed by making the next generation beside it. Nothing is renamed or replaced: X.509
//! certificates name the revocation list of the very CA that issued them, under an address that must go on
//! being served with lists signed by that CA's key, and documents lead to the root they always led to. So
//! every generation keeps its key, its certificate and its list until it has ended; the highest one issues.
//!
//! A new generation is in force when its chain file stands in the key folder, which is the last step. Whoever
//! repeats a renewal that was interrupted goes on with the key and certificate made before.

use std::{fs, io, path::Path, sync::Arc};

use jiff::{Span, Timestamp};

use super::{
    CA, Config, Home, HomeError, LIST_KEY, PkiError, ROOT, RenewedKey, SEAL_ROOT, SM2_CA, SM2_ROOT,
    SM2_SEAL_ROOT,
    founding::later,
    national::is_national,
    read,
    renewal::{BACKDATED_HOURS, subject},
    write,
};
use crate::{
    crypto::{
        KeyFileError, KeyFolder, Passphrase, PrivateKey, Signer,
        authority::{CertificateAuthority, Publication, Serial, ValidityPeriod},
        identity::{chain_pem, read_chain},
        x509,
    },
    trust::list::Der,
};

/// Every kind of authority: those of every installation, then those over SM2, which are there when they were asked for.
pub(super) const AUTHORITIES: [&str; 6] = [ROOT, CA, SEAL_ROOT, SM2_ROOT, SM2_CA, SM2_SEAL_ROOT];
/// Years a root is valid.
const ROOT_YEARS: i64 = 20;
/// Years an issuing CA is valid.
const CA_YEARS: i64 = 10;

/// Kind and generation of the authority of that name: `ca-2` is the second issuing CA. None for the names
/// of other keys.
pub(super) fn generation(name: &str) -> Option<(&'static str, u32)> {
    AUTHORITIES.into_iter().find_map(|kind| {
        let generation = match name.strip_prefix(kind)? {
            "" => 1,
            rest => rest.strip_prefix('-')?.parse().ok()?,
        };
        (generation > 0 && generation_name(kind, generation) == name).then_some((kind, generation))
    })
}

fn generation_name(kind: &str, generation: u32) -> String {
    match generation {
        1 => kind.to_owned(),
        _ => format!("{kind}-{generation}"),
    }
}

/// Certifies the key of a new authority: a root, or, with an authority above it, an issuing CA.
pub(super) fn certify(
    config: &Config,
    name: &str,
    above: Option<&CertificateAuthority>,
    signer: Arc<dyn Signer>,
    now: Timestamp,
) -> Result<CertificateAuthority, PkiError> {
    let (kind, generation) = generation(name).ok_or_else(|| PkiError::UnknownName(name.to_owned()))?;
    let mut title = match kind {
        CA => "电子证照签发 CA",
        SM2_CA => "电子证照签发 CA（SM2）",
        SEAL_ROOT => "电子印章根 CA",
        SM2_SEAL_ROOT => "电子印章根 CA（SM2）",
        SM2_ROOT => "根 CA（SM2）",
        _ => "根 CA",
    }
    .to_owned();
    // A name of its own for each key, so that neither paths nor revocation lists can be mistaken.
    if generation > 1 {
        title = format!("{title} G{generation}");
    }
    let subject = subject(config, None, &title);
    let not_before = later(now, Span::new().hours(-BACKDATED_HOURS))?;
    let serial = Serial::random()?;
    let made = match above {
        None => {
            let not_after = later(now, Span::new().years(ROOT_YEARS))?;
            let validity = ValidityPeriod {
                not_before,
                not_after,
            };
            CertificateAuthority::new_root(signer, &subject, validity, serial)?
        }
        Some(above) => {
            // No certificate outlives the one that vouches for it.
            let (_, end) = x509::validity(&*x509::parse(above.certificate())?);
            let validity = ValidityPeriod {
                not_before,
                not_after: later(now, Span::new().years(CA_YEARS))?.min(end),
            };
            above.issue_authority(signer, &subject, validity, serial)?
        }
    };
    Ok(made.publishing(Publication::on_host(&config.host, name)))
}

impl Home {
    /// Names of an authority's generations, oldest first.
    pub(super) fn generations(&self, kind: &str) -> Result<Vec<String>, HomeError> {
        let folder = self.keys_path();
        let failed = |source| HomeError::Io {
            path: folder.clone(),
            source,
        };
        let mut found = Vec::new();
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let file = entry.map_err(failed)?.file_name();
            let name = file.to_str().and_then(|name| name.strip_suffix(".pem"));
            if let Some((of, number)) = name.and_then(generation)
                && of == kind
            {
                found.push(number);
            }
        }
        found.sort_unstable();
        Ok(found
            .into_iter()
            .map(|number| generation_name(kind, number))
            .collect())
    }

    /// Name of the generation that issues now.
    pub(super) fn present(&self, kind: &str) -> Result<String, HomeError> {
        Ok(self.generations(kind)?.pop().unwrap_or_else(|| kind.to_owned()))
    }

    /// DER of the certificates of all generations.
    pub(super) fn authority_certificates(&self, kind: &str) -> Result<Vec<Vec<u8>>, HomeError> {
        let names = self.generations(kind)?;
        names
            .iter()
            .map(|name| self.authority_certificate(name))
            .collect()
    }

    pub(super) fn authority_certificate(&self, name: &str) -> Result<Vec<u8>, HomeError> {
        let chain = read_chain(&self.keys_path().join(format!("{name}.pem")))?;
        Ok(chain.into_iter().next().ok_or(PkiError::Incomplete)?)
    }

    /// An authority of ours that can sign.
    pub(super) fn authority(&self, name: &str, keys: &KeyFolder) -> Result<CertificateAuthority, HomeError> {
        let identity = keys.identity(name)?;
        let authority = CertificateAuthority::open(Arc::clone(&identity.signer), &identity.certificate)
            .map_err(PkiError::from)?;
        Ok(authority.publishing(Publication::on_host(&self.config().host, name)))
    }

    /// Makes the next generation of an authority, or its first. A root goes onto the trust list first, so that verifiers
    /// know it before anything is signed with it.
    pub(super) fn renew_authority(
        &self,
        kind: &'static str,
        passphrase: &Passphrase,
        now: Timestamp,
    ) -> Result<RenewedKey, HomeError> {
        // 1. Everything that is needed is at hand before anything changes.
        let keys = KeyFolder::unlocked(&self.keys_path(), passphrase.clone());
        let old = self.generations(kind)?.pop();
        let number = old
            .as_deref()
            .and_then(generation)
            .map_or(0, |(_, number)| number);
        let name = generation_name(kind, number + 1);
        let mut above = None;
        let mut list_signer = None;
        let mut chain = Vec::new();
        if matches!(kind, CA | SM2_CA) {
            let root = self.present(if kind == CA { ROOT } else { SM2_ROOT })?;
            above = Some(self.authority(&root, &keys)?);
            chain.push(self.authority_certificate(&root)?);
        } else {
            list_signer = Some(keys.identity(LIST_KEY)?);
            self.trust_list(None)?;
        }

        // 2. The new key, and its certificate, unless an interrupted renewal made them.
        let signer = self.next_key(&name, passphrase)?;
        let published = self.pki_path().join(format!("{name}.cer"));
        let authority = if published.exists() {
            CertificateAuthority::open(signer, &read(&published)?)
                .map_err(PkiError::from)?
                .publishing(Publication::on_host(&self.config().host, &name))
        } else {
            certify(self.config(), &name, above.as_ref(), signer, now)?
        };
        chain.insert(0, authority.certificate().to_vec());

        // 3. What verifiers look for is there before anything is issued.
        let authority = [(name, authority)];
        self.publish_authorities(&authority)?;
        self.issue_revocation_lists(&authority, now)?;
        let [(name, authority)] = authority;
        let mut trust_list = None;
        if let Some(list_signer) = list_signer {
            let der = Der(authority.certificate().into());
            let listed = self.amend_own_entry(&*list_signer.signer, now, |own| {
                let roots = match kind {
                    ROOT | SM2_ROOT => &mut own.anchors,
                    _ => &mut own.seal_makers,
                };
                if !roots.contains(&der) {
                    roots.push(der.clone());
                }
            })?;
            trust_list = Some(listed);
        }

        // 4. From here on it is the one that issues.
        let parsed = x509::parse(authority.certificate()).map_err(PkiError::from)?;
        let file = self.keys_path().join(format!("{name}.pem"));
        write(&file, chain_pem(&chain)?.as_bytes())?;
        Ok(RenewedKey {
            name,
            kept: old,
            serial: hex::encode(parsed.tbs_certificate().serial_number().as_bytes()),
            not_after: x509::validity(&parsed).1,
            trust_list,
        })
    }

    /// The key of a generation that is being made: the one an interrupted renewal left, or a new one.
    fn next_key(&self, name: &str, passphrase: &Passphrase) -> Result<Arc<dyn Signer>, HomeError> {
        let path = self.keys_path().join(format!("{name}.key"));
        let key = match PrivateKey::read(&path, passphrase) {
            Ok(key) => key,
            Err(error) => {
                match error {
                    KeyFileError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => {}
                    // Half written; a whole key under another passphrase is not ours to remove.
                    KeyFileError::NotEncryptedPkcs8 => remove(&path)?,
                    other => return Err(PkiError::from(other).into()),
                }
                let key = new_key(is_national(name)).map_err(PkiError::from)?;
                key.write_new(&path, passphrase).map_err(PkiError::from)?;
                key
            }
        };
        Ok(Arc::new(key.signer().map_err(PkiError::from)?))
    }
}

/// A new key, over SM2 where the national profile wants it.
pub(super) fn new_key(is_national: bool) -> Result<PrivateKey, KeyFileError> {
    if is_national {
        PrivateKey::generate_sm2()
    } else {
        PrivateKey::generate()
    }
}

fn remove(path: &Path) -> Result<(), HomeError> {
    fs::remove_file(path).map_err(|source| HomeError::Io {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_we_give_are_generations() {
        assert_eq!(generation("ca"), Some((CA, 1)));
        assert_eq!(generation("ca-2"), Some((CA, 2)));
        assert_eq!(generation("root-12"), Some((ROOT, 12)));
        assert_eq!(generation("seal-root-3"), Some((SEAL_ROOT, 3)));
        assert_eq!(generation("sm2-ca-2"), Some((SM2_CA, 2)));
        for other in [
            "ca-1",
            "ca-0",
            "ca-02",
            "ca-",
            "ca-x",
            "ca2",
            "cab",
            "seal",
            "seal-maker",
            "token",
            "signer-ca",
            "",
        ] {
            assert_eq!(generation(other), None, "{other}");
        }
    }
}
