//! The report as ETSI TS 119 102-2 V1.4.1 writes it, for programs that know no report of ours.
//!
//! Each signature is a `SignatureValidationReport`; timestamps and certificates are validation objects that it refers
//! to. What the standard has no place for (reason codes, sentences, the conclusion about a certificate) stands in
//! `Indications` and `OtherInformation`, in a namespace of ours.

use std::{collections::BTreeSet, fmt::Write as _};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use jiff::Timestamp;

use super::{
    checks,
    indication::{Indication, SubIndication},
    markup::Markup,
    report::{Finding, Input, Outcome, ProvenBy, Report, SignedBy},
    signatures::{ReportedKind, SignatureReport, TimestampReport},
    text::Language,
};

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
<ValidationReport xmlns=\"http://uri.etsi.org/19102/v1.4.1#\" xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" \
xmlns:certseal=\"urn:certseal:report:1\">\n";

const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";

/// A verdict: what the standard calls a validation status.
type Status = (Indication, Option<SubIndication>);

impl Report {
    /// The report in XML. One about something without signatures has one entry, for the whole.
    pub fn to_etsi_xml(&self) -> String {
        let mut xml = Markup::with_capacity(16 << 10);
        xml.raw(HEAD);
        let all = || self.signatures.iter().enumerate();
        let is_stamp = |signature: &SignatureReport| signature.kind == ReportedKind::DocumentTimestamp;
        let only_stamps = self.signatures.iter().all(is_stamp);
        let (reported, stamps): (Vec<_>, Vec<_>) =
            all().partition(|(_, signature)| only_stamps || !is_stamp(signature));
        if self.signatures.is_empty() {
            xml.element("SignatureValidationReport", |xml| {
                xml.element("ValidationConstraintsEvaluationReport", |xml| {
                    constraints(xml, &self.findings);
                });
                self.times(xml, None);
                xml.element("SignatureValidationStatus", |xml| {
                    status(xml, (self.indication, self.sub_indication), true);
                });
                self.whole(xml, None);
            });
        }
        for (index, signature) in &reported {
            xml.element("SignatureValidationReport", |xml| {
                self.signature(xml, *index, signature, true);
            });
        }
        self.objects(&mut xml, &stamps);
        xml.raw("</ValidationReport>\n");
        xml.done()
    }

    /// What signatures refer to: timestamps with reports of their own, and certificates by their digests.
    fn objects(&self, xml: &mut Markup, stamps: &[(usize, &SignatureReport)]) {
        let certificates = self.certificates();
        // A list of objects that holds none is not allowed; who stamps has a certificate, but where it cannot be read.
        let has_stamps = self
            .signatures
            .iter()
            .any(|signature| !signature.timestamps.is_empty());
        if certificates.is_empty() && stamps.is_empty() && !has_stamps {
            return;
        }
        xml.element("SignatureValidationObjects", |xml| {
            for (index, signature) in stamps {
                object(xml, &stamp_id(*index, None), "timestamp", |xml| {
                    xml.element("ValidationObjectRepresentation", |xml| {
                        xml.leaf("direct", &signature.fields.join(" "));
                    });
                    xml.element("ValidationReport", |xml| {
                        self.signature(xml, *index, signature, false);
                    });
                });
            }
            for (index, signature) in self.signatures.iter().enumerate() {
                for (place, stamp) in signature.timestamps.iter().enumerate() {
                    self.timestamp(xml, &stamp_id(index, Some(place)), stamp);
                }
            }
            for fingerprint in certificates {
                object(xml, &certificate_id(&fingerprint), "certificate", |xml| {
                    xml.element("ValidationObjectRepresentation", |xml| {
                        xml.element("DigestAlgAndValue", |xml| digest(xml, &fingerprint));
                    });
                });
            }
        });
    }

    /// What is said of the whole file and speaks for and against a signature in it: what is said of a certificate, of the
    /// signature that makes it one; of any other, how the file is built and what was taken out of it.
    fn about(&self, signature: &SignatureReport) -> impl Iterator<Item = &Finding> + Clone {
        let is_certificate = self.input == Input::Document;
        let (is_main, of_file) = (is_certificate && signature.main, checks::STRUCTURE.name);
        self.findings.iter().filter(move |finding| {
            is_main
                || finding.check == of_file
                || !is_certificate && finding.check == checks::OTHER_SIGNATURES.name
        })
    }

    /// One signature, or document timestamp: by itself, or as what another refers to.
    fn signature(&self, xml: &mut Markup, index: usize, signature: &SignatureReport, by_itself: bool) {
        let with = |outcome| {
            self.about(signature)
                .find(move |finding| finding.outcome == outcome)
        };
        let own = (signature.indication, signature.sub_indication);
        let failed = with(Outcome::Failed).map(|by| (Indication::TotalFailed, by.sub_indication));
        let undecided = with(Outcome::Undecided).map(|by| (Indication::Indeterminate, by.sub_indication));
        let verdict = match signature.indication {
            Indication::TotalFailed => own,
            Indication::Indeterminate => failed.unwrap_or(own),
            Indication::TotalPassed => failed.or(undecided).unwrap_or(own),
        };
        xml.raw(&format!("<SignatureIdentifier id=\"S-{}\">\n", index + 1));
        xml.leaf("HashOnly", "false");
        xml.leaf("DocHashOnly", "false");
        xml.leaf("DAIdentifier", &signature.fields.join(" "));
        xml.raw("</SignatureIdentifier>\n");
        xml.element("ValidationConstraintsEvaluationReport", |xml| {
            constraints(xml, &signature.findings);
            constraints(xml, self.about(signature));
        });
        self.times(xml, signature.signed_by.as_ref());
        attributes(xml, index, signature);
        signer(xml, signature.signed_by.as_ref());
        process(xml);
        xml.element("SignatureValidationStatus", |xml| {
            status(xml, verdict, by_itself);
            chain(xml, signature.signed_by.as_ref());
        });
        self.whole(xml, Some(signature));
    }

    /// A timestamp over a signature.
    fn timestamp(&self, xml: &mut Markup, id: &str, stamp: &TimestampReport) {
        object(xml, id, "timestamp", |xml| {
            xml.element("ValidationObjectRepresentation", |xml| {
                xml.leaf("direct", "signature-time-stamp");
            });
            xml.element("ValidationReport", |xml| {
                xml.element("ValidationConstraintsEvaluationReport", |xml| {
                    constraints(xml, &stamp.findings);
                });
                self.times(xml, stamp.signed_by.as_ref());
                signer(xml, stamp.signed_by.as_ref());
                process(xml);
                xml.element("SignatureValidationStatus", |xml| {
                    status(xml, (stamp.indication, stamp.sub_indication), false);
                    chain(xml, stamp.signed_by.as_ref());
                });
            });
        });
    }

    /// When it was validated, and the best signature time: the earliest that is proven, otherwise the present.
    fn times(&self, xml: &mut Markup, by: Option<&SignedBy>) {
        let proven = by.and_then(|by| by.proven_at);
        let from_elsewhere = by.is_some_and(|by| by.proven_by == Some(ProvenBy::Registry));
        xml.element("ValidationTimeInfo", |xml| {
            xml.leaf("ValidationTime", &self.verified_at.to_string());
            xml.element("BestSignatureTime", |xml| {
                xml.leaf("POETime", &proven.unwrap_or(self.verified_at).to_string());
                let kind = if from_elsewhere { "provided" } else { "validation" };
                xml.leaf("TypeOfProof", &format!("urn:etsi:019102:poetype:{kind}"));
            });
        });
    }

    /// Which file it is about, and what we conclude of it.
    fn whole(&self, xml: &mut Markup, signature: Option<&SignatureReport>) {
        xml.element("OtherInformation", |xml| {
            xml.element("certseal:Document", |xml| {
                if let Some(sha256) = &self.document_digest {
                    digest(xml, sha256);
                }
                xml.leaf("certseal:Indication", self.indication.as_str());
                if let Some(reason) = self.reason {
                    xml.leaf("certseal:Reason", reason);
                }
                xml.language("certseal:Headline", "zh", &self.headline(Language::Chinese));
                xml.language("certseal:Headline", "en", &self.headline(Language::English));
            });
            let Some(signature) = signature else { return };
            xml.element("certseal:Signature", |xml| {
                if let Some(level) = signature.level {
                    xml.leaf("certseal:Level", level.as_str());
                }
                if let Some(reason) = signature.reason {
                    xml.leaf("certseal:Reason", reason);
                }
                xml.language("certseal:Headline", "zh", &signature.headline(Language::Chinese));
                xml.language("certseal:Headline", "en", &signature.headline(Language::English));
            });
        });
    }

    /// SHA-256 of every certificate that the report names.
    fn certificates(&self) -> BTreeSet<[u8; 32]> {
        let stamps = self.signatures.iter().flat_map(|signature| &signature.timestamps);
        let signers = self.signatures.iter().map(|signature| &signature.signed_by);
        signers
            .chain(stamps.map(|stamp| &stamp.signed_by))
            .flatten()
            .flat_map(|by| [Some(by.fingerprint), by.anchor])
            .flatten()
            .collect()
    }
}

/// What the signature says of itself, and the timestamps over it (annex A).
fn attributes(xml: &mut Markup, index: usize, signature: &SignatureReport) {
    let claimed = signature.signed_by.as_ref().and_then(|by| by.signed_at);
    let stamps: Vec<(String, Timestamp)> = signature
        .timestamps
        .iter()
        .enumerate()
        .filter_map(|(place, stamp)| {
            Some((stamp_id(index, Some(place)), stamp.signed_by.as_ref()?.signed_at?))
        })
        .collect();
    if claimed.is_none() && stamps.is_empty() && signature.sub_filter().is_none() {
        return;
    }
    xml.element("SignatureAttributes", |xml| {
        if let Some(claimed) = claimed {
            xml.raw("<SigningTime Signed=\"true\">\n");
            xml.leaf("Time", &claimed.to_string());
            xml.raw("</SigningTime>\n");
        }
        for (id, at) in stamps {
            xml.raw("<SignatureTimeStamp Signed=\"false\">\n");
            reference(xml, "AttributeObject", &id);
            xml.leaf("TimeStampValue", &at.to_string());
            xml.raw("</SignatureTimeStamp>\n");
        }
        if let Some(format) = signature.sub_filter() {
            xml.raw("<SubFilter Signed=\"true\">\n");
            xml.leaf("SubFilterElement", format);
            xml.raw("</SubFilter>\n");
        }
    });
}

fn signer(xml: &mut Markup, by: Option<&SignedBy>) {
    let Some(by) = by else { return };
    xml.element("SignerInformation", |xml| {
        reference(xml, "SignerCertificate", &certificate_id(&by.fingerprint));
        xml.leaf("Signer", &by.name);
    });
}

/// Every signature is validated with all that proves its past (EN 319 102-1 §5.6).
fn process(xml: &mut Markup) {
    xml.element("SignatureValidationProcess", |xml| {
        xml.leaf(
            "SignatureValidationProcessID",
            "urn:etsi:019102:validationprocess:LTA",
        );
    });
}

/// The certificate and, where a path was found, the anchor it ends in.
fn chain(xml: &mut Markup, by: Option<&SignedBy>) {
    let Some(by) = by else { return };
    xml.element("AssociatedValidationReportData", |xml| {
        let anchor = by.anchor.as_ref().map(certificate_id);
        if let Some(anchor) = &anchor {
            reference(xml, "TrustAnchor", anchor);
        }
        xml.element("CertificateChain", |xml| {
            reference(xml, "SigningCertificate", &certificate_id(&by.fingerprint));
            if let Some(anchor) = &anchor {
                reference(xml, "TrustAnchor", anchor);
            }
        });
    });
}

/// Each check as an individual constraint (§4.3.5.4).
fn constraints<'a>(xml: &mut Markup, findings: impl IntoIterator<Item = &'a Finding>) {
    for finding in findings {
        xml.element("ValidationConstraint", |xml| {
            xml.leaf(
                "ValidationConstraintIdentifier",
                &format!("urn:certseal:check:{}", finding.check),
            );
            let indication = match finding.outcome {
                Outcome::Passed => Some(Indication::TotalPassed),
                Outcome::Failed => Some(Indication::TotalFailed),
                Outcome::Undecided => Some(Indication::Indeterminate),
                Outcome::NotApplicable => None,
            };
            let applied = if indication.is_some() {
                "applied"
            } else {
                "disabled"
            };
            xml.element("ConstraintStatus", |xml| {
                xml.leaf("Status", &format!("urn:etsi:019102:constraintStatus:{applied}"));
            });
            if let Some(indication) = indication {
                xml.element("ValidationStatus", |xml| {
                    status(xml, (indication, finding.sub_indication), false);
                });
            }
            xml.element("Indications", |xml| {
                xml.leaf("certseal:Code", finding.code);
                xml.language("certseal:Message", "zh", &finding.message);
                xml.language("certseal:Message", "en", &finding.message_en);
            });
        });
    }
}

/// Main and sub-indication (§4.3.4). Only a signature as a whole is totally passed or failed.
fn status(xml: &mut Markup, (indication, sub): Status, total: bool) {
    let word = match (indication, total) {
        (Indication::TotalPassed, true) => "total-passed",
        (Indication::TotalPassed, false) => "passed",
        (Indication::TotalFailed, true) => "total-failed",
        (Indication::TotalFailed, false) => "failed",
        (Indication::Indeterminate, _) => "indeterminate",
    };
    xml.leaf(
        "MainIndication",
        &format!("urn:etsi:019102:mainindication:{word}"),
    );
    if let Some(sub) = sub {
        xml.leaf(
            "SubIndication",
            &format!("urn:etsi:019102:subindication:{}", sub.as_str()),
        );
    }
}

fn object(xml: &mut Markup, id: &str, kind: &str, within: impl FnOnce(&mut Markup)) {
    xml.raw(&format!("<ValidationObject id=\"{id}\">\n"));
    xml.leaf("ObjectType", &format!("urn:etsi:019102:validationObject:{kind}"));
    within(xml);
    xml.raw("</ValidationObject>\n");
}

fn reference(xml: &mut Markup, name: &str, id: &str) {
    xml.raw(&format!("<{name} VOReference=\"{id}\"></{name}>\n"));
}

fn digest(xml: &mut Markup, sha256: &[u8; 32]) {
    xml.raw(&format!(
        "<ds:DigestMethod Algorithm=\"{SHA256}\"></ds:DigestMethod>\n"
    ));
    xml.leaf("ds:DigestValue", &BASE64.encode(sha256));
}

fn certificate_id(fingerprint: &[u8; 32]) -> String {
    format!("C-{}", hex::encode(fingerprint))
}

/// A document timestamp by its place among the signatures, or one in a signature by that and its place in it.
fn stamp_id(signature: usize, place: Option<usize>) -> String {
    let mut id = format!("T-{}", signature + 1);
    if let Some(place) = place {
        let _ = write!(id, "-{}", place + 1);
    }
    id
}
