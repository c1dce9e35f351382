//! What files in use do otherwise than the standards have it. It is read and named, never passed over.

use std::fmt;

/// A way in which a seal, a seal signature or signed data departs from its standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Deviation {
    /// The signed attributes are not in the order of DER; what was signed is what stands there (GB/T 35275, X.690 §11.6).
    AttributesUnsorted,
    /// The signed digest stands there as Base64 text.
    Base64Digest,
    /// Nothing but an SM2 signature value where GB/T 35275 SignedData belongs.
    BareSignature,
    /// The content type is not `data` of GB/T 35275, or two places name different ones.
    ContentType,
    /// A default of FALSE is written (X.690 §11.5).
    ExplicitFalse,
    /// Extensions are tagged where the standard has a bare SEQUENCE.
    ExtensionsTagged,
    /// The algorithm is named by that of the key (SM2) alone, without its digest.
    KeyAlgorithm,
    /// A time without a zone, taken as China Standard Time.
    LocalTime,
    /// The list of signers holds names in place of certificates: nobody can be found in it.
    NamedSigners,
    /// Signed with another algorithm than SM2 with SM3.
    NotSm2,
    /// The picture is of another format than its type says.
    PictureType,
    /// The signature value is `r‖s` in 64 bytes, not DER.
    RawSignature,
    /// SignedData under the object identifiers of PKCS #7.
    PkcsObjectIdentifiers,
    /// A text of another string type.
    StringType,
    /// A time that is not written to the second in UTC: `20260102030405Z`.
    TimeForm,
    /// A time of another type than the version has.
    TimeType,
    /// A certificate that is not wrapped into an OCTET STRING.
    UnwrappedCertificate,
    /// A version number that is not the one of its structure, or of the seal inside.
    VersionNumber,
}

impl Deviation {
    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::AttributesUnsorted => "attributes-unsorted",
            Self::Base64Digest => "base64-digest",
            Self::BareSignature => "bare-signature",
            Self::ContentType => "content-type",
            Self::ExplicitFalse => "explicit-false",
            Self::ExtensionsTagged => "extensions-tagged",
            Self::KeyAlgorithm => "key-algorithm",
            Self::LocalTime => "local-time",
            Self::NamedSigners => "named-signers",
            Self::NotSm2 => "not-sm2",
            Self::PictureType => "picture-type",
            Self::RawSignature => "raw-signature",
            Self::PkcsObjectIdentifiers => "pkcs-object-identifiers",
            Self::StringType => "string-type",
            Self::TimeForm => "time-form",
            Self::TimeType => "time-type",
            Self::UnwrappedCertificate => "unwrapped-certificate",
            Self::VersionNumber => "version-number",
        }
    }
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AttributesUnsorted => "签名属性未按 DER 排序 (signed attributes out of DER order)",
            Self::Base64Digest => "所签摘要写作 Base64 文本 (the signed digest is Base64 text)",
            Self::BareSignature => "只有 SM2 签名值，没有 GB/T 35275 结构 (a bare SM2 signature value)",
            Self::ContentType => "内容类型不是 GB/T 35275 的 data，或前后不一 (unusual content type)",
            Self::ExplicitFalse => "写出了应省略的缺省值 FALSE (a default of FALSE is written)",
            Self::ExtensionsTagged => "扩展项多了一层标签 (extensions under a tag of their own)",
            Self::KeyAlgorithm => "签名算法只写了 SM2，未写摘要算法 (algorithm named without its digest)",
            Self::LocalTime => "时间没有时区，按北京时间理解 (a time without a zone, taken as UTC+8)",
            Self::NamedSigners => {
                "签章者列表中是名称而不是证书 (the list of signers holds names, no certificates)"
            }
            Self::NotSm2 => "签名算法不是 SM2 with SM3 (not signed with SM2)",
            Self::PictureType => "印模图像的实际格式与所写类型不符 (the picture is not of its type)",
            Self::RawSignature => "签名值为 64 字节 r‖s，应为 DER (a raw signature value, not DER)",
            Self::PkcsObjectIdentifiers => {
                "采用 PKCS#7 的对象标识符，应为 GB/T 35275 的 (object identifiers of PKCS #7)"
            }
            Self::StringType => "文字的字符串类型不合标准 (a text of another string type)",
            Self::TimeForm => "时间的写法不合标准 (a time written otherwise)",
            Self::TimeType => "时间的类型与版本不符 (a time of another type)",
            Self::UnwrappedCertificate => "证书未包在 OCTET STRING 中 (a certificate that is not wrapped)",
            Self::VersionNumber => "版本号与结构不符 (a version number that does not fit)",
        })
    }
}

/// Deviations found so far, each once, in the order they were met with.
#[derive(Debug, Default)]
pub(crate) struct Deviations(Vec<Deviation>);

impl Deviations {
    pub(crate) fn note(&mut self, deviation: Deviation) {
        if !self.0.contains(&deviation) {
            self.0.push(deviation);
        }
    }

    pub(crate) fn note_if(&mut self, deviates: bool, deviation: Deviation) {
        if deviates {
            self.note(deviation);
        }
    }

    pub(crate) fn into_vec(self) -> Vec<Deviation> {
        self.0
    }
}
