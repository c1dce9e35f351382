//! An OFD that claims to be a certificate: by a certificate identifier among its custom data (GB/T 36903, ZZBS), or by
//! attached face data.
//!
//! Page, face data, metadata and QR code have to say the same, as in a PDF. What the page shows of a field is what its custom
//! tags tie to it (数据标引).

use std::collections::{BTreeMap, BTreeSet};

use super::{super::document::Verdict, Judged};
use crate::{
    catalogue::{FaceJson, FaceJsonError},
    codes::CertificateIdentifier,
    document::{
        ofd::{
            DocumentText, Drawn, GraphicObject, Ground, Id, ImageObject, MemberId, ObjectKind, OfdError,
            OpenedDocument, OpenedOfd, Reach, Role, TextRun,
        },
        pdf::ATTACHMENT,
    },
    qr::{
        picture,
        token::{FaceToken, SignedToken},
    },
    registry::SealStatus,
    remark::visible_start,
    verify::{
        agreement::{self, Sayings, Shown, Stated, TypeName},
        checks, code,
        existence::Basis,
        indication::SubIndication,
        report::{Finding, Input, Subject},
        signatures::SignatureReport,
        standing::judge_issuer,
        state::RegistryView,
        text::clock_time,
        token::{self, BadToken},
        whole,
    },
};

/// What a file says as a certificate.
#[derive(Debug)]
pub(super) struct Claimed {
    custom: BTreeMap<String, String>,
    /// The attached face data: none are there, or none that could be read.
    face_json: Result<Option<Vec<u8>>, String>,
    face: Option<Result<FaceJson, FaceJsonError>>,
    pages: usize,
    /// Text of each tagged field, by the short name of its tag.
    tagged: BTreeMap<String, String>,
    /// What keeps the page from being read with certainty.
    unsteady: Option<String>,
    token: Option<Result<SignedToken, BadToken>>,
}

/// Names of custom data that every certificate has (GB/T 36903).
const IDENTIFIER: &str = "ZZBS";
const NUMBER: &str = "ZZBH";
const TYPE_CODE: &str = "ZZLXDM";
/// Name of the tag that is tied to the QR symbol.
const QR: &str = "QR";

/// Short names of what every face may show, with the keys of our faces.
const COMMON: [(&str, &str); 6] = [
    ("ZZBS", "identifier"),
    ("ZZBH", "certificate-number"),
    ("ZZBFJG", "issuer"),
    ("ZZBFRQ", "issued-on"),
    ("ZZYXQQSRQ", "valid-from"),
    ("ZZYXQJZRQ", "valid-until"),
];

impl Claimed {
    /// Reads what it says; none where it claims nothing.
    pub(super) fn read(
        opened: &OpenedOfd<'_>,
        reach: &Reach,
        covered: &BTreeSet<MemberId>,
        texts: Option<&Vec<DocumentText>>,
    ) -> Option<Self> {
        let (document, body) = opened.documents().iter().zip(&opened.root().bodies).next()?;
        let mut custom = BTreeMap::new();
        for data in &body.info.custom_datas {
            // Of two with one name nobody knows which is meant.
            let value = if custom.contains_key(&data.name) {
                String::new()
            } else {
                data.value.trim().to_owned()
            };
            custom.insert(data.name.clone(), value);
        }
        let identifier = custom.get(IDENTIFIER);
        let is_identified = identifier.is_some_and(|id| CertificateIdentifier::parse(id).is_ok());
        let attached = attached(document);
        if !is_identified && attached.is_empty() {
            return None;
        }
        let face_json = match attached[..] {
            [member] => read_face(opened, member, covered),
            // Of two files with the name nobody knows which is meant.
            _ => Ok(None),
        };
        let tags = tags(opened, document);
        let runs = texts
            .and_then(|texts| texts.first())
            .map_or(&[][..], |text| &text.runs);
        let is_animated = reach.members().any(|(_, role)| role == Role::PageAnnot);
        Some(Self {
            custom,
            face: match &face_json {
                Ok(Some(json)) => Some(FaceJson::parse(json)),
                _ => None,
            },
            face_json,
            pages: opened
                .documents()
                .iter()
                .map(|one| one.document.pages.len())
                .sum(),
            tagged: tagged(&tags, runs),
            unsteady: unsteady(runs, is_animated),
            token: symbol(opened, document, &tags),
        })
    }

    pub(super) fn identifier(&self) -> Option<&str> {
        let face = self.face().map(|face| face.identifier.as_str());
        face.or_else(|| self.token().map(|token| token.identifier.as_str()))
            .or_else(|| self.stated(IDENTIFIER))
    }

    /// The issuer that the face data name.
    pub(super) fn issuer_code(&self) -> Option<&str> {
        self.face().map(|face| face.issuer.code.as_str())
    }

    fn stated(&self, name: &str) -> Option<&str> {
        let value = self.custom.get(name).map(String::as_str);
        value.filter(|value| !value.is_empty())
    }

    fn face(&self) -> Option<&FaceJson> {
        self.face.as_ref()?.as_ref().ok()
    }

    fn token(&self) -> Option<&FaceToken> {
        let token = self.token.as_ref()?.as_ref().ok();
        token.map(SignedToken::unverified)
    }

    fn subject(&self) -> Option<Subject> {
        let of_token = || self.token().map(Subject::of_token);
        self.face().map(Subject::of_face).or_else(of_token)
    }

    /// What a certificate has to answer besides its signatures.
    pub(super) fn judge(
        &self,
        judged: &[Judged],
        basis: &Basis<'_>,
        view: Option<&RegistryView>,
        is_registered: bool,
        findings: &mut Vec<Finding>,
    ) -> Verdict {
        let subject = self.subject();
        let all: Vec<SignatureReport> = judged.iter().map(|one| one.report.clone()).collect();
        let signed_by = judged.first().and_then(|main| main.report.signed_by.clone());
        if let Some(main) = judged.first() {
            // 1. The first signature is the issuing authority's: everything that is seen was there when it signed.
            let own = main.report.findings.iter();
            findings.extend(own.filter(|one| one.check != checks::COVERAGE.name).cloned());
            findings.extend(added_later(&main.report));
            if let Some(anchor) = signed_by.as_ref().and_then(|by| by.anchor) {
                findings.push(judge_issuer(
                    &anchor,
                    subject.as_ref(),
                    basis.material,
                    &main.times,
                ));
            }
            findings.extend(whole::judge_others(&all, None));
            findings.extend(self.judge_register(main, view));

            // 2. QR token, and agreement of everything.
            let when = (main.times.proven, main.times.now);
            token::judge_symbol(self.token.as_ref(), basis.material, when, findings);
        }
        findings.push(agreement::judge(&Sayings {
            metadata: Some(Stated {
                identifier: self.stated(IDENTIFIER),
                number: self.stated(NUMBER),
                certificate_type: self.stated(TYPE_CODE).map(TypeName::Code),
            }),
            face: self.face.as_ref().map(Result::as_ref),
            face_json: self
                .face_json
                .as_ref()
                .map(Option::as_deref)
                .map_err(Clone::clone),
            page: Ok(self.shown()),
            token: self.token(),
        }));

        // 3. The registry's own copy.
        let has_record = view
            .zip(self.identifier())
            .and_then(|(view, id)| view.of(id))
            .is_some();
        findings.push(whole::judge_record(
            has_record,
            1,
            is_registered.then_some(1),
            true,
        ));
        Verdict {
            input: Input::Document,
            subject,
            signed_by,
            signatures: all,
        }
    }

    /// The page, by the keys of the face data.
    fn shown(&self) -> Shown {
        let key = |short: &str| {
            let fields = self.face().map_or(&[][..], |face| &face.fields);
            let own = fields.iter().find(|field| field.short == short);
            let common = || COMMON.into_iter().find(|(name, _)| *name == short);
            own.map(|field| field.key.clone())
                .or_else(|| common().map(|(_, key)| key.to_owned()))
                .unwrap_or_else(|| short.to_owned())
        };
        let texts = self.tagged.iter().filter(|(short, _)| *short != QR);
        Shown {
            pages: self.pages,
            texts: texts.map(|(short, text)| (key(short), text.clone())).collect(),
            unsteady: self.unsteady.clone(),
        }
    }

    /// The register's word on the seal, which has the number of the national one.
    fn judge_register(&self, main: &Judged, view: Option<&RegistryView>) -> Option<Finding> {
        let view = view?;
        view.of(self.identifier()?)?;
        let record = view.seal.as_ref()?;
        let at = main.times.proven.or_else(|| main.times.believable())?;
        let check = &checks::SEAL;
        let used = main.seal.as_deref().unwrap_or_default();
        if used != record.id {
            let used = visible_start(used, 40);
            return Some(
                Finding::undecided(
                    check,
                    code::SEAL_UNKNOWN,
                    SubIndication::Generic,
                    format!("所用印章 {used} 不是登记簿为此证照所载的印章 {}", record.id),
                    format!(
                        "the seal {used} is not the one that the register has for it, {}",
                        record.id
                    ),
                )
                .hint(
                    "请向登记机关核实所用印章",
                    "ask whoever keeps the register about the seal used",
                ),
            );
        }
        Some(if record.status != SealStatus::InForce && record.since <= at {
            let since = clock_time(record.since);
            Finding::failed(
                check,
                code::SEAL_OUT_OF_FORCE,
                SubIndication::SigConstraintsFailure,
                format!(
                    "印章 {} 自 {since} 起{}，签章在其后",
                    record.id,
                    record.status.name_zh()
                ),
                format!("the seal {} was out of force since {since}", record.id),
            )
        } else {
            Finding::passed(
                check,
                format!("印章 {} 签章时在登记簿中有效", record.id),
                format!("the seal {} was in force in the register at signing", record.id),
            )
        })
    }
}

/// Says that something seen was added behind the issuing authority's signature, by whomever.
fn added_later(main: &SignatureReport) -> Option<Finding> {
    let mut findings = main.findings.iter();
    let coverage = findings.find(|finding| finding.code == code::COVERED_BY_ANOTHER.as_str())?;
    Some(Finding::failed(
        &checks::REVISIONS,
        code::MODIFIED_AFTER_SIGNING,
        SubIndication::SigConstraintsFailure,
        format!("发证机关的签章{}", coverage.message),
        format!("the issuing authority signed {}", coverage.message_en),
    ))
}

/// Attached files of the name.
fn attached(document: &OpenedDocument) -> Vec<Option<MemberId>> {
    let all = document.attachments.iter().flat_map(|list| &list.attachments);
    all.filter(|one| one.name.as_deref() == Some(ATTACHMENT))
        .map(|one| one.file.member)
        .collect()
}

fn read_face(
    opened: &OpenedOfd<'_>,
    member: Option<MemberId>,
    covered: &BTreeSet<MemberId>,
) -> Result<Option<Vec<u8>>, String> {
    let Some(member) = member else { return Ok(None) };
    if !covered.contains(&member) {
        return Err("照面数据未经签章 / the face data are not signed".to_owned());
    }
    let content = opened.package().read(member);
    content
        .map(|bytes| Some(bytes.to_vec()))
        .map_err(|error| error.to_string())
}

/// Objects on the page, by the short names of the tags they are tied to.
fn tags(opened: &OpenedOfd<'_>, document: &OpenedDocument) -> BTreeMap<Id, String> {
    let mut found = BTreeMap::new();
    let trees = document.custom_tags.iter().flat_map(|list| &list.tags);
    for member in trees.filter_map(|tag| tag.file.as_ref()?.member) {
        let Ok((leaves, _)) = opened.tagged_objects(member) else {
            continue;
        };
        for leaf in leaves {
            let short = leaf.path.rsplit('/').next().unwrap_or_default();
            if let Some(object) = leaf.object {
                found.insert(object, short.to_owned());
            }
        }
    }
    found
}

/// Text of each tag, its showings joined in the order in which they are drawn.
fn tagged(tags: &BTreeMap<Id, String>, runs: &[TextRun]) -> BTreeMap<String, String> {
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    for run in runs.iter().filter(|run| run.visible) {
        let short = run.object.and_then(|object| tags.get(&object));
        if let Some(short) = short {
            texts.entry(short.clone()).or_default().push_str(&run.text);
        }
    }
    texts
}

/// What lets readers show a face otherwise than its text says.
fn unsteady(runs: &[TextRun], is_annotated: bool) -> Option<String> {
    let otherwise = |run: &&TextRun| matches!(run.drawn, Drawn::Differs(_) | Drawn::Unknown);
    if let Some(run) = runs.iter().find(otherwise) {
        let start: String = run.text.chars().take(20).collect();
        return Some(format!("glyphs that do not show \"{start}\""));
    }
    if is_annotated || runs.iter().any(|run| run.ground == Ground::Annotation) {
        return Some("annotations".to_owned());
    }
    None
}

/// The token in the QR symbol on the page; none where no symbol is tagged.
fn symbol(
    opened: &OpenedOfd<'_>,
    document: &OpenedDocument,
    tags: &BTreeMap<Id, String>,
) -> Option<Result<SignedToken, BadToken>> {
    let tagged: BTreeSet<Id> = tags
        .iter()
        .filter(|(_, short)| *short == QR)
        .map(|(object, _)| *object)
        .collect();
    if tagged.is_empty() {
        return None;
    }
    let page = document.document.pages.first()?.base_loc.member?;
    let read = || -> Result<Option<String>, OfdError> {
        let (page, _) = opened.page(page)?;
        let objects = page.layers.iter().flat_map(|layer| &layer.objects);
        let mut images = Vec::new();
        objects.for_each(|object| images_in(object, &tagged, &mut images));
        let [image] = images[..] else { return Ok(None) };
        let media = document.resources.iter().flat_map(|resources| &resources.media);
        let mut media = media.filter(|media| media.id.is_some() && media.id == image.resource);
        let file = media.next().and_then(|media| media.file.as_ref()?.member);
        let Some(file) = file else { return Ok(None) };
        let bytes = opened.package().read(file)?;
        Ok(picture::decode_drawn(bytes).ok().flatten())
    };
    Some(token::read_symbol(read().unwrap_or_default()))
}

fn images_in<'o>(object: &'o GraphicObject, tagged: &BTreeSet<Id>, found: &mut Vec<&'o ImageObject>) {
    match &object.kind {
        ObjectKind::Block(inner) => inner.iter().for_each(|object| images_in(object, tagged, found)),
        ObjectKind::Image(image) if object.id.is_some_and(|id| tagged.contains(&id)) => found.push(image),
        _ => {}
    }
}
