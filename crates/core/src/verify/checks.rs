//! The questions asked, by their stable names, and which of them each kind of input must answer.

use super::report::{Bearing, Input};

/// One question.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Check {
    /// Stable name.
    pub(super) name: &'static str,
    /// For people, in Chinese.
    pub(super) title: &'static str,
    /// For people, in English.
    pub(super) title_en: &'static str,
    /// What it decides.
    pub(super) bears_on: Bearing,
}

const fn verdict(name: &'static str, title: &'static str, title_en: &'static str) -> Check {
    Check {
        name,
        title,
        title_en,
        bears_on: Bearing::Verdict,
    }
}

const fn time(name: &'static str, title: &'static str, title_en: &'static str) -> Check {
    Check {
        name,
        title,
        title_en,
        bears_on: Bearing::Time,
    }
}

const fn force(name: &'static str, title: &'static str, title_en: &'static str) -> Check {
    Check {
        name,
        title,
        title_en,
        bears_on: Bearing::Force,
    }
}

pub(super) static INTAKE: Check = verdict("intake", "识别输入", "recognising the input");
pub(super) static STRUCTURE: Check = verdict("structure", "文件结构", "structure of the file");
pub(super) static BYTE_RANGE: Check = verdict("byte-range", "签章覆盖范围", "what the signature covers");
pub(super) static REVISIONS: Check = verdict("revisions", "签章后的改动", "changes after signing");
pub(super) static OTHER_SIGNATURES: Check = verdict("other-signatures", "其他签名", "other signatures");
pub(super) static SIGNATURES: Check = verdict("signatures", "全部签名", "every signature");
pub(super) static CERTIFICATION: Check =
    verdict("certification", "禁止修改声明", "certification forbids changes");
pub(super) static DIGEST: Check = verdict("digest", "文件摘要", "digest of the signed bytes");
pub(super) static SIGNING_CERTIFICATE: Check = verdict(
    "signing-certificate",
    "签名证书绑定",
    "signing-certificate attribute",
);
pub(super) static SIGNATURE: Check = verdict("signature", "数字签名", "signature value");
pub(super) static ALGORITHMS: Check = verdict("algorithms", "密码算法", "algorithms of the signature");
pub(super) static SIGNER_PATH: Check = verdict("signer-path", "签名证书可信", "path to a trust anchor");
pub(super) static AUTHORITY: Check = verdict(
    "authority",
    "签名者的担保机构",
    "standing of the authority behind the signer",
);
pub(super) static ISSUER: Check = verdict(
    "issuer",
    "颁发机关在担保范围内",
    "signer vouched for as this issuer",
);
pub(super) static SIGNER_USAGE: Check =
    verdict("signer-usage", "签名证书用途", "usage of the signer certificate");
pub(super) static SIGNER_VALIDITY: Check = verdict(
    "signer-validity",
    "签名证书有效期",
    "validity of the signer certificate",
);
pub(super) static REVOCATION: Check = verdict(
    "revocation",
    "签名证书吊销状态",
    "revocation of the signer certificate",
);
pub(super) static SEED_VALUES: Check = verdict("seed-values", "签名域的要求", "demands of the field");
pub(super) static SIGNING_TIME: Check = verdict("signing-time", "签章时间", "time of signing");
pub(super) static TIMESTAMPS: Check = time("timestamps", "签名时间戳", "timestamps over the signature");
pub(super) static DOCUMENT_TIMESTAMPS: Check = time(
    "document-timestamps",
    "文档时间戳",
    "timestamps over the document",
);
pub(super) static SEAL: Check = verdict("seal", "电子印章", "e-seal in force and signer permitted");
pub(super) static FORM: Check = verdict("form", "签名结构", "structure of the signature");
pub(super) static SIGNATURE_FILE: Check =
    verdict("signature-file", "签名描述文件", "Signature.xml of the signature");
pub(super) static REFERENCES: Check = verdict(
    "references",
    "所护各文件的摘要",
    "digests of the members that are covered",
);
pub(super) static COVERAGE: Check = verdict("coverage", "保护范围与夹带", "what the signatures cover");
pub(super) static PROPERTY_INFO: Check = verdict(
    "property-info",
    "签章所指的保护范围",
    "what the signature says it protects",
);
pub(super) static EXTENSIONS: Check = verdict("extensions", "关键扩展项", "critical extensions");
pub(super) static SEAL_FILE: Check = verdict(
    "seal-file",
    "印章文件与所签印章一致",
    "the seal shown is the one that is signed",
);
pub(super) static SEAL_SIGNATURE: Check =
    verdict("seal-signature", "制章者签名", "signature of the seal maker");
pub(super) static SEAL_MAKER: Check = verdict("seal-maker", "制章者证书", "certificate of the seal maker");
pub(super) static SEAL_TIMESTAMP: Check = verdict("seal-timestamp", "印章时间戳", "timestamp of the seal");
pub(super) static SEAL_SIGNERS: Check = verdict(
    "seal-signers",
    "签章者在印章名单内",
    "the seal permits the signer",
);
pub(super) static SEAL_DATES: Check =
    verdict("seal-dates", "签章时印章有效", "the seal was in force at signing");
pub(super) static TEXT: Check = verdict("text", "所见与可提取的文字", "text drawn and text extracted");
pub(super) static INTEGRITY_LIST: Check =
    verdict("integrity-list", "完整性清单", "integrity list of the package");
pub(super) static TOKEN: Check = verdict("token", "二维码内容", "content of the QR code");
pub(super) static TOKEN_SIGNATURE: Check =
    verdict("token-signature", "二维码签名", "signature of the QR code");
pub(super) static TOKEN_SIGNER: Check = verdict(
    "token-signer",
    "二维码签名证书",
    "signer certificate of the QR code",
);
pub(super) static AGREEMENT: Check = verdict(
    "agreement",
    "照面、数据、二维码一致",
    "face, data and QR code agree",
);
pub(super) static REGISTERED_DOCUMENT: Check = verdict(
    "registered-document",
    "与登记的文件一致",
    "is the document of record",
);
pub(super) static DATES: Check = force("dates", "证照有效期", "validity dates of the certificate");
pub(super) static SEAL_PERIOD: Check = force("seal-period", "印章有效期", "validity dates of the seal");
pub(super) static REGISTRY: Check = force("registry", "登记状态", "state in the registry");

/// What must have passed before an input can pass.
pub(super) fn required(input: Input) -> &'static [&'static Check] {
    match input {
        Input::Document => &OF_DOCUMENT,
        Input::SignedDocument => &OF_SIGNED_DOCUMENT,
        Input::Token => &OF_TOKEN,
        Input::Seal => &OF_SEAL,
        // Nothing signed was seen: there is no way to pass.
        Input::Identifier | Input::Unknown => &[],
    }
}

static OF_DOCUMENT: [&Check; 19] = [
    &STRUCTURE,
    &BYTE_RANGE,
    &REVISIONS,
    &CERTIFICATION,
    &DIGEST,
    &SIGNING_CERTIFICATE,
    &SIGNATURE,
    &ALGORITHMS,
    &SIGNER_PATH,
    &ISSUER,
    &SIGNER_USAGE,
    &SIGNER_VALIDITY,
    &REVOCATION,
    &SIGNING_TIME,
    &SEAL,
    &TOKEN,
    &TOKEN_SIGNATURE,
    &TOKEN_SIGNER,
    &AGREEMENT,
];
/// What must have passed before one signature, or one timestamp over the document, can pass.
pub(super) static OF_SIGNATURE: [&Check; 11] = [
    &BYTE_RANGE,
    &REVISIONS,
    &DIGEST,
    &SIGNING_CERTIFICATE,
    &SIGNATURE,
    &ALGORITHMS,
    &SIGNER_PATH,
    &SIGNER_USAGE,
    &SIGNER_VALIDITY,
    &REVOCATION,
    &SIGNING_TIME,
];
/// What must have passed before a timestamp in a signature can pass.
pub(super) static OF_TIMESTAMP: [&Check; 9] = [
    &DIGEST,
    &SIGNING_CERTIFICATE,
    &SIGNATURE,
    &ALGORITHMS,
    &SIGNER_PATH,
    &SIGNER_USAGE,
    &SIGNER_VALIDITY,
    &REVOCATION,
    &SIGNING_TIME,
];
/// What must have passed before a document that is no certificate can pass: each of its signatures by itself.
static OF_SIGNED_DOCUMENT: [&Check; 2] = [&STRUCTURE, &SIGNATURES];
static OF_TOKEN: [&Check; 3] = [&TOKEN, &TOKEN_SIGNATURE, &TOKEN_SIGNER];
/// What must have passed before a national seal can pass.
static OF_SEAL: [&Check; 4] = [&STRUCTURE, &EXTENSIONS, &SEAL_SIGNATURE, &SEAL_MAKER];
/// What must have passed before a signature of an OFD without a seal can pass.
pub(super) static OF_OFD_SIGNATURE: [&Check; 11] = [
    &SIGNATURE_FILE,
    &REFERENCES,
    &COVERAGE,
    &DIGEST,
    &SIGNATURE,
    &ALGORITHMS,
    &SIGNER_PATH,
    &SIGNER_USAGE,
    &SIGNER_VALIDITY,
    &REVOCATION,
    &SIGNING_TIME,
];
/// The same of one with a seal.
pub(super) static OF_OFD_SEALING: [&Check; 17] = [
    &SIGNATURE_FILE,
    &REFERENCES,
    &COVERAGE,
    &DIGEST,
    &SIGNATURE,
    &PROPERTY_INFO,
    &EXTENSIONS,
    &ALGORITHMS,
    &SIGNER_PATH,
    &SIGNER_USAGE,
    &SIGNER_VALIDITY,
    &REVOCATION,
    &SIGNING_TIME,
    &SEAL_SIGNATURE,
    &SEAL_MAKER,
    &SEAL_SIGNERS,
    &SEAL_DATES,
];
/// What must have passed before an OFD that claims to be a certificate can pass.
pub(super) static OF_OFD_CERTIFICATE: [&Check; 24] = [
    &STRUCTURE,
    &SIGNATURE_FILE,
    &REFERENCES,
    &COVERAGE,
    &DIGEST,
    &SIGNATURE,
    &PROPERTY_INFO,
    &EXTENSIONS,
    &ALGORITHMS,
    &SIGNER_PATH,
    &ISSUER,
    &SIGNER_USAGE,
    &SIGNER_VALIDITY,
    &REVOCATION,
    &SIGNING_TIME,
    &SEAL_SIGNATURE,
    &SEAL_MAKER,
    &SEAL_SIGNERS,
    &SEAL_DATES,
    &TEXT,
    &TOKEN,
    &TOKEN_SIGNATURE,
    &TOKEN_SIGNER,
    &AGREEMENT,
];
