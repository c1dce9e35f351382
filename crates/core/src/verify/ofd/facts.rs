//! What an OFD says, taken out of it while it is open: digests compared, signature values parsed, nothing judged.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    certificate::Claimed,
    coverage::{Left, References},
    encrypted,
    integrity::Integrity,
};
use crate::{
    crypto::DigestAlgorithm,
    document::ofd::{
        CheckMethod, Deviation, DigestTable, DocumentText, MemberId, OfdError, OpenedOfd, OpenedSignature,
        ReferenceState, SignatureFile, SignatureKind, SignatureNumber,
    },
    limits::{MAX_OFD_SIGNATURES, MAX_SES_BYTES, MAX_SIGNATURE_TIMESTAMPS},
    sign::{
        cms::CmsEvidence,
        signed_value::{SignedValue, SignedValueError},
        timestamp::{TimeStampToken, TokenError},
    },
    verify::{
        checks, code,
        existence::FileEvidence,
        indication::SubIndication,
        report::{Finding, halves},
    },
};

/// Facts of a file.
#[derive(Debug)]
pub(super) struct Facts {
    is_encrypted: bool,
    deviations: Vec<Deviation>,
    /// All signatures of all documents, as they are listed: in the order in which they were made.
    pub(super) signatures: Vec<Signed>,
    pub(super) evidence: FileEvidence,
    /// What all of them together leave open.
    pub(super) together: Left,
    text: Result<Text, OfdError>,
    pub(super) integrity: Option<Integrity>,
    /// What it says as a certificate, if it claims to be one.
    pub(super) claimed: Option<Claimed>,
}

/// What is drawn for the text of all documents.
#[derive(Debug, Default)]
struct Text {
    runs: usize,
    /// Text that is drawn otherwise than extracted: page from one, and what is extracted.
    otherwise: Vec<(usize, String)>,
    /// Runs of which nothing says what is drawn.
    unknown: usize,
}

/// One signature, read.
#[derive(Debug)]
pub(super) struct Signed {
    /// Its identifier in the list; its place without one.
    pub(super) name: String,
    pub(super) kind: SignatureKind,
    /// Signatures that it builds on and that are not there (GM/T 0099).
    pub(super) lost: Vec<String>,
    pub(super) file: Result<Box<Content>, OfdError>,
}

/// What a Signature.xml and the files it names say.
#[derive(Debug)]
pub(super) struct Content {
    /// Path of Signature.xml.
    pub(super) path: String,
    pub(super) method: Option<CheckMethod>,
    pub(super) method_stated: Option<String>,
    pub(super) references: References,
    pub(super) left: Left,
    pub(super) value: Result<SignedValue, SignedValueError>,
    /// Whether the signed digest is that of Signature.xml; none where there is no such digest.
    pub(super) is_over_file: Option<bool>,
    /// Signature.xml, where the value alone does not hold a digest of it.
    pub(super) data: Vec<u8>,
    pub(super) seal_file: SealFile,
    pub(super) stamps: usize,
    pub(super) tokens: Tokens,
}

/// The timestamps in a signature, and in its seal.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    pub(super) own: Vec<Result<TimeStampToken, TokenError>>,
    pub(super) of_seal: Option<Result<TimeStampToken, TokenError>>,
}

/// The seal that Signature.xml names, held against the one that is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SealFile {
    /// It names none.
    Absent,
    /// The one it names is not there.
    Missing,
    /// Byte for byte the one that is signed.
    Same,
    /// Another one.
    Differs,
    /// The picture beside it is not the seal's.
    OtherPicture,
    /// There is a seal, and none in what is signed.
    NotSigned,
}

impl Facts {
    pub(super) fn of(opened: &OpenedOfd<'_>) -> Result<Self, OfdError> {
        // 1. What belongs to the document.
        let reach = opened.reach()?;
        let mut deviations: BTreeSet<Deviation> = opened.deviations().iter().cloned().collect();
        deviations.extend(reach.deviations().iter().cloned());

        // 2. Signatures, each member hashed once.
        let count: usize = opened.documents().iter().map(|one| one.signatures.len()).sum();
        if count > MAX_OFD_SIGNATURES {
            return Err(OfdError::Limit {
                what: "signatures",
                limit: MAX_OFD_SIGNATURES,
            });
        }
        let mut table = DigestTable::new(opened.package(), |method, bytes: &[u8]| {
            Some(algorithm(method)?.digest(bytes))
        });
        let mut covered_by_any: BTreeSet<MemberId> = BTreeSet::new();
        let mut signatures = Vec::new();
        for (number, document) in opened.documents().iter().enumerate() {
            let ids: BTreeSet<&str> = document
                .signatures
                .iter()
                .filter_map(|signature| signature.entry.id.as_deref())
                .collect();
            for (index, signature) in document.signatures.iter().enumerate() {
                let file = signature.file.as_ref().map_err(Clone::clone).and_then(|file| {
                    let checked = table.check(file);
                    let references = References::of(file, &checked);
                    // What has a digest that nobody here can make is meant to be covered, and stays open.
                    let named = file.references.iter().zip(&checked.states);
                    let named = named.filter(|(_, state)| **state == ReferenceState::UnknownMethod);
                    let mut covered = checked.covered;
                    covered.extend(named.filter_map(|(reference, _)| reference.file.member));
                    let left = Left::by_one(opened, &reach, (number, index), &covered);
                    covered_by_any.append(&mut covered);
                    Content::read(opened, file, references, left)
                });
                let lost = signature.entry.relative.iter();
                signatures.push(Signed {
                    name: name(signature, (number, index)),
                    kind: signature.entry.kind.clone(),
                    lost: lost.filter(|id| !ids.contains(id.as_str())).cloned().collect(),
                    file: file.map(Box::new),
                });
            }
        }
        let evidence = FileEvidence::of_signatures(signatures.iter().flat_map(Signed::evidence));

        // 3. What they leave open together, and what is drawn.
        let together = Left::by_all(opened, &reach, &covered_by_any);
        let texts: Result<Vec<DocumentText>, OfdError> = (0..opened.documents().len())
            .filter_map(|document| opened.text(document).transpose())
            .collect();
        if let Ok(texts) = &texts {
            deviations.extend(texts.iter().flat_map(|text| text.deviations.iter().cloned()));
        }
        Ok(Self {
            is_encrypted: !opened.encryption().is_empty(),
            deviations: deviations.into_iter().collect(),
            evidence,
            together,
            integrity: Integrity::read(opened),
            claimed: Claimed::read(opened, &reach, &covered_by_any, texts.as_ref().ok()),
            text: texts.as_deref().map(Text::of).map_err(Clone::clone),
            signatures,
        })
    }

    /// Whether the package is what the standard has it to be.
    pub(super) fn judge_structure(&self) -> Finding {
        let check = &checks::STRUCTURE;
        if self.is_encrypted {
            return encrypted(
                "文件按 GM/T 0099 加密：看不到全部内容，也无从判定签的是什么",
                "encrypted under GM/T 0099: not all of it can be seen, nor what is signed",
            );
        }
        if self.deviations.is_empty() {
            return Finding::passed(check, "OFD 完整可读，合乎 GB/T 33190", "a well-formed OFD");
        }
        let mut by_kind: BTreeMap<_, Vec<&Deviation>> = BTreeMap::new();
        for deviation in &self.deviations {
            by_kind.entry(deviation.kind).or_default().push(deviation);
        }
        let told = |zh: bool| {
            let parts = by_kind.iter().map(|(kind, all)| {
                let words = kind.words();
                let first = all.first().map_or_else(String::new, |first| {
                    format!("{} {}", first.member, first.detail).trim().to_owned()
                });
                let more = if all.len() > 1 { " …" } else { "" };
                format!("{} ({first}{more})", if zh { words.0 } else { words.1 })
            });
            parts.collect::<Vec<_>>().join(if zh { "；" } else { "; " })
        };
        Finding::passed(
            check,
            format!("OFD 可读，有与标准不符而各阅读器容忍之处：{}", told(true)),
            format!(
                "an OFD, with what readers put up with against the standard: {}",
                told(false)
            ),
        )
        .coded(code::OFD_DEVIATIONS)
    }

    /// Whether what people see is what programs extract.
    pub(super) fn judge_text(&self) -> Finding {
        let check = &checks::TEXT;
        let text = match &self.text {
            Ok(text) => text,
            Err(error) => {
                let text = error.to_string();
                let (zh, en) = halves(&text);
                let sub = SubIndication::Generic;
                return Finding::undecided(check, code::BEYOND_THIS_PROGRAM, sub, zh, en);
            }
        };
        if let Some((page, extracted)) = text.otherwise.first() {
            let count = text.otherwise.len();
            return Finding::passed(
                check,
                format!("{count} 处文字所显示的与可复制、检索的不同，首处在第 {page} 页“{extracted}”：以所见为准，勿用提取的文字"),
                format!("{count} texts are drawn otherwise than they are extracted, the first on page {page}, extracted as \"{extracted}\": go by what is seen"),
            )
            .coded(code::TEXT_DRAWN_OTHERWISE);
        }
        if text.unknown > 0 {
            let (unknown, runs) = (text.unknown, text.runs);
            return Finding::passed(
                check,
                format!("{runs} 段文字中有 {unknown} 段的嵌入字体未说明字形对应何字，提取的文字无从核对"),
                format!(
                    "of {runs} texts {unknown} are in embedded fonts that do not say what their glyphs are"
                ),
            )
            .coded(code::TEXT_UNKNOWN);
        }
        Finding::passed(
            check,
            "所见文字与提取的文字一致",
            "what is drawn is what is extracted",
        )
    }
}

impl Text {
    fn of(texts: &[DocumentText]) -> Self {
        use crate::document::ofd::Drawn;
        let mut found = Self::default();
        for run in texts.iter().flat_map(|text| &text.runs) {
            found.runs += 1;
            match run.drawn {
                Drawn::Differs(_) => {
                    let start = run.text.chars().take(20).collect();
                    found.otherwise.push((run.page + 1, start));
                }
                Drawn::Unknown => found.unknown += 1,
                Drawn::AsExtracted | Drawn::ByReader => {}
            }
        }
        found
    }
}

impl Signed {
    /// What came with it. All of a package is one place: what proves a time proves it for everything.
    fn evidence(&self) -> Vec<(usize, CmsEvidence)> {
        let Ok(content) = &self.file else {
            return Vec::new();
        };
        let mut found = Vec::new();
        match &content.value {
            Ok(SignedValue::Ses(signature)) => found.push(CmsEvidence {
                certificates: vec![
                    signature.signer_certificate().to_vec(),
                    signature.seal().maker_certificate().to_vec(),
                ],
                ..CmsEvidence::default()
            }),
            Ok(SignedValue::SignedData(signed)) => found.push(CmsEvidence {
                certificates: signed.certificates().to_vec(),
                crls: signed.crls().to_vec(),
                ..CmsEvidence::default()
            }),
            _ => {}
        }
        let tokens = content.tokens.own.iter().chain(&content.tokens.of_seal);
        found.extend(tokens.filter_map(|token| Some(token.as_ref().ok()?.evidence())));
        found.into_iter().map(|evidence| (0, evidence)).collect()
    }
}

impl Content {
    fn read(
        opened: &OpenedOfd<'_>,
        file: &SignatureFile,
        references: References,
        left: Left,
    ) -> Result<Self, OfdError> {
        let package = opened.package();
        let data = package.read(file.member)?;
        let path = package.name(file.member).to_owned();
        let value = file.signed_value.member.ok_or_else(|| OfdError::Missing {
            member: file.signed_value.stated.clone(),
            named_by: path.clone(),
        })?;
        let value = SignedValue::parse(package.read(value)?);
        let is_over_file = match &value {
            Ok(SignedValue::Ses(signature)) => Some(signature.covers(data)),
            Ok(SignedValue::SignedData(signed)) => Some(signed.covers(data)),
            _ => None,
        };
        let is_bare = matches!(value, Ok(SignedValue::Bare(_)));
        Ok(Self {
            method: CheckMethod::read(file.check_method.as_deref()),
            method_stated: file.check_method.clone(),
            seal_file: SealFile::of(opened, file, value.as_ref().ok()),
            tokens: Tokens::of(value.as_ref().ok()),
            data: if is_bare { data.to_vec() } else { Vec::new() },
            stamps: file.stamps.len(),
            path,
            references,
            left,
            value,
            is_over_file,
        })
    }
}

impl Tokens {
    pub(super) fn of(value: Option<&SignedValue>) -> Self {
        let Some(SignedValue::Ses(signature)) = value else {
            return Self::default();
        };
        let own = signature.time_stamp().into_iter().take(MAX_SIGNATURE_TIMESTAMPS);
        Self {
            own: own.map(TimeStampToken::parse).collect(),
            of_seal: signature.seal().time_stamp().map(TimeStampToken::parse),
        }
    }
}

impl SealFile {
    fn of(opened: &OpenedOfd<'_>, file: &SignatureFile, value: Option<&SignedValue>) -> Self {
        let package = opened.package();
        let Some(named) = &file.seal else {
            return Self::Absent;
        };
        let Some(SignedValue::Ses(signature)) = value else {
            return Self::NotSigned;
        };
        let read = |member: MemberId| package.read(member).ok();
        if let Some(loc) = &named.base_loc {
            match loc.member.and_then(read) {
                None => return Self::Missing,
                Some(bytes) if bytes.len() > MAX_SES_BYTES || bytes != signature.seal().bytes() => {
                    return Self::Differs;
                }
                Some(_) => {}
            }
        }
        // The picture beside the seal is what readers of GM/T 0099 draw (clause 7.2).
        if let Some(loc) = &named.image_loc {
            match loc.member.and_then(read) {
                None => return Self::Missing,
                Some(bytes) if bytes != signature.seal().picture().data => return Self::OtherPicture,
                Some(_) => {}
            }
        }
        if named.base_loc.is_none() {
            Self::Absent
        } else {
            Self::Same
        }
    }
}

/// What digests of a name are made with.
pub(super) fn algorithm(method: CheckMethod) -> Option<DigestAlgorithm> {
    DigestAlgorithm::ALL
        .into_iter()
        .find(|algorithm| algorithm.name() == method.name())
}

fn name(signature: &OpenedSignature, number: SignatureNumber) -> String {
    let by_place = || format!("#{}-{}", number.0, number.1 + 1);
    signature.entry.id.clone().unwrap_or_else(by_place)
}

/// Whether a Reference names its member and the digest is right.
pub(super) fn is_right(state: &ReferenceState) -> bool {
    *state == ReferenceState::Right
}
