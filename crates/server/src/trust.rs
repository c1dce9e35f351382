//! What verification rests on, kept fresh while the server runs.

use std::{
    collections::BTreeMap,
    error::Error,
    fmt,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::{Duration, Instant},
};

use axum::body::Bytes;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use certseal_core::{
    catalogue::Issuer,
    crypto::x509,
    qr::token::kid_of,
    trust::list::{ANY_TYPE, Authority, AuthorityStatus},
    verify::{MaterialError, TrustMaterial, Verifier},
};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// Reads trust material from where the operator keeps it.
pub type TrustLoader =
    Box<dyn Fn() -> Result<TrustMaterial, Box<dyn Error + Send + Sync>> + Send + Sync + 'static>;

/// Material older than this is read again.
const MAX_AGE: Duration = Duration::from_mins(1);

/// Why trust material cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// It cannot be read.
    #[error("信任材料无法读取 (trust material cannot be read)")]
    Unreadable(#[source] Box<dyn Error + Send + Sync>),
    /// It is damaged.
    #[error(transparent)]
    Damaged(#[from] MaterialError),
    /// The public keys cannot be written down.
    #[error("公钥无法写出：{0} (public keys cannot be written)")]
    Keys(#[from] serde_json::Error),
}

/// Verifier and public keys of one reading.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) verifier: Verifier,
    /// `/v/keys.json`.
    pub(crate) keys: Bytes,
}

/// The present reading, and how to make the next.
pub(crate) struct Trust {
    loader: TrustLoader,
    issuers: BTreeMap<String, String>,
    present: RwLock<Arc<Reading>>,
    /// When the last attempt was made; held while one is under way, so that there is one at a time.
    attempted: Mutex<Instant>,
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust")
            .field("present", &self.present)
            .finish_non_exhaustive()
    }
}

impl Trust {
    pub(crate) fn load(loader: TrustLoader, issuers: &[&Issuer]) -> Result<Self, TrustError> {
        let issuers = issuers
            .iter()
            .map(|issuer| (issuer.code.clone(), issuer.name.clone()))
            .collect();
        let present = RwLock::new(Arc::new(read(&loader, &issuers)?));
        Ok(Self {
            loader,
            issuers,
            present,
            attempted: Mutex::new(Instant::now()),
        })
    }

    /// The present reading. Reads again when it is old, so call it off the async threads. Material that
    /// cannot be read leaves the last one in use, whose lists then grow stale by their own dates.
    pub(crate) fn present(&self) -> Arc<Reading> {
        if let Ok(mut attempted) = self.attempted.try_lock()
            && attempted.elapsed() >= MAX_AGE
        {
            match read(&self.loader, &self.issuers) {
                Ok(reading) => {
                    *self.present.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(reading);
                }
                Err(error) => tracing::error!(%error, "trust material not read again"),
            }
            *attempted = Instant::now();
        }
        Arc::clone(&self.present.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn read(loader: &TrustLoader, issuers: &BTreeMap<String, String>) -> Result<Reading, TrustError> {
    let material = loader().map_err(TrustError::Unreadable)?;
    let keys = serde_json::to_vec(&public_keys(&material, issuers))?.into();
    Ok(Reading {
        verifier: Verifier::new(material)?,
        keys,
    })
}

/// 签二维码的公钥 A public key that signs QR codes, as the page uses it: a JWK (RFC 7517) with what it may sign
#[derive(Debug, Serialize, ToSchema)]
struct PublicKey {
    kty: &'static str,
    crv: &'static str,
    x: String,
    y: String,
    kid: String,
    #[serde(rename = "use")]
    usage: &'static str,
    alg: &'static str,
    /// Name of the authority.
    authority: String,
    /// Credit codes of the departments it vouches for, with their names where known here; none for any.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = BTreeMap<String, Option<String>>, required = false)]
    issuers: Option<BTreeMap<String, Option<String>>>,
    /// Certificate type codes it may sign; none for any.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<String>, required = false)]
    type_codes: Option<Vec<String>>,
    /// Validity of the X.509 certificate.
    #[schema(value_type = String, format = DateTime)]
    valid_from: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    valid_until: Timestamp,
}

/// JWK Set
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PublicKeys {
    keys: Vec<PublicKey>,
}

/// The keys of our own token signers and of every authority that the list vouches for now.
fn public_keys(material: &TrustMaterial, issuers: &BTreeMap<String, String>) -> PublicKeys {
    let now = Timestamp::now();
    let own: BTreeMap<_, _> = issuers
        .iter()
        .map(|(code, name)| (code.clone(), Some(name.clone())))
        .collect();
    let mut keys: Vec<PublicKey> = Vec::new();
    for authority in material.list.iter().flat_map(|list| list.authorities()) {
        if authority.status_at(now) != Some(AuthorityStatus::Granted) {
            continue;
        }
        let vouched = authority
            .issuers
            .iter()
            .map(|code| (code.clone(), issuers.get(code).cloned()));
        let vouched: Option<BTreeMap<_, _>> = (!authority.issuers.is_empty()).then(|| vouched.collect());
        let named = |der| public_key(der, authority.name.clone(), vouched.clone(), granted(authority));
        // The page cannot ask for proof that a withdrawn signer's token is older.
        let relied_on = authority
            .token_signers
            .iter()
            .filter(|der| authority.withdrawn_since(&der.0).is_none());
        keys.extend(relied_on.filter_map(|der| named(&der.0)));
    }
    for der in &material.token_signers {
        let name = x509::parse(der)
            .map(|certificate| x509::subject_text(&certificate))
            .unwrap_or_default();
        if let Some(key) = public_key(der, name, Some(own.clone()), None)
            && !keys.iter().any(|known| known.x == key.x)
        {
            keys.push(key);
        }
    }
    PublicKeys { keys }
}

/// The types an authority may issue; none for any.
fn granted(authority: &Authority) -> Option<Vec<String>> {
    let any = authority.types.iter().any(|grant| grant.code == ANY_TYPE);
    (!any).then(|| authority.types.iter().map(|grant| grant.code.clone()).collect())
}

/// SubjectPublicKeyInfo of a P-256 key up to the coordinates: algorithm, curve, uncompressed form.
const P256: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];

/// The page's form of a certificate; none for a key that cannot sign QR codes.
fn public_key(
    der: &[u8],
    authority: String,
    issuers: Option<BTreeMap<String, Option<String>>>,
    type_codes: Option<Vec<String>>,
) -> Option<PublicKey> {
    let certificate = x509::parse(der).ok()?;
    let info = x509::public_key_info(der).ok()?;
    let (x, y) = info
        .strip_prefix(P256)
        .filter(|point| point.len() == 64)?
        .split_at(32);
    let (valid_from, valid_until) = x509::validity(&certificate);
    Some(PublicKey {
        kty: "EC",
        crv: "P-256",
        x: URL_SAFE_NO_PAD.encode(x),
        y: URL_SAFE_NO_PAD.encode(y),
        kid: hex::encode(kid_of(der)),
        usage: "sig",
        alg: "ES256",
        authority,
        issuers,
        type_codes,
        valid_from,
        valid_until,
    })
}
