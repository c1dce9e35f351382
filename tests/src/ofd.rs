//! Certificates in OFD, made of the same faces as their PDFs, with the rooms of the library.

use std::{path::Path, sync::Arc};

use certseal_core::{
    catalogue::CertificateType,
    clock::civil_date,
    crypto::{KeyFolder, Passphrase},
    home::{Home, NationalSealOrder, SEAL_MAKER},
    issue::{
        TOKEN_SIGNER, document_signer, identifier_for, national_signer,
        press::{NationalStamp, Press, PressParts, SealedDocument},
    },
    profile::Profile,
    seal::{
        SignedSeal,
        ses::{SesSeal, WrittenVersion},
    },
};
use jiff::Timestamp;

use crate::{PASSPHRASE, certseal, run_ok};

/// One certificate in both formats.
#[derive(Debug)]
pub struct Both {
    /// As PDF.
    pub pdf: SealedDocument,
    /// As OFD.
    pub ofd: SealedDocument,
}

/// Makes the national keys of an installation, once.
///
/// # Panics
/// When they cannot be made.
pub fn add_national_keys(home: &Path) {
    run_ok(certseal(home).args(["key", "national"]));
}

/// The sample certificate of a type, sealed in both formats. The installation has its national keys.
///
/// # Panics
/// When it cannot be made.
pub fn both(home: &Path, certificate_type: &str, version: WrittenVersion) -> Both {
    let home = Home::open(home).expect("an installation");
    let passphrase = Passphrase::new(PASSPHRASE.to_owned()).expect("a passphrase");
    let keys = KeyFolder::unlocked(&home.keys_path(), passphrase);
    let identity = |name: &str| keys.identity(name).expect("a key");
    let now = Timestamp::now();
    let workshop = home.workshop().expect("a workshop");
    let own = workshop.catalogue.get(certificate_type).expect("a type");
    let own = &Arc::new(CertificateType {
        profiles: Profile::ALL.to_vec(),
        ..CertificateType::clone(own)
    });
    let typesetter = workshop.typesetter(own).expect("a layout");
    let issuer = typesetter.issuer().clone();

    // 1. The registered seal of the department, and its national twin.
    let registered = home.seals().expect("seals");
    let registered = registered
        .iter()
        .filter_map(|bytes| SignedSeal::parse(bytes).ok())
        .find(|seal| {
            let seal = seal.unverified();
            seal.owner_code().as_str() == issuer.code && seal.kind().key() == own.seal
        })
        .expect("a seal of the department");
    let seal = registered
        .verify(&identity(SEAL_MAKER).certificate)
        .expect("a seal of its maker")
        .clone();
    let order = NationalSealOrder {
        of: &seal,
        version,
        kind: None,
        picture: None,
        by_digest: false,
    };
    let national = home
        .make_national_seal(&order, &keys, now)
        .expect("a national seal");

    // 2. A press for both, and one face.
    let press = Press::new(PressParts {
        typesetter,
        seal: Arc::new(seal),
        signer: identity(&document_signer(&own.department)),
        national: Some(NationalStamp {
            seal: Arc::new(SesSeal::parse(&national).expect("a national seal")),
            signer: identity(&national_signer(&own.department)),
        }),
        token_signer: identity(TOKEN_SIGNER),
        host: home.config().host.clone(),
        timestamps: None,
    })
    .expect("a press");
    let data = own.check(&own.sample(), civil_date(now)).expect("samples pass");
    let number = data.number.clone().unwrap_or_else(|| "419901000001".to_owned());
    let identifier = identifier_for(own, &issuer, &number, None).expect("an identifier");
    let made = press
        .make(&data, &identifier, &number, now)
        .expect("a certificate");
    Both {
        pdf: made.document,
        ofd: made.further.into_iter().next().expect("an OFD"),
    }
}
