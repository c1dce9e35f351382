//! What is handed over without its document: a seal (.esl), or a signature value (SignedValue.dat).
//!
//! A seal is genuine or not by itself, and in force or not by its dates. A signature value is a part of something.

use jiff::Timestamp;

use super::{
    checks, code,
    existence::{Basis, FileEvidence},
    indication::SubIndication,
    material::Material,
    national_seal::{self, Used, judge_extensions},
    ofd,
    report::{Finding, SignedBy},
    text::clock_time,
};
use crate::{
    crypto::sha256,
    remark::visible_start,
    seal::ses::{SesError, SesSeal},
    sign::{
        cms::CmsEvidence,
        signed_value::SignedValue,
        timestamp::{TimeStampToken, TokenError},
    },
};

/// A seal or a signature value by itself.
#[derive(Debug)]
pub(super) struct Part {
    /// SHA-256 of the whole file.
    pub(super) digest: [u8; 32],
    what: What,
    evidence: FileEvidence,
}

#[derive(Debug)]
enum What {
    Seal(Box<SesSeal>, Box<Option<Result<TimeStampToken, TokenError>>>),
    BadSeal(SesError),
    Value(Box<SignedValue>),
}

impl Part {
    /// Reads what begins like one; none where it is neither.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.first() != Some(&SEQUENCE) {
            return None;
        }
        let of = |what, evidence: Vec<CmsEvidence>| {
            let evidence = evidence.into_iter().map(|evidence| (0, evidence));
            Some(Self {
                digest: sha256(bytes),
                what,
                evidence: FileEvidence::of_signatures(evidence),
            })
        };
        let certificates = |certificates: Vec<Vec<u8>>| CmsEvidence {
            certificates,
            ..CmsEvidence::default()
        };
        let error = match SesSeal::parse(bytes) {
            Ok(seal) => {
                let token = seal.time_stamp().map(TimeStampToken::parse);
                let mut evidence = vec![certificates(vec![seal.maker_certificate().to_vec()])];
                evidence.extend(token.iter().flatten().map(TimeStampToken::evidence));
                return of(What::Seal(Box::new(seal), Box::new(token)), evidence);
            }
            Err(error) => error,
        };
        match SignedValue::parse(bytes) {
            // Any two numbers are a bare value: it is none until somebody says so.
            Ok(SignedValue::Bare(_)) | Err(_) => {}
            Ok(value) => {
                let mut found = Vec::new();
                match &value {
                    SignedValue::Ses(signature) => {
                        let own = [
                            signature.signer_certificate(),
                            signature.seal().maker_certificate(),
                        ];
                        found.push(certificates(own.map(<[u8]>::to_vec).into()));
                    }
                    SignedValue::SignedData(signed) => {
                        found.push(certificates(signed.certificates().to_vec()));
                    }
                    SignedValue::Bare(_) => {}
                }
                return of(What::Value(Box::new(value)), found);
            }
        }
        let head = bytes.get(..bytes.len().min(HEADER_WITHIN)).unwrap_or_default();
        let is_meant_as_seal = head.windows(HEADER.len()).any(|window| window == HEADER);
        is_meant_as_seal.then(|| of(What::BadSeal(error), Vec::new()))?
    }

    /// Whether it is a seal rather than a signature value.
    pub(super) fn is_seal(&self) -> bool {
        !matches!(self.what, What::Value(_))
    }

    /// Judges it.
    pub(super) fn judge(
        &self,
        material: &Material,
        now: Timestamp,
        findings: &mut Vec<Finding>,
    ) -> Option<SignedBy> {
        let basis = Basis::new(material, now, &self.evidence);
        match &self.what {
            What::BadSeal(error) => {
                let text = error.to_string();
                let finding = Finding::failed(
                    &checks::STRUCTURE,
                    code::FILE_DAMAGED,
                    SubIndication::FormatFailure,
                    format!("电子印章数据损坏：{text}"),
                    text,
                );
                findings.push(finding.hint(
                    "请重新取得印章文件；certseal seal show 可逐项查看",
                    "obtain the seal again; `certseal seal show` explains it field by field",
                ));
                None
            }
            What::Seal(seal, token) => {
                findings.push(describe(seal));
                findings.push(ofd::form(seal.deviations(), seal.version().standard()));
                findings.push(judge_extensions(seal.extensions().iter()));
                national_seal::judge(seal, token.as_ref().as_ref(), &Used::default(), &basis, findings);
                findings.push(judge_dates(seal, now));
                None
            }
            What::Value(value) => {
                findings.push(
                    Finding::undecided(
                        &checks::INTAKE,
                        code::SIGNATURE_ALONE,
                        SubIndication::SignedDataNotFound,
                        "只有签名值（SignedValue.dat），没有所签的文件，不能证明任何文件的真伪",
                        "a signature value without the document that it signs proves nothing of any document",
                    )
                    .hint("请核验完整的 OFD 文件", "verify the whole OFD"),
                );
                ofd::judge_alone(value, &basis, findings)
            }
        }
    }
}

fn describe(seal: &SesSeal) -> Finding {
    let property = seal.property();
    let name = visible_start(property.name.as_str(), 80);
    let id = visible_start(seal.es_id(), 40);
    Finding::passed(
        &checks::STRUCTURE,
        format!("这是电子印章“{name}”（{id}），不是证照文件；certseal seal show 可逐项查看"),
        format!("the national seal {name} ({id}), and no document; `certseal seal show` explains it"),
    )
}

/// Whether the seal may be used now, which is another question than whether it is genuine.
fn judge_dates(seal: &SesSeal, now: Timestamp) -> Finding {
    let check = &checks::SEAL_PERIOD;
    let property = seal.property();
    let (from, until) = (clock_time(property.valid_start), clock_time(property.valid_end));
    if seal.in_force_at(now) {
        return Finding::passed(
            check,
            format!("印章有效期 {from} – {until}"),
            format!("in force {from} – {until}"),
        );
    }
    Finding::failed(
        check,
        code::SEAL_NOT_IN_FORCE,
        SubIndication::Generic,
        format!("印章不在有效期内（{from} – {until}）"),
        format!("not in force now ({from} – {until})"),
    )
    .hint("不得再用于签章", "not to be used any more")
}

/// What every structure in DER begins with.
const SEQUENCE: u8 = 0x30;
/// ID of SES_Header: `ES` as an IA5String.
const HEADER: &[u8] = b"\x16\x02ES";
/// Bytes in which it stands.
const HEADER_WITHIN: usize = 48;
