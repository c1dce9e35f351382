//! Every reason code that a report or a recognition can carry, with its meaning: the one home of the codes.
//!
//! What to do about one depends on where it arose, and stands in the finding's hint. `docs/FORMATS.md` repeats the
//! table; a test holds the two together.

use std::fmt;

/// A reason code. There are none besides those below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Code(&'static str);

impl Code {
    /// The word itself.
    pub(crate) const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

macro_rules! codes {
    ($($part:literal { $($name:ident $meaning:literal)* })*) => {
        $($(#[doc = $meaning] pub(crate) const $name: Code = Code(stringify!($name));)*)*

        /// Code and meaning, by part.
        #[cfg(test)]
        const ALL: &[(&str, &[(Code, &str)])] = &[$(($part, &[$(($name, $meaning)),*])),*];
    };
}

codes! {
    "All" {
        OK "The check passed; or nothing speaks against acceptance"
        NOT_APPLICABLE "The question does not arise for this input"
        NOT_PERFORMED "Not asked, because of what failed before"
    }
    "The input" {
        EMPTY_INPUT "There is nothing in it"
        NOT_A_PDF "Neither a PDF nor an OFD nor a picture nor a text that could be a certificate"
        NOT_A_CERTIFICATE "A PDF or OFD that does not claim to be a certificate: its signatures vouch for nothing that it says"
        NOT_A_CERTIFICATE_CODE "A text or QR code that is none of a certificate's"
        IDENTIFIER_ONLY "A certificate identifier alone: it is not signed and proves nothing"
        NO_QR_CODE "No QR code was found in the picture, or on the page"
        NO_CERTIFICATE_CODE "The picture shows QR codes, but none of a certificate's was read"
        SEVERAL_QR_CODES "The picture shows several certificates' QR codes"
        PICTURE_TOO_BUSY "Too much in the picture looks like corners of QR codes"
        PICTURE_TOO_LARGE "The picture has too many pixels"
        PICTURE_UNREADABLE "The picture is broken or cut off"
        FILE_TOO_LARGE "The file is larger than any certificate"
        FILE_DAMAGED "A PDF, OFD or seal that is damaged, cut off or changed"
        BEYOND_THIS_PROGRAM "A PDF or OFD that uses what this program does not read"
        ENCRYPTED "An encrypted PDF or OFD"
        PAGES_UNREADABLE "The pages of the file cannot be read: viewers may show nothing, or different things"
        OFD_DEVIATIONS "An OFD with what deployed readers put up with against its standard; the message names it"
        SIGNATURE_ALONE "A signature value without the document that it signs"
        UNUSED_CONTENT "The file holds content that nothing shows: leftovers, or kept ready to be shown later"
    }
    "The signature on the file" {
        NOT_SIGNED "A PDF or OFD without signature: a print, scan, screenshot or conversion has none"
        OTHER_SIGNATURE_PROFILE "A signature of a form that is not judged here"
        BYTE_RANGE_DEFECT "The places that the signature names are not those of this file: it was written anew since"
        NOT_WHOLE_FILE "The signature covers a part of the file only"
        MODIFIED_AFTER_SIGNING "Something was added after signing"
        COVERS_REVISION "The signature covers the whole of a revision that is not the last"
        NOTHING_CHANGED "A later revision changes nothing"
        PERMITTED_CHANGES "Later revisions change only what the signer allows"
        CHANGES_UNCLEAR "Nothing forbidden was changed, and something that no program can see to be harmless"
        CHANGES_NOT_COMPARED "What came after signing is beyond the limits, or uses what this program does not read"
        SIGNATURE_REMOVED "A signature that an earlier revision bears is gone"
        OTHER_SIGNATURE_FAILED "Another signature of the document is not valid"
        OTHER_SIGNATURE_OPEN "Another signature of the document could not be decided"
        TIMESTAMP_FAILED "A timestamp is broken, or over something else: it proves nothing, and costs the signature nothing but that proof"
        TIMESTAMP_OPEN "A timestamp cannot be decided, and proves nothing so far"
        TIMESTAMPS_NOT_READ "The signature holds more timestamps than are judged"
        TIMESTAMP_ORDER "A timestamp states a later time than it is known to have existed"
        TIMESTAMP_OTHER_DATA "A timestamp over something else: moved from another signature, or what it is over was changed"
        TIMESTAMP_UNRECOGNISED "Its type and format contradict each other: neither a signature nor a timestamp, and passed over"
        NOT_CERTIFIED "The signature does not forbid changes"
        ALGORITHM_REFUSED "An algorithm that is not supported"
        ALGORITHMS_CONTRADICT "The signature names other algorithms in what is signed than it uses"
        ALGORITHMS_DISAGREE "The digest algorithm named does not go with the signature algorithm"
        WEAK_ALGORITHM "An algorithm that was not believed any more when it was used"
        WEAK_ALGORITHM_NO_PROOF "An algorithm not believed any more; nothing proves that the signature is older"
        SIGNATURE_NOT_DER "The signature is encoded otherwise than PAdES wants"
        SIGNATURE_NOT_DETACHED "The signature carries a copy of what it signs, which its form forbids"
        SIGNATURE_MALFORMED "The signature is damaged"
        DIGEST_MISMATCH "The content was changed after signing"
        TOO_MUCH_SIGNED "The signatures cover more bytes between them than are hashed for one document"
        SIGNING_CERTIFICATE_MISMATCH "The signature names another X.509 certificate than its own"
        SIGNING_CERTIFICATE_NOT_NAMED "The signature names no X.509 certificate, which its form demands"
        SIGNING_CERTIFICATE_NOT_BOUND "The signature names no X.509 certificate, which its form does not demand"
        SEED_VALUES_UNMET "The signature is not what its field demands"
        SEED_VALUES_UNKNOWN "Its field demands something that cannot be judged"
        SIGNATURE_INVALID "The signature does not fit its X.509 certificate"
        NO_SIGNER_CERTIFICATE "The signature came without its X.509 certificate"
        SIGNING_TIME_UNKNOWN "The signature, or token, does not say when it was made"
        CONTENT_NOT_COVERED "What is seen is not all signed: it can be exchanged under the seal"
        COVERED_BY_ANOTHER "What this signature leaves out came later or is covered by another"
        METADATA_NOT_COVERED "What is seen is signed; attachments, tags or extensions are not"
        SMUGGLED_MEMBER "A member that belongs to nothing and that nobody signed (夹带)"
        STRAY_MEMBER "A member that belongs to nothing, signed all the same"
        SIGNED_MEMBER_MISSING "Something that the signature covers, or its seal, is gone"
        DEPLOYED_VARIANT "Written otherwise than its standard has it, in a way that is in use; the message names it"
        PROPERTY_INFO_OTHER "The signature says that it protects another file than its own Signature.xml"
        CRITICAL_EXTENSION "A critical extension of a seal, or of a signature with one, that is not understood"
        SIGNED_IN_THE_FUTURE "Made after the time of verification"
        SIGNED_AFTER_REGISTRATION "Made after the registry entered it"
        SIGNED_AFTER_TIMESTAMP "By the signer's word made later than a timestamp proves; the timestamp counts"
    }
    "The signer" {
        UNKNOWN_ROOT "The signer leads to no trusted root"
        PATH_ALGORITHM "An algorithm in the path that is not supported"
        PATH_WEAK_ALGORITHM "An algorithm in the path that is not believed any more"
        PATH_BROKEN "An X.509 certificate in the path is damaged or wrongly signed"
        PATH_EXTENSION "A critical extension in the path that is not understood"
        PATH_CONSTRAINTS "The path goes beyond what its issuers were allowed"
        SIGNER_WRONG_USAGE "The X.509 certificate may not sign documents"
        ISSUER_WRONG_USAGE "An X.509 certificate in the path may not issue the one below it"
        SIGNER_UNREADABLE "The signer's X.509 certificate is unreadable"
        SIGNER_EXPIRED "Expired now; nothing proves that the signature is older"
        SIGNER_NOT_YET_VALID "Not valid yet"
        SIGNED_BEFORE_CERTIFICATE "Signed before the X.509 certificate began"
        SIGNED_AFTER_CERTIFICATE "Signed after the X.509 certificate expired"
        SIGNER_REVOKED "Signed after the revocation"
        REVOKED_AFTER_SIGNING "Revoked after the time of signing that the signer states"
        SIGNER_REVOKED_SINCE "Revoked now; nothing proves that the signature is older"
        SIGNER_ON_HOLD "On hold by its issuer, who may lift that"
        REVOCATION_UNKNOWN "Whether it was revoked is unknown"
        NO_REVOCATION_LIST "There is no revocation list of the issuer, and no answer about the certificate"
        REVOCATION_UNREAD "A revocation list, or an answer, in the file cannot be read, and may name a certificate as revoked"
        REVOCATION_ISSUER_GONE "The issuer was revoked or has expired, and nothing proves that the revocation list, or answer, is older"
        REVOCATION_LIST_STALE "The revocation list, or answer, is out of date"
        TOO_MUCH_TO_CHECK "The file brings more certificates and revocation data than are looked through for one document"
        REVOCATION_LIST_TOO_LATE "The revocation list, or answer, was made when the certificate had expired, and need not speak of it"
        REVOCATION_LIST_FUTURE "The revocation list, or answer, is dated later than the present"
        REVOCATION_LIST_UNDATED "The revocation list, or answer, does not say when the next one is due"
        REVOCATION_LIST_UNSUPPORTED "The revocation list is of a kind that is not understood"
        REVOCATION_LIST_UNTRUSTED "The revocation list, or answer, is wrongly signed"
        REVOCATION_LIST_WEAK "The revocation list, or answer, is signed by an algorithm that is not believed any more"
        REVOCATION_RESPONDER_UNCHECKED "Whether the OCSP responder was revoked is unknown"
        REVOCATION_UNKNOWN_TO_RESPONDER "The OCSP responder does not know the certificate"
        ISSUER_UNKNOWN "The issuing authority is not named"
        ISSUER_NOT_VOUCHED "The authority behind the signer does not vouch for this department"
    }
    "The e-seal" {
        SEAL_UNKNOWN "No seal is known that this signer may use"
        SEAL_UNREADABLE "The seal in the registry is unreadable"
        SEAL_FORGED "The seal maker's signature does not verify"
        SEAL_MAKER_UNKNOWN "The seal maker leads to no trusted root"
        SEAL_MAKER_WEAK_ALGORITHM "An algorithm in the seal maker's path that is not believed any more"
        SEAL_MAKER_NOT_ENTITLED "The seal maker may not make this seal, or not then"
        SEAL_MAKER_REVOKED "The seal was made after its maker was revoked"
        SEAL_MAKER_REVOCATION_UNKNOWN "Whether the seal maker was revoked is unknown"
        SEAL_OF_ANOTHER_OWNER "The seal is not the issuing authority's"
        SEAL_SIGNER_NOT_PERMITTED "The seal does not permit this signer"
        SEAL_NOT_IN_FORCE "Signed outside the seal's dates"
        SEAL_OUT_OF_FORCE "Signed after the seal was suspended or destroyed"
        SEAL_FILE_DIFFERS "The seal, or its picture, beside the signature is not the one that is signed"
        SEAL_NOT_SIGNED "A seal is shown that is no part of what is signed"
        SEAL_MAKER_GONE_SINCE "The seal maker expired or was revoked after making the seal"
        SEAL_MAKER_IS_SIGNER "The seal was made by one of those who may use it"
        SEAL_TIMESTAMP_FAILED "The timestamp of the seal is broken, or older than the seal"
    }
    "The QR code" {
        QR_UNREADABLE "The QR symbol on the page cannot be decoded"
        TOKEN_UNREADABLE "The QR code's content is damaged or was changed"
        TOKEN_SIGNATURE_INVALID "The QR code's signature does not verify"
        TOKEN_SIGNER_UNKNOWN "Nobody known has the key that the QR code names"
        TOKEN_SIGNER_UNREADABLE "The X.509 certificate of the QR code's signer is unreadable"
        TOKEN_SIGNER_REVOKED "Made after its signer was withdrawn"
        TOKEN_SIGNER_REVOKED_SINCE "Its signer is withdrawn; nothing proves that it is older"
        TOKEN_BEFORE_SIGNER "Made before the signer's X.509 certificate began"
        TOKEN_AFTER_SIGNER "Made after the signer's X.509 certificate expired"
        TOKEN_FROM_THE_FUTURE "Made after the time of verification"
    }
    "The content" {
        CONTENT_DISAGREES "Page, face data, metadata and QR code differ"
        FACE_DATA_MALFORMED "The face data are not well-formed"
        FACE_DATA_NEWER "Face data of a schema unknown to this program"
        NO_FACE_DATA "No face data are attached"
        FACE_TEXT_NOT_FOUND "There is no field on the page to compare"
        FACE_TEXT_INCOMPLETE "Number or holder are not on the page to compare"
        TEXT_DRAWN_OTHERWISE "Text that is drawn otherwise than it is extracted"
        TEXT_UNKNOWN "Embedded fonts do not say what their glyphs are: extracted text cannot be held against them"
        SHOWN_IN_SEVERAL_WAYS "Viewers may show different pages"
        NOT_THE_DOCUMENT_OF_RECORD "The registry has another document under this identifier"
        EXTENDED_DOCUMENT_OF_RECORD "The document of record, with nothing behind it but what the signer allows, such as timestamps"
        NOT_THE_FACE_OF_RECORD "The registry has other face data under this identifier"
    }
    "Force" {
        DATES_UNKNOWN "The validity dates are unknown"
        NOT_YET_IN_FORCE "The first day has not come"
        CERTIFICATE_EXPIRED "The last day has passed"
        CERTIFICATE_SUSPENDED "Suspended"
        CERTIFICATE_REVOKED "Revoked"
        CERTIFICATE_CANCELLED "Cancelled"
        CERTIFICATE_SUPERSEDED "Replaced by a later certificate"
        REGISTRY_NOT_ASKED "The registry was not asked"
        NOT_REGISTERED "The registry knows no such certificate"
    }
    "Trust list and recognition" {
        LIST_STALE "The trust list is out of date"
        LIST_FROM_THE_FUTURE "The trust list is dated in the future"
        AUTHORITY_UNKNOWN "The signature is not proven, so nobody is known to stand behind it"
        AUTHORITY_NOT_LISTED "No authority on the list stands behind the signature"
        AUTHORITY_NOT_LISTED_THEN "The list did not vouch for the authority at signing"
        AUTHORITY_OUT_SINCE "No longer vouched for; nothing proves that the signature is older"
        AUTHORITY_SUSPENDED "The authority was suspended at signing"
        AUTHORITY_WITHDRAWN "The authority was withdrawn at signing"
        ISSUER_REGION_UNKNOWN "The issuer's code names no region"
        TYPE_NOT_GRANTED "The authority may not issue this type"
        GRANT_NOT_IN_EFFECT "The authority might not issue it on that day"
        REGION_NOT_GRANTED "The authority may not issue it in that region"
        TYPE_NOT_ACCEPTED "The type is not accepted here"
        NO_AGREEMENT "No agreement with the issuer's region on this type"
        AGREEMENT_NOT_IN_EFFECT "The agreement is not in effect today"
        STATUS_REQUIRED "The state in its home registry must be known first"
        NOT_GENUINE "Verification failed"
        NOT_DECIDED "Verification is undecided"
        NOT_IN_FORCE "Genuine, but not in force"
        FORCE_UNKNOWN "Whether it is in force is unknown"
        NO_SUBJECT "The input names no certificate"
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::{fmt::Write as _, fs, path::Path};

    use super::*;

    #[test]
    fn the_table_in_the_docs_is_this_one() {
        let mut table = String::from("| code | meaning |\n|---|---|\n");
        for (part, codes) in ALL {
            writeln!(table, "| **{part}** | |").unwrap();
            for (code, meaning) in *codes {
                writeln!(table, "| `{code}` | {meaning} |").unwrap();
            }
        }
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/FORMATS.md");
        let page = fs::read_to_string(page).unwrap();
        let (_, rest) = page.split_once("\n## Reason codes\n").unwrap();
        let found: Vec<&str> = rest
            .lines()
            .skip_while(|line| !line.starts_with('|'))
            .take_while(|line| line.starts_with('|'))
            .collect();
        let wanted: Vec<&str> = table.lines().collect();
        assert_eq!(found, wanted, "the table in docs/FORMATS.md should be:\n{table}");
    }

    #[test]
    fn no_code_stands_twice_or_is_left_unused() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut text = String::new();
        let mut folders = vec![source.join("verify"), source.join("recognise")];
        for room in ["verify.rs", "recognise.rs"] {
            text.push_str(&fs::read_to_string(source.join(room)).unwrap());
        }
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if !path.ends_with("code.rs") {
                    text.push_str(&fs::read_to_string(path).unwrap());
                }
            }
        }
        let used = |code: &str| {
            text.split("code::").skip(1).any(|rest| {
                let end = rest.find(|ch: char| !(ch.is_ascii_uppercase() || ch == '_'));
                &rest[..end.unwrap_or(rest.len())] == code
            })
        };
        let mut seen = std::collections::BTreeSet::new();
        for (code, _) in ALL.iter().flat_map(|(_, codes)| codes.iter()) {
            assert!(seen.insert(code.as_str()), "{code} stands twice");
            assert!(used(code.as_str()), "{code} is used nowhere");
        }
    }
}
