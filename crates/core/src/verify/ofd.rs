//! An OFD, read into facts and judged (GB/T 38540-2020, GM/T 0031-2014 §6.2.3, GM/T 0031-2025, GM/T 0099-2020).
//!
//! 1. The package has one certain reading; what deployed writers do otherwise is named.
//! 2. Every signature is judged by the steps of the standard, each a check of its own: `signature`.
//! 3. Together the signatures cover everything that is seen, and nothing is smuggled in: `coverage`.
//! 4. What is drawn is what is extracted.
//!
//! What does not claim to be a certificate is done with that. Of a certificate the first signature is the main one, and
//! there is more to ask, as of a PDF: `certificate`.
//!
//! There is no way to know which of two states of a package is the older: a signature is judged at the time that is proven
//! for it, or else, as the standards have it, at the one that it states; a revocation for a stolen key takes that away.

mod certificate;
mod coverage;
mod facts;
mod integrity;
mod signature;
mod value;

use jiff::Timestamp;

pub(super) use self::value::{form, judge_alone};
use self::{coverage::judge_together, facts::Facts, signature::Judged};
use super::{
    checks::{self, Check},
    code,
    document::Verdict,
    existence::{Basis, Proof},
    indication::SubIndication,
    material::Material,
    report::{Finding, Input, ProvenBy, halves},
    signatures::SignatureReport,
    state::RegistryView,
    whole,
};
use crate::{
    crypto::sha256,
    document::ofd::{OfdError, open},
};

/// What a file says, read once.
#[derive(Debug)]
pub(super) struct Document {
    /// SHA-256 of the whole file.
    pub(super) digest: [u8; 32],
    facts: Result<Box<Facts>, OfdError>,
}

impl Document {
    pub(super) fn read(file: &[u8]) -> Self {
        let facts = open(file).and_then(|opened| Facts::of(&opened));
        Self {
            digest: sha256(file),
            facts: facts.map(Box::new),
        }
    }

    /// The identifier that it claims.
    pub(super) fn identifier(&self) -> Option<&str> {
        self.facts.as_ref().ok()?.claimed.as_ref()?.identifier()
    }

    /// Judges the file.
    pub(super) fn judge(
        &self,
        material: &Material,
        now: Timestamp,
        view: Option<&RegistryView>,
        findings: &mut Vec<Finding>,
    ) -> Verdict {
        // 1. The package.
        let facts = match &self.facts {
            Ok(facts) => facts,
            Err(error) => {
                findings.push(unreadable(error));
                return verdict(Input::Document, Vec::new());
            }
        };
        findings.push(facts.judge_structure());
        findings.extend(integrity::judge(facts.integrity.as_ref()));

        // 2. The signatures, with what the registry proves of their time.
        let record = view.zip(self.identifier()).and_then(|(view, id)| view.of(id));
        let registered =
            record.filter(|record| record.documents().any(|document| document.digest == self.digest));
        let mut basis = Basis::new(material, now, &facts.evidence);
        if let Some(record) = registered {
            basis.prove_by(Proof {
                at: record.issued_at,
                by: ProvenBy::Registry,
                covers: usize::MAX,
                authority: None,
            });
        }
        let judged = facts.judge_signatures(&basis);

        // 3. What they cover, and what is drawn.
        if judged.is_empty() {
            let input = match facts.claimed {
                Some(_) => Input::Document,
                None => Input::SignedDocument,
            };
            findings.push(unsigned(facts.claimed.is_some()));
            return verdict(input, Vec::new());
        }
        findings.push(judge_together(&facts.together, facts.claimed.is_some()));
        findings.push(facts.judge_text());

        // 4. A certificate, or just signatures.
        if let Some(claimed) = &facts.claimed {
            return claimed.judge(&judged, &basis, view, registered.is_some(), findings);
        }
        let reports = reports(judged);
        let only = match &reports[..] {
            [only] => Some(only),
            _ => None,
        };
        // What it covers has been said of the whole.
        let own = only.into_iter().flat_map(|only| &only.findings);
        findings.extend(own.filter(|one| one.check != checks::COVERAGE.name).cloned());
        findings.push(whole::judge_all(&reports));
        Verdict {
            signed_by: only.and_then(|only| only.signed_by.clone()),
            ..verdict(Input::SignedDocument, reports)
        }
    }

    /// What must have passed before it can pass, where that is not what its input asks of a PDF.
    pub(super) fn required(&self) -> Option<&'static [&'static Check]> {
        let facts = self.facts.as_ref().ok()?;
        facts.claimed.as_ref().map(|_| &checks::OF_OFD_CERTIFICATE[..])
    }
}

fn verdict(input: Input, signatures: Vec<SignatureReport>) -> Verdict {
    Verdict {
        input,
        subject: None,
        signed_by: None,
        signatures,
    }
}

fn reports(judged: Vec<Judged>) -> Vec<SignatureReport> {
    judged.into_iter().map(|one| one.report).collect()
}

/// What to say of a package that cannot be read.
fn unreadable(error: &OfdError) -> Finding {
    let text = error.to_string();
    let (zh, en) = halves(&text);
    let check = &checks::STRUCTURE;
    match error {
        OfdError::Encrypted => encrypted(zh, en),
        OfdError::Limit { .. } => {
            Finding::undecided(check, code::BEYOND_THIS_PROGRAM, SubIndication::Generic, zh, en)
                .hint("请确认是否为证照文件", "make sure that it is a certificate")
        }
        OfdError::TooLarge { .. } => {
            Finding::undecided(check, code::FILE_TOO_LARGE, SubIndication::Generic, zh, en).hint(
                "电子证照通常不到 1 MiB，请确认选对了文件",
                "a certificate is usually under 1 MiB: make sure that it is the right file",
            )
        }
        _ => Finding::failed(check, code::FILE_DAMAGED, SubIndication::FormatFailure, zh, en).hint(
            "文件损坏、不完整或被改动，请重新取得原始文件",
            "the file is damaged, cut off or changed: obtain it again",
        ),
    }
}

fn encrypted(zh: &str, en: &str) -> Finding {
    Finding::undecided(
        &checks::STRUCTURE,
        code::ENCRYPTED,
        SubIndication::SignedDataNotFound,
        zh,
        en,
    )
    .hint("请提供未加密的原始文件", "supply the file without encryption")
}

/// What to say of a file that nobody signed.
fn unsigned(claims: bool) -> Finding {
    let check = &checks::SIGNATURES;
    if claims {
        return Finding::failed(
            check,
            code::NOT_SIGNED,
            SubIndication::FormatFailure,
            "文件自称电子证照，但没有签章",
            "the file says that it is a certificate and bears no signature",
        )
        .hint(
            "另存、打印或转换而成的副本都不带签章：请取得签发时的 OFD 原件",
            "files that were saved anew, printed or converted bear none: ask for the OFD as issued",
        );
    }
    Finding::undecided(
        check,
        code::NOT_SIGNED,
        SubIndication::SignedDataNotFound,
        "文件没有签章，也不含电子证照的数据",
        "the file bears no signature, nor the data of an electronic certificate",
    )
    .hint(
        "若这是电子证照的转换件或未盖章的版式，请取得签发时的 OFD 原件",
        "if it is a conversion of an electronic certificate, or a form without its seal, ask for the OFD as issued",
    )
}
