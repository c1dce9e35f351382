//! Whether page, face data, metadata and QR token say the same of the same certificate.
//!
//! All four are under one signature, so disagreement means that the issuer's own system was wrong or
//! was misled; whichever a reader looks at, it must not differ from the others.

use std::collections::BTreeMap;

use super::{
    checks,
    code::{self, Code},
    indication::SubIndication,
    report::{Finding, halves},
    text::day,
};
use crate::{
    catalogue::{FaceJson, FaceJsonError},
    codes::{CertificateIdentifier, CheckAlgorithm, mask_code},
    crypto::x509,
    document::pdf::open::PageFields,
    qr::token::FaceToken,
};

/// What each part of the document says.
pub(super) struct Sayings<'a> {
    /// None where the metadata are unreadable.
    pub(super) metadata: Option<Stated<'a>>,
    pub(super) face: Option<Result<&'a FaceJson, &'a FaceJsonError>>,
    /// The bytes of the face data, if they are attached.
    pub(super) face_json: Result<Option<&'a [u8]>, String>,
    pub(super) page: Result<Shown, String>,
    pub(super) token: Option<&'a FaceToken>,
}

/// What the metadata say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stated<'a> {
    pub(super) identifier: Option<&'a str>,
    pub(super) number: Option<&'a str>,
    pub(super) certificate_type: Option<TypeName<'a>>,
}

/// How metadata name the certificate type.
#[derive(Debug, Clone, Copy)]
pub(super) enum TypeName<'a> {
    /// By our key, as XMP has it.
    Key(&'a str),
    /// By its national code, as CustomData ZZLXDM has it.
    Code(&'a str),
}

impl TypeName<'_> {
    fn is_of(self, face: &FaceJson) -> bool {
        match self {
            Self::Key(key) => key == face.certificate_type.key,
            Self::Code(code) => code == face.certificate_type.code,
        }
    }
}

/// What the page shows.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) pages: usize,
    /// Text of each field, its showings joined, by the field's key.
    pub(super) texts: BTreeMap<String, String>,
    /// What lets it be shown in another way than it was read.
    pub(super) unsteady: Option<String>,
}

impl Shown {
    pub(super) fn of_pdf(page: &PageFields) -> Self {
        Self {
            pages: page.pages,
            texts: page.field_texts(),
            unsteady: unsteady(page).map(str::to_owned),
        }
    }
}

/// Judges agreement.
pub(super) fn judge(said: &Sayings<'_>) -> Finding {
    let check = &checks::AGREEMENT;
    // 1. The face data are there and readable: they are what everything else is held against.
    let face = match (&said.face, &said.face_json) {
        (Some(Ok(face)), Ok(Some(json))) => (*face, json),
        (Some(Err(FaceJsonError::Schema { found })), _) => {
            return Finding::undecided(
                check,
                code::FACE_DATA_NEWER,
                SubIndication::Generic,
                format!("照面数据格式“{found}”尚不支持"),
                format!("face data of an unknown schema: {found}"),
            )
            .hint("请升级核验程序", "use a newer version of the verifier");
        }
        (Some(Err(error)), _) => return malformed(&error.to_string()),
        (_, Err(error)) => return malformed(error),
        _ => {
            return Finding::undecided(
                check,
                code::NO_FACE_DATA,
                SubIndication::SignedDataNotFound,
                "文件没有附带照面数据",
                "no face data are attached",
            )
            .hint(
                "可能不是本系统签发的证照，请向发证机关核实",
                "perhaps not a certificate of this kind: ask the issuing authority",
            );
        }
    };
    let (face, json) = face;
    let mut differences: Vec<(String, String)> = Vec::new();
    let mut differ = |zh: String, en: String| differences.push((zh, en));

    // 2. The identifier is well-formed and is this certificate's.
    let mut legacy = false;
    match CertificateIdentifier::parse(&face.identifier) {
        Ok((identifier, algorithm)) => {
            legacy = algorithm == CheckAlgorithm::LegacyVariant;
            if identifier.type_code() != face.certificate_type.code {
                differ(
                    "证照标识与证照类型代码不符".into(),
                    "identifier and type code".into(),
                );
            }
            if identifier.issuer_code() != face.issuer.code {
                differ(
                    "证照标识与颁发机关代码不符".into(),
                    "identifier and issuer code".into(),
                );
            }
        }
        Err(error) => differ(format!("证照标识有误：{error}"), "malformed identifier".into()),
    }

    // 3. Metadata.
    match said.metadata {
        Some(metadata) => {
            if metadata.identifier != Some(face.identifier.as_str()) {
                differ(
                    "元数据中的证照标识不同".into(),
                    "identifier in the metadata".into(),
                );
            }
            if metadata.number != Some(face.number.as_str()) {
                differ("元数据中的证照编号不同".into(), "number in the metadata".into());
            }
            if !metadata.certificate_type.is_some_and(|name| name.is_of(face)) {
                differ("元数据中的证照类型不同".into(), "type in the metadata".into());
            }
        }
        None => differ("元数据不可读".into(), "unreadable metadata".into()),
    }

    // 4. Token. Without one the checks of the token have said so already.
    if let Some(token) = said.token {
        for (zh, en) in token_differences(token, face, json) {
            differ(format!("二维码的{zh}不同"), format!("{en} in the QR code"));
        }
    }

    // 5. Page.
    let compared = match &said.page {
        Ok(page) => {
            if page.pages != 1 {
                differ(
                    format!("文件有 {} 页", page.pages),
                    format!("{} pages", page.pages),
                );
            }
            let compared = compare_page(page, face);
            for label in &compared.different {
                differ(format!("照面上的“{label}”不同"), format!("'{label}' on the page"));
            }
            compared
        }
        Err(error) => {
            let (zh, en) = halves(error);
            differ(zh.to_owned(), en.to_owned());
            Compared::default()
        }
    };

    if !differences.is_empty() {
        let (zh, en): (Vec<String>, Vec<String>) = differences.into_iter().unzip();
        return disagree(
            code::CONTENT_DISAGREES,
            zh.join("；"),
            format!("differs: {}", en.join("; ")),
        );
    }
    if compared.fields == 0 {
        return Finding::undecided(
            check,
            code::FACE_TEXT_NOT_FOUND,
            SubIndication::SignedDataNotFound,
            "照面上没有可比对的字段",
            "there is no field on the page to compare",
        );
    }
    if let Some((zh, en)) = compared.missing {
        return Finding::undecided(
            check,
            code::FACE_TEXT_INCOMPLETE,
            SubIndication::SignedDataNotFound,
            format!("照面上没有可比对的{zh}"),
            format!("the {en} is not on the page to compare"),
        );
    }
    if let Some(what) = said.page.as_ref().ok().and_then(|page| page.unsteady.as_deref()) {
        return Finding::undecided(
            check,
            code::SHOWN_IN_SEVERAL_WAYS,
            SubIndication::SignedDataNotFound,
            format!("文件含有可使不同阅读器显示不同内容的成分（{what}），无法认定所见即所签"),
            format!("viewers may show different pages because of {what}"),
        )
        .hint(
            "可能不是本系统签发的证照，请向发证机关核实",
            "perhaps not a certificate of this kind: ask the issuing authority",
        );
    }
    if said.token.is_none() {
        return Finding::undecided(
            check,
            code::NO_QR_CODE,
            SubIndication::SignedDataNotFound,
            "没有可比对的二维码",
            "there is no QR token to compare",
        );
    }
    let fields = compared.fields;
    let mut zh = format!("{fields} 个照面字段与数据、二维码、元数据一致");
    let mut en = format!("{fields} fields of the page agree with data, QR code and metadata");
    if legacy {
        zh.push_str("；证照标识的校验位按旧算法计算");
        en.push_str("; the identifier's check character follows the legacy algorithm");
    }
    Finding::passed(check, zh, en)
}

/// What lets the page be shown in another way than it was read.
fn unsteady(page: &PageFields) -> Option<&'static str> {
    let marks = (!page.intact).then_some("marks of fields that overlap or break off");
    page.unsteady.or(marks)
}

fn malformed(error: &str) -> Finding {
    let (zh, en) = halves(error);
    disagree(code::FACE_DATA_MALFORMED, zh.to_owned(), en.to_owned())
}

fn disagree(code: Code, zh: String, en: String) -> Finding {
    Finding::failed(
        &checks::AGREEMENT,
        code,
        SubIndication::SigConstraintsFailure,
        zh,
        en,
    )
}

/// What the token says otherwise than the face data.
fn token_differences(token: &FaceToken, face: &FaceJson, json: &[u8]) -> Vec<(&'static str, &'static str)> {
    let mut found = Vec::new();
    let mut hold = |same: bool, zh, en| {
        if !same {
            found.push((zh, en));
        }
    };
    hold(token.identifier == face.identifier, "证照标识", "identifier");
    hold(token.number == face.number, "证照编号", "number");
    hold(token.issuer_code == face.issuer.code, "颁发机关", "issuer");
    hold(token.type_name == face.certificate_type.name, "证照类型", "type");
    hold(
        token.type_version == face.certificate_type.version,
        "类型版本",
        "type version",
    );
    hold(token.holder_name == face.holder.name, "持证主体", "holder");
    hold(
        token.holder_code_masked == face.holder.code.as_deref().map(mask_code),
        "持证主体代码",
        "holder code",
    );
    hold(token.issued_on == face.issued_on, "颁发日期", "date of issue");
    hold(token.valid_from == face.valid_from, "生效日期", "first day");
    hold(token.valid_until == face.valid_until, "截止日期", "last day");
    hold(
        token.face_digest == x509::fingerprint(json),
        "照面数据摘要",
        "digest of the face data",
    );
    found
}

/// What the page shows, held against the face data.
#[derive(Debug, Default)]
struct Compared {
    fields: usize,
    /// Labels of the fields that differ.
    different: Vec<String>,
    /// What every certificate shows and this page does not.
    missing: Option<(&'static str, &'static str)>,
}

fn compare_page(page: &Shown, face: &FaceJson) -> Compared {
    let mut compared = Compared::default();
    let mut shown = String::new();
    for (key, text) in &page.texts {
        let (label, expected) = match face.fields.iter().find(|field| field.key == *key) {
            Some(field) => (field.label.as_str(), field.text.clone()),
            None => match key.as_str() {
                "certificate-number" | "number" => ("证照编号", face.number.clone()),
                "identifier" => ("电子证照标识", face.identifier.clone()),
                "issuer" => ("颁发机关", face.issuer.name.clone()),
                "issued-on" => ("颁发日期", day(face.issued_on, true)),
                "valid-from" => ("生效日期", day(face.valid_from, true)),
                "valid-until" => (
                    "截止日期",
                    face.valid_until
                        .map_or_else(|| "长期".to_owned(), |date| day(date, true)),
                ),
                // Text that the data do not know.
                other => (other, String::new()),
            },
        };
        compared.fields += 1;
        let text = without_space(text);
        if !repeats(&text, &without_space(&expected)) {
            compared.different.push(label.to_owned());
        }
        shown.push_str(&text);
        shown.push('\n');
    }
    let must = [
        (&face.number, "证照编号", "number"),
        (&face.holder.name, "持证主体名称", "holder's name"),
    ];
    compared.missing = must
        .into_iter()
        .find(|(value, _, _)| !shown.contains(&without_space(value)))
        .map(|(_, zh, en)| (zh, en));
    compared
}

/// Line breaks and spaces belong to the layout, not to the text.
fn without_space(text: &str) -> String {
    text.chars().filter(|ch| !ch.is_whitespace()).collect()
}

/// A template may print a field in several places.
fn repeats(text: &str, expected: &str) -> bool {
    if expected.is_empty() {
        return text.is_empty();
    }
    !text.is_empty()
        && text.len().is_multiple_of(expected.len())
        && text == expected.repeat(text.len() / expected.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_printed_twice_is_the_field() {
        assert!(repeats("张三", "张三"));
        assert!(repeats("张三张三", "张三"));
        assert!(!repeats("张三张", "张三"));
        assert!(!repeats("李四", "张三"));
        assert!(!repeats("", "张三"));
        assert!(!repeats("张三", ""));
    }
}
