//! Making seals: for a new installation, for a renewed signer certificate, for a department that needs one.

use std::{fs, path::Path};

use jiff::{Span, Timestamp};

use super::{
    Home, HomeError, PkiError, SEAL_ROOT,
    founding::later,
    pki::{is_kept_as, lists_of},
    renewal::{BACKDATED_HOURS, LEAF_YEARS},
    write,
};
use crate::{
    codes::CreditCode,
    crypto::{AlgorithmPolicy, SigningIdentity, identity::read_chain, x509::fingerprint},
    issue::{Service, document_signer},
    registry::{Change, SealRecord},
    seal::{
        Seal, SealCode, SealDefinition, SealKind,
        impression::{self, ImpressionSpec},
    },
    trust::{
        existence::Existence,
        path::{Certificates, PathContext, Usage, validate},
        work::Work,
    },
};

/// A seal asked for.
#[derive(Debug, Clone)]
pub struct SealOrder {
    /// Key of the department that will own it.
    pub department: String,
    /// What it is for.
    pub kind: SealKind,
    /// Its name; none for the department's with the kind.
    pub name: Option<String>,
    /// Its number, where the office that registers seals gave one; none for the region's next.
    pub number: Option<SealCode>,
    /// Who asks, as the registry will record it.
    pub actor: String,
    /// Why.
    pub reason: String,
}

impl Home {
    /// X.509 certificates of the seal makers of a kind whose seals are used here: the present one and those before it.
    /// Whoever put them into the key folder trusts them.
    pub(super) fn seal_makers(&self, kind: &str) -> Result<Vec<Vec<u8>>, HomeError> {
        let folder = self.keys_path();
        let failed = |source| HomeError::Io {
            path: folder.clone(),
            source,
        };
        let mut makers = Vec::new();
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let of_a_maker = |path: &Path| {
                path.extension().is_some_and(|ending| ending == "pem")
                    && path
                        .file_stem()
                        .is_some_and(|name| is_kept_as(&name.to_string_lossy(), kind))
            };
            if of_a_maker(&path) {
                makers.extend(read_chain(&path)?.into_iter().take(1));
            }
        }
        Ok(makers)
    }

    /// Makes a seal that permits the department's present signer certificate, publishes and registers it.
    pub async fn make_seal(
        &self,
        service: &Service,
        order: &SealOrder,
        maker: &SigningIdentity,
    ) -> Result<SealRecord, HomeError> {
        let now = service.clock().now();
        self.check_maker(maker, SEAL_ROOT, now)?;
        let issuer = self
            .config()
            .issuer(&order.department)
            .ok_or_else(|| PkiError::NoIssuer(order.department.clone()))?;
        let registered = service.registry().seals().await?;
        let code = match &order.number {
            Some(code) if registered.iter().any(|seal| seal.id == code.as_str()) => {
                return Err(PkiError::SealNumberTaken(code.to_string()).into());
            }
            Some(code) => code.clone(),
            None => next_code(&issuer.region, &registered)?,
        };

        let signer = format!("{}.pem", document_signer(&order.department));
        let signer = read_chain(&self.keys_path().join(signer))?;
        let mut picture = ImpressionSpec::department(&issuer.name);
        if order.kind == SealKind::Licence {
            picture = picture
                .with_purpose(order.kind.name_zh())
                .with_number(code.as_str());
        }
        let usual_name = || match order.kind {
            SealKind::Official => issuer.name.clone(),
            SealKind::Licence => format!("{}{}", issuer.name, order.kind.name_zh()),
        };
        let definition = SealDefinition {
            name: order.name.clone().unwrap_or_else(usual_name),
            owner_code: CreditCode::parse(&issuer.code).map_err(PkiError::from)?,
            kind: order.kind,
            impression: impression::draw(&picture, &service.workshop().fonts).map_err(PkiError::from)?,
            not_before: later(now, Span::new().hours(-BACKDATED_HOURS))?,
            not_after: later(now, Span::new().years(LEAF_YEARS))?,
            signers: signer.iter().take(1).map(|leaf| fingerprint(leaf)).collect(),
            owner: issuer.name,
            code,
        };
        let seal = definition.code.to_string();
        let definition = Seal::make(definition, now, maker).map_err(PkiError::from)?;

        // Published first, for verifying where the registry is not at hand. A file whose seal was never
        // registered seals nothing, and the next seal of the number replaces it.
        write(&self.pki_path().join(format!("{seal}.seal")), &definition)?;
        let change = Change::RegisterSeal {
            seal: seal.clone(),
            definition,
        };
        service
            .append_one(change, &order.actor, &order.reason, &issuer.code)
            .await
            .map_err(|error| PkiError::Register(Box::new(error)))?;
        let made = service.registry().seal(&seal).await?;
        Ok(made.ok_or(PkiError::Incomplete)?)
    }

    /// A maker whose seals verifiers would refuse makes none.
    pub(super) fn check_maker(
        &self,
        maker: &SigningIdentity,
        root: &str,
        now: Timestamp,
    ) -> Result<(), HomeError> {
        let anchors = self.authority_certificates(root)?;
        let revocations = lists_of(&self.pki_path(), &self.generations(root)?).map_err(PkiError::from)?;
        let context = PathContext {
            anchors: &Certificates::of(anchors),
            revocations: &revocations,
            at: now,
            usage: Usage::Document,
            policy: AlgorithmPolicy::built_in(),
            policies: &[],
            policy_at: now,
            now,
            existence: Existence::UNPROVEN,
            work: &Work::default(),
        };
        let issuers = Certificates::of(maker.issuers.iter());
        validate(&maker.certificate, &[&issuers], &context).map_err(PkiError::from)?;
        Ok(())
    }
}

/// The number after the region's highest.
fn next_code(region: &str, registered: &[SealRecord]) -> Result<SealCode, PkiError> {
    let highest = registered
        .iter()
        .filter_map(|seal| seal.id.strip_prefix(region)?.parse::<u32>().ok())
        .max()
        .unwrap_or(0);
    SealCode::compose(region, highest + 1).map_err(|_| PkiError::NoSealNumber)
}
