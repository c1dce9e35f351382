//! The e-seal behind a signature: made by a known maker, in force at signing, for this owner, and
//! permitting this signer certificate.
//!
//! A seal comes from the registry, which knows it by the record of the certificate, or from the
//! verifier's own material. Without either nothing can be said, and nothing is.

use jiff::Timestamp;
use x509_cert::ext::pkix::CrlReason;

use super::{
    checks::{self, Check},
    code,
    indication::SubIndication,
    material::Material,
    report::Finding,
    state::RegistryView,
    text::clock_time,
};
use crate::{
    crypto::x509,
    registry::{SealRecord, SealStatus},
    seal::{Seal, SignedSeal},
    trust::{
        existence::Existence,
        path::{Certificates, PathContext, PathError, Usage, validate},
        work::Work,
    },
};

/// What a seal is held against.
pub(super) struct Use<'a> {
    /// DER of the signer certificate.
    pub(super) signer: &'a [u8],
    /// Unified social credit code of the issuing authority, as the face data say.
    pub(super) issuer_code: Option<&'a str>,
    /// Time of signing: proven if there is proof, else claimed.
    pub(super) at: Option<Timestamp>,
    /// By when the seal is proven to have existed: now, or when the document was registered.
    pub(super) proven: Timestamp,
    /// Time of verification.
    pub(super) now: Timestamp,
}

/// Finds the seal and judges it.
pub(super) fn judge(
    used: &Use<'_>,
    material: &Material,
    registered: Option<&SealRecord>,
    view: Option<&RegistryView>,
) -> Finding {
    let check = &checks::SEAL;
    // 1. The seal on record is the seal; without a record, one that permits this signer.
    let recorded = match registered.map(|record| SignedSeal::parse(&record.definition)) {
        Some(Ok(seal)) => Some(seal),
        Some(Err(error)) => {
            return Finding::undecided(
                check,
                code::SEAL_UNREADABLE,
                SubIndication::Generic,
                "登记库中的印章数据不可读",
                format!("the seal in the registry is unreadable: {error}"),
            )
            .hint("请通知登记库运维人员", "tell the operators of the registry");
        }
        None => None,
    };
    let signer = x509::fingerprint(used.signer);
    let from_material = || {
        let mut permitting = material
            .seals
            .iter()
            .filter(|seal| seal.unverified().permits(&signer));
        let fits = |seal: &&SignedSeal| used.at.is_none_or(|at| seal.unverified().in_force_at(at));
        let first = permitting.clone().find(fits);
        first.or_else(|| permitting.next())
    };
    let Some(signed) = recorded.as_ref().or_else(from_material) else {
        return Finding::undecided(
            check,
            code::SEAL_UNKNOWN,
            SubIndication::Generic,
            "没有该签名证书所用印章的资料",
            "no seal is known that this signer certificate may use",
        )
        .hint(
            "联网查询登记库，或提供印章文件",
            "ask the registry, or supply the seal",
        );
    };

    // 2. Its maker is known and made it.
    let seal = match believe(signed, material, used) {
        Ok(seal) => seal,
        Err(finding) => return *finding,
    };

    // 3. It is this owner's, and permits this signer.
    let (code, name) = (seal.code(), seal.name());
    if used
        .issuer_code
        .is_some_and(|issuer| issuer != seal.owner_code().as_str())
    {
        return Finding::failed(
            check,
            code::SEAL_OF_ANOTHER_OWNER,
            SubIndication::SigConstraintsFailure,
            format!("印章“{name}”属于{}，不是颁发机关的印章", seal.owner()),
            format!(
                "the seal {code} belongs to {}, not to the issuing authority",
                seal.owner_code().as_str()
            ),
        );
    }
    if !seal.permits(&signer) {
        return Finding::failed(
            check,
            code::SEAL_SIGNER_NOT_PERMITTED,
            SubIndication::SigConstraintsFailure,
            format!("签名证书未获准使用印章“{name}”"),
            format!("the seal {code} does not permit this signer certificate"),
        );
    }

    // 4. It was in force at signing, by its dates and by the register.
    let Some(at) = used.at else {
        return Finding::undecided(
            check,
            code::SIGNING_TIME_UNKNOWN,
            SubIndication::Generic,
            "不知签章时间，无法判断印章当时是否有效",
            "the time of signing is unknown, so is whether the seal was in force",
        );
    };
    if !seal.in_force_at(at) {
        let span = format!(
            "{} – {}",
            clock_time(seal.not_before()),
            clock_time(seal.not_after())
        );
        return Finding::failed(
            check,
            code::SEAL_NOT_IN_FORCE,
            SubIndication::SigConstraintsFailure,
            format!("签章时（{}）印章“{name}”不在有效期内（{span}）", clock_time(at)),
            format!(
                "the seal {code} ({span}) was not in force at signing ({})",
                clock_time(at)
            ),
        );
    }
    judge_register(seal, at, registered, view)
}

/// The register's word. A seal suspended and resumed before signing was in force at signing.
fn judge_register(
    seal: &Seal,
    at: Timestamp,
    registered: Option<&SealRecord>,
    view: Option<&RegistryView>,
) -> Finding {
    let check = &checks::SEAL;
    let (code, name) = (seal.code(), seal.name());
    match registered {
        Some(record) if record.status != SealStatus::InForce && record.since <= at => Finding::failed(
            check,
            code::SEAL_OUT_OF_FORCE,
            SubIndication::SigConstraintsFailure,
            format!(
                "印章“{name}”自 {} 起{}，签章在其后",
                clock_time(record.since),
                record.status.name_zh()
            ),
            format!(
                "the seal {code} was out of force since {}",
                clock_time(record.since)
            ),
        ),
        Some(record) => {
            let mut zh = format!("“{name}”（{code}）签章时有效，签名证书获准使用");
            if record.status != SealStatus::InForce {
                zh.push_str("；此后");
                zh.push_str(record.status.name_zh());
            }
            let as_of = view.map(|view| clock_time(view.as_of)).unwrap_or_default();
            Finding::passed(
                check,
                zh,
                format!(
                    "seal {code} was in force at signing and permits the signer (register as of {as_of})"
                ),
            )
        }
        None => Finding::passed(
            check,
            format!("“{name}”（{code}）在有效期内，签名证书获准使用；未查询印章登记状态"),
            format!("seal {code} was within its dates and permits the signer; the register was not asked"),
        ),
    }
}

/// Checks the maker's path at the time of making, then the maker's signature.
fn believe<'a>(
    signed: &'a SignedSeal,
    material: &Material,
    used: &Use<'_>,
) -> Result<&'a Seal, Box<Finding>> {
    let check = &checks::SEAL;
    let claimed = signed.unverified();
    let name = claimed.name();
    let Some((maker, issuers)) = signed.maker_chain().split_first() else {
        return Err(Box::new(Finding::undecided(
            check,
            code::SEAL_MAKER_UNKNOWN,
            SubIndication::NoCertificateChainFound,
            format!("印章“{name}”没有制章者证书"),
            "the seal names no maker",
        )));
    };
    let issuers = Certificates::of(issuers);
    let context = PathContext {
        anchors: material.seal_makers(),
        revocations: material.revocations(),
        at: claimed.made_at(),
        usage: Usage::Document,
        // When it was made a seal says itself. For its algorithms only what is proven counts.
        policy: material.policy(),
        policies: &[],
        policy_at: used.proven,
        now: used.now,
        existence: Existence::UNPROVEN,
        work: &Work::default(),
    };
    let path = validate(maker, &[&issuers, material.intermediates()], &context)
        .map_err(|error| Box::new(refused_maker(check, name, error)))?;
    let seal = signed.verify(maker).map_err(|error| {
        Box::new(Finding::failed(
            check,
            code::SEAL_FORGED,
            SubIndication::SigConstraintsFailure,
            format!("印章“{name}”的制章者签名无效"),
            error.to_string(),
        ))
    })?;
    // A neighbour's seal maker makes seals for the neighbour's departments.
    let owner = claimed.owner_code().as_str();
    if !material.may_make_seals_for(&path.anchor_fingerprint(), owner) {
        return Err(Box::new(Finding::failed(
            check,
            code::SEAL_MAKER_NOT_ENTITLED,
            SubIndication::SigConstraintsFailure,
            format!("印章“{name}”的制章者无权为 {owner} 制章"),
            format!("the maker of the seal does not make seals for {owner}"),
        )));
    }
    if path.undecided().next().is_some() {
        return Err(Box::new(
            Finding::undecided(
                check,
                code::SEAL_MAKER_REVOCATION_UNKNOWN,
                SubIndication::TryLater,
                format!("不知印章“{name}”的制章者证书是否已吊销"),
                "whether the seal maker's certificate was revoked is unknown",
            )
            .hint(
                "请取得制章者颁发机构的吊销列表（CRL）后重试",
                "fetch the revocation list (CRL) of the seal maker's issuer and try again",
            ),
        ));
    }
    Ok(seal)
}

/// Says why the maker of a seal leads to no root that is trusted for seals.
pub(super) fn refused_maker(check: &'static Check, name: &str, error: PathError) -> Finding {
    let english = format!("the maker of the seal: {error}");
    match error {
        PathError::Revoked {
            reason: Some(CrlReason::CertificateHold),
            ..
        } => Finding::undecided(
            check,
            code::SIGNER_ON_HOLD,
            SubIndication::TryLater,
            format!("印章“{name}”的制章者证书在制作时处于暂停使用状态"),
            english,
        ),
        PathError::Revoked { revoked_at, .. } => Finding::failed(
            check,
            code::SEAL_MAKER_REVOKED,
            SubIndication::SigConstraintsFailure,
            format!(
                "印章“{name}”在其制章者证书吊销（{}）之后制作",
                clock_time(revoked_at)
            ),
            english,
        ),
        PathError::Expired { .. } | PathError::NotYetValid { .. } | PathError::WrongUsage { .. } => {
            Finding::failed(
                check,
                code::SEAL_MAKER_NOT_ENTITLED,
                SubIndication::SigConstraintsFailure,
                format!("印章“{name}”的制章者证书当时无效或不得用于制章"),
                english,
            )
        }
        PathError::WeakAlgorithm { part, .. } => Finding::undecided(
            check,
            code::SEAL_MAKER_WEAK_ALGORITHM,
            SubIndication::CryptoConstraintsFailure,
            format!("印章“{name}”的制章者证书链使用 {part}，已不可靠"),
            english,
        )
        .hint(
            "请向印章主管机关索取新制的印章",
            "ask whoever keeps the seals for one made anew",
        ),
        _ => Finding::undecided(
            check,
            code::SEAL_MAKER_UNKNOWN,
            SubIndication::NoCertificateChainFound,
            format!("印章“{name}”的制章者不在信任范围内"),
            english,
        )
        .hint(
            "请更新信任列表中的制章者根证书",
            "fetch the current trust list with the roots of seal makers",
        ),
    }
}
