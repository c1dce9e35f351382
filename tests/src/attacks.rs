//! Attack files of our own making, and harmless ones that look like them: the same bytes in every run, each
//! with the published attack it follows, what a reader sees, and the reason that a verifier must give.
//!
//! ```text
//!  Kind (key, layout, rights) ──▶ Victim: a signed loan agreement ──▶ Attack ──▶ Case: the file
//! ```
//!
//! Keys and certificates are those of `pki`; `docs/VERIFICATION.md` has the table that `certseal-attacks`
//! makes of them.

mod content;
mod fields;
mod filling;
mod harmless;
pub mod judges;
mod landmarks;
mod looks;
mod own;
mod pdf;
mod pki;
mod plain;
mod same;
mod signed;
mod stamps;
mod streams;
mod syntax;
pub mod table;
mod tail;
mod values;
mod victim;
mod words;
mod work;

use std::collections::BTreeMap;

use certseal_core::verify::{Finding, Indication, Options, Outcome, Report, TrustMaterial, Verifier};
use jiff::Timestamp;

pub use self::own::attacks_on;
use self::{
    pdf::{Layout, Pdf},
    pki::{Cms, Identity, Pki},
    victim::{Kind, Rights, Victim},
};

/// When all files are verified.
const NOW: &str = "2026-06-01T00:00:00Z";

/// The reason that stands for a file that bears no signature: it claims nothing, and is not believed.
const UNSIGNED: &str = "NOT_SIGNED";

type Bytes = fn(&Victim<'_>) -> Vec<u8>;
type Objects = fn(&Victim<'_>) -> Vec<(u32, String)>;
/// What is changed in a document before it is signed.
type Prepared = fn(&Pdf) -> Vec<(u32, String)>;
type Signing = fn(&Pki, &Identity, &[u8]) -> Cms;

/// What the attacker does.
#[derive(Debug, Clone, Copy)]
enum Deed {
    /// Changes the bytes.
    Bytes(Bytes),
    /// Appends a revision.
    Objects(Objects),
    /// Signs otherwise.
    Signing(Signing),
}

/// One attack, on documents of several kinds.
#[derive(Debug, Clone)]
struct Attack {
    class: &'static str,
    published: &'static str,
    name: &'static str,
    seen: &'static str,
    expected: Expected,
    kinds: Vec<Kind>,
    deed: Deed,
    prepared: Prepared,
}

/// What a verifier must say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// TOTAL-FAILED for this reason; and this change is among those reported, where one is named.
    Failed {
        /// The reason code.
        code: &'static str,
        /// The code of the change; empty where there is none to name.
        change: &'static str,
    },
    /// INDETERMINATE for this reason: nobody can decide it.
    Open {
        /// The reason code.
        code: &'static str,
    },
    /// Anything but TOTAL-FAILED.
    NotFailed,
}

impl Attack {
    fn with(
        class: &'static str,
        published: &'static str,
        name: &'static str,
        seen: &'static str,
        code: &'static str,
        deed: Deed,
    ) -> Attack {
        Attack {
            class,
            published,
            name,
            seen,
            expected: Expected::Failed { code, change: "" },
            kinds: Vec::new(),
            deed,
            prepared: |_| Vec::new(),
        }
    }

    fn new(
        class: &'static str,
        published: &'static str,
        name: &'static str,
        seen: &'static str,
        code: &'static str,
        make: Bytes,
    ) -> Attack {
        Attack::with(class, published, name, seen, code, Deed::Bytes(make))
    }

    fn by_update(
        class: &'static str,
        published: &'static str,
        name: &'static str,
        seen: &'static str,
        make: Objects,
    ) -> Attack {
        Attack::with(
            class,
            published,
            name,
            seen,
            "MODIFIED_AFTER_SIGNING",
            Deed::Objects(make),
        )
    }

    fn by_signature(
        class: &'static str,
        published: &'static str,
        name: &'static str,
        seen: &'static str,
        code: &'static str,
        make: Signing,
    ) -> Attack {
        Attack::with(class, published, name, seen, code, Deed::Signing(make))
    }

    fn code(mut self, code: &'static str) -> Attack {
        self.expected = Expected::Failed { code, change: "" };
        self
    }

    fn change(mut self, wanted: &'static str) -> Attack {
        if let Expected::Failed { change, .. } = &mut self.expected {
            *change = wanted;
        }
        self
    }

    fn undecided(mut self) -> Attack {
        if let Expected::Failed { code, .. } = self.expected {
            self.expected = Expected::Open { code };
        }
        self
    }

    fn harmless(mut self) -> Attack {
        self.expected = Expected::NotFailed;
        self
    }

    fn on(mut self, names: &[&str]) -> Attack {
        self.kinds = kinds(names);
        self
    }

    fn prepared(mut self, objects: Prepared) -> Attack {
        self.prepared = objects;
        self
    }

    fn case(&self, kind: Kind, pki: &Pki) -> Case {
        let sound = |signer: &Identity, covered: &[u8]| Cms::new(signer, pki, covered).der();
        let bytes = match self.deed {
            Deed::Bytes(make) => make(&Victim::prepared(kind, pki, self.prepared, sound)),
            Deed::Objects(make) => {
                let victim = Victim::prepared(kind, pki, self.prepared, sound);
                victim.updated(&make(&victim))
            }
            Deed::Signing(make) => {
                let victim = Victim::signed_by(kind, pki, |signer, covered| make(pki, signer, covered).der());
                victim.pdf.bytes
            }
        };
        Case {
            name: format!("{}-{}", self.name, kind.name()),
            class: self.class,
            published: self.published,
            seen: self.seen,
            expected: self.expected,
            bytes,
        }
    }
}

/// Kinds of documents by their names.
fn kinds(names: &[&str]) -> Vec<Kind> {
    let layouts = [Layout::Table, Layout::Stream, Layout::Packed];
    let rights = [
        Rights::Unstated,
        Rights::Certified(1),
        Rights::Certified(2),
        Rights::Certified(3),
        Rights::FieldLocked,
        Rights::AllLocked,
    ];
    let mut all = BTreeMap::new();
    for layout in layouts {
        for rights in rights {
            for is_rsa in [false, true] {
                let kind = Kind {
                    is_rsa,
                    layout,
                    rights,
                };
                all.insert(kind.name(), kind);
            }
        }
    }
    let find = |name: &&str| {
        *all.get(*name)
            .unwrap_or_else(|| panic!("no kind of document is {name}"))
    };
    names.iter().map(find).collect()
}

/// One file.
#[derive(Debug, Clone)]
pub struct Case {
    /// Unique, and a file name without its ending.
    pub name: String,
    /// Class of attacks.
    pub class: &'static str,
    /// Which published attack it follows.
    pub published: &'static str,
    /// What a reader sees.
    pub seen: &'static str,
    /// What a verifier must say.
    pub expected: Expected,
    /// The file.
    pub bytes: Vec<u8>,
}

impl Case {
    /// The attack, and the kind of document that it is on.
    pub(crate) fn halves(&self) -> (&str, &str) {
        let starts = ["-p256-", "-rsa-", "-own-certificate"];
        let at = starts.iter().find_map(|start| self.name.find(start));
        at.map_or((&self.name, ""), |at| (&self.name[..at], &self.name[at + 1..]))
    }

    /// Whether it is no attack.
    pub fn is_harmless(&self) -> bool {
        self.expected == Expected::NotFailed
    }

    /// Why a report is not the expected one; none where it is.
    pub fn fault(&self, report: &Report) -> Option<String> {
        let changes: Vec<&str> = report
            .signatures
            .iter()
            .flat_map(|signature| signature.changes.iter().map(|change| change.code))
            .collect();
        // What is said of the whole, or of one of its signatures.
        let of_signatures = report.signatures.iter();
        let reasons: Vec<&str> = of_signatures
            .filter_map(|signature| signature.reason)
            .chain(report.reason)
            .collect();
        let is_open = |finding: &Finding| finding.outcome == Outcome::Undecided;
        let in_signatures = report.signatures.iter().flat_map(|signature| &signature.findings);
        let open: Vec<&str> = in_signatures
            .chain(&report.findings)
            .filter(|finding| is_open(finding))
            .map(|finding| finding.code)
            .collect();
        let is_expected = match self.expected {
            Expected::Failed { code: UNSIGNED, .. } => {
                report.indication != Indication::TotalPassed && report.reason == Some(UNSIGNED)
            }
            Expected::Failed { code, change } => {
                report.indication == Indication::TotalFailed
                    && reasons.contains(&code)
                    && (change.is_empty() || changes.contains(&change))
            }
            Expected::Open { code } => report.indication == Indication::Indeterminate && open.contains(&code),
            Expected::NotFailed => report.indication != Indication::TotalFailed,
        };
        (!is_expected).then(|| {
            format!(
                "{}: {} {reasons:?} {open:?} {changes:?}, expected {:?}",
                self.name,
                report.indication.as_str(),
                self.expected
            )
        })
    }
}

/// All files over strangers' documents, attacks before harmless ones.
pub fn all() -> Vec<Case> {
    let pki = Pki::new();
    let attacks = [
        syntax::all(),
        tail::all(),
        words::all(),
        streams::all(),
        content::all(),
        fields::all(),
        filling::all(),
        looks::all(),
        plain::all(),
        values::all(),
        same::all(),
        work::all(),
        signed::all(),
        landmarks::all(),
        stamps::all(),
        harmless::all(),
    ];
    let cases = attacks.iter().flatten().flat_map(|attack| {
        let pki = &pki;
        attack.kinds.iter().map(move |kind| attack.case(*kind, pki))
    });
    cases.collect()
}

/// The document that they attack, unsigned, in each layout.
pub fn unsigned() -> Vec<(&'static str, Vec<u8>)> {
    victim::unsigned()
}

/// The root of those who signed the strangers' documents.
pub fn root() -> Vec<u8> {
    Pki::new().root.certificate
}

/// A verifier that trusts that root alone.
///
/// # Panics
/// When the root is none.
pub fn verifier() -> Verifier {
    Verifier::new(TrustMaterial {
        anchors: vec![root()],
        ..TrustMaterial::default()
    })
    .expect("the root is a certificate")
}

/// The time of verification.
///
/// # Panics
/// Never: the time is one.
pub fn options() -> Options {
    Options {
        now: NOW.parse::<Timestamp>().expect("a time"),
    }
}
