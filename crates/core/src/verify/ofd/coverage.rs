//! What signatures cover of a package, and what they leave open.
//!
//! | left open by all signatures | verdict |
//! |---|---|
//! | something seen, or what says what is seen (OFD.xml, Document.xml) | TOTAL-FAILED: it can be exchanged under the seal |
//! | a member that nobody names, uncovered (夹带) | TOTAL-FAILED: it came after signing, or was kept from the signer |
//! | attachments, tags, extensions, cover | a note; of a certificate INDETERMINATE, whose data they are |
//! | a member that nobody names, covered | a note: the signer knew it |
//! | the list of signatures, each signature's own files | nothing: nobody can cover them |
//!
//! What one signature leaves open and another covers came with the other, or was left to it (联合发文): both are judged, and a
//! broken one breaks the whole.

use crate::{
    document::ofd::{
        CheckedReferences, Class, Coverage, MemberId, OpenedOfd, Reach, ReferenceState, Role, SignatureFile,
        SignatureNumber, Standing,
    },
    remark::visible_start,
    verify::{
        checks::{self, Check},
        code,
        indication::SubIndication,
        report::Finding,
    },
};

use super::facts::is_right;

/// What came of the References of one signature.
#[derive(Debug)]
pub(super) struct References {
    count: usize,
    /// Those that are not right: the path stated, and why.
    faults: Vec<(String, ReferenceState)>,
    /// How many members are named more than once.
    twice: usize,
}

/// What a signature, or all of them, leave open.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// Seen, or saying what is seen.
    seen: Names,
    metadata: Names,
    /// That nobody names: uncovered, and covered.
    smuggled: Names,
    stray: Names,
}

/// Members, of which the first are named: many signatures may leave many open.
#[derive(Debug, Default)]
struct Names {
    first: Vec<String>,
    count: usize,
}

/// Members named in a sentence.
const NAMED: usize = 4;

impl Names {
    fn of<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        let mut found = Self::default();
        for name in names {
            if found.count < NAMED {
                found.first.push(visible_start(name, 120));
            }
            found.count += 1;
        }
        found
    }

    fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The first of them, and how many there are.
    fn phrase(&self, zh: bool) -> String {
        let shown = self.first.join(if zh { "、" } else { ", " });
        match (self.count, zh) {
            (count, _) if count <= NAMED => shown,
            (count, true) => format!("{shown} 等 {count} 个文件"),
            (count, false) => format!("{shown} and {} more", count - NAMED),
        }
    }
}

impl References {
    pub(super) fn of(file: &SignatureFile, checked: &CheckedReferences) -> Self {
        let faults = file.references.iter().zip(&checked.states);
        Self {
            count: file.references.len(),
            faults: faults
                .filter(|(_, state)| !is_right(state))
                .map(|(reference, state)| (reference.file.stated.clone(), state.clone()))
                .collect(),
            twice: checked.twice.len(),
        }
    }

    /// Every digest over the raw bytes of its member.
    pub(super) fn judge(&self, stated: Option<&str>) -> Finding {
        let check = &checks::REFERENCES;
        let of = |wanted: fn(&ReferenceState) -> bool| {
            let faults = self.faults.iter().filter(move |(_, state)| wanted(state));
            Names::of(faults.map(|(name, _)| name.as_str()))
        };
        let changed = of(|state| matches!(state, ReferenceState::Wrong | ReferenceState::Unreadable(_)));
        if !changed.is_empty() {
            return failed(
                check,
                code::DIGEST_MISMATCH,
                SubIndication::HashFailure,
                ("签章后被改动", "changed after signing"),
                &changed,
            );
        }
        let missing = of(|state| *state == ReferenceState::Missing);
        if !missing.is_empty() {
            return failed(
                check,
                code::SIGNED_MEMBER_MISSING,
                SubIndication::HashFailure,
                ("签章后被删除", "removed after signing"),
                &missing,
            );
        }
        let no_digest = of(|state| *state == ReferenceState::NoDigest);
        if !no_digest.is_empty() {
            return failed(
                check,
                code::SIGNATURE_MALFORMED,
                SubIndication::FormatFailure,
                ("没有可读的摘要", "without a digest that can be read"),
                &no_digest,
            );
        }
        if !self.faults.is_empty() {
            let stated = visible_start(stated.unwrap_or_default(), 60);
            return Finding::undecided(
                check,
                code::ALGORITHM_REFUSED,
                SubIndication::CryptoConstraintsFailure,
                format!("摘要算法“{stated}”不受支持"),
                format!("the digest algorithm \"{stated}\" is not known"),
            )
            .hint(
                "请用支持该算法的程序核验",
                "verify with a program that knows the algorithm",
            );
        }
        if self.count == 0 {
            return Finding::failed(
                check,
                code::NOT_WHOLE_FILE,
                SubIndication::FormatFailure,
                "签章不保护任何文件",
                "the signature covers nothing",
            );
        }
        let count = self.count;
        if self.twice > 0 {
            return Finding::passed(
                check,
                format!(
                    "{count} 项摘要均与原文一致，其中 {} 个文件列出不止一次",
                    self.twice
                ),
                format!(
                    "{count} digests, all right; {} members are named more than once",
                    self.twice
                ),
            )
            .coded(code::OFD_DEVIATIONS);
        }
        Finding::passed(
            check,
            format!("{count} 个文件的摘要均与原文一致"),
            format!("{count} members, all with the digest that was signed"),
        )
    }
}

impl Left {
    /// What one signature leaves open.
    pub(super) fn by_one(
        opened: &OpenedOfd<'_>,
        reach: &Reach,
        number: SignatureNumber,
        covered: &std::collections::BTreeSet<MemberId>,
    ) -> Self {
        Self::of(opened, &reach.left_open_by(number, covered))
    }

    /// What all leave open.
    pub(super) fn by_all(
        opened: &OpenedOfd<'_>,
        reach: &Reach,
        covered: &std::collections::BTreeSet<MemberId>,
    ) -> Self {
        Self::of(opened, &reach.left_open_by_all(covered))
    }

    fn of(opened: &OpenedOfd<'_>, coverage: &Coverage) -> Self {
        let name = |member| opened.package().name(member);
        let open = |wanted: &[Class]| {
            let open = coverage.uncovered.iter().filter(|left| {
                // Seals are held against what is signed, see `SealFile`.
                let is_seal = matches!(left.role, Role::Seal | Role::SealImage);
                left.standing == Standing::Open && !is_seal && wanted.contains(&left.role.class())
            });
            Names::of(open.map(|left| name(left.member)))
        };
        let smuggled = |is_covered: bool| {
            let found = coverage.smuggled.iter().filter(|one| one.covered == is_covered);
            Names::of(found.map(|one| name(one.member)))
        };
        Self {
            seen: open(&[Class::Visible, Class::Frame]),
            metadata: open(&[Class::Metadata]),
            smuggled: smuggled(false),
            stray: smuggled(true),
        }
    }

    /// Whether it covers everything that is seen.
    pub(super) fn is_whole(&self) -> bool {
        self.seen.is_empty()
    }

    /// What one signature covers, given what all leave open.
    pub(super) fn judge(&self, together: &Self) -> Finding {
        let check = &checks::COVERAGE;
        if !together.seen.is_empty() {
            return uncovered(&together.seen);
        }
        if self.seen.is_empty() {
            return Finding::passed(
                check,
                "覆盖文档全部可见内容及其结构",
                "everything that is seen, and what says what is seen",
            );
        }
        let (zh, en) = (self.seen.phrase(true), self.seen.phrase(false));
        Finding::passed(
            check,
            format!("不含 {zh}：系其后追加或另由其他签章保护"),
            format!("without {en}, added later or covered by another signature"),
        )
        .coded(code::COVERED_BY_ANOTHER)
    }
}

/// What all signatures of a document leave open.
pub(super) fn judge_together(left: &Left, is_certificate: bool) -> Finding {
    let check = &checks::COVERAGE;
    if !left.seen.is_empty() {
        return uncovered(&left.seen);
    }
    if !left.smuggled.is_empty() {
        let (zh, en) = (left.smuggled.phrase(true), left.smuggled.phrase(false));
        return Finding::failed(
            check,
            code::SMUGGLED_MEMBER,
            SubIndication::SigConstraintsFailure,
            format!("文件中夹带了既不属于文档、也未经签章的内容：{zh}"),
            format!("members that belong to nothing and that nobody signed: {en}"),
        );
    }
    if !left.metadata.is_empty() {
        let (zh, en) = (left.metadata.phrase(true), left.metadata.phrase(false));
        let (zh, en) = (
            format!("可见内容均在签章之内；附属数据未经签章，可被替换，不可采信：{zh}"),
            format!("all that is seen is covered; what goes with it is not, and can be exchanged: {en}"),
        );
        if is_certificate {
            return Finding::undecided(
                check,
                code::METADATA_NOT_COVERED,
                SubIndication::SigConstraintsFailure,
                zh,
                en,
            )
            .hint(
                "请向发证机关核实附属数据",
                "ask the issuing authority about the data that go with it",
            );
        }
        return Finding::passed(check, zh, en).coded(code::METADATA_NOT_COVERED);
    }
    if !left.stray.is_empty() {
        let (zh, en) = (left.stray.phrase(true), left.stray.phrase(false));
        return Finding::passed(
            check,
            format!("全部内容均在签章之内；其中有不属于文档的文件：{zh}"),
            format!("everything is covered; some of it belongs to no document: {en}"),
        )
        .coded(code::STRAY_MEMBER);
    }
    Finding::passed(
        check,
        "全部内容均在签章之内，没有夹带",
        "everything is covered, nothing is smuggled in",
    )
}

fn uncovered(names: &Names) -> Finding {
    let (zh, en) = (names.phrase(true), names.phrase(false));
    Finding::failed(
        &checks::COVERAGE,
        code::CONTENT_NOT_COVERED,
        SubIndication::SigConstraintsFailure,
        format!("签章没有覆盖可见内容：{zh} 可在章下替换"),
        format!("what is seen is not all signed: {en} can be exchanged under the seal"),
    )
}

fn failed(
    check: &'static Check,
    code: code::Code,
    sub: SubIndication,
    (zh, en): (&str, &str),
    names: &Names,
) -> Finding {
    Finding::failed(
        check,
        code,
        sub,
        format!("{}：{zh}", names.phrase(true)),
        format!("{}: {en}", names.phrase(false)),
    )
}
