//! Keeping signatures good for decades (PAdES, ETSI EN 319 142-1): document timestamps, and the evidence that
//! lets a signature be validated when its certificates have expired and their issuers are silent.
//!
//! ```text
//!  B-B ──document timestamp──▶ B-T ──certificates, revocation data───▶ B-LT ──document timestamp──▶ B-LTA ─┐
//!                                     ▲                                                                  │
//!                                     └──────────── before the timestamp's certificate expires ──────────┘
//! ```
//!
//! Each step is a revision behind the file; nothing before it changes. Nothing is added in hope: a signature
//! that does not verify, a certificate without a path, a path whose revocation is unknown and a timestamp that
//! proves nothing are errors that say what to supply.
//!
//! Takes bytes, trust and a [`TimeStampSource`]; gives bytes. Asks no network and no clock: the source and the
//! caller do.

use std::error::Error;

use jiff::{SignedDuration, Timestamp};

use crate::{
    crypto::{AlgorithmPolicy, sha256, x509},
    document::pdf::{
        OpenError, PdfError,
        open::{
            Evidence, OpenedPdf, PdfSignature, RelatedEvidence, SignatureKind, Update, UpdateError, open,
        },
    },
    sign::{
        cms::{CmsError, CmsVerifyError, Profile, SignedCms},
        timestamp::{Imprint, Request, TimeStampSource, TimeStampToken, TimestampError, TokenError},
    },
    trust::{
        existence::Existence,
        path::{Certificates, PathContext, PathError, Usage, VerifiedPath, validate},
        revocation::{RevocationStatus, Revocations, Source, UnknownRevocation, crl::Crl},
        timestamp::{ProvenTime, TimestampRefused, TimestampTrust, prove},
        work::Work,
    },
};

/// How far a signature is to be carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// With everything that validation needs.
    Lt,
    /// And a timestamp over it.
    Lta,
}

/// Whom to believe.
#[derive(Debug, Clone, Default)]
pub struct LongTermTrust {
    /// DER of the roots of document signers.
    anchors: Vec<Vec<u8>>,
    /// DER of the roots of timestamp authorities.
    timestamp_anchors: Vec<Vec<u8>>,
    revocations: Revocations,
    policy: AlgorithmPolicy,
}

impl LongTermTrust {
    /// From roots of document signers, roots of timestamp authorities, revocation data, and the algorithms
    /// that are believed.
    pub fn new(
        anchors: Vec<Vec<u8>>,
        timestamp_anchors: Vec<Vec<u8>>,
        revocations: Revocations,
        policy: AlgorithmPolicy,
    ) -> Self {
        Self {
            anchors,
            timestamp_anchors,
            revocations,
            policy,
        }
    }

    fn prove(
        &self,
        token: &TimeStampToken,
        digest: &[u8],
        (at_hand, existence): (&Certificates, &Existence),
        at: Timestamp,
        now: Timestamp,
        work: &Work,
    ) -> Result<ProvenTime, TimestampRefused> {
        let trust = TimestampTrust {
            anchors: &Certificates::of(&self.timestamp_anchors),
            intermediates: &[at_hand],
            revocations: &self.revocations,
            policy: &self.policy,
            at,
            policy_at: at,
            now,
            existence,
            work,
        };
        prove(token, digest, &trust)
    }
}

/// Why a file was not carried further.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LongTermError {
    /// The file cannot be read.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The file cannot be added to.
    #[error(transparent)]
    Update(#[from] UpdateError),
    /// The token does not fit its place.
    #[error(transparent)]
    Write(#[from] PdfError),
    /// Nothing in the file is signed.
    #[error("文件没有签名，无可延长 (nothing in the file is signed)")]
    NotSigned,
    /// A signature whose dictionary or CMS is broken.
    #[error("签名 {field} 格式有误，不予延长（{why}）(malformed signature)")]
    Malformed {
        /// Name of its field.
        field: String,
        /// What is wrong.
        why: String,
    },
    /// A signature that does not verify.
    #[error("签名 {field} 无效，不予延长 (the signature does not verify)")]
    Broken {
        /// Name of its field.
        field: String,
        /// Why not.
        source: CmsVerifyError,
    },
    /// A signature that proves nothing, though it verifies.
    #[error("签名 {field} 使用 {part}，已不可靠，不予延长 (an algorithm that is not believed any more)")]
    Weak {
        /// Name of its field.
        field: String,
        /// The weak part.
        part: String,
    },
    /// A signer nobody vouches for.
    #[error("签名 {field} 的签名证书不可信 (the signer certificate)")]
    Signer {
        /// Name of its field.
        field: String,
        /// Why not.
        source: PathError,
    },
    /// What is there of revocation does not suffice.
    #[error("缺少 {certificate} 的吊销信息 (revocation is unknown)")]
    Revocation {
        /// Subject of the certificate.
        certificate: String,
        /// What is missing.
        source: UnknownRevocation,
    },
    /// The source gave no answer.
    #[error("时间戳服务没有应答 (no answer from the timestamp authority)")]
    Source(#[source] Box<dyn Error + Send + Sync>),
    /// The answer is no timestamp over this.
    #[error(transparent)]
    Answer(#[from] TimestampError),
    /// The timestamp is one that proves nothing.
    #[error("时间戳不可信 (the timestamp proves nothing)")]
    Refused(#[from] TimestampRefused),
    /// A timestamp that is in the file proves nothing.
    #[error("文件中已有的时间戳 {field} 不可信 (a timestamp in the file proves nothing)")]
    Present {
        /// Name of its field.
        field: String,
        /// Why.
        source: TimestampRefused,
    },
    /// Two clocks differ.
    #[error("时间戳服务的时间 {stated} 与本机时间 {now} 相差过大 (the clocks differ)")]
    TimeOff {
        /// What the authority says.
        stated: Timestamp,
        /// What this machine says.
        now: Timestamp,
    },
}

/// A file that was carried further.
#[derive(Debug)]
pub struct Extended {
    /// The file.
    pub bytes: Vec<u8>,
    /// The times of the document timestamps added, in their order.
    pub timestamps: Vec<Timestamp>,
    /// Certificates added.
    pub certificates: usize,
    /// Revocation lists added.
    pub crls: usize,
    /// Answers of OCSP responders added.
    pub ocsps: usize,
    /// Subjects of the signers' certificates whose revocation data is older than the time proven for the
    /// signature. What was revoked in between is not on it; some verifiers want a later one, once the list's
    /// own term is over (ETSI EN 319 102-1 §5.6.2.2).
    pub older_lists: Vec<String>,
}

/// Most that the clock of an authority may differ from ours.
const MAX_CLOCK_DIFFERENCE: SignedDuration = SignedDuration::from_mins(10);

/// Room for a token: one with a chain of RSA certificates takes some 6 kB.
const USUAL_ROOM: usize = 8 << 10;

/// Adds a document timestamp.
pub fn timestamp(
    file: &[u8],
    source: &dyn TimeStampSource,
    trust: &LongTermTrust,
    now: Timestamp,
) -> Result<Extended, LongTermError> {
    let (bytes, at) = stamped(file, source, trust, (USUAL_ROOM, now))?;
    Ok(Extended {
        bytes,
        timestamps: vec![at],
        certificates: 0,
        crls: 0,
        ocsps: 0,
        older_lists: Vec::new(),
    })
}

/// Carries every signature of a file to a level.
pub fn extend(
    file: &[u8],
    level: Level,
    source: &dyn TimeStampSource,
    trust: &LongTermTrust,
    now: Timestamp,
) -> Result<Extended, LongTermError> {
    let mut bytes = file.to_vec();
    let mut timestamps = Vec::new();

    // 1. Nothing is asked for a file that cannot be extended. Then, who will vouch for the timestamp over
    //    all this has to be in it: one over nothing tells, and how long they are.
    let mut judged = judge(&open(&bytes)?, trust, now)?;
    let trial = match level {
        Level::Lta => Some(ask(source, trust, &sha256(&bytes), now)?),
        Level::Lt => None,
    };
    let room = trial
        .as_ref()
        .map_or(USUAL_ROOM, |(token, _)| token.der().len() + SPARE);

    // 2. A time by which each signature existed, for which the evidence is then gathered.
    if judged.unproven {
        let (stamped, at) = stamped(&bytes, source, trust, (room, now))?;
        timestamps.push(at);
        bytes = stamped;
        judged = judge(&open(&bytes)?, trust, now)?;
    }

    if let Some((_, proven)) = &trial {
        judged.gathered.path(proven.path(), trust)?;
    }

    // 3. The evidence, unless all of it is there.
    let opened = open(&bytes)?;
    let held = opened.evidence()?;
    let evidence = judged.gathered.0;
    let new = |ders: &[Vec<u8>], held: &[Vec<u8>]| ders.iter().filter(|der| !held.contains(der)).count();
    let certificates = new(&evidence.certificates, &held.certificates);
    let crls = new(&evidence.crls, &held.crls);
    let ocsps = new(&evidence.ocsps, &held.ocsps);
    if certificates + crls + ocsps > 0 {
        let mut update = Update::new(&opened)?;
        update.add_evidence(&evidence)?;
        bytes = update.finish()?;
    }

    // 4. The timestamp over it.
    if level == Level::Lta {
        let (stamped, at) = stamped(&bytes, source, trust, (room, now))?;
        timestamps.push(at);
        bytes = stamped;
    }
    Ok(Extended {
        bytes,
        timestamps,
        certificates,
        crls,
        ocsps,
        older_lists: judged.older_lists,
    })
}

/// What a token may grow by between two requests: numbers and fractions of a second of other lengths.
const SPARE: usize = 64;

/// Asks for a timestamp over a digest, and judges it.
fn ask(
    source: &dyn TimeStampSource,
    trust: &LongTermTrust,
    digest: &[u8; 32],
    now: Timestamp,
) -> Result<(TimeStampToken, ProvenTime), LongTermError> {
    let request = Request::new(Imprint::sha256(digest))?;
    let answer = source.ask(&request.to_der()).map_err(LongTermError::Source)?;
    let token = request.accept(&answer)?;
    // By its own clock the authority may be ahead; how far is looked at next.
    let at = now.max(token.info().gen_time);
    let none = (&Certificates::default(), Existence::UNPROVEN);
    let proven = trust.prove(&token, digest, none, at, now, &Work::default())?;
    if proven.stated().duration_since(now).abs() > MAX_CLOCK_DIFFERENCE {
        return Err(LongTermError::TimeOff {
            stated: proven.stated(),
            now,
        });
    }
    Ok((token, proven))
}

/// A file with a document timestamp, and its time.
fn stamped(
    file: &[u8],
    source: &dyn TimeStampSource,
    trust: &LongTermTrust,
    (mut room, now): (usize, Timestamp),
) -> Result<(Vec<u8>, Timestamp), LongTermError> {
    let opened = open(file)?;
    // A token that is longer than its place tells how long the place has to be; then it is asked again.
    let mut is_last = false;
    loop {
        let unstamped = Update::new(&opened)?.with_timestamp(room)?;
        let (token, proven) = ask(source, trust, &unstamped.digest(), now)?;
        if token.der().len() <= room || is_last {
            return Ok((unstamped.embed(token.der())?, proven.at()));
        }
        room = token.der().len() + SPARE;
        is_last = true;
    }
}

/// The signatures of a file and what they need.
struct Judged {
    gathered: Gathered,
    /// Whether there is a signature without a proven time.
    unproven: bool,
    /// See [`Extended`].
    older_lists: Vec<String>,
}

/// Evidence, each piece once.
#[derive(Default)]
struct Gathered(Evidence);

impl Gathered {
    /// The certificates of a path and what speaks for them; gives their places.
    fn path(&mut self, path: &VerifiedPath, trust: &LongTermTrust) -> Result<RelatedEvidence, LongTermError> {
        let mut related = RelatedEvidence::default();
        for certificate in path.certificates() {
            related
                .certificates
                .push(place(&mut self.0.certificates, &certificate.der));
            let Ok(parsed) = x509::parse(&certificate.der) else {
                continue;
            };
            let of_issuer = trust.revocations.crls().filter(|crl| crl.is_of_issuer(&parsed));
            if let RevocationStatus::Unknown(missing) = &certificate.revocation {
                return Err(LongTermError::Revocation {
                    certificate: certificate.subject.clone(),
                    source: missing.clone(),
                });
            }
            let mut lists: Vec<&Crl> = Vec::new();
            let mut answers = Vec::new();
            for source in &certificate.sources {
                match source {
                    Source::Crl(list) => lists.push(list),
                    Source::Ocsp(answer) => answers.push(answer.envelope()),
                }
            }
            // A responder may need a list that says that he is good himself; and of what was revoked since, other
            // verifiers want to see a list that does not name it yet.
            if !answers.is_empty() || matches!(certificate.revocation, RevocationStatus::RevokedLater(_)) {
                lists.extend(of_issuer);
            }
            for list in lists {
                related.crls.push(place(&mut self.0.crls, list.der()));
            }
            for answer in answers {
                related.ocsps.push(place(&mut self.0.ocsps, &answer));
            }
        }
        related
            .certificates
            .push(place(&mut self.0.certificates, path.anchor()));
        Ok(related)
    }
}

/// Where a piece stands, once it does.
fn place(list: &mut Vec<Vec<u8>>, der: &[u8]) -> usize {
    let known = list.iter().position(|known| known == der);
    known.unwrap_or_else(|| {
        list.push(der.to_vec());
        list.len() - 1
    })
}

fn judge(opened: &OpenedPdf<'_>, trust: &LongTermTrust, now: Timestamp) -> Result<Judged, LongTermError> {
    let at_hand = Certificates::of(opened.evidence()?.certificates);
    let work = Work::default();
    let mut gathered = Gathered::default();

    // 1. The document timestamps, with what they cover: the last first, which proves the age of those before.
    let mut proven: Vec<(usize, Timestamp)> = Vec::new();
    let of_kind = |kind| {
        let all = opened.signatures().iter();
        all.filter(move |signature| signature.kind == kind)
    };
    let mut existed_at = now;
    let mut existence = Existence::default();
    for signature in of_kind(SignatureKind::DocumentTimestamp).rev() {
        let (cms, end) = parts(signature)?;
        let refused = |source: TimestampRefused| LongTermError::Present {
            field: name(signature),
            source,
        };
        let token = TimeStampToken::parse(cms).map_err(|error| refused(error.into()))?;
        let digest = opened.signed_digest(signature, token.info().imprint.algorithm);
        let digest = digest.ok_or_else(|| refused(TokenError::OtherImprint.into()))?;
        let time = trust
            .prove(&token, &digest, (&at_hand, &existence), existed_at, now, &work)
            .map_err(refused)?;
        existed_at = time.at();
        let related = gathered.path(time.path(), trust)?;
        gathered.relate(opened, signature, related);
        prove_covered(opened, end, time.at(), &mut existence);
        proven.push((end, time.at()));
    }

    // 2. The signatures, each at the earliest time it is known to have existed.
    let mut unproven = false;
    let mut older_lists = Vec::new();
    let mut signed = !proven.is_empty();
    for signature in of_kind(SignatureKind::Signature) {
        signed = true;
        let (cms, end) = parts(signature)?;
        let field = || name(signature);
        let malformed = |error: CmsError| LongTermError::Malformed {
            field: field(),
            why: error.to_string(),
        };
        let cms = SignedCms::parse(cms, profile(signature)).map_err(malformed)?;
        let broken = |source| LongTermError::Broken {
            field: field(),
            source,
        };
        let digest = opened.signed_digest(signature, cms.digest_algorithm());
        let digest = digest.unwrap_or_default();
        cms.verify(&digest).map_err(broken)?;
        let used = cms.check_signature(&digest).map_err(broken)?;

        let mut related = RelatedEvidence::default();
        let mut times: Vec<Timestamp> = proven
            .iter()
            .filter(|(covered, _)| *covered > end)
            .map(|(_, at)| *at)
            .collect();
        let covered_at = times.iter().min().copied().unwrap_or(now);
        for token in cms.timestamp_tokens() {
            let refused = |source: TimestampRefused| LongTermError::Present {
                field: field(),
                source,
            };
            let token = TimeStampToken::parse(token).map_err(|error| refused(error.into()))?;
            let digest = token.info().imprint.algorithm.digest(cms.signature_value());
            let time = trust
                .prove(&token, &digest, (&at_hand, &existence), covered_at, now, &work)
                .map_err(refused)?;
            related.join(gathered.path(time.path(), trust)?);
            times.push(time.at());
        }
        let earliest = times.into_iter().min();
        unproven |= earliest.is_none();

        let certificate = cms
            .signer_certificate()
            .ok_or_else(|| broken(CmsVerifyError::SignerCertificateMissing))?;
        let own = Certificates::of(cms.certificates());
        let context = PathContext {
            anchors: &Certificates::of(&trust.anchors),
            revocations: &trust.revocations,
            at: earliest.unwrap_or(now),
            usage: Usage::Document,
            policy: &trust.policy,
            policies: &[],
            policy_at: earliest.unwrap_or(now),
            now,
            existence: &existence,
            work: &work,
        };
        let path =
            validate(certificate, &[&own, &at_hand], &context).map_err(|source| LongTermError::Signer {
                field: field(),
                source,
            })?;
        // What is not believed when the signature is known to have existed is not believed ever after.
        let mut mechanisms = cms.mechanisms(used).into_iter();
        if let Some((part, _)) = mechanisms.find_map(|one| context.weakness(one)) {
            return Err(LongTermError::Weak { field: field(), part });
        }
        related.join(gathered.path(&path, trust)?);
        gathered.relate(opened, signature, related);
        let older = path.certificates().iter().filter(|certificate| {
            matches!(certificate.revocation, RevocationStatus::Good { as_of, .. } if as_of < context.at)
        });
        older_lists.extend(older.map(|certificate| certificate.subject.clone()));
    }
    if !signed {
        return Err(LongTermError::NotSigned);
    }
    Ok(Judged {
        gathered,
        unproven,
        older_lists,
    })
}

/// Takes in what a document timestamp proves: certificates and revocation data that end before the end of what it covers.
fn prove_covered(opened: &OpenedPdf<'_>, covered: usize, at: Timestamp, existence: &mut Existence) {
    let stored = opened.stored_evidence();
    let stored = stored.pieces.into_iter().filter(|piece| piece.end < covered);
    stored.for_each(|piece| existence.prove(sha256(&piece.der), at));
    for signature in opened.signatures() {
        let Some((cms, _)) = parts(signature).ok().filter(|(_, end)| *end < covered) else {
            continue;
        };
        let signed = SignedCms::parse(cms, profile(signature)).ok();
        let inside = signed.iter().flat_map(SignedCms::timestamp_tokens);
        let tokens = [cms].into_iter().chain(inside).map(TimeStampToken::parse);
        let evidence = tokens.filter_map(|token| Some(token.ok()?.evidence()));
        for found in evidence.chain(signed.as_ref().map(SignedCms::evidence)) {
            let pieces = [found.certificates, found.crls, found.ocsps]
                .into_iter()
                .flatten();
            pieces.for_each(|der| existence.prove(sha256(&der), at));
        }
    }
}

impl Gathered {
    fn relate(&mut self, opened: &OpenedPdf<'_>, signature: &PdfSignature, mut related: RelatedEvidence) {
        if let Some(key) = opened.evidence_key(signature) {
            related.key = key;
            self.0.related.push(related);
        }
    }
}

impl RelatedEvidence {
    fn join(&mut self, other: RelatedEvidence) {
        for (ours, theirs) in [
            (&mut self.certificates, other.certificates),
            (&mut self.crls, other.crls),
            (&mut self.ocsps, other.ocsps),
        ] {
            ours.extend(theirs);
            ours.sort_unstable();
            ours.dedup();
        }
    }
}

/// The CMS of a signature and where the bytes it covers end.
fn parts(signature: &PdfSignature) -> Result<(&[u8], usize), LongTermError> {
    let malformed = |why: String| LongTermError::Malformed {
        field: name(signature),
        why,
    };
    match (&signature.cms, &signature.byte_range) {
        (Ok(cms), Ok(range)) => Ok((cms, range.end)),
        (Err(defect), _) | (_, Err(defect)) => Err(malformed(defect.to_string())),
    }
}

fn profile(signature: &PdfSignature) -> Profile {
    let stated = signature.sub_filter.as_deref().and_then(Profile::of_sub_filter);
    stated.unwrap_or(Profile::Cades)
}

fn name(signature: &PdfSignature) -> String {
    signature.fields.join("、")
}
